"""Messages that arrive: every row is sent at least once, in time and in the right order, or told why not.

Codes go before emergencies, these before alerts, these before reports. A row is tried again with growing
pauses until its time to live ends; an alert that the modem cannot place for a while also goes to the other
channels. The text is asked for at the moment of sending, so no code is kept here, and one that is not
live any more is never sent. No thread, no clock, no telephone number outside the mapping it is given.
"""

from __future__ import annotations

import random as random_module
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, assert_never

from edge.cabin.anomalies import ANOMALIES
from edge.cabin.events import Anomaly
from edge.messages.numbers import meant
from edge.messages.ways.carrier import Carrier, Taken
from edge.terms.alerts import Alert, Urgency, urgency
from edge.terms.record import REPORT_LATE_S, Channel, OutboxRow, Recipient, RowState
from hw.ports import (
    HardwareError,
    Modem,
    ModemDown,
    ModemReady,
    ModemTrouble,
    Recovery,
    TextAccepted,
    TextFailed,
    TextReceived,
    TextReported,
)

CODE: Final = "code"
REPORTS: Final = frozenset({"daily", "status", "help"})
_URGENCY: Final[Mapping[str, Urgency]] = {
    CODE: Urgency.CODE,
    **{anomaly.value: ANOMALIES[anomaly].urgency for anomaly in Anomaly},
    **{alert.value: urgency(alert) for alert in Alert},
    **dict.fromkeys(REPORTS, Urgency.REPORT),
}

CODE_ATTEMPT_S: Final = 30.0
"""A code's attempt is given up early: all numbers have to be tried within 150 s."""
CODE_VALIDITY_S: Final = 300.0
"""The shortest time for which a network can be told to go on delivering (3GPP TS 23.040)."""
ATTEMPT_S: Final = 45.0
ELSEWHERE_TRIES: Final = 3
ELSEWHERE_AFTER_S: Final = 120.0
"""An alert not placed after so many tries or so long also goes to the other channels."""

_KEPT_TICKETS: Final = 256
_EARLY_REPORTS: Final = 16
_CLOCKS_APART_S: Final = 900.0
"""How far our clock and that of the network's SMS centre may be apart."""


@dataclass(frozen=True, slots=True)
class MessageAccepted:
    """The network (or the mail server, or the webhook) took the message."""

    row: OutboxRow


@dataclass(frozen=True, slots=True)
class MessageFailed:
    """An attempt failed. `final`: none follows. `trouble` is None for other channels than SMS."""

    row: OutboxRow
    cause: str
    trouble: ModemTrouble | None
    final: bool


@dataclass(frozen=True, slots=True)
class MessageDelivered:
    """The phone has the message, or (not `ok`) never will."""

    row: OutboxRow
    ok: bool


MessageEvent = MessageAccepted | MessageFailed | MessageDelivered


@dataclass(frozen=True, slots=True)
class OutboxStep:
    """What one poll brought: rows to record, events to act on, texts received, and how the modem is.

    `rows_kept` are rows of which one part was delivered: to be kept, not worth a line of the record.
    """

    rows_changed: tuple[OutboxRow, ...] = ()
    rows_kept: tuple[OutboxRow, ...] = ()
    events: tuple[MessageEvent, ...] = ()
    received: tuple[TextReceived, ...] = ()
    modem: tuple[ModemReady | ModemDown | Recovery, ...] = ()


TextOf = Callable[[OutboxRow], str | None]


@dataclass(slots=True)
class _Item:
    row: OutboxRow
    order: int
    restored: bool = False
    born_s: float | None = None
    due_s: float = 0.0
    ticket: int | None = None
    superseded: bool = False
    elsewhere: bool = False
    taken_wall_s: float | None = None

    @property
    def open(self) -> bool:
        return self.row.state in (RowState.QUEUED, RowState.SENDING)


@dataclass(slots=True)
class _Draft:
    rows: dict[tuple[int, Recipient, Channel], OutboxRow] = field(default_factory=dict)
    kept: dict[tuple[int, Recipient, Channel], OutboxRow] = field(default_factory=dict)
    events: list[MessageEvent] = field(default_factory=list)
    received: list[TextReceived] = field(default_factory=list)
    modem: list[ModemReady | ModemDown | Recovery] = field(default_factory=list)


