"""What must always hold of a claim, by the bookkeeping of an outsider. No part of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.cabin.commands import (
    Command,
    EndClaim,
    IssueOwnerCode,
    JudgeOwnerEntry,
    KeepOnePicture,
    SetPermit,
    VoidOwnerCode,
)
from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    ClaimMade,
    Device,
    EntryVerdict,
    Event,
    InputMoved,
    OwnerCodeSent,
    OwnerEntryJudged,
    OwnerJudged,
    Restarted,
    TrialAsked,
)
from edge.cabin.state import Mode, State
from edge.terms.identity import OwnerFact
from hw.ports import Input

FACE_FAILED = {"identity_mismatch", "identity_timeout"}
NOBODY_USES_IT = {Mode.VACANT, Mode.LOCKED, Mode.EMERGENCY}


@dataclass
class ClaimWatch:
    """`by`: how the claim that is open was verified; `may_ask`: the camera did not know this customer."""

    wanted: bool
    contact: bool = True
    number: int = 0
    by: str = ""
    may_ask: bool = False
    sending: bool = False
    live: bool = False
    pending: bool = False

    def key(self) -> tuple[object, ...]:
        return bool(self.number), self.by, self.may_ask, self.sending, self.live, self.pending

    def saw(self, event: Event, state: State, commands: Sequence[Command]) -> None:
        """AssertionError where the machine is opened for a claim that nobody has shown to be true."""
        was_pending, was_live = self.pending, self.live
        for command in commands:
            self._ordered(command)
        self._happened(event, state, was_pending and was_live)
        self._holds(state)
        assert (self.number != 0) == (state.claim.number != 0), "a claim is open, or is not"
        if state.claim.number:
            assert state.mode not in NOBODY_USES_IT, "a claim where nobody uses the machine"
            assert state.present
        for command in commands:
            if command == SetPermit(True) and not isinstance(event, TrialAsked):  # those: trial_model
                assert not self.wanted or self.by, f"the machine is opened for an unverified claim by {event}"

    def _ordered(self, command: Command) -> None:
        match command:
            case KeepOnePicture(_, why) if why in FACE_FAILED:
                known = self.by == "face" and why == "identity_mismatch"
                assert known or not self.by, "a verified claim fails"
                self.by, self.may_ask = "", True
            case IssueOwnerCode(claim):
                assert claim == self.number, "a code for a claim that is not open"
                assert self.may_ask, "a code for somebody whom the camera was not asked for"
                assert not self.sending, "a second code beside one that is on its way"
                assert not self.live, "a second code beside a live one"
                self.sending = True
            case JudgeOwnerEntry(claim):
                assert claim == self.number
                assert self.live, "an entry is judged with no live code"
                assert not self.pending, "two entries are judged at once"
                self.pending = True
            case VoidOwnerCode():
                self.sending = self.live = self.pending = False
            case EndClaim():
                self._over()
            case _:
                pass

    def _happened(self, event: Event, state: State, entry: bool) -> None:
        match event:
            case ClaimMade(claim) if self.wanted and state.claim.number == claim:
                self._over()
                self.number = claim
            case OwnerJudged(OwnerFact.SAME) if self.number and not self.may_ask and not self._ajar(state):
                self.by = self.by or "face"
            case OwnerCodeSent(claim) if claim == self.number and self.sending:
                self.sending, self.live = False, True
            case OwnerEntryJudged(claim, verdict) if claim == self.number and entry:
                self.pending = False
                if verdict is EntryVerdict.RIGHT:
                    self.by, self.live = "code", False
            case InputMoved(Input.DOOR, active):
                self.by = ""
                if active:
                    assert not state.claim.number, "a claim outlives the opening of the door"
            case AnomalyBegan(Anomaly.STILL_PICTURE) if self.by == "face":
                self.by = ""
            case Restarted():
                self._over()
            case _:
                pass

    def _ajar(self, state: State) -> bool:
        """Behind an open door nobody is known by the face."""
        return self.contact and state.door_open and Device.DOOR_CONTACT not in state.failed

    def _holds(self, state: State) -> None:
        """What the state says of the customer."""
        if self.by == "face" and (state.mode is not Mode.CLEARED or Anomaly.STILL_PICTURE in state.active):
            self.by = ""
        if self.by == "code" and state.several:
            self.by = ""
        if self.by:
            self.may_ask = False

    def _over(self) -> None:
        self.number, self.by = 0, ""
        self.may_ask = self.sending = self.live = self.pending = False
