"""What the outbox asks of a way out other than the modem, and the thread that such a way works in."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final, Protocol

from edge.terms.record import OutboxRow, Recipient

_LOOK_S: Final = 0.25
_CLOSE_S: Final = 2.0


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

    def send(self, ticket: int, row: OutboxRow, text: str, deadline_s: float, phone: str = "") -> None:
        """Start sending; answered by a later `poll`, `NotTaken` at the latest at `deadline_s`.

        A message that the other side takes after that is reported by a late `Taken`. `phone` is the number of
        a reader whom the other side cannot know: a card's owner.
        """
        ...

    def poll(self, now_s: float) -> tuple[Answer, ...]: ...

    def next_wake_s(self) -> float | None: ...

    def close(self) -> None: ...


class Refused(Exception):
    """The other side did not take a message."""

    def __init__(self, cause: str, *, retryable: bool = True) -> None:
        super().__init__(cause)
        self.cause = cause
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class _InHand:
    ticket: int
    deadline_s: float


class ThreadCarrier(ABC):
    """A `Carrier` whose network calls wait in a thread of their own, one for each message.

    A call that hangs past its deadline is answered for; until it ends nothing else is sent this way.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._results: list[Answer] = []
        self._running = False
        self._in_hand: _InHand | None = None
        self._now = 0.0

    @abstractmethod
    def serves(self, recipient: Recipient) -> bool: ...

    @abstractmethod
    def deliver(self, row: OutboxRow, text: str, phone: str) -> None:
        """Hand the message over, waiting as long as it takes; raises `Refused`."""

    @property
    def idle(self) -> bool:
        with self._lock:
            return not self._running and self._in_hand is None

    def send(self, ticket: int, row: OutboxRow, text: str, deadline_s: float, phone: str = "") -> None:
        with self._lock:
            if self._running or self._in_hand is not None:
                raise RuntimeError("a message is in hand")
            self._running = True
            self._in_hand = _InHand(ticket, deadline_s)
        given = (ticket, row, text, phone)
        thread = threading.Thread(target=self._work, args=given, name="carrier", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError):
            self._done(NotTaken(ticket, "the system gives no thread", True))
            return
        self._thread = thread

    def poll(self, now_s: float) -> tuple[Answer, ...]:
        self._now = now_s
        with self._lock:
            answers, self._results = self._results, []
            for answer in answers:
                if self._in_hand is not None and answer.ticket == self._in_hand.ticket:
                    self._in_hand = None
            if self._in_hand is not None and now_s >= self._in_hand.deadline_s:
                answers.append(NotTaken(self._in_hand.ticket, "no answer by the deadline", True))
                self._in_hand = None
        return tuple(answers)

    def next_wake_s(self) -> float | None:
        """Soon, while a message is under way: the thread cannot wake the loop."""
        with self._lock:
            return self._now + _LOOK_S if self._running or self._results else None

    def close(self) -> None:
        """Give a message under way a moment; a thread that still waits ends with the program."""
        if self._thread is not None:
            self._thread.join(_CLOSE_S)

    def _work(self, ticket: int, row: OutboxRow, text: str, phone: str) -> None:
        answer: Answer
        try:
            self.deliver(row, text, phone)
            answer = Taken(ticket)
        except Refused as refused:
            answer = NotTaken(ticket, refused.cause, refused.retryable)
        except BaseException as error:  # a library's surprise must not stop the messages
            answer = NotTaken(ticket, f"failed ({type(error).__name__})", True)
        self._done(answer)

    def _done(self, answer: Answer) -> None:
        with self._lock:
            self._results.append(answer)
            self._running = False
