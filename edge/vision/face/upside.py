"""Faces on their head or lying on their side: never covered; in time they say how the camera hangs.

The face check knows upright faces alone and takes nearly two in three bare ones on their head for masked.
So the same picture is also searched turned by half a turn and by a quarter either way, and what is more of a
face that way is one. In video it is unclear: a camera that hangs so must not lock anybody in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box, Cover, Face, FaceVerdict, Point, Unclear
from edge.vision.face.align import frame_of

Grey = NDArray[np.uint8]

_CLEARLY: Final = 0.25
"""Natural-log odds by which a face must be more of one when turned. Of 248 bare faces held upright none was;
of 236 covered ones two were."""
_NEARLY: Final = 1.5
"""What is bare when turned and covered when not may be this much less of a face."""
_SURER: Final = 0.3
"""What the odds of a cover weigh beside those of a face, where both ways show a covered one."""
_SURE: Final = 0.99
"""Score of a proper face that is believed although the upright picture shows none: of 700 pictures without a
face, or none upright, not one reached it."""

HALF: Final = 2
"""Quarter turns that put a picture on its head."""
QUARTERS: Final = (1, 3)
_LOOKS: Final = 6
"""At every sixth look a covered face is also searched lying on its side, at the first as well."""

_LEANS_DEG: Final = 40.0
"""A face that is rolled farther in a turned picture is nearer to upright in another one."""
_AGAINST_ANYBODY: Final = frozenset({FaceVerdict.COVERED, FaceVerdict.TURNED})
"""What the lock clock runs for."""

_LOOK_S: Final = 1.0
_CALM_S: Final = 5.0
"""How often is looked: rarely while all faces are proper."""
_HOLDS_S: Final = 1.5
"""A face the other way up stays so until the next look, and a little longer for a slow machine."""
_KEEPS_S: Final = 6.0
"""So long one that is lost again is kept, where the upright picture shows none either."""
_VOTES: Final = 12
_AGAINST: Final = 2
"""A face that is upright counts twice: a photograph held on its head does not hang the camera."""


def other_way_up(picture: Grey, quarters: int = HALF) -> Grey:
    """The picture turned by so many quarter turns to the left, by half a turn without."""
    return np.ascontiguousarray(np.rot90(picture, quarters))


def turned_back(faces: Sequence[Face], width: int, height: int, quarters: int = HALF) -> tuple[Face, ...]:
    """Faces of the turned picture in the pixels of the one that was turned: unclear, upside down."""

    def point(at: Point) -> Point:
        match quarters % 4:
            case 0:
                return at
            case 1:
                return width - at[1], at[0]
            case 2:
                return width - at[0], height - at[1]
            case _:
                return at[1], height - at[0]

    def box(of: Box) -> Box:
        (x0, y0), (x1, y1) = point((of[0], of[1])), point((of[0] + of[2], of[1] + of[3]))
        return min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)

    def face(of: Face) -> Face:
        first_eye, second_eye, nose, first_mouth, second_mouth = map(point, of.landmarks)
        left_eye, right_eye = sorted((first_eye, second_eye))
        left_mouth, right_mouth = sorted((first_mouth, second_mouth))
        return unclear(
            replace(of, box=box(of.box), landmarks=(left_eye, right_eye, nose, left_mouth, right_mouth))
        )

    return tuple(map(face, faces))


def roll_deg(face: Face) -> float:
    """How far the face is rolled in its picture by its landmarks, clockwise."""
    return math.degrees(frame_of(face.box, face.landmarks).roll_rad)


def unclear(face: Face) -> Face:
    """The face as one that is the other way up."""
    return replace(face, verdict=FaceVerdict.UNCLEAR, cover=Cover.NONE, unclear_why=Unclear.UPSIDE_DOWN)


def as_turned(face: Face) -> Face:
    """A face of a still picture: on its head or on its side it is turned, whatever hung the camera so."""
    if face.unclear_why is Unclear.UPSIDE_DOWN:
        return replace(face, verdict=FaceVerdict.TURNED)
    return face


def upside_down(
    upright: Sequence[Face], turned: Sequence[Face], width: int, height: int, quarters: int = HALF
) -> tuple[Face, ...]:
    """Those faces of the `turned` picture that are more of a face than what the `upright` one shows there.

    Where that shows no face at all, also a sure and proper one. In the upright picture's pixels, unclear.
    """
    kept = []
    for other, face in zip(turned, turned_back(turned, width, height, quarters), strict=True):
        if abs(roll_deg(other)) > _LEANS_DEG:
            continue  # it is nearer to upright in another way
        rivals = [rival for rival in upright if same_place(rival.box, face.box)]
        if rivals:
            if _outdoes(other, max(rivals, key=lambda rival: rival.score)):
                kept.append(face)
        elif not upright and other.verdict is FaceVerdict.PROPER and other.score >= _SURE:
            kept.append(face)
    return tuple(kept)


def _outdoes(turned: Face, upright: Face) -> bool:
    """Whether the same place of the picture is rather a face the other way up."""
    if upright.unclear_why in (Unclear.CUT, Unclear.CUT_ASIDE):
        return False  # what is left of it may look like anything
    ahead = _logit(turned.score) - _logit(upright.score)
    if turned.covered_logit > 0.0 >= upright.covered_logit:
        return False  # hair and a forehead can look like a masked face upside down
    if upright.covered_logit > 0.0 and turned.covered_logit > 0.0:
        # Covered either way: a scarf looks alike on its head, but the check is surer of it the right way up.
        return ahead + _SURER * (turned.covered_logit - upright.covered_logit) > _CLEARLY
    return ahead > (-_NEARLY if upright.covered_logit > 0.0 else _CLEARLY)


def without(faces: Sequence[Face], inverted: Sequence[Face]) -> tuple[Face, ...]:
    """`faces` with those in the place of an `inverted` one replaced by it, widest first.

    One that is in no face's place only counts where there is no face at all.
    """
    upright = [face for face in faces if not _meets(face, inverted)]
    there = [face for face in inverted if not faces or _meets(face, faces)]
    return tuple(sorted([*upright, *there], key=lambda face: -face.box[2]))


def same_place(one: Box, other: Box) -> bool:
    """Whether the middle of one box lies within the other."""
    return _within(one, other) or _within(other, one)


class Upside:
    """Looks at one camera's pictures the other ways up, too, about once a second, and keeps a count of it.

    `camera_inverted`: it was so for twelve looks more than it was not; taken back when upright faces are
    seen. An empty cabin says nothing either way.
    """

    def __init__(self) -> None:
        self.camera_inverted = False
        self._inverted: tuple[Face, ...] = ()
        self._known: tuple[Face, ...] = ()
        self._looked_s = -math.inf
        self._found_s = -math.inf
        self._votes = 0
        self._looks = 0
        self._way = HALF

    def update(
        self,
        grey: Grey,
        faces: tuple[Face, ...],
        somebody: bool,
        at_s: float,
        faces_in: Callable[[Grey], tuple[Face, ...]],
    ) -> tuple[Face, ...]:
        """The faces of one frame, those the other way up unclear. `somebody` may be there without a face.

        No face is covered or turned before its place was looked at the other ways up.
        """
        since_s = at_s - self._looked_s
        calm = bool(faces) and not self._votes and all(face.verdict is FaceVerdict.PROPER for face in faces)
        due = (bool(faces) or somebody) and since_s >= (_CALM_S if calm else _LOOK_S)
        held = [face for face in faces if face.verdict in _AGAINST_ANYBODY]
        new = any(not _meets(face, self._known) for face in held)
        if due or new:
            covered = bool(held)
            before = self._inverted
            self._look(grey, faces, new or not faces or (covered and self._looks % _LOOKS == 0), faces_in)
            self._looks += 1
            self._known = (*faces, *self._inverted)
            if due:
                self._vote(faces)
            if self._inverted:
                self._found_s = at_s
            elif not faces and at_s - self._found_s < _KEEPS_S:
                self._inverted = before  # lost for a moment, not hidden
            since_s, self._looked_s = 0.0, at_s
        return without(faces, self._inverted) if self._inverted and since_s < _HOLDS_S else faces

    def _look(
        self,
        grey: Grey,
        faces: tuple[Face, ...],
        every_way: bool,
        faces_in: Callable[[Grey], tuple[Face, ...]],
    ) -> None:
        """The way up that showed a face last comes first; the rest only while that shows none."""
        height, width = grey.shape
        ways = (self._way, HALF, *(QUARTERS if every_way else ()))
        for quarters in dict.fromkeys(ways):
            turned = faces_in(other_way_up(grey, quarters))
            self._inverted = upside_down(faces, turned, width, height, quarters)
            if self._inverted:
                self._way = quarters
                return
        self._way = HALF

    def _vote(self, faces: Sequence[Face]) -> None:
        widest = max((face.box[2] for face in self._inverted), default=0.0)
        if any(face.box[2] > widest for face in faces if not _meets(face, self._inverted)):
            self._votes -= _AGAINST
        elif self._inverted:
            # A mask has little that is up or down, and who lies on the floor did not turn the camera: only a
            # bare face on its head says how it hangs.
            self._votes += self._way == HALF and any(face.covered_logit < 0.0 for face in self._inverted)
        elif not self.camera_inverted:
            self._votes -= 1
        self._votes = min(max(self._votes, 0), _VOTES)
        if self._votes in (0, _VOTES):
            self.camera_inverted = self._votes == _VOTES


def _meets(face: Face, others: Sequence[Face]) -> bool:
    return any(same_place(face.box, other.box) for other in others)


def _within(one: Box, other: Box) -> bool:
    x, y = one[0] + one[2] / 2, one[1] + one[3] / 2
    return other[0] <= x <= other[0] + other[2] and other[1] <= y <= other[1] + other[3]


def _logit(score: float) -> float:
    held = min(max(score, 1e-6), 1 - 1e-6)
    return math.log(held / (1.0 - held))
