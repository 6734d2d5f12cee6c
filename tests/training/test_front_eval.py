"""The figures of the changed fronts: an even plan, honest counting, a plain way that sees what is plain."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edge.vision.scene import part
from models.training.front.change import Family, change
from models.training.front.days import Day
from models.training.front.drawn import drawn_machine
from models.training.front.eval import KIOSK, PLAIN, SIZES_CM, free_from, plan, seen_in
from models.training.front.machine import Fold, Grey, Machine
from models.training.front.report import read_calm, read_staged, tables
from models.training.front.watchers import Glance, GreyDifference, Laid, Plain, Told, taught


@functools.cache
def machine_of() -> Machine:
    """One drawn machine; drawing it takes longer than a test should."""
    return drawn_machine(Fold.JUDGING, 1, px_per_cm=3.0)


@pytest.mark.slow
def test_the_plan_is_even_and_of_the_judging_fold_alone() -> None:
    one = machine_of()
    machines = [one, dataclasses.replace(one, name="another")]
    whole = 2 * 9 * len(SIZES_CM)
    planned = list(plan(whole, machines))
    assert {family.fold for _, _, family, _ in planned} == {Fold.JUDGING}
    counted = Counter((machine.name, family, size) for _, machine, family, size in planned)
    assert len(counted) == whole
    assert set(counted.values()) == {1}
    assert list(plan(20, machines)) == planned[:20]


def test_pictures_are_given_while_nobody_stands_before_it() -> None:
    machine = machine_of()
    day = Day(machine, 3)
    visited = next(t for t in range(30_000, 80_000, 10) if day.in_use(float(t + 14)))
    seen = [at_s for at_s, _ in seen_in(day, visited - 60.0, 4, machine.picture)]
    assert 0 < len(seen) < 4
    assert not any(day.in_use(at_s) for at_s in seen)
    assert not day.in_use(free_from(day, float(visited)))


def test_counting_joins_both_runs_and_leaves_out_what_had_no_place(tmp_path: Path) -> None:
    base = {"machine": "m", "drawn": True, "family": "skimmer", "size_px": 12.0, "contrast": 9.0}
    rows = [{**base, "number": n, "size_cm": 3.0, "infrared": False, "visible": 20} for n in range(4)]
    found = [{**row, "after_s": {KIOSK: 330.0} if row["number"] else {}} for row in rows]
    plain = [{**row, "after_s": {"SSIM": 300.0} if row["number"] == 1 else {}} for row in rows]
    nowhere = {"number": 9, "machine": "m", "family": "skimmer"}
    for who, lines in ((KIOSK, [*found, nowhere]), (PLAIN, plain)):
        (tmp_path / f"found-{who}.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    event = {"name": KIOSK, "at_s": 5, "receipt": True}
    day = {"machine": "m", "drawn": True, "every_s": 900.0, "looked": 80}
    calm = [{**day, "seed": n, "events": [event] * (n == 0)} for n in range(42)]
    (tmp_path / f"calm-{KIOSK}.jsonl").write_text("\n".join(json.dumps(day) for day in calm))
    staged, days = read_staged(tmp_path), read_calm(tmp_path)
    assert len(staged) == 4
    assert sum(one.found(KIOSK) for one in staged) == 3
    text = "\n".join(tables(staged, days))
    assert "| kiosk | 0.750" in text
    assert "| SSIM | 0.250" in text
    # 80 samples speak for eight hours, 42 such days for fourteen: one event is one in two weeks.
    assert "| kiosk | 42 | 336 | 1 | 0.50 (0.01 to 2.79) | 1 | 1 of 1 |" in text


@pytest.mark.slow
def test_the_grey_difference_sees_a_removed_cover_and_nothing_of_an_unchanged_machine() -> None:
    machine = machine_of()
    made = change(machine.picture, machine, Family.REMOVED, 8.0, np.random.default_rng(1))
    laid = Laid(taught(machine, [machine.picture]))
    noise = np.random.default_rng(2).normal(0.0, 1.5, machine.picture.shape)

    def watched(base: Grey) -> tuple[Plain, Told | None]:
        way, told = Plain(GreyDifference(), laid, limit=8.0), None
        for slot in range(10):
            noisy = np.clip(base + np.roll(noise, 9 * slot, axis=1), 0, 255).astype(np.uint8)
            crop = laid.crop(noisy)
            assert crop is not None
            told = told or way.hear(crop, 30.0 * slot)
        return way, told

    way, told = watched(machine.picture)
    assert told is None
    assert way.highest < 6.0
    way, told = watched(made.picture)
    assert told is not None
    assert told.at_s == 270.0
    x, y, w, h = made.box
    left, top, wide, high = told.boxes[0]
    assert x < left + wide / 2 < x + w
    assert y < top + high / 2 < y + h


@pytest.mark.slow
def test_a_glance_judges_one_half_minute_and_leaves_the_votes_of_the_kiosk_alone() -> None:
    machine = machine_of()
    made = change(machine.picture, machine, Family.REMOVED, 8.0, np.random.default_rng(1))
    before = part.SLOTS, part.NEEDED
    eye = Glance(taught(machine, [machine.picture]), None)
    assert eye.fresh().highest(machine.picture, 1000.0) < 0.5
    assert eye.fresh().highest(made.picture, 1000.0) > 1.0
    assert before == (part.SLOTS, part.NEEDED)
