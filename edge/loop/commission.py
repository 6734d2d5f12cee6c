"""What a technician may do to the running kiosk while root's grant lasts: try outputs, text, restart, sign.

Everything here is asked for over the control socket and recorded with who asked. The table decides whether an
output moves (`edge.cabin.trial`); this brings it what it cannot see by itself, that no camera shows anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from edge.cabin.commands import Command, Note, Tell
from edge.cabin.deadlines import Wait, countdowns
from edge.cabin.events import TrialAsked, TrialStopped
from edge.cabin.outputs import door_locked
from edge.cabin.state import Mode, State
from edge.cabin.trial import RELAYS, not_tried, rests
from edge.codes.grant import Grant, Grants
from edge.faults.fault import FaultError
from edge.judge.bodies import Bodies
from edge.judge.nobody import EMPTY_NO_CONTACT_S, EMPTY_S, Nobody
from edge.loop.commission_view import CommissionView, DoneView, TextView, TrialView
from edge.loop.gone import Gone
from edge.loop.happening import plain
from edge.loop.logbook import Logbook
from edge.loop.on_record import OnRecord
from edge.loop.parts import Parts
from edge.loop.post import Post
from edge.loop.situation import Situation
from edge.terms.alerts import Alert
from edge.terms.commission import NotTried, NotVacant, TrialEnd, Tried, trial_most_s
from edge.terms.observation import Observation
from edge.terms.record import Entry, OutboxRow, Recipient, RowState

TEXT_EVERY_S: Final = 20.0
"""At most one test text in so long: each costs money, and its reader a look."""

TEXT_TTL_S: Final = 600.0
"""A test that comes later than this would only puzzle its reader."""

_MOST_TEXTS: Final = 12

Answer = Callable[[dict[str, object]], None]


@dataclass(slots=True)
class _Sent:
    row: OutboxRow
    at_s: float


@dataclass(slots=True)
class _Seen:
    """What was seen of one commissioning."""

    keys: dict[str, set[str]] = field(default_factory=dict)
    texts: list[_Sent] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    learnt: set[str] = field(default_factory=set)
    drawn: bool = False

    def done(self) -> DoneView:
        came = {sent.row.number for sent in self.texts if sent.row.state is RowState.DELIVERED}
        return DoneView(
            outputs=dict(self.outputs),
            outputs_most=len(Tried),
            keys=sum(len(keys) for keys in self.keys.values()),
            texts_sent=len({sent.row.number for sent in self.texts}),
            texts_delivered=len(came),
            learnt=tuple(sorted(self.learnt)),
            drawn=self.drawn,
        )


class Commission:
    """One for each kiosk. `drain` takes to the table what was added to the situation."""

    def __init__(
        self,
        parts: Parts,
        situation: Situation,
        logbook: Logbook,
        post: Post,
        on_record: OnRecord,
        drain: Callable[[float], None],
    ) -> None:
        self._parts = parts
        self._situation = situation
        self._logbook = logbook
        self._post = post
        self._on_record = on_record
        self._drain = drain
        self._grants = Grants()
        self._nobody = Nobody(parts.rules.flow.presence_area, parts.cameras)
        self._gone = Gone(parts.rules.door_contact)
        self._seen = _Seen()
        self._text_s = float("-inf")
        self._ended = ("", "")
        self._unsigned: dict[int, Answer] = {}
        self._started_s = float("inf")

    def start(self, now_s: float) -> None:
        self._started_s = now_s

    # --- the grant ---------------------------------------------------------------------------------

    def open(self, who: str, uid: int, now_s: float) -> Grant:
        """A fresh grant; the one before ends, and with it what it tried."""
        self._close("another", now_s)
        grant = self._grants.open(who, uid, now_s)
        self._seen = _Seen()
        self._note("commissioning_began", grant, {"who": who, "uid": uid}, now_s)
        return grant

    def end(self, now_s: float) -> bool:
        """Whether one ran."""
        return self._close("said", now_s)

    def granted(self, secret: str, now_s: float) -> Grant:
        """The grant that runs, for its secret. FaultError: `not_granted`."""
        grant = self._grants.now(now_s)
        if not self._grants.fits(secret, now_s) or grant is None:
            raise FaultError("not_granted", "none runs" if grant is None else "another one runs")
        return grant

    @property
    def slow_s(self) -> float:
        """How long the answer to a wrong grant is held back."""
        return self._grants.slow_s

    def left_s(self, now_s: float) -> float:
        """Seconds until the commissioning that runs is over; 0 for none."""
        grant = self._grants.now(now_s)
        return 0.0 if grant is None else grant.until_s - now_s

    def _close(self, why: str, now_s: float) -> bool:
        grant = self._grants.close()
        if grant is None:
            return False
        self._note("commissioning_ended", grant, {"who": grant.who, "why": why}, now_s)
        self.untry(now_s)
        return True

    # --- outputs -----------------------------------------------------------------------------------

    def try_output(self, output: Tried, seconds: float, now_s: float) -> float:
        """Move it; for how many seconds. FaultError: `not_now`, with why."""
        why = self._not_tried(output, now_s)
        if why is not None:
            raise FaultError("not_now", why.value)
        grant = self._grants.now(now_s)
        seconds = min(seconds, trial_most_s(output))
        if grant is not None:
            self._note("output_tried", grant, {"output": output.value, "seconds": seconds}, now_s)
        self._situation.add(TrialAsked(output, seconds, self._gone.seen and self._is_empty(now_s)))
        self._drain(now_s)
        if self._situation.state.trial.output is not output:
            raise FaultError("not_now", NotTried.NOT_VACANT.value)
        self._seen.outputs[output.value] = ""
        return seconds

    def untry(self, now_s: float) -> bool:
        """End what is tried, at once; whether anything was."""
        runs = self._situation.state.trial.output is not None
        if runs:
            self._situation.add(TrialStopped(TrialEnd.STOPPED))
            self._drain(now_s)
        return runs

    def _not_tried(self, output: Tried, now_s: float) -> NotTried | None:
        state, rules = self._situation.state, self._situation.rules
        why = not_tried(state, now_s, rules, output)
        if why is None and output in RELAYS:
            if not self._is_empty(now_s):
                return NotTried.NOT_SEEN_EMPTY
            if not self._gone.seen:
                return NotTried.NOBODY_SEEN_TO_GO
            if rests(state, now_s):
                return NotTried.RESTS
        return why

    @property
    def _needed_s(self) -> float:
        """For how long nobody must have been seen before a relay is tried."""
        return EMPTY_S if self._situation.rules.door_contact else EMPTY_NO_CONTACT_S

    def _is_empty(self, now_s: float) -> bool:
        return self._nobody.for_s(now_s) >= self._needed_s

    # --- what is seen ------------------------------------------------------------------------------

    def observe(self, observation: Observation, bodies: Bodies, now_s: float) -> None:
        """One frame: a relay that is tried is let go of at any sign of somebody."""
        self._nobody.observe(observation, bodies, now_s)
        self._mind(now_s)

    def key(self, pad: str, key: str, now_s: float) -> None:
        """A key of a keypad. Which one is kept in an empty, unlocked cabin, where no code is awaited."""
        state = self._situation.state
        idle = state.mode is Mode.VACANT and not state.present and not state.code.live
        if self._grants.now(now_s) is None or self._situation.lock_lasts or state.claim.number:
            return
        if idle:
            self._seen.keys.setdefault(pad, set()).add(key)

    def stepped(self, before: State, commands: tuple[Command, ...], now_s: float) -> None:
        """What a step of the table meant for a trial, and for who may be inside unseen."""
        self._gone.stepped(before, self._situation.state, now_s)
        if before.trial.output is None:
            return
        for command in commands:
            if isinstance(command, Note) and command.name.startswith("trial_"):
                tried, end = before.trial.output.value, command.name.removeprefix("trial_")
                self._ended = (tried, end)
                if tried in self._seen.outputs:
                    self._seen.outputs[tried] = end

    def _mind(self, now_s: float) -> None:
        tried = self._situation.state.trial.output
        if tried in RELAYS and not self._is_empty(now_s):
            self._situation.add(TrialStopped(TrialEnd.HAPPENED))
            self._drain(now_s)

    # --- texts, restart, signature -----------------------------------------------------------------

    def send_test(self, to: Recipient, now_s: float) -> int:
        """Send a test text; its number. FaultError: `not_now`."""
        if now_s < self._text_s + TEXT_EVERY_S:
            raise FaultError("not_now", NotTried.TOO_SOON.value)
        if not self._parts.outbox.reaches(to):
            raise FaultError("not_now", NotTried.NO_NUMBER.value)
        self._text_s = now_s
        state = self._situation.state
        alerts = self._post.alerts(Tell(Alert.TEST.value, 0, (to,)), now_s)
        rows = tuple(replace(row, ttl_s=TEXT_TTL_S) for row in alerts)
        entry = Entry("event", "test_text_asked", state.incident, plain({"to": to.value}))
        self._logbook.tell(now_s, "event", {"name": entry.name, "to": to.value})
        self._on_record.hold_rows(self._logbook.save((entry,), rows, now_s), rows, now_s)
        self._seen.texts = [*self._seen.texts, *(_Sent(row, now_s) for row in rows)][-_MOST_TEXTS:]
        return rows[0].number

    def message_changed(self, row: OutboxRow) -> None:
        """What became of a message."""
        for sent in self._seen.texts:
            if sent.row.key == row.key:
                sent.row = row

    def restart(self, now_s: float) -> None:
        """End the program in order, so that it starts again. FaultError: `not_now`."""
        state = self._situation.state
        if state.mode is not Mode.VACANT or state.present:
            raise FaultError("not_now", NotTried.NOT_VACANT.value)
        if door_locked(state) or state.trial.output is not None or self._parts.board.lock.is_on:
            raise FaultError("not_now", NotTried.TRIAL_RUNS.value)
        if now_s < self._started_s + self._parts.restart.after_s:
            raise FaultError("not_now", NotTried.TOO_SOON.value)
        self._logbook.note("event", "restart_asked", {}, now_s)
        self._parts.restart.order()

    def sign(self, signed: Mapping[str, object], answer: Answer, now_s: float) -> None:
        """The checklist as one line of the record, with what was really done since the grant began.

        Answered with the record's head when it is on the card.
        """
        grant = self._grants.now(now_s)
        head = str(self._parts.journal.head())
        done: dict[str, object] = msgspec.to_builtins(self._seen.done())
        number = 0 if grant is None else grant.number
        data = {**signed, "done": done, "commissioning": number, "head_before": head}
        self._logbook.tell(now_s, "event", {"name": "commissioned", **data})
        entry = Entry("event", "commissioned", self._situation.state.incident, plain(data))
        self._unsigned[self._logbook.save((entry,), (), now_s)] = answer

    def did(self, name: str, data: Mapping[str, object], now_s: float) -> None:
        """A line of the record for what was done at the site, with the number of the commissioning."""
        grant = self._grants.now(now_s)
        number = 0 if grant is None else grant.number
        self._seen.drawn = self._seen.drawn or name == "drawn"
        if name == "learnt" and data.get("result") == "done":
            self._seen.learnt.add(str(data.get("what", "")))
        self._logbook.note("event", name, {**data, "commissioning": number}, now_s)

    def recorded(self, sequence: int, fault: str) -> None:
        """The record's answer to one transaction."""
        for waiting in [number for number in self._unsigned if number <= sequence]:
            answer = self._unsigned.pop(waiting)
            if fault:
                answer({"error": fault, "detail": "kept in memory, and tried again"})
            else:
                answer({"signed": True, "head": str(self._parts.journal.head())})

    # --- time --------------------------------------------------------------------------------------

    def poll(self, now_s: float) -> None:
        """The commissioning's time, and eyes that fell silent."""
        over = self._grants.over(now_s)
        if over is not None:
            self._note("commissioning_ended", over, {"who": over.who, "why": "time"}, now_s)
            self.untry(now_s)
        self._mind(now_s)

    def next_wake_s(self) -> float | None:
        wakes = [self._grants.until_s]
        if self._situation.state.trial.output in RELAYS:
            wakes.append(self._nobody.blind_at_s())
        return min((wake_s for wake_s in wakes if wake_s is not None), default=None)

    # --- what is shown -----------------------------------------------------------------------------

    def trial(self, now_s: float) -> TrialView:
        """The trial that runs, and the last one."""
        trial = self._situation.state.trial
        last, ended = self._ended
        if trial.output is None:
            return TrialView(last=last, ended=ended)
        left_s = 0.0 if trial.until_s is None else max(0.0, trial.until_s - now_s)
        return TrialView(trial.output.value, left_s, last, ended)

    def _not_vacant(self, now_s: float) -> tuple[NotVacant | None, float | None]:
        """Why the cabin is not vacant, where it is no visit, and for how long that lasts at least."""
        state, rules = self._situation.state, self._situation.rules
        left_s = {one.what: one.in_s for one in countdowns(state, now_s, rules)}
        if state.mode is Mode.EMERGENCY:
            return NotVacant.EMERGENCY, left_s.get(Wait.EXIT_HOLD)
        if state.mode is not Mode.RELEASED:
            return None, None
        if not state.after_fire:
            return NotVacant.RELEASED, left_s.get(Wait.GONE)
        if state.fire_quiet_since_s is not None and Wait.FIRE_CLEAR not in left_s:
            return NotVacant.FIRE_DOOR, None
        return NotVacant.AFTER_FIRE, left_s.get(Wait.FIRE_CLEAR)

    def reply(self, now_s: float) -> dict[str, object]:
        """A `CommissionView` as plain JSON values."""
        grant = self._grants.now(now_s)
        refused = {output: self._not_tried(output, now_s) for output in Tried}
        not_vacant, vacant_in_s = self._not_vacant(now_s)
        view = CommissionView(
            who="" if grant is None else grant.who,
            left_s=self.left_s(now_s),
            trial=self.trial(now_s),
            empty_for_s=self._nobody.for_s(now_s),
            empty_needed_s=self._needed_s,
            not_tried={o.value: "" if why is None else why.value for o, why in refused.items()},
            keys={pad: tuple(sorted(keys)) for pad, keys in self._seen.keys.items()},
            texts=tuple(
                TextView(
                    sent.row.number,
                    sent.row.recipient.value,
                    sent.row.channel.value,
                    sent.row.state.value,
                    sent.row.cause,
                    now_s - sent.at_s,
                )
                for sent in self._seen.texts
            ),
            text_again_s=max(0.0, self._text_s + TEXT_EVERY_S - now_s),
            done=self._seen.done(),
            not_vacant="" if not_vacant is None else not_vacant.value,
            vacant_in_s=vacant_in_s,
        )
        reply: dict[str, object] = msgspec.to_builtins(view)
        return reply

    def _note(self, name: str, grant: Grant, data: Mapping[str, object], now_s: float) -> None:
        self._logbook.note("event", name, {"commissioning": grant.number, **data}, now_s)
