"""What the page costs: the memory of its process, and what its visitors cost the kiosk's loop, side by side.

    python -m tests.bench_panel [--rounds 3] [--for-s 20]

A whole kiosk runs in one process and its page in another, as on the Pi (the page behind the kiosk in the
scheduler, as its unit has it). Nobody, twenty browsers, and twenty browsers with forty attackers take turns
in one run; the clients run behind both. Not a test: it judges nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import msgspec

from tests.benchmark import BenchService, percentile
from tests.worlds.ports import free_port

BROWSERS: Final = 20
KEY_S: Final = 0.25
MEMORY_LIMIT_MIB: Final = 40.0

Times = dict[str, list[float]]
"""Milliseconds by the name of what was measured."""


# --- the kiosk's process ---------------------------------------------------------------------------


def child_kiosk(folder: Path, visitors_on: IO[str]) -> int:
    """A kiosk that measures itself for as many seconds as each line says, and answers `Times` as JSON."""
    kiosk = BenchService(folder)
    service = kiosk.service
    times: Times = {"turn": [], "frame": [], "key": []}
    observe, turn_s = service.kiosk.observe, [time.monotonic()]

    def observed(seen: object, now_s: float, *more: object) -> None:
        observe(seen, now_s, *more)  # type: ignore[arg-type]
        at_s = getattr(seen, "at_s", None)
        if isinstance(at_s, float):
            times["frame"].append((time.monotonic() - at_s) * 1000)

    service.kiosk.observe = observed  # type: ignore[method-assign,assignment]
    polled = service.kiosk.poll

    def poll(now_s: float) -> None:
        polled(now_s)
        times["turn"].append((time.monotonic() - turn_s[0]) * 1000)
        turn_s[0] = time.monotonic()

    service.kiosk.poll = poll  # type: ignore[method-assign]
    gc.collect()
    gc.freeze()  # as `run` does
    while service.pictures_seen == 0:
        time.sleep(0.01)
    print("sees", flush=True)
    pin = kiosk.settings.wiring.sounder.pin
    for line in visitors_on:
        for values in times.values():
            values.clear()
        end_s = time.monotonic() + float(line)
        while time.monotonic() < end_s:
            pressed_s = time.monotonic() + 0.05
            kiosk.hands.press("*", pressed_s)
            time.sleep(KEY_S)
            after = [at_s for at_s, level in kiosk.hands.trace(pin) if at_s >= pressed_s and level]
            if after:
                times["key"].append((after[0] - pressed_s) * 1000)
        print(json.dumps(times), flush=True)
    kiosk.close()
    return 0


# --- who looks ---------------------------------------------------------------------------------------


@dataclass
class Visitors:
    """Browsers and attackers, each in a thread of its own; `heard` counts what came."""

    port: int
    over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    parts: int = 0
    pictures: int = 0
    refused: int = 0

    def come(self, count: int, what: Callable[[], None]) -> None:
        for _ in range(count):
            thread = threading.Thread(target=self._again, args=(what,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def leave(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(20.0)

    def _again(self, what: Callable[[], None]) -> None:
        while not self.over.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                what()
            self.over.wait(0.2)

    def browser(self) -> None:
        """Loads the page with what belongs to it, then follows it and loads each new picture."""
        page = self._get("/").decode()
        for path in ("/static/style.css", "/static/shell.js", "/static/morph.js"):
            self._get(path)
        mark = re.search(r'data-mark="([^"]+)"', page)
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        link.request("GET", f"/live?from={mark[1] if mark else ''}")
        answer = link.getresponse()
        if answer.status != 200:
            self.refused += 1
        try:
            while not self.over.is_set() and (line := answer.readline()):
                if line.startswith(b"data: {"):
                    self.parts += 1
                    for path in re.findall(rb'src=\\"(/live/[^"\\]+)', line):
                        self._get(path.decode())
                        self.pictures += 1
        finally:
            link.close()

    def _get(self, path: str) -> bytes:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            link.request("GET", path)
            return link.getresponse().read()
        finally:
            link.close()

    def dripper(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as link:
            link.sendall(b"GET / HTTP/1.1\r\n")
            while not self.over.is_set():
                link.sendall(b"X: y\r\n")
                time.sleep(0.2)

    def glutton(self) -> None:
        """Asks for the page and takes nothing."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as link:
            link.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.over.wait(3.0)

    def hammer(self) -> None:
        self._get("/now")
        self._get("/nothing")


# --- both --------------------------------------------------------------------------------------------


