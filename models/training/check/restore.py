"""Takes the weights of a shipped int8 file up again, so that a run goes on from them.

The file's convolutions have taken their normalisations in. Here each gets one again that changes nothing: it
is measured on pictures, layer after layer, and only adds the bias that stands in the file.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import torch
from torch import nn

from models.training.check.net import CheckNet, as_it_was
from models.training.trunk import convolutions, stored_convolutions


@torch.no_grad()
def restored(path: Path, pictures: torch.Tensor) -> CheckNet:
    """The network in `path`, an int8 file, measured on real inputs (n, 1, 64, 64).

    What is lost is the rounding to int8. The third output begins again: before 3.0 it told of eyes.
    ValueError where the file holds another network.
    """
    net = CheckNet()
    net.eval()
    stored, ours = stored_convolutions(path), convolutions(net)
    if [weight.shape for weight, _ in stored] != [conv.weight.shape for conv in ours]:
        raise ValueError(f"{path} holds another network than this program describes")
    behind: dict[nn.Module, nn.Module] = {}
    for part in net.modules():
        if isinstance(part, nn.Sequential):
            members = list(part)
            behind |= {a: b for a, b in itertools.pairwise(members) if isinstance(b, nn.BatchNorm2d)}
    hooks = []
    for conv, (weight, bias) in zip(ours, stored, strict=True):
        conv.weight.copy_(weight)
        norm = behind.get(conv)
        if norm is None:
            assert conv.bias is not None
            conv.bias.copy_(bias)
            continue

        def measure(module: nn.Module, given: tuple[torch.Tensor, ...], bias: torch.Tensor = bias) -> None:
            as_it_was(module, given[0], bias)

        hooks.append(norm.register_forward_pre_hook(measure))
    net(pictures)
    for hook in hooks:
        hook.remove()
    net.face.reset_parameters()
    return net
