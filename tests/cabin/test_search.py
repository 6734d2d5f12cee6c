"""Every state that a small cabin can reach, breadth first: the seven properties hold in all of them, and
each way by which a lock is said to open, or not to, is tried.

Small means that each number of the flow is a few whole seconds. Events come in any order at any whole
second, sensible or not; the program may be killed and started again at any of them.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import pytest

from edge.cabin import conditions, draft, trial
from edge.cabin import table as cabin
from edge.cabin.comeback import shift, wake_up
from edge.cabin.deadlines import next_wake_s
from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    AnomalyEnded,
    Appeared,
    CameraJudged,
    ClaimMade,
    ClaimOver,
    CodeAccepted,
    CodeDenied,
    Device,
    DeviceFailed,
    DeviceRecovered,
    Emptied,
    EntryCompleted,
    EntryJudged,
    EntryVerdict,
    Event,
    FaceFact,
    FaceJudged,
    InputMoved,
    KeyTouched,
    Orderer,
    OwnerCodeOver,
    OwnerCodeSent,
    OwnerCodeWanted,
    OwnerEntryCompleted,
    OwnerEntryJudged,
    OwnerJudged,
    PeopleJudged,
    PresenceStuck,
    PromptGiven,
    RecordAnswered,
    ReleaseOrdered,
    Restarted,
    Ticked,
    TrialAsked,
    TrialStopped,
)
from edge.cabin.outputs import door_locked
from edge.cabin.rules import Flow, OwnerRules, Rules
from edge.cabin.state import Mode, State, replace, returning
from edge.cabin.table import step
from edge.terms.commission import TrialEnd, Tried
from edge.terms.identity import ClaimEnd, NoOwnerCode, OwnerFact
from edge.terms.observation import CameraHealth, Cover
from edge.terms.record import Recipient
from hw.ports import Input, Sound
from tests.cabin.test_claim import agrees
from tests.worlds import trial_model
from tests.worlds.cabin_grids import check_way
from tests.worlds.cabin_model import Watch
from tests.worlds.cabin_ways import check_openings

TINY = msgspec.structs.replace(
    Flow(),
    gone_after_s=1.0,
    adjust_after_s=1.0,
    lock_after_s=2.0,
    prompt_lead_s=1.0,
    hold_after_s=1.0,
    record_wait_s=1.0,
    siren_s=0.0,
    max_lock_s=5.0,
    locked_empty_s=2.0,
    relock_after_s=1.0,
    relock_max_s=1.0,
    second_watchman_s=1.0,
    unreachable_release_s=3.0,
    checkpoint_s=1.0,
    code_ttl_s=2.0,
    code_accept_s=2.0,
    code_tries=2,
    codes_per_incident=2,
    keypad_lockout_s=1.0,
    keypad_lockout_max_s=2.0,
    exit_hold_s=1.0,
    exit_stuck_s=2.0,
    fire_clear_s=1.0,
    door_held_open_s=2.0,
    crowd_s=1.0,
    remind_s=2.0,
)
"""Below the bounds of the settings on purpose: msgspec checks them only where a file is read."""


BRIEF = (("max_lock_s", 2.0), ("unreachable_release_s", 1.0), ("locked_empty_s", 1.0))
COMES_BACK = (("max_lock_s", 5.0), ("unreachable_release_s", 4.0))
LASTS = (("max_lock_s", 4.0), ("unreachable_release_s", 2.0))
SHORT = (("max_lock_s", 3.0), ("unreachable_release_s", 2.0))


@dataclass(frozen=True)
class Scope:
    """Which events one search tries."""

    name: str
    events: Callable[[State], Iterator[Event]]
    restarts: tuple[float | None, ...] = (0.0, None)
    moved_while_off: bool = False
    door_contact: bool = True
    numbers: tuple[tuple[str, float], ...] = ()
    owner: OwnerRules | None = None


def _people(s: State) -> Iterator[Event]:
    yield Emptied() if s.present else Appeared()
    if s.present:
        yield FaceJudged(FaceFact.COVERED, Cover.MASK)
        yield FaceJudged(FaceFact.PROPER)
    yield PromptGiven(s.ticket)


def _still_masked(s: State) -> Iterator[Event]:
    if s.face is not FaceFact.COVERED or not s.present:
        yield Appeared()
        yield FaceJudged(FaceFact.COVERED, Cover.MASK)
    if s.mode is Mode.RELEASED:
        yield Emptied()
    yield PromptGiven(s.ticket)


def _crowd(s: State) -> Iterator[Event]:
    if s.present:
        yield FaceJudged(FaceFact.UNCLEAR)
        yield PeopleJudged(not s.several)


def _blind(s: State) -> Iterator[Event]:
    yield CameraJudged(CameraHealth.OK if s.health is not CameraHealth.OK else CameraHealth.GONE)


def _danger(s: State) -> Iterator[Event]:
    yield AnomalyEnded(Anomaly.WEAPON) if Anomaly.WEAPON in s.active else AnomalyBegan(Anomaly.WEAPON)


def _fire(s: State) -> Iterator[Event]:
    yield InputMoved(Input.FIRE, not s.fire)


def _exit(s: State) -> Iterator[Event]:
    yield InputMoved(Input.EXIT, not s.exit)


def _door(s: State) -> Iterator[Event]:
    yield InputMoved(Input.DOOR, not s.door_open)


def _machine(s: State) -> Iterator[Event]:
    if s.record_by_s is not None:
        yield RecordAnswered(s.incident)
    yield DeviceRecovered(Device.DISK) if Device.DISK in s.failed else DeviceFailed(Device.DISK, "disk_full")


def _code(s: State) -> Iterator[Event]:
    yield EntryCompleted()
    yield from (EntryJudged(verdict) for verdict in EntryVerdict)
    if s.mode is Mode.LOCKED:
        yield CodeAccepted(s.incident, s.code.issue, Recipient.WATCHMAN)
        yield CodeDenied(s.incident, s.code.issue, Recipient.WATCHMAN)
        yield KeyTouched()


def _typed(s: State) -> Iterator[Event]:
    if s.record_by_s is not None:
        yield RecordAnswered(s.incident)
    yield EntryCompleted()
    yield EntryJudged(EntryVerdict.WRONG)


def _orders(s: State) -> Iterator[Event]:
    yield InputMoved(Input.PANIC, Anomaly.PANIC not in s.active)
    down = Anomaly.PERSON_DOWN
    yield AnomalyEnded(down) if down in s.active else AnomalyBegan(down)
    yield ReleaseOrdered(Orderer.CONTROL_ROOM)
    yield PresenceStuck()


def _one_claim(s: State) -> Iterator[Event]:
    """What matters most, so that the search is short."""
    yield ClaimOver(1, ClaimEnd.MACHINE_ENDED) if s.claim.number else ClaimMade(1)
    yield from (OwnerJudged(fact) for fact in (OwnerFact.SAME, OwnerFact.ANOTHER))
    if s.claim.number:
        yield OwnerCodeWanted()
        yield OwnerCodeSent(1)
        yield OwnerEntryCompleted()
        yield OwnerEntryJudged(1, EntryVerdict.RIGHT)


def _claims(s: State) -> Iterator[Event]:
    """All that may happen of one claim and a second one; each has its own number."""
    yield ClaimMade(1 if s.claim.number != 1 else 2)
    for number in (1, 2):
        yield ClaimOver(number, ClaimEnd.MACHINE_ENDED)
        yield OwnerCodeSent(number)
        yield OwnerCodeOver(number, NoOwnerCode.TRIES_USED)
        yield from (OwnerEntryJudged(number, verdict) for verdict in EntryVerdict)
    yield from (OwnerJudged(fact) for fact in OwnerFact)
    yield OwnerCodeWanted()
    yield OwnerEntryCompleted()


def _trials(s: State) -> Iterator[Event]:
    """A relay is asked for whether or not anybody looked, again and again; and other outputs between."""
    for output in (Tried.LOCK, Tried.PERMIT, Tried.SIREN):
        yield TrialAsked(output, 2.0, seen_empty=True)
    yield TrialAsked(Tried.LOCK, 2.0, seen_empty=False)
    yield TrialStopped(TrialEnd.STOPPED)
    yield KeyTouched()


def _still_picture(s: State) -> Iterator[Event]:
    still = Anomaly.STILL_PICTURE
    yield AnomalyEnded(still) if still in s.active else AnomalyBegan(still)


def _of(*some: Callable[[State], Iterator[Event]]) -> Callable[[State], Iterator[Event]]:
    return lambda s: (event for events in some for event in events(s))


SHORT_CLAIMS = OwnerRules(verify_s=1.0, tell_after=2, code_ttl_s=2.0, code_accept_s=1.0)

CLAIMED = (Scope("a claim", _of(_people, _one_claim), restarts=(), numbers=BRIEF, owner=SHORT_CLAIMS),)
WIDER_CLAIMED = (
    Scope("claims, killed", _of(_people, _claims), restarts=(0.0,), numbers=BRIEF, owner=SHORT_CLAIMS),
    Scope("claims, door", _of(_people, _door, _claims), restarts=(), numbers=BRIEF, owner=SHORT_CLAIMS),
    Scope("claims, several", _of(_people, _crowd, _claims), restarts=(), numbers=BRIEF, owner=SHORT_CLAIMS),
    Scope("claims, pictures", _of(_people, _still_picture, _claims), (), numbers=BRIEF, owner=SHORT_CLAIMS),
    Scope("claims that are not taken", _of(_people, _door, _claims), restarts=(0.0,), numbers=BRIEF),
)
"""With each step the same cabin without the claim is stepped too, and has to do the same."""

SCOPES = (
    Scope("several persons", _of(_people, _crowd), restarts=(0.0,), numbers=BRIEF),
    Scope("blind", _of(_people, _blind), restarts=(0.0,), numbers=BRIEF),
    Scope("danger", _of(_people, _danger), numbers=BRIEF),
    Scope("fire", _of(_people, _fire), numbers=BRIEF),
    Scope("exit", _of(_people, _exit), numbers=BRIEF),
    Scope("door", _of(_people, _door), restarts=(0.0,), numbers=BRIEF),
    Scope("the code", _of(_still_masked, _machine, _code), restarts=(), numbers=LASTS),
    Scope("the code that no network takes", _of(_still_masked, _typed), restarts=()),
    Scope("killed at any moment", _of(_people), numbers=COMES_BACK),
    Scope("door, killed at any moment", _of(_people, _door), restarts=(0.0,), numbers=COMES_BACK),
    Scope("several, killed at any moment", _of(_still_masked, _crowd), restarts=(0.0,), numbers=COMES_BACK),
)
TRIALS = (
    Scope("trials", _of(_people, _trials, _door), restarts=(0.0,), numbers=BRIEF),
    Scope("trials, fire", _of(_trials, _fire, _door), numbers=BRIEF),
    Scope("trials, exit", _of(_trials, _exit), numbers=BRIEF, moved_while_off=True),
    Scope("trials, blind", _of(_trials, _blind, _machine, _danger), restarts=(0.0,), numbers=BRIEF),
    Scope("trials, no contact", _of(_people, _trials), door_contact=False, restarts=(0.0,), numbers=BRIEF),
)
WIDER = (
    Scope("the code for a longer lock", _of(_still_masked, _machine, _code), restarts=()),
    Scope("several and fire, no door contact", _of(_people, _crowd, _fire), door_contact=False),
    Scope("the code, killed at any moment", _of(_still_masked, _machine, _code, _fire), numbers=SHORT),
    Scope("fire, exit and door", _of(_people, _fire, _exit, _door), restarts=(0.0, None), numbers=BRIEF),
    Scope("several, blind and danger", _of(_people, _crowd, _blind, _danger), restarts=(0.0,), numbers=BRIEF),
    Scope("panic and orders", _of(_people, _orders, _machine), numbers=BRIEF),
    Scope("moved while off", _of(_people), moved_while_off=True, numbers=BRIEF),
)

_AGES = {
    "since_s": "gone_after_s",
    "exit_since_s": "exit_stuck_s",
    "door_open_since_s": "door_held_open_s",
    "several_since_s": "crowd_s",
    "warn_from_s": "adjust_after_s",
    "bare_since_s": "adjust_after_s",
    "prompted_at_s": "prompt_lead_s",
    "locked_at_s": "max_lock_s",
    "fire_quiet_since_s": "fire_clear_s",
    "gone_since_s": "locked_empty_s",
}
"""Times in the past, and the age from which they make no more difference."""


def _clamped(at_s: float | None, age_s: float) -> float | None:
    return None if at_s is None else max(at_s, -age_s)


def _ahead(at_s: float | None) -> float | None:
    return None if at_s is None or at_s <= 0.0 else at_s


def normal(state: State, now_s: float, flow: Flow) -> State:
    """The same state as far as its future goes: now is 0, old is old, numbers do not grow."""
    code = replace(state.code, issue=min(state.code.issue, 1), lockouts=min(state.code.lockouts, 2))
    s = shift(replace(state, code=code), -now_s)
    past = {name: _clamped(getattr(s, name), getattr(flow, bound)) for name, bound in _AGES.items()}
    if s.mode is not Mode.LOCKED and not returning(s):
        past |= {"locked_at_s": None}
    if s.mode is not Mode.RELEASED:
        past["since_s"] = 0.0
    if s.mode is not Mode.CHECKING:
        past["warn_from_s"] = 0.0
    if s.mode is not Mode.WARNED and s.record_by_s is None:
        past |= {"prompted_at_s": None, "say_again_s": None}
    elif s.say_again_s is not None:
        past["say_again_s"] = max(s.say_again_s, 0.0)
    if s.exit_hold_until_s is not None:
        past["exit_hold_until_s"] = max(s.exit_hold_until_s, 0.0)
    if not s.code.live:
        code = replace(s.code, issued_at_s=0.0, accepted_at_s=None, second_told=False, failed_over=False)
    else:
        accepted_at_s = _clamped(s.code.accepted_at_s, flow.code_ttl_s)
        code = replace(s.code, accepted_at_s=accepted_at_s)
    return replace(
        s,
        **past,  # type: ignore[arg-type]  # times, by the names in _AGES and above
        code=code,
        # what decides only who is told, and what is heard
        told=(),
        withheld_told=False,
        last_present_s=None,
        siren_until_s=None,
        playing=Sound.OFF,
        visit=0,
        stands=0,
        openings=0,
        incident=min(s.incident, 1),
        incidents=0,
        warn_ticket=None if s.warn_ticket is None else max(s.warn_ticket - s.ticket, -1),
        ticket=0,
        evidence_s=min(s.evidence_s, flow.lock_after_s),
        claim=replace(s.claim, failed=min(s.claim.failed, 2)),
        trial=replace(s.trial, rest_until_s=_ahead(s.trial.rest_until_s)),
    )


_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def _key(state: State, watch: Watch, ticket: int) -> bytes:
    return _encode((state, watch.key(ticket)))


def _restarts(s: State, scope: Scope) -> Iterator[Restarted]:
    for off_s in scope.restarts:
        yield Restarted(s.fire, s.exit, s.door_open, off_s)
    if scope.moved_while_off:
        yield Restarted(not s.fire, s.exit, s.door_open, 0.0)
        yield Restarted(s.fire, not s.exit, not s.door_open, None)
        yield Restarted(s.fire, s.exit, not s.door_open, 0.0)


@dataclass
class Found:
    states: int
    steps: int
    modes: Counter[str]
    longest_lock_s: int
    trials: int = 0
    """States in which the door is locked because its lock is tried."""


def search(scope: Scope, most: int) -> Found:
    """Every state of the scope, AssertionError with the way to it where a property fails."""
    flow = msgspec.structs.replace(TINY, **dict(scope.numbers))
    rules = Rules(flow=flow, door_contact=scope.door_contact, owner=scope.owner)
    claims = scope in CLAIMED + WIDER_CLAIMED
    start, watch = State(), Watch(rules)
    first = _key(start, watch, 0)
    known: dict[bytes, tuple[bytes | None, str]] = {first: (None, "start")}
    queue = deque([(first, start, watch)])
    ticks: dict[bytes, bytes | None] = {}
    asked: set[bytes] = set()
    modes: Counter[str] = Counter()
    steps = trials = 0
    while queue:
        here, state, watch = queue.popleft()
        if state.mode is Mode.LOCKED and (alone := _encode(state)) not in asked:
            # What the outsider remembers of the way here changes nothing of what opens the door.
            asked.add(alone)
            check_openings(state, 0.0, rules)
        modes[state.mode] += 1
        trials += state.mode is Mode.VACANT and door_locked(state)
        moves: list[tuple[Event, float]] = [(event, 0.0) for event in scope.events(state)]
        moves += [(event, 0.0) for event in _restarts(state, scope)]
        moves.append((Ticked(), 1.0))
        for event, dt in moves:
            steps += 1
            seen = watch.copy()
            seen.run(dt)
            before = wake_up(state, 0.0, dt, event.off_s, flow) if isinstance(event, Restarted) else state
            done = step(before, event, dt, rules)
            try:
                if claims:
                    agrees(before, event, dt, rules)
                check_way(before.mode, done, rules)
                seen.saw(event, done.state, done.commands, dt)
                wake = next_wake_s(done.state, dt, rules)
                assert wake is None or wake > dt
            except AssertionError as wrong:
                way = [f"{event} -> {done.state.mode}: {done.commands}"]
                at: bytes | None = here
                while at is not None:
                    at, how = known[at]
                    way.append(str(how))
                raise AssertionError(f"{wrong}\nafter\n  " + "\n  ".join(reversed(way))) from wrong
            if dt == 0.0 and done.state == state and seen == watch:
                continue
            after = normal(done.state, dt, flow)
            there = _key(after, seen, done.state.ticket)
            if isinstance(event, Ticked) and state.mode is Mode.LOCKED:
                ticks[here] = there if after.mode is Mode.LOCKED else None
            if there not in known:
                known[there] = (here, f"+{dt:g} s {event} -> {done.state.mode}")
                queue.append((there, after, _rebased(seen, done.state.ticket)))
                if len(known) > most:
                    raise AssertionError(f"more than {most} states: choose a smaller scope")
    return Found(len(known), steps, modes, _longest_lock(ticks, flow.max_lock_s), trials)


def _rebased(watch: Watch, ticket: int) -> Watch:
    watch.threats = (0,) if ticket in watch.threats else ()
    watch.issue, watch.incident = min(watch.issue, 1), min(watch.incident, 1)
    return watch


def _longest_lock(ticks: dict[bytes, bytes | None], most_s: float) -> int:
    """Seconds until the last locked state has opened with nothing but time going on."""
    longest = 0
    for start in ticks:
        at: bytes | None = start
        seconds = 0
        while at is not None:
            at, seconds = ticks[at], seconds + 1
            assert seconds <= most_s, "locked for ever"
        longest = max(longest, seconds)
    return longest


@pytest.fixture(autouse=True)
def _quick_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cabin, "PROMPT_REPEAT_S", 1.0)
    monkeypatch.setattr(draft, "PROMPT_LOST_S", 1.0)
    monkeypatch.setattr(conditions, "CODE_FAILOVER_S", 1.0)
    monkeypatch.setattr(trial, "REST_S", 2.0)
    monkeypatch.setattr(trial_model, "REST_S", 2.0)


def _report(scope: Scope, found: Found) -> None:
    by_mode = ", ".join(f"{mode} {n}" for mode, n in sorted(found.modes.items()))
    print(f"{scope.name}: {found.states} states, {found.steps} steps ({by_mode})")


@pytest.mark.slow
@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.name)
def test_every_state_of_a_small_cabin_keeps_the_properties(
    scope: Scope, capsys: pytest.CaptureFixture[str]
) -> None:
    found = search(scope, most=20_000)
    with capsys.disabled():
        _report(scope, found)
    assert found.modes[Mode.LOCKED] > 0
    assert found.modes[Mode.RELEASED] > 0
    assert found.longest_lock_s > 0


@pytest.mark.slow
@pytest.mark.parametrize("scope", TRIALS, ids=lambda scope: scope.name)
def test_a_trial_locks_nobody_in_any_state_of_a_small_cabin(
    scope: Scope, capsys: pytest.CaptureFixture[str]
) -> None:
    found = search(scope, most=60_000)
    with capsys.disabled():
        _report(scope, found)
    assert found.trials > 0


@pytest.mark.slow
@pytest.mark.parametrize("scope", CLAIMED, ids=lambda scope: scope.name)
def test_a_claim_changes_nothing_in_any_state_of_a_small_cabin(
    scope: Scope, capsys: pytest.CaptureFixture[str]
) -> None:
    found = search(scope, most=60_000)
    with capsys.disabled():
        _report(scope, found)
    assert found.modes[Mode.LOCKED] > 0
    assert found.modes[Mode.CLEARED] > 0


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scope", WIDER + WIDER_CLAIMED, ids=lambda scope: scope.name)
def test_every_state_of_a_wider_scope_too(scope: Scope, capsys: pytest.CaptureFixture[str]) -> None:
    found = search(scope, most=500_000)
    with capsys.disabled():
        _report(scope, found)
    assert found.modes[Mode.LOCKED] > 0
