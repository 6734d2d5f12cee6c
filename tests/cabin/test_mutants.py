"""The tool that changes the table: what it changes, what its list may hold, and all of it with --full."""

from __future__ import annotations

import ast
import subprocess
import sys
import types
from enum import Enum
from pathlib import Path

import pytest

from tests.mutants.changes import KINDS, Changes, Mutant, mutants
from tests.mutants.report import Unimportant, table
from tests.mutants.runner import Result


class Colour(Enum):
    RED = 1
    GREEN = 2


def _of(source: str) -> list[Mutant]:
    module = types.ModuleType("snippet")
    module.__dict__["Colour"] = Colour
    return Changes("snippet.py", source, module).all()


def _changes(source: str) -> set[str]:
    return {mutant.change for mutant in _of(source)}


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("a = b < c", {"b < c → b <= c", "b < c → b >= c"}),
        ("a = b <= c < d", {"b <= c < d → b < c < d", "b <= c < d → b <= c <= d"}),
        ("a = b in c", {"b in c → b not in c"}),
        ("a = b is not c", {"b is not c → b is c"}),
        ("a = 20.0", {"20.0 → 21.0", "20.0 → 19.0", "20.0 → 30.0", "20.0 → 0.0"}),
        ("a = 3", {"3 → 4", "3 → 2", "3 → 0"}),
        ("a: Annotated[float, Meta(ge=2)] = b", {"2 → 3", "2 → 1", "2 → 0"}),
        ("a = True", {"True → False"}),
        ("a = b and c", {"b and c: and → or", "b and c: without b", "b and c: without c", "b → not b"}),
        ("a = not b", {"not b → b"}),
        ("a = {b, c}", {"b left out of {b, c}", "c left out of {b, c}"}),
        ("a = {b: c}", {"b: c left out"}),
        ("a = Colour.RED", {"Colour.RED → Colour.GREEN"}),
        ("a = Colour.GREEN", {"Colour.GREEN → Colour.RED"}),
        ("a = b - c", {"b - c → b + c"}),
        ("a = min(b, c)", {"min → max"}),
        ("a = 'word'", {"'word' → 'word_x'"}),
        ("def f():\n    a.b(c)", {"a.b(c) left out"}),
        ("def f():\n    a = b", {"a = b left out"}),
        ("def f():\n    a.b(c=d)", {"c=d left out of b(...)", "c=d → c=None"}),
        ("def f():\n    if a:\n        return\n    b()", {"return left out", "a → not a"}),
        ("def f() -> bool:\n    return a()", {"return a() → return not a()"}),
        ("def f():\n    return d.flow.siren_s", {"d.flow.siren_s → d.flow.siren_s * 1.5"}),
        ("f = lambda: LATE_S", {"LATE_S → LATE_S * 1.5"}),
    ],
)
def test_a_line_is_changed_like_this(source: str, changes: set[str]) -> None:
    assert changes <= _changes(source)


@pytest.mark.parametrize(
    "source", ['"""A docstring."""', "from a import b", "def f(a: int) -> bool: ...", "assert a", "A = B | C"]
)
def test_what_is_only_there_to_be_read_is_not_changed(source: str) -> None:
    assert _changes(source) == set()


def test_a_change_is_made_only_when_it_is_applied() -> None:
    source = "def f():\n    return a < b"
    for number in range(len(_of(source))):
        mutant = _of(source)[number]
        assert ast.unparse(mutant.tree) == ast.unparse(ast.parse(source))
        mutant.apply()
        assert ast.unparse(mutant.tree) != ast.unparse(ast.parse(source))


@pytest.mark.slow
def test_every_kind_of_change_is_made_in_the_table_and_each_can_be_named(repo: Path) -> None:
    found = mutants(repo)
    assert {mutant.kind for mutant in found} == set(KINDS)
    assert len({mutant.key for mutant in found}) == len(found) > 3000
    files = {path.name for path in (repo / "edge/cabin").glob("*.py")}
    assert {Path(mutant.file).name for mutant in found} >= files - {
        "__init__.py",
        "diagram.py",
        "commands.py",
    }
    for mutant in found[::499]:
        alone = next(m for m in mutants(repo, mutant.file) if m.key == mutant.key)
        alone.apply()
        compile(ast.fix_missing_locations(alone.tree), alone.file, "exec")


@pytest.mark.slow
def test_the_list_holds_only_mutants_that_exist_each_with_a_reason(repo: Path) -> None:
    listed = Unimportant.read(repo).reasons
    assert set(listed) <= {mutant.key for mutant in mutants(repo)}
    assert all(len(reason.split()) >= 5 for reason in listed.values())


def test_what_is_not_noticed_has_to_be_listed_and_what_is_listed_has_to_pass_unnoticed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one, other = _of("a = b < c")
    unnoticed, noticed = Result(one, ""), Result(other, "test_b")
    assert Unimportant({}).verdict([noticed], whole=False) == 0
    assert Unimportant({}).verdict([unnoticed, noticed], whole=False) == 1
    assert Unimportant({one.key: "because"}).verdict([unnoticed, noticed], whole=False) == 0
    assert Unimportant({other.key: "because"}).verdict([noticed], whole=False) == 1
    assert Unimportant({"gone": "because"}).verdict([noticed], whole=True) == 1
    assert Unimportant({one.key: "because"}).verdict([unnoticed, noticed], whole=True) == 1, "1 of 2"
    said = capsys.readouterr().out
    for words in (
        "not listed: snippet.py:1",
        "listed, but noticed by test_b",
        "no such mutant: gone",
        "only 1 of 2",
    ):
        assert words in said
    lines = table([unnoticed, noticed], Unimportant({})).splitlines()
    assert [line.split() for line in lines if line.startswith("all")] == [
        ["all", "2", "1", "1", "0", "50.0", "%"]
    ]


@pytest.mark.full
@pytest.mark.timeout(3 * 3600)
def test_the_fast_tests_notice_nearly_every_change_of_the_table(
    repo: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is known of this table and these tests is kept, so that a run which was cut short goes on."""
    cache = request.config.cache
    assert cache is not None
    command = [sys.executable, "-m", "tests.mutants", "--results", str(cache.mkdir("mutants"))]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=False)
    with capsys.disabled():
        print(done.stdout)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
