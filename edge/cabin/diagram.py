"""The table of the cabin as a picture and a grid for the README, made from the table itself.

python -m edge.cabin.diagram                     print both
python -m edge.cabin.diagram --check README.md   exit 1 where the part between the markers is stale
python -m edge.cabin.diagram --write README.md   renew that part
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.cabin.events import (
    AnomalyBegan,
    AnomalyEnded,
    Appeared,
    CameraJudged,
    ClockJumped,
    CodeAccepted,
    CodeDenied,
    DeviceFailed,
    DeviceRecovered,
    Emptied,
    EntryCompleted,
    EntryJudged,
    Event,
    FaceJudged,
    InputMoved,
    KeyTouched,
    PeopleJudged,
    PresenceStuck,
    PromptGiven,
    RecordAnswered,
    ReleaseOrdered,
    Restarted,
    Ticked,
)
from edge.cabin.state import Mode
from edge.cabin.table import TABLE

BEGIN: Final = "<!-- table:begin -->"
END: Final = "<!-- table:end -->"

_M = Mode
_EVENTS: Final[dict[type[Event], str]] = {
    Appeared: "somebody comes",
    Emptied: "the cabin is empty",
    PresenceStuck: "somebody there for too long",
    FaceJudged: "the face is judged",
    PeopleJudged: "one or several persons",
    CameraJudged: "the camera sees or is blind",
    AnomalyBegan: "an anomaly begins",
    AnomalyEnded: "an anomaly ends",
    InputMoved: "a wire: door, exit, fire, panic, case, vibration",
    KeyTouched: "a key is touched",
    EntryCompleted: "a whole code is typed",
    EntryJudged: "the typed code is compared",
    RecordAnswered: "the lock is on record",
    CodeAccepted: "the network took the code SMS",
    CodeDenied: "a code SMS reached nobody",
    PromptGiven: "the words were heard",
    ReleaseOrdered: "release ordered",
    DeviceFailed: "a device fails",
    DeviceRecovered: "a device is back",
    ClockJumped: "the clock was set",
    Restarted: "the program starts again",
    Ticked: "what was seen, or time that ran out",
}
"""Every row of the table in the watchman's words."""

_EDGES: Final[dict[tuple[type[Event], Mode, Mode], str]] = {
    (Ticked, _M.CHECKING, _M.CLEARED): "proper face",
    (Ticked, _M.CHECKING, _M.WARNED): "no proper face in time",
    (Ticked, _M.CLEARED, _M.CHECKING): "covered, hidden or joined",
    (Ticked, _M.CLEARED, _M.RELEASED): "covered or hidden after a release",
    (Ticked, _M.WARNED, _M.CLEARED): "proper face",
    (Ticked, _M.WARNED, _M.LOCKED): "face not shown until the deadline",
    (Ticked, _M.WARNED, _M.RELEASED): "a lock that was coming back is over",
    (Ticked, _M.LOCKED, _M.RELEASED): "too long, nobody can open, or nobody there",
    (Ticked, _M.LOCKED, _M.WARNED): "danger or open door before the lock was on record",
    (Ticked, _M.RELEASED, _M.CLEARED): "proper face",
    (Ticked, _M.RELEASED, _M.VACANT): "empty, and the fire over",
    (Ticked, _M.EMERGENCY, _M.RELEASED): "all quiet again",
    (InputMoved, _M.CLEARED, _M.CHECKING): "the door moves",
    (InputMoved, _M.CLEARED, _M.RELEASED): "the door moves after a release",
    (InputMoved, _M.WARNED, _M.RELEASED): "a lock that was coming back is over",
    (InputMoved, _M.LOCKED, _M.RELEASED): "panic switch, or door forced",
    (InputMoved, _M.LOCKED, _M.WARNED): "door open before the lock was on record",
    (AnomalyBegan, _M.WARNED, _M.RELEASED): "a lock that was coming back is over",
    (AnomalyBegan, _M.LOCKED, _M.RELEASED): "person down",
    (FaceJudged, _M.WARNED, _M.RELEASED): "a lock that was coming back is over",
    (PeopleJudged, _M.WARNED, _M.RELEASED): "a lock that was coming back is over",
    (Emptied, _M.WARNED, _M.RELEASED): "a lock that was coming back is over",
    (Emptied, _M.LOCKED, _M.RELEASED): "a lock that was coming back is over",
    (ReleaseOrdered, _M.WARNED, _M.RELEASED): "a lock that was coming back is over",
    (DeviceFailed, _M.CHECKING, _M.RELEASED): "seen behind a door that never opened",
    (DeviceFailed, _M.WARNED, _M.RELEASED): "seen behind a door that never opened",
    (DeviceFailed, _M.LOCKED, _M.RELEASED): "the inputs cannot be read",
    (EntryJudged, _M.LOCKED, _M.RELEASED): "the right code",
    (ReleaseOrdered, _M.LOCKED, _M.RELEASED): "the control room",
    (DeviceFailed, _M.LOCKED, _M.WARNED): "no record possible",
    (Emptied, _M.CLEARED, _M.RELEASED): "empty before a fire is over",
    (Emptied, _M.LOCKED, _M.VACANT): "empty before the lock was on record",
}
"""What an arrow says where the event's own words would not do."""

