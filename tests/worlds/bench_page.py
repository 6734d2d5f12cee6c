"""Views of a simulated cabin as the bench page gets them, without any cabin behind."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from edge.bench.page.__main__ import bench_site
from edge.bench.page.cabin_asked import CabinAsked
from edge.bench.wire import (
    Acted,
    BenchReply,
    BenchRequest,
    BenchView,
    ContactSeen,
    Countdown,
    FaultGroup,
    FaultSwitch,
    FolderCase,
    FolderSeen,
    KeypadSeen,
    Line,
    Look,
    MachineSeen,
    OutputsSeen,
    PersonSeen,
    PhoneSeen,
    Recorded,
    StageSeen,
    Stories,
    StoryAsk,
    StoryLine,
    StorySeen,
    TextSeen,
    WayOut,
    WordsSaid,
)
from edge.cabin.deadlines import Wait
from edge.cabin.ways import LOCK_WAYS, Because
from edge.faults.fault import FaultError
from edge.panel.app import open_server
from edge.panel.sources import Sources
from edge.settings.load import load
from hw.bench import FAULTS, LENSES, MACHINE_FAULTS
from hw.ports import Input
from tests.worlds.ports import free_port

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
        PhoneSeen("george", "+15550111", ()),
        PhoneSeen("stranger", "+15550199", ()),
    ),
    faults=fault_switches(()),
    deadlines=(),
    ways=(),
    happenings=(),
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
        PhoneSeen("george", "+15550111", ()),
        PhoneSeen("stranger", "+15550199", ()),
    ),
    faults=fault_switches(("mute", "full")),
    deadlines=(
        Countdown(Wait.SIREN, 112.4, 120.0, True),
        Countdown(Wait.CODE_TTL, 288.0, 300.0, True),
        Countdown(Wait.UNREACHABLE, 120.0, 180.0, False),
    ),
    ways=tuple(
        WayOut(
            way,
            at % 2 == 0,
            list(Because)[at % len(Because)],
            60.0 if at == 3 else None,
        )
        for at, way in enumerate(LOCK_WAYS)
    ),
    happenings=(
        Line(1, 70.0, "state", "vacant → CHECKING"),
        Line(2, 76.0, "state", "checking → WARNED"),
        Line(3, 77.0, "prompt", "“Take off the mask <please>.”"),
        Line(4, 90.0, "state", "warned → LOCKED"),
        Line(5, 99.5, "event", "key touched"),
        Line(6, 99.6, "fact", "face covered with mask"),
    ),
    story=StorySeen(
        *("fire", "Fire while locked", 3, 11, "+10 fire on", True, False, ""),
        around=(
            StoryLine(3, "by +1 see door locked", "done", 27.2),
            StoryLine(4, "+10 fire on", "now"),
            StoryLine(5, "by +0.1 see state emergency", "ahead"),
        ),
    ),
    recorded=Recorded(True, 4, "what a webcam saw is not in it"),
    folder=FolderSeen(
        "own",
        False,
        (
            FolderCase("first", "well"),
            FolderCase("second", "failed", "line 4: state locked did not come"),
            FolderCase("third", "wrong", "line 1: no title"),
            FolderCase("fourth", "waiting"),
        ),
        "ended early",
    ),
)


class PageOver:
    """The bench page over a cabin that answers with `view`, or not at all where it is a fault.

    `asked` has every act that came.
    """

    def __init__(self, folder: Path, overrides: Sequence[str] = ()) -> None:
        port = free_port()
        words = [f"paths.data={folder}", f"paths.runtime={folder}", f"panel.port={port}", *overrides]
        self.view: BenchView | FaultError = VACANT
        self.reply: BenchReply = Acted(done=True, said="done")
        self.asked: list[BenchRequest] = []
        settings = load(None, words)
        cabin = CabinAsked(folder, self._answer)
        self.site = bench_site(settings, Sources(settings, []), cabin)
        self.address = f"http://127.0.0.1:{port}/bench"
        self._server = open_server(settings, self.site)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, folder: Path, request: BenchRequest, within_s: float) -> BenchReply:
        if isinstance(request, StoryAsk) and request.do == "list":
            return Stories(stories=(("fire", "Fire while locked"),))
        if not isinstance(request, Look):
            self.asked.append(request)
            return self.reply
        if isinstance(self.view, FaultError):
            raise self.view
        return self.view

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join(10.0)
        self._server.close()
