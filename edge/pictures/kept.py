"""What became of pictures, as the loop is reported it and the record says it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from edge.terms.hold import BY_DATE, FREED, Freed, Hold
from edge.terms.record import Entry

EVIDENCE: Final = "evidence"
"""The kind of the record's lines about pictures."""

KEPT: Final = "pictures_kept"
REMOVED: Final = "pictures_removed"

OPENED: Final = "opened"
"""In a line of `KEPT`: the hashes that sealed pictures have once they are open."""

KEYS: Final = "keys"
"""In a line of `KEPT`: the hashes of the wrapped keys."""


@dataclass(frozen=True, slots=True)
class SealedTo:
    """What belongs to sealed pictures, by name and SHA-256 in hexadecimal.

    `opened`: what each has to be once it is open; `keys`: the wrapped keys beside them; `short`: which list
    of the bank's keys they are sealed to. The hash of an open picture confirms that picture to anybody who
    has it, and nothing to anybody who has not: no two pictures of a camera are the same.
    """

    opened: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, str], ...]
    short: str

    def said(self) -> dict[str, object]:
        """For the record."""
        keys = {KEYS: dict(self.keys)} if self.keys else {}
        return {OPENED: dict(self.opened), **keys, "list": self.short}


@dataclass(frozen=True, slots=True)
class PicturesKept:
    """These pictures of an incident are on the disk; `files` is (name, SHA-256 in hexadecimal).

    `done` with the last answer to an order; `left_out` pictures had no room in the incident. `sealed` has
    what the record says besides of pictures that are sealed to the bank.
    """

    incident: int
    why: str
    files: tuple[tuple[str, str], ...]
    done: bool
    left_out: int = 0
    sealed: SealedTo | None = None

    def entry(self) -> Entry:
        """For the record."""
        data = {"why": self.why, "files": dict(self.files), "done": self.done, "left_out": self.left_out}
        if self.sealed is not None:
            data |= self.sealed.said()
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
    count: int = field(default=0, compare=False)
    size_bytes: int = field(default=0, compare=False)
    sha256: str = field(default="", compare=False)

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
