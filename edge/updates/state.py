"""What a kiosk remembers of its updates, and what it shows others of them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from edge.disk.files import write_whole
from edge.faults.fault import FaultError
from edge.terms.update import UPDATE_FILE, UpdateShown, UpdateState

FILE: Final = "state.json"
TRIES: Final = 2
"""So often power may end an update before its release counts as one that failed here."""


class Ended(msgspec.Struct, frozen=True):
    """How the last look, or the last update, ended. `code` is empty or one of the fault catalogue."""

    state: UpdateState = UpdateState.NONE
    code: str = ""
    detail: str = ""
    release: str = ""
    wall_s: float = 0.0


class State(msgspec.Struct, frozen=True):
    """`newest`: the highest version that was ever installed here. `failed`: release id to why.

    `broken_off`: release id to how often power ended its update. `seen_wall_s`: when lists were good last.
    `offered`: the id of the release that was found last; `changing`: of the one that is taking over.
    """

    newest: str = "0.0.0"
    failed: dict[str, str] = {}
    broken_off: dict[str, int] = {}
    seen_wall_s: Annotated[float, Meta(ge=0)] = 0.0
    offered: str = ""
    changing: str = ""
    last: Ended = Ended()


def read(folder: Path) -> State:
    """Nothing remembered is a new kiosk's. Raises `FaultError` where what is remembered cannot be read."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=State)
    except FileNotFoundError:
        return State()
    except (OSError, msgspec.DecodeError) as error:
        raise FaultError("update_memory", f"{folder / FILE}: {error}") from error


def write(folder: Path, state: State) -> None:
    """On the card when this returns. Raises `FaultError`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / FILE, msgspec.json.encode(state), 0o600)
    except OSError as error:
        code = "update_disk_full" if error.errno in (28, 122) else "update_memory"
        raise FaultError(code, f"{folder}: {error.strerror}") from error


def show(runtime: Path, state: State, version: str, release: str) -> None:
    """For others to read. The folder is the kiosk user's: nothing that lies there is followed."""
    shown = UpdateShown(
        state=state.last.state,
        version=version,
        release=release,
        offered=state.offered,
        failed=tuple(sorted(state.failed)),
        checked_wall_s=state.seen_wall_s or None,
        failed_code=state.last.code,
        detail=state.last.detail,
        wall_s=state.last.wall_s,
    )
    with contextlib.suppress(OSError):  # a kiosk that is down has no such folder
        write_whole(runtime / UPDATE_FILE, msgspec.json.encode(shown), 0o644)


def shown(runtime: Path) -> UpdateShown | None:
    """What was shown last; None where nothing was."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((runtime / UPDATE_FILE).read_bytes(), type=UpdateShown)
    return None
