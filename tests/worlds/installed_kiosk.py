"""A whole kiosk of an installed version, over bench pins and a bench camera: run with that version's Python.

Started by the stand-in for systemd of `tests/updates/test_real.py`; nothing of the tests is imported.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path

from edge.service import service as module
from edge.service.service import Service
from edge.settings.load import load
from edge.settings.schema import Settings
from hw.board import bench_board
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.terminal import PtyModem
from hw.modem.real import open_serial
from hw.ports import Board, Clock

MODEM = PtyModem(FakeModem("sim800"))


def opened(settings: Settings, clock: Clock) -> Board:
    return bench_board(clock, open_serial(MODEM.port, "sim800", clock), settings.wiring, strict=False)[0]


def run(settings_file: Path) -> None:
    module.RESTART_AFTER_S = 0.0  # type: ignore[misc]
    with contextlib.ExitStack() as stack:
        service = Service(load(settings_file, ["camera.source=staged"]), stack, open_parts=opened)
        signal.signal(signal.SIGTERM, service.stop)
        service.turn_until_stopped()


if __name__ == "__main__":
    run(Path(sys.argv[1]))
