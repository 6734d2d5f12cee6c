"""What was said of many faces, counted, and printed as the rows of a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Final

from edge.terms.observation import FaceVerdict
from models.training.faces.judged import Said
from models.training.shares import wilson

Pairs = Sequence[tuple[bool, Said]]
"""Whether each face is covered, and what was said of it."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Of `total` faces: right is as `Said.right` counts; the rest counts verdicts."""

    total: int
    right: int
    missed: int
    covered: int
    turned: int
    unclear: int
    proper: int

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, Said]]) -> Tally:
        """Counts each face once."""
        faces = list(pairs)

        def count(verdict: FaceVerdict) -> int:
            return sum(said.judged(verdict) for _, said in faces)

        return cls(
            len(faces),
            sum(said.right(covered) for covered, said in faces),
            sum(not said.found for _, said in faces),
            count(FaceVerdict.COVERED),
            count(FaceVerdict.TURNED),
            count(FaceVerdict.UNCLEAR),
            count(FaceVerdict.PROPER),
        )

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def percent(count: int, total: int) -> str:
    """`0.4 % (0.2 to 0.9)`, with Wilson's 95 % interval."""
    if not total:
        return ""
    low, high = (100 * share for share in wilson(count, total))
    return f"{100 * count / total:.1f} % ({low:.1f} to {high:.1f})"


COLUMNS: Final = ("faces", "right", "not found", "covered", "turned", "unclear", "proper")


def row(name: str, tally: Tally) -> str:
    """One line of a table with `COLUMNS`: how many are right, with an interval; verdicts as shares."""
    cells = [str(tally.total), percent(tally.right, tally.total)]
    counts = (tally.missed, tally.covered, tally.turned, tally.unclear, tally.proper)
    cells += [f"{100 * count / max(1, tally.total):.1f} %" for count in counts]
    return f"| {name} | " + " | ".join(cells) + " |"


def table(rows: Mapping[str, Tally], first: str = "") -> str:
    """A table of tallies; those without a face are left out."""
    lines = [f"| {first} | " + " | ".join(COLUMNS) + " |", "|---|" + "--:|" * len(COLUMNS)]
    return "\n".join(lines + [row(name, tally) for name, tally in rows.items() if tally.total])


def balanced(pairs: Pairs) -> tuple[float, float]:
    """The mean of the shares of bare and of covered faces that are right, and half its 95 % interval."""
    shares = []
    for covered in (False, True):
        right = [said.right(covered) for is_covered, said in pairs if is_covered == covered]
        n = max(1, len(right))
        shares.append((sum(right) / n, n))
    # Agresti and Coull's two added on either side keep a share of one from an interval of nothing.
    spread = sum((p := (s * n + 2) / (n + 4)) * (1 - p) / (n + 4) for s, n in shares)
    return sum(s for s, _ in shares) / 2, 1.96 * math.sqrt(spread) / 2
