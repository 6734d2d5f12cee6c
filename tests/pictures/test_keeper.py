"""Pictures of an incident: from before and after it, hashed, private, and within time and space."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.pictures import files
from edge.pictures.check import check_pictures
from edge.pictures.files import pictures
from edge.pictures.keeper import Beside, Evidence, Ring
from edge.pictures.kept import EVIDENCE, KEPT, REMOVED, EvidenceTrouble, PicturesKept, PicturesRemoved
from edge.pictures.ring import RingReader, RingWriter
from edge.pictures.store import EvidenceLimits, Start
from edge.terms.record import Entry
from tests.worlds.hand_clock import HandClock
from tests.worlds.tiny_disk import tiny_disk

LIMITS = EvidenceLimits(reserve_mb=0)
START = Start(3)
DAY_S = 86400.0


def ring_path(folder: Path, camera: str) -> Path:
    return folder / f"ring-{camera}"


def open_rings(folder: Path, cameras: list[str]) -> dict[str, Ring]:
    return {camera: RingReader(ring_path(folder, camera)) for camera in cameras}


class Scene:
    """A camera that puts a picture into its ring four times a second, and evidence that is kept of it."""

    def __init__(self, tmp_path: Path, limits: EvidenceLimits = LIMITS, start: Start = START) -> None:
        self.clock = HandClock(1000.0, time.time())
        self.folder = tmp_path / "evidence"
        self.writer = RingWriter(ring_path(tmp_path, "face"), 128, 8.0, 4.0)
        self.size = 2000
        self.alive = True
        self.evidence = Evidence(self.folder, open_rings(tmp_path, ["face"]), self.clock, start, limits)
        self.answers: list[object] = []

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            self.clock.mono_s += 0.25
            if self.alive:
                content = f"{self.clock.mono_s:020.3f}".encode()
                self.writer.put(self.clock.mono_s, content + bytes(self.size - 20))
            self.evidence.poll(self.clock.mono_s)
            self.answers += self.evidence.answers()

    def incident(self, number: int) -> None:
        self.run(11)
        self.evidence.keep(number, self.clock.mono_s, "locked")
        self.run(23)
        self.evidence.close_incident(number)

    def kept(self, incident: int) -> list[PicturesKept]:
        return [a for a in self.answers if isinstance(a, PicturesKept) and a.incident == incident]

    def times(self, incident: int) -> list[float]:
        return [int(p.stem.split("-")[1]) / 1000 for p in pictures(self.folder, incident)]

    def troubles(self) -> list[tuple[str, bool]]:
        return [(a.code, a.active) for a in self.answers if isinstance(a, EvidenceTrouble)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a sync is for is tested with cut power; here it would only cost time."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def test_ten_seconds_before_and_twenty_after_with_their_hashes(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.run(30)
    at_s = scene.clock.mono_s
    scene.evidence.keep(7, at_s, "locked")
    scene.run(2)
    # What was there before is answered at once.
    assert len(scene.kept(7)[0].files) == 41
    assert not scene.kept(7)[0].done
    scene.run(28)
    times = scene.times(7)
    assert times == [at_s - 9.75 + n * 0.25 for n in range(120)]
    answers = scene.kept(7)
    assert [a.done for a in answers] == [False] * (len(answers) - 1) + [True]
    hashes = dict(pair for a in answers for pair in a.files)
    files = pictures(scene.folder, 7)
    assert hashes == {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    assert files[0].name == f"00003-{round((at_s - 9.75) * 1000):012d}.jpg"
    assert {p.stat().st_mode & 0o777 for p in files} == {0o600}
    assert {p.stat().st_mode & 0o777 for p in (scene.folder, scene.folder / "7")} == {0o700}
    assert not list(scene.folder.rglob("*.part"))
    assert len(answers) <= 7  # a line of the record each


def test_the_pictures_of_a_camera_that_died_are_kept(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.run(30)
    scene.alive = False
    scene.writer.close()
    scene.evidence.keep(7, scene.clock.mono_s, "camera_gone")
    scene.run(25)
    assert len(scene.times(7)) == 40
    assert scene.kept(7)[-1].done


def test_orders_that_overlap_keep_each_picture_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.run(30)
    at_s = scene.clock.mono_s
    scene.evidence.keep(7, at_s, "warned")
    scene.run(5)
    scene.evidence.keep(7, at_s + 5, "locked")
    scene.run(30)
    assert scene.times(7) == [at_s - 9.75 + n * 0.25 for n in range(140)]
    names = [name for a in scene.kept(7) for name, _ in a.files]
    assert len(names) == len(set(names)) == 140
    assert {a.why for a in scene.kept(7) if a.done} == {"warned", "locked"}


def test_one_picture_is_the_newest_of_its_moment(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.run(5)
    at_s = scene.clock.mono_s
    scene.evidence.keep_one(7, at_s + 0.2, "uncovered")
    scene.run(2)
    assert scene.times(7) == [at_s]
    [answer] = scene.kept(7)
    assert (answer.why, len(answer.files), answer.done) == ("uncovered", 1, True)
    entry = answer.entry()
    assert (entry.kind, entry.name, entry.incident) == ("evidence", "pictures_kept", 7)
    assert json.loads(entry.data)["files"] == dict(answer.files)


def test_two_cameras_have_their_names(tmp_path: Path) -> None:
    clock = HandClock(1000.0, time.time())
    writers = [RingWriter(ring_path(tmp_path, name), 16, 1.0, 4.0) for name in ("face", "overview")]
    evidence = Evidence(tmp_path / "e", open_rings(tmp_path, ["face", "overview"]), clock, Start(1), LIMITS)
    for writer in writers:
        writer.put(999.5, b"x" * 100)
    evidence.keep(1, 1000.0, "locked")
    evidence.poll(1000.0)
    assert [p.name for p in pictures(tmp_path / "e", 1)] == [
        "00001-000000999500-overview.jpg",
        "00001-000000999500.jpg",
    ]
    evidence.close(1)
    done = [a for a in evidence.answers() if isinstance(a, PicturesKept)]
    assert done[-1].done
    assert sum(len(a.files) for a in done) == 2


def test_a_restart_in_the_same_incident_overwrites_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.incident(7)
    before = {p: p.read_bytes() for p in pictures(scene.folder, 7)}
    (scene.folder / "7" / ".00003-000000000001.jpg.part").write_bytes(b"half")
    # The machine restarted: its monotonic clock runs through the same numbers again, the boot does not.
    again = Evidence(scene.folder, open_rings(tmp_path, ["face"]), scene.clock, Start(4), LIMITS)
    again.keep(7, 1020.0, "restarted")
    again.poll(scene.clock.mono_s)
    assert len(pictures(scene.folder, 7)) > len(before)
    assert {p: p.read_bytes() for p in before} == before
    assert not list(scene.folder.rglob("*.part"))


# --- space and time --------------------------------------------------------------------------------


def test_an_incident_has_its_limit(tmp_path: Path) -> None:
    scene = Scene(tmp_path, EvidenceLimits(incident_mb=0.1, reserve_mb=0))
    scene.incident(7)
    assert len(scene.times(7)) == 50
    assert scene.kept(7)[-1].left_out == 70
    assert sum(p.stat().st_size for p in pictures(scene.folder, 7)) <= 100_000


@pytest.mark.slow
def test_the_oldest_closed_incident_goes_first_and_open_ones_last(tmp_path: Path) -> None:
    scene = Scene(tmp_path, EvidenceLimits(keep_mb=1.0, reserve_mb=0), start=Start(3, (1,)))
    scene.size = 2500  # 120 pictures an incident: 0.3 MB
    scene.incident(2)
    scene.run(11)
    scene.evidence.keep(1, scene.clock.mono_s, "still open")
    scene.run(23)
    scene.incident(3)
    assert sorted(p.name for p in scene.folder.iterdir()) == ["1", "2", "3"]
    scene.incident(4)
    assert sorted(p.name for p in scene.folder.iterdir()) == ["1", "3", "4"]
    scene.incident(5)
    assert sorted(p.name for p in scene.folder.iterdir()) == ["1", "4", "5"]
    removed = [a for a in scene.answers if isinstance(a, PicturesRemoved)]
    assert removed == [PicturesRemoved(2, "space"), PicturesRemoved(3, "space")]
    said = json.loads(removed[0].entry().data)
    assert (said["reason"], said["count"], said["bytes"]) == ("space", 120, 120 * 2500)
    assert sum(p.stat().st_size for p in scene.folder.rglob("*.jpg")) <= 1e6
    assert len(scene.times(5)) == 120


def test_one_incident_larger_than_everything_ends_at_the_limit(tmp_path: Path) -> None:
    scene = Scene(tmp_path, EvidenceLimits(keep_mb=0.1, reserve_mb=0))
    scene.incident(1)
    assert 45 <= len(scene.times(1)) <= 50
    assert not [a for a in scene.answers if isinstance(a, PicturesRemoved)]


def keep_since(scene: Scene, **ages_days: float) -> None:
    """Incidents of earlier starts, `i3=29` for incident 3 of 29 days ago by the scene's clock."""
    for name, age_days in ages_days.items():
        folder = scene.folder / name[1:]
        folder.mkdir(parents=True)
        (folder / "00001-000000000001.jpg").write_bytes(b"x")
        then_s = scene.clock.wall_s() - age_days * DAY_S
        os.utime(folder / "00001-000000000001.jpg", (then_s, then_s))


