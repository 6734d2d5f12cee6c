"""One training example: a cut of a picture, turned and flipped, in the light and through the lens of a cabin.

Cuts bring persons to the picture's edge and leave them half outside; turns and squeezes show them as a
ceiling camera does; pasting brings them (and things that are nobody, pasted the same way, so that no seam
betrays a person) into rooms they never stood in. Light: down to an eighth with a sensor's noise, an infrared
look, strips of sun, a bright door.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.scene.people import HEIGHT, WIDTH, fitted, levelled
from models.training.common import Grey
from models.training.scene.data import PERSON, Picture
from models.training.scene.net import UNKNOWN, Targets, targets


@dataclass(frozen=True, slots=True)
class Example:
    """What the network sees, before `to_input`, and what it is to say."""

    grey: Grey
    wanted: Targets


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture being made up."""

    grey: Grey
    boxes: NDArray[np.float32]
    kinds: NDArray[np.int8]
    somebody: int
    several: int
    whole: bool
    heads: bool


class Augment:
    """Examples of pictures; `rooms` show nobody, `people` have boxed persons to cut out."""

    def __init__(self, rooms: list[Picture], people: list[Picture]) -> None:
        self._rooms = rooms
        self._people = people

    def example(self, picture: Picture, rng: np.random.Generator) -> Example:
        """Depends on the picture and the generator alone."""
        scene = _scene(picture)
        if rng.random() < 0.15 and self._people and self._rooms:
            scene = self._pasted(scene, rng)
        cut = _cut(scene, rng)
        grey = levelled(_light(cut.grey, rng))
        return Example(grey, targets(cut.boxes, cut.kinds, cut.somebody, cut.several, cut.whole, cut.heads))

    def _pasted(self, scene: Scene, rng: np.random.Generator) -> Scene:
        """With a person, or a piece of a room, of soft edges in it."""
        if scene.somebody == UNKNOWN or (scene.somebody and not scene.whole):
            return scene
        person = rng.random() < 0.6
        if person:
            patch = _person(self._people[int(rng.integers(len(self._people)))], rng)
        else:
            patch = _piece(self._rooms[int(rng.integers(len(self._rooms)))].grey, rng)
        if patch is None:
            return scene
        height, width = scene.grey.shape
        tall = height * rng.uniform(0.3, 1.1)
        squeeze = rng.uniform(0.55, 1.0) if rng.random() < 0.4 else 1.0
        k = tall / patch.shape[0]
        patch = np.asarray(
            cv2.resize(patch, None, fx=k, fy=k * squeeze, interpolation=cv2.INTER_LINEAR), np.uint8
        )
        turn = rng.uniform(-180, 180) if rng.random() < 0.35 else rng.uniform(-10, 10)
        patch, mask = _turned(patch, turn, rng)
        h, w = patch.shape
        left = int(rng.uniform(-0.4 * w, max(-0.3 * w, width - 0.6 * w)))
        top = int(rng.uniform(-0.35 * h, max(-0.3 * h, height - 0.6 * h)))
        x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + w), min(height, top + h)
        if x1 - x0 < 8 or y1 - y0 < 8:
            return scene
        shown = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        grey = scene.grey.copy()
        under = grey[y0:y1, x0:x1].astype(np.float32)
        over = patch[shown].astype(np.float32)
        if rng.random() < 0.7:
            over = over * np.float32((under.mean() + 20) / (over.mean() + 20)) ** np.float32(0.7)
        share = mask[shown]
        grey[y0:y1, x0:x1] = np.clip(under * (1 - share) + over * share, 0, 255).astype(np.uint8)
        if not person:
            # What it covers may have been somebody.
            hidden = bool(len(scene.boxes))
            return Scene(
                grey,
                scene.boxes,
                scene.kinds,
                scene.somebody,
                UNKNOWN if hidden else scene.several,
                scene.whole,
                scene.heads,
            )
        box = np.array([[left, top, left + w, top + h]], np.float32)
        boxes = np.concatenate([scene.boxes, box])
        kinds = np.append(scene.kinds, np.int8(PERSON)).astype(np.int8)
        return Scene(grey, boxes, kinds, 1, UNKNOWN if scene.somebody else 0, scene.whole, heads=False)


