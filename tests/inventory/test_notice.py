"""The report to the authorities: what it must say, by when, and of how many kiosks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from edge.cli import vulnerability
from edge.cli.main import main
from edge.faults.fault import FaultError
from edge.inventory.advisory import Advisory
from edge.inventory.case import EXAMPLE, CaseFile, CaseKind, ReportStage, deadline, missing, read_case
from edge.inventory.component import Component, PartKind
from edge.inventory.match import Hit
from edge.inventory.notice import Fleet, Value, kiosks_of, page, report
from tests.inventory.test_advisory import osv

AWARE = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)

FULL = """
[manufacturer]
name = "Example <AG>"
contact = "security@kiosks.example"
established_in = "DE"
[case]
kind = "exploited"
id = "CVE-2026-1"
title = "A <b>hole</b>"
aware = 2026-11-29T10:00:00+01:00
member_states = ["DE", "AT"]
nature = "n"
exploit = "e"
severity = "s"
impact = "i"
actor = "unknown"
root_cause = "r"
suspected_unlawful = false
measures_taken = "t"
measures_users = "u"
sensitivity = "TLP:AMBER"
measure_ready = 2026-12-01T00:00:00Z
repaired_in = "0.2.0"
notice_sent = 2026-12-31T12:00:00Z
"""


def whole() -> CaseFile:
    return read_case(FULL)


def fleet() -> Fleet:
    part = Component(PartKind.LIBRARY, "x", "1", "pkg:pypi/x@1", ("MIT",))
    hit = Hit(Advisory("GHSA-1", ("CVE-2026-1",), "", "", ()), part, ("2",))
    table = "kiosk,version,country\na,1,DE\nb,1,AT\nc,2,DE\nd,3,FR\n"
    return Fleet(kiosks_of(table), {"1": (hit,), "2": ()})


def test_the_clocks_run_from_when_the_maker_was_aware() -> None:
    case = whole().case
    assert deadline(case, ReportStage.EARLY) == AWARE + timedelta(hours=24)
    assert deadline(case, ReportStage.NOTICE) == AWARE + timedelta(hours=72)
    assert deadline(case, ReportStage.FINAL) == datetime(2026, 12, 15, tzinfo=UTC), "14 days after the remedy"
    assert deadline(msgspec.structs.replace(case, measure_ready=None), ReportStage.FINAL) is None
    incident = msgspec.structs.replace(case, kind=CaseKind.INCIDENT)
    assert deadline(incident, ReportStage.FINAL) == datetime(2027, 1, 31, 12, tzinfo=UTC), (
        "a month after the notice"
    )
    late = msgspec.structs.replace(incident, notice_sent=datetime(2027, 1, 31, tzinfo=UTC))
    assert deadline(late, ReportStage.FINAL) == datetime(2027, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize("kind", CaseKind)
@pytest.mark.parametrize("stage", ReportStage)
def test_each_stage_asks_by_name_for_what_it_must_say(kind: CaseKind, stage: ReportStage) -> None:
    file = msgspec.structs.replace(whole(), case=msgspec.structs.replace(whole().case, kind=kind))
    assert missing(file.case, stage) == ()
    bare = read_case(
        EXAMPLE.replace('kind = "exploited"', f'kind = "{kind}"').replace("member_states", "# m")
    )
    lacking = missing(bare.case, stage)
    assert "member_states" in lacking
    with pytest.raises(FaultError, match=r"notice_incomplete: Art\. 14.*case\.member_states"):
        report(bare, fleet(), stage, AWARE, "1")
    later = set(missing(bare.case, ReportStage.FINAL))
    assert set(lacking) <= later, "what was asked for once is asked for later"


def test_the_example_is_whole_enough_for_the_first_day() -> None:
    assert missing(read_case(EXAMPLE).case, ReportStage.EARLY) == ()


def test_the_example_is_a_file_that_works_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(vulnerability, "_this_version", lambda: ())
    assert main(["vulnerability", "notice", "--example"]) == 0
    (tmp_path / "case.toml").write_text(capsys.readouterr().out)
    assert main(["vulnerability", "notice", "case.toml"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    whole = EXAMPLE.replace("# advisories", "advisories").replace("# kiosks =", "kiosks =")
    file = read_case(whole.replace("# [parts]", "[parts]").replace('# "0.1.0"', '"0.1.0"'))
    assert all((file.advisories, file.kiosks, file.parts)), "and what stands apart in it is understood"


@pytest.mark.parametrize("which", ["case", "kiosks", "table", "year", "name"])
def test_an_odd_file_is_named_and_no_traceback(
    which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(vulnerability, "_this_version", lambda: ())
    case, kiosks = tmp_path / "case.toml", tmp_path / "kiosks.csv"
    case.write_text(f'kiosks = "kiosks.csv"\n{FULL}')
    kiosks.write_text("kiosk,version,country\na,1,DE\n")
    out = tmp_path / "out"
    match which:
        case "case":
            case.write_bytes(b"\xff\xfe")
        case "kiosks":
            kiosks.write_bytes(b"kiosk,version,country\n\xff,1,DE\n")
        case "table":
            kiosks.write_text(f"kiosk,version,country\n{'a' * 200_000},1,DE\n")
        case "year":
            case.write_text(FULL.replace("aware = 2026", "aware = 9999"))
        case _:
            out = Path("/")
    assert main(["vulnerability", "notice", str(case), "--out", str(out)]) == 3
    named = capsys.readouterr().err
    assert {"case": "case.toml", "kiosks": "kiosks.csv", "table": "table of kiosks"}.get(which, "") in named
    assert ("notice_incomplete" if which in ("table", "year") else "file_unusable") in named


def test_the_report_counts_kiosks_by_what_their_version_is_made_of() -> None:
    told = report(whole(), fleet(), ReportStage.EARLY, AWARE + timedelta(hours=30), "1")
    assert told["kiosks"] == {
        "in_use": 4,
        "affected": 2,
        "version_without_parts": 1,
        "affected_by_version": {"1": 2},
        "affected_by_country": {"AT": 1, "DE": 1},
    }
    assert told["aware_since_h"] == 30.0
    due: Value = told["deadlines"]
    assert isinstance(due, dict)
    assert due["early"] == {"due": "2026-11-30T09:00:00Z", "hours_left": -6.0}
    sent = msgspec.structs.replace(whole().case, early_sent=AWARE + timedelta(hours=20))
    again = report(
        msgspec.structs.replace(whole(), case=sent),
        fleet(),
        ReportStage.NOTICE,
        AWARE + timedelta(hours=30),
        "1",
    )["deadlines"]
    assert isinstance(again, dict)
    assert again["early"] == {
        "due": "2026-11-30T09:00:00Z",
        "sent": "2026-11-30T05:00:00Z",
        "hours_left": 4.0,
    }
    shown = page(told)
    assert shown.count("LATE") == 2, "the first was not sent, the second a month late, the third has time"
    assert "Example &lt;AG&gt;" in shown
    assert "<b>" not in shown, "what somebody wrote is no HTML"
    assert "pkg:pypi/x@1" in shown


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("2026-11-29T10:00:00+01:00", "2026-11-29T10:00:00"),
        ('"DE", "AT"', '"Germany"'),
        ('established_in = "DE"', 'established_in = "Germany"'),
        ('id = "CVE-2026-1"', 'id = "../up"'),
        ('kind = "exploited"', 'kind = "bad"'),
        ("[case]", "[case]\nunknown_key = 1"),
        ("[case]", "[case"),
    ],
)
def test_an_odd_file_is_refused_by_name(was: str, now: str) -> None:
    assert was in FULL
    with pytest.raises(FaultError, match="notice_incomplete"):
        read_case(FULL.replace(was, now))
    with pytest.raises(FaultError, match="country"):
        kiosks_of("kiosk,version\na,1\n")


@pytest.mark.slow
def test_the_command_writes_the_report_from_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vulnerability", "notice", "--example"]) == 0
    (tmp_path / "case.toml").write_text(
        'advisories = ["a.json"]\nkiosks = "k.csv"\n[parts]\n"0.0.1" = "old.json"\n' + FULL, "utf-8"
    )
    (tmp_path / "a.json").write_bytes(osv("PyPI", "pyserial", {"introduced": "0"}, {"fixed": "3.5"}))
    old = {"name": "pyserial", "version": "3.4", "purl": "pkg:pypi/pyserial@3.4", "type": "library"}
    (tmp_path / "old.json").write_text(json.dumps({"bomFormat": "CycloneDX", "components": [old]}))
    (tmp_path / "k.csv").write_text("kiosk,version,country\na,0.0.1,DE\nb,0.1.0,DE\n")
    command = ["vulnerability", "notice", str(tmp_path / "case.toml"), "--stage", "notice"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    told = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert told["duty"] == "Art. 14(2)(b)"
    assert told["kiosks"]["affected"] == 1
    assert [hit["version"] for hit in told["parts"]] == ["0.0.1"]
    assert "pkg:pypi/pyserial@3.4" in (tmp_path / "out.html").read_text("utf-8")
    (tmp_path / "a.json").write_text("{}")
    assert main(command) == 3
    assert "advisory_unreadable" in capsys.readouterr().err
    assert main(["vulnerability", "notice"]) == 3
