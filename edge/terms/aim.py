"""What is measured of a picture while somebody aims the camera: numbers, and advice by name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.terms.observation import Box, Cover, FaceVerdict


class PixelClass(StrEnum):
    """What a picture is good for, by its pixels to a metre at the person (IEC 62676-4:2014)."""

    NONE = "none"
    MONITOR = "monitor"
    DETECT = "detect"
    OBSERVE = "observe"
    RECOGNISE = "recognise"
    IDENTIFY = "identify"
    INSPECT = "inspect"


class Advice(StrEnum):
    """What to do about a view, the most urgent first."""

    MORE_LIGHT = "more_light"
    LESS_LIGHT = "less_light"
    UNEVEN_LIGHT = "uneven_light"
    NOISY = "noisy"
    FOCUS = "focus"
    NOBODY = "nobody"
    """No face is found: somebody has to stand there for the rest to be measured."""
    CLOSER = "closer"
    FARTHER = "farther"
    TURN_LEFT = "turn_left"
    """The camera, as it looks: the face lies too far to the left in the picture."""
    TURN_RIGHT = "turn_right"
    TILT_UP = "tilt_up"
    TILT_DOWN = "tilt_down"
    LEVEL = "level"
    """The face leans although the person stands straight: the camera is tilted aside."""
    LOWER = "lower"
    """The face is seen from above."""
    HIGHER = "higher"
    ASIDE = "aside"
    """The face is seen from the side."""


IDENTIFY_PX_PER_M: Final = 250.0


@dataclass(frozen=True, slots=True)
class FaceAim:
    """The widest face. Pixels to a metre at its distance, of the picture that is kept as evidence.

    `low_px_per_m` and `high_px_per_m` are for the narrowest and the widest eyes of nearly all adults;
    `looked_px_per_m` is of the picture that the networks look at. `box` in pixels of that one. `roll_deg` is
    how far the line of the eyes leans clockwise, `yaw_deg` and `pitch_deg` as in `Face`. `sharpness`: the
    share of the contrast of the face that lies in fine detail, `light` its mean level (0 to 255).
    """

    box: Box
    px_per_m: float
    low_px_per_m: float
    high_px_per_m: float
    looked_px_per_m: float
    pixel_class: PixelClass
    verdict: FaceVerdict
    cover: Cover
    roll_deg: float
    yaw_deg: float
    pitch_deg: float
    sharpness: float
    light: float


@dataclass(frozen=True, slots=True)
class Aim:
    """One picture. Shares 0 to 1 of its pixels; `light` and `noise` in levels (0 to 255).

    `sharpness` is the variance of the picture's Laplacian without that of its noise, over the variance of the
    picture: a brighter lamp does not change it. `sharpest` is the best since somebody began to aim.
    """

    at_s: float
    size: tuple[int, int]
    sharpness: float
    sharpest: float
    light: float
    burnt: float
    black: float
    noise: float
    faces: int
    face: FaceAim | None
    advice: tuple[Advice, ...] = ()
