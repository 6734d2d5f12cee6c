"""The picture's own jolts: found by their size, not confused with a passer-by, told when they come again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.shaken import ShakenJudge
from edge.terms.observation import CameraHealth, Observation
from edge.terms.reason import Ground
from edge.vision.scene.jolt import Jolt

Picture = NDArray[np.uint8]


def room() -> Picture:
    random = np.random.default_rng(4)
    picture = cv2.GaussianBlur(random.normal(128, 60, (160, 200)).astype(np.float32), (0, 0), 3.0)
    picture = 120 + (picture - picture.mean()) * 5
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def view(right: int = 0, down: int = 0, seed: int = 0) -> Picture:
    noise = np.random.default_rng(seed).normal(0, 1.5, (120, 160))
    seen = room()[20 - down : 140 - down, 20 - right : 180 - right]
    return np.asarray(np.clip(seen + noise, 0, 255), np.uint8)


@pytest.mark.parametrize(("right", "down"), [(3, 0), (0, -4), (-5, 3), (8, 8)])
def test_a_jump_of_the_whole_picture_is_measured(right: int, down: int) -> None:
    jolt = Jolt()
    assert jolt.update(view()) == 0.0
    assert jolt.update(view(right, down, seed=1)) == pytest.approx(np.hypot(right, down), rel=0.25)
    assert jolt.update(view(right, down, seed=2)) == 0.0


def test_somebody_who_walks_a_lamp_and_noise_are_no_jump() -> None:
    jolt = Jolt()
    for step in range(20):
        picture = view(seed=step)
        cv2.ellipse(picture, (20 + 6 * step, 80), (22, 50), 0, 0, 360, (40,), -1)
        assert jolt.update(picture) == 0.0
    jolt.update(view())
    assert jolt.update(np.asarray(np.clip(view(seed=3) * 1.3, 0, 255), np.uint8)) == 0.0
    for seed in range(5):
        assert jolt.update(view(seed=seed)) == 0.0 or seed == 0


def test_another_size_begins_anew() -> None:
    jolt = Jolt()
    jolt.update(view())
    assert jolt.update(np.ascontiguousarray(view(5)[:, :120])) == 0.0


class Told:
    def __init__(self) -> None:
        self.judge = ShakenJudge()
        self.now_s = 0.0

    def see(
        self, jolts: list[float], health: CameraHealth = CameraHealth.OK
    ) -> list[AnomalyBegan | AnomalyEnded]:
        facts: list[AnomalyBegan | AnomalyEnded] = []
        for px in jolts:
            seen = Observation(0, self.now_s, (640, 480), (), 0.0, health, jolt_px=px)
            facts += self.judge.update(seen, self.now_s)
            self.now_s += 0.1
        return facts


def test_jolts_that_come_again_are_told_once_and_end_with_calm() -> None:
    told = Told()
    (began,) = told.see([0.0, 12.0] * 5)
    assert isinstance(began, AnomalyBegan)
    assert began.anomaly is Anomaly.SHAKEN
    assert began.reason is not None
    assert began.reason.ground is Ground.SHAKEN_AND_SEEN
    assert told.see([12.0] * 50) == []
    wake_s = told.judge.next_wake_s()
    assert wake_s is not None
    assert told.judge.tick(wake_s - 0.1) == ()
    assert told.judge.tick(wake_s) == (AnomalyEnded(Anomaly.SHAKEN),)
    assert told.judge.next_wake_s() is None


def test_one_blow_a_tremble_and_a_covered_lens_are_not_told() -> None:
    told = Told()
    assert told.see([30.0, 20.0, 12.0, 8.0] + [0.0] * 100) == []
    assert told.see([3.0] * 100) == []
    assert told.see([30.0] * 100, CameraHealth.COVERED) == []
    assert told.see([20.0] + [0.0] * 20 + [20.0] + [0.0] * 20) == []
