"""Messages with places in streams: each stream in its order, the most urgent stream first, for days.

Where nobody takes them nothing here costs a turn more than a few looks, however many wait: no row is looked
at but the first of each stream. More than `most` do not wait: of the least urgent stream the oldest goes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from edge.fleet.payloads import GAP
from edge.fleet.topics import Stream
from edge.messages.item import Item
from edge.messages.step import Draft, MessageAccepted, MessageFailed
from edge.messages.streams import TOO_MANY
from edge.messages.ways.carrier import Carrier, NotTaken, Taken
from edge.terms.clock import CLOCK_SET_S
from edge.terms.record import OutboxRow, RowState

_KEPT_TICKETS: Final = 256

TextOf = Callable[[OutboxRow], str | None]
ToldAs = Callable[[OutboxRow], OutboxRow]


class Backlog:
    """What waits for one carrier. `most` rows wait at most; notices of what never comes do not count.

    `told_as` turns a row into what its reader is told; the row itself stays as it was decided.
    """

    def __init__(self, carrier: Carrier, most: int, told_as: ToldAs = lambda row: row) -> None:
        self._carrier = carrier
        self._told_as = told_as
        self._most = most
        self._waiting: dict[Stream, deque[Item]] = {stream: deque() for stream in Stream}
        self._count = 0
        self._tickets: dict[int, Item] = {}
        self._next_ticket = 1
        self._next_order = 0
        self._fresh = False
        self._unborn: list[Item] = []

    @property
    def waiting(self) -> int:
        """How many rows are neither taken nor given up."""
        held = sum(item.ticket is not None and item.open for item in self._tickets.values())
        return held + sum(len(rows) for rows in self._waiting.values())

    @property
    def carrier(self) -> Carrier:
        return self._carrier

    def add(self, row: OutboxRow) -> None:
        """Take a row that was just decided. A notice goes before all else of its stream."""
        self._put(row, restored=False)

    def restore(self, row: OutboxRow) -> None:
        """Take a row of before the start: whether it went out, nobody can say."""
        self._put(replace(row, tries=max(1, row.tries)), restored=True)

    def _put(self, row: OutboxRow, *, restored: bool) -> None:
        self._next_order += 1
        self._fresh = True
        fresh = Item(row, self._next_order, restored=restored)
        rows = self._waiting[Stream(row.stream)]
        if row.kind == GAP:
            for item in rows:
                if item.row.key == row.key:  # it has grown
                    item.row = row
                    return
                if item.row.kind != GAP:
                    break
            notices = sum(1 for _ in _leading(rows))
            rows.insert(notices, fresh)
        else:
            rows.append(fresh)
            self._count += 1
        self._unborn.append(fresh)

    def poll(self, now_s: float, wall_s: float, text_of: TextOf, draft: Draft) -> None:
        """Hear what became of rows, give up what is too old or too many, hand over what comes next."""
        self._fresh = False
        for item in self._unborn:
            item.born_s = now_s - _age_s(item, wall_s)
        self._unborn.clear()
        self._hear(now_s, draft)
        self._give_up(now_s, draft)
        while self._carrier.idle and (following := self._next()) is not None:
            self._hand(following, text_of, now_s, draft)

    def next_wake_s(self, now_s: float) -> float | None:
        if self._fresh:
            return now_s
        firsts = [_first_event(rows) for rows in self._waiting.values()]
        wakes = [first.end_s(now_s) for first in firsts if first is not None]
        carrier_s = self._carrier.next_wake_s()
        return min([*wakes, *([] if carrier_s is None else [carrier_s])], default=None)

    # --- inside ------------------------------------------------------------------------------------

    def _hear(self, now_s: float, draft: Draft) -> None:
        back: list[Item] = []
        for answer in self._carrier.poll(now_s):
            item = self._tickets.get(answer.ticket)
            if item is None or item.row.state is RowState.ACCEPTED:
                continue
            if isinstance(answer, Taken):
                self._end(item, replace(item.row, state=RowState.ACCEPTED, cause=""), draft)
                draft.events.append(MessageAccepted(item.row))
            elif item.ticket == answer.ticket:
                self._not_taken(item, answer, back, draft)
        for item in sorted(back, key=lambda item: item.order, reverse=True):
            rows = self._waiting[Stream(item.row.stream)]
            rows.insert(0 if item.row.kind == GAP else sum(1 for _ in _leading(rows)), item)

    def _not_taken(self, item: Item, answer: NotTaken, back: list[Item], draft: Draft) -> None:
        del self._tickets[answer.ticket]
        if not answer.retryable:
            self._end(item, replace(item.row, state=RowState.FAILED, cause=answer.cause), draft)
            draft.events.append(MessageFailed(item.row, answer.cause, None, final=True))
            return
        item.ticket = None
        self._go_on(item, replace(item.row, state=RowState.QUEUED, cause=answer.cause), draft)
        draft.events.append(MessageFailed(item.row, answer.cause, None, final=False))
        back.append(item)

    def _go_on(self, item: Item, row: OutboxRow, draft: Draft) -> None:
        """It is tried, or will be again: nothing that a start has to know, which marks all as repeats. But
        anyone who may make a notice wider has to know whether it is under way."""
        item.row = row
        if row.kind == GAP:
            draft.keep(item, row)

    def _end(self, item: Item, row: OutboxRow, draft: Draft) -> None:
        """It waits no longer."""
        if item.ticket is None and item.open:  # taken after all, late
            self._waiting[Stream(row.stream)].remove(item)
        item.ticket = None
        if row.kind != GAP:
            self._count -= 1
        draft.change(item, row)

    def _give_up(self, now_s: float, draft: Draft) -> None:
        for rows in self._waiting.values():
            while (oldest := _first_event(rows)) is not None and now_s >= oldest.end_s(now_s):
                self._expire(oldest, oldest.row.cause or "nothing could be sent", draft)
        for stream in reversed(Stream):
            rows = self._waiting[stream]
            while self._count > self._most and (oldest := _first_event(rows)) is not None:
                self._expire(oldest, TOO_MANY, draft)

    def _expire(self, item: Item, cause: str, draft: Draft) -> None:
        self._end(item, replace(item.row, state=RowState.EXPIRED, cause=cause), draft)
        draft.events.append(MessageFailed(item.row, cause, None, final=True))

    def _next(self) -> Item | None:
        return next((rows[0] for rows in self._waiting.values() if rows), None)

    def _hand(self, item: Item, text_of: TextOf, now_s: float, draft: Draft) -> None:
        self._waiting[Stream(item.row.stream)].popleft()
        row = replace(item.row, state=RowState.SENDING, tries=item.row.tries + 1)
        told = self._told_as(row)
        text = "" if row.kind == GAP else text_of(told)
        item.ticket = self._next_ticket
        self._next_ticket += 1
        self._tickets[item.ticket] = item
        if len(self._tickets) > _KEPT_TICKETS:
            done = next((ticket for ticket, one in self._tickets.items() if not one.open), None)
            if done is not None:
                del self._tickets[done]
        self._go_on(item, row, draft)
        deadline_s = min(now_s + item.attempt_s(), item.end_s(now_s))
        self._carrier.send(item.ticket, told, text or "", deadline_s)


def _age_s(item: Item, wall_s: float) -> float:
    """How old a row is that was decided before the start; 0 where either clock cannot be believed."""
    born_wall_s = item.row.created_wall_s
    believed = item.restored and min(born_wall_s, wall_s) >= CLOCK_SET_S
    return max(0.0, wall_s - born_wall_s) if believed else 0.0


def _leading(rows: deque[Item]) -> Iterator[Item]:
    """The notices before everything else of a stream."""
    for item in rows:
        if item.row.kind != GAP:
            return
        yield item


def _first_event(rows: deque[Item]) -> Item | None:
    return next((item for item in rows if item.row.kind != GAP), None)
