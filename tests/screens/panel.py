"""A locked cabin on its page: wide and light, on a telephone in the dark."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.service.asks import Status
from edge.service.control import ask
from tests.benchmark import BenchService
from tests.screens import Screen
from tests.worlds.browser import Browser
from tests.worlds.panel_world import Window

WITHIN_S = 240.0


@contextmanager
def locked(folder: Path) -> Iterator[str]:
    """A whole kiosk in real time: its people are drawn ones, its networks are the real ones."""
    kiosk = BenchService(folder, scene="enter anna with mask")
    try:
        end_s = time.monotonic() + WITHIN_S
        while ask(folder / "run", Status())["state"] != "locked":
            assert time.monotonic() < end_s
            time.sleep(0.5)
        time.sleep(4.0)
        words = [f"paths.data={folder / 'data'}", f"paths.runtime={folder / 'run'}"]
        words += ["panel.live=true", "panel.pictures=true"]
        with Window(folder, words) as window:
            yield f"http://127.0.0.1:{window.port}"
    finally:
        kiosk.close()


def seen(browser: Browser) -> None:
    """The live picture is there, with what the networks say of it."""
    browser.wait("document.querySelector('.view img')?.naturalWidth > 0")


SCREENS = (
    Screen("panel", locked, steps=seen),
    Screen("panel-narrow-dark", locked, width_px=360, height_px=780, dark=True, steps=seen),
)
