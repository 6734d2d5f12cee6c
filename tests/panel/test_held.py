"""The page of an incident says that it is held, by whom, until when, in words that cannot break the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.service.asks import FreeIncident, HoldIncident
from hw.ports import Input
from tests.worlds.panel_world import Cabin


@pytest.mark.slow
def test_the_page_of_an_incident_shows_its_hold(tmp_path: Path) -> None:
    with Cabin(tmp_path) as cabin:
        cabin.people.do("enter anna with mask", cabin.desk.clock.now_s())
        cabin.desk.move_input(Input.DOOR, True)
        cabin.desk.after(1.5, lambda: cabin.desk.move_input(Input.DOOR, False))
        cabin.run(30.0)

        def page() -> str:
            cabin.run(1.0)
            cabin.forget()
            status, _, body = cabin.ask("/incidents/1")
            assert status == 200
            return body.decode()

        assert 'class="held"' not in page()
        asked = HoldIncident(incident=1, by="<b>court", why="case 17", until_wall_s=1_924_992_000.0)
        assert cabin.desk.answer(asked)["done"] == "evidence_held"
        shown = page()
        assert "Kept for a court until 2030-12-31, since 2026-01-01 by &lt;b&gt;court: case 17" in shown
        assert "<b>court" not in shown
        longer = HoldIncident(incident=1, by="<b>court", why="case 17")
        assert cabin.desk.answer(longer)["done"] == "evidence_held"
        assert "until somebody ends it" in page()
        over = FreeIncident(incident=1, by="court", why="over")
        assert cabin.desk.answer(over)["done"] == "evidence_freed"
        assert 'class="held"' not in page()
