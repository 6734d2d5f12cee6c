"""Nothing of a held incident goes; what goes of others is on record, and what does not fit shows."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.cabin.events import Anomaly
from edge.faults.fault import FaultError
from edge.pictures.files import pictures
from edge.pictures.holds import NAME, Holds, read_holds, together
from edge.pictures.kept import PicturesKept, SealedTo
from edge.pictures.proof import FRESH_S, Wrong, prove
from edge.pictures.removing import NAME as REMOVING
from edge.pictures.removing import file_hash
from edge.pictures.retention import Kept, Profile, days_of, keep_days, kind_of
from edge.terms.hold import MOST, Hold, day_of
from edge.terms.marks import Mark
from tests.worlds.holds_world import DAY_S, WALL_S, Shelf
from tests.worlds.power_cut import cut_before


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


# --- holds against time, room and starts -----------------------------------------------------------


def test_a_held_incident_outlives_its_days_and_the_others_do_not(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for _ in range(3):
        shelf.incident()
    shelf.hold(2)
    shelf.days(40)
    assert shelf.there() == {2}
    assert shelf.count(2) == 3
    assert [one.reason for one in shelf.removed()] == ["age", "age"]
    assert shelf.proof().ok
    assert (shelf.proof().there, shelf.proof().held, shelf.proof().removed) == (3, 3, 6)
    shelf.free(2)
    shelf.days(2)
    assert shelf.there() == set()
    assert shelf.proof().ok


def test_the_oldest_goes_for_room_but_never_a_held_one(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, keep_kb=30)
    for _ in range(5):
        assert shelf.incident()
    shelf.hold(1)
    for _ in range(4):
        assert shelf.incident()
    assert shelf.there() == {1, 6, 7, 8, 9}
    assert shelf.kb() <= 30
    assert shelf.proof().ok


def test_where_only_held_ones_are_left_new_pictures_are_given_up_by_name(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, keep_kb=18)
    for number in (1, 2, 3):
        assert shelf.incident()
        shelf.hold(number)
    assert not shelf.incident()
    assert shelf.faults == [("evidence_held_full", True)]
    assert [shelf.count(number) for number in (1, 2, 3, 4)] == [3, 3, 3, 0]
    shelf.free(1)
    assert shelf.incident()
    assert shelf.faults == [("evidence_held_full", True), ("evidence_held_full", False)]
    assert shelf.there() == {2, 3, 5}


def test_a_hold_ends_with_its_day_and_not_by_a_clock_that_is_wrong(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.incident()
    shelf.hold(1, days=50)
    shelf.clock.offset_s += 400 * DAY_S  # somebody set the clock: a jump of more than a year
    shelf.store.tidy()
    shelf.hear()
    assert shelf.holds.held() == {1}
    shelf.store.doubt_clock(True)
    shelf.days(3)
    assert shelf.holds.held() == {1}, "the kiosk knows that its clock is wrong"
    shelf.store.doubt_clock(False)
    shelf.days(3)
    assert shelf.holds.held() == set()
    freed = next(line for line in shelf.record if line.name == "evidence_freed")
    assert json.loads(freed.data)["by"] == "date"


@pytest.mark.parametrize("lost", ["file", "record", "neither"])
def test_either_of_record_and_file_keeps_a_hold_over_a_start(tmp_path: Path, lost: str) -> None:
    shelf = Shelf(tmp_path)
    for _ in range(3):
        shelf.incident()
    shelf.hold(2, days=100)
    shelf.hold(3)
    shelf.free(3)
    before = shelf.holds.all()
    if lost == "file":
        shelf.lose_file()
    elif lost == "record":
        shelf.lose_record()
    shelf.boot()
    assert shelf.holds.all() == before
    shelf.boot()
    assert shelf.holds.all() == before
    assert read_holds(shelf.folder) == before
    assert [line.incident for line in shelf.record if line.name == "evidence_held"][-1] == (
        3 if lost != "record" else 2
    )


def test_a_hold_is_never_lost_by_another_and_only_grows_by_its_own(tmp_path: Path) -> None:
    holds = Holds(tmp_path)
    court = Hold(5, "court", "case 17", WALL_S, WALL_S + 400 * DAY_S)
    holds.put(court)
    for other in (
        Hold(5, "police", "case 4", WALL_S, WALL_S + DAY_S),
        Hold(5, "police", "case 4", WALL_S),
        Hold(5, "court", "case 17", WALL_S, WALL_S + DAY_S),
    ):
        with pytest.raises(FaultError, match="hold_stands: incident 5, by court until 2028-02-19: case 17"):
            holds.put(other)
        assert holds.all() == (court,)
    longer, open_end = (Hold(5, "court", "case 17", WALL_S, until) for until in (WALL_S + 500 * DAY_S, None))
    holds.put(longer)
    holds.put(open_end)
    with pytest.raises(FaultError, match="until freed"):
        holds.put(longer)
    assert holds.all() == (open_end,)
    for incident in range(6, 5 + MOST):
        holds.put(Hold(incident, "court", "x", WALL_S))
    with pytest.raises(FaultError, match="holds_too_many"):
        holds.put(Hold(5 + MOST, "court", "x", WALL_S))
    holds.put(open_end)


def test_what_the_record_says_was_ended_has_ended_also_where_the_file_is_older() -> None:
    hold = Hold(5, "court", "case", WALL_S)
    assert together([], [5], [hold]).holds == ()
    assert together([hold], [], []).holds == (hold,)
    assert together([], [], [hold]).unrecorded == (hold,)


def test_a_day_that_is_in_no_calendar_stops_no_list() -> None:
    for wall_s in (1e300, -1e300, float("inf"), float("nan"), 300_000_000_000.0):
        assert day_of(wall_s) == "?"
        assert Hold(1, "a", "b", 0.0, wall_s).last_day() == "?"


def test_a_file_that_makes_no_sense_is_told_and_made_again(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("[{}]")
    with pytest.raises(FaultError, match="holds_unreadable"):
        read_holds(tmp_path)
    hold = Hold(5, "court", "case", WALL_S, None)
    Holds(tmp_path, [hold]).keep()
    assert read_holds(tmp_path) == (hold,)
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


# --- a machine of all of it ------------------------------------------------------------------------


class Lives(RuleBasedStateMachine):
    """Holds, days, room, restarts and losses at random, against a model of three sets."""

    @initialize(keep_kb=st.sampled_from([12, 24, 60]))
    def begin(self, keep_kb: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.shelf = Shelf(self.folder, keep_kb=keep_kb)
        self.held: set[int] = set()
        self.pictures: dict[int, int] = {}
        self.whole = True

    def some(self, share: float) -> int:
        return 1 + int(share * (self.shelf.number - 1))

    @rule(count=st.integers(1, 3), why=st.sampled_from(["locked", "fight", "warned", "loitering"]))
    def an_incident(self, count: int, why: str) -> None:
        self.shelf.incident(count, why=why)
        self.pictures[self.shelf.number] = self.shelf.count(self.shelf.number)

    @precondition(lambda self: self.shelf.number > 0)
    @rule(share=st.floats(0, 1))
    def a_hold(self, share: float) -> None:
        incident = self.some(share)
        self.shelf.hold(incident)
        self.held.add(incident)
        self.pictures[incident] = self.shelf.count(incident)

    @precondition(lambda self: self.held)
    @rule(share=st.floats(0, 1))
    def freed(self, share: float) -> None:
        incident = sorted(self.held)[int(share * (len(self.held) - 1))]
        self.shelf.free(incident)
        self.held.discard(incident)

    @rule(count=st.sampled_from([0.5, 20, 45]))
    def days_pass(self, count: float) -> None:
        self.shelf.days(count)

    @rule()
    def the_program_starts_again(self) -> None:
        self.shelf.boot()

    @rule()
    def the_file_is_lost(self) -> None:
        self.shelf.lose_file()
        self.shelf.boot()

    @rule()
    def the_record_is_lost(self) -> None:
        if (self.shelf.folder / NAME).exists() or not self.held:
            self.shelf.lose_record()
            self.whole = False
            self.shelf.boot()

    @rule(by_s=st.sampled_from([-2e9, 4e7, 1e9]))
    def the_clock_jumps(self, by_s: float) -> None:
        self.shelf.clock.offset_s += by_s
        self.shelf.store.tidy()
        self.shelf.hear()

    @invariant()
    def nothing_held_ever_goes(self) -> None:
        if not hasattr(self, "shelf"):
            return
        assert self.shelf.holds.held() == self.held
        for incident in self.held:
            assert self.shelf.count(incident) == self.pictures[incident], incident

    @invariant()
    def what_is_gone_is_on_record(self) -> None:
        if hasattr(self, "shelf") and self.whole:
            assert self.shelf.proof().findings == ()

    @invariant()
    def the_room_is_kept(self) -> None:
        if hasattr(self, "shelf"):
            assert self.shelf.kb() * 1000 <= self.shelf.limits.keep_mb * 1e6

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


TestLives = pytest.mark.slow(Lives.TestCase)
TestLives.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


# --- power cuts ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_power_cut_at_any_step_of_a_removal_leaves_it_provable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before every change on the disk; after the next start the removal is ended, and its line fits."""
    cuts = 0
    for cut in range(1, 60):
        folder = tmp_path / str(cut)
        folder.mkdir()
        shelf = Shelf(folder, keep_kb=12)
        shelf.incident()
        shelf.incident()
        if not cut_before(cut, shelf.folder, lambda shelf=shelf: shelf.incident(), monkeypatch):  # type: ignore[misc]
            break
        cuts += 1
        shelf.number = 3
        shelf.boot()
        proof = shelf.proof()
        wrong = [one for one in proof.findings if one.incident in (1, 2)]
        assert wrong == [], (cut, wrong)
        assert shelf.count(2) == 3
        assert shelf.count(1) in (0, 3), "all of it went, or nothing"
    assert cuts >= 8


