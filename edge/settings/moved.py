"""Settings that have another name now: a file of an older version is read as it stands, and so stays its own.

No update writes the settings: whichever version runs reads the one file. A key that moves is written here in
the release that moves it, and stays for as long as a kiosk may come from, or go back to, a version before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

MOVED: Final[Mapping[str, str]] = {}
"""The dotted name of before, and that of today."""


def with_moved(table: dict[str, object], moved: Mapping[str, str]) -> dict[str, object]:
    """The table of a settings file with each key under its name of today; one that has both keeps today's."""
    for before, now in moved.items():
        found = _taken(table, before.split("."))
        if found is not None:
            _put(table, now.split("."), found)
    return table


def _taken(table: dict[str, object], path: list[str]) -> object | None:
    section, *rest = path
    if not rest:
        return table.pop(section, None)
    inner = table.get(section)
    if not isinstance(inner, dict):
        return None
    found = _taken(cast(dict[str, object], inner), rest)
    if found is not None and not inner:
        del table[section]
    return found


def _put(table: dict[str, object], path: list[str], value: object) -> None:
    section, *rest = path
    if not rest:
        table.setdefault(section, value)
        return
    inner = table.setdefault(section, {})
    if isinstance(inner, dict):
        _put(cast(dict[str, object], inner), rest, value)
