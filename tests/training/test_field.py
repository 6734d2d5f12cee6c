"""Areas against their plain definition, core-sets, made defects, the sets' layouts, every method once."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.training.field.areas import area, drawn_area, mean_area
from models.training.field.bank import Bank, Floats, core_set, nearest
from models.training.field.defects import HEIGHT, KINDS, WIDTH, Texture, made
from models.training.field.kiosk import KioskDictionary
from models.training.field.measure import KIOSK, Cached, Candidate, run, same_network
from models.training.field.peers import MeanPicture, Method, OneClassHog, Padim
from models.training.field.report import BEGIN, END, missed, read_results, tables, write_between
from models.training.field.sets import CHOOSING, Class, Shot, halves, read_set

Grey = NDArray[np.uint8]


def _grass(seed: int, side: int = 300) -> Grey:
    rough = np.random.default_rng(seed).normal(0.0, 1.0, (side, side))
    smooth = np.asarray(cv2.GaussianBlur(rough, (0, 0), 2.0), np.float64)
    return np.asarray(np.clip(128 + 40 * smooth / smooth.std(), 0, 255), np.uint8)


def _embed(picture: Grey) -> Floats:
    """Mean, spread and slopes of 8 x 8 cells: enough to tell a hole."""
    real = picture.astype(np.float32) / 64.0
    parts = [real, np.abs(real - cv2.blur(real, (5, 5))), cv2.Sobel(real, cv2.CV_32F, 1, 0)]
    size = (picture.shape[1] // 8, picture.shape[0] // 8)
    return np.stack([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in parts], axis=2)


def test_an_area_is_how_often_an_abnormal_one_scores_above_a_normal_one() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        score = rng.integers(0, 6, 30).astype(np.float64)
        abnormal = rng.random(30) < 0.4
        pairs = [(a > n) + 0.5 * (a == n) for a in score[abnormal] for n in score[~abnormal]]
        assert area(score, abnormal) == pytest.approx(np.mean(pairs))
        drawn = drawn_area(score, abnormal)
        assert drawn.value == pytest.approx(np.mean(pairs))
        assert float(drawn.draws.mean()) == pytest.approx(drawn.value, abs=0.02)
    assert np.isnan(area(score, np.zeros(30, np.bool_)))


def test_intervals_narrow_with_more_pictures_and_two_methods_are_drawn_alike() -> None:
    rng = np.random.default_rng(1)
    widths = []
    for size in (20, 500):
        abnormal = np.arange(size) % 2 == 0
        score = rng.normal(abnormal.astype(np.float64), 1.0)
        drawn = drawn_area(score, abnormal)
        widths.append(float(np.ptp(np.quantile(drawn.draws, (0.025, 0.975)))))
        assert not (drawn - drawn_area(score * 3.0, abnormal)).draws.any()
    assert widths[1] < 0.5 * widths[0]
    assert mean_area([drawn, drawn]).value == pytest.approx(drawn.value)


def test_a_core_set_leaves_nothing_far_away() -> None:
    rng = np.random.default_rng(2)
    vectors = np.concatenate([rng.normal(at, 0.05, (50, 3)) for at in (0.0, 5.0, 9.0)]).astype(np.float32)
    kept = core_set(vectors, 3)
    assert sorted(int(n) // 50 for n in kept) == [0, 1, 2]
    far = [float(nearest(vectors, vectors[core_set(vectors, k)])[0].max()) for k in (1, 3, 30)]
    assert far[0] > far[1] > far[2]
    twins = np.zeros((9, 3), np.float32)
    assert len(core_set(twins, 5)) == 1


def test_the_nearest_is_the_nearest_however_many_are_known() -> None:
    rng = np.random.default_rng(3)
    known, asked = (rng.normal(size=(n, 2)).astype(np.float32) for n in (9000, 40))
    distance, which = nearest(asked, known)
    apart = np.linalg.norm(asked[:, None] - known[None], axis=2)
    assert np.array_equal(which, apart.argmin(1))
    assert distance == pytest.approx(apart.min(1), abs=2e-3)


@pytest.mark.slow
def test_made_defects_stay_in_their_masks_and_out_of_what_is_learnt() -> None:
    photograph = np.concatenate([_grass(4, 420), 255 - _grass(5, 420)], axis=1)
    learn, judged = made(Texture(photograph, [_grass(6, 420)]), seed=7)
    assert {window.kind for window in judged} == {"good", *KINDS}
    assert all(window.mask.any() == (window.kind != "good") for window in judged)
    assert all(picture.shape == (HEIGHT, WIDTH) for picture in learn)
    again = made(Texture(photograph, [_grass(6, 420)]), seed=7)[1]
    assert all(np.array_equal(a.picture, b.picture) for a, b in zip(judged, again, strict=True))
    plain = np.full((HEIGHT, WIDTH), 100.0, np.float32)
    other = np.tile(np.linspace(50, 200, WIDTH, dtype=np.float32), (HEIGHT, 1))
    for draw in KINDS.values():
        changed, mask = draw(plain, other, np.random.default_rng(8))
        near = cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
        assert not (np.abs(changed - plain) > 3.0)[~near].any()


def test_a_texture_s_right_side_is_never_learnt_from() -> None:
    photograph: Grey = np.asarray(_grass(4, 512) // 2, np.uint8)
    photograph[:, 307:] += 100
    learn, judged = made(Texture(photograph, [_grass(6, 420)]), seed=0)
    assert max(float(picture.mean()) for picture in learn) < 90
    assert min(float(window.picture.mean()) for window in judged) > 120


def test_known_layouts_are_read_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no set"):
        next(read_set(tmp_path))
    for place, count in (("train/good", 3), ("test/good", 2), ("test/hole", 2), ("ground_truth/hole", 1)):
        folder = tmp_path / "mvtec" / "tile" / place
        folder.mkdir(parents=True)
        for number in range(count):
            name = f"{number}_mask.png" if place.startswith("ground") else f"{number}.png"
            cv2.imwrite(str(folder / name), _grass(number, 40))
    (tile,) = read_set(tmp_path / "mvtec")
    assert (tile.name, len(tile.learn), [shot.kind for shot in tile.test]) == (
        "tile", 3, ["good", "good", "hole", "hole"],
    )  # fmt: skip
    assert [shot.mask is not None for shot in tile.test] == [False, False, True, False]


def test_the_solar_cells_are_split_as_in_earlier_work(tmp_path: Path) -> None:
    lines = []
    (tmp_path / "images").mkdir()
    for number in range(60):
        kind = "mono" if number % 2 else "poly"
        chance = (0.0, 0.0, 0.0, 0.3333333333333333, 0.6666666666666666, 1.0)[number % 6]
        cv2.imwrite(str(tmp_path / f"images/{number}.png"), np.full((30, 30), number, np.uint8))
        lines.append(f"images/{number}.png  {chance}   {kind}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    mono, poly, both, *doubtful = read_set(tmp_path)
    judged = [shot.picture[0, 0] for one in (mono, poly) for shot in one.test]
    assert [shot.picture[0, 0] for shot in both.test] == judged
    assert len(both.learn) == 22
    assert sum(not shot.abnormal for shot in both.test) == 8
    known = {int(picture[0, 0]) for picture in both.learn}
    assert not known & {int(shot.picture[0, 0]) for one in (both, *doubtful) for shot in one.test}
    # What is chosen on is in no test that is reported.
    assert not {s.name for s in both.test} & {s.name for one in doubtful for s in one.test}
    assert {one.name for one in doubtful} < set(CHOOSING)
    # sklearn.model_selection.train_test_split(range(10), test_size=0.25, random_state=42)[1]
    assert halves(10)[0].tolist() == [8, 1, 5]


def test_a_bank_finds_a_hole_and_where_it_is() -> None:
    learn = [_grass(seed, 96) for seed in range(6)]
    torn = _grass(20, 96)
    torn[40:56, 64:80] = 5
    for share in (0.2, 1.0):
        bank = Bank(_embed, share)
        bank.learn(learn)
        assert bank.size_bytes == round(share * 6 * 144) * 3 * 4
        score, heat = bank.look(torn)
        row, column = np.unravel_index(int(heat.argmax()), heat.shape)
        assert 5 <= int(row) <= 6
        assert 8 <= int(column) <= 9
        assert score > max(bank.look(_grass(seed, 96))[0] for seed in range(30, 33))


def test_every_peer_finds_what_is_plainly_wrong() -> None:
    rng = np.random.default_rng(9)
    cross = np.full((96, 96), 90, np.uint8)
    cross[40:56], cross[:, 40:56] = 200, 200

    def noisy(picture: Grey) -> Grey:
        return np.clip(picture + rng.normal(0.0, 6.0, picture.shape), 0, 255).astype(np.uint8)

    learn = [noisy(cross) for _ in range(20)]
    wrong = cross.copy()
    wrong[10:34, 60:90] = 200
    wrong[64:90, 4:30:4] = 10
    for method in (Padim(_embed), OneClassHog(), MeanPicture()):
        method.learn(learn)
        normal = [method.look(noisy(cross))[0] for _ in range(8)]
        assert min(method.look(noisy(wrong))[0] for _ in range(4)) > max(normal), method
        assert method.size_bytes > 0


@pytest.mark.slow
def test_a_small_set_goes_through_the_kiosk_s_code_to_the_tables(tmp_path: Path) -> None:
    """A hole in one of six cells; nothing is measured twice, and the card's text around the tables stays."""
    rng = np.random.default_rng(10)
    base = np.kron(rng.integers(60, 200, (6, 6)), np.ones((16, 16))).astype(np.float32)

    def shot(kind: str) -> Shot:
        picture = base + rng.normal(0.0, 3.0, base.shape)
        mask = np.zeros(base.shape, np.bool_)
        if kind != "good":
            mask[32:48, 48:64] = True
            picture[mask] = 10.0
        return Shot(np.clip(picture, 0, 255).astype(np.uint8), kind, mask)

    tile = Class("tile", [shot("good").picture for _ in range(12)], [shot(k) for k in ("good", "hole") * 4])
    embed = Cached(_units)
    methods = [
        Candidate(KIOSK, lambda: KioskDictionary(embed), embed),
        Candidate("mean picture", MeanPicture, None),
    ]
    run([tile], methods, tmp_path)
    found = read_results(tmp_path)["tile"]
    assert area(found[KIOSK].score, found[KIOSK].abnormal) == 1.0
    assert found[KIOSK].pixels > 0.95
    assert found[KIOSK].size_bytes > 0
    run([tile], [Candidate(KIOSK, _never, embed)], tmp_path)
    same_network(tmp_path, "one")
    with pytest.raises(ValueError, match="another patches"):
        same_network(tmp_path, "two")
    card = tmp_path / "card.md"
    card.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_between(card, "\n".join((*tables({"tile": found}), *missed({"tile": found}))))
    text = card.read_text()
    assert "| the kiosk's dictionary | 1.000 (1.000 to 1.000) | 1.000 (1.000 to 1.000) |" in text
    assert "| tile | hole | 1.000 (0.510 to 1.000) of 4 |" in text
    assert text.startswith("before")
    assert text.endswith("after\n")
    assert "old" not in text


def _units(picture: Grey) -> Floats:
    """Of one size, as a network's."""
    vectors = _embed(np.asarray(cv2.resize(picture, (96, 96)), np.uint8)) + np.float32(0.1)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=2, keepdims=True), np.float32)


def _never() -> Method:
    raise AssertionError("what is measured is not measured again")
