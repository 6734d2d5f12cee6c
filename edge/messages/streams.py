"""The places of the messages for the broker: counted without a hole, and a notice of each that never comes.

Numbers are given when a message is decided and travel in the record with its row, so that neither a retry
nor a restart changes them. `done` of a stream is the number up to which every message was taken or is
explained by a notice; both counts are counters of the record. What a start finds missing between the two (a
row that was set aside as damaged, or given up while the channel was off) is explained as well: no reader
meets a hole that nobody explains.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, assert_never

from edge.fleet.payloads import GAP
from edge.fleet.topics import Stream, stream_of
from edge.messages.item import is_numbered
from edge.messages.urgency import urgency_of
from edge.terms.record import Channel, OutboxRow, Recipient, RowKey, RowState

EPOCH: Final = "mqtt_epoch"
EPOCH_BITS: Final = 39
"""As many as fit into what the record takes for a counter."""

NOTICE_TTL_S: Final = 10 * 365 * 86400.0
"""A notice is not given up: without it the hole would have no name."""

NOTICES_MOST: Final = 64
"""Of one stream that wait; beyond it the newest is widened over what it need not cover."""

_REASON: Final = re.compile(r"([0-9]{1,13})-([0-9]{1,13}) ([a-z_]+)")


class GivenUp(StrEnum):
    """Why a message of a stream never comes."""

    TOO_OLD = "too_old"
    TOO_MANY = "too_many"
    NOT_TAKEN = "not_taken"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Missing:
    """`first` to `last`, both included, of a stream."""

    first: int
    last: int
    cause: str

    @property
    def reason(self) -> str:
        """For a row's reason."""
        return f"{self.first}-{self.last} {self.cause}"


def missing_in(reason: str) -> Missing | None:
    """What a notice's row is about."""
    found = _REASON.fullmatch(reason)
    return None if found is None else Missing(int(found[1]), int(found[2]), found[3])


def fresh_epoch() -> int:
    """The number of a new record's epoch: drawn, since a kiosk without a record knows no earlier one."""
    return secrets.randbits(EPOCH_BITS) | 1 << (EPOCH_BITS - 1)


@dataclass(slots=True)
class _Count:
    """Of one stream: the last number given, up to where all is well, and what is well beyond that."""

    given: int = 0
    done: int = 0
    beyond: set[int] = field(default_factory=set)
    notices: dict[RowKey, OutboxRow] = field(default_factory=dict)

    def finish(self, first: int, last: int) -> None:
        self.beyond.update(range(max(first, self.done + 1), last + 1))
        while self.done + 1 in self.beyond:
            self.done += 1
            self.beyond.discard(self.done)


