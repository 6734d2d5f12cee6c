"""The looks at whether the card's owner stands there, as a seer: asked for, and only then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from edge.terms.identity import OwnerLook
from edge.terms.observation import Face
from edge.vision.seers import Seer
from edge.vision.sight import Sight
from hw.camera.port import Frame

LooksAtOwner = Callable[[Frame, Sequence[Face]], OwnerLook]
"""One look at a frame and the faces that were found in it."""


class OwnerSeer:
    """Looks while it is asked for, at a frame whose faces were looked for just now: eyes and mouth must lie
    where they lie in this very picture."""

    seer: Final = Seer.OWNER

    def __init__(self, looks: LooksAtOwner) -> None:
        self._looks = looks
        self._on = False

    def want_owner(self, on: bool) -> None:
        self._on = on

    def wants(self, sight: Sight) -> bool:
        return self._on and sight.faces_new

    def look(self, sight: Sight) -> None:
        sight.owner = self._looks(sight.frame, sight.faces)
