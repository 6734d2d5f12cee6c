"""One view made once for all who look: at most so often, only while somebody does, and only changes go out.

A browser that does not read keeps nobody waiting: nothing is queued for it. Each listener knows which version
it has, and gets what changed since then whenever it takes something again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from edge.web.exchange import Live, Now

_log = logging.getLogger(__name__)

EVERY_S: Final = 0.5
"""A view is made at most this often by itself."""

NUDGED_S: Final = 0.1
"""After an act it is made again at once, but not more often than this."""

BEAT_S: Final = 2.0
"""Something is sent at least this often while the view can be made."""

STUCK_S: Final = 6.0
"""A view that could not be made for so long is no longer called alive: the page then says that it is old."""

IDLE_S: Final = 5.0
"""The thread that makes a view ends when nobody has looked for so long."""

_BEAT: Final = b"event: beat\ndata:\n\n"


class _Change(msgspec.Struct, frozen=True):
    """What a browser gets: the parts that changed since the version it has."""

    boot: str
    version: int
    state: str
    title: str
    told: str
    parts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """A view as it was made, with the version in which each part last changed."""

    live: Live
    version: int
    changed: Mapping[str, int]
    at_s: float


@dataclass(slots=True, eq=False)
class _Listener:
    loop: asyncio.AbstractEventLoop
    woken: asyncio.Event


class Board:
    """The live side of one view. `prepare` gets the id and the HTML of a part before it goes out.

    `boot` names this run of the program: versions of another run mean nothing here.
    """

    def __init__(self, now: Now, boot: str, prepare: Callable[[str, str], str]) -> None:
        self._now = now
        self._boot = boot
        self._prepare = prepare
        self._making = threading.Lock()
        self._made: Made | None = None
        self._stale = False
        self._listeners: set[_Listener] = set()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._closed = False
        self._said: tuple[int, int, bytes] = (-1, -1, b"")
        self._told = 0

    # --- making ------------------------------------------------------------------------------------

    def current(self, within_s: float = EVERY_S) -> Made:
        """The view, made again if it is older than `within_s`. Raises whatever the view's maker raises."""
        with self._making:
            old = self._made
            if old is not None and not self._stale and time.monotonic() - old.at_s < within_s:
                return old
            self._stale = False  # before it is made: what happens in the meantime makes it old again
            live = self._now()
            parts = {name: self._prepare(name, html) for name, html in live.parts.items()}
            live = Live(live.title, live.state, live.told, parts)
            made = _next(old, live)
            self._made = made
            return made

    def forget(self) -> None:
        """Have the view made again when it is wanted next."""
        self._stale = True

    def nudge(self) -> None:
        """Something was done: show it soon."""
        self._stale = True
        self._wake.set()

    def close(self) -> None:
        """Make it no more; returns when what is being made is made."""
        self._closed = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    # --- telling -----------------------------------------------------------------------------------

    def since(self, version: int, made: Made) -> bytes:
        """What changed since `version`, as JSON. Made once for all who have the same version."""
        has, of, data = self._said
        if (has, of) != (version, made.version):
            parts = {name: html for name, html in made.live.parts.items() if made.changed[name] > version}
            live = made.live
            change = _Change(self._boot, made.version, live.state, live.title, live.told, parts)
            data = msgspec.json.encode(change)
            self._said = (version, made.version, data)
        return data

    def version_of(self, mark: str) -> int:
        """The version that `boot.version` names; 0, which is before all, where it is of another run."""
        boot, _, number = mark.partition(".")
        return int(number) if boot == self._boot and number.isdecimal() and len(number) < 10 else 0

    def mark(self, made: Made) -> str:
        """What a browser says to get only what changed since."""
        return f"{self._boot}.{made.version}"

    async def listen(self, mark: str, greeting: bytes) -> AsyncIterator[bytes]:
        """The stream of one browser as server-sent events, until it is closed."""
        listener = _Listener(asyncio.get_running_loop(), asyncio.Event())
        has = self.version_of(mark)
        self._listeners.add(listener)
        try:
            self._start()
            yield greeting
            while True:
                listener.woken.clear()  # before it is looked at: what is made meanwhile wakes it again
                made = self._made
                if made is not None and made.version > has:
                    data = self.since(has, made)
                    has = made.version
                    yield b"event: parts\nid: %s\ndata: %s\n\n" % (self.mark(made).encode(), data)
                elif made is not None and time.monotonic() - made.at_s < STUCK_S:
                    yield _BEAT
                try:
                    await asyncio.wait_for(listener.woken.wait(), BEAT_S)
                except TimeoutError:
                    continue
        finally:
            self._listeners.discard(listener)

    def _start(self) -> None:
        """The thread that makes the view, unless it runs. Raises RuntimeError where the system gives none."""
        with self._guard:
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="view", daemon=True)
                thread.start()
                self._thread = thread
        self._wake.set()

    def _work(self) -> None:
        looked_s = time.monotonic()
        while True:
            began_s = time.monotonic()
            nudged = self._wake.wait(EVERY_S)
            self._wake.clear()
            if nudged:
                time.sleep(max(0.0, NUDGED_S - (time.monotonic() - began_s)))
            now_s = time.monotonic()
            with self._guard:
                if self._closed:
                    return
                if self._listeners:
                    looked_s = now_s
                elif now_s - looked_s > IDLE_S:
                    self._thread = None
                    return
                else:
                    continue
            self._turn(NUDGED_S if nudged else EVERY_S * 0.9)

    def _turn(self, within_s: float) -> None:
        try:
            made = self.current(within_s)
        except Exception as error:  # a view that cannot be made is old on the page, and no more
            _log.error("page: %s while a view was made", type(error).__name__)
            return
        if made.version != self._told:  # also one that somebody's request had made
            self._told = made.version
            for listener in tuple(self._listeners):
                try:
                    listener.loop.call_soon_threadsafe(listener.woken.set)
                except RuntimeError:  # the server is closing
                    return


def _next(old: Made | None, live: Live) -> Made:
    at_s = time.monotonic()
    if old is None:
        return Made(live, 1, dict.fromkeys(live.parts, 1), at_s)
    was = old.live
    # A part that is no longer there is sent once more, empty.
    parts = {**{name: "" for name in was.parts if name not in live.parts}, **live.parts}
    live = Live(live.title, live.state, live.told, parts)
    if live == was:
        return Made(was, old.version, old.changed, at_s)
    version = old.version + 1
    changed = {
        name: old.changed[name] if was.parts.get(name) == html and name in old.changed else version
        for name, html in parts.items()
    }
    return Made(live, version, changed, at_s)
