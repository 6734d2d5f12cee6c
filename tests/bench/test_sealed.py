"""The bench says whom the pictures of its cabin are sealed to."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

from edge.bench import desk as desk_module
from edge.bench.asked import BenchOptions
from edge.bench.live import greeting, kept_sealed
from edge.pictures import age
from edge.settings.load import load
from tests.worlds.desk_world import scripted_desk


def test_it_says_who_opens_them_or_why_none_is_kept(tmp_path: Path) -> None:
    assert kept_sealed(load(None), tmp_path) == []
    path = tmp_path / "bank.keys"
    settings = load(None, [f"evidence.recipients_file={path}", "evidence.clear_copy_s=60"])
    (line,) = kept_sealed(settings, tmp_path)
    assert line.startswith("No picture is kept: evidence_keys_unusable")
    path.write_text(f"# name: anna\n{age.new_key()[1]}\n")
    (line,) = kept_sealed(settings, Path("/proc/self"))
    assert line.startswith("Pictures are sealed to 1 of 1 (anna), list ")
    assert "not in memory" in line
    if Path("/dev/shm").is_dir():
        assert kept_sealed(settings, Path("/dev/shm"))[0].endswith("pages show open copies for 60 s.")
    assert line in greeting(BenchOptions(), settings, tmp_path, Path("/proc/self"))


def test_no_open_picture_lies_in_its_folder_on_a_disk(tmp_path: Path) -> None:
    """The ring has the last seconds open: where pictures are sealed it is in memory, and goes at the end."""
    path = tmp_path / "bank.keys"
    path.write_text(f"# name: anna\n{age.new_key()[1]}\n")
    for sealed in (False, True):
        folder = tmp_path / ("sealed" if sealed else "open")
        folder.mkdir()
        settings = load(None, [f"evidence.recipients_file={path}"] if sealed else [])
        with mock.patch.object(desk_module, "in_memory", return_value=False):
            desk, people = scripted_desk(folder, settings=settings)
        rings = desk.rings
        people.do("enter anna with mask", desk.clock.now_s())
        desk.run_to(desk.clock.now_s() + 2.0)
        assert any(rings.glob("ring-*"))
        desk.close()
        here = [file for file in folder.rglob("*") if file.is_file() and b"\xff\xd8\xff" in file.read_bytes()]
        assert bool(here) is not sealed, here
        assert rings.exists() is not sealed
