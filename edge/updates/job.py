"""`cabinguard update`: looks, fetches, installs beside, changes over, and remembers how it ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from edge.faults.fault import FaultError
from edge.settings.schema import Settings
from edge.settings.version import program_version
from edge.settings.zones import zone_of
from edge.terms.update import UpdateState
from edge.updates import package, state
from edge.updates.change import change, go_back, stage, try_settings
from edge.updates.lists import Lists
from edge.updates.machine import Machine
from edge.updates.release import (
    Here,
    Offer,
    board_of,
    choose,
    machine_here,
    numbers,
    python_here,
)
from edge.updates.source import Limits, Source
from edge.updates.state import Ended, State

LATER: Final = frozenset(
    {"update_not_now", "update_somebody", "update_door_locked", "update_fire", "update_in_use"}
)
"""What only has to wait: the release is ready and is tried again."""

NOTHING: Final = frozenset({"update_none", "update_not_my_share", "update_halted", "update_failed_here"})
"""What is no trouble of this kiosk's."""


@dataclass(frozen=True, slots=True)
class Job:
    """One call of the command. `url` is where to look, `wall_s` the time of day, `pause` waits seconds."""

    settings: Settings
    machine: Machine
    url: str
    wall_s: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep

    @property
    def folder(self) -> Path:
        return self.machine.root / self.settings.update.folder.lstrip("/")

    # --- what people and the timer ask for -----------------------------------------------------------

    def status(self) -> State:
        return state.read(self.folder)

    def check(self) -> Offer:
        """The release that this kiosk may take now. Raises `FaultError`."""
        with self._alone():
            try:
                return self._look(self._lists())
            except FaultError as error:
                self._remember(_state_of(error.code), error)
                raise

    def apply(self, *, any_time: bool) -> str:
        """The release that runs now, healthy. Raises `FaultError`: why not; then the old one runs."""
        with self._alone():
            try:
                release = self._apply(any_time=any_time)
            except FaultError as error:
                self._changing("")
                self._remember(_state_of(error.code), error)
                raise
            self._taken(release)
            return release

    def settle(self) -> None:
        """Undo a change that something ended in the middle. Raises `FaultError`."""
        with self._alone():
            go_back(self.machine, self.pause)

    # --- steps -------------------------------------------------------------------------------------

    def _apply(self, *, any_time: bool) -> str:
        self.machine.need_lasting_root()
        if self.machine.pending():
            self._go_back_in_peace()
        lists = self._lists()
        offer = self._look(lists)
        release = offer.release.id
        if not self.machine.is_staged(release):
            self._remember(UpdateState.FETCHING, None)
            self._stage(lists, offer)
        try_settings(self.machine, release)
        if not any_time and not self.in_window():
            raise FaultError("update_not_now", self.settings.update.window)
        self._changing(release)
        self._remember(UpdateState.CHANGING, None)
        change(
            self.machine,
            release,
            self.settings.update.health_s,
            lambda why: self._failed(release, why),
            self.pause,
        )
        return release

    def _go_back_in_peace(self) -> None:
        """From what was ended in the middle; a kiosk that runs is asked, one that is down is not."""
        try:
            self.machine.may_change(restart=False)
        except FaultError as error:
            if error.code != "kiosk_not_running":
                raise
        self._count_broken_off()
        go_back(self.machine, self.pause)

    def _look(self, lists: Lists) -> Offer:
        kept = state.read(self.folder)
        now_s = self.wall_s()
        offers = lists.offers(now_s, kept.seen_wall_s)
        kept = msgspec.structs.replace(kept, seen_wall_s=max(now_s, kept.seen_wall_s))
        state.write(self.folder, kept)
        offer = choose(offers, self.here(), now_s, newest=kept.newest, failed=kept.failed.keys())
        state.write(self.folder, msgspec.structs.replace(kept, offered=offer.release.id))
        return offer

    def _stage(self, lists: Lists, offer: Offer) -> None:
        """Fetched, checked, unpacked and installed beside the version that runs."""
        archive, tree = self.folder / "archive.tar", self.folder / "tree"
        try:
            self._need_room(offer)
            lists.fetch(offer, archive)
            package.unpack(archive, tree, offer.release.unpacked_mb * package.MB)
            found = package.program_id(tree)
            if found != offer.release.id:
                raise FaultError("update_package", f"it is {found}, {offer.release.id} was announced")
            installed = stage(self.machine, tree, tree / package.WHEELS)
            if installed != offer.release.id:
                raise FaultError("update_install", f"{installed or 'nothing'} was installed")
        finally:
            archive.unlink(missing_ok=True)
            shutil.rmtree(tree, ignore_errors=True)

    def _need_room(self, offer: Offer) -> None:
        """The archive, what is in it, and some room to breathe, before anything is fetched."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        needed = offer.length + offer.release.unpacked_mb * package.MB + 20 * package.MB
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            words = f"{free // package.MB} MB are free at {self.folder}, {needed // package.MB} MB are needed"
            raise FaultError("update_disk_full", words)

    def _lists(self) -> Lists:
        settings = self.settings.update
        if not self.url:
            raise FaultError("update_off")
        try:
            root = Path(settings.root_file).read_bytes()
        except OSError as error:
            raise FaultError("update_root_missing", f"{settings.root_file}: {error.strerror}") from error
        limits = Limits(archive_s=settings.archive_h * 3600.0)
        return Lists(self.folder, root, self.url, Source(self.folder / "parts", limits, settings.ca_file))

    # --- where and when ----------------------------------------------------------------------------

    def here(self) -> Here:
        return Here(
            name=own_name(self.settings, self.machine.root),
            version=program_version(),
            id=self.machine.current(),
            board=board_of(self.machine.root),
            machine=machine_here(),
            python=python_here(),
        )

    def in_window(self) -> bool:
        """Whether the cabin's clock is in `update.window`, which may go over midnight."""
        local = datetime.fromtimestamp(self.wall_s(), zone_of(self.settings.cabin.timezone))
        begin, end = self.settings.update.window.split("-")
        now = local.strftime("%H:%M")
        return begin <= now < end if begin < end else now >= begin or now < end

    # --- what is remembered --------------------------------------------------------------------------

    def _remember(self, what: UpdateState, error: FaultError | None) -> None:
        code, detail = (error.code, error.detail) if error else ("", "")
        kept = state.read(self.folder)
        last = Ended(what, code, detail[:300], kept.offered, self.wall_s())
        kept = msgspec.structs.replace(kept, last=last)
        with contextlib.suppress(FaultError):  # a full disk: what was refused is said all the same
            state.write(self.folder, kept)
        self.show(kept)

    def _taken(self, release: str) -> None:
        version = release.partition("-")[0]
        kept = state.read(self.folder)
        newest = max(kept.newest, version, key=numbers)
        broken = {one: often for one, often in kept.broken_off.items() if one != release}
        state.write(self.folder, msgspec.structs.replace(kept, newest=newest, broken_off=broken, changing=""))
        self._remember(UpdateState.TAKEN, None)

    def _changing(self, release: str) -> None:
        """Which release is taking over; what ends that in the middle is counted at the next start."""
        kept = state.read(self.folder)
        if kept.changing != release:
            state.write(self.folder, msgspec.structs.replace(kept, changing=release))

    def _failed(self, release: str, why: str) -> None:
        kept = state.read(self.folder)
        state.write(self.folder, msgspec.structs.replace(kept, failed={**kept.failed, release: why[:300]}))

    def broken_off(self) -> None:
        """Something ended an update in the middle: twice, and its release counts as one that failed here.

        Not where an update is alive and goes back by itself. Raises `FaultError`.
        """
        try:
            with self._alone():
                self._count_broken_off()
        except FaultError as error:
            if error.code != "update_busy":
                raise

    def _count_broken_off(self) -> None:
        kept = state.read(self.folder)
        release = kept.changing
        if not release or release in kept.failed:
            return
        often = kept.broken_off.get(release, 0) + 1
        kept = msgspec.structs.replace(kept, broken_off={**kept.broken_off, release: often}, changing="")
        state.write(self.folder, kept)
        if often >= state.TRIES:
            self._failed(release, "broken off twice")
        self._remember(UpdateState.UNDONE, FaultError("update_broken_off", release))

    def show(self, kept: State) -> None:
        runtime = Path(self.settings.paths.runtime)
        release = self.machine.current()
        state.show(runtime, kept, release.partition("-")[0] or program_version(), release)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise FaultError("update_busy") from error
        finally:
            os.close(handle)


def own_name(settings: Settings, root: Path) -> str:
    """The kiosk's own name among all: what the broker calls it, else the id made at the first start."""
    if settings.mqtt.kiosk_id:
        return settings.mqtt.kiosk_id
    with contextlib.suppress(OSError):
        return (root / "etc/machine-id").read_text().strip()
    return f"{settings.cabin.name} {settings.cabin.address}"


def _state_of(code: str) -> UpdateState:
    if code in LATER:
        return UpdateState.WAITING
    if code in NOTHING:
        return UpdateState.NONE
    return UpdateState.UNDONE if code == "update_undone" else UpdateState.REFUSED
