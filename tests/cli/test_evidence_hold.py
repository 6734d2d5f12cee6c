"""A hold is put, listed, ended and proved from the command line, with a kiosk running and with none."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.cli.main import main
from edge.journal.reader import recall, verify
from edge.pictures.files import pictures
from edge.pictures.holds import NAME, holds_on_disk, read_holds
from edge.service.control import Asked, ControlServer
from edge.settings.load import load
from hw.ports import Input
from tests.worlds.desk_world import scripted_desk
from tests.worlds.duress_world import SETTINGS

pytestmark = pytest.mark.slow

CALM = SETTINGS[3:]


class Kiosk:
    """A kiosk on a story clock with one incident, its control socket open while it runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.words = [part for word in self._settings() for part in ("--set", word)]
        self.turn = threading.Lock()
        self.start()
        now_s = self.desk.clock.now_s()
        self.people.do("enter anna with mask", now_s)
        self.desk.move_input(Input.DOOR, True)
        self.desk.after(1.5, lambda: self.desk.move_input(Input.DOOR, False))
        self.desk.run_to(now_s + 30.0)
        self.desk.type_keys("CODE")
        self.desk.run_to(now_s + 60.0)
        assert self.pictures()

    def _settings(self) -> list[str]:
        return [f"paths.data={self.folder}", f"paths.runtime={self.folder}", *CALM]

    def start(self) -> None:
        self.desk, self.people = scripted_desk(self.folder, settings=load(None, list(CALM)), seed=3)
        self.control: ControlServer | None = ControlServer(self.folder, self._answer)

    def _answer(self, asked: Asked) -> None:
        with self.turn:
            asked.answer(self.desk.answer(asked.request))

    def stop(self) -> None:
        if self.control is not None:
            self.control.close()
            self.control = None
            self.desk.close()

    def pictures(self) -> tuple[Path, ...]:
        return pictures(self.folder / "evidence", 1)

    def cli(self, *words: str) -> int:
        return main(["evidence", *words, *self.words])


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Kiosk]:
    kiosk = Kiosk(tmp_path)
    yield kiosk
    kiosk.stop()


@pytest.mark.parametrize("runs", [True, False])
def test_a_hold_is_put_listed_and_ended(kiosk: Kiosk, runs: bool, capsys: pytest.CaptureFixture[str]) -> None:
    if not runs:
        kiosk.stop()
    assert kiosk.cli("hold", "1", "--by", "court", "--until", "2030-12-31", "--why", "case 17") == 0
    assert "held until 2030-12-31, by court" in capsys.readouterr().out
    assert kiosk.cli("holds") == 0
    assert "until 2030-12-31  by court: case 17" in capsys.readouterr().out
    assert kiosk.cli("holds", "--json") == 0
    assert json.loads(capsys.readouterr().out)["incident"] == 1
    assert kiosk.cli("hold", "1", "--by", "police", "--until", "2030-01-01", "--why", "case 4") == 3
    assert "by court until 2030-12-31: case 17" in capsys.readouterr().err, "it is not replaced"
    kiosk.stop()
    (hold,) = holds_on_disk(kiosk.folder)
    assert (hold.incident, hold.by, hold.why) == (1, "court", "case 17")
    assert hold.until_wall_s == 1_924_992_000.0, "the end of that day, UTC here"
    assert recall(kiosk.folder / "journal.db").holds == read_holds(kiosk.folder / "evidence") == (hold,)
    assert verify(kiosk.folder / "journal.db").ok
    kiosk.start()
    assert kiosk.desk.built.parts.evidence.holds.all() == (hold,), "it survives the end of the program"
    if not runs:
        kiosk.stop()
    assert kiosk.cli("free", "1", "--by", "court", "--why", "case 17 is closed") == 0
    assert kiosk.cli("free", "1", "--why", "again") == 3
    assert "incident_not_held" in capsys.readouterr().err
    kiosk.stop()
    assert holds_on_disk(kiosk.folder) == ()


@pytest.mark.parametrize("runs", [True, False])
def test_what_cannot_be_held_is_refused_by_name(
    kiosk: Kiosk, runs: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if not runs:
        kiosk.stop()
    assert kiosk.cli("hold", "9", "--until", "freed", "--why", "x") == 3
    assert "incident_unknown" in capsys.readouterr().err
    assert kiosk.cli("hold", "1", "--until", "2001-01-01", "--why", "x") == 2
    assert "is over" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        kiosk.cli("hold", "1", "--until", "tomorrow", "--why", "x")
    assert "no date" in capsys.readouterr().err
    assert kiosk.cli("holds") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("lost", [NAME, "journal.db"])
def test_a_hold_survives_the_loss_of_record_or_file(kiosk: Kiosk, lost: str) -> None:
    assert kiosk.cli("hold", "1", "--by", "court", "--until", "freed", "--why", "case 17") == 0
    kiosk.stop()
    for path in kiosk.folder.rglob(f"{lost}*"):
        path.unlink()
    kiosk.start()
    (hold,) = kiosk.desk.built.parts.evidence.holds.all()
    assert hold.incident == 1
    kiosk.desk.run_to(kiosk.desk.clock.now_s() + 5.0)
    kiosk.stop()
    assert recall(kiosk.folder / "journal.db").holds == read_holds(kiosk.folder / "evidence") == (hold,)


def test_verify_says_what_became_of_every_picture(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> None:
    count = len(kiosk.pictures())
    assert kiosk.cli("verify") == 0
    assert (
        capsys.readouterr().out.splitlines()[0] == f"{count} pictures are there as recorded, 0 of them held"
    )
    kiosk.stop()
    kiosk.pictures()[0].unlink()
    assert kiosk.cli("verify") == 1
    said = capsys.readouterr()
    assert f"{count - 1} pictures are there" in said.out
    assert "taken away, and no line says so" in said.err
    assert kiosk.cli("verify", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert [one["what"] for one in found["findings"]] == ["missing"]
    shutil.rmtree(kiosk.folder / "evidence")
    assert kiosk.cli("verify") == 1


def test_a_mark_beside_the_pictures_says_how_long_they_are_kept(kiosk: Kiosk) -> None:
    """Given to a running kiosk, and to a record that nobody has open."""
    about = kiosk.folder / "evidence" / "1" / ".about"
    assert json.loads(about.read_text())["whys"] == ["warned", "locked"]
    assert main(["events", "mark", "1", "false", "--by", "me", *kiosk.words]) == 0
    kiosk.desk.run_to(kiosk.desk.clock.now_s() + 1.0)
    assert json.loads(about.read_text())["mark"] == "false"
    kiosk.stop()
    assert main(["events", "mark", "1", "true", "--by", "me", *kiosk.words]) == 0
    assert json.loads(about.read_text())["mark"] == "true"
