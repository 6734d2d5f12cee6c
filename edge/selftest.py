"""`selftest`: tries every device and file once, with a tick or a cross for each, and never moves the door."""

from __future__ import annotations

import argparse
import functools
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from edge import journal
from edge.control import Request, ask
from edge.faults import FaultError, explain
from edge.messages.modem_cli import open_modem
from edge.options import Commands, add_settings_options, load_settings, model_dir
from edge.settings import Secret, Settings, read_secret
from edge.vision.eyes import EyesEvent, EyesProcess, EyesSupervisor
from edge.vision.faces import Faces
from edge.vision.plans import eyes_plans
from hw.board import Voice, close_board, open_board
from hw.clock import SystemClock
from hw.ports import Board, HardwareError, Modem, ModemDown, ModemReady

_RUNS: Final = 20
CAMERA_WITHIN_S: Final = 20.0
MODEM_WITHIN_S: Final = 40.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. `code` is empty where it works."""

    name: str
    detail: str
    code: str = ""

    @property
    def ok(self) -> bool:
        return not self.code


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("selftest", help="try every device and file, ticks and crosses")
    parser.add_argument("--json", action="store_true", help="one JSON object a device")
    parser.add_argument(
        "--no-hardware",
        action="store_true",
        help="leave the pins and the modem alone (a running kiosk has them)",
    )
    parser.add_argument(
        "--read-only",
        action="store_true",
        help="with --no-hardware: write nothing either, so whether the disk takes writes is not tried",
    )
    parser.add_argument(
        "--tell", action="store_true", help="have the running kiosk text the outcome to the control room"
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    bad = 0
    first_bad = ""
    hardware = not (args.no_hardware or args.tell)
    for finding in findings(settings, hardware=hardware, writing=hardware or not args.read_only):
        bad += not finding.ok
        first_bad = first_bad or finding.code
        if args.json:
            print(msgspec.json.encode(msgspec.to_builtins(finding)).decode())
            continue
        print(f"[{'✓' if finding.ok else '✗'}] {finding.name:<12} {finding.detail}")
        if not finding.ok:
            print("\n".join(f"      {line}" for line in explain(finding.code).splitlines()[1:]))
    if args.tell:
        ask(Path(settings.paths.runtime), Request("report", finding=first_bad or "ok"))
    return 1 if bad else 0


def findings(settings: Settings, *, hardware: bool = True, writing: bool = True) -> Iterator[Finding]:
    """Try everything, cheapest first; each finding as soon as it is known."""
    yield _tried("settings", lambda: "every value within its bounds")
    yield _tried("networks", lambda: _networks(settings))
    yield _tried("record", lambda: _record(settings, writing))
    yield _tried("pictures", lambda: _space(settings, writing))
    yield _tried("secrets", lambda: _secrets(settings))
    if hardware and settings.camera.source != "none":
        yield _tried("camera", lambda: _camera(settings))
    if hardware:
        yield from _hardware(settings)


def _tried(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, check())
    except (FaultError, HardwareError) as error:
        return Finding(name, error.detail or error.code, error.code)
    except OSError as error:
        return Finding(name, str(error), "folder_unwritable")


def _networks(settings: Settings) -> str:
    started_s = time.perf_counter()
    faces = Faces(model_dir(settings))
    loaded_s = time.perf_counter()
    grey = np.full((240, 320), 128, np.uint8)
    for _ in range(_RUNS):
        faces(grey)
    each_ms = (time.perf_counter() - loaded_s) / _RUNS * 1000
    return f"loaded in {loaded_s - started_s:.1f} s, {each_ms:.1f} ms a frame"


def _record(settings: Settings, writing: bool) -> str:
    path = Path(settings.paths.data) / "journal.db"
    if not path.exists():
        if writing:
            _writable(path.parent)
        return f"{path} will be made at the first start"
    result = journal.verify(path)
    if not result.ok:
        raise FaultError("journal_chain_broken", result.problem)
    return f"{result.lines} lines, the chain fits"


def _space(settings: Settings, writing: bool) -> str:
    folder = Path(settings.paths.data)
    if writing:
        _writable(folder)
    left = shutil.disk_usage(folder).free / 1e6
    if left < settings.evidence.reserve_mb:
        raise FaultError("evidence_disk_low", f"{left:.0f} MB left")
    return f"{left:.0f} MB free"


def _writable(folder: Path) -> None:
    probe = folder / ".selftest"
    probe.write_bytes(b"")
    probe.unlink()


def _secrets(settings: Settings) -> str:
    found = [secret.value for secret in Secret if read_secret(settings, secret) is not None]
    return f"readable by the service alone: {', '.join(found)}" if found else "none are set"


def _camera(settings: Settings) -> str:
    """In a child, as in service: a camera stack may hang for ever."""
    plan = next(plan for plan in eyes_plans(settings) if plan.name == "face")
    clock = SystemClock()
    eyes = EyesSupervisor(functools.partial(EyesProcess, plan), clock.now_s(), CAMERA_WITHIN_S)
    try:
        give_up_s = clock.now_s() + CAMERA_WITHIN_S + 5.0
        while clock.now_s() < give_up_s:
            for seen in eyes.poll(clock.now_s()):
                if isinstance(seen, EyesEvent):
                    raise FaultError(seen.code, seen.detail)
                width, height = seen.size
                return f"{settings.camera.source}, {width}x{height}, {seen.health.value}"
            time.sleep(0.05)
    finally:
        eyes.close()
    raise FaultError("eyes_slow_start", f"no picture within {CAMERA_WITHIN_S:.0f} s")


def _hardware(settings: Settings) -> Iterator[Finding]:
    clock = SystemClock()
    try:
        board = open_board(
            settings.wiring,
            clock=clock,
            modem=functools.partial(open_modem, settings, clock),
            voice=Voice(None),
            work_dir=Path(settings.paths.runtime),
        )
    except HardwareError as error:
        yield Finding("pins", error.detail, error.code)
        yield _tried("modem", lambda: _modem_alone(settings, clock))
        return
    except FaultError as error:  # the modem comes last
        yield Finding("modem", error.detail, error.code)
        return
    try:
        yield _tried("pins", lambda: "all claimed, the lock rests")
        yield _tried("inputs", lambda: _inputs(board))
        yield _tried("modem", lambda: _modem(board.modem, clock))
    finally:
        for trouble in close_board(board):
            print(explain(trouble.code, trouble.detail), file=sys.stderr)


def _inputs(board: Board) -> str:
    changes = board.inputs.sample(board.clock.now_s())
    active = [change.input.value for change in changes if change.active]
    return f"{len(changes)} read, active: {', '.join(active) or 'none'}"


def _modem_alone(settings: Settings, clock: SystemClock) -> str:
    modem = open_modem(settings, clock)
    try:
        return _modem(modem, clock)
    finally:
        modem.close()


def _modem(modem: Modem, clock: SystemClock) -> str:
    give_up_s = clock.now_s() + MODEM_WITHIN_S
    trouble = HardwareError("modem_mute", f"no answer within {MODEM_WITHIN_S:.0f} s")
    while clock.now_s() < give_up_s:
        for event in modem.poll(clock.now_s()):
            if isinstance(event, ModemReady):
                if modem.status.service_centre is False:
                    raise HardwareError("modem_no_smsc", "registered, but no text can be sent")
                signal = "" if event.signal_dbm is None else f", {event.signal_dbm} dBm"
                return f"registered with {event.operator or 'a network'}{signal}"
            if isinstance(event, ModemDown):
                trouble = HardwareError(f"modem_{event.trouble.value}", event.detail)
        time.sleep(0.1)
    raise trouble
