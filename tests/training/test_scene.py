"""The scene network's training: what labels say after a cut, seeded examples, and one whole run."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="training needs PyTorch, which the kiosk does not have")

import torch

from edge.vision.scene.people import HEIGHT, WIDTH, People
from models.training.scene import train as training
from models.training.scene.augment import Augment, plain
from models.training.scene.data import BAG, HEAD, HEAD_SPOT, PERSON, Picture, further, prepare
from models.training.scene.held import Run, hold, points_of, somebody_cut
from models.training.scene.light import LIGHTS, lit
from models.training.scene.net import UNKNOWN, SceneNet, loss, somebody_logit, targets
from models.training.trunk import shipped_weights
from tests.training.test_trunk import stored_trunk


def _picture(about: str, group: str, box: tuple[float, float, float, float] | None = None) -> Picture:
    rng = np.random.default_rng(len(group))
    grey = rng.integers(60, 200, (120, 160), dtype=np.uint8)
    boxes = np.zeros((0, 4), np.float32) if box is None else np.array([box], np.float32)
    somebody = box is not None
    kinds = np.full(len(boxes), PERSON, np.int8)
    return Picture(
        grey, boxes, kinds, somebody, False, True, not somebody, about, group, "source", f"{group}.png"
    )


def _pictures() -> list[Picture]:
    return [_picture("cabin one", f"g{i}", (30, 10, 90, 115)) for i in range(3)] + [
        _picture("empty", f"e{i}") for i in range(3)
    ]


def test_an_example_depends_on_its_number_and_seed_alone() -> None:
    first, again, other = (training.Sampler(_pictures(), seed) for seed in (5, 5, 6))
    for n in (30, 2):
        one, same = first.example(n), again.example(n)
        np.testing.assert_array_equal(one.grey, same.grey)
        np.testing.assert_array_equal(one.wanted.kinds, same.wanted.kinds)
    assert any((first.example(n).grey != other.example(n).grey).any() for n in range(3))


def test_what_is_cut_away_is_not_called_somebody_and_what_is_left_is() -> None:
    picture = _picture("cabin one", "g", (10, 10, 60, 110))
    augment = Augment([], [])
    said = {UNKNOWN: 0, 0: 0, 1: 0}
    for n in range(300):
        wanted = augment.example(picture, np.random.default_rng(n)).wanted
        said[wanted.whole_somebody] += 1
        if wanted.whole_somebody == 0:
            assert not (wanted.kinds[PERSON] == 1).any()
            assert not (wanted.somebody == 1).any()
        if wanted.whole_somebody == 1:
            assert (wanted.kinds[PERSON] == 1).any()
    assert said[1] > 150
    assert said[0] > 5


def _targets(
    kind: int, *, whole: bool = True, heads: bool = True, box: tuple[float, ...] = (32, 32, 96, 128)
) -> tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.float32]]:
    made = targets(np.array([box], np.float32), np.array([kind], np.int8), 1, 0, whole, heads)
    return made.somebody, made.kinds, made.shapes


def test_cells_that_a_person_covers_are_somebody_and_others_nobody() -> None:
    places, kinds, shapes = _targets(PERSON)
    assert (places[1:4, 1:3] == 1).all()
    assert (places[:, 3:] == 0).all()
    y, x = np.argwhere(kinds[PERSON] == 1)[0]
    left, top, right, bottom = shapes[PERSON][:, y, x] * 16
    assert x * 16 + 8 - left == pytest.approx(32)
    assert y * 16 + 8 - top == pytest.approx(32)
    assert x * 16 + 8 + right == pytest.approx(96)
    assert y * 16 + 8 + bottom == pytest.approx(128)


def test_outside_the_boxes_of_an_unfinished_picture_nothing_is_known() -> None:
    places, kinds, _ = _targets(PERSON, whole=False, heads=False)
    assert set(np.unique(places)) == {UNKNOWN, 1}
    assert (kinds[HEAD] == UNKNOWN).all()
    assert (kinds[BAG] == 0).all()


def test_a_head_s_spot_has_a_place_and_no_size() -> None:
    _, kinds, shapes = _targets(HEAD_SPOT, box=(60, 60, 80, 80))
    assert (kinds[HEAD] == 1).sum() >= 1
    assert np.isnan(shapes[HEAD]).all()


def test_the_loss_pulls_towards_the_targets() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = SceneNet()
    net.trunk.requires_grad_(False)
    wanted = [targets(np.array([[32, 32, 96, 128]], np.float32), np.zeros(1, np.int8), 1, 0, True, False)]
    seen = torch.rand(1, 1, HEIGHT, WIDTH) * 2 - 1
    optimiser = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 1e-2)
    first = float(loss(net(seen), wanted).total.detach())
    for _ in range(12):
        cost = loss(net(seen), wanted)
        optimiser.zero_grad()
        cost.total.backward()
        optimiser.step()
    assert float(cost.total.detach()) < 0.7 * first
    assert float(somebody_logit(net(seen)[0].detach())) > 0.5


def test_the_cut_lets_few_pictures_of_nobody_through() -> None:
    scores = np.concatenate([np.linspace(-5, 0, 500), np.linspace(1, 4, 50)])
    there = np.arange(550) >= 500
    cut = somebody_cut(scores, there)
    assert 0 < (scores[~there] >= cut).mean() <= 0.015
    assert (scores[there] >= cut).all()


@pytest.mark.parametrize("light", LIGHTS)
def test_a_light_is_the_same_at_every_call(light: str) -> None:
    grey = np.random.default_rng(1).integers(0, 256, (90, 120), dtype=np.uint8)
    seen = lit(grey, light, "a.png")
    np.testing.assert_array_equal(seen, lit(grey, light, "a.png"))
    assert seen.shape == grey.shape
    if light.startswith("1/"):
        assert seen.mean() == pytest.approx(grey.mean() / int(light[2:]), abs=3)


def _draw(path: Path, person: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    room = np.full((120, 160), rng.integers(90, 180), np.uint8)
    room[85:] = rng.integers(60, 120)
    if person:
        cv2.circle(room, (70, 25), 10, (200,), -1)
        cv2.rectangle(room, (52, 36), (88, 112), (30,), -1)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), room)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder of a site: twelve cabins with somebody, twelve without, in two videos each; a trunk."""
    scene = tmp_path / "data" / "scene"
    boxes, rows = {}, []
    for n in range(24):
        person = n % 2 == 0
        name = f"images/site/{n}.png"
        _draw(scene / name, person, n)
        if person:
            boxes[name] = [{"c": "person", "b": [0.32, 0.12, 0.56, 0.94], "src": "gt"}]
        rows.append(
            [name, "image", "atm", "one_person" if person else "empty", "our-site", "own", f"day{n // 6}", ""]
        )
    (scene / "boxes.json").write_text(json.dumps(boxes))
    with (scene / "manifest.csv").open("w", newline="") as file:
        names = ("path", "kind", "task", "labels", "source", "licence", "group", "notes")
        csv.writer(file).writerows([names, *rows])
    teachers = tmp_path / "data" / "teachers"
    teachers.mkdir()
    stored_trunk(teachers / "mnv2_imagenet_float16.npz")
    return tmp_path / "data"


