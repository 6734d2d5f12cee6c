"""Every metric: its name, its kind, its only labels, what it means, and where its numbers come from.

Names follow https://prometheus.io/docs/practices/naming/: one prefix, base units (seconds, bytes, volts,
celsius; dBm has no base unit) at their end, `_total` for counters. A label's values come from a list of the
program, so that no kiosk can ever have more series than these; no name, number or code is among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar

from edge.cabin.state import Mode
from edge.metrics.histogram import Counts
from edge.metrics.snapshot import Snapshot, UpdateSeen
from edge.terms.update import UpdateState

PREFIX: Final = "cabinguard_"


class MetricKind(Enum):
    """As Prometheus names them."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


_Part = TypeVar("_Part")

Rows = Iterable[tuple[tuple[str, ...], float]]
"""The labels' values, and the number."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. `labels` with their values in words; a histogram has `counts` and no rows."""

    name: str
    kind: MetricKind
    meaning: str
    labels: Mapping[str, str]
    rows: Callable[[Snapshot], Rows]
    counts: Callable[[Snapshot], Counts] | None = None


def _gauge(
    name: str, meaning: str, rows: Callable[[Snapshot], Rows], labels: Mapping[str, str] | None = None
) -> Family:
    return Family(PREFIX + name, MetricKind.GAUGE, meaning, labels or {}, rows)


def _counter(
    name: str, meaning: str, rows: Callable[[Snapshot], Rows], labels: Mapping[str, str] | None = None
) -> Family:
    return Family(PREFIX + name, MetricKind.COUNTER, meaning, labels or {}, rows)


def _histogram(name: str, meaning: str, counts: Callable[[Snapshot], Counts]) -> Family:
    return Family(PREFIX + name, MetricKind.HISTOGRAM, meaning, {}, lambda snapshot: (), counts)


def _one(number: float | bool | None) -> Rows:
    """The only row of a metric without labels; none where the number is not known."""
    if number is not None:
        yield (), float(number)


def _part(part: _Part | None, read: Callable[[_Part], float | bool | None]) -> Rows:
    """The same of a part that not every kiosk has."""
    return () if part is None else _one(read(part))


def _update_states(update: UpdateSeen | None) -> Rows:
    if update is not None:
        for state in UpdateState:
            yield (state.value,), float(state is update.state)


def _each(numbers: Mapping[str, float] | Mapping[str, int]) -> Rows:
    for name, number in sorted(numbers.items()):
        yield (name,), float(number)


_CAMERA: Final = {"camera": "`face`, `overview`"}
_THREAD: Final = {"thread": "the threads of the program, `eyes_CAMERA` for the eyes' processes"}

