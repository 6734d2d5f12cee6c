"""Measures the face check for its card: tables in Markdown on standard output, curves beside the model.

    python -m models.training.check.report --cache CACHE --data DATA --folds A B C D --models models

Left-out sources are judged by the float networks that never saw them, by-person figures by the shipped int8
file. "Found" means on the finder's own boxes and landmarks, as in the kiosk; "aligned" on the teacher's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import torch
from numpy.typing import NDArray

from edge.vision.face.align import SIZE_PX, frame_of
from edge.vision.face.check import LABELS, STILL, Checker
from edge.vision.face.find import Finder, Found
from edge.vision.network import load as load_network
from models.training.check.askew import half_of
from models.training.check.augment import plain, seen
from models.training.check.data import CACHE_PX, COVERED, Cache, load
from models.training.check.export import Points, balance, choose, cut_of, held_out, net_of
from models.training.check.train import ALWAYS_OUT, kept_of, maker, predict
from models.training.common import part
from models.training.files import must_read
from models.training.shares import share, wilson

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def through_finder(
    cache: Cache, data: Path, finder: Finder, index: NDArray[np.int64]
) -> list[list[NDArray[np.uint8]] | None]:
    """The inputs of the still views as the finder sees each crop's face; None where it sees none.

    Crops hold one labelled face; of several found the one nearest to the middle counts.
    """
    out: list[list[NDArray[np.uint8]] | None] = []
    for i in index:
        grey = must_read(data / cache.path[i], cv2.IMREAD_GRAYSCALE)
        found = finder.look(grey)
        if not found:
            out.append(None)
            continue
        best = nearest(found, grey)
        out.append([seen(grey, frame_of(best.box, best.landmarks), view) for view in STILL])
    return out


def nearest(found: list[Found], grey: NDArray[np.uint8]) -> Found:
    """The face nearest to the middle, larger ones preferred."""
    return min(found, key=lambda f: _off(f, grey.shape[1] / 2, grey.shape[0] / 2))


def _off(found: Found, x: float, y: float) -> float:
    bx, by = found.box[0] + found.box[2] / 2, found.box[1] + found.box[3] / 2
    return math.hypot(bx - x, by - y) - 0.5 * found.box[2]


def _kind(cache: Cache, i: int) -> str:
    label = LABELS[cache.label[i]]
    if cache.raw[i] == "synthetic_mask":
        return "pasted mask"
    return str(label).replace("_", " ")


def by_source(
    cache: Cache,
    index: NDArray[np.int64],
    covered: NDArray[np.bool_],
    found: NDArray[np.float64],
    cut: float,
    found_cut: float,
    odds: NDArray[np.float64],
) -> None:
    """The table by source and kind; `found` is NaN where the finder saw nothing."""
    print(
        "| source | kind | aligned: right | found: right of those found | not found |\n|---|---|---|---|---|"
    )
    names = np.array(
        [f"{maker(cache.source[i])}|{_kind(cache, i)}|{cache.kind[i] == 'photo'}" for i in index]
    )
    for name in np.unique(names):
        here = names == name
        right = ((odds > cut) == covered)[here]
        source, kind, small = name.split("|")
        kind += " (20 to 36 px)" if small == "True" else ""
        known = here & ~np.isnan(found)
        if small == "True":
            second, missed = "", ""
        else:
            second = share(int(((found > found_cut) == covered)[known].sum()), int(known.sum()))
            missed = str(int(here.sum() - known.sum()))
        print(f"| {source} | {kind} | {share(int(right.sum()), int(here.sum()))} | {second} | {missed} |")


def balanced(covered: NDArray[np.bool_], odds: NDArray[np.float64], cut: float) -> tuple[float, float, float]:
    """Balanced accuracy, bare faces called covered, covered ones called bare."""
    wrong_bare = float((odds[~covered] > cut).mean())
    wrong_covered = float((odds[covered] <= cut).mean())
    return 1 - (wrong_bare + wrong_covered) / 2, wrong_bare, wrong_covered


def typology(cut: NDArray[np.uint8], marks: NDArray[np.float32]) -> float:
    """Individual typology angle of the cheeks (Chardon et al., 1991), high for light skin; light enters."""
    lab = cv2.cvtColor(cut.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    patches = []
    for eye, mouth in ((0, 3), (1, 4)):
        x, y = (marks[eye] * 0.4 + marks[mouth] * 0.6).astype(int)
        patches.append(lab[max(y - 4, 0) : y + 5, max(x - 4, 0) : x + 5].reshape(-1, 3))
    light, _, blue = np.median(np.concatenate(patches), 0)
    return float(np.degrees(np.arctan2(light - 50, blue))) if blue > 0.5 else float("nan")


def draw(
    cache: Cache,
    index: NDArray[np.int64],
    covered: NDArray[np.bool_],
    odds: NDArray[np.float64],
    cover: NDArray[np.float64],
    cut: float,
    folder: Path,
) -> None:
    """Precision-recall, reliability and confusion as one picture."""
    figure, (a, b, c) = plt.subplots(1, 3, figsize=(15, 4.6))
    for name, kept in (
        ("all", np.ones(len(index), bool)),
        ("glasses", (cache.label[index] == 3) | ~covered),
        ("masks", np.isin(cache.label[index], [1, 2]) | ~covered),
    ):
        order = np.argsort(-odds[kept])
        hit = covered[kept][order]
        weight = np.where(hit, 0.5 / hit.sum(), 0.5 / (~hit).sum())
        recall = np.cumsum(weight * hit) * 2
        precision = np.cumsum(weight * hit) / np.cumsum(weight)
        a.plot(recall, precision, label=name)
    _, wrong, missed = balanced(covered, odds, cut)
    a.plot([1 - missed], [(1 - missed) / (1 - missed + wrong)], "ko", label="operating point")
    a.set(
        xlabel="recall of covered", ylabel="precision at equal numbers", xlim=(0.8, 1.002), ylim=(0.8, 1.005)
    )
    a.legend()
    a.grid(alpha=0.3)
    chance = 1 / (1 + np.exp(-odds))
    edges = np.linspace(0, 1, 11)
    weight = balance(cache, index)
    xs, ys = [], []
    for low, high in itertools.pairwise(edges):
        here = (chance >= low) & (chance <= high)
        if here.sum() >= 10:
            xs.append(np.average(chance[here], weights=weight[here]))
            ys.append(np.average(covered[here], weights=weight[here]))
    b.plot([0, 1], [0, 1], "k:", lw=1)
    b.plot(xs, ys, "o-")
    b.set(xlabel="said: chance of covered", ylabel="was covered", title="reliability, left-out sources")
    b.grid(alpha=0.3)
    likeliest = np.where((odds > cut)[:, None] == COVERED, cover, -np.inf)
    said = likeliest.argmax(1)
    table = np.zeros((len(LABELS), len(LABELS)), int)
    np.add.at(table, (cache.label[index], said), 1)
    c.imshow(table / np.maximum(table.sum(1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    for y in range(len(LABELS)):
        for x in range(len(LABELS)):
            if table[y, x]:
                c.text(
                    x,
                    y,
                    table[y, x],
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="white" if table[y, x] > 0.6 * table[y].sum() else "black",
                )
    names = [n.replace("mask_under_nose", "under nose") for n in LABELS]
    c.set(xticks=range(len(LABELS)), yticks=range(len(LABELS)), xlabel="said", ylabel="is")
    c.set_xticklabels(names, rotation=60, ha="right")
    c.set_yticklabels(names)
    figure.tight_layout()
    figure.savefig(folder / "face_check_curves.png", dpi=70)


def main() -> None:
    """Prints everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/faces"))
    parser.add_argument("--folds", type=Path, nargs="+", required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    cache = load(args.cache)
    points = Points.of(json.loads((args.models / "face_check.json").read_text())["operating_points"])
    cut = points.cut
    finder = Finder(args.models)

    held = held_out(cache, args.folds)
    covered = cache.covered[held.index]
    odds = points.odds(held.still)
    fold_of = np.concatenate([np.full(len(held_out(cache, [f]).index), k) for k, f in enumerate(args.folds)])
    found = np.full(len(held.index), np.nan)
    for k, fold in enumerate(args.folds):
        net = net_of(fold)
        here = np.flatnonzero((fold_of == k) & (cache.kind[held.index] != "photo"))
        inputs = through_finder(cache, args.data, finder, held.index[here])
        known = [n for n, views in enumerate(inputs) if views is not None]
        if not known:
            continue
        views = np.concatenate([inputs[n] for n in known])
        cover = predict(net, views)[0].reshape(len(known), len(STILL), -1).mean(1)
        found[here[known]] = points.odds(cover)
    print("## Left-out sources\n")
    by_source(cache, held.index, covered, found, cut, cut, odds)
    large = cache.kind[held.index] != "photo"
    for name, of, numbers in (
        ("aligned", large, odds),
        ("found", ~np.isnan(found), found),
        ("aligned, with 20 to 36 px", large | ~large, odds),
    ):
        score, wrong, missed = balanced(covered[of], numbers[of], cut)
        print(
            f"\n{name}: balanced {score:.4f}, bare called covered {100 * wrong:.2f} % "
            f"of {(~covered[of]).sum()}, covered called bare {100 * missed:.2f} % of {covered[of].sum()}"
        )
    if len(args.folds) > 1:
        print(
            "\n### Operating point chosen without the fold that it is used on\n\n"
            "| fold | cut | balanced | bare called covered |\n|---|---|---|---|"
        )
        for k, fold in enumerate(args.folds):
            others = (fold_of != k) & large
            own = (fold_of == k) & large
            nested = cut_of(odds[others], covered[others], balance(cache, held.index[others]))
            score, wrong, _ = balanced(covered[own], odds[own], nested)
            out = ", ".join(json.loads((fold / "run.json").read_text())["leave_out"])
            print(f"| without {out} | {nested:.2f} | {score:.4f} | {100 * wrong:.2f} % |")
    halves = np.array([half_of(str(group)) for group in cache.group[held.index]])
    crossed = np.empty(len(held.index))
    for half in (halves, ~halves):
        other = choose(cache, held.index[~half], held.single[~half], held.still[~half])
        crossed[half] = other.odds(held.still[half]) - other.cut
    score, wrong, missed = balanced(covered[large], crossed[large], 0.0)
    dark = large & (cache.label[held.index] == LABELS.index("glasses"))
    print(
        f"\npriors, calibration and cut each chosen on the other half of the groups: balanced {score:.4f}, "
        f"bare called covered {100 * wrong:.2f} %, covered called bare {100 * missed:.2f} %, "
        f"dark glasses {share(int((crossed[dark] > 0).sum()), int(dark.sum()))}"
    )
    single = points.odds(held.single)
    score, wrong, missed = balanced(covered[large], single[large], cut)
    print(f"\none view (video): balanced {score:.4f}, bare called covered {100 * wrong:.2f} %")
    draw(cache, held.index[large], covered[large], odds[large], held.still[large], cut, args.models)

    print("\n## By person (shipped int8 file)\n")
    network = load_network(args.models / "face_check.tflite", labels=LABELS)
    names = np.array([maker(s) for s in cache.source])
    tested = ~kept_of(cache, ()) & (cache.kind == "identity")
    index = np.flatnonzero(tested)
    checker = Checker.open(args.models)
    odds8, verdicts, angles = [], [], []
    for i in index:
        grey = must_read(args.data / cache.path[i], cv2.IMREAD_GRAYSCALE)
        faces = finder.look(grey)
        best = nearest(faces, grey) if faces else None
        face = None
        if best is not None:
            face = checker.check(grey, best.box, best.score, best.landmarks, STILL)
        if face is None:
            odds8.append(np.nan)
            verdicts.append("none")
            angles.append((np.nan, np.nan))
            continue
        odds8.append(face.covered_logit + cut)
        verdicts.append(str(face.verdict))
        angles.append((face.yaw_deg, face.pitch_deg))
    said = np.array(odds8)
    bare = ~cache.covered[index]
    for source in np.unique(names[index]):
        here = bare & (names[index] == source)
        words = np.array(verdicts)[here]
        counts = {str(w): int((words == w).sum()) for w in np.unique(words)}
        print(
            f"{source}: {here.sum()} bare pictures: {counts}; "
            f"covered {100 * (words == 'covered').mean():.2f} %"
        )
    persons: dict[str, list[bool]] = {}
    for n, i in enumerate(index):
        if bare[n] and not np.isnan(said[n]):
            persons.setdefault(f"{names[i]}|{cache.person[i]}", []).append(bool(said[n] > cut))
    for least in (1, 2):
        counted = {p: v for p, v in persons.items() if len(v) >= least}
        on_most = [p for p, v in counted.items() if np.mean(v) > 0.5]
        low, high = wilson(len(on_most), len(counted))
        print(
            f"persons with {least} or more pictures: {len(on_most)} of {len(counted)} wrong on most "
            f"({100 * low:.2f} to {100 * high:.2f} %)"
        )

    print("\n## Turned (angles of the teacher's landmarks against the network's)\n")
    teacher, ours = cache.pose[index], np.array(angles)
    kept = bare & ~np.isnan(ours[:, 0]) & np.isfinite(teacher[:, 0])
    off = np.abs(ours - teacher)[kept]
    print(f"mean error: yaw {off[:, 0].mean():.1f}, pitch {off[:, 1].mean():.1f} degrees; {kept.sum()} faces")
    print("| yaw of the teacher | called turned |\n|---|---|")
    by_yaw = np.abs(ours[:, 0]) > 35
    for low, high in ((0, 20), (20, 30), (30, 40), (40, 50), (50, 90)):
        here = kept & (np.abs(teacher[:, 0]) >= low) & (np.abs(teacher[:, 0]) < high)
        print(f"| {low} to {high} degrees | {share(int(by_yaw[here].sum()), int(here.sum()))} |")
    nodding = np.abs(ours[:, 1]) > 25
    level = kept & (np.abs(teacher[:, 1]) < 25)
    print(f"called nodding, teacher under 25 degrees: {share(int(nodding[level].sum()), int(level.sum()))}")

    print("\n## Bare faces called covered, by what the data can show (all held-out bare faces, aligned)\n")
    rest = np.flatnonzero(
        ~kept_of(cache, ()) & np.isin(names, ALWAYS_OUT)
        | ((names == "braun-steven") & np.array([part(g) == "test" for g in cache.group]))
    )
    framings = [
        (plain(cache.cuts[i], view).astype(np.int16) - 128).astype(np.int8) for i in rest for view in STILL
    ]
    outs = np.concatenate([network.run_real(v.reshape(1, SIZE_PX, SIZE_PX, 1))[0] for v in framings])
    outs = outs.reshape(len(rest), len(STILL), -1).mean(1)
    every = np.concatenate([held.index, rest])
    numbers = np.concatenate([odds, points.odds(outs)])
    kept = ~cache.covered[every] & cache.marks_real[every] & (cache.kind[every] != "photo")
    every, numbers = every[kept], numbers[kept]
    angle = np.array([typology(cache.cuts[i], cache.marks[i]) for i in every])
    middle = slice(CACHE_PX // 3, 2 * CACHE_PX // 3)
    light = np.array([cache.cuts[i][middle, middle].mean() for i in every])
    yaw = np.abs(cache.pose[every][:, 0])
    print("| what | bare called covered |\n|---|---|")
    groups = [
        ("skin, typology angle over 41 (light)", angle > 41),
        ("28 to 41", (angle > 28) & (angle <= 41)),
        ("10 to 28", (angle > 10) & (angle <= 28)),
        ("-30 to 10", (angle > -30) & (angle <= 10)),
        ("under -30 (dark)", angle <= -30),
        ("mean level of the face under 60", light < 60),
        ("60 to 120", (light >= 60) & (light < 120)),
        ("120 to 180", (light >= 120) & (light < 180)),
        ("over 180", light >= 180),
        ("yaw under 15 degrees", yaw < 15),
        ("15 to 35", (yaw >= 15) & (yaw < 35)),
        ("over 35", yaw >= 35),
        ("open helmet", cache.raw[every] == "helmet_open"),
        ("face under 45 px", cache.size[every] < 45),
        ("45 to 70", (cache.size[every] >= 45) & (cache.size[every] < 70)),
        ("over 70", cache.size[every] >= 70),
    ]
    for name, here in groups:
        wrong = int((numbers[here] > cut).sum())
        print(f"| {name} | {share(wrong, int(here.sum()))} |")


if __name__ == "__main__":
    main()
