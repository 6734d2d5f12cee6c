"""Reports as files: whole, without anything from outside, readable by a screen reader, without a secret."""

from __future__ import annotations

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge.cli.main import main
from edge.faults.fault import FaultError
from edge.journal.reader import verify
from edge.reports import pdf
from edge.reports.document import Maker
from edge.reports.of_incident import incident_report
from edge.reports.of_period import day_report, month_report
from edge.reports.period import Span, count
from edge.terms.record import Entry
from edge.words.language import LanguageName
from tests.reports.test_timeline import DAY_WALL_S, Written
from tests.worlds.incident_world import IncidentWorld

DAY = date(2026, 1, 1)


class Outline(HTMLParser):
    """Headings, images, tables and links of a page; whether each element that was opened is closed."""

    VOID = frozenset({"meta", "img", "br", "hr", "input", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.images: list[dict[str, str | None]] = []
        self.addresses: list[str] = []
        self.scopes: list[str | None] = []
        self.language = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.look(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.look(tag, attrs)

    def look(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))
        if tag == "img":
            self.images.append(named)
        if tag == "th":
            self.scopes.append(named.get("scope"))
        if tag == "html":
            self.language = named.get("lang") or ""
        self.addresses += [value for name in ("src", "href") if (value := named.get(name))]
        assert tag not in ("script", "iframe", "object", "link", "form"), tag
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check_page(html: str, language: str) -> Outline:
    """That a page is whole, has nothing from outside, and can be read without seeing it."""
    outline = Outline(html)
    assert outline.open == []
    assert outline.language == language
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    for before, after in zip(outline.headings, outline.headings[1:], strict=False):
        assert after <= before + 1, "no heading is left out"
    assert all(one.get("alt") for one in outline.images)
    assert all(scope in ("col", "row") for scope in outline.scopes)
    assert all(address.startswith("data:image/jpeg;base64,") for address in outline.addresses)
    assert "default-src 'none'" in html
    assert "http" not in re.sub(r'http-equiv|lang="en">[^<]*', "", html)
    return outline


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> IncidentWorld:
    """One incident, judged; a signed checklist; an hour of health."""
    world = IncidentWorld(tmp_path_factory.mktemp("played"), "cabin.name=Bank & <Söhne>")
    world.run(5.0)
    world.lock_and_open()
    world.text("control_room", "FALSE 1")
    world.run(60.0)
    texts = " ".join(text.text for text in world.desk.phone.texts)
    world.codes = re.findall(r"CODE (\d{8})", texts)
    world.close()
    return world


def maker(world: IncidentWorld, language: str = "en", pictures: bool = True) -> Maker:
    return Maker.of(world.settings, LanguageName(language), pictures, DAY_WALL_S + 7200.0)


@pytest.mark.slow
@pytest.mark.parametrize("language", LanguageName)
def test_an_incident_is_one_whole_file(played: IncidentWorld, language: LanguageName) -> None:
    html = incident_report(maker(played, language), 1)
    assert html is not None
    outline = check_page(html, language)
    assert 8 <= len(outline.images) <= 60
    assert "Bank &amp; &lt;Söhne&gt;" in html
    assert str(verify(played.record).head) in html
    if language is LanguageName.EN:
        for words in ("Please take off your mask", "Marked as a false alarm by control room", "by the code"):
            assert words in html
        assert f"cabinguard events --verify --head {verify(played.record).head}" in html


@pytest.mark.slow
@pytest.mark.parametrize("language", LanguageName)
def test_a_day_and_a_month_are_whole_files(played: IncidentWorld, language: LanguageName) -> None:
    day = day_report(maker(played, language), DAY)
    check_page(day, language)
    month = month_report(maker(played, language), 2026, 1)
    outline = check_page(month, language)
    assert outline.images == [], "a month has no pictures of people"
    assert month.count('class="plot"') >= 4
    empty = month_report(maker(played, language), 2025, 6)
    check_page(empty, language)


@pytest.mark.slow
def test_no_number_no_code_and_no_digit_that_was_typed_stands_in_any(played: IncidentWorld) -> None:
    texts = [
        incident_report(maker(played, pictures=False), 1) or "",
        day_report(maker(played, pictures=False), DAY),
        month_report(maker(played, pictures=False), 2026, 1),
    ]
    numbers = [number.lstrip("+") for number in played.desk.numbers.values() if number]
    assert len(played.codes) >= 1
    assert len(numbers) >= 2
    for html in texts:
        for secret in (*played.codes, *numbers, *(number[-9:] for number in numbers)):
            assert secret not in html


@pytest.mark.slow
def test_without_pictures_there_is_none_and_it_says_so(played: IncidentWorld) -> None:
    html = incident_report(maker(played, pictures=False), 1)
    assert html is not None
    assert Outline(html).images == []
    assert "Pictures are left out of this report." in html


@pytest.mark.slow
def test_a_picture_that_is_gone_is_left_out(played: IncidentWorld, tmp_path: Path) -> None:
    """And one that is a link is never followed."""
    folder = tmp_path / "evidence" / "1"
    folder.mkdir(parents=True)
    (tmp_path / "journal.db").write_bytes(played.record.read_bytes())
    secret = tmp_path / "secret"
    secret.write_bytes(b"not for this file")
    for path in (played.folder / "evidence" / "1").iterdir():
        (folder / path.name).symlink_to(secret)
    played_there = Maker.of(played.settings, LanguageName.EN, True, DAY_WALL_S)
    moved = Maker(
        settings=IncidentWorld.settings_for(tmp_path),
        language=LanguageName.EN,
        pictures=True,
        made_wall_s=DAY_WALL_S,
        head=played_there.head,
    )
    html = incident_report(moved, 1)
    assert html is not None
    assert Outline(html).images == []


# --- numbers ---------------------------------------------------------------------------------------


def test_a_period_is_counted_from_its_lines(tmp_path: Path) -> None:
    written = Written(tmp_path)
    zone = ZoneInfo("UTC")
    for number in (1, 2, 3):
        written.visit(number)
        written.clock.mono_s += 3600.0
    for fps in (10.0, 5.0):
        row = {"fps": fps, "board_c": 40.0, "signal_dbm": -80, "free_mb": 900, "waiting": 0, "up_s": 1}
        written.put(Entry("note", "vitals", 0, json.dumps(row)))
    written.line("command", "tell", 3, alert="loitering", recipients=["watchman"])
    for name, after_s in (("sending", 1.0), ("accepted", 3.0), ("delivered", 5.0)):
        said = json.dumps({"number": 9, "to": "watchman", "kind": "loitering", "by": "sms"})
        written.put(Entry("sms", name, 3, said), after_s=after_s)
    written.put(Entry("fault", "disk_slow", 0, "{}"))
    written.line("event", "device_failed", 0, device="modem", code="modem_mute")
    written.line("event", "device_recovered", 0, 60.0, device="modem")
    written.clock.mono_s += 86400.0
    written.visit(4)
    written.close()
    counted = count(written.path, Span.of_day(DAY, zone))
    assert counted.visits == 3
    assert {hour: n for hour, n in enumerate(counted.visits_by_hour) if n} == {8: 1, 9: 1, 10: 1}
    assert counted.states["warned"] == 3
    assert [row.fps for row in counted.vitals] == [10.0, 5.0]
    sent = counted.sent["watchman"]
    assert (sent.count, sent.delivered, sent.failed) == (1, 1, 0)
    assert sent.waits_s == [pytest.approx(4.0)]
    assert counted.faults["modem"].times == 1
    assert counted.faults["modem"].for_s == pytest.approx(60.0)
    assert counted.faults["disk_slow"].times == 1
    month = count(written.path, Span.of_month(2026, 1, zone))
    assert (month.visits, month.visits_by_day[0], month.visits_by_day[1]) == (4, 3, 1)


def test_a_day_is_the_cabins_own(tmp_path: Path) -> None:
    """20:00 UTC is the next day in Kolkata; a day on which the clocks are set has 23 or 25 hours."""
    written = Written(tmp_path)
    written.clock.mono_s += 12 * 3600.0
    written.visit(1)
    written.close()
    kolkata = ZoneInfo("Asia/Kolkata")
    assert count(written.path, Span.of_day(DAY, kolkata)).visits == 0
    assert count(written.path, Span.of_day(date(2026, 1, 2), kolkata)).visits == 1
    spring = Span.of_day(date(2026, 3, 29), ZoneInfo("Europe/Berlin"))
    assert spring.to_wall_s - spring.from_wall_s == 23 * 3600.0
    assert Span.of_month(2025, 12, kolkata).days[-1] == date(2025, 12, 31)


def test_strange_words_in_the_record_stay_words(tmp_path: Path) -> None:
    """Whatever somebody put there: in a report it is text."""
    written = Written(tmp_path)
    bad = "<img src=x onerror=alert(1)>\"'&"
    written.state("warned", bad)
    written.line("gossip", bad, 1)
    written.line("command", "tell", 1, alert=bad, recipients=[bad], reason=bad)
    written.line("event", "incident_marked", 1, mark="true", by=bad, note=bad)
    signed = {"who": bad, "items": [{"id": bad, "result": "failed", "note": bad}], "program": bad}
    written.put(Entry("event", "commissioned", 0, json.dumps(signed)))
    written.line("event", "device_failed", 1, device=bad, code=bad)
    written.close()
    settings = IncidentWorld.settings_for(tmp_path)
    made = Maker.of(settings, LanguageName.EN, True, DAY_WALL_S)
    for html in (incident_report(made, 1) or "", day_report(made, DAY), month_report(made, 2026, 1)):
        check_page(html, "en")
        assert "<img src=x" not in html
        assert "&lt;img" in html


def test_a_signed_commissioning_says_what_the_kiosk_saw_done(tmp_path: Path) -> None:
    written = Written(tmp_path)
    done = {"outputs": {"lock": "time"}, "outputs_most": 8, "keys": 3, "texts_sent": 2, "texts_delivered": 1}
    signed = {"who": "A. Kumar", "items": [], "done": {**done, "learnt": ["empty"]}}
    written.put(Entry("event", "commissioned", 0, json.dumps(signed)))
    written.close()
    made = Maker.of(IncidentWorld.settings_for(tmp_path), LanguageName.EN, True, DAY_WALL_S)
    html = day_report(made, DAY)
    assert "Seen by the kiosk: 1 of 8 outputs tried, 3 keys, 1 of 2 test texts delivered" in html
    assert "learnt: The empty cabin" in html


# --- the command -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_writes_a_file_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = Written(tmp_path)
    written.visit(1)
    written.close()
    monkeypatch.chdir(tmp_path)
    of = ["--set", f"paths.data={tmp_path}"]
    assert main(["report", "--incident", "1", *of]) == 0
    assert (tmp_path / "incident-1.html").stat().st_mode & 0o777 == 0o600
    assert main(["report", "--day", "2026-01-01", "--lang", "de", "--out", "a.html", *of]) == 0
    assert 'lang="de"' in (tmp_path / "a.html").read_text()
    assert main(["report", "--month", "2026-01", "--out", str(tmp_path / "none" / "m.html"), *of]) == 3
    assert main(["report", "--incident", "9", *of]) == 1
    said = capsys.readouterr()
    assert "report_unwritable" in said.err
    assert "no line of incident 9" in said.err
    for wrong in (["--day", "2026-13-01"], ["--month", "2026-1"], ["--incident", "0"], []):
        with pytest.raises(SystemExit):
            main(["report", *wrong])


@pytest.mark.slow
def test_without_chromium_there_is_a_fault_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = Written(tmp_path)
    written.visit(1)
    written.close()
    monkeypatch.setattr(pdf, "browser", lambda: None)
    out = tmp_path / "r.html"
    of = ["--set", f"paths.data={tmp_path}"]
    assert main(["report", "--incident", "1", "--pdf", "--out", str(out), *of]) == 3
    assert "report_no_pdf" in capsys.readouterr().err
    assert out.exists(), "the page is there all the same"


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.skipif(pdf.browser() is None, reason="no Chromium here: apt install chromium")
def test_a_report_is_printed_as_pdf(played: IncidentWorld) -> None:
    html = incident_report(maker(played), 1)
    assert html is not None
    printed = pdf.to_pdf(html)
    assert printed.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in printed, "its headings and tables are there for a screen reader"
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 12


def test_a_browser_that_prints_nothing_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "browser", lambda: "/bin/false")
    with pytest.raises(FaultError, match="report_no_pdf"):
        pdf.to_pdf("<p>x</p>")


def test_events_mark_writes_into_a_record_that_no_kiosk_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = Written(tmp_path)
    written.visit(1)
    written.put(counters=(("incident", 1),))
    written.close()
    of = ["--set", f"paths.data={tmp_path}", "--set", f"paths.runtime={tmp_path / 'none'}"]
    note = ["--by", "Asha", "--note", "a poster; call +91 98765 43210"]
    assert main(["events", "mark", "1", "false", *note, *of]) == 0
    assert main(["events", "mark", "2", "true", *of]) == 3
    assert "incident_unknown" in capsys.readouterr().err
    made = Maker.of(IncidentWorld.settings_for(tmp_path), LanguageName.EN, False, DAY_WALL_S)
    html = incident_report(made, 1)
    assert html is not None
    assert "Marked as a false alarm by Asha: a poster; call …" in html
    assert verify(written.path).ok
