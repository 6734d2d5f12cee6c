"""A still picture as a whole: a person is counted once, as a body, as a face or as both."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from edge.cli.look import describe
from edge.terms.observation import Box, Cover, Face, FaceVerdict, SceneSeen, Thing, ThingKind
from edge.vision.face.faces import Faces, Picture
from edge.vision.whole import WholePicture, belongs, count_people, open_whole
from tests.worlds.portrait import portrait

MODELS = Path(__file__).parents[2] / "models"
GREY = np.full((240, 320), 90, np.uint8)


def face(box: Box) -> Face:
    marks = ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0))
    return Face(box, 0.9, marks, FaceVerdict.PROPER, Cover.NONE, -3.0, -3.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def faces() -> Faces:
    return Faces(MODELS)


@dataclass
class People:
    """A scene network that says what it is told to."""

    seen: SceneSeen

    def look(self, grey: Picture) -> SceneSeen:
        assert grey.ndim == 2
        return self.seen


@dataclass
class Things:
    things: tuple[Thing, ...]

    def look_at(self, grey: Picture, persons: Sequence[Thing]) -> Things:
        assert all(person.kind is ThingKind.PERSON for person in persons)
        return self


BODY: Box = (100.0, 40.0, 60.0, 180.0)


@pytest.mark.parametrize(
    ("box", "whose"),
    [
        ((115, 45, 25, 30), True),
        ((115, 20, 25, 30), False),  # most of it above the body
        ((85, 45, 31, 30), True),  # half beside it
        ((80, 45, 31, 30), False),
        ((115, 180, 25, 30), False),  # somebody smaller in front
        ((105, 150, 60, 75), True),  # of a body that the picture's edge cuts, or that stands on its head
        ((200, 45, 25, 30), False),
    ],
)
def test_a_face_belongs_to_a_body_that_holds_it_high_up(box: Box, whose: bool) -> None:
    assert belongs(box, BODY) is whose


@pytest.mark.parametrize(
    ("faces", "bodies", "people"),
    [
        ([], [], 0),
        ([(115, 45, 25, 30)], [], 1),
        ([], [BODY], 1),
        ([(115, 45, 25, 30)], [BODY], 1),
        ([(115, 45, 25, 30), (135, 50, 25, 30)], [BODY], 2),  # one body, two faces in it
        ([(200, 45, 25, 30)], [BODY], 2),
        # The first face fits both bodies, the second only the first: pairing greedily would count three.
        ([(130, 50, 25, 30), (105, 50, 25, 30)], [BODY, (125, 40, 60, 180)], 2),
    ],
)
def test_each_pair_of_a_body_and_its_face_is_one(faces: list[Box], bodies: list[Box], people: int) -> None:
    assert count_people([face(box) for box in faces], bodies) == people


def fewest(faces: Sequence[Face], bodies: Sequence[Box]) -> int:
    """By trying every way to pair them."""
    slots = [*range(len(bodies)), *[-1] * len(faces)]
    most = 0
    for way in set(itertools.permutations(slots, len(faces))):
        pairs = [(f, b) for f, b in zip(faces, way, strict=True) if b >= 0 and belongs(f.box, bodies[b])]
        most = max(most, len(pairs))
    return len(faces) + len(bodies) - most


def test_no_other_way_to_pair_them_counts_fewer() -> None:
    chance = random.Random(3)
    for _ in range(60):
        faces = [face((chance.uniform(80, 200), chance.uniform(30, 80), 30.0, 36.0)) for _ in range(3)]
        bodies = [(chance.uniform(60, 180), chance.uniform(10, 50), 70.0, 180.0) for _ in range(3)]
        assert count_people(faces, bodies) == fewest(faces, bodies)


def thing(kind: ThingKind, score: float, box: Box = BODY) -> Thing:
    return Thing(kind, box, score)


def test_somebody_without_a_face_is_somebody_and_the_verdict_is_of_faces(faces: Faces) -> None:
    body = SceneSeen(4.0, (thing(ThingKind.PERSON, 0.8), thing(ThingKind.BAG, 0.9, (1, 2, 3, 4))))
    gun = thing(ThingKind.HANDGUN, 0.85, (110.04, 120.0, 20.0, 12.0))
    seen = WholePicture(faces, People(body), Things((gun,)))(GREY)
    assert describe(Path("a.png"), seen) == {
        "path": "a.png",
        "verdict": "none",
        "people": 1,
        "faces": [],
        "objects": [
            {"kind": "bag", "box": [1.0, 2.0, 3.0, 4.0], "score": 0.9},
            {"kind": "handgun", "box": [110.0, 120.0, 20.0, 12.0], "score": 0.85},
            {"kind": "person", "box": [100.0, 40.0, 60.0, 180.0], "score": 0.8},
        ],
    }


@pytest.mark.parametrize(("odds", "people"), [(0.1, 1), (-0.1, 0)])
def test_somebody_whom_no_box_holds_counts_too(faces: Faces, odds: float, people: int) -> None:
    assert WholePicture(faces, People(SceneSeen(odds)), None)(GREY).people == people


def test_boxes_end_at_the_edge_of_the_picture(faces: Faces) -> None:
    gun = thing(ThingKind.HANDGUN, 0.9, (-10.0, 200.0, 30.0, 90.0))
    assert WholePicture(faces, None, Things((gun,)))(GREY).objects[0].box == (0.0, 200.0, 20.0, 40.0)


@pytest.mark.slow
def test_a_face_and_its_body_are_one_person_in_a_real_picture(faces: Faces) -> None:
    picture = portrait()
    height, width = picture.shape[:2]
    body = thing(ThingKind.PERSON, 0.9, (width * 0.1, 0.0, width * 0.8, float(height)))
    seen = WholePicture(faces, People(SceneSeen(5.0, (body,))), None)(picture)
    assert (seen.looked.verdict, seen.people) == ("proper", 1)
    other = replace(body, box=(0.0, 0.0, 5.0, 5.0))
    assert WholePicture(faces, People(SceneSeen(5.0, (body, other))), None)(picture).people == 2


def test_a_network_that_is_missing_is_named_and_faces_are_judged_all_the_same(tmp_path: Path) -> None:
    for path in MODELS.glob("face_*"):
        (tmp_path / path.name).symlink_to(path)
    opened = open_whole(tmp_path, ("mask",))
    names = [(missing.name, missing.code) for missing in opened.missing]
    assert names == [("scene", "model_missing"), ("things", "model_missing")]
    answer = describe(Path("a.png"), opened.look(GREY), opened.missing)
    assert (answer["verdict"], answer["objects"], answer["missing"]) == ("none", [], ["scene", "things"])
