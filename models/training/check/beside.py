"""Measures shipped files of the check beside each other, on pictures that none of them learnt from.

    python -m models.training.check.beside --cache CACHE --models models --models models/previous

Test groups and the sources that no run sees, in the teacher's own framing: real faces by kind and by how
they are turned (angles of the mesh), faces turned in space, and cuts that show no face. What a kiosk would
say is counted: a turned face is neither passed as proper nor called covered.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import FaceVerdict, Unclear
from edge.vision.face.align import Frame, align
from edge.vision.face.check import AS_IS, LABELS, STILL, Checker, View, judge_face
from models.training.check.data import CACHE_EXTENT, CACHE_PX
from models.training.check.train import ALWAYS_OUT, Lessons, kept_of, maker, others_kept
from models.training.shares import share

WORDS = ("proper", "turned", "covered")
_BOX = (0.0, 0.0, 80.0, 90.0)
_POINT = (0.0, 0.0)


def said_of(checker: Checker, cut: NDArray[np.uint8], views: Sequence[View]) -> str:
    """The verdict on a cached cut, whatever its light; `none` where it shows no face."""
    grey = np.asarray(cv2.cvtColor(np.asarray(cut), cv2.COLOR_BGR2GRAY), np.uint8)
    middle = (CACHE_PX - 1) / 2
    frame = Frame(middle, middle, CACHE_PX / CACHE_EXTENT, 0.0)
    reading = checker.read(grey, frame, align(grey, frame), views)
    if reading is None:
        return "none"
    marks = (_POINT, _POINT, _POINT, _POINT, _POINT)
    verdict: FaceVerdict = judge_face(_BOX, 1.0, marks, reading, Unclear.NONE, checker.limits).verdict
    return str(verdict)


def line(name: str, said: Sequence[str]) -> str:
    """A row of a table."""
    counts = (sum(word == w for word in said) for w in (*WORDS, "none"))
    return f"| {name} | {' | '.join(share(n, len(said)) for n in counts)} |"


def real(lessons: Lessons, rng: np.random.Generator, most: int) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Held-out faces by name of the set: by kind, and by how bare and masked ones are turned."""
    cache = lessons.cache
    held = ~kept_of(cache, ())
    away = np.isin([maker(s) for s in cache.source], ALWAYS_OUT)
    pose = np.abs([lessons.pose(i)[:2] if held[i] else (0.0, 0.0) for i in range(len(held))])
    known = held & (lessons.meshes.sure | cache.marks_real)
    frontal = known & (pose < 25).all(1)
    bare = ~cache.covered
    hijab = np.array(["aghamohammadi94" in s for s in cache.source])
    sets = {
        "bare, test groups": held & bare & ~away,
        "bare, ElisonSherton": held & bare & away,
        "bare, yaw and pitch under 25": frontal & bare,
        "bare, yaw 25 to 45": known & bare & (pose[:, 0] > 25) & (pose[:, 0] < 45),
        "bare, yaw over 45": known & bare & (pose[:, 0] >= 45),
        "bare, pitch over 25": known & bare & (pose[:, 1] > 25),
        "bare, hijab": held & hijab & bare,
        "bare, open helmet": held & (cache.label == LABELS.index("open_helmet")),
        **{
            f"{name.replace('_', ' ')}": held & (cache.label == LABELS.index(name))
            for name in ("mask", "mask_under_nose", "glasses", "helmet", "scarf", "hand")
        },
        "masks, yaw over 35": known & (cache.label == 1) & (pose[:, 0] > 35),
    }
    for name, mask in sets.items():
        index = np.flatnonzero(mask)
        yield name, rng.choice(index, most, replace=False) if len(index) > most else index


def in_space(lessons: Lessons, most: int) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Held-out faces that were turned in space, by what they wear and how far they are turned."""
    turned = lessons.turned
    held = ~kept_of(lessons.cache, ())[turned.base] & turned.found
    halves = {"half hidden": "half", "half in shadow": "shaded", "framed as if half were hidden": "whole"}
    for name, what in halves.items():
        yield name, np.flatnonzero(held & (turned.what == what))[:most]
    held &= ~np.isin(turned.what, list(halves.values()))
    yaw, pitch = np.abs(turned.pose[:, 0]), turned.pose[:, 1]
    angles = {
        "yaw and pitch under 25": (yaw < 25) & (np.abs(pitch) < 25),
        "yaw over 45": yaw > 45,
        "up by more than 38": pitch > 38,
        "down by more than 38": pitch < -38,
    }
    worn = {
        "bare": np.isin(turned.label, [0, 8]),
        "masks": np.isin(turned.label, [1, 2]),
        "glasses": turned.label == 3,
        "other covers": (turned.label > 3) & (turned.label < 8),
    }
    for what, wears in worn.items():
        for how, stands in angles.items():
            yield f"{what}, {how}", np.flatnonzero(held & wears & stands)[:most]


def main() -> None:
    """Prints one table for each folder of models."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--models", type=Path, action="append", required=True)
    parser.add_argument("--most", type=int, default=500, help="faces of a set")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    lessons = Lessons.of(args.cache)
    held = ~others_kept(lessons.others, ())
    for folder in args.models:
        checker = Checker.open(folder)
        print(f"\n{folder}\n\n| faces | {' | '.join(WORDS)} | no face |\n|---|---|---|---|---|")
        for name, index in real(lessons, np.random.default_rng(0), args.most):
            print(line(name, [said_of(checker, lessons.cache.cuts[i], STILL) for i in index]), flush=True)
        for name, index in in_space(lessons, args.most):
            said = [said_of(checker, lessons.turned.cuts[i], AS_IS) for i in index]
            print(line(f"in space: {name}", said), flush=True)
        for what in np.unique(lessons.others.what):
            index = np.flatnonzero(held & (lessons.others.what == what))[: args.most]
            said = [said_of(checker, lessons.others.cuts[i], AS_IS) for i in index]
            print(line(f"no face: {what}", said), flush=True)


if __name__ == "__main__":
    main()
