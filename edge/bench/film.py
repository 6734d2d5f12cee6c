"""What people and programs see of a run: lines on the terminal, JSON lines, a film."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np

from edge.cli.terminal import colours_wanted
from edge.faults.fault import FaultError
from edge.loop.kiosk import Happening, Kiosk
from edge.messages.texts import code_in
from edge.terms.observation import Cover, Face, FaceVerdict, Observation
from edge.terms.printing import printable
from hw.camera.port import ColourPicture, Frame

Colour = tuple[int, int, int]

_FACE_COLOURS: Final[dict[FaceVerdict, Colour]] = {
    FaceVerdict.PROPER: (80, 200, 80),
    FaceVerdict.COVERED: (60, 60, 230),
    FaceVerdict.TURNED: (60, 170, 240),
    FaceVerdict.UNCLEAR: (170, 170, 170),
}
_STATE_COLOURS: Final[dict[str, Colour]] = {
    "vacant": (80, 160, 80),
    "checking": (160, 160, 60),
    "cleared": (60, 190, 60),
    "warned": (40, 150, 240),
    "locked": (50, 50, 220),
    "lockout": (50, 50, 160),
    "released": (170, 120, 60),
    "emergency": (180, 60, 180),
    "blind": (90, 90, 90),
}
_STATE_OTHER: Final[Colour] = (90, 90, 90)
_PANEL: Final[Colour] = (30, 27, 24)
_DARK: Final[Colour] = (20, 20, 20)
_WHITE: Final[Colour] = (255, 255, 255)
_BRIGHT: Final[Colour] = (225, 225, 225)
_DIM: Final[Colour] = (150, 150, 150)
_GO: Final[Colour] = (90, 190, 90)
_ALARM: Final[Colour] = (70, 80, 240)
_FONT: Final = cv2.FONT_HERSHEY_DUPLEX
_COLUMNS: Final = 84

_TERMINAL: Final = {"state": "1;36", "sms": "33", "prompt": "32", "fault": "31", "command": "2", "typed": "1"}
_QUIET_COMMANDS: Final = frozenset(
    {"say", "clear_entry", "set_sound", "set_lights", "tell", "send_code", "note"}
)


class Printer:
    """Writes happenings to standard output: JSON objects, or words for a person.

    `write` prints a line somewhere else.
    """

    def __init__(self, *, as_json: bool, write: Callable[[str], None] | None = None) -> None:
        self._json = as_json
        self._colour = not as_json and colours_wanted(sys.stdout)
        self._write = write or _print

    def show(self, happening: Happening) -> None:
        if self._json:
            kind = "event" if happening.kind == "fault" else happening.kind
            line = {"t": round(happening.at_s, 3), "kind": kind, **happening.data}
            self._write(msgspec.json.encode(line).decode())
            return
        words = in_words(happening)
        if words is None:
            return
        line_text = f"{happening.at_s:8.1f} s  {happening.kind:<8} {printable(words)}"
        if self._colour:
            line_text = f"\x1b[{_TERMINAL.get(happening.kind, '0')}m{line_text}\x1b[0m"
        self._write(line_text)


def _print(line: str) -> None:
    print(line, flush=True)


def in_words(happening: Happening) -> str | None:
    """One line for a person; None for what only a program wants to know."""
    data = happening.data
    match happening.kind:
        case "state":
            return f"{data['from']} → {str(data['name']).upper()}"
        case "typed":
            return str(data["said"])
        case "sms":
            return f"to the {str(data['to']).replace('_', ' ')}: {data['text']}"
        case "prompt":
            return f"“{data['text']}”" if data["text"] else None
        case "command":
            if data["name"] in _QUIET_COMMANDS:
                return None
            level = data.get("door") or data.get("permit")
            said = str(data["name"]).replace("_", " ").removeprefix("set ")
            return f"{said} {level}" if level else said
        case _:
            rest = [
                f"{key} {value}" for key, value in data.items() if key not in ("name", "anomaly", "health")
            ]
            return " ".join([str(data.get("name", "")).replace("_", " "), *rest])


class Film:
    """A film of a run at its own pace: a picture stands until the next one.

    Raises `FaultError("video_unwritable")`.
    """

    WIDTH: Final = 640
    HEAD: Final = 40
    HEIGHT: Final = 480
    FOOT: Final = 88

    def __init__(self, path: Path, fps: float) -> None:
        fourcc = cv2.VideoWriter.fourcc(*"mp4v")
        size = (self.WIDTH, self.HEAD + self.HEIGHT + self.FOOT)
        self._writer = cv2.VideoWriter(str(path.absolute()), fourcc, fps, size)
        if not self._writer.isOpened():
            raise FaultError("video_unwritable", str(path))
        self._fps = fps
        self._written = 0
        self._last: ColourPicture | None = None
        self._prompt = ""
        self._sms = ""
        self._code_sms = ""

    def hear(self, happening: Happening) -> None:
        if happening.kind == "prompt":
            self._prompt = str(happening.data["text"])
        elif happening.kind == "sms":
            text = f"To the {str(happening.data['to']).replace('_', ' ')}: {happening.data['text']}"
            if code_in(text) is None:
                self._sms = text
            else:
                self._code_sms = text
        elif happening.kind == "state" and happening.data["from"] == "locked":
            self._code_sms = ""

    def draw(self, frame: Frame, seen: Observation, kiosk: Kiosk) -> None:
        """Call with every judged frame, in order."""
        self.stand_until(frame.at_s)
        # A code that opens the door is worth more than what came after it.
        self._last = picture_of(frame, seen, kiosk, frame.at_s, self._prompt, self._code_sms or self._sms)

    def stand_until(self, at_s: float) -> None:
        """The last picture stands up to this time of the recording."""
        while self._last is not None and self._written < round(at_s * self._fps):
            self._writer.write(self._last)
            self._written += 1

    def close(self, at_s: float) -> None:
        """End the film at this time of the recording."""
        self.stand_until(max(at_s, (self._written + 1) / self._fps))  # the last picture is in it in any case
        self._writer.release()


def picture_of(
    frame: Frame, seen: Observation, kiosk: Kiosk, now_s: float, prompt: str = "", sms: str = ""
) -> ColourPicture:
    """The frame with its faces and verdicts; above it state, countdown and relays, below it the words."""
    canvas = np.full((Film.HEAD + Film.HEIGHT + Film.FOOT, Film.WIDTH, 3), _PANEL, np.uint8)
    source = frame.colour if frame.colour is not None else cv2.cvtColor(frame.grey, cv2.COLOR_GRAY2BGR)
    height, width = source.shape[:2]
    scale = min(Film.WIDTH / width, Film.HEIGHT / height)
    shown_w, shown_h = round(width * scale), round(height * scale)
    left, top = (Film.WIDTH - shown_w) // 2, Film.HEAD + (Film.HEIGHT - shown_h) // 2
    view = canvas[top : top + shown_h, left : left + shown_w]
    cv2.resize(source, (shown_w, shown_h), dst=view, interpolation=cv2.INTER_AREA)
    for face in seen.faces:
        _draw_face(view, face, shown_w / seen.size[0])
    _draw_head(canvas, kiosk, now_s)
    base = Film.HEAD + Film.HEIGHT
    for row, text in enumerate(_wrapped(prompt, _COLUMNS)[:2]):
        _write(canvas, text, (12, base + 22 + 18 * row), _BRIGHT, 0.42)
    for row, text in enumerate(_wrapped(sms, _COLUMNS)[:2]):
        _write(canvas, text, (12, base + 60 + 18 * row), _DIM, 0.42)
    return canvas


def _draw_face(view: ColourPicture, face: Face, factor: float) -> None:
    """A frame around the face and its verdict on a label that stays within the picture."""
    x, y, w, h = (round(v * factor) for v in face.box)
    colour = _FACE_COLOURS[face.verdict]
    cv2.rectangle(view, (x, y), (x + w, y + h), colour, 2, cv2.LINE_AA)
    words = face.verdict.value if face.cover is Cover.NONE else f"{face.verdict.value}: {face.cover.value}"
    wide = _width(words, 0.45) + 12
    label_x = min(max(x - 1, 0), max(view.shape[1] - wide, 0))
    label_y = y - 20 if y >= 20 else min(y + h, view.shape[0] - 20)
    cv2.rectangle(view, (label_x, label_y), (label_x + wide, label_y + 20), colour, -1)
    _write(view, words, (label_x + 6, label_y + 14), _DARK, 0.45)


def _draw_head(canvas: ColourPicture, kiosk: Kiosk, now_s: float) -> None:
    """State and time on the left, the countdown in the middle, door and machine on the right."""
    state = kiosk.name
    cv2.rectangle(canvas, (0, 0), (148, Film.HEAD - 1), _STATE_COLOURS.get(state, _STATE_OTHER), -1)
    _write(canvas, state.upper(), (12, 26), _WHITE, 0.6)
    _write(canvas, f"{now_s:.1f} s", (160, 25), _BRIGHT, 0.48)
    left_s = kiosk.countdown_s(now_s)
    if left_s is not None:
        share = 1.0 - left_s / kiosk.rules.flow.lock_after_s
        _write(canvas, f"locks in {left_s:.0f} s", (244, 25), _ALARM, 0.5)
        cv2.rectangle(canvas, (148, Film.HEAD - 4), (148 + round(share * 492), Film.HEAD - 1), _ALARM, -1)
    right = Film.WIDTH - 8
    for words, colour in (
        ("machine on" if kiosk.permit_on else "machine off", _GO if kiosk.permit_on else _DIM),
        ("door locked" if kiosk.door_locked else "door unlocked", _ALARM if kiosk.door_locked else _GO),
    ):
        right -= _width(words, 0.45) + 24
        cv2.circle(canvas, (right + 6, 20), 5, colour, -1, cv2.LINE_AA)
        _write(canvas, words, (right + 16, 25), _BRIGHT, 0.45)


def _write(canvas: ColourPicture, text: str, at: tuple[int, int], colour: Colour, size: float) -> None:
    cv2.putText(canvas, _plain(text), at, _FONT, size, colour, 1, cv2.LINE_AA)


def _width(text: str, size: float) -> int:
    return int(cv2.getTextSize(_plain(text), _FONT, size, 1)[0][0])


def _plain(text: str) -> str:
    """OpenCV's fonts know ASCII alone."""
    return text.encode("ascii", "replace").decode()


def _wrapped(text: str, columns: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= columns:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines
