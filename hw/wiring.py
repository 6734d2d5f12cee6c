"""Which pin each part hangs on and which way round: the wiring of one kiosk, checked before a pin is touched.

Pins are BCM numbers. The defaults keep clear of I2C (2, 3), the serial port of a modem (14, 15) and an
I2S loudspeaker amplifier (18, 19, 21); they use the pins of SPI0, which is off unless somebody turns it
on. BCM 9 to 27 are pulled low when the board gets power and 0 to 8 high (BCM2835 ARM Peripherals, table
6-31), so relays that switch on at a high level rest on 9 to 27.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, assert_never

import msgspec

from hw.ports import LIFE, Input, Light, PowerKind

BcmPin = Annotated[int, msgspec.Meta(ge=2, le=27)]
Samples = Annotated[int, msgspec.Meta(ge=1, le=20)]


class ContactKind(StrEnum):
    """How a contact between its pin and ground rests. A cut wire reads as an open contact."""

    NORMALLY_OPEN = "normally_open"
    NORMALLY_CLOSED = "normally_closed"


class RelayWiring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`active_high`: a high level pulls the relay in."""

    pin: BcmPin
    active_high: bool = True


class ContactWiring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contact to ground. `on_samples`, `off_samples`: equal samples in a row (10 ms each) that count."""

    pin: BcmPin
    contact: ContactKind = ContactKind.NORMALLY_CLOSED
    fitted: bool = True
    on_samples: Samples = 3
    off_samples: Samples = 3


class KeypadWiring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A matrix of four rows and three or four columns, no diodes. Times in seconds."""

    rows: Annotated[tuple[BcmPin, ...], msgspec.Meta(min_length=4, max_length=4)] = (4, 7, 8, 9)
    columns: Annotated[tuple[BcmPin, ...], msgspec.Meta(min_length=3, max_length=4)] = (10, 11, 20)
    debounce_s: Annotated[float, msgspec.Meta(ge=0.01, le=0.03)] = 0.02
    """Beyond its bound a key's click could come later than 50 ms after the touch."""

    stuck_s: Annotated[float, msgspec.Meta(ge=2, le=120)] = 10.0


class CustomerKeypadWiring(KeypadWiring, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A second matrix inside, for the code to a card's owner where the machine cannot take it.

    It shares no pin with the first: a key that somebody jams inside must not reach the watchman's pad. Its
    pins are those that are kept free without it: modem, sound and clock module are then not wired to them.
    """

    fitted: bool = False
    rows: Annotated[tuple[BcmPin, ...], msgspec.Meta(min_length=4, max_length=4)] = (14, 15, 18, 19)
    columns: Annotated[tuple[BcmPin, ...], msgspec.Meta(min_length=3, max_length=4)] = (2, 3, 21)


class SounderWiring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A buzzer with its own oscillator, switched on and off."""

    pin: BcmPin = 22
    active_high: bool = True


class LightsWiring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    green_pin: BcmPin = 23
    amber_pin: BcmPin = 24
    red_pin: BcmPin = 25
    active_high: bool = True

    def light(self, light: Light) -> int:
        """The pin of a light."""
        match light:
            case Light.GREEN:
                return self.green_pin
            case Light.AMBER:
                return self.amber_pin
            case Light.RED:
                return self.red_pin
            case _:
                assert_never(light)


class ModemPowerWiring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relay in the modem's supply, or a transistor at its power key, pulled in for `hold_s` to restart it.

    At rest the modem is left alone: the supply goes through the relay's normally closed contact.
    """

    fitted: bool = False
    switches: PowerKind = PowerKind.SUPPLY
    pin: BcmPin = 21
    active_high: bool = True
    hold_s: Annotated[float, msgspec.Meta(ge=0.1, le=20)] = 3.0


class WiringSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole board. What guards life is normally closed and acts on the first active sample."""

    lock: RelayWiring = RelayWiring(pin=17)
    permit: RelayWiring = RelayWiring(pin=27)
    door: ContactWiring = ContactWiring(pin=5)
    exit: ContactWiring = ContactWiring(pin=6, on_samples=1)
    fire: ContactWiring = ContactWiring(pin=12, on_samples=1)
    panic: ContactWiring = ContactWiring(pin=13)
    case: ContactWiring = ContactWiring(pin=16)
    vibration: ContactWiring = ContactWiring(pin=26, contact=ContactKind.NORMALLY_OPEN, on_samples=1)
    keypad: KeypadWiring = KeypadWiring()
    customer_keypad: CustomerKeypadWiring = CustomerKeypadWiring()
    sounder: SounderWiring = SounderWiring()
    lights: LightsWiring = LightsWiring()
    modem_power: ModemPowerWiring = ModemPowerWiring()

    def contact(self, name: Input) -> ContactWiring:
        match name:
            case Input.DOOR:
                return self.door
            case Input.EXIT:
                return self.exit
            case Input.FIRE:
                return self.fire
            case Input.PANIC:
                return self.panic
            case Input.CASE:
                return self.case
            case Input.VIBRATION:
                return self.vibration
            case _:
                assert_never(name)

    def pins(self) -> Iterator[tuple[str, int]]:
        """Every pin in use, under its key in the settings."""
        yield "lock.pin", self.lock.pin
        yield "permit.pin", self.permit.pin
        for name in Input:
            if self.contact(name).fitted:
                yield f"{name}.pin", self.contact(name).pin
        for index, pin in enumerate(self.keypad.rows):
            yield f"keypad.rows[{index}]", pin
        for index, pin in enumerate(self.keypad.columns):
            yield f"keypad.columns[{index}]", pin
        if self.customer_keypad.fitted:
            for index, pin in enumerate(self.customer_keypad.rows):
                yield f"customer_keypad.rows[{index}]", pin
            for index, pin in enumerate(self.customer_keypad.columns):
                yield f"customer_keypad.columns[{index}]", pin
        yield "sounder.pin", self.sounder.pin
        for light in Light:
            yield f"lights.{light}_pin", self.lights.light(light)
        if self.modem_power.fitted:
            yield "modem_power.pin", self.modem_power.pin

    def problems(self) -> tuple[str, ...]:
        """What no kiosk may be started with, a sentence each; empty when the wiring is sound."""
        found: list[str] = []
        owner: dict[int, str] = {}
        for key, pin in self.pins():
            if pin in owner:
                found.append(f"wiring.{key} and wiring.{owner[pin]} both use BCM {pin}")
            owner.setdefault(pin, key)
        for name in LIFE:
            contact = self.contact(name)
            if not contact.fitted:
                continue
            if contact.contact is not ContactKind.NORMALLY_CLOSED:
                found.append(f"wiring.{name}.contact must be normally_closed, or a cut wire would go unseen")
            if contact.on_samples != 1:
                found.append(f"wiring.{name}.on_samples must be 1: {name} drops the lock at the first sample")
        return tuple(found)
