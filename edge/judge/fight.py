"""Whether people fight, and whether somebody is robbed: what the network says, held against bodies and motion.

A fight: the network's log odds are above zero for `_FIGHT_S` more than below it, two or more bodies were seen for
enough of that time, and something really moves. It has ended after `_ENDED_S` without. A robbery is a fight that
goes on, or a weapon where two or more people are. Neither ever leads to a lock.
"""

from __future__ import annotations

from typing import Final

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.sums import Held
from edge.judge.tracks import Moved, Tracks
from edge.terms.observation import CameraHealth, Observation, ThingKind

_FIGHT_S: Final = 1.2
"""Three looks of the network, each of which has the last two seconds before it."""
_LOOK_S: Final = 0.5
"""What one look stands for."""
_STRONG_LOGIT: Final = 2.0
"""Less than so sure, a look for a fight counts half as much as one against it."""
_ENDED_S: Final = 4.0
_TWO_S: Final = 0.9
_TWO_FALL: Final = 0.3
"""Who hold each other are found as one most of the time: a quarter of the looks is enough."""
_PERSON_SCORE: Final = 0.5
_AREA_MIN: Final = 0.006
"""Moving area, as a fraction of the picture, under which nobody strikes anybody."""
_ROBBERY_S: Final = 2.0
_ROBBED_ENDED_S: Final = 10.0


def bodies_in(observation: Observation) -> int | None:
    """How many people one frame shows by their bodies or faces; None where the scene networks did not look."""
    if observation.scene is None:
        return None
    persons = sum(
        t.kind is ThingKind.PERSON and t.score >= _PERSON_SCORE for t in observation.scene.things
    )
    return max(persons, len(observation.faces))


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
        bodies = bodies_in(observation)
        if bodies is not None:
            self._two.update(bodies >= 2, _since(self._last_scene_s, now_s))
            self._last_scene_s = now_s
        if observation.fight_logit is None:
            return self._ended(now_s)
        dt_s = _since(self._last_look_s, now_s)
        self._last_look_s = now_s
        moved = self._tracks.moved()
        fights = observation.fight_logit > 0.0 and moved.area >= _AREA_MIN
        sure = observation.fight_logit >= _STRONG_LOGIT
        self._fight.update(fights, dt_s if sure or not fights else dt_s / 2.0)
        self._quiet.update(not fights, dt_s)
        if not self._held and self._fight.full and fights and self._two.half:
            self._held = True
            self._quiet.clear()
            return (AnomalyBegan(Anomaly.FIGHT, _detail(observation.fight_logit, moved)),)
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


class RobberyJudge:
    """A fight, or a weapon, among two or more people, into `ROBBERY`. Pure."""

    def __init__(self) -> None:
        self._struck = Held(_ROBBERY_S)
        self._over = Held(_ROBBED_ENDED_S)
        self._held = False
        self._last_s: float | None = None

    def update(
        self, now_s: float, fight: bool, weapon: bool, two: bool
    ) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """Now: `fight` and `weapon` are held, `two` or more bodies were seen for enough of the last seconds."""
        dt_s = 0.0 if self._last_s is None else max(now_s - self._last_s, 0.0)
        self._last_s = now_s
        struck = self._struck.update(fight, dt_s)
        threatened = weapon and two
        self._over.update(not fight and not threatened, dt_s)
        if not self._held and (struck or threatened):
            self._held = True
            self._over.clear()
            why = "a weapon among two or more people" if threatened else f"a fight for {_ROBBERY_S:.0f} s"
            return (AnomalyBegan(Anomaly.ROBBERY, why),)
        if self._held and self._over.full:
            self._held = False
            self._struck.clear()
            return (AnomalyEnded(Anomaly.ROBBERY),)
        return ()

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """The cabin is empty."""
        self._struck.clear()
        self._over.clear()
        self._last_s = None
        held, self._held = self._held, False
        return (AnomalyEnded(Anomaly.ROBBERY),) if held else ()


def _since(last_s: float | None, now_s: float) -> float:
    return _LOOK_S if last_s is None else min(max(now_s - last_s, 0.0), _LOOK_S)


def _detail(logit: float, moved: Moved) -> str:
    return (
        f"a fight by odds of {2.718281828**min(logit, 6.0):.0f} to 1; {moved.count:.1f} moving regions,"
        f" {100.0 * moved.area:.0f} % of the picture, {moved.speed:.1f} picture heights a second"
    )
