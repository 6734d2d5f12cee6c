"""What people may text to the kiosk: STATUS, HELP, and from the control room RELEASE with a password.

A sender who is not on the list is stored and gets no answer; answers go to the number in the settings, never
to the one that the text claims to come from. A RELEASE goes to its desk (`edge.codes.release`).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from edge.codes.hotp import PASSWORD_DIGITS
from edge.codes.release import ReleaseAsked
from edge.messages.numbers import meant
from edge.terms.record import Recipient
from hw.ports import TextReceived

ANSWERS: Final = 5
ANSWERS_WITHIN_S: Final = 600.0
"""So many answers to one number in so long: machines that answer each other must not use up the credit."""

_RELEASE: Final = re.compile(
    rf"RELEASE\s+#?(\d{{1,9}})\s+(\d{{{PASSWORD_DIGITS}}})\s*[.!]?", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class StatusAsked:
    sender: Recipient


@dataclass(frozen=True, slots=True)
class HelpAsked:
    """Also for words from a known sender that are no command."""

    sender: Recipient


@dataclass(frozen=True, slots=True)
class Ignored:
    """Stored and not answered. `sender` is None for a stranger; `why` is a snake-case word."""

    sender: Recipient | None
    why: str


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
            if not _may_release(sender):
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


def _may_release(sender: Recipient) -> bool:
    """Whose RELEASE is compared at all."""
    match sender:
        case Recipient.CONTROL_ROOM:
            return True
        case Recipient.WATCHMAN | Recipient.WATCHMAN2:
            return False
        case _:
            assert_never(sender)
