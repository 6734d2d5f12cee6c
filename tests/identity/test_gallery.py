"""The gallery at rest: what it gives back, what a power cut leaves, what it says without its key."""

from __future__ import annotations

import functools
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

import edge.identity.store
from edge.faults.fault import FaultError
from edge.identity.gallery import NO_ONE, gallery_in, read_gallery
from edge.identity.key import GalleryKey, KeyRing, key_text, keys_in, new_key, read_keys, write_key_file
from edge.identity.person import Act
from edge.identity.register import Restorer, restore
from edge.identity.sealed import encode
from edge.identity.store import NUMBERS, PEOPLE, GalleryFolder
from edge.settings.load import load
from tests.identity.people import CONSENT, card, enrolled_in, register, ring, samples, taken


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(FaultError) as caught:
        call()
    return caught.value.code


def refusal(folder: GalleryFolder, content: bytes) -> str:
    return code_of(functools.partial(folder.opened, content, ring()))


# --- what goes in comes out ------------------------------------------------------------------------


def test_a_person_is_found_by_the_token_and_by_nothing_else(tmp_path: Path) -> None:
    folder, (asha, _) = enrolled_in(tmp_path, 1, 2)
    gallery = read_gallery(folder, ring())
    found = gallery.find(card(1).token)
    assert found is not None
    assert (found.person, found.phone, found.language) == (asha.number, card(1).phone, card(1).language)
    assert [t.numbers for t in found.templates] == [s.numbers for s in samples(1)]
    assert card(1).phone not in repr(found)
    for other in ("", "token-0001", card(1).name, card(1).phone, card(1).token + " ", "\udcff"):
        assert gallery.find(other) is None
    assert NO_ONE.find(card(1).token) is None


def test_people_whose_templates_another_network_made_are_not_compared(tmp_path: Path) -> None:
    folder, _ = enrolled_in(tmp_path, 1)
    contents = folder.read(ring())
    assert len(gallery_in(contents, "test network")) == 1
    newer = gallery_in(contents, "a newer network")
    assert len(newer) == 0
    assert newer.find(card(1).token) is None
    assert newer.persons == {1}, "still enrolled: what was counted against the card stays"


def test_adding_and_removing_touch_nobody_else(tmp_path: Path) -> None:
    folder, people = enrolled_in(tmp_path, 1, 2, 3)
    before = {n: block.sealed for n, block in folder.read(ring()).blocks.items()}
    with folder.writing():
        book = register(folder)
        book.enrol(card(4), taken(4), CONSENT)
        book.remove([people[1].number])
    after = {n: block.sealed for n, block in folder.read(ring()).blocks.items()}
    content = folder.content()
    assert content is not None
    assert after.keys() == {1, 3, 4}
    for number in (1, 3):
        assert after[number] == before[number]
        assert before[number] in content, "byte for byte in the file"
    assert before[2] not in content


def test_a_number_is_never_given_twice_even_after_removal_restart_and_loss(tmp_path: Path) -> None:
    folder, people = enrolled_in(tmp_path, 1, 2)
    with folder.writing():
        register(folder).remove([people[1].number])
    given = {1, 2}
    with folder.writing():
        given.add(register(folder).enrol(card(3), taken(3), CONSENT).number)
    assert given == {1, 2, 3}
    (folder.path / PEOPLE).unlink()
    with folder.writing():
        restore(folder, edge.identity.sealed.EMPTY, ring(), Restorer("tester", 0.0))
        assert register(folder).enrol(card(4), taken(4), CONSENT).number == 4


def test_renewing_replaces_the_templates_and_keeps_the_number(tmp_path: Path) -> None:
    folder, (asha,) = enrolled_in(tmp_path, 1)
    with folder.writing():
        book = register(folder, now_s=1.9e9)
        book.renew(book.people[0], taken(9), CONSENT)
    (now,) = folder.read(ring()).people
    assert (now.number, now.enrolled_utc) == (asha.number, asha.enrolled_utc)
    assert now.samples == samples(9)
    assert now.renewed_utc > now.enrolled_utc


def test_what_was_done_is_listed_without_saying_what(tmp_path: Path) -> None:
    folder, (asha,) = enrolled_in(tmp_path, 1)
    with folder.writing():
        book = register(folder)
        book.note_export(asha)
        book.remove([asha.number])
    done = folder.read(ring()).done
    assert [(d.number, d.act, d.person) for d in done] == [
        (1, Act.ENROLLED, 1), (2, Act.EXPORTED, 1), (3, Act.REMOVED, 1),
    ]  # fmt: skip
    assert {d.by for d in done} == {"tester"}


# --- pictures --------------------------------------------------------------------------------------


