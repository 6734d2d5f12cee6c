"""What became of pictures, as the loop is reported it and the record says it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge.terms.hold import BY_DATE, FREED, Freed, Hold
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
    not known any more.

    `count` files of `size_bytes` in all; `sha256` is the hash of the list of their hashes
    (`edge.pictures.removing.list_hash`), empty where that is not known.
    """

    incident: int
    reason: str
    count: int = 0
    size_bytes: int = 0
    sha256: str = ""

    def entry(self) -> Entry:
        """For the record."""
        data: dict[str, object] = {"reason": self.reason}
        if self.sha256:
            data |= {"count": self.count, "bytes": self.size_bytes, "sha256": self.sha256}
        return Entry(EVIDENCE, REMOVED, self.incident, json.dumps(data, separators=(",", ":")))


@dataclass(frozen=True, slots=True)
class EvidenceTrouble:
    """A fault of the catalogue began (`active`) or ended."""

    code: str
    detail: str
    active: bool


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """The last moment of a legal hold is over, by a clock that can be believed."""

    hold: Hold

    def entry(self) -> Entry:
        """For the record."""
        data = Freed(self.hold.incident, BY_DATE).data()
        return Entry("event", FREED, self.hold.incident, json.dumps(data, separators=(",", ":")))


EvidenceAnswer = PicturesKept | PicturesRemoved | HoldEnded | EvidenceTrouble


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
