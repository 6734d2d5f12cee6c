"""What each measured run says of pictures that it never saw, and the operating points that follow."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import ThingKind
from edge.vision.scene.people import (
    HEIGHT,
    KINDS,
    LABELS,
    WIDTH,
    People,
    Points,
    Raw,
    accepted,
    somebody_score,
)
from models.training.common import Grey, show_rate
from models.training.scene.data import BAG, HEAD, HEAD_SPOT, PERSON, Picture
from models.training.scene.light import lit
from models.training.scene.train import away

MOST_FALSE = 0.0125
"""Places without anybody in which somebody is seen, where the cut is chosen; the product allows 0.015."""

_PLACES = frozenset({"anthonyhuang19/SceneBoW", "marellanoc/MaskON", "intel-iot-devkit/sample-videos"})
_HEAD_WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0)

OVERLAP = {PERSON: 0.5, HEAD: 0.3, BAG: 0.3}
"""Shared area over joint area from which a box found is the box labelled."""

LEAST_RIGHT = 0.6
"""Share of the boxes above a cut that must be right; a kind that never gets there is not reported."""


@dataclass(frozen=True, slots=True)
class Held:
    """One picture and what the run that never saw it says; `raw.boxes` in the network's pixels."""

    picture: Picture
    raw: Raw

    @property
    def half(self) -> int:
        """0 or 1, the same for a group in every run: each half is judged by cuts chosen on the other."""
        return zlib.crc32(self.picture.group.removeprefix("m_").encode()) % 2

    @property
    def persons(self) -> NDArray[np.float32]:
        """Logits of persons, best first."""
        return np.asarray(self.raw.logits[self.raw.kinds == PERSON])


@dataclass(frozen=True, slots=True)
class Run:
    """A measured run: its network and what it left out."""

    people: People
    leave_out: tuple[str, ...]

    @staticmethod
    def of(folder: Path) -> Run:
        """`folder` is a run's `--work` and `--out`."""
        left = json.loads((folder / "run.json").read_text())["leave_out"]
        return Run(People(folder), tuple(left))


def hold(pictures: Sequence[Picture], runs: Sequence[Run], light: str = "full") -> list[Held]:
    """Every picture that a run left out, as that run's int8 file sees it in a light."""
    wanted = [(p, n) for n, run in enumerate(runs) for p in pictures if away(p, run.leave_out)]
    held = []
    for number, (picture, fold) in enumerate(wanted):
        if number % 100 == 0:
            show_rate(number, len(wanted), f"pictures, {light}")
        seen: Grey = lit(picture.grey, light, picture.path)
        held.append(Held(picture, runs[fold].people.raw(seen)))
    return held


def is_place(picture: Picture) -> bool:
    """A cabin, a room or a street without anybody; not a thing or an animal that fills the picture."""
    if picture.somebody is not False:
        return False
    return "cabin" in picture.about or picture.source in _PLACES or "/room_" in picture.path


def somebody_cut(scores: NDArray[np.float64], there: NDArray[np.bool_]) -> float:
    """The smallest cut at which few enough pictures of nobody lie above it."""
    empty = np.sort(scores[~there])[::-1]
    allowed = round(MOST_FALSE * len(empty))
    return float(np.nextafter(empty[min(allowed, len(empty) - 1)], np.inf)) if len(empty) else 0.0


def points_of(held: Sequence[Held]) -> Points:
    """Operating points from pictures that their runs never saw."""
    known = [h for h in held if h.picture.somebody is not None]
    there = np.array([bool(h.picture.somebody) for h in known])
    # A cabin's camera shows a place; without one in the data, whatever shows nobody has to do.
    places = np.array([is_place(h.picture) for h in known])
    known_well = there | places if places.any() else np.ones(len(known), np.bool_)
    cabins = np.array([h.picture.about.startswith("cabin") for h in known]) & there
    best = (-1.0, 0.0, 0.0, np.zeros(len(known)))
    for weight in _HEAD_WEIGHTS:
        scores = np.array([somebody_score(h.raw, weight) for h in known])
        at = somebody_cut(scores[known_well], there[known_well])
        seen = float((scores[cabins if cabins.any() else there] >= at).mean())
        if seen > best[0]:
            best = (seen, at, weight, scores)
    _, cut, head_weight, scores = best
    scale, _ = calibrate(scores[known_well], there[known_well], _halves(there[known_well]))
    cuts, scales, biases = zip(*(_kind_points(held, kind) for kind in range(len(KINDS))), strict=True)
    second, weight = _second(held, cuts[PERSON])
    return Points(cut, scale, head_weight, weight, second, cuts, scales, biases)


