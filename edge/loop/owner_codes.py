"""The card owner's code in the loop: counted on the card, then drawn and sent, or then compared.

Between the desk, which has the digits, and the outbox, inbox and record. What opens and ends claims calls
`begin` and `end`; what comes of it is told to `heard`. The owner's number is in the outbox and the inbox
while a claim lasts (in the inbox for a while longer), and in no row, record or log.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from edge.codes.hidden import Typed
from edge.codes.pad import EntryPad, PadResult
from edge.identity.desk import (
    OWNER_CODE_DIGITS,
    Claim,
    CodeNotSent,
    CodeRefused,
    CodeSent,
    CodeWanted,
    EntryTyped,
    OwnerNews,
    OwnerSaidNo,
)
from edge.identity.limits import OwnerRefusal, Refused
from edge.loop.happening import plain
from edge.loop.logbook import Logbook
from edge.loop.parts import Parts
from edge.loop.situation import Situation
from edge.messages.inbox import OwnerDenied
from edge.messages.step import MessageAccepted, MessageDelivered, MessageFailed
from edge.messages.texts import make_text
from edge.terms.record import OWNER_CODE_KIND, Entry, OutboxRow, OwnerTries, Recipient, Remembered, RowState
from edge.words.language import LanguageName

DOUBTS_ACCOUNTS: Final = frozenset(
    {
        *(
            "owner_account_odd",
            "journal_damaged",
            "journal_newer",
            "journal_chain_broken",
            "state_unreadable",
        ),
        *("journal_denied", "journal_busy", "disk_error"),
    }
)
"""With one of these a start cannot be sure that the record has every try: every card rests once."""

_SURELY_LATE_S: Final = 5.0
"""So long after a message's last moment nobody waits for word of it any more, whatever has its way out."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What waits for record `sequence`, until `by_s`: the message of a code to draw, or an entry."""

    claim: int
    sequence: int
    by_s: float
    what: OutboxRow | Typed


