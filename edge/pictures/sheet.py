"""What is to be drawn on the picture of a reason, and who draws it.

The words are English, since the fonts that draw know ASCII alone; in the language of the site the text of the
e-mail says the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from edge.terms.clock import CLOCK_SET_S
from edge.terms.observation import Point
from edge.terms.reason import Mark, Reason
from edge.words.en import ENGLISH
from edge.words.grounds import long_words
from edge.words.languages import anomaly_words

DRAW_S: Final = 8.0
"""So long a drawing may take; shorter than `ring.SPARE_S`, so that no other picture is lost for it."""

_CAMERA: Final = "Camera {camera}, frame {frame}, {when}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """`marks` and `zone` are in pixels of a picture of `size` (width, height); the lines stand below it."""

    size: tuple[int, int]
    marks: tuple[Mark, ...]
    zone: tuple[Point, ...]
    title: str
    lines: tuple[str, ...]


class NotDrawnError(Exception):
    """A picture could not be drawn on; says why in a few words."""


Draw = Callable[[bytes, Sheet], bytes]
"""A JPEG and what to draw on it into a new JPEG. Raises `NotDrawnError`."""


def sheet_of(incident: int, anomaly: str, reason: Reason, wall_s: float) -> Sheet:
    """`wall_s` is the time of day of the reason's frame, UTC seconds."""
    words = anomaly_words(anomaly, ENGLISH)
    when = f"{reason.at_s:.1f} s after the start of the machine"
    if wall_s >= CLOCK_SET_S:
        when = f"{datetime.fromtimestamp(wall_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
    rule, *numbers = long_words(reason.ground, reason.numbers, ENGLISH)
    where = _CAMERA.format(camera=reason.camera, frame=reason.frame, when=when)
    return Sheet(
        size=reason.size,
        marks=reason.marks,
        zone=reason.zone,
        title=f"Incident {incident}: {anomaly if words is None else words.short}",
        lines=(rule, *numbers, where),
    )


def drawn_here(jpeg: bytes, sheet: Sheet) -> bytes:
    """In this process, which needs the libraries that see."""
    from edge.pictures.drawing import drawn

    return drawn(jpeg, sheet)


def drawn_apart(jpeg: bytes, sheet: Sheet) -> bytes:
    """In a process of its own that ends after it: the loop's stays small, and a decoder may crash or hang."""
    path = os.pathsep.join(entry or "." for entry in sys.path)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "edge.pictures.drawing"],
            input=msgspec.json.encode(sheet) + b"\n" + jpeg,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
            timeout=DRAW_S,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise NotDrawnError(f"not done within {DRAW_S:g} s") from None
    except subprocess.CalledProcessError as error:
        raise NotDrawnError(f"the drawing ended with status {error.returncode}") from None
    except OSError as error:
        raise NotDrawnError(error.strerror or "no process") from error
    return done.stdout
