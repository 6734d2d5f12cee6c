"""A face into a template: the aligned cut, every gate by name, and the delivered network on two people."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.identity.likeness import between, likeness, read_points
from edge.terms.identity import TEMPLATE_NUMBERS, NoTemplate, OwnerLook, Template
from edge.terms.observation import Cover, Face, FaceVerdict, Unclear
from edge.vision.face.align import Landmarks
from edge.vision.face.embed import MODEL, PLACES, SIZE_PX, Embedder, cut_of
from edge.vision.face.owner import OwnerSeer
from edge.vision.face.seer import FaceSeer
from edge.vision.look import Look
from edge.vision.network import ModelFault
from edge.vision.seers import SEERS, Seer
from hw.camera.port import Frame
from hw.camera.scene import PHOTOGRAPHS
from hw.camera.staged import bare
from tests.worlds.eyes_cameras import one_face

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def embedder(repo: Path) -> Embedder:
    return Embedder.open(repo / "models")


def photograph(index: int, size: float = 1.0, roll_deg: float = 0.0) -> tuple[Picture, Landmarks]:
    """One of the two shipped portraits on plain ground, and its landmarks."""
    layer, marks = bare(PHOTOGRAPHS[index]), PHOTOGRAPHS[index].marks
    share = layer[:, :, 3:].astype(np.float32) / 255.0
    picture = np.asarray(layer[:, :, :3] * share + 130.0 * (1.0 - share), np.uint8)
    turn = cv2.getRotationMatrix2D(marks.nose, roll_deg, size)
    turned = cv2.warpAffine(picture, turn, picture.shape[1::-1], borderValue=(130, 130, 130))
    points = (marks.eye_l, marks.eye_r, marks.nose, marks.mouth_l, marks.mouth_r)
    a, b, c, d, e = (tuple(float(n) for n in turn @ (x, y, 1.0)) for x, y in points)
    return np.asarray(turned, np.uint8), (
        (a[0], a[1]),
        (b[0], b[1]),
        (c[0], c[1]),
        (d[0], d[1]),
        (e[0], e[1]),
    )


def face_at(marks: Landmarks, width: float = 120.0) -> Face:
    x, y = marks[2]
    box = (x - width / 2, y - width / 2, width, 1.2 * width)
    return Face(box, 0.9, marks, FaceVerdict.PROPER, Cover.NONE, -6.0, -4.0, 0.0, 0.0)


@pytest.mark.parametrize(("size", "roll_deg"), [(1.0, 0.0), (0.5, 25.0), (1.4, -70.0)])
def test_eyes_nose_and_mouth_come_to_their_places(size: float, roll_deg: float) -> None:
    picture = np.zeros((300, 300), np.uint8)
    turn = cv2.getRotationMatrix2D((64.0, 64.0), roll_deg, size)
    points = np.column_stack([PLACES, np.ones(5)]) @ turn.T + 80.0
    a, b, c, d, e = ((float(x), float(y)) for x, y in points)
    for x, y in points:
        cv2.circle(picture, (round(x * 16), round(y * 16)), 24, (255,), -1, cv2.LINE_AA, shift=4)
    cut = cut_of(picture, (a, b, c, d, e))
    assert cut.shape == (SIZE_PX, SIZE_PX, 3)
    for x, y in PLACES:
        assert cut[round(y), round(x)].min() > 120
    assert cut.mean() < 30


def test_a_larger_colour_picture_is_cut_where_the_grey_one_has_the_face() -> None:
    large, marks = photograph(0)
    small = cv2.resize(large, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    a, b, c, d, e = ((x / 2, y / 2) for x, y in marks)
    beside = np.abs(
        cut_of(large, marks).astype(np.int16) - cut_of(large, (a, b, c, d, e), factor=2.0).astype(np.int16)
    )
    assert beside.max() <= 1
    assert cut_of(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8), (a, b, c, d, e)).std() > 20


def test_the_two_shipped_portraits_are_two_people_and_each_stays_one(embedder: Embedder, repo: Path) -> None:
    points = read_points(repo / "models")
    seen: list[list[Template]] = []
    for index in (0, 1):
        looks = [
            embedder.template(cut_of(*photograph(index, size, roll)))
            for size, roll in ((1.0, 0.0), (0.7, 8.0), (1.2, -12.0))
        ]
        picture, marks = photograph(index)
        dark = np.asarray(picture * 0.4, np.uint8)
        looks.append(embedder.template(cut_of(dark, marks)))
        looks.append(embedder.template(cut_of(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)), marks)))
        seen.append(looks)
        assert min(likeness(look, looks[:1]) for look in looks[1:]) > points.same
    assert max(between(one, other) for one in seen[0] for other in seen[1]) < points.another


def test_a_template_has_all_its_numbers_and_uses_their_range(embedder: Embedder) -> None:
    template = embedder.template(cut_of(*photograph(1)))
    numbers = np.frombuffer(template.numbers, np.int8)
    assert len(numbers) == TEMPLATE_NUMBERS
    assert abs(numbers.astype(int)).max() == 127


PICTURE, MARKS = photograph(0)
GOOD = face_at(MARKS)


def looked(embedder: Embedder, *faces: Face, picture: Picture = PICTURE) -> NoTemplate | None:
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    look = embedder.look(Frame(1, 0.0, grey, picture), faces)
    assert (look.template is None) is (look.missing is not None)
    return look.missing


@pytest.mark.parametrize(
    ("face", "why"),
    [
        (GOOD, None),
        (replace(GOOD, verdict=FaceVerdict.COVERED), NoTemplate.COVERED),
        (replace(GOOD, covered_logit=-1.5), NoTemplate.COVERED),
        (replace(GOOD, verdict=FaceVerdict.TURNED), NoTemplate.TURNED),
        (replace(GOOD, yaw_deg=-33.0), NoTemplate.TURNED),
        (replace(GOOD, pitch_deg=28.0), NoTemplate.TURNED),
        (face_at(MARKS, 30.0), NoTemplate.SMALL),
    ],
)
def test_a_face_that_is_not_fit_is_not_compared_and_that_has_a_name(
    embedder: Embedder, face: Face, why: NoTemplate | None
) -> None:
    assert looked(embedder, face) is why


@pytest.mark.parametrize(
    ("unclear", "why"),
    [
        (Unclear.SMALL, NoTemplate.SMALL),
        (Unclear.DARK, NoTemplate.DARK),
        (Unclear.BRIGHT, NoTemplate.BRIGHT),
        (Unclear.BLURRED, NoTemplate.BLURRED),
        (Unclear.CUT, NoTemplate.CUT),
        (Unclear.CUT_ASIDE, NoTemplate.CUT),
        (Unclear.UPSIDE_DOWN, NoTemplate.TURNED),
        (Unclear.UNDECIDED, NoTemplate.UNCLEAR),
        (Unclear.NONE, NoTemplate.UNCLEAR),
    ],
)
def test_what_the_check_could_not_judge_is_not_compared(
    embedder: Embedder, unclear: Unclear, why: NoTemplate
) -> None:
    assert looked(embedder, replace(GOOD, verdict=FaceVerdict.UNCLEAR, unclear_why=unclear)) is why


def test_none_or_several_are_nobody(embedder: Embedder) -> None:
    assert looked(embedder) is NoTemplate.NO_FACE
    assert looked(embedder, GOOD, replace(GOOD, box=(300.0, 80.0, 90.0, 110.0))) is NoTemplate.SEVERAL
    assert looked(embedder, GOOD, replace(GOOD, box=(300.0, 80.0, 15.0, 18.0))) is None, "a poster"


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (np.asarray(PICTURE * 0.06, np.uint8), NoTemplate.DARK),
        (np.asarray(np.clip(PICTURE.astype(np.int16) + 200, 0, 255), np.uint8), NoTemplate.BRIGHT),
        (np.asarray(cv2.GaussianBlur(PICTURE, (0, 0), 14.0), np.uint8), NoTemplate.BLURRED),
    ],
)
def test_a_poor_picture_of_a_fit_face_is_not_compared(
    embedder: Embedder, picture: Picture, why: NoTemplate
) -> None:
    assert looked(embedder, GOOD, picture=picture) is why


def test_a_file_of_another_network_or_a_contract_without_its_gates_is_refused(
    repo: Path, tmp_path: Path
) -> None:
    for name in ("face_check.tflite", "face_check.json"):
        shutil.copy(repo / "models" / name, tmp_path / name.replace("face_check", "face_embed"))
    with pytest.raises(ModelFault) as raised:
        Embedder.open(tmp_path)
    assert raised.value.code == "model_wrong"
    shutil.copy(repo / "models" / MODEL, tmp_path / MODEL)
    contract = json.loads((repo / "models" / "face_embed.json").read_text())
    del contract["operating_points"]["yaw_deg"]
    (tmp_path / "face_embed.json").write_text(json.dumps(contract))
    with pytest.raises(ModelFault) as raised:
        Embedder.open(tmp_path)
    assert (raised.value.code, "yaw_deg" in raised.value.detail) == ("model_wrong", True)


@pytest.mark.slow
def test_the_eyes_look_for_the_owner_twice_a_second_while_asked_and_at_frames_with_new_faces() -> None:
    numbers: list[int] = []

    def looks(frame: Frame, faces: object) -> OwnerLook:
        numbers.append(frame.number)
        return OwnerLook(missing=NoTemplate.UNCLEAR)

    look = Look([FaceSeer(one_face), OwnerSeer(looks)])
    ramp = np.linspace(60, 190, 160)[None] + 30 * np.sin(np.arange(120) / 5)[:, None]
    noise = np.random.default_rng(1)
    asked, got, new = [], 0, set()
    for number in range(150):
        if number in (30, 120):
            look.want_owner(number == 30)
        grey = np.clip(ramp + noise.normal(0, 3, ramp.shape), 0, 255).astype(np.uint8)
        seen = look(Frame(number, 5.0 + number / 15.0, grey))
        got += seen.owner is not None
        if seen.owner is not None:
            asked.append(number)
        if seen.face_motion is not None or seen.faces:
            new.add(number)
    assert numbers == asked
    assert all(30 <= number < 120 for number in asked)
    assert 10 <= got <= 6.0 / SEERS[Seer.OWNER].every_s + 1
    assert set(asked) <= new
    assert look.troubles == ()
