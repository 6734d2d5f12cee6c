"""`cabinguard run`, with a drawn cabin before its camera: the one thing that no virtual machine has.

`run` itself takes real cameras only. Here somebody with a mask is in the cabin from the start; all the rest
is the kiosk's own. The settings file is the first argument.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path

from edge.service.service import SWITCH_S, Service
from edge.settings.load import load


def main() -> int:
    settings = load(
        Path(sys.argv[1]),
        ["camera.source=staged", "camera.clip=enter anna with mask", "camera.fps=4"],
    )
    sys.setswitchinterval(SWITCH_S)
    with contextlib.ExitStack() as stack:
        service = Service(settings, stack, verbose=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, service.stop)
        service.turn_until_stopped()
    return 0


if __name__ == "__main__":
    sys.exit(main())
