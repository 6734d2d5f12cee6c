"""How a line between a machine and the kiosk is written and proven; `README.md` beside it tells it in words.

A line is a flat JSON object whose last member is `mac`: HMAC-SHA256 (RFC 2104, FIPS 198-1) over the exact
bytes before it. Nothing of a line is parsed before its MAC was found right, so that a stranger reaches the
hash function and nothing behind it. Nothing here raises for anything that can come over a wire.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

VERSION: Final = 1

LINE_MAX_BYTES: Final = 512
"""The longest line, without its end."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often each side says something at least (`beat_s`), and after how long without it the line is lost.

    A link that has proven nothing for `prove_s` is closed, however busily it sends. Refused lines are told
    `doubt_wait_s` after the first of them, and again every `doubt_every_s` at most. Only tests have another.
    """

    beat_s: float = 2.0
    lost_s: float = 6.0
    prove_s: float = 5.0
    doubt_wait_s: float = 5.0
    doubt_every_s: float = 600.0


PACE: Final = Pace()

COUNTER_MAX: Final = 2**53 - 1
"""The largest whole number that every JSON library keeps exactly (RFC 8259, 6)."""

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 16

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,23}\Z")
"""What a machine may be called."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_CARD_NUMBER: Final = re.compile(r"[0-9]{12,19}\Z")
"""As long as the number on a card (ISO/IEC 7812: up to 19 digits) and nothing but digits."""
_BETWEEN: Final = str.maketrans("", "", "._-")
"""What may set the digits of such a number apart."""
_DIGITS: Final = re.compile(r"([0-9]{3,8})?\Z")
_NONCE: Final = re.compile(r"[0-9a-f]{32}\Z")
_REASON: Final = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")

_BEFORE_MAC: Final = b',"mac":"'
_MAC_HEX: Final = 64
_TAIL: Final = len(_BEFORE_MAC) + _MAC_HEX + 2


class LineRefusal(StrEnum):
    """Why a line was not taken."""

    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    NO_MAC = "no_mac"
    FORGED = "forged"
    REPLAYED = "replayed"
    REORDERED = "reordered"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    DUPLICATE_KEY = "duplicate_key"
    NOT_A_NUMBER = "not_a_number"
    WRONG_VERSION = "wrong_version"
    UNKNOWN_TYPE = "unknown_type"
    WRONG_FIELDS = "wrong_fields"
    BAD_VALUE = "bad_value"
    CARD_NUMBER = "card_number"


# --- what a machine says -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    """Begins a session; `nonce` is the machine's half of what makes its keys new."""

    machine: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Beat:
    """Nothing new. `seen` is the highest counter that the machine has taken from the kiosk."""

    counter: int
    seen: int


@dataclass(frozen=True, slots=True)
class Claim:
    counter: int
    token: str

    def __repr__(self) -> str:
        return f"Claim(counter={self.counter})"


@dataclass(frozen=True, slots=True)
class Code:
    counter: int
    digits: str

    def __repr__(self) -> str:
        return f"Code(counter={self.counter})"


@dataclass(frozen=True, slots=True)
class End:
    counter: int


Said = Beat | Claim | Code | End
"""What is said within a session."""


# --- proof -----------------------------------------------------------------------------------------


def derived(key: bytes, *words: str) -> bytes:
    """The key for one purpose: HMAC of its name, so that a tag for one is worth nothing for another.

    No word may hold a line's end.
    """
    return hmac.digest(key, "\n".join(("cabinguard atm 1", *words)).encode(), hashlib.sha256)


def hello_key(key: bytes, machine: str) -> bytes:
    return derived(key, "hello", machine)


def welcome_key(key: bytes, machine: str) -> bytes:
    return derived(key, "welcome", machine)


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """One key for each direction, so that a line cannot be sent back to the one who wrote it."""

    up: bytes
    down: bytes

    @classmethod
    def of(cls, key: bytes, machine: str, machine_nonce: str, kiosk_nonce: str) -> SessionKeys:
        words = (machine, machine_nonce, kiosk_nonce)
        return cls(derived(key, "up", *words), derived(key, "down", *words))

    def __repr__(self) -> str:
        return "SessionKeys(hidden)"


def sealed(key: bytes, fields: Mapping[str, object]) -> bytes:
    """The line for these fields, with its MAC and its end."""
    body = json.dumps(fields, separators=(",", ":"))[:-1].encode()
    mac = hmac.digest(key, body, hashlib.sha256).hex().encode()
    return b"".join((body, _BEFORE_MAC, mac, b'"}\n'))


@dataclass(frozen=True, slots=True)
class Sealed:
    """A line that has a MAC, right or wrong: the bytes that it is over, and its hexadecimal digits."""

    body: bytes
    mac: bytes

    def fits(self, key: bytes) -> bool:
        """Whether somebody who has this key wrote it; compared in constant time."""
        wanted = hmac.digest(key, self.body, hashlib.sha256).hex().encode()
        return hmac.compare_digest(wanted, self.mac)


def unsealed(line: bytes) -> Sealed | LineRefusal:
    """A line without its end, taken apart where its MAC has to be."""
    body, tail = line[:-_TAIL], line[-_TAIL:]
    if len(body) < 1 or not tail.startswith(_BEFORE_MAC) or not tail.endswith(b'"}'):
        return LineRefusal.NO_MAC
    return Sealed(body, tail[len(_BEFORE_MAC) : -2])


