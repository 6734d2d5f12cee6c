"""The archive of a release: a plain tar with the program's sources and every wheel, made and unpacked.

Made the same from the same files. Unpacked with care although its hash was signed: only files and folders
with plain names, no more than was announced, and nothing outside its own folder.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from edge.faults.fault import FaultError

WHEELS: Final = "wheels"
INVENTORY: Final = "cabinguard.cdx.json"
"""What is in it, part by part with its hash (CycloneDX); it stays beside the installed version."""

MB: Final = 1_000_000

_TREE: Final = ("edge", "hw", "models", "systemd", ".ci/runtime.lock")
_FILES: Final = ("install.sh", "pyproject.toml", "README.md", "LICENSE")
_OUT: Final = frozenset({"__pycache__", ".pytest_cache"})


def program_id(tree: Path) -> str:
    """What a tree installs as, in the installer's own words. Raises `FaultError`."""
    script = '. "$1/install.sh"; . "$1/systemd/kiosk.sh"; version_id'
    done = subprocess.run(
        ["bash", "-c", script, "bash", str(tree)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise FaultError("update_package", f"{tree} is no tree of the program: {done.stderr.strip()[-200:]}")
    return done.stdout.strip()


def pack(tree: Path, wheels: Path, to: Path, inventory: bytes = b"") -> int:
    """The archive of a tree and of a folder made by `install.sh fetch`; the size of its content in bytes.

    `inventory`: the list of everything in it (`edge.inventory.cyclonedx`), for `INVENTORY`.
    """
    total = 0
    with tarfile.open(to, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(_members(tree)):
            total += _add(archive, path, path.relative_to(tree).as_posix())
        for wheel in sorted(wheels.glob("*.whl")):
            total += _add(archive, wheel, f"{WHEELS}/{wheel.name}")
        if inventory:
            info = tarfile.TarInfo(INVENTORY)
            info.size = len(inventory)
            archive.addfile(info, io.BytesIO(inventory))
            total += info.size
    return total


def _members(tree: Path) -> Iterator[Path]:
    for name in (*_FILES, *_TREE):
        below = tree / name
        if below.is_file():
            yield below
        for path in below.rglob("*"):
            inside = path.relative_to(tree)
            training = inside.parts[:2] == ("models", "training")
            if path.is_file() and not path.is_symlink() and not training and not _OUT & set(inside.parts):
                yield path


def _add(archive: tarfile.TarFile, path: Path, name: str) -> int:
    info = tarfile.TarInfo(name)
    info.size = path.stat().st_size
    info.mode = 0o755 if os.access(path, os.X_OK) else 0o644
    with path.open("rb") as file:
        archive.addfile(info, file)
    return info.size


def unpack(archive: Path, to: Path, most_bytes: int) -> None:
    """Into a folder that is made again. Raises `FaultError`."""
    shutil.rmtree(to, ignore_errors=True)
    try:
        to.mkdir(mode=0o700, parents=True)
        free = shutil.disk_usage(to).free
        if free < most_bytes:
            needed = f"{free // MB} MB are free at {to}, {most_bytes // MB} MB are needed"
            raise FaultError("update_disk_full", needed)
        _unpack(archive, to, most_bytes)
    except (tarfile.TarError, EOFError) as error:
        raise FaultError("update_package", f"not an archive of a release: {error}") from error
    except OSError as error:
        code = "update_disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "update_package"
        raise FaultError(code, error.strerror or str(error)) from error


def _unpack(archive: Path, to: Path, most_bytes: int) -> None:
    left = most_bytes
    with tarfile.open(archive, "r:") as members:
        for member in members:
            name = PurePosixPath(member.name)
            if name.is_absolute() or ".." in name.parts or not (member.isfile() or member.isdir()):
                raise FaultError("update_package", f"{member.name} is no plain file in its folder")
            left -= member.size
            if left < 0:
                raise FaultError("update_package", f"more than the {most_bytes // MB} MB that were announced")
            target = to / name
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            content = members.extractfile(member)
            assert content is not None
            with content, target.open("xb") as file:
                shutil.copyfileobj(content, file)
            target.chmod(0o755 if member.mode & 0o100 else 0o644)
