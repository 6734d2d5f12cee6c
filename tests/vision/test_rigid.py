"""A print that moves shows no life however it is held; a blink shows, and how far is known before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.terms.observation import Cover, Face, FaceMotion, FaceVerdict, Point
from edge.vision.face.rigid import Rigid
from hw.camera.covers import Marks, shut_eyes
from tests.worlds.portrait import AT, portrait

Picture = NDArray[np.uint8]
Plane = NDArray[np.float64]
MARKS = Marks((189.8, 101.7), (230.0, 101.6), (209.1, 122.9), (192.1, 141.4), (228.1, 139.6))
"""Of the cut-out that `portrait` lays on a plain ground."""
WIDTH, HEIGHT = 360, 300
SIZE, MIDDLE = 0.9, (180.0, 150.0)
LOOK_S = 0.1


@cache
def head(shut: bool = False) -> Picture:
    whole = portrait()
    person = np.dstack([whole, np.full(whole.shape[:2], 255, np.uint8)])
    seen = shut_eyes(person, MARKS.moved(*AT)) if shut else person
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(seen[..., :3]), cv2.COLOR_BGR2GRAY), np.uint8)


@cache
def room(width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """Something that can be followed wherever one looks."""
    coarse = np.random.default_rng(3).integers(60, 200, (height // 8, width // 8), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def points() -> tuple[Point, ...]:
    return MARKS.eye_l, MARKS.eye_r, MARKS.nose, MARKS.mouth_l, MARKS.mouth_r


def held(right: float, down: float, tilt_deg: float, size: float = SIZE) -> Plane:
    """Where a print lies in the picture that is held so: pushed, and tilted about its upright middle line."""
    x, y = MARKS.nose[0] + AT[0], MARKS.nose[1] + AT[1]
    tilt = np.radians(tilt_deg)
    to_middle = np.array([[1.0, 0.0, -x], [0.0, 1.0, -y], [0.0, 0.0, 1.0]])
    turned = np.array([[np.cos(tilt), 0.0, 0.0], [0.0, 1.0, 0.0], [np.sin(tilt) / 700.0, 0.0, 1.0]])
    placed = np.array([[size, 0.0, MIDDLE[0] + right], [0.0, size, MIDDLE[1] + down], [0.0, 0.0, 1.0]])
    return np.asarray(placed @ turned @ to_middle, np.float64)


def face_at(plane: Plane) -> Face:
    """As a finder would say it, half a pixel off."""
    there = np.array([[x + AT[0], y + AT[1]] for x, y in points()])
    seen = cv2.perspectiveTransform(there[:, None, :], plane).reshape(-1, 2)
    wide = 2.2 * float(np.linalg.norm(seen[1] - seen[0]))
    left, top = seen.mean(axis=0) - (0.5 * wide, 0.6 * wide)
    marks = tuple((float(x) + 0.5, float(y)) for x, y in seen)
    box = (float(left), float(top), wide, 1.2 * wide)
    return Face(box, 0.99, marks, FaceVerdict.PROPER, Cover.NONE, -6.0, -5.0, 0.0, 0.0)  # type: ignore[arg-type]


def shown(plane: Plane, cut_out: bool, shut: bool = False) -> Picture:
    """A print with its ground, or `cut_out`: a head alone before the room, with noise."""
    background = room()
    there = cv2.warpPerspective(head(shut), plane, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    whole = np.full(head().shape, 255, np.uint8)
    if cut_out:
        whole[:] = 0
        cv2.ellipse(whole, (209 + AT[0], 112 + AT[1]), (52, 80), 0, 0, 360, (255,), -1)
    share = cv2.warpPerspective(whole, plane, (WIDTH, HEIGHT)).astype(np.float32) / 255.0
    seen = background * (1.0 - share) + there * share
    noise = np.random.default_rng(int(plane[0, 2] * 100) % 997).normal(0.0, 2.0, seen.shape)
    return np.asarray(np.clip(seen + noise, 0, 255), np.uint8)


def followed(looks: Iterable[tuple[Picture, Face]]) -> list[FaceMotion]:
    rigid = Rigid()
    said = [rigid.update(grey, (face,), index * LOOK_S) for index, (grey, face) in enumerate(looks)]
    return [one for one in said if one is not None]


def moving(index: int) -> Plane:
    t = index * LOOK_S
    return held(
        14.0 * np.sin(1.9 * t), 8.0 * np.sin(2.7 * t), 12.0 * np.sin(1.3 * t), SIZE * (1.0 + 0.04 * np.sin(t))
    )


def test_a_print_in_a_hand_is_flat_goes_along_and_shows_no_life() -> None:
    seen = followed((shown(moving(i), cut_out=False), face_at(moving(i))) for i in range(15))
    assert len(seen) == 14
    assert max(one.eyes for one in seen) < 2.5
    assert max(one.mouth for one in seen) < 2.5
    assert max(one.bent for one in seen) < 0.012
    assert 0.03 < max(one.moved for one in seen) < 0.5
    assert np.median([one.around for one in seen if one.around is not None]) > 0.8
    assert min(one.visible for one in seen) > 8.0


def test_what_stands_behind_a_head_does_not_go_along() -> None:
    seen = followed((shown(moving(i), cut_out=True), face_at(moving(i))) for i in range(15))
    along = [one.around for one in seen if one.around is not None]
    assert along
    assert abs(float(np.median(along))) < 0.2


def test_a_blink_shows_as_far_as_was_said_before() -> None:
    seen = followed((shown(moving(i), cut_out=True, shut=i in (6, 7)), face_at(moving(i))) for i in range(12))
    eyes = [one.eyes for one in seen]
    assert min(eyes[5:7]) > 0.3 * seen[0].visible
    assert max([*eyes[:5], *eyes[7:]]) < 2.5
    assert max(one.mouth for one in seen) < 2.5


def blurred(grey: Picture) -> Picture:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 5.0), np.uint8)


def dark(grey: Picture) -> Picture:
    return np.asarray(grey // 12, np.uint8)


@pytest.mark.parametrize("worse", [blurred, dark])
def test_where_a_blink_would_not_show_it_is_known(worse: Callable[[Picture], Picture]) -> None:
    seen = followed((worse(shown(moving(i), cut_out=False)), face_at(moving(i))) for i in range(6))
    assert all(one.visible < 8.0 for one in seen)


def test_only_a_bare_face_of_some_size_is_followed_and_another_one_is_not_compared() -> None:
    rigid, plane = Rigid(), moving(0)
    grey, face = shown(plane, cut_out=False), face_at(plane)
    assert rigid.update(grey, (), 0.0) is None
    assert rigid.update(grey, (replace(face, verdict=FaceVerdict.COVERED),), 0.1) is None
    assert rigid.update(grey, (replace(face, box=(160.0, 130.0, 40.0, 48.0)),), 0.2) is None
    assert rigid.update(grey, (face,), 0.3) is None, "there is nothing yet to compare with"
    assert rigid.update(grey, (face,), 0.4) is not None
    assert rigid.update(grey, (face,), 1.4) is None, "after a pause it may be somebody else"
    far = replace(face, landmarks=tuple((x + 150.0, y) for x, y in face.landmarks))  # type: ignore[arg-type]
    assert rigid.update(grey, (far,), 1.5) is None


def test_a_face_at_the_edge_of_the_picture_costs_no_look() -> None:
    grey = shown(held(-150.0, -90.0, 0.0), cut_out=False)
    face = face_at(held(-150.0, -90.0, 0.0))
    assert followed([(grey, face)] * 3)
    outside = replace(face, landmarks=tuple((x - 120.0, y) for x, y in face.landmarks))  # type: ignore[arg-type]
    assert not followed([(grey, outside)] * 3)
