"""What is counted in each cell of the tables, kept as JSON beside the run, and printed into the card."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from models.training.shares import wilson


@dataclass(frozen=True, slots=True)
class Count:
    """So many of so many."""

    right: int
    total: int

    def __str__(self) -> str:
        low, high = wilson(self.right, self.total)
        return f"{self.right / max(1, self.total):.2f} ({low:.2f} to {high:.2f}) of {self.total}"


Row = Mapping[str, Count]
"""Column to count."""


class Counts:
    """Rows of one network, by what was done to the pictures. Each is computed once and written at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._rows: dict[str, dict[str, Count]] = {}
        if file.exists():
            stored = json.loads(file.read_text())
            self._rows = {
                name: {column: Count(**count) for column, count in row.items()}
                for name, row in stored.items()
            }

    @property
    def rows(self) -> Mapping[str, Row]:
        return self._rows

    def add(self, name: str, make: Callable[[], Row]) -> None:
        """Computes a row unless it is there."""
        if name in self._rows:
            return
        row = make()
        self._rows[name] = dict(row)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(
            json.dumps({n: {c: asdict(v) for c, v in r.items()} for n, r in self._rows.items()}, indent=1)
        )
        fresh.replace(self._file)
        print(f"{name}: " + ", ".join(f"{column} {count}" for column, count in row.items()), flush=True)


def table(rows: Mapping[str, Row], columns: Sequence[str], order: Sequence[str]) -> str:
    """Markdown: a line for each row of `order` that was computed."""
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for name in order:
        if name in rows:
            cells = (str(rows[name][column]) if column in rows[name] else "" for column in columns)
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def be_modest() -> None:
    """One thread for everything that would take all."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
