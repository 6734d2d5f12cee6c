"""LFW's official pairs and its ten folds (Huang et al., 2007), as far as the data folder has the pictures.

The list comes from the database in the package `xbob.db.lfw` 1.2.0 on PyPI (its `db.sql3`), so nothing of it
is kept here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

FOLDS: Final = 10
_WORD: Final = "braun-stev"
_QUERY: Final = (
    "select one.name, other.name, is_match from pair join file one on one.id = enrol_file_id "
    "join file other on other.id = probe_file_id where protocol = ? order by pair.id"
)


@dataclass(frozen=True)
class Pairs:
    """In parallel arrays: the two pictures' places in the list, whether they are one person's, the fold."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    same: NDArray[np.bool_]
    fold: NDArray[np.int64]

    def where(self, usable: NDArray[np.bool_]) -> Pairs:
        """Those whose pictures both are usable."""
        kept = usable[self.one] & usable[self.other]
        return Pairs(self.one[kept], self.other[kept], self.same[kept], self.fold[kept])


def read_pairs(database: Path, paths: Sequence[str]) -> Pairs:
    """Those whose pictures are among `paths`. sqlite3.Error where the file is another one."""
    place = {Path(path).stem: n for n, path in enumerate(paths) if _WORD in path}
    rows: list[tuple[int, int, bool, int]] = []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as stored:
        for fold in range(FOLDS):
            for one, other, same in stored.execute(_QUERY, (f"fold{fold + 1}",)):
                if one in place and other in place:
                    rows.append((place[one], place[other], bool(same), fold))
    table = np.array(rows, np.int64).reshape(-1, 4)
    return Pairs(table[:, 0], table[:, 1], table[:, 2].astype(np.bool_), table[:, 3])


def right_by_folds(score: NDArray[np.float64], pairs: Pairs) -> NDArray[np.bool_]:
    """Whether each pair is told right at the limit that is best for the nine other folds; high is alike."""
    right = np.zeros(len(score), np.bool_)
    for fold in range(FOLDS):
        here = pairs.fold == fold
        limit = best_limit(score[~here], pairs.same[~here])
        right[here] = (score[here] > limit) == pairs.same[here]
    return right


def best_limit(score: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    """The limit between two scores at which most pairs are told right."""
    order = np.argsort(score)
    ordered, wanted = score[order], same[order].astype(np.int64)
    right = wanted.sum() + np.concatenate([[0], np.cumsum(1 - 2 * wanted)])
    at = int(np.argmax(right))
    ends = np.concatenate([[ordered[0] - 1.0], (ordered[1:] + ordered[:-1]) / 2.0, [ordered[-1] + 1.0]])
    return float(ends[at])
