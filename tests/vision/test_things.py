"""The second look: which squares are seen, in which light, whose turn it is, and what is refused."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.terms.observation import Box, Thing, ThingKind
from edge.vision.network import Int8, ModelFault, Network
from edge.vision.scene.crops import SIDE_PX, Square, along, around, cut, even, whole
from edge.vision.scene.things import LABELS, Things, still_squares

Grey = NDArray[np.uint8]


def scene(height: int = 480, width: int = 640) -> Grey:
    """Something with edges everywhere."""
    rng = np.random.default_rng(4)
    coarse = rng.integers(20, 236, (height // 16, width // 16), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def person(left: float, top: float, width: float, height: float) -> Thing:
    return Thing(ThingKind.PERSON, (left, top, width, height), 0.9)


def holds(outer: Box, inner: Box) -> bool:
    return (
        outer[0] <= inner[0] + 1e-6
        and outer[1] <= inner[1] + 1e-6
        and outer[0] + outer[2] >= inner[0] + inner[2] - 1e-6
        and outer[1] + outer[3] >= inner[1] + inner[3] - 1e-6
    )


class Passes:
    """Counts the network's passes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        run = Network.run

        def counted(network: Network, picture: Int8) -> tuple[Int8, ...]:
            self.count += 1
            return run(network, picture)

        monkeypatch.setattr(Network, "run", counted)


# --- squares -------------------------------------------------------------------------------------------


