"""A prompt that remembers what it was told to say and can be made to fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hw.ports import PromptResult


@dataclass(frozen=True, slots=True)
class Said:
    ticket: int
    clips: tuple[str, ...]
    text: str
    at_s: float


class BenchPrompt:
    """`echo` gets every text as it is said; `failing` makes every answer a failure."""

    def __init__(self, echo: Callable[[str], None] | None = None) -> None:
        self.said: deque[Said] = deque(maxlen=500)
        self.failing = False
        self._echo = echo
        self._results: list[PromptResult] = []

    def say(self, ticket: int, clips: Sequence[str], text: str, now_s: float) -> None:
        if self.failing:
            self._results.append(PromptResult(ticket, False, "prompt_failed: switched off by hand"))
            return
        self.said.append(Said(ticket, tuple(clips), text, now_s))
        if self._echo is not None:
            self._echo(text)
        self._results.append(PromptResult(ticket, True))

    def poll(self, now_s: float) -> tuple[PromptResult, ...]:
        results, self._results = tuple(self._results), []
        return results

    def close(self) -> None:
        self._results = []
