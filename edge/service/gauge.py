"""The machine's own numbers, read by a thread that may wait and kept for the loop, which may not."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from edge.loop.vitals import MachineSeen

THERMAL: Final = Path("/sys/class/thermal")
_ZONES_MOST: Final = 16
_SENSIBLE_C: Final = (-40.0, 150.0)


class MachineGauge:
    """Looks at the disk of `data` and at the board's hottest sensor; `thermal` None: there is no board."""

    def __init__(self, data: Path, thermal: Path | None = THERMAL) -> None:
        self._data = data
        self._thermal = thermal
        self._seen = MachineSeen()

    def look(self) -> None:
        """Read them. May wait; never raises."""
        self._seen = MachineSeen(self._board_c(), self._free_mb())

    def seen(self) -> MachineSeen:
        """What was read last."""
        return self._seen

    def _free_mb(self) -> float | None:
        try:
            disk = os.statvfs(self._data)
        except OSError:
            return None
        return round(disk.f_bavail * disk.f_frsize / 1e6)

    def _board_c(self) -> float | None:
        if self._thermal is None:
            return None
        found: list[float] = []
        with contextlib.suppress(OSError):
            for zone in sorted(self._thermal.glob("thermal_zone*/temp"))[:_ZONES_MOST]:
                with contextlib.suppress(OSError, ValueError):
                    found.append(int(zone.read_text()) / 1000)
        low, high = _SENSIBLE_C
        return max((round(one, 1) for one in found if low < one < high), default=None)