def test_what_lies_outside_the_picture_is_black_and_the_rest_in_its_place() -> None:
    grey = np.full((100, 100), 200, np.uint8)
    seen = cut(grey, Square(-50.0, 0.0, 100.0))
    assert seen.shape == (SIDE_PX, SIDE_PX)
    assert (seen[:, : SIDE_PX // 2 - 1] == 0).all()
    assert (seen[:, SIDE_PX // 2 + 1 :] == 200).all()
    assert not cut(grey, Square(500.0, 500.0, 40.0)).any()


@given(
    st.floats(-300, 700),
    st.floats(-300, 700),
    st.floats(0.5, 900),
    st.integers(1, 400),
    st.integers(1, 400),
)
def test_every_square_can_be_cut(left: float, top: float, side: float, height: int, width: int) -> None:
    assert cut(np.full((height, width), 9, np.uint8), Square(left, top, side)).shape == (SIDE_PX, SIDE_PX)


@pytest.mark.parametrize("light", [0.5, 0.25, 0.125])
def test_less_light_shows_the_same(light: float) -> None:
    seen = cut(scene(), Square(100.0, 100.0, 200.0))
    dark = np.rint(seen * light).astype(np.uint8)
    difference = np.abs(even(seen).astype(int) - even(dark).astype(int))
    assert difference.mean() < 0.6 / light


def test_a_flat_picture_is_not_stretched_into_noise() -> None:
    rng = np.random.default_rng(1)
    flat = (120 + rng.integers(-1, 2, (SIDE_PX, SIDE_PX))).astype(np.uint8)
    assert np.ptp(even(flat).astype(int)) <= 30
    assert not even(np.zeros((SIDE_PX, SIDE_PX), np.uint8)).any()


def test_a_standing_persons_square_holds_head_and_hands_not_the_feet() -> None:
    square = around((100.0, 50.0, 100.0, 300.0))
    assert square.left < 100.0
    assert square.left + square.side > 200.0
    assert square.top < 50.0
    assert 50.0 + 0.6 * 300.0 < square.top + square.side < 350.0


@given(st.integers(20, 900), st.integers(20, 900))
def test_a_still_picture_is_looked_at_everywhere(height: int, width: int) -> None:
    squares = still_squares(height, width)
    assert whole(height, width) in squares
    line = along(height, width)
    if line:
        starts = sorted(max(s.left, s.top) for s in line)
        assert starts[0] == 0.0
        assert starts[-1] + line[0].side == pytest.approx(max(height, width))
        steps = [b - a for a, b in itertools.pairwise(starts)]
        assert max(steps) <= line[0].side / 2.0 + 1e-6
    else:
        assert max(height, width) < 1.2 * min(height, width)


# --- looks ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def things(repo: Path) -> Things:
    return Things(repo / "models")


def test_nobody_there_costs_nothing_and_says_nothing(things: Things, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = Passes(monkeypatch)
    bag = Thing(ThingKind.BAG, (10.0, 10.0, 200.0, 200.0), 0.9)
    for persons in ((), (bag,), (person(10.0, 10.0, 8.0, 20.0),)):
        seen = things.look(scene(), persons)
        assert (seen.things, seen.weapon_logit, seen.looked_at) == ((), None, None)
    assert passes.count == 0


@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_look_is_one_pass_however_many_persons(
    things: Things, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    passes = Passes(monkeypatch)
    persons = [person(20.0 + 110.0 * n, 60.0, 90.0, 300.0) for n in range(count)]
    for number in range(7):
        assert things.look(scene(), persons).weapon_logit is not None
        assert passes.count == number + 1


def test_persons_take_turns_and_each_is_also_seen_from_nearer(repo: Path) -> None:
    things = Things(repo / "models")
    persons = [person(30.0, 60.0, 110.0, 330.0), person(420.0, 50.0, 120.0, 340.0)]
    looked = [things.look(scene(), persons).looked_at for _ in range(8)]
    boxes = [box for box in looked if box is not None]
    assert len(boxes) == 8
    for number, box in enumerate(boxes):
        centre = box[0] + box[2] / 2.0
        assert (centre < 320.0) is (number % 2 == 0)
    for first in (0, 1):
        own = boxes[first::2]
        assert own[0] == own[2]
        assert own[1] != own[3]
        assert own[1][2] < own[0][2]
        assert holds(own[0], own[1])
        assert holds(own[0], own[3])


def test_boxes_lie_in_the_square_that_was_looked_at_and_scores_are_shares(things: Things) -> None:
    persons = [person(30.0, 60.0, 110.0, 330.0)]
    for _ in range(12):
        seen = things.look(scene(), persons)
        assert seen.looked_at is not None
        for thing in seen.things:
            assert holds(seen.looked_at, thing.box)
            assert 0.5 <= thing.score <= 1.0


def test_a_weapon_is_named_exactly_where_the_odds_are_for_one(things: Things) -> None:
    weapons = {ThingKind.HANDGUN, ThingKind.KNIFE, ThingKind.LONG_GUN}
    for seed in range(12):
        rng = np.random.default_rng(seed)
        grey = rng.integers(0, 255, (200, 160), dtype=np.uint8)
        cv2.line(grey, (40, 100), (120, 104), (20,), 9)
        seen = things.look_at(np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.0), np.uint8))
        assert seen.weapon_logit is not None
        assert any(t.kind in weapons for t in seen.things) is (seen.weapon_logit > 0.0)


def test_a_still_picture_is_judged_the_same_in_an_eighth_of_the_light(things: Things) -> None:
    grey = scene(220, 200)
    full = things.look_at(grey).weapon_logit
    dark = things.look_at(np.rint(grey / 8.0).astype(np.uint8)).weapon_logit
    assert full is not None
    assert dark is not None
    assert dark == pytest.approx(full, abs=1.5)


# --- the file ------------------------------------------------------------------------------------------


def changed(repo: Path, tmp_path: Path, **fields: object) -> Path:
    """A models' folder whose contract has other fields."""
    shutil.copy(repo / "models" / "things.tflite", tmp_path / "things.tflite")
    contract = json.loads((repo / "models" / "things.json").read_text())
    contract.update(fields)
    (tmp_path / "things.json").write_text(json.dumps(contract))
    return tmp_path


@pytest.mark.parametrize("missing", ["weapon", "weapon_still", "scale", "bar", "phone"])
def test_a_contract_without_an_operating_point_is_refused(repo: Path, tmp_path: Path, missing: str) -> None:
    points = json.loads((repo / "models" / "things.json").read_text())["operating_points"]
    del points[missing]
    with pytest.raises(ModelFault, match=f"no operating point {missing}"):
        Things(changed(repo, tmp_path, operating_points=points))


def test_a_scale_that_turns_evidence_round_is_refused(repo: Path, tmp_path: Path) -> None:
    points = json.loads((repo / "models" / "things.json").read_text())["operating_points"]
    with pytest.raises(ModelFault, match="not positive"):
        Things(changed(repo, tmp_path, operating_points={**points, "scale": -1.0}))


def test_other_labels_are_refused(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFault, match="labels"):
        Things(changed(repo, tmp_path, labels=list(reversed(LABELS))))


def test_a_damaged_file_falls_back_to_the_one_before(repo: Path, tmp_path: Path) -> None:
    folder = changed(repo, tmp_path)
    (folder / "previous").mkdir()
    for name in ("things.tflite", "things.json"):
        shutil.copy(folder / name, folder / "previous" / name)
    (folder / "things.tflite").write_bytes(b"damaged")
    things = Things(folder)
    assert [fault.code for fault in things.refused] == ["model_damaged"]
    assert things.look_at(scene(120, 120)).weapon_logit is not None


# --- real pictures, where they are -----------------------------------------------------------------------


def rows_of(data: Path, wanted: Sequence[str], negative: bool) -> list[Path]:
    with (data / "manifest.csv").open(newline="") as file:
        return [
            data / line["path"]
            for line in csv.DictReader(file)
            if line["task"] == "weapon_crop"
            and (line["labels"] == "no_weapon") is negative
            and any(word in line["source"] for word in wanted)
        ]


@pytest.mark.slow
def test_it_tells_armed_from_unarmed_persons_of_pictures_it_has_learnt(repo: Path, things: Things) -> None:
    """Not how good it is (the card says that), but that file, squares and threshold belong together."""
    data = repo.parent / "shared" / "data" / "scene"
    if not (data / "manifest.csv").exists():
        pytest.skip("the pictures are not here")

    def found(paths: Sequence[Path]) -> float:
        said = []
        for path in paths[:: max(len(paths) // 40, 1)]:
            grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            said.append((things.look_at(np.asarray(grey, np.uint8)).weapon_logit or 0.0) > 0.0)
        return float(np.mean(said))

    assert found(rows_of(data, ("AhmedMohsen", "chunmusic"), negative=False)) > 0.8
    assert found(rows_of(data, ("lightly-ai", "intel-iot", "seymanurakti"), negative=True)) < 0.35
