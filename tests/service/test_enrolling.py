"""An enrolment before the staged camera, with the networks, on a clock of its own."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from edge.bench.desk import StoryClock
from edge.identity.enrolment import Guidance, NotTaken, Turn
from edge.identity.person import Pose
from edge.service.enrolling import Enrolment, LiveEye, Looked, Networks, direct, enrol_live
from edge.settings.schema import Settings
from hw.camera.port import Frame
from hw.camera.staged import StagedCabin

STEP_S = 0.25
"""Four pictures a second: enough for a blink, and quick."""


class SteppedStage:
    """The staged cabin, its clock moved on by each picture; what happens at which time is given."""

    def __init__(self, script: Sequence[tuple[float, str]]) -> None:
        self._clock = StoryClock()
        self._stage = StagedCabin(self._clock)
        self._script = sorted(script)

    def read(self) -> Frame:
        self._clock.move_to(self._clock.now_s() + STEP_S)
        while self._script and self._script[0][0] <= self._clock.now_s():
            self.do(self._script.pop(0)[1], self._clock.now_s())
        return self._stage.read()

    def do(self, action: str, now_s: float) -> None:
        self._stage.do(action, now_s)

    def close(self) -> None:
        self._stage.close()


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks(Settings())


def enrolled(
    networks: Networks, script: Sequence[tuple[float, str]], within_s: float
) -> tuple[Enrolment, list[Turn]]:
    camera = SteppedStage(script)
    eye = LiveEye(camera, networks)
    turns: list[Turn] = []

    def hear(turn: Turn) -> None:
        turns.append(turn)
        direct(camera, turn.guidance, eye.at_s)

    def look() -> tuple[Looked, float] | None:
        looked = eye.next()
        return None if looked is None else (looked, eye.at_s)

    return enrol_live(look, networks.alike, hear, within_s), turns


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_who_follows_is_enrolled_and_what_is_wrong_on_the_way_is_said(networks: Networks) -> None:
    script = [
        (0.0, "enter anna with mask"),
        (3.0, "mask off anna"),
        (7.0, "enter bert"),
        (9.5, "leave bert"),
    ]
    enrolment, turns = enrolled(networks, script, within_s=90.0)
    assert enrolment.session.done, enrolment.ended
    assert len(enrolment.session.poses) >= 3
    assert Pose.LEFT in enrolment.session.poses
    assert len(enrolment.pictures) == len(enrolment.session.taken)
    assert all(jpeg.startswith(b"\xff\xd8") for jpeg in enrolment.pictures)
    reasons = {turn.refused for turn in turns}
    assert {NotTaken.COVERED, NotTaken.SEVERAL} <= reasons
    said = {turn.guidance for turn in turns}
    assert {Guidance.UNCOVER, Guidance.ALONE, Guidance.DONE} <= said


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", ["on", "held"])
def test_a_photograph_is_never_enrolled(networks: Networks, how: str) -> None:
    """Fixed before the camera or held in a hand, however patiently."""
    script = [(0.0, "enter anna"), (0.1, f"photo {how} anna")]
    enrolment, turns = enrolled(networks, script, within_s=12.0)
    assert not enrolment.session.taken
    assert "within 12 s" in enrolment.ended
    assert {turn.refused for turn in turns} & {NotTaken.HELD_UP, NotTaken.NOT_ALIVE_YET}
