"""The one loop's body: carries events to the table, its commands to the machine, and the answers back.

`Kiosk` waits for nothing and owns no thread. Whoever drives it (`service` in real time, `bench.desk`
on a story clock) hands it inputs, keys and observations, and calls `poll` at the latest at
`next_wake_s`. Everything that a person may see of it leaves through the `listener` as `Happening`s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Final, Protocol

import msgspec

from edge.cabin.comeback import wake_up
from edge.cabin.commands import (
    ClearEntry,
    CloseIncident,
    Command,
    IssueCode,
    JudgeEntry,
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
)
from edge.cabin.deadlines import next_wake_s
from edge.cabin.events import (
    FACTS,
    AnomalyBegan,
    AnomalyEnded,
    CameraJudged,
    ClockJumped,
    CodeAccepted,
    CodeDenied,
    Device,
    DeviceFailed,
    DeviceRecovered,
    EntryCompleted,
    EntryJudged,
    EntryVerdict,
    Event,
    FaceJudged,
    InputMoved,
    KeyTouched,
    Orderer,
    PeopleJudged,
    PromptGiven,
    RecordAnswered,
    ReleaseOrdered,
    Restarted,
    Ticked,
)
from edge.cabin.outputs import door_locked, lock_in_s, outputs, permit_on, shown
from edge.cabin.rules import Rules
from edge.cabin.state import Mode, State, Timebase, returning
from edge.cabin.table import Step, step
from edge.codes.book import CodeBook, EntryPad, PadResult, Typed
from edge.journal.chain import Head
from edge.judge.judge import FACE_CAMERA, Judge
from edge.loop.chatter import QUIET_S, Chatter, fault_of, source_of
from edge.loop.comeback import distrust, read_state
from edge.loop.unrecorded import Unrecorded
from edge.messages.inbox import (
    HelpAsked,
    Ignored,
    Inbox,
    Refusal,
    ReleaseAsked,
    ReleaseDesk,
    StatusAsked,
)
from edge.messages.outbox import MessageAccepted, MessageDelivered, MessageFailed, Outbox
from edge.messages.prompts import prompt_clips, prompt_text
from edge.messages.texts import Context, make_text
from edge.pictures.keeper import Evidence, EvidenceTrouble
from edge.terms.observation import Observation
from edge.terms.record import (
    Answer,
    Channel,
    Entry,
    NotWritten,
    OutboxRow,
    Recipient,
    Record,
    Remembered,
    RowState,
    Written,
)
from edge.vision.eyes.supervisor import EyesEvent, EyesTurn
from edge.words.languages import COUNTER
from hw.ports import (
    Board,
    HardwareError,
    Input,
    InputChange,
    KeypadTrouble,
    KeyPress,
    ModemDown,
    ModemTrouble,
    Recovery,
    Relay,
    TextReceived,
)
from hw.scan import HardwareTrouble, ScanEvent

CLOCK_WRONG_S: Final = 120.0
"""The machine's clock is wrong when the network's differs by more: texts would name the wrong minute."""

ALERT_TTL_S: Final = 24 * 3600.0

_TOLD_SELDOM: Final = frozenset({"fault", "camera_gone", "release_refused"})
"""Alerts about devices: one that comes and goes is texted once in `remind_s`, and recorded every time. Those
about a wrong RELEASE: whoever forges many must not use up the credit."""

CODE_KIND: Final = "code"

_DOUBTS_STATE: Final = frozenset(
    {
        *("journal_damaged", "journal_newer", "journal_chain_broken", "state_unreadable", "state_unrecorded"),
        *("journal_denied", "journal_busy", "disk_error", "disk_full", "disk_read_only"),
    }
)
"""With one of these a start cannot be sure that the record says all that there was."""

DISK_MUTE_S: Final = 10.0
"""A record without any answer for so long: the disk hangs, and nothing new may be locked."""


class Journal(Protocol):
    """The part of `edge.journal.writer` that the loop uses. None of the calls waits."""

    def submit(self, record: Record) -> None: ...

    def answers(self) -> tuple[Answer, ...]: ...

    def head(self) -> Head: ...


@dataclass(frozen=True, slots=True)
class Happening:
    """Something a person may want to see. `data` holds plain JSON values and never a code."""

    at_s: float
    kind: str
    data: Mapping[str, object]


Listener = Callable[[Happening], None]


def snake(name: str) -> str:
    """`SetDoor` -> `set_door`."""
    return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))


def describe(thing: Event | Command) -> dict[str, object]:
    """An event or a command as plain JSON: its name and its fields."""
    data = msgspec.to_builtins(asdict(thing))
    match thing:
        case FaceJudged(face=face):
            name = f"face_{face.value}"
        case PeopleJudged(several=several):
            name = "several_persons" if several else "one_person"
        case CameraJudged(health=health):
            name = f"camera_{health.value}"
        case AnomalyBegan(anomaly=anomaly):
            name = anomaly.value
        case AnomalyEnded(anomaly=anomaly):
            name = f"{anomaly.value}_ended"
        case SetDoor(locked=locked):
            return {"name": "set_door", "door": "locked" if locked else "unlocked"}
        case SetPermit(on=on):
            return {"name": "set_permit", "permit": "on" if on else "off"}
        case SetLights(lit=lit):
            # A set has no order of its own.
            return {"name": "set_lights", "lit": sorted(light.value for light in lit)}
        case Tell():
            name = "tell"
            data["alert"] = data.pop("kind")  # a happening has a kind of its own
        case _:
            name = snake(type(thing).__name__)
    return {"name": name, **data}


class Kiosk:
    """One cabin. All times are monotonic seconds of the board's clock."""

    def __init__(
        self,
        board: Board,
        rules: Rules,
        journal: Journal,
        outbox: Outbox,
        book: CodeBook,
        pad: EntryPad,
        judge: Judge,
        evidence: Evidence,
        context: Context,
        listener: Listener,
        clock_jump_s: float = 5.0,
        inbox: Inbox | None = None,
        release_desk: ReleaseDesk | None = None,
        unrecorded: Unrecorded | None = None,
    ) -> None:
        self.board = board
        self.rules = rules
        self.state = State()
        self._journal = journal
        self._outbox = outbox
        self._book = book
        self._pad = pad
        self._judge = judge
        self._evidence = evidence
        self._context = context
        self._listener = listener
        self._clock_jump_s = clock_jump_s
        self._inbox = inbox
        self._release_desk = release_desk
        self._unrecorded = unrecorded or Unrecorded()
        self._release: tuple[int, float, int] | None = None
        self._queue: deque[Event] = deque()
        self._sequence = 0
        self._next_number = 1
        self._lock_record: tuple[int, int] | None = None
        self._entry: tuple[int, float, Typed | None] | None = None
        self._unsent: deque[tuple[int, float, OutboxRow]] = deque()
        self._told_s: dict[tuple[str, str], float] = {}
        self._saved_at_s = 0.0
        self._drift_s: float | None = None
        self._modem_trouble: ModemTrouble | None = None
        self._levels: dict[Input, bool] = {}
        self._relay_faults = {Device.LOCK: 0, Device.PERMIT: 0}
        self._troubles: set[tuple[Device, str]] = set()
        self._unanswered: deque[tuple[int, float]] = deque()
        self._chatter = Chatter()
        self._minor: set[tuple[str, str]] = set()
        self._saved_essence = _essence(self.state)
        self._unsaved_from_s: float | None = None

    # --- life --------------------------------------------------------------------------------------

    def start(self, remembered: Remembered, now_s: float) -> None:
        """Take up what the record knew, after the input path has read the inputs once.

        Call it before the first `input_changed`, `observe` or `poll`.
        """
        off_s: float | None = None
        counters = dict(remembered.counters)
        self._next_number = counters.get("number", 0) + 1
        faults = list(remembered.faults)
        if self._unrecorded.left():
            faults.append(("state_unrecorded", "the program ended before its last state was on the card"))
        doubted = any(code in _DOUBTS_STATE for code, _ in faults)
        if remembered.state is not None:
            state, odd = read_state(remembered.state, remembered.mono_s)
            faults += odd
            doubted = doubted or bool(odd)
            if (
                not doubted
            ):  # what is doubted may not come back: as where no clock can say how long it was off
                off_s = self._off_s(state.timebase, remembered, now_s)
            self.state = wake_up(state, remembered.mono_s, now_s, off_s, self.rules.flow)
        elif remembered.wall_s > 0:  # lines, and no state beside them
            doubted = True
            faults.append(("state_unreadable", "there is none"))
        if doubted:
            self.state = distrust(self.state)
        highest = max(counters.get("incident", 0), self.state.incidents)
        self.state = replace(self.state, incidents=highest, failed=frozenset())
        self._outbox.restore(remembered.rows, now_s)
        for command in outputs(State(), now_s, self.rules):
            if isinstance(command, SetDoor | SetPermit | SetSound | SetLights):
                self._act(command, now_s)
        for code, detail in faults:
            self._note("fault", code, {"detail": detail}, now_s)
        self._levels = {name: self.board.inputs.active(name) for name in Input}
        self._queue.extend(self._judge.door(self._levels[Input.DOOR], now_s))
        # nobody has looked yet, so whoever was there is there until seen to be gone
        self._judge.prime(self.state.present, now_s)
        inputs = self.board.inputs
        restarted = Restarted(
            fire=inputs.active(Input.FIRE),
            exit=inputs.active(Input.EXIT),
            door_open=inputs.active(Input.DOOR),
            off_s=off_s,
        )
        switches = [InputMoved(name, True) for name in _SWITCHES if inputs.active(name)]
        self._queue.extendleft(reversed([restarted, *switches]))  # before anything else that waits
        if self.state.incident:  # what was being kept when the program ended
            self._evidence.keep(self.state.incident, now_s, "restarted")
        self._drain(now_s)

    def _off_s(self, then: Timebase, remembered: Remembered, now_s: float) -> float | None:
        """How long the program did not run; None where no clock can say.

        Within one boot of the machine the monotonic clock goes on. Over a power cut only a wall clock that
        was right then and is right now can tell: one that begins where it stood tells nothing.
        """
        clock = self.board.clock
        if then.boot and then.boot == clock.boot:
            return max(0.0, now_s - remembered.mono_s)
        off_s = clock.wall_s() - remembered.wall_s
        known = then.wall_true and clock.wall_true() and off_s >= 0.0
        return off_s if known else None

    @property
    def name(self) -> str:
        """The state's name for people."""
        return shown(self.state, self.board.clock.now_s())

    @property
    def door_locked(self) -> bool:
        """What the lock relay shows."""
        return self.board.lock.is_on

    @property
    def permit_on(self) -> bool:
        return self.board.permit.is_on

    def releasable(self, incident: int) -> bool:
        """Whether a lock stands, or is about to come back, that this incident number (0: any) names."""
        return self._lock_lasts() and incident in (0, self.state.incident)

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
            "anomalies": sorted(anomaly.value for anomaly in self.state.active),
            "faults": self._faults(),
            "messages_waiting": self.messages_waiting,
        }

    def _faults(self) -> list[str]:
        """What is broken: the table's devices, and the faults that it need not know of."""
        return sorted({device.value for device in self.state.failed} | {code for code, _ in self._minor})

    @property
    def messages_waiting(self) -> int:
        """How many messages are neither sent nor given up."""
        return self._outbox.waiting

    def countdown_s(self, now_s: float) -> float | None:
        """Seconds to the lock while that clock runs."""
        return lock_in_s(self.state, now_s, self.rules)

    # --- what comes in -----------------------------------------------------------------------------

    def handle(self, event: Event, now_s: float) -> None:
        """One event, and everything that follows from it."""
        self._queue.append(event)
        self._drain(now_s)

    def input_changed(self, change: InputChange, now_s: float) -> None:
        if self._levels.get(change.input) is change.active:
            return  # the first scan tells every input; `start` has read them
        self._levels[change.input] = change.active
        if change.input is Input.DOOR:
            self._queue.extend(self._judge.door(change.active, now_s))
        self.handle(InputMoved(change.input, change.active), now_s)

    def hardware_event(self, event: ScanEvent, now_s: float) -> None:
        """Whatever the input path noticed."""
        match event:
            case InputChange():
                self.input_changed(event, now_s)
            case KeyPress() | KeypadTrouble():
                self.keypad_event(event, now_s)
            case HardwareTrouble(piece=piece, code=code, active=active):
                self.device_trouble(Device(piece.value), code, "driver", active, now_s)

    def device_trouble(self, device: Device, code: str, source: str, active: bool, now_s: float) -> None:
        """Trouble with a device, as one source sees it. It works again when all its sources say so."""
        if active:
            self._troubles.add((device, source))
            self.handle(DeviceFailed(device, code), now_s)
            return
        self._troubles.discard((device, source))
        if not any(other is device for other, _ in self._troubles):
            self.handle(DeviceRecovered(device), now_s)

    def fault(self, code: str, detail: str, now_s: float) -> None:
        """Record and show a fault that concerns no device of the table."""
        self._note("fault", code, {"detail": detail}, now_s)

    def keypad_event(self, event: KeyPress | KeypadTrouble, now_s: float) -> None:
        """A key, or trouble with the keypad. The click has been heard already: the scan makes it."""
        if isinstance(event, KeypadTrouble):
            fault = event.fault.value
            self.device_trouble(Device.KEYPAD, f"keypad_{fault}", fault, event.active, now_s)
            return
        self.handle(KeyTouched(), now_s)
        if self.state.mode is Mode.LOCKED and not self.state.code.live:
            return  # refused: it must not stay there as the first digit of the next entry
        if self._pad.press(event.key, now_s) is PadResult.COMPLETED:
            self.handle(EntryCompleted(), now_s)

    def observe(self, observation: Observation, now_s: float) -> None:
        """One frame as the eyes saw it."""
        self._take_facts(self._judge.observe(observation, now_s), now_s)

    def _take_facts(self, facts: tuple[Event, ...], now_s: float) -> None:
        self._queue.extend(facts)
        self._drain(now_s)

    def eyes_changed(self, event: EyesEvent, now_s: float, camera: str = FACE_CAMERA) -> None:
        """The eyes failed, so the cabin is blind at once; or they see again.

        Without the overview camera the kiosk does its work: that is recorded and no more.
        """
        if camera != FACE_CAMERA:
            active = event.turn is EyesTurn.FAILED
            self._note_fault(event.code, active, {"camera": camera, "detail": event.detail}, now_s, camera)
            return
        if event.turn is EyesTurn.FAILED:
            self._queue.append(DeviceFailed(Device.EYES, event.code))
            self._queue.extend(self._judge.camera_gone(now_s))
        else:
            self._queue.append(DeviceRecovered(Device.EYES))
        self._drain(now_s)

    # --- what goes on by itself --------------------------------------------------------------------

    def poll(self, now_s: float) -> None:
        """Take the answers and the deadlines that came. Never waits."""
        self._poll_prompt(now_s)
        self._poll_journal(now_s)
        self._hand_out(now_s)
        self._poll_outbox(now_s)
        self._poll_evidence(now_s)
        self._poll_clock(now_s)
        self._pad.poll(now_s)
        if self._entry is not None and now_s >= self._entry[1]:
            self._judge_entry()
        self._judge_releases(now_s)
        if self._release is not None and now_s >= self._release[1]:
            self._open_released()
        self._take_facts(self._judge.tick(now_s), now_s)
        self.handle(Ticked(), now_s)
        self._poll_chatter(now_s)
        self._check_relay(Device.LOCK, self.board.lock, door_locked(self.state), now_s)
        self._check_relay(Device.PERMIT, self.board.permit, permit_on(self.state), now_s)
        if self._lock_lasts() and now_s >= self._saved_at_s + self.rules.flow.checkpoint_s:
            self._save((), (), now_s)

    def next_wake_s(self, now_s: float) -> float | None:
        """The latest time for the next `poll`; None where nothing is due by itself."""
        wakes = [
            next_wake_s(self.state, now_s, self.rules),
            self._outbox.next_wake_s(),
            self.board.modem.next_wake_s(),
            self.board.prompt.next_wake_s(),
            self._judge.next_wake_s(now_s),
            self._pad.next_wake_s,
            self._evidence.next_wake_s(),
            None if self._entry is None else self._entry[1],
            None if self._release is None else self._release[1],
            None if self._release_desk is None else self._release_desk.next_wake_s(now_s),
            self._unsent[0][1] if self._unsent else None,
            self._saved_at_s + self.rules.flow.checkpoint_s if self._lock_lasts() else None,
            self._chatter.next_wake_s(),
        ]
        return min((w for w in wakes if w is not None), default=None)

    def _lock_lasts(self) -> bool:
        """A lock stands, or a restart interrupted it and it may come back."""
        return self.state.mode is Mode.LOCKED or returning(self.state)

    def _poll_prompt(self, now_s: float) -> None:
        for result in self.board.prompt.poll(now_s):
            if result.ok:
                self._well(Device.PROMPT)
                self._queue.append(PromptGiven(result.ticket))
            else:
                self._fail(Device.PROMPT, result.code)
            self._drain(now_s)

    def _poll_journal(self, now_s: float) -> None:
        for answer in self._journal.answers():
            while self._unanswered and self._unanswered[0][0] <= answer.sequence:
                self._unanswered.popleft()
            mine = self._lock_record is not None and self._lock_record[0] == answer.sequence
            match answer:
                case Written():
                    self._well(Device.DISK)
                    if answer.sequence >= self._sequence:
                        self._unrecorded.waits(False)
                    if mine and self._lock_record is not None:
                        self._queue.append(RecordAnswered(self._lock_record[1]))
                case NotWritten(code=code):
                    self._fail(Device.DISK, code)
            if mine:
                self._lock_record = None
            if self._entry is not None and answer.sequence >= self._entry[0]:
                self._judge_entry()
            if self._release is not None and answer.sequence >= self._release[0]:
                self._open_released()
            self._drain(now_s)
            while self._unsent and self._unsent[0][0] <= answer.sequence:
                self._outbox.add(self._unsent.popleft()[2])
        if self._unanswered and now_s >= self._unanswered[0][1] + DISK_MUTE_S:
            self._fail(Device.DISK, "disk_error")
            self._drain(now_s)

    def _hand_out(self, now_s: float) -> None:
        """A message goes out when its row is on the card, or has waited long enough for it.

        So its numbers are used up before anybody can read them, and no restart uses them again.
        """
        while self._unsent and self._unsent[0][1] <= now_s:
            self._outbox.add(self._unsent.popleft()[2])

    def _judge_entry(self) -> None:
        """The attempt is on the card, or has waited long enough for it: compare.

        Not where its code was replaced meanwhile: a match by chance would use up the new one unseen.
        """
        entry = None if self._entry is None else self._entry[2]
        self._entry = None
        wanted = self.state.mode is Mode.LOCKED and self.state.code.pending
        verdict = EntryVerdict.WRONG if entry is None or not wanted else self._book.judge(entry)
        self._queue.append(EntryJudged(verdict))

    def _poll_outbox(self, now_s: float) -> None:
        polled = self._outbox.poll(now_s, self.board.clock.wall_s(), self.board.modem, self._text_of)
        for event in polled.events:
            match event:
                case MessageAccepted(row=row):
                    if row.kind == CODE_KIND:
                        self._queue.append(CodeAccepted(row.incident, row.issue, row.recipient))
                    if row.channel is Channel.SMS:
                        self._well(Device.MODEM)
                case MessageFailed(trouble=trouble) if trouble not in (None, ModemTrouble.REFUSED):
                    # One text refused (a wrong number) is no fault of the modem.
                    self._fail(Device.MODEM, f"modem_{trouble}")
                case MessageDelivered(row=row, ok=False) if row.kind == CODE_KIND:
                    self._queue.append(CodeDenied(row.incident, row.issue, row.recipient))
                case _:
                    pass
        for change in polled.modem:
            if isinstance(change, Recovery):
                tried = {"rung": change.rung, "took_s": round(change.took_s, 1), "worked": change.worked}
                self._note("event", "modem_recovery", {"for": change.trouble, **tried}, now_s)
            elif isinstance(change, ModemDown):
                if change.trouble is not self._modem_trouble:
                    self._well(Device.MODEM)  # another trouble has another remedy, so it is told anew
                self._modem_trouble = change.trouble
                self._fail(Device.MODEM, f"modem_{change.trouble.value}")
            else:
                self._well(Device.MODEM)
        for received in polled.received:
            self._read_text(received, now_s)
        if polled.rows_changed or polled.rows_kept:
            entries = tuple(
                Entry(
                    "sms",
                    row.state.value,
                    row.incident,
                    _json({"number": row.number, "to": row.recipient.value, "kind": row.kind}),
                )
                for row in polled.rows_changed
            )
            self._save(entries, (*polled.rows_changed, *polled.rows_kept), now_s)
        self._drain(now_s)

    def _read_text(self, received: TextReceived, now_s: float) -> None:
        """Somebody wrote to the kiosk."""
        if self._inbox is None:
            return
        match self._inbox.read(received, now_s):
            case StatusAsked(sender=sender):
                self._answer("status", sender, now_s)
            case HelpAsked(sender=sender):
                self._answer("help", sender, now_s)
            case ReleaseAsked() as asked:
                self._try_release(asked, now_s)
            case Ignored(sender=unwanted, why=why):
                self._note("event", "text_ignored", {"from": str(unwanted or "stranger"), "why": why}, now_s)

    def _answer(self, kind: str, to: Recipient, now_s: float, reason: str = "") -> None:
        row = self._alert_row(Tell(kind, self.state.incident, (to,), reason), to)
        entry = Entry("event", f"{kind}_asked", self.state.incident, _json({"to": to.value}))
        sequence = self._save((entry,), (row,), now_s)
        self._unsent.append((sequence, now_s + self.rules.flow.record_wait_s, row))

    def report(self, selftest: str, now_s: float) -> None:
        """The daily line to the control room; `selftest` is `ok` or the code of what was found."""
        self._answer("daily", Recipient.CONTROL_ROOM, now_s, selftest)

    def _try_release(self, asked: ReleaseAsked, now_s: float) -> None:
        """Let it have its turn, which is at once unless many were wrong."""
        desk = self._release_desk
        refusal = Refusal.NO_SECRET if desk is None else desk.take(asked, self._locked_incident())
        if refusal is Refusal.AGAIN:
            self._note("event", refusal.value, {"incident": asked.incident}, now_s)
        elif refusal is not None:
            self._refuse_release(asked.incident, refusal.value, now_s)

    def _judge_releases(self, now_s: float) -> None:
        """Compare what is due. A right one is used up, on the card, before the door opens."""
        desk, incident = self._release_desk, self._locked_incident()
        if desk is None or self._release is not None:
            return
        while (right := desk.judge(incident, now_s)) is not None:
            if not right:
                self._refuse_release(incident, f"{COUNTER}{desk.next_counter(incident)}", now_s)
                continue
            sequence = self._save((Entry("event", "release_right", incident),), (), now_s)
            self._release = (sequence, now_s + self.rules.flow.record_wait_s, incident)

    def _open_released(self) -> None:
        if self._release is not None:
            incident, self._release = self._release[2], None
            self._queue.append(ReleaseOrdered(Orderer.CONTROL_ROOM, incident))

    def _refuse_release(self, incident: int, why: str, now_s: float) -> None:
        """Told, since somebody may be guessing under the control room's number; but not for every guess."""
        tell = Tell("release_refused", self.state.incident, (Recipient.CONTROL_ROOM,), why)
        rows = () if self._told_lately(tell, now_s) else self._alert_rows(tell, Recipient.CONTROL_ROOM)
        data = {"incident": incident, "why": why}
        self._note("event", "release_refused", data, now_s, rows)

    def _locked_incident(self) -> int:
        """The incident that the control room may release; 0 for none."""
        return self.state.incident if self._lock_lasts() else 0

    def _text_of(self, row: OutboxRow) -> str | None:
        """The text of a row at the moment of sending; None for a code that is not live any more."""
        if row.kind != CODE_KIND:
            facts = self._facts()
            if row.kind == "daily":  # with the record's head, so that nobody can rewrite what came before
                facts |= {"selftest": row.reason, "record": self._journal.head().short}
            return make_text(row, self._context, self.board.clock.wall_s(), facts=facts)
        code = self._book.text()
        if code is None or (row.incident, row.issue) != (self.state.incident, self._book.live_issue):
            return None
        wall_s = self.board.clock.wall_s()
        accepted_s = self.state.code.accepted_at_s
        since_s = 0.0 if accepted_s is None else self.board.clock.now_s() - accepted_s
        until_s = wall_s - since_s + self.rules.flow.code_ttl_s
        return make_text(row, self._context, wall_s, code=code, until_wall_s=until_s)

    def _poll_evidence(self, now_s: float) -> None:
        self._evidence.doubt_clock(Device.CLOCK in self.state.failed)
        self._evidence.poll(now_s)
        for answer in self._evidence.answers():
            if isinstance(answer, EvidenceTrouble):
                # Each folder that cannot be removed is one of its own.
                which = answer.detail if answer.code == "evidence_stuck" else ""
                self._note_fault(answer.code, answer.active, {"detail": answer.detail}, now_s, which)
            else:
                self._save((answer.entry(),), (), now_s)

    def _poll_chatter(self, now_s: float) -> None:
        """Say once that a source moves again and again, and that it has come to rest."""
        for turn in self._chatter.poll(now_s):
            data: dict[str, object] = {"source": turn.source} | ({} if turn.began else {"held": turn.held})
            code = fault_of(turn.source)
            if code is None:
                self._note("note", "held_back" if turn.began else "held_back_ended", data, now_s)
                continue
            rows: tuple[OutboxRow, ...] = ()
            tell = Tell("fault", self.state.incident, (Recipient.CONTROL_ROOM,), code)
            if turn.began and not self._told_lately(tell, now_s):
                rows = self._alert_rows(tell, Recipient.CONTROL_ROOM)
            self._note_fault(code, turn.began, data, now_s, turn.source, rows)
        if self._unsaved_from_s is not None and now_s >= self._unsaved_from_s + QUIET_S:
            self._save((), (), now_s)

    def _poll_clock(self, now_s: float) -> None:
        drift = self.board.clock.wall_s() - now_s
        if self._drift_s is not None and abs(drift - self._drift_s) > self._clock_jump_s:
            self._queue.append(ClockJumped(drift - self._drift_s))
        self._drift_s = drift
        offset_s = self.board.modem.network_offset_s
        if offset_s is None:
            return
        if abs(drift - offset_s) > CLOCK_WRONG_S:
            self._fail(Device.CLOCK, "clock_wrong")
        else:
            self._well(Device.CLOCK)

    def _check_relay(self, device: Device, relay: Relay, wanted: bool, now_s: float) -> None:
        """What a relay shows against what the table wants; driven once more before it is a fault."""
        try:
            held = device is Device.LOCK and wanted and self._held_by_input()
            if relay.is_on == wanted or held:
                self._relay_faults[device] = 0
                if device in self.state.failed:
                    # A pin that cannot be read shows what was ordered: only one that can be driven is well.
                    _drive(relay, wanted)
                    self._well(device)
            else:
                self._relay_faults[device] += 1
                if self._relay_faults[device] == 1 or not wanted:
                    _drive(relay, wanted)
                if self._relay_faults[device] > 1:
                    self._fail(device, "relay_mismatch")
        except HardwareError as error:
            self._fail(device, error.code)
        self._drain(now_s)

    def _held_by_input(self) -> bool:
        """Whether the input path may hold the lock: for fire, for exit, or because they cannot be read."""
        inputs = self.board.inputs
        unread = Device.INPUTS in self.state.failed
        return unread or inputs.active(Input.FIRE) or inputs.active(Input.EXIT)

    # --- the step ----------------------------------------------------------------------------------

    def _fail(self, device: Device, code: str) -> None:
        """Say that a device failed, unless that was the last word on it."""
        if not self._has_failed(device):
            self._queue.append(DeviceFailed(device, code))

    def _well(self, device: Device) -> None:
        """Say that a device works, if it was said to have failed and nothing else troubles it."""
        if self._has_failed(device) and not any(other is device for other, _ in self._troubles):
            self._queue.append(DeviceRecovered(device))

    def _has_failed(self, device: Device) -> bool:
        """The last word on a device, waiting or taken up by the table."""
        for event in reversed(self._queue):
            if isinstance(event, DeviceFailed | DeviceRecovered) and event.device is device:
                return isinstance(event, DeviceFailed)
        return device in self.state.failed

    def _drain(self, now_s: float) -> None:
        while self._queue:
            self._step(self._queue.popleft(), now_s)

    def _step(self, event: Event, now_s: float) -> None:
        before = self.state
        result = step(before, event, now_s, self.rules)
        self.state = result.state
        source = source_of(event)
        # Every move has reached the table and the relays. What it costs beside that may be held back.
        held = source is not None and self._chatter.moved(source, now_s) and not self._matters(result)
        for command in result.commands:  # door and permit stand first
            if isinstance(command, SetDoor | SetPermit | SetSound | SetLights):
                self._act(command, now_s)
        entries: list[Entry] = []
        incident = self.state.incident or before.incident
        if not isinstance(event, Ticked):
            kind, data = "fact" if isinstance(event, FACTS) else "event", describe(event)
            self._listener(Happening(now_s, kind, data))
            if not held and not isinstance(event, KeyTouched | PromptGiven):
                entries.append(Entry(kind, str(data["name"]), incident, _json(data)))
        if self.state.mode is not before.mode:
            name, left = self.state.mode.value, before.mode.value
            self._listener(Happening(now_s, "state", {"name": name, "from": left}))
            if not (self._chatter.moved("state", now_s) and held):
                entries.append(Entry("state", name, incident, _json({"from": left})))
        rows: list[OutboxRow] = []
        for command in result.commands:
            data, remark = describe(command), isinstance(command, Note)
            self._listener(Happening(now_s, "event" if remark else "command", data))
            if not held and not isinstance(command, Say | ClearEntry | SetSound | SetLights):
                kind = "note" if remark else "command"
                entries.append(Entry(kind, str(data["name"]), incident, _json(data)))
            rows.extend(self._carry_out(command, now_s, held))
        if not entries and not rows:
            if held and self._unsaved_from_s is None:
                self._unsaved_from_s = now_s
            return
        sequence = self._save(tuple(entries), tuple(rows), now_s)
        answer_by_s = now_s + self.rules.flow.record_wait_s
        self._unsent.extend((sequence, answer_by_s, row) for row in rows if row.state is RowState.QUEUED)
        for command in result.commands:
            if isinstance(command, RecordLock):
                self._lock_record = (sequence, command.incident)
            elif isinstance(command, JudgeEntry):
                self._entry = (sequence, answer_by_s, self._pad.take())

    def _matters(self, result: Step) -> bool:
        """Whether what the record says of the state would not be safe to come back with any more."""
        weighty = any(isinstance(command, RecordLock | JudgeEntry) for command in result.commands)
        return weighty or _essence(result.state) != self._saved_essence

    def _carry_out(self, command: Command, now_s: float, held: bool = False) -> tuple[OutboxRow, ...]:
        """A command that is no output; the outbox rows that it makes. `held`: its source chatters."""
        match command:
            case Say():
                self._say(command, now_s)
            case IssueCode(issue=issue):
                self._book.issue(issue)
            case VoidCode(incident=incident):
                self._book.void()
                return self._outbox.supersede(incident, CODE_KIND)
            case SendCode():
                return (self._code_row(command, now_s),)
            case Tell():
                if self._told_lately(command, now_s, held):
                    return ()
                return tuple(row for to in command.recipients for row in self._alert_rows(command, to))
            case ClearEntry():
                self._pad.clear()
            case Refuse():
                self._refuse(now_s)
            case KeepPictures() | KeepOnePicture() if held:
                pass
            case KeepPictures(incident=incident, why=why):
                self._evidence.keep(incident, now_s, why)
            case KeepOnePicture(incident=incident, why=why):
                self._evidence.keep_one(incident, now_s, why)
            case CloseIncident(incident=incident):
                self._book.void()
                self._evidence.close_incident(incident)
            case SetDoor() | SetPermit() | SetSound() | SetLights() | RecordLock() | JudgeEntry() | Note():
                pass  # driven before, held for the record after, or only recorded
        return ()

    def _told_lately(self, command: Tell, now_s: float, held: bool = False) -> bool:
        last_s = self._told_s.get((command.kind, command.reason))
        seldom = held or command.kind in _TOLD_SELDOM
        if seldom and last_s is not None and now_s < last_s + self.rules.flow.remind_s:
            return True
        self._told_s[command.kind, command.reason] = now_s
        return False

    def _say(self, command: Say, now_s: float) -> None:
        prompt, cause, language = command.prompt.value, command.cause.value, self._context.language
        seconds = command.lock_in_s if command.threat else None
        text = prompt_text(prompt, cause, seconds, language)
        self._listener(Happening(now_s, "prompt", {"text": text}))
        self.board.prompt.say(command.ticket, prompt_clips(prompt, cause, seconds), text, now_s)

    def _refuse(self, now_s: float) -> None:
        try:
            self.board.sounder.buzz(now_s)
        except HardwareError as error:
            self._fail(Device.SOUNDER, error.code)

    def _number(self) -> int:
        number = self._next_number
        self._next_number += 1
        return number

    def _code_row(self, command: SendCode, now_s: float) -> OutboxRow:
        left = self.state.code.issued_at_s + self.rules.flow.code_accept_s - now_s
        accepted = self.state.code.accepted_at_s
        if accepted is not None:
            left = accepted + self.rules.flow.code_ttl_s - now_s
        return OutboxRow(
            number=self._number(),
            incident=command.incident,
            kind=CODE_KIND,
            issue=command.issue,
            recipient=command.recipient,
            channel=Channel.SMS,
            created_wall_s=self.board.clock.wall_s(),
            ttl_s=max(1.0, left),
            reason=f"{command.counted} of {self.rules.flow.codes_per_incident}",
        )

    def _alert_rows(self, command: Tell, to: Recipient) -> tuple[OutboxRow, ...]:
        """The same message, under one number, by text and by every other channel that reaches the reader."""
        row = self._alert_row(command, to)
        others = self._outbox.other_channels(to)
        return (row, *(replace(row, channel=channel) for channel in others))

    def _alert_row(self, command: Tell, to: Recipient) -> OutboxRow:
        return OutboxRow(
            number=self._number(),
            incident=command.incident,
            kind=command.kind,
            issue=0,
            recipient=to,
            channel=Channel.SMS,
            created_wall_s=self.board.clock.wall_s(),
            ttl_s=ALERT_TTL_S,
            reason=command.reason,
        )

    # --- the machine -------------------------------------------------------------------------------

    def _act(self, command: SetDoor | SetPermit | SetSound | SetLights, now_s: float) -> None:
        """One of the four outputs. What the lock and the permit do is checked at each poll."""
        device = Device.LOCK
        try:
            match command:
                case SetDoor(locked=locked):
                    _drive(self.board.lock, locked)
                case SetPermit(on=on):
                    device = Device.PERMIT
                    _drive(self.board.permit, on)
                case SetSound(sound=sound):
                    device = Device.SOUNDER
                    self.board.sounder.play(sound, now_s)
                case SetLights(lit=lit):
                    device = Device.LIGHTS
                    self.board.lights.show(lit)
                    self._well(device)
        except HardwareError as error:
            self._fail(device, error.code)

    # --- the record --------------------------------------------------------------------------------

    def _save(self, entries: tuple[Entry, ...], rows: tuple[OutboxRow, ...], now_s: float) -> int:
        """Hand one transaction to the journal; its number.

        The state goes into every one: its times are on the clock of this boot and fit no other's.
        """
        self._sequence += 1
        self._unrecorded.waits(True)
        self._saved_at_s = now_s
        self._saved_essence = _essence(self.state)
        self._unsaved_from_s = None
        self._unanswered.append((self._sequence, now_s))
        self._journal.submit(
            Record(
                sequence=self._sequence,
                mono_s=now_s,
                wall_s=self.board.clock.wall_s(),
                entries=entries,
                state=msgspec.json.encode(replace(self.state, timebase=self._timebase())).decode(),
                rows=rows,
                counters=self._counters(),
            )
        )
        return self._sequence

    def _timebase(self) -> Timebase:
        clock = self.board.clock
        return Timebase(clock.boot, clock.wall_true())

    def _counters(self) -> tuple[tuple[str, int], ...]:
        counters = (("incident", self.state.incidents), ("number", self._next_number - 1))
        if self._release_desk is None:
            return counters
        return (*counters, *self._release_desk.counters)

    def _facts(self) -> dict[str, str]:
        """The state in a few words, for a text."""
        now_s = self.board.clock.now_s()
        faults = ", ".join(self._faults())
        return {
            "state": shown(self.state, now_s),
            "door": "locked" if self.door_locked else "unlocked",
            "camera": self.state.health.value,
            "faults": faults or "none",
        }

    def _note(
        self,
        kind: str,
        name: str,
        data: Mapping[str, object],
        now_s: float,
        rows: tuple[OutboxRow, ...] = (),
    ) -> None:
        """Something that the table need not know; held back where it comes again and again."""
        self._listener(Happening(now_s, kind, {"name": name, **data}))
        if name not in _NEVER_HELD and self._chatter.moved(f"note {name}", now_s) and not rows:
            return
        sequence = self._save((Entry(kind, name, self.state.incident, _json(data)),), rows, now_s)
        answer_by_s = now_s + self.rules.flow.record_wait_s
        self._unsent.extend((sequence, answer_by_s, row) for row in rows)

    def _note_fault(
        self,
        code: str,
        active: bool,
        data: Mapping[str, object],
        now_s: float,
        which: str = "",
        rows: tuple[OutboxRow, ...] = (),
    ) -> None:
        """A fault that the table need not know began or ended; `which` tells several of one code apart."""
        (self._minor.add if active else self._minor.discard)((code, which))
        self._note("fault", code if active else f"{code}_ended", data, now_s, rows)