def wait(scene: Scene, hours: float) -> None:
    for _ in range(round(hours)):
        scene.clock.mono_s += 3600
        scene.evidence.poll(scene.clock.mono_s)
        scene.answers += scene.evidence.answers()
    scene.run(2)


def start_again(scene: Scene, tmp_path: Path, last_wall_s: float = 0.0) -> None:
    """The same pictures, another start of the program."""
    scene.evidence.close(0)
    start = Start(4, last_wall_s=last_wall_s)
    scene.evidence = Evidence(scene.folder, open_rings(tmp_path, ["face"]), scene.clock, start, LIMITS)


def there(scene: Scene) -> list[str]:
    return sorted(p.name for p in scene.folder.iterdir())


def test_old_incidents_go_after_their_days_but_not_open_ones(tmp_path: Path) -> None:
    scene = Scene(tmp_path, EvidenceLimits(keep_days=30, reserve_mb=0), start=Start(3, (1,)))
    keep_since(scene, i1=40, i2=31, i3=27)
    (scene.folder / "notes").mkdir()
    wait(scene, 23)
    assert there(scene) == ["1", "2", "3", "notes"]
    wait(scene, 3)
    assert there(scene) == ["1", "3", "notes"]
    assert PicturesRemoved(2, "age") in scene.answers
    scene.evidence.close_incident(1)
    wait(scene, 2)
    assert there(scene) == ["3", "notes"]
    wait(scene, 60)
    assert there(scene) == ["notes"]


