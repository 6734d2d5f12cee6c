"""The gate before the lock: while anything holds it, the lock relay is off and cannot be switched on.

The input path holds it for fire and exit without asking the table; the loop's `on` meets the hold, whatever
the table believed when it ordered the lock. One lock guards both, so there is no instant between asking
and switching.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from hw.ports import Relay

UNREAD = "unread"
"""The reason that holds the lock until fire and exit have been read, and whenever they cannot be."""


class GatedRelay:
    """A relay behind holds. `held_for`: the reasons that hold it from the start."""

    def __init__(self, relay: Relay, held_for: Iterable[str] = ()) -> None:
        self._relay = relay
        self._guard = threading.Lock()
        self._reasons = set(held_for)
        self._wanted = False
        self._refused = 0

    def hold(self, reason: str, active: bool) -> None:
        """Begin or end a hold. The relay is off when this returns; HardwareError when it would not go off.

        The hold stands even then. Ending a hold never switches on: that takes a new order.
        """
        with self._guard:
            if active:
                self._reasons.add(reason)
                self._wanted = False
                if self._relay.is_on:
                    self._relay.off()
            else:
                self._reasons.discard(reason)

    def tend(self) -> None:
        """Switch off again a relay that should be off and shows on; cheap, for every step."""
        with self._guard:
            if not self._wanted and self._relay.is_on:
                self._relay.off()

    def on(self) -> None:
        """Switch on, unless held: then nothing happens and `refused` counts it."""
        with self._guard:
            if self._reasons:
                self._refused += 1
                return
            self._wanted = True
            self._relay.on()

    def off(self) -> None:
        with self._guard:
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
        with self._guard:
            return frozenset(self._reasons)

    def close(self) -> None:
        """Off, and held for good."""
        with self._guard:
            self._reasons.add("closed")
            self._wanted = False
            self._relay.close()
