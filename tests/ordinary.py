"""A child that root starts and that goes on as an ordinary user.

Python's own folder may be root's alone (pyenv keeps it below a home that nobody else enters), so all that the
program may want is imported before the user changes; a command imports its own modules only when it is given.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_NOBODY = 65534
_EVERYTHING = """
import encodings.idna, gzip, importlib, importlib.resources, os, pkgutil, sys
import edge, hw
for _package in (edge, hw):
    for _module in pkgutil.walk_packages(_package.__path__, _package.__name__ + "."):
        if not _module.name.endswith("__main__"):
            importlib.import_module(_module.name)
from edge.__main__ import main
"""
_DROP = f"os.setgroups([]); os.setgid({_NOBODY}); os.setuid({_NOBODY})\n"


def as_nobody(
    repo: Path, before: str, after: str, *, timeout_s: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `before` as root and `after` as user 65534, both with `main`, `os` and `sys` at hand."""
    return subprocess.run(
        [sys.executable, "-c", f"{_EVERYTHING}{before}\n{_DROP}{after}"],
        cwd=repo,
        env={**os.environ, "PYTHONPATH": str(repo), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
