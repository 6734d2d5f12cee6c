"""Compares the kept pictures with what the record says of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from edge.faults.fault import FaultError
from edge.pictures.files import is_picture
from edge.pictures.kept import EVIDENCE, KEPT, KEYS, REMOVED


class Said(Protocol):
    """A line of the record."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def incident(self) -> int: ...
    @property
    def data(self) -> str: ...


def check_pictures(folder: Path, lines: Iterable[Said]) -> tuple[FaultError, ...]:
    """One `evidence_changed` for each picture missing or changed; `lines` of the record, oldest first."""
    expected: dict[int, dict[str, str]] = {}
    problems = []
    for line in lines:
        if line.kind != EVIDENCE:
            continue
        if line.name == KEPT:
            try:
                known = expected.get(line.incident, {})
                said = json.loads(line.data)
                # Without its wrapped keys nobody opens a sealed picture: they are looked for, too.
                expected[line.incident] = {**known, **said["files"], **said.get(KEYS, {})}
            except (ValueError, TypeError, LookupError):
                problems.append(f"{line.incident}: what the record says of its pictures makes no sense")
        elif line.name == REMOVED:
            expected.pop(line.incident, None)
    for incident, files in expected.items():
        if not (folder / str(incident)).is_dir():
            count = sum(map(is_picture, files))
            problems.append(f"{incident}: all {count} pictures are missing")
            continue
        for name, wanted in files.items():
            try:
                found = hashlib.sha256((folder / str(incident) / name).read_bytes()).hexdigest()
            except FileNotFoundError:
                problems.append(f"{incident}/{name} is missing")
            except OSError as error:
                problems.append(f"{incident}/{name} cannot be read ({error.strerror})")
            else:
                if found != wanted:
                    problems.append(f"{incident}/{name} was changed")
    return tuple(FaultError("evidence_changed", problem) for problem in problems)
