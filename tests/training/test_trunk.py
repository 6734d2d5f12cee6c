"""The trunk: sizes of its features, the layout of the stored weights; grey is three equal colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="training needs PyTorch, which the kiosk does not have")

import torch

from models.training.trunk import Trunk, convolutions, imagenet_trunk


def stored_trunk(path: Path, trunk: Trunk | None = None) -> Path:
    """The weights of `trunk` (random ones) as the teacher's file holds them."""
    trunk = trunk or Trunk(3)
    arrays: dict[str, NDArray[np.float32]] = {}
    kinds = []
    for number, conv in enumerate(convolutions(trunk)):
        deep = conv.groups > 1
        kinds.append(f"{'DEPTHWISE_CONV_2D' if deep else 'CONV_2D'}:{conv.stride[0]}")
        weight = conv.weight.detach().permute((1, 2, 3, 0) if deep else (0, 2, 3, 1))
        arrays[f"w{number}"] = weight.numpy()
        assert conv.bias is not None
        arrays[f"b{number}"] = conv.bias.detach().numpy()
    np.savez(path, ops=np.array(kinds), **arrays)  # type: ignore[arg-type]
    return path


def test_features_have_the_strides_that_their_names_say() -> None:
    seen = Trunk(1, top=True).eval()(torch.zeros(1, 1, 160, 192))
    assert seen.at_8.shape == (1, 32, 20, 24)
    assert seen.at_16.shape == (1, 96, 10, 12)
    assert seen.at_32.shape == (1, 320, 5, 6)
    assert seen.top.shape == (1, 1280, 5, 6)


def test_a_grey_picture_gives_what_its_three_equal_colours_gave(tmp_path: Path) -> None:
    torch.manual_seed(0)
    colour = Trunk(3).eval()
    path = stored_trunk(tmp_path / "trunk.npz", colour)
    grey = torch.rand(1, 1, 64, 96) * 2 - 1
    with torch.no_grad():
        seen = imagenet_trunk(path, 1).eval()(grey).at_32
        wanted = colour(grey.repeat(1, 3, 1, 1)).at_32
    assert float(wanted.abs().max()) > 0
    torch.testing.assert_close(seen, wanted, atol=1e-4, rtol=1e-4)


def test_another_network_s_weights_are_refused(tmp_path: Path) -> None:
    trunk = Trunk(3)
    trunk.blocks[3] = Trunk(3).blocks[5]
    with pytest.raises(ValueError, match="no MobileNetV2"):
        imagenet_trunk(stored_trunk(tmp_path / "trunk.npz", trunk), 1)
