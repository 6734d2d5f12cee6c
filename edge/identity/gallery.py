"""Who is enrolled, for the running kiosk: a person is found by the card's token alone, never by a face."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import Final

from edge.identity.key import KeyRing
from edge.identity.person import Enrolled, enrolled
from edge.identity.sealed import Contents
from edge.identity.store import GalleryFolder

__all__ = ["NO_ONE", "Enrolled", "Gallery", "read_gallery"]


class Gallery:
    """Frozen. `find` does the same work for every token, enrolled or not, however many people there are.

    Tokens are kept as keyed hashes under a key of this process, so how long a look-up takes says nothing of
    what is in the gallery.
    """

    def __init__(self, people: Iterable[tuple[str, Enrolled]], besides: Iterable[int] = ()) -> None:
        """`besides`: numbers of people who are enrolled and cannot be compared."""
        self._salt = secrets.token_bytes(32)
        self._people = {self._hashed(token): person for token, person in people}
        self.persons: Final = frozenset(person.person for person in self._people.values()).union(besides)

    def __len__(self) -> int:
        return len(self._people)

    def find(self, token: str) -> Enrolled | None:
        """Whose card it is, None where nobody has enrolled with it."""
        return self._people.get(self._hashed(token))

    def _hashed(self, token: str) -> bytes:
        # A block of the hash is 128 bytes: every token that is taken at all fits into one.
        return hashlib.blake2b(token.encode("utf-8", "replace"), key=self._salt, digest_size=16).digest()


NO_ONE: Final = Gallery(())


def gallery_in(contents: Contents, network: str = "") -> Gallery:
    """Of the people whose templates this network made; an empty name takes all."""
    known = [person for person in contents.people if not network or person.network == network]
    numbers = (person.number for person in contents.people)
    return Gallery(((person.token, enrolled(person)) for person in known), numbers)


def read_gallery(folder: GalleryFolder, ring: KeyRing, network: str = "") -> Gallery:
    """Raises `FaultError` of the catalogue where there is a gallery that cannot be read."""
    return gallery_in(folder.read(ring), network)
