"""Settings and record as the version before can use them: the part of a way back that is not the installer's.

Called by that version's own installer (`systemd/versions.sh`), at a start or after an update that was not
healthy, with the kiosk stopped. From any point, any number of times.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import Final

from edge.disk.files import sync
from edge.faults.fault import FaultError
from edge.journal import schema, way_back
from edge.journal.file import NAME
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.updates.machine import Machine

FORM: Final = len(schema.MIGRATIONS)
"""The form of the record that this program writes."""

KEPT: Final = "kept"


def keep_settings(machine: Machine, folder: Path) -> None:
    """A copy of the settings as the version that runs can use them. Raises `FaultError`."""
    kept = folder / KEPT
    try:
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = kept / ".kiosk.toml.new"
        shutil.copy2(machine.settings, part)
        sync(part)
        part.replace(kept / "kiosk.toml")
        sync(kept)
    except OSError as error:
        raise FaultError("update_memory", f"{kept}: {error.strerror}") from error


def put_settings_back(machine: Machine, folder: Path) -> bool:
    """Those of before, where this version cannot use what is there, which stays beside them."""
    kept = folder / KEPT / "kiosk.toml"
    if not kept.exists():
        return False
    try:
        load(machine.settings)
    except FaultError:
        pass
    else:
        return False
    newer = machine.settings.with_name("kiosk.toml.newer")
    owner = machine.settings.stat() if machine.settings.exists() else kept.stat()
    if machine.settings.exists():
        shutil.copy2(machine.settings, newer)
    part = machine.settings.with_name(".kiosk.toml.new")
    shutil.copyfile(kept, part)
    part.chmod(owner.st_mode & 0o777)
    with contextlib.suppress(PermissionError):
        os.chown(part, owner.st_uid, owner.st_gid)
    sync(part)
    part.replace(machine.settings)
    return True


def put_record_back(machine: Machine, settings: Settings) -> str:
    """The record in this program's form; what was done, in words. To be called as the kiosk's user.

    Raises `FaultError`.
    """
    data = Path(settings.paths.data)
    path = data / NAME
    if way_back.form_of(path) <= FORM and not way_back.is_between(data):
        return "whole"
    if not way_back.is_between(data):
        for newer in machine.others():
            with contextlib.suppress(FaultError):
                machine.command(newer, "update", "--record-back", str(FORM))
            if way_back.form_of(path) <= FORM:
                return "taken back"
    if not (data / way_back.COPY).exists():
        return "left to the program"
    way_back.put_copy_back(data, time.time())
    return "from the copy"
