"""The far side of a fake modem's air: whether a network has it, and what the phones receive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hw.modem.fake.card import FakeCard
from hw.modem.fake.condition import Condition
from hw.modem.fake.writing import Written

HOME: Final = 1
_OFF: Final = 0
_SEARCHING: Final = 2
_DENIED: Final = 3
"""States of registration (3GPP TS 27.007, 7.2)."""

_LATE_NETWORK_S: Final = 60.0
_ANSWERS_LATE_S: Final = 45.0
_ANSWERS_SLOWLY_S: Final = 12.0


@dataclass(frozen=True, slots=True)
class FakeText:
    """What a phone received: to whom, what, when (the fake's seconds). Its repr hides number and text."""

    number: str
    text: str
    at_s: float

    def __repr__(self) -> str:
        return f"FakeText(to=…{self.number[-2:]}, at_s={self.at_s:.2f})"


class FakeNetwork:
    """`texts`: what the phones have; `pieces`: what they have of longer ones, by number and reference.
    `reference`: the newest that a text was given.

    The network's clock showed `utc_at_zero_s` when the fake's own time was 0; None: it tells no time.
    """

    def __init__(self, condition: Condition, card: FakeCard, utc_s: float | None) -> None:
        self.texts: list[FakeText] = []
        self.pieces: dict[tuple[str, int], dict[int, str]] = {}
        self.reference = 0
        self._condition = condition
        self._card = card
        self.utc_at_zero_s = utc_s
        self._found_s = 0.0

    def settle(self) -> None:
        """The modem was restarted, and is up at `powered_s`."""
        self._found_s = self._condition.powered_s + self._search_s

    def search(self) -> None:
        """The radio was switched on."""
        self._found_s = max(self._found_s, self._condition.now_s + self._search_s)

    @property
    def _search_s(self) -> float:
        return self._condition.takes_s(self._condition.profile.register_s)

    @property
    def utc_s(self) -> float | None:
        """What time it tells."""
        return None if self.utc_at_zero_s is None else self.utc_at_zero_s + self._condition.now_s

    @property
    def registration(self) -> int:
        condition = self._condition
        if condition.suffers("denied"):
            return _DENIED
        if condition.suffers("radio_off", "asleep"):
            return _OFF
        late_s = _LATE_NETWORK_S if condition.suffers("late_network") else 0.0
        found_s = max(self._found_s, condition.powered_s + late_s)
        lost = condition.suffers("unregistered", "net_locked") or self._card.error() is not None
        return _SEARCHING if lost or condition.now_s < found_s else HOME

    @property
    def answers_s(self) -> float:
        """How long it takes over a text."""
        condition = self._condition
        more_s = (
            _ANSWERS_LATE_S
            if condition.suffers("late")
            else _ANSWERS_SLOWLY_S
            if condition.suffers("slow")
            else 0.0
        )
        return condition.takes_s(condition.profile.network_s) + more_s

    def refuses(self, smsc: str) -> int | None:
        """The CMS error with which it has a text back. `smsc`: the SMS centre that was set."""
        condition = self._condition
        refused = next((int(name[4:]) for name in condition.faults if name.startswith("cms:")), None)
        if condition.suffers("no_credit"):
            refused = 8
        if self.registration != HOME:
            refused = 331
        if condition.suffers("no_smsc") and not smsc:
            refused = 330
        return refused

    def take(self, written: Written) -> bool:
        """Number it and deliver it; False where it never reaches its phone."""
        self.reference = (self.reference + 1) & 0xFF
        arrives = not self._condition.suffers("undelivered")
        if arrives:
            self._deliver(written)
        self._condition.changed()
        return arrives

    def _deliver(self, written: Written) -> None:
        number, text, piece = written.number, written.text, written.piece
        if piece is not None:
            pieces = self.pieces.setdefault((number, piece.reference), {})
            pieces[piece.sequence] = text
            if len(pieces) < piece.total:
                return
            del self.pieces[(number, piece.reference)]
            text = "".join(pieces[index] for index in sorted(pieces))
        self.texts.append(FakeText(number, text, self._condition.now_s))
