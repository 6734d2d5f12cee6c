"""One message on its way: when it is due, how long it is tried, and by which ways it may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from edge.messages.urgency import urgency_of
from edge.terms.alerts import Urgency
from edge.terms.record import CODE_KINDS, Channel, OutboxRow, Recipient

CODE_ATTEMPT_S: Final = 30.0
"""A code's attempt is given up early: all numbers have to be tried within 150 s."""
CODE_VALIDITY_S: Final = 300.0
"""The shortest time for which a network can be told to go on delivering (3GPP TS 23.040)."""
ATTEMPT_S: Final = 45.0


@dataclass(frozen=True, slots=True)
class Pauses:
    """Between two tries: the first pause, and the longest that it grows to."""

    first_s: float
    longest_s: float


_CODE_PAUSES: Final = Pauses(2.0, 10.0)
_PAUSES: Final = Pauses(5.0, 600.0)


def by_modem(channel: Channel) -> bool:
    """Whether a message of this channel goes out as a text through the modem; else a carrier has it."""
    match channel:
        case Channel.SMS:
            return True
        case Channel.EMAIL | Channel.WEBHOOK | Channel.MQTT:
            return False
        case _:
            assert_never(channel)


def is_numbered(channel: Channel) -> bool:
    """Whether the messages of this channel have places in streams, and wait in their order for days."""
    match channel:
        case Channel.SMS | Channel.EMAIL | Channel.WEBHOOK:
            return False
        case Channel.MQTT:
            return True
        case _:
            assert_never(channel)


def may_carry_code(channel: Channel, recipient: Recipient) -> bool:
    """A code that opens a door goes to a telephone number and nowhere else. A card owner's opens none: the
    signed webhook may hand it to a gateway that sends it to that number; a mail box is nobody's telephone."""
    match channel:
        case Channel.SMS:
            return True
        case Channel.EMAIL | Channel.MQTT:
            return False
        case Channel.WEBHOOK:
            return _is_owner(recipient)
        case _:
            assert_never(channel)


def _is_owner(recipient: Recipient) -> bool:
    match recipient:
        case Recipient.OWNER:
            return True
        case Recipient.WATCHMAN | Recipient.WATCHMAN2 | Recipient.CONTROL_ROOM:
            return False
        case _:
            assert_never(recipient)


@dataclass(slots=True)
class Item:
    """A row in the queue. `born_s` is when its time to live began, None before the first poll; `ticket` what
    the modem or a carrier has it under; `taken_wall_s` when the network took it."""

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
        return self.row.state.is_open

    @property
    def is_code(self) -> bool:
        return self.row.kind in CODE_KINDS

    @property
    def rank(self) -> tuple[Urgency, int, int]:
        """The lowest goes next: the most urgent; among equals the one tried least, then the oldest."""
        return urgency_of(self.row.kind), self.row.tries, self.order

    def is_due(self, channel: Channel, now_s: float) -> bool:
        return self.open and self.ticket is None and self.due_s <= now_s and self.row.channel is channel

    def end_s(self, now_s: float) -> float:
        """When its time to live ends."""
        return (self.born_s if self.born_s is not None else now_s) + self.row.ttl_s

    def attempt_s(self) -> float:
        return CODE_ATTEMPT_S if self.is_code else ATTEMPT_S

    def validity_s(self, now_s: float) -> float:
        """How long the network may go on delivering it."""
        return CODE_VALIDITY_S if self.is_code else self.end_s(now_s) - now_s

    def pause_s(self) -> float:
        """To the next try: it grows with every one."""
        pauses = _CODE_PAUSES if self.is_code else _PAUSES
        return min(pauses.longest_s, pauses.first_s * 2.0 ** min(self.row.tries - 1, 20))
