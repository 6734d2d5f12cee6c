"""Messages to the broker of a fleet: a `Carrier` that takes as many as may be in flight while it is up.

Without a connection it is never idle, so that nothing is tried, counted or written down for each try: what
waits, waits in the outbox and in the record, for days. The socket has one thread of its own, which the loop
watches and never waits for. Imported only where a broker is set up.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import Final

from edge.fleet.payloads import Status
from edge.fleet.publisher import Publisher
from edge.messages.ways.carrier import Answer, NotTaken, Taken
from edge.terms.record import CODE_KINDS, OutboxRow, Recipient
from hw.ports import Clock
from hw.watched import WatchedThread

TURN_S: Final = 1.0
"""The longest pause of the thread: it beats at least as often."""

LOOK_S: Final = 0.25
_CLOSE_S: Final = 2.0


class Mqtt:
    """`edge.messages.ways.carrier.Carrier` over one publisher.

    `wake` tells the loop that there are answers, from the thread. Without a thread (`threaded=False`) the
    caller's polls turn the session, for benches in step.
    """

    def __init__(
        self, publisher: Publisher, clock: Clock, wake: Callable[[], None], *, threaded: bool = True
    ) -> None:
        self.publisher = publisher
        self._clock = clock
        self._wake = wake
        self._threaded = threaded
        self._in_hand: dict[int, float] = {}
        self._closing = False
        self._offline: Status | None = None
        self._poked = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC) if threaded else -1
        self.thread = WatchedThread("broker", self._run, clock)
        if threaded:
            self.thread.start()

    def __repr__(self) -> str:
        return "Mqtt(hidden)"

    # --- the carrier's side ------------------------------------------------------------------------

    def serves(self, recipient: Recipient) -> bool:
        """The control room's desk alone reads at a broker."""
        return recipient is Recipient.CONTROL_ROOM

    @property
    def idle(self) -> bool:
        return self.publisher.room > 0

    def send(self, ticket: int, row: OutboxRow, text: str, deadline_s: float, phone: str = "") -> None:
        if row.kind in CODE_KINDS or phone:
            raise ValueError("neither a code nor a telephone number goes to a broker")
        self._in_hand[ticket] = deadline_s
        self.publisher.hand(ticket, row, text)
        self.poke()

    def poll(self, now_s: float) -> tuple[Answer, ...]:
        if not self._threaded:
            self.publisher.turn(now_s)
        answers: list[Answer] = []
        for done in self.publisher.done():
            self._in_hand.pop(done.ticket, None)
            answers.append(NotTaken(done.ticket, done.cause, True) if done.cause else Taken(done.ticket))
        for ticket in [ticket for ticket, by_s in self._in_hand.items() if now_s >= by_s]:
            del self._in_hand[ticket]
            answers.append(NotTaken(ticket, "no answer by the deadline", True))
        return tuple(answers)

    def next_wake_s(self) -> float | None:
        """When the loop is to look by itself: the thread wakes it, but for a thread that hangs."""
        now_s = self._clock.now_s()
        if not self._threaded:
            return self.publisher.next_wake_s(now_s)
        return now_s + LOOK_S if self._in_hand else None

    def close(self) -> None:
        """Say that we go, and end; a thread that hangs ends with the program."""
        self._closing = True
        if not self._threaded:
            self.publisher.leave(self._offline)
            return
        self.poke()
        if self.thread.join(_CLOSE_S) and self._poked >= 0:
            poked, self._poked = self._poked, -1
            os.close(poked)

    # --- for the loop's desk -----------------------------------------------------------------------

    def show(self, status: Status, offline: Status) -> None:
        """How the kiosk is now, and what is said of it when it ends in order."""
        self._offline = offline
        self.publisher.show(status)
        self.poke()

    def poke(self) -> None:
        """There is something to send."""
        if self._poked >= 0:
            os.eventfd_write(self._poked, 1)

    # --- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing:
            self.thread.beat()
            now_s = self._clock.now_s()
            wake_s = self.publisher.next_wake_s(now_s)
            readable, writable = self._wait(TURN_S if wake_s is None else wake_s - now_s)
            if self.publisher.turn(self._clock.now_s(), readable, writable):
                self._wake()
        self.publisher.leave(self._offline)

    def _wait(self, wait_s: float) -> tuple[bool, bool]:
        """Until something moves at the socket, somebody pokes, or the time is over: (readable, writable)."""
        session = self.publisher.session
        poll = select.poll()
        poll.register(self._poked, select.POLLIN)
        socket = session.fileno()
        if socket is not None and socket >= 0:
            read = select.POLLIN if session.wants_read() else 0
            poll.register(socket, read | (select.POLLOUT if session.wants_write() else 0))
        moved = dict(poll.poll(max(0.0, min(wait_s, TURN_S)) * 1000.0))
        if self._poked in moved:
            os.eventfd_read(self._poked)
        mask = moved.get(socket, 0) if socket is not None else 0
        broken = select.POLLERR | select.POLLHUP
        return bool(mask & (select.POLLIN | broken)), bool(mask & (select.POLLOUT | broken))
