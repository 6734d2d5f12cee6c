"""Speaks to a GSM modem: bytes and time go in, bytes and events come out; no port or thread is in here.

Promises. Every text that `send` takes is answered by its deadline, whatever the modem says or does not
say in between. Only a line that a command asked for counts as its answer; everything else a modem likes to
throw in (rings, signal reports, boot banners, noise, answers that come too late) is dropped or noted. A
PIN is tried once. What a modem refuses now it may take in a minute: it is asked again before it is
restarted, and no remedy cuts off what it waits for. Between two steps there is always a pause, so a modem in
any state costs next to nothing.

How: one script (a generator) runs at a time: get ready, send a text, read the inbox, look after the
modem's health, recover. A script yields what it waits for; `feed` and `poll` answer it. Command names and
replies: 3GPP TS 27.005 (texts) and TS 27.007 (the rest).
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hw.modem import gsm7, pdu, replies
from hw.modem.card import Card
from hw.modem.hearing import REBOOTED, Heard, Hearing
from hw.modem.ladder import Ladder
from hw.modem.models import ModemProfile
from hw.modem.pin import PinMemory, PinMemoryInRam
from hw.modem.power import PowerKind
from hw.modem.status import (
    Status,
    look_at_facts,
    look_at_registration,
    look_at_service_centre,
    look_at_signal,
    note_storage,
)
from hw.modem.steps import Answer, Ask, Broken, Outcome, Pause, Script, Step, Unusable, ask, wonder
from hw.modem.storage import Storage, from_pdu, from_report
from hw.ports import (
    ModemDown,
    ModemEvent,
    ModemReady,
    ModemTrouble,
    Rung,
    TextAccepted,
    TextFailed,
)

_SETTLE_S: Final = 0.02
"""Quiet that must pass before a command is written: what comes in that time belongs to the one before."""
_HALF_LINE_S: Final = 0.25
_SKEWED_S: Final = 0.5
"""The quiet needed after an answer was missed: it may still come."""
_UNANSWERED_S: Final = 1.0
_PROMPT_S: Final = 5.0
_DRAIN_S: Final = 30.0
"""How long after its deadline a text may still be accepted, before the modem counts as hung."""
_OWED_S: Final = 120.0
"""How much longer the answer to a text that was given up may come, and be mistaken for the next one's."""
_SECOND_S: Final = 20.0
"""How long a second answer is waited for, where the first may be that of a text that was given up."""
_WAKE_S: Final = 10.0
_WAKE_SOFT_S: Final = 4.0
_LIST_MAX_S: Final = 180.0
_LIST_HURRY_S: Final = 60.0
_LIST_SILENCE_S: Final = 5.0
"""The most that a list may take, without and with a text that waits to go out; and its silence then."""
_RADIO_S: Final = 15.0
_RADIO_GIVE_UP_S: Final = 20.0
_NOT_YET_S: Final = 100.0
"""How long a modem may refuse what it must take: many do so for a minute after their start."""
_SEARCH_S: Final = 2.0
_SEARCH_TOLD_S: Final = 15.0
_SEARCH_RESET_S: Final = 180.0
_HEALTH_S: Final = 30.0
_FACTS_S: Final = 600.0
_STABLE_S: Final = 120.0
_UNUSABLE_S: Final = 30.0
_SETTLED: Final = frozenset(("SMS Ready", "SMS READY", "SMS DONE", "+QIND: SMS DONE"))
_FULL: Final = ("^SMMEMFULL", '+QIND: "SMSFULL"', "+SMSFULL", "+SMS FULL", "SMS FULL")
_ESCAPE: Final = b"\x1b"
_CTRL_Z: Final = b"\x1a"


class Request(StrEnum):
    """What the engine asks of whoever holds the port."""

    REOPEN = "reopen"
    PULL_SWITCH = "pull_switch"
    """Close the port, pull the power switch, let go of it in its time, open the port again."""


@dataclass(slots=True, repr=False)
class _Text:
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
class _Owed:
    """A text that was given up while the modem had it: its answer may still come until then."""

    text: _Text
    until_s: float


# --- the engine ------------------------------------------------------------------------------------


