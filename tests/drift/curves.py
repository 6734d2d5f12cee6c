"""Draws how the face check gets worse as a camera does, and when that was told: `-m tests.drift.curves`.

Needs matplotlib, which the training has: it reads what `python -m tests.drift` left in its folder.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

FIGURES: Final = "-figures.json"
FALL: Final = 0.02


class Drawn(msgspec.Struct, frozen=True):
    """One kind: the fall of the accuracy from sound to the most in equal steps, how many days that takes, the
    day of the stated level, and the hours from there at which each run was told."""

    kind: str
    falls: list[float]
    grows_days: float
    level_day: float
    told_h: list[float]


def draw(every: list[Drawn], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(every), figsize=(3.0 * len(every), 2.9), sharey=True)
    for axis, one in zip(np.atleast_1d(axes), every, strict=True):
        days = np.linspace(0.0, one.grows_days, len(one.falls))
        axis.plot(days, [100.0 * fall for fall in one.falls], color="black", label="fall of accuracy")
        axis.axvline(one.level_day, color="tab:red", linewidth=1.0, label="2 points lost")
        axis.axvspan(one.level_day, one.level_day + 1.0, color="tab:red", alpha=0.15, label="24 hours more")
        told = [one.level_day + hour / 24.0 for hour in one.told_h]
        axis.plot(told, [-1.5] * len(told), "|", color="tab:blue", markersize=11, label="told, a run each")
        axis.set_title(one.kind, fontsize=10)
        axis.set_xlabel("days since it began")
        axis.set_xlim(0.0, one.grows_days)
        axis.set_ylim(-3.0, 25.0)
        axis.grid(alpha=0.3)
    np.atleast_1d(axes)[0].set_ylabel("points of accuracy lost")
    np.atleast_1d(axes)[0].legend(fontsize=7, loc="upper left")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.drift.curves")
    parser.add_argument("folder", type=Path, help="such as runs/drift")
    parser.add_argument("picture", type=Path, help="a PNG to be made")
    chosen = parser.parse_args()
    found = sorted(chosen.folder.glob(f"*{FIGURES}"))
    draw([msgspec.json.decode(path.read_bytes(), type=Drawn) for path in found], chosen.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
