"""How long the owner of a card takes to be verified, and how often somebody else or a picture is.

    OPENBLAS_NUM_THREADS=1 python -m tests.bench_owner --data ../shared/data --clips DIR [--videos 10]

`--clips` holds recordings of living faces, as for `bench_live`. Each person of them is enrolled with ten good
looks of the first recording's first third (of another recording where there is one); every window of 20 s of
the rest is a claim of the own card and of each other's, as recorded and made worse. Videos of prints, screens
and dolls are composed from frames of the same recordings, and claim the card of the one they show: nothing
but the signs of life stands between them and it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.identity.likeness import Points, read_points
from edge.judge.owner import OwnerJudge
from edge.terms.identity import OwnerFact, Template
from edge.terms.observation import CameraHealth, Observation
from edge.vision.face.embed import Embedder
from edge.vision.face.faces import Faces
from edge.vision.face.rigid import Rigid
from edge.vision.seers import SEERS, Seer
from hw.camera.port import Frame
from tests.bench_live import portraits, recorded, rooms, worse
from tests.worlds.composed import LOOK_S, Grey, Kind, any_seen, held

FOR_S: Final = 20.0
"""What a customer has before the code is offered."""
PEOPLE: Final[Mapping[str, str]] = {
    "cap12_edit": "one man",
    "cap13_edit2": "one man",
    "franck": "another man",
    "carphone_pristine": "a third",
}
"""Who is in a recording; one that is not named here is somebody of that name."""
ENROLLED: Final = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One claim: what was shown, whose card, and what was held first, after how many seconds."""

    shown: str
    card: str
    fact: OwnerFact | None
    after_s: float
    compared: int


class Claims:
    """Finder, check, embedding, and judge as the kiosk has them, ten frames a second."""

    def __init__(self, models: Path) -> None:
        self.faces = Faces(models)
        self.embedder = Embedder.open(models)
        self.points: Points = read_points(models)

    def claim(self, shown: str, card: str, templates: list[Template], looks: Iterable[Grey]) -> Row:
        """The first of `SAME` and `ANOTHER` in a claim that begins with the first picture."""
        judge, rigid = OwnerJudge(self.points), Rigid()
        judge.begin(templates, 0.0)
        due_s, compared = 0.0, 0
        for index, grey in enumerate(looks, start=1):
            at_s = index * LOOK_S
            found = self.faces(grey)
            look = None
            if at_s >= due_s - 1e-3:
                due_s = at_s + SEERS[Seer.OWNER].every_s
                look = self.embedder.look(Frame(index, at_s, grey), found)
                compared += look.template is not None
            motion = rigid.update(grey, found, at_s)
            size = grey.shape[1], grey.shape[0]
            seen = Observation(index, at_s, size, found, 0.2, CameraHealth.OK, face_motion=motion, owner=look)
            for judged in judge.update(seen, at_s):
                if judged.fact in (OwnerFact.SAME, OwnerFact.ANOTHER):
                    return Row(shown, card, judged.fact, at_s, compared)
        return Row(shown, card, None, FOR_S, compared)

    def enrol(self, clip: Path, from_s: float, for_s: float) -> list[Template]:
        """Up to ten good looks, spread over the time."""
        found: list[Template] = []
        for grey in recorded(clip, from_s, for_s, every_s=max(for_s / 40.0, LOOK_S)):
            look = self.embedder.look(Frame(0, 0.0, grey), self.faces(grey))
            found += [] if look.template is None else [look.template]
        step = max(len(found) / ENROLLED, 1.0)
        return [found[int(n * step)] for n in range(min(ENROLLED, len(found)))]


def person(clip: Path) -> str:
    return PEOPLE.get(clip.stem, clip.stem)


def length_s(clip: Path) -> float:
    video = cv2.VideoCapture(str(clip))
    return float(video.get(cv2.CAP_PROP_FRAME_COUNT) / (video.get(cv2.CAP_PROP_FPS) or 25.0))


