"""An engine and a fake modem with a line between them that a test can bend: cut bytes, throw lines in."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hw.modem import pdu
from hw.modem.at import Engine
from hw.modem.fake.ports import FakeModem
from hw.modem.models import PROFILES
from hw.modem.recovering import Request
from hw.ports import ModemEvent, TextAccepted, TextFailed

NUMBER = "+15550100"

_REPORT = pdu.encode_status_report(200, "+15559999", 0)
_INCOMING = pdu.encode_deliver("+15559999", "OK")
UNSOLICITED = (
    b'+CMTI: "SM",3',
    f"+CDS: {_REPORT.length}\r\n{_REPORT.hex}".encode(),
    f"+CMT: ,{_INCOMING.length}\r\n{_INCOMING.hex}".encode(),
    b"+CREG: 1",
    b'+CREG: 5,"1A2B","01C3D4E5",7',
    b"^RSSI:18",
    b"^BOOT:22013280,0,0,0,6",
    b"RING",
    b"NO CARRIER",
    b'+CUSD: 0,"Balance 42.00",15',
    b"UNDER-VOLTAGE WARNNING",
    b'*PSUTTZ: 2026,3,1,10,0,0,"+22",0',
    b"+CSQ: 20,99",
    b"\xff\xfe\x80 broken \xc3",
)

Bend = Callable[[bytes], Iterable[bytes]]
"""What becomes of a chunk on its way from the modem: the chunks that arrive, one after the other."""


def whole(chunk: bytes) -> Iterable[bytes]:
    return (chunk,)


def byte_by_byte(chunk: bytes) -> Iterable[bytes]:
    return (bytes((byte,)) for byte in chunk)


class Line:
    """Virtual time; every byte that moves, moves at once."""

    def __init__(
        self,
        fake: FakeModem | None = None,
        engine: Engine | None = None,
        *,
        bend: Bend = whole,
        now_s: float = 1000.0,
    ) -> None:
        self.fake = fake if fake is not None else FakeModem()
        self.engine = engine if engine is not None else Engine(PROFILES[self.fake.name])
        self.bend = bend
        self.now_s = now_s
        self.events: list[tuple[float, ModemEvent]] = []
        self.polls = 0
        self.sent = b""
        self.engine.port_opened(now_s)

    def pump(self) -> None:
        moving = True
        while moving:
            self.polls += 1
            self.engine.poll(self.now_s)
            out = self.engine.take_output()
            if out:
                self.sent += out
                self.fake.feed(out, self.now_s)
            self.fake.poll(self.now_s)
            back = self.fake.take_output()
            if back:
                for chunk in self.bend(back):
                    self.engine.feed(chunk, self.now_s)
            moving = bool(out or back)
            for request in self.engine.take_requests():
                if request is Request.PULL_SWITCH:
                    self.fake.supply(False)
                    self.fake.supply(True)
                else:
                    self.fake.reopened()
        self.events += [(self.now_s, event) for event in self.engine.take_events()]

    def run(self, until: Callable[[], bool], limit_s: float) -> bool:
        """Let time pass until something is so; False when `limit_s` was over first."""
        end_s = self.now_s + limit_s
        while True:
            self.pump()
            if until():
                return True
            wakes = [self.engine.next_wake_s(), self.fake.next_wake_s()]
            next_s = min((at_s for at_s in wakes if at_s is not None), default=end_s)
            if next_s >= end_s:
                self.now_s = end_s
                self.pump()
                return until()
            self.now_s = max(self.now_s + 1e-6, next_s)

    def get_ready(self, limit_s: float = 120.0) -> bool:
        return self.run(lambda: self.engine.idle, limit_s)

    def send(
        self, text: str, *, ticket: int = 1, number: str = NUMBER, deadline_s: float = 30.0
    ) -> TextAccepted | TextFailed:
        """Send and wait for the answer, which must come by the deadline."""
        end_s = self.now_s + deadline_s
        self.engine.send(ticket, number, text, end_s, self.now_s)
        assert self.run(lambda: self.answer(ticket) is not None, deadline_s + 1.0)
        at_s, answer = self.answer(ticket) or (0.0, None)
        assert answer is not None
        assert at_s <= end_s + 1e-6, f"answered {at_s - end_s:.3f} s after the deadline"
        return answer

    def answer(self, ticket: int) -> tuple[float, TextAccepted | TextFailed] | None:
        """The first answer to a text."""
        for at_s, event in self.events:
            if isinstance(event, TextAccepted | TextFailed) and event.ticket == ticket:
                return at_s, event
        return None

    def of(self, kind: type[ModemEvent]) -> list[ModemEvent]:
        return [event for _, event in self.events if isinstance(event, kind)]
