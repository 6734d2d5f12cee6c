"""A record of a whole month, or of many: stories are played once on a story clock, and their lines and
pictures come again at other times, as visits of other days.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edge.journal.file import NAME
from edge.journal.limits import JournalLimits
from edge.journal.reader import Line, lines
from edge.journal.search import messages_of
from edge.journal.writer import Journal
from edge.loop.vitals import VITALS
from edge.pictures.files import FOLDER
from edge.terms.marks import Mark, Marked
from edge.terms.record import Entry, OutboxRow, Record
from tests.worlds.hand_clock import HandClock

DAY_S: Final = 86400.0
_HOURS: Final = (0, 0, 0, 0, 0, 1, 2, 4, 7, 9, 10, 9, 8, 8, 9, 9, 10, 12, 11, 8, 5, 3, 1, 0)
"""How busy each hour of a day is, against the others."""

_LEFT_OUT: Final = frozenset({"checkpoint", VITALS, "restarted", "record_pruned"})


@dataclass(frozen=True, slots=True)
class Played:
    """One story's record: its lines, its messages, and the folder of its pictures."""

    name: str
    lines: tuple[Line, ...]
    rows: tuple[OutboxRow, ...]
    pictures: Path | None


def played(folder: Path, name: str) -> Played:
    """What a bench that played a story left in a folder."""
    found = tuple(line for line in lines(folder / NAME) if line.name not in _LEFT_OUT)
    pictures = folder / FOLDER / "1"
    return Played(name, found, messages_of(folder / NAME, 1), pictures if pictures.is_dir() else None)


