"""Pictures of pages for the documentation, some in each file; `python -m tests.make_screens` makes them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.worlds.browser import Browser

World = Callable[[Path], AbstractContextManager[str]]
"""Makes what is shown, in an empty folder, and gives the address of its page while it lasts."""


def nothing(browser: Browser) -> None:
    """No steps."""


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture, `edge/docs/screens/NAME.jpg`; those of one world come from one run of it, in their order.

    `steps` are done in the browser before the picture; `height_px` 0: the whole page, however long.
    """

    name: str
    world: World
    path: str = "/"
    width_px: int = 1280
    height_px: int = 0
    dark: bool = False
    steps: Callable[[Browser], None] = nothing
