"""The hands of a bench: what is moved on the other side of the pins, and what shows there."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING

from hw.inputs.fake import WiredContact
from hw.keypad.fake import KeyMatrix
from hw.pins.bench_pins import BenchFactory, BenchPin
from hw.ports import LIFE, Clock, Input, Light, Sound
from hw.prompt.fake import BenchPrompt, PromptFault, Said
from hw.scan import percentile
from hw.watchdog.fake import BenchWatchdog
from hw.wiring import KeypadWiring, WiringSettings

if TYPE_CHECKING:
    from hw.atm.fake.machine import FakeMachine

HOLD_S = 0.12
"""How long a finger stays on a key."""

_PATTERN_S = 1.0
_BEEP_S, _SIREN_S = 0.06, 0.5
"""In so long a beep sounds for a tenth and the siren for three quarters; a click is shorter than a beep."""


def _matrix(
    wiring: KeypadWiring, pin: Mapping[int, BenchPin], clock: Clock, random: Random
) -> KeyMatrix | None:
    """A key matrix behind these pins; None where somebody else has one of them."""
    rows, columns = ([pin.get(number) for number in numbers] for numbers in (wiring.rows, wiring.columns))
    had = [one for one in (*rows, *columns) if one is not None]
    if len(had) < len(rows) + len(columns):
        return None
    return KeyMatrix(had[: len(rows)], had[len(rows) :], clock, random)


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
        self._matrix = _matrix(wiring.keypad, pin, clock, random)
        inside = wiring.customer_keypad
        self._customer_matrix = _matrix(inside, pin, clock, random) if inside.fitted else None
        self.machines: Mapping[str, FakeMachine] = {}
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

    def customer_type(self, keys: str, now_s: float, every_s: float = 0.3) -> float:
        """Press keys of the second keypad; the time when the last one is up. KeyError for a missing key."""
        for index, key in enumerate(keys):
            self.customer_matrix.press(key, now_s + index * every_s, HOLD_S)
        return now_s + max(len(keys) - 1, 0) * every_s + HOLD_S

    def customer_has_key(self, key: str) -> bool:
        """Whether there is a second keypad, and this key on it."""
        return self._customer_matrix is not None and self._customer_matrix.has(key)

    def fail_customer_keypad(self, failing: bool = True) -> None:
        self._pins[self._wiring.customer_keypad.rows[0]].fault = "bad write" if failing else ""

    def machine(self, name: str = "") -> FakeMachine:
        """A simulated machine, the first without a name. KeyError for one that is not there."""
        return self.machines[name or next(iter(self.machines), "machine")]

    def claim(self, token: str, machine: str = "") -> None:
        """A card with this token goes into a machine."""
        self.machine(machine).claim(token)

    def give_code(self, digits: str = "", machine: str = "") -> None:
        """Digits are typed at a machine; without any a code is asked for."""
        self.machine(machine).code(digits)

    def end_claim(self, machine: str = "") -> None:
        self.machine(machine).end()

    def cut_line(self, cut: bool = True, machine: str = "") -> None:
        self.machine(machine).fault("cut", cut)

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
    def customer_matrix(self) -> KeyMatrix:
        """KeyError where there is no second keypad."""
        if self._customer_matrix is None:
            raise KeyError("the second keypad")
        return self._customer_matrix

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

    def heard(self, now_s: float) -> Sound:
        """The pattern that the buzzer's pin made in the last second, by how long it sounded."""
        wired, sounded_s = self._wiring.sounder, 0.0
        began_s, on_s = now_s - _PATTERN_S, None
        for at_s, level in (*self.trace(wired.pin), (now_s, None)):
            if on_s is not None:
                sounded_s += max(0.0, at_s - max(on_s, began_s))
            on_s = at_s if level == wired.active_high else None
        if sounded_s >= _SIREN_S:
            return Sound.SIREN
        return Sound.BEEPS if sounded_s >= _BEEP_S else Sound.OFF

    @property
    def said(self) -> tuple[Said, ...]:
        return tuple(self._prompt.said)

    @property
    def speaking(self) -> bool:
        """Whether words are being said."""
        return self._prompt.speaking

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the keypad, row by row; none where its pins belong to somebody else."""
        return () if self._matrix is None else self._matrix.legends

    @property
    def customer_keys(self) -> tuple[str, ...]:
        """The keys of the second keypad; none where there is none."""
        return () if self._customer_matrix is None else self._customer_matrix.legends

    def trace(self, number: int) -> tuple[tuple[float, bool | None], ...]:
        """(time, level) of the last 64 changes of what BCM `number` drives; None where it floats."""
        return tuple(self._pins[number].trace)

    def quiet(self, now_s: float) -> bool:
        """True when no contact and no key is about to move: what `Scanner` wants as `world_quiet`."""
        return not (
            any(contact.restless(now_s) for contact in self._contacts.values())
            or any(pad is not None and pad.restless(now_s) for pad in (self._matrix, self._customer_matrix))
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
