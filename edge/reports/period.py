"""A day or a month in numbers, counted from the record in one walk that keeps no line of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final

from edge.journal import search
from edge.journal.reader import Line
from edge.loop.vitals import VITALS
from edge.reports.moments import said_in
from edge.terms.record import RowState

SIGNED: Final = "commissioned"
"""The name of the line that a signed checklist is."""

_STATES: Final = ("checking", "cleared", "warned", "locked", "emergency")
_SMS: Final = tuple(state.value for state in RowState)
_NAMES: Final = (
    *(*_STATES, *_SMS, VITALS, "tell", "send_code", "restarted", "records_lost", "record_lost"),
    *("device_failed", "device_recovered"),
)
_FAULTS: Final = "fault"
_WAITS_MOST: Final = 20_000
_VITALS_MOST: Final = 5000


@dataclass(frozen=True, slots=True)
class Span:
    """From the beginning of the first day to the end of the last, in the cabin's zone."""

    first: date
    last: date
    zone: tzinfo

    @classmethod
    def of_day(cls, day: date, zone: tzinfo) -> Span:
        return cls(day, day, zone)

    @classmethod
    def of_month(cls, year: int, month: int, zone: tzinfo) -> Span:
        first = date(year, month, 1)
        following = date(year + month // 12, month % 12 + 1, 1)
        return cls(first, following - timedelta(days=1), zone)

    @property
    def from_wall_s(self) -> float:
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=self.zone).timestamp()

    @property
    def to_wall_s(self) -> float:
        after = self.last + timedelta(days=1)
        return datetime(after.year, after.month, after.day, tzinfo=self.zone).timestamp()

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


@dataclass(frozen=True, slots=True)
class VitalsRow:
    """One row of the kiosk's health; None: not known."""

    wall_s: float
    fps: float | None
    board_c: float | None
    signal_dbm: float | None
    free_mb: float | None


@dataclass(slots=True)
class Sent:
    """Messages to one recipient: how many, how many were delivered and failed, and how long the network took
    to take each, in seconds."""

    count: int = 0
    delivered: int = 0
    failed: int = 0
    waits_s: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Stood:
    """A fault: how often it began, and how long it stood in all, as far as its end is in the record."""

    times: int = 0
    for_s: float = 0.0
    since_s: float | None = None


@dataclass(slots=True)
class Counted:
    """What a period amounts to. `visits_by_hour` has 24 numbers, `visits_by_day` one for each day."""

    span: Span
    visits_by_hour: list[int]
    visits_by_day: list[int]
    states: Counter[str] = field(default_factory=Counter)
    sent: dict[str, Sent] = field(default_factory=lambda: defaultdict(Sent))
    faults: dict[str, Stood] = field(default_factory=lambda: defaultdict(Stood))
    vitals: list[VitalsRow] = field(default_factory=list)
    restarts: int = 0
    lost: bool = False

    @property
    def visits(self) -> int:
        return sum(self.visits_by_day)


class _Waits:
    """When messages were ordered that nobody has taken yet; the oldest are forgotten."""

    def __init__(self) -> None:
        self._ordered: dict[tuple[str, str], float] = {}
        self._sending: dict[tuple[int, str, str], float] = {}

    def ordered(self, kind: str, to: str, wall_s: float) -> None:
        self._ordered[kind, to] = wall_s

    def sending(self, key: tuple[int, str, str], kind: str, wall_s: float) -> bool:
        """Its first try begins; whether it is one."""
        if key in self._sending:
            return False
        self._sending[key] = self._ordered.pop((kind, key[1]), wall_s)
        while len(self._sending) > _WAITS_MOST:
            del self._sending[next(iter(self._sending))]
        return True

    def taken(self, key: tuple[int, str, str], wall_s: float) -> float | None:
        """How long it waited; None for one that was taken before."""
        since_s = self._sending.get(key)
        if since_s is None or since_s < 0:
            return None
        self._sending[key] = -1.0
        return max(0.0, wall_s - since_s)


