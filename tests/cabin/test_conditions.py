"""Each question that the table asks: a state for which it holds, and every single thing that ends it.

Also what cannot come up together today is asked here: a gate refuses each thing by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import msgspec
import pytest

from edge.cabin import conditions as ask
from edge.cabin.anomalies import Policy
from edge.cabin.comeback import wake_up
from edge.cabin.commands import PromptCause, PromptKey
from edge.cabin.deadlines import advance, next_wake_s
from edge.cabin.draft import Draft
from edge.cabin.events import Anomaly, Device, FaceFact
from edge.cabin.outputs import (
    door_locked,
    lights,
    lock_in_s,
    owner_face_wanted,
    permit_on,
    shown,
    silent,
    sound,
)
from edge.cabin.rules import Flow, OwnerRules, Rules
from edge.cabin.state import Claim, Code, Mode, Stage, State, returning
from edge.terms.observation import CameraHealth, Cover, Unclear
from edge.terms.record import Recipient
from hw.ports import Light, Sound
from tests.worlds.cabin_model import NEEDED

NOW_S = 1000.0
RULES = Rules(flow=Flow())
CLAIMS = Rules(flow=Flow(), owner=OwnerRules())
FLOW = RULES.flow
NO_CONTACT = Rules(flow=Flow(), door_contact=False)
CONTACT_BROKEN = frozenset({Device.DOOR_CONTACT})
BLIND = tuple(health for health in CameraHealth if health is not CameraHealth.OK)
HELD = (
    Anomaly.SEVERAL_PERSONS,
    Anomaly.WEAPON,
    Anomaly.FIGHT,
    Anomaly.ROBBERY,
    Anomaly.PERSON_DOWN,
    Anomaly.PANIC,
)
FREE = tuple(anomaly for anomaly in Anomaly if anomaly not in HELD)

Change = Mapping[str, object]


def with_(state: State, change: Change) -> State:
    return replace(state, **change)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Asked:
    """`holds` for `state` and still after each of `still`, no more after each of `ends`."""

    holds: Callable[[State], object]
    state: State
    ends: tuple[Change, ...]
    still: tuple[Change, ...] = field(default=())


HIDDEN = State(
    mode=Mode.WARNED,
    present=True,
    face=FaceFact.COVERED,
    evidence_s=20.0,
    prompted_at_s=NOW_S - 10.0,
    counting_from_s=NOW_S,
)
ALONE_ENDS: tuple[Change, ...] = (
    {"present": False},
    {"no_lock": True},
    {"shown": True},
    *({"face": face} for face in (FaceFact.UNKNOWN, FaceFact.PROPER, FaceFact.UNCLEAR)),
    {"several": True},
    *({"health": health} for health in BLIND),
    *({"active": frozenset({anomaly})} for anomaly in HELD),
    {"stand_until_s": NOW_S + 0.001},
    {"fire": True},
    {"exit": True},
    {"door_open": True},
)
ALONE_STILL: tuple[Change, ...] = (
    {"face": FaceFact.TURNED},
    {"face": FaceFact.HIDDEN},
    *({"active": frozenset({anomaly})} for anomaly in FREE),
    {"stand_until_s": NOW_S},
    {"stand_until_s": NOW_S - 1},
    {"door_open": True, "failed": CONTACT_BROKEN},
)
OTHER_MODES = tuple({"mode": mode} for mode in Mode if mode not in (Mode.CHECKING, Mode.WARNED))
BARE = State(mode=Mode.CHECKING, present=True, face=FaceFact.PROPER)
PERMIT_OFF = tuple(name for name, rule in Policy() if rule.permit.value == "off")
PERMIT_STAYS = tuple(name for name, rule in Policy() if rule.permit.value == "stays")
BLOCKS: tuple[Change, ...] = (
    *({"health": health} for health in BLIND),
    {"failed": frozenset({Device.INPUTS})},
    *({"active": frozenset({Anomaly(name)})} for name in PERMIT_OFF),
)
BLOCKS_NOT: tuple[Change, ...] = (
    *({"active": frozenset({Anomaly(name)})} for name in PERMIT_STAYS),
    {"failed": frozenset(Device) - {Device.INPUTS}},
)
TAKEN = Code(live=True, took=frozenset({Recipient.WATCHMAN}))
LOCKED = State(mode=Mode.LOCKED, present=True, code=TAKEN, locked_at_s=NOW_S - 5.0)
WARNED_ONCE = State(mode=Mode.WARNED, face=FaceFact.COVERED, warn_ticket=3)
AFTER_FIRE = State(after_fire=True, fire_quiet_since_s=NOW_S - 600.0, fire_door_cycled=True)

ASKED: dict[str, Asked] = {
    "may clear": Asked(
        lambda s: ask.may_clear(s, NOW_S, RULES),
        BARE,
        (
            {"present": False},
            *({"face": face} for face in FaceFact if face is not FaceFact.PROPER),
            {"several": True},
            {"fire": True},
            {"exit": True},
            *BLOCKS,
        ),
        BLOCKS_NOT,
    ),
    "the face is shown": Asked(
        ask.shows_face,
        BARE,
        (
            {"present": False},
            *({"face": face} for face in FaceFact if face is not FaceFact.PROPER),
            {"several": True},
            *({"health": health} for health in BLIND),
            *OTHER_MODES,
        ),
        (*BLOCKS_NOT, {"mode": Mode.WARNED}, {"active": frozenset({Anomaly.FRONT_CHANGED})}),
    ),
    "the face was shown in full": Asked(
        lambda s: ask.shown_in_full(s, NOW_S, RULES),
        replace(BARE, bare_since_s=NOW_S - 6.0),
        ({"shown": True}, {"bare_since_s": None}, {"bare_since_s": NOW_S - 5.999}),
        ({"bare_since_s": NOW_S - 7.0},),
    ),
    "may stay cleared": Asked(
        lambda s: not ask.must_leave_cleared(s, NOW_S, RULES),
        BARE,
        ({"face": FaceFact.COVERED}, {"face": FaceFact.HIDDEN}, {"several": True}, *BLOCKS),
        ({"face": FaceFact.TURNED}, {"face": FaceFact.UNCLEAR}, {"face": FaceFact.UNKNOWN}, *BLOCKS_NOT),
    ),
    "the permit is not blocked": Asked(lambda s: not ask.permit_blocked(s, RULES), BARE, BLOCKS, BLOCKS_NOT),
    "alone and hidden": Asked(
        lambda s: ask.alone_and_hidden(s, NOW_S, RULES), HIDDEN, ALONE_ENDS, (*ALONE_STILL, *OTHER_MODES)
    ),
    "the lock clock runs": Asked(
        lambda s: ask.counting(s, NOW_S, RULES),
        HIDDEN,
        (*ALONE_ENDS, *OTHER_MODES),
        (*ALONE_STILL, {"mode": Mode.CHECKING}),
    ),
    "not held": Asked(
        lambda s: not ask.held(s, NOW_S),
        HIDDEN,
        (
            {"face": FaceFact.UNCLEAR},
            {"several": True},
            *({"health": health} for health in BLIND),
            *({"active": frozenset({anomaly})} for anomaly in HELD),
            {"stand_until_s": NOW_S + 0.001},
        ),
        (*({"active": frozenset({anomaly})} for anomaly in FREE), {"stand_until_s": NOW_S}),
    ),
    "the lock is due": Asked(
        lambda s: ask.lock_is_due(s, NOW_S, RULES),
        HIDDEN,
        (*ALONE_ENDS, *OTHER_MODES, {"mode": Mode.CHECKING}, {"evidence_s": 19.999}),
        (*ALONE_STILL, {"evidence_s": 20.0 - 1e-7}, {"evidence_s": 10.0, "locked_at_s": NOW_S}),
    ),
    "the one gate": Asked(
        lambda s: ask.may_lock(s, NOW_S, RULES),
        HIDDEN,
        (
            *ALONE_ENDS,
            *OTHER_MODES,
            {"evidence_s": 19.999},
            {"evidence_s": 9.999, "locked_at_s": NOW_S},
            {"prompted_at_s": None},
            {"prompted_at_s": NOW_S - 9.999},
            *({"failed": frozenset({device})} for device in sorted(NEEDED)),
        ),
        (
            *ALONE_STILL,
            *({"failed": frozenset({device})} for device in Device if device not in NEEDED),
            {"prompted_at_s": NOW_S - 11.0},
        ),
    ),
    "evidence is complete": Asked(
        lambda s: ask.evidence_complete(s, FLOW),
        HIDDEN,
        ({"evidence_s": 20.0 - 1.2e-6}, {"evidence_s": 0.0}),
        ({"evidence_s": 20.0 - 1e-6}, {"evidence_s": 21.0}),
    ),
    "the door is open": Asked(
        lambda s: ask.door_open(s, RULES),
        State(door_open=True),
        ({"door_open": False}, {"failed": CONTACT_BROKEN}),
        ({"failed": frozenset(Device) - CONTACT_BROKEN},),
    ),
    "the first warning is still to be heard": Asked(
        lambda s: ask.first_warning_is_said(s, RULES),
        WARNED_ONCE,
        (
            {"warn_ticket": None},
            {"prompted_at_s": NOW_S},
            {"several": True},
            {"face": FaceFact.UNCLEAR},
            {"door_open": True},
        ),
        ({"face": FaceFact.TURNED}, {"warn_ticket": 0}),
    ),
    "other words are wanted": Asked(
        lambda s: ask.other_words_wanted(s, RULES),
        replace(WARNED_ONCE, warn_ticket=None),
        ({"warn_ticket": 3}, {"said": (PromptKey.SHOW_FACE, PromptCause.COVERED)}),
        ({"warn_ticket": 3, "prompted_at_s": NOW_S}, {"said": (PromptKey.DOOR_OPEN, PromptCause.COVERED)}),
    ),
    "may be warned": Asked(
        lambda s: ask.warnable(s, NOW_S, RULES),
        HIDDEN,
        (
            {"face": FaceFact.UNKNOWN},
            {"face": FaceFact.PROPER},
            *({"health": health} for health in BLIND),
            *(
                {"active": frozenset({Anomaly(name)})}
                for name in ("weapon", "fight", "robbery", "person_down", "panic")
            ),
            {"silent_until_s": NOW_S + 0.001},
        ),
        (
            {"face": FaceFact.UNCLEAR},
            {"face": FaceFact.UNKNOWN, "several": True},
            {"active": frozenset({Anomaly.CASE_OPENED})},
            {"silent_until_s": NOW_S},
        ),
    ),
    "somebody can open": Asked(
        lambda s: not ask.nobody_can_open(s),
        LOCKED,
        (
            {"failed": frozenset({Device.KEYPAD})},
            {"code": replace(TAKEN, live=False)},
            {"code": replace(TAKEN, took=frozenset())},
            {"failed": frozenset({Device.KEYPAD}), "code": Code(lockout_until_s=NOW_S)},
        ),
        (
            {"code": Code(lockout_until_s=NOW_S)},
            {"failed": frozenset(Device) - {Device.KEYPAD}},
            *({"mode": mode, "code": Code()} for mode in Mode if mode is not Mode.LOCKED),
        ),
    ),
    "nobody could open for too long": Asked(
        lambda s: ask.unreached_for_long(s, RULES),
        replace(LOCKED, unreached_s=180.0, unreached_from_s=NOW_S),
        ({"unreached_s": 180.0 - 1.2e-6}, {"unreached_from_s": None}),
        ({"unreached_s": 180.0 - 1e-6}, {"unreached_s": 181.0}),
    ),
    "the code waits": Asked(
        ask.code_waits, LOCKED, ({"code": Code()}, {"code": replace(TAKEN, lockout_until_s=NOW_S)})
    ),
    "comes back in vain": Asked(
        lambda s: ask.comes_back_in_vain(s, RULES),
        replace(LOCKED, came_back=True, several=True),
        ({"came_back": False}, {"several": False}, {"several": False, "face": FaceFact.UNCLEAR}),
        ({"several": False, "face": FaceFact.PROPER}, {"several": False, "door_open": True}),
    ),
    "released for long enough": Asked(
        lambda s: ask.released_for_long(s, NOW_S, RULES),
        State(since_s=NOW_S - 3.0),
        ({"since_s": NOW_S - 2.999},),
        ({"since_s": NOW_S - 4.0},),
    ),
    "all is quiet": Asked(
        lambda s: ask.all_quiet(s, NOW_S, RULES),
        State(mode=Mode.EMERGENCY),
        ({"fire": True}, {"exit": True}, {"exit_hold_until_s": NOW_S + 0.001}),
        ({"exit_hold_until_s": NOW_S}, {"exit_hold_until_s": NOW_S - 1.0}),
    ),
    "the fire is over": Asked(
        lambda s: ask.fire_over(s, NOW_S, RULES),
        AFTER_FIRE,
        (
            {"fire_quiet_since_s": None},
            {"fire_quiet_since_s": NOW_S - 599.999},
            {"fire_door_cycled": False},
            {"fire_door_cycled": False, "fire_door_opened": True},
        ),
        ({"after_fire": False, "fire_door_cycled": False}, {"fire_quiet_since_s": NOW_S - 601.0}),
    ),
    "a lock comes back": Asked(
        returning,
        State(mode=Mode.WARNED, locked_at_s=NOW_S),
        ({"locked_at_s": None}, *({"mode": mode} for mode in Mode if mode is not Mode.WARNED)),
        ({"locked_at_s": 0.0},),
    ),
    "the relay locks": Asked(
        door_locked,
        LOCKED,
        (
            *({"mode": mode} for mode in Mode if mode is not Mode.LOCKED),
            {"record_by_s": NOW_S},
            {"fire": True},
            {"exit": True},
        ),
    ),
    "the permit is on": Asked(
        lambda s: permit_on(s, RULES),
        State(mode=Mode.CLEARED),
        tuple({"mode": mode} for mode in Mode if mode is not Mode.CLEARED),
        tuple({"claim": Claim(1, stage)} for stage in Stage),
    ),
    "the permit is on where the owner is asked for": Asked(
        lambda s: permit_on(s, CLAIMS),
        State(mode=Mode.CLEARED, claim=Claim(1, Stage.BY_FACE)),
        (
            *({"mode": mode} for mode in Mode if mode is not Mode.CLEARED),
            *({"claim": Claim(1, stage)} for stage in Stage if stage not in (Stage.BY_FACE, Stage.BY_CODE)),
        ),
        ({"claim": Claim(1, Stage.BY_CODE)},),
    ),
    "the face is to be compared with the owner's": Asked(
        owner_face_wanted,
        State(mode=Mode.CLEARED, claim=Claim(1, Stage.FACE, until_s=NOW_S + 1.0)),
        (
            *({"mode": mode} for mode in Mode if mode is not Mode.CLEARED),
            *({"claim": Claim(1, stage)} for stage in Stage if stage is not Stage.BY_FACE),
        ),
    ),
    "silent": Asked(
        lambda s: silent(s, NOW_S, RULES),
        State(silent_until_s=NOW_S + 0.001),
        ({"silent_until_s": None}, {"silent_until_s": NOW_S}),
        tuple(
            {"silent_until_s": None, "active": frozenset({Anomaly(name)})}
            for name in ("weapon", "fight", "robbery", "person_down", "panic")
        ),
    ),
    "the siren sounds": Asked(
        lambda s: sound(s, NOW_S, RULES) is Sound.SIREN,
        State(siren_until_s=NOW_S + 0.001),
        (
            {"siren_until_s": NOW_S},
            {"siren_until_s": None},
            {"mode": Mode.EMERGENCY},
            {"silent_until_s": NOW_S + 1},
            {"active": frozenset({Anomaly.PANIC})},
        ),
        ({"mode": Mode.WARNED}, {"mode": Mode.LOCKED}, {"active": frozenset({Anomaly.LOITERING})}),
    ),
    "it beeps": Asked(
        lambda s: sound(s, NOW_S, RULES) is Sound.BEEPS,
        State(mode=Mode.CLEARED, active=frozenset({Anomaly.LOITERING})),
        (
            {"active": frozenset()},
            {"active": frozenset({Anomaly.OBJECT_LEFT})},
            {"mode": Mode.LOCKED},
            {"mode": Mode.EMERGENCY},
        ),
        ({"mode": Mode.WARNED, "active": frozenset()}, {"siren_until_s": NOW_S}),
    ),
    "shown as a lockout": Asked(
        lambda s: shown(s, NOW_S) == "lockout",
        replace(LOCKED, code=Code(lockout_until_s=NOW_S + 0.001)),
        (
            {"code": Code()},
            {"code": Code(lockout_until_s=NOW_S)},
            *({"mode": mode} for mode in Mode if mode is not Mode.LOCKED),
        ),
        ({"health": CameraHealth.GONE},),
    ),
    "shown as blind": Asked(
        lambda s: shown(s, NOW_S) == "blind",
        State(health=CameraHealth.GONE),
        ({"health": CameraHealth.OK}, {"mode": Mode.LOCKED}, {"mode": Mode.EMERGENCY}),
        (
            *({"health": health} for health in BLIND),
            *({"mode": mode} for mode in Mode if mode not in (Mode.LOCKED, Mode.EMERGENCY)),
        ),
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_it_holds_and_each_single_thing_ends_it(name: str) -> None:
    asked = ASKED[name]
    assert asked.holds(asked.state)
    for change in asked.still:
        assert asked.holds(with_(asked.state, change)), change
    for change in asked.ends:
        assert not asked.holds(with_(asked.state, change)), change


def test_without_a_contact_no_door_is_open_and_no_fire_waits_for_one() -> None:
    assert not ask.door_open(State(door_open=True), NO_CONTACT)
    assert ask.fire_over(replace(AFTER_FIRE, fire_door_cycled=False), NOW_S, NO_CONTACT)
    assert not ask.fire_over(State(after_fire=True, fire_quiet_since_s=NOW_S), NOW_S, NO_CONTACT)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"door_open": True, "several": True, "health": CameraHealth.GONE}, "door_open"),
        (
            {"several": True, "health": CameraHealth.GONE, "active": frozenset({Anomaly.FIGHT})},
            "several_persons",
        ),
        ({"health": CameraHealth.GONE, "active": frozenset({Anomaly.FIGHT})}, "camera_obstructed"),
        ({"active": frozenset({Anomaly.WEAPON, Anomaly.FIGHT, Anomaly.LOITERING})}, "fight"),
        ({"face": FaceFact.PROPER, "active": frozenset({Anomaly.LOITERING})}, "face_not_hidden"),
        ({"stand_until_s": NOW_S + 1}, "face_not_hidden"),
    ],
)
def test_what_took_a_lock_back_is_named_the_gravest_first(change: Change, reason: str | None) -> None:
    assert ask.forbids_lock(with_(HIDDEN, change), NOW_S, RULES) == reason


UNCLEAR_ASKED = {
    Unclear.NONE: "whole_face",
    Unclear.SMALL: "step_closer",
    Unclear.DARK: "step_closer",
    Unclear.BRIGHT: "step_back",
    Unclear.BLURRED: "hold_still",
    Unclear.CUT: "step_back",
    Unclear.CUT_ASIDE: "middle",
    Unclear.UPSIDE_DOWN: "whole_face",
    Unclear.UNDECIDED: "whole_face",
}
COVER_ASKED = {
    Cover.NONE: "covered",
    Cover.MASK: "mask",
    Cover.GLASSES: "glasses",
    Cover.HELMET: "helmet",
    Cover.SCARF: "scarf",
    Cover.HAND: "hand",
    Cover.OTHER: "object",
}


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"several": True}, "one_at_a_time"),
        *(({"face": FaceFact.UNCLEAR, "unclear": why}, asked) for why, asked in UNCLEAR_ASKED.items()),
        *(({"face": face}, "face_camera") for face in (FaceFact.TURNED, FaceFact.UNKNOWN)),
        ({"face": FaceFact.HIDDEN}, "hidden"),
        *(({"face": FaceFact.COVERED, "cover": cover}, asked) for cover, asked in COVER_ASKED.items()),
        ({"face": FaceFact.COVERED, "cover": Cover.MASK, "turned": True}, "face_camera"),
        ({"face": FaceFact.COVERED, "turned": True, "several": True}, "one_at_a_time"),
    ],
)
def test_what_the_person_is_asked_to_change(change: Change, cause: str) -> None:
    state = with_(HIDDEN, change)
    assert ask.cause(state).value == cause
    assert ask.wanted_words(state, RULES) == (PromptKey.SHOW_FACE, ask.cause(state))
    opened = replace(state, door_open=True)
    assert ask.wanted_words(opened, RULES) == (PromptKey.DOOR_OPEN, ask.cause(state))


def test_nobody_whose_face_is_unclear_is_threatened() -> None:
    assert {PromptCause(asked) for asked in UNCLEAR_ASKED.values()} < ask.NO_THREAT
    assert not {PromptCause(asked) for asked in COVER_ASKED.values()} & ask.NO_THREAT


def test_the_control_room_hears_what_covers_a_face_that_looks_away() -> None:
    change: Change = {"face": FaceFact.COVERED, "cover": Cover.MASK, "turned": True}
    assert ask.hides(with_(HIDDEN, change)) is PromptCause.MASK


@pytest.mark.parametrize(
    ("mode", "lit"),
    [
        (Mode.VACANT, {Light.GREEN}),
        (Mode.CHECKING, {Light.GREEN, Light.AMBER}),
        (Mode.CLEARED, {Light.GREEN}),
        (Mode.WARNED, {Light.AMBER}),
        (Mode.LOCKED, {Light.RED}),
        (Mode.RELEASED, {Light.AMBER}),
        (Mode.EMERGENCY, {Light.RED, Light.AMBER, Light.GREEN}),
    ],
)
def test_the_lights_of_each_mode(mode: Mode, lit: set[Light]) -> None:
    assert lights(State(mode=mode)) == lit


def test_the_seconds_that_are_left_run_down_to_nothing() -> None:
    state = State(evidence_s=5.0, counting_from_s=NOW_S)
    left = [lock_in_s(state, NOW_S + after_s, RULES) for after_s in (0.0, 5.0, 15.0, 15.5, 99.0)]
    assert left == [15.0, 10.0, 0.0, 0.0, 0.0]
    returns = replace(state, mode=Mode.WARNED, locked_at_s=NOW_S)
    assert lock_in_s(returns, NOW_S, RULES) == 5.0
    assert lock_in_s(replace(state, counting_from_s=None), NOW_S, RULES) is None


def test_small_times_and_limits() -> None:
    assert (ask.due(5.0, None), ask.due(5.0, 5.0), ask.due(4.9, 5.0)) == (False, True, False)
    assert (ask.later(None, 5.0), ask.later(2.0, 5.0)) == (None, 7.0)
    assert ask.lock_ends_s(LOCKED, FLOW) == NOW_S - 5.0 + 1800.0
    assert ask.code_fails_over_s(Code(issued_at_s=7.0)) == 67.0


@pytest.mark.parametrize(("off_s", "taken_s"), [(None, 0.25), (0.0, 0.25), (0.1, 0.25), (9.0, 9.0)])
def test_a_restart_takes_the_time_that_it_lasted_and_a_checkpoint_at_least(
    off_s: float | None, taken_s: float
) -> None:
    flow = msgspec.structs.replace(Flow(), checkpoint_s=0.25)
    lock = replace(LOCKED, locked_at_s=50.0, unreached_s=4.0, unreached_from_s=60.0)
    woken = wake_up(lock, 70.0, 200.0, off_s, flow)
    assert woken.locked_at_s == 50.0 - taken_s + 130.0
    assert (woken.unreached_s, woken.unreached_from_s) == (4.0 + 10.0 + 0.25, None)
    early = wake_up(lock, 55.0, 200.0, off_s, flow)
    assert early.unreached_s == 4.0 + 0.25, "no time that runs backwards"


@pytest.mark.parametrize("from_s", [NOW_S, NOW_S + 1.0])
def test_only_time_that_ran_is_added_up_and_nothing_is_rounded_without_it(from_s: float) -> None:
    state = State(evidence_s=0.1, counting_from_s=from_s, unreached_s=0.1, unreached_from_s=from_s)
    d = Draft(state, NOW_S, RULES)
    advance(d)
    assert d.s == state
    d = Draft(state, from_s + 2.0, RULES)
    advance(d)
    assert d.s.evidence_s == d.s.unreached_s == pytest.approx(2.1)
    assert (d.s.counting_from_s, d.s.unreached_from_s) == (from_s + 2.0, from_s + 2.0)


@pytest.mark.parametrize(
    ("state", "wakes"),
    [
        (State(), None),
        (State(siren_until_s=NOW_S), None),
        (State(siren_until_s=NOW_S + 2, silent_until_s=NOW_S + 3, stand_until_s=NOW_S + 1), 1.0),
        (State(several_since_s=NOW_S), 10.0),
        (State(bare_since_s=NOW_S), 6.0),
        (State(bare_since_s=NOW_S, shown=True), None),
        (State(door_open_since_s=NOW_S), 60.0),
        (State(exit_since_s=NOW_S), 60.0),
        (State(told=((Anomaly.PANIC, NOW_S),)), None),
        (State(told=((Anomaly.PANIC, NOW_S),), active=frozenset({Anomaly.PANIC})), 600.0),
        (State(mode=Mode.CHECKING, warn_from_s=NOW_S), 6.0),
        (State(mode=Mode.WARNED, say_again_s=NOW_S + 4), 4.0),
        (State(mode=Mode.WARNED, counting_from_s=NOW_S, evidence_s=13.0), 7.0),
        (State(mode=Mode.WARNED, counting_from_s=NOW_S + 1, evidence_s=23.0), 1.0),
        (State(mode=Mode.WARNED, locked_at_s=NOW_S, counting_from_s=NOW_S, evidence_s=3.0), 7.0),
        (State(mode=Mode.WARNED, prompted_at_s=NOW_S), 10.0),
        (State(mode=Mode.WARNED, locked_at_s=NOW_S), 1800.0),
        (State(mode=Mode.LOCKED, record_by_s=NOW_S + 0.5), 0.5),
        (State(mode=Mode.LOCKED, unreached_from_s=NOW_S, unreached_s=30.0), 150.0),
        (State(mode=Mode.LOCKED, unreached_from_s=NOW_S + 1, unreached_s=190.0), 1.0),
        (State(mode=Mode.LOCKED, gone_since_s=NOW_S), 30.0),
        (State(mode=Mode.LOCKED, locked_at_s=NOW_S), 1800.0),
        (State(mode=Mode.LOCKED, code=Code(lockout_until_s=NOW_S + 9)), 9.0),
        (State(mode=Mode.LOCKED, code=Code(issued_at_s=NOW_S)), None),
        (State(mode=Mode.LOCKED, code=Code(live=True, issued_at_s=NOW_S)), 60.0),
        (State(mode=Mode.LOCKED, code=Code(live=True, issued_at_s=NOW_S - 60)), 60.0),
        (State(mode=Mode.LOCKED, code=Code(live=True, issued_at_s=NOW_S, accepted_at_s=NOW_S)), 120.0),
        (State(mode=Mode.LOCKED, code=Code(live=True, accepted_at_s=NOW_S - 120)), 180.0),
        (State(mode=Mode.LOCKED, code=Code(accepted_at_s=NOW_S)), None),
        (State(mode=Mode.RELEASED, since_s=NOW_S), 3.0),
        (State(mode=Mode.RELEASED, fire_quiet_since_s=NOW_S), 600.0),
        (State(mode=Mode.EMERGENCY, exit_hold_until_s=NOW_S + 15), 15.0),
        (State(mode=Mode.VACANT, exit_hold_until_s=NOW_S + 15, say_again_s=NOW_S + 5), None),
    ],
)
def test_the_earliest_deadline(state: State, wakes: float | None) -> None:
    at_s = next_wake_s(state, NOW_S, RULES)
    assert (None if at_s is None else at_s - NOW_S) == wakes
