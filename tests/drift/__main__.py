"""Plays months of good and of worsening cameras, and prints what was told, when, and how often for nothing.

python -m tests.drift --data ../shared/data                     judged cabins, all figures
python -m tests.drift --data ../shared/data --half chosen       those on which the constants were chosen

The networks look once at each cabin's pictures (about a quarter of a minute of processor time a cabin); what
they said is kept in the work folder. Cabins, faces and seeds of the two halves are different ones.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.settings.places import MODELS
from tests.drift.curves import FIGURES, Drawn
from tests.drift.looked import STEPS, Looked, looked
from tests.drift.months import Month
from tests.drift.world import MOST, Cabin, Kind, visitors
from tests.month.intervals import a_day
from tests.month.people import actors
from tests.worlds.tampering import shared_rooms

_CABINS: Final = {"chosen": (0, 2, 4), "kept": (1, 3, 5, 7, 9, 11)}
PEOPLE: Final = 40
FALL: Final = 0.02
"""The stated level: the face check is right this much less often."""
_BEGINS: Final = (10, 24)
"""Days after the first at which it begins to get worse: in the second week, and in the fourth."""
_GROWS_DAYS: Final = {Kind.DIRT: 10.0, Kind.FOG: 10.0, Kind.FOCUS: 10.0, Kind.LIGHT: 5.0, Kind.SAG: 14.0}
"""From sound to the most."""
_SLOWLY_DAYS: Final = 90.0
_UNHARMED: Final = 0.25
"""So much of the most comes overnight where no state of a kind costs the face check anything."""
_HEADS: Final = (
    "what | grows | level of 2 points | found in 24 h | hours from it (median, worst) | fall | why"
)
_MONTH_DAYS: Final = 30


@dataclass(slots=True)
class Found:
    """Runs of one kind: hours from the stated level to the telling (before it: less than 0), and the fall of
    the accuracy by then; None where nothing was told within 24 hours of it."""

    hours: list[float] = field(default_factory=list)
    falls: list[float] = field(default_factory=list)
    runs: int = 0
    why: Counter[str] = field(default_factory=Counter)


def curve(every: Sequence[Looked], kind: Kind) -> NDArray[np.float64]:
    """How much less often the face check is right, by state of this kind, over all cabins.

    The nearest curve that never turns back (isotonic regression, by pooling neighbours out of order):
    one visitor more or less is chance.
    """
    mean = np.mean([one.accuracy() for one in every], axis=0)
    first = 1 + STEPS * tuple(Kind).index(kind)
    pools: list[list[float]] = []
    for fall in mean[0] - mean[first : first + STEPS]:
        pools.append([float(fall)])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    smooth = [float(np.mean(pool)) for pool in pools for _ in pool]
    return np.maximum(np.array([0.0, *smooth]), 0.0)


def share_at(falls: NDArray[np.float64], fall: float) -> float | None:
    """How bad the camera is where the accuracy has fallen so much; None where it never does."""
    at = np.linspace(0.0, 1.0, 401)
    reached = np.flatnonzero(np.interp(at, np.linspace(0.0, 1.0, STEPS + 1), falls) >= fall)
    return float(at[reached[0]]) if reached.size else None


def forked(month: Month, kind: Kind) -> Month:
    """The same cabin from here on with a camera that gets worse."""
    other = copy.copy(month)
    other.fork(kind)
    return other


def run(args: argparse.Namespace) -> int:
    cv2.setNumThreads(1)
    cabins = args.cabin or _CABINS[args.half]
    bodies = tuple(actor for actor in actors(args.data, args.work) if not actor.child)
    every = []
    for number in cabins:
        people = tuple(visitors(number, args.data, bodies, PEOPLE, args.half == "kept"))
        cabin = Cabin(number, shared_rooms()[number])
        every.append(looked(cabin, people, MODELS, args.work / f"cabin-{number:02}.npz"))
    print(f"{len(every)} cabins of the half {args.half}, {PEOPLE * len(every)} visitors")
    accuracy = float(np.mean([one.accuracy()[0] for one in every]))
    print(f"face check right at {accuracy:.3f} of the looks with a sound camera\n")
    if args.months:
        _false_alarms(every, args)
    _found(every, args)
    return 0


def _false_alarms(every: Sequence[Looked], args: argparse.Namespace) -> None:
    told, why = 0, Counter[str]()
    for number, one in enumerate(every):
        month = Month(one, seed=args.seed + 100 * number)
        month.play(args.months * _MONTH_DAYS)
        begun = [notice for _, notice in month.heard if notice.active and notice.detail]
        runs = sum(not notice.active for _, notice in month.heard) + (month.judge.memory().standing != {})
        told += runs
        why.update(notice.detail for notice in begun)
    months = args.months * len(every)
    rate = a_day(told, months * 24.0)
    print(
        f"false alarms: {told} in {months} months of {_MONTH_DAYS} days: {rate.rate:.2f} a month"
        f" (95 %: {rate.low:.2f} to {rate.high:.2f})"
    )
    for detail, times in why.most_common(12):
        print(f"    {times} x {detail}")


def _found(every: Sequence[Looked], args: argparse.Namespace) -> None:
    print(f"\n| {_HEADS} |")
    print("|---|---|---|---|---|---|---|")
    kinds = [Kind[name.upper()] for name in args.kind or [kind.name for kind in Kind]]
    ways: list[tuple[Kind, float | None]] = [(kind, _GROWS_DAYS[kind]) for kind in kinds]
    ways += [(kind, None) for kind in kinds]
    if Kind.DIRT in kinds:
        ways.append((Kind.DIRT, _SLOWLY_DAYS))
    results = {way: Found() for way in sorted(ways, key=lambda way: tuple(Kind).index(way[0]))}
    for number, one in enumerate(every):
        for nth, begins in enumerate(_BEGINS):
            month = Month(one, args.seed + 7777 + 100 * number + nth, pictures=not args.networks_alone)
            month.play(begins)
            for (kind, days), found in results.items():
                _follow(forked(month, kind), days, curve(every, kind), found)
    for (kind, days), found in results.items():
        falls = curve(every, kind)
        level = share_at(falls, FALL)
        _print_found(kind, days, level, found)
        if days == _GROWS_DAYS[kind] and level is not None:
            one_kind = Drawn(kind.value, [float(f) for f in falls], days, level * days, found.hours)
            (args.work / f"{kind.name.lower()}{FIGURES}").write_bytes(msgspec.json.encode(one_kind))


def _print_found(kind: Kind, days: float | None, level: float | None, found: Found) -> None:
    share = _level(level, days)
    grows = "overnight" if days is None else f"{days:g} days to {MOST[kind]:g}"
    at = f"{share * MOST[kind]:.3g}" if level is not None else f"no such level; {share * MOST[kind]:g}"
    within = f"{sum(hours <= 24.0 for hours in found.hours)} of {found.runs}"
    middle = f"{np.median(found.hours):.0f}, {max(found.hours):.0f}" if found.hours else "-"
    fall = f"{np.median(found.falls):.3f}" if found.falls else "-"
    why = ", ".join(f"{name} {n}" for name, n in found.why.most_common(3))
    print(f"| {' | '.join((kind.value, grows, at, within, middle, fall, why))} |", flush=True)


def _level(level: float | None, days: float | None) -> float:
    """The stated level; where there is none, the most, or a part of it that comes overnight."""
    if level is not None:
        return level
    return _UNHARMED if days is None else 1.0


def _follow(month: Month, days: float | None, falls: NDArray[np.float64], found: Found) -> None:
    """Play on until it is told, or for two days after the stated level; `days` None: it comes overnight."""
    level = _level(share_at(falls, FALL), days)
    begins_h = month.since_h
    month.level = lambda hour: level if days is None else min((hour - begins_h) / (24.0 * days), 1.0)
    reached_h = begins_h if days is None else begins_h + level * 24.0 * days
    found.runs += 1
    already = len(month.heard)
    while month.since_h < reached_h + 48.0:
        month.play_hours(1)
        told = [(hour, notice) for hour, notice in month.heard[already:] if notice.active]
        if told:
            hour, notice = told[0]
            found.hours.append(hour - reached_h)
            share = month.level(hour)
            found.falls.append(float(np.interp(share, np.linspace(0.0, 1.0, STEPS + 1), falls)))
            found.why[notice.why.partition(" ")[0]] += 1
            return


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.drift", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="a folder of pictures as the training has it"
    )
    parser.add_argument(
        "--work", type=Path, default=Path("runs/drift"), help="what was looked at is kept here"
    )
    parser.add_argument("--half", choices=("chosen", "kept"), default="kept")
    parser.add_argument("--cabin", type=int, action="append", help="only this one; may be repeated")
    parser.add_argument("--months", type=int, default=6, help="without a change, in each cabin")
    parser.add_argument("--kind", action="append", choices=[kind.name.lower() for kind in Kind])
    parser.add_argument(
        "--networks-alone", action="store_true", help="without the measures of the picture: what visits show"
    )
    parser.add_argument("--seed", type=int, default=1)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
