"""A disk that is full, read-only, slow or gone is a named fault: nothing blocks, nothing is lost."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.journal.file import RecordFile
from edge.journal.limits import JournalLimits
from edge.journal.reader import lines, recall, verify
from edge.journal.writer import Journal
from edge.terms.record import Answer, Channel, Entry, NotWritten, OutboxRow, Recipient, Record, Written
from tests.worlds.hand_clock import HandClock
from tests.worlds.tiny_disk import tiny_disk


class Disk:
    """Stands before each commit: takes it, refuses it or holds it up."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.free = threading.Event()
        self.free.set()
        self.commits = 0

    def __call__(self) -> None:
        self.commits += 1
        self.free.wait(60)
        if self.error is not None:
            raise self.error


@pytest.fixture
def clock() -> HandClock:
    return HandClock(100.0, 1_700_000_100.0)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.db"


def record(
    n: int,
    state: str | None = None,
    rows: tuple[OutboxRow, ...] = (),
    counters: tuple[tuple[str, int], ...] = (),
) -> Record:
    return Record(n, float(n), 1000.0 + n, (Entry("event", f"e{n}", 1),), state, rows, counters)


def sqlite_error(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(name)
    error.sqlite_errorcode = getattr(sqlite3, name)
    error.sqlite_errorname = name
    return error


def until(found: Callable[[], bool], wait_s: float = 60.0) -> None:
    end = time.monotonic() + wait_s
    while not found():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.002)


def answered(journal: Journal, count: int = 1) -> list[Answer]:
    """The next answers, as soon as there are so many."""
    seen: list[Answer] = []

    def enough() -> bool:
        seen.extend(journal.answers())
        return len(seen) >= count

    until(enough)
    return seen


def fault_of(journal: Journal) -> str:
    """Why records wait, empty where they do not."""
    return journal.failing.code if journal.failing is not None else ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), "disk_full"),
        (OSError(errno.EROFS, "Read-only file system"), "disk_read_only"),
        (OSError(errno.EIO, "Input/output error"), "disk_error"),
        (OSError(errno.EACCES, "Permission denied"), "journal_denied"),
        (sqlite_error("SQLITE_FULL"), "disk_full"),
        (sqlite_error("SQLITE_READONLY"), "disk_read_only"),
        (sqlite_error("SQLITE_IOERR"), "disk_error"),
        (sqlite_error("SQLITE_IOERR_FSYNC"), "disk_error"),
        (sqlite_error("SQLITE_BUSY"), "journal_busy"),
        (sqlite_error("SQLITE_CANTOPEN"), "disk_error"),
        (RuntimeError("something nobody thought of"), "disk_error"),
    ],
)
def test_what_cannot_be_written_is_named_kept_and_written_later(
    path: Path, clock: HandClock, disk: Disk, error: Exception, code: str
) -> None:
    journal = Journal(path, clock, threaded=False, before_sync=disk)
    journal.open()
    disk.error = error
    journal.submit(record(1, state='{"s":1}'))
    journal.submit(record(2))
    answers = journal.answers()
    assert [(type(a), a.sequence) for a in answers] == [(NotWritten, 1), (NotWritten, 2)]
    assert {a.code for a in answers if isinstance(a, NotWritten)} == {code}
    assert fault_of(journal) == code
    assert journal.waiting == 2
    assert recall(path).state is None

    disk.error = None
    assert journal.answers() == ()  # the pause has not passed
    wake_s = journal.next_wake_s()
    assert wake_s is not None
    clock.mono_s = wake_s
    assert journal.answers() == (Written(1), Written(2))
    assert fault_of(journal) == ""
    assert journal.next_wake_s() is None
    assert [line.record for line in lines(path)] == [1, 2]
    assert verify(path).ok


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("foreign", ["journal.db", "journal.db-wal", "journal.db-shm", "all"])
def test_files_of_another_user_are_no_fault_of_the_card(foreign: str) -> None:
    """Copied back by root: the remedy is a change of owner, not another card."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))  # pytest's own folders are closed to others
    folder.chmod(0o777)
    try:
        assert _as_nobody(folder) == "()"
        for file in folder.iterdir():
            if foreign in (file.name, "all"):
                os.chown(file, 0, 0)
                file.chmod(0o600)
        assert "'journal_denied'" in _as_nobody(folder)
        for file in folder.iterdir():
            os.chown(file, 65534, 65534)
        assert _as_nobody(folder) == "()"
    finally:
        shutil.rmtree(folder)


def _as_nobody(folder: Path) -> str:
    """Open a record there, write to it, end as killed: what opening named."""
    script = f"""
