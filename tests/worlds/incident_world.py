"""A cabin in which one incident has happened: locked, a wrong code, the right one, left."""

from __future__ import annotations

from pathlib import Path

from edge.bench.desk import Desk
from edge.journal.file import NAME
from edge.settings.load import load
from edge.settings.schema import Settings
from hw.ports import Input
from tests.worlds.desk_world import ScriptedPeople, scripted_desk

QUICK = (
    "flow.code_digits=8",  # long enough never to stand anywhere by chance
    "flow.adjust_after_s=2",
    "flow.lock_after_s=6",
    "flow.prompt_lead_s=1",
    "flow.gone_after_s=1",
)


class IncidentWorld:
    """A desk over a folder; `run` lets time go by, `lock_and_open` is one whole incident."""

    def __init__(self, folder: Path, *overrides: str) -> None:
        self.folder = folder
        self.settings = self.settings_for(folder, *overrides)
        self.codes: list[str] = []
        self.desk: Desk
        self.people: ScriptedPeople
        self.desk, self.people = scripted_desk(folder, settings=self.settings, every_s=0.4)

    @staticmethod
    def settings_for(folder: Path, *overrides: str) -> Settings:
        return load(None, [f"paths.data={folder}", *QUICK, *overrides])

    @property
    def record(self) -> Path:
        return self.folder / NAME

    def run(self, for_s: float) -> None:
        self.desk.run_to(self.desk.clock.now_s() + for_s)

    def type(self, keys: str) -> None:
        self.desk.run_to(self.desk.type_keys(keys) + 0.5)

    def door(self, opens: bool) -> None:
        self.desk.move_input(Input.DOOR, opens)
        self.run(0.5)

    def lock(self) -> None:
        self.door(True)
        self.people.do("enter anna with mask", self.desk.clock.now_s())
        self.door(False)
        for _ in range(60):
            self.run(0.5)
            if self.desk.hands.lock_on:
                self.run(3.0)  # the code is on its way
                return
        raise AssertionError("not locked within 30 s")

    def lock_and_open(self) -> None:
        self.lock()
        self.open_and_leave()

    def open_and_leave(self) -> None:
        self.type("WRONG")
        self.run(3.0)
        self.type("CODE")
        self.run(3.0)
        assert not self.desk.hands.lock_on
        self.door(True)
        self.people.do("leave anna", self.desk.clock.now_s())
        self.door(False)
        self.run(20.0)

    def text(self, sender: str, text: str) -> None:
        self.desk.text_in(sender, text)
        self.run(3.0)

    def close(self) -> None:
        self.desk.close()
