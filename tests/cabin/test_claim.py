"""Whose card it is: what a claim opens and what it never touches.

A claim decides the permit, words, pictures and messages. The door, the lock clock, warnings and sounds are
those of the same cabin without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cabin.comeback import wake_up
from edge.cabin.commands import (
    AnswerMachine,
    CloseIncident,
    Command,
    EndClaim,
    IssueOwnerCode,
    JudgeOwnerEntry,
    KeepOnePicture,
    KeepPictures,
    Note,
    PromptKey,
    Say,
    SetPermit,
    Tell,
    VoidOwnerCode,
)
from edge.cabin.deadlines import next_wake_s
from edge.cabin.events import (
    ClaimMade,
    ClaimOver,
    EntryVerdict,
    Event,
    OwnerCodeOver,
    OwnerCodeSent,
    OwnerCodeWanted,
    OwnerEntryCompleted,
    OwnerEntryJudged,
    OwnerJudged,
    PromptGiven,
    Restarted,
    Ticked,
    TrialStopped,
)
from edge.cabin.outputs import owner_asked, owner_face_wanted, permit_on, permit_reason
from edge.cabin.rules import Flow, Rules
from edge.cabin.state import Claim, Mode, Stage, State
from edge.cabin.table import step
from edge.terms.commission import TrialEnd
from edge.terms.identity import CheckFailed, ClaimEnd, NoOwnerCode, OwnerFact
from hw.ports import Asked
from tests.worlds.cabin_places import PLACES
from tests.worlds.cabin_world import CLAIMS, EVENTS, Cabin, claimed

OF_CLAIMS = (
    ClaimMade
    | ClaimOver
    | OwnerJudged
    | OwnerCodeWanted
    | OwnerCodeSent
    | OwnerCodeOver
    | OwnerEntryCompleted
    | OwnerEntryJudged
)
WITH = Rules(flow=Flow(), owner=CLAIMS)
WITHOUT = Rules(flow=Flow())
WORDS = {key for key in PromptKey if key.value.startswith("owner_")}


def answers(c: Cabin) -> list[str]:
    return [one.refused for one in c.fresh if isinstance(one, AnswerMachine)]


def pictures(c: Cabin) -> list[str]:
    return [one.why for one in c.fresh if isinstance(one, KeepOnePicture)]


def ended(c: Cabin) -> list[tuple[int, str]]:
    return [(one.claim, one.why.value) for one in c.fresh if isinstance(one, EndClaim)]


def with_code() -> Cabin:
    return claimed().owner("another").asks_for_code()


# --- the permit ------------------------------------------------------------------------------------


def test_the_machine_opens_for_a_proper_face_and_the_owners_together() -> None:
    c = Cabin(WITH).comes("bare")
    assert (c.mode, c.permit, permit_reason(c.state, WITH)) == ("cleared", False, "claim_wanted")
    c.claims()
    assert (c.permit, c.said, owner_asked(c.state)) == (False, ["owner_face"], Asked.FACE)
    assert owner_face_wanted(c.state)
    c.owner("same")
    assert (c.permit, permit_reason(c.state, WITH), owner_asked(c.state)) == (True, "verified", None)
    assert owner_face_wanted(c.state), "another may stand there later"


def test_without_the_setting_nobody_is_asked_for_a_claim() -> None:
    c = Cabin().comes("bare")
    assert (c.permit, permit_reason(c.state, WITHOUT)) == (True, "cleared")
    c.claims().owner("another")
    assert (c.permit, c.state.claim, answers(c)) == (True, Claim(), ["identity_off"])


def test_a_claim_made_before_the_face_shows_waits_for_it() -> None:
    c = claimed("masked").wait(2)
    assert (c.state.claim.stage, owner_face_wanted(c.state), c.said) == (Stage.FACE, False, [])
    c.owner("same")
    assert c.state.claim.stage is Stage.FACE, "nothing is compared of a covered face"
    c.shows("bare").wait(1).owner("same")
    assert c.permit


def test_the_time_for_the_face_runs_while_it_is_shown() -> None:
    c = claimed().wait(19.9).shows("masked").wait(3).shows("bare").wait(19.9)
    assert c.state.claim.failed == 0
    c.forget().wait(0.2)
    assert (c.state.claim.stage, pictures(c)) == (Stage.FAILED, ["identity_timeout"])
    assert (answers(c), c.said, c.told) == (["identity_timeout"], ["owner_not_known"], [])


def test_no_look_decides_before_the_judge_does() -> None:
    c = claimed().owner("unknown").owner("unfit")
    assert (c.state.claim.stage, c.permit) == (Stage.FACE, False)


def test_another_face_is_put_on_record_and_a_code_may_be_asked_for() -> None:
    c = claimed().forget().owner("another")
    assert (pictures(c), answers(c)) == (["identity_mismatch"], ["identity_mismatch"])
    assert (c.said, "identity_mismatch" in c.notes, c.mode) == (["owner_not_known"], True, "cleared")
    c.owner("same")
    assert not c.permit, "a later look at the same claim verified it"
    c.forget().asks_for_code()
    assert (c.ordered(IssueOwnerCode), owner_asked(c.state)) == ([IssueOwnerCode(1)], Asked.CODE)


def test_who_was_not_asked_for_the_face_gets_no_code() -> None:
    c = Cabin(WITH).comes("bare").asks_for_code()
    assert answers(c) == ["no_claim"]
    c.claims().forget().asks_for_code()
    assert (answers(c), c.ordered(IssueOwnerCode)) == (["face_first"], [])
    c.owner("same").forget().asks_for_code()
    assert answers(c) == ["verified"]
    c = with_code().forget().asks_for_code()
    assert answers(c) == ["code_under_way"]
    c.shows("masked").forget().asks_for_code()
    assert answers(c) == ["face_first"]


def test_a_failed_check_is_an_incident_of_its_visit() -> None:
    c = claimed().owner("another")
    assert (c.state.incident, c.ordered(KeepPictures)) == (1, [])
    assert c.ordered(KeepOnePicture) == [KeepOnePicture(1, "identity_mismatch")]
    c.claims(2).owner("another")
    assert c.ordered(KeepOnePicture)[1:] == [KeepOnePicture(1, "identity_mismatch")]
    assert [one.incident for one in c.all if isinstance(one, Tell)] == [1]
    c.leaves()
    assert (c.state.incident, c.ordered(CloseIncident)) == (0, [CloseIncident(1)])


def test_words_about_a_claim_are_never_the_warning_that_was_heard() -> None:
    """Said between two warnings, and heard while the second one is not."""
    c = Cabin(WITH)
    c.speaker = False
    c.comes("masked").wait(7)
    first = c.state.warn_ticket
    c.shows("bare").claims()
    ours = c.state.ticket
    assert (c.mode, c.said[-1], c.state.warn_ticket) == ("cleared", "owner_face", None)
    assert first is not None
    assert ours > first
    c.wire("door", True).wait(2).wire("door", False).shows("masked").wait(7)
    second = c.state.warn_ticket
    assert second is not None
    assert second > ours
    c.hear(PromptGiven(ours))
    assert (c.mode, c.state.prompted_at_s) == ("warned", None)
    assert c.wait(60).mode == "warned", "locked without a warning that was heard"
    c.hear(PromptGiven(second))
    assert c.state.prompted_at_s == c.now_s


@pytest.mark.parametrize("place", PLACES)
def test_no_warning_waits_to_be_heard_where_words_about_a_claim_may_be_said(place: str) -> None:
    state, _ = PLACES[place]
    if state.mode is Mode.CLEARED and not state.no_lock:
        assert state.warn_ticket is None


# --- the code --------------------------------------------------------------------------------------


def test_the_right_code_opens_once() -> None:
    c = with_code().types_owner("right")
    assert (c.permit, c.state.claim.stage) == (True, Stage.BY_CODE)
    assert "owner_code_right" in c.notes
    c.forget().types_owner("right")
    assert (answers(c), c.ordered(JudgeOwnerEntry)) == (["no_code_wanted"], [])


def test_a_wrong_code_is_a_failed_check_and_the_second_one_is_told() -> None:
    c = with_code().forget().types_owner("wrong")
    assert (pictures(c), answers(c), c.said) == (
        ["owner_code_wrong"],
        ["owner_code_wrong"],
        ["owner_code_wrong"],
    )
    assert (c.told, c.reasons) == (["identity_failed"], {"identity_failed": "owner_code_wrong"})
    assert c.told_whom("identity_failed") == [{"control_room"}]
    assert (c.permit, c.state.claim.stage) == (False, Stage.CODE)


@pytest.mark.parametrize("after", [1, 2, 4])
def test_failed_checks_are_told_from_the_one_that_is_set(after: int) -> None:
    c = Cabin(replace(WITH, owner=replace(CLAIMS, tell_after=after))).comes("bare")
    for number in range(1, 18):
        c.forget().claims(number).owner("another")
        due = number in (after, 2 * after, 4 * after, 8 * after, 16 * after)
        assert c.told == (["identity_failed"] if due else []), number


def test_the_next_visit_begins_at_no_failed_check() -> None:
    c = claimed().owner("another").leaves()
    assert c.state.claim == Claim()
    c.forget().comes("bare").claims(2).owner("another")
    assert (c.state.claim.failed, c.told) == (1, [])


def test_an_old_code_is_named_and_counts_as_no_failed_check() -> None:
    c = with_code().forget().types_owner("superseded")
    assert (answers(c), c.said, pictures(c)) == (["code_expired"], ["owner_code_old"], [])
    assert c.state.claim.failed == 1


def test_a_code_that_nobody_took_is_told_to_the_customer_and_to_nobody_else() -> None:
    c = claimed().owner("another")
    c.owner_phone = False
    c.forget().asks_for_code().wait(59.9)
    assert c.said == []
    c.wait(0.2)
    assert (c.said, answers(c), c.told) == (["owner_code_not_sent"], ["code_not_sent"], [])
    assert c.ordered(VoidOwnerCode) == [VoidOwnerCode(1)]
    assert c.state.claim.stage is Stage.FAILED
    c.hear(OwnerCodeSent(1))
    assert c.state.claim.stage is Stage.FAILED, "a code that came too late lives again"


def test_a_code_has_its_time_from_the_networks_answer() -> None:
    c = claimed().owner("another")
    c.owner_phone = False
    c.asks_for_code().wait(30).hear(OwnerCodeSent(1)).forget().wait(179.9)
    assert c.state.claim.stage is Stage.CODE
    c.wait(0.2)
    assert (c.state.claim.stage, c.said, answers(c)) == (Stage.FAILED, ["owner_code_old"], ["code_expired"])


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (NoOwnerCode.NOT_SENT, "owner_code_not_sent"),
        (NoOwnerCode.NOT_ON_RECORD, "owner_code_not_sent"),
        (NoOwnerCode.EXPIRED, "owner_code_old"),
        (NoOwnerCode.TRIES_USED, "owner_no_code"),
        (NoOwnerCode.CARD_RESTS, "owner_no_code"),
        (NoOwnerCode.TOO_MANY, "owner_no_code"),
    ],
)
def test_whoever_gets_no_code_is_told_which_kind_of_no_it_is(why: NoOwnerCode, said: str) -> None:
    c = with_code().forget().hear(OwnerCodeOver(1, why))
    assert (c.said, answers(c), c.state.claim.stage) == ([said], [why.value], Stage.FAILED)
    assert c.hear(OwnerCodeOver(1, why)).said == [said], "a second time for nothing"


def test_a_verdict_for_another_claim_or_for_no_entry_opens_nothing() -> None:
    c = with_code().forget().hear(OwnerEntryJudged(1, EntryVerdict.RIGHT))
    assert (c.permit, c.notes) == (False, ["owner_verdict_without_entry"])
    c.unanswered(OwnerEntryCompleted())
    c.claims(2).hear(OwnerEntryJudged(1, EntryVerdict.RIGHT))
    assert (c.permit, c.state.claim.stage) == (False, Stage.FACE)


def test_two_entries_are_not_compared_at_once() -> None:
    c = with_code()
    c.unanswered(OwnerEntryCompleted())
    c.forget().unanswered(OwnerEntryCompleted())
    assert (c.ordered(JudgeOwnerEntry), answers(c)) == ([], ["no_code_wanted"])


def test_a_code_for_another_claim_is_not_taken_up() -> None:
    c = with_code().claims(2).owner("another")
    c.owner_phone = False
    c.asks_for_code().hear(OwnerCodeSent(1))
    assert c.state.claim.stage is Stage.SENDING
    c.hear(OwnerCodeOver(1, NoOwnerCode.TRIES_USED))
    assert c.state.claim.stage is Stage.SENDING


# --- how a verification and a claim end ------------------------------------------------------------

VERIFIED: dict[str, Callable[[], Cabin]] = {
    "by face": lambda: claimed().owner("same"),
    "by code": lambda: with_code().types_owner("right"),
}


def test_a_face_that_is_not_shown_any_more_is_asked_for_again() -> None:
    c = VERIFIED["by face"]().shows("masked")
    assert (c.permit, c.state.claim.stage) == (False, Stage.FACE)
    c.shows("bare")
    assert (c.mode, c.permit) == ("cleared", False)
    assert c.owner("same").permit


def test_the_code_stays_for_this_person_while_nobody_joins() -> None:
    c = VERIFIED["by code"]().shows("masked")
    assert not c.permit
    assert c.shows("bare").permit
    c.several().several(False).shows("bare")
    assert (c.mode, c.permit, c.state.claim.stage) == ("cleared", False, Stage.FACE)


@pytest.mark.parametrize("how", VERIFIED)
def test_several_block_the_claim(how: str) -> None:
    c = VERIFIED[how]().several()
    assert (c.permit, c.state.claim.stage, c.state.claim.number) == (False, Stage.FACE, 1)
    c.owner("same")
    assert c.state.claim.stage is Stage.FACE


def test_a_still_picture_is_never_the_owner() -> None:
    c = claimed().begins("still_picture").owner("same")
    assert not c.permit
    c = VERIFIED["by face"]().begins("still_picture")
    assert (c.mode, c.permit, c.state.claim.stage) == ("cleared", False, Stage.FACE)
    c.owner("same")
    assert not c.permit
    c.wait(20)
    assert c.state.claim.stage is Stage.FAILED
    c = VERIFIED["by code"]().begins("still_picture")
    assert c.permit, "a code needs no face of the owner"


ENDS: dict[str, tuple[Callable[[Cabin], Cabin], str]] = {
    "the machine ends it": (lambda c: c.hear(ClaimOver(1, ClaimEnd.MACHINE_ENDED)), "machine_ended"),
    "its line is lost": (lambda c: c.hear(ClaimOver(1, ClaimEnd.LINE_LOST)), "line_lost"),
    "the owner says no": (lambda c: c.hear(ClaimOver(1, ClaimEnd.OWNER_SAID_NO)), "owner_said_no"),
    "the owner is removed": (lambda c: c.hear(ClaimOver(1, ClaimEnd.NOT_ENROLLED)), "not_enrolled"),
    "another card": (lambda c: c.claims(2), "another_claim"),
    "the door opens": (lambda c: c.wire("door", True), "door_opened"),
    "the cabin is empty": (lambda c: c.leaves(), "nobody_there"),
    "the exit": (lambda c: c.wire("exit", True), "emergency"),
    "fire": (lambda c: c.wire("fire", True), "emergency"),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("how", [*VERIFIED, "a code is out", "not the owner"])
def test_what_ends_a_claim_closes_the_machine(how: str, end: str) -> None:
    makers = VERIFIED | {"a code is out": with_code, "not the owner": lambda: claimed().owner("another")}
    happens, why = ENDS[end]
    c = happens(makers[how]().forget())
    assert ended(c) == [(1, why)]
    assert not c.permit
    assert c.state.claim.number == (2 if end == "another card" else 0)
    assert c.told == {"owner_said_no": ["owner_said_no"]}.get(why, ["fire"] if end == "fire" else [])
    c.hear(OwnerCodeSent(1), OwnerEntryJudged(1, EntryVerdict.RIGHT))
    assert not c.permit


def test_a_lock_ends_the_claim_of_somebody_who_never_showed_the_face() -> None:
    c = claimed("masked").wait(20)
    assert (c.mode, c.state.claim.number, ended(c)) == ("locked", 0, [(1, "locked")])


def test_the_owners_no_is_told_even_where_the_claim_is_over() -> None:
    c = claimed().hear(ClaimOver(1, ClaimEnd.MACHINE_ENDED)).forget()
    c.hear(ClaimOver(1, ClaimEnd.OWNER_SAID_NO))
    assert (c.told, c.told_whom("owner_said_no"), c.notes) == (
        ["owner_said_no"],
        [{"control_room"}],
        ["no_such_claim"],
    )


def test_a_closing_door_asks_again_for_the_face() -> None:
    c = Cabin(WITH).wire("door", True).comes("bare").claims().wait(30)
    assert (c.mode, c.said, owner_face_wanted(c.state)) == ("cleared", [], False), (
        "compared behind a shut door"
    )
    c.owner("same")
    assert not c.permit
    c.wire("door", False).shows("bare")
    assert (c.mode, c.permit, c.state.claim.stage) == ("cleared", False, Stage.FACE)
    assert c.owner("same").permit


def test_another_face_before_a_verified_claim_closes_the_machine() -> None:
    c = claimed().owner("same")
    assert c.permit
    c.forget().owner("unknown").owner("unfit").owner("same")
    assert c.permit, "a poor look at the owner is not somebody else"
    c.owner("another")
    assert (c.permit, c.mode, c.said) == (False, "cleared", ["owner_not_known"])
    assert (answers(c), pictures(c)) == (["identity_mismatch"], ["identity_mismatch"])
    assert not owner_face_wanted(c.state)
    assert not with_code().types_owner("right").owner("another").forget().said, "a code is not a face"


@pytest.mark.parametrize("mode", ["vacant", "locked", "emergency", "released and empty"])
def test_no_claim_is_opened_where_nobody_uses_the_machine(mode: str) -> None:
    c = Cabin(WITH)
    match mode:
        case "locked":
            c.locked()
        case "emergency":
            c.comes("bare").wire("fire", True)
        case "released and empty":
            c.locked().types("right").leaves()
        case _:
            assert mode == "vacant"
    before = c.state
    c.forget().claims()
    assert (c.state.claim, len(answers(c)), len(c.notes)) == (Claim(), 1, 1)
    assert c.state == before


# --- a restart -------------------------------------------------------------------------------------

STEPS: dict[str, Callable[[], Cabin]] = {
    "face": claimed,
    "failed": lambda: claimed().owner("another"),
    "code": with_code,
    **VERIFIED,
}


@pytest.mark.parametrize("at", STEPS)
def test_a_restart_ends_the_claim_and_keeps_what_failed(at: str) -> None:
    c = STEPS[at]().wait(1)
    failed = c.state.claim.failed
    c.forget().dies_and_starts()
    assert (c.state.claim, c.permit) == (Claim(failed=failed), False)
    assert SetPermit(False) in c.fresh
    assert "claim_ended_by_restart" in c.notes
    c.shows("bare").wait(30).hear(OwnerCodeSent(1), OwnerEntryJudged(1, EntryVerdict.RIGHT))
    assert (c.mode, c.permit) == ("cleared", False)
    assert next_wake_s(c.state, c.now_s, c.rules) is None


def test_a_time_of_a_claim_comes_back_on_todays_clock() -> None:
    woken = wake_up(claimed().state, 0.0, 500.0, 4.0, WITH.flow)
    assert woken.claim.until_s == 520.0


# --- what a claim never touches --------------------------------------------------------------------

_ASIDE = (CloseIncident, EndClaim, AnswerMachine, IssueOwnerCode, VoidOwnerCode, JudgeOwnerEntry, SetPermit)
_NOTED = {
    *CheckFailed,
    *("owner_code_right", "owner_verdict_without_entry", "no_such_claim", "claim_refused", "not_now"),
    *("face_first", "claim_ended_by_restart"),
}


def rest(state: State) -> State:
    """All but the claim. Words about it use tickets, and a check that failed a number for its incident.

    So of a ticket only what a warning asks stays, and of an incident what is held against anybody in it.
    """
    warned = state.mode is Mode.WARNED and state.warn_ticket is not None
    ahead = None if state.warn_ticket is None else state.ticket - state.warn_ticket if warned else 0
    return replace(state, claim=Claim(), ticket=0, warn_ticket=ahead, incident=0, incidents=0)


def _unnumbered(command: Command) -> Command:
    numbered = any(one.name == "incident" for one in fields(command))
    return replace(command, incident=0) if numbered else command  # type: ignore[arg-type]  # it has one


def of_the_cabin(commands: tuple[Command, ...]) -> list[Command]:
    """What was ordered besides the claim's own: its words, pictures, notes, messages, and the permit."""
    found: list[Command] = []
    for command in commands:
        match command:
            case Say(prompt=prompt):
                if prompt not in WORDS:
                    found.append(replace(command, ticket=0))
            case KeepOnePicture(why=why) if why in set(CheckFailed):
                pass
            case Tell(kind=kind, incident=_) if kind in ("identity_failed", "owner_said_no"):
                pass
            case Note(name=name) if name in _NOTED:
                pass
            case _:
                if not isinstance(command, _ASIDE):
                    found.append(_unnumbered(command))
    return found


