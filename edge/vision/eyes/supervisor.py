"""The eyes, watched: camera and networks run in a process of their own whose death never moves the door.

`EyesSupervisor` starts it, takes its newest observation, kills it when it is silent and starts it again
after growing pauses. It tells of trouble once and of its end once.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final, Protocol

import msgspec

from edge.terms.aim import Aim
from edge.terms.learning import Learning, LearnOrder, LearnState
from edge.terms.observation import Observation
from edge.vision.eyes.report import (
    EYES_DIED,
    EYES_HUNG,
    EYES_SLOW_START,
    EYES_UNKILLABLE,
    EyesEvent,
    EyesTurn,
    GarbledError,
    Report,
    Troubles,
    Wish,
    decode_report,
    encode_wish,
)

_KILL_S: Final = 2.0
"""A killed process that is still there after this long hangs in the kernel."""
_PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_STEADY_S: Final = 5.0
"""So long it must report again before trouble counts as over and the pauses begin again."""
_POLLED_S: Final = 2.0
_DETAIL_MAX: Final = 300


class Eyes(Protocol):
    """A running eyes' process as the supervisor needs it. No call waits."""

    def reports(self) -> tuple[bytes, ...]:
        """What has come since the last call; the newest last."""
        ...

    def wish(self, content: bytes) -> bool:
        """Asks for something; whether it was taken. What was not is asked again."""
        ...

    def exit_status(self) -> int | None:
        """None while it lives; negative for a signal."""
        ...

    def kill(self) -> None: ...

    def close(self) -> None:
        """Gives everything back. Of one that was not seen to end, `kill` first; may take half a second."""
        ...


class _Phase(Enum):
    PAUSED = auto()
    STARTING = auto()
    SEEING = auto()
    DYING = auto()
    ENDED = auto()


