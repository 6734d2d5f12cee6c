"""The labelled faces that finder and check are judged on together, as they lie in the data folder.

One case is one face in one picture: crops and identities hold one, photos those that were looked at by eye
(`find/labels.csv`). What covers a face is the manifest's word, corrected by `check/labels.csv`. Which
pictures may be judged depends on what the networks learnt from: `Split` says it.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box
from edge.vision.face.align import frame_of
from edge.vision.face.check import COVERS, LABELS
from models.training.check.data import class_of, pose_of, read_corrections
from models.training.common import part
from models.training.files import must_read

Grey = NDArray[np.uint8]
"""Height x width, 0 to 255."""
Pose = tuple[float, float]
"""Yaw and pitch in degrees."""

FIND_LABELS: Final = Path(__file__).parents[1] / "find" / "labels.csv"
NEVER_LEARNT: Final = ("ElisonSherton", "bonic-projects", "jomariya23156")
"""Sources that no run learns from."""
FRONTAL_DEG: Final = 25.0
"""Yaw and pitch of the teacher's landmarks below which a bare face must not be called turned."""
_MESH_SURE: Final = 3.0
"""Logit of the mesh network from which on its mesh is believed, as in `check.mesh`."""
_TO_CLASS: Final = {"uncovered": "bare", "face": "skip", "ignore": "skip"}
_CROP_MARGIN: Final = 0.19
"""Share of a crop on each side of a face without a box of its own."""


@dataclass(frozen=True)
class Case:
    """One face. `label` is the check's class; `marks` 5 x 2 pixels of the teacher, None where it saw none;
    `mesh_deg` is the pose by a mesh of points in space, where one was laid on it."""

    path: Path
    box: Box
    label: str
    marks: NDArray[np.float64] | None
    kind: str
    sub: str
    source: str
    group: str
    person: str
    mesh_deg: Pose | None = None

    @property
    def covered(self) -> bool:
        """Whether it counts as covered where a site says nothing else."""
        return self.label in COVERS

    @property
    def owner(self) -> str:
        """The source's owner, by which the cards name it."""
        return self.source.split("/", 1)[0]

    @property
    def name(self) -> str:
        """Unlike every other face of the folder."""
        return f"{self.path.parent.name}/{self.path.name}@{self.box[0]:.0f},{self.box[1]:.0f}"

    @cached_property
    def grey(self) -> Grey:
        """The picture."""
        return must_read(self.path, cv2.IMREAD_GRAYSCALE)

    @cached_property
    def pose_deg(self) -> Pose | None:
        """Yaw and pitch by the mesh, or else by the teacher's landmarks turned upright; None without both."""
        if self.mesh_deg is not None or self.marks is None:
            return self.mesh_deg
        x, y = (self.marks[:, 0], self.marks[:, 1])
        a = [(float(p), float(q)) for p, q in zip(x, y, strict=True)]
        roll = frame_of(self.box, (a[0], a[1], a[2], a[3], a[4])).roll_rad
        c, s = np.cos(roll), np.sin(roll)
        return pose_of(np.stack([c * x + s * y, c * y - s * x], axis=1))

    @property
    def frontal(self) -> bool:
        """Whether the teacher sees it from ahead; no where it saw nothing."""
        return self.pose_deg is not None and max(map(abs, self.pose_deg)) < FRONTAL_DEG


@dataclass(frozen=True)
class Split:
    """What may be judged: whole sources (`only`), or groups that no run of the shipped files learnt from.

    The check learns from all but the test groups, so these alone are new to both networks. `whole` names
    sources of which every picture is new to the judged files. `part` of the groups: as in `common.part`.
    """

    only: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    part: str = "test"

    def has(self, owner: str, group: str) -> bool:
        """Whether a picture of this source and group is new to the networks."""
        if self.only:
            return owner in self.only
        if self.part != "test":
            return owner not in NEVER_LEARNT and part(group) == self.part
        return owner in NEVER_LEARNT or owner in self.whole or part(group) == "test"


