"""What is told of the modem: each trouble once, until it is well again or has another."""

from __future__ import annotations

from hw.modem.status import Status
from hw.ports import ModemDown, ModemEvent, ModemReady, ModemTrouble


class News:
    """Events for the caller, and the status that goes with them.

    `not_before_s`: a modem that is not ready is not asked again before this.
    """

    def __init__(self, status: Status) -> None:
        self.status = status
        self.not_before_s = 0.0
        self._events: list[ModemEvent] = []
        self._told: tuple[ModemTrouble, str] | None = None

    def tell(self, event: ModemEvent) -> None:
        self._events.append(event)

    def take(self) -> tuple[ModemEvent, ...]:
        events = tuple(self._events)
        self._events.clear()
        return events

    def ready(self) -> None:
        """It takes texts: every trouble is new from here on."""
        self._told = None
        self.tell(ModemReady(self.status.operator, self.status.signal_dbm))

    def down(self, trouble: ModemTrouble, detail: str, *, again_s: float | None = None) -> None:
        """It takes none; told where that is new. `again_s`: when it is asked again."""
        self.status.ready = False
        self.trouble(trouble, detail)
        if again_s is not None:
            self.not_before_s = again_s

    def trouble(self, trouble: ModemTrouble, detail: str) -> None:
        """Told where it is new; texts may go out all the same."""
        self.status.trouble = trouble
        self.status.detail = detail
        if self._told != (trouble, detail):
            self._told = (trouble, detail)
            self.tell(ModemDown(trouble, detail))

    def supply_low(self, detail: str) -> None:
        """The supply is too low: told when that begins."""
        if not self.status.supply_low:
            self.status.supply_low = True
            self.tell(ModemDown(ModemTrouble.SUPPLY_LOW, detail))
