"""Plots as SVG in the page itself: bars and lines with an axis, for print and without any script.

An own module of some dozen lines and no library: a report is made on the kiosk too, where matplotlib would
take longer to import than the report takes to be made (`tests/bench_report.py` measures it).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDE: Final = 720
HIGH: Final = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 22, 12, 30
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Points:
    """Values over a time: `at` from 0 (begin) to 1 (end); None where nothing was measured, which is a gap."""

    at: Sequence[float]
    values: Sequence[float | None]


def bars(values: Sequence[int], labels: Sequence[str], said: str, every: int = 1) -> str:
    """Bars side by side; each `every`th has its label below. `said` is what a screen reader says of it."""
    top = _nice_top(max(values, default=0))
    step = (WIDE - _LEFT - _RIGHT) / max(1, len(values))
    drawn = []
    for number, value in enumerate(values):
        high = _high(value, 0, top)
        x = _LEFT + number * step
        if value:
            drawn.append(
                f'<rect class="bar-fill" x="{x + step * 0.12:.1f}" y="{HIGH - _BOTTOM - high:.1f}" '
                f'width="{step * 0.76:.1f}" height="{high:.1f}"/>'
            )
        if number % every == 0:
            drawn.append(_text(x + step / 2, HIGH - 10, labels[number], "middle"))
    return _svg(said, _axis(0.0, top) + "".join(drawn))


def lines(points: Points, ticks: Sequence[tuple[float, str]], said: str) -> str:
    """A line over the time; `ticks` are the labels below, by their place from 0 to 1."""
    known = [value for value in points.values if value is not None]
    low, top = _range(min(known, default=0.0), max(known, default=1.0))
    wide = WIDE - _LEFT - _RIGHT
    pieces: list[list[str]] = [[]]
    for at, value in zip(points.at, points.values, strict=True):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{_LEFT + at * wide:.1f},{HIGH - _BOTTOM - _high(value, low, top):.1f}")
    drawn = []
    for piece in pieces:
        if len(piece) == 1:
            x, y = piece[0].split(",")
            drawn.append(f'<circle class="dot" cx="{x}" cy="{y}" r="3"/>')
        elif piece:
            drawn.append(f'<polyline class="line" points="{" ".join(piece)}"/>')
    marks = "".join(_text(_LEFT + at * wide, HIGH - 10, words, "middle") for at, words in ticks)
    return _svg(said, _axis(low, top) + "".join(drawn) + marks)


def _svg(said: str, inner: str) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{escape(said)}">{inner}</svg>'
    )


def _axis(low: float, top: float) -> str:
    lines = []
    for part in range(5):
        value = low + (top - low) * part / 4
        y = HIGH - _BOTTOM - _high(value, low, top)
        lines.append(f'<line class="axis" x1="{_LEFT}" x2="{WIDE - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(_text(_LEFT - 6, y + 4, f"{value:g}", "end"))
    return "".join(lines)


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _high(value: float, low: float, top: float) -> float:
    return (value - low) / (top - low) * (HIGH - _TOP - _BOTTOM)


def _nice_top(most: float) -> float:
    """The next round number above that four steps reach."""
    if most <= 4:
        return 4.0
    step = most / 4
    size = 10.0 ** math.floor(math.log10(step))
    return 4 * size * next(one for one in _STEPS if one * size >= step - 1e-9)


def _range(least: float, most: float) -> tuple[float, float]:
    """Round ends around the values, from 0 where that is near."""
    if least >= 0 and least <= most * 0.6:
        return 0.0, _nice_top(most)
    if most - least < 1.0:  # one value lies in the middle
        least, most = least - 0.5, most + 0.5
    gap = max(most - least, abs(most) * 0.02)
    size = 10.0 ** math.floor(math.log10(gap / 4))
    step = size * next(one for one in _STEPS if one * size >= gap / 4 - 1e-9)
    low = math.floor(least / step) * step
    while low + 4 * step < most:
        step *= 2
        low = math.floor(least / step) * step
    return low, low + 4 * step
