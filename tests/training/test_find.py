"""The finder's training scenes: seeded, labelled inside the picture, and free of faces where none was put."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="training needs PyTorch, which the kiosk does not have")

from edge.vision.network import load
from models.training.common import to_input
from models.training.find.data import BARE, COVERED, IGNORED, Picture, without_face
from models.training.find.net import CELLS, EARLIER_DEPTHS, FaceFinder, flatten, loss, targets
from models.training.find.pool import Pool, draw, pooled
from models.training.find.restore import grown, restored
from models.training.find.scenes import Scenes
from models.training.find.train import misleading
from models.training.find.worn import mark_heads


def _pictures() -> list[Picture]:
    rng = np.random.default_rng(3)
    made = []
    for kind, label, size in (
        ("crop", "uncovered", 128),
        ("crop", "mask", 96),
        ("photo", "mask", 320),
        ("negative", "none", 240),
    ):
        grey = rng.integers(0, 256, (size, size), dtype=np.uint8)
        boxes = np.array([[0.25, 0.2, 0.5, 0.6]], np.float32) * size
        marks = np.array([[0.4, 0.4, 0.6, 0.4, 0.5, 0.5, 0.42, 0.65, 0.58, 0.65]], np.float32) * size
        covers = np.array([BARE], np.int8)
        if kind == "negative":
            boxes, marks, covers = boxes[:0], marks[:0], covers[:0]
        made.append(Picture(grey, kind, "source", "group", f"{kind}.jpg", label, boxes, marks, covers))
    return made


def test_a_scene_depends_on_its_number_and_seed_alone() -> None:
    first, again, other = Scenes(_pictures(), 7), Scenes(_pictures(), 7), Scenes(_pictures(), 8)
    for number in (40, 3):
        one, same = first.scene(number), again.scene(number)
        np.testing.assert_array_equal(one.grey, same.grey)
        np.testing.assert_array_equal(one.boxes, same.boxes)
        np.testing.assert_array_equal(one.marks, same.marks)
        np.testing.assert_array_equal(one.covers, same.covers)
    assert any((first.scene(n).grey != other.scene(n).grey).any() for n in range(3))


def test_every_box_lies_inside_its_scene() -> None:
    scenes = Scenes(_pictures(), 7)
    for number in range(200):
        scene = scenes.scene(number)
        boxes = scene.boxes
        assert scene.grey.shape == (240, 320)
        assert len(boxes) == len(scene.marks) == len(scene.covers)
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, 0] + boxes[:, 2] <= 320.01).all()
        assert (boxes[:, 1] + boxes[:, 3] <= 240.01).all()


def test_pictures_with_black_beside_them_come_with_a_face_and_without() -> None:
    """Else the network learns that whatever stands alone in the upper left is a face."""
    scenes = Scenes(_pictures(), 7)
    alone = [s for s in map(scenes.scene, range(400)) if not s.grey[:, -16:].any()]
    with_face = sum(len(s.boxes) > 0 for s in alone)
    assert with_face >= 20
    assert len(alone) - with_face >= 20


def test_a_pool_gives_back_the_scenes_a_little_changed(tmp_path: Path) -> None:
    scenes = Scenes(_pictures(), 7)
    draw(scenes, 6, tmp_path / "one")
    draw(Scenes(_pictures(), 8), 4, tmp_path / "two")
    pools = [Pool(tmp_path / "one"), Pool(tmp_path / "two")]
    for number in range(6):
        kept, drawn = pools[0].scene(number), scenes.scene(number)
        np.testing.assert_array_equal(kept.grey, drawn.grey)
        np.testing.assert_array_equal(kept.boxes, drawn.boxes)
        assert kept.shape == drawn.shape
    one_round = [pooled(pools, number, 3) for number in range(10)]
    again = [pooled(pools, number, 3) for number in range(10)]
    assert all((a.grey == b.grey).all() for a, b in zip(one_round, again, strict=True))
    for scene in one_round:
        assert not scene.grey[scene.shape[0] :].any()
        assert (scene.boxes[:, 0] + scene.boxes[:, 2] <= scene.shape[1] + 0.01).all()
    faces = sum(len(pools[0].scene(n).boxes) for n in range(6))
    faces += sum(len(pools[1].scene(n).boxes) for n in range(4))
    # A face at the very edge may be shifted out; none is added or seen twice.
    assert faces - 2 <= sum(len(s.boxes) for s in one_round) <= faces


def test_marked_heads_become_faces(tmp_path: Path) -> None:
    """A guess at a head gives way to the box; where the teacher half saw the face, its landmarks are kept."""
    boxes = np.array([[0, 0, 100, 60], [220, 40, 40, 50]], np.float32)
    marks = np.full((2, 10), np.nan, np.float32)
    marks[1] = [230, 60, 250, 60, 240, 70, 232, 80, 248, 80]
    covers = np.array([IGNORED, IGNORED], np.int8)
    grey = np.zeros((200, 400), np.uint8)
    scene = Picture(grey, "scene", "source", "group", "crowd.jpg", "face_cover:x", boxes, marks, covers)
    heads = [[0.1, 0.1, 0.2, 0.4], [0.5, 0.1, 0.7, 0.5], [0.9, 0.5, 0.91, 0.51]]
    (tmp_path / "scene").mkdir()
    marked = {"crowd.jpg": [{"c": "face_cover", "b": head} for head in heads]}
    (tmp_path / "scene" / "boxes.json").write_text(json.dumps(marked))
    assert mark_heads([scene], tmp_path) == 2
    assert scene.covers.tolist() == [COVERED, COVERED]
    np.testing.assert_array_equal(scene.boxes[0], [220, 40, 40, 50])
    assert not np.isnan(scene.marks[0]).any()
    x, y, w, h = scene.boxes[1]
    assert 40 < x < x + w < 80
    assert 20 < y < y + h < 80.1


def test_an_earlier_network_goes_on_in_the_deeper_one() -> None:
    import torch

    torch.manual_seed(1)
    earlier = FaceFinder(depths=EARLIER_DEPTHS)
    earlier.eval()
    with torch.no_grad():
        seen = torch.from_numpy(
            np.stack([to_input(s.grey) for s in map(Scenes(_pictures(), 5).scene, range(4))])
        )
        before, after = earlier(seen[:, None]), grown(earlier)(seen[:, None])
    for a, b in zip(before, after, strict=True):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.9


def test_a_sure_answer_costs_less_than_a_wrong_one() -> None:
    import torch

    boxes, marks = np.array([[100, 60, 80, 100]], np.float32), np.full((1, 10), np.nan, np.float32)
    owner, shape = targets(boxes, marks, np.array([BARE], np.int8))
    owners, where = torch.from_numpy(owner)[None], torch.from_numpy(CELLS)
    outputs = FaceFinder().eval()(torch.zeros(1, 1, 240, 320))
    wanted = torch.where(owners == 0, 8.0, -8.0)
    counts = [o.numel() for o in outputs[:3]]
    maps = torch.split(wanted[0], counts)
    right = tuple(m.reshape(o.shape) for m, o in zip(maps, outputs[:3], strict=True))
    wrong = tuple(-m for m in right)
    assert flatten((*right, *outputs[3:]))[0].shape == owners.shape
    good = loss((*right, *outputs[3:]), owners, [torch.from_numpy(shape)], where)
    bad = loss((*wrong, *outputs[3:]), owners, [torch.from_numpy(shape)], where)
    assert good.score < 0.1 < bad.score


def test_what_misleads_never_holds_a_labelled_face(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts of pictures with faces are tried too, beside the faces only."""
    import torch

    model = FaceFinder().eval()
    for score in model.scores:
        torch.nn.init.constant_(score.bias, 4.0)  # sees a face everywhere
    pictures = [p for p in _pictures() if p.kind == "negative"]
    grey = np.full((240, 240), 90, np.uint8)
    grey[100:160, 100:160] = 255
    box = np.array([[100, 100, 60, 60]], np.float32)
    none = np.full((1, 10), np.nan, np.float32)
    covers = np.array([BARE], np.int8)
    pictures.append(Picture(grey, "scene", "source", "group", "bag.jpg", "object:bag", box, none, covers))
    monkeypatch.setattr("models.training.find.train._CUTS", 150)
    hard = misleading(model, pictures, np.random.default_rng(1))
    cuts = [h for h in hard if h.path == "bag.jpg"]
    assert len(cuts) > 10
    assert all(h.grey.max() == 90 for h in cuts)


