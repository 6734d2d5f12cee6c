"""A thread that can be watched: it says when it made progress, why it ended, and can be started again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from hw.ports import Clock


class WatchedThread:
    """Runs `run`, again after each `start`; anyone who calls `start` sees to it that only one runs.

    `run` calls `beat` at each turn, and `rest` before it waits for work for as long as it takes. A `run`
    that returns has ended on purpose; one that raises has died, and so has one that never got a thread.
    """

    def __init__(self, name: str, run: Callable[[], None], clock: Clock) -> None:
        self.name = name
        self._target = run
        self._clock = clock
        self._thread: threading.Thread | None = None
        self._beat_s: float | None = None
        self._started = self._finished = False
        self._why = ""

    def start(self) -> bool:
        """Start it; False where the system has no thread to give, which `why` then says."""
        self._why = ""
        self._started, self._finished = True, False
        self._beat_s = self._clock.now_s()
        thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError):
            self._why = "the system gives no thread"
            return False
        self._thread = thread
        return True

    def beat(self) -> None:
        """For the thread: it makes progress."""
        self._beat_s = self._clock.now_s()

    def rest(self) -> None:
        """For the thread: from here on it waits for work, which may take for ever."""
        self._beat_s = None

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def died(self) -> bool:
        """It was started and does not run, though nobody ended it."""
        return self._started and not self._finished and not self.alive

    @property
    def why(self) -> str:
        """What it died of: the kind of error and its place, never its words, which may hold a secret."""
        return self._why

    def silent_s(self, now_s: float) -> float:
        """Seconds since the last beat; 0 while it rests or has ended on purpose."""
        beat_s = self._beat_s
        return 0.0 if beat_s is None or self._finished else max(0.0, now_s - beat_s)

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for its end; True when it is not running."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
        return not self.alive

    def _run(self) -> None:
        try:
            self._target()
            self._finished = True
        except BaseException as error:  # whatever it was: this thread is over, and the watch has to know
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = "" if place is None else f" at {place.tb_frame.f_code.co_name}:{place.tb_lineno}"
            self._why = f"{type(error).__name__}{where}"


@runtime_checkable
class Watched(Protocol):
    """A driver that works in a thread of its own."""

    @property
    def thread(self) -> WatchedThread: ...


def in_thread(do: Callable[[], None], name: str = "aside") -> None:
    """Do something that may wait in a thread of its own; here, where the system has none to give."""
    try:
        threading.Thread(target=do, name=name, daemon=True).start()
    except (RuntimeError, MemoryError):
        do()
