from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from edge.disk.files import make_private_folder, put_whole, sync, wipe, write_new, write_whole

OLD, NEW = b"old" * 100, b"new" * 400


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the disk, in its order."""
    did: list[str] = []
    real_sync, real_rename, real_unlink = os.fsync, Path.rename, Path.unlink

    def synced(handle: int) -> None:
        did.append("sync " + Path(f"/proc/self/fd/{handle}").readlink().name)
        real_sync(handle)

    def renamed(path: Path, to: Path) -> Path:
        did.append(f"{path.name} to {to.name}")
        return real_rename(path, to)

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        if path.exists():
            did.append(f"unlink {path.name}")
        real_unlink(path, missing_ok)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    monkeypatch.setattr(Path, "unlink", unlinked)
    return did


def test_a_file_has_its_name_only_once_it_is_on_the_disk(file: Path, steps: list[str]) -> None:
    write_whole(file, NEW)
    assert steps == ["sync .kept.part", ".kept.part to kept", f"sync {file.parent.name}"]
    assert file.read_bytes() == NEW
    steps.clear()
    put_whole(file, OLD)
    assert steps == ["sync .kept.part", ".kept.part to kept"], "the folder is its caller's to sync"
    assert file.read_bytes() == OLD


def test_a_disk_that_is_full_leaves_what_was_there(file: Path) -> None:
    write_whole(file, OLD)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for bytes_free in (0, 1, len(NEW) - 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_free, before[1]))
        try:
            with pytest.raises(OSError, match="too large"):
                write_whole(file, NEW)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert [path.name for path in file.parent.iterdir()] == ["kept"]
        assert file.read_bytes() == OLD


def test_what_a_power_cut_left_half_written_is_in_nobodys_way(file: Path) -> None:
    file.with_name(".kept.part").write_bytes(b"half")
    write_whole(file, NEW)
    assert [path.name for path in file.parent.iterdir()] == ["kept"]


@pytest.mark.parametrize("mask", [0o000, 0o077], ids=["open", "closed"])
@pytest.mark.parametrize("mode", [0o600, 0o644], ids=["private", "public"])
def test_its_rights_are_those_that_were_asked_for(file: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_whole(file, NEW, mode)
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == mode


def test_a_private_file_asks_for_no_change_of_rights(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a stick, whose file system has no rights to change."""

    def refuse(handle: int, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refuse)
    write_whole(file, NEW)
    assert file.read_bytes() == NEW


def test_nothing_is_written_through_a_link_that_somebody_put_there(file: Path) -> None:
    precious = file.with_name("precious")
    precious.write_bytes(OLD)
    file.with_name(".kept.part").symlink_to(precious)
    write_whole(file, NEW)
    file.with_name("fresh").symlink_to(precious)
    with pytest.raises(FileExistsError):
        write_new(file.with_name("fresh"), NEW)
    assert precious.read_bytes() == OLD


def test_a_new_file_is_its_owners_and_never_takes_the_place_of_another(file: Path) -> None:
    write_new(file, OLD)
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        write_new(file, NEW)
    assert file.read_bytes() == OLD


def test_what_is_wiped_is_overwritten_first(file: Path, steps: list[str]) -> None:
    file.write_bytes(OLD)
    also = file.with_name("also")
    os.link(file, also)
    wipe(file)
    assert steps == ["sync kept", "unlink kept", f"sync {file.parent.name}"]
    assert also.read_bytes() == bytes(len(OLD))
    with pytest.raises(FileNotFoundError):
        wipe(file)


def test_a_private_folder_stays_as_it_is_where_it_is_there(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    (tmp_path / "a" / "b").chmod(0o750)
    make_private_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o750


def test_a_file_and_a_folder_can_be_synced_and_one_that_is_not_there_is_told(
    file: Path, steps: list[str]
) -> None:
    file.write_bytes(OLD)
    sync(file)
    sync(file.parent)
    assert steps == ["sync kept", f"sync {file.parent.name}"]
    with pytest.raises(FileNotFoundError):
        sync(file.with_name("nothing"))
