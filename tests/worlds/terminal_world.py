"""A bench behind a pseudo-terminal, and what its user types and reads there."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import termios
import time
from pathlib import Path

from tests.worlds.live_bench import GENEROUS_S


class Terminal:
    """`bench` with these words. `manners` are the terminal's settings from before it runs."""

    def __init__(self, repo: Path, term: str, *words: str, **environment: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:  # pragma: no cover
            os.chdir(repo)
            command = [sys.executable, "-m", "edge", "bench", *words]
            os.execve(sys.executable, command, {**os.environ, "TERM": term, **environment})
        self.manners = termios.tcgetattr(self.fd)
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def until(self, words: str) -> str:
        """What was shown since the last time, up to these words."""
        end_s = time.monotonic() + GENEROUS_S
        while words not in self.shown:
            assert time.monotonic() < end_s, self.shown
            if select.select([self.fd], [], [], 0.5)[0]:
                self.shown += os.read(self.fd, 65536).decode("utf-8", "replace")
        shown, _, self.shown = self.shown.partition(words)
        return shown + words

    def end(self) -> int:
        """Its exit code; -9 where it had to be killed. The terminal is still there."""
        end_s = time.monotonic() + GENEROUS_S
        while time.monotonic() < end_s:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self.fd, 65536).decode("utf-8", "replace")
                except OSError:
                    time.sleep(0.1)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return -signal.SIGKILL

    def close(self) -> int:
        """As `end`, and the terminal is gone."""
        try:
            return self.end()
        finally:
            os.close(self.fd)
