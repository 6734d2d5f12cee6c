"""What is broken, missing or busy is named by its code, with exit code 3, and never by a traceback."""

from __future__ import annotations

import errno
import importlib.util
import io
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.__main__ import main
from edge.bench.desk import Desk
from edge.bench.leaving import scratch
from edge.cabin.state import Mode
from edge.faults.catalogue import CATALOGUE
from edge.journal import reader as journal
from edge.loop.happening import Happening
from hw.ports import Input
from tests.worlds.desk_world import scripted_desk

Fail = Callable[..., str]


@pytest.fixture
def fails(capsys: pytest.CaptureFixture[str]) -> Fail:
    """Runs a command that must end with exit code 3; what it said."""

    def call(code: str, *words: str) -> str:
        assert code in CATALOGUE
        assert main(words) == 3
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert f"fault:  {code}\n" in err
        assert all(f"{line}:" in err for line in ("cause", "door", "remedy"))
        return err

    return call


@pytest.fixture
def picture_clip(tmp_path: Path) -> Path:
    path = tmp_path / "one.png"
    cv2.imwrite(str(path), np.full((240, 320, 3), 90, np.uint8))
    return path


# --- settings --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[flow\nsiren_s = 1", "settings_syntax"),
        ("[flow]\nsirens = 1", "settings_unknown_key"),
        ("[flow]\nsiren_s = 'loud'", "settings_wrong_type"),
        ("[flow]\nsiren_s = -1", "settings_out_of_bounds"),
        ("[people]\nwatchman2 = '+15550100'", "settings_conflict"),
    ],
)
def test_broken_settings(fails: Fail, tmp_path: Path, content: str, code: str) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(content)
    for command in (["settings", "--check"], ["bench", "--story", "leaves"], ["look", "x.png"], ["run"]):
        fails(code, *command, "--settings", str(path))


def test_settings_that_are_not_there_or_not_text(fails: Fail, tmp_path: Path) -> None:
    fails("settings_missing", "settings", "--check", "--settings", str(tmp_path / "no.toml"))
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\x00")
    fails("settings_unreadable", "settings", "--show", "--settings", str(tmp_path / "bad.toml"))


def test_unknown_key_on_the_command_line(fails: Fail, picture_clip: Path) -> None:
    said = fails("settings_unknown_key", "replay", str(picture_clip), "--set", "flow.sirens_s=1")
    assert "siren_s" in said, "the nearest known name"


# --- clips, pictures, models, stories --------------------------------------------------------------


def test_broken_clips(fails: Fail, tmp_path: Path) -> None:
    empty, text, cut = tmp_path / "empty.mp4", tmp_path / "text.mp4", tmp_path / "cut.mp4"
    empty.write_bytes(b"")
    text.write_text("not a clip")
    whole = tmp_path / "whole.mp4"
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (320, 240))
    random = np.random.default_rng(0)
    for _ in range(40):
        writer.write(random.integers(0, 255, (240, 320, 3), dtype=np.uint8))
    writer.release()
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    for path in (empty, text, cut, tmp_path / "missing.mp4"):
        assert str(path) in fails("clip_unreadable", "replay", "--json", str(path))


def test_wrong_model_file(fails: Fail, tmp_path: Path, picture_clip: Path, repo: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    setting = ("--set", f"paths.models={models}")
    assert main(["look", str(picture_clip), *setting]) == 3
    for name in ("face_find.json", "face_check.json", "face_find.tflite", "face_check.tflite"):
        (models / name).write_bytes((repo / "models" / name).read_bytes())
    (models / "face_find.tflite").write_bytes(b"\0" * 4096)
    for command in ("look", "replay"):
        assert main([command, str(picture_clip), *setting]) == 3


def test_model_faults_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, picture_clip: Path
) -> None:
    assert main(["look", str(picture_clip), "--set", f"paths.models={tmp_path}"]) == 3
    err = capsys.readouterr().err
    code = err.split("\n")[0].removeprefix("fault:").strip()
    assert code in CATALOGUE
    assert code.startswith("model_")


