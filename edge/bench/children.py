"""The processes that a keeper starts, watches and ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from edge.bench.leaving import Left
from edge.bench.part import KeeperOrder, Part, word_of
from edge.settings.places import settings_file
from edge.settings.schema import Settings

_STOP_WITHIN_S: Final = 5.0
_ROOT: Final = Path(__file__).parents[2]


class Child:
    """A process. `ended` is called once, in a thread of its own, when it is over."""

    def __init__(self, process: subprocess.Popen[bytes], left: Left, ended: Callable[[Child], None]) -> None:
        self.pid = process.pid
        left.add(self.pid)
        self._process = process
        self._left = left
        self._over = threading.Event()
        threading.Thread(target=self._watch, args=(ended,), name="child", daemon=True).start()

    def wait(self, within_s: float | None = None) -> int | None:
        """Its exit code, negative for the signal that ended it; None where it goes on after this time."""
        if not self._over.wait(within_s):
            return None
        self._left.remove(self.pid)
        return self._process.wait()

    def stop(self, *, kill: bool = False) -> None:
        """End it: asked first, or at once by a kill that nothing can catch."""
        if not self._over.is_set():
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        if self.wait(None if kill else _STOP_WITHIN_S) is None:
            self._process.kill()
            self.wait()

    def _watch(self, ended: Callable[[Child], None]) -> None:
        # It stays a zombie, and its number its own, until `wait` has taken it off the list.
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        self._over.set()
        ended(self)


class Cabin(Child):
    """The cabin's process: it has the terminal."""

    def __init__(self, part: Part, left: Left, ended: Callable[[Child], None]) -> None:
        command = [sys.executable, "-m", "edge", "bench", "--part", word_of(part)]
        stdin = None if part.order.typed else subprocess.DEVNULL
        super().__init__(subprocess.Popen(command, stdin=stdin), left, ended)


class PageChild(Child):
    """The page's process. `on_address` is called, in a thread of its own, with where it is."""

    def __init__(
        self, words: Sequence[str], left: Left, ended: Callable[[Child], None], said: Callable[[str], None]
    ) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=_ROOT,
            start_new_session=True,  # a Ctrl-C at the prompt is the cabin's; the page outlives its plug
        )
        super().__init__(process, left, ended)
        threading.Thread(target=self._listen, args=(process, said), name="page-says", daemon=True).start()

    @staticmethod
    def _listen(process: subprocess.Popen[bytes], said: Callable[[str], None]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said(line.decode("utf-8", "replace").rstrip())


def page_words(order: KeeperOrder, settings: Settings, runtime: Path, shown: Path) -> list[str]:
    """How the page is started over the record that `shown` leads to."""
    words = ["edge.bench.page", "--bench", str(runtime.absolute())]
    path = settings_file(None if order.settings is None else Path(order.settings))
    if path is not None:
        words += ["--settings", str(path.absolute())]
    paths = (f"paths.data={shown}", f"paths.runtime={runtime.absolute()}")
    port = () if any(_names_port(o) for o in order.overrides) else (f"panel.port={free_port(settings)}",)
    for override in (*order.overrides, *paths, *port, "panel.live=true", "panel.pictures=true"):
        words += ["--set", override]
    return words


def _names_port(override: str) -> bool:
    return override.partition("=")[0].strip() == "panel.port"


def free_port(settings: Settings) -> int:
    """The port of the settings; another one where a kiosk's page or another bench's has that."""
    for port in (settings.panel.port, 0):
        with socket.socket(socket.AF_INET6 if ":" in settings.panel.host else socket.AF_INET) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((settings.panel.host, port))
            except OSError:
                continue
            return int(trial.getsockname()[1])
    return settings.panel.port
