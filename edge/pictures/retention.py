"""How long pictures are kept: by the kind of their incident and the country's profile, and never longer than
`keep_days`. Sources, and what of it is no law: `edge/docs/retention.md`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from edge.cabin.events import Anomaly
from edge.terms.marks import Mark


class Kept(StrEnum):
    """What an incident was, as far as how long its pictures are needed."""

    FALSE_ALARM = "false_alarm"
    SHOWN = "shown"
    WARNING = "warning"
    NUISANCE = "nuisance"
    TAMPER = "tamper"
    LOCK = "lock"
    DANGER = "danger"
    OTHER = "other"


class Profile(StrEnum):
    """Whose rules the days come from: a country, or the European Union."""

    NONE = "none"
    EUROPE = "europe"
    GERMANY = "germany"
    INDIA = "india"


@dataclass(frozen=True, slots=True)
class Days:
    """How many days each kind is kept at most."""

    false_alarm: float
    shown: float
    warning: float
    nuisance: float
    tamper: float
    lock: float
    danger: float

    def of(self, kind: Kept, most: float) -> float:
        """`most` for what nobody can name."""
        match kind:
            case Kept.FALSE_ALARM:
                return self.false_alarm
            case Kept.SHOWN:
                return self.shown
            case Kept.WARNING:
                return self.warning
            case Kept.NUISANCE:
                return self.nuisance
            case Kept.TAMPER:
                return self.tamper
            case Kept.LOCK:
                return self.lock
            case Kept.DANGER:
                return self.danger
            case Kept.OTHER:
                return most
            case _:
                assert_never(kind)


_FOREVER: Final = 36500.0


def days_of(profile: Profile) -> Days:
    match profile:
        case Profile.NONE:
            return Days(*[_FOREVER] * 7)
        case Profile.EUROPE:
            return Days(false_alarm=3, shown=3, warning=3, nuisance=3, tamper=30, lock=30, danger=30)
        case Profile.GERMANY:
            return Days(false_alarm=2, shown=2, warning=2, nuisance=2, tamper=30, lock=30, danger=30)
        case Profile.INDIA:
            return Days(false_alarm=30, shown=30, warning=90, nuisance=90, tamper=180, lock=180, danger=180)
        case _:
            assert_never(profile)


_BY_WHY: Final[Mapping[str, Kept]] = {
    "locked": Kept.LOCK,
    "warned": Kept.WARNING,
    "face_shown": Kept.SHOWN,
    "fire": Kept.DANGER,
}
"""Why pictures are kept that are of no anomaly."""


def kind_of(why: str) -> Kept | None:
    """What the pictures kept for this are; None for what adds nothing (a restart goes on with the same)."""
    if why == "restarted":
        return None
    with contextlib.suppress(ValueError):
        return _of_anomaly(Anomaly(why))
    return _BY_WHY.get(why, Kept.OTHER)


def _of_anomaly(anomaly: Anomaly) -> Kept:
    match anomaly:
        case Anomaly.WEAPON | Anomaly.FIGHT | Anomaly.ROBBERY | Anomaly.PERSON_DOWN | Anomaly.PANIC:
            return Kept.DANGER
        case (
            Anomaly.INTRUSION
            | Anomaly.OBJECT_REMOVED
            | Anomaly.FRONT_CHANGED
            | Anomaly.CAMERA_OBSTRUCTED
            | Anomaly.STILL_PICTURE
            | Anomaly.CASE_OPENED
            | Anomaly.SHAKEN
            | Anomaly.DOOR_FORCED
        ):
            return Kept.TAMPER
        case (
            Anomaly.SEVERAL_PERSONS
            | Anomaly.LOITERING
            | Anomaly.OBJECT_LEFT
            | Anomaly.UNUSUAL_SCENE
            | Anomaly.UNUSUAL_BEHAVIOUR
            | Anomaly.DOOR_HELD_OPEN
        ):
            return Kept.NUISANCE
        case _:
            assert_never(anomaly)


def keep_days(whys: Iterable[str], mark: Mark | None, profile: Profile, most: float) -> float:
    """How many days the pictures of an incident are kept: as the kind of it that is kept longest, `most` at
    most; one that was marked as a false alarm on the spot (`mark`) as such. `whys` is why pictures were kept
    of it; none: as long as any."""
    days = days_of(profile)
    if mark is Mark.FALSE:
        return min(most, days.false_alarm)
    kinds = {kind for kind in map(kind_of, whys) if kind is not None} or {Kept.OTHER}
    return min(most, max(days.of(kind, most) for kind in kinds))
