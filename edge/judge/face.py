"""What the frames say of the face, added up over time: one fact that holds until the evidence turns.

Two sequential tests run side by side, covered against bare and turned against frontal (Wald's
sequential probability ratio test with forgetting, which is the two-state hidden Markov filter: each
frame adds its calibrated log odds, and a small chance that the person changed pulls the sum back).
Frames a few milliseconds apart are nearly the same picture, so a frame's log odds count in
proportion to the time since the one before: `VOTE_S` of frames is one independent vote. Each frame is
clipped, so that no single one decides anything.

A hidden face is no face at all of somebody who is there. Where a scene network is fitted their body has to
be seen for it: a region, a latch or a chair hides nothing. Without a body the face is said to be hidden
once, which takes the permit off, and at once after it unclear, which holds the lock clock.
"""

from __future__ import annotations

import math
from typing import Final

from edge.cabin.events import FaceFact, FaceJudged
from edge.judge.bodies import UNFITTED, Bodies
from edge.judge.sums import GAP_MAX_S, Held
from edge.terms.observation import CameraHealth, Cover, Face, FaceVerdict, Observation

VOTE_S: Final = 0.35
"""Frames over this long count as one independent look: in a third of a second head and noise move on."""
_CLIP: Final = 4.0
_PRIOR_COVERED: Final = math.log(0.3 / 0.7)
_PRIOR_TURNED: Final = math.log(0.3 / 0.7)
"""Before anything was seen: three in ten who stand before a guard's camera are covered (or turned)."""
_CHANGES_PER_S: Final = 0.05
"""How often somebody puts on or takes off something: once in 20 s. Bounds how sure the test can be."""
_SURE: Final = math.log(0.95 / 0.05)
_HIDDEN_S: Final = 1.0
_UNCLEAR_S: Final = 1.2
_UNDECIDED_S: Final = 1.2
_DOUBT_FALL: Final = 0.5
"""A cover or a turned head is not believed where a third of the pictures of the face are unclear."""
_SILENT_S: Final = 2.0
"""Anyone who shows now this and now that for so long is told something all the same."""
_HELD_DOUBT: Final = 0.4
"""Doubt counts slower against a fact that is held than where there is none yet."""
_DECIDED: Final = frozenset({FaceFact.PROPER, FaceFact.COVERED, FaceFact.TURNED})
_DWELL_S: Final = 0.3
_CAUSE_S: Final = 1.5
_CAUSE_MEMORY_S: Final = 2.0
_CAUSE_MARGIN: Final = 1.5
"""Another cause must weigh so many times the one that was said: nobody follows words that change."""
_AT_EDGE: Final = 0.28
"""Share of the picture from an edge that is no room for a face: who is seen no farther in is cut by it."""


class _Sequential:
    """Log odds of one of two states that may change, from log odds of single frames."""

    __slots__ = ("_prior", "odds")

    def __init__(self, prior: float) -> None:
        self._prior = prior
        self.odds = prior

    def add(self, logit: float, dt_s: float) -> None:
        stay = 0.5 + 0.5 * math.exp(-2.0 * _CHANGES_PER_S * dt_s)
        p = 1.0 / (1.0 + math.exp(-self.odds))
        p = stay * p + (1.0 - stay) * (1.0 - p)
        vote = min(max(logit, -_CLIP), _CLIP) * min(dt_s / VOTE_S, 1.0)
        self.odds = math.log(p / (1.0 - p)) + vote

    def clear(self) -> None:
        self.odds = self._prior


