"""A value that prints nothing: it stays in this process and is compared in constant time.

Python cannot wipe a string from memory; a core dump is the service manager's to forbid.
"""

from __future__ import annotations

import hmac
from typing import NoReturn


class Hidden:
    """Something that may be neither shown nor copied out of the process."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} stays in this process")


class Typed(Hidden):
    """A full entry on its way from the keypad to the comparison."""

    __slots__ = ("_digits",)

    def __init__(self, digits: str) -> None:
        self._digits = digits

    def same_as(self, code: str) -> bool:
        """Compares in constant time, with a code of ASCII digits."""
        return hmac.compare_digest(self._digits.encode(), code.encode())
