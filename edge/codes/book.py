"""The one-time code and what is typed: kept in RAM, shown to nobody but the maker of the text message.

Nothing here can print, pickle or raise a digit. Python cannot wipe a string from memory; a core dump is
the service manager's to forbid.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from enum import StrEnum
from hashlib import sha1
from typing import NoReturn

from edge.cabin.events import EntryVerdict

_KEYS = frozenset("0123456789")
_PICKS_MAX = 64
"""A true source repeats one of 1,000 codes so often with a chance of 1 in 10^192: it is broken."""


def random_code(digits: int) -> str:
    """`digits` decimal digits from the operating system's random source, leading zeros included."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def hotp(secret: bytes, counter: int, digits: int = 6) -> str:
    """The HMAC-SHA-1 one-time password of RFC 4226, section 5.3.

    ValueError for less than 6 or more than 8 digits, an empty secret, or a counter that does not fit
    8 bytes.
    """
    if not 6 <= digits <= 8:
        raise ValueError("RFC 4226 asks for 6 to 8 digits")
    if not secret or not 0 <= counter < 1 << 64:
        raise ValueError("a secret and a counter of at most 8 bytes are needed")
    mac = hmac.new(secret, counter.to_bytes(8, "big"), sha1).digest()
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}d}"


class _Hidden:
    """Something that may be neither shown nor copied out of the process."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} stays in this process")


class Typed(_Hidden):
    """A full entry on its way from the keypad to the comparison."""

    __slots__ = ("_digits",)

    def __init__(self, digits: str) -> None:
        self._digits = digits

    def same_as(self, code: str) -> bool:
        """Compares in constant time, with a code of ASCII digits."""
        return hmac.compare_digest(self._digits.encode(), code.encode())


class CodeBook(_Hidden):
    """The live code of the incident and the ones it replaced.

    `choose` gives a code of so many digits; ValueError where it gives anything else. A repeated issue
    number, or a lower one, begins another incident: what was superseded before is forgotten.
    """

    __slots__ = ("_choose", "_digits", "_issue", "_last", "_live", "_superseded")

    def __init__(self, digits: int, choose: Callable[[int], str] = random_code) -> None:
        if not 3 <= digits <= 8:
            raise ValueError("a code has 3 to 8 digits")
        self._digits = digits
        self._choose = choose
        self._issue = 0
        self._last: str | None = None
        self._live: str | None = None
        self._superseded: list[str] = []

    def issue(self, issue: int) -> None:
        """Make a fresh code, never the one before it; it becomes the live one."""
        self.void()
        if issue <= self._issue:
            self._superseded.clear()
        self._issue = issue
        self._live = self._last = self._fresh()

    def void(self) -> None:
        """The live code opens nothing any more; typed later, it is named as superseded."""
        if self._live is not None:
            self._superseded.append(self._live)
            self._live = None

    def text(self) -> str | None:
        """The live code, for the text message that carries it and for nothing else."""
        return self._live

    @property
    def live_issue(self) -> int | None:
        """The issue number of the live code, None without one."""
        return None if self._live is None else self._issue

    def judge(self, entry: Typed) -> EntryVerdict:
        """Compare with every code of the incident, all of them each time; a right one is used up."""
        right = self._live is not None and entry.same_as(self._live)
        # summed, because `any` would stop at the first match and its time would tell which
        superseded = sum(entry.same_as(code) for code in self._superseded) > 0
        if right:
            self.void()
            return EntryVerdict.RIGHT
        return EntryVerdict.SUPERSEDED if superseded else EntryVerdict.WRONG

    def _fresh(self) -> str:
        for _ in range(_PICKS_MAX):
            code = self._choose(self._digits)
            if len(code) != self._digits or not _KEYS.issuperset(code):
                raise ValueError(f"the source of codes did not give {self._digits} digits")
            if code != self._last:
                return code
        raise ValueError("the source of codes gives the same one for ever")


class PadResult(StrEnum):
    """What a key did."""

    ADDED = "added"
    COMPLETED = "completed"
    CLEARED = "cleared"
    IGNORED = "ignored"


class EntryPad(_Hidden):
    """Keys become an entry of so many digits.

    `*` clears. The last digit submits, so `#` has nothing to do. Letters do nothing. What lies there
    untouched for `timeout_s` is forgotten. A full entry waits for `take` and takes no more digits.
    """

    __slots__ = ("_digits", "_keys", "_timeout_s", "_until_s")

    def __init__(self, digits: int, timeout_s: float) -> None:
        self._digits = digits
        self._timeout_s = timeout_s
        self._keys = ""
        self._until_s: float | None = None

    def press(self, key: str, now_s: float) -> PadResult:
        """One key, at `now_s` (monotonic seconds)."""
        self.poll(now_s)
        if key == "*":
            self.clear()
            return PadResult.CLEARED
        if key not in _KEYS or len(self._keys) >= self._digits:
            return PadResult.IGNORED
        self._keys += key
        self._until_s = now_s + self._timeout_s
        return PadResult.COMPLETED if len(self._keys) == self._digits else PadResult.ADDED

    def poll(self, now_s: float) -> bool:
        """Forget what is too old; whether there was something to forget."""
        if self._until_s is None or now_s < self._until_s:
            return False
        self.clear()
        return True

    def take(self) -> Typed | None:
        """The full entry, once; None while there is none."""
        if len(self._keys) < self._digits:
            return None
        entry = Typed(self._keys)
        self.clear()
        return entry

    def clear(self) -> None:
        """Forget what was typed."""
        self._keys = ""
        self._until_s = None

    @property
    def typed(self) -> int:
        """How many digits lie there, for a row of stars."""
        return len(self._keys)

    @property
    def next_wake_s(self) -> float | None:
        """When `poll` will forget something, None for never."""
        return self._until_s
