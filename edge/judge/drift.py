"""Whether a camera gets worse slowly: a dirty lens, a mount that gives way, a lamp that dies.

What the networks say and how good the picture is are summed up by the hour, compared with the same hours of
earlier days (`learnt.py`), and told when the newest day is worse: once, then every day while it lasts, and
when it is over. Pure: the hour comes from a callable, what must outlive a restart is handed out as a `Memory`
once an hour. Nothing is collected while nobody knows the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from edge.judge.gauges import GAUGES, Gauge, numbers
from edge.judge.joined import Notice
from edge.judge.learnt import FIRST_DAYS, HOURS, LAG_DAYS, Change, Day, Days
from edge.terms.observation import CameraHealth, FaceVerdict, Observation, ThingKind

VIEW_DEGRADING: Final = "view_degrading"
CLEARED: Final = 0.5
"""It is over when no gauge is worse by this part of what matters any more."""
REMIND_HOURS: Final = 24
REPORT_DAYS: Final = 7
_EMPTY_S: Final = 30.0
"""So long after a visit the cabin counts as empty: doors swing, the light is still changing."""
_LEAST_LOOKS: Final = 3
_CLOCK_S: Final = 10.0
_MOST_LOGIT: Final = 8.0
"""Log odds beyond are as good as certain, and would outweigh all others in a mean."""
_MOST_UNLIKE: Final = 3.0
"""Of a limit: what is beyond is told as an anomaly."""
_MOST_NAMED: Final = 4
_WIDE_PX: Final = 640.0
"""Shifts are of a picture as wide as this, whatever the camera's."""


def _never() -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class Standing:
    """A camera that is told to be worse: what is, and the hour (after 1970) when it was told last."""

    gauges: tuple[Gauge, ...]
    told_hour: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What outlives a restart: of each camera its days, and what stands. The days in it do not change."""

    days: Mapping[str, tuple[Day, ...]] = field(default_factory=dict)
    standing: Mapping[str, Standing] = field(default_factory=dict)


@dataclass(slots=True)
class _Mean:
    total: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1


@dataclass(slots=True, eq=False)
class _Camera:
    """One camera: its days, and what is not summed up yet: of this hour's empty cabin, of this visit."""

    name: str
    days: Days
    standing: Standing | None = None
    worse: tuple[Change, ...] = ()
    empty: dict[Gauge, _Mean] = field(default_factory=dict)
    visit: dict[Gauge, _Mean] = field(default_factory=dict)
    left_s: float | None = None
    """Since when nobody is there; None while somebody is."""