def calibrate(
    logit: NDArray[np.float64], yes: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Scale (0.1 to 10) and bias by weighted logistic regression (Platt, 1999), by small steps downhill."""
    middle, spread = float(logit.mean()), max(1e-3, float(logit.std()))
    design = np.stack([(logit - middle) / spread, np.ones_like(logit)], 1)
    theta, weight = np.zeros(2), weight / weight.sum()
    for _ in range(3000):
        p = 1 / (1 + np.exp(-np.clip(design @ theta, -40, 40)))
        theta = theta - 1.5 * (design.T @ (weight * (p - yes)) + 1e-3 * theta * [1.0, 0.0])
    scale = float(np.clip(theta[0] / spread, 0.1, 10.0))
    return scale, float(theta[1] - scale * middle)


def _halves(yes: NDArray[np.bool_]) -> NDArray[np.float64]:
    weight = np.zeros(len(yes))
    for half in (yes, ~yes):
        if half.any():
            weight[half] = 0.5 / half.sum()
    return weight


def _second(held: Sequence[Held], cut: float) -> tuple[float, float]:
    """The cut of a second person and the weight of `several`, at the best balance on cabins."""
    rows = [h for h in held if h.picture.about in ("cabin one", "cabin several")]
    if not rows:
        return cut, 0.0
    several = np.array([bool(h.picture.several) for h in rows])
    first, second, whole = (np.array(v) for v in zip(*(_two(h) for h in rows), strict=True))
    best = (-1.0, cut, 0.0)
    for weight in (0.0, 0.25, 0.5, 1.0, 2.0):
        odds = second + weight * whole
        for at in np.arange(-4.0, 4.01, 0.1):
            said = (odds >= at) & (first >= cut)
            balance = (said[several].mean() + (~said[~several]).mean()) / 2 if several.any() else 0.0
            if balance > best[0] + 1e-9:
                best = (float(balance), float(at), weight)
    return best[1], best[2]


def _two(h: Held) -> tuple[float, float, float]:
    persons = h.persons
    first = float(persons[0]) if len(persons) else -20.0
    return first, float(persons[1]) if len(persons) > 1 else -20.0, h.raw.several


@dataclass(frozen=True, slots=True)
class Matches:
    """Boxes found of one kind in many pictures: logits, whether each is right, and how many there are."""

    logits: NDArray[np.float64]
    right: NDArray[np.bool_]
    labelled: int


def matches(held: Sequence[Held], kind: int) -> Matches:
    """On pictures in which every thing of this kind has a box."""
    logits: list[float] = []
    right: list[bool] = []
    labelled = 0
    for h in held:
        if not _complete(h.picture, kind):
            continue
        height, width = h.picture.grey.shape
        own = np.isin(h.picture.kinds, (HEAD, HEAD_SPOT) if kind == HEAD else (kind,))
        truth = h.picture.boxes[own] / np.array([width, height, width, height], np.float32)
        labelled += len(truth)
        taken = np.zeros(len(truth), np.bool_)
        mine = h.raw.kinds == kind
        for logit, box in zip(h.raw.logits[mine], h.raw.boxes[mine], strict=True):
            hit = -1
            if len(truth):
                shares = shared(box / np.array([WIDTH, HEIGHT, WIDTH, HEIGHT], np.float32), truth)
                shares[taken] = 0
                hit = int(shares.argmax()) if shares.max() >= OVERLAP[kind] else -1
            if hit >= 0:
                taken[hit] = True
            logits.append(float(logit))
            right.append(hit >= 0)
    return Matches(np.array(logits), np.array(right, np.bool_), labelled)


def _complete(picture: Picture, kind: int) -> bool:
    if picture.about == "empty" or picture.about == "cabin empty":
        return True
    if kind == PERSON:
        return picture.whole and bool((picture.kinds == PERSON).any())
    if kind == HEAD:
        return picture.about == "faces"
    return bool((picture.kinds == BAG).any())


def shared(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,): shared area over joint area of corners."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    both = np.clip(high - low, 0, None).prod(1)
    joint = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(1) - both
    return np.asarray(both / np.maximum(joint, 1e-9), np.float32)


def _kind_points(held: Sequence[Held], kind: int) -> tuple[float, float, float]:
    """Of one kind: the cut with the best F1 of those with few wrong; what makes its logits odds."""
    found = matches(held, kind)
    if not found.right.any() or found.right.all():
        return 0.0, 1.0, 0.0
    scale, bias = calibrate(found.logits, found.right, np.full(len(found.right), 1.0 / len(found.right)))
    order = np.argsort(-found.logits)
    hits = np.cumsum(found.right[order])
    counted_so_far = np.arange(len(hits)) + 1
    f1 = np.where(hits / counted_so_far >= LEAST_RIGHT, 2 * hits / (counted_so_far + found.labelled), 0.0)
    if not f1.any():
        return float(found.logits.max()) + 1.0, scale, bias
    return float(found.logits[order][int(f1.argmax())]), scale, bias


def stated(points: Points) -> dict[str, float]:
    """As the contract holds them."""
    out = {
        "somebody_cut": points.somebody_cut,
        "somebody_scale": points.somebody_scale,
        "head_weight": points.head_weight,
        "several_weight": points.several_weight,
        "second_cut": points.second_cut,
    }
    for i, label in enumerate(LABELS):
        out |= {
            f"{label}_cut": points.cuts[i],
            f"{label}_scale": points.scales[i],
            f"{label}_bias": points.biases[i],
        }
    return {name: round(value, 4) for name, value in out.items()}


def counted(h: Held, points: Points) -> int:
    """Bodies that the runtime would report."""
    return sum(t.kind is ThingKind.PERSON for t in accepted(h.raw, points))
