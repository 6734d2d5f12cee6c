"""From footage to a dictionary and back: what is learnt, what is refused, and how a change looks then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.faults.fault import FaultError
from edge.terms.observation import CabinState, CameraHealth, NormalSeen, Observation
from edge.vision.scene.conformal import chance
from edge.vision.scene.normal import Known, NormalEye
from edge.vision.scene.normal_file import MOST_BYTES, Learnt, write_learnt
from edge.vision.scene.normal_learning import MOST_VECTOR_BYTES, NormalLearner, watch
from hw.camera.port import Frame, GreyPicture
from tests.worlds.plain_patches import PlainPatches

DAY, CUSTOMER = CabinState.VACANT_DAY, CabinState.CUSTOMER
RATE = 10.0


class Cabin:
    """Grey pictures of a cabin: a pattern, noise, and what is put before it."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        wall = np.random.default_rng(99).integers(40, 110, (48, 64)).astype(np.float32)
        self._wall = wall.repeat(2, axis=0).repeat(2, axis=1)
        self._noise = self._random.normal(0.0, 4.0, (112, 144)).astype(np.float32)
        self.thing: tuple[int, int, int] | None = None

    def picture(self) -> GreyPicture:
        down, right = (int(n) for n in self._random.integers(16, size=2))
        out = self._wall + self._noise[down : down + 96, right : right + 128]
        if self.thing is not None:
            x, y, side = self.thing
            out[y : y + side, x : x + side] = 20.0
        return np.asarray(np.clip(out, 0, 255), np.uint8)


def taught(folder: Path, looks: int = 300, seed: int = 1) -> Learnt:
    learner = NormalLearner(PlainPatches(), folder)
    cabin = Cabin(seed)
    for second in range(looks):
        learner.look(cabin.picture(), DAY, float(second), ())
    [learnt] = learner.finish("face", 1.8e9)
    learner.close()
    return learnt


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    return taught(tmp_path_factory.mktemp("learnt"))


def watched(learnt: Learnt, cabin: Cabin, seconds: int, begin_s: float = 0.0) -> list[NormalSeen]:
    eye = NormalEye(PlainPatches(), {DAY: Known(learnt, RATE)})
    seen = (eye.look(cabin.picture(), DAY, begin_s + second, ()) for second in range(seconds))
    return [one for one in seen if one is not None]


def test_the_same_cabin_is_normal_and_its_scores_are_like_those_of_its_blocks(learnt: Learnt) -> None:
    seen = watched(learnt, Cabin(2), 120)
    assert max(one.score for one in seen) <= seen[0].limit
    assert chance(learnt.largest, max(one.score for one in seen)) > 0.05
    assert len(seen) == 120 - 4 - 2, "five pictures for a median, three looks on end"


def test_a_thing_is_found_where_it_stands_and_says_so(learnt: Learnt) -> None:
    cabin = Cabin(3)
    cabin.thing = (48, 32, 20)
    last = watched(learnt, cabin, 12)[-1]
    assert last.score > 3.0 * last.limit
    assert last.chance == pytest.approx(1 / (len(learnt.largest) + 1), abs=1e-4)
    x, y, width, height = last.where[0]
    assert x <= 58 <= x + width
    assert y <= 42 <= y + height
    assert last.area < 0.6


def test_what_passes_by_is_nothing(learnt: Learnt) -> None:
    eye = NormalEye(PlainPatches(), {DAY: Known(learnt, RATE)})
    cabin = Cabin(4)
    for second in range(40):
        cabin.thing = (48, 32, 20) if second % 10 in (0, 1) else None
        seen = eye.look(cabin.picture(), DAY, float(second), ())
        assert seen is None or seen.score <= seen.limit


def test_where_somebody_is_or_moves_is_left_to_others(learnt: Learnt) -> None:
    eye = NormalEye(PlainPatches(), {DAY: Known(learnt, RATE)})
    cabin = Cabin(5)
    cabin.thing = (48, 32, 20)
    for second in range(12):
        seen = eye.look(cabin.picture(), DAY, float(second), [(45.0, 30.0, 25.0, 25.0)])
    assert seen is not None
    assert seen.score <= seen.limit


def test_a_state_that_was_never_learnt_says_nothing(learnt: Learnt) -> None:
    eye = NormalEye(PlainPatches(), {DAY: Known(learnt, RATE)})
    assert eye.look(Cabin(6).picture(), CabinState.SERVICE, 0.0, ()) is None


@pytest.mark.slow
def test_it_is_small_whatever_it_has_seen(tmp_path: Path) -> None:
    learner = NormalLearner(PlainPatches(), tmp_path)
    random = np.random.default_rng(0)
    for second in range(300):
        learner.look(random.integers(0, 255, (48, 64), np.uint8), DAY, float(second), ())
    [learnt] = learner.finish("face", 0.0)
    learner.close()
    assert len(learnt.vectors) + len(learnt.cells) <= MOST_VECTOR_BYTES
    assert write_learnt(tmp_path, learnt) <= MOST_BYTES


@pytest.mark.slow
def test_visits_are_units_and_their_state_is_their_own(tmp_path: Path) -> None:
    learner = NormalLearner(PlainPatches(), tmp_path)
    cabin = Cabin(7)
    at_s = 0.0
    for _ in range(6):
        for state, step_s, count in ((CUSTOMER, 8.0, 8), (DAY, 1.0, 62)):
            for _ in range(count):
                learner.look(cabin.picture(), state, at_s, ())
                at_s += step_s
    found = {one.state: one for one in learner.finish("face", 0.0)}
    learner.close()
    assert set(found) == {CUSTOMER, DAY}
    assert len(found[CUSTOMER].largest) == 6, "a block a visit"


@pytest.mark.parametrize(("looks", "state"), [(20, DAY), (150, DAY), (100, None)])
def test_too_little_is_refused(tmp_path: Path, looks: int, state: CabinState | None) -> None:
    learner = NormalLearner(PlainPatches(), tmp_path, CUSTOMER if state is None else state)
    cabin = Cabin(8)
    for second in range(looks):
        learner.look(cabin.picture(), DAY, float(second), ())
    with pytest.raises(FaultError) as refused:
        learner.finish("face", 0.0)
    learner.close()
    assert refused.value.code == "normal_too_short"


def test_footage_that_is_not_sound_is_refused() -> None:
    def frames() -> Iterator[Frame]:
        for number in range(100):
            yield Frame(number, number / 5.0, np.zeros((48, 64), np.uint8))

    def look(frame: Frame) -> Observation:
        health = CameraHealth.COVERED if frame.number % 5 == 0 else CameraHealth.OK
        return Observation(frame.number, frame.at_s, (64, 48), (), 0.0, health)

    heard: list[float] = []
    with pytest.raises(FaultError) as refused:
        watch(frames(), look, None, heard.append)
    assert refused.value.code == "picture_unsound"
    assert heard[-1] == pytest.approx(99 / 5)
    watch(frames(), lambda frame: look(Frame(1, frame.at_s, frame.grey)), 2.0)
