"""When the life of a message begins, and when it ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from edge.messages.item import Item
from edge.messages.step import Draft, MessageFailed
from edge.terms.record import RowState


def admit(items: Iterable[Item], now_s: float, wall_s: float, draft: Draft) -> None:
    """Give new rows their birth. The wall clock counts only for what was written before a restart."""
    for item in items:
        if item.born_s is not None:
            continue
        age_s = max(0.0, wall_s - item.row.created_wall_s) if item.restored else 0.0
        item.born_s = now_s - age_s
        item.due_s = now_s
        if item.restored and item.is_code and item.open:
            cause = "the program was restarted"
            draft.change(item, replace(item.row, state=RowState.SUPERSEDED, cause=cause))


def expire(items: Iterable[Item], now_s: float, draft: Draft) -> None:
    """End what is too old, unless it is in hand just now."""
    for item in items:
        if item.open and item.ticket is None and now_s >= item.end_s(now_s):
            cause = item.row.cause or "nothing could be sent"
            draft.change(item, replace(item.row, state=RowState.EXPIRED, cause=cause))
            draft.events.append(MessageFailed(item.row, cause, None, True))
