"""The one list of anomalies: all that the program decides by an anomaly, a row each and no defaults.

`Policy` is the part of a row that the settings may change; what a row says of the lock and of urgency is no
setting. The words for each stand with the languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

import msgspec

from edge.cabin.events import Anomaly
from edge.terms.alerts import Urgency
from edge.terms.record import Recipient


class Siren(StrEnum):
    """What an anomaly sounds like. `MUTE` also silences what other rules would play."""

    NO = "no"
    BEEPS = "beeps"
    SIREN = "siren"
    MUTE = "mute"


class SirenFor(Enum):
    """Whom a siren is meant for."""

    ANYBODY = "anybody"
    SOMEBODY_THERE = "somebody_there"
    """Only where somebody is in the cabin, or was a moment ago."""


class PermitRule(StrEnum):
    """What an anomaly does to the permit."""

    OFF = "off"
    STAYS = "stays"


class OnLock(Enum):
    """What an anomaly does to the lock. None ever leads to one."""

    NOTHING = "nothing"
    HOLDS = "holds"
    """While it lasts, and `hold_after_s` longer, the lock clock stands still."""
    RELEASES = "releases"
    """It holds the lock clock, and opens a standing lock."""


class Ends(Enum):
    """What ends an anomaly besides the judge or the switch that began it."""

    NOTHING_ELSE = "nothing_else"
    EMPTY = "empty"
    DOOR_SHUT = "door_shut"


@dataclass(frozen=True, slots=True)
class Row:
    """All that is decided by one anomaly."""

    told: tuple[Recipient, ...]
    siren: Siren
    siren_for: SirenFor
    permit: PermitRule
    urgency: Urgency
    on_lock: OnLock
    ends: Ends


_WATCHMAN: Final = (Recipient.WATCHMAN,)
_CONTROL: Final = (Recipient.CONTROL_ROOM,)
_BOTH: Final = (Recipient.WATCHMAN, Recipient.CONTROL_ROOM)
_NO, _BEEPS, _SIREN, _MUTE = Siren.NO, Siren.BEEPS, Siren.SIREN, Siren.MUTE
_ANY, _THERE = SirenFor.ANYBODY, SirenFor.SOMEBODY_THERE
_OFF, _STAYS = PermitRule.OFF, PermitRule.STAYS
_EMERGENCY, _ALERT = Urgency.EMERGENCY, Urgency.ALERT
_NOTHING, _HOLDS, _RELEASES = OnLock.NOTHING, OnLock.HOLDS, OnLock.RELEASES
_ELSE, _EMPTY, _SHUT = Ends.NOTHING_ELSE, Ends.EMPTY, Ends.DOOR_SHUT

# fmt: off
ANOMALIES: Final[Mapping[Anomaly, Row]] = {
    #                              told       siren   for     permit  urgency     lock       ended by
    Anomaly.SEVERAL_PERSONS:   Row(_CONTROL,  _BEEPS, _ANY,   _OFF,   _ALERT,     _HOLDS,    _EMPTY),
    Anomaly.WEAPON:            Row(_CONTROL,  _MUTE,  _ANY,   _OFF,   _EMERGENCY, _HOLDS,    _ELSE),
    Anomaly.FIGHT:             Row(_CONTROL,  _MUTE,  _ANY,   _OFF,   _EMERGENCY, _HOLDS,    _ELSE),
    Anomaly.ROBBERY:           Row(_CONTROL,  _MUTE,  _ANY,   _OFF,   _EMERGENCY, _HOLDS,    _ELSE),
    Anomaly.PERSON_DOWN:       Row(_CONTROL,  _MUTE,  _ANY,   _OFF,   _EMERGENCY, _RELEASES, _ELSE),
    Anomaly.PANIC:             Row(_CONTROL,  _MUTE,  _ANY,   _OFF,   _EMERGENCY, _RELEASES, _ELSE),
    Anomaly.LOITERING:         Row(_WATCHMAN, _BEEPS, _ANY,   _STAYS, _ALERT,     _NOTHING,  _EMPTY),
    Anomaly.INTRUSION:         Row(_BOTH,     _SIREN, _ANY,   _OFF,   _ALERT,     _NOTHING,  _ELSE),
    Anomaly.OBJECT_LEFT:       Row(_WATCHMAN, _NO,    _ANY,   _STAYS, _ALERT,     _NOTHING,  _ELSE),
    Anomaly.OBJECT_REMOVED:    Row(_BOTH,     _NO,    _ANY,   _OFF,   _ALERT,     _NOTHING,  _ELSE),
    Anomaly.FRONT_CHANGED:     Row(_BOTH,     _NO,    _ANY,   _OFF,   _ALERT,     _NOTHING,  _ELSE),
    Anomaly.CAMERA_OBSTRUCTED: Row(_BOTH,     _SIREN, _THERE, _OFF,   _ALERT,     _NOTHING,  _ELSE),
    Anomaly.UNUSUAL_SCENE:     Row(_CONTROL,  _NO,    _ANY,   _STAYS, _ALERT,     _NOTHING,  _ELSE),
    Anomaly.UNUSUAL_BEHAVIOUR: Row(_CONTROL,  _NO,    _ANY,   _STAYS, _ALERT,     _NOTHING,  _ELSE),
    Anomaly.STILL_PICTURE:     Row(_CONTROL,  _NO,    _ANY,   _STAYS, _ALERT,     _NOTHING,  _EMPTY),
    Anomaly.CASE_OPENED:       Row(_BOTH,     _SIREN, _ANY,   _OFF,   _ALERT,     _NOTHING,  _ELSE),
    Anomaly.SHAKEN:            Row(_BOTH,     _SIREN, _ANY,   _OFF,   _ALERT,     _NOTHING,  _ELSE),
    Anomaly.DOOR_FORCED:       Row(_BOTH,     _SIREN, _ANY,   _OFF,   _ALERT,     _NOTHING,  _SHUT),
    Anomaly.DOOR_HELD_OPEN:    Row(_WATCHMAN, _BEEPS, _ANY,   _OFF,   _ALERT,     _NOTHING,  _SHUT),
}
# fmt: on

HOLDS_CLOCK: Final = frozenset(a for a in Anomaly if ANOMALIES[a].on_lock is not OnLock.NOTHING)
"""While one of these lasts, and `hold_after_s` longer, the lock clock stands still. No setting changes it."""

RELEASES: Final = frozenset(a for a in Anomaly if ANOMALIES[a].on_lock is OnLock.RELEASES)
"""These open a standing lock. No setting changes it."""


def ended_by(ends: Ends) -> frozenset[Anomaly]:
    """The anomalies that this ends."""
    return frozenset(anomaly for anomaly in Anomaly if ANOMALIES[anomaly].ends is ends)


# --- what the settings may change ------------------------------------------------------------------


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one anomaly leads to. Whether it may lock is no setting: none does."""

    told: tuple[Recipient, ...]
    siren: Siren
    permit: PermitRule


