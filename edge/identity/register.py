"""Changes of the gallery: enrol, renew, remove, note an export, change the key, take up a backup.

Each is one write of the file: a power cut leaves what was there before or all of the change. What nobody
changed keeps its sealed bytes. A number is on the disk as given before the person who gets it is, and a
removed one as removed before the file without it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import msgspec

from edge.faults.fault import FaultError
from edge.identity.key import GalleryKey, KeyRing, new_key
from edge.identity.person import Act, Consent, Done, Person, Pictures, Sample
from edge.identity.sealed import (
    Block,
    Contents,
    Damaged,
    encode,
    seal,
    seal_person,
    unseal,
)
from edge.identity.store import UNREADABLE, GalleryFolder, Numbers, without
from edge.words.language import LanguageName

_NONE: Final = Numbers()
_PICTURES: Final = b"cabinguard-gallery pictures"


@dataclass(frozen=True, slots=True)
class Taken:
    """What an enrolment took: templates, the network that made them, and pictures to keep, as JPEG files."""

    network: str
    samples: tuple[Sample, ...]
    pictures: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Card:
    """Whose card, and where its codes go."""

    name: str = field(repr=False)
    token: str = field(repr=False)
    phone: str = field(repr=False)
    language: LanguageName


@dataclass(frozen=True, slots=True)
class Restorer:
    """Who takes up a backup, when, and what the kiosk's record knows of the numbers."""

    user: str
    now_s: float
    least: Numbers = _NONE


class Register:
    """Use it inside `GalleryFolder.writing`. `by` is a user of this machine. Raises `FaultError`, OSError.

    `least`: what the kiosk's record knows of the numbers, where the gallery's whole folder was lost.
    """

    def __init__(
        self,
        folder: GalleryFolder,
        ring: KeyRing,
        by: str,
        now_s: Callable[[], float] | None = None,
        least: Numbers = _NONE,
    ) -> None:
        self._folder = folder
        self._ring = ring
        self._by = by
        self._now_s = now_s or (lambda: datetime.now(UTC).timestamp())
        self._contents = folder.read(ring)
        if self._contents.key != ring.current.name:  # a rotation of the key was cut off
            blocks = {person.number: seal_person(person, ring.current) for person in self._contents.people}
            self._contents = replace(self._contents, blocks=blocks)
        self._numbers = folder.numbers().at_least(least)

    @property
    def people(self) -> tuple[Person, ...]:
        return self._contents.people

    def enrol(self, card: Card, taken: Taken, consent: Consent) -> Person:
        """A new person, with a number that nobody had before."""
        number = max(self._contents.next_person, self._numbers.next_person)
        person = Person(
            number=number,
            name=card.name,
            token=card.token,
            phone=card.phone,
            language=card.language,
            network=taken.network,
            samples=taken.samples,
            consent=consent,
            enrolled_utc=self.now_utc(),
            pictures=self._kept(taken.pictures),
        )
        blocks = {**self._contents.blocks, number: seal_person(person, self._ring.current)}
        self._write(blocks, Act.ENROLLED, number, next_person=number + 1)
        return person

    def change(self, before: Person, card: Card) -> Person:
        """Another name, card, telephone or language; the templates stay."""
        person = msgspec.structs.replace(
            before, name=card.name, token=card.token, phone=card.phone, language=card.language
        )
        blocks = {**self._contents.blocks, person.number: seal_person(person, self._ring.current)}
        self._write(blocks, Act.CHANGED, person.number)
        return person

    def renew(self, before: Person, taken: Taken, consent: Consent) -> Person:
        """New templates in place of the old ones; number, card and day of enrolment stay."""
        person = msgspec.structs.replace(
            before,
            network=taken.network,
            samples=taken.samples,
            consent=consent,
            renewed_utc=self.now_utc(),
            pictures=self._kept(taken.pictures),
        )
        blocks = {**self._contents.blocks, person.number: seal_person(person, self._ring.current)}
        self._write(blocks, Act.RENEWED, person.number)
        return person

    def remove(self, numbers: Iterable[int]) -> None:
        """They are forgotten: templates, names, numbers, pictures. What stays is that, when and by whom.

        Galleries that were set aside go as well: they may hold the same people.
        """
        for number in sorted(numbers):
            blocks = {n: block for n, block in self._contents.blocks.items() if n != number}
            self._write(blocks, Act.REMOVED, number, removed=(*self._numbers.removed, number))
        self._folder.drop_aside()

    def note_export(self, person: Person) -> None:
        self._write(self._contents.blocks, Act.EXPORTED, person.number)

    def rotate(self, to: GalleryKey) -> None:
        """Seal everything again with another key. From here on the old one opens nothing of it."""
        blocks = {person.number: seal_person(person, to) for person in self.people}
        self._ring = KeyRing(to)
        self._write(blocks, Act.KEY_ROTATED, 0)

    def pictures(self, person: Person) -> tuple[bytes, ...]:
        """The pictures that were kept of them; none where none were, or their file is gone or damaged."""
        return kept_pictures(self._folder, person)

    def now_utc(self) -> str:
        return utc(self._now_s())

    def _kept(self, pictures: tuple[bytes, ...]) -> Pictures | None:
        """Seals pictures under a key of their own, which stands in the person's block alone."""
        if not pictures:
            return None
        key = new_key().raw
        return Pictures(
            self._folder.keep_pictures(seal(key, msgspec.msgpack.encode(pictures), _PICTURES)),
            key,
            len(pictures),
        )

    def _write(
        self,
        blocks: Mapping[int, Block],
        act: Act,
        person: int,
        *,
        next_person: int = 0,
        removed: tuple[int, ...] | None = None,
    ) -> None:
        before = self._contents
        numbers = msgspec.structs.replace(
            self._numbers,
            next_person=max(self._numbers.next_person, before.next_person, next_person),
            removed=self._numbers.removed if removed is None else removed,
        )
        if numbers != self._numbers:
            self._folder.write_numbers(numbers)
        done = Done(max(before.done_number, numbers.done) + 1, act, person, self.now_utc(), self._by)
        after = Contents(
            max(before.generation, numbers.generation) + 1, numbers.next_person, blocks, (*before.done, done)
        )
        self._folder.write(encode(after, self._ring.current))
        self._numbers = msgspec.structs.replace(numbers, generation=after.generation, done=done.number)
        self._folder.write_numbers(self._numbers)
        self._contents = after
        wanted = frozenset(p.pictures.file for p in after.people if p.pictures is not None)
        self._folder.tidy_pictures(wanted)


