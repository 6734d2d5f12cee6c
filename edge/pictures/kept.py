"""What became of pictures, as the loop is reported it and the record says it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge.terms.record import Entry

EVIDENCE: Final = "evidence"
"""The kind of the record's lines about pictures."""

KEPT: Final = "pictures_kept"
REMOVED: Final = "pictures_removed"


@dataclass(frozen=True, slots=True)
class PicturesKept:
    """These pictures of an incident are on the disk; `files` is (name, SHA-256 in hexadecimal).

    `done` with the last answer to an order; `left_out` pictures had no room in the incident.
    """

    incident: int
    why: str
    files: tuple[tuple[str, str], ...]
    done: bool
    left_out: int = 0

    def entry(self) -> Entry:
        """For the record."""
        data = {"why": self.why, "files": dict(self.files), "done": self.done, "left_out": self.left_out}
        return Entry(EVIDENCE, KEPT, self.incident, json.dumps(data, separators=(",", ":")))


@dataclass(frozen=True, slots=True)
class PicturesRemoved:
    """All pictures of an incident are gone because of `reason`: `age`, `space`, or `restart` where that is
    not known any more."""

    incident: int
    reason: str

    def entry(self) -> Entry:
        """For the record."""
        data = {"reason": self.reason}
        return Entry(EVIDENCE, REMOVED, self.incident, json.dumps(data, separators=(",", ":")))


@dataclass(frozen=True, slots=True)
class EvidenceTrouble:
    """A fault of the catalogue began (`active`) or ended."""

    code: str
    detail: str
    active: bool


EvidenceAnswer = PicturesKept | PicturesRemoved | EvidenceTrouble


class Told:
    """The answers that wait for the loop, from any thread; a trouble is reported once when it begins and
    ends."""

    def __init__(self, on_answer: Callable[[], None]) -> None:
        self._on_answer = on_answer
        self._lock = threading.Lock()
        self._answers: list[EvidenceAnswer] = []
        self._troubles: dict[str, str] = {}

    def add(self, answer: EvidenceAnswer) -> None:
        with self._lock:
            self._answers.append(answer)
        self._on_answer()

    def take(self) -> tuple[EvidenceAnswer, ...]:
        """All since the last call."""
        with self._lock:
            taken, self._answers = tuple(self._answers), []
        return taken

    def trouble(self, code: str, detail: str) -> None:
        if code not in self._troubles:
            self.add(EvidenceTrouble(code, detail, active=True))
        self._troubles[code] = detail

    def well(self, code: str) -> None:
        if code in self._troubles:
            self.add(EvidenceTrouble(code, self._troubles.pop(code), active=False))
