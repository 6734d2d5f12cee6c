"""The code that a card's owner is sent, from the claim that asks for it to the verdict. Clocks are handed in.

What is here is in RAM: the digits, the entry, the claim. What must outlive it are the rows of `OwnerTries`
that it hands out: one before a code is drawn, and one before an entry is compared. Neither happens before the
record has said that its row is on the card. A record that is refused or late costs the owner that code or
that try, and tells nobody anything: no comparison is ever made that was not counted on the card first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from edge.cabin.events import EntryVerdict
from edge.codes.book import CodeBook
from edge.codes.hidden import Hidden, Typed
from edge.identity.limits import (
    CodeRules,
    Moment,
    OwnerRefusal,
    Refused,
    aged,
    believable,
    doubted,
    may_send,
    may_try,
    opened,
    rested,
    sent,
    tried,
)
from edge.terms.record import OwnerTries

OWNER_CODE_DIGITS: Final = 6

EVERYBODY: Final = 0
"""No person's number: the account of every card that has none, after a record was lost or is in doubt."""


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A network or the gateway took the message: the code is good for its time from now on."""

    claim: int


@dataclass(frozen=True, slots=True)
class CodeNotSent:
    """No way out took the message in time, or its delivery was denied: the code is void."""

    claim: int


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """Nothing was sent or compared. `wait_s`: it may be asked again after so long; 0: time does nothing."""

    claim: int
    why: OwnerRefusal
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CodeJudged:
    """An entry was compared. `rest_s`: with this one the card began to rest, for so long."""

    claim: int
    verdict: EntryVerdict
    tries_left: int
    rest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class OwnerSaidNo:
    """The owner answered that it was not them; the claim may be over already."""

    claim: int


@dataclass(frozen=True, slots=True)
class CodeWanted:
    """The customer asks for a code; answered by `OwnerCodes.issue` where one may be sent."""


@dataclass(frozen=True, slots=True)
class EntryTyped:
    """A full entry lies at the keypad; answered by `OwnerCodes.compare` where one is wanted."""


OwnerNews = CodeWanted | EntryTyped | CodeSent | CodeNotSent | CodeRefused | CodeJudged | OwnerSaidNo


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose card the machine has: its number in this kiosk, and the person's in the gallery."""

    number: int
    person: int


@dataclass(slots=True)
class _LiveCode:
    """Which message carries it, and until when it is good."""

    message: int
    until_s: float


