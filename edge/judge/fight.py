"""Whether people fight, and whether somebody is robbed: a network's word, held against bodies and motion.

A fight: the log odds of network and motion together are above their limit for `_FIGHT_S` more than below it,
two or more bodies were seen for enough of that time, and something really moves. It has ended after
`_ENDED_S` without. A robbery is a fight that goes on, or a weapon where two or more people are. Neither ever
leads to a lock.
"""

from __future__ import annotations

import math
from typing import Final, Protocol

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.bodies import bodies_in
from edge.judge.sums import Held
from edge.judge.tracks import Moved, Tracks
from edge.terms.observation import CameraHealth, Observation
from edge.terms.reason import Ground, Measure, Number, Reason, because

_FIGHT_S: Final = 1.2
"""Three looks of the network, each of which has the last two seconds before it."""
_LOOK_S: Final = 0.5
"""What one look stands for."""
_LIKE_LOGIT: Final = 0.25
"""Where the measured curve bends: below, many more clips without a fight are called one."""
_STRONG_LOGIT: Final = 1.0
"""Less than so sure, a look for a fight counts half as much as one against it."""
_ENDED_S: Final = 4.0
_TWO_S: Final = 0.9
_TWO_FALL: Final = 0.3
"""Who hold each other are found as one most of the time: a quarter of the looks is enough."""
_AREA_MIN: Final = 0.006
"""Moving area, as a fraction of the picture, under which nobody strikes anybody."""
_NETWORK_WEIGHT: Final = 0.87
_NETWORK_LEAST: Final = -0.5
"""Motion alone never says it, the network must be undecided at least: two who stand and sway give small
regions that turn again and again."""
_AREA_WEIGHT: Final = 0.63
_CHANGE_WEIGHT: Final = 4.4
_MOTION_BIAS: Final = 0.73
"""Network and motion together, by logistic regression on clips that the network has not learnt from."""
_ROBBERY_S: Final = 2.0
_ROBBED_ENDED_S: Final = 10.0


class FightJudge:
    """Observations of one camera into `FIGHT`. Pure."""

    def __init__(self) -> None:
        self._tracks = Tracks()
        self._two = Held(_TWO_S, fall=_TWO_FALL)
        self._fight = Held(_FIGHT_S)
        self._quiet = Held(_ENDED_S)
        self._held = False
        self._last_look_s: float | None = None
        self._last_scene_s: float | None = None

    @property
    def held(self) -> bool:
        """A fight is going on, as far as can be said."""
        return self._held

    @property
    def two(self) -> bool:
        """Two or more bodies have been seen for enough of the last seconds."""
        return self._two.half

    @property
    def moved(self) -> Moved:
        """What the last two seconds were like."""
        return self._tracks.moved()

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """One frame; an unsound picture counts for nothing."""
        if observation.health is not CameraHealth.OK:
            self._tracks.clear()
            return self._ended(now_s)
        self._tracks.update(observation.moving, observation.size, now_s)
        if observation.scene is not None:
            bodies = max(bodies_in(observation.scene), len(observation.faces))
            self._two.update(bodies >= 2, _since(self._last_scene_s, now_s))
            self._last_scene_s = now_s
        if observation.fight_logit is None:
            return self._ended(now_s)
        dt_s = _since(self._last_look_s, now_s)
        self._last_look_s = now_s
        moved = self._tracks.moved()
        logit = _NETWORK_WEIGHT * observation.fight_logit + _motion_logit(moved)
        fights = (
            logit >= _LIKE_LOGIT and observation.fight_logit >= _NETWORK_LEAST and moved.area >= _AREA_MIN
        )
        sure = logit >= _STRONG_LOGIT
        self._fight.update(fights, dt_s if sure or not fights else dt_s / 2.0)
        self._quiet.update(not fights, dt_s)
        if not self._held and self._fight.full and fights and self._two.half:
            self._held = True
            self._quiet.clear()
            return (AnomalyBegan(Anomaly.FIGHT, *_why(observation, logit, moved)),)
        return self._ended(now_s)

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """The cabin is empty: nothing of this visit counts for the next."""
        self._tracks.clear()
        self._two.clear()
        self._fight.clear()
        self._quiet.clear()
        self._last_look_s = self._last_scene_s = None
        held, self._held = self._held, False
        return (AnomalyEnded(Anomaly.FIGHT),) if held else ()

    def tick(self, now_s: float) -> tuple[AnomalyEnded, ...]:
        """Time went on: a fight that the network has not been asked about for long has ended."""
        return self._ended(now_s)

    def next_wake_s(self) -> float | None:
        """When time alone ends it, None for never."""
        return self._last_look_s + _ENDED_S if self._held and self._last_look_s is not None else None

    def _ended(self, now_s: float) -> tuple[AnomalyEnded, ...]:
        if not self._held:
            return ()
        # Fewer than two bodies: the network is not asked any more.
        silent = self._last_look_s is None or now_s - self._last_look_s >= _ENDED_S - 1e-9
        if not (self._quiet.full or silent):
            return ()
        self._held = False
        self._fight.clear()
        return (AnomalyEnded(Anomaly.FIGHT),)