def restore(folder: GalleryFolder, backup: Contents, ring: KeyRing, by: Restorer) -> tuple[int, int]:
    """Take up a backup, or with an empty one begin again; how many are in it, how many it lost.

    Who was removed since stays removed, and numbers go on from the highest that was ever given. What
    lies there is set aside. Use it inside `GalleryFolder.writing`.
    """
    try:
        numbers = folder.numbers().at_least(by.least)
    except FaultError as error:
        if error.code not in UNREADABLE:
            raise
        numbers = by.least
    left = without(backup, numbers.removed)
    blocks = {person.number: seal_person(person, ring.current) for person in left.people}
    number = max(backup.done_number, numbers.done) + 1
    done = (*backup.done, Done(number, Act.RESTORED, 0, utc(by.now_s), by.user))
    after = Contents(
        max(backup.generation, numbers.generation) + 1,
        max(backup.next_person, numbers.next_person),
        blocks,
        done,
    )
    folder.copy_aside()
    folder.write(encode(after, ring.current))
    folder.write_numbers(
        msgspec.structs.replace(
            numbers, next_person=after.next_person, generation=after.generation, done=number
        )
    )
    return len(blocks), len(backup.blocks) - len(blocks)


def kept_pictures(folder: GalleryFolder, person: Person) -> tuple[bytes, ...]:
    kept = person.pictures
    sealed = None if kept is None else folder.pictures(kept.file)
    if kept is None or sealed is None:
        return ()
    try:
        return msgspec.msgpack.decode(unseal(kept.key, sealed, _PICTURES), type=tuple[bytes, ...])
    except (Damaged, msgspec.MsgspecError):
        return ()


def utc(wall_s: float) -> str:
    """ISO 8601, to the second."""
    return datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
