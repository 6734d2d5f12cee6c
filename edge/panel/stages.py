"""The chain of filters on the live picture, for the page: a contact sheet and what its small network says.

What sees is imported with the first picture: a page without the chain needs neither OpenCV nor a network.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge.faults.fault import FaultError
from edge.pictures.ring import RingPicture
from edge.settings.places import model_dir
from edge.settings.schema import Settings
from edge.terms.observation import Box

if TYPE_CHECKING:
    from edge.vision.chain_net import ChainNet

_KEPT: Final = 8
"""Sheets of the newest pictures: a browser asks for one a moment after the page named it."""

_JPEG: Final = 80


@dataclass(frozen=True, slots=True)
class Shown:
    """Level of the threshold, each face's chance of *covered*, and the sheet with its size in pixels.

    `fault` says why there are no chances, where the network may not run.
    """

    level: float
    covered: tuple[float, ...]
    jpeg: bytes
    size: tuple[int, int]
    fault: FaultError | None


class Stager:
    """Makes the sheet of each picture once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, int], Shown] = OrderedDict()
        self._net: ChainNet | None = None
        self._fault: FaultError | None = None

    def shown(
        self, camera: str, picture: RingPicture, boxes: Sequence[Box], size: tuple[int, int]
    ) -> Shown | None:
        """The stages of a picture, None where it is none; `boxes` are its faces, in pixels of `size`."""
        with self._lock:
            key = (camera, picture.number)
            if key not in self._made:
                made = self._make(picture.jpeg, boxes, size)
                if made is None:
                    return None
                self._made[key] = made
                while len(self._made) > _KEPT:
                    self._made.popitem(last=False)
            return self._made[key]

    def sheet(self, camera: str, number: int) -> bytes | None:
        """The sheet of a picture, as JPEG, while it is kept."""
        with self._lock:
            made = self._made.get((camera, number))
        return None if made is None else made.jpeg

    def _make(self, jpeg: bytes, boxes: Sequence[Box], size: tuple[int, int]) -> Shown | None:
        import cv2
        import numpy as np

        from edge.pictures.contact import Tile, contact_sheet
        from edge.vision.chain import stages_of, titles

        picture: object = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        if not isinstance(picture, np.ndarray):
            return None
        stages = stages_of(picture, self._settings.vision)
        net = self._opened()
        height, width = stages.grey.shape
        across, down = width / size[0], height / size[1]
        scaled = [(x * across, y * down, w * across, h * down) for x, y, w, h in boxes]
        covered = () if net is None else tuple(net.covered(stages.grey, box) for box in scaled)
        sheet = contact_sheet([Tile(title, drawn) for title, drawn in titles(stages)])
        coded = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, _JPEG])[1].tobytes()
        return Shown(stages.level, covered, coded, (sheet.shape[1], sheet.shape[0]), self._fault)

    def _opened(self) -> ChainNet | None:
        """The network, opened once; a fault is kept and told with every picture."""
        if self._net is None and self._fault is None:
            from edge.vision.chain_net import ChainNet

            try:
                self._net = ChainNet(model_dir(self._settings))
            except FaultError as fault:
                self._fault = FaultError(fault.code, fault.detail)
        return self._net
