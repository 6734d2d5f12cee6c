"""Observations, the door and time into facts: all judges of one cabin behind three calls.

Pure: no clock, no I/O. `observe` for each observation, `door` for each change of the door contact, `tick`
when time went on; each answers with the facts in the order in which the table must hear them:
the camera first, then coming and going, people, face, and the anomalies.

The face camera carries the visit: its frames are what presence, face and number are judged at. What a scene
network sees through any camera joins them as one word on bodies (`bodies.py`), and each camera has judges of
anomalies of its own (`joined.py`). Another camera that fails or is covered is told, and changes nothing here.
"""

from __future__ import annotations

from typing import Final, assert_never

from edge.cabin.events import (
    AnomalyBegan,
    AnomalyEnded,
    CameraJudged,
    DeviceFailed,
    DeviceRecovered,
    Emptied,
    FaceFact,
    FaceJudged,
    Fact,
)
from edge.cabin.rules import Flow
from edge.judge.anomalies import Place
from edge.judge.bodies import Bodies, BodiesHeard
from edge.judge.drift import DriftJudge, Memory
from edge.judge.face import FaceJudge
from edge.judge.joined import JUDGE_FAILED, Joined, Notice
from edge.judge.loiter import LoiterJudge
from edge.judge.presence import PresenceJudge
from edge.judge.several import SeveralJudge
from edge.judge.still import StillJudge
from edge.terms.observation import FACE_CAMERA, CameraHealth, Cover, Observation
from edge.terms.reason import Ground, Mark, Reason, because

Judged = Fact | DeviceFailed | DeviceRecovered
"""What the judges say: facts, and whether the door contact can be believed."""

START_S: Final = 60.0
"""How long the eyes may take to their first observation, unless set otherwise."""
UNSURE_S: Final = 1.5
"""So long the face counts as it was last judged; a camera that is silent for longer sees no covered face."""
STALE_S: Final = 5.0
"""How long they may be silent after it, unless set otherwise."""
_ELSEWHERE_S: Final = 1.0


