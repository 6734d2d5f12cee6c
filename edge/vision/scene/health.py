"""Whether a picture can be believed, and if not, what was done to the camera.

Classical measures on the quarter-size picture; no network. What the camera usually sees comes from the site's
own pictures of the empty cabin, and is learnt in the first seconds of a sound picture and slowly after. Each
cell of the picture is in its place, has lost its texture, or shows another; what blinds a camera does this
without moving, what people do moves. A fault must hold for its own time before it is said, and a sound
picture for a second before it is taken back, so that a hand that passes says nothing. A dark but usable night
picture is sound, and so is one by infrared light.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge.terms.observation import CameraHealth
from edge.vision.scene.background import shrink
from edge.vision.scene.cells import Cells, Floats, measured
from edge.vision.scene.elsewhere import Found, find_elsewhere
from edge.vision.scene.repeats import Repeats
from edge.vision.scene.view import Compared, Steady, View
from hw.camera.port import GreyPicture

_CONFIRM_S: Final = {
    CameraHealth.OK: 1.0,
    CameraHealth.DARK: 2.0,
    CameraHealth.BLINDED: 2.0,
    CameraHealth.COVERED: 1.5,
    CameraHealth.SPRAYED: 2.0,
    CameraHealth.DEFOCUSED: 2.0,
    CameraHealth.MOVED: 1.0,
    CameraHealth.UPSIDE_DOWN: 1.5,
}
"""How long each must hold. A person who walks through close by covers much of the view, but not for long."""

_DARK_P99: Final = 20.0
"""Grey level that 99 % of a dark picture stay under; a lamp or a lit face at night is above."""
_WHITE_P1: Final = 235.0
_BRIGHT: Final = 225.0
_FLAT_EDGES: Final = 0.01
"""Edge energy (see `_edge_energy`) under which a picture shows nothing. Rooms measured 0.016 to 0.1, by
night 0.018 and more; paper, a palm or spray 0.002 to 0.006."""
_SHOWS: Final = 0.8**2
"""Edges of a cell that shows something all the same, mean square in levels a pixel."""
_FLAT_DEVIATION: Final = 0.12
"""Deviation of the picture relative to its brightness that a flat one stays under."""
_BRIGHTNESS_FLOOR: Final = 8.0

_CELLS_LEAST: Final = 12
"""Trusted cells with texture that a view needs before anything is said from it."""
_THERE: Final = 0.35
"""Share of the view in its place, above which the camera looks where it did."""
_GONE: Final = 0.2
_SUDDEN_S: Final = 0.5
_SUDDEN_HOLDS_S: Final = 6.0
_SHARP: Final = 0.65
"""Share of the learnt fine detail that a cell out of focus stays under, and the share of cells it takes."""
_BLURRED_CELLS: Final = 0.7
_RECOGNISED: Final = 0.3
_CRISP: Final = 1.0
_DULL: Final = 0.85
_DULL_CELLS: Final = 0.75
_DULL_WEIGHT: Final = 0.5
_SAME_LIGHT: Final = 0.8
"""Correlation of the cells' light with the learnt one: above, the view is the same but blurred."""
_BLANK_CELLS: Final = 0.1
_BLANK_S: Final = 2.5
_THINGS_TO_LOST: Final = 0.65
_RIM_MOVING: Final = 0.2
"""Paint leaves nothing sharp and is at rest. Somebody plain has folds and a face, cells with other detail
than was learnt, and an outline that moves: of the cells around those that he blanks, a third to most did so
within a second; around paint that is done 0.1 at most."""
_MOSTLY: Final = 0.4
_FEW_THINGS: Final = 0.1
_PAINT_WEIGHT: Final = 0.5
_ALL_THERE: Final = 0.9
_QUICK_S: Final = 2.2
_EMPTY_CELLS: Final = 0.1
_STILL_CELLS: Final = 0.35
_STILL_S: Final = 5.0
_STILL_SOON_S: Final = 1.0
_CALM_CELLS: Final = 0.65
_TURNED_CELLS: Final = 0.4
_WASHED_LEVELS: Final = 25.0
_BURNT: Final = 0.04
_WASHED_CELLS: Final = 0.4
_VEILED: Final = 0.75
_VEILED_CELLS: Final = 0.4
_MOVED_THERE: Final = 0.6
_MOVED_STILL: Final = 0.4
_MOVED_STILL_S: Final = 1.0
_MOVED_LOOK_S: Final = 0.5
_STRUCTURE: Final = 0.5
"""Correlation of a black picture's light with the view's: above, the lamp is off; below, something black is
before the lens."""
_MOVING_WEIGHT: Final = 0.2
"""What moves counts for so much less: a palm on the lens takes five times as long to be named as tape."""
_LIGHT_STEP: Final = 0.15
_SHADE_KEPT: Final = 0.6
_SETTLES_S: Final = 1.0
_SWITCH_LOST: Final = 0.15
_SAME_PLACE: Final = 0.5
_SAME_VIEW: Final = 0.85
_VIEWS: Final = 4
_LOOK_S: Final = 0.12
_RESTLESS_LEVELS: Final = 3.0
_DT_MAX_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Raw:
    """What one picture looks like; `weight` says how much of its time counts."""

    health: CameraHealth
    weight: float = 1.0


