"""A face that an edge of the picture cuts is unclear; one that is whole beside the edge stays what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.bench.desk import StoryClock
from edge.cabin.events import FaceFact, FaceJudged
from edge.cabin.rules import Flow
from edge.judge.judge import Judge
from edge.terms.observation import Cover, Face, FaceVerdict
from edge.vision.face.faces import Faces, whole_or_unclear
from edge.vision.face.seer import FaceSeer
from edge.vision.look import Look
from hw.camera.staged import StagedCabin

Picture = NDArray[np.uint8]
WholeOf = Callable[[int, str], tuple[Picture, Face]]
EDGES = ("lower", "upper", "left", "right")
SHARES = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
"""How much of the face is outside; every second of them where there is no time."""


@pytest.fixture(scope="module")
def faces(request: pytest.FixtureRequest) -> Faces:
    return Faces(Path(request.config.rootpath) / "models")


def staged(who: int, cover: str = "") -> Picture:
    clock = StoryClock()
    cabin = StagedCabin(clock)
    for _ in range(who):
        cabin.do("enter x", 0.0)
    cabin.do("enter anna" + (f" with {cover}" if cover else ""), 0.0)
    if who:
        cabin.do("leave x", 0.0)
    clock.move_to(20.0)
    return cabin.read().grey


@pytest.fixture(scope="module")
def whole_of(faces: Faces) -> WholeOf:
    """A staged picture and the one face in it, looked at once for all that is cut from it."""

    @cache
    def look(who: int, cover: str) -> tuple[Picture, Face]:
        picture = staged(who, cover)
        picture.flags.writeable = False
        (whole,) = faces.look_at(picture).faces
        return picture, whole

    return look


def moved(picture: Picture, right_px: float, down_px: float) -> Picture:
    """The scene moved; what comes in from outside repeats the edge."""
    matrix = np.array([[1, 0, right_px], [0, 1, down_px]], np.float64)
    size = picture.shape[1], picture.shape[0]
    return np.asarray(cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def cut(picture: Picture, whole: Face, edge: str, share: float) -> Picture:
    """So moved that this share of the face lies outside; a negative one leaves so much room."""
    left, top, wide, high = whole.box
    height, width = picture.shape
    match edge:
        case "lower":
            return moved(picture, 0.0, height - (top + (1.0 - share) * high))
        case "upper":
            return moved(picture, 0.0, -(top + share * high))
        case "left":
            return moved(picture, -(left + share * wide), 0.0)
        case _:
            return moved(picture, width - (left + (1.0 - share) * wide), 0.0)


def verdicts(faces: Faces, picture: Picture) -> Iterator[FaceVerdict]:
    """Of a still picture and of two video frames, one of them seen in a mirror."""
    yield from (face.verdict for face in faces.look_at(picture).faces)
    yield from (face.verdict for _ in range(2) for face in faces(picture))


@pytest.mark.slow
@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize("edge", EDGES)
def test_a_bare_face_that_an_edge_cuts_is_never_called_covered_or_turned(
    faces: Faces, whole_of: WholeOf, edge: str, who: int, full: bool
) -> None:
    picture, whole = whole_of(who, "")
    assert whole.verdict is FaceVerdict.PROPER
    unclear = 0
    for share in SHARES if full else SHARES[::2]:
        seen = list(verdicts(faces, cut(picture, whole, edge, share)))
        assert set(seen) <= {FaceVerdict.UNCLEAR, FaceVerdict.PROPER}, (share, seen)
        unclear += seen.count(FaceVerdict.UNCLEAR)
        if share >= 0.4 and edge == "lower":
            assert FaceVerdict.PROPER not in seen, share  # the mouth is outside
    assert unclear


@pytest.mark.slow
@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("room", [0.05, 0.15, 0.4])
def test_a_whole_face_beside_an_edge_stays_what_it_is(
    faces: Faces, whole_of: WholeOf, edge: str, who: int, room: float
) -> None:
    for cover, verdict in (("", FaceVerdict.PROPER), ("mask", FaceVerdict.COVERED)):
        picture, whole = whole_of(who, cover)
        seen = list(verdicts(faces, cut(picture, whole, edge, -room)))
        assert seen == [verdict] * 3


MARKS = ((20.0, 30.0), (40.0, 30.0), (30.0, 40.0), (22.0, 50.0), (38.0, 50.0))
FACE = Face((10.0, 10.0, 40.0, 50.0), 0.99, MARKS, FaceVerdict.COVERED, Cover.SCARF, 4.0, -5.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("face", "beyond", "height", "verdict"),
    [
        (FACE, 0.0, 100, FaceVerdict.COVERED),
        (FACE, 0.02, 60, FaceVerdict.COVERED),
        (FACE, 0.05, 60, FaceVerdict.UNCLEAR),
        (FACE, 0.0, 54, FaceVerdict.UNCLEAR),  # the mouth at the edge
        (replace(FACE, covered_logit=9.0), 0.05, 60, FaceVerdict.COVERED),  # plainly a mask
        (replace(FACE, covered_logit=9.0), 0.15, 60, FaceVerdict.UNCLEAR),
        (replace(FACE, verdict=FaceVerdict.TURNED), 0.05, 60, FaceVerdict.UNCLEAR),
        (replace(FACE, verdict=FaceVerdict.PROPER), 0.08, 60, FaceVerdict.PROPER),  # only hair or chin
        (replace(FACE, verdict=FaceVerdict.PROPER), 0.15, 60, FaceVerdict.UNCLEAR),
        (replace(FACE, verdict=FaceVerdict.PROPER), 0.0, 52, FaceVerdict.UNCLEAR),
        (
            replace(FACE, verdict=FaceVerdict.PROPER, box=(10.0, 22.0, 40.0, 40.0)),
            0.0,
            100,
            FaceVerdict.PROPER,
        ),
    ],
)
def test_where_the_edge_begins(face: Face, beyond: float, height: int, verdict: FaceVerdict) -> None:
    seen = whole_or_unclear(face, beyond, (height, 100))
    assert seen.verdict is verdict
    assert seen.unclear_why == ("cut" if verdict is FaceVerdict.UNCLEAR else "")
    assert (seen.cover is Cover.NONE) is (verdict is not FaceVerdict.COVERED) or seen == face


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, pytest.param(0.55, marks=pytest.mark.full), 0.6])
def test_who_is_too_small_for_the_camera_is_not_hiding(faces: Faces, share: float) -> None:
    """A child at the machine: the head, or only the hair, is above the lower edge all the time."""
    clock = StoryClock()
    cabin = StagedCabin(clock)
    look, judge = Look([FaceSeer(faces)]), Judge(Flow(), 0.0, door_fitted=False)
    said: list[FaceFact] = []
    while clock.now_s() < 25.0:
        if abs(clock.now_s() - 5.0) < 0.01:
            cabin.do("enter anna", 5.0)
        frame = cabin.read()
        low = replace(frame, grey=moved(frame.grey, 0.0, share * frame.grey.shape[0]))
        facts = judge.observe(look(low), clock.now_s())
        said += [fact.face for fact in facts if isinstance(fact, FaceJudged)]
        clock.move_to(clock.now_s() + 0.25)
    assert said
    assert set(said) <= {FaceFact.UNCLEAR, FaceFact.PROPER, FaceFact.UNKNOWN}
    assert said[-1] is FaceFact.UNCLEAR
