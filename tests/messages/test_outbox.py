"""The outbox against a modem that obeys the test, and against the real engine with its fake."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.messages.item import CODE_ATTEMPT_S
from edge.messages.outbox import ELSEWHERE_AFTER_S, Outbox
from edge.messages.step import MessageAccepted, MessageDelivered, MessageEvent, MessageFailed, OutboxStep
from edge.messages.ways.carrier import Answer, Carrier, NotTaken, Taken
from edge.terms.record import REPORT_LATE_S, Channel, OutboxRow, Recipient, RowKey, RowState
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.stepped import SteppedModem
from hw.modem.status import Status
from hw.ports import (
    HardwareError,
    ModemEvent,
    ModemTrouble,
    TextAccepted,
    TextFailed,
    TextReceived,
    TextReported,
)

NUMBERS = {
    Recipient.WATCHMAN: "+15550100",
    Recipient.WATCHMAN2: "+15550101",
    Recipient.CONTROL_ROOM: "+15550102",
}
WALL_S = 1_772_339_400.0


def row(
    number: int,
    kind: str = "locked",
    to: Recipient = Recipient.CONTROL_ROOM,
    *,
    ttl_s: float = 3600.0,
    incident: int = 1,
    issue: int = 0,
    channel: Channel = Channel.SMS,
) -> OutboxRow:
    return OutboxRow(number, incident, kind, issue, to, channel, WALL_S, ttl_s)


def code_row(number: int, to: Recipient = Recipient.WATCHMAN, *, ttl_s: float = 120.0) -> OutboxRow:
    return row(number, "code", to, ttl_s=ttl_s, issue=1)


class Sent(NamedTuple):
    ticket: int
    number: str
    text: str
    deadline_s: float


@dataclass
class HandModem:
    """A modem whose answers the test gives."""

    network_offset_s: float | None = None

    idle: bool = True
    sent: list[Sent] = field(default_factory=list)
    validities: list[float] = field(default_factory=list)
    events: list[ModemEvent] = field(default_factory=list)
    broken: bool = False
    status: Status = field(default_factory=Status)

    def send(
        self, ticket: int, number: str, text: str, deadline_s: float, validity_s: float = 86_400.0
    ) -> None:
        if self.broken:
            raise HardwareError("modem_absent", "unplugged")
        assert self.idle, "two texts at once"
        self.idle = False
        self.sent.append(Sent(ticket, number, text, deadline_s))
        self.validities.append(validity_s)

    def poll(self, now_s: float) -> tuple[ModemEvent, ...]:
        events, self.events = tuple(self.events), []
        return events

    def next_wake_s(self) -> float | None:
        return None

    def close(self) -> None:
        pass

    def answer(self, event: ModemEvent) -> None:
        self.events.append(event)
        if isinstance(event, TextAccepted | TextFailed):
            self.idle = True

    def accept(self) -> None:
        self.answer(TextAccepted(self.sent[-1].ticket, (5,)))

    def fail(self, *, retryable: bool = True) -> None:
        self.answer(
            TextFailed(self.sent[-1].ticket, ModemTrouble.REFUSED, "CMS 38: network out of order", retryable)
        )


class Bench:
    def __init__(
        self,
        modem: HandModem | SteppedModem | None = None,
        *,
        numbers: Mapping[Recipient, str] = NUMBERS,
        carriers: Mapping[Channel, Carrier] = MappingProxyType({}),
    ) -> None:
        self.modem = modem if modem is not None else HandModem()
        self.outbox = Outbox(numbers, random=random.Random(1), carriers=carriers)
        self.now_s = 100.0
        self.rows: dict[RowKey, OutboxRow] = {}
        self.events: list[tuple[float, MessageEvent]] = []
        self.live: set[tuple[int, int]] = {(1, 1)}
        self.received: list[TextReceived] = []

    @property
    def hand(self) -> HandModem:
        assert isinstance(self.modem, HandModem)
        return self.modem

    def text_of(self, one: OutboxRow) -> str | None:
        if one.kind == "code" and (one.incident, one.issue) not in self.live:
            return None
        return f"#{one.number} {one.kind} try {one.tries}"

    def poll(self, after_s: float = 0.0) -> OutboxStep:
        self.now_s += after_s
        step = self.outbox.poll(self.now_s, WALL_S + self.now_s, self.modem, self.text_of)
        for changed in step.rows_changed:
            self.rows[changed.key] = changed
        self.events += [(self.now_s, event) for event in step.events]
        self.received += step.received
        return step

    def state(self, number: int) -> RowState:
        return next(found.state for key, found in self.rows.items() if key.number == number)

    def run(self, until_s: float) -> None:
        """Story time: jump from wake to wake."""
        while self.now_s < until_s:
            self.poll()
            wakes = [self.outbox.next_wake_s(), self.modem.next_wake_s()]
            next_s = min((at_s for at_s in wakes if at_s is not None), default=until_s)
            self.now_s = min(until_s, max(next_s, self.now_s + 0.001))
        self.poll()


def test_a_row_is_sent_accepted_and_delivered() -> None:
    bench = Bench()
    bench.outbox.add(row(1))
    assert bench.outbox.next_wake_s() is not None
    bench.poll()
    assert bench.state(1) is RowState.SENDING
    assert bench.hand.sent[0][1:3] == (NUMBERS[Recipient.CONTROL_ROOM], "#1 locked try 1")
    bench.hand.accept()
    bench.poll(1)
    assert bench.state(1) is RowState.ACCEPTED
    bench.hand.answer(TextReported(NUMBERS[Recipient.CONTROL_ROOM], 5, True))
    bench.poll(5)
    assert bench.state(1) is RowState.DELIVERED
    kinds = [type(event) for _, event in bench.events]
    assert kinds == [MessageAccepted, MessageDelivered]
    assert next(iter(bench.rows.values())).reference == 5


# --- delivery reports --------------------------------------------------------------------------------

ROOM = NUMBERS[Recipient.CONTROL_ROOM]


def accepted(number: int, references: tuple[int, ...], *, ttl_s: float = 3600.0) -> tuple[Bench, OutboxRow]:
    """A bench whose one row the network took, and that row as the record has it."""
    bench = Bench()
    bench.outbox.add(row(number, ttl_s=ttl_s))
    bench.poll()
    bench.hand.answer(TextAccepted(bench.hand.sent[-1].ticket, references))
    bench.poll(1)
    return bench, next(iter(bench.rows.values()))


def restarted(*rows: OutboxRow, after_s: float = 0.0) -> Bench:
    """The program again, with what the record remembered."""
    bench = Bench()
    bench.now_s = 5.0 + after_s
    bench.outbox.restore(rows, bench.now_s)
    bench.poll()
    return bench


@pytest.mark.parametrize("ok", [True, False])
def test_a_report_that_comes_after_a_restart_finds_its_text(ok: bool) -> None:
    _, kept = accepted(1, (77,))
    assert (kept.state, kept.reference, kept.awaited) == (RowState.ACCEPTED, 77, "77")
    bench = restarted(kept)
    assert bench.hand.sent == [], "it is not sent again"
    bench.hand.answer(TextReported(ROOM, 77, ok))
    bench.poll(1)
    assert bench.state(1) is (RowState.DELIVERED if ok else RowState.FAILED)
    assert next(iter(bench.rows.values())).awaited == ""
    ((_, told),) = bench.events
    assert told == MessageDelivered(next(iter(bench.rows.values())), ok)
    bench.hand.answer(TextReported(ROOM, 77, ok))
    assert bench.poll(1).events == (), "told once"


def test_a_long_text_is_delivered_with_its_last_part_even_over_a_restart() -> None:
    bench, _ = accepted(1, (254, 255, 0))
    bench.hand.answer(TextReported(ROOM, 255, True))
    step = bench.poll(1)
    assert (step.rows_changed, step.events) == ((), ())
    (kept,) = step.rows_kept
    assert (kept.state, kept.awaited) == (RowState.ACCEPTED, "254 0")
    bench = restarted(kept)
    bench.hand.answer(TextReported(ROOM, 0, True))
    assert bench.poll(1).rows_kept[0].awaited == "254"
    bench.hand.answer(TextReported(ROOM, 254, True))
    bench.poll(1)
    assert bench.state(1) is RowState.DELIVERED


def test_a_long_text_is_lost_with_any_part() -> None:
    bench, _ = accepted(1, (8, 9))
    bench.hand.answer(TextReported(ROOM, 8, False))
    bench.hand.answer(TextReported(ROOM, 9, True))
    bench.poll(1)
    assert bench.state(1) is RowState.FAILED
    assert [type(event) for _, event in bench.events] == [MessageAccepted, MessageDelivered]


def test_a_reference_that_came_round_again_means_the_newest_text() -> None:
    """References have 8 bits: 256 texts later the same one is another text's."""
    old = replace(row(1), state=RowState.ACCEPTED, tries=1, reference=7, awaited="7")
    new = replace(row(300), state=RowState.ACCEPTED, tries=1, reference=7, awaited="7")
    bench = restarted(old, new)
    bench.hand.answer(TextReported(ROOM, 7, True))
    bench.poll(1)
    assert [changed.number for changed in bench.rows.values()] == [300]


