"""What the camera usually sees, learnt cell by cell, and how much of it is still there.

A cell is trusted once its edges have stayed in their place for some seconds, or comes from the site's own
pictures of the empty cabin. What is trusted changes slowly; what stands where something else was is taken
over in time when it has texture of its own, and very slowly when it has none: paint has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.vision.scene.cells import Cells, Floats, Marks, likeness, mixed

_TEXTURED: Final = 0.5
"""Edges (root of the mean square, in levels a pixel) that a cell needs to say anything."""
_FIRST_TEXTURED: Final = 0.8
_IN_PLACE: Final = 0.6
"""Likeness above which a cell's edges run as they did."""
_LOST: Final = 0.3
"""Share of its contrast under which a cell has lost its texture."""
_SOFT: Final = 0.3
_THING: Final = 0.7
_THING_PLACE: Final = 0.35
_TOO_DARK: Final = 9.0
_STEADY: Final = 0.85
"""Likeness above which a cell's edges have not moved by a pixel."""
_STEADY_LEVELS: Final = 2.0
_STEADY_SHARE: Final = 0.03
_CLEAN_S: Final = 0.6
"""A cell that showed other edges for longer before it lost its texture was passed by something."""
_TRUST_S: Final = 3.0
_CALM_CELLS: Final = 0.8
_CALM_FACTOR: Final = 3.0
"""Where nearly the whole picture is calm nobody stands in it, and what is seen is trusted sooner."""
_KNOWN_S: Final = 4.0
_KNOWN_CELLS: Final = 12
_KNOWN_THERE: Final = 0.5
_OLD_S: Final = 120.0
_FIRST_TAU_S: Final = 0.7
_STEADY_TAU_S: Final = 3.0
_TAU_S: Final = 900.0
_LEARN_S: Final = 3.0
"""What is known is learnt on this rarely, to spare the processor."""
_ABSORB_S: Final = 60.0
_ABSORB_BLANK_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class Compared:
    """One picture against the view, a value a cell. `asked` are those that are trusted and can say something.

    `place` runs from -1 to 1; `kept` and `sharp` are the shares of the learnt contrast and fine detail.
    """

    asked: Marks
    textured: Marks
    place: Floats
    kept: Floats
    sharp: Floats
    in_place: Marks
    lost: Marks
    other: Marks
    things: Marks
    """Cells with sharp detail that has nothing of what was learnt: a thing, not the edge of paint."""

    def share(self, marks: Marks) -> float:
        """Of the cells that are asked, the share that is marked."""
        asked = int(np.count_nonzero(self.asked))
        return float(np.count_nonzero(self.asked & marks)) / asked if asked else 0.0


class Steady:
    """For how long each cell has stayed as it is: edges within a pixel, or an even surface in even light."""

    def __init__(self, first: Cells) -> None:
        self._anchor = first
        self._blank = first.edges < _TEXTURED**2
        self.for_s: Floats = np.zeros_like(first.edges)

    def update(self, now: Cells, dt_s: float) -> None:
        blank = now.edges < _TEXTURED**2
        alike = likeness(now, self._anchor) > _STEADY
        level = np.abs(now.light - self._anchor.light) < _STEADY_LEVELS + _STEADY_SHARE * now.light
        steady = np.where(blank | self._blank, level, alike)
        self.for_s = np.where(steady, self.for_s + np.float32(dt_s), 0.0).astype(np.float32)
        if not steady.all():
            self._anchor = mixed(self._anchor, now, (~steady).astype(np.float32))
            self._blank = np.where(steady, self._blank, blank)