def cases(
    data: Path,
    split: Split,
    kinds: Collection[str] = ("crop", "identity", "photo"),
    poses: Mapping[str, Pose] | None = None,
) -> list[Case]:
    """Every labelled face of the split, in the manifest's order. `poses`: see `mesh_poses`."""
    corrections = read_corrections()
    boxed = _boxed()
    found = []
    with (data / "faces" / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] in kinds and split.has(row["source"].split("/", 1)[0], row["group"]):
                found += [
                    replace(case, mesh_deg=(poses or {}).get(row["path"]) if case.kind != "photo" else None)
                    for case in _of_row(data / "faces", row, corrections, boxed)
                ]
    return found


def mesh_poses(cache: Path) -> dict[str, Pose]:
    """Path in the faces' folder to pose, for crops and portraits with a mesh of which `check.mesh` is sure.

    Empty where the cache of the check's training has no meshes.
    """
    if not (cache / "mesh.npz").exists():
        return {}
    with np.load(cache / "mesh.npz") as meshes, np.load(cache / "faces.npz") as faces:
        sure = (meshes["score"] > _MESH_SURE) & (faces["kind"] != "photo")
        paths, poses = faces["path"][sure], meshes["pose"][sure]
    return {str(path): (float(yaw), float(pitch)) for path, (yaw, pitch) in zip(paths, poses, strict=True)}


def _of_row(
    folder: Path,
    row: dict[str, str],
    corrections: dict[tuple[str, int], str],
    boxed: dict[str, list[tuple[Box, str]]],
) -> Iterator[Case]:
    path = folder / row["path"]

    def case(box: Box, label: str, marks: NDArray[np.float64] | None) -> Case:
        source, group, person = row["source"], row["group"], row["person"]
        return Case(path, box, label, marks, row["kind"], row["sub"], source, group, person)

    if row["kind"] == "photo":
        for box, name in boxed.get(row["path"], ()):
            label = _TO_CLASS.get(name) or class_of({**row, "sub": ""}, name)
            if label in LABELS:
                yield case(box, label, None)
        return
    label = corrections.get((row["path"], 0)) or class_of(row, row["label"])
    if label not in LABELS:
        return
    numbers = json.loads(row["landmarks"] or "[]")
    marks = np.array(numbers, np.float64).reshape(5, 2) if len(numbers) == 10 else None
    boxes = json.loads(row["boxes"] or "[]")
    if boxes:
        x, y, w, h = (float(v) for v in boxes[0][:4])
    else:
        height, width = must_read(path, cv2.IMREAD_GRAYSCALE).shape
        x, y = _CROP_MARGIN * width, _CROP_MARGIN * height
        w, h = width - 2 * x, height - 2 * y
    yield case((x, y, w, h), label, marks)


def _boxed() -> dict[str, list[tuple[Box, str]]]:
    boxes: dict[str, list[tuple[Box, str]]] = {}
    with FIND_LABELS.open(newline="") as file:
        for line in csv.DictReader(file):
            box = (float(line["x"]), float(line["y"]), float(line["w"]), float(line["h"]))
            boxes.setdefault(line["path"], []).append((box, line["label"]))
    return boxes


def at_most(among: Sequence[Case], most: int) -> list[Case]:
    """At most so many of each source and cover, chosen by a hash of their names: the same in every run."""
    cells: dict[tuple[str, str, bool], list[Case]] = {}
    for case in sorted(among, key=lambda c: hashlib.sha256(c.name.encode()).digest()):
        cells.setdefault((case.owner, case.kind, case.covered), []).append(case)
    return [case for cell in cells.values() for case in cell[:most]]


def sample(among: Sequence[Case], most: int, seed: int = 1) -> list[Case]:
    """At most so many, each kind of cover and each source by the root of its number: seeded."""
    if len(among) <= most:
        return list(among)
    cells = Counter((c.owner, c.label) for c in among)
    weights = np.array([1.0 / np.sqrt(cells[c.owner, c.label]) for c in among])
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(among), most, replace=False, p=weights / weights.sum())
    return [among[i] for i in sorted(chosen)]
