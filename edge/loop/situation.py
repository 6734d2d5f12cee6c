"""How things stand: the state as the table left it, and the events that wait to change it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from edge.cabin.events import Device, DeviceFailed, DeviceRecovered, Event
from edge.cabin.rules import Rules
from edge.cabin.state import Mode, State, returning


class Situation:
    """One for each kiosk. Anyone who notices something adds an event; the kiosk alone takes it to the
    table."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.state = State()
        self._waiting: deque[Event] = deque()
        self._troubles: set[tuple[Device, str]] = set()

    def add(self, *events: Event) -> None:
        """These happened, in this order."""
        self._waiting.extend(events)

    def add_first(self, events: Iterable[Event]) -> None:
        """These happened before anything that waits."""
        self._waiting.extendleft(reversed(list(events)))

    def take(self) -> Event | None:
        """The next event for the table."""
        return self._waiting.popleft() if self._waiting else None

    def failed(self, device: Device, code: str) -> None:
        """A device failed: added, unless that was the last word on it."""
        if not self._has_failed(device):
            self.add(DeviceFailed(device, code))

    def works(self, device: Device) -> None:
        """A device works: added if it was said to have failed and nothing else troubles it."""
        if self._has_failed(device) and not self._is_troubled(device):
            self.add(DeviceRecovered(device))

    def trouble(self, device: Device, code: str, source: str, active: bool) -> None:
        """Trouble with a device, as one source sees it. It works again when all its sources say so."""
        if active:
            self._troubles.add((device, source))
            self.add(DeviceFailed(device, code))
            return
        self._troubles.discard((device, source))
        if not self._is_troubled(device):
            self.add(DeviceRecovered(device))

    @property
    def lock_lasts(self) -> bool:
        """A lock stands, or a restart interrupted it and it may come back."""
        return self.state.mode is Mode.LOCKED or returning(self.state)

    @property
    def locked_incident(self) -> int:
        """The incident that the control room may release; 0 for none."""
        return self.state.incident if self.lock_lasts else 0

    def _is_troubled(self, device: Device) -> bool:
        return any(other is device for other, _ in self._troubles)

    def _has_failed(self, device: Device) -> bool:
        """The last word on a device, waiting or taken up by the table."""
        for event in reversed(self._waiting):
            if isinstance(event, DeviceFailed | DeviceRecovered) and event.device is device:
                return isinstance(event, DeviceFailed)
        return device in self.state.failed
