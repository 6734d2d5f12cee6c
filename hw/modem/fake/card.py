"""The SIM card of a fake modem: busy, locked, missing, or open."""

from __future__ import annotations

from typing import Final

from hw.modem.fake.condition import Condition

MISSING: Final = 10
WANTS_PIN: Final = 11
BUSY: Final = 14
"""The CME errors that a card may give (3GPP TS 27.007, 9.2.1)."""

_WAKES_S: Final = 3.0


class FakeCard:
    """`tries` for its PIN are left; they outlive the modem's restarts."""

    def __init__(self, condition: Condition, pin: str | None) -> None:
        self.tries = 3
        self._condition = condition
        self._pin = pin
        self._unlocked = pin is None
        self._unseen_until_s = 0.0

    def settle(self) -> None:
        """The modem was restarted."""
        self._unlocked = self._pin is None
        self._unseen_until_s = 0.0

    def gets_current(self) -> None:
        self._unseen_until_s = self._condition.now_s + self._condition.takes_s(_WAKES_S)

    def error(self) -> int | None:
        """Why it does nothing now."""
        condition = self._condition
        if condition.suffers("no_sim", "asleep") or condition.now_s < self._unseen_until_s:
            return MISSING
        if condition.suffers("sim_busy"):
            return BUSY
        if not self._unlocked or condition.suffers("wrong_pin"):
            return WANTS_PIN
        return None

    def wants(self) -> str:
        """What AT+CPIN? says of a card that is there."""
        error = self.error()
        if self._condition.suffers("net_locked"):
            return "PH-NET PIN"
        if error is None:
            return "SIM PIN2" if self._condition.suffers("pin2") else "READY"
        return "SIM PUK" if self.tries == 0 else "SIM PIN"

    def enter(self, pin: str) -> bool:
        """Whether it took the PIN."""
        if pin == self._pin and not self._condition.suffers("wrong_pin") and self.tries:
            self._unlocked = True
            self.tries = 3
            return True
        self.tries = max(0, self.tries - 1)
        return False
