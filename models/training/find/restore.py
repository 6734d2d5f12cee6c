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
from models.training.find.net import FaceFinder
from models.training.trunk import stored_convolutions

_PARTS = ("to4", "to8", "to16", "to32", "at32", "at16", "at8", "heads")
_SPREAD = 0.577
"""Norm of a channel's weights as `nn.Conv2d` begins with them: 1 / sqrt(3)."""


@torch.no_grad()
def restored(path: Path, greys: list[Grey]) -> FaceFinder:
    """The network of an int8 file; `greys` are scenes of the network's input size for the statistics.

    Raises ValueError where the file holds another network.
    """
    model = FaceFinder()
    model.eval()
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
    stored = stored_convolutions(path)
    ours = [conv.weight.shape for conv, _ in inner] + [conv.weight.shape for conv in last]
    if [weight.shape for weight, _ in stored] != ours:
        raise ValueError(f"{path} holds another network than find_net.py describes")
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
    return model


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
