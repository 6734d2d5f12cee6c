"""The judges of all cameras as one: what any of them holds is on, and one that raises costs only itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.cabin.rules import Flow
from edge.faults.catalogue import CATALOGUE
from edge.judge.anomalies import Place
from edge.judge.intrusion import IntrusionJudge
from edge.judge.joined import JUDGE_FAILED, AnomalyFact, AnomalyJudge, Joined
from edge.judge.judge import Judge
from edge.judge.lifeless import LifelessJudge
from edge.judge.shaken import ShakenJudge
from edge.terms.observation import CameraHealth, Observation

WEAPON, LEFT = Anomaly.WEAPON, Anomaly.OBJECT_LEFT


def frame(camera: str = "face", at_s: float = 1.0) -> Observation:
    return Observation(0, at_s, (640, 480), (), 0.0, CameraHealth.OK, camera=camera)


@dataclass
class Scripted:
    """Says what it was given, at its next frame, tick or end of a visit."""

    says: list[AnomalyFact] = field(default_factory=list)
    at_the_end: list[AnomalyFact] = field(default_factory=list)
    wake_s: float | None = None
    frames: int = 0
    broken: bool = False

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyFact, ...]:
        self.frames += 1
        return self._said()

    def tick(self, now_s: float) -> tuple[AnomalyFact, ...]:
        return self._said()

    def _said(self) -> tuple[AnomalyFact, ...]:
        if self.broken:
            raise ValueError("a box without a height")
        said, self.says = tuple(self.says), []
        return said

    def forget(self) -> tuple[AnomalyFact, ...]:
        return tuple(self.at_the_end)

    def next_wake_s(self) -> float | None:
        return self.wake_s


class Deaf:
    """Needs no time of its own."""

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyFact, ...]:
        return ()

    def forget(self) -> tuple[AnomalyFact, ...]:
        return ()


class World:
    def __init__(self, *judges: str) -> None:
        self.judges: dict[str, list[Scripted]] = {}
        self.joined = Joined(self._make)

    def _make(self, camera: str) -> Iterable[AnomalyJudge]:
        self.judges[camera] = [Scripted(), Scripted()]
        return [*self.judges[camera], Deaf()]

    def see(self, camera: str = "face") -> tuple[AnomalyFact, ...]:
        return self.joined.update(frame(camera), 1.0)


def test_each_camera_has_judges_of_its_own() -> None:
    world = World()
    world.see("face")
    world.see("overview")
    world.see("overview")
    assert [judge.frames for judge in world.judges["face"]] == [1, 1]
    assert [judge.frames for judge in world.judges["overview"]] == [2, 2]


def test_an_anomaly_lasts_while_any_of_them_holds_it() -> None:
    world = World()
    world.see("face")
    world.see("overview")
    world.judges["face"][0].says = [AnomalyBegan(WEAPON, "below")]
    world.judges["overview"][1].says = [AnomalyBegan(WEAPON, "above")]
    assert world.see("face") == (AnomalyBegan(WEAPON, "below"),)
    assert world.see("overview") == (), "it is on already"
    world.judges["face"][0].says = [AnomalyEnded(WEAPON)]
    assert world.see("face") == (), "the other one still sees it"
    world.judges["overview"][1].says = [AnomalyEnded(WEAPON)]
    assert world.see("overview") == (AnomalyEnded(WEAPON),)
    world.judges["overview"][1].says = [AnomalyEnded(WEAPON)]
    assert world.see("overview") == (), "nothing ends twice"


def test_the_visits_own_judges_count_too() -> None:
    world = World()
    world.see()
    world.judges["face"][0].says = [AnomalyBegan(Anomaly.LOITERING)]
    world.see()
    assert world.joined.also([AnomalyBegan(Anomaly.LOITERING)]) == ()
    world.judges["face"][0].at_the_end = [AnomalyEnded(Anomaly.LOITERING)]
    assert world.joined.forget() == ()
    assert world.joined.also([AnomalyEnded(Anomaly.LOITERING)]) == (AnomalyEnded(Anomaly.LOITERING),)


def test_what_outlasts_the_visit_is_its_judges_own_business() -> None:
    world = World()
    world.see()
    world.judges["face"][0].says = [AnomalyBegan(LEFT)]
    world.judges["face"][1].says = [AnomalyBegan(WEAPON)]
    world.judges["face"][1].at_the_end = [AnomalyEnded(WEAPON)]
    world.see()
    assert world.joined.forget() == (AnomalyEnded(WEAPON),)


def test_time_alone_reaches_those_who_wait_for_it() -> None:
    world = World()
    world.see()
    assert world.joined.next_wake_s() is None
    first, second = world.judges["face"]
    first.wake_s, second.wake_s = 9.0, 7.0
    assert world.joined.next_wake_s() == 7.0
    second.says = [AnomalyBegan(WEAPON)]
    assert world.joined.tick(7.0) == (AnomalyBegan(WEAPON),)


def test_a_judge_that_raises_is_set_aside_and_named_and_the_others_go_on() -> None:
    world = World()
    world.see()
    first, second = world.judges["face"]
    first.says = [AnomalyBegan(WEAPON)]
    world.see()
    first.broken, first.wake_s = True, 3.0
    second.says = [AnomalyBegan(LEFT)]
    assert world.see() == (AnomalyEnded(WEAPON), AnomalyBegan(LEFT))
    (notice,) = world.joined.notices()
    assert (notice.code, notice.active, notice.camera) == (JUDGE_FAILED, True, "face")
    assert notice.detail == "Scripted: ValueError: a box without a height"
    assert JUDGE_FAILED in CATALOGUE
    frames = first.frames
    world.see()
    world.joined.tick(9.0)
    world.joined.forget()
    assert first.frames == frames, "it is not asked again"
    assert world.joined.next_wake_s() is None
    assert world.joined.notices() == ()


def test_a_camera_that_does_not_see_the_whole_cabin_tells_only_of_faces_jolts_and_its_own_zones() -> None:
    place = Place(Flow(), frozenset({"overview"}))
    few = [type(judge) for judge in place.judges("face")]
    assert few == [LifelessJudge, ShakenJudge, IntrusionJudge]
    overview = {type(judge) for judge in place.judges("overview")}
    assert {ShakenJudge, IntrusionJudge} < overview
    assert LifelessJudge not in overview, "no faces are looked for there"


def test_the_judge_asks_them_and_hands_their_faults_on() -> None:
    class Broken(Place):
        def judges(self, camera: str) -> Iterable[AnomalyJudge]:
            return [Scripted(broken=True)]

    judge = Judge(Broken(Flow()), 0.0, door_fitted=False)
    judge.observe(frame(at_s=1.0), 1.0)
    assert [notice.code for notice in judge.notices()] == [JUDGE_FAILED]
    judge.observe(frame(at_s=2.0), 2.0)
    assert judge.notices() == ()