import os
from pathlib import Path
from edge.journal.writer import Journal
from edge.terms.record import Entry, Record
from hw.clock import SystemClock
os.setgid(65534); os.setuid(65534)
journal = Journal(Path("{folder}/journal.db"), SystemClock(), threaded=False)
print(journal.open().faults, flush=True)
journal.submit(Record(1, 1.0, 2e9, (Entry("note", "x", 0, "{{}}"),), None, (), ()))
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_pauses_grow_to_a_limit_and_each_record_is_refused_once(
    path: Path, clock: HandClock, disk: Disk
) -> None:
    journal = Journal(path, clock, threaded=False, before_sync=disk)
    journal.open()
    disk.error = OSError(errno.ENOSPC, "full")
    journal.submit(record(1))
    pauses = []
    answers: list[Answer] = []
    for _ in range(10):
        wake_s = journal.next_wake_s()
        assert wake_s is not None
        pauses.append(wake_s - clock.mono_s)
        clock.mono_s = wake_s
        answers += journal.answers()
    assert pauses == [0.25, 0.5, 1, 2, 4, 8, 15, 15, 15, 15]
    assert answers == [NotWritten(1, "disk_full", "full")]
    disk.error = None
    clock.mono_s += 15
    assert journal.answers() == (Written(1),)


def test_a_disk_that_fails_for_days_costs_bounded_memory_and_no_state(
    path: Path, clock: HandClock, disk: Disk
) -> None:
    journal = Journal(path, clock, JournalLimits(waiting=50), threaded=False, before_sync=disk)
    journal.open()
    disk.error = OSError(errno.EROFS, "read-only")
    row = OutboxRow(9, 1, "alert", 0, Recipient.WATCHMAN, Channel.SMS, 0.0, 60.0)
    journal.submit(record(1, state='{"old":1}', rows=(row,), counters=(("incident", 5),)))
    for n in range(2, 1001):
        journal.submit(record(n, counters=(("number", n),)))
    assert journal.waiting == 50
    told = journal.answers()
    overflow = [a.sequence for a in told if isinstance(a, NotWritten) and a.code == "journal_overflow"]
    assert overflow == list(range(1, 951))
    disk.error = None
    clock.mono_s += 60
    assert [a.sequence for a in journal.answers()] == list(range(951, 1001))
    assert journal.close(1)
    remembered = recall(path)
    assert remembered.state == '{"old":1}'
    assert remembered.rows == (row,)
    assert remembered.counters == (("incident", 5), ("number", 1000))
    found = list(lines(path))
    assert (found[0].kind, found[0].name, found[0].data) == ("note", "records_lost", '{"lines":950}')
    assert [line.record for line in found[1:]] == list(range(951, 1001))
    assert verify(path).ok


def test_the_caller_never_waits_for_a_slow_disk_and_what_piles_up_goes_in_one_sync(
    path: Path, disk: Disk
) -> None:
    clock = HandClock(100.0, 1_700_000_100.0)
    woken = threading.Event()
    journal = Journal(path, clock, before_sync=disk, on_answer=woken.set)
    journal.open()
    disk.free.clear()
    disk.commits = 0
    began = time.perf_counter()
    for n in range(1, 101):
        journal.submit(record(n))
        assert journal.answers() == ()
    assert time.perf_counter() - began < 20, "it waited for the disk, which is held up"
    assert journal.waiting == 100
    assert not woken.is_set()
    disk.free.set()
    assert woken.wait(10)
    until(lambda: journal.waiting == 0)
    assert [a.sequence for a in journal.answers()] == list(range(1, 101))
    assert disk.commits <= 3
    assert journal.close(10)
    assert verify(path).lines == 100


