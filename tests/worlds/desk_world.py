"""A desk with scripted eyes: who is in the cabin is said, not seen, so that a story plays in a moment."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge.bench.desk import Desk, Props, StoryClock
from edge.bench.seeing import Watcher
from edge.bench.story import Outcome, Story, find, play
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.terms.observation import CameraHealth, Cover, Face, FaceVerdict, Observation
from edge.vision.look import Look
from hw.camera.port import Frame, GreyPicture
from hw.ports import Clock

EVERY_S = 0.2


class NoiseCamera:
    """An empty, sound picture with a live sensor's noise; none of the scene is in it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        random = np.random.default_rng(0)
        ramp = np.linspace(60, 190, 80)[None] + 20 * np.sin(np.arange(60) / 9)[:, None]
        self._pictures = [
            np.clip(ramp + random.normal(0, 3, (60, 80)), 0, 255).astype(np.uint8) for _ in range(4)
        ]
        self._number = 0

    def read(self) -> Frame:
        self._number += 1
        return Frame(self._number, self._clock.now_s(), self._pictures[self._number % 4])

    def close(self) -> None:
        pass


class ScriptedPeople:
    """The stage and the eyes: `enter anna with mask`, `leave anna`, `mask on|off` become faces."""

    def __init__(self) -> None:
        self.people: dict[str, Cover] = {}
        self._random = random.Random(1)

    def do(self, action: str, now_s: float) -> None:
        match action.split():
            case ["enter", name]:
                self.people[name] = Cover.NONE
            case ["enter", name, "with", cover]:
                self.people[name] = Cover(cover)
            case ["leave", name]:
                self.people.pop(name)
            case [cover, ("on" | "off") as state]:
                self.people = {n: Cover(cover) if state == "on" else Cover.NONE for n in self.people}
            case _:
                raise ValueError(action)

    def faces(self, grey: GreyPicture) -> tuple[Face, ...]:
        return tuple(self._face(index, cover) for index, cover in enumerate(self.people.values()))

    def _face(self, index: int, cover: Cover) -> Face:
        covered = cover is not Cover.NONE
        x, y = 60.0 + 110 * index + self._random.gauss(0, 0.7), 70.0 + self._random.gauss(0, 0.7)
        marks = ((x + 15, y + 20), (x + 45, y + 20), (x + 30, y + 38), (x + 18, y + 52), (x + 42, y + 52))
        return Face(
            box=(x, y, 60.0, 72.0),
            score=0.95,
            landmarks=marks,
            verdict=FaceVerdict.COVERED if covered else FaceVerdict.PROPER,
            cover=cover,
            covered_logit=5.0 if covered else -5.0,
            turned_logit=-6.0,
            yaw_deg=0.0,
            pitch_deg=0.0,
        )


class ScriptedLook(Look):
    """Sees the script and nothing else: for tests of what follows from seeing."""

    def __init__(self, people: ScriptedPeople) -> None:
        super().__init__()
        self._people = people

    def __call__(self, frame: Frame) -> Observation:
        height, width = frame.grey.shape
        faces = self._people.faces(frame.grey)
        return Observation(frame.number, frame.at_s, (width, height), faces, 0.0, CameraHealth.OK)


def scripted_desk(
    folder: Path,
    listener: Callable[[Happening], None] = lambda _: None,
    *,
    settings: Settings | None = None,
    clock: StoryClock | None = None,
    seed: int = 0,
    every_s: float = EVERY_S,
    desk_type: type[Desk] = Desk,
) -> tuple[Desk, ScriptedPeople]:
    """A desk whose eyes see what the second value says."""
    clock = clock or StoryClock()
    people = ScriptedPeople()
    desk = desk_type(
        settings or load(None),
        Props(NoiseCamera(clock), lambda: ScriptedLook(people), every_s, people),
        folder,
        listener,
        clock,
        seed=seed,
    )
    return desk, people


def play_scripted(
    named: str | Story, folder: Path, listener: Callable[[Happening], None] = lambda _: None
) -> Outcome:
    """A story (a built-in one by name) with scripted eyes."""
    watcher = Watcher()

    def hear(happening: Happening) -> None:
        listener(happening)
        watcher.hear(happening)

    story = find(named) if isinstance(named, str) else named
    desk, _ = scripted_desk(folder, hear, settings=load(None, list(story.settings)))
    try:
        return play(story, desk, watcher)
    finally:
        desk.close()
