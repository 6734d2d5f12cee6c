"""What is masked is in no picture: by pixels, for random masks, pictures, turns and every camera."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.vision.eyes.child import jpeg_of
from hw.camera.masked import MASKED_LEVEL, MaskedCamera, Masks, masked_camera
from hw.camera.open import PacedStage, open_camera
from hw.camera.port import CameraChoice, Frame, Polygon, Stream
from hw.camera.staged import StagedCabin
from hw.camera.usb import UsbCamera
from tests.worlds.hand_clock import HandClock

Picture = NDArray[np.uint8]

_FINE = 5
"""Points looked at along each side of a pixel."""

fractions = st.floats(0.0, 1.0, width=32)
polygons = st.lists(st.tuples(fractions, fractions), min_size=3, max_size=7).map(tuple)


def _noise(seed: int, height: int, width: int) -> Picture:
    """No pixel of it has the level of a mask."""
    random = np.random.default_rng(seed)
    levels = random.integers(0, 255, (height, width, 3), dtype=np.uint8)
    return np.asarray(np.where(levels >= MASKED_LEVEL, levels + 1, levels), np.uint8)


def _covered(
    polygon: Polygon, height: int, width: int, fine: int = _FINE
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which pixels a polygon reaches into, and which lie well away from it; by the even-odd rule."""
    steps = (np.arange(fine) + 0.5) / fine
    xs = ((np.arange(width)[:, None] + steps) / width).ravel()
    ys = ((np.arange(height)[:, None] + steps) / height).ravel()
    x, y = np.meshgrid(xs, ys)
    inside = np.zeros(x.shape, bool)
    near = np.full(x.shape, np.inf)
    for (ax, ay), (bx, by) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        crosses = (ay > y) != (by > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
        dx, dy = (bx - ax) * width, (by - ay) * height
        px, py = (x - ax) * width, (y - ay) * height
        along = np.clip((px * dx + py * dy) / max(dx * dx + dy * dy, 1e-12), 0.0, 1.0)
        near = np.minimum(near, np.hypot(px - along * dx, py - along * dy))

    def of_pixels(points: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.asarray(points.reshape(height, fine, width, fine).any(axis=(1, 3)), np.bool_)

    return of_pixels(inside), ~of_pixels(inside) & ~of_pixels(near < 3.0)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(polygons, st.integers(24, 70), st.integers(24, 70), st.integers(0, 99))
def test_nothing_inside_is_left_and_nothing_outside_is_touched(
    polygon: Polygon, height: int, width: int, seed: int
) -> None:
    picture = _noise(seed, height, width)
    masked = Masks([polygon]).apply(picture)
    inside, away = _covered(polygon, height, width)
    assert (masked[inside] == MASKED_LEVEL).all()
    assert np.array_equal(masked[away], picture[away])
    grey = masked[..., 0] == MASKED_LEVEL
    assert np.array_equal(Masks([polygon]).apply(_noise(seed + 1, height, width))[grey], masked[grey])


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(st.lists(polygons, min_size=1, max_size=3), st.integers(0, 99))
def test_two_pictures_that_differ_behind_the_mask_alone_give_the_same_bytes(
    several: list[Polygon], seed: int
) -> None:
    """Of the frame for the networks and of the evidence picture, coded: there is nothing to make out."""
    one, other = _noise(seed, 96, 128), _noise(seed + 1, 96, 128)
    hidden = np.zeros((96, 128), bool)
    for polygon in several:
        hidden |= _covered(polygon, 96, 128)[0]
    other[~hidden] = one[~hidden]
    masks = Masks(several)
    frames = [masks.frame(Frame(0, 0.0, seen[..., 0], seen, source_s=1.5)) for seen in (one, other)]
    assert np.array_equal(frames[0].grey, frames[1].grey)
    assert jpeg_of(frames[0]) == jpeg_of(frames[1])
    assert frames[0].source_s == 1.5
    if hidden.any():
        assert jpeg_of(Frame(0, 0.0, one[..., 0], one)) != jpeg_of(Frame(0, 0.0, other[..., 0], other))


def test_a_picture_with_a_pattern_leaks_nothing_through_jpeg() -> None:
    """A black and white chequer behind the mask, and a mask whose sides cut through the blocks of a JPEG."""
    chequer = np.kron(np.indices((60, 80)).sum(axis=0) % 2 * 255, np.ones((8, 8))).astype(np.uint8)
    picture = np.dstack([chequer] * 3)
    masks = Masks([((0.205, 0.305), (0.705, 0.325), (0.695, 0.807), (0.215, 0.795))])
    coded = jpeg_of(masks.frame(Frame(0, 0.0, chequer, picture)))
    shown = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert shown is not None
    deep = cv2.erode(masks.inside(picture.shape).astype(np.uint8), np.ones((33, 33), np.uint8)) > 0
    assert deep.sum() > 50_000
    assert np.ptp(shown[deep]) <= 1, "two blocks away from its sides there is one grey"


@pytest.mark.slow
def test_a_hidden_pixel_is_in_no_picture_that_was_made_smaller(tmp_path: Path) -> None:
    """The camera makes its pictures smaller before the mask is there: what lies on its side is masked too."""
    polygon: Polygon = ((0.3, 0.3), (0.62, 0.31), (0.6, 0.7), (0.31, 0.66))
    one, other = _noise(1, 1080, 1920), _noise(2, 1080, 1920)
    inside, _ = _covered(polygon, 1080, 1920, fine=1)
    other[~inside] = one[~inside]
    jpegs = []
    for number, picture in enumerate((one, other)):
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), picture)
        camera = open_camera(CameraChoice("clip", clip=str(path), masks=(polygon,)))
        frame = camera.read()
        assert frame is not None
        assert frame.colour is not None
        assert (frame.grey.shape, frame.colour.shape) == ((360, 640), (720, 1280, 3))
        jpegs.append((jpeg_of(frame), frame.grey.tobytes()))
        camera.close()
    assert jpegs[0] == jpegs[1]


