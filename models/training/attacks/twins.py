"""Float twins: the very weights of the shipped int8 files, in networks that have gradients.

An int8 file holds the weights rounded to 256 steps a channel; a twin has these, and real numbers between. So
an attack that is found on the twin has to survive only the rounding of what lies between.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from models.training.check.net import CheckNet
from models.training.common import fuse_batch_norms
from models.training.find.net import DEPTHS, EARLIER_DEPTHS, FaceFinder
from models.training.patches.net import PatchNet
from models.training.scene.net import SceneNet
from models.training.trunk import shipped_weights, stored_convolutions


def _fused(model: nn.Module) -> nn.Module:
    return fuse_batch_norms(model.eval())


def _frozen(model: nn.Module) -> nn.Module:
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model.eval()


def check_twin(models: Path) -> nn.Module:
    """N x 1 x 64 x 64 (-1 to 1) to class logits, pose, and the logit of a face."""
    model = _fused(CheckNet())
    shipped_weights(models / "face_check.tflite", model)
    return _frozen(model)


@torch.no_grad()
def find_twin(models: Path) -> nn.Module:
    """N x 1 x 240 x 320 to scores and shapes at strides 8, 16, 32; as the file, in its running order."""
    stored = stored_convolutions(models / "face_find.tflite")
    parts = ("to4", "to8", "to16", "to32", "at32", "at16", "at8", "heads", "scores", "shapes")
    for depths in (DEPTHS, EARLIER_DEPTHS):
        model = _fused(FaceFinder(depths=depths))
        ours = [m for part in parts for m in getattr(model, part).modules() if isinstance(m, nn.Conv2d)]
        if [conv.weight.shape for conv in ours] == [weight.shape for weight, _ in stored]:
            break
    else:
        raise ValueError("face_find.tflite holds another network than this program describes")
    for conv, (weight, bias) in zip(ours, stored, strict=True):
        conv.weight.copy_(weight)
        assert conv.bias is not None
        conv.bias.copy_(bias)
    return _frozen(model)


def scene_twin(models: Path) -> SceneNet:
    """N x 1 x 160 x 192 to `OUTPUTS` of the scene network."""
    model = SceneNet()
    shipped_weights(models / "scene.tflite", model)
    _frozen(model)
    return model


def patch_twin(models: Path) -> PatchNet:
    """N x 1 x 192 x 256 to `OUTPUTS` of the embedding."""
    model = PatchNet()
    shipped_weights(models / "patches.tflite", model)
    _frozen(model)
    return model
