"""Cuts the power under the record and the pictures: what was answered is there, what is there is whole."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.journal.file import RecordFile
from edge.journal.limits import JournalLimits
from edge.journal.reader import lines, verify
from edge.journal.writer import Journal
from edge.pictures import age, files
from edge.pictures.clear import ClearCopies
from edge.pictures.files import pictures
from edge.pictures.keeper import Evidence
from edge.pictures.kept import PicturesKept
from edge.pictures.opening import open_all
from edge.pictures.ring import RingPicture
from edge.pictures.sealing import Sealer
from edge.pictures.secret_keys import SecretKey
from edge.pictures.store import EvidenceLimits, Start
from edge.pictures.writing import Handling, Sealing
from edge.terms.reason import Ground, Reason
from edge.terms.record import Channel, Entry, OutboxRow, OwnerTries, Recipient, Record, RowState, Written
from tests.worlds.cutting_vfs import CutDisk, Recording, available, recording
from tests.worlds.hand_clock import HandClock

needs_vfs = pytest.mark.skipif(bool(available()), reason=f"SQLite's file layer: {available()}")

LINES = 3
"""Lines in each record of the work below."""

PERSONS = 3
"""Each record has the account of one of so many."""

LIMITS = JournalLimits(keep_days=5, keep_rows=30, prune_every=8, wal_pages=24)
"""Many checkpoints and prunings in a short time."""


def record(n: int, clock: HandClock) -> Record:
    """Everything in it says its number, so that a half of it would show."""
    data = json.dumps({"n": n, "pad": "x" * 100})
    entries = tuple(Entry("event", f"e{n}", n // 10, data) for _ in range(LINES))
    rows = tuple(
        OutboxRow(m, n // 10, "alert", 0, Recipient.WATCHMAN, Channel.SMS, clock.wall_s(), 60.0, "", state)
        for m, state in ((n, RowState.QUEUED), (n - 1, RowState.DELIVERED))
        if m
    )
    state = json.dumps({"n": n, "pad": "y" * 500})
    owners = (OwnerTries(n % PERSONS + 1, rests=n),)
    return Record(n, clock.now_s(), clock.wall_s(), entries, state, rows, (("n", n),), owners)


def open_journal(path: Path, clock: HandClock) -> Journal:
    return Journal(path, clock, LIMITS, threaded=False)


def work(path: Path, tape: Recording, first: int, count: int, restarts: int) -> None:
    """Write records, with checkpoints, pruning and restarts in between; mark what is sent and answered."""
    clock = HandClock(1000.0, 1_740_001_000.0)
    clock.mono_s += first * 7200.0
    n = first
    for _ in range(restarts):
        journal = open_journal(path, clock)
        journal.open()
        for _ in range(count // restarts):
            clock.mono_s += 7200.0
            tape.mark(f"sent {n}")
            journal.submit(record(n, clock))
            assert journal.answers() == (Written(n),)
            tape.mark(f"answered {n}")
            n += 1
        if random.Random(n).random() < 0.5:
            assert journal.close(1)
        else:
            # As after a kill: nothing is folded in, SQLite finds its log at the next start.
            journal.let_go()


EMPTIED = ("state_unreadable", "the record was emptied")


@dataclass
class Outcome:
    """What was found after the cuts."""

    cuts: int = 0
    unreadable: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.cuts} cuts: {len(self.lost)} committed records lost, {len(self.unreadable)} databases "
            f"unreadable, {len(self.torn)} records torn"
        )


def look(folder: Path, sent: int, answered: int, outcome: Outcome, where: str) -> None:
    """Start the kiosk's record on what the cut left."""
    path = folder / "journal.db"
    clock = HandClock(1000.0, 1_740_001_000.0)
    clock.mono_s += 1e6
    journal = open_journal(path, clock)
    remembered = journal.open()
    outcome.cuts += 1
    # Whether a file without a line in it lost them or never had one, no start can tell: it doubts.
    faults = [fault for fault in remembered.faults if answered or fault != EMPTIED]
    if faults:
        outcome.unreadable.append(f"{where}: {faults}")
    n = json.loads(remembered.state)["n"] if remembered.state else 0
    if not answered <= n <= sent:
        outcome.lost.append(f"{where}: {answered} answered, {n} there")
    found = list(lines(path))
    numbers = [line.record for line in found if line.kind == "event"]
    whole = sorted({*numbers} and range(min(numbers), max(numbers) + 1))
    due = [m for m in whole for _ in range(LINES)]
    pruned = len(due) - len(numbers) if found and found[0].seq > 1 else 0  # of the oldest record at most
    if numbers != due[pruned:] or pruned >= LINES or (numbers and numbers[-1] != n):
        outcome.torn.append(f"{where}: lines of {numbers[:1]} to {numbers[-4:]}, state of {n}")
    rows = [row.number for row in remembered.rows]
    if dict(remembered.counters).get("n", 0) != n or rows != [n][: bool(n)]:
        outcome.torn.append(f"{where}: counters {remembered.counters}, rows {remembered.rows}, state of {n}")
    accounts = {m % PERSONS + 1: m for m in range(max(1, n - PERSONS + 1), n + 1)}
    if {owner.person: owner.rests for owner in remembered.owners} != accounts:
        outcome.torn.append(f"{where}: accounts {remembered.owners}, state of {n}")
    journal.submit(record(n + 1, clock))
    if journal.answers() != (Written(n + 1),):
        outcome.unreadable.append(f"{where}: does not take the next record")
    journal.close(1)
    result = verify(path, limits=LIMITS)
    if not result.ok:
        outcome.torn.append(f"{where}: {result.problem}")


