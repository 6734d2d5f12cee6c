"""Chooses the finder's points and the check's `face_cut` together: as few faces lost as false ones allow.

    python -m models.training.faces.points --data ../shared/data --models models --cache CACHE [--set-point]

A box is a face where the finder's score and the check's logit of any face both reach their points. Face-free
pictures, whole and in cuts, and faces, bare and covered, come from groups that the finder did not learn from;
the faces are those of the `val` part, which no table judges. For each score that the finder may ask for, the
check's cut is the lowest that leaves the false faces that are allowed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
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
from models.training.find.eval import face_free, hand_checked, with_cuts

SCORES: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95)
"""What the finder may ask for; below the first it gives nothing (`maybe` of its contract)."""
FALSE_FACES: Final = 0.0025
"""Of the views that choose: half of one in 200, for other sources mislead more."""
_LABELS: Final = Path(__file__).parents[1] / "find" / "labels.csv"


@dataclass(frozen=True, slots=True)
class Pair:
    """A box's two numbers: the finder's score, and the check's logit of any face."""

    score: float
    face: float


@dataclass(frozen=True, slots=True)
class Choice:
    """Points, and what they leave: false faces among the views, faces found among bare and covered ones."""

    score: float
    face_cut: float
    false: int
    bare: float
    covered: float

    @property
    def worth(self) -> float:
        """Bare and covered faces count alike."""
        return (self.bare + self.covered) / 2


class Both:
    """Finder and check with their points as low as they go."""

    def __init__(self, models: Path, still: bool) -> None:
        with tempfile.TemporaryDirectory() as folder:
            low = Path(folder)
            for suffix in ("tflite", "json"):
                shutil.copy(models / f"face_find.{suffix}", low)
            write_points(low / "face_find.json", {"look": SCORES[0], "video": SCORES[0]})
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


def choices(
    false: Sequence[Sequence[Pair]], bare: Sequence[Pair | None], covered: Sequence[Pair | None]
) -> list[Choice]:
    """For each score the lowest cut at which at most `FALSE_FACES` of the views show a false face."""
    allowed = int(FALSE_FACES * len(false))
    found = []
    for score in SCORES:
        worst = sorted(
            (max((p.face for p in v if p.score >= score), default=-99.0) for v in false), reverse=True
        )
        cut = round(worst[allowed] + 0.01, 2)

        def share(pairs: Sequence[Pair | None], score: float = score, cut: float = cut) -> float:
            return float(np.mean([p is not None and p.score >= score and p.face >= cut for p in pairs]))

        found.append(Choice(score, cut, sum(w >= cut for w in worst), share(bare), share(covered)))
    return found


def write_points(contract: Path, points: dict[str, float]) -> None:
    """Changes operating points of a contract."""
    content = json.loads(contract.read_text())
    content["operating_points"] |= points
    contract.write_text(json.dumps(content, indent=1) + "\n")


def measure(
    both: Both, views: Sequence[NDArray[np.uint8]], bare: Sequence[Case], covered: Sequence[Case]
) -> list[Choice]:
    """All choices of one way of looking."""
    false = [
        [pair for _, pair in both.pairs(np.asarray(cv2.cvtColor(v, cv2.COLOR_BGR2GRAY), np.uint8))]
        for v in views
    ]
    return choices(false, [of_face(both, c) for c in bare], [of_face(both, c) for c in covered])


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
    best = {}
    for name, still in (("look", True), ("video", False)):
        found = measure(Both(asked.models, still), views, bare, covered)
        best[name] = max(found, key=lambda c: c.worth)
        for one in found:
            print(
                f"{name} {one.score:.2f}, face_cut {one.face_cut:.2f}: {one.false} false, bare found "
                f"{one.bare:.3f}, covered {one.covered:.3f}{'  <' if one is best[name] else ''}",
                flush=True,
            )
    # There is one cut for both ways of looking: the higher one leaves no more false faces than allowed.
    cut = max(one.face_cut for one in best.values())
    print(f"look {best['look'].score}, video {best['video'].score}, face_cut {cut}")
    if asked.set_point:
        points = {name: one.score for name, one in best.items()}
        write_points(asked.models / "face_find.json", points)
        write_points(asked.models / "face_check.json", {"face_cut": cut})


if __name__ == "__main__":
    main()
