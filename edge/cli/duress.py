"""`duress`: the control room's key, and what the sealed notes in a record say of each code that was typed.

Both belong to the control room's own machine. No kiosk can read its notes, and none has the private key.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from edge.cli.options import Commands
from edge.codes.note import Note, open_note
from edge.disk.files import write_new
from edge.faults.fault import FaultError
from edge.journal import reader as journal
from edge.loop.typed import NAME
from edge.terms.printing import printable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_SQLITE: Final = b"SQLite format 3\0"


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "duress", help="the control room's key for notes on typed codes, and the notes"
    )
    more = parser.add_subparsers(title="more", metavar="WHAT", required=True)
    key = more.add_parser("key", help="make the control room's key, on its own machine")
    key.add_argument(
        "file", type=Path, metavar="FILE", help="where the private key is put; it never leaves there"
    )
    key.set_defaults(run=_key)
    notes = more.add_parser("notes", help="which codes were typed under duress")
    notes.add_argument("record", type=Path, metavar="FILE", help="a record, or what events --json printed")
    notes.add_argument("--key", type=Path, required=True, metavar="FILE", help="the private key")
    notes.add_argument("--json", action="store_true", help="one JSON object a code")
    notes.set_defaults(run=_notes)


def _key(args: argparse.Namespace) -> int:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path: Path = args.file
    private = X25519PrivateKey.generate()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        write_new(path, content)
    except OSError as error:
        raise FaultError("file_unusable", f"{path}: {error.strerror}") from error
    print(printable(f"{path}: the private key; it stays in the control room"), file=sys.stderr)
    print("for the kiosks' settings:", file=sys.stderr)
    print(f'[people]\ncontrol_room_key = "{private.public_key().public_bytes_raw().hex()}"')
    return 0


@dataclass(frozen=True, slots=True)
class _Typed:
    """A line of the record about a typed code. `note` as it is sealed."""

    at: str
    incident: int
    number: int
    note: str


class _Said(msgspec.Struct, frozen=True):
    number: int
    note: str


class _Printed(msgspec.Struct, frozen=True):
    """A line that `cabinguard events --json` printed."""

    at: str
    name: str
    incident: int
    data: msgspec.Raw = msgspec.Raw(b"{}")


def _notes(args: argparse.Namespace) -> int:
    """Exit code 1 where a note cannot be opened, or says another message than its line."""
    private = _private(args.key)
    odd, count = False, 0
    for count, typed in enumerate(_typed(args.record), 1):  # noqa: B007
        note = open_note(private, typed.note)
        fits = note is not None and (note.number, note.incident) == (typed.number, typed.incident)
        odd = odd or not fits
        said = _words(note) if fits else "not for this key, or changed"
        if args.json:
            forced = note.forced if note is not None and fits else None
            line = {"at": typed.at, "incident": typed.incident, "number": typed.number, "forced": forced}
            print(msgspec.json.encode(line).decode())
        else:
            print(printable(f"{typed.at}  incident {typed.incident}  #{typed.number}  {said}"))
    if not count:  # an empty list must not read as "nobody was forced"
        print(printable(f"{args.record}: no code of ours was typed in it"), file=sys.stderr)
    return 1 if odd else 0


def _words(note: Note | None) -> str:
    return "DURESS" if note is not None and note.forced else "typed, nobody forced"


def _private(path: Path) -> X25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise FaultError("file_unusable", f"{path}: {error.strerror}") from error
    except (ValueError, TypeError):
        raise FaultError("file_unusable", f"{path}: not a private key in PEM") from None
    if not isinstance(found, X25519PrivateKey):
        raise FaultError("file_unusable", f"{path}: not a key for X25519")
    return found


def _typed(path: Path) -> Iterator[_Typed]:
    """The lines about typed codes. FaultError: neither a record nor what was printed of one."""
    try:
        with path.open("rb") as file:
            begins = file.read(len(_SQLITE))
        if not begins.strip():
            raise FaultError("file_unusable", f"{path}: it is empty")
        is_record = begins == _SQLITE
        for line in _of_record(path) if is_record else _of_print(path):
            if line.name == NAME:
                said = msgspec.json.decode(line.data, type=_Said)
                yield _Typed(line.at, line.incident, said.number, said.note)
    except OSError as error:
        raise FaultError("file_unusable", f"{path}: {error.strerror}") from error
    except msgspec.DecodeError:
        raise FaultError(
            "file_unusable", f"{path}: neither a record nor what events --json printed"
        ) from None


def _of_record(path: Path) -> Iterator[_Printed]:
    for line in journal.lines(path):
        at = datetime.fromtimestamp(line.wall_s, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        yield _Printed(at, line.name, line.incident, msgspec.Raw(line.data.encode()))


def _of_print(path: Path) -> Iterator[_Printed]:
    for line in path.read_bytes().splitlines():
        yield msgspec.json.decode(line, type=_Printed)
