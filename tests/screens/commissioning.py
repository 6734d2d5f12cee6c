"""A commissioning on a bench: an output that is being tried, and what is drawn on the picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.screens import Screen
from tests.worlds.browser import Browser
from tests.worlds.commission_world import Bench, Commissioning
from tests.worlds.drawing_hands import Point, click_at

BOARD = ".canvas svg"
_open: dict[str, tuple[Bench, Commissioning]] = {}


@contextmanager
def commissioned(folder: Path) -> Iterator[str]:
    """A kiosk in real time with the drawn camera, seen empty long enough for its relays to move."""
    with Bench(folder, drawn=True) as bench, Commissioning(bench) as walk:
        bench.seen_to_go()
        _open["now"] = bench, walk
        yield walk.page.address


def enter(browser: Browser) -> Bench:
    """Behind the link: used here once, afterwards its session is there."""
    bench, walk = _open["now"]
    if not walk.gate.used:
        browser.order("Page.navigate", {"url": walk.link})
        browser.wait("location.pathname === '/commission' && document.readyState === 'complete'")
    browser.wait("document.querySelector('#rail a') !== null")
    return bench


def go_to(browser: Browser, step: str) -> None:
    browser.click(f'#rail a[href="#{step}"]')
    browser.wait(f"!document.getElementById('{step}').hidden")


def outputs(browser: Browser) -> None:
    bench = enter(browser)
    for step in ("aim", "draw", "references"):
        go_to(browser, step)
        browser.click(f'#{step} .judge button[value="ok"]')
        browser.wait(f"document.querySelector('#rail [data-key=rail-{step}]').className === 'ok'")
    go_to(browser, "outputs")
    bench.still = True
    for output in ("siren", "lock"):
        browser.click(f'[data-key="output-{output}"] form[action$="/try"] button')
        browser.wait(f"document.querySelector('[data-key=output-{output}].runs') !== null")
        if output == "siren":
            browser.click('[data-key="output-siren"] input[value=yes] ~ button')
            browser.click("#stop button")
            browser.wait("document.querySelector('.outputs .runs') === null")
    browser.wait("document.querySelectorAll('.toast').length === 0")


def draw(browser: Browser) -> None:
    bench = enter(browser)
    browser.click("#stop button")
    bench.still = False
    go_to(browser, "draw")
    browser.wait("document.querySelector('.canvas svg').viewBox.baseVal.width === 640")
    shapes: dict[str, tuple[Point, ...]] = {
        "zone": ((0.06, 0.62), (0.27, 0.58), (0.27, 0.9), (0.06, 0.96)),
        "mask": ((0.42, 0.87), (0.62, 0.87), (0.62, 0.98), (0.42, 0.98)),
        "floor": ((0.36, 0.93), (0.66, 0.93), (0.6, 0.86), (0.42, 0.86)),
    }
    for kind, polygon in shapes.items():
        browser.click(f"[data-do={kind}]")
        for point in polygon:
            click_at(browser, BOARD, point)
        browser.click("[data-do=finish]") if kind != "floor" else None
    browser.click("[data-do=choose][data-at='0']")
    browser.wait("document.querySelectorAll('.toast').length === 0")


SCREENS = (
    Screen("commissioning", commissioned, "/enter", height_px=900, steps=outputs),
    Screen("commissioning-draw", commissioned, "/commission", height_px=1000, steps=draw),
)
