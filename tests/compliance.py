"""The page on compliance, held against the lists of clauses and against what there is.

`python -m tests.compliance` says what is wrong with it; `--write` renews its counts.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from edge.cli.main import MODULES
from tests.clauses import CLAUSES

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "edge" / "docs" / "compliance.md"
BEGIN: Final = "<!-- counts:begin -->"
END: Final = "<!-- counts:end -->"


class Verdict(StrEnum):
    SHOWN = "shown"
    INTEGRATOR = "integrator's duty"
    NOT_MET = "not met"


@dataclass(frozen=True)
class Row:
    clause: str
    about: str
    answer: str
    told: str


def tables(text: str) -> dict[str, list[Row]]:
    """The rows below each heading."""
    found: dict[str, list[Row]] = {}
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        title = part.partition("\n")[0].strip()
        rows = [line for line in part.splitlines() if line.startswith("| ")]
        cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1:]]
        found[title] = [Row(*each) if len(each) == 4 else Row("|".join(each), "", "", "") for each in cells]
    return found


def problems(text: str) -> Iterator[str]:
    """What is wrong with the page, a line each."""
    found = tables(text)
    yield from (f"no table on {title}" for title in CLAUSES if title not in found)
    for title, rows in found.items():
        wanted = list(CLAUSES.get(title, ()))
        here = [row.clause for row in rows]
        yield from (f"{title}: {one} is missing" for one in wanted if one not in here)
        yield from (f"{title}: {one} is no clause of the list" for one in here if one not in wanted)
        if not wanted or sorted(here) != sorted(set(here)):
            yield f"{title}: a clause stands there twice, or there is no list of it"
        for row in rows:
            yield from (f"{title} {row.clause}: {wrong}" for wrong in _wrong(row))
    if text != renewed(text):
        yield "the counts are old: python -m tests.compliance --write"


def _wrong(row: Row) -> Iterator[str]:
    if row.answer not in set(Verdict):
        yield f"{row.answer!r} is no answer"
    if not row.about:
        yield "it does not say what it is about"
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row.told)
    links = re.findall(r"\]\(([^)]+)\)", row.told)
    files = [one for one in re.findall(r"`([\w./-]+)`", row.told) if "/" in one and not one.startswith("/")]
    files += [one for one in re.findall(r"`([\w-]+\.(?:md|toml))`", row.told) if one != "kiosk.toml"]
    commands = re.findall(r"`cabinguard ([a-z-]+)", row.told)
    if row.answer == Verdict.SHOWN and not (tests or links or files):
        yield "nothing shows it"
    if (row.answer == Verdict.NOT_MET) != ("missing: " in row.told):
        yield "what is not met says what is missing, and nothing else does"
    yield from (f"no test {name} in {file}" for file, name in tests if name not in _tests_of(file))
    yield from (f"no file {one}" for one in files if not (ROOT / one).exists())
    yield from (f"no page {one}" for one in links if not (PAGE.parent / one.partition("#")[0]).exists())
    yield from (f"no command {one}" for one in commands if one.replace("-", "_") not in MODULES)


@cache
def _tests_of(file: str) -> frozenset[str]:
    """The names that pytest collects from a file."""
    path = ROOT / file
    if not path.is_file() or not path.name.startswith("test_"):
        return frozenset()
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def counts(found: Mapping[str, list[Row]]) -> str:
    """How many clauses of each list have which answer."""
    lines = ["| | clauses | shown | integrator's duty | not met |", "|---|--:|--:|--:|--:|"]
    rows = {**found, "all": [row for each in found.values() for row in each]}
    for title, each in rows.items():
        told = [sum(row.answer == verdict for row in each) for verdict in Verdict]
        lines.append(f"| {title} | {len(each)} | {' | '.join(map(str, told))} |")
    return "\n".join(lines)


def renewed(text: str) -> str:
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n{counts(tables(text))}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.compliance")
    parser.add_argument("--write", action="store_true", help="renew the counts")
    text = PAGE.read_text("utf-8")
    if parser.parse_args().write:
        text = renewed(text)
        PAGE.write_text(text, "utf-8")
    wrong = list(problems(text))
    print("\n".join(wrong) or counts(tables(text)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
