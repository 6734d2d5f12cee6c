"""Groups of people that the data can show: the tone of the skin, and what was seen by eye.

Nobody's tone is labelled. It is measured on both cheeks as the individual typology angle (Chardon et al.,
1991) after the light is taken out of the picture as well as its surroundings allow: their colour by shades of
grey (Finlayson & Trezzi, 2004, sixth norm), half of their brightness by the level of their brightest
twentieth. A person's tone is the median over the pictures of that person; `reliability` says how far that can
be trusted.

`seen.csv` holds what was seen by eye on 1,209 bare faces that no run learnt from, LFW's and the crops' test
groups and a sample of ElisonSherton: beard, moustache, glasses, tinted glasses, hat, hijab, open helmet,
elderly (looks 65 or more), child (looks under 16), dark (skin).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.faces.cases import Case
from models.training.files import must_read

Linear = NDArray[np.float64]
"""n x 3: blue, green, red as light, 0 to 1."""

SEEN_CSV: Final = Path(__file__).with_name("seen.csv")
SEEN: Final = (
    "beard",
    "moustache",
    "glasses",
    "hat",
    "hijab",
    "open helmet",
    "elderly",
    "child",
    "dark",
)
"""What `seen.csv` may say and the card tells, in this order; tinted glasses are too few."""
TONES: Final = (
    ("light", 41.0, 181.0),
    ("middle", 19.0, 41.0),
    ("brown", -10.0, 19.0),
    ("dark", -181.0, -10.0),
)
"""Bands of a person's typology angle in degrees: name, from, to."""
_WHITE: Final = 0.85
"""Light that the brightest twentieth of the surroundings is brought half way to."""


def _light(picture: NDArray[np.uint8]) -> Linear:
    real = picture.reshape(-1, 3).astype(np.float64) / 255.0
    return np.where(real <= 0.04045, real / 12.92, ((real + 0.055) / 1.055) ** 2.4)


def _levels(light: Linear) -> NDArray[np.float32]:
    held = np.clip(light, 0.0, 1.0)
    return np.where(held <= 0.0031308, 12.92 * held, 1.055 * held ** (1 / 2.4) - 0.055).astype(np.float32)


def typology_deg(bgr: NDArray[np.uint8], case: Case) -> float | None:
    """The angle of the cheeks in one colour picture; None where no landmarks say where they are."""
    if case.marks is None:
        return None
    marks = case.marks
    reach = max(2, int(0.12 * np.hypot(*(marks[1] - marks[0]))))
    cheeks = []
    for eye, mouth in ((0, 3), (1, 4)):
        x, y = (marks[eye] * 0.4 + marks[mouth] * 0.6).astype(int)
        cheeks.append(
            bgr[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1].reshape(-1, 3)
        )
    skin = np.concatenate(cheeks)
    if not len(skin):
        return None
    left, top, wide, high = (int(v) for v in case.box)
    around = bgr.max(2) > 8  # what a turned picture left black is no surroundings
    around[max(0, top) : top + high, max(0, left) : left + wide] = False
    light = _light(bgr[around]) if around.sum() > 50 else _light(bgr)
    norm = np.maximum((light**6).mean(0) ** (1 / 6), 1e-3)
    gains = norm.mean() / norm
    white = max(float(np.percentile((light * gains).mean(1), 95)), 0.1)
    seen = np.median(_light(skin), 0) * gains * np.sqrt(_WHITE / white)
    lab = cv2.cvtColor(_levels(seen)[None, None], cv2.COLOR_BGR2LAB)[0, 0]
    return float(np.degrees(np.arctan2(lab[0] - 50.0, max(float(lab[2]), 0.5))))


def tones(among: Iterable[Case]) -> Mapping[str, list[float]]:
    """Typology angles by person, one for each picture."""
    angles: dict[str, list[float]] = defaultdict(list)
    for case in among:
        angle = typology_deg(must_read(case.path), case) if case.person else None
        if angle is not None:
            angles[case.person].append(angle)
    return angles


def reliability(angles: Mapping[str, Sequence[float]]) -> float:
    """Share of the variance of single pictures that lies between people (intraclass correlation, one way)."""
    groups = [np.array(a) for a in angles.values() if len(a) >= 2]
    sizes = np.array([len(g) for g in groups], np.float64)
    total, count = sizes.sum(), len(groups)
    every = np.concatenate(groups).mean()
    between = sum(len(g) * (g.mean() - every) ** 2 for g in groups) / (count - 1)
    within = sum(((g - g.mean()) ** 2).sum() for g in groups) / (total - count)
    usual = (total - (sizes**2).sum() / total) / (count - 1)
    return float((between - within) / (between + (usual - 1) * within))


def tone_of(angle_deg: float) -> str:
    """The band's name."""
    return next(name for name, low, high in TONES if low <= angle_deg < high)


def seen_by_eye() -> Mapping[str, frozenset[str]]:
    """Path in the data folder to what was seen; a path that is not in it was not looked at."""
    with SEEN_CSV.open(newline="") as file:
        return {
            row["path"]: frozenset(word for word in row["what"].split("|") if word)
            for row in csv.DictReader(file)
        }
