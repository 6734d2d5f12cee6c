"""A prompt that takes time to speak, remembers what it said and can be made to fail as players fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from hw.ports import HardwareError
from hw.prompt.speech import Saying, Speech

CHARACTERS_S: Final = 11.0
"""Spoken characters a second: the English warning takes eSpeak 8.4 s."""

FAILS_AFTER_S: Final = 0.5


class PromptFault(StrEnum):
    """What goes wrong with players and clips."""

    ABSENT = "absent"
    """No player."""
    CLIPS = "clips"
    """A phrase is missing or damaged."""
    FAILS = "fails"
    """It ends with an error half a second into the words."""
    ENDS = "ends"
    """It ends at once, as if it had said them."""
    HANGS = "hangs"
    """It does not come to an end."""


@dataclass(frozen=True, slots=True)
class Said:
    """Words whose saying began."""

    ticket: int
    clips: tuple[str, ...]
    text: str
    at_s: float


class BenchPrompt(Speech):
    """`echo` gets every text as its saying begins; `fault` holds from the next words on."""

    def __init__(self, echo: Callable[[str], None] | None = None) -> None:
        self.said: deque[Said] = deque(maxlen=500)
        self.fault: PromptFault | None = None
        self._echo = echo
        self._ticket = 0
        super().__init__(self)

    @property
    def speaking(self) -> bool:
        """Whether words are being said."""
        return self._words is not None and self._words.saying is not None

    def say(self, ticket: int, clips: Sequence[str], text: str, now_s: float) -> None:
        self._ticket = ticket
        super().say(ticket, clips, text, now_s)

    def length_s(self, clips: Sequence[str], text: str) -> float:
        if self.fault is PromptFault.CLIPS:
            raise HardwareError("prompt_clip_missing", "made so by hand")
        return len(text) / CHARACTERS_S

    def begin(self, clips: Sequence[str], text: str, now_s: float) -> Saying:
        if self.fault is PromptFault.ABSENT:
            raise HardwareError("prompt_failed", "switched off by hand")
        self.said.append(Said(self._ticket, tuple(clips), text, now_s))
        if self._echo is not None:
            self._echo(text)
        match self.fault:
            case PromptFault.FAILS:
                return _BenchPlayer(now_s + FAILS_AFTER_S, 1)
            case PromptFault.ENDS:
                return _BenchPlayer(now_s, 0)
            case PromptFault.HANGS:
                return _BenchPlayer(float("inf"), 0)
            case None | PromptFault.CLIPS:
                return _BenchPlayer(now_s + self.length_s(clips, text), 0)
            case _:
                assert_never(self.fault)


class _BenchPlayer:
    """Says words until a moment of the story's clock."""

    def __init__(self, until_s: float, status: int) -> None:
        self._until_s = until_s
        self._status = status
        self._killed = False

    def poll(self, now_s: float) -> int | None:
        if self._killed:
            self._until_s, self._status, self._killed = now_s, -9, False
            return None  # as a killed process: gone a moment later
        return self._status if now_s >= self._until_s else None

    def kill(self) -> None:
        self._killed = True

    def close(self) -> None:
        pass
