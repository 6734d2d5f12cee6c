"""The style sheets: a page has every value that it names, and none that nothing names."""

from __future__ import annotations

import re
from pathlib import Path

SHARED = Path("edge/web/static/style.css")


def test_every_variable_is_given_and_used(repo: Path) -> None:
    sheets = {
        path.relative_to(repo): path.read_text("utf-8") for path in (repo / "edge").rglob("static/*.css")
    }
    given = {path: set(re.findall(r"(--[\w-]+)\s*:", text)) for path, text in sheets.items()}
    used = {path: set(re.findall(r"var\((--[\w-]+)", text)) for path, text in sheets.items()}
    assert len(sheets) > 4
    for path in sheets:
        assert not used[path] - given[path] - given[SHARED], path
        assert not given[path] - set().union(*used.values()), path