class Month:
    """Writes into `folder`. `stories` are chosen by their weights; `random` makes every run the same."""

    def __init__(self, folder: Path, began_wall_s: float, seed: int = 1, keep_mb: float = 1e6) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.clock = HandClock(0.0, began_wall_s)
        limits = JournalLimits(keep_days=3650, keep_mb=keep_mb, prune_every=10**9)
        self._journal = Journal(folder / NAME, self.clock, limits, threaded=False)
        self._journal.open()
        self._random = random.Random(seed)
        self._record = 0
        self._incident = 0
        self._number = 0

    def close(self) -> None:
        self._journal.close(1.0)

    @property
    def incidents(self) -> int:
        return self._incident

    def put(
        self,
        entries: Sequence[Entry],
        rows: Sequence[OutboxRow] = (),
        counters: Mapping[str, int] | None = None,
    ) -> None:
        self._record += 1
        times = (self.clock.now_s(), self.clock.wall_s())
        known = tuple((counters or {}).items())
        self._journal.submit(Record(self._record, *times, tuple(entries), rows=tuple(rows), counters=known))
        self._journal.answers()

    def day(self, stories: Sequence[tuple[Played, float]], visits: int, *, pictures: bool = False) -> None:
        """A day of so many visits, with a row of health each hour; some incidents are judged in the end."""
        began_s = self.clock.mono_s
        times = sorted(self._random.choices(range(24), _HOURS, k=visits))
        due = [began_s + hour * 3600.0 + self._random.uniform(0, 3400.0) for hour in times]
        told: list[tuple[float, Played | None]] = [(at_s, self._chosen(stories)) for at_s in due]
        told += [(began_s + hour * 3600.0 + 60.0, None) for hour in range(24)]
        before = self._incident
        for at_s, story in sorted(told, key=lambda one: one[0]):
            self.clock.mono_s = max(self.clock.mono_s, at_s)
            if story is None:
                self._health((self.clock.mono_s - began_s) / 3600.0)
            else:
                self._visit(story, pictures)
        self.clock.mono_s = max(self.clock.mono_s, began_s + DAY_S - 60.0)
        for number in range(before + 1, self._incident + 1):
            if self._random.random() < 0.8:
                false = self._random.random() < 0.25
                marked = Marked(number, Mark.FALSE if false else Mark.TRUE, "control_room", "")
                self.put([Entry("event", "incident_marked", number, json.dumps(marked.data()))])
        self.clock.mono_s = began_s + DAY_S

    def sign(self, who: str, results: Mapping[str, str]) -> None:
        """A checklist that somebody signed."""
        items = [{"id": name, "result": result, "note": ""} for name, result in results.items()]
        data = {"name": "commissioned", "who": who, "items": items, "program": "0.1.0", "commissioning": 1}
        self.put([Entry("event", "commissioned", 0, json.dumps(data))])

    def fault(self, device: str, code: str, for_s: float) -> None:
        """A device fails and works again."""
        failed = {"name": "device_failed", "device": device, "code": code}
        self.put([Entry("event", "device_failed", 0, json.dumps(failed))])
        self.clock.mono_s += for_s
        recovered = {"name": "device_recovered", "device": device}
        self.put([Entry("event", "device_recovered", 0, json.dumps(recovered))])

    def _chosen(self, stories: Sequence[tuple[Played, float]]) -> Played:
        return self._random.choices([story for story, _ in stories], [weight for _, weight in stories])[0]

    def _health(self, hour: float) -> None:
        warm = 46.0 + 6.0 * max(0.0, 1.0 - abs(hour - 15.0) / 8.0)
        row = {
            "fps": round(self._random.gauss(9.4, 0.3), 2),
            "board_c": round(self._random.gauss(warm, 0.6), 1),
            "signal_dbm": int(self._random.gauss(-79, 4)),
            "free_mb": round(23_000 - self.clock.mono_s / DAY_S * 140),
            "waiting": 0,
            "up_s": int(self.clock.mono_s),
            "faults": [],
        }
        self.put([Entry("note", VITALS, 0, json.dumps(row))])

    def _visit(self, story: Played, pictures: bool) -> None:
        """The lines of a story at the present time, under the next free numbers."""
        began_s = self.clock.mono_s
        incident = self._incident + 1 if any(line.incident for line in story.lines) else 0
        first = self._number
        rows = {row.number: row for row in story.rows}
        for together in _together(story.lines):
            self.clock.mono_s = began_s + together[0].mono_s
            entries = [self._again(line, incident, first, began_s) for line in together]
            done = [
                replace(
                    rows[number],
                    number=first + number,
                    incident=incident,
                    created_wall_s=self.clock.wall_s(),
                )
                for number in {_number_in(line) for line in together if line.kind == "sms"}
                if number in rows
            ]
            self.put(entries, done)
        self._number = first + max(rows, default=0)
        if incident:
            self._incident = incident
            self.put([], counters={"incident": incident, "number": self._number})
            if pictures and story.pictures is not None:
                self._copy(story.pictures, incident, began_s)

    def _again(self, line: Line, incident: int, first: int, began_s: float) -> Entry:
        said = json.loads(line.data)
        if line.kind == "sms":
            said["number"] = first + said["number"]
        if "incident" in said:
            said["incident"] = incident
        if isinstance(said.get("files"), dict):
            said["files"] = {_shifted(name, began_s): digest for name, digest in said["files"].items()}
        data = json.dumps(said, separators=(",", ":"))
        return Entry(line.kind, line.name, incident if line.incident else 0, data)

    def _copy(self, source: Path, incident: int, began_s: float) -> None:
        folder = self.folder / FOLDER / str(incident)
        folder.mkdir(parents=True, exist_ok=True)
        for path in source.iterdir():
            shutil.copyfile(path, folder / _shifted(path.name, began_s))


def _shifted(name: str, by_s: float) -> str:
    """The name of a picture that was taken so much later, in the only start."""
    _, at_ms, *rest = name.split("-")
    first, _, end = at_ms.partition(".")
    shifted = f"{int(first) + round(by_s * 1000):012d}"
    return "-".join([f"{1:05d}", shifted + (f".{end}" if end else ""), *rest])


def _number_in(line: Line) -> int:
    return int(json.loads(line.data)["number"])


def _together(found: Sequence[Line]) -> Iterator[tuple[Line, ...]]:
    """The lines of one transaction."""
    group: list[Line] = []
    for line in found:
        if group and line.record != group[0].record:
            yield tuple(group)
            group = []
        group.append(line)
    if group:
        yield tuple(group)
