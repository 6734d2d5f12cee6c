"""What is known of the mutants: kept in a folder, printed as a table, compared with the list of reasons."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.changes import KINDS, Mutant
from tests.mutants.runner import Result

LIST = "tests/cabin/mutants_that_do_not_matter.toml"
ENOUGH = 0.99


def _digest(paths: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(path.read_bytes())
    return whole.hexdigest()[:16]


class Known:
    """Results of earlier runs. New tests do not make a noticed mutant unnoticed; a new table forgets all."""

    def __init__(self, folder: Path | None, repo: Path) -> None:
        self._file = None if folder is None else folder / "results.jsonl"
        self._table = _digest((repo / "edge/cabin").rglob("*.py"))
        tests = [*(repo / "tests/cabin").glob("*.py"), *(repo / "tests/cabin").glob("*.txt")]
        tests += (repo / "tests/worlds").glob("cabin*.py")
        self._tests = _digest(tests)
        self._noticed_by: dict[str, str] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        if self._file is None or not self._file.exists():
            return
        for line in self._file.read_text().splitlines():
            row: dict[str, str] = json.loads(line)
            if row["table"] == self._table and (row["noticed_by"] or row["tests"] == self._tests):
                self._noticed_by[row["key"]] = row["noticed_by"]

    def get(self, mutant: Mutant) -> str | None:
        return self._noticed_by.get(mutant.key)

    def keep(self, result: Result) -> None:
        if self._file is None:
            return
        row = {
            "key": result.mutant.key,
            "noticed_by": result.noticed_by,
            "table": self._table,
            "tests": self._tests,
        }
        with self._file.open("a") as out:
            out.write(json.dumps(row) + "\n")


class Progress:
    """Keeps each result as it comes, and names those that nobody noticed at once."""

    def __init__(self, number: int, known: Known, results: list[Result]) -> None:
        self._number = number
        self._known = known
        self._results = results
        self._tried = 0

    def done(self, result: Result) -> None:
        self._tried += 1
        self._results.append(result)
        self._known.keep(result)
        if not result.noticed_by:
            print(f"not noticed: {described(result.mutant)}", flush=True)
        if self._tried % 200 == 0 or self._tried == self._number:
            print(f"... {self._tried} of {self._number}", flush=True)


def described(mutant: Mutant) -> str:
    return f"{mutant.file}:{mutant.line} {mutant.where} [{mutant.kind}] {mutant.change}"


@dataclass(frozen=True)
class Unimportant:
    """The list of mutants that no test can notice, each with the reason."""

    reasons: dict[str, str]

    @staticmethod
    def read(repo: Path) -> Unimportant:
        path = repo / LIST
        rows = tomllib.loads(path.read_text()).get("mutant", []) if path.exists() else []
        reasons: dict[str, str] = {}
        for row in rows:
            for change in row["changes"]:
                nth = row.get("nth", 1)
                key = f"{row['file']} | {row['where']} | {row['text']} | {change} | {nth}"
                if key in reasons:
                    raise ValueError(f"{LIST}: twice: {key}")
                reasons[key] = row["reason"]
        return Unimportant(reasons)

    def verdict(self, results: Sequence[Result], whole: bool) -> int:
        """Prints what is wrong, if anything; 0 where all is well."""
        known = {result.mutant.key: result for result in results}
        wrong = [
            f"not noticed and not listed: {described(r.mutant)}\n    {r.mutant.text}"
            for r in results
            if not r.noticed_by and r.mutant.key not in self.reasons
        ]
        for key in self.reasons:
            if key in known and known[key].noticed_by:
                wrong.append(f"listed, but noticed by {known[key].noticed_by}: {key}")
            elif whole and key not in known:
                wrong.append(f"listed, but there is no such mutant: {key}")
        noticed = sum(bool(r.noticed_by) for r in results)
        if whole and noticed < ENOUGH * len(results):
            wrong.append(f"only {noticed} of {len(results)} are noticed")
        print("\n".join(wrong) if wrong else "every mutant is noticed or listed with its reason")
        return 1 if wrong else 0


def table(results: Sequence[Result], unimportant: Unimportant) -> str:
    """Two tables, by file and by kind, with the sum below."""
    files = sorted({r.mutant.file for r in results})
    head = f"{'':28}{'mutants':>9}{'noticed':>9}{'not noticed':>13}{'equivalent':>12}{'share':>9}"
    lines = ["", head]
    lines += [_row(name, results, unimportant, _of_file(name)) for name in files]
    lines += ["", head]
    lines += [_row(name, results, unimportant, _of_kind(name)) for name in KINDS]
    lines += ["", _row("all", results, unimportant, lambda _: True)]
    return "\n".join(lines)


def _of_file(name: str) -> Callable[[Mutant], bool]:
    return lambda mutant: mutant.file == name


def _of_kind(name: str) -> Callable[[Mutant], bool]:
    return lambda mutant: mutant.kind == name


def _row(
    name: str, results: Sequence[Result], unimportant: Unimportant, these: Callable[[Mutant], bool]
) -> str:
    counts: Counter[str] = Counter()
    for r in results:
        if these(r.mutant):
            listed = r.mutant.key in unimportant.reasons
            counts["noticed" if r.noticed_by else "equivalent" if listed else "not"] += 1
    number = counts.total()
    share = f"{100 * counts['noticed'] / number:.1f} %" if number else "-"
    return f"{name:28}{number:9}{counts['noticed']:9}{counts['not']:13}{counts['equivalent']:12}{share:>9}"
