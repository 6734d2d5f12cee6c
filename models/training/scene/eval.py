"""Measures the scene network on what its measured runs never saw, and writes the card's tables and curves.

    python -m models.training.scene.eval --cache CACHE --run RUN... --shipped models/scene.tflite \\
        --card models/scene.md --curves models/scene_curves.png

Pictures are halved by their group (a video, a shoot): the cuts that judge one half are chosen on the other.
`--set-point` writes the cuts that both halves give together into the contracts of the runs and of the shipped
file. The tables go between the marks of the card, so that no figure in it is written by hand.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.scene.people import Points, somebody_odds, somebody_score
from models.training.common import to_input
from models.training.scene.augment import plain
from models.training.scene.curves import Curves, draw
from models.training.scene.data import BAG, HEAD, PERSON, Picture, prepare
from models.training.scene.held import (
    Held,
    Run,
    counted,
    hold,
    is_place,
    matches,
    points_of,
    somebody_cut,
    stated,
)
from models.training.scene.light import LIGHTS
from models.training.scene.peers import PEERS, peer_scores
from models.training.scene.train import away
from models.training.shares import wilson

BEGIN, END = "<!-- measured: written by models.training.scene.eval -->", "<!-- end of measured -->"


@dataclass(frozen=True, slots=True)
class Judged:
    """A held picture and the cuts of the other half."""

    held: Held
    points: Points

    @property
    def somebody(self) -> bool:
        """What the runtime would say."""
        return somebody_odds(self.held.raw, self.points) >= 0

    @property
    def several(self) -> bool:
        """See above."""
        return counted(self.held, self.points) > 1


def judge(held: Sequence[Held], chosen_on: Sequence[Held]) -> list[Judged]:
    """Each with the cuts of the half that it is not in."""
    cuts = {half: points_of([h for h in chosen_on if h.half != half]) for half in (0, 1)}
    return [Judged(h, cuts[h.half]) for h in held]


def _rate(right: int, total: int) -> str:
    if not total:
        return "-"
    low, high = wilson(right, total)
    return f"{right}/{total} = {right / total:.3f} ({low:.3f} to {high:.3f})"


UPRIGHT, LOW = ("cabin one", "cabin several"), ("cabin missed",)


def _upright(p: Picture) -> bool:
    return p.about in UPRIGHT


def _missed(p: Picture) -> bool:
    return p.about in LOW


def _thing(p: Picture) -> bool:
    return p.somebody is False and not is_place(p)


def _row(judged: Sequence[Judged], name: str, which: Callable[[Picture], bool]) -> str:
    rows = [j for j in judged if which(j.held.picture)]
    return f"| {name} | {_rate(sum(j.somebody for j in rows), len(rows))} |"


def presence(judged: Sequence[Judged]) -> Iterator[str]:
    """Somebody present: cabins, other sources, and pictures of nobody."""
    yield "| somebody seen in | share (95 % interval) |"
    yield "|---|---|"
    yield _row(judged, "**cabins, upright** (the YOLOv8n teacher found them)", _upright)
    yield _row(judged, "**cabins, crouched, from above, cut off** (it missed them)", _missed)
    yield _row(judged, "**places without anybody** (false)", is_place)
    yield _row(judged, "things and animals that fill the picture (false)", _thing)
    for source in sorted({j.held.picture.source for j in judged}):
        here = [j for j in judged if j.held.picture.source == source]
        for about in sorted({j.held.picture.about for j in here}):
            yield _row(here, f"{source}: {about}", lambda p, a=about: p.about == a)  # type: ignore[misc]


def groups(judged: Sequence[Judged]) -> Iterator[str]:
    """The cabins, each video for itself."""
    yield "| cabin video | upright | crouched, above, cut off | several told from one |"
    yield "|---|---|---|---|"
    cabins = [j for j in judged if j.held.picture.about.startswith("cabin")]
    for group in sorted({j.held.picture.group for j in cabins}):
        here = [j for j in cabins if j.held.picture.group == group]
        up = [j for j in here if _upright(j.held.picture)]
        low = [j for j in here if _missed(j.held.picture)]
        if up or low:
            right = sum(j.several == j.held.picture.several for j in up)
            yield (
                f"| {group} | {sum(j.somebody for j in up)}/{len(up)} | "
                f"{sum(j.somebody for j in low)}/{len(low)} | {right}/{len(up)} |"
            )


def several(judged: Sequence[Judged]) -> Iterator[str]:
    """Several against one, by bodies counted."""
    yield "| counted as several | share (95 % interval) |"
    yield "|---|---|"
    for about, name in (
        ("cabin several", "cabins, several persons"),
        ("cabin one", "cabins, one person (false)"),
        ("several", "fights and shops, several"),
        ("one", "fights and shops, one (false)"),
    ):
        rows = [j for j in judged if j.held.picture.about == about]
        yield f"| {name} | {_rate(sum(j.several for j in rows), len(rows))} |"
    cabins = [j for j in judged if j.held.picture.about in UPRIGHT]
    yes = [j.several for j in cabins if j.held.picture.several]
    no = [not j.several for j in cabins if not j.held.picture.several]
    if yes and no:
        yield f"| cabins, balanced | {(np.mean(yes) + np.mean(no)) / 2:.3f} |"


def things(held: Sequence[Held]) -> Iterator[str]:
    """Boxes found, at the cut with the best F1."""
    yield "| boxes (persons share half, others 0.3 of the joint area) | labelled | found | precision |"
    yield "|---|---|---|---|"
    cuts = points_of(held).cuts
    for kind, name in ((PERSON, "person"), (HEAD, "head (photos of faces)"), (BAG, "bag")):
        found = matches(held, kind)
        taken = found.logits >= cuts[kind]
        hits = int(found.right[taken].sum())
        right = _rate(hits, int(taken.sum()))
        yield f"| {name} | {found.labelled} | {_rate(hits, found.labelled)} | {right} |"


def lights(pictures: Sequence[Picture], runs: Sequence[Run], full: Sequence[Held]) -> Iterator[str]:
    """The same pictures in other lights, by the cuts of full light."""
    yield "| light | upright | crouched, above, cut off | places without anybody (false) | several balanced |"
    yield "|---|---|---|---|---|"
    shown = [p for p in pictures if p.about.startswith("cabin") or is_place(p)]
    for light in LIGHTS:
        judged = judge(full if light == "full" else hold(shown, runs, light), full)
        cells = []
        for which in (_upright, _missed, is_place):
            rows = [j for j in judged if which(j.held.picture)]
            cells.append(
                f"{sum(j.somebody for j in rows)}/{len(rows)} = {np.mean([j.somebody for j in rows]):.3f}"
            )
        rows = [j for j in judged if j.held.picture.about in UPRIGHT]
        shares = [
            np.mean([j.several == s for j in rows if j.held.picture.several == s]) for s in (True, False)
        ]
        yield f"| {light} | {' | '.join(cells)} | {np.mean(shares):.3f} |"


def peers(full: Sequence[Held], data: Path) -> Iterator[str]:
    """Other detectors on the same pictures: a picture's score is that of its surest person."""
    shown = [h for h in full if h.picture.about.startswith("cabin") or is_place(h.picture)]
    there = np.array([bool(h.picture.somebody) for h in shown])
    half = np.array([h.half for h in shown])
    yield "| | multiply-adds | ms | upright | crouched, above, cut off | places without anybody (false) |"
    yield "|---|---|---|---|---|---|"
    weight = points_of(full).head_weight
    ours = np.array([somebody_score(h.raw, weight) for h in shown])
    rows = [("this one (int8)", "180 M", "", ours)]
    for peer in PEERS:
        begun = time.process_time()
        scores = peer_scores(peer, data, [h.picture for h in shown])
        if scores is not None:
            each = (time.process_time() - begun) / len(shown) * 1000
            rows.append((peer.name, f"{peer.millions} M", f"{each:.1f}", scores))
    for name, millions, ms, scores in rows:
        said = np.zeros(len(shown), np.bool_)
        for h in (0, 1):
            cut = _same_false(scores[half != h], there[half != h])
            said[half == h] = scores[half == h] >= cut
        cells = []
        for which in (_upright, _missed, is_place):
            mine = np.array([which(h.picture) for h in shown])
            cells.append(f"{said[mine].sum()}/{mine.sum()} = {said[mine].mean():.3f}")
        yield f"| {name} | {millions} | {ms} | {' | '.join(cells)} |"


