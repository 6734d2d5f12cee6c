"""A sitting written down as a story that plays and passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.bench import seeing
from edge.loop.happening import Happening

_SLACK: Final = 0.25
_SLACK_S: Final = 4.0
_BRIEF_S: Final = 1.0
"""A state that was left again so soon is not waited for: another play may step over it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What was done, or else seen."""

    at_s: float
    done: bool
    words: tuple[str, ...]


class Notebook:
    """What was done and seen at the prompt, to be written as a story that plays and passes."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        """All of it, in the order in which it happened."""

    def did(self, at_s: float, words: Sequence[str]) -> None:
        """Call before it is done: what follows from it comes after it."""
        self.steps.append(Step(at_s, True, tuple(words)))

    def undo(self) -> None:
        """What was recorded last could not be done."""
        self.steps.pop()

    def hear(self, happening: Happening) -> None:
        step = step_of(happening)
        if step is not None:
            self.steps.append(step)

    def text(self, title: str, settings: Sequence[str], clip: Path | None, remarks: Sequence[str]) -> str:
        """The story. Times are from line to line, as another play may be a little faster or slower."""
        head = [f"title {title}", *(f"# {remark}" for remark in remarks)]
        head += [f"set {override}" for override in settings]
        if clip is not None:
            head.append(f"clip {clip.absolute()}")
        lines: list[str] = []
        before_s = 0.0
        for at, step in enumerate(self.steps):
            if not step.done and self._brief(at):
                continue
            gap_s = max(0.0, step.at_s - before_s)
            before_s = step.at_s
            when = f"+{gap_s:.2f}" if step.done else f"by +{gap_s * (1 + _SLACK) + _SLACK_S:.0f} see"
            lines.append(f"{when:<11} {' '.join(step.words)}")
        return "\n".join([*head, *lines, ""])

    def _brief(self, at: int) -> bool:
        seen = self.steps[at]
        kind = seen.words[0]
        for later in self.steps[at + 1 :]:
            if not later.done and later.words[0] == kind and kind != "sms":
                return later.at_s - seen.at_s < _BRIEF_S
        return False


def step_of(happening: Happening) -> Step | None:
    """What of it another play of the story waits for; None for what may come otherwise there."""
    words = seeing.worth_waiting_for(happening)
    return None if words is None else Step(happening.at_s, False, words)
