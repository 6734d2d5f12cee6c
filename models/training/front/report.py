"""The tables and the curve of the front's card, from what `eval.py` has left.

    python -m models.training.front.report --work runs/front --card models/front.md

Writes between the marks of the card, and `front_curve.png` beside it. Shares have Wilson's 95 % interval,
rates the exact one of a Poisson process.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from models.training.front.eval import KIOSK, PLAIN, SIZES_CM, SPEAKS_FOR_S
from models.training.shares import share, wilson
from tests.month.intervals import a_day

BEGIN, END = "<!-- tables:begin -->", "<!-- tables:end -->"
WAYS: Final = (KIOSK, "ImageNet trunk", "SSIM", "grey difference")
LARGE_CM: Final = 2.0
FREE: Final = 14
"""Half minutes of the twenty: the votes of twelve and what comes before and after."""
EDGES_LEVELS: Final = (0.0, 5.0, 10.0, 20.0, 40.0, 1000.0)
EDGES_PX: Final = (0.0, 3.0, 5.0, 7.0, 10.0, 14.0, 20.0, 1000.0)


@dataclass(frozen=True, slots=True)
class Staged:
    """One change: who found it where it was. `by`: who looked for it at all; `visible`: half minutes of the
    twenty in which nobody stood before it."""

    machine: str
    drawn: bool
    family: str
    size_cm: float
    size_px: float
    contrast: float
    infrared: bool
    visible: int
    by: tuple[str, ...]
    after_s: dict[str, float]

    def found(self, way: str) -> bool:
        return way in self.after_s


@dataclass(frozen=True, slots=True)
class Calm:
    """One day without a change, as one of the ways saw it: the time that was watched, events, and those while
    a receipt hung out."""

    machine: str
    drawn: bool
    way: str
    hours: float
    events: int
    with_receipt: int


def read_staged(work: Path) -> list[Staged]:
    """What was written so far, by both runs; a change that had no place on its machine is none."""
    found: dict[int, Staged] = {}
    for who, names in ((KIOSK, WAYS[:1]), (PLAIN, WAYS[1:])):
        path = work / f"found-{who}.jsonl"
        for line in path.read_text().splitlines() if path.exists() else ():
            row = json.loads(line)
            if "size_cm" not in row:
                continue
            number = row["number"]
            before = found.get(number)
            found[number] = Staged(
                row["machine"],
                row["drawn"],
                row["family"],
                row["size_cm"],
                row["size_px"],
                row["contrast"],
                row["infrared"],
                row["visible"],
                (*(before.by if before else ()), *names),
                {**(before.after_s if before else {}), **row["after_s"]},
            )
    return list(found.values())


def read_calm(work: Path) -> list[Calm]:
    """Machine-days without a change."""
    days: list[Calm] = []
    for who, names in ((KIOSK, WAYS[:1]), (PLAIN, WAYS[1:])):
        path = work / f"calm-{who}.jsonl"
        for line in path.read_text().splitlines() if path.exists() else ():
            row = json.loads(line)
            for name in names:
                events = [event for event in row["events"] if event["name"] == name]
                paper = sum(bool(event["receipt"]) for event in events)
                hours = row["looked"] * min(row["every_s"], SPEAKS_FOR_S) / 3600.0
                days.append(Calm(row["machine"], row["drawn"], name, hours, len(events), paper))
    return days


def tables(staged: Sequence[Staged], calm: Sequence[Calm]) -> Iterator[str]:
    """The card's tables, line by line."""
    large = [one for one in staged if one.size_cm >= LARGE_CM]
    free = [one for one in large if one.visible >= FREE]
    yield "Changes of 2 cm and more found within ten minutes, at their place:"
    yield ""
    yield "| | all machines | real machines | drawn machines | 7 minutes with nobody there | and 10 px long |"
    yield "|---|---|---|---|---|---|"
    for way in WAYS:
        cells = (
            _share(large, way),
            _share([one for one in large if not one.drawn], way),
            _share([one for one in large if one.drawn], way),
            _share(free, way),
            _share([one for one in free if one.size_px >= 10.0], way),
        )
        yield f"| {way} | " + " | ".join(cells) + " |"
    yield ""
    yield "Told on days on which nothing was changed:"
    yield ""
    yield "| | days | hours watched | events | a week | of them with a receipt out | machines that told |"
    yield "|---|---|---|---|---|---|---|"
    for way in WAYS:
        yield _calm_row(way, [day for day in calm if day.way == way])
    yield ""
    yield "By size:"
    yield ""
    yield from _table(staged, [(f"{size:g} cm", _is_size(size)) for size in SIZES_CM])
    yield ""
    yield "By length in pixels of the 640-pixel picture:"
    yield ""
    bins = [
        (f"{low:g} to {high:g} px" if high < 1000 else f"over {low:g} px", _is_between(low, high))
        for low, high in pairwise(EDGES_PX)
    ]
    yield from _table(staged, bins)
    yield ""
    yield "By contrast, 2 cm and more (mean difference over the change, grey levels):"
    yield ""
    levels = [
        (f"{low:g} to {high:g}" if high < 999 else f"over {low:g}", _is_as_clear(low, high))
        for low, high in pairwise(EDGES_LEVELS)
    ]
    yield from _table(large, levels)
    yield ""
    yield "By family, 2 cm and more:"
    yield ""
    yield from _table(large, [(name, _is_family(name)) for name in sorted({one.family for one in staged})])
    yield ""
    yield "By machine, 2 cm and more:"
    yield ""
    names = sorted({one.machine for one in staged}, key=lambda name: (name.startswith("drawn"), name))
    yield from _table(large, [(name, _is_machine(name)) for name in names])
    yield ""
    night = [one for one in large if one.infrared]
    yield f"By night in infrared, 2 cm and more: {_share(night, KIOSK)}."


