"""A modem that is not there: speaks AT as real ones do, with their delays, chatter and faults, switched live.

`FakeModem` is bytes and time in, bytes out. `PtyModem` puts it behind a pseudo-terminal that the real
driver opens; `SteppedModem` joins it to the real engine in memory, so that a story clock can drive both;
`FakeSwitch` is the relay that restarts it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import threading
import time
import tty
from pathlib import Path

from hw.modem.at import Engine
from hw.modem.card import Subscription
from hw.modem.fake.modem import FakeModem, FakeText
from hw.modem.fake.profiles import FAKE_PROFILES, FAULTS
from hw.modem.ladder import Ladder
from hw.modem.models import ModemProfile, named
from hw.modem.power import PowerSwitch
from hw.modem.recovering import Request
from hw.modem.status import Status
from hw.ports import Clock, HardwareError, ModemEvent, PowerKind

__all__ = [
    "FAKE_PROFILES",
    "FAULTS",
    "FakeModem",
    "FakeSwitch",
    "FakeText",
    "PtyModem",
    "SteppedModem",
]


class FakeSwitch:
    """The relay of a `PowerSwitch`, wired to a fake modem."""

    def __init__(self, fake: FakeModem | PtyModem, kind: PowerKind = PowerKind.SUPPLY) -> None:
        self._fake = fake
        self._kind = kind
        self._pulled = False

    def on(self) -> None:
        self._move(True)

    def off(self) -> None:
        self._move(False)

    def close(self) -> None:
        self._move(False)

    def _move(self, pulled: bool) -> None:
        if pulled is self._pulled:
            return
        self._pulled = pulled
        if self._kind is PowerKind.SUPPLY:
            self._fake.supply(not pulled)
        else:
            self._fake.key(pulled)


# --- joined in memory ------------------------------------------------------------------------------


class SteppedModem:
    """The real engine and a fake modem, joined in memory: a `hw.ports.Modem` without thread or port.

    All time comes from `poll`, so a story clock drives it; `clock` only dates what is sent between two
    polls.
    """

    def __init__(
        self,
        fake: FakeModem | None = None,
        profile: ModemProfile | str | None = None,
        clock: Clock | None = None,
        *,
        pin: str | None = None,
        switch: PowerSwitch | None = None,
        engine: Engine | None = None,
    ) -> None:
        self.fake = fake if fake is not None else FakeModem()
        if engine is None:
            if profile is None:
                profile = self.fake.name
            known = named(profile) if isinstance(profile, str) else profile
            ladder = Ladder(None if switch is None else switch.kind)
            engine = Engine(known, Subscription(pin), ladder)
        self.engine = engine
        self._switch = switch
        self._clock = clock
        self._now = clock.now_s() if clock is not None else 0.0
        self._open = False
        self._retry_s = self._now
        self._events: list[ModemEvent] = []

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
        self._pump()
        events = tuple(self._events)
        self._events.clear()
        return events

    def next_wake_s(self) -> float | None:
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


# --- behind a pseudo-terminal ----------------------------------------------------------------------


class PtyModem:
    """A fake modem behind a pseudo-terminal, served by a thread of its own in real time.

    `port` is the path to open; with `link` it is a symbolic link that survives a new pseudo-terminal, as
    a udev name does. `speed` lets the fake's clock run faster than the wall's.
    """

    def __init__(
        self, fake: FakeModem | None = None, *, link: Path | None = None, speed: float = 1.0
    ) -> None:
        self.fake = fake if fake is not None else FakeModem(instant=False)
        self.lock = threading.Lock()
        self._link = link
        self._speed = speed
        self._started_s = time.monotonic()
        self._wake_read, self._wake_write = os.pipe()
        self._master = -1
        self._slave = -1
        self.port = ""
        self._stopping = False
        self._plug()
        self._thread = threading.Thread(target=self._serve, name="fake-modem", daemon=True)
        self._thread.start()

    def fault(self, name: str, on: bool = True, *, cure: str = "") -> None:
        """As `FakeModem.fault`; `absent` takes the pseudo-terminal away and brings another one back."""
        with self.lock:
            was_absent = "absent" in self.fake.faults
            self.fake.fault(name, on, cure=cure)
            is_absent = "absent" in self.fake.faults
            if is_absent and not was_absent:
                self._unplug()
            elif was_absent and not is_absent:
                self._plug()
        self._nudge()

    def incoming(self, number: str, text: str) -> None:
        with self.lock:
            self.fake.incoming(number, text)
        self._nudge()

    def supply(self, on: bool) -> None:
        """As `FakeModem.supply`."""
        with self.lock:
            self.fake.supply(on)
        self._nudge()

    def key(self, down: bool) -> None:
        """As `FakeModem.key`."""
        with self.lock:
            self.fake.key(down)
        self._nudge()

    def close(self) -> None:
        self._stopping = True
        self._nudge()
        self._thread.join(5.0)
        with self.lock:
            self._unplug()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _nudge(self) -> None:
        os.write(self._wake_write, b"x")

    def _now(self) -> float:
        return (time.monotonic() - self._started_s) * self._speed

    def _plug(self) -> None:
        if self._link is not None and self._link.exists() and not self._link.is_symlink():
            raise FileExistsError(errno.EEXIST, "is not a link, so it is not replaced", str(self._link))
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        if self._link is not None:
            with contextlib.suppress(FileNotFoundError):
                self._link.unlink()
            self._link.symlink_to(self.port)
            self.port = str(self._link)

    def _unplug(self) -> None:
        if self._master < 0:
            return
        if self._link is not None:
            with contextlib.suppress(FileNotFoundError):
                self._link.unlink()
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def _serve(self) -> None:
        pending = b""
        while not self._stopping:
            with self.lock:
                master = self._master
                wake_s = self.fake.next_wake_s()
            timeout_s = 0.5 if wake_s is None else min(0.5, max(0.0, (wake_s - self._now()) / self._speed))
            watched = [self._wake_read] if master < 0 else [self._wake_read, master]
            try:
                readable, _, _ = select.select(
                    watched, [master] if pending and master >= 0 else [], [], timeout_s
                )
            except (OSError, ValueError):
                continue
            if self._wake_read in readable:
                os.read(self._wake_read, 4096)
            with self.lock:
                if self._master != master or master < 0:
                    pending = b""
                    continue
                data = b""
                if master in readable:
                    with contextlib.suppress(OSError):
                        data = os.read(master, 4096)
                if data:
                    self.fake.feed(data, self._now())
                self.fake.poll(self._now())
                pending += self.fake.take_output()
                if pending:
                    with contextlib.suppress(BlockingIOError):
                        pending = pending[os.write(master, pending) :]
