"""What the camera sees: the newest picture with zones, boxes and verdicts over it, and the last reasons."""

from __future__ import annotations

from html import escape
from typing import Final

from edge.bench.page.tongue import Tongue
from edge.faults.fault import FaultError
from edge.loop.watching import SeenView, View
from edge.panel.faces import drawn, verdict
from edge.panel.sources import Sources
from edge.settings.schema import Settings
from edge.web.pieces import note
from edge.words.grounds import long_words
from edge.words.languages import anomaly_words

REASONS: Final = 3


def picture(sources: Sources, tongue: Tongue) -> str:
    """Every camera's picture as the eyes saw it, from the panel's own sources."""
    view = sources.kiosk()
    if isinstance(view, FaultError) or not view.seen:
        return note(tongue.page.picture_none)
    shown = "".join(_camera(name, seen, sources, tongue) for name, seen in sorted(view.seen.items()))
    return shown + _noticed(view, tongue) + _reasons(view, sources, tongue)


def _camera(camera: str, seen: SeenView, sources: Sources, tongue: Tongue) -> str:
    p, shot = tongue.page, sources.live(camera, seen.at_s)
    name = p.cameras.of(camera)
    if shot is None:
        return note(f"{name}: {p.picture_none}")
    said = "; ".join(verdict(face, p) for face in seen.faces) or p.faces_none
    percent = p.foreground.format(percent=f"{seen.foreground * 100:.0f}")
    caption = f"{name}: {p.health.of(seen.health)}. {said}. {percent}"
    width, height = seen.size
    over = zones(sources.settings, camera, seen.size) + "".join(
        drawn(face, seen.size, p) for face in seen.faces
    )
    return (
        f'<figure><div class="view"><img src="/live/{escape(camera)}/{shot.number}.jpg" '
        f'alt="{escape(caption)}" '
        f'width="640" height="480"><svg viewBox="0 0 {width} {height}" '
        'preserveAspectRatio="none" aria-hidden="true">'
        f"{over}</svg></div><figcaption>{escape(caption)}</figcaption></figure>"
    )


def zones(settings: Settings, camera: str, size: tuple[int, int]) -> str:
    """The zones of the settings over a picture of `size` pixels, each with its name."""
    wide, high = size
    found = ""
    for zone in settings.zone:
        if zone.camera != camera:
            continue
        points = [(spot.x * wide, spot.y * high) for spot in zone.polygon]
        corners = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        x, y = min(points, key=lambda one: one[1])
        found += (
            f'<g class="zone"><polygon points="{corners}"/><text x="{x:.0f}" y="{y + high / 22:.0f}" '
            f'font-size="{wide / 34:.0f}">{escape(zone.name)}</text></g>'
        )
    return found


def _noticed(view: View, tongue: Tongue) -> str:
    if not view.anomalies:
        return ""
    found = [(name, anomaly_words(name, tongue.language)) for name in view.anomalies]
    named = ", ".join(name if words is None else words.short for name, words in found)
    return f'<p class="count">{escape(tongue.page.anomalies)}: {escape(named)}</p>'


def _reasons(view: View, sources: Sources, tongue: Tongue) -> str:
    """Why the incident that lasts is one, as the record has it."""
    record = sources.record()
    if isinstance(record, FaultError) or not view.incident:
        return ""
    found = [one for one in record.incidents if one.number == view.incident]
    rows = "".join(
        f"<li>{escape(' '.join(long_words(reason.ground, reason.numbers, tongue.language)))}</li>"
        for one in found
        for reason in one.reasons[-REASONS:]
    )
    return f'<ul class="reasons">{rows}</ul>' if rows else ""
