"""A secret key of the bank in a file, as `age-keygen` and `cabinguard evidence keys` write it.

The file may itself be sealed with a passphrase (`age -p`), as a key at rest should be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.pictures import age

_BYTES: Final = 65536


@dataclass(frozen=True, slots=True)
class SecretKey:
    """One secret key; it shows in no repr. `name` is for messages: the file that it came from."""

    name: str
    secret: str = field(repr=False)


def read_secret_key(path: Path, passphrase: Callable[[], str]) -> SecretKey:
    """The one key of a file. FaultError (`file_unusable`), or `BadKeyError` with the reason."""
    try:
        with path.open("rb") as file:
            content = file.read(_BYTES + 1)
    except OSError as error:
        raise FaultError("file_unusable", f"{path}: {error.strerror}") from error
    if len(content) > _BYTES:
        raise age.BadKeyError("it is too long for a key")
    if content.startswith((age.MAGIC, age.ARMOR)):
        try:
            content = age.unseal_by_words(content, passphrase())
        except age.WrongKeyError:
            raise age.BadKeyError("the passphrase is wrong") from None
        except age.DamagedError:
            raise age.BadKeyError("it is sealed and damaged, or the passphrase is wrong") from None
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise age.BadKeyError("it is no text") from None
    keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not keys:
        raise age.BadKeyError("there is no key in it")
    if len(keys) > 1:
        raise age.BadKeyError("there is more than one key in it; each is given by its own --key")
    if keys[0].startswith(age.PUBLIC):
        raise age.BadKeyError("it is the public key, which only seals")
    age.public_of(keys[0])
    return SecretKey(path.name, keys[0])
