"""The panels of the dashboard and their questions, as a Grafana would put them to Prometheus."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from tests.worlds.prometheus import Prometheus, Series

FILE: Final = Path(__file__).resolve().parents[2] / "systemd" / "fleet" / "dashboard.json"


class Ask(msgspec.Struct, frozen=True):
    """One question of a panel."""

    expr: str
    refId: str = "A"  # noqa: N815 - Grafana's name
    legendFormat: str = ""  # noqa: N815


class Place(msgspec.Struct, frozen=True):
    x: int
    y: int
    w: int
    h: int


class Custom(msgspec.Struct, frozen=True):
    unit: str = ""


class FieldConfig(msgspec.Struct, frozen=True):
    defaults: Custom = Custom()


class Panel(msgspec.Struct, frozen=True):
    id: int
    type: str
    title: str
    gridPos: Place  # noqa: N815
    description: str = ""
    targets: tuple[Ask, ...] = ()
    fieldConfig: FieldConfig = FieldConfig()  # noqa: N815


class Dashboard(msgspec.Struct, frozen=True):
    title: str
    uid: str
    schemaVersion: int  # noqa: N815
    panels: tuple[Panel, ...]


class Drawn(msgspec.Struct, frozen=True):
    """What a panel shows of a while: its series for each of its questions."""

    panel: Panel
    series: tuple[tuple[Series, ...], ...]


def dashboard() -> Dashboard:
    return msgspec.json.decode(FILE.read_bytes(), type=Dashboard)


def filled(expr: str, instance: str, rate: str) -> str:
    """The question with the dashboard's variables in it."""
    expr = expr.replace("$__rate_interval", rate).replace("$__range", "10m")
    expr = re.sub(
        r'"\$(instance|site)"', lambda found: f'"{instance if found[1] == "instance" else ".*"}"', expr
    )
    assert "$" not in expr, expr
    return expr


def questions() -> Iterator[tuple[Panel, Ask]]:
    for panel in dashboard().panels:
        for ask in panel.targets:
            yield panel, ask


def panels_over(prometheus: Prometheus, from_s: float) -> tuple[Drawn, ...]:
    """Each panel over the time since then."""
    now_s = time.time()
    step_s = max(1.0, (now_s - from_s) / 300.0)
    return tuple(
        Drawn(
            panel,
            tuple(
                prometheus.over(filled(ask.expr, "kiosk-1", "15s"), from_s, now_s, step_s)
                for ask in panel.targets
            ),
        )
        for panel in dashboard().panels
    )
