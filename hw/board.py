"""Every device of one kiosk, real or on the bench: the same drivers, over real pins or over mock ones.

`open_board` claims the lock first, so that it rests unlocked before anything else can fail. `bench_board`
also returns the hands: what a story or a tester moves on the other side of the pins, and what shows there.

The one door to the drivers for `edge`, which imports none by itself. What only the eyes' process or the
technician's tool needs is imported by the function that opens it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeVar, cast

from hw.door.gate import UNREAD, GatedRelay
from hw.door.real import PinRelay
from hw.hands import BenchHands
from hw.inputs.real import ContactInputs
from hw.keypad.real import MatrixKeypad
from hw.lights import PinLights
from hw.missing import Missing
from hw.modem import pdu
from hw.modem.card import Subscription
from hw.modem.models import PROFILES, identify
from hw.modem.pin import PinFile, PinMemoryInRam
from hw.modem.power import PowerSwitch
from hw.pins.bench_pins import BenchFactory
from hw.pins.gpio import PinFactory, open_lgpio
from hw.ports import (
    Atm,
    Board,
    Clock,
    HardwareError,
    Keypad,
    Modem,
    ModemSwitch,
    Prompt,
    Watchdog,
)
from hw.prompt.fake import BenchPrompt
from hw.prompt.real import CabinPrompt, alsa_player, clip_length_s, make_clips
from hw.prompt.speech import shortest_s
from hw.sounder.real import PinBuzzer
from hw.watchdog.fake import BenchWatchdog
from hw.watchdog.real import SystemdWatchdog
from hw.wiring import CustomerKeypadWiring, ModemPowerWiring, RelayWiring, WiringSettings

if TYPE_CHECKING:
    from hw.atm.fake.stepped import SteppedAtm
    from hw.camera.port import Camera, CameraChoice, ColourPicture, Polygon

__all__ = [
    "PROFILES",
    "AtmChoice",
    "BenchHands",
    "ModemChoice",
    "Voice",
    "alsa_player",
    "bench_board",
    "clip_length_s",
    "close_board",
    "decoded_picture",
    "identify",
    "make_clips",
    "masked_camera",
    "masked_picture",
    "modem_switch",
    "open_atm",
    "open_board",
    "open_camera",
    "open_modem",
    "open_modem_switch",
    "open_prompt",
    "refusing_camera",
    "resting_lines",
    "shortest_s",
    "text_trouble",
]

_Device = TypeVar("_Device")


@dataclass(frozen=True, slots=True)
class Voice:
    """Where words go: `clips_dir` of the kiosk's language (None: no loudspeaker), ALSA device, display."""

    clips_dir: Path | None
    device: str = ""
    display: Path | None = None


@dataclass(frozen=True, slots=True)
class ModemChoice:
    """A modem and its card, as the settings have them. `baud` 0 tries the profile's rates in turn.

    `pin_note` remembers a refused PIN over restarts. The rest as in `hw.modem.card.Subscription`.
    """

    port: str
    profile: str = "generic"
    baud: int = 0
    pin: str | None = field(default=None, repr=False)
    pin_note: Path | None = None
    smsc: str | None = None
    balance_ussd: str | None = None
    reports: bool = True


@dataclass(frozen=True, slots=True)
class AtmChoice:
    """Where the machines are: a serial port with its `baud`, or an address and port to listen at."""

    at: str | tuple[str, int]
    keys: Mapping[str, bytes] = field(repr=False)
    baud: int = 115200