def living(
    claims: Claims, clips: list[Path], cards: Mapping[str, list[Template]], rounds: int, seed: int
) -> Iterator[Row]:
    """Windows of what nobody was enrolled from: claims of the own card, then of each other's."""
    random = np.random.default_rng(seed)
    for clip in clips:
        begin_s = _rest_from_s(clip)
        starts = np.arange(begin_s, max(length_s(clip) - 0.5 * FOR_S, begin_s + 0.1), FOR_S)
        widths = [face.box[2] for grey in recorded(clip, 0.0, 1e9, 4.0) for face in claims.faces(grey)[:1]]
        for turn in range(rounds + 1):
            for from_s in starts:
                seen = any_seen(random) if turn else None
                for card, templates in cards.items():
                    own = "own card" if card == person(clip) else "another's card"
                    window = recorded(clip, float(from_s), FOR_S)
                    looks = worse(window, seen, float(np.median(widths)), turn)
                    shown = "living, made worse" if turn else "living"
                    yield claims.claim(f"{shown}, {own}", card, templates, looks)


def pictures(
    claims: Claims, options: argparse.Namespace, cards: Mapping[str, list[Template]]
) -> Iterator[Row]:
    """Prints, screens and dolls of the enrolled, with the card of the one they show."""
    random = np.random.default_rng(options.seed)
    every = portraits(claims.faces, options.data, options.clips)
    shown = [one for one in every if person(Path(one.name.split()[0])) in cards]
    behind = rooms(options.data)
    for index in range(options.videos * len(Kind)):
        kind = list(Kind)[index % len(Kind)]
        portrait = shown[random.integers(len(shown))]
        seen, room = any_seen(random), behind[random.integers(len(behind))]
        looks = held(kind, portrait, room, seen, FOR_S, int(random.integers(2**31)))
        card = person(Path(portrait.name.split()[0]))
        yield claims.claim(f"{kind}, own card", card, cards[card], looks)


def _rest_from_s(clip: Path) -> float:
    """Who has one recording alone is enrolled from its first third."""
    return 0.0 if clip.stem == "cap12_edit" else length_s(clip) / 3.0


def table(rows: list[Row]) -> str:
    """One line for each thing shown."""
    lines = [
        "| shown | claims | verified | after s (median, most) | another | after s | undecided | looks |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for shown in dict.fromkeys(row.shown for row in rows):
        here = [row for row in rows if row.shown == shown]
        same = [row.after_s for row in here if row.fact is OwnerFact.SAME]
        other = [row.after_s for row in here if row.fact is OwnerFact.ANOTHER]
        took = f"{np.median(same):.1f}, {max(same):.1f}" if same else "-"
        lines.append(
            f"| {shown} | {len(here)} | {len(same)} | {took} | {len(other)} | "
            f"{f'{np.median(other):.1f}' if other else '-'} | {len(here) - len(same) - len(other)} | "
            f"{np.mean([row.compared for row in here]):.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--videos", type=int, default=10, help="of each kind of picture")
    parser.add_argument("--rounds", type=int, default=2, help="times that the living are made worse")
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--only", choices=["held", "living"])
    options = parser.parse_args()
    cv2.setNumThreads(1)
    claims = Claims(options.models)
    clips = sorted(options.clips.iterdir())
    cards: dict[str, list[Template]] = {}
    for clip in clips:
        if clip.stem != "cap12_edit":
            templates = claims.enrol(clip, 0.0, length_s(clip) / 3.0)
            cards |= {person(clip): templates} if templates else {}
    print({card: len(templates) for card, templates in cards.items()}, flush=True)
    rows: list[Row] = []
    sources: list[Iterator[Row]] = []
    if options.only != "held":
        sources.append(living(claims, clips, cards, options.rounds, options.seed))
    if options.only != "living":
        sources.append(pictures(claims, options, cards))
    for source in sources:
        for row in source:
            rows.append(row)
            print(row, flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
