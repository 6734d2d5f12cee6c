"""What the vote of several looks says of clips: false alarms on normal use against clips that show a
weapon.

    python -m models.training.things.clips --data ../shared/data --models models --work runs/things-clips

The runtime looks at every clip twice a second, as in a cabin; `looks.json` keeps what each look said, so
that the limits of `edge/judge/weapon.py` can be tried without looking again. Normal are the clips of normal
use, daily activities, falls, cabins with customers, left bags, and persons who walk past surveillance
cameras without a fight.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from edge.cabin.events import AnomalyBegan
from edge.judge.weapon import LIMITS, WeaponJudge, WeaponLimits
from edge.terms.observation import Box, CameraHealth, Observation, SceneSeen, Thing, ThingKind
from edge.vision.scene.things import Things
from hw.camera.port import GreyPicture

LOOKS_PER_S = 2.0
BEGIN, END = "<!-- vote:begin -->", "<!-- vote:end -->"
NORMAL = ("normal", "fall", "left_bag", "atm_normal", "no_fight")
FindPersons = Callable[[GreyPicture], Sequence[Thing]]


@dataclass(frozen=True, slots=True)
class Look:
    """One look of a clip: the log-odds (None: nobody was there to look at), where, and the things seen."""

    at_s: float
    logit: float | None
    looked_at: Box | None
    things: tuple[tuple[str, Box, float], ...]

    def observation(self, number: int, begun_s: float) -> Observation:
        things = tuple(Thing(ThingKind(kind), box, score) for kind, box, score in self.things)
        scene = SceneSeen(0.0, things, self.logit, self.looked_at)
        return Observation(number, begun_s + self.at_s, (0, 0), (), 0.0, CameraHealth.OK, scene=scene)


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip and what was seen of it; `kind` is one of `NORMAL`, `weapon` or `attack`."""

    path: str
    kind: str
    seconds: float
    looks: tuple[Look, ...]


def clips_of(data: Path) -> Iterator[tuple[str, str]]:
    """Path and kind of every clip that is played."""
    with (data / "scene" / "manifest.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            if not line["path"].endswith(".mp4"):
                continue
            task, labels = line["task"], line["labels"]
            if task == "atm_behaviour":
                yield line["path"], "atm_normal" if labels == "normal" else "attack"
            elif task == "fight" and "no" in labels.lower() and "seymanurakti" in line["source"]:
                yield line["path"], "no_fight"
            elif task in ("normal", "fall", "left_bag"):
                yield line["path"], task
            elif task == "weapon_clip":
                yield line["path"], "weapon"


def look_at_clip(path: Path, things: Things, persons: FindPersons) -> tuple[float, tuple[Look, ...]]:
    """Length in seconds, and a look each half second."""
    film = cv2.VideoCapture(str(path))
    rate = film.get(cv2.CAP_PROP_FPS) or 10.0
    looks, number, next_s = [], 0, 0.0
    while True:
        there, frame = film.read()
        if not there:
            break
        at_s = number / rate
        number += 1
        if at_s + 1e-6 < next_s:
            continue
        next_s += 1.0 / LOOKS_PER_S
        grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)
        found = [p for p in persons(grey) if p.kind is ThingKind.PERSON]
        seen = things.look(grey, found)
        every = tuple((t.kind.value, t.box, t.score) for t in (*found, *seen.things))
        looks.append(Look(at_s, seen.weapon_logit, seen.looked_at, every))
    film.release()
    return number / rate, tuple(looks)


def watch(data: Path, things: Things, persons: FindPersons) -> list[Clip]:
    """Every clip, looked at."""
    listed = list(clips_of(data))
    seen = []
    for number, (path, kind) in enumerate(listed):
        print(f"[{number + 1}/{len(listed)}] {path}", file=sys.stderr, flush=True)
        seconds, looks = look_at_clip(data / "scene" / path, things, persons)
        seen.append(Clip(path, kind, seconds, looks))
    return seen


def began(clip: Clip, limits: WeaponLimits) -> list[tuple[float, str]]:
    """When the vote says `weapon` in a clip, and its words."""
    judge = WeaponJudge(limits)
    return [
        (look.at_s, fact.detail)
        for number, look in enumerate(clip.looks)
        for fact in judge.update(look.observation(number, 0.0), look.at_s)
        if isinstance(fact, AnomalyBegan)
    ]


def table(clips: Sequence[Clip]) -> Iterator[str]:
    """Lines: limits, false alarms on normal clips by kind, weapon clips told."""
    kinds = [k for k in (*NORMAL, "weapon", "attack") if any(c.kind == k for c in clips)]
    totals = {
        k: (sum(c.kind == k for c in clips), sum(c.seconds for c in clips if c.kind == k)) for k in kinds
    }
    yield "| sum | looks | " + " | ".join(f"{k} ({totals[k][0]}, {totals[k][1]:.0f} s)" for k in kinds) + " |"
    yield "|---|---|" + "---|" * len(kinds)
    for begin, agreeing in itertools.product((0.5, 1.0, 2.0, 3.0, 6.0), (1, 3, 4)):
        limits = replace(
            LIMITS, begin=begin, agreeing=agreeing, over_s=LIMITS.over_s if agreeing > 1 else 0.0
        )
        told = {k: sum(bool(began(c, limits)) for c in clips if c.kind == k) for k in kinds}
        mark = " (chosen)" if (begin, agreeing) == (LIMITS.begin, LIMITS.agreeing) else ""
        yield f"| {begin:g}{mark} | {agreeing} | " + " | ".join(str(told[k]) for k in kinds) + " |"


def write(clips: Sequence[Clip], path: Path) -> None:
    """What was seen, for trying limits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(c) for c in clips]))


def read(path: Path) -> list[Clip]:
    """What `write` kept."""
    clips = []
    for clip in json.loads(path.read_text()):
        looks = tuple(
            Look(
                float(look["at_s"]),
                None if look["logit"] is None else float(look["logit"]),
                None if look["looked_at"] is None else tuple(look["looked_at"]),
                tuple((str(kind), tuple(box), float(score)) for kind, box, score in look["things"]),
            )
            for look in clip["looks"]
        )
        clips.append(Clip(clip["path"], clip["kind"], float(clip["seconds"]), looks))
    return clips


def report(clips: Sequence[Clip]) -> Iterator[str]:
    """The table, and what the chosen limits say of single clips."""
    yield from table(clips)
    yield ""
    for clip in clips:
        for at_s, detail in began(clip, LIMITS)[:1]:
            yield f"- told: {clip.kind}, `{Path(clip.path).name}` at {at_s:.1f} s: {detail}"
    for kind in (*NORMAL, "weapon", "attack"):
        logits = [k.logit for c in clips if c.kind == kind for k in c.looks if k.logit is not None]
        if logits:
            share = float(np.mean(np.array(logits) > 0.0))
            yield f"- {kind}: {len(logits)} looks at somebody, {share:.3f} of them above zero"


def main() -> None:
    """Command line."""
    from edge.vision.scene.people import People

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--work", type=Path, default=Path("runs/things-clips"))
    parser.add_argument("--card", type=Path, help="the card whose table of the vote is written again")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    kept = arguments.work / "looks.json"
    if not kept.exists():
        people = People(arguments.models)
        write(watch(arguments.data, Things(arguments.models), lambda g: people.look(g).things), kept)
    lines = "\n".join(report(read(kept)))
    print(lines)
    if arguments.card is not None:
        head, rest = arguments.card.read_text().split(BEGIN)
        arguments.card.write_text(f"{head}{BEGIN}\n{lines}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
