"""Aiming: pixels a metre of drawn faces at known distances, light, sharpness, and what is advised."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.settings.places import MODELS
from edge.terms.aim import Advice, Aim, FaceAim, PixelClass
from edge.terms.observation import Cover, Face, FaceVerdict
from edge.vision.aim import EVERY_S, EYES_M, AimMeter, eyes_px, pixel_class, with_advice
from edge.vision.face.faces import Faces
from hw.camera.picture import working
from hw.camera.port import Frame
from hw.camera.room import draw_room
from hw.camera.staged import StagedCabin
from tests.worlds.hand_clock import HandClock
from tests.worlds.portrait import portrait

FOCAL_PX = 560.0
"""Of a lens that shows 60 degrees across 640 pixels."""
EYES = ((203.8, 105.7), (244.0, 105.6))
"""In the portrait's own picture; its cut-out lies (14, 4) from there."""

Picture = NDArray[np.uint8]


def seen_from(distance_m: float, factor: float = 1.0, seed: int = 0) -> Frame:
    """The portrait's face, its eyes 63 mm apart, so far before the lens; `factor` times as many pixels."""
    apart = math.dist(*EYES)
    scale = FOCAL_PX * factor * EYES_M / distance_m / apart
    room = cv2.resize(draw_room(), None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    middle = (EYES[0][0] + EYES[1][0]) / 2, EYES[0][1]
    matrix = np.array(
        [
            [scale, 0.0, room.shape[1] / 2 - scale * middle[0]],
            [0.0, scale, 0.45 * room.shape[0] - scale * middle[1]],
        ]
    )
    smoother = max(1.0 / scale, 1.0)
    face = cv2.GaussianBlur(portrait(), (0, 0), 0.4 * smoother)
    size = (room.shape[1], room.shape[0])
    pasted = cv2.warpAffine(
        face, matrix, size, room.astype(np.uint8), cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT
    )
    noise = np.random.default_rng(seed).normal(0.0, 2.0, pasted.shape)
    picture = np.asarray(np.clip(pasted + noise, 0, 255), np.uint8)
    grey, colour = working(picture)
    return Frame(seed, 0.5 * seed, grey, colour)


def measured(frames: list[Frame], faces: Faces) -> Aim:
    meter, found = AimMeter(), None
    for number, frame in enumerate(frames):
        found = meter.update(replace(frame, number=number, at_s=0.5 * number), faces(frame.grey)) or found
    assert found is not None
    return found


@pytest.fixture(scope="module")
def faces() -> Faces:
    return Faces(MODELS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("distance_m", "reached"),
    [
        (0.45, PixelClass.INSPECT),
        (1.0, PixelClass.IDENTIFY),
        (2.0, PixelClass.IDENTIFY),
        (3.0, PixelClass.RECOGNISE),
    ],
)
def test_the_pixels_a_metre_of_a_face_at_a_known_distance(
    faces: Faces, distance_m: float, reached: PixelClass
) -> None:
    aim = measured([seen_from(distance_m, seed=seed) for seed in range(4)], faces)
    assert aim.face is not None
    true = FOCAL_PX / distance_m
    assert aim.face.px_per_m == pytest.approx(true, rel=0.13), "the face finder's own error at some sizes"
    assert aim.face.pixel_class is reached
    assert aim.face.low_px_per_m < true < aim.face.high_px_per_m
    assert (Advice.CLOSER in aim.advice) is (true < 250.0)


@pytest.mark.slow
def test_the_class_is_that_of_the_picture_that_is_kept(faces: Faces) -> None:
    """Of a camera with 1280 x 960 pixels, whose networks look at half of that."""
    aim = measured([seen_from(3.0, 2.0, seed) for seed in range(3)], faces)
    assert aim.face is not None
    assert aim.size == (640, 480)
    assert aim.face.looked_px_per_m == pytest.approx(FOCAL_PX / 3.0, rel=0.08)
    assert aim.face.px_per_m == pytest.approx(2.0 * FOCAL_PX / 3.0, rel=0.08)
    assert aim.face.pixel_class is PixelClass.IDENTIFY


def staged(*actions: str) -> Aim:
    """What the meter says of the staged cabin, without looking for faces."""
    clock = HandClock(0.0, 0.0)
    stage, meter = StagedCabin(clock), AimMeter()
    for action in actions:
        stage.do(action, 0.0)
    found = None
    for number in range(4):
        clock.mono_s = 2.0 + 0.5 * number
        found = meter.update(stage.read(), ()) or found
    assert found is not None
    return found


@pytest.mark.slow
def test_light_noise_and_sharpness_are_those_of_the_stage() -> None:
    clear, dim, dark = staged("lights on"), staged("lights dim"), staged("lights off")
    blurred, white = staged("camera blurred"), staged("camera white")
    assert clear.advice == (Advice.NOBODY,)
    assert clear.light > 2.0 * dim.light > 4.0 * dark.light
    assert Advice.MORE_LIGHT in dim.advice
    assert dark.black > 0.4
    assert white.burnt > 0.9
    assert {Advice.LESS_LIGHT, Advice.UNEVEN_LIGHT} <= set(white.advice)
    # The stage's sensor has 2.2 levels in each colour, of which the grey picture is a mean.
    assert clear.noise == pytest.approx(2.2 * math.sqrt(0.114**2 + 0.587**2 + 0.299**2), rel=0.1)
    assert blurred.sharpness < 0.05 * clear.sharpness
    assert Advice.FOCUS in blurred.advice
    assert dim.sharpness == pytest.approx(clear.sharpness, rel=0.15), "light is no sharpness"


def test_noise_is_not_taken_for_sharpness() -> None:
    random = np.random.default_rng(0)
    ramp = np.linspace(60, 190, 320)[None] + np.zeros((240, 1))
    meter, found = AimMeter(), None
    for number in range(3):
        noisy = np.clip(ramp + random.normal(0.0, 12.0, ramp.shape), 0, 255).astype(np.uint8)
        found = meter.update(Frame(number, number * 0.5, noisy), ()) or found
    assert found is not None
    one = cv2.Laplacian(
        ramp.astype(np.float32) + random.normal(0, 12, ramp.shape).astype(np.float32), cv2.CV_32F
    )
    assert float(one.var()) / float(ramp.var()) > 1.0, "one picture alone would be very sharp"
    assert found.sharpness < 0.05
    assert found.noise == pytest.approx(12.0, rel=0.1)
    assert {Advice.NOISY} <= set(found.advice)


def test_a_lens_that_was_sharper_a_moment_ago_is_told() -> None:
    clock = HandClock(0.0, 0.0)
    stage, meter = StagedCabin(clock), AimMeter()
    said = []
    for number in range(8):
        clock.mono_s = 2.0 + 0.5 * number
        frame = stage.read()
        if number > 3:
            frame = replace(frame, grey=np.asarray(cv2.GaussianBlur(frame.grey, (0, 0), 0.8), np.uint8))
        said.append(meter.update(frame, ()))
    sharp, soft = said[3], said[7]
    assert sharp is not None
    assert soft is not None
    assert Advice.FOCUS not in sharp.advice
    assert Advice.FOCUS in soft.advice
    assert soft.sharpest == pytest.approx(sharp.sharpest)


def test_it_measures_twice_a_second_and_not_over_a_change_of_size() -> None:
    meter = AimMeter()
    picture = np.random.default_rng(0).integers(0, 255, (60, 80), dtype=np.uint8)
    times = [number / 15.0 for number in range(45)]
    found = [at_s for at_s in times if meter.update(Frame(0, at_s, picture), ()) is not None]
    assert np.diff(found) == pytest.approx(EVERY_S, abs=1 / 15)
    assert meter.update(Frame(0, 9.0, picture[:40]), ()) is None


GOOD = FaceAim(
    box=(270.0, 150.0, 100.0, 130.0),
    px_per_m=500.0,
    low_px_per_m=420.0,
    high_px_per_m=630.0,
    looked_px_per_m=500.0,
    pixel_class=PixelClass.IDENTIFY,
    verdict=FaceVerdict.PROPER,
    cover=Cover.NONE,
    roll_deg=0.0,
    yaw_deg=0.0,
    pitch_deg=0.0,
    sharpness=0.3,
    light=120.0,
)


@pytest.mark.parametrize(
    ("face", "said"),
    [
        (GOOD, ()),
        (None, (Advice.NOBODY,)),
        (replace(GOOD, px_per_m=240.0), (Advice.CLOSER,)),
        (replace(GOOD, box=(200.0, 60.0, 260.0, 330.0)), (Advice.FARTHER,)),
        (replace(GOOD, box=(20.0, 150.0, 100.0, 130.0)), (Advice.TURN_LEFT,)),
        (replace(GOOD, box=(520.0, 150.0, 100.0, 130.0)), (Advice.TURN_RIGHT,)),
        (replace(GOOD, box=(270.0, 0.0, 100.0, 130.0)), (Advice.TILT_UP,)),
        (replace(GOOD, box=(270.0, 340.0, 100.0, 130.0)), (Advice.TILT_DOWN,)),
        (replace(GOOD, roll_deg=-14.0), (Advice.LEVEL,)),
        (replace(GOOD, pitch_deg=-18.0), (Advice.LOWER,)),
        (replace(GOOD, pitch_deg=18.0), (Advice.HIGHER,)),
        (replace(GOOD, yaw_deg=25.0), (Advice.ASIDE,)),
        (replace(GOOD, light=30.0), (Advice.MORE_LIGHT,)),
        (replace(GOOD, light=220.0), (Advice.LESS_LIGHT,)),
    ],
)
def test_what_is_advised(face: FaceAim | None, said: tuple[Advice, ...]) -> None:
    aim = Aim(0.0, (640, 480), 0.05, 0.05, 120.0, 0.0, 0.0, 2.0, 0 if face is None else 1, face)
    assert with_advice(aim).advice == said


def test_the_classes_of_the_standard() -> None:
    """IEC 62676-4:2014: monitor 12.5, detect 25, observe 62.5, recognise 125, identify 250, inspect 1000."""
    levels = [0.0, 12.5, 25.0, 62.5, 125.0, 250.0, 1000.0]
    assert [pixel_class(level) for level in levels] == list(PixelClass)
    assert [pixel_class(level - 0.1) for level in levels[1:]] == list(PixelClass)[:-1]


def test_a_turned_head_is_as_wide_as_it_is() -> None:
    marks = ((100.0, 100.0), (130.0, 140.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0))
    face = Face((0, 0, 1, 1), 1.0, marks, FaceVerdict.PROPER, Cover.NONE, 0.0, 0.0, 0.0, 0.0)
    assert eyes_px(face) == pytest.approx(50.0)
    assert eyes_px(replace(face, yaw_deg=-35.0)) == pytest.approx(50.0 / math.cos(math.radians(35.0)))
    assert eyes_px(replace(face, yaw_deg=85.0)) == pytest.approx(100.0), "there the eyes say nothing more"
