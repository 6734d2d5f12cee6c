"""What people may text to the kiosk: STATUS, HELP, and from the control room RELEASE with a password.

A sender who is not on the list is noted and gets no answer; answers go to the number in the settings, never
to the one that the text claims to come from. A RELEASE counts, on the disk, before it is compared.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

from edge.messages.numbers import meant
from edge.otp import hotp
from edge.record import Recipient
from hw.ports import TextReceived

ANSWERS: Final = 5
ANSWERS_WITHIN_S: Final = 600.0
"""So many answers to one number in so long: machines that answer each other must not use up the credit."""

RELEASE_COUNTER: Final = "release_tries"
"""The name of the counter in the record: incident x 16 + tries, which only goes up."""

_TRIES_STEP: Final = 16
_SECRET_MIN: Final = 16
"""RFC 4226, section 4, R6: a secret of at least 128 bits."""

_RELEASE: Final = re.compile(r"RELEASE\s+#?(\d{1,9})\s+(\d{6})\s*[.!]?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StatusAsked:
    sender: Recipient


@dataclass(frozen=True, slots=True)
class HelpAsked:
    """Also for words from a known sender that are no command."""

    sender: Recipient


@dataclass(frozen=True, slots=True)
class Ignored:
    """Noted and not answered. `sender` is None for a stranger; `why` is a snake-case word."""

    sender: Recipient | None
    why: str


class ReleaseAsked:
    """The control room wants this incident's lock opened; the password shows in no repr and no pickle."""

    __slots__ = ("_password", "incident")

    def __init__(self, incident: int, password: str) -> None:
        self.incident = incident
        self._password = password

    def __repr__(self) -> str:
        return f"ReleaseAsked(incident={self.incident})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("ReleaseAsked stays in this process")

    def same_as(self, password: str) -> bool:
        """Compares in constant time."""
        return hmac.compare_digest(self._password.encode(), password.encode())


Request = StatusAsked | HelpAsked | ReleaseAsked | Ignored


class Inbox:
    """Reads what arrives. `numbers` as the outbox has them."""

    def __init__(self, numbers: Mapping[Recipient, str]) -> None:
        self._numbers = {to: number for to, number in numbers.items() if number}
        self._answered: dict[Recipient, deque[float]] = {to: deque(maxlen=ANSWERS) for to in self._numbers}

    def read(self, received: TextReceived, now_s: float) -> Request:
        """What a text asks for. Never raises, whatever it says."""
        sender = self._sender(received.number)
        if sender is None:
            return Ignored(None, "stranger")
        words = received.text.strip()
        release = _RELEASE.fullmatch(words)
        if release is not None:
            if sender is not Recipient.CONTROL_ROOM:
                return Ignored(sender, "release_by_another")
            return ReleaseAsked(int(release.group(1)), release.group(2))
        answered = self._answered[sender]
        if len(answered) == ANSWERS and now_s - answered[0] < ANSWERS_WITHIN_S:
            return Ignored(sender, "too_many")
        answered.append(now_s)
        return StatusAsked(sender) if words.upper().rstrip(".!?") == "STATUS" else HelpAsked(sender)

    def _sender(self, number: str) -> Recipient | None:
        """Who wrote."""
        known = meant(number, self._numbers.values())
        return next((to for to, own in self._numbers.items() if own == known), None)


class Refusal(StrEnum):
    """Why a RELEASE is not even compared."""

    NO_SECRET = "release_without_secret"
    OTHER_INCIDENT = "release_of_another_incident"
    USED_UP = "release_tries_used_up"
    ONE_AT_A_TIME = "release_while_another_is_judged"


class ReleaseDesk:
    """Judges RELEASE messages: HOTP of RFC 4226 with the incident as its counter, so many tries an incident.

    `counter` is what the record remembered of `RELEASE_COUNTER`. First `take`, then record `counter`, and
    only when that is on the disk (or was waited for) `judge`.
    """

    def __init__(self, secret: bytes | None, tries: int, counter: int = 0) -> None:
        if secret is not None and len(secret) < _SECRET_MIN:
            raise ValueError(f"the secret needs {_SECRET_MIN} bytes at least (RFC 4226)")
        if not 1 <= tries < _TRIES_STEP:
            raise ValueError(f"tries must be 1 to {_TRIES_STEP - 1}")
        self._secret = secret
        self._tries = tries
        self._counter = counter
        self._asked: ReleaseAsked | None = None

    def __repr__(self) -> str:
        return f"ReleaseDesk(counter={self._counter})"

    @property
    def counter(self) -> int:
        """For the record, under `RELEASE_COUNTER`."""
        return self._counter

    def take(self, asked: ReleaseAsked, incident: int) -> Refusal | None:
        """Count an attempt at the incident that is locked now (0: none); a refusal is not counted."""
        if self._secret is None:
            return Refusal.NO_SECRET
        if incident <= 0 or asked.incident != incident:
            return Refusal.OTHER_INCIDENT
        if self._asked is not None:
            return Refusal.ONE_AT_A_TIME
        begun, used = divmod(self._counter, _TRIES_STEP)
        if begun != incident:
            used = 0
        if begun > incident or used >= self._tries:
            return Refusal.USED_UP
        self._counter = incident * _TRIES_STEP + used + 1
        self._asked = asked
        return None

    def judge(self) -> bool:
        """Whether the password of the attempt that was taken is right; RuntimeError without one."""
        asked, self._asked = self._asked, None
        if asked is None or self._secret is None:
            raise RuntimeError("no attempt was taken")
        return asked.same_as(hotp(self._secret, asked.incident))


def secret_from_base32(text: str) -> bytes:
    """The HOTP secret as authenticator apps show it: base32, blanks and case do not matter. ValueError."""
    letters = re.sub(r"[\s-]", "", text).upper().rstrip("=")
    try:
        secret = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except binascii.Error:
        raise ValueError("the secret is not base32") from None
    if len(secret) < _SECRET_MIN:
        raise ValueError(f"the secret needs {_SECRET_MIN} bytes at least (RFC 4226)")
    return secret
