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
from models.training.things.eval import Square96, chosen_point, of_weights, squares, surest, weapon_odds
from models.training.things.net import OUTPUTS
from models.training.things.samples import Samples
from models.training.things.train import network

VERSION = "1"
_CALIBRATION = 320
_SELDOM = 0.05
_ENOUGH = 20
"""Squares of a class below which a fold chooses no threshold for it; where none can, it is even odds."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A run and the sources (parts of their names) that it never saw."""

    run: Path
    left_out: Sequence[str]
    at_most: int | None = None
    """So many squares of each set, spread over it; all where there is no limit."""

    @classmethod
    def of(cls, words: Sequence[str], at_most: int | None = None) -> Fold:
        return cls(Path(words[0]), tuple(words[1:]), at_most)

    def test(self, pictures: Sequence[Picture]) -> list[Square96]:
        """Squares of the sources that it never saw."""
        return self._some([p for p in pictures if self._out(p)])

    def groups(self, pictures: Sequence[Picture]) -> list[Square96]:
        """Squares of the groups it never saw, of the sources it learnt from."""
        return self._some([p for p in pictures if not self._out(p) and part(p.group) != "train"])

    def _some(self, pictures: Sequence[Picture]) -> list[Square96]:
        every = list(squares(pictures))
        return every if self.at_most is None else every[:: max(len(every) // self.at_most, 1)]

    def _out(self, picture: Picture) -> bool:
        return any(word in picture.source for word in self.left_out)


LIGHTS = (0.5, 0.25, 0.125)
_FEW = 500
"""So many squares of a fold at most are looked at again in less light."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a fold says of the sources it never saw.

    `odds` are weapon log-odds less `points`, the threshold for each square, which was chosen on `known`:
    groups it never saw, of the sources it learnt from. `dark` are those of `few` in the lights of `LIGHTS`.
    """

    name: str
    items: list[Square96]
    odds: NDArray[np.float64]
    logits: NDArray[np.float64]
    points: NDArray[np.float64]
    known: list[Square96]
    known_logits: NDArray[np.float64]
    single: float
    still: float
    few: list[int]
    dark: list[NDArray[np.float64]]


def judge(fold: Fold, pictures: Sequence[Picture], data: Path) -> Judged:
    """One fold; what its network answered is kept in its folder."""
    known, test = fold.groups(pictures), fold.test(pictures)
    rng = np.random.default_rng(8)
    alone = [n for n, s in enumerate(test) if s.view in ("person", "near", "beside")]
    few = sorted(int(n) for n in rng.choice(alone, min(_FEW, len(alone)), replace=False))
    kept = fold.run / "answers.npz"
    if not kept.exists():
        answers = of_weights(fold.run, data)
        found = {"known": surest(answers, known)[1], "test": surest(answers, test)[1]}
        for number, light in enumerate(LIGHTS):
            found[f"dark{number}"] = surest(answers, [test[n] for n in few], light)[1]
        np.savez(kept, **found)
    with np.load(kept) as stored:
        known_logits, logits = stored["known"], stored["test"]
        dark = [weapon_odds(stored[f"dark{number}"]) for number in range(len(LIGHTS))]
    odds = weapon_odds(known_logits)
    crop = np.array([s.view == "crop" for s in known])
    single = chosen_point([s for s in known if s.view != "crop"], odds[~crop])
    still = chosen_point([s for s in known if s.view == "crop"], odds[crop])
    points = np.where([s.view == "crop" for s in test], still, single)
    return Judged(
        ", ".join(fold.left_out),
        test,
        weapon_odds(logits) - points,
        logits,
        points,
        known,
        known_logits,
        single,
        still,
        few,
        [found - points[few] for found in dark],
    )


def odds_of(logits: NDArray[np.float64], kind: int) -> NDArray[np.float64]:
    """Log-odds (n,) of one class against all others."""
    each = np.exp(logits - logits.max(1, keepdims=True))
    odds = np.log(each[:, kind] + 1e-12) - np.log(each.sum(1) - each[:, kind] + 1e-12)
    return np.asarray(odds, np.float64)


def seldom_point(odds: NDArray[np.float64], there: NDArray[np.bool_]) -> float:
    """The threshold that a twentieth of the squares without the thing lies above: tools and telephones are
    told, not alarmed about, and most squares hold none.
    """
    return float(np.quantile(odds[~there], 1.0 - _SELDOM))


def slope(odds: NDArray[np.float64], weapon: NDArray[np.bool_]) -> float:
    """The scale that makes `scale * odds` the likeliest log-odds (Platt, 1999), each side weighing the
    same."""
    weight = np.where(weapon, 0.5 / max(weapon.sum(), 1), 0.5 / max((~weapon).sum(), 1))
    sign = np.where(weapon, 1.0, -1.0)
    ladder = np.arange(0.2, 2.01, 0.02)
    costs = [float((weight * np.logaddexp(0.0, -sign * s * odds)).sum()) for s in ladder]
    return float(ladder[int(np.argmin(costs))])


def points(judged: Sequence[Judged]) -> dict[str, float]:
    """The operating points of the contract."""
    bars: list[float] = []
    phones: list[float] = []
    for one in judged:
        for found, kind in ((bars, BAR), (phones, PHONE)):
            there = np.array([s.kind == kind for s in one.known])
            if there.sum() >= _ENOUGH:
                found.append(seldom_point(odds_of(one.known_logits, kind), there))
    alone = [np.array([s.view != "crop" for s in one.items]) for one in judged]
    odds = np.concatenate([one.odds[mask] for one, mask in zip(judged, alone, strict=True)])
    weapon = np.concatenate(
        [np.array([s.weapon for s in one.items])[mask] for one, mask in zip(judged, alone, strict=True)]
    )
    return {
        "weapon": round(float(np.mean([one.single for one in judged])), 3),
        "weapon_still": round(float(np.mean([one.still for one in judged])), 3),
        "scale": round(slope(odds, weapon), 3),
        "bar": round(float(np.mean(bars or [0.0])), 3),
        "phone": round(float(np.mean(phones or [0.0])), 3),
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
    parser.add_argument("--at-most", type=int, help="squares of each set that are looked at: for trying out")
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
        folds = [Fold.of(words, arguments.at_most) for words in arguments.fold]
        chosen = points([judge(fold, pictures, arguments.data) for fold in folds])
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
