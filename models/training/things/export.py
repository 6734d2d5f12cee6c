"""Writes `things.tflite` and its contract from a run's weights; operating points come from the runs that
left sources out.

    python -m models.training.things.export --data ../shared/data --cache CACHE --run RUNS/things \
        --fold RUNS/fold-1 mausam intel-iot --fold RUNS/fold-2 chunmusic lightly-ai --models models

Each fold is its folder and the sources that it never saw. The shipped threshold is the mean of theirs, each
chosen on groups that its run never saw; the scale makes log-odds of what they say about the sources they
never saw.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge.vision.network import read_contract
from edge.vision.scene.crops import SIDE_PX, even
from models.training.common import Promise, export_int8, part
from models.training.things.data import BAR, LABELS, PHONE, Picture, prepare
from models.training.things.eval import Square96, chosen_point, of_weights, squares, surest
from models.training.things.net import OUTPUTS
from models.training.things.samples import Samples
from models.training.things.train import network

VERSION = "1"
_CALIBRATION = 320


@dataclass(frozen=True, slots=True)
class Fold:
    """A run and the sources (parts of their names) that it never saw."""

    run: Path
    left_out: Sequence[str]

    @classmethod
    def of(cls, words: Sequence[str]) -> Fold:
        return cls(Path(words[0]), tuple(words[1:]))

    def test(self, pictures: Sequence[Picture]) -> list[Square96]:
        """Squares of the sources that it never saw."""
        return list(squares([p for p in pictures if self._out(p)]))

    def groups(self, pictures: Sequence[Picture]) -> list[Square96]:
        """Squares of the groups it never saw, of the sources it learnt from."""
        return list(squares([p for p in pictures if not self._out(p) and part(p.group) != "train"]))

    def _out(self, picture: Picture) -> bool:
        return any(word in picture.source for word in self.left_out)


def odds_of(logits: NDArray[np.float64], kind: int) -> NDArray[np.float64]:
    """Log-odds (n,) of one class against all others."""
    each = np.exp(logits - logits.max(1, keepdims=True))
    return np.log(each[:, kind] + 1e-12) - np.log(each.sum(1) - each[:, kind] + 1e-12)


def best_point(odds: NDArray[np.float64], there: NDArray[np.bool_]) -> float:
    """Best balanced threshold: the middle of those as good as the best."""
    ladder = np.arange(-6.0, 6.0, 0.05)
    scores = [float((odds[there] > t).mean() + (odds[~there] <= t).mean()) for t in ladder]
    return float(np.median([t for t, s in zip(ladder, scores, strict=True) if s > max(scores) - 0.004]))


def slope(odds: NDArray[np.float64], weapon: NDArray[np.bool_]) -> float:
    """The scale that makes `scale * odds` the likeliest log-odds (Platt, 1999), each side weighing the
    same."""
    weight = np.where(weapon, 0.5 / max(weapon.sum(), 1), 0.5 / max((~weapon).sum(), 1))
    sign = np.where(weapon, 1.0, -1.0)
    ladder = np.arange(0.2, 2.01, 0.02)
    costs = [float((weight * np.logaddexp(0.0, -sign * s * odds)).sum()) for s in ladder]
    return float(ladder[int(np.argmin(costs))])


def points(folds: Sequence[Fold], pictures: Sequence[Picture], data: Path) -> dict[str, float]:
    """The operating points of the contract."""
    weapon, still, bars, phones = [], [], [], []
    centred: list[NDArray[np.float64]] = []
    is_weapon: list[NDArray[np.bool_]] = []
    for fold in folds:
        answers = of_weights(fold.run, data)
        known = fold.groups(pictures)
        odds, logits = surest(answers, known)
        crop = np.array([s.view == "crop" for s in known])
        weapon.append(chosen_point([s for s in known if s.view != "crop"], odds[~crop]))
        still.append(chosen_point([s for s in known if s.view == "crop"], odds[crop]))
        for found, kind in ((bars, BAR), (phones, PHONE)):
            there = np.array([s.kind == kind for s in known])
            if there.any():
                found.append(best_point(odds_of(logits, kind), there))
        test = [s for s in fold.test(pictures) if s.view != "crop"]
        centred.append(surest(answers, test)[0] - weapon[-1])
        is_weapon.append(np.array([s.weapon for s in test]))
    return {
        "weapon": round(float(np.mean(weapon)), 3),
        "weapon_still": round(float(np.mean(still)), 3),
        "scale": round(slope(np.concatenate(centred), np.concatenate(is_weapon)), 3),
        "bar": round(float(np.mean(bars)), 3),
        "phone": round(float(np.mean(phones)), 3),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/things-cache"))
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--fold", nargs="+", action="append", default=[])
    parser.add_argument("--points-from", type=Path, help="a shipped things.json whose operating points go on")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--version", default=VERSION)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pictures = prepare(arguments.data, arguments.cache)
    if bool(arguments.fold) is (arguments.points_from is not None):
        parser.error("operating points come from --fold or from --points-from, one of them")
    if arguments.points_from is not None:
        chosen = read_contract(arguments.points_from).operating_points
    else:
        chosen = points([Fold.of(words) for words in arguments.fold], pictures, arguments.data)
    print(chosen, flush=True)
    samples = Samples(pictures, 77)
    calibration = [samples.next().grey for _ in range(_CALIBRATION // 2)]
    rng = np.random.default_rng(3)
    fixed = list(squares(pictures))
    calibration += [even(fixed[i].greys[0]) for i in rng.choice(len(fixed), _CALIBRATION // 2, replace=False)]
    model = network(arguments.data / "teachers" / "mnv2_imagenet_float16.npz", 1, arguments.run / "final.pt")
    promise = Promise("things", arguments.version, (1, SIDE_PX, SIDE_PX, 1), OUTPUTS, LABELS, chosen)
    made = export_int8(
        model, (g[None, :, :, None] for g in calibration), promise, arguments.models, arguments.run
    )
    print(f"{made.int8} {made.int8.stat().st_size} bytes")


if __name__ == "__main__":
    main()
