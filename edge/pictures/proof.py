"""Proves what became of every picture that the record knows: it is there, or a recorded rule removed it.

Finds what was taken away without a line, what was changed, what the record does not know, and a removal whose
line does not fit what had been kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec

from edge.pictures import files
from edge.pictures.check import Said
from edge.pictures.kept import EVIDENCE, KEPT, REMOVED
from edge.pictures.removing import file_hash, kept_files, list_hash
from edge.terms.hold import FREED, HELD


class Wrong(StrEnum):
    """What can be wrong with a picture, or with what the record says of it."""

    MISSING = "missing"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    REMOVED_HELD = "removed_held"
    LIST_DIFFERS = "list_differs"
    LINE_ODD = "line_odd"


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` is wrong with `name` (empty: with all) of an incident; `detail` in plain English."""

    incident: int
    name: str
    what: Wrong
    detail: str


@dataclass(frozen=True, slots=True)
class Proof:
    """How many pictures are there as recorded, held, and gone by a recorded rule; and what is wrong."""

    there: int
    held: int
    removed: int
    by_rule: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return not self.findings


class _Kept(msgspec.Struct, frozen=True):
    files: dict[str, str]
    keys: dict[str, str] = {}


class _Removed(msgspec.Struct, frozen=True):
    reason: str
    count: int = 0
    sha256: str = ""


@dataclass(slots=True)
class _Incident:
    files: dict[str, str] = field(default_factory=dict)
    held: bool = False


class _Prover:
    """Takes the record's lines, oldest first, then looks at the folder."""

    def __init__(self) -> None:
        self.known: dict[int, _Incident] = {}
        self.findings: list[Finding] = []
        self.by_rule: dict[str, int] = {}

    def take(self, line: Said) -> None:
        if line.name in (HELD, FREED) and line.kind == "event":
            self._of(line.incident).held = line.name == HELD
        if line.kind != EVIDENCE:
            return
        incident = self._of(line.incident)
        try:
            if line.name == KEPT:
                kept = msgspec.json.decode(line.data, type=_Kept)
                incident.files |= kept.files | kept.keys
            elif line.name == REMOVED:
                self._removal(line.incident, incident, msgspec.json.decode(line.data, type=_Removed))
        except msgspec.DecodeError:
            self._find(line.incident, "", Wrong.LINE_ODD, "what the record says of it makes no sense")

    def look(self, folder: Path) -> Proof:
        there = held = 0
        for number, incident in sorted(self.known.items()):
            good = sum(
                self._is_there(folder / str(number) / name, number, name, wanted)
                for name, wanted in sorted(incident.files.items())
            )
            there += good
            held += good if incident.held else 0
        self._strangers(folder)
        return Proof(there, held, sum(self.by_rule.values()), self.by_rule, tuple(self.findings))

    def _of(self, incident: int) -> _Incident:
        return self.known.setdefault(incident, _Incident())

    def _find(self, incident: int, name: str, what: Wrong, detail: str) -> None:
        self.findings.append(Finding(incident, name, what, detail))

    def _removal(self, number: int, incident: _Incident, gone: _Removed) -> None:
        """Whether a removal fits what had been kept, and no hold forbade it."""
        if not incident.files:  # told twice over a power cut, or its lines were cut from the record
            return
        if incident.held:
            self._find(number, "", Wrong.REMOVED_HELD, f"removed ({gone.reason}) while it was held")
        if gone.sha256 and gone.sha256 != list_hash(incident.files.items()):
            kept = len(incident.files)
            detail = f"{gone.count} files were removed ({gone.reason}) that are not the {kept} that were kept"
            self._find(number, "", Wrong.LIST_DIFFERS, detail)
        self.by_rule[gone.reason] = self.by_rule.get(gone.reason, 0) + len(incident.files)
        incident.files = {}

    def _is_there(self, path: Path, number: int, name: str, wanted: str) -> bool:
        try:
            found = file_hash(path)
        except (FileNotFoundError, NotADirectoryError):
            self._find(number, name, Wrong.MISSING, "taken away, and no line says so")
        except OSError as error:
            self._find(number, name, Wrong.UNREADABLE, error.strerror or str(error))
        else:
            if found == wanted:
                return True
            self._find(number, name, Wrong.CHANGED, "it is not what was kept")
        return False

    def _strangers(self, folder: Path) -> None:
        """Files that no line knows, of incidents that the record knows; the newest may still run."""
        newest = max(self.known, default=0)
        with contextlib.suppress(FileNotFoundError):
            for number, one in files.incident_folders(folder):
                if number not in self.known or number == newest:
                    continue
                with contextlib.suppress(OSError):
                    for path in kept_files(one):
                        if path.name not in self.known[number].files:
                            self._find(number, path.name, Wrong.UNKNOWN, "the record does not know it")


def prove(folder: Path, lines: Iterable[Said]) -> Proof:
    """Compare the pictures in `folder` with all lines of a record, oldest first."""
    prover = _Prover()
    for line in lines:
        prover.take(line)
    return prover.look(folder)
