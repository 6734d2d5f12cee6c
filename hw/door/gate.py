"""The gate before the lock: while anything holds it, the lock relay is off and cannot be switched on.

The input path holds it for fire and exit without asking the table; the loop's `on` meets the hold, whatever
the table believed when it ordered the lock. One lock guards both, so there is no instant between asking
and switching.

Anyone who hangs in a driver while it holds that lock stops nobody from switching off: that goes past it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator

from hw.ports import Relay

UNREAD = "unread"
"""The reason that holds the lock until fire and exit have been read, and whenever they cannot be."""


GUARD_S = 0.1
"""So long switching off waits for its turn, then it switches off all the same."""


class GatedRelay:
    """A relay behind holds. `held_for`: the reasons that hold it from the start."""

    def __init__(self, relay: Relay, held_for: Iterable[str] = ()) -> None:
        self._relay = relay
        self._guard = threading.Lock()
        self._reasons = set(held_for)
        self._wanted = False
        self._refused = 0
        self._until_s: float | None = None

    def hold(self, reason: str, active: bool) -> None:
        """Begin or end a hold. The relay is off when this returns; HardwareError when it would not go off.

        The hold stands even then. Ending a hold never switches on: that takes a new order.
        """
        if not active:
            self._reasons.discard(reason)
            return
        self._reasons.add(reason)  # first: an `on` that is under way looks again when it has switched
        with self._turn():
            self._wanted = False
            if self._relay.is_on:
                self._relay.off()

    def limit(self, until_s: float | None) -> None:
        """The input path switches off at `until_s` (monotonic) even where the loop hangs; None: no more."""
        self._until_s = until_s

    def tend(self, now_s: float) -> None:
        """Switch off again a relay that should be off and shows on; cheap, for every step."""
        until_s = self._until_s
        late = until_s is not None and now_s >= until_s
        if late:
            self._wanted = False
        with self._turn() as mine:
            if (mine or late) and not self._wanted and self._relay.is_on:
                self._relay.off()

    def on(self) -> None:
        """Switch on, unless held: then nothing happens and `refused` counts it."""
        if not self._guard.acquire(timeout=GUARD_S):
            self._refused += 1
            return
        try:
            if self._reasons:
                self._refused += 1
                return
            self._wanted = True
            self._relay.on()
            if self._reasons or not self._wanted:  # somebody switched off past the guard meanwhile
                self._wanted = False
                self._relay.off()
        finally:
            self._guard.release()

    def off(self) -> None:
        with self._turn():
            self._wanted = False
            self._relay.off()

    @property
    def is_on(self) -> bool:
        return self._relay.is_on

    @property
    def refused(self) -> int:
        return self._refused

    @property
    def held_for(self) -> frozenset[str]:
        return frozenset(self._reasons)

    def close(self) -> None:
        """Off, and held for good."""
        self._reasons.add("closed")
        with self._turn():
            self._wanted = False
            self._relay.close()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[bool]:
        """The guard, or after a moment none (False): for switching off, which does no harm at any time."""
        mine = self._guard.acquire(timeout=GUARD_S)
        try:
            yield mine
        finally:
            if mine:
                self._guard.release()
