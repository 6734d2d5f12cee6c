"""What the scene networks of all cameras last said of bodies, held between their looks: one word at any time.

A scene network looks twice a second. Its word holds until its next looks, and one look alone decides nothing:
somebody is seen whom two of the last three looks show, and stays seen while one of the last three does.
A body is a person, or a head of its own; two boxes that lie in each other are one, and one that is far
smaller than the largest is a poster, a reflection, or somebody behind the glass.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.terms.observation import Box, CameraHealth, Observation, SceneSeen, Thing, ThingKind

BODIES: Final = frozenset({ThingKind.PERSON, ThingKind.HEAD})
LOOKS: Final = 3
"""So many looks of a camera are weighed together."""
STALE_S: Final = 2.0
"""A look older than this says nothing any more: four times the pause between two."""
_NOBODY: Final = -4.0
"""Log odds of anybody under which a look says that nobody is there. Of pictures never learnt from, 111 of 703
under it show somebody all the same, so no single look counts."""
_SAME: Final = 0.6
"""Two boxes are one body where they share so much of the smaller one."""
_BESIDE: Final = 0.4
"""A body lower than this share of the highest one is not in the cabin with it."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """The word of all scene networks at one time.

    `fitted`: one has looked since the start. `seen`: somebody's body is in the picture of one of them; None
    where none has looked recently. `count`: as many as the camera sees that sees most, 0 where none has
    looked recently. `nobody_for_s`: so long each look of each camera has been confident that nobody is there.
    `look` is the newest frame in which that camera showed as many.
    """

    fitted: bool = False
    seen: bool | None = None
    count: int = 0
    nobody_for_s: float = 0.0
    look: Observation | None = field(default=None, compare=False)


UNFITTED: Final = Bodies()


class BodiesHeard:
    """Observations of any camera in, one word out. Pure; times are those of the observations."""

    def __init__(self) -> None:
        self._cameras: dict[str, _Looks] = {}

    def hear(self, observation: Observation, at_s: float) -> None:
        """One frame. Without a look, or of an unsound picture, it says nothing."""
        if observation.scene is not None and observation.health is CameraHealth.OK:
            self._cameras.setdefault(observation.camera, _Looks(at_s)).add(
                observation, observation.scene, at_s
            )

    def word(self, now_s: float) -> Bodies:
        """What holds now."""
        fresh = [looks for looks in self._cameras.values() if now_s - looks.newest_s <= STALE_S]
        if not fresh:
            return Bodies(fitted=bool(self._cameras))
        fullest = max(fresh, key=lambda looks: looks.count)
        return Bodies(
            fitted=True,
            seen=any(looks.seen for looks in fresh),
            count=fullest.count,
            look=fullest.shown,
            nobody_for_s=min(now_s - looks.nobody_since_s for looks in fresh),
        )


class _Looks:
    """The last looks of one camera."""

    def __init__(self, at_s: float) -> None:
        self._last: deque[SceneSeen] = deque(maxlen=LOOKS)
        self.newest_s = at_s
        self.nobody_since_s = at_s
        self.seen = False
        self.shown: Observation | None = None

    def add(self, observation: Observation, scene: SceneSeen, at_s: float) -> None:
        if at_s - self.newest_s > STALE_S:
            self._last.clear()
            self.seen = False
            self.nobody_since_s = at_s
        self.newest_s = at_s
        self._last.append(scene)
        if shows_somebody(scene) or scene.somebody_logit > _NOBODY:
            self.nobody_since_s = at_s
        shown = sum(map(shows_somebody, self._last))
        self.seen = shown >= (1 if self.seen else LOOKS - 1)
        if bodies_in(scene) >= self.count:
            self.shown = observation

    @property
    def count(self) -> int:
        """What most of the looks agree on at least: one that splits a body, or joins two, changes nothing."""
        counts = sorted(bodies_in(scene) for scene in self._last)
        return counts[(len(counts) - 1) // 2]


def shows_somebody(scene: SceneSeen) -> bool:
    """Whether one look shows anybody: as a whole, or a person or a head of which it knows the place."""
    return scene.somebody_logit > 0.0 or bodies_in(scene) > 0


def bodies_in(scene: SceneSeen) -> int:
    """How many bodies one look shows."""
    persons = [thing for thing in scene.things if thing.kind is ThingKind.PERSON]
    heads = [thing for thing in scene.things if thing.kind is ThingKind.HEAD]
    return max(len(apart(persons)), len(apart(heads)))


def apart(things: Sequence[Thing]) -> tuple[Thing, ...]:
    """Those of them that are bodies of their own, the highest first."""
    kept: list[Thing] = []
    for thing in sorted(things, key=lambda thing: -thing.box[3]):
        beside = not kept or thing.box[3] >= _BESIDE * kept[0].box[3]
        if beside and all(_shared(thing.box, other.box) < _SAME for other in kept):
            kept.append(thing)
    return tuple(kept)


def _shared(one: Box, other: Box) -> float:
    """What two boxes have in common, as a share of the smaller."""
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    smaller = min(one[2] * one[3], other[2] * other[3])
    return max(wide, 0.0) * max(high, 0.0) / smaller if smaller > 0.0 else 1.0