def test_late_bad_news_without_a_time_is_of_the_oldest_text() -> None:
    """The modem restarted and counts from 1: an old text fails long after the new code went out."""
    old = replace(row(1), state=RowState.ACCEPTED, tries=1, reference=1, awaited="1")
    new = replace(row(2, "code"), state=RowState.ACCEPTED, tries=1, reference=1, awaited="1")
    bench = restarted(old, new)
    bench.hand.answer(TextReported(ROOM, 1, False))
    bench.poll(1)
    assert [(changed.number, changed.state) for changed in bench.rows.values()] == [(1, RowState.FAILED)]
    bench.hand.answer(TextReported(ROOM, 1, False))
    bench.poll(1)
    assert bench.state(2) is RowState.FAILED, "the next one is the code's own"


@pytest.mark.parametrize("ok", [True, False])
@pytest.mark.parametrize("offset_s", [None, 3600.0])
def test_a_report_is_of_the_text_that_went_out_when_it_says(ok: bool, offset_s: float | None) -> None:
    """Also when the old text is long forgotten: then the report is nobody's, and the code is not denied."""
    bench = Bench()
    if offset_s is not None:
        bench.hand.network_offset_s = WALL_S + offset_s
    start_s = WALL_S + (offset_s or 0.0)
    bench.outbox.add(row(1))
    bench.poll()
    bench.hand.answer(TextAccepted(bench.hand.sent[-1].ticket, (1,)))
    first_s = start_s + bench.now_s
    bench.poll(1)
    bench.poll(2000)
    bench.outbox.add(row(2))
    bench.poll()
    bench.hand.answer(TextAccepted(bench.hand.sent[-1].ticket, (1,)))
    second_s = start_s + bench.now_s
    bench.poll(1)
    bench.hand.answer(TextReported(ROOM, 1, ok, first_s - 7200.0))
    bench.hand.answer(TextReported(ROOM, 1, ok, second_s + 7200.0))
    bench.poll(1)
    assert (bench.state(1), bench.state(2)) == (RowState.ACCEPTED, RowState.ACCEPTED)
    bench.hand.answer(TextReported(ROOM, 1, ok, second_s - 30.0))
    bench.poll(1)
    then = RowState.DELIVERED if ok else RowState.FAILED
    assert (bench.state(1), bench.state(2)) == (RowState.ACCEPTED, then)
    bench.hand.answer(TextReported(ROOM, 1, ok, first_s + 30.0))
    bench.poll(1)
    assert bench.state(1) is then


