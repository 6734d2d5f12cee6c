"""Figures of the dictionary of the normal: learnt in a room from ten minutes, judged on other footage of the
same room.

`python -m tests.bench_normal --data FOLDER [--rooms 0 1 3] [--minutes 30]` needs the pictures and prints
Markdown. The vacant cabin only, a look a second by the kiosk's own code; the rooms are those of the simulated
month, so light wanders with the hour and there is the grain of a coded picture.
"""

from __future__ import annotations

import argparse
import functools
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.cabin.events import AnomalyBegan
from edge.judge.normal import NormalJudge
from edge.pictures.heat import heat_picture
from edge.terms.observation import CabinState, CameraHealth, Observation
from edge.vision.scene.conformal import limit_of
from edge.vision.scene.normal import Calm, Known, NormalEye, OneLook
from edge.vision.scene.normal_file import Learnt, write_learnt
from edge.vision.scene.normal_learning import NormalLearner
from edge.vision.scene.patches import Patches
from models.training.shares import wilson
from tests.month.intervals import a_day
from tests.month.people import Actor, actors
from tests.month.world import MonthCamera, Room, rooms

Grey = NDArray[np.uint8]

DAY: Final = CabinState.VACANT_DAY
LEARN_H: Final = 10.0
RATES: Final = (1.0, 24.0, 96.0)
SIDES: Final = (0.02, 0.03, 0.05, 0.08, 0.12)
PLACES: Final = 6


@dataclass(frozen=True, slots=True)
class Counted:
    """Blocks of held-out normal footage, and how many of them passed the limit of each rate."""

    blocks: int
    passed: tuple[int, ...]


def footage(room: Room, hour: float, seconds: int, seed: int) -> Iterator[Grey]:
    """One picture a second of a day of 24 hours; nobody comes."""
    camera = MonthCamera(room, (), (), 86_400.0, seed)
    begin_s = ((hour - 8.0) % 24.0) * 3600.0
    for second in range(seconds):
        yield camera.at(begin_s + second).grey


def learn(room: Room, patches: Patches, folder: Path, minutes: int) -> tuple[Learnt, float]:
    """What ten minutes teach, and the seconds it took without the drawing of the pictures."""
    learner = NormalLearner(patches, folder)
    spent_s = 0.0
    for second, grey in enumerate(footage(room, LEARN_H, 60 * minutes, seed=1)):
        begun_s = time.process_time()
        learner.look(grey, DAY, float(second), ())
        spent_s += time.process_time() - begun_s
    begun_s = time.process_time()
    [learnt] = learner.finish("face", 0.0)
    learner.close()
    return learnt, spent_s + time.process_time() - begun_s


def judged(room: Room, patches: Patches, learnt: Learnt, hour: float, minutes: int) -> tuple[Counted, float]:
    """Blocks of a minute each, and milliseconds a look."""
    eye = NormalEye(patches, {DAY: Known(learnt, 1.0)})
    limits = [limit_of(learnt.largest, rate).score for rate in RATES]
    largest: dict[int, float] = {}
    spent_s = 0.0
    for second, grey in enumerate(footage(room, hour, 60 * minutes, seed=2)):
        begun_s = time.process_time()
        seen = eye.look(grey, DAY, float(second), ())
        spent_s += time.process_time() - begun_s
        if seen is not None:
            block = second // 60
            largest[block] = max(largest.get(block, 0.0), seen.score)
    passed = tuple(sum(one > limit for one in largest.values()) for limit in limits)
    return Counted(len(largest), passed), 1000.0 * spent_s / (60 * minutes)


def told(room: Room, patches: Patches, learnt: Learnt, hour: float, minutes: int) -> dict[float, list[int]]:
    """Alarms that begin in held-out normal footage at each rate: by the limit alone, and with it raised by
    each alarm.
    """
    eye = NormalEye(patches, {DAY: Known(learnt, 1.0)})
    limits = {rate: limit_of(learnt.largest, rate).score for rate in RATES}
    judges = {rate: (NormalJudge(step=0.0), NormalJudge()) for rate in RATES}
    found = {rate: [0, 0] for rate in RATES}
    for second, grey in enumerate(footage(room, hour, 60 * minutes, seed=3)):
        seen = eye.look(grey, DAY, float(second), ())
        for rate in RATES:
            said = None if seen is None else replace(seen, limit=limits[rate], a_day=rate)
            look = Observation(second, float(second), (640, 480), (), 0.0, CameraHealth.OK, normal=said)
            for index, judge in enumerate(judges[rate]):
                facts = judge.update(look, float(second))
                found[rate][index] += sum(isinstance(fact, AnomalyBegan) for fact in facts)
    return found


