"""Gathers cuts that show no face: what the finder took for one, tools, rooms, parts of faces, drawn sockets.

    python -m models.training.check.others --data ../shared/data --cache CACHE --models models

With these the check learns its output `face`: whether a cut shows a face, bare or covered, or anything else.
What a finder finds in pictures of things may be a face all the same: where the teacher's finder sees one, or
a person's head is marked, nothing is taken.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.vision.face.align import Frame, frame_of, matrix_of
from edge.vision.face.find import Finder
from models.training.check.canvas import Cut, Rng
from models.training.check.data import CACHE_EXTENT, CACHE_PX
from models.training.check.sockets import drawn_thing
from models.training.files import read_picture

LOOSE = 0.3
"""Score from which on what the finder finds is taken."""

TASKS = ("tool", "object", "cutout")
"""Scene pictures of things; every negative counts as well, but for crops round a person."""

MOST = 160
"""Larger pictures than twice this are made smaller: parts of faces need no more."""

DRAWN = 3200
"""How many sockets and the like are drawn."""

Box = tuple[float, float, float, float]
"""Left, top, width, height in pixels."""


@dataclass(frozen=True)
class Others:
    """Cuts (n, 160, 160, 3) as in the cache, their source and group, and where each comes from."""

    cuts: NDArray[np.uint8]
    source: NDArray[np.str_]
    group: NDArray[np.str_]
    what: NDArray[np.str_]


def load_others(folder: Path) -> Others:
    """What is no face, of a cache's folder; the cuts are memory-mapped."""
    with np.load(folder / "others.npz") as stored:
        rest = {name: stored[name] for name in stored.files}
    return Others(cuts=np.load(folder / "others.npy", mmap_mode="r"), **rest)


def _cut(picture: Cut, frame: Frame) -> Cut:
    m = matrix_of(frame, CACHE_PX, CACHE_EXTENT)
    size = (CACHE_PX, CACHE_PX)
    return np.asarray(cv2.warpAffine(picture, m, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _over(box: Box, other: Box) -> float:
    """Share of the smaller of two boxes that both hold."""
    wide = min(box[0] + box[2], other[0] + other[2]) - max(box[0], other[0])
    high = min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1])
    least = max(1e-6, min(box[2] * box[3], other[2] * other[3]))
    return max(0.0, wide) * max(0.0, high) / least


class Heads:
    """Where heads may be in a picture: what the teacher's finder sees there, plain and enlarged."""

    def __init__(self, path: Path) -> None:
        self._finder = cv2.FaceDetectorYN.create(str(path), "", (320, 320), 0.25, 0.3, 50)

    def __call__(self, picture: Cut) -> list[Box]:
        found: list[Box] = []
        for scale in (1.0, 2.0):
            seen = cv2.resize(picture, None, fx=scale, fy=scale)
            self._finder.setInputSize((seen.shape[1], seen.shape[0]))
            rows: object = self._finder.detect(seen)[1]
            for row in np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32):
                x, y, w, h = (float(v) / scale for v in row[:4])
                found.append((x - 0.2 * w, y - 0.2 * h, 1.4 * w, 1.4 * h))
        return found


def _anywhere(picture: Cut, rng: Rng) -> Box:
    high, wide = picture.shape[:2]
    side = float(np.exp(rng.uniform(np.log(14), np.log(max(16, 0.8 * min(high, wide))))))
    return float(rng.uniform(0, wide - side)), float(rng.uniform(0, high - side)), side, side * 1.2


def _framed(box: Box, rng: Rng) -> Frame:
    frame = frame_of(box, None)
    return Frame(frame.x, frame.y, frame.size, float(np.radians(rng.normal(0, 12))))