class EyesSupervisor:
    """Keeps one eyes' process running. Call `poll` often; it never waits.

    A start may take `start_s`, a report may be `silence_s` away; then the process is killed. While one is
    dying no other is started, so no second one ever opens the camera.
    """

    def __init__(
        self,
        start: Callable[[], Eyes],
        now_s: float,
        start_s: float = 60.0,
        silence_s: float = 5.0,
    ) -> None:
        self._start = start
        self._start_s = start_s
        self._silence_s = silence_s
        self._phase = _Phase.PAUSED
        self._eyes: Eyes | None = None
        self._since_s = now_s
        self._next_s = now_s
        self._heard_s = now_s
        self._polled_s = now_s
        self._failures = 0
        self._told = ""
        self._unkillable = False
        self._events: list[EyesEvent] = []
        self._troubles = Troubles()
        self._wanted = Wish()
        self._told_wish: Wish | None = None
        self._aim: Aim | None = None
        self._learning = Learning()

    @property
    def ended(self) -> bool:
        """The recording was played to its end."""
        return self._phase is _Phase.ENDED

    @property
    def seeing(self) -> bool:
        return self._phase is _Phase.SEEING

    def want_owner(self, on: bool) -> None:
        """Whether to look if the card's owner stands there; holds until said otherwise, over restarts too."""
        self._wanted = msgspec.structs.replace(self._wanted, owner=on)
        self._wish()

    def want_aim(self, on: bool) -> None:
        """Whether to measure for somebody who aims the camera."""
        self._wanted = msgspec.structs.replace(self._wanted, aim=on)
        if not on:
            self._aim = None
        self._wish()

    def want_learn(self, order: LearnOrder | None) -> None:
        """What to learn, with nobody in the cabin; None: nothing any more."""
        if order is not None:
            self._learning = Learning(order.job, LearnState.RUNNING)
        elif self._learning.state is LearnState.RUNNING:
            self._learning = Learning()
        self._wanted = msgspec.structs.replace(self._wanted, learn=order)
        self._wish()

    @property
    def aim(self) -> Aim | None:
        """The newest measures, while they are wanted."""
        return self._aim

    @property
    def learning(self) -> Learning:
        """How the newest order stands."""
        return self._learning

    def in_bounded_recovery(self, now_s: float) -> bool:
        """Whether the eyes see, or are being brought back by a supervisor that makes progress.

        Every phase of it has a deadline, but for a process that hangs in the kernel, which is a fault of
        its own: a watchdog that bit for it would restart the machine for ever.
        """
        return now_s - self._polled_s < _POLLED_S

    def next_wake_s(self) -> float | None:
        """The latest time for the next `poll`; reports want it sooner."""
        if self._phase is _Phase.PAUSED:
            return self._next_s
        if self._phase is _Phase.STARTING:
            return self._since_s + self._start_s
        if self._phase is _Phase.SEEING:
            return self._heard_s + self._silence_s
        return None if self._phase is _Phase.ENDED else self._polled_s + _KILL_S

    def poll(self, now_s: float) -> tuple[Observation | EyesEvent, ...]:
        """The newest observation since the last call, if any, and what is to be reported.

        Before it those with a look of a network that looks rarely, which are few: none of these is passed
        over.
        """
        self._polled_s = now_s
        self._events.clear()
        seen: tuple[Observation, ...] = ()
        if self._phase is _Phase.PAUSED and now_s >= self._next_s:
            self._begin(now_s)
        elif self._phase in (_Phase.STARTING, _Phase.SEEING):
            assert self._eyes is not None
            # In this order: an exit is judged by what was said before it.
            status = self._eyes.exit_status()
            self._wish()
            seen = self._listen(self._eyes, now_s)
            self._check(status, now_s)
        elif self._phase is _Phase.DYING:
            self._bury(now_s)
        return (*seen, *self._events)

    def close(self) -> None:
        """Ends the process, at the end of the program."""
        if self._eyes is not None:
            self._eyes.kill()
            self._eyes.close()
            self._eyes = None
        self._phase = _Phase.ENDED

    def _begin(self, now_s: float) -> None:
        try:
            self._eyes = self._start()
        except OSError as error:
            self._fail(EYES_DIED, f"cannot be started: {error}", now_s)
            return
        self._phase = _Phase.STARTING
        self._since_s = self._heard_s = now_s
        self._told_wish = Wish()  # a new one does nothing beside looking until it is asked
        self._wish()

    def _wish(self) -> None:
        """What is not told yet, if the link takes it now."""
        if self._eyes is None or self._wanted == self._told_wish:
            return
        if self._eyes.wish(encode_wish(self._wanted)):
            self._told_wish = self._wanted

    def _listen(self, eyes: Eyes, now_s: float) -> tuple[Observation, ...]:
        seen: list[Observation] = []
        for content in eyes.reports():
            try:
                report = decode_report(content)
            except GarbledError:
                self._fail(EYES_DIED, "its reports are garbled", now_s)
                return ()
            if report.code:
                self._fail(report.code, report.detail, now_s)
                return ()
            if report.ended:
                self._phase = _Phase.ENDED
                eyes.kill()
                return tuple(seen)
            if report.observation is not None:
                if seen and _may_be_passed_over(seen[-1]):
                    seen.pop()
                seen.append(report.observation)
                self._hear_aside(report)
                self._events += self._troubles.turns(report.troubles)
        if seen:
            if self._phase is _Phase.STARTING:
                self._phase = _Phase.SEEING
                self._since_s = now_s
            self._heard_s = now_s
            if self._failures and now_s - self._since_s >= _STEADY_S:
                self._failures = 0
                if self._told:
                    self._events.append(EyesEvent(EyesTurn.RECOVERED, self._told))
                    self._told = ""
        return tuple(seen)

    def _hear_aside(self, report: Report) -> None:
        if report.aim is not None and self._wanted.aim:
            self._aim = report.aim
        order = self._wanted.learn
        if order is not None and report.learning.job == order.job:
            self._learning = report.learning
            if report.learning.state is not LearnState.RUNNING:
                # Another process, started after this one, must not do it again.
                self._wanted = msgspec.structs.replace(self._wanted, learn=None)

    def _check(self, status: int | None, now_s: float) -> None:
        if self._phase not in (_Phase.STARTING, _Phase.SEEING):
            return
        if status is not None:
            how = f"ended by signal {-status}" if status < 0 else f"ended with status {status}"
            self._fail(EYES_DIED, how, now_s)
        elif self._phase is _Phase.STARTING and now_s - self._since_s >= self._start_s:
            self._fail(EYES_SLOW_START, f"no picture within {self._start_s:.0f} s", now_s)
        elif self._phase is _Phase.SEEING and now_s - self._heard_s >= self._silence_s:
            self._fail(EYES_HUNG, f"silent for {self._silence_s:.0f} s", now_s)

    def _fail(self, code: str, detail: str, now_s: float) -> None:
        self._tell(code, detail)
        pause_s = _PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)]
        self._failures += 1
        self._next_s = now_s + pause_s
        if self._eyes is None:
            self._phase = _Phase.PAUSED
            return
        self._eyes.kill()
        self._phase = _Phase.DYING
        self._since_s = now_s
        self._unkillable = False
        self._bury(now_s)

    def _bury(self, now_s: float) -> None:
        assert self._eyes is not None
        if self._eyes.exit_status() is not None:
            self._eyes.close()
            self._eyes = None
            self._phase = _Phase.PAUSED
            return
        if now_s - self._since_s >= _KILL_S and not self._unkillable:
            self._unkillable = True
            self._told = ""
            self._tell(EYES_UNKILLABLE, f"still there {_KILL_S:.0f} s after it was killed")
        self._eyes.kill()

    def _tell(self, code: str, detail: str) -> None:
        if self._told:
            return
        self._told = code
        self._events.append(EyesEvent(EyesTurn.FAILED, code, detail[:_DETAIL_MAX]))


def _may_be_passed_over(seen: Observation) -> bool:
    return seen.scene is None and seen.normal is None and seen.owner is None
