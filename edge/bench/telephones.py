"""Everybody's telephone around a simulated cabin: what each received and sent, and the codes among it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge.bench.cards import OWNERS, PHONES, codes_in
from edge.cabin.rules import Flow
from edge.codes.duress import DuressForm, forced_by
from edge.terms.record import Recipient
from hw.bench import FakeModem
from hw.ports import Clock

STRANGER: Final = "stranger"
STRANGERS_NUMBER: Final = "+15550199"


@dataclass(frozen=True, slots=True)
class PhoneText:
    """One text as a telephone shows it: `received` from the kiosk, or sent to it. Times in seconds."""

    number: str
    received: bool
    text: str
    at_s: float
    wall_s: float


class Telephones:
    """The telephones of one desk. They outlive its power cuts, as the modem's network does."""

    def __init__(self, modem: FakeModem, clock: Clock) -> None:
        self._modem = modem
        self._clock = clock
        self._seen = 0
        self.texts: list[PhoneText] = []
        """What all of them received and sent, in the order in which it happened."""

    def send(self, number: str, text: str) -> None:
        """Somebody texts the kiosk."""
        self.texts.append(PhoneText(number, False, text, self._clock.now_s(), self._clock.wall_s()))
        self._modem.incoming(number, text)

    def restore(self, texts: Sequence[PhoneText]) -> None:
        """What they had when another desk's were kept, and what came to them since by this modem."""
        self.texts[:] = texts
        self._seen = sum(text.received for text in texts)
        for _ in self.received():
            pass

    def received(self) -> Iterator[PhoneText]:
        """What the telephones received since the last call."""
        for text in self._modem.texts[self._seen :]:
            late_s = self._clock.now_s() - text.at_s
            new = PhoneText(text.number, True, text.text, text.at_s, self._clock.wall_s() - late_s)
            self.texts.append(new)
            yield new
        self._seen = len(self._modem.texts)

    def codes(self) -> list[str]:
        """The codes that the watchmen's phones received, each once, the newest last."""
        return codes_in([t.text for t in self._modem.texts if t.number not in OWNERS])

    def spell(self, keys: str, flow: Flow) -> str:
        """The keys to press where `CODE`, `PREVIOUS` and `WRONG` may stand for codes.

        `DURESS` is what somebody types who is forced. ValueError for a code that never came, and where there
        is no such form.
        """
        forced = forced_by(DuressForm(flow.duress), flow.duress_prefix)
        if "DURESS" in keys and forced is None:
            raise ValueError("flow.duress is off")
        codes = self.codes()
        if "PREVIOUS" in keys and len(codes) < 2:
            raise ValueError("no code came before the last one")
        code = codes[-1] if codes else "0" * flow.code_digits
        before = codes[-2] if len(codes) > 1 else code
        wrong = "".join(str((int(digit) + 1) % 10) for digit in code)
        duress = code if forced is None else forced(code)
        if wrong in (before, duress):
            wrong = "".join(str((int(digit) + 2) % 10) for digit in code)
        return (
            keys.replace("DURESS", duress)
            .replace("CODE", code)
            .replace("PREVIOUS", before)
            .replace("WRONG", wrong)
        )


def number_of(sender: str, numbers: Mapping[Recipient, str], last_owner: str) -> str:
    """The number of a sender: a recipient by name, a card's owner by theirs, `stranger`, or a number."""
    if sender == Recipient.OWNER:
        return last_owner
    if sender in list(Recipient):
        return numbers[Recipient(sender)]
    return STRANGERS_NUMBER if sender == STRANGER else PHONES.get(sender, sender)


def everybody(numbers: Mapping[Recipient, str], *, owners: bool) -> dict[str, str]:
    """Whose telephones there are, by the name that `sms from` takes, and their numbers."""
    known = {to.value: number for to, number in numbers.items() if number and to is not Recipient.OWNER}
    if owners:
        known |= PHONES
    return known | {STRANGER: STRANGERS_NUMBER}