def test_a_folder_becomes_pictures_that_say_what_is_known(folder: Path, tmp_path: Path) -> None:
    pictures = prepare(folder, tmp_path / "cache")
    assert sorted({p.about for p in pictures}) == ["cabin empty", "cabin one"]
    one = next(p for p in pictures if p.somebody)
    np.testing.assert_allclose(one.boxes, [[51.2, 14.4, 89.6, 112.8]], atol=0.1)
    assert one.whole
    shutil.rmtree(folder)
    again = prepare(folder, tmp_path / "cache")
    assert [p.path for p in again] == [p.path for p in pictures], "the cache needs the folder no more"
    np.testing.assert_array_equal(again[3].grey, pictures[3].grey)


def test_a_transparent_thing_is_shown_on_grey_and_in_a_room(tmp_path: Path) -> None:
    thing = np.zeros((60, 80, 4), np.uint8)
    thing[10:50, 20:60] = (200, 200, 200, 255)
    (tmp_path / "free").mkdir()
    cv2.imwrite(str(tmp_path / "free" / "cup.png"), thing)
    made = further([tmp_path / "free"], [_picture("empty", "e")], tmp_path, 1)
    assert [p.somebody for p in made] == [False, False]
    assert (made[0].grey == 200).all(), "cut to what shows"
    assert further([], [], tmp_path, 1) == []


@pytest.mark.slow
def test_a_site_s_folder_becomes_a_checked_network_and_goes_on_from_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    common = ["--data", str(folder), "--cache", str(tmp_path / "cache"), "--batch", "4"]
    kept_away = ["--leave-out", "day0", "--leave-out", "day3"]
    first = ["x", *common, "--work", str(run), "--out", str(run), "--steps", "2", *kept_away]
    monkeypatch.setattr("sys.argv", first)
    training.main()
    held = hold(prepare(folder, tmp_path / "cache"), [Run.of(run)])
    assert {h.picture.group for h in held} == {"day0", "day3"}
    assert np.isfinite(points_of(held).somebody_cut)

    net = SceneNet()
    shipped_weights(run / "scene.tflite", net)
    kept = torch.load(run / "scene.pt", weights_only=True)["average"]
    whole = SceneNet()
    whole.load_state_dict(kept)
    seen = torch.from_numpy(plain(held[0].picture).astype(np.float32) / 128 - 1)[None, None]
    with torch.no_grad():
        mine, theirs = net.eval()(seen), whole.eval()(seen)
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=0.1, rtol=0.1)

    on = tmp_path / "on"
    begin = ["--start-from", str(run / "scene.tflite")]
    monkeypatch.setattr(
        "sys.argv", ["x", *common, "--work", str(on), "--out", str(on), "--steps", "1", *begin]
    )
    training.main()
    assert People(on).look(held[0].picture.grey).somebody_logit != 0
