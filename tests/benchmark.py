"""The product's own numbers in one run: `python -m tests.benchmark`. Not a test: it judges nothing.

Every figure is printed with what it is compared with. Numbers of one machine say nothing about another,
ratios do. Other face finders beside ours: `python -m tests.bench_peers`.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from edge.bench.desk import Desk, Props, StoryClock
from edge.bench.seeing import Watcher
from edge.bench.story import find, play
from edge.cabin.events import Appeared, Emptied, Event, FaceFact, FaceJudged, Restarted, Ticked
from edge.cabin.rules import Flow, Rules
from edge.cabin.state import State
from edge.cabin.table import step
from edge.judge.judge import Judge
from edge.loop.happening import Happening
from edge.service.service import SWITCH_S, Service
from edge.settings.load import load
from edge.settings.places import MODELS
from edge.settings.schema import Settings
from edge.vision.face.faces import Faces
from edge.vision.face.seer import FaceSeer
from edge.vision.look import Look
from hw.board import BenchHands, bench_board
from hw.camera.port import Frame
from hw.camera.staged import StagedCabin
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.terminal import PtyModem
from hw.modem.real import open_serial
from hw.ports import Board, Clock, Input


@dataclass(frozen=True)
class Row:
    name: str
    value: str
    compared: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--only", metavar="WORD", default="", help="sections with this word in their title")
    parser.add_argument("--child", choices=["kiosk"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child == "kiosk":
        return child_kiosk(args.folder)
    cv2.setNumThreads(1)
    sections: list[tuple[str, Callable[[int], Iterator[Row]]]] = [
        ("Frame to decision, one 640x480 picture with one face, one thread", frame_to_decision),
        ("The table", table_speed),
        ("Fire and keys, eyes at work and every disk sync 2 s late", reactions),
        ("Processes in service", processes),
        ("The card", card),
    ]
    for title, section in sections:
        if args.only.lower() not in title.lower():
            continue
        print(f"\n{title}")
        for row in section(1 if args.quick else 4):
            print(f"  {row.name:<46} {row.value:>14}  {row.compared}", flush=True)
    return 0


# --- seeing ----------------------------------------------------------------------------------------


def staged_frames(count: int) -> list[Frame]:
    """Pictures of one person who stands at the machine."""
    clock = StoryClock()
    stage = StagedCabin(clock)
    stage.do("enter anna", 0.0)
    clock.move_to(5.0)
    frames = []
    for index in range(count):
        clock.move_to(5.0 + index / 15)
        frames.append(stage.read())
    return frames


def each_ms(work: Callable[[Frame], object], frames: list[Frame], rounds: int) -> float:
    """Median milliseconds of CPU of one call, after one round that is not counted."""
    for frame in frames:
        work(frame)
    taken = []
    for _ in range(rounds):
        for frame in frames:
            began = time.thread_time()
            work(frame)
            taken.append((time.thread_time() - began) * 1000)
    return statistics.median(taken)


def frame_to_decision(effort: int) -> Iterator[Row]:
    frames = staged_frames(20)
    faces = Faces(MODELS)
    find_and_check = each_ms(lambda f: faces(f.grey), frames, effort * 3)
    look = Look([FaceSeer(faces)])
    judge = Judge(Flow(), 0.0, False)
    rules = Rules(Flow())
    held = [step(State(), Restarted(False, False, False, False), 0.0, rules).state]

    def decide(frame: Frame) -> None:
        for fact in judge.observe(look(frame), frame.at_s):
            held[0] = step(held[0], fact, frame.at_s, rules).state

    whole = each_ms(decide, frames, effort * 3)
    yield Row("find and check (two int8 networks)", f"{find_and_check:.2f} ms")
    yield Row("frame to decision (health, scene, judge, table)", f"{whole:.2f} ms")


# --- deciding --------------------------------------------------------------------------------------


def table_speed(effort: int) -> Iterator[Row]:
    rules = Rules(Flow())
    count = 5000 * effort
    state = step(State(), Restarted(False, False, False, False), 0.0, rules).state
    events: list[Event] = [
        Appeared(),
        FaceJudged(FaceFact.PROPER),
        Ticked(),
        FaceJudged(FaceFact.COVERED),
        Ticked(),
        Emptied(),
    ]
    began = time.process_time()
    for index in range(count):
        state = step(state, events[index % len(events)], index * 0.1, rules).state
    yield Row("step()", f"{count / (time.process_time() - began):,.0f} /s", "a kiosk needs fewer than 100 /s")


# --- reacting --------------------------------------------------------------------------------------


class BenchService:
    """A whole kiosk in real time: bench pins, a modem behind a pseudo-terminal, eyes in their own process."""

    def __init__(
        self,
        folder: Path,
        *,
        sync_s: float = 0.0,
        scene: str = "enter anna",
        data: Path | None = None,
        busy: frozenset[int] = frozenset(),
        overrides: Sequence[str] = (),
    ) -> None:
        self._busy = busy
        self.pty = PtyModem(FakeModem("sim800"))
        self.heard: list[Happening] = []
        self.hands: BenchHands
        self.settings: Settings = load(
            None,
            [
                f"paths.data={data or folder / 'data'}",
                f"paths.runtime={folder / 'run'}",
                "people.watchman=+15550100",
                "people.control_room=+15550102",
                "camera.source=staged",
                f"camera.clip={scene}",
                *overrides,
            ],
        )
        self._stack = contextlib.ExitStack()
        sys.setswitchinterval(SWITCH_S)
        self.service = Service(
            self.settings, self._stack, open_parts=self._open, before_sync=lambda: time.sleep(sync_s)
        )
        self._thread = threading.Thread(target=self.service.turn_until_stopped, daemon=True)
        self._thread.start()

    def _open(self, settings: Settings, clock: Clock) -> Board:
        modem = open_serial(self.pty.port, "sim800", clock)
        board, self.hands = bench_board(clock, modem, settings.wiring, busy=self._busy, strict=False)
        return board

    @property
    def runs(self) -> bool:
        """Whether the loop still turns."""
        return self._thread.is_alive()

    def close(self) -> None:
        self.service.stop(15, None)
        self._thread.join()
        self._stack.close()
        self.pty.close()


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def reactions(effort: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="cabinguard-bench-", ignore_cleanup_errors=True) as folder:
        kiosk = BenchService(Path(folder), sync_s=2.0)
        gc.collect()
        gc.freeze()  # as `run` does
        try:
            time.sleep(6.0)
            relay = kiosk.service.board.lock
            drops: list[float] = []
            for index in range(30 * effort):
                name = Input.FIRE if index % 2 else Input.EXIT
                deadline = time.monotonic() + 5.0
                while not kiosk.hands.lock_on and time.monotonic() < deadline:
                    relay.on()  # the relay is switched past the table, so that each drop is a real one
                    time.sleep(0.02)
                kiosk.hands.set_input(name, True, time.monotonic())
                time.sleep(0.15)
                kiosk.hands.set_input(name, False, time.monotonic())
                time.sleep(1.1)
            drops = [value * 1000 for value in kiosk.hands.drops_s()]
            yield Row("fire or exit to the relay's pin, median", f"{statistics.median(drops):.1f} ms")
            yield Row(
                "fire or exit to the relay's pin, p99",
                f"{percentile(drops, 0.99):.1f} ms",
                f"limit 50 ms, {len(drops)} drops",
            )
            pin = kiosk.settings.wiring.sounder.pin
            clicks = []
            for _ in range(60 * effort):
                # In advance: otherwise what delays this thread between its clock and its press would count.
                pressed_s = time.monotonic() + 0.05
                # It completes nothing: the buzz of a refused code has edges of its own.
                kiosk.hands.press("*", pressed_s)
                time.sleep(0.3)
                after = [at_s for at_s, level in kiosk.hands.trace(pin) if at_s >= pressed_s and level]
                if after:
                    clicks.append((after[0] - pressed_s) * 1000)
            yield Row("key to click, median", f"{statistics.median(clicks):.1f} ms")
            yield Row(
                "key to click, p99", f"{percentile(clicks, 0.99):.1f} ms", f"limit 50 ms, {len(clicks)} keys"
            )
        finally:
            kiosk.close()


# --- processes -------------------------------------------------------------------------------------


def child_kiosk(folder: Path) -> int:
    """A whole kiosk in a process of its own, for `processes`: prints when it is ready and when it sees."""
    kiosk = BenchService(folder)
    print("ready", flush=True)
    while kiosk.service.pictures_seen == 0:
        time.sleep(0.01)
    print("sees", flush=True)
    time.sleep(8.0)
    print("settled", flush=True)
    sys.stdin.readline()
    kiosk.close()
    return 0


def processes(effort: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="cabinguard-bench-", ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-m", "tests.benchmark", "--child", "kiosk", "--folder", folder]
        began = time.monotonic()
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            for word, name in (("ready", "start to ready"), ("sees", "start to the first judged picture")):
                while process.stdout.readline().strip() != word:
                    if process.poll() is not None:
                        yield Row(name, "failed")
                        return
                yield Row(name, f"{time.monotonic() - began:.2f} s")
            while process.stdout.readline().strip() != "settled":
                pass
            eyes = children(process.pid)
            loop_mb, eyes_mb = memory_mb(process.pid), sum(memory_mb(pid) for pid in eyes)
            yield Row("memory of the loop's process", f"{loop_mb:.0f} MB", "shared pages counted once (Pss)")
            yield Row("memory of the eyes' process", f"{eyes_mb:.0f} MB")
            yield Row("memory together", f"{loop_mb + eyes_mb:.0f} MB", "limit 150 MB")
            process.stdin.write("\n")
            process.stdin.flush()


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += (task / "children").read_text().split()
    return sorted({int(child) for child in found})


def memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


# --- the card --------------------------------------------------------------------------------------


def written_bytes() -> int:
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    return 0


def card(effort: int) -> Iterator[Row]:
    """What reaches the block device, as the kernel counts it; the ring of pictures lies in memory.

    Each is a kiosk of its own; the share of its start and end is taken off.
    """
    faces = Faces(MODELS)
    start = _written_by("", 1, faces)[0]
    yield Row("a start and an end of the kiosk", f"{start / 1e6:.3f} MB")
    for name, words in (
        ("proper-face", "a customer who shows the face"),
        ("leaves", "somebody warned, who leaves"),
        ("never-shown", "an incident: locked, two wrong codes, opened"),
        ("modem-dead", "an incident: locked for 3 min, nobody reached"),
    ):
        written, pictures = _written_by(name, 30, faces)
        yield Row(words, f"{(written - start) / 1e6:.3f} MB", f"of these pictures {pictures / 1e6:.3f} MB")
    quiet_h = 6 * effort
    day = (_written_by("", quiet_h * 3600, faces)[0] - start) * 24 / quiet_h
    yield Row("an idle day", f"{day / 1e6:.3f} MB", f"from {quiet_h} hours")


def _written_by(story: str, quiet_s: float, faces: Faces) -> tuple[int, int]:
    """Bytes written by a story (none: empty) and some idle time after it; of these, pictures."""
    with (
        tempfile.TemporaryDirectory(prefix="cabinguard-bench-", dir=Path.cwd()) as folder,
        tempfile.TemporaryDirectory(prefix="cabinguard-bench-", dir="/dev/shm") as runtime,
    ):
        clock = StoryClock()
        stage = StagedCabin(clock)
        watcher = Watcher()
        os.sync()
        before = written_bytes()
        desk = Desk(
            load(None),
            Props(stage, lambda: Look([FaceSeer(faces)] if story else []), 0.1 if story else 1.0, stage),
            Path(folder),
            watcher.hear,
            clock,
            runtime=Path(runtime),
        )
        if story:
            outcome = play(find(story), desk, watcher)
            assert not outcome.failure, outcome
        desk.run_to(clock.now_s() + quiet_s)
        desk.close()
        os.sync()
        pictures = sum(p.stat().st_size for p in (Path(folder) / "evidence").rglob("*.jpg"))
        return written_bytes() - before, pictures


if __name__ == "__main__":
    sys.exit(main())
