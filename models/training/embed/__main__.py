"""The network that tells whether the card's owner stands there: converted, its limits chosen, measured.

    python -m models.training.embed --data ../shared/data --models models --work runs/embed --pairs db.sql3
    python -m models.training.embed ... --only rules point card

Nothing is learnt. `--pairs` is `db.sql3` of the package `xbob.db.lfw` 1.2.0 on PyPI, with LFW's official
pairs; the peer's numbers come from `models.training.embed.peer`, into `WORK/peer.npz`. What was said of
pictures is kept in `WORK`: take another folder for another file. Each step leaves its table in
`WORK/STEP.md`; `card` writes them between the marks of the card.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

STEPS: Final = ("convert", "points", "lfw", "pairs", "rules", "point", "groups", "spoilt", "worn", "card")
CARD: Final = "face_embed.md"


def main() -> None:
    """Each step goes on where it stopped."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    parser = argparse.ArgumentParser(
        prog="python -m models.training.embed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--work", type=Path, default=Path("runs/embed"))
    parser.add_argument("--pairs", type=Path, help="LFW's official pairs")
    parser.add_argument("--each", type=int, default=200, help="looks of each kind that are spoilt")
    parser.add_argument("--only", nargs="*", choices=STEPS, default=STEPS)
    given = parser.parse_args()

    import cv2
    import torch

    from models.training.embed import figures
    from models.training.embed.convert import NAME, convert
    from models.training.embed.data import people

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    given.work.mkdir(parents=True, exist_ok=True)
    contract = given.models / f"{NAME}.json"
    if "convert" in given.only:
        cut = people(given.data, given.models, given.work)
        made = convert(given.data / "teachers", cut, given.models, given.work)
        print(f"wrote {made.int8} and {made.contract}", flush=True)
    if "points" in given.only:
        points = figures.choose(figures.measured(given.data, given.models, given.work, given.pairs))
        content = json.loads(contract.read_text())
        content["operating_points"] |= points
        contract.write_text(json.dumps(content, indent=1) + "\n")
        print(f"chosen: {points}", flush=True)
    measured = figures.measured(given.data, given.models, given.work, given.pairs)
    run: dict[str, Callable[[], str]] = {
        "lfw": lambda: figures.lfw(measured),
        "pairs": lambda: figures.every_pair(measured),
        "rules": lambda: figures.rules(measured),
        "point": lambda: figures.point(measured),
        "groups": lambda: figures.groups(measured),
        "spoilt": lambda: figures.spoiled(measured, given.each),
        "worn": lambda: figures.worn(measured),
    }
    for name, step in run.items():
        if name in given.only:
            text = step()
            (given.work / f"{name}.md").write_text(text + "\n")
            print(f"## {name}\n\n{text}\n", flush=True)
    if "card" in given.only:
        card = given.models / CARD
        card.write_text(filled(card.read_text(), given.work))


def filled(card: str, work: Path) -> str:
    """The card with each step's table between its marks, where both are there."""
    for name in STEPS:
        begin, end = f"<!-- embed: {name} -->", f"<!-- /embed: {name} -->"
        if begin in card and (work / f"{name}.md").exists():
            before, rest = card.split(begin)
            _, after = rest.split(end)
            card = f"{before}{begin}\n{(work / f'{name}.md').read_text()}{end}{after}"
    return card


if __name__ == "__main__":
    main()
