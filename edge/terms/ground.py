"""What an installer draws on a camera's picture: zones, masks, and four marks on the floor.

Points are fractions of the picture's width and height from its upper left corner, so that they hold at any
size.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Spot(msgspec.Struct, frozen=True, array_like=True):
    """One point of a picture, written `[x, y]`."""

    x: Fraction
    y: Fraction


class Purpose(StrEnum):
    """What a zone is for."""

    MACHINE = "machine"
    """Where somebody stands who uses the machine."""
    FORBIDDEN = "forbidden"
    """Where nobody may be."""
    LOITER = "loiter"
    """Where nobody needs to stay."""
    IGNORED = "ignored"
    """What changes by itself, such as a screen: nothing is left there or taken away."""


CameraRole = Annotated[str, msgspec.Meta(pattern=r"\A(face|overview)\Z", description='"face" or "overview"')]


DrawnName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=24,
        pattern=r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z",
        description="1 to 24 characters",
    ),
]

Polygon = Annotated[
    tuple[Spot, ...],
    msgspec.Meta(max_length=32, description="3 to 32 points [x, y], each a fraction 0 to 1 of the picture"),
]


class Zone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A polygon of a camera's picture. `hours`: `"22:00-06:00"` on the cabin's clock; empty: always."""

    name: DrawnName
    purpose: Purpose
    polygon: Polygon
    camera: CameraRole = "face"
    hours: Annotated[str, msgspec.Meta(max_length=11, description='such as "22:00-06:00", or empty')] = ""


class Mask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A polygon of a camera's picture, as it is shown, that no picture ever has: the machine's PIN pad."""

    name: DrawnName
    polygon: Polygon
    camera: CameraRole = "face"


class FloorLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line on the floor from `a` to `b`; `true_cm` as it was measured, 0 where it was not."""

    a: Spot
    b: Spot
    true_cm: Annotated[float, msgspec.Meta(ge=0, le=10000)] = 0.0


class FloorBox(msgspec.Struct, frozen=True, array_like=True):
    """A box around a thing on the floor, fractions of the picture: `[left, top, width, height]`."""

    left: Fraction
    top: Fraction
    width: Fraction
    height: Fraction


class Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The floor: the corners of a rectangle on it, one after the other around it; none: not measured.

    `width_cm` is the side from the first corner to the second, `depth_cm` that from the second to the third,
    `camera_height_cm` the lens above the floor.
    """

    camera: CameraRole = "face"
    corners: Annotated[
        tuple[Spot, ...],
        msgspec.Meta(
            max_length=4, description="4 points [x, y], each a fraction 0 to 1 of the picture, or none"
        ),
    ] = ()
    width_cm: Annotated[float, msgspec.Meta(ge=10, le=1000)] = 60.0
    depth_cm: Annotated[float, msgspec.Meta(ge=10, le=1000)] = 60.0
    camera_height_cm: Annotated[float, msgspec.Meta(ge=50, le=1000)] = 220.0
