"""What the firmware may ask of a camera, and the picture that it hands over.

Not in `hw.ports`, because pictures need numpy and the door's table must load without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

GreyPicture = NDArray[np.uint8]
"""Height x width, 8-bit luminance."""

ColourPicture = NDArray[np.uint8]
"""Height x width x 3, 8-bit, blue-green-red as OpenCV has it."""


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


class Camera(Protocol):
    """A source of frames. May block for ever in `read`: only the eyes process calls it."""

    def read(self) -> Frame | None:
        """The next frame, None at the end of a recording; HardwareError when the camera fails."""
        ...

    def close(self) -> None: ...
