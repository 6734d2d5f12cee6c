"""The state diagram as SVG: every arrow of the table, the present state lit, the last way gone marked.

Modes and arrows are those of `edge.cabin.diagram`, which reads them from the table itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from html import escape
from typing import Final

from edge.cabin.diagram import edges
from edge.cabin.state import Mode

VIEW: Final = (720, 430)
_WIDE, _HIGH = 150, 56
_PLACES: Final = {
    Mode.VACANT: (100, 70),
    Mode.CHECKING: (360, 70),
    Mode.CLEARED: (620, 70),
    Mode.WARNED: (360, 215),
    Mode.LOCKED: (360, 360),
    Mode.RELEASED: (100, 290),
    Mode.EMERGENCY: (620, 290),
}


def diagram_svg(state: str, last: tuple[str, str] | None, name: Callable[[str], str], label: str) -> str:
    """The diagram with `state` lit; `last` is the way gone last; `name` gives a mode's words."""
    arrows = "".join(
        f'<path class="{_arrow_class(arrow, state, last)}" d="{_way(*arrow)}" marker-end="url(#arrow-head)"/>'
        for arrow in sorted(_arrows(), key=lambda one: (one == last, one[0] == state))
    )
    nodes = "".join(_node(mode, state, name(mode)) for mode in Mode)
    head = (
        '<defs><marker id="arrow-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" '
        'markerHeight="9" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0l10 5-10 5z"/></marker></defs>'
    )
    return (
        f'<svg class="diagram" viewBox="0 0 {VIEW[0]} {VIEW[1]}" role="img" aria-label="{escape(label)}">'
        f"{head}{arrows}{nodes}</svg>"
    )


def ways_out(state: str) -> list[tuple[str, list[str]]]:
    """Where the table leads from here, and by what; in the table's own words, which are English."""
    return [(str(to), words) for (source, to), words in _all_edges().items() if source == state]


@cache
def _all_edges() -> dict[tuple[Mode, Mode], list[str]]:
    return edges()


def _arrows() -> list[tuple[str, str]]:
    return [(str(source), str(to)) for source, to in _all_edges()]


def _arrow_class(arrow: tuple[str, str], state: str, last: tuple[str, str] | None) -> str:
    marks = ["way"]
    if arrow[0] == state:
        marks.append("from-here")
    if arrow == last:
        marks.append("gone")
    return " ".join(marks)


def _node(mode: Mode, state: str, words: str) -> str:
    x, y = _PLACES[mode]
    lit = " lit" if mode == state else ""
    return (
        f'<g class="mode mode-{mode}{lit}"><rect x="{x - _WIDE // 2}" y="{y - _HIGH // 2}" width="{_WIDE}" '
        f'height="{_HIGH}" rx="{_HIGH // 2}"/><text x="{x}" y="{y + 7}">{escape(words)}</text></g>'
    )


def _way(source: str, to: str) -> str:
    """A bow from border to border: each bends to its own right, so that two that meet lie side by side."""
    (x0, y0), (x1, y1) = _PLACES[Mode(source)], _PLACES[Mode(to)]
    long = math.hypot(x1 - x0, y1 - y0)
    across = (-(y1 - y0) / long, (x1 - x0) / long)
    bend = 16 + long * 0.06
    if abs(y1 - y0) < 1 and long > 2 * _WIDE + 100:  # past a mode that lies between
        bend = 74
    middle_x, middle_y = (x0 + x1) / 2 + across[0] * bend, (y0 + y1) / 2 + across[1] * bend
    begin_x, begin_y = _border(x0, y0, middle_x, middle_y)
    end_x, end_y = _border(x1, y1, middle_x, middle_y)
    return f"M{begin_x:.0f} {begin_y:.0f}Q{middle_x:.0f} {middle_y:.0f} {end_x:.0f} {end_y:.0f}"


def _border(x: float, y: float, to_x: float, to_y: float) -> tuple[float, float]:
    """Where the line from the middle of a mode's box leaves it."""
    dx, dy = to_x - x, to_y - y
    share = min(
        (_WIDE / 2 + 3) / abs(dx) if dx else math.inf,
        (_HIGH / 2 + 3) / abs(dy) if dy else math.inf,
    )
    return x + dx * share, y + dy * share
