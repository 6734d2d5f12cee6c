"""The machine's front as a seer: what stands before it, what was taught of it, and whether it can be seen at
all."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.terms.observation import Box, CameraHealth
from edge.vision.scene.front import Embeds, FrontEye
from edge.vision.scene.fronts import MANIFEST, read_front
from edge.vision.seers import Seer, Trouble
from edge.vision.sight import Sight

_MOVES: Final = 0.0008
_STANDS: Final = 0.01
"""Shares of the picture from which what moves, or is new, may be a hand or somebody."""
_UNSEEN_S: Final = 3600.0
"""After so long without one look it is told that nobody watches the front."""
_ANEW_S: Final = 30.0

_UNSEEN: Final = "front_unseen"

_log = logging.getLogger(__name__)


class FrontSeer:
    """Watches the front that the camera named `camera` was taught, in `folder`; none taught: it asks for
    nothing.

    What is taught again while it runs is taken up at once.
    """

    seer: Final = Seer.FRONT

    def __init__(self, folder: Path | None, camera: str, patches: Embeds | None) -> None:
        self._folder = folder
        self._camera = camera
        self._patches = patches
        self._eye: FrontEye | None = None
        self._fault: Trouble | None = None
        self._stamp: tuple[int, int] | None = None
        self._asked_s = self._looked_s = float("-inf")
        self._why = ""
        self._read()

    @property
    def trouble(self) -> Trouble | None:
        """What was taught is damaged, or could not be seen for an hour."""
        return self._fault

    def wants(self, sight: Sight) -> bool:
        """Where a front is taught, while the picture is sound, nobody is seen and nothing moves before it."""
        at_s = sight.frame.at_s
        if at_s - self._asked_s >= _ANEW_S:
            self._asked_s = at_s
            if self._newest() != self._stamp:
                self._read()
        if self._eye is None:
            return False
        if sight.health is not CameraHealth.OK:
            self._looked_s = at_s  # that is told already, by the camera's own name
            return False
        self._count(at_s)
        if sight.faces or sight.persons:
            self._why = "somebody is seen"
            return False
        if any(self._eye.stands_before(box) for box in _astir(sight)):
            self._why = "something moves before it"
            return False
        return True

    def look(self, sight: Sight) -> None:
        if self._eye is None:
            return
        sight.front = self._eye.look(sight.frame.grey, sight.frame.at_s)
        self._why = self._eye.why
        if not self._why:
            self._looked_s = sight.frame.at_s
            self._fault = None

    def _count(self, at_s: float) -> None:
        if self._looked_s == float("-inf"):
            self._looked_s = at_s
        if at_s - self._looked_s >= _UNSEEN_S and self._fault is None:
            self._fault = Trouble(Seer.FRONT, _UNSEEN, f"{self._camera}: {self._why}")

    def _newest(self) -> tuple[int, int] | None:
        if self._folder is None:
            return None
        try:
            found = (self._folder / MANIFEST).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _read(self) -> None:
        self._stamp = self._newest()
        self._eye = self._fault = None
        if self._folder is None:
            return
        try:
            taught = read_front(self._folder, self._camera)
        except FaultError as fault:
            _log.warning("fault: %s", fault)
            self._fault = Trouble(Seer.FRONT, fault.code, fault.detail)
            return
        if taught is not None:
            self._eye = FrontEye(taught.front, self._patches)


def _astir(sight: Sight) -> Iterator[Box]:
    """Boxes of what may be somebody, or a hand."""
    yield from (region.box for region in sight.moving if region.area >= _MOVES)
    if sight.foreground_box is not None and sight.foreground >= _STANDS:
        yield sight.foreground_box
