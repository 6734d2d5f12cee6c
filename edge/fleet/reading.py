"""What a reader makes of sequence numbers: nothing missing goes unseen, and nothing counts twice.

A kiosk numbers what it says, 1, 2, 3 …, apart in each stream (emergency, alert, report), and starts again
when its record is new (a new epoch). A message may come twice: after a lost connection the kiosk sends again
what it is not sure of and says so (`repeat`), and a broker that was restarted may send again by itself
(MQTT's DUP). Nothing here needs another room: a control room's own program may copy this file.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, assert_never

MAX_SEQUENCE: Final = 2**53
"""The largest number that every JSON reader takes as it is."""


@dataclass(frozen=True, slots=True, order=True)
class Stream:
    """One row of numbers: whose, since which record, and of which urgency."""

    kiosk: str
    epoch: str
    name: str


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The numbers from `first` to `last`, both included."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


class ReadAs(Enum):
    """What a message is to its reader."""

    NEW = "new"
    """The next, or one further on: see `Finding.opened`."""
    FILLED = "filled"
    """One that was missing has come after all: out of order, but new."""
    REPEATED = "repeated"
    """Read before, and said to be a repeat: nothing to do."""
    REPEATED_UNMARKED = "repeated_unmarked"
    """Read before, and not said to be a repeat: nothing to do, but nobody should send so."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`opened`: the numbers that this message jumped over, missing from now on."""

    read_as: ReadAs
    opened: Span | None = None

    @property
    def is_new(self) -> bool:
        """Whether the reader has to act on it."""
        match self.read_as:
            case ReadAs.NEW | ReadAs.FILLED:
                return True
            case ReadAs.REPEATED | ReadAs.REPEATED_UNMARKED:
                return False
            case _:
                assert_never(self.read_as)


@dataclass(slots=True)
class _Known:
    """Of one stream: all up to `highest` has come, but for what is missing, what was given up, and what was
    said before anybody read."""

    highest: int
    before: list[Span]
    missing: list[Span] = field(default_factory=list)
    given_up: list[Span] = field(default_factory=list)


class Reading:
    """What has come of every stream.

    `from_first` says that the reader was there from the beginning: a stream that begins with 5 then lacks
    1 to 4. Otherwise a stream's first message is where it begins: nothing before it is missing, and what
    comes of it all the same is new.
    """

    def __init__(self, *, from_first: bool = True) -> None:
        self._from_first = from_first
        self._streams: dict[Stream, _Known] = {}

    def take(self, stream: Stream, sequence: int, *, marked: bool) -> Finding:
        """One message. `marked`: its `repeat` is true, or MQTT's DUP is set, or it was a retained one.

        Raises ValueError for a number that no kiosk gives.
        """
        _check(sequence)
        known = self._known(stream, sequence)
        if sequence > known.highest:
            opened = Span(known.highest + 1, sequence - 1) if sequence > known.highest + 1 else None
            if opened is not None:
                known.missing.append(opened)
            known.highest = sequence
            return Finding(ReadAs.NEW, opened)
        for spans in (known.missing, known.given_up, known.before):
            if _remove(spans, Span(sequence, sequence)):
                return Finding(ReadAs.FILLED)
        return Finding(ReadAs.REPEATED if marked else ReadAs.REPEATED_UNMARKED)

    def give_up(self, stream: Stream, gap: Span) -> tuple[Span, ...]:
        """The kiosk's notice that it has given these up; those of them that had not come, lost by name.

        Said twice, it answers nothing the second time. Raises ValueError for numbers that no kiosk gives.
        """
        _check(gap.first)
        _check(gap.last)
        if gap.last < gap.first:
            raise ValueError(f"a gap from {gap.first} to {gap.last}")
        known = self._known(stream, gap.first)
        if gap.last > known.highest:
            known.missing.append(Span(known.highest + 1, gap.last))
            known.highest = gap.last
        lost = _remove(known.missing, gap)
        for span in lost:
            insort(known.given_up, span)
        return tuple(lost)

    def missing(self, stream: Stream) -> tuple[Span, ...]:
        """What was jumped over and has not come; it may yet."""
        return tuple(self._streams[stream].missing) if stream in self._streams else ()

    def given_up(self, stream: Stream) -> tuple[Span, ...]:
        """What will not come: the kiosk has said so."""
        return tuple(self._streams[stream].given_up) if stream in self._streams else ()

    def highest(self, stream: Stream) -> int:
        """The highest number that is known of, 0 for a stream that is not."""
        return self._streams[stream].highest if stream in self._streams else 0

    @property
    def streams(self) -> tuple[Stream, ...]:
        return tuple(sorted(self._streams))

    def forget(self, streams: Iterable[Stream]) -> None:
        """Of a kiosk that is gone, or of an older epoch whose gaps somebody has looked into."""
        for stream in streams:
            self._streams.pop(stream, None)

    # --- inside ---------------------------------------------------------------------------------

    def _known(self, stream: Stream, first: int) -> _Known:
        found = self._streams.get(stream)
        if found is None:
            read_from = 1 if self._from_first else first
            before = [Span(1, read_from - 1)] if read_from > 1 else []
            found = _Known(read_from - 1, before)
            self._streams[stream] = found
        return found


def _check(sequence: int) -> None:
    if not 1 <= sequence <= MAX_SEQUENCE:
        raise ValueError(f"the sequence number {sequence}")


def _remove(spans: list[Span], gone: Span) -> list[Span]:
    """Take the numbers of `gone` out of `spans` (sorted, apart from each other); those that were in it."""
    begin = bisect_left(spans, gone.first, key=lambda span: span.last)
    end = bisect_right(spans, gone.last, key=lambda span: span.first)
    taken: list[Span] = []
    left: list[Span] = []
    for span in spans[begin:end]:
        taken.append(Span(max(span.first, gone.first), min(span.last, gone.last)))
        if span.first < gone.first:
            left.append(Span(span.first, gone.first - 1))
        if span.last > gone.last:
            left.append(Span(gone.last + 1, span.last))
    spans[begin:end] = left
    return taken
