"""The record's file: one kiosk's alone, opened so that a commit is on the card, and set aside whole."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.disk.files import sync
from edge.faults.fault import FaultError
from edge.journal import schema
from edge.journal.tables import plain_text

NAME: Final = "journal.db"
"""In the folder of the data."""

MEMORY: Final = Path(":memory:")
"""As a path: a record that lives as long as the program, for replays. Without a thread only."""

_BY_ERRNO: Final = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "disk_read_only",
    errno.EACCES: "journal_denied",
    errno.EPERM: "journal_denied",
}


class RecordFile:
    """The file of one writer; `db` is the connection, None while it is not open."""

    def __init__(self, path: Path, wal_pages: int) -> None:
        self.path = path
        self.db: sqlite3.Connection | None = None
        self._wal_pages = wal_pages
        self._inode = 0
        self._folder = -1

    def lock(self) -> None:
        """One kiosk to a folder. The lock is on the folder itself: that needs no writing."""
        if self.path == MEMORY:
            return
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.unlock()
            raise FaultError("kiosk_running", str(self.path.parent)) from None
        except OSError:
            return  # whatever it is, opening the file says it better

    def unlock(self) -> None:
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def connect(self, *, thorough: bool) -> sqlite3.Connection:
        """Open or create the file, check it and update it. Raises as SQLite does, or `FaultError`."""
        if self.path != MEMORY:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its log and index the rights of the file.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(self.path, timeout=1.0, isolation_level=None, check_same_thread=False)
        self.db = db
        db.text_factory = plain_text
        schema.check(db, thorough=thorough)  # before anything is changed: it may not be ours
        (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal" and self.path != MEMORY:
            raise FaultError("disk_error", f"no write-ahead log on this file system ({mode})")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA wal_autocheckpoint = {self._wal_pages}")
        db.execute(f"PRAGMA journal_size_limit = {self._wal_pages * 4096}")
        schema.migrate(db)
        self._inode = 0 if self.path == MEMORY else self.path.stat().st_ino
        return db

    def detach(self) -> None:
        """Let the connection go; the file stays as it is."""
        if self.db is not None:
            with contextlib.suppress(sqlite3.Error):
                self.db.close()
            self.db = None

    def finish(self) -> None:
        """Fold the log in and let go."""
        if self.db is not None:
            with contextlib.suppress(sqlite3.Error):
                self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.detach()

    def moved(self) -> bool:
        """Whether somebody took the file away: SQLite would go on writing into nothing."""
        if self.path == MEMORY:
            return False
        try:
            return self.path.stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    def kept_before(self) -> bool:
        """Whether a record was kept here before: it, its log, or one that was set aside."""
        return self.path != MEMORY and any(self.path.parent.glob(f"{glob.escape(self.path.name)}*"))

    def set_aside(self) -> Path:
        """Rename the file and its log to `NAME.damaged-N`, under which SQLite still finds them together."""
        number = 1
        while any(Path(f"{self.path}.damaged-{number}{end}").exists() for end in ("", "-wal")):
            number += 1
        aside = Path(f"{self.path}.damaged-{number}")
        # The file last: a log left alone beside a fresh file would be thrown away by SQLite.
        for end in ("-shm", "-wal", ""):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{end}").rename(f"{aside}{end}")
        sync(self.path.parent)
        return aside


@contextlib.contextmanager
def copied(path: Path) -> Iterator[sqlite3.Connection]:
    """A throw-away copy in memory: how a file is read whose folder takes no writes, or that is damaged.

    SQLite must write beside a file to read its log. Only for a file that this process has not open:
    closing the original would drop SQLite's locks on it (sqlite.org/howtocorrupt.html, 2.2).
    """
    shm = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=shm if os.access(shm, os.W_OK) else None) as folder:
        copy = Path(folder) / NAME
        shutil.copyfile(path, copy)
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(f"{path}-wal", f"{copy}-wal")
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as db:
            db.text_factory = plain_text
            yield db


def salvaged_counters(path: Path) -> list[tuple[str, int]]:
    """The counters of a damaged file, as far as they can be read: numbers in use must not come again."""
    with contextlib.suppress(sqlite3.Error, OSError), copied(path) as db:
        found = db.execute("SELECT name, value FROM counters").fetchall()
        return [(name, value) for name, value in found if isinstance(name, str) and isinstance(value, int)]
    return []


def fault_of(error: Exception, path: Path) -> FaultError:
    """What an error of SQLite or of the system means."""
    if isinstance(error, FaultError):
        return error
    detail = str(error)
    if isinstance(error, OSError):
        return FaultError(_BY_ERRNO.get(error.errno or 0, "disk_error"), error.strerror or detail)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return FaultError("journal_damaged", detail)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return FaultError("journal_busy", detail)
    if code == sqlite3.SQLITE_FULL:
        return FaultError("disk_full", detail)
    # SQLite says "cannot open" or "I/O error" for much that the folder can tell better.
    with contextlib.suppress(OSError):
        disk = os.statvfs(path.parent)
        if disk.f_flag & os.ST_RDONLY:
            return FaultError("disk_read_only", detail)
        if disk.f_bavail == 0 or disk.f_favail == 0 < disk.f_files:
            return FaultError("disk_full", detail)
        if not os.access(path.parent, os.W_OK | os.X_OK):
            return FaultError("journal_denied", detail)
        for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
            if file.exists() and not os.access(file, os.R_OK | os.W_OK):
                return FaultError("journal_denied", f"{detail}: {file.name} belongs to another user")
    return FaultError("disk_read_only" if code == sqlite3.SQLITE_READONLY else "disk_error", detail)
