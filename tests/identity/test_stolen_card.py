"""The card of the Pi is stolen, without the key: nothing on it says who is enrolled."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import numpy as np

from edge.identity.key import GalleryKey, KeyRing
from tests.identity.needles import found_in, needles
from tests.identity.people import CONSENT, card, enrolled_in, register, ring, taken


def test_a_card_without_its_key_says_nothing_of_anybody(tmp_path: Path) -> None:
    """Through enrolment with pictures, renewal, removal, a rotation and a file that was set aside."""
    data = tmp_path / "data"
    pictures = tuple(b"\xff\xd8" + np.random.default_rng(n).bytes(5000) for n in range(2))
    folder, people = enrolled_in(data, 1, 2, 3)
    new = KeyRing(GalleryKey(os.urandom(32)))
    with folder.writing():
        book = register(folder)
        people.append(book.enrol(card(4), taken(4, pictures), CONSENT))
        people.append(book.renew(people[0], taken(9), CONSENT))
        book.remove([people[1].number])
        book.rotate(new.current)
        folder.copy_aside()
    words = needles(people, pictures, [new.current.raw, ring().current.raw])
    assert len(words) > 500
    assert found_in(data, words) == []
    (tmp_path / "data" / "plain").write_text(f"something of {card(1).name}\n")
    assert found_in(data, words), "the search itself finds what is there"


def test_what_is_sealed_looks_like_noise(tmp_path: Path) -> None:
    """No structure is left to learn from: it does not pack, and every byte comes equally often."""
    folder, _ = enrolled_in(tmp_path, *range(1, 14))
    content = folder.content()
    assert content is not None
    sealed = content[content.index(b"\n") + 1 :]
    assert len(zlib.compress(sealed, 9)) > 0.999 * len(sealed)
    counts = np.bincount(np.frombuffer(sealed, np.uint8), minlength=256)
    expected = len(sealed) / 256
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    assert chi_square < 255 + 6 * (2 * 255) ** 0.5, "six deviations: of noise, one run of a billion"


def test_the_same_person_twice_leaves_nothing_alike(tmp_path: Path) -> None:
    """Two sites, or two writes: equal people do not make equal blocks, which would link them."""
    first, _ = enrolled_in(tmp_path / "a", 1)
    second, _ = enrolled_in(tmp_path / "b", 1)
    one, other = first.read(ring()).blocks[1].sealed, second.read(ring()).blocks[1].sealed
    assert not {one[at : at + 8] for at in range(0, len(one), 8)} & {
        other[at : at + 8] for at in range(0, len(other), 8)
    }
