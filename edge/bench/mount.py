"""The camera at the machine: its scene where that can be directed, and another camera in its place, live."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from edge.bench.cameras import Source, open_source
from edge.service.plans import behind_masks
from edge.settings.schema import Settings
from edge.terms.observation import FACE_CAMERA
from edge.vision.scene.fronts import FOLDER, write_front
from edge.vision.scene.reference import Reference
from edge.vision.scene.teaching import region_from, teach
from hw.bench import FRONT, KeptScene, Scene, StagedCabin
from hw.ports import Clock


class Stage(Protocol):
    """A camera whose scene can be directed."""

    @property
    def people(self) -> Iterable[str]:
        """Who is there, by name."""
        ...

    @property
    def scene(self) -> Scene:
        """What was directed."""
        ...

    def do(self, action: str, now_s: float) -> None:
        """Direct the scene. ValueError for words that mean nothing here."""
        ...


class Mount:
    """The camera at the machine of one desk. The first one is kept, with who is on its stage."""

    def __init__(self, first: Source, stage: Stage | None, clock: Clock) -> None:
        self._first = self.source = first
        self._first_stage = stage
        self._clock = clock

    @property
    def stage(self) -> Stage | None:
        """The scene that is directed, where it is what the camera sees."""
        return self._first_stage if self.source is self._first else self.source.stage

    @property
    def scene(self) -> Scene | None:
        """What was directed; None where the pictures come from elsewhere."""
        return None if self.stage is None else self.stage.scene

    @property
    def inside(self) -> tuple[str, ...]:
        """Who is in the staged cabin, by name."""
        return () if self.stage is None else tuple(self.stage.people)

    def change(self, words: str) -> None:
        """Another camera in its place; the words of a recording begin it again.

        HardwareError for one that cannot be opened, ValueError for words that name none.
        """
        if words == self._first.words and self._first_stage is not None:
            fresh = self._first  # anyone who stands there still does
        else:
            fresh = open_source(words, self._clock, begins_s=self._clock.now_s())
        self.close()
        self.source = fresh

    def direct(self, action: str) -> None:
        """Direct the staged cabin. ValueError where the pictures come from elsewhere."""
        if self.stage is None:
            raise ValueError("people can be directed in the staged cabin only")
        self.stage.do(action, self._clock.now_s())

    def teach_front(self, settings: Settings, folder: Path) -> None:
        """What `cabinguard learn --front` keeps: the front of the staged machine as it looks now.

        ValueError where the pictures come from elsewhere.
        """
        frame = None if self.stage is None else behind_masks(settings, self.source.camera).read()
        if frame is None:
            raise ValueError("the front can be taught in the staged cabin only")
        taken = Reference(frame.grey, FACE_CAMERA, self._clock.wall_s(), minute_of_day=0, infrared=False)
        slot = region_from("slot=" + ",".join(str(side) for side in FRONT))
        write_front(folder / FOLDER, teach([taken], FACE_CAMERA, [slot], None))

    def kept(self) -> KeptScene | None:
        """What another desk's staged cabin can go on with; None without one."""
        return self._first_stage.kept() if isinstance(self._first_stage, StagedCabin) else None

    def restore(self, kept: KeptScene) -> None:
        """Go on with this scene, in a staged cabin."""
        if isinstance(self._first_stage, StagedCabin):
            self._first_stage.restore(kept)

    def close(self) -> None:
        """Let go of a camera that was put here; the first one belongs to its bringer."""
        if self.source is not self._first:
            self.source.camera.close()
