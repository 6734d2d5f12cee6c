"""What restarts a modem from outside: pulled in for a moment, then let go, whatever happens in between."""

from __future__ import annotations

from typing import Final, Protocol

from hw.ports import PowerKind

_AGAIN_S: Final = 1.0


class _Relay(Protocol):
    """The part of `hw.ports.Relay` that is used; `hw.missing.Missing` stands in where it could not be had."""

    def on(self) -> None: ...

    def off(self) -> None: ...

    def close(self) -> None: ...


class PowerSwitch:
    """`relay` pulled in for `hold_s` restarts the modem, or presses its key; at rest it leaves it alone."""

    def __init__(self, relay: _Relay, kind: PowerKind, hold_s: float) -> None:
        self.kind = kind
        self._relay = relay
        self._hold_s = hold_s
        self._let_go_s: float | None = None

    @property
    def pulled(self) -> bool:
        """True from `pull` until the relay is known to rest again."""
        return self._let_go_s is not None

    def pull(self, now_s: float) -> None:
        """Pull in. `HardwareError` when the relay does not obey; `poll` lets it go all the same."""
        self._let_go_s = now_s
        self._relay.on()
        self._let_go_s = now_s + self._hold_s

    def poll(self, now_s: float) -> bool:
        """Let go when it is time; True when that was now.

        `HardwareError` when the relay does not obey: tried again every second.
        """
        if self._let_go_s is None or now_s < self._let_go_s:
            return False
        self._let_go_s = now_s + _AGAIN_S
        self._relay.off()
        self._let_go_s = None
        return True

    def rest(self) -> None:
        """See that it rests. `HardwareError` when the relay does not obey, or could not be had."""
        self._relay.off()

    def next_wake_s(self) -> float | None:
        return self._let_go_s

    def close(self) -> None:
        """Let go now. `HardwareError` when the relay does not obey."""
        self._relay.close()
