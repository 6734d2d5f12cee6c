"""The peer of 128 numbers: `face_recognition` (dlib's network) on the same pictures.

Pairs come in a random order and are kept as they come, so that a run that is stopped has an honest sample.
It looks for the face itself in the picture brought to twice its size; where it finds none it is given the
manifest's box, so that it is not judged by its finder. Runs where `face_recognition` is installed:

    python -m models.training.embed.peer --data ../shared/data --pairs db.sql3 --out runs/embed/peer.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import FaceRow, Progress
from models.training.embed.data import as_seen_by_all, rows_of
from models.training.embed.pairs import read_pairs
from models.training.files import must_read

_KEEP_EVERY: Final = 100


def encode(row: FaceRow) -> tuple[NDArray[np.float64], bool]:
    """128 numbers, and whether its own finder found the face."""
    import face_recognition

    framed, factor, rim = as_seen_by_all(must_read(row.path))
    rgb = np.ascontiguousarray(framed[:, :, ::-1])
    places = face_recognition.face_locations(rgb)
    found = bool(places)
    if not found:
        box = row.boxes[0]
        top, left = round(box.y * factor) + rim, round(box.x * factor) + rim
        places = [(top, left + round(box.w * factor), top + round(box.h * factor), left)]
    largest = max(places, key=lambda one: one[2] - one[0])
    (numbers,) = face_recognition.face_encodings(rgb, [largest])
    return np.asarray(numbers, np.float64), found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Encode the pairs' pictures with face_recognition")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pairs", type=Path, required=True, help="db.sql3 of PyPI xbob.db.lfw 1.2.0")
    parser.add_argument("--out", type=Path, default=Path("runs/embed/peer.npz"))
    given = parser.parse_args()
    cv2.setNumThreads(1)
    rows = rows_of(given.data)
    pairs = read_pairs(given.pairs, [str(row.path) for row in rows])
    order = np.random.default_rng(1).permutation(len(pairs.one))
    numbers, found = np.zeros((len(rows), 128)), np.zeros(len(rows), np.bool_)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    progress = Progress(len(order))
    for count, pair in enumerate(order):
        for n in (pairs.one[pair], pairs.other[pair]):
            if not numbers[n].any():
                numbers[n], found[n] = encode(rows[n])
        progress.tell(count)
        if count % _KEEP_EVERY == 0 or count + 1 == len(order):
            np.savez(given.out, numbers=numbers, found=found)


if __name__ == "__main__":
    main()
