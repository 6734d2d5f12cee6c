"""Enrolment before the running kiosk's own camera: looks from the eyes, guidance out, the gallery at the end.

The cabin goes on as ever: anyone who is enrolled stands there as a customer. Templates stay in this process,
and are forgotten with the session; no picture is kept. The table hears nothing of it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from edge.cabin.outputs import owner_face_wanted
from edge.cabin.state import Mode
from edge.faults.fault import FaultError
from edge.identity.enroller import ToEnrol
from edge.identity.enrolment import WANTED, EnrolLook, Guidance, Life, Session, Turn, step
from edge.identity.keeper import DONE, GIVEN
from edge.identity.store import Numbers
from edge.judge.alive import Alive
from edge.loop.commission_view import EnrolStage, EnrolView
from edge.loop.logbook import Logbook
from edge.loop.parts import IdentityParts
from edge.loop.situation import Situation
from edge.terms.observation import FACE_CAMERA, Observation

WITHIN_S: Final = 180.0
"""A set that is not whole by then is given up."""

_RUNS: Final = frozenset({EnrolStage.READING, EnrolStage.LOOKING, EnrolStage.WRITING})
_ENDS: Final = frozenset({Mode.LOCKED, Mode.EMERGENCY})
"""Somebody has other things to think of. One who is warned is told the same: to show the face."""


class Enrol:
    """One enrolment at a time. Belongs to the loop; waits for nothing."""

    def __init__(self, identity: IdentityParts | None, situation: Situation, logbook: Logbook) -> None:
        self._identity = identity
        self._situation = situation
        self._logbook = logbook
        self._stage = EnrolStage.NONE
        self._wanted: ToEnrol | None = None
        self._session = Session()
        self._turn: Turn | None = None
        self._alive = Alive()
        self._until_s = 0.0
        self._person = 0
        self._fault: FaultError | None = None

    @property
    def runs(self) -> bool:
        return self._stage in _RUNS

    def begin(self, wanted: ToEnrol, now_s: float) -> None:
        """Read the gallery, then look. FaultError: `identity_off`, `not_now`, `gallery_busy`."""
        identity = self._identity
        if identity is None:
            raise FaultError("identity_off", "identity.enabled = false")
        if identity.enroller is None:
            raise FaultError("enrol_refused", "the network that measures faces came without its limits")
        if self.runs:
            raise FaultError("gallery_busy", "somebody is being enrolled")
        if self._situation.state.claim.number:
            raise FaultError("not_now", "claim")
        if self._situation.state.mode in _ENDS:
            raise FaultError("not_now", "not_vacant")
        identity.enroller.check(wanted)
        self._forget()
        self._wanted, self._person, self._fault = wanted, 0, None
        self._stage, self._until_s = EnrolStage.READING, now_s + WITHIN_S
        self._logbook.note("event", "enrolment_began", {"by": wanted.by}, now_s)

    def cancel(self, now_s: float) -> bool:
        """Whether one was under way. What is being written is written."""
        if self._stage not in (EnrolStage.READING, EnrolStage.LOOKING):
            return False
        self._end(EnrolStage.NONE, "cancelled", now_s)
        return True

    def observe(self, observation: Observation, now_s: float) -> None:
        """One frame."""
        if self._stage is not EnrolStage.LOOKING or observation.camera != FACE_CAMERA:
            return
        self._alive.update(observation, now_s)
        look = observation.owner
        identity = self._identity
        if look is None or identity is None or identity.enroller is None:
            return
        face = max(observation.faces, key=lambda one: one.box[2], default=None)
        enrol_look = EnrolLook(
            look.template,
            look.missing,
            0.0 if face is None else face.yaw_deg,
            0.0 if face is None else face.pitch_deg,
            self._life(),
        )
        self._turn = step(self._session, enrol_look, identity.enroller.alike)
        self._session = self._turn.session
        if self._session.done:
            self._write(now_s)
        elif self._session.failed:
            why = "too few poses: the head has to be turned to at least two sides"
            self._fail(FaultError("enrol_refused", why), now_s)

    def poll(self, now_s: float) -> None:
        """Answers of the thread, the time, and what ends it."""
        if self._identity is None or self._identity.enroller is None:
            return
        answer = self._identity.enroller.answer()  # also of one that was given up: the next waits for it
        if not self.runs:
            return
        if answer is not None and answer.fault is not None:
            self._fail(answer.fault, now_s)
        elif answer is not None and self._stage is EnrolStage.READING:
            self._stage, self._until_s = EnrolStage.LOOKING, now_s + WITHIN_S
            self._identity.want_owner(True)
        elif answer is not None and self._stage is EnrolStage.WRITING:
            self._person = answer.person
            self._end(EnrolStage.DONE, "enrolled", now_s)
        if self._stage not in (EnrolStage.READING, EnrolStage.LOOKING):
            return
        state = self._situation.state
        if state.claim.number:
            self._fail(FaultError("not_now", "claim"), now_s)
        elif state.mode in _ENDS:
            self._fail(FaultError("not_now", "not_vacant"), now_s)
        elif now_s >= self._until_s:
            why = f"the set was not whole within {WITHIN_S:.0f} s"
            self._fail(FaultError("enrol_refused", why), now_s)

    def next_wake_s(self) -> float | None:
        """A thread says nothing by itself: it is looked after."""
        return self._until_s if self._stage in (EnrolStage.READING, EnrolStage.LOOKING) else None

    def reply(self, now_s: float) -> dict[str, object]:
        """An `EnrolView` as plain JSON values."""
        refused = None if self._turn is None else self._turn.refused
        guidance = Guidance.STRAIGHT if self._turn is None else self._turn.guidance
        view = EnrolView(
            stage=self._stage.value,
            taken=len(self._session.taken),
            wanted=WANTED,
            guidance=guidance.value if self._stage is EnrolStage.LOOKING else "",
            refused="" if refused is None else refused.value,
            left_s=max(0.0, self._until_s - now_s) if self.runs else 0.0,
            person=self._person,
            fault="" if self._fault is None else self._fault.code,
            detail="" if self._fault is None else self._fault.detail,
        )
        reply: dict[str, object] = msgspec.to_builtins(view)
        return reply

    # --- inside ------------------------------------------------------------------------------------

    def _life(self) -> Life:
        if self._alive.picture:
            return Life.PICTURE
        return Life.LIVES if self._alive.shown else Life.UNKNOWN

    def _write(self, now_s: float) -> None:
        identity, wanted = self._identity, self._wanted
        assert identity is not None
        assert identity.enroller is not None
        assert wanted is not None
        counters = identity.keeper.counters
        least = Numbers(next_person=counters.get(GIVEN, 0) + 1, done=counters.get(DONE, 0))
        self._stage = EnrolStage.WRITING
        self._look_no_more()
        try:
            identity.enroller.enrol(wanted, self._session.taken, least)
        except FaultError as fault:
            self._fail(fault, now_s)

    def _fail(self, fault: FaultError, now_s: float) -> None:
        self._fault = fault
        self._end(EnrolStage.FAILED, fault.code, now_s)

    def _end(self, stage: EnrolStage, why: str, now_s: float) -> None:
        self._look_no_more()
        self._stage = stage
        self._forget()
        self._logbook.note("event", "enrolment_ended", {"why": why}, now_s)

    def _look_no_more(self) -> None:
        """The eyes look on where a claim wants it."""
        if self._identity is not None and self._stage is not EnrolStage.READING:
            self._identity.want_owner(owner_face_wanted(self._situation.state))

    def _forget(self) -> None:
        self._wanted, self._session, self._turn = None, Session(), None
        self._alive = Alive()
