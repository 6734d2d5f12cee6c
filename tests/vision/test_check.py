"""The face check: geometry, light, verdicts, and the shipped network on a portrait in the public domain."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.settings.schema import CoverName, Settings
from edge.terms.observation import Box, Cover, Face, FaceVerdict, Unclear
from edge.vision.face.align import EXTENT, SIZE_PX, Frame, Landmarks, align, frame_of, matrix_of, normalise
from edge.vision.face.check import (
    AS_IS,
    COVERS,
    LABELS,
    MIRRORED,
    STILL,
    Checker,
    Limits,
    Quality,
    Reading,
    View,
    judge_face,
    quality_of,
    turned_logit,
    unclear_why,
)
from edge.vision.face.faces import Faces
from edge.vision.network import ModelFault, Network, read_contract
from tests.worlds.portrait import portrait as shipped_portrait

MODELS = Path(__file__).parents[2] / "models"
LIMITS = Limits(min_face_px=20, min_dark=35, max_bright=225, min_sharpness=0.06, doubt=2.0)
GOOD = Quality(dark=200, bright=40, sharpness=0.3)

# The NASA portrait of Eileen Collins (public domain), as a face detector sees it.
BOX = (178.2, 62.9, 89.9, 113.3)
MARKS = ((200.1, 101.8), (247.1, 102.6), (220.4, 124.5), (198.6, 142.8), (239.7, 143.6))

Grey = NDArray[np.uint8]


@pytest.fixture(scope="module")
def portrait() -> Grey:
    return np.asarray(cv2.cvtColor(shipped_portrait(), cv2.COLOR_BGR2GRAY), np.uint8)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker.open(MODELS)


def checked(
    checker: Checker, picture: Grey, box: Box, marks: Landmarks, views: Sequence[View] = AS_IS
) -> Face:
    face = checker.check(picture, box, 0.9, marks, views)
    assert face is not None
    return face


def look(checker: Checker, picture: Grey) -> Face:
    return checked(checker, picture, BOX, MARKS)


def five(points: Iterable[Sequence[float]]) -> Landmarks:
    """Eyes, nose and the mouth's corners as plain numbers."""
    eye_l, eye_r, nose, mouth_l, mouth_r = ((float(x), float(y)) for x, y in points)
    return eye_l, eye_r, nose, mouth_l, mouth_r


