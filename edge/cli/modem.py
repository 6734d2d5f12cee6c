"""`cabinguard modem`: a fake modem for the bench, and the technician's tool for a real one.

`check`, `send` and `watch` open the port themselves: stop the kiosk first, one program at a time can hold it.
"""

from __future__ import annotations

import argparse
import json
import re
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO

from edge.bench.terminal import escapes_wanted
from edge.cli.options import Commands, add_settings_options, load_settings, seconds
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.service.devices import open_modem
from edge.settings.schema import Settings
from edge.terms.printing import printable
from hw import board
from hw.bench import FAULTS, FakeModem, PtyModem
from hw.board import PROFILES, identify
from hw.clock import SystemClock
from hw.ports import (
    Modem,
    ModemDown,
    ModemEvent,
    ModemReady,
    ModemStatus,
    ModemTrouble,
    TextAccepted,
    TextFailed,
    TextReported,
)

DONE, WRONG, FAULT = 0, 1, 3
CHECK_S: Final = 120.0
"""Longer than a modem may refuse texts after its start."""
SEND_S: Final = 90.0
_STEP_S: Final = 0.05
STILL_S: Final = 10.0
_WEAK_DBM: Final = -100
_TYPE: Final = "type: FAULT on|off, sms NUMBER TEXT, faults, quit"
_HOPELESS: Final = frozenset(
    {
        ModemTrouble.ABSENT,
        ModemTrouble.BUSY,
        ModemTrouble.NO_SIM,
        ModemTrouble.PIN_WANTED,
        ModemTrouble.PIN_WRONG,
        ModemTrouble.LOCKED,
    }
)


# --- the command line ------------------------------------------------------------------------------


def add_parser(commands: Commands) -> None:
    """`modem` with its four commands."""
    parser = commands.add_parser("modem", help="fake, check, try or watch the GSM modem", description=__doc__)
    parts = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    fake = parts.add_parser("fake", help="a modem that is not there, behind a pseudo-terminal")
    fake.add_argument("--port-link", type=Path, metavar="PATH", help="a name for the port, made as a link")
    fake.add_argument("--profile", choices=sorted(PROFILES), default="sim800")
    fake.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="NAME",
        help=f"{', '.join(sorted(FAULTS))}, cms:N",
    )
    fake.add_argument("--pin", type=_pin, help="the PIN that its card wants")
    fake.add_argument("--instant", action="store_true", help="without the delays of a real one")
    fake.add_argument("--quiet", action="store_true", help="without lines that come by themselves")
    fake.add_argument("--for", dest="for_s", type=seconds, metavar="SECONDS", help="end by itself")
    fake.set_defaults(run=main, modem_command=_fake)
    check = parts.add_parser("check", help="is the modem there, has it a card, a network, a signal")
    check.add_argument(
        "--restart", action="store_true", help="first restart it by the switch in [wiring.modem_power]"
    )
    send = parts.add_parser("send", help="send one text and say what became of it")
    send.add_argument("number", type=_number, help='such as "+15550100"')
    send.add_argument("text", nargs="?", type=_text, default="CabinGuard test")
    send.add_argument("--delivery", action="store_true", help="wait until the phone has it")
    watch = parts.add_parser("watch", help="signal and registration, live")
    watch.add_argument("--for", dest="for_s", type=seconds, metavar="SECONDS", help="end by itself")
    for part, command in ((check, _check), (send, _send), (watch, _watch)):
        part.add_argument("--port", help="instead of the one in the settings")
        part.add_argument("--profile", choices=sorted(PROFILES), help="instead of the one in the settings")
        part.add_argument("--json", action="store_true", help="one JSON object a line")
        add_settings_options(part)
        part.set_defaults(run=main, modem_command=command)


def _number(text: str) -> str:
    """A telephone number as people write it."""
    number = "".join(char for char in text if char not in " -/().")
    if re.fullmatch(r"\+?[0-9]{3,15}", number) is None:
        raise argparse.ArgumentTypeError(f'"{text}" is no telephone number such as "+15550100"')
    return number


def _text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("the text is empty")
    if trouble := board.text_trouble(text):
        raise argparse.ArgumentTypeError(trouble)
    return text


def _pin(text: str) -> str:
    if re.fullmatch(r"[0-9]{4,8}", text) is None:
        raise argparse.ArgumentTypeError("a PIN has 4 to 8 digits")
    return text