def agrees(state: State, event: Event, now_s: float, with_claims: Rules) -> State:
    """One step with the claim and the same one without: the same cabin. The state with it."""
    done = step(state, event, now_s, with_claims)
    plain = replace(with_claims, owner=None)
    # What means nothing here: it lets go of an output that is tried, as a claim does and anything else, and
    # is no tick, which alone locks the door.
    nothing = TrialStopped(TrialEnd.HAPPENED)
    other = step(
        replace(state, claim=Claim()), nothing if isinstance(event, OF_CLAIMS) else event, now_s, plain
    )
    assert rest(done.state) == rest(other.state), event
    assert of_the_cabin(done.commands) == of_the_cabin(other.commands), event
    assert not permit_on(done.state, with_claims) or permit_on(other.state, plain), "opened by the claim"
    return done.state


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_in_every_place_the_cabin_does_the_same_with_and_without_a_claim(place: str) -> None:
    state, now_s = PLACES[place]
    for event in EVENTS:
        for later_s in (0.0, 700.0):
            agrees(state, event, now_s + later_s, WITH)


CLAIM_EVENTS = [event for event in EVENTS if isinstance(event, OF_CLAIMS)]
OTHER_EVENTS = [
    event
    for event in EVENTS
    if not isinstance(event, (*OF_CLAIMS.__args__, PromptGiven, Restarted))
    and getattr(event, "incident", 0) == 0
]
"""Without what names an incident by its number: that may be another one beside a check that failed."""
TIMES = st.sampled_from([0.0, 0.5, 1.0, 3.0, 6.0, 10.0, 20.0, 60.0, 180.0, 700.0])
SCRIPT = st.lists(
    st.tuples(
        TIMES,
        st.sampled_from(OTHER_EVENTS) | st.sampled_from(CLAIM_EVENTS) | st.sampled_from(CLAIM_EVENTS),
    ),
    min_size=1,
    max_size=30,
)