def test_after_a_restart_a_report_with_a_time_still_finds_its_text() -> None:
    kept = replace(row(1), state=RowState.ACCEPTED, tries=1, reference=1, awaited="1")
    for sent_s, state in ((WALL_S - 3600.0, RowState.ACCEPTED), (WALL_S + 3.0, RowState.FAILED)):
        bench = restarted(kept)
        bench.hand.answer(TextReported(ROOM, 1, False, sent_s))
        bench.poll(1)
        assert next(iter(bench.rows.values()), kept).state is state


def test_two_numbers_with_the_same_last_digits_do_not_swap_their_reports() -> None:
    numbers = {Recipient.WATCHMAN: "+4917000123456", Recipient.CONTROL_ROOM: "+4930555123456"}
    for told in (Recipient.WATCHMAN, Recipient.CONTROL_ROOM):
        bench = Bench()
        bench.outbox = Outbox(numbers, random=random.Random(1))
        for number, to in enumerate(numbers, start=1):
            bench.outbox.add(row(number, "locked", to))
            bench.poll()
            bench.hand.answer(TextAccepted(bench.hand.sent[-1].ticket, (9,)))
            bench.poll(1)
        bench.hand.answer(TextReported(numbers[told], 9, True))
        bench.poll(1)
        delivered = [row.recipient for row in bench.rows.values() if row.state is RowState.DELIVERED]
        assert delivered == [told]


