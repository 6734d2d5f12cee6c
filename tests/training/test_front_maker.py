"""The maker of changed fronts: sizes, boxes, light; what teaches and what judges share nothing."""

from __future__ import annotations

import csv
import functools
from pathlib import Path

import numpy as np
import pytest

from models.training.front import for_judging, for_training
from models.training.front.change import Family, change, families
from models.training.front.days import Day
from models.training.front.drawn import designs, drawn_machine
from models.training.front.machine import Fold, Machine, Part
from models.training.front.machines import machines, real_machines

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
NEEDS_DATA = pytest.mark.skipif(not (DATA / "scene").is_dir(), reason="no data folder")
TABLE = Path(for_training.__file__).with_name("machines.csv")


@functools.cache
def machine_of(fold: Fold) -> Machine:
    """One drawn machine of a fold, 4 pixels to a centimetre; drawing it takes longer than a test should."""
    return drawn_machine(fold, 1, px_per_cm=4.0)


@pytest.mark.slow
def test_families_and_drawn_designs_are_of_one_fold_only() -> None:
    training, judging = families(Fold.TRAINING), families(Fold.JUDGING)
    assert set(training) | set(judging) == set(Family)
    assert len(training) >= 6
    assert len(judging) >= 9
    # Not even a function that draws is shared.
    taught = {
        name
        for name in vars(for_training)
        if getattr(vars(for_training)[name], "__module__", "") == for_training.__name__
    }
    judged = {
        name
        for name in vars(for_judging)
        if getattr(vars(for_judging)[name], "__module__", "") == for_judging.__name__
    }
    assert not taught & judged
    assert not designs(Fold.TRAINING) & designs(Fold.JUDGING)
    assert machine_of(Fold.JUDGING).shoot in designs(Fold.JUDGING)


def test_real_machines_are_split_by_shoot() -> None:
    with TABLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    folds: dict[str, set[str]] = {}
    for row in rows:
        folds.setdefault(row["shoot"], set()).add(row["fold"])
        folds.setdefault(row["path"], set()).add(row["fold"])
    assert all(len(of) == 1 for of in folds.values())
    assert {Fold(row["fold"]) for row in rows} == set(Fold)
    assert all(Part(row["part"]) for row in rows)


@pytest.mark.parametrize("family", list(Family))
def test_a_change_is_as_large_as_asked_and_differs_in_its_box_alone(family: Family) -> None:
    machine = machine_of(family.fold)
    for size_cm in (1.0, 4.0):
        made = change(machine.picture, machine, family, size_cm, np.random.default_rng(5))
        x, y, w, h = made.box
        differs = made.picture != machine.picture
        assert differs[y : y + h, x : x + w].any()
        differs[y : y + h, x : x + w] = False
        assert not differs.any()
        scale = made.size_px / size_cm
        there = [region.px_per_cm for region in machine.regions]
        assert 0.6 * min(there) < scale < 1.5 * max(there)
        assert made.contrast >= 3.0
    again = change(machine.picture, machine, family, 4.0, np.random.default_rng(5))
    assert np.array_equal(again.picture, made.picture)


def test_what_is_made_keeps_the_light_of_its_picture() -> None:
    """The same frame in half the light is half as light: it is no lamp of its own."""
    machine = machine_of(Fold.JUDGING)
    dark = (machine.picture.astype(np.float32) * 0.5).astype(np.uint8)
    light = change(machine.picture, machine, Family.FALSE_BEZEL, 6.0, np.random.default_rng(2))
    dim = change(dark, machine, Family.FALSE_BEZEL, 6.0, np.random.default_rng(2))
    x, y, w, h = light.box
    bright = light.picture[y : y + h, x : x + w].astype(float)
    assert np.abs(bright * 0.5 - dim.picture[y : y + h, x : x + w]).mean() < 4.0


def test_a_size_that_is_not_made_is_refused() -> None:
    machine = machine_of(Fold.JUDGING)
    with pytest.raises(ValueError, match="made are"):
        change(machine.picture, machine, Family.BAR, 9.0, np.random.default_rng(0))


def test_a_day_is_the_same_again_and_its_light_is_not() -> None:
    machine = machine_of(Fold.TRAINING)
    day, same, other = Day(machine, 3), Day(machine, 3), Day(machine, 4)
    noon, night = 43_200.0, 7_200.0
    assert np.array_equal(day.picture(noon), same.picture(noon))
    assert not np.array_equal(day.picture(noon), other.picture(noon))
    assert day.light(night).daylight == 0.0
    assert day.light(noon).daylight > 0.2
    # The same thing lies at the same place, whatever the light: the camera moves by a few pixels at most.
    still = np.corrcoef(day.picture(noon).ravel(), machine.picture.ravel())[0, 1]
    assert still > 0.6


def test_a_changed_machine_stays_changed_through_the_day() -> None:
    machine = machine_of(Fold.JUDGING)
    made = change(machine.picture, machine, Family.REMOVED, 6.0, np.random.default_rng(1))
    x, y, w, h = made.box
    day = Day(machine, 5)
    at = next(t for t in range(36_000, 60_000, 600) if not day.in_use(t) and not day.receipt(t))
    as_is, changed = (day.picture(at, base).astype(float) for base in (machine.picture, made.picture))
    apart = np.abs(as_is - changed)
    assert apart[y : y + h, x : x + w].mean() > 5 * apart.mean()


@pytest.mark.slow
@NEEDS_DATA
@pytest.mark.parametrize("fold", list(Fold))
def test_every_family_finds_a_place_on_real_machines(fold: Fold) -> None:
    found = real_machines(DATA, fold)
    assert len(found) >= 3
    assert len(machines(fold, DATA, drawn=2)) == len(found) + 2
    for family in families(fold):
        places = 0
        for machine in found:
            try:
                places += change(machine.picture, machine, family, 2.0, np.random.default_rng(0)).contrast > 0
            except ValueError:
                continue
        assert places >= 2, family