def of_things(
    picture: Cut, finder: Finder, banned: list[Box], boxes: list[Box], rng: Rng
) -> Iterator[tuple[str, Cut]]:
    """From a picture without a face: the finder's false finds, named things, some places at random."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)

    def free(box: Box) -> bool:
        return all(_over(box, other) < 0.1 for other in banned)

    for found in finder.candidates(grey, LOOSE)[:4]:
        if free(found.box):
            yield "found", _cut(picture, frame_of(found.box, found.landmarks))
    for box in boxes[:3]:
        if free(box):
            yield "thing", _cut(picture, _framed(box, rng))
    box = _anywhere(picture, rng)
    if free(box):
        yield "anywhere", _cut(picture, _framed(box, rng))


def of_faces(picture: Cut, face: Box, rng: Rng) -> Iterator[tuple[str, Cut]]:
    """From a picture with a face: a place beside it, a part of it, or far too much round it."""
    x, y, w, h = face
    roll = rng.random()
    if roll < 0.4:
        size = float(rng.uniform(0.2, 0.38))
        at = (x + w * rng.uniform(0.05, 0.95), y + h * rng.uniform(0.05, 0.95))
        box = (at[0] - w * size / 2, at[1] - h * size / 2, w * size, h * size)
        yield "part", _cut(picture, _framed(box, rng))
    elif roll < 0.8:
        angle, grow = rng.uniform(0, 2 * np.pi), float(np.exp(rng.normal(0, 0.3)))
        far = rng.uniform(0.85, 1.3) * (1 + grow) / 2
        at = (x + w / 2 + far * w * np.cos(angle), y + h / 2 + far * h * np.sin(angle))
        inside = 0 < at[0] < picture.shape[1] and 0 < at[1] < picture.shape[0]
        if inside:
            box = (float(at[0] - w * grow / 2), float(at[1] - h * grow / 2), w * grow, h * grow)
            yield "beside", _cut(picture, _framed(box, rng))
    else:
        grow = float(rng.uniform(2.8, 4.5))
        at = (x + w * rng.uniform(0.1, 0.9), y + h * rng.uniform(0.1, 0.9))
        yield (
            "around",
            _cut(picture, _framed((at[0] - w * grow / 2, at[1] - h * grow / 2, w * grow, h * grow), rng)),
        )


def _rows(data: Path, part: str) -> list[dict[str, str]]:
    with (data / part / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _shrunk(picture: Cut, most: int) -> tuple[Cut, float]:
    scale = min(1.0, most / max(picture.shape[:2]))
    return np.asarray(
        cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
    ), scale


def _scene_rows(data: Path) -> Iterator[tuple[dict[str, str], list[Box], list[Box]]]:
    """Pictures of things with the boxes of things and of persons' heads, as shares of the picture."""
    marked = json.loads((data / "scene" / "boxes.json").read_text())
    for row in _rows(data, "scene"):
        negative = row["kind"] == "negative" and row["task"] == "object"
        if not negative and not (row["kind"] == "image" and row["task"] in TASKS):
            continue
        things: list[Box] = []
        heads: list[Box] = []
        for entry in marked.get(row["path"], []):
            x0, y0, x1, y1 = (float(v) for v in entry["b"])
            if entry["c"] == "person":
                heads.append((x0, y0, x1 - x0, 0.45 * (y1 - y0)))
            elif entry["c"] not in ("face_cover", "helmet"):
                things.append((x0, y0, x1 - x0, y1 - y0))
            else:
                heads.append((x0, y0, x1 - x0, y1 - y0))
        yield row, things, heads


def gather(data: Path, finder: Finder, heads: Heads, rng: Rng) -> Iterator[tuple[str, str, str, Cut]]:
    """What is no face: its kind, source, group and cut."""
    rows = _rows(data, "faces")
    for row in tqdm([r for r in rows if r["kind"] == "negative"], desc="rooms", mininterval=10):
        picture = read_picture(data / "faces" / row["path"])
        if picture is not None:
            for _ in range(2):
                for what, cut in of_things(picture, finder, heads(picture), [], rng):
                    yield what, row["source"], row["group"], cut
    for row, things, persons in tqdm(list(_scene_rows(data)), desc="things", mininterval=10):
        picture = read_picture(data / "scene" / row["path"])
        if picture is None:
            continue
        picture, _ = _shrunk(picture, 2 * MOST)
        high, wide = picture.shape[:2]
        scaled = [
            [(b[0] * wide, b[1] * high, b[2] * wide, b[3] * high) for b in of] for of in (things, persons)
        ]
        banned = scaled[1] + heads(picture)
        for what, cut in of_things(picture, finder, banned, scaled[0], rng):
            yield what, row["source"], row["group"], cut
    with_faces = [
        r for r in rows if r["kind"] in ("photo", "identity", "crop") and json.loads(r["boxes"] or "[]")
    ]
    for k in tqdm(rng.permutation(len(with_faces))[:5200], desc="beside", mininterval=10):
        row = with_faces[k]
        picture = read_picture(data / "faces" / row["path"])
        boxes = json.loads(row["boxes"])
        if picture is None or max(b[2] for b in boxes) < 28:
            continue
        box = max(boxes, key=lambda b: float(b[2]))
        face = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
        if row["kind"] == "photo" and len(boxes) > 1:
            continue
        for what, cut in of_faces(picture, face, rng):
            yield what, row["source"], row["group"], cut


def main() -> None:
    """Gathers and draws."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"), help="with the face finder")
    parser.add_argument("--teacher", type=Path, default=Path("../shared/data/teachers/yunet_2023mar.onnx"))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(args.seed)
    found = list(gather(args.data, Finder(args.models), Heads(args.teacher), rng))
    scenes = np.load(args.cache / "scenes.npy")
    found += [("drawn", "drawn", f"drawn{i}", drawn_thing(rng, scenes)) for i in range(DRAWN)]
    np.save(args.cache / "others.npy", np.stack([cut for *_, cut in found]))
    columns = {"what": 0, "source": 1, "group": 2}
    named = {name: np.array([str(row[at]) for row in found]) for name, at in columns.items()}
    np.savez(args.cache / "others.npz", **named)
    for what, n in zip(*np.unique(named["what"], return_counts=True), strict=True):
        print(f"{what:10s} {n:6d}")


if __name__ == "__main__":
    main()
