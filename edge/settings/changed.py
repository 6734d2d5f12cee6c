"""Which settings are other than at the start before: by name, and nothing that is kept gives a value away.

`settings-seen.json` beside the record has a mark of each setting: a keyed hash, under a key that is drawn
with the file. A number, or a flag that is switched, is told with its value. A text is not, since it may be a
telephone number, an address with a token in it or a name.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast

import msgspec

from edge.disk.files import write_whole
from edge.settings.schema import Settings

NAME: Final = "settings-seen.json"
_MARK_BYTES: Final = 16
_KEY_BYTES: Final = 32


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mark of each setting that was in effect. `key` is hexadecimal."""

    key: str
    marks: dict[str, str]


def look(settings: Settings, key: str = "") -> Seen:
    """The marks of these settings, under a fresh key where none is given."""
    key = key or secrets.token_hex(_KEY_BYTES)
    return Seen(key, {name: _mark(key, name, value) for name, value in _flat(settings)})


def changed(before: Seen, settings: Settings) -> tuple[str, ...]:
    """What is other than then, in the order of the settings: `flow.siren_s=90`, `people.watchman`.

    One that this version does not know any more, or knows newly, was not changed by anybody on the site.
    """
    now = look(settings, before.key).marks
    names = [name for name, mark in now.items() if before.marks.get(name, mark) != mark]
    values = dict(_flat(settings))
    return tuple(_said(name, values[name]) for name in names)


def read_seen(folder: Path) -> Seen | None:
    """None where none is kept, or nobody can read it: then nothing is known of before."""
    try:
        seen = msgspec.json.decode((folder / NAME).read_bytes(), type=Seen)
        return seen if len(bytes.fromhex(seen.key)) == _KEY_BYTES else None
    except (OSError, ValueError):  # msgspec's errors, and those of a key that is none, are ValueErrors
        return None


def keep_seen(folder: Path, seen: Seen) -> None:
    """On the disk when it returns; for the kiosk's own account alone. OSError."""
    write_whole(folder / NAME, msgspec.json.encode(seen))


def _flat(settings: Settings) -> Iterator[tuple[str, object]]:
    """Every setting by its name; a list is one, whatever it holds."""
    return _walk("", cast(dict[str, object], msgspec.to_builtins(settings)))


def _walk(prefix: str, table: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _walk(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", value


def _mark(key: str, name: str, value: object) -> str:
    said = msgspec.json.encode([name, value])
    return hashlib.blake2b(said, digest_size=_MARK_BYTES, key=bytes.fromhex(key)).hexdigest()


def _said(name: str, value: object) -> str:
    return f"{name}={str(value).lower()}" if isinstance(value, bool | int | float) else name
