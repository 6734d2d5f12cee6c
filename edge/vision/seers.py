"""The one list of what sees by a network: its models, which camera it looks through, and how often.

The budget of a look stands in the contract of each model (`multiply_adds`); a test holds the sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Seer(StrEnum):
    """What looks at the frames of a camera with networks of its own, in this order."""

    FACES = "faces"
    OWNER = "owner"
    PEOPLE = "people"
    THINGS = "things"
    FIGHT = "fight"
    UNUSUAL = "unusual"
    FRONT = "front"
    NORMAL = "normal"


class Role(StrEnum):
    """What a camera is for. One camera may be both."""

    FACE = "face"
    """Stands at the machine; the face check looks through it."""
    OVERVIEW = "overview"
    """Sees the whole cabin: people, what they do, and what they leave."""


@dataclass(frozen=True, slots=True)
class Row:
    """One seer: `models/NAME.tflite` and `models/NAME.json` of each model, and the role of its camera.

    It looks every `every_s` while there is anything for it to look at. Where its looks are further apart than
    `at_most_s`, its judge would be misled: it is behind, and that is told.
    """

    models: tuple[str, ...]
    role: Role
    every_s: float
    at_most_s: float
    every_frame: bool = False
    """It is shown every frame, for what lies between, and keeps the rate of its network by itself."""


# fmt: off
SEERS: Final[Mapping[Seer, Row]] = {
    Seer.FACES:   Row(("face_find", "face_check"), Role.FACE, every_s=0.11, at_most_s=0.5),
    Seer.OWNER:   Row(("face_embed",), Role.FACE, every_s=0.5, at_most_s=1.0),
    Seer.PEOPLE:  Row(("scene",), Role.OVERVIEW, every_s=0.5, at_most_s=1.0),
    Seer.THINGS:  Row(("things",), Role.OVERVIEW, every_s=0.5, at_most_s=1.0),
    Seer.FIGHT:   Row(("fight",), Role.OVERVIEW, every_s=0.5, at_most_s=0.5, every_frame=True),
    Seer.UNUSUAL: Row((), Role.OVERVIEW, every_s=0.5, at_most_s=0.5, every_frame=True),
    Seer.FRONT:   Row(("patches",), Role.OVERVIEW, every_s=2.0, at_most_s=5.0),
    Seer.NORMAL:  Row(("patches",), Role.OVERVIEW, every_s=1.0, at_most_s=2.0),
}
# fmt: on
"""Faces nine times a second, so that all networks together stay under 60 million multiply-adds a frame at 15
frames a second with one person: a face moves little in 0.11 s, and their judge counts seconds, not frames.
The owner is looked for only while a claim of the machine waits for it."""

SHOWN: Final = ("chain",)
"""Models of no seer: what they say is shown to people who ask, and is in no observation."""

SEER_BEHIND: Final = "seer_behind"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A seer that does not look, or not often enough; `code` is of the fault catalogue."""

    seer: Seer
    code: str
    detail: str = ""
