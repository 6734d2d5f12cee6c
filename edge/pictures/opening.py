"""Opens sealed pictures on the bank's machine, each whole or not at all, and compares them with the record.

Works on a copy of the folder `evidence`, of one incident's, or on one file; it needs no kiosk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from edge.disk.files import make_private_folder, put_whole
from edge.pictures import age, files
from edge.pictures.recorded import Recorded
from edge.pictures.secret_keys import SecretKey

_BYTES: Final = 64_000_000
"""A larger file is no picture of a kiosk."""

_JPEG: Final = b"\xff\xd8\xff"
_HEADER_END: Final = b"\n--- "
_LONGEST_HEADER: Final = 16384
"""Each key of a header costs the opener time before anything is proven: a stranger's may have thousands."""

_SHORTEST: Final = 44 + 16 + 16
"""What an age file has at least behind the beginning of its header's last line: the line, a nonce, a tag."""


class What(StrEnum):
    """What can be wrong with one file, in words for anyone who opens it."""

    WRONG_KEY = "none of the keys given opens it"
    ONE_MISSING = "two of the bank's keys are needed together, and one is missing"
    DAMAGED = "it is damaged or was cut short"
    CUT_SHORT = "it was cut short"
    NOT_SEALED = "it is not sealed"
    NO_PICTURE = "it opens, and is no picture"
    KEY_DAMAGED = "both copies of a wrapped key are damaged"
    CHANGED = "it is not the file that the record names"
    OPENED_CHANGED = "it opens, and is not the picture that the record names"
    NOT_RECORDED = "the record does not name it"
    MISSING = "the record names it, and it is not there"
    UNREADABLE = "it cannot be read"
    UNWRITABLE = "the open picture cannot be written"
    EXISTS = "another file of this name is there already"


@dataclass(frozen=True, slots=True)
class Problem:
    """One file and what is wrong with it."""

    path: Path
    what: What
    detail: str = ""


@dataclass(slots=True)
class Opened:
    """What came of it: the open pictures, how many of them are as the record says, and all problems."""

    opened: list[Path] = field(default_factory=list)
    compared: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Unwrapped:
    """The secrets of an incident's own keys that two of the bank's opened."""

    secrets: list[str] = field(default_factory=list)
    found: int = 0
    half: bool = False
    pairs: set[str] = field(default_factory=set)


class _UnreadableError(Exception):
    pass


def open_all(what: Path, keys: Sequence[SecretKey], to: Path, said: Recorded | None = None) -> Opened:
    """Open a file, an incident's folder or all of them into `to`, which is made; nothing is overwritten.

    An incident's pictures go into a folder of its number there, a file of its own straight into `to`.
    `said` is what the record names (`edge.pictures.recorded`); without it nothing is compared.
    """
    opener = _Opener(keys, said)
    result = opener.result
    if what.is_dir():
        what = what.absolute()
        one = what.name.isascii() and what.name.isdigit()
        folders = [what] if one else [folder for _, folder in files.incident_folders(what)]
        for folder in folders or [what]:
            opener.open_folder(folder, to / folder.name if one or folders else to)
        if not result.opened and not result.problems:
            result.problems.append(Problem(what, What.MISSING, "no sealed picture in it"))
    else:
        opener.open_one(what, opener.unwrap(what.parent), to)
    return result


