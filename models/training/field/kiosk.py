"""The kiosk's dictionary of the normal, as a method beside others: its own code, on single pictures.

What differs from a cabin: each picture is a unit of its own (there a unit is a visit or a minute), one look
is the answer (there a place must be unlike over three looks on end), and nobody stands before anything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.vision.scene.dictionary import Dictionary, Search, joined
from edge.vision.scene.normal import unlikeness
from edge.vision.scene.normal_learning import MOST_VECTOR_BYTES, spread_of
from models.training.field.bank import Embed, Floats, Grey


class KioskDictionary:
    """Two halves, each place's usual distance from the half that did not see it, then both joined.

    `most_bytes` of vectors are kept.
    """

    def __init__(self, embed: Embed, most_bytes: int = MOST_VECTOR_BYTES) -> None:
        self._embed = embed
        self._most_bytes = most_bytes
        self._search: Search | None = None
        self.usual: Floats = np.empty((0, 0), np.float32)
        """Rows x columns."""
        self.size_bytes = 0

    def learn(self, pictures: Sequence[Grey]) -> None:
        """Needs two pictures or more."""
        looks = [self._embed(picture) for picture in pictures]
        rows, columns, channels = looks[0].shape
        most = self._most_bytes // (2 * (channels + 2))
        halves = (Dictionary(rows, columns, most), Dictionary(rows, columns, most))
        nobody = np.zeros((rows, columns), np.bool_)
        for number, look in enumerate(looks):
            halves[number % 2].add(look, nobody)
        entries = [half.entries() for half in halves]
        away = [Search(one, rows, columns) for one in entries]
        usual = [
            spread_of(np.stack([away[1 - half].distances(look) for look in looks[half::2]]))
            for half in (0, 1)
        ]
        both = joined(*entries)
        self._search = Search(both, rows, columns)
        self.usual = np.maximum(*usual)
        self.size_bytes = both.size_bytes + self.usual.nbytes

    def distances(self, picture: Grey) -> Floats:
        """How far each place is from all that was seen around it. RuntimeError where nothing was learnt."""
        if self._search is None:
            raise RuntimeError("nothing was learnt")
        return self._search.distances(self._embed(picture))

    def look(self, picture: Grey) -> tuple[float, Floats]:
        """The most unlike place's score, and every place's. RuntimeError where nothing was learnt."""
        heat = heat_of(self.distances(picture), self.usual)
        return float(heat.max()), heat


def heat_of(distances: Floats, usual: Floats) -> Floats:
    """Distances in usual ones of the place, as the kiosk has them where nobody is."""
    return unlikeness(distances, usual, np.zeros(distances.shape, np.bool_))
