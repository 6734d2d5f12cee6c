"""A text on its way out, and the answers still owed to texts that were given up while the modem had them.

A modem says what became of a text and not of which one: it only numbers what it sends. So an answer that
comes late must not be taken for the next text's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hw.modem.news import News
from hw.modem.steps import Answer
from hw.ports import ModemTrouble, TextAccepted

_OWED_S: Final = 120.0
"""How much longer the answer to a text that was given up may come, and be mistaken for the next one's."""


@dataclass(slots=True, repr=False)
class Text:
    """One text from `send` to its answer. `decided`: it has one; `setback`: why it did not go out so far."""

    ticket: int
    number: str
    text: str
    deadline_s: float
    validity_s: float
    handed_over: bool = False
    decided: bool = False
    setback: tuple[ModemTrouble, str] | None = None
    parts: int = 1
    references: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Debt:
    text: Text
    until_s: float


class Owed:
    """The texts that were given up, oldest first. `references_move` as in `ModemProfile`.

    `last_reference`: the newest that the modem is known to have given; None where none is known.
    """

    def __init__(self, news: News, *, references_move: bool) -> None:
        self.last_reference: int | None = None
        self._news = news
        self._references_move = references_move
        self._debts: list[_Debt] = []
        self._since = 0

    def __bool__(self) -> bool:
        return bool(self._debts)

    def add(self, text: Text, now_s: float) -> None:
        """It was given up; the modem has it."""
        self._debts.append(_Debt(text, now_s + _OWED_S))
        self._since += 1

    def settle(self) -> None:
        """Nothing more is to come, and the modem's numbers go on."""
        self._debts.clear()

    def forget(self) -> None:
        """The modem was restarted: it answers nothing of before, and counts again."""
        self._debts.clear()
        self.last_reference, self._since = None, 0

    def note(self, reference: int) -> None:
        """The modem gave this one to the text in hand."""
        self.last_reference, self._since = reference, 0

    def maybe(self, reference: int, now_s: float) -> bool:
        """Whether this may be the answer to a text that was given up."""
        self._debts = [debt for debt in self._debts if now_s < debt.until_s]
        if not self._debts:
            return False
        if self.last_reference is None or not self._references_move:
            return True
        return (reference - self.last_reference) & 0xFF != self._since + 1

    def accept(self, reference: int) -> None:
        """The answer to the text that was given up first."""
        if not self._debts:
            return
        text = self._debts.pop(0).text
        text.references.append(reference)
        if len(text.references) == text.parts:
            self._news.tell(TextAccepted(text.ticket, tuple(text.references)))

    def take_late(self, said: str) -> None:
        """An answer while nothing is asked: of a text that was given up, or one said twice."""
        value = said.split(",")[0]
        if self._debts and self._references_move and value.isdecimal() and len(value) <= 5:
            reference = int(value) & 0xFF
            if reference != self.last_reference:
                self.last_reference, self._since = reference, max(0, len(self._debts) - 1)
                self.accept(reference)


def reference_of(answer: Answer) -> int:
    return int(answer.lines[0].split(",")[0]) & 0xFF
