"""One scenario for each sentence of the cabin flow, in its order, told in its words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.cabin.commands import (
    CloseIncident,
    IssueCode,
    KeepOnePicture,
    KeepPictures,
    PromptKey,
    RecordLock,
    Say,
    SendCode,
    SetDoor,
    VoidCode,
)
from edge.cabin.devices import LOCK_NEEDS
from edge.cabin.events import (
    CodeAccepted,
    CodeDenied,
    Device,
    EntryCompleted,
    EntryJudged,
    EntryVerdict,
    InputMoved,
    PromptGiven,
    RecordAnswered,
    Ticked,
)
from edge.terms.record import Recipient
from hw.ports import Input, Sound
from tests.worlds.cabin_world import Cabin, rules

BOTH = {"watchman", "control_room"}


# --- the main path ---------------------------------------------------------------------------------


def test_1_a_vacant_cabin_is_unlocked_without_permit_and_green() -> None:
    c = Cabin().wait(1000)
    assert (c.mode, c.door, c.permit, c.sound, c.lights) == ("vacant", False, False, Sound.OFF, {"green"})
    assert c.fresh == []


def test_2_somebody_present_is_checked() -> None:
    c = Cabin().comes()
    assert (c.mode, c.permit, c.state.visit) == ("checking", False, 1)


def test_3_a_proper_face_is_cleared_and_gets_the_permit() -> None:
    c = Cabin().comes("bare")
    assert (c.mode, c.permit, c.door, c.lights) == ("cleared", True, False, {"green"})


@pytest.mark.parametrize("face", ["masked", "helmeted", "turned", "hidden", "unclear"])
def test_3_any_other_face_gets_none(face: str) -> None:
    c = Cabin().comes(face)
    assert (c.mode, c.permit) == ("checking", False)


def test_3_covered_afterwards_the_permit_goes_off() -> None:
    c = Cabin().comes("bare").shows("masked")
    assert (c.mode, c.permit) == ("checking", False)


def test_3_somebody_joins_and_the_permit_goes_off() -> None:
    c = Cabin().comes("bare").several()
    assert (c.mode, c.permit) == ("checking", False)
    c.several(False)
    assert (c.mode, c.permit) == ("cleared", True)


@pytest.mark.parametrize("face", ["turned", "unclear"])
def test_3_a_customer_at_the_keys_who_looks_away_keeps_the_permit(face: str) -> None:
    c = Cabin().comes("bare").shows(face).wait(120)
    assert (c.mode, c.permit) == ("cleared", True)


@pytest.mark.parametrize("face", ["masked", "helmeted", "hidden"])
def test_3_covered_or_hidden_afterwards_is_asked_again_and_never_locked(face: str) -> None:
    c = Cabin().comes("bare").shows(face)
    assert (c.mode, c.permit) == ("checking", False)
    c.wait(600)
    assert (c.mode, c.door, set(c.countdowns)) == ("warned", False, {0})
    c.shows("bare")
    assert (c.mode, c.permit) == ("cleared", True)


def test_3_a_rider_who_puts_the_helmet_on_to_leave_is_let_out() -> None:
    c = Cabin().wire("door", True).comes("bare").wire("door", False).shows("bare").wait(60)
    assert c.mode == "cleared"
    c.shows("helmeted").wait(120).dies_and_starts().shows("helmeted").wait(120)
    assert (c.mode, c.door) == ("warned", False)
    c.wire("door", True).leaves()
    assert c.mode == "vacant"


def test_3_a_contact_that_flickers_lets_no_other_person_in() -> None:
    c = Cabin().comes("bare").wait(5).shows("helmeted")
    for _ in range(2):
        c.wire("door", True).wait(0.7).wire("door", False).wait(0.7)
    c.shows("helmeted").wait(300)
    assert (c.mode, c.door) == ("warned", False)


def test_3_whoever_comes_after_somebody_cleared_is_another_person() -> None:
    c = Cabin().comes("bare").wait(5).wire("door", True).wait(1.5).shows("masked").wire("door", False)
    c.shows("masked").wait(40)
    assert c.mode == "locked"


def test_3_when_a_cover_comes_off_one_picture_is_kept() -> None:
    c = Cabin().comes("masked").wait(3).shows("bare")
    assert c.ordered(KeepOnePicture) == [KeepOnePicture(1, "face_shown")], "a number of its own, so it ages"
    c.shows("turned").shows("bare")
    assert len(c.ordered(KeepOnePicture)) == 1


@pytest.mark.parametrize(
    ("face", "cause"),
    [("masked", "mask"), ("helmeted", "helmet"), ("turned", "face_camera"), ("hidden", "hidden")],
)
def test_4_not_cleared_after_6_s_is_warned_and_told_why(face: str, cause: str) -> None:
    c = Cabin().comes(face).wait(5.9)
    assert c.mode == "checking"
    c.wait(0.1)
    assert (c.mode, c.sound, c.lights, c.said, c.causes) == (
        "warned",
        Sound.BEEPS,
        {"amber"},
        ["show_face"],
        [cause],
    )
    assert c.countdowns == [14]


def test_4_too_far_away_is_told_to_step_closer_without_a_threat() -> None:
    c = Cabin().comes("unclear").wait(60)
    assert (c.mode, set(c.causes), set(c.countdowns)) == ("warned", {"step_closer"}, {0})


def test_4_too_near_the_edge_is_told_to_step_back_without_a_threat() -> None:
    c = Cabin().comes("cut").wait(60)
    assert (c.mode, set(c.causes), set(c.countdowns)) == ("warned", {"step_back"}, {0})


def test_4_first_to_face_the_camera_then_to_take_off_what_covers() -> None:
    c = Cabin().comes("masked and turned").wait(12).shows("masked").wait(1)
    assert (c.mode, c.causes[0], c.causes[-1]) == ("warned", "face_camera", "mask")
    c = Cabin().comes("masked and turned").wait(40)
    assert (c.mode, c.reasons["locked"]) == ("locked", "mask")


def test_4_two_persons_are_told_one_at_a_time_without_a_threat() -> None:
    c = Cabin().comes("masked").several().wait(60)
    assert (c.mode, set(c.causes), set(c.countdowns)) == ("warned", {"one_at_a_time"}, {0})


def test_4_the_warning_is_repeated_and_follows_what_is_seen() -> None:
    c = Cabin().comes("masked").wait(8).shows("helmeted").wait(10)
    assert c.causes == ["mask", "helmet", "helmet"]
    assert c.countdowns == [14, 12, 2]


def test_3_a_door_that_moves_while_cleared_asks_for_a_face_again() -> None:
    c = Cabin().comes("bare").wait(1)
    assert (c.mode, c.permit) == ("cleared", True)
    c.wire("door", True)
    assert (c.mode, c.permit) == ("checking", False)
    c.shows("bare")
    assert (c.mode, c.permit) == ("cleared", True)
    c.wire("door", False)
    assert (c.mode, c.permit) == ("checking", False), "anyone who came in has not shown theirs"
    c.shows("hidden").wait(30)
    assert not c.permit


def test_4_a_warned_person_who_shows_the_face_is_cleared_and_the_words_stop() -> None:
    c = Cabin().comes("masked").wait(8).shows("bare")
    assert (c.mode, c.permit, c.sound) == ("cleared", True, Sound.OFF)
    assert [s.prompt.value for s in c.ordered(Say)[-1:] if isinstance(s, Say)] == ["silence"]


def test_5_the_lock_comes_at_20_s_of_evidence() -> None:
    c = Cabin().comes("masked").wait(19.9)
    assert c.mode == "warned"
    c.wait(0.1)
    assert c.mode == "locked"


@pytest.mark.parametrize("face", ["masked", "turned", "hidden"])
def test_5_covered_turned_away_and_hidden_all_count(face: str) -> None:
    assert Cabin().comes(face).wait(20).mode == "locked"


def test_5_the_clock_stands_still_while_the_picture_is_unclear_and_does_not_restart() -> None:
    c = Cabin().comes("masked").wait(15).shows("unclear").wait(300)
    assert c.mode == "warned"
    c.shows("masked").wait(4.9)
    assert c.mode == "warned"
    c.wait(0.1)
    assert c.mode == "locked"


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (lambda c: c.camera("dark"), lambda c: c.camera("ok").shows("masked")),
        (lambda c: c.camera("gone"), lambda c: c.camera("ok").shows("masked")),
        (lambda c: c.several(), lambda c: c.several(False)),
        (lambda c: c.begins("weapon"), lambda c: c.ends("weapon")),
        (lambda c: c.begins("fight"), lambda c: c.ends("fight")),
        (lambda c: c.begins("robbery"), lambda c: c.ends("robbery")),
        (lambda c: c.begins("person_down"), lambda c: c.ends("person_down")),
        (lambda c: c.wire("panic", True), lambda c: c.wire("panic", False)),
    ],
    ids=["dark", "gone", "several", "weapon", "fight", "robbery", "person down", "panic"],
)
def test_5_it_stands_still_in_danger_or_blindness_and_for_30_s_after(begin: object, end: object) -> None:
    assert callable(begin)
    assert callable(end)
    c = Cabin().comes("masked").wait(15)
    begin(c)
    c.wait(200)
    assert c.mode == "warned"
    end(c)
    c.wait(30 + 4.9)
    assert c.mode == "warned"
    c.wait(20)
    assert c.mode == "locked"


def test_5_an_overlap_of_dangers_counts_from_the_end_of_the_last() -> None:
    c = Cabin().comes("masked").wait(15).begins("weapon").wait(1).begins("fight").ends("weapon").wait(60)
    c.ends("fight").wait(34)
    assert c.mode == "warned"


def test_5_a_face_shown_for_a_moment_that_does_not_clear_does_not_reset_it() -> None:
    c = Cabin().comes("masked").wait(19).begins("front_changed").shows("bare").wait(3)
    assert c.mode == "warned", "the permit is blocked, so nobody is cleared"
    c.shows("masked").wait(1)
    assert c.mode == "locked"


def test_5_a_face_shown_as_long_as_anybody_is_given_counts_also_where_the_machine_is_closed() -> None:
    c = Cabin().begins("front_changed").comes("bare").wait(5.9).shows("turned").shows("bare").wait(5.9)
    assert (c.mode, c.permit, c.state.shown) == ("checking", False, False)
    c.wait(0.1)
    assert (c.mode, c.permit, c.state.shown) == ("checking", False, True)
    c.shows("masked").wait(300)
    assert (c.mode, c.countdowns[-1]) == ("warned", 0), "asked again, never locked"
    c.wire("door", True).wire("door", False).wait(1.5).wire("door", True).wait(2).wire("door", False)
    assert c.shows("masked").wait(20).mode == "locked", "somebody else may have come in"


def test_5_nobody_knows_whose_face_it_is_that_two_show() -> None:
    c = Cabin().begins("front_changed").comes("bare").several().wait(60)
    assert not c.state.shown
    c.several(False).camera("dark").wait(60)
    assert not c.state.shown


def test_5_stepping_out_of_the_picture_does_not_reset_it() -> None:
    c = Cabin().comes("masked").wait(15).shows("hidden").wait(2).shows("masked").wait(3)
    assert c.mode == "locked"


def test_5_it_begins_anew_for_whoever_is_there_since_the_door_opened() -> None:
    c = Cabin().comes("masked").wait(19).wire("door", True).wait(2).shows("masked")
    c.forget().wire("door", False).wait(19.9)
    assert (c.mode, c.countdowns[0]) == ("warned", 20)
    c.wait(0.1)
    assert c.mode == "locked"


def test_5_the_time_behind_an_open_door_is_no_evidence() -> None:
    c = Cabin().wire("door", True).comes("masked").wait(300).wire("door", False).wait(19.9)
    assert c.mode == "warned"
    c.wait(0.1)
    assert c.mode == "locked"


def test_5_held_up_for_the_third_time_is_told() -> None:
    c = Cabin().comes("masked")
    for number in (1, 2, 3, 4):
        c.wait(1).shows("unclear").wait(1).shows("masked")
        assert c.told.count("clock_held") == (number >= 3)
    assert c.told_whom("clock_held") == [{"control_room"}]


def test_5_how_often_it_was_held_up_is_counted_in_each_visit_anew() -> None:
    c = Cabin()
    for _ in range(3):
        c.comes("masked")
        for _ in range(2):
            c.wait(1).shows("unclear").wait(1).shows("masked")
        c.leaves()
    assert "clock_held" not in c.told


def test_5_whoever_is_warned_again_with_complete_evidence_has_the_whole_lead() -> None:
    c = Cabin().comes("masked").wait(19.5).fails("prompt").wait(60).forget().recovers("prompt")
    assert (c.mode, c.countdowns) == ("warned", [10])
    c.wait(9.9)
    assert c.mode == "warned"
    c.wait(0.1)
    assert c.mode == "locked"


def test_5_it_restarts_only_after_empty() -> None:
    c = Cabin().comes("masked").wait(19).leaves()
    assert c.mode == "vacant"
    c.comes("masked").wait(19.9)
    assert c.mode == "warned"


def test_5_never_judged_is_never_locked() -> None:
    c = Cabin().comes().wait(1000)
    assert c.mode == "checking"


def test_6_at_the_deadline_everything_happens() -> None:
    c = Cabin().comes("masked").wait(10).forget().wait(10)
    assert (c.mode, c.door, c.permit, c.sound, c.lights) == ("locked", True, False, Sound.SIREN, {"red"})
    assert c.said[-1] == "locked"
    assert [p for p in c.ordered(KeepPictures) if isinstance(p, KeepPictures) and p.why == "locked"]
    assert c.codes == [(1, "watchman", 1)]
    assert c.told == ["locked"]
    assert c.told_whom("locked") == [{"control_room"}]
    assert c.reasons["locked"] == "mask"


def test_6_the_siren_ends_after_120_s() -> None:
    c = Cabin().locked().wait(119.9)
    assert c.sound is Sound.SIREN
    c.wait(0.1)
    assert (c.sound, c.mode) == (Sound.OFF, "locked")


def test_6_an_open_door_stays_warned_is_told_and_whoever_is_there_then_is_warned_anew() -> None:
    c = Cabin().comes("masked").wait(10).forget().wire("door", True)
    assert (c.mode, c.said, c.door) == ("warned", ["door_open"], False)
    c.shows("masked").wait(60).forget().wire("door", False)
    assert (c.mode, c.said, c.countdowns) == ("warned", ["show_face"], [20])
    c.wait(20)
    assert c.mode == "locked"


def test_6_a_cause_that_changes_lets_the_first_warning_come_to_its_end() -> None:
    c = Cabin()
    c.speaker = False
    c.comes("masked").wait(6)
    ticket = c.state.ticket
    for face in ("helmeted", "masked", "turned") * 3:
        c.shows(face).wait(0.9)
    assert (c.causes, c.state.ticket) == (["mask"], ticket)
    c.hear(PromptGiven(ticket))
    assert c.causes == ["mask", "face_camera"]
    c.shows("unclear")
    assert c.causes[-1] == "step_closer"


def test_6_opening_it_a_third_time_is_told() -> None:
    c = Cabin().comes("masked").wait(10)
    for number in (1, 2, 3, 4):
        c.wire("door", True).wire("door", False).shows("masked").wait(1)
        assert c.told.count("door_opened_often") == (number >= 3)
    assert c.told_whom("door_opened_often") == [{"control_room"}]


def test_6_how_often_it_was_opened_is_counted_in_each_visit_anew() -> None:
    c = Cabin()
    for _ in range(3):
        c.comes("masked").wait(10)
        for _ in range(2):
            c.wire("door", True).wire("door", False).shows("masked").wait(1)
        c.leaves()
    assert "door_opened_often" not in c.told


def test_6_the_words_must_be_heard_to_their_end() -> None:
    c = Cabin(replace(rules(), words_s=4.0))
    c.speaker = False
    c.comes("masked").wait(6)
    assert c.countdowns == [10], "what is left at the end of the words"
    c.wait(4).hear(PromptGiven(c.state.ticket)).wait(9.9)
    assert c.mode == "warned"
    c.wait(0.1)
    assert c.mode == "locked"


@pytest.mark.parametrize("words_s", [0.0, 0.9, 3.5, 8.0, 12.0])
def test_6_no_spoken_second_is_promised_that_is_not_there(words_s: float) -> None:
    """Each number said, counted from the end of its words, ends no later than the lock."""
    c = Cabin(replace(rules(), words_s=words_s))
    c.speaker = False
    c.comes("masked")
    promised: list[float] = []
    said_at: list[tuple[float, int, int]] = []
    while c.mode != "locked":
        for say in c.ordered(Say):
            assert isinstance(say, Say)
            if say.lock_in_s:
                said_at.append((c.now_s + words_s, say.ticket, say.lock_in_s))
        c.forget()
        for end_s, ticket, seconds in list(said_at):
            if c.now_s >= end_s:
                c.hear(PromptGiven(ticket))
                promised.append(end_s + seconds)
                said_at.remove((end_s, ticket, seconds))
        c.wait(0.05)
        assert c.now_s < 60
    assert promised
    assert max(promised) <= c.now_s + 0.06


def test_6_without_a_contact_the_door_is_not_waited_for() -> None:
    c = Cabin(rules(door_contact=False)).comes("masked").wait(20)
    assert c.mode == "locked"


def test_6_nobody_is_locked_unprompted() -> None:
    c = Cabin()
    c.speaker = False
    c.comes("masked").wait(500)
    assert c.mode == "warned"
    c.hear(PromptGiven(c.state.ticket)).wait(9.9)
    assert c.mode == "warned"
    c.wait(0.1)
    assert c.mode == "locked"


def test_6_words_without_the_threat_are_no_prompt() -> None:
    c = Cabin()
    c.speaker = False
    c.comes("masked").wait(8)
    assert c.countdowns == [14]
    c.shows("unclear").hear(PromptGiven(c.state.ticket))
    assert c.causes[-1] == "step_closer"
    c.shows("masked").wait(60)
    assert c.mode == "warned"


def test_7_the_right_code_releases() -> None:
    c = Cabin().locked().wait(30).forget().types("right")
    assert (c.mode, c.door, c.sound, c.said) == ("released", False, Sound.OFF, ["released"])
    assert c.told_whom("released") == [BOTH]
    assert c.reasons["released"] == "code"


def test_7_a_wrong_code_keeps_it_locked() -> None:
    c = Cabin().locked().types("wrong")
    assert (c.mode, c.door, c.buzzed, c.notes) == ("locked", True, 1, ["wrong_code"])


def _by_code(c: Cabin) -> None:
    c.types("right")


def _by_exit(c: Cabin) -> None:
    c.wire("exit", True).wire("exit", False)


def _by_fire(c: Cabin) -> None:
    c.wire("fire", True).wire("fire", False)


def _by_time(c: Cabin) -> None:
    c.wait(1800)


def _by_control_room(c: Cabin) -> None:
    c.control_room_releases(c.state.incident)


def _by_panic(c: Cabin) -> None:
    c.wire("panic", True).wire("panic", False)


def _by_person_down(c: Cabin) -> None:
    c.begins("person_down").ends("person_down")


def _unreachable(c: Cabin) -> None:
    c.wait(200)


RELEASES = [
    _by_code,
    _by_exit,
    _by_fire,
    _by_time,
    _by_control_room,
    _by_panic,
    _by_person_down,
    _unreachable,
]


@pytest.mark.parametrize("release", RELEASES, ids=lambda f: f.__name__.strip("_"))
def test_8_after_any_release_nothing_locks_or_warns_until_empty(release: object) -> None:
    assert callable(release)
    c = Cabin()
    if release is _unreachable:
        c.phones = set()
    c.locked()
    release(c)
    c.forget().wait(60)
    for face in ("masked", "hidden", "turned", "unclear", "masked"):
        c.shows(face).wait(300)
        assert c.mode == "released"
        assert not c.door
    assert "show_face" not in c.said
    c.shows("bare").wait(3)
    assert (c.mode, c.permit) == ("cleared", True)
    c.shows("masked").wait(300)
    assert (c.mode, c.permit) == ("released", False)
    c.wire("door", True).wire("door", False).wait(700).leaves().wait(4)
    assert c.mode == "vacant"
    assert len(c.ordered(CloseIncident)) >= 1
    c.comes("masked").wait(60)
    assert c.mode == "locked", "the next visit is an ordinary one"


def test_8_released_is_seen_for_a_while_even_if_the_face_was_shown_while_locked() -> None:
    c = Cabin().locked().shows("bare").types("right")
    assert c.mode == "released"
    c.wait(3)
    assert c.mode == "cleared"


def test_8_nobody_is_on_record_as_cleared_when_the_cabin_is_vacant_again() -> None:
    c = Cabin().locked().types("right").shows("bare").wait(3)
    assert c.mode == "cleared"
    c.wire("door", True).wait(0.5).leaves().wire("door", False).wait(3)
    assert (c.mode, c.state.shown) == ("vacant", False)


def test_8_empty_closes_the_incident_and_visits_and_incidents_are_numbered() -> None:
    c = Cabin().locked().types("right").forget().leaves().wait(4)
    assert c.ordered(CloseIncident) == [CloseIncident(1)]
    assert c.state.incident == 0
    c.locked()
    assert (c.state.visit, c.state.incident, c.codes[-1]) == (2, 2, (1, "watchman", 1))


def test_8_the_codes_of_a_visit_are_numbered_anew_although_an_anomaly_lasts() -> None:
    c = Cabin().locked().types("right").begins("object_left").leaves().wait(4)
    assert (c.mode, c.state.incident) == ("vacant", 1)
    c.forget().locked()
    assert (c.state.incident, c.codes) == (2, [(1, "watchman", 1)])


def test_8_after_a_fire_the_door_must_open_and_close_and_600_s_pass() -> None:
    c = Cabin().locked().wire("fire", True).wait(20).wire("fire", False).leaves().wait(2000)
    assert c.mode == "released", "the door never moved"
    c.wire("door", True).wait(5).wire("door", False).wait(1)
    assert c.mode == "vacant"


def test_8_after_a_fire_the_time_counts_from_its_end() -> None:
    c = Cabin().locked().wire("fire", True).wire("door", True).leaves().wire("door", False)
    c.wait(3000).wire("fire", False).wait(599)
    assert c.mode == "released"
    c.wait(1)
    assert c.mode == "vacant"


def test_8_a_second_fire_starts_it_anew() -> None:
    c = Cabin().wire("fire", True).wire("fire", False).wire("door", True).wire("door", False).wait(590)
    c.wire("fire", True).wire("fire", False).wait(700)
    assert c.mode == "released"
    c.wire("door", True).wire("door", False).wait(1)
    assert c.mode == "vacant"


def test_8_whoever_comes_before_the_fire_is_over_is_a_visit_without_a_lock() -> None:
    c = Cabin().wire("fire", True).wire("fire", False).wait(60).comes("masked").wait(600)
    assert (c.mode, c.state.visit) == ("released", 1)
    c.shows("bare")
    assert c.permit
    c.leaves().wait(5)
    assert c.mode == "released", "the door has not moved since the fire"
    c.wire("door", True).wire("door", False).wait(1)
    assert c.mode == "vacant"


def test_a_camera_that_sees_nothing_is_not_a_face_that_is_not_shown() -> None:
    c = Cabin().comes("masked").wait(5).camera("gone").wait(1000)
    assert (c.mode, c.shown) == ("checking", "blind")


def test_blind_while_locked_stays_locked() -> None:
    c = Cabin().locked().camera("covered").wait(60)
    assert (c.mode, c.shown, c.door) == ("locked", "locked", True)
    c.types("right")
    assert c.mode == "released"


def test_a_face_shown_while_locked_is_recorded_and_changes_nothing() -> None:
    c = Cabin().locked().forget().shows("bare").wait(60)
    assert (c.mode, c.permit) == ("locked", False)
    assert len(c.ordered(KeepOnePicture)) == 1


# --- the code --------------------------------------------------------------------------------------


def test_the_life_of_a_code_runs_from_its_acceptance() -> None:
    c = Cabin()
    c.phones = set()
    c.locked().wait(100)
    c.hear(CodeAccepted(1, 1, Recipient.WATCHMAN)).forget().wait(299.9)
    assert c.codes == []
    c.wait(0.1)
    assert c.codes[-1] == (2, "watchman", 2)
    assert c.ordered(VoidCode) == [VoidCode(1)]


def test_a_code_that_nobody_accepted_by_120_s_is_withdrawn_and_not_counted() -> None:
    c = Cabin(rules(unreachable_release_s=900))
    c.phones = set()
    c.locked().forget().wait(120)
    assert c.codes == [(1, "watchman2", 1), (2, "watchman", 1)]
    assert c.told == ["code_withdrawn"]


def test_an_expired_code_is_replaced_at_once_and_opens_nothing_any_more() -> None:
    c = Cabin().locked().forget().wait(301)
    assert c.codes[-1] == (2, "watchman", 2)
    c.forget().types("old")
    assert (c.mode, c.notes) == ("locked", ["superseded_code"])
    c.types("right")
    assert c.mode == "released"


def test_the_attempt_is_counted_before_it_is_compared() -> None:
    c = Cabin().locked()
    c.unanswered(EntryCompleted())
    assert (c.state.code.tries, c.state.code.pending) == (1, True)


def test_three_wrong_void_the_code_and_close_the_keypad_for_90_s() -> None:
    c = Cabin().locked().forget()
    c.types("wrong").types("wrong")
    assert c.told == []
    c.types("wrong")
    assert (c.told, c.told_whom("keypad_lockout"), c.shown) == (
        ["keypad_lockout"],
        [{"control_room"}],
        "lockout",
    )
    assert c.ordered(VoidCode) == [VoidCode(1)]
    assert c.codes == []
    c.forget().wait(89.9).types("wrong")
    assert c.notes == ["keypad_closed", "entry_refused"]
    c.wait(0.1)
    assert (c.codes, c.shown) == ([(2, "watchman", 2)], "locked")
    c.types("right")
    assert c.mode == "released"


def test_the_pause_doubles_up_to_900_s() -> None:
    c = Cabin(rules(codes_per_incident=10, max_lock_s=100_000))
    c.locked()
    pauses = []
    for _ in range(6):
        for _ in range(3):
            c.types("wrong")
        until_s = c.state.code.lockout_until_s
        assert until_s is not None
        pauses.append(until_s - c.now_s)
        c.wait(pauses[-1])
    assert pauses == [90, 180, 360, 720, 900, 900]


def test_a_superseded_code_is_refused_by_name_and_not_counted() -> None:
    c = Cabin().locked().wait(301)
    for _ in range(10):
        c.forget().types("old")
        assert (c.notes, c.buzzed, c.state.code.tries) == (["superseded_code"], 1, 0)
    assert c.mode == "locked"


def test_five_codes_an_incident_and_no_more_and_then_nobody_can_open() -> None:
    c = Cabin(rules(max_lock_s=100_000)).locked().forget().wait(300 * 5 + 179)
    assert [issue for issue, whom, _ in c.codes if whom == "watchman"] == [2, 3, 4, 5]
    assert c.told == ["codes_used_up"]
    c.types("wrong")
    assert c.mode == "locked"
    c.wait(2)
    assert (c.mode, c.reasons["released"]) == ("released", "unreachable")


def test_fifteen_tries_an_incident() -> None:
    c = Cabin(rules(max_lock_s=100_000)).locked()
    judged = 0
    for _ in range(200):
        before = c.notes.count("wrong_code")
        c.types("wrong")
        judged += c.notes.count("wrong_code") - before
        c.wait(20)
    assert judged == 15
    assert c.mode == "released", "no code is left, so nobody can open"


def test_restarts_issue_a_fresh_code_that_does_not_count_and_give_no_tries() -> None:
    c = Cabin().locked().types("wrong").types("wrong").wait(1).forget()
    _back(c)
    assert (c.mode, c.door, c.codes) == ("locked", True, [(2, "watchman", 1)])
    assert c.reasons["restarted_locked"] == "new_code"
    c.types("wrong")
    assert c.shown == "lockout"


def test_a_try_that_was_counted_and_never_judged_stays_counted() -> None:
    c = Cabin().locked().types("wrong").types("wrong")
    c.unanswered(EntryCompleted())
    _back(c.forget())
    assert (c.mode, c.shown, c.codes, c.told) == (
        "locked",
        "lockout",
        [],
        ["keypad_lockout", "restarted_locked"],
    )
    assert c.reasons["restarted_locked"] == "keypad_closed"


def test_a_withdrawn_code_hands_on_its_tries_and_gives_not_one_more() -> None:
    c = Cabin()
    c.phones = set()
    c.locked().types("wrong").types("wrong").wait(119)
    c.unanswered(EntryCompleted())
    c.forget().wait(1)
    assert (c.shown, c.told) == ("lockout", ["code_withdrawn", "keypad_lockout"])


def test_a_verdict_about_a_replaced_code_opens_nothing() -> None:
    c = Cabin().locked().wait(299)
    c.unanswered(EntryCompleted())
    c.wait(2).forget().hear(EntryJudged(EntryVerdict.RIGHT))
    assert (c.mode, c.door, c.notes) == ("locked", True, ["verdict_without_entry"])


def test_a_verdict_that_comes_after_the_time_of_its_code_opens_nothing() -> None:
    c = Cabin().locked().wait(299)
    c.unanswered(EntryCompleted())
    c.stall_until(c.now_s + 1)
    c.forget().hear(EntryJudged(EntryVerdict.RIGHT))
    assert (c.mode, c.notes, c.codes[-1]) == ("locked", ["verdict_without_entry"], (2, "watchman", 2))


def test_a_code_typed_after_the_longest_time_of_a_lock_finds_none() -> None:
    c = Cabin(rules(code_ttl_s=1800)).locked()
    c.stall_until(c.now_s + 1800)
    c.forget().types("right")
    assert (c.mode, c.reasons["released"], c.notes) == ("released", "max_time", ["nothing_to_unlock"])


def test_a_second_entry_before_the_verdict_is_refused() -> None:
    c = Cabin().locked()
    c.unanswered(EntryCompleted())
    c.forget()
    c.unanswered(EntryCompleted())
    assert c.notes == ["entry_refused"]
    assert c.state.code.tries == 1


def test_no_key_for_120_s_after_acceptance_calls_the_second_watchman_with_the_same_code() -> None:
    c = Cabin().locked().forget().wait(119.9)
    assert c.codes == []
    c.wait(0.1)
    assert c.codes == [(1, "watchman2", 1)]
    assert c.ordered(IssueCode) == []


def test_a_touched_key_stops_that_call() -> None:
    c = Cabin().locked().wait(100).touches_a_key().forget().wait(100)
    assert c.codes == []


def test_a_key_touched_before_the_acceptance_does_not() -> None:
    c = Cabin()
    c.phones = set()
    c.locked().wait(5).touches_a_key().wait(5)
    c.hear(CodeAccepted(1, 1, Recipient.WATCHMAN)).forget().wait(121)
    assert c.codes == [(1, "watchman2", 1)]


def test_nobody_reachable_for_180_s_releases_and_tells_everyone_else() -> None:
    c = Cabin()
    c.phones = set()
    c.locked().forget().wait(179.9)
    assert c.mode == "locked"
    assert {whom for _, whom, _ in c.codes} == {"watchman", "watchman2"}, "all numbers are tried in time"
    c.wait(0.1)
    assert (c.mode, c.reasons["released"]) == ("released", "unreachable")
    assert c.told_whom("released") == [{"watchman", "watchman2", "control_room"}]


def test_a_code_that_the_network_took_and_no_phone_got_opens_after_180_s() -> None:
    c = Cabin().locked().wait(60).forget().hear(CodeDenied(1, 1, Recipient.WATCHMAN))
    assert c.codes == [(1, "watchman2", 1)], "the second watchman gets it at once"
    c.hear(CodeDenied(1, 1, Recipient.WATCHMAN2)).wait(179.9)
    assert c.mode == "locked"
    c.wait(0.1)
    assert (c.mode, c.reasons["released"]) == ("released", "unreachable")


def test_a_code_that_one_of_two_phones_got_is_with_somebody() -> None:
    c = Cabin().locked().hear(CodeDenied(1, 1, Recipient.WATCHMAN)).wait(250)
    assert (c.mode, c.state.code.took) == ("locked", frozenset({Recipient.WATCHMAN2}))


def test_a_modem_that_dies_after_the_first_acceptance_does_not_shut_in() -> None:
    c = Cabin().locked().wait(1)
    c.phones = set()
    c.wait(299 + 179.9)
    assert c.mode == "locked"
    c.wait(0.1)
    assert (c.mode, c.reasons["released"]) == ("released", "unreachable")


def test_a_keypad_that_dies_while_locked_opens_after_180_s() -> None:
    c = Cabin().locked().wait(5).fails("keypad").wait(100).recovers("keypad").wait(60).fails("keypad")
    c.wait(79.9)
    assert c.mode == "locked", "added up over the lock"
    c.wait(0.1)
    assert (c.mode, c.reasons["released"]) == ("released", "unreachable")


def test_a_keypad_closed_for_wrong_tries_does_not_count_as_nobody_can_open() -> None:
    c = Cabin(rules(keypad_lockout_s=900)).locked().types("wrong").types("wrong").types("wrong").wait(890)
    assert (c.mode, c.shown) == ("locked", "lockout")


def test_all_numbers_are_tried_within_150_s() -> None:
    c = Cabin()
    c.phones = {Recipient.WATCHMAN2}
    c.locked().forget().wait(150)
    assert c.codes == [(1, "watchman2", 1)]
    assert c.state.unreached_from_s is None


def test_a_restart_does_not_start_the_unreachable_rule_anew() -> None:
    c = Cabin()
    c.phones = set()
    c.locked().wait(100).dies_and_starts().shows("masked").wait(6 + 10)
    assert c.mode == "locked"
    c.wait(70)
    assert (c.mode, c.reasons["released"]) == ("released", "unreachable")


def test_the_time_of_a_lock_that_was_taken_back_is_not_the_next_ones() -> None:
    c = Cabin()
    c.phones, c.card = set(), False
    c.comes("masked").wait(20.4).several()
    assert c.mode == "warned"
    c.several(False).wait(30)
    assert (c.mode, c.now_s) == ("locked", 50.4)
    c.wait(179.9)
    assert c.mode == "locked"
    c.wait(0.1)
    assert (c.mode, c.reasons["released"]) == ("released", "unreachable")


def test_alerts_that_got_through_elsewhere_do_not_count_as_reached() -> None:
    c = Cabin()
    c.phones = set()
    c.locked().hear(CodeAccepted(7, 1, Recipient.WATCHMAN)).wait(180)
    assert c.mode == "released"


def test_the_control_room_releases_its_own_incident_only() -> None:
    c = Cabin().locked().forget().control_room_releases(99)
    assert (c.mode, c.notes) == ("locked", ["release_of_another_incident"])
    c.control_room_releases(1)
    assert (c.mode, c.reasons["released"]) == ("released", "control_room")


def test_without_a_lock_codes_and_releases_are_refused_by_name() -> None:
    c = Cabin().control_room_releases().types("right").hear(EntryJudged(EntryVerdict.RIGHT))
    assert c.notes == ["nothing_to_release", "nothing_to_unlock", "verdict_without_lock"]
    assert c.buzzed == 1


# --- anomalies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anomaly", "whom", "sound", "permit"),
    [
        ("weapon", {"control_room"}, Sound.OFF, False),
        ("fight", {"control_room"}, Sound.OFF, False),
        ("robbery", {"control_room"}, Sound.OFF, False),
        ("person_down", {"control_room"}, Sound.OFF, False),
        ("panic", {"control_room"}, Sound.OFF, False),
        ("loitering", {"watchman"}, Sound.BEEPS, True),
        ("intrusion", BOTH, Sound.SIREN, False),
        ("object_left", {"watchman"}, Sound.OFF, True),
        ("object_removed", BOTH, Sound.OFF, False),
        ("front_changed", BOTH, Sound.OFF, False),
        ("unusual_scene", {"control_room"}, Sound.OFF, True),
        ("unusual_behaviour", {"control_room"}, Sound.OFF, True),
        ("still_picture", {"control_room"}, Sound.OFF, True),
        ("case_opened", BOTH, Sound.SIREN, False),
        ("shaken", BOTH, Sound.SIREN, False),
    ],
)
def test_the_policy_row(anomaly: str, whom: set[str], sound: Sound, permit: bool) -> None:
    c = Cabin().comes("bare").begins(anomaly)
    assert (c.told_whom(anomaly), c.sound, c.permit) == ([whom], sound, permit)
    c.wait(300)
    assert c.mode in ("cleared", "checking")
    assert not c.door
    assert len(c.told_whom(anomaly)) == 1


def test_several_persons_are_told_after_10_s_and_beep() -> None:
    c = Cabin().comes("bare").several().wait(9.9)
    assert c.told == []
    c.wait(0.1)
    assert (c.told_whom("several_persons"), c.sound) == ([{"control_room"}], Sound.BEEPS)


def test_several_persons_are_told_besides_a_weapon() -> None:
    c = Cabin().comes("bare").begins("weapon").several().wait(10)
    assert c.told == ["weapon", "several_persons"]


def test_several_persons_never_lock() -> None:
    assert Cabin().comes("masked").several().wait(3000).mode == "warned"


def test_two_persons_then_one_covered_gets_a_whole_clock() -> None:
    c = Cabin().comes("masked").several().wait(100).several(False).wait(30)
    assert c.mode == "warned"
    c.wait(19.9)
    assert c.mode == "warned"
    c.wait(0.2)
    assert c.mode == "locked"


@pytest.mark.parametrize("anomaly", ["weapon", "fight", "robbery", "person_down", "panic"])
def test_danger_while_warned_is_silent_and_never_locks(anomaly: str) -> None:
    c = Cabin().comes("masked").wait(10).forget().begins(anomaly).wait(3000)
    assert (c.mode, c.sound, c.said) == ("warned", Sound.OFF, [])


@pytest.mark.parametrize("anomaly", ["weapon", "fight", "robbery"])
def test_danger_while_locked_mutes_the_siren_and_keeps_the_lock(anomaly: str) -> None:
    c = Cabin().locked().wait(5).begins(anomaly)
    assert (c.mode, c.sound) == ("locked", Sound.OFF)


@pytest.mark.parametrize("anomaly", ["person_down", "panic"])
def test_panic_and_person_down_while_locked_release(anomaly: str) -> None:
    c = Cabin().locked().forget().begins(anomaly)
    assert (c.mode, c.door, c.reasons["released"]) == ("released", False, anomaly)


def test_whoever_was_hushed_is_warned_anew_before_a_lock() -> None:
    c = Cabin().comes("masked").wait(19.5).begins("weapon").ends("weapon").forget().wait(30)
    assert (c.mode, c.said) == ("warned", ["show_face"])
    c.wait(9.9)
    assert c.mode == "warned"
    c.wait(0.1)
    assert c.mode == "locked"


def test_the_same_anomaly_is_told_once_an_incident_then_every_600_s() -> None:
    c = Cabin().comes("bare").begins("loitering").ends("loitering").begins("loitering").wait(599)
    assert len(c.told_whom("loitering")) == 1
    c.wait(1)
    assert len(c.told_whom("loitering")) == 2
    c.wait(1200)
    assert len(c.told_whom("loitering")) == 4


def test_an_anomaly_is_told_again_to_the_next_visit_although_another_outlived_the_incident() -> None:
    c = Cabin().comes("bare").begins("object_left").begins("loitering").leaves()
    assert c.state.incident
    c.forget().comes("bare").begins("loitering")
    assert c.told == ["loitering"]


def test_a_contact_that_chatters_in_an_empty_cabin_is_told_every_600_s() -> None:
    c = Cabin()
    for _ in range(20):
        c.wire("case", True).wait(30).wire("case", False).wait(35)
        assert c.state.incident == 0 or "case_opened" in c.told
    assert c.told == ["case_opened"] * 3
    c.forget().comes("bare").wire("case", True)
    assert c.told == ["case_opened"], "anyone who comes is a new matter"


def test_what_was_told_is_remembered_no_longer_than_it_matters() -> None:
    c = Cabin().wire("case", True).wire("case", False).wait(300).wire("vibration", True)
    c.wire("vibration", False)
    assert [anomaly.value for anomaly, _ in c.state.told] == ["case_opened", "shaken"]
    c.wait(300).begins("object_left").ends("object_left")
    assert [anomaly.value for anomaly, _ in c.state.told] == ["shaken", "object_left"]


def test_a_fire_contact_that_chatters_is_told_once_until_it_was_quiet_for_600_s() -> None:
    c = Cabin()
    for _ in range(20):
        c.wire("fire", True).wait(5).wire("fire", False).wait(60)
    assert c.told == ["fire"]
    c.wait(540).wire("fire", True)
    assert c.told == ["fire", "fire"]


@pytest.mark.parametrize(
    "health", ["covered", "sprayed", "blinded", "moved", "defocused", "frozen", "replayed", "dark"]
)
def test_an_obstructed_camera_is_told_to_both_with_the_siren_if_somebody_is_there(health: str) -> None:
    c = Cabin().comes("bare").camera(health)
    assert (c.told_whom("camera_obstructed"), c.sound, c.permit) == ([BOTH], Sound.SIREN, False)
    assert c.shown == "blind"


def test_a_camera_mounted_upside_down_is_a_fault_and_no_alarm() -> None:
    c = Cabin().comes("masked").wait(10).forget().camera("upside_down").wait(600)
    assert (c.mode, c.sound, c.told_whom("fault")) == ("warned", Sound.BEEPS, [BOTH])
    assert c.reasons["fault"] == "camera_upside_down"


def test_an_obstructed_camera_with_nobody_there_is_quiet() -> None:
    c = Cabin().wait(100).camera("dark")
    assert (c.told_whom("camera_obstructed"), c.sound) == ([BOTH], Sound.OFF)


def test_an_obstructed_camera_just_after_somebody_left_is_loud() -> None:
    c = Cabin().comes("bare").leaves().wait(10).camera("covered")
    assert c.sound is Sound.SIREN


def test_a_door_forced_is_told_to_both_with_the_siren_and_ends_the_lock() -> None:
    c = Cabin().locked().wait(200).forget().wire("door", True)
    assert (c.told_whom("door_forced"), c.sound, c.mode) == ([BOTH], Sound.SIREN, "released")
    assert (c.door, c.reasons["released"]) == (False, "door_forced")
    c.wire("door", False).shows("masked").wait(600)
    assert (c.mode, c.door) == ("released", False), "the lock holds nobody any more"


def test_locked_and_empty_for_30_s_is_released_and_told() -> None:
    c = Cabin().locked().wait(60).forget().leaves().wait(26.9)  # nobody was seen for 3 s when that was said
    assert c.mode == "locked"
    c.wait(0.1)
    assert (c.mode, c.reasons["released"]) == ("released", "nobody_there")
    c.wait(3)
    assert c.mode == "vacant"
    assert c.comes("bare").wait(60).mode == "cleared"


def test_locked_and_empty_counts_only_what_a_healthy_camera_says() -> None:
    c = Cabin().locked().wait(60).leaves().wait(10).camera("covered").wait(500)
    assert c.mode == "locked"
    c.camera("ok").wait(29.9)
    assert c.mode == "locked"
    c.wait(0.1)
    assert c.mode == "released"


def test_nobody_leaves_under_a_blind_camera() -> None:
    """What the last picture said may be told after the camera was called dark: it opens nothing."""
    c = Cabin().locked().wait(60).camera("dark").leaves().wait(500)
    assert c.mode == "locked"
    c.camera("ok").wait(29.9)
    assert c.mode == "locked"
    c.wait(0.1)
    assert (c.mode, c.reasons["released"]) == ("released", "nobody_there")


def test_somebody_seen_again_while_locked_keeps_it() -> None:
    c = Cabin().locked().wait(60).leaves().wait(20).comes().wait(200)
    assert c.mode == "locked"


def test_an_exit_pressed_by_somebody_who_has_not_shown_the_face_is_told() -> None:
    c = Cabin().comes("masked").wait(5).wire("exit", True)
    assert (c.mode, c.told_whom("exit_unshown")) == ("emergency", [{"control_room"}])
    assert Cabin().comes("bare").wire("exit", True).told == []
    assert Cabin().wire("exit", True).told == []


def test_inputs_that_cannot_be_read_open_a_standing_lock() -> None:
    c = Cabin().locked().wait(5).forget().fails("inputs")
    assert (c.mode, c.door, c.reasons["released"]) == ("released", False, "inputs_failed")


def test_seen_behind_a_door_that_never_opened_nobody_is_locked() -> None:
    c = Cabin().comes("masked").fails("door_contact").wait(600)
    assert (c.mode, c.door, c.told_whom("fault")) == ("released", False, [BOTH])
    c.leaves().wait(4)
    assert c.mode == "vacant"
    assert c.comes("masked").wire("door", True).wait(20).mode == "locked", "it counts as not fitted"


def test_a_door_held_open_is_told_to_the_watchman_with_beeps() -> None:
    c = Cabin().wire("door", True).wait(59.9)
    assert c.told == []
    c.wait(0.1)
    assert (c.told_whom("door_held_open"), c.sound) == ([{"watchman"}], Sound.BEEPS)
    c.wire("door", False)
    assert c.sound is Sound.OFF


def test_a_door_held_open_is_told_besides_several_persons() -> None:
    c = Cabin().wire("door", True).comes("bare").several().wait(60)
    assert c.told == ["several_persons", "door_held_open"]


def test_stuck_presence_is_a_fault_and_no_lock() -> None:
    c = Cabin().comes("masked").wait(10).stuck().wait(3000)
    assert (c.mode, c.told_whom("presence_stuck")) == ("released", [BOTH])
    c.leaves().wait(4)
    assert c.mode == "vacant"


# --- safety ----------------------------------------------------------------------------------------

SUBSTATES = {
    "vacant": lambda c: c,
    "checking": lambda c: c.comes("masked"),
    "cleared": lambda c: c.comes("bare"),
    "warned": lambda c: c.comes("masked").wait(10),
    "locked": lambda c: c.locked(),
    "lockout": lambda c: c.locked().types("wrong").types("wrong").types("wrong"),
    "used up": lambda c: c.locked().wait(1600),
    "released": lambda c: c.locked().types("right"),
    "exit": lambda c: c.locked().wire("exit", True),
    "fire": lambda c: c.locked().wire("fire", True),
}


@pytest.mark.parametrize("substate", SUBSTATES)
@pytest.mark.parametrize("wire", ["fire", "exit"])
def test_fire_and_exit_open_from_everywhere_and_mean_emergency(substate: str, wire: str) -> None:
    c = SUBSTATES[substate](Cabin()).forget()
    before = c.fresh[:]
    c.wire(wire, True)
    assert (c.mode, c.door, c.permit, c.sound) == ("emergency", False, False, Sound.OFF)
    c.wait(1000)
    assert c.mode == "emergency"
    assert before == []


def test_fire_in_the_half_second_before_the_door_locks() -> None:
    c = Cabin()
    c.card = False
    c.comes("masked").wait(20)
    assert (c.mode, c.door) == ("locked", False)
    c.wire("fire", True).hear(RecordAnswered(1)).wait(5)
    assert (c.mode, c.door) == ("emergency", False)
    assert SetDoor(True) not in c.all


def test_exit_fire_and_the_right_code_at_once() -> None:
    for order in (("exit", "fire", "code"), ("code", "fire", "exit"), ("fire", "code", "exit")):
        c = Cabin().locked().forget()
        for what in order:
            if what == "code":
                c.types("right")
            else:
                c.wire(what, True)
        assert (c.mode, c.door) == ("emergency", False)
        assert c.told.count("released") == 1


def test_a_press_counts_for_15_s_at_least() -> None:
    c = Cabin().locked().wire("exit", True).wait(1).wire("exit", False).wait(13.9)
    assert c.mode == "emergency"
    c.wait(0.1)
    assert c.mode == "released"


def test_an_exit_input_stuck_for_60_s_is_a_fault_and_prevents_nothing_but_locks() -> None:
    c = Cabin().wire("exit", True).wait(59.9)
    assert c.told == []
    c.wait(0.1)
    assert c.told_whom("exit_stuck") == [BOTH]
    assert Device.EXIT_INPUT in c.state.failed
    c.wire("exit", False)
    assert Device.EXIT_INPUT not in c.state.failed


def test_a_fire_is_told_once_however_often_the_button_is_pressed() -> None:
    c = Cabin().wire("fire", True)
    for _ in range(5):
        c.wire("exit", True).wire("exit", False)
    assert c.told_whom("fire") == [BOTH]


def test_fire_with_nobody_there() -> None:
    c = Cabin().wire("fire", True).wait(5).wire("fire", False).wait(1)
    assert (c.mode, c.told) == ("released", ["fire"])


def test_fire_during_a_lockout_opens_and_forgets_the_keypad() -> None:
    c = Cabin().locked().types("wrong").types("wrong").types("wrong").wire("fire", True)
    assert (c.mode, c.shown) == ("emergency", "emergency")
    c.wire("fire", False).forget().wait(200)
    assert (c.mode, c.codes) == ("released", [])


def test_a_lock_ends_by_itself_after_1800_s_and_is_told() -> None:
    c = Cabin(rules(code_ttl_s=1800)).locked().wait(1799.9)
    assert c.mode == "locked"
    c.wait(0.1)
    assert (c.mode, c.reasons["released"]) == ("released", "max_time")


def test_a_lock_waits_for_its_record() -> None:
    c = Cabin()
    c.card = False
    c.comes("masked").wait(20.3)
    assert (c.mode, c.door, len(c.ordered(RecordLock))) == ("locked", False, 1)
    c.hear(RecordAnswered(1))
    assert c.door


def test_a_lock_waits_500_ms_and_no_longer() -> None:
    c = Cabin()
    c.card = False
    c.comes("masked").wait(20.49)
    assert not c.door
    c.wait(0.01)
    assert c.door


def test_a_record_of_another_incident_is_not_waited_for() -> None:
    c = Cabin()
    c.card = False
    c.comes("masked").wait(20).hear(RecordAnswered(0), RecordAnswered(2))
    assert not c.door


def test_a_record_that_cannot_be_written_takes_the_lock_back_before_the_door_moves() -> None:
    c = Cabin()
    c.card = False
    c.comes("masked").wait(20.2).forget().fails("disk").wait(100)
    assert (c.mode, c.door, SetDoor(True) in c.all) == ("warned", False, False)
    assert c.told.count("lock_withheld") == 1
    assert c.ordered(VoidCode) == [VoidCode(1)]
    assert "show_face" in c.said, "the person is told again what is wanted"
    assert set(c.countdowns) == {0}, "no threat that cannot come true"
    c.card = True
    c.forget().recovers("disk")
    assert c.countdowns == [10], "and in time before it can"
    c.wait(10)
    assert c.mode == "locked"
    assert c.codes[-1] == (2, "watchman", 1), "an issue number is used once an incident"


def test_a_disk_that_fails_later_leaves_a_standing_lock_its_rules() -> None:
    c = Cabin().locked().fails("disk").wait(10)
    assert (c.mode, c.door) == ("locked", True)
    c.types("right")
    assert c.mode == "released"


@pytest.mark.parametrize("device", sorted(device.value for device in LOCK_NEEDS))
def test_no_new_lock_without_what_a_lock_needs(device: str) -> None:
    c = Cabin().fails(device).comes("masked").wait(300)
    assert (c.mode, c.told.count("lock_withheld")) == ("warned", 1)
    assert set(c.countdowns) == {0}, "no threat that cannot come true"
    c.forget().recovers(device)
    assert (c.mode, c.countdowns) == ("warned", [10])
    c.wait(10)
    assert c.mode == "locked"


def test_a_lock_that_is_withheld_is_told_in_the_next_visit_too_although_an_anomaly_lasts() -> None:
    c = Cabin().fails("disk").comes("masked").wait(60).begins("object_left").leaves()
    assert c.told.count("lock_withheld") == 1
    c.forget().comes("masked").wait(60)
    assert c.told == ["lock_withheld"]


@pytest.mark.parametrize("device", ["modem", "lights", "sounder", "permit", "clock"])
def test_what_a_lock_does_not_need_does_not_hold_it_up(device: str) -> None:
    c = Cabin().fails(device).comes("masked").wait(20)
    assert c.mode == "locked"
    assert len(c.told_whom("fault")) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.wire("door", True),
        lambda c: c.several(),
        lambda c: c.begins("weapon"),
        lambda c: c.begins("fight"),
        lambda c: c.begins("robbery"),
        lambda c: c.camera("covered"),
        lambda c: c.camera("gone"),
    ],
    ids=["door", "several", "weapon", "fight", "robbery", "covered", "gone"],
)
@pytest.mark.parametrize("late_s", [0.0, 0.5, 6.0])
def test_what_forbids_a_lock_also_takes_it_back_while_it_waits_for_its_record(
    change: object, late_s: float
) -> None:
    """Also where the loop is so late that the wait is over when it hears of it."""
    assert callable(change)
    c = Cabin()
    c.card = False
    c.comes("masked").wait(20.2)
    c.stall_until(c.now_s + late_s)
    change(c.forget())
    assert (c.mode, c.ordered(VoidCode)) == ("warned", [VoidCode(1)])
    c.hear(RecordAnswered(1)).wait(300)
    assert SetDoor(True) not in c.all


def late(due_s: float, late_s: float, what: object) -> Cabin:
    """Who hides the face until just before a deadline; the loop hears `late_s` after it what came then."""
    assert callable(what)
    c = Cabin().comes("masked").wait(due_s - 0.1)
    c.stall_until(due_s + late_s)
    what(c.forget())
    return c.hear(Ticked())


@pytest.mark.parametrize("late_s", [0.5, 6.0])
@pytest.mark.parametrize(
    "what",
    [
        lambda c: c.shows("bare"),
        lambda c: c.leaves(),
        lambda c: c.wire("door", True),
        lambda c: c.wire("exit", True),
        lambda c: c.wire("fire", True),
        lambda c: c.several(),
        lambda c: c.begins("weapon"),
        lambda c: c.camera("covered"),
        lambda c: c.camera("gone"),
    ],
    ids=["bare", "left", "door", "exit", "fire", "several", "weapon", "covered", "gone"],
)
def test_what_came_in_time_is_heard_before_a_lock_that_a_late_loop_finds_due(
    what: object, late_s: float
) -> None:
    """No record of a lock, no code and no text of one, for somebody who did all that was asked."""
    c = late(20.0, late_s, what).wait(0.5)
    assert c.mode != "locked"
    assert (c.ordered(RecordLock), c.ordered(IssueCode), c.ordered(SendCode)) == ([], [], [])
    assert "locked" not in c.told
    assert SetDoor(True) not in c.all


@pytest.mark.parametrize("late_s", [0.5, 6.0])
@pytest.mark.parametrize(
    "what",
    [
        lambda c: c.shows("bare"),
        lambda c: c.leaves(),
        lambda c: c.wire("exit", True),
        lambda c: c.wire("fire", True),
        lambda c: c.camera("covered"),
    ],
    ids=["bare", "left", "exit", "fire", "covered"],
)
def test_what_came_in_time_is_heard_before_a_warning_that_a_late_loop_finds_due(
    what: object, late_s: float
) -> None:
    c = late(6.0, late_s, what)
    assert c.mode != "warned"
    assert not [kept for kept in c.all if isinstance(kept, KeepPictures) and kept.why == "warned"]
    threats = (PromptKey.SHOW_FACE, PromptKey.DOOR_OPEN)
    assert not [say for say in c.all if isinstance(say, Say) and say.prompt in threats]


def test_nobody_there_any_more_takes_a_waiting_lock_back_and_ends_the_visit() -> None:
    c = Cabin()
    c.card = False
    c.comes("masked").wait(20.2).leaves()
    assert (c.mode, SetDoor(True) in c.all) == ("vacant", False)
    c.comes("masked").wait(19.9)
    assert c.mode == "warned"


def test_the_door_opens_at_the_very_deadline() -> None:
    c = Cabin().comes("masked").wait(20 - 1e-9)
    c.now_s = 20.0
    c.watch.run(1e-9)
    c.card = False
    c.hear(InputMoved(Input.DOOR, True))
    assert (c.mode, c.door) == ("warned", False)


# --- restart ---------------------------------------------------------------------------------------


def _back(c: Cabin, off_s: float = 8.0) -> Cabin:
    """Killed, started, and the person who is there still hides the face until the gate has decided."""
    return c.dies_and_starts(off_s).shows("masked").wait(c.flow.relock_after_s)


@pytest.mark.parametrize("substate", SUBSTATES)
def test_a_restart_comes_back_right(substate: str) -> None:
    c = SUBSTATES[substate](Cabin()).wait(1).dies_and_starts()
    after = {
        "vacant": "vacant",
        "checking": "checking",
        "cleared": "checking",
        "warned": "checking",
        "locked": "warned",
        "lockout": "warned",
        "used up": "warned",
        "released": "released",
        "exit": "emergency",
        "fire": "emergency",
    }
    assert (c.mode, c.door, c.permit) == (after[substate], False, False)
    assert SetDoor(True) not in c.ordered(SetDoor)[-1:]


@pytest.mark.parametrize("substate", SUBSTATES)
def test_a_second_restart_changes_nothing_more(substate: str) -> None:
    c = SUBSTATES[substate](Cabin()).wait(1).dies_and_starts()
    mode = c.mode
    assert c.dies_and_starts().dies_and_starts().mode == mode


def test_a_lock_comes_back_as_warned_and_the_gate_decides_after_10_s() -> None:
    c = Cabin().locked().wait(30).forget().dies_and_starts()
    assert (c.mode, c.door, c.said, c.lights) == ("warned", False, [], {"amber"})
    c.shows("masked")
    assert (c.said, c.countdowns) == (["show_face"], [10])
    c.wait(9.9)
    assert (c.mode, c.door) == ("warned", False)
    c.wait(0.1)
    assert (c.mode, c.door, c.state.incident, c.codes) == ("locked", True, 1, [(2, "watchman", 1)])
    c.types("right")
    assert c.mode == "released"


@pytest.mark.parametrize(
    ("off_s", "clock"), [(181.0, True), (36_000.0, True), (1.0, False)], ids=["181 s", "10 h", "no clock"]
)
def test_a_lock_does_not_come_back_after_long_or_unknown_time_without_power(
    off_s: float, clock: bool
) -> None:
    c = Cabin().locked().forget().dies_and_starts(off_s, clock=clock).shows("masked").wait(600)
    assert (c.mode, c.door, c.reasons["released"]) == ("released", False, "restart")


def test_power_cuts_add_up_until_a_camera_has_looked() -> None:
    c = Cabin().locked().dies_and_starts(100).wait(1).dies_and_starts(70)
    assert c.mode == "warned"
    c.wait(1).dies_and_starts(70)
    assert (c.mode, c.reasons["released"]) == ("released", "restart")
    c = Cabin().locked().dies_and_starts(100).shows("masked").wait(1).dies_and_starts(100)
    assert c.mode == "warned", "she was seen in between"


def test_a_lock_that_comes_back_ends_when_its_clock_turns_out_wrong() -> None:
    c = Cabin().locked().dies_and_starts().forget().fails("clock")
    assert (c.mode, c.reasons["released"]) == ("released", "restart")


@pytest.mark.parametrize(
    "what",
    [
        lambda c: c.shows("bare"),
        lambda c: c.several(),
        lambda c: c.leaves(),
        lambda c: c.wire("door", True),
        lambda c: c.wire("panic", True),
        lambda c: c.begins("person_down"),
    ],
    ids=["bare", "several", "nobody", "door", "panic", "person down"],
)
def test_a_lock_that_comes_back_is_over_when_a_camera_or_a_wire_says_so(what: object) -> None:
    assert callable(what)
    c = Cabin().locked().forget().dies_and_starts()
    what(c)
    assert (c.mode, c.door, c.told.count("released")) == ("released", False, 1)
    c.shows("masked").wait(600)
    assert not c.door


@pytest.mark.parametrize("device", sorted(device.value for device in LOCK_NEEDS))
def test_a_lock_does_not_come_back_without_what_a_lock_needs(device: str) -> None:
    c = Cabin().locked().dies_and_starts().fails(device).shows("masked").wait(600)
    assert (c.mode, c.door, c.told.count("lock_withheld")) == ("warned", False, 1)


def test_a_lock_does_not_come_back_before_a_camera_has_looked() -> None:
    c = Cabin().locked().dies_and_starts().wait(600)
    assert (c.mode, c.door) == ("warned", False)
    c.wait(1200)
    assert (c.mode, c.reasons["released"]) == ("released", "max_time")


def test_a_release_ordered_while_a_lock_comes_back_is_recorded_as_what_it_was() -> None:
    c = Cabin().locked().dies_and_starts().forget().control_room_releases(1)
    assert (c.mode, c.reasons["released"]) == ("released", "control_room")
    c = Cabin().comes("masked").wait(10).forget().control_room_releases()
    assert (c.mode, c.notes) == ("warned", ["nothing_to_release"])


@pytest.mark.parametrize("open_by", ["fire", "exit", "door"])
def test_locked_comes_back_released_when_an_input_says_so(open_by: str) -> None:
    c = Cabin().locked().wait(5).forget()
    c.dies_and_starts(fire=open_by == "fire", exit_=open_by == "exit", door_open=open_by == "door")
    assert c.mode == ("released" if open_by == "door" else "emergency")
    assert not c.door
    assert c.ordered(SetDoor) == [SetDoor(False)]


def test_a_lock_that_waited_for_its_record_comes_back_with_its_code_sent() -> None:
    c = Cabin()
    c.card = False
    c.comes("masked").wait(20.1).forget()
    c.card = True
    _back(c)
    assert (c.mode, c.door, c.codes) == ("locked", True, [(2, "watchman", 1)])


def test_a_lock_taken_back_while_it_comes_back_is_still_the_same_lock() -> None:
    c = Cabin().locked().types("wrong").wait(100).dies_and_starts().shows("masked").wait(9)
    c.card = False
    c.wait(1.1)
    assert (c.mode, c.door) == ("locked", False)
    c.shows("turned").shows("unclear")
    assert (c.mode, c.door) == ("warned", False)
    c.card = True
    c.shows("masked").forget().wait(30)
    assert (c.mode, c.door, c.state.incident, c.state.code.tries) == ("locked", True, 1, 1)


@pytest.mark.parametrize(
    "what",
    [lambda c: c.shows("bare"), lambda c: c.several(), lambda c: c.wire("door", True)],
    ids=["bare", "several", "door"],
)
@pytest.mark.parametrize("late_s", [0.0, 0.5, 6.0])
def test_a_lock_that_comes_back_and_waits_for_its_record_is_over_for_the_same_reasons(
    what: object, late_s: float
) -> None:
    assert callable(what)
    c = Cabin().locked().wait(100).dies_and_starts().shows("masked").wait(9)
    c.card = False
    c.wait(1.1)
    assert (c.mode, c.door) == ("locked", False)
    c.stall_until(c.now_s + late_s)
    what(c.forget())
    assert (c.mode, c.reasons["released"], c.told.count("lock_withheld")) == ("released", "restart", 0)


def test_restarts_do_not_stretch_the_longest_lock() -> None:
    c = Cabin(rules(code_ttl_s=1800)).locked()
    lives = 0
    while c.mode in ("locked", "warned"):
        _back(c.wait(77))
        lives += 1
        assert lives < 30
    assert c.reasons["released"] == "max_time"
    assert c.now_s - 20 <= 1800 + 8, "the clock on the wall, power cuts and all"


@pytest.mark.parametrize("life_s", [0.0, 0.5, 3.0, 9.0, 11.0, 25.0])
def test_a_lock_ends_even_if_the_program_dies_again_and_again(life_s: float) -> None:
    c = Cabin().locked()
    lives = 0
    while c.mode in ("locked", "warned"):
        c.dies_and_starts().shows("masked").wait(life_s)
        lives += 1
        assert lives <= 1800 / 10 + 2
    assert c.reasons["released"] in ("max_time", "unreachable")


def test_a_lockout_comes_back_with_its_remaining_time() -> None:
    c = Cabin().locked().types("wrong").types("wrong").types("wrong").wait(40)
    _back(c, off_s=100)
    assert (c.shown, c.codes[-1][0]) == ("lockout", 1)
    c.wait(39)
    assert c.shown == "lockout"
    c.wait(11)
    assert (c.shown, c.codes[-1]) == ("locked", (2, "watchman", 2))


def test_a_restart_with_all_codes_used_up_issues_none() -> None:
    c = _back(Cabin().locked().wait(1520).forget())
    assert (c.mode, c.codes, c.reasons["restarted_locked"]) == ("locked", [], "no_code_left")


def test_a_kill_does_not_end_a_released_visit() -> None:
    c = Cabin().locked().types("right").wait(10).dies_and_starts().wait(20)
    assert c.mode == "released"
    c.comes("masked").wait(600)
    assert c.mode == "released", "still the same visit"


def test_a_kill_while_cleared_after_a_release_does_not_allow_a_second_lock() -> None:
    c = Cabin().locked().types("right").shows("bare").wait(5).dies_and_starts().wait(1)
    c.shows("masked").wait(600)
    assert c.mode == "released"


def test_a_kill_in_danger_does_not_wake_the_lock_clock() -> None:
    c = Cabin().comes("masked").wait(19).begins("weapon").wait(5).dies_and_starts().shows("masked").wait(29)
    assert c.mode == "checking"
    assert c.sound is Sound.OFF


def test_a_restarted_visit_is_warned_anew_and_begins_its_evidence_anew() -> None:
    c = Cabin().comes("masked").wait(15).hear(Ticked()).dies_and_starts().shows("masked").wait(19.9)
    assert c.mode == "warned"
    c.wait(0.1)
    assert c.mode == "locked"


def test_a_fire_that_began_while_off_is_a_fire() -> None:
    c = Cabin().comes("masked").dies_and_starts(fire=True)
    assert (c.mode, c.told) == ("emergency", ["fire"])
    c.wire("fire", False).leaves().wait(1000)
    assert c.mode == "released"


def test_a_fire_that_ended_while_off_counts_from_the_start() -> None:
    c = Cabin().wire("fire", True).dies_and_starts(fire=False, door_open=True).wire("door", False)
    c.leaves().wait(599)
    assert c.mode == "released"
    c.wait(1)
    assert c.mode == "vacant"


# --- who was cleared is forgotten with the visit ---------------------------------------------------


def test_a_door_that_shuts_at_once_after_somebody_left_clears_nobody_else() -> None:
    c = Cabin().comes("bare").wait(2).wire("door", True).wait(0.3).leaves().wire("door", False)
    assert (c.mode, c.state.shown, c.state.was_shown) == ("vacant", False, False)


def test_a_door_that_shuts_at_once_after_a_restart_clears_nobody_of_before() -> None:
    c = Cabin().comes("bare").wait(2).wire("door", True).wait(5).leaves().comes("masked")
    c.dies_and_starts(door_open=True).wait(0.5).wire("door", False).shows("masked").wait(60)
    assert c.mode == "locked"


def test_a_contact_that_works_again_clears_nobody_of_the_visit_before() -> None:
    c = Cabin().comes("bare").wait(2).leaves().fails("door_contact").comes("masked").wait(5)
    c.wire("door", True).wait(0.5).wire("door", False)
    assert not c.state.shown
