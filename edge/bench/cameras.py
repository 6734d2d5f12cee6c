"""Where the pictures of a bench come from: the staged cabin, a webcam or a recording, opened by its words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hw.bench import ClipCamera, StagedCabin
from hw.board import open_camera
from hw.camera.port import Camera, CameraChoice
from hw.ports import Clock

FPS: Final = 15.0
STAGED: Final = "staged"


@dataclass(frozen=True, slots=True)
class Source:
    """A camera by the words that name it, and how often it is asked where it does not say itself."""

    words: str
    camera: Camera
    every_s: float | None

    @property
    def stage(self) -> StagedCabin | None:
        """The camera, where its scene can be directed."""
        return self.camera if isinstance(self.camera, StagedCabin) else None


def is_source(words: str) -> bool:
    """Whether these name a camera: `staged`, `webcam:N` or `clip:PATH`."""
    kind, _, rest = words.partition(":")
    return words == STAGED or (kind == "webcam" and rest.isdigit()) or (kind == "clip" and bool(rest))


def open_source(words: str, clock: Clock, *, begins_s: float = 0.0) -> Source:
    """Open the camera that is named. A recording begins at `begins_s` on the clock.

    Raises `HardwareError`, and ValueError for words that name none.
    """
    if not is_source(words):
        raise ValueError(f"{words!r} is none of staged, webcam:N, clip:PATH")
    kind, _, rest = words.partition(":")
    if kind == STAGED:
        return Source(words, StagedCabin(clock), 1 / FPS)
    if kind == "webcam":
        return Source(words, open_camera(CameraChoice("usb", rest)), 1 / FPS)
    # Anyone who steps the clock waits for a frame's time: the recording itself never does.
    film = ClipCamera([Path(rest)], FPS, now_s=lambda: begins_s, sleep=lambda _: None)
    return Source(words, film, None)
