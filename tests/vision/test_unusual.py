"""The unusual-behaviour score: what it cannot know (light, marks, rate of the camera); damaged weights."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.terms.observation import Box
from edge.vision.network import ModelFault
from edge.vision.scene.unusual import MEASURES, UnusualEye, Watch, read_weights

MODELS = Path(__file__).resolve().parents[2] / "models"
Film = list[tuple[NDArray[np.uint8], tuple[Box, ...] | None, float]]


def _cloth(seed: int) -> NDArray[np.uint8]:
    rough = np.random.default_rng(seed).integers(60, 200, (10, 5), np.uint8)
    return np.asarray(cv2.resize(rough, (30, 70), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _film(quarrel: bool, fps: float = 10.0, seconds: float = 8.0) -> Film:
    """One who walks through the room, or two who shove each other about; drawn, 160x120."""
    rng = np.random.default_rng(4)
    grain = rng.integers(90, 130, (120, 160), np.uint8)
    room = np.asarray(cv2.GaussianBlur(grain, (0, 0), 3), dtype=np.uint8)
    films: Film = []
    for number in range(int(seconds * fps)):
        at_s = number / fps
        picture = room.copy()
        boxes: list[Box] = []
        for body in range(2 if quarrel else 1):
            if quarrel:
                x = 55 + 25 * body + 9 * np.sin(9.0 * at_s + 2 * body)
                y = 30 + 12 * np.cos(7.0 * at_s + 3 * body)
                w, h = int(30 + 14 * np.sin(6.0 * at_s)), int(70 + 18 * np.cos(5.0 * at_s))
            else:
                x, y, w, h = 8.0 + 12.0 * at_s, 30.0, 30, 70
            cloth = np.asarray(cv2.resize(_cloth(body), (w, h)), dtype=np.uint8)
            left, top = int(x), int(y)
            cut = cloth[: 120 - top, : 160 - left]
            picture[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
            boxes.append((float(left), float(top), float(w), float(h)))
        films.append((picture, tuple(boxes) if number % round(fps / 2) == 0 else None, at_s))
    return films


def _mean_logit(film: Film) -> float:
    eye = UnusualEye(MODELS)
    said = [eye.update(picture, at_s, boxes) for picture, boxes, at_s in film]
    logits = [one.logit for one in said if one is not None]
    assert len(logits) >= 10
    return float(np.mean(logits))


def test_shoving_scores_above_walking_and_walking_below_the_point() -> None:
    walking, shoving = _mean_logit(_film(quarrel=False)), _mean_logit(_film(quarrel=True))
    assert shoving > walking + 1.0
    assert walking < 0.0


@pytest.mark.parametrize("quarrel", [False, True])
def test_a_mark_on_the_picture_and_its_light_change_next_to_nothing(quarrel: bool) -> None:
    film = _film(quarrel)
    plain = _mean_logit(film)
    marked: Film = []
    darker: Film = []
    for picture, boxes, at_s in film:
        over = picture.copy()
        cv2.putText(over, "AGENCY", (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255,), 1)
        cv2.putText(over, "2020-08-15", (90, 116), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (255,), 1)
        marked.append((over, boxes, at_s))
        darker.append((np.asarray(picture * 0.6 + 5, dtype=np.uint8), boxes, at_s))
    assert abs(_mean_logit(marked) - plain) < 0.15
    assert abs(_mean_logit(darker) - plain) < 0.5


def test_a_lamp_that_flickers_is_no_behaviour() -> None:
    film = _film(quarrel=False)
    rng = np.random.default_rng(1)
    flickers = [
        (np.clip(picture * (1.0 + 0.1 * rng.normal()), 0, 255).astype(np.uint8), boxes, at_s)
        for picture, boxes, at_s in film
    ]
    assert abs(_mean_logit(flickers) - _mean_logit(film)) < 0.5


def test_the_rate_of_the_camera_matters_little() -> None:
    slow, fast = _mean_logit(_film(quarrel=True, fps=10.0)), _mean_logit(_film(quarrel=True, fps=16.0))
    assert abs(slow - fast) < 0.6


def test_an_empty_room_is_not_judged() -> None:
    watch = Watch()
    room = np.full((120, 160), 120, np.uint8)
    assert all(watch.update(room, n / 10.0, () if n % 5 == 0 else None) is None for n in range(80))


def test_a_pause_begins_anew() -> None:
    watch = Watch()
    film = _film(quarrel=True, seconds=3.0)
    assert any(watch.update(picture, at_s, boxes) is not None for picture, boxes, at_s in film)
    later = [watch.update(picture, at_s + 60.0, boxes) for picture, boxes, at_s in film[:12]]
    assert all(values is None for values in later), "half of what it says would be of a minute ago"


def test_no_shipped_weight_speaks_against_its_sense() -> None:
    weights = read_weights(MODELS / "unusual.json")
    assert all(weight * measure.sign >= 0.0 for weight, measure in zip(weights.weight, MEASURES, strict=True))
    assert any(weights.weight)


def test_it_says_what_spoke_loudest() -> None:
    eye = UnusualEye(MODELS)
    said = [eye.update(picture, at_s, boxes) for picture, boxes, at_s in _film(quarrel=True)]
    words = {measure.words for measure in MEASURES}
    for one in said:
        if one is not None:
            assert one.why
            assert set(one.why.split(", ")) <= words


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"measures": ["speed"]}, "model_wrong"),
        ({"weight": [1.0]}, "model_wrong"),
        ({"spread": [0.0] * len(MEASURES)}, "model_damaged"),
        ({"colour": 1}, "model_damaged"),
    ],
)
def test_other_weights_are_refused(tmp_path: Path, change: dict[str, object], code: str) -> None:
    content = json.loads((MODELS / "unusual.json").read_text())
    (tmp_path / "unusual.json").write_text(json.dumps({**content, **change}))
    with pytest.raises(ModelFault) as caught:
        UnusualEye(tmp_path)
    assert caught.value.code == code


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFault) as caught:
        UnusualEye(tmp_path)
    assert caught.value.code == "model_missing"
