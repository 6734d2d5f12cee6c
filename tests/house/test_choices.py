"""Whatever chooses by the members of an enum names all of them; a new member fails and the places are
reported.

Complete are a `match` without a rest, or whose rest is `assert_never` (the type checker follows both), and a
dict that has every member. What chooses by some members only (a set of them, `is`, `in`, a dict with a few)
is right for those that there were when it was written: `REVIEWED` says which these are. A member beyond them
fails here with the list of all such places; look at each, then add the member.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import get_args

import pytest

import edge
import hw
from edge.cabin.commands import Command
from edge.cabin.events import Event
from hw.ports import ModemEvent
from tests.house.sources import sources

pytestmark = pytest.mark.slow

UNIONS = {kind.__name__ for union in (Event, Command, ModemEvent) for kind in get_args(union)}
"""Classes that are told apart by `match` as the members of an enum are."""

PARTIAL: Mapping[str, str] = {
    "CameraHealth: OK, DARK, BLINDED, COVERED, SPRAYED, DEFOCUSED, MOVED, UPSIDE_DOWN": (
        "the others have no time to hold for"
    ),
    "Device: LOCK, PERMIT": "the two relays",
    "Mode in edge/cabin/table.py": "where a cell may lead; every cell is driven and compared with the print",
    "Recipient: WATCHMAN, WATCHMAN2, CONTROL_ROOM": "the card's owner is in the gallery",
    "Recipient: CONTROL_ROOM": "e-mail goes to the control room alone",
    "Recipient: CONTROL_ROOM, WATCHMAN": "the distress call of a kiosk that is down goes to these two",
}
"""Dicts that lack members on purpose: the enum and the members that they have, or the file, and why."""

OPEN: Mapping[str, str] = {
    "describe": "whatever is not named is shown under the name of its class",
}
"""Functions with a `match` that has a rest on purpose, and why any new member may belong to the rest."""

REVIEWED: Mapping[str, str] = {
    "Anomaly": (
        "SEVERAL_PERSONS WEAPON FIGHT ROBBERY PERSON_DOWN PANIC LOITERING INTRUSION OBJECT_LEFT "
        "OBJECT_REMOVED FRONT_CHANGED CAMERA_OBSTRUCTED UNUSUAL_SCENE UNUSUAL_BEHAVIOUR STILL_PICTURE "
        "CASE_OPENED SHAKEN DOOR_FORCED DOOR_HELD_OPEN"
    ),
    "Because": (
        "WORKS CODE_ON_ITS_WAY TIME_RUNS NO_CODE KEYPAD_CLOSED KEYPAD_BROKEN BEING_COMPARED NOT_FITTED "
        "CONTACT_BROKEN CAMERA_BLIND SOMEBODY_THERE SOMEBODY_CAN_OPEN HOLDS_ALREADY NO_SECRET NO_MODEM "
        "SOCKET_DEAD"
    ),
    "CabinState": "VACANT_DAY VACANT_NIGHT CUSTOMER SERVICE",
    "CameraHealth": "OK DARK BLINDED COVERED SPRAYED DEFOCUSED MOVED UPSIDE_DOWN FROZEN REPLAYED GONE",
    "Channel": "SMS EMAIL WEBHOOK MQTT",
    "ContactKind": "NORMALLY_OPEN NORMALLY_CLOSED",
    "ClaimEnd": (
        "MACHINE_ENDED LINE_LOST ANOTHER_CLAIM OWNER_SAID_NO NOT_ENROLLED DOOR_OPENED NOBODY_THERE LOCKED "
        "EMERGENCY"
    ),
    "Cover": "NONE MASK GLASSES HELMET SCARF HAND OTHER",
    "Device": (
        "LOCK PERMIT INPUTS EXIT_INPUT KEYPAD CUSTOMER_KEYPAD PROMPT SOUNDER LIGHTS "
        "MODEM MODEM_DRIVER ATM DISK EVIDENCE CONTROL EYES CLOCK DOOR_CONTACT"
    ),
    "EntryVerdict": "RIGHT WRONG SUPERSEDED",
    "EnrolStage": "NONE READING LOOKING WRITING DONE FAILED",
    "EyesTurn": "FAILED RECOVERED",
    "FaceFact": "UNKNOWN PROPER COVERED TURNED HIDDEN UNCLEAR",
    "FaceVerdict": "PROPER COVERED TURNED UNCLEAR",
    "Gauge": (
        "LIGHT DETAIL CONTRAST NOISE SHIFT_RIGHT SHIFT_DOWN FOREGROUND SOMEBODY_EMPTY PERSONS_EMPTY "
        "UNLIKE_NORMAL UNLIKE_FRONT FACES_SEEN FACE_SCORE FACES_UNCLEAR FACE_CERTAIN SOMEBODY_THERE "
        "PERSONS_BOXED PERSONS WEAPON FIGHT UNUSUAL"
    ),
    "Heard": "ANSWERED PDU UNASKED",
    "Input": "DOOR EXIT FIRE PANIC CASE VIBRATION",
    "Judged": "OPEN OK FAILED SKIPPED",
    "Kind": (
        "STATE FACT ANOMALY ANOMALY_ENDED MESSAGE PROMPT KEY DOOR PERMIT SIREN CONTACT PICTURES FAULT MARK "
        "OTHER"
    ),
    "LanguageName": "EN DE HI",
    "LearnWhat": "EMPTY FRONT",
    "LearnState": "NONE RUNNING DONE REFUSED",
    "Light": "GREEN AMBER RED",
    "Mark": "FALSE TRUE",
    "Marking": "ANY NONE FALSE TRUE",
    "Measure": (
        "PERSONS FACES LOOKS REGIONS TURNS SPEED LOG_ODDS UNLIKENESS HOUR LASTED_S STILL_S STAYED_S SIZE_CM "
        "WIDTH_CM HEIGHT_CM MOVED_PX AREA_PERCENT CHANGED_PERCENT NOW_PERCENT LEARNT_PERCENT"
    ),
    "Mode": "VACANT CHECKING CLEARED WARNED LOCKED RELEASED EMERGENCY",
    "ModemTrouble": (
        "ABSENT MUTE BUSY NO_SIM PIN_WANTED PIN_WRONG LOCKED "
        "NOT_REGISTERED DENIED NO_CREDIT NO_SMSC SUPPLY_LOW REFUSED"
    ),
    "NoTemplate": "NO_FACE SEVERAL COVERED TURNED CUT SMALL BLURRED DARK BRIGHT UNCLEAR",
    "NotTried": (
        "NOT_VACANT SOMEBODY_THERE NOT_SEEN_EMPTY NOBODY_SEEN_TO_GO DOOR_OPEN FIRE EXIT DANGER "
        "INCIDENT DEVICE_FAILED CAMERA CLAIM RESTS TOO_SOON TRIAL_RUNS NO_NUMBER"
    ),
    "Of": "EMPTY VISIT",
    "Orderer": "CONTROL_ROOM ON_THE_SPOT",
    "Ours": "NO YES FORCED",
    "Outcome": "OK PROMPT ERROR TIMEOUT",
    "OwnerFact": "UNKNOWN SAME ANOTHER UNFIT",
    "PadResult": "ADDED COMPLETED CLEARED IGNORED",
    "Part": "INPUT_PATH JOURNAL EVIDENCE CONTROL MODEM ATM",
    "PartKind": "PROGRAM SYSTEM LIBRARY NETWORK DATA",
    "PermitRule": "OFF STAYS",
    "Phase": "ANY OPEN CLOSED",
    "Pose": "STRAIGHT LEFT RIGHT UP DOWN",
    "PowerKind": "SUPPLY KEY",
    "PixelClass": "NONE MONITOR DETECT OBSERVE RECOGNISE IDENTIFY INSPECT",
    "PromptCause": (
        "NONE MASK HELMET GLASSES SCARF HAND OBJECT COVERED FACE_CAMERA HIDDEN ONE_AT_A_TIME STEP_CLOSER "
        "STEP_BACK MIDDLE HOLD_STILL WHOLE_FACE"
    ),
    "PromptKey": (
        "SHOW_FACE DOOR_OPEN LOCKED RELEASED EMERGENCY MACHINE_CLOSED OWNER_FACE OWNER_NOT_KNOWN "
        "OWNER_CODE_SENT OWNER_CODE_WRONG OWNER_CODE_OLD OWNER_CODE_NOT_SENT OWNER_NO_CODE TRIAL SILENCE"
    ),
    "Purpose": "MACHINE FORBIDDEN LOITER IGNORED",
    "Recipient": "WATCHMAN WATCHMAN2 CONTROL_ROOM OWNER",
    "Refusal": "NO_SECRET OTHER_INCIDENT AGAIN",
    "Request": "REOPEN PULL_SWITCH",
    "Role": "FACE OVERVIEW",
    "RowState": "QUEUED SENDING ACCEPTED DELIVERED FAILED EXPIRED SUPERSEDED",
    "RegionKind": "SLOT KEYPAD BEZEL HOOD SHUTTER SCREEN",
    "Rung": "SOFT RESET REOPEN POWER KEY",
    "Seer": "FACES OWNER PEOPLE THINGS FIGHT UNUSUAL FRONT NORMAL",
    "Siren": "NO BEEPS SIREN MUTE",
    "SirenFor": "ANYBODY SOMEBODY_THERE",
    "Trouble": "UNREACHABLE UNTRUSTED REFUSED SILENT GARBLED DROPPED TAKEN_OVER NO_CERTIFICATE UNREAD",
    "Verb": "REPORT SELFTEST EVIDENCE",
    "ThingKind": "PERSON HEAD BAG HANDGUN KNIFE LONG_GUN BAR PHONE",
    "Stage": "NONE FACE FAILED SENDING CODE BY_FACE BY_CODE",
    "TrialEnd": "TIME STOPPED ANOTHER HAPPENED RESTARTED",
    "Tried": "LOCK PERMIT SIREN BEEPS GREEN AMBER RED PROMPT",
    "Unclear": "NONE SMALL DARK BRIGHT BLURRED CUT CUT_ASIDE UPSIDE_DOWN UNDECIDED",
    "Urgency": "CODE EMERGENCY ALERT REPORT",
    "Wait": (
        "SIREN SILENCE HOLD CLAIM TRIAL CROWD DOOR_HELD EXIT_STUCK REMIND SHOWN ADJUST SAY_AGAIN LOCK "
        "LEAD MAX_LOCK RECORD UNREACHABLE LOCKED_EMPTY KEYPAD_OPENS CODE_ACCEPT CODE_FAILOVER "
        "CODE_TTL SECOND_WATCHMAN GONE FIRE_CLEAR EXIT_HOLD"
    ),
    "Way": (
        "CODE EXIT FIRE PANIC PERSON_DOWN CONTROL_ROOM ON_THE_SPOT FORCED RESTART INPUTS_FAILED NOBODY_THERE "
        "NOBODY_CAN_OPEN MAX_TIME TRIAL_TIME TRIAL_STOPPED HAPPENING"
    ),
    "Worse": "LESS MORE EITHER",
}
"""The members of each enum, as of the last look at all places that choose by some of them."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line that chooses by members of an enum; `complete`: the type checker or the dict itself has all."""

    file: str
    line: int
    kind: str
    enum: str
    members: tuple[str, ...]
    function: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line} ({self.function or 'module'}, {self.kind} of {', '.join(self.members)})"
        )


