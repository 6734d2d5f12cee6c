"""Messages that arrive: every row is sent at least once, in time and in the right order, or told why not.

Codes go before emergencies, these before alerts, these before reports. A row is tried again with growing
pauses until its time to live ends; an alert that the modem cannot place for a while also goes to the other
channels. The text is asked for at the moment of sending, so no code is kept here, and one that is not
live any more is never sent. No thread, no clock, no telephone number outside the mapping it is given, but
for that of a card's owner while a claim lasts.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, assert_never

from edge.messages.backlog import Backlog
from edge.messages.item import Item, by_modem, is_numbered, may_carry_code
from edge.messages.lifetimes import admit, expire
from edge.messages.reports import Reports
from edge.messages.step import Draft, MessageAccepted, MessageFailed, OutboxStep
from edge.messages.ways.carrier import Carrier, NotTaken, Taken
from edge.terms.record import Channel, OutboxRow, Recipient, RowState
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

ELSEWHERE_TRIES: Final = 3
ELSEWHERE_AFTER_S: Final = 120.0
"""An alert not placed after so many tries or so long also goes to the other channels."""

_KEPT_TICKETS: Final = 256

TextOf = Callable[[OutboxRow], str | None]


class Outbox:
    """The queue of one kiosk. `numbers` has no entry, or an empty one, for a recipient who has no phone.

    `told_as` makes of a row the one that is told, where the queue must not show what that is.
    """

    def __init__(
        self,
        numbers: Mapping[Recipient, str],
        *,
        random: random_module.Random | None = None,
        carriers: Mapping[Channel, Carrier] = MappingProxyType({}),
        backlog_most: int = 5000,
        told_as: Callable[[OutboxRow], OutboxRow] = lambda row: row,
    ) -> None:
        self._numbers = dict(numbers)
        self._told_as = told_as
        self._carriers = {channel: one for channel, one in carriers.items() if not is_numbered(channel)}
        self._backlogs = {
            channel: Backlog(one, backlog_most, told_as)
            for channel, one in carriers.items()
            if is_numbered(channel)
        }
        self._random = random if random is not None else random_module.Random()
        self._items: list[Item] = []
        self._reports = Reports(self._numbers)
        self._tickets: dict[int, Item] = {}
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
        return sum(item.open for item in self._items) + self.backlog

    @property
    def backlog(self) -> int:
        """How many of them have places in streams, and may wait for days."""
        return sum(backlog.waiting for backlog in self._backlogs.values())

    def open_rows(self) -> dict[tuple[Channel, RowState], int]:
        """How many rows of each channel and state are neither accepted nor given up; 0 where none is.

        Those with places in streams are all `queued`.
        """
        states = [state for state in RowState if state.is_open]
        plain = [channel for channel in Channel if not is_numbered(channel)]
        counts = {(channel, state): 0 for channel in plain for state in states}
        counts |= {(channel, RowState.QUEUED): one.waiting for channel, one in self._backlogs.items()}
        for item in self._items:
            if item.open:
                counts[item.row.channel, item.row.state] += 1
        return counts

    def other_channels(self, to: Recipient) -> tuple[Channel, ...]:
        """The channels besides SMS that reach this recipient."""
        found = [channel for channel, carrier in self._carriers.items() if carrier.serves(to)]
        return (*found, *(channel for channel, one in self._backlogs.items() if one.carrier.serves(to)))

    def owner_number(self, number: str) -> None:
        """Where the messages to a card's owner go from now on; empty: nowhere."""
        self._numbers[Recipient.OWNER] = number

    # --- in -------------------------------------------------------------------------------------

    def reaches(self, recipient: Recipient) -> bool:
        """Whether anybody in this role can be written to."""
        return bool(self._numbers.get(recipient, "")) or bool(self.other_channels(recipient))

    def add(self, row: OutboxRow) -> None:
        """Take a row that was just decided; its time to live begins with the next poll."""
        backlog = self._backlogs.get(row.channel) if row.stream else None
        if backlog is not None:
            backlog.add(row)
            return
        self._items.append(Item(row, self._order()))
        self._fresh = True

    def restore(self, rows: Iterable[OutboxRow], now_s: float) -> None:
        """Take the rows that the record remembered.

        One that is not known to be accepted is sent again, with the same short number and as a repeat: the
        record may have missed that it went out. The codes of before the restart are gone with their digits:
        their rows end as superseded, the table issues a fresh one. Delivery reports are waited for as before.
        """
        self._now = max(self._now, now_s)
        for row in rows:
            backlog = self._backlogs.get(row.channel) if row.stream and row.state.is_open else None
            if backlog is not None:
                backlog.restore(row)
                continue
            match row.state:
                case RowState.QUEUED | RowState.SENDING:
                    again = replace(row, tries=max(1, row.tries))
                    self._items.append(Item(again, self._order(), restored=True))
                    self._fresh = True
                case RowState.ACCEPTED:
                    if row.awaited:
                        self._reports.wait_for(Item(row, self._order(), restored=True))
                case RowState.DELIVERED | RowState.FAILED | RowState.EXPIRED | RowState.SUPERSEDED:
                    pass
                case _:
                    assert_never(row.state)

    def supersede(self, incident: int, kind: str) -> tuple[OutboxRow, ...]:
        """Rows of this kind that were not handed over never will be; those rows, changed, for the record.

        One that the modem has in hand just now is not tried again if it fails.
        """
        return self._supersede(lambda row: (row.incident, row.kind) == (incident, kind))

    def supersede_all(self, kind: str) -> tuple[OutboxRow, ...]:
        """The same for every row of this kind, of whatever incident."""
        return self._supersede(lambda row: row.kind == kind)

    def _supersede(self, which: Callable[[OutboxRow], bool]) -> tuple[OutboxRow, ...]:
        changed: list[OutboxRow] = []
        for item in self._items:
            if not (item.open and which(item.row)):
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
        draft = Draft()
        admit((*self._items, *self._reports), self._now, wall_s, draft)
        self._hear_modem(modem, draft)
        self._hear_carriers(draft)
        expire(self._items, self._now, draft)
        self._go_elsewhere(draft)
        if self._hand_over(modem, text_of, draft):
            self._hear_modem(modem, draft)
        self._hand_to_carriers(text_of, draft)
        for backlog in self._backlogs.values():
            backlog.poll(self._now, wall_s, text_of, draft)
        self._forget_done()
        return draft.step()

    def next_wake_s(self) -> float | None:
        """When something is due by itself; the modem has its own."""
        if self._fresh:
            return self._now
        times: list[float] = []
        for item in self._items:
            if not item.open or item.born_s is None:
                continue
            if item.ticket is None:
                times.append(item.end_s(self._now))
            if item.due_s > self._now:
                times.append(item.due_s)
            if self._may_go_elsewhere(item):
                times.append(item.born_s + ELSEWHERE_AFTER_S)
        wakes = [carrier.next_wake_s() for carrier in self._carriers.values()]
        wakes += [backlog.next_wake_s(self._now) for backlog in self._backlogs.values()]
        times += [at_s for at_s in wakes if at_s is not None]
        return min(times) if times else None

    # --- inside ---------------------------------------------------------------------------------

    def _order(self) -> int:
        self._next_order += 1
        return self._next_order

    def _hear_modem(self, modem: Modem, draft: Draft) -> None:
        for event in modem.poll(self._now):
            match event:
                case TextAccepted(ticket=ticket, references=references):
                    self._accepted(self._tickets.get(ticket), references, draft)
                case TextFailed(ticket=ticket, trouble=trouble, cause=cause, retryable=retryable):
                    item = self._tickets.get(ticket)
                    if item is not None and item.ticket == ticket:
                        self._failed(item, cause, trouble, retryable, draft)
                case TextReported():
                    known = self._reports.take(event, self._wall_s, draft)
                    if not known and self._in_hand(event.number):
                        self._reports.came_early(event)
                case TextReceived():
                    draft.received.append(event)
                case ModemReady() | ModemDown() | Recovery():
                    draft.modem.append(event)
                case _:
                    assert_never(event)

    def _hear_carriers(self, draft: Draft) -> None:
        for carrier in self._carriers.values():
            for answer in carrier.poll(self._now):
                item = self._tickets.get(answer.ticket)
                match answer:
                    case Taken():
                        self._accepted(item, (), draft)
                    case NotTaken():
                        if item is not None and item.ticket == answer.ticket:
                            self._failed(item, answer.cause, None, answer.retryable, draft)
                    case _:
                        assert_never(answer)

    def _accepted(self, item: Item | None, references: tuple[int, ...], draft: Draft) -> None:
        """Also hours late: a text that the network has is not sent again."""
        if item is None:
            return
        match item.row.state:
            case RowState.ACCEPTED | RowState.DELIVERED:
                return
            case (
                RowState.QUEUED | RowState.SENDING | RowState.FAILED | RowState.EXPIRED | RowState.SUPERSEDED
            ):
                pass
            case _:
                assert_never(item.row.state)
        item.ticket = None
        item.taken_wall_s = self._wall_s
        row = replace(
            item.row,
            state=RowState.ACCEPTED,
            reference=references[-1] if references else 0,
            awaited=" ".join(str(reference) for reference in references),
            cause="",
        )
        draft.change(item, row)
        draft.events.append(MessageAccepted(row))
        if references:
            self._reports.wait_for(item)
        # A report may overtake the answer to the text.
        self._reports.take_early(self._wall_s, draft)

    def _failed(
        self, item: Item, cause: str, trouble: ModemTrouble | None, retryable: bool, draft: Draft
    ) -> None:
        item.ticket = None
        if item.superseded:
            draft.change(item, replace(item.row, state=RowState.SUPERSEDED, cause=cause))
        elif not retryable:
            draft.change(item, replace(item.row, state=RowState.FAILED, cause=cause))
        else:
            draft.change(item, replace(item.row, state=RowState.QUEUED, cause=cause))
            # A jitter of a fifth, so that a fleet does not knock in step.
            item.due_s = self._now + item.pause_s() * self._random.uniform(0.8, 1.2)
        if not retryable:
            self._send_elsewhere(item, draft)
        draft.events.append(MessageFailed(item.row, cause, trouble, not item.open))

    def _in_hand(self, number: str) -> bool:
        """Whether the modem has a text to this number just now."""
        return any(
            item.ticket is not None and by_modem(item.row.channel) and self._reports.is_for(item, number)
            for item in self._items
        )

    def _next_item(self, channel: Channel) -> Item | None:
        due = [item for item in self._items if item.is_due(channel, self._now)]
        return min(due, key=lambda item: item.rank, default=None)

    def _hand_over(self, modem: Modem, text_of: TextOf, draft: Draft) -> bool:
        while modem.idle:
            item = self._next_item(Channel.SMS)
            if item is None:
                return False
            number = self._numbers.get(item.row.recipient, "")
            if not number:
                self._failed(item, "no number is set", None, False, draft)
                continue
            text = self._make_text(item, text_of, draft)
            if text is None:
                continue
            deadline_s = self._deadline_s(item)
            try:
                modem.send(self._take_ticket(item), number, text, deadline_s, item.validity_s(self._now))
            except HardwareError as error:
                self._failed(item, error.code, ModemTrouble.MUTE, True, draft)
                return False
            return True
        return False

    def _hand_to_carriers(self, text_of: TextOf, draft: Draft) -> None:
        for channel, carrier in self._carriers.items():
            while carrier.idle:
                item = self._next_item(channel)
                if item is None:
                    break
                phone = (
                    self._numbers.get(Recipient.OWNER, "") if item.row.recipient is Recipient.OWNER else ""
                )
                if item.row.recipient is Recipient.OWNER and not phone:
                    self._failed(item, "no number is set", None, False, draft)
                    continue
                text = self._make_text(item, text_of, draft)
                if text is None:
                    continue
                told = self._told_as(item.row)
                carrier.send(self._take_ticket(item), told, text, self._deadline_s(item), phone)
        for item in self._items:
            # one that has no place in a stream goes no way that has places
            if item.open and not by_modem(item.row.channel) and item.row.channel not in self._carriers:
                self._failed(item, "this channel is not set up", None, False, draft)

    def _deadline_s(self, item: Item) -> float:
        """When an attempt that begins now is given up."""
        return min(self._now + item.attempt_s(), item.end_s(self._now))

    def _make_text(self, item: Item, text_of: TextOf, draft: Draft) -> str | None:
        """The text of the next try; None when the row may not be sent."""
        row = replace(item.row, state=RowState.SENDING, tries=item.row.tries + 1)
        if item.is_code and not may_carry_code(row.channel, row.recipient):
            cause = "a code may not go this way"
            draft.change(item, replace(item.row, state=RowState.FAILED, cause=cause))
            return None
        text = text_of(self._told_as(row))
        if text is None:
            draft.change(item, replace(item.row, state=RowState.SUPERSEDED))
            return None
        draft.change(item, row)
        return text

    def _take_ticket(self, item: Item) -> int:
        ticket = self._next_ticket
        self._next_ticket += 1
        item.ticket = ticket
        self._tickets[ticket] = item
        if len(self._tickets) > _KEPT_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        return ticket

    # --- the other channels ---------------------------------------------------------------------

    def _may_go_elsewhere(self, item: Item) -> bool:
        return (
            not item.elsewhere
            and item.open
            and by_modem(item.row.channel)
            and not item.is_code
            and any(carrier.serves(item.row.recipient) for carrier in self._carriers.values())
        )

    def _go_elsewhere(self, draft: Draft) -> None:
        for item in list(self._items):
            if not self._may_go_elsewhere(item) or item.born_s is None:
                continue
            failing = item.row.tries >= ELSEWHERE_TRIES and item.ticket is None
            if failing or self._now >= item.born_s + ELSEWHERE_AFTER_S:
                self._send_elsewhere(item, draft)

    def _send_elsewhere(self, item: Item, draft: Draft) -> None:
        """The same message, with the same short number, to every other channel that serves its reader."""
        if item.elsewhere or not by_modem(item.row.channel) or item.is_code:
            return
        item.elsewhere = True
        known = {other.row.key for other in self._items}
        for channel, carrier in self._carriers.items():
            if not carrier.serves(item.row.recipient):
                continue
            row = replace(item.row, channel=channel, state=RowState.QUEUED, tries=0, cause="")
            if row.key in known:
                continue
            twin = Item(row, self._order(), born_s=item.born_s, due_s=self._now)
            self._items.append(twin)
            draft.change(twin, row)

    def _forget_done(self) -> None:
        if any(not item.open for item in self._items):
            self._items = [item for item in self._items if item.open]
        self._reports.forget_old(self._now)