def test_a_report_about_another_number_or_reference_is_nobodys() -> None:
    bench, _ = accepted(1, (7,))
    bench.hand.answer(TextReported(NUMBERS[Recipient.WATCHMAN], 7, True))
    bench.hand.answer(TextReported(ROOM, 8, True))
    bench.poll(1)
    assert bench.state(1) is RowState.ACCEPTED
    bench.hand.answer(TextReported("05550102", 7, True))  # as some networks write it
    bench.poll(1)
    assert bench.state(1) is RowState.DELIVERED


def test_a_report_may_overtake_the_answer_to_its_text() -> None:
    bench = Bench()
    bench.outbox.add(row(1))
    bench.poll()
    bench.hand.answer(TextReported(ROOM, 5, True))
    bench.poll(1)
    bench.hand.accept()
    bench.poll(1)
    assert bench.state(1) is RowState.DELIVERED


def test_a_report_from_before_is_not_taken_for_the_next_texts() -> None:
    bench = Bench()
    bench.hand.answer(TextReported(ROOM, 5, True))  # nothing is in hand: whose ever it was
    bench.poll()
    bench.outbox.add(row(1))
    bench.poll(1)
    bench.hand.accept()
    bench.poll(1)
    assert bench.state(1) is RowState.ACCEPTED


def test_no_report_is_waited_for_when_the_network_has_long_given_up() -> None:
    bench, kept = accepted(1, (7,), ttl_s=600.0)
    bench.poll(600.0 + REPORT_LATE_S)
    bench.hand.answer(TextReported(ROOM, 7, True))
    bench.poll(1)
    assert bench.state(1) is RowState.ACCEPTED
    bench = restarted(kept, after_s=600.0 + REPORT_LATE_S)
    bench.hand.answer(TextReported(ROOM, 7, True))
    assert bench.poll(1).events == ()


def test_what_may_have_gone_out_before_a_restart_goes_out_as_a_repeat() -> None:
    bench = restarted(row(1))
    assert bench.hand.sent[0].text == "#1 locked try 2"


def test_code_before_emergency_before_alert_before_report() -> None:
    bench = Bench()
    bench.hand.idle = False
    for number, kind in enumerate(("daily", "locked", "panic", "code", "locked"), start=1):
        bench.outbox.add(row(number, kind, Recipient.WATCHMAN, issue=int(kind == "code")))
    bench.hand.idle = True
    order: list[str] = []
    for _ in range(5):
        bench.poll(0.1)
        order.append(bench.hand.sent[-1].text.split()[0])
        bench.hand.accept()
    assert order == ["#4", "#3", "#2", "#5", "#1"]


def test_a_new_code_goes_before_alerts_that_wait() -> None:
    bench = Bench()
    for number in range(1, 5):
        bench.outbox.add(row(number))
    bench.poll()
    bench.outbox.add(code_row(9))
    bench.hand.accept()
    bench.poll(0.1)
    assert bench.hand.sent[-1].text.startswith("#9 code")


