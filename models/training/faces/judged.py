"""What the shipped programs say of a labelled face, counted the same way for every table.

`Faces` is asked as `cabinguard look` asks it for a still, or as a frame of video. Of what it finds only the
face at the labelled place counts: its box holds the place's middle, and is not far larger or smaller.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.terms.observation import Box, Face, FaceVerdict
from edge.vision.face import faces as faces_of_edge
from edge.vision.face.check import COVERS
from edge.vision.face.faces import Faces
from edge.vision.face.find import Finder, Found
from models.training.faces.cases import Case, Grey

_SMALLER: Final = 0.4
_LARGER: Final = 2.5
"""Shares of the labelled side between which a found one is the same face."""
YUNET_POINT: Final = 0.5
"""Score of YuNet that leaves about one false face in 200 pictures (`face_find.md`: 0.51 to 0.57)."""


@dataclass(frozen=True, slots=True)
class Said:
    """Of one face. `verdict` is empty where it was not found; angles in degrees, log odds as in `Face`."""

    verdict: str = ""
    cover: str = ""
    covered_logit: float = 0.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    score: float = 0.0
    why: str = ""
    others: int = 0

    @property
    def found(self) -> bool:
        return bool(self.verdict)

    def right(self, covered: bool) -> bool:
        """What the balanced figure counts: found, and called covered or not as it is.

        A covered face that the picture's edge or its light makes unclear is right where the check's odds are
        above its cut; one that is called turned is not.
        """
        if not covered:
            return self.found and not self.judged(FaceVerdict.COVERED)
        unclear = self.judged(FaceVerdict.UNCLEAR) and self.covered_logit > 0.0
        return unclear or self.judged(FaceVerdict.COVERED)

    def judged(self, verdict: FaceVerdict) -> bool:
        """Whether this is what was said."""
        return self.verdict == verdict


def said_of(faces: Sequence[Face], box: Box) -> Said:
    """What `faces` say of the one at `box`, the nearest to its middle."""
    x, y, side = box[0] + box[2] / 2, box[1] + box[3] / 2, (box[2] * box[3]) ** 0.5
    there = [face for face in faces if is_it(face.box, x, y, side)]
    if not there:
        return Said(others=len(faces))
    face = min(there, key=lambda f: abs(f.box[0] + f.box[2] / 2 - x) + abs(f.box[1] + f.box[3] / 2 - y))
    return Said(
        str(face.verdict.value),
        str(face.cover.value),
        face.covered_logit,
        face.yaw_deg,
        face.pitch_deg,
        face.score,
        face.unclear_why,
        len(faces) - 1,
    )


def is_it(box: Box, x: float, y: float, side: float) -> bool:
    """Whether a found box is the face whose middle and side these are."""
    inside = box[0] <= x <= box[0] + box[2] and box[1] <= y <= box[1] + box[3]
    return inside and _SMALLER < (box[2] * box[3]) ** 0.5 / side < _LARGER


class WithYunet(Faces):
    """The same check on the boxes and landmarks of YuNet (OpenCV), which finds at the picture's own size."""

    def __init__(self, models: Path, teacher: Path, covers: Collection[str] = COVERS) -> None:
        super().__init__(models, covers)
        self._finder = _Yunet(teacher)


class _Yunet(Finder):
    """YuNet where the finder would stand."""

    def __init__(self, teacher: Path) -> None:
        self._net = cv2.FaceDetectorYN.create(str(teacher), "", (320, 320), YUNET_POINT, 0.3, 100)

    def find(self, grey: Grey) -> list[Found]:
        self._net.setInputSize((grey.shape[1], grey.shape[0]))
        rows: object = self._net.detect(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))[1]
        if rows is None:
            return []
        return [self._found(row, grey.shape) for row in np.asarray(rows, np.float64)]

    def look(self, grey: Grey) -> list[Found]:
        return self.find(grey)

    @staticmethod
    def _found(row: np.ndarray[tuple[int, ...], np.dtype[np.float64]], shape: tuple[int, ...]) -> Found:
        left, top, width, height = (float(v) for v in row[:4])
        p = [(float(a), float(b)) for a, b in row[4:14].reshape(5, 2)]
        over = (-left / width, -top / height, (left + width - shape[1]) / width, 0.0)
        beyond = max(*over, (top + height - shape[0]) / height)
        x0, y0 = max(0.0, left), max(0.0, top)
        x1, y1 = min(float(shape[1]), left + width), min(float(shape[0]), top + height)
        box = (x0, y0, max(1.0, x1 - x0), max(1.0, y1 - y0))
        return Found(box, float(row[14]), (p[0], p[1], p[2], p[3], p[4]), beyond)


@dataclass(frozen=True, slots=True)
class View:
    """A picture made of a case, and where the face stands in it."""

    grey: Grey
    box: Box


Change = Callable[[Case, np.random.Generator], View]
"""Makes a view; the generator is seeded by the case, so that every network sees the same."""


def as_it_is(case: Case, rng: np.random.Generator) -> View:
    """The picture of the data folder."""
    return View(case.grey, case.box)


class Judge:
    """Faces in, what is said of them out; kept on disk by the files and the programs that said it."""

    def __init__(self, models: Path, work: Path, peer: Path | None = None) -> None:
        self.peer = peer
        self.faces = Faces(models) if peer is None else WithYunet(models, peer)
        self._file = work / f"said-{_fingerprint(models)}{'-yunet' if peer else ''}.jsonl"
        work.mkdir(parents=True, exist_ok=True)
        self._known: dict[str, Said] = {}
        if self._file.exists():
            for line in self._file.read_text().splitlines():
                name, values = json.loads(line)
                self._known[name] = Said(**values)

    def ask(
        self, among: Iterable[Case], view: str = "as it is", change: Change = as_it_is, video: bool = False
    ) -> list[Said]:
        """What is said of each case under one view; computed once."""
        answers = []
        with self._file.open("a") as kept:
            for case in among:
                name = f"{'video' if video else 'still'} {view} {case.name}"
                if name not in self._known:
                    seen = change(case, np.random.default_rng(_seed(name)))
                    self._known[name] = said_of(self._look(seen.grey, video), seen.box)
                    kept.write(json.dumps([name, asdict(self._known[name])]) + "\n")
                    kept.flush()
                answers.append(self._known[name])
        return answers

    def _look(self, grey: Grey, video: bool) -> Sequence[Face]:
        return self.faces(grey) if video else self.faces.look_at(grey).faces


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def _fingerprint(models: Path) -> str:
    """Of both networks, their contracts and the programs that read them."""
    room = Path(faces_of_edge.__file__).parent
    files = [models / f"{n}.{s}" for n in ("face_find", "face_check") for s in ("tflite", "json")]
    told = hashlib.sha256()
    for file in [*files, *sorted(room.glob("*.py"))]:
        told.update(file.read_bytes())
    return told.hexdigest()[:12]
