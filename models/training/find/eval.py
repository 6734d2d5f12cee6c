"""Measures a face finder against YuNet on the same pictures, sets its operating points, draws its curves.

    python -m models.training.find.eval --data ../shared/data --model models --leave-out SOURCE ...

The operating point comes from groups of the learnt sources that training did not see (`val`, `test`);
recall and false faces are then counted on the sources left out, with the boxes of `labels.csv` that
were checked by eye. Sizes are a box's longer side in a picture whose longer side is at most 320 px.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.vision.face.find import Finder
from models.training.common import part
from models.training.find.data import BARE, COVERED, IGNORED
from models.training.find.gather import gathered
from models.training.find.matching import (
    Case,
    Crop,
    Detector,
    FloatFinder,
    Tally,
    View,
    cases,
    crops_found,
    face_free,
    false_scores,
    hand_checked,
    landmark_errors,
    ours,
    read,
    shown,
    shrunk,
    tally,
    threshold_for,
    with_cuts,
    yunet,
)

_FALSE_FACES = 0.005
"""Per picture or cut among those that choose the point: half the target, for other sources mislead more."""

_LOOSE = 0.02
"""A looser share, for a finder whose faces another network looks at too; recall at it is printed beside."""

SURE = 0.97
"""A face above this needs no second look."""


def _counted(kinds: Sequence[str], found: Sequence[bool]) -> str:
    parts = []
    for kind in sorted(set(kinds)):
        hits = [f for k, f in zip(kinds, found, strict=True) if k == kind]
        parts.append(f"{kind}: {shown(sum(hits), len(hits))}")
    return "; ".join(parts)


def _cover(crop: Crop) -> str:
    return "bare" if crop[0].label in ("uncovered", "helmet_open") else "covered"


def by_source(crop: Crop) -> str:
    """Source and cover."""
    return f"{crop[0].source.split('/')[0]} {_cover(crop)}"


def by_light(crop: Crop) -> str:
    """Cover and how bright the middle of the crop is: skin and light together, which no label parts."""
    grey = cv2.cvtColor(crop[1], cv2.COLOR_BGR2GRAY)
    height, width = grey.shape
    level = float(grey[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4].mean())
    return f"{_cover(crop)}, {'dark' if level < 90 else 'middle' if level < 140 else 'bright'}"


def by_turn(crop: Crop) -> str:
    """Cover and how far the nose stands beside the middle of the eyes, as the teacher saw them."""
    marks = crop[0].marks
    if not len(marks) or np.isnan(marks[0]).any():
        return f"{_cover(crop)}, not known"
    eyes = float(marks[0][2] - marks[0][0])
    off = abs(float(marks[0][4] - (marks[0][0] + marks[0][2]) / 2)) / max(1.0, eyes)
    return f"{_cover(crop)}, {'from ahead' if off < 0.25 else 'turned'}"


def draw(tallies: dict[str, Tally], path: Path) -> None:
    """Precision against recall, bare and covered, of every detector."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(8.4, 3.6), dpi=80)
    for name, one in tallies.items():
        for axis, kind in zip(axes, (BARE, COVERED), strict=True):
            scores = np.array([s for s, c in zip(one.scores, one.covers, strict=True) if c == kind])
            errors = np.array(one.errors)
            steps = np.unique(np.concatenate([scores, errors, [0.0]]))
            steps = steps[steps > 0]
            true = np.array([(scores >= t).sum() for t in steps])
            false = np.array([(errors >= t).sum() for t in steps])
            axis.plot(true / max(1, len(scores)), true / np.maximum(true + false, 1), label=name)
    for axis, title in zip(axes, ("bare", "covered"), strict=True):
        axis.set(xlabel="recall", ylabel="precision", title=title, xlim=(0.6, 1.005), ylim=(0.6, 1.005))
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7, loc="lower left")
    figure.tight_layout()
    figure.savefig(path)


@dataclass(slots=True)
class _Set:
    """Detectors and the score from which each one's faces count; `loose` are the points of `_LOOSE`."""

    detectors: dict[str, Detector]
    points: dict[str, float]
    loose: dict[str, float]


def _choose(chosen: _Set, known: Sequence[View], other: Sequence[View], false_rate: float) -> None:
    """Each one's points from views of `known` without a face; then its false faces in `other`."""
    print(f"face-free pictures: {len(known)} choose the point, {len(other)} of other sources test it")
    views = with_cuts([p for _, p in known])
    for name, detector in chosen.detectors.items():
        scores = false_scores(detector, views)
        chosen.points[name] = threshold_for(scores, len(views), false_rate)
        chosen.loose[name] = threshold_for(scores, len(views), _LOOSE)
        seen = [(path, detector(picture)) for path, picture in other]
        best = [(path, float(rows[:, 4].max()) if len(rows) else 0.0) for path, rows in seen]
        points = chosen.points[name], chosen.loose[name]
        told = [f"point {p:.3f}: {shown(sum(b >= p for _, b in best), len(best))}" for p in points]
        print(f"{name}: false faces on other sources, {'; '.join(told)}", flush=True)
        print("   ", [path for path, b in best if b >= chosen.points[name]], flush=True)