def _rule(anomaly: Anomaly) -> Rule:
    row = ANOMALIES[anomaly]
    return Rule(row.told, row.siren, row.permit)


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule for each anomaly, under the anomaly's own name; the list's own unless it is set otherwise."""

    several_persons: Rule = _rule(Anomaly.SEVERAL_PERSONS)
    weapon: Rule = _rule(Anomaly.WEAPON)
    fight: Rule = _rule(Anomaly.FIGHT)
    robbery: Rule = _rule(Anomaly.ROBBERY)
    person_down: Rule = _rule(Anomaly.PERSON_DOWN)
    panic: Rule = _rule(Anomaly.PANIC)
    loitering: Rule = _rule(Anomaly.LOITERING)
    intrusion: Rule = _rule(Anomaly.INTRUSION)
    object_left: Rule = _rule(Anomaly.OBJECT_LEFT)
    object_removed: Rule = _rule(Anomaly.OBJECT_REMOVED)
    front_changed: Rule = _rule(Anomaly.FRONT_CHANGED)
    camera_obstructed: Rule = _rule(Anomaly.CAMERA_OBSTRUCTED)
    unusual_scene: Rule = _rule(Anomaly.UNUSUAL_SCENE)
    unusual_behaviour: Rule = _rule(Anomaly.UNUSUAL_BEHAVIOUR)
    still_picture: Rule = _rule(Anomaly.STILL_PICTURE)
    case_opened: Rule = _rule(Anomaly.CASE_OPENED)
    shaken: Rule = _rule(Anomaly.SHAKEN)
    door_forced: Rule = _rule(Anomaly.DOOR_FORCED)
    door_held_open: Rule = _rule(Anomaly.DOOR_HELD_OPEN)

    def rule(self, anomaly: Anomaly) -> Rule:
        found: Rule = getattr(self, anomaly.value)
        return found

    def __iter__(self) -> Iterator[tuple[str, Rule]]:
        return ((name, getattr(self, name)) for name in self.__struct_fields__)
