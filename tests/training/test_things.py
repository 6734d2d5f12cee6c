"""The second look's training squares: seeded, labelled by what is in them, and empty beside a weapon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="training needs PyTorch, which the kiosk does not have")

import torch

from edge.vision.network import load
from edge.vision.scene.crops import SIDE_PX
from models.training.common import to_input
from models.training.things.data import (
    BAR,
    GUN,
    HANDGUN,
    IGNORED,
    KNIFE,
    LABELS,
    NOTHING,
    PHONE,
    Marked,
    Picture,
)
from models.training.things.eval import Share, chosen_point, squares, weapon_odds
from models.training.things.net import GRID, ThingsNet, loss, target
from models.training.things.samples import Samples
from models.training.trunk import Trunk, shipped_weights

BRIGHT = 255
"""The level of every thing in these pictures; nothing else is brighter than 120."""


def _picture(number: int, task: str, kind: int, source: str) -> Picture:
    rng = np.random.default_rng(number)
    grey = rng.integers(60, 120, (200, 240), dtype=np.uint8)
    picture = Picture(f"{source}/{number}.jpg", source, f"{source}{number}", task, grey)
    picture.persons.append(Marked((60.0, 10.0, 160.0, 190.0), NOTHING))
    if kind != NOTHING:
        x, y = 90.0 + 5.0 * (number % 5), 90.0
        grey[int(y) : int(y) + 30, int(x) : int(x) + 36] = BRIGHT
        picture.things.append(Marked((x, y, x + 36.0, y + 30.0), kind))
    else:
        picture.objects.append(Marked((70.0, 100.0, 100.0, 130.0), NOTHING))
    return picture


def _pictures() -> list[Picture]:
    made = [_picture(n, "weapon", (HANDGUN, KNIFE, GUN)[n % 3], "shop") for n in range(9)]
    made += [_picture(20 + n, "tool", BAR, "shed") for n in range(4)]
    made += [_picture(30 + n, "object", PHONE, "desk") for n in range(4)]
    made += [_picture(40 + n, "person", NOTHING, "street") for n in range(6)]
    white = np.full((60, 80), 250, np.uint8)
    white[20:40, 10:70] = 40
    made.append(Picture("cut.jpg", "film", "film", "cutout", white, negatives=False))
    return made


def test_squares_depend_on_their_seed_alone() -> None:
    first, again, other = (Samples(_pictures(), seed) for seed in (3, 3, 4))
    different = False
    for _ in range(30):
        one, same, another = first.next(), again.next(), other.next()
        np.testing.assert_array_equal(one.grey, same.grey)
        assert (one.kind, one.things) == (same.kind, same.things)
        different |= one.grey.shape != another.grey.shape or bool((one.grey != another.grey).any())
    assert different


def test_every_kind_comes_and_boxes_lie_in_their_square() -> None:
    samples = Samples(_pictures(), 5)
    seen = set()
    for _ in range(400):
        sample = samples.next()
        seen.add(sample.kind)
        assert sample.grey.shape == (SIDE_PX, SIDE_PX)
        assert (sample.kind == NOTHING) is (not sample.things)
        for thing in sample.things:
            x0, y0, x1, y1 = thing.box
            assert 0.0 <= x0 < x1 <= SIDE_PX
            assert 0.0 <= y0 < y1 <= SIDE_PX
    assert seen >= {NOTHING, HANDGUN, KNIFE, GUN, BAR, PHONE}


def test_a_weapon_outweighs_a_tool_and_a_telephone_in_the_same_square() -> None:
    picture = _picture(1, "weapon", KNIFE, "shop")
    picture.things += [Marked((60.0, 60.0, 140.0, 150.0), BAR), Marked((80.0, 80.0, 150.0, 150.0), PHONE)]
    (found,) = [s for s in squares([picture]) if s.view == "person"]
    assert found.weapon


def test_what_is_cut_beside_a_weapon_shows_nothing_of_it() -> None:
    beside = [s for s in squares(_pictures()) if s.view == "beside"]
    assert len(beside) >= 5
    for square in beside:
        assert square.kind == NOTHING
        assert square.greys[0].max() < 200


def test_half_a_thing_counts_neither_way() -> None:
    picture = _picture(2, "weapon", KNIFE, "shop")
    x0, y0, x1, _ = picture.things[0].box
    picture.persons[0] = Marked(((x0 + x1) / 2.0, y0 - 45.0, (x0 + x1) / 2.0 + 80.0, y0 + 45.0), NOTHING)
    assert not [s for s in squares([picture]) if s.view == "person" and s.kind == NOTHING]


def test_unsure_boxes_teach_no_place() -> None:
    wanted = target(KNIFE, [Marked((10.0, 10.0, 50.0, 60.0), KNIFE)], boxed=False)
    assert wanted.kind == KNIFE
    assert (wanted.cells == IGNORED).all()


def test_the_middle_of_a_thing_is_a_cell_of_its_kind_with_the_way_to_its_edges() -> None:
    box = (30.0, 12.0, 60.0, 40.0)
    wanted = target(HANDGUN, [Marked(box, HANDGUN)], boxed=True)
    rows, columns = np.nonzero(wanted.cells == HANDGUN)
    assert len(rows)
    for row, column in zip(rows, columns, strict=True):
        x, y = (column + 0.5) * SIDE_PX / GRID, (row + 0.5) * SIDE_PX / GRID
        left, top, right, bottom = wanted.shape[:, row, column] * SIDE_PX
        assert (x - left, y - top, x + right, y + bottom) == pytest.approx(box, abs=1e-3)
    assert (wanted.cells == NOTHING).sum() > GRID * GRID / 2


def _outputs(kind: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    whole, cells = torch.full((1, 6, 3, 3), -4.0), torch.full((1, 6, GRID, GRID), -4.0)
    whole[:, kind] = cells[:, kind] = 4.0
    return whole, cells, torch.zeros(1, 4, GRID, GRID)


def test_a_gun_of_unknown_kind_may_be_called_either_and_nothing_else() -> None:
    wanted = target(GUN, [], boxed=False)
    shape = torch.from_numpy(wanted.shape)[None]
    cells = torch.from_numpy(wanted.cells)[None]
    cost = [loss(_outputs(kind), torch.tensor([GUN]), cells, shape).whole.item() for kind in range(6)]
    assert cost[HANDGUN] == pytest.approx(cost[3])
    assert cost[HANDGUN] < 0.1
    assert min(cost[k] for k in (NOTHING, KNIFE, BAR, PHONE)) > 3.0


def test_log_odds_add_up_the_weapons() -> None:
    logits = np.log(np.array([[0.4, 0.1, 0.2, 0.1, 0.1, 0.1]]))
    assert weapon_odds(logits)[0] == pytest.approx(np.log(0.4 / 0.6))


def test_the_threshold_lies_between_weapons_and_the_rest() -> None:
    items = [s for s in squares(_pictures()) if s.view in ("person", "near")]
    odds = np.array([3.0 if s.weapon else -1.0 for s in items])
    assert -1.0 < chosen_point(items, odds) < 3.0


def test_wilson_of_a_known_case() -> None:
    low, high = Share(9, 10).low_high
    assert (low, high) == pytest.approx((0.596, 0.982), abs=0.001)


def _tries() -> Iterator[NDArray[np.uint8]]:
    samples = Samples(_pictures(), 6)
    for _ in range(6):
        yield samples.next().grey


def test_the_shipped_file_is_a_beginning(repo: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="only training needs the reader of a file's operators")
    model = ThingsNet(Trunk(1, top=True)).eval()
    shipped_weights(repo / "models" / "things.tflite", model)
    network = load(repo / "models" / "things.tflite", labels=LABELS)
    theirs, ours = [], []
    for grey in _tries():
        theirs.append(network.run_real((grey.astype(np.int16) - 128).astype(np.int8)[None, :, :, None])[0])
        with torch.no_grad():
            ours.append(model(torch.from_numpy(to_input(grey))[None, None])[0].numpy().transpose(0, 2, 3, 1))
    assert np.corrcoef(np.stack(theirs).ravel(), np.stack(ours).ravel())[0, 1] > 0.95
