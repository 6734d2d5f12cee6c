"""Seers at work: each at its rate; one that is missing or behind is told; what holds between two looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from edge.faults.catalogue import CATALOGUE
from edge.terms.observation import Box, CameraHealth, Face, Observation, SceneSeen, Thing, ThingKind
from edge.vision.eyes.report import EyesEvent, EyesTurn, Report, Troubles, decode_report, encode_report
from edge.vision.face.seer import FaceSeer
from edge.vision.look import Look
from edge.vision.network import ModelFault
from edge.vision.opening import Wanted, open_all_seers, open_seers
from edge.vision.scene.seers import PeopleSeer, ThingsSeer
from edge.vision.seers import SEER_BEHIND, SEERS, Role, Seer, Trouble
from edge.vision.sight import Sight
from hw.camera.port import Frame, GreyPicture
from tests.worlds.eyes_cameras import one_face

PERSON = Thing(ThingKind.PERSON, (40.0, 20.0, 50.0, 90.0), 0.9)
KNIFE = Thing(ThingKind.KNIFE, (60.0, 60.0, 10.0, 10.0), 0.8)


FEW_FPS = 5.0
"""Where only the pauses between looks count: the other frames would cost and show nothing."""


@dataclass
class Counted:
    """A seer that only counts its looks."""

    seer: Seer
    wanted: bool = True
    at_s: list[float] = field(default_factory=list)

    def wants(self, sight: Sight) -> bool:
        return self.wanted

    def look(self, sight: Sight) -> None:
        self.at_s.append(sight.frame.at_s)


class Video:
    """A sound picture with a live sensor's noise, at this rate; `level` grey makes it a covered one."""

    def __init__(self, look: Look, fps: float = 15.0) -> None:
        self.look = look
        self.now_s = 5.0
        self.dt_s = 1.0 / fps
        self.random = np.random.default_rng(1)
        ramp = np.linspace(60, 190, 160)[None] + 30 * np.sin(np.arange(120) / 5)[:, None]
        self.picture = ramp

    def play(self, for_s: float, grey: int | None = None) -> list[Observation]:
        seen: list[Observation] = []
        for _ in range(round(for_s / self.dt_s)):
            picture = self.picture if grey is None else np.full((120, 160), float(grey))
            noisy = np.clip(picture + self.random.normal(0, 3, (120, 160)), 0, 255).astype(np.uint8)
            seen.append(self.look(Frame(len(seen), self.now_s, noisy)))
            self.now_s += self.dt_s
        return seen


@pytest.mark.slow
def test_each_seer_keeps_its_rate_and_no_more() -> None:
    counted = [Counted(seer) for seer in SEERS]
    video = Video(Look(counted))
    video.play(20.0)
    for one in counted:
        promised = 20.0 * 15 if SEERS[one.seer].every_frame else 20.0 / SEERS[one.seer].every_s
        assert promised - 1 <= len(one.at_s) <= promised + 1, one.seer
    assert video.look.troubles == ()


@pytest.mark.slow
@pytest.mark.parametrize("seer", list(SEERS))
def test_a_seer_that_looks_too_seldom_is_behind_and_caught_up_later(seer: Seer) -> None:
    counted = Counted(seer)
    look = Look([counted])
    Video(look, fps=1 / (2.0 * SEERS[seer].at_most_s)).play(30.0)
    assert [(trouble.seer, trouble.code) for trouble in look.troubles] == [(seer, SEER_BEHIND)]
    assert SEER_BEHIND in CATALOGUE
    on_time = Video(look, FEW_FPS)
    on_time.now_s = counted.at_s[-1] + 0.1
    on_time.play(8.0)
    assert look.troubles == ()


def test_one_slow_frame_is_not_behind() -> None:
    look = Look([Counted(Seer.FACES)])
    video = Video(look, FEW_FPS)
    for _ in range(5):
        video.play(3.0)
        video.now_s += 4.0
        assert look.troubles == ()


@pytest.mark.slow
def test_a_pause_with_nothing_to_look_at_is_not_late() -> None:
    counted = Counted(Seer.THINGS)
    video = Video(Look([counted]), FEW_FPS)
    for _ in range(10):
        counted.wanted = True
        video.play(1.0)
        counted.wanted = False
        video.dt_s = 1.0
        video.play(10.0)
        video.dt_s = 1.0 / FEW_FPS
    assert video.look.troubles == ()
    assert len(counted.at_s) <= 30


