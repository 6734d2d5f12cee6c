"""A modem at a serial port: the engine with a thread of its own, so that a port that hangs hangs nobody else.

The thread opens, reads and writes without blocking where the system allows it; where the system blocks
all the same, the caller's side still answers every text by its deadline.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import threading
from typing import Final

import serial

from hw.modem.at import Engine, Request
from hw.modem.models import ModemProfile, named
from hw.modem.pin import PinMemory
from hw.modem.power import PowerSwitch
from hw.modem.status import Status
from hw.ports import (
    Clock,
    HardwareError,
    ModemDown,
    ModemEvent,
    ModemReady,
    ModemTrouble,
    TextAccepted,
    TextFailed,
)
from hw.watched import WatchedThread

_RETRY_FIRST_S: Final = 1.0
_RETRY_MAX_S: Final = 4.0
"""A modem that is plugged in again is found within this."""
_LONGEST_WAIT_S: Final = 1.0
_POWER_UP_S: Final = 2.0
_CLOSE_S: Final = 2.0


class SerialModem:
    """`hw.ports.Modem` over pyserial.

    `port` should be a name that udev keeps the same, so that a USB modem is found again after it was
    numbered anew. `baud` 0 tries the profile's rates in turn. `switch` is what can restart the modem
    from outside, closed together with it; without one the ladder ends with reopening the port. The first
    attempt to open is made at once, in the thread; a port that cannot be opened is told by `ModemDown`.
    """

    def __init__(
        self,
        port: str,
        profile: ModemProfile | str,
        pin: str | None,
        clock: Clock,
        *,
        baud: int = 0,
        pin_memory: PinMemory | None = None,
        switch: PowerSwitch | None = None,
        smsc: str | None = None,
        balance_ussd: str | None = None,
        reports: bool = True,
    ) -> None:
        known = named(profile) if isinstance(profile, str) else profile
        self._port = port
        self._bauds = (baud,) if baud else known.bauds
        self._clock = clock
        self._switch = switch
        self._engine = Engine(
            known,
            pin,
            pin_memory=pin_memory,
            power=None if switch is None else switch.kind,
            smsc=smsc,
            balance_ussd=balance_ussd,
            reports=reports,
            rates=len(self._bauds),
        )
        self._lock = threading.Lock()
        self._events: list[ModemEvent] = []
        self._hand: tuple[int, str, str, float, float] | None = None
        self._in_hand: tuple[int, float] | None = None
        self._idle = False
        self._hung = False
        self._serial: serial.Serial | None = None
        self._output = b""
        self._retry_s = 0.0
        self._retry_pause_s = _RETRY_FIRST_S
        self._attempts = 0
        self._stopping = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._begun = False
        self.thread = WatchedThread("modem", self._run, clock)
        self.thread.start()

    # --- the caller's side ----------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        with self._lock:
            return self._idle and self._in_hand is None

    @property
    def status(self) -> Status:
        """What is known of the modem; written by the thread, to be read only."""
        return self._engine.status

    @property
    def network_offset_s(self) -> float | None:
        return self._engine.status.network_offset_s

    def send(
        self, ticket: int, number: str, text: str, deadline_s: float, validity_s: float = 86_400.0
    ) -> None:
        with self._lock:
            if self._in_hand is not None:
                raise RuntimeError("the modem has a text in hand")
            self._in_hand = (ticket, deadline_s)
            self._hand = (ticket, number, text, deadline_s, validity_s)
            self._idle = False
        self._nudge()

    def poll(self, now_s: float) -> tuple[ModemEvent, ...]:
        with self._lock:
            events, self._events = self._events, []
            for event in events:
                if isinstance(event, TextAccepted | TextFailed) and self._holds(event.ticket):
                    self._in_hand = None
            # The thread answers at the deadline; a second later it must be stuck in the system.
            if self._in_hand is not None and now_s >= self._in_hand[1] + 1.0:
                ticket = self._in_hand[0]
                self._in_hand = self._hand = None
                self._hung = True
                events.append(TextFailed(ticket, ModemTrouble.MUTE, "the port hangs", True))
                events.append(ModemDown(ModemTrouble.MUTE, "the port hangs"))
        return tuple(events)

    def _holds(self, ticket: int) -> bool:
        return self._in_hand is not None and self._in_hand[0] == ticket

    def next_wake_s(self) -> float | None:
        """Now when there are events, else when a text's answer is overdue."""
        with self._lock:
            if self._events:
                return self._clock.now_s()
            return None if self._in_hand is None else self._in_hand[1] + 1.0

    def close(self) -> None:
        """Stop; a thread that hangs in the system is left behind, it ends with the program."""
        if self._stopping:
            return
        self._stopping = True
        self._nudge()
        if self.thread.join(_CLOSE_S):
            os.close(self._wake_read)
            os.close(self._wake_write)
        if self._switch is not None:
            self._switch.close()

    def _nudge(self) -> None:
        # A full pipe already wakes.
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"x")

    # --- the thread's side ----------------------------------------------------------------------

    def _run(self) -> None:
        if self._begun:  # the thread before this one died: what the engine was doing is not known any more
            self._lost("the driver was started again")
        self._begun = True
        while not self._stopping:
            self.thread.beat()
            self._turn()
        self._close_port()

    def _turn(self) -> None:
        """One round: do what is due, then wait for the port, the caller or the clock."""
        engine = self._engine
        now_s = self._clock.now_s()
        self._mind_switch(now_s)
        if self._serial is None and not self._switching and now_s >= self._retry_s:
            self._open_port()
            now_s = self._clock.now_s()
        with self._lock:
            hand, self._hand = self._hand, None
        engine.poll(now_s)
        if hand is not None:
            ticket, number, text, deadline_s, validity_s = hand
            engine.send(ticket, number, text, deadline_s, now_s, validity_s)
        self._output += engine.take_output()
        self._write()
        self._serve_requests(now_s)
        events = engine.take_events()
        with self._lock:
            self._events += events
            self._idle = engine.idle
            if self._hung and engine.ready:
                self._events.append(ModemReady(engine.status.operator, engine.status.signal_dbm))
            self._hung = False
        self._wait(now_s)

    def _wait(self, now_s: float) -> None:
        times = [now_s + _LONGEST_WAIT_S]
        wake_s = self._engine.next_wake_s()
        if wake_s is not None:
            times.append(wake_s)
        if self._serial is None:
            let_go_s = None if self._switch is None else self._switch.next_wake_s()
            times.append(self._retry_s if let_go_s is None else let_go_s)
        timeout_s = max(0.0, min(times) - self._clock.now_s())
        port = self._serial
        reads: list[int] = [self._wake_read]
        writes: list[int] = []
        if port is not None:
            reads.append(port.fileno())
            if self._output:
                writes.append(port.fileno())
        try:
            readable, _, _ = select.select(reads, writes, [], timeout_s)
        except (OSError, ValueError) as error:
            self._lost(f"the port failed ({type(error).__name__})")
            return
        if self._wake_read in readable:
            with contextlib.suppress(OSError):
                os.read(self._wake_read, 4096)
        if port is not None and port.fileno() in readable:
            self._read(port)

    def _read(self, port: serial.Serial) -> None:
        try:
            data = port.read(4096)
        except (serial.SerialException, OSError):
            self._lost("the port was unplugged")
            return
        if data:
            self._engine.feed(data, self._clock.now_s())

    def _write(self) -> None:
        port = self._serial
        if port is None:
            self._output = b""
        elif self._output:
            try:
                written = port.write(self._output) or 0
            except (serial.SerialException, OSError):
                self._lost("the port does not take writes")
                return
            self._output = self._output[written:]

    def _open_port(self) -> None:
        baud = self._bauds[self._attempts % len(self._bauds)]
        try:
            self._serial = serial.Serial(self._port, baud, timeout=0, write_timeout=0, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            trouble, detail = _opening_trouble(error)
            now_s = self._clock.now_s()
            self._retry_s = now_s + self._retry_pause_s
            self._retry_pause_s = min(_RETRY_MAX_S, self._retry_pause_s * 2)
            self._engine.port_lost(now_s, detail, trouble)
            return
        self._attempts += 1
        self._retry_pause_s = _RETRY_FIRST_S
        self._output = b""
        self._engine.port_opened(self._clock.now_s())

    def _close_port(self) -> None:
        port, self._serial = self._serial, None
        if port is not None:
            with contextlib.suppress(serial.SerialException, OSError):
                port.close()

    def _lost(self, detail: str) -> None:
        self._close_port()
        now_s = self._clock.now_s()
        self._retry_s = now_s + _RETRY_FIRST_S
        self._engine.port_lost(now_s, detail)

    def _serve_requests(self, now_s: float) -> None:
        for request in self._engine.take_requests():
            self._close_port()
            self._engine.port_closed(now_s)
            self._retry_s = now_s + 0.5
            if request is Request.PULL_SWITCH and self._switch is not None:
                try:
                    self._switch.pull(now_s)
                except HardwareError as error:
                    self._engine.switch_failed(now_s, error.detail)

    @property
    def _switching(self) -> bool:
        return self._switch is not None and self._switch.pulled

    def _mind_switch(self, now_s: float) -> None:
        if self._switch is None:
            return
        try:
            if self._switch.poll(now_s):
                self._retry_s = now_s + _POWER_UP_S
        except HardwareError as error:
            self._engine.switch_failed(now_s, error.detail)


def _opening_trouble(error: Exception) -> tuple[ModemTrouble, str]:
    """What is the matter with a port that cannot be opened, in words that name the remedy's object."""
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK) or "exclusively lock" in str(error):
        return ModemTrouble.BUSY, "another program uses the port"
    if number in (errno.EACCES, errno.EPERM):
        return ModemTrouble.ABSENT, "the port may not be opened by this user"
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return ModemTrouble.ABSENT, "there is no such port"
    return ModemTrouble.ABSENT, "the port cannot be opened"
