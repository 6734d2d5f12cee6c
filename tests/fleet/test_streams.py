"""Places in streams: no hole without a notice, no repeat without a mark, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from random import Random

import pytest

from edge.fleet.payloads import GAP, Event, Gap
from edge.fleet.publisher import message_of
from edge.fleet.topics import Stream
from edge.messages.outbox import Outbox
from edge.messages.streams import EPOCH, Streams, missing_in
from edge.messages.urgency import urgency_of
from edge.messages.ways.carrier import Answer, NotTaken, Taken
from edge.terms.alerts import Urgency
from edge.terms.clock import CLOCK_SET_S
from edge.terms.record import Channel, OutboxRow, Recipient, RowKey, RowState
from hw.bench import FakeModem, SteppedModem
from tests.fleet.fleet_world import unexplained
from tests.worlds.hand_clock import HandClock

DAY_S = 86_400.0
WALL_S = CLOCK_SET_S + 1000.0
KINDS = ("panic", "locked", "released", "fault", "daily")


class Reader:
    """A carrier whose other side is a reader: takes, refuses, or breaks off in the middle."""

    def __init__(self, room: int = 8) -> None:
        self.up = True
        self.room = room
        self.read: list[Event | Gap] = []
        self._in_hand: dict[int, OutboxRow] = {}
        self._answers: list[Answer] = []

    def serves(self, recipient: Recipient) -> bool:
        return recipient is Recipient.CONTROL_ROOM

    @property
    def idle(self) -> bool:
        return self.up and len(self._in_hand) < self.room

    def send(self, ticket: int, row: OutboxRow, text: str, deadline_s: float, phone: str = "") -> None:
        self._in_hand[ticket] = row

    def answer(self, taken: int, heard: int) -> None:
        """The other side takes so many, and is heard to of `heard` of them; then all else is lost."""
        for number, (ticket, row) in enumerate(tuple(self._in_hand.items())):
            if number < taken:
                self.read.append(message_of(row, "", "kiosk-1", "40000000ab", "", ()))
            if number < min(heard, taken):
                self._answers.append(Taken(ticket))
                del self._in_hand[ticket]

    def lose(self) -> None:
        self._answers += [NotTaken(ticket, "no connection", True) for ticket in self._in_hand]
        self._in_hand.clear()

    def poll(self, now_s: float) -> tuple[Answer, ...]:
        answers, self._answers = tuple(self._answers), []
        return answers

    def next_wake_s(self) -> float | None:
        return None

    def close(self) -> None:
        pass


class Kiosk:
    """Outbox, streams and a record that keeps what it was handed, whole records at a time."""

    def __init__(self, reader: Reader, most: int = 50, keep_s: float = 14 * DAY_S) -> None:
        self.reader, self._most, self._keep_s = reader, most, keep_s
        self.clock = HandClock(0.0, WALL_S)
        self.modem = SteppedModem(FakeModem("sim800", network_utc_s=0.0), clock=self.clock)
        self.rows: dict[RowKey, OutboxRow] = {}
        self.counters: dict[str, int] = {}
        self.numbers: Iterator[int] = count(1)
        self.start()

    def start(self) -> None:
        """Come up from what the record has; everything in memory is gone."""
        self.streams = Streams(self.counters, lambda: 0x40000000AB)
        carriers = {Channel.MQTT: self.reader}
        self.outbox = Outbox({}, random=Random(0), carriers=carriers, backlog_most=self._most)
        open_rows = [row for row in self.rows.values() if row.state.is_open]
        self.outbox.restore(open_rows, self.clock.now_s())
        notices = self.streams.restore(open_rows, self.wall_s, self.fresh)
        self.keep(notices)
        for row in notices:
            self.outbox.add(row)

    def fresh(self) -> int:
        return next(self.numbers)

    @property
    def wall_s(self) -> float:
        return WALL_S + self.clock.now_s()

    def keep(self, rows: tuple[OutboxRow, ...]) -> None:
        """One transaction of the record."""
        self.rows |= {row.key: row for row in rows}
        self.counters |= dict(self.streams.counters)

    def decide(self, kind: str) -> OutboxRow:
        row = OutboxRow(
            self.fresh(), 1, kind, 0, Recipient.CONTROL_ROOM, Channel.MQTT, self.wall_s, self._keep_s
        )
        placed = self.streams.numbered(row)
        self.keep((placed,))
        self.outbox.add(placed)
        return placed

    def poll(self, after_s: float = 1.0) -> None:
        self.clock.mono_s += after_s
        step = self.outbox.poll(self.clock.now_s(), self.wall_s, self.modem, lambda row: "text")
        rows = (*step.rows_changed, *step.rows_kept)
        notices = self.streams.changed(rows, self.wall_s, self.fresh)
        self.keep((*rows, *notices))
        for row in notices:
            self.outbox.add(row)

    def drain(self) -> None:
        self.reader.up = True
        while self.outbox.waiting:
            self.poll()
            self.reader.answer(99, 99)


def test_numbers_are_counted_in_each_stream_and_stay_with_their_message() -> None:
    kiosk = Kiosk(Reader())
    placed = [kiosk.decide(kind) for kind in KINDS]
    assert [(row.stream, row.sequence) for row in placed] == [
        ("emergency", 1),
        ("alert", 1),
        ("alert", 2),
        ("alert", 3),
        ("report", 1),
    ]
    kiosk.start()
    assert kiosk.decide("locked").sequence == 4
    kiosk.drain()
    assert kiosk.counters == {
        EPOCH: 0x40000000AB,
        **{f"mqtt_{stream}": given for stream, given in zip(Stream, (1, 4, 1), strict=True)},
        **{f"mqtt_{stream}_done": given for stream, given in zip(Stream, (1, 4, 1), strict=True)},
    }
    assert unexplained(kiosk.reader.read) == []


def test_a_code_never_gets_a_place() -> None:
    with pytest.raises(ValueError, match="a code"):
        Kiosk(Reader()).decide("code")


def test_after_a_week_away_what_is_urgent_goes_first_and_each_stream_in_its_order() -> None:
    kiosk = Kiosk(Reader(), most=5000)
    kiosk.reader.up = False
    random = Random(1)
    for _ in range(700):
        kiosk.decide(random.choice(KINDS))
        kiosk.poll(7 * DAY_S / 700)
    assert kiosk.outbox.waiting == 700
    assert all(row.tries == 0 for row in kiosk.rows.values())  # nothing was tried, nothing written for it
    kiosk.drain()
    read = [one for one in kiosk.reader.read if isinstance(one, Event)]
    assert [urgency_of(one.kind) for one in read] == sorted(urgency_of(one.kind) for one in read)
    for stream in Stream:
        numbers = [one.sequence for one in read if one.stream is stream]
        assert numbers
        assert numbers == list(range(1, len(numbers) + 1))
    assert not any(one.repeat for one in read)


def test_what_is_given_up_for_age_or_for_number_is_explained_by_one_notice_each() -> None:
    kiosk = Kiosk(Reader(), most=10, keep_s=DAY_S)
    kiosk.reader.up = False
    for _ in range(40):
        kiosk.decide("daily")
        kiosk.poll()
    kiosk.decide("locked")
    kiosk.poll()
    kiosk.poll(DAY_S)
    kiosk.decide("locked")
    kiosk.poll()
    kiosk.drain()
    gaps = [(one.stream, one.first, one.last, one.cause) for one in kiosk.reader.read if isinstance(one, Gap)]
    assert sorted(gaps) == [
        ("alert", 1, 1, "too_old"),
        ("report", 1, 31, "too_many"),
        ("report", 32, 40, "too_old"),
    ]
    assert unexplained(kiosk.reader.read) == []
    assert [row.state for row in kiosk.rows.values() if row.kind == GAP] == [RowState.ACCEPTED] * 3


def test_the_least_urgent_and_oldest_goes_first() -> None:
    kiosk = Kiosk(Reader(), most=3)
    kiosk.reader.up = False
    for kind in ("daily", "locked", "panic", "daily", "panic", "panic"):
        kiosk.decide(kind)
        kiosk.poll()
    waits = [row.kind for row in kiosk.rows.values() if row.state.is_open and row.kind != GAP]
    assert waits == ["panic"] * 3


def test_a_row_that_a_start_does_not_find_is_explained_and_one_that_was_taken_is_not() -> None:
    """It was set aside as damaged, or an older version of the program has taken the messages out."""
    kiosk = Kiosk(Reader())
    for _ in range(5):
        kiosk.decide("locked")
    kiosk.poll()
    kiosk.reader.answer(2, 2)
    kiosk.poll()
    lost = next(row for row in kiosk.rows.values() if row.sequence == 4)
    del kiosk.rows[lost.key]
    kiosk.reader.lose()
    kiosk.start()
    kiosk.drain()
    gaps = [one for one in kiosk.reader.read if isinstance(one, Gap)]
    assert [(one.first, one.last, one.cause) for one in gaps] == [(4, 4, "not_found")]
    assert unexplained(kiosk.reader.read) == []


def test_an_unset_clock_makes_no_message_old() -> None:
    """A row of 1970 is no day older for a clock that was set afterwards."""
    kiosk = Kiosk(Reader())
    row = replace(kiosk.decide("locked"), created_wall_s=1000.0)
    kiosk.rows[row.key] = row
    kiosk.reader.up = False
    kiosk.start()
    kiosk.poll()
    kiosk.drain()
    assert [type(one) for one in kiosk.reader.read] == [Event]


@pytest.mark.parametrize("seed", range(12))
def test_no_life_leaves_a_hole_without_a_notice_or_a_repeat_without_a_mark(seed: int) -> None:
    """Messages, breaks in the middle, answers that get lost, restarts and damaged rows at random."""
    random = Random(seed)
    kiosk = Kiosk(Reader(), most=random.choice((5, 20, 60)), keep_s=random.choice((300.0, 14 * DAY_S)))
    for _ in range(250):
        match random.randrange(12):
            case 0:
                kiosk.reader.up = not kiosk.reader.up
            case 1:
                kiosk.reader.answer(random.randrange(9), random.randrange(9))
                kiosk.reader.lose()
            case 2 | 3:
                kiosk.reader.answer(99, 99)
            case 4 if random.random() < 0.3:
                kiosk.reader.lose()
                kiosk.start()
            case 5 if random.random() < 0.1:
                waits = [row for row in kiosk.rows.values() if row.state.is_open and row.kind != GAP]
                if waits:
                    del kiosk.rows[random.choice(waits).key]
                    kiosk.reader.lose()
                    kiosk.start()
            case 6 | 7 | 8:
                kiosk.decide(random.choice(KINDS))
            case _:
                kiosk.poll(random.choice((0.1, 1.0, 60.0)))
    kiosk.drain()
    assert unexplained(kiosk.reader.read) == []
    for stream, given in kiosk.streams.last.items():  # and none at the end of a stream
        known: set[int] = set()
        for one in kiosk.reader.read:
            if one.stream is stream:
                known |= {one.sequence} if isinstance(one, Event) else set(range(one.first, one.last + 1))
        assert known >= set(range(1, given + 1))
    assert len({row.number for row in kiosk.rows.values()}) == len(kiosk.rows)


def test_a_reason_of_a_notice_is_read_back_and_nothing_else_is() -> None:
    found = missing_in("12-40 too_old")
    assert found is not None
    assert (found.first, found.last, found.cause) == (12, 40, "too_old")
    assert missing_in("mask") is None
    assert Urgency.CODE not in {urgency_of(kind) for kind in KINDS}
