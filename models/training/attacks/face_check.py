"""The face check under attack: faces of groups that no run learnt from, bare and covered.

Spoiling happens to the source picture, and the face is cut out by the landmarks of the clean one, so that
the check alone is measured. Gradient attacks change the cut of 64 pixels itself, which nobody can do in front
of a lens: they bound what can be done in transport. One view, as in a frame of video.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge.terms.observation import Point
from edge.vision.face.align import SIZE_PX, Frame, Landmarks, align, frame_of, matrix_of, normalise
from edge.vision.face.check import COVERS, LABELS, log_odds, priors_of
from edge.vision.network import load
from models.training.attacks.counts import Count, Counts, Row
from models.training.attacks.gradient import (
    PGD_STEPS,
    RADII,
    Boxes,
    Greys,
    Objective,
    Printing,
    fgsm,
    learnt_print,
    pgd,
    with_print,
)
from models.training.attacks.spoil import PATTERNS, SPOILS, Grey, on_mask, pattern, spoiled
from models.training.attacks.twins import check_twin
from models.training.check.data import class_of, read_corrections
from models.training.common import part
from models.training.files import read_picture

COLUMNS: Final = ("bare taken as bare", "covered taken as covered")
PEOPLE: Final = 150
"""Bare and covered faces each, drawn from all that there are."""
ATTACKED: Final = 60
"""Of these, so many of each follow a gradient of twenty steps."""
COVERED = np.array([label in COVERS for label in LABELS])


@dataclass(frozen=True, slots=True)
class Face:
    """A face of the data: its picture, where it is in it, and what covers it."""

    grey: Grey
    frame: Frame
    marks: Landmarks | None
    label: str

    @property
    def covered(self) -> bool:
        return self.label in COVERS


def held_out(data: Path, which: str, most: int, seed: int = 1) -> list[Face]:
    """Faces of the groups of one part (`test`, `val`): as many bare as covered, of each cover alike."""
    corrections = read_corrections()
    with (data / "faces" / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    by_label: dict[str, list[tuple[dict[str, str], list[object]]]] = {}
    for row in rows:
        boxes = json.loads(row["boxes"] or "[]")
        if row["kind"] not in ("crop", "identity") or part(row["group"]) != which or len(boxes) != 1:
            continue
        label = corrections.get((row["path"], 0)) or class_of(row, row["label"])
        if label in LABELS:
            by_label.setdefault(label, []).append((row, boxes[0]))
    rng = np.random.default_rng(seed)
    for found in by_label.values():
        rng.shuffle(found)  # type: ignore[arg-type]
    covers = [label for label in by_label if label in COVERS]
    chosen: list[tuple[dict[str, str], list[object], str]] = []
    while len(chosen) < most and any(by_label[label] for label in covers):
        chosen += [(*by_label[label].pop(), label) for label in covers if by_label[label]]
    chosen = chosen[:most]
    for label, share in (("bare", 0.85), ("open_helmet", 0.15)):
        chosen += [(*one, label) for one in by_label.get(label, [])[: round(share * most)]]
    faces = []
    for row, box, label in chosen:
        grey = read_picture(data / "faces" / row["path"], cv2.IMREAD_GRAYSCALE)
        if grey is None:
            continue
        points = np.array(json.loads(row["landmarks"] or "[]"), np.float64).reshape(-1, 2)
        a = [_point(p) for p in points]
        marks = (a[0], a[1], a[2], a[3], a[4]) if len(a) == 5 else None
        x, y, w, h = (float(str(v)) for v in box[:4])
        faces.append(Face(grey, frame_of((x, y, w, h), marks), marks, label))
    return faces


def _point(p: NDArray[np.float64]) -> Point:
    return float(p[0]), float(p[1])


class Judge:
    """The shipped int8 file and its operating points: cuts of 64 pixels to covered or not."""

    def __init__(self, models: Path) -> None:
        self._network = load(models / "face_check.tflite", labels=LABELS)
        points = self._network.contract.operating_points
        self.priors = priors_of(points)
        self.scale, self.bias = points["covered_scale"], points["covered_bias"] - points["covered_cut"]

    def covered(self, cuts: Greys) -> NDArray[np.bool_]:
        logits = [
            self._network.run_real(normalise(cut).reshape(1, SIZE_PX, SIZE_PX, 1))[0][0] for cut in cuts
        ]
        return np.asarray(self.scale * log_odds(np.stack(logits) + self.priors, COVERED) + self.bias > 0.0)

    def objective(self, twin: torch.nn.Module, signs: NDArray[np.float32] | float) -> Objective:
        """Covered log-odds of the float twin times a sign for each picture: 1 makes bare ones covered."""
        priors = torch.from_numpy(self.priors.astype(np.float32))
        covers = torch.from_numpy(COVERED)
        weight = torch.as_tensor(signs, dtype=torch.float32)

        def odds(pictures: torch.Tensor) -> torch.Tensor:
            mean = pictures.mean((2, 3), keepdim=True)
            deviation = pictures.std((2, 3), keepdim=True, correction=0).clamp(min=6.0)
            seen = ((pictures - mean) * (48.0 / deviation)).clamp(-128, 127) / 128.0
            logits = twin(seen)[0] + priors
            said = torch.logsumexp(logits[:, covers], 1) - torch.logsumexp(logits[:, ~covers], 1)
            return self.scale * said * weight

        return odds


def cuts_of(faces: list[Face], greys: list[Grey] | None = None) -> Greys:
    """The aligned cuts, of these pictures in place of their own."""
    pictures = [f.grey for f in faces] if greys is None else greys
    return np.stack([align(g, f.frame) for g, f in zip(pictures, faces, strict=True)])


def counted(judge: Judge, cuts: Greys, covered: NDArray[np.bool_]) -> Row:
    """Both columns."""
    said = judge.covered(cuts)
    return {
        COLUMNS[0]: Count(int((~said[~covered]).sum()), int((~covered).sum())),
        COLUMNS[1]: Count(int(said[covered].sum()), int(covered.sum())),
    }


@dataclass(frozen=True, slots=True)
class Place:
    """Where a print lies on the cut, and which faces it is for (`bare`, `covered`)."""

    box: tuple[float, float, float, float]
    against: str
    says: str


PLACES: Final[Mapping[str, Place]] = {
    "beside, bare": Place(
        (0.0, 22.0, 12.0, 24.0), "bare", "a print beside a bare cheek, a fifth of a face wide"
    ),
    "beside, covered": Place((0.0, 22.0, 12.0, 24.0), "covered", "the same beside a covered face"),
    "above, bare": Place((20.0, 0.0, 24.0, 10.0), "bare", "a print on the cap or the wall above a bare face"),
    "cheek, bare": Place(
        (14.0, 36.0, 11.0, 11.0), "bare", "a sticker on a bare cheek, a fifth of a face wide"
    ),
    "mask, covered": Place((17.0, 36.0, 30.0, 22.0), "covered", "a print over mouth and chin of a mask"),
}


def boxes_at(place: Place, n: int) -> Boxes:
    """The same box on every cut."""
    return np.tile(np.array(place.box, np.float32), (n, 1))


def measure(data: Path, models: Path, work: Path) -> Counts:
    """Every row, into `work/face_check.json`; prints are kept beside it."""
    torch.set_num_threads(1)
    counts, judge = Counts(work / "face_check.json"), Judge(models)
    faces = held_out(data, "test", PEOPLE)
    covered = np.array([f.covered for f in faces])
    clean = cuts_of(faces)
    counts.add("clean", lambda: counted(judge, clean, covered))
    for name, kind in SPOILS.items():
        for strength in kind.strengths:

            def spoilt(name: str = name, strength: float = strength) -> Row:
                greys = [spoiled(name, strength, f.grey, i) for i, f in enumerate(faces)]
                return counted(judge, cuts_of(faces, greys), covered)

            counts.add(kind.says.format(strength), spoilt)
    printed_masks(counts, judge, [f for f in faces if f.label == "mask" and f.marks is not None], faces)
    twin = check_twin(models)
    prints(counts, judge, twin, data, work, clean, covered)
    some = np.concatenate([np.flatnonzero(covered)[:ATTACKED], np.flatnonzero(~covered)[:ATTACKED]])
    toward = np.where(covered, -1.0, 1.0).astype(np.float32)[some]
    counts.add("clean, those attacked below", lambda: counted(judge, clean[some], covered[some]))
    for radius in RADII:
        for how in ("FGSM", f"PGD-{PGD_STEPS}"):

            def attacked(radius: int = radius, how: str = how) -> Row:
                parts = []
                for i in range(0, len(some), 20):
                    objective = judge.objective(twin, toward[i : i + 20])
                    cuts = clean[some[i : i + 20]]
                    parts.append(
                        fgsm(objective, cuts, radius) if how == "FGSM" else pgd(objective, cuts, radius, i)
                    )
                return counted(judge, np.concatenate(parts), covered[some])

            counts.add(f"{how}, {radius}/255", attacked)
    return counts


def printed_masks(counts: Counts, judge: Judge, masked: list[Face], faces: list[Face]) -> None:
    """Patterns on the masks of those who wear one: they are to be taken as covered still."""
    bare = [f for f in faces if f.label == "bare" and f.marks is not None]
    for name in PATTERNS:

        def row(name: str = name) -> Row:
            greys = [printed_on(f, name, i, bare[i % len(bare)]) for i, f in enumerate(masked)]
            said = judge.covered(cuts_of(masked, greys))
            return {COLUMNS[1]: Count(int(said.sum()), len(said))}

        counts.add(f"{name} printed on masks", row)


def printed_on(face: Face, name: str, seed: int, other: Face) -> Grey:
    """A mask's print; `a mouth` is the lower half of another face, as some print it."""
    rng = np.random.default_rng(seed)
    m = matrix_of(face.frame)
    back = cv2.invertAffineTransform(m)
    shape = np.array([[15, 34], [32, 31], [49, 34], [46, 52], [32, 60], [18, 52]], np.float64)
    outline = (shape @ back[:, :2].T + back[:, 2]).astype(np.float32)
    size = np.ceil(outline.max(0)) - np.floor(outline.min(0))
    mouth = align(other.grey, other.frame)[31:61, 15:50]
    return on_mask(face.grey, outline, pattern(name, (int(size[1]), int(size[0])), rng, mouth))


