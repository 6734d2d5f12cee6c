"""A story in the live cabin: played in step with the world's time, or faster; stopped, gone on with, line by
line."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Final

from edge.bench.desk import Desk
from edge.bench.seeing import Watcher
from edge.bench.story import Line, Story, miscounted, moments
from edge.bench.wire import Acted, StoryAsk, StoryLine, StorySeen

_BEFORE, _AFTER = 8, 12
"""So many lines before and after the present one are shown."""

_REST_S: Final = 0.02
_TURN_S: Final = 0.1
"""A story that goes as fast as it can lets others in so often."""


class Performance:
    """One story on its way. Call `turn` again and again until `over`."""

    def __init__(self, story: Story, desk: Desk, watcher: Watcher, pace: float) -> None:
        self._story = story
        self._desk = desk
        self._watcher = watcher
        self._pace = pace
        self._at = 0
        self._came_s: dict[int, float] = {}
        self._paused = False
        self._stop_at: int | None = None
        self._failed = ""
        self._bound_to = (time.monotonic(), desk.clock.now_s())
        self._moments: Generator[float, None, str] = moments(story, desk, watcher, self._begin)
        self.over = False
        self.rest_s = _REST_S if pace else 0.0

    def turn(self) -> None:
        """Let the story go on as far as its time has come."""
        give_up_s = time.monotonic() + _TURN_S
        while not self.over and not self._paused and self._is_due() and time.monotonic() < give_up_s:
            try:
                next(self._moments)
            except StopIteration as end:
                self._end(str(end.value))

    def _is_due(self) -> bool:
        real_s, story_s = self._bound_to
        due_s = story_s + (time.monotonic() - real_s) * self._pace
        return self._pace == 0.0 or self._desk.clock.now_s() < due_s

    def _bind(self) -> None:
        """From here on the story's time goes with the world's."""
        self._bound_to = (time.monotonic(), self._desk.clock.now_s())

    def _begin(self, at: int) -> None:
        """The turn of the line `at` has come."""
        if at:
            self._came_s.setdefault(self._at, self._desk.clock.now_s())
        self._at = at
        if self._stop_at is not None and at >= self._stop_at:
            self._paused, self._stop_at = True, None

    def _end(self, failed: str) -> None:
        self._failed = failed or miscounted(self._story, self._watcher)
        self.over = True

    def ask(self, request: StoryAsk) -> Acted:
        """Pause, go on, step or stop. Each says what came of it."""
        match request.do:
            case "pause":
                self._paused = True
            case "go":
                self._paused, self._stop_at = False, None
            case "step":
                self._paused, self._stop_at = False, self._at + 1
            case "stop":
                self._end("stopped")
            case _:
                return Acted(done=False, said="not done: a story is being played; story stop ends it")
        self._bind()
        return Acted(done=True, said=f"done: story {request.do}")

    @property
    def seen(self) -> StorySeen:
        lines = self._story.lines
        at = min(self._at, len(lines) - 1)
        around = range(max(0, at - _BEFORE), min(len(lines), at + _AFTER + 1))
        return StorySeen(
            name=self._story.name,
            title=self._story.title,
            line=at + 1,
            lines=len(lines),
            words=written(lines[at]),
            paused=self._paused,
            ended=self.over,
            failed=self._failed,
            pace=self._pace,
            at_s=self._desk.clock.now_s(),
            around=tuple(self._line(place, lines[place]) for place in around),
        )

    def _line(self, place: int, line: Line) -> StoryLine:
        if line.verb == "count":
            failed = self._failed.startswith(f"{line} ")
            return StoryLine(line.number, written(line), "failed" if failed else "counted")
        if place in self._came_s:
            return StoryLine(line.number, written(line), "done", self._came_s[place])
        if place > self._at:
            return StoryLine(line.number, written(line), "ahead")
        failed = self.over and self._failed not in ("", "stopped")
        return StoryLine(line.number, written(line), "failed" if failed else "now")


def written(line: Line) -> str:
    """A line as a story has it, its turn of a repeat behind it."""
    sight = "" if line.verb == "do" else "see "
    things = " and ".join(f"{sight}{' '.join(words)}" for words in line.words)
    if line.verb == "count":
        return f"{line.bound} {things}"
    when = f"{'+' if line.relative else ''}{line.at_s:g}"
    return f"{'' if line.verb == 'do' else 'by '}{when} {things}{line.turn}"
