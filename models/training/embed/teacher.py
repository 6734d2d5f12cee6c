"""The teacher in PyTorch: face-reidentification-retail-0095 (Intel, Apache-2.0) read from its own two files.

Its files are a graph (XML) and its numbers (16-bit floats in one blob). It is a MobileNetV2 with squeeze and
excitation and, in place of ReLU6, PReLU with one slope a layer, so each is a leaky ReLU that the kiosk's
interpreters run in one piece. The blob's first two layers bring grey levels to the teacher's own scale; here
they take the networks' real input (-1 to 127/128) instead.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import leaky_relu

GRAPH: Final = "reid0095.xml"
NUMBERS: Final = "reid0095.bin"
_KNOWN: Final = frozenset(
    {"Multiply", "Add", "Convolution", "GroupConvolution", "PReLU", "AvgPool", "Sigmoid", "Result"}
)


@dataclass(frozen=True)
class _Layer:
    """One step of the graph. `inputs` are the layers that it takes, in order; `data` its settings."""

    number: str
    kind: str
    inputs: tuple[str, ...]
    data: Mapping[str, str]


class Teacher(nn.Module):
    """N x 3 x 128 x 128 (blue, green, red; -1 to 127/128) to N x 256, a direction.

    ValueError: the files hold another graph.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        layers, self._consts = _read(folder)
        self._layers = _ordered(layers)
        self._steps = nn.ModuleDict()
        for layer in self._layers:
            if layer.kind in ("Convolution", "GroupConvolution"):
                self._steps[layer.number] = self._convolution(layer)
        self._sums_done = {
            layer.number for layer in self._layers if layer.kind == "Add" and self._is_bias(layer)
        }
        scale, shift = self._levels()
        self.register_buffer("_scale", scale)
        self.register_buffer("_shift", shift)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        known: dict[str, torch.Tensor] = {"0": picture * self._scale + self._shift}
        levels = 0
        out = picture
        for layer in self._layers:
            first = known[layer.inputs[0]]
            if layer.kind in ("Multiply", "Add") and levels < 2:
                levels += 1  # both are in the first line
                out = first
            elif layer.number in self._steps:
                out = self._steps[layer.number](first)
            elif layer.number in self._sums_done:
                out = first
            elif layer.kind == "Add":
                out = first + known[layer.inputs[1]]
            elif layer.kind == "Multiply":
                out = first * known[layer.inputs[1]]
            elif layer.kind == "PReLU":
                out = leaky_relu(first, float(self._consts[layer.inputs[1]].reshape(())))
            elif layer.kind == "Sigmoid":
                out = torch.sigmoid(first)
            else:
                out = first.mean(dim=(2, 3), keepdim=True)
            known[layer.number] = out
        return out.reshape(out.shape[0], -1)

    @torch.no_grad()
    def equalise(self, pictures: torch.Tensor) -> None:
        """The same network, its channels before each depthwise convolution brought to one range.

        One scale serves all channels of an int8 tensor, and here some reach fifty times as far as others.
        A leaky ReLU keeps a positive factor, so what a convolution's channel is multiplied by, the depthwise
        one after it is divided by (Nagel et al., 2019), whose weights have a scale a channel. `pictures` show
        how far each reaches.
        """
        reach: dict[str, torch.Tensor] = {}

        def note(number: str, slope: float) -> Callable[[nn.Module, object, torch.Tensor], None]:
            def hook(_: nn.Module, __: object, out: torch.Tensor) -> None:
                bent = leaky_relu(out, slope)
                far = torch.maximum(out.abs().amax((0, 2, 3)), bent.abs().amax((0, 2, 3)))
                reach[number] = torch.maximum(reach.get(number, far), far)

            return hook

        pairs = self._followed()
        hooks = [
            self._steps[first].register_forward_hook(note(first, slope))
            for first, (_, slope) in pairs.items()
        ]
        for begin in range(0, len(pictures), 8):
            self(pictures[begin : begin + 8])
        for hook in hooks:
            hook.remove()
        for first, (after, _) in pairs.items():
            before, deep = self._steps[first], self._steps[after]
            assert isinstance(before, nn.Conv2d)
            assert isinstance(deep, nn.Conv2d)
            assert before.bias is not None
            far = reach[first].clamp(min=1e-3 * float(reach[first].max()))
            times = far.median() / far
            before.weight.mul_(times[:, None, None, None])
            before.bias.mul_(times)
            deep.weight.div_(times[:, None, None, None])

    def _followed(self) -> dict[str, tuple[str, float]]:
        """Each convolution before a depthwise one: the latter, and the slope of the leaky ReLU between."""
        takes = {layer.number: layer for layer in self._layers}
        found: dict[str, tuple[str, float]] = {}
        for layer in self._layers:
            if layer.kind != "GroupConvolution":
                continue
            bent = takes[layer.inputs[0]]
            added = takes[bent.inputs[0]]
            slope = float(self._consts[bent.inputs[1]].reshape(()))
            found[added.inputs[0]] = (layer.number, slope)
        return found

    def _is_bias(self, layer: _Layer) -> bool:
        return layer.inputs[1] in self._consts and layer.inputs[0] in self._steps

    def _convolution(self, layer: _Layer) -> nn.Conv2d:
        weights = self._consts[layer.inputs[1]]
        groups = 1
        if layer.kind == "GroupConvolution":
            groups = weights.shape[0]
            weights = weights.reshape(groups * weights.shape[1], *weights.shape[2:])
        out, per_group, high, wide = weights.shape
        stride, pad = (tuple(int(n) for n in layer.data[key].split(",")) for key in ("strides", "pads_begin"))
        bias = next(
            (
                self._consts[after.inputs[1]].reshape(-1)
                for after in self._layers
                if after.kind == "Add" and after.inputs[0] == layer.number and after.inputs[1] in self._consts
            ),
            np.zeros(out, np.float32),
        )
        made = nn.Conv2d(
            per_group * groups, out, (high, wide), (stride[0], stride[1]), (pad[0], pad[1]), groups=groups
        )
        with torch.no_grad():
            made.weight.copy_(torch.from_numpy(weights))
            assert made.bias is not None
            made.bias.copy_(torch.from_numpy(bias))
        return made

    def _levels(self) -> tuple[torch.Tensor, torch.Tensor]:
        """What the first two layers do to grey levels, said for the networks' real input."""
        first, second = self._layers[0], self._layers[1]
        if (first.kind, second.kind) != ("Multiply", "Add"):
            raise ValueError("the graph does not begin with its grey levels")
        times, plus = (torch.from_numpy(self._consts[layer.inputs[1]]) for layer in (first, second))
        return times * 128.0, plus + times * 128.0