def moved(picture: Grey, degrees: float, scale: float) -> tuple[Grey, Box, Landmarks]:
    """The picture turned and scaled about the face, with its box and landmarks."""
    m = cv2.getRotationMatrix2D((220.0, 120.0), degrees, scale)
    turned = cv2.warpAffine(picture, m, (512, 512), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    points = np.array(MARKS) @ m[:, :2].T + m[:, 2]
    centre = m @ np.array([BOX[0] + BOX[2] / 2, BOX[1] + BOX[3] / 2, 1.0])
    w, h = BOX[2] * scale, BOX[3] * scale
    box = (float(centre[0]) - w / 2, float(centre[1]) - h / 2, w, h)
    return np.asarray(turned, np.uint8), box, five(points)


def masked(picture: Grey, tone: int = 215, top: float = 0.35) -> Grey:
    """A plain mask drawn over nose, mouth and chin; `top` 1 puts its upper edge at the mouth."""
    out = picture.copy()
    y = 102 + top * 41
    outline = [
        (184, y + 6),
        (205, y + 2),
        (222, y - 3),
        (240, y + 2),
        (262, y + 8),
        (258, 150),
        (240, 172),
        (222, 178),
        (203, 172),
        (187, 150),
    ]
    cv2.fillPoly(out, [np.array(outline, np.int32)], (tone,), cv2.LINE_AA)
    for k in range(3):
        cv2.line(out, (192, int(y) + 16 + 11 * k), (254, int(y) + 17 + 11 * k), (tone - 25,), 1, cv2.LINE_AA)
    return out


def shaded(picture: Grey) -> Grey:
    """Black glasses over both eyes."""
    out = picture.copy()
    for x, y in MARKS[:2]:
        cv2.ellipse(out, (round(x), round(y) + 2), (20, 15), 0, 0, 360, (18,), -1, cv2.LINE_AA)
    cv2.line(out, (216, 100), (230, 100), (18,), 3)
    cv2.line(out, (180, 99), (186, 101), (18,), 3)
    return out


# Geometry


@pytest.mark.slow
@given(x=st.floats(20, 400), y=st.floats(20, 400), size=st.floats(12, 300), roll=st.floats(-0.7, 0.7))
def test_a_turned_face_stands_upright_in_the_cut(x: float, y: float, size: float, roll: float) -> None:
    upright = np.array([(-0.2, -0.18), (0.2, -0.18), (0, 0.03), (-0.17, 0.22), (0.17, 0.22)]) * size
    c, s = math.cos(roll), math.sin(roll)
    points = upright @ np.array([[c, s], [-s, c]]) + [x, y]
    box = (x - size * 0.44, y - size * 0.56, size * 0.88, size * 1.13)
    frame = frame_of(box, five(points))
    m = matrix_of(frame)
    seen = points @ m[:, :2].T + m[:, 2]
    assert abs(seen[0, 1] - seen[1, 1]) < 1.0
    assert seen[0, 0] < seen[1, 0]
    assert seen[:, 1].max() > seen[0, 1]
    assert (seen > 0.2 * SIZE_PX).all()
    assert (seen < 0.8 * SIZE_PX).all()


def test_landmarks_in_one_point_leave_the_box_in_charge() -> None:
    frame = frame_of((10, 20, 40, 50), ((30, 45),) * 5)
    assert frame.roll_rad == 0.0
    assert (frame.x, frame.y) == (30.0, 45.0)
    assert 0.6 * math.sqrt(2000) <= frame.size <= math.sqrt(2000)


def test_an_empty_box_gives_a_cut_and_no_error() -> None:
    cut = align(np.full((5, 5), 7, np.uint8), frame_of((2, 2, 0, 0), None))
    assert cut.shape == (SIZE_PX, SIZE_PX)
    assert (cut == 7).all()


def test_a_face_beyond_the_edge_is_filled_with_the_last_pixels() -> None:
    picture = np.tile(np.arange(50, 150, dtype=np.uint8), (100, 1))
    cut = align(picture, Frame(0.0, 50.0, 60.0, 0.0))
    assert (cut[:, : SIZE_PX // 2 - 2] == 50).all()
    assert cut[:, -1].min() > 80


def test_a_large_face_is_made_small_by_areas_and_stays_in_place() -> None:
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 256, (120, 120), dtype=np.uint8)
    small = np.asarray(cv2.GaussianBlur(rough, (0, 0), 4), np.uint8)
    large = cv2.resize(small, (1200, 1200), interpolation=cv2.INTER_CUBIC)
    noise = rng.choice(np.array([-60, 60], np.int16), large.shape)
    noisy = np.clip(large.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    # Pixel centres: (x + 0.5) * 10 - 0.5.
    a = align(small, Frame(60.0, 60.0, 50.0, 0.1))
    b = align(noisy, Frame(604.5, 604.5, 500.0, 0.1))
    assert np.abs(a.astype(int) - b.astype(int)).mean() < 6


def test_exposure_and_contrast_make_no_difference_to_the_network() -> None:
    rng = np.random.default_rng(1)
    rough = rng.integers(20, 230, (9, 9), dtype=np.uint8)
    cut = np.asarray(cv2.resize(rough, (SIZE_PX, SIZE_PX)), np.uint8)
    dim = (cut * 0.5 + 60).astype(np.uint8)
    a, b = normalise(cut), normalise(dim)
    assert a.dtype == np.int8
    assert np.abs(a.astype(int) - b.astype(int)).max() <= 6
    assert (normalise(np.full((SIZE_PX, SIZE_PX), 90, np.uint8)) == 0).all()


# Light and sharpness


def test_quality_tells_dark_bright_and_blurred(portrait: Grey) -> None:
    cut = align(portrait, frame_of(BOX, MARKS))
    assert unclear_why(BOX, quality_of(cut), LIMITS) == ""
    assert unclear_why(BOX, quality_of((cut * 0.1).astype(np.uint8)), LIMITS) == "dark"
    assert unclear_why(BOX, quality_of((cut * 0.05 + 240).astype(np.uint8)), LIMITS) == "bright"
    blurred = np.asarray(cv2.GaussianBlur(cut, (0, 0), 9), np.uint8)
    assert unclear_why(BOX, quality_of(blurred), LIMITS) == "blurred"
    assert unclear_why((0, 0, 12, 15), GOOD, LIMITS) == "small"


# Verdicts


ASKEW = replace(LIMITS, sure_cover=6.0)


def judged(covered: float, turned: float = -3.0, why: str = "") -> Face:
    return judge_face(BOX, 0.9, MARKS, Reading(covered, Cover.SCARF, 0.0, 0.0, turned), Unclear(why), ASKEW)


P, C, T, U = FaceVerdict.PROPER, FaceVerdict.COVERED, FaceVerdict.TURNED, FaceVerdict.UNCLEAR

WHOLE_TABLE = {
    # log odds of a cover:  -9  -1  0.1   5   7
    ("frontal", ""): (P, P, C, C, C),
    ("turned", ""): (T, T, T, T, C),
    ("frontal", "small"): (U, U, U, U, U),
    ("turned", "small"): (U, U, U, U, U),
    **{("frontal", why): (P, U, U, C, C) for why in ("dark", "bright", "blurred")},
    **{("turned", why): (T, U, U, T, C) for why in ("dark", "bright", "blurred")},
}


@pytest.mark.parametrize(("stands", "why"), WHOLE_TABLE)
def test_pose_comes_before_cover_unless_the_cover_is_sure(stands: str, why: str) -> None:
    turned = 0.1 if stands == "turned" else -3.0
    verdicts = WHOLE_TABLE[stands, why]
    for covered, verdict in zip((-9.0, -1.0, 0.1, 5.0, 7.0), verdicts, strict=True):
        face = judged(covered, turned, why)
        assert face.verdict is verdict, covered
        assert (face.cover is Cover.SCARF) == (verdict is C)
        assert face.unclear_why == (why if verdict is U else "")
        # What the judge adds up over time: of a turned face neither a cover nor a bare face.
        assert face.covered_logit == (0.0 if verdict is T else covered)
        assert face.turned_logit == turned


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll", "turned"),
    [
        (34, 24, 44, False),
        (-34, 0, -44, False),
        (36, 0, 0, True),
        (-36, 0, 0, True),
        (0, 26, 0, True),
        (0, -26, 0, True),
        (0, 0, 46, True),
        (0, 0, -46, True),
    ],
)
def test_turned_begins_at_the_limits(yaw: float, pitch: float, roll: float, turned: bool) -> None:
    limits = replace(LIMITS, roll_deg=45.0)
    assert (turned_logit(yaw, pitch, roll, limits, 8.0) > 0) is turned
    assert turned_logit(30, 0, 0, replace(limits, yaw_deg=20.0), 8.0) > 0


# The network


def test_every_cover_the_network_knows_has_a_word() -> None:
    assert LABELS[0] == "bare"
    from edge.vision.face.check import _COVER

    assert set(_COVER) == set(LABELS[1:])


def test_the_settings_name_what_the_network_can_tell() -> None:
    assert get_args(CoverName) == LABELS[1:]
    assert Settings().face.covers == COVERS


POINTS = {
    "covered_scale": 1.0,
    "covered_bias": 0.0,
    "covered_cut": 0.5,
    "min_face_px": 16.0,
    "min_dark": 0.0,
    "max_bright": 255.0,
    "min_sharpness": 0.0,
    "doubt": 0.0,
    "turned_sigma_deg": 9.0,
}


class Says(Network):
    """A network that says one class of every face, sure or less so, in place of the shipped one."""

    def __init__(
        self,
        logits: Mapping[str, float],
        points: Mapping[str, float] = POINTS,
        third: str = "face",
        face: float = 0.0,
    ) -> None:
        shipped = read_contract(MODELS / "face_check.json")
        cover, pose, other = shipped.outputs
        outputs = (cover, pose, msgspec.structs.replace(other, name=third))
        self.contract = msgspec.structs.replace(shipped, outputs=outputs, operating_points=dict(points))
        self._face = np.array([[face]], np.float32)
        self._cover = np.array([[logits.get(label, 0.0) for label in LABELS]], np.float32)

    def run_real(self, picture: NDArray[np.int8]) -> tuple[NDArray[np.float32], ...]:
        return self._cover, np.zeros((1, 2), np.float32), self._face


def said(covers: tuple[str, ...], **logits: float) -> tuple[FaceVerdict, Cover]:
    face = look(Checker(Says(logits), covers), np.full((300, 300), 90, np.uint8))
    return face.verdict, face.cover


def test_an_open_helmet_is_bare_unless_a_site_refuses_it() -> None:
    proper, helmet = (FaceVerdict.PROPER, Cover.NONE), (FaceVerdict.COVERED, Cover.HELMET)
    assert said(COVERS, open_helmet=8.0) == proper
    assert said((*COVERS, "open_helmet"), open_helmet=8.0) == helmet
    assert said((*COVERS, "open_helmet"), bare=8.0) == proper
    # Whatever is refused, a closed one is a helmet.
    assert said(COVERS, helmet=8.0) == helmet


def test_a_prior_speaks_for_its_class_alone() -> None:
    def judged(prior: float, **logits: float) -> Face:
        network = Says(logits, {**POINTS, "prior_glasses": prior})
        return look(Checker(network), np.full((300, 300), 90, np.uint8))

    for prior in (0.0, 2.0):
        face = judged(prior, bare=1.0, glasses=0.5)
        odds = math.log((6 + math.exp(0.5 + prior)) / (math.e + 1))
        assert face.covered_logit == pytest.approx(odds - 0.5, abs=1e-5)
        assert face.cover is Cover.GLASSES
    # It says whether a face is covered, not by what.
    assert judged(2.0, hand=1.0, glasses=0.5).cover is Cover.HAND


def test_what_shows_no_face_is_none_and_older_contracts_never_say_so() -> None:
    grey = np.full((300, 300), 90, np.uint8)

    def seen(face: float, third: str = "face", **points: float) -> Face | None:
        return Checker(Says({"mask": 8.0}, {**POINTS, **points}, third, face)).check(grey, BOX, 0.9, MARKS)

    assert seen(-2.1, face_cut=-2.0) is None
    assert seen(-1.9, face_cut=-2.0) is not None
    assert seen(-50.0, third="eyes") is not None
    with pytest.raises(ModelFault, match="outputs"):
        Checker(_Exchanged({}))


class _Exchanged(Says):
    """A network whose first two outputs stand the other way round."""

    def __init__(self, logits: Mapping[str, float]) -> None:
        super().__init__(logits)
        pose, cover, face = self.contract.outputs
        self.contract = msgspec.structs.replace(self.contract, outputs=(cover, pose, face))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prior_sunglasses", 1.0),
        ("Prior_mask", 1.0),
        ("prior_mask", 1e6),
        ("covered_scale", -1.0),
        ("turned_sigma_deg", 0.0),
    ],
)
def test_a_senseless_operating_point_is_refused(tmp_path: Path, name: str, value: float) -> None:
    with pytest.raises(ModelFault) as raised:
        Checker.open(copy_with(tmp_path, **{name: value}))
    assert raised.value.code == "model_wrong"


