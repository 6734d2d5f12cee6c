"""What a kiosk shows of its updates: the file `update.json` in the folder `paths.runtime`."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

UPDATE_FILE: Final = "update.json"


class UpdateState(StrEnum):
    """Where a kiosk stands with its updates."""

    NONE = "none"
    """It has what it may have."""

    FETCHING = "fetching"
    WAITING = "waiting"
    """A release is here and waits for the window, or for an empty and unlocked cabin."""

    CHANGING = "changing"
    TAKEN = "taken"
    """A release was installed and is healthy."""

    UNDONE = "undone"
    """A release was not healthy here, or power ended its update; the version before runs."""

    REFUSED = "refused"
    """Lists or archive were refused: `failed_code` says why."""


class UpdateShown(msgspec.Struct, frozen=True):
    """`version` and `release` (version and hash) are of the program that runs, `offered` what was found last.

    `failed`: the releases that were not healthy here. `checked_wall_s`: when lists were good last.
    """

    state: UpdateState = UpdateState.NONE
    version: str = ""
    release: str = ""
    offered: str = ""
    failed: tuple[str, ...] = ()
    checked_wall_s: float | None = None
    failed_code: str = ""
    detail: str = ""
    wall_s: float = 0.0
