"""The kiosk's dictionary of the normal, as a method beside others: its own code, on single pictures.

What differs from a cabin: each picture is a unit of its own (there a unit is a visit or a minute), and one
look is the answer (there a place must be unlike over three looks on end).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from edge.vision.scene.dictionary import Dictionary, Search, joined
from edge.vision.scene.normal import unlikeness
from edge.vision.scene.normal_learning import MOST_VECTOR_BYTES, spread_of

from models.training.field.bank import Embed, Floats, Grey


class KioskDictionary:
    """Two halves, each place's usual spread from the half that did not see the picture, then both joined."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._search: Search | None = None
        self._spread: Floats = np.empty((0, 0), np.float32)
        self.size_bytes = 0

    def learn(self, pictures: Sequence[Grey]) -> None:
        """Needs two pictures or more."""
        looks = [self._embed(picture) for picture in pictures]
        rows, columns, channels = looks[0].shape
        most = MOST_VECTOR_BYTES // (2 * (channels + 2))
        halves = (Dictionary(rows, columns, most), Dictionary(rows, columns, most))
        for number, look in enumerate(looks):
            halves[number % 2].add(look)
        entries = [half.entries() for half in halves]
        away = [Search(one, rows, columns) for one in entries]
        spreads = [
            spread_of(np.stack([away[1 - half].distances(look) for look in looks[half::2]]))
            for half in (0, 1)
        ]
        both = joined(*entries)
        self._search = Search(both, rows, columns)
        self._spread = np.maximum(*spreads)
        self.size_bytes = both.size_bytes + self._spread.nbytes

    def look(self, picture: Grey) -> tuple[float, Floats]:
        """The most unlike place's score, and every place's. RuntimeError where nothing was learnt."""
        if self._search is None:
            raise RuntimeError("nothing was learnt")
        heat = unlikeness(self._search.distances(self._embed(picture)), self._spread)
        return float(heat.max()), heat
