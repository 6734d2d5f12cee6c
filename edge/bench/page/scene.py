"""What is drawn of the cabin: plain values, so that the drawing can be tried with any of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SIDES: Final = ("front", "away", "left", "right", "up", "down")
"""Where somebody may look; left and right are their own."""

COVERS: Final = ("glasses", "hand", "helmet", "mask", "scarf")
FRONTS: Final = ("whole", "skimmer", "stripped")
LENSES: Final = ("clear", "covered", "sprayed", "blurred", "moved", "white", "frozen")
LIGHTS: Final = ("on", "dim", "off")
OWNERS: Final = ("anna", "george")
"""What the staged cabin has. It is told here again, held equal by a test: its own lists need OpenCV, which
the page's process has no use for."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Somebody in the cabin. `covers` by name, `photo` off, on or held, `turn` one of `SIDES`."""

    name: str
    covers: tuple[str, ...] = ()
    photo: str = "off"
    turn: str = "front"
    crouching: bool = False
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """The cabin as it stands there. `door_open` is the door itself, `locked` its relay; `touched` is a key
    a moment ago; `lights` and `lens` as the stage has them; `dead` names contacts with a broken wire."""

    powered: bool = True
    locked: bool = False
    door_open: bool = False
    permit: bool = False
    sound: str = "off"
    lit: frozenset[str] = frozenset()
    speaking: bool = False
    figures: tuple[Figure, ...] = ()
    active: frozenset[str] = frozenset()
    dead: frozenset[str] = frozenset()
    lights: str = "on"
    lens: str = "clear"
    camera_alive: bool = True
    front: str = "whole"
    touched: bool = False
    staged: bool = True
