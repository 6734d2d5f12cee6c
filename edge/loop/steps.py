"""Each event to the table, and what the table orders to those who do it.

Door and permit are driven first, then everything becomes one transaction of the record.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.cabin.commands import (
    AnswerMachine,
    ClearEntry,
    CloseIncident,
    Command,
    EndClaim,
    IssueCode,
    IssueOwnerCode,
    JudgeEntry,
    JudgeOwnerEntry,
    KeepOnePicture,
    KeepPictures,
    Note,
    RecordLock,
    Refuse,
    Say,
    SendCode,
    SetDoor,
    SetLights,
    SetPermit,
    SetSound,
    Tell,
    VoidCode,
    VoidOwnerCode,
)
from edge.cabin.events import EntryCompleted, Event
from edge.cabin.table import step
from edge.loop.commission import Commission
from edge.loop.facts import Facts
from edge.loop.logbook import Logbook
from edge.loop.on_record import OnRecord
from edge.loop.outputs import Output, Outputs
from edge.loop.owner import Owner
from edge.loop.parts import Parts
from edge.loop.post import Post
from edge.loop.situation import Situation
from edge.loop.typed import TypedCodes
from edge.terms.record import OutboxRow


class Steps:
    """The steps of one kiosk. `owner`, `post`, `outputs` and `commission` carry out what is ordered."""

    def __init__(
        self, parts: Parts, situation: Situation, on_record: OnRecord, logbook: Logbook, facts: Facts
    ) -> None:
        self._situation = situation
        self._on_record = on_record
        self._logbook = logbook
        self._facts = facts
        self._book = parts.book
        self._pad = parts.pad
        self._evidence = parts.evidence
        self.owner = Owner(parts, situation, logbook, self._owner_fault, self.drain)
        self.post = Post(parts, situation, logbook, on_record, self.owner.codes)
        self.typed_codes = TypedCodes(
            parts.duress,
            parts.book,
            parts.pad.another(),
            self.post.control_room_rows,
            situation,
            logbook,
            on_record,
        )
        self.commission = Commission(parts, situation, logbook, self.post, on_record, self.drain)
        self.outputs = Outputs(parts.board, situation, logbook, parts.context.language)

    def _owner_fault(self, code: str, active: bool, data: Mapping[str, object], now_s: float) -> None:
        self.post.fault(code, active, data, now_s)

    def drain(self, now_s: float) -> None:
        """Everything that waits, and what follows from it."""
        while (event := self._situation.take()) is not None:
            self._step(event, now_s)
            self.owner.stepped(now_s)

    def _step(self, event: Event, now_s: float) -> None:
        situation = self._situation
        before = situation.state
        result = step(before, event, now_s, situation.rules)
        situation.state = result.state
        # Every move has reached the table and the relays. What it costs besides that may be held back, but
        # not where something waits for its record, or where a restart could not come back safely without it.
        awaited = any(isinstance(command, RecordLock | JudgeEntry) for command in result.commands)
        held = self._logbook.comes_again(event, now_s) and not (awaited or self._logbook.is_old())
        for command in result.commands:  # door and permit stand first
            if isinstance(command, Output):
                self.outputs.drive(command, now_s)
        self.commission.stepped(before, result.commands, now_s)
        entries = self._logbook.event_lines(event, before, now_s, held)
        incident = situation.state.incident or before.incident
        rows: list[OutboxRow] = []
        # Taken before a refusal clears it: the control room hears of a code also where it opens nothing.
        typed = self._pad.take() if isinstance(event, EntryCompleted) else None
        for command in map(self._facts.with_reason, result.commands):
            entries += self._logbook.command_lines(command, incident, now_s, held)
            rows += self._carry_out(command, now_s, held)
        lines, told = self.typed_codes.told(typed, incident, now_s)
        entries += lines
        rows += told
        rows += self.post.incident(before.incident, situation.state.incident)
        if not entries and not rows:
            if held:
                self._logbook.held_back(now_s)
            return
        sequence = self._logbook.save(tuple(entries), tuple(rows), now_s)
        self._on_record.hold_rows(sequence, rows, now_s)
        for command in result.commands:
            if isinstance(command, RecordLock):
                self._on_record.hold_lock(sequence, command.incident)
            elif isinstance(command, JudgeEntry):
                self._on_record.hold_entry(sequence, typed, now_s)

    def _carry_out(self, command: Command, now_s: float, held: bool) -> tuple[OutboxRow, ...]:
        """A command that is no output; the outbox rows that it makes. `held`: its source chatters."""
        match command:
            case Say():
                self.outputs.say(command, now_s)
            case IssueCode(issue=issue):
                self._book.issue(issue)
            case VoidCode(incident=incident):
                self._book.void()
                return self.post.void_codes(incident)
            case SendCode():
                return self.post.code_rows(command, now_s)
            case Tell():
                return self.post.alerts(command, now_s, held)
            case ClearEntry():
                self._pad.clear()
            case Refuse():
                self.outputs.refuse(now_s)
            case KeepPictures(incident=incident, why=why, reason=reason):
                if not held:
                    self._evidence.keep(incident, now_s, why, reason)
            case KeepOnePicture(incident=incident, why=why):
                if not held:
                    self._evidence.keep_one(incident, now_s, why)
            case CloseIncident(incident=incident):
                self._book.void()
                self._evidence.close_incident(incident)
            case IssueOwnerCode() | VoidOwnerCode() | JudgeOwnerEntry() | EndClaim() | AnswerMachine():
                self.owner.carry_out(command, now_s)
            case SetDoor() | SetPermit() | SetSound() | SetLights() | RecordLock() | JudgeEntry() | Note():
                pass  # driven before, held for the record after, or only recorded
        return ()
