"""Every picture with people in it, or without: grey, boxes, and how far its labels can be trusted.

What a row of the manifests promises is narrower than it looks, and `Picture` says it: `whole` that nobody
stands outside the boxes, `heads` that every head is boxed, `somebody` and `several` None where nobody knows.
`labels.csv` holds what was looked at by eye: pictures that show people without a box, pictures that are
empty, pictures that are neither for sure (`unclear`: not used) and frames of one person counted as two.
"""

from __future__ import annotations

import argparse
import csv
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey, read_faces, show_rate
from models.training.files import read_picture
from models.training.scene.teachers import HeadProposer, PersonProposer

PERSON, HEAD, BAG, HEAD_SPOT = 0, 1, 2, 3
"""HEAD_SPOT: a head is in the middle of the box, whose size says nothing."""
LARGEST_PX = 288
"""Longer side of a cached picture; the network sees 192."""

FORM = 4
"""Of the cache's files."""

_CABINS = "atm"
_BAGS = frozenset({"handbag", "backpack", "suitcase"})
_FRAMES = {"fight": 2, "fall": 6, "normal": 8, "weapon_clip": 4, "left_bag": 6}
"""Frames cached of a clip of each task, evenly spaced."""

_SURE = 0.5
"""Score of the proposed person from which a frame of a clip shows somebody."""

_DOUBT = 0.25
"""Score of a proposed person from which a picture's boxes may not be all."""

_HEAD_SURE, _SURE_ALONE = 0.55, 0.7
"""Score of a proposed head inside a person's box, and where no box is known."""

Boxes = NDArray[np.float32]
"""n x 4: left, top, right, bottom in pixels."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture and what is known of it; `kinds` (n,) are PERSON, HEAD or BAG, in the order of `boxes`."""

    grey: Grey
    boxes: Boxes
    kinds: NDArray[np.int8]
    somebody: bool | None
    several: bool | None
    whole: bool
    heads: bool
    about: str
    group: str
    source: str
    path: str


@dataclass(frozen=True, slots=True)
class _Box:
    kind: int
    corners: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Row:
    """What the manifests say of one picture, before it is opened."""

    path: str
    task: str
    labels: tuple[str, ...]
    group: str
    source: str
    boxes: tuple[_Box, ...]


def read_labels() -> dict[str, str]:
    """Path under the data folder -> person, empty, one or unclear, as seen by eye."""
    with Path(__file__).with_name("labels.csv").open(newline="") as file:
        return {line["path"]: line["label"] for line in csv.DictReader(file)}


def prepare(data: Path, cache: Path) -> list[Picture]:
    """Every usable picture, from the cache where there is one. FileNotFoundError without a manifest."""
    file = cache / f"scene-{FORM}.npz"
    if not file.exists():
        pictures = list(_pictures(data))
        if not pictures:
            raise SystemExit(f"{data} has no picture that says whether somebody is in it")
        cache.mkdir(parents=True, exist_ok=True)
        _store(file, pictures)
    return _restore(file)


def _pictures(data: Path) -> Iterator[Picture]:
    labels = read_labels()
    persons, heads = PersonProposer(data / "teachers"), HeadProposer(data / "teachers")
    rows = list(_scene_rows(data))
    for number, row in enumerate(rows):
        show_rate(number + 1, len(rows), "scene pictures")
        grey = _open(data / row.path)
        if grey is None:
            continue
        made = _of_row(row, grey, labels.get(row.path, ""), heads, persons)
        if made is not None:
            yield made
    yield from _faces(data, labels)
    yield from _clips(data, persons, heads)


