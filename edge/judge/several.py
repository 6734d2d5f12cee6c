"""One person, or several: by faces and bodies, whichever shows more; several holds the lock clock at once.

Two who both hide their faces are two bodies. One person with a reflection, a poster or a split box is not
two: a face far narrower than the first does not count, bodies count as `bodies.py` says, and a moment says
nothing.

Several is said early and taken back late: in doubt nobody is locked. It ends when one alone was seen for long
enough: after 1.5 s where a face is seen and no scene network is fitted, 3 s where one is, 10 s where bodies
alone are seen (the other may stand behind the first). Behind a door that has not opened since nobody can have
left: 40 times as long, in which a picture on a wall is found out too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from edge.cabin.events import PeopleJudged
from edge.judge.bodies import BODIES, UNFITTED, Bodies
from edge.judge.sums import GAP_MAX_S, Held
from edge.terms.observation import CameraHealth, Face, Observation
from edge.terms.reason import Ground, Measure, Number, Reason, because

_SEVERAL_S: Final = 0.7
_SEVERAL_FALL: Final = 0.3
"""A child in arms, or who stands half behind another, is found now and then: a quarter is enough."""
_SINGLE_S: Final = 1.5
_SHUT: Final = 40.0
"""The other one hides, or was never there."""
_WITH_BODIES: Final = 0.5
_BODY_ALONE: Final = 0.15
"""So much of the time counts where bodies are seen: the body of the other takes longer to come out than a
face; and where nothing but a body is."""
_LIMIT: Final = 2.0
_BESIDE: Final = 0.2
"""A second face narrower than this share of the first is a poster, a banknote or the street behind glass."""


class SeveralJudge:
    """Observations of the face camera and the word on bodies into `PeopleJudged`. Pure."""

    def __init__(self, door_fitted: bool = False) -> None:
        self._door_fitted = door_fitted
        self._shut = False
        self._crowd = Held(_SEVERAL_S, fall=_SEVERAL_FALL)
        self._alone = Held(_SINGLE_S)
        self._alone_shut = Held(_SINGLE_S * _SHUT)
        self._several = False
        self._last_s: float | None = None

    @property
    def several(self) -> bool:
        return self._several

    def update(
        self, observation: Observation, now_s: float, present: bool, bodies: Bodies = UNFITTED
    ) -> tuple[PeopleJudged, ...]:
        """One frame; an unsound picture says nothing, and nobody present is never several."""
        if observation.health is not CameraHealth.OK:
            self._last_s = None
            return ()
        last_s, self._last_s = self._last_s, now_s
        dt_s = 0.0 if last_s is None else min(max(now_s - last_s, 0.0), GAP_MAX_S)
        faces = sorted(observation.faces, key=_width, reverse=True)
        several = bodies.count > 1 or (len(faces) > 1 and _width(faces[1]) >= _BESIDE * _width(faces[0]))
        crowd = self._crowd.update(several, dt_s)
        # Nobody to be seen says nothing about how many there are.
        single_s = dt_s * _weight(bool(faces), bodies)
        alone, alone_shut = (held.update(not several, single_s) for held in (self._alone, self._alone_shut))
        if self._shut:
            alone = alone_shut
        if present and not self._several and crowd and several:
            self._several = True
            self._shut = self._door_fitted
            self._alone.clear()
            self._alone_shut.clear()
            return (PeopleJudged(several=True, reason=_reason(observation, faces, bodies)),)
        if self._several and alone and not several:
            self._several = False
            self._crowd.clear()
            return (PeopleJudged(several=False),)
        return ()

    def forget(self) -> tuple[PeopleJudged, ...]:
        """The cabin is empty."""
        several, self._several = self._several, False
        self._crowd.clear()
        self._alone.clear()
        self._alone_shut.clear()
        self._last_s = None
        return (PeopleJudged(several=False),) if several else ()

    def door_opened(self) -> None:
        """Somebody may leave now: one alone in the picture is believed as soon as without a door contact."""
        self._shut = False


def _weight(face: bool, bodies: Bodies) -> float:
    """How much the time of a frame counts for one person alone."""
    if face:
        return _WITH_BODIES if bodies.seen is not None else 1.0
    return _BODY_ALONE if bodies.count == 1 else 0.0


def _reason(observation: Observation, faces: Sequence[Face], bodies: Bodies) -> Reason:
    """Several by whichever shows more, in the picture that shows it."""
    if bodies.look is None or bodies.look.scene is None or bodies.count < len(faces):
        return because(
            Ground.SEVERAL_SEEN, observation, Number(Measure.FACES, len(faces), _LIMIT), marks=faces
        )
    persons = [thing for thing in bodies.look.scene.things if thing.kind in BODIES]
    return because(
        Ground.SEVERAL_SEEN, bodies.look, Number(Measure.PERSONS, bodies.count, _LIMIT), marks=persons
    )


def _width(face: Face) -> float:
    return face.box[2]
