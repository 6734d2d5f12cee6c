"""What the frames say of the face, added up over time: one fact that holds until the evidence turns.

Two sequential tests run side by side, covered against bare and turned against frontal (Wald's
sequential probability ratio test with forgetting, which is the two-state hidden Markov filter: each
frame adds its calibrated log odds, and a small chance that the person changed pulls the sum back).
Frames a few milliseconds apart are nearly the same picture, so a frame's log odds count in
proportion to the time since the one before: `VOTE_S` of frames is one independent vote. Each frame is
clipped, so that no single one decides anything.

A face that is turned in most pictures and covered in some is held to be turned: past the angles at which the
face check was taught, its word on covers is worth little. What is held comes with what helps to say what the
person has to do: the cover, whether a covered face also looks past the camera, and why an unclear one cannot
be judged. That changes only for something that was seen clearly more often, for a while.

A hidden face is no face at all of somebody who is there. Where a scene network is fitted their body has to
be seen for it: a region, a latch or a chair hides nothing. Without a body the face is said to be hidden
once, which takes the permit off, and at once after it unclear, which holds the lock clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from edge.cabin.events import FaceFact, FaceJudged
from edge.judge.bodies import UNFITTED, Bodies
from edge.judge.sums import GAP_MAX_S, Held, Shares
from edge.terms.observation import (
    CameraHealth,
    Cover,
    Face,
    FaceVerdict,
    Observation,
    ThingKind,
    Unclear,
)

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
_LOST_S: Final = 1.0
"""Nor is a bare face that was hidden or cut while a third of the pictures still show it so: half of it is."""
_CUT: Final = frozenset({Unclear.CUT, Unclear.CUT_ASIDE})
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
_POSES: Final = frozenset({FaceVerdict.COVERED, FaceVerdict.TURNED})
_HALF_OUT: Final = 0.4
"""The same beside the picture for a whole body: of one half outside, with wide clothes, so much is seen."""
_GOES_ON: Final = 0.01
"""What comes so near to an edge, as a share of the picture, goes on outside."""
_AT_EDGE: Final = 0.28
"""Share of the picture from an edge that is no room for a face: who is seen no farther in is cut by it."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the words to the person depend on besides the fact; see `FaceJudged`."""

    cover: Cover = Cover.NONE
    turned: bool = False
    unclear: Unclear = Unclear.NONE


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
        self._lost = Held(_LOST_S, fall=_DOUBT_FALL)
        self._flickers = False
        self._covers = Shares[Cover](_CAUSE_MEMORY_S)
        self._poses = Shares[FaceVerdict](_CAUSE_MEMORY_S)
        self._whys = Shares[Unclear](_CAUSE_MEMORY_S)
        self._said: FaceFact = FaceFact.UNKNOWN
        self._asked = _Asked()
        self._bodiless = False
        self._wanted: FaceFact = FaceFact.UNKNOWN
        self._wanted_for_s = 0.0
        self._silent_s = 0.0
        self._asked_wanted = _Asked()
        self._asked_for_s = 0.0
        self._last_s: float | None = None

    @property
    def fact(self) -> FaceFact:
        return self._said

    @property
    def cover(self) -> Cover:
        return self._asked.cover

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
        if present:
            lost = not faces or faces[0].unclear_why in _CUT
            self._flickers = self._lost.update(lost, dt_s) or (self._flickers and self._lost.half)
        self._weigh(faces[0] if faces else None, dt_s, at_edge(observation, bodies))
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
        self._lost.clear()
        self._doubted = self._flickers = False
        self._bodiless = False
        self._forget_causes()
        self._said = self._wanted = FaceFact.UNKNOWN
        self._asked = _Asked()
        self._wanted_for_s = self._asked_for_s = self._silent_s = 0.0
        self._last_s = None

    def _forget_causes(self) -> None:
        self._covers.clear()
        self._poses.clear()
        self._whys.clear()

    def _weigh(self, face: Face | None, dt_s: float, edge: Unclear) -> None:
        """Adds what one frame shows to the sums. Whose head an edge of the picture cuts does not hide it."""
        cut = edge is not Unclear.NONE
        self._hidden.update(face is None and not cut, dt_s)
        if face is None:
            self._covered.add(0.0, dt_s)
            self._turned.add(0.0, dt_s)
            if self._hidden.full:
                # Anyone who shows a face next may have changed behind the hand, or be somebody else.
                self._covered.clear()
                self._turned.clear()
                self._forget_causes()
            if cut:
                self._unclear.update(seen=True, dt_s=dt_s)
                self._whys.add(edge, dt_s)
            self._undecided.update(seen=False, dt_s=dt_s)
            return
        unclear = face.verdict is FaceVerdict.UNCLEAR
        self._unclear.update(unclear, dt_s)
        self._doubted = self._doubt.update(unclear, dt_s) or (self._doubted and self._doubt.half)
        self._covered.add(0.0 if unclear else face.covered_logit, dt_s)
        self._turned.add(0.0 if unclear else face.turned_logit, dt_s)
        held = self._said in _DECIDED
        open_yet = self._decided() is None or self._barely_shown()
        self._undecided.update(open_yet, dt_s * (_HELD_DOUBT if held else 1.0))
        self._covers.add(face.cover if face.verdict is FaceVerdict.COVERED else None, dt_s)
        self._poses.add(face.verdict if face.verdict in _POSES else None, dt_s)
        self._whys.add(face.unclear_why if unclear else None, dt_s)

    def _decided(self) -> FaceFact | None:
        """What the two sums say: sure enough to begin with, and held until they say the opposite."""
        covered = _side(self._covered.odds, self._said is FaceFact.COVERED, self._said is FaceFact.PROPER)
        turned = _side(self._turned.odds, self._said is FaceFact.TURNED, self._said is FaceFact.PROPER)
        if covered is True and not (turned is True and self._mostly_turned()):
            return FaceFact.COVERED
        if turned is True:
            return FaceFact.TURNED
        if covered is False and turned is False:
            return FaceFact.PROPER
        return None

    def _barely_shown(self) -> bool:
        """It looks bare where it is seen, and is not seen in too many pictures."""
        return self._flickers and self._decided() is FaceFact.PROPER

    def _mostly_turned(self) -> bool:
        held = FaceVerdict.TURNED if self._said is FaceFact.TURNED else FaceVerdict.COVERED
        most = self._poses.most(held, _CAUSE_MARGIN, FaceVerdict.COVERED)
        return most is FaceVerdict.TURNED

    def _want(self, bodiless: bool) -> FaceFact:
        if self._hidden.full:
            return FaceFact.UNCLEAR if bodiless else FaceFact.HIDDEN
        if self._unclear.full:
            return FaceFact.UNCLEAR
        decided = self._decided()
        if self._doubted and decided in (FaceFact.COVERED, FaceFact.TURNED):
            return FaceFact.UNCLEAR
        if decided is not None and not self._barely_shown():
            return decided
        return FaceFact.UNCLEAR if self._undecided.full else self._said

    def _ask(self, fact: FaceFact) -> _Asked:
        """What goes with a fact: what was said with it, unless something else was seen clearly more often."""
        held = self._asked
        if fact is FaceFact.COVERED:
            said = self._said is FaceFact.COVERED
            turned = _side(self._turned.odds, said and held.turned, said and not held.turned)
            cover = self._covers.most(held.cover, _CAUSE_MARGIN, Cover.NONE)
            return _Asked(cover, turned is True)
        if fact is FaceFact.UNCLEAR and not self._hidden.full:
            if self._unclear.full or self._doubted:
                return _Asked(unclear=self._whys.most(held.unclear, _CAUSE_MARGIN, Unclear.UNDECIDED))
            return _Asked(unclear=Unclear.UNDECIDED)
        return _Asked()

    def _conclude(self, dt_s: float, bodiless: bool, facts: list[FaceJudged]) -> None:
        want = self._want(bodiless)
        if not (self._hidden.full and bodiless):
            self._bodiless = False
        elif not self._bodiless:
            self._bodiless = True
            if self._said is not FaceFact.HIDDEN:
                self._say(FaceFact.HIDDEN, _Asked(), facts)
            self._say(FaceFact.UNCLEAR, _Asked(), facts)
        self._wanted_for_s = self._wanted_for_s + dt_s if want is self._wanted else 0.0
        self._wanted = want
        self._silent_s = self._silent_s + dt_s if self._said is FaceFact.UNKNOWN else 0.0
        if self._silent_s >= _SILENT_S:
            want = FaceFact.UNCLEAR
        ask = self._ask(want)
        if want is not self._said:
            if self._wanted_for_s >= _DWELL_S or self._silent_s >= _SILENT_S:
                self._say(want, ask, facts)
            return
        self._asked_for_s = self._asked_for_s + dt_s if ask == self._asked_wanted else 0.0
        self._asked_wanted = ask
        if ask != self._asked and self._asked_for_s >= _CAUSE_S:
            self._say(want, ask, facts)

    def _say(self, fact: FaceFact, ask: _Asked, facts: list[FaceJudged]) -> None:
        self._said, self._asked = fact, ask
        self._asked_for_s = 0.0
        facts.append(FaceJudged(fact, ask.cover, ask.turned, ask.unclear))


