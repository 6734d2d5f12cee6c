"""Whatever the networks say for as long as they like: no lock opens, nobody who shows the face is locked.

What a printed patch can do to the networks is less than what is done to them here. `edge/docs/attacks.md`
says what the picture's own measures and people who act can do, and why.
"""

from __future__ import annotations

import itertools
from dataclasses import fields

import pytest

from edge.terms.observation import CameraHealth, Observation, Region
from tests.worlds.worst_outputs import (
    EMPTY,
    FACES,
    LIES,
    OF_FRAME,
    OF_NETWORKS,
    OF_PICTURE,
    SCENES,
    STANDS,
    Attacked,
    Said,
    Shown,
    stands,
    whims,
)

SOME, MANY = range(1), range(40)
NOT_BARE = [name for name in FACES if "bare" not in name]


def lives(seeds: range) -> list[object]:
    return [pytest.param(seed, marks=() if seed in SOME else pytest.mark.slow) for seed in seeds]


def test_all_of_an_observation_is_the_networks_or_the_pictures() -> None:
    """A new field has to be given to one of the two, or this file no longer says what it says."""
    known = OF_NETWORKS | OF_PICTURE | OF_FRAME
    assert {field.name for field in fields(Observation)} <= known
    assert not OF_NETWORKS & OF_PICTURE


# --- no lock opens -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("contact", [True, False])
@pytest.mark.parametrize("seed", lives(MANY))
def test_no_word_of_a_network_opens_a_lock(seed: int, contact: bool) -> None:
    a = Attacked(contact).locked()
    a.see(whims(seed, 90.0), 90.0)
    assert a.cabin.door, (a.cabin.modes, a.cabin.reasons)


@pytest.mark.parametrize("after", list(SCENES))
@pytest.mark.parametrize("before", [pytest.param(b, marks=pytest.mark.slow) for b in SCENES])
def test_no_change_of_what_the_scene_shows_opens_a_lock(before: str, after: str) -> None:
    """Each way to stand after each other, also by turns, beside no face and beside a bare one."""
    a = Attacked().locked()
    for face, pause_s in itertools.product(("none", "surely bare"), (0.4, 2.0)):
        a.see(lambda t, f=face, p=pause_s: Said(f, after if t % (2 * p) < p else before), 8.0)  # type: ignore[misc]
        a.see(lambda _, f=face: Said(f, after), 25.0)  # type: ignore[misc]
    assert a.cabin.door, (a.cabin.modes, a.cabin.reasons)


def test_a_body_that_a_network_lays_on_the_floor_while_the_picture_stands_opens_nothing() -> None:
    """Without a hand that moves, too; and where the background has learnt who stands there."""
    for shown in (Shown(), Shown(0.0, None), stands(0.0)):
        a = Attacked().locked()
        a.see(lambda _: Said("none", "stands"), 10.0, lambda _, s=shown: s)  # type: ignore[misc]
        a.see(lambda _: Said("none", "lies"), 30.0, lambda _, s=shown: s)  # type: ignore[misc]
        assert "person_down" not in a.began
        assert a.cabin.door


def test_who_really_falls_is_let_out_whatever_the_faces_say() -> None:
    """The other side of it: nothing above may shut in somebody who lies there. Told to the control room."""

    def falls(at_s: float) -> Shown:
        fallen = at_s > 1.0
        moves = 0.6 < at_s < 1.6
        box = LIES if fallen else STANDS
        return Shown(0.13, box, (Region(box, 0.12),) if moves else ())

    a = Attacked().locked()
    a.see(lambda _: Said("masked", "stands"), 4.0)
    a.cabin.forget()
    a.see(lambda t: Said("surely masked", "lies" if t > 1.0 else "stands"), 6.0, falls)
    assert (a.cabin.mode, a.cabin.door) == ("released", False)
    assert a.cabin.reasons["released"] == "person_down"
    assert {"control_room"} in a.cabin.told_whom("person_down")


@pytest.mark.slow
@pytest.mark.parametrize("contact", [True, False])
def test_only_who_is_really_out_of_the_picture_is_nobody(contact: bool) -> None:
    """All networks say nobody: that opens nothing while the picture differs from the empty cabin."""
    a = Attacked(contact).locked()
    a.see(lambda _: Said("none", "nobody"), 80.0)
    assert a.cabin.mode == "locked"
    a.see(lambda _: Said("none", "nobody"), 60.0, lambda _: EMPTY)
    assert a.cabin.mode == ("locked" if contact else "vacant"), "behind a shut door nobody has left"
    if not contact:
        assert a.cabin.reasons["released"] == "nobody_there"
        assert a.cabin.told_whom("released") == [{"control_room", "watchman"}]