def _fault(text: str) -> str:
    if text not in FAULTS and re.fullmatch(r"cms:\d{1,3}", text) is None:
        raise argparse.ArgumentTypeError(
            f'no fault is named "{text}"; there are {", ".join(sorted(FAULTS))}, cms:N'
        )
    return text


def main(args: argparse.Namespace) -> int:
    """Run one of the four; exit code 0 done, 1 the modem does not do its part, 3 a fault stopped it."""
    command: Callable[[argparse.Namespace], int] = args.modem_command
    return command(args)


# --- check, send, watch ----------------------------------------------------------------------------


def _settings(args: argparse.Namespace) -> Settings:
    for option, key in (("port", "modem.port"), ("profile", "modem.profile")):
        value: str | None = getattr(args, option)
        if value is not None:
            args.overrides = [*args.overrides, f"{key}={json.dumps(value)}"]
    return load_settings(args)


class _Line:
    """Waits for a modem and keeps what it said last; `aloud` says what it is at meanwhile, to stderr."""

    def __init__(self, modem: Modem, *, aloud: bool = False) -> None:
        self.modem = modem
        self._aloud = aloud
        self._said = ""
        self._said_s = self._began_s = time.monotonic()
        self.down: ModemDown | None = None
        self.events: list[ModemEvent] = []

    def poll(self) -> None:
        for event in self.modem.poll(time.monotonic()):
            self.events.append(event)
            if isinstance(event, ModemDown):
                self.down = event
            elif isinstance(event, ModemReady):
                self.down = None

    def wait(self, until: Callable[[], bool], limit_s: float) -> bool:
        end_s = time.monotonic() + limit_s
        while True:
            self.poll()
            if until():
                return True
            self._tell()
            if time.monotonic() >= end_s or self._hopeless():
                return until()
            time.sleep(_STEP_S)

    def _tell(self) -> None:
        """What the modem is at, when that changes, and every few seconds that it still is."""
        status = self.modem.status
        doing = status.doing or ("asking it" if status.ready else "opening the port")
        words = doing if self.down is None else f"{doing} ({self.down.detail})"
        now_s = time.monotonic()
        if not self._aloud or (words == self._said and now_s < self._said_s + STILL_S):
            return
        still = "still " if words == self._said else ""
        print(f"  {now_s - self._began_s:3.0f} s  {still}{words} ...", file=sys.stderr, flush=True)
        self._said, self._said_s = words, now_s

    def _hopeless(self) -> bool:
        """A port that is not there, or a card that wants something, will not recover while we look."""
        return self.down is not None and self.down.trouble in _HOPELESS

    def explain(self) -> str:
        """The fault in four lines."""
        if self.down is None:
            return explain("modem_mute", "no answer yet")
        return explain(f"modem_{self.down.trouble.value}", self.down.detail)


def _restart(settings: Settings) -> None:
    """Cut the supply, or press the key, once. Raises `FaultError` where nothing is wired, `HardwareError`."""
    switch = board.open_modem_switch(settings.wiring.modem_power, Path(settings.paths.runtime))
    if switch is None:
        raise FaultError("settings_conflict", "--restart needs wiring.modem_power.fitted = true")
    switch.pull(time.monotonic())
    while switch.pulled:
        time.sleep(_STEP_S)
        switch.poll(time.monotonic())


def _check(args: argparse.Namespace) -> int:
    settings = _settings(args)
    if args.restart:
        _restart(settings)
    modem = open_modem(settings, SystemClock())
    line = _Line(modem, aloud=not args.json)
    try:
        ready = line.wait(lambda: modem.idle, CHECK_S)
        facts = _facts(modem.status)
        if args.json:
            print(json.dumps({"ready": ready, **facts}))
        else:
            for name, value, good in _findings(modem.status, ready, settings.modem.profile):
                print(f"{'✓' if good else '✗'} {name}: {printable(value)}")
        well = ready and line.down is None
        if not well:
            print(line.explain(), file=sys.stderr)
    finally:
        modem.close()
    return DONE if well else WRONG