class View:
    """The learnt view of one camera in one light. `trusted`: it is the site's own empty picture."""

    def __init__(self, first: Cells, trusted: bool = False) -> None:
        self.cells = first
        self._trust_s = np.full_like(first.edges, _OLD_S if trusted else 0.0)
        self._lost_s: Floats = np.zeros_like(first.edges)
        self._other_s: Floats = np.zeros_like(first.edges)
        self._due_s = 0.0
        self._passed: Marks = np.zeros(first.edges.shape, np.bool_)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.cells.right.shape

    def compare(self, now: Cells) -> Compared:
        learnt = self.cells
        textured = now.edges >= _TEXTURED**2
        place = likeness(now, learnt)
        kept = np.asarray(now.contrast / np.maximum(learnt.contrast, 1e-6), dtype=np.float32)
        sharp = np.asarray(now.sharpness / np.maximum(learnt.sharpness, 1e-6), dtype=np.float32)
        asked = (self._trust_s >= _TRUST_S) & (learnt.edges >= _FIRST_TEXTURED**2) & (now.light >= _TOO_DARK)
        in_place = (place > _IN_PLACE) & (kept > _LOST)
        # What is soft and no more is paint's edge, or a palm, not a thing.
        lost = ~in_place & ((kept < _LOST) | (sharp < _SOFT))
        other = ~in_place & ~lost
        things = other & (sharp > _THING) & (place < _THING_PLACE)
        return Compared(asked, textured, place, kept, sharp, in_place, lost, other, things)

    def relit(self, now: Cells, seen: Compared) -> View:
        """The same view in another light: what is in its place stays trusted."""
        other = View(now)
        other._trust_s = np.where(seen.in_place, self._trust_s, 0.0).astype(np.float32)
        return other

    def blank_for_good(self, least_s: float) -> Marks:
        """Cells that lost their texture straight from being in place, that long ago and more.

        Not those that somebody passed, unless they were known for long before and have been so for long.
        """
        straight = ~self._passed & (self._lost_s >= least_s) & (self._trust_s >= _KNOWN_S)
        return straight | ((self._trust_s >= _OLD_S) & (self._lost_s >= _OLD_S / 4.0))

    def follow(self, now: Cells, seen: Compared, steady: Steady, dt_s: float, sound: bool) -> None:
        """Time passes: what is in its place is trusted more, what is not is counted, all is learnt slowly.

        `sound`: the picture as a whole is believed.
        """
        step_s = np.float32(dt_s)
        still = steady.for_s > 0.0
        young = self._trust_s < _TRUST_S
        # A view that is gone teaches nothing: what was not known yet is not learnt from another one.
        known = np.count_nonzero(seen.asked) >= _KNOWN_CELLS
        usual = seen.in_place & still & (not known or seen.share(seen.in_place) > _KNOWN_THERE)
        calm = float(np.mean(steady.for_s > 0.3)) > _CALM_CELLS
        gain_s = step_s * np.float32(_CALM_FACTOR if calm else 1.0)
        self._trust_s = np.where(usual, self._trust_s + gain_s, self._trust_s).astype(np.float32)
        self._trust_s[young & ~usual] = 0.0
        np.minimum(self._trust_s, 2.0 * _OLD_S, out=self._trust_s)
        self._other_s = np.where(seen.other, self._other_s + step_s, self._other_s - step_s).clip(
            0.0, _ABSORB_S
        )
        self._passed = np.where(seen.in_place, False, self._passed | (self._other_s > _CLEAN_S))
        gone_s = np.where(seen.lost & still, step_s, np.where(seen.lost, -step_s, -4.0 * step_s))
        self._lost_s = np.clip(self._lost_s + gone_s, 0.0, _ABSORB_BLANK_S).astype(np.float32)
        self._due_s += dt_s
        if not sound or (self._due_s < _LEARN_S and not (young & (seen.textured)).any()):
            return
        dt_s, self._due_s = self._due_s, 0.0
        rate = np.where(seen.in_place, 1.0 - np.exp(-dt_s / _TAU_S), 0.0).astype(np.float32)
        rate[young & ~usual] = 1.0 - np.exp(-dt_s / _FIRST_TAU_S)
        rate[young & usual] = 1.0 - np.exp(-dt_s / _STEADY_TAU_S)
        replaced = (seen.other & (steady.for_s >= _ABSORB_S)) | (
            seen.lost & (steady.for_s >= _ABSORB_BLANK_S)
        )
        rate[replaced & ~young] = 1.0
        self._trust_s[replaced] = 0.0
        self.cells = mixed(self.cells, now, rate)
