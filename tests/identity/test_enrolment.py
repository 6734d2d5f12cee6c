"""The rules of a good set, in any order of looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.identity.enrolment import (
    OF_ONE_POSE_MOST,
    PATIENCE_LOOKS,
    POSES_LEAST,
    SHARES,
    WANTED,
    EnrolLook,
    Guidance,
    Life,
    NotTaken,
    Session,
    choose,
    step,
)
from edge.identity.person import Pose
from edge.terms.identity import TEMPLATE_NUMBERS, NoTemplate, Template

ANGLES = {
    Pose.STRAIGHT: (0.0, 0.0),
    Pose.LEFT: (15.0, 0.0),
    Pose.RIGHT: (-15.0, 0.0),
    Pose.UP: (0.0, 12.0),
    Pose.DOWN: (0.0, -12.0),
}


def template(number: int, who: int = 1) -> Template:
    return Template(bytes([who]) + number.to_bytes(4, "big") + bytes(TEMPLATE_NUMBERS - 5))


def alike(look: Template, others: Sequence[Template]) -> bool:
    """The first byte is who it is."""
    return all(look.numbers[0] == other.numbers[0] for other in others)


def look(number: int, pose: Pose, *, who: int = 1, life: Life = Life.LIVES, tilt: float = 0.0) -> EnrolLook:
    yaw, pitch = ANGLES[pose]
    return EnrolLook(template(number, who), None, yaw, pitch + tilt, life)


def test_who_follows_is_done_after_ten_looks_in_five_poses() -> None:
    session, guidance, said = Session(), Guidance.STRAIGHT, []
    for number in range(WANTED):
        said.append(guidance)
        turn = step(session, look(number, Pose(guidance.value)), alike)
        session, guidance = turn.session, turn.guidance
        assert turn.taken is not None
    assert guidance is Guidance.DONE
    assert session.done
    assert session.poses == SHARES
    assert set(said) == {Guidance(pose.value) for pose in Pose}


def test_a_camera_that_hangs_high_asks_for_nothing_odd() -> None:
    session, guidance = Session(), Guidance.STRAIGHT
    for number in range(WANTED):
        turn = step(session, look(number, Pose(guidance.value), tilt=-13.0), alike)
        session, guidance = turn.session, turn.guidance
    assert session.poses == SHARES


@pytest.mark.parametrize("missing", NoTemplate)
def test_every_look_without_a_template_is_refused_by_its_own_name(missing: NoTemplate) -> None:
    turn = step(Session(), EnrolLook(None, missing), alike)
    assert turn.refused is not None
    assert turn.refused.value == missing.value
    assert turn.taken is None
    assert turn.guidance not in {Guidance(pose.value) for pose in Pose}, "what is wrong is said first"


def test_a_picture_held_up_and_somebody_else_are_refused() -> None:
    first = step(Session(), look(0, Pose.STRAIGHT), alike).session
    for bad, refusal, guidance in (
        (look(1, Pose.LEFT, life=Life.PICTURE), NotTaken.HELD_UP, Guidance.NO_PICTURE),
        (look(1, Pose.LEFT, life=Life.UNKNOWN), NotTaken.NOT_ALIVE_YET, Guidance.BLINK),
        (look(1, Pose.LEFT, who=2), NotTaken.ANOTHER_PERSON, Guidance.SAME_PERSON),
        (look(0, Pose.STRAIGHT), NotTaken.SAME_PICTURE, Guidance.HOLD_STILL),
    ):
        turn = step(first, bad, alike)
        assert (turn.taken, turn.refused, turn.guidance) == (None, refusal, guidance)
        assert turn.session.taken == first.taken


def test_a_pose_too_often_is_refused_and_another_is_asked_for() -> None:
    session = Session()
    for number in range(SHARES[Pose.STRAIGHT]):
        session = step(session, look(number, Pose.STRAIGHT), alike).session
    turn = step(session, look(99, Pose.STRAIGHT), alike)
    assert turn.refused is NotTaken.SAME_POSE
    assert turn.guidance in {Guidance.LEFT, Guidance.RIGHT}


def test_who_cannot_nod_is_enrolled_all_the_same_and_who_never_turns_is_not() -> None:
    session, guidance, number = Session(), Guidance.STRAIGHT, 0
    while not session.done and number < 500:
        asked = Pose(guidance.value)
        shown = Pose.STRAIGHT if asked in (Pose.UP, Pose.DOWN) else asked
        turn = step(session, look(number, shown), alike)
        session, guidance, number = turn.session, turn.guidance, number + 1
    assert session.done
    assert set(session.poses) == {Pose.STRAIGHT, Pose.LEFT, Pose.RIGHT}
    session = Session()
    for number in range(6 * PATIENCE_LOOKS):
        session = step(session, look(number, Pose.STRAIGHT), alike).session
    assert not session.done
    assert session.failed


def test_a_wrong_first_person_does_not_keep_the_right_one_out() -> None:
    session = step(Session(), look(0, Pose.STRAIGHT, who=2), alike).session
    for number in range(1, 8):
        session = step(session, look(number, Pose.STRAIGHT), alike).session
    assert session.taken
    assert {sample.numbers[0] for sample in session.taken} == {1}


LOOKS = st.builds(
    EnrolLook,
    template=st.one_of(st.none(), st.builds(template, st.integers(0, 40), st.integers(1, 2))),
    missing=st.sampled_from(NoTemplate),
    yaw_deg=st.floats(-30, 30),
    pitch_deg=st.floats(-25, 25),
    life=st.sampled_from([Life.LIVES, Life.LIVES, Life.LIVES, Life.UNKNOWN, Life.PICTURE]),
)


@given(st.lists(LOOKS, max_size=50))
@settings(max_examples=30, deadline=None)
def test_whatever_comes_a_set_is_of_one_living_person_in_several_poses(looks: list[EnrolLook]) -> None:
    session = Session()
    for one in looks:
        turn = step(session, one, alike)
        assert (turn.taken is None) is (turn.refused is not None)
        assert len(turn.session.taken) <= len(session.taken) + 1
        if turn.taken is not None:
            assert one.life is Life.LIVES
            assert one.template is not None
            assert turn.session.taken[-1].numbers == one.template.numbers
        assert len({sample.numbers for sample in turn.session.taken}) == len(turn.session.taken)
        assert len({sample.numbers[0] for sample in turn.session.taken}) <= 1
        session = turn.session
        if session.done:
            assert len(session.taken) >= WANTED
            assert len(session.poses) >= POSES_LEAST
            assert turn.guidance is Guidance.DONE
            break


@given(st.lists(LOOKS, max_size=40))
@settings(max_examples=30, deadline=None)
def test_of_a_folder_each_picture_is_taken_or_refused_by_name(looks: list[EnrolLook]) -> None:
    chosen = choose(looks, alike)
    assert len(chosen.refused) == len(looks)
    assert [place for place, why in enumerate(chosen.refused) if why is None] == list(chosen.places)
    assert len({sample.numbers[0] for sample in chosen.samples}) <= 1
    assert all(n <= OF_ONE_POSE_MOST for n in Counter(sample.pose for sample in chosen.samples).values())
    for one, why in zip(looks, chosen.refused, strict=True):
        if one.template is None:
            assert why is not None


def test_in_a_folder_the_person_is_the_one_whom_most_pictures_show() -> None:
    looks = [look(0, Pose.STRAIGHT, who=2), *(look(n, list(Pose)[n % 5]) for n in range(1, 13))]
    chosen = choose(looks, alike)
    assert chosen.refused[0] is NotTaken.ANOTHER_PERSON
    assert chosen.enough
    assert chosen.poses == 5
    assert not choose([look(n, Pose.STRAIGHT) for n in range(30)], alike).enough
