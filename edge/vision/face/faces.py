"""Finder and checker joined: a picture in, every face in it judged, and one verdict for the whole picture."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Cover, Face, FaceVerdict, PictureVerdict, Unclear
from edge.vision.face.check import AS_IS, COVERS, MIRRORED, STILL, Checker, View
from edge.vision.face.find import ANOTHER_PERSON, Finder, Found
from edge.vision.face.upside import (
    HALF,
    QUARTERS,
    as_turned,
    other_way_up,
    roll_deg,
    unclear,
    upside_down,
    without,
)

Picture = NDArray[np.uint8]
"""Height x width (grey), or height x width x 3 (blue, green, red) or 4 (with alpha)."""

_OF_ONE_FACE: Final = {
    FaceVerdict.PROPER: PictureVerdict.PROPER,
    FaceVerdict.COVERED: PictureVerdict.COVERED,
    FaceVerdict.TURNED: PictureVerdict.TURNED,
    FaceVerdict.UNCLEAR: PictureVerdict.UNCLEAR,
}

_CUT_BOX: Final = 0.03
_CUT_POINT: Final = 0.12
"""A face is cut where its box reaches over the picture's edge by this share of its side, or where an eye,
the nose or the mouth is this near to it. With what follows, 14 of 554 bare faces that were called covered
because an edge had taken 20 to 50 % of them still are; of 481 covered ones in tight crops 16 are lost."""
_PLAINLY: Final = 8.0
_CUT_PLAIN: Final = 0.1
"""What is covered beyond these log odds is so unless more is outside: few bare faces that are cut look it."""
_HARDLY: Final = 4.0
_HARDLY_ROOM: Final = 0.08
"""What is hardly covered needs this much room to the edge: of half a face the box can end inside."""
_PROPER_TOP: Final = 0.18
_PROPER_LOW: Final = 0.07
_PROPER_ASIDE: Final = 0.12
"""A proper face may lack some hair or chin, not an eye or the mouth. Where the edge takes one of them the
finder still guesses it, just inside: the eyes this near to the upper edge, the mouth to the lower one, any of
them to a side. Chosen on half of the groups; of 71 bare faces of the others that were found with 40 to 60 %
outside, 31 passed for proper, 37 for covered and 3 for turned, and with these 2, 1 and none do."""
_LYING_DEG: Final = 60.0
"""A face is righted by its landmarks as far as heads are held; past this angle it lies on its side."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a still picture shows; `people` counts faces that are persons, `faces` holds all, widest first."""

    verdict: PictureVerdict
    people: int
    faces: tuple[Face, ...]


class Faces:
    """Both networks, loaded and checked. One per thread. Raises `ModelFault` where either may not run.

    `covers` are the classes of the face check that count as a covered face.
    """

    def __init__(self, model_dir: Path, covers: Collection[str] = COVERS) -> None:
        self._finder = Finder(model_dir)
        self._checker = Checker.open(model_dir, covers)
        self._mirror = True

    def __call__(self, grey: Picture) -> tuple[Face, ...]:
        """Faces of one video frame, widest first, in the frame's own pixels.

        Every other frame is judged in a mirror: over two frames the judge has both views for one pass each.
        """
        self._mirror = not self._mirror
        return self._judged(grey, self._finder.find(grey), MIRRORED if self._mirror else AS_IS)

    def look_at(self, picture: Picture) -> Looked:
        """A still picture of any size, searched longer than a video frame. ValueError where it is none.

        It is also searched on its head, and on its side where a face is not plainly proper.
        """
        grey = to_grey(picture)
        faces = self._judged(grey, self._finder.look(grey), STILL)
        plain = all(face.verdict is FaceVerdict.PROPER for face in faces)
        for quarters in (HALF,) if plain else (HALF, *QUARTERS):
            other = other_way_up(grey, quarters)
            turned = self._judged(other, self._finder.look(other), STILL)
            found = upside_down(faces, turned, grey.shape[1], grey.shape[0], quarters)
            faces = without(faces, found)
        faces = tuple(map(as_turned, faces))
        return Looked(picture_verdict(faces), len(persons(faces)), faces)

    def _judged(self, grey: Picture, found: Sequence[Found], views: Sequence[View]) -> tuple[Face, ...]:
        checked = [(f, self._checker.check(grey, f.box, f.score, f.landmarks, views)) for f in found]
        # What the check takes for no face is none: the finder alone may ask for less.
        known = [(f, face) for f, face in checked if face is not None]
        if views is STILL:  # a video's next frames say it
            known = [(f, self._checker.half_hidden(grey, face)) for f, face in known]
        faces = [whole_or_unclear(upright_or_unclear(face), f.beyond, grey.shape) for f, face in known]
        return tuple(sorted(faces, key=lambda face: -face.box[2]))


