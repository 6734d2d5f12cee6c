"""The modem's side of the line: answers AT commands as real ones do, with delays, chatter and faults."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from hw.modem import pdu
from hw.modem.fake.profiles import FAKE_PROFILES, FAULTS

_REBOOT_EVERY_S: Final = 30.0
_STORAGE: Final = 20
_SLOW_START_S: Final = 40.0
_LATE_NETWORK_S: Final = 60.0
_VERY_LATE_S: Final = 90.0
_WAKES_S: Final = 3.0
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
_DAMAGED: Final = ("", "not hexadecimal", "0791", "00FFFFFFFF")
_OTHER_STORAGE: Final = {"SM": "ME", "ME": "SM"}
_OLD_UTC_S: Final = 1_740_000_000.0
_STALE_S: Final = 3 * 86_400.0
_WORDS: Final = {
    ("CME", 3): "operation not allowed",
    ("CME", 10): "SIM not inserted",
    ("CME", 11): "SIM PIN required",
    ("CME", 14): "SIM busy",
    ("CME", 16): "incorrect password",
    ("CMS", 8): "operator determined barring",
    ("CMS", 38): "network out of order",
    ("CMS", 42): "congestion",
    ("CMS", 302): "operation not allowed",
    ("CMS", 303): "operation not supported",
    ("CMS", 304): "invalid PDU mode parameter",
    ("CMS", 310): "SIM not inserted",
    ("CMS", 311): "SIM PIN required",
    ("CMS", 314): "SIM busy",
    ("CMS", 330): "SMSC address unknown",
    ("CMS", 331): "no network service",
    ("CMS", 332): "network timeout",
    ("CMS", 500): "unknown error",
}


@dataclass(frozen=True, slots=True)
class FakeText:
    """What a phone received: to whom, what, when (the fake's seconds). Its repr hides number and text."""

    number: str
    text: str
    at_s: float

    def __repr__(self) -> str:
        return f"FakeText(to=…{self.number[-2:]}, at_s={self.at_s:.2f})"


class FakeModem:
    """The modem's side of the line.

    `instant` answers at once and is registered from the start (for a story clock); otherwise the
    profile's delays hold. `chatter` lets it talk by itself. `reports` sends delivery reports. The
    network's clock showed `network_utc_s` when the fake's own time was 0; None: it tells no time.
    """

    def __init__(
        self,
        profile: str = "sim800",
        *,
        pin: str | None = None,
        instant: bool = True,
        chatter: bool = False,
        reports: bool = True,
        seed: int = 0,
        network_utc_s: float | None = None,
    ) -> None:
        self.name = profile
        self._network_utc_s = network_utc_s
        self.profile = FAKE_PROFILES[profile]
        self.texts: list[FakeText] = []
        self.faults: dict[str, str] = {}
        self.pin_tries = 3
        self._pin = pin
        self._instant = instant
        self._chatter = chatter
        self._reports = reports
        self._random = random.Random(seed)
        self._now = 0.0
        self._queue: list[tuple[float, bytes]] = []
        self._last_at_s = 0.0
        self._output = bytearray()
        self._line = bytearray()
        self._stores: dict[str, dict[int, str]] = {"SM": {}, "ME": {}, "SR": {}}
        self._memory = self._arrivals = "SM"
        self._smsc = ""
        self._backlog: list[tuple[str, str]] = []
        self._reference = 0
        self._pieces: dict[tuple[str, int], dict[int, str]] = {}
        self._answers = 0
        self._previous: tuple[str, ...] = ("OK",)
        self._next_chatter_s = self.profile.chatter_s
        self._reboot_s: float | None = None
        self._fed = True
        self._powered_s = 0.0
        self._settle(0.0)

    def __repr__(self) -> str:
        return f"FakeModem({self.name}, faults={sorted(self.faults)}, texts={len(self.texts)})"

    # --- for whoever plays with it --------------------------------------------------------------

    def fault(self, name: str, on: bool = True, *, cure: str = "") -> None:
        """Switch a fault; KeyError for an unknown one.

        `cure`: `reset`, `reopen`, `power` (the supply was cut) or `key` (switched off and on) ends it too.
        """
        if name not in FAULTS and re.fullmatch(r"cms:\d{1,3}", name) is None:
            raise KeyError(name)
        was_on = name in self.faults
        if on:
            self.faults[name] = cure
        else:
            self.faults.pop(name, None)
        if on and name in ("slow_start", "late_network"):
            self.reboot()
        if name == "damaged" and on:
            for index in range(1, _STORAGE):
                self._stored.setdefault(index, _DAMAGED[index % len(_DAMAGED)])
        if name == "no_notice" and on:
            self._notify = False
        if name in ("radio_off", "asleep") and was_on and not on:
            self._radio_on()
        if name == "off":
            self._queue.clear()
            if not on:
                self.reboot()
        if name == "reboot_loop":
            self._reboot_s = self._now + _REBOOT_EVERY_S if on else None

    def incoming(self, number: str, text: str) -> None:
        """Somebody writes to the kiosk; waits in the network while the storage is full."""
        self._backlog.append((number, text))

    def say(self, line: str) -> None:
        """Let the modem say a line by itself, now."""
        self._emit(f"\r\n{line}\r\n".encode("latin-1"), 0.0)

    def reboot(self, *, banner: bool = True) -> None:
        """Restart: settings are lost, what was being done is forgotten."""
        self._let_out()
        self._queue.clear()
        boot_s = 0.0 if self._instant else self.profile.boot_s
        self._settle(self._now + boot_s)
        if banner:
            for line in self.profile.banner:
                self._emit(f"\r\n{line}\r\n".encode("latin-1"), boot_s)

    def reopened(self) -> None:
        """The port was closed and opened."""
        self._cure("reopen")

    def supply(self, on: bool) -> None:
        """What feeds the modem was cut, or came back."""
        self._fed = on
        self._queue.clear()
        if not on:
            return
        for how in ("power", "key", "reopen", "reset"):
            self._cure(how)
        self.faults.pop("off", None)
        self.reboot()

    def key(self, down: bool) -> None:
        """The power key was pressed, or let go: that switches off what runs, and on what is off."""
        if down:
            return
        if "off" in self.faults:
            for how in ("key", "reopen", "reset"):
                self._cure(how)
            self.fault("off", on=False)
        else:
            self.fault("off")

    # --- bytes and time -------------------------------------------------------------------------

    def feed(self, data: bytes, now_s: float) -> None:
        self._now = max(self._now, now_s)
        if self._now < self._powered_s or not self._running:
            return
        for byte in data:
            self._take(byte)

    def poll(self, now_s: float) -> None:
        self._now = max(self._now, now_s)
        while self._backlog and len(self._arriving) < self._room():
            self._store(*self._backlog.pop(0))
        if self._chatter and self._now >= self._next_chatter_s:
            self._next_chatter_s = self._now + self.profile.chatter_s
            self.say(self._random.choice(self.profile.chatter))
        if self._reboot_s is not None and self._now >= self._reboot_s:
            self._reboot_s = self._now + _REBOOT_EVERY_S
            self.reboot()
        self._let_out()

    def _let_out(self) -> None:
        """What is due leaves."""
        due = [item for item in self._queue if item[0] <= self._now]
        if due:
            self._queue = [item for item in self._queue if item[0] > self._now]
            for _, data in due:
                self._output += data

    def take_output(self) -> bytes:
        data = bytes(self._output)
        self._output.clear()
        return data

    def next_wake_s(self) -> float | None:
        times = [at_s for at_s, _ in self._queue]
        if self._chatter:
            times.append(self._next_chatter_s)
        if self._reboot_s is not None:
            times.append(self._reboot_s)
        if self._backlog and len(self._arriving) < self._room():
            times.append(self._now)
        return min(times) if times else None

    # --- inside ---------------------------------------------------------------------------------

    def _settle(self, powered_s: float) -> None:
        self._powered_s = powered_s
        self._line.clear()
        self._echo = True
        self._text_mode = True
        self._numeric = False
        self._charset = "GSM"
        self._notify = False
        self._reports_to = 0
        self._memory = self._arrivals = "SM"
        self._listed: set[int] = set()
        self._body: str | None = None
        self._unlocked = self._pin is None
        self._busy_until_s = 0.0
        self._waiting: list[str] = []
        self._registered_s = powered_s + (0.0 if self._instant else self.profile.register_s)

    def _radio_on(self) -> None:
        self._registered_s = max(
            self._registered_s, self._now + (0.0 if self._instant else self.profile.register_s)
        )
        self._busy_until_s = self._now + (0.0 if self._instant else _WAKES_S)

    @property
    def _stored(self) -> dict[int, str]:
        """The storage that commands are about."""
        return self._stores[self._memory]

    @property
    def _arriving(self) -> dict[int, str]:
        return self._stores[self._arriving_name]

    @property
    def _arriving_name(self) -> str:
        return _OTHER_STORAGE[self._arrivals] if "other_storage" in self.faults else self._arrivals

    @property
    def _running(self) -> bool:
        return self._fed and not {"absent", "off"} & self.faults.keys()

    def _cure(self, how: str) -> None:
        for name in [name for name, cure in self.faults.items() if cure == how]:
            self.fault(name, on=False)

    def _room(self) -> int:
        return 0 if "storage_full" in self.faults else _STORAGE

    def _emit(self, data: bytes, after_s: float, *, in_order: bool = True) -> None:
        """Lines leave in the order in which they were said."""
        if "mute" in self.faults or not self._running:
            return
        if "noise" in self.faults and self._random.random() < 0.4:
            junk = bytes(self._random.randrange(256) for _ in range(self._random.randrange(1, 12)))
            data = b"\r\n" + junk.replace(b">", b"?") + b"\r\n" + data
        at_s = self._now + after_s
        if in_order:
            at_s = max(at_s, self._last_at_s if self._last_at_s > self._now else 0.0)
            self._last_at_s = at_s
        self._queue.append((at_s, data))
        self._queue.sort(key=lambda item: item[0])

    def _take(self, byte: int) -> None:
        char = bytes((byte,))
        if self._echo or "echo" in self.faults:
            self._emit(char, 0.0)
        if self._body is not None:
            if char == b"\x1b":
                self._body = None
                self._line.clear()
                self._answer(("OK",))
            elif char == b"\x1a":
                body = self._line.decode("latin-1").strip()
                self._line.clear()
                target, self._body = self._body, None
                self._take_body(target, body)
            elif char not in b"\r\n":
                self._line += char
            return
        if char == b"\x1b":
            self._line.clear()
        elif char == b"\r":
            command = self._line.decode("latin-1").strip()
            self._line.clear()
            if command:
                self._command(command)
        elif char != b"\n":
            self._line += char

    def _reply_s(self) -> float:
        reply_s = 0.0 if self._instant else self.profile.reply_s
        return reply_s + (2.0 if "slow" in self.faults else 0.0)

    def _answer(self, lines: tuple[str, ...], after_s: float = 0.0) -> None:
        """The answer to a command, with whatever faults do to it."""
        self._answers += 1
        if "wrong_reply" in self.faults:
            lines, self._previous = self._previous, lines
        if "no_ok" in self.faults and len(lines) > 1 and lines[-1] == "OK":
            lines = lines[:-1]
        data = b""
        for line in lines:
            if "drop" in self.faults and self._random.random() < 0.3:
                continue
            data += f"\r\n{line}\r\n".encode("latin-1")
        if "half_line" in self.faults and self._answers % 3 == 0:
            data = data[: len(data) // 2]
        if data:
            self._emit(data, after_s + self._reply_s())
            if "duplicate" in self.faults:
                self._emit(data, after_s + self._reply_s())

    def _error(self, number: int, family: str = "CME") -> None:
        said = self._said_error(number, family)
        self._answer((said if self._numeric or "verbose" in self.faults or family == "CMS" else "ERROR",))

    def _said_error(self, number: int, family: str) -> str:
        words = _WORDS.get((family, number), "unknown error") if "verbose" in self.faults else number
        return f"+{family} ERROR: {words}"

    def _command(self, command: str) -> None:
        upper = command.upper()
        if not upper.startswith("AT"):
            self._answer(("ERROR",))
            return
        if upper.startswith(_TEXT_COMMANDS) and self._texts_refused():
            return
        fixed = self._fixed_answer(upper)
        if fixed is not None:
            self._answer((fixed, "OK"))
            return
        for prefix, handler in self._HANDLERS:
            if upper.startswith(prefix):
                handler(self, command[len(prefix) :])
                return
        if upper == "AT" or re.fullmatch(r"AT(?:[EQV][01]|Z|&F)+", upper):
            if "e0_refused" in self.faults and len(upper) > 4:
                self._answer(("ERROR",))
                return
            if "E0" in upper:
                self._echo = False
            elif "E1" in upper or "Z" in upper or "&F" in upper:
                self._echo = True
            self._answer(("OK",))
        else:
            self._answer(("ERROR",))

    def _fixed_answer(self, upper: str) -> str | None:
        for command, answer in self.profile.answers:
            if upper == command.upper():
                return answer.format(tries=self.pin_tries)
        return None

    def _texts_refused(self) -> bool:
        """Before a modem is wholly up it refuses what it takes later."""
        if "slow_start" in self.faults and self._now < self._powered_s + _SLOW_START_S:
            self._error(3)
            return True
        if "late_network" in self.faults and self._registration() != 1:
            self._answer(("ERROR",))
            return True
        return False

    def _card_error(self) -> int | None:
        if {"no_sim", "asleep"} & self.faults.keys() or self._now < self._busy_until_s:
            return 10
        if "sim_busy" in self.faults:
            return 14
        if not self._unlocked or "wrong_pin" in self.faults:
            return 11
        return None

    def _cmd_cpin(self, rest: str) -> None:
        error = self._card_error()
        if rest == "?":
            if error in (10, 14):
                self._error(error)
            else:
                wants = "READY" if error is None else "SIM PUK" if self.pin_tries == 0 else "SIM PIN"
                if "net_locked" in self.faults:
                    wants = "PH-NET PIN"
                elif "pin2" in self.faults and error is None:
                    wants = "SIM PIN2"
                self._answer((f"+CPIN: {wants}", "OK"))
            return
        if rest == f'="{self._pin}"' and "wrong_pin" not in self.faults and self.pin_tries:
            self._unlocked = True
            self.pin_tries = 3
            self._answer(("OK",))
        else:
            self.pin_tries = max(0, self.pin_tries - 1)
            self._error(16)

    def _cmd_registration(self, kind: str, rest: str) -> None:
        if rest != "?":
            self._answer(("OK",))
            return
        self._answer((f"+{kind}: 0,{self._registration()}", "OK"))

    def _registration(self) -> int:
        if "denied" in self.faults:
            return 3
        if {"radio_off", "asleep"} & self.faults.keys():
            return 0
        lost = {"unregistered", "net_locked"} & self.faults.keys()
        late_s = _LATE_NETWORK_S if "late_network" in self.faults else 0.0
        if lost or self._card_error() or self._now < max(self._registered_s, self._powered_s + late_s):
            return 2
        return 1

    def _cmd_cfun(self, rest: str) -> None:
        state = 0 if "asleep" in self.faults else 4 if "radio_off" in self.faults else 1
        if rest == "?":
            self._answer((f"+CFUN: {state}", "OK"))
            return
        if rest == "=1":
            for name in ("radio_off", "asleep"):
                if name in self.faults:
                    self.fault(name, on=False)
        self._answer(("OK",))

    def _cmd_creg(self, rest: str) -> None:
        self._cmd_registration("CREG", rest)

    def _cmd_cgreg(self, rest: str) -> None:
        self._cmd_registration("CGREG", rest)

    def _cmd_cereg(self, rest: str) -> None:
        self._cmd_registration("CEREG", rest)

    def _cmd_cmee(self, rest: str) -> None:
        self._numeric = rest == "=1" and "verbose" not in self.faults
        self._answer(("ERROR" if "verbose" in self.faults else "OK",))

    def _cmd_cmgf(self, rest: str) -> None:
        if rest == "=0" and self.name == "generic_text":
            self._error(303, "CMS")
            return
        self._text_mode = rest == "=1"
        self._answer(("OK",))

    def _cmd_cscs(self, rest: str) -> None:
        if "no_ucs2" in self.faults and "UCS2" in rest:
            self._error(303, "CMS")
            return
        self._charset = rest.strip('="')
        self._answer(("OK",))

    def _cmd_cnmi(self, rest: str) -> None:
        if "no_notice" in self.faults:
            self._error(302, "CMS")
            return
        values = rest.strip("=").split(",")
        self._notify = len(values) > 1 and values[1] == "1"
        self._reports_to = int(values[3]) if len(values) > 3 and values[3].isdecimal() else 0
        self._answer(("OK",))

    def _cmd_cpms(self, rest: str) -> None:
        names = [name.strip('"') for name in rest.strip("=").split(",")]
        if rest != "?":
            if "no_notice" in self.faults or not set(names) <= self._stores.keys() or "SR" in names[1:]:
                self._error(302, "CMS")
                return
            self._memory = names[0]
            if len(names) == 3:
                self._arrivals = names[2]
        used = _STORAGE if "storage_full" in self.faults else len(self._stored)
        numbers = f"{used},{_STORAGE}"
        if rest == "?":
            shown = ",".join(f'"{name}",{numbers}' for name in (self._memory, "SM", self._arrivals))
        else:
            shown = ",".join(numbers for _ in range(3))
        self._answer((f"+CPMS: {shown}", "OK"))

    def _cmd_csca(self, rest: str) -> None:
        if rest != "?":
            self._smsc = rest.strip('="')
            self._answer(("OK",))
            return
        number = "" if "no_smsc" in self.faults else "+491710760000"
        self._answer((f'+CSCA: "{self._smsc or number}",145', "OK"))

    def _cmd_csq(self, rest: str) -> None:
        self._answer(("+CSQ: 99,99" if "unregistered" in self.faults else "+CSQ: 20,99", "OK"))

    def _cmd_cops(self, rest: str) -> None:
        self._answer(('+COPS: 0,0,"Testnet",2' if "unregistered" not in self.faults else "+COPS: 0", "OK"))

    def _cmd_cclk(self, rest: str) -> None:
        # What a modem shows that no network ever told the time (SIM800 AT manual).
        told = datetime(1980, 1, 6, tzinfo=UTC)
        if self._network_utc_s is not None:
            told = datetime.fromtimestamp(self._network_utc_s + self._now, UTC)
        self._answer((f'+CCLK: "{told:%y/%m/%d,%H:%M:%S}+00"', "OK"))

    def _cmd_cgmm(self, rest: str) -> None:
        self._answer((self.profile.model, "OK"))

    def _cmd_cusd(self, rest: str) -> None:
        self._answer(("OK",))
        self._emit(b'\r\n+CUSD: 0,"Balance 42.00",15\r\n', 0.0 if self._instant else 2.0)

    def _cmd_ok(self, rest: str) -> None:
        self._answer(("OK",))

    def _cmd_reset(self, rest: str) -> None:
        if "mute" in self.faults and self.faults["mute"] != "reset":
            return
        self._answer(("OK",))
        self._cure("reset")
        self.reboot()

    def _cmd_cmgl(self, rest: str) -> None:
        listed = [self._entry(f"+CMGL: {index},", stored) for index, stored in sorted(self._stored.items())]
        self._listed |= self._stored.keys()
        if "slow_list" not in self.faults:
            self._answer((*(line for lines in listed for line in lines), "OK"))
            return
        for place, lines in enumerate(listed):
            self._emit("".join(f"\r\n{line}" for line in lines).encode("latin-1"), 8.0 + 2.0 * place)
        self._emit(b"\r\nOK\r\n", 8.0 + 2.0 * len(listed))

    def _cmd_cmgr(self, rest: str) -> None:
        stored = self._stored.get(int(rest.strip("=")) if rest.strip("=").isdecimal() else -1)
        if stored is None:
            self._error(321, "CMS")
        else:
            self._answer((*self._entry("+CMGR: ", stored), "OK"))

    def _entry(self, header: str, stored: str) -> tuple[str, ...]:
        """One stored message as it is listed."""
        try:
            message = pdu.decode(stored)
        except pdu.PduError:
            return f"{header}{0 if not self._text_mode else 'REC READ'},,{len(stored) // 2}", stored
        if not self._text_mode:
            return f"{header}0,,{len(stored) // 2 - 1}", stored
        stamp = '"26/03/01,10:00:00+22"'
        number = self._said(message.number)
        if isinstance(message, pdu.StatusReport):
            stamp = _stamp(message.sent_utc_s)
            report = f'6,{message.reference},"{number}",145,{stamp},{stamp},{message.status}'
            return (f'{header}"REC UNREAD",{report}',)
        assert isinstance(message, pdu.Deliver)
        return f'{header}"REC UNREAD","{number}",,{stamp}', self._said(message.text)

    def _said(self, text: str) -> str:
        return text.encode("utf-16-be").hex().upper() if self._charset == "UCS2" else text

    def _cmd_cmgd(self, rest: str) -> None:
        if "no_delete" in self.faults:
            self._error(302, "CMS")
            return
        index, _, which = rest.strip("=").partition(",")
        if which not in ("", "0"):
            for listed in self._listed:
                self._stored.pop(listed, None)
        elif index.isdecimal():
            self._stored.pop(int(index), None)
        self._answer(("OK",))

    def _cmd_cmgs(self, rest: str) -> None:
        error = self._card_error()
        if error is not None:
            self._error({10: 310, 11: 311, 14: 314}[error], "CMS")
            return
        self._body = rest.strip("=")
        if "no_prompt" not in self.faults:
            self._emit(b"\r\n> ", self._reply_s())

    def _take_body(self, target: str, body: str) -> None:
        """The network has the text, or will not have it."""
        if "brown_out" in self.faults:
            self.say("UNDER-VOLTAGE WARNNING")
            self.say("UNDER-VOLTAGE POWER DOWN")
            self.reboot()
            return
        if "silent_reboot" in self.faults:
            self.reboot(banner=False)
            return
        read = self._read_body(target, body)
        if read is None:
            self._error(304, "CMS")
            return
        number, text, report, piece = read
        refused = next((int(name[4:]) for name in self.faults if name.startswith("cms:")), None)
        if "no_credit" in self.faults:
            refused = 8
        if self._registration() != 1:
            refused = 331
        network_s = 0.0 if self._instant else self.profile.network_s
        network_s += 45.0 if "late" in self.faults else 12.0 if "slow" in self.faults else 0.0
        if "no_smsc" in self.faults and not self._smsc:
            refused = 330
        if refused is not None:
            self._answer((self._said_error(refused, "CMS"),), network_s)
            return
        self._reference = (self._reference + 1) & 0xFF
        delivered = "undelivered" not in self.faults
        if delivered:
            self._deliver(number, text, piece)
        if "very_late" in self.faults:
            said = f"\r\n+CMGS: {self._reference}\r\n\r\nOK\r\n"
            self._emit(said.encode("latin-1"), _VERY_LATE_S, in_order=False)
        elif "unsaid" not in self.faults:
            self._answer((f"+CMGS: {self._reference}", "OK"), network_s)
        if report and self._reports and self._reports_to:
            after_s = network_s + (0.0 if self._instant else 3.0)
            now_utc_s = None if self._network_utc_s is None else self._network_utc_s + self._now
            if "stale_report" in self.faults:
                self._report(number, 0x46, (now_utc_s or _OLD_UTC_S) - _STALE_S, after_s)
            self._report(number, 0x00 if delivered else 0x46, now_utc_s, after_s)

    def _report(self, number: str, status: int, utc_s: float | None, after_s: float) -> None:
        """What became of a text: told directly, or stored and only its place told."""
        stamp = "00" * 7 if utc_s is None else pdu.encode_stamp(utc_s)
        report = pdu.encode_status_report(self._reference, number, status, stamp=stamp)
        if self._reports_to == 2 or "other_storage" in self.faults:
            stored = self._stores["SR"]
            place = next((index for index in range(1, _STORAGE + 1) if index not in stored), None)
            if place is None:
                return
            stored[place] = report.hex
            lines = f'\r\n+CDSI: "SR",{place}\r\n'
        elif self._text_mode:
            when = _stamp(utc_s)
            told = f'6,{self._reference},"{self._said(number)}",145,{when},{when},{status}'
            lines = f"\r\n+CDS: {told}\r\n"
        else:
            lines = f"\r\n+CDS: {report.length}\r\n{report.hex}\r\n"
        self._emit(lines.encode("latin-1"), after_s)

    def _read_body(self, target: str, body: str) -> tuple[str, str, bool, pdu.Concatenation | None] | None:
        """Number, text, whether a report is wanted, and the piece; None for what no modem would take."""
        if self._text_mode:
            number = target.strip('"')
            if self._charset != "UCS2":
                return number, body, False, None
            try:
                return (
                    bytes.fromhex(number).decode("utf-16-be"),
                    bytes.fromhex(body).decode("utf-16-be"),
                    True,
                    None,
                )
            except ValueError:
                return None
        try:
            message = pdu.decode(body, outgoing=True)
        except pdu.PduError:
            return None
        if not isinstance(message, pdu.Submit) or target != str(len(body) // 2 - 1 - int(body[:2], 16)):
            return None
        return message.number, message.text, message.report, message.concatenation

    def _deliver(self, number: str, text: str, piece: pdu.Concatenation | None) -> None:
        if piece is None:
            self.texts.append(FakeText(number, text, self._now))
            return
        pieces = self._pieces.setdefault((number, piece.reference), {})
        pieces[piece.sequence] = text
        if len(pieces) == piece.total:
            del self._pieces[(number, piece.reference)]
            whole = "".join(pieces[index] for index in sorted(pieces))
            self.texts.append(FakeText(number, whole, self._now))

    def _store(self, number: str, text: str) -> None:
        arriving = self._arriving
        index = next(index for index in range(1, _STORAGE + 1) if index not in arriving)
        arriving[index] = pdu.encode_deliver(number, text).hex
        if self._notify:
            self.say(f'+CMTI: "{self._arriving_name}",{index}')

    _HANDLERS: Final[tuple[tuple[str, Callable[[FakeModem, str], None]], ...]] = (
        ("AT+CPIN", _cmd_cpin),
        ("AT+CREG", _cmd_creg),
        ("AT+CGREG", _cmd_cgreg),
        ("AT+CEREG", _cmd_cereg),
        ("AT+CMEE", _cmd_cmee),
        ("AT+CMGF", _cmd_cmgf),
        ("AT+CSCS", _cmd_cscs),
        ("AT+CNMI", _cmd_cnmi),
        ("AT+CPMS", _cmd_cpms),
        ("AT+CSCA", _cmd_csca),
        ("AT+CSQ", _cmd_csq),
        ("AT+COPS", _cmd_cops),
        ("AT+CCLK", _cmd_cclk),
        ("AT+CGMM", _cmd_cgmm),
        ("AT+CUSD", _cmd_cusd),
        ("AT+CMGL", _cmd_cmgl),
        ("AT+CMGR", _cmd_cmgr),
        ("AT+CMGD", _cmd_cmgd),
        ("AT+CMGS", _cmd_cmgs),
        ("AT+CSMP", _cmd_ok),
        ("AT+QURCCFG", _cmd_ok),
        ("AT^CURC", _cmd_ok),
        ("AT+CFUN=1,1", _cmd_reset),
        ("AT+CRESET", _cmd_reset),
        ("AT+CFUN", _cmd_cfun),
    )


def _stamp(utc_s: float | None) -> str:
    """A time as text mode writes it."""
    return '""' if utc_s is None else f'"{datetime.fromtimestamp(utc_s, UTC):%y/%m/%d,%H:%M:%S}+00"'
