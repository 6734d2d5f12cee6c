"""Found and judged together: every labelled face of a split, by kind, by source, against targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from models.training.faces.cases import Case
from models.training.faces.judged import Said
from models.training.faces.tally import Tally, balanced, percent, table

Judged = Sequence[tuple[Case, Said]]
Which = Callable[[Case], bool]

KINDS: Final[Mapping[str, Which]] = {
    "all bare": lambda c: not c.covered,
    "bare, from ahead": lambda c: not c.covered and c.frontal,
    "hijab": lambda c: c.sub == "hijab",
    "open helmet": lambda c: c.label == "open_helmet",
    "all covered": lambda c: c.covered,
    "mask": lambda c: c.label == "mask",
    "mask under the nose": lambda c: c.label == "mask_under_nose",
    "dark glasses": lambda c: c.label == "glasses",
    "full helmet": lambda c: c.label == "helmet",
    "scarf, hand, object": lambda c: c.label in ("scarf", "hand", "object"),
}
"""Rows of the table by kind."""


def tally(judged: Judged, which: Which) -> Tally:
    """Of the faces of one kind."""
    return Tally.of((c.covered, s) for c, s in judged if which(c))


def by_kind(judged: Judged) -> str:
    """The table by kind, crops and portraits first, then faces in photos."""
    single = [(c, s) for c, s in judged if c.kind != "photo"]
    rows = {name: tally(single, which) for name, which in KINDS.items()}
    for name, covered in (("in photos: bare", False), ("in photos: covered", True)):
        for size, low, high in (("20 to 40 px", 20, 40), ("40 px and more", 40, 1e9)):
            rows[f"{name}, {size}"] = Tally.of(
                (c.covered, s)
                for c, s in judged
                if c.kind == "photo" and c.covered == covered and low <= max(c.box[2:]) < high
            )
    return table(rows, "kind")


def by_source(judged: Judged) -> str:
    """A line for each source and cover."""
    names = sorted({(c.owner, c.covered) for c, _ in judged})
    rows = {
        f"{owner}, {'covered' if covered else 'bare'}": Tally.of(
            (c.covered, s) for c, s in judged if (c.owner, c.covered) == (owner, covered)
        )
        for owner, covered in names
    }
    return table(rows, "source")


def against_targets(judged: Judged) -> str:
    """What was asked for beside what was measured; photos of several people are not in it."""
    single = [(c, s) for c, s in judged if c.kind != "photo"]
    score, spread = balanced([(c.covered, s) for c, s in single])
    bare, covered = tally(single, KINDS["all bare"]), tally(single, KINDS["all covered"])
    ahead = tally(single, KINDS["bare, from ahead"])

    def right(name: str) -> str:
        one = tally(single, KINDS[name])
        return f"{percent(one.right, one.total)} of {one.total}"

    rows = (
        ("balanced, not found counts as wrong", "98.5 %", f"{100 * score:.2f} % (± {100 * spread:.2f})"),
        ("bare called covered", "at most 0.5 %", f"{percent(bare.covered, bare.total)} of {bare.total}"),
        (
            "covered passed as proper",
            "at most 0.7 %",
            f"{percent(covered.proper, covered.total)} of {covered.total}",
        ),
        (
            "bare from ahead called turned",
            "at most 2 %",
            f"{percent(ahead.turned, ahead.total)} of {ahead.total}",
        ),
        ("dark glasses right", "97 %", right("dark glasses")),
        ("masks right", "99 %", right("mask")),
        ("full helmets right", "90 %", right("full helmet")),
        ("hijab proper", "97 %", _proper(single)),
    )
    lines = ["| | target | measured |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]
    return "\n".join(lines)


def _proper(judged: Judged) -> str:
    one = tally(judged, KINDS["hijab"])
    return f"{percent(one.proper, one.total)} of {one.total}" if one.total else "none in this split"