def test_zero_is_the_operating_point() -> None:
    """The judge adds these numbers up: what one picture lets pass must not count as covered there."""
    grey = np.full((300, 300), 90, np.uint8)
    for bare, verdict in ((math.log(7.0), FaceVerdict.PROPER), (0.0, FaceVerdict.COVERED)):
        face = look(Checker(Says({"bare": bare})), grey)
        assert face.covered_logit == pytest.approx(math.log(7 / (math.exp(bare) + 1)) - 0.5, abs=1e-5)
        assert face.verdict is verdict


@pytest.mark.parametrize("cover", COVERS)
def test_a_cover_that_a_site_allows_is_bare(cover: str) -> None:
    rest = tuple(name for name in COVERS if name != cover)
    assert said(COVERS, **{cover: 8.0})[0] is FaceVerdict.COVERED
    assert said(rest, **{cover: 8.0})[0] is FaceVerdict.PROPER
    # Two at once: the refused one counts and is what the prompt names.
    other = rest[0]
    verdict = said(rest, **{cover: 8.0, other: 9.5})
    assert verdict[0] is FaceVerdict.COVERED
    assert verdict == said(rest, **{other: 9.5})


@pytest.mark.parametrize("covers", [(), ("bare",), ("mask", "beard")])
def test_covers_that_mean_nothing_are_refused(covers: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="covers are some of mask"):
        Checker(Says({}), covers)


