"""Every fault that can be switched in a simulated cabin: whether it is on, and the words that switch it."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge.bench.desk import Desk
from edge.bench.wire import FaultGroup, FaultSwitch
from hw.bench import FAULTS, LENSES, MACHINE_FAULTS, PromptFault
from hw.ports import Input

PROMPT_WORDS: Final[Mapping[PromptFault, tuple[str, str]]] = {
    PromptFault.ABSENT: ("broken", "there is no player"),
    PromptFault.FAILS: ("fails", "it ends with an error half a second into the words"),
    PromptFault.ENDS: ("ends", "it ends at once, as if it had said them"),
    PromptFault.HANGS: ("hangs", "it does not come to an end"),
    PromptFault.CLIPS: ("clips", "a phrase is missing or damaged"),
}
"""The word for each fault of the loudspeaker, and what it is."""


@dataclass(frozen=True, slots=True)
class DiskFault:
    """What a disk answers, an `errno`, and what that is."""

    error: int
    meaning: str


DISK_FAULTS: Final[Mapping[str, DiskFault]] = {
    "full": DiskFault(errno.ENOSPC, "no space is left for the record"),
    "fails": DiskFault(errno.EIO, "it cannot be written to"),
    "readonly": DiskFault(errno.EROFS, "it takes no writes any more"),
}

_RELAYS: Final = ("lock", "permit")


def switches(desk: Desk) -> tuple[FaultSwitch, ...]:
    """All faults, group by group."""
    return tuple(switch for group in FaultGroup for switch in _GROUPS[group](desk))


def _modem(desk: Desk) -> Iterator[FaultSwitch]:
    numbers = [name for name in desk.phone.faults if name not in FAULTS]
    numbered = dict.fromkeys(numbers, "the network has each text back with this number")
    for name, meaning in {**FAULTS, **numbered}.items():
        on = name in desk.phone.faults
        yield FaultSwitch(FaultGroup.MODEM, name, meaning, on, f"modem {name} on", f"modem {name} off")


def _camera(desk: Desk) -> Iterator[FaultSwitch]:
    group = FaultGroup.CAMERA
    yield FaultSwitch(
        group,
        "dies",
        "it gives no picture any more",
        not desk.camera_alive,
        "camera dies",
        "camera comes back",
    )
    scene = desk.mount.scene
    if scene is None:
        return
    for lens in LENSES:
        if lens != "clear":
            on = scene.lens == lens
            yield FaultSwitch(group, lens, f"the lens is {lens}", on, f"camera {lens}", "camera clear")


def _disk(desk: Desk) -> Iterator[FaultSwitch]:
    for word, fault in DISK_FAULTS.items():
        on = desk.disk_fault == fault.error
        yield FaultSwitch(FaultGroup.DISK, word, fault.meaning, on, f"disk {word}", "disk well")


def _clock(desk: Desk) -> Iterator[FaultSwitch]:
    on = not desk.clock.wall_true()
    yield FaultSwitch(
        FaultGroup.CLOCK, "unset", "nobody has set it since the start", on, "clock unset", "clock set"
    )


def _prompt(desk: Desk) -> Iterator[FaultSwitch]:
    for word, meaning in PROMPT_WORDS.values():
        on = f"prompt {word}" in desk.handiwork.broken
        yield FaultSwitch(FaultGroup.PROMPT, word, meaning, on, f"prompt {word}", "prompt well")


def _threads(desk: Desk) -> Iterator[FaultSwitch]:
    for part in desk.threads.parts if desk.powered else ():
        on = desk.threads.hangs(part)
        meaning = f"the thread of {part} stands still"
        yield FaultSwitch(
            FaultGroup.THREADS, part.value, meaning, on, f"thread {part} hangs", f"thread {part} well"
        )


def _wires(desk: Desk) -> Iterator[FaultSwitch]:
    fitted = [name.value for name in Input if desk.settings.wiring.contact(name).fitted]
    ways = (("cut", "wire", "the wire is cut"), ("unreadable", "pin", "the pin cannot be read"))
    yield from _each(desk, FaultGroup.WIRES, "wire", fitted, ways, "whole")


def _relays(desk: Desk) -> Iterator[FaultSwitch]:
    ways = (
        ("broken", "relay", "it cannot be written to"),
        ("welded", "weld", "it stays as it is, whatever is written"),
    )
    yield from _each(desk, FaultGroup.RELAYS, "relay", _RELAYS, ways, "well")


def _each(
    desk: Desk,
    group: FaultGroup,
    word: str,
    names: Iterable[str],
    ways: Sequence[tuple[str, str, str]],
    well: str,
) -> Iterator[FaultSwitch]:
    """Each of these in each way in which it can be broken: (word for it, the hands' word, what it means)."""
    for name in names:
        for how, what, meaning in ways:
            yield FaultSwitch(
                group,
                f"{name} {how}",
                f"{name}: {meaning}",
                f"{what} {name}" in desk.handiwork.broken,
                f"{word} {name} {how}",
                f"{word} {name} {well}",
            )


def _keypad(desk: Desk) -> Iterator[FaultSwitch]:
    group, broken = FaultGroup.KEYPAD, desk.handiwork.broken
    on = "keypad" in broken
    yield FaultSwitch(group, "broken", "its wires cannot be driven", on, "keypad broken", "keypad well")
    if desk.settings.wiring.customer_keypad.fitted:
        on, meaning = "inside keypad" in broken, "the wires of the one inside cannot be driven"
        yield FaultSwitch(group, "inside broken", meaning, on, "keypad inside broken", "keypad inside well")
    for key in desk.keys:
        on = f"key {key}" in broken
        yield FaultSwitch(
            group, f"key {key}", f"key {key} is stuck", on, f"key {key} stuck", f"key {key} free"
        )


def _sounder(desk: Desk) -> Iterator[FaultSwitch]:
    on = "buzzer" in desk.handiwork.broken
    yield FaultSwitch(
        FaultGroup.SOUNDER, "broken", "its pin cannot be written to", on, "buzzer broken", "buzzer well"
    )


def _machine(desk: Desk) -> Iterator[FaultSwitch]:
    for machine in desk.cards.machines:
        for name, meaning in MACHINE_FAULTS.items():
            yield FaultSwitch(
                FaultGroup.MACHINE,
                f"{machine.name} {name}",
                f"{machine.name}: {meaning}",
                name in machine.faults,
                f"ails {name} on {machine.name}",
                f"ails {name} off {machine.name}",
            )


_GROUPS: Final[Mapping[FaultGroup, Callable[[Desk], Iterator[FaultSwitch]]]] = {
    FaultGroup.MODEM: _modem,
    FaultGroup.CAMERA: _camera,
    FaultGroup.DISK: _disk,
    FaultGroup.CLOCK: _clock,
    FaultGroup.PROMPT: _prompt,
    FaultGroup.THREADS: _threads,
    FaultGroup.WIRES: _wires,
    FaultGroup.RELAYS: _relays,
    FaultGroup.KEYPAD: _keypad,
    FaultGroup.SOUNDER: _sounder,
    FaultGroup.MACHINE: _machine,
}
