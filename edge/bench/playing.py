"""Stories played to their ends: what is seen of them meanwhile, the sums, the report for a build server."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from edge.bench import junit
from edge.bench.answering import Page
from edge.bench.asked import FAULT, OK, WRONG, BenchOptions
from edge.bench.cameras import FPS
from edge.bench.desk import Desk, Props, StoryClock
from edge.bench.keeping import folder_for, with_secret
from edge.bench.leaving import scratch
from edge.bench.printer import Printer, in_words
from edge.bench.seeing import Watcher
from edge.bench.story import Outcome, Story, check_words, find_all, parse, play
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.loop.happening import Happening
from edge.service.plans import look_of
from edge.settings.load import SettingsError
from edge.settings.schema import Settings
from edge.terms.printing import printable
from edge.vision.scene.fronts import FOLDER
from hw.bench import ClipCamera, StagedCabin
from hw.camera.port import Camera
from hw.ports import HardwareError

STORY_FPS: Final = 5.0
BLINKING_FPS: Final = 10.0
"""Where a card's owner is looked for: a blink has to be seen twice."""
_HEARD_LINES: Final = 40
"""So many of the last lines of a failed story stand in its report."""


def play_all(options: BenchOptions, names: Sequence[str]) -> int:
    found: list[tuple[str, Story | FaultError]] = []
    for name in names:
        found += [("-", parsed(sys.stdin.read()))] if name == "-" else find_all(name)
    return play_found(options, found)


def parsed(text: str) -> Story | FaultError:
    try:
        return parse("standard-input", text, "standard input")
    except FaultError as error:
        return error


def play_found(options: BenchOptions, found: Sequence[tuple[str, Story | FaultError]]) -> int:
    several = len(found) > 1
    began_wall_s = time.time()
    waiting = [junit.Case(source, 0.0, error="not played: the run was ended") for source, _ in found]
    if options.junit is not None:  # a run that is ended half-way must not leave the report of another
        junit.write(options.junit, waiting, began_wall_s)
    cases: list[junit.Case] = []
    played_s = 0.0
    for source, story in found:
        case, ended_s = _play_one(options, source, story, several=several)
        cases.append(case)
        played_s += ended_s
        if options.junit is not None:  # who reads it meanwhile sees how far it is
            junit.write(options.junit, [*cases, *waiting[len(cases) :]], began_wall_s)
    if several:
        _sum_up(cases, played_s, as_json=options.as_json)
    if any(case.error for case in cases):
        return FAULT
    return WRONG if any(case.failure for case in cases) else OK


def _sum_up(cases: Sequence[junit.Case], played_s: float, *, as_json: bool) -> None:
    failed = sum(bool(case.failure) for case in cases)
    wrong = sum(bool(case.error) for case in cases)
    well = len(cases) - failed - wrong
    out = sys.stderr if as_json else sys.stdout
    print(f"\n{len(cases)} stories, {played_s:.0f} s of story: {well} as they should be", end="", file=out)
    print(f", {failed} failed, {wrong} not understood", file=out)
    for case in cases:
        if not case.ok:
            why = (case.failure or case.error).removeprefix(f"{case.source}, ")
            print(printable(f"  {case.source}: {why}"), file=out)


def _play_one(
    options: BenchOptions, source: str, story: Story | FaultError, *, several: bool
) -> tuple[junit.Case, float]:
    """Play one story and say how it went; what came of it, and how long it was by its own clock."""
    began_s = time.monotonic()
    heard: deque[str] = deque(maxlen=_HEARD_LINES)
    ended_s, failure, error = 0.0, "", ""
    try:
        if isinstance(story, FaultError):
            raise story
        if options.clip is not None:
            story = replace(story, clip=options.clip)
        outcome = _play(options, story, heard, several=several)
        ended_s, failure = outcome.ended_s, outcome.failure
    except SettingsError as problems:
        error = "; ".join(problem.detail for problem in problems.problems)
        _complain(problems.problems)
    except (FaultError, HardwareError) as problem:
        error = problem.detail
        _complain([problem])
    took_s = time.monotonic() - began_s
    return junit.Case(source, took_s, failure, error, "\n".join(heard)), ended_s


def _complain(problems: Sequence[FaultError | HardwareError]) -> None:
    for problem in problems:
        print(explain(problem.code, problem.detail), file=sys.stderr)


def _play(options: BenchOptions, story: Story, heard: deque[str], *, several: bool) -> Outcome:
    settings = settings_for(options, story)
    check_words(story, settings)
    printer = Printer(as_json=options.as_json)

    def show(happening: Happening) -> None:
        printer.show(happening)
        words = in_words(happening)
        if words is not None:
            heard.append(f"{happening.at_s:8.1f} s  {happening.kind:<8} {words}")

    if not options.as_json:
        print(printable(f"{story.name}: {story.title}"))
    pace = _pacer() if options.real_time or options.panel else None
    with folder_for(options, settings, story.name if several else "", fresh=True) as folder:
        page = Page(options, story.settings) if options.panel else None
        outcome = play_story(story, settings, show, pace, page, folder)
    if not options.as_json:
        said = "as it should be" if outcome.ok else f"failed: {story.source}, {outcome.failure}"
        print(printable(f"{story.name}: {said} ({outcome.ended_s:.0f} s of story)"))
    elif not outcome.ok:
        print(printable(f"{story.name}: {story.source}, {outcome.failure}"), file=sys.stderr)
    return outcome


def settings_for(options: BenchOptions, story: Story) -> Settings:
    """The story's settings, and over them those of the command line."""
    doorless = ["wiring.door.fitted=false"] if story.clip is not None and not story.moves_door else []
    return options.load([*doorless, *story.settings])


def play_story(
    story: Story,
    settings: Settings,
    show: Callable[[Happening], None],
    pace: Callable[[float, Callable[[float], None]], None] | None = None,
    page: Page | None = None,
    folder: Path | None = None,
) -> Outcome:
    """Play a story in the staged cabin or on its recording. `pace` waits for a time of the story.

    `folder` gets the record; without one it goes nowhere.
    """
    watcher = Watcher()

    def hear(happening: Happening) -> None:
        show(happening)
        watcher.hear(happening)

    with contextlib.ExitStack() as stack:
        where = folder or Path(stack.enter_context(scratch("story")))
        clock = StoryClock()
        props = props_of(story, settings, where, clock, stack)
        desk = Desk(with_secret(settings, where), props, where, hear, clock)
        stack.callback(desk.close)
        rest: Callable[[float], None] = time.sleep
        if page is not None:
            rest = stack.enter_context(page.over(desk, where)).rest
        return play(story, desk, watcher, None if pace is None else lambda story_s: pace(story_s, rest))


def props_of(
    story: Story, settings: Settings, folder: Path, clock: StoryClock, stack: contextlib.ExitStack
) -> Props:
    """A staged cabin or the story's recording, and what sees it; the camera is closed with `stack`."""
    camera: Camera
    if story.clip is None:
        camera = stage = StagedCabin(clock)
        every_s = 1 / (BLINKING_FPS if settings.identity.enabled else STORY_FPS)
    else:
        camera, stage, every_s = ClipCamera([story.clip], FPS), None, None
    stack.callback(camera.close)
    return Props(camera, lambda: look_of(settings, fronts=folder / FOLDER), every_s=every_s, stage=stage)


def _pacer() -> Callable[[float, Callable[[float], None]], None]:
    start_s = time.monotonic()

    def wait(story_s: float, rest: Callable[[float], None]) -> None:
        rest(max(0.0, start_s + story_s - time.monotonic()))

    return wait