def test_a_bare_face_is_proper(checker: Checker, portrait: Grey) -> None:
    face = look(checker, portrait)
    assert face.verdict is FaceVerdict.PROPER
    assert face.cover is Cover.NONE
    assert abs(face.yaw_deg) < 20
    assert abs(face.pitch_deg) < 15


@pytest.mark.parametrize("tone", [30, 120, 215, 245])
def test_a_mask_covers(checker: Checker, portrait: Grey, tone: int) -> None:
    face = look(checker, masked(portrait, tone))
    assert face.verdict is FaceVerdict.COVERED
    assert face.covered_logit > look(checker, portrait).covered_logit + 3


def test_a_mask_under_the_nose_covers(checker: Checker, portrait: Grey) -> None:
    assert look(checker, masked(portrait, 215, top=0.8)).verdict is FaceVerdict.COVERED


def test_dark_glasses_cover(checker: Checker, portrait: Grey) -> None:
    face = look(checker, shaded(portrait))
    assert (face.verdict, face.cover) == (FaceVerdict.COVERED, Cover.GLASSES)


@pytest.mark.parametrize("degrees", [-25, -10, 10, 25])
def test_a_tilted_head_changes_nothing(checker: Checker, portrait: Grey, degrees: float) -> None:
    for picture, verdict in ((portrait, FaceVerdict.PROPER), (masked(portrait), FaceVerdict.COVERED)):
        turned, box, marks = moved(picture, degrees, 1.0)
        assert checked(checker, turned, box, marks).verdict is verdict


