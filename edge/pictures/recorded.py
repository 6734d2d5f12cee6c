"""What a record says of kept pictures: their hashes as they lie on the disk, and as they are once open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from edge.faults.fault import FaultError
from edge.journal import reader as journal
from edge.pictures.kept import EVIDENCE, KEPT, REMOVED

_SQLITE: Final = b"SQLite format 3\0"


class _Said(msgspec.Struct, frozen=True):
    files: dict[str, str] = {}
    opened: dict[str, str] = {}


class _Printed(msgspec.Struct, frozen=True):
    """A line that `cabinguard events --json` printed."""

    kind: str
    name: str
    incident: int
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Recorded:
    """By incident and name. A picture may belong to two incidents, then it is sealed twice."""

    def __init__(self) -> None:
        self._files: dict[int, dict[str, tuple[str, str]]] = {}

    def add(self, kind: str, name: str, incident: int, data: bytes) -> None:
        """A line of the record; others than those about pictures say nothing here. `msgspec.DecodeError`."""
        if kind != EVIDENCE:
            return
        if name == KEPT:
            said = msgspec.json.decode(data, type=_Said)
            mine = self._files.setdefault(incident, {})
            mine.update({one: (digest, said.opened.get(one, "")) for one, digest in said.files.items()})
        elif name == REMOVED:
            self._files.pop(incident, None)

    def names(self, incident: int) -> tuple[str, ...]:
        """Which pictures the incident has to have."""
        return tuple(self._files.get(incident, ()))

    def digests(self, name: str) -> dict[str, str]:
        """For each recorded file of this name: its hash, and the one that it has once it is open."""
        return dict(mine[name] for mine in self._files.values() if name in mine)


def said_in_record(path: Path) -> Recorded:
    """From a record, or from a file of what `cabinguard events --json` printed. FaultError."""
    recorded = Recorded()
    try:
        with path.open("rb") as file:
            is_record = file.read(len(_SQLITE)) == _SQLITE
        lines = _of_record(path) if is_record else _printed(path.read_bytes().splitlines())
        for kind, name, incident, data in lines:
            recorded.add(kind, name, incident, data)
    except OSError as error:
        raise FaultError("file_unusable", f"{path}: {error.strerror}") from error
    except msgspec.DecodeError:
        what = "neither a record nor what events --json printed"
        raise FaultError("file_unusable", f"{path}: {what}") from None
    return recorded


def _of_record(path: Path) -> Iterator[tuple[str, str, int, bytes]]:
    for line in journal.lines(path):
        yield line.kind, line.name, line.incident, line.data.encode()


def _printed(lines: Iterable[bytes]) -> Iterator[tuple[str, str, int, bytes]]:
    for line in lines:
        said = msgspec.json.decode(line, type=_Printed)
        yield said.kind, said.name, said.incident, bytes(said.data)
