"""What happens in a month of normal use: who comes, how long they stay, what they carry. Seeded, pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final


class Doing(StrEnum):
    """What a visit is about."""

    CUSTOMER = "customer"
    PHONE_IN_HAND = "phone in hand"
    PARCEL = "parcel carried in and out"
    PARCEL_SET_DOWN = "parcel set down beside the feet for a while"
    SHOE = "ties a shoe"
    UMBRELLA = "umbrella"
    CLEANER = "cleaner"
    FRIENDS = "two friends"
    CHILD = "with a child"
    PASSES_OUTSIDE = "passes outside the glass"


_WEIGHTS: Final = {
    Doing.CUSTOMER: 46,
    Doing.PHONE_IN_HAND: 10,
    Doing.PARCEL: 7,
    Doing.PARCEL_SET_DOWN: 4,
    Doing.SHOE: 4,
    Doing.UMBRELLA: 5,
    Doing.CLEANER: 3,
    Doing.FRIENDS: 6,
    Doing.CHILD: 5,
    Doing.PASSES_OUTSIDE: 10,
}
_IDLE_MEAN_S: Final = 40.0
_STAY_S: Final = (25.0, 110.0)
_CLEANING_S: Final = (100.0, 170.0)

SEVERAL: Final = frozenset({Doing.FRIENDS, Doing.CHILD})
"""Two people are two people: of these `several` and `crowd` are right."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit from the door and back. `mirrored` and `size` make several people of one actor."""

    doing: Doing
    begins_s: float
    ends_s: float
    actors: tuple[int, ...]
    mirrored: bool
    size: float
    seed: int


def visits(hours: float, seed: int, adults: int, children: int) -> Iterator[Visit]:
    """Visits one after the other, with an empty cabin between. Actors from `adults` on are children."""
    random = Random(seed)
    at_s = random.uniform(20.0, 60.0)
    doings, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    while True:
        doing = random.choices(doings, weights)[0]
        stay_s = random.uniform(*(_CLEANING_S if doing is Doing.CLEANER else _STAY_S))
        if doing is Doing.PASSES_OUTSIDE:
            stay_s = random.uniform(4.0, 20.0)
        if at_s + stay_s > hours * 3600.0 - 10.0:
            return
        who = [random.randrange(adults)]
        if doing is Doing.FRIENDS:
            who.append((who[0] + random.randrange(1, adults)) % adults)
        if doing is Doing.CHILD:
            who.append(adults + random.randrange(children))
        yield Visit(
            doing,
            at_s,
            at_s + stay_s,
            tuple(who),
            random.random() < 0.5,
            random.uniform(0.9, 1.08),
            random.randrange(1 << 30),
        )
        at_s += stay_s + 6.0 + random.expovariate(1.0 / _IDLE_MEAN_S)
