"""What is seen of one frame so far, and what adds to it: the seers of the list, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from edge.terms.identity import OwnerLook
from edge.terms.observation import (
    Box,
    CameraHealth,
    Face,
    FaceMotion,
    FrontSeen,
    NormalSeen,
    Region,
    SceneSeen,
    StillRegion,
    Thing,
)
from edge.vision.seers import Seer, Trouble
from hw.camera.port import Frame, GreyPicture


@dataclass(slots=True)
class Sight:
    """One frame while it is looked at. Boxes are in pixels of `frame.grey`; `small` is it at quarter size.

    `somebody`: a face was seen a moment ago, or a region is there. `faces` and `persons` are those of the
    newest look, this frame's or one a moment ago; `scene` is of this very frame. `doubtful`: the picture's
    health may be about to be judged unsound.
    """

    frame: Frame
    small: GreyPicture
    health: CameraHealth
    somebody: bool = False
    foreground: float = 0.0
    foreground_box: Box | None = None
    motion: float = 0.0
    jolt_px: float = 0.0
    moving: tuple[Region, ...] = ()
    still: tuple[StillRegion, ...] = ()
    faces: tuple[Face, ...] = ()
    faces_asked: bool = False
    face_motion: FaceMotion | None = None
    scene: SceneSeen | None = None
    persons: tuple[Thing, ...] = ()
    fight_logit: float | None = None
    unusual_logit: float | None = None
    unusual_why: str = ""
    front: tuple[FrontSeen, ...] = ()
    infrared: bool = False
    doubtful: bool = False
    normal: NormalSeen | None = None
    faces_new: bool = False
    """Whether the faces are those of this very frame."""
    owner: OwnerLook | None = None


@runtime_checkable
class Troubled(Protocol):
    """A seer that itself knows when it cannot do its work."""

    @property
    def trouble(self) -> Trouble | None: ...


@runtime_checkable
class AskedForOwner(Protocol):
    """A seer that looks for the card's owner, and only while it is asked to."""

    def want_owner(self, on: bool) -> None: ...


class Seeing(Protocol):
    """A seer at work; how often it looks stands in its row of `SEERS`."""

    @property
    def seer(self) -> Seer: ...

    def wants(self, sight: Sight) -> bool:
        """Whether there is anything to look at."""
        ...

    def look(self, sight: Sight) -> None:
        """Adds what it sees."""
        ...
