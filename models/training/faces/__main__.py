"""Finder and check together, as the kiosk runs them: every table of the cards by view and group.

    python -m models.training.faces --data ../shared/data --models models --work runs/faces
    python -m models.training.faces ... --fold runs/find runs/check-fold-1 shreyas0906 rxkt
    python -m models.training.faces ... --only card

Nothing is learnt. What is said of a face is kept in `WORK` by the content of the files and programs that
said it, so a stopped measurement goes on, and another file is another measurement. Each step leaves its
tables in `WORK/STEP.md`; `card` writes them between the marks of the cards. `--fold` may be repeated, once
for each run that left sources out.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CARDS: Final = {
    "face_check.md": ("joint", "folds", "views", "people"),
    "face_find.md": ("peer", "found"),
}
"""Which step's tables stand in which card, between `<!-- faces: STEP -->` and `<!-- /faces: STEP -->`."""

STEPS: Final = ("joint", "folds", "peer", "views", "people", "found", "failures", "card")


@dataclass(frozen=True)
class Asked:
    """The command line."""

    data: Path
    models: Path
    work: Path
    poses: Path | None
    new: tuple[str, ...]
    folds: tuple[tuple[Path, Path, tuple[str, ...]], ...]
    each: int
    most: int
    every_portrait: int
    cards: Path


def main() -> None:
    """Each step goes on where it stopped."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    parser = argparse.ArgumentParser(
        prog="python -m models.training.faces",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--work", type=Path, required=True, help="what was said, and the tables")
    parser.add_argument("--poses", type=Path, help="the check's cache with its meshes; else five landmarks")
    parser.add_argument("--new", nargs="*", default=[], help="sources that the files saw nothing of")
    parser.add_argument(
        "--fold",
        nargs="+",
        action="append",
        default=[],
        metavar="WORD",
        help="a folder with face_find, one with face_check, and sources that neither, or only the check, saw",
    )
    parser.add_argument("--most", type=int, default=0, help="faces of one source and cover; 0: all")
    parser.add_argument("--each", type=int, default=300, help="faces, bare and covered each, in every view")
    parser.add_argument(
        "--portraits", type=int, default=0, help="portraits of each skin tone, of all groups; 0: all"
    )
    parser.add_argument("--cards", type=Path, help="where the cards are; the models' folder unless named")
    parser.add_argument("--only", nargs="+", choices=STEPS, default=STEPS)
    given = parser.parse_args()
    folds = tuple((Path(f[0]), Path(f[1]), tuple(f[2:])) for f in given.fold)
    asked = Asked(
        given.data,
        given.models,
        given.work,
        given.poses,
        tuple(given.new),
        folds,
        given.each,
        given.most,
        given.portraits,
        given.cards or given.models,
    )
    asked.work.mkdir(parents=True, exist_ok=True)
    from models.training.faces import steps

    run: dict[str, Callable[[Asked], str]] = {
        "joint": steps.joint,
        "folds": steps.folds,
        "peer": steps.peer,
        "views": steps.views,
        "people": steps.people,
        "found": steps.found,
        "failures": steps.failures,
    }
    for name, step in run.items():
        if name in given.only:
            text = step(asked)
            (asked.work / f"{name}.md").write_text(text + "\n")
            print(f"## {name}\n\n{text}\n", flush=True)
    if "card" in given.only:
        for card, names in CARDS.items():
            path = asked.cards / card
            path.write_text(filled(path.read_text(), asked.work, names))


def filled(card: str, work: Path, names: Sequence[str]) -> str:
    """The card with each step's tables between its marks, where both are there."""
    for name in names:
        begin, end = f"<!-- faces: {name} -->", f"<!-- /faces: {name} -->"
        if begin in card and (work / f"{name}.md").exists():
            before, rest = card.split(begin)
            _, after = rest.split(end)
            card = f"{before}{begin}\n{(work / f'{name}.md').read_text()}{end}{after}"
    return card


if __name__ == "__main__":
    main()
