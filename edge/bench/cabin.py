"""The cabin's process on a live bench: the desk with its prompt, or a story that is played, started by the
keeper."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

import msgspec

from edge.bench.above import Above
from edge.bench.answering import Control, Hands
from edge.bench.desk import Desk, StoryClock
from edge.bench.keeping import with_secret
from edge.bench.live import Session, Where, complete, goes_out, greeting, seated, tell
from edge.bench.notebook import Notebook
from edge.bench.part import INSIDE, OUTCOME, Part, StoryPart
from edge.bench.performing import Performance
from edge.bench.playing import props_of, settings_for
from edge.bench.printer import Printer
from edge.bench.seeing import Watcher
from edge.bench.showing import Diary, view_of
from edge.bench.story import Story, check_words, parse
from edge.bench.terminal import Lines, Unspoken, open_lines
from edge.bench.wire import BenchView, StorySeen
from edge.bench.world import Returning
from edge.faults.fault import FaultError
from edge.loop.happening import Happening

HISTORY: Final = "history"
"""The file in the keeper's folder with the lines that were typed."""

_OUT: Final = "The plug is out: the kiosk is dead, all else goes on. plug in gives it power."


def take_part(part: Part) -> int:
    """Be the cabin until `quit`, the end of the input or a kill; the exit code. Raises `FaultError`."""
    with contextlib.ExitStack() as stack:
        order = part.order
        lines: Lines = Unspoken()
        if order.typed:
            history = Path(part.home) / HISTORY
            lines = open_lines(complete, plain=order.as_json, history=history)
        stack.callback(lines.close)
        return _live(part, stack, lines) if part.play is None else _play(part, part.play, stack, lines)


def _live(part: Part, stack: contextlib.ExitStack, lines: Lines) -> int:
    order, options = part.order, part.order.options
    home, data, runtime = Path(part.home), Path(part.data), Path(part.runtime)
    settings = order.load()
    if part.greets:
        for line in [*greeting(options, settings, data, runtime, typed=order.typed), *goes_out(settings)]:
            tell(options, lines, line)
    if not part.plugged:
        tell(options, lines, _OUT)
    where = Where(data, runtime, home, Returning(home, plugged=part.plugged, pulled_s=part.pulled_s))
    return seated(stack, options, settings, lines, where)(())


def _play(part: Part, play: StoryPart, stack: contextlib.ExitStack, lines: Lines) -> int:
    """Play a story on a fresh record; how it went stays behind in the keeper's folder."""
    outcome = Path(part.home) / OUTCOME
    unplayed = StorySeen(play.name, play.name, 0, 0, "", paused=False, ended=True, failed="")
    try:
        story = parse(play.name, play.text, play.source)
        performance, code = _performed(part, story, play.pace, stack, lines)
    except FaultError as error:
        seen = msgspec.structs.replace(unplayed, failed=error.detail)
        outcome.write_bytes(msgspec.json.encode(seen))
        raise
    if performance.over:
        outcome.write_bytes(msgspec.json.encode(performance.seen))
    return code


def _performed(
    part: Part, story: Story, pace: float, stack: contextlib.ExitStack, lines: Lines
) -> tuple[Performance, int]:
    options, data, runtime = part.order.options, Path(part.data), Path(part.runtime)
    settings = settings_for(options, story)
    check_words(story, settings)
    watcher, diary, clock = Watcher(), Diary(), StoryClock()
    printer = Printer(as_json=options.as_json, write=lines.show)

    def show(happening: Happening) -> None:
        diary.hear(happening)
        printer.show(happening)

    def hear(happening: Happening) -> None:
        show(happening)
        watcher.hear(happening)

    props = props_of(story, settings, data, clock, stack)
    desk = Desk(with_secret(settings, data), props, data, hear, clock, runtime=runtime)
    stack.callback(desk.close)
    performance = Performance(story, desk, watcher, pace)
    session = Session(options, desk, lines, show, Notebook(), Above(runtime))

    def view() -> BenchView:
        return msgspec.structs.replace(view_of(desk, diary), story=performance.seen)

    control = stack.enter_context(contextlib.closing(Control(desk, runtime)))
    inside = Path(part.home) / INSIDE
    hands = stack.enter_context(contextlib.closing(Hands(inside, session.obey, view, performance.ask)))
    tell(options, lines, f"{story.name}: {story.title}")
    code = session.go_on(control, hands, performance, ())
    return performance, code