@dataclass(frozen=True, slots=True)
class Members:
    file: str
    names: tuple[str, ...]


@cache
def enums() -> Mapping[str, Members]:
    """Every enum of edge/ and hw/: where it is defined, and its members in their order."""
    found: dict[str, Members] = {}
    for file, tree in sources("edge", "hw"):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and {"StrEnum", "Enum", "IntEnum"} & set(
                map(ast.unparse, node.bases)
            ):
                assert node.name not in found, f"two enums are called {node.name}"
                named = [s.targets[0] for s in node.body if isinstance(s, ast.Assign)]
                names = tuple(name.id for name in named if isinstance(name, ast.Name))
                found[node.name] = Members(file, names)
    return found


class Reader(ast.NodeVisitor):
    """Finds the places of one file."""

    def __init__(self, file: str, tree: ast.Module) -> None:
        self.file = file
        self.places: list[Place] = []
        self._function = ""
        self._names = {
            target.id: node.value.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)
            for target in node.targets
            if isinstance(target, ast.Name) and node.value.id in enums()
        }
        """Short names of enums, as in `_M = Mode`."""
        self.visit(tree)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer, self._function = self._function, node.name
        self.generic_visit(node)
        self._function = outer

    def _member(self, node: ast.AST | None) -> tuple[str, str] | None:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            enum = self._names.get(node.value.id, node.value.id)
            if enum in enums() and node.attr in enums()[enum].names:
                return enum, node.attr
        return None

    def _add(self, node: ast.expr | ast.stmt, kind: str, nodes: list[ast.expr]) -> bool:
        """Whether they are all members of one enum; then this is a place."""
        found = [self._member(one) for one in nodes]
        members = [one for one in found if one is not None]
        if not members or len(members) < len(nodes) or len({enum for enum, _ in members}) > 1:
            return False
        enum, names = members[0][0], tuple(name for _, name in members)
        self.places.append(Place(self.file, node.lineno, kind, enum, names, self._function))
        return True

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """What is laid over another dict need not be whole."""
        for side in (node.left, node.right):
            if not isinstance(side, ast.Dict):
                self.visit(side)

    def visit_Dict(self, node: ast.Dict) -> None:
        if node.keys and None not in node.keys:
            self._add(node, "dict", [key for key in node.keys if key is not None])
        self.generic_visit(node)

    def visit_Set(self, node: ast.Set | ast.Tuple | ast.List) -> None:
        self._add(node, "group", node.elts)
        self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        if len(node.elts) > 1:  # a single one is reported, not chosen by
            self.visit_Set(node)
        else:
            self.generic_visit(node)

    def visit_List(self, node: ast.List) -> None:
        self.visit_Set(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                self._add(node, "search", [left])
            else:
                self._add(node, "comparison", [right])
            left = right
        self.generic_visit(node)

    def visit_Match(self, node: ast.Match) -> None:
        members: list[ast.expr] = []
        classes: set[str] = set()
        for case in node.cases:
            for part in ast.walk(case.pattern):
                if isinstance(part, ast.MatchValue):
                    members.append(part.value)
                elif isinstance(part, ast.MatchClass):
                    classes.add(ast.unparse(part.cls))
        last = node.cases[-1]
        rest = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
        kind = "open match" if rest and "assert_never(" not in ast.unparse(last) else "match"
        if not self._add(node, kind, members) and classes and classes <= UNIONS | {"Input"}:
            self.places.append(
                Place(self.file, node.lineno, kind, "", tuple(sorted(classes)), self._function)
            )
        self.generic_visit(node)


@cache
def places(*roots: str) -> tuple[Place, ...]:
    return tuple(place for file, tree in sources(*roots) for place in Reader(file, tree).places)


def of_program() -> tuple[Place, ...]:
    return places("edge", "hw")


def partial(place: Place) -> bool:
    """Whether it names some members and lets the others fall to whatever is left."""
    whole = place.enum and set(place.members) == set(enums()[place.enum].names)
    return place.kind != "match" and not (place.kind == "dict" and whole)


def _key(place: Place) -> str:
    by_file = f"{place.enum} in {place.file}"
    return by_file if by_file in PARTIAL else f"{place.enum}: {', '.join(place.members)}"


def test_every_dict_of_members_is_complete() -> None:
    lacking = {_key(place): place for place in of_program() if place.kind == "dict" and partial(place)}
    told = "\n".join(f"{place}, of {', '.join(enums()[place.enum].names)}" for place in lacking.values())
    assert lacking.keys() == PARTIAL.keys(), told


def test_no_match_over_members_has_a_rest() -> None:
    left = {place.function: place for place in of_program() if place.kind == "open match"}
    assert left.keys() == OPEN.keys(), "\n".join(map(str, left.values()))


def elsewhere(place: Place) -> bool:
    """Not in the enum's own file: anyone who adds a member there reads that one anyway."""
    return bool(place.enum) and place.file != enums()[place.enum].file


@cache
def by_some() -> Mapping[str, tuple[Place, ...]]:
    """The places that choose by some of an enum's members."""
    found: dict[str, tuple[Place, ...]] = {}
    for place in (*of_program(), *places("tests/worlds")):
        if elsewhere(place) and partial(place):
            found[place.enum] = (*found.get(place.enum, ()), place)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("enum", sorted(REVIEWED))
def test_every_place_was_looked_at_with_all_members(enum: str) -> None:
    assert enum in by_some(), f"nothing chooses by {enum}; take it out of REVIEWED"
    told = "\n".join(map(str, by_some()[enum]))
    known = REVIEWED[enum].split()
    new = [member for member in enums()[enum].names if member not in known]
    gone = [member for member in known if member not in enums()[enum].names]
    assert not new, f"{enum} has {', '.join(new)}; look at each of these, then add it to REVIEWED:\n{told}"
    assert not gone, f"{enum} has no {', '.join(gone)}; take it out of REVIEWED"


def test_all_that_something_chooses_by_is_reviewed() -> None:
    told = [str(place) for enum, found in by_some().items() if enum not in REVIEWED for place in found]
    assert not told, "look at each of these, then write its enum's members into REVIEWED:\n" + "\n".join(told)


def modules() -> Iterator[str]:
    for package in (edge, hw):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__") and found.name not in lacking_library():
                yield found.name


def lacking_library() -> set[str]:
    """What drives real pins needs a library that some Pythons have only from the system, on a Pi."""
    return set() if importlib.util.find_spec("lgpio") else {"hw.pins.lgpio_pins"}


def enum_of(keys: list[object]) -> type[Enum] | None:
    """The one enum that all keys are members of."""
    kinds = {type(key) for key in keys if isinstance(key, Enum)}
    return kinds.pop() if len(kinds) == 1 and all(isinstance(key, Enum) for key in keys) else None


def test_every_mapping_that_a_module_makes_is_complete() -> None:
    """Also one that is put together, which no reader of the sources can count."""
    known = {tuple(key.partition(": ")[2].split(", ")) for key in PARTIAL}
    lacking = []
    for name in modules():
        for label, value in vars(importlib.import_module(name)).items():
            keys: list[object] = list(value) if isinstance(value, Mapping) else []
            enum = enum_of(keys)
            members = [key.name for key in keys if isinstance(key, Enum)]
            if enum is not None and len(members) < len(enum) and tuple(members) not in known:
                lacking.append(f"{name}.{label} has only {', '.join(members)}")
    assert not lacking, "\n".join(lacking)
