"""Everything that is exported, at one moment: plain values that nobody changes any more.

`LoopSeen` is taken in the loop, which waits for nothing; `MachineSeen` in the thread that writes the numbers,
which may. None is "not known": such a number is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.cabin.state import Mode
from edge.metrics.numbers import Counted
from edge.terms.record import Channel, RowState
from edge.terms.update import UpdateState


@dataclass(frozen=True, slots=True)
class CabinSeen:
    """`state_for_s` and `locked_for_s` in seconds; `locked_for_s` 0 where nobody is locked in.

    `active_faults` are codes of the catalogue, `anomalies` names of the policy's rows.
    """

    mode: Mode
    state_for_s: float
    door_locked: bool
    locked_for_s: float
    max_lock_s: float
    permit_on: bool
    camera_ok: bool
    frame_ages_s: Mapping[str, float]
    active_faults: frozenset[str]
    anomalies: frozenset[str]
    incidents: int
    clock_set: bool


@dataclass(frozen=True, slots=True)
class ThreadSeen:
    """`silent_s`: since its last sign of life, 0 while it waits for work; from `limit_s` on it hangs."""

    silent_s: float
    limit_s: float
    alive: bool


@dataclass(frozen=True, slots=True)
class QueuesSeen:
    """How many wait: messages by channel and state, transactions, and orders for pictures."""

    messages: Mapping[tuple[Channel, RowState], int]
    record: int
    evidence: int


@dataclass(frozen=True, slots=True)
class RecordSeen:
    """`lines` is the height of the chain: the number of its newest line that is on the card."""

    lines: int
    head_age_s: float
    limit_bytes: float
    holds: int | None


@dataclass(frozen=True, slots=True)
class PicturesSeen:
    kept_bytes: int
    limit_bytes: float
    reserve_bytes: float


@dataclass(frozen=True, slots=True)
class ModemSeen:
    ready: bool
    signal_dbm: int | None
    supply_v: float | None


@dataclass(frozen=True, slots=True)
class BrokerSeen:
    """Of the MQTT broker, where one is set."""

    connected: bool
    quiet_s: float
    connects: int
    losses: int


@dataclass(frozen=True, slots=True)
class LoopSeen:
    """Taken in the loop. `up_s` since the program's start, `wall_s` the machine's own time of day."""

    wall_s: float
    up_s: float
    counted: Counted
    cabin: CabinSeen
    threads: Mapping[str, ThreadSeen]
    queues: QueuesSeen
    record: RecordSeen
    pictures: PicturesSeen
    modem: ModemSeen
    broker: BrokerSeen | None


@dataclass(frozen=True, slots=True)
class UpdateSeen:
    """Where an update stands, and whether that is a failure."""

    state: UpdateState
    failed: bool
    checked_wall_s: float | None


@dataclass(frozen=True, slots=True)
class MachineSeen:
    """Taken in the thread of the numbers. `processes` has the resident memory of each process by its part."""

    board_c: float | None
    throttled: bool | None
    supply_low: bool | None
    free_bytes: int | None
    disk_bytes: int | None
    record_bytes: int | None
    processes: Mapping[str, int]
    certificate_end_wall_s: float | None
    update: UpdateSeen | None


@dataclass(frozen=True, slots=True)
class About:
    """What does not change while the program runs."""

    version: str
    python: str
    board: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one text is made of."""

    about: About
    loop: LoopSeen
    machine: MachineSeen
