"""The dashboard's panels as a picture, from what their questions gave in a run of faults. Not by Grafana.

`python -m tests.metrics.draw --panels panels.json --out edge/docs/metrics-panels.png` lays the panels out as
the dashboard does and draws their numbers with a few lines of SVG in a Chromium; the picture says so itself.
"""

from __future__ import annotations

import argparse
import base64
import html
import math
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.metrics.dashboard import Drawn, Panel
from tests.worlds.browser import Browser
from tests.worlds.prometheus import Series

WIDTH: Final = 1500
ROW_PX: Final = 30
GAP_PX: Final = 6
COLOURS: Final = (
    *("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f"),
    *("#475569", "#a16207", "#4338ca", "#0f766e"),
)
NOTE: Final = (
    "Not drawn by Grafana: the panels of systemd/fleet/dashboard.json, their own questions put to a "
    "Prometheus over a run of injected faults, drawn by tests.metrics.draw."
)

_STYLE: Final = """
body { margin: 0; overflow: hidden; background: #eef1f5; font: 12px/1.35 sans-serif; color: #1e293b;
  position: relative; }
.note { position: absolute; left: 8px; top: 6px; font-size: 14px; font-weight: bold; }
.panel { position: absolute; background: #fff; border: 1px solid #cbd5e1; overflow: hidden; }
.panel h2 { font-size: 12px; margin: 4px 8px 0; font-weight: 600; white-space: nowrap; }
.row { position: absolute; font-size: 15px; font-weight: bold; padding: 3px 4px; }
.big { font-size: 26px; font-weight: 600; text-align: center; margin-top: 18px; }
.legend { position: absolute; left: 8px; right: 8px; bottom: 2px; font-size: 10px; height: 14px;
  overflow: hidden; white-space: nowrap; }
.legend i { display: inline-block; width: 10px; height: 3px; margin: 0 3px 3px 8px; }
table { border-collapse: collapse; margin: 8px; font-size: 12px; }
td, th { padding: 3px 14px 3px 4px; text-align: left; border-bottom: 1px solid #e2e8f0; }
text { font-size: 9px; fill: #64748b; }
"""


def shown(value: float, unit: str) -> str:
    """A number as a person reads it."""
    if not math.isfinite(value):
        return "-"
    match unit:
        case "s":
            for size, name in ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms")):
                if abs(value) >= size:
                    return f"{value / size:.3g} {name}"
            return f"{value * 1e6:.0f} µs" if value else "0 s"
        case "bytes":
            for size, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
                if abs(value) >= size:
                    return f"{value / size:.3g} {name}"
            return f"{value:.0f} B"
        case "percentunit":
            return f"{value:.0%}"
        case "celsius":
            return f"{value:.3g} °C"
        case "dBm":
            return f"{value:.3g} dBm"
        case _:
            return f"{value:.4g}"


def named(series: Series, legend: str) -> str:
    """The series' name as the panel wants it."""
    if not legend:
        return ""
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: series.metric.get(found[1], ""), legend)


def lines_of(drawn: Drawn) -> list[tuple[str, list[tuple[float, float]]]]:
    """Each series by its name, in time; what is no number is left out."""
    found = []
    for ask, series in zip(drawn.panel.targets, drawn.series, strict=True):
        for one in series:
            points = [(at_s, float(value)) for at_s, value in one.values]
            found.append((named(one, ask.legendFormat), [(x, y) for x, y in points if math.isfinite(y)]))
    return found


def graph(drawn: Drawn, width: int, height: int, span: tuple[float, float]) -> str:
    """Lines over time, with the least and the most at the side."""
    lines = lines_of(drawn)
    values = [y for _, points in lines for _, y in points]
    low, high = min([0.0, *values]), max([0.0, *values])
    if values and min(values) < 0:  # a signal in dBm is far from 0
        low, high = min(values) - 1, max(values) + 1
    high = high if high > low else low + 1.0
    left, right, top, bottom = 58, width - 8, 24, height - 30

    def at(point: tuple[float, float]) -> str:
        x = left + (point[0] - span[0]) / max(span[1] - span[0], 1.0) * (right - left)
        return f"{x:.1f},{bottom - (point[1] - low) / (high - low) * (bottom - top):.1f}"

    parts = [f'<svg width="{width}" height="{height}" style="position:absolute;left:0;top:0">']
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * (bottom - top)
        number = shown(low + share * (high - low), drawn.panel.fieldConfig.defaults.unit)
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y}" y2="{y}" stroke="#e2e8f0"/>')
        parts.append(f'<text x="{left - 4}" y="{y + 3}" text-anchor="end">{html.escape(number)}</text>')
    for number_of, (_, points) in enumerate(lines):
        for piece in pieces(points):
            path = " ".join(map(at, piece))
            colour = COLOURS[number_of % len(COLOURS)]
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.4"/>')
    return "".join([*parts, "</svg>", legend([name for name, _ in lines])])


