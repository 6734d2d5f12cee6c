"""What leaves service keeps nothing: keys first, then the rest, and a proof of where the record ended."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.bench.desk import StoryClock
from edge.cli.main import main
from edge.faults.fault import FaultError
from edge.journal.file import NAME
from edge.journal.limits import JournalLimits
from edge.journal.writer import Journal
from edge.messages.entry_key import NAME as ENTRY_KEY
from edge.pictures.holds import NAME as HOLDS
from edge.pictures.holds import Holds
from edge.service import erasing
from edge.service.erasing import KEPT, WIPED, erase, named_files
from edge.settings.load import load
from edge.settings.schema import KEYS, Settings
from edge.settings.secrets import BENCH_HOTP
from edge.terms.hold import Hold


@pytest.fixture
def left(tmp_path: Path) -> tuple[Path, Settings]:
    """A kiosk's files as they lie on its card, and its settings."""
    data, runtime = tmp_path / "data", tmp_path / "run"
    for name in (
        *("evidence/7/a.jpg", "gallery/people", "fleet/key.pem", "prompts/en/x.wav", "drawn.json"),
        *(ENTRY_KEY, BENCH_HOTP),
    ):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(b"secret" * 300_000 if name.endswith("jpg") else b"secret")
    runtime.mkdir()
    (runtime / "ring").write_bytes(b"secret")
    key = tmp_path / "etc" / "gallery.key"
    key.parent.mkdir()
    key.write_text("k" * 64)
    key.chmod(0o600)
    journal = Journal(data / NAME, StoryClock(), JournalLimits())
    journal.open()
    journal.close(5.0)
    file = tmp_path / "etc" / "kiosk.toml"
    file.write_text(
        f'[cabin]\nname = "Cabin 7"\n[paths]\ndata = "{data}"\nruntime = "{runtime}"\n'
        f'[identity]\nkey_file = "{key}"\n'
    )
    return file, load(file)


def test_every_file_that_settings_name_is_wiped_or_kept_on_purpose() -> None:
    assert {key for key in KEYS if key.endswith("_file")} == {*WIPED, *KEPT}


def test_nothing_is_left_and_the_proof_says_where_the_record_ended(
    left: tuple[Path, Settings], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, _ = left
    assert main(["erase", "--settings", str(file)]) == 3
    assert 'say --confirm "Cabin 7"' in capsys.readouterr().err
    assert file.exists()
    proof = tmp_path / "proof.json"
    assert main(["erase", "--settings", str(file), "--confirm", "Cabin 7", "--out", str(proof)]) == 0
    remaining = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert remaining == {"data", "run", "etc", "proof.json"}
    told = json.loads(proof.read_text())
    assert json.loads(capsys.readouterr().out) == told, "it is printed, too"
    assert told["keys"] == 1
    assert told["bytes"] > 1_800_000
    assert told["record_ended_at"].startswith("0:"), "an empty record ends at its first line"


def test_keys_go_first_and_each_byte_is_written_over(
    left: tuple[Path, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, settings = left
    order: list[str] = []
    unlink = Path.unlink

    def look(path: Path, missing_ok: bool = False) -> None:
        order.append(path.name)
        assert not any(path.read_bytes()), f"{path} still says something"
        unlink(path)

    monkeypatch.setattr(Path, "unlink", look)
    erase(settings, None)
    assert order[0] == "gallery.key"
    assert order.index("key.pem") < order.index("people") < order.index("a.jpg")
    assert order.index("people") < order.index(NAME)
    keys = [order.index(name) for name in (ENTRY_KEY, BENCH_HOTP, "key.pem", "people")]
    assert max(keys) < min(order.index(name) for name in ("a.jpg", "x.wav", "drawn.json", NAME))


def test_what_is_under_a_legal_hold_stays_until_somebody_says_it_is_copied(
    left: tuple[Path, Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    file, settings = left
    evidence = Path(settings.paths.data) / "evidence"
    held = Holds(evidence, [Hold(7, "the court", "case 12", 0.0)])
    held.keep()
    command = ["erase", "--settings", str(file), "--confirm", "Cabin 7"]
    assert main(command) == 3
    assert "erase_on_hold" in (said := capsys.readouterr().err)
    assert "incident 7" in said
    assert (evidence / "7/a.jpg").exists()
    (Path(settings.paths.data) / NAME).write_bytes(b"no record")
    assert main(command) == 3, "nobody can tell"
    assert main([*command, "--holds-copied"]) == 0
    assert not evidence.exists()


def test_a_proof_that_cannot_be_written_stops_it_before_the_first_byte(
    left: tuple[Path, Settings], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, settings = left
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    command = ["erase", "--settings", str(file), "--confirm", "Cabin 7", "--out"]
    runtime, data = Path(settings.paths.runtime), Path(settings.paths.data)
    (tmp_path / "link").symlink_to(data)
    for out in (tmp_path / "no" / "such", tmp_path, runtime / "x", data / "x", tmp_path / "link/x", file):
        assert main([*command, str(out)]) == 3, out
        assert "file_unusable" in capsys.readouterr().err
    with held(data):
        assert main([*command, str(tmp_path / "proof.json")]) == 3
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    (tmp_path / "proof.json").write_text("of another kiosk")
    with held(data):
        assert main([*command, str(tmp_path / "proof.json")]) == 3
    assert (tmp_path / "proof.json").read_text() == "of another kiosk"
    assert main([*command, str(tmp_path / "proof.json")]) == 0
    assert json.loads((tmp_path / "proof.json").read_text())["cabin"] == "Cabin 7"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_stick_that_fills_up_at_the_end_costs_no_proof(
    left: tuple[Path, Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    file, _ = left
    assert main(["erase", "--settings", str(file), "--confirm", "Cabin 7", "--out", "/dev/full"]) == 3
    said = capsys.readouterr()
    assert json.loads(said.out)["record_ended_at"].startswith("0:")
    assert "files wiped" in said.err


def test_holds_that_nobody_can_read_stop_it(
    left: tuple[Path, Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    file, settings = left
    (Path(settings.paths.data) / "evidence" / HOLDS).write_bytes(b"\xff no holds")
    assert main(["erase", "--settings", str(file), "--confirm", "Cabin 7"]) == 3
    assert "erase_on_hold" in capsys.readouterr().err
    assert main(["evidence", "holds", "--settings", str(file)]) == 1, "the list says it, too"
    assert "holds_unreadable" in capsys.readouterr().err


def test_a_link_is_removed_and_what_it_leads_to_stays(left: tuple[Path, Settings], tmp_path: Path) -> None:
    _, settings = left
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("somebody else's")
    (Path(settings.paths.data) / "folder").symlink_to(outside)
    (Path(settings.paths.data) / "file").symlink_to(outside / "kept")
    erase(settings, None)
    assert (outside / "kept").read_text() == "somebody else's"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    file = os.open(folder, os.O_RDONLY)
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(file)


def test_a_running_kiosk_is_left_alone(left: tuple[Path, Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    _, settings = left
    with held(Path(settings.paths.data)), pytest.raises(FaultError, match="kiosk_running"):
        erase(settings, None)
    monkeypatch.setattr(erasing, "answers", lambda folder: True)
    with pytest.raises(FaultError, match="kiosk_running"):
        erase(settings, None)
    assert named_files(settings)[0].exists()


def test_what_cannot_be_wiped_is_named(left: tuple[Path, Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    _, settings = left

    def refuse(path: Path) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(erasing, "_overwrite", refuse)
    with pytest.raises(FaultError, match=r"erase_failed: .*gallery\.key"):
        erase(settings, None)
