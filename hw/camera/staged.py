"""The staged cabin: a drawn cabin with real faces in it, for a kiosk that works with nothing attached.

People come in through the door, stand at the machine, cover up, turn, crouch, join, leave. The faces are two
public-domain photographs; everything else is drawn, and the networks see the result as they would see any
camera's picture. The scene depends only on what was directed and on the clock, so a story shows the same
pictures every time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.camera.covers import COVERS, Layer, back_of_head, shut_eyes
from hw.camera.held import hold_up, printed
from hw.camera.picture import working
from hw.camera.port import ColourPicture, Frame
from hw.camera.room import FRONTS, HEIGHT, HORIZON, WIDTH, draw_ledge, draw_room
from hw.camera.scene import PHOTOGRAPHS, PORTRAITS, KeptScene, OnStage, Person, Photograph, Scene
from hw.camera.turned import TURNS_DEG, turn_head
from hw.ports import Clock

WALK_S: Final = 1.6
"""From the door to the machine."""
_CROUCH_S: Final = 0.7
_FAR: Final = 0.36
"""Size at the door against size at the machine."""
_DOOR_X: Final = 388.0
_UNIT: Final = 50.0
"""Pixels from eyes to mouth of somebody at the machine."""
_BLINK_EVERY_S: Final = 3.7
_BLINK_S: Final = 0.26
_NOISE: Final = 2.2
_SHIFT: Final = 64
"""One field of noise is larger than the picture by this and laid at another place in each frame."""
_BELOW: Final = 420
_LIGHTS: Final = {"on": 1.0, "dim": 0.32, "off": 0.04}


@dataclass(frozen=True, slots=True)
class _Place:
    """Column of the face, and size."""

    x: float
    size: float


_PLACES: Final = (_Place(318.0, 1.0), _Place(508.0, 0.84), _Place(132.0, 0.8), _Place(415.0, 0.62))
"""Where the first, second, third and fourth person stand."""


class StagedCabin:
    """A `Camera` whose scene is directed with `do`. `fps` and `seed` only matter for the noise.

    `read` gives the picture of this moment on `clock` at once, as often as it is asked.
    """

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self._clock = clock
        self._people: list[Person] = []
        self._number = 0
        self._light = "on"
        self._front = "whole"
        self._lens = "clear"
        self._frozen: ColourPicture | None = None
        random = np.random.default_rng(seed)
        noise = random.normal(0.0, _NOISE, (HEIGHT + _SHIFT, WIDTH + _SHIFT, 3))
        self._lighter = np.round(np.maximum(noise, 0.0)).astype(np.uint8)
        self._darker = np.round(np.maximum(-noise, 0.0)).astype(np.uint8)
        self._random = random

    @property
    def people(self) -> tuple[str, ...]:
        """Who is in the cabin or on the way out of it."""
        return tuple(person.name for person in self._people)

    @property
    def scene(self) -> Scene:
        """Who is there and how everything stands; who has left the picture is not there any more."""
        self._tidy(self._clock.now_s())
        people = (
            OnStage(
                person.name,
                person.covers,
                "away" if person.away else person.turn or "front",
                person.crouching,
                person.photo,
                person.left_s is not None,
            )
            for person in self._people
        )
        return Scene(tuple(people), self._light, self._lens, self._front)

    def kept(self) -> KeptScene:
        """All of the scene, so that another one can go on with it."""
        self._tidy(self._clock.now_s())
        people = tuple(person.kept() for person in self._people)
        return KeptScene(people, self._light, self._lens, self._front)

    def restore(self, kept: KeptScene) -> None:
        """Show this scene. ValueError for people, light, lens or front that do not exist here."""
        people = [one.person() for one in kept.people]
        if kept.lights not in _LIGHTS or kept.front not in FRONTS or kept.lens not in LENSES:
            raise ValueError(f"no such scene: {kept.lights}, {kept.front}, {kept.lens}")
        self._people, self._light, self._front = people, kept.lights, kept.front
        self._set_lens(kept.lens, self._clock.now_s())

    def read(self) -> Frame:
        """The picture of now."""
        now_s = self._clock.now_s()
        picture = self._seen(now_s)
        grey, evidence = working(picture)
        frame = Frame(self._number, now_s, grey, evidence)
        self._number += 1
        return frame

    def close(self) -> None:
        """Nothing is held."""

    def do(self, action: str, now_s: float) -> None:
        """Directs the scene. ValueError, saying what is known, for words that mean nothing here.

        `enter NAME [with COVER…]`, `leave [NAME]`, `mask|glasses|helmet|scarf|hand on|off [NAME]`, `photo
        on|held|off [NAME]` (a print before the face, fixed or in a hand), `turn away|front|left|right|up|down
        [NAME]` (a little, to their own left), `crouch [NAME]`, `stand [NAME]`,
        `front whole|skimmer|stripped` (the machine's), `lights on|dim|off`,
        `camera clear|covered|sprayed|blurred|moved|frozen|white` (also `cover lens`, `uncover lens`,
        `freeze`, `unfreeze`). Without a name it is the one who came first.
        """
        words = action.lower().split()
        match words:
            case ["enter", name]:
                self._enter(name, (), now_s)
            case ["enter", name, "with", *covers]:
                self._enter(name, tuple(c for c in covers if c != "and"), now_s)
            case ["leave", *rest]:
                person = self._who(rest, now_s)
                if person.left_s is None:
                    person.left_s = now_s
            case [cover, ("on" | "off") as state, *rest] if cover in COVERS:
                person = self._who(rest, now_s)
                worn = person.covers
                person.covers = frozenset(worn | {cover} if state == "on" else worn - {cover})
            case ["photo", ("on" | "held" | "off") as state, *rest]:
                self._who(rest, now_s).photo = state
            case ["turn", side, *rest] if side in ("away", "front", *TURNS_DEG):
                person = self._who(rest, now_s)
                person.away, person.turn = side == "away", side if side in TURNS_DEG else ""
            case [("crouch" | "stand") as pose, *rest]:
                person = self._who(rest, now_s)
                if person.crouching is not (pose == "crouch"):
                    person.crouching = pose == "crouch"
                    person.crouch_s = now_s
            case ["front", state] if state in FRONTS:
                self._front = state
            case ["lights", ("on" | "dim" | "off") as level]:
                self._light = level
            case ["camera", lens] if lens in LENSES:
                self._set_lens(lens, now_s)
            case ["cover", "lens"]:
                self._set_lens("covered", now_s)
            case ["freeze"]:
                self._set_lens("frozen", now_s)
            case ["uncover", "lens"] | ["unfreeze"]:
                self._set_lens("clear", now_s)
            case _:
                raise ValueError(f"{action!r} means nothing in the staged cabin")

    def _set_lens(self, lens: str, now_s: float) -> None:
        self._frozen = self._seen(now_s) if lens == "frozen" else None
        self._lens = lens

    def _enter(self, name: str, covers: tuple[str, ...], now_s: float) -> None:
        self._tidy(now_s)
        unknown = [cover for cover in covers if cover not in COVERS]
        if unknown:
            raise ValueError(f"{unknown[0]!r} cannot be worn; there are {', '.join(sorted(COVERS))}")
        if any(person.name == name for person in self._people):
            raise ValueError(f"{name} is here already")
        places = [i for i in range(len(_PLACES)) if all(p.place != i for p in self._people)]
        if not places:
            raise ValueError("the cabin is full")
        known = [photograph for who, photograph in PORTRAITS.items() if who == name]
        free = [p for p in PHOTOGRAPHS if all(p is not other.photograph for other in self._people)]
        photograph = (known or free or list(PHOTOGRAPHS))[0]
        phase = 2.399 * len(self._people)
        self._people.append(Person(name, photograph, places[0], now_s, phase, covers=frozenset(covers)))

    def _who(self, words: list[str], now_s: float) -> Person:
        self._tidy(now_s)
        if not self._people:
            raise ValueError("nobody is in the cabin")
        if not words:
            return self._people[0]
        for person in self._people:
            if words == [person.name]:
                return person
        raise ValueError(f"{' '.join(words)} is not in the cabin; {', '.join(self.people)} is")

    def _tidy(self, now_s: float) -> None:
        gone = [p for p in self._people if p.left_s is not None and now_s - p.left_s >= WALK_S]
        self._people = [p for p in self._people if p not in gone]

    # --- the picture -------------------------------------------------------------------------------

    def _seen(self, now_s: float) -> ColourPicture:
        """The scene through the lens, with the sensor's noise."""
        if self._frozen is not None:
            return self._frozen.copy()
        scene = LENSES[self._lens](self._scene(now_s))
        if self._light != "on":
            scene = np.asarray(cv2.convertScaleAbs(scene, alpha=_LIGHTS[self._light]), dtype=np.uint8)
        y, x = (int(n) for n in self._random.integers(0, _SHIFT, 2))
        lighter = cv2.add(scene, self._lighter[y : y + HEIGHT, x : x + WIDTH])
        return np.asarray(cv2.subtract(lighter, self._darker[y : y + HEIGHT, x : x + WIDTH]), dtype=np.uint8)

    def _scene(self, now_s: float) -> ColourPicture:
        self._tidy(now_s)
        picture = _room().copy()
        for person in sorted(self._people, key=lambda p: self._size(p, now_s)):
            self._stand(picture, person, now_s)
        draw_ledge(picture, self._front)
        return picture

    def _near(self, person: Person, now_s: float) -> float:
        """0 at the door, 1 at the machine."""
        coming = _eased((now_s - person.came_s) / WALK_S)
        if person.left_s is None:
            return coming
        return min(coming, 1.0 - _eased((now_s - person.left_s) / WALK_S))

    def _size(self, person: Person, now_s: float) -> float:
        near = self._near(person, now_s)
        # Walking at one speed, size goes with the inverse of the distance.
        return _PLACES[person.place].size / (1.0 + (1.0 / _FAR - 1.0) * (1.0 - near))

    def _stand(self, picture: ColourPicture, person: Person, now_s: float) -> None:
        """Puts one person into the picture."""
        leaving = person.left_s is not None and now_s - person.left_s > 0.25
        t = now_s + 10.0 * person.phase
        away = person.away or leaving
        shut = t % _BLINK_EVERY_S < _BLINK_S and not away
        layer = _dressed(person.photograph, person.covers, away, shut, person.turn)
        marks = person.photograph.marks
        near, size = self._near(person, now_s), self._size(person, now_s)
        sway = 3.2 * math.sin(1.43 * t) + 1.9 * math.sin(3.1 * t + 1.0)
        nod = 1.6 * math.sin(1.9 * t + 2.0) + 0.8 * math.sin(4.3 * t)
        breath = 1.0 + 0.010 * math.sin(1.1 * t + 0.5)
        roll = 1.1 * math.sin(0.9 * t + 0.4) + 0.5 * math.sin(2.3 * t)
        step = (1.0 - abs(2.0 * near - 1.0)) * 5.0 * abs(math.sin(7.0 * t))
        down = _eased((now_s - person.crouch_s) / _CROUCH_S)
        crouch = down if person.crouching else 1.0 - down
        scale = _UNIT * size * breath / marks.unit
        x = _DOOR_X + (_PLACES[person.place].x - _DOOR_X) * near + sway * size
        y = HORIZON + (1.0 - size) * 18.0 + nod * size + step + crouch * 330.0 * size
        matrix = np.asarray(cv2.getRotationMatrix2D(marks.eyes, roll, scale), dtype=np.float64)
        matrix[:, 2] += (x - marks.eyes[0], y - marks.eyes[1])
        # Only the part of the picture that the person can touch.
        corners = matrix @ np.array(
            [[0, layer.shape[1], 0, layer.shape[1]], [0, 0, *[layer.shape[0]] * 2], [1] * 4]
        )
        x0, y0 = (max(0, int(n)) for n in np.floor(corners.min(axis=1)))
        x1 = min(WIDTH, int(np.ceil(corners[0].max())) + 1)
        if x0 >= x1 or y0 >= HEIGHT:
            return
        matrix[:, 2] -= (x0, y0)
        shown = cv2.warpAffine(layer, matrix, (x1 - x0, HEIGHT - y0), flags=cv2.INTER_LINEAR)
        # By OpenCV's own functions: a slice of every fourth byte is copied slowly before it is worked on.
        body = cv2.cvtColor(shown, cv2.COLOR_BGRA2BGR)
        alpha = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(shown, 3)), cv2.COLOR_GRAY2BGR)
        # By the door it is darker than below the lamp.
        lit = cv2.convertScaleAbs(body, alpha=0.78 + 0.22 * near) if near < 1.0 else body
        behind = picture[y0:, x0:x1]
        behind[:] = cv2.add(cv2.multiply(behind, alpha, scale=1.0 / 255.0), lit)
        if person.photo != "off" and person.left_s is None:
            place = _PLACES[person.place]
            at = place.x, HORIZON + (1.0 - place.size) * 18.0
            hand_s = now_s if person.photo == "held" else None
            hold_up(picture, _print(person.photograph), marks, at, _UNIT * place.size, hand_s)


