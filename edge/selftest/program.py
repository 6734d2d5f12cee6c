"""Whether the files of the installed program are those that were installed (self-test)."""

from __future__ import annotations

import sys
from pathlib import Path

from edge.inventory.whole import compare, installed
from edge.selftest.finding import Finding


def program(folder: Path | None, root: Path) -> Finding:
    """`folder` has the packages, None for a program that runs from its sources; `root` is the environment."""
    if folder is None:
        return Finding("program", "runs from its sources: there is no list to compare it with", tried=False)
    found = compare(folder, root)
    if found.words:
        return Finding("program", found.words, "program_changed")
    return Finding("program", f"{found.files} files as they were installed")


def this_program() -> Finding:
    """Of the environment that runs this command."""
    return program(installed(), Path(sys.prefix).resolve())
