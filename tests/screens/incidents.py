"""The incidents of a day made of played stories: the list, and one as a story with its film."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from edge.settings.zones import zone_of
from tests.make_reports import FIRST, play_all
from tests.screens import Screen
from tests.worlds.browser import Browser
from tests.worlds.month_world import Month
from tests.worlds.panel_world import Window

_ZONE = "Asia/Kolkata"
_STORIES = (("three-wrong", 2.0), ("two-persons", 2.0), ("mask-off", 2.0), ("exit-button", 1.0))


@contextmanager
def a_day(folder: Path) -> Iterator[str]:
    """A day of visits, each of them an incident."""
    data = folder / "data"
    began = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=zone_of(_ZONE))
    month = Month(data, began.timestamp())
    month.day(play_all(folder / "stories", _STORIES), 14, pictures=True)
    month.close()
    words = [f"paths.data={data}", "panel.pictures=true", "cabin.name=Cabin 14", f"cabin.timezone={_ZONE}"]
    with Window(folder, words) as window:
        yield f"http://127.0.0.1:{window.port}"


def locked(browser: Browser) -> None:
    """The first incident that locked, at the moment in which the door was."""
    browser.go(f"{browser.ask('location.origin')}/incidents?kind=locked")
    browser.click("tbody tr:last-child a")
    browser.wait("document.querySelector('#moments [data-at]')?.hidden === false")
    moments = "[...document.querySelectorAll('#moments > li')]"
    door = f"{moments}.find((one) => one.textContent.includes('The door is locked'))"
    browser.ask(f"{door}.querySelector('button').click()")
    browser.wait("document.querySelector('#frame').complete")
    browser.ask("scrollTo(0, 0)")


SCREENS = (
    Screen("incidents", a_day, "/incidents"),
    Screen("incident", a_day, "/incidents", steps=locked),
    Screen("incident-narrow-dark", a_day, "/incidents", 360, 780, dark=True, steps=locked),
)
