"""Recordings as a camera: order, time, thinning out, repeating, and every way a file can be broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from hw.camera.clip import ClipCamera
from hw.camera.picture import checked_rotation, fitted, upright, working, y_plane
from hw.ports import Frame, HardwareError


def painted(number: int, width: int = 160, height: int = 120) -> np.ndarray:
    """A picture whose brightness tells its number, with some texture."""
    picture = np.full((height, width, 3), 20 + 4 * (number % 50), np.uint8)
    picture[::8] = np.minimum(picture[::8].astype(int) + 20, 255).astype(np.uint8)
    return picture


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str = "a.mp4", frames: int = 30, fps: float = 15.0, codec: str = "mp4v") -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), fps, (160, 120))
        for i in range(frames):
            writer.write(painted(i))
        writer.release()
        return path

    return make


def frames_of(camera: ClipCamera) -> list[Frame]:
    frames: list[Frame] = []
    while (frame := camera.read()) is not None:
        frames.append(frame)
    camera.close()
    return frames


@pytest.mark.parametrize(
    ("fps", "frames", "expected"),
    [(10.0, 20, 20), (15.0, 30, 30), (25.0, 50, 30), (30.0, 60, 30), (60.0, 120, 30)],
)
def test_two_seconds_of_any_rate_come_at_fifteen_a_second_at_most(
    clip: Callable[..., Path], fps: float, frames: int, expected: int
) -> None:
    seen = frames_of(ClipCamera([clip(fps=fps, frames=frames)]))
    assert abs(len(seen) - expected) <= 1
    times = [f.source_s for f in seen]
    assert all(t is not None for t in times)
    assert times == sorted(set(times))
    assert [f.number for f in seen] == list(range(len(seen)))


def test_frames_are_deterministic_and_grey_and_colour_agree(clip: Callable[..., Path]) -> None:
    path = clip()
    one, two = frames_of(ClipCamera([path])), frames_of(ClipCamera([path]))
    assert [f.source_s for f in one] == [f.source_s for f in two]
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a.grey, b.grey)
        assert a.grey.dtype == np.uint8
        assert a.grey.shape == (120, 160)
        assert a.colour is not None
        assert a.colour.shape == (120, 160, 3)


def test_several_clips_run_on_one_clock(clip: Callable[..., Path]) -> None:
    seen = frames_of(ClipCamera([clip("a.mp4"), clip("b.mp4", fps=10.0)], start_s=100.0))
    assert len(seen) == 30 + 30
    assert seen[30].source_s == pytest.approx(2.0, abs=0.01)
    assert seen[-1].source_s == pytest.approx(2.0 + 2.9, abs=0.01)
    assert all(f.at_s == pytest.approx(100.0 + (f.source_s or 0.0)) for f in seen)


def test_a_loop_repeats_to_its_length_and_stops_in_the_middle(clip: Callable[..., Path]) -> None:
    seen = frames_of(ClipCamera([clip("a.mp4"), clip("b.mp4")], loop_s=9.0))
    assert len(seen) == 135
    assert seen[-1].source_s == pytest.approx(9.0 - 1 / 15, abs=0.01)
    assert len(frames_of(ClipCamera([clip("c.mp4")], loop_s=1.0))) == 15


def test_a_folder_of_pictures_plays_by_name(tmp_path: Path) -> None:
    for i in (2, 0, 1):
        cv2.imwrite(str(tmp_path / f"{i}.png"), painted(i * 10))
    (tmp_path / "notes.txt").write_text("no picture")
    seen = frames_of(ClipCamera([tmp_path], picture_fps=5.0))
    assert [f.source_s for f in seen] == [0.0, 0.2, 0.4]
    means = [float(f.grey.mean()) for f in seen]
    assert means == sorted(means)


def test_one_picture_can_be_held(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), painted(3))
    assert len(frames_of(ClipCamera([tmp_path / "a.png"], loop_s=2.0))) == 20


def test_large_pictures_become_small_and_keep_their_shape(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "wide.png"), np.full((1080, 1920, 3), 90, np.uint8))
    cv2.imwrite(str(tmp_path / "xtall.png"), np.full((1920, 1080, 3), 90, np.uint8))
    wide, tall = frames_of(ClipCamera([tmp_path]))
    assert wide.grey.shape == (360, 640)
    assert tall.grey.shape == (640, 360)
    assert wide.colour is not None
    assert max(wide.colour.shape) == 1280


def broken_files(folder: Path, whole: Path) -> dict[str, Path]:
    def written(name: str, content: bytes) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    content = whole.read_bytes()
    (folder / "empty").mkdir()
    return {
        "missing": folder / "no such clip.mp4",
        "empty": written("empty.mp4", b""),
        "text": written("text.mp4", b"this is no film\n" * 100),
        "noise": written("noise.avi", bytes(np.random.default_rng(1).integers(0, 256, 9000, dtype=np.uint8))),
        "no index": written("cut.mp4", content[: len(content) // 2]),
        "empty folder": folder / "empty",
        "empty picture": written("zero.png", b""),
        "cut picture": written("cut.png", cv2.imencode(".png", painted(1))[1].tobytes()[:60]),
    }


@pytest.mark.parametrize(
    "kind",
    ["missing", "empty", "text", "noise", "no index", "empty folder", "empty picture", "cut picture"],
)
def test_what_cannot_be_read_is_refused_before_anything_plays(
    clip: Callable[..., Path], tmp_path: Path, kind: str
) -> None:
    whole = clip()
    path = broken_files(tmp_path, whole)[kind]
    with pytest.raises(HardwareError) as caught:
        ClipCamera([whole, path])
    assert caught.value.code == "clip_unreadable"
    assert path.name in caught.value.detail


def test_a_clip_cut_off_in_the_middle_is_named_where_it_breaks(clip: Callable[..., Path]) -> None:
    path = clip("long.avi", frames=150, codec="MJPG")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    camera = ClipCamera([path])
    with pytest.raises(HardwareError) as caught:
        frames_of(camera)
    assert caught.value.code == "clip_unreadable"
    assert "breaks off at 4" in caught.value.detail or "breaks off at 5" in caught.value.detail


def test_a_broken_picture_in_a_folder_is_named(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), painted(1))
    (tmp_path / "b.png").write_bytes(b"")
    camera = ClipCamera([tmp_path])
    assert camera.read() is not None
    with pytest.raises(HardwareError, match=r"b\.png"):
        camera.read()


def test_nothing_named_is_refused() -> None:
    with pytest.raises(HardwareError):
        ClipCamera([])


def test_on_a_live_clock_frames_come_when_they_are_due(clip: Callable[..., Path]) -> None:
    now_s = 500.0
    slept: list[float] = []

    def sleep(for_s: float) -> None:
        nonlocal now_s
        slept.append(for_s)
        now_s += for_s

    camera = ClipCamera([clip()], now_s=lambda: now_s, sleep=sleep)
    for _ in range(30):
        frame = camera.read()
        assert frame is not None
        assert frame.at_s <= now_s + 1e-6
    assert sum(slept) == pytest.approx(29 / 15, abs=0.02)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_rotation_is_clockwise(degrees: int) -> None:
    picture = np.zeros((40, 60), np.uint8)
    picture[0, 0] = 255
    turned = upright(picture, checked_rotation(degrees))
    corner = {0: (0, 0), 90: (0, -1), 180: (-1, -1), 270: (-1, 0)}[degrees]
    assert turned[corner] == 255


def test_other_rotations_are_refused() -> None:
    with pytest.raises(ValueError, match="45"):
        checked_rotation(45)


def test_the_y_plane_is_taken_without_its_padding() -> None:
    width, height, stride = 100, 60, 128
    rows = np.random.default_rng(2).integers(0, 256, (height, stride), dtype=np.uint8)
    buffer = np.concatenate([rows.reshape(-1), np.zeros(stride * height // 2, np.uint8)])
    assert np.array_equal(y_plane(buffer, width, height, stride), rows[:, :width])
    assert np.array_equal(y_plane(buffer.reshape(-1, stride), width, height, stride), rows[:, :width])
    with pytest.raises(ValueError, match="too few"):
        y_plane(buffer[:1000], width, height, stride)


def test_small_pictures_are_never_blown_up() -> None:
    picture = np.zeros((32, 32, 3), np.uint8)
    grey, colour = working(picture)
    assert grey.shape == (32, 32)
    assert colour.shape == (32, 32, 3)
    assert fitted(picture, 10, 20).shape == (10, 10, 3)
