"""Whether a picture can be believed: each way a camera is blinded is named, and ordinary life is not."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.terms.observation import CameraHealth
from edge.vision.look import Look
from edge.vision.scene.health import Health
from hw.camera.clip import ClipCamera
from hw.camera.port import Frame

Picture = NDArray[np.uint8]
DT_S = 1.0 / 8.0


@lru_cache
def view(seed: int = 1) -> Picture:
    """A room with edges everywhere, 320 x 240."""
    random = np.random.default_rng(seed)
    picture = np.full((240, 320), 140, np.uint8)
    for _ in range(40):
        x, y = (int(n) for n in random.integers(0, (320, 240)))
        w, h = (int(n) for n in random.integers(10, 80, 2))
        cv2.rectangle(picture, (x, y), (x + w, y + h), (int(random.integers(30, 230)),), -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.7), dtype=np.uint8)


class Watch:
    def __init__(self, noise: float = 2.5) -> None:
        self.health = Health()
        self.now_s = 0.0
        self.noise = noise
        self.random = np.random.default_rng(5)
        self.field = self.random.normal(0.0, 1.0, (304, 384)).astype(np.float32)
        self.said: list[tuple[float, CameraHealth]] = []

    def see(
        self, picture: Picture | Callable[[float], Picture], for_s: float, *, face: bool = False
    ) -> CameraHealth:
        for _ in range(max(1, round(for_s / DT_S))):
            shown = picture(self.now_s) if callable(picture) else picture
            if self.noise:
                y, x = (int(n) for n in self.random.integers(0, 64, 2))  # noise never comes twice
                field = self.field[y : y + 240, x : x + 320]
                shown = np.clip(shown + self.noise * field, 0, 255).astype(np.uint8)
            health = self.health.update(shown, self.now_s, face)
            if not self.said or self.said[-1][1] is not health:
                self.said.append((self.now_s, health))
            self.now_s += DT_S
        return self.said[-1][1]


def blurred(picture: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.uint8)


def shifted(picture: Picture, dx: int, dy: int) -> Picture:
    return np.roll(picture, (dy, dx), (0, 1))


def grey(level: float) -> Picture:
    return np.full((240, 320), level, np.uint8)


BLINDED: dict[str, tuple[CameraHealth, Picture]] = {
    "lights off": (CameraHealth.DARK, (view() * 0.04).astype(np.uint8)),
    "cap on": (CameraHealth.DARK, grey(3)),
    "torch into the lens": (CameraHealth.BLINDED, grey(250)),
    "hand on the lens": (
        CameraHealth.COVERED,
        np.clip(blurred(view(), 30) * 0.2 + 40, 0, 255).astype(np.uint8),
    ),
    "sprayed": (CameraHealth.COVERED, np.clip(blurred(view(), 20) * 0.1 + 120, 0, 255).astype(np.uint8)),
    "paper before the lens": (CameraHealth.COVERED, grey(180)),
    "out of focus": (CameraHealth.DEFOCUSED, blurred(view(), 6)),
    "pushed aside": (CameraHealth.MOVED, shifted(view(), 60, 25)),
    "turned to the wall": (CameraHealth.MOVED, view(seed=9)),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", list(BLINDED))
def test_each_blinding_is_named_within_four_seconds_and_taken_back(what: str) -> None:
    health, picture = BLINDED[what]
    watch = Watch()
    assert watch.see(view(), 8.0) is CameraHealth.OK
    began_s = watch.now_s
    assert watch.see(picture, 4.5) is health
    assert watch.said[-1][0] - began_s < 4.0
    assert watch.see(view(), 2.0) is CameraHealth.OK
    assert [h for _, h in watch.said] == [CameraHealth.OK, health, CameraHealth.OK]


@pytest.mark.parametrize("what", ["cap on", "torch into the lens", "paper before the lens"])
def test_a_camera_blind_from_the_start_is_named_too(what: str) -> None:
    health, picture = BLINDED[what]
    assert Watch().see(picture, 3.0) is health


@pytest.mark.slow
@pytest.mark.parametrize("what", list(BLINDED))
def test_a_few_bad_frames_say_nothing(what: str) -> None:
    watch = Watch()
    watch.see(view(), 5.0)
    for _ in range(8):
        watch.see(BLINDED[what][1], 0.2)
        watch.see(view(), 0.6)
    assert [h for _, h in watch.said] == [CameraHealth.OK]


def test_a_bad_frame_is_doubtful_at_once() -> None:
    watch = Watch()
    watch.see(view(), 5.0)
    assert not watch.health.doubtful
    watch.see(grey(3), DT_S)
    assert watch.health.doubtful


def test_the_same_picture_again_and_again_is_frozen() -> None:
    watch = Watch(noise=0.0)
    still = np.clip(view() + np.random.default_rng(2).normal(0, 3, (240, 320)), 0, 255).astype(np.uint8)
    watch.see(still, 7.0)
    assert [h for _, h in watch.said] == [CameraHealth.OK, CameraHealth.FROZEN]
    assert 4.9 < watch.said[1][0] < 5.3
    watch.noise = 2.5
    assert watch.see(view(), 3.0) is CameraHealth.OK


@pytest.mark.slow
def test_a_frozen_recording_is_frozen_although_its_codec_flickers(tmp_path: Path) -> None:
    path = tmp_path / "frozen.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 15.0, (320, 240))
    random = np.random.default_rng(4)
    last = view()
    for i in range(15 * 14):
        if i < 75:
            last = np.clip(view() + random.normal(0, 3, (240, 320)), 0, 255).astype(np.uint8)
        writer.write(cv2.cvtColor(last, cv2.COLOR_GRAY2BGR))
    writer.release()
    health = Health()
    said = []
    camera = ClipCamera([path])
    while (frame := camera.read()) is not None:
        said.append(health.update(frame.grey, frame.at_s))
    assert CameraHealth.FROZEN not in said[:120]
    assert said[-1] is CameraHealth.FROZEN


@pytest.mark.slow
def test_a_quiet_live_picture_is_never_frozen() -> None:
    watch = Watch(noise=1.0)
    assert watch.see(view(), 30.0) is CameraHealth.OK
    assert len(watch.said) == 1


@pytest.mark.slow
def test_a_dark_but_usable_night_picture_is_sound() -> None:
    watch = Watch(noise=4.0)
    night = (view() * 0.18).astype(np.uint8)
    watch.see(night, 20.0)
    assert [h for _, h in watch.said] == [CameraHealth.OK]


@pytest.mark.slow
def test_day_becomes_night_and_nothing_is_said() -> None:
    watch = Watch()
    watch.see(view(), 3.0)
    watch.see(lambda t: (view() * max(0.25, 1.0 - t / 80.0)).astype(np.uint8), 70.0)
    assert [h for _, h in watch.said] == [CameraHealth.OK]


@pytest.mark.slow
def test_somebody_who_fills_the_view_is_no_moved_camera() -> None:
    def close(t: float) -> Picture:
        out = view()
        x = 160 + int(6 * np.sin(3.0 * t))
        cv2.ellipse(out, (x, 240), (165, 210), 0, 0, 360, (60,), -1)
        cv2.circle(out, (x, 75), 60, (180,), -1)
        return out

    watch = Watch()
    watch.see(view(), 5.0)
    watch.see(close, 20.0)
    watch.see(close, 20.0, face=True)
    assert [h for _, h in watch.said] == [CameraHealth.OK]


def test_a_small_shake_is_no_move() -> None:
    watch = Watch()
    watch.see(view(), 5.0)
    watch.see(shifted(view(), 2, 1), 10.0)
    assert [h for _, h in watch.said] == [CameraHealth.OK]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["cap on", "torch into the lens", "hand on the lens", "turned to the wall"])
def test_a_blinded_picture_gives_no_foreground_and_so_no_person(what: str) -> None:
    """Covering the lens must not look like somebody coming in."""
    look = Look()
    random = np.random.default_rng(8)
    seen = []
    for i in range(8 * 12):
        picture = view() if i < 40 else BLINDED[what][1]
        noisy = np.clip(picture + random.normal(0, 2.5, picture.shape), 0, 255).astype(np.uint8)
        seen.append(look(Frame(i, i * DT_S, noisy)))
    assert max(o.foreground for o in seen[:40]) < 0.01
    assert sum(o.foreground > 0.04 for o in seen) <= 2
    assert seen[-1].health is BLINDED[what][0]
