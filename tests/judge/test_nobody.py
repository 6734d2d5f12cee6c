"""What counts as a sign of anybody before a relay is tried, and when nobody can say."""

from __future__ import annotations

import pytest

from edge.judge.bodies import UNFITTED, Bodies
from edge.judge.nobody import BLIND_S, Nobody
from edge.terms.observation import Observation
from tests.worlds.signs import FACE, looked

AREA = 0.04
NOBODY_SEEN = Bodies(fitted=True, seen=False)


def _long_empty(*cameras: str) -> Nobody:
    """Nothing was seen for 20 s."""
    nobody = Nobody(AREA, cameras)
    for tenth in range(200):
        for camera in ("face", *cameras):
            nobody.observe(looked(camera=camera, at_s=tenth / 10), NOBODY_SEEN, tenth / 10)
    assert nobody.for_s(19.9) > 19.0
    return nobody


@pytest.mark.parametrize(
    "sign",
    [
        looked(faces=(FACE,), at_s=20.0),
        looked(foreground=0.021, at_s=20.0),
        looked(moving=0.021, at_s=20.0),
        looked(health="dark", at_s=20.0),
        looked(camera="overview", faces=(FACE,), at_s=20.0),
        looked(at_s=20.0 - BLIND_S),  # what there was long ago
    ],
)
def test_what_counts_as_a_sign(sign: Observation) -> None:
    nobody = _long_empty()
    nobody.observe(sign, NOBODY_SEEN, 20.0)
    assert nobody.for_s(20.0) == 0.0


@pytest.mark.parametrize(
    ("bodies", "sign"),
    [
        (UNFITTED, False),
        (NOBODY_SEEN, False),
        (Bodies(fitted=True, seen=True, count=1), True),
        (Bodies(fitted=True, seen=None), True),
    ],
)
def test_a_body_is_a_sign_and_a_network_that_stopped_looking_for_them_too(bodies: Bodies, sign: bool) -> None:
    nobody = _long_empty()
    nobody.observe(looked(at_s=20.0), bodies, 20.0)
    assert (nobody.for_s(20.0) == 0.0) is sign


def test_a_little_is_nobody() -> None:
    nobody = _long_empty()
    nobody.observe(looked(foreground=0.019, at_s=20.0), NOBODY_SEEN, 20.0)
    assert nobody.for_s(20.0) > 19.0


def test_without_a_frame_nobody_can_say() -> None:
    nobody = _long_empty()
    assert nobody.blind_at_s() == 19.9 + BLIND_S
    assert nobody.for_s(19.9 + BLIND_S) == 0.0
    nobody.observe(looked(at_s=30.0), NOBODY_SEEN, 30.0)
    assert nobody.for_s(30.5) == pytest.approx(0.5)


def test_every_camera_of_the_cabin_has_to_look() -> None:
    """A corner that only the other one sees is not empty because that one has died."""
    nobody = _long_empty("overview")
    for tenth in range(200, 220):
        nobody.observe(looked(at_s=tenth / 10), NOBODY_SEEN, tenth / 10)
    assert nobody.for_s(21.9) == 0.0
    for tenth in range(220, 240):
        nobody.observe(looked(camera="overview", at_s=tenth / 10), NOBODY_SEEN, tenth / 10)
    assert nobody.for_s(23.9) == 0.0, "nor does it stand in for the one that sees faces"
    never = Nobody(AREA, ["overview"])
    never.observe(looked(at_s=0.0), NOBODY_SEEN, 0.0)
    assert never.for_s(0.5) == 0.0