def _findings(status: ModemStatus, ready: bool, profile: str) -> list[tuple[str, str, bool]]:
    registered = any(state.startswith(("home", "roaming")) for state in status.registration.values())
    found = [
        ("answers", status.model or "unknown model", bool(status.model) or ready),
        (
            "network",
            ", ".join(f"{kind} {state}" for kind, state in status.registration.items()) or "none",
            registered,
        ),
        ("operator", status.operator or "none", bool(status.operator)),
        ("signal", *_signal(status)),
    ]
    if status.model:
        fits = identify(status.model)
        hint = "" if profile == fits else f'; modem.profile is "{profile}"'
        found.insert(1, ("profile", f"{fits}{hint}", True))
    if status.service_centre is not None:
        found.append(("SMS centre", "set" if status.service_centre else "missing", status.service_centre))
    if status.storage_total is not None and status.storage_used is not None:
        room = status.storage_used < status.storage_total
        found.append(("storage", f"{status.storage_used} of {status.storage_total} used", room))
    if status.told_of_texts is not None:
        told = (
            "told when they come" if status.told_of_texts else "asked for every 30 s, the modem does not tell"
        )
        found.append(("texts that come in", told, True))
    if status.supply_mv is not None:
        found.append(("supply", f"{status.supply_mv / 1000:.2f} V", not status.supply_low))
    if status.pin_tries_left is not None:
        found.append(("tries left for the PIN", str(status.pin_tries_left), status.pin_tries_left == 3))
    return found


def _signal(status: ModemStatus) -> tuple[str, bool]:
    if status.signal_dbm is None:
        return "none", False
    return f"{status.signal_dbm} dBm", status.signal_dbm >= _WEAK_DBM


def _facts(status: ModemStatus) -> dict[str, object]:
    """What `--json` prints; no number and no text of anybody is in it."""
    return {
        "trouble": None if status.trouble is None else status.trouble.value,
        "detail": status.detail,
        "model": status.model,
        "profile": identify(status.model),
        "operator": status.operator,
        "signal_dbm": status.signal_dbm,
        "registration": status.registration,
        "sms_centre": status.service_centre,
        "storage_used": status.storage_used,
        "storage_total": status.storage_total,
        "told_of_texts": status.told_of_texts,
        "supply_mv": status.supply_mv,
        "balance": status.balance,
        "restarts": status.reboots,
        "recoveries": [
            {
                "rung": recovery.rung.value,
                "trouble": recovery.trouble.value,
                "took_s": round(recovery.took_s, 1),
                "worked": recovery.worked,
            }
            for recovery in status.recoveries
        ],
    }


def _send(args: argparse.Namespace) -> int:
    modem = open_modem(_settings(args), SystemClock())
    line = _Line(modem, aloud=not args.json)
    try:
        if not line.wait(lambda: modem.idle, CHECK_S):
            print(line.explain(), file=sys.stderr)
            return WRONG
        started_s = time.monotonic()
        modem.send(1, args.number, args.text, started_s + SEND_S)
        line.wait(
            lambda: any(isinstance(event, TextAccepted | TextFailed) for event in line.events), SEND_S + 5
        )
        took_s = time.monotonic() - started_s
        answer = next((e for e in line.events if isinstance(e, TextAccepted | TextFailed)), None)
        if not isinstance(answer, TextAccepted):
            cause = "no answer" if answer is None else answer.cause
            trouble = "mute" if answer is None else answer.trouble.value
            _say(
                args,
                {"accepted": False, "cause": cause, "took_s": round(took_s, 1)},
                f"✗ not accepted: {cause}",
            )
            print(explain(f"modem_{trouble}", cause), file=sys.stderr)
            return WRONG
        _say(
            args,
            {"accepted": True, "references": answer.references, "took_s": round(took_s, 1)},
            f"✓ accepted by the network after {took_s:.1f} s, {_parts(answer.references)}",
        )
        if not args.delivery:
            return DONE
        references = answer.references
        line.wait(lambda: _delivered(line.events, references) is not None, SEND_S)
        delivered = _delivered(line.events, references)
        if delivered is None:
            _say(args, {"delivered": None}, f"- no delivery report within {SEND_S:.0f} s")
            return WRONG
        _say(args, {"delivered": delivered}, "✓ delivered" if delivered else "✗ not delivered")
        return DONE if delivered else WRONG
    finally:
        modem.close()


def _parts(references: tuple[int, ...]) -> str:
    word = "reference" if len(references) == 1 else f"{len(references)} parts, references"
    return f"{word} {', '.join(str(reference) for reference in references)}"


def _delivered(events: list[ModemEvent], references: tuple[int, ...]) -> bool | None:
    """Whether the phone has every part, has lost one, or (None) has not told of all yet."""
    told = {e.reference: e.ok for e in events if isinstance(e, TextReported) and e.reference in references}
    if not all(told.values()):
        return False
    return True if len(told) == len(set(references)) else None


def _say(args: argparse.Namespace, data: dict[str, object], words: str) -> None:
    print(json.dumps(data) if args.json else printable(words), flush=True)


