"""The accounts of cards whose owners were sent codes: rows of its table become `OwnerTries`, and back."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from edge.journal.chain import digest
from edge.journal.tables import LATEST_WALL_S, MOST
from edge.terms.record import OwnerTries

OWNER_FIELDS: Final = (
    *("person", "tries", "rests", "rest_left_s", "codes_left_s"),
    *("boot", "mono_s", "wall_s", "wall_true"),
)
_NAMES: Final = ", ".join(OWNER_FIELDS)
_PUT: Final = (
    f"INSERT OR REPLACE INTO owners ({_NAMES}, line) VALUES ({', '.join('?' * len(OWNER_FIELDS))}, ?)"
)
_LONGEST_S: Final = 1e7
"""No rest and no hour is longer than four months."""
_CODES_MOST: Final = 1000


def put_owners(db: sqlite3.Connection, rows: Iterable[OwnerTries], line: int) -> None:
    """Accounts, with the line that carries them; one that is blank is taken out."""
    for row in rows:
        if row.is_blank:
            db.execute("DELETE FROM owners WHERE person = ?", (row.person,))
        else:
            db.execute(_PUT, (*_values(row), line))


def carried_owners(rows: Iterable[OwnerTries]) -> dict[str, str | None]:
    """What a line carries of them; None for one that is taken out."""
    return {str(row.person): None if row.is_blank else digest(_values(row)) for row in rows}


def owner_digests(db: sqlite3.Connection) -> dict[str, tuple[int, str]]:
    """Of every account: the line that carries it, and its digest."""
    found = db.execute(f"SELECT line, {_NAMES} FROM owners")
    return {str(values[0]): (line, digest(values)) for line, *values in found}


def owners(db: sqlite3.Connection) -> tuple[OwnerTries, ...]:
    """Every account that can be understood, by the person's number."""
    found = db.execute(f"SELECT {_NAMES} FROM owners ORDER BY person")
    return tuple(row for values in found if isinstance(row := _row_of(values), OwnerTries))


@dataclass(frozen=True, slots=True)
class OddOwner:
    """An account that no reader of this version can understand: all of it, and why."""

    person: int
    why: str
    content: dict[str, object]


def take_out_odd_owners(db: sqlite3.Connection) -> Iterator[OddOwner]:
    """Remove each account that cannot be understood from its table, and tell it."""
    for values in db.execute(f"SELECT {_NAMES} FROM owners").fetchall():
        why = _row_of(values)
        if isinstance(why, OwnerTries):
            continue
        db.execute("DELETE FROM owners WHERE person = ?", (values[0],))
        yield OddOwner(values[0], why, dict(zip(OWNER_FIELDS, values, strict=True)))


def _values(row: OwnerTries) -> list[object]:
    """As the table holds it."""
    return [
        row.person,
        row.tries,
        row.rests,
        float(row.rest_left_s),
        " ".join(f"{float(left_s)!r}" for left_s in row.codes_left_s),
        row.boot,
        float(row.mono_s),
        float(row.wall_s),
        int(row.wall_true),
    ]


def _row_of(values: Sequence[object]) -> OwnerTries | str:
    """An account as it was written, or what no reader of this version can understand in it."""
    match list(values):
        case [
            int(person),
            int(tries),
            int(rests),
            float(rest_left_s),
            str(codes),
            str(boot),
            float(mono_s),
            float(wall_s),
            int(wall_true),
        ]:
            pass
        case _:
            return "a value of another kind"
    if not all(0 <= number <= MOST for number in (person, tries, rests)) or wall_true not in (0, 1):
        return "a number that cannot be"
    try:
        left_s = tuple(float(word) for word in codes.split())
    except ValueError:
        return "a duration that is no number"
    if len(left_s) > _CODES_MOST or not all(0.0 <= one_s <= _LONGEST_S for one_s in (rest_left_s, *left_s)):
        return "a duration that cannot be"
    if not (math.isfinite(mono_s) and 0.0 <= wall_s <= LATEST_WALL_S):
        return "a time that cannot be"
    return OwnerTries(person, tries, rests, rest_left_s, left_s, boot, mono_s, wall_s, bool(wall_true))
