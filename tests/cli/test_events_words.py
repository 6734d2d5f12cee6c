"""`events` for people: words instead of JSON, and a word where there is nothing to read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.bench.desk import StoryClock
from edge.journal.writer import Journal
from edge.terms.record import Entry, Record

ENTRIES = (
    Entry("state", "locked", 7, '{"from":"warned"}'),
    Entry("command", "tell", 7, '{"name":"tell","incident":7,"recipients":["watchman","control_room"]}'),
    Entry("command", "set_lights", 7, '{"lit":[]}'),
    Entry("evidence", "pictures_kept", 7, '{"why":"locked","files":{"a.jpg":"00ff"},"done":true}'),
    Entry("fault", "clock_jumped", 0, '{"by_s":12.5,"camera":null,"text":"\\u001b[2J"}'),
    Entry("note", "nothing", 0, "{}"),
)


@pytest.fixture
def record(tmp_path: Path) -> list[str]:
    clock = StoryClock()
    journal = Journal(tmp_path / "journal.db", clock, threaded=False)
    journal.open()
    journal.submit(Record(1, clock.now_s(), 1_767_254_400.0, ENTRIES, None, (), ()))
    journal.close(1.0)
    return ["events", "--journal", str(tmp_path / "journal.db")]


def test_people_read_words(record: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(record) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("Z  ")[2] for line in lines] == [
        "#7     state    locked                 from warned",
        "#7     command  tell                   recipients watchman and control room",
        "#7     command  set lights             lit none",
        "#7     evidence pictures kept          why locked, files 1, done yes",
        "       fault    clock jumped           by s 12.5, camera -, text \\x1b[2J",
        "       note     nothing",
    ]


def test_programs_read_json(record: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*record, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["data"] for line in lines] == [json.loads(entry.data) for entry in ENTRIES]


@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_an_incident_that_is_not_there_is_said(
    record: list[str], capsys: pytest.CaptureFixture[str], json_too: list[str]
) -> None:
    assert main([*record, "--incident", "7", *json_too]) == 0
    capsys.readouterr()
    assert main([*record, "--incident", "8", *json_too]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "the record has no line of incident 8\n")


def test_a_quiet_time_is_no_fault_and_is_said(record: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*record, "--since", "2099-01-01"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "the record has no line since then\n")
