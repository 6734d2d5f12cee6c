"""Which of two versions is the older one, by the rules of the index that a package comes from.

Python's are compared by `packaging` (PEP 440), Debian's by dpkg itself, all others as three numbers and more.
"""

from __future__ import annotations

import shutil
import subprocess

from packaging.version import InvalidVersion, Version


class NotComparedError(Exception):
    """These two versions cannot be put in order here; the text says why."""


def compare(kind: str, one: str, other: str) -> int:
    """Below zero where `one` is older, above where it is newer. `kind` is a purl's type: pypi, deb, cargo …

    Raises `NotComparedError`.
    """
    if one == other:
        return 0
    if kind == "deb":
        return _debian(one, other)
    try:
        first, second = Version(one), Version(other)
    except InvalidVersion as error:
        raise NotComparedError(f"{one} and {other} have no order that is known here") from error
    return (first > second) - (first < second)


def _debian(one: str, other: str) -> int:
    if shutil.which("dpkg") is None:
        raise NotComparedError("Debian's versions are compared by dpkg, which is not here")
    for name, answer in (("lt", -1), ("gt", 1)):
        done = subprocess.run(
            ["dpkg", "--compare-versions", "--", one, name, other],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if b"warning" in done.stderr or done.returncode not in (0, 1):
            raise NotComparedError(f"{one} and {other} are no versions of Debian's")
        if done.returncode == 0:
            return answer
    return 0