class OwnerDesk(Hidden):
    """The owner's code of one kiosk: one claim at a time, at most one live code, one entry on its way.

    `moment` is now by both clocks. All other times are monotonic seconds.
    """

    __slots__ = ("_book", "_claim", "_code", "_issue", "_moment", "_rows", "rules")

    def __init__(self, rules: CodeRules, book: CodeBook, moment: Callable[[], Moment]) -> None:
        self.rules = rules
        self._book = book
        self._moment = moment
        self._rows: dict[int, OwnerTries] = {}
        self._claim: Claim | None = None
        self._issue = 0
        self._code: _LiveCode | None = None

    # --- what outlives the program -----------------------------------------------------------------

    def restore(self, rows: Iterable[OwnerTries], *, in_doubt: bool) -> tuple[OwnerTries, ...]:
        """What the record remembered. `in_doubt`: it may not be all, so every card rests once before a code.

        The rows to be written down: what says nothing any more is taken out, and a doubt is kept, since a
        second start must not end it before its time.
        """
        at = self._moment()
        self._rows = {row.person: aged(believable(row, self.rules), at) for row in rows}
        if not in_doubt:
            blank = [person for person, row in self._rows.items() if row.is_blank]
            for person in blank:
                del self._rows[person]
            return tuple(OwnerTries(person) for person in blank)
        self._rows.setdefault(EVERYBODY, OwnerTries(EVERYBODY))
        self._rows = {who: doubted(row, at, self.rules) for who, row in self._rows.items()}
        return tuple(self._rows.values())

    def keep_only(self, persons: Collection[int]) -> tuple[OwnerTries, ...]:
        """Forget who is not enrolled any more; blank rows, with which the record forgets them too."""
        gone = [person for person in self._rows if person not in persons and person != EVERYBODY]
        for person in gone:
            del self._rows[person]
        return tuple(OwnerTries(person) for person in gone)

    def row(self, person: int) -> OwnerTries:
        """The account of a card, as it is now."""
        known = self._rows.get(person)
        if known is None:
            known = replace(self._rows.get(EVERYBODY, OwnerTries(EVERYBODY)), person=person)
        return aged(known, self._moment())

    # --- a claim -----------------------------------------------------------------------------------

    @property
    def claim(self) -> Claim | None:
        return self._claim

    def begin(self, claim: Claim) -> None:
        """Another claim: no code of the one before opens anything any more."""
        self.end()
        self._claim = claim

    def end(self) -> None:
        """The claim is over, and its code with it."""
        self.void()
        self._claim = None
        self._issue = 0

    # --- a code ------------------------------------------------------------------------------------

    def ask(self) -> OwnerTries | Refused:
        """Whether a code may be sent for the open claim: the row to write down first, or why not."""
        if self._claim is None:
            return Refused(OwnerRefusal.NO_CODE)
        row = self.row(self._claim.person)
        refused = may_send(row, self._moment(), self.rules)
        return refused if refused is not None else self._keep(sent(row, self._moment()))

    def issue(self, message: int, now_s: float) -> int:
        """Draw the code: its count is on the card, `message` will carry it. The code's number in the claim.

        Any code before it is void. Until a network takes the message the code is good for `send_s` longer.
        """
        self._issue += 1
        self._book.issue(self._issue)
        self._code = _LiveCode(message, now_s + self.rules.send_s + self.rules.code_ttl_s)
        return self._issue

    def text(self, message: int, now_s: float) -> str | None:
        """The code for its message; None where that message carries none any more."""
        return self._book.text() if self._is_live(now_s) and self.carries(message) else None

    def carries(self, message: int) -> bool:
        """Whether the live code is that message's."""
        return self._code is not None and self._code.message == message

    def accepted(self, message: int, now_s: float) -> bool:
        """The message went out: its code's time begins. False for another than the live one."""
        if self._code is None or not self.carries(message):
            return False
        self._code.until_s = min(self._code.until_s, now_s + self.rules.code_ttl_s)
        return True

    def void(self) -> None:
        """The live code opens nothing any more."""
        self._book.void()
        self._code = None

    def expire(self, now_s: float) -> bool:
        """Void a code whose time is over; whether there was one."""
        if self._code is None or self._is_live(now_s):
            return False
        self.void()
        return True

    @property
    def until_s(self) -> float | None:
        """When the live code's time is over, None without one."""
        return None if self._code is None else self._code.until_s

    # --- an entry ----------------------------------------------------------------------------------

    def count(self, now_s: float) -> OwnerTries | Refused:
        """A full entry lies there: the row to write down before it may be compared, or why it never is."""
        if self._claim is None or self._code is None:
            return Refused(OwnerRefusal.NO_CODE)
        if self.expire(now_s):
            return Refused(OwnerRefusal.EXPIRED)
        row = self.row(self._claim.person)
        refused = may_try(row, self._moment())
        return refused if refused is not None else self._keep(tried(row, self._moment(), self.rules))

    def judge(
        self, claim: int, typed: Typed, now_s: float
    ) -> tuple[CodeJudged | CodeRefused, OwnerTries | None]:
        """The try is on the card: compare. The row that a right code leaves, to be written down."""
        if self._claim is None or self._claim.number != claim or self._code is None:
            return CodeRefused(claim, OwnerRefusal.NO_CODE), None
        if self.expire(now_s):
            return CodeRefused(claim, OwnerRefusal.EXPIRED), None
        verdict = self._book.judge(typed)
        row = self.row(self._claim.person)
        if verdict is EntryVerdict.RIGHT:
            self.void()
            return CodeJudged(claim, verdict, self.rules.tries), self._keep(opened(row, self._moment()))
        if row.rest_left_s > 0.0:
            self.void()
        return CodeJudged(claim, verdict, max(0, self.rules.tries - row.tries), row.rest_left_s), None

    def denied(self, person: int) -> OwnerTries:
        """The owner said that it was not them: no code of this card is live, and it rests."""
        if self._claim is not None and self._claim.person == person:
            self.void()
        return self._keep(rested(self.row(person), self._moment(), self.rules))

    # --- inside ------------------------------------------------------------------------------------

    def _keep(self, row: OwnerTries) -> OwnerTries:
        self._rows[row.person] = row
        return row

    def _is_live(self, now_s: float) -> bool:
        return self._code is not None and now_s < self._code.until_s
