"""Whether another version may take over: asked of a kiosk in each state, and what it does when it may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bench.desk import Desk
from edge.cabin.state import Mode
from edge.journal.reader import lines
from edge.service.asks import CommissionOpen, Reply, Request, Update
from edge.settings.load import load
from hw.ports import Input
from tests.worlds.desk_world import ScriptedPeople, scripted_desk

SOON = ["flow.adjust_after_s=2", "flow.lock_after_s=8", "flow.prompt_lead_s=3"]


class Cabin:
    """A simulated kiosk, and root in front of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk: Desk
        self.people: ScriptedPeople
        self.desk, self.people = scripted_desk(folder, settings=load(None, SOON))
        self.desk.run_to(15.0)

    def ask(self, request: Request, uid: int = 0) -> Reply:
        found: list[Reply] = []
        self.desk.ask(request, uid, found.append)
        self.run(0.2)
        return found[0]

    def may(self) -> str:
        """Empty, or why not; asked with the restart too, which must then not come about."""
        reply = self.ask(Update())
        assert ("error" in reply) == ("error" in self.ask(Update(restart=True)))
        return str(reply.get("error", ""))

    def run(self, for_s: float) -> None:
        self.desk.run_to(self.desk.clock.now_s() + for_s)

    def until(self, mode: Mode) -> None:
        for _ in range(400):
            if self.desk.kiosk.state.mode is mode:
                return
            self.run(0.25)
        raise AssertionError(self.desk.kiosk.state.mode)

    def enters(self) -> None:
        self.people.do("enter anna with mask", self.desk.clock.now_s())
        self.desk.move_input(Input.DOOR, True)
        self.run(1.5)
        self.desk.move_input(Input.DOOR, False)


@pytest.fixture
def cabin(tmp_path: Path) -> Iterator[Cabin]:
    cabin = Cabin(tmp_path)
    yield cabin
    cabin.desk.close()


def test_a_vacant_cabin_says_which_release_it_is(cabin: Cabin) -> None:
    reply = cabin.ask(Update())
    assert reply["restarting"] is False
    assert reply["release"]
    assert cabin.ask(Update(), uid=65_000)["error"] == "not_root"


@pytest.mark.slow
def test_not_while_somebody_is_inside_or_the_door_is_locked(cabin: Cabin) -> None:
    cabin.enters()
    cabin.until(Mode.WARNED)
    assert cabin.may() == "update_somebody"
    cabin.until(Mode.LOCKED)
    assert cabin.may() == "update_door_locked"
    assert cabin.desk.kiosk.door_locked


@pytest.mark.slow
@pytest.mark.parametrize("contact", [Input.FIRE, Input.EXIT])
def test_not_while_somebody_may_be_fleeing(cabin: Cabin, contact: Input) -> None:
    cabin.desk.move_input(contact, True)
    cabin.run(0.5)
    assert cabin.may() == "update_fire"


def test_not_while_somebody_is_at_work_on_it(cabin: Cabin) -> None:
    cabin.ask(CommissionOpen(who="R. Mehta"))
    assert cabin.may() == "update_in_use"


def test_the_restart_is_in_the_record(cabin: Cabin) -> None:
    assert cabin.ask(Update(restart=True))["restarting"] is True
    cabin.run(2.0)
    assert "restart_asked" in [line.name for line in lines(cabin.folder / "journal.db")]
