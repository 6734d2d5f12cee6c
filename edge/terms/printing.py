"""Text from outside on a terminal: it can be read there, and moves, hides or colours nothing."""

from __future__ import annotations

from typing import Final

_HARMLESS: Final = frozenset("\N{NO-BREAK SPACE}\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}")
"""Not printable by Python's measure, and needed to write Hindi and others."""


def printable(text: object) -> str:
    """What a name, a message or an answer says, with everything that does not print written as `\\x1b`."""
    return "".join(c if c.isprintable() or c in _HARMLESS else _escaped(c) for c in str(text))


def _escaped(char: str) -> str:
    # A byte that is no UTF-8 stands in a file's name as a surrogate.
    code = ord(char)
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else char.encode("unicode_escape").decode()
