"""Proves what became of every picture that the record knows: it is there, or a recorded rule removed it.

Finds what was taken away without a line, what was changed, what the record does not know, and a removal whose
line does not fit what had been kept.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from edge.pictures import about, files, holds, removing
from edge.pictures.check import Said
from edge.pictures.kept import EVIDENCE, KEPT, REMOVED
from edge.pictures.removing import file_hash, list_hash
from edge.pictures.store import DATED
from edge.terms.hold import FREED, HELD

FRESH_S: Final = 60.0
"""So old a picture of a running kiosk may be before the record has to know it: it is told all 5 s."""

_FOLDER: Final = re.compile(r"[1-9][0-9]{0,11}")
_OWN: Final = frozenset({about.NAME, removing.NAME, DATED})
"""The kiosk's own notes beside an incident's pictures."""


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
    """How many pictures are there as recorded, held, and gone by a recorded rule; and what is wrong.

    `keys` are the wrapped keys that are there as recorded; `fresh` files of a running kiosk are too young to
    be in the record already.
    """

    there: int
    held: int
    removed: int
    keys: int
    fresh: int
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

    def __init__(self, running_wall_s: float | None) -> None:
        self._running_wall_s = running_wall_s
        self._fresh = 0
        self._cut = False
        self.known: dict[int, _Incident] = {}
        self.findings: list[Finding] = []
        self.by_rule: dict[str, int] = {}

    def take(self, line: Said) -> None:
        self._cut = self._cut or (line.kind, line.name) == ("note", "record_pruned")
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
        there = held = keys = 0
        for number, incident in sorted(self.known.items()):
            good = [
                name
                for name, wanted in sorted(incident.files.items())
                if self._is_there(folder / str(number) / name, number, name, wanted)
            ]
            pictures = sum(map(files.is_picture, good))
            there += pictures
            keys += len(good) - pictures
            held += pictures if incident.held else 0
        self._strangers(folder)
        gone, found = sum(self.by_rule.values()), tuple(self.findings)
        return Proof(there, held, gone, keys, self._fresh, self.by_rule, found)

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
        self.by_rule[gone.reason] = self.by_rule.get(gone.reason, 0) + sum(
            map(files.is_picture, incident.files)
        )
        incident.files = {}

    def _is_there(self, path: Path, number: int, name: str, wanted: str) -> bool:
        try:
            odd = path.is_symlink() or (path.exists() and not path.is_file())
            found = "" if odd else file_hash(path)
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
        """All that lies there and that no line knows, whatever it is and wherever."""
        for path in self._inside(0, folder):
            if path.name == holds.NAME or _is_part(path):
                continue
            if not _FOLDER.fullmatch(path.name) or path.is_symlink() or not path.is_dir():
                self._find(0, path.name, Wrong.UNKNOWN, "it is no folder of an incident")
                continue
            number = int(path.name)
            known = self.known.get(number, _Incident()).files
            for one in self._inside(number, path):
                if one.name not in known:
                    self._stranger(number, one)

    def _inside(self, number: int, folder: Path) -> tuple[Path, ...]:
        try:
            return tuple(sorted(folder.iterdir()))
        except FileNotFoundError:
            return ()
        except OSError as error:
            self._find(number, "", Wrong.UNREADABLE, error.strerror or str(error))
            return ()

    def _stranger(self, number: int, path: Path) -> None:
        own = path.name in _OWN or _is_part(path)
        kept = files.PICTURE_NAME.fullmatch(path.name) or files.KEY_NAME.fullmatch(path.name)
        if path.is_symlink() or not path.is_file() or not (own or kept):
            self._find(number, path.name, Wrong.UNKNOWN, "the record does not know it")
        elif kept and self._is_fresh(path):
            self._fresh += 1
        elif kept:
            cut = self._cut and number < min(self.known, default=number + 1)
            more = ", or not any more: its first lines went by age or size" if cut else ""
            self._find(number, path.name, Wrong.UNKNOWN, f"the record does not know it{more}")

    def _is_fresh(self, path: Path) -> bool:
        if self._running_wall_s is None:
            return False
        with contextlib.suppress(OSError):
            return abs(path.lstat().st_mtime - self._running_wall_s) <= FRESH_S
        return False


def _is_part(path: Path) -> bool:
    """A file that a power cut left half written; the next start removes it."""
    return path.name.startswith(".") and path.suffix == ".part" and not path.is_symlink()


def prove(folder: Path, lines: Iterable[Said], running_wall_s: float | None = None) -> Proof:
    """Compare the pictures in `folder` with all lines of a record, oldest first.

    `running_wall_s`: the time of day (UTC seconds) where a kiosk runs and may just have written a picture.
    """
    prover = _Prover(running_wall_s)
    for line in lines:
        prover.take(line)
    return prover.look(folder)
