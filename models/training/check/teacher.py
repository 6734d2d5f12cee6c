"""The teacher of the face check's trunk: the first blocks of a face recogniser, rebuilt with its own weights.

Open Model Zoo's face-reidentification-retail-0095 (Intel, Apache-2.0,
https://github.com/openvinotoolkit/open_model_zoo): expansions, depthwise convolutions and projections with
squeeze-and-excitation, taught to tell persons apart by far more faces than are gathered here.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from edge.vision.face.align import normalise

SIZE_PX = 128
"""Side of the teacher's input."""

BLOCKS = (
    (64, 128, 64, 2, 8),
    *((64, 128, 64, 1, 8),) * 4,
    (64, 256, 128, 2, 16),
    *((128, 256, 128, 1, 16),) * 6,
)
"""Channels before, inside and after each block, stride, channels inside its squeeze-and-excitation."""


class _Excite(nn.Module):
    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, inner, 1)
        self.act = nn.PReLU(1)
        self.excite = nn.Conv2d(inner, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(self.excite(self.act(self.squeeze(x.mean((2, 3), keepdim=True)))))


class TeacherBlock(nn.Module):
    """Members stand in the order in which the file holds their weights."""

    def __init__(self, i: int, inner: int, o: int, stride: int, squeezed: int) -> None:
        super().__init__()
        self.expand = nn.Conv2d(i, inner, 1)
        self.act1 = nn.PReLU(1)
        self.depthwise = nn.Conv2d(inner, inner, 3, stride, 1, groups=inner)
        self.act2 = nn.PReLU(1)
        self.project = nn.Conv2d(inner, o, 1)
        self.gate = _Excite(o, squeezed)
        self.same = i == o and stride == 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.act2(self.depthwise(self.act1(self.expand(x))))
        out: torch.Tensor = self.gate(self.project(inner))
        return x + out if self.same else out


class Teacher(nn.Module):
    """Twelve blocks of the recogniser, in evaluation mode; `maps` gives the output of every block."""

    def __init__(self, xml: Path, bfloat16: bool = False) -> None:
        super().__init__()
        self.bfloat16 = bfloat16
        self.conv = nn.Conv2d(3, 64, 3, 2, 1)
        self.act1 = nn.PReLU(1)
        self.depthwise = nn.Conv2d(64, 64, 3, 1, 1, groups=64)
        self.act2 = nn.PReLU(1)
        self.blocks = nn.ModuleList(TeacherBlock(*numbers) for numbers in BLOCKS)
        constants = _constants(xml)
        self.scale = torch.from_numpy(constants[0]).reshape(1, 3, 1, 1)
        self.shift = torch.from_numpy(constants[1]).reshape(1, 3, 1, 1)
        rest = iter(constants[2:])
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.data = torch.from_numpy(next(rest)).reshape(module.weight.shape)
                assert module.bias is not None
                module.bias.data = torch.from_numpy(next(rest)).reshape(module.bias.shape)
            elif isinstance(module, nn.PReLU):
                module.weight.data = torch.from_numpy(next(rest)).reshape(1)
        self.eval().to(memory_format=torch.channels_last)

    def input_of(self, greys: NDArray[np.uint8]) -> torch.Tensor:
        """Grey cuts (n, 128, 128) as the teacher takes them: light brought to the mean of its own faces."""
        steps = np.stack([118 + normalise(grey).astype(np.float32) * np.float32(55 / 48) for grey in greys])
        x = torch.from_numpy(steps)[:, None].expand(-1, 3, -1, -1) * self.scale + self.shift
        return x.contiguous(memory_format=torch.channels_last)

    def stem(self, x: torch.Tensor) -> torch.Tensor:
        """What goes into the first block."""
        out: torch.Tensor = self.act2(self.depthwise(self.act1(self.conv(x))))
        return out

    @torch.no_grad()
    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Outputs of all blocks; (n, 64, 32, 32) for the first five, (n, 128, 16, 16) for the rest."""
        outs = []
        # Half the time where the processor multiplies bfloat16; 0.2 % of the last map's variance is lost.
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            x = self.stem(x)
            for block in self.blocks:
                x = block(x)
                outs.append(x)
        return [out.float() for out in outs]


def _constants(xml: Path) -> list[NDArray[np.float32]]:
    """The file's constants in the order of its layers, which is the order of their use."""
    content = xml.with_suffix(".bin").read_bytes()
    found = []
    for layer in ElementTree.parse(xml).getroot().iter("layer"):
        if layer.get("type") == "Const":
            data = layer.find("data")
            assert data is not None
            start, size = int(data.get("offset", "")), int(data.get("size", ""))
            kind = {"f16": np.float16, "f32": np.float32}.get(data.get("element_type", ""))
            if kind is not None:
                found.append(np.frombuffer(content[start : start + size], kind).astype(np.float32))
    return found
