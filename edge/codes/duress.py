"""A code typed by somebody who is forced to: the same length, the same door, and a word to the control room.

Pure, and constant in time: nothing here branches on whether somebody is forced before the message is made.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from enum import StrEnum
from hashlib import sha256
from typing import Final, assert_never

from edge.codes.hidden import Hidden

KEY_BYTES: Final = 32
"""The key of the marks."""


class DuressForm(StrEnum):
    """How the code is typed by somebody who is forced: as always, or with a digit or more changed."""

    OFF = "off"
    LAST_PLUS_ONE = "last_plus_one"
    PREFIX = "prefix"


Forced = Callable[[str], str]
"""The duress form of a code: as long as the code, and never the code itself."""


def forced_by(form: DuressForm, prefix: str) -> Forced | None:
    """What makes the duress form of a code; None where there is none.

    `PREFIX` puts its digits in the place of the code's first ones: what is typed is as long as ever, so that
    the last digit submits a right code and a forced one at the same moment. No code is drawn that begins with
    the prefix (`CodeBook`).
    """
    match form:
        case DuressForm.OFF:
            return None
        case DuressForm.LAST_PLUS_ONE:
            return _last_plus_one
        case DuressForm.PREFIX:
            return lambda code: prefix + code[len(prefix) :]
        case _:
            assert_never(form)


def _last_plus_one(code: str) -> str:
    return code[:-1] + str((int(code[-1]) + 1) % 10)


class Ours(StrEnum):
    """What an entry is, before anybody acts on it: no code of ours, one, or the duress form of one."""

    NO = "no"
    YES = "yes"
    FORCED = "forced"


class EntryMarks(Hidden):
    """The mark of a message: which of two it is, for who has the key, and noise for everybody else.

    HMAC-SHA-256 over the message's number, its incident and the answer, 128 bits of it. A number is used
    once, so no mark comes twice.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key of the marks has {KEY_BYTES} bytes")
        self._key = key

    def mark(self, number: int, incident: int, forced: bool) -> str:
        """32 hexadecimal digits."""
        said = f"{number} {incident} {int(forced)}".encode()
        return hmac.new(self._key, said, sha256).hexdigest()[:32]

    def forced(self, number: int, incident: int, mark: str) -> bool:
        """What a mark says. One that this key did not make counts as forced: an alarm too many is heard."""
        return not hmac.compare_digest(self.mark(number, incident, False).encode(), mark.encode())
