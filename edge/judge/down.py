"""Whether somebody lies on the floor: after a fall, or for long without one that was seen.

Every person of the scene looks is followed, and how tall they stand is remembered: the tallest box of the
last seconds. Somebody is low when the top of their box has come down by most of that height, or by about
half of it in a box that is wider than high. Low after a quick drop is a fall after `_FELL_S`; low and still
without a seen drop only after `_LIES_S`, so that one who crouches at the machine's lower slot, ties a shoe or
sits down is not down. A body that is lost from sight while nothing moves there is where it was: nobody
leaves without moving.

Who is down is let out, and a printed pattern can move a network's boxes. So boxes are not believed where the
picture itself contradicts them: what differs from the empty cabin stands there just as it stood when they
were upright; or it is not known to stand there, and nothing at all moved in their place while they came down.
Where nothing has moved or differed in the whole visit, the measures see nothing, and the boxes count.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.fall import FallWatch, Landed
from edge.judge.sums import Held
from edge.terms.observation import Box, CameraHealth, Observation, Region, ThingKind
from edge.terms.reason import Ground, Mark, Measure, Number, Reason, because

_PERSON_SCORE: Final = 0.4
_FELL_S: Final = 2.0
"""So long from the quick drop on, and low at the end of it: a fall."""
_LANDED_S: Final = 1.0
"""So long after the motion of a fall has landed nobody has risen: a fall."""
_THERE: Final = 0.3
"""Share of the place where they landed that the background does not explain: they are still there."""
_LIES_S: Final = 20.0
"""Low and still for so long without a seen drop."""
_UP_S: Final = 1.5
"""Upright for so long: no longer down."""
_GONE_S: Final = 20.0
"""A body not found again for so long, while people move about, has left or was carried."""
_DROP: Final = 0.62
"""How far the top has come down, in standing heights. Sitting down measured 0.2 to 0.35, squatting 0.45."""
_DROP_WIDE: Final = 0.45
"""The same where the box is wider than high: a crouching person is higher than wide."""
_WIDE: Final = 1.1
"""Width by height of a box that lies."""
_UPRIGHT: Final = 0.8
"""Of the standing height: so high, and they still stand."""
_FALLING: Final = 0.33
"""The top has come down by so much: falling, or sitting down."""
_QUICK_S: Final = 1.1
"""From upright to that: two looks a second see no more of a fall than its beginning and its end."""
_FALLS_FOR_S: Final = 1.6
"""From there to the floor."""
_STANDS_FOR_S: Final = 15.0
_STILL: Final = 0.06
"""Moving area by the area of the box, under which somebody is still."""
_CALM: Final = 0.4
"""The same, under which one who has fallen is taken to lie there."""
_CALM_S: Final = 0.5
"""Time constant of the movement."""
_STIRS: Final = 0.02
"""Share of the box that moved while they came down. Falls of clips that boxes tell moved 0.57 and more."""
_AS_IT_STOOD: Final = 0.75
"""Overlap (of both together) of the region that differs from the empty cabin, then and now: nothing fell."""
_CAME_DOWN_S: Final = 1.5
"""So long after they were first seen low, movement still counts as that of the fall."""
_PART: Final = 0.6
"""A box that lies so far in another is a part of the same person."""
_SAME: Final = 0.3
"""Overlap from which two boxes are of the same person."""
_NEAR: Final = 0.8
"""Or as near as this, in standing heights."""


@dataclass(frozen=True, slots=True)
class _Seen:
    at_s: float
    top: float
    high: float


@dataclass(slots=True)
class _Body:
    """One followed person. Boxes in pixels."""

    box: Box
    since_s: float
    at_s: float
    seen: deque[_Seen] = field(default_factory=deque)
    fell_s: float | None = None
    movement: float = 1.0
    stirred: float = 0.0
    """The most that moved at once since they were last seen upright, as a share of the box."""
    stood_as: Box | None = None
    """What differed from the empty cabin in their place when they were last seen upright."""
    low: bool = False
    low_s: float = 0.0
    drop: float = 0.0
    fell: Held = field(default_factory=lambda: Held(_FELL_S))
    lies: Held = field(default_factory=lambda: Held(_LIES_S, fall=4.0))
    up: Held = field(default_factory=lambda: Held(_UP_S))


class DownJudge:
    """Observations of one camera into `PERSON_DOWN`. Pure."""

    def __init__(self) -> None:
        self._bodies: list[_Body] = []
        self._fall = FallWatch()
        self._down: _Body | None = None
        self._held = False
        self._last_s: float | None = None
        self._moves = False
        """The picture's own measures have shown somebody in this visit: what they do not show now counts."""

    @property
    def held(self) -> bool:
        """Somebody lies there, as far as can be said."""
        return self._held

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """One frame; an unsound picture counts for nothing."""
        if observation.health is not CameraHealth.OK:
            self._last_s = None
            return ()
        dt_s = 0.0 if self._last_s is None else min(max(now_s - self._last_s, 0.0), 0.5)
        self._last_s = now_s
        self._moves = self._moves or bool(observation.moving) or observation.foreground_box is not None
        if observation.scene is not None:
            found = [
                t.box
                for t in observation.scene.things
                if t.kind is ThingKind.PERSON and t.score >= _PERSON_SCORE
            ]
            self._follow(found, observation, now_s)
        for body in self._bodies:
            _count(body, observation, now_s, dt_s)
        self._fall.update(observation, now_s)
        return self._conclude(observation, now_s)

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """The cabin is empty: nothing of this visit counts for the next."""
        self._bodies.clear()
        self._fall.clear()
        self._down = None
        self._last_s = None
        self._moves = False
        held, self._held = self._held, False
        return (AnomalyEnded(Anomaly.PERSON_DOWN),) if held else ()

    def tick(self, now_s: float) -> tuple[AnomalyEnded, ...]:
        """Time alone ends nothing: who lies there lies there until seen upright."""
        return ()

    def next_wake_s(self) -> float | None:
        """Never."""
        return None

    def _follow(self, found: Sequence[Box], observation: Observation, now_s: float) -> None:
        """Gives each box to the body it is likeliest of; what is left over is somebody new."""
        taken: list[_Body] = []
        for box in sorted(found, key=_area, reverse=True):
            if any(_overlap(b.box, box) >= _PART * _area(box) for b in taken):
                continue
            body = _whose(box, [b for b in self._bodies if b not in taken])
            if body is None:
                body = _Body(box, now_s, now_s)
                self._bodies.append(body)
            taken.append(body)
            _take(body, box, observation, now_s)
        still_there = []
        for body in self._bodies:
            # Lost while something moves there, and not low: gone, or another box has become theirs.
            patience_s = _GONE_S if body.low else 2.0
            if (body.low and body.movement < _STILL) or now_s - body.at_s <= patience_s:
                still_there.append(body)
        self._bodies = still_there

    def _conclude(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        landed = self._fall.landed
        if self._held:
            body = self._down
            if landed is not None or (body is not None and body in self._bodies and not body.up.full):
                return ()
            self._held, self._down = False, None
            return (AnomalyEnded(Anomaly.PERSON_DOWN),)
        if landed is not None and now_s - landed.since_s >= _LANDED_S and _is_there(landed, observation):
            self._held = True
            return (AnomalyBegan(Anomaly.PERSON_DOWN, *_why_landed(landed, observation)),)
        for body in self._bodies:
            # Who has fallen rarely lies quite still.
            fell = body.fell_s is not None and body.fell.full and body.movement < _CALM
            denied = self._moves and _is_contradicted(body, observation)
            if body.low and (fell or body.lies.full) and not denied:
                self._held, self._down = True, body
                body.up.clear()
                return (AnomalyBegan(Anomaly.PERSON_DOWN, *_why(body, observation)),)
        return ()


def _take(body: _Body, box: Box, observation: Observation, now_s: float) -> None:
    """A look found this body here."""
    body.box, body.at_s = box, now_s
    _, top, wide, high = box
    stood = max(body.seen, key=lambda s: s.high, default=_Seen(now_s, top, high))
    body.drop = (top - stood.top) / stood.high
    upright_s = max((s.at_s for s in body.seen if s.high >= _UPRIGHT * stood.high), default=None)
    if body.drop < _FALLING:
        body.fell_s = None
    elif body.fell_s is None and upright_s is not None and now_s - upright_s <= _QUICK_S:
        body.fell_s = now_s
        body.fell.clear()
    low = body.drop >= (_DROP_WIDE if wide >= _WIDE * high else _DROP)
    if low and not body.low:
        body.low_s = now_s
        if body.fell_s is not None and now_s - body.fell_s > _FALLS_FOR_S:
            body.fell_s = None  # first they sat down, and now they lie down
    body.low = low
    if not low:
        if body.drop < _FALLING:
            region = observation.foreground_box
            theirs = region is not None and _overlap(region, box) >= _THERE * _area(box)
            body.stirred, body.stood_as = 0.0, region if theirs else None
        body.seen.append(_Seen(now_s, top, high))
        while body.seen[0].at_s < now_s - _STANDS_FOR_S:
            body.seen.popleft()


def _count(body: _Body, observation: Observation, now_s: float, dt_s: float) -> None:
    """Counts the time of this frame for or against what is held of this body."""
    moving = sum(_overlap(body.box, r.box) * _filled(r, observation) for r in observation.moving)
    share = min(moving / max(_area(body.box), 1.0), 1.0)
    body.movement += (share - body.movement) * min(dt_s / _CALM_S, 1.0)
    if not body.low or now_s - body.low_s <= _CAME_DOWN_S:
        body.stirred = max(body.stirred, share)
    still = body.movement < _STILL
    body.fell.update(body.fell_s is not None, dt_s)
    body.lies.update(body.low and still, dt_s)
    body.up.update(not body.low, dt_s)


def _filled(region: Region, observation: Observation) -> float:
    """What share of its box a moving region fills."""
    width, height = observation.size
    return region.area * width * height / max(_area(region.box), 1.0)


def _area(box: Box) -> float:
    return box[2] * box[3]


def _overlap(a: Box, b: Box) -> float:
    """The area, in square pixels, that two boxes have in common."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return wide * high if wide > 0.0 and high > 0.0 else 0.0


def _distance(body: _Body, box: Box) -> float:
    """Between the middles of the lower edges, in pixels: feet stay where a body falls."""
    ax, ay = body.box[0] + body.box[2] / 2.0, body.box[1] + body.box[3]
    bx, by = box[0] + box[2] / 2.0, box[1] + box[3]
    return float(((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5)


def _whose(box: Box, bodies: Sequence[_Body]) -> _Body | None:
    """Whose box this is: of those it overlaps, who is known longest; else who is nearest and near enough."""
    over = [b for b in bodies if _overlap(b.box, box) >= _SAME * min(_area(b.box), _area(box))]
    if over:
        return min(over, key=lambda b: b.since_s)
    near = [b for b in bodies if _distance(b, box) <= _NEAR * _stood(b)]
    return min(near, key=lambda b: _distance(b, box), default=None)


def _stood(body: _Body) -> float:
    return max((s.high for s in body.seen), default=max(body.box[2], body.box[3]))


def _is_there(landed: Landed, observation: Observation) -> bool:
    """Whether something still lies where the motion ended: who walked out below the camera does not."""
    box = observation.foreground_box
    return box is not None and _overlap(box, landed.box) >= _THERE * _area(landed.box)


def _is_contradicted(body: _Body, observation: Observation) -> bool:
    """Whether the picture's own measures show that nobody came down."""
    then, now = body.stood_as, observation.foreground_box
    if then is None or now is None:
        return body.stirred < _STIRS
    common = _overlap(then, now)
    return common >= _AS_IT_STOOD * (_area(then) + _area(now) - common)


def _why_landed(landed: Landed, seen: Observation) -> tuple[str, Reason]:
    detail = (
        f"a fall: what moved came down by {100.0 * landed.drop:.0f} % of the height they stood "
        f"and has not risen for {_LANDED_S:.1f} s"
    )
    return detail, because(
        Ground.LIES_STILL,
        seen,
        Number(Measure.LASTED_S, _LANDED_S, _LANDED_S),
        Number(Measure.CHANGED_PERCENT, 100.0 * landed.drop),
        marks=(Mark(landed.box, "lies"),),
    )


def _why(body: _Body, seen: Observation) -> tuple[str, Reason]:
    low = f"the head has come down by {100.0 * body.drop:.0f} % of the height they stood"
    fell = body.fell_s is not None and body.fell.full
    lasted_s = _FELL_S if fell else _LIES_S
    detail = f"a fall: {low}, then for {_FELL_S:.0f} s" if fell else f"lies still for {_LIES_S:.0f} s: {low}"
    return detail, because(
        Ground.LIES_STILL,
        seen,
        Number(Measure.LASTED_S, lasted_s, lasted_s),
        Number(Measure.CHANGED_PERCENT, 100.0 * body.drop, 100.0 * _DROP_WIDE),
        Number(Measure.AREA_PERCENT, 100.0 * body.movement, 100.0 * (_CALM if fell else _STILL)),
        marks=(Mark(body.box, "lies"),),
    )
