"""One line of the record as a moment of a story: of which kind it is, and what it says, typed.

A line of another version, or one that nobody expects, is never dropped and stops nothing: it is shown by its
name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from edge.cabin.events import Anomaly
from edge.journal.reader import Line
from edge.pictures.files import PICTURE_NAME
from edge.pictures.kept import KEPT, REMOVED
from edge.terms.marks import MARKED, Marked, marked_in
from edge.terms.reason import Reason
from edge.terms.record import RowState


class Kind(StrEnum):
    """What a moment is about: how it is drawn and sifted."""

    STATE = "state"
    FACT = "fact"
    ANOMALY = "anomaly"
    ANOMALY_ENDED = "anomaly_ended"
    MESSAGE = "message"
    PROMPT = "prompt"
    KEY = "key"
    DOOR = "door"
    PERMIT = "permit"
    SIREN = "siren"
    CONTACT = "contact"
    PICTURES = "pictures"
    FAULT = "fault"
    MARK = "mark"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a story. `since_s` counts from the beginning of the incident, below 0 before it.

    `name` is the record's own; `said` what the line adds, plain values by their names.
    """

    seq: int
    boot: int
    mono_s: float
    wall_s: float
    since_s: float
    kind: Kind
    name: str
    said: Mapping[str, object] = field(default_factory=dict)
    reason: Reason | None = None
    mark: Marked | None = None
    pictures: Mapping[str, str] = field(default_factory=dict)

    def word(self, name: str) -> str:
        """What the line says under that name, as text; empty where it says nothing."""
        value = self.said.get(name, "")
        return value if isinstance(value, str) else str(value)

    def number(self, name: str) -> int:
        """What the line says under that name as a whole number; 0 where it says none."""
        value = self.said.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0


_KEYS: Final = frozenset(
    {
        *("key_touched", "entry_completed", "entry_judged", "keypad_closed", "entry_refused"),
        *("owner_entry_completed", "owner_entry_judged"),
    }
)
_COMMANDS: Final = {
    "set_door": Kind.DOOR,
    "set_permit": Kind.PERMIT,
    "set_sound": Kind.SIREN,
    "say": Kind.PROMPT,
    "tell": Kind.MESSAGE,
    "send_code": Kind.MESSAGE,
}
_DROPPED: Final = frozenset(
    {
        # what another line of the same moment says already, in words that people know
        *("keep_pictures", "keep_one_picture", "record_lock", "issue_code", "judge_entry", "refuse"),
        *("void_code", "close_incident", "answer_machine", "issue_owner_code", "void_owner_code"),
        *("judge_owner_entry", "record_answered", "checkpoint", "vitals", "wrong_code", "code_accepted"),
    }
)
KNOWN: Final = frozenset(
    {
        *("restarted", "nothing_to_release", "superseded_code", "verdict_without_entry", "release_right"),
        *("release_ordered", "release_refused", "release_of_another_incident", "code_denied"),
        *("text_ignored", "status_asked", "help_asked", "daily_asked", "mark_asked", "modem_recovery"),
        *("clock_jumped", "held_back", "held_back_ended", "views_again", "records_lost", "record_lost"),
        *("record_pruned", "record_covered", "exit_input_recovered", "keypad_cleared"),
    }
)
"""The moments of no other kind that have words of their own; what else comes is said by its name."""

_ANOMALIES: Final = frozenset(anomaly.value for anomaly in Anomaly)
_OUTCOMES: Final = frozenset(state.value for state in RowState)
_ENDED: Final = "_ended"


def said_in(line: Line) -> dict[str, object]:
    """What a line adds; nothing where it is no JSON object."""
    try:
        said = json.loads(line.data)
    except ValueError:
        return {}
    return {str(name): value for name, value in said.items()} if isinstance(said, dict) else {}


def moment_of(line: Line, since_s: float) -> Moment | None:
    """The moment that a line is; None for one that only says again what another one says."""
    if line.name in _DROPPED:
        return None
    said = said_in(line)
    if line.name == KEPT and not said.get("files") and not said.get("left_out"):
        return None
    kind = _kind_of(line, said)
    said.pop("name", None)
    return Moment(
        seq=line.seq,
        boot=line.boot,
        mono_s=line.mono_s,
        wall_s=line.wall_s,
        since_s=since_s,
        kind=kind,
        name=line.name,
        said={name: value for name, value in said.items() if name not in ("reason", "files")}
        | ({"why": said["reason"]} if isinstance(said.get("reason"), str) else {}),
        reason=reason_in(said),
        mark=marked_in(line.incident, said) if kind is Kind.MARK else None,
        pictures=_pictures_in(said) if kind is Kind.PICTURES else {},
    )


def _kind_of(line: Line, said: Mapping[str, object]) -> Kind:
    name = line.name
    match line.kind:
        case "state":
            return Kind.STATE
        case "fact":
            if name in _ANOMALIES or name.startswith("camera_"):
                return Kind.ANOMALY_ENDED if name == "camera_ok" else Kind.ANOMALY
            if name.endswith(_ENDED) or name == "one_person":
                return Kind.ANOMALY_ENDED
            return Kind.FACT
        case "fault":
            return Kind.FAULT
        case "evidence":
            return Kind.PICTURES if name in (KEPT, REMOVED) else Kind.OTHER
        case "sms":
            return Kind.MESSAGE if name in _OUTCOMES else Kind.OTHER
        case "command":
            return _COMMANDS.get(name, Kind.OTHER)
        case "event" | "note":
            return _of_event(name, said)
        case _:
            return Kind.OTHER


def _of_event(name: str, said: Mapping[str, object]) -> Kind:
    if name == MARKED:
        return Kind.MARK
    if name in _KEYS:
        return Kind.KEY
    if name in ("device_failed", "device_recovered"):
        return Kind.FAULT
    if name == "input_moved" and isinstance(said.get("input"), str):
        return Kind.CONTACT
    return Kind.OTHER


def reason_in(said: Mapping[str, object]) -> Reason | None:
    """The reason of a fact; None where it has none, or one that only another version understands."""
    try:
        return msgspec.convert(said.get("reason"), Reason | None, strict=False)
    except msgspec.ValidationError:
        return None


def _pictures_in(said: Mapping[str, object]) -> dict[str, str]:
    """Name and hash of the pictures that a line names; none whose name is not that of a picture."""
    files = said.get("files")
    if not isinstance(files, dict):
        return {}
    return {
        name: str(digest)
        for name, digest in files.items()
        if isinstance(name, str) and PICTURE_NAME.fullmatch(name)
    }
