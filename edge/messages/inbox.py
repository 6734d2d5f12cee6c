"""What people may text to the kiosk: STATUS, HELP, and from the control room RELEASE with a password, and
FALSE or TRUE with an incident.

A sender who is not on the list is stored and gets no answer; answers go to the number in the settings, never
to the one that the text claims to come from. A RELEASE goes to its desk (`edge.codes.release`). The owner of
a card that a machine has, or had a while ago, may say NO: once a claim, and nobody answers. A sender can be
forged; all that a forged NO can do is to stop a claim.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, assert_never

from edge.codes.hotp import PASSWORD_DIGITS
from edge.codes.release import ReleaseAsked
from edge.messages.numbers import meant
from edge.terms.marks import Mark
from edge.terms.record import Recipient
from hw.ports import TextReceived

ANSWERS: Final = 5
ANSWERS_WITHIN_S: Final = 600.0
"""So many answers to one number in so long: machines that answer each other must not use up the credit."""

NO_AFTER_S: Final = 900.0
"""So long after a claim its owner's NO is still heard."""

_CLAIMS: Final = 8
"""The newest claims whose owners are known."""

_NO: Final = re.compile(r"\W*(no|nein|nahi|nahin|नहीं|नही)(?![\w\u0900-\u0963\u0966-\u097f])", re.IGNORECASE)
"""NO as the first word, in any of the languages: who is alarmed may write more than is asked for."""

_RELEASE: Final = re.compile(
    rf"RELEASE\s+#?(\d{{1,9}})\s+(\d{{{PASSWORD_DIGITS}}})\s*[.!]?", re.ASCII | re.IGNORECASE
)

_MARK: Final = re.compile(r"(FALSE|TRUE)\s+#?(\d{1,9})\s*[.!]?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StatusAsked:
    sender: Recipient


@dataclass(frozen=True, slots=True)
class HelpAsked:
    """Also for words from a known sender that are no command."""

    sender: Recipient


@dataclass(frozen=True, slots=True)
class MarkAsked:
    """The control room says what an incident was. It gets a text back: without one no mark is taken."""

    sender: Recipient
    incident: int
    mark: Mark


@dataclass(frozen=True, slots=True)
class Ignored:
    """Stored and not answered. `sender` is None for a stranger; `why` is a snake-case word."""

    sender: Recipient | None
    why: str


@dataclass(frozen=True, slots=True)
class OwnerDenied:
    """The owner of the card says that it is not them. `person`: the number in the gallery."""

    claim: int
    person: int


Request = StatusAsked | HelpAsked | ReleaseAsked | MarkAsked | OwnerDenied | Ignored


@dataclass(slots=True)
class _Owner:
    """Whose NO is waited for. `until_s` None: the claim lasts."""

    claim: int
    person: int
    number: str = field(repr=False)
    until_s: float | None = None
    denied: bool = False


class Inbox:
    """Reads what arrives. `numbers` as the outbox has them."""

    def __init__(self, numbers: Mapping[Recipient, str]) -> None:
        self._numbers = {to: number for to, number in numbers.items() if number}
        self._answered: dict[Recipient, deque[float]] = {to: deque(maxlen=ANSWERS) for to in self._numbers}
        self._owners: deque[_Owner] = deque(maxlen=_CLAIMS)

    def owner_expected(self, claim: int, person: int, number: str) -> None:
        """A claim on this person's card began: their NO stops it."""
        self._owners.append(_Owner(claim, person, number))

    def owner_leaves(self, claim: int, now_s: float) -> None:
        """The claim is over; a NO is heard for a while yet."""
        for owner in self._owners:
            if owner.claim == claim and owner.until_s is None:
                owner.until_s = now_s + NO_AFTER_S

    def read(self, received: TextReceived, now_s: float) -> Request:
        """What a text asks for. Never raises, whatever it says."""
        sender = self._sender(received.number)
        words = received.text.strip()
        owner = self._owner(received.number, now_s)
        # One telephone may be a watchman's and an owner's: only a NO is the owner's word.
        if owner is not None and _NO.match(words):
            if owner.denied:
                return Ignored(Recipient.OWNER, "owner_denied_before")
            owner.denied = True
            return OwnerDenied(owner.claim, owner.person)
        if sender is None:
            return (
                Ignored(None, "stranger") if owner is None else Ignored(Recipient.OWNER, "owner_said_other")
            )
        release = _RELEASE.fullmatch(words)
        if release is not None:
            if not _may_release(sender):
                return Ignored(sender, "release_by_another")
            return ReleaseAsked(int(release.group(1)), release.group(2))
        mark = _MARK.fullmatch(words)
        if mark is not None and not _may_mark(sender):
            return Ignored(sender, "mark_by_another")
        # A mark that is not answered is not taken: the last one that counts is the last that was answered.
        if not self._may_be_answered(sender, now_s):
            return Ignored(sender, "too_many")
        if mark is not None:
            return MarkAsked(sender, int(mark[2]), Mark(mark[1].lower()))
        return StatusAsked(sender) if words.upper().rstrip(".!?") == "STATUS" else HelpAsked(sender)

    def _may_be_answered(self, sender: Recipient, now_s: float) -> bool:
        """Whether one more answer may go there; it counts."""
        answered = self._answered[sender]
        if len(answered) == ANSWERS and now_s - answered[0] < ANSWERS_WITHIN_S:
            return False
        answered.append(now_s)
        return True

    def _owner(self, number: str, now_s: float) -> _Owner | None:
        """Whose card it is; of several claims on cards of one telephone the newest that is not denied."""
        while self._owners and (until_s := self._owners[0].until_s) is not None and until_s <= now_s:
            self._owners.popleft()
        known = meant(number, (owner.number for owner in self._owners))
        found = [
            owner
            for owner in self._owners
            if owner.number == known and (owner.until_s is None or now_s < owner.until_s)
        ]
        return next((owner for owner in reversed(found) if not owner.denied), found[-1] if found else None)

    def _sender(self, number: str) -> Recipient | None:
        """Who wrote."""
        known = meant(number, self._numbers.values())
        return next((to for to, own in self._numbers.items() if own == known), None)


def _may_release(sender: Recipient) -> bool:
    """Whose RELEASE is compared at all."""
    match sender:
        case Recipient.CONTROL_ROOM:
            return True
        case Recipient.WATCHMAN | Recipient.WATCHMAN2 | Recipient.OWNER:
            return False
        case _:
            assert_never(sender)


def _may_mark(sender: Recipient) -> bool:
    """Whose word on an incident counts."""
    match sender:
        case Recipient.CONTROL_ROOM:
            return True
        case Recipient.WATCHMAN | Recipient.WATCHMAN2 | Recipient.OWNER:
            return False
        case _:
            assert_never(sender)
