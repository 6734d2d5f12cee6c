"""Where a kiosk's key and certificate lie: always a whole pair, through any power cut.

A pair is a folder, and `current` is a link to the one in use, which is replaced in one step. So nobody ever
sees a key with another key's certificate. The pair before stays until the new one has worked; a request that
waits for its certificate has its key in `next`.

    fleet/current -> pairs/2        fleet/pairs/1/{key.pem,certificate.pem}
    fleet/next/{key.pem,request.pem}    fleet/pairs/2/{key.pem,certificate.pem}    fleet/ca.pem
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.disk.files import make_private_folder, sync, wipe, write_whole
from edge.faults.fault import FaultError
from edge.fleet.token import drop_from_token, is_token_file
from edge.settings.schema import Settings

KEY: Final = "key.pem"
CERTIFICATE: Final = "certificate.pem"
REQUEST: Final = "request.pem"
_CURRENT: Final = "current"
_NEXT: Final = "next"
_PAIRS: Final = "pairs"


@dataclass(frozen=True, slots=True)
class Pair:
    """The files of one key and of its certificate, behind which stand those up to its authority's."""

    key: Path
    certificate: Path


def fleet_folder(settings: Settings) -> Path:
    return Path(settings.paths.data) / "fleet"


def authorities_file(settings: Settings) -> Path:
    """The certificates that the kiosk trusts a server by."""
    return Path(settings.certificate.ca_file or fleet_folder(settings) / "ca.pem")


def kept_elsewhere(settings: Settings) -> bool:
    """Whether somebody else looks after key and certificate: then they are read here, and never made."""
    return bool(settings.certificate.key_file or settings.certificate.certificate_file)


def current_pair(settings: Settings, *, previous: bool = False) -> Pair:
    """The pair in use, or the one before it; both files of the same one. They need not be there.

    Raises `FaultError` where the one before is asked for and there is none.
    """
    named = settings.certificate
    if kept_elsewhere(settings):
        return Pair(Path(named.key_file), Path(named.certificate_file))
    fleet = fleet_folder(settings)
    folder = fleet / _CURRENT
    with contextlib.suppress(OSError):
        folder = fleet / folder.readlink()  # once: the link may be moved between two looks at it
    if previous:
        earlier = _previous(fleet)
        if earlier is None:
            raise FaultError("certificate_missing", "there is no pair from before")
        folder = earlier
    return Pair(folder / KEY, folder / CERTIFICATE)


def has_previous(settings: Settings) -> bool:
    """Whether the pair before the one in use is still there."""
    return not kept_elsewhere(settings) and _previous(fleet_folder(settings)) is not None


def worked(settings: Settings) -> None:
    """Somebody was accepted with the pair in use: the one before it is not needed any more.

    Raises `FaultError` where the disk fails.
    """
    if kept_elsewhere(settings):
        return
    fleet = fleet_folder(settings)
    with _disk(fleet):
        while (earlier := _previous(fleet)) is not None:
            _drop(settings, earlier)


def next_folder(settings: Settings) -> Path:
    """Where a key waits for its certificate."""
    return fleet_folder(settings) / _NEXT


def take_next(settings: Settings) -> Pair:
    """Make the pair in `next`, whose certificate was checked and written there, the one in use.

    A power cut leaves the old pair in use or the new one; called again, it comes out the same. Raises
    `FaultError` where the disk fails.
    """
    settle(settings)
    return current_pair(settings)


def settle(settings: Settings) -> None:
    """End what was begun or cut off: the newest whole pair is the one in use, and the last that worked stays.

    Raises `FaultError` where the disk fails.
    """
    if kept_elsewhere(settings):
        return
    fleet, fresh = fleet_folder(settings), next_folder(settings)
    pairs = fleet / _PAIRS
    with _disk(fleet):
        if (fresh / CERTIFICATE).exists():  # it is written last, and only once it was checked
            make_private_folder(pairs)
            for other in fresh.iterdir():
                if other.name not in (KEY, CERTIFICATE):
                    other.unlink()
            sync(fresh)
            fresh.rename(pairs / str(max(_numbers(pairs), default=0) + 1))
            sync(pairs)
            sync(fleet)
        numbers = sorted(_numbers(pairs)) if pairs.is_dir() else []
        if not numbers:
            return
        target = f"{_PAIRS}/{numbers[-1]}"
        link = fleet / _CURRENT
        if not link.is_symlink() or str(link.readlink()) != target:
            fresh = fleet / f".{_CURRENT}.new"
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(target)
            fresh.replace(link)
            sync(fleet)
        for number in numbers[1:-1]:  # the oldest is the last that worked, or it would be gone
            _drop(settings, pairs / str(number))


def write_own(file: Path, content: bytes) -> None:
    """Whole or not at all, in a folder for the kiosk alone. Raises `FaultError` where the disk fails."""
    with _disk(file):
        make_private_folder(file.parent)
        write_whole(file, content)


def forget_key(settings: Settings, file: Path) -> None:
    """Remove the key that a file stands for from its token; where that fails, it stays there unused."""
    with contextlib.suppress(OSError, FaultError):
        content = file.read_bytes()
        if is_token_file(content):
            drop_from_token(settings, content)


def _previous(fleet: Path) -> Path | None:
    """The newest pair that is not the one in use."""
    try:
        used = (fleet / _CURRENT).readlink().name
        numbers = _numbers(fleet / _PAIRS)
    except OSError:
        return None
    return max((fleet / _PAIRS / str(n) for n in numbers if str(n) != used), key=_number, default=None)


def _number(folder: Path) -> int:
    return int(folder.name)


def _numbers(pairs: Path) -> list[int]:
    return [int(one.name) for one in pairs.iterdir() if one.name.isdecimal()]


def _drop(settings: Settings, folder: Path) -> None:
    """The key goes first, and is overwritten."""
    key = folder / KEY
    forget_key(settings, key)
    with contextlib.suppress(FileNotFoundError):
        wipe(key)
    shutil.rmtree(folder)
    sync(folder.parent)


@contextlib.contextmanager
def _disk(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FaultError("folder_unwritable", f"{error.filename or place}: {error.strerror}") from error
