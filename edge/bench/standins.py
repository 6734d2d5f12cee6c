"""Stand-ins for the threads of a kiosk in service: a desk works in step and has none of them.

The watch over the threads is the kiosk's own, and so is what it does to the relays. A stand-in that is well
beats at each of its looks; one that hangs lets its part of the desk stand still, as the thread would; one
that died is started again by the watch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from edge.service.build import Built
from edge.service.threads import STEADY_S, InputGuard, Part, ThreadWatch
from hw.bench import SteppedAtm, SteppedModem
from hw.ports import Clock
from hw.watched import WatchedThread

LOOK_S: Final = 0.05
"""How often the loop of a kiosk in service turns, and with it the watch looks."""


_QUIET_S: Final = STEADY_S + 1.0
"""A thread that runs again is looked after for so long: then its trouble is over."""


class StandIn(WatchedThread):
    """A thread that is none: it beats by itself, unless it hangs or has died."""

    def __init__(self, name: str, clock: Clock) -> None:
        super().__init__(name, lambda: None, clock)
        self._bench_clock = clock
        self._hangs_since_s: float | None = None
        self._dead = False

    @property
    def hangs(self) -> bool:
        return self._hangs_since_s is not None

    @property
    def works(self) -> bool:
        return not self.hangs and not self._dead

    def hang(self, hangs: bool) -> None:
        """Stand still from now on, or go on."""
        if hangs is not self.hangs:
            self._hangs_since_s = self._bench_clock.now_s() if hangs else None

    def die(self) -> None:
        self._dead = True
        self._hangs_since_s = None

    def start(self) -> bool:
        self._dead = False
        return True

    @property
    def died(self) -> bool:
        return self._dead

    @property
    def why(self) -> str:
        return "ended by hand" if self._dead else ""

    def silent_s(self, now_s: float) -> float:
        since_s = self._hangs_since_s
        return 0.0 if since_s is None else max(0.0, now_s - since_s)


class Threads:
    """The stand-ins of one start of a desk: another start has fresh ones, as another process has."""

    def __init__(self, built: Built, clock: Clock) -> None:
        self._built = built
        board = built.parts.board
        parts = [part for part in Part if part is not Part.ATM or board.atm is not None]
        self._all: Mapping[Part, StandIn] = {part: StandIn(part.value, clock) for part in parts}
        watch = ThreadWatch(built.kiosk.device_trouble)
        self._guard = InputGuard(board, watch)
        self._troubled_s = float("-inf")
        for part, thread in self._all.items():
            watch.watch(part, thread)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Those that this cabin has."""
        return tuple(self._all)

    def hangs(self, part: Part) -> bool:
        return self._all[part].hangs

    def works(self, part: Part) -> bool:
        return self._all[part].works

    def hang(self, part: Part, hangs: bool) -> None:
        """Let it stand still, or go on. ValueError for a part that this cabin has not."""
        self._known(part).hang(hangs)
        self._tell(part)

    def die(self, part: Part) -> None:
        """End it, whatever it does; the watch starts it again. ValueError as `hang`."""
        self._known(part).die()
        self._tell(part)

    def look(self, now_s: float) -> None:
        """What the kiosk's loop does at every turn; nothing while all of them have worked for a while."""
        if self.next_look_s(now_s) is None:
            return
        self._guard.look(self._all[Part.INPUT_PATH].silent_s(now_s), now_s)
        for part in self._all:
            self._tell(part)

    def next_look_s(self, now_s: float) -> float | None:
        """When to look at the latest; None while all of them work and have worked for a while."""
        if not all(thread.works for thread in self._all.values()):
            self._troubled_s = now_s
        return now_s + LOOK_S if now_s < self._troubled_s + _QUIET_S else None

    def _known(self, part: Part) -> StandIn:
        if part not in self._all:
            raise ValueError(f"this cabin has no thread {part.value}")
        return self._all[part]

    def _tell(self, part: Part) -> None:
        """Let the part itself stand still with its thread. The input path and control are asked for it."""
        stands = not self._all[part].works
        board = self._built.parts.board
        match part:
            case Part.JOURNAL:
                self._built.journal.stand_still(stands)
            case Part.EVIDENCE:
                self._built.parts.evidence.stand_still(stands)
            case Part.MODEM:
                if isinstance(board.modem, SteppedModem):
                    board.modem.stand_still(stands)
            case Part.ATM:
                if isinstance(board.atm, SteppedAtm):
                    board.atm.stand_still(stands)
            case Part.INPUT_PATH | Part.CONTROL:
                pass
            case _:
                assert_never(part)
