"""Brings a modem up until it takes texts, and looks after it then: what it refuses now is asked for again."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from hw.modem import replies
from hw.modem.card import Card, Subscription
from hw.modem.ladder import Ladder
from hw.modem.models import ModemProfile
from hw.modem.news import News
from hw.modem.owed import Owed
from hw.modem.status import (
    DENIED,
    REGISTERED,
    look_at_facts,
    look_at_registration,
    look_at_service_centre,
    look_at_signal,
    note_storage,
)
from hw.modem.steps import ESCAPE, Answer, Ask, Broken, Outcome, Pause, Script, Step, ask, wonder
from hw.modem.storage import Storage
from hw.modem.talk import Talk
from hw.ports import ModemTrouble

WAKE_SOFT_S: Final = 4.0
_WAKE_S: Final = 10.0
_RADIO_S: Final = 15.0
_RADIO_GIVE_UP_S: Final = 20.0
_NOT_YET_S: Final = 100.0
"""How long a modem may refuse what it must take: many do so for a minute after their start."""
_SEARCH_S: Final = 2.0
_SEARCH_TOLD_S: Final = 15.0
_SEARCH_RESET_S: Final = 180.0
_HEALTH_S: Final = 30.0
_FACTS_S: Final = 600.0
_BALANCE_S: Final = 86_400
_STABLE_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class _Radio:
    """Whether the modem tells the state of its radio, and whether that was off."""

    known: bool
    was_off: bool


class Ready:
    """The way from a modem in any state to one that takes texts.

    `awake`: it has answered since it was last looked for. `health_due_s`: when it is looked after next.
    """

    def __init__(
        self,
        profile: ModemProfile,
        subscription: Subscription,
        talk: Talk,
        news: News,
        ladder: Ladder,
        storage: Storage,
        owed: Owed,
    ) -> None:
        self.awake = False
        self.health_due_s = 0.0
        self._profile = profile
        self._status = news.status
        self._card = Card(subscription, profile.pin_tries, news.status, lambda: talk.now_s)
        self._smsc = subscription.smsc
        self._balance_ussd = subscription.balance_ussd
        self._talk = talk
        self._news = news
        self._ladder = ladder
        self._storage = storage
        self._owed = owed
        self._since_s = 0.0
        self._facts_due_s = 0.0
        self._balance_due_s = 0.0

    @property
    def boot_s(self) -> float:
        """How long a modem that was restarted is waited for."""
        return self._profile.boot_s * self._ladder.patience

    def look_soon(self) -> None:
        """The modem says that it is up: it may take now what it refused."""
        self.health_due_s = min(self.health_due_s, self._talk.now_s)

    def get(self, wake_s: float | None = None, *, hurry: bool = False) -> Script:
        """Bring it up. `hurry`: only look whether that works now, and wait for nothing."""
        self.awake = False
        status = self._status
        if wake_s is None:
            wake_s = WAKE_SOFT_S if self._ladder.looking_for_rate else _WAKE_S
        status.doing = "waking the modem"
        yield from self._wake(0.0 if hurry else wake_s)
        self.awake = True
        self._talk.echoes = False
        yield from ask("AT+CMEE=1")
        self._talk.echoes = self._talk.hearing.echoed
        status.model = (yield from wonder("AT+CGMM", free=True)) or status.model
        for command in self._profile.quiet:
            yield from wonder(command)
        status.doing = "opening the SIM card"
        radio = yield from self._switch_radio_on()
        yield from self._card.open(was_off=radio.was_off)
        if not radio.known:
            # Some answer nothing before the PIN.
            yield from self._switch_radio_on()
        status.doing = "searching for a network"
        yield from self._register(hurry=hurry)
        status.doing = "setting up its texts"
        yield from self._set_up_texts(hurry=hurry)
        yield from look_at_signal(status)
        yield from self._look_at_facts()
        status.ready, status.trouble, status.detail, status.doing = True, None, "", ""
        self._since_s = self._talk.now_s
        self.health_due_s = self._talk.now_s + _HEALTH_S
        self._storage.read_soon()
        if hurry:
            self._ladder.spared()
        else:
            self.climbed(worked=True)
        self._news.ready()
        if status.service_centre is False:
            # Told, and texts tried all the same: some modems do not tell the number that they use.
            self._news.trouble(ModemTrouble.NO_SMSC, "the card has no number of an SMS centre")

    def climbed(self, *, worked: bool) -> None:
        """The rung of the ladder that was being tried, if any, is over."""
        recovery = self._ladder.ended(worked, self._talk.now_s)
        self._status.recoveries = self._ladder.recoveries
        if recovery is not None:
            self._news.tell(recovery)

    def check(self) -> Script:
        """Is it still there, still itself, still in a network?"""
        self.health_due_s = self._talk.now_s + _HEALTH_S
        yield from look_at_signal(self._status)
        if self._talk.lost_settings:
            raise self._status.silent_restart()
        states = yield from look_at_registration(self._profile, self._status)
        if states and not states & REGISTERED:
            self._status.ready = False
            yield from self.get()
            return
        if self._talk.now_s - self._since_s >= _STABLE_S:
            self._ladder.stable()
        if not self._storage.set_up:
            yield from self._storage.choose()
        self._storage.read_again()
        if self._balance_ussd is not None and self._talk.now_s >= self._balance_due_s:
            self._balance_due_s = self._talk.now_s + _BALANCE_S
            yield from wonder(f'AT+CUSD=1,"{self._balance_ussd}",15', 10.0)
        if self._talk.now_s >= self._facts_due_s:
            yield from self._look_at_facts()
            line = yield from wonder("AT+CPMS?", info="+CPMS:")
            if line is not None:
                note_storage(self._status, replies.split(line)[1:3])
            self._storage.read_soon()

    # --- its steps ------------------------------------------------------------------------------

    def _wake(self, wait_s: float) -> Generator[Step, Answer, None]:
        """Until the modem answers, whatever it says. The escape ends a text that was left half sent."""
        talk = self._talk
        began_s = talk.now_s
        give_up_s = began_s + wait_s
        escape = b""
        while True:
            answer = yield Ask(escape + b"ATE0Q0V1\r", 0.7)
            if talk.lost_settings:
                # It was restarted: nothing from before is to come.
                self._owed.forget()
            if answer.outcome is Outcome.ERROR or (
                answer.outcome is Outcome.TIMEOUT and talk.hearing.stirred
            ):
                # Refused together, they may be taken one by one.
                for command in ("ATV1", "ATQ0", "ATE0"):
                    yield from wonder(command, 0.7)
            elif not answer.ok:
                if talk.now_s >= give_up_s:
                    self._ladder.not_heard()
                    raise Broken(ModemTrouble.MUTE, "no answer to AT")
                escape = b"" if escape else ESCAPE
                yield Pause(0.3 if talk.now_s < began_s + _WAKE_S else _SEARCH_S)
                continue
            self._ladder.heard()
            return

    def _switch_radio_on(self) -> Generator[Step, Answer, _Radio]:
        """Some rest with the radio (4) or all of it (0) off, as another program or a weak supply left it."""
        give_up_s = self._talk.now_s + _RADIO_GIVE_UP_S
        was_off = False
        while True:
            line = yield from wonder("AT+CFUN?", info="+CFUN:")
            if line is None or replies.split(line)[0] == "1":
                return _Radio(line is not None, was_off)
            was_off = True
            if self._talk.now_s >= give_up_s:
                # The network judges: some have numbers of their own for "on".
                return _Radio(True, was_off)
            self._status.doing = "switching its radio on"
            yield Ask(b"AT+CFUN=1\r", _RADIO_S)
            yield Pause(1.0)

    def _insist(self, command: str, *, hurry: bool) -> Generator[Step, Answer, None]:
        """Until the modem takes what it must take. The ladder's next rung when it does not for long."""
        since_s = self._talk.now_s
        while True:
            answer = yield from ask(command)
            if answer.ok:
                return
            meaning = answer.meaning
            words = f"the modem refuses {command} ({meaning.words})"
            waited_s = self._talk.now_s - since_s
            self._note_wait(meaning.trouble, words, told=waited_s >= _SEARCH_TOLD_S)
            if hurry or waited_s >= _NOT_YET_S * self._ladder.patience:
                raise Broken(meaning.trouble, words)
            yield Pause(_SEARCH_S)

    def _register(self, *, hurry: bool) -> Generator[Step, Answer, None]:
        """Until a network takes the card. The ladder's next rung when none does for long."""
        since_s = self._talk.now_s
        while True:
            states = yield from look_at_registration(self._profile, self._status)
            if states & REGISTERED:
                return
            denied = DENIED in states
            trouble = ModemTrouble.DENIED if denied else ModemTrouble.NOT_REGISTERED
            words = "the network refuses the card" if denied else "searching for a network"
            waited_s = self._talk.now_s - since_s
            self._note_wait(trouble, words, told=denied or waited_s >= _SEARCH_TOLD_S)
            most_s = _SEARCH_RESET_S * self._ladder.patience
            if hurry or waited_s >= most_s:
                raise Broken(trouble, f"{words} for {most_s:.0f} s")
            yield Pause(_SEARCH_S)

    def _note_wait(self, trouble: ModemTrouble, words: str, *, told: bool) -> None:
        """Why it is not ready yet; `told` to the caller too once that takes long."""
        if told:
            self._news.down(trouble, words)
        self._status.trouble, self._status.detail = trouble, words

    def _set_up_texts(self, *, hurry: bool) -> Generator[Step, Answer, None]:
        yield from look_at_service_centre(self._status)
        if self._status.service_centre is False and self._smsc is not None:
            yield from ask(f'AT+CSCA="{self._smsc}"', 5.0)
            yield from look_at_service_centre(self._status)
        yield from self._insist(f"AT+CMGF={int(self._profile.text_mode)}", hurry=hurry)
        if self._profile.text_mode:
            # Without it the phones would get our hexadecimal.
            yield from self._insist('AT+CSCS="UCS2"', hurry=hurry)
        self._storage.forget_set_up()
        yield from self._storage.choose()

    def _look_at_facts(self) -> Generator[Step, Answer, None]:
        self._facts_due_s = self._talk.now_s + _FACTS_S
        yield from look_at_facts(self._profile, self._status, lambda: self._talk.now_s)
        millivolts = self._status.supply_mv
        if millivolts is not None and millivolts < self._profile.supply_low_mv:
            self._news.supply_low(f"{millivolts / 1000:.2f} V")
        elif millivolts is not None:
            self._status.supply_low = False