@lru_cache(maxsize=4)
def _print(photograph: Photograph) -> Layer:
    return printed(bare(photograph), photograph.marks)


def _eased(share: float) -> float:
    """0 to 1, starting and ending slowly."""
    held = min(max(share, 0.0), 1.0)
    return held * held * (3.0 - 2.0 * held)


@lru_cache(maxsize=1)
def _room() -> ColourPicture:
    return draw_room()


@lru_cache(maxsize=4)
def bare(photograph: Photograph) -> Layer:
    """The cut-out, its body carried on downwards; blue, green, red, alpha."""
    folder = resources.files("hw.camera") / "people"

    def load(name: str, flag: int) -> NDArray[np.uint8]:
        content = np.frombuffer((folder / name).read_bytes(), dtype=np.uint8)
        picture = cv2.imdecode(content, flag)
        if picture is None:
            raise ValueError(f"{name} in hw/camera/people is damaged")
        return np.asarray(picture, dtype=np.uint8)

    colours = load(f"{photograph.file}.jpg", cv2.IMREAD_COLOR)
    alpha = load(f"{photograph.file}.png", cv2.IMREAD_GRAYSCALE)
    person = np.dstack([colours, alpha])
    row = cv2.GaussianBlur(person[-6:-1].mean(axis=0, keepdims=True).astype(np.float32), (121, 1), 30)
    body = np.repeat(row, _BELOW, axis=0)
    body[..., :3] = body[..., :3] * np.linspace(1.0, 0.55, _BELOW)[:, None, None]
    body[..., 3] = person[-4, :, 3]
    return np.vstack([person, np.clip(body, 0, 255).astype(np.uint8)])