FAMILIES: Final[tuple[Family, ...]] = (
    # --- the program -------------------------------------------------------------------------------
    _gauge(
        "build_info",
        "Always 1; the version of the program, of Python, and the kind of board.",
        lambda s: [((s.about.version, s.about.python, s.about.board), 1.0)],
        {"version": "of CabinGuard", "python": "major.minor", "board": "machine's architecture"},
    ),
    _gauge("uptime_seconds", "Since the program started.", lambda s: _one(s.loop.up_s)),
    _gauge(
        "taken_timestamp_seconds",
        "When these numbers were taken, by the kiosk's own clock, in seconds since 1970.",
        lambda s: _one(s.loop.wall_s),
    ),
    _gauge(
        "clock_synchronised",
        "1: the machine's clock was set from outside since it started.",
        lambda s: _one(s.loop.cabin.clock_set),
    ),
    _histogram(
        "loop_turn_seconds",
        "One turn of the loop, without its waiting. Its count standing still means that the loop does.",
        lambda s: s.loop.counted.turn,
    ),
    _gauge(
        "thread_silent_seconds",
        "Since the thread's last sign of life; 0 while it waits for work.",
        lambda s: _each({name: one.silent_s for name, one in s.loop.threads.items()}),
        _THREAD,
    ),
    _gauge(
        "thread_limit_seconds",
        "A thread that is silent for so long hangs.",
        lambda s: _each({name: one.limit_s for name, one in s.loop.threads.items()}),
        _THREAD,
    ),
    _gauge(
        "thread_up",
        "1: the thread, or the process, runs.",
        lambda s: _each({name: one.alive for name, one in s.loop.threads.items()}),
        _THREAD,
    ),
    # --- the cabin ---------------------------------------------------------------------------------
    _gauge(
        "state",
        "1 for the state that the table is in, 0 for the others.",
        lambda s: _each({mode.value: float(mode is s.loop.cabin.mode) for mode in Mode}),
        {"state": "`" + "`, `".join(mode.value for mode in Mode) + "`"},
    ),
    _gauge(
        "state_age_seconds", "Since the table came into this state.", lambda s: _one(s.loop.cabin.state_for_s)
    ),
    _gauge("door_locked", "1: the lock relay locks the door.", lambda s: _one(s.loop.cabin.door_locked)),
    _gauge(
        "lock_age_seconds",
        "Since the lock that stands began; 0 where there is none.",
        lambda s: _one(s.loop.cabin.locked_for_s),
    ),
    _gauge(
        "lock_limit_seconds",
        "A lock ends by itself after so long (flow.max_lock_s).",
        lambda s: _one(s.loop.cabin.max_lock_s),
    ),
    _gauge("permit_on", "1: transactions may start.", lambda s: _one(s.loop.cabin.permit_on)),
    _gauge(
        "fault_active",
        "1 for each fault that is there now; a fault that is not there has no row.",
        lambda s: _each(dict.fromkeys(s.loop.cabin.active_faults, 1)),
        {"code": "a code of the fault catalogue"},
    ),
    _gauge(
        "faults_active", "How many faults are there now.", lambda s: _one(len(s.loop.cabin.active_faults))
    ),
    _gauge(
        "anomaly_active",
        "1 for each anomaly that is there now; one that is not there has no row.",
        lambda s: _each(dict.fromkeys(s.loop.cabin.anomalies, 1)),
        {"anomaly": "a row of [policy]"},
    ),
    _counter(
        "incidents_total",
        "What began since the start: each anomaly, and each lock.",
        lambda s: _each(s.loop.counted.incidents),
        {"kind": "`lock`, or the fact that an anomaly begins with"},
    ),
    _gauge(
        "record_incidents",
        "How many incidents were counted since the record began; it survives a restart.",
        lambda s: _one(s.loop.cabin.incidents),
    ),
    _counter(
        "incident_marks_total",
        "Words of people on incidents since the start: a false alarm, or a true one.",
        lambda s: _each(s.loop.counted.marks),
        {"mark": "`false`, `true`"},
    ),
    _histogram(
        "key_to_relay_seconds",
        "From the last key of a right code to the relay that unlocks the door.",
        lambda s: s.loop.counted.key_to_relay,
    ),
    # --- seeing ------------------------------------------------------------------------------------
    _counter("frames_total", "Pictures that were judged.", lambda s: _each(s.loop.counted.frames), _CAMERA),
    _gauge(
        "frame_age_seconds",
        "Since the newest picture was taken.",
        lambda s: _each(s.loop.cabin.frame_ages_s),
        _CAMERA,
    ),
    _gauge(
        "camera_ok",
        "1: the face camera's picture can be believed.",
        lambda s: _one(s.loop.cabin.camera_ok),
    ),
    _histogram(
        "frame_to_table_seconds",
        "From the taking of a picture until the table has had its say on it.",
        lambda s: s.loop.counted.frame_to_table,
    ),
    _counter(
        "verdicts_total",
        "What single pictures said of the face in them.",
        lambda s: _each(s.loop.counted.verdicts),
        {"verdict": "`proper`, `covered`, `turned`, `several`, `none`, `unclear`"},
    ),
    # --- messages ----------------------------------------------------------------------------------
    _gauge(
        "outbox_messages",
        "Messages that are neither sent nor given up.",
        lambda s: [
            ((channel.value, state.value), float(count))
            for (channel, state), count in sorted(s.loop.queues.messages.items())
        ],
        {"channel": "of the messages", "state": "`queued`, `sending`"},
    ),
    _histogram(
        "code_accept_seconds",
        "From the issue of a code until the network took it.",
        lambda s: s.loop.counted.code_accept,
    ),
    _gauge("modem_ready", "1: the modem is registered and takes texts.", lambda s: _one(s.loop.modem.ready)),
    _gauge("modem_signal_dbm", "Strength of its signal.", lambda s: _one(s.loop.modem.signal_dbm)),
    _gauge("modem_supply_volts", "What it is fed with.", lambda s: _one(s.loop.modem.supply_v)),
    _gauge(
        "broker_connected",
        "1: the MQTT broker is connected.",
        lambda s: _part(s.loop.broker, lambda part: part.connected),
    ),
    _gauge(
        "broker_quiet_seconds",
        "Since the broker was last connected; 0 while it is.",
        lambda s: _part(s.loop.broker, lambda part: part.quiet_s),
    ),
    _counter(
        "broker_connects_total",
        "How often the broker was connected.",
        lambda s: _part(s.loop.broker, lambda part: part.connects),
    ),
    _counter(
        "broker_losses_total",
        "How often the broker was lost.",
        lambda s: _part(s.loop.broker, lambda part: part.losses),
    ),
    _gauge(
        "certificate_end_timestamp_seconds",
        "When the kiosk's certificate ends, in seconds since 1970.",
        lambda s: _one(s.machine.certificate_end_wall_s),
    ),
    # --- the record and the pictures ---------------------------------------------------------------
    _gauge(
        "record_lines",
        "Height of the chain: the number of its newest line that is on the card.",
        lambda s: _one(s.loop.record.lines),
    ),
    _gauge(
        "record_head_age_seconds",
        "Since the record last took something.",
        lambda s: _one(s.loop.record.head_age_s),
    ),
    _gauge(
        "record_waiting", "Transactions that are not on the card yet.", lambda s: _one(s.loop.queues.record)
    ),
    _histogram(
        "record_write_seconds",
        "From handing a transaction to the record until it was on the card.",
        lambda s: s.loop.counted.record_write,
    ),
    _gauge("record_bytes", "Size of the record's file and its log.", lambda s: _one(s.machine.record_bytes)),
    _gauge(
        "record_limit_bytes",
        "What it may grow to (journal.keep_mb).",
        lambda s: _one(s.loop.record.limit_bytes),
    ),
    _gauge(
        "holds",
        "Incidents whose pictures may not be removed (evidence hold).",
        lambda s: _one(s.loop.record.holds),
    ),
    _gauge(
        "pictures_bytes", "Size of the pictures of incidents.", lambda s: _one(s.loop.pictures.kept_bytes)
    ),
    _gauge(
        "pictures_limit_bytes",
        "What they may grow to (evidence.keep_mb).",
        lambda s: _one(s.loop.pictures.limit_bytes),
    ),
    _gauge(
        "evidence_orders", "Orders for pictures that are not done.", lambda s: _one(s.loop.queues.evidence)
    ),
    _gauge("data_free_bytes", "Room on the disk of the data.", lambda s: _one(s.machine.free_bytes)),
    _gauge("data_size_bytes", "Size of the disk of the data.", lambda s: _one(s.machine.disk_bytes)),
    _gauge(
        "data_reserve_bytes",
        "Room that pictures leave to the record (evidence.reserve_mb).",
        lambda s: _one(s.loop.pictures.reserve_bytes),
    ),
    # --- the machine -------------------------------------------------------------------------------
    _gauge("board_temperature_celsius", "The hottest sensor.", lambda s: _one(s.machine.board_c)),
    _gauge(
        "cpu_throttled", "1: the firmware holds the processor back now.", lambda s: _one(s.machine.throttled)
    ),
    _gauge(
        "supply_low", "1: the firmware sees a low supply voltage now.", lambda s: _one(s.machine.supply_low)
    ),
    _gauge(
        "process_resident_bytes",
        "Memory of the program's processes.",
        lambda s: _each(s.machine.processes),
        {"process": "`loop`, `eyes_CAMERA`"},
    ),
    # --- updates -----------------------------------------------------------------------------------
    _gauge(
        "update_state",
        "1 for the state that the update is in, 0 for the others.",
        lambda s: _update_states(s.machine.update),
        {"state": "`" + "`, `".join(state.value for state in UpdateState) + "`"},
    ),
    _gauge(
        "update_failed",
        "1: the last update failed, or its check did.",
        lambda s: _part(s.machine.update, lambda part: part.failed),
    ),
    _gauge(
        "update_checked_timestamp_seconds",
        "When it was last asked whether there is a newer version, in seconds since 1970.",
        lambda s: _part(s.machine.update, lambda part: part.checked_wall_s),
    ),
)
