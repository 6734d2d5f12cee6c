"""Finder and checker together: one verdict a picture, whatever its size and colours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.terms.observation import Cover, Face, FaceVerdict, PictureVerdict
from edge.vision.face.faces import Faces, persons, picture_verdict, to_grey
from tests.worlds.portrait import portrait as shipped_portrait

MODELS = Path(__file__).parents[2] / "models"
Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def faces() -> Faces:
    return Faces(MODELS)


@pytest.fixture(scope="module")
def portrait() -> Picture:
    """The NASA portrait of Eileen Collins (public domain), blue first."""
    return shipped_portrait()


def masked(picture: Picture) -> Picture:
    """A light mask drawn over nose, mouth and chin of the portrait."""
    out = picture.copy()
    outline = [(182, 124), (205, 119), (222, 113), (240, 119), (263, 125), (258, 150), (240, 172), (222, 178)]
    outline += [(203, 172), (187, 150)]
    cv2.fillPoly(out, [np.array(outline, np.int32)], (225, 200, 170), cv2.LINE_AA)
    for k in range(4):
        cv2.line(out, (192, 132 + 9 * k), (254, 133 + 9 * k), (200, 175, 150), 1, cv2.LINE_AA)
    return out


def face(width: float, verdict: FaceVerdict = FaceVerdict.PROPER) -> Face:
    return Face(
        (0.0, 0.0, width, width * 1.3), 0.9, ((0.0, 0.0),) * 5, verdict, Cover.NONE, -3.0, -3.0, 0.0, 0.0
    )


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        ([], PictureVerdict.NONE),
        ([face(50)], PictureVerdict.PROPER),
        ([face(50, FaceVerdict.COVERED)], PictureVerdict.COVERED),
        ([face(50, FaceVerdict.TURNED)], PictureVerdict.TURNED),
        ([face(50, FaceVerdict.UNCLEAR)], PictureVerdict.UNCLEAR),
        ([face(50), face(40, FaceVerdict.COVERED)], PictureVerdict.SEVERAL),
        ([face(10), face(50, FaceVerdict.COVERED)], PictureVerdict.COVERED),
        ([face(15), face(50)], PictureVerdict.SEVERAL),
    ],
)
def test_a_picture_says_what_its_persons_say(shown: Sequence[Face], verdict: PictureVerdict) -> None:
    assert picture_verdict(shown) is verdict


def test_a_banknote_is_no_person() -> None:
    assert persons([face(10), face(60), face(30)]) == (face(60), face(30))


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4), np.float32), np.zeros((0, 4), np.uint8), np.zeros((4, 4, 2), np.uint8)]
)
def test_what_is_no_picture_is_refused(bad: Picture) -> None:
    with pytest.raises(ValueError, match="picture"):
        to_grey(bad)


@pytest.mark.slow
def test_grey_and_colour_are_one_picture(faces: Faces, portrait: Picture) -> None:
    head = np.ascontiguousarray(portrait[10:250, 90:350])
    grey = to_grey(head)
    alpha = np.dstack([head, np.full(head.shape[:2], 255, np.uint8)])
    seen = faces.look_at(grey)
    assert seen == faces.look_at(head) == faces.look_at(alpha) == faces.look_at(grey[:, :, None])
    assert (seen.verdict, seen.people) == (PictureVerdict.PROPER, 1)


@pytest.mark.slow
@pytest.mark.parametrize("side", [160, 320, 640, 1500])
def test_a_bare_face_is_proper_and_a_masked_one_covered_at_any_size(
    faces: Faces, portrait: Picture, side: int
) -> None:
    head = portrait[20:220, 120:320]
    cover = masked(portrait)[20:220, 120:320]
    way = cv2.INTER_AREA if side < 200 else cv2.INTER_CUBIC
    bare = faces.look_at(np.asarray(cv2.resize(head, (side, side), interpolation=way), np.uint8))
    covered = faces.look_at(np.asarray(cv2.resize(cover, (side, side), interpolation=way), np.uint8))
    assert bare.verdict is PictureVerdict.PROPER
    assert covered.verdict is PictureVerdict.COVERED
    assert covered.faces[0].cover is Cover.MASK


@pytest.mark.slow
@pytest.mark.parametrize("shade", [20, 150])
@pytest.mark.parametrize("left", [True, False])
def test_half_a_face_behind_something_is_covered_never_proper(
    faces: Faces, portrait: Picture, left: bool, shade: int
) -> None:
    head = portrait.copy()
    head[55:200, (175 if left else 223) : (223 if left else 275)] = shade
    seen = faces.look_at(head)
    assert seen.verdict in (PictureVerdict.COVERED, PictureVerdict.NONE)
    assert all(face.cover is Cover.OTHER for face in seen.faces)


@pytest.mark.slow
def test_the_box_is_in_the_pictures_own_pixels(faces: Faces, portrait: Picture) -> None:
    large = np.asarray(cv2.resize(portrait, (3000, 3000), interpolation=cv2.INTER_LINEAR), np.uint8)
    left, top, width, height = faces.look_at(large).faces[0].box
    assert abs(left + width / 2 - 223 * 3000 / 512) < 120
    assert abs(top + height / 2 - 120 * 3000 / 512) < 150


def test_two_persons_are_several(faces: Faces, portrait: Picture) -> None:
    head = portrait[20:240, 120:330]
    seen = faces.look_at(np.ascontiguousarray(np.hstack([head, head])))
    assert (seen.verdict, seen.people) == (PictureVerdict.SEVERAL, 2)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(32, 32), (32, 400), (480, 640), (3000, 4000)])
def test_an_empty_picture_shows_nobody(faces: Faces, shape: tuple[int, int]) -> None:
    seen = faces.look_at(np.full(shape, 128, np.uint8))
    assert (seen.verdict, seen.people, seen.faces) == (PictureVerdict.NONE, 0, ())


def test_a_video_frame_is_judged_alike(faces: Faces, portrait: Picture) -> None:
    for head, verdict in ((portrait, FaceVerdict.PROPER), (masked(portrait), FaceVerdict.COVERED)):
        frame = to_grey(head)[10:250, 60:380]
        assert [f.verdict for f in faces(np.ascontiguousarray(frame))] == [verdict]


def test_every_other_frame_is_seen_in_a_mirror(faces: Faces, portrait: Picture) -> None:
    frame = np.ascontiguousarray(to_grey(portrait)[10:250, 60:380])
    first, second, third, fourth = (faces(frame) for _ in range(4))
    assert first == third
    assert second == fourth
    assert first[0].box == second[0].box
    assert first[0].covered_logit != second[0].covered_logit
