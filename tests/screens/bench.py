"""The bench page with somebody locked in: wide and light, on a telephone in the dark, in German."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.screens import Screen
from tests.worlds.browser import Browser
from tests.worlds.clicked_bench import Hands, LiveBench


@contextmanager
def english(folder: Path) -> Iterator[str]:
    """A live bench, quick; it has a folder of its own."""
    with LiveBench(stories=folder) as bench:
        yield bench.address.removesuffix("/bench")


@contextmanager
def german(folder: Path) -> Iterator[str]:
    with LiveBench(["cabin.language=de"], stories=folder) as bench:
        yield bench.address.removesuffix("/bench")


def locked(browser: Browser) -> None:
    """Somebody is locked in, by clicks; the code and the alert have come."""
    hands = Hands(browser)
    if browser.ask("document.body.dataset.state") != "locked":
        hands.sees_state("vacant")
        hands.lock_in()
    hands.code_of("watchman")
    hands.sees("#phone-control-room .chat li.in")
    hands.sees("#picture img")
    browser.ask("document.activeElement.blur(), scrollTo(0, 0)")


SCREENS = (
    Screen("bench", english, "/bench", width_px=1440, height_px=1000, steps=locked),
    Screen("bench-narrow-dark", english, "/bench", width_px=360, height_px=780, dark=True, steps=locked),
    Screen("bench-de", german, "/bench", width_px=1280, height_px=900, steps=locked),
)
