"""The folders that a table of kiosks becomes, and the list of what was made: whole, and their owner's alone.

The list is written first: no secret is ever on a card that the list does not have. It is what a second run
goes by, so that nothing that is in service changes.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.fleet.pairs import make_private_folder, write_private
from edge.fleet.roster import LARGEST, MAKERS, Kept, Planned, planned

LIST: Final = "secrets.csv"
SEALED: Final = "secrets.csv.age"
FIRST_BOOT: Final = "cabinguard.toml"
_ID: Final = "kiosk_id"
Seal = Callable[[bytes], bytes]
"""Encrypts for the bank."""


@dataclass(frozen=True, slots=True)
class Written:
    """How many files were written, how many were right already, folders of kiosks that the table lacks."""

    fresh: int
    unchanged: int
    strange: tuple[str, ...]


def write_all(table: Path, folder: Path, common: Path | None, seal: Seal | None = None) -> Written:
    """A folder for each kiosk of `table` in `folder`, and LIST; what `seal` makes of that one is SEALED.

    Raises `SettingsError` with everything that is wrong with the table, and has written nothing then;
    OSError where the disk fails: run again, it goes on.
    """
    with table.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise FaultError("table_odd", f"{table.name}: longer than {LARGEST} bytes")
    kept = _kept(folder)
    kiosks = planned(content, table.name, "" if common is None else _text(common), kept)
    make_private_folder(folder)
    listed = _listed({**kept, **{one.kiosk_id: {**kept.get(one.kiosk_id, {}), **one.made} for one in kiosks}})
    if not _is(folder / LIST, listed):
        write_private(folder / LIST, listed)
    if seal is not None:
        write_private(folder / SEALED, seal(listed))
    fresh = sum(_written(folder, one) for one in kiosks)
    os.sync()  # all at once: what a power cut takes away is written by the next run
    known = {one.kiosk_id for one in kiosks}
    strange = sorted(one.name for one in folder.iterdir() if one.is_dir() and one.name not in known)
    return Written(fresh, len(kiosks) - fresh, tuple(strange))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except ValueError as error:
        raise FaultError("table_odd", f"{file.name}: it is no text in UTF-8") from error


def _written(folder: Path, kiosk: Planned) -> bool:
    """Whether its file had to be written."""
    file = folder / kiosk.kiosk_id / FIRST_BOOT
    if _is(file, kiosk.text.encode()):
        return False
    make_private_folder(file.parent)
    part = file.with_name(f".{FIRST_BOOT}.new")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as whole:
        whole.write(kiosk.text.encode())
    part.replace(file)
    return True


def _is(file: Path, content: bytes) -> bool:
    try:
        return file.read_bytes() == content and not file.stat().st_mode & 0o077
    except OSError:
        return False


def _kept(folder: Path) -> Kept:
    """What was made before. Raises `FaultError` where that cannot be known."""
    if not (folder / LIST).exists():
        if (folder / SEALED).exists():
            raise FaultError(
                "table_odd", f"{folder / SEALED} is sealed: open it to {LIST} beside it (age -d)"
            )
        return {}
    try:
        return dict(_rows((folder / LIST).read_text("ascii")))
    except (ValueError, csv.Error):
        raise FaultError(
            "table_odd", f"{folder / LIST} is not the list that was made: bring it back"
        ) from None


def _rows(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for row in csv.DictReader(io.StringIO(text, newline=""), strict=True):
        if not row.get(_ID) or None in row or set(row) - {_ID, *MAKERS}:
            raise ValueError
        yield row[_ID], {name: value for name, value in row.items() if value and name != _ID}


def _listed(kept: Mapping[str, Mapping[str, str]]) -> bytes:
    """A line for each kiosk, sorted: the same list, whatever order it was made in."""
    names = [name for name in MAKERS if any(name in one for one in kept.values())]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [_ID, *names], restval="", lineterminator="\n")
    writer.writeheader()
    for kiosk_id in sorted(kept):
        if kept[kiosk_id]:
            writer.writerow({_ID: kiosk_id, **kept[kiosk_id]})
    return text.getvalue().encode("ascii")
