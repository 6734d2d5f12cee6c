"""The folders that a table of kiosks becomes, and the list of what was made: whole, and their owner's alone.

The list is written first: no secret is ever on a card that the list does not have. It is what a second run
goes by, so that nothing that is in service changes.
"""

from __future__ import annotations

import csv
import io
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.disk.files import make_private_folder, write_whole
from edge.faults.fault import FaultError
from edge.fleet.roster import LARGEST, MAKERS, Kept, Planned, planned
from edge.settings.first_boot import Recipients
from edge.settings.load import SettingsError, read_text

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


def write_all(
    table: Path, folder: Path, common: Path | None, recipients: Recipients, seal: Seal | None = None
) -> Written:
    """A folder for each kiosk of `table` in `folder`, and LIST; what `seal` makes of that one is SEALED.

    `recipients` as `planned` has it. Raises `SettingsError` with everything that is wrong with the table or
    in the folder, and has written nothing then; OSError where the disk fails: run again, it goes on.
    """
    with table.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise FaultError("table_odd", f"{table.name}: longer than {LARGEST} bytes")
    kept = _kept(folder)
    kiosks = planned(content, table.name, "" if common is None else read_text(common), kept, recipients)
    if wrong := list(_wrong_with(folder, kiosks, kept)):
        raise SettingsError(wrong)
    make_private_folder(folder)
    listed = _listed({**kept, **{one.kiosk_id: {**kept.get(one.kiosk_id, {}), **one.made} for one in kiosks}})
    if not _is(folder / LIST, listed):
        write_whole(folder / LIST, listed)
    if seal is not None:
        write_whole(folder / SEALED, seal(listed))
    fresh = sum(_written(folder, one) for one in kiosks)
    os.sync()  # all at once: what a power cut takes away is written by the next run
    known = {one.kiosk_id for one in kiosks}
    strange = sorted(one.name for one in folder.iterdir() if one.is_dir() and one.name not in known)
    return Written(fresh, len(kiosks) - fresh, tuple(strange))


def _wrong_with(folder: Path, kiosks: Sequence[Planned], kept: Kept) -> Iterator[FaultError]:
    """Why what is there already cannot be gone on with."""
    if folder.exists() and (mode := stat.S_IMODE(folder.stat().st_mode)) & 0o077:
        detail = f"{folder}: others may look into it (mode {mode:o}): chmod 700 it, or name a new folder"
        yield FaultError("file_unusable", detail)
    for one in kiosks:
        own = folder / one.kiosk_id
        if own.is_symlink() or (own.exists() and not own.is_dir()):
            yield FaultError("file_unusable", f"{own} is no folder: take it away")
        elif own.exists() and one.kiosk_id not in kept:
            # Its card may be in a cabin: another secret for it would be one that this kiosk does not have.
            detail = f"{own} was made before, and {LIST} does not have it: bring the whole list back"
            yield FaultError("table_odd", f"{detail}, or take that folder away")


def _written(folder: Path, kiosk: Planned) -> bool:
    """Whether its file had to be written."""
    file = folder / kiosk.kiosk_id / FIRST_BOOT
    make_private_folder(file.parent)
    file.parent.chmod(0o700)  # copied about, it may have got another mode
    if _is(file, kiosk.text.encode()):
        return False
    part = file.with_name(f".{FIRST_BOOT}.new")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as whole:
        whole.write(kiosk.text.encode())
    part.replace(file)
    return True


def _is(file: Path, content: bytes) -> bool:
    try:
        itself = not file.is_symlink() and not file.stat().st_mode & 0o077
        return itself and file.read_bytes() == content
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
    """Each kiosk and what was made for it. ValueError where that is not as it was made: a copy that was cut,
    or a spreadsheet that took a PIN for a number."""
    seen: set[str] = set()
    for row in csv.DictReader(io.StringIO(text, newline=""), strict=True):
        cells = {str(name): value for name, value in row.items() if name is not None}
        if len(cells) < len(row) or None in cells.values():  # more cells than columns, or fewer
            raise ValueError
        kiosk_id = cells.pop(_ID, "")
        made = {name: value for name, value in cells.items() if value}
        odd = [n for n, value in made.items() if n not in MAKERS or not re.fullmatch(MAKERS[n].form, value)]
        if not kiosk_id or kiosk_id in seen or odd:
            raise ValueError
        seen.add(kiosk_id)
        yield kiosk_id, made


def _listed(kept: Mapping[str, Mapping[str, str]]) -> bytes:
    """A line for each kiosk, also for one without a made secret: who is not in it was never made.

    Sorted: the same list, whatever order it was made in."""
    names = [name for name in MAKERS if any(name in one for one in kept.values())]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [_ID, *names], restval="", lineterminator="\n")
    writer.writeheader()
    for kiosk_id in sorted(kept):
        writer.writerow({_ID: kiosk_id, **kept[kiosk_id]})
    return text.getvalue().encode("ascii")