# --- proof -----------------------------------------------------------------------------------------


def findings(shelf: Shelf) -> list[tuple[int, Wrong]]:
    return [(one.incident, one.what) for one in shelf.proof().findings]


def test_what_is_taken_changed_or_added_without_a_line_is_found(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for _ in range(5):
        shelf.incident()
    assert shelf.proof().ok
    shelf.steal(1)
    one = pictures(shelf.folder, 2)[0]
    one.write_bytes(bytes(one.stat().st_size))
    (shelf.folder / "3" / "00001-000000009999.jpg").write_bytes(b"a stranger's")
    shutil.rmtree(shelf.folder / "4")
    assert findings(shelf) == [
        (1, Wrong.MISSING),
        (2, Wrong.CHANGED),
        *[(4, Wrong.MISSING)] * 3,
        (3, Wrong.UNKNOWN),
    ]


@pytest.mark.parametrize("which", ["newest", "never", "older"])
def test_whatever_is_put_there_is_found_wherever_it_is(tmp_path: Path, which: str) -> None:
    shelf = Shelf(tmp_path)
    shelf.incident()
    shelf.incident()
    number = {"older": 1, "newest": 2, "never": 99}[which]
    folder = shelf.folder / str(number)
    folder.mkdir(exist_ok=True)
    sealed, wrap = "00001-000000009999.jpg.age", "00001-abcd1234-one+two-1.key.age"
    for name in (sealed, wrap, "note.txt", ".hidden", ".about.jpg"):
        (folder / name).write_bytes(b"a stranger's")
    (folder / "link.jpg").symlink_to(tmp_path / "elsewhere")
    (folder / "inside").mkdir()
    assert {(one.incident, one.name) for one in shelf.proof().findings} == {
        (number, name) for name in (sealed, wrap, "note.txt", ".hidden", ".about.jpg", "link.jpg", "inside")
    }
    now_s = (folder / sealed).stat().st_mtime
    running = prove(shelf.folder, shelf.record, now_s + FRESH_S / 2)
    assert running.fresh == 2, "a kiosk that runs may have written these just now; that is told"
    assert {one.name for one in running.findings}.isdisjoint({sealed, wrap})
    assert len(running.findings) == 5
    assert len(prove(shelf.folder, shelf.record, now_s + 2 * FRESH_S).findings) == 7


def test_strangers_beside_the_incidents_and_links_in_the_place_of_pictures_are_found(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.incident()
    shelf.hold(1)
    assert shelf.proof().ok, "the file of the holds is the kiosk's own"
    one = pictures(shelf.folder, 1)[0]
    one.rename(tmp_path / "taken.jpg")
    one.symlink_to(tmp_path / "taken.jpg")
    (shelf.folder / "left.jpg").write_bytes(b"x")
    (shelf.folder / "01").mkdir()
    (shelf.folder / "7").symlink_to(shelf.folder / "1")
    assert {(one.name, one.what) for one in shelf.proof().findings} == {
        (one.name, Wrong.CHANGED),
        ("left.jpg", Wrong.UNKNOWN),
        ("01", Wrong.UNKNOWN),
        ("7", Wrong.UNKNOWN),
    }


def test_wrapped_keys_are_no_pictures(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.incident(count=2)
    shelf.hold(1)
    key = "00001-abcd1234-one+two-1.key.age"
    (shelf.folder / "1" / key).write_bytes(b"wrapped")
    digest = file_hash(shelf.folder / "1" / key)
    shelf._put(PicturesKept(1, "locked", (), True, sealed=SealedTo((), ((key, digest),), "x")).entry())
    proof = shelf.proof()
    assert (proof.there, proof.held, proof.keys, proof.ok) == (2, 2, 1, True)
    shelf.free(1)
    shelf.boot()
    shelf.days(40)
    assert (shelf.proof().removed, shelf.proof().by_rule, shelf.proof().ok) == (2, {"age": 2}, True)


def test_a_removal_says_what_it_removed_so_that_an_earlier_theft_shows(tmp_path: Path) -> None:
    """Somebody takes a picture and hopes that age takes the rest with it."""
    shelf = Shelf(tmp_path)
    shelf.incident()
    shelf.incident()
    shelf.steal(1)
    shelf.days(40)
    assert shelf.there() == set()
    assert findings(shelf) == [(1, Wrong.LIST_DIFFERS)]


def test_a_removal_of_what_was_held_is_found(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.incident()
    shelf.hold(1)
    shelf.holds.drop(1)  # a program that forgot
    shelf.days(40)
    assert findings(shelf) == [(1, Wrong.REMOVED_HELD)]


def test_a_line_that_makes_no_sense_is_found(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.incident()
    shelf.record[-1].data = "[]"
    assert findings(shelf) == [(1, Wrong.LINE_ODD), *[(1, Wrong.UNKNOWN)] * 3]
    assert not prove(tmp_path / "nowhere", shelf.record).ok


def test_a_removal_in_hand_is_given_up_for_new_pictures(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.incident()
    (shelf.folder / "1" / REMOVING).write_text('{"rule":"age","count":0,"size_bytes":0,"sha256":""}')
    shelf.store.written(1)
    assert not (shelf.folder / "1" / REMOVING).exists()


# --- days by kind ----------------------------------------------------------------------------------


def test_every_kind_of_every_profile_has_its_days() -> None:
    for profile in Profile:
        for kind in Kept:
            assert days_of(profile).of(kind, 30.0) > 0
    assert {kind_of(anomaly.value) for anomaly in Anomaly} == {Kept.DANGER, Kept.TAMPER, Kept.NUISANCE}
    assert [
        kind_of(why) for why in ("locked", "warned", "face_shown", "fire", "restarted", "what is that")
    ] == [
        Kept.LOCK,
        Kept.WARNING,
        Kept.SHOWN,
        Kept.DANGER,
        None,
        Kept.OTHER,
    ]


def test_keep_days_is_the_most_whatever_the_profile_says() -> None:
    for profile in Profile:
        for kind in Kept:
            assert keep_days(["locked", "warned", kind.value], None, profile, 1.0) <= 1.0
    assert keep_days(["warned"], None, Profile.NONE, 30.0) == 30.0
    assert keep_days(["warned"], None, Profile.GERMANY, 30.0) == 2.0
    assert keep_days(["warned", "locked"], None, Profile.GERMANY, 30.0) == 30.0
    assert keep_days(["warned", "locked"], Mark.FALSE, Profile.GERMANY, 30.0) == 2.0
    assert keep_days(["locked"], Mark.TRUE, Profile.GERMANY, 30.0) == 30.0
    assert keep_days([], None, Profile.GERMANY, 30.0) == 30.0, "nobody knows what it was"
    assert keep_days(["restarted"], None, Profile.GERMANY, 30.0) == 30.0


def test_a_cleared_warning_goes_early_and_a_lock_later(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, profile=Profile.EUROPE)
    for why in ("warned", "locked", "loitering", "fight", "locked"):
        shelf.incident(why=why)
    shelf.mark(5, Mark.FALSE)
    shelf.boot()  # what an incident was is beside its pictures
    shelf.days(5)
    assert shelf.there() == {2, 4}
    shelf.days(20)
    assert shelf.there() == {2, 4}
    shelf.days(8)
    assert shelf.there() == set()
    assert shelf.proof().ok