@lru_cache(maxsize=32)
def _dressed(photograph: Photograph, covers: frozenset[str], away: bool, shut: bool, turn: str = "") -> Layer:
    """A person as they are dressed now, seen from in front or from behind, the eyes `shut` or open, the head
    turned; premultiplied.
    """
    layer = bare(photograph)
    if shut:
        layer = shut_eyes(layer, photograph.marks)
    if away:
        layer = back_of_head(layer, photograph.marks)
    for cover, put_on in COVERS.items():
        # From behind, only a helmet and a scarf are seen.
        if cover in covers and (not away or cover in ("helmet", "scarf")):
            layer = put_on(layer, photograph.marks)
    if turn and not away:
        layer = turn_head(layer, photograph.marks, turn)
    # Premultiplied, so that composing is one multiplication and one addition.
    opaque = cv2.cvtColor(layer[..., 3], cv2.COLOR_GRAY2BGR)
    return np.dstack([cv2.multiply(layer[..., :3], opaque, scale=1.0 / 255.0), layer[..., 3]])


def _smeared(scene: ColourPicture) -> NDArray[np.float32]:
    """Light and shade without any shape, as through something right before the lens."""
    coarse = cv2.GaussianBlur(cv2.resize(scene, (32, 24), interpolation=cv2.INTER_AREA), (0, 0), 1.8)
    return np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _covered(scene: ColourPicture) -> ColourPicture:
    """Something dark and soft right before the lens."""
    return np.asarray(np.clip(_smeared(scene) * 0.06 + (34.0, 30.0, 38.0), 0, 255), np.uint8)


def _sprayed(scene: ColourPicture) -> ColourPicture:
    return np.asarray(np.clip(_smeared(scene) * 0.12 + (52.0, 60.0, 150.0), 0, 255), np.uint8)


def _blurred(scene: ColourPicture) -> ColourPicture:
    return np.asarray(cv2.GaussianBlur(scene, (0, 0), 11), dtype=np.uint8)


def _moved(scene: ColourPicture) -> ColourPicture:
    """The camera was pushed to the side and tilted."""
    matrix = np.asarray(cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 9.0, 1.15), dtype=np.float64)
    matrix[:, 2] += (-150.0, 60.0)
    moved = cv2.warpAffine(scene, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, dtype=np.uint8)


def _white(scene: ColourPicture) -> ColourPicture:
    """A torch right into the lens."""
    return np.full_like(scene, 252)


def _clear(scene: ColourPicture) -> ColourPicture:
    return scene


LENSES: Final[dict[str, Callable[[ColourPicture], ColourPicture]]] = {
    "clear": _clear,
    "covered": _covered,
    "sprayed": _sprayed,
    "blurred": _blurred,
    "moved": _moved,
    "white": _white,
    "frozen": _clear,
}
