"""Makes the pictures of pages in the documentation again, from the real pages in Chromium.

    python -m tests.make_screens [NAME...]

Entries stand in `tests/screens/`. Who stands in them are the people of the bench (`hw/camera/people`).
"""

from __future__ import annotations

import argparse
import base64
import importlib
import itertools
import pkgutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import tests.screens
from tests.screens import Screen
from tests.worlds.browser import Browser

OUT = Path(__file__).resolve().parent.parent / "edge" / "docs" / "screens"
QUALITY = 82


def screens() -> list[Screen]:
    """Every entry, by file and order."""
    found: list[Screen] = []
    for module in pkgutil.iter_modules(tests.screens.__path__):
        listed: object = getattr(importlib.import_module(f"tests.screens.{module.name}"), "SCREENS", ())
        found += [one for one in cast(tuple[object, ...], listed) if isinstance(one, Screen)]
    return found


def make(wanted: Iterable[Screen], out: Path) -> None:
    """The pictures, each world once."""
    out.mkdir(parents=True, exist_ok=True)
    for world, ours in itertools.groupby(wanted, lambda screen: screen.world):
        with tempfile.TemporaryDirectory(prefix="cabinguard-screens-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            (folder / "world").mkdir()
            with world(folder / "world") as address, Browser(folder / "chromium") as browser:
                for screen in ours:
                    file = out / f"{screen.name}.jpg"
                    file.write_bytes(shot(browser, screen, address))
                    print(f"{file.relative_to(out.parent.parent.parent)}: {file.stat().st_size // 1024} kB")


def shot(browser: Browser, screen: Screen, address: str) -> bytes:
    """One picture as JPEG."""
    browser.be(screen.width_px, screen.height_px or 900, dark=screen.dark)
    browser.go(f"{address}{screen.path}")
    screen.steps(browser)
    how: dict[str, object] = {"format": "jpeg", "quality": QUALITY}
    if not screen.height_px:
        metrics = browser.order("Page.getLayoutMetrics", {})
        size = cast(dict[str, float], metrics["cssContentSize"])
        how["clip"] = {"x": 0, "y": 0, "width": screen.width_px, "height": size["height"], "scale": 1}
        how["captureBeyondViewport"] = True
    browser.ask(
        "document.fonts.ready.then(() => new Promise((drawn) => requestAnimationFrame(() => drawn(0))))"
    )
    return base64.b64decode(str(browser.order("Page.captureScreenshot", how)["data"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="*", help="only these")
    args = parser.parse_args()
    known = screens()
    unknown = set(args.name) - {screen.name for screen in known}
    if unknown:
        parser.error(f"no such screen: {', '.join(sorted(unknown))}")
    make([screen for screen in known if not args.name or screen.name in args.name], OUT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
