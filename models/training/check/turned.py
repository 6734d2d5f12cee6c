"""Turns cached faces in space, so that profiles and nods, bare and covered, are seen in number with known
angles.

    python -m models.training.check.turned --cache CACHE [--pictures FOLDER]

The mesh (`check.mesh`) gives every pixel of a head its depth; the head is turned about its own middle and
seen again, nearer pixels before farther ones, before what lies behind it (after Zhu et al., Face alignment
across large poses, 2016). Masks and glasses turn along, real ones and those that the pool drew. A teacher's
finder then says how the kiosk would cut the new face out. `--pictures` also keeps whole pictures with boxes
and landmarks, for a finder to learn from.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.vision.face.align import Landmarks, frame_of, matrix_of
from models.training.check.canvas import Cut, Rng
from models.training.check.data import CACHE_EXTENT, CACHE_PX, Cache, load
from models.training.check.mesh import Meshes, load_meshes
from models.training.check.pool import Pool, load_pool
from models.training.check.space import Mesh, box_of, looks, marks_of, turn_of, turn_to, turned
from models.training.files import new_array

FRONTAL_DEG = (30.0, 24.0)
"""Yaw and pitch up to which a picture shows enough of both sides to be turned."""

MOST_TURN_DEG = (70.0, 45.0)
"""How far a face is turned from its picture, in yaw and pitch; beyond it is guessed more than seen."""

PLAN = {"bare": 2600, "covered": 2200, "pool": 2400}
"""How many are made of real bare faces, of real covered ones, and of composed ones."""


class Joined:
    """Several files of cuts as one."""

    def __init__(self, parts: Sequence[NDArray[np.uint8]]) -> None:
        self._parts = parts
        self._ends = np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, i: int) -> NDArray[np.uint8]:
        part = int(np.searchsorted(self._ends, i, side="right"))
        return np.asarray(self._parts[part][i - self._ends[part]])


@dataclass(frozen=True)
class Turned:
    """Cuts as in the cache, the cached face under each, a donor's index or -1, class, yaw and pitch in
    degrees,
    whether the teacher's finder found it, and of what it was made."""

    cuts: Joined
    base: NDArray[np.int64]
    donor: NDArray[np.int64]
    label: NDArray[np.int64]
    pose: NDArray[np.float64]
    found: NDArray[np.bool_]
    what: NDArray[np.str_]


def load_turned(folder: Path) -> Turned:
    """The turned faces in a cache's folder, and the halves that a finder framed; cuts are memory-mapped."""
    parts = ("turned", "refound")
    stored = [np.load(folder / f"{part}.npz") for part in parts]
    rest = {name: np.concatenate([s[name] for s in stored]) for name in stored[0].files}
    return Turned(Joined([np.load(folder / f"{part}.npy", mmap_mode="r") for part in parts]), **rest)


def drawn_angles(rng: Rng) -> tuple[float, float]:
    """Yaw and pitch that a face is to have: mostly one of them large."""
    roll = rng.random()
    if roll < 0.42:
        return float(rng.choice([-1, 1]) * rng.uniform(15, 75)), float(rng.normal(0, 8))
    if roll < 0.82:
        return float(rng.normal(0, 12)), float(rng.choice([-1, 1]) * rng.uniform(12, 52))
    return float(rng.choice([-1, 1]) * rng.uniform(10, 55)), float(rng.choice([-1, 1]) * rng.uniform(10, 40))


def found_in(
    picture: Cut, mesh: Mesh, finder: cv2.FaceDetectorYN
) -> tuple[tuple[float, float, float, float], NDArray[np.float64], bool]:
    """Box and landmarks as the teacher's finder gives them for a turned face, else those of its mesh."""
    rows: object = finder.detect(picture)[1]
    middle = mesh[:, :2].mean(0)
    for row in np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32):
        x, y, w, h = (float(v) for v in row[:4])
        if x < middle[0] < x + w and y < middle[1] < y + h:
            return (x, y, w, h), row[4:14].reshape(5, 2).astype(np.float64), True
    return box_of(mesh), marks_of(mesh), False


