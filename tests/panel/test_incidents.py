"""The incidents on the page: searched in, read as a story; pictures only where allowed, and by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.reports.listing import PAGE
from edge.terms.record import Entry
from tests.reports.test_reports import Outline
from tests.reports.test_timeline import Written
from tests.worlds.incident_world import IncidentWorld
from tests.worlds.panel_world import Window

SHOWN = "panel.pictures=true"


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    """More short incidents than a page of the list has, without pictures."""
    written = Written(tmp_path)
    for number in range(1, PAGE + 4):
        written.visit(number)
    written.line("event", "incident_marked", 2, mark="false", by="control_room", note="a poster")
    written.close()
    return tmp_path


def get(window: Window, path: str) -> str:
    status, _, body = window.ask(path)
    assert status == 200, (path, status)
    return body.decode()


def test_the_list_is_searched_sifted_and_turned(visits: Path) -> None:
    with Window(visits) as window:
        whole = get(window, "/incidents")
        assert f">{PAGE + 3} found<" in whole
        assert whole.count('href="/incidents/') == PAGE
        assert f'href="/incidents/{PAGE + 3}"' in whole
        assert 'href="/incidents/3"' not in whole
        assert 'href="/incidents?page=2"' in whole
        second = get(window, "/incidents?page=2")
        assert 'href="/incidents/3"' in second
        assert ">1 found<" in get(window, "/incidents?marking=false")
        assert ">1 found<" in get(window, "/incidents?q=%237")
        assert f">{PAGE + 3} found<" in get(window, "/incidents?day=2026-01-01&kind=loitering&phase=closed")
        assert "No incident fits." in get(window, "/incidents?day=2026-01-02")
        assert "selected" in get(window, "/incidents?phase=open")
        turned = get(window, "/incidents?kind=loitering&q=e")
        assert 'href="/incidents?q=e&amp;kind=loitering&amp;page=2"' in turned


@pytest.mark.parametrize(
    "query",
    [
        "page=99999999999999999999",
        "page=-1&day=yesterday&kind=../../etc&phase=ajar&marking=perhaps",
        "q=%3Cscript%3Ealert(1)%3C/script%3E&kind=%22onload=",
        "q=" + "x" * 3000,
    ],
)
def test_a_search_that_makes_no_sense_is_a_page_all_the_same(visits: Path, query: str) -> None:
    with Window(visits) as window:
        page = get(window, f"/incidents?{query}")
    assert "<script>alert" not in page
    assert '"onload=' not in page
    assert "</html>" in page


def test_an_incident_that_is_none_is_not_found(visits: Path) -> None:
    with Window(visits) as window:
        for number in ("99", "0", "1x", "1e3", "9" * 40):
            assert window.ask(f"/incidents/{number}")[0] == 404, number
        page = get(window, "/incidents/2")
    assert "Marked as a false alarm by control room: a poster" in page
    assert 'href="/incidents/1"' in page
    assert 'href="/incidents/3"' in page


def test_without_a_record_the_fault_is_named(tmp_path: Path) -> None:
    with Window(tmp_path) as window:
        assert "journal_missing" in get(window, "/incidents")
        assert "journal_missing" in get(window, "/incidents/1")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> IncidentWorld:
    world = IncidentWorld(tmp_path_factory.mktemp("played"))
    world.run(5.0)
    world.lock_and_open()
    world.codes = re.findall(r"CODE (\d{8})", " ".join(text.text for text in world.desk.phone.texts))
    world.close()
    return world


@pytest.mark.slow
def test_an_incident_is_read_as_a_story_with_its_pictures(played: IncidentWorld) -> None:
    with Window(played.folder, [SHOWN]) as window:
        page = get(window, "/incidents/1")
        for words in (
            "Please take off your mask",
            "The door is locked",
            "Keys are touched",
            "The code is wrong",
            "by the code",
            "Which keys were touched is never recorded.",
        ):
            assert words in page
        sources = set(re.findall(r'(?:src|data-src)="(/incident/1/[^"]+)"', page))
        assert len(sources) >= 20
        for source in sorted(sources)[:3]:
            status, headers, body = window.ask(source)
            assert (status, headers["Content-Type"]) == (200, "image/jpeg")
            assert body.startswith(b"\xff\xd8")
        heard = b"".join(window.heard)
    assert outline_of(page).headings[0] == 1
    numbers = [number.lstrip("+") for number in played.desk.numbers.values() if number]
    for secret in (*played.codes, *numbers):
        assert secret.encode() not in heard


def outline_of(page: str) -> Outline:
    """The page's own part: its frame has a script, which a report may not have."""
    return Outline(page[page.index("<main") : page.index("</main>") + len("</main>")])


@pytest.mark.slow
def test_where_pictures_are_off_there_is_none_and_the_page_says_so(played: IncidentWorld) -> None:
    with Window(played.folder) as window:
        page = get(window, "/incidents/1")
        assert "/incident/1/" not in page
        assert "Pictures are off here" in page
        name = next((played.folder / "evidence" / "1").iterdir()).name
        assert window.ask(f"/incident/1/{name}")[0] == 404


@pytest.mark.slow
def test_a_big_incident_stays_a_page_of_some_size(tmp_path: Path) -> None:
    written = Written(tmp_path)
    written.state("warned", "checking")
    failed = '{"device":"modem","code":"modem_mute"}'
    written.put(*(Entry("event", "device_failed", 1, failed) for _ in range(6000)))
    written.close()
    with Window(tmp_path) as window:
        page = get(window, "/incidents/1")
    assert "the middle are left out" in page
    assert page.count("<li ") <= 2100
    assert len(page) < 2_000_000
