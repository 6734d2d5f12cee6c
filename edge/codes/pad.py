"""Keys at the keypad become an entry, kept in RAM only and shown to nobody."""

from __future__ import annotations

import string
from enum import StrEnum
from typing import Final

from edge.codes.hidden import Hidden, Typed

_KEYS: Final = frozenset(string.digits)


class PadResult(StrEnum):
    """What a key did."""

    ADDED = "added"
    COMPLETED = "completed"
    CLEARED = "cleared"
    IGNORED = "ignored"


class EntryPad(Hidden):
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

    def another(self) -> EntryPad:
        """An empty one for entries of the same length."""
        return EntryPad(self._digits, self._timeout_s)

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

    def enter(self, keys: str, now_s: float) -> bool:
        """A whole entry that came at once, in place of what lies there; False for anything but its digits."""
        self.clear()
        if len(keys) != self._digits or not _KEYS.issuperset(keys):
            return False
        for key in keys:
            self.press(key, now_s)
        return True

    @property
    def full(self) -> bool:
        """Whether an entry waits for `take`."""
        return len(self._keys) == self._digits

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
