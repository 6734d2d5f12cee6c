"""Whether words were heard to their end: one judge over every way of saying them, real or on the bench.

Words are *heard* when what says them ended well after about their length. What fails, hangs or ends too soon
is a failed prompt. Words that newer ones replaced are neither, and silence is nothing at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from hw.ports import HardwareError, PromptResult

LOOK_S: Final = 0.1
"""How often words that are being said are looked after, at least."""

LATE_S: Final = 2.0
"""How much longer than its words a player may take: it has to start, and to play out what it wrote."""

SHORT_SHARE: Final = 0.1
SHORT_S: Final = 0.25
"""How much of the length may be missing: a share, and the time between two looks; never half."""

CHARACTERS_S: Final = 9.0
"""Characters a second of words whose length is not known: slower than eSpeak in any language."""

LET_GO_S: Final = 1.0
"""How long a killed player may keep the loudspeaker; one that hangs in the kernel is not waited for."""


def shortest_s(length_s: float) -> float:
    """The least time that words of this length can have been said in."""
    return max(length_s * (1.0 - SHORT_SHARE) - SHORT_S, length_s / 2)


class Saying(Protocol):
    """Words on their way to the person."""

    def poll(self, now_s: float) -> int | None:
        """The exit status, 0 for well; None while they are being said."""
        ...

    def kill(self) -> None:
        """End them; `poll` tells when that has come about."""
        ...

    def close(self) -> None:
        """After `kill`, when the program ends: may wait for a second."""
        ...


class Mouth(Protocol):
    """One way of saying words."""

    def length_s(self, clips: Sequence[str], text: str) -> float:
        """How long the words take. HardwareError where they cannot be said: a phrase is missing, damaged."""
        ...

    def begin(self, clips: Sequence[str], text: str, now_s: float) -> Saying:
        """HardwareError where nothing can say them."""
        ...


@dataclass(slots=True)
class _Words:
    ticket: int
    clips: tuple[str, ...]
    text: str
    length_s: float
    saying: Saying | None = None
    since_s: float = 0.0
    seen_s: float = 0.0
    """When they were last seen being said. What happened after that is not known: a player that broke while
    the loop was late must not count as having gone on until now."""


class Speech:
    """A `Prompt` over a mouth."""

    def __init__(self, mouth: Mouth) -> None:
        self._mouth = mouth
        self._words: _Words | None = None
        self._ending: list[Saying] = []
        self._let_go_by_s = 0.0
        self._looked_s = 0.0
        self._results: list[PromptResult] = []

    def say(self, ticket: int, clips: Sequence[str], text: str, now_s: float) -> None:
        self._look(now_s)  # what ended before this moment was not replaced
        self._hush(now_s)
        if not text:
            return
        try:
            length_s = self._mouth.length_s(clips, text)
        except HardwareError as error:
            self._fail(ticket, error.code, error.detail)
            return
        self._words = _Words(ticket, tuple(clips), text, length_s)
        self._begin(now_s)

    def poll(self, now_s: float) -> tuple[PromptResult, ...]:
        self._look(now_s)
        self._begin(now_s)
        results, self._results = tuple(self._results), []
        return results

    def next_wake_s(self) -> float | None:
        return None if self._words is None else self._looked_s + LOOK_S

    def spoken_s(self, clips: Sequence[str], text: str) -> float:
        try:
            return self._mouth.length_s(clips, text)
        except HardwareError:
            return len(text) / CHARACTERS_S

    def close(self) -> None:
        self._hush(0.0)
        for saying in self._ending:
            saying.close()
        self._ending = []

    def _begin(self, now_s: float) -> None:
        """Start the words, once the one who was cut short has let go of the loudspeaker."""
        self._looked_s = now_s
        self._ending = [saying for saying in self._ending if saying.poll(now_s) is None]
        words = self._words
        if words is None or words.saying is not None or (self._ending and now_s < self._let_go_by_s):
            return
        try:
            words.saying = self._mouth.begin(words.clips, words.text, now_s)
        except HardwareError as error:
            self._words = None
            self._fail(words.ticket, error.code, error.detail)
        words.since_s = words.seen_s = now_s

    def _look(self, now_s: float) -> None:
        words = self._words
        if words is None or words.saying is None:
            return
        status = words.saying.poll(now_s)
        if status is None:
            words.seen_s = now_s
            if now_s - words.since_s > words.length_s + LATE_S:
                self._hush(now_s)
                self._fail(words.ticket, "prompt_failed", f"{words.length_s:.1f} s of words do not end")
            return
        self._words = None
        said_s = words.seen_s - words.since_s
        if status != 0:
            self._fail(words.ticket, "prompt_failed", f"the player ended with {status}")
        elif said_s < shortest_s(words.length_s):
            detail = f"{words.length_s:.1f} s of words, and they were seen being said for {said_s:.1f} s"
            self._fail(words.ticket, "prompt_failed", detail)
        else:
            self._results.append(PromptResult(words.ticket, True))

    def _hush(self, now_s: float) -> None:
        words, self._words = self._words, None
        if words is not None and words.saying is not None:
            words.saying.kill()
            self._ending.append(words.saying)
            self._let_go_by_s = now_s + LET_GO_S

    def _fail(self, ticket: int, code: str, detail: str) -> None:
        self._results.append(PromptResult(ticket, False, code, detail))
