"""The list of all incidents of a record: made once, then brought up to date with the new lines alone."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Final

from edge.cabin.events import Anomaly
from edge.journal import search
from edge.journal.chain import START
from edge.journal.reader import Line
from edge.reports.moments import said_in
from edge.terms.marks import MARKED, Mark, marked_in

PAGE: Final = 25
"""Incidents of one page of the list."""

LISTED_MOST: Final = 20_000
"""The newest incidents that are held in memory; a record of the usual size has some thousands."""

_TELLING: Final = ("set_door", "tell", "keep_pictures", MARKED)
_STATES: Final = ("warned", "locked", "emergency", "blind")
_ANOMALIES: Final = frozenset(anomaly.value for anomaly in Anomaly)


class Marking(StrEnum):
    """What the list is sifted by."""

    ANY = "any"
    NONE = "none"
    FALSE = "false"
    TRUE = "true"


class Phase(StrEnum):
    ANY = "any"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(slots=True)
class Listed:
    """One incident in the list. `kinds` are the record's words for what it was about, in their order.

    `released` says by what the door was opened, if it was; `locked_s` how long it was locked in all, by the
    wall clock; `ended_wall_s` is the time of its closing line, None while it is open.
    """

    incident: int
    first_seq: int
    last_seq: int
    began_wall_s: float
    last_wall_s: float
    kinds: tuple[str, ...] = ()
    released: str = ""
    locked_s: float | None = None
    locked_since_s: float | None = None
    ended_wall_s: float | None = None
    closed: bool = False
    mark: Mark | None = None
    marked_by: str = ""
    boot: int = 0

    @property
    def bounds(self) -> tuple[int, int]:
        """Its first and its last line."""
        return self.first_seq, self.last_seq


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is searched for. `words` are looked for in number and kinds, in any language's words that
    the caller adds (`named`)."""

    day: date | None = None
    month: tuple[int, int] | None = None
    kind: str = ""
    phase: Phase = Phase.ANY
    marking: Marking = Marking.ANY
    words: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list, newest first; `of` incidents fit in all, `kinds` are all that there are."""

    incidents: tuple[Listed, ...]
    number: int
    pages: int
    of: int
    kinds: tuple[str, ...] = field(default=())


class Incidents:
    """All incidents of one record. May be asked from several threads."""

    def __init__(self, path: Path, zone: tzinfo) -> None:
        self._path = path
        self._zone = zone
        self._lock = threading.Lock()
        self._found: dict[int, Listed] = {}
        self._read = START

    def page(self, wanted: Wanted, number: int = 1, named: dict[str, str] | None = None) -> Page:
        """Page `number`, from 1, of those that are wanted. `named`: the words of the kinds, for the search.

        Raises `FaultError` where the record cannot be read.
        """
        with self._lock:
            self._catch_up()
            fitting = [one for one in self._found.values() if self._fits(one, wanted, named or {})]
            kinds = tuple(sorted({kind for one in self._found.values() for kind in one.kinds}))
        fitting.sort(key=lambda one: one.incident, reverse=True)
        pages = max(1, -(-len(fitting) // PAGE))
        number = min(max(1, number), pages)
        return Page(tuple(fitting[(number - 1) * PAGE : number * PAGE]), number, pages, len(fitting), kinds)

    def all_of(self, wanted: Wanted) -> tuple[Listed, ...]:
        """All that are wanted, oldest first. Raises `FaultError`."""
        with self._lock:
            self._catch_up()
            return tuple(one for _, one in sorted(self._found.items()) if self._fits(one, wanted, {}))

    def one(self, incident: int) -> Listed | None:
        """One incident; None where the record has no line of it. Raises `FaultError`."""
        with self._lock:
            self._catch_up()
            return self._found.get(incident)

    def neighbours(self, incident: int) -> tuple[int | None, int | None]:
        """The numbers of the incidents before and after it."""
        with self._lock:
            numbers = sorted(self._found)
        before = [number for number in numbers if number < incident]
        after = [number for number in numbers if number > incident]
        return (before[-1] if before else None), (after[0] if after else None)

    # --- inside ------------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        ends = search.ends(self._path)
        if not search.has(self._path, self._read):  # another record stands there now
            self._found, self._read = {}, START
        if ends.newest == self._read:
            return
        for line in search.incident_lines(self._path, self._read.seq, ends.newest.seq, _TELLING):
            self._take(line)
        self._read = ends.newest
        for number in [one.incident for one in self._found.values() if one.last_seq <= ends.base.seq]:
            del self._found[number]  # its lines are not kept any more
        for number in sorted(self._found)[:-LISTED_MOST]:
            del self._found[number]

    def _take(self, line: Line) -> None:
        one = self._found.get(line.incident)
        if one is None:
            one = Listed(line.incident, line.seq, line.seq, line.wall_s, line.wall_s, boot=line.boot)
            self._found[line.incident] = one
            for other in self._found.values():
                other.closed = other.closed or other.incident < line.incident
        if line.boot != one.boot:  # a kiosk that is off locks nothing
            _door(one, one.last_wall_s, locked=False)
            one.boot = line.boot
        one.last_seq = line.seq
        if line.name != MARKED:
            one.last_wall_s = line.wall_s
        kind = _kind_in(one, line)
        if kind and kind not in one.kinds:
            one.kinds = (*one.kinds, sys.intern(kind))

    def _fits(self, one: Listed, wanted: Wanted, named: dict[str, str]) -> bool:
        began = datetime.fromtimestamp(one.began_wall_s, self._zone)
        if wanted.day is not None and began.date() != wanted.day:
            return False
        if wanted.month is not None and (began.year, began.month) != wanted.month:
            return False
        if wanted.kind and wanted.kind not in one.kinds:
            return False
        if wanted.phase is not Phase.ANY and one.closed is not (wanted.phase is Phase.CLOSED):
            return False
        return _marked_so(one.mark, wanted.marking) and _says(one, wanted.words, named)


def _marked_so(mark: Mark | None, wanted: Marking) -> bool:
    match wanted:
        case Marking.ANY:
            return True
        case Marking.NONE:
            return mark is None
        case Marking.FALSE:
            return mark is Mark.FALSE
        case Marking.TRUE:
            return mark is Mark.TRUE


def _says(one: Listed, words: str, named: dict[str, str]) -> bool:
    texts = [f"#{one.incident}", one.released, one.marked_by]
    texts += [text for kind in one.kinds for text in (kind.replace("_", " "), named.get(kind, ""))]
    said = " ".join(texts).casefold()
    return all(word in said for word in words.casefold().split())


def _door(one: Listed, wall_s: float, locked: bool) -> None:
    if locked and one.locked_since_s is None:
        one.locked_since_s, one.locked_s = wall_s, one.locked_s or 0.0
    elif not locked and one.locked_since_s is not None:
        one.locked_s = (one.locked_s or 0.0) + max(0.0, wall_s - one.locked_since_s)
        one.locked_since_s = None


def _kind_in(one: Listed, line: Line) -> str:
    """What a line says of what the incident was about; notes on the way what else it says."""
    name = line.name
    match line.kind:
        case "state":
            return name if name in _STATES else ""
        case "fact":
            return name if name in _ANOMALIES else ""
        case "command" if name == "set_door":
            _door(one, line.wall_s, said_in(line).get("door") == "locked")
        case "command" if name == "close_incident":
            one.closed, one.ended_wall_s = True, line.wall_s
        case "command" if name in ("tell", "keep_pictures"):
            said = said_in(line)
            alert = str(said.get("alert", said.get("why", "")))
            if alert == "released":
                one.released = sys.intern(str(said.get("reason", "")))
            return alert if alert in _ANOMALIES or alert in ("fire", "locked") else ""
        case "event" if name == MARKED:
            marked = marked_in(line.incident, said_in(line))
            if marked is not None:
                one.mark, one.marked_by = marked.mark, marked.by
    return ""