class DriftJudge:
    """All cameras of one cabin. `hour_now` gives the hours since 1970 in UTC, None where nobody knows."""

    def __init__(self, hour_now: Callable[[], int | None] = _never, memory: Memory | None = None) -> None:
        self._hour_now = hour_now
        self._hour: int | None = None
        self._asked_s = float("-inf")
        self._notices: list[Notice] = []
        self._due = False
        self._cameras: dict[str, _Camera] = {}
        for name, days in (memory or Memory()).days.items():
            camera = self._camera(name)
            camera.days = Days(days)
            camera.standing = (memory or Memory()).standing.get(name)
            if camera.standing is not None:
                self._notices.append(Notice(VIEW_DEGRADING, True, name, which=name, again=True))

    def observe(self, seen: Observation, present: bool, now_s: float) -> None:
        """One observation of any camera, and whether somebody is in the cabin."""
        if now_s - self._asked_s >= _CLOCK_S or now_s < self._asked_s:
            self._asked_s = now_s
            self._turn(self._hour_now())
        if self._hour is None:
            return
        camera = self._camera(seen.camera)
        if not present:
            if camera.left_s is None:
                camera.left_s = now_s
                self._end_visit(camera, self._hour)
        elif camera.left_s is not None:
            camera.left_s = None
            camera.visit = {}
        if seen.health is not CameraHealth.OK:
            return  # that is told by itself
        if camera.left_s is None:
            _see_visit(camera.visit, seen)
        elif now_s - camera.left_s >= _EMPTY_S:
            _see_empty(camera.empty, seen)

    def notices(self) -> tuple[Notice, ...]:
        """What began, still lasts after a day, or ended, since the last call."""
        notices, self._notices = tuple(self._notices), []
        return notices

    def to_keep(self) -> Memory | None:
        """Once after each hour: what must outlive a restart."""
        if not self._due:
            return None
        self._due = False
        return self.memory()

    def memory(self) -> Memory:
        """As it is now."""
        days = {name: tuple(map(_frozen, camera.days.days)) for name, camera in self._cameras.items()}
        standing = {n: c.standing for n, c in self._cameras.items() if c.standing is not None}
        return Memory(days, standing)

    def start_again(self) -> None:
        """The lens was cleaned, the camera set, the light changed for good: forget how it was."""
        for camera in self._cameras.values():
            self._end_standing(camera)
        self._cameras = {}
        self._due = True

    def report(self) -> dict[str, object]:
        """A line for each gauge of each camera: its last seven days, and what is worse. Plain JSON values."""
        return {
            name: {
                "days_learnt": camera.days.learnt_days,
                "days_wanted": FIRST_DAYS,
                "worse": [gauge.value for gauge in camera.standing.gauges] if camera.standing else [],
                "last_days": _last_days(camera.days),
            }
            for name, camera in self._cameras.items()
        }

    def _camera(self, name: str) -> _Camera:
        if name not in self._cameras:
            self._cameras[name] = _Camera(name, Days(), left_s=None)
        return self._cameras[name]

    # --- hours ---------------------------------------------------------------------------------------

    def _turn(self, hour: int | None) -> None:
        """The clock's hour: what was seen in the last one goes to its day."""
        before, self._hour = self._hour, hour
        if before is None or hour == before:
            return
        ended = hour is not None and hour > before
        for camera in self._cameras.values():
            empty, camera.empty = camera.empty, {}
            if not ended:  # the clock went back, or is lost: nobody knows when that was
                camera.visit = {}
                continue
            day = camera.days.day(before // HOURS)
            for gauge, mean in empty.items():
                if mean.count >= _LEAST_LOOKS:
                    day.add(gauge, before % HOURS, mean.total / mean.count)
            self._judge(camera, before)
        self._due = self._due or ended

    @staticmethod
    def _end_visit(camera: _Camera, hour: int) -> None:
        visit, camera.visit = camera.visit, {}
        day = camera.days.day(hour // HOURS)
        for gauge, mean in visit.items():
            if mean.count >= _LEAST_LOOKS or gauge in _FEW:
                day.add(gauge, hour % HOURS, mean.total / mean.count)

    def _judge(self, camera: _Camera, hour: int) -> None:
        camera.worse = ()
        changes = camera.days.changes(hour)
        worse = sorted((c for c in changes if c.is_worse), key=lambda c: -c.by)
        standing = camera.standing
        if standing is None:
            if worse:
                camera.days.doubt(LAG_DAYS)
                self._tell(camera, worse, hour)
            return
        camera.days.doubt()
        still = [c for c in changes if c.gauge in standing.gauges]
        if still and not worse and all(c.by < CLEARED for c in still):
            self._end_standing(camera)
        elif hour >= standing.told_hour + REMIND_HOURS or hour < standing.told_hour:
            lasting = worse or sorted(still, key=lambda c: -c.by)
            self._tell(camera, lasting, hour)

    def _tell(self, camera: _Camera, worse: Sequence[Change], hour: int) -> None:
        gauges = tuple(dict.fromkeys(change.gauge for change in worse))
        if not gauges and camera.standing is not None:
            gauges = camera.standing.gauges  # nothing can be compared now: nobody came, or the camera is off
        camera.standing = Standing(gauges, hour)
        camera.worse = tuple(worse)
        self._notices.append(
            Notice(
                VIEW_DEGRADING,
                True,
                camera.name,
                detail="; ".join(_words(change) for change in worse[:_MOST_NAMED]),
                which=camera.name,
                why=_brief(worse[0]) if worse else "",
            )
        )

    def _end_standing(self, camera: _Camera) -> None:
        if camera.standing is not None:
            camera.standing, camera.worse = None, ()
            self._notices.append(Notice(VIEW_DEGRADING, False, camera.name, which=camera.name))


_FEW: Final = frozenset({Gauge.WEAPON, Gauge.FIGHT, Gauge.UNUSUAL})
"""Rarely said in a visit."""


def _last_days(days: Days) -> dict[str, list[float | None]]:
    """The last days' means of each gauge that was measured."""
    found = {gauge.value: days.newest(gauge, REPORT_DAYS) for gauge in GAUGES}
    return {
        name: [None if value is None else round(value, 3) for value in values]
        for name, values in found.items()
        if any(value is not None for value in values)
    }


def _frozen(day: Day) -> Day:
    return replace(day, mean=day.mean.copy(), count=day.count.copy())


def _brief(change: Change) -> str:
    """Ground and numbers in one line, as `Reason.brief` has them."""
    said = (f"{n.measure.value}={n.value:g}" for n in numbers(change.gauge, change.now, change.learnt))
    return " ".join([GAUGES[change.gauge].ground.value, *said])


def _words(change: Change) -> str:
    said = (f"{n.measure.value} {n.value:g}" for n in numbers(change.gauge, change.now, change.learnt))
    return f"{change.gauge.value}: {', '.join(said)}"


# --- what is seen ------------------------------------------------------------------------------------


def _add(means: dict[Gauge, _Mean], gauge: Gauge, value: float) -> None:
    means.setdefault(gauge, _Mean()).add(value)


def _held(logit: float) -> float:
    return min(max(logit, -_MOST_LOGIT), _MOST_LOGIT)


def _persons(seen: Observation) -> int:
    assert seen.scene is not None
    return sum(thing.kind is ThingKind.PERSON for thing in seen.scene.things)


def _see_empty(means: dict[Gauge, _Mean], seen: Observation) -> None:
    _add(means, Gauge.FOREGROUND, float(seen.foreground > 0.0))
    if seen.scene is not None:
        _add(means, Gauge.SOMEBODY_EMPTY, _held(seen.scene.somebody_logit))
        _add(means, Gauge.PERSONS_EMPTY, float(_persons(seen)))
    if seen.normal is not None and seen.normal.limit > 0.0:
        _add(means, Gauge.UNLIKE_NORMAL, min(seen.normal.score / seen.normal.limit, _MOST_UNLIKE))
    if seen.front:
        _add(means, Gauge.UNLIKE_FRONT, min(max(one.distance for one in seen.front), _MOST_UNLIKE))
    figures = seen.picture
    if figures is None:
        return
    _add(means, Gauge.LIGHT, float(np.log(figures.light + 1.0)))
    _add(means, Gauge.DETAIL, figures.detail)
    _add(means, Gauge.CONTRAST, figures.contrast)
    _add(means, Gauge.NOISE, float(np.log(figures.noise + 0.3)))
    if figures.shift is not None:
        right, down = figures.shift
        scale = _WIDE_PX / max(seen.size)
        _add(means, Gauge.SHIFT_RIGHT, right * scale)
        _add(means, Gauge.SHIFT_DOWN, down * scale)


def _see_visit(means: dict[Gauge, _Mean], seen: Observation) -> None:
    if seen.faces_asked:
        _add(means, Gauge.FACES_SEEN, float(bool(seen.faces)))
        if seen.faces:
            face = seen.faces[0]
            _add(means, Gauge.FACE_SCORE, face.score)
            _add(means, Gauge.FACES_UNCLEAR, float(face.verdict is FaceVerdict.UNCLEAR))
            _add(means, Gauge.FACE_CERTAIN, abs(_held(face.covered_logit)))
    if seen.scene is not None:
        persons = _persons(seen)
        _add(means, Gauge.SOMEBODY_THERE, _held(seen.scene.somebody_logit))
        _add(means, Gauge.PERSONS_BOXED, float(persons > 0))
        _add(means, Gauge.PERSONS, float(persons))
        if seen.scene.weapon_logit is not None:
            _add(means, Gauge.WEAPON, _held(seen.scene.weapon_logit))
    if seen.fight_logit is not None:
        _add(means, Gauge.FIGHT, _held(seen.fight_logit))
    if seen.unusual_logit is not None:
        _add(means, Gauge.UNUSUAL, _held(seen.unusual_logit))
