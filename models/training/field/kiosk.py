"""The kiosk's dictionary of the normal, as a method beside others: its own code, on single pictures.

What differs from a cabin: each picture is a unit of its own (there a unit is a visit or a minute), one look
is the answer (there a place must be unlike over three looks on end), and nobody stands before anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import cv2
import numpy as np

from edge.vision.scene.dictionary import Dictionary, Search, joined
from edge.vision.scene.normal import shrunk, unlikeness
from edge.vision.scene.normal_learning import MOST_VECTOR_BYTES, spread_of
from edge.vision.scene.patches import HEIGHT, WIDTH
from models.training.field.bank import Embed, Floats, Grey

_LIGHT: Final = 0.2
"""How much light is put in: the spread of the logarithm of the factors."""


def any_light(random: np.random.Generator) -> Floats:
    """A smooth field of factors for a picture as the network sees it: a lamp, the sun, a shade, somewhere."""
    coarse = random.normal(0.0, _LIGHT, (3, 4)).astype(np.float32)
    smooth = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.exp(smooth).astype(np.float32)


def in_light(picture: Grey, gain: Floats) -> Grey:
    """The picture in that light."""
    return np.clip(picture.astype(np.float32) * gain, 0.0, 255.0).astype(np.uint8)


class KioskDictionary:
    """Two halves, each place's usual distance from the half that did not see it, then both joined.

    `lit`: every picture is also learnt in another light; tried for the cabin and dropped there.
    """

    def __init__(self, embed: Embed, lit: bool = True) -> None:
        self._embed = embed
        self._lit = lit
        self._search: Search | None = None
        self.usual: Floats = np.empty((0, 0), np.float32)
        """Rows x columns."""
        self.size_bytes = 0

    def learn(self, pictures: Sequence[Grey]) -> None:
        """Needs two pictures or more."""
        units = list(self._units(pictures))
        rows, columns, channels = units[0][0].shape
        most = MOST_VECTOR_BYTES // (2 * (channels + 2))
        halves = (Dictionary(rows, columns, most), Dictionary(rows, columns, most))
        nobody = np.zeros((rows, columns), np.bool_)
        for number, unit in enumerate(units):
            for look in unit:
                halves[number % 2].add(look, nobody)
        entries = [half.entries() for half in halves]
        away = [Search(one, rows, columns) for one in entries]
        usual = [
            spread_of(np.stack([away[1 - half].distances(look) for unit in units[half::2] for look in unit]))
            for half in (0, 1)
        ]
        both = joined(*entries)
        self._search = Search(both, rows, columns)
        self.usual = np.maximum(*usual)
        self.size_bytes = both.size_bytes + self.usual.nbytes

    def _units(self, pictures: Sequence[Grey]) -> Iterator[list[Floats]]:
        """The looks of each picture."""
        random = np.random.default_rng(0)
        for picture in pictures:
            unit = [self._embed(picture)]
            if self._lit:
                unit.append(self._embed(in_light(shrunk(picture), any_light(random))))
            yield unit

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