_SOUND: Final = _Raw(CameraHealth.OK)


@dataclass(frozen=True, slots=True)
class _Past:
    at_s: float
    there: float
    lost: float
    light: Floats


class Health:
    """Judges the pictures of one camera.

    `frozen_s`: how long a picture must stay the same. `references`: pictures of the empty cabin, by day and
    night; with them a camera that was tampered with while the program was down is noticed.
    """

    def __init__(self, frozen_s: float = 5.0, references: Sequence[GreyPicture] = ()) -> None:
        self._repeats = Repeats(frozen_s)
        self._said = CameraHealth.OK
        self._raw: _Raw | None = _SOUND
        self._held_s = dict.fromkeys(CameraHealth, 0.0)
        self._last_s: float | None = None
        self._looked_s = float("-inf")
        self._views = [View(measured(shrink(picture)), trusted=True) for picture in references]
        self._given = len(self._views)
        self._view: View | None = None
        self._steady: Steady | None = None
        self._past: deque[_Past] = deque()
        self._sudden_s = float("-inf")
        self._crossing_s = 0.0
        self._switched_s = self._sought_s = float("-inf")
        self._found: Found | None = None
        self._growing_from_s = self._grew_s = 0.0
        self._most_lost = 0.0
        self._somebody_learnt = False

    @property
    def doubtful(self) -> bool:
        """True when this very frame does not look sound, said or not yet: believe no region in it."""
        unsound = self._raw is not None and self._raw.health is not CameraHealth.OK
        return unsound or self._said is not CameraHealth.OK or self._sudden

    @property
    def _sudden(self) -> bool:
        return self._last_s is not None and self._last_s - self._sudden_s < _SUDDEN_HOLDS_S

    def update(self, grey: GreyPicture, at_s: float, face: bool = False) -> CameraHealth:
        """One picture (any size; the same all the time) into the judgement that holds now.

        `face`: a face was in view a moment ago; what moves is somebody, then.
        """
        small = shrink(grey)
        self._last_s = at_s
        self._repeats.update(small, at_s)
        since_s = at_s - self._looked_s
        if since_s >= _LOOK_S or self._repeats.change > _RESTLESS_LEVELS:
            self._looked_s = at_s
            dt_s = min(max(since_s, 0.0), _DT_MAX_S) if np.isfinite(since_s) else 0.0
            self._raw = self._look(small, at_s, dt_s, face)
            self._hold(dt_s)
        if self._said is CameraHealth.OK:
            # A frozen black picture is black first: that is what can be seen and repaired.
            if self._repeats.frozen:
                return CameraHealth.FROZEN
            if self._repeats.replayed:
                return CameraHealth.REPLAYED
        return self._said

    def _hold(self, dt_s: float) -> None:
        if self._raw is None:
            return
        for health, confirm_s in _CONFIRM_S.items():
            step_s = dt_s * self._raw.weight if health is self._raw.health else -dt_s
            self._held_s[health] = min(max(self._held_s[health] + step_s, 0.0), confirm_s)
        if (
            self._raw.health is not self._said
            and self._held_s[self._raw.health] >= _CONFIRM_S[self._raw.health]
        ):
            self._said = self._raw.health

    # --- one picture ---------------------------------------------------------------------------------

    def _look(self, small: GreyPicture, at_s: float, dt_s: float, face: bool) -> _Raw | None:
        """What this picture looks like on its own and against the view; None where it cannot be said."""
        if not self._repeats.known:
            return _SOUND if self._raw is None else self._raw
        now = measured(small, self._repeats.noise)
        if self._steady is None or self._steady.for_s.shape != now.edges.shape:
            self._steady = Steady(now)
            self._views = [view for view in self._views[: self._given] if view.shape == now.right.shape]
            self._given, self._view = len(self._views), None
            self._past.clear()
        self._steady.update(now, dt_s)
        p1, p99 = np.percentile(small[::2, ::2], (1.0, 99.0))
        if p99 < _DARK_P99:
            return self._black(now)
        if p1 > _WHITE_P1:
            return _Raw(CameraHealth.BLINDED)
        if np.count_nonzero(now.edges > _SHOWS) < _CELLS_LEAST and _is_flat(small):
            return self._flat(now)
        if self._somebody_learnt and not face:
            self._begin_again()  # who stood there when the view was learnt has gone, and covered nothing
        if face and len(self._views) == self._given == 0:
            self._somebody_learnt = True
        view, seen = self._best_view(now)
        if view is None or seen is None:
            return _SOUND
        self._remember(at_s, now, seen, dt_s)
        raw = _SOUND
        if np.count_nonzero(seen.asked) >= _CELLS_LEAST:
            raw_or_none = self._against(view, now, seen, face)
            if raw_or_none is None:
                view.follow(now, seen, self._steady, dt_s, sound=False)
                return None
            raw = raw_or_none
        if not face:  # nobody becomes a part of the view
            sound = raw is _SOUND and self._said is CameraHealth.OK
            view.follow(now, seen, self._steady, dt_s, sound)
        return raw

    def _begin_again(self) -> None:
        """Forgets the view that was learnt, not those that were given."""
        self._somebody_learnt = False
        self._views, self._view = self._views[: self._given], None
        self._past.clear()

    def _black(self, now: Cells) -> _Raw:
        known = self._view
        if known is None or _correlation(now.light, known.cells.light) > _STRUCTURE:
            return _Raw(CameraHealth.DARK)
        if self._said is CameraHealth.COVERED or (self._said is CameraHealth.OK and self._crossing_s > 0.0):
            return _Raw(CameraHealth.COVERED)
        return _Raw(CameraHealth.DARK)

    def _is_same_light(self, now: Cells) -> bool:
        """Whether a flat picture has nearly all of the view's own light and shade: it is out of focus."""
        if self._view is None:
            return False
        learnt = self._view.cells.light
        same = _correlation(now.light, learnt) > _SAME_LIGHT
        return same and float(now.light.std()) > _SHADE_KEPT * float(learnt.std())

    def _flat(self, now: Cells) -> _Raw:
        """Nothing but one even surface: something lies on the lens, or a light burns it out."""
        assert self._steady is not None
        if float(now.light.mean()) > _BRIGHT:
            return _Raw(CameraHealth.BLINDED)
        if self._said is CameraHealth.DEFOCUSED or self._is_same_light(now):
            return _Raw(CameraHealth.DEFOCUSED)
        still = float(np.mean(self._steady.for_s > 0.3))
        self._grow(1.0)
        return _Raw(self._sprayed_or_covered(), 1.0 if still > 0.7 else _MOVING_WEIGHT)

    def _best_view(self, now: Cells) -> tuple[View | None, Compared | None]:
        """The view of the light that it is now. A lamp that was switched makes one of what is in place."""
        if self._view is None:
            if not self._views:
                self._views.append(View(now))
            scored = [(view.compare(now), view) for view in self._views]
            seen, self._view = max(scored, key=lambda one: one[0].share(one[0].in_place))
            return self._view, seen
        seen = self._view.compare(now)
        there = seen.share(seen.in_place)
        if there < 0.6 and len(self._views) > 1:
            for view in self._views:
                other = view.compare(now)
                if view is not self._view and other.share(other.in_place) > there + 0.15:
                    self._view, seen, there = view, other, other.share(other.in_place)
        assert self._last_s is not None
        if self._light_switched(now):
            self._switched_s = self._last_s
        if 0.0 < self._last_s - self._switched_s - _SETTLES_S < _DT_MAX_S and self._said is CameraHealth.OK:
            self._switched_s = float("-inf")
            sound = self._raw is _SOUND and seen.share(seen.lost) < _SWITCH_LOST
            if sound and _SAME_PLACE <= there < _SAME_VIEW:
                new = self._view.relit(now, seen)
                self._views = [*self._views[: self._given], *self._views[self._given :][1 - _VIEWS :], new]
                self._view, seen = new, new.compare(now)
                self._past.clear()
        return self._view, seen

    def _light_switched(self, now: Cells) -> bool:
        """Most cells became lighter, or most darker, within the last half second."""
        if not self._past:
            return False
        before = self._past[0].light
        if abs(float(now.light.mean()) - float(before.mean())) < 0.05 * float(before.mean()):
            return False
        ratio = np.log((now.light + _BRIGHTNESS_FLOOR) / (before + _BRIGHTNESS_FLOOR))
        return max(float(np.mean(ratio > _LIGHT_STEP)), float(np.mean(ratio < -_LIGHT_STEP))) > 0.5

    def _remember(self, at_s: float, now: Cells, seen: Compared, dt_s: float) -> None:
        there, lost = seen.share(seen.in_place), seen.share(seen.lost)
        before = max((past.there for past in self._past), default=there)
        if there >= _THERE:
            self._sudden_s = float("-inf")
        elif there < _GONE and before >= 2.0 * _GONE and there < 0.4 * before:
            self._sudden_s = at_s
        if there > 0.8:
            self._crossing_s = 0.0
        elif there > _GONE:
            self._crossing_s += dt_s
        self._grow(lost)
        self._past.append(_Past(at_s, there, lost, now.light))
        while len(self._past) > 1 and self._past[0].at_s < at_s - _SUDDEN_S:
            self._past.popleft()

    def _grow(self, lost: float) -> None:
        """Keeps from when to when the share of cells that have lost their texture grew."""
        assert self._last_s is not None
        if lost < 0.05:
            self._most_lost = 0.0
        elif lost > self._most_lost + 0.03:
            if self._most_lost == 0.0:
                self._growing_from_s = self._last_s
            self._most_lost, self._grew_s = lost, self._last_s

    # --- against the view ----------------------------------------------------------------------------

    def _against(self, view: View, now: Cells, seen: Compared, face: bool) -> _Raw | None:
        there = seen.share(seen.in_place)
        if there < _THERE:
            turned = view.compare(now.turned())
            if turned.share(turned.in_place) > max(_TURNED_CELLS, 2.0 * there):
                return _Raw(CameraHealth.UPSIDE_DOWN)
        if self._is_blinded(view, now, seen):
            return _Raw(CameraHealth.BLINDED)
        if blurred := self._blurred(view, now, seen):
            return blurred
        if self._is_painted(view, now, seen):
            return _Raw(self._sprayed_or_covered(), _PAINT_WEIGHT)
        if there < _MOVED_THERE and self._is_moved(view, now, seen):
            return _Raw(CameraHealth.MOVED)
        if there >= _THERE:
            return _SOUND
        return self._replaced(seen, face)

    def _is_blinded(self, view: View, now: Cells, seen: Compared) -> bool:
        """A burnt-out spot and a veil. The sun lights what it falls on; a torch also takes the contrast off
        the rest."""
        burnt = float(np.mean(np.maximum(now.saturated - view.cells.saturated, 0.0)))
        if burnt < _BURNT:
            return False
        lighter = now.light > view.cells.light + _WASHED_LEVELS
        washed = seen.share(~seen.in_place & lighter & (seen.lost | (now.light > _BRIGHT)))
        veiled = seen.share(seen.asked & (seen.kept < _VEILED) & lighter)
        return washed > _WASHED_CELLS or veiled > _VEILED_CELLS

    def _blurred(self, view: View, now: Cells, seen: Compared) -> _Raw | None:
        """The same view without its detail: clearly blurred, or slightly, but everywhere and in place."""
        # In so little light that the detail would drown in noise, nothing can be said of it.
        lit = np.square(now.light / np.maximum(view.cells.light, 1.0))
        crisp = seen.asked & (view.cells.fine * lit > max(_CRISP, 4.0 * self._repeats.noise**2))
        if np.count_nonzero(crisp) < _CELLS_LEAST:
            return None
        recognised = seen.place > _RECOGNISED
        blurred = seen.share(recognised & (seen.sharp < _SHARP) | seen.lost)
        if blurred > _BLURRED_CELLS and seen.share(recognised) > 0.5:
            same = _correlation(now.light, view.cells.light) > _SAME_LIGHT
            return _Raw(CameraHealth.DEFOCUSED) if same else None
        if seen.share(seen.in_place) < _ALL_THERE:
            return None
        duller = float(np.mean(seen.sharp[crisp] < _DULL))
        return _Raw(CameraHealth.DEFOCUSED, _DULL_WEIGHT) if duller > _DULL_CELLS else None

    def _is_painted(self, view: View, now: Cells, seen: Compared) -> bool:
        """Part of the view lost its texture for good, nothing sharp stands there, and its rim is at rest."""
        assert self._steady is not None
        blank = view.blank_for_good(_BLANK_S) & seen.lost & (now.light < _BRIGHT)
        lost = seen.share(blank)
        if lost < _BLANK_CELLS or seen.share(seen.things) > _THINGS_TO_LOST * lost:
            return False
        if lost > _MOSTLY and seen.share(seen.things) < _FEW_THINGS:
            return True
        grown = cv2.dilate((blank & seen.asked).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        rim = grown & ~seen.lost & seen.asked
        moving = float(np.mean(self._steady.for_s[rim] < _STILL_SOON_S)) if rim.any() else 0.0
        return moving < _RIM_MOVING

    def _sprayed_or_covered(self) -> CameraHealth:
        """A cover is there within a second or so; a spray takes its time."""
        if self._said in (CameraHealth.SPRAYED, CameraHealth.COVERED):
            return self._said
        slowly = self._grew_s - self._growing_from_s > _QUICK_S
        return CameraHealth.SPRAYED if slowly else CameraHealth.COVERED

    def _is_moved(self, view: View, now: Cells, seen: Compared) -> bool:
        """Whether the view is elsewhere in the picture, by a look twice a second once it is still again."""
        assert self._steady is not None
        assert self._last_s is not None
        if self._said is CameraHealth.MOVED:
            return True
        if self._last_s - self._sought_s >= _MOVED_LOOK_S:
            self._sought_s = self._last_s
            still = float(np.mean(self._steady.for_s > _MOVED_STILL_S))
            self._found = find_elsewhere(view.cells, now) if still > _MOVED_STILL else None
        return self._found is not None

    def _replaced(self, seen: Compared, face: bool) -> _Raw | None:
        """Hardly anything of the view is there: another view, something on the lens, or somebody close."""
        assert self._steady is not None
        if self._said in (CameraHealth.COVERED, CameraHealth.SPRAYED):
            return _Raw(self._said)
        for_s = self._steady.for_s
        if float(np.mean(seen.textured)) < _EMPTY_CELLS:
            still = float(np.mean(for_s > 0.5))
            return _Raw(self._sprayed_or_covered(), 1.0 if still > 0.7 else _MOVING_WEIGHT)
        soon = self._sudden and not face and float(np.mean(for_s >= _STILL_SOON_S)) > _CALM_CELLS
        still_cells = seen.textured & (for_s >= (_STILL_SOON_S if soon else _STILL_S))
        if seen.share(still_cells) < _STILL_CELLS:
            return None
        if seen.share(still_cells & seen.in_place) > _GONE * seen.share(still_cells):
            return None
        return _Raw(self._covered_or_moved(seen))

    def _covered_or_moved(self, seen: Compared) -> CameraHealth:
        """Cloth with a pattern is drawn across the view and too near to be sharp; a view is neither."""
        sharp = seen.sharp[seen.textured]
        blurred = float(np.median(sharp)) < 0.5 if sharp.size else True
        drawn = not self._sudden and self._crossing_s > 0.4
        return CameraHealth.COVERED if drawn or blurred else CameraHealth.MOVED


def _is_flat(small: GreyPicture) -> bool:
    now = small.astype(np.float32)
    brightness = float(now.mean()) + _BRIGHTNESS_FLOOR
    return float(now.std()) < _FLAT_DEVIATION * brightness and _edge_energy(now, brightness) < _FLAT_EDGES


def _edge_energy(picture: Floats, brightness: float) -> float:
    """Mean strength of fine edges relative to the brightness; the sensor's noise is smoothed away before."""
    calm = cv2.GaussianBlur(picture, (0, 0), 1.0)
    return float(np.abs(cv2.Laplacian(calm, cv2.CV_32F)).mean()) / brightness


def _correlation(a: Floats, b: Floats) -> float:
    """Of two fields, -1 to 1; 0 where one is flat."""
    x, y = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / scale if scale > 1e-3 else 0.0
