"""Hands on a picture in a browser: mouse, finger and keys at points that are fractions of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.worlds.browser import Browser

Point = tuple[float, float]

KEYS: Final = {
    "Backspace": 8,
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    " ": 32,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
    "Delete": 46,
}
SHIFT: Final = 8
CONTROL: Final = 2


def place(browser: Browser, selector: str, point: Point) -> Point:
    """Where in the window a fraction of an element lies, once the window shows it."""
    left, top, width, height = browser.box(selector)
    return left + point[0] * width, top + point[1] * height


def _mouse(browser: Browser, kind: str, at: Point, *, down: bool, count: int = 1) -> None:
    x, y = at
    button = "none" if kind == "mouseMoved" and not down else "left"
    words = {"type": kind, "x": x, "y": y, "button": button, "buttons": int(down), "clickCount": count}
    browser.order("Input.dispatchMouseEvent", words)


def click_at(browser: Browser, selector: str, point: Point, times: int = 1) -> None:
    at = place(browser, selector, point)
    _mouse(browser, "mouseMoved", at, down=False)
    for count in range(1, times + 1):
        _mouse(browser, "mousePressed", at, down=True, count=count)
        _mouse(browser, "mouseReleased", at, down=False, count=count)


def drag(browser: Browser, selector: str, way: Sequence[Point]) -> None:
    """Press at the first point, go over the others, let go at the last."""
    points = [place(browser, selector, point) for point in way]
    _mouse(browser, "mouseMoved", points[0], down=False)
    _mouse(browser, "mousePressed", points[0], down=True)
    for point in points[1:]:
        _mouse(browser, "mouseMoved", point, down=True)
    _mouse(browser, "mouseReleased", points[-1], down=False)


def swipe(browser: Browser, selector: str, way: Sequence[Point]) -> None:
    """The same with one finger."""
    points = [place(browser, selector, point) for point in way]
    for number, (x, y) in enumerate(points):
        kind = "touchMove" if number else "touchStart"
        browser.order("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    browser.order("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def press(browser: Browser, *keys: str, modifiers: int = 0) -> None:
    """Keys, one after the other, wherever the focus is."""
    for key in keys:
        code = KEYS.get(key, ord(key.upper()) if len(key) == 1 else 0)
        words: dict[str, object] = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        text = {"Enter": "\r", " ": " "}.get(key, key if len(key) == 1 and not modifiers & CONTROL else "")
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        browser.order("Input.dispatchKeyEvent", {**words, **down})
        browser.order("Input.dispatchKeyEvent", {**words, "type": "keyUp"})


def write(browser: Browser, selector: str, text: str) -> None:
    """Click into a field, clear it, and type."""
    browser.click(selector)
    browser.ask(f"document.querySelector({selector!r}).select()")
    browser.order("Input.insertText", {"text": text})