def _read(folder: Path) -> tuple[dict[str, _Layer], dict[str, NDArray[np.float32]]]:
    """The steps and the constants by number; what only changes the type of a constant is passed over."""
    root = ElementTree.parse(folder / GRAPH).getroot()
    blob = (folder / NUMBERS).read_bytes()
    came: dict[str, list[tuple[int, str]]] = {}
    for edge in root.iter("edge"):
        port = int(edge.attrib["to-port"])
        came.setdefault(edge.attrib["to-layer"], []).append((port, edge.attrib["from-layer"]))
    layers: dict[str, _Layer] = {}
    consts: dict[str, NDArray[np.float32]] = {}
    for element in root.iter("layer"):
        number, kind = element.attrib["id"], element.attrib["type"]
        found = element.find("data")
        data = {} if found is None else dict(found.attrib)
        inputs = tuple(name for _, name in sorted(came.get(number, [])))
        if kind == "Const":
            shape = [int(n) for n in data["shape"].split(",") if n.strip()]
            begin, size = int(data["offset"]), int(data["size"])
            numbers = np.frombuffer(blob[begin : begin + size], np.float16)
            consts[number] = numbers.astype(np.float32).reshape(shape)
        elif kind == "Convert":
            consts[number] = consts[inputs[0]]
        elif kind in _KNOWN:
            layers[number] = _Layer(number, kind, inputs, data)
        elif kind != "Parameter":
            raise ValueError(f"a layer of a kind that this reader does not know: {kind}")
    return layers, consts


def _ordered(layers: Mapping[str, _Layer]) -> list[_Layer]:
    return [layers[n] for n in sorted(layers, key=int) if layers[n].kind != "Result"]