# --- staged changes --------------------------------------------------------------------------------


def _box(grey: Grey, x: int, y: int, side: int, random: np.random.Generator) -> None:
    """Something plain, darker or lighter than what it hides, with a lit edge."""
    here = float(grey[y : y + side, x : x + side].mean())
    level = here + float(random.choice([-1.0, 1.0])) * random.uniform(30, 70)
    cv2.rectangle(grey, (x, y), (x + side - 1, y + side - 1), (float(np.clip(level, 5, 250)),), -1)
    cv2.line(grey, (x, y), (x + side - 1, y), (float(np.clip(level + 25, 5, 250)),), 1)


def _smear(grey: Grey, x: int, y: int, side: int, random: np.random.Generator) -> None:
    """Grease: the place loses its detail and nothing else."""
    grey[y : y + side, x : x + side] = cv2.GaussianBlur(grey, (0, 0), side / 4.0)[y : y + side, x : x + side]


def _moved(grey: Grey, x: int, y: int, side: int, random: np.random.Generator) -> None:
    """A part that looks like the rest: a piece of another place of the same picture."""
    high, wide = grey.shape
    for _ in range(20):
        left, top = int(random.integers(wide - side)), int(random.integers(high - side))
        if abs(left - x) > 2 * side or abs(top - y) > 2 * side:
            break
    grey[y : y + side, x : x + side] = grey[top : top + side, left : left + side].copy()


def _change(grey: Grey, change: str, x: int, y: int, px: int, seed: int) -> None:
    CHANGES[change](grey, x, y, px, np.random.default_rng(seed))


CHANGES: Final = {"a box": _box, "a smear": _smear, "a piece of another place": _moved}


def calm_picture(room: Room, hour: float, draw: Callable[[Grey], None], seed: int) -> Grey | None:
    """What the eye compares: the median of five pictures with the change in each."""
    calm = Calm()
    found = None
    for second, grey in enumerate(footage(room, hour, 5, seed)):
        changed = grey.copy()
        draw(changed)
        found = calm.update(changed, DAY, float(second))
    return found


def found_of(room: Room, look: OneLook, change: str, side: float) -> tuple[int, int, int]:
    """Of so many places: found, and found where it is."""
    found = there = 0
    for number in range(PLACES):
        random = np.random.default_rng(number)
        high, wide = room.picture.shape
        px = max(3, round(side * wide))
        x, y = int(random.integers(wide - px)), int(random.integers(high - px))
        picture = calm_picture(
            room,
            10.4,
            functools.partial(_change, change=change, x=x, y=y, px=px, seed=number),
            7 + number,
        )
        assert picture is not None
        seen = look(picture, DAY, ())
        assert seen is not None
        if seen[0].score <= seen[0].limit:
            continue
        found += 1
        left, top, width, height = (
            v * s for v, s in zip(seen[0].where[0], _scale(room, picture) * 2, strict=True)
        )
        middle = (x + px / 2, y + px / 2)
        reach = 0.06 * wide
        there += (
            left - reach <= middle[0] <= left + width + reach
            and top - reach <= middle[1] <= top + height + reach
        )
    return PLACES, found, there


def _scale(room: Room, picture: Grey) -> tuple[float, float]:
    return room.picture.shape[1] / picture.shape[1], room.picture.shape[0] / picture.shape[0]


