"""`cabinguard update` with pauses that are too short to wait for."""

from __future__ import annotations

import os
import sys
import time

from edge.cli import main
from edge.updates import change, job


def run() -> int:
    change.LOOK_S = change.STEADY_S = 0.01  # type: ignore[misc]
    if "UPDATE_HEALTH_S" in os.environ:
        health_s = float(os.environ["UPDATE_HEALTH_S"])
        changed = job.change
        job.change = lambda machine, release, _, failed, pause: changed(
            machine, release, health_s, failed, pause
        )
    real = time.sleep
    time.sleep = lambda pause_s: real(min(pause_s, 0.02))
    return main.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run())
