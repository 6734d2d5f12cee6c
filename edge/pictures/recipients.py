"""Whom the pictures are sealed to: the public keys of the bank, by name.

The file is one that age itself takes (`age -R FILE`): a public key a line, and above each its name:

    # name: head-of-security
    age1...

The kiosk has no secret key: what it sealed it cannot read.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.pictures import age

MOST: Final = 8
"""So many keys at most: each costs a picture 100 bytes, each pair an incident a file."""

_NAMED: Final = re.compile(r"#\s*name:\s*(.*)")
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_FILE_BYTES: Final = 65536
_CODE: Final = "evidence_keys_unusable"


@dataclass(frozen=True)
class Recipients:
    """Public keys by name; `needs` of them together open a picture (1 or 2)."""

    keys: tuple[tuple[str, str], ...]
    needs: int = 1

    @cached_property
    def publics(self) -> tuple[str, ...]:
        return tuple(public for _, public in self.keys)

    @property
    def pairs(self) -> tuple[tuple[tuple[str, str], tuple[str, str]], ...]:
        """Each two of them, as (name, public key)."""
        return tuple(itertools.combinations(self.keys, 2))

    @cached_property
    def short(self) -> str:
        """What tells one list from another, in 12 letters: it stands in the record beside each picture."""
        said = "\n".join([str(self.needs), *sorted(self.publics)])
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    @property
    def words(self) -> str:
        """For technicians: how many open it, and who they are."""
        names = ", ".join(name for name, _ in self.keys)
        return f"{self.needs} of {len(self.keys)} ({names}), list {self.short}"


def read_recipients(path: Path, needs: int) -> Recipients:
    """The file's keys. Raises `FaultError` (`evidence_keys_unusable`), the line and the reason in it."""
    try:
        with path.open("rb") as file:
            content = file.read(_FILE_BYTES + 1)
        text = content.decode("utf-8")
    except OSError as error:
        raise FaultError(_CODE, f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FaultError(_CODE, f"{path}: it is no text") from error
    if len(content) > _FILE_BYTES:
        raise FaultError(_CODE, f"{path}: it is too long for a list of keys")
    try:
        return parse_recipients(text, needs)
    except ValueError as error:
        raise FaultError(_CODE, f"{path}: {error}") from None


def parse_recipients(text: str, needs: int) -> Recipients:
    """The keys in a text; ValueError with the line and the reason, and never a part of a secret key."""
    keys: dict[str, str] = {}
    name = ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        named = _NAMED.fullmatch(line)
        if named is not None:
            name = named[1].strip()
            if _NAME.fullmatch(name) is None:
                raise ValueError(f"line {number}: a name has 1 to 32 of a-z, 0-9 and - (not at its ends)")
            if name in keys:
                raise ValueError(f"line {number}: the name {name} is there twice")
        elif line and not line.startswith("#"):
            if line.upper().startswith(age.SECRET):
                raise ValueError(f"line {number}: a secret key; it must not be on a kiosk: make a new one")
            if not name:
                raise ValueError(f'line {number}: the line above a key must say its name ("# name: …")')
            try:
                public = age.whole_public(line)
            except age.BadKeyError:
                raise ValueError(f"line {number}: not a public key (age1…) of age, or mistyped") from None
            if public in keys.values():
                raise ValueError(f"line {number}: the key of {name} is there twice")
            keys[name] = public
            name = ""
    if name:
        raise ValueError(f"the name {name} has no key under it")
    if len(keys) < needs:
        raise ValueError(f"{len(keys)} keys, and evidence.open_needs = {needs}")
    if len(keys) > MOST:
        raise ValueError(f"{len(keys)} keys, {MOST} at most")
    return Recipients(tuple(keys.items()), needs)
