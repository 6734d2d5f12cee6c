"""Messages out and in: rows of the outbox and their texts, alerts, what people text, releases they order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from edge.cabin.commands import SendCode, Tell
from edge.cabin.events import CodeAccepted, CodeDenied, Device, Orderer, ReleaseOrdered
from edge.cabin.outputs import shown
from edge.codes.release import Refusal, ReleaseAsked
from edge.fleet.payloads import BROKER_KINDS, INCIDENT_BEGAN, INCIDENT_ENDED
from edge.judge.joined import Notice
from edge.loop.chatter import Turn, fault_of
from edge.loop.happening import plain
from edge.loop.logbook import Logbook
from edge.loop.marks import Marks
from edge.loop.on_record import OnRecord, WaitingRelease
from edge.loop.owner_codes import OwnerCodes
from edge.loop.parts import Parts
from edge.loop.situation import Situation
from edge.messages.inbox import HelpAsked, Ignored, MarkAsked, OwnerDenied, StatusAsked
from edge.messages.item import is_numbered
from edge.messages.step import MessageAccepted, MessageDelivered, MessageFailed
from edge.messages.texts import MARK_KIND, make_text
from edge.terms.marks import Marked
from edge.terms.record import CODE_KIND, OWNER_CODE_KIND, Channel, Entry, OutboxRow, Recipient
from edge.words.languages import COUNTER
from hw.ports import ModemDown, ModemReady, ModemTrouble, Recovery, TextReceived

ALERT_TTL_S: Final = 24 * 3600.0

_TOLD_SELDOM: Final = frozenset({"fault", "camera_gone", "release_refused"})
"""Alerts about devices: one that comes and goes is texted once in `remind_s`, and recorded every time. Those
about a wrong RELEASE: anyone who forges many must not use up the credit."""


class Post:
    """The messages of one kiosk."""

    def __init__(
        self,
        parts: Parts,
        situation: Situation,
        logbook: Logbook,
        on_record: OnRecord,
        owner_codes: OwnerCodes,
    ) -> None:
        self._outbox = parts.outbox
        self._streams = parts.streams
        self._inbox = parts.inbox
        self._desk = parts.release_desk
        self._book = parts.book
        self._context = parts.context
        self._keep_s = parts.keep_messages_s
        self._journal = parts.journal
        self._board = parts.board
        self._flow = parts.rules.flow
        self._situation = situation
        self._logbook = logbook
        self._on_record = on_record
        self._owner_codes = owner_codes
        self.marks = Marks(situation, logbook)
        self._told_s: dict[tuple[str, str], float] = {}
        self._modem_trouble: ModemTrouble | None = None

    # --- out ---------------------------------------------------------------------------------------

    def restore(self, rows: tuple[OutboxRow, ...], now_s: float) -> None:
        """What an earlier start had not sent yet."""
        self._outbox.restore(rows, now_s)
        if self._streams is not None:
            wall_s = self._board.clock.wall_s()
            notices = self._streams.restore(rows, wall_s, self._logbook.fresh_number)
            if notices:
                self._logbook.save((), notices, now_s)
                self.send(notices)

    def send(self, rows: tuple[OutboxRow, ...]) -> None:
        """These may go out."""
        for row in rows:
            self._outbox.add(row)

    @property
    def waiting(self) -> int:
        """How many messages are neither sent nor given up."""
        return self._outbox.waiting

    @property
    def for_broker(self) -> int:
        """Those of them that wait for the broker."""
        return self._outbox.backlog

    def void_codes(self, incident: int) -> tuple[OutboxRow, ...]:
        """No message with a code of this incident goes out any more; the rows that changed."""
        return self._outbox.supersede(incident, CODE_KIND)

    def code_rows(self, command: SendCode, now_s: float) -> tuple[OutboxRow, ...]:
        code = self._situation.state.code
        left_s = code.issued_at_s + self._flow.code_accept_s - now_s
        if code.accepted_at_s is not None:
            left_s = code.accepted_at_s + self._flow.code_ttl_s - now_s
        row = OutboxRow(
            number=self._logbook.fresh_number(),
            incident=command.incident,
            kind=CODE_KIND,
            issue=command.issue,
            recipient=command.recipient,
            channel=Channel.SMS,
            created_wall_s=self._board.clock.wall_s(),
            ttl_s=max(1.0, left_s),
            reason=f"{command.counted} of {self._flow.codes_per_incident}",
        )
        return (row,)

    def alerts(self, command: Tell, now_s: float, held: bool = False) -> tuple[OutboxRow, ...]:
        """The messages of an alert, none where that was reported recently. `held`: its source chatters."""
        if self._told_lately(command, now_s, held):
            return ()
        return tuple(row for to in command.recipients for row in self._alert_rows(command, to))

    def control_room_rows(self, kind: str, incident: int) -> tuple[OutboxRow, ...]:
        """An alert to the control room alone, by every way."""
        to = Recipient.CONTROL_ROOM
        return self._alert_rows(Tell(kind, incident, (to,)), to)

    def tell_of(self, turn: Turn, now_s: float) -> None:
        """Say once that a source moves again and again, and that it has come to rest."""
        data: dict[str, object] = {"source": turn.source} | ({} if turn.began else {"held": turn.held})
        code = fault_of(turn.source)
        if code is None:
            self._logbook.note("note", "held_back" if turn.began else "held_back_ended", data, now_s)
            return
        self.fault(code, turn.began, data, now_s, turn.source)

    def fault(
        self, code: str, active: bool, data: Mapping[str, object], now_s: float, which: str = ""
    ) -> None:
        """A fault that the table need not know began, and the control room hears of it; or it ended.

        `which` tells several of one code apart.
        """
        tell = Tell("fault", self._situation.state.incident, (Recipient.CONTROL_ROOM,), code)
        rows = self.alerts(tell, now_s, held=True) if active else ()
        self._logbook.fault(code, active, data, now_s, which, rows)

    def notice(self, notice: Notice, now_s: float) -> None:
        """A fault that a judge found, with its reason; one that was told before the start is shown only."""
        data: dict[str, object] = {"camera": notice.camera, "detail": notice.detail}
        rows: tuple[OutboxRow, ...] = ()
        if notice.active and not notice.again:
            reason = f"{notice.code} {notice.why}".rstrip()
            tell = Tell("fault", self._situation.state.incident, (Recipient.CONTROL_ROOM,), reason)
            rows = self.alerts(tell, now_s, held=True)
        self._logbook.fault(notice.code, notice.active, data, now_s, notice.which, rows)

    def report(self, selftest: str, now_s: float) -> None:
        """The daily line to the control room; `selftest` is `ok` or the code of what was found."""
        self._answer("daily", Recipient.CONTROL_ROOM, now_s, selftest)

    # --- time --------------------------------------------------------------------------------------

    def poll(self, now_s: float) -> tuple[OutboxRow, ...]:
        """What became of messages, what the modem says of itself, and what people texted.

        The rows that changed.
        """
        wall_s = self._board.clock.wall_s()
        polled = self._outbox.poll(now_s, wall_s, self._board.modem, self._text_of)
        for event in polled.events:
            self._hear_message(event, now_s)
        for change in polled.modem:
            self._hear_modem(change, now_s)
        for received in polled.received:
            self._read(received, now_s)
        if polled.rows_changed or polled.rows_kept:
            entries = tuple(_entry_of(row) for row in polled.rows_changed)
            rows = (*polled.rows_changed, *polled.rows_kept)
            notices: tuple[OutboxRow, ...] = ()
            if self._streams is not None:
                notices = self._streams.changed(rows, wall_s, self._logbook.fresh_number)
            self._logbook.save(entries, (*rows, *notices), now_s)
            self.send(notices)  # at once: one that is out already grows only before it is under way
        return tuple(polled.rows_changed)

    def judge_releases(self, now_s: float) -> None:
        """Compare what is due. A right one is used up, on the card, before the door opens."""
        incident = self._situation.locked_incident
        if self._on_record.releasing:
            return
        while (right := self._desk.judge(incident, now_s)) is not None:
            if not right:
                why = f"{COUNTER}{self._desk.next_counter(incident)}"
                self._refuse_release(incident, why, now_s)
                continue
            sequence = self._logbook.save((Entry("event", "release_right", incident),), (), now_s)
            self._on_record.hold_release(sequence, incident, now_s)

    def release(self, due: WaitingRelease | None) -> None:
        """The control room's release, whose time has come."""
        if due is not None:
            self._situation.add(ReleaseOrdered(Orderer.CONTROL_ROOM, due.incident))

    def next_wake_s(self, now_s: float) -> float | None:
        wakes = (self._outbox.next_wake_s(), self._board.modem.next_wake_s(), self._desk.next_wake_s(now_s))
        return min((wake_s for wake_s in wakes if wake_s is not None), default=None)

    # --- what becomes of messages ------------------------------------------------------------------

    def _hear_message(self, event: MessageAccepted | MessageDelivered | MessageFailed, now_s: float) -> None:
        if event.row.kind == OWNER_CODE_KIND:
            self._owner_codes.hear(event, now_s)
        match event:
            case MessageAccepted(row=row):
                if row.kind == CODE_KIND:
                    self._situation.add(CodeAccepted(row.incident, row.issue, row.recipient))
                if row.channel is Channel.SMS:
                    self._situation.works(Device.MODEM)
            case MessageFailed(trouble=trouble):
                # One text refused (a wrong number) is no fault of the modem.
                if trouble is not None and trouble is not ModemTrouble.REFUSED:
                    self._situation.failed(Device.MODEM, f"modem_{trouble.value}")
            case MessageDelivered(row=row, ok=ok):
                if not ok and row.kind == CODE_KIND:
                    self._situation.add(CodeDenied(row.incident, row.issue, row.recipient))

    def _hear_modem(self, change: ModemReady | ModemDown | Recovery, now_s: float) -> None:
        match change:
            case Recovery():
                tried = {"rung": change.rung, "took_s": round(change.took_s, 1), "worked": change.worked}
                self._logbook.note("event", "modem_recovery", {"for": change.trouble, **tried}, now_s)
            case ModemDown(trouble=trouble):
                if trouble is not self._modem_trouble:
                    self._situation.works(Device.MODEM)  # another one has another remedy: it is told again
                self._modem_trouble = trouble
                self._situation.failed(Device.MODEM, f"modem_{trouble.value}")
            case ModemReady():
                self._situation.works(Device.MODEM)

    # --- in ----------------------------------------------------------------------------------------

    def _read(self, received: TextReceived, now_s: float) -> None:
        """Somebody wrote to the kiosk."""
        match self._inbox.read(received, now_s):
            case StatusAsked(sender=sender):
                self._answer("status", sender, now_s)
            case HelpAsked(sender=sender):
                self._answer("help", sender, now_s)
            case MarkAsked() as asked:
                self._mark(asked, now_s)
            case OwnerDenied() as denied:
                self._owner_codes.denied(denied, now_s)
            case ReleaseAsked() as asked:
                self._try_release(asked, now_s)
            case Ignored(sender=unwanted, why=why):
                data = {"from": str(unwanted or "stranger"), "why": why}
                self._logbook.note("event", "text_ignored", data, now_s)

    def _mark(self, asked: MarkAsked, now_s: float) -> None:
        """Its answer says which incident; that of an incident that never was says only that."""
        there = self.marks.put(Marked(asked.incident, asked.mark, asked.sender.value), now_s)
        reason = asked.mark.value if there else "unknown"
        incident = asked.incident if there else 0
        row = self._alert_row(Tell(MARK_KIND, incident, (asked.sender,), reason), asked.sender)
        self._queue("mark_asked", row, now_s)

    def _answer(self, kind: str, to: Recipient, now_s: float, reason: str = "") -> None:
        incident = self._situation.state.incident
        row = self._alert_row(Tell(kind, incident, (to,), reason), to)
        self._queue(f"{kind}_asked", row, now_s)

    def _queue(self, name: str, row: OutboxRow, now_s: float) -> None:
        """An answer, with the line that says who asked."""
        entry = Entry("event", name, row.incident, plain({"to": row.recipient.value}))
        rows: tuple[OutboxRow, ...] = (row,)
        if row.kind == "daily":  # an answer is for the one who asked, this is for everybody at the desk
            others = self._outbox.other_channels(row.recipient)
            rows = (row, *(self._by(channel, row) for channel in others if is_numbered(channel)))
        self._on_record.hold_rows(self._logbook.save((entry,), rows, now_s), rows, now_s)

    def _try_release(self, asked: ReleaseAsked, now_s: float) -> None:
        """Let it have its turn, which is at once unless many were wrong."""
        refusal = self._desk.take(asked, self._situation.locked_incident)
        if refusal is Refusal.AGAIN:
            self._logbook.note("event", refusal.value, {"incident": asked.incident}, now_s)
        elif refusal is not None:
            self._refuse_release(asked.incident, refusal.value, now_s)

    def _refuse_release(self, incident: int, why: str, now_s: float) -> None:
        """Told, since somebody may be guessing under the control room's number; but not for every guess."""
        to = (Recipient.CONTROL_ROOM,)
        rows = self.alerts(Tell("release_refused", self._situation.state.incident, to, why), now_s)
        self._logbook.note("event", "release_refused", {"incident": incident, "why": why}, now_s, rows)

    # --- rows and their texts ----------------------------------------------------------------------

    def _told_lately(self, command: Tell, now_s: float, held: bool) -> bool:
        last_s = self._told_s.get((command.kind, command.reason))
        seldom = held or command.kind in _TOLD_SELDOM
        if seldom and last_s is not None and now_s < last_s + self._flow.remind_s:
            return True
        self._told_s[command.kind, command.reason] = now_s
        return False

    def _alert_rows(self, command: Tell, to: Recipient) -> tuple[OutboxRow, ...]:
        """The same message, under one number, by text and by every other channel that reaches the reader."""
        row = self._alert_row(command, to)
        others = self._outbox.other_channels(to)
        return (row, *(self._by(channel, row) for channel in others))

    def _by(self, channel: Channel, row: OutboxRow) -> OutboxRow:
        """The same message by another channel, with its place where that one counts."""
        by = replace(row, channel=channel)
        if self._streams is None or not is_numbered(channel):
            return by
        return self._streams.numbered(replace(by, ttl_s=self._keep_s))

    def to_broker(self, kind: str, incident: int, reason: str = "") -> tuple[OutboxRow, ...]:
        """A message that no text is made of; none where there is no broker."""
        to = Recipient.CONTROL_ROOM
        numbered = [channel for channel in self._outbox.other_channels(to) if is_numbered(channel)]
        if not numbered:
            return ()
        row = self._alert_row(Tell(kind, incident, (to,), reason), to)
        return tuple(self._by(channel, row) for channel in numbered)

    def incident(self, before: int, now: int) -> tuple[OutboxRow, ...]:
        """For the broker: an incident ended, another began."""
        if before == now:
            return ()
        ended = self.to_broker(INCIDENT_ENDED, before) if before else ()
        return (*ended, *(self.to_broker(INCIDENT_BEGAN, now) if now else ()))

    def _alert_row(self, command: Tell, to: Recipient) -> OutboxRow:
        return OutboxRow(
            number=self._logbook.fresh_number(),
            incident=command.incident,
            kind=command.kind,
            issue=0,
            recipient=to,
            channel=Channel.SMS,
            created_wall_s=self._board.clock.wall_s(),
            ttl_s=ALERT_TTL_S,
            reason=command.reason,
        )

    def _text_of(self, row: OutboxRow) -> str | None:
        """The text of a row at the moment of sending; None for a code that is not live any more."""
        if row.kind == OWNER_CODE_KIND:
            return self._owner_codes.text_of(row)
        if row.kind in BROKER_KINDS:
            return ""
        wall_s = self._board.clock.wall_s()
        if row.kind != CODE_KIND:
            facts = self._facts()
            if row.kind == "daily":  # with the record's head, so that nobody can rewrite what came before
                facts |= {"selftest": row.reason, "record": self._journal.head().short}
            return make_text(row, self._context, wall_s, facts=facts)
        state, code = self._situation.state, self._book.text()
        if code is None or (row.incident, row.issue) != (state.incident, self._book.live_issue):
            return None
        accepted_s = state.code.accepted_at_s
        since_s = 0.0 if accepted_s is None else self._board.clock.now_s() - accepted_s
        until_s = wall_s - since_s + self._flow.code_ttl_s
        return make_text(row, self._context, wall_s, code=code, until_wall_s=until_s)

    def _facts(self) -> dict[str, str]:
        """The state in a few words, for a text."""
        state = self._situation.state
        return {
            "state": shown(state, self._board.clock.now_s()),
            "door": "locked" if self._board.lock.is_on else "unlocked",
            "camera": state.health.value,
            "faults": ", ".join(self._logbook.faults()) or "none",
        }


def _entry_of(row: OutboxRow) -> Entry:
    """What became of a message, for the record."""
    by = {"by": row.channel.value}
    data = {"number": row.number, "to": row.recipient.value, "kind": row.kind, **by}
    if row.cause:
        data["cause"] = row.cause
    return Entry("sms", row.state.value, row.incident, plain(data))
