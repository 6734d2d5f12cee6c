"""The publisher's signed lists as this kiosk knows them: fetched, checked by python-tuf, kept on the disk.

The TUF client workflow (theupdateframework.github.io/specification/latest, section 5) with its trust in the
`root` file that was installed with the kiosk. Refused by name: a wrong key, too few signatures, an older
list, one whose time is over, lists that do not belong together, and files that are not what a list says.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    SlowRetrievalError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Targets
from tuf.ngclient import Updater, UpdaterConfig

from edge.disk.files import sync
from edge.faults.fault import FaultError
from edge.terms.clock import CLOCK_SET_S
from edge.updates.release import Offer, parsed
from edge.updates.source import Source

METADATA: Final = "metadata"
TARGETS: Final = "targets"
"""The two folders of a repository."""

_LIMITS: Final = UpdaterConfig(
    max_root_rotations=64,
    max_delegations=4,
    root_max_length=128 * 1024,
    timestamp_max_length=16 * 1024,
    snapshot_max_length=64 * 1024,
    targets_max_length=1024 * 1024,
)


class Lists:
    """One look at a publisher's repository. `url` is that of the folder in which `metadata/` is."""

    def __init__(self, folder: Path, root: bytes, url: str, source: Source) -> None:
        """Raises `FaultError`."""
        self._folder = folder / "lists"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _named():
            self._updater = Updater(
                metadata_dir=str(self._folder),
                metadata_base_url=f"{url.rstrip('/')}/{METADATA}/",
                target_base_url=f"{url.rstrip('/')}/{TARGETS}/",
                fetcher=source,
                config=_LIMITS,
                bootstrap=root,
            )

    def offers(self, wall_s: float, seen_wall_s: float) -> tuple[Offer, ...]:
        """Every release of the newest list. Raises `FaultError`.

        `seen_wall_s`: the latest time at which a list was found good. A clock before it was set back or
        never set, and says nothing of whether a list's time is over.
        """
        if wall_s < CLOCK_SET_S:
            raise FaultError("update_clock_unset", "the clock shows a time before 2025")
        if wall_s < seen_wall_s - 86400.0:
            raise FaultError("update_clock_unset", "the clock shows a time long before the last look")
        try:
            with _named():
                self._updater.refresh()
        finally:
            _keep(self._folder)
        listed = Metadata[Targets].from_file(str(self._folder / "targets.json")).signed.targets
        found = (parsed(path, target.length, target.custom) for path, target in sorted(listed.items()))
        return tuple(offer for offer in found if offer is not None)

    def fetch(self, offer: Offer, to: Path) -> None:
        """The archive of an offer, checked. Raises `FaultError`."""
        with _named(archive=True):
            target = self._updater.get_targetinfo(offer.path)
            if target is None:
                raise FaultError("update_mixed", f"{offer.path} is not in the list any more")
            to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._updater.download_target(target, str(to))


def _keep(folder: Path) -> None:
    """python-tuf renames without waiting for the card: without this a power cut could leave them empty."""
    for path in (*folder.rglob("*.json"), folder / "root_history", folder):
        with contextlib.suppress(OSError):
            sync(path)


@contextlib.contextmanager
def _named(*, archive: bool = False) -> Iterator[None]:
    """What python-tuf refuses, under our names."""
    try:
        yield
    except (RepositoryError, DownloadError, OSError) as error:
        raise _fault(error, archive=archive) from error


def _fault(error: Exception, *, archive: bool) -> FaultError:
    words = str(error)
    match error:
        case UnsignedMetadataError():
            signed = words.rpartition("signed by ")[2].partition("/")[0]
            code = "update_wrong_key" if signed in ("0", "") else "update_too_few_keys"
        case ExpiredMetadataError():
            code = "update_expired"
        case BadVersionNumberError():
            code = (
                "update_mixed"
                if words.startswith(("Expected snapshot", "Expected targets"))
                else "update_older"
            )
        case LengthOrHashMismatchError():
            short = "length" in words.lower()
            code = ("update_truncated" if short else "update_wrong_hash") if archive else "update_mixed"
        case DownloadLengthMismatchError():
            code = "update_endless"
        case SlowRetrievalError():
            code = "update_slow"
        case DownloadError():
            code = "update_away"
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            code = "update_disk_full"
        case OSError():
            code = "file_unusable"
        case _:
            code = "update_unreadable"
    cause = _root_cause(error)
    return cause if isinstance(cause, FaultError) else FaultError(code, " ".join(words.split())[:300])


def _root_cause(error: Exception) -> BaseException:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return cause