def _photos(chosen: _Set, sets: Mapping[str, Sequence[Case]], curves: Path | None) -> None:
    for title, test_cases in sets.items():
        print(f"\n{title}: {len(test_cases)} pictures")
        tallies = {name: tally(detector, test_cases) for name, detector in chosen.detectors.items()}
        for name, one in tallies.items():
            for points, told in ((chosen.points, ""), (chosen.loose, " loose")):
                print(f"  {name + told:22s} {recalls(one, points[name])}", flush=True)
        if curves and title.startswith("sources"):
            draw(tallies, curves)


def recalls(one: Tally, point: float) -> str:
    """Recall by cover and size, and how many boxes are no face."""
    cells = [
        f"{kind} {size}: {shown(*one.recall(kind == 'covered', low, high, point))}"
        for kind in ("bare", "covered")
        for size, low, high in (("40+", 40, 1e9), ("20-40", 20, 40))
    ]
    return "; ".join(cells) + f"; false {sum(e >= point for e in one.errors)}"


def _crops(chosen: _Set, finder: Finder, tight: Sequence[Crop], loose: bool) -> None:
    for name, detector in chosen.detectors.items():
        hits = crops_found(detector, tight, (chosen.loose if loose else chosen.points)[name])
        for kind in (lambda crop: crop[0].label, by_source, by_light, by_turn):
            print(f"  {name:15s} {_counted([kind(crop) for crop in tight], hits)}", flush=True)
    if loose:
        return
    marked = [c for c in tight if len(c[0].boxes)]
    for still in (False, True):
        for cover, errors in landmark_errors(finder, still, marked).items():
            print(
                f"landmarks, {'still' if still else 'one pass'}, {cover}: mean {np.mean(errors):.3f},"
                f" median {np.median(errors):.3f} eye distances, {len(errors)} faces",
                flush=True,
            )


def detectors_of(arguments: argparse.Namespace) -> tuple[Finder, dict[str, Detector]]:
    """The finder of `arguments.model`, and it and YuNet as detectors."""
    contract = arguments.model / "face_find.json"
    if json.loads(contract.read_text())["operating_points"]["video"] <= 0.0:
        _set_points(contract, 0.5, 0.5)
    finder = Finder(arguments.model)
    return finder, {
        "ours, one pass": ours(finder, False),
        "ours, still": ours(finder, True),
        "YuNet": yunet(arguments.data),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure the face finder")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=Path("models"), help="folder of face_find.tflite")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    parser.add_argument("--leave-out", action="append", default=[])
    parser.add_argument("--labels", type=Path, default=Path(__file__).parent / "labels.csv")
    parser.add_argument(
        "--set-point", action="store_true", help="write the operating points into the contract"
    )
    parser.add_argument(
        "--false-rate", type=float, default=_FALSE_FACES, help="false faces a view that the points leave"
    )
    parser.add_argument("--points-only", action="store_true", help="choose the points and measure nothing")
    parser.add_argument("--float-twin", type=Path, help="face_find.float.tflite, to print what int8 loses")
    parser.add_argument("--curves", type=Path, help="a PNG to draw")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = gathered(arguments.data, arguments.cache)
    out = [p for p in pictures if any(s in p.source for s in arguments.leave_out)]
    known = [
        p
        for p in pictures
        if not any(s in p.source for s in arguments.leave_out) and part(p.group) != "train"
    ]
    checked = hand_checked(arguments.labels)
    finder, detectors = detectors_of(arguments)
    if arguments.float_twin:
        detectors["ours, float"] = ours(FloatFinder(arguments.model, arguments.float_twin), False)
    if arguments.points_only:
        del detectors["YuNet"]
    chosen = _Set(detectors, {}, {})
    other = [] if arguments.points_only else face_free(arguments.data, out, checked)
    _choose(chosen, face_free(arguments.data, known, checked), other, arguments.false_rate)
    if arguments.set_point:
        video, look = chosen.points["ours, one pass"], chosen.points["ours, still"]
        _set_points(arguments.model / "face_find.json", video, look)
    if arguments.points_only:
        return
    unseen = cases(arguments.data, out, checked)
    small = [shrunk(c, i) for i, c in enumerate(unseen) if (c.covers != IGNORED).any()]
    sets = {
        "sources left out": unseen,
        "the same, faces shrunk to 20-40 px": small,
        "unseen groups of learnt sources": cases(arguments.data, known, checked),
    }
    _photos(chosen, sets, arguments.curves)
    tight = [(p, read(arguments.data, p)) for p in (out or known) if p.kind == "crop"]
    for loose in (False, True):
        title = "sources left out" if out else "unseen groups"
        print(f"\ntight crops, {len(tight)} of {title}{', loose' if loose else ''}")
        _crops(chosen, finder, tight, loose)


def _set_points(contract: Path, video: float, look: float) -> None:
    content = json.loads(contract.read_text())
    points = {"maybe": 0.3, "sure": SURE, "video": round(video, 4), "look": round(look, 4)}
    content["operating_points"] = points
    contract.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
