"""The simulated cabin as the page asks it, to look and to act; it may be slow, dead or another version.

While it does not answer, what was seen last goes on being shown, with how old it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.bench.socket import ask_bench
from edge.bench.wire import (
    Acted,
    BenchReply,
    BenchRequest,
    BenchView,
    Look,
    NotAnswered,
    Stories,
    StoryAsk,
)
from edge.faults.fault import FaultError

LOOK_WITHIN_S: Final = 1.5
"""So long one look may take: the page has to say that a cabin is slow before its reader thinks so."""

ACT_WITHIN_S: Final = 20.0
"""An act may wait for a program that starts."""

OLD_S: Final = 2.0
"""A view that is older is said to be."""

NO_STORIES: Final = Stories(stories=())

Ask = Callable[[Path, BenchRequest, float], BenchReply]


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of the cabin: the last view, None before the first; `fault` where it did not answer."""

    view: BenchView | None
    age_s: float
    fault: FaultError | None = None


class CabinAsked:
    """Asks the bench whose folder this is. Asked by one thread for views, by many for acts."""

    def __init__(
        self, folder: Path, ask: Ask = ask_bench, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._ask = ask
        self._now_s = now_s
        self._view: BenchView | None = None
        self._seen_s = 0.0
        self._stories: Stories | None = None

    def sight(self) -> Sight:
        """Look again; what was seen last where there is no answer."""
        try:
            reply = self._ask(self._folder, Look(), LOOK_WITHIN_S)
        except FaultError as fault:
            return self._old(fault)
        if not isinstance(reply, BenchView):
            return self._old(_fault_of(reply))
        self._view, self._seen_s = reply, self._now_s()
        return Sight(reply, 0.0)

    def _old(self, fault: FaultError) -> Sight:
        return Sight(self._view, self._now_s() - self._seen_s, fault)

    def do(self, request: BenchRequest) -> Acted:
        """An act and what came of it. Raises `FaultError` where nobody says: it may be done all the same."""
        reply = self._ask(self._folder, request, ACT_WITHIN_S)
        if isinstance(reply, Acted):
            return reply
        raise _fault_of(reply)

    def stories(self) -> Stories:
        """Every story that can be played; none while nobody answers."""
        if self._stories is None:
            try:
                reply = self._ask(self._folder, StoryAsk("list"), LOOK_WITHIN_S)
            except FaultError:
                return NO_STORIES
            if isinstance(reply, Stories):
                self._stories = reply
        return self._stories or NO_STORIES

    def forget_stories(self) -> None:
        """One was saved: list them again."""
        self._stories = None


def _fault_of(reply: BenchReply) -> FaultError:
    if isinstance(reply, NotAnswered):
        code = reply.error if reply.error in ("loop_late", "kiosk_not_running") else "bench_answer"
        return FaultError(code, reply.detail or reply.error)
    return FaultError("bench_answer", type(reply).__name__)
