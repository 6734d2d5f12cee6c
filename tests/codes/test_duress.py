"""A code typed under duress opens as the code does, is never another code, and hides in noise of one size."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from fractions import Fraction

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge.cabin.events import EntryVerdict
from edge.cabin.rules import Flow
from edge.codes.book import CodeBook
from edge.codes.duress import DuressForm, EntryMarks, Forced, Ours, forced_by
from edge.codes.hidden import Typed
from edge.codes.note import CONTENT_BYTES, NOTE_LETTERS, Note, NoteSealer, open_note
from edge.settings.conflicts import guess_percent

FORMS = {
    "last_plus_one": forced_by(DuressForm.LAST_PLUS_ONE, ""),
    "prefix 9": forced_by(DuressForm.PREFIX, "9"),
    "prefix 00": forced_by(DuressForm.PREFIX, "00"),
}
FORM = pytest.mark.parametrize("forced", FORMS.values(), ids=FORMS)


def typed_on(book: CodeBook, entry: str) -> tuple[Ours, EntryVerdict]:
    return book.whose(Typed(entry)), book.judge(Typed(entry))


def test_the_two_forms() -> None:
    plus_one, nine, zeros = FORMS.values()
    assert plus_one is not None
    assert nine is not None
    assert zeros is not None
    assert [plus_one("4170"), plus_one("4179"), nine("4170"), zeros("4170")] == [
        "4171",
        "4170",
        "9170",
        "0070",
    ]
    assert forced_by(DuressForm.OFF, "9") is None


@pytest.mark.slow
@FORM
@given(seed=st.integers(0, 2**32), digits=st.integers(4, 5), issues=st.integers(1, 10))
def test_no_entry_ever_means_two_things(forced: Forced, seed: int, digits: int, issues: int) -> None:
    """Of one incident no code, old or live, is another one's duress form, nor the same as it."""
    choose = random.Random(seed).randrange
    book = CodeBook(digits, lambda n: f"{choose(10**n):0{n}d}", forced)
    shown = []
    for issue in range(1, issues + 1):
        book.issue(issue)
        code = book.text()
        assert code is not None
        assert forced(code) != code
        assert len(forced(code)) == len(code)
        shown += [code, forced(code)]
    assert len(set(shown)) == len(shown)
    for code in shown[:-2:2]:
        assert typed_on(book, code) == (Ours.YES, EntryVerdict.SUPERSEDED)
        assert typed_on(book, forced(code)) == (Ours.FORCED, EntryVerdict.SUPERSEDED)
    assert typed_on(book, shown[-1]) == (Ours.FORCED, EntryVerdict.RIGHT)
    assert typed_on(book, shown[-2]) == (Ours.YES, EntryVerdict.SUPERSEDED), "a code opens once, either way"


@FORM
def test_a_code_opens_once_however_it_is_typed(forced: Forced) -> None:
    for first, second in itertools.permutations([False, True]):
        book = CodeBook(4, lambda n: "4170", forced)
        book.issue(1)
        entry = {False: "4170", True: forced("4170")}
        assert book.judge(Typed(entry[first])) is EntryVerdict.RIGHT
        assert book.judge(Typed(entry[second])) is EntryVerdict.SUPERSEDED


def test_without_a_form_nothing_is_forced() -> None:
    book = CodeBook(4, lambda n: "4170")
    book.issue(1)
    assert typed_on(book, "4171") == (Ours.NO, EntryVerdict.WRONG)
    assert typed_on(book, "4170") == (Ours.YES, EntryVerdict.RIGHT)


