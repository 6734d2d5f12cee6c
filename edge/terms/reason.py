"""Why a fact was said: what was measured, against which limit, by which rule, and where in the picture.

Numbers, boxes and names alone, so that a reason can be recorded, drawn, and said in every language: the words
for `Ground` and `Measure` stand with the languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, assert_never

from edge.terms.observation import Box, Face, Observation, Point, Region, StillRegion, Thing

BOXES_MAX: Final = 12
NUMBERS_MAX: Final = 8
"""What one line of the record and one picture have room for; the first ones are kept."""


class Ground(StrEnum):
    """The rule that decided; its words are whole sentences."""

    SEVERAL_SEEN = "several_seen"
    STAYED_LONG = "stayed_long"
    MOVED_ABOUT = "moved_about"
    FORBIDDEN_ZONE = "forbidden_zone"
    FORBIDDEN_HOUR = "forbidden_hour"
    WEAPON_SEEN = "weapon_seen"
    FIGHT_SEEN = "fight_seen"
    ROBBED_BY_FORCE = "robbed_by_force"
    ROBBED_AT_GUNPOINT = "robbed_at_gunpoint"
    LIES_STILL = "lies_still"
    STANDS_THERE = "stands_there"
    IS_GONE = "is_gone"
    UNLIKE_NORMAL = "unlike_normal"
    UNLIKE_LEARNT = "unlike_learnt"
    FACE_STANDS_STILL = "face_stands_still"
    FACE_MOVES_FLAT = "face_moves_flat"
    FACE_NEVER_STIRS = "face_never_stirs"
    SHAKEN_AND_SEEN = "shaken_and_seen"
    FIXED_TO_FRONT = "fixed_to_front"
    GONE_FROM_FRONT = "gone_from_front"
    FRONT_DIFFERS = "front_differs"
    PICTURE_DARK = "picture_dark"
    PICTURE_BLINDED = "picture_blinded"
    PICTURE_COVERED = "picture_covered"
    PICTURE_SPRAYED = "picture_sprayed"
    PICTURE_DEFOCUSED = "picture_defocused"
    PICTURE_MOVED = "picture_moved"
    PICTURE_UPSIDE_DOWN = "picture_upside_down"
    PICTURE_FROZEN = "picture_frozen"
    PICTURE_REPLAYED = "picture_replayed"
    VIEW_DARKER = "view_darker"
    VIEW_BLURRED = "view_blurred"
    VIEW_VEILED = "view_veiled"
    VIEW_NOISY = "view_noisy"
    VIEW_SHIFTED = "view_shifted"
    VIEW_UNLIKE = "view_unlike"
    FACES_FEWER = "faces_fewer"
    FACES_UNCLEAR = "faces_unclear"
    FACES_UNSURE = "faces_unsure"
    PEOPLE_UNSURE = "people_unsure"
    MOTION_UNLIKE = "motion_unlike"


class Measure(StrEnum):
    """What was measured. The end of a name is its unit; one without is a plain number."""

    PERSONS = "persons"
    FACES = "faces"
    LOOKS = "looks"
    REGIONS = "regions"
    TURNS = "turns"
    SPEED = "speed"
    LOG_ODDS = "log_odds"
    UNLIKENESS = "unlikeness"
    HOUR = "hour"
    LASTED_S = "lasted_s"
    STILL_S = "still_s"
    STAYED_S = "stayed_s"
    SIZE_CM = "size_cm"
    WIDTH_CM = "width_cm"
    HEIGHT_CM = "height_cm"
    MOVED_PX = "moved_px"
    AREA_PERCENT = "area_percent"
    CHANGED_PERCENT = "changed_percent"
    NOW_PERCENT = "now_percent"
    LEARNT_PERCENT = "learnt_percent"


@dataclass(frozen=True, slots=True)
class Number:
    """One measured value, in the unit that its name ends in, and the limit that it was compared to."""

    measure: Measure
    value: float
    limit: float | None = None

    @property
    def unit(self) -> str:
        """As it is printed, in letters that every text can carry; empty for a plain number."""
        _, _, end = self.measure.value.rpartition("_")
        match end:
            case "percent":
                return "%"
            case "s" | "cm" | "px" | "deg":
                return end
            case _:
                return ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A box in the picture that was decided on, with a plain word for it and its score, 0 to 1."""

    box: Box
    label: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one fact was said.

    `frame` and `at_s` (monotonic seconds) are those of the observation that it was decided on, `size` is the
    (width, height) that its boxes and `zone`, a polygon, refer to.
    """

    ground: Ground
    camera: str
    frame: int
    at_s: float
    size: tuple[int, int]
    numbers: tuple[Number, ...] = ()
    marks: tuple[Mark, ...] = ()
    zone: tuple[Point, ...] = ()

    def brief(self) -> str:
        """Ground and numbers in one line, for a message's row: `stayed_long stayed_s=180/180`."""
        said = (
            f"{n.measure.value}={n.value:g}" + ("" if n.limit is None else f"/{n.limit:g}")
            for n in self.numbers
        )
        return " ".join([self.ground.value, *said])


Markable = Thing | Region | StillRegion | Face | Mark


def because(
    ground: Ground,
    seen: Observation,
    *numbers: Number,
    marks: Sequence[Markable] = (),
    zone: Sequence[Point] = (),
) -> Reason:
    """The reason for what was decided on `seen`: the most telling number and box first."""
    return Reason(
        ground=ground,
        camera=seen.camera,
        frame=seen.frame,
        at_s=round(seen.at_s, 3),
        size=seen.size,
        numbers=tuple(_rounded(number) for number in numbers[:NUMBERS_MAX]),
        marks=tuple(mark_of(one) for one in marks[:BOXES_MAX]),
        zone=tuple((round(x, 1), round(y, 1)) for x, y in zone),
    )


def mark_of(one: Markable) -> Mark:
    """How something that was seen is marked in a picture."""
    match one:
        case Thing(kind=kind, box=box, score=score):
            mark = Mark(box, kind.value, score)
        case Face(box=box, score=score):
            mark = Mark(box, "face", score)
        case Region(box=box):
            mark = Mark(box, "moving")
        case StillRegion(box=box, added=added):
            mark = Mark(box, "left" if added else "gone")
        case Mark():
            mark = one
        case _:
            assert_never(one)
    x, y, w, h = (round(float(v), 1) for v in mark.box)
    return replace(mark, box=(x, y, w, h), score=None if mark.score is None else round(float(mark.score), 3))


def _rounded(number: Number) -> Number:
    limit = None if number.limit is None else round(float(number.limit), 3)
    return replace(number, value=round(float(number.value), 3), limit=limit)
