"""The embedding of patches under attack: places compared with themselves, and with something new in them.

Beside each picture stands the same one in a little other light and noise. The limit is the distance of the
most different cell that one in twenty of such pairs passes, chosen on one half of the pictures and used on
the other. What is to be seen is a piece of another place, an eighth of the picture wide, laid in without an
edge. A site's own dictionary forgives more than one picture does; what is measured is the comparison itself.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge.vision.network import read_contract
from edge.vision.scene.patches import CELL_PX, HEIGHT, WIDTH, Patches, prepared
from models.training.attacks.counts import Count, Counts, Row
from models.training.attacks.gradient import PGD_STEPS, Greys, Objective, fgsm, pgd
from models.training.attacks.spoil import SPOILS, Grey, spoiled
from models.training.attacks.twins import patch_twin
from models.training.files import read_picture
from models.training.patches.net import PatchNet, joined

COLUMNS: Final = ("unchanged, and taken as unchanged", "something new, and seen")
WHERE: Final = "and the most different cell is where it lies"
PLACES: Final = 120
RADII: Final = (2, 8)
ATTACKED: Final = 40
"""Of these, so many follow a gradient."""
PIECE_PX: Final = 32
_LIMIT_SHARE: Final = 0.95
Floats = NDArray[np.float32]


def places(data: Path) -> Greys:
    """Cabins and rooms as the network sees them (192 x 256)."""
    with (data / "scene" / "manifest.csv").open(newline="") as file:
        cabins = [data / "scene" / r["path"] for r in csv.DictReader(file) if r["task"] == "atm"]
    with (data / "faces" / "manifest.csv").open(newline="") as file:
        rooms = [data / "faces" / r["path"] for r in csv.DictReader(file) if r["kind"] == "negative"]
    rng = np.random.default_rng(8)
    found: list[Grey] = []
    for files in (cabins, rooms):
        wanted = len(found) + PLACES // 2
        for i in rng.permutation(len(files)):
            grey = read_picture(files[i], cv2.IMREAD_GRAYSCALE)
            if grey is not None and min(grey.shape) >= 140 and len(found) < wanted:
                found.append(prepared(grey))
    return np.stack(found)


def as_later(grey: Grey, seed: int) -> Grey:
    """The same place a little later: light 6 % off, levels up by 3, noise of 2 levels."""
    rng = np.random.default_rng(seed)
    lit = grey.astype(np.float32) * rng.uniform(0.94, 1.06) + rng.uniform(-3.0, 3.0)
    return np.asarray(np.clip(lit + 2.0 * rng.standard_normal(grey.shape), 0, 255), np.uint8)


def with_piece(grey: Grey, other: Grey, seed: int) -> tuple[Grey, tuple[int, int]]:
    """A piece of `other` in the light of where it is laid, and where it lies (row and column of cells)."""
    rng = np.random.default_rng(seed)
    side = PIECE_PX
    row = int(rng.integers(2, (HEIGHT - side) // CELL_PX - 2))
    column = int(rng.integers(2, (WIDTH - side) // CELL_PX - 2))
    top, left = row * CELL_PX, column * CELL_PX
    from_y, from_x = int(rng.integers(0, HEIGHT - side)), int(rng.integers(0, WIDTH - side))
    piece = other[from_y : from_y + side, from_x : from_x + side].astype(np.float32)
    here = grey[top : top + side, left : left + side].astype(np.float32)
    piece = (piece - piece.mean()) * (
        max(float(here.std()), 12.0) / max(float(piece.std()), 6.0)
    ) + here.mean()
    edge = np.zeros((side, side), np.float32)
    edge[2:-2, 2:-2] = 1.0
    soft = cv2.GaussianBlur(edge, (0, 0), 1.5)
    out = grey.copy()
    out[top : top + side, left : left + side] = np.clip(piece * soft + here * (1.0 - soft), 0, 255)
    return out, (row, column)


class Compared:
    """The shipped int8 file: the distance of the most different cell of two pictures."""

    def __init__(self, models: Path) -> None:
        self.patches = Patches(models)

    def vectors(self, greys: Sequence[Grey] | Greys) -> Floats:
        return np.stack([self.patches.embed(grey).vectors for grey in greys])

    @staticmethod
    def apart(one: Floats, other: Floats) -> Floats:
        """N: the largest 1 - dot product of cells at the same place."""
        distance = 1.0 - (one * other).sum(-1)
        return np.asarray(distance.reshape(len(one), -1).max(1), np.float32)


def measure(data: Path, models: Path, work: Path) -> Counts:
    """Every row, into `work/patches.json`."""
    torch.set_num_threads(1)
    counts, compared = Counts(work / "patches.json"), Compared(models)
    first = places(data)
    later = np.stack([as_later(g, i) for i, g in enumerate(first)])
    half = len(first) // 2
    order = np.random.default_rng(9).permutation(len(first))
    known = compared.vectors(first)
    quiet = compared.apart(known, compared.vectors(later))
    limit = float(np.quantile(quiet[order[:half]], _LIMIT_SHARE))
    judged = order[half:]
    before, now = known[judged], later[judged]
    laid = [with_piece(g, first[order[i]], i) for i, g in enumerate(now)]
    changed, where = np.stack([new for new, _ in laid]), [at for _, at in laid]

    def both(same: Greys, new: Greys) -> Row:
        kept = compared.apart(before[: len(same)], compared.vectors(same)) <= limit
        seen = compared.apart(before[: len(new)], compared.vectors(new)) > limit
        return {COLUMNS[0]: Count(int(kept.sum()), len(same)), COLUMNS[1]: Count(int(seen.sum()), len(new))}

    counts.add("clean", lambda: both(now, changed))
    for name, kind in SPOILS.items():
        for strength in kind.strengths:

            def row(name: str = name, strength: float = strength) -> Row:
                return both(
                    np.stack([spoiled(name, strength, g, i) for i, g in enumerate(now)]),
                    np.stack([spoiled(name, strength, g, i) for i, g in enumerate(changed)]),
                )

            counts.add(kind.says.format(strength), row)
    twin = patch_twin(models)
    points = read_contract((models / "patches.tflite").with_suffix(".json")).operating_points
    weights = {name.removesuffix("_weight"): v for name, v in points.items() if name.endswith("_weight")}
    some = min(ATTACKED, len(now))
    counts.add("clean, those attacked below", lambda: both(now[:some], changed[:some]))
    for radius in RADII:
        for how in ("FGSM", f"PGD-{PGD_STEPS}"):

            def attacked(radius: int = radius, how: str = how) -> Row:
                same, new = [], []
                for i in range(some):
                    loud = away_from(twin, weights, before[i], None)
                    hush = away_from(twin, weights, before[i], where[i])
                    one, other = now[i : i + 1], changed[i : i + 1]
                    same.append(fgsm(loud, one, radius) if how == "FGSM" else pgd(loud, one, radius, i))
                    new.append(fgsm(hush, other, radius) if how == "FGSM" else pgd(hush, other, radius, i))
                return both(np.concatenate(same), np.concatenate(new))

            counts.add(f"{how}, {radius}/255", attacked)
    return counts


def measure_where(data: Path, models: Path, work: Path) -> Counts:
    """For each spoiling, whether what is new still differs most: into `work/where.json`."""
    counts, compared = Counts(work / "where.json"), Compared(models)
    first = places(data)
    judged = np.random.default_rng(9).permutation(len(first))[len(first) // 2 :]
    before = compared.vectors(first[judged])
    laid = [with_piece(as_later(first[i], int(i)), first[judged[n - 1]], n) for n, i in enumerate(judged)]

    def row(spoil: Callable[[Grey, int], Grey]) -> Row:
        seen = compared.vectors([spoil(new, i) for i, (new, _) in enumerate(laid)])
        distance = 1.0 - (before * seen).sum(-1)
        hits = 0
        for one, (_, (top, left)) in zip(distance, laid, strict=True):
            y, x = divmod(int(one.argmax()), one.shape[1])
            side = PIECE_PX // CELL_PX
            hits += top - 1 <= y <= top + side and left - 1 <= x <= left + side
        return {WHERE: Count(hits, len(laid))}

    counts.add("clean", lambda: row(lambda grey, _: grey))
    for name, kind in SPOILS.items():
        if name in ("rotated", "hidden"):
            continue  # everything moves, or the card is new, too
        for strength in kind.strengths:
            spoil = partial(_spoilt, name, strength)
            counts.add(kind.says.format(strength), partial(row, spoil))
    return counts


def _spoilt(name: str, strength: float, grey: Grey, seed: int) -> Grey:
    return spoiled(name, strength, grey, seed)


def away_from(
    twin: PatchNet, weights: dict[str, float], known: Floats, hush: tuple[int, int] | None
) -> Objective:
    """Large where cells differ from what is known; with `hush`, where the new piece does not."""
    target = torch.from_numpy(known.transpose(2, 0, 1)[None])

    def objective(pictures: torch.Tensor) -> torch.Tensor:
        vectors = joined(twin((pictures - 128.0) / 128.0), weights)
        distance = 1.0 - (vectors * target).sum(1)
        if hush is None:
            return distance.flatten(1).topk(8, 1).values.sum(1)
        row, column = hush
        cells = PIECE_PX // CELL_PX
        near = distance[:, row - 1 : row + cells + 1, column - 1 : column + cells + 1]
        return -near.flatten(1).sum(1) - near.flatten(1).topk(4, 1).values.sum(1)

    return objective
