"""The one loop's body: carries events to the table, its commands to the machine, and the answers back.

`Kiosk` waits for nothing and owns no thread. `service` (real time) or `bench.desk` (story clock) hands it
inputs, keys and observations and calls `poll` at the latest at `next_wake_s`. Everything that a person may
see of it leaves through the listener as `Happening`s.
"""

from __future__ import annotations

from typing import Final

from edge.cabin.deadlines import next_wake_s
from edge.cabin.events import (
    Device,
    EntryCompleted,
    EntryJudged,
    EntryVerdict,
    Event,
    InputMoved,
    KeyTouched,
    RecordAnswered,
    Restarted,
    Ticked,
)
from edge.cabin.outputs import lock_in_s, outputs, shown
from edge.cabin.rules import Rules
from edge.cabin.state import Mode, State, Timebase
from edge.codes.pad import PadResult
from edge.fleet.payloads import PICTURES
from edge.loop.asked import LAST_ID, FleetRequests
from edge.loop.clock import ClockWatch
from edge.loop.comeback import Start, come_back
from edge.loop.enrol import Enrol
from edge.loop.facts import Facts
from edge.loop.holding import Holding
from edge.loop.logbook import Logbook
from edge.loop.on_record import OnRecord, WaitingEntry
from edge.loop.outputs import Output
from edge.loop.parts import Parts
from edge.loop.situation import Situation
from edge.loop.steps import Steps
from edge.loop.vitals import Vitals
from edge.messages.streams import Streams
from edge.pictures.kept import EvidenceTrouble, PicturesKept
from edge.terms.marks import Marked
from edge.terms.observation import FACE_CAMERA, Observation
from edge.terms.record import Remembered
from edge.vision.eyes.report import EyesEvent, EyesTurn
from edge.vision.seers import Seer
from hw.ports import Board, Input, InputChange, KeypadTrouble, KeyPress
from hw.scan import CustomerPad, HardwareTrouble, ScanEvent

# The others stand in `Restarted`.
_SWITCHES: Final = tuple(name for name in Input if name not in (Input.DOOR, Input.EXIT, Input.FIRE))


