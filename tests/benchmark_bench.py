"""What a live look costs the simulated cabin: `python -m tests.benchmark_bench [SECONDS]`.

The drawn cabin with the real networks runs in real time, somebody masked in it, first alone and then with
another process that asks for the view four times a second. Printed: how long a turn of the desk works
(processor time of its thread, so that a busy machine does not count), how long a view takes to make, how late
it comes.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from edge.bench.acting import act
from edge.bench.answering import Hands
from edge.bench.desk import Desk, Props, StoryClock
from edge.bench.showing import Diary, view_of
from edge.bench.turns import RealTime
from edge.bench.wire import Acted, BenchView
from edge.service.plans import look_of
from edge.settings.load import load
from hw.bench import StagedCabin

LOOKS_A_S: Final = 4

_LOOKER: Final = """
import sys, time
from pathlib import Path
from edge.bench.socket import look
folder, seconds, every_s = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
came, end_s = [], time.monotonic() + seconds
while time.monotonic() < end_s:
    began_s = time.monotonic()
    look(folder)
    came.append(time.monotonic() - began_s)
    time.sleep(max(0.0, every_s - came[-1]))
came.sort()
print(len(came), came[len(came) // 2] * 1e3, came[int(len(came) * 0.95)] * 1e3)
"""


def _share(times_s: Sequence[float], share: float) -> float:
    return sorted(times_s)[int(len(times_s) * share)] * 1e3


def _ms(times_s: Sequence[float]) -> str:
    mean_ms = statistics.mean(times_s) * 1e3
    return f"median {_share(times_s, 0.5):.2f}, p95 {_share(times_s, 0.95):.2f}, mean {mean_ms:.2f} ms"


def main(seconds: float) -> None:
    """Run it twice and print."""
    with tempfile.TemporaryDirectory() as made, contextlib.ExitStack() as stack:
        folder, clock, diary = Path(made), StoryClock(wall_s=time.time()), Diary()
        settings, stage = load(None), StagedCabin(clock)
        props = Props(stage, lambda: look_of(settings), every_s=1 / 15.0, stage=stage)
        desk = Desk(settings, props, folder, diary.hear, clock)
        stack.callback(desk.close)
        views_s: list[float] = []

        def view() -> BenchView:
            began_s = time.thread_time()
            seen = view_of(desk, diary)
            views_s.append(time.thread_time() - began_s)
            return seen

        hands = Hands(folder, lambda words: Acted(done=True, said=words), view)
        stack.callback(hands.close)
        act(desk, ["enter", "anna", "with", "mask"])
        _turns(desk, hands, clock, _ends(3.0))  # warm
        print(f"a turn alone:         {_ms(_turns(desk, hands, clock, _ends(seconds)))}")
        looker = subprocess.Popen(
            [sys.executable, "-c", _LOOKER, made, str(seconds), str(1 / LOOKS_A_S)],
            stdout=subprocess.PIPE,
            text=True,
        )
        watched = _turns(desk, hands, clock, lambda: looker.poll() is not None)
        print(f"a turn with {LOOKS_A_S} looks/s: {_ms(watched)}")
        said, _ = looker.communicate(timeout=60)
        number, median_ms, p95_ms = said.split()
        print(f"a view is made in:    {_ms(views_s)} ({number} of them)")
        print(f"and comes after:      median {float(median_ms):.1f}, p95 {float(p95_ms):.1f} ms at who asks")
        print(f"its length:           {len(msgspec.json.encode(view_of(desk, diary)))} bytes")


def _ends(seconds: float) -> Callable[[], bool]:
    end_s = time.monotonic() + seconds
    return lambda: time.monotonic() >= end_s


def _turns(desk: Desk, hands: Hands, clock: StoryClock, over: Callable[[], bool]) -> list[float]:
    """Turns of the live bench until it is over; the processor time of each."""
    worked_s: list[float] = []
    turns = RealTime(desk, clock)
    while not over():
        began_s = time.thread_time()
        turns.turn()
        hands.serve()
        worked_s.append(time.thread_time() - began_s)
        time.sleep(turns.rest_s)
    return worked_s


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
