"""Makes sheets of the chain of filters for the page, one for each picture that comes in; its own process.

It ends when its input is closed, or when nothing came in for a while.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np

from edge.faults.fault import FaultError
from edge.panel.sheets import Opening, Shown, Wanted, receive, send
from edge.pictures.contact import Tile, contact_sheet
from edge.terms.chain import ChainSettings
from edge.vision.chain import stages_of, titles
from edge.vision.chain_net import ChainNet

IDLE_S: Final = 30.0
_JPEG: Final = 80


class Maker:
    """Makes sheets; opens the small network once. A network that may not run is named with every sheet."""

    def __init__(self, vision: ChainSettings, models: Path) -> None:
        self._vision = vision
        self._net: ChainNet | None = None
        self._fault: FaultError | None = None
        try:
            self._net = ChainNet(models)
        except FaultError as fault:
            self._fault = fault

    def made(self, wanted: Wanted) -> Shown | None:
        """The sheet of one picture; None where it is no picture."""
        picture: object = cv2.imdecode(np.frombuffer(wanted.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if not isinstance(picture, np.ndarray):
            return None
        stages = stages_of(picture, self._vision)
        height, width = stages.grey.shape
        across, down = width / wanted.size[0], height / wanted.size[1]
        scaled = [(x * across, y * down, w * across, h * down) for x, y, w, h in wanted.boxes]
        net = self._net
        covered = () if net is None else tuple(net.covered(stages.grey, box) for box in scaled)
        sheet = contact_sheet([Tile(title, drawn) for title, drawn in titles(stages)])
        coded = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, _JPEG])[1].tobytes()
        code, detail = ("", "") if self._fault is None else (self._fault.code, self._fault.detail)
        return Shown(stages.level, covered, coded, (sheet.shape[1], sheet.shape[0]), code, detail)


def main() -> None:
    """Answer what comes in by the standard input, on the standard output."""
    into, out = sys.stdin.buffer, sys.stdout.buffer
    try:
        opening = msgspec.msgpack.decode(receive(into, IDLE_S), type=Opening)
        maker = Maker(opening.vision, Path(opening.models))
        while True:
            send(out, maker.made(msgspec.msgpack.decode(receive(into, IDLE_S), type=Wanted)))
    except (EOFError, OSError, msgspec.DecodeError):
        return


if __name__ == "__main__":
    main()
