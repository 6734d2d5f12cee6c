"""What the publisher says of one release, and whether this kiosk may take it now. Pure.

It stands in the release's own entry of the signed list (`custom.cabinguard` of a TUF target), so nobody but
the publisher can change it, and it can be changed without a new archive: that is how a roll-out is widened
and how it is halted.
"""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from edge.faults.fault import FaultError

PLACES: Final = 100
"""Every kiosk has one of so many places in the order in which a release is handed out."""

Number = Annotated[str, Meta(pattern=r"\A[0-9]{1,6}(\.[0-9]{1,6}){2}\Z")]
Id = Annotated[str, Meta(pattern=r"\A[0-9]{1,6}(\.[0-9]{1,6}){2}-[0-9a-f]{12}\Z")]
Python = Annotated[str, Meta(pattern=r"\A3\.[0-9]{1,2}\Z")]
Word = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9_-]{0,39}\Z")]


class Stage(msgspec.Struct, frozen=True):
    """From a time on (UTC, seconds since 1970) so many of a hundred kiosks may take it.

    Whole seconds: the signed form (canonical JSON) knows no other numbers.
    """

    begins_wall_s: Annotated[int, Meta(ge=0, le=4_000_000_000)]
    percent: Annotated[int, Meta(ge=0, le=PLACES)]


class Release(msgspec.Struct, frozen=True):
    """One archive. `id`: the version with a hash of everything in it, the name of its folder on a kiosk.

    `boards` are of `board_of`, or `any`. `record` is the number of the record's form that it writes.
    `unpacked_mb` is the size of what is in the archive.
    """

    version: Number
    id: Id
    machine: Word
    python_min: Python
    python_max: Python
    record: Annotated[int, Meta(ge=1, le=10000)]
    unpacked_mb: Annotated[int, Meta(ge=1, le=4000)]
    boards: Annotated[tuple[Word, ...], Meta(min_length=1, max_length=20)] = ("any",)
    stages: Annotated[tuple[Stage, ...], Meta(max_length=50)] = ()
    halted: Annotated[str, Meta(max_length=200)] = ""
    """Why it is handed out no more; empty while it is."""

    def percent(self, wall_s: float) -> int:
        """How many of a hundred may take it at that time."""
        begun = [stage for stage in self.stages if stage.begins_wall_s <= wall_s]
        return max(begun, key=lambda stage: stage.begins_wall_s).percent if begun else 0


@dataclass(frozen=True, slots=True)
class Here:
    """This kiosk. `name` is its own among all kiosks, `version` and `id` are of the program that runs."""

    name: str
    version: str
    id: str
    board: str
    machine: str
    python: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A release under its name in the signed list; `length` in bytes."""

    path: str
    length: int
    release: Release


def numbers(version: str) -> tuple[int, ...]:
    """For comparing: 0.10.0 comes after 0.9.1."""
    return tuple(int(part) for part in version.split("."))


def place(name: str, release_id: str) -> int:
    """The place of a kiosk among `PLACES`, another one for each release so that nobody is always first.

    The same whenever it is asked: a kiosk that was away finds its place when it is back.
    """
    return int.from_bytes(hashlib.sha256(f"{name}\n{release_id}".encode()).digest()[:8]) % PLACES


def parsed(path: str, length: int, custom: object) -> Offer | None:
    """The entry of a signed list; None for a file that is no release of this program.

    Raises `FaultError` for a release that this version cannot read.
    """
    mine = custom.get("cabinguard") if isinstance(custom, dict) else None
    if mine is None:
        return None
    try:
        return Offer(path, length, msgspec.convert(mine, Release))
    except msgspec.ValidationError as error:
        raise FaultError("update_unreadable", f"{path}: {error}") from error


def choose(offers: Sequence[Offer], here: Here, wall_s: float, *, newest: str, failed: Set[str]) -> Offer:
    """The newest release that this kiosk may take now. `newest` is the highest version it ever had.

    Raises `FaultError`: `update_none` where it has the newest already, else why it may not take the newest.
    """
    order = sorted(offers, key=lambda offer: numbers(offer.release.version), reverse=True)
    why: FaultError | None = None
    for offer in order:
        refusal = _refusal(offer.release, here, wall_s, newest, failed)
        if refusal is None:
            return offer
        if why is None or _RANK[refusal.code] < _RANK[why.code]:
            why = refusal
    raise why or FaultError("update_none", "the list is empty")


_RANK: Final = {
    code: rank
    for rank, code in enumerate(
        (
            "update_failed_here",
            "update_halted",
            "update_not_my_share",
            "update_none",
            "update_older",
            "update_other_board",
        )
    )
}
"""Of several reasons the one that tells most: what is wrong with a newer release before what is older."""


def _refusal(release: Release, here: Here, wall_s: float, newest: str, failed: Set[str]) -> FaultError | None:
    python = numbers(here.python)
    if (
        ("any" not in release.boards and here.board not in release.boards)
        or release.machine != here.machine
        or not numbers(release.python_min) <= python <= numbers(release.python_max)
    ):
        meant = f"{', '.join(release.boards)} {release.machine}"
        pythons = f"Python {release.python_min} to {release.python_max}"
        is_one = f"this is {here.board} {here.machine} with Python {here.python}"
        return FaultError("update_other_board", f"{release.version} is for {meant}, {pythons}; {is_one}")
    if release.id == here.id:
        return FaultError("update_none", f"{here.version} runs")
    floor = max(newest, here.version, key=numbers)
    if numbers(release.version) < numbers(floor):
        return FaultError("update_older", f"{release.version} is offered, {floor} was installed")
    if numbers(release.version) == numbers(here.version):
        return FaultError("update_none", f"{here.version} runs")
    if release.id in failed:
        return FaultError("update_failed_here", release.id)
    if release.halted:
        return FaultError("update_halted", f"{release.version}: {release.halted}")
    mine, share = place(here.name, release.id), release.percent(wall_s)
    if mine >= share:
        return FaultError("update_not_my_share", f"{release.version}: place {mine}, {share} % may have it")
    return None


# --- what this machine is --------------------------------------------------------------------------


def board_of(root: Path) -> str:
    """A short name of the board: `pi3`, `pi4`, `pi5`, `zero2` or `other`."""
    try:
        model = (root / "proc/device-tree/model").read_bytes().rstrip(b"\0").decode(errors="replace")
    except OSError:
        return "other"
    if "Zero 2" in model:
        return "zero2"
    found = re.search(r"Raspberry Pi (?:Compute Module )?([3-9])", model)
    return f"pi{found[1]}" if found else "other"


def python_here() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def machine_here() -> str:
    return platform.machine()


def utc(wall_s: float) -> str:
    """A time for people and files."""
    return datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
