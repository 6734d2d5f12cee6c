"""The faces of named people, cut as the network wants them: by the manifest's points, and as a kiosk would.

The pictures are 112 pixels wide. As at a kiosk means: on a plain ground at twice their size, as a face half a
metre from the camera is, found by the finder, judged by the face check, cut by the finder's own points.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Face, FaceVerdict
from edge.vision.face.align import Landmarks
from edge.vision.face.check import quality_of
from edge.vision.face.embed import SIZE_PX, Cut, cut_of
from edge.vision.face.faces import Faces
from models.training.common import FaceRow, Progress, read_faces
from models.training.files import must_read

LFW: Final = "braun-steven"
_TIMES: Final = 2
_ROOM: Final = 0.35
"""Ground on each side, in sides of the picture."""
NUMBERS: Final = ("verdict", "covered", "turned", "yaw", "pitch", "width", "dark", "bright", "sharp")
"""What is kept of a kiosk's look; `verdict` is its place in the enumeration, -1 where no face was found."""


@dataclass(frozen=True)
class People:
    """Pictures of named people in parallel arrays.

    `marked` are the cuts by the manifest's points, `found` those by the finder's (black where it found none);
    `numbers` is n x `NUMBERS` of what the check said of it.
    """

    paths: NDArray[np.str_]
    person: NDArray[np.str_]
    source: NDArray[np.str_]
    marked: NDArray[np.uint8]
    found: NDArray[np.uint8]
    numbers: NDArray[np.float32]

    def number(self, name: str) -> NDArray[np.float32]:
        return self.numbers[:, NUMBERS.index(name)]

    @property
    def proper(self) -> NDArray[np.bool_]:
        """Whether a bare face was found that the check takes for proper."""
        return np.asarray(self.number("verdict") == list(FaceVerdict).index(FaceVerdict.PROPER))


@dataclass(frozen=True)
class Seen:
    """A kiosk's look at one picture: the cut by the finder's points and what was said of the face."""

    cut: Cut
    numbers: tuple[float, ...]


NOTHING: Final = Seen(np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8), (-1.0,) + (0.0,) * (len(NUMBERS) - 1))


def rows_of(data: Path) -> list[FaceRow]:
    """The rows of named people."""
    return [row for row in read_faces(data) if row.kind == "identity"]


def people(data: Path, models: Path, work: Path) -> People:
    """All of them; cut once and kept in `work`."""
    kept = work / "people.npz"
    rows = rows_of(data)
    if not kept.exists():
        work.mkdir(parents=True, exist_ok=True)
        faces, progress = Faces(models), Progress(len(rows))
        marked = np.zeros((len(rows), SIZE_PX, SIZE_PX, 3), np.uint8)
        found, numbers = np.zeros_like(marked), np.zeros((len(rows), len(NUMBERS)), np.float32)
        for n, row in enumerate(rows):
            picture = must_read(row.path)
            marked[n] = cut_of(picture, as_landmarks(row))
            seen = at_a_kiosk(faces, picture)
            found[n], numbers[n] = seen.cut, seen.numbers
            progress.tell(n)
        np.savez(kept.with_suffix(".new.npz"), marked=marked, found=found, numbers=numbers)
        kept.with_suffix(".new.npz").replace(kept)
    with np.load(kept) as stored:
        return People(
            np.array([str(row.path.relative_to(data / "faces")) for row in rows]),
            np.array([row.person for row in rows]),
            np.array([row.source for row in rows]),
            stored["marked"],
            stored["found"],
            stored["numbers"],
        )


def as_landmarks(row: FaceRow) -> Landmarks:
    """The row's five points. ValueError where it has not five."""
    a, b, c, d, e = row.landmarks
    return a, b, c, d, e


def as_seen_by_all(picture: NDArray[np.uint8], times: float = _TIMES) -> tuple[NDArray[np.uint8], float, int]:
    """The picture at `times` its size with ground around it, the factor, and how wide the ground is."""
    large = cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_LINEAR)
    rim = round(_ROOM * max(large.shape[:2]))
    framed = cv2.copyMakeBorder(large, rim, rim, rim, rim, cv2.BORDER_REPLICATE)
    return np.asarray(framed, np.uint8), times, rim


def at_a_kiosk(faces: Faces, picture: NDArray[np.uint8], times: float = _TIMES) -> Seen:
    """The widest face that a kiosk would find in a colour picture brought to `times` its size."""
    framed, _, _ = as_seen_by_all(picture, times)
    grey = np.asarray(cv2.cvtColor(framed, cv2.COLOR_BGR2GRAY), np.uint8)
    face = next(iter(faces(grey)), None)
    return NOTHING if face is None else seen_of(framed, face)


def seen_of(picture: NDArray[np.uint8], face: Face) -> Seen:
    """The cut and the numbers of one found face."""
    cut = cut_of(picture, face.landmarks)
    quality = quality_of(np.asarray(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY), np.uint8))
    said = (
        float(list(FaceVerdict).index(face.verdict)),
        face.covered_logit,
        face.turned_logit,
        face.yaw_deg,
        face.pitch_deg,
        face.box[2],
        quality.dark,
        quality.bright,
        quality.sharpness,
    )
    return Seen(cut, said)
