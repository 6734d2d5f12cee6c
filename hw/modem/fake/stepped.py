"""The real engine and a fake modem, joined in memory, so that a story clock can drive both."""

from __future__ import annotations

from hw.modem.at import Engine
from hw.modem.fake.modem import FakeModem
from hw.modem.ladder import Ladder
from hw.modem.models import PROFILES
from hw.modem.recovering import Request
from hw.modem.status import Status
from hw.ports import Clock, HardwareError, ModemEvent, ModemSwitch


class SteppedModem:
    """The real engine and a fake modem, joined in memory: a `hw.ports.Modem` without thread or port.

    All time comes from `poll`, so a story clock drives it; `clock` only dates what is sent between two
    polls.
    """

    def __init__(
        self,
        fake: FakeModem | None = None,
        *,
        clock: Clock | None = None,
        switch: ModemSwitch | None = None,
    ) -> None:
        self.fake = fake if fake is not None else FakeModem()
        ladder = Ladder(None if switch is None else switch.kind)
        self.engine = Engine(PROFILES[self.fake.name], ladder=ladder)
        self._switch = switch
        self._clock = clock
        self._now = clock.now_s() if clock is not None else 0.0
        self._open = False
        self._retry_s = self._now
        self._events: list[ModemEvent] = []
        self._stands = False

    def stand_still(self, stands: bool) -> None:
        """Carry nothing to and fro until told to go on, as a driver whose thread hangs."""
        self._stands = stands

    @property
    def status(self) -> Status:
        return self.engine.status

    @property
    def network_offset_s(self) -> float | None:
        return self.engine.status.network_offset_s

    @property
    def idle(self) -> bool:
        return self.engine.idle

    def send(
        self, ticket: int, number: str, text: str, deadline_s: float, validity_s: float = 86_400.0
    ) -> None:
        if self._clock is not None:
            self._now = max(self._now, self._clock.now_s())
        self.engine.send(ticket, number, text, deadline_s, self._now, validity_s)
        self._pump()

    def poll(self, now_s: float) -> tuple[ModemEvent, ...]:
        self._now = max(self._now, now_s)
        if self._stands:
            return ()
        self._pump()
        events = tuple(self._events)
        self._events.clear()
        return events

    def next_wake_s(self) -> float | None:
        if self._stands:
            return None
        times = [self.engine.next_wake_s(), self.fake.next_wake_s(), None if self._open else self._retry_s]
        if self._switch is not None and self._switch.pulled:
            times[-1] = self._switch.next_wake_s()
        known = [at_s for at_s in times if at_s is not None]
        if self._events:
            known.append(self._now)
        return min(known) if known else None

    def close(self) -> None:
        self._open = False
        if self._switch is not None:
            self._switch.close()

    def _pump(self) -> None:
        """Carry bytes to and fro until nothing moves at this moment."""
        if self._stands:
            return
        self._mind_port()
        moving = True
        while moving:
            self.engine.poll(self._now)
            out = self.engine.take_output()
            if out and self._open:
                self.fake.feed(out, self._now)
            self.fake.poll(self._now)
            back = self.fake.take_output()
            if back and self._open:
                self.engine.feed(back, self._now)
            self._serve_requests()
            moving = bool(out or back)
        self._events += self.engine.take_events()

    def _mind_port(self) -> None:
        if self._switch is not None and self._switch.pulled:
            try:
                if not self._switch.poll(self._now):
                    return
            except HardwareError as error:
                self.engine.switch_failed(self._now, error.detail)
                return
            self._retry_s = self._now + 2.0
        absent = "absent" in self.fake.faults
        if self._open and absent:
            self._open = False
            self._retry_s = self._now + 5.0
            self.engine.port_lost(self._now, "the port is gone")
        elif not self._open and self._now >= self._retry_s:
            if absent:
                self._retry_s = self._now + 5.0
                self.engine.port_lost(self._now, "the port is gone")
            else:
                self._open = True
                self.engine.port_opened(self._now)

    def _serve_requests(self) -> None:
        for request in self.engine.take_requests():
            self._open = False
            self._retry_s = self._now + 0.5
            self.engine.port_closed(self._now)
            if request is Request.PULL_SWITCH and self._switch is not None:
                try:
                    self._switch.pull(self._now)
                except HardwareError as error:
                    self.engine.switch_failed(self._now, error.detail)
            else:
                self.fake.reopened()
