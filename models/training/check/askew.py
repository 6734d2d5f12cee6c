"""Chooses where a face counts as turned, how sure a cover must be there, and what is no face at all.

On faces of sources that a run left out, real ones and such as were turned in space: half of their groups
choose, the other half is judged by what was chosen, and printed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.training.check.data import COVERED
from models.training.check.train import Lessons, maker
from models.training.shares import share

LIMITS_DEG = (18.0, 36.0)
"""Between these lie the limits of yaw and pitch, in the network's own degrees: it says less than there is."""

ROLL_DEG = 40.0
"""Tilted farther than anybody stands who looks at a camera; see the card for what is measured there."""

FRONTAL_DEG = 25.0
"""Yaw and pitch under which a face must hardly ever be called turned."""

MOST_FRONTAL_TURNED = 0.004
"""Of frontal faces so many may lie beyond the limit of yaw, and as many beyond that of pitch."""

MOST_BARE_SURE = 0.04
"""Of turned bare faces so many may look surely covered."""

MOST_LOST = 0.001
MOST_OF_A_KIND_LOST = 0.02
ENOUGH = 20
"""Of all faces so many may be taken for none, and of faces with one kind of cover, turned in space or not,
where there are
`ENOUGH` of it."""


@dataclass(frozen=True)
class Said:
    """What networks say of held-out pictures of faces, in parallel arrays: calibrated log odds of a cover,
    angles
    and what they are by the mesh and by five landmarks in degrees (NaN where nobody knows), whether covered,
    group, and whether the picture is one that was turned in space."""

    odds: NDArray[np.float64]
    pose: NDArray[np.float64]
    true: NDArray[np.float64]
    five: NDArray[np.float64]
    covered: NDArray[np.bool_]
    group: NDArray[np.str_]
    label: NDArray[np.int64]
    made: NDArray[np.bool_]

    def of(self, kept: NDArray[np.bool_]) -> Said:
        """Some of them."""
        return Said(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Askew:
    """The contract's `turned_*` points."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    sure_cover: float

    def turned(self, said: Said) -> NDArray[np.bool_]:
        """Which faces are beyond the limits."""
        over = np.abs(said.pose) > [self.yaw_deg, self.pitch_deg]
        return np.asarray(over.any(1), np.bool_)

    def points(self) -> dict[str, float]:
        """As the contract has them."""
        names = ("turned_yaw_deg", "turned_pitch_deg", "turned_roll_deg", "turned_sure_cover")
        numbers = (self.yaw_deg, self.pitch_deg, self.roll_deg, self.sure_cover)
        return dict(zip(names, numbers, strict=True))


def said_of(
    run: Path, lessons: Lessons, odds_of: Callable[[NDArray[np.float32]], NDArray[np.float64]]
) -> Said:
    """What a finished run says, in one view, of the sources that it left out, real faces and turned ones."""
    out = json.loads((run / "run.json").read_text())["leave_out"]
    cache, turned = lessons.cache, lessons.turned
    away = np.isin([maker(s) for s in cache.source], out)
    parts: list[Said] = []
    with np.load(run / "left_out.npz") as stored:
        kept = away[stored["index"]] & (cache.size[stored["index"]] >= 36)
        index = stored["index"][kept]
        true = np.array([lessons.pose(int(i)) for i in index])
        angles = np.where(true[:, 2:] > 0.2, true[:, :2], np.nan)
        parts.append(
            Said(
                odds_of(stored["cover"][kept]),
                stored["pose"][kept] * 45.0,
                angles,
                np.where(cache.marks_real[index, None], cache.pose[index], np.nan),
                cache.covered[index],
                cache.group[index],
                cache.label[index],
                np.zeros(len(index), bool),
            )
        )
    with np.load(run / "turned.npz") as stored:
        space = turned.found & ~np.isin(turned.what, ("half", "shaded", "whole"))
        kept = away[turned.base[stored["index"]]] & space[stored["index"]]
        index = stored["index"][kept]
        parts.append(
            Said(
                odds_of(stored["cover"][kept]),
                stored["pose"][kept] * 45.0,
                turned.pose[index],
                np.full((len(index), 2), np.nan),
                COVERED[turned.label[index]],
                cache.group[turned.base[index]],
                turned.label[index],
                np.ones(len(index), bool),
            )
        )
    return together(parts)


def together(parts: list[Said]) -> Said:
    """Several as one."""
    return Said(*(np.concatenate([getattr(p, n) for p in parts]) for n in Said.__dataclass_fields__))


def face_cut_of(run: Path, lessons: Lessons) -> float:
    """The logit `face` below which the shipped run's cuts show no face, chosen on all that it never saw.

    Its scale is the run's own, so no other run can choose it. Prints what half of the groups would choose,
    and what that makes of the other half.
    """
    cache, turned, others = lessons.cache, lessons.turned, lessons.others
    with np.load(run / "left_out.npz") as real, np.load(run / "turned.npz") as made:
        at = np.concatenate([real["index"], turned.base[made["index"]]])
        label = np.concatenate([cache.label[real["index"]], turned.label[made["index"]]])
        face = np.concatenate([real["face"][:, 0], made["face"][:, 0]]).astype(np.float64)
        is_real = np.arange(len(face)) < len(real["index"])
    with np.load(run / "others.npz") as stored:
        none, index = stored["face"][:, 0].astype(np.float64), stored["index"]
    half = np.array([half_of(str(g)) for g in cache.group[at]])
    tried = _face_cut(face[half], label[half], is_real[half])
    kept = share(int((face[~half & is_real] > tried).sum()), int((~half & is_real).sum()))
    print(f"face_cut {tried} of one half of the groups leaves of the other half's real faces {kept}")
    for kind in np.unique(others.what):
        here = others.what[index] == kind
        print(f"no face, {kind}: taken for one {share(int((none[here] > tried).sum()), int(here.sum()))}")
    return _face_cut(face, label, is_real)


def _face_cut(face: NDArray[np.float64], label: NDArray[np.int64], is_real: NDArray[np.bool_]) -> float:
    covered = [face[label == kind] for kind in np.flatnonzero(COVERED) if (label == kind).sum() >= ENOUGH]
    lost = [float(np.quantile(kind, MOST_OF_A_KIND_LOST)) for kind in covered]
    return round(min([*lost, float(np.quantile(face[is_real], MOST_LOST))]), 2)


def choose_askew(said: Said) -> Askew:
    """The points that `said` asks for."""
    frontal = ~said.covered & ~said.made & frontal_by(said)
    limits = []
    for seen in np.abs(said.pose[frontal]).T:
        over = float(np.quantile(seen, 1 - MOST_FRONTAL_TURNED)) if len(seen) else LIMITS_DEG[1]
        limits.append(round(min(max(over, LIMITS_DEG[0]), LIMITS_DEG[1]), 1))
    chosen = Askew(limits[0], limits[1], ROLL_DEG, 0.0)
    bare = said.odds[chosen.turned(said) & ~said.covered]
    sure = max(0.0, float(np.quantile(bare, 1 - MOST_BARE_SURE))) if len(bare) else 0.0
    return replace(chosen, sure_cover=round(sure, 2))


def frontal_by(said: Said) -> NDArray[np.bool_]:
    """Which faces look ahead by the mesh and by five landmarks, where these are known."""
    by_five = np.isnan(said.five) | (np.abs(said.five) < FRONTAL_DEG)
    return np.asarray((np.abs(said.true) < FRONTAL_DEG).all(1) & by_five.all(1), np.bool_)


def half_of(group: str) -> bool:
    """Which half of the groups one belongs to, by a hash of its name."""
    return bool(hashlib.sha256(f"half {group}".encode()).digest()[0] & 1)


def tell(name: str, said: Said, at: Askew) -> None:
    """Prints what the points make of faces."""
    turned, sure = at.turned(said), said.odds > at.sure_cover
    verdict = np.where(turned & ~sure, "turned", np.where(said.odds > 0, "covered", "proper"))
    known = np.isfinite(said.true).all(1)
    off = np.abs(said.true)
    rows = {
        "bare, yaw and pitch under 25": ~said.covered & known & (off < FRONTAL_DEG).all(1) & ~said.made,
        "bare, under 25 by five landmarks": ~said.covered
        & ~said.made
        & (np.abs(said.five) < FRONTAL_DEG).all(1),
        "bare, yaw over 45": ~said.covered & known & (off[:, 0] > 45),
        "bare, pitch over 38": ~said.covered & known & (off[:, 1] > 38),
        "bare, called turned or beyond 35 or 30": ~said.covered
        & (turned | (known & (off > [35, 30]).any(1))),
        "masks, yaw over 45": np.isin(said.label, [1, 2]) & known & (off[:, 0] > 45),
        "masks, pitch over 38": np.isin(said.label, [1, 2]) & known & (off[:, 1] > 38),
        "glasses, yaw over 45": (said.label == 3) & known & (off[:, 0] > 45),
        "glasses, pitch over 38": (said.label == 3) & known & (off[:, 1] > 38),
        "other covers, yaw over 45": (said.label > 3) & (said.label < 8) & known & (off[:, 0] > 45),
    }
    print(
        f"\n{name}\n\n| faces | real or turned in space | proper | turned | covered |\n|---|---|---|---|---|"
    )
    for row, here in rows.items():
        for word, kind in (("real", ~said.made), ("in space", said.made)):
            n = int((here & kind).sum())
            if n:
                counts = [int((verdict[here & kind] == v).sum()) for v in ("proper", "turned", "covered")]
                print(f"| {row} | {word} | {' | '.join(share(c, n) for c in counts)} |")