def _lives(script: list[tuple[float, Event]], one: Cabin, other: Cabin) -> None:
    """The script in both cabins, each deadline of either woken for in both; the other hears of no claim."""
    for dt, event in script:
        end_s = one.now_s + dt
        while True:
            wakes = [next_wake_s(c.state, c.now_s, c.rules) for c in (one, other)]
            wake_s = min((at_s for at_s in wakes if at_s is not None and at_s <= end_s), default=None)
            for c in (one, other):
                c.stall_until(end_s if wake_s is None else wake_s)
                c.hear(Ticked())
            if wake_s is None:
                break
        one.hear(event)
        other.hear(Ticked() if isinstance(event, OF_CLAIMS) else event)
        assert rest(one.state) == rest(other.state)
    assert of_the_cabin(tuple(one.all)) == of_the_cabin(tuple(other.all))
    assert one.modes == other.modes


@pytest.mark.slow
@given(SCRIPT, st.sampled_from(["nobody", "bare", "masked"]))
@settings(max_examples=60)
def test_no_life_of_claims_changes_the_door_the_clock_a_warning_or_a_sound(
    script: list[tuple[float, Event]], start: str
) -> None:
    one, other = Cabin(WITH), Cabin(WITHOUT)
    if start != "nobody":
        one.comes(start).claims()
        other.comes(start)
    _lives(script, one, other)