def test_no_seer_looks_at_a_picture_that_shows_nothing() -> None:
    counted = Counted(Seer.FACES)
    video = Video(Look([counted]))
    video.play(3.0)
    video.play(3.0, grey=4)
    looks = len(counted.at_s)
    seen = video.play(3.0, grey=4)
    assert seen[-1].health is not CameraHealth.OK
    assert len(counted.at_s) == looks
    assert not seen[-1].faces_asked, "no face there is not a hidden one"


def test_a_camera_without_the_face_check_has_no_hidden_face() -> None:
    seen = Video(Look()).play(1.0)
    assert all(not observation.faces_asked for observation in seen)
    seen = Video(Look([FaceSeer(one_face)])).play(1.0)
    assert all(observation.faces_asked for observation in seen), "also between two looks"


def test_faces_hold_between_two_looks_and_no_longer() -> None:
    shown: list[tuple[Face, ...]] = [one_face(np.zeros((120, 160), np.uint8)), ()]

    def faces(grey: GreyPicture) -> tuple[Face, ...]:
        return shown[0]

    video = Video(Look([FaceSeer(faces)]))
    assert all(len(observation.faces) == 1 for observation in video.play(2.0))
    shown.pop(0)
    assert [len(observation.faces) for observation in video.play(1.0)][2:] == [0] * 13


class People:
    def look(self, grey: GreyPicture) -> SceneSeen:
        return SceneSeen(4.0, (PERSON,))


@dataclass(frozen=True)
class Found:
    things: tuple[Thing, ...] = (KNIFE,)
    weapon_logit: float | None = 2.0
    looked_at: Box | None = (40.0, 20.0, 50.0, 50.0)


class Things:
    def __init__(self) -> None:
        self.asked: list[Sequence[Thing]] = []

    def look(self, grey: GreyPicture, persons: Sequence[Thing]) -> Found:
        self.asked.append(persons)
        return Found()


def test_a_second_look_joins_the_first_one_of_its_frame() -> None:
    things = Things()
    seen = Video(Look([PeopleSeer(People()), ThingsSeer(things)])).play(4.0)
    looks = [observation.scene for observation in seen if observation.scene is not None]
    assert looks == [SceneSeen(4.0, (PERSON, KNIFE), 2.0, (40.0, 20.0, 50.0, 50.0))] * 8
    assert things.asked == [(PERSON,)] * 8


def test_without_a_first_look_there_is_no_second() -> None:
    things = Things()
    Video(Look([ThingsSeer(things)])).play(4.0)
    assert things.asked == []


# --- what is missing ---------------------------------------------------------------------------------------


def test_a_model_that_is_missing_leaves_the_others_running(repo: Path, tmp_path: Path) -> None:
    for path in (repo / "models").iterdir():
        if path.suffix in (".tflite", ".json") and not path.stem.startswith("things"):
            (tmp_path / path.name).symlink_to(path)
    wanted = Wanted(tmp_path, frozenset(Role), ("mask",))
    opened = open_seers(wanted)
    assert Seer.FACES in [seeing.seer for seeing in opened.seers]
    assert [(trouble.seer, trouble.code) for trouble in opened.missing] == [(Seer.THINGS, "model_missing")]
    look = Look(opened.seers, opened.missing)
    Video(look).play(0.2)
    assert look.troubles == opened.missing
    with pytest.raises(ModelFault, match="model_missing"):
        open_all_seers(wanted)


def test_a_camera_opens_the_seers_of_its_roles_alone(repo: Path) -> None:
    opened = open_seers(Wanted(repo / "models", frozenset({Role.OVERVIEW}), ("mask",)))
    learnt = {Seer.NORMAL, Seer.FRONT}
    wanted = [s for s in SEERS if SEERS[s].role is Role.OVERVIEW and s not in learnt]
    assert [seeing.seer for seeing in opened.seers] == wanted, "nothing was learnt that is normal"


def test_trouble_is_told_once_when_it_begins_and_when_it_ends() -> None:
    troubles = Troubles()
    behind = Trouble(Seer.FACES, SEER_BEHIND, "slow")
    assert troubles.turns([behind]) == (EyesEvent(EyesTurn.FAILED, SEER_BEHIND, "slow", Seer.FACES),)
    assert troubles.turns([behind]) == ()
    assert troubles.turns([]) == (EyesEvent(EyesTurn.RECOVERED, SEER_BEHIND, seer=Seer.FACES),)


def test_trouble_crosses_the_process_border() -> None:
    report = Report(troubles=(Trouble(Seer.THINGS, "model_damaged", "hash"),))
    assert decode_report(encode_report(report)) == report