def test_both_numbers_get_their_turn_within_150_s() -> None:
    """Each attempt runs into its deadline: the worst case of a network that does not answer."""
    bench = Bench()
    bench.outbox.add(code_row(1, Recipient.WATCHMAN))
    bench.poll()
    bench.run(160)  # the table asks for the second number after 60 s
    bench.outbox.add(code_row(2, Recipient.WATCHMAN2))
    tried = {NUMBERS[Recipient.WATCHMAN]}
    bench.hand.fail()
    while len(tried) < 2:
        bench.poll(0.5)
        if not bench.hand.idle and bench.now_s >= bench.hand.sent[-1].deadline_s:
            bench.hand.fail()
        tried.add(bench.hand.sent[-1].number)
        assert bench.now_s < 250
    assert bench.hand.sent[-1].deadline_s - bench.now_s <= CODE_ATTEMPT_S


def test_a_code_that_is_not_live_is_never_sent() -> None:
    bench = Bench()
    bench.live.clear()
    bench.outbox.add(code_row(1))
    bench.poll()
    assert bench.hand.sent == []
    assert bench.state(1) is RowState.SUPERSEDED


def test_superseding_takes_back_what_was_not_handed_over() -> None:
    bench = Bench()
    bench.outbox.add(code_row(1))
    bench.poll()
    bench.outbox.add(code_row(2, Recipient.WATCHMAN2))
    assert [changed.number for changed in bench.outbox.supersede(1, "code")] == [2]
    bench.hand.fail()
    bench.poll(60)
    assert bench.state(1) is RowState.SUPERSEDED
    assert len(bench.hand.sent) == 1


def test_an_expired_row_is_never_sent() -> None:
    bench = Bench()
    bench.hand.idle = False
    bench.outbox.add(code_row(1, ttl_s=120))
    bench.poll()
    bench.poll(121)
    bench.hand.idle = True
    bench.poll()
    assert bench.hand.sent == []
    assert bench.state(1) is RowState.EXPIRED
    assert [type(event) for _, event in bench.events] == [MessageFailed]


def test_the_network_may_not_deliver_a_code_hours_later() -> None:
    bench = Bench()
    bench.outbox.add(code_row(1))
    bench.outbox.add(row(2, ttl_s=7200))
    bench.poll()
    bench.hand.accept()
    bench.poll()
    assert bench.hand.validities == [300.0, 7200.0]


def test_an_attempt_ends_with_the_time_to_live() -> None:
    bench = Bench()
    bench.outbox.add(code_row(1, ttl_s=7))
    bench.poll()
    assert bench.hand.sent[0].deadline_s == pytest.approx(107)


def test_retries_grow_and_say_which_try() -> None:
    bench = Bench()
    bench.outbox.add(row(1))
    at: list[float] = []
    while len(at) < 6:
        bench.poll(1)
        if not bench.hand.idle:
            at.append(bench.now_s)
            bench.hand.fail()
    gaps = [after - before for before, after in pairwise(at)]
    assert gaps == sorted(gaps)
    assert gaps[0] < 10 < gaps[-1]
    assert bench.hand.sent[-1].text == "#1 locked try 6"


def test_a_refusal_for_good_is_not_repeated() -> None:
    bench = Bench()
    bench.outbox.add(row(1))
    bench.poll()
    bench.hand.fail(retryable=False)
    bench.poll(1000)
    assert bench.state(1) is RowState.FAILED
    assert len(bench.hand.sent) == 1
    event = bench.events[-1][1]
    assert isinstance(event, MessageFailed)
    assert event.final


def test_a_recipient_without_a_number_fails_at_once() -> None:
    bench = Bench(numbers=NUMBERS | {Recipient.WATCHMAN2: ""})
    bench.outbox.add(row(1, to=Recipient.WATCHMAN2))
    bench.outbox.add(row(2))
    bench.poll()
    assert bench.state(1) is RowState.FAILED
    assert bench.hand.sent[0].text.startswith("#2")


def test_a_late_acceptance_ends_the_retries() -> None:
    bench = Bench()
    bench.outbox.add(row(1))
    bench.poll()
    bench.hand.fail()
    bench.poll(0.1)
    bench.hand.answer(TextAccepted(bench.hand.sent[0].ticket, (9,)))
    bench.poll(0.1)
    bench.poll(100)
    assert bench.state(1) is RowState.ACCEPTED
    assert len(bench.hand.sent) == 1