class Engine:
    """The conversation with one modem.

    The holder of the port calls `port_opened` and `port_lost`, feeds what it reads, writes what
    `take_output` gives, does what `take_requests` asks, and polls at `next_wake_s`. `power` is
    what can restart the modem from outside, None where nothing is wired. `smsc` is set as the SMS centre
    where the card has none. `balance_ussd` is asked once a day where it is set (`*100#`). `reports` asks for
    delivery reports. Whoever reopens the port does so at the next of `rates` line rates: a modem that was
    never heard is first looked for at each.
    """

    def __init__(
        self,
        profile: ModemProfile,
        pin: str | None = None,
        *,
        pin_memory: PinMemory | None = None,
        power: PowerKind | None = None,
        smsc: str | None = None,
        balance_ussd: str | None = None,
        reports: bool = True,
        rates: int = 1,
    ) -> None:
        self.profile = profile
        self.status = Status()
        memory = pin_memory if pin_memory is not None else PinMemoryInRam()
        self._card = Card(pin, memory, profile.pin_tries, self.status, lambda: self._now)
        self._smsc = smsc
        self._balance_ussd = balance_ussd
        self._reports_wanted = reports
        self._ladder = Ladder(power, rates)
        self._now = 0.0
        self._open = False
        self._hearing = Hearing()
        self._output = bytearray()
        self._events: list[ModemEvent] = []
        self._requests: list[Request] = []
        self._script: Script | None = None
        self._step: Step | None = None
        self._due_s = 0.0
        self._skewed = False
        self._echoes = False
        self._awake = False
        self._draining = False
        self._text: _Text | None = None
        self._long_reference = 0
        self._not_before_s = 0.0
        self._ready_since_s = 0.0
        self._health_due_s = 0.0
        self._facts_due_s = 0.0
        self._balance_due_s = 0.0
        self._storage = Storage(profile, self.status, self._events.append, lambda: self._text is not None)
        self._owed: list[_Owed] = []
        self._last_reference: int | None = None
        self._owed_since = 0
        self._told: tuple[ModemTrouble, str] | None = None

    # --- for the holder of the port -------------------------------------------------------------

    @property
    def ready(self) -> bool:
        return self.status.ready

    @property
    def idle(self) -> bool:
        """True when a text may be handed over."""
        return self.status.ready and self._text is None and not self._draining

    def send(
        self,
        ticket: int,
        number: str,
        text: str,
        deadline_s: float,
        now_s: float,
        validity_s: float = 86_400.0,
    ) -> None:
        """Take a text; answered by `TextAccepted` or `TextFailed` at the latest when polled at `deadline_s`.

        A text that the network takes after its deadline is told by a late `TextAccepted`. RuntimeError
        when another text is in hand.
        """
        if self._text is not None:
            raise RuntimeError("the modem has a text in hand")
        self._now = max(self._now, now_s)
        self._text = _Text(ticket, number, text, deadline_s, validity_s)
        self._advance()

    def port_opened(self, now_s: float) -> None:
        """The port is open and the modem's state unknown."""
        self._now = max(self._now, now_s)
        self._open = True
        self._hearing.forget_line(self._now)
        self._start(self._get_ready(self._boot_s() if self._ladder.restarting else None))
        self._advance()

    def port_lost(self, now_s: float, detail: str, trouble: ModemTrouble = ModemTrouble.ABSENT) -> None:
        """The port is gone or could not be opened; called again for every failed attempt."""
        self._now = max(self._now, now_s)
        self._open = False
        self._hearing.forget_line(self._now)
        self._stop_script("the port was lost")
        self._down(trouble, detail)
        self._advance()

    def switch_failed(self, now_s: float, detail: str) -> None:
        """The power switch did not obey; told with what the modem suffers from."""
        self._now = max(self._now, now_s)
        self._down(self._ladder.trouble or ModemTrouble.MUTE, f"the modem's power switch failed ({detail})")

    def port_closed(self, now_s: float) -> None:
        """The port was closed on purpose, as `Request` asked; `port_opened` or `port_lost` follows."""
        self._now = max(self._now, now_s)
        self._open = False
        self._hearing.forget_line(self._now)
        self._advance()

    def feed(self, data: bytes, now_s: float) -> None:
        """What the modem sent, in pieces of any size."""
        self._now = max(self._now, now_s)
        if not self._open or not data:
            return
        for heard, line in self._hearing.feed(data, self._now):
            if heard is Heard.ANSWERED:
                self._answered()
            elif heard is Heard.PDU:
                self._take(functools.partial(from_pdu, line))
            else:
                self._take_unsolicited(line)
        self._advance()

    def poll(self, now_s: float) -> None:
        """Let time pass. Cheap when nothing is due."""
        self._now = max(self._now, now_s)
        self._advance()

    def next_wake_s(self) -> float | None:
        """When to poll next if nothing is heard; None while the port is closed and no text waits."""
        times: list[float] = []
        if self._text is not None:
            times.append(self._text.deadline_s)
        if self._open:
            if self._step is None:
                times.append(self._next_script_s())
            elif isinstance(self._step, Ask) and self._hearing.ask is None:
                times.append(min(self._write_s(), self._due_s))
            else:
                times.append(self._ask_due_s(self._step) if isinstance(self._step, Ask) else self._due_s)
                if self._hearing.grace_s is not None:
                    times.append(self._hearing.grace_s)
        return min(times) if times else None

    def take_output(self) -> bytes:
        data = bytes(self._output)
        self._output.clear()
        return data

    def take_events(self) -> tuple[ModemEvent, ...]:
        events = tuple(self._events)
        self._events.clear()
        return events

    def take_requests(self) -> tuple[Request, ...]:
        requests = tuple(self._requests)
        self._requests.clear()
        return requests

    # --- what the modem says ----------------------------------------------------------------------

    def _take_unsolicited(self, line: str) -> None:
        if line.startswith(("+CMTI:", "+CDSI:")):
            self._storage.note_arrival(replies.split(line[6:]))
        elif line.startswith("+CMGS:"):
            self._take_late_answer(line[6:].strip())
        elif line in _SETTLED:
            self._health_due_s = min(self._health_due_s, self._now)
        elif line.startswith(_FULL):
            self._storage.read_soon()
        elif line.startswith(("+CDS:", "+CMT:")):
            fields = replies.split(line[5:])
            if line.startswith("+CDS:") and len(fields) >= 7:
                self._take(functools.partial(from_report, fields))
            elif fields[-1].isdecimal() and len(fields[-1]) < 4:
                self._hearing.pdu_follows(int(fields[-1]))
        elif line.startswith("+CUSD:"):
            self._take_ussd(line[6:])
        elif line.startswith(("UNDER-VOLTAGE WARN", "UNDER_VOLTAGE")):
            self._complain("the modem says so")
        elif line in REBOOTED or line.startswith("*ATREADY"):
            self._rebooted(line)

    def _complain(self, detail: str) -> None:
        """The supply is too low: told when that begins."""
        if not self.status.supply_low:
            self.status.supply_low = True
            self._events.append(ModemDown(ModemTrouble.SUPPLY_LOW, detail))

    def _take_ussd(self, rest: str) -> None:
        fields = replies.split(rest)
        if len(fields) < 2:
            return
        words = fields[1]
        if len(words) % 4 == 0 and replies.HEX.match(words):
            words = bytes.fromhex(words).decode("utf-16-be", "replace")
        self.status.balance = "".join(char if char.isprintable() else " " for char in words)[:160]

    def _rebooted(self, line: str) -> None:
        """The modem started anew: nothing that was set or asked still holds."""
        if line.startswith("UNDER-VOLTAGE"):
            self._complain("the modem switched itself off")
        if not self._awake:
            self._forget_owed()
            return
        self.status.reboots += 1
        self._stop_script("the modem restarted")
        self._forget_owed()
        self._script = self._climb(Broken(ModemTrouble.MUTE, "the modem restarted by itself", restarted=True))

    # --- texts that come in ---------------------------------------------------------------------

    def _take(self, read: Callable[[], ModemEvent | None]) -> None:
        """What came by itself, and is gone if it cannot be read."""
        with contextlib.suppress(ValueError):
            event = read()
            if event is not None:
                self._events.append(event)

    # --- running scripts ------------------------------------------------------------------------

    def _start(self, script: Script) -> None:
        self._script = script
        self._step = None
        self._hearing.rest()

    def _stop_script(self, why: str) -> None:
        if self._script is not None:
            self._script.close()
        self._script = None
        self._step = None
        self._hearing.rest()
        self._draining = False
        self._awake = False
        self.status.ready = False
        self._hearing.last_reference = None
        text = self._text
        if text is not None and text.handed_over:
            self._owe(text)
            self._fail(text, ModemTrouble.MUTE, f"{why} before the network had answered", True)

    def _answered(self) -> None:
        """The current step has its answer: let the script go on."""
        answer = self._hearing.answer
        self._step = None
        self._hearing.rest()
        self._resume(answer)

    def _resume(self, answer: Answer | None) -> None:
        script = self._script
        if script is None:
            return
        try:
            step = next(script) if answer is None else script.send(answer)
        except StopIteration:
            if self._script is script:
                self._script = None
            return
        except Broken as broken:
            was_ready = self.status.ready
            if self._text is not None:
                self._text.setback = (broken.trouble, broken.detail)
            self._stop_script(broken.detail)
            self._script = self._climb(broken, was_ready=was_ready)
            return
        except Unusable as unusable:
            self._stop_script(unusable.detail)
            self._down(unusable.trouble, unusable.detail)
            self._not_before_s = self._now + _UNUSABLE_S
            return
        self._step = step
        self._due_s = self._now + step.wait_s
        if isinstance(step, Ask) and step.at_once:
            self._write(step)

    def _write_s(self) -> float:
        """When the line has been quiet for long enough to write."""
        quiet = _SKEWED_S if self._skewed else _HALF_LINE_S if self._hearing.in_a_line else _SETTLE_S
        return self._hearing.heard_s + quiet

    def _write(self, ask: Ask) -> None:
        if not ask.at_once:
            self._hearing.forget_line(self._now)
        self._hearing.listen(ask)
        self._output += ask.data
        self._due_s = self._now + ask.wait_s

    def _advance(self) -> None:
        """Do all that is due now. Every turn of the loop starts, ends or writes a step."""
        while True:
            text = self._text
            if text is not None and self._now >= text.deadline_s:
                self._fail_late(text)
            if not self._open:
                return
            step = self._step
            if step is None:
                if self._script is None:
                    script = self._next_script()
                    if script is None:
                        return
                    self._script = script
                self._resume(None)
            elif isinstance(step, Pause):
                if self._now < self._due_s:
                    return
                self._step = None
                self._resume(Answer(Outcome.OK))
            elif self._hearing.ask is None:
                # A line that never falls silent is noise: it must not hold up the command for ever.
                if self._now < min(self._write_s(), self._due_s):
                    return
                self._skewed = False
                self._write(step)
                return
            elif self._hearing.grace_s is not None and self._now >= self._hearing.grace_s:
                self._skewed = True
                self._answered()
            elif self._now >= self._ask_due_s(step):
                self._skewed = True
                self._hearing.answer.outcome = Outcome.TIMEOUT
                self._answered()
            else:
                return

    def _ask_due_s(self, ask: Ask) -> float:
        """When no more of the answer is waited for: of a list, some time after its last byte."""
        if not ask.many:
            return self._due_s
        asked_s = self._due_s - ask.wait_s
        wait_s, most_s = ask.wait_s, _LIST_MAX_S
        if self._text is not None:
            wait_s, most_s = min(wait_s, _LIST_SILENCE_S), _LIST_HURRY_S
        return min(max(asked_s, self._hearing.heard_s) + wait_s, asked_s + most_s)

    def _next_script(self) -> Script | None:
        if self._now < self._next_script_s():
            return None
        if not self.status.ready:
            return self._get_ready()
        if self._text is not None:
            return self._send_text(self._text)
        if self._storage.due:
            return self._storage.read()
        return self._check_health()

    def _next_script_s(self) -> float:
        if not self.status.ready:
            return self._not_before_s
        if self._text is not None or self._storage.due:
            return self._now
        return self._health_due_s

    def _down(self, trouble: ModemTrouble, detail: str) -> None:
        self.status.ready = False
        self._tell_down(trouble, detail)

    def _tell_down(self, trouble: ModemTrouble, detail: str) -> None:
        self.status.trouble = trouble
        self.status.detail = detail
        if self._told != (trouble, detail):
            self._told = (trouble, detail)
            self._events.append(ModemDown(trouble, detail))

    # --- getting ready --------------------------------------------------------------------------

    def _get_ready(self, wake_s: float | None = None, *, hurry: bool = False) -> Script:
        """Bring it up. `hurry`: only look whether that works now, and wait for nothing."""
        self._awake = False
        status = self.status
        if wake_s is None:
            wake_s = _WAKE_SOFT_S if self._ladder.looking_for_rate else _WAKE_S
        status.doing = "waking the modem"
        yield from self._wake(0.0 if hurry else wake_s)
        self._awake = True
        self._echoes = False
        yield from ask("AT+CMEE=1")
        self._echoes = self._hearing.echoed
        status.model = (yield from wonder("AT+CGMM", free=True)) or status.model
        for command in self.profile.quiet:
            yield from wonder(command)
        status.doing = "opening the SIM card"
        known, was_off = yield from self._switch_radio_on()
        yield from self._card.open(was_off=was_off)
        if not known:
            # Some answer nothing before the PIN.
            yield from self._switch_radio_on()
        status.doing = "searching for a network"
        yield from self._register(hurry=hurry)
        status.doing = "setting up its texts"
        yield from self._set_up_texts(hurry=hurry)
        yield from look_at_signal(status)
        yield from self._look_at_facts()
        status.ready, status.trouble, status.detail, status.doing = True, None, "", ""
        self._ready_since_s = self._now
        self._health_due_s = self._now + _HEALTH_S
        self._storage.read_soon()
        if hurry:
            self._ladder.spared()
        else:
            self._climbed(worked=True)
        self._told = None
        self._events.append(ModemReady(status.operator, status.signal_dbm))
        if status.service_centre is False:
            # Told, and texts tried all the same: some modems do not tell the number that they use.
            self._tell_down(ModemTrouble.NO_SMSC, "the card has no number of an SMS centre")

    def _boot_s(self) -> float:
        return self.profile.boot_s * self._ladder.patience

    def _wake(self, wait_s: float) -> Generator[Step, Answer, None]:
        """Until the modem answers, whatever it says. The escape ends a text that was left half sent."""
        began_s = self._now
        give_up_s = began_s + wait_s
        escape = b""
        while True:
            answer = yield Ask(escape + b"ATE0Q0V1\r", 0.7)
            if self._hearing.echoed and not self._echoes:
                # It has lost its settings, so it was restarted: nothing from before is to come.
                self._forget_owed()
            if answer.outcome is Outcome.ERROR or (
                answer.outcome is Outcome.TIMEOUT and self._hearing.stirred
            ):
                # Refused together, they may be taken one by one.
                for command in ("ATV1", "ATQ0", "ATE0"):
                    yield from wonder(command, 0.7)
            elif not answer.ok:
                if self._now >= give_up_s:
                    self._ladder.not_heard()
                    raise Broken(ModemTrouble.MUTE, "no answer to AT")
                escape = b"" if escape else _ESCAPE
                yield Pause(0.3 if self._now < began_s + _WAKE_S else _SEARCH_S)
                continue
            self._ladder.heard()
            return

    def _switch_radio_on(self) -> Generator[Step, Answer, tuple[bool, bool]]:
        """Whether the modem tells, and whether it was off.

        One may rest with its radio (4) or all of it (0) off, as another program or a weak supply left it.
        """
        give_up_s = self._now + _RADIO_GIVE_UP_S
        was_off = False
        while True:
            line = yield from wonder("AT+CFUN?", info="+CFUN:")
            if line is None or replies.split(line)[0] == "1":
                return line is not None, was_off
            was_off = True
            if self._now >= give_up_s:
                # The network judges: some have numbers of their own for "on".
                return True, was_off
            self.status.doing = "switching its radio on"
            yield Ask(b"AT+CFUN=1\r", _RADIO_S)
            yield Pause(1.0)

    def _insist(self, command: str, *, hurry: bool) -> Generator[Step, Answer, None]:
        """Until the modem takes what it must take. The ladder's next rung when it does not for long."""
        since_s = self._now
        while True:
            answer = yield from ask(command)
            if answer.ok:
                return
            meaning = answer.meaning
            words = f"the modem refuses {command} ({meaning.words})"
            waited_s = self._now - since_s
            if waited_s >= _SEARCH_TOLD_S:
                self._down(meaning.trouble, words)
            self.status.trouble, self.status.detail = meaning.trouble, words
            if hurry or waited_s >= _NOT_YET_S * self._ladder.patience:
                raise Broken(meaning.trouble, words)
            yield Pause(_SEARCH_S)

    def _set_up_texts(self, *, hurry: bool) -> Generator[Step, Answer, None]:
        yield from look_at_service_centre(self.status)
        if self.status.service_centre is False and self._smsc is not None:
            yield from ask(f'AT+CSCA="{self._smsc}"', 5.0)
            yield from look_at_service_centre(self.status)
        yield from self._insist(f"AT+CMGF={int(self.profile.text_mode)}", hurry=hurry)
        if self.profile.text_mode:
            # Without it the phones would get our hexadecimal.
            yield from self._insist('AT+CSCS="UCS2"', hurry=hurry)
        self._storage.forget_set_up()
        yield from self._storage.choose()

    def _register(self, *, hurry: bool) -> Generator[Step, Answer, None]:
        """Until a network takes the card. The ladder's next rung when none does for long."""
        since_s = self._now
        while True:
            states = yield from look_at_registration(self.profile, self.status)
            if states & {1, 5, 6, 7}:
                return
            denied = 3 in states
            trouble = ModemTrouble.DENIED if denied else ModemTrouble.NOT_REGISTERED
            words = "the network refuses the card" if denied else "searching for a network"
            waited_s = self._now - since_s
            if denied or waited_s >= _SEARCH_TOLD_S:
                self._down(trouble, words)
            self.status.trouble, self.status.detail = trouble, words
            most_s = _SEARCH_RESET_S * self._ladder.patience
            if hurry or waited_s >= most_s:
                raise Broken(trouble, f"{words} for {most_s:.0f} s")
            yield Pause(_SEARCH_S)

    def _look_at_facts(self) -> Generator[Step, Answer, None]:
        self._facts_due_s = self._now + _FACTS_S
        yield from look_at_facts(self.profile, self.status, lambda: self._now)
        millivolts = self.status.supply_mv
        if millivolts is not None and millivolts < self.profile.supply_low_mv:
            self._complain(f"{millivolts / 1000:.2f} V")
        elif millivolts is not None:
            self.status.supply_low = False

    def _check_health(self) -> Script:
        """Is it still there, still itself, still in a network?"""
        self._health_due_s = self._now + _HEALTH_S
        yield from look_at_signal(self.status)
        self._demand_no_echo()
        states = yield from look_at_registration(self.profile, self.status)
        if states and not states & {1, 5, 6, 7}:
            self.status.ready = False
            yield from self._get_ready()
            return
        if self._now - self._ready_since_s >= _STABLE_S:
            self._ladder.stable()
        if not self._storage.set_up:
            yield from self._storage.choose()
        self._storage.read_again()
        if self._balance_ussd is not None and self._now >= self._balance_due_s:
            self._balance_due_s = self._now + 86_400
            yield from wonder(f'AT+CUSD=1,"{self._balance_ussd}",15', 10.0)
        if self._now >= self._facts_due_s:
            yield from self._look_at_facts()
            line = yield from wonder("AT+CPMS?", info="+CPMS:")
            if line is not None:
                note_storage(self.status, replies.split(line)[1:3])
            self._storage.read_soon()

    def _demand_no_echo(self) -> None:
        """A modem that echoes again has lost its settings: it restarted without a word."""
        if self._hearing.echoed and not self._echoes:
            raise self._silent_restart()

    def _silent_restart(self) -> Broken:
        self.status.reboots += 1
        return Broken(ModemTrouble.MUTE, "the modem restarted without saying so", restarted=True)

    # --- sending --------------------------------------------------------------------------------

    def _send_text(self, text: _Text) -> Script:
        number, coding = text.number, 0
        try:
            if self.profile.text_mode:
                pieces = pdu.split(text.text)
                parts = [
                    (f'AT+CMGS="{replies.to_ucs2(number)}"', replies.to_ucs2(piece))
                    for piece in replies.numbered(pieces)
                ]
                coding = 0 if gsm7.fits(text.text) else 8
                pdu.encode_submit(number, "")
            else:
                self._long_reference = (self._long_reference + 1) & 0xFF
                encoded = pdu.encode_submit(
                    number,
                    text.text,
                    reference=self._long_reference,
                    validity_s=text.validity_s,
                    report=self._reports_wanted,
                )
                parts = [(f"AT+CMGS={part.length}", part.hex) for part in encoded]
        except pdu.PduError as error:
            self._fail(text, ModemTrouble.REFUSED, str(error), False)
            return
        text.parts = len(parts)
        for command, body in parts:
            if self._text is not text:
                return
            answer = yield from ask(f"AT+CMGF={int(self.profile.text_mode)}")
            self._demand_no_echo()
            if answer.ok and self.profile.text_mode:
                for first in (49, 17) if self._reports_wanted else (17,):
                    validity = pdu.encode_validity(text.validity_s)
                    answer = yield from ask(f"AT+CSMP={first},{validity},0,{coding}")
                    if answer.ok:
                        break
                if not coding:
                    # What a modem does by itself is good enough for plain text.
                    answer.outcome = Outcome.OK
            if not answer.ok:
                # In the other mode the modem would take our hexadecimal for a number and a text.
                self._refused(text, answer)
                return
            answer = yield Ask(command.encode("ascii") + b"\r", _PROMPT_S, prompt=True)
            if answer.outcome is Outcome.PROMPT:
                restarted = self._hearing.echoed and not self._echoes
                if restarted or self._text is not text:
                    yield Ask(_ESCAPE, 1.0, at_once=True)
                    if restarted:
                        raise self._silent_restart()
                    return
                answer = yield from self._hand_over(text, body)
            elif answer.outcome is Outcome.TIMEOUT:
                yield Ask(_ESCAPE, 1.0, at_once=True)
                raise Broken(ModemTrouble.MUTE, "the modem did not ask for the text", look=False)
            if not answer.ok:
                self._refused(text, answer)
                return
            self._note_reference(text, _reference(answer))
        self._accept(text)

    def _hand_over(self, text: _Text, body: str) -> Generator[Step, Answer, Answer]:
        """From here the network may have the text, whatever is heard.

        An answer after the deadline is waited for: before it the modem takes no other text, and it tells
        what became of this one.
        """
        text.handed_over = True
        wait_s = max(0.0, text.deadline_s - self._now)
        step = Ask(body.encode("ascii") + _CTRL_Z, wait_s, info="+CMGS:", at_once=True)
        first: Answer | None = None
        while True:
            answer = yield step
            if answer.outcome is Outcome.TIMEOUT and first is not None:
                # Nothing else came: it was this text's answer, and none is owed any more.
                self._owed.clear()
                answer = first
            elif answer.outcome is Outcome.TIMEOUT and self._draining:
                self._draining = False
                self._owe(text)
                # A restart ends its wait too: then no answer to this one can be taken for the next one's.
                self._ladder.not_heard()
                raise Broken(ModemTrouble.MUTE, "the modem never said what became of a text", look=False)
            elif answer.outcome is Outcome.TIMEOUT:
                self._draining, self._skewed = True, False
                step = Ask(b"", _DRAIN_S, info="+CMGS:", at_once=True)
                continue
            elif first is not None:
                self._accept_owed(_reference(first))
            elif answer.ok and self._may_be_owed(_reference(answer)):
                first = answer
                self._draining = True
                self._hearing.last_reference = _reference(answer)
                step = Ask(b"", _SECOND_S, info="+CMGS:", at_once=True)
                continue
            self._draining = False
            self._hearing.last_reference = self._last_reference if self.profile.references_move else None
            return answer

    # answers to texts that were given up

    def _owe(self, text: _Text) -> None:
        self._owed.append(_Owed(text, self._now + _OWED_S))
        self._owed_since += 1

    def _forget_owed(self) -> None:
        """The modem was restarted: it answers nothing of before, and counts anew."""
        self._owed.clear()
        self._last_reference, self._owed_since = None, 0

    def _may_be_owed(self, reference: int) -> bool:
        """Whether this may be the answer to a text that was given up; the modem numbers what it sends."""
        self._owed = [owed for owed in self._owed if self._now < owed.until_s]
        if not self._owed:
            return False
        if self._last_reference is None or not self.profile.references_move:
            return True
        return (reference - self._last_reference) & 0xFF != self._owed_since + 1

    def _accept_owed(self, reference: int) -> None:
        """Two answers came: the first was that of the text that was given up first."""
        if not self._owed:
            return
        text = self._owed.pop(0).text
        text.references.append(reference)
        if len(text.references) == text.parts:
            self._events.append(TextAccepted(text.ticket, tuple(text.references)))

    def _take_late_answer(self, said: str) -> None:
        """An answer while nothing is asked: of a text that was given up, or one said twice."""
        value = said.split(",")[0]
        if self._owed and self.profile.references_move and value.isdecimal() and len(value) <= 5:
            reference = int(value) & 0xFF
            if reference != self._last_reference:
                self._last_reference, self._owed_since = reference, max(0, len(self._owed) - 1)
                self._accept_owed(reference)

    def _note_reference(self, text: _Text, reference: int) -> None:
        text.references.append(reference)
        self._last_reference, self._owed_since = reference, 0
        self._hearing.last_reference = reference if self.profile.references_move else None

    def _refused(self, text: _Text, answer: Answer) -> None:
        meaning = answer.meaning
        # A no to a text that was given up must not end this one for good.
        self._fail(text, meaning.trouble, meaning.words, meaning.retryable or bool(self._owed))
        if meaning.trouble not in (ModemTrouble.REFUSED, ModemTrouble.NO_CREDIT):
            self._down(meaning.trouble, meaning.words)
            self._not_before_s = self._now + _SEARCH_S

    def _accept(self, text: _Text) -> None:
        text.decided = True
        if self._text is text:
            self._text = None
        self._events.append(TextAccepted(text.ticket, tuple(text.references)))

    def _fail(self, text: _Text, trouble: ModemTrouble, cause: str, retryable: bool) -> None:
        if text.decided:
            return
        text.decided = True
        if self._text is text:
            self._text = None
        self._events.append(TextFailed(text.ticket, trouble, cause, retryable))

    def _fail_late(self, text: _Text) -> None:
        if text.handed_over:
            self._fail(text, ModemTrouble.REFUSED, "the network had not answered by the deadline", True)
        else:
            trouble, why = text.setback or (ModemTrouble.BUSY, "the modem was busy")
            if self._unanswered_s() >= _UNANSWERED_S:
                trouble, why = ModemTrouble.MUTE, "the modem does not answer"
            if self.status.trouble is not None:
                trouble, why = self.status.trouble, self.status.detail
            self._fail(text, trouble, f"not sent by the deadline: {why}", True)

    def _unanswered_s(self) -> float:
        """How long the command in the air has been waiting for its answer."""
        if self._step is None or self._hearing.ask is None:
            return 0.0
        return self._now - (self._due_s - self._step.wait_s)

    # --- the ladder -----------------------------------------------------------------------------

    def _climb(self, broken: Broken, *, was_ready: bool = False) -> Script:
        """One rung, then everything from the beginning. The rungs get rougher, the pauses longer.

        Before a rung that could restart what a modem is just about to end, it is looked at once more.
        """
        self._climbed(worked=False)
        rung, pause_s = self._ladder.climb(broken, self._now)
        # Each rung is told the first time round; a modem that stays dead for days does not fill the record.
        words = rung.value if self._ladder.first_round else "still recovering"
        self._down(broken.trouble, f"{broken.detail}; {words}")
        self.status.doing = words
        yield Pause(pause_s)
        just_seen = was_ready or broken.trouble is ModemTrouble.MUTE
        look = broken.look and not broken.restarted and rung is not Rung.SOFT
        if look and pause_s > (1.0 if just_seen else 0.0):
            try:
                yield from self._get_ready(hurry=True)
                return
            except Unusable:
                self._ladder.spared()
                raise
            except Broken:
                self.status.doing = words
        if rung is Rung.SOFT:
            yield Ask(_ESCAPE, 0.2)
        elif rung is Rung.RESET:
            yield Ask(_ESCAPE, 0.2)
            yield Ask(self.profile.reset.encode("ascii") + b"\r", 2.0)
            yield Pause(2.0)
        else:
            self._requests.append(Request.REOPEN if rung is Rung.REOPEN else Request.PULL_SWITCH)
            yield Pause(3.0)
        yield from self._get_ready(_WAKE_SOFT_S if rung is Rung.SOFT else self._boot_s())

    def _climbed(self, *, worked: bool) -> None:
        recovery = self._ladder.ended(worked, self._now)
        self.status.recoveries = self._ladder.recoveries
        if recovery is not None:
            self._events.append(recovery)


def _reference(answer: Answer) -> int:
    return int(answer.lines[0].split(",")[0]) & 0xFF
