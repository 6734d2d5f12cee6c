"""Tries every device and file once, with a tick or a cross for each, and never moves the door.

While a kiosk runs, its devices are left to it, and what it says of them is reported instead.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.journal import reader as journal
from edge.journal.file import NAME
from edge.journal.limits import JournalLimits
from edge.selftest import machine
from edge.selftest.finding import Finding
from edge.selftest.program import this_program
from edge.selftest.sealed import sealed
from edge.service.asks import Panel
from edge.service.control import ask
from edge.service.devices import open_atm, open_modem
from edge.service.plans import camera_name, eyes_plans, look_of
from edge.settings.drawn import usable_drawn
from edge.settings.places import prompts_folder
from edge.settings.schema import Settings
from edge.settings.secrets import Secret, machine_keys, read_secret
from edge.settings.zones import find_zone
from edge.vision.eyes.process import EyesProcess
from edge.vision.eyes.report import EyesEvent
from edge.vision.eyes.supervisor import EyesSupervisor
from edge.vision.scene.fronts import FOLDER as FRONT_FOLDER
from edge.vision.scene.fronts import check_fronts
from edge.vision.scene.normal_file import FOLDER as NORMAL_FOLDER
from edge.vision.scene.normal_file import check_learnt
from edge.vision.scene.reference import FOLDER, check_references
from hw.board import Voice, alsa_player, close_board, open_board
from hw.camera.port import Frame
from hw.clock import SystemClock
from hw.ports import (
    Board,
    HardwareError,
    Input,
    Keypad,
    KeyPress,
    Light,
    MachineBack,
    MachineLost,
    Modem,
    ModemDown,
    ModemReady,
    ModemSwitch,
)

_RUNS: Final = 20
CAMERA_WITHIN_S: Final = 20.0
MODEM_WITHIN_S: Final = 40.0
LINE_WITHIN_S: Final = 10.0
SCAN_S: Final = 0.01
KEYS_FOR_S: Final = 0.5
LIT_S: Final = 0.4

_KIOSK_CAMERAS: Final = ("picamera2", "usb")


def findings(settings: Settings, *, hardware: bool = True, writing: bool = True) -> Iterator[Finding]:
    """Try everything, cheapest first; each finding as soon as it is known."""
    record = Path(settings.paths.data) / NAME
    yield tried("networks", lambda: _networks(settings))
    yield tried("record", lambda: _record(record, settings, writing))
    yield tried("pictures", lambda: _space(settings, writing))
    yield tried("sealed pictures", lambda: sealed(settings))
    yield tried("empty cabin", lambda: _empty_cabin(settings))
    yield tried("normal", lambda: _normal(settings))
    yield tried("front", lambda: _front(settings))
    yield tried("drawn", lambda: _drawn(settings))
    yield tried("secrets", lambda: _secrets(settings))
    yield support(settings, date.today())
    clips = prompts_folder(settings)
    if settings.camera.source in _KIOSK_CAMERAS:
        yield tried("watchdog", machine.watchdog)
        yield tried("phrases", lambda: machine.phrases(clips, settings.cabin.language))
        yield tried("sound card", lambda: machine.sound_card(device=settings.prompt.device))
    else:  # a bench shows its words
        yield Finding("watchdog", "not fitted on a bench", tried=False)
        yield Finding("phrases", "not fitted on a bench", tried=False)
    yield tried("broker", lambda: _broker(settings))
    yield tried("root", machine.read_only_root)
    yield tried("time zone", lambda: _time_zone(settings.cabin.timezone))
    yield this_program()
    # Last of these: the daily text names the first fault, and this one moves no door.
    yield tried("clock", lambda: machine.clock(record))
    if settings.mqtt.kiosk_id or settings.certificate.certificate_file:
        yield tried("certificate", lambda: _certificate(settings))
    if not hardware:
        return
    running = _running(settings)
    if running is not None:
        yield from running
        return
    for role, camera in (("camera", settings.camera), ("overview", settings.overview)):
        if camera.source == "none":
            yield Finding(role, "not fitted", tried=False)
        else:
            yield tried(role, functools.partial(camera_picture, settings, camera_name(camera.role)))
    if settings.camera.source in _KIOSK_CAMERAS:
        yield tried("loudspeaker", lambda: machine.loudspeaker(clips, alsa_player(settings.prompt.device)))
    yield from hardware_findings(settings)
    if settings.line_wanted:
        yield tried("machine_line", lambda: machine_line(settings))


def support(settings: Settings, today: date) -> Finding:
    """How long this kiosk is looked after, where that was agreed."""
    until = settings.support.until
    if not until:
        return Finding("support", "no last day is set (support.until)", tried=False)
    if today.isoformat() > until:
        return Finding("support", f"ended on {until}", "support_ended")
    return Finding("support", f"until {until}")


def _running(settings: Settings) -> tuple[Finding, ...] | None:
    """What the running kiosk says of the devices that it holds; None where none runs."""
    try:
        reply = ask(Path(settings.paths.runtime), Panel())
    except FaultError as error:
        if error.code == "kiosk_not_running":
            return None
        return (Finding("kiosk", error.detail, error.code),)
    faults = reply.get("faults")
    told = faults if isinstance(faults, dict) else {}
    kiosk = Finding(
        "kiosk", "runs, and holds cameras, pins and modem: stop it to try these one by one", tried=False
    )
    if not told:
        return (kiosk, Finding("devices", "the running kiosk has no fault to tell"))
    return (
        kiosk,
        *(Finding(str(name), "told by the running kiosk", str(code)) for name, code in told.items()),
    )


def tried(name: str, check: Callable[[], str]) -> Finding:
    """What a check found, or the fault that it raised."""
    try:
        return Finding(name, check())
    except machine.NotFitted as error:
        return Finding(name, f"not fitted: {error}", tried=False)
    except (FaultError, HardwareError) as error:
        return Finding(name, error.detail or error.code, error.code)
    except OSError as error:
        return Finding(name, str(error), "folder_unwritable")


def _broker(settings: Settings) -> str:
    if not settings.mqtt.host:
        raise machine.NotFitted("mqtt.host is empty")
    from edge.selftest.broker import broker

    return broker(settings, alone=_running(settings) is None)


def _networks(settings: Settings) -> str:
    started_s = time.perf_counter()
    look = look_of(settings)
    loaded_s = time.perf_counter()
    noise = np.random.default_rng(0).integers(60, 190, (240, 320), np.uint8)
    for number in range(_RUNS):
        look(Frame(number, number / settings.camera.fps, noise))
    each_ms = (time.perf_counter() - loaded_s) / _RUNS * 1000
    return f"loaded in {loaded_s - started_s:.1f} s, {each_ms:.1f} ms a frame"


def _record(path: Path, settings: Settings, writing: bool) -> str:
    if not path.exists():
        if writing:
            _writable(path.parent)
        return f"{path} will be made at the first start"
    kept = settings.journal
    result = journal.verify(path, limits=JournalLimits(kept.keep_days, kept.keep_mb))
    if not result.ok:
        raise FaultError("journal_chain_broken", result.problem)
    return f"{result.lines} lines, the chain fits"


def _time_zone(name: str) -> str:
    zone = find_zone(name)
    if zone is None:
        raise FaultError("zone_missing", name)
    return f"{name}, there it is {datetime.now(zone):%H:%M %Z}"


def _space(settings: Settings, writing: bool) -> str:
    folder = Path(settings.paths.data)
    if writing:
        _writable(folder)
    left = shutil.disk_usage(folder).free / 1e6
    if left < settings.evidence.reserve_mb:
        raise FaultError("evidence_disk_low", f"{left:.0f} MB left")
    return f"{left:.0f} MB free"


def _empty_cabin(settings: Settings) -> str:
    learnt = check_references(Path(settings.paths.data) / FOLDER)
    if not learnt:
        raise machine.NotFitted("never learnt; cabinguard learn --empty takes its pictures")
    dark = sum(reference.infrared for reference in learnt)
    return f"{len(learnt)} pictures, {dark} of them by infrared light"


def _normal(settings: Settings) -> str:
    learnt = check_learnt(Path(settings.paths.data) / NORMAL_FOLDER)
    if not learnt:
        raise machine.NotFitted("never learnt; cabinguard learn --normal does")
    return ", ".join(f"{one.camera} {one.state.value}" for one in learnt)


def _front(settings: Settings) -> str:
    taught = check_fronts(Path(settings.paths.data) / FRONT_FOLDER)
    if not taught:
        raise machine.NotFitted("never taught; cabinguard learn --front does")
    return ", ".join(f"{one.camera}: {len(one.regions)} regions" for one in taught)


def _drawn(settings: Settings) -> str:
    drawn = usable_drawn(settings)
    if drawn is None:
        raise machine.NotFitted("nothing; zones, masks and floor are those of kiosk.toml")
    corners = None if drawn.floor is None else drawn.floor.corners
    counts = {"zones": drawn.zone, "masks": drawn.mask, "corners of the floor": corners}
    return ", ".join(f"{len(found)} {name}" for name, found in counts.items() if found is not None)


def _certificate(settings: Settings) -> str:
    """Whom it names and until when. FaultError for what is wrong with it, and where it ends soon."""
    from edge.fleet.renewal import certificate_state  # not where no kiosk has one

    clock = SystemClock()
    return certificate_state(settings, settings.mqtt.kiosk_id, clock.wall_s() if clock.wall_true() else None)


def _writable(folder: Path) -> None:
    probe = folder / ".selftest"
    probe.write_bytes(b"")
    probe.unlink()


def _secrets(settings: Settings) -> str:
    found = [secret.value for secret in Secret if read_secret(settings, secret) is not None]
    return f"readable by the service alone: {', '.join(found)}" if found else "none are set"


def camera_picture(settings: Settings, role: str) -> str:
    """In a child, as in service: a camera stack may hang for ever."""
    camera = next(c for c in (settings.camera, settings.overview) if camera_name(c.role) == role)
    clock = SystemClock()
    memory = "/dev/shm"  # it holds what the camera sees: that must not reach the card
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        # Its ring is made elsewhere: one left behind here would be another user's to the kiosk.
        paths = msgspec.structs.replace(settings.paths, runtime=folder)
        plans = eyes_plans(msgspec.structs.replace(settings, paths=paths))
        plan = next(plan for plan in plans if plan.name == role)
        eyes = EyesSupervisor(functools.partial(EyesProcess, plan), clock.now_s(), CAMERA_WITHIN_S)
        try:
            give_up_s = clock.now_s() + CAMERA_WITHIN_S + 5.0
            while clock.now_s() < give_up_s:
                for seen in eyes.poll(clock.now_s()):
                    if isinstance(seen, EyesEvent):
                        raise FaultError(seen.code, seen.detail)
                    width, height = seen.size
                    return f"{camera.source}, {width}x{height}, {seen.health.value}"
                time.sleep(0.05)
        finally:
            eyes.close()
    raise FaultError("eyes_slow_start", f"no picture within {CAMERA_WITHIN_S:.0f} s")


def hardware_findings(settings: Settings) -> Iterator[Finding]:
    clock = SystemClock()
    switches: list[ModemSwitch] = []

    def modem(switch: ModemSwitch | None) -> Modem:
        if switch is not None:
            switches.append(switch)
        return open_modem(settings, clock, switch)

    with tempfile.TemporaryDirectory() as folder:
        try:
            board = open_board(
                settings.wiring,
                clock=clock,
                modem=modem,
                voice=Voice(None),
                work_dir=Path(folder),
                strict=False,
            )
        except HardwareError as error:
            yield Finding("pins", error.detail, error.code)
            yield tried("modem", lambda: _modem_alone(settings, clock))
            return
        except FaultError as error:  # the modem comes last
            yield Finding("modem", error.detail, error.code)
            return
        try:
            yield tried("pins", lambda: "both relays claimed and at rest: door unlocked, machine closed")
            yield tried("inputs", lambda: _inputs(board))
            yield tried("keypad", lambda: _keypad(board, board.keypad, len(settings.wiring.keypad.columns)))
            if (inside := board.customer_keypad) is not None:
                columns = len(settings.wiring.customer_keypad.columns)
                yield tried("keypad_inside", lambda: _keypad(board, inside, columns, "customer_keypad"))
            yield tried("buzzer", lambda: _buzzer(board))
            yield tried("lights", lambda: _lights(board))
            for switch in switches:
                yield tried("modem_power", functools.partial(_power, switch))
            yield tried("modem", lambda: _modem(board.modem, clock))
        finally:
            for trouble in close_board(board):
                print(explain(trouble.code, trouble.detail), file=sys.stderr)


def _inputs(board: Board) -> str:
    changes = board.inputs.sample(board.clock.now_s())
    active = [change.input.value for change in changes if change.active]
    missing = [name.value for name in Input if not board.inputs.fitted(name)]
    said = f"{len(changes)} read, active: {', '.join(active) or 'none'}"
    return f"{said}, not fitted: {', '.join(missing)}" if missing else said


def _keypad(board: Board, keypad: Keypad, columns: int, name: str = "keypad") -> str:
    """Scan for a moment: keys that are down now are pressed, stuck or shorted."""
    pressed = []
    until_s = board.clock.now_s() + KEYS_FOR_S
    while board.clock.now_s() < until_s:
        for event in keypad.scan(board.clock.now_s()):
            if isinstance(event, KeyPress):
                pressed.append(event.key)
            elif event.active:
                raise FaultError(f"{name}_{event.fault.value}")
        time.sleep(SCAN_S)
    if keypad.settling:
        raise FaultError(f"{name}_stuck", f"key {pressed[-1]} is down" if pressed else "keys are down")
    return f"{4 * columns} keys scanned, " + (f"pressed: {' '.join(pressed)}" if pressed else "none down")


def _buzzer(board: Board) -> str:
    now_s = board.clock.now_s()
    until_s = now_s + LIT_S
    board.sounder.buzz(now_s)
    while now_s < until_s:
        board.sounder.poll(now_s)
        time.sleep(SCAN_S)
        now_s = board.clock.now_s()
    board.sounder.poll(now_s + 1.0)
    return "sounded; did you hear it?"


def _lights(board: Board) -> str:
    for light in Light:
        board.lights.show(frozenset({light}))
        time.sleep(LIT_S)
    board.lights.show(frozenset())
    return f"{', '.join(Light)} lit one after the other; did you see them?"


def _power(switch: ModemSwitch) -> str:
    switch.rest()
    return "at rest; cabinguard modem check --restart pulls it"


def machine_line(settings: Settings) -> str:
    """Every machine has to be heard, each with its key."""
    clock = SystemClock()
    atm = open_atm(settings, machine_keys(settings), clock)
    assert atm is not None
    heard: set[str] = set()
    try:
        until_s = clock.now_s() + LINE_WITHIN_S
        while heard < set(settings.atm.machines):
            for event in atm.poll(clock.now_s()):
                if isinstance(event, MachineBack):
                    heard.add(event.machine)
                elif isinstance(event, MachineLost):
                    raise HardwareError(event.code, f"{event.machine}: {event.detail}")
            if clock.now_s() >= until_s:
                missing = set(settings.atm.machines) - heard
                raise HardwareError("atm_line_lost", f"not heard: {', '.join(sorted(missing))}")
            time.sleep(SCAN_S)
    finally:
        atm.close()
    return f"heard: {', '.join(sorted(heard))}"


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