def test_a_slow_disk_is_written_down_once_an_hour(path: Path, clock: HandClock) -> None:
    def sync() -> None:
        clock.mono_s += 2.0

    journal = Journal(path, clock, threaded=False, before_sync=sync)
    journal.open()
    for n in range(1, 70):
        clock.mono_s += 58.0
        journal.submit(record(n))
        assert journal.answers() == (Written(n),)
    journal.close(1)
    told = [line for line in lines(path) if line.kind == "fault"]
    assert [(line.name, line.data) for line in told] == [("disk_slow", '{"took_s": 2.0}')] * 2
    assert told[1].mono_s - told[0].mono_s == pytest.approx(3600, abs=120)
    assert verify(path).ok


def test_closing_does_not_wait_longer_than_told(path: Path, clock: HandClock, disk: Disk) -> None:
    journal = Journal(path, clock, before_sync=disk)
    journal.open()
    disk.free.clear()
    journal.submit(record(1))
    began = time.monotonic()
    assert not journal.close(0.05)
    assert time.monotonic() - began < 20, "it waited for the disk, which is held up"
    disk.free.set()
    assert journal.close(10)
    assert [line.record for line in lines(path)] == [1]


def test_closing_tells_what_could_not_be_written(path: Path, clock: HandClock, disk: Disk) -> None:
    for threaded in (True, False):
        journal = Journal(path, clock, threaded=threaded, before_sync=disk)
        disk.error = None
        journal.open()
        disk.error = OSError(errno.ENOSPC, "full")
        journal.submit(record(1))
        assert not journal.close(10)


@pytest.mark.slow
def test_a_thread_recovers_by_itself(path: Path, clock: HandClock, disk: Disk) -> None:
    journal = Journal(path, clock, before_sync=disk)
    journal.open()
    disk.error = OSError(errno.EIO, "Input/output error")
    journal.submit(record(1))
    assert answered(journal) == [NotWritten(1, "disk_error", "Input/output error")]
    journal.submit(record(2))
    assert journal.answers() == (NotWritten(2, "disk_error", "Input/output error"),)
    disk.error = None
    assert answered(journal, 2) == [Written(1), Written(2)]
    assert journal.close(10)