def memory_mib(pid: int) -> dict[str, float]:
    """VmRSS and VmHWM of a process, and its proportional share."""
    said = Path(f"/proc/{pid}/status").read_text() + Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {
        name: int(found[1]) / 1024
        for name in ("VmRSS", "VmHWM", "Pss")
        if (found := re.search(rf"^{name}:\s+(\d+) kB", said, re.M)) is not None
    }


@contextlib.contextmanager
def page_of(folder: Path, port: int) -> Iterator[int]:
    """The page's process, as its unit starts it; its process id."""
    words = [f"paths.data={folder / 'data'}", f"paths.runtime={folder / 'run'}", f"panel.port={port}"]
    words += ["panel.live=true", "panel.pictures=true"]
    options = [part for word in words for part in ("--set", word)]
    unit = (Path(__file__).parents[1] / "systemd" / "cabinguard-panel.service").read_text("utf-8")
    own = dict(pair.split("=", 1) for pair in re.findall(r"^Environment=(.*)$", unit, re.M)[0].split())
    command = ["nice", "-n", "15", sys.executable, "-m", "edge", "panel", *options]
    page = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **own})
    try:
        assert page.stdout is not None
        page.stdout.readline()
        yield page.pid
    finally:
        page.terminate()
        page.wait()


KINDS: Final = ("nobody", "20 browsers", "20 browsers, 40 attackers")


def run(rounds: int, for_s: float) -> None:
    with tempfile.TemporaryDirectory(prefix="cabinguard-bench-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        command = [sys.executable, "-m", "tests.bench_panel", "--child", name]
        kiosk = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert kiosk.stdin is not None
        assert kiosk.stdout is not None
        while kiosk.stdout.readline().strip() != "sees":
            assert kiosk.poll() is None
        taken: dict[str, Times] = {kind: {"turn": [], "frame": [], "key": []} for kind in KINDS}
        with page_of(folder, port) as pid:
            # Who looks is elsewhere in a cabin: here they stand behind all else.
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            time.sleep(3.0)
            print(f"page's process, nobody looked yet: {memory_mib(pid)['VmRSS']:.1f} MiB RSS")
            for turn in range(rounds):
                for kind in KINDS:
                    one = visitors(kind, port)
                    time.sleep(3.0)
                    kiosk.stdin.write(f"{for_s}\n")
                    kiosk.stdin.flush()
                    said = msgspec.json.decode(kiosk.stdout.readline(), type=Times)
                    for what, values in said.items():
                        taken[kind][what] += values
                    memory = memory_mib(pid)
                    print(
                        f"round {turn + 1}, {kind}: {one.parts} pieces, {one.pictures} pictures, "
                        f"{one.refused} streams refused; page {memory['VmRSS']:.1f} MiB RSS, "
                        f"at most {memory['VmHWM']:.1f}, {memory['Pss']:.1f} Pss",
                        flush=True,
                    )
                    one.leave()
            memory = memory_mib(pid)
        kiosk.stdin.close()
        kiosk.wait()
    tell(taken)
    print(f"page's process at most {memory['VmHWM']:.1f} MiB RSS (limit {MEMORY_LIMIT_MIB:.0f})")


def visitors(kind: str, port: int) -> Visitors:
    one = Visitors(port)
    if kind != KINDS[0]:
        one.come(BROWSERS, one.browser)
    if kind == KINDS[2]:
        one.come(20, one.dripper)
        one.come(10, one.glutton)
        one.come(10, one.hammer)
    return one


def tell(taken: dict[str, Times]) -> None:
    """Median, 99 of 100 and the longest of each, and how it stands to nobody looking."""
    words = {
        "turn": "one turn of the loop to the next",
        "frame": "frame to the table",
        "key": "key to its click",
    }
    alone = taken[KINDS[0]]
    for what, title in words.items():
        for kind in KINDS:
            values = taken[kind][what]
            median, most = statistics.median(values), percentile(values, 0.99)
            ratio = median / statistics.median(alone[what])
            far = most / percentile(alone[what], 0.99)
            print(
                f"{title:<34} {kind:<28} median {median:7.1f} ms ({ratio:.2f}), "
                f"p99 {most:7.1f} ms ({far:.2f}), longest {max(values):7.1f} ms, {len(values)}"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--for-s", type=float, default=20.0)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is not None:
        return child_kiosk(args.child, sys.stdin)
    run(args.rounds, args.for_s)
    return 0


if __name__ == "__main__":
    sys.exit(main())
