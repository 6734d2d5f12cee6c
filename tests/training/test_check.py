"""What the face check learns from: heads turned in space, halves of faces, things that are none."""

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.training.check import halves
from models.training.check.canvas import Geometry, geometry
from models.training.check.data import CACHE_PX
from models.training.check.sockets import drawn_thing
from models.training.check.space import OVAL, POINTS, looks, mean_mesh, turn_of, turn_to, turned

MARKS = np.array([[64, 66], [96, 66], [80, 84], [68, 102], [92, 102]], np.float32)
BOX = np.array([48, 38, 64, 84], np.float32)
NO_SCENES = np.zeros((0, 96, 96), np.uint8)


def bowl() -> NDArray[np.float32]:
    """A head of 468 points: half an egg towards the camera, its rim where the real mesh has it."""
    rng = np.random.default_rng(0)
    angle, far = rng.uniform(0, 2 * np.pi, POINTS), np.sqrt(rng.uniform(0, 1, POINTS))
    angle[list(OVAL)], far[list(OVAL)] = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False), 1.0
    across, along = far * np.sin(angle), -far * np.cos(angle)
    near = np.sqrt(np.maximum(0.0, 1 - far**2))
    head = np.stack([80 + 32 * across, 80 + 42 * along, 30 * near], 1)
    return np.asarray(head, np.float32)


def test_a_turn_is_read_off_the_mesh_that_was_turned() -> None:
    head = bowl()
    for yaw, pitch in itertools.product((-60.0, 0.0, 35.0), (-40.0, 0.0, 45.0)):
        turn = turn_to(yaw, pitch)
        assert looks(turn) == pytest.approx((yaw, pitch), abs=1e-6)
        moved = (3.0 * (head - head.mean(0)) @ turn.T + [5, 6, 7]).astype(np.float32)
        assert looks(turn_of(moved, head)) == pytest.approx((yaw, pitch), abs=0.1)
    assert looks(turn_of(head, mean_mesh(head[None]))) == pytest.approx((0.0, 0.0), abs=6.0)


def test_what_is_on_a_face_turns_with_it() -> None:
    cut = np.full((CACHE_PX, CACHE_PX, 3), 90, np.uint8)
    cv2.circle(cut, (80, 80), 6, (255, 255, 255), -1)
    for yaw, pitch in ((45.0, 0.0), (-45.0, 0.0), (0.0, 35.0), (0.0, -35.0)):
        seen, _ = turned(cut, bowl(), turn_to(yaw, pitch), np.random.default_rng(1), NO_SCENES)
        spot = np.argwhere(seen[..., 0] > 180).mean(0) - 80
        assert spot[1] * np.sign(yaw) > 8 if yaw else abs(spot[1]) < 4
        assert spot[0] * -np.sign(pitch) > 8 if pitch else abs(spot[0]) < 4


def eyes_left(draw: halves.Painter, seed: int) -> list[float]:
    """How much of each eye can be told from skin after something was drawn."""
    pair = [np.full((CACHE_PX, CACHE_PX, 3), 150, np.uint8) for _ in range(2)]
    for x, y in MARKS[:2].astype(int):
        cv2.circle(pair[0], (int(x), int(y)), 4, (20, 20, 20), -1)
    before = np.abs(pair[0].astype(float) - pair[1])
    g: Geometry = geometry(MARKS, BOX)
    for cut in pair:
        draw(cut, g, np.random.default_rng(seed))
    after = np.abs(pair[0].astype(float) - pair[1])
    after = np.where(before > 0, after, 0.0)
    return [float(after[:, part].sum() / before[:, part].sum()) for part in (slice(0, 80), slice(80, None))]


@pytest.mark.slow
def test_a_hidden_half_hides_an_eye_or_the_mouth_and_a_shadow_hides_none() -> None:
    hidden = [min(eyes_left(halves.half, seed)) for seed in range(24)]
    assert np.mean(np.array(hidden) < 0.3) > 0.7
    shaded = [min(eyes_left(halves.half_shadow, seed)) for seed in range(24)]
    assert min(shaded) > 0.04
    bright = [max(eyes_left(halves.half_shadow, seed)) for seed in range(24)]
    assert min(bright) > 0.3


def test_no_two_drawn_things_are_alike() -> None:
    things = [drawn_thing(np.random.default_rng(seed), NO_SCENES) for seed in range(12)]
    assert all(thing.shape == (CACHE_PX, CACHE_PX, 3) for thing in things)
    assert all(thing.std() > 2 for thing in things)
    assert all((a != b).any() for a, b in itertools.combinations(things, 2))