# --- meaning ---------------------------------------------------------------------------------------


class _Odd(Exception):
    """Found while a line was read; never leaves this file."""

    def __init__(self, refusal: LineRefusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Odd(LineRefusal.DUPLICATE_KEY)
    return found


def _no_number(text: str) -> float:
    raise _Odd(LineRefusal.NOT_A_NUMBER)


def _no_fraction(text: str) -> float:
    raise _Odd(LineRefusal.BAD_VALUE)


def fields_of(body: bytes) -> dict[str, object] | LineRefusal:
    """The members of a line whose MAC was right, without it. Only text, whole numbers, true and false."""
    try:
        text = body.decode("utf-8") + "}"
        found = json.loads(
            text, object_pairs_hook=_pairs, parse_constant=_no_number, parse_float=_no_fraction
        )
    except UnicodeDecodeError:
        return LineRefusal.NOT_UTF8
    except _Odd as odd:
        return odd.refusal
    except (ValueError, RecursionError):
        return LineRefusal.NOT_JSON
    if not isinstance(found, dict):
        return LineRefusal.NOT_JSON
    if "mac" in found:
        return LineRefusal.DUPLICATE_KEY
    if not all(isinstance(value, str | int) for value in found.values()):
        return LineRefusal.BAD_VALUE
    return found


def hello_in(body: bytes) -> Hello | LineRefusal:
    """What a hello says, its MAC being right."""
    found = fields_of(body)
    if isinstance(found, LineRefusal):
        return found
    if found.get("type") != "hello":
        return LineRefusal.UNKNOWN_TYPE
    if found.keys() != {"type", "version", "machine", "nonce"}:
        return LineRefusal.WRONG_FIELDS
    if found["version"] != VERSION or found["version"] is True:
        return LineRefusal.WRONG_VERSION
    machine, nonce = _text(found, "machine", NAME), _text(found, "nonce", _NONCE)
    return LineRefusal.BAD_VALUE if machine is None or nonce is None else Hello(machine, nonce)


_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "beat": frozenset({"type", "n", "seen"}),
    "claim": frozenset({"type", "n", "token"}),
    "code": frozenset({"type", "n", "digits"}),
    "end": frozenset({"type", "n"}),
}


def said_in(body: bytes) -> Said | LineRefusal:
    """What a line within a session says, its MAC being right. Its counter is not judged here."""
    found = fields_of(body)
    if isinstance(found, LineRefusal):
        return found
    kind = found.get("type")
    wanted = _FIELDS.get(kind) if isinstance(kind, str) else None
    if wanted is None:
        return LineRefusal.UNKNOWN_TYPE
    if found.keys() != wanted:
        return LineRefusal.WRONG_FIELDS
    counter = _counter(found, "n")
    if counter is None or counter < 1:
        return LineRefusal.BAD_VALUE
    said: Said | None = None
    if kind == "claim":
        token = _text(found, "token", _TOKEN)
        if token is not None and _CARD_NUMBER.match(token.translate(_BETWEEN)):
            return LineRefusal.CARD_NUMBER
        said = None if token is None else Claim(counter, token)
    elif kind == "code":
        digits = _text(found, "digits", _DIGITS)
        said = None if digits is None else Code(counter, digits)
    elif kind == "beat":
        seen = _counter(found, "seen")
        said = None if seen is None else Beat(counter, seen)
    else:
        said = End(counter)
    return LineRefusal.BAD_VALUE if said is None else said


def fit_reason(reason: str) -> bool:
    """Whether this may be told as a reason: a plain snake_case word."""
    return _REASON.match(reason) is not None


def _text(found: Mapping[str, object], name: str, pattern: re.Pattern[str]) -> str | None:
    value = found[name]
    return value if isinstance(value, str) and pattern.match(value) else None


def _counter(found: Mapping[str, object], name: str) -> int | None:
    value = found.get(name)
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= COUNTER_MAX
    return value if isinstance(value, int) and fits else None


# --- order -----------------------------------------------------------------------------------------


class Window:
    """The counters that came in one session: only a higher one than all before is taken.

    Of the others it tells those that came before (`replayed`) from those that did not (`reordered`), as far
    as 64 back, the way of RFC 4303, 3.4.3; both are refused.
    """

    def __init__(self) -> None:
        self.highest = 0
        self._seen = 1

    def take(self, counter: int) -> LineRefusal | None:
        if counter > self.highest:
            self._seen = (self._seen << min(counter - self.highest, 64) | 1) & (2**64 - 1)
            self.highest = counter
            return None
        behind = self.highest - counter
        return LineRefusal.REPLAYED if behind >= 64 or self._seen >> behind & 1 else LineRefusal.REORDERED


class LineSplitter:
    """Bytes as they come into lines; holds at most one line, and never more than its bound."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[bytes | LineRefusal]:
        """Each whole line without its end; `TOO_LONG` once for each that is longer than the bound."""
        for index, piece in enumerate(data.split(b"\n")):
            if index:
                if not self._skipping:
                    line = bytes(self._held).removesuffix(b"\r")
                    if line:
                        yield line
                self._held.clear()
                self._skipping = False
            if self._skipping:
                continue
            self._held += piece
            if len(self._held) > LINE_MAX_BYTES + 1 or len(self._held.removesuffix(b"\r")) > LINE_MAX_BYTES:
                self._held.clear()
                self._skipping = True
                yield LineRefusal.TOO_LONG
