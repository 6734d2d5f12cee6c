"""What a fake modem says, in its time and with what faults do to it on the way."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from hw.modem.fake.condition import Condition

_WORDS: Final = {
    ("CME", 3): "operation not allowed",
    ("CME", 10): "SIM not inserted",
    ("CME", 11): "SIM PIN required",
    ("CME", 14): "SIM busy",
    ("CME", 16): "incorrect password",
    ("CMS", 8): "operator determined barring",
    ("CMS", 38): "network out of order",
    ("CMS", 42): "congestion",
    ("CMS", 302): "operation not allowed",
    ("CMS", 303): "operation not supported",
    ("CMS", 304): "invalid PDU mode parameter",
    ("CMS", 310): "SIM not inserted",
    ("CMS", 311): "SIM PIN required",
    ("CMS", 314): "SIM busy",
    ("CMS", 330): "SMSC address unknown",
    ("CMS", 331): "no network service",
    ("CMS", 332): "network timeout",
    ("CMS", 500): "unknown error",
}


@dataclass(frozen=True, slots=True)
class _Said:
    """Leaves at this time."""

    at_s: float
    data: bytes


class Voice:
    """Lines that leave when they are due, in the order in which they were said.

    `numeric`: errors are reported by number, as AT+CMEE=1 asks.
    """

    def __init__(self, condition: Condition, chance: random.Random) -> None:
        self.numeric = False
        self._condition = condition
        self._chance = chance
        self._queue: list[_Said] = []
        self._last_at_s = 0.0
        self._output = bytearray()
        self._answers = 0
        self._previous: tuple[str, ...] = ("OK",)

    @property
    def reply_s(self) -> float:
        slow_s = 2.0 if self._condition.suffers("slow") else 0.0
        return self._condition.takes_s(self._condition.profile.reply_s) + slow_s

    def emit(self, data: bytes, after_s: float, *, in_order: bool = True) -> None:
        condition = self._condition
        if condition.suffers("mute") or not condition.running:
            return
        if condition.suffers("noise") and self._chance.random() < 0.4:
            junk = bytes(self._chance.randrange(256) for _ in range(self._chance.randrange(1, 12)))
            data = b"\r\n" + junk.replace(b">", b"?") + b"\r\n" + data
        at_s = condition.now_s + after_s
        if in_order:
            at_s = max(at_s, self._last_at_s if self._last_at_s > condition.now_s else 0.0)
            self._last_at_s = at_s
        self._queue.append(_Said(at_s, data))
        self._queue.sort(key=lambda said: said.at_s)

    def say(self, line: str, after_s: float = 0.0) -> None:
        """A line that comes by itself."""
        self.emit(f"\r\n{line}\r\n".encode("latin-1"), after_s)

    def answer(self, *lines: str, after_s: float = 0.0) -> None:
        """The answer to a command, with whatever faults do to it."""
        suffers = self._condition.suffers
        self._answers += 1
        if suffers("wrong_reply"):
            lines, self._previous = self._previous, lines
        if suffers("no_ok") and len(lines) > 1 and lines[-1] == "OK":
            lines = lines[:-1]
        data = b""
        for line in lines:
            if suffers("drop") and self._chance.random() < 0.3:
                continue
            data += f"\r\n{line}\r\n".encode("latin-1")
        if suffers("half_line") and self._answers % 3 == 0:
            data = data[: len(data) // 2]
        if data:
            self.emit(data, after_s + self.reply_s)
            if suffers("duplicate"):
                self.emit(data, after_s + self.reply_s)

    def error(self, number: int, family: str = "CME") -> None:
        told = self.numeric or self._condition.suffers("verbose") or family == "CMS"
        self.answer(self.error_line(number, family) if told else "ERROR")

    def error_line(self, number: int, family: str) -> str:
        verbose = self._condition.suffers("verbose")
        return f"+{family} ERROR: {_WORDS.get((family, number), 'unknown error') if verbose else number}"

    # --- on its way -----------------------------------------------------------------------------

    def fall_silent(self) -> None:
        """What was still to be said is not said."""
        self._queue.clear()

    def let_out(self) -> None:
        """What is due leaves."""
        now_s = self._condition.now_s
        for said in self._queue:
            if said.at_s <= now_s:
                self._output += said.data
        self._queue = [said for said in self._queue if said.at_s > now_s]

    def take_output(self) -> bytes:
        data = bytes(self._output)
        self._output.clear()
        return data

    def due_s(self) -> list[float]:
        return [said.at_s for said in self._queue]
