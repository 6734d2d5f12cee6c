"""The table of the cabin as a picture and two grids for the README, made from the table itself.

python -m edge.cabin.diagram                     print them
python -m edge.cabin.diagram --check README.md   exit 1 where the part between the markers is stale
python -m edge.cabin.diagram --write README.md   renew that part
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, assert_never

from edge.cabin.commands import (
    AnswerMachine,
    ClearEntry,
    CloseIncident,
    Command,
    EndClaim,
    IssueCode,
    KeepOnePicture,
    KeepPictures,
    Note,
    PromptKey,
    RecordLock,
    SendCode,
    VoidCode,
    VoidOwnerCode,
)
from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    AnomalyEnded,
    Appeared,
    CameraJudged,
    ClaimMade,
    ClaimOver,
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
    Kind,
    OwnerCodeOver,
    OwnerCodeSent,
    OwnerCodeWanted,
    OwnerEntryCompleted,
    OwnerEntryJudged,
    OwnerJudged,
    PeopleJudged,
    PresenceStuck,
    PromptGiven,
    RecordAnswered,
    ReleaseOrdered,
    Restarted,
    Ticked,
    TrialAsked,
    TrialStopped,
)
from edge.cabin.moves import MOVES, Move, Order
from edge.cabin.state import Mode
from edge.cabin.table import ALWAYS, COMES_BACK, TABLE, Cell
from edge.terms.alerts import Alert
from hw.ports import Input

BEGIN: Final = "<!-- table:begin -->"
END: Final = "<!-- table:end -->"

EVENTS: Final[dict[type[Event], str]] = {
    Appeared: "somebody comes",
    Emptied: "the cabin is empty",
    PresenceStuck: "somebody is there for too long",
    FaceJudged: "the face is judged",
    PeopleJudged: "one or several persons are seen",
    CameraJudged: "the camera sees or is blind",
    AnomalyBegan: "an anomaly begins",
    AnomalyEnded: "an anomaly ends",
    KeyTouched: "a key is touched",
    EntryCompleted: "a whole code is typed",
    EntryJudged: "the typed code is compared",
    OwnerJudged: "the face is compared with the owner's",
    ClaimMade: "the machine says whose card it is",
    ClaimOver: "a claim does not count any more",
    OwnerCodeWanted: "the customer asks for the owner's code",
    OwnerCodeSent: "the network took the owner's code",
    OwnerCodeOver: "there is no code of the owner",
    OwnerEntryCompleted: "a whole owner's code is typed",
    OwnerEntryJudged: "the typed owner's code is compared",
    TrialAsked: "an output is to be tried",
    TrialStopped: "what is tried is to stop",
    RecordAnswered: "the lock is on record",
    CodeAccepted: "the network took the code SMS",
    CodeDenied: "a code SMS reached nobody",
    PromptGiven: "the words were heard",
    ReleaseOrdered: "a release is ordered",
    DeviceFailed: "a device fails",
    DeviceRecovered: "a device is back",
    ClockJumped: "the clock was set",
    Restarted: "the program starts again",
    Ticked: "a deadline comes",
}
"""Every event in the watchman's words; the wires have their own in `_wire`."""

COMMANDS: Final[dict[type[Command], str]] = {
    KeepPictures: "keeps the pictures",
    CloseIncident: "closes the incident",
    RecordLock: "puts the lock on record",
    ClearEntry: "forgets what was typed",
    IssueCode: "makes a code",
    SendCode: "sends the code",
    VoidCode: "makes the code void",
    EndClaim: "ends the claim",
    KeepOnePicture: "keeps one picture",
    Note: "notes it",
    AnswerMachine: "tells the machine",
    VoidOwnerCode: "makes the owner's code void",
}


def row_words(row: Kind) -> str:
    return _wire(row) if isinstance(row, InputMoved) else EVENTS[row]


def _wire(moved: InputMoved) -> str:
    match moved.input:
        case Input.DOOR:
            return "the door opens" if moved.active else "the door closes"
        case Input.EXIT:
            return "the exit button is pressed" if moved.active else "the exit button is let go"
        case Input.FIRE:
            return "the fire alarm begins" if moved.active else "the fire alarm ends"
        case Input.PANIC:
            return "the panic switch is set" if moved.active else "the panic switch is set back"
        case Input.CASE:
            return "the case is opened" if moved.active else "the case is closed"
        case Input.VIBRATION:
            return "the case is shaken" if moved.active else "the case is still again"
        case _:
            assert_never(moved.input)