@given(SCRIPT)
@settings(max_examples=30)
def test_with_identity_off_every_output_is_that_of_a_cabin_without_it(
    script: list[tuple[float, Event]],
) -> None:
    one, other = Cabin(WITHOUT).comes("bare"), Cabin(WITHOUT).comes("bare")
    _lives(script, one, other)
    assert one.state.claim == Claim()
    permits = [[c for c in cabin.all if isinstance(c, SetPermit)] for cabin in (one, other)]
    assert permits[0] == permits[1]


def test_the_comparison_is_not_blind() -> None:
    """A claim that locked, warned or opened anything would be noticed."""
    c = Cabin(WITH).comes("masked").wait(10)
    for wrong in (
        replace(c.state, no_lock=True),
        replace(c.state, evidence_s=c.state.evidence_s + 1.0),
        replace(c.state, warn_ticket=None),
        replace(c.state, ticket=c.state.ticket + 1),
        replace(c.state, mode=Mode.CHECKING),
    ):
        assert rest(wrong) != rest(c.state)
    assert OwnerFact.SAME in OwnerFact


def test_words_about_a_claim_have_tickets_of_their_own() -> None:
    c = claimed().owner("another").asks_for_code().types_owner("wrong")
    tickets = [one.ticket for one in c.all if isinstance(one, Say)]
    assert len(tickets) == 4
    assert tickets == sorted(set(tickets))