class OwnerCodes:
    """One kiosk's. All times are monotonic seconds. `heard` calls nothing here: it makes events of what it is
    told."""

    def __init__(
        self, parts: Parts, situation: Situation, logbook: Logbook, heard: Callable[[OwnerNews], None]
    ) -> None:
        self._in_use = parts.identity is not None
        self._desk = parts.owner_desk
        self._outbox = parts.outbox
        self._inbox = parts.inbox
        self._context = self._owners = parts.context
        self._clock = parts.board.clock
        self._wait_s = parts.rules.flow.record_wait_s
        self._pad = EntryPad(OWNER_CODE_DIGITS, parts.rules.flow.key_timeout_s)
        self._situation = situation
        self._logbook = logbook
        self._heard = heard
        self._has_number = False
        self._waiting: _Waiting | None = None
        self._send_by_s: float | None = None

    # --- life --------------------------------------------------------------------------------------

    def restore(self, remembered: Remembered, now_s: float) -> None:
        """Take up the accounts of the cards. No claim and no code outlives a program."""
        in_doubt = self._in_use and any(code in DOUBTS_ACCOUNTS for code, _ in remembered.faults)
        rows = self._desk.restore(remembered.owners, in_doubt=in_doubt)
        if rows:
            name = "owner_accounts_doubted" if in_doubt else "owner_accounts_removed"
            self._save(name, {"accounts": len(rows)}, now_s, owners=rows)

    def keep_only(self, persons: Collection[int], now_s: float) -> None:
        """These are enrolled: the accounts of all others are taken out of the record."""
        gone = self._desk.keep_only(persons)
        if gone:
            self._save("owner_accounts_removed", {"accounts": len(gone)}, now_s, owners=gone)

    # --- a claim -----------------------------------------------------------------------------------

    def begin(
        self, claim: int, person: int, phone: str, now_s: float, language: LanguageName | None = None
    ) -> None:
        """A claim on this person's card began.

        `phone`: their number (E.164), empty for none on file; `language` is theirs, None for the cabin's.
        """
        self.end(now_s)
        self._owners = replace(self._context, language=language or self._context.language)
        self._desk.begin(Claim(claim, person))
        self._has_number = bool(phone)
        self._outbox.owner_number(phone)
        if phone:
            self._inbox.owner_expected(claim, person, phone)

    def end(self, now_s: float) -> None:
        """The claim is over: its code opens nothing, its message does not go out, its number is gone."""
        claim = self._desk.claim
        if claim is None:
            return
        self.void(now_s)
        self._desk.end()
        self._pad.clear()
        self._has_number = False
        self._outbox.owner_number("")
        self._inbox.owner_leaves(claim.number, now_s)

    def clear(self) -> None:
        """Forget what was typed at the customer's keypad."""
        self._pad.clear()

    # --- what the customer does ----------------------------------------------------------------------

    def key(self, key: str, now_s: float) -> None:
        """A key of the customer's keypad. `#` before any digit asks for a code."""
        if self._pad.full:  # nobody wanted it
            self._pad.clear()
        if key == "#" and not self._pad.typed:
            self._heard(CodeWanted())
        elif self._pad.press(key, now_s) is PadResult.COMPLETED:
            self._heard(EntryTyped())

    def given(self, digits: str, now_s: float) -> None:
        """The machine hands on what the customer typed; no digits: asks for a code."""
        if not digits:
            self._heard(CodeWanted())
        elif self._pad.enter(digits, now_s):
            self._heard(EntryTyped())
        else:
            claim = self._desk.claim
            self._heard(CodeRefused(claim.number if claim else 0, OwnerRefusal.INCOMPLETE))

    # --- what is decided on it -----------------------------------------------------------------------

    def issue(self, now_s: float) -> None:
        """Send the owner a code: counted on the card, then drawn. Answered by `CodeSent`, or why not."""
        claim = self._desk.claim
        if claim is None:
            return
        if not self._has_number:
            self._heard(CodeRefused(claim.number, OwnerRefusal.NOT_SENT))
            return
        if self._waiting is not None:
            self._heard(CodeRefused(claim.number, OwnerRefusal.UNDER_WAY))
            return
        counted = self._desk.ask()
        if isinstance(counted, Refused):
            self._heard(CodeRefused(claim.number, counted.why, counted.wait_s))
            return
        self.void(now_s)
        rules = self._desk.rules
        row = OutboxRow(
            number=self._logbook.fresh_number(),
            incident=self._situation.state.incident,
            kind=OWNER_CODE_KIND,
            issue=len(counted.codes_left_s),
            recipient=Recipient.OWNER,
            channel=rules.channel,
            created_wall_s=self._clock.wall_s(),
            ttl_s=rules.send_s,
        )
        data = {"claim": claim.number, "number": row.number}
        sequence = self._save("owner_code_asked", data, now_s, (row,), (counted,))
        self._waiting = _Waiting(claim.number, sequence, now_s + self._wait_s, row)

    def compare(self, now_s: float) -> None:
        """Compare what was typed: counted on the card first. Answered by `CodeJudged`, or why not."""
        claim, typed = self._desk.claim, self._pad.take()
        if claim is None:
            return
        if typed is None:
            self._heard(CodeRefused(claim.number, OwnerRefusal.INCOMPLETE))
            return
        if self._waiting is not None:
            self._heard(CodeRefused(claim.number, OwnerRefusal.UNDER_WAY))
            return
        counted = self._desk.count(now_s)
        if isinstance(counted, Refused):
            self._heard(CodeRefused(claim.number, counted.why, counted.wait_s))
            return
        data = {"claim": claim.number, "tries": counted.tries}
        sequence = self._save("owner_code_tried", data, now_s, owners=(counted,))
        self._waiting = _Waiting(claim.number, sequence, now_s + self._wait_s, typed)

    def void(self, now_s: float) -> None:
        """No code is live and none will be: whatever waits for the record, or for a way out, is given up."""
        waiting, self._waiting = self._waiting, None
        self._send_by_s = None
        self._desk.void()
        rows = self._outbox.supersede_all(OWNER_CODE_KIND)
        if waiting is not None and isinstance(waiting.what, OutboxRow):
            rows = (*rows, replace(waiting.what, state=RowState.SUPERSEDED))
        self._give_up(rows, now_s)

    # --- time --------------------------------------------------------------------------------------

    def recorded(self, sequence: int, written: bool, now_s: float) -> None:
        """The record's answer: what waits for it goes on, or is refused. Never without its own answer."""
        waiting = self._waiting
        if waiting is None or waiting.sequence != sequence:
            return
        self._waiting = None
        if not written:
            self._not_recorded(waiting, now_s)
        elif isinstance(waiting.what, Typed):
            self._judge(waiting.claim, waiting.what, now_s)
        else:
            self._send(waiting.claim, waiting.what, now_s)

    def poll(self, now_s: float) -> None:
        """The deadlines that came."""
        self._pad.poll(now_s)
        waiting = self._waiting
        if waiting is not None and now_s >= waiting.by_s:
            self._waiting = None
            self._not_recorded(waiting, now_s)
        if self._send_by_s is not None and now_s >= self._send_by_s:
            self._not_sent(now_s)
        if self._desk.expire(now_s):
            self.void(now_s)

    def next_wake_s(self) -> float | None:
        """When `poll` is due at the latest."""
        waits_s = None if self._waiting is None else self._waiting.by_s
        wakes = (self._pad.next_wake_s, waits_s, self._send_by_s, self._desk.until_s)
        return min((wake_s for wake_s in wakes if wake_s is not None), default=None)

    # --- messages ----------------------------------------------------------------------------------

    def text_of(self, row: OutboxRow) -> str | None:
        """The text of a row at the moment of sending; None where its code is not live any more."""
        code = self._desk.text(row.number, self._clock.now_s())
        if code is None:
            return None
        wall_s = self._clock.wall_s()
        until_wall_s = wall_s + self._desk.rules.code_ttl_s
        return make_text(row, self._owners, wall_s, code=code, until_wall_s=until_wall_s)

    def hear(self, event: MessageAccepted | MessageDelivered | MessageFailed, now_s: float) -> None:
        """What became of a message to the owner."""
        claim = self._desk.claim
        if claim is None:
            return
        number = event.row.number
        match event:
            case MessageAccepted():
                if self._desk.accepted(number, now_s):
                    self._send_by_s = None
                    self._heard(CodeSent(claim.number))
            case MessageFailed(final=final):
                if final and self._desk.carries(number):
                    self._not_sent(now_s)
            case MessageDelivered(ok=ok):
                if not ok and self._desk.carries(number):
                    self._not_sent(now_s)

    def denied(self, said: OwnerDenied, now_s: float) -> None:
        """The owner said NO: the card rests, and what knows claims ends this one."""
        if self._desk.claim == Claim(said.claim, said.person):
            self.void(now_s)
        row = self._desk.denied(said.person)
        self._save("owner_said_no", {"claim": said.claim}, now_s, owners=(row,))
        self._heard(OwnerSaidNo(said.claim))

    # --- inside ------------------------------------------------------------------------------------

    def _send(self, claim: int, row: OutboxRow, now_s: float) -> None:
        """Its count is on the card: draw the code, and let its message go."""
        if self._desk.claim is None or self._desk.claim.number != claim:
            return
        self._desk.issue(row.number, now_s)
        self._send_by_s = now_s + row.ttl_s + _SURELY_LATE_S
        self._outbox.add(row)

    def _judge(self, claim: int, typed: Typed, now_s: float) -> None:
        """The try is on the card: compare, once."""
        news, row = self._desk.judge(claim, typed, now_s)
        if row is not None:
            self._save("owner_code_right", {"claim": claim}, now_s, owners=(row,))
        if self._desk.until_s is None:
            self.void(now_s)
        self._heard(news)

    def _not_recorded(self, waiting: _Waiting, now_s: float) -> None:
        """No word from the card in time, or that it takes nothing: counted, and never compared or sent."""
        if isinstance(waiting.what, OutboxRow):
            self._give_up((replace(waiting.what, state=RowState.SUPERSEDED, cause="not on record"),), now_s)
        self._heard(CodeRefused(waiting.claim, OwnerRefusal.NOT_ON_RECORD))

    def _not_sent(self, now_s: float) -> None:
        claim = self._desk.claim
        self.void(now_s)
        if claim is not None:
            self._heard(CodeNotSent(claim.number))

    def _give_up(self, rows: tuple[OutboxRow, ...], now_s: float) -> None:
        if rows:
            self._logbook.save((), rows, now_s)

    def _save(
        self,
        name: str,
        data: Mapping[str, object],
        now_s: float,
        rows: tuple[OutboxRow, ...] = (),
        owners: tuple[OwnerTries, ...] = (),
    ) -> int:
        entry = Entry("event", name, self._situation.state.incident, plain(data))
        return self._logbook.save((entry,), rows, now_s, owners)
