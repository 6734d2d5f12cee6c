"""The gallery of a running kiosk: taken up again whenever its file changes, without a restart.

What cannot be read is never half believed: the kiosk then knows nobody, every claim is refused, and a fault
says why. A damaged file or one of another version is set aside; one of another key, or an older copy, stays
where it is, since the right key or a person's word makes it good.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.identity.gallery import NO_ONE, Gallery, gallery_in
from edge.identity.key import KeyRing
from edge.identity.person import Done
from edge.identity.sealed import EMPTY, Contents
from edge.identity.store import UNREADABLE, GalleryFolder

DONE: Final = "gallery"
GIVEN: Final = "person"
"""The record's counters: with them neither a number nor a removal is lost with the gallery's folder."""

LOOK_S: Final = 0.5
"""How often the file is looked at: a removed person is forgotten within this, and the time to read it."""

AGAIN_S: Final = 30.0
"""How often one that could not be read is tried again though it did not change: the disk or the key may."""

HANGS_S: Final = 30.0
"""A read that takes longer hangs in the system: a fault, and nobody is known until it ends."""

_OTHER_NETWORK: Final = "gallery_network"


@dataclass(frozen=True, slots=True)
class GalleryFault:
    """A fault of the catalogue began or ended."""

    code: str
    detail: str
    active: bool


@dataclass(frozen=True, slots=True)
class GalleryNoted:
    """A line for the record: somebody was enrolled, renewed, removed or exported, by number."""

    name: str
    data: dict[str, object]


@dataclass(frozen=True, slots=True)
class GalleryTaken:
    """Another gallery is in use. A claim that is open for one of `gone` ends: removed, or enrolled again."""

    gone: frozenset[int]


GalleryNews = GalleryFault | GalleryNoted | GalleryTaken


@dataclass(frozen=True, slots=True)
class _Read:
    contents: Contents | None
    fault: FaultError | None


class GalleryKeeper:
    """Belongs to the loop's thread. No call waits; with `threaded` a thread of its own reads the file.

    `keys` gives the keys and raises `FaultError`; it is asked at every reading, so that a rotated key file is
    taken up. `recorded` is the newest line of the gallery's list that the kiosk's record has (`counters`).
    """

    def __init__(
        self,
        data: Path,
        keys: Callable[[], KeyRing],
        *,
        network: str = "",
        recorded: int = 0,
        threaded: bool = True,
    ) -> None:
        self._folder = GalleryFolder(data)
        self._keys = keys
        self._network = network
        self._recorded = recorded
        self._threaded = threaded
        self._gallery = NO_ONE
        self._contents: Contents = EMPTY
        self._fault: FaultError | None = None
        self._others = 0
        self._stamp: object = None
        self._look_at_s = float("-inf")
        self._again_at_s = float("inf")
        self._reading: threading.Thread | None = None
        self._began_s = 0.0
        self._hangs = False
        self._found: _Read | None = None

    @property
    def gallery(self) -> Gallery:
        """Whole, or of nobody while a fault stands."""
        return self._gallery

    @property
    def counters(self) -> dict[str, int]:
        """For the record: how far it has the list of what was done, and the highest number given."""
        given = self._contents.next_person - 1
        return {DONE: self._recorded} | ({GIVEN: given} if given else {})

    def next_wake_s(self, now_s: float) -> float:
        return max(now_s, self._look_at_s)

    def poll(self, now_s: float) -> tuple[GalleryNews, ...]:
        """What became of the gallery since the last call."""
        if self._reading is not None:
            if self._found is None and self._reading.is_alive():
                self._look_at_s = now_s + 0.05
                return self._late(now_s)
            self._reading = None
            return self._taken(now_s)
        if now_s < self._look_at_s:
            return ()
        self._look_at_s = now_s + LOOK_S
        stamp = self._folder.stamp()
        if stamp == self._stamp and now_s < self._again_at_s:
            return ()
        self._stamp = stamp
        self._found = None
        if not self._threaded:
            self._read()
            return self._taken(now_s)
        thread = threading.Thread(target=self._read, name="gallery", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no thread can be had now: the next look tries again
            self._stamp = None
            return ()
        self._reading, self._began_s, self._hangs = thread, now_s, False
        return ()

    def _late(self, now_s: float) -> tuple[GalleryNews, ...]:
        """A disk that does not answer: who was removed meanwhile must not go on being known."""
        if now_s - self._began_s < HANGS_S or self._hangs:
            return ()
        self._hangs = True
        gone = self._gallery.persons
        self._gallery = NO_ONE
        if self._fault is not None:
            return (GalleryTaken(gone),)
        self._fault = FaultError("gallery_unreadable", f"no answer of the disk for {HANGS_S:.0f} s")
        return (GalleryFault(self._fault.code, self._fault.detail, active=True), GalleryTaken(gone))

    def _read(self) -> None:
        try:
            self._found = _Read(self._read_with(self._keys()), None)
        except FaultError as error:
            self._found = _Read(None, error)

    def _read_with(self, ring: KeyRing) -> Contents:
        try:
            contents = self._folder.read(ring)
        except FaultError as error:
            if error.code in UNREADABLE:
                with contextlib.suppress(OSError, FaultError):  # then it lies there, and the fault stands
                    self._folder.set_aside(ring)
            raise
        if contents.done_number < self._recorded:
            raise FaultError("gallery_older", "the record knows of later changes of it")
        return contents

    def _taken(self, now_s: float) -> tuple[GalleryNews, ...]:
        found, self._found = self._found, None
        if found is None:  # its thread died: as after a disk that failed
            found = _Read(None, FaultError("gallery_unreadable", "the reading ended before its time"))
        self._again_at_s = float("inf") if found.fault is None else now_s + AGAIN_S
        news: list[GalleryNews] = []
        before, fault = self._fault, found.fault
        if self._is_after_setting_aside(fault):
            return ()
        if before is not None and (fault is None or fault.code != before.code):
            news.append(GalleryFault(before.code, before.detail, active=False))
        if fault is not None and (before is None or fault.code != before.code):
            news.append(GalleryFault(fault.code, fault.detail, active=True))
        self._fault = fault
        contents = EMPTY if found.contents is None else found.contents
        if found.contents is not None:
            for done in contents.done:
                if done.number > self._recorded:
                    news.append(GalleryNoted(done.act.value, _line(done)))
                    self._recorded = done.number
        gone = frozenset(
            number
            for number, block in self._contents.blocks.items()
            if number not in contents.blocks or contents.blocks[number].person != block.person
        )
        self._contents = contents
        self._gallery = NO_ONE if fault is not None else gallery_in(contents, self._network)
        news += self._of_another_network(contents)
        news.append(GalleryTaken(gone))
        return tuple(news)

    def _of_another_network(self, contents: Contents) -> tuple[GalleryFault, ...]:
        """Who has to be enrolled again since the network was replaced; the others' claims go on."""
        network = self._network
        count = sum(network not in ("", person.network) for person in contents.people)
        before, self._others = self._others, count
        if (count > 0) is (before > 0):
            return ()
        detail = f"{count} of {len(contents.people)} people"
        return (GalleryFault(_OTHER_NETWORK, detail, active=count > 0),)

    def _is_after_setting_aside(self, fault: FaultError | None) -> bool:
        """What was set aside is gone: that says no more than the fault that stands."""
        stands = self._fault is not None and self._fault.code in UNREADABLE
        return stands and fault is not None and fault.code == "gallery_older" and not self._contents.blocks


def _line(done: Done) -> dict[str, object]:
    """When it was done, not when it is recorded: the kiosk may have been off."""
    said: dict[str, object] = {"at": done.at_utc, "by": done.by}
    return {"person": done.person, **said} if done.person else said
