"""An incident as a story, made from the record alone: what happened when, each step, who was told.

Reads the record only, and holds at most `MOMENTS_MOST` lines of it at a time.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from edge.journal import search
from edge.journal.reader import Line
from edge.pictures.files import is_reason
from edge.pictures.kept import OPENED, REMOVED
from edge.reports.moments import KNOWN, Kind, Moment, moment_of, said_in
from edge.reports.told import Message, messages
from edge.terms.clock import CLOCK_SET_S
from edge.terms.marks import Marked
from edge.terms.observation import FACE_CAMERA

MOMENTS_MOST: Final = 2000
"""Lines of one incident that are told; of more the first and the last half."""

PICTURES_MOST: Final = 3000

_BEFORE_LINES: Final = 200
"""So many lines before an incident may belong to the visit that led to it."""

_VISIT_ENDS: Final = frozenset(
    {("state", "vacant"), ("fact", "emptied"), ("event", "restarted"), ("command", "close_incident")}
)
"""With these a visit is over, whatever incident they are of."""

_PICTURE: Final = re.compile(r"(\d{5})-(\d{12})(?:-([a-z]+)(?:-([a-z_]+))?)?\.jpg(?:\.age)?")


OFF: Final = "kiosk_off"
"""The level of a band in which the kiosk had no power or its program did not run."""


class Milestone(StrEnum):
    """What follows one after the other in an incident that locks.

    `POWER_LOST`: the kiosk ended while the door was locked, and with that the door opened.
    """

    SEEN = "seen"
    WARNED = "warned"
    LOCKED = "locked"
    CODE_ACCEPTED = "code_accepted"
    CODE_DELIVERED = "code_delivered"
    KEY = "key"
    RIGHT_CODE = "right_code"
    RELEASED = "released"
    POWER_LOST = "power_lost"
    LOCKED_AGAIN = "locked_again"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Reached:
    """A step: when, and how long after the step before it."""

    step: Milestone
    wall_s: float
    since_s: float
    took_s: float


@dataclass(frozen=True, slots=True)
class Shot:
    """A kept picture: when it was taken, for what (`why` in the record's word), and the hash of its file.

    `drawn`: it shows a reason, with boxes. `opened_sha256`: what a sealed one has to be once it is open.
    """

    name: str
    camera: str
    wall_s: float
    since_s: float
    why: str
    sha256: str
    drawn: bool
    opened_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """What door, permit or siren did from one moment to the next; `level` in the record's word, or `OFF`.

    `to_s` None: until the record ends.
    """

    level: str
    from_s: float
    to_s: float | None


class Lack(StrEnum):
    """What a story lacks, so that nobody takes the record for more than it is."""

    NOT_CLOSED = "not_closed"
    EMPTY_NOT_CLOSED = "empty_not_closed"
    CUT = "cut"
    TOO_LONG = "too_long"
    CLOCK_NOT_SET = "clock_not_set"
    PICTURES_REMOVED = "pictures_removed"
    PICTURES_LEFT_OUT = "pictures_left_out"
    NO_PICTURES = "no_pictures"
    RESTARTED = "restarted"
    LINES_LOST = "lines_lost"
    UNKNOWN_LINES = "unknown_lines"
    NO_PROMPTS = "no_prompts"


@dataclass(frozen=True, slots=True)
class Story:
    """One incident, in the start `boot` of the kiosk; `ended_s` counts from its beginning.

    `released` says by what the door was opened (a word of the record), empty where it was never locked or is
    still. `locked_s` is how long it was locked, None where it never was.
    """

    incident: int
    boot: int
    began_wall_s: float
    ended_wall_s: float | None
    ended_s: float | None
    moments: tuple[Moment, ...]
    steps: tuple[Reached, ...]
    messages: tuple[Message, ...]
    shots: tuple[Shot, ...]
    door: tuple[Band, ...]
    permit: tuple[Band, ...]
    siren: tuple[Band, ...]
    released: str
    locked_s: float | None
    marks: tuple[Marked, ...]
    lacks: tuple[Lack, ...]
    first_seq: int
    last_seq: int

    @property
    def is_open(self) -> bool:
        return self.ended_wall_s is None

    @property
    def lasted_s(self) -> float:
        """From its beginning to its end, or to its last moment but for marks and late reports."""
        own = [moment.since_s for moment in self.moments if moment.kind not in (Kind.MARK, Kind.MESSAGE)]
        return own[-1] if own and self.ended_s is None else self.ended_s or 0.0

    @property
    def mark(self) -> Marked | None:
        """The mark that counts: the newest."""
        return self.marks[-1] if self.marks else None


@dataclass(frozen=True, slots=True)
class _Gap:
    """The kiosk was off between these two lines; the door is open and the siren silent without it."""

    last: Line
    fresh: Line
    from_s: float
    to_s: float


class _Since:
    """Seconds since the beginning: by the kiosk's own clock, and by the wall clock after a restart."""

    def __init__(self, began: Line) -> None:
        self._began = began

    def of(self, line: Line) -> float:
        if line.boot == self._began.boot:
            return line.mono_s - self._began.mono_s
        return line.wall_s - self._began.wall_s


def story(path: Path, incident: int, bounds: tuple[int, int] | None = None) -> Story | None:
    """The incident of the record in this file; None where the record has no line of it.

    `bounds`: its first and its last line, where somebody knows them: then the rest is not looked through.
    Raises `FaultError`.
    """
    bounds = bounds or search.bounds(path, incident)
    if bounds is None:
        return None
    first, last = bounds
    own, more = search.lines_of(path, incident, first, last, MOMENTS_MOST)
    began = own[0]
    since = _Since(began)
    before = _before(path, first)
    lacks = [Lack.TOO_LONG] if more else []
    found = [moment_of(line, since.of(line)) for line in (*before, *own)]
    moments = tuple(moment for moment in found if moment is not None)
    closed = next((line for line in own if line.name == "close_incident"), None)
    shots = _shots(own, began)
    lacks += _lacks(path, own, moments, shots, closed)
    gaps = _gaps(path, own, since, closed)
    told = messages(moments, search.messages_of(path, incident))
    return Story(
        incident=incident,
        boot=began.boot,
        began_wall_s=began.wall_s,
        ended_wall_s=None if closed is None else closed.wall_s,
        ended_s=None if closed is None else since.of(closed),
        moments=moments,
        steps=_steps(moments, own, since, gaps),
        messages=told,
        shots=shots[:PICTURES_MOST],
        door=_bands(
            moments,
            gaps,
            Kind.DOOR,
            (_level_before(path, first, "set_door", "door", "unlocked"), "unlocked"),
        ),
        permit=_bands(
            moments, gaps, Kind.PERMIT, (_level_before(path, first, "set_permit", "permit", "off"), "off")
        ),
        siren=_bands(moments, gaps, Kind.SIREN, ("off", "off")),
        released=_released(own),
        locked_s=_locked_s(moments, gaps),
        marks=tuple(moment.mark for moment in moments if moment.mark is not None),
        lacks=tuple(dict.fromkeys(lacks)),
        first_seq=first,
        last_seq=last,
    )


# --- the lines -------------------------------------------------------------------------------------


def _before(path: Path, first: int) -> tuple[Line, ...]:
    """The lines of the visit that led to the incident: back to the last time that the cabin was empty."""
    lines = search.stretch(path, max(1, first - _BEFORE_LINES), first - 1)
    ends = [line.seq for line in lines if (line.kind, line.name) in _VISIT_ENDS]
    visit = [
        line
        for line in lines
        if line.seq > max(ends, default=0) and not line.incident and line.kind in ("fact", "state", "event")
    ]
    came = next((number for number, line in enumerate(visit) if line.name in ("appeared", "checking")), None)
    visit = visit if came is None else visit[max(0, came - 2) :]
    return tuple(line for line in visit if line.name != "camera_ok")


def _level_before(path: Path, first: int, command: str, field: str, default: str) -> str:
    line = search.last_before(path, first, "command", command)
    return default if line is None else str(said_in(line).get(field, default))


# --- what follows from them ------------------------------------------------------------------------


def _gaps(path: Path, own: Sequence[Line], since: _Since, closed: Line | None) -> tuple[_Gap, ...]:
    """When the kiosk was off: from the last line of one start, as late as can be known, to the next start."""
    found = []
    for before, fresh in itertools.pairwise(own):
        if closed is not None and fresh.seq > closed.seq:
            break
        if before.boot != fresh.boot:
            last = search.last_of_boot(path, before.boot, before.seq, fresh.seq) or before
            from_s = since.of(last)
            found.append(_Gap(last, fresh, from_s, max(from_s, since.of(fresh))))
    return tuple(found)


def _levels(
    moments: Iterable[Moment], gaps: Sequence[_Gap], kind: Kind, rest: str
) -> list[tuple[float, str]]:
    """From when on which level, in the record's order; after the kiosk was off it is at `rest`."""
    found = [(float(one.seq), one.since_s, _level_in(one)) for one in moments if one.kind is kind]
    for gap in gaps:
        found += [(gap.last.seq + 0.5, gap.from_s, OFF), (gap.fresh.seq - 0.25, gap.to_s, rest)]
    return [(since_s, level) for _, since_s, level in sorted(found)]


def _level_in(moment: Moment) -> str:
    """What a line says of door, permit or siren: each has one alone."""
    return moment.word("door") or moment.word("permit") or moment.word("sound")


def _steps(
    moments: Sequence[Moment], own: Sequence[Line], since: _Since, gaps: Sequence[_Gap]
) -> tuple[Reached, ...]:
    """Each step's first time as far as the record tells of it; of locks and openings each one."""
    at: dict[Milestone, tuple[float, float]] = {}
    every = _doors(moments, gaps)

    def reach(step: Milestone, wall_s: float, since_s: float) -> None:
        at.setdefault(step, (wall_s, since_s))

    for moment in moments:
        step = _step_of(moment)
        if step is not None and not (step is Milestone.LEFT and not at and not every):
            reach(step, moment.wall_s, moment.since_s)
    for line in own:
        if line.name == "code_accepted":
            reach(Milestone.CODE_ACCEPTED, line.wall_s, since.of(line))
    every += [(step, *at[step]) for step in Milestone if step in at]
    order = list(Milestone)
    found: list[Reached] = []
    for step, wall_s, since_s in sorted(every, key=lambda one: (one[2], order.index(one[0]))):
        before_s = found[-1].since_s if found else since_s
        found.append(Reached(step, wall_s, since_s, since_s - before_s))
    return tuple(found)


def _doors(moments: Sequence[Moment], gaps: Sequence[_Gap]) -> list[tuple[Milestone, float, float]]:
    """Each time that the door was locked, and each that it was opened, with their times."""
    found: list[tuple[Milestone, float, float]] = []
    locked, left = False, list(gaps)
    for moment in moments:
        while left and left[0].last.seq < moment.seq:
            gap = left.pop(0)
            if locked:
                found.append((Milestone.POWER_LOST, gap.last.wall_s, gap.from_s))
            locked = False
        released = moment.kind is Kind.STATE and moment.name in ("released", "emergency")
        if moment.kind is Kind.DOOR:
            if moment.word("door") == "locked" and not locked:
                step = Milestone.LOCKED_AGAIN if found else Milestone.LOCKED
                found.append((step, moment.wall_s, moment.since_s))
            locked = moment.word("door") == "locked"
        elif released and moment.word("from") in ("locked", "lockout"):
            found.append((Milestone.RELEASED, moment.wall_s, moment.since_s))
    return found


def _step_of(moment: Moment) -> Milestone | None:
    match moment.kind, moment.name:
        case Kind.FACT, "appeared":
            return Milestone.SEEN
        case Kind.STATE, "warned":
            return Milestone.WARNED
        case Kind.MESSAGE, "delivered" if moment.word("kind") == "code":
            return Milestone.CODE_DELIVERED
        case Kind.KEY, "key_touched" | "entry_completed":
            return Milestone.KEY
        case Kind.KEY, "entry_judged" if moment.word("verdict") == "right":
            return Milestone.RIGHT_CODE
        case Kind.FACT, "emptied":
            return Milestone.LEFT
        case _:
            return None


def _bands(
    moments: Sequence[Moment], gaps: Sequence[_Gap], kind: Kind, levels: tuple[str, str]
) -> tuple[Band, ...]:
    """`levels`: before the first moment, and at every start of the kiosk."""
    level, rest = levels
    from_s = min((moment.since_s for moment in moments), default=0.0)
    found: list[Band] = []
    for since_s, fresh in _levels(moments, gaps, kind, rest):
        if fresh == level:
            continue
        if since_s > from_s:
            found.append(Band(level, from_s, since_s))
        level, from_s = fresh, since_s
    return (*found, Band(level, from_s, None))


def _locked_s(moments: Sequence[Moment], gaps: Sequence[_Gap]) -> float | None:
    """How long the door was locked in all; what lasts still up to the last line."""
    since_s: float | None = None
    sum_s: float | None = None
    for at_s, level in _levels(moments, gaps, Kind.DOOR, "unlocked"):
        if level == "locked":
            since_s = at_s if since_s is None else since_s
        elif since_s is not None:
            sum_s, since_s = (sum_s or 0.0) + at_s - since_s, None
    if since_s is not None:
        sum_s = (sum_s or 0.0) + moments[-1].since_s - since_s
    return sum_s


def _released(own: Sequence[Line]) -> str:
    """By what: the reason of the alert that tells of it."""
    for line in own:
        said = said_in(line) if line.name == "tell" else {}
        if said.get("alert") == "released":
            return str(said.get("reason", ""))
    return ""


def _shots(own: Sequence[Line], began: Line) -> tuple[Shot, ...]:
    """The kept pictures in the order in which they were taken."""
    found: dict[str, Shot] = {}
    for line in own:
        moment = moment_of(line, 0.0) if line.kind == "evidence" else None
        if moment is None:
            continue
        for name, digest in moment.pictures.items():
            found.setdefault(name, _shot(name, digest, moment, began))
    return tuple(sorted(found.values(), key=lambda shot: (shot.since_s, shot.camera, shot.drawn)))


def _shot(name: str, digest: str, kept: Moment, began: Line) -> Shot:
    """When it was taken is in its name, on the clock of its start; where that is another, as it was kept."""
    match = _PICTURE.fullmatch(name)
    assert match is not None  # no other name is among them
    at_s = int(match[2]) / 1000
    age_s = kept.mono_s - at_s if int(match[1]) == kept.boot else 0.0
    wall_s = kept.wall_s - age_s
    since_s = at_s - began.mono_s if int(match[1]) == began.boot else wall_s - began.wall_s
    camera, drawn = match[3] or FACE_CAMERA, is_reason(name)
    opened = kept.said.get(OPENED)
    open_digest = str(opened.get(name, "")) if isinstance(opened, dict) else ""
    return Shot(name, camera, wall_s, since_s, match[4] or kept.word("why"), digest, drawn, open_digest)


def _seen_empty(own: Sequence[Line]) -> bool:
    """Whether nobody came again after the cabin was last seen empty."""
    seen = [line.name for line in own if line.name in ("appeared", "emptied", "restarted")]
    return bool(seen) and seen[-1] == "emptied"


def _lacks(
    path: Path, own: Sequence[Line], moments: Sequence[Moment], shots: Sequence[Shot], closed: Line | None
) -> Iterable[Lack]:
    if closed is None:
        yield Lack.EMPTY_NOT_CLOSED if _seen_empty(own) else Lack.NOT_CLOSED
    if own[0].seq == search.ends(path).base.seq + 1 > 1:
        yield Lack.CUT
    if any(line.wall_s < CLOCK_SET_S for line in own):
        yield Lack.CLOCK_NOT_SET
    kept = [moment for moment in moments if moment.kind is Kind.PICTURES]
    if any(moment.name == REMOVED for moment in kept):
        yield Lack.PICTURES_REMOVED
    if any(moment.number("left_out") for moment in kept):
        yield Lack.PICTURES_LEFT_OUT
    if not shots:
        yield Lack.NO_PICTURES
    names = {line.name for line in own}
    if "restarted" in names:
        yield Lack.RESTARTED
    if names & {"records_lost", "record_lost"}:
        yield Lack.LINES_LOST
    if any(moment.kind is Kind.OTHER and moment.name not in KNOWN for moment in moments):
        yield Lack.UNKNOWN_LINES
    warned = any(moment.name in ("warned", "locked") for moment in moments if moment.kind is Kind.STATE)
    if warned and all(moment.kind is not Kind.PROMPT for moment in moments):
        yield Lack.NO_PROMPTS
