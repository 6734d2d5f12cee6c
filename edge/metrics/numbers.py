"""What the loop counts as it goes: frames, verdicts, incidents, marks, and how long things took.

Everything here belongs to the loop's thread, costs microseconds and waits for nothing. It hears what the
loop tells its listener by an allow-list of names: what is not named here is in no number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge.cabin.state import Mode
from edge.metrics.histogram import FRAME_S, MODEM_S, RECORD_S, RELAY_S, TURN_S, Counts, Histogram
from edge.terms.marks import MARKED, Mark
from edge.terms.observation import Observation, PictureVerdict
from edge.terms.record import Answer, NotWritten, Record, Written

LOCK: Final = "lock"
"""The kind of an incident that is none of the anomalies: somebody was locked in."""

_KEY_S: Final = 30.0
"""A key that was pressed longer ago opened nothing."""

_RECORDS_MOST: Final = 4096
"""Records whose answer is waited for at most; the record itself keeps fewer."""


@dataclass(frozen=True, slots=True)
class Counted:
    """All of it at one moment. Keys are values of the enums named in the families' labels."""

    frames: Mapping[str, int]
    verdicts: Mapping[str, int]
    incidents: Mapping[str, int]
    marks: Mapping[str, int]
    frame_to_table: Counts
    turn: Counts
    key_to_relay: Counts
    record_write: Counts
    code_accept: Counts
    head_at_s: float | None
    """When the record last took something, monotonic; None: not yet since the start."""


class Numbers:
    """Of one start of the program. `now_s` is the board's clock, `kinds` the facts that anomalies are."""

    def __init__(self, now_s: Callable[[], float], kinds: Sequence[str]) -> None:
        self._now_s = now_s
        self._frames: dict[str, int] = {}
        self._verdicts = dict.fromkeys((verdict.value for verdict in PictureVerdict), 0)
        self._incidents = dict.fromkeys((LOCK, *kinds), 0)
        self._marks = dict.fromkeys((mark.value for mark in Mark), 0)
        self._frame_to_table = Histogram(FRAME_S)
        self._turn = Histogram(TURN_S)
        self._key_to_relay = Histogram(RELAY_S)
        self._record_write = Histogram(RECORD_S)
        self._code_accept = Histogram(MODEM_S)
        self._key_at_s: float | None = None
        self._key_opens = False
        self._code_at_s: float | None = None
        self._submitted: dict[int, float] = {}
        self._head_at_s: float | None = None

    # --- the loop's own moments --------------------------------------------------------------------

    def framed(self, observation: Observation) -> None:
        """The table has had its say on this frame."""
        self._frames[observation.camera] = self._frames.get(observation.camera, 0) + 1
        self._frame_to_table.observe(self._now_s() - observation.at_s)
        if observation.faces_asked:
            self._verdicts[_verdict(observation).value] += 1

    def turned(self, began_s: float) -> None:
        """A turn of the loop is over; what it waited for something to do does not count."""
        self._turn.observe(self._now_s() - began_s)

    def key_pressed(self, at_s: float) -> None:
        """A key of the watchman's keypad went down. Which one is never asked."""
        self._key_at_s = at_s

    # --- what the loop tells its listener ----------------------------------------------------------

    def hear(self, kind: str, data: Mapping[str, object]) -> None:
        """A happening of the loop, by its kind and its plain JSON values."""
        name = data.get("name")
        match kind, name:
            case "fact", str() if name in self._incidents:
                self._incidents[name] += 1
            case "state", Mode.LOCKED.value:
                self._incidents[LOCK] += 1
            case "event", "entry_judged":
                self._key_opens = data.get("verdict") == "right"
            case "command", "set_door":
                if data.get("door") == "unlocked":
                    self._unlocked()
                self._key_opens = False
            case "command", "send_code":
                self._code_at_s = self._now_s()
            case "event", "code_accepted":
                if self._code_at_s is not None:
                    self._code_accept.observe(self._now_s() - self._code_at_s)
                self._code_at_s = None
            case "event", _ if name == MARKED:
                mark = str(data.get("mark"))
                if mark in self._marks:
                    self._marks[mark] += 1
            case _:
                pass

    def _unlocked(self) -> None:
        """The relay was driven just now."""
        if self._key_opens and self._key_at_s is not None:
            took_s = self._now_s() - self._key_at_s
            if took_s < _KEY_S:
                self._key_to_relay.observe(took_s)

    # --- the record --------------------------------------------------------------------------------

    def submitted(self, record: Record) -> None:
        """A transaction was handed to the record."""
        if len(self._submitted) < _RECORDS_MOST:
            self._submitted[record.sequence] = record.mono_s

    def answered(self, answer: Answer) -> None:
        """The record has answered; one that could not be written is answered again, or was given up."""
        match answer:
            case Written(sequence=sequence):
                self._head_at_s = self._now_s()
                if (since_s := self._submitted.pop(sequence, None)) is not None:
                    self._record_write.observe(self._head_at_s - since_s)
            case NotWritten(sequence=sequence, code=code):
                if code in ("journal_overflow", "record_refused"):
                    self._submitted.pop(sequence, None)

    # --- all of it ---------------------------------------------------------------------------------

    def counted(self) -> Counted:
        """A copy that nobody changes any more."""
        return Counted(
            frames=dict(self._frames),
            verdicts=dict(self._verdicts),
            incidents=dict(self._incidents),
            marks=dict(self._marks),
            frame_to_table=self._frame_to_table.counts(),
            turn=self._turn.counts(),
            key_to_relay=self._key_to_relay.counts(),
            record_write=self._record_write.counts(),
            code_accept=self._code_accept.counts(),
            head_at_s=self._head_at_s,
        )


def _verdict(observation: Observation) -> PictureVerdict:
    """What one picture says as a whole, by the faces that were reported of it."""
    faces = observation.faces
    if not faces:
        return PictureVerdict.NONE
    return PictureVerdict.SEVERAL if len(faces) > 1 else PictureVerdict(faces[0].verdict.value)
