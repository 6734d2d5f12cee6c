"""Plain English for engineers whose first language is another: no odd word stands in the project's prose."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOMS = ("edge", "hw", "models", "tests", "systemd", "README.md", "install.sh", "pyproject.toml")
KINDS = frozenset((".py", ".md", ".sh", ".toml", ".conf", ".service", ".timer", ".css", ".js", ".yaml"))

ODD = {
    r"anew": "again",
    r"who(so)?ever|whomever": "anyone who",
    r"of no matter": "ignored",
    r"(\d+|\}) signs": "characters",
    r"bites? (ours|it|them|us)": "conflict with",
    r"seldom": "rarely",
    r"lately": "recently",
    r"eldest": "oldest",
    r"graver": "worse",
    r"mend(s|ed|ing)?": "repair",
    r"dawdles?": "is slow",
    r"(in the|their) midst": "in the middle of",
    r"hence(forth)?": "so",
    r"wholly": "fully",
    r"for want of": "for lack of",
    r"shall": "must",
    r"vouch(es)?": "prove",
    r"apart by blanks|no blanks": "spaces",
    r"\*noted\*": "stored",
    r"(fault|text|rung|failure|anomal|contact|device)\w* (is|are|was|were) told[.,;:]": "reported",
    r"thereby|thereof|therein|hereby|herein|heretofore|hitherto|whereof|whereby|wherein": "by this",
    r"whilst|amongst|betwixt|upon|unto|nought|naught|albeit|forthwith|hearken|behold|yonder": "everyday ones",
}
"""The word, as it would be found, and what to say instead."""

ALLOWED = frozenset(
    {
        ("systemd/image/sbom.py", "hereby"),  # the MIT licence's own words
        ("tests/install/test_image.py", "hereby"),
    }
)

HERE = "tests/words/test_plain.py"


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_no_odd_word_stands_in_the_project(repo: Path, room: str) -> None:
    odd = re.compile("|".join(rf"(?<![\w`])(?:{word})(?![\w`])" for word in ODD), re.IGNORECASE)
    anywhere = re.compile(odd.pattern.replace(" ", r"\s+"), re.IGNORECASE)
    place = repo / room
    paths = [place] if place.is_file() else sorted(one for one in place.rglob("*") if one.suffix in KINDS)
    assert paths
    found = []
    for path in paths:
        name = path.relative_to(repo).as_posix()
        if name == HERE or not anywhere.search(path.read_text("utf-8")):  # to take it apart takes long
            continue
        for number, line in prose(path):
            found += [
                f"{name}:{number}: {one[0]!r}, say {instead(one[0])!r}"
                for one in odd.finditer(line)
                if (name, one[0].lower()) not in ALLOWED
            ]
    assert not found, "\n".join(found)


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Line by line what is said: of Python the comments and the strings, of other files all."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if tokenize.tok_name[token.type] in ("COMMENT", "STRING", "FSTRING_MIDDLE"):
                yield token.start[0], " ".join(token.string.split())
    else:
        yield from enumerate(text.splitlines(), 1)


def instead(word: str) -> str:
    return next(plain for odd, plain in ODD.items() if re.fullmatch(odd, word, re.IGNORECASE))


def test_an_odd_word_would_be_found() -> None:
    assert instead("Whoever") == "anyone who"
    assert instead("12 signs") == "characters"
