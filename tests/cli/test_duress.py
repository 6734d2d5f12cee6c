"""The control room's own machine makes the key and reads the notes; a kiosk can do neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.cli.main import main
from edge.codes.note import Note, NoteSealer
from edge.journal.writer import Journal
from edge.terms.record import Entry, Record
from tests.worlds.hand_clock import HandClock


def test_a_key_is_made_and_the_notes_of_a_record_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "control.pem"
    assert main(["duress", "key", str(key)]) == 0
    assert key.stat().st_mode & 0o777 == 0o600
    public = capsys.readouterr().out.split('"')[1]
    assert main(["duress", "key", str(key)]) == 3, "never over another key"
    capsys.readouterr()
    sealer = NoteSealer(bytes.fromhex(public))
    record = tmp_path / "journal.db"
    journal = Journal(record, HandClock(1.0, 1_800_000_000.0), threaded=False)
    journal.open()

    def put(number: int, note: Note) -> None:
        data = json.dumps({"number": number, "note": sealer.seal(note)})
        entry = Entry("note", "code_typed", note.incident, data)
        journal.submit(Record(number, 1.0, 1_800_000_000.0, (entry, Entry("note", "other", 0))))

    put(1, Note(1, 7, False))
    put(2, Note(2, 8, True))
    journal.close(1.0)
    assert main(["duress", "notes", str(record), "--key", str(key)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out == [
        "2027-01-15T08:00:00Z  incident 7  #1  typed, nobody forced",
        "2027-01-15T08:00:00Z  incident 8  #2  DURESS",
    ]
    assert main(["events", "--json", "--journal", str(record)]) == 0
    printed = tmp_path / "events.json"
    printed.write_text(capsys.readouterr().out)
    assert main(["duress", "notes", str(printed), "--key", str(key), "--json"]) == 0
    assert [json.loads(line)["forced"] for line in capsys.readouterr().out.splitlines()] == [False, True]

    # a note that was moved to another line
    lines = [json.loads(line) for line in printed.read_text().splitlines()]
    typed = [line for line in lines if line["name"] == "code_typed"]
    typed[0]["data"]["note"], typed[1]["data"]["note"] = typed[1]["data"]["note"], typed[0]["data"]["note"]
    printed.write_text("\n".join(json.dumps(line) for line in lines))
    assert main(["duress", "notes", str(printed), "--key", str(key)]) == 1
    assert capsys.readouterr().out.count("not for this key, or changed") == 2


def test_a_list_without_notes_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing at all would read as: nobody was forced."""
    key, printed = tmp_path / "control.pem", tmp_path / "events.json"
    assert main(["duress", "key", str(key)]) == 0
    for content, code, said in (
        (b"", 3, "it is empty"),
        (b"\n", 3, "it is empty"),
        (
            b'{"at": "2027-01-15T08:00:00Z", "name": "locked", "incident": 1}\n',
            0,
            "no code of ours was typed",
        ),
    ):
        printed.write_bytes(content)
        capsys.readouterr()
        assert main(["duress", "notes", str(printed), "--key", str(key)]) == code
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    key = tmp_path / "control.pem"
    key.write_bytes(content)
    assert main(["duress", "notes", str(tmp_path / "none"), "--key", str(key)]) == 3
    assert "file_unusable" in capsys.readouterr().err
    assert main(["duress", "notes", str(tmp_path / "none"), "--key", str(tmp_path / "gone.pem")]) == 3
