"""The gallery on the disk: one file that is whole or the one before, through any power cut.

    gallery/people      the gallery (`sealed`)
    gallery/numbers     numbers that only go up, and those that were removed: no name, no card, nothing sealed
    gallery/pictures/   where it was asked for: a sealed file a person, under a random name
    gallery/lock        one writer at a time
    gallery/people.aside-N      one that could not be read, as it was found

`numbers` is what outlives the gallery: a number that was given is never given again, an older copy of the
gallery is noticed, and who was removed does not come back with it. Anybody who can turn back the whole card
can turn back both; the kiosk's own record then still says how far it was.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from edge.disk.files import sync, write_whole
from edge.faults.fault import FaultError
from edge.identity.key import KeyRing
from edge.identity.sealed import EMPTY, Contents, Damaged, OtherKey, OtherVersion, decode

FOLDER: Final = "gallery"
"""Beside the record."""

PEOPLE: Final = "people"
NUMBERS: Final = "numbers"
PICTURES: Final = "pictures"
_LOCK: Final = "lock"
_LARGEST_BYTES: Final = 256_000_000
_ASIDE: Final = f"{PEOPLE}.aside-"

UNREADABLE: Final = frozenset({"gallery_damaged", "gallery_version"})
"""No key and no time makes such a file good."""


class Numbers(msgspec.Struct, frozen=True):
    """What only goes up, and the persons that were removed."""

    next_person: int = 1
    generation: int = 0
    done: int = 0
    removed: tuple[int, ...] = ()

    def at_least(self, other: Numbers) -> Numbers:
        """With numbers that somebody else remembers: the higher of each."""
        return msgspec.structs.replace(
            self,
            next_person=max(self.next_person, other.next_person),
            done=max(self.done, other.done),
        )


class GalleryFolder:
    """The files of one gallery. Reading takes as long as the disk does."""

    def __init__(self, data: Path) -> None:
        self.path: Final = data / FOLDER

    # --- reading -----------------------------------------------------------------------------------

    def stamp(self) -> tuple[tuple[int, int, int], ...]:
        """Changes with every change of the gallery; cheap. A file that is not there has zeros."""
        found = []
        for name in (PEOPLE, NUMBERS):
            try:
                is_now = (self.path / name).stat()
            except OSError:
                found.append((0, 0, 0))
            else:
                found.append((is_now.st_ino, is_now.st_mtime_ns, is_now.st_size))
        return tuple(found)

    def numbers(self) -> Numbers:
        """Those of nobody where there are none yet. FaultError: they cannot be read."""
        try:
            return msgspec.json.decode((self.path / NUMBERS).read_bytes(), type=Numbers)
        except FileNotFoundError:
            return Numbers()
        except OSError as error:
            raise FaultError("gallery_unreadable", f"{error.filename}: {error.strerror}") from error
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise FaultError("gallery_damaged", f"{self.path / NUMBERS} is none of its files") from None

    def read(self, ring: KeyRing) -> Contents:
        """Everybody that is enrolled, less those whose removal was begun. FaultError says why not."""
        numbers = self.numbers()
        content = self.content()
        if content is None:
            if numbers.generation:
                raise FaultError("gallery_older", f"{self.path / PEOPLE} is gone")
            return EMPTY
        contents = self.opened(content, ring)
        if contents.generation < numbers.generation:
            told = f"it was written {contents.generation} times; the newest was {numbers.generation}"
            raise FaultError("gallery_older", told)
        return without(contents, numbers.removed)

    def content(self) -> bytes | None:
        """The gallery's file, None where there is none. FaultError: it cannot be read."""
        try:
            with (self.path / PEOPLE).open("rb") as file:
                return file.read(_LARGEST_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FaultError("gallery_unreadable", f"{error.filename}: {error.strerror}") from error

    def opened(self, content: bytes, ring: KeyRing) -> Contents:
        """What a gallery's file holds. FaultError: it is damaged, of another version or of another key."""
        try:
            return decode(content, ring)
        except OtherVersion as error:
            raise FaultError("gallery_version", str(error)) from None
        except OtherKey as error:
            detail = f"it was sealed with key {error}; at hand is {', '.join(ring.names)}"
            raise FaultError("gallery_key_wrong", detail) from None
        except Damaged as error:
            raise FaultError("gallery_damaged", str(error)) from None

    # --- writing -----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One writer at a time. FaultError `gallery_busy` where there is one; OSError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            raise FaultError("gallery_busy", str(self.path)) from None
        try:
            yield
        finally:
            os.close(held)

    def write(self, content: bytes) -> None:
        write_whole(self.path / PEOPLE, content)

    def write_numbers(self, numbers: Numbers) -> None:
        write_whole(self.path / NUMBERS, msgspec.json.encode(numbers) + b"\n")

    def set_aside(self, ring: KeyRing) -> None:
        """Rename a gallery that cannot be read, so that nothing is lost; not one put right meanwhile.

        `FaultError` `gallery_busy`, OSError.
        """
        with self.writing():
            content = self.content()
            try:
                self.opened(content or b"", ring)
            except FaultError as error:
                if content is not None and error.code in UNREADABLE:
                    (self.path / PEOPLE).rename(self._aside())
                    sync(self.path)

    def copy_aside(self) -> None:
        """The file that is about to be replaced stays under another name. OSError."""
        with contextlib.suppress(FileNotFoundError):
            os.link(self.path / PEOPLE, self._aside())
            sync(self.path)

    def _aside(self) -> Path:
        taken = {one.name for one in self.path.iterdir()}
        return self.path / next(name for n in itertools.count(1) if (name := f"{_ASIDE}{n}") not in taken)

    def drop_aside(self) -> int:
        """Remove what was set aside; how many files. OSError."""
        found = [one for one in self.path.iterdir() if one.name.startswith(_ASIDE)]
        for one in found:
            one.unlink()
        if found:
            sync(self.path)
        return len(found)

    # --- pictures ----------------------------------------------------------------------------------

    def keep_pictures(self, sealed: bytes) -> str:
        """Under a random name, which is returned. OSError."""
        folder = self.path / PICTURES
        folder.mkdir(mode=0o700, exist_ok=True)
        name = secrets.token_hex(16)
        write_whole(folder / name, sealed)
        return name

    def pictures(self, name: str) -> bytes | None:
        try:
            return (self.path / PICTURES / Path(name).name).read_bytes()
        except OSError:
            return None

    def tidy_pictures(self, wanted: frozenset[str]) -> int:
        """Remove every file of pictures that belongs to nobody; how many. OSError."""
        folder, gone = self.path / PICTURES, 0
        if not folder.is_dir():
            return 0
        for one in folder.iterdir():
            if one.name not in wanted:
                one.unlink()
                gone += 1
        if gone:
            sync(folder)
        return gone


def without(contents: Contents, removed: tuple[int, ...]) -> Contents:
    """Those who are left."""
    gone = frozenset(removed)
    if gone.isdisjoint(contents.blocks):
        return contents
    left = {number: block for number, block in contents.blocks.items() if number not in gone}
    return replace(contents, blocks=left)
