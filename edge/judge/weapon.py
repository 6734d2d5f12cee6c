"""A weapon in somebody's hands, by the vote of several looks: `weapon`.

One look is wrong too often to call anybody armed. The log-odds of the looks at one person are added up and
leak away; only where several looks agree, over more than a moment, it is said. It ends when no look has seen
one for some time. The limits are chosen on clips of normal use against clips with weapons; `models/things.md`
has the table.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.terms.observation import Box, CameraHealth, Observation, SceneSeen, Thing, ThingKind
from edge.terms.reason import Ground, Measure, Number, Reason, because

_WEAPONS: Final = frozenset({ThingKind.HANDGUN, ThingKind.KNIFE, ThingKind.LONG_GUN})


@dataclass(frozen=True, slots=True)
class WeaponLimits:
    """What is needed to say it, and to take it back. The log-odds of one look are cut at `most`."""

    begin: float = 3.0
    agreeing: int = 3
    over_s: float = 1.0
    leak_s: float = 6.0
    most: float = 1.5
    doubt: float = 0.5
    end_s: float = 10.0


LIMITS: Final = WeaponLimits()
_WINDOW_S: Final = 6.0
"""Looks older than this are not counted as agreeing."""
_GONE_S: Final = 20.0
"""A person not looked at for so long is another one."""
_ANYWHERE: Final[Box] = (-math.inf, -math.inf, math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class _Look:
    at_s: float
    logit: float
    kind: ThingKind | None


@dataclass(slots=True)
class _Suspect:
    """One place where a person stands, and what the looks at it said."""

    place: Box
    at_s: float
    sum: float = 0.0
    looks: deque[_Look] = field(default_factory=deque)

    def add(self, look: _Look, limits: WeaponLimits) -> None:
        leaked = self.sum * math.exp(-max(look.at_s - self.at_s, 0.0) / limits.leak_s)
        gain = min(max(look.logit - limits.doubt, -limits.most), limits.most)
        self.sum = max(leaked + gain, 0.0)
        self.at_s = look.at_s
        self.looks.append(look)
        while look.at_s - self.looks[0].at_s > _WINDOW_S:
            self.looks.popleft()

    def agreeing(self, limits: WeaponLimits) -> list[_Look]:
        return [look for look in self.looks if look.logit > limits.doubt]

    def armed(self, limits: WeaponLimits) -> bool:
        """Whether this is enough to say it."""
        agreeing = self.agreeing(limits)
        return (
            self.sum >= limits.begin
            and len(agreeing) >= limits.agreeing
            and agreeing[-1].at_s - agreeing[0].at_s >= limits.over_s
        )

    def detail(self, limits: WeaponLimits) -> str:
        """The numbers in plain words."""
        agreeing = self.agreeing(limits)
        kinds = [look.kind for look in agreeing if look.kind is not None]
        name = "a " + (max(kinds, key=kinds.count).value.replace("_", " ") if kinds else "weapon")
        seconds = agreeing[-1].at_s - agreeing[0].at_s
        looks = f"{len(agreeing)} of {len(self.looks)} looks"
        return f"{name} in {looks} over {seconds:.1f} s, sum of evidence {self.sum:.1f}"

    def reason(self, limits: WeaponLimits, observation: Observation) -> Reason:
        """The numbers with their limits, and the weapon of the newest look marked in the picture."""
        agreeing = self.agreeing(limits)
        scene = observation.scene
        return because(
            Ground.WEAPON_SEEN,
            observation,
            Number(Measure.LOOKS, len(agreeing), limits.agreeing),
            Number(Measure.LASTED_S, agreeing[-1].at_s - agreeing[0].at_s, limits.over_s),
            Number(Measure.LOG_ODDS, self.sum, limits.begin),
            marks=[] if scene is None else [t for t in scene.things if t.kind in _WEAPONS],
        )


class WeaponJudge:
    """The vote for one camera."""

    def __init__(self, limits: WeaponLimits = LIMITS) -> None:
        self._limits = limits
        self._suspects: list[_Suspect] = []
        self._seen_s: float | None = None
        """When a look last saw a weapon, while `weapon` holds; None while it does not."""

    @property
    def held(self) -> bool:
        """Somebody is armed, as far as can be said."""
        return self._seen_s is not None

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """One frame; those without a second look only let time go on, and an unsound picture is no look."""
        scene = observation.scene
        if scene is None or scene.weapon_logit is None or observation.health is not CameraHealth.OK:
            return self.tick(now_s)
        suspect = self._suspect(_place(scene), now_s)
        suspect.add(_Look(now_s, scene.weapon_logit, _kind(scene.things)), self._limits)
        self._suspects = [s for s in self._suspects if now_s - s.at_s <= _GONE_S]
        if self._seen_s is not None:
            # What holds it up is less than what began it, so that one look does not take it back.
            if scene.weapon_logit > self._limits.doubt and suspect.sum >= self._limits.begin / 2.0:
                self._seen_s = now_s
            return self.tick(now_s)
        if not suspect.armed(self._limits):
            return ()
        self._seen_s = now_s
        why = suspect.reason(self._limits, observation)
        return (AnomalyBegan(Anomaly.WEAPON, suspect.detail(self._limits), why),)

    def tick(self, now_s: float) -> tuple[AnomalyEnded, ...]:
        """Time went on: it ends when it has not been seen for `end_s`."""
        if self._seen_s is None or now_s - self._seen_s < self._limits.end_s:
            return ()
        return self.forget()

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """The cabin is empty, or another person came: nothing is held against them."""
        self._suspects.clear()
        held, self._seen_s = self._seen_s is not None, None
        return (AnomalyEnded(Anomaly.WEAPON),) if held else ()

    def next_wake_s(self) -> float | None:
        """When time alone ends it."""
        return None if self._seen_s is None else self._seen_s + self._limits.end_s

    def _suspect(self, place: Box, now_s: float) -> _Suspect:
        """Anyone who stands there, perhaps since this look."""
        near = [s for s in self._suspects if now_s - s.at_s <= _GONE_S and _near(s.place, place)]
        if not near:
            self._suspects.append(_Suspect(place, now_s))
            return self._suspects[-1]
        found = max(near, key=lambda s: s.sum)
        found.place = place
        return found


def _place(scene: SceneSeen) -> Box:
    """The person whose square was looked at: the one that lies in it with the most of itself."""
    if scene.looked_at is None:
        return _ANYWHERE
    persons = [t.box for t in scene.things if t.kind is ThingKind.PERSON]
    square = scene.looked_at
    best = max(persons, key=lambda box: _common(box, square), default=None)
    return square if best is None or _common(best, square) <= 0.0 else best


def _kind(things: tuple[Thing, ...]) -> ThingKind | None:
    """The surest weapon of a look."""
    weapons = [t for t in things if t.kind in _WEAPONS]
    return max(weapons, key=lambda t: t.score).kind if weapons else None


def _common(a: Box, b: Box) -> float:
    """Area that two boxes share, as a share of the smaller one."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(w, 0.0) * max(h, 0.0) / max(min(a[2] * a[3], b[2] * b[3]), 1e-6)


def _near(a: Box, b: Box) -> bool:
    """Whether one person can be at both places within a look or two."""
    if math.inf in (a[2], b[2]):
        return True
    return _common(a, b) > 0.2