_NEVER_HELD: Final = frozenset(
    f"{name}{end}" for name in ("input_chatters", "comes_and_goes", "held_back") for end in ("", "_ended")
)
"""These say of others that they are held back."""


_PASSING: Final = frozenset(
    {
        *("mode", "visit", "fire", "exit", "door_open", "health", "present", "face", "cover", "several"),
        *("active", "failed", "told", "ticket", "warn_ticket", "said", "playing", "stands", "openings"),
    }
)
_LASTING: Final = tuple(
    field.name for field in fields(State) if field.name not in _PASSING and not field.name.endswith("_s")
)


def _essence(state: State) -> tuple[object, ...]:
    """What the record must always have of it: a lock, its code, that nobody may be locked, and the like.

    The rest a start asks for anew, or can be a minute old without harm.
    """
    return state.mode is Mode.LOCKED, *(getattr(state, name) for name in _LASTING)


_SWITCHES = tuple(name for name in Input if name not in (Input.DOOR, Input.EXIT, Input.FIRE))
"""A start tells them one by one; of the others `Restarted` tells."""


def _drive(relay: Relay, on: bool) -> None:
    if on:
        relay.on()
    else:
        relay.off()


def _json(data: Mapping[str, object]) -> str:
    return msgspec.json.encode(data).decode()
