"""Pictures that a live sensor cannot give: the same one again and again, or the same seconds again and again.

A live picture never comes twice, for its noise; a recording does. A frozen picture differs from the one
before by nothing; a loop has one exact lag at which it differs by far less than at any lag beside it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.camera.port import GreyPicture

_IDENTICAL: Final = 0.01
"""Mean change in grey levels under which two small pictures are the same. The noise of a live sensor
gives 0.1 and more; the quietest recordings measured 0.04 to 0.07 in the median."""
_IDENTICAL_SHARE: Final = 0.8
"""A frozen picture in a compressed recording still flickers at each of its key frames."""
_FROZEN_DRIFT: Final = 1.0

_LOOP_LOOK_S: Final = 0.9
_LOOP_S: Final = 60.0
"""The longest loop that is looked for."""
_LOOP_LEAST_S: Final = 1.0
_KEPT: Final = 900
_COARSE: Final = (10, 8)
_RUN: Final = 10
"""Pictures in a row that must come again."""
_BESIDE: Final = 5
"""So many pictures before and after the best lag they must differ."""
_EXACT: Final = 0.4
"""How much less the repeated picture must differ than the ones beside it. The closest of 900 live pictures of
an empty room, which differ by their noise alone, measured 0.75 and more."""
_LOOKS: Final = 3
"""Looks, a second apart, that must find the same lag."""
_LEAST: Final = 0.01
_CALMEST_PERCENT: Final = 20.0
_LIVE_LOOKS: Final = 3
_LAG_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Seen:
    """Of one picture: how much it differs from the one before, and its mean level."""

    at_s: float
    change: float
    mean: float


class Repeats:
    """Watches the small pictures of one camera. `frozen_s`: how long a picture must stay the same.

    `change` is the mean absolute change in grey levels against the picture before.
    """

    def __init__(self, frozen_s: float = 5.0) -> None:
        self.change = 0.0
        self.frozen = False
        self.replayed = False
        self._frozen_s = frozen_s
        self._previous: GreyPicture | None = None
        self._changes: deque[_Seen] = deque()
        self._coarse = np.zeros((_KEPT, _COARSE[0] * _COARSE[1]), np.float32)
        self._steps = np.zeros(_KEPT, np.float32)
        self._times = np.full(_KEPT, -np.inf)
        self._next = 0
        self._looked_s = -np.inf
        self._lag_s = 0.0
        self._found = 0
        self._live = 0

    def update(self, small: GreyPicture, at_s: float) -> None:
        """One picture, in order of time."""
        if self._previous is None or self._previous.shape != small.shape:
            self._previous = small
            self._changes.clear()
            self._times[:] = -np.inf
            self.change, self.frozen, self.replayed = 0.0, False, False
            return
        self.change = float(cv2.mean(cv2.absdiff(small, self._previous))[0])
        self._previous = small
        self.frozen = self._is_frozen(small, at_s)
        self._keep(small, at_s)
        if at_s - self._looked_s >= _LOOP_LOOK_S:
            self._looked_s = at_s
            self._look_for_loop()

    @property
    def noise(self) -> float:
        """The sensor's noise in levels (standard deviation), from the calmest of the last pictures."""
        least = min((seen.change for seen in self._changes), default=0.0)
        return least * float(np.sqrt(np.pi)) / 2.0

    @property
    def known(self) -> bool:
        """Whether enough pictures were seen to say what their noise is."""
        return len(self._changes) >= 3

    def _is_frozen(self, small: GreyPicture, at_s: float) -> bool:
        self._changes.append(_Seen(at_s, self.change, float(cv2.mean(small)[0])))
        while len(self._changes) > 1 and self._changes[1].at_s <= at_s - self._frozen_s:
            self._changes.popleft()
        if at_s - self._changes[0].at_s < self._frozen_s or len(self._changes) < 3:
            return False
        recent = [seen.change for seen in self._changes]
        means = [seen.mean for seen in self._changes]
        same = sum(c < _IDENTICAL for c in recent) >= _IDENTICAL_SHARE * len(recent)
        return same and sum(recent) < _FROZEN_DRIFT and max(means) - min(means) < _FROZEN_DRIFT

    def _keep(self, small: GreyPicture, at_s: float) -> None:
        coarse = cv2.resize(small.astype(np.float32), _COARSE, interpolation=cv2.INTER_AREA)
        self._steps[self._next] = np.abs(coarse.reshape(-1) - self._coarse[self._next - 1]).mean()
        self._coarse[self._next] = coarse.reshape(-1)
        self._times[self._next] = at_s
        self._next = (self._next + 1) % _KEPT

    def _look_for_loop(self) -> None:
        lag_s = self._exact_lag()
        if lag_s is None:
            self._live += 1
            self._found = 0 if self._live >= 2 else self._found
            self.replayed = self.replayed and self._live < _LIVE_LOOKS
            return
        self._live = 0
        self._found = self._found + 1 if abs(lag_s - self._lag_s) <= _LAG_S else 1
        self._lag_s = lag_s
        self.replayed = self.replayed or self._found >= _LOOKS

    def _exact_lag(self) -> float | None:
        """How long ago this very picture was seen before; None for a live one."""
        order = (self._next - 1 - np.arange(_KEPT)) % _KEPT
        lags: NDArray[np.float64] = self._times[order[0]] - self._times[order]
        known = int(np.count_nonzero(lags <= _LOOP_S))
        first = int(np.searchsorted(lags[:known], _LOOP_LEAST_S))
        if known - first < _RUN + 2 * _BESIDE:
            return None
        rows = self._coarse[order[:known]]
        differs = np.abs(rows - rows[0]).mean(axis=1)
        best = first + int(np.argmin(differs[first : known - _RUN]))
        # The pictures before must come again as well, one by one, and differ from those beside them: one that
        # does not change at all is frozen, and a coarse coder gives the same one now and again.
        run = rows[:_RUN]

        def apart(lag: int) -> float:
            return float(np.abs(run - rows[lag : lag + _RUN]).mean())

        # A lamp that flashes or a hand that passes twice is like itself but for the noise, which never is.
        noise = float(np.percentile(self._steps[order[:known]], _CALMEST_PERCENT))
        beside = min(apart(max(1, best - _BESIDE)), apart(min(best + _BESIDE, known - _RUN)))
        usual = min(noise, beside)
        return float(lags[best]) if usual > _LEAST and apart(best) < _EXACT * usual else None