def test_cameras_that_are_not_there(fails: Fail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    fails("clip_unreadable", "bench", "--camera", f"clip:{tmp_path / 'no.mp4'}")
    with pytest.raises(SystemExit, match="2"):
        main(["bench", "--camera", "nonsense"])
    assert main(["bench", "--camera", "webcam:0", "--story", "fire"]) == 2


def test_a_kiosk_without_pins(fails: Fail, tmp_path: Path) -> None:
    if any(Path("/dev").glob("gpiochip*")):
        pytest.skip("this machine has pins")
    path = tmp_path / "kiosk.toml"
    path.write_text(
        "[people]\nwatchman = '+15550100'\n[camera]\nsource = 'usb'\n"
        f"[paths]\ndata = '{tmp_path}/data'\nruntime = '{tmp_path}/run'\n"
    )
    library = importlib.util.find_spec("lgpio") is not None
    fails("gpio_missing" if library else "gpio_library_missing", "run", "--settings", str(path))


def test_video_that_cannot_be_written(fails: Fail, tmp_path: Path, picture_clip: Path) -> None:
    fails("video_unwritable", "replay", str(picture_clip), "--video", str(tmp_path / "no" / "film.mp4"))


def test_stories_that_cannot_be_played(fails: Fail, tmp_path: Path) -> None:
    assert "proper-face" in fails("story_unknown", "bench", "--story", "no-such-story")
    path = tmp_path / "bad.story"
    path.write_text("+1 enter anna\nby soon see state locked\n")
    assert "line 2" in fails("story_wrong", "bench", "--story", str(path))
    path.write_bytes(b"\xff\xfe")
    fails("story_wrong", "bench", "--story", str(path))
    path.write_text("set flow.sirens=1\n+1 wait\n")
    fails("settings_unknown_key", "bench", "--story", str(path))


# --- the record, the kiosk -------------------------------------------------------------------------


def test_no_record_and_no_kiosk(fails: Fail, tmp_path: Path) -> None:
    folders = ("--set", f"paths.data={tmp_path}", "--set", f"paths.runtime={tmp_path}")
    fails("journal_missing", "events", *folders)
    fails("journal_missing", "events", "--verify", *folders)
    fails("kiosk_not_running", "status", *folders)
    fails("kiosk_not_running", "release", *folders)
    (tmp_path / "journal.db").write_bytes(os.urandom(8192))
    fails("journal_damaged", "events", *folders)


# --- devices, on a desk ----------------------------------------------------------------------------


def _locked(folder: Path, prepare: Callable[[Desk], None]) -> tuple[Desk, list[Happening]]:
    """A desk with somebody masked in it, half a minute later."""
    heard: list[Happening] = []
    desk, people = scripted_desk(folder, heard.append)
    prepare(desk)
    people.do("enter anna with mask", 0.0)
    desk.run_to(35.0)
    return desk, heard


def _mode(desk: Desk) -> Mode:
    return desk.kiosk.state.mode


def _locks(desk: Desk) -> bool:
    return desk.hands.lock_on


def _permits(desk: Desk) -> bool:
    return desk.hands.permit_on


def _failed(heard: list[Happening]) -> set[object]:
    return {h.data["code"] for h in heard if h.data.get("name") == "device_failed"}


@pytest.mark.slow
def test_a_full_disk_is_told_and_locks_nobody() -> None:
    with scratch("test") as folder:
        desk, heard = _locked(Path(folder), lambda desk: desk.fail_disk(errno.ENOSPC))
        assert _failed(heard) == {"disk_full"}
        assert _mode(desk) is Mode.WARNED
        assert not _locks(desk)
        desk.fail_disk(0)
        desk.run_to(70.0)
        assert _mode(desk) is Mode.LOCKED
        desk.close()
        assert journal.verify(desk.journal_file).ok
        names = [line.name for line in journal.lines(desk.journal_file)]
        assert "appeared" in names, "nothing that waited is lost"


@pytest.mark.slow
def test_a_disk_that_fills_up_while_locked_keeps_the_rules() -> None:
    with scratch("test") as folder:
        desk, heard = _locked(Path(folder), lambda desk: None)
        assert _locks(desk)
        desk.fail_disk(errno.ENOSPC)
        desk.type_keys("CODE")
        desk.run_to(40.0)
        assert _mode(desk) is Mode.RELEASED
        assert not _locks(desk)
        assert "disk_full" in _failed(heard)
        desk.close()


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "code"), [("absent", "modem_absent"), ("mute", "modem_mute")])
def test_a_missing_or_mute_modem_is_told(fault: str, code: str) -> None:
    with scratch("test") as folder:
        desk, heard = _locked(Path(folder), lambda desk: desk.phone.fault(fault))
        desk.run_to(230.0)
        assert _failed(heard) == {code}
        assert _mode(desk) is Mode.RELEASED, "nobody could be reached"
        desk.close()


def test_a_permit_that_does_not_let_go_is_driven_until_it_does() -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk, people = scripted_desk(Path(folder), heard.append)
        people.do("enter anna", 0.0)
        desk.run_to(8.0)
        assert _permits(desk)
        desk.hands.weld_relay("permit")
        desk.move_input(Input.DOOR, True)
        people.people.clear()
        desk.run_to(20.0)
        assert _failed(heard) == {"relay_mismatch"}
        desk.hands.weld_relay("permit", False)
        desk.run_to(21.5)
        assert not _permits(desk)
        assert any(h.data.get("name") == "device_recovered" for h in heard)
        desk.close()


@pytest.mark.slow
def test_a_lock_that_cannot_be_driven_is_told() -> None:
    with scratch("test") as folder:
        desk, heard = _locked(Path(folder), lambda desk: desk.hands.fail_relay("lock"))
        assert "relay_write_failed" in _failed(heard)
        assert not _locks(desk)
        desk.close()


@pytest.mark.slow
def test_a_prompt_that_fails_locks_nobody_until_it_is_heard() -> None:
    with scratch("test") as folder:
        desk, heard = _locked(Path(folder), lambda desk: desk.hands.fail_prompt())
        assert _failed(heard) == {"prompt_failed"}
        assert _mode(desk) is Mode.WARNED
        desk.hands.fail_prompt(False)
        desk.run_to(70.0)
        assert _mode(desk) is Mode.LOCKED
        desk.close()


def test_a_device_that_comes_and_goes_is_texted_once() -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk, _ = scripted_desk(Path(folder), heard.append)
        for n in range(6):
            desk.camera_alive = bool(n % 2)
            desk.run_to(desk.clock.now_s() + 20.0)
        gone = [h for h in heard if h.kind == "sms" and "gives no pictures" in str(h.data["text"])]
        assert sum(h.data.get("name") == "camera_gone" for h in heard) > 1
        assert len([h for h in gone if h.data["to"] == "control_room"]) == 1
        desk.close()