def _prompt(prompt: PromptKey) -> str:
    match prompt:
        case PromptKey.SHOW_FACE:
            return "says what to change so that the face shows"
        case PromptKey.DOOR_OPEN:
            return "says to close the door"
        case PromptKey.LOCKED:
            return "says that the door is locked"
        case PromptKey.RELEASED:
            return "says that the door is open"
        case PromptKey.EMERGENCY:
            return "says to leave"
        case PromptKey.MACHINE_CLOSED:
            return "says that the machine is closed"
        case PromptKey.OWNER_FACE:
            return "says to look into the camera for the card"
        case PromptKey.OWNER_NOT_KNOWN:
            return "says that a code can be asked for"
        case PromptKey.OWNER_CODE_SENT:
            return "says that the owner has a code"
        case PromptKey.OWNER_CODE_WRONG:
            return "says that the code was wrong"
        case PromptKey.OWNER_CODE_OLD:
            return "says that the code is too old"
        case PromptKey.OWNER_CODE_NOT_SENT:
            return "says that no code could be sent"
        case PromptKey.OWNER_NO_CODE:
            return "says that there is no more code for now"
        case PromptKey.TRIAL:
            return "says that it is a test"
        case PromptKey.SILENCE:
            return "stops the words"
        case _:
            assert_never(prompt)


def order_words(order: Order) -> str:
    if isinstance(order, PromptKey):
        return _prompt(order)
    if isinstance(order, Alert):
        return f"tells *{order.replace('_', ' ')}*"
    return "tells of the anomaly" if issubclass(order, Anomaly) else COMMANDS[order]


def cell_words(row: Kind, cell: Cell) -> str:
    """What one cell of the first grid says."""
    if row is Ticked:
        return "second grid"
    if cell.act is None:
        return "refused" if cell.refusal else "ignored in this state"
    otherwise = next((f"→ {to}" for to, when in cell.to.items() if when == ALWAYS), "stored")
    return "; ".join([otherwise, *(f"→ {to} ({when})" for to, when in cell.to.items() if when != ALWAYS)])


def edges() -> dict[tuple[Mode, Mode], list[str]]:
    """The words of every arrow, restarts apart, in the order of the modes."""
    found: dict[tuple[Mode, Mode], list[str]] = {}
    for source in Mode:
        for target in Mode:
            words = [*_by_events(source, target), *(m.when for m in MOVES if m.leads(source, target))]
            if words:
                found[source, target] = sorted(set(words), key=words.index)
    return found


def _by_events(source: Mode, target: Mode) -> Iterator[str]:
    for row, cells in TABLE.items():
        if row is not Restarted and target in cells[source].to:
            when = cells[source].to[target]
            name = row_words(row)
            yield name if when == ALWAYS else COMES_BACK if when.endswith(COMES_BACK) else f"{name} ({when})"


def picture() -> str:
    """A Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    direction TB", f"    [*] --> {Mode.VACANT}"]
    lines += [
        f"    {source} --> {target}: {' / '.join(words)}" for (source, target), words in edges().items()
    ]
    return "\n".join(["```mermaid", *lines, "```"])


def event_grid() -> str:
    """What every event does in every mode; the same cells that the program steps through."""
    lines = ["| what happens | " + " | ".join(Mode) + " |", "|---" * (len(Mode) + 1) + "|"]
    for row, cells in TABLE.items():
        lines.append(f"| {' | '.join([row_words(row), *(cell_words(row, cells[mode]) for mode in Mode)])} |")
    return "\n".join(lines)


def state_grid() -> str:
    """What the state alone leads to; the same rows that the program goes through, in the same order."""
    lines = ["| in | what holds | leads to | what is done |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(move_cells(move))} |" for move in MOVES)])


def move_cells(move: Move) -> tuple[str, str, str, str]:
    modes = "every state" if len(move.modes) == len(Mode) else ", ".join(m for m in Mode if m in move.modes)
    done = [move.does] if move.does else []
    done += [order_words(order) for order in move.orders]
    return modes, move.when, f"→ {move.to}" if move.to else "stays", "; ".join(done)


def section() -> str:
    """What stands between the markers."""
    events = (
        "**What an event does in each state.** → is where it leads; words in brackets say when, and what "
        "stands before them is what it does otherwise. *stored*: remembered, put on record or answered, and "
        "the state stays. *refused*: not done, under a name on record. *ignored in this state*: it changes "
        "nothing. *second grid*: what a deadline leads to stands there."
    )
    states = (
        "**What the state alone leads to**, before and after every event and whenever time makes it hold. "
        "The rows are gone through from above; where one leads to another state, that state's own rows are "
        "next. What is done is all that a row may do with the settings as delivered, not always all of it. "
        "What warns comes after the event only, and what locks only when nothing else waits to be heard: "
        "a late program accuses nobody who did in time what was asked."
    )
    always = (
        "Door, machine, sound and lights follow from the state: the door is locked in *locked* alone, once "
        "the lock is on record, and the machine may be used in *cleared* alone; where the card's owner is "
        "asked for, not before the face or the code was right."
    )
    return "\n\n".join([picture(), events, event_grid(), states, state_grid(), always])


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
