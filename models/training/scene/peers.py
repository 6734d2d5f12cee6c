"""Other detectors of persons, on the same grey pictures: what a picture's surest person scores."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey
from models.training.scene.data import Picture
from models.training.scene.teachers import PersonProposer


@dataclass(frozen=True, slots=True)
class Peer:
    """A file of the data folder's `teachers/`; `side_px` of a YOLOX input, 0 for the SSD."""

    name: str
    file: str
    millions: int
    side_px: int


PEERS = (
    Peer("SSD MobileNet v1, COCO, 300 px (uint8)", "ssd_mobilenet_v1_coco_300_uint8.tflite", 728, 0),
    Peer("YOLOX-nano, COCO, 416 px (float)", "yolox_nano.onnx", 523, 416),
    Peer("person detector of 192 px (float)", "kazuhito_person_model.onnx", 108, 192),
)


def peer_scores(peer: Peer, data: Path, pictures: Sequence[Picture]) -> NDArray[np.float64] | None:
    """(n,): one a picture; None where the peer's file or its runtime is not there."""
    file = data / "teachers" / peer.file
    if not file.exists():
        return None
    if not peer.side_px:
        ssd = PersonProposer(file.parent)
        return np.array([ssd.score(p.grey) for p in pictures])
    try:
        yolox = _Yolox(file, peer.side_px)
    except ImportError:
        return None
    return np.array([yolox.score(p.grey) for p in pictures])


class _Yolox:
    """A YOLOX file: colours of 0 to 255, the picture in the upper left, grey around it."""

    def __init__(self, file: Path, side_px: int) -> None:
        onnxruntime = importlib.import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._side_px = side_px

    def score(self, grey: Grey) -> float:
        k = self._side_px / max(grey.shape)
        fitted = cv2.resize(grey, None, fx=k, fy=k, interpolation=cv2.INTER_LINEAR)
        canvas = np.full((self._side_px, self._side_px), 114, np.uint8)
        canvas[: fitted.shape[0], : fitted.shape[1]] = fitted[: self._side_px, : self._side_px]
        seen = np.repeat(canvas[None, None].astype(np.float32), 3, axis=1)
        found = np.asarray(self._session.run(None, {self._input: seen})[0])[0]
        return float((found[:, 4] * found[:, 5]).max())