@pytest.mark.parametrize("scale", [0.35, 0.6, 1.5])
def test_distance_changes_nothing(checker: Checker, portrait: Grey, scale: float) -> None:
    for picture, verdict in ((portrait, FaceVerdict.PROPER), (masked(portrait), FaceVerdict.COVERED)):
        scaled, box, marks = moved(picture, 0, scale)
        assert checked(checker, scaled, box, marks).verdict is verdict


def test_dim_and_mirrored_change_nothing(checker: Checker, portrait: Grey) -> None:
    dim = (portrait * 0.3).astype(np.uint8)
    assert look(checker, dim).verdict is FaceVerdict.PROPER
    mirrored = np.ascontiguousarray(portrait[:, ::-1])
    box = (512 - BOX[0] - BOX[2], BOX[1], BOX[2], BOX[3])
    marks = five((511 - MARKS[i][0], MARKS[i][1]) for i in (1, 0, 2, 4, 3))
    there = checked(checker, mirrored, box, marks)
    assert there.verdict is FaceVerdict.PROPER
    assert abs(there.yaw_deg + look(checker, portrait).yaw_deg) < 12


def test_the_same_picture_gives_the_same_numbers(checker: Checker, portrait: Grey) -> None:
    assert look(checker, portrait) == look(Checker.open(MODELS), portrait)


