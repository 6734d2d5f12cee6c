"""Whether a picture can be believed: black, white, covered, frozen, out of focus, moved, or sound.

Classical measures on the quarter-size picture; no network. What the scene's edges looked like is
learnt in the first seconds of a sound picture and slowly after; a restart learns the view again.
A fault must hold for its own time before it is said, and a sound picture for a second before it is
taken back, so that one bad frame says nothing. A dark but usable night picture is sound.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import CameraHealth
from edge.vision.scene.background import shrink
from hw.camera.port import GreyPicture

Floats = NDArray[np.float32]

_CONFIRM_S: Final = {
    CameraHealth.OK: 1.0,
    CameraHealth.DARK: 0.7,
    CameraHealth.BLINDED: 0.7,
    CameraHealth.COVERED: 1.0,
    CameraHealth.DEFOCUSED: 2.0,
    CameraHealth.MOVED: 3.0,
}
"""How long each must hold. A person who walks through close by covers much of the view, but not for long."""

_BLACK_P99: Final = 20.0
"""Grey level that 99 % of a black picture stay under; a lamp or a lit face at night is above."""
_WHITE_P1: Final = 235.0
_FLAT_EDGES: Final = 0.01
"""Edge energy (see `_edge_energy`) under which a picture shows nothing. Rooms measured 0.016 to 0.1, by
night 0.018 and more; paper, a palm or spray 0.002 to 0.006."""
_FLAT_DEVIATION: Final = 0.12
"""Deviation of the picture relative to its brightness that a flat one stays under."""
_BRIGHTNESS_FLOOR: Final = 8.0
_EDGES_KEPT: Final = 0.5
"""Share of the learnt edge energy under which the view is blurred or covered."""
_BLUR_LIKENESS: Final = 0.8
"""Correlation of the coarse picture with the learnt one: above, the view is the same but blurred."""
_COARSE: Final = (16, 12)
_PLACE_KEPT: Final = 0.2
"""Share of learnt edges found in their place under which the camera has been moved."""
_QUIET_LEVELS: Final = 1.5
"""Mean change above which somebody moves close by: no frame to say from that the camera was moved."""
_LEARN_S: Final = 2.0
_LEARN_TAU_S: Final = 120.0
_IDENTICAL: Final = 0.01
"""Mean change in grey levels under which two small pictures are the same. The noise of a live sensor
gives 0.1 and more; the quietest recordings measured 0.04 to 0.07 in the median."""
_IDENTICAL_SHARE: Final = 0.8
"""A frozen picture in a compressed recording still flickers at each of its key frames."""
_FROZEN_DRIFT: Final = 1.0
_DT_MAX_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Seen:
    """Of one picture: how much it differs from the one before, and its mean level."""

    at_s: float
    change: float
    mean: float


class Health:
    """Judges the pictures of one camera. `frozen_s`: how long a picture must stay the same."""

    def __init__(self, frozen_s: float = 5.0) -> None:
        self._frozen_s = frozen_s
        self._said = CameraHealth.OK
        self._raw = CameraHealth.OK
        self._held_s = dict.fromkeys(CameraHealth, 0.0)
        self._last_s: float | None = None
        self._previous: Floats | None = None
        self._changes: deque[_Seen] = deque()
        self._learnt_s = 0.0
        self._right: Floats | None = None
        self._down: Floats | None = None
        self._coarse: Floats | None = None
        self._energy = 0.0
        self._change = 0.0

    @property
    def doubtful(self) -> bool:
        """True when this very frame does not look sound, said or not yet: believe no region in it."""
        return self._raw is not CameraHealth.OK or self._said is not CameraHealth.OK

    def update(self, grey: GreyPicture, at_s: float, face: bool = False) -> CameraHealth:
        """One picture (any size; the same all the time) into the judgement that holds now.

        `face`: a face was in view a moment ago. Anyone who is that close hides the scene, and a camera that
        sees the face has not been turned away from it.
        """
        small = shrink(grey)
        now = small.astype(np.float32)
        dt_s = 0.0 if self._last_s is None else min(max(at_s - self._last_s, 0.0), _DT_MAX_S)
        self._last_s = at_s
        frozen = self._is_frozen(now, at_s)
        raw = self._look(small, now, dt_s)
        if raw is CameraHealth.MOVED and (face or self._change >= _QUIET_LEVELS):
            # Not to be said from a frame in which somebody moves close by, nor to be taken back.
            raw = CameraHealth.OK
            dt_s = 0.0
        self._raw = raw
        for health, confirm_s in _CONFIRM_S.items():
            step_s = dt_s if health is raw else -dt_s
            self._held_s[health] = min(max(self._held_s[health] + step_s, 0.0), confirm_s)
        if raw is not self._said and self._held_s[raw] >= _CONFIRM_S[raw]:
            self._said = raw
        if frozen and self._said is CameraHealth.OK:
            # A frozen black picture is black first: that is what can be seen and repaired.
            return CameraHealth.FROZEN
        return self._said

    def _is_frozen(self, now: Floats, at_s: float) -> bool:
        if self._previous is None or self._previous.shape != now.shape:
            self._previous = now
            self._changes.clear()
            self._change = 0.0
            return False
        self._change = change = float(cv2.mean(cv2.absdiff(now, self._previous))[0])
        self._previous = now
        self._changes.append(_Seen(at_s, change, float(cv2.mean(now)[0])))
        while len(self._changes) > 1 and self._changes[1].at_s <= at_s - self._frozen_s:
            self._changes.popleft()
        if at_s - self._changes[0].at_s < self._frozen_s or len(self._changes) < 3:
            return False
        recent = [seen.change for seen in self._changes]
        means = [seen.mean for seen in self._changes]
        same = sum(c < _IDENTICAL for c in recent) >= _IDENTICAL_SHARE * len(recent)
        return same and sum(recent) < _FROZEN_DRIFT and max(means) - min(means) < _FROZEN_DRIFT

    def _look(self, small: GreyPicture, now: Floats, dt_s: float) -> CameraHealth:
        """What this frame looks like on its own and against the learnt view."""
        p1, p99 = np.percentile(small[::2, ::2], (1.0, 99.0))
        if p99 < _BLACK_P99:
            return CameraHealth.DARK
        if p1 > _WHITE_P1:
            return CameraHealth.BLINDED
        brightness = float(now.mean()) + _BRIGHTNESS_FLOOR
        energy = _edge_energy(now, brightness)
        if energy < _FLAT_EDGES and float(now.std()) < _FLAT_DEVIATION * brightness:
            return CameraHealth.COVERED
        blurred = cv2.GaussianBlur(now, (0, 0), 1.5)
        right = np.asarray(cv2.Sobel(blurred, cv2.CV_32F, 1, 0), dtype=np.float32)
        down = np.asarray(cv2.Sobel(blurred, cv2.CV_32F, 0, 1), dtype=np.float32)
        coarse = np.asarray(cv2.resize(now, _COARSE, interpolation=cv2.INTER_AREA), dtype=np.float32)
        if self._right is not None and self._right.shape != right.shape:
            self._learnt_s = 0.0
            self._right = None
        if self._right is None or self._down is None or self._coarse is None or self._learnt_s < _LEARN_S:
            self._learn(right, down, coarse, energy, dt_s)
            return CameraHealth.OK
        if energy < _EDGES_KEPT * self._energy:
            if self._said in (CameraHealth.DEFOCUSED, CameraHealth.COVERED):
                return self._said  # who walks by behind the blur does not change what it is
            same_view = _likeness(coarse, self._coarse) > _BLUR_LIKENESS
            return CameraHealth.DEFOCUSED if same_view else CameraHealth.COVERED
        if self._edges_in_place(right, down) < _PLACE_KEPT:
            return CameraHealth.MOVED
        if self._said is CameraHealth.OK:
            self._learn(right, down, coarse, energy, dt_s)
        return CameraHealth.OK

    def _learn(self, right: Floats, down: Floats, coarse: Floats, energy: float, dt_s: float) -> None:
        if self._right is None or self._down is None or self._coarse is None:
            self._right, self._down, self._coarse = right.copy(), down.copy(), coarse.copy()
            self._energy = energy
            return
        tau_s = _LEARN_S / 2.0 if self._learnt_s < _LEARN_S else _LEARN_TAU_S
        rate = 1.0 - float(np.exp(-dt_s / tau_s))
        cv2.accumulateWeighted(right, self._right, rate)
        cv2.accumulateWeighted(down, self._down, rate)
        cv2.accumulateWeighted(coarse, self._coarse, rate)
        self._energy += rate * (energy - self._energy)
        self._learnt_s = min(self._learnt_s + dt_s, _LEARN_S)

    def _edges_in_place(self, right: Floats, down: Floats) -> float:
        """Share of the learnt view's strong edges, away from the middle, that run as they did.

        A person fills the middle and the bottom; the top and the sides stay in view. Directions, not
        strengths, are compared, so that light may change.
        """
        assert self._right is not None
        assert self._down is not None
        h, w = right.shape
        rim = np.ones((h, w), bool)
        rim[h // 4 :, w // 4 : w - w // 4] = False
        learnt = cv2.magnitude(self._right, self._down)
        strong = rim & (learnt > max(float(np.percentile(learnt[rim], 85.0)), 12.0))
        if np.count_nonzero(strong) < 40:
            return 1.0
        dot = right[strong] * self._right[strong] + down[strong] * self._down[strong]
        length = np.hypot(right[strong], down[strong])
        agrees = (dot > 0.8 * length * learnt[strong]) & (length > 0.25 * learnt[strong])
        # Edges that run anywhere agree by chance one time in five or so; what counts is beyond that.
        return float(np.count_nonzero(agrees)) / float(np.count_nonzero(strong))


def _edge_energy(picture: Floats, brightness: float) -> float:
    """Mean strength of fine edges relative to the brightness; the sensor's noise is smoothed away before."""
    calm = cv2.GaussianBlur(picture, (0, 0), 1.0)
    return float(np.abs(cv2.Laplacian(calm, cv2.CV_32F)).mean()) / brightness


def _likeness(a: Floats, b: Floats) -> float:
    """Correlation of two pictures, -1 to 1; 0 where one is flat."""
    x, y = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / scale if scale > 1e-3 else 0.0
