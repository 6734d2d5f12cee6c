"""Two small detectors that know a knife and a telephone, as peers on the same squares: YOLOX nano and SSD
MobileNet.

Both are of `teachers/` and look at the square enlarged to their own size, in grey, for that is what there
is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey

_YOLOX_SIDE: Final = 416
_SSD_SIDE: Final = 300
_SURE: Final = 0.3
"""Score from which a box counts. Their own default in demonstrations."""
_KNIFE_80, _PHONE_80 = 43, 67
_KNIFE_90, _PHONE_90 = 48, 76
"""Numbers in COCO's list of 80 and, from zero, in that of 90."""


@dataclass(frozen=True, slots=True)
class PeerSeen:
    """Whether a knife or a telephone is anywhere in the square."""

    knife: bool
    phone: bool


@dataclass(frozen=True, slots=True)
class Peer:
    """A name for the table and what looks."""

    name: str
    look: Callable[[Grey], PeerSeen]


def peers_of(teachers: Path) -> list[Peer]:
    """Those whose files are there."""
    found = []
    if (teachers / "yolox_nano.onnx").exists():
        found.append(Peer("YOLOX nano (523 M multiply-adds)", _yolox(teachers / "yolox_nano.onnx")))
    if (teachers / "ssd_mobilenet_v1_coco_300_uint8.tflite").exists():
        path = teachers / "ssd_mobilenet_v1_coco_300_uint8.tflite"
        found.append(Peer("SSD MobileNet v1 (728 M)", _ssd(path)))
    return found


def _colour(grey: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    large = cv2.resize(grey, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.cvtColor(large, cv2.COLOR_GRAY2BGR), np.uint8)


def _yolox(path: Path) -> Callable[[Grey], PeerSeen]:
    network = cv2.dnn.readNetFromONNX(str(path))

    def look(grey: Grey) -> PeerSeen:
        picture = _colour(grey, _YOLOX_SIDE).astype(np.float32).transpose(2, 0, 1)[None]
        network.setInput(np.ascontiguousarray(picture))
        boxes = np.asarray(network.forward())[0]
        scores = boxes[:, 4:5] * boxes[:, 5:]
        best = scores.max(0)
        return PeerSeen(bool(best[_KNIFE_80] > _SURE), bool(best[_PHONE_80] > _SURE))

    return look


def _ssd(path: Path) -> Callable[[Grey], PeerSeen]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    place = interpreter.get_input_details()[0]["index"]
    outputs = [o["index"] for o in interpreter.get_output_details()]

    def look(grey: Grey) -> PeerSeen:
        interpreter.set_tensor(place, _colour(grey, _SSD_SIDE)[None])
        interpreter.invoke()
        classes, scores = (interpreter.get_tensor(outputs[n])[0] for n in (1, 2))
        sure = {int(c) for c, s in zip(classes, scores, strict=True) if s > _SURE}
        return PeerSeen(_KNIFE_90 in sure, _PHONE_90 in sure)

    return look
