"""The fight teacher: a video network on sixteen colour pictures, far too heavy for the kiosk; a peer only.

    python -m models.training.fight.teacher --data ../shared/data --cache CACHE

`teachers/mc3_18_fight_fp16.npz`: mixed 3D and 2D convolutions (Tran et al., A closer look at spatiotemporal
convolutions for action recognition, 2018), first taught Kinetics, then on the very clips of the data folder's
`fight`. So its figure on them is no test, and it never labels what is judged.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from models.training.common import show_rate

SIDE_PX = 112
FRAMES = 16
_MEAN = (0.43216, 0.394666, 0.37645)
_DEVIATION = (0.22803, 0.22145, 0.216989)


def _layer(inputs: int, outputs: int, stride: int, temporal: bool) -> nn.Sequential:
    kernel = (3, 3, 3) if temporal else (1, 3, 3)
    padding = (1, 1, 1) if temporal else (0, 1, 1)
    strides = (1, stride, stride)
    conv = nn.Conv3d(inputs, outputs, kernel, strides, padding, bias=False)
    return nn.Sequential(conv, nn.BatchNorm3d(outputs))


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, temporal: bool) -> None:
        super().__init__()
        self.conv1 = _layer(inputs, outputs, stride, temporal)
        self.conv2 = _layer(outputs, outputs, 1, temporal)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            conv = nn.Conv3d(inputs, outputs, 1, (1, stride, stride), bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm3d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.conv2(functional.relu(self.conv1(x)))
        added: torch.Tensor = functional.relu(out + self.downsample(x))
        return added


class Teacher(nn.Module):
    """N x 3 x 16 x 112 x 112, normalised, to N x 2 (fight, no fight)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        stem = nn.Conv3d(3, 64, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False)
        self.stem = nn.Sequential(stem, nn.BatchNorm3d(64))
        widths, inputs = (64, 128, 256, 512), 64
        for number, width in enumerate(widths, start=1):
            stride, temporal = (1, True) if number == 1 else (2, False)
            blocks = (_Block(inputs, width, stride, temporal), _Block(width, width, 1, temporal))
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
            inputs = width
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.stem(x))
        for number in range(1, 5):
            x = getattr(self, f"layer{number}")(x)
        out: torch.Tensor = self.fc(x.mean((2, 3, 4)))
        return out


def load_teacher(path: Path) -> Teacher:
    """The teacher with its weights, for looking only."""
    with np.load(path) as stored:
        state = {k: torch.tensor(stored[k].astype(np.float32)) for k in stored.files}
    state = {k: v for k, v in state.items() if "num_batches" not in k}
    net = Teacher(classes=state["fc.weight"].shape[0])
    net.load_state_dict(state, strict=False)
    return net.eval()


def fight_log_odds(net: Teacher, clip: Path) -> float:
    """What it says of a clip of ten frames a second, by sixteen pictures spread over it."""
    film = cv2.VideoCapture(str(clip))
    frames: list[NDArray[np.uint8]] = []
    while True:
        ok, picture = film.read()
        if not ok:
            break
        colour = cv2.cvtColor(cv2.resize(picture, (SIDE_PX, SIDE_PX)), cv2.COLOR_BGR2RGB)
        frames.append(np.asarray(colour, dtype=np.uint8))
    chosen = np.stack([frames[i] for i in np.linspace(0, len(frames) - 1, FRAMES).round().astype(int)])
    x = (chosen.astype(np.float32) / 255.0 - np.array(_MEAN, np.float32)) / np.array(_DEVIATION, np.float32)
    with torch.no_grad():
        two = net(torch.from_numpy(x.astype(np.float32)).permute(3, 0, 1, 2)[None])[0]
    return float(two[0] - two[1])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description="What the teacher says of every clip, into CACHE/teacher.npz."
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    net = load_teacher(arguments.data / "teachers" / "mc3_18_fight_fp16.npz")
    said = {}
    paths = [row["path"] for row in json.loads((arguments.cache / "clips.json").read_text())]
    for number, path in enumerate(paths):
        said[path] = fight_log_odds(net, arguments.data / "scene" / path)
        show_rate(number + 1, len(paths), "clips")
    np.savez(arguments.cache / "teacher.npz", **said)
    print()


if __name__ == "__main__":
    main()
