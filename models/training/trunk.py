"""The ImageNet MobileNetV2 as a grey trunk that learns on: features at strides 8, 16 and 32.

`teachers/mnv2_imagenet_float16.npz` holds its weights with the batch normalisations folded in (Sandler et
al., MobileNetV2, 2018; Apache-2.0). Nothing is normalised here either, so a shipped int8 file gives its
weights back as they are (`shipped_weights`), and a site goes on learning from it. Learn with a small step
(AdamW, 1e-4 to 1e-3): there is no normalisation to forgive a large one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

WIDTH_8, WIDTH_16, WIDTH_32, WIDTH_TOP = 32, 96, 320, 1280
"""Channels of the features."""

_BLOCKS = (
    *((1, 16, 1),),
    *((6, 24, 2), (6, 24, 1)),
    *((6, 32, 2), (6, 32, 1), (6, 32, 1)),
    *((6, 64, 2), (6, 64, 1), (6, 64, 1), (6, 64, 1)),
    *((6, 96, 1), (6, 96, 1), (6, 96, 1)),
    *((6, 160, 2), (6, 160, 1), (6, 160, 1)),
    *((6, 320, 1),),
)
"""Widening, channels and stride of each block."""

_AT_8, _AT_16 = 5, 12
"""The last blocks of their stride."""


class Conv(nn.Module):
    """A convolution padded as TensorFlow's SAME does (more at the right and below), ReLU6 after it or not.

    `groups` equal to the channels makes it depthwise.
    """

    def __init__(
        self, inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1, active: bool = True
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, groups=groups)
        self.active = active

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """N x C x H x W to N x outputs x ceil(H / stride) x ceil(W / stride)."""
        size, stride = self.conv.kernel_size[0], self.conv.stride[0]
        if size > 1:
            down, across = (max((-(-n // stride) - 1) * stride + size - n, 0) for n in x.shape[2:])
            x = functional.pad(x, (across // 2, across - across // 2, down // 2, down - down // 2))
        x = self.conv(x)
        return functional.relu6(x) if self.active else x


class Block(nn.Module):
    """Widened by 1x1, 3x3 depthwise, narrowed by 1x1; added to its input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int, widen: int) -> None:
        super().__init__()
        wide = inputs * widen
        self.body = nn.Sequential(
            *((Conv(inputs, wide, 1),) if widen > 1 else ()),
            Conv(wide, wide, 3, stride, groups=wide),
            Conv(wide, outputs, 1, active=False),
        )
        self.add = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Same size, or half of it with stride 2."""
        out: torch.Tensor = self.body(x)
        return x + out if self.add else out


@dataclass(frozen=True, slots=True)
class Features:
    """N x 32, 96 and 320 channels at strides 8, 16 and 32; `top` N x 1280 at stride 32, where asked for."""

    at_8: torch.Tensor
    at_16: torch.Tensor
    at_32: torch.Tensor
    top: torch.Tensor | None


class Trunk(nn.Module):
    """N x `channels` x H x W, -1 to 1 (`common.to_input`), to features. H and W divide by 32.

    Without `top` the last 1x1 layer is left out; 1280 channels are worth their cost for a classifier alone.
    """

    def __init__(self, channels: int = 1, top: bool = False) -> None:
        super().__init__()
        self.first = Conv(channels, 32, 3, 2)
        blocks, inputs = [], 32
        for widen, outputs, stride in _BLOCKS:
            blocks.append(Block(inputs, outputs, stride, widen))
            inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        self.top = Conv(inputs, WIDTH_TOP, 1) if top else None

    def forward(self, picture: torch.Tensor) -> Features:
        """See the class."""
        x = self.first(picture)
        at_8 = at_16 = x
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number == _AT_8:
                at_8 = x
            elif number == _AT_16:
                at_16 = x
        return Features(at_8, at_16, x, self.top(x) if self.top is not None else None)


def convolutions(model: nn.Module) -> list[nn.Conv2d]:
    """Every convolution in the order in which it was made; make them in the order in which they run."""
    return [m for m in model.modules() if isinstance(m, nn.Conv2d)]


@torch.no_grad()
def imagenet_trunk(path: Path, channels: int = 1, top: bool = False) -> Trunk:
    """The trunk of an .npz (`w0`, `b0`, ... in TensorFlow's layout, `ops`).

    One channel: the first layer's weights are summed over the colours, so that a grey picture gives what the
    same picture in three equal colours gave. ValueError where the file holds another network.
    """
    trunk = Trunk(channels, top)
    with np.load(path) as stored:
        kinds = [str(o).split(":")[0] for o in stored["ops"]]
        for number, conv in enumerate(convolutions(trunk)):
            weight = torch.tensor(stored[f"w{number}"].astype(np.float32))
            weight = weight.permute((3, 0, 1, 2) if "DEPTHWISE" in kinds[number] else (0, 3, 1, 2))
            if number == 0 and channels == 1:
                weight = weight.sum(1, keepdim=True)
            bias = torch.tensor(stored[f"b{number}"].astype(np.float32))
            if weight.shape != conv.weight.shape:
                raise ValueError(f"{path}: layer {number} is {tuple(weight.shape)}, no MobileNetV2's")
            conv.weight.copy_(weight)
            _bias(conv).copy_(bias)
    return trunk


def _bias(conv: nn.Conv2d) -> torch.Tensor:
    if conv.bias is None:
        raise ValueError("a convolution without a bias")
    return conv.bias


@torch.no_grad()
def shipped_weights(path: Path, model: nn.Module) -> None:
    """Copies a shipped int8 file's weights into `model`, whose convolutions were made in running order.

    What is lost is the rounding to int8. ValueError where the file holds another network.
    """
    stored = stored_convolutions(path)
    ours = convolutions(model)
    if [w.shape for w, _ in stored] != [c.weight.shape for c in ours]:
        raise ValueError(f"{path} holds another network than this program describes")
    for conv, (weight, bias) in zip(ours, stored, strict=True):
        conv.weight.copy_(weight)
        _bias(conv).copy_(bias)


def stored_convolutions(path: Path) -> Sequence[tuple[torch.Tensor, torch.Tensor]]:
    """Real weights and biases of the file's convolutions in its order, in PyTorch's layout."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(str(path), experimental_op_resolver_type=plain)
    interpreter.allocate_tensors()
    details = {d["index"]: d for d in interpreter.get_tensor_details()}

    def real(index: int) -> NDArray[np.float64]:
        steps = interpreter.get_tensor(index).astype(np.float64)
        parameters = details[index]["quantization_parameters"]
        shape = [1] * steps.ndim
        if len(parameters["scales"]) > 1:
            shape[parameters["quantized_dimension"]] = -1
        return np.asarray(steps * parameters["scales"].reshape(shape))

    found = []
    for op in interpreter._get_ops_details():
        if op["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            _, weight, bias = op["inputs"]
            axes = (3, 0, 1, 2) if op["op_name"] == "DEPTHWISE_CONV_2D" else (0, 3, 1, 2)
            pair = torch.tensor(real(weight).transpose(axes)).float(), torch.tensor(real(bias)).float()
            found.append((int(op["outputs"][0]), *pair))
    return [(weight, bias) for _, weight, bias in sorted(found, key=lambda f: f[0])]
