"""The real exchange and fake machines, joined in memory: a `hw.ports.Atm` without thread or port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hw.atm.exchange import Exchange, MachineKey
from hw.atm.fake.machine import FakeMachine
from hw.ports import Asked, AtmEvent, Clock

_TRIES_MAX: Final = 64


class SteppedAtm:
    """Lines to these machines; each is a serial line of its own, which is there unless it is `cut`.

    All time comes from `poll`, so a story clock drives it; `clock` only dates what is said between two polls.
    The machines live on when this is closed: they are the world's. `nonce` as in `Exchange`.
    """

    def __init__(
        self, machines: Sequence[FakeMachine], clock: Clock, nonce: Callable[[], bytes] | None = None
    ) -> None:
        self.machines = {machine.name: machine for machine in machines}
        keys = [MachineKey(machine.name, machine.key) for machine in machines]
        self._clock = clock
        self._now_s = clock.now_s()
        self.exchange = Exchange(keys, self._now_s) if nonce is None else Exchange(keys, self._now_s, nonce)
        self._open: dict[int, FakeMachine] = {}
        self._closed = False
        self._events: list[AtmEvent] = []
        self._stands = False

    def stand_still(self, stands: bool) -> None:
        """Carry nothing to and fro until told to go on, as a driver whose thread hangs."""
        self._stands = stands

    def permit(self, on: bool, reason: str, machine: str = "") -> None:
        self._mind_time()
        self.exchange.permit(on, reason, machine, self._now_s)
        self._pump()

    def ask(self, machine: str, what: Asked) -> None:
        self._mind_time()
        self.exchange.ask(machine, what, self._now_s)
        self._pump()

    def refuse(self, machine: str, reason: str) -> None:
        self._mind_time()
        self.exchange.refuse(machine, reason, self._now_s)
        self._pump()

    def poll(self, now_s: float) -> tuple[AtmEvent, ...]:
        self._now_s = max(self._now_s, now_s)
        if self._stands:
            return ()
        self._pump()
        events, self._events = tuple(self._events), []
        return events

    def next_wake_s(self) -> float | None:
        if self._stands:
            return None
        wakes = [self.exchange.next_wake_s(), *(machine.next_wake_s() for machine in self._open.values())]
        known = [at_s for at_s in wakes if at_s is not None]
        if self._events or any(self._wants_line(machine) for machine in self.machines.values()):
            known.append(self._now_s)
        return min(known, default=None)

    def close(self) -> None:
        """The kiosk is gone; the machines hear no more of it."""
        self._closed = True
        for machine in self._open.values():
            machine.disconnected()
        self._open.clear()

    def _mind_time(self) -> None:
        self._now_s = max(self._now_s, self._clock.now_s())

    def _wants_line(self, machine: FakeMachine) -> bool:
        """Its wire is whole and it has no line yet, or the other way round."""
        return not self._closed and ("cut" in machine.faults) == (machine in self._open.values())

    def _pump(self) -> None:
        """Carry bytes to and fro until nothing moves at this moment."""
        if self._stands:
            return
        for link, machine in enumerate(self.machines.values()):
            if not self._wants_line(machine):
                continue
            if link in self._open:
                del self._open[link]
                machine.disconnected()
                self.exchange.closed(link, self._now_s)
            else:
                self._open[link] = machine
                self.exchange.opened(link, self._now_s, stays=True)
                machine.connected(self._now_s)
        for _ in range(_TRIES_MAX):  # a machine that floods is never done
            if not self._carry():
                break
        self._events += self.exchange.take_events()

    def _carry(self) -> bool:
        moved = False
        for link, machine in self._open.items():
            machine.poll(self._now_s)
            up = machine.take_output()
            if up:
                self.exchange.feed(link, up, self._now_s)
        self.exchange.poll(self._now_s)
        for link, machine in self._open.items():
            down = self.exchange.take_output(link)
            if down:
                machine.feed(down, self._now_s)
                moved = True
        return moved
