"""Wired contacts sampled by level: a cut wire reads as an open contact, an unreadable pin as a cut wire."""

from __future__ import annotations

from hw.pins.gpio import Pin, PinFactory, pulled_up
from hw.ports import LIFE, HardwareError, Input, InputChange
from hw.wiring import ContactKind, WiringSettings


class _Lane:
    """One fitted contact and its debouncing."""

    __slots__ = ("active", "count", "failed", "name", "off_samples", "on_samples", "open_is_active", "pin")

    def __init__(
        self, name: Input, pin: Pin, open_is_active: bool, on_samples: int, off_samples: int
    ) -> None:
        self.name = name
        self.pin = pin
        self.open_is_active = open_is_active
        self.on_samples = on_samples
        self.off_samples = off_samples
        self.active: bool | None = None
        self.count = 0
        self.failed = False


class ContactInputs:
    """Contacts between a pulled-up pin and ground: closed reads low, open (or cut) reads high."""

    def __init__(self, factory: PinFactory, wiring: WiringSettings) -> None:
        self._lanes: list[_Lane] = []
        for name in Input:
            contact = wiring.contact(name)
            if contact.fitted:
                self._lanes.append(
                    _Lane(
                        name,
                        pulled_up(factory, contact.pin),
                        contact.contact is ContactKind.NORMALLY_CLOSED,
                        contact.on_samples,
                        contact.off_samples,
                    )
                )
        self._by_name = {lane.name: lane for lane in self._lanes}
        self._settling = True
        self._kept: tuple[InputChange, ...] = ()

    def sample(self, now_s: float) -> tuple[InputChange, ...]:
        """Read every fitted input once; the changes since the last call, all of them on the first.

        HardwareError `input_failed` once when a pin becomes unreadable; the other pins are sampled all the
        same and their changes come with the next call.
        """
        changes: list[InputChange] = []
        trouble = ""
        cause: Exception | None = None
        settling = False
        for lane in self._lanes:
            try:
                raw = bool(lane.pin.state) == lane.open_is_active
            except Exception as error:  # whatever the library throws, this contact tells nothing now
                raw = lane.open_is_active or lane.name in LIFE  # however that one is wired
                if not lane.failed:
                    lane.failed = True
                    trouble = f"{trouble}, {lane.name}" if trouble else str(lane.name)
                    cause = error
            else:
                lane.failed = False
            if lane.active is None:
                lane.active = raw
                changes.append(InputChange(lane.name, raw, now_s))
            elif raw == lane.active:
                lane.count = 0
            else:
                lane.count += 1
                if lane.count >= (lane.on_samples if raw else lane.off_samples):
                    lane.active = raw
                    lane.count = 0
                    changes.append(InputChange(lane.name, raw, now_s))
                else:
                    settling = True
        self._settling = settling
        found = (*self._kept, *changes)
        if cause is not None:
            self._kept = found
            raise HardwareError("input_failed", f"{trouble}: {cause}") from cause
        self._kept = ()
        return found

    def active(self, name: Input) -> bool:
        lane = self._by_name.get(name)
        return lane is not None and bool(lane.active)

    def fitted(self, name: Input) -> bool:
        return name in self._by_name

    @property
    def settling(self) -> bool:
        return self._settling or bool(self._kept)

    @property
    def unreadable(self) -> frozenset[Input]:
        return frozenset(lane.name for lane in self._lanes if lane.failed)

    def close(self) -> None:
        """Nothing to do: an input rests as an input."""
