"""Plays films of faces askew, hidden or cut through the whole program and prints whether the words fit.

python -m tests.words_fit                          the two shipped photographs, drawn on
python -m tests.words_fit --data ../shared/data    faces of the shared pictures
python -m tests.words_fit --models DIR --kind turned --each

A film fits if every warning in it asks for something that is right for its kind, and something was said or
the face was cleared in time. `threatened` counts the films in which the person heard that the door will lock.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import cv2

from edge.bench.desk import Desk, Props, StoryClock
from edge.bench.leaving import scratch
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.settings.places import MODELS
from edge.settings.schema import Settings
from edge.vision.face.faces import Faces
from edge.vision.face.seer import FaceSeer
from edge.vision.look import Look
from tests.words_fit.films import ENDS_S, Film, FilmCamera
from tests.words_fit.kinds import CLEARED, NOTHING, Kind, kinds, shipped_cast
from tests.words_fit.people import Person, shared, shipped

_EVERY_S: Final = 0.35
_NO_DOOR: Final = ("wiring.door.fitted=false",)


@dataclass(slots=True)
class Played:
    """What one film led to: the causes that were said in order, or cleared, or nothing."""

    said: list[str] = field(default_factory=list)
    threatened: bool = False
    facts: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.said)) or (NOTHING,)


def play(film: Film, faces: Faces, settings: Settings) -> Played:
    """One film from the empty cabin to its end."""
    clock = StoryClock()
    camera = FilmCamera(film, clock)
    played = Played()

    def hear(happening: Happening) -> None:
        data = happening.data
        match happening.kind, data.get("name"):
            case "command", "say" if data["prompt"] == "show_face":
                played.said.append(str(data["cause"]))
                played.threatened |= bool(data["threat"])
            case "state", "cleared":
                played.said.append(CLEARED)
            case "fact", name if str(name).startswith(("face_", "camera_")):
                played.facts.append(
                    ":".join(filter(None, (str(name), *map(str, (data.get("unclear", ""),)))))
                )
            case _:
                pass

    with scratch("words") as folder:
        props = Props(camera, lambda: Look([FaceSeer(faces)]), _EVERY_S)
        desk = Desk(settings, props, Path(folder), hear, clock)
        try:
            desk.run_to(ENDS_S)
        finally:
            desk.close()
    return played


def fits(kind: Kind, played: Played) -> bool:
    return set(played.outcome) <= kind.fits


def films_of(kind: Kind, cast: dict[str, list[Person]], count: int, seed: int) -> list[tuple[str, Film]]:
    chance = Random(f"{seed} {kind.name}")
    who = cast[kind.of]
    return [(p.name, kind.make(p, chance)) for p in (who[i % len(who)] for i in range(count if who else 0))]


def shared_cast(data: Path, count: int, seed: int) -> dict[str, list[Person]]:
    """Who plays what from the shared pictures."""

    def cast(chosen: str, nth: int) -> list[Person]:
        return list(shared(data, _CHOICES[chosen], count, seed + nth))

    return {chosen: cast(chosen, nth) for nth, chosen in enumerate(_CHOICES)}


_CHOICES: Final = {
    "bare": lambda face: face.bare and face.frontal,
    "turned": lambda face: face.bare and face.turned,
    "masked": lambda face: face.label == "mask" and face.frontal,
    "masked turned": lambda face: face.label == "mask" and face.turned,
    "glasses": lambda face: face.label == "sunglasses" and face.frontal,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.words_fit", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--data", type=Path, help="a folder of pictures as the training has it")
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--films", type=int, default=20, help="of each kind")
    parser.add_argument("--kind", action="append", help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", action="store_true", help="a line for every film that does not fit")
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    faces, settings = Faces(chosen.models), load(None, _NO_DOOR)
    cast = shared_cast(chosen.data, chosen.films, chosen.seed) if chosen.data else shipped_cast(shipped())
    print("| kind | films | fit | threatened | what was said |\n|---|---|---|---|---|")
    right = total = 0
    for kind in kinds():
        if chosen.kind and kind.name not in chosen.kind:
            continue
        films = films_of(kind, cast, chosen.films, chosen.seed)
        said, fit, threatened = Counter[str](), 0, 0
        for name, film in films:
            played = play(film, faces, settings)
            fit += fits(kind, played)
            threatened += played.threatened
            said[", ".join(played.outcome)] += 1
            if chosen.each and not fits(kind, played):
                print(f"    {kind.name}: {name}: {played.said} {played.facts}")
        right, total = right + fit, total + len(films)
        words = "; ".join(f"{times} x {what}" for what, times in said.most_common(6))
        print(f"| {kind.name} | {len(films)} | {fit} | {threatened} | {words} |")
        sys.stdout.flush()
    print(f"\nfit: {right} of {total}, {right / max(total, 1):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
