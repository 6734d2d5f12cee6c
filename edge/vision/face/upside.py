"""Faces that are the other way up: unclear, never covered; in time they say how the camera hangs.

The face check knows upright faces alone and takes nearly two in three bare ones on their head for masked.
So the same picture is also searched upside down, and what is more of a face that way is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box, Cover, Face, FaceVerdict, Point

Grey = NDArray[np.uint8]

_CLEARLY: Final = 0.25
"""Natural-log odds by which a face must be more of one when turned. Of 248 bare faces held upright none was;
of 236 covered ones two were."""
_NEARLY: Final = 1.5
"""What is bare when turned and covered when not may be this much less of a face."""
_SURE: Final = 0.99
"""Score of a proper face that is believed although the upright picture shows none: of 700 pictures without a
face, or none upright, not one reached it."""

_LOOK_S: Final = 1.0
_CALM_S: Final = 5.0
"""How often is looked: rarely while all faces are proper."""
_HOLDS_S: Final = 1.5
"""A face the other way up stays so until the next look, and a little longer for a slow machine."""
_VOTES: Final = 12
_AGAINST: Final = 2
"""A face that is upright counts twice: a photograph held on its head does not hang the camera."""


def other_way_up(picture: Grey) -> Grey:
    """The picture turned by 180 degrees."""
    return np.ascontiguousarray(picture[::-1, ::-1])


def turned_back(faces: Sequence[Face], width: int, height: int) -> tuple[Face, ...]:
    """Faces of the turned picture in the pixels of the one that was turned: unclear, upside down."""

    def point(at: Point) -> Point:
        return width - at[0], height - at[1]

    def box(of: Box) -> Box:
        return width - of[0] - of[2], height - of[1] - of[3], of[2], of[3]

    def face(of: Face) -> Face:
        left_eye, right_eye, nose, left_mouth, right_mouth = map(point, of.landmarks)
        return replace(
            of,
            box=box(of.box),
            landmarks=(right_eye, left_eye, nose, right_mouth, left_mouth),
            verdict=FaceVerdict.UNCLEAR,
            cover=Cover.NONE,
            unclear_why="upside_down",
        )

    return tuple(map(face, faces))


def upside_down(upright: Sequence[Face], turned: Sequence[Face], width: int, height: int) -> tuple[Face, ...]:
    """Those faces of the `turned` picture that are more of a face than what the `upright` one shows there.

    Where that shows no face at all, also a sure and proper one. In the upright picture's pixels, unclear.
    """
    kept = []
    for other, face in zip(turned, turned_back(turned, width, height), strict=True):
        rivals = [rival for rival in upright if same_place(rival.box, face.box)]
        if rivals:
            if _outdoes(other, max(rivals, key=lambda rival: rival.score)):
                kept.append(face)
        elif not upright and other.verdict is FaceVerdict.PROPER and other.score >= _SURE:
            kept.append(face)
    return tuple(kept)


def _outdoes(turned: Face, upright: Face) -> bool:
    """Whether the same place of the picture is rather a face the other way up."""
    if upright.unclear_why == "cut":
        return False  # what is left of it may look like anything
    ahead = _logit(turned.score) - _logit(upright.score)
    if turned.covered_logit > 0.0 >= upright.covered_logit:
        return False  # hair and a forehead can look like a masked face upside down
    return ahead > (-_NEARLY if upright.covered_logit > 0.0 >= turned.covered_logit else _CLEARLY)


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
    """Looks at one camera's pictures upside down as well, about once a second, and keeps a count of it.

    `camera_inverted`: it was so for twelve looks more than it was not; taken back when upright faces are
    seen. An empty cabin says nothing either way.
    """

    def __init__(self) -> None:
        self.camera_inverted = False
        self._inverted: tuple[Face, ...] = ()
        self._known: tuple[Face, ...] = ()
        self._looked_s = -math.inf
        self._votes = 0

    def update(
        self,
        grey: Grey,
        faces: tuple[Face, ...],
        somebody: bool,
        at_s: float,
        faces_in: Callable[[Grey], tuple[Face, ...]],
    ) -> tuple[Face, ...]:
        """The faces of one frame, those the other way up unclear. `somebody` may be there without a face.

        No face is covered before its place was looked at upside down.
        """
        since_s = at_s - self._looked_s
        calm = bool(faces) and not self._votes and all(face.verdict is FaceVerdict.PROPER for face in faces)
        due = (bool(faces) or somebody) and since_s >= (_CALM_S if calm else _LOOK_S)
        if due or any(f.verdict is FaceVerdict.COVERED and not _meets(f, self._known) for f in faces):
            height, width = grey.shape
            self._inverted = upside_down(faces, faces_in(other_way_up(grey)), width, height)
            self._known = (*faces, *self._inverted)
            if due:
                self._vote(faces)
            since_s, self._looked_s = 0.0, at_s
        return without(faces, self._inverted) if self._inverted and since_s < _HOLDS_S else faces

    def _vote(self, faces: Sequence[Face]) -> None:
        widest = max((face.box[2] for face in self._inverted), default=0.0)
        if any(face.box[2] > widest for face in faces if not _meets(face, self._inverted)):
            self._votes -= _AGAINST
        elif self._inverted:
            # A mask has little that is up or down: only a bare face says how the camera hangs.
            self._votes += any(face.covered_logit <= 0.0 for face in self._inverted)
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