def _watch(args: argparse.Namespace) -> int:
    modem = open_modem(_settings(args), SystemClock())
    line = _Line(modem)
    live = escapes_wanted(sys.stdout) and not args.json
    end_s = float("inf") if args.for_s is None else time.monotonic() + args.for_s
    height = 0
    last = ""
    try:
        while time.monotonic() < end_s:
            line.poll()
            status = modem.status
            if args.json:
                picture = json.dumps({"ready": status.ready, **_facts(status)})
            else:
                picture = "\n".join(map(printable, _picture(status)))
            if live:
                if height:
                    sys.stdout.write(f"\x1b[{height}A\x1b[J")
                height = picture.count("\n") + 1
                print(picture, flush=True)
            elif picture != last:
                print(picture, flush=True)
            last = picture
            time.sleep(0.5)
    except KeyboardInterrupt:
        pass
    finally:
        modem.close()
    return DONE if modem.status.ready else WRONG


def _picture(status: ModemStatus) -> list[str]:
    """The live picture: a bar for the signal, a line for each network kind, what is wrong."""
    bars = 0 if status.signal_dbm is None else max(0, min(10, (status.signal_dbm + 113) // 6))
    signal = "unknown" if status.signal_dbm is None else f"{status.signal_dbm} dBm"
    lines = [
        f"modem    {status.model or '-'}   {status.operator or 'no operator'}",
        f"signal   [{'#' * bars}{'.' * (10 - bars)}] {signal}",
        "network  " + (", ".join(f"{kind} {state}" for kind, state in status.registration.items()) or "-"),
    ]
    if status.supply_mv is not None:
        lines.append(f"supply   {status.supply_mv / 1000:.2f} V{' LOW' if status.supply_low else ''}")
    if status.balance:
        lines.append(f"balance  {status.balance}")
    if status.recoveries:
        last = status.recoveries[-1]
        outcome = "worked" if last.worked else "did not help"
        lines.append(
            f"recovery {last.rung.value}, {last.took_s:.0f} s, {outcome}; {len(status.recoveries)} in all"
        )
    state = "ready" if status.ready else status.doing or "opening the port"
    if status.trouble is not None and status.detail:
        state = f"{status.trouble.value}: {status.detail}"
    lines.append(f"state    {state}")
    return lines


# --- fake ------------------------------------------------------------------------------------------


def _fake(args: argparse.Namespace) -> int:
    """Serve a fake modem. With a terminal its faults are switched by typing; the phones' texts are shown."""
    fake = FakeModem(args.profile, pin=args.pin, instant=args.instant, chatter=not args.quiet)
    for name in args.fault:
        fake.fault(name)
    pty = PtyModem(fake, link=args.port_link)
    end_s = float("inf") if args.for_s is None else time.monotonic() + args.for_s
    print(f"port {pty.port}", flush=True)
    if sys.stdin.isatty():
        print(_TYPE, flush=True)
    seen = 0
    try:
        while time.monotonic() < end_s:
            for text in fake.texts[seen:]:
                print(printable(f"sms to {text.number}: {text.text}"), flush=True)
                seen += 1
            if not obey(pty, sys.stdin):
                break
    except KeyboardInterrupt:
        pass
    finally:
        pty.close()
    return DONE


def obey(pty: PtyModem, source: TextIO) -> bool:
    """Take one typed line if there is one; False to quit. Input that is no terminal is not read."""
    if not source.isatty():
        time.sleep(0.1)
        return True
    readable, _, _ = select.select([source], [], [], 0.1)
    if not readable:
        return True
    words = source.readline().split()
    if not words:
        return True
    if words[0] in ("quit", "exit"):
        return False
    if words[0] == "faults":
        for name, meaning in FAULTS.items():
            print(f"  {name:14} {meaning}{'   ON' if name in pty.fake.faults else ''}")
        print("  cms:N          the network answers +CMS ERROR: N")
        _say_faults(pty)
    elif words[0] == "sms":
        if len(words) > 2:
            pty.incoming(words[1], " ".join(words[2:]))
        else:
            print("sms NUMBER TEXT, such as: sms +15550102 STATUS")
    elif words[1:] in ([], ["on"], ["off"]):
        try:
            pty.fault(words[0], words[-1] != "off")
            _say_faults(pty)
        except KeyError:
            print(f"no fault is named {words[0]}; `faults` lists them")
    else:
        print(_TYPE)
    return True


def _say_faults(pty: PtyModem) -> None:
    print(f"faults that are on: {', '.join(sorted(pty.fake.faults)) or 'none'}", flush=True)