class Streams:
    """The counts of one kiosk. `counters` are the record's; `fresh_number` gives a notice its number."""

    def __init__(self, counters: Mapping[str, int], epoch: Callable[[], int] = fresh_epoch) -> None:
        self._epoch = counters.get(EPOCH, 0) or epoch()
        self._counts = {
            stream: _Count(counters.get(_given(stream), 0), counters.get(_done(stream), 0))
            for stream in Stream
        }
        self._saved: tuple[tuple[str, int], ...] = ()

    @property
    def epoch(self) -> str:
        """As readers know it."""
        return f"{self._epoch:010x}"

    @property
    def last(self) -> Mapping[Stream, int]:
        """The newest number of each stream."""
        return {stream: count.given for stream, count in self._counts.items()}

    @property
    def counters(self) -> tuple[tuple[str, int], ...]:
        """For the record: nothing, where it has them."""
        found = [(EPOCH, self._epoch)]
        for stream, count in self._counts.items():
            found += [(_given(stream), count.given), (_done(stream), count.done)]
        fresh = tuple(one for one in found if one not in self._saved)
        self._saved = tuple(found)
        return fresh

    def restore(
        self, rows: Iterable[OutboxRow], wall_s: float, fresh_number: Callable[[], int]
    ) -> tuple[OutboxRow, ...]:
        """Take up what a start remembered; notices of what is not there, for the record and to be sent."""
        waiting: dict[Stream, set[int]] = {stream: set() for stream in Stream}
        for row in rows:
            if not (is_numbered(row.channel) and row.state.is_open and row.stream in _NAMES):
                continue
            stream = Stream(row.stream)
            if row.kind == GAP:
                self._counts[stream].notices[row.key] = row
            elif row.sequence:
                waiting[stream].add(row.sequence)
        found: list[OutboxRow] = []
        for stream, count in self._counts.items():
            count.given = max([count.given, *waiting[stream]])
            lost = [n for n in range(count.done + 1, count.given + 1) if n not in waiting[stream]]
            found += self._explain(stream, lost, GivenUp.NOT_FOUND, wall_s, fresh_number)
        return tuple(found)

    def numbered(self, row: OutboxRow) -> OutboxRow:
        """The row with its place, where its channel has streams."""
        if not is_numbered(row.channel):
            return row
        stream = stream_of(urgency_of(row.kind))
        if stream is None:
            raise ValueError("a code has no place at a broker")
        count = self._counts[stream]
        count.given += 1
        return replace(row, stream=stream.value, sequence=count.given)

    def changed(
        self, rows: Iterable[OutboxRow], wall_s: float, fresh_number: Callable[[], int]
    ) -> tuple[OutboxRow, ...]:
        """What became of rows; the notices of those that were given up, new or wider than before."""
        lost: dict[tuple[Stream, GivenUp], list[int]] = {}
        for row in rows:
            if not is_numbered(row.channel) or row.stream not in _NAMES:
                continue
            stream = Stream(row.stream)
            count = self._counts[stream]
            if row.kind == GAP:
                if row.state.is_open:
                    count.notices[row.key] = row
                else:
                    count.notices.pop(row.key, None)
                continue
            cause = _given_up(row)
            if cause is not None:
                lost.setdefault((stream, cause), []).append(row.sequence)
            elif not row.state.is_open:
                count.finish(row.sequence, row.sequence)
        found: dict[RowKey, OutboxRow] = {}
        for (stream, cause), numbers in lost.items():
            for notice in self._explain(stream, sorted(numbers), cause, wall_s, fresh_number):
                found[notice.key] = notice
        return tuple(found.values())

    def _explain(
        self,
        stream: Stream,
        numbers: list[int],
        cause: GivenUp,
        wall_s: float,
        fresh_number: Callable[[], int],
    ) -> list[OutboxRow]:
        """Notices for these, in order; one that waits is widened where they follow on it."""
        count = self._counts[stream]
        found: dict[RowKey, OutboxRow] = {}
        for missing in _ranges(numbers, cause):
            count.finish(missing.first, missing.last)
            row = _widened(count.notices, missing)
            if row is None:
                row = OutboxRow(
                    number=fresh_number(),
                    incident=0,
                    kind=GAP,
                    issue=0,
                    recipient=Recipient.CONTROL_ROOM,
                    channel=Channel.MQTT,
                    created_wall_s=wall_s,
                    ttl_s=NOTICE_TTL_S,
                    reason=missing.reason,
                    stream=stream.value,
                )
            count.notices[row.key] = found[row.key] = row
        return list(found.values())


_NAMES: Final = frozenset(stream.value for stream in Stream)


def _given(stream: Stream) -> str:
    return f"mqtt_{stream.value}"


def _done(stream: Stream) -> str:
    return f"mqtt_{stream.value}_done"


def _given_up(row: OutboxRow) -> GivenUp | None:
    """Why this row never comes; None for one that came, or still may."""
    match row.state:
        case RowState.QUEUED | RowState.SENDING | RowState.ACCEPTED | RowState.DELIVERED:
            return None
        case RowState.EXPIRED:
            return GivenUp.TOO_MANY if row.cause == TOO_MANY else GivenUp.TOO_OLD
        case RowState.FAILED | RowState.SUPERSEDED:
            return GivenUp.NOT_TAKEN
        case _:
            assert_never(row.state)


TOO_MANY: Final = "more wait than may"
"""The cause of a row that was given up for lack of room."""


def _ranges(numbers: list[int], cause: GivenUp) -> Iterable[Missing]:
    """Numbers in order, as ranges without a hole."""
    first: int | None = None
    last = 0
    for number in numbers:
        if first is not None and number == last + 1:
            last = number
            continue
        if first is not None:
            yield Missing(first, last, cause.value)
        first = last = number
    if first is not None:
        yield Missing(first, last, cause.value)


def _widened(notices: Mapping[RowKey, OutboxRow], missing: Missing) -> OutboxRow | None:
    """A notice that waits, grown over these; None where none can be. One under way says what it says."""
    crowded = len(notices) >= NOTICES_MOST
    for row in reversed(tuple(notices.values())):
        known = missing_in(row.reason)
        if known is None or row.state is not RowState.QUEUED or row.tries:
            continue
        follows = known.last + 1 == missing.first and known.cause == missing.cause
        if follows or crowded:
            first, last = min(known.first, missing.first), max(known.last, missing.last)
            return replace(row, reason=Missing(first, last, known.cause).reason)
    return None
