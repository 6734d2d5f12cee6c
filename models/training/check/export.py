"""Chooses operating points on left-out sources, writes the int8 file and contract, prints what int8 loses.

python -m models.training.check.export --cache CACHE --run RUN --folds FOLD... --models models --version 1.0.0
"""

from __future__ import annotations

import argparse
import copy
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits

from edge.vision.face.align import SIZE_PX
from edge.vision.face.check import LABELS, STILL, log_odds, priors_of
from models.training.check.askew import Askew, choose_askew, face_cut_of, half_of, said_of, tell, together
from models.training.check.augment import plain, spoilt
from models.training.check.data import COVERED, Cache
from models.training.check.net import OUTPUTS, CheckNet
from models.training.check.train import Lessons, Sampler, kept_of, maker, predict
from models.training.common import Promise, export_int8, multiply_adds, seed_all

ENOUGH = 100
"""Held-out faces of a kind of cover from which on it gets a prior of its own."""

RIDGE = 1e-3
"""Keeps priors small that the faces do not ask for."""

MOST_BARE_WRONG = 0.015
"""Bare faces called covered on left-out sources, at the operating point: what the product allows."""


@dataclass(frozen=True)
class Held:
    """What networks say of faces from sources that they never trained on, in parallel arrays.

    `index` in the cache; class logits, `single` of one view and `still` of the runtime's views for still
    pictures; `pose` in degrees.
    """

    index: NDArray[np.int64]
    single: NDArray[np.float64]
    still: NDArray[np.float64]
    pose: NDArray[np.float64]


@dataclass(frozen=True)
class Points:
    """What makes a verdict of class logits: the contract's `prior_*`, `covered_scale`, `_bias` and `_cut`."""

    priors: NDArray[np.float64]
    scale: float
    bias: float
    cut: float

    @staticmethod
    def of(points: dict[str, float]) -> Points:
        """Those of a contract's operating points."""
        scale, bias, cut = points["covered_scale"], points["covered_bias"], points["covered_cut"]
        return Points(priors_of(points), scale, bias, cut)

    def odds(self, cover: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated log-odds (n,) of covered, from class logits (n, classes); covered above `cut`."""
        return self.scale * log_odds(cover + self.priors, COVERED) + self.bias


def held_out(cache: Cache, folds: list[Path]) -> Held:
    """The left-out sources of the folds together, without those that no run sees."""
    parts: list[list[NDArray[np.float64]]] = []
    for fold in folds:
        out = json.loads((fold / "run.json").read_text())["leave_out"]
        with np.load(fold / "left_out.npz") as stored:
            index = stored["index"]
            here = np.isin([maker(s) for s in cache.source[index]], out)
            kept = fold / f"still-{len(STILL)}.npy"
            if not kept.exists() or kept.stat().st_mtime < (fold / "final.pt").stat().st_mtime:
                np.save(kept, still_cover(net_of(fold), [cache.cuts[i] for i in index[here]]))
            single = stored["cover"][here].astype(np.float64)
            pose = stored["pose"][here].astype(np.float64) * 45.0
            parts.append([index[here], single, np.load(kept), pose])
    index, single, still, pose = (np.concatenate(p) for p in zip(*parts, strict=True))
    return Held(index.astype(np.int64), single, still, pose)


def net_of(run: Path) -> CheckNet:
    """The averaged network of a finished run."""
    net = CheckNet()
    net.load_state_dict(torch.load(run / "final.pt", weights_only=True)["average"])
    net.eval()
    return net


def still_cover(net: torch.nn.Module, cuts: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Class logits of cached cuts, averaged over the views of a still picture."""
    views = [predict(net, np.stack([plain(c, view) for c in cuts]))[0] for view in STILL]
    return np.asarray(np.mean(views, axis=0), np.float64)


def balance(cache: Cache, index: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights: bare and covered one half each, within a half every source by the root of its number."""
    covered = cache.covered[index]
    cells = np.array([f"{maker(s)}|{c}" for s, c in zip(cache.source[index], covered, strict=True)])
    _, where, counts = np.unique(cells, return_inverse=True, return_counts=True)
    weight = 1.0 / np.sqrt(counts[where])
    for half in (covered, ~covered):
        if half.any():
            weight[half] *= 0.5 / weight[half].sum()
    return np.asarray(weight)


def calibrate(
    logit: NDArray[np.float64], covered: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Scale and bias by weighted logistic regression (Platt, 1999), Newton's method."""
    theta = np.array([1.0, 0.0])
    design = np.stack([logit, np.ones_like(logit)], 1)
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ theta, -50, 50)))
        gradient = design.T @ (weight * (p - covered)) + 1e-4 * (theta - [1.0, 0.0])
        hessian = (design * (weight * p * (1 - p))[:, None]).T @ design + 1e-4 * np.eye(2)
        theta = theta - np.linalg.solve(hessian, gradient)
    return float(theta[0]), float(theta[1])


