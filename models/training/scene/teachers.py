"""Two teachers that propose: an SSD whether a person is in a frame, a pose detector where heads are.

Both may be absent (a site's own folder of pictures need not bring them): then nothing is proposed.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey

_PERSON = 0
"""COCO's first class, as the SSD counts."""


class PersonProposer:
    """SSD MobileNet on COCO, 300 px."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ssd_mobilenet_v1_coco_300_uint8.tflite"
        self.there = self._file.exists()
        if self.there:
            self._net = _Net(self._file)

    def score(self, grey: Grey) -> float:
        """Of its surest person, 0 to 1."""
        _, kinds, scores = self._look(grey)
        return float(np.max(scores[kinds == _PERSON], initial=0.0))

    def propose(self, grey: Grey, least: float) -> NDArray[np.float32]:
        """n x 4 persons: left, top, right, bottom as fractions."""
        boxes, kinds, scores = self._look(grey)
        mine = (kinds == _PERSON) & (scores >= least)
        return np.asarray(boxes[mine][:, [1, 0, 3, 2]], np.float32)

    def _look(self, grey: Grey) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        seen = cv2.cvtColor(cv2.resize(grey, (300, 300)), cv2.COLOR_GRAY2RGB)[None]
        boxes, kinds, scores, _ = self._net.run(seen)
        return boxes[0], kinds[0], scores[0]


class HeadProposer:
    """MediaPipe's pose detector, 224 px, whose boxes are heads: found from above and from behind as well."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "mediapipe_pose_detection_224.tflite"
        self.there = self._file.exists()
        if self.there:
            self._net = _Net(self._file)
            self._centres = _centres()

    def propose(self, grey: Grey, least: float) -> NDArray[np.float32]:
        """n x 4 heads: left, top, right, bottom in pixels."""
        if not self.there:
            return np.zeros((0, 4), np.float32)
        height, width = grey.shape
        k = 224.0 / max(height, width)
        fitted = cv2.resize(grey, (max(1, round(width * k)), max(1, round(height * k))))
        canvas = np.zeros((224, 224), np.uint8)
        canvas[: fitted.shape[0], : fitted.shape[1]] = fitted
        seen = cv2.cvtColor(canvas, cv2.COLOR_GRAY2RGB).astype(np.float32)[None] / 127.5 - 1.0
        shapes, scores = self._net.run(seen)
        if shapes.ndim != 3 or shapes.shape[2] != 12:
            shapes, scores = scores, shapes
        odds = np.clip(scores.reshape(-1), -30, 30)
        sure = 1.0 / (1.0 + np.exp(-odds))
        middle = self._centres + shapes[0, :, :2] / 224.0
        size = shapes[0, :, 2:4] / 224.0
        chosen: list[int] = []
        for i in np.argsort(-sure):
            if sure[i] < least or len(chosen) == 8:
                break
            apart = [np.abs(middle[i] - middle[j]).max() > 0.5 * size[j].max() for j in chosen]
            if all(apart):
                chosen.append(int(i))
        corners = np.concatenate([middle - size / 2, middle + size / 2], 1)[chosen] * 224.0 / k
        return np.asarray(corners, np.float32).reshape(-1, 4)


class _Net:
    def __init__(self, file: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(str(file), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [d["index"] for d in self._interpreter.get_output_details()]

    def run(self, seen: NDArray[np.generic]) -> list[NDArray[np.float32]]:
        self._interpreter.set_tensor(self._input, seen)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(i) for i in self._outputs]


def _centres() -> NDArray[np.float32]:
    """2254 x 2: the anchors' centres as fractions (strides 8, 16 and three times 32, two anchors each)."""
    parts = []
    for stride, each in ((8, 2), (16, 2), (32, 6)):
        n = 224 // stride
        y, x = np.mgrid[:n, :n].astype(np.float32)
        points = np.stack([(x + 0.5) / n, (y + 0.5) / n], -1).reshape(-1, 2)
        parts.append(np.repeat(points, each, axis=0))
    return np.concatenate(parts)
