"""One script at a time over the line: writes what it asks, hands it the answer, keeps the time of both.

It knows when a command may be written and when no answer is waited for any more; not what for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from hw.modem.hearing import Heard, Hearing
from hw.modem.steps import Answer, Ask, Outcome, Pause, Script, Step

_SETTLE_S: Final = 0.02
"""Quiet that must pass before a command is written: what comes in that time belongs to the one before."""
_HALF_LINE_S: Final = 0.25
_SKEWED_S: Final = 0.5
"""The quiet needed after an answer was missed: it may still come."""
_LIST_MAX_S: Final = 180.0
_LIST_HURRY_S: Final = 60.0
_LIST_SILENCE_S: Final = 5.0
"""The most that a list may take, without and with a text that waits to go out; and its silence then."""


class Talk:
    """The engine's side of the line. `hurried` is True while a text waits to go out.

    `echoes`: the modem sends every command back, whatever was set. `skewed`: an answer was missed. What a
    script raises comes out of `turn` and `answered`; the script is then over.
    """

    def __init__(self, hurried: Callable[[], bool]) -> None:
        self.hearing = Hearing()
        self.now_s = 0.0
        self.is_open = False
        self.echoes = False
        self.skewed = False
        self._hurried = hurried
        self._output = bytearray()
        self._script: Script | None = None
        self._step: Step | None = None
        self._due_s = 0.0

    # --- the port and the clock -----------------------------------------------------------------

    def at(self, now_s: float) -> None:
        """Time never runs back in here."""
        self.now_s = max(self.now_s, now_s)

    def opened(self, *, is_open: bool) -> None:
        """The port was opened, or closed: half a line is no line any more."""
        self.is_open = is_open
        self.hearing.forget_line(self.now_s)

    def hear(self, data: bytes) -> Iterator[tuple[Heard, str]]:
        """What came, line by line."""
        return self.hearing.feed(data, self.now_s)

    def take_output(self) -> bytes:
        data = bytes(self._output)
        self._output.clear()
        return data

    # --- scripts --------------------------------------------------------------------------------

    @property
    def scripted(self) -> bool:
        """A script runs; without one the engine chooses the next."""
        return self._script is not None

    @property
    def lost_settings(self) -> bool:
        """The command came back although echo is off: the modem was restarted, maybe without a word."""
        return self.hearing.echoed and not self.echoes

    def start(self, script: Script) -> None:
        """In the place of whatever runs."""
        self._script = script
        self._step = None
        self.hearing.rest()

    def stop(self) -> None:
        if self._script is not None:
            self._script.close()
        self._script = None
        self._step = None
        self.hearing.rest()

    def turn(self) -> bool:
        """Do what the script has due: start, end or write a step. False where there is nothing to do now."""
        step = self._step
        if step is None:
            self._resume(None)
        elif isinstance(step, Pause):
            if self.now_s < self._due_s:
                return False
            self._step = None
            self._resume(Answer(Outcome.OK))
        elif self.hearing.ask is None:
            # A line that never falls silent is noise: it must not hold up the command for ever.
            if self.now_s < min(self._write_s(), self._due_s):
                return False
            self.skewed = False
            self._write(step)
            return False
        elif self.hearing.grace_s is not None and self.now_s >= self.hearing.grace_s:
            self.skewed = True
            self.answered()
        elif self.now_s >= self._ask_due_s(step):
            self.skewed = True
            self.hearing.answer.outcome = Outcome.TIMEOUT
            self.answered()
        else:
            return False
        return True

    def answered(self) -> bool:
        """The current step has its answer: the script goes on. True, as something moved."""
        answer = self.hearing.answer
        self._step = None
        self.hearing.rest()
        self._resume(answer)
        return True

    def next_wake_s(self) -> float | None:
        """When the script has something to do if nothing is heard; None where no step is under way."""
        step = self._step
        if step is None:
            return None
        if isinstance(step, Pause):
            due_s = self._due_s
        elif self.hearing.ask is None:
            return min(self._write_s(), self._due_s)
        else:
            due_s = self._ask_due_s(step)
        grace_s = self.hearing.grace_s
        return due_s if grace_s is None else min(due_s, grace_s)

    def unanswered_s(self) -> float:
        """How long the command in the air has been waiting for its answer."""
        if self._step is None or self.hearing.ask is None:
            return 0.0
        return self.now_s - (self._due_s - self._step.wait_s)

    # --- inside ---------------------------------------------------------------------------------

    def _resume(self, answer: Answer | None) -> None:
        script = self._script
        if script is None:
            return
        try:
            step = next(script) if answer is None else script.send(answer)
        except StopIteration:
            self._script = None
            return
        self._step = step
        self._due_s = self.now_s + step.wait_s
        if isinstance(step, Ask) and step.at_once:
            self._write(step)

    def _write_s(self) -> float:
        """When the line has been quiet for long enough to write."""
        quiet_s = _SKEWED_S if self.skewed else _HALF_LINE_S if self.hearing.in_a_line else _SETTLE_S
        return self.hearing.heard_s + quiet_s

    def _write(self, ask: Ask) -> None:
        if not ask.at_once:
            self.hearing.forget_line(self.now_s)
        self.hearing.listen(ask)
        self._output += ask.data
        self._due_s = self.now_s + ask.wait_s

    def _ask_due_s(self, ask: Ask) -> float:
        """When no more of the answer is waited for: of a list, some time after its last byte."""
        if not ask.many:
            return self._due_s
        asked_s = self._due_s - ask.wait_s
        wait_s, most_s = ask.wait_s, _LIST_MAX_S
        if self._hurried():
            wait_s, most_s = min(wait_s, _LIST_SILENCE_S), _LIST_HURRY_S
        return min(max(asked_s, self.hearing.heard_s) + wait_s, asked_s + most_s)
