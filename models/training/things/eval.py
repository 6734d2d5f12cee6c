"""What a network says of fixed squares of sources or groups that it never saw: tables with counts and
intervals.

    python -m models.training.things.eval --data ../shared/data --cache CACHE --run RUN --leave-out mausam

The squares are cut by the runtime's own rule around each person (`person`), and around the thing as a
second, nearer look would (`near`). Not a weapon are: people in the weapon pictures who hold none, the same
people without their weapon's place (`beside`), people elsewhere, tools, telephones.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge.vision.network import load
from edge.vision.scene.crops import Square, around, cut, even, whole
from edge.vision.scene.things import still_squares
from models.training.common import part, to_input
from models.training.things.data import (
    BAR,
    GUN,
    HANDGUN,
    IGNORED,
    KNIFE,
    LABELS,
    LONG_GUN,
    NOTHING,
    PHONE,
    Marked,
    Picture,
    prepare,
)
from models.training.things.train import network

WEAPONS = (HANDGUN, KNIFE, LONG_GUN)
AS_WEAPON = frozenset((*WEAPONS, GUN))
_SEEN_ENOUGH, _SEEN_HARDLY = 0.6, 0.05
_NEAR_SHARE = 0.35
"""Share of the nearer square's side that a thing's longer side takes."""
_LEAST_PX = 8.0
"""Longer side of a thing on 96 px under which nobody could name it: such a square counts neither way."""


@dataclass(frozen=True, slots=True)
class Square96:
    """One fixed square, or several of one picture of which the surest counts.

    `view` is crop (a picture of one person, looked at as a still picture), person, near or beside; `kind` a
    class of `data`.
    """

    greys: tuple[NDArray[np.uint8], ...]
    kind: int
    view: str
    source: str
    group: str
    path: str

    @property
    def weapon(self) -> bool:
        return self.kind in AS_WEAPON


Answers = Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.float64]]
"""Squares of 96 x 96 as they were cut, to the mean class logits (n, classes)."""


def squares(pictures: Sequence[Picture]) -> Iterator[Square96]:
    """The fixed squares of these pictures, in their order."""
    for picture in pictures:
        if picture.task == "cutout":
            continue
        yield from _of(picture)


def _of(picture: Picture) -> Iterator[Square96]:
    height, width = picture.grey.shape[:2]

    def made(square: Square, view: str) -> Square96 | None:
        kind = _kind(picture.things, square)
        if kind == IGNORED or (kind == NOTHING and not picture.negatives):
            return None
        return Square96((cut(picture.grey, square),), kind, view, picture.source, picture.group, picture.path)

    found: list[Square96 | None] = []
    if picture.crop or picture.task.startswith("face") or (not picture.persons and not picture.things):
        kind = _kind(picture.things, whole(height, width))
        if kind != IGNORED:
            greys = tuple(cut(picture.grey, square) for square in still_squares(height, width))
            yield Square96(greys, kind, "crop", picture.source, picture.group, picture.path)
    else:
        for person in picture.persons:
            x0, y0, x1, y1 = person.box
            if max(x1 - x0, y1 - y0) < 40.0:
                continue
            square = around((x0, y0, x1 - x0, y1 - y0))
            found.append(made(square, "person"))
            if found[-1] is not None and found[-1].weapon:
                found.append(_beside(picture, square, made))
        for thing in picture.things:
            if thing.kind not in (NOTHING, IGNORED):
                x0, y0, x1, y1 = thing.box
                side = max(x1 - x0, y1 - y0, 8.0) / _NEAR_SHARE
                found.append(made(Square((x0 + x1 - side) / 2.0, (y0 + y1 - side) / 2.0, side), "near"))
    yield from (square for square in found if square is not None)


def _beside(
    picture: Picture, square: Square, made: Callable[[Square, str], Square96 | None]
) -> Square96 | None:
    """The largest of a few parts of a person's square that show nothing of the weapon."""
    for share in (0.75, 0.6, 0.48):
        side = square.side * share
        for down in (0.0, 0.5, 1.0):
            for across in (0.0, 1.0, 0.5):
                left = square.left + across * (square.side - side)
                top = square.top + down * (square.side - side)
                if all(_seen(t.box, Square(left, top, side)) < 0.01 for t in picture.things):
                    return made(Square(left, top, side), "beside")
    return None