class _Opener:
    """Opens with these keys of the bank's, and compares with what the record names."""

    def __init__(self, keys: Sequence[SecretKey], said: Recorded | None) -> None:
        self._secrets = [key.secret for key in keys]
        self._said = said
        self.result = Opened()

    def open_folder(self, folder: Path, to: Path) -> None:
        unwrapped = self.unwrap(folder)
        try:
            there = sorted(path for path in folder.iterdir() if files.is_picture(path.name))
        except OSError as error:
            self._wrong(folder, What.UNREADABLE, error.strerror or "")
            return
        for path in there:
            self.open_one(path, unwrapped, to)
        if self._said is not None and folder.name.isascii() and folder.name.isdigit():
            names = {path.name for path in there}
            for name in self._said.names(int(folder.name)):
                if name not in names:
                    self._wrong(folder / name, What.MISSING)

    def open_one(self, path: Path, unwrapped: _Unwrapped, to: Path) -> None:
        found = self._checked(path, unwrapped)
        if isinstance(found, Problem):
            self.result.problems.append(found)
            return
        jpeg, recorded = found
        target = to / files.clear_name(path.name)
        try:
            make_private_folder(to)
            if target.exists() or target.is_symlink():
                if target.is_symlink() or target.read_bytes() != jpeg:
                    self._wrong(target, What.EXISTS)
                    return
            else:
                put_whole(target, jpeg)
        except OSError as error:
            self._wrong(target, What.UNWRITABLE, error.strerror or "")
            return
        self.result.opened.append(target)
        self.result.compared += recorded
        if self._said is not None and not recorded:
            self._wrong(path, What.NOT_RECORDED)

    def unwrap(self, folder: Path) -> _Unwrapped:
        """The incident's own keys, as far as the bank's open them."""
        unwrapped = _Unwrapped()
        damaged: dict[str, list[Path]] = {}
        whole: set[str] = set()
        for path in _wraps(folder):
            stem = path.name.removesuffix(f".key{files.SEALED}")
            wrap, pair = stem[:-2], stem[15:-2]
            unwrapped.found += 1
            unwrapped.pairs.add(pair)
            try:
                outer = age.unseal(_read(path), self._secrets)
            except age.WrongKeyError:
                whole.add(wrap)
                continue
            except (age.DamagedError, _UnreadableError):
                damaged.setdefault(wrap, []).append(path)
                continue
            try:
                secret = age.unseal(outer, self._secrets).decode("ascii", "replace").strip()
                age.public_of(secret)
            except age.WrongKeyError:
                whole.add(wrap)
                unwrapped.half = True
            except (age.DamagedError, age.BadKeyError):
                damaged.setdefault(wrap, []).append(path)
            else:
                whole.add(wrap)
                unwrapped.secrets.append(secret)
        for wrap, paths in damaged.items():
            if wrap not in whole:
                self._wrong(paths[0], What.KEY_DAMAGED)
        return unwrapped

    def _wrong(self, path: Path, what: What, detail: str = "") -> None:
        self.result.problems.append(Problem(path, what, detail))

    def _checked(self, path: Path, unwrapped: _Unwrapped) -> tuple[bytes, bool] | Problem:
        """The open picture, and whether the record names it; or what is wrong."""
        try:
            content = _read(path)
        except _UnreadableError as error:
            return Problem(path, What.UNREADABLE, str(error))
        if content.startswith(_JPEG):
            return Problem(path, What.NOT_SEALED)
        opened = self._unsealed(path, content, unwrapped)
        if isinstance(opened, Problem):
            return opened
        digests = {} if self._said is None else self._said.digests(path.name)
        if digests:
            named = hashlib.sha256(content).hexdigest()
            if named not in digests:
                return Problem(path, What.CHANGED)
            if digests[named] not in ("", hashlib.sha256(opened).hexdigest()):
                return Problem(path, What.OPENED_CHANGED)
        if not opened.startswith(_JPEG):
            return Problem(path, What.NO_PICTURE)
        return opened, bool(digests)

    def _unsealed(self, path: Path, content: bytes, unwrapped: _Unwrapped) -> bytes | Problem:
        if not content.startswith(age.MAGIC):
            return Problem(path, What.CUT_SHORT if age.MAGIC.startswith(content) else What.NOT_SEALED)
        end = content.find(_HEADER_END)
        if end > _LONGEST_HEADER or (end < 0 and len(content) > _LONGEST_HEADER):
            return Problem(path, What.DAMAGED, "its header is longer than any kiosk's")
        if end < 0 or len(content) - end < _SHORTEST:
            return Problem(path, What.CUT_SHORT)
        try:
            return age.unseal(content, [*self._secrets, *unwrapped.secrets])
        except age.WrongKeyError:
            if unwrapped.found and not unwrapped.secrets and (unwrapped.half or len(self._secrets) == 1):
                return Problem(path, What.ONE_MISSING, f"any of {', '.join(sorted(unwrapped.pairs))}")
            return Problem(path, What.WRONG_KEY, "" if unwrapped.found else _alone(path))
        except age.DamagedError:
            return Problem(path, What.DAMAGED)


def _alone(path: Path) -> str:
    """A picture that needs two keys has their wrapped ones beside it."""
    return "" if any(_wraps(path.parent)) else "if it takes two: no wrapped key lies beside it"


def _wraps(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(path for path in folder.iterdir() if files.KEY_NAME.fullmatch(path.name))
    except OSError:
        return


def _read(path: Path) -> bytes:
    if path.is_symlink():
        raise _UnreadableError("it is a link")
    try:
        with path.open("rb") as file:
            content = file.read(_BYTES + 1)
    except OSError as error:
        raise _UnreadableError(error.strerror or "") from None
    if len(content) > _BYTES:
        raise _UnreadableError("it is too large for a picture")
    return content
