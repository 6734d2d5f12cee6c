"""What a fake modem answers to each command, as real ones do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Protocol

from hw.modem import pdu
from hw.modem.fake import card as cards
from hw.modem.fake.card import FakeCard
from hw.modem.fake.condition import Condition
from hw.modem.fake.network import HOME, FakeNetwork
from hw.modem.fake.stores import PLACES, Stores
from hw.modem.fake.voice import Voice
from hw.modem.fake.writing import Writing

_SLOW_START_S: Final = 40.0
_VERY_LATE_S: Final = 90.0
_REPORTED_S: Final = 3.0
_DELIVERED: Final = 0x00
_NOT_DELIVERED: Final = 0x46
"""The status of a text in its report (3GPP TS 23.040, 9.2.3.15): received; validity over."""
_OLD_UTC_S: Final = 1_740_000_000.0
_STALE_S: Final = 3 * 86_400.0
_TEXT_COMMANDS: Final = (
    "AT+CMGF",
    "AT+CMGS",
    "AT+CMGL",
    "AT+CMGR",
    "AT+CMGD",
    "AT+CPMS",
    "AT+CNMI",
    "AT+CSCA",
    "AT+CSCS",
    "AT+CSMP",
)


class Power(Protocol):
    """What commands may do to the modem as a whole."""

    def fault(self, name: str, on: bool = True, *, cure: str = "") -> None: ...

    def cure(self, how: str) -> None: ...

    def reboot(self, *, banner: bool = True) -> None: ...


class Commands:
    """`echo` as set; `target`: to whom the text goes that is being handed over, None while none is.

    `reports` sends delivery reports.
    """

    def __init__(
        self,
        condition: Condition,
        voice: Voice,
        card: FakeCard,
        network: FakeNetwork,
        power: Power,
        *,
        reports: bool,
    ) -> None:
        self.echo = True
        self.target: str | None = None
        self.writing = Writing()
        self.stores = Stores(condition, voice, self.writing)
        self._condition = condition
        self._voice = voice
        self._card = card
        self._network = network
        self._power = power
        self._reports = reports
        self._smsc = ""

    def settle(self) -> None:
        """The modem was restarted: nothing that was set holds."""
        self.echo = True
        self.target = None
        self.writing.settle()
        self.stores.settle()

    def obey(self, command: str) -> None:
        upper = command.upper()
        if not upper.startswith("AT"):
            self._voice.answer("ERROR")
            return
        if upper.startswith(_TEXT_COMMANDS) and self._texts_refused():
            return
        for known, fixed in self._condition.profile.answers:
            if upper == known.upper():
                self._voice.answer(fixed.format(tries=self._card.tries), "OK")
                return
        for prefix, handler in self._HANDLERS:
            if upper.startswith(prefix):
                handler(self, command[len(prefix) :])
                return
        self._basic(upper)

    def _basic(self, upper: str) -> None:
        """The commands of a letter and a digit (ITU-T V.250)."""
        known = upper == "AT" or re.fullmatch(r"AT(?:[EQV][01]|Z|&F)+", upper)
        if not known or (self._condition.suffers("e0_refused") and len(upper) > 4):
            self._voice.answer("ERROR")
            return
        if "E0" in upper:
            self.echo = False
        elif "E1" in upper or "Z" in upper or "&F" in upper:
            self.echo = True
        self._voice.answer("OK")

    def _texts_refused(self) -> bool:
        """Before a modem is fully up it refuses what it takes later."""
        condition = self._condition
        if condition.suffers("slow_start") and condition.now_s < condition.powered_s + _SLOW_START_S:
            self._voice.error(3)
            return True
        if condition.suffers("late_network") and self._network.registration != HOME:
            self._voice.answer("ERROR")
            return True
        return False

    # --- card, network, clock -------------------------------------------------------------------

    def _cpin(self, rest: str) -> None:
        if rest == "?":
            error = self._card.error()
            if error in (cards.MISSING, cards.BUSY):
                self._voice.error(error)
            else:
                self._voice.answer(f"+CPIN: {self._card.wants()}", "OK")
            return
        pin = re.fullmatch(r'="(.*)"', rest)
        if pin is not None and self._card.enter(pin[1]):
            self._voice.answer("OK")
        else:
            self._voice.error(16)

    def _registered(self, kind: str, rest: str) -> None:
        if rest == "?":
            self._voice.answer(f"+{kind}: 0,{self._network.registration}", "OK")
        else:
            self._voice.answer("OK")

    def _creg(self, rest: str) -> None:
        self._registered("CREG", rest)

    def _cgreg(self, rest: str) -> None:
        self._registered("CGREG", rest)

    def _cereg(self, rest: str) -> None:
        self._registered("CEREG", rest)

    def _cfun(self, rest: str) -> None:
        suffers = self._condition.suffers
        if rest == "?":
            self._voice.answer(f"+CFUN: {0 if suffers('asleep') else 4 if suffers('radio_off') else 1}", "OK")
            return
        if rest == "=1":
            for name in ("radio_off", "asleep"):
                if suffers(name):
                    self._power.fault(name, on=False)
        self._voice.answer("OK")

    def _csca(self, rest: str) -> None:
        if rest != "?":
            self._smsc = rest.strip('="')
            self._voice.answer("OK")
            return
        number = "" if self._condition.suffers("no_smsc") else "+491710760000"
        self._voice.answer(f'+CSCA: "{self._smsc or number}",145', "OK")

    def _csq(self, rest: str) -> None:
        self._voice.answer("+CSQ: 99,99" if self._condition.suffers("unregistered") else "+CSQ: 20,99", "OK")

    def _cops(self, rest: str) -> None:
        lost = self._condition.suffers("unregistered")
        self._voice.answer("+COPS: 0" if lost else '+COPS: 0,0,"Testnet",2', "OK")

    def _cclk(self, rest: str) -> None:
        # What a modem shows that no network ever told the time (SIM800 AT manual).
        told = datetime(1980, 1, 6, tzinfo=UTC)
        utc_s = self._network.utc_s
        if utc_s is not None:
            told = datetime.fromtimestamp(utc_s, UTC)
        self._voice.answer(f'+CCLK: "{told:%y/%m/%d,%H:%M:%S}+00"', "OK")

    def _cusd(self, rest: str) -> None:
        self._voice.answer("OK")
        self._voice.say('+CUSD: 0,"Balance 42.00",15', self._condition.takes_s(2.0))

    # --- settings, and the modem itself ---------------------------------------------------------

    def _cmee(self, rest: str) -> None:
        verbose = self._condition.suffers("verbose")
        self._voice.numeric = rest == "=1" and not verbose
        self._voice.answer("ERROR" if verbose else "OK")

    def _cmgf(self, rest: str) -> None:
        if rest == "=0" and self._condition.profile.text_only:
            self._voice.error(303, "CMS")
            return
        self.writing.text_mode = rest == "=1"
        self._voice.answer("OK")

    def _cscs(self, rest: str) -> None:
        if self._condition.suffers("no_ucs2") and "UCS2" in rest:
            self._voice.error(303, "CMS")
            return
        self.writing.charset = rest.strip('="')
        self._voice.answer("OK")

    def _cnmi(self, rest: str) -> None:
        if self._condition.suffers("no_notice"):
            self._voice.error(302, "CMS")
            return
        values = rest.strip("=").split(",")
        self.stores.tells = len(values) > 1 and values[1] == "1"
        self.stores.reports_to = int(values[3]) if len(values) > 3 and values[3].isdecimal() else 0
        self._voice.answer("OK")

    def _cgmm(self, rest: str) -> None:
        self._voice.answer(self._condition.profile.model, "OK")

    def _ok(self, rest: str) -> None:
        self._voice.answer("OK")

    def _reset(self, rest: str) -> None:
        faults = self._condition.faults
        if "mute" in faults and faults["mute"] != "reset":
            return
        self._voice.answer("OK")
        self._power.cure("reset")
        self._power.reboot()

    # --- stored texts ---------------------------------------------------------------------------

    def _cpms(self, rest: str) -> None:
        stores = self.stores
        if rest != "?" and not stores.choose([name.strip('"') for name in rest.strip("=").split(",")]):
            self._voice.error(302, "CMS")
            return
        numbers = f"{stores.used},{PLACES}"
        if rest == "?":
            shown = ",".join(f'"{name}",{numbers}' for name in (stores.memory, "SM", stores.arrivals))
        else:
            shown = ",".join(numbers for _ in range(3))
        self._voice.answer(f"+CPMS: {shown}", "OK")

    def _cmgl(self, rest: str) -> None:
        listed = self.stores.listed()
        if not self._condition.suffers("slow_list"):
            self._voice.answer(*(line for lines in listed for line in lines), "OK")
            return
        for place, lines in enumerate(listed):
            self._voice.emit("".join(f"\r\n{line}" for line in lines).encode("latin-1"), 8.0 + 2.0 * place)
        self._voice.say("OK", 8.0 + 2.0 * len(listed))

    def _cmgr(self, rest: str) -> None:
        entry = self.stores.read(int(rest.strip("=")) if rest.strip("=").isdecimal() else -1)
        if entry is None:
            self._voice.error(321, "CMS")
        else:
            self._voice.answer(*entry, "OK")

    def _cmgd(self, rest: str) -> None:
        if self._condition.suffers("no_delete"):
            self._voice.error(302, "CMS")
            return
        index, _, which = rest.strip("=").partition(",")
        if which in ("", "0"):
            self.stores.delete(index)
        else:
            self.stores.delete_read()
        self._voice.answer("OK")

    # --- a text that goes out -------------------------------------------------------------------

    def _cmgs(self, rest: str) -> None:
        error = self._card.error()
        if error is not None:
            self._voice.error({cards.MISSING: 310, cards.WANTS_PIN: 311, cards.BUSY: 314}[error], "CMS")
            return
        self.target = rest.strip("=")
        if not self._condition.suffers("no_prompt"):
            self._voice.emit(b"\r\n> ", self._voice.reply_s)

    def hand_over(self, target: str, body: str) -> None:
        """The network has the text, or will not have it."""
        suffers = self._condition.suffers
        if suffers("brown_out"):
            self._voice.say("UNDER-VOLTAGE WARNNING")
            self._voice.say("UNDER-VOLTAGE POWER DOWN")
            self._power.reboot()
            return
        if suffers("silent_reboot"):
            self._power.reboot(banner=False)
            return
        written = self.writing.read(target, body)
        if written is None:
            self._voice.error(304, "CMS")
            return
        answers_s = self._network.answers_s
        refused = self._network.refuses(self._smsc)
        if refused is not None:
            self._voice.answer(self._voice.error_line(refused, "CMS"), after_s=answers_s)
            return
        delivered = self._network.take(written)
        reference = self._network.reference
        if suffers("very_late"):
            said = f"\r\n+CMGS: {reference}\r\n\r\nOK\r\n"
            self._voice.emit(said.encode("latin-1"), _VERY_LATE_S, in_order=False)
        elif not suffers("unsaid"):
            self._voice.answer(f"+CMGS: {reference}", "OK", after_s=answers_s)
        if written.report and self._reports and self.stores.reports_to:
            self._report(written.number, delivered, answers_s + self._condition.takes_s(_REPORTED_S))

    def _report(self, number: str, delivered: bool, after_s: float) -> None:
        reference, utc_s = self._network.reference, self._network.utc_s
        if self._condition.suffers("stale_report"):
            old_s = (utc_s or _OLD_UTC_S) - _STALE_S
            self.stores.report(pdu.StatusReport(reference, number, _NOT_DELIVERED, old_s), after_s)
        status = _DELIVERED if delivered else _NOT_DELIVERED
        self.stores.report(pdu.StatusReport(reference, number, status, utc_s), after_s)

    _HANDLERS: Final[tuple[tuple[str, Callable[[Commands, str], None]], ...]] = (
        ("AT+CPIN", _cpin),
        ("AT+CREG", _creg),
        ("AT+CGREG", _cgreg),
        ("AT+CEREG", _cereg),
        ("AT+CMEE", _cmee),
        ("AT+CMGF", _cmgf),
        ("AT+CSCS", _cscs),
        ("AT+CNMI", _cnmi),
        ("AT+CPMS", _cpms),
        ("AT+CSCA", _csca),
        ("AT+CSQ", _csq),
        ("AT+COPS", _cops),
        ("AT+CCLK", _cclk),
        ("AT+CGMM", _cgmm),
        ("AT+CUSD", _cusd),
        ("AT+CMGL", _cmgl),
        ("AT+CMGR", _cmgr),
        ("AT+CMGD", _cmgd),
        ("AT+CMGS", _cmgs),
        ("AT+CSMP", _ok),
        ("AT+QURCCFG", _ok),
        ("AT^CURC", _ok),
        ("AT+CFUN=1,1", _reset),
        ("AT+CRESET", _reset),
        ("AT+CFUN", _cfun),
    )
