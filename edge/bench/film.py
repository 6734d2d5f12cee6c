"""A film of a run: what the camera saw and what was made of it, state and relays above, the words below.

In the picture: faces with their verdicts, people and things with how sure they are, what was left, what moves
(thin, without a word), and the zones. Below it: the facts that hold, the newest reason, the prompt, the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.faults.fault import FaultError
from edge.loop.facts import fact_names
from edge.loop.happening import Happening
from edge.loop.kiosk import Kiosk
from edge.messages.texts import code_in
from edge.pictures.drawing import (
    DARK,
    MOVING,
    PANEL,
    Colour,
    draw_marks,
    draw_zone,
    text_width,
    wrapped,
    write,
)
from edge.terms.observation import Cover, Face, FaceVerdict, Observation, Point, SceneSeen
from edge.terms.reason import Measure, Number, mark_of
from edge.words.en import ENGLISH
from edge.words.grounds import number_words
from hw.camera.port import ColourPicture, Frame

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
_WHITE: Final[Colour] = (255, 255, 255)
_BRIGHT: Final[Colour] = (225, 225, 225)
_DIM: Final[Colour] = (150, 150, 150)
_GO: Final[Colour] = (90, 190, 90)
_ALARM: Final[Colour] = (70, 80, 240)
_SMALL: Final = 0.42

_SCENE_HOLDS_S: Final = 0.8
"""What a look of the scene network saw is shown until the next one, which comes half a second later."""
_REASON_HOLDS_S: Final = 6.0
"""A reason can be read for so long, also where its fact ended sooner."""
_MOVING_MAX: Final = 3
"""So many moving regions are shown, the largest: a crowd of boxes hides what it is about."""

_SURE: Final = 0.25
"""What a look is less sure of than this is not drawn: judges wait for more looks, a person sees one film."""

_MEASURES: Final = frozenset(measure.value for measure in Measure)
_FACTS: Final = frozenset(fact_names())


@dataclass(slots=True)
class Held:
    """The facts that hold, in the order in which they began, and the newest reason."""

    names: list[str] = field(default_factory=list)
    reason_of: str = ""
    words: str = ""
    at_s: float = float("-inf")

    def hear(self, happening: Happening) -> None:
        name = str(happening.data["name"])
        if name in _FACTS:
            if name not in self.names:
                self.names.append(name)
            self.reason_of, self.words, self.at_s = name, _reason_words(happening.data), happening.at_s
        elif (began := name.removesuffix("_ended")) in self.names:
            self.names.remove(began)

    def lines(self, now_s: float) -> tuple[str, str]:
        """The facts, then the newest reason while its fact holds or it can hardly have been read."""
        fresh = now_s - self.at_s < _REASON_HOLDS_S
        shown = [name.replace("_", " ") for name in self.names]
        if fresh and self.reason_of not in self.names:
            shown.append(f"{self.reason_of.replace('_', ' ')} (ended)")
        words = self.words if fresh or self.reason_of in self.names else ""
        return ", ".join(shown), words


def _reason_words(data: Mapping[str, object]) -> str:
    """The rule of a fact, then its numbers, the most telling first; empty where it has none."""
    limits = data.get("limits")
    numbers: list[str] = []
    for name, value in data.items():
        if name in _MEASURES and isinstance(value, int | float):
            limit = limits.get(name) if isinstance(limits, Mapping) else None
            numbers.append(number_words(Number(Measure(name), value, limit), ENGLISH))
    rule = data.get("rule")
    return ". ".join([*([str(rule)] if rule else []), *([", ".join(numbers)] if numbers else [])])


class Film:
    """A film of a run at its own pace: a picture stands until the next one.

    `zones` are polygons in fractions of the picture. Raises `FaultError("video_unwritable")`.
    """

    WIDTH: Final = 640
    HEAD: Final = 40
    HEIGHT: Final = 480
    FOOT: Final = 144

    def __init__(self, path: Path, fps: float, zones: Sequence[Sequence[Point]] = ()) -> None:
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
        self._zones = tuple(zones)
        self._held = Held()
        self._scene: SceneSeen | None = None
        self._scene_at_s = float("-inf")

    def hear(self, happening: Happening) -> None:
        if happening.kind == "fact":
            self._held.hear(happening)
        elif happening.kind == "prompt":
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
        if seen.scene is not None:
            self._scene, self._scene_at_s = seen.scene, frame.at_s
        held = self._scene if frame.at_s - self._scene_at_s <= _SCENE_HOLDS_S else None
        facts, reason = self._held.lines(frame.at_s)
        # A code that opens the door is worth more than what came after it.
        words = Words(facts, reason, self._prompt, self._code_sms or self._sms)
        self._last = picture_of(frame, seen, kiosk, words, Shown(held, self._zones))

    def stand_until(self, at_s: float) -> None:
        """The last picture stands up to this time of the recording."""
        while self._last is not None and self._written < round(at_s * self._fps):
            self._writer.write(self._last)
            self._written += 1

    def close(self, at_s: float) -> None:
        """End the film at this time of the recording."""
        self.stand_until(max(at_s, (self._written + 1) / self._fps))  # the last picture is in it in any case
        self._writer.release()


@dataclass(frozen=True, slots=True)
class Words:
    """What stands below the picture, from above: the facts, the newest reason, the prompt, a text."""

    facts: str = ""
    reason: str = ""
    prompt: str = ""
    sms: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn besides what the frame itself has: the newest look of the scene network, and zones."""

    scene: SceneSeen | None = None
    zones: Sequence[Sequence[Point]] = ()


