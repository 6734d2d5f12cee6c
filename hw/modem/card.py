"""The SIM card and its contract: waits for a card that is busy, enters the PIN at most once."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Final

from hw.modem import replies
from hw.modem.models import TriesQuery
from hw.modem.pin import PinMemory, PinMemoryInRam
from hw.modem.status import Status
from hw.modem.steps import Answer, Ask, Outcome, Pause, Step, Unusable, ask, wonder
from hw.ports import ModemTrouble

_BUSY_S: Final = 60.0
_UNSEEN_S: Final = 3.0
"""A card that has just got its current is not seen at once."""
_OPEN: Final = frozenset(("READY", "SIM PIN2", "SIM PUK2"))
"""What AT+CPIN? says of a card that is open for texts: the second PIN guards other things."""
_NOT_NOW: Final = (3, 14, 515)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A card and its contract, as the settings have them.

    `smsc` is set as the SMS centre where the card has none. `balance_ussd` is asked once a day where it is
    set (`*100#`). `reports` asks for delivery reports.
    """

    pin: str | None = field(default=None, repr=False)
    pin_memory: PinMemory = field(default_factory=PinMemoryInRam, repr=False)
    smsc: str | None = None
    balance_ussd: str | None = None
    reports: bool = True


class Card:
    """The card of one modem. `tries` is how its model tells the tries left; `status` gets them."""

    def __init__(
        self,
        subscription: Subscription,
        tries: TriesQuery | None,
        status: Status,
        now_s: Callable[[], float],
    ) -> None:
        self._pin = subscription.pin
        self._memory = subscription.pin_memory
        self._tries = tries
        self._status = status
        self._now_s = now_s

    def open(self, *, was_off: bool = False) -> Generator[Step, Answer, None]:
        """Until the card is there and open. `was_off`: it has just got its current. Raises `Unusable`."""
        give_up_s = self._now_s() + _BUSY_S
        seen_by_s = give_up_s if was_off else self._now_s() + _UNSEEN_S
        while True:
            answer = yield from ask("AT+CPIN?", 5.0, info="+CPIN:")
            if answer.ok:
                word = answer.lines[0].strip('" ').upper()
                if word in _OPEN:
                    self._memory.clear()
                    return
                if word.startswith("NOT "):
                    # Some models say so where others give an error: NOT INSERTED, NOT READY.
                    if self._now_s() >= (give_up_s if word == "NOT READY" else seen_by_s):
                        raise Unusable(ModemTrouble.NO_SIM, f"the card is {word.lower()}")
                elif word == "SIM PIN":
                    yield from self._enter_pin()
                elif word.startswith("PH-"):
                    raise Unusable(ModemTrouble.LOCKED, f"the modem wants its {word[:16]}")
                elif "BLOCKED" in word:
                    raise Unusable(ModemTrouble.NO_SIM, "the card is blocked for good")
                else:
                    raise Unusable(ModemTrouble.PIN_WRONG, f"the card wants {word[:12] or 'something else'}")
            else:
                meaning = answer.meaning
                if answer.code in (17, 18, 317, 318):
                    self._memory.clear()
                    return
                if meaning.trouble in (ModemTrouble.PIN_WRONG, ModemTrouble.LOCKED):
                    raise Unusable(meaning.trouble, meaning.words)
                if answer.code in (10, 15, 310, 315) and self._now_s() >= seen_by_s:
                    raise Unusable(ModemTrouble.NO_SIM, meaning.words)
                if self._now_s() >= give_up_s:
                    vague = meaning.trouble is ModemTrouble.REFUSED
                    raise Unusable(ModemTrouble.NO_SIM if vague else meaning.trouble, meaning.words)
            yield Pause(1.0)

    def _enter_pin(self) -> Generator[Step, Answer, None]:
        """One try, remembered before it is made. A card that tells three tries left may be tried again."""
        pin = self._pin
        if pin is None:
            raise Unusable(ModemTrouble.PIN_WANTED, "the card wants its PIN")
        query = self._tries
        left: int | None = None
        if query is not None:
            line = yield from wonder(query.command, info=query.prefix)
            fields = replies.split(line) if line is not None else []
            if len(fields) > query.field and fields[query.field].isdecimal():
                left = int(fields[query.field])
        self._status.pin_tries_left = left
        if left is not None and left < 2:
            raise Unusable(ModemTrouble.PIN_WRONG, "the card has only one try left; it is not used")
        if self._memory.tried(pin) and left != 3:
            raise Unusable(ModemTrouble.PIN_WRONG, "this PIN was tried before and is not tried again")
        try:
            self._memory.mark(pin)
        except OSError:
            raise Unusable(ModemTrouble.PIN_WRONG, "no try without a note of it on the disk") from None
        answer = yield Ask(f'AT+CPIN="{pin}"\r'.encode("ascii", "replace"), 10.0)
        if answer.outcome is Outcome.ERROR and answer.code not in _NOT_NOW:
            raise Unusable(ModemTrouble.PIN_WRONG, f"the card did not take the PIN ({answer.meaning.words})")
