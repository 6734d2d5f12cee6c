"""The whole-clip score: weights of the measures, and how well they do on places never seen.

    python -m models.training.unusual.score --data DATA --cache CACHE --out models --curves unusual_curves.png

Logistic regression on what `edge/vision/scene/unusual.py` measures, each weight held to the sign that
makes sense. Every clip counts the same however long, every source by the root of its clips, both kinds
alike. Prints the card's tables: whole videos left out, whole sources left out, false alarms at operating
points chosen on the other sources, and peers that see pictures. Then learns from everything and writes
`unusual.json`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.cabin.events import AnomalyBegan
from edge.judge.unusual import UnusualJudge
from edge.terms.observation import CameraHealth, Observation
from edge.vision.scene.unusual import EVERY_S, MEASURES, OVER_S, Watch
from models.training.shares import share
from models.training.unusual.clips import Clip, Film, film_of, finder_of, read_clips, read_walkers

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

VERSION: Final = "1.0.0"
_RIDGE: Final = 0.02
_STEPS: Final = 400
_FOLDS: Final = 8
_NORMAL_TOP: Final = 0.03
"""The share of normal clips that may be above the operating point."""
NO_ROOMS: Final = ("ciel-oliver", "tiao051")
"""Films, street crowds and sport: learnt from and reported, but no ground for a cabin's operating point."""
JUDGED: Final = 8
"""Answers that the judge takes the mean of: four seconds."""
_LONG_S: Final = 5.0
_SIGNS: Final = np.array([m.sign for m in MEASURES], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers of all clips: `values` N x measures, `clip` the index of each one's clip."""

    clips: Sequence[Clip]
    values: Reals
    clip: NDArray[np.int64]

    @property
    def abnormal(self) -> Flags:
        return np.array([c.abnormal for c in self.clips])

    @property
    def source(self) -> NDArray[np.str_]:
        return np.array([c.source for c in self.clips])

    @property
    def scene(self) -> NDArray[np.str_]:
        return np.array([c.scene for c in self.clips])


def answers_of(clips: Sequence[Clip], films: Callable[[Clip], Film]) -> Answers:
    """What the kiosk would measure; clips too short, or without anything to say, are left out."""
    kept: list[Clip] = []
    values: list[Reals] = []
    of_clip: list[int] = []
    for clip in clips:
        film, watch = films(clip), Watch()
        said = [
            value
            for picture, at_s, look in zip(film.pictures, film.at_s, film.looks, strict=True)
            if (value := watch.update(picture, float(at_s), look)) is not None
        ]
        if said:
            values += said
            of_clip += [len(kept)] * len(said)
            kept.append(clip)
    return Answers(kept, np.stack(values), np.array(of_clip, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Learnt:
    """What becomes `unusual.json`; `bias` is zero until an operating point is chosen."""

    middle: Reals
    spread: Reals
    weight: Reals
    low: Reals
    high: Reals

    def __call__(self, values: Reals) -> Reals:
        """Log-odds, less the operating point."""
        off = (np.clip(values, self.low, self.high) - self.middle) / self.spread
        return np.asarray(off @ self.weight, dtype=np.float64)


def counts(answers: Answers, known: Flags) -> Reals:
    """How much each answer counts; `known` says which clips may be learnt from."""
    weights = np.zeros(len(answers.clip))
    abnormal, source = answers.abnormal, answers.source
    length = np.bincount(answers.clip, minlength=len(answers.clips))
    for kind in (False, True):
        total = 0.0
        here = known & (abnormal == kind)
        for name in np.unique(source[here]):
            of_it = here & (source == name)
            mine = of_it[answers.clip]
            weights[mine] = 1.0 / length[answers.clip[mine]] / np.sqrt(of_it.sum())
            total += float(weights[mine].sum())
        weights[here[answers.clip]] /= max(total, 1e-9)
    return weights


def learn(answers: Answers, known: Flags) -> Learnt:
    """Ridge logistic regression with signed weights, by accelerated projected gradients."""
    mine = known[answers.clip]
    x, weights = answers.values[mine], counts(answers, known)[mine]
    wanted = answers.abnormal[answers.clip][mine].astype(np.float64)
    low, high = np.quantile(x, (0.01, 0.99), axis=0)
    middle, spread = x[wanted == 0.0].mean(axis=0), x.std(axis=0) + 1e-6
    z = (np.clip(x, low, high) - middle) / spread * _SIGNS
    z = np.concatenate([z, np.ones((len(z), 1))], axis=1)
    weights = weights / weights.sum()
    steep = float(np.linalg.eigvalsh((z * weights[:, None]).T @ z)[-1]) / 4.0 + 2.0 * _RIDGE
    ridge = np.append(np.full(len(MEASURES), 2.0 * _RIDGE), 0.0)
    least = np.append(np.zeros(len(MEASURES)), -np.inf)
    last = ahead = np.zeros(len(MEASURES) + 1)
    momentum = 1.0
    for _ in range(_STEPS):
        error = weights * (1.0 / (1.0 + np.exp(-z @ ahead)) - wanted)
        here = np.maximum(ahead - (z.T @ error + ridge * ahead) / steep, least)
        further = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        ahead = here + (momentum - 1.0) / further * (here - last)
        last, momentum = here, further
    return Learnt(middle, spread, last[:-1] * _SIGNS, low, high)


def of_clips(answers: Answers, odds: Reals) -> Reals:
    """The highest mean over four seconds of each clip, as the judge sees it."""
    out = np.zeros(len(answers.clips))
    for number in range(len(out)):
        said = odds[answers.clip == number]
        width = min(JUDGED, len(said))
        out[number] = np.convolve(said, np.full(width, 1.0 / width), "valid").max()
    return out


def left_out(answers: Answers, part: NDArray[np.generic]) -> Reals:
    """The score of each clip by weights that saw nothing of its part."""
    out = np.zeros(len(answers.clips))
    for name in np.unique(part):
        away = part == name
        out[away] = of_clips(answers, learn(answers, ~away)(answers.values))[away]
    return out


def by_scene(answers: Answers, seed: int) -> NDArray[np.int64]:
    """A fold for each clip, all of one scene in one."""
    names = np.random.default_rng(seed).permutation(np.unique(answers.scene))
    fold = {str(name): number % _FOLDS for number, name in enumerate(names)}
    return np.array([fold[str(name)] for name in answers.scene])


def area(score: Reals, abnormal: Flags) -> float:
    """Area under the curve: how often an abnormal clip scores above a normal one; NaN without both."""
    above, below = score[abnormal], score[~abnormal]
    if not len(above) or not len(below):
        return float("nan")
    won = (above[:, None] > below[None]).mean() + 0.5 * (above[:, None] == below[None]).mean()
    return float(won)


def area_text(score: Reals, abnormal: Flags, scene: NDArray[np.str_], seed: int) -> str:
    """`0.80 (0.74 to 0.86)`: whole scenes are drawn again and again, 95 % of the areas lie within."""
    value = area(score, abnormal)
    if np.isnan(value):
        return "-"
    rng = np.random.default_rng(seed)
    names = np.unique(scene)
    members = {name: np.flatnonzero(scene == name) for name in names}
    drawn = []
    for _ in range(1000):
        index = np.concatenate([members[name] for name in rng.choice(names, len(names))])
        one = area(score[index], abnormal[index])
        if not np.isnan(one):
            drawn.append(one)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def point(score: Reals, abnormal: Flags, source: NDArray[np.str_]) -> float:
    """What no more than `_NORMAL_TOP` of the normal clips of rooms is above."""
    normal = np.sort(score[~abnormal & ~np.isin(source, NO_ROOMS)])[::-1]
    return float(normal[int(_NORMAL_TOP * len(normal))])


def tell(answers: Answers, seed: int) -> float:
    """The card's tables; returns the operating point of the shipped weights."""
    abnormal, source, scene = answers.abnormal, answers.source, answers.scene
    videos, sources = left_out(answers, by_scene(answers, seed)), left_out(answers, source)
    print(f"{len(answers.clips)} clips of {len(np.unique(scene))} scenes and {len(np.unique(source))} "
          f"sources, {int(abnormal.sum())} abnormal\n")  # fmt: skip
    print("| source | normal, abnormal | area, whole videos left out | area, the whole source left out"
          " | false alarms | found |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    fired = np.zeros(len(source), dtype=np.bool_)
    for name in np.unique(source):
        here = source == name
        # The other sources' scores on whole videos left out: nothing of this source, and none on its own
        # learning set.
        away = point(left_out_but(answers, str(name), seed), abnormal[~here], source[~here])
        fired[here] = sources[here] > away
        print(_line(str(name), here, answers, (videos, sources), fired, seed))
    print(_line("all", np.ones(len(source), dtype=np.bool_), answers, (videos, sources), fired, seed))
    judged(answers, seed)
    return point(videos, abnormal, source)


def alarms(odds: Reals) -> int:
    """How often the kiosk's judge would begin to tell, given a clip's answers and nothing before it."""
    judge, begun = UnusualJudge(), 0
    for number, logit in enumerate(odds):
        at_s = number * EVERY_S
        seen = Observation(number, at_s, (320, 240), (), 0.0, CameraHealth.OK, unusual_logit=float(logit))
        begun += sum(isinstance(fact, AnomalyBegan) for fact in judge.update(seen, at_s))
    return begun


def judged(answers: Answers, seed: int) -> None:
    """Alarms of the kiosk's judge on the clips long enough for it, by weights and points of other sources."""
    length = np.bincount(answers.clip, minlength=len(answers.clips))
    print(f"\n| clips of {_LONG_S:g} s and more | normal: told | of minutes | abnormal: told |")
    print("|---|---|--:|---|")
    for name in np.unique(answers.source):
        here = answers.source == name
        long = here & (length * EVERY_S + OVER_S >= _LONG_S)
        if not long.any():
            continue
        cut = point(left_out_but(answers, str(name), seed), answers.abnormal[~here], answers.source[~here])
        odds = learn(answers, ~here)(answers.values) - cut
        told = np.array([long[i] and alarms(odds[answers.clip == i]) > 0 for i in range(len(here))])
        cells = [
            share(int(told[kind].sum()), int(kind.sum())) if kind.any() else "-"
            for kind in (long & ~answers.abnormal, long & answers.abnormal)
        ]
        minutes = float((length[long & ~answers.abnormal] * EVERY_S + OVER_S - EVERY_S).sum()) / 60.0
        print(f"| {name} | {cells[0]} | {minutes:.1f} | {cells[1]} |")


def walkers(
    learnt: Learnt, cut: float, clips: Sequence[Clip], films: Callable[[Clip], Film]
) -> tuple[int, int, float]:
    """Clips that the judge would tell of, of how many, and their minutes, by the shipped weights."""
    answers = answers_of(clips, films)
    odds = learnt(answers.values) - cut
    told = sum(alarms(odds[answers.clip == number]) > 0 for number in range(len(answers.clips)))
    minutes = sum(float(films(clip).at_s[-1]) for clip in answers.clips) / 60.0
    return told, len(answers.clips), minutes


def left_out_but(answers: Answers, name: str, seed: int) -> Reals:
    """The scores on whole videos left out of every source but `name`, which nothing learns from."""
    fold, other = by_scene(answers, seed), answers.source != name
    out = np.zeros(len(answers.clips))
    for number in range(_FOLDS):
        away = fold == number
        out[away] = of_clips(answers, learn(answers, other & ~away)(answers.values))[away]
    return np.asarray(out[other], dtype=np.float64)


def _line(
    name: str, here: Flags, answers: Answers, scores: tuple[Reals, Reals], fired: Flags, seed: int
) -> str:
    abnormal, scene = answers.abnormal, answers.scene
    normal = here & ~abnormal
    unusual = here & abnormal
    areas = [area_text(s[here], abnormal[here], scene[here], seed) for s in scores]
    false = share(int(fired[normal].sum()), int(normal.sum())) if normal.any() else "-"
    found = share(int(fired[unusual].sum()), int(unusual.sum())) if unusual.any() else "-"
    return f"| {name} | {normal.sum()}, {unusual.sum()} | {areas[0]} | {areas[1]} | {false} | {found} |"


def peers(answers: Answers, data: Path, films: Callable[[Clip], Film], seed: int) -> None:
    """The same clips judged by what their middle picture shows: what a network of pictures would learn."""
    from models.training.unusual.frames import Trunk, hog, linear, svm

    middles = []
    for clip in answers.clips:
        grey = films(clip).pictures
        small = cv2.resize(grey[len(grey) // 2], (192, 128))
        middles.append(np.repeat(small[:, :, None], 3, axis=2))
    pictures = np.stack(middles)
    abnormal, source, scene = answers.abnormal, answers.source, answers.scene
    print("\n| peer on the middle picture | area, whole videos left out | area, whole sources left out |")
    print("|---|---|---|")
    for name, x, how in (
        ("HOG and linear SVM", hog(pictures), svm),
        ("ImageNet MobileNetV2, linear head", Trunk(data / "teachers")(pictures), _head(linear)),
    ):
        cells = []
        for part in (by_scene(answers, seed), source):
            out = np.zeros(len(abnormal))
            for one in np.unique(part):
                away = part == one
                out[away] = how(x[~away], abnormal[~away])(x[away])
            cells.append(area_text(out, abnormal, scene, seed))
        print(f"| {name} | {cells[0]} | {cells[1]} |", flush=True)


def _head(
    linear: Callable[
        [NDArray[np.float32], Flags, float], Callable[[NDArray[np.float32]], NDArray[np.float32]]
    ],
) -> Callable[[NDArray[np.float32], Flags], Callable[[NDArray[np.float32]], NDArray[np.float32]]]:
    return lambda x, abnormal: linear(x, abnormal, 1e-2)


def write(learnt: Learnt, cut: float, out: Path) -> None:
    """`unusual.json`; zero is the operating point."""
    columns = {
        name: [round(float(n), 6) for n in cast(Reals, getattr(learnt, name))]
        for name in ("middle", "spread", "weight", "low", "high")
    }
    content = {"name": "unusual", "version": VERSION, "measures": [m.name for m in MEASURES]}
    text = json.dumps({**content, **columns, "bias": round(-cut, 6)}, indent=1)
    (out / "unusual.json").write_text(text + "\n")


def draw(answers: Answers, seed: int, path: Path) -> None:
    """Misses against false alarms, whole videos and whole sources left out."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    abnormal = answers.abnormal
    figure, axis = plt.subplots(figsize=(5.2, 4.2), constrained_layout=True)
    for name, part in (("whole videos", by_scene(answers, seed)), ("whole sources", answers.source)):
        score = left_out(answers, part)
        cuts = np.unique(score)
        false = [float((score[~abnormal] > c).mean()) for c in cuts]
        missed = [float((score[abnormal] <= c).mean()) for c in cuts]
        axis.plot(false, missed, label=f"{name} left out")
    axis.plot([0, 1], [1, 0], ":", color="grey", label="a coin")
    axis.set_xlabel("normal clips called unusual")
    axis.set_ylabel("abnormal clips missed")
    axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.training.unusual.score",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="decoded clips; see clips.py")
    parser.add_argument("--out", type=Path, default=Path("models"), help="where unusual.json is written")
    parser.add_argument("--models", type=Path, default=Path("models"), help="where the scene network is")
    parser.add_argument("--persons", choices=("scene", "ssd"), default="scene", help="who finds persons")
    parser.add_argument("--curves", type=Path, help="misses against false alarms, as a picture")
    parser.add_argument("--peers", action="store_true", help="also judge by pictures (needs PyTorch)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    finder = finder_of(arguments.persons, arguments.data, arguments.models)

    def films(clip: Clip) -> Film:
        return film_of(clip, finder, arguments.cache)

    answers = answers_of(read_clips(arguments.data), films)
    cut = tell(answers, arguments.seed)
    learnt = learn(answers, np.ones(len(answers.clips), dtype=np.bool_))
    arguments.out.mkdir(parents=True, exist_ok=True)
    write(learnt, cut, arguments.out)
    print("\n| measure | weight |\n|---|--:|")
    for measure, weight in zip(MEASURES, learnt.weight, strict=True):
        print(f"| {measure.words} | {weight:+.2f} |")
    print(f"\noperating point {cut:.3f}")
    told, of, minutes = walkers(learnt, cut, read_walkers(arguments.data), films)
    print(f"people with bags, sources never learnt from: told in {share(told, of)}, {minutes:.1f} minutes")
    if arguments.curves:
        draw(answers, arguments.seed, arguments.curves)
    if arguments.peers:
        peers(answers, arguments.data, films, arguments.seed)


if __name__ == "__main__":
    main()