def test_further_pictures_are_filled_behind_what_is_transparent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Blind:
        def __init__(self, data: Path) -> None:
            pass

        def look(self, *_: object) -> NDArray[np.float32]:
            return np.zeros((0, 15), np.float32)

    monkeypatch.setattr("models.training.find.data.Teacher", Blind)
    stamp = np.zeros((200, 200, 4), np.uint8)
    stamp[40:160, 60:140] = 255
    cv2.imwrite(str(tmp_path / "stamp.png"), stamp)
    cv2.imwrite(str(tmp_path / "photo.jpg"), np.full((100, 80, 3), 77, np.uint8))
    grounds = [p for p in _pictures() if p.kind == "negative"]
    made = without_face([tmp_path], tmp_path, grounds, 3)
    assert [p.grey.shape for p in made] == [(100, 80), (120, 80), (120, 80)]
    assert all(p.kind == "negative" and not len(p.boxes) for p in made)
    assert (made[1].grey == 255).all()


def test_the_shipped_file_is_a_beginning(repo: Path) -> None:
    """Its weights answer as the file does, and go on answering so while they learn."""
    pytest.importorskip("ai_edge_litert", reason="only training needs the reader of a file's operators")
    import torch

    scenes = Scenes(_pictures(), 5)
    greys = [scenes.scene(n).grey for n in range(48)]
    model = restored(repo / "models" / "face_find.tflite", greys)
    network = load(repo / "models" / "face_find.tflite", labels=("face",))
    for grey in greys[:4]:
        file = network.run_real((grey.astype(np.int16) - 128).astype(np.int8)[None, :, :, None])
        with torch.no_grad():
            ours = model(torch.from_numpy(to_input(grey))[None, None])
        for theirs, own in zip(file, ours, strict=True):
            assert np.corrcoef(theirs.ravel(), own.numpy().transpose(0, 2, 3, 1).ravel())[0, 1] > 0.97
    every = torch.from_numpy(np.stack([to_input(grey) for grey in greys]))[:, None]
    with torch.no_grad():
        before, learning = model(every)[0], model.train()(every)[0]
    assert np.corrcoef(before.ravel(), learning.ravel())[0, 1] > 0.9


def test_another_network_is_no_beginning(repo: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="only training needs the reader of a file's operators")
    with pytest.raises(ValueError, match="another network"):
        restored(repo / "models" / "face_check.tflite", [])