class Outbox:
    """The queue of one kiosk. `numbers` has no entry, or an empty one, for a recipient who has no phone."""

    def __init__(
        self,
        numbers: Mapping[Recipient, str],
        *,
        random: random_module.Random | None = None,
        carriers: Mapping[Channel, Carrier] = MappingProxyType({}),
    ) -> None:
        self._numbers = dict(numbers)
        self._carriers = dict(carriers)
        self._random = random if random is not None else random_module.Random()
        self._items: list[_Item] = []
        self._awaiting: deque[_Item] = deque(maxlen=_KEPT_TICKETS)
        self._early_reports: deque[TextReported] = deque(maxlen=_EARLY_REPORTS)
        self._tickets: dict[int, _Item] = {}
        self._next_ticket = 1
        self._next_order = 0
        self._now = float("-inf")
        self._wall_s = 0.0
        self._fresh = False

    def __repr__(self) -> str:
        return f"Outbox(waiting={self.waiting})"

    @property
    def waiting(self) -> int:
        """How many rows are neither accepted nor given up."""
        return sum(item.open for item in self._items)

    def other_channels(self, to: Recipient) -> tuple[Channel, ...]:
        """The channels beside SMS that reach this recipient."""
        return tuple(channel for channel, carrier in self._carriers.items() if carrier.serves(to))

    # --- in -------------------------------------------------------------------------------------

    def add(self, row: OutboxRow) -> None:
        """Take a row that was just decided; its time to live begins with the next poll."""
        self._items.append(_Item(row, self._order()))
        self._fresh = True

    def restore(self, rows: Iterable[OutboxRow], now_s: float) -> None:
        """Take the rows that the record remembered.

        One that is not known to be accepted is sent again, with the same short number and as a repeat: the
        record may have missed that it went out. The codes of before the restart are gone with their digits:
        their rows end as superseded, the table issues a fresh one. Delivery reports are waited for as before.
        """
        self._now = max(self._now, now_s)
        for row in rows:
            if row.state in (RowState.QUEUED, RowState.SENDING):
                again = replace(row, tries=max(1, row.tries))
                self._items.append(_Item(again, self._order(), restored=True))
                self._fresh = True
            elif row.state is RowState.ACCEPTED and row.awaited:
                self._awaiting.append(_Item(row, self._order(), restored=True))

    def supersede(self, incident: int, kind: str) -> tuple[OutboxRow, ...]:
        """Rows of this kind that were not handed over never will be; those rows, changed, for the record.

        One that the modem has in hand just now is not tried again if it fails.
        """
        changed: list[OutboxRow] = []
        for item in self._items:
            if item.row.incident != incident or item.row.kind != kind or not item.open:
                continue
            if item.ticket is None:
                item.row = replace(item.row, state=RowState.SUPERSEDED)
                changed.append(item.row)
            else:
                item.superseded = True
        self._forget_done()
        return tuple(changed)

    # --- time -----------------------------------------------------------------------------------

    def poll(self, now_s: float, wall_s: float, modem: Modem, text_of: TextOf) -> OutboxStep:
        """Hear what became of the text in hand, end what is too old, hand over what comes next.

        `text_of` makes the text of a row, or says with None that its code is not live any more.
        """
        self._now = max(self._now, now_s)
        self._fresh = False
        # Reports carry the network's time, so that is the better one to compare them with.
        offset_s = modem.network_offset_s
        self._wall_s = wall_s if offset_s is None else self._now + offset_s
        draft = _Draft()
        self._admit(wall_s, draft)
        self._hear_modem(modem, draft)
        self._hear_carriers(draft)
        self._expire(draft)
        self._go_elsewhere(draft)
        if self._hand_over(modem, text_of, draft):
            self._hear_modem(modem, draft)
        self._hand_to_carriers(text_of, draft)
        self._forget_done()
        return OutboxStep(
            tuple(draft.rows.values()),
            tuple(row for key, row in draft.kept.items() if key not in draft.rows),
            tuple(draft.events),
            tuple(draft.received),
            tuple(draft.modem),
        )

    def next_wake_s(self) -> float | None:
        """When something is due by itself; the modem has its own."""
        if self._fresh:
            return self._now
        times: list[float] = []
        for item in self._items:
            if not item.open or item.born_s is None:
                continue
            if item.ticket is None:
                times.append(item.born_s + item.row.ttl_s)
            if item.due_s > self._now:
                times.append(item.due_s)
            if self._may_go_elsewhere(item):
                times.append(item.born_s + ELSEWHERE_AFTER_S)
        times += [at_s for carrier in self._carriers.values() if (at_s := carrier.next_wake_s()) is not None]
        return min(times) if times else None

    # --- inside ---------------------------------------------------------------------------------

    def _order(self) -> int:
        self._next_order += 1
        return self._next_order

    def _change(self, item: _Item, draft: _Draft, state: RowState, **changes: str | int) -> None:
        item.row = replace(item.row, state=state, **changes)  # type: ignore[arg-type]
        draft.rows[_key(item.row)] = item.row

    def _admit(self, wall_s: float, draft: _Draft) -> None:
        """Give new rows their birth. The wall clock counts only for what was written before a restart."""
        for item in (*self._items, *self._awaiting):
            if item.born_s is not None:
                continue
            age_s = max(0.0, wall_s - item.row.created_wall_s) if item.restored else 0.0
            item.born_s = self._now - age_s
            item.due_s = self._now
            if item.restored and item.row.kind == CODE and item.open:
                self._change(item, draft, RowState.SUPERSEDED, cause="the program was restarted")

    def _hear_modem(self, modem: Modem, draft: _Draft) -> None:
        for event in modem.poll(self._now):
            match event:
                case TextAccepted(ticket=ticket, references=references):
                    self._accepted(self._tickets.get(ticket), references, draft)
                case TextFailed(ticket=ticket, trouble=trouble, cause=cause, retryable=retryable):
                    item = self._tickets.get(ticket)
                    if item is not None and item.ticket == ticket:
                        self._failed(item, cause, trouble, retryable, draft)
                case TextReported():
                    if not self._take_report(event, draft) and self._in_hand(event.number):
                        self._early_reports.append(event)
                case TextReceived():
                    draft.received.append(event)
                case ModemReady() | ModemDown() | Recovery():
                    draft.modem.append(event)
                case _:
                    assert_never(event)

    def _hear_carriers(self, draft: _Draft) -> None:
        for carrier in self._carriers.values():
            for answer in carrier.poll(self._now):
                item = self._tickets.get(answer.ticket)
                if isinstance(answer, Taken):
                    self._accepted(item, (), draft)
                elif item is not None and item.ticket == answer.ticket:
                    self._failed(item, answer.cause, None, answer.retryable, draft)

    def _accepted(self, item: _Item | None, references: tuple[int, ...], draft: _Draft) -> None:
        """Also hours late: a text that the network has is not sent again."""
        if item is None or item.row.state in (RowState.ACCEPTED, RowState.DELIVERED):
            return
        item.ticket = None
        item.taken_wall_s = self._wall_s
        awaited = " ".join(str(reference) for reference in references)
        reference = references[-1] if references else 0
        self._change(item, draft, RowState.ACCEPTED, reference=reference, awaited=awaited, cause="")
        draft.events.append(MessageAccepted(item.row))
        if references:
            self._awaiting.append(item)
        # A report may overtake the answer to the text.
        early = list(self._early_reports)
        self._early_reports.clear()
        for report in early:
            self._take_report(report, draft)

    def _failed(
        self, item: _Item, cause: str, trouble: ModemTrouble | None, retryable: bool, draft: _Draft
    ) -> None:
        item.ticket = None
        if item.superseded:
            self._change(item, draft, RowState.SUPERSEDED, cause=cause)
        elif not retryable:
            self._change(item, draft, RowState.FAILED, cause=cause)
        else:
            self._change(item, draft, RowState.QUEUED, cause=cause)
            item.due_s = self._now + self._pause_s(item.row)
        if not retryable:
            self._send_elsewhere(item, draft)
        draft.events.append(MessageFailed(item.row, cause, trouble, not item.open))

    def _take_report(self, report: TextReported, draft: _Draft) -> bool:
        """Find whose text was delivered; False for nobody's.

        A long text is delivered with its last part, and lost with any of them.
        """
        item = self._reported(report)
        if item is None:
            return False
        reference = str(report.reference)
        left = " ".join(part for part in item.row.awaited.split() if part != reference)
        if report.ok and left:
            item.row = replace(item.row, awaited=left)
            draft.kept[_key(item.row)] = item.row
            return True
        self._awaiting.remove(item)
        if report.ok:
            self._change(item, draft, RowState.DELIVERED, awaited="")
        else:
            words = "taken by the network, not delivered"
            self._change(item, draft, RowState.FAILED, awaited="", cause=words)
        draft.events.append(MessageDelivered(item.row, report.ok))
        return True

    def _reported(self, report: TextReported) -> _Item | None:
        """The text that a report is about.

        References have 8 bits, come round again, and begin anew with the modem. So the time at which the
        network got the text decides; where the report has none, good news is of the newest text to that
        number and bad news, which comes late, of the oldest.
        """
        reference = str(report.reference)
        found = [
            item
            for item in self._awaiting
            if reference in item.row.awaited.split() and self._is_for(item, report.number)
        ]
        sent_s = report.sent_utc_s
        if sent_s is not None:
            apart = [(self._apart_s(item, sent_s), -index) for index, item in enumerate(found)]
            apart_s, index = min(apart, default=(float("inf"), 0))
            return found[-index] if apart_s <= _CLOCKS_APART_S else None
        if not found:
            return None
        return found[-1] if report.ok else found[0]

    def _apart_s(self, item: _Item, sent_s: float) -> float:
        """How far a time is from the time at which this text went out; that is not known over a restart."""
        taken_s = item.taken_wall_s
        first_s, last_s = (item.row.created_wall_s, self._wall_s) if taken_s is None else (taken_s, taken_s)
        return max(first_s - sent_s, sent_s - last_s, 0.0)

    def _is_for(self, item: _Item, number: str) -> bool:
        known = self._numbers.get(item.row.recipient, "")
        return bool(known) and meant(number, self._numbers.values()) == known

    def _in_hand(self, number: str) -> bool:
        """Whether the modem has a text to this number just now."""
        return any(
            item.ticket is not None and item.row.channel is Channel.SMS and self._is_for(item, number)
            for item in self._items
        )

    def _pause_s(self, row: OutboxRow) -> float:
        """Growing, with a jitter of a fifth so that a fleet does not knock in step."""
        first_s, most_s = (2.0, 10.0) if row.kind == CODE else (5.0, 600.0)
        pause_s = min(most_s, first_s * 2.0 ** min(row.tries - 1, 20))
        return pause_s * self._random.uniform(0.8, 1.2)

    def _expire(self, draft: _Draft) -> None:
        for item in self._items:
            if item.open and item.ticket is None and self._now >= self._end_s(item):
                self._change(item, draft, RowState.EXPIRED, cause=item.row.cause or "nothing could be sent")
                draft.events.append(MessageFailed(item.row, item.row.cause, None, True))

    def _end_s(self, item: _Item) -> float:
        return (item.born_s if item.born_s is not None else self._now) + item.row.ttl_s

    def _next_item(self, channel: Channel) -> _Item | None:
        """The most urgent row that is due; among equals the one tried least, then the oldest."""
        due = [
            item
            for item in self._items
            if item.open and item.ticket is None and item.due_s <= self._now and item.row.channel is channel
        ]
        return min(
            due, key=lambda item: (urgency_of(item.row.kind), item.row.tries, item.order), default=None
        )

    def _hand_over(self, modem: Modem, text_of: TextOf, draft: _Draft) -> bool:
        while modem.idle:
            item = self._next_item(Channel.SMS)
            if item is None:
                return False
            number = self._numbers.get(item.row.recipient, "")
            if not number:
                self._failed(item, "no number is set", None, False, draft)
                continue
            ready = self._make_text(item, text_of, draft)
            if ready is None:
                continue
            text, attempt_s = ready
            try:
                end_s = self._end_s(item)
                validity_s = CODE_VALIDITY_S if item.row.kind == CODE else end_s - self._now
                deadline_s = min(self._now + attempt_s, end_s)
                modem.send(self._take_ticket(item), number, text, deadline_s, validity_s)
            except HardwareError as error:
                self._failed(item, error.code, ModemTrouble.MUTE, True, draft)
                return False
            return True
        return False

    def _hand_to_carriers(self, text_of: TextOf, draft: _Draft) -> None:
        for channel, carrier in self._carriers.items():
            while carrier.idle:
                item = self._next_item(channel)
                if item is None:
                    break
                ready = self._make_text(item, text_of, draft)
                if ready is None:
                    continue
                text, attempt_s = ready
                deadline_s = min(self._now + attempt_s, self._end_s(item))
                carrier.send(self._take_ticket(item), item.row, text, deadline_s)
        for item in self._items:
            if item.open and item.row.channel is not Channel.SMS and item.row.channel not in self._carriers:
                self._failed(item, "this channel is not set up", None, False, draft)

    def _make_text(self, item: _Item, text_of: TextOf, draft: _Draft) -> tuple[str, float] | None:
        """The text of the next try and its time; None when the row may not be sent."""
        row = replace(item.row, state=RowState.SENDING, tries=item.row.tries + 1)
        if row.kind == CODE and row.channel is not Channel.SMS:
            self._change(item, draft, RowState.FAILED, cause="a code goes by SMS alone")
            return None
        text = text_of(row)
        if text is None:
            self._change(item, draft, RowState.SUPERSEDED)
            return None
        self._change(item, draft, RowState.SENDING, tries=row.tries)
        return text, CODE_ATTEMPT_S if row.kind == CODE else ATTEMPT_S

    def _take_ticket(self, item: _Item) -> int:
        ticket = self._next_ticket
        self._next_ticket += 1
        item.ticket = ticket
        self._tickets[ticket] = item
        if len(self._tickets) > _KEPT_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        return ticket

    # the other channels

    def _may_go_elsewhere(self, item: _Item) -> bool:
        return (
            not item.elsewhere
            and item.open
            and item.row.channel is Channel.SMS
            and item.row.kind != CODE
            and any(carrier.serves(item.row.recipient) for carrier in self._carriers.values())
        )

    def _go_elsewhere(self, draft: _Draft) -> None:
        for item in list(self._items):
            if not self._may_go_elsewhere(item) or item.born_s is None:
                continue
            failing = item.row.tries >= ELSEWHERE_TRIES and item.ticket is None
            if failing or self._now >= item.born_s + ELSEWHERE_AFTER_S:
                self._send_elsewhere(item, draft)

    def _send_elsewhere(self, item: _Item, draft: _Draft) -> None:
        """The same message, with the same short number, to every other channel that serves its reader."""
        if item.elsewhere or item.row.channel is not Channel.SMS or item.row.kind == CODE:
            return
        item.elsewhere = True
        known = {(other.row.number, other.row.recipient, other.row.channel) for other in self._items}
        for channel, carrier in self._carriers.items():
            if not carrier.serves(item.row.recipient):
                continue
            if (item.row.number, item.row.recipient, channel) in known:
                continue
            row = replace(item.row, channel=channel, state=RowState.QUEUED, tries=0, cause="")
            twin = _Item(row, self._order(), born_s=item.born_s, due_s=self._now)
            self._items.append(twin)
            self._change(twin, draft, RowState.QUEUED)

    def _forget_done(self) -> None:
        """Accepted rows stay for their delivery report alone, as long as one may come."""
        if any(not item.open for item in self._items):
            self._items = [item for item in self._items if item.open]
        while self._awaiting and self._now >= self._end_s(self._awaiting[0]) + REPORT_LATE_S:
            self._awaiting.popleft()


def _key(row: OutboxRow) -> tuple[int, Recipient, Channel]:
    return row.number, row.recipient, row.channel


def urgency_of(kind: str) -> Urgency:
    """How soon a message goes out. A row of another version may be of a kind that is not known here."""
    return _URGENCY.get(kind, Urgency.ALERT)
