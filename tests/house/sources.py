"""The sources, parsed. Those of the program once for all tests of a process, when a test first asks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


def parsed(folder: str) -> Iterator[tuple[str, ast.Module]]:
    """The name of each file below this folder, from the top of the checkout, and what it says."""
    for path in sorted((REPO / folder).rglob("*.py")):
        yield str(path.relative_to(REPO)), ast.parse(path.read_text("utf-8"))


@cache
def _kept(folder: str) -> tuple[tuple[str, ast.Module], ...]:
    return tuple(parsed(folder))


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """The same for several folders of the program, kept: nobody may change it."""
    for folder in folders:
        yield from _kept(folder)
