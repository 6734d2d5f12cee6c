"""The lists of files in `edge/docs/adding.md` are those of the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.house.sources import sources

REPO = Path(__file__).resolve().parents[2]
TEXT = (REPO / "edge" / "docs" / "adding.md").read_text("utf-8")


@dataclass(frozen=True)
class Section:
    """What is told of one list: a member that exists, and the files that have it."""

    title: str
    example: str
    files: tuple[str, ...]


def sections() -> Iterator[Section]:
    for part in TEXT.split("\n## ")[1:]:
        title = part.partition("\n")[0]
        example = re.search(r"^Example: `(\w+)`", part, re.M)
        assert example is not None, f"{title} has no example"
        rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
        files = [file for row in rows for name in re.findall(r"`([^`]+)`", row) for file in meant(name)]
        yield Section(title, example[1], tuple(files))


def meant(name: str) -> list[str]:
    """The files that a row names: one, or each source of a folder."""
    if not name.endswith("/"):
        return [name]
    return sorted(f"{name}{file.name}" for file in (REPO / name).glob("*.py") if file.name != "__init__.py")


SECTIONS = {section.title: section for section in sections()}


def names(tree: ast.Module) -> set[str]:
    """Every name and every text of a source, in small letters; prose and comments are none."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name) | ast.arg(arg=name):
                found.add(name.lower())
            case ast.keyword(arg=str(name)) | ast.Constant(value=str(name)):
                found.add(name.lower())
            case _:
                pass
    return found


@cache
def named() -> dict[str, set[str]]:
    """What each source of edge/ and hw/ names."""
    return {file: names(tree) for file, tree in sources("edge", "hw")}


def test_every_list_has_its_section() -> None:
    assert list(SECTIONS) == [
        *("An anomaly", "An input", "A message channel", "A device"),
        *("A setting", "A network", "A language"),
    ]


@pytest.mark.parametrize("title", SECTIONS)
def test_every_file_is_there_and_has_the_example(title: str) -> None:
    section = SECTIONS[title]
    assert len(section.files) >= 3
    for file in section.files:
        path = REPO / file
        assert path.is_file(), file
        assert section.example in path.name or section.example in path.read_text("utf-8").lower(), file


@pytest.mark.slow
@pytest.mark.parametrize("title", SECTIONS)
def test_no_file_that_has_the_example_is_left_out(title: str) -> None:
    section = SECTIONS[title]
    having = {file for file, known in named().items() if section.example in known}
    assert having <= set(section.files), f"{title}: {sorted(having - set(section.files))}"


def test_every_file_that_the_text_names_exists() -> None:
    for name in re.findall(r"`((?:edge|hw|tests|models)/[\w./]+)`", TEXT):
        assert (REPO / name).exists(), name