def picture_of(
    frame: Frame, seen: Observation, kiosk: Kiosk, words: Words, shown: Shown = Shown()
) -> ColourPicture:
    """The frame with what was seen in it; above it state, countdown and relays, below it the words."""
    canvas = np.full((Film.HEAD + Film.HEIGHT + Film.FOOT, Film.WIDTH, 3), PANEL, np.uint8)
    source = frame.colour if frame.colour is not None else cv2.cvtColor(frame.grey, cv2.COLOR_GRAY2BGR)
    height, width = source.shape[:2]
    scale = min(Film.WIDTH / width, Film.HEIGHT / height)
    shown_w, shown_h = round(width * scale), round(height * scale)
    left, top = (Film.WIDTH - shown_w) // 2, Film.HEAD + (Film.HEIGHT - shown_h) // 2
    view = canvas[top : top + shown_h, left : left + shown_w]
    cv2.resize(source, (shown_w, shown_h), dst=view, interpolation=cv2.INTER_AREA)
    factor = shown_w / seen.size[0]
    for zone in shown.zones:
        draw_zone(view, [(x * shown_w, y * shown_h) for x, y in zone], 1.0)
    for region in seen.moving[:_MOVING_MAX]:
        x, y, w, h = (round(v * factor) for v in region.box)
        cv2.rectangle(view, (x, y), (x + w, y + h), MOVING, 1, cv2.LINE_AA)
    things = () if shown.scene is None else [one for one in shown.scene.things if one.score >= _SURE]
    marks = [*map(mark_of, seen.still), *map(mark_of, things)]
    draw_marks(view, marks, factor)
    for face in seen.faces:
        _draw_face(view, face, factor)
    _draw_head(canvas, kiosk, frame.at_s)
    base = Film.HEAD + Film.HEIGHT
    write(canvas, _cut(words.facts, 60), (12, base + 22), _ALARM, 0.5)
    for text, colour, down in (
        (words.reason, _BRIGHT, 42),
        (words.prompt, _BRIGHT, 84),
        (words.sms, _DIM, 120),
    ):
        for row, line in enumerate(wrapped(text, _SMALL, Film.WIDTH - 24)[:2]):
            write(canvas, line, (12, base + down + 17 * row), colour, _SMALL)
    return canvas


def _cut(text: str, columns: int) -> str:
    return text if len(text) <= columns else f"{text[: columns - 3]}..."


def _draw_face(view: ColourPicture, face: Face, factor: float) -> None:
    """A frame around the face and its verdict on a label that stays within the picture."""
    x, y, w, h = (round(v * factor) for v in face.box)
    colour = _FACE_COLOURS[face.verdict]
    cv2.rectangle(view, (x, y), (x + w, y + h), colour, 2, cv2.LINE_AA)
    words = face.verdict.value if face.cover is Cover.NONE else f"{face.verdict.value}: {face.cover.value}"
    wide = text_width(words, 0.45) + 12
    label_x = min(max(x - 1, 0), max(view.shape[1] - wide, 0))
    label_y = y - 20 if y >= 20 else min(y + h, view.shape[0] - 20)
    cv2.rectangle(view, (label_x, label_y), (label_x + wide, label_y + 20), colour, -1)
    write(view, words, (label_x + 6, label_y + 14), DARK, 0.45)


def _draw_head(canvas: ColourPicture, kiosk: Kiosk, now_s: float) -> None:
    """State and time on the left, the countdown in the middle, door and machine on the right."""
    state = kiosk.name
    cv2.rectangle(canvas, (0, 0), (148, Film.HEAD - 1), _STATE_COLOURS.get(state, _STATE_OTHER), -1)
    write(canvas, state.upper(), (12, 26), _WHITE, 0.6)
    write(canvas, f"{now_s:.1f} s", (160, 25), _BRIGHT, 0.48)
    left_s = kiosk.countdown_s(now_s)
    if left_s is not None:
        share = 1.0 - left_s / kiosk.rules.flow.lock_after_s
        write(canvas, f"locks in {left_s:.0f} s", (244, 25), _ALARM, 0.5)
        cv2.rectangle(canvas, (148, Film.HEAD - 4), (148 + round(share * 492), Film.HEAD - 1), _ALARM, -1)
    right = Film.WIDTH - 8
    for words, colour in (
        ("machine on" if kiosk.permit_on else "machine off", _GO if kiosk.permit_on else _DIM),
        ("door locked" if kiosk.door_locked else "door unlocked", _ALARM if kiosk.door_locked else _GO),
    ):
        right -= text_width(words, 0.45) + 24
        cv2.circle(canvas, (right + 6, 20), 5, colour, -1, cv2.LINE_AA)
        write(canvas, words, (right + 16, 25), _BRIGHT, 0.45)