def lying(grey: Grey, actor: Actor, x: float, y: float, tall: float) -> None:
    """Somebody on the floor: `x`, `y` is the middle, `tall` the length, all as shares of the picture."""
    high, wide = grey.shape
    turned = [cv2.rotate(one, cv2.ROTATE_90_CLOCKWISE) for one in (actor.grey, actor.opacity)]
    size = round(tall * high)
    person, opacity = (cv2.resize(one, (size, size), interpolation=cv2.INTER_AREA) for one in turned)
    left, top = round(x * wide - size / 2), round(y * high - size / 2)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + size, wide), min(top + size, high)
    share = opacity[y0 - top : y1 - top, x0 - left : x1 - left].astype(np.float32) / 255.0
    part = grey[y0:y1, x0:x1].astype(np.float32)
    mixed = part + share * (person[y0 - top : y1 - top, x0 - left : x1 - left].astype(np.float32) - part)
    grey[y0:y1, x0:x1] = mixed.astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rooms", type=int, nargs="+", default=[0, 1, 3])
    parser.add_argument("--minutes", type=int, default=30, help="of held-out footage at each hour")
    parser.add_argument("--heat", type=Path, help="a folder for heat pictures of the drawn room")
    parser.add_argument(
        "--hours", type=float, default=0.0, help="only count the alarms of so long after 11:00"
    )
    args = parser.parse_args()
    patches = Patches(Path(__file__).resolve().parents[1] / "models")
    chosen = [rooms(args.data)[number] for number in args.rooms]
    learnt: list[Learnt] = []
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        people = [one for one in actors(args.data, folder / "actors") if not one.child][:6]
        for room in chosen:
            one, took_s = learn(room, patches, folder, 10)
            learnt.append(one)
            size = write_learnt(folder, one)
            count = len(one.cells) // 2
            line = f"| {room.name} | {one.looks} | {count} | {size / 1e6:.2f} MB | {took_s:.0f} s |"
            print(line, flush=True)
        for room, one in zip(chosen if not args.hours else (), learnt, strict=not args.hours):
            _print_changes(room, OneLook(patches, {DAY: Known(one, 1.0)}), people, args.heat)
        if args.hours:
            for room, one in zip(chosen, learnt, strict=True):
                for rate, (alone, held) in told(room, patches, one, 11.0, round(60 * args.hours)).items():
                    print(f"| {room.name} | {rate:g} | {args.hours:g} h | {alone} | {held} |", flush=True)
            return
        total = [Counted(0, (0,) * len(RATES)) for _ in (0, 1)]
        for room, one in zip(chosen, learnt, strict=True):
            for index, hour in enumerate((LEARN_H + 0.2, LEARN_H + 3.0)):
                counted, ms = judged(room, patches, one, hour, args.minutes)
                print(
                    f"| {room.name} | {hour:.1f} | {counted.blocks} | {counted.passed} | {ms:.1f} ms |",
                    flush=True,
                )
                before = total[index]
                total[index] = Counted(
                    before.blocks + counted.blocks,
                    tuple(a + b for a, b in zip(before.passed, counted.passed, strict=True)),
                )
        for words, counted in zip(("right after", "three hours later"), total, strict=True):
            for rate, passed in zip(RATES, counted.passed, strict=True):
                rate_of = a_day(passed, counted.blocks / 60.0)
                ends = f"{rate_of.rate:.1f} ({rate_of.low:.1f} to {rate_of.high:.1f})"
                print(f"| {words} | {rate:g} | {counted.blocks} | {passed} | {ends} |", flush=True)
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _print_changes(room: Room, look: OneLook, people: list[Actor], heat: Path | None) -> None:
    for change in CHANGES:
        cells = []
        for side in SIDES:
            count, found, there = found_of(room, look, change, side)
            low, high = wilson(found, count)
            cells.append(f"{found} of {count} ({low:.2f} to {high:.2f}), {there} there")
        print(f"| {room.name} | {change} | " + " | ".join(cells) + " |", flush=True)
    found = 0
    for number, actor in enumerate(people):
        x = (0.3, 0.5, 0.7)[number % 3]
        picture = calm_picture(
            room,
            10.4,
            functools.partial(lying, actor=actor, x=x, y=0.85, tall=0.5 * room.machine.height),
            40 + number,
        )
        assert picture is not None
        seen = look(picture, DAY, ())
        assert seen is not None
        found += seen[0].score > seen[0].limit
    print(
        f"| {room.name} | somebody on the floor whom no network boxes | {found} of {len(people)} |",
        flush=True,
    )
    if heat is not None and room.name == "drawn":
        _draw_heat(room, look, heat)


def _draw_heat(room: Room, look: OneLook, folder: Path) -> None:
    """Of the drawn room alone: nothing of the data is in them."""
    folder.mkdir(parents=True, exist_ok=True)
    sheets = []
    for change, side in (("", 0.0), ("a box", 0.05), ("a smear", 0.08), ("a piece of another place", 0.08)):
        px = round(side * room.picture.shape[1])

        def draw(grey: Grey, change: str = change, px: int = px) -> None:
            if change:
                CHANGES[change](grey, 250, 140, px, np.random.default_rng(3))

        picture = calm_picture(room, 10.4, draw, 60)
        assert picture is not None
        seen = look(picture, DAY, ())
        assert seen is not None
        shown, unlike = seen
        colour = cv2.cvtColor(cv2.resize(picture, (480, 360)), cv2.COLOR_GRAY2BGR)
        words = f"{change or 'as it was learnt'}: {shown.score / shown.limit:.1f} x limit"
        sheets.append(heat_picture(np.asarray(colour, np.uint8), unlike / np.float32(shown.limit), words))
    rows = [np.hstack(sheets[:2]), np.hstack(sheets[2:])]
    cv2.imwrite(str(folder / "normal_heat.png"), np.vstack(rows))


if __name__ == "__main__":
    main()
