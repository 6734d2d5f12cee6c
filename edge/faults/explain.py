"""Faults in words for people: four lines on the terminal, a row of the README."""

from __future__ import annotations

from collections.abc import Iterable

from edge.faults.catalogue import CATALOGUE, KEEPS
from edge.faults.fault import Fault
from edge.terms.printing import printable


def fault(code: str) -> Fault:
    """The catalogue's entry. KeyError for an unknown code, which the tests make impossible."""
    return CATALOGUE[code]


def explain(code: str, detail: str = "") -> str:
    """Four short lines for a person: code, cause (with the detail), what it means for the door, remedy.

    A code that the catalogue does not know is still explained: this is called when things go wrong.
    """
    known = CATALOGUE.get(code)
    if known is None:
        known = Fault(code, "An unforeseen fault.", KEEPS, "Report it together with the log.")
    cause = f"{known.cause} ({printable(detail)})" if detail else known.cause
    return f"fault:  {printable(code)}\ncause:  {cause}\ndoor:   {known.door}\nremedy: {known.remedy}"


def troubleshooting(faults: Iterable[Fault] | None = None) -> str:
    """The README's troubleshooting table, in Markdown, in the order of the catalogue."""
    lines = ["| code | cause | what it means for the door | remedy |", "|---|---|---|---|"]
    lines += [
        f"| `{one.code}` | {_cell(one.cause)} | {_cell(one.door)} | {_cell(one.remedy)} |"
        for one in (CATALOGUE.values() if faults is None else faults)
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")
