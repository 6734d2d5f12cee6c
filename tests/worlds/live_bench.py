"""A live bench in processes of its own, asked over its socket as the page asks it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from edge.bench.leaving import scratch
from edge.bench.part import KeeperOrder, word_of
from edge.bench.socket import ask_bench, look
from edge.bench.wire import Act, Acted, BenchReply, BenchRequest, BenchView, Plug, StoryAsk
from edge.faults.fault import FaultError

GENEROUS_S: Final = 250.0
SOON: Final = ("flow.adjust_after_s=2", "flow.lock_after_s=8", "flow.prompt_lead_s=3")
_PATIENT_S: Final = 90.0


class LiveBench:
    """`process` is the keeper; `runtime` has its socket."""

    def __init__(self, process: subprocess.Popen[str], runtime: Path) -> None:
        self.process = process
        self.runtime = runtime

    def ask(self, request: BenchRequest) -> BenchReply:
        return ask_bench(self.runtime, request, _PATIENT_S)

    def do(self, words: str) -> str:
        """The sentence that comes back."""
        return self._said(Act(words))

    def plug(self, to: str) -> str:
        return self._said(Plug("out") if to == "out" else Plug("in"))

    def story(self, request: StoryAsk) -> str:
        return self._said(request)

    def _said(self, request: BenchRequest) -> str:
        reply = self.ask(request)
        assert isinstance(reply, Acted), reply
        return reply.said

    def until(self, what: str, come: Callable[[BenchView], bool]) -> BenchView:
        """The first view in which this has come."""
        end_s = time.monotonic() + GENEROUS_S
        seen: BenchView | None = None
        while time.monotonic() < end_s:
            assert self.process.poll() is None, "the bench has ended"
            try:
                seen = look(self.runtime)
            except FaultError:  # it is being started, or the machine is busy
                seen = None
            if seen is not None and come(seen):
                return seen
            time.sleep(0.1)
        said = "nothing" if seen is None else f"{seen.state} at {seen.time_s:.1f} s, {seen.happenings[-8:]}"
        raise AssertionError(f"{what} did not come: {said}")

    def up(self) -> BenchView:
        """The cabin's process is there."""
        return self.until("the cabin", lambda view: not view.booting)

    @property
    def home(self) -> Path:
        """The keeper's own folder, from what it told the process that tidies up after it."""
        for pid in children_of(self.process.pid):
            for word in (Path("/proc") / str(pid) / "cmdline").read_text().split("\0"):
                if re.fullmatch(r"/.*/cabinguard-bench-[0-9a-f]{8}", word):
                    return Path(word)
        raise AssertionError("the keeper has no folder")

    def cabin(self) -> int:
        """The number of the cabin's process."""
        return next(pid for pid in children_of(self.process.pid) if "--part" in _command(pid))

    def page(self) -> int:
        return next(pid for pid in children_of(self.process.pid) if "edge.bench.page" in _command(pid))


@contextmanager
def live_bench(
    repo: Path, *settings: str, page: bool = False, stories: Path | None = None
) -> Iterator[LiveBench]:
    """One without a terminal; killed at the end where it still runs."""
    with scratch("live") as folder:
        runtime = Path(folder) / "run"
        order = KeeperOrder(
            overrides=(f"paths.runtime={runtime}", *SOON, *settings),
            typed=False,
            page=page,
            stories=None if stories is None else str(stories),
        )
        words = [sys.executable, "-m", "edge.bench.keeper", word_of(order)]
        process = subprocess.Popen(
            words,
            cwd=repo,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield LiveBench(process, runtime)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=GENEROUS_S)


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            stat = (entry / "stat").read_text() if entry.name.isdigit() else ""
        except OSError:
            continue
        if stat and int(stat.rpartition(")")[2].split()[1]) == pid:
            found.append(int(entry.name))
    return found


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what: str, until: Callable[[], bool]) -> None:
    end_s = time.monotonic() + GENEROUS_S
    while not until():
        assert time.monotonic() < end_s, what
        time.sleep(0.1)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _command(pid: int) -> list[str]:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_text().split("\0")
    except OSError:
        return []