# The contract


def copy_with(folder: Path, **points: float | None) -> Path:
    shutil.copy(MODELS / "face_check.tflite", folder)
    contract = json.loads((MODELS / "face_check.json").read_text())
    for name, value in points.items():
        if value is None:
            del contract["operating_points"][name]
        else:
            contract["operating_points"][name] = value
    (folder / "face_check.json").write_text(json.dumps(contract))
    return folder


@pytest.mark.parametrize("name", ["covered_cut", "covered_scale", "turned_sigma_deg", "min_face_px"])
def test_a_contract_without_an_operating_point_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelFault, match=name) as raised:
        Checker.open(copy_with(tmp_path, **{name: None}))
    assert raised.value.code == "model_wrong"


def test_the_operating_point_moves_the_verdict(tmp_path: Path, portrait: Grey) -> None:
    assert look(Checker.open(copy_with(tmp_path, covered_cut=-50.0)), portrait).verdict is FaceVerdict.COVERED


def test_a_found_box_that_shows_no_face_is_dropped(tmp_path: Path, portrait: Grey) -> None:
    for part in ("face_find.tflite", "face_find.json"):
        shutil.copy(MODELS / part, tmp_path)
    assert [f.verdict for f in Faces(copy_with(tmp_path))(portrait)] == [FaceVerdict.PROPER]
    assert Faces(copy_with(tmp_path, face_cut=1000.0))(portrait) == ()


def test_a_damaged_update_leaves_the_previous_model(tmp_path: Path, portrait: Grey) -> None:
    (tmp_path / "previous").mkdir()
    copy_with(tmp_path / "previous")
    copy_with(tmp_path)
    content = bytearray((tmp_path / "face_check.tflite").read_bytes())
    content[5000] ^= 1
    (tmp_path / "face_check.tflite").write_bytes(content)
    checker = Checker.open(tmp_path)
    assert [fault.code for fault in checker.refused] == ["model_damaged"]
    assert look(checker, portrait).verdict is FaceVerdict.PROPER


def test_no_model_is_a_named_fault(tmp_path: Path) -> None:
    with pytest.raises(ModelFault) as raised:
        Checker.open(tmp_path)
    assert raised.value.code == "model_missing"


def test_the_cut_is_wide_enough_for_chin_and_forehead() -> None:
    m = matrix_of(frame_of(BOX, MARKS))
    corners = np.array([(BOX[0], BOX[1]), (BOX[0] + BOX[2], BOX[1] + BOX[3])]) @ m[:, :2].T + m[:, 2]
    assert corners.min() > 0
    assert corners.max() < SIZE_PX
    assert EXTENT > 1.2


def test_views_are_averaged(checker: Checker, portrait: Grey) -> None:
    one, other, both = (
        checked(checker, portrait, BOX, MARKS, views) for views in (AS_IS, MIRRORED, AS_IS + MIRRORED)
    )
    for name in ("yaw_deg", "pitch_deg"):
        assert getattr(both, name) == pytest.approx((getattr(one, name) + getattr(other, name)) / 2)
    low, high = sorted((one.covered_logit, other.covered_logit))
    assert low - 0.5 <= both.covered_logit <= high + 0.5
    assert checked(checker, portrait, BOX, MARKS, STILL).verdict is FaceVerdict.PROPER
