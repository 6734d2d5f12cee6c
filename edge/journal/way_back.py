"""A record that a newer version has written, brought back so that the version before it reads and writes it.

A newer version knows both forms, so it has the step down beside its step up (`schema.MIGRATIONS`). Whatever
the older one does not know stays in the file where it harms nobody: a table is left as it is, and the step
up takes it as it finds it. What cannot be brought back is put aside whole, and the copy of before the update
takes its place, with counters no lower than any that were in use.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from edge.disk.files import sync
from edge.faults.fault import FaultError
from edge.journal import schema, tables
from edge.journal.chain import packed, row_key
from edge.journal.file import NAME, RecordFile, fault_of, salvaged_counters
from edge.journal.tables import MOST, number, put_chained, transaction
from edge.terms.record import Channel

COPY: Final = "before-update/journal.db"
"""In the folder of the data: the record as it was before the update that is in the middle."""

_READY: Final = "journal.copy"
"""The copy on its way to the place of the record."""

LOWEST: Final = 3
"""The first form whose lines carry the other tables; no version before it is gone back to."""

StepDown = Callable[[sqlite3.Connection], Mapping[str, object]]
"""Brings a file of form N to N - 1 and says what the line about it has to carry (`edge.journal.chain`)."""


def _without_owners(db: sqlite3.Connection) -> Mapping[str, object]:
    """The table stays: wrong tries and rests count again when the newer version is back."""
    return {}


def _without_streams(db: sqlite3.Connection) -> Mapping[str, object]:
    """Messages for the broker go: the older version does not know that channel. Their counts stay, so that
    the newer one, when it is back, tells readers which of them never come. The columns harm nobody."""
    broker = Channel.MQTT.value
    found = db.execute("SELECT number, recipient, channel FROM outbox WHERE channel = ?", (broker,))
    gone = {row_key(*key): None for key in found.fetchall()}
    db.execute("DELETE FROM outbox WHERE channel = ?", (broker,))
    return {"rows": gone}


WAYS_BACK: Mapping[int, StepDown] = {4: _without_owners, 5: _without_streams}
"""By the form that is left. `tests/journal/test_way_back.py` asks for one for each form after `LOWEST`."""


def form_of(path: Path) -> int:
    """The number of the record's form; 0 where there is none. Raises `FaultError`."""
    if not path.exists():
        return 0
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=5.0, isolation_level=None)) as db:
            return number(db, "PRAGMA user_version")
    except sqlite3.Error as error:
        raise fault_of(error, path) from error


def take_back(data: Path, form: int, wall_s: float) -> None:
    """Bring the record of a stopped kiosk to an older form; one that has it already is left alone.

    All in one transaction, and a line of the record says so. Raises `FaultError`.
    """
    path = data / NAME
    have = form_of(path)
    if have <= form:
        return
    if form < LOWEST or any(step not in WAYS_BACK for step in range(form + 1, have + 1)):
        raise FaultError("journal_newer", f"no way back from form {have} to {form}")
    with _alone(path) as file:
        try:
            db = _opened(path)
            file.db = db
            schema.check(db, thorough=True)
            with transaction(db):
                carried: dict[str, object] = {}
                for step in range(have, form, -1):
                    carried |= WAYS_BACK[step](db)
                _note(db, "record_taken_back", f'{{"from":{have},"to":{form}}}', carried, wall_s)
                db.execute(f"PRAGMA user_version = {form}")
        except (sqlite3.Error, OSError) as error:
            raise fault_of(error, path) from error
        finally:
            file.finish()


def keep_copy(data: Path) -> None:
    """A whole copy of the record, beside a kiosk that may be writing. Raises `FaultError`."""
    path, copy = data / NAME, data / COPY
    if not path.exists():
        return
    try:
        copy.parent.mkdir(mode=0o700, exist_ok=True)
        part = copy.with_suffix(".new")
        part.unlink(missing_ok=True)
        with (
            contextlib.closing(sqlite3.connect(path, timeout=5.0)) as db,
            contextlib.closing(sqlite3.connect(part)) as to,
        ):
            db.backup(to)
            to.execute("PRAGMA journal_mode = DELETE")
        sync(part)
        part.replace(copy)
        sync(copy.parent)
    except (sqlite3.Error, OSError) as error:
        raise fault_of(error, path) from error


def forget_copy(data: Path) -> None:
    shutil.rmtree((data / COPY).parent, ignore_errors=True)


def is_between(data: Path) -> bool:
    """Whether something ended `put_copy_back` in the middle."""
    return (data / _READY).exists()


def put_copy_back(data: Path, wall_s: float) -> None:
    """The copy in the place of a record that cannot be brought back, which is set aside whole.

    From any point that a power cut left. Raises `FaultError`.
    """
    path, copy = data / NAME, data / COPY
    ready = data / _READY
    with _alone(path) as file:
        try:
            if not ready.exists():
                _prepare(path, copy, ready, wall_s)
            if path.exists():
                file.set_aside()
            ready.replace(path)
            sync(data)
        except (sqlite3.Error, OSError) as error:
            raise fault_of(error, path) from error


def _prepare(path: Path, copy: Path, ready: Path, wall_s: float) -> None:
    """The copy with the counters of the newer record, and a line that says what it is."""
    part = ready.with_suffix(".part")
    part.unlink(missing_ok=True)
    shutil.copyfile(copy, part)
    used = [(name, value) for name, value in salvaged_counters(path) if 0 <= value <= MOST]
    with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as db:
        db.text_factory = tables.plain_text
        with transaction(db):
            tables.put_counters(db, used)
            raised = tables.held_counters(db)
            _note(db, "record_from_copy", '{"why":"update undone"}', {"counters": raised}, wall_s)
    sync(part)
    part.chmod(0o600)
    part.replace(ready)
    sync(ready.parent)


def _note(db: sqlite3.Connection, name: str, data: str, carried: Mapping[str, object], wall_s: float) -> None:
    head = tables.newest_head(db)
    last = db.execute("SELECT boot, mono_s FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    boot, mono_s = last or (tables.last_boot(db), 0.0)
    line = (head.seq + 1, boot, 0, mono_s, wall_s, 0, "note", name, data)
    put_chained(db, head, line, packed(carried))


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[RecordFile]:
    """Nobody else has the record meanwhile. Raises `FaultError`: `kiosk_running`."""
    file = RecordFile(path, 1000)
    file.lock()
    try:
        yield file
    finally:
        file.unlock()


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    db.text_factory = tables.plain_text
    db.execute("PRAGMA synchronous = FULL")
    return db