_GENERAL: Final[dict[type[Event], str]] = {InputMoved: "fire or exit"}


def edges() -> dict[tuple[Mode, Mode], list[str]]:
    """The words of every arrow, restarts apart, in the order of the modes."""
    found: dict[tuple[Mode, Mode], list[str]] = {}
    for source in Mode:
        for target in Mode:
            words = [_words(e, source, target) for e, row in _rows() if target in row[source]]
            if words:
                found[source, target] = sorted(set(words), key=words.index)
    return found


def _rows() -> Iterator[tuple[type[Event], dict[Mode, frozenset[Mode]]]]:
    for event, cells in TABLE.items():
        if event is not Restarted:
            yield event, {mode: cell.to for mode, cell in cells.items()}


def _words(event: type[Event], source: Mode, target: Mode) -> str:
    return _EDGES.get((event, source, target)) or _GENERAL.get(event) or _EVENTS[event]


def picture() -> str:
    """A Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    direction TB", f"    [*] --> {Mode.VACANT}"]
    lines += [f"    {source} --> {target}: {', '.join(words)}" for (source, target), words in edges().items()]
    return "\n".join(["```mermaid", *lines, "```"])


def grid() -> str:
    """What every event does in every mode; the same cells that the program steps through."""
    lines = ["| what happens | " + " | ".join(Mode) + " |", "|---" * (len(Mode) + 1) + "|"]
    for event, cells in TABLE.items():
        shown = []
        for mode in Mode:
            cell = cells[mode]
            targets = ", ".join(to for to in Mode if to in cell.to)
            if targets:
                shown.append(f"→ {targets}")
            else:
                shown.append("refused" if cell.refusal else "noted" if cell.act else "·")
        lines.append(f"| {_EVENTS[event]} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def section() -> str:
    """What stands between the markers."""
    legend = (
        "→ where it may lead besides staying; *noted*: remembered or answered within the mode; *refused*: by "
        "name, into the record; ·: of no matter there."
    )
    return f"{picture()}\n\n{grid()}\n\n{legend}"


def renewed(text: str) -> str:
    """`text` with a fresh part between the markers; ValueError where they are missing or doubled."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"one {BEGIN} and, after it, one {END} are needed")
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n{section()}\n{END}{rest.split(END)[1]}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m edge.cabin.diagram", description="The table as a picture."
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", type=Path, metavar="FILE", help="exit 1 where the part in FILE is stale")
    how.add_argument("--write", type=Path, metavar="FILE", help="renew the part in FILE")
    chosen = parser.parse_args(arguments)
    path: Path | None = chosen.check or chosen.write
    if path is None:
        print(section())
        return 0
    try:
        text = path.read_text(encoding="utf-8")
        fresh = renewed(text)
    except (OSError, ValueError) as wrong:
        print(f"{path}: {wrong}", file=sys.stderr)
        return 2
    if chosen.write:
        path.write_text(fresh, encoding="utf-8")
    elif fresh != text:
        print(
            f"{path}: the table has changed; run python -m edge.cabin.diagram --write {path}", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
