"""One frame in, one observation out: a picture's health, foreground and motion, and what seers see in it.

The same code sees in the eyes' own process, in a replay and in a story.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edge.terms.observation import (
    FACE_CAMERA,
    Box,
    CameraHealth,
    Face,
    Observation,
    PictureFigures,
    Thing,
)
from edge.vision.scene.background import Scene, shrink
from edge.vision.scene.figures import Figures
from edge.vision.scene.health import Health
from edge.vision.scene.jolt import Jolt
from edge.vision.scene.motion import Moving
from edge.vision.scene.reference import is_infrared
from edge.vision.scene.still import Still
from edge.vision.seers import SEER_BEHIND, SEERS, Seer, Trouble
from edge.vision.sight import AskedForOwner, Seeing, Sight, Troubled
from hw.camera.port import Frame, GreyPicture

_FACE_HOLDS_S: Final = 3.0
_BLIND: Final = frozenset({CameraHealth.DARK, CameraHealth.BLINDED, CameraHealth.COVERED})
_PATIENCE_S: Final = 5.0
"""So long its looks must be too far apart, or not be, before a seer is behind, or is not any more."""
_ROUNDING: Final = 1.05
_COLOURS_S: Final = 2.0


class Look:
    """Looks at the frames of one camera in order.

    `missing`: the seers that it should have had; `references`: its own pictures of the empty cabin.
    """

    def __init__(
        self,
        seers: Sequence[Seeing] = (),
        missing: Sequence[Trouble] = (),
        references: Sequence[GreyPicture] = (),
        camera: str = FACE_CAMERA,
    ) -> None:
        self._seers = tuple(_Paced(seeing) for seeing in seers)
        self._missing = tuple(missing)
        self._health = Health(references=references)
        self._scene = Scene()
        self._moving = Moving()
        self._jolt = Jolt()
        self._still = Still(references)
        self._figures = Figures(references)
        self._camera = camera
        self._faces: tuple[Face, ...] = ()
        self._persons: tuple[Thing, ...] = ()
        self._face_at_s = self._colours_at_s = float("-inf")
        self._infrared = False

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """The seers that do not look, or not often enough, as of now."""
        behind = (paced.trouble for paced in self._seers)
        return (*self._missing, *(trouble for trouble in behind if trouble is not None))

    def want_owner(self, on: bool) -> None:
        """Whether to look if the card's owner stands there; no until it is asked for."""
        for paced in self._seers:
            paced.want_owner(on)

    def __call__(self, frame: Frame) -> Observation:
        """What this frame shows. A picture that does not look sound gives no foreground."""
        small = shrink(frame.grey)
        near = frame.at_s - self._face_at_s < _FACE_HOLDS_S
        sight = Sight(frame, small, self._health.update(small, frame.at_s, near))
        sight.doubtful = self._health.doubtful
        sight.infrared = self._infrared
        factor = max(frame.grey.shape) / max(small.shape)
        sight.jolt_px = self._jolt.update(small) * factor
        moving = self._moving.update(small, frame.at_s)
        sight.moving = tuple(replace(region, box=_enlarged(region.box, factor)) for region in moving)
        if not self._health.doubtful:
            # Nothing is learnt of a picture that may be a hand on the lens.
            sight.foreground, sight.motion = self._scene.update(small, frame.at_s, near)
            if self._scene.box is not None:
                sight.foreground_box = _enlarged(self._scene.box, factor)
        sight.somebody = near or sight.foreground > 0.0
        if sight.health not in _BLIND:
            self._carry_over(sight)
            for paced in self._seers:
                paced.turn(sight)
            self._faces, self._persons = sight.faces, sight.persons
        if not self._health.doubtful:
            persons = [_enlarged(person.box, 1.0 / factor) for person in sight.persons]
            sight.still = tuple(
                replace(region, box=_enlarged(region.box, factor))
                for region in self._still.update(small, frame.at_s, persons)
            )
        if sight.faces:
            self._face_at_s = frame.at_s
        if frame.at_s - self._colours_at_s >= _COLOURS_S:
            self._colours_at_s = frame.at_s
            self._infrared = is_infrared(None if frame.colour is None else frame.colour[::8, ::8])
        return self._observation(sight, self._measured(sight))

    def _measured(self, sight: Sight) -> PictureFigures | None:
        """How good the picture is, while nothing is in it but the cabin."""
        if self._health.doubtful or sight.somebody or sight.health is not CameraHealth.OK:
            self._figures.skip()
            return None
        return self._figures.update(sight.frame.grey, sight.small, sight.frame.at_s)

    def _carry_over(self, sight: Sight) -> None:
        """What was found where at the last look of those who do not look at every frame."""
        holding = {paced.seer for paced in self._seers if paced.holds(sight.frame.at_s)}
        if Seer.FACES in holding:
            sight.faces, sight.faces_asked = self._faces, True
        if Seer.PEOPLE in holding:
            sight.persons = self._persons

    def _observation(self, sight: Sight, picture: PictureFigures | None) -> Observation:
        height, width = sight.frame.grey.shape
        return Observation(
            frame=sight.frame.number,
            at_s=sight.frame.at_s,
            size=(width, height),
            faces=sight.faces,
            foreground=sight.foreground,
            health=sight.health,
            motion=sight.motion,
            jolt_px=sight.jolt_px,
            camera=self._camera,
            foreground_box=sight.foreground_box,
            scene=sight.scene,
            moving=sight.moving,
            still=sight.still,
            fight_logit=sight.fight_logit,
            unusual_logit=sight.unusual_logit,
            unusual_why=sight.unusual_why,
            front=sight.front,
            infrared=self._infrared,
            faces_asked=sight.faces_asked,
            face_motion=sight.face_motion,
            normal=sight.normal,
            picture=picture,
            owner=sight.owner,
        )


