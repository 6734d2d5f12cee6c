"""What every event does in every corner of the cabin, and what time does there, written down to be read.

python -m tests.cabin.every_step --write    renew every_step.txt after a change that was meant

The tests compare the table with the file, so a change of what the cabin does shows as changed lines in it.
Times are seconds from the moment of the event.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from enum import Enum
from pathlib import Path

from edge.cabin.comeback import DURATIONS, wake_up
from edge.cabin.commands import Command, Say
from edge.cabin.deadlines import next_wake_s
from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    AnomalyEnded,
    CameraJudged,
    ClaimMade,
    ClaimOver,
    CodeAccepted,
    CodeDenied,
    Device,
    DeviceFailed,
    DeviceRecovered,
    Event,
    FaceFact,
    FaceJudged,
    InputMoved,
    Orderer,
    OwnerCodeOver,
    OwnerCodeSent,
    OwnerCodeWanted,
    OwnerEntryCompleted,
    OwnerEntryJudged,
    OwnerJudged,
    PromptGiven,
    RecordAnswered,
    ReleaseOrdered,
    Restarted,
    Ticked,
)
from edge.cabin.outputs import lock_in_s, outputs, shown
from edge.cabin.state import Claim, Code, State, Trial
from edge.cabin.table import step
from edge.terms.identity import ClaimEnd, NoOwnerCode
from edge.terms.observation import CameraHealth, Cover
from edge.terms.record import Recipient
from hw.ports import Input
from tests.worlds.cabin_places import CORNERS, MAKERS
from tests.worlds.cabin_world import EVENTS, Cabin

FILE = Path(__file__).with_suffix(".txt")
NOTHING = "nothing"
LONG_S = 2000.0
MOST_WAKES = 10

CODES = ((1, 1), (1, 2), (2, 1))
_ANSWERS = (RecordAnswered, CodeAccepted, CodeDenied, PromptGiven, ReleaseOrdered, Restarted)
SOME_EVENTS: tuple[Event, ...] = (
    *(event for event in EVENTS if not isinstance(event, _ANSWERS)),
    RecordAnswered(1),
    RecordAnswered(2),
    *(kind(i, issue, Recipient.WATCHMAN) for kind in (CodeAccepted, CodeDenied) for i, issue in CODES),
    CodeAccepted(1, 1, Recipient.WATCHMAN2),
    CodeDenied(1, 1, Recipient.WATCHMAN2),
    *(PromptGiven(ticket) for ticket in (0, 1, 2, 99)),
    *(ReleaseOrdered(by, incident) for by in Orderer for incident in (0, 1, 7)),
    Restarted(False, False, False, 0.0),
    Restarted(False, False, False, 180.0),
    Restarted(False, False, False, 181.0),
    Restarted(False, False, False, None),
    Restarted(False, False, True, 0.0),
    Restarted(False, True, False, 0.0),
    Restarted(True, False, False, 0.0),
)
"""The events that the tests know, less those of many answers that differ in their numbers only."""

_FEW_FACES = {FaceJudged(face) for face in FaceFact} | {FaceJudged(FaceFact.COVERED, Cover.MASK)}
_FEW_HEALTHS = {CameraHealth.OK, CameraHealth.DARK, CameraHealth.UPSIDE_DOWN, CameraHealth.GONE}
_FEW_ANOMALIES = {
    Anomaly.SEVERAL_PERSONS,
    Anomaly.WEAPON,
    Anomaly.PERSON_DOWN,
    Anomaly.LOITERING,
    Anomaly.CAMERA_OBSTRUCTED,
    Anomaly.STILL_PICTURE,
    Anomaly.DOOR_FORCED,
}
_FEW_DEVICES = {
    Device.DISK,
    Device.KEYPAD,
    Device.INPUTS,
    Device.PROMPT,
    Device.MODEM,
    Device.CLOCK,
    Device.DOOR_CONTACT,
    Device.EXIT_INPUT,
}


_OF_CLAIMS = {
    event
    for event in EVENTS
    if isinstance(
        event,
        ClaimMade
        | ClaimOver
        | OwnerJudged
        | OwnerCodeWanted
        | OwnerCodeSent
        | OwnerCodeOver
        | OwnerEntryCompleted
        | OwnerEntryJudged,
    )
}
"""Where no claim is taken they are refused; that stands with the places, and not again with the corners."""

_FEW_OF_CLAIMS = {
    *(ClaimMade(claim) for claim in (1, 2)),
    *(ClaimOver(1, why) for why in (ClaimEnd.MACHINE_ENDED, ClaimEnd.OWNER_SAID_NO)),
    *(OwnerCodeOver(1, why) for why in (NoOwnerCode.NOT_SENT, NoOwnerCode.TRIES_USED)),
}


def _is_one_of_few(event: Event) -> bool:
    """One event of each kind that differs: enough for the corners."""
    match event:
        case FaceJudged():
            return event in _FEW_FACES
        case CameraJudged(health):
            return health in _FEW_HEALTHS
        case AnomalyBegan(anomaly, _) | AnomalyEnded(anomaly):
            return anomaly in _FEW_ANOMALIES
        case DeviceFailed(device, _) | DeviceRecovered(device):
            return device in _FEW_DEVICES
        case ReleaseOrdered(by, incident):
            return by is Orderer.CONTROL_ROOM and incident == 0
        case Restarted(_, exit_, door_open, off_s):
            return off_s == 0.0 and not exit_ and not door_open
        case ClaimMade() | ClaimOver() | OwnerCodeOver():
            return event in _FEW_OF_CLAIMS
        case InputMoved(name, _):
            return name not in (Input.CASE, Input.VIBRATION)
        case _:
            return True


def _words(thing: object) -> str:
    """A command or an event: its name and its values; where no reason to show was given, none is shown."""
    named = {f.name: getattr(thing, f.name) for f in fields(thing)}  # type: ignore[arg-type]
    values = [value for name, value in named.items() if name != "reason" or value is not None]
    return " ".join([type(thing).__name__, *(_value(value) for value in values)])


def _value(value: object) -> str:
    match value:
        case Enum():
            return str(value.value)
        case bool():
            return "yes" if value else "no"
        case None | "":
            return "-"
        case float():
            return f"{value:.4f}".rstrip("0").rstrip(".")
        case frozenset():
            return "{" + " ".join(sorted(_value(v) for v in value)) + "}"
        case tuple():
            return "(" + " ".join(_value(v) for v in value) + ")"
        case _:
            return str(value)


def _time(value: float | None, now_s: float) -> str:
    return "-" if value is None else f"{value - now_s:+.4f}".rstrip("0").rstrip(".")


def _differences(
    old: State | Code | Claim | Trial, new: State | Code | Claim | Trial, now_s: float, prefix: str = ""
) -> Iterator[str]:
    moved = isinstance(old, State) and isinstance(new, State) and old.mode is not new.mode
    for f in fields(old):
        before, after = getattr(old, f.name), getattr(new, f.name)
        if before == after or f.name == "ticket" or (moved and f.name == "since_s" and after == now_s):
            continue
        if isinstance(before, Code):
            yield from _differences(before, after, now_s, "code.")
        elif isinstance(before, Claim):
            yield from _differences(before, after, now_s, "claim.")
        elif isinstance(before, Trial):
            yield from _differences(before, after, now_s, "trial.")
        elif isinstance(before, frozenset):
            yield from (f"{prefix}{f.name} + {_value(one)}" for one in sorted(after - before))
            yield from (f"{prefix}{f.name} - {_value(one)}" for one in sorted(before - after))
        elif f.name == "told":
            pairs = " ".join(f"{anomaly.value} {_time(at_s, now_s)}" for anomaly, at_s in after)
            yield f"{prefix}told=({pairs})"
        elif f.name.endswith("_s") and f.name not in DURATIONS:
            yield f"{prefix}{f.name}={_time(after, now_s)}"
        else:
            yield f"{prefix}{f.name}={_value(after)}"


def effect(old: State, new: State, commands: Sequence[Command], now_s: float) -> str:
    """What became of the state, then what was ordered. Numbers of tickets mean nothing and are left out."""
    said = list(_differences(old, new, now_s))
    said += [_words(replace(c, ticket=0) if isinstance(c, Say) else c) for c in commands]
    return "; ".join(said) or NOTHING


def _settled(place: str) -> Cabin:
    return (MAKERS | CORNERS)[place]().hear(Ticked())


def events_at(place: str) -> Iterable[Event]:
    if place in MAKERS:
        return SOME_EVENTS
    claims = (MAKERS | CORNERS)[place]().rules.owner is not None
    return (event for event in SOME_EVENTS if _is_one_of_few(event) and (claims or event not in _OF_CLAIMS))


def of_events(place: str) -> dict[str, str]:
    """What each event does there, and what a restart makes of the remembered state."""
    c = _settled(place)
    found: dict[str, str] = {}
    for event in events_at(place):
        done = step(c.state, event, c.now_s, c.rules)
        does = effect(c.state, done.state, done.commands, c.now_s)
        if isinstance(event, AnomalyBegan | AnomalyEnded):
            does = re.sub(rf"\b{event.anomaly.value}\b", "it", does)
        elif isinstance(event, DeviceFailed | DeviceRecovered):
            does = re.sub(rf"\b{event.device.value}\b", "it", does)
        elif isinstance(event, CameraJudged):
            does = re.sub(rf"\b{event.health.value}\b", "it", does)
        found[_words(event)] = does
    for off_s in (4.0, 400.0, None) if place in MAKERS else ():
        woken = wake_up(c.state, c.now_s - 3.0, c.now_s + 5.0, off_s, c.flow)
        found[f"waking up after {_value(off_s)}"] = effect(c.state, woken, (), c.now_s + 5.0)
    return found


def of_time(place: str) -> list[str]:
    """How it looks there, and what time alone does, wake by wake, until it repeats itself."""
    c = _settled(place)
    left_s = lock_in_s(c.state, c.now_s, c.rules)
    seen = ", ".join(_words(command) for command in outputs(c.state, c.now_s, c.rules))
    lines = [f"shown {shown(c.state, c.now_s)}; lock in {_value(left_s)}; {seen}"]
    start_s = c.now_s
    known: set[str] = set()
    for _ in range(MOST_WAKES):
        wake_s = next_wake_s(c.state, c.now_s, c.rules)
        if wake_s is None or wake_s > start_s + LONG_S:
            break
        before = c.state
        c.forget().wait(wake_s - c.now_s)
        does = effect(before, c.state, c.fresh, c.now_s)
        if does in known:
            break
        known.add(does)
        lines.append(f"after {_value(wake_s - start_s)}: {does}")
    return lines


def _base(place: str) -> str:
    """The first place of the same kind: only what differs from there is written down."""
    kind = place.split(",")[0].removesuffix(" again")
    return kind if kind in MAKERS and kind != place else ""


def _together(names: list[str]) -> str:
    """Events of one kind are named once."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        kind, _, values = name.partition(" ")
        kinds.setdefault(kind, []).append(values)
    return " | ".join(f"{kind} {', '.join(values)}".strip() for kind, values in kinds.items())


def paragraph(place: str, events: dict[str, str], base: dict[str, str]) -> str:
    groups: dict[str, list[str]] = {}
    for event, does in events.items():
        if does != base.get(event, NOTHING):
            groups.setdefault(does, []).append(event)
    lines = [f"{place}, as {_base(place)!r} but" if base else place]
    lines += [f"  {_together(names)}: {does}" for does, names in groups.items()]
    lines += [f"  {line}" for line in of_time(place)]
    return "\n".join(lines) + "\n"


def paragraph_of(place: str) -> str:
    base = _base(place)
    return paragraph(place, of_events(place), of_events(base) if base else {})


def written() -> dict[str, str]:
    """What the file says of each place."""
    found: dict[str, str] = {}
    for part in re.split(r"\n(?=\S)", FILE.read_text().rstrip("\n")):
        name = re.sub(r", as '.*' but$", "", part.split("\n")[0])
        found[name] = part + "\n"
    return found


def text() -> str:
    return "".join(paragraph_of(place) for place in MAKERS | CORNERS)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(text())
    else:
        sys.stdout.write(text())
