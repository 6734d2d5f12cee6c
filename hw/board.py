"""Every device of one kiosk, real or on the bench: the same drivers, over real pins or over mock ones.

`open_board` claims the lock first, so that it rests unlocked before anything else can fail. `bench_board`
also returns the hands: what a story or a tester moves on the other side of the pins, and what shows there.

The one door to the drivers for `edge`, which imports none by itself. What only the eyes' process or the
technician's tool needs is imported by the function that opens it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeVar, cast

from hw.door.gate import UNREAD, GatedRelay
from hw.door.real import PinRelay
from hw.inputs.fake import WiredContact
from hw.inputs.real import ContactInputs
from hw.keypad.fake import KeyMatrix
from hw.keypad.real import MatrixKeypad
from hw.lights import PinLights
from hw.missing import Missing
from hw.modem import pdu
from hw.modem.card import Subscription
from hw.modem.models import PROFILES, identify
from hw.modem.pin import PinFile, PinMemoryInRam
from hw.modem.power import PowerSwitch
from hw.pins.bench_pins import BenchFactory, BenchPin
from hw.pins.gpio import PinFactory, open_lgpio
from hw.ports import LIFE, Board, Clock, HardwareError, Input, Light, Modem, ModemSwitch, Prompt, Watchdog
from hw.prompt.fake import BenchPrompt, PromptFault, Said
from hw.prompt.real import CabinPrompt, alsa_player, clip_length_s, make_clips
from hw.prompt.speech import shortest_s
from hw.scan import percentile
from hw.sounder.real import PinBuzzer
from hw.watchdog.fake import BenchWatchdog
from hw.watchdog.real import SystemdWatchdog
from hw.wiring import ModemPowerWiring, RelayWiring, WiringSettings

if TYPE_CHECKING:
    from hw.camera.port import Camera, CameraChoice, ColourPicture

__all__ = [
    "PROFILES",
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
    "modem_switch",
    "open_board",
    "open_camera",
    "open_modem",
    "open_modem_switch",
    "open_prompt",
    "resting_lines",
    "shortest_s",
    "text_trouble",
]

_Device = TypeVar("_Device")

HOLD_S = 0.12
"""How long a finger stays on a key."""


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


def open_board(
    wiring: WiringSettings,
    *,
    clock: Clock,
    modem: Callable[[ModemSwitch | None], Modem],
    voice: Voice,
    work_dir: Path,
    strict: bool = True,
) -> Board:
    """The devices of this Raspberry Pi; HardwareError names the first one that cannot be had.

    `modem` opens the modem, given what can restart it from outside. `work_dir`: a writable folder, best in
    memory, for lgpio's pipe. Not `strict`: keypad, buzzer, lights and the modem's power switch may be
    missing, and fail at each use; lock, permit and inputs may not.
    """
    return _assemble(
        open_lgpio(work_dir),
        wiring,
        clock=clock,
        modem=modem,
        prompt=CabinPrompt(voice.clips_dir, alsa_player(voice.device), voice.display),
        watchdog=SystemdWatchdog(),
        strict=strict,
    )


def bench_board(
    clock: Clock,
    modem: Modem,
    wiring: WiringSettings | None = None,
    *,
    seed: int = 0,
    echo: Callable[[str], None] | None = None,
    busy: frozenset[int] = frozenset(),
    strict: bool = True,
) -> tuple[Board, BenchHands]:
    """The same drivers over mock pins, with contacts and keys behind them that bounce on `clock`.

    `seed` decides the bounces; `echo` gets what the prompt says; the BCM pins in `busy` belong to
    another program, so that opening fails with `gpio_busy`. `strict` as in `open_board`.
    """
    wiring = wiring or WiringSettings()
    factory = BenchFactory(clock, busy)
    prompt = BenchPrompt(echo)
    watchdog = BenchWatchdog(clock)
    hands = BenchHands(factory, wiring, clock, prompt, watchdog, Random(seed))
    board = _assemble(
        cast(PinFactory, factory),
        wiring,
        clock=clock,
        modem=lambda _: modem,
        prompt=prompt,
        watchdog=watchdog,
        strict=strict,
    )
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
        board.inputs,
        board.modem,
        board.watchdog,
    ):
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
        sounder=_had(lambda: PinBuzzer(factory, wiring.sounder), strict),
        lights=_had(lambda: PinLights(factory, wiring.lights), strict),
        prompt=prompt,
        modem=modem(modem_switch(factory, wiring.modem_power, strict=strict)),
        watchdog=watchdog,
    )


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


class BenchHands:
    """The other side of the bench's pins. Times may lie ahead of the clock; any thread may move things."""

    def __init__(
        self,
        factory: BenchFactory,
        wiring: WiringSettings,
        clock: Clock,
        prompt: BenchPrompt,
        watchdog: BenchWatchdog,
        random: Random,
    ) -> None:
        self._clock = clock
        self._wiring = wiring
        self._prompt = prompt
        self.watchdog = watchdog
        # A pin that another program holds has nothing behind it; the driver that wants it will say so.
        pin = {number: factory.pin(number) for _, number in wiring.pins() if number not in factory.busy}
        self._pins = pin
        self._contacts = {
            name: WiredContact(pin[wiring.contact(name).pin], wiring.contact(name), clock, random)
            for name in Input
            if wiring.contact(name).fitted and wiring.contact(name).pin in pin
        }
        pad = (*wiring.keypad.rows, *wiring.keypad.columns)
        self._matrix = (
            KeyMatrix(
                [pin[n] for n in wiring.keypad.rows], [pin[n] for n in wiring.keypad.columns], clock, random
            )
            if all(number in pin for number in pad)
            else None
        )
        self._life_moved_s: float | None = None
        self._drops_s: deque[float] = deque(maxlen=1000)
        if wiring.lock.pin in pin:
            pin[wiring.lock.pin].watch = self._lock_changed

    # --- what can be moved -------------------------------------------------------------------------

    def press(self, key: str, now_s: float, hold_s: float = HOLD_S) -> None:
        """Push a key and let go. KeyError for a key that this pad does not have."""
        self.matrix.press(key, now_s, hold_s)

    def type(self, keys: str, now_s: float, every_s: float = 0.3) -> float:
        """Press keys one after the other; the time when the last one is up."""
        for index, key in enumerate(keys):
            self.press(key, now_s + index * every_s)
        return now_s + max(len(keys) - 1, 0) * every_s + HOLD_S

    def has_key(self, key: str) -> bool:
        return self.matrix.has(key)

    def stick_key(self, key: str, stuck: bool, now_s: float) -> None:
        self.matrix.stick(key, stuck, now_s)

    def set_input(self, name: Input, active: bool, now_s: float) -> None:
        """Move a contact. KeyError for an input that is not fitted."""
        self._contacts[name].move(active, now_s)
        if active and name in LIFE and self._life_moved_s is None:
            self._life_moved_s = now_s

    def break_wire(self, name: Input, broken: bool = True) -> None:
        self._contacts[name].cut = broken

    def fail_input(self, name: Input, failing: bool = True) -> None:
        """Make the pin of an input unreadable."""
        self._contacts[name].fail(failing)

    def fail_relay(self, name: str, failing: bool = True) -> None:
        """Make writing to the relay `lock` or `permit` fail; KeyError for another name."""
        self._relay(name).fault = "write failed" if failing else ""

    def weld_relay(self, name: str, welded: bool = True) -> None:
        """Leave the pin of the relay `lock` or `permit` at its level whatever is written to it."""
        self._relay(name).welded = welded

    def fail_keypad(self, failing: bool = True) -> None:
        self._pins[self._wiring.keypad.rows[0]].fault = "bad write" if failing else ""

    def fail_sounder(self, failing: bool = True) -> None:
        self._pins[self._wiring.sounder.pin].fault = "bad write" if failing else ""

    def fail_prompt(self, failing: bool = True, how: PromptFault = PromptFault.ABSENT) -> None:
        """From the next words on."""
        self._prompt.fault = how if failing else None

    # --- what can be seen --------------------------------------------------------------------------

    @property
    def matrix(self) -> KeyMatrix:
        assert self._matrix is not None, "the keypad's pins belong to somebody else"
        return self._matrix

    @property
    def lock_pin_level(self) -> bool | None:
        """The level of the lock's pin; None while it floats."""
        return self._relay("lock").driven

    @property
    def lock_on(self) -> bool:
        """True while the lock relay is pulled in, so the door is locked."""
        return self._relay("lock").driven == self._wiring.lock.active_high

    @property
    def permit_on(self) -> bool:
        return self._relay("permit").driven == self._wiring.permit.active_high

    @property
    def lights(self) -> frozenset[Light]:
        wired = self._wiring.lights
        return frozenset(
            light for light in Light if self._pins[wired.light(light)].driven == wired.active_high
        )

    @property
    def sounding(self) -> bool:
        """True while the buzzer makes a noise."""
        return self._pins[self._wiring.sounder.pin].driven == self._wiring.sounder.active_high

    @property
    def said(self) -> tuple[Said, ...]:
        return tuple(self._prompt.said)

    def trace(self, number: int) -> tuple[tuple[float, bool | None], ...]:
        """(time, level) of the last 64 changes of what BCM `number` drives; None where it floats."""
        return tuple(self._pins[number].trace)

    def quiet(self, now_s: float) -> bool:
        """True when no contact and no key is about to move: what `Scanner` wants as `world_quiet`."""
        return not (
            any(contact.restless(now_s) for contact in self._contacts.values())
            or (self._matrix is not None and self._matrix.restless(now_s))
        )

    def pin(self, number: int) -> BenchPin:
        """What BCM `number` is soldered to, for what only a broken wire does."""
        return self._pins[number]

    def drops_s(self) -> tuple[float, ...]:
        """Seconds from fire or exit being set to the lock's pin being off; the last 1000 times."""
        return tuple(self._drops_s)

    def drop_s(self, share: float) -> float | None:
        """Percentile of `drops_s`."""
        return percentile(self.drops_s(), share)

    def _lock_changed(self, at_s: float, level: bool | None) -> None:
        moved_s, self._life_moved_s = self._life_moved_s, None
        if level != self._wiring.lock.active_high and moved_s is not None and moved_s <= at_s:
            self._drops_s.append(at_s - moved_s)

    def _relay(self, name: str) -> BenchPin:
        return self._pins[{"lock": self._wiring.lock.pin, "permit": self._wiring.permit.pin}[name]]
