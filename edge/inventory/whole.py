"""Whether the installed program is still what was installed: every file against the lists of its packages.

A wheel brings its list along, `*.dist-info/RECORD` (PEP 376 and 627): a file a line, with its SHA-256. It is
read here and not by `importlib.metadata`, which from Python 3.12 on leaves out what the disk has lost.

It finds what a worn card or a hand did to the files. A hand that also writes the lists, or the compiled files
(`__pycache__`, which have no hash), is not found: that needs a boot that is verified.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import sys
import sysconfig
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from edge.terms.printing import printable

NAMED: Final = 3
"""So many files are named; of the others only their number is said."""

SLOW_S: Final = 0.02
"""The rest after each piece beside a kiosk that runs: some minutes for 400 MB, and the card stays free."""

_PIECE: Final = 1 << 18
_HASHES: Final = ("sha256", "sha384", "sha512")
_COMPILED: Final = "__pycache__"


class Compared(msgspec.Struct, frozen=True):
    """`words` names the first few files that differ; empty where all `files` are as they were installed."""

    files: int
    words: str


def installed() -> Path | None:
    """The folder of packages that this program was installed into; None where it runs from its sources."""
    here = Path(__file__).resolve().parents[2]
    places = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
    return here if here in places else None


def compare(folder: Path, root: Path, rest_s: float = 0.0) -> Compared:
    """Read every file that a list in `folder` names, and look for files that none names.

    Lists may name files below `root`, the environment, alone. After each piece it rests for `rest_s`.
    """
    lists = _read_lists(folder, root)
    odd = [*lists.odd]
    files = 0
    for path, hashes in sorted(lists.named.items()):
        if hashes:
            files += 1
            what = _difference(Path(path), hashes, rest_s)
            if what:
                odd.append(f"{_name(path, folder)} {what}")
    odd += (f"{_name(path, folder)} added" for path in sorted(_files(folder)) if path not in lists.named)
    more = f", and {len(odd) - NAMED} more" if len(odd) > NAMED else ""
    return Compared(files, printable(", ".join(odd[:NAMED])) + more)


@dataclass(frozen=True, slots=True)
class _Lists:
    """Every path that a list names, with the hashes that it may have; and what is wrong with the lists."""

    named: dict[str, set[str]] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)


def _read_lists(folder: Path, root: Path) -> _Lists:
    found = _Lists()
    top = f"{os.path.normpath(root)}{os.sep}"
    packages = sorted(folder.glob("*.dist-info"))
    for package in packages:
        record = package / "RECORD"
        try:
            rows = _rows(record)
        except FileNotFoundError:
            found.odd.append(f"{_name(str(record), folder)} missing")
            continue
        except (OSError, ValueError, csv.Error):
            found.odd.append(f"{_name(str(record), folder)} unreadable")
            continue
        for row in rows:
            path = os.path.normpath(folder / row[0])
            if not path.startswith(top) or "\0" in path:
                found.odd.append(f"{_name(str(record), folder)} names {row[0]}")
                continue
            hashes = found.named.setdefault(path, set())
            if len(row) > 1 and row[1]:
                hashes.add(row[1])
    if not packages:
        found.odd.append("every *.dist-info missing")
    return found


def _rows(record: Path) -> list[list[str]]:
    """Path, hash and size of each file. OSError, ValueError, csv.Error."""
    text = record.read_text("utf-8")
    return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]


def _difference(path: Path, hashes: set[str], rest_s: float) -> str:
    """What is the matter with a file; empty where one of the hashes is its own."""
    kinds = {one.partition("=")[0] for one in hashes} & {*_HASHES}
    try:
        if not path.is_file():  # a pipe or a device would never end
            return "missing"
        sums = {kind: hashlib.new(kind) for kind in kinds}
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                for one in sums.values():
                    one.update(piece)
                if rest_s:
                    time.sleep(rest_s)
    except OSError:
        return "unreadable"
    own = {f"{kind}={urlsafe_b64encode(one.digest()).rstrip(b'=').decode()}" for kind, one in sums.items()}
    return "" if own & hashes else "changed"


def _files(folder: Path) -> Iterator[str]:
    """Every file, and every link to a folder, but compiled ones."""
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != _COMPILED]
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        yield from (os.path.normpath(Path(where) / name) for name in (*files, *links))


def _name(path: str, folder: Path) -> str:
    return os.path.relpath(path, folder)


def main() -> None:
    """Compare slowly and print the outcome as JSON: for a kiosk that runs it in a process of its own."""
    folder = installed()
    found = Compared(0, "") if folder is None else compare(folder, Path(sys.prefix).resolve(), SLOW_S)
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main()