def _jobs(cache: Cache, meshes: Meshes, pool: Pool, rng: Rng, scale: float) -> list[tuple[str, int]]:
    """What is turned: real faces by their place in the cache, composed ones by theirs in the pool."""
    usable = meshes.sure & (np.abs(meshes.pose) < FRONTAL_DEG).all(1) & (cache.size >= 45)
    sets = {
        "bare": np.flatnonzero(usable & ~cache.covered),
        "covered": np.flatnonzero(usable & cache.covered),
        "pool": np.flatnonzero(usable[pool.base]),
    }
    jobs: list[tuple[str, int]] = []
    for name, chosen in sets.items():
        n = int(PLAN[name] * scale)
        weight = np.ones(len(chosen))
        if name != "pool":
            _, where, counts = np.unique(cache.source[chosen], return_inverse=True, return_counts=True)
            weight = 1.0 / np.sqrt(counts[where])
        picked = rng.choice(chosen, n, p=weight / weight.sum()) if len(chosen) else chosen
        jobs += [(name, int(i)) for i in picked]
    return jobs


def main() -> None:
    """Makes the turned faces."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, default=Path("../shared/data/teachers/yunet_2023mar.onnx"))
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the planned numbers")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    cache, meshes, pool = load(args.cache), load_meshes(args.cache), load_pool(args.cache)
    scenes = np.load(args.cache / "scenes.npy")
    finder = cv2.FaceDetectorYN.create(str(args.teacher), "", (CACHE_PX, CACHE_PX), 0.3, 0.3, 10)
    rng = np.random.default_rng(args.seed)
    jobs = _jobs(cache, meshes, pool, rng, args.scale)
    size = (len(jobs), CACHE_PX, CACHE_PX, 3)
    cuts = new_array(args.cache / "turned.npy", np.uint8, size)
    whole = None
    if args.pictures:
        args.pictures.mkdir(parents=True, exist_ok=True)
        whole = new_array(args.pictures / "pictures.npy", np.uint8, size)
    rows: dict[str, list[object]] = {name: [] for name in ("base", "donor", "label", "pose", "found")}
    shown: dict[str, list[object]] = {name: [] for name in ("box", "marks", "asked")}
    for k, (name, i) in enumerate(tqdm(jobs, desc="turn", mininterval=10)):
        base = int(pool.base[i]) if name == "pool" else i
        mesh = meshes.points[base].astype(np.float32)
        before = turn_of(mesh, meshes.mean)
        yaw, pitch = drawn_angles(rng)
        was = looks(before)
        yaw = float(np.clip(yaw, was[0] - MOST_TURN_DEG[0], was[0] + MOST_TURN_DEG[0]))
        pitch = float(np.clip(pitch, was[1] - MOST_TURN_DEG[1], was[1] + MOST_TURN_DEG[1]))
        after = turn_to(yaw, pitch)
        source = np.asarray(pool.cuts[i] if name == "pool" else cache.cuts[i])
        picture, moved = turned(source, mesh, after @ before.T, rng, scenes)
        box, points, found = found_in(picture, moved, finder)
        x0, y0 = max(0.0, box[0]), max(0.0, box[1])
        x1, y1 = min(float(CACHE_PX), box[0] + box[2]), min(float(CACHE_PX), box[1] + box[3])
        marks = [(float(x), float(y)) for x, y in points]
        landmarks: Landmarks = (marks[0], marks[1], marks[2], marks[3], marks[4])
        frame = frame_of((x0, y0, x1 - x0, y1 - y0), landmarks)
        m = matrix_of(frame, CACHE_PX, CACHE_EXTENT)
        cuts[k] = cv2.warpAffine(picture, m, (CACHE_PX, CACHE_PX), borderMode=cv2.BORDER_REPLICATE)
        c, s = np.cos(frame.roll_rad), np.sin(frame.roll_rad)
        upright = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]])
        rows["base"].append(base)
        rows["donor"].append(int(pool.donor[i]) if name == "pool" else -1)
        rows["label"].append(int(pool.label[i] if name == "pool" else cache.label[i]))
        rows["pose"].append(looks(upright @ after))
        rows["found"].append(found)
        if whole is not None:
            whole[k] = picture
            shown["box"].append(box)
            shown["marks"].append(marks_of(moved))
            shown["asked"].append((yaw, pitch))
    np.savez(args.cache / "turned.npz", what=np.array([name for name, _ in jobs]), **_arrays(rows))
    if args.pictures:
        bases = np.array(rows["base"], np.int64)
        about: dict[str, NDArray[np.generic]] = {"source": cache.source[bases], "group": cache.group[bases]}
        about |= {"covered": np.array(rows["label"]), "found": np.array(rows["found"])}
        np.savez(args.pictures / "pictures.npz", **about, **_arrays(shown))
    print(f"{len(jobs)} faces turned, {np.mean(np.array(rows['found'])):.3f} of them found by the teacher")


def _arrays(rows: dict[str, list[object]]) -> dict[str, NDArray[np.generic]]:
    return {name: np.array(values) for name, values in rows.items()}


if __name__ == "__main__":
    main()
