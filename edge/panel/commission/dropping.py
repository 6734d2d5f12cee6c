"""Gives root up for good: from here on the process is the panel's user and has no way back."""

from __future__ import annotations

import ctypes
import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.settings.schema import Settings

ROOT: Final = 0
_PR_SET_NO_NEW_PRIVS: Final = 38
"""prctl(2): no program that is started later can give back what was given up, setuid or not."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the system by its numbers."""

    uid: int
    gid: int


def account_of(settings: Settings) -> Account:
    """Whose the kiosk's data are: the user that the kiosk and its panel run as.

    Raises `FaultError` `panel_stays_root` where there is no such folder or user.
    """
    folder = Path(settings.paths.data)
    try:
        owner = folder.stat()
    except OSError as error:
        raise FaultError("panel_stays_root", f"{folder}: {error.strerror}") from error
    try:
        return Account(owner.st_uid, pwd.getpwuid(owner.st_uid).pw_gid)
    except KeyError:  # a user without a name, as in a container
        return Account(owner.st_uid, owner.st_gid)


def drop_to(account: Account) -> None:
    """Become this user, without any other group, and prove that it cannot be taken back.

    Who is that user already stays it, root on a bench as well. Raises `FaultError` `panel_stays_root`.
    """
    try:
        if os.geteuid() == ROOT:
            os.setgroups([])
            os.setresgid(account.gid, account.gid, account.gid)
            os.setresuid(account.uid, account.uid, account.uid)
    except OSError as error:
        raise FaultError("panel_stays_root", error.strerror or str(error)) from error
    if os.getresuid() != (account.uid,) * 3:
        raise FaultError("panel_stays_root", f"this is user {os.getuid()}, the kiosk's is {account.uid}")
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise FaultError("panel_stays_root", os.strerror(ctypes.get_errno()))
    if account.uid != ROOT and can_be_root():
        raise FaultError("panel_stays_root", "root could be taken back")
    os.umask(0o077)


def can_be_root() -> bool:
    """Whether this process can make itself root again, by user or by group."""
    try:
        os.setresuid(ROOT, ROOT, ROOT)
    except PermissionError:
        pass
    else:
        return True
    try:
        os.setresgid(ROOT, ROOT, ROOT)
    except PermissionError:
        return False
    return True
