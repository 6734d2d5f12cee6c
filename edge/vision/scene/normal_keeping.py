"""Keeps a dictionary up to date: slowly, from looks after which nothing was wrong for days, and within
bounds.

Now and then a look that is normal offers what it shows of places that the dictionary does not quite know: a
poster that fades, a scratch. That waits in quarantine. It is taken in only if the kiosk says, then and again
when the quarantine is over, that nothing is wrong, and has counted no incident in between (`quiet`), and if
no look of our own was unusual meanwhile: then all that waits is dropped, so that what leads up to an alarm is
not learnt.

Anyone who changes the place little by little is held by three bounds: nothing is taken in that is further
than `_WANDER` limits from the dictionary of commissioning, which itself is never changed; few vectors are
taken in a day; and the oldest of at most `MOST_KEPT` go when there are more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import CabinState, NormalSeen
from edge.vision.scene.dictionary import RADIUS, Int8, as_steps

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

EVERY_S: Final = 600.0
"""Between looks of a state that offer something."""
MOST_A_LOOK: Final = 40
MOST_A_DAY: Final = 200
MOST_BYTES: Final = 150_000
"""Of one state, taken in."""

_DAY_S: Final = 86_400.0
_MOST_WAITING: Final = 500
_WELL_UNDER: Final = 0.8
"""Of the limit: a look that is nearer to it offers nothing."""
_WANDER: Final = 1.5
"""Limits from the dictionary of commissioning; what is further away is not taken in."""
_NEW: Final = RADIUS**2 / 2.0
"""As a distance: nearer than that it is known."""

Quiet = Callable[[], int | None]
"""How many incidents the kiosk has counted, None while anything is wrong or nobody knows."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Places that were taken in: `cells` (n,) row * columns + column, `vectors` n x channels in steps."""

    cells: NDArray[np.uint16]
    vectors: Int8


@dataclass(frozen=True, slots=True)
class Compared:
    """One look of a state, as the eye compared it: all maps are rows x columns.

    `distances` are from all that is known, `unlike` is in spreads from what was learnt at commissioning
    alone.
    """

    vectors: Floats
    busy: Bools
    distances: Floats
    unlike: Floats
    score: float
    limit: float


@dataclass(frozen=True, slots=True)
class _Waiting:
    state: CabinState
    at_s: float
    incidents: int
    taken: Taken


class Keeping:
    """The quarantine of one camera. Times are on the monotonic clock; a restart empties it."""

    def __init__(self, quiet: Quiet, quarantine_s: float) -> None:
        self._quiet = quiet
        self._quarantine_s = quarantine_s
        self._waiting: deque[_Waiting] = deque(maxlen=_MOST_WAITING)
        self._offered_s: dict[CabinState, float] = {}
        self._day_s = float("-inf")
        self._today: dict[CabinState, int] = {}

    @property
    def waiting(self) -> int:
        """Looks in quarantine."""
        return len(self._waiting)

    def wants(self, state: CabinState, seen: NormalSeen, at_s: float) -> bool:
        """Hears of every look; whether this one is to be offered. An unusual one empties the quarantine."""
        if seen.score > seen.limit:
            self._waiting.clear()
            return False
        return at_s - self._offered_s.get(state, float("-inf")) >= EVERY_S

    def offer(self, state: CabinState, seen: Compared, at_s: float) -> tuple[CabinState, Taken] | None:
        """One look that was wanted; what comes out of quarantine, with its state, once it may be taken in."""
        self._offered_s[state] = at_s
        incidents = self._quiet()
        if incidents is None:
            return None
        if self._waiting and self._waiting[-1].incidents != incidents:
            self._waiting.clear()
        out = self._released(at_s)
        if seen.score <= _WELL_UNDER * seen.limit:
            taken = _news(seen)
            if taken is not None:
                self._waiting.append(_Waiting(state, at_s, incidents, taken))
        return out

    def _released(self, at_s: float) -> tuple[CabinState, Taken] | None:
        """The oldest whose time is over, as much of it as the day still allows."""
        if not self._waiting or at_s - self._waiting[0].at_s < self._quarantine_s:
            return None
        if at_s - self._day_s >= _DAY_S:
            self._day_s, self._today = at_s, {}
        one = self._waiting.popleft()
        used = self._today.get(one.state, 0)
        count = min(MOST_A_DAY - used, len(one.taken.cells))
        if count <= 0:
            return None
        self._today[one.state] = used + count
        return one.state, Taken(one.taken.cells[:count], one.taken.vectors[:count])


def _news(seen: Compared) -> Taken | None:
    """The places that are not quite known, the least known first; those that wandered too far are none."""
    rows, columns, channels = seen.vectors.shape
    new = ~seen.busy & (seen.distances > _NEW) & (seen.unlike <= _WANDER * seen.limit)
    cells = np.flatnonzero(new)
    if not cells.size:
        return None
    order = np.argsort(-seen.distances.reshape(rows * columns)[cells])[:MOST_A_LOOK]
    chosen = cells[order]
    return Taken(chosen.astype(np.uint16), as_steps(seen.vectors.reshape(-1, channels)[chosen]))


def with_taken(before: Taken | None, more: Taken) -> Taken:
    """Both, the newest last; the oldest are left out where they would be too many."""
    if before is None:
        cells, vectors = more.cells, more.vectors
    else:
        cells = np.concatenate((before.cells, more.cells))
        vectors = np.concatenate((before.vectors, more.vectors))
    most = MOST_BYTES // (vectors.shape[1] + 2)
    return Taken(cells[-most:], vectors[-most:])
