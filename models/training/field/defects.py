"""Windows of an even texture, some with a defect that was drawn on: where no photographed defects can be had.

What is learnt from comes from the left of the photograph, what is judged from its right, so that no pixel is
on both sides. Every draw hangs on the seed alone. Six kinds of defect, none of which any network learnt from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

WIDTH, HEIGHT = 160, 120
_LEARNT, _GOOD, _EACH = 80, 60, 10
_LEFT: Final = 0.6
_GAIN, _NOISE = 0.08, 2.0
_LEAST_SEEN: Final = 6.0
"""Grey levels that a defect must change its place by on average, or it is drawn again."""
_TRIES: Final = 50


@dataclass(frozen=True, slots=True)
class Texture:
    """The photograph, and others for what does not belong there."""

    picture: Grey
    others: Sequence[Grey]


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the photograph as a camera would take it; `kind` is `good` where nothing was drawn on."""

    picture: Grey
    kind: str
    mask: Mask


def made(texture: Texture, seed: int) -> tuple[list[Grey], list[Window]]:
    """Normal windows to learn from, and those to judge: 60 without a defect, ten of each kind."""
    rng = np.random.default_rng(seed)
    split = int(_LEFT * texture.picture.shape[1])
    left, right = texture.picture[:, :split], texture.picture[:, split:]
    nothing = np.zeros((HEIGHT, WIDTH), np.bool_)
    learn = [_taken(_window(left, rng).astype(np.float32), rng) for _ in range(_LEARNT)]
    judged = [
        Window(_taken(_window(right, rng).astype(np.float32), rng), "good", nothing) for _ in range(_GOOD)
    ]
    others = [other[:, int(_LEFT * other.shape[1]) :] for other in texture.others] or [right]
    for kind, draw in KINDS.items():
        for _ in range(_EACH):
            changed, mask = _seen(draw, right, others, rng)
            judged.append(Window(_taken(changed, rng), kind, mask))
    return learn, judged


Draw = Callable[[Floats, Floats, np.random.Generator], tuple[Floats, Mask]]
"""A window, another to take from, the draws: the window changed, and where."""


def _seen(draw: Draw, right: Grey, others: Sequence[Grey], rng: np.random.Generator) -> tuple[Floats, Mask]:
    """A drawing that changes enough to be seen. RuntimeError where none does."""
    for _ in range(_TRIES):
        window = _window(right, rng).astype(np.float32)
        source = others[int(rng.integers(len(others)))] if draw is _foreign else right
        changed, mask = draw(window, _window(source, rng).astype(np.float32), rng)
        if mask.any() and np.abs(changed - window)[mask].mean() >= _LEAST_SEEN:
            return changed, mask
    raise RuntimeError("nothing that can be seen was drawn")


def _window(picture: Grey, rng: np.random.Generator) -> Grey:
    y = int(rng.integers(picture.shape[0] - HEIGHT + 1))
    x = int(rng.integers(picture.shape[1] - WIDTH + 1))
    return picture[y : y + HEIGHT, x : x + WIDTH]


def _taken(window: Floats, rng: np.random.Generator) -> Grey:
    """As a camera takes it: a little brighter or darker, with noise."""
    light = 1.0 + rng.uniform(-_GAIN, _GAIN)
    noisy = window * light + rng.normal(0.0, _NOISE, window.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _centre(rng: np.random.Generator, margin: int) -> tuple[int, int]:
    return int(rng.integers(margin, WIDTH - margin)), int(rng.integers(margin, HEIGHT - margin))


def _blob(rng: np.random.Generator, radius: float) -> Floats:
    """A round shape with an uneven edge, 0 to 1, soft."""
    x, y = _centre(rng, int(radius) + 2)
    angles = np.linspace(0.0, 2 * np.pi, 16, endpoint=False)
    reach = radius * rng.uniform(0.7, 1.2, 16)
    points = np.stack([x + reach * np.cos(angles), y + reach * np.sin(angles)], axis=1)
    drawn = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.fillPoly(drawn, [points.astype(np.int32)], (1.0,))
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), radius / 6.0), np.float32)


def _scratch(window: Floats, _other: Floats, rng: np.random.Generator) -> tuple[Floats, Mask]:
    """A thin line, brighter or darker."""
    at = np.array(_centre(rng, 25), np.float64)
    turn = rng.uniform(0.0, 2 * np.pi)
    points = [at.copy()]
    for _ in range(6):
        turn += rng.normal(0.0, 0.3)
        at = at + rng.uniform(5.0, 11.0) * np.array([np.cos(turn), np.sin(turn)])
        points.append(at.copy())
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    width = int(rng.integers(1, 3))
    cv2.polylines(drawn, [np.array(points).astype(np.int32)], False, (255,), width, cv2.LINE_AA)
    soft = drawn.astype(np.float32) / 255.0
    return window + soft * float(rng.choice([-50.0, 50.0])), drawn > 60


def _stain(window: Floats, _other: Floats, rng: np.random.Generator) -> tuple[Floats, Mask]:
    """A soft spot that takes light away or adds it."""
    soft = _blob(rng, rng.uniform(8.0, 18.0))
    return window * (1.0 + soft * float(rng.choice([-0.35, 0.3]))), soft > 0.3


def _hole(window: Floats, _other: Floats, rng: np.random.Generator) -> tuple[Floats, Mask]:
    """A dark place without anything in it."""
    soft = _blob(rng, rng.uniform(4.0, 9.0))
    return window * (1.0 - soft) + soft * 25.0, soft > 0.3


def _worn(window: Floats, _other: Floats, rng: np.random.Generator) -> tuple[Floats, Mask]:
    """A place whose fine detail is gone."""
    soft = _blob(rng, rng.uniform(10.0, 20.0))
    smooth = cv2.GaussianBlur(window, (0, 0), 4.0)
    return np.asarray(window * (1.0 - soft) + soft * smooth, np.float32), soft > 0.3


def _turned(window: Floats, other: Floats, rng: np.random.Generator) -> tuple[Floats, Mask]:
    """A piece of the same texture pasted on, turned by a quarter or a half (CutPaste, Li et al., 2021)."""
    return _pasted(window, np.rot90(other, int(rng.integers(1, 4))), rng)


def _foreign(window: Floats, other: Floats, rng: np.random.Generator) -> tuple[Floats, Mask]:
    """A piece of another texture, at the brightness of the place it is put on."""
    return _pasted(window, other, rng)


def _pasted(window: Floats, other: Floats, rng: np.random.Generator) -> tuple[Floats, Mask]:
    side = int(rng.integers(14, 34))
    x, y = _centre(rng, side // 2 + 1)
    top, left = y - side // 2, x - side // 2
    piece = other[: 2 * side, : 2 * side][:side, :side]
    place = window[top : top + side, left : left + side]
    out = window.copy()
    out[top : top + side, left : left + side] = piece - piece.mean() + place.mean()
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[top : top + side, left : left + side] = True
    return out, mask


KINDS: Final[Mapping[str, Draw]] = {
    "scratch": _scratch,
    "stain": _stain,
    "hole": _hole,
    "worn": _worn,
    "turned piece": _turned,
    "foreign piece": _foreign,
}
