"""Prints what was counted into `models/attacks.md`, and draws what the attacks look like.

What stands between the marks of the card is written here and nowhere else. The sheet shows the staged cabin
and its public-domain people, never a picture of the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.vision.face.align import align, frame_of
from edge.vision.face.find import Finder
from edge.vision.scene.people import fitted
from hw.camera.staged import StagedCabin
from models.training.attacks import face_check, face_find, patches, scene
from models.training.attacks.counts import Counts, table
from models.training.attacks.gradient import Greys, fgsm, pgd, with_print
from models.training.attacks.spoil import SPOILS, Grey, spoiled
from models.training.attacks.twins import check_twin

NETWORKS: Final = ("face_check", "face_find", "scene", "patches", "dictionary", "harden")
_COLUMNS: Final = {
    "face_check": face_check.COLUMNS,
    "face_find": face_find.COLUMNS,
    "scene": scene.COLUMNS,
    "patches": (*patches.COLUMNS, patches.WHERE),
    "dictionary": patches.COLUMNS,
    "harden": face_check.COLUMNS,
}
_TILE: Final = (240, 180)
_ACROSS: Final = 5


def write(models: Path, work: Path) -> None:
    """Each network's table between its marks, in the order in which the rows were counted; then the sheet."""
    card = models / "attacks.md"
    text = card.read_text()
    for name in NETWORKS:
        rows = dict(Counts(work / f"{name}.json").rows)
        if name == "patches":
            for says, row in Counts(work / "where.json").rows.items():
                rows[says] = {**rows.get(says, {}), **row}
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = f"{before}{begin}\n{table(rows, _COLUMNS[name], list(rows))}\n{end}{after}"
    card.write_text(text)
    cv2.imwrite(str(models / "attacks.jpg"), sheet(models, work), [cv2.IMWRITE_JPEG_QUALITY, 82])


class _Clock:
    """`hw.ports.Clock` for one picture: stands at a time."""

    boot = "sheet"

    def __init__(self) -> None:
        self.at_s = 0.0

    def now_s(self) -> float:
        return self.at_s

    def wall_s(self) -> float:
        return self.at_s

    def wall_true(self) -> bool:
        return False


def _staged(action: str) -> Grey:
    """The drawn cabin some seconds after somebody came in."""
    clock = _Clock()
    cabin = StagedCabin(clock)
    cabin.do(action, 0.0)
    clock.at_s = 6.0
    return cabin.read().grey


def sheet(models: Path, work: Path) -> Grey:
    """Every kind of spoiling at its stronger setting, gradient attacks and prints, each with its name."""
    bare, masked = _staged("enter anna"), _staged("enter anna with mask")
    tiles = [_tile(bare, "as it is")]
    for name, kind in SPOILS.items():
        tiles.append(_tile(spoiled(name, kind.strengths[-1], bare, 3), kind.says.format(kind.strengths[-1])))
    finder, judge, twin = Finder(models), face_check.Judge(models), check_twin(models)
    cuts = np.stack([_cut(finder, grey) for grey in (bare, masked)])
    tiles.append(_tile(cuts[0], "what the check sees"))
    away = judge.objective(twin, np.array([1.0, -1.0], np.float32))
    tiles += _pair(fgsm(away, cuts, 8), "FGSM, 8/255")
    tiles += _pair(pgd(away, cuts, 8, 1), "PGD-20, 8/255")
    for name, place in face_check.PLACES.items():
        file = work / f"print-{name.replace(', ', '-')}.npy"
        cut = cuts[1:] if place.against == "covered" else cuts[:1]
        if file.exists():
            laid = with_print(cut, np.load(file), face_check.boxes_at(place, 1), 7)
            tiles.append(_tile(laid[0], name))
    tiles += [_tile(grey, says) for grey, says in _worn(models, work, finder, bare)]
    while len(tiles) % _ACROSS:
        tiles.append(np.full_like(tiles[0], 255))
    rows = [np.hstack(tiles[i : i + _ACROSS]) for i in range(0, len(tiles), _ACROSS)]
    return np.asarray(np.vstack(rows), np.uint8)


def _worn(models: Path, work: Path, finder: Finder, bare: Grey) -> list[tuple[Grey, str]]:
    """The prints for the finder and for the scene network, in the drawn cabin."""
    shown: list[tuple[Grey, str]] = []
    seen, scale = face_find.fitted(bare)
    faces = np.array([found.box for found in finder.find(bare)], np.float32).reshape(-1, 4) * scale
    for name, place in face_find.PLACES.items():
        file = work / f"print-find-{name}.npy"
        kept, boxes = face_find.beside([face_find.Photo(seen, faces[:1])], place)
        if file.exists() and kept:
            shown.append((with_print(kept[0].grey[None], np.load(file), boxes, 9)[0], f"find: {name}"))
    file = work / "print-scene-chest.npy"
    if file.exists():
        small = fitted(bare)
        box = np.array([[78.0, 96.0, 36.0, 36.0]], np.float32)
        shown.append((with_print(small[None], np.load(file), box, 9)[0], "scene: on the chest"))
    return shown


def _cut(finder: Finder, grey: Grey) -> Grey:
    found = finder.find(grey)[0]
    return align(grey, frame_of(found.box, found.landmarks))


def _pair(cuts: Greys, says: str) -> Sequence[Grey]:
    return [_tile(cuts[0], f"{says}, bare"), _tile(cuts[1], f"{says}, mask")]


def _tile(grey: Grey, says: str) -> Grey:
    """One picture, whole, with its words below."""
    width, height = _TILE
    scale = min(width / grey.shape[1], height / grey.shape[0])
    size = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
    out = np.full((height + 22, width + 6), 255, np.uint8)
    method = cv2.INTER_NEAREST if scale > 1.5 else cv2.INTER_AREA
    out[: size[1], : size[0]] = cv2.resize(grey, size, interpolation=method)
    cv2.putText(out, says[:38], (2, height + 15), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0,), 1, cv2.LINE_AA)
    return out