class FaceJudge:
    """Observations of the face camera into `FaceJudged`. Pure.

    Call `update` for every frame, `present` saying whether somebody is held present: without that no
    fact is said, but the evidence is already gathered. The first fact of a visit comes within 2 s of the
    first frames that show the person, whatever they show: proper, covered, turned, hidden (no face for
    1 s) or unclear (too small, dark, blurred, or nothing that would decide).
    """

    def __init__(self) -> None:
        self._covered = _Sequential(_PRIOR_COVERED)
        self._turned = _Sequential(_PRIOR_TURNED)
        self._hidden = Held(_HIDDEN_S)
        self._unclear = Held(_UNCLEAR_S)
        self._undecided = Held(_UNDECIDED_S)
        self._doubt = Held(_UNCLEAR_S, fall=_DOUBT_FALL)
        self._doubted = False
        self._causes: dict[Cover, float] = {}
        self._said: FaceFact = FaceFact.UNKNOWN
        self._cover = Cover.NONE
        self._bodiless = False
        self._wanted: FaceFact = FaceFact.UNKNOWN
        self._wanted_for_s = 0.0
        self._silent_s = 0.0
        self._cause_wanted = Cover.NONE
        self._cause_for_s = 0.0
        self._last_s: float | None = None

    @property
    def fact(self) -> FaceFact:
        return self._said

    @property
    def cover(self) -> Cover:
        return self._cover

    @property
    def covered_odds(self) -> float:
        """The log odds of covered against bare, as of now."""
        return self._covered.odds

    def update(
        self, observation: Observation, now_s: float, present: bool, bodies: Bodies = UNFITTED
    ) -> tuple[FaceJudged, ...]:
        """One frame; an unsound picture, or one in which no face was looked for, counts for nothing."""
        if observation.health is not CameraHealth.OK or not observation.faces_asked:
            self._last_s = None
            return ()
        last_s, self._last_s = self._last_s, now_s
        dt_s = 0.0 if last_s is None else min(max(now_s - last_s, 0.0), GAP_MAX_S)
        faces = sorted(observation.faces, key=_width, reverse=True)
        facts: list[FaceJudged] = []
        self._weigh(faces[0] if faces else None, dt_s, only_at_edge(observation))
        if present:
            self._conclude(dt_s, bodies.fitted and not bodies.seen, facts)
        return tuple(facts)

    def restart(self) -> None:
        """The camera was blind, or somebody else may have come: nothing that was seen counts any more.

        The next fact is said even if it is the same.
        """
        self._covered.clear()
        self._turned.clear()
        self._hidden.clear()
        self._unclear.clear()
        self._undecided.clear()
        self._doubt.clear()
        self._doubted = False
        self._bodiless = False
        self._causes.clear()
        self._said = self._wanted = FaceFact.UNKNOWN
        self._cover = Cover.NONE
        self._wanted_for_s = self._cause_for_s = self._silent_s = 0.0
        self._last_s = None

    def _weigh(self, face: Face | None, dt_s: float, at_edge: bool) -> None:
        """Adds what one frame shows to the sums. Whose head is cut by the picture's edge does not hide it."""
        self._hidden.update(face is None and not at_edge, dt_s)
        if face is None:
            self._covered.add(0.0, dt_s)
            self._turned.add(0.0, dt_s)
            if self._hidden.full:
                # Anyone who shows a face next may have changed behind the hand, or be somebody else.
                self._covered.clear()
                self._turned.clear()
                self._causes.clear()
            self._unclear.update(at_edge, dt_s if at_edge else 0.0)
            self._undecided.update(seen=False, dt_s=dt_s)
            return
        unclear = face.verdict is FaceVerdict.UNCLEAR
        self._unclear.update(unclear, dt_s)
        self._doubted = self._doubt.update(unclear, dt_s) or (self._doubted and self._doubt.half)
        self._covered.add(0.0 if unclear else face.covered_logit, dt_s)
        self._turned.add(0.0 if unclear else face.turned_logit, dt_s)
        held = self._said in _DECIDED
        self._undecided.update(self._decided() is None, dt_s * (_HELD_DOUBT if held else 1.0))
        fade = math.exp(-dt_s / _CAUSE_MEMORY_S)
        for cover in self._causes:
            self._causes[cover] *= fade
        if face.cover is not Cover.NONE and face.covered_logit > 0.0 and not unclear:
            self._causes[face.cover] = self._causes.get(face.cover, 0.0) + dt_s

    def _decided(self) -> FaceFact | None:
        """What the two sums say: sure enough to begin with, and held until they say the opposite."""
        covered = _side(self._covered.odds, self._said is FaceFact.COVERED, self._said is FaceFact.PROPER)
        turned = _side(self._turned.odds, self._said is FaceFact.TURNED, self._said is FaceFact.PROPER)
        if covered is True:
            return FaceFact.COVERED
        if turned is True:
            return FaceFact.TURNED
        if covered is False and turned is False:
            return FaceFact.PROPER
        return None

    def _want(self, bodiless: bool) -> FaceFact:
        if self._hidden.full:
            return FaceFact.UNCLEAR if bodiless else FaceFact.HIDDEN
        if self._unclear.full:
            return FaceFact.UNCLEAR
        decided = self._decided()
        if self._doubted and decided in (FaceFact.COVERED, FaceFact.TURNED):
            return FaceFact.UNCLEAR
        if decided is not None:
            return decided
        return FaceFact.UNCLEAR if self._undecided.full else self._said

    def _conclude(self, dt_s: float, bodiless: bool, facts: list[FaceJudged]) -> None:
        want = self._want(bodiless)
        if not (self._hidden.full and bodiless):
            self._bodiless = False
        elif not self._bodiless:
            self._bodiless = True
            if self._said is not FaceFact.HIDDEN:
                self._say(FaceFact.HIDDEN, Cover.NONE, facts)
            self._say(FaceFact.UNCLEAR, Cover.NONE, facts)
        self._wanted_for_s = self._wanted_for_s + dt_s if want is self._wanted else 0.0
        self._wanted = want
        cause = Cover.NONE
        if want is FaceFact.COVERED:
            cause = max(self._causes, key=lambda c: self._causes[c], default=Cover.OTHER)
            said = self._causes.get(self._cover, 0.0)
            if said > 0.0 and self._causes[cause] < _CAUSE_MARGIN * said:
                cause = self._cover
        self._silent_s = self._silent_s + dt_s if self._said is FaceFact.UNKNOWN else 0.0
        if self._silent_s >= _SILENT_S:
            want, cause = FaceFact.UNCLEAR, Cover.NONE
        if want is not self._said:
            if self._wanted_for_s >= _DWELL_S or self._silent_s >= _SILENT_S:
                self._say(want, cause, facts)
            return
        self._cause_for_s = self._cause_for_s + dt_s if cause is self._cause_wanted else 0.0
        self._cause_wanted = cause
        if cause is not self._cover and self._cause_for_s >= _CAUSE_S:
            self._say(want, cause, facts)

    def _say(self, fact: FaceFact, cover: Cover, facts: list[FaceJudged]) -> None:
        self._said, self._cover = fact, cover
        self._cause_for_s = 0.0
        facts.append(FaceJudged(fact, cover))


def _side(odds: float, held_yes: bool, held_no: bool) -> bool | None:
    """Yes, no, or not sure. A held side is left only when the odds have come to speak against it."""
    if odds >= _SURE or (held_yes and odds > 0.0):
        return True
    if odds <= -_SURE or (held_no and odds < 0.0):
        return False
    return None


def only_at_edge(observation: Observation) -> bool:
    """Whether what is there is seen along one edge of the picture alone: a child or a wheelchair below it."""
    if observation.foreground_box is None:
        return False
    (width, height), (left, top, wide, high) = observation.size, observation.foreground_box
    inside = (left + wide) / width, (top + high) / height, 1.0 - left / width, 1.0 - top / height
    return min(inside) < _AT_EDGE


def _width(face: Face) -> float:
    return face.box[2]
