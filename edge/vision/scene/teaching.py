"""The machine's front taught at commissioning: regions and pictures, checked; what is too poor is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from edge.faults.fault import FaultError
from edge.vision.scene.align import Aligner
from edge.vision.scene.fronts import (
    PICTURES_MAX,
    REGIONS_MAX,
    SEEN_PX,
    SMALLEST_PX,
    FrontPicture,
    FrontRegion,
    RegionKind,
    Taught,
)
from edge.vision.scene.reference import Reference

REFUSED: Final = "front_refused"

_POINTS: Final = (3, 32)


def region_from(text: str) -> FrontRegion:
    """`slot=X,Y,W,H`, or a polygon `slot=X,Y,X,Y,X,Y,...`, in pixels. `FaultError("front_refused")`."""
    name, _, numbers = text.partition("=")
    kind = _kind_of(name, text)
    try:
        values = [float(number) for number in numbers.split(",")]
    except ValueError:
        values = []
    if not np.isfinite(values).all():
        values = []
    if len(values) == 4 and values[2] > 0 and values[3] > 0:
        x, y, w, h = values
        return FrontRegion(name, kind, ((x, y), (x + w, y), (x + w, y + h), (x, y + h)))
    low, high = _POINTS
    if len(values) % 2 or not low <= len(values) // 2 <= high:
        raise FaultError(REFUSED, f"{text}: left, top, width, height in pixels, or {low} to {high} points")
    return FrontRegion(name, kind, tuple(zip(values[::2], values[1::2], strict=True)))


def named_region(name: str, polygon: Sequence[tuple[float, float]]) -> FrontRegion:
    """A region that was drawn, its points in pixels. `FaultError("front_refused")`."""
    kind = _kind_of(name, name)
    low, high = _POINTS
    if not low <= len(polygon) <= high or not np.isfinite(polygon).all():
        raise FaultError(REFUSED, f"{name}: {low} to {high} points")
    return FrontRegion(name, kind, tuple((float(x), float(y)) for x, y in polygon))


def _kind_of(name: str, said: str) -> RegionKind:
    kinds = ", ".join(RegionKind)
    kind = next((kind for kind in RegionKind if name == kind or name.startswith(f"{kind}-")), None)
    if kind is None or len(name) > 20 or not name.isascii():
        raise FaultError(REFUSED, f"{said}: a region is one of {kinds}; a second one is called slot-2")
    return kind


def scaled(regions: Sequence[FrontRegion], factor: float) -> tuple[FrontRegion, ...]:
    """Regions of a larger or smaller picture of the same view."""
    return tuple(
        FrontRegion(one.name, one.kind, tuple((x * factor, y * factor) for x, y in one.polygon))
        for one in regions
    )


def scale_of(regions: Sequence[FrontRegion], wide: str) -> float:
    """Pixels to a centimetre from `keypad=10.5`: that region is so many centimetres wide."""
    name, _, number = wide.partition("=")
    found = [region for region in regions if region.name == name]
    try:
        width_cm = float(number)
    except ValueError:
        width_cm = 0.0
    if not found or not 0.5 <= width_cm <= 300.0:
        raise FaultError(REFUSED, f"{wide}: name a region and its width in centimetres, such as keypad=10.5")
    return found[0].box[2] / width_cm


def teach(
    references: Sequence[Reference],
    camera: str,
    regions: Sequence[FrontRegion],
    px_per_cm: float | None,
    before: Taught | None = None,
) -> Taught:
    """A front from checked pictures with nobody before it.

    Without `regions` the pictures are added to what was taught `before`: other hours of the day. The first
    picture stays, and of the others the newest. `FaultError("front_refused")` says what is wrong.
    """
    pictures = [
        FrontPicture(one.picture, one.taken_wall_s, one.minute_of_day, one.infrared) for one in references
    ]
    if not regions:
        if before is None:
            raise FaultError(REFUSED, f"{camera}: no front is taught yet: name its regions with --regions")
        pictures = [*before.pictures, *pictures]
        regions, px_per_cm = before.regions, before.px_per_cm if px_per_cm is None else px_per_cm
    base = pictures[0].picture
    for problem in _problems(regions, base.shape, px_per_cm):
        raise FaultError(REFUSED, f"{camera}: {problem}")
    aligner = Aligner(base)
    if aligner.align(base) is None:
        raise FaultError(REFUSED, f"{camera}: {aligner.why}: move the camera nearer, or light the machine")
    for number, one in enumerate(pictures[1:], start=2):
        # Two lights may have nothing in common but the thing itself, as infrared and daylight do.
        if aligner.align(one.picture) is None:
            raise FaultError(
                REFUSED, f"{camera}: picture {number} does not fit on the first one: {aligner.why}"
            )
    kept = [pictures[0], *pictures[1:][-(PICTURES_MAX - 1) :]]
    return Taught(camera, tuple(kept), tuple(regions), px_per_cm)


def _problems(regions: Sequence[FrontRegion], shape: tuple[int, ...], px_per_cm: float | None) -> list[str]:
    """A sentence for everything that is wrong with regions on a picture of this shape."""
    height, width = shape[:2]
    problems = []
    if len(regions) > REGIONS_MAX:
        problems.append(f"{len(regions)} regions, {REGIONS_MAX} at most")
    if all(region.kind is RegionKind.SCREEN for region in regions):
        problems.append("a screen alone is never compared: name another region, such as slot=X,Y,W,H")
    seen: set[str] = set()
    for region in regions:
        x, y, w, h = region.box
        if region.name in seen:
            problems.append(f"{region.name} is named twice: call the second one {region.kind}-2")
        seen.add(region.name)
        if x < 0 or y < 0 or x + w > width or y + h > height:
            problems.append(
                f"{region.name} ({x},{y},{w},{h}) reaches out of the picture of {width}x{height} pixels"
            )
        elif region.kind is not RegionKind.SCREEN and min(w, h) < SMALLEST_PX:
            problems.append(
                f"{region.name} has {w}x{h} pixels, {SMALLEST_PX} each way are needed: "
                f"the smallest change that is seen has about {smallest_seen(px_per_cm)}"
            )
    return problems


def smallest_seen(px_per_cm: float | None) -> str:
    """In words: the smallest change that is seen."""
    return f"{SEEN_PX} pixels" if px_per_cm is None else f"{SEEN_PX} pixels ({SEEN_PX / px_per_cm:.1f} cm)"
