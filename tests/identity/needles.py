"""What a thief would look for on a card, in every form in which it could lie there."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.identity.person import Person

_RUN_BYTES = 12
"""Of a template or a picture: so many bytes in a row are no chance."""

_HEAD_BYTES = 8

_PART = 7
"""Of a telephone number: the last digits."""


def needles(
    people: Sequence[Person], pictures: Sequence[bytes] = (), keys: Sequence[bytes] = ()
) -> set[bytes]:
    """Names and their parts, cards, telephones, templates, pictures, keys; plain, as UTF-16, hex, base64."""
    words: set[bytes] = set()
    for person in people:
        texts = [person.name, *person.name.split(), person.token, person.phone, person.phone[-_PART:]]
        for text in texts:
            words |= {
                text.encode(),
                text.lower().encode(),
                text.encode("utf-16-le"),
                text.encode().hex().encode(),
            }
        for sample in person.samples:
            words |= set(_runs(sample.numbers))
    for content in (*pictures, *keys):
        words |= set(_runs(content))
    return words


def _runs(content: bytes) -> Iterator[bytes]:
    """Pieces of it, and what base64 and hex make of them whatever they begin with."""
    for at in range(0, min(len(content), 400) - _RUN_BYTES + 1, _RUN_BYTES):
        piece = content[at : at + _RUN_BYTES]
        yield piece
        yield piece.hex().encode()
        for shift in range(3):
            coded = base64.b64encode(bytes(shift) + piece)
            yield coded[4 if shift else 0 : 16]


def found_in(folder: Path, words: set[bytes]) -> list[str]:
    """Every file, by name too, that holds one of them."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder)).encode()
        content = name + b"\n" + (path.read_bytes() if path.is_file() else b"")
        found += [f"{path.name}: {word!r}" for word in held_by(content, words)]
    return found


def held_by(content: bytes, words: set[bytes]) -> list[bytes]:
    """Those of the words that stand in the content. By their first eight bytes all at once, for speed."""
    found = [word for word in words if len(word) < _HEAD_BYTES and word in content]
    long = [word for word in words if len(word) >= _HEAD_BYTES]
    if len(content) < _HEAD_BYTES or not long:
        return found
    heads = np.frombuffer(b"".join(word[:_HEAD_BYTES] for word in long), np.uint64)
    places: NDArray[np.uint64] = np.ndarray(
        (len(content) - _HEAD_BYTES + 1,), np.uint64, content, strides=(1,)
    )
    there = set(places[np.isin(places, heads)].tolist())
    return found + [
        word for word, head in zip(long, heads.tolist(), strict=True) if head in there and word in content
    ]