def open_board(
    wiring: WiringSettings,
    *,
    clock: Clock,
    modem: Callable[[ModemSwitch | None], Modem],
    voice: Voice,
    work_dir: Path,
    atm: Callable[[], Atm | None] = lambda: None,
    strict: bool = True,
) -> Board:
    """The devices of this Raspberry Pi; HardwareError names the first one that cannot be had.

    `modem` opens the modem, given what can restart it from outside; `atm` the line to the machine, where
    there is one. `work_dir`: a writable folder, best in memory, for lgpio's pipe. Not `strict`: both keypads,
    buzzer, lights and the modem's power switch may be missing, and fail at each use; lock, permit and inputs
    may not.
    """
    board = _assemble(
        open_lgpio(work_dir),
        wiring,
        clock=clock,
        modem=modem,
        prompt=CabinPrompt(voice.clips_dir, alsa_player(voice.device), voice.display),
        watchdog=SystemdWatchdog(),
        strict=strict,
    )
    board.atm = atm()
    return board


def bench_board(
    clock: Clock,
    modem: Modem,
    wiring: WiringSettings | None = None,
    *,
    atm: SteppedAtm | None = None,
    seed: int = 0,
    busy: frozenset[int] = frozenset(),
    strict: bool = True,
) -> tuple[Board, BenchHands]:
    """The same drivers over mock pins, with contacts and keys behind them that bounce on `clock`.

    `seed` decides the bounces; the BCM pins in `busy` belong to another program, so that opening fails with
    `gpio_busy`. `strict` as in `open_board`. `atm` is the line to simulated machines, where there are some.
    """
    wiring = wiring or WiringSettings()
    factory = BenchFactory(clock, busy)
    prompt = BenchPrompt()
    watchdog = BenchWatchdog(clock)
    hands = BenchHands(factory, wiring, clock, prompt, watchdog, Random(seed))
    hands.machines = {} if atm is None else atm.machines
    board = _assemble(
        cast(PinFactory, factory),
        wiring,
        clock=clock,
        modem=lambda _: modem,
        prompt=prompt,
        watchdog=watchdog,
        strict=strict,
    )
    board.atm = atm
    return board, hands


def close_board(board: Board) -> tuple[HardwareError, ...]:
    """Bring every device to rest, the lock first; what failed on the way."""
    failed: list[HardwareError] = []
    for device in (
        board.lock,
        board.permit,
        board.sounder,
        board.lights,
        board.prompt,
        board.keypad,
        board.customer_keypad,
        board.inputs,
        board.modem,
        board.atm,
        board.watchdog,
    ):
        if device is None:
            continue
        try:
            device.close()
        except HardwareError as error:
            failed.append(error)
    return tuple(failed)


# --- one device alone ------------------------------------------------------------------------------


def open_modem(choice: ModemChoice, clock: Clock, switch: ModemSwitch | None = None) -> Modem:
    """The modem that was chosen; HardwareError for a profile that nothing knows.

    A port that cannot be opened is reported by the modem. `switch` is closed together with it.
    """
    from hw.modem.real import open_serial

    memory = PinMemoryInRam() if choice.pin_note is None else PinFile(choice.pin_note)
    subscription = Subscription(choice.pin, memory, choice.smsc, choice.balance_ussd, choice.reports)
    return open_serial(choice.port, choice.profile, clock, subscription, baud=choice.baud, switch=switch)


def open_atm(choice: AtmChoice, clock: Clock) -> Atm:
    """The line to the machines; what is wrong with its port is reported by `MachineLost`."""
    from hw.atm.exchange import MachineKey
    from hw.atm.real import open_serial, open_tcp

    machines = [MachineKey(name, key) for name, key in choice.keys.items()]
    if isinstance(choice.at, str):
        (machine,) = machines
        return open_serial(choice.at, choice.baud, machine, clock)
    host, port = choice.at
    return open_tcp(host, port, machines, clock)


def open_modem_switch(wiring: ModemPowerWiring, work_dir: Path) -> ModemSwitch | None:
    """What restarts the modem of this Raspberry Pi, at rest; None where nothing is wired."""
    return modem_switch(open_lgpio(work_dir), wiring) if wiring.fitted else None


def open_prompt(voice: Voice) -> Prompt:
    """The loudspeaker alone, for guiding somebody while no kiosk runs."""
    return CabinPrompt(voice.clips_dir, alsa_player(voice.device), voice.display)


