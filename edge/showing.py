"""What people and programs see of a run: lines on the terminal, JSON lines, a film."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np

from edge.app import Happening, Kiosk
from edge.faults import FaultError
from edge.vision.observation import FaceVerdict, Observation
from hw.ports import ColourPicture, Frame

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
_TERMINAL: Final = {"state": "1;36", "sms": "33", "prompt": "32", "fault": "31", "command": "2", "event": "0"}
_QUIET_COMMANDS: Final = frozenset(
    {"say", "clear_entry", "set_sound", "set_lights", "tell", "send_code", "note"}
)


class Printer:
    """Writes happenings to standard output: JSON objects, or words for a person."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json
        self._colour = not as_json and sys.stdout.isatty()

    def show(self, happening: Happening) -> None:
        if self._json:
            line = {"t": round(happening.at_s, 3), "kind": happening.kind, **happening.data}
            print(msgspec.json.encode(line).decode(), flush=True)
            return
        words = in_words(happening)
        if words is None:
            return
        line_text = f"{happening.at_s:8.1f} s  {happening.kind:<8} {words}"
        if self._colour:
            line_text = f"\x1b[{_TERMINAL.get(happening.kind, '0')}m{line_text}\x1b[0m"
        print(line_text, flush=True)


def in_words(happening: Happening) -> str | None:
    """One line for a person; None for what only a program wants to know."""
    data = happening.data
    match happening.kind:
        case "state":
            return f"{data['from']} → {str(data['name']).upper()}"
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
    """A film of a run. Raises `FaultError("video_unwritable")` where it cannot be written."""

    WIDTH: Final = 640
    HEIGHT: Final = 480
    BAND: Final = 84

    def __init__(self, path: Path, fps: float) -> None:
        fourcc = cv2.VideoWriter.fourcc(*"mp4v")
        self._path = path
        self._writer = cv2.VideoWriter(str(path), fourcc, fps, (self.WIDTH, self.HEIGHT + self.BAND))
        if not self._writer.isOpened():
            raise FaultError("video_unwritable", str(path))
        self._prompt = ""
        self._sms = ""

    def hear(self, happening: Happening) -> None:
        if happening.kind == "prompt":
            self._prompt = str(happening.data["text"])
        elif happening.kind == "sms":
            self._sms = f"SMS to {happening.data['to']}: {happening.data['text']}"

    def draw(self, frame: Frame, seen: Observation, kiosk: Kiosk) -> None:
        now_s = frame.at_s
        self._writer.write(picture_of(frame, seen, kiosk, now_s, self._prompt, self._sms))

    def close(self) -> None:
        self._writer.release()


def picture_of(
    frame: Frame, seen: Observation, kiosk: Kiosk, now_s: float, prompt: str = "", sms: str = ""
) -> ColourPicture:
    """The frame (480 x 640, plus a band below) with faces, verdicts, state and countdown drawn on it."""
    source = frame.colour if frame.colour is not None else cv2.cvtColor(frame.grey, cv2.COLOR_GRAY2BGR)
    canvas = np.full((Film.HEIGHT + Film.BAND, Film.WIDTH, 3), 24, np.uint8)
    height, width = source.shape[:2]
    scale = min(Film.WIDTH / width, Film.HEIGHT / height)
    shown_w, shown_h = round(width * scale), round(height * scale)
    left, top = (Film.WIDTH - shown_w) // 2, (Film.HEIGHT - shown_h) // 2
    canvas[top : top + shown_h, left : left + shown_w] = cv2.resize(source, (shown_w, shown_h))
    factor = shown_w / seen.size[0]
    for face in seen.faces:
        x, y, w, h = (v * factor for v in face.box)
        colour = _FACE_COLOURS[face.verdict]
        corner, opposite = (int(left + x), int(top + y)), (int(left + x + w), int(top + y + h))
        cv2.rectangle(canvas, corner, opposite, colour, 2)
        cover = "" if face.cover.value == "none" else f" {face.cover.value}"
        _write(canvas, f"{face.verdict.value}{cover}", (corner[0], corner[1] - 6), colour, 0.5)
    state = kiosk.name
    band = _STATE_COLOURS.get(state, (90, 90, 90))
    cv2.rectangle(canvas, (0, 0), (Film.WIDTH, 26), band, -1)
    door = "DOOR LOCKED" if kiosk.door_locked else "door unlocked"
    permit = "machine may be used" if kiosk.permit_on else "machine closed"
    _write(canvas, f"{now_s:7.1f} s   {state.upper()}   {door}   {permit}", (8, 18), (255, 255, 255), 0.5)
    left_s = kiosk.countdown_s(now_s)
    if left_s is not None:
        _write(canvas, f"locks in {left_s:4.1f} s", (Film.WIDTH - 160, 46), (60, 60, 230), 0.6)
    for row, text in enumerate(_wrapped(prompt, 88)[:2] + _wrapped(sms, 88)[:2]):
        _write(canvas, text, (8, Film.HEIGHT + 18 + 20 * row), (230, 230, 230), 0.42)
    return canvas


def _write(canvas: ColourPicture, text: str, at: tuple[int, int], colour: Colour, size: float) -> None:
    plain = text.encode("ascii", "replace").decode()
    cv2.putText(canvas, plain, at, cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(canvas, plain, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def _wrapped(text: str, columns: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= columns:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines
