"""Plays hours of normal use through the whole program and prints what it said although nothing happened.

python -m tests.month --data ../shared/data                      24 hours in each room
python -m tests.month --data ../shared/data --hours 2 --room 1   two hours in the second room

A line a room and a table: how often a day each fact was said that nothing in the film was a reason for, with
its 95 % interval (Poisson, exact). A visit of two people is a reason for `several` and `crowd`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.bench.desk import STORY_WALL_S, Desk, Props, StoryClock
from edge.bench.leaving import scratch
from edge.loop.facts import fact_names
from edge.loop.happening import Happening
from edge.service.plans import look_of
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.terms.observation import FACE_CAMERA
from edge.vision.scene.reference import FOLDER, Reference, add_references
from tests.month.intervals import a_day
from tests.month.people import Actor, actors
from tests.month.visits import SEVERAL, Visit, visits
from tests.month.world import MonthCamera, Room, rooms

_REFERENCES: Final = 4
_SPLASH_S: Final = 15.0
"""So long after a visit a fact is still about it."""
EVERY_FACT: Final = frozenset(fact_names()) - {"panic", "case_opened", "door_forced", "door_held_open"}
"""All that can be said of a picture; the others come by a wire."""
_TWO: Final = frozenset({"several", "crowd"})
_NO_DOOR: Final = ("wiring.door.fitted=false",)
"""A picture does not show the contact: without one anyone who leaves the picture has left."""


@dataclass(slots=True)
class Played:
    """What one room said: false facts by name and time, those that were right, and how long it took."""

    room: str
    hours: float = 0.0
    visits: int = 0
    false: list[tuple[str, float, str]] = field(default_factory=list)
    right: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0


def play(room: Room, cast: Sequence[Actor], hours: float, seed: int, settings: Settings) -> Played:
    """One room for `hours` of its own time."""
    children = sum(actor.child for actor in cast)
    plan = tuple(visits(hours, seed, len(cast) - children, children))
    played = Played(room.name, hours, len(plan))
    begun_s = time.process_time()
    camera = MonthCamera(room, cast, plan, hours * 3600.0, seed)

    def hear(happening: Happening) -> None:
        if happening.kind != "fact":
            return
        name = str(happening.data["name"])
        if name not in EVERY_FACT:
            return
        visit = _visit_at(plan, happening.at_s)
        if name in _TWO and visit is not None and visit.doing in SEVERAL:
            played.right[name] += 1
        else:
            played.false.append((name, happening.at_s, "empty" if visit is None else visit.doing.value))

    with scratch("month") as folder:
        references = Path(folder) / FOLDER
        commission(room, references, hours * 3600.0, seed)
        desk = Desk(
            settings,
            Props(camera, lambda: look_of(settings, references=references)),
            Path(folder),
            hear,
            StoryClock(),
        )
        try:
            while (frame_s := desk.next_frame_s()) is not None:
                desk.run_to(frame_s)
        finally:
            desk.close()
    played.cpu_s = time.process_time() - begun_s
    return played


def commission(room: Room, folder: Path, length_s: float, seed: int) -> None:
    """What `cabinguard learn --empty` keeps at commissioning: the empty room by day and by night."""
    taken = []
    for part in range(_REFERENCES):
        camera = MonthCamera(room, (), (), length_s, seed + 1000 + part)
        frame = camera.at((part + 0.5) / _REFERENCES * length_s)
        minute = round((8 * 60 + 1440 * (part + 0.5) / _REFERENCES) % 1440)
        wall_s = STORY_WALL_S - 86400.0 + part
        taken.append(Reference(frame.grey, FACE_CAMERA, wall_s, minute, infrared=False))
    add_references(folder, taken)


def _visit_at(plan: Sequence[Visit], at_s: float) -> Visit | None:
    near = [v for v in plan if v.begins_s <= at_s <= v.ends_s + _SPLASH_S]
    return near[-1] if near else None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.month", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="a folder of pictures as the training has it"
    )
    parser.add_argument("--work", type=Path, default=Path("runs/month"), help="cut-out people are kept here")
    parser.add_argument("--hours", type=float, default=24.0, help="in each room")
    parser.add_argument("--room", type=int, action="append", help="only this one (from 0); may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    cast = sorted(actors(chosen.data, chosen.work), key=lambda actor: actor.child)
    every = rooms(chosen.data)
    settings = load(None, _NO_DOOR)
    total = Counter[str]()
    hours = 0.0
    for number in chosen.room or range(len(every)):
        played = play(every[number], cast, chosen.hours, chosen.seed + number, settings)
        hours += played.hours
        total.update(name for name, _, _ in played.false)
        print(
            f"{played.room}: {played.hours:g} h, {played.visits} visits, right: {dict(played.right)},"
            f" false: {len(played.false)}, {played.cpu_s / 60:.0f} min of processor time"
        )
        for name, at_s, doing in played.false:
            print(f"    {at_s:9.1f} s  {name:<22} {doing}")
        sys.stdout.flush()
    print(f"\n| fact | times in {hours:g} h | a day | 95 % interval |\n|---|---|---|---|")
    for name in sorted(set(total) | EVERY_FACT):
        day = a_day(total[name], hours)
        print(f"| {name} | {total[name]} | {day.rate:.2f} | {day.low:.2f} to {day.high:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
