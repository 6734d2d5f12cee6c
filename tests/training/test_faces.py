"""Faces by view and group: what is done to a picture, which face counts, and what stands in a card."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="training needs PyTorch, which the kiosk does not have")

from edge.terms.observation import Cover, Face, FaceVerdict
from models.training.faces.__main__ import filled
from models.training.faces.cases import Case, Split
from models.training.faces.groups import reliability, typology_deg
from models.training.faces.judged import Said, said_of
from models.training.faces.points import SCORES, Pair, Seen, choices
from models.training.faces.tally import Tally, balanced
from models.training.faces.views import BANDS, FACE_PX, cut, half_hidden, placed, rolled

BOX = (40.0, 40.0, 60.0, 60.0)
MARKS = np.array([[58, 60], [82, 60], [70, 72], [60, 84], [80, 84]], np.float64)


def case(picture: NDArray[np.uint8], path: Path) -> Case:
    cv2.imwrite(str(path), picture)
    return Case(path, BOX, "bare", MARKS, "identity", "", "somebody/pictures", "g", "p")


@pytest.fixture
def one(tmp_path: Path) -> Case:
    """White on the right half of the face, black elsewhere."""
    picture = np.zeros((140, 140), np.uint8)
    picture[40:100, 70:100] = 255
    return case(picture, tmp_path / "one.png")


def test_a_rolled_face_stays_in_the_middle_and_leans_clockwise(one: Case) -> None:
    upright, leaning = placed(one), rolled(one, np.random.default_rng(1), 90.0)
    assert upright.box[2] == pytest.approx(FACE_PX)
    x, y = 160, 120
    quarter = round(FACE_PX / 4)
    assert upright.grey[y, x + quarter] > 200 > 50 > upright.grey[y, x - quarter]
    assert leaning.grey[y + quarter, x] > 200 > 50 > leaning.grey[y - quarter, x]


def test_half_a_face_is_hidden_and_the_other_half_is_left(one: Case) -> None:
    view = half_hidden(one, np.random.default_rng(1), "right", "black")
    upright = placed(one)
    left = slice(int(view.box[0]), 158)
    rows = slice(int(view.box[1]), int(view.box[1] + view.box[3]))
    assert (view.grey[rows, left] == upright.grey[rows, left]).all()
    assert view.grey[rows, 162 : 160 + int(FACE_PX / 2)].max() < 40


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_the_edge_takes_its_share_and_the_box_ends_at_it(one: Case, side: str) -> None:
    view = cut(one, np.random.default_rng(1), side, 0.4)
    height, width = view.grey.shape
    left, top, wide, high = view.box
    assert min(wide, high) == pytest.approx(0.6 * FACE_PX, abs=1)
    edges = {"left": left, "right": width - left - wide, "top": top, "bottom": height - top - high}
    assert edges[side] == pytest.approx(0.0, abs=1)


def test_every_band_is_seeded_and_keeps_the_face_in_the_picture(one: Case) -> None:
    for bands in BANDS.values():
        for band in bands.values():
            view, again = (band.change(one, np.random.default_rng(3)) for _ in range(2))
            assert (view.grey == again.grey).all()
            assert view.grey.dtype == np.uint8
            assert view.box[0] >= 0
            assert view.box[0] + view.box[2] <= view.grey.shape[1] + 1


def face(x: float, side: float, verdict: FaceVerdict) -> Face:
    point = (x, 50.0)
    box = (x - side / 2, 50.0 - side / 2, side, side)
    return Face(box, 0.9, (point,) * 5, verdict, Cover.NONE, -1.0, -1.0, 0.0, 0.0)


def test_the_face_at_the_place_counts_and_no_neighbour_or_part() -> None:
    wanted = (40.0, 40.0, 20.0, 20.0)
    here, beside = face(52.0, 22.0, FaceVerdict.TURNED), face(90.0, 30.0, FaceVerdict.COVERED)
    assert said_of([beside, here], wanted).verdict == FaceVerdict.TURNED
    assert not said_of([beside], wanted).found
    assert not said_of([face(50.0, 6.0, FaceVerdict.PROPER)], wanted).found


def test_what_is_not_found_is_wrong_on_either_side() -> None:
    bare = [(False, Said("proper", covered_logit=-3.0))] * 9 + [(False, Said())]
    covered = [(True, Said("covered", covered_logit=3.0))] * 8 + [(True, Said())] * 2
    assert balanced([*bare, *covered])[0] == pytest.approx(0.85)
    assert Tally.of(covered) == Tally(10, 8, 2, 8, 0, 0, 0)


@pytest.mark.parametrize("light", [(1.0, 1.0, 1.0), (0.6, 0.8, 1.0), (0.55, 0.55, 0.55)])
def test_the_tone_of_skin_is_told_through_coloured_and_weak_light(
    tmp_path: Path, light: tuple[float, float, float]
) -> None:
    """Two skins before a wall of greys: the angles stay apart, whatever the lamp."""

    def angle(skin: tuple[int, int, int], name: str) -> float:
        picture = np.random.default_rng(1).uniform(40, 235, (140, 140, 1)).repeat(3, 2)
        picture[40:100, 40:100] = skin
        seen = case(np.zeros((1, 1), np.uint8), tmp_path / name)
        shown = 255 * ((picture / 255) ** 2.2 * light) ** (1 / 2.2)
        found = typology_deg(np.clip(shown, 0, 255).astype(np.uint8), seen)
        assert found is not None
        return found

    pale, dark = angle((170, 190, 230), "pale.png"), angle((45, 62, 92), "dark.png")
    assert pale > 19 > dark


def test_a_tone_that_only_the_light_makes_is_no_tone() -> None:
    rng = np.random.default_rng(2)
    alike = {str(i): list(rng.normal(0, 20, 6)) for i in range(60)}
    apart = {name: [a + 30 * (i % 3) for a in angles] for i, (name, angles) in enumerate(alike.items())}
    assert abs(reliability(alike)) < 0.1
    assert reliability(apart) > 0.4


def test_only_test_groups_and_sources_never_learnt_from_may_judge_the_shipped_files() -> None:
    split = Split()
    judged = [split.has("rxkt", f"g{i}") for i in range(2000)]
    assert 0.07 < np.mean(judged) < 0.13
    assert split.has("ElisonSherton", "g1")
    assert not any(Split(only=("rxkt",)).has("shreyas0906", f"g{i}") for i in range(50))


def test_the_check_lets_the_finder_ask_for_less_and_no_more_false_faces_are_left() -> None:
    """Tools, half believed by the finder, look like no face to the check; small faces do not."""
    tools = [[Pair(0.94, -0.5)] if i < 100 else [] for i in range(399)]
    mug = [[Pair(0.98, 5.0)]]
    bare = [Pair(0.99, 6.0)] * 8 + [Pair(0.55, 2.0)] * 2
    covered = [Pair(0.97, 4.0)] * 6 + [Pair(0.55, 0.2)] * 3 + [None]
    seen = Seen([*tools, *mug], bare, covered)
    assert seen.point(-1.0) == 0.945
    assert seen.found(0.945, -1.0) == (0.8, 0.6)
    made = choices({"look": seen})
    best = max(made, key=lambda one: one.worth)
    assert (best.face_cut, best.points["look"], best.found["look"]) == (0.0, SCORES[0], (1.0, 0.9))


def test_a_card_gets_its_tables_between_its_marks_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "joint.md").write_text("new\n")
    marks = "a\n<!-- faces: joint -->\nold\n<!-- /faces: joint -->\nb\n"
    card = marks + "<!-- faces: views -->\n<!-- /faces: views -->\n"
    got = filled(card, tmp_path, ("joint", "views"))
    assert got == card.replace("old", "new")