def test_every_entry_is_compared_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with codes alone: how many comparisons there are does not depend on what was typed."""
    compared = 0
    same_as = Typed.same_as

    def counting(self: Typed, code: str) -> bool:
        nonlocal compared
        compared += 1
        return same_as(self, code)

    monkeypatch.setattr(Typed, "same_as", counting)
    counts = set()
    for entry in ("4170", "4171", "0000", "1110", "1111"):
        codes = iter(["1110", "4170"])
        book = CodeBook(4, lambda n, codes=codes: next(codes), FORMS["last_plus_one"])  # type: ignore[misc]
        book.issue(1)
        book.issue(2)
        compared = 0
        typed_on(book, entry)
        counts.add(compared)
    assert counts == {8}, "a live and a superseded code, each in two forms, asked twice"


def test_the_owners_code_is_apart_from_both_forms() -> None:
    owners, watchmans = CodeBook(4, lambda n: "4171"), CodeBook(4, lambda n: "4170", FORMS["last_plus_one"])
    owners.keep_apart(watchmans)
    watchmans.issue(1)
    with pytest.raises(ValueError, match="the same one"):
        owners.issue(1)


# --- how well it can be guessed --------------------------------------------------------------------


def best_guess(forced: Forced, digits: int, earlier: list[str]) -> Fraction:
    """The best chance of one entry against a fresh code, by trying all, knowing all earlier codes."""
    used = {*earlier, *map(forced, earlier)}
    free = [
        code
        for code in (f"{n:0{digits}d}" for n in range(10**digits))
        if forced(code) != code and not {code, forced(code)} & used
    ]
    opens = Counter(entry for code in free for entry in (code, forced(code)))
    return Fraction(max(opens.values()), len(free))


@pytest.mark.parametrize("form", ["last_plus_one", "prefix"])
def test_the_limit_counts_both_forms(form: str) -> None:
    """What the settings are checked with is no less than the best of anybody who knows everything."""
    forced = forced_by(DuressForm(form), "9")
    assert forced is not None
    earlier: list[str] = []
    chance = Fraction(0)
    for number in range(5):
        chance += 3 * best_guess(forced, 3, earlier)
        earlier.append(f"{137 * number + 105:03d}")
    claimed = guess_percent(Flow(duress=form), 3)  # type: ignore[arg-type]
    assert float(chance) * 100 <= claimed * 1.001
    assert claimed <= float(chance) * 100 * 1.06, "and not much more: no digits are asked for in vain"


# --- marks and notes -------------------------------------------------------------------------------


@given(number=st.integers(1, 10**9), incident=st.integers(0, 10**9), key=st.binary(min_size=32, max_size=32))
def test_a_mark_says_which_to_its_key_alone(number: int, incident: int, key: bytes) -> None:
    marks, others = EntryMarks(key), EntryMarks(bytes(32) if key != bytes(32) else b"\1" * 32)
    typed, forced = marks.mark(number, incident, False), marks.mark(number, incident, True)
    assert len(typed) == len(forced) == 32
    assert not marks.forced(number, incident, typed)
    assert marks.forced(number, incident, forced)
    assert marks.forced(number + 1, incident, typed), "a mark is of one message"
    assert others.forced(number, incident, typed), "an unknown one counts as forced"


@pytest.mark.slow
def test_marks_are_noise_without_the_key() -> None:
    """Over 4,000 messages no hexadecimal digit of the marks says more of one answer than of the other."""
    marks = EntryMarks(b"\7" * 32)
    for place in range(32):
        counts = [Counter(marks.mark(n, 1, forced)[place] for n in range(2000)) for forced in (False, True)]
        # chi-squared of 16 classes, 15 degrees of freedom: above 60 once in ten million
        chi2 = sum(
            (counts[0][d] - counts[1][d]) ** 2 / (counts[0][d] + counts[1][d]) for d in "0123456789abcdef"
        )
        assert chi2 < 60, place


def test_a_note_is_of_one_size_and_opens_with_the_private_key_alone() -> None:
    private, stranger = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    sealer = NoteSealer(private.public_key().public_bytes_raw())
    notes = [Note(1, 1, False), Note(10**12, 10**12, True), Note(3, 0, False)]
    sealed = [sealer.seal(note) for note in notes for _ in range(5)]
    assert {len(one) for one in sealed} == {NOTE_LETTERS}
    assert len(set(sealed)) == len(sealed), "the same note is never sealed to the same letters"
    assert [open_note(private, one) for one in sealed[::5]] == notes
    assert [open_note(stranger, one) for one in sealed] == [None] * len(sealed)
    assert open_note(private, sealed[0][:-4] + "AAAA") is None
    assert open_note(private, "no base64!") is None
    assert len(f"{10**12} {10**12} forced") <= CONTENT_BYTES


def test_nothing_of_it_can_be_printed() -> None:
    marks, sealer = (
        EntryMarks(b"\7" * 32),
        NoteSealer(X25519PrivateKey.generate().public_key().public_bytes_raw()),
    )
    assert repr(marks) == "EntryMarks(hidden)"
    assert repr(sealer) == "NoteSealer(hidden)"