def cut_all(tape: Recording, places: list[int], room_for: Path, chance: random.Random) -> Outcome:
    disk = CutDisk()
    outcome = Outcome()
    sent = answered = 0
    wanted = sorted(places)
    for place, op in enumerate(tape.ops):
        disk.apply(op)
        if op.kind == "mark":
            word, number = op.file.split()
            sent, answered = (int(number), answered) if word == "sent" else (sent, int(number))
        while wanted and wanted[0] == place:
            wanted.pop(0)
            folder = room_for / "found"
            folder.mkdir()
            disk.cut(folder, chance)
            look(folder, sent, answered, outcome, f"after operation {place}")
            shutil.rmtree(folder)
    return outcome


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: the cuts are made up, no real card has to keep up."""
    shm = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=shm if os.access(shm, os.W_OK) else None) as folder:
        yield Path(folder)


def _cuts(memory: Path, cuts: int, seed: int) -> Outcome:
    chance = random.Random(seed)
    path = memory / "written" / "journal.db"
    with recording() as tape:
        work(path, tape, 1, 160, 8)
    assert any(op.kind == "write" and op.file == "journal.db" for op in tape.ops), "no checkpoint was met"
    assert any(line.name == "record_pruned" for line in lines(path)), "no pruning was met"
    places = [chance.randrange(len(tape.ops)) for _ in range(cuts)]
    return cut_all(tape, places, memory, chance)


@pytest.mark.slow
@needs_vfs
@pytest.mark.timeout(300)
def test_no_answered_record_is_lost_whenever_the_power_goes(memory: Path) -> None:
    outcome = _cuts(memory, 250, 1)
    assert (outcome.unreadable, outcome.lost, outcome.torn) == ([], [], [])
    assert outcome.cuts == 250
    print(outcome)


@needs_vfs
@pytest.mark.full
@pytest.mark.timeout(900)
def test_no_answered_record_is_lost_in_thousands_of_cuts(memory: Path) -> None:
    outcome = _cuts(memory, 10000, 2)
    assert (outcome.unreadable, outcome.lost, outcome.torn) == ([], [], [])
    assert outcome.cuts == 10000
    print(outcome)


@pytest.mark.slow
@needs_vfs
def test_a_second_cut_in_the_recovery_from_the_first_loses_nothing(memory: Path, full: bool) -> None:
    chance = random.Random(3)
    path = memory / "written" / "journal.db"
    with recording() as first:
        work(path, first, 1, 60, 3)
    outcome = Outcome()
    for round_ in range(60 if full else 12):
        place = chance.randrange(len(first.ops))
        disk = CutDisk()
        sent = answered = 0
        for op in first.ops[: place + 1]:
            disk.apply(op)
            if op.kind == "mark":
                word, number = op.file.split()
                sent, answered = (int(number), answered) if word == "sent" else (sent, int(number))
        folder = memory / f"again-{round_}"
        folder.mkdir()
        disk.cut(folder, chance)
        before = CutDisk(folder)
        clock = HandClock(1000.0, 1_740_001_000.0)
        clock.mono_s += 1e6
        with recording() as second:
            journal = open_journal(folder / "journal.db", clock)
            journal.open()
            journal.let_go()
        for place in range(len(second.ops)):
            before.apply(second.ops[place])
            if chance.random() < 0.5:
                left = memory / "found"
                left.mkdir()
                before.cut(left, chance)
                look(left, sent, answered, outcome, f"round {round_}, operation {place} of the recovery")
                shutil.rmtree(left)
    assert (outcome.unreadable, outcome.lost, outcome.torn) == ([], [], [])
    assert outcome.cuts > 30


@pytest.mark.slow
@needs_vfs
@pytest.mark.parametrize("pragma", ["synchronous = OFF", "synchronous = NORMAL"])
def test_the_cuts_find_a_record_that_is_not_synced(
    memory: Path, monkeypatch: pytest.MonkeyPatch, pragma: str
) -> None:
    """The test of the test: with less than FULL something is lost."""
    real = RecordFile.connect

    def careless(file: RecordFile, *, thorough: bool) -> sqlite3.Connection:
        db = real(file, thorough=thorough)
        db.execute(f"PRAGMA {pragma}")
        return db

    with monkeypatch.context() as patched:
        patched.setattr(RecordFile, "connect", careless)
        path = memory / "written" / "journal.db"
        with recording() as tape:
            work(path, tape, 1, 60, 3)
    chance = random.Random(4)
    places = [chance.randrange(len(tape.ops)) for _ in range(60)]
    outcome = cut_all(tape, places, memory, chance)
    assert outcome.lost or outcome.unreadable


# --- pictures --------------------------------------------------------------------------------------


FIRST_CUTS = 80
"""Under the first pictures, where a short run looks at each moment."""


class Pictures:
    """A ring that has what it is given."""

    def __init__(self) -> None:
        self.found: list[RingPicture] = []

    def between(self, from_s: float, to_s: float) -> list[RingPicture]:
        return [p for p in self.found if from_s < p.at_s <= to_s]

    def close(self) -> None:
        pass


class PictureDisk:
    """What of the files is on the card: content by the file's sync, names by their folder's."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.synced: dict[int, bytes] = {}
        self.names: dict[Path, int] = {}
        self.steps = 0
        self.snapshots: list[tuple[dict[Path, int], dict[Path, int], dict[int, bytes], int]] = []
        self.answered: list[tuple[str, str]] = []
        real_fsync, real_rename = os.fsync, Path.rename

        def fsync(descriptor: int) -> None:
            real_fsync(descriptor)
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            if path.is_dir():
                self.names = {p: i for p, i in self.names.items() if p.parent != path}
                self.names |= {p: p.stat().st_ino for p in path.iterdir() if p.is_file()}
            else:
                self.synced[path.stat().st_ino] = path.read_bytes()
            self.snapshot()

        def rename(path: Path, target: Path) -> Path:
            done = real_rename(path, target)
            self.snapshot()
            return done

        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(Path, "rename", rename)

    def snapshot(self) -> None:
        now = {p: p.stat().st_ino for p in self.folder.rglob("*") if p.is_file()}
        self.snapshots.append((dict(self.names), now, dict(self.synced), len(self.answered)))