class Judge:
    """Every judge of one cabin.

    `door_fitted`: a door contact is wired; its level comes with `door`. The camera is `GONE` when `start_s`
    passed without a first observation or `silence_s` without a further one, or when the caller says so
    (`camera_gone`). Every other health comes from the observations. `place` gives the judges of one camera
    by its name; `drift` brings what it has learnt of the cameras.
    """

    def __init__(
        self,
        place: Place | Flow,
        now_s: float,
        door_fitted: bool,
        start_s: float = START_S,
        silence_s: float = STALE_S,
        drift: DriftJudge | None = None,
    ) -> None:
        place = Place(place) if isinstance(place, Flow) else place
        flow = place.flow
        self._presence = PresenceJudge(
            flow.presence_confirm_s,
            flow.gone_after_s,
            flow.presence_area,
            flow.presence_max_s,
            door_fitted,
            flow.contact_doubt_s,
        )
        self._bodies = BodiesHeard()
        self._word = Bodies()
        self._newest: Observation | None = None
        self._several = SeveralJudge(door_fitted)
        self._face = FaceJudge()
        self._anomalies = Joined(place.judges)
        self._still = StillJudge()
        self._loiter = LoiterJudge(flow.loiter_s)
        self._drift: DriftJudge | None = drift or DriftJudge()
        self._silence_s = silence_s
        self._health: CameraHealth | None = None
        self._silent_at_s = now_s + start_s
        self._unsure_at_s: float | None = None
        self._elsewhere_until_s = float("-inf")
        self._others: dict[str, CameraHealth] = {}
        self._notices: list[Notice] = []

    @property
    def present(self) -> bool:
        return self._presence.present

    @property
    def latched(self) -> bool:
        """The closed door holds the visit: it can end only after the door has opened."""
        return self._presence.latched

    @property
    def face(self) -> FaceFact:
        return self._face.fact

    @property
    def cover(self) -> Cover:
        return self._face.cover

    @property
    def several(self) -> bool:
        return self._several.several

    @property
    def health(self) -> CameraHealth | None:
        """The face camera's health as last said; None before anything could be said."""
        return self._health

    @property
    def bodies(self) -> Bodies:
        """What the scene networks said of bodies at the newest frame of the face camera."""
        return self._word

    def notices(self) -> tuple[Notice, ...]:
        """What is wrong with another camera or with a judge, since the last call."""
        drifted = () if self._drift is None else self._drift.notices()
        notices, self._notices = (*self._notices, *self._anomalies.notices(), *drifted), []
        return notices

    def to_keep(self) -> Memory | None:
        """Once an hour: what was learnt of the cameras' views and must outlive a restart."""
        return None if self._drift is None else self._drift.to_keep()

    def views(self) -> dict[str, object]:
        """How good the view of each camera has been day by day: plain JSON values."""
        return {} if self._drift is None else self._drift.report()

    def views_again(self) -> None:
        """Forget how good the views were: they were set right, or changed for good."""
        if self._drift is not None:
            self._drift.start_again()

    def observe(self, observation: Observation, now_s: float) -> tuple[Judged, ...]:
        """One observation of any camera.

        An observation older than `silence_s` is none: it changes nothing and does not keep the camera alive.
        """
        at_s = min(observation.at_s, now_s)
        if now_s - at_s > self._silence_s:
            return self.tick(now_s)
        self._bodies.hear(observation, at_s)
        if observation.camera != FACE_CAMERA:
            self._look_elsewhere(observation, at_s)
            self._sum_up(observation, at_s)
            return (*self.tick(now_s), *self._anomalies.update(observation, at_s))
        self._silent_at_s = at_s + self._silence_s
        self._unsure_at_s = at_s + UNSURE_S
        facts: list[Judged] = []
        self._say_health(observation.health, facts, observation)
        self._newest = observation
        self._word = word = self._bodies.word(at_s)
        came_or_went = self._presence.update(observation, at_s, word, at_s < self._elsewhere_until_s)
        if any(isinstance(fact, Emptied) for fact in came_or_went):
            # Endings before the end, so that nothing of this visit outlives it.
            self._face.restart()
            facts += [
                *self._several.forget(),
                *self._anomalies.also(self._still.forget()),
                *self._linger(None, now_s),
            ]
            facts += self._anomalies.forget()
        facts.extend(came_or_went)
        facts.extend(self._several.update(observation, at_s, self._presence.present, word))
        facts.extend(self._face.update(observation, at_s, self._presence.present, word))
        if self._presence.present:
            facts.extend(self._anomalies.also(self._still.update(observation, at_s)))
        facts.extend(self._linger(self._presence.since_s, now_s))
        facts.extend(self._anomalies.update(observation, at_s))
        self._sum_up(observation, at_s)
        return tuple(facts)

    def _sum_up(self, observation: Observation, at_s: float) -> None:
        """For the days' summaries. What is wrong there must not cost the door its judge."""
        if self._drift is None:
            return
        try:
            self._drift.observe(observation, self._presence.present, at_s)
        except Exception as error:
            name = type(self._drift).__name__
            self._drift = None
            detail = f"{name}: {type(error).__name__}: {error}"[:200]
            self._notices.append(Notice(JUDGE_FAILED, True, observation.camera, detail, name))

    def _linger(self, since_s: float | None, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        return self._anomalies.also(self._loiter.update(since_s, now_s, self._newest))

    def _look_elsewhere(self, observation: Observation, at_s: float) -> None:
        """What another camera than that for the face shows: somebody, or that it is not sound itself."""
        camera, health = observation.camera, observation.health
        before = self._others.get(camera, CameraHealth.OK)
        if health is not before:
            self._others[camera] = health
            for which, active in ((before, False), (health, True)):
                if which is not CameraHealth.OK:
                    self._notices.append(Notice(f"camera_{which.value}", active, camera, which=camera))
        if health is CameraHealth.OK and (
            observation.faces or self._presence.shows_region(observation, self._bodies.word(at_s))
        ):
            self._elsewhere_until_s = at_s + _ELSEWHERE_S

    def door(self, is_open: bool, now_s: float) -> tuple[Judged, ...]:
        """The level of the door contact: once at the start, then at each change."""
        facts: list[Judged] = list(self._presence.door(is_open, now_s))
        if is_open:
            self._several.door_opened()
        if self._presence.present and self._face.fact is not FaceFact.UNKNOWN:
            facts.append(FaceJudged(FaceFact.UNKNOWN))
        self._face.restart()  # somebody else may have come: nothing that was seen is held against them
        return tuple(facts)

    def tick(self, now_s: float) -> tuple[Judged, ...]:
        """Time went on without an observation."""
        facts: list[Judged] = []
        if self._unsure_at_s is not None and now_s >= self._unsure_at_s:
            # Nobody has looked for a while: what was held of the face is no evidence any more.
            self._unsure_at_s = None
            if self._face.fact is not FaceFact.UNKNOWN:
                self._face.restart()
                facts.append(FaceJudged(FaceFact.UNKNOWN))
        if now_s >= self._silent_at_s:
            facts.extend(self.camera_gone(now_s))
        facts.extend(self._presence.tick(now_s))
        facts.extend(self._linger(self._presence.since_s, now_s))
        facts.extend(self._anomalies.tick(now_s))
        return tuple(facts)

    def camera_gone(self, now_s: float) -> tuple[Judged, ...]:
        """The eyes are known to have failed: no need to wait for their silence."""
        facts: list[Judged] = []
        self._say_health(CameraHealth.GONE, facts)
        facts.extend(self._presence.stale(now_s))
        return tuple(facts)

    def prime(self, present: bool, now_s: float) -> None:
        """After a restart: whether the table remembers somebody, who stays present until seen to be gone."""
        if present:
            self._presence.resume(now_s)

    def next_wake_s(self, now_s: float) -> float | None:
        """When `tick` may have something to say, `now_s` at the earliest; None for never."""
        waits = [
            None if self._health is CameraHealth.GONE else self._silent_at_s,
            self._unsure_at_s,
            self._presence.next_wake_s(),
            self._loiter.next_wake_s(self._presence.since_s),
            self._anomalies.next_wake_s(),
        ]
        return min((max(wait, now_s) for wait in waits if wait is not None), default=None)

    def _say_health(self, health: CameraHealth, facts: list[Judged], seen: Observation | None = None) -> None:
        if health is self._health:
            return
        if self._health is not None and health is not CameraHealth.OK:
            self._face.restart()
            facts.extend(self._anomalies.also(self._still.forget()))
        self._health = health
        facts.append(CameraJudged(health, _reason(health, seen)))


def _reason(health: CameraHealth, seen: Observation | None) -> Reason | None:
    """What was done to the picture, as its own ground; None for a sound one, and where there is none."""
    ground = _ground(health)
    if seen is None or ground is None:
        return None
    width, height = seen.size
    whole = Mark((0.0, 0.0, float(width), float(height)), health.value.replace("_", " "))
    return because(ground, seen, marks=[whole])


def _ground(health: CameraHealth) -> Ground | None:
    match health:
        case CameraHealth.OK | CameraHealth.GONE:
            return None
        case CameraHealth.DARK:
            return Ground.PICTURE_DARK
        case CameraHealth.BLINDED:
            return Ground.PICTURE_BLINDED
        case CameraHealth.COVERED:
            return Ground.PICTURE_COVERED
        case CameraHealth.SPRAYED:
            return Ground.PICTURE_SPRAYED
        case CameraHealth.DEFOCUSED:
            return Ground.PICTURE_DEFOCUSED
        case CameraHealth.MOVED:
            return Ground.PICTURE_MOVED
        case CameraHealth.UPSIDE_DOWN:
            return Ground.PICTURE_UPSIDE_DOWN
        case CameraHealth.FROZEN:
            return Ground.PICTURE_FROZEN
        case CameraHealth.REPLAYED:
            return Ground.PICTURE_REPLAYED
        case _:
            assert_never(health)
