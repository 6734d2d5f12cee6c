"""What the outbox asks of a way out other than the modem: e-mail, webhook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edge.record import OutboxRow, Recipient


@dataclass(frozen=True, slots=True)
class Taken:
    """The other side took the message."""

    ticket: int


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The other side did not take it; `cause` in words without address or secret."""

    ticket: int
    cause: str
    retryable: bool


Answer = Taken | NotTaken


class Carrier(Protocol):
    """One message at a time; `send` and `poll` return at once."""

    def serves(self, recipient: Recipient) -> bool: ...

    @property
    def idle(self) -> bool: ...

    def send(self, ticket: int, row: OutboxRow, text: str, deadline_s: float) -> None:
        """Start sending; answered by a later `poll`, `NotTaken` at the latest at `deadline_s`."""
        ...

    def poll(self, now_s: float) -> tuple[Answer, ...]: ...

    def next_wake_s(self) -> float | None: ...

    def close(self) -> None: ...
