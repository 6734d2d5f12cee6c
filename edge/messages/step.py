"""What one poll of the outbox brings: rows to record, events to act on, texts received, how the modem is."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.messages.item import Item
from edge.terms.record import OutboxRow, RowKey
from hw.ports import ModemDown, ModemReady, ModemTrouble, Recovery, TextReceived

ModemNews = ModemReady | ModemDown | Recovery


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
    """`rows_kept` are rows of which one part was delivered: to be kept, not worth a line of the record."""

    rows_changed: tuple[OutboxRow, ...] = ()
    rows_kept: tuple[OutboxRow, ...] = ()
    events: tuple[MessageEvent, ...] = ()
    received: tuple[TextReceived, ...] = ()
    modem: tuple[ModemNews, ...] = ()


@dataclass(slots=True)
class Draft:
    """An `OutboxStep` that is being made."""

    rows: dict[RowKey, OutboxRow] = field(default_factory=dict)
    kept: dict[RowKey, OutboxRow] = field(default_factory=dict)
    events: list[MessageEvent] = field(default_factory=list)
    received: list[TextReceived] = field(default_factory=list)
    modem: list[ModemNews] = field(default_factory=list)

    def change(self, item: Item, row: OutboxRow) -> None:
        """The row of the item from now on, for a line of the record."""
        item.row = row
        self.rows[row.key] = row

    def keep(self, item: Item, row: OutboxRow) -> None:
        """The row of the item from now on, not worth a line."""
        item.row = row
        self.kept[row.key] = row

    def step(self) -> OutboxStep:
        return OutboxStep(
            tuple(self.rows.values()),
            tuple(row for key, row in self.kept.items() if key not in self.rows),
            tuple(self.events),
            tuple(self.received),
            tuple(self.modem),
        )