def prints(
    counts: Counts,
    judge: Judge,
    twin: torch.nn.Module,
    data: Path,
    work: Path,
    clean: Greys,
    covered: NDArray[np.bool_],
) -> None:
    """A print for each place, learnt on faces of other groups, judged on those of the test groups."""
    others: list[Face] = []
    for name, place in PLACES.items():
        file = work / f"print-{name.replace(', ', '-')}.npy"
        against = covered if place.against == "covered" else ~covered
        sign = -1.0 if place.against == "covered" else 1.0
        column = COLUMNS[1] if place.against == "covered" else COLUMNS[0]
        if not file.exists():
            others = others or held_out(data, "val", PEOPLE)
            some = cuts_of([f for f in others if f.covered is (place.against == "covered")])
            side = round(place.box[3]), round(place.box[2])
            learnt = learnt_print(
                judge.objective(twin, sign), some, boxes_at(place, len(some)), Printing(side, 60, 10), 5
            )
            np.save(file, learnt)
        chosen, laid = clean[against], np.load(file)
        at = boxes_at(place, len(chosen))

        def row(
            print_: NDArray[np.float32], seen: Greys = chosen, at: Boxes = at, column: str = column
        ) -> Row:
            said = judge.covered(with_print(seen, print_, at, 7))
            right = said if column == COLUMNS[1] else ~said
            return {column: Count(int(right.sum()), len(right))}

        counts.add(f"{place.says}, plain grey", partial(row, np.full_like(laid, 128.0)))
        counts.add(f"{place.says}, learnt", partial(row, laid))
