"""A desk with scripted eyes: who is in the cabin is said, not seen, so that a story plays in a moment.

Where a scene network is scripted too, it shows a body for everybody in the cabin, twice a second.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge.bench.desk import Desk, Overview, Props, StoryClock
from edge.bench.seeing import Watcher
from edge.bench.story import Outcome, Story, find, play
from edge.identity.person import Pose, Sample
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.terms.identity import TEMPLATE_NUMBERS, NoTemplate, OwnerLook, Template
from edge.terms.observation import (
    FACE_CAMERA,
    Box,
    CameraHealth,
    Cover,
    Face,
    FaceMotion,
    FaceVerdict,
    Observation,
    SceneSeen,
    Thing,
    ThingKind,
)
from edge.vision.look import Look
from hw.camera.port import Frame, GreyPicture
from hw.camera.scene import OnStage, Scene
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
    """The stage and the eyes: `enter anna with mask`, `leave anna`, `mask on|off` become faces.

    `turn away|front NAME`, `crouch|stand NAME` and `fall NAME` change a body and hide or show its face;
    `photo held|off NAME` holds up a picture of the face; `draw NAME` puts a weapon into a hand. `missed`: as
    many bodies the scene network does not see.
    """

    def __init__(self) -> None:
        self.people: dict[str, Cover] = {}
        self.hidden: set[str] = set()
        self.low: set[str] = set()
        self.lying: set[str] = set()
        self.armed: set[str] = set()
        self.missed = 0
        self.flat = False
        self._random = random.Random(1)

    @property
    def scene(self) -> Scene:
        """Who is there, in the words that direct them."""
        people = (
            OnStage(
                name,
                frozenset() if cover is Cover.NONE else frozenset({cover.value}),
                "away" if name in self.hidden else "front",
                name in self.low,
                "held" if self.flat else "off",
                False,
            )
            for name, cover in self.people.items()
        )
        return Scene(tuple(people), "on", "clear", "whole")

    def do(self, action: str, now_s: float) -> None:
        match action.split():
            case ["enter", name]:
                self.people[name] = Cover.NONE
            case ["enter", name, "with", cover]:
                self.people[name] = Cover(cover)
            case ["leave", name]:
                self.people.pop(name)
                for state in (self.hidden, self.low, self.lying, self.armed):
                    state.discard(name)
            case ["turn", side] if len(self.people) == 1:
                (self.hidden.update if side == "away" else self.hidden.difference_update)(self.people)
            case ["turn", side, name]:
                (self.hidden.add if side == "away" else self.hidden.discard)(name)
            case ["crouch", name]:
                self.low.add(name)
                self.hidden.add(name)
            case ["stand", name]:
                self.low.discard(name)
                self.hidden.discard(name)
            case ["fall", name]:
                self.lying.add(name)
                self.hidden.add(name)
            case ["photo", state, *_]:
                self.flat = state != "off"
            case ["draw", name]:
                self.armed.add(name)
            case [cover, ("on" | "off") as state]:
                self.people = {n: Cover(cover) if state == "on" else Cover.NONE for n in self.people}
            case _:
                raise ValueError(action)

    def faces(self, grey: GreyPicture) -> tuple[Face, ...]:
        return tuple(
            self._face(index, cover)
            for index, (name, cover) in enumerate(self.people.items())
            if name not in self.hidden
        )

    def owner(self) -> OwnerLook:
        """A look at who is there, as long as it is one person with a bare face."""
        shown = [name for name in self.people if name not in self.hidden]
        if len(self.people) > 1:
            return OwnerLook(missing=NoTemplate.SEVERAL)
        if not shown:
            return OwnerLook(missing=NoTemplate.NO_FACE)
        if self.people[shown[0]] is not Cover.NONE:
            return OwnerLook(missing=NoTemplate.COVERED)
        return OwnerLook(template_of(shown[0]))

    def scene_seen(self, most: int) -> SceneSeen:
        """What a look shows of them; one camera sees at most so many of the bodies."""
        everybody = [self._body(index, name) for index, name in enumerate(self.people)]
        bodies = everybody[: max(min(most, len(everybody)) - self.missed, 0)]
        return SceneSeen(
            somebody_logit=4.0 if bodies else -4.0,
            things=tuple(bodies),
            weapon_logit=(5.0 if self.armed else -5.0) if bodies else None,
        )

    def _body(self, index: int, name: str) -> Thing:
        """In pixels of a picture of 80 x 60."""
        left = 4.0 + 25.0 * index
        box: Box = (left, 8.0, 18.0, 50.0)
        if name in self.low:
            box = (left, 32.0, 20.0, 26.0)
        if name in self.lying:
            box = (left, 48.0, 44.0, 11.0)
        return Thing(ThingKind.PERSON, box, 0.9)

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


def template_of(name: str) -> Template:
    """Of people whose faces have nothing in common."""
    numbers = bytearray(TEMPLATE_NUMBERS)
    numbers[sum(name.encode()) % TEMPLATE_NUMBERS] = 127
    return Template(bytes(numbers))


def _samples(name: str, models: Path) -> tuple[Sample, ...]:
    return (Sample(template_of(name).numbers, Pose.STRAIGHT),)


LIVES = FaceMotion(moved=0.06, bent=0.012, eyes=9.0, mouth=0.4, visible=18.0, around=0.1)


class ScriptedLook(Look):
    """Sees the script and nothing else: for tests of what follows from seeing.

    `bodies`: how many its scene network sees at most; None where it has none.
    """

    def __init__(
        self,
        people: ScriptedPeople,
        camera: str = FACE_CAMERA,
        *,
        faces: bool = True,
        bodies: int | None = None,
    ) -> None:
        super().__init__()
        self._people = people
        self._name = camera
        self._shows_faces = faces
        self._bodies = bodies
        self._looks_s = self._owner_s = float("-inf")
        self._owner = False
        self.health = CameraHealth.OK

    def want_owner(self, on: bool) -> None:
        self._owner = on

    def __call__(self, frame: Frame) -> Observation:
        height, width = frame.grey.shape
        scene = None
        if self._bodies is not None and frame.at_s >= self._looks_s - 1e-6:
            self._looks_s = frame.at_s + 0.5
            scene = self._people.scene_seen(self._bodies)
        owner = None
        if self._owner and frame.at_s >= self._owner_s - 1e-6:
            self._owner_s = frame.at_s + 0.5
            owner = self._people.owner()
        return Observation(
            frame.number,
            frame.at_s,
            (width, height),
            self._people.faces(frame.grey) if self._shows_faces else (),
            0.0,
            self.health,
            camera=self._name,
            scene=scene,
            owner=owner,
            face_motion=LIVES if self._owner and self._people.people and not self._people.flat else None,
            faces_asked=self._shows_faces,
        )


def scripted_desk(
    folder: Path,
    listener: Callable[[Happening], None] = lambda _: None,
    *,
    settings: Settings | None = None,
    clock: StoryClock | None = None,
    seed: int = 0,
    every_s: float = EVERY_S,
    desk_type: type[Desk] = Desk,
    bodies: int | None = None,
    overview: Callable[[ScriptedPeople], ScriptedLook] | None = None,
) -> tuple[Desk, ScriptedPeople]:
    """A desk whose eyes see what the second value says; `bodies` as in `ScriptedLook`."""
    clock = clock or StoryClock()
    people = ScriptedPeople()
    above = None if overview is None else Overview(NoiseCamera(clock), functools.partial(overview, people))
    look = functools.partial(ScriptedLook, people, bodies=bodies)
    desk = desk_type(
        settings or load(None),
        Props(NoiseCamera(clock), look, every_s, people, overview=above, templates=_samples),
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
