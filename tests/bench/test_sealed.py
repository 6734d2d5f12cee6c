"""The bench says whom the pictures of its cabin are sealed to."""

from __future__ import annotations

from pathlib import Path

from edge.bench.asked import BenchOptions
from edge.bench.live import greeting, kept_sealed
from edge.pictures import age
from edge.settings.load import load


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
