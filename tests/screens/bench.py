"""The bench page with somebody locked in: wide and light, on a telephone in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.screens import Screen
from tests.worlds.browser import Browser
from tests.worlds.clicked_bench import Hands, LiveBench


@contextmanager
def bench(folder: Path) -> Iterator[str]:
    """A live bench, quick; it has a folder of its own."""
    with LiveBench(stories=folder) as live:
        yield live.address.removesuffix("/bench")


def locked(browser: Browser) -> None:
    """Somebody is locked in, by clicks; the code and the alert have come."""
    hands = Hands(browser)
    if browser.ask("document.body.dataset.state") != "locked":
        hands.sees_state("vacant")
        hands.lock_in(at_once=False)
    hands.code_of("watchman")
    hands.sees("#phone-control-room .chat li.in")
    hands.sees("#picture img")
    browser.ask("document.activeElement.blur(), scrollTo(0, 0)")


SCREENS = (
    Screen("bench", bench, "/bench", width_px=1440, height_px=1000, steps=locked),
    Screen("bench-narrow-dark", bench, "/bench", width_px=360, height_px=780, dark=True, steps=locked),
)