def cut_of(logit: NDArray[np.float64], covered: NDArray[np.bool_], weight: NDArray[np.float64]) -> float:
    """The smallest log-odds, not under the best balance, at which few enough bare faces are wrong."""
    grid = np.arange(-2.0, 4.0, 0.05)
    wrong = np.array([(weight[~covered] * (logit[~covered] > c)).sum() * 2 for c in grid])
    right = np.array([(weight[covered] * (logit[covered] > c)).sum() * 2 for c in grid])
    best = int(np.argmax(right - wrong))
    allowed = np.flatnonzero(wrong <= MOST_BARE_WRONG)
    return float(grid[max(best, int(allowed[0]))]) if len(allowed) else float(grid[best])


def fit_priors(
    cover: NDArray[np.float64], label: NDArray[np.int64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What to add to the logits of the kinds of cover with `ENOUGH` faces, by ridge logistic regression.

    The other kinds stand in no such number outside training, so nothing is fitted to them.
    """
    own = COVERED & (np.bincount(label, minlength=len(LABELS)) >= ENOUGH)
    logits, free = torch.tensor(cover), torch.tensor(own).double()
    covers, weights = torch.tensor(COVERED), torch.tensor(weight)
    wanted = torch.tensor(COVERED[label]).double()
    scale, bias, priors = (torch.tensor(start).double() for start in ([1.0], [0.0], [0.0] * len(LABELS)))
    every = [scale.requires_grad_(), bias.requires_grad_(), priors.requires_grad_()]
    optimiser = torch.optim.LBFGS(every, max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        moved = logits + priors * free
        odds = torch.logsumexp(moved[:, covers], 1) - torch.logsumexp(moved[:, ~covers], 1)
        off = binary_cross_entropy_with_logits(scale * odds + bias, wanted, reduction="none")
        value = (weights * off).sum() + RIDGE * (priors**2).sum()
        value.backward()
        return value

    optimiser.step(loss)
    return np.asarray((priors * free).detach().numpy().round(2))


def choose(
    cache: Cache, index: NDArray[np.int64], single: NDArray[np.float64], still: NDArray[np.float64]
) -> Points:
    """Operating points from what networks say, in one view and in still views, of faces they never saw."""
    covered, weight = cache.covered[index], balance(cache, index)
    priors = fit_priors(still, cache.label[index], weight)
    scale, bias = calibrate(log_odds(single + priors, COVERED), covered, weight)
    cut = cut_of(scale * log_odds(still + priors, COVERED) + bias, covered, weight)
    return Points(priors, round(scale, 4), round(bias, 4), round(cut, 3))


def askew_of(folds: list[Path], lessons: Lessons, points: Points) -> tuple[Askew, float]:
    """Limits of a turned face, and the error of angles; prints what half of the groups choose."""

    def odds(cover: NDArray[np.float32]) -> NDArray[np.float64]:
        return points.odds(cover) - points.cut

    said = together([said_of(fold, lessons, odds) for fold in folds])
    half = np.array([half_of(str(group)) for group in said.group])
    tell("Chosen on one half of the groups, judged on the other", said.of(~half), choose_askew(said.of(half)))
    chosen = choose_askew(said)
    tell("Chosen and judged on all", said, chosen)
    known = ~said.covered & ~said.made & np.isfinite(said.true).all(1)
    off = np.median(np.abs(said.pose[known] - said.true[known]), 0)
    return chosen, float(np.sqrt(off.max() ** 2 * 2.2))


def main() -> None:
    """Exports."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--folds", type=Path, nargs="*", default=[])
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--version", default="1.0.0")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = seed_all(0)
    lessons = Lessons.of(args.cache)
    cache = lessons.cache
    net = net_of(args.run)
    points, sigma = Points(np.zeros(len(LABELS)), 1.0, 0.0, 0.0), 8.0
    askew: Askew | None = None
    if args.folds:
        held = held_out(cache, args.folds)
        points = choose(cache, held.index, held.single, held.still)
        print(points)
        askew, sigma = askew_of(args.folds, lessons, points)
        print(f"{askew}, yaw error {sigma:.1f} degrees")
    print(f"{multiply_adds(net, (1, 1, SIZE_PX, SIZE_PX)) / 1e6:.1f} million multiply-adds")
    sampler = Sampler(lessons, (), rng)
    calibration = [sampler.draw(1)[0].reshape(1, SIZE_PX, SIZE_PX, 1) for _ in range(400)]
    promise = Promise(
        "face_check",
        args.version,
        (1, SIZE_PX, SIZE_PX, 1),
        OUTPUTS,
        LABELS,
        {
            **{f"prior_{LABELS[i]}": float(points.priors[i]) for i in np.flatnonzero(points.priors)},
            "covered_scale": points.scale,
            "covered_bias": points.bias,
            "covered_cut": points.cut,
            "turned_sigma_deg": round(sigma, 2),
            **({} if askew is None else askew.points()),
            "face_cut": face_cut_of(args.run, lessons),
            "min_face_px": 16.0,
            "min_dark": 20.0,
            "max_bright": 225.0,
            "min_sharpness": 0.06,
            "doubt": 4.0,
        },
    )
    exported = export_int8(copy.deepcopy(net), calibration, promise, args.models, args.run)
    compare(cache, net, exported.int8, points)


def compare(cache: Cache, net: torch.nn.Module, int8: Path, points: Points) -> None:
    """Prints float against int8 on faces outside the training part, plain and spoilt."""
    from edge.vision.network import load as load_network

    network = load_network(int8, labels=LABELS)
    rng = np.random.default_rng(5)
    index = np.flatnonzero(~kept_of(cache, ()))
    covered = cache.covered[index]
    for name in ("plain", "spoilt"):
        pictures = np.stack(
            [plain(cache.cuts[i]) if name == "plain" else spoilt(cache.cuts[i], rng)[0] for i in index]
        )
        floats = predict(net, pictures)
        steps = (pictures.astype(np.int16) - 128).astype(np.int8)
        ints = [network.run_real(s.reshape(1, SIZE_PX, SIZE_PX, 1)) for s in steps]
        cover8 = np.concatenate([o[0] for o in ints])
        pose8 = np.concatenate([o[1] for o in ints])
        right = []
        for cover in (floats[0], cover8):
            hit = (points.odds(cover) > points.cut) == covered
            right.append((hit[covered].mean() + hit[~covered].mean()) / 2)
        classes = (floats[0].argmax(1) == cover8.argmax(1)).mean()
        pose = np.abs(floats[1] - pose8).mean() * 45
        print(
            f"{name:7s} {len(index)} faces: balanced float {right[0]:.4f} int8 {right[1]:.4f} "
            f"(loss {100 * (right[0] - right[1]):+.2f} points), same class {classes:.4f}, "
            f"pose off {pose:.2f} degrees"
        )


if __name__ == "__main__":
    main()