def test_a_port_that_fails_is_an_attempt_that_failed() -> None:
    bench = Bench()
    bench.hand.broken = True
    bench.outbox.add(row(1))
    bench.poll()
    assert bench.state(1) is RowState.QUEUED
    bench.hand.broken = False
    bench.poll(20)
    assert bench.state(1) is RowState.SENDING


def test_after_a_restart_alerts_are_sent_again_and_codes_are_not() -> None:
    bench = Bench()
    rows = (
        replace(row(1), state=RowState.SENDING, tries=1),
        row(2),
        replace(code_row(3), state=RowState.SENDING, tries=1),
        replace(row(4), state=RowState.ACCEPTED),
        row(5, ttl_s=60),
    )
    bench.outbox.restore(rows, 100.0)
    bench.poll()
    sent: list[str] = []
    while not bench.hand.idle:
        sent.append(bench.hand.sent[-1].text)
        bench.hand.accept()
        bench.poll(0.1)
    assert sent == ["#1 locked try 2", "#2 locked try 2"]
    assert bench.state(3) is RowState.SUPERSEDED
    assert bench.state(5) is RowState.EXPIRED


def test_a_clock_that_was_set_back_does_not_expire_or_revive_anything() -> None:
    bench = Bench()
    future = replace(row(1, ttl_s=60), created_wall_s=WALL_S + 9e9)
    bench.outbox.restore((future,), 100.0)
    bench.poll()
    assert bench.hand.sent


def test_nothing_shows_a_telephone_number() -> None:
    bench = Bench()
    bench.outbox.add(row(1))
    step = bench.poll()
    for number in NUMBERS.values():
        assert number not in repr(step) + repr(bench.outbox)


def test_what_people_write_and_how_the_modem_is_are_passed_on() -> None:
    bench = Bench(SteppedModem(FakeModem()))
    bench.run(102)
    modem = bench.modem
    assert isinstance(modem, SteppedModem)
    modem.fake.incoming("+15550102", "STATUS")
    bench.run(110)
    assert bench.received == [TextReceived("+15550102", "STATUS")]


# --- other channels --------------------------------------------------------------------------------


class Carried(NamedTuple):
    ticket: int
    row: OutboxRow
    text: str


@dataclass
class HandCarrier:
    idle: bool = True
    sent: list[Carried] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def serves(self, recipient: Recipient) -> bool:
        return recipient is Recipient.CONTROL_ROOM

    def send(self, ticket: int, row: OutboxRow, text: str, deadline_s: float, phone: str = "") -> None:
        self.idle = False
        self.sent.append(Carried(ticket, row, text))

    def poll(self, now_s: float) -> tuple[Answer, ...]:
        answers, self.answers = tuple(self.answers), []
        if answers:
            self.idle = True
        return answers

    def next_wake_s(self) -> float | None:
        return None

    def close(self) -> None:
        pass


def with_mail() -> tuple[Bench, HandCarrier]:
    mail = HandCarrier()
    return Bench(carriers={Channel.EMAIL: mail}), mail


def test_an_alert_that_cannot_be_placed_also_goes_by_mail_with_the_same_number() -> None:
    bench, mail = with_mail()
    bench.hand.idle = False
    bench.outbox.add(row(1))
    bench.outbox.add(row(2, to=Recipient.WATCHMAN))
    bench.outbox.add(code_row(3, ttl_s=1000))
    bench.poll()
    bench.run(bench.now_s + ELSEWHERE_AFTER_S + 1)
    assert [(sent.row.number, sent.row.channel) for sent in mail.sent] == [(1, Channel.EMAIL)]
    mail.answers.append(Taken(mail.sent[0].ticket))
    bench.poll()
    assert bench.rows[RowKey(1, Recipient.CONTROL_ROOM, Channel.EMAIL)].state is RowState.ACCEPTED
    bench.hand.idle = True
    bench.run(bench.now_s + 1)
    assert bench.hand.sent, "the SMS is still tried"


def test_a_mail_that_is_refused_is_tried_again() -> None:
    bench, mail = with_mail()
    bench.outbox.add(row(1, channel=Channel.EMAIL))
    bench.poll()
    mail.answers.append(NotTaken(mail.sent[0].ticket, "greylisted", True))
    bench.poll()
    assert bench.rows[RowKey(1, Recipient.CONTROL_ROOM, Channel.EMAIL)].state is RowState.QUEUED
    bench.poll(30)
    assert len(mail.sent) == 2