def upright_or_unclear(face: Face) -> Face:
    """The face, unclear where its landmarks say that it lies on its side or stands on its head."""
    lies = abs(roll_deg(face)) > _LYING_DEG
    return unclear(face) if lies else face


def whole_or_unclear(face: Face, beyond: float, shape: Sequence[int]) -> Face:
    """The face, unclear where the edge of the picture (height, width) cuts it. `beyond`: see `Found`.

    What is outside is not hidden.
    """
    height, width = shape[:2]
    left, top, wide, high = face.box
    room_aside = min(left / wide, (width - left) / wide - 1.0)
    room_high = min(top / high, (height - top) / high - 1.0)
    near_aside = min(min(x / wide, (width - x) / wide) for x, _ in face.landmarks)
    near_top = min(y / high for _, y in face.landmarks)
    near_low = min((height - y) / high for _, y in face.landmarks)
    near_high = min(near_top, near_low)
    if face.verdict is FaceVerdict.PROPER:
        inside = near_top >= _PROPER_TOP and near_low >= _PROPER_LOW and near_aside >= _PROPER_ASIDE
        cut = not inside or beyond > _CUT_PLAIN
    else:
        plain, hardly = face.covered_logit > _PLAINLY, 0.0 < face.covered_logit < _HARDLY
        reach = _CUT_PLAIN if plain else _CUT_BOX
        cut = min(near_aside, near_high) < _CUT_POINT or beyond > reach
        cut = cut or (hardly and min(room_aside, room_high) < _HARDLY_ROOM)
    if not cut:
        return face
    aside = min(near_aside, room_aside) < min(near_high, room_high)
    why = Unclear.CUT_ASIDE if aside else Unclear.CUT
    return replace(face, verdict=FaceVerdict.UNCLEAR, cover=Cover.NONE, unclear_why=why)


def persons(faces: Sequence[Face]) -> tuple[Face, ...]:
    """Those faces that count as persons: the widest, and all that are not far narrower."""
    if not faces:
        return ()
    least = ANOTHER_PERSON * max(face.box[2] for face in faces)
    return tuple(face for face in faces if face.box[2] >= least)


def picture_verdict(faces: Sequence[Face]) -> PictureVerdict:
    """`none`, `several`, or what the one person's face says."""
    counted = persons(faces)
    if not counted:
        return PictureVerdict.NONE
    if len(counted) > 1:
        return PictureVerdict.SEVERAL
    return _OF_ONE_FACE[counted[0].verdict]


def to_grey(picture: Picture) -> Picture:
    """The grey picture of a grey or colour one. ValueError where it is neither."""
    if picture.dtype != np.uint8 or picture.size == 0:
        raise ValueError(f"a picture holds uint8 pixels, not {picture.dtype} {picture.shape}")
    if picture.ndim == 2:
        return picture
    if picture.ndim == 3 and picture.shape[2] == 1:
        return np.ascontiguousarray(picture[:, :, 0])
    if picture.ndim == 3 and picture.shape[2] in (3, 4):
        code = cv2.COLOR_BGR2GRAY if picture.shape[2] == 3 else cv2.COLOR_BGRA2GRAY
        return np.asarray(cv2.cvtColor(picture, code), np.uint8)
    raise ValueError(f"a picture is grey or has 3 or 4 colours, not {picture.shape}")
