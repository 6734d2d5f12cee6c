"""What the numbers cost the loop: `python -m tests.metrics.cost`. Not a test: it judges nothing.

A whole kiosk runs in real time, by turns with and without numbers; what each turn of its loop takes of the
processor is read from the thread's own clock, so that waiting and other programs do not count.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from edge.metrics.numbers import Numbers
from edge.metrics.snapshot import About, MachineSeen, Snapshot
from edge.metrics.text import text_of
from edge.terms.observation import CameraHealth, Observation
from edge.terms.record import Channel, OutboxRow, Recipient
from hw.clock import SystemClock
from tests.benchmark import BenchService, memory_mb, percentile
from tests.metrics.scene import Scene
from tests.worlds.ports import free_port

WARM_S: Final = 6.0
CALLERS: Final = 20


class Turns(msgspec.Struct):
    """Microseconds of each turn, of the processor, and of each poll, by the clock; the process's memory."""

    cpu_us: list[float] = []
    polled_us: list[float] = []
    memory_mb: float = 0.0


def measured(seconds: float, counted: bool, hostile: bool = False) -> Turns:
    """A kiosk in a process of its own for so long."""
    words = [sys.executable, "-m", "tests.metrics.cost", "--child", "--seconds", f"{seconds}"]
    words += [*(["--counted"] if counted else []), *(["--hostile"] if hostile else [])]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Turns)


def live(seconds: float, counted: bool, hostile: bool) -> Turns:
    """The kiosk, in this process."""
    turns, port = Turns(), free_port()
    with tempfile.TemporaryDirectory(prefix="cabinguard-bench-", ignore_cleanup_errors=True) as folder:
        there = [f"metrics.port={port}", f"metrics.textfile_folder={folder}", "metrics.every_s=15"]
        kiosk = BenchService(Path(folder), scene="enter anna", overrides=there if counted else ())
        try:
            time.sleep(WARM_S)
            turn, poll = kiosk.service.turn, kiosk.service.kiosk.poll

            def timed() -> bool:
                began_s = time.thread_time()
                goes_on = turn()
                turns.cpu_us.append((time.thread_time() - began_s) * 1e6)
                return goes_on

            def polled(now_s: float) -> None:
                began_s = time.monotonic()
                poll(now_s)
                turns.polled_us.append((time.monotonic() - began_s) * 1e6)

            kiosk.service.turn = timed  # type: ignore[method-assign]
            kiosk.service.kiosk.poll = polled  # type: ignore[method-assign]
            with callers(port) if hostile else contextlib.nullcontext():
                time.sleep(seconds)
            turns.memory_mb = memory_mb(os.getpid())
        finally:
            kiosk.close()
    return turns


@contextlib.contextmanager
def callers(port: int) -> Iterator[None]:
    """A process that asks and breaks off, asks for nothing, drips and takes nothing, as fast as it can."""
    with subprocess.Popen([sys.executable, "-m", "tests.metrics.cost", "--call", str(port)]) as process:
        try:
            yield
        finally:
            process.kill()


def be_hostile(port: int) -> int:
    def call() -> None:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5.0) as link:
                link.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n")
                link.sendall(b"\r\n" if os.urandom(1)[0] % 2 else b"X: y")
                link.settimeout(0.05)
                link.recv(10)

    for _ in range(CALLERS):
        threading.Thread(target=call, daemon=True).start()
    while True:
        time.sleep(60.0)


def rows(seconds: float, rounds: int) -> Iterator[str]:
    """The lines of the table, as the docs have it."""
    yield from pieces()
    plain, counted = Turns(), Turns()
    for _ in range(rounds):
        for on, to in ((False, plain), (True, counted)):
            turns = measured(seconds, on)
            to.cpu_us += turns.cpu_us
            to.polled_us += turns.polled_us
            to.memory_mb = turns.memory_mb
    hostile = measured(seconds, True, hostile=True)
    yield from compared("turns of the loop, mean", [plain.cpu_us, counted.cpu_us, hostile.cpu_us], None)
    yield from compared("turns of the loop, median", [plain.cpu_us, counted.cpu_us, hostile.cpu_us], 0.5)
    yield from compared("turns of the loop, p99", [plain.cpu_us, counted.cpu_us, hostile.cpu_us], 0.99)
    polled = [plain.polled_us, counted.polled_us, hostile.polled_us]
    yield from compared("a poll of the kiosk by the clock, p99", polled, 0.99)
    memory = [f"{one.memory_mb:.0f} MB" for one in (plain, counted, hostile)]
    yield f"| memory of the loop's process | {' | '.join(memory)} | shared pages counted once (Pss) |"


def compared(name: str, of: Sequence[list[float]], share: float | None) -> Iterator[str]:
    found = [sum(one) / len(one) if share is None else percentile(one, share) for one in of]
    plain, counted, hostile = found
    turns = " / ".join(f"{len(one)}" for one in of)
    yield (
        f"| {name} | {plain:.0f} µs | {counted:.0f} µs ({counted / plain:.2f}) | {hostile:.0f} µs "
        f"({hostile / plain:.2f}) | {turns} turns |"
    )


def pieces() -> Iterator[str]:
    """What single calls take, in the loop and in the thread of the numbers."""
    clock = SystemClock()
    numbers = Numbers(clock.now_s, ("weapon",))
    seen = Observation(1, clock.now_s(), (640, 480), (), 0.0, CameraHealth.OK)
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder))
        scene.desk.run_to(5.0)
        measuring = scene.desk.built.measuring
        assert measuring is not None
        took_us = {
            "a frame counted (loop)": each_us(lambda: numbers.framed(seen)),
            "a turn counted (loop)": each_us(lambda: numbers.turned(clock.now_s())),
            "a happening heard (loop)": each_us(lambda: numbers.hear("fact", {"name": "weapon"})),
            "numbers taken, once in `every_s` (loop)": each_us(lambda: measuring.taken(10.0), 300),
        }
        outbox = scene.desk.built.parts.outbox
        for number in range(1000):
            outbox.add(OutboxRow(number, 0, "daily", 0, Recipient.CONTROL_ROOM, Channel.EMAIL, 0.0, 9e9))
        took_us["the same with 1000 messages waiting (loop)"] = each_us(lambda: measuring.taken(10.0), 300)
        nothing = MachineSeen(None, None, None, None, None, None, {}, None, None)
        snapshot = Snapshot(About("1", "3", "x"), measuring.taken(10.0), nothing)
        took_us["the text made, once in `every_s` (thread)"] = each_us(lambda: text_of(snapshot), 100)
        scene.desk.close()
    for name, us in took_us.items():
        yield f"| {name} | - | {us:.1f} µs | | processor's time |"


def each_us(do: object, times: int = 20_000) -> float:
    assert callable(do)
    began_s = time.thread_time()
    for _ in range(times):
        do()
    return (time.thread_time() - began_s) / times * 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--counted", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--hostile", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--call", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.call:
        return be_hostile(args.call)
    if args.child:
        sys.stdout.buffer.write(msgspec.json.encode(live(args.seconds, args.counted, args.hostile)))
        return 0
    print("| | without | with numbers | with 20 hostile callers | |\n|---|---|---|---|---|", flush=True)
    for row in rows(args.seconds, args.rounds):
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
