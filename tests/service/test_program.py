"""A kiosk looks once after its start whether its program is whole, tells it once, and goes on as ever."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edge.bench.desk import Desk
from edge.inventory.whole import Compared, compare
from edge.journal import reader as journal
from edge.service import build as build_module
from edge.service.apart import compared
from edge.service.program import AFTER_S, CHANGED, TOLD, ProgramWatch
from tests.inventory.test_whole import Environment, hashed
from tests.service.test_threads import Kiosk
from tests.worlds.desk_world import scripted_desk

WHOLE = Compared(8, "")
BAD = Compared(8, "edge/door.py changed")


class Heard:
    """Hears what is told, and says what is found."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.found: Compared | Exception = WHOLE
        self.looks = 0
        self.told: list[tuple[bool, str]] = []
        self.shown: list[tuple[bool, str]] = []

    def start(self, for_s: float = AFTER_S + 86400.0) -> None:
        watch = ProgramWatch(
            self.data,
            self._compare,
            lambda do: do(),
            lambda code, active, words, now_s: self.told.append((active, words)),
            lambda code, active, words, now_s: self.shown.append((active, words)),
        )
        for step in range(5):
            watch.poll(1000.0 + for_s * step / 4)

    def _compare(self) -> Compared:
        self.looks += 1
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.fixture
def heard(tmp_path: Path) -> Heard:
    return Heard(tmp_path)


def test_it_looks_once_and_not_at_once(heard: Heard) -> None:
    heard.start(AFTER_S - 1.0)
    assert heard.looks == 0
    heard.start()
    assert heard.looks == 1
    assert heard.told == heard.shown == []
    assert not list(heard.data.iterdir())


def test_a_change_is_told_once_shown_by_later_starts_and_over_when_all_is_whole(heard: Heard) -> None:
    heard.found = BAD
    heard.start()
    assert heard.told == [(True, BAD.words)]
    heard.start()
    assert heard.told == [(True, BAD.words)], "a restart texts nobody again"
    assert heard.shown == [(True, BAD.words)], "and shows it"
    heard.found = Compared(8, "edge/door.py missing")
    heard.start()
    assert heard.told[1:] == [(True, "edge/door.py missing")], "another change is news"
    heard.found = WHOLE
    heard.start()
    assert heard.shown[1:] == [(False, "edge/door.py missing")]
    heard.start()
    assert len(heard.told) == len(heard.shown) == 2
    assert not (heard.data / TOLD).exists()


@pytest.mark.parametrize("error", [OSError(12, "no memory"), ValueError("nothing was said")])
def test_a_look_that_fails_says_nothing_and_forgets_nothing(heard: Heard, error: Exception) -> None:
    heard.found = BAD
    heard.start()
    heard.found = error
    heard.start()
    assert (heard.told, heard.shown) == ([(True, BAD.words)], [])
    heard.found = WHOLE
    heard.start()
    assert heard.shown == [(False, BAD.words)]


def test_a_disk_that_takes_no_writes_hides_nothing(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr("edge.service.program.write_whole", full)
    heard.found = BAD
    heard.start()
    heard.start()
    assert heard.told == [(True, BAD.words)] * 2


def watched(desk: Desk, program: Callable[[], Compared], folder: Path) -> None:
    """The watch of a kiosk in service, beside one on a desk."""
    kiosk = desk.kiosk
    watch = ProgramWatch(folder, program, lambda do: do(), kiosk.trouble_beside, kiosk.aside_fault)
    desk.built = dataclasses.replace(desk.built, program=watch)


@pytest.mark.slow
def test_the_record_the_page_and_the_control_room_have_it_and_the_door_is_as_ever(tmp_path: Path) -> None:
    there = Environment(tmp_path / "program")
    there.path("edge/door.py").unlink()
    desk, _ = scripted_desk(tmp_path / "data")
    watched(desk, lambda: compare(there.folder, there.root), tmp_path)
    desk.run_to(AFTER_S - 2.0)
    before = (desk.kiosk.name, desk.kiosk.door_locked, desk.kiosk.permit_on)
    assert CHANGED not in desk.built.watching.standing(desk.kiosk)
    desk.run_to(AFTER_S + 20.0)
    assert (desk.kiosk.name, desk.kiosk.door_locked, desk.kiosk.permit_on) == before
    assert CHANGED in desk.built.watching.standing(desk.kiosk)
    assert [CHANGED in text.text for text in desk.phone.texts] == [True]
    desk.close()
    lines = [line for line in journal.lines(tmp_path / "data/journal.db") if line.name == CHANGED]
    assert [(line.kind, msgspec.json.decode(line.data)) for line in lines] == [
        ("fault", {"detail": "edge/door.py missing"})
    ]


@pytest.mark.slow
def test_an_installed_kiosk_has_the_watch_and_one_run_from_its_sources_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where, has in ((None, False), (tmp_path, True)):
        monkeypatch.setattr(build_module, "installed", lambda where=where: where)
        kiosk = Kiosk(tmp_path / str(has), monkeypatch)
        try:
            assert (kiosk.service.built.program is not None) is has
        finally:
            kiosk.stack.close()


@pytest.fixture
def program(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with what compares and its list; the folder of its packages."""
    root = tmp_path / "program"
    venv.create(root, with_pip=False)
    (folder,) = root.glob("lib/python3*/site-packages")
    names = ("__init__", "inventory/__init__", "inventory/whole", "terms/__init__", "terms/printing")
    files = [f"edge/{name}.py" for name in names]
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repo / name, folder / name)
    (folder / "ours.dist-info").mkdir()
    lines = [*(f"{name},{hashed(folder / name)}," for name in files), "ours.dist-info/RECORD,,"]
    (folder / "ours.dist-info/RECORD").write_text("\n".join(lines))
    (tmp_path / "libraries").mkdir()
    (tmp_path / "libraries/msgspec").symlink_to(Path(msgspec.__file__).parent)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "libraries"))
    monkeypatch.setattr(sys, "executable", str(root / "bin/python"))
    monkeypatch.chdir(repo)  # what lies where it is started is not what is compared
    return folder


@pytest.mark.slow
def test_the_process_beside_a_kiosk_compares_the_environment_that_runs_it(program: Path) -> None:
    assert compared() == Compared(5, "")
    with (program / "edge/terms/__init__.py").open("ab") as file:
        file.write(b"\n")
    (program / "hand.pth").write_bytes(b"")
    assert compared() == Compared(5, "edge/terms/__init__.py changed, hand.pth added")
    assert not list(program.glob("**/__pycache__")), "and leaves nothing there"
    (program / "edge/inventory/whole.py").write_text(os.linesep)
    with pytest.raises(ValueError, match="nothing"):
        compared()