def _handling(needs: int, memory: Path, secrets: list[str]) -> Handling:
    """Open pictures for 0, else sealed to three keys of which so many open them."""
    draw = lambda jpeg, sheet: jpeg + b"drawn"  # noqa: E731
    if not needs:
        return Handling(draw)
    lines = ""
    for name in ("anna", "bela", "chad"):
        secret, public = age.new_key()
        secrets.append(secret)
        lines += f"# name: {name}\n{public}\n"
    (memory / "bank.keys").write_text(lines)
    copies = ClearCopies(memory / "run", 0.0, 1.0)
    return Handling(draw, Sealing(Sealer(memory / "bank.keys", needs), copies))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("needs", [0, 1, 2], ids=["open", "sealed", "sealed to two together"])
def test_every_picture_that_was_answered_survives_a_cut(
    memory: Path, monkeypatch: pytest.MonkeyPatch, full: bool, needs: int
) -> None:
    """A sealed one that survives can be opened: its wrapped keys are on the card before it."""
    folder = memory / "evidence"
    folder.mkdir()
    clock = HandClock(1000.0, 1_740_001_000.0)
    ring = Pictures()
    secrets: list[str] = []
    handling = _handling(needs, memory, secrets)
    disk = PictureDisk(folder, monkeypatch)
    evidence = Evidence(
        folder, {"face": ring}, clock, Start(1), EvidenceLimits(reserve_mb=0), handling=handling
    )
    for incident in (1, 2):
        why = Reason(Ground.WEAPON_SEEN, "face", incident, clock.mono_s, (640, 480))
        evidence.keep(incident, clock.mono_s, "weapon", why)
        for _ in range(44):
            clock.mono_s += 0.5
            jpeg = b"\xff\xd8\xff" + f"{clock.mono_s}".encode() * 500
            ring.found = [*ring.found[-20:], RingPicture(0, clock.mono_s, jpeg)]
            evidence.poll(clock.mono_s)
            for answer in evidence.answers():
                if isinstance(answer, PicturesKept):
                    keys = () if answer.sealed is None else answer.sealed.keys
                    said = (*answer.files, *keys)
                    disk.answered += [(f"{answer.incident}/{name}", known) for name, known in said]
    assert sum(not name.endswith(".key.age") for name, _ in disk.answered) == 102
    assert sum(name.endswith(".key.age") for name, _ in disk.answered) == (12 if needs == 2 else 0)
    assert sum("-face-weapon" in name for name, _ in disk.answered) == 2
    monkeypatch.undo()

    chance = random.Random(5)
    cuts = [snapshot for snapshot in disk.snapshots for _ in range(2 if needs else 3)]
    if not full:  # the beginning, and by chance of the rest, which is each picture like the one before
        rest = range(FIRST_CUTS, len(cuts))
        cuts = [*cuts[:FIRST_CUTS], *(cuts[i] for i in sorted(chance.sample(rest, len(rest) // 8)))]
    opened = 0
    for cut, (durable, now, synced, answered) in enumerate(cuts):
        left = memory / "left"
        # Names that were not synced may be there or not; content that was not synced may be anything.
        names = {**durable, **{p: i for p, i in now.items() if p in durable or chance.random() < 0.5}}
        for path, inode in names.items():
            copy = left / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(synced.get(inode, b"\x00" * chance.randrange(100)))
        for name, known in disk.answered[:answered]:
            assert hashlib.sha256((left / name).read_bytes()).hexdigest() == known, f"cut {cut}: {name}"
        # The next start throws half pictures away and keeps the rest.
        again = Evidence(left, {"face": Pictures()}, clock, Start(2), EvidenceLimits(reserve_mb=0))
        again.poll(clock.mono_s)
        again.close(0)
        assert not list(left.rglob("*.part"))
        for incident in (1, 2):
            found = pictures(left, incident)
            if not needs:
                for path in found:
                    assert b"\x00" not in path.read_bytes(), f"cut {cut}: {path.name} is empty under its name"
                continue
            given = [SecretKey("", secret) for secret in chance.sample(secrets, needs)]
            for path in {*found[:1], *found[-1:]}:  # the first needs its keys as the last does
                result = open_all(path, given, left / "opened")
                assert not result.problems, f"cut {cut}: {result.problems}"
                opened += 1
        shutil.rmtree(left, ignore_errors=True)
    assert len(cuts) > (700 if full else 150)
    print(f"{len(cuts)} cuts under the pictures: none of those answered lost, {opened} opened")


@pytest.mark.slow
def test_pictures_before_their_keys_would_be_noticed(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the keys' names are not synced before the first picture, a cut leaves some that nobody opens."""
    real = files.sync_folder

    def late(folder: Path) -> None:
        if any(files.is_picture(path.name) for path in folder.iterdir()):
            real(folder)

    with pytest.MonkeyPatch.context() as careless:
        careless.setattr(files, "sync_folder", late)
        with pytest.raises(AssertionError, match="cut "):
            test_every_picture_that_was_answered_survives_a_cut(memory, monkeypatch, False, 2)