class Kiosk:
    """One cabin. All times are monotonic seconds of the board's clock."""

    def __init__(self, parts: Parts) -> None:
        self.board: Board = parts.board
        self._situation = Situation(parts.rules)
        self._on_record = OnRecord(parts.journal, parts.unrecorded, parts.rules.flow.record_wait_s)
        facts = Facts()
        self._logbook = Logbook(
            self._situation,
            self._on_record,
            parts.board.clock,
            lambda: (
                *parts.release_desk.counters,
                *self._owner.counters,
                *_counters(parts.streams),
                *self.asked.counters,
            ),
            parts.listener,
            facts,
        )
        steps = Steps(parts, self._situation, self._on_record, self._logbook, facts)
        self._drain = steps.drain
        self._owner, self._post, self._outputs = steps.owner, steps.post, steps.outputs
        self.commission, self._typed_codes = steps.commission, steps.typed_codes
        self.enrol = Enrol(parts.identity, self._situation, self._logbook)
        self.holding = Holding(parts.evidence, self._situation, self._logbook, parts.holds_lost)
        self._journal_head = parts.journal.head
        self.asked = FleetRequests(self._logbook)
        self._clock_watch = ClockWatch(parts.board, parts.clock_jump_s, self._situation)
        self._unrecorded = parts.unrecorded
        self._book = parts.book
        self._pad = parts.pad
        self._judge = parts.judge
        self._evidence = parts.evidence
        self._views = parts.views
        self._vitals = Vitals(parts.gauge, lambda: parts.board.modem.status.signal_dbm)
        self._levels: dict[Input, bool] = {}

    # --- life --------------------------------------------------------------------------------------

    def start(self, remembered: Remembered, now_s: float) -> None:
        """Take up what the record knew, after the input path has read the inputs once.

        Call it before the first `input_changed`, `observe` or `poll`.
        """
        clock, inputs = self.board.clock, self.board.inputs
        self._logbook.restore(dict(remembered.counters).get("number", 0))
        self.asked.restore(dict(remembered.counters).get(LAST_ID, 0))
        start = Start(now_s, clock.wall_s(), Timebase(clock.boot, clock.wall_true()))
        back = come_back(remembered, self._unrecorded.left(), start, self.rules.flow)
        self.state = back.state
        self._vitals.start(now_s)
        self._post.restore(remembered.rows, now_s)
        self.commission.start(now_s)
        self._owner.restore(remembered, now_s)
        self.holding.start(now_s)
        for output in outputs(State(), now_s, self.rules):
            if isinstance(output, Output):
                self._outputs.drive(output, now_s)
        for code, detail in back.faults:
            self.fault(code, detail, now_s)
        self._levels = {name: inputs.active(name) for name in Input}
        self._situation.add(*self._judge.door(self._levels[Input.DOOR], now_s))
        # nobody has looked yet, so the one who was there is there until seen to be gone
        self._judge.prime(self.state.present, now_s)
        restarted = Restarted(
            fire=inputs.active(Input.FIRE),
            exit=inputs.active(Input.EXIT),
            door_open=inputs.active(Input.DOOR),
            off_s=back.off_s,
        )
        self._situation.add_first([restarted, *(InputMoved(n, True) for n in _SWITCHES if inputs.active(n))])
        if self.state.incident:  # what was being kept when the program ended
            self._evidence.keep(self.state.incident, now_s, "restarted")
        self._drain(now_s)

    # --- what can be asked -------------------------------------------------------------------------

    @property
    def state(self) -> State:
        return self._situation.state

    @state.setter
    def state(self, state: State) -> None:
        self._situation.state = state

    @property
    def rules(self) -> Rules:
        return self._situation.rules

    @property
    def name(self) -> str:
        """The state's name for people."""
        return shown(self.state, self.board.clock.now_s())

    @property
    def door_locked(self) -> bool:
        """What the lock relay shows."""
        return self._outputs.door_locked

    @property
    def permit_on(self) -> bool:
        return self._outputs.permit_on

    @property
    def messages_waiting(self) -> int:
        """How many messages are neither sent nor given up."""
        return self._post.waiting

    @property
    def messages_for_broker(self) -> int:
        """Those of them that wait for the broker, in their streams."""
        return self._post.for_broker

    @property
    def record_head(self) -> str:
        """The newest line of the record, with its hash."""
        return self._on_record.head

    def releasable(self, incident: int) -> bool:
        """Whether a lock stands, or is about to come back, that this incident number (0: any) names."""
        return self._situation.lock_lasts and incident in (0, self.state.incident)

    def countdown_s(self, now_s: float) -> float | None:
        """Seconds to the lock while that clock runs."""
        return lock_in_s(self.state, now_s, self.rules)

    def mark(self, marked: Marked, now_s: float) -> bool:
        """Record a word said on the spot; False where there never was such an incident.

        Only such a word says how long pictures stay: a text's sender can be forged (`Post`).
        """
        there = self._post.marks.put(marked, now_s)
        if there:
            self._evidence.mark(marked.incident, marked.mark)
        return there

    def status(self, now_s: float) -> dict[str, object]:
        """What a person wants to know at a glance; plain JSON values, no secret."""
        left_s = self.countdown_s(now_s)
        return {
            "state": shown(self.state, now_s),
            "door": "locked" if self.door_locked else "unlocked",
            "permit": "on" if self.permit_on else "off",
            "camera": self.state.health.value,
            "somebody_present": self.state.present,
            "locks_in_s": None if left_s is None else round(left_s, 1),
            "incident": self.state.incident,
            "incidents": self.state.incidents,
            "anomalies": sorted(anomaly.value for anomaly in self.state.active),
            "faults": self._logbook.faults(),
            "messages_waiting": self.messages_waiting,
            **self._owner.words,
        }

    # --- what comes in -----------------------------------------------------------------------------

    def handle(self, event: Event, now_s: float) -> None:
        """One event, and everything that follows from it."""
        self._situation.add(event)
        self._drain(now_s)

    def input_changed(self, change: InputChange, now_s: float) -> None:
        if self._levels.get(change.input) is change.active:
            return  # the first scan tells every input; `start` has read them
        self._levels[change.input] = change.active
        if change.input is Input.DOOR:
            self._situation.add(*self._judge.door(change.active, now_s))
        self.handle(InputMoved(change.input, change.active), now_s)

    def hardware_event(self, event: ScanEvent, now_s: float) -> None:
        """Whatever the input path noticed."""
        match event:
            case InputChange():
                self.input_changed(event, now_s)
            case KeyPress():
                self._key_pressed(event, now_s)
            case KeypadTrouble(fault=fault, active=active):
                self.device_trouble(Device.KEYPAD, f"keypad_{fault.value}", fault.value, active, now_s)
            case CustomerPad(what=KeypadTrouble(fault=fault, active=active)):
                code = f"customer_keypad_{fault.value}"
                self.device_trouble(Device.CUSTOMER_KEYPAD, code, fault.value, active, now_s)
            case CustomerPad(what=press):
                assert isinstance(press, KeyPress)
                self.commission.key("customer_keypad", press.key, now_s)
                self._owner.key(press, now_s)
            case HardwareTrouble(piece=piece, code=code, active=active):
                self.device_trouble(Device(piece.value), code, "driver", active, now_s)

    def device_trouble(self, device: Device, code: str, source: str, active: bool, now_s: float) -> None:
        """Trouble with a device, as one source sees it. It works again when all its sources say so."""
        self._situation.trouble(device, code, source, active)
        self._drain(now_s)

    def fault(self, code: str, detail: str, now_s: float) -> None:
        """Record and show a fault that concerns no device of the table."""
        self._logbook.note("fault", code, {"detail": detail}, now_s)

    def trouble_beside(self, code: str, active: bool, detail: str, now_s: float) -> None:
        """A fault of something that the table need not know began, and is told; or it ended."""
        self._post.fault(code, active, {"detail": detail}, now_s)

    def aside_fault(self, code: str, active: bool, detail: str, now_s: float) -> None:
        """A fault of something that no door needs began or ended: recorded and shown, nobody is texted."""
        self._logbook.fault(code, active, {"detail": detail}, now_s)

    def observe(self, observation: Observation, now_s: float) -> None:
        """One frame as the eyes saw it."""
        if observation.camera == FACE_CAMERA:
            self._vitals.saw()
        self._situation.add(*self._judge.observe(observation, now_s))
        self._situation.add(*self._owner.observe(observation, now_s))
        self._drain(now_s)
        self.commission.observe(observation, self._judge.bodies, now_s)
        self.enrol.observe(observation, now_s)
        for notice in self._judge.notices():
            self._post.notice(notice, now_s)
        if (memory := self._judge.to_keep()) is not None:
            self._views.keep(memory)

    def views(self) -> dict[str, object]:
        """How good the view of each camera has been day by day; plain JSON values."""
        return self._judge.views()

    def views_again(self, now_s: float) -> None:
        """Somebody set the cameras right: what they see is compared with the days from now on."""
        self._judge.views_again()
        self._logbook.note("event", "views_again", {}, now_s)

    def eyes_changed(self, event: EyesEvent, now_s: float, camera: str = FACE_CAMERA) -> None:
        """The eyes of one camera failed, or one of its seers; or they see again.

        Without the face camera the cabin is blind at once; without its face check nobody is locked. Without
        anything else the kiosk does its work: that is told, and no more.
        """
        failed = event.turn is EyesTurn.FAILED
        which = "camera" if event.seer is None else event.seer.value
        if camera == FACE_CAMERA and event.seer in (None, Seer.FACES):
            self._situation.trouble(Device.EYES, event.code, which, failed)
            if failed and event.seer is None:
                self._situation.add(*self._judge.camera_gone(now_s))
            self._drain(now_s)
            return
        data = {"camera": camera, "seer": which, "detail": event.detail}
        self._post.fault(event.code, failed, data, now_s, f"{camera} {which}")

    def report(self, selftest: str, now_s: float) -> None:
        """The daily line to the control room; `selftest` is `ok` or the code of what was found."""
        self._post.report(selftest, now_s)

    def _key_pressed(self, press: KeyPress, now_s: float) -> None:
        """A key. The click has been heard already: the scan makes it."""
        self.handle(KeyTouched(), now_s)
        self.commission.key("keypad", press.key, now_s)
        if self.state.mode is Mode.LOCKED and not self.state.code.live:
            self._typed_codes.overhear(press.key, now_s)
            return  # refused: it must not stay there as the first digit of the next entry
        self._typed_codes.not_refused()
        if self._pad.press(press.key, now_s) is PadResult.COMPLETED:
            self.handle(EntryCompleted(), now_s)

    # --- what goes on by itself --------------------------------------------------------------------

    def poll(self, now_s: float) -> None:
        """Take the answers and the deadlines that came. Never waits."""
        for result in self.board.prompt.poll(now_s):
            self._outputs.said(result)
            self._drain(now_s)
        self._hear_record(now_s)
        self._post.send(self._on_record.rows_due(now_s))
        for row in self._post.poll(now_s):
            self.commission.message_changed(row)
        self._drain(now_s)
        self._hear_evidence(now_s)
        self._owner.poll(now_s)
        self.commission.poll(now_s)
        if not self.commission.left_s(now_s):
            self.enrol.cancel(now_s)
        self.enrol.poll(now_s)
        self._clock_watch.poll(now_s)
        self._pad.poll(now_s)
        self._typed_codes.poll(now_s)
        self._judge_entry(self._on_record.entry_due(now_s))
        self._post.judge_releases(now_s)
        self._post.release(self._on_record.release_due(now_s))
        self._situation.add(*self._judge.tick(now_s))
        self._drain(now_s)
        self.handle(Ticked(), now_s)
        for turn in self._logbook.turns(now_s):
            self._post.tell_of(turn, now_s)
        self._logbook.catch_up(now_s)
        self._outputs.check_lock()
        self._drain(now_s)
        self._outputs.check_permit()
        self._drain(now_s)
        self._logbook.checkpoint(now_s)
        if self._vitals.due(now_s):
            vitals = self._vitals.row(self.messages_waiting, self._logbook.faults(), now_s)
            self._logbook.save((vitals,), (), now_s)

    def next_wake_s(self, now_s: float) -> float | None:
        """The latest time for the next `poll`; None where nothing is due by itself."""
        wakes = [
            next_wake_s(self.state, now_s, self.rules),
            self._post.next_wake_s(now_s),
            self.board.prompt.next_wake_s(),
            self._judge.next_wake_s(now_s),
            self._pad.next_wake_s,
            self._typed_codes.next_wake_s(),
            self._evidence.next_wake_s(),
            self._on_record.next_wake_s(),
            self._owner.next_wake_s(now_s),
            self._logbook.next_wake_s(),
            self.commission.next_wake_s(),
            self.enrol.next_wake_s(),
        ]
        return min((w for w in wakes if w is not None), default=None)

    def _hear_record(self, now_s: float) -> None:
        """What is on the card, or cannot be, and what waited for it."""
        for heard in self._on_record.answers():
            if heard.fault:
                self._situation.failed(Device.DISK, heard.fault)
            else:
                self._situation.works(Device.DISK)
            if heard.lock is not None:
                self._situation.add(RecordAnswered(heard.lock.incident))
            self._judge_entry(heard.entry)
            self._post.release(heard.release)
            self._owner.codes.recorded(heard.sequence, not heard.fault, now_s)
            self.commission.recorded(heard.sequence, heard.fault)
            self.holding.recorded(heard.sequence, heard.fault, self._journal_head)
            self.asked.recorded(heard.sequence, heard.fault, now_s)
            self._drain(now_s)
            self._post.send(heard.rows)
        if self._on_record.is_mute(now_s):
            self._situation.failed(Device.DISK, "disk_error")
            self._drain(now_s)

    def _judge_entry(self, entry: WaitingEntry | None) -> None:
        """The attempt is on the card, or has waited long enough for it: compare.

        Not where its code was replaced meanwhile: a match by chance would use up the new one unseen.
        """
        if entry is None:
            return
        wanted = self.state.mode is Mode.LOCKED and self.state.code.pending
        typed = entry.typed if wanted else None
        verdict = EntryVerdict.WRONG if typed is None else self._book.judge(typed)
        self._situation.add(EntryJudged(verdict))

    def _hear_evidence(self, now_s: float) -> None:
        self._evidence.doubt_clock(Device.CLOCK in self.state.failed)
        self._evidence.poll(now_s)
        for answer in self._evidence.answers():
            if isinstance(answer, EvidenceTrouble):
                # Each folder that cannot be removed is one of its own.
                which = answer.detail if answer.code == "evidence_stuck" else ""
                self._logbook.fault(answer.code, answer.active, {"detail": answer.detail}, now_s, which)
            else:
                whole = answer.incident if isinstance(answer, PicturesKept) and answer.done else 0
                rows = self._post.to_broker(PICTURES, whole) if whole else ()
                sequence = self._logbook.save((answer.entry(),), rows, now_s)
                self._on_record.hold_rows(sequence, rows, now_s)


def _counters(streams: Streams | None) -> tuple[tuple[str, int], ...]:
    return () if streams is None else streams.counters
