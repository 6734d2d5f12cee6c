"""Whatever happens around it, a life with duress codes looks like the same life with the codes themselves.

Visits, wrong and old codes, kills, a modem or a disk that fails and time are drawn at random; the life is
lived twice, in step. All that the loop tells and every answer of the control socket are compared after each
step, and the control room has to hear of each forced entry, as often as of the ordinary one in the other.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.bench.desk import Desk
from edge.loop.happening import Happening
from edge.service.asks import Panel, Status
from edge.settings.load import load
from edge.terms.record import Recipient
from hw.ports import Input
from tests.worlds.desk_world import ScriptedPeople, scripted_desk
from tests.worlds.duress_world import SETTINGS, masked

STEP = st.one_of(
    st.tuples(st.just("visit"), st.sampled_from([12.0, 30.0])),
    st.tuples(st.just("code"), st.sampled_from([0.5, 3.0])),
    st.tuples(st.just("wrong"), st.sampled_from([0.5, 3.0])),
    st.tuples(st.just("old"), st.just(1.0)),
    st.tuples(st.just("new code"), st.just(0.0)),
    st.tuples(st.just("kill"), st.sampled_from([0.0, 0.1, 20.0])),
    st.tuples(st.just("modem"), st.sampled_from([5.0, 40.0])),
    st.tuples(st.just("disk"), st.sampled_from([0.6, 5.0])),
    st.tuples(st.just("exit"), st.just(20.0)),
    st.tuples(st.just("leave"), st.just(12.0)),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 30.0, 200.0])),
)


class Life:
    """One of the two. `forced`: its watchman is, each time."""

    def __init__(self, forced: bool) -> None:
        self.forced = forced
        self.folder = Path(tempfile.mkdtemp())
        self.heard: list[Happening] = []
        words = [*SETTINGS, "flow.code_ttl_s=60", "flow.second_watchman_s=20"]
        self.desk: Desk
        self.people: ScriptedPeople
        self.desk, self.people = scripted_desk(
            self.folder, self.heard.append, settings=load(None, words), seed=7
        )

    def close(self) -> None:
        self.desk.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, for_s: float) -> None:
        self.desk.run_to(self.desk.clock.now_s() + for_s)

    def do(self, what: str, for_s: float) -> None:
        match what:
            case "visit" if not self.people.people:
                self.people.do("enter anna with mask", self.desk.clock.now_s())
                self.door()
            case "code" if self.desk.last_code() is not None:
                self.desk.type_keys("DURESS" if self.forced else "CODE")
            case "wrong" if self.desk.last_code() is not None:
                self.desk.type_keys("WRONG")
            case "old" if len(self.desk.codes()) > 1:
                old = self.desk.codes()[-2]
                self.desk.type_keys(old[:-1] + str((int(old[-1]) + 1) % 10) if self.forced else old)
            case "new code":
                for_s = 70.0
            case "kill":
                self.desk.power_off()
                self.run(for_s)
                self.desk.power_on()
            case "modem":
                self.desk.phone.fault("registration", True)
                self.run(for_s)
                self.desk.phone.fault("registration", False)
            case "disk":
                self.desk.fail_disk(28)
                self.run(for_s)
                self.desk.fail_disk(0)
            case "exit":
                self.desk.move_input(Input.EXIT, True)
                self.desk.after(0.5, lambda: self.desk.move_input(Input.EXIT, False))
            case "leave" if self.people.people:
                self.people.do("leave anna", self.desk.clock.now_s())
                self.door()
            case _:
                pass
        self.run(for_s)

    def door(self) -> None:
        self.desk.move_input(Input.DOOR, True)
        self.desk.after(1.5, lambda: self.desk.move_input(Input.DOOR, False))

    def looks(self) -> str:
        """All that anybody on the spot can see since the last look."""
        told = [f"{h.at_s:.6f} {h.kind} {h.data}" for h in self.heard if h.kind != "sms"]
        self.heard.clear()
        asked = [json.dumps(self.desk.answer(one), sort_keys=True) for one in (Status(), Panel())]
        return masked("\n".join([*told, *asked]))

    def control_room(self) -> list[str]:
        list(self.desk.telephones.received())
        number = self.desk.numbers[Recipient.CONTROL_ROOM]
        texts = [t.text for t in self.desk.telephones.texts if t.received and t.number == number]
        return [text for text in texts if "code was typed" in text]


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, min_size=4, max_size=8))
def test_two_lives_look_the_same(steps: list[tuple[str, float]]) -> None:
    ordinary, forced = Life(False), Life(True)
    try:
        for what, for_s in [("visit", 30.0), *steps]:
            for life in (ordinary, forced):
                life.do(what, for_s)
            assert ordinary.looks() == forced.looks(), what
        for life in (ordinary, forced):
            life.run(120.0)
        said = ordinary.control_room(), forced.control_room()
        assert len(said[0]) == len(said[1])
        assert not any("DURESS" in text for text in said[0])
        assert all("DURESS" in text for text in said[1])
    finally:
        ordinary.close()
        forced.close()
