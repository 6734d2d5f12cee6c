"""What a broker costs a kiosk: the loop's turn while it is away and thousands of messages wait, and memory.

    python -m tests.bench_broker

Prints what it measured; `edge/docs/mqtt.md` has the numbers of a run.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from edge.bench.broker import Mood
from edge.terms.record import Channel, OutboxRow, Recipient
from tests.fleet.fleet_world import at_broker, events
from tests.worlds.desk_world import scripted_desk

TURNS = 400
WAITING = 5000


def turn_ms(waiting: int, mood: Mood) -> tuple[float, float]:
    """The loop's poll with so many messages waiting: median and 99th of `TURNS`, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        desk, _ = scripted_desk(Path(folder), settings=at_broker("mqtt.keep_messages=50000"))
        desk.broker.be(mood)
        desk.run_to(3.0)
        streams = desk.built.parts.streams
        assert streams is not None
        for number in range(waiting):
            row = OutboxRow(
                number + 10, 0, "locked", 0, Recipient.CONTROL_ROOM, Channel.MQTT, desk.clock.wall_s(), 1e6
            )
            desk.built.parts.outbox.add(streams.numbered(row))
        took: list[float] = []
        for _ in range(TURNS):
            desk.clock.move_to(desk.clock.now_s() + 0.05)
            began_s = time.perf_counter()
            desk.kiosk.poll(desk.clock.now_s())
            assert desk.built.fleet is not None
            desk.built.fleet.poll(desk.clock.now_s())
            took.append((time.perf_counter() - began_s) * 1000)
        desk.close()
    return statistics.median(took), sorted(took)[TURNS * 99 // 100]


def drained_s(waiting: int) -> float:
    """How long it takes to tell the broker of the bench all of them, in seconds of this machine."""
    with tempfile.TemporaryDirectory() as folder:
        desk, _ = scripted_desk(Path(folder), settings=at_broker("mqtt.keep_messages=50000"))
        desk.broker.be(Mood.DOWN)
        desk.run_to(3.0)
        for _ in range(waiting):
            desk.kiosk.report("ok", desk.clock.now_s())
            desk.kiosk.poll(desk.clock.now_s())
        desk.broker.be(Mood.UP)
        began_s = time.perf_counter()
        while desk.kiosk.messages_for_broker:
            desk.clock.move_to(desk.clock.now_s() + 0.05)
            desk.kiosk.poll(desk.clock.now_s())
        took_s = time.perf_counter() - began_s
        assert len(events(desk.broker)) == waiting
        desk.close()
    return took_s


def imported_kb(module: str) -> int:
    """What importing it adds to a kiosk's memory, in KiB."""
    code = (
        "import re, edge.service.service\n"
        "def rss(): return int(re.search(r'VmRSS:\\s*(\\d+)', open('/proc/self/status').read())[1])\n"
        f"before = rss(); import {module}; print(rss() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


def main() -> None:
    for waiting, mood in ((0, Mood.UP), (0, Mood.DOWN), (WAITING, Mood.DOWN), (WAITING, Mood.HANGS)):
        median, late = turn_ms(waiting, mood)
        print(f"turn of the loop, {waiting} messages wait, broker {mood}: {median:.3f} ms, p99 {late:.3f} ms")
    print(f"{500} messages told after the broker came back: {drained_s(500):.1f} s")
    print(f"memory of paho and of what stands on it: {imported_kb('edge.service.broker') / 1024:.1f} MB")
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
