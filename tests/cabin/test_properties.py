"""Whatever happens in whatever order: the seven properties hold, no deadline is missed, outputs agree.

`Watch` (tests.worlds.cabin_model) is the small independent model; it sees events, time and commands only.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge.cabin.commands import (
    Command,
    IssueCode,
    JudgeEntry,
    RecordLock,
    SetDoor,
    SetLights,
    SetPermit,
    SetSound,
)
from edge.cabin.deadlines import next_wake_s
from edge.cabin.events import (
    Appeared,
    CameraJudged,
    CodeAccepted,
    Emptied,
    Event,
    PromptGiven,
    RecordAnswered,
    Restarted,
    Ticked,
)
from edge.cabin.outputs import outputs
from edge.cabin.rules import Flow, OwnerRules, Rules
from edge.cabin.state import Mode, State
from edge.cabin.table import step
from edge.terms.commission import Tried
from edge.terms.identity import OwnerFact
from edge.terms.observation import CameraHealth
from edge.terms.record import Recipient
from tests.worlds.cabin_world import CLAIMS, EVENTS, FACES, Cabin, rules

TIMES = st.sampled_from(
    [0.0, 0.1, 0.5, 1.0, 3.0, 6.0, 10.0, 15.0, 20.0, 30.0, 60.0, 90.0, 120.0, 180.0, 300.0, 700.0]
)
ODD_TIMES = st.floats(0.0, 400.0, allow_subnormal=False)
LIVELY = [e for e in EVENTS if not isinstance(e, Restarted | Ticked)]


class Life(RuleBasedStateMachine):
    """People, wires, keys, faults, stalls and kills. Every step is checked by the watch and by the grids."""

    def __init__(self) -> None:
        super().__init__()
        self.c = Cabin()

    @initialize(
        contact=st.booleans(),
        tries=st.integers(1, 3),
        codes=st.integers(1, 3),
        card=st.booleans(),
        claims=st.sampled_from([None, CLAIMS]),
    )
    def begin(self, contact: bool, tries: int, codes: int, card: bool, claims: OwnerRules | None) -> None:
        numbers = rules(contact, code_tries=tries, codes_per_incident=codes)
        self.c = Cabin(replace(numbers, owner=claims))
        self.c.card = card

    @rule(dt=TIMES | ODD_TIMES)
    def time_goes_on(self, dt: float) -> None:
        self.c.wait(dt)

    @rule(dt=TIMES)
    def the_loop_stalls(self, dt: float) -> None:
        self.c.stall_until(self.c.now_s + dt)

    @rule(event=st.sampled_from(LIVELY))
    def something_happens(self, event: Event) -> None:
        self.c.hear(event)

    @rule(event=st.sampled_from(LIVELY))
    def something_happens_and_nothing_answers(self, event: Event) -> None:
        self.c.unanswered(event)

    @rule(face=st.sampled_from(sorted(FACES)))
    def somebody_with_a_face(self, face: str) -> None:
        self.c.comes(face)

    @rule(face=st.sampled_from(["masked", "turned", "hidden"]))
    def somebody_never_shows_the_face(self, face: str) -> None:
        self.c.comes(face).wait(40)

    @rule()
    def everything_calm(self) -> None:
        """Back to where a lock is possible, so that the search finds locks again and again."""
        c = self.c
        for wire in ("fire", "exit", "panic", "case", "vibration"):
            c.wire(wire, False)
        c.wire("door", True).wire("door", False).camera("ok").several(False)
        for anomaly in list(c.state.active):
            c.ends(anomaly.value)
        for device in list(c.state.failed):
            c.recovers(device.value)
        c.leaves().wait(620)

    @rule(code=st.sampled_from(["right", "wrong", "old"]))
    def somebody_types(self, code: str) -> None:
        self.c.types(code)

    @rule(face=st.sampled_from(["bare", "masked"]), fact=st.sampled_from(list(OwnerFact)))
    def a_card_is_put_in(self, face: str, fact: OwnerFact) -> None:
        self.c.comes(face).claims(self.c.state.claim.number + 1).owner(fact)

    @rule(code=st.sampled_from(["right", "wrong", "superseded"]))
    def the_customer_types_a_code(self, code: str) -> None:
        self.c.asks_for_code().types_owner(code)

    @rule(output=st.sampled_from(list(Tried)), dt=st.sampled_from([0.0, 0.5, 4.9, 5.0, 11.0]))
    def an_output_is_tried(self, output: Tried, dt: float) -> None:
        self.c.tries(output).wait(dt)

    @rule(output=st.sampled_from([Tried.LOCK, Tried.PERMIT]), event=st.sampled_from(LIVELY))
    def a_relay_is_tried_in_an_empty_cabin_and_something_happens(self, output: Tried, event: Event) -> None:
        self.everything_calm()
        self.c.tries(output).wait(1).hear(event)

    @rule(on=st.booleans())
    def phones(self, on: bool) -> None:
        self.c.phones = {Recipient.WATCHMAN} if on else set()

    @rule(on=st.booleans())
    def card(self, on: bool) -> None:
        self.c.card = on

    @rule(on=st.booleans())
    def speaker(self, on: bool) -> None:
        self.c.speaker = on

    @rule()
    def late_answers(self) -> None:
        s = self.c.state
        self.c.hear(
            PromptGiven(s.ticket),
            RecordAnswered(s.incident),
            CodeAccepted(s.incident, s.code.issue, Recipient.WATCHMAN),
        )

    @rule(
        off_s=st.sampled_from([0.0, 1.0, 100.0, 180.0, 181.0]),
        moved=st.sampled_from(["", "", "", "fire", "exit", "door"]),
        clock=st.sampled_from([True, True, True, False]),
    )
    def dies_and_starts(self, off_s: float, moved: str, clock: bool) -> None:
        s = self.c.state
        self.c.dies_and_starts(
            off_s,
            clock=clock,
            fire=s.fire ^ (moved == "fire"),
            exit_=s.exit ^ (moved == "exit"),
            door_open=s.door_open ^ (moved == "door"),
        )

    @rule()
    def only_time_until_it_opens(self) -> None:
        """Property 2: no person, modem, camera or disk has to do anything."""
        c = self.c
        if c.state.mode is Mode.LOCKED:
            c.phones, c.card, c.speaker = set(), False, False
            c.wait(c.flow.max_lock_s)
            assert c.mode != "locked"
            assert not c.door

    @invariant()
    def what_was_commanded_is_what_the_state_says(self) -> None:
        c = self.c
        c.hear(Ticked())
        wanted = outputs(c.state, c.now_s, c.rules)
        assert (SetDoor(c.door), SetPermit(c.permit), SetSound(c.sound)) == wanted[:3]

    def teardown(self) -> None:
        note(" > ".join(self.c.modes))


class LongLife(Life):
    """The same for longer."""


Life.TestCase.settings = settings(settings.get_profile("default"), max_examples=40, stateful_step_count=25)
LongLife.TestCase.settings = settings(settings.get_profile("full"), max_examples=1500, stateful_step_count=80)
TestLife = Life.TestCase
TestLongLife = pytest.mark.full(LongLife.TestCase)


SCRIPT = st.lists(st.tuples(TIMES | ODD_TIMES, st.sampled_from(LIVELY)), min_size=1, max_size=25)
STARTS = st.sampled_from(["nobody", "masked", "locked"])


def _start(name: str) -> Cabin:
    c = Cabin()
    if name != "nobody":
        c.comes("masked")
    if name == "locked":
        c.wait(20)
    return c


def _run(
    start: str, script: list[tuple[float, Event]], extra: random.Random | None
) -> tuple[State, list[object]]:
    """The script, woken at every deadline and, with `extra`, at other moments too."""
    c = _start(start)
    heard: list[object] = []
    for dt, event in script:
        end_s = c.now_s + dt + 1e-4  # at one and the same instant a rounding error may choose who is first
        if extra is not None:
            for at_s in sorted(extra.uniform(c.now_s, end_s) for _ in range(3)):
                c.until(at_s).hear(Ticked())
        c.until(end_s).hear(event)
    c.hear(Ticked())
    heard += [x for x in c.all if isinstance(x, SetDoor | SetPermit | SetSound | SetLights)]
    return c.state, heard


LEFT_IN_THE_DARK: list[tuple[float, Event]] = [
    (20.0, CameraJudged(CameraHealth.DARK)),
    (0.0, Emptied()),
    (30.0, Appeared()),
]


@pytest.mark.slow
@example("masked", LEFT_IN_THE_DARK, random.Random(0))
@given(STARTS, SCRIPT, st.randoms(use_true_random=False))
def test_waking_at_every_deadline_is_enough(
    start: str, script: list[tuple[float, Event]], extra: random.Random
) -> None:
    """Woken more often nothing else comes out: `next_wake_s` names every moment that matters."""
    sparse, heard_sparse = _run(start, script, None)
    fine, heard_fine = _run(start, script, extra)
    assert heard_fine == heard_sparse
    assert fine.evidence_s == pytest.approx(sparse.evidence_s, abs=1e-6)
    assert _loose(fine) == _loose(sparse)


def _loose(state: State) -> State:
    """Without the evidence, and the times behind which a rounding error of it stands to the microsecond."""

    def rounded(at_s: float | None) -> float | None:
        return None if at_s is None else round(at_s, 5)

    code = state.code
    return replace(
        state,
        evidence_s=0.0,
        since_s=round(state.since_s, 5),
        warn_from_s=round(state.warn_from_s, 5),
        unreached_s=round(state.unreached_s, 5),
        bare_since_s=rounded(state.bare_since_s),
        counting_from_s=rounded(state.counting_from_s),
        say_again_s=rounded(state.say_again_s),
        locked_at_s=rounded(state.locked_at_s),
        record_by_s=rounded(state.record_by_s),
        unreached_from_s=rounded(state.unreached_from_s),
        siren_until_s=rounded(state.siren_until_s),
        prompted_at_s=rounded(state.prompted_at_s),
        gone_since_s=rounded(state.gone_since_s),
        code=replace(code, issued_at_s=round(code.issued_at_s, 5), accepted_at_s=rounded(code.accepted_at_s)),
    )


@pytest.mark.slow
@given(st.lists(st.floats(0.01, 7.0), min_size=1, max_size=60), st.floats(0.0, 1e7))
def test_no_rounding_error_delays_a_lock(pieces: list[float], start_s: float) -> None:
    """Evidence in odd pieces, on a clock with a large value: the lock comes at its deadline."""
    c = Cabin()
    c.now_s = start_s
    c.comes("masked")
    told_s = 0.0
    for piece in pieces:
        c.wait(piece)
        told_s += piece
        if told_s < 19.9:
            assert c.mode in ("checking", "warned")
            c.shows("unclear").wait(piece / 3).shows("masked")
        elif told_s > 20.1:
            assert c.mode == "locked"
            return


@pytest.mark.slow
@given(SCRIPT, st.integers(0, 24), st.sampled_from([0.0, 100.0, 1000.0]))
def test_a_kill_at_any_event_keeps_the_properties(
    script: list[tuple[float, Event]], at: int, off_s: float
) -> None:
    c = Cabin().comes("masked").wait(15)
    for number, (dt, event) in enumerate(script):
        c.wait(dt).hear(event)
        if number == at % len(script):
            c.dies_and_starts(off_s)
    if c.state.mode is Mode.LOCKED:
        c.wait(c.flow.max_lock_s)
        assert c.state.mode is not Mode.LOCKED, "locked for ever"


def test_step_is_total_over_extreme_times() -> None:
    """Far in the future and at the same instant: always an answer, never an exception."""
    state, r = State(), Rules(flow=Flow())
    for now_s in (0.0, 1e-9, 1.0, 1e6, 1e9):
        for event in EVENTS:
            done = step(state, event, now_s, r)
            wake_s = next_wake_s(done.state, now_s, r)
            assert wake_s is None or wake_s > now_s


WRONG: dict[str, tuple[Callable[[], Cabin], tuple[Command, ...], Mode]] = {
    "locks in no time": (lambda: Cabin().comes("masked"), (SetDoor(True),), Mode.LOCKED),
    "permits a masked one": (lambda: Cabin().comes("masked"), (SetPermit(True),), Mode.CLEARED),
    "opens for nothing": (lambda: Cabin().locked(), (SetDoor(False),), Mode.RELEASED),
    "says locked and opens": (lambda: Cabin().locked(), (SetDoor(False),), Mode.LOCKED),
    "locks twice": (lambda: Cabin().locked().control_room_releases(), (SetDoor(True),), Mode.LOCKED),
    "decides to lock twice": (
        lambda: Cabin().locked().control_room_releases(),
        (RecordLock(1),),
        Mode.RELEASED,
    ),
    "locks a fire": (lambda: Cabin().locked().wire("fire", True), (SetDoor(True),), Mode.LOCKED),
    "locks a crowd": (lambda: Cabin().comes("masked").several(), (SetDoor(True),), Mode.LOCKED),
    "judges without a code": (lambda: Cabin().comes("bare"), (JudgeEntry(1),), Mode.CLEARED),
    "tries a lock with somebody there": (lambda: Cabin().comes(), (SetDoor(True),), Mode.CHECKING),
    "keeps a lock that was tried": (lambda: _tried_for_long(), (), Mode.VACANT),
    "sends no code": (lambda: Cabin().locked(), (IssueCode(1, 2),), Mode.LOCKED),
    "does not open": (lambda: _overdue(), (), Mode.LOCKED),
}


def _overdue() -> Cabin:
    c = Cabin().locked()
    c.watch.run(1800)
    return c


def _tried_for_long() -> Cabin:
    c = Cabin().tries("lock")
    c.watch.run(5.1)
    return c


@pytest.mark.parametrize("name", WRONG)
def test_the_watch_is_not_blind(name: str) -> None:
    """Each kind of wrong table is noticed: a model that accepts everything proves nothing."""
    make, commands, mode = WRONG[name]
    c = make()
    state = replace(c.state, mode=mode)
    with pytest.raises(AssertionError):
        c.watch.saw(Ticked(), state, commands, c.now_s)
