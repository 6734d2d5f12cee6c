"""Wipes what a kiosk has kept, before it leaves service: keys first, so that a power cut helps nobody.

Each file is written over once and removed. A memory card may keep old blocks: what was sealed under a key is
unreadable from then on all the same (NIST SP 800-88, cryptographic erase), what was not needs the card itself
to be discarded or destroyed.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.disk.files import sync
from edge.faults.fault import FaultError
from edge.journal import search
from edge.journal.chain import Head
from edge.journal.file import NAME
from edge.messages.entry_key import NAME as ENTRY_KEY
from edge.pictures.files import FOLDER
from edge.pictures.holds import holds_on_disk
from edge.service.control import answers
from edge.settings.schema import Settings
from edge.settings.secrets import BENCH_HOTP

WIPED: Final = (
    *("people.hotp_secret_file", "modem.pin_file", "atm.keys_file", "email.password_file"),
    *("webhook.secret_file", "panel.password_file", "identity.key_file", "mqtt.request_keys_file"),
    *("certificate.key_file", "certificate.certificate_file", "certificate.pin_file"),
    *("certificate.est_token_file", "evidence.recipients_file"),
)
"""The files of its own that the settings name, by their settings."""

KEPT: Final = frozenset(
    {"certificate.ca_file", "certificate.est_ca_file", "update.ca_file", "update.root_file"}
)
"""Those that hold nothing secret and may be the system's: who is trusted."""

_FIRST: Final = (ENTRY_KEY, f".{ENTRY_KEY}.part", BENCH_HOTP, "fleet", "gallery")
"""Files and folders of the data that hold keys."""

_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Erased:
    """What was wiped. `head` is the last line of the record, None where there was none to read."""

    keys: int
    files: int
    bytes: int
    head: Head | None


def named_files(settings: Settings) -> tuple[Path, ...]:
    """Every file of its own that the settings name: keys, passwords, certificates."""
    named = [Path(str(_value(settings, key))) for key in WIPED if _value(settings, key)]
    return tuple(dict.fromkeys(named))


def _value(settings: Settings, key: str) -> object:
    section, _, leaf = key.partition(".")
    value: object = getattr(getattr(settings, section), leaf)
    return value


def would_go(settings: Settings, settings_path: Path | None, path: Path) -> bool:
    """Whether `erase` would wipe what lies there: no place for a proof."""
    whole = path.resolve()
    files = (*named_files(settings), *(() if settings_path is None else (settings_path,)))
    folders = (settings.paths.data, settings.paths.runtime)
    return whole in {file.resolve() for file in files} or any(
        whole.is_relative_to(Path(folder).resolve()) for folder in folders
    )


def erase(settings: Settings, settings_path: Path | None, *, holds_copied: bool = False) -> Erased:
    """Wipe all of it. FaultError: `kiosk_running` while a kiosk has the folder; `erase_on_hold` while a legal
    hold stands, or nobody can tell, and the pictures were not `holds_copied`; `erase_failed`.
    """
    data, runtime = Path(settings.paths.data), Path(settings.paths.runtime)
    if answers(runtime):
        raise FaultError("kiosk_running", str(runtime))
    with _held(data):
        if not holds_copied:
            _ask_for_holds(data)
        head = _head(data)
        count = _Count()
        try:
            keys = sum([count.wipe(path) for path in named_files(settings)])
            for first in (data / name for name in _FIRST):
                count.wipe(first)
                count.wipe_below(first)
            for folder in (data, runtime):
                count.wipe_below(folder)
            if settings_path is not None:
                count.wipe(settings_path)
        except OSError as error:
            raise FaultError("erase_failed", f"{error.filename}: {error.strerror}") from error
        return Erased(keys, count.files, count.bytes, head)


@contextmanager
def _held(data: Path) -> Iterator[None]:
    """No kiosk begins with the folder meanwhile: the lock is the record's own."""
    if not data.is_dir():
        yield
        return
    folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise FaultError("kiosk_running", str(data)) from error
    finally:
        os.close(folder)


def _ask_for_holds(data: Path) -> None:
    if not (data / NAME).exists() and not (data / FOLDER).exists():
        return
    try:
        held = [str(hold.incident) for hold in holds_on_disk(data, whole=True)]
    except FaultError as error:
        raise FaultError("erase_on_hold", f"the holds cannot be read: {error}") from error
    if held:
        raise FaultError("erase_on_hold", f"incident {', '.join(held)}")


def _head(data: Path) -> Head | None:
    """Where the record ended: with a head that was sent out before, it can be told what is missing."""
    try:
        return search.ends(data / NAME).newest if (data / NAME).is_file() else None
    except FaultError:
        return None


class _Count:
    def __init__(self) -> None:
        self.files = 0
        self.bytes = 0

    def wipe(self, path: Path) -> bool:
        """Write zeros over a file and remove it; of a link only the link goes. True where there was one."""
        try:
            kind = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return False
        if stat.S_ISDIR(kind):
            return False
        if stat.S_ISREG(kind):
            self.bytes += _overwrite(path)
        path.unlink()
        sync(path.parent)
        self.files += 1
        return True

    def wipe_below(self, folder: Path) -> None:
        """All that lies in a folder; the folder itself stays, it is the system's."""
        if not folder.is_dir():
            return
        for here, names, files in os.walk(folder, topdown=False, onerror=_raise):
            for name in files:
                self.wipe(Path(here) / name)
            for name in names:
                path = Path(here) / name
                if path.is_symlink():
                    path.unlink()
                else:
                    path.rmdir()
        sync(folder)


def _raise(error: OSError) -> None:
    raise error


def _overwrite(path: Path) -> int:
    file = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        size = os.fstat(file).st_size
        for start in range(0, size, _PIECE):
            os.write(file, bytes(min(_PIECE, size - start)))
        os.fsync(file)
    finally:
        os.close(file)
    return size