_Test = Callable[[Staged], bool]


def _is_size(size_cm: float) -> _Test:
    return lambda one: one.size_cm == size_cm


def _is_between(low: float, high: float) -> _Test:
    return lambda one: low <= one.size_px < high


def _is_as_clear(low: float, high: float) -> _Test:
    return lambda one: low <= one.contrast < high


def _is_family(name: str) -> _Test:
    return lambda one: one.family == name


def _is_machine(name: str) -> _Test:
    return lambda one: one.machine == name


def _table(staged: Sequence[Staged], rows: Sequence[tuple[str, _Test]]) -> Iterator[str]:
    yield "| | " + " | ".join(WAYS) + " |"
    yield "|---|" + "---|" * len(WAYS)
    for name, test in rows:
        some = [one for one in staged if test(one)]
        yield f"| {name} | " + " | ".join(_share(some, way) for way in WAYS) + " |"


def _share(staged: Sequence[Staged], way: str) -> str:
    asked = [one for one in staged if way in one.by]
    return share(sum(one.found(way) for one in asked), len(asked)) if asked else "not asked"


def _calm_row(way: str, days: Sequence[Calm]) -> str:
    if not days:
        return f"| {way} | 0 | | | | | |"
    events = sum(day.events for day in days)
    hours = sum(day.hours for day in days)
    rate = a_day(events, hours)
    week = f"{7 * rate.rate:.2f} ({7 * rate.low:.2f} to {7 * rate.high:.2f})"
    paper = sum(day.with_receipt for day in days)
    telling = {day.machine for day in days if day.events}
    machines = {day.machine for day in days}
    of = f"{len(telling)} of {len(machines)}"
    return f"| {way} | {len(days)} | {hours:.0f} | {events} | {week} | {paper} | {of} |"


def draw(staged: Sequence[Staged], out: Path) -> None:
    """The share found against size in centimetres and in pixels, with intervals for the kiosk."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.2), sharey=True)
    middles = [(low + min(high, 30.0)) / 2 for low, high in pairwise(EDGES_PX)]
    by_px = [_is_between(low, high) for low, high in pairwise(EDGES_PX)]
    by_cm = [_is_size(size) for size in SIZES_CM]
    for axis, at, tests in ((axes[0], list(SIZES_CM), by_cm), (axes[1], middles, by_px)):
        for way in WAYS:
            rows = [[one for one in staged if test(one) and way in one.by] for test in tests]
            kept = [(x, row) for x, row in zip(at, rows, strict=True) if row]
            if not kept:
                continue
            x = np.array([where for where, _ in kept])
            y = np.array([np.mean([one.found(way) for one in row]) for _, row in kept])
            axis.plot(x, y, marker="o", linewidth=2.0 if way == KIOSK else 1.0, label=way)
            if way == KIOSK:
                ends = np.array([wilson(sum(one.found(way) for one in row), len(row)) for _, row in kept])
                axis.fill_between(x, ends[:, 0], ends[:, 1], alpha=0.15)
        axis.axhline(0.95, color="grey", linewidth=0.8, linestyle="--")
        axis.set(ylim=(0, 1.02))
        axis.grid(alpha=0.3)
    axes[0].set(xlabel="longest side, cm", ylabel="found within ten minutes", title="by size")
    axes[0].axvline(LARGE_CM, color="grey", linewidth=0.8, linestyle=":")
    axes[1].set(xlabel="longest side, pixels of the 640-pixel picture", title="by length in the picture")
    axes[0].legend(fontsize=8, loc="lower right")
    figure.tight_layout()
    figure.savefig(out, dpi=80)
    pyplot.close(figure)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.front.report")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--card", type=Path, default=None, help="print the tables alone without it")
    arguments = parser.parse_args()
    staged, calm = read_staged(arguments.work), read_calm(arguments.work)
    lines = list(tables(staged, calm))
    print("\n".join(lines))
    if arguments.card is not None:
        head, rest = arguments.card.read_text().split(BEGIN)
        arguments.card.write_text(f"{head}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{rest.split(END)[1]}")
        draw(staged, arguments.card.with_name("front_curve.png"))


if __name__ == "__main__":
    main()
