"""Draws a reason on its picture: zone, boxes with their words, and below it the rule and the numbers.

Imported only where OpenCV may be. As a process, `python -m edge.pictures.drawing` reads a `Sheet` in one line
of JSON and then a JPEG from its standard input, and writes the new JPEG to standard output.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.pictures.sheet import NotDrawnError, Sheet
from edge.terms.observation import Point
from edge.terms.reason import Mark

Picture = NDArray[np.uint8]
"""Height x width x 3, blue, green, red."""

Colour = tuple[int, int, int]

WIDTH_MAX: Final = 1280
WIDTH_MIN: Final = 480
"""A larger picture is made smaller, a small one larger, so that its words can be read."""

ALARM: Final[Colour] = (60, 60, 230)
PERSON: Final[Colour] = (80, 200, 80)
THING: Final[Colour] = (60, 190, 240)
MOVING: Final[Colour] = (230, 170, 60)
ZONE: Final[Colour] = (220, 90, 220)
PANEL: Final[Colour] = (30, 27, 24)
DARK: Final[Colour] = (20, 20, 20)
BRIGHT: Final[Colour] = (235, 235, 235)
_DIM: Final[Colour] = (170, 170, 170)

_COLOURS: Final = {
    **dict.fromkeys(("handgun", "knife", "long_gun", "bar"), ALARM),
    **dict.fromkeys(("person", "head", "face"), PERSON),
    "moving": MOVING,
}
"""By the label of a mark; everything else is a thing."""

_FONT: Final = cv2.FONT_HERSHEY_DUPLEX
_SMALL: Final = 0.42
_LINE_PX: Final = 20
_JPEG: Final = [cv2.IMWRITE_JPEG_QUALITY, 85]


def drawn(jpeg: bytes, sheet: Sheet) -> bytes:
    """The JPEG with the sheet on it. Raises `NotDrawnError` where it is no picture."""
    try:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise NotDrawnError("the picture cannot be read") from error
    if picture is None:
        raise NotDrawnError("the picture cannot be read")
    ok, coded = cv2.imencode(".jpg", picture_with(np.asarray(picture, np.uint8), sheet), _JPEG)
    if not ok:
        raise NotDrawnError("the new picture cannot be written")
    return coded.tobytes()


def picture_with(picture: Picture, sheet: Sheet) -> Picture:
    """A new picture: the old one in a size that can be read, and the words below it."""
    height, width = picture.shape[:2]
    scale = min(max(width, WIDTH_MIN), WIDTH_MAX) / width
    wide, high = round(width * scale), max(1, round(height * scale))
    lines = [part for line in sheet.lines for part in wrapped(line, _SMALL, wide - 24)]
    canvas = np.full((high + 34 + _LINE_PX * len(lines), wide, 3), PANEL, np.uint8)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    view = canvas[:high]
    cv2.resize(picture, (wide, high), dst=view, interpolation=way)
    factor = wide / max(1, sheet.size[0])
    draw_zone(view, sheet.zone, factor)
    draw_marks(view, sheet.marks, factor)
    write(canvas, sheet.title, (12, high + 22), BRIGHT, 0.55)
    for row, line in enumerate(lines):
        write(canvas, line, (12, high + 44 + _LINE_PX * row), _DIM, _SMALL)
    return canvas


def draw_zone(view: Picture, zone: Sequence[Point], factor: float) -> None:
    """The outline of a polygon; `factor` is from its pixels to those of the view."""
    if len(zone) > 1:
        points = np.array([[round(x * factor), round(y * factor)] for x, y in zone], np.int32)
        cv2.polylines(view, [points], True, ZONE, 2, cv2.LINE_AA)


def draw_marks(view: Picture, marks: Sequence[Mark], factor: float) -> None:
    """The boxes, then their labels, so that no box hides the word of another."""
    for mark in marks:
        x, y, w, h = (round(v * factor) for v in mark.box)
        thick = 1 if mark.label == "moving" else 2
        cv2.rectangle(view, (x, y), (x + w, y + h), colour_of(mark.label), thick, cv2.LINE_AA)
    taken: list[tuple[int, int, int]] = []
    for mark in marks:
        draw_label(view, mark, factor, taken)


def draw_label(view: Picture, mark: Mark, factor: float, taken: list[tuple[int, int, int]]) -> None:
    """The word of a box on a ground that stays within the picture; below what is `taken` (x, y, width)."""
    x, y, _, h = (round(v * factor) for v in mark.box)
    words = mark.label.replace("_", " ")
    if mark.score is not None:
        words += f" {mark.score:.2f}"
    wide = text_width(words, 0.42) + 10
    left = min(max(x - 1, 0), max(view.shape[1] - wide, 0))
    top = y - 18 if y >= 18 else min(max(y + h, 0), view.shape[0] - 18)
    while any(
        abs(top - at) < 18 and left < other + long and other < left + wide for other, at, long in taken
    ):
        top += 18
    top = max(0, min(top, view.shape[0] - 18))
    taken.append((left, top, wide))
    cv2.rectangle(view, (left, top), (left + wide, top + 18), colour_of(mark.label), -1)
    write(view, words, (left + 5, top + 13), DARK, 0.42)


def colour_of(label: str) -> Colour:
    return _COLOURS.get(label, THING)


def write(canvas: Picture, text: str, at: tuple[int, int], colour: Colour, size: float) -> None:
    cv2.putText(canvas, plain(text), at, _FONT, size, colour, 1, cv2.LINE_AA)


def text_width(text: str, size: float) -> int:
    return int(cv2.getTextSize(plain(text), _FONT, size, 1)[0][0])


def plain(text: str) -> str:
    """OpenCV's fonts know ASCII alone."""
    return text.encode("ascii", "replace").decode()


def wrapped(text: str, size: float, width_px: int) -> list[str]:
    """Lines that are at most so wide, unless one word is wider."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width_px:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def main() -> int:
    """One drawing, behind everything else that runs. The exit status is 1 where it cannot be drawn."""
    os.nice(10)
    cv2.setNumThreads(1)
    line, _, jpeg = sys.stdin.buffer.read().partition(b"\n")
    try:
        picture = drawn(jpeg, msgspec.json.decode(line, type=Sheet))
    except (NotDrawnError, msgspec.DecodeError):
        return 1
    sys.stdout.buffer.write(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
