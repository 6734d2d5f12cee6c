"""The chain of hashes: a line proves the line before it, and what went into the other tables with it. Pure.

What a line carries besides its own words is a JSON object: `state`, `boots`, `rows` and `owners` hold digests
of what these tables held then, `counters` their values. The newest word on each is what the table must hold
today.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Final

from edge.terms.record import OutboxRow

SHORT: Final = 16
"""Hexadecimal digits of a head's short form, for texts: 64 bits, too many to try."""

_ROW_DEFAULTS: Final = {f.name: f.default for f in fields(OutboxRow) if f.default is not MISSING}
_ROW_FLOATS: Final = frozenset(f.name for f in fields(OutboxRow) if f.type == "float")


@dataclass(frozen=True, slots=True)
class Head:
    """The newest line of the chain: with it, sent elsewhere, nobody can change or cut the record unseen.

    `hash` may be its first `SHORT` digits alone, as a text has it.
    """

    seq: int
    hash: str

    @property
    def short(self) -> str:
        """For a text."""
        return f"{self.seq}:{self.hash[:SHORT]}"

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    def is_of(self, chained: str) -> bool:
        """Whether this head names a line with that hash."""
        return len(self.hash) >= SHORT and chained.startswith(self.hash)


START: Final = Head(0, "0" * 64)


def chained(before: str, line: Sequence[object], carried: str = "") -> str:
    """The hash of a line: SHA-256 over the hash before it, the line (all but its hash) as a JSON array, and
    what it carries."""
    words = json.dumps(line, separators=(",", ":"))
    return hashlib.sha256((before + words + carried).encode()).hexdigest()


def digest(content: object) -> str:
    """128 bits of SHA-256 over the content as JSON."""
    words = json.dumps(content, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def row_key(number: object, recipient: object, channel: object) -> str:
    """The name of a message's row in what a line carries."""
    return f"{number} {recipient} {channel}"


def row_digest(values: Mapping[str, object]) -> str:
    """Of the fields of an `OutboxRow`. One at its default says nothing: a later version may add some."""
    said = {
        name: float(value) if name in _ROW_FLOATS and isinstance(value, int) else value
        for name, value in values.items()
        if name not in _ROW_DEFAULTS or value != _ROW_DEFAULTS[name]
    }
    return digest(said)


def packed(carried: Mapping[str, object]) -> str:
    """What a line carries, as text; empty for nothing."""
    full = {name: value for name, value in carried.items() if value not in ("", {})}
    return json.dumps(full, separators=(",", ":"), sort_keys=True) if full else ""


@dataclass(slots=True)
class Cover:
    """The newest word of the lines on each thing in the other tables."""

    state: str = ""
    counters: dict[str, int] = field(default_factory=dict)
    rows: dict[str, tuple[int, str]] = field(default_factory=dict)
    owners: dict[str, tuple[int, str]] = field(default_factory=dict)
    boots: dict[str, str] = field(default_factory=dict)
    odd: str = ""

    def take(self, seq: int, carried: str) -> None:
        """What the next line carries. A null for a row or an account means that it was taken out."""
        try:
            said = json.loads(carried)
            self.state = str(said.get("state", self.state))
            for name, value in said.get("counters", {}).items():
                self.counters[name] = max(int(value), self.counters.get(name, int(value)))
            for held, name in ((self.rows, "rows"), (self.owners, "owners")):
                for key, value in said.get(name, {}).items():
                    if value is None:
                        held.pop(key, None)
                    else:
                        held[key] = seq, str(value)
            self.boots.update((str(boot), str(value)) for boot, value in said.get("boots", {}).items())
        except (ValueError, TypeError, AttributeError):
            self.odd = f"line {seq} carries nonsense"

    def problem(
        self,
        state: str,
        counters: Mapping[str, int],
        rows: Mapping[str, tuple[int, str]],
        boots: Mapping[str, str],
        owners: Mapping[str, tuple[int, str]],
    ) -> str:
        """What the tables hold today against it, in their words; empty where all of it fits."""
        if self.odd:
            return self.odd
        if state != self.state:
            return "the state was removed" if not state else "the state was changed"
        for name in sorted(counters.keys() | self.counters.keys()):
            if counters.get(name) != self.counters.get(name):
                return f"the counter {name} was changed"
        for what, there, said in (("message", rows, self.rows), ("account", owners, self.owners)):
            for key in sorted(there.keys() | said.keys()):
                if key not in there:
                    return f"the {what} {key} was removed"
                if key not in said:
                    return f"the {what} {key} was added"
                if there[key] != said[key]:
                    return f"the {what} {key} was changed"
        for boot, value in self.boots.items():
            if boots.get(boot) != value:
                return f"the start {boot} was changed"
        return ""