def _scene(picture: Picture) -> Scene:
    return Scene(
        picture.grey,
        picture.boxes,
        picture.kinds,
        UNKNOWN if picture.somebody is None else int(picture.somebody),
        UNKNOWN if picture.several is None else int(picture.several),
        picture.whole,
        picture.heads,
    )


def plain(picture: Picture) -> Grey:
    """As the kiosk sees it."""
    return levelled(fitted(picture.grey))


def _person(picture: Picture, rng: np.random.Generator) -> Grey | None:
    bodies = picture.boxes[picture.kinds == PERSON]
    height, width = picture.grey.shape
    left, top, right, bottom = (int(v) for v in bodies[int(rng.integers(len(bodies)))])
    left, top, right, bottom = max(0, left), max(0, top), min(width, right), min(height, bottom)
    if right - left < 24 or bottom - top < 40:
        return None
    return picture.grey[top:bottom, left:right]


def _piece(grey: Grey, rng: np.random.Generator) -> Grey | None:
    height, width = grey.shape
    h, w = int(height * rng.uniform(0.3, 0.9)), int(width * rng.uniform(0.15, 0.5))
    if h < 40 or w < 24:
        return None
    top, left = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    return grey[top : top + h, left : left + w]


def _turned(patch: Grey, degrees: float, rng: np.random.Generator) -> tuple[Grey, NDArray[np.float32]]:
    """The patch turned, and how much of each pixel is shown: 1 within, falling to 0 at its edge."""
    h, w = patch.shape
    mask = np.zeros((h, w), np.float32)
    cv2.ellipse(mask, (w // 2, h // 2), (int(w * 0.49), int(h * 0.52)), 0, 0, 360, (1.0,), -1)
    soft = max(1, int(min(h, w) * rng.uniform(0.02, 0.08))) * 2 + 1
    mask = np.asarray(cv2.GaussianBlur(mask, (soft, soft), 0), np.float32)
    turn: NDArray[np.float64] = np.asarray(cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1.0), np.float64)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    size = (int(h * sin + w * cos), int(h * cos + w * sin))
    turn[:, 2] += (size[0] / 2 - w / 2, size[1] / 2 - h / 2)
    grey = cv2.warpAffine(patch, turn, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(grey, np.uint8), np.asarray(cv2.warpAffine(mask, turn, size), np.float32)


_LEAST_SHARE, _LEAST_AREA = 0.25, 0.02
"""A person counts while this share of the box and this share of the picture is left of them."""


def _cut(scene: Scene, rng: np.random.Generator) -> Scene:
    """A part of the picture, or all of it with a rim, flipped and turned, at the network's size."""
    height, width = scene.grey.shape
    how = rng.random()
    if how < 0.45:
        w, h, x, y = float(width), float(height), width / 2, height / 2
    elif how < 0.94:
        # Where nobody knows where the person stands, a small cut might leave them out.
        lost = scene.somebody == 1 and not len(scene.boxes)
        area = rng.uniform(0.65 if lost else 0.35, 1.0)
        shape = np.exp(rng.uniform(-0.45, 0.45))
        w = min(width, np.sqrt(area * width * height * shape))
        h = min(height, np.sqrt(area * width * height / shape))
        x, y = rng.uniform(w / 2, width - w / 2 + 1e-3), rng.uniform(h / 2, height - h / 2 + 1e-3)
    else:
        k = rng.uniform(1.0, 1.8)
        w, h = width * k, height * k * rng.uniform(0.8, 1.2)
        x, y = width / 2 + rng.uniform(-0.3, 0.3) * width, height / 2 + rng.uniform(-0.3, 0.3) * height
    turn = 0.0
    chance = rng.random()
    if chance < 0.25:
        turn = rng.uniform(-28, 28)
    elif chance < 0.3:
        turn = float(rng.choice((90.0, 180.0, 270.0)))
    sign = -1.0 if rng.random() < 0.5 else 1.0
    angle = np.deg2rad(turn)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = np.diag([WIDTH / w * sign, HEIGHT / h]) @ spin
    shift = np.array([WIDTH / 2, HEIGHT / 2]) - linear @ np.array([x, y])
    affine = np.concatenate([linear, shift[:, None]], 1)
    border = cv2.BORDER_CONSTANT if rng.random() < 0.6 else cv2.BORDER_REPLICATE
    grey = scene.grey
    if w > 1.7 * WIDTH and h > 1.7 * HEIGHT:
        grey = np.asarray(cv2.blur(grey, (2, 2)), np.uint8)
    made = cv2.warpAffine(
        grey, affine, (WIDTH, HEIGHT), borderMode=border, borderValue=(float(rng.integers(0, 256)),)
    )
    return _seen(scene, np.asarray(made, np.uint8), affine)


def _seen(scene: Scene, grey: Grey, affine: NDArray[np.float64]) -> Scene:
    """Boxes after the cut, and what can still be said."""
    boxes = scene.boxes
    if not len(boxes):
        # A cut of a picture with somebody nobody knows where may be empty; most are not.
        return Scene(grey, boxes, scene.kinds, scene.somebody, scene.several, scene.whole, scene.heads)
    corners = np.stack([boxes[:, [0, 1]], boxes[:, [2, 1]], boxes[:, [2, 3]], boxes[:, [0, 3]]], 1)
    moved = corners @ affine[:, :2].T + affine[:, 2]
    low, high = moved.min(1), moved.max(1)
    # The box around a turned box is too large: what stands in it fills the middle.
    linear = np.abs(affine[:, :2])
    straight = (boxes[:, 2:] - boxes[:, :2]) @ linear.T
    turned = (
        linear[0, 1] * linear[1, 0] / max(1e-6, linear[0, 0] * linear[1, 1] + linear[0, 1] * linear[1, 0])
    )
    slack = straight * 0.3 * min(turned, 1 - turned)
    low, high = low + slack / 2, high - slack / 2
    full = (high - low).prod(1)
    size = np.array([WIDTH, HEIGHT])
    low, high = np.clip(low, 0, size), np.clip(high, 0, size)
    left = (high - low).prod(1)
    share, area = left / np.maximum(full, 1e-3), left / float(WIDTH * HEIGHT)
    person = scene.kinds == PERSON
    stays = (share > _LEAST_SHARE) & ((area > _LEAST_AREA) | ~person | (share > 0.6)) & (left > 16)
    doubtful = bool((person & ~stays & (left > 0)).any())
    new = np.concatenate([low, high], 1).astype(np.float32)[stays]
    kinds = scene.kinds[stays]
    bodies = int((kinds == PERSON).sum())
    somebody, several, whole = scene.somebody, scene.several, scene.whole and not doubtful
    if len(kinds):
        somebody = 1 if scene.somebody == 1 else scene.somebody
        if scene.somebody == 1 and not bodies and person.any():
            somebody = UNKNOWN
    elif scene.somebody == 1:
        somebody = 0 if whole else UNKNOWN
    if scene.whole and person.any():
        several = int(bodies > 1) if not doubtful else 1 if bodies > 1 else UNKNOWN
    elif not stays.all():
        several = UNKNOWN
    return Scene(grey, new, kinds, somebody, several, whole, scene.heads)


def _light(grey: Grey, rng: np.random.Generator) -> Grey:
    """Another light, lens, sensor and file than the picture was taken with."""
    real = grey.astype(np.float32)
    if rng.random() < 0.12:
        real = _sun(real, rng)
    if rng.random() < 0.08:
        real = _door(real, rng)
    chance = rng.random()
    if chance < 0.15:
        # Infrared: near things bright, far ones dark, cloth and skin alike, a hot middle.
        y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
        far = ((x - WIDTH * rng.uniform(0.3, 0.7)) / WIDTH) ** 2 + (
            (y - HEIGHT * rng.uniform(0.3, 0.7)) / HEIGHT
        ) ** 2
        real = 255.0 * (real / 255.0) ** rng.uniform(0.5, 1.0)
        real = real * np.float32(rng.uniform(0.6, 0.9)) + np.float32(rng.uniform(0, 50))
        real = real * (1.15 - far * np.float32(rng.uniform(0.8, 2.2)))
    else:
        real = 255.0 * np.clip(real / 255.0, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.25)))
        middle = real.mean()
        real = (real - middle) * np.float32(np.exp(rng.normal(0, 0.12))) + middle
        real = real * np.float32(np.exp(rng.normal(0, 0.25)))
    if rng.random() < 0.3:
        real = np.asarray(cv2.GaussianBlur(real, (0, 0), float(rng.uniform(0.4, 1.4))), np.float32)
    if rng.random() < 0.07:
        n = int(rng.integers(3, 10))
        kernel = np.zeros((n, n), np.float32)
        kernel[n // 2] = 1.0 / n
        real = np.asarray(cv2.filter2D(real, -1, kernel if rng.random() < 0.5 else kernel.T), np.float32)
    exposure = 1.0
    if rng.random() < 0.3:
        exposure = 2.0 ** -rng.uniform(0.3, 3.4)
    noise = rng.standard_normal((HEIGHT, WIDTH), np.float32)
    dark = np.clip(real, 0, 255) * np.float32(exposure)
    read, shot = rng.uniform(0.3, 2.0), rng.uniform(0.0, 0.35)
    dark = dark + noise * np.sqrt(read**2 + shot * shot * dark)
    made: Grey = np.asarray(np.clip(dark, 0, 255).astype(np.uint8))
    if rng.random() < 0.3:
        quality = int(rng.integers(25, 90))
        good, packed = cv2.imencode(".jpg", made, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if good:
            made = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    if rng.random() < 0.1:
        x, y = int(rng.integers(0, WIDTH - 40)), int(rng.integers(0, HEIGHT - 30))
        w, h = int(rng.integers(10, 40)), int(rng.integers(10, 30))
        made[y : y + h, x : x + w] = rng.integers(0, 256)
    return made


def _sun(real: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A slanting strip of sun."""
    x, y, wide = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(10, 70)
    lean = rng.uniform(-1.2, 1.2)
    shift = np.array([-lean * HEIGHT / 2, lean * HEIGHT / 2])
    points = np.array(
        [[x + shift[0], 0], [x + shift[0] + wide, 0], [x + shift[1] + wide, HEIGHT], [x + shift[1], HEIGHT]]
    )
    strip = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.fillConvexPoly(strip, np.round(points).astype(np.int32), (1.0,))
    strip = np.asarray(cv2.GaussianBlur(strip, (0, 0), float(rng.uniform(0.5, 4))), np.float32)
    return np.asarray(real * (1 + strip * np.float32(rng.uniform(0.4, 2.5))) + strip * np.float32(y / 8))


def _door(real: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The rest in the dark against a bright door or window: a person in it becomes a shape."""
    w, h = int(rng.uniform(0.2, 0.5) * WIDTH), int(rng.uniform(0.4, 1.0) * HEIGHT)
    x, y = int(rng.integers(0, WIDTH - w)), int(rng.integers(0, HEIGHT - h + 1))
    glare = np.zeros((HEIGHT, WIDTH), np.float32)
    glare[y : y + h, x : x + w] = 1.0
    glare = np.asarray(cv2.GaussianBlur(glare, (0, 0), float(rng.uniform(1, 8))), np.float32)
    dim = np.float32(rng.uniform(0.35, 0.8))
    return np.asarray(real * (dim + glare * np.float32(rng.uniform(0.5, 2.0))) + glare * 40)