def _scene_rows(data: Path) -> Iterator[_Row]:
    folder = data / "scene"
    boxes: dict[str, list[dict[str, object]]] = json.loads((folder / "boxes.json").read_text())
    with (folder / "manifest.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            if line["kind"] == "clip" or line["task"] in ("weapon_crop", "cutout"):
                continue
            found = tuple(b for b in map(_box, boxes.get(line["path"], [])) if b is not None)
            yield _Row(
                f"scene/{line['path']}",
                line["task"],
                tuple(line["labels"].split("|")),
                line["group"],
                line["source"],
                found,
            )


def _box(entry: dict[str, object]) -> _Box | None:
    name = str(entry["c"])
    kind = PERSON if name == "person" else BAG if name in _BAGS else None
    if kind is None:
        return None
    corners = entry["b"]
    assert isinstance(corners, list)
    left, top, right, bottom = (float(v) for v in corners)
    return _Box(kind, (left, top, right, bottom))


def _of_row(row: _Row, grey: Grey, seen: str, heads: HeadProposer, teacher: PersonProposer) -> Picture | None:
    """None where nothing sure is known."""
    if seen == "unclear":
        return None
    cabin = row.task == _CABINS
    persons = sum(b.kind == PERSON for b in row.boxes)
    missed = "person_missed_by_teacher" in row.labels
    if seen == "empty" or (cabin and "empty" in row.labels):
        return _picture(row, grey, row.boxes, somebody=False, about="empty")
    if seen not in ("person", "one") and not persons and not (cabin and missed):
        return None
    several: bool | None = None
    if cabin or row.task == "person":
        several = True if "several_persons" in row.labels else False if "one_person" in row.labels else None
    if seen == "one":
        several = False
    bodies = [b for b in row.boxes if b.kind == PERSON]
    # Another teacher, who would speak up at little, sees nobody outside the boxes.
    whole = not missed and seen == "" and bool(bodies)
    whole = whole and (cabin or not _unexplained(bodies, teacher, grey))
    about = "missed" if missed else "several" if several else "one" if several is False else "somebody"
    if seen == "person" and cabin:
        about, whole = "missed", False
    spots = [_Box(HEAD_SPOT, _fraction(b, grey)) for b in heads.propose(grey, _HEAD_SURE)]
    known = (*row.boxes, *(s for s in spots if any(_holds(b, s) for b in bodies)))
    return _picture(row, grey, known, somebody=True, several=several, whole=whole, about=about)


def _unexplained(bodies: Sequence[_Box], teacher: PersonProposer, grey: Grey) -> bool:
    """Whether the teacher sees anybody whose middle lies in none of the boxes; True without a teacher."""
    if not teacher.there:
        return True
    found = [
        _Box(PERSON, (float(x0), float(y0), float(x1), float(y1)))
        for x0, y0, x1, y1 in teacher.propose(grey, _DOUBT)
    ]
    return any(not any(_holds(body, f) for body in bodies) for f in found)


def _holds(body: _Box, spot: _Box) -> bool:
    """Whether the middle of `spot` lies in `body`."""
    x, y = (spot.corners[0] + spot.corners[2]) / 2, (spot.corners[1] + spot.corners[3]) / 2
    left, top, right, bottom = body.corners
    return left <= x <= right and top <= y <= bottom


def _fraction(box: NDArray[np.float32], grey: Grey) -> tuple[float, float, float, float]:
    height, width = grey.shape
    left, top, right, bottom = (float(v) for v in box)
    return left / width, top / height, right / width, bottom / height


def _picture(
    row: _Row,
    grey: Grey,
    boxes: tuple[_Box, ...],
    somebody: bool,
    several: bool | None = False,
    whole: bool = True,
    about: str = "",
) -> Picture:
    height, width = grey.shape
    corners = np.array([b.corners for b in boxes], np.float32).reshape(-1, 4)
    corners = corners * np.array([width, height, width, height], np.float32)
    kinds = np.array([b.kind for b in boxes], np.int8)
    if not somebody:
        corners, kinds = corners[kinds == BAG], kinds[kinds == BAG]
    name = f"cabin {about}" if row.task == _CABINS else about
    return Picture(
        grey, corners, kinds, somebody, several, whole, not somebody, name, row.group, row.source, row.path
    )


def _faces(data: Path, labels: dict[str, str]) -> Iterator[Picture]:
    """Photos of faces (heads; a person is under each), and what `labels.csv` says of the face-free ones."""
    if not (data / "faces" / "manifest.csv").exists():
        return
    for row in read_faces(data):
        path = f"faces/{row.path.relative_to(data / 'faces')}"
        seen = labels.get(path, "")
        if row.kind != "photo" and seen not in ("person", "empty"):
            continue
        opened = read_picture(row.path, cv2.IMREAD_GRAYSCALE)
        if opened is None:
            continue
        grey = _fitted(opened)
        k = grey.shape[1] / opened.shape[1]
        # A face's box ends at the brows and the chin; a head's is larger, most of all above.
        heads = [
            (b.x - 0.15 * b.w, b.y - 0.3 * b.h, b.x + 1.15 * b.w, b.y + 1.1 * b.h)
            for b in row.boxes
            if b.label != "ignore"
        ]
        boxes = np.array(heads, np.float32).reshape(-1, 4) * np.float32(k)
        kinds = np.full(len(boxes), HEAD, np.int8)
        somebody = bool(len(boxes)) or seen == "person"
        if not somebody and seen != "empty":
            continue
        several = True if len(row.boxes) > 1 else None
        yield Picture(
            grey,
            boxes,
            kinds,
            somebody,
            several if somebody else False,
            not somebody,
            not somebody,
            "faces" if row.kind == "photo" else "somebody" if somebody else "empty",
            row.group,
            row.source,
            path,
        )


def _clips(data: Path, persons: PersonProposer, heads: HeadProposer) -> Iterator[Picture]:
    """Frames of clips in which a teacher is sure of a person: somebody is there, where is not said."""
    if not persons.there:
        return
    with (data / "scene" / "manifest.csv").open(newline="") as file:
        lines = [x for x in csv.DictReader(file) if x["kind"] == "clip" and x["task"] in _FRAMES]
    for number, line in enumerate(lines):
        show_rate(number + 1, len(lines), "clips")
        for index, grey in enumerate(_frames(data / "scene" / line["path"], _FRAMES[line["task"]])):
            if persons.score(grey) < _SURE:
                continue
            boxes = heads.propose(grey, _SURE_ALONE)
            yield Picture(
                grey,
                boxes,
                np.full(len(boxes), HEAD_SPOT, np.int8),
                True,
                True if line["task"] == "fight" and "fight" in line["labels"].split("|") else None,
                False,
                False,
                f"clip {line['task']}",
                line["group"],
                line["source"],
                f"scene/{line['path']}#{index}",
            )


def _frames(path: Path, count: int) -> Iterator[Grey]:
    film = cv2.VideoCapture(str(path))
    total = int(film.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = set(np.linspace(0, max(0, total - 1), count + 2).astype(int)[1:-1].tolist())
    for number in range(total):
        if not film.grab():
            break
        if number in wanted:
            good, frame = film.retrieve()
            if good:
                yield _fitted(np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8))
    film.release()


def _open(path: Path) -> Grey | None:
    grey = read_picture(path, cv2.IMREAD_GRAYSCALE)
    return None if grey is None else _fitted(grey)


def _fitted(grey: NDArray[np.uint8]) -> Grey:
    """As large as `LARGEST_PX` allows."""
    k = LARGEST_PX / max(grey.shape)
    if k >= 1:
        return grey
    return np.asarray(cv2.resize(grey, None, fx=k, fy=k, interpolation=cv2.INTER_AREA), np.uint8)


def further(folders: Sequence[Path], rooms: Sequence[Picture], cache: Path, seed: int) -> list[Picture]:
    """Further things that are nobody: PNG and JPEG files under `folders`.

    What is transparent is filled twice: with a plain grey, and with a piece of a room.
    """
    if not folders:
        return []
    name = zlib.crc32("|".join(str(f.resolve()) for f in folders).encode())
    file = cache / f"further-{FORM}-{name:08x}.npz"
    if file.exists():
        return _restore(file)
    rng = np.random.default_rng(seed)
    paths = sorted(p for f in folders for p in f.rglob("*") if p.suffix.lower() in (".png", ".jpg", ".jpeg"))
    made: list[Picture] = []
    for number, path in enumerate(paths):
        show_rate(number + 1, len(paths), "further pictures")
        stored = read_picture(path, cv2.IMREAD_UNCHANGED)
        if stored is None or min(stored.shape[:2]) < 20:
            continue
        for grey in _filled(stored, rooms[int(rng.integers(len(rooms)))].grey, rng):
            none = np.zeros((0, 4), np.float32), np.zeros(0, np.int8)
            made.append(
                Picture(grey, *none, False, False, True, True, "further", str(path), "further", str(path))
            )
    _store(file, made)
    return made


def _filled(stored: NDArray[np.uint8], room: Grey, rng: np.random.Generator) -> Iterator[Grey]:
    """Grey, cut to what is not transparent; the rest a plain grey, then a room."""
    flat = stored if stored.ndim == 2 else cv2.cvtColor(stored[..., :3], cv2.COLOR_BGR2GRAY)
    grey: Grey = np.asarray(flat, np.uint8)
    if stored.ndim == 2 or stored.shape[2] < 4:
        yield _fitted(grey)
        return
    rows, columns = np.nonzero(stored[..., 3] > 20)
    if len(rows) < 500:
        return
    inner = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    cut = _fitted(np.ascontiguousarray(grey[inner]))
    alpha = _fitted(np.ascontiguousarray(stored[..., 3][inner]))
    share = alpha.astype(np.float32)[: cut.shape[0], : cut.shape[1]] / 255
    behind = cv2.resize(room, (cut.shape[1], cut.shape[0]), interpolation=cv2.INTER_AREA)
    for under in (np.full(cut.shape, rng.integers(0, 256), np.uint8), behind):
        yield (cut * share + under * (1 - share)).astype(np.uint8)


def _store(file: Path, pictures: list[Picture]) -> None:
    """One array of bytes, and words for each picture."""
    words = [
        {
            "size": p.grey.shape,
            "boxes": p.boxes.round(2).tolist(),
            "kinds": p.kinds.tolist(),
            "somebody": p.somebody,
            "several": p.several,
            "whole": p.whole,
            "heads": p.heads,
            "about": p.about,
            "group": p.group,
            "source": p.source,
            "path": p.path,
        }
        for p in pictures
    ]
    fresh = file.with_suffix(".new.npz")
    flat = np.concatenate([p.grey.ravel() for p in pictures])
    np.savez(fresh, flat=flat, words=np.frombuffer(json.dumps(words).encode(), np.uint8))
    fresh.replace(file)


def _restore(file: Path) -> list[Picture]:
    with np.load(file) as stored:
        flat: NDArray[np.uint8] = stored["flat"]
        words = json.loads(stored["words"].tobytes())
    pictures, at = [], 0
    for w in words:
        height, width = w.pop("size")
        grey = flat[at : at + height * width].reshape(height, width)
        at += height * width
        boxes = np.array(w.pop("boxes"), np.float32).reshape(-1, 4)
        pictures.append(Picture(grey, boxes, np.array(w.pop("kinds"), np.int8), **w))
    return pictures


def main() -> None:
    """Command line: makes the cache and counts what is in it."""
    parser = argparse.ArgumentParser(description="Read the pictures of the scene network into a cache")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/scene-cache"))
    arguments = parser.parse_args()
    counts: dict[tuple[str, str], int] = {}
    for picture in prepare(arguments.data, arguments.cache):
        key = (picture.source, picture.about)
        counts[key] = counts.get(key, 0) + 1
    for (source, about), count in sorted(counts.items()):
        print(f"{count:5d}  {about:16s} {source}")


if __name__ == "__main__":
    main()
