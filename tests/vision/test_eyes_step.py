"""The eyes on a story clock: every frame of a recording when it is due, its end, and its failure."""

from __future__ import annotations

import numpy as np
import pytest

from edge.terms.observation import Observation
from edge.vision.eyes.report import EyesEvent, EyesTurn
from edge.vision.eyes.step import StepEyes
from edge.vision.look import Look
from hw.camera.port import Frame
from hw.ports import HardwareError


class Live:
    """Has a picture of this moment whenever it is asked."""

    now_s = 5.0
    closed = False

    def read(self) -> Frame | None:
        return Frame(0, self.now_s, np.full((48, 64), 90, np.uint8))

    def close(self) -> None:
        self.closed = True


class Recording:
    def __init__(self, frames: int, fails_at: int | None = None) -> None:
        self.number = 0
        self.frames = frames
        self.fails_at = fails_at
        self.closed = False

    def read(self) -> Frame | None:
        if self.number == self.fails_at:
            raise HardwareError("clip_unreadable", "breaks off")
        if self.number == self.frames:
            return None
        frame = Frame(self.number, self.number / 10.0, np.full((48, 64), 90, np.uint8))
        self.number += 1
        return frame

    def close(self) -> None:
        self.closed = True


def test_each_frame_is_seen_when_it_is_due_and_not_before() -> None:
    shown: list[tuple[int, int]] = []
    eyes = StepEyes(Recording(5), Look(), 0.0, shown=lambda f, o: shown.append((f.number, o.frame)))
    seen: list[int] = []
    times: list[float] = []
    while (wake_s := eyes.next_wake_s()) is not None:
        times.append(wake_s)
        seen += [o.frame for o in eyes.poll(wake_s) if isinstance(o, Observation)]
    assert seen == [0, 1, 2, 3, 4]
    assert times[:5] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert shown == [(n, n) for n in range(5)]
    assert eyes.ended
    assert eyes.poll(99.0) == ()


def test_a_late_poll_gets_every_frame_in_order() -> None:
    eyes = StepEyes(Recording(5), Look(), 0.0)
    assert [o.frame for o in eyes.poll(0.25) if isinstance(o, Observation)] == [0, 1, 2]


def test_a_recording_that_breaks_is_told() -> None:
    eyes = StepEyes(Recording(5, fails_at=2), Look(), 0.0)
    *seen, last = eyes.poll(10.0)
    assert len(seen) == 2
    assert last == EyesEvent(EyesTurn.FAILED, "clip_unreadable", "breaks off")
    assert eyes.ended


def test_a_camera_of_this_moment_is_asked_at_its_rate() -> None:
    camera = Live()
    eyes = StepEyes(camera, Look(), 5.0, every_s=0.5)
    count = 0
    while camera.now_s < 15.0:
        count += len(eyes.poll(camera.now_s))
        wake_s = eyes.next_wake_s()
        assert wake_s is not None
        camera.now_s = wake_s
    assert count == 20
    eyes.close()
    assert camera.closed
    assert eyes.next_wake_s() is None


def test_frames_of_a_camera_that_nobody_was_in_time_for_go_by() -> None:
    camera = Live()
    eyes = StepEyes(camera, Look(), 5.0, every_s=0.1)
    assert len(eyes.poll(5.0)) == 1
    camera.now_s = 8.0
    eyes.skip_to(8.0)
    assert eyes.next_wake_s() == 8.0
    assert len(eyes.poll(8.0)) == 1, "one, and not the thirty that were due"
    eyes.skip_to(8.05)
    assert eyes.next_wake_s() == pytest.approx(8.1), "who is in time misses none"
    film = StepEyes(Recording(5), Look(), 0.0)
    film.skip_to(10.0)
    assert len(film.poll(10.0)) == 5, "a recording has all of its frames"
