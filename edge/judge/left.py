"""Something that was left standing with nobody near it, or taken away: `object_left` and `object_removed`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.floor import Floor, Size
from edge.judge.sums import Held
from edge.judge.zones import contains, is_near
from edge.terms.ground import Marks, Purpose, Zone
from edge.terms.observation import Box, CameraHealth, Observation, StillRegion, ThingKind
from edge.terms.reason import Ground, Measure, Number, because

_GONE_S: Final = 4.0
"""Not among the still regions for so long: it was taken, or was nothing."""
_SAME: Final = 0.3
"""Overlap of two boxes, of the smaller one, from which they are the same thing."""
_BODY_AREA: Final = 0.004
_PERSONS_HOLD_S: Final = 1.0
"""The scene network looks twice a second; what it saw holds so long."""
_LARGEST_CM: Final = 250.0
"""Longer is a door leaf or a light, no thing that somebody carried."""


@dataclass(slots=True)
class _Thing:
    region: StillRegion
    alone: Held
    seen_s: float
    told: bool = False


class LeftJudge:
    """Watches the still regions of one camera. `left_s`: how long something stands there with nobody near.

    `marks`: the floor's, for the size of what stands on it; in `zones` those to be ignored count.
    """

    def __init__(self, left_s: float, zones: Sequence[Zone] = (), marks: Marks | None = None) -> None:
        self._left_s = left_s
        self._ignored = [zone for zone in zones if zone.purpose is Purpose.IGNORED]
        self._marks = marks if marks is not None and marks.corners else None
        self._floor: Floor | None = None
        self._floor_size = (0, 0)
        self._things: list[_Thing] = []
        self._persons: tuple[Box, ...] = ()
        self._persons_s = float("-inf")
        self._last_s: float | None = None

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """One frame; an unsound one says nothing of what stands there."""
        if observation.health is not CameraHealth.OK:
            self._last_s = None
            return ()
        dt_s = 0.0 if self._last_s is None else max(now_s - self._last_s, 0.0)
        self._last_s = now_s
        somebody = self._somebody(observation, now_s)
        facts: list[AnomalyBegan | AnomalyEnded] = []
        self._match(observation, now_s)
        for thing in self._things:
            # One that is hidden behind somebody has somebody near it.
            alone = thing.seen_s == now_s and not any(is_near(box, thing.region.box) for box in somebody)
            stood = now_s - thing.region.since_s >= self._left_s
            if not thing.alone.update(alone, dt_s) or not stood or thing.told:
                continue
            size = self._size(thing.region, observation.size)
            if size is not None and size.longest_cm > _LARGEST_CM:
                thing.alone.clear()  # looked at again later: what is seen of it may become less
                continue
            thing.told = True
            if not self._is_told(thing.region.added, but=thing):
                facts.append(self._began(thing.region, size, observation, now_s))
        gone = [thing for thing in self._things if now_s - thing.seen_s > _GONE_S]
        self._things = [thing for thing in self._things if thing not in gone]
        ended = {thing.region.added for thing in gone if thing.told and not self._is_told(thing.region.added)}
        facts += [AnomalyEnded(_anomaly(added)) for added in sorted(ended)]
        return tuple(facts)

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """The visit is over: what was left is just what outlasts it."""
        return ()

    def tick(self, now_s: float) -> tuple[AnomalyEnded, ...]:
        """Without a picture nothing is known to have gone."""
        return ()

    def next_wake_s(self) -> float | None:
        return None

    def _is_told(self, added: bool, but: _Thing | None = None) -> bool:
        return any(one.told and one.region.added is added for one in self._things if one is not but)

    def _somebody(self, observation: Observation, now_s: float) -> list[Box]:
        if observation.scene is not None:
            self._persons_s = now_s
            people = (ThingKind.PERSON, ThingKind.HEAD)
            self._persons = tuple(t.box for t in observation.scene.things if t.kind in people)
        held = self._persons if now_s - self._persons_s <= _PERSONS_HOLD_S else ()
        moving = [region.box for region in observation.moving if region.area >= _BODY_AREA]
        return [*held, *(face.box for face in observation.faces), *moving]

    def _match(self, observation: Observation, now_s: float) -> None:
        for region in observation.still:
            if self._is_ignored(region, observation.size):
                continue
            same = [
                thing
                for thing in self._things
                if thing.region.added is region.added and _overlap(thing.region.box, region.box) > _SAME
            ]
            if same:
                same[0].region, same[0].seen_s = region, now_s
            else:
                self._things.append(_Thing(region, Held(self._left_s), now_s))

    def _is_ignored(self, region: StillRegion, size: tuple[int, int]) -> bool:
        x, y, w, h = region.box
        middle = (x + w / 2.0) / size[0], (y + h / 2.0) / size[1]
        return any(contains(zone.polygon, *middle) for zone in self._ignored)

    def _size(self, region: StillRegion, size: tuple[int, int]) -> Size | None:
        if self._marks is None:
            return None
        if self._floor is None or self._floor_size != size:
            self._floor, self._floor_size = Floor(self._marks, size), size
        return self._floor.size_of(region.box)

    def _began(
        self, region: StillRegion, size: Size | None, observation: Observation, now_s: float
    ) -> AnomalyBegan:
        numbers = [
            Number(Measure.STILL_S, now_s - region.since_s, self._left_s),
            Number(Measure.AREA_PERCENT, 100.0 * region.area),
        ]
        words = "something stands there" if region.added else "something is gone"
        if size is not None:
            numbers[:0] = [
                Number(Measure.SIZE_CM, size.longest_cm),
                Number(Measure.WIDTH_CM, size.width_cm),
                *([] if size.height_cm is None else [Number(Measure.HEIGHT_CM, size.height_cm)]),
            ]
            at_least = "at least " if size.cut else ""
            words += f", {at_least}{size.longest_cm:.0f} cm"
            if size.height_cm is not None:
                words += f" ({size.width_cm:.0f} wide, {size.height_cm:.0f} high)"
        ground = Ground.STANDS_THERE if region.added else Ground.IS_GONE
        reason = because(ground, observation, *numbers, marks=[region])
        detail = f"{words}, nobody near it for {self._left_s:.0f} s"
        return AnomalyBegan(_anomaly(region.added), detail, reason)


def _anomaly(added: bool) -> Anomaly:
    return Anomaly.OBJECT_LEFT if added else Anomaly.OBJECT_REMOVED


def _overlap(a: Box, b: Box) -> float:
    """The area that two boxes share, of the smaller one's."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if wide <= 0.0 or high <= 0.0:
        return 0.0
    return wide * high / max(min(a[2] * a[3], b[2] * b[3]), 1e-6)
