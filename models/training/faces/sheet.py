"""A sheet of what is still wrong that shows nobody: means of many failures, and outlines of single ones.

The data's pictures are nobody's to publish. The mean of the upright cuts of all faces that failed in one
way shows where light, turn and cover lie, and no face; beside it stand single failures as lines, drawn
from 32 px.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.face.align import Landmarks, align, frame_of, normalise
from models.training.faces.cases import Case, Grey
from models.training.faces.joint import Judged
from models.training.faces.judged import Said

_TILE: Final = 80
_LINES: Final = 8
_FEWEST: Final = 5
"""A mean of fewer could show somebody."""
_WORDS: Final = 300
_SMALL_PX: Final = 32

Failed = Callable[[Case, Said], bool]

FINDER: Final[Mapping[str, Failed]] = {
    "bare, not found": lambda c, s: not c.covered and not s.found,
    "mask, not found": lambda c, s: c.label.startswith("mask") and not s.found,
    "dark glasses, not found": lambda c, s: c.label == "glasses" and not s.found,
    "full helmet, not found": lambda c, s: c.label == "helmet" and not s.found,
}
CHECK: Final[Mapping[str, Failed]] = {
    "bare, called covered": lambda c, s: not c.covered and s.verdict == "covered",
    "bare from ahead, called turned": lambda c, s: not c.covered and c.frontal and s.verdict == "turned",
    "mask, passed as proper": lambda c, s: c.label.startswith("mask") and s.verdict == "proper",
    "dark glasses, passed as proper": lambda c, s: c.label == "glasses" and s.verdict == "proper",
    "other covers, passed as proper": lambda c, s: (
        c.label in ("helmet", "scarf", "hand", "object") and s.verdict == "proper"
    ),
    "covered, called turned": lambda c, s: c.covered and s.verdict == "turned",
}
"""Ways to fail, a line each: of the finder, and of the check."""
SHEETS: Final = {"face_find_failures.png": FINDER, "face_check_failures.png": CHECK}


def upright(case: Case) -> Grey:
    """The face as the check would see it, by the teacher's landmarks."""
    marks: Landmarks | None = None
    if case.marks is not None:
        p = [(float(x), float(y)) for x, y in case.marks]
        marks = (p[0], p[1], p[2], p[3], p[4])
    cut = align(case.grey, frame_of(case.box, marks), _TILE)
    return np.asarray(normalise(cut).astype(np.int16) + 128, np.uint8)


def outline(cut: Grey) -> Grey:
    """Black lines on white, from 32 px: enough for a turn, a hand or a frame, not for a face."""
    small = cv2.resize(cut, (_SMALL_PX, _SMALL_PX), interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, (_TILE, _TILE), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    lines = cv2.GaussianBlur(large, (0, 0), 2.0) - cv2.GaussianBlur(large, (0, 0), 4.0)
    return np.asarray(np.where(lines < -5.0, 40, 255), np.uint8)


def mean_of(cuts: Sequence[Grey]) -> Grey:
    """The mean of upright cuts; a plain tile where it could show somebody."""
    if len(cuts) < _FEWEST:
        return np.full((_TILE, _TILE), 225, np.uint8)
    return np.asarray(np.mean(cuts, axis=0), np.uint8)


def draw(judged: Judged, folder: Path) -> str:
    """Writes both sheets into `folder`; returns how many failures each line stands for."""
    return "\n\n".join(f"{file}: {_sheet(judged, ways, folder / file)}" for file, ways in SHEETS.items())


def _sheet(judged: Judged, ways: Mapping[str, Failed], file: Path) -> str:
    rows, words = [], []
    for name, failed in ways.items():
        cases = [c for c, s in judged if c.kind != "photo" and failed(c, s)]
        if not cases:
            continue
        cuts = [upright(case) for case in cases]
        step = max(1, len(cuts) // _LINES)
        lines = [outline(cut) for cut in cuts[::step][:_LINES]]
        lines += [np.full((_TILE, _TILE), 255, np.uint8)] * (_LINES - len(lines))
        rows.append(np.concatenate([_title(name, len(cases)), mean_of(cuts), *lines], axis=1))
        words.append(f"{name} ({len(cases)})")
    sheet = np.concatenate(rows) if rows else np.full((_TILE, _TILE), 255, np.uint8)
    cv2.imwrite(str(file), sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return "; ".join(words)


def _title(name: str, count: int) -> NDArray[np.uint8]:
    tile = np.full((_TILE, _WORDS, 1), 255, np.uint8)
    for at, text in ((42, name), (66, str(count))):
        cv2.putText(tile, text, (8, at), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0,), 1, cv2.LINE_AA)
    return np.asarray(tile[:, :, 0], np.uint8)
