"""Where a bench keeps its record, and the secret that it lends a kiosk without one."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.bench.asked import BenchOptions
from edge.bench.leaving import scratch
from edge.faults.fault import FaultError
from edge.service.control import answers
from edge.settings.load import changed
from edge.settings.schema import Settings
from edge.settings.secrets import BENCH_HOTP, Secret, read_secret

_MARK: Final = "bench"
"""Whose record a folder holds: the bench writes beside no kiosk's."""

_HOTP_SECRET: Final = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The secret of RFC 4226's own example; it opens nothing but simulated doors."""


@contextlib.contextmanager
def folder_for(options: BenchOptions, settings: Settings, name: str = "", *, fresh: bool) -> Iterator[Path]:
    """Where this run keeps its record: `paths.data` of the command line, else a folder that goes with it.

    `name`: a folder in it. `fresh`: it must not have a record yet. Raises `FaultError`.
    """
    if not options.names("data"):
        with scratch("bench") as made:
            yield Path(made)
        return
    folder = Path(settings.paths.data) / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strange = any(folder.iterdir()) and not (folder / _MARK).exists()
        if strange:
            raise FaultError("bench_folder", f"{folder} holds what is no bench's; name an empty folder")
        mark = (folder / _MARK).open("a")
    except OSError as error:
        raise FaultError("bench_folder", f"{folder}: {error.strerror}") from error
    with mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FaultError("bench_folder", f"another bench keeps its record in {folder}") from error
        if fresh and (folder / "journal.db").exists():
            raise FaultError(
                "bench_folder", f"{folder} has a record already; a story begins without: name another"
            )
        yield folder


def with_secret(settings: Settings, folder: Path) -> Settings:
    """With a secret for RELEASE where the settings name none, so that it can be practised."""
    if read_secret(settings, Secret.HOTP) is not None:
        return settings
    file = folder / BENCH_HOTP
    file.write_text(_HOTP_SECRET)
    file.chmod(0o600)
    return changed(settings, f"people.hotp_secret_file={file.absolute()}")


def make_runtime(folder: Path) -> None:
    """The folder of ring and sockets. Raises `FaultError`: it cannot be made, or somebody answers there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if answers(folder):
            raise FaultError("bench_folder", f"something answers in {folder} already")
    except OSError as error:
        raise FaultError("bench_folder", f"{folder}: {error.strerror}") from error