def count(path: Path, span: Span) -> Counted:
    """Everything of the period. Raises `FaultError` where the record cannot be read."""
    counted = Counted(span, [0] * 24, [0] * len(span.days))
    waits = _Waits()
    first_day = span.first
    for line in search.between(path, span.from_wall_s, span.to_wall_s, _NAMES, _FAULTS):
        match line.kind:
            case "state":
                _state(line, counted, first_day)
            case "sms" if line.name in _SMS:
                _message(line, counted, waits)
            case "command":
                _order(line, waits)
            case "fault":
                _fault(counted.faults, line.name.removesuffix("_ended"), line, line.name.endswith("_ended"))
            case "note" if line.name == VITALS:
                _vitals(line, counted)
            case _:
                _event(line, counted)
    return counted


def signed_lines(path: Path, most: int = 10) -> tuple[Line, ...]:
    """The newest commissionings that somebody signed, oldest first."""
    found: list[Line] = []
    for line in search.between(path, float("-inf"), float("inf"), (SIGNED,)):
        found = [*found[-(most - 1) :], line]
    return tuple(found)


def _state(line: Line, counted: Counted, first_day: date) -> None:
    counted.states[line.name] += 1
    if line.name == "checking" and said_in(line).get("from") == "vacant":
        began = datetime.fromtimestamp(line.wall_s, counted.span.zone)
        counted.visits_by_hour[began.hour] += 1
        counted.visits_by_day[(began.date() - first_day).days] += 1


def _order(line: Line, waits: _Waits) -> None:
    said = said_in(line)
    if line.name == "send_code":
        waits.ordered("code", str(said.get("recipient", "")), line.wall_s)
    told = said.get("recipients")
    for to in told if isinstance(told, list) else ():
        waits.ordered(str(said.get("alert", "")), str(to), line.wall_s)


def _message(line: Line, counted: Counted, waits: _Waits) -> None:
    said = said_in(line)
    number, to = said.get("number"), str(said.get("to", ""))
    key = (number if isinstance(number, int) else 0, to, str(said.get("by", "")))
    sent = counted.sent[to]
    match RowState(line.name):
        case RowState.SENDING:
            sent.count += waits.sending(key, str(said.get("kind", "")), line.wall_s)
        case RowState.ACCEPTED | RowState.DELIVERED:
            sent.delivered += line.name == RowState.DELIVERED
            wait_s = waits.taken(key, line.wall_s)
            if wait_s is not None and len(sent.waits_s) < _WAITS_MOST:
                sent.waits_s.append(wait_s)
        case RowState.FAILED | RowState.EXPIRED:
            sent.failed += 1
        case RowState.QUEUED | RowState.SUPERSEDED:
            pass


def _fault(faults: Mapping[str, Stood], code: str, line: Line, ended: bool) -> None:
    stood = faults[code]
    if ended:
        if stood.since_s is not None:
            stood.for_s += max(0.0, line.wall_s - stood.since_s)
        stood.since_s = None
        return
    stood.times += 1
    stood.since_s = line.wall_s


def _event(line: Line, counted: Counted) -> None:
    said = said_in(line)
    match line.name:
        case "restarted":
            counted.restarts += 1
            for stood in counted.faults.values():
                stood.since_s = None  # whether it still stood meanwhile nobody can say
        case "device_failed" | "device_recovered":
            device = str(said.get("device", ""))
            if device:
                _fault(counted.faults, device, line, line.name == "device_recovered")
        case "records_lost" | "record_lost":
            counted.lost = True
        case _:
            pass


def _vitals(line: Line, counted: Counted) -> None:
    said = said_in(line)

    def number(name: str) -> float | None:
        value = said.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    row = VitalsRow(line.wall_s, number("fps"), number("board_c"), number("signal_dbm"), number("free_mb"))
    if len(counted.vitals) < _VITALS_MOST:
        counted.vitals.append(row)
