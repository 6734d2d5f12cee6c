"""What the firmware may ask of a camera, and the picture that it hands over.

Not in `hw.ports`, because pictures need numpy and the door's table must load without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

GreyPicture = NDArray[np.uint8]
"""Height x width, 8-bit luminance."""

ColourPicture = NDArray[np.uint8]
"""Height x width x 3, 8-bit, blue-green-red as OpenCV has it."""


FOREIGN_SUFFIXES: Final = frozenset([".gif", ".heic", ".heif", ".avif", ".jxl"])
"""Pictures that people have and that OpenCV cannot read: refused by their kind, never passed over."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of one camera.

    `grey` is the low-resolution luminance for the networks (height x width, 8 bit); `jpeg` makes
    the evidence picture from `colour`, or from `grey` where there is no colour stream. `source_s` is
    the position in a recording, None for a live camera.
    """

    number: int
    at_s: float
    grey: GreyPicture
    colour: ColourPicture | None = None
    source_s: float | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """What is wanted of a live camera, which gives what it has nearest.

    `rotation`: degrees clockwise that bring it upright.
    """

    width: int = 640
    height: int = 480
    fps: float = 15.0
    rotation: int = 0


USUAL: Final = Stream()

Polygon = tuple[tuple[float, float], ...]
"""Points as fractions of a picture's width and height as it is shown, from its upper left corner."""


@dataclass(frozen=True, slots=True)
class CameraChoice:
    """A camera as the settings name it: `source` is `picamera2`, `usb`, `clip` or `staged`.

    `device` is a number or, for `usb`, a path; `clip` a file or, for `staged`, what happens at the start.
    No picture of it ever has what lies in `masks`.
    """

    source: str
    device: str = "0"
    clip: str = ""
    stream: Stream = USUAL
    masks: tuple[Polygon, ...] = ()


class Camera(Protocol):
    """A source of frames. May block for ever in `read`: only the eyes process calls it."""

    def read(self) -> Frame | None:
        """The next frame, None at the end of a recording; HardwareError when the camera fails."""
        ...

    def close(self) -> None: ...
