"""The self-test says whom pictures are sealed to, and what could still put an open one on the card."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from edge.faults.fault import FaultError
from edge.pictures import age
from edge.pictures.exposed import card_swap
from edge.selftest.machine import NotFitted
from edge.selftest.sealed import sealed
from edge.settings.schema import Settings

SWAPS = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def settings_in(folder: Path, needs: int = 1) -> Settings:
    whose = folder / "bank.keys"
    whose.write_text("".join(f"# name: {name}\n{age.new_key()[1]}\n" for name in ("anna", "bela")))
    settings = Settings()
    return msgspec.structs.replace(
        settings,
        paths=msgspec.structs.replace(settings.paths, data=str(folder), runtime=str(folder / "run")),
        evidence=msgspec.structs.replace(settings.evidence, recipients_file=str(whose), open_needs=needs),
    )


def machine(folder: Path, kind: str, swaps: str = "", behind: str = "none") -> Path:
    """A root whose memory-backed file system, swap and zram are these."""
    device = folder.stat().st_dev
    (folder / "proc/self").mkdir(parents=True, exist_ok=True)
    mount = f"1 0 {os.major(device)}:{os.minor(device)} / / rw - {kind} none rw\n"
    (folder / "proc/self/mountinfo").write_text(mount)
    (folder / "proc/swaps").write_text(SWAPS + swaps)
    (folder / "sys/block/zram0").mkdir(parents=True, exist_ok=True)
    (folder / "sys/block/zram0/backing_dev").write_text(behind + "\n")
    return folder


def test_it_says_who_opens_them_and_what_lies_open_from_before(tmp_path: Path) -> None:
    with pytest.raises(NotFitted, match="lie open"):
        sealed(Settings())
    root = machine(tmp_path, "tmpfs", "/dev/zram0 partition 1048572 0 100\n")
    assert sealed(settings_in(tmp_path, 2), root).startswith("to 2 of 2 (anna, bela), list ")
    (tmp_path / "evidence/3").mkdir(parents=True)
    (tmp_path / "evidence/3/00001-000000001000.jpg").touch()
    assert "1 open pictures from before" in sealed(settings_in(tmp_path), root)
    settings = settings_in(tmp_path)
    Path(settings.evidence.recipients_file).unlink()
    with pytest.raises(FaultError, match="evidence_keys_unusable"):
        sealed(settings, root)


@pytest.mark.parametrize(
    ("kind", "swaps", "behind", "says"),
    [
        ("ext4", "", "none", "is not in memory"),
        ("tmpfs", "/var/swap file 102396 0 -2\n", "none", "swaps to /var/swap"),
        ("tmpfs", "/dev/mmcblk0p3 partition 102396 0 -2\n", "none", "swaps to /dev/mmcblk0p3"),
        ("tmpfs", "/dev/zram0 partition 1048572 0 100\n", "/dev/loop0", "with /dev/loop0 behind it"),
    ],
)
def test_memory_that_is_on_the_card_is_named(
    tmp_path: Path, kind: str, swaps: str, behind: str, says: str
) -> None:
    root = machine(tmp_path, kind, swaps, behind)
    with pytest.raises(FaultError, match="evidence_open_on_card") as caught:
        sealed(settings_in(tmp_path), root)
    assert says in caught.value.detail


def test_a_machine_that_does_not_say_swaps_to_nothing(tmp_path: Path) -> None:
    assert card_swap(tmp_path) == ""
