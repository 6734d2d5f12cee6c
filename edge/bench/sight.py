"""The eyes of a desk: its cameras, what sees through them, and where their pictures are kept.

A camera can be changed for another one while everything runs: the eyes of that camera start again, as they do
on a kiosk whose camera was taken off and another put there.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.pictures.ring import RingReader, RingWriter, ring_name, ring_slots
from edge.service.plans import behind_masks, masks_tag
from edge.settings.schema import Settings
from edge.terms.observation import FACE_CAMERA, Observation
from edge.vision.eyes.aside import Aside
from edge.vision.eyes.child import jpeg_of
from edge.vision.eyes.report import EyesEvent
from edge.vision.eyes.step import StepEyes
from edge.vision.look import Look
from hw.camera.port import Camera, Frame
from hw.ports import Clock

Shown = Callable[[str, Frame, Observation], None]
"""Told of each frame of each camera with what was seen in it."""


@dataclass(frozen=True, slots=True)
class Eye:
    """One camera before its eyes. `look` makes what sees; `every_s` as in `StepEyes`."""

    name: str
    camera: Camera
    look: Callable[[], Look]
    every_s: float | None


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the rings lie, and where what is learnt."""

    rings: Path
    data: Path


class Sight:
    """The open eyes of one start of a desk. `alive` says whether pictures come."""

    def __init__(
        self, settings: Settings, folders: Folders, clock: Clock, alive: Callable[[], bool], shown: Shown
    ) -> None:
        self._settings = settings
        self._folders = folders
        self._clock = clock
        self._alive = alive
        self._shown_to = shown
        self.steps: dict[str, StepEyes] = {}
        """The eyes of each camera; another camera has others under the same name."""
        self._rings: dict[str, RingWriter] = {}
        self._wants_owner = False

    def open(self, eyes: list[Eye], stack: contextlib.ExitStack) -> dict[str, RingReader]:
        """Open them; what reads their rings, by camera. `stack` closes the rings."""
        kept, readers = self._settings.evidence, dict[str, RingReader]()
        for eye in eyes:
            path = self._folders.rings / ring_name(eye.name)
            slots, tag = ring_slots(kept.before_s, kept.fps), masks_tag(self._settings, eye.name)
            ring = RingWriter(path, slots, kept.ring_mb, kept.fps, tag)
            stack.callback(ring.close)
            self._rings[eye.name] = ring
            self.steps[eye.name] = self._steps(eye)
        for eye in eyes:
            readers[eye.name] = RingReader(self._folders.rings / ring_name(eye.name))
            stack.callback(readers[eye.name].close)
        return readers

    def change(self, eye: Eye) -> None:
        """Another camera in the place of one that is open."""
        self.steps[eye.name] = self._steps(eye)
        self.steps[eye.name].want_owner(self._wants_owner)

    def want_owner(self, on: bool) -> None:
        """Whether the camera at the machine looks if the card's owner stands there."""
        self._wants_owner = on
        self.steps[FACE_CAMERA].want_owner(on)

    def skip_to(self, now_s: float) -> None:
        """Let frames go by that nobody was in time for; those of a recording are all looked at."""
        for steps in self.steps.values():
            steps.skip_to(now_s)

    def poll(self, now_s: float) -> Iterator[tuple[str, Observation | EyesEvent]]:
        """What is due, with the name of its camera."""
        for name, steps in tuple(self.steps.items()):
            for seen in steps.poll(now_s):
                yield name, seen

    def next_wakes_s(self) -> list[float]:
        """When the next frame of each camera is due that has not come to its end."""
        wakes = (steps.next_wake_s() for steps in self.steps.values())
        return [wake_s for wake_s in wakes if wake_s is not None]

    def next_frame_s(self) -> float | None:
        """When the next frame of the camera at the machine is due, None after the last one."""
        return self.steps[FACE_CAMERA].next_wake_s()

    def _steps(self, eye: Eye) -> StepEyes:
        seen = behind_masks(self._settings, eye.camera, eye.name)
        shown = functools.partial(self._shown, eye.name, self._rings[eye.name])
        aside = Aside(eye.name, self._folders.data, lambda do: do())
        return StepEyes(seen, eye.look(), self._clock.now_s(), eye.every_s, shown, aside)

    def _shown(self, camera: str, ring: RingWriter, frame: Frame, observation: Observation) -> None:
        if not self._alive():
            return
        if ring.wants(frame.at_s):
            ring.put(frame.at_s, jpeg_of(frame))
        self._shown_to(camera, frame, observation)