def test_an_entry_whose_code_grew_too_old_is_not_waited_for_any_more() -> None:
    c = with_code()
    c.unanswered(OwnerEntryCompleted())
    c.wait(200)
    assert (c.state.claim.stage, c.state.claim.pending) == (Stage.FAILED, False)


def _after_a_release() -> Cabin:
    return Cabin(WITH).locked().types("right").shows("bare").wait(4).claims().owner("another")


def test_where_nobody_may_be_locked_any_more_a_claim_ends_with_its_person_too() -> None:
    c = _after_a_release().shows("masked")
    assert (c.mode, c.state.claim.failed, c.state.claim.number) == ("released", 1, 1)
    c.forget().leaves()
    assert (ended(c), c.state.claim) == ([(1, "nobody_there")], Claim())


def test_a_code_on_its_way_is_not_asked_for_twice() -> None:
    c = claimed().owner("another")
    c.owner_phone = False
    c.asks_for_code().forget().asks_for_code()
    assert (answers(c), c.ordered(IssueOwnerCode)) == (["code_under_way"], [])


def test_no_words_about_a_claim_are_said_to_a_warned_person_or_into_silence() -> None:
    c = with_code().shows("masked").wait(10)
    assert c.mode == "warned"
    c.forget().hear(OwnerCodeOver(1, NoOwnerCode.TRIES_USED))
    assert (c.said, answers(c)) == ([], ["code_tries_used"])
    c = with_code().begins("weapon").ends("weapon").shows("bare").wait(1)
    assert c.mode == "cleared"
    c.forget().types_owner("wrong")
    assert (c.said, answers(c)) == ([], ["owner_code_wrong"])
