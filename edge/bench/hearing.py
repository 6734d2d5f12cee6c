"""What a desk hears from outside its kiosk, and how it waits for a network that keeps real time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from edge.bench.broker import FakeBroker
from edge.bench.cards import OWNERS, Cards
from edge.bench.telephones import Telephones
from edge.loop.happening import Happening, Listener
from edge.messages.ways.carrier import Carrier
from edge.terms.record import Recipient


class Hearing:
    """Tells a listener what cards, telephones and broker of one desk have got since the last look."""

    def __init__(self, cards: Cards, telephones: Telephones, broker: FakeBroker, listener: Listener) -> None:
        self._cards = cards
        self._telephones = telephones
        self._broker = broker
        self._listener = listener
        self._names: Mapping[str, Recipient] = {}

    def know(self, numbers: Mapping[Recipient, str]) -> None:
        """Whose number is whose, for a kiosk that starts."""
        self._names = OWNERS | {number: to for to, number in numbers.items() if number}

    def listen(self, now_s: float) -> None:
        """Telephones first, then what the broker has taken: messages, and whether the kiosk is there."""
        for told in self._cards.heard(now_s):
            self._listener(told)
        for text in self._telephones.received():
            to = self._names.get(text.number)
            data = {"to": "unknown" if to is None else to.value, "text": text.text}
            self._listener(Happening(now_s, "sms", data))
        for news in self._broker.news():
            self._listener(Happening(now_s, "broker", news))


class RealTime:
    """A message that goes by a real network needs real time."""

    def __init__(self) -> None:
        self._ahead_s: float | None = None

    def wait(self, carriers: Iterable[Carrier], now_s: float) -> None:
        """Let the story be no faster than the world while one of these has a message in hand."""
        if all(carrier.idle for carrier in carriers):
            self._ahead_s = None
            return
        ahead_s = now_s - time.monotonic()
        if self._ahead_s is None:
            self._ahead_s = ahead_s
        time.sleep(max(0.0, ahead_s - self._ahead_s))
