"""A few threads in which pages are made; there from the start, so that none can be missing later."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

THREADS: Final = 8
WAITING: Final = 64
"""Requests that may wait for a thread; one more is refused at once."""

T = TypeVar("T")


class BusyError(Exception):
    """Too much waits already."""


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Callable[[], T]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[T]

    def run(self) -> None:
        if self.done.cancelled():  # who wanted it went away: an act is then not done either
            return
        try:
            result = self.work()
        except Exception as error:
            self._tell(self._fail, error)
        else:
            self._tell(self._give, result)

    def _tell(self, call: Callable[..., None], value: object) -> None:
        try:
            self.loop.call_soon_threadsafe(call, value)
        except RuntimeError:  # the server is closed
            return

    def _give(self, result: T) -> None:
        if not self.done.done():
            self.done.set_result(result)

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Workers:
    """Runs work of an event loop in threads. Raises RuntimeError at once where the system gives none."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"page-{number}", daemon=True)
            for number in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises. Raises `BusyError` where too much waits."""
        if self._jobs.qsize() >= WAITING:
            raise BusyError
        loop = asyncio.get_running_loop()
        job = _Job(work, loop, loop.create_future())
        self._jobs.put(job.run)
        result: T = await job.done
        return result

    def close(self) -> None:
        """Have them end after what they are at."""
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
