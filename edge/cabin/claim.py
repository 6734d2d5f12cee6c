"""What becomes of a claim: whose card it is said to be. Only the permit, the words and the pictures follow.

Nothing here touches the door, the lock clock, a warning or a sound: each function changes
`State.claim` alone, counts the words that it orders, and opens an incident for a check that failed. A claim
is in question in *cleared* only, where nobody is being warned.
"""

from __future__ import annotations

from edge.cabin.commands import (
    AnswerMachine,
    EndClaim,
    IssueOwnerCode,
    JudgeOwnerEntry,
    KeepOnePicture,
    Note,
    PromptCause,
    PromptKey,
    Say,
    VoidOwnerCode,
)
from edge.cabin.conditions import door_open, due
from edge.cabin.draft import Draft
from edge.cabin.events import (
    Anomaly,
    ClaimMade,
    ClaimOver,
    EntryVerdict,
    Event,
    OwnerCodeOver,
    OwnerCodeSent,
    OwnerEntryJudged,
    OwnerJudged,
)
from edge.cabin.outputs import owner_face_wanted, silent
from edge.cabin.rules import OwnerRules, Rules
from edge.cabin.state import VERIFIED, Claim, Mode, Stage, State, replace
from edge.terms.alerts import Alert
from edge.terms.identity import CheckFailed, ClaimEnd, NoOwnerCode, OwnerFact
from edge.terms.record import Recipient

NO_PLACE = frozenset({Mode.VACANT, Mode.LOCKED, Mode.EMERGENCY})
"""Here nobody uses the machine, so no claim is open."""

REFUSED = ("identity_off", "no_claim", "face_first", "code_under_way", "verified", "no_code_wanted")
"""What a machine is told besides the reasons that have names of their own."""

_OFF = OwnerRules()
"""Where no claim is taken these numbers are asked for by nothing."""


# --- events ----------------------------------------------------------------------------------------


def claim_made(d: Draft, event: ClaimMade) -> None:
    """A fresh claim of the same machine ends the one before; the loop lets no other machine's through."""
    if d.rules.owner is None or not d.s.present:
        why = "identity_off" if d.rules.owner is None else ClaimEnd.NOBODY_THERE.value
        d.do(AnswerMachine(event.claim, why), Note("claim_refused"))
        return
    if d.s.claim.number:
        end_claim(d, ClaimEnd.ANOTHER_CLAIM)
    d.s = replace(d.s, claim=Claim(event.claim, Stage.FACE, failed=d.s.claim.failed))


def claim_over(d: Draft, event: ClaimOver) -> None:
    """A `NO` of the owner is told also where the claim is over: the card may be in wrong hands."""
    if event.why is ClaimEnd.OWNER_SAID_NO and d.rules.owner is not None:
        d.tell(Alert.OWNER_SAID_NO, Recipient.CONTROL_ROOM)
    if event.claim == d.s.claim.number and d.s.claim.number:
        end_claim(d, event.why)
    else:
        d.do(Note("no_such_claim"))


def owner_judged(d: Draft, event: OwnerJudged) -> None:
    """Also once the owner was known: no door may have said that somebody else stands there now."""
    if not owner_face_wanted(d.s):
        return
    match event.fact:
        case OwnerFact.SAME if Anomaly.STILL_PICTURE not in d.s.active:
            _go(d, Stage.BY_FACE)
        case OwnerFact.ANOTHER:
            _fails(d, CheckFailed.IDENTITY_MISMATCH)
        case OwnerFact.SAME | OwnerFact.UNKNOWN | OwnerFact.UNFIT:
            pass


def code_wanted(d: Draft, event: Event) -> None:
    """A code is for a customer whom the camera did not know."""
    claim = d.s.claim
    match claim.stage:
        case Stage.FAILED:
            _go(d, Stage.SENDING, d.now_s + _rules(d).code_accept_s)
            d.do(IssueOwnerCode(claim.number))
        case Stage.SENDING | Stage.CODE:
            _refuse(d, "code_under_way")
        case Stage.FACE:
            _refuse(d, "face_first")
        case Stage.BY_FACE | Stage.BY_CODE:
            _refuse(d, "verified")
        case Stage.NONE:
            _refuse(d, "no_claim")


