"""Views of a simulated cabin as the bench page gets them, without any cabin behind."""

from __future__ import annotations

from typing import Final

import msgspec

from edge.bench.wire import (
    BenchView,
    ContactSeen,
    Countdown,
    FaultGroup,
    FaultSwitch,
    KeypadSeen,
    Line,
    MachineSeen,
    OutputsSeen,
    PersonSeen,
    PhoneSeen,
    StageSeen,
    StorySeen,
    TextSeen,
    WayOut,
    WordsSaid,
)
from edge.cabin.deadlines import Wait
from edge.cabin.ways import Because, Way
from hw.bench import COVERS, FAULTS, LENSES, MACHINE_FAULTS
from hw.ports import Input

WALL_S: Final = 1_767_254_400.0
KEYS: Final = tuple("123456789*0#")


def fault_switches(on: tuple[str, ...] = ("mute",)) -> tuple[FaultSwitch, ...]:
    """One of every group, all of the modem, the lens and the machine."""
    found = [
        FaultSwitch(FaultGroup.MODEM, name, what, name in on, f"modem {name} on", f"modem {name} off")
        for name, what in FAULTS.items()
    ]
    found += [
        FaultSwitch(FaultGroup.CAMERA, lens, f"the lens is {lens}", False, f"camera {lens}", "camera clear")
        for lens in LENSES
        if lens != "clear"
    ]
    found += [
        FaultSwitch(FaultGroup.DISK, "full", "no space is left", "full" in on, "disk full", "disk well"),
        FaultSwitch(FaultGroup.PROMPT, "hangs", "it does not end", False, "prompt hangs", "prompt well"),
        FaultSwitch(
            FaultGroup.WIRES, "fire cut", "the wire is cut", False, "wire fire cut", "wire fire whole"
        ),
        FaultSwitch(
            FaultGroup.RELAYS, "lock welded", "it stays", False, "relay lock welded", "relay lock well"
        ),
        FaultSwitch(FaultGroup.KEYPAD, "key 5", "it is stuck", False, "key 5 stuck", "key 5 free"),
        FaultSwitch(FaultGroup.SOUNDER, "broken", "its pin fails", False, "buzzer broken", "buzzer well"),
    ]
    found += [
        FaultSwitch(FaultGroup.MACHINE, name, what, False, f"ails {name} on", f"ails {name} off")
        for name, what in MACHINE_FAULTS.items()
    ]
    return tuple(found)


VACANT: Final = BenchView(
    time_s=100.0,
    wall_s=WALL_S + 100.0,
    powered=True,
    state="vacant",
    mode="vacant",
    stage=StageSeen("staged", True, True, False, (), "on", "clear", "whole"),
    outputs=OutputsSeen(
        locked=False,
        permit=False,
        pattern="off",
        sounding=False,
        green=True,
        amber=False,
        red=False,
        said=None,
    ),
    contacts=tuple(ContactSeen(name.value, name is not Input.CASE, False, "") for name in Input),
    keypad=KeypadSeen(KEYS, (), ()),
    machines=(),
    phones=(
        PhoneSeen("watchman", "+15550100", ()),
        PhoneSeen("watchman2", "+15550101", ()),
        PhoneSeen("control_room", "+15550102", ()),
        PhoneSeen("anna", "+15550110", ()),
    ),
    faults=fault_switches(()),
    deadlines=(),
    ways=(),
    happenings=(),
    lasting=(),
)

_CODE: Final = "Cabin 1. Incident 3: CODE 417. Code 1 of 5, until 14:32, earlier ones void."

LOCKED: Final = msgspec.structs.replace(
    VACANT,
    state="locked",
    mode="locked",
    stage=StageSeen(
        "staged",
        True,
        True,
        False,
        (
            PersonSeen("anna", ("glasses", "mask"), "front", False, "off", False),
            PersonSeen("george", ("helmet",), "left", True, "held", False),
            PersonSeen("mia", (), "away", False, "off", True),
        ),
        "dim",
        "sprayed",
        "skimmer",
    ),
    outputs=OutputsSeen(
        locked=True,
        permit=False,
        pattern="siren",
        sounding=True,
        green=False,
        amber=False,
        red=True,
        said=WordsSaid("The door is locked. The exit button opens it.", ("locked.wav",), 1.2, True),
    ),
    contacts=(
        ContactSeen("door", True, False, ""),
        ContactSeen("exit", True, False, "cut"),
        ContactSeen("fire", True, True, ""),
        ContactSeen("panic", True, False, "unreadable"),
        ContactSeen("case", False, False, ""),
        ContactSeen("vibration", True, False, ""),
    ),
    keypad=KeypadSeen(KEYS, ("5",), KEYS),
    machines=(MachineSeen("machine", ("cut",)),),
    phones=(
        PhoneSeen(
            "watchman",
            "+15550100",
            (
                TextSeen(90.0, WALL_S + 90.0, True, _CODE),
                TextSeen(95.0, WALL_S + 95.0, False, "STATUS"),
            ),
        ),
        PhoneSeen("watchman2", "+15550101", ()),
        PhoneSeen(
            "control_room",
            "+15550102",
            (TextSeen(91.0, WALL_S + 91.0, True, "Cabin 1: door locked, no face. Incident 3"),),
        ),
        PhoneSeen(
            "anna",
            "+15550110",
            (TextSeen(80.0, WALL_S + 80.0, True, "Cabin 1: CODE 654321 for your card. Not you? Answer NO."),),
        ),
    ),
    faults=fault_switches(("mute", "full")),
    deadlines=(
        Countdown(Wait.SIREN, 112.4, True),
        Countdown(Wait.CODE_TTL, 288.0, True),
        Countdown(Wait.UNREACHABLE, 120.0, False),
    ),
    ways=tuple(
        WayOut(
            way,
            at % 2 == 0,
            list(Because)[at % len(Because)],
            60.0 if at == 3 else None,
        )
        for at, way in enumerate(Way)
    ),
    happenings=(
        Line(1, 70.0, "state", "vacant → CHECKING"),
        Line(2, 76.0, "state", "checking → WARNED"),
        Line(3, 77.0, "prompt", "“Take off the mask <please>.”"),
        Line(4, 90.0, "state", "warned → LOCKED"),
        Line(5, 99.5, "event", "key touched"),
        Line(6, 99.6, "fact", "face covered with mask"),
    ),
    story=StorySeen("fire", "Fire while locked", 3, 11, "+10 fire on", True, False, ""),
)

COVER_NAMES: Final = tuple(sorted(COVERS))
