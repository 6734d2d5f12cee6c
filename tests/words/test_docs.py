"""The documents: every link leads somewhere, and every word of the glossary is defined where it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")

WANTED = (
    *("visit", "incident", "issue", "present", "latched", "evidence", "permit", "told", "ticket"),
    *("needed", "held", "returning", "gate", "seer", "way", "row", "cell"),
)
"""What nobody could guess from the code alone."""


def documents(repo: Path) -> list[Path]:
    return sorted((repo / "edge/docs").rglob("*.md"))


def links(path: Path) -> Iterator[tuple[str, str]]:
    for text, target in LINK.findall(path.read_text("utf-8")):
        if "://" not in target:
            yield text, target


def test_every_link_leads_somewhere(repo: Path) -> None:
    found = [(path, target) for path in documents(repo) for _, target in links(path)]
    assert len(found) > 100
    lost = [
        f"{path.relative_to(repo)}: {to}"
        for path, to in found
        if not (path.parent / to.partition("#")[0]).exists()
    ]
    assert not lost


def test_a_heading_that_a_link_names_is_there(repo: Path) -> None:
    for path in documents(repo):
        for _, target in links(path):
            file, _, heading = target.partition("#")
            if not heading:
                continue
            there = re.findall(
                r"^#+ (.+)$", (path.parent / file if file else path).read_text("utf-8"), re.MULTILINE
            )
            assert heading in [re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in there], target


def test_every_word_of_the_glossary_is_defined_where_it_says(repo: Path) -> None:
    glossary = repo / "edge/docs/glossary.md"
    rows = [line for line in glossary.read_text("utf-8").splitlines() if line.startswith("| **")]
    assert len(rows) > 40
    for row in rows:
        *_, where, _ = row.split("|")
        named = LINK.findall(where)
        assert named, row
        for name, target in named:
            source = (glossary.parent / target).read_text("utf-8")
            assert re.search(rf"\b{re.escape(name.strip('`'))}\b", source), f"{name} is not in {target}"


@pytest.mark.parametrize("word", WANTED)
def test_the_glossary_has_the_words_that_nobody_could_guess(repo: Path, word: str) -> None:
    text = (repo / "edge/docs/glossary.md").read_text("utf-8")
    assert re.search(rf"^\| [^|]*\*\*{word}\*\*", text, re.MULTILINE)


def test_every_decision_is_listed_and_has_its_four_parts(repo: Path) -> None:
    folder = repo / "edge/docs/decisions"
    listed = (folder / "README.md").read_text("utf-8")
    records = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert [path.name for path in records] == re.findall(r"\(([^)]+\.md)\)", listed)
    for number, path in enumerate(records, 1):
        text = path.read_text("utf-8")
        title = text.splitlines()[0].removeprefix(f"# {number}. ")
        assert f"{number}. [{title}]({path.name})" in listed
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
            "Source",
        ]
