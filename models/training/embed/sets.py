"""Enrolled people and everybody's looks: likenesses as the kiosk takes them, and rates with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.identity.likeness import BEST_OF
from models.training.embed.said import Directions, unit
from models.training.shares import wilson

Scores = NDArray[np.float32]
"""Looks x enrolled people."""
Together = Callable[[Directions, Directions], NDArray[np.float32]]
"""Looks (n x 256) and one person's templates (k x 256) to n likenesses."""

ENROLLED: Final = 10
FEWEST: Final = 5
"""People are enrolled with ten pictures, or with what leaves a third of theirs for looks, five at least."""
DRAWS: Final = 400


def best_three(looks: Directions, templates: Directions) -> NDArray[np.float32]:
    """As `edge/identity/likeness.py` does."""
    return np.asarray(np.sort(looks @ templates.T, axis=1)[:, -BEST_OF:].mean(axis=1), np.float32)


def best(looks: Directions, templates: Directions) -> NDArray[np.float32]:
    return np.asarray((looks @ templates.T).max(axis=1), np.float32)


def middle(looks: Directions, templates: Directions) -> NDArray[np.float32]:
    """Against the mean of the templates."""
    return np.asarray(looks @ unit(templates.mean(axis=0, keepdims=True))[0], np.float32)


def average(looks: Directions, templates: Directions) -> NDArray[np.float32]:
    """The mean over all templates."""
    return np.asarray((looks @ templates.T).mean(axis=1), np.float32)


RULES: Final[Mapping[str, Together]] = {
    "the mean of the best three": best_three,
    "the best one": best,
    "the mean of all": average,
    "the mean template": middle,
}


@dataclass(frozen=True)
class Sets:
    """Who is enrolled with which pictures, and which pictures are looks; places in the list of pictures."""

    names: tuple[str, ...]
    enrolled: tuple[NDArray[np.int64], ...]
    looks: NDArray[np.int64]


def enrol(person: NDArray[np.str_], usable: NDArray[np.bool_], most: int = ENROLLED, seed: int = 1) -> Sets:
    """Enrols everybody with enough usable pictures; every other usable picture is a look."""
    rng = np.random.default_rng(seed)
    names, sets, looks = [], [], []
    kept = np.flatnonzero(usable)
    every, who = np.unique(person[kept], return_inverse=True)
    for number, name in enumerate(every):
        own = rng.permutation(kept[who == number])
        count = min(most, len(own) * 2 // 3)
        if count >= min(most, FEWEST):
            names.append(str(name))
            sets.append(own[:count])
            own = own[count:]
        looks.append(own)
    return Sets(tuple(names), tuple(sets), np.sort(np.concatenate(looks)))


def scores(said: Directions, sets: Sets, together: Together = best_three) -> Scores:
    looks = said[sets.looks]
    return np.stack([together(looks, said[own]) for own in sets.enrolled], axis=1)


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % interval: the wider of Wilson's and of draws of people with all theirs."""

    count: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.count / max(self.total, 1)


def counted(hit: NDArray[np.int64], of: NDArray[np.int64], seed: int = 1) -> Rate:
    """`hit` of `of` a person. Draws of people, since pictures of one person go together."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(of), np.full(len(of), 1.0 / len(of)), DRAWS)
    shares = (drawn @ hit) / np.maximum(drawn @ of, 1)
    return _wider(int(hit.sum()), int(of.sum()), shares)


def crossed(hit: NDArray[np.int64], of: NDArray[np.int64], seed: int = 1) -> Rate:
    """As `counted` for people x people: those who look and those who are enrolled are drawn apart."""
    rng = np.random.default_rng(seed)
    rows, columns = hit.shape
    shares = []
    for _ in range(DRAWS):
        a = rng.multinomial(rows, np.full(rows, 1.0 / rows))
        b = rng.multinomial(columns, np.full(columns, 1.0 / columns))
        shares.append(float(a @ hit @ b) / max(float(a @ of @ b), 1.0))
    return _wider(int(hit.sum()), int(of.sum()), shares)


def _wider(hit: int, of: int, shares: Sequence[float] | NDArray[np.float64]) -> Rate:
    low, high = np.percentile(shares, (2.5, 97.5))
    least, most = wilson(hit, of)
    return Rate(hit, of, min(float(low), least), max(float(high), most))


@dataclass(frozen=True)
class Table:
    """Scores of looks against enrolled people, and who is who. `look` holds the person of each row."""

    scores: Scores
    look: NDArray[np.str_]
    names: NDArray[np.str_]

    @staticmethod
    def of(said: Directions, person: NDArray[np.str_], sets: Sets, together: Together = best_three) -> Table:
        return Table(scores(said, sets, together), person[sets.looks], np.array(sets.names))

    @property
    def own(self) -> NDArray[np.bool_]:
        return np.asarray(self.look[:, None] == self.names[None, :])

    def limit(self, share: float) -> float:
        """The likeness that this share of the comparisons of two people reach."""
        other = self.scores[~self.own]
        place = -max(1, round(share * len(other)))
        return float(np.partition(other, place)[place])

    def false_matches(self, limit: float) -> Rate:
        """Two people at `limit` or above."""
        return self._crossed((self.scores >= limit) & ~self.own, ~self.own)

    def accepts(self, limit: float) -> Rate:
        """Looks of the enrolled person at `limit` or above."""
        return self._counted((self.scores >= limit) & self.own)

    def below(self, limit: float) -> Rate:
        """Looks of the enrolled person below `limit`."""
        return self._counted((self.scores < limit) & self.own)

    def _counted(self, hit: NDArray[np.bool_]) -> Rate:
        return counted(hit.sum(axis=0), self.own.sum(axis=0))

    def _crossed(self, hit: NDArray[np.bool_], of: NDArray[np.bool_]) -> Rate:
        _, who = np.unique(self.look, return_inverse=True)
        people = int(who.max()) + 1
        folded = [np.zeros((people, len(self.names)), np.int64) for _ in range(2)]
        for into, table in zip(folded, (hit, of), strict=True):
            np.add.at(into, who, table.astype(np.int64))
        return crossed(folded[0], folded[1])
