"""One machine's line with a listener at the wire: lines are made, kept, bent and put in by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from hw.atm.exchange import Exchange, MachineKey
from hw.atm.protocol import SessionKeys, fields_of, hello_key, sealed, unsealed
from hw.ports import AtmEvent

KEY = bytes(range(32))
OTHER_KEY = bytes(range(32, 64))
NONCE = "00112233445566778899aabbccddeeff"


def counted_nonces(first: int = 1) -> Callable[[], bytes]:
    """Fresh at each call, and the same in each run."""
    numbers = count(first)
    return lambda: next(numbers).to_bytes(16, "big")


class Line:
    """Link 1 of an exchange for `front` (and `back`), spoken to by hand. `events` has all that came out."""

    def __init__(self, *, stays: bool = True, now_s: float = 100.0, first_nonce: int = 1) -> None:
        self.now_s = now_s
        machines = [MachineKey("front", KEY), MachineKey("back", OTHER_KEY)]
        self.exchange = Exchange(machines, now_s, counted_nonces(first_nonce))
        self.exchange.opened(1, now_s, stays=stays)
        self.events: list[AtmEvent] = []
        self.keys: SessionKeys | None = None
        self.sent = 0

    def put(self, data: bytes, link: int = 1) -> list[AtmEvent]:
        """Bytes on the wire; what follows from them."""
        self.exchange.feed(link, data, self.now_s)
        return self.take()

    def take(self) -> list[AtmEvent]:
        found = list(self.exchange.take_events())
        self.events += found
        return found

    def wait(self, seconds: float) -> list[AtmEvent]:
        """Let time pass in steps of half a second."""
        found: list[AtmEvent] = []
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s = min(end_s, self.now_s + 0.5)
            self.exchange.poll(self.now_s)
            found += self.take()
        return found

    def hello(self, nonce: str = NONCE, machine: str = "front", key: bytes = KEY) -> bytes:
        fields = {"type": "hello", "version": 1, "machine": machine, "nonce": nonce}
        return sealed(hello_key(key, machine), fields)

    def greet(self, link: int = 1, machine: str = "front", key: bytes = KEY) -> list[AtmEvent]:
        """Hello, welcome, and the first beat, which begins the session."""
        self.exchange.take_output(link)
        self.put(self.hello(machine=machine, key=key), link)
        welcome = self.heard(link)[0]
        assert welcome["type"] == "welcome"
        assert welcome["echo"] == NONCE
        self.keys = SessionKeys.of(key, machine, NONCE, str(welcome["nonce"]))
        self.sent = 0
        return self.put(self.line({"type": "beat", "seen": 0}), link)

    def line(self, fields: dict[str, object], *, counter: int | None = None) -> bytes:
        """A line within the session, with the next counter unless another is asked for."""
        assert self.keys is not None
        if counter is None:
            self.sent += 1
            counter = self.sent
        return sealed(self.keys.up, {**fields, "n": counter})

    def heard(self, link: int = 1) -> list[dict[str, object]]:
        """What the kiosk wrote since the last time."""
        found = []
        for line in self.exchange.take_output(link).splitlines():
            parts = unsealed(line)
            assert not isinstance(parts, str)
            fields = fields_of(parts.body)
            assert isinstance(fields, dict)
            found.append(fields)
        return found

    def refused(self) -> dict[str, int]:
        """How many lines of which kind were refused since the last time."""
        found = {refusal.value: count for refusal, count in self.exchange.refused.items()}
        self.exchange.refused.clear()
        return found
