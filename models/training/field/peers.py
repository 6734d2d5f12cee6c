"""What others would use on the same pictures: PaDiM, HOG with a one-class SVM, a mean picture.

PatchCore's memory is in `bank.py`, the networks whose vectors both use in `networks.py`. Nothing of
PyTorch is imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.field.bank import Embed, Floats, Grey

_PADIM_CHANNELS: Final = 64
_PADIM_RIDGE: Final = 0.01
_HOG_CELL: Final = 16
_HOG_SIDE: Final = 128
_NU: Final = 0.1


class Method(Protocol):
    """Learns from normal pictures alone, then scores any: higher is less normal."""

    @property
    def size_bytes(self) -> int:
        """What it keeps of the normal pictures."""

    def learn(self, pictures: Sequence[Grey]) -> None:
        """Takes these pictures in place of what was known."""

    def look(self, picture: Grey) -> tuple[float, Floats | None]:
        """The picture's score, and a map of scores (rows x columns) where there is one."""


class Padim:
    """A Gaussian for every place of the picture (Defard et al., 2021), of 64 channels drawn once."""

    def __init__(self, embed: Embed, seed: int = 0) -> None:
        self._embed = embed
        self._seed = seed
        self._channels: NDArray[np.int64] = np.empty(0, np.int64)
        self._mean: Floats = np.empty((0, 0, 0), np.float32)
        self._inverse: Floats = np.empty((0, 0, 0, 0), np.float32)

    def learn(self, pictures: Sequence[Grey]) -> None:
        """Needs two pictures or more."""
        first = self._embed(pictures[0])
        rng = np.random.default_rng(self._seed)
        most = min(_PADIM_CHANNELS, first.shape[2])
        self._channels = np.sort(rng.choice(first.shape[2], most, replace=False))
        found = np.stack([self._embed(p)[..., self._channels] for p in pictures])
        self._mean = found.mean(0)
        off = found - self._mean
        of_place = off.transpose(1, 2, 3, 0)
        cover = of_place @ of_place.swapaxes(2, 3) / (len(found) - 1)
        cover += _PADIM_RIDGE * np.eye(most, dtype=np.float32)
        self._inverse = np.linalg.inv(cover).astype(np.float32)

    @property
    def size_bytes(self) -> int:
        """Means and inverse covariances."""
        return self._mean.nbytes + self._inverse.nbytes

    def look(self, picture: Grey) -> tuple[float, Floats]:
        """The greatest Mahalanobis distance of a place, and that of every place."""
        off = self._embed(picture)[..., self._channels] - self._mean
        across = (off[..., None, :] @ self._inverse)[..., 0, :]
        heat = np.sqrt(np.maximum((across * off).sum(2), 0.0))
        return float(heat.max()), np.asarray(heat, np.float32)


class OneClassHog:
    """HOG of the whole picture and a one-class SVM (Schölkopf et al., 2001): says nothing of where."""

    def __init__(self) -> None:
        block, cell = (2 * _HOG_CELL,) * 2, (_HOG_CELL,) * 2
        self._hog = cv2.HOGDescriptor((_HOG_SIDE,) * 2, block, cell, cell, 9)
        self._svm = cv2.ml.SVM.create()

    def learn(self, pictures: Sequence[Grey]) -> None:
        """An RBF kernel whose width is the usual one: 1 / (channels * variance)."""
        found = np.stack([self._features(p) for p in pictures])
        self._svm = cv2.ml.SVM.create()
        self._svm.setType(cv2.ml.SVM_ONE_CLASS)
        self._svm.setKernel(cv2.ml.SVM_RBF)
        self._svm.setGamma(1.0 / max(found.shape[1] * float(found.var()), 1e-9))
        self._svm.setNu(_NU)
        self._svm.train(found, cv2.ml.ROW_SAMPLE, np.zeros(len(found), np.int32))

    @property
    def size_bytes(self) -> int:
        """The support vectors."""
        return int(np.asarray(self._svm.getSupportVectors()).nbytes)

    def look(self, picture: Grey) -> tuple[float, None]:
        """How far outside the learnt region it lies."""
        _, found = self._svm.predict(self._features(picture)[None], flags=cv2.ml.STAT_MODEL_RAW_OUTPUT)
        # OpenCV's value is positive inside.
        return -float(np.asarray(found).ravel()[0]), None

    def _features(self, picture: Grey) -> Floats:
        small = cv2.resize(picture, (_HOG_SIDE,) * 2, interpolation=cv2.INTER_AREA)
        return np.asarray(self._hog.compute(small), np.float32).ravel()


class MeanPicture:
    """The difference to the mean of the normal pictures, each at the same brightness and contrast."""

    def __init__(self) -> None:
        self._mean: Floats = np.empty((0, 0), np.float32)
        self._spread: Floats = np.empty((0, 0), np.float32)

    def learn(self, pictures: Sequence[Grey]) -> None:
        """The mean of each pixel, and how much it varies."""
        found = np.stack([self._even(p) for p in pictures])
        self._mean, self._spread = found.mean(0), found.std(0) + 0.1

    @property
    def size_bytes(self) -> int:
        """Mean and spread of each pixel."""
        return self._mean.nbytes + self._spread.nbytes

    def look(self, picture: Grey) -> tuple[float, Floats]:
        """The mean of the ten greatest differences, in standard deviations, and all of them."""
        heat = np.abs(self._even(picture) - self._mean) / self._spread
        return float(np.sort(heat.ravel())[-10:].mean()), np.asarray(heat, np.float32)

    def _even(self, picture: Grey) -> Floats:
        small = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
        return np.asarray((small - small.mean()) / max(float(small.std()), 1.0), np.float32)
