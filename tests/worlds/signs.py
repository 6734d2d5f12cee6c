"""Observations of an almost empty cabin, with one sign of somebody in each."""

from __future__ import annotations

from edge.terms.observation import (
    FACE_CAMERA,
    CameraHealth,
    Cover,
    Face,
    FaceVerdict,
    Observation,
    Region,
)

FACE = Face(
    box=(10.0, 10.0, 20.0, 24.0),
    score=0.9,
    landmarks=((15, 18), (25, 18), (20, 24), (16, 29), (24, 29)),
    verdict=FaceVerdict.UNCLEAR,
    cover=Cover.NONE,
    covered_logit=0.0,
    turned_logit=0.0,
    yaw_deg=0.0,
    pitch_deg=0.0,
)


def looked(
    *,
    faces: tuple[Face, ...] = (),
    foreground: float = 0.0,
    moving: float = 0.0,
    health: str = "ok",
    camera: str = FACE_CAMERA,
    at_s: float = 0.0,
) -> Observation:
    regions = (Region((0.0, 0.0, 10.0, 10.0), moving),) if moving else ()
    size = (640, 480)
    return Observation(1, at_s, size, faces, foreground, CameraHealth(health), camera=camera, moving=regions)