class Holds(Protocol):
    """A judge that says whether what it judges is going on."""

    @property
    def held(self) -> bool: ...


class RobberyJudge:
    """A fight that goes on, or a weapon among two or more people, into `ROBBERY`. Pure.

    It asks the judges of fights and of weapons of the same camera, and must be asked after them.
    """

    def __init__(self, fight: FightJudge, weapon: Holds) -> None:
        self._fight = fight
        self._weapon = weapon
        self._struck = Held(_ROBBERY_S)
        self._over = Held(_ROBBED_ENDED_S)
        self._held = False
        self._last_s: float | None = None

    @property
    def held(self) -> bool:
        """A robbery is going on, as far as can be said."""
        return self._held

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """One frame, after the judges of fights and of weapons have seen it."""
        threatened = self._count(now_s)
        if not self._held and (self._struck.full or threatened):
            self._held = True
            self._over.clear()
            return (AnomalyBegan(Anomaly.ROBBERY, *self._why(observation, threatened)),)
        return self._ended()

    def tick(self, now_s: float) -> tuple[AnomalyEnded, ...]:
        """Time went on."""
        self._count(now_s)
        return self._ended()

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """The cabin is empty."""
        self._struck.clear()
        self._over.clear()
        self._last_s = None
        held, self._held = self._held, False
        return (AnomalyEnded(Anomaly.ROBBERY),) if held else ()

    def next_wake_s(self) -> float | None:
        """When time alone may end it, None for never."""
        return self._last_s + _ROBBED_ENDED_S if self._held and self._last_s is not None else None

    def _count(self, now_s: float) -> bool:
        """Counts the time since the last call; whether a weapon threatens somebody now."""
        dt_s = 0.0 if self._last_s is None else max(now_s - self._last_s, 0.0)
        self._last_s = now_s
        threatened = self._weapon.held and self._fight.two
        self._struck.update(self._fight.held, dt_s)
        self._over.update(not self._fight.held and not threatened, dt_s)
        return threatened

    def _ended(self) -> tuple[AnomalyEnded, ...]:
        if not self._held or not self._over.full:
            return ()
        self._held = False
        self._struck.clear()
        return (AnomalyEnded(Anomaly.ROBBERY),)

    def _why(self, seen: Observation, threatened: bool) -> tuple[str, Reason]:
        things = seen.scene.things if seen.scene is not None else ()
        if threatened:
            return "a weapon among two or more people", because(
                Ground.ROBBED_AT_GUNPOINT, seen, Number(Measure.PERSONS, 2.0, 2.0), marks=things
            )
        return f"a fight for {_ROBBERY_S:.0f} s", because(
            Ground.ROBBED_BY_FORCE,
            seen,
            Number(Measure.LASTED_S, _ROBBERY_S, _ROBBERY_S),
            marks=things or seen.moving,
        )


def _motion_logit(moved: Moved) -> float:
    """What the moving regions add to the network's log odds: large, quickly changing ones are like fights."""
    return _AREA_WEIGHT * math.log(moved.area + 1e-3) + _CHANGE_WEIGHT * moved.change + _MOTION_BIAS


def _since(last_s: float | None, now_s: float) -> float:
    return _LOOK_S if last_s is None else min(max(now_s - last_s, 0.0), _LOOK_S)


def _why(seen: Observation, logit: float, moved: Moved) -> tuple[str, Reason]:
    things = seen.scene.things if seen.scene is not None else ()
    detail = (
        f"like a fight by odds of {math.exp(min(logit, 6.0)):.0f} to 1 for {_FIGHT_S:.1f} s; "
        f"{moved.count:.1f} moving regions, {100.0 * moved.area:.0f} % of the picture"
    )
    numbers = (
        Number(Measure.LOG_ODDS, logit, _LIKE_LOGIT),
        Number(Measure.LASTED_S, _FIGHT_S, _FIGHT_S),
        Number(Measure.AREA_PERCENT, 100.0 * moved.area, 100.0 * _AREA_MIN),
        Number(Measure.REGIONS, moved.count),
        Number(Measure.SPEED, moved.speed),
        Number(Measure.TURNS, moved.turns),
    )
    return detail, because(Ground.FIGHT_SEEN, seen, *numbers, marks=(*things, *seen.moving))
