"""`edge/docs/metrics.md` and the dashboard say what the program says."""

from __future__ import annotations

import re
from pathlib import Path

from edge.metrics.alerts import ALERTS, RECORDED
from tests.metrics import tables
from tests.metrics.dashboard import dashboard, filled, questions
from tests.metrics.test_alerts import exported

DOC = Path(__file__).resolve().parents[2] / "edge" / "docs" / "metrics.md"


def test_the_tables_are_fresh() -> None:
    text = DOC.read_text("utf-8")
    assert tables.renewed(text, "metrics", tables.metrics()) == text, (
        "python -m tests.metrics.tables renews it"
    )
    assert tables.renewed(text, "alerts", tables.alerts()) == text, "python -m tests.metrics.tables renews it"


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", DOC.read_text("utf-8")):
        assert target.startswith("https://") or (DOC.parent / target).exists(), target


def test_every_question_of_the_dashboard_is_about_what_a_kiosk_says() -> None:
    made = {recorded.name for recorded in RECORDED}
    asked = [ask.expr for _, ask in questions()]
    assert len(asked) > 40
    for expr in asked:
        names = set(re.findall(r"\bcabinguard[_:][\w:]+", filled(expr, "kiosk-1", "1m")))
        assert names <= exported() | made, expr
        assert names or "ALERTS" in expr, expr


def test_the_dashboard_is_for_a_grafana_that_is_named() -> None:
    board = dashboard()
    assert board.uid == "cabinguard"
    assert board.schemaVersion == 42
    assert "`schemaVersion` 42" in DOC.read_text("utf-8")
    numbers = [panel.id for panel in board.panels]
    assert len(numbers) == len(set(numbers))


def test_no_panel_lies_over_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard().panels:
        place = panel.gridPos
        assert place.x + place.w <= 24
        cells = {(x, y) for x in range(place.x, place.x + place.w) for y in range(place.y, place.y + place.h)}
        assert not cells & taken, panel.title
        taken |= cells


def test_every_panel_says_what_it_shows() -> None:
    for panel in dashboard().panels:
        assert panel.title
        assert panel.description or panel.type == "row"


def test_the_run_in_the_docs_is_of_these_alerts() -> None:
    table = DOC.read_text("utf-8").split("<!-- faults:begin -->")[1].split("<!-- faults:end -->")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "`CabinGuard" in line]
    assert len(rows) >= 20
    names = {alert.name for alert in ALERTS}
    for row in rows:
        assert set(re.findall(r"`(CabinGuard\w+)`", row)) <= names
        assert "never" not in row, row