def pieces(points: Sequence[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    """Where numbers are missing the line is broken."""
    piece: list[tuple[float, float]] = []
    for point in points:
        if piece and point[0] - piece[-1][0] > 20.0:
            yield piece
            piece = []
        piece.append(point)
    if piece:
        yield piece


def bars(drawn: Drawn, width: int, height: int, span: tuple[float, float]) -> str:
    """A bar for each series while it is there."""
    lines = lines_of(drawn)
    left, top = 150, 24
    step = max(9.0, min(20.0, (height - top - 6) / max(len(lines), 1)))
    parts = [f'<svg width="{width}" height="{height}" style="position:absolute;left:0;top:0">']
    for row, (name, points) in enumerate(lines[: int((height - top) / step)]):
        y = top + row * step
        parts.append(
            f'<text x="{left - 4}" y="{y + step * 0.7}" text-anchor="end">{html.escape(name)}</text>'
        )
        for piece in pieces(points):
            from_x, to_x = (
                left + (at_s - span[0]) / max(span[1] - span[0], 1.0) * (width - left - 8)
                for at_s in (piece[0][0], piece[-1][0])
            )
            colour = COLOURS[row % len(COLOURS)]
            parts.append(
                f'<rect x="{from_x:.1f}" y="{y:.1f}" width="{max(to_x - from_x, 1.5):.1f}" '
                f'height="{step - 2:.1f}" fill="{colour}"/>'
            )
    return "".join([*parts, "</svg>"])


def legend(names: Sequence[str]) -> str:
    entries = (
        f'<i style="background:{COLOURS[at % len(COLOURS)]}"></i>{html.escape(name)}'
        for at, name in enumerate(names)
        if name
    )
    return f'<div class="legend">{"".join(entries)}</div>'


def stat(drawn: Drawn, width: int, height: int, span: tuple[float, float]) -> str:
    """The newest number, or the name of it."""
    newest = sorted((points[-1], name) for name, points in lines_of(drawn) if points)
    if not newest:
        return '<div class="big">-</div>'
    (_, value), name = newest[-1]
    return (
        f'<div class="big">{html.escape(name or shown(value, drawn.panel.fieldConfig.defaults.unit))}</div>'
    )


def table(drawn: Drawn, width: int, height: int, span: tuple[float, float]) -> str:
    """The newest number of each question, a line for each kiosk."""
    heads = ("Up for", "Faults", "Locked", "Camera", "Signal", "Disk free", "Board", "Certificate", "Version")
    units = ("s", "", "", "", "dBm", "bytes", "celsius", "s", "")
    kiosks = sorted({one.metric["instance"] for series in drawn.series for one in series})
    rows = [f"<tr><th>Kiosk</th>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"]
    for kiosk in kiosks:
        cells = [f"<td>{html.escape(kiosk)}</td>"]
        for series, head, unit in zip(drawn.series, heads, units, strict=True):
            of = [one for one in series if one.metric["instance"] == kiosk and one.values]
            said = "-" if not of else shown(float(of[-1].values[-1][1]), unit)
            cells.append(
                f"<td>{html.escape(of[-1].metric['version'] if of and head == 'Version' else said)}</td>"
            )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(rows)}</table>"


DRAW: Final[dict[str, Callable[[Drawn, int, int, tuple[float, float]], str]]] = {
    "timeseries": graph,
    "state-timeline": bars,
    "stat": stat,
    "table": table,
}


def page(panels: Sequence[Drawn]) -> tuple[str, int]:
    """The page, and its height in pixels."""
    times = [at_s for drawn in panels for series in drawn.series for one in series for at_s, _ in one.values]
    span = (min(times), max(times))
    parts = [
        f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style><p class=note>{html.escape(NOTE)}</p>"
    ]
    most = 0
    for drawn in panels:
        left, top, width, height = box(drawn.panel)
        most = max(most, top + height)
        place = f"left:{left}px;top:{top}px;width:{width}px;height:{height}px"
        title = html.escape(drawn.panel.title.replace("$instance", "kiosk-1"))
        if drawn.panel.type == "row":
            parts.append(f'<div class="row" style="{place}">{title}</div>')
        else:
            body = DRAW[drawn.panel.type](drawn, width, height, span)
            parts.append(f'<div class="panel" style="{place}"><h2>{title}</h2>{body}</div>')
    return "".join(parts), most + GAP_PX


def box(panel: Panel) -> tuple[int, int, int, int]:
    """Left, top, width and height in pixels; below the note."""
    place, column = panel.gridPos, (WIDTH - GAP_PX) / 24
    return (
        round(place.x * column) + GAP_PX,
        place.y * ROW_PX + 34,
        round(place.w * column) - GAP_PX,
        place.h * ROW_PX - GAP_PX,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    panels = msgspec.json.decode(args.panels.read_bytes(), type=tuple[Drawn, ...])
    text, height = page(panels)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "panels.html"
        file.write_text(text, "utf-8")
        with Browser(Path(folder) / "profile") as browser:
            browser.be(WIDTH, height)
            browser.go(file.as_uri())
            taken = browser.order("Page.captureScreenshot", {"format": "png"})
        args.out.write_bytes(base64.b64decode(str(taken["data"])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