def _side(odds: float, held_yes: bool, held_no: bool) -> bool | None:
    """Yes, no, or not sure. A held side is left only when the odds have come to speak against it."""
    if odds >= _SURE or (held_yes and odds > 0.0):
        return True
    if odds <= -_SURE or (held_no and odds < 0.0):
        return False
    return None


def at_edge(observation: Observation, bodies: Bodies = UNFITTED) -> Unclear:
    """Which edge of the picture cuts the head of who is there; none where the head is inside or nobody knows.

    A child or a wheelchair below the picture, somebody beside it: what is there is seen along one edge alone.
    A tall person: it reaches over the upper edge, and no scene network sees a head below that.
    """
    if observation.foreground_box is None:
        return Unclear.NONE
    (width, height), (left, top, wide, high) = observation.size, observation.foreground_box
    inside = _head_inside(observation, bodies)
    if top <= _GOES_ON * height and not inside:
        return Unclear.CUT
    aside = min((left + wide) / width, 1.0 - left / width)
    low = min((top + high) / height, 1.0 - top / height)
    touches = left <= _GOES_ON * width or left + wide >= (1.0 - _GOES_ON) * width
    if touches and low >= _AT_EDGE and aside < _HALF_OUT and not inside:
        return Unclear.CUT_ASIDE
    if min(aside, low) >= _AT_EDGE:
        return Unclear.NONE
    return Unclear.CUT_ASIDE if aside < low else Unclear.CUT


def _head_inside(observation: Observation, bodies: Bodies) -> bool:
    look = bodies.look
    if look is None or look.scene is None or look.camera != observation.camera:
        return False
    edge_px = _GOES_ON * look.size[1]
    heads = [thing.box for thing in look.scene.things if thing.kind is ThingKind.HEAD]
    return any(
        top > edge_px and left > edge_px and left + wide < look.size[0] - edge_px
        for left, top, wide, _ in heads
    )


def _width(face: Face) -> float:
    return face.box[2]
