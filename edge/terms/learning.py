"""What a running kiosk can learn of its site at commissioning, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Points = tuple[tuple[float, float], ...]
"""A polygon in fractions of the picture as it is shown."""


class LearnWhat(StrEnum):
    """What is learnt, with nobody in the cabin."""

    EMPTY = "empty"
    """What the empty cabin looks like."""
    FRONT = "front"
    """What the machine's front looks like, in the regions that were drawn."""


class LearnState(StrEnum):
    """How far it is."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class NamedRegion:
    """A part of the machine's front: `keypad`, `slot-2` and such, and where it is."""

    name: str
    polygon: Points


@dataclass(frozen=True, slots=True)
class LearnOrder:
    """What to learn. Without `regions` a front's pictures are added to what is taught already.

    `wide` names a region that is `wide_cm` wide; empty: no sizes. `fresh`: forget what was learnt before.
    `job` is another number for another order; `wall_s` (Unix) and `minute_of_day` are when it was given.
    """

    what: LearnWhat
    job: int = 0
    wall_s: float = 0.0
    minute_of_day: int = 0
    fresh: bool = False
    regions: tuple[NamedRegion, ...] = ()
    wide: str = ""
    wide_cm: float = 0.0


@dataclass(frozen=True, slots=True)
class Learning:
    """The newest order. `share` 0 to 1; `code` is a fault of the catalogue where it was refused.

    `detail` says in English what was learnt, or why nothing was.
    """

    job: int = 0
    state: LearnState = LearnState.NONE
    share: float = 0.0
    code: str = ""
    detail: str = ""
