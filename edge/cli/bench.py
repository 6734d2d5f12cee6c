"""`bench`: the whole kiosk with nothing attached, live in the terminal, or stories played to their ends."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from edge.bench import acting, seeing
from edge.bench.asked import OK, USAGE, BenchOptions
from edge.bench.cabin import take_part
from edge.bench.live import from_pipe, live
from edge.bench.part import KeeperOrder, word_of
from edge.bench.part import part as part_of
from edge.bench.playing import play_all
from edge.bench.story import built_in
from edge.cli.options import Commands, add_settings_options
from edge.terms.printing import printable


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("bench", help="the simulated cabin, nothing attached")
    parser.add_argument(
        "--camera",
        default=None,
        type=_camera_words,
        metavar="staged|webcam:N|clip:PATH",
        help="where the pictures come from",
    )
    parser.add_argument(
        "--story",
        nargs="+",
        action="extend",
        metavar="STORY",
        help="play stories: built in by name, files, folders of them, - for standard input; exit 0 or 1",
    )
    parser.add_argument("--junit", type=Path, metavar="FILE.xml", help="with --story: a report")
    parser.add_argument("--list", action="store_true", help="the built-in stories and the words of a story")
    parser.add_argument("--real-time", action="store_true", help="play a story at the pace of life")
    parser.add_argument("--save", type=Path, metavar="FILE.story", help="write the session as a story")
    parser.add_argument("--panel", action="store_true", help="story or pipe: with the kiosk's page; [panel]")
    parser.add_argument("--json", action="store_true", help="one JSON object for each thing that happens")
    pages = parser.add_mutually_exclusive_group()
    pages.add_argument("--page", action="store_true", help="with the page also where lines come from a pipe")
    pages.add_argument("--no-page", action="store_true", help="the terminal alone, in one process")
    pages.add_argument("--page-only", action="store_true", help="the page alone, until the process is ended")
    parser.add_argument(
        "--stories",
        type=Path,
        metavar="DIR",
        help="the live bench's own stories; default: stories, in paths.data where that is named",
    )
    parser.add_argument("--part", help=argparse.SUPPRESS)
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.part is not None:  # what the keeper starts
        with _hung_up():
            return take_part(part_of(args.part))
    if args.list:
        _list()
        return OK
    options = BenchOptions(
        settings=args.settings,
        overrides=tuple(args.overrides),
        camera=args.camera,
        junit=args.junit,
        save=args.save,
        real_time=args.real_time,
        panel=args.panel,
        as_json=args.json,
    )
    wrong = _wrong_together(options, stories=args.story is not None)
    if args.story is not None and (args.page or args.page_only or args.stories is not None):
        wrong = "--page, --page-only and --stories are for the live bench; --panel goes with a story"
    if wrong:
        print(printable(f"cabinguard: {wrong}"), file=sys.stderr)
        return USAGE
    with _hung_up():
        if args.story is not None:
            return play_all(options, args.story)
        typed = sys.stdin is not None and sys.stdin.isatty()
        if args.page_only or args.page or (typed and not args.no_page):
            _become_keeper(options, args.stories, typed=not args.page_only and sys.stdin is not None)
        return live(options, None) if typed else from_pipe(options)


def _wrong_together(options: BenchOptions, *, stories: bool) -> str:
    if stories and options.webcam:
        return "a story plays in the staged cabin or on a recording; a webcam cannot go with it"
    if options.junit is not None and not stories:
        return "--junit reports on stories; name them with --story"
    if options.save is not None and stories:
        return "--save writes what is typed at the prompt; a story is written already"
    if options.save is not None and options.webcam:
        return "--save cannot go with a webcam: what it saw cannot be played again"
    if options.save is not None and options.save.exists():
        return f"{options.save} is there already; --save overwrites nothing"
    return ""


def _become_keeper(options: BenchOptions, stories: Path | None, *, typed: bool) -> NoReturn:
    """Go on as a process that is small, because what it starts is not: the command line goes with it."""
    order = KeeperOrder(
        settings=None if options.settings is None else str(options.settings),
        overrides=options.overrides,
        camera=options.camera,
        save=None if options.save is None else str(options.save),
        as_json=options.as_json,
        typed=typed,
        browser=typed and sys.stdin.isatty(),
        stories=None if stories is None else str(stories),
    )
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "edge.bench.keeper", word_of(order)])


@contextlib.contextmanager
def _hung_up() -> Iterator[None]:
    """A terminal that closes ends the bench in order; one started with nohup goes on."""
    try:
        before = signal.getsignal(signal.SIGHUP)
        if before is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, _end)
    except ValueError:  # not in the main thread: anyone who calls has handlers of their own
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _end(signum: int, frame: object) -> None:
    raise SystemExit(128 + signum)


def _list() -> None:
    for name, story in built_in().items():
        print(f"{name:<14} {story.title}")
    print("\nactions: +SECONDS or SECONDS, then")
    for line in acting.explained():
        print(f"  {line}")
    print("\nthings to see: by SECONDS see, never see, exactly N see, at least N see, at most N see, then")
    for line in seeing.explained():
        print(f"  {line}")
    for title, names in (("EVENT", seeing.event_names()), ("COMMAND", seeing.command_names())):
        print(f"\n{title} is one of: {', '.join(names)}")
    for name, kind in {**acting.KINDS, **seeing.KINDS}.items():
        if name not in ("EVENT", "COMMAND", "SETTING") and tuple(kind.known()):
            print(f"{name}: {', '.join(kind.known())}")
    print("\nbeside these: title, set KEY=VALUE, clip FILE, repeat N … end, see … and see …")


def _camera_words(text: str) -> str:
    kind, _, rest = text.partition(":")
    if text == "staged" or (kind == "webcam" and rest.isdigit()) or (kind == "clip" and rest):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is none of staged, webcam:N, clip:PATH")