def code_sent(d: Draft, event: OwnerCodeSent) -> None:
    if event.claim != d.s.claim.number or d.s.claim.stage is not Stage.SENDING:
        return
    _go(d, Stage.CODE, d.now_s + _rules(d).code_ttl_s)
    _say(d, PromptKey.OWNER_CODE_SENT)


def code_over(d: Draft, event: OwnerCodeOver) -> None:
    if event.claim == d.s.claim.number and d.s.claim.stage in (Stage.SENDING, Stage.CODE):
        _no_code(d, event.why)


def entry_completed(d: Draft, event: Event) -> None:
    claim = d.s.claim
    if claim.stage is not Stage.CODE or claim.pending:
        _refuse(d, "no_code_wanted" if claim.number else "no_claim")
        return
    d.s = replace(d.s, claim=replace(claim, pending=True))
    d.do(JudgeOwnerEntry(claim.number))


def entry_judged(d: Draft, event: OwnerEntryJudged) -> None:
    claim = d.s.claim
    if event.claim != claim.number or claim.stage is not Stage.CODE or not claim.pending:
        d.do(Note("owner_verdict_without_entry"))  # its code or its claim was over meanwhile
        return
    d.s = replace(d.s, claim=replace(claim, pending=False))
    match event.verdict:
        case EntryVerdict.RIGHT:
            _go(d, Stage.BY_CODE)
            d.do(Note("owner_code_right"))
        case EntryVerdict.SUPERSEDED:
            _refuse(d, NoOwnerCode.EXPIRED.value)
            _say(d, PromptKey.OWNER_CODE_OLD)
        case EntryVerdict.WRONG:
            _failed(d, CheckFailed.OWNER_CODE_WRONG)
            _say(d, PromptKey.OWNER_CODE_WRONG)


def door_moved(d: Draft, opened: bool) -> None:
    """Anyone may come in through an open door; behind one that closed another person may stand."""
    claim = d.s.claim
    if claim.number and opened:
        end_claim(d, ClaimEnd.DOOR_OPENED)
    elif claim.stage in VERIFIED:
        _go(d, Stage.FACE)


def restarted(d: Draft) -> None:
    """No claim outlives the program: what the owner is known by was in memory alone."""
    if d.s.claim.number:
        d.do(Note("claim_ended_by_restart"))
    d.s = replace(d.s, claim=Claim(failed=d.s.claim.failed))


# --- what the state alone leads to -----------------------------------------------------------------


def out_of_place(s: State, now_s: float, rules: Rules) -> bool:
    return s.claim.number != 0 and (s.mode in NO_PLACE or not s.present)


def visit_is_over(s: State, now_s: float, rules: Rules) -> bool:
    return s.claim.failed != 0 and not s.present


def waits_for_face(s: State, now_s: float, rules: Rules) -> bool:
    """Through an open door somebody else may step before the camera: it is compared behind a shut one."""
    return s.claim.stage is Stage.FACE and s.claim.until_s is None and not door_open(s, rules)


def face_left(s: State, now_s: float, rules: Rules) -> bool:
    return s.claim.stage is Stage.FACE and s.claim.until_s is not None


def known_no_more(s: State, now_s: float, rules: Rules) -> bool:
    """The face that was known is not shown any more, or may never have been one."""
    shown = s.mode is Mode.CLEARED and Anomaly.STILL_PICTURE not in s.active
    return s.claim.stage is Stage.BY_FACE and not shown


def joined(s: State, now_s: float, rules: Rules) -> bool:
    return s.claim.stage is Stage.BY_CODE and s.several


def not_known_in_time(s: State, now_s: float, rules: Rules) -> bool:
    return s.claim.stage is Stage.FACE and due(now_s, s.claim.until_s)


def not_sent_in_time(s: State, now_s: float, rules: Rules) -> bool:
    return s.claim.stage is Stage.SENDING and due(now_s, s.claim.until_s)


def not_typed_in_time(s: State, now_s: float, rules: Rules) -> bool:
    return s.claim.stage is Stage.CODE and due(now_s, s.claim.until_s)