@pytest.mark.parametrize(
    "health",
    [
        pytest.param(h, marks=() if h is CameraHealth.COVERED else pytest.mark.slow)
        for h in CameraHealth
        if h is not CameraHealth.OK
    ],
)
def test_a_camera_that_is_made_blind_opens_nothing(health: CameraHealth) -> None:
    """A sheet before the lens, a torch, a print of the view: told, and the lock stays as it was."""
    a = Attacked().locked()
    a.cabin.forget()
    a.see(whims(1, 60.0), 60.0, lambda _: Shown(0.0, None, health=health))
    a.see(whims(2, 30.0), 30.0)
    assert a.cabin.door
    told = {"camera_gone", "camera_obstructed", "fault"} & set(a.cabin.told)
    assert told, "and nobody is told"


# --- nobody who shows the face is locked --------------------------------------------------------------


@pytest.mark.parametrize("seed", lives(MANY))
def test_nobody_is_locked_whose_face_is_shown(seed: int) -> None:
    """Bare in each frame, whatever else is seen beside it: by turns a wide poster, bodies, weapons."""
    a = Attacked(contact=seed % 2 == 0).lets_in()
    a.see(whims(seed, 90.0, ("bare", "surely bare", "bare and a wide masked one")), 90.0)
    assert "locked" not in a.cabin.modes


@pytest.mark.parametrize("seed", lives(MANY))
def test_who_has_shown_the_face_is_never_locked_whatever_is_said_after(seed: int) -> None:
    a = Attacked(contact=seed % 2 == 0).lets_in()
    a.see(lambda _: Said("bare"), 4.0)
    assert a.cabin.mode == "cleared"
    a.see(whims(seed, 60.0), 60.0)
    a.see(whims(seed + 1000, 60.0, NOT_BARE), 60.0)
    a.see(lambda _: Said("surely masked"), 60.0)
    assert "locked" not in a.cabin.modes


@pytest.mark.parametrize(
    "anomaly",
    [
        "front_changed",
        *(pytest.param(a, marks=pytest.mark.slow) for a in ("object_removed", "intrusion", "shaken")),
    ],
)
def test_also_where_a_false_alarm_keeps_the_machine_closed(anomaly: str) -> None:
    """What a patch may bring about closes the machine, so nobody is cleared: a shown face still counts."""
    a = Attacked().lets_in()
    a.cabin.begins(anomaly)
    a.see(lambda _: Said("bare"), 9.0)
    assert (a.cabin.mode, a.cabin.permit) == ("checking", False)
    a.see(lambda _: Said("surely masked"), 60.0)
    assert "locked" not in a.cabin.modes
    assert a.cabin.told_whom(anomaly), "and it is told"


@pytest.mark.parametrize("seed", lives(MANY))
def test_a_warned_person_who_shows_the_face_is_out_of_it(seed: int) -> None:
    """Called covered by a patch nearby until the warning; then the face shows for 7 s, alone."""
    a = Attacked(contact=seed % 2 == 0).lets_in()
    a.see(lambda _: Said("masked"), 12.0)
    assert a.cabin.mode == "warned"
    a.see(lambda _: Said("bare"), 7.0 + 2.0)
    assert a.cabin.state.shown
    a.see(whims(seed, 100.0, NOT_BARE), 100.0)
    assert "locked" not in a.cabin.modes


# --- what a lock takes ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("scene", [None, "stands", "nobody", "lies", "two", "armed"])
@pytest.mark.parametrize("faces", list(FACES))
def test_a_lock_takes_its_whole_time_of_a_hidden_face_after_a_warning(faces: str, scene: str | None) -> None:
    """What is held without a break locks at the fastest; `Watch` counts evidence and warning for itself."""
    hides = faces in ("masked", "surely masked", "turned", "at the edge")
    hides = hides or (faces == "none" and scene != "nobody")
    a = Attacked(scene_fitted=scene is not None).lets_in()
    begun_s = a.cabin.now_s
    a.see(lambda _: Said(faces, scene or "stands"), 19.0)
    assert "locked" not in a.cabin.modes
    a.see(lambda _: Said(faces, scene or "stands"), 21.0)
    alone = scene not in ("two", "two, armed", "armed")
    assert ("locked" in a.cabin.modes) is (hides and alone), (a.cabin.modes, a.cabin.now_s - begun_s)


def test_a_face_that_is_called_covered_all_the_time_is_locked() -> None:
    """What no judge can help: a patch that lies in the face's own cut, and has the check say so for 20 s."""
    a = Attacked().lets_in().see(lambda _: Said("masked"), 40.0)
    assert a.cabin.modes[-2:] == ["warned", "locked"]
    said = [c for c in a.cabin.countdowns if c > 0]
    assert said, "not without words that say how to avoid it"