def test_a_commit_that_failed_late_is_not_written_twice(
    path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card has the transaction, but the answer was an error: the retry finds it there."""
    opened: list[sqlite3.Connection] = []
    late: list[OSError] = []
    real = RecordFile.connect

    def connect(file: RecordFile, *, thorough: bool) -> sqlite3.Connection:
        opened.append(real(file, thorough=thorough))
        return opened[-1]

    def before_sync() -> None:
        if late:
            opened[-1].execute("COMMIT")
            raise late.pop()

    monkeypatch.setattr(RecordFile, "connect", connect)
    journal = Journal(path, clock, threaded=False, before_sync=before_sync)
    journal.open()
    journal.submit(record(1))
    late.append(OSError(errno.EIO, "Input/output error"))
    journal.submit(record(2, state='{"s":2}', counters=(("number", 2),)))
    assert journal.answers() == (Written(1), NotWritten(2, "disk_error", "Input/output error"))
    clock.mono_s += 1
    assert journal.answers() == (Written(2),)
    journal.submit(record(3))
    assert journal.answers() == (Written(3),)
    journal.close(1)
    assert [line.record for line in lines(path)] == [1, 2, 3]
    assert verify(path).ok


@pytest.mark.slow
def test_a_file_locked_by_another_program_is_waited_for(path: Path, clock: HandClock) -> None:
    journal = Journal(path, clock)
    journal.open()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        journal.submit(record(1))
        assert [a.code for a in answered(journal) if isinstance(a, NotWritten)] == ["journal_busy"]
        other.execute("ROLLBACK")
    assert answered(journal) == [Written(1)]
    assert journal.close(10)


# --- real file systems -----------------------------------------------------------------------------


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    with tiny_disk(tmp_path / "tiny") as disk:
        yield disk


def _fill(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return filler


def test_a_file_system_that_fills_up_and_is_freed(tiny: Path, clock: HandClock) -> None:
    path = tiny / "journal.db"
    journal = Journal(path, clock, threaded=False)
    journal.open()
    journal.submit(record(1, state='{"s":1}'))
    filler = _fill(tiny)
    large = "x" * 20_000
    n = 1
    answers: list[Answer] = list(journal.answers())
    while journal.failing is None:
        n += 1
        assert n < 200
        journal.submit(Record(n, float(n), 0.0, (Entry("event", "x", 1, large),), f'{{"s":{n}}}'))
        answers += journal.answers()
    last = answers[-1]
    assert isinstance(last, NotWritten)
    assert (last.sequence, last.code) == (n, "disk_full")
    assert recall(path).state == f'{{"s":{n - 1}}}'
    filler.unlink()
    clock.mono_s += 60
    assert journal.answers() == (Written(n),)
    assert recall(path).state == f'{{"s":{n}}}'
    assert verify(path).lines == n
    assert journal.close(1)


def test_a_start_on_a_full_disk_still_remembers_the_lock(tiny: Path, clock: HandClock) -> None:
    path = tiny / "journal.db"
    journal = Journal(path, clock, threaded=False)
    journal.open()
    journal.submit(record(1, state='{"mode":"locked"}', counters=(("incident", 7),)))
    # As after a power cut: the log was not folded in, the index in memory is gone.
    held = {end: Path(f"{path}{end}").read_bytes() for end in ("", "-wal")}
    journal.close(1)
    for end, content in held.items():
        Path(f"{path}{end}").write_bytes(content)
    filler = _fill(tiny)

    again = Journal(path, clock, threaded=False)
    remembered = again.open()
    assert [code for code, _ in remembered.faults] == ["disk_full"]
    assert (remembered.boot, remembered.state, remembered.counters) == (
        2,
        '{"mode":"locked"}',
        (("incident", 7),),
    )
    again.submit(record(1, state='{"mode":"released"}'))
    assert isinstance(again.answers()[0], NotWritten)
    filler.unlink()
    clock.mono_s += 60
    assert again.answers() == (Written(1),)
    assert again.close(1)
    assert (recall(path).boot, recall(path).state) == (2, '{"mode":"released"}')
    assert [line.boot for line in lines(path)] == [1, 2]


def test_a_start_on_a_read_only_disk_still_remembers_the_lock(tiny: Path, clock: HandClock) -> None:
    path = tiny / "journal.db"
    journal = Journal(path, clock, threaded=False)
    journal.open()
    journal.submit(record(1, state='{"mode":"locked"}'))
    held = {end: Path(f"{path}{end}").read_bytes() for end in ("", "-wal")}
    journal.close(1)
    for end, content in held.items():
        Path(f"{path}{end}").write_bytes(content)
    subprocess.run(["mount", "-o", "remount,ro", str(tiny)], check=True)

    again = Journal(path, clock, threaded=False)
    remembered = again.open()
    assert [code for code, _ in remembered.faults] == ["disk_read_only"]
    assert (remembered.boot, remembered.state) == (2, '{"mode":"locked"}')
    assert [line.name for line in lines(path)] == ["e1"]  # reading works too
    again.submit(record(1))
    assert isinstance(again.answers()[0], NotWritten)
    subprocess.run(["mount", "-o", "remount,rw", str(tiny)], check=True)
    clock.mono_s += 60
    assert again.answers() == (Written(1),)
    assert again.close(1)


def test_a_running_kiosk_whose_disk_turns_read_only(tiny: Path, clock: HandClock) -> None:
    path = tiny / "journal.db"
    journal = Journal(path, clock, threaded=False)
    journal.open()
    journal.submit(record(1))
    journal.let_go()  # an open file cannot be remounted under
    subprocess.run(["mount", "-o", "remount,ro", str(tiny)], check=True)
    journal.submit(record(2))
    assert [a.code for a in journal.answers() if isinstance(a, NotWritten)] == ["disk_read_only"]
    subprocess.run(["mount", "-o", "remount,rw", str(tiny)], check=True)
    clock.mono_s += 60
    assert journal.answers() == (Written(2),)
    assert journal.close(1)