def end_out_of_place(d: Draft) -> None:
    match d.s.mode:
        case Mode.LOCKED:
            why = ClaimEnd.LOCKED
        case Mode.EMERGENCY:
            why = ClaimEnd.EMERGENCY
        case Mode.VACANT | Mode.CHECKING | Mode.CLEARED | Mode.WARNED | Mode.RELEASED:
            why = ClaimEnd.NOBODY_THERE
    end_claim(d, why)


def forget_failed(d: Draft) -> None:
    d.s = replace(d.s, claim=replace(d.s.claim, failed=0))


def look_begins(d: Draft) -> None:
    _go(d, Stage.FACE, d.now_s + _rules(d).verify_s)
    _say(d, PromptKey.OWNER_FACE)


def look_ends(d: Draft) -> None:
    _go(d, Stage.FACE)


def time_is_up(d: Draft) -> None:
    _fails(d, CheckFailed.IDENTITY_TIMEOUT)


def sending_is_up(d: Draft) -> None:
    _no_code(d, NoOwnerCode.NOT_SENT)


def typing_is_up(d: Draft) -> None:
    _no_code(d, NoOwnerCode.EXPIRED)


# --- what all of them do ---------------------------------------------------------------------------


def end_claim(d: Draft, why: ClaimEnd) -> None:
    d.do(EndClaim(d.s.claim.number, why))
    d.s = replace(d.s, claim=Claim(failed=d.s.claim.failed))


def _rules(d: Draft) -> OwnerRules:
    return d.rules.owner or _OFF


def _go(d: Draft, stage: Stage, until_s: float | None = None) -> None:
    d.s = replace(d.s, claim=replace(d.s.claim, stage=stage, until_s=until_s, pending=False))


def _fails(d: Draft, why: CheckFailed) -> None:
    """The face was not known: from now on the customer may ask for a code."""
    _go(d, Stage.FAILED)
    _failed(d, why)
    _say(d, PromptKey.OWNER_NOT_KNOWN)


def _failed(d: Draft, why: CheckFailed) -> None:
    """One picture with the visit, and told the second time, the fourth, the eighth: nobody is warned for it.

    Each failure is on record; a text for each would use up the credit. It is an incident, so that picture,
    record and message carry one number and grow old together.
    """
    d.begin_incident()
    failed = d.s.claim.failed + 1
    d.s = replace(d.s, claim=replace(d.s.claim, failed=failed))
    d.do(KeepOnePicture(d.s.incident, why.value), Note(why.value))
    _refuse(d, why.value)
    times, rest = divmod(failed, _rules(d).tell_after)
    if not rest and times & (times - 1) == 0:  # a power of two
        d.tell(Alert.IDENTITY_FAILED, Recipient.CONTROL_ROOM, reason=why.value)


def _no_code(d: Draft, why: NoOwnerCode) -> None:
    """Nothing that is typed verifies anybody any more; another code may be asked for."""
    _go(d, Stage.FAILED)
    d.do(VoidOwnerCode(d.s.claim.number))
    _refuse(d, why.value)
    match why:
        case NoOwnerCode.NOT_SENT | NoOwnerCode.NOT_ON_RECORD:
            _say(d, PromptKey.OWNER_CODE_NOT_SENT)
        case NoOwnerCode.EXPIRED:
            _say(d, PromptKey.OWNER_CODE_OLD)
        case NoOwnerCode.TRIES_USED | NoOwnerCode.CARD_RESTS | NoOwnerCode.TOO_MANY:
            _say(d, PromptKey.OWNER_NO_CODE)


def _refuse(d: Draft, why: str) -> None:
    d.do(AnswerMachine(d.s.claim.number, why))


def _say(d: Draft, prompt: PromptKey) -> None:
    """Words about the claim: only to somebody cleared, so that they never take the place of a warning.

    What a warning remembers of its own words stays as it is.
    """
    if d.s.mode is Mode.CLEARED and not silent(d.s, d.now_s, d.rules):
        d.s = replace(d.s, ticket=d.s.ticket + 1)
        d.do(Say(d.s.ticket, prompt, PromptCause.NONE))
