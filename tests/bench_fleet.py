"""A fleet at one broker: `python -m tests.bench_fleet --kiosks 10000`.

Real Mosquitto with TLS and a certificate for each kiosk, the kiosks' own code for their messages, the broker
killed and back, a control room that reads. Prints the times, memory and processor time, and what was lost or
came twice without a mark: both have to be 0, or it ends with 1.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.worlds.fleet_run import Outcome, Story, run
from tests.worlds.many_kiosks import Habit

BACK_WITHIN_S: Final = 60.0


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench_fleet", description=__doc__)
    parser.add_argument("--kiosks", type=int, default=200, help="how many (1 to 12000)")
    parser.add_argument("--processes", type=int, default=2, help="that they are spread over")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two messages of a kiosk")
    parser.add_argument("--begin", type=float, default=20.0, help="all begin within so many seconds")
    parser.add_argument("--steady", type=float, default=45.0, help="seconds in order before the kill")
    parser.add_argument("--down", type=float, default=10.0, help="seconds without a broker")
    parser.add_argument("--after", type=float, default=20.0, help="seconds in order afterwards")
    asked = parser.parse_args(given)
    if not 1 <= asked.kiosks <= 12_000:
        parser.error("1 to 12000 kiosks")
    story = Story(
        kiosks=asked.kiosks,
        processes=asked.processes,
        habit=Habit(every_s=asked.every, begin_s=asked.begin),
        steady_s=asked.steady,
        down_s=asked.down,
        after_s=asked.after,
    )
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        out = run(Path(folder), story)
    show(story, out)
    return 0 if out.lost == 0 and out.unmarked == 0 and out.back_s[-1] <= BACK_WITHIN_S else 1


def show(story: Story, out: Outcome) -> None:
    """The figures, a line each."""
    count = story.kiosks
    print(f"kiosks                    {count}, each with its own key and certificate")
    print(f"connected                 {_spread(out.connect_s)} s, begun over {story.habit.begin_s:g} s")
    print(f"back after the kill       {_spread(out.back_s)} s from the broker's return")
    print(f"a connection opens in     {_spread(out.opening_s)} s (TCP, TLS, MQTT)")
    print(f"decided, read             {out.decided}, {out.read}")
    print(f"lost                      {out.lost}")
    print(f"repeats                   {out.repeated} marked, {out.unmarked} unmarked")
    print(f"notices of gaps           {out.notices}")
    print(f"waited without a broker   {out.waited_most} messages over {story.down_s:g} s")
    print(f"decided to read           {_spread(out.late_s)} s before the kill")
    print(f"memory of the broker      {out.broker_kb / 1024:.0f} MiB with all connected")
    print(f"  each kiosk there        {(out.broker_kb - out.broker_empty_kb) / count:.1f} KiB")
    print(f"  each kiosk here         {out.kiosk_kb:.0f} KiB in a process of many")
    print(
        f"processor time            broker {out.broker_cpu_s:.0f} s, kiosks {out.kiosks_cpu_s:.0f} s, ",
        end="",
    )
    print(f"control room {out.desk_cpu_s:.0f} s; {out.connect_cpu_s:.0f} s of it until all were connected")
    print(f"  until all were back     broker {out.back_broker_cpu_s:.0f} s, kiosks {out.back_cpu_s:.0f} s")
    print(f"the control room          connected {out.desk_connects} times, drained after {out.drain_s:.1f} s")
    print(f"took                      {out.took_s:.0f} s")


def _spread(sorted_s: Sequence[float]) -> str:
    def at(share: float) -> float:
        return sorted_s[min(len(sorted_s) - 1, int(share * len(sorted_s)))] if sorted_s else float("nan")

    return f"median {at(0.5):.2f}, 90 % {at(0.9):.2f}, 99 % {at(0.99):.2f}, last {at(1.0):.2f}"


if __name__ == "__main__":
    raise SystemExit(main())
