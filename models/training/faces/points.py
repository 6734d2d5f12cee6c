"""Chooses the finder's points and the check's `face_cut` together: as few faces lost as false ones allow.

    python -m models.training.faces.points --data ../shared/data --models models --cache CACHE [--set-point]

A box is a face where the finder's score and the check's logit of any face both reach their points. Face-free
pictures, whole and in cuts, and faces, bare and covered, come from groups that the finder did not learn from;
the faces are those of the `val` part, which no table judges. For each cut of the check the
finder's points are the lowest that leave the false faces that are allowed; the cut that finds most is taken.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.face.align import SIZE_PX, align, frame_of, normalise
from edge.vision.face.check import AS_IS, LABELS, STILL
from edge.vision.face.find import Finder, Found
from edge.vision.network import Network
from edge.vision.network import load as load_network
from models.training.common import part
from models.training.faces.cases import Case, Grey, Split, cases, sample
from models.training.faces.judged import is_it
from models.training.find.data import prepare
from models.training.find.matching import face_free, hand_checked, with_cuts

SCORES: Final = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.88, *(round(0.9 + 0.005 * n, 3) for n in range(18)))
"""What the finder may ask for, lowest first."""
CUTS: Final = (-2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
"""What the check may ask for: logits of any face."""
FALSE_FACES: Final = 0.005
"""Of the views that choose: one in 200."""
_LOWEST: Final = 0.3
"""Below this the finder gives nothing (`maybe` of its contract)."""
_LABELS: Final = Path(__file__).parents[1] / "find" / "labels.csv"


@dataclass(frozen=True, slots=True)
class Pair:
    """A box's two numbers: the finder's score, and the check's logit of any face."""

    score: float
    face: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One way of looking: the pairs of each view without a face, and that of each bare and covered face."""

    false: Sequence[Sequence[Pair]]
    bare: Sequence[Pair | None]
    covered: Sequence[Pair | None]

    def point(self, cut: float) -> float:
        """The lowest score that, behind this cut, leaves no more false faces than allowed; else the last."""
        allowed = int(FALSE_FACES * len(self.false))
        for score in SCORES:
            if sum(any(p.score >= score and p.face >= cut for p in view) for view in self.false) <= allowed:
                return score
        return SCORES[-1]

    def found(self, score: float, cut: float) -> tuple[float, float]:
        """Shares of bare and of covered faces that both points leave."""

        def share(pairs: Sequence[Pair | None]) -> float:
            return float(np.mean([p is not None and p.score >= score and p.face >= cut for p in pairs]))

        return share(self.bare), share(self.covered)


@dataclass(frozen=True, slots=True)
class Choice:
    """The check's cut, the finder's point behind it for each way of looking, and what of faces is found."""

    face_cut: float
    points: Mapping[str, float]
    found: Mapping[str, tuple[float, float]]

    @property
    def worth(self) -> float:
        """Bare and covered faces count alike, and so do stills and video."""
        return float(np.mean([share for pair in self.found.values() for share in pair]))


class Both:
    """Finder and check with their points as low as they go."""

    def __init__(self, models: Path, still: bool) -> None:
        with tempfile.TemporaryDirectory() as folder:
            low = Path(folder)
            for suffix in ("tflite", "json"):
                shutil.copy(models / f"face_find.{suffix}", low)
            write_points(low / "face_find.json", {"look": _LOWEST, "video": _LOWEST})
            self._finder = Finder(low)
        self._network: Network = load_network(models / "face_check.tflite", labels=LABELS)
        names = [output.name for output in self._network.contract.outputs]
        if "face" not in names:
            raise ValueError(
                "this check does not say whether a cut shows a face at all: its contract lacks `face`"
            )
        self._face_at = names.index("face")
        self._still = still

    def pairs(self, grey: Grey) -> list[tuple[Found, Pair]]:
        """Every box that could be a face."""
        found = self._finder.look(grey) if self._still else self._finder.find(grey)
        return [(f, Pair(f.score, self._face(grey, f))) for f in found]

    def _face(self, grey: Grey, found: Found) -> float:
        frame = frame_of(found.box, found.landmarks)
        views = STILL if self._still else AS_IS
        logits = []
        for view in views:
            cut = align(grey, replace(frame, size=frame.size * view.zoom))
            cut = np.ascontiguousarray(cut[:, ::-1]) if view.mirrored else cut
            answer = self._network.run_real(normalise(cut).reshape(1, SIZE_PX, SIZE_PX, 1))
            logits.append(float(answer[self._face_at][0, 0]))
        return float(np.mean(logits))


def of_face(both: Both, case: Case) -> Pair | None:
    """The pair of the box at the labelled place, None where there is none."""
    x, y = case.box[0] + case.box[2] / 2, case.box[1] + case.box[3] / 2
    side = (case.box[2] * case.box[3]) ** 0.5
    there = [pair for found, pair in both.pairs(case.grey) if is_it(found.box, x, y, side)]
    return max(there, key=lambda pair: pair.score, default=None)


def choices(ways: Mapping[str, Seen]) -> list[Choice]:
    """One for each cut: stills and video share it."""
    made = []
    for cut in CUTS:
        points = {name: seen.point(cut) for name, seen in ways.items()}
        made.append(Choice(cut, points, {n: seen.found(points[n], cut) for n, seen in ways.items()}))
    return made


def write_points(contract: Path, points: dict[str, float]) -> None:
    """Changes operating points of a contract."""
    content = json.loads(contract.read_text())
    content["operating_points"] |= points
    contract.write_text(json.dumps(content, indent=1) + "\n")


def measure(
    both: Both, views: Sequence[NDArray[np.uint8]], bare: Sequence[Case], covered: Sequence[Case]
) -> Seen:
    """What finder and check make of them in one way of looking."""
    greys = (np.asarray(cv2.cvtColor(view, cv2.COLOR_BGR2GRAY), np.uint8) for view in views)
    false = [[pair for _, pair in both.pairs(grey)] for grey in greys]
    return Seen(false, [of_face(both, c) for c in bare], [of_face(both, c) for c in covered])


def main() -> None:
    """Prints every choice and the best one, for stills and for video."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--cache", type=Path, required=True, help="the finder's")
    parser.add_argument("--leave-out", action="append", default=[], help="as the finder's run did")
    parser.add_argument("--each", type=int, default=300, help="faces, bare and covered each")
    parser.add_argument("--set-point", action="store_true", help="write the points into both contracts")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = [
        p
        for p in prepare(asked.data, asked.cache)
        if part(p.group) != "train" and not any(s in p.source for s in asked.leave_out)
    ]
    free = face_free(asked.data, pictures, hand_checked(_LABELS))
    views = with_cuts([picture for _, picture in free])
    faces = cases(asked.data, Split(part="val"), ("crop", "identity"))
    faces = [c for c in faces if not any(s in c.source for s in asked.leave_out)]
    bare = sample([c for c in faces if not c.covered], asked.each)
    covered = sample([c for c in faces if c.covered], asked.each)
    print(f"{len(views)} views without a face, {len(bare)} bare and {len(covered)} covered faces", flush=True)
    ways = {
        name: measure(Both(asked.models, still), views, bare, covered)
        for name, still in (("look", True), ("video", False))
    }
    made = choices(ways)
    best = max(made, key=lambda one: one.worth)
    for one in made:
        told = "; ".join(
            f"{name} {one.points[name]:.3f}: bare {one.found[name][0]:.3f}, covered {one.found[name][1]:.3f}"
            for name in ways
        )
        print(f"face_cut {one.face_cut:.1f}: {told}{'  <' if one is best else ''}")
    if asked.set_point:
        write_points(asked.models / "face_find.json", dict(best.points))
        write_points(asked.models / "face_check.json", {"face_cut": best.face_cut})


if __name__ == "__main__":
    main()
