"""The gallery in a running kiosk: taken up without a restart, and nobody is known while it cannot be read."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from edge.faults.fault import FaultError
from edge.identity.keeper import LOOK_S, GalleryFault, GalleryKeeper, GalleryNews, GalleryNoted, GalleryTaken
from edge.identity.key import KeyRing
from edge.identity.register import Restorer, restore
from edge.identity.sealed import Contents
from edge.identity.store import PEOPLE, GalleryFolder
from tests.identity.people import CONSENT, NETWORK, card, enrolled_in, register, ring, taken


class Site:
    """A keeper on a clock of its own."""

    def __init__(self, data: Path, recorded: int = 0, network: str = NETWORK) -> None:
        self.keys: KeyRing | None = ring()
        self.now_s = 0.0
        self.keeper = GalleryKeeper(data, self._keys, network=network, recorded=recorded, threaded=False)

    def _keys(self) -> KeyRing:
        if self.keys is None:
            raise FaultError("gallery_key_missing")
        return self.keys

    def look(self, after_s: float = LOOK_S) -> tuple[GalleryNews, ...]:
        self.now_s += after_s
        return self.keeper.poll(self.now_s)

    def knows(self, n: int) -> bool:
        return self.keeper.gallery.find(card(n).token) is not None


def faults(news: tuple[GalleryNews, ...]) -> list[tuple[str, bool]]:
    return [(one.code, one.active) for one in news if isinstance(one, GalleryFault)]


def test_a_change_is_taken_up_and_recorded_once_and_a_removed_person_is_gone(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert site.look() == (GalleryTaken(frozenset()),)
    folder, people = enrolled_in(tmp_path, 1, 2)
    news = site.look()
    noted = [one for one in news if isinstance(one, GalleryNoted)]
    assert [(one.name, one.data["person"]) for one in noted] == [
        ("person_enrolled", 1),
        ("person_enrolled", 2),
    ]
    assert set(noted[0].data) == {"person", "at", "by"}
    assert site.knows(1)
    assert site.look() == (), "nothing changed"
    with folder.writing():
        register(folder).remove([people[0].number])
    news = site.look()
    assert GalleryTaken(frozenset({1})) in news
    assert [one.name for one in news if isinstance(one, GalleryNoted)] == ["person_removed"]
    assert not site.knows(1)
    assert site.knows(2)
    again = Site(tmp_path, recorded=site.keeper.counters["gallery"])
    assert again.look() == (GalleryTaken(frozenset()),), "a restart records nothing twice"


def test_one_who_is_enrolled_again_has_to_claim_again_and_a_rotated_key_ends_no_claim(tmp_path: Path) -> None:
    folder, people = enrolled_in(tmp_path, 1, 2)
    site = Site(tmp_path)
    site.look()
    new = ring(2)
    with folder.writing():
        register(folder).rotate(new.current)
    site.keys = new
    assert GalleryTaken(frozenset()) in site.look()
    with folder.writing():
        register(folder, new).renew(people[1], taken(8), CONSENT)
    assert GalleryTaken(frozenset({2})) in site.look()


def test_what_cannot_be_read_is_a_fault_and_nobody_is_known(tmp_path: Path) -> None:
    folder, _ = enrolled_in(tmp_path, 1)
    whole = folder.content()
    assert whole is not None
    site = Site(tmp_path)
    site.keys = None
    assert faults(site.look()) == [("gallery_key_missing", True)]
    assert not site.knows(1)
    site.keys = ring(2)
    assert faults(site.look(60.0)) == [("gallery_key_missing", False), ("gallery_key_wrong", True)]
    assert (folder.path / PEOPLE).exists(), "the right key makes it good"
    site.keys = ring()
    assert faults(site.look(60.0)) == [("gallery_key_wrong", False)]
    assert site.knows(1)
    (folder.path / PEOPLE).write_bytes(whole[:-1])
    news = site.look()
    assert faults(news) == [("gallery_damaged", True)]
    assert GalleryTaken(frozenset({1})) in news
    assert not site.knows(1)
    assert (folder.path / "people.aside-1").read_bytes() == whole[:-1]
    assert faults(site.look()) == [], "the fault stands; that the file is gone is no news"
    assert faults(site.look(60.0)) == []
    (folder.path / PEOPLE).write_bytes(whole)
    assert faults(site.look()) == [("gallery_damaged", False)]
    assert site.knows(1)


def test_a_backup_that_is_taken_up_is_never_missed_on_the_way(tmp_path: Path) -> None:
    """Between any two steps of it a kiosk finds a whole gallery, and what was there before is kept."""
    folder, _ = enrolled_in(tmp_path, 1)
    backup = folder.read(ring())
    with folder.writing():
        register(folder).remove([1])
        register(folder).enrol(card(2), taken(2), CONSENT)
        site = Site(tmp_path)
        folder.copy_aside()
        assert faults(site.look()) == []
        assert restore(folder, backup, ring(), Restorer("tester", 0.0)) == (0, 1)
        assert faults(site.look()) == []
    assert len(list(folder.path.glob("people.aside-*"))) == 2


def test_a_file_that_was_put_right_meanwhile_is_not_set_aside(tmp_path: Path) -> None:
    folder, _ = enrolled_in(tmp_path, 1)
    folder.set_aside(ring())
    folder.set_aside(ring(2))
    assert (folder.path / PEOPLE).exists()


def test_a_gallery_that_the_record_is_ahead_of_is_an_older_one(tmp_path: Path) -> None:
    """Also where the whole folder was turned back, its numbers included."""
    enrolled_in(tmp_path, 1)
    site = Site(tmp_path, recorded=5)
    assert faults(site.look()) == [("gallery_older", True)]
    assert not site.knows(1)


def test_who_was_enrolled_with_another_network_is_named_by_count_and_refused(tmp_path: Path) -> None:
    folder, people = enrolled_in(tmp_path, 1, 2)
    site = Site(tmp_path, network="a newer network")
    assert faults(site.look()) == [("gallery_network", True)]
    assert not site.knows(1)
    with folder.writing():
        register(folder).remove([person.number for person in people])
    assert faults(site.look()) == [("gallery_network", False)]


def test_a_disk_that_does_not_answer_is_a_fault_and_nobody_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled_in(tmp_path, 1)
    answers = threading.Event()
    read = GalleryFolder.read

    def late(folder: GalleryFolder, keys: KeyRing) -> Contents:
        answers.wait(60.0)
        return read(folder, keys)

    monkeypatch.setattr(GalleryFolder, "read", late)
    keeper = GalleryKeeper(tmp_path, ring, network=NETWORK)
    assert keeper.poll(0.0) == ()
    assert keeper.poll(29.0) == ()
    fault, taken = keeper.poll(31.0)
    assert (fault, taken) == (
        GalleryFault("gallery_unreadable", "no answer of the disk for 30 s", active=True),
        GalleryTaken(frozenset()),
    )
    assert keeper.poll(32.0) == (), "told once"
    answers.set()
    end_s = time.monotonic() + 20.0
    news: tuple[object, ...] = ()
    while not news and time.monotonic() < end_s:
        news = keeper.poll(40.0)
    assert GalleryFault("gallery_unreadable", "no answer of the disk for 30 s", active=False) in news
    assert keeper.gallery.find(card(1).token) is not None


def test_with_a_thread_the_loop_never_waits_for_the_disk(tmp_path: Path) -> None:
    enrolled_in(tmp_path, 1)
    keeper = GalleryKeeper(tmp_path, ring, network=NETWORK)
    end_s = time.monotonic() + 20.0
    while not len(keeper.gallery) and time.monotonic() < end_s:
        keeper.poll(time.monotonic())
        time.sleep(0.005)
    assert keeper.gallery.find(card(1).token) is not None
    assert GalleryFolder(tmp_path).read(ring()).people