class _Capture:
    """A USB camera whose sensor stands on its side."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def isOpened(self) -> bool:
        return True

    def set(self, prop: int, value: float, /) -> bool:
        return True

    def grab(self) -> bool:
        return True

    def retrieve(self) -> tuple[bool, Picture]:
        return True, self._picture

    def release(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_mask_lies_on_the_picture_as_it_is_shown(rotation: int) -> None:
    """Its upper right quarter, whichever way the sensor stands."""
    clock = HandClock(0.0, 0.0)
    quarter: Polygon = ((0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5))
    stream = Stream(rotation=rotation)
    sensor = _noise(3, 120, 160)
    camera = UsbCamera(0, stream, open_capture=lambda _: _Capture(sensor), now_s=clock.now_s)
    frame = MaskedCamera(camera, Masks([quarter])).read()
    assert frame is not None
    height, width = frame.grey.shape
    assert (height > width) == (rotation in (90, 270))
    for picture in (frame.grey, frame.colour):
        assert picture is not None
        assert (picture[: height // 2, width // 2 :] == MASKED_LEVEL).all()
        assert (picture[height // 2 + 3 :] != MASKED_LEVEL).mean() > 0.9


def test_a_staged_camera_is_masked_and_still_directed() -> None:
    clock = HandClock(0.0, 0.0)
    stage = StagedCabin(clock)
    whole: Polygon = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    camera = PacedStage(stage, 1e6, (whole,))
    camera.do("enter anna", 0.0)
    assert camera.people == ("anna",)
    frame = camera.read()
    assert frame is not None
    assert frame.colour is not None
    assert (frame.grey == MASKED_LEVEL).all()
    assert (frame.colour == MASKED_LEVEL).all()


def test_a_camera_without_masks_is_itself() -> None:
    stage = StagedCabin(HandClock(0.0, 0.0))
    assert masked_camera(stage, ()) is stage
    frame = stage.read()
    assert Masks(()).frame(frame) is frame
