"""Cuts what a modem says into lines and tells the answer that a command waits for from all the rest.

It knows the command in the air and nothing of what it is for: no time runs in here, nothing is decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from hw.modem import codes, replies
from hw.modem.steps import Answer, Ask, Outcome

_GRACE_S: Final = 1.0
"""How long to wait for the OK of a reply that is complete without it."""
_MAX_LINE: Final = 2048

_EOL: Final = re.compile(rb"[\r\n]")
_ERROR: Final = re.compile(r"\+(CMS|CME) ERROR:? ?(.*)\Z")
_BARE_ERRORS: Final = frozenset(("ERROR", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS", "ABORTED"))
_OTHER_FINALS: Final = frozenset(
    ("NO CARRIER", "NO DIALTONE", "NO ANSWER", "BUSY", "0", "3", "4", "6", "7", "8")
)
"""Ends of an answer that are no answer to a command of ours (ITU-T V.250, 6.3.4), in words and as numbers."""
REBOOTED: Final = frozenset(
    ("RDY", "START", "^SYSSTART", "NORMAL POWER DOWN", "UNDER-VOLTAGE POWER DOWN", "OVER-VOLTAGE POWER DOWN")
)


class Heard(StrEnum):
    """What a line was."""

    ANSWERED = "answered"
    PDU = "pdu"
    UNASKED = "unasked"


class _Part(StrEnum):
    """Whether a line belongs to the answer that is waited for."""

    NONE = "none"
    MORE = "more"
    LAST = "last"


class Hearing:
    """The modem's side of the line.

    `ask` is the command that was written and not answered yet, `answer` what came of it so far. `heard_s`:
    when anything was last heard; `grace_s`: when an answer counts as whole without its OK. `echoed`: the
    command came back. `last_reference`: a `+CMGS:` with this one is a stale line (None: none is).
    `stirred`: something came that ends no command of ours, but that a modem must be awake to say.
    """

    def __init__(self) -> None:
        self.ask: Ask | None = None
        self.answer = Answer(Outcome.OK)
        self.heard_s = float("-inf")
        self.grace_s: float | None = None
        self.echoed = False
        self.stirred = False
        self.last_reference: int | None = None
        self._buffer = bytearray()
        self._payload_of: str | None = None
        self._pdu_length: int | None = None

    @property
    def in_a_line(self) -> bool:
        """Half a line has come, or a header whose payload must follow."""
        return bool(self._buffer) or self._pdu_length is not None

    def listen(self, ask: Ask) -> None:
        """The command is on its way."""
        self.ask = ask
        self.answer = Answer(Outcome.OK)
        self.echoed = False
        self.stirred = False

    def rest(self) -> None:
        """No command is in the air."""
        self.ask = None
        self.grace_s = None
        self._payload_of = None

    def forget_line(self, now_s: float) -> None:
        self._buffer.clear()
        self._pdu_length = None
        self._payload_of = None
        self.heard_s = now_s

    def pdu_follows(self, length: int) -> None:
        """The next line of hexadecimal that fits belongs to a header that came by itself."""
        self._pdu_length = length

    def feed(self, data: bytes, now_s: float) -> Iterator[tuple[Heard, str]]:
        """What came, line by line. The caller may write its next command after each."""
        self.heard_s = now_s
        self._buffer += data.replace(b"\0", b"")
        buffer = self._buffer
        while buffer:
            skip = 0
            while skip < len(buffer) and buffer[skip] in b"\r\n ":
                skip += 1
            if skip:
                del buffer[:skip]
                continue
            if buffer[:1] == b">" and self.ask is not None and self.ask.prompt:
                del buffer[:1]
                self.answer.outcome = Outcome.PROMPT
                yield Heard.ANSWERED, ""
                continue
            end = _EOL.search(buffer)
            if end is None:
                if len(buffer) > _MAX_LINE:
                    del buffer[:-64]
                return
            line = bytes(buffer[: end.start()]).decode("ascii", "replace").strip()
            del buffer[: end.end()]
            if line:
                yield from self._hear(line, now_s)

    def _hear(self, line: str, now_s: float) -> Iterator[tuple[Heard, str]]:
        """One whole line: the answer, part of it, or something that came by itself."""
        ask = self.ask
        if ask is not None and self._is_echo(line, ask):
            return
        if replies.HEX.match(line):
            if self._pdu_length is not None and _fits_length(line, self._pdu_length):
                self._pdu_length = None
                yield Heard.PDU, line
                return
            if ask is not None and ask.many and self._payload_of is not None:
                self.answer.lines += (self._payload_of, line)
                self._payload_of = None
                return
        part = _Part.NONE if ask is None else self._take(line, ask, now_s)
        if part is _Part.LAST:
            yield Heard.ANSWERED, line
        elif part is _Part.NONE:
            yield Heard.UNASKED, line

    def _is_echo(self, line: str, ask: Ask) -> bool:
        said = ask.data.decode("ascii", "replace").strip("\r\x1a\x1b")
        if said and line.strip("\x1a\x1b") == said:
            self.echoed = True
            return True
        return False

    def _take(self, line: str, ask: Ask, now_s: float) -> _Part:
        answer = self.answer
        if line in _OTHER_FINALS:
            self.stirred = True
        if line == "OK":
            self._end_entry()
            if not ask.prompt and (ask.many or not ask.info or answer.lines):
                answer.outcome = Outcome.OK
                return _Part.LAST
            return _Part.MORE
        error = _ERROR.match(line)
        if error is not None or line in _BARE_ERRORS:
            self._end_entry()
            if answer.lines and not ask.many:
                answer.outcome = Outcome.OK
            else:
                answer.outcome = Outcome.ERROR
                if error is not None:
                    answer.family = error.group(1)
                    words = error.group(2).strip()
                    number = words.isdecimal() and len(words) < 6
                    answer.code = int(words) if number else codes.said_code(answer.family, words)
            return _Part.LAST
        if ask.info and line.startswith(ask.info):
            rest = line[len(ask.info) :].strip()
            if not self._is_answer_shape(ask.info, rest):
                return _Part.NONE
            if ask.many:
                self._end_entry()
                self._payload_of = rest
            elif not answer.lines:
                answer.lines.append(rest)
                self.grace_s = now_s + _GRACE_S
            return _Part.MORE
        if ask.free and line[0] not in "+^*" and line not in REBOOTED:
            answer.lines.append(line)
            self.grace_s = now_s + _GRACE_S
            return _Part.MORE
        return _Part.NONE

    def _end_entry(self) -> None:
        """An entry of a list whose payload never came, or was no hexadecimal, has an empty one."""
        if self._payload_of is not None:
            self.answer.lines += (self._payload_of, "")
            self._payload_of = None

    def _is_answer_shape(self, prefix: str, rest: str) -> bool:
        """Tells an answer from the unsolicited line of the same name."""
        if prefix in ("+CREG:", "+CGREG:", "+CEREG:"):
            fields = replies.split(rest)
            return len(fields) >= 2 and all(field_.isdecimal() and len(field_) <= 2 for field_ in fields[:2])
        if prefix == "+CMGS:":
            value = rest.split(",")[0]
            return value.isdecimal() and len(value) <= 5 and int(value) != self.last_reference
        return True


def _fits_length(line: str, length: int) -> bool:
    return len(line) // 2 == int(line[:2], 16) + 1 + length
