"""What the watchers find of changes that are staged, and what they tell of days on which nothing happens.

    python -m models.training.front.eval found --data ../shared/data --work runs/front --count 360
    python -m models.training.front.eval found --data ../shared/data --work runs/front --who plain
    python -m models.training.front.eval calm --data ../shared/data --work runs/front --days 24
    python -m models.training.front.report --work runs/front --card models/front.md

Only machines and families of the judging fold are used, and nothing is chosen on them. Each machine is taught
once, with four pictures of one day (morning, afternoon, evening, night). A line of `found-WHO.jsonl` is one
change: it is there from one moment of another day on, and the watchers have ten minutes. A line of
`calm-WHO.jsonl` is one whole day of one machine without any change. Both files grow, so a run goes on where
it was stopped; a new model or a new judge wants a new `--work`.

A day has 2880 half minutes and the kiosk looks at all of them. Here one in ten, or fewer, is looked at with a
single vote, and where that alone is over the limit the thirteen minutes around it are looked at in full, with
all votes. What the kiosk tells has stood for six minutes and is over the limit in nearly all of them: so a
sample speaks for six minutes, and the days watched are counted so, however few samples there are of a day.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.judge.front import LIMIT
from edge.terms.observation import Box
from edge.vision.scene.part import SLOT_S
from edge.vision.scene.patches import Patches
from models.training.front.change import Changed, Family, change, families
from models.training.front.days import DAY_S, Day
from models.training.front.machine import Fold, Grey, Machine
from models.training.front.machines import machines
from models.training.front.watchers import (
    SLOTS,
    Glance,
    GreyDifference,
    Kiosk,
    Laid,
    Plain,
    Ssim,
    Told,
    Trunk,
    taught,
)

SIZES_CM: Final = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0)
WITHIN_S: Final = 600.0
TAUGHT_AT_H: Final = (10.0, 15.0, 20.0, 1.5)
DRAWN: Final = 6
KIOSK: Final = "kiosk"
PLAIN: Final = "plain"
"""The three ways beside it."""

_TAUGHT_DAY: Final = 7
_CALIBRATED_DAY: Final = 8
_MIDDLE_S: Final = 14.0
_OF: Final = 7
"""The kiosk takes the median of seven pictures in each half minute; one is made, with the noise of that."""
EVERY_S: Final = 300.0
SPEAKS_FOR_S: Final = 360.0
"""Twelve half minutes: less than that nothing has stood which is told."""
_AROUND_S: Final = 390.0
_REST_S: Final = 1800.0
"""What is told again within so long is one event."""
_CALIBRATED_H: Final = (2.0, 6.5, 8.0, 9.5, 11.0, 12.5, 14.0, 15.5, 17.0, 18.5, 20.0, 22.5)
_NEAR_PX: Final = 6
_JUDGED: Final = 4
_HOPELESS: Final = 0.6


class Bench:
    """One machine, taught, and those who watch it, made when they are first asked for."""

    def __init__(self, machine: Machine, patches: Patches, plain_trunk: Patches, work: Path) -> None:
        self.machine = machine
        self._limits = work / f"limits-{machine.name.replace(' ', '-')}.json"
        self._patches = patches
        day = Day(machine, _TAUGHT_DAY)
        pictures = [day.picture(free_from(day, hour * 3600.0)) for hour in TAUGHT_AT_H]
        self._front = taught(machine, pictures)
        self._ways = (GreyDifference(), Ssim(), Trunk("ImageNet trunk", plain_trunk))

    @cached_property
    def kiosk(self) -> Kiosk:
        return Kiosk(KIOSK, self._front, self._patches)

    @cached_property
    def glance(self) -> Glance:
        return Glance(self._front, self._patches)

    @cached_property
    def laid(self) -> Laid:
        return Laid(self._front)

    @cached_property
    def plain(self) -> list[Plain]:
        """The plain ways, calibrated on a day of their own."""
        ways = [Plain(way, self.laid) for way in self._ways]
        if self._limits.exists():
            known: dict[str, float] = json.loads(self._limits.read_text())
            for one in ways:
                one.limit = known[one.name]
            return ways
        day = Day(self.machine, _CALIBRATED_DAY)
        for hour in _CALIBRATED_H:
            fresh = [one.fresh() for one in ways]
            for at_s, picture in seen_in(day, hour * 3600.0, SLOTS, self.machine.picture):
                crop = self.laid.crop(picture)
                for one in fresh:
                    one.hear(crop, at_s)
            for one, seen in zip(ways, fresh, strict=True):
                one.limit = max(one.limit, seen.highest)
        self._limits.write_text(json.dumps({one.name: one.limit for one in ways}))
        return ways


def free_from(day: Day, at_s: float) -> float:
    """The first half minute from then on with nobody before the machine and no receipt in it."""
    at_s = float(at_s // SLOT_S * SLOT_S)
    while at_s < DAY_S - SLOT_S and (day.in_use(at_s) or day.receipt(at_s) or not _seen(day, at_s)):
        at_s += SLOT_S
    return at_s


def _seen(day: Day, at_s: float) -> bool:
    """Whether there is light to be taught in."""
    light = day.light(at_s)
    return light.infrared or light.daylight + light.lamps > 0.15


def seen_in(day: Day, begin_s: float, count: int, base: Grey) -> Iterator[tuple[float, Grey]]:
    """Time and picture of each of `count` half minutes in which nobody stands before the machine."""
    for number in range(count):
        at_s = begin_s + number * SLOT_S + _MIDDLE_S
        if at_s < DAY_S and not day.in_use(at_s):
            yield at_s, day.picture(at_s, base, _OF)


# --- changes -------------------------------------------------------------------------------------------


def in_full(kiosk: Kiosk, day: Day, begin_s: float, count: int, base: Grey) -> Told | None:
    """The kiosk's own word on so many half minutes; None where it says nothing.

    Given up once it has judged every part several times and none came near its limit: what stands still comes
    no nearer.
    """
    judged, nearest = 0, 0.0
    for at_s, picture in seen_in(day, begin_s, count, base):
        if judged >= _JUDGED and nearest < _HOPELESS:
            return None
        told = kiosk.look(picture, at_s)
        if told is not None:
            return told
        judged += bool(kiosk.seen)
        nearest = max([nearest, *(one.distance for one in kiosk.seen)])
    return None


def found_one(
    bench: Bench, who: str, number: int, family: Family, size_cm: float
) -> dict[str, object] | None:
    """One staged change. None where the machine has no place for it."""
    machine = bench.machine
    rng = np.random.default_rng([31, number, zlib.crc32(machine.name.encode())])
    try:
        made = change(machine.picture, machine, family, size_cm, rng)
    except ValueError:
        return None
    day = Day(machine, 1000 + number)
    begin_s = free_from(day, float(rng.uniform(0.0, DAY_S - 1000.0)))
    told: dict[str, Told] = {}
    count = round(WITHIN_S / SLOT_S) + 1
    if who == KIOSK:
        said = in_full(bench.kiosk.fresh(), day, begin_s, count, made.picture)
        told = {} if said is None else {KIOSK: said}
    else:
        plain = [one.fresh() for one in bench.plain]
        for at_s, picture in seen_in(day, begin_s, count, made.picture):
            crop = bench.laid.crop(picture)
            for one in plain:
                said = None if one.name in told else one.hear(crop, at_s)
                if said is not None:
                    told[one.name] = said
    after: dict[str, float] = {}
    elsewhere: list[str] = []
    for name, one_told in told.items():
        if one_told.at_s - begin_s > WITHIN_S:
            continue
        if any(_touches(box, made) for box in one_told.boxes):
            after[name] = round(one_told.at_s - begin_s, 1)
        else:
            elsewhere.append(name)
    return {
        "number": number,
        "machine": machine.name,
        "drawn": machine.drawn,
        "px_per_cm": round(machine.px_per_cm, 2),
        "family": family.value,
        "size_cm": size_cm,
        "size_px": round(made.size_px, 1),
        "contrast": round(made.contrast, 1),
        "part": made.part.value,
        "infrared": day.light(begin_s).infrared,
        "hour": round(begin_s / 3600, 2),
        "visible": sum(not day.in_use(begin_s + n * SLOT_S + _MIDDLE_S) for n in range(count)),
        "after_s": after,
        "elsewhere": elsewhere,
    }


def _touches(box: Box, made: Changed) -> bool:
    x, y, w, h = made.box
    return (
        box[0] < x + w + _NEAR_PX
        and x - _NEAR_PX < box[0] + box[2]
        and box[1] < y + h + _NEAR_PX
        and y - _NEAR_PX < box[1] + box[3]
    )


def plan(count: int, found: Sequence[Machine]) -> Iterator[tuple[int, Machine, Family, float]]:
    """Each machine, family and size as often as the others, in an order that any part of is even."""
    order = np.random.default_rng(5)
    kinds = families(Fold.JUDGING)
    grid = [(m, f, s) for m in range(len(found)) for f in range(len(kinds)) for s in range(len(SIZES_CM))]
    shuffled = order.permutation(len(grid))
    for number in range(count):
        machine, family, size = grid[shuffled[number % len(grid)]]
        yield number, found[machine], kinds[family], SIZES_CM[size]


# --- days ----------------------------------------------------------------------------------------------


def calm_day(bench: Bench, who: str, seed: int, every_s: float = EVERY_S) -> dict[str, object]:
    """One day without any change: what was told, when, and whether a receipt hung out meanwhile."""
    machine, day = bench.machine, Day(bench.machine, seed)
    events: list[dict[str, object]] = []
    rests: dict[str, float] = {}
    over: Counter[str] = Counter()
    looked, at_s = 0, 0.0
    while at_s < DAY_S - 2 * SLOT_S:
        picture = next((one for _, one in seen_in(day, at_s, 1, machine.picture)), None)
        looked += picture is not None
        suspects: list[str] = []
        if picture is not None:
            if who == PLAIN:
                suspects = _by_plain(bench, picture)
            elif bench.glance.fresh().highest(picture, at_s + _MIDDLE_S) > LIMIT:
                suspects = [KIOSK]
        over.update(suspects)
        for name in suspects:
            if rests.get(name, -1.0) > at_s:
                continue
            told = _around(bench, day, name, at_s)
            if told is None:
                continue
            rests[name] = at_s + _REST_S
            events.append(
                {
                    "name": name,
                    "at_s": round(told.at_s),
                    "box": [round(n) for n in told.boxes[0]],
                    "receipt": any(day.receipt(told.at_s - back) for back in (30, 150, 270)),
                    "infrared": day.light(told.at_s).infrared,
                }
            )
        at_s += every_s
    return {
        "machine": machine.name,
        "drawn": machine.drawn,
        "seed": seed,
        "every_s": every_s,
        "looked": looked,
        "over": over,
        "events": events,
    }


def _by_plain(bench: Bench, picture: Grey) -> list[str]:
    crop = bench.laid.crop(picture)
    if crop is None:
        return []
    return [one.name for one in bench.plain if float(one.score(crop).max()) > one.limit]


def _around(bench: Bench, day: Day, name: str, at_s: float) -> Told | None:
    """What is told when the minutes before and after are looked at in full."""
    begin_s = max(0.0, (at_s - _AROUND_S) // SLOT_S * SLOT_S)
    count = round(2 * _AROUND_S / SLOT_S) + 1
    if name == KIOSK:
        return in_full(bench.kiosk.fresh(), day, begin_s, count, bench.machine.picture)
    one = next(way for way in bench.plain if way.name == name).fresh()
    for told_s, picture in seen_in(day, begin_s, count, bench.machine.picture):
        told = one.hear(bench.laid.crop(picture), told_s)
        if told is not None:
            return told
    return None


# --- the command ---------------------------------------------------------------------------------------


def _done(path: Path) -> list[dict[str, object]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def _write(path: Path, row: dict[str, object]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.training.front.eval",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=("found", "calm"))
    parser.add_argument("--who", choices=(KIOSK, PLAIN), default=KIOSK)
    parser.add_argument("--data", type=Path, default=None, help="without it: drawn machines only")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--imagenet", type=Path, default=None, help="folder of the trunk before fine-tuning")
    parser.add_argument("--count", type=int, default=360, help="changes to stage")
    parser.add_argument("--days", type=int, default=24, help="machine-days without a change")
    parser.add_argument("--every-s", type=float, default=EVERY_S, help="sample a calm day so often")
    parser.add_argument(
        "--share",
        type=int,
        nargs=2,
        metavar=("K", "N"),
        default=(0, 1),
        help="every N-th machine from the K-th on, for several runs side by side",
    )
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    patches = Patches(arguments.models)
    plain_trunk = Patches(arguments.imagenet or arguments.models)
    all_of = machines(Fold.JUDGING, arguments.data, DRAWN)
    first, of = arguments.share
    mine = {machine.name for machine in all_of[first::of]}
    benches: dict[str, Bench] = {}

    def bench(machine: Machine) -> Bench:
        if machine.name not in benches:
            benches[machine.name] = Bench(machine, patches, plain_trunk, arguments.work)
        return benches[machine.name]

    path = arguments.work / f"{arguments.what}-{arguments.who}.jsonl"
    done = _done(path)
    begun = time.monotonic()
    if arguments.what == "found":
        numbers = {row["number"] for row in done}
        for number, machine, family, size_cm in plan(arguments.count, all_of):
            if number in numbers or machine.name not in mine:
                continue
            row = found_one(bench(machine), arguments.who, number, family, size_cm)
            _write(path, row or {"number": number, "machine": machine.name, "family": family.value})
            print(
                f"{number} {machine.name} {family.value} {size_cm} cm {time.monotonic() - begun:.0f} s",
                flush=True,
            )
        return
    days = {(row["machine"], row["seed"]) for row in done}
    for number in range(arguments.days):
        machine, seed = all_of[number % len(all_of)], 100 + number
        if (machine.name, seed) in days or machine.name not in mine:
            continue
        row = calm_day(bench(machine), arguments.who, seed, arguments.every_s)
        _write(path, row)
        print(f"{number} {machine.name} {row['over']} of {row['looked']} {row['events']}", flush=True)


if __name__ == "__main__":
    main()
