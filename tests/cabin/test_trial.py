"""A trial of an output: only where nobody can be, only for seconds, and whatever happens ends it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from edge.cabin.anomalies import Policy, Siren
from edge.cabin.commands import KeepPictures, Note, Say, SetDoor, SetLights, SetPermit, SetSound, Tell
from edge.cabin.events import (
    CodeAccepted,
    CodeDenied,
    Event,
    PromptGiven,
    RecordAnswered,
    Restarted,
    Ticked,
    TrialAsked,
    TrialStopped,
)
from edge.cabin.outputs import door_locked, permit_on, permit_reason
from edge.cabin.rules import Flow, Rules
from edge.cabin.state import Claim, Mode, State, Trial
from edge.cabin.table import step
from edge.cabin.trial import HARMLESS, REST_S, not_tried
from edge.terms.commission import NotTried, TrialEnd, Tried, trial_most_s
from hw.ports import Sound
from tests.worlds.cabin_places import CORNERS, MAKERS
from tests.worlds.cabin_world import CLAIMS, EVENTS, Cabin

RELAYS = (Tried.LOCK, Tried.PERMIT)
NO_CONTACT = Rules(flow=Flow(), door_contact=False)


def shown(c: Cabin) -> tuple[bool, bool, Sound, set[str]]:
    return c.door, c.permit, c.sound, c.lights


@pytest.mark.parametrize(
    ("tried", "is_shown"),
    [
        ("lock", (True, False, Sound.OFF, {"red"})),
        ("permit", (False, True, Sound.OFF, {"green"})),
        ("siren", (False, False, Sound.SIREN, {"green"})),
        ("beeps", (False, False, Sound.BEEPS, {"green"})),
        ("green", (False, False, Sound.OFF, {"green"})),
        ("amber", (False, False, Sound.OFF, {"amber"})),
        ("red", (False, False, Sound.OFF, {"red"})),
        ("prompt", (False, False, Sound.OFF, {"green"})),
    ],
)
def test_each_output_moves_alone_and_rests_again(
    tried: str, is_shown: tuple[bool, bool, Sound, set[str]]
) -> None:
    c = Cabin().tries(tried, 2.0)
    assert shown(c) == is_shown
    assert shown(c.wait(1.999)) == is_shown
    assert shown(c.wait(0.001)) == shown(Cabin())
    assert c.notes == ["trial_time"]
    assert (c.mode, c.state.incident, c.state.incidents) == ("vacant", 0, 0)
    assert not any(isinstance(command, Tell | KeepPictures) for command in c.all)


@pytest.mark.parametrize("tried", Tried)
def test_none_lasts_longer_than_it_may(tried: Tried) -> None:
    c = Cabin().tries(tried, 1e6)
    assert c.state.trial.until_s == trial_most_s(tried) <= (5.0 if tried in RELAYS else 10.0)
    assert c.wait(trial_most_s(tried)).state.trial.output is None


def test_the_words_are_said_once_and_cut_off_with_the_trial() -> None:
    assert _says(Cabin().tries("prompt").wait(20)) == ["trial"], "to their end"
    stop = TrialStopped(TrialEnd.STOPPED)
    assert _says(Cabin().tries("prompt").hear(stop)) == ["trial", "silence"]
    for tried in set(Tried) - {Tried.PROMPT}:
        assert _says(Cabin().tries(tried).hear(stop)) == []


def _says(c: Cabin) -> list[str]:
    return [command.prompt.value for command in c.all if isinstance(command, Say)]


def test_a_trial_may_be_short_and_never_negative() -> None:
    assert Cabin().tries("green", 0.25).state.trial.until_s == 0.25
    assert Cabin().tries("lock", -1.0).state.trial.output is None


# --- where it may begin ----------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[], Cabin], NotTried]] = {
    "somebody there": (lambda: Cabin().comes(), NotTried.SOMEBODY_THERE),
    "cleared": (lambda: Cabin().comes("bare"), NotTried.SOMEBODY_THERE),
    "warned": (lambda: Cabin().comes("masked").wait(10), NotTried.SOMEBODY_THERE),
    "locked": (lambda: Cabin().locked(), NotTried.SOMEBODY_THERE),
    "locked and gone": (lambda: Cabin().locked().leaves(), NotTried.NOT_VACANT),
    "released": (lambda: Cabin().locked().types("right").leaves(), NotTried.NOT_VACANT),
    "fire": (lambda: Cabin().wire("fire", True), NotTried.FIRE),
    "exit": (lambda: Cabin().wire("exit", True), NotTried.EXIT),
    "exit held": (lambda: Cabin().wire("exit", True).wire("exit", False), NotTried.NOT_VACANT),
    "panic": (lambda: Cabin().wire("panic", True), NotTried.DANGER),
    "panic over": (lambda: Cabin().wire("panic", True).wire("panic", False), NotTried.DANGER),
}
OF_RELAYS: dict[str, tuple[Callable[[], Cabin], NotTried]] = {
    "door open": (lambda: Cabin().wire("door", True), NotTried.DOOR_OPEN),
    "door open, contact not believed": (
        lambda: Cabin().fails("door_contact").wire("door", True),
        NotTried.DOOR_OPEN,
    ),
    "contact not believed": (lambda: Cabin().fails("door_contact"), NotTried.DEVICE_FAILED),
    "no contact, and a device failed": (
        lambda: Cabin(NO_CONTACT).fails("keypad"),
        NotTried.DEVICE_FAILED,
    ),
    "the permit failed": (lambda: Cabin().fails("permit"), NotTried.DEVICE_FAILED),
    "the lock failed": (lambda: Cabin().fails("lock"), NotTried.DEVICE_FAILED),
    "inputs failed": (lambda: Cabin().fails("inputs"), NotTried.DEVICE_FAILED),
    "no eyes": (lambda: Cabin().fails("eyes"), NotTried.DEVICE_FAILED),
    "blind": (lambda: Cabin().camera("covered"), NotTried.CAMERA),
    "upside down": (lambda: Cabin().camera("upside_down"), NotTried.CAMERA),
    "two are seen": (lambda: Cabin().several(), NotTried.INCIDENT),
    "case open": (lambda: Cabin().wire("case", True), NotTried.INCIDENT),
    "case open again, told a moment ago": (
        lambda: Cabin().wire("case", True).wire("case", False).wait(35).wire("case", True),
        NotTried.INCIDENT,
    ),
    "something was left": (lambda: Cabin().begins("object_left"), NotTried.INCIDENT),
}


def test_nothing_is_tried_where_somebody_or_a_danger_may_be() -> None:
    for make, why in REFUSED.values():
        for tried in Tried:
            _refused(make(), tried, why)


def test_no_relay_is_tried_where_anything_is_not_in_order() -> None:
    for make, why in OF_RELAYS.values():
        for tried in RELAYS:
            _refused(make(), tried, why)


def _refused(c: Cabin, tried: Tried, why: NotTried) -> None:
    assert not_tried(c.state, c.now_s, c.rules, tried) is why
    before = c.hear(Ticked()).state
    c.fresh.clear()
    c.tries(tried)
    assert (c.state.trial, c.state.mode) == (before.trial, before.mode)
    assert c.fresh == [Note("trial_refused")]


def test_lights_and_sounds_are_tried_with_the_case_and_the_door_open_too() -> None:
    for make, _ in OF_RELAYS.values():
        for tried in set(Tried) - set(RELAYS):
            c = make()
            assert c.tries(tried, 1.0).state.trial.output is tried
            assert c.wait(1.0).state.trial.output is None


def test_no_relay_is_tried_that_nobody_looked_at_before() -> None:
    for tried in RELAYS:
        c = Cabin().tries(tried, seen_empty=False)
        assert (c.door, c.permit, c.notes) == (False, False, ["trial_refused"])


@pytest.mark.parametrize("first", RELAYS)
@pytest.mark.parametrize("second", RELAYS)
def test_a_relay_rests_before_it_is_tried_again(first: Tried, second: Tried) -> None:
    """A page that asks again and again cannot hold a door."""
    c = Cabin().tries(first).wait(5)
    for _ in range(9):
        c.wait(1).tries(second)
        assert (c.door, c.permit) == (False, False)
    c.wait(REST_S - 9).tries(second)
    assert (c.door, c.permit) == (second is Tried.LOCK, second is Tried.PERMIT)


def test_another_trial_ends_the_first() -> None:
    for second in Tried:
        c = Cabin().tries("lock").wait(1).tries(second)
        relay = second in RELAYS  # is refused: the lock that runs opens in its own time
        assert (c.door, c.permit) == (relay, False)
        assert c.state.trial.output is (Tried.LOCK if relay else second)
        assert not c.wait(4).door


def test_a_lock_that_is_asked_for_again_and_again_opens_in_its_time() -> None:
    c = Cabin().tries("lock", 5.0)
    for _ in range(140):
        c.wait(0.1).tries("lock", 5.0)
    assert not c.door
    doors = [command for command in c.all if isinstance(command, SetDoor)]
    assert doors == [SetDoor(True), SetDoor(False)]


def test_a_real_siren_is_not_hushed_by_a_trial() -> None:
    c = Cabin().wire("vibration", True).wire("vibration", False)
    assert c.sound is Sound.SIREN
    for tried in ("beeps", "green", "prompt"):
        assert c.tries(tried).sound is Sound.SIREN


# --- what ends it ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("tried", Tried)
@pytest.mark.parametrize("owner", [None, CLAIMS], ids=["no claims", "claims"])
def test_whatever_happens_ends_it(tried: Tried, owner: object) -> None:
    """Every event but those that say nothing of the cabin, whatever else it does."""
    rules = Rules(flow=Flow(), owner=CLAIMS if owner else None)
    told = {step_.__name__ for step_ in HARMLESS}
    assert told == {
        *("Ticked", "PromptGiven", "RecordAnswered", "CodeAccepted", "CodeDenied"),
        *("TrialAsked", "TrialStopped"),
    }
    for event in EVENTS:
        c = Cabin(rules).tries(tried).wait(1)
        c.unanswered(event)
        harmless = isinstance(event, Ticked | PromptGiven | RecordAnswered | CodeAccepted | CodeDenied)
        if isinstance(event, TrialAsked):
            continue
        assert (c.state.trial.output is tried) is harmless, event
        assert (c.door, c.permit) == (harmless and tried is Tried.LOCK, harmless and tried is Tried.PERMIT)


def test_no_place_of_the_cabin_keeps_a_relay_that_is_tried() -> None:
    """A trial put into any state by force is let go of with the next step, but where it could have begun."""
    for make in (MAKERS | CORNERS).values():
        _forced(make())


def _forced(c: Cabin) -> None:
    for tried in Tried:
        forced = replace(c.state, trial=Trial(output=tried, until_s=c.now_s + 4.0))
        done = step(forced, Ticked(), c.now_s, c.rules)
        may = not_tried(c.state, c.now_s, c.rules, tried) is None
        assert c.state.mode is not Mode.VACANT or (done.state.trial.output is tried) is may
        if not may and c.state.mode is not Mode.LOCKED:
            assert not door_locked(done.state)
        if not may and c.state.mode is not Mode.CLEARED:
            assert not permit_on(done.state, c.rules)


@pytest.mark.parametrize("tried", Tried)
def test_it_never_comes_back_from_a_restart(tried: Tried) -> None:
    c = Cabin().tries(tried).wait(1)
    either = (True, False)
    for fire, exit_, door_open, off_s in itertools.product(either, either, either, (0.0, 1.0, None)):
        done = step(c.state, Restarted(fire, exit_, door_open, off_s), c.now_s, c.rules)
        assert done.state.trial == Trial(rest_until_s=c.now_s + REST_S if tried in RELAYS else None)
        assert SetDoor(False) in done.commands
        assert SetPermit(False) in done.commands
        assert Note("trial_restarted") in done.commands


def test_a_late_loop_lets_go_before_anything_else() -> None:
    """Nobody woke the loop in time: the first step after it opens, whatever that step is about."""
    for event in EVENTS:
        c = Cabin().tries("lock")
        c.stall_until(60.0)
        commands = c.unanswered(event)
        assert commands[0] == SetDoor(False), event


def test_a_trial_leaves_nothing_behind_for_those_who_come() -> None:
    """The same visitor after a trial of everything as without one."""

    def visit(c: Cabin) -> tuple[list[str], list[object]]:
        c.fresh.clear()
        c.modes[:] = ["vacant"]
        c.comes("masked").wait(30).types("right").leaves().wait(10)
        kinds = (SetDoor, SetPermit, SetSound, SetLights, Tell)
        return c.modes, [command for command in c.fresh if isinstance(command, kinds)]

    tried = Cabin()
    for one in Tried:
        tried.tries(one, 1.0).wait(12.0)
    assert visit(tried) == visit(Cabin().wait(12.0 * len(Tried)))


def test_the_machine_is_told_that_its_permit_is_a_trial() -> None:
    c = Cabin().tries("permit")
    assert (permit_on(c.state, c.rules), permit_reason(c.state, c.rules)) == (True, "trial")
    with_claims = Cabin(Rules(flow=Flow(), owner=CLAIMS)).tries("permit")
    assert permit_on(with_claims.state, with_claims.rules)


def test_no_policy_lets_a_trial_lock_somebody() -> None:
    """A forged state: somebody is there, and a lock is said to be tried."""
    rules = Rules(flow=Flow(), policy=Policy())
    forged = State(mode=Mode.VACANT, present=True, trial=Trial(Tried.LOCK, 4.0))
    assert not door_locked(forged)
    for mode in Mode:
        if mode is not Mode.LOCKED:
            forged = State(mode=mode, present=mode is not Mode.VACANT, trial=Trial(Tried.LOCK, 4.0))
            assert door_locked(forged) is (mode is Mode.VACANT)
            event: Event = Ticked()
            assert not door_locked(step(replace(forged, present=True), event, 0.0, rules).state)


def test_a_danger_forbids_it_also_where_the_policy_lets_it_sound() -> None:
    loud = {name: msgspec.structs.replace(rule, siren=Siren.BEEPS) for name, rule in Policy()}
    for danger in ("panic", "person_down"):
        c = Cabin(Rules(flow=Flow(), policy=Policy(**loud))).begins(danger)
        assert not_tried(c.state, c.now_s, c.rules, Tried.GREEN) is NotTried.DANGER


def test_the_numbers_are_those_of_the_page() -> None:
    """Said in `edge/docs/socket.md`: a change here is one there."""
    assert (REST_S, trial_most_s(Tried.LOCK), trial_most_s(Tried.PERMIT)) == (10.0, 5.0, 5.0)
    assert {trial_most_s(tried) for tried in Tried if tried not in RELAYS} == {10.0}


def test_no_relay_is_tried_with_a_claim_open_and_a_contact_that_is_not_fitted_says_nothing() -> None:
    forged = State(claim=Claim(1))
    assert not_tried(forged, 0.0, Rules(flow=Flow()), Tried.PERMIT) is NotTried.CLAIM
    assert Cabin(NO_CONTACT).wire("door", True).tries("lock").door
