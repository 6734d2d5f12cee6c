"""The machine's numbers for the thread that writes them down: disk, heat, memory, certificate, update.

It may wait for a disk; the loop never calls it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, assert_never

import msgspec

from edge.journal.file import NAME as JOURNAL
from edge.metrics import machine
from edge.metrics.snapshot import MachineSeen, UpdateSeen
from edge.service.gauge import MachineGauge
from edge.settings.schema import Settings
from edge.terms.update import UPDATE_FILE, UpdateShown, UpdateState

CERTIFICATE_S: Final = 60.0
"""The certificate is read again after so long: it is parsed each time."""

_DAY_S: Final = 86400.0
_MOST_BYTES: Final = 100_000


class MachineReader:
    """Of one kiosk whose record and pictures are in `data`; `thermal` None: there is no board."""

    def __init__(
        self, settings: Settings, data: Path, thermal: Path | None, wall_s: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._data = data
        self._wall_s = wall_s
        self._gauge = MachineGauge(data, thermal)
        self._certificate_end_wall_s: float | None = None
        self._read_at_s = float("-inf")

    def read(self) -> MachineSeen:
        """Look at all of it. Never raises."""
        self._gauge.look()
        held, disk, journal = machine.held_back(), machine.disk_of(self._data), self._data / JOURNAL
        return MachineSeen(
            board_c=self._gauge.seen().board_c,
            throttled=None if held is None else held.throttled,
            supply_low=None if held is None else held.supply_low,
            free_bytes=None if disk is None else disk.free,
            disk_bytes=None if disk is None else disk.size,
            record_bytes=machine.size_of(journal, journal.with_name(f"{JOURNAL}-wal")),
            processes=machine.memory(),
            certificate_end_wall_s=self._certificate_end(),
            update=update_seen(Path(self._settings.paths.runtime) / UPDATE_FILE),
        )

    def _certificate_end(self) -> float | None:
        """Right by a wrong clock too, which is taken off and added again."""
        if not self._settings.mqtt.host:
            return None
        from edge.fleet.certificate import certificate_days_left  # what reads it is large

        wall_s = self._wall_s()
        if abs(wall_s - self._read_at_s) >= CERTIFICATE_S:
            self._read_at_s = wall_s
            days = certificate_days_left(self._settings, wall_s)
            self._certificate_end_wall_s = None if days is None else wall_s + days * _DAY_S
        return self._certificate_end_wall_s


def update_seen(file: Path) -> UpdateSeen | None:
    """What the updates show of themselves; None where there are none, or it cannot be understood."""
    try:
        with file.open("rb") as opened:
            shown = msgspec.json.decode(opened.read(_MOST_BYTES), type=UpdateShown)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return UpdateSeen(shown.state, _is_failure(shown.state), shown.checked_wall_s)


def _is_failure(state: UpdateState) -> bool:
    match state:
        case UpdateState.UNDONE | UpdateState.REFUSED:
            return True
        case (
            UpdateState.NONE
            | UpdateState.FETCHING
            | UpdateState.WAITING
            | UpdateState.CHANGING
            | UpdateState.TAKEN
        ):
            return False
        case _:
            assert_never(state)
