"""A first-boot file, read and checked as a whole: by the kiosk that takes it over, and where many are made.

One checking for both, so that no file goes out to a cabin that refuses it there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.settings.handed import HANDED, TABLE, wrong_handed
from edge.settings.load import Piece, SettingsError

LARGEST: Final = 65536
"""Bytes; a longer file is none of ours."""

Recipients = Callable[[str, int], object]
"""Reads keys for sealing of which so many are needed; ValueError says why it cannot (`edge.pictures`)."""


@dataclass(frozen=True, slots=True)
class FirstBoot:
    """`piece` goes over the settings and names the files of what is handed over; `own` is that, by name."""

    piece: Piece
    own: Mapping[str, object] = field(repr=False)


def read_first_boot(content: bytes, name: str, folder: Path, recipients: Recipients) -> FirstBoot:
    """What the file says; what it hands over goes into `folder`.

    Raises `SettingsError` where nothing of it can be read. What else is wrong, the piece tells when it is
    laid over the settings.
    """
    if len(content) > LARGEST:
        raise SettingsError([FaultError("settings_unreadable", f"{name}: longer than {LARGEST} bytes")])
    try:
        # Windows editors put a byte order mark in front and end lines with CR LF.
        piece = Piece(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        raise SettingsError([FaultError("settings_unreadable", f"{name}: not UTF-8")]) from None
    given = piece.table.pop(TABLE, {})
    for key, code, detail in wrong_handed(given):
        piece.refuse(code, detail, key)
    own: dict[str, object] = given if isinstance(given, dict) else {}
    for leaf, row in HANDED.items():
        section_name, _, setting = row.setting.partition(".")
        section = piece.table.setdefault(section_name, {}) if leaf in own else None
        if isinstance(section, dict):
            section[setting] = str(folder / row.file)
    evidence = piece.table.get("evidence", {})
    needs = evidence.get("open_needs") if isinstance(evidence, dict) else None
    try:
        if "recipients" in own:
            recipients(str(own["recipients"]), needs if isinstance(needs, int) else 1)
    except ValueError as error:
        key = f"{TABLE}.recipients"
        piece.refuse("settings_out_of_bounds", f"{key}: {error}", key)
    return FirstBoot(piece, own)