def test_pictures_are_kept_sealed_only_where_asked_and_go_with_their_person(tmp_path: Path) -> None:
    folder, _ = enrolled_in(tmp_path, 1)
    assert not (folder.path / "pictures").exists()
    jpegs = (b"\xff\xd8 first" + bytes(9000), b"\xff\xd8 second")
    with folder.writing():
        book = register(folder)
        ravi = book.enrol(card(2), taken(2, jpegs), CONSENT)
        assert book.pictures(ravi) == jpegs
    (file,) = (folder.path / "pictures").iterdir()
    assert b"first" not in file.read_bytes()
    with folder.writing():
        book = register(folder)
        book.renew(ravi, taken(2, jpegs[:1]), CONSENT)
    (other,) = (folder.path / "pictures").iterdir()
    assert other.name != file.name, "those of before are gone"
    with folder.writing():
        register(folder).remove([ravi.number])
    assert not list((folder.path / "pictures").iterdir())


# --- damage ----------------------------------------------------------------------------------------


def test_no_changed_cut_or_foreign_byte_is_believed(tmp_path: Path) -> None:
    folder, _ = enrolled_in(tmp_path, 1, 2)
    whole = folder.content()
    assert whole is not None
    head = whole.index(b"\n") + 1
    places = {*range(head + 40), *range(head, len(whole), 401), len(whole) - 1}
    for at in sorted(places):
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        code = refusal(folder, changed)
        assert code in {"gallery_damaged", "gallery_version", "gallery_key_wrong"}
        assert code == "gallery_damaged" or at < head
    for length in {*range(head + 40), *range(head, len(whole), 401)}:
        code = refusal(folder, whole[:length])
        assert code == "gallery_damaged"
    assert refusal(folder, whole + b"\0") == "gallery_damaged"
    assert refusal(folder, os.urandom(5000)) == "gallery_damaged"
    assert refusal(folder, b"") == "gallery_damaged"
    other = b"cabinguard-gallery 2 " + whole.split(b" ", 2)[2]
    assert refusal(folder, other) == "gallery_version"


def test_two_peoples_blocks_cannot_be_swapped(tmp_path: Path) -> None:
    folder, _ = enrolled_in(tmp_path, 1, 2)
    whole = folder.content()
    assert whole is not None
    first, second = (block.sealed for block in folder.read(ring()).blocks.values())
    assert len(first) == len(second)
    swapped = (
        whole.replace(first, b"?" * len(first)).replace(second, first).replace(b"?" * len(first), second)
    )
    assert refusal(folder, swapped) == "gallery_damaged"


def test_a_wrong_key_opens_nothing_and_says_which_is_needed(tmp_path: Path) -> None:
    folder, _ = enrolled_in(tmp_path, 1)
    with pytest.raises(FaultError, match=ring().current.name) as caught:
        folder.read(ring(2))
    assert caught.value.code == "gallery_key_wrong"


def test_an_older_copy_and_a_missing_file_are_noticed(tmp_path: Path) -> None:
    folder, people = enrolled_in(tmp_path, 1, 2)
    older = folder.content()
    assert older is not None
    with folder.writing():
        register(folder).remove([people[0].number])
    (folder.path / PEOPLE).write_bytes(older)
    assert code_of(lambda: folder.read(ring())) == "gallery_older"
    (folder.path / PEOPLE).unlink()
    assert code_of(lambda: folder.read(ring())) == "gallery_older"
    with folder.writing():
        assert restore(folder, folder.opened(older, ring()), ring(), Restorer("tester", 0.0)) == (1, 1)
    assert [person.number for person in folder.read(ring()).people] == [2], "who was removed stays removed"


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    folder = GalleryFolder(tmp_path)
    with folder.writing():
        assert code_of(lambda: GalleryFolder(tmp_path).writing().__enter__()) == "gallery_busy"
    with folder.writing():
        pass


# --- a power cut -----------------------------------------------------------------------------------


class Cut(BaseException):
    """The plug is pulled: nothing that was to come after is done."""


@pytest.mark.parametrize("act", ["enrol", "remove", "renew", "rotate"])
def test_a_power_cut_at_any_step_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """Cut before and after each call that touches the disk, and in the middle of every write."""
    _, people = enrolled_in(tmp_path / "before", 1, 2)
    for step in range(200):
        data = tmp_path / str(step)
        shutil.copytree(tmp_path / "before", data)
        folder = GalleryFolder(data)
        new = KeyRing(GalleryKey(b"n" * 32), ring().current)
        left = [step]
        with monkeypatch.context() as patched:
            ended = _pull_the_plug(patched, left, functools.partial(_do, act, folder, people[0].number))
        contents = folder.read(new)
        found = [person.number for person in contents.people]
        assert 2 in found, "nobody else is lost"
        match act:
            case "enrol":
                assert found in ([1, 2], [1, 2, 3])
            case "remove":
                assert found in ([1, 2], [2])
            case _:
                assert found == [1, 2]
        with folder.writing():
            fresh = register(folder, new).enrol(card(5), taken(5), CONSENT).number
        assert fresh > max(found)
        assert len(folder.read(new).people) == len(found) + 1, "what was left lying about is in nobody's way"
        if ended:
            assert step > 8
            return
    pytest.fail("it never ended")