class _Paced:
    """One seer at its rate, and whether it keeps to it. No look is left out in silence."""

    def __init__(self, seeing: Seeing) -> None:
        self._seeing = seeing
        self._row = SEERS[seeing.seer]
        self._due_s = self._looked_s = float("-inf")
        self._last_s: float | None = None
        self._late_s = 0.0
        self._behind = False

    @property
    def seer(self) -> Seer:
        return self._seeing.seer

    def holds(self, at_s: float) -> bool:
        """Whether what its last look showed still stands."""
        return at_s - self._looked_s <= self._row.at_most_s

    @property
    def trouble(self) -> Trouble | None:
        if isinstance(self._seeing, Troubled) and self._seeing.trouble is not None:
            return self._seeing.trouble
        if not self._behind:
            return None
        detail = f"{self._seeing.seer} looks less often than every {self._row.at_most_s:g} s"
        return Trouble(self._seeing.seer, SEER_BEHIND, detail)

    def want_owner(self, on: bool) -> None:
        if isinstance(self._seeing, AskedForOwner):
            self._seeing.want_owner(on)

    def turn(self, sight: Sight) -> None:
        """Looks, if it is wanted and its time has come."""
        at_s = sight.frame.at_s
        if not self._seeing.wants(sight):
            self._last_s = None  # a pause with nothing to look at is not late
            return
        if at_s < self._due_s - 1e-3 and not self._row.every_frame:
            return
        on_time = at_s - self._due_s < self._row.every_s
        self._due_s = (self._due_s if on_time else at_s) + self._row.every_s
        self._seeing.look(sight)
        if self._last_s is not None:
            self._count(at_s - self._last_s)
        self._last_s = self._looked_s = at_s

    def _count(self, pause_s: float) -> None:
        late = pause_s > self._row.at_most_s * _ROUNDING
        step_s = min(max(pause_s, 0.0), _PATIENCE_S / 2.0)
        self._late_s = min(max(self._late_s + (step_s if late else -step_s), 0.0), _PATIENCE_S)
        if self._late_s in (0.0, _PATIENCE_S):
            self._behind = self._late_s > 0.0


def _enlarged(box: Box, factor: float) -> Box:
    return (box[0] * factor, box[1] * factor, box[2] * factor, box[3] * factor)
