"""Takes the weights of a shipped `face_find.tflite` back into a `FaceFinder`, to go on learning from them.

    python -m models.training.find.train --start-from models/face_find.tflite --data SITE --steps 1000

Checkpoints are not shipped, and the int8 file holds all but their batch normalisations, which it has
swallowed. These get the statistics that the restored network shows on scenes, and weights that leave its
answers as they were, so that training goes on as from a checkpoint. What is lost is the rounding to int8.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from models.training.common import Grey, to_input
from models.training.find.net import DEPTHS, EARLIER_DEPTHS, FaceFinder
from models.training.trunk import stored_convolutions

_PARTS = ("to4", "to8", "to16", "to32", "at32", "at16", "at8", "heads")
_FAINT = 0.05
_SPREAD = 0.577
"""Norm of a channel's weights as `nn.Conv2d` begins with them: 1 / sqrt(3)."""


@torch.no_grad()
def restored(path: Path, greys: list[Grey]) -> FaceFinder:
    """The network of an int8 file; `greys` are scenes of the network's input size for the statistics.

    Raises ValueError where the file holds another network.
    """
    stored = stored_convolutions(path)
    for depths in (DEPTHS, EARLIER_DEPTHS):
        model = FaceFinder(depths=depths)
        model.eval()
        inner, last = _layers(model)
        ours = [conv.weight.shape for conv, _ in inner] + [conv.weight.shape for conv in last]
        if [weight.shape for weight, _ in stored] == ours:
            break
    else:
        raise ValueError(f"{path} holds another network than net.py describes")
    for (conv, norm), (weight, bias) in zip(inner, stored, strict=False):
        conv.weight.copy_(weight)
        norm.bias.copy_(bias)
        assert norm.running_var is not None
        norm.running_var.fill_(1 - norm.eps)
    for conv, (weight, bias) in zip(last, stored[len(inner) :], strict=True):
        conv.weight.copy_(weight)
        assert conv.bias is not None
        conv.bias.copy_(bias)
    _measure_norms(model, inner, greys)
    return model if depths == DEPTHS else grown(model)


@torch.no_grad()
def grown(earlier: FaceFinder) -> FaceFinder:
    """Today's deeper network with an earlier one's weights; what is new adds next to nothing at first."""
    model = FaceFinder()
    known = earlier.state_dict()
    model.load_state_dict({**model.state_dict(), **known})
    fresh = {name.rsplit(".", 1)[0] for name in model.state_dict() if name not in known}
    for name, layer in model.named_modules():
        # The last normalisation of a new block; at zero its ReLU6 would let nothing be learnt.
        if name in fresh and name.endswith("body.4") and isinstance(layer, nn.BatchNorm2d):
            layer.weight.fill_(_FAINT)
    model.eval()
    return model


def _layers(
    model: FaceFinder,
) -> tuple[list[tuple[nn.Conv2d, nn.BatchNorm2d]], list[nn.Conv2d]]:
    """Convolutions with their normalisations, and those of the heads, in the file's order."""
    layers = [
        layer
        for part in _PARTS
        for layer in getattr(model, part).modules()
        if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)
    ]
    inner = [
        (a, b)
        for a, b in zip(layers[::2], layers[1::2], strict=True)
        if isinstance(a, nn.Conv2d) and isinstance(b, nn.BatchNorm2d)
    ]
    last = [layer for layer in (*model.scores, *model.shapes) if isinstance(layer, nn.Conv2d)]
    return inner, last


@torch.no_grad()
def _measure_norms(
    model: FaceFinder, pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]], greys: list[Grey]
) -> None:
    """Gives the normalisations what they would have measured; the network answers as before."""
    seen: dict[nn.Module, torch.Tensor] = {}
    hooks = [
        conv.register_forward_hook(lambda module, _, out: seen.update({module: out.double()}))
        for conv, _ in pairs
    ]
    statistics: dict[nn.Module, list[torch.Tensor]] = {conv: [] for conv, _ in pairs}
    for grey in greys:
        model(torch.from_numpy(to_input(grey))[None, None])
        for conv, _ in pairs:
            out = seen[conv]
            statistics[conv].append(torch.stack([out.mean((0, 2, 3)), (out**2).mean((0, 2, 3))]))
    for hook in hooks:
        hook.remove()
    for conv, norm in pairs:
        mean, square = torch.stack(statistics[conv]).mean(0)
        variance = (square - mean**2).clamp(min=0)
        size = conv.weight.flatten(1).norm(dim=1) / _SPREAD
        size = torch.where(size > 1e-6, size, torch.ones_like(size))
        mean, variance = (mean / size).float(), (variance / size**2).clamp(min=1e-4).float()
        conv.weight.div_(size.view(-1, 1, 1, 1))
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(torch.sqrt(variance + norm.eps) * size)
        norm.bias.add_(mean * size)
