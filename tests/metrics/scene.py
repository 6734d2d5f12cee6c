"""A kiosk in step whose numbers are on, and one text as numbers by name and labels."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from edge.bench.desk import Desk
from edge.loop.happening import Happening
from edge.metrics.textfile import NAME
from edge.settings.load import load
from edge.settings.schema import Settings
from tests.worlds.desk_world import ScriptedPeople, scripted_desk

SOON = ("flow.adjust_after_s=2", "flow.lock_after_s=8", "flow.prompt_lead_s=3")

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str) -> Values:
    """Every sample of a text by its name and its sorted labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Scene:
    """`number` reads what the text that was written last says."""

    def __init__(self, folder: Path, *overrides: str) -> None:
        self.folder = folder / "textfile"
        self.folder.mkdir()
        self.heard: list[Happening] = []
        self.settings: Settings = load(
            None, [f"metrics.textfile_folder={self.folder}", "metrics.every_s=1", *SOON, *overrides]
        )
        self.people: ScriptedPeople
        self.desk: Desk
        self.desk, self.people = scripted_desk(folder / "data", self.heard.append, settings=self.settings)

    @property
    def text(self) -> str:
        return (self.folder / NAME).read_text()

    def number(self, name: str, **labels: str) -> float:
        return read(self.text)[f"cabinguard_{name}", tuple(sorted(labels.items()))]

    def lock_in(self) -> None:
        """Somebody with a mask comes in and is locked in; the code has come."""
        self.people.do("enter anna with mask", self.desk.clock.now_s())
        self.desk.run_to(self.desk.clock.now_s() + 30.0)
        assert self.number("door_locked") == 1
