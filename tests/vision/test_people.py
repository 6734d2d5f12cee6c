"""What runs the scene network: light, decoding, counting, and what a site's own empty pictures take away."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.terms.observation import ThingKind
from edge.vision.network import ModelFault
from edge.vision.scene.people import (
    HEIGHT,
    KINDS,
    WIDTH,
    People,
    Points,
    Raw,
    Reference,
    accepted,
    decoded,
    fitted,
    levelled,
    somebody_odds,
    somebody_score,
    without,
)

POINTS = Points(
    somebody_cut=1.0,
    somebody_scale=2.0,
    head_weight=0.0,
    several_weight=1.0,
    second_cut=0.5,
    cuts=(0.0, 0.0, 0.0),
    scales=(1.0, 1.0, 1.0),
    biases=(0.0, 0.0, 0.0),
)


def _raw(persons: list[float], several: float) -> Raw:
    boxes = np.array([[40 * i, 10, 40 * i + 30, 90] for i in range(len(persons))], np.float32)
    kinds = np.zeros(len(persons), np.intp)
    return Raw(
        np.zeros((5, 6), np.float32), several, kinds, np.array(persons, np.float32), boxes.reshape(-1, 4)
    )


def test_a_dark_picture_is_lifted_and_a_bright_one_left_alone() -> None:
    bright = np.tile(np.linspace(0, 250, WIDTH).astype(np.uint8), (HEIGHT, 1))
    np.testing.assert_array_equal(levelled(bright), bright)
    dark = (bright // 8).astype(np.uint8)
    lifted = levelled(dark).astype(int)
    assert 190 <= np.percentile(lifted, 99) <= 205
    assert (np.diff(lifted[0]) >= 0).all()


def test_a_black_picture_stays_black() -> None:
    assert levelled(np.zeros((HEIGHT, WIDTH), np.uint8)).max() == 0


def test_every_size_is_stretched_to_what_the_network_sees() -> None:
    for shape in ((480, 640), (100, 60), (HEIGHT, WIDTH), (1, 1)):
        assert fitted(np.full(shape, 7, np.uint8)).shape == (HEIGHT, WIDTH)


def test_somebody_is_the_mean_of_the_two_best_cells() -> None:
    cells = np.full((5, 6), -5.0, np.float32)
    cells[1, 2], cells[4, 5] = 3.0, 2.0
    none = np.zeros(0, np.intp), np.zeros(0, np.float32), np.zeros((0, 4), np.float32)
    assert somebody_odds(Raw(cells, 0.0, *none), POINTS) == pytest.approx((2.5 - 1.0) * 2.0)


def test_a_head_speaks_for_somebody_and_none_speaks_against() -> None:
    nobody = _raw([], 0.0)
    head = Raw(
        nobody.cells, 0.0, np.ones(1, np.intp), np.array([2.0], np.float32), np.ones((1, 4), np.float32)
    )
    assert somebody_score(nobody, 0.5) == pytest.approx(-1.5)
    assert somebody_score(head, 0.5) == pytest.approx(1.0)


def test_one_cell_makes_one_box_where_its_distances_say() -> None:
    kinds = np.full((10, 12, 3), -6.0, np.float32)
    kinds[5, 4, 2] = 3.0
    shapes = np.full((10, 12, 12), -20.0, np.float32)
    # Softplus of a large number is the number: 2, 1, 3 and 2 cells to the four edges.
    shapes[5, 4, 8:12] = np.log(np.expm1(np.array([2.0, 1.0, 3.0, 2.0])))
    raw = decoded(np.zeros((5, 6), np.float32), 0.0, kinds, shapes)
    assert KINDS[int(raw.kinds[0])] is ThingKind.BAG
    np.testing.assert_allclose(raw.boxes, [[72 - 32, 88 - 16, 72 + 48, 88 + 32]], atol=1e-3)


def test_boxes_of_one_person_are_merged_and_of_two_are_not() -> None:
    kinds = np.full((10, 12, 3), -6.0, np.float32)
    shapes = np.full((10, 12, 12), 1.0, np.float32)
    kinds[4, 2, 0], kinds[4, 3, 0], kinds[4, 9, 0] = 4.0, 3.0, 2.0
    shapes[4, :, :4] = 3.0
    raw = decoded(np.zeros((5, 6), np.float32), 0.0, kinds, shapes)
    assert list(raw.logits) == [4.0, 2.0]


@pytest.mark.parametrize(("several", "bodies"), [(2.0, 2), (-2.0, 1)])
def test_the_whole_picture_speaks_for_or_against_a_second_person(several: float, bodies: int) -> None:
    assert len(accepted(_raw([3.0, -0.5], several), POINTS)) == bodies


def test_a_first_person_needs_nobody_s_word() -> None:
    assert len(accepted(_raw([0.1], -9.0), POINTS)) == 1
    assert len(accepted(_raw([-0.1], 9.0), POINTS)) == 0


def test_a_score_is_a_chance() -> None:
    (one,) = accepted(_raw([0.0], 0.0), POINTS)
    assert one.score == pytest.approx(0.5)


def test_points_that_a_contract_lacks_are_a_fault() -> None:
    with pytest.raises(ModelFault, match="somebody_scale"):
        Points.of({"somebody_cut": 0.0})


def _site() -> NDArray[np.float32]:
    """A place with a texture of its own."""
    rng = np.random.default_rng(2)
    coarse = rng.integers(40, 200, (10, 12)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.float32)


def _coat(cell: float = 4.0, at: tuple[int, int] = (2, 1)) -> Raw:
    """What the network says where it takes a coat for a person: two cells and one box."""
    cells = np.full((5, 6), -5.0, np.float32)
    cells[at], cells[at[0] + 1, at[1]] = cell, cell
    left, top = at[1] * 32.0, at[0] * 32.0
    box = np.array([[left, top, left + 32, top + 64]], np.float32)
    return Raw(cells, -2.0, np.zeros(1, np.intp), np.array([cell], np.float32), box)


def test_what_the_empty_site_shows_too_is_nobody_in_any_light() -> None:
    before = Reference(_site(), 100.0, _coat())
    noise = np.random.default_rng(1).normal(0, 3, (HEIGHT, WIDTH)).astype(np.float32)
    for now in (_site(), _site() + 25, _site() + noise):
        left = without(_coat(), now, before)
        assert somebody_odds(left, POINTS) < 0
        assert len(left.boxes) == 0


def test_who_stands_in_front_of_the_coat_is_somebody() -> None:
    before = Reference(_site(), 100.0, _coat())
    now = _site()
    now[64:128, 32:64] = np.random.default_rng(5).integers(0, 256, (64, 32))
    left = without(_coat(), now, before)
    assert somebody_odds(left, POINTS) > 0
    assert len(left.boxes) == 1


def test_who_stands_beside_the_coat_is_somebody() -> None:
    before = Reference(_site(), 100.0, _coat())
    left = without(_coat(at=(2, 4)), _site(), before)
    assert somebody_odds(left, POINTS) > 0
    assert len(left.boxes) == 1


@pytest.fixture(scope="module")
def people(repo: Path) -> People:
    return People(repo / "models")


def test_an_empty_place_is_nobody_and_its_own_reference_changes_nothing(people: People, repo: Path) -> None:
    room = np.full((240, 320), 150, np.uint8)
    room[170:] = 105
    cv2.rectangle(room, (20, 40), (80, 170), 90, -1)
    assert people.look(room).somebody_logit < 0
    assert People(repo / "models", (room,)).look(room).somebody_logit < 0


@pytest.mark.parametrize("name", ["collins", "hopper"])
def test_a_photographed_person_is_somebody_at_an_eighth_of_the_light_too(
    people: People, repo: Path, name: str
) -> None:
    photo = cv2.imread(str(repo / "hw" / "camera" / "people" / f"{name}.jpg"), cv2.IMREAD_GRAYSCALE)
    assert photo is not None
    room = np.full((480, 640), 150, np.uint8)
    room[110 : 110 + photo.shape[0], 140 : 140 + photo.shape[1]] = photo
    for seen in (room, (room // 8).astype(np.uint8)):
        assert people.look(seen).somebody_logit > 0
    (person,) = [t for t in people.look(room).things if t.kind is ThingKind.PERSON]
    x, y, w, h = person.box
    middle = 140 + photo.shape[1] / 2, 110 + photo.shape[0] / 2
    assert x < middle[0] < x + w
    assert y < middle[1] < y + h


def test_boxes_are_in_the_picture_s_own_pixels(people: People) -> None:
    coarse = np.random.default_rng(4).integers(0, 256, (12, 16), dtype=np.uint8)
    photo, twice = (np.asarray(cv2.resize(coarse, size), np.uint8) for size in ((640, 480), (1280, 960)))
    small, large = people.raw(photo), people.raw(twice)
    np.testing.assert_allclose(small.cells, large.cells, atol=1.0)
    for thing in people.look(photo).things:
        x, y, w, h = thing.box
        assert x >= 0
        assert y >= 0
        assert x + w <= 640.01
        assert y + h <= 480.01


def test_no_picture_is_refused(people: People) -> None:
    with pytest.raises(ValueError, match="two sides"):
        people.look(np.zeros((0, 5), np.uint8))


def test_another_network_is_refused(repo: Path, tmp_path: Path) -> None:
    for end in ("tflite", "json"):
        (tmp_path / f"scene.{end}").write_bytes((repo / "models" / f"face_find.{end}").read_bytes())
    with pytest.raises(ModelFault):
        People(tmp_path)
