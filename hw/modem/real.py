"""A modem at a serial port: the engine with a thread of its own, so that a port that hangs hangs nobody else.

The thread opens, reads and writes without blocking where the system allows it; where the system blocks
all the same, the caller's side still answers every text by its deadline.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from dataclasses import dataclass
from typing import Final

import serial

from hw.modem.at import Engine
from hw.modem.card import Subscription
from hw.modem.ladder import Ladder
from hw.modem.models import named
from hw.modem.recovering import Request
from hw.modem.status import Status
from hw.ports import (
    Clock,
    HardwareError,
    ModemDown,
    ModemEvent,
    ModemReady,
    ModemSwitch,
    ModemTrouble,
    TextAccepted,
    TextFailed,
)
from hw.serial_port import RETRY_FIRST_S, retry_pauses_s, why_unopened
from hw.watched import WatchedThread

_LONGEST_WAIT_S: Final = 1.0
_POWER_UP_S: Final = 2.0
_CLOSE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A port, and the line rates at which the modem behind it is looked for in turn.

    `path` should be a name that udev keeps the same, so that a USB modem is found again after it was
    renumbered.
    """

    path: str
    bauds: tuple[int, ...]


@dataclass(frozen=True, slots=True, repr=False)
class _Text:
    ticket: int
    number: str
    text: str
    deadline_s: float
    validity_s: float


def open_serial(
    port: str,
    profile: str,
    clock: Clock,
    subscription: Subscription | None = None,
    *,
    baud: int = 0,
    switch: ModemSwitch | None = None,
) -> SerialModem:
    """The modem of this profile at this port; HardwareError for a profile that nothing knows.

    `baud` 0 tries the profile's rates in turn. `switch` is what can restart the modem from outside, closed
    together with it; without one the ladder ends with reopening the port.
    """
    known = named(profile)
    bauds = (baud,) if baud else known.bauds
    ladder = Ladder(None if switch is None else switch.kind, len(bauds))
    return SerialModem(SerialPort(port, bauds), Engine(known, subscription, ladder), clock, switch)


class SerialModem:
    """`hw.ports.Modem` over pyserial.

    The first attempt to open is made at once, in the thread; a port that cannot be opened is reported by
    `ModemDown`, and tried again every few seconds.
    """

    def __init__(
        self, port: SerialPort, engine: Engine, clock: Clock, switch: ModemSwitch | None = None
    ) -> None:
        self._port = port
        self._clock = clock
        self._switch = switch
        self._engine = engine
        self._lock = threading.Lock()
        self._events: list[ModemEvent] = []
        self._hand: _Text | None = None
        self._in_hand: _Text | None = None
        self._idle = False
        self._hung = False
        self._serial: serial.Serial | None = None
        self._output = b""
        self._retry_s = 0.0
        self._pauses_s = retry_pauses_s()
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
            self._in_hand = self._hand = _Text(ticket, number, text, deadline_s, validity_s)
            self._idle = False
        self._nudge()

    def poll(self, now_s: float) -> tuple[ModemEvent, ...]:
        with self._lock:
            events, self._events = self._events, []
            for event in events:
                if isinstance(event, TextAccepted | TextFailed) and self._holds(event.ticket):
                    self._in_hand = None
            # The thread answers at the deadline; a second later it must be stuck in the system.
            if self._in_hand is not None and now_s >= self._in_hand.deadline_s + 1.0:
                ticket = self._in_hand.ticket
                self._in_hand = self._hand = None
                self._hung = True
                events.append(TextFailed(ticket, ModemTrouble.MUTE, "the port hangs", True))
                events.append(ModemDown(ModemTrouble.MUTE, "the port hangs"))
        return tuple(events)

    def _holds(self, ticket: int) -> bool:
        return self._in_hand is not None and self._in_hand.ticket == ticket

    def next_wake_s(self) -> float | None:
        """Now when there are events, else when a text's answer is overdue."""
        with self._lock:
            if self._events:
                return self._clock.now_s()
            return None if self._in_hand is None else self._in_hand.deadline_s + 1.0

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
            engine.send(hand.ticket, hand.number, hand.text, hand.deadline_s, now_s, hand.validity_s)
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
        baud = self._port.bauds[self._attempts % len(self._port.bauds)]
        try:
            self._serial = serial.Serial(self._port.path, baud, timeout=0, write_timeout=0, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            trouble, detail = _opening_trouble(error)
            now_s = self._clock.now_s()
            self._retry_s = now_s + next(self._pauses_s)
            self._engine.port_lost(now_s, detail, trouble)
            return
        self._attempts += 1
        self._pauses_s = retry_pauses_s()
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
        self._retry_s = now_s + RETRY_FIRST_S
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
    busy, words = why_unopened(error)
    return ModemTrouble.BUSY if busy else ModemTrouble.ABSENT, words
