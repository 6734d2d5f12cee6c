"""Single frames judged normal or abnormal as earlier work did it, and what such a network really learns.

    python -m models.training.unusual.frames --data DATA --work WORK --curves models/unusual_frames.png

Frames and stills of the cabin videos, "normal" (stock footage) against "abnormal" (CCTV). Three learners:
the chain of the cited paper (grey, median, threshold, sharpen, a small network), HOG with a linear SVM,
and a linear head on an ImageNet MobileNetV2. Each is judged on frames split at random, on whole videos
left out, and on normal pictures of other cameras; then with every person painted over, and with nothing
but the four corners left. Prints the card's tables, and draws where the evidence lies (no picture of the
data is drawn).
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import cv2
import matplotlib
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from edge.terms.observation import Box
from models.training.common import Grey, seed_all
from models.training.files import must_read
from models.training.shares import share
from models.training.trunk import imagenet_trunk
from models.training.unusual.clips import Teacher, read_clips, shoot

matplotlib.use("Agg")
import matplotlib.pyplot as plt

Reals = NDArray[np.float32]
Colour = NDArray[np.uint8]
"""N x H x W x 3, BGR."""

WIDTH, HEIGHT = 192, 128
_CLIP_STEP: Final = 5
"""Every fifth picture of a clip: twice a second."""
_FOLDS: Final = 5
_PLAIN: Final = 114
"""The grey that is painted over what must not be seen."""
_CORNER: Final = (0.25, 0.15)
"""Width and height of a corner, as shares of the picture: where clocks, logos and watermarks stand."""
_CELLS: Final = (12, 8)
_MAPPED: Final = 40
"""Pictures of each kind that the heat map is the mean of."""


@dataclass(frozen=True, slots=True)
class Frames:
    """`pictures` with their persons (boxes in pixels), `abnormal`, and the scene each belongs to."""

    pictures: Colour
    persons: Sequence[tuple[Box, ...]]
    abnormal: NDArray[np.bool_]
    scene: NDArray[np.str_]


class _Gatherer:
    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher
        self._pictures: list[Colour] = []
        self._persons: list[tuple[Box, ...]] = []
        self._abnormal: list[bool] = []
        self._scene: list[str] = []

    def add(self, picture: Colour, abnormal: bool, scene: str, known: Sequence[Box] = ()) -> None:
        h, w = picture.shape[:2]
        across, down = WIDTH / w, HEIGHT / h
        boxes = [*self._teacher(picture), *known]
        self._persons.append(tuple((x * across, y * down, bw * across, bh * down) for x, y, bw, bh in boxes))
        self._pictures.append(
            np.asarray(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        )
        self._abnormal.append(abnormal)
        self._scene.append(scene)

    def frames(self) -> Frames:
        return Frames(
            np.stack(self._pictures), self._persons, np.array(self._abnormal), np.array(self._scene)
        )


def gather(data: Path) -> tuple[Frames, Frames]:
    """The cabin frames with their labels, and normal pictures of other cameras."""
    teacher = Teacher(data / "teachers", least=0.2)
    cabin, elsewhere = _Gatherer(teacher), _Gatherer(teacher)
    for clip in read_clips(data):
        into = cabin if clip.task == "atm_behaviour" else elsewhere
        if into is elsewhere and (clip.abnormal or (clip.task == "fight" and clip.source == "ciel-oliver")):
            continue
        video = cv2.VideoCapture(str(clip.path))
        number = 0
        # Elsewhere the clips are many and short: their first picture is enough.
        while video.grab():
            if number % _CLIP_STEP == 0 and (into is cabin or number < (1 if clip.task == "fight" else 50)):
                _, frame = video.retrieve()
                into.add(np.asarray(frame, dtype=np.uint8), clip.abnormal, clip.scene)
            number += 1
    known = cast(dict[str, list[dict[str, object]]], json.loads((data / "scene" / "boxes.json").read_text()))
    with (data / "scene" / "manifest.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            label = line["labels"].split("|")[0]
            if line["task"] == "atm" and label in {"normal", "abnormal"}:
                picture = must_read(data / "scene" / line["path"])
                h, w = picture.shape[:2]
                boxes: list[Box] = []
                for box in known.get(line["path"], []):
                    if box["c"] == "person":
                        x0, y0, x1, y1 = cast(list[float], box["b"])
                        boxes.append((x0 * w, y0 * h, (x1 - x0) * w, (y1 - y0) * h))
                group = line["group"].replace("atm_n12-25", "atm_15").replace("atm_n", "atm_")
                cabin.add(picture, label == "abnormal", shoot(group), boxes)
    return cabin.frames(), elsewhere.frames()


# --- what is hidden ---------------------------------------------------------------------------------


def whole(frames: Frames) -> Colour:
    """As they are."""
    return frames.pictures


def without_persons(frames: Frames) -> Colour:
    """Every person painted over, with a fifth of a margin."""
    out = frames.pictures.copy()
    for picture, boxes in zip(out, frames.persons, strict=True):
        for x, y, w, h in boxes:
            top, left = max(0, int(y - 0.1 * h)), max(0, int(x - 0.1 * w))
            picture[top : int(y + 1.1 * h) + 1, left : int(x + 1.1 * w) + 1] = _PLAIN
    return out


def corners(frames: Frames) -> Colour:
    """Only the four corners are left."""
    across, down = int(WIDTH * _CORNER[0]), int(HEIGHT * _CORNER[1])
    out = frames.pictures.copy()
    out[:, down:-down] = _PLAIN
    out[:, :, across:-across] = _PLAIN
    return out


def marked(frames: Frames, how: str) -> Colour:
    """With what the other kind of footage carries: the word of a stock agency, or a recorder's clock."""
    out = frames.pictures.copy()
    for picture in out:
        if how == "stock":
            over = picture.copy()
            cv2.putText(over, "Stock", (62, 70), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
            cv2.putText(over, "Credit: photographer", (52, 82), cv2.FONT_HERSHEY_SIMPLEX, 0.25, (255,) * 3, 1)
            picture[:] = cv2.addWeighted(over, 0.5, picture, 0.5, 0)
        else:
            cv2.putText(picture, "2020-08-15 14:10:32", (3, 9), cv2.FONT_HERSHEY_SIMPLEX, 0.3, (255,) * 3, 1)
            cv2.putText(picture, "Camera 03", (136, 123), cv2.FONT_HERSHEY_SIMPLEX, 0.3, (255,) * 3, 1)
    return out


# --- the learners -----------------------------------------------------------------------------------

Judge = Callable[[Colour], Reals]
"""Pictures to log-odds of abnormal."""


def _weights(abnormal: NDArray[np.bool_]) -> torch.Tensor:
    """Both kinds count the same, however many there are."""
    parts = torch.tensor([(~abnormal).sum(), abnormal.sum()], dtype=torch.float32).clamp(min=1.0)
    return (len(abnormal) / (2.0 * parts))[torch.from_numpy(abnormal.astype(np.int64))]


def linear(x: Reals, abnormal: NDArray[np.bool_], decay: float) -> Callable[[Reals], Reals]:
    """Logistic regression on standardised features."""
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
    inputs = torch.from_numpy((x - mean) / spread)
    wanted, weights = torch.from_numpy(abnormal.astype(np.float32)), _weights(abnormal)
    w = torch.zeros(x.shape[1], requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    best = torch.optim.LBFGS([w, b], max_iter=60, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        best.zero_grad()
        odds = inputs @ w + b
        total = nn.functional.binary_cross_entropy_with_logits(odds, wanted, weights)
        total = total + decay * (w * w).sum()
        total.backward()
        return cast(torch.Tensor, total)

    best.step(loss)
    weight, bias = w.detach().numpy(), float(b.detach())
    return lambda y: np.asarray(((y - mean) / spread) @ weight + bias, dtype=np.float32)


class Trunk:
    """MobileNetV2 of the teachers' folder, trained on ImageNet; its 1280 features, or a map of them."""

    def __init__(self, teachers: Path) -> None:
        self._net = imagenet_trunk(teachers / "mnv2_imagenet_float16.npz", channels=3, top=True).eval()

    def __call__(self, pictures: Colour) -> Reals:
        out = []
        with torch.inference_mode():
            for begin in range(0, len(pictures), 16):
                rgb = pictures[begin : begin + 16, :, :, ::-1].astype(np.float32) / 127.5 - 1.0
                features = self._net(torch.from_numpy(rgb.transpose(0, 3, 1, 2).copy())).top
                out.append(features.mean(dim=(2, 3)).numpy())
        return np.concatenate(out)


def hog(pictures: Colour) -> Reals:
    """Histograms of oriented gradients of the grey picture at 96x64, as pedestrian finders use them."""
    describe = cv2.HOGDescriptor((96, 64), (16, 16), (8, 8), (8, 8), 9)
    greys = (cv2.cvtColor(cv2.resize(p, (96, 64)), cv2.COLOR_BGR2GRAY) for p in pictures)
    return np.stack([np.asarray(describe.compute(g), dtype=np.float32).ravel() for g in greys])


def svm(x: Reals, abnormal: NDArray[np.bool_]) -> Callable[[Reals], Reals]:
    """A linear support vector machine; the distance from its plane stands for log-odds."""
    machine = cv2.ml.SVM.create()
    machine.setType(cv2.ml.SVM_C_SVC)
    machine.setKernel(cv2.ml.SVM_LINEAR)
    machine.setC(0.1)
    machine.train(x, cv2.ml.ROW_SAMPLE, abnormal.astype(np.int32))
    signs = machine.predict(x)[1].ravel()
    raw = machine.predict(x, flags=cv2.ml.STAT_MODEL_RAW_OUTPUT)[1].ravel()
    # Which side is which depends on the first sample.
    turn = 1.0 if float(((raw > 0) == (signs > 0)).mean()) > 0.5 else -1.0
    return lambda y: np.asarray(
        turn * machine.predict(y, flags=cv2.ml.STAT_MODEL_RAW_OUTPUT)[1].ravel(), np.float32
    )


def paper_chain(pictures: Colour) -> Grey:
    """Grey, median, threshold (Otsu; below it black), sharpened: N x 48 x 64."""
    out = []
    for picture in pictures:
        grey = cv2.medianBlur(cv2.cvtColor(cv2.resize(picture, (64, 48)), cv2.COLOR_BGR2GRAY), 3)
        _, kept = cv2.threshold(grey, 0, 255, cv2.THRESH_TOZERO + cv2.THRESH_OTSU)
        sharp = cv2.addWeighted(kept, 1.5, cv2.GaussianBlur(kept, (0, 0), 1.5), -0.5, 0)
        out.append(np.asarray(sharp, dtype=np.uint8))
    return np.stack(out)


def small_network(
    pictures: Grey, abnormal: NDArray[np.bool_], seed: int, epochs: int
) -> Callable[[Grey], Reals]:
    """Three convolutions and two dense layers, as in the earlier work."""
    rng = seed_all(seed)
    net = nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * 6 * 8, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 1)),
    )
    x = torch.from_numpy(pictures[:, None].astype(np.float32) / 255.0)
    wanted, weights = torch.from_numpy(abnormal.astype(np.float32)), _weights(abnormal)
    adam = torch.optim.Adam(net.parameters(), 1e-3)
    for _ in range(epochs):
        for index in np.array_split(rng.permutation(len(x)), max(1, len(x) // 32)):
            adam.zero_grad()
            odds = net(x[index])[:, 0]
            nn.functional.binary_cross_entropy_with_logits(odds, wanted[index], weights[index]).backward()
            adam.step()
    net.eval()

    def judge(greys: Grey) -> Reals:
        with torch.inference_mode():
            y = torch.from_numpy(greys[:, None].astype(np.float32) / 255.0)
            return np.concatenate([net(part)[:, 0].numpy() for part in torch.split(y, 256)])

    return judge


@dataclass(frozen=True, slots=True)
class Learner:
    """`see`: pictures to features; `learn`: features, labels and a seed to a judge of features."""

    name: str
    see: Callable[[Colour], NDArray[np.generic]]
    learn: Callable[[NDArray[np.generic], NDArray[np.bool_], int], Callable[[NDArray[np.generic]], Reals]]


def learners(data: Path, epochs: int) -> tuple[Learner, ...]:
    """The three, in the order of the card."""

    def network(x: NDArray[np.generic], y: NDArray[np.bool_], seed: int) -> Callable[..., Reals]:
        return small_network(cast(Grey, x), y, seed, epochs)

    def machine(x: NDArray[np.generic], y: NDArray[np.bool_], seed: int) -> Callable[..., Reals]:
        return svm(cast(Reals, x), y)

    def head(x: NDArray[np.generic], y: NDArray[np.bool_], seed: int) -> Callable[..., Reals]:
        return linear(cast(Reals, x), y, decay=1e-2)

    return (
        Learner("grey, median, threshold, sharpen, small network", paper_chain, network),
        Learner("HOG and linear SVM", hog, machine),
        Learner("linear head on ImageNet MobileNetV2", Trunk(data / "teachers"), head),
    )


# --- measuring --------------------------------------------------------------------------------------


def folds_at_random(count: int, seed: int) -> NDArray[np.int64]:
    """The fold of each frame, whatever video it is from."""
    return np.random.default_rng(seed).permutation(count) % _FOLDS


def folds_by_scene(frames: Frames, seed: int) -> NDArray[np.int64]:
    """The fold of each frame; all of one scene in one fold, both kinds spread evenly."""
    fold = np.zeros(len(frames.scene), dtype=np.int64)
    load = np.zeros((_FOLDS, 2))
    scenes = np.unique(frames.scene)
    sizes = {scene: int((frames.scene == scene).sum()) for scene in scenes}
    order = sorted(np.random.default_rng(seed).permutation(scenes), key=lambda s: -sizes[s])
    for scene in order:
        here = frames.scene == scene
        kinds = np.array([(~frames.abnormal[here]).sum(), frames.abnormal[here].sum()], dtype=np.float64)
        best = int(np.argmin((load * kinds).sum(axis=1) + 1e-3 * load.sum(axis=1)))
        load[best] += kinds
        fold[here] = best
    return fold


def cross(
    learner: Learner, x: NDArray[np.generic], frames: Frames, folds: NDArray[np.int64], seed: int
) -> Reals:
    """Each frame judged by the learner that did not learn from its fold."""
    odds = np.zeros(len(x), dtype=np.float32)
    for number in range(_FOLDS):
        out = folds == number
        judge = learner.learn(x[~out], frames.abnormal[~out], seed)
        odds[out] = judge(x[out])
    return odds


def balanced(odds: Reals, abnormal: NDArray[np.bool_]) -> float:
    """The mean of the shares of both kinds that are right."""
    right = (odds > 0) == abnormal
    return float((right[abnormal].mean() + right[~abnormal].mean()) / 2)


def _row(name: str, what: str, odds: Reals, frames: Frames) -> str:
    right = int(((odds > 0) == frames.abnormal).sum())
    return f"| {name} | {what} | {share(right, len(odds))} | {balanced(odds, frames.abnormal):.3f} |"


def measure(cabin: Frames, elsewhere: Frames, all_learners: Sequence[Learner], seed: int) -> None:
    """Both tables of the card on standard output."""
    random, scenes = folds_at_random(len(cabin.scene), seed), folds_by_scene(cabin, seed)
    print(f"{len(cabin.scene)} frames of {len(np.unique(cabin.scene))} scenes, "
          f"{int(cabin.abnormal.sum())} abnormal; {len(elsewhere.scene)} normal frames of "
          f"{len(np.unique(elsewhere.scene))} scenes elsewhere\n", flush=True)  # fmt: skip
    print("| learner | what it sees | frames at random | balanced | whole videos left out | balanced"
          " | normal elsewhere called abnormal |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for learner in all_learners:
        for what, hide in (
            ("everything", whole),
            ("persons painted over", without_persons),
            ("four corners alone", corners),
        ):
            x = learner.see(hide(cabin))
            by_frame = cross(learner, x, cabin, random, seed)
            by_video = cross(learner, x, cabin, scenes, seed)
            outside = learner.learn(x, cabin.abnormal, seed)(learner.see(hide(elsewhere)))
            cells = []
            for odds in (by_frame, by_video):
                right = int(((odds > 0) == cabin.abnormal).sum())
                cells += [share(right, len(odds)), f"{balanced(odds, cabin.abnormal):.3f}"]
            cells.append(share(int((outside > 0).sum()), len(outside)))
            print(f"| {learner.name} | {what} | " + " | ".join(cells) + " |", flush=True)
    print("\n| learner, whole videos left out | as they are | with the other kind's mark drawn on |")
    print("|---|---|---|")
    for learner in all_learners:
        x = learner.see(cabin.pictures)
        before = cross(learner, x, cabin, scenes, seed)
        for how, kind in (("stock", cabin.abnormal), ("recorder", ~cabin.abnormal)):
            drawn = learner.see(marked(cabin, how))
            after = np.zeros_like(before)
            for number in range(_FOLDS):
                out = scenes == number
                after[out] = learner.learn(x[~out], cabin.abnormal[~out], seed)(drawn[out])
            called = [share(int((o[kind] > 0).sum()), int(kind.sum())) for o in (before, after)]
            name = "CCTV + a stock agency's word" if how == "stock" else "stock + a recorder's clock"
            print(f"| {learner.name}: {name}: called abnormal | {called[0]} | {called[1]} |", flush=True)


def evidence(cabin: Frames, trunk: Learner, seed: int) -> tuple[list[Reals], list[Reals]]:
    """For normal and abnormal: what hiding each cell takes away, and how often a person stands in it.

    The log-odds that a grey square takes from the right answer, the mean over pictures of a random
    test part; `_CELLS` across and down.
    """
    folds = folds_at_random(len(cabin.scene), seed)
    x = trunk.see(cabin.pictures)
    learnt = folds != 0
    judge = trunk.learn(x[learnt], cabin.abnormal[learnt], seed)
    rng = np.random.default_rng(seed)
    across, down = WIDTH // _CELLS[0], HEIGHT // _CELLS[1]
    maps, bodies = [], []
    for kind in (False, True):
        index = np.flatnonzero(~learnt & (cabin.abnormal == kind))
        # As many of each video, so that one long one is not the whole map.
        scenes = rng.permutation(np.unique(cabin.scene[index]))
        picked = [int(i) for n in range(_MAPPED) for s in scenes
                  for i in index[cabin.scene[index] == s][n : n + 1]][:_MAPPED]  # fmt: skip
        lost = np.zeros((_CELLS[1], _CELLS[0]), dtype=np.float32)
        body = np.zeros_like(lost)
        for i in picked:
            hidden = np.repeat(cabin.pictures[i][None], _CELLS[0] * _CELLS[1] + 1, axis=0)
            for n in range(_CELLS[0] * _CELLS[1]):
                row, column = divmod(n, _CELLS[0])
                top, left = row * down - down // 2, column * across - across // 2
                hidden[n, max(0, top) : top + 2 * down, max(0, left) : left + 2 * across] = _PLAIN
            odds = judge(trunk.see(hidden)) * (1.0 if kind else -1.0)
            lost += (odds[-1] - odds[:-1]).reshape(lost.shape) / len(picked)
            mask = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
            for bx, by, bw, bh in cabin.persons[i]:
                mask[max(0, int(by)) : int(by + bh), max(0, int(bx)) : int(bx + bw)] = 1.0
            body += cv2.resize(mask, _CELLS, interpolation=cv2.INTER_AREA) / len(picked)
        maps.append(lost)
        bodies.append(body)
    return maps, bodies


def draw(maps: Sequence[Reals], bodies: Sequence[Reals], path: Path) -> None:
    """Where the evidence lies, and where people stand; nothing of any picture."""
    figure, axes = plt.subplots(2, 2, figsize=(8.4, 5.6), constrained_layout=True)
    most = max(float(np.abs(m).max()) for m in maps)
    names = ('"normal" (stock footage)', '"abnormal" (CCTV)')
    for row, (lost, body, name) in enumerate(zip(maps, bodies, names, strict=True)):
        for column, (values, title, colours, low, high) in enumerate(
            (
                (lost, f"{name}: log-odds lost\nwhen a square is hidden", "RdBu_r", -most, most),
                (body, "share of these frames with\na person in the square", "Greys", 0.0, 1.0),
            )
        ):
            axis = axes[row][column]
            shown = axis.imshow(values, cmap=colours, vmin=low, vmax=high, extent=(0, 12, 8, 0))
            axis.set_title(title, fontsize=9)
            axis.set_xticks([])
            axis.set_yticks([])
            figure.colorbar(shown, ax=axis, shrink=0.8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.training.unusual.frames",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="the heat map's numbers are kept here")
    parser.add_argument("--curves", type=Path, required=True, help="the heat map's picture")
    parser.add_argument("--epochs", type=int, default=10, help="of the small network")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    seed_all(arguments.seed)
    cabin, elsewhere = gather(arguments.data)
    all_learners = learners(arguments.data, arguments.epochs)
    measure(cabin, elsewhere, all_learners, arguments.seed)
    arguments.work.mkdir(parents=True, exist_ok=True)
    kept = arguments.work / "evidence.npz"
    if not kept.exists():
        maps, bodies = evidence(cabin, all_learners[-1], arguments.seed)
        np.savez(kept, maps=np.stack(maps), bodies=np.stack(bodies))
    with np.load(kept) as file:
        draw(list(file["maps"]), list(file["bodies"]), arguments.curves)
        for kind, lost, body in zip(("normal", "abnormal"), file["maps"], file["bodies"], strict=True):
            found = np.maximum(lost, 0.0)
            on_people = float((found * body).sum() / max(float(found.sum()), 1e-9))
            print(f"{kind}: {on_people:.2f} of the evidence lies where a person stands, "
                  f"{float(body.mean()):.2f} of the picture does")  # fmt: skip


if __name__ == "__main__":
    main()
