"""The live code of an incident or a claim: kept in RAM only, shown to nobody but the maker of its message.

Nothing here can print, pickle or raise a digit.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from typing import Final

from edge.cabin.events import EntryVerdict
from edge.codes.duress import Forced, Ours
from edge.codes.hidden import Hidden, Typed

_KEYS: Final = frozenset(string.digits)
_PICKS_MAX: Final = 64
"""A true source repeats one of 1,000 codes so often with a chance of 1 in 10^192: it is broken."""


def random_code(digits: int) -> str:
    """`digits` decimal digits from the operating system's random source, leading zeros included."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"


class CodeBook(Hidden):
    """The live code of an incident (a claim, for the owner's) and the ones it replaced.

    `choose` gives a code of so many digits; ValueError where it gives anything else. A repeated issue
    number, or a lower one, begins another incident: what was superseded before is forgotten. `forced` makes
    the duress form of a code, which opens as the code does; None: there is none.
    """

    __slots__ = ("_apart", "_choose", "_digits", "_forced", "_issue", "_last", "_live", "_superseded")

    def __init__(
        self, digits: int, choose: Callable[[int], str] = random_code, forced: Forced | None = None
    ) -> None:
        if not 3 <= digits <= 8:
            raise ValueError("a code has 3 to 8 digits")
        self._digits = digits
        self._choose = choose
        self._forced = forced
        self._issue = 0
        self._last: str | None = None
        self._live: str | None = None
        self._superseded: list[str] = []
        self._apart: list[CodeBook] = []

    def keep_apart(self, other: CodeBook) -> None:
        """From now on neither book draws what is the live code of the other."""
        self._apart.append(other)
        other._apart.append(self)

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
        """Compare with every code of the incident, all of them each time; a right one is used up.

        The duress form of a code gives what the code gives: nobody who acts on the verdict can act otherwise.
        """
        right = self._live is not None and self._fits(entry, self._live)
        # summed, because `any` would stop at the first match and its time would tell which
        superseded = sum(self._fits(entry, code) for code in self._superseded) > 0
        if right:
            self.void()
            return EntryVerdict.RIGHT
        return EntryVerdict.SUPERSEDED if superseded else EntryVerdict.WRONG

    def whose(self, entry: Typed) -> Ours:
        """Whether it is a code of the incident, live or not, or the duress form of one; uses up nothing.

        Every comparison is made each time, in an order that does not depend on the entry.
        """
        codes = [*self._superseded] if self._live is None else [*self._superseded, self._live]
        ours = sum(entry.same_as(code) for code in codes)
        forced = 0 if self._forced is None else sum(entry.same_as(self._forced(code)) for code in codes)
        return (Ours.NO, Ours.YES, Ours.FORCED)[min(1, ours + forced) * (1 + min(1, forced))]

    def opens(self, entry: Typed) -> bool:
        """Whether it is the live code or its duress form; uses up nothing."""
        return self._live is not None and self._fits(entry, self._live)

    def _fits(self, entry: Typed, code: str) -> bool:
        """Whether it is this code, or its duress form; both are compared each time."""
        same = entry.same_as(code)
        return same | (self._forced is not None and entry.same_as(self._forced(code)))

    def _forms(self) -> frozenset[str]:
        """All that opens now."""
        if self._live is None:
            return frozenset()
        return frozenset({self._live} if self._forced is None else {self._live, self._forced(self._live)})

    def _is_free(self, code: str) -> bool:
        """Whether a fresh code means one thing only, typed as it is or by somebody who is forced."""
        forms = {code} if self._forced is None else {code, self._forced(code)}
        if any(not forms.isdisjoint(book._forms()) for book in self._apart):
            return False
        if self._forced is None:
            return code != self._last
        if self._forced(code) == code:  # it begins with the prefix
            return False
        used = {*self._superseded, *([] if self._last is None else [self._last])}
        return forms.isdisjoint(used | {self._forced(old) for old in used})

    def _fresh(self) -> str:
        for _ in range(_PICKS_MAX):
            code = self._choose(self._digits)
            if len(code) != self._digits or not _KEYS.issuperset(code):
                raise ValueError(f"the source of codes did not give {self._digits} digits")
            if self._is_free(code):
                return code
        raise ValueError("the source of codes gives the same one for ever")
