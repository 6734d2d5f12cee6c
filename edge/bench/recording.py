"""What is done and seen on a live bench, in a file: a recording goes on through a pulled plug."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from edge.bench.desk import Desk
from edge.bench.notebook import Notebook, Step, step_of
from edge.bench.wire import Recorded
from edge.loop.happening import Happening

NAME: Final = "notebook.jsonl"
_BEGINNINGS: Final = ("vacant", "checking", "cleared")
"""States that come again when those who are there come in again."""


class _Begun(msgspec.Struct, frozen=True, tag="begun"):
    """A recording begins: the words that bring back what stood then."""

    at_s: float
    words: tuple[tuple[str, ...], ...]
    note: str


class _Ended(msgspec.Struct, frozen=True, tag="ended"):
    """It ends."""


class _Undone(msgspec.Struct, frozen=True, tag="undone"):
    """The step before it could not be done."""


class _Taken(msgspec.Struct, frozen=True, tag="step"):
    at_s: float
    done: bool
    words: tuple[str, ...]


_Entry = _Begun | _Ended | _Undone | _Taken
_ENTRIES: Final = msgspec.json.Decoder(_Entry)


def standing(desk: Desk) -> list[tuple[str, ...]]:
    """The words that bring back, in a fresh cabin, what lasts in this one."""
    found: list[tuple[str, ...]] = [words for words in desk.acts.words if words[0] == "set"]
    scene = desk.mount.scene
    for one in () if scene is None else scene.people:
        if not one.leaving:
            worn = ("with", *sorted(one.covers)) if one.covers else ()
            found.append(("enter", one.name, *worn))
            found += [("turn", one.turned, one.name)] if one.turned != "front" else []
            found += [("photo", one.photo, one.name)] if one.photo != "off" else []
            found += [("crouch", one.name)] if one.crouching else []
    if scene is not None:
        found += [("lights", scene.lights)] if scene.lights != "on" else []
        found += [("front", scene.front)] if scene.front != "whole" else []
        found += [("camera", scene.lens)] if scene.lens != "clear" else []
    found += [words for words in desk.acts.words if words[0] != "set"]
    found += [("modem", name, "on") for name in desk.phone.faults]
    for machine in desk.cards.machines:
        found += [_ails(machine.name, fault) for fault in sorted(machine.faults)]
    return found


def _ails(machine: str, fault: str) -> tuple[str, ...]:
    return ("machine", "cut", machine) if fault == "cut" else ("ails", fault, "on", machine)


def in_the_way(desk: Desk) -> str:
    """What of this cabin a story that begins here cannot begin with; empty for nothing."""
    if desk.powered and desk.kiosk.name not in _BEGINNINGS:
        return f"the cabin is {desk.kiosk.name} now, and the story begins with one that is not"
    return ""


class FiledNotebook(Notebook):
    """A notebook in a file. A recording is what stands between its beginning and its end."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._path = folder / NAME
        self._begun: _Begun | None = None
        self._from = 0
        self._to: int | None = None
        if self._path.exists():
            for line in self._path.read_bytes().splitlines():
                self._take(_ENTRIES.decode(line))

    def did(self, at_s: float, words: Sequence[str]) -> None:
        self._add(_Taken(at_s, True, tuple(words)))

    def undo(self) -> None:
        self._add(_Undone())

    def hear(self, happening: Happening) -> None:
        step = step_of(happening)
        if step is not None:
            self._add(_Taken(step.at_s, False, step.words))

    def begin(self, at_s: float, stands: Sequence[tuple[str, ...]], note: str) -> None:
        """Record from here on; `stands` are the words that bring back what lasts now."""
        self._add(_Begun(at_s, tuple(stands), note))

    def end(self) -> None:
        """Record no more. ValueError where nothing is being recorded."""
        if self._begun is None or self._to is not None:
            raise ValueError("nothing is being recorded; story record begins it")
        self._add(_Ended())

    @property
    def recorded(self) -> Recorded | None:
        """What is being recorded, or was; None for nothing."""
        if self._begun is None:
            return None
        lines = len(self._begun.words) + len(self.steps[self._from : self._to])
        return Recorded(goes_on=self._to is None, lines=lines, note=self._begun.note)

    def recording(self) -> Notebook:
        """What was recorded, as a notebook that begins with it. ValueError for nothing."""
        if self._begun is None:
            raise ValueError("nothing was recorded; story record begins it")
        found = Notebook()
        begun_s = self._begun.at_s
        for words in self._begun.words:
            found.did(0.0, words)
        for step in self.steps[self._from : self._to]:
            found.steps.append(Step(step.at_s - begun_s, step.done, step.words))
        return found

    def _add(self, entry: _Entry) -> None:
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(entry) + b"\n")
        self._take(entry)

    def _take(self, entry: _Entry) -> None:
        match entry:
            case _Begun():
                self._begun, self._from, self._to = entry, len(self.steps), None
            case _Ended():
                self._to = len(self.steps)
            case _Undone():
                self.steps.pop()
            case _Taken(at_s, done, words):
                self.steps.append(Step(at_s, done, words))