def test_a_code_never_leaves_by_another_channel() -> None:
    bench, mail = with_mail()
    bench.outbox.add(replace(code_row(1), channel=Channel.EMAIL))
    bench.outbox.add(code_row(2, Recipient.CONTROL_ROOM))
    bench.poll()
    bench.hand.fail(retryable=False)
    bench.run(bench.now_s + 200)
    assert mail.sent == []
    assert bench.state(1) is RowState.FAILED


def test_a_channel_that_is_not_set_up_fails_by_name() -> None:
    bench = Bench()
    bench.outbox.add(row(1, channel=Channel.WEBHOOK))
    bench.poll()
    assert (
        bench.rows[RowKey(1, Recipient.CONTROL_ROOM, Channel.WEBHOOK)].cause == "this channel is not set up"
    )


# --- anything, in any order ------------------------------------------------------------------------


class OutboxMachine(RuleBasedStateMachine):
    """Rows come, the modem does what it likes, the program is killed and restarted."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.number = 0
        self.disk: dict[int, OutboxRow] = {}
        self.seen: dict[int, list[float]] = {}
        self.born: dict[int, float] = {}

    @rule(kind=st.sampled_from(["code", "locked", "panic", "daily"]), to=st.sampled_from(list(Recipient)))
    def add(self, kind: str, to: Recipient) -> None:
        self.number += 1
        one = row(self.number, kind, to, ttl_s=120.0 if kind == "code" else 5000.0, issue=int(kind == "code"))
        one = replace(one, created_wall_s=WALL_S + self.bench.now_s)
        self.disk[self.number] = one
        self.born[self.number] = self.bench.now_s
        self.bench.outbox.add(one)
        self._poll(0.0)

    def _poll(self, after_s: float) -> None:
        before = len(self.bench.hand.sent)
        step = self.bench.poll(after_s)
        for changed in step.rows_changed:
            self.disk[changed.number] = changed
        for _, _, text, deadline_s in self.bench.hand.sent[before:]:
            number = int(text.split()[0][1:])
            self.seen.setdefault(number, []).append(self.bench.now_s)
            ttl_s = self.disk[number].ttl_s
            assert self.bench.now_s < self.born[number] + ttl_s + 1e-6
            assert deadline_s <= self.born[number] + ttl_s + 200

    @rule(after_s=st.sampled_from([0.0, 0.5, 3.0, 31.0, 200.0]))
    def wait(self, after_s: float) -> None:
        if not self.bench.hand.idle and self.bench.now_s + after_s >= self.bench.hand.sent[-1].deadline_s:
            self.bench.hand.fail()
        self._poll(after_s)

    @precondition(lambda self: not self.bench.hand.idle)
    @rule(what=st.sampled_from(["accept", "fail", "refuse"]))
    def answer(self, what: str) -> None:
        if what == "accept":
            self.bench.hand.accept()
        else:
            self.bench.hand.fail(retryable=what == "fail")
        self._poll(0.1)

    @rule()
    def kill(self) -> None:
        """Nothing but the disk is left."""
        old = self.bench
        self.bench = Bench()
        self.bench.now_s = old.now_s + 1.0
        self.bench.outbox.restore(self.disk.values(), self.bench.now_s)
        self._poll(0.0)

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every row is final, accepted, or still in the queue."""
        open_rows = {
            number for number, one in self.disk.items() if one.state in (RowState.QUEUED, RowState.SENDING)
        }
        assert self.bench.outbox.waiting == len(open_rows)

    def teardown(self) -> None:
        """Given a good modem and time, every alert that was not refused or too old arrived at least once."""
        for _ in range(3 * len(self.disk) + 5):
            if not self.bench.hand.idle:
                self.bench.hand.accept()
            self._poll(1.0)
            if self.bench.outbox.waiting and self.bench.hand.idle:
                self._poll(700.0)
        for number, one in self.disk.items():
            assert one.state not in (RowState.QUEUED, RowState.SENDING), one
            if one.state is RowState.ACCEPTED:
                assert self.seen[number]


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
