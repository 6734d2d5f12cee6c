"""`evidence keys` and `evidence open` on the bank's machine: without a kiosk, never with a traceback."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.cli.main import main
from edge.pictures import age, files
from edge.words.language import LanguageName
from edge.words.pages.report import report_words
from tests.worlds.incident_world import IncidentWorld

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command in this process: exit code, standard output, standard error."""

    def call(*words: str | Path) -> tuple[int, str, str]:
        try:
            code = main([str(word) for word in words])
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return call


def test_a_key_is_made_for_its_owner_alone_and_never_over_another(run: Run, tmp_path: Path) -> None:
    code, lines, said = run("evidence", "keys", "--make", "anna", "--to", tmp_path)
    key = tmp_path / "anna.key"
    assert code == 0
    assert re.fullmatch(r"# name: anna\nage1[a-z0-9]{58}\n", lines)
    assert age.SECRET not in lines + said
    assert key.stat().st_mode & 0o777 == 0o600
    secret = key.read_text().splitlines()[-1]
    assert age.public_of(secret) in lines
    code, out, said = run("evidence", "keys", "--make", "anna", "--to", tmp_path)
    assert (code, out) == (3, "")
    assert "file_unusable" in said
    assert key.read_text().splitlines()[-1] == secret
    code, out, said = run("evidence", "keys", "--make", "Anna B", "--to", tmp_path)
    assert (code, out) == (2, "")
    (tmp_path / "bank.keys").write_text(lines)
    assert run("evidence", "keys", "--list", tmp_path / "bank.keys")[1].startswith("anna: age1")
    code, _, said = run("evidence", "keys", "--list", tmp_path / "bank.keys", "--needs", "2")
    assert code == 3
    assert "evidence.open_needs = 2" in said


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "there is no key in it"),
        (b"hello", "no secret key of age"),
        (b"age1qqqq", "it is the public key"),
        (b"\xff\xfe", "it is no text"),
        (b"AGE-SECRET-KEY-1QQQ", "no secret key of age"),
        (b"x" * 70_000, "too long"),
        (b"age-encryption.org/v1\nbroken", "sealed and damaged"),
    ],
)
def test_what_is_no_key_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, says: str
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: "words")
    (tmp_path / "a.key").write_bytes(content)
    code, _, said = run("evidence", "open", tmp_path, "--key", tmp_path / "a.key", "--to", tmp_path / "to")
    assert code == 3
    assert "evidence_key_unusable" in said
    assert says in said
    assert not (tmp_path / "to").exists()


def test_files_that_are_not_there_are_named(run: Run, tmp_path: Path) -> None:
    code, _, said = run("evidence", "open", tmp_path, "--key", tmp_path / "no", "--to", tmp_path / "to")
    assert (code, "file_unusable" in said) == (3, True)
    run("evidence", "keys", "--make", "anna", "--to", tmp_path)
    given = ("--key", tmp_path / "anna.key", "--to", tmp_path / "to")
    code, _, said = run("evidence", "open", tmp_path / "gone", *given)
    assert (code, "it cannot be read" in said) == (1, True)
    (tmp_path / "empty").mkdir()
    code, out, said = run("evidence", "open", tmp_path / "empty", *given)
    assert (code, "no sealed picture in it" in said) == (1, True)
    assert out.startswith("0 opened")
    code, _, said = run("evidence", "open", tmp_path / "empty", *given, "--record", tmp_path / "anna.key")
    assert (code, "neither a record nor what events --json printed" in said) == (3, True)


@pytest.mark.slow
def test_a_key_under_a_passphrase_opens_too(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As age's own tool seals a key; that tool asks at a terminal alone, so the library stands in for it."""
    run("evidence", "keys", "--make", "anna", "--to", tmp_path)
    key = tmp_path / "anna.key"
    secret = key.read_text().splitlines()[-1]
    key.write_bytes(importlib.import_module("pyrage").passphrase.encrypt(key.read_bytes(), "right"))
    picture = tmp_path / "00001-000000001000.jpg.age"
    picture.write_bytes(age.seal(b"\xff\xd8\xff\xe0picture", [age.public_of(secret)]))
    words = ("evidence", "open", picture, "--key", key, "--to", tmp_path / "to")
    monkeypatch.setattr("getpass.getpass", lambda prompt: "wrong")
    code, _, said = run(*words)
    assert (code, "passphrase" in said) == (3, True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: "right")
    assert run(*words)[0] == 0
    assert (tmp_path / "to" / "00001-000000001000.jpg").read_bytes() == b"\xff\xd8\xff\xe0picture"


@pytest.mark.slow
def test_from_the_ceremony_to_the_report(run: Run, tmp_path: Path) -> None:
    """Two keys are made, a kiosk seals to them, its card is copied, the bank opens it and files a report."""
    bank, card = tmp_path / "bank", tmp_path / "card"
    bank.mkdir()
    lists = [run("evidence", "keys", "--make", name, "--to", bank)[1] for name in ("anna", "bela")]
    whose = bank / "bank.keys"
    whose.write_text("".join(lists))
    sealing = (f"evidence.recipients_file={whose}", "evidence.open_needs=2", "evidence.fps=2")
    options = [word for one in (f"paths.data={card}", *sealing) for word in ("--set", one)]
    shown = run("settings", "--show", *options)[1]
    assert "# pictures are sealed to 2 of 2 (anna, bela), list " in shown
    assert "sealed_to" in json.loads(run("settings", "--show", "--json", *options)[1])

    card.mkdir()
    world = IncidentWorld(card, *sealing)
    world.lock_and_open()
    world.desk.close()
    assert run("events", "--verify", "--journal", world.record)[0] == 0
    (tmp_path / "events.json").write_text(run("events", "--json", "--journal", world.record)[1])

    # On the bank's machine there are no settings and no kiosk: another process, an empty home.
    kept = len(files.pictures(card / files.FOLDER, 1))
    keys = ["--key", str(bank / "bela.key"), "--key", str(bank / "anna.key")]
    for number, record in enumerate((world.record, tmp_path / "events.json")):
        to = tmp_path / f"opened{number}"
        words = ["evidence", "open", str(card / files.FOLDER), *keys, "--to", str(to)]
        done = subprocess.run(
            [sys.executable, "-m", "edge", *words, "--record", str(record)],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{kept} opened in {to}, {kept} as the record says; 0 problems\n"
        assert len(list((to / "1").glob("*.jpg"))) == kept > 20
    code, _, said = run("evidence", "open", card / files.FOLDER, *keys[:2], "--to", tmp_path / "none")
    assert code == 1
    assert "two of the bank's keys are needed together, and one is missing (any of anna+bela)" in said

    said_in = report_words(LanguageName.EN)
    out = tmp_path / "report.html"
    run("report", "--incident", "1", "--out", out, *options)
    assert "data:image/jpeg" not in out.read_text()
    assert said_in.lack_pictures_sealed.format(count=kept) in out.read_text()
    opened = tmp_path / "opened0"
    run("report", "--incident", "1", "--out", out, "--pictures", opened, *options)
    assert "data:image/jpeg" in out.read_text()
    assert said_in.lack_pictures_sealed.split("}")[1] not in out.read_text()
    for picture in (opened / "1").iterdir():  # another picture does not stand for the recorded one
        picture.write_bytes(b"\xff\xd8\xff another")
    run("report", "--incident", "1", "--out", out, "--pictures", opened, *options)
    assert "data:image/jpeg" not in out.read_text()