def _seen(box: tuple[float, float, float, float], square: Square) -> float:
    """Share of a box (left, top, right, bottom) inside the square."""
    x0, y0, x1, y1 = box
    w = min(x1, square.left + square.side) - max(x0, square.left)
    h = min(y1, square.top + square.side) - max(y0, square.top)
    return max(w, 0.0) * max(h, 0.0) / max((x1 - x0) * (y1 - y0), 1e-6)


def _kind(things: Sequence[Marked], square: Square) -> int:
    """The class of a square; `IGNORED` where a thing is half in it or too small to be named."""
    kinds = []
    for thing in things:
        seen = _seen(thing.box, square)
        if seen < _SEEN_HARDLY:
            continue
        long_px = max(thing.box[2] - thing.box[0], thing.box[3] - thing.box[1]) * 96.0 / square.side
        if thing.kind == IGNORED or seen < _SEEN_ENOUGH or long_px < _LEAST_PX:
            return IGNORED
        kinds.append(thing.kind)
    weapons = [k for k in kinds if k in AS_WEAPON]
    return (weapons or [k for k in kinds if k == BAR] or kinds or [NOTHING])[0]


def weapon_odds(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds (n,) of any weapon against everything else, from logits (n, classes)."""
    each = np.exp(logits - logits.max(1, keepdims=True))
    weapons = each[:, list(WEAPONS)].sum(1)
    return np.asarray(np.log(weapons + 1e-12) - np.log(each.sum(1) - weapons + 1e-12), np.float64)


def surest(
    answers: Answers, items: Sequence[Square96], light: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weapon log-odds (n,) and class logits (n, classes) of the square of each item that is surest of a
    weapon.

    A `crop` is answered by the mean of the square and its mirror image, as the runtime answers a still
    picture.
    """
    rng = np.random.default_rng(5)
    greys = [darker(g, light, rng) for item in items for g in item.greys]
    owner = np.array([n for n, item in enumerate(items) for _ in item.greys])
    logits = answers(greys)
    twice = np.array([n for n, o in enumerate(owner) if items[o].view == "crop"], np.int64)
    if len(twice):
        logits[twice] = (
            logits[twice] + answers([np.ascontiguousarray(greys[n][:, ::-1]) for n in twice])
        ) / 2.0
    odds = weapon_odds(logits)
    best = np.array(
        [np.flatnonzero(owner == n)[np.argmax(odds[owner == n])] for n in range(len(items))], np.int64
    )
    return odds[best], logits[best]


def of_weights(run: Path, data: Path) -> Answers:
    """A run's float network."""
    model = network(data / "teachers" / "mnv2_imagenet_float16.npz", 1, run / "final.pt").eval()
    model = model.to(memory_format=torch.channels_last)

    def answers(greys: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        out = []
        with torch.inference_mode():
            for i in range(0, len(greys), 32):
                x = torch.from_numpy(np.stack([to_input(even(g)) for g in greys[i : i + 32]])[:, None])
                seen = model(x.contiguous(memory_format=torch.channels_last))[0]
                out.append(seen.mean((2, 3)).numpy())
        return np.asarray(np.concatenate(out), np.float64)

    return answers


def of_file(path: Path) -> Answers:
    """An int8 file."""
    file = load(path, labels=LABELS)

    def answers(greys: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        out = []
        for grey in greys:
            picture = (even(grey).astype(np.int16) - 128).astype(np.int8)[None, :, :, None]
            out.append(file.run_real(picture)[0][0].mean((0, 1)))
        return np.asarray(np.stack(out), np.float64)

    return answers


@dataclass(frozen=True, slots=True)
class Share:
    """k of n with Wilson's 95 % interval (Wilson, 1927)."""

    k: int
    n: int

    @property
    def low_high(self) -> tuple[float, float]:
        if not self.n:
            return 0.0, 1.0
        z, p, n = 1.96, self.k / self.n, self.n
        middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)

    def __str__(self) -> str:
        if not self.n:
            return "none"
        low, high = self.low_high
        return f"{self.k / self.n:.3f} ({self.k} of {self.n}, {low:.3f} to {high:.3f})"


def darker(grey: NDArray[np.uint8], share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The same square with this share of the light, in whole levels, with the noise of a dark picture."""
    if share >= 1.0:
        return grey
    levels = grey.astype(np.float32) * share + rng.normal(0.0, 0.7, grey.shape)
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


VIEWS = ("crop", "person", "near")
_NAMES = {
    HANDGUN: "handgun",
    KNIFE: "knife",
    LONG_GUN: "long gun",
    GUN: "gun of unknown kind",
    BAR: "tool",
    PHONE: "phone",
}


def rows(items: Sequence[Square96], odds: NDArray[np.float64], point: float) -> Iterator[tuple[str, Share]]:
    """The table of one set of squares at one threshold."""
    called = odds > point
    for view in VIEWS:
        for kind, name in _NAMES.items():
            yield f"{name} called a weapon, {view}", share(called, items, of_kinds([kind], [view]))
        yield f"any weapon, {view}", share(called, items, of_kinds(AS_WEAPON, [view]))
        yield f"nothing left alone, {view}", share(~called, items, of_kinds([NOTHING], [view]))
    yield "nothing left alone, beside", share(~called, items, lambda s: s.view == "beside")


def of_kinds(kinds: Collection[int], views: Collection[str]) -> Callable[[Square96], bool]:
    """Whether a square is of one of these kinds, in one of these views."""
    return lambda square: square.kind in kinds and square.view in views


def share(said: NDArray[np.bool_], items: Sequence[Square96], wanted: Callable[[Square96], bool]) -> Share:
    """How many of the wanted squares were said so."""
    chosen = [bool(yes) for yes, item in zip(said, items, strict=True) if wanted(item)]
    return Share(sum(chosen), len(chosen))


def balanced(
    items: Sequence[Square96], odds: NDArray[np.float64], point: float, views: Sequence[str]
) -> tuple[float, int, int]:
    """Balanced accuracy of weapon against nothing in these views, with the counts of both."""
    said = odds > point
    there = share(said, items, lambda s: s.weapon and s.view in views)
    left = share(~said, items, lambda s: s.kind == NOTHING and s.view in views)
    return (there.k / max(there.n, 1) + left.k / max(left.n, 1)) / 2.0, there.n, left.n


def chosen_point(items: Sequence[Square96], odds: NDArray[np.float64]) -> float:
    """The operating point: best balanced between weapons and everything else, each kind of else in equal
    shares."""
    weapon = np.array([s.weapon for s in items])
    other = [np.array([s.kind == NOTHING for s in items]), np.array([s.kind in (BAR, PHONE) for s in items])]
    if not weapon.any() or not any(o.any() for o in other):
        return 0.0  # a few squares that were tried out choose nothing
    ladder = np.arange(-6.0, 6.0, 0.05)
    scores = []
    for t in ladder:
        right = [float((odds[o] <= t).mean()) for o in other if o.any()]
        scores.append(float((odds[weapon] > t).mean()) + float(np.mean(right)))
    best = max(scores)
    return float(np.median([t for t, s in zip(ladder, scores, strict=True) if s > best - 0.004]))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/things-cache"))
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--leave-out", action="append", default=[])
    parser.add_argument("--light", action="store_true", help="also at 1/2, 1/4 and 1/8 of the light")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pictures = prepare(arguments.data, arguments.cache)
    answers = of_weights(arguments.run, arguments.data)

    def out(picture: Picture) -> bool:
        return any(word in picture.source for word in arguments.leave_out)

    test = list(squares([p for p in pictures if out(p)]))
    groups = list(squares([p for p in pictures if not out(p) and part(p.group) != "train"]))
    known, _ = surest(answers, groups)
    single = np.array([s.view != "crop" for s in groups])
    point = chosen_point([s for s in groups if s.view != "crop"], known[single])
    still = chosen_point([s for s in groups if s.view == "crop"], known[~single])
    for name, items in (("groups not seen", groups), ("sources not seen", test)):
        odds, _ = surest(answers, items)
        at = odds - np.where([s.view == "crop" for s in items], still, point)
        print(
            f"\n{name}: {len(items)} squares; thresholds {point:.2f}, crops {still:.2f} (of groups not seen)"
        )
        for row, found in rows(items, at, 0.0):
            if found.n:
                print(f"  {row:42} {found}")
        for views in (("crop",), ("person", "beside"), ("crop", "person", "near", "beside")):
            score, n, m = balanced(items, at, 0.0, views)
            print(f"  balanced, {' and '.join(views)}: {score:.3f} ({n} weapons, {m} without)")
        for light in (0.5, 0.25, 0.125) if arguments.light else ():
            few = [s for s in items if s.view in ("crop", "person")]
            dark, _ = surest(answers, few, light)
            dark -= np.where([s.view == "crop" for s in few], still, point)
            score, _, _ = balanced(few, dark, 0.0, ("crop", "person"))
            print(f"  balanced, crops and persons, light {light}: {score:.3f}")


if __name__ == "__main__":
    main()