def _same_false(scores: NDArray[np.float64], there: NDArray[np.bool_]) -> float:
    """As few pictures of nobody lie above it as are allowed."""
    return somebody_cut(scores, there)


def against_float(run: Path, pictures: Sequence[Picture], leave_out: Sequence[str]) -> Iterator[str]:
    """What int8 loses: the same run's float file on the same pictures."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(run / "scene.float.tflite"), num_threads=1)
    interpreter.allocate_tensors()
    at = interpreter.get_input_details()[0]["index"]
    out = next(d["index"] for d in interpreter.get_output_details() if tuple(d["shape"])[1:] == (5, 6, 1))
    people = Run.of(run).people
    shown = [p for p in pictures if away(p, leave_out) and (p.about.startswith("cabin") or is_place(p))]
    real, small = [], []
    for picture in shown:
        interpreter.set_tensor(at, to_input(plain(picture))[None, :, :, None])
        interpreter.invoke()
        real.append(float(np.partition(interpreter.get_tensor(out).ravel(), -2)[-2:].mean()))
        small.append(somebody_score(people.raw(picture.grey), 0.0))
    a, b = np.array(real), np.array(small)
    there = np.array([bool(p.somebody) for p in shown])
    yield "| | area under the ROC curve | seen at 1.25 % false |"
    yield "|---|---|---|"
    for name, scores in (("float", a), ("int8", b)):
        seen = scores[there] >= _same_false(scores, there)
        yield f"| {name} | {_area(scores, there):.4f} | {_rate(int(seen.sum()), int(there.sum()))} |"
    yield ""
    apart = np.abs(a - b).mean()
    yield f"By the map alone; the logits of {len(shown)} pictures are {apart:.3f} apart in the mean."


def _area(scores: NDArray[np.float64], there: NDArray[np.bool_]) -> float:
    yes, no = scores[there], scores[~there]
    return float((yes[:, None] > no[None]).mean() + 0.5 * (yes[:, None] == no[None]).mean())


def reliability(judged: Sequence[Judged]) -> Iterator[str]:
    """What share of the pictures with a logit show somebody."""
    yield "| `somebody_logit` | pictures | show somebody |"
    yield "|---|---|---|"
    odds = np.array([somebody_odds(j.held.raw, j.points) for j in judged])
    there = np.array([bool(j.held.picture.somebody) for j in judged])
    edges = (-np.inf, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, np.inf)
    for low, high in itertools.pairwise(edges):
        mine = (odds >= low) & (odds < high)
        yield f"| {low:g} to {high:g} | {mine.sum()} | {_rate(int(there[mine].sum()), int(mine.sum()))} |"


def curves(judged: Sequence[Judged], full: Sequence[Held], runs: Sequence[Path]) -> Curves:
    """What `draw` shows."""
    known = [j for j in judged if j.held.picture.somebody is not None]
    cabins = [j for j in judged if j.held.picture.about in UPRIGHT]
    return Curves(
        scores=np.array([somebody_score(j.held.raw, j.points.head_weight) for j in known]),
        odds=np.array([somebody_odds(j.held.raw, j.points) for j in known]),
        there=np.array([bool(j.held.picture.somebody) for j in known]),
        said=np.array([j.somebody for j in known]),
        several=np.array([bool(j.held.picture.several) for j in cabins]),
        several_said=np.array([j.several for j in cabins]),
        boxes={
            name: matches(full, kind) for kind, name in ((PERSON, "person"), (HEAD, "head"), (BAG, "bag"))
        },
        losses=tuple(run / "loss.csv" for run in runs),
    )


def _write(card: Path, lines: Sequence[str]) -> None:
    """Between the marks; the rest of the card stays."""
    text = card.read_text() if card.exists() else f"{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    card.write_text(before + BEGIN + "\n\n" + "\n".join(lines) + "\n\n" + END + after)


def _set_points(contract: Path, points: Points) -> None:
    content = json.loads(contract.read_text())
    content["operating_points"] = stated(points)
    contract.write_text(json.dumps(content, indent=1) + "\n")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure the scene network")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/scene-cache"))
    parser.add_argument("--run", type=Path, action="append", required=True, help="folder of a measured run")
    parser.add_argument("--shipped", type=Path, help="its contract gets the operating points")
    parser.add_argument("--card", type=Path, help="the tables are written between its marks")
    parser.add_argument("--curves", type=Path, help="a .png")
    parser.add_argument("--quick", action="store_true", help="no other lights and no peers")
    parser.add_argument("--set-point", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = prepare(arguments.data, arguments.cache)
    runs = [Run.of(folder) for folder in arguments.run]
    full = hold(pictures, runs)
    if not any(h.picture.somebody for h in full) or not any(h.picture.somebody is False for h in full):
        raise SystemExit("what the runs left out must hold pictures with somebody and pictures of nobody")
    judged = judge(full, full)
    parts: list[tuple[str, list[str]]] = [
        ("Somebody present", list(presence(judged))),
        ("Cabins, video by video", list(groups(judged))),
        ("Several against one", list(several(judged))),
        ("Boxes", list(things(full))),
        ("What a logit means", list(reliability(judged))),
    ]
    if not arguments.quick:
        parts.append(("Light", list(lights(pictures, runs, full))))
        parts.append(("Peers on the same pictures", list(peers(full, arguments.data))))
        parts.append(("What int8 loses", list(against_float(arguments.run[0], pictures, runs[0].leave_out))))
    lines = [line for title, body in parts for line in (f"### {title}", "", *body, "")][:-1]
    print("\n" + "\n".join(lines), flush=True)
    both = points_of(full)
    print(json.dumps(stated(both)))
    if arguments.card:
        _write(arguments.card, lines)
    if arguments.curves:
        draw(curves(judged, full, arguments.run), arguments.curves)
    if arguments.set_point:
        for folder in arguments.run:
            _set_points(folder / "scene.json", both)
        if arguments.shipped:
            _set_points(arguments.shipped.with_suffix(".json"), both)


if __name__ == "__main__":
    main()