def test_a_clock_that_jumps_is_not_believed_for_a_day(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.incident(1)
    scene.clock.offset_s += 400 * DAY_S
    wait(scene, 24)
    assert pictures(scene.folder, 1)
    wait(scene, 3)
    assert not pictures(scene.folder, 1)


@pytest.mark.slow
@pytest.mark.parametrize("ahead_days", [45, 2 * 365, 73 * 365, -56 * 365])
@pytest.mark.parametrize("corrected", [True, False])
def test_a_clock_that_is_wrong_at_the_start_makes_no_picture_old(
    tmp_path: Path, ahead_days: int, corrected: bool
) -> None:
    scene = Scene(tmp_path)
    last_wall_s = scene.clock.wall_s()
    keep_since(scene, i1=1, i2=2, i3=20, i4=29)
    scene.clock.offset_s += ahead_days * DAY_S
    start_again(scene, tmp_path, last_wall_s=last_wall_s)
    wait(scene, 20)
    assert there(scene) == ["1", "2", "3", "4"]
    if corrected:
        scene.clock.offset_s -= ahead_days * DAY_S
    wait(scene, 4)
    assert there(scene) == ["1", "2", "3", "4"]
    wait(scene, 30)
    # By the right clock the fourth is 31 days old now. By a wrong one nobody knows.
    assert there(scene) == (["1", "2", "3"] if corrected else ["1", "2", "3", "4"])
    # And the next start, which finds a clock that goes on from the record's last line, knows no better.
    start_again(scene, tmp_path, last_wall_s=scene.clock.wall_s())
    wait(scene, 30)
    assert there(scene) == (["1", "2", "3"] if corrected else ["1", "2", "3", "4"])
    # But nothing is kept for ever.
    scene.clock.offset_s += 0 if corrected or ahead_days < 73 * 365 else -ahead_days * DAY_S
    wait(scene, 24 * 40)
    assert there(scene) == ([] if ahead_days > 0 or corrected else ["1", "2", "3", "4"])


@pytest.mark.parametrize("made_at", ["1970", "later"])
def test_pictures_of_a_time_that_cannot_be_are_as_old_as_they_are_known(tmp_path: Path, made_at: str) -> None:
    """They were made before the clock was set, or while it was years ahead."""
    scene = Scene(tmp_path)
    keep_since(scene, i1=scene.clock.wall_s() / DAY_S if made_at == "1970" else -500)
    wait(scene, 26)
    assert there(scene) == ["1"]
    start_again(scene, tmp_path, last_wall_s=scene.clock.wall_s())
    wait(scene, 24 * 28)
    assert there(scene) == ["1"]
    wait(scene, 24 * 3)
    assert there(scene) == []
    assert PicturesRemoved(1, "age") in scene.answers


def test_while_the_network_says_another_time_nothing_is_too_old(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    keep_since(scene, i1=45)
    scene.evidence.doubt_clock(True)
    wait(scene, 50)
    assert there(scene) == ["1"]
    scene.evidence.doubt_clock(False)
    wait(scene, 2)
    assert there(scene) == []


# --- what cannot be removed ------------------------------------------------------------------------


@pytest.mark.slow
def test_a_folder_that_cannot_be_removed_is_told_once_and_the_next_oldest_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners = {"3", "4"}
    empty = files.empty

    def denied(folder: Path, but: str = "") -> None:
        if folder.name in owners:
            raise PermissionError(errno.EACCES, "Permission denied")
        empty(folder, but)

    monkeypatch.setattr(files, "empty", denied)
    scene = Scene(tmp_path, EvidenceLimits(keep_mb=1.0, reserve_mb=0))
    for number in (3, 4, 5):
        (scene.folder / str(number)).mkdir(parents=True)
        (scene.folder / str(number) / "old.jpg").write_bytes(bytes(300_000))
    scene.incident(9)  # 240 kB
    assert len(scene.times(9)) == 120
    assert there(scene) == ["3", "4", "9"]
    assert [a for a in scene.answers if isinstance(a, PicturesRemoved)] == [PicturesRemoved(5, "space")]
    scene.incident(10)
    stuck = [a for a in scene.answers if isinstance(a, EvidenceTrouble)]
    assert [(a.code, a.detail, a.active) for a in stuck] == [
        ("evidence_stuck", "incident 3: Permission denied", True),
        ("evidence_stuck", "incident 4: Permission denied", True),
    ]
    # The ninth went for it; what finds no place is counted.
    assert there(scene) == ["10", "3", "4"]
    scene.size = 4000
    scene.incident(11)
    last = scene.kept(11)[-1]
    assert len(scene.times(11)) + last.left_out == 120
    wait(scene, 50)
    owners.remove("3")
    scene.incident(12)
    wait(scene, 2)
    assert [(a.detail[:10], a.active) for a in scene.answers if isinstance(a, EvidenceTrouble)] == [
        ("incident 3", True),
        ("incident 4", True),
        ("incident 3", False),
    ]
    assert PicturesRemoved(3, "space") in scene.answers
    assert not (scene.folder / "3").exists()


@pytest.mark.slow
def test_a_link_is_nobodys_folder_and_nothing_behind_it_is_touched(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious.jpg").write_bytes(bytes(900_000))
    scene = Scene(tmp_path, EvidenceLimits(keep_mb=0.5, reserve_mb=0))
    scene.folder.mkdir()
    (scene.folder / "1").symlink_to(elsewhere)
    (scene.folder / "2").mkdir()
    (scene.folder / "2" / "inner").symlink_to(elsewhere)
    (scene.folder / "2" / "more").mkdir()
    (scene.folder / "2" / "more" / "old.jpg").write_bytes(bytes(400_000))
    (scene.folder / "2" / "old.jpg").write_bytes(bytes(400_000))
    scene.incident(9)
    wait(scene, 30)
    assert len(scene.times(9)) == 120
    assert there(scene) == ["1", "9"]
    assert (elsewhere / "precious.jpg").stat().st_size == 900_000
    assert scene.troubles() == [("evidence_stuck", True)]
    assert [a for a in scene.answers if isinstance(a, PicturesRemoved)] == [PicturesRemoved(2, "space")]
    (scene.folder / "1").unlink()
    wait(scene, 2)
    assert scene.troubles() == [("evidence_stuck", True), ("evidence_stuck", False)]


@pytest.mark.slow
def test_one_folder_that_takes_no_writes_keeps_no_other_incident_out(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.run(11)
    scene.folder.mkdir(exist_ok=True)
    (scene.folder / "7").write_text("a file where a folder belongs")
    scene.evidence.keep(7, scene.clock.mono_s, "locked")
    scene.evidence.keep(8, scene.clock.mono_s, "locked")
    scene.run(23)
    assert len(scene.times(8)) == 120
    assert scene.troubles() == [("evidence_write_failed", True)]
    last = scene.kept(7)[-1]
    assert (last.done, last.left_out) == (True, 120)


def disk_with(free_mb: float) -> os.statvfs_result:
    """Blocks of 1,000 bytes."""
    return os.statvfs_result((1000, 1000, 10**9, 0, int(free_mb * 1000), 0, 0, 0, 0, 255))


def test_pictures_that_waited_for_room_too_long_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ring has 128; the order wants 160 and never finds room."""
    monkeypatch.setattr(os, "statvfs", lambda path: disk_with(0.0))
    scene = Scene(tmp_path, EvidenceLimits(before_s=10, after_s=30, reserve_mb=200))
    scene.run(11)
    scene.evidence.keep(7, scene.clock.mono_s, "locked")
    scene.run(33)
    [answer] = scene.kept(7)
    assert (answer.done, answer.left_out, answer.files) == (True, 160, ())


def test_a_removal_that_the_record_may_lack_is_told_again(tmp_path: Path) -> None:
    """The power goes between the last picture removed and the line about it."""
    scene = Scene(tmp_path, EvidenceLimits(keep_mb=0.3, reserve_mb=0))
    scene.incident(1)
    scene.run(11)
    scene.evidence.keep(2, scene.clock.mono_s, "locked")
    while scene.kept(1) and pictures(scene.folder, 1):
        scene.run(0.25)
    assert there(scene) == ["1", "2"]  # the empty folder stays until the record had time
    start_again(scene, tmp_path)
    scene.answers.clear()
    scene.run(3)
    assert scene.answers[0] == PicturesRemoved(1, "space"), "by the rule that asked for it"
    assert there(scene) == ["2"]


@pytest.mark.slow
def test_an_order_that_only_goes_on_for_longer_is_no_other(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.run(11)
    for _ in range(200):
        scene.evidence.keep(7, scene.clock.mono_s, "exit")
        scene.run(0.25)
    assert scene.evidence.orders == 1
    scene.run(25)
    assert len(scene.times(7)) == 200 + 40 + 80 - 1
    assert [a.done for a in scene.kept(7)].count(True) == 1


def test_a_nearly_full_disk_stops_pictures_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_mb = 150.0
    monkeypatch.setattr(os, "statvfs", lambda path: disk_with(free_mb))
    scene = Scene(tmp_path, EvidenceLimits(reserve_mb=200))
    scene.run(11)
    scene.evidence.keep(7, scene.clock.mono_s, "locked")
    scene.run(10)
    assert scene.times(7) == []
    assert scene.troubles() == [("evidence_disk_low", True)]
    assert [a.detail for a in scene.answers if isinstance(a, EvidenceTrouble)] == ["150 MB free"]
    free_mb = 250.0
    scene.run(20)
    # The ring still had them.
    assert len(scene.times(7)) == 120
    assert scene.troubles() == [("evidence_disk_low", True), ("evidence_disk_low", False)]


def test_a_ring_that_is_missing_is_told_once_and_found_when_it_comes(tmp_path: Path) -> None:
    clock = HandClock(1000.0, time.time())
    evidence = Evidence(tmp_path / "e", open_rings(tmp_path, ["face"]), clock, Start(1), LIMITS)
    evidence.keep(1, 1000.0, "locked")
    for _ in range(10):
        clock.mono_s += 0.5
        evidence.poll(clock.mono_s)
    [trouble] = evidence.answers()
    assert isinstance(trouble, EvidenceTrouble)
    assert (trouble.code, trouble.active) == ("evidence_ring_failed", True)
    RingWriter(ring_path(tmp_path, "face"), 8, 1.0, 4.0).put(1004.0, b"x" * 50)
    clock.mono_s += 0.5
    evidence.poll(clock.mono_s)
    assert [a.active for a in evidence.answers() if isinstance(a, EvidenceTrouble)] == [False]
    assert len(pictures(tmp_path / "e", 1)) == 1


def test_a_picture_that_cannot_be_written_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path)
    scene.run(11)
    broken = True

    def fsync(descriptor: int) -> None:
        if broken:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    scene.evidence.keep(7, scene.clock.mono_s, "locked")
    scene.run(3)
    assert scene.times(7) == []
    assert scene.troubles() == [("evidence_write_failed", True)]
    broken = False
    scene.run(20)
    assert len(scene.times(7)) == 120
    assert scene.troubles() == [("evidence_write_failed", True), ("evidence_write_failed", False)]


@pytest.mark.parametrize("data", ["", "[]", "{}", '{"files":3}', '{"files":["x"]}', "\ufffd"])
def test_a_line_about_pictures_that_makes_no_sense_is_told(tmp_path: Path, data: str) -> None:
    lines = [Entry(EVIDENCE, KEPT, 7, data), Entry(EVIDENCE, REMOVED, 8, data), Entry("note", KEPT, 9, data)]
    [problem] = check_pictures(tmp_path, lines)
    assert problem.code == "evidence_changed"
    assert problem.detail.startswith("7: what the record says")


@pytest.mark.slow
def test_what_was_done_to_the_pictures_is_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.incident(7)
    scene.incident(8)
    entries = [answer.entry() for answer in scene.kept(7) + scene.kept(8)]
    assert check_pictures(scene.folder, entries) == ()
    files = pictures(scene.folder, 7)
    files[3].write_bytes(b"another face")
    files[5].unlink()
    assert [str(fault) for fault in check_pictures(scene.folder, entries)] == [
        f"evidence_changed: 7/{files[3].name} was changed",
        f"evidence_changed: 7/{files[5].name} is missing",
    ]
    entries.append(PicturesRemoved(7, "age").entry())
    assert check_pictures(scene.folder, entries) == ()


# --- the thread, and a real disk -------------------------------------------------------------------


def test_the_thread_keeps_pictures_and_gives_way_to_the_record(tmp_path: Path) -> None:
    writer = RingWriter(ring_path(tmp_path, "face"), 64, 4.0, 1000.0)
    clock = HandClock(1000.0, time.time())  # stands still: it gives way as long as the record is busy
    for n in range(10):
        writer.put(clock.mono_s - 1 + n * 0.1, bytes([n]) * 500)
    woken = threading.Event()
    busy = threading.Event()
    busy.set()
    evidence = Evidence(
        tmp_path / "e",
        open_rings(tmp_path, ["face"]),
        clock,
        Start(1),
        EvidenceLimits(10, 60, reserve_mb=0),
        Beside(woken.set, busy.is_set),
    )
    evidence.keep(1, clock.mono_s, "locked")
    assert not woken.wait(0.1)
    busy.clear()
    assert woken.wait(30)
    evidence.close(10)
    kept = [a for a in evidence.answers() if isinstance(a, PicturesKept)]
    assert sum(len(a.files) for a in kept) == 10
    assert kept[-1].done
    assert len(pictures(tmp_path / "e", 1)) == 10


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    with tiny_disk(tmp_path / "evidence") as disk:
        yield disk


def test_a_real_disk_that_fills_up(tiny: Path, tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.run(11)
    filler = tiny / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    with filler.open("r+b") as file:
        file.truncate(filler.stat().st_size - 20 * 4096)
    scene.evidence.keep(7, scene.clock.mono_s, "locked")
    scene.run(3)
    assert scene.troubles() == [("evidence_disk_low", True)]
    assert 10 <= len(scene.times(7)) <= 20
    assert not list(tiny.rglob("*.part"))
    filler.unlink()
    scene.run(25)
    assert len(scene.times(7)) == 120
    assert check_pictures(tiny, [answer.entry() for answer in scene.kept(7)]) == ()
    assert sum(len(a.files) for a in scene.kept(7)) == 120


def test_the_reserve_of_a_real_disk(tiny: Path, tmp_path: Path) -> None:
    scene = Scene(tmp_path, EvidenceLimits(reserve_mb=0.5))
    scene.size = 20_000
    scene.incident(7)
    disk = os.statvfs(tiny)
    assert scene.troubles() == [("evidence_disk_low", True)]
    assert 0.45e6 < disk.f_bavail * disk.f_frsize < 0.5e6
    assert 5 < len(scene.times(7)) < 40
