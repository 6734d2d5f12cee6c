"""The Pi's and the USB driver over stacks that pad, run late, lose pictures, raise and hang."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.faults.catalogue import CATALOGUE
from hw.camera.fake import FakePicamera2
from hw.camera.open import Paced, open_camera
from hw.camera.port import USUAL, CameraChoice, Frame, Stream
from hw.camera.real import PiCamera, load_picamera2
from hw.camera.usb import UsbCamera
from hw.ports import HardwareError

Picture = NDArray[np.uint8]


def scene() -> Picture:
    """Grey levels that rise to the right and downwards, red in one corner."""
    x, y = np.meshgrid(np.linspace(0, 120, 640), np.linspace(0, 100, 480))
    picture = np.repeat((x + y)[..., None], 3, axis=2).astype(np.uint8)
    picture[:40, :40] = (0, 0, 255)
    return picture


@pytest.fixture
def stack() -> FakePicamera2:
    return FakePicamera2(scene, boot_s=lambda: 5000.0, sleep=lambda _: None)


def opened(stack: FakePicamera2, stream: Stream = USUAL) -> PiCamera:
    return PiCamera(0, stream, load=stack.load, now_s=lambda: 100.0, boot_s=lambda: 5000.0)


# --- the Pi's camera -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((640, 480), (640, 480)),
        ((1296, 972), (640, 480)),
        ((1920, 1080), (640, 360)),
        ((200, 150), (200, 150)),
    ],
)
def test_grey_is_the_y_plane_without_padding_and_colour_the_main_stream(
    stack: FakePicamera2, size: tuple[int, int], small: tuple[int, int]
) -> None:
    frame = opened(stack, Stream(*size)).read()
    assert frame is not None
    assert frame.grey.shape == (small[1], small[0])
    expected = cv2.cvtColor(cv2.resize(scene(), small, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    assert np.array_equal(frame.grey, expected)
    assert frame.colour is not None
    assert tuple(frame.colour[5, 5]) == (0, 0, 255)
    assert max(frame.colour.shape) <= 1280


def test_rotation_turns_both_streams(stack: FakePicamera2) -> None:
    frame = opened(stack, Stream(rotation=90)).read()
    assert frame is not None
    assert frame.colour is not None
    assert frame.grey.shape == (640, 480)
    assert tuple(frame.colour[5, -5]) == (0, 0, 255)


def test_a_late_frame_carries_the_time_of_its_light(stack: FakePicamera2) -> None:
    camera = opened(stack)
    stack.late_s = 7.5
    frame = camera.read()
    assert frame is not None
    assert frame.at_s == pytest.approx(92.5)
    stack.stamped = False
    frame = camera.read()
    assert frame is not None
    assert frame.at_s == 100.0


@pytest.mark.slow
def test_buffers_are_given_back_also_after_a_failure(stack: FakePicamera2) -> None:
    camera = opened(stack)
    for number in range(50):
        frame = camera.read()
        assert frame is not None
        assert frame.number == number
    stack.fails = True
    with pytest.raises(HardwareError) as caught:
        camera.read()
    assert caught.value.code == "camera_failed"
    assert "timed out" in caught.value.detail
    assert stack.opened[0].out == 0


@pytest.mark.parametrize(
    ("fault", "code"),
    [("missing", "camera_missing"), ("busy", "camera_busy"), ("absent", "camera_driver_missing")],
)
def test_what_cannot_be_opened_is_named(stack: FakePicamera2, fault: str, code: str) -> None:
    setattr(stack, fault, True)
    with pytest.raises(HardwareError) as caught:
        opened(stack)
    assert caught.value.code == code
    assert code in CATALOGUE


def test_a_second_opening_is_busy_and_a_closed_one_is_free_again(stack: FakePicamera2) -> None:
    camera = opened(stack)
    with pytest.raises(HardwareError, match="camera_busy"):
        opened(stack)
    camera.close()
    assert opened(stack).read() is not None


@pytest.mark.slow
def test_a_camera_that_hangs_hangs_and_goes_on_where_it_was(stack: FakePicamera2) -> None:
    camera = opened(stack)
    stack.hangs = True
    frames: list[Frame | None] = []
    reader = threading.Thread(target=lambda: frames.append(camera.read()), daemon=True)
    reader.start()
    reader.join(0.2)
    assert reader.is_alive()
    stack.hangs = False
    reader.join(10.0)
    assert len(frames) == 1


@pytest.mark.parametrize("error", [ImportError("No module named 'libcamera'"), OSError("libcamera.so.0.3")])
def test_a_machine_without_picamera2_says_so(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def failing(name: str) -> None:
        raise error

    monkeypatch.setattr(importlib, "import_module", failing)
    with pytest.raises(HardwareError) as caught:
        load_picamera2()
    assert caught.value.code == "camera_driver_missing"
    assert "libcamera" in caught.value.detail


# --- USB -------------------------------------------------------------------------------------------


class FakeCapture:
    """Stands for `cv2.VideoCapture`: a camera at `fps` that loses pictures where `lost` says so."""

    def __init__(
        self, fps: float = 30.0, lost: Callable[[int], bool] = lambda _: False, there: bool = True
    ) -> None:
        self.gap_s = 1.0 / fps
        self.lost = lost
        self.there = there
        self.now_s = 50.0
        self.count = 0
        self.decoded = 0
        self.wanted: dict[int, float] = {}
        self.released = False

    def isOpened(self) -> bool:
        return self.there

    def set(self, prop: int, value: float) -> bool:
        self.wanted[prop] = value
        return True

    def grab(self) -> bool:
        self.now_s += self.gap_s
        self.count += 1
        return not self.lost(self.count)

    def retrieve(self) -> tuple[bool, Picture]:
        self.decoded += 1
        return True, scene()

    def release(self) -> None:
        self.released = True


def usb(capture: FakeCapture, device: int | str = 0, stream: Stream = USUAL) -> UsbCamera:
    return UsbCamera(device, stream, open_capture=lambda _: capture, now_s=lambda: capture.now_s)


@pytest.mark.slow
@pytest.mark.parametrize(("fps", "expected"), [(30.0, 75), (15.0, 75), (10.0, 50), (60.0, 75)])
def test_five_seconds_of_usb_come_at_fifteen_a_second_at_most(fps: float, expected: int) -> None:
    capture = FakeCapture(fps)
    camera = usb(capture)
    frames = 0
    while capture.now_s < 55.0:
        frame = camera.read()
        assert frame is not None
        assert frame.grey.shape == (480, 640)
        assert frame.at_s <= capture.now_s
        frames += 1
    assert abs(frames - expected) <= 2
    assert capture.decoded == frames


def test_usb_asks_for_small_compressed_pictures_and_no_queue() -> None:
    capture = FakeCapture()
    usb(capture, stream=Stream(800, 600))
    assert capture.wanted[cv2.CAP_PROP_FRAME_WIDTH] == 800
    assert capture.wanted[cv2.CAP_PROP_BUFFERSIZE] == 1
    assert int(capture.wanted[cv2.CAP_PROP_FOURCC]) == cv2.VideoWriter.fourcc(*"MJPG")


def test_a_lost_picture_is_passed_over_and_a_dead_camera_is_named() -> None:
    capture = FakeCapture(lost=lambda n: n % 4 == 0)
    camera = usb(capture)
    assert all(camera.read() is not None for _ in range(30))
    capture.lost = lambda _: True
    with pytest.raises(HardwareError) as caught:
        camera.read()
    assert caught.value.code == "camera_failed"
    camera.close()
    assert capture.released


def test_a_usb_camera_that_is_not_there_is_missing_and_one_that_is_is_busy(tmp_path: Path) -> None:
    with pytest.raises(HardwareError) as caught:
        usb(FakeCapture(there=False), str(tmp_path / "video9"))
    assert caught.value.code == "camera_missing"
    (tmp_path / "video9").touch()
    with pytest.raises(HardwareError) as caught:
        usb(FakeCapture(there=False), str(tmp_path / "video9"))
    assert caught.value.code == "camera_busy"


# --- from the settings -----------------------------------------------------------------------------


@pytest.mark.slow
def test_each_source_opens_or_is_refused_by_name(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), scene())
    staged = open_camera(CameraChoice("staged"))
    clip = open_camera(CameraChoice("clip", "0", str(tmp_path), Stream(rotation=180)))
    for camera in (staged, clip):
        frame = camera.read()
        assert frame is not None
        assert frame.grey.shape == (480, 640)
        camera.close()
    for source, device, code in (
        ("picamera2", "/dev/video0", "camera_missing"),
        ("usb", str(tmp_path / "nothing"), "camera_missing"),
        ("clip", "0", "clip_unreadable"),
    ):
        with pytest.raises(HardwareError) as caught:
            open_camera(CameraChoice(source, device))
        assert caught.value.code == code
    with pytest.raises(ValueError, match="telepathy"):
        open_camera(CameraChoice("telepathy"))


def test_a_paced_camera_keeps_its_rate_and_does_not_catch_up() -> None:
    now_s = 10.0
    slept: list[float] = []

    def sleep(for_s: float) -> None:
        nonlocal now_s
        slept.append(for_s)
        now_s += for_s

    class Instant:
        def read(self) -> Frame | None:
            return Frame(0, now_s, np.zeros((2, 2), np.uint8))

        def close(self) -> None:
            pass

    camera = Paced(Instant(), 10.0, lambda: now_s, sleep)
    for _ in range(11):
        camera.read()
    assert now_s == pytest.approx(11.0)
    now_s += 5.0
    for _ in range(3):
        camera.read()
    assert now_s == pytest.approx(16.1)