def _do(act: str, folder: GalleryFolder, person: int) -> None:
    with folder.writing():
        book = register(folder)
        match act:
            case "enrol":
                book.enrol(card(3), taken(3), CONSENT)
            case "remove":
                book.remove([person])
            case "renew":
                book.renew(next(p for p in book.people if p.number == person), taken(7), CONSENT)
            case _:
                book.rotate(GalleryKey(b"n" * 32))


def _pull_the_plug(patched: pytest.MonkeyPatch, left: list[int], work: Callable[[], None]) -> bool:
    """Whether the work came to its end before the plug was pulled."""
    true_rename, true_open = Path.rename, os.open

    def spend() -> None:
        if left[0] == 0:
            raise Cut
        left[0] -= 1

    def rename(self: Path, target: Path) -> Path:
        spend()
        done = true_rename(self, target)
        spend()
        return done

    def fsync(held: int) -> None:
        spend()
        found = os.fstat(held)
        if left[0] == 0 and stat.S_ISREG(found.st_mode):
            os.ftruncate(held, found.st_size // 2)  # half of it reached the card
        spend()

    def opened(path: object, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            spend()
        return true_open(path, flags, mode)  # type: ignore[arg-type]

    patched.setattr(Path, "rename", rename)
    patched.setattr(os, "fsync", fsync)
    patched.setattr(os, "open", opened)
    try:
        work()
    except Cut:
        return False
    return True


# --- keys ------------------------------------------------------------------------------------------


def test_keys_come_from_a_file_that_is_not_open_to_others(tmp_path: Path) -> None:
    file, key = tmp_path / "key", new_key()
    settings = load(None, [f"identity.key_file={file}"])
    assert code_of(lambda: read_keys(settings)) == "gallery_key_missing"
    write_key_file(file, key, fresh=True)
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_keys(settings).names == (key.name,)
    with pytest.raises(FileExistsError):
        write_key_file(file, new_key(), fresh=True)
    file.chmod(0o644)
    assert code_of(lambda: read_keys(settings)) == "secret_exposed"
    assert code_of(lambda: read_keys(load(None, []))) == "gallery_key_missing"


def test_what_is_no_key_is_refused_and_not_repeated() -> None:
    for text in ("hunter2", "QUJD", key_text(new_key(), new_key(), new_key())):
        with pytest.raises(FaultError) as caught:
            keys_in(text)
        assert caught.value.code == "gallery_key_wrong"
        assert text.strip() not in str(caught.value)
    assert "hidden" in repr(new_key())
    assert "hidden" in repr(ring())


def test_a_rotation_can_be_cut_anywhere_and_the_old_key_opens_nothing_after(tmp_path: Path) -> None:
    folder, _ = enrolled_in(tmp_path, 1)
    old, new = ring().current, GalleryKey(b"n" * 32)
    both = KeyRing(new, old)
    assert folder.read(both).people, "the file of both keys opens the gallery of before"
    with folder.writing():
        register(folder, both).enrol(card(2), taken(2), CONSENT)
    assert len(folder.read(KeyRing(new)).people) == 2, "cut off there, the next change ends it"
    folder, _ = enrolled_in(tmp_path / "again", 1)
    before = folder.content()
    with folder.writing():
        register(folder, both).rotate(new)
    assert folder.read(both).people
    assert folder.read(KeyRing(new)).people
    assert code_of(lambda: folder.read(KeyRing(old))) == "gallery_key_wrong"
    assert before is not None
    assert code_of(lambda: folder.opened(before, KeyRing(new))) == "gallery_key_wrong"


def test_the_file_grows_by_whole_pages(tmp_path: Path) -> None:
    """Sizes say about how many people there are, and nothing of how long a name is."""
    folder, _ = enrolled_in(tmp_path, 1)
    sizes = {len(block.sealed) for block in folder.read(ring()).blocks.values()}
    assert sizes == {4096}
    assert len(encode(folder.read(ring()), ring().current)) % 4096 < 100
    assert (folder.path / NUMBERS).read_text() == '{"next_person":2,"generation":1,"done":1,"removed":[]}\n'
