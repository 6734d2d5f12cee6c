"""Whatever happens around it, a life with duress codes looks like the same life with the codes themselves.

Visits, wrong and old codes, kills, a modem or a disk that fails and time are drawn at random; the life is
lived twice, in step. All that the loop tells and every answer of the control socket are compared after each
step, and the control room has to hear of each entry that the kiosk knows, also where it opens nothing: with
the keypad closed, or the door open already.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.bench.desk import Desk
from edge.codes.duress import Ours
from edge.codes.hidden import Typed
from edge.loop.happening import Happening
from edge.loop.typed import AT_ONCE, PAUSE_S
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
        self.to_be_told = 0
        """Entries so far that the control room has to hear of."""
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
                self.type(self.desk.codes()[-1])
            case "wrong" if self.desk.last_code() is not None:
                self.desk.type_keys("WRONG")
            case "old" if len(self.desk.codes()) > 1:
                self.type(self.desk.codes()[-2])
            case "new code":
                for_s = 70.0
            case "kill":
                self.desk.power_off()
                self.run(for_s)
                self.desk.power_on()
            case "modem":
                self.desk.phone.fault("unregistered", True)
                self.run(for_s)
                self.desk.phone.fault("unregistered", False)
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

    def type(self, code: str) -> None:
        """To its end: what a power cut in the middle of an entry does has a test of its own."""
        desk, kept = self.desk, self.desk.powered
        book, before = desk.built.parts.book, desk.kiosk.state
        ours = kept and before.incident > 0 and book.whose(Typed(code)) is not Ours.NO
        up_s = desk.type_keys(code[:-1] + str((int(code[-1]) + 1) % 10) if self.forced else code)
        desk.run_to(up_s + 0.2)
        after = desk.kiosk.state
        opened = before.code.lockout_until_s is not None and after.code.lockout_until_s is None
        if ours and after.incident == before.incident and not opened:
            self.to_be_told += 1

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


def live_alike(ordinary: Life, forced: Life, steps: Iterable[tuple[str, float]]) -> None:
    """Both lives through a visit and these steps, looked at after each."""
    for what, for_s in [("visit", 30.0), *steps]:
        for life in (ordinary, forced):
            life.do(what, for_s)
        assert ordinary.looks() == forced.looks(), what


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=settings().max_examples // 50, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, min_size=4, max_size=8))
def test_two_lives_look_the_same(steps: list[tuple[str, float]]) -> None:
    ordinary, forced = Life(False), Life(True)
    try:
        live_alike(ordinary, forced, steps)
        for life in (ordinary, forced):
            life.run(120.0)
        said = ordinary.control_room(), forced.control_room()
        assert len(said[0]) == len(said[1])
        assert ordinary.to_be_told == forced.to_be_told
        assert len(said[0]) >= min(ordinary.to_be_told, AT_ONCE), "none is lost"
        assert not any("DURESS" in text for text in said[0])
        assert all("DURESS" in text for text in said[1])
    finally:
        ordinary.close()
        forced.close()


def lived(*steps: tuple[str, float]) -> tuple[Life, Life, list[str]]:
    """Both lives through a visit and these steps, looked at after each; what the forced one's room hears."""
    ordinary, forced = Life(False), Life(True)
    try:
        live_alike(ordinary, forced, steps)
        told = ordinary.control_room(), forced.control_room()
    finally:
        ordinary.close()
        forced.close()
    assert len(told[0]) == len(told[1])
    assert not any("DURESS" in text for text in told[0])
    return ordinary, forced, [text for text in told[1] if "DURESS" in text]


@pytest.mark.slow
@pytest.mark.parametrize(
    "before",
    [
        [("wrong", 3.0), ("wrong", 3.0), ("wrong", 3.0)],
        [("exit", 3.0)],
        [("code", 3.0)],
    ],
    ids=["the keypad is closed", "the exit opened it", "the code opened it"],
)
def test_a_code_that_opens_nothing_any_more_is_told(before: list[tuple[str, float]]) -> None:
    ordinary, _, alarms = lived(*before, ("code", 15.0))
    assert ordinary.to_be_told == 1 + (("code", 3.0) in before)
    assert len(alarms) == ordinary.to_be_told


@pytest.mark.slow
def test_a_code_that_is_typed_again_and_again_does_not_flood_the_control_room() -> None:
    """An old code opens nothing and costs no try: a few are told at once, then one a minute, none is lost."""
    _, _, alarms = lived(("exit", 3.0), *[("code", 0.5)] * 20, ("wait", 40.0))
    assert AT_ONCE <= len(alarms) <= AT_ONCE + 2


@pytest.mark.slow
def test_what_had_to_wait_is_told_as_forced_if_anybody_was() -> None:
    """Also where a plain entry followed; and an entry that waits is told when nobody types any more."""
    life = Life(False)
    try:
        life.do("visit", 30.0)
        life.do("exit", 3.0)
        for _ in range(AT_ONCE):
            life.do("code", 0.5)
        life.forced = True
        life.do("code", 0.5)
        life.forced = False
        life.do("code", 10.0)
        assert [t for t in life.control_room() if "DURESS" in t] == []
        life.run(PAUSE_S)
        assert len([t for t in life.control_room() if "DURESS" in t]) == 1
        assert len(life.control_room()) == AT_ONCE + 1
    finally:
        life.close()