def text_trouble(text: str) -> str:
    """Why no modem can send this text; empty where one can."""
    try:
        pdu.split(text)
    except pdu.PduError as error:
        return str(error)
    return ""


def open_camera(choice: CameraChoice) -> Camera:
    """The camera that was chosen; HardwareError, or ValueError for a source that there is not."""
    from hw.camera import open as cameras

    return cameras.open_camera(choice)


def masked_camera(camera: Camera, polygons: Sequence[Polygon]) -> Camera:
    """A camera that was opened otherwise, behind the same masks."""
    from hw.camera import masked

    return masked.masked_camera(camera, polygons)


def refusing_camera(code: str, detail: str) -> Camera:
    """What stands for a camera that may give no picture; `code` is a fault of the catalogue."""
    from hw.camera import masked

    return masked.RefusingCamera(code, detail)


def masked_picture(picture: ColourPicture, polygons: Sequence[Polygon]) -> ColourPicture:
    """A picture that did not come from a camera here, without what is masked."""
    from hw.camera import masked

    return masked.Masks(polygons).apply(picture)


def decoded_picture(content: bytes) -> ColourPicture:
    """The picture in a file, upright, blue-green-red. ValueError that says what it is instead."""
    from hw.camera.picture import decoded

    return decoded(content)


def resting_lines(wiring: WiringSettings) -> str:
    """Each relay's line and its resting level, a row each: what `rest_pins.py` reads after any death."""
    relays = [wiring.lock, wiring.permit]
    if wiring.modem_power.fitted:
        relays.append(_relay_of(wiring.modem_power))
    return "".join(f"{relay.pin} {int(not relay.active_high)}\n" for relay in relays)


def _assemble(
    factory: PinFactory,
    wiring: WiringSettings,
    *,
    clock: Clock,
    modem: Callable[[ModemSwitch | None], Modem],
    prompt: Prompt,
    watchdog: Watchdog,
    strict: bool,
) -> Board:
    # The lock is held until the first scan has read fire and exit.
    lock = GatedRelay(PinRelay(factory, wiring.lock, "lock"), held_for=(UNREAD,))
    return Board(
        clock=clock,
        lock=lock,
        permit=PinRelay(factory, wiring.permit, "permit"),
        inputs=ContactInputs(factory, wiring),
        keypad=_had(lambda: MatrixKeypad(factory, wiring.keypad), strict),
        customer_keypad=_customer_keypad(factory, wiring.customer_keypad, strict=strict),
        sounder=_had(lambda: PinBuzzer(factory, wiring.sounder), strict),
        lights=_had(lambda: PinLights(factory, wiring.lights), strict),
        prompt=prompt,
        modem=modem(modem_switch(factory, wiring.modem_power, strict=strict)),
        watchdog=watchdog,
    )


def _customer_keypad(factory: PinFactory, wiring: CustomerKeypadWiring, *, strict: bool) -> Keypad | None:
    if not wiring.fitted:
        return None
    return _had(lambda: MatrixKeypad(factory, wiring, "customer_keypad_failed"), strict)


def modem_switch(factory: PinFactory, wiring: ModemPowerWiring, *, strict: bool = True) -> PowerSwitch | None:
    """What restarts the modem from outside, at rest; None where nothing is wired.

    `strict` as in `open_board`.
    """
    if not wiring.fitted:
        return None
    relay = _had(lambda: PinRelay(factory, _relay_of(wiring), "modem_power"), strict)
    return PowerSwitch(relay, wiring.switches, wiring.hold_s)


def _relay_of(wiring: ModemPowerWiring) -> RelayWiring:
    return RelayWiring(pin=wiring.pin, active_high=wiring.active_high)


def _had(open_it: Callable[[], _Device], strict: bool) -> _Device | Missing:
    try:
        return open_it()
    except HardwareError as error:
        if strict:
            raise
        return Missing(error)
