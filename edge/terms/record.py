"""What goes into the record in one transaction, and what the record answers.

Shared by the loop (which makes records), the journal (which writes them) and the outbox (whose rows
travel in them). Nothing here ever holds a one-time code, a typed digit or a telephone number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, assert_never

from edge.terms.hold import Hold

CODE_KIND: Final = "code"
OWNER_CODE_KIND: Final = "owner_code"
"""The kinds of the messages that carry a code: the watchman's, which opens a door, and a card owner's."""

CODE_KINDS: Final = frozenset({CODE_KIND, OWNER_CODE_KIND})


class Recipient(StrEnum):
    """Who a message is for; the number or address behind the name stays in the settings.

    That of `OWNER`, whose card a machine has just now, comes out of the gallery and is held while it does.
    """

    WATCHMAN = "watchman"
    WATCHMAN2 = "watchman2"
    CONTROL_ROOM = "control_room"
    OWNER = "owner"


class Channel(StrEnum):
    SMS = "sms"
    EMAIL = "email"
    WEBHOOK = "webhook"
    MQTT = "mqtt"


class RowState(StrEnum):
    """The life of an outbox row."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"

    @property
    def is_open(self) -> bool:
        """Whether the message is still to be sent; all other states are final, but for a delivery report."""
        match self:
            case RowState.QUEUED | RowState.SENDING:
                return True
            case (
                RowState.ACCEPTED
                | RowState.DELIVERED
                | RowState.FAILED
                | RowState.EXPIRED
                | RowState.SUPERSEDED
            ):
                return False
            case _:
                assert_never(self)


REPORT_LATE_S = 3600.0
"""How long after its time to live a text's delivery may still be reported; also covers a code's validity."""


class RowKey(NamedTuple):
    """What tells a message's row from all others; a primary key, so equal to a row of the table."""

    number: int
    recipient: Recipient
    channel: Channel


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message to one recipient. The text is made from this row when it is sent.

    `number` is the short number that the reader sees, the same in a repeat. `kind` is one of `CODE_KINDS` or
    the name of an alert or report; `issue` the number of the code within the incident, 0 where none is
    meant. `reason` is a plain word or two for the text (an anomaly, a fault code), never free input.
    `reference` is the network's for the last part of an accepted text; `awaited` those of the parts,
    separated by spaces, whose delivery is not reported yet. A row for the broker has its place in a `stream`
    from the moment when it was decided: `sequence`, counted from 1; 0 for a notice of what never comes.
    """

    number: int
    incident: int
    kind: str
    issue: int
    recipient: Recipient
    channel: Channel
    created_wall_s: float
    ttl_s: float
    reason: str = ""
    state: RowState = RowState.QUEUED
    tries: int = 0
    reference: int = 0
    cause: str = ""
    awaited: str = ""
    stream: str = ""
    sequence: int = 0

    @property
    def key(self) -> RowKey:
        return RowKey(self.number, self.recipient, self.channel)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record: what happened, in JSON that holds no secret.

    `kind` is `event`, `state`, `command`, `fact`, `sms`, `evidence`, `fault` or `note`; `name` the
    snake-case name of it; `data` a JSON object as text.
    """

    kind: str
    name: str
    incident: int
    data: str = "{}"


@dataclass(frozen=True, slots=True)
class OwnerTries:
    """How often the owner's code was tried and sent for one person of the gallery; no name, no number.

    `tries` counts since the last rest was over, or since the last right code, which also sets `rests` back:
    so many have begun since. `rest_left_s` and `codes_left_s` (how long each code of the last hour still
    counts, the shortest first) are durations as they were at one moment: `mono_s` of that `boot` of the
    machine, `wall_s` by a wall clock that was set from outside or not (`wall_true`).
    """

    person: int
    tries: int = 0
    rests: int = 0
    rest_left_s: float = 0.0
    codes_left_s: tuple[float, ...] = ()
    boot: str = ""
    mono_s: float = 0.0
    wall_s: float = 0.0
    wall_true: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing that a start has to know: such a row is taken out of the record."""
        return not (self.tries or self.rests or self.rest_left_s or self.codes_left_s)


@dataclass(frozen=True, slots=True)
class Record:
    """One transaction: everything in it is kept, or nothing.

    `state` is the whole state of the table as JSON, None when it did not change; `counters` are
    named numbers that only go up (incident, number, hotp…).
    """

    sequence: int
    mono_s: float
    wall_s: float
    entries: tuple[Entry, ...] = ()
    state: str | None = None
    rows: tuple[OutboxRow, ...] = ()
    counters: tuple[tuple[str, int], ...] = ()
    owners: tuple[OwnerTries, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The transaction is on the card and synced."""

    sequence: int


@dataclass(frozen=True, slots=True)
class NotWritten:
    """The transaction could not be written; `code` is a fault code. It is kept and tried again."""

    sequence: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the record knew when the program started; of the rows those that are not done.

    These are to be sent, or accepted so recently that their delivery may still be reported. `holds` are the
    legal holds that stand, `freed` the incidents whose hold was ended.
    """

    boot: int
    state: str | None
    mono_s: float
    wall_s: float
    rows: tuple[OutboxRow, ...]
    counters: tuple[tuple[str, int], ...]
    faults: tuple[tuple[str, str], ...] = ()
    owners: tuple[OwnerTries, ...] = ()
    holds: tuple[Hold, ...] = ()
    freed: tuple[int, ...] = ()


Answer = Written | NotWritten
