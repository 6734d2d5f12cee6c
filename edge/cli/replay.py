"""`replay`: the whole program on a recording, in lockstep with its clock, as fast as the machine can."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.bench.desk import SCAN_S, Desk, Props, StoryClock
from edge.bench.film import Film
from edge.bench.leaving import scratch
from edge.bench.printer import Printer
from edge.cli.options import Commands, add_settings_options, load_settings, seconds
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.loop.happening import Happening
from edge.service.plans import look_of
from edge.terms.observation import FACE_CAMERA
from edge.vision.scene import fronts as front_store
from edge.vision.scene import normal_file, reference
from hw.bench import ClipCamera
from hw.ports import Input

FPS_MAX: Final = 15.0
_KEY_WORDS: Final = ("CODE", "WRONG")


@dataclass(frozen=True, slots=True)
class Act:
    """Something done at a time of the recording; `do` returns when it is over. `input`: what it moves."""

    at_s: float
    do: Callable[[Desk], float]
    input: Input | None = None


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("replay", help="run the whole program on recordings")
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="played one after the other")
    parser.add_argument("--loop", type=seconds, metavar="SECONDS", help="repeat them to this length")
    parser.add_argument(
        "--keys",
        action="append",
        default=[],
        type=_keys,
        metavar='"T:KEYS"',
        help="type keys, CODE or WRONG at T",
    )
    parser.add_argument(
        "--at",
        action="append",
        default=[],
        type=_input,
        metavar='"T:INPUT on|off"',
        help=f"move an input ({', '.join(Input)}) at T; door on is open. Without any move of the door "
        "the cabin has no door contact: anyone who leaves the picture has left",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object for each thing that happens")
    parser.add_argument("--video", type=Path, metavar="OUT.mp4", help="a film with what was seen drawn on it")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    acts = sorted([*args.keys, *args.at], key=lambda act: act.at_s)
    if not any(act.input is Input.DOOR for act in acts):
        # A recording does not show its door. One that never opens would hold anyone who came for ever.
        args.overrides = ["wiring.door.fitted=false", *args.overrides]
    settings = load_settings(args)
    if args.video is not None and any(_same(args.video, clip) for clip in args.clips):
        raise FaultError("video_unwritable", f"{args.video} is one of the recordings")
    camera = ClipCamera(args.clips, FPS_MAX, args.loop)
    clock = StoryClock()
    printer = Printer(as_json=args.json)
    zones = [
        [(spot.x, spot.y) for spot in zone.polygon] for zone in settings.zone if zone.camera == FACE_CAMERA
    ]
    film = Film(args.video, FPS_MAX, zones) if args.video is not None else None
    with scratch("replay") as folder:
        data = Path(settings.paths.data)
        props = Props(
            camera,
            lambda: look_of(
                settings,
                references=data / reference.FOLDER,
                fronts=data / front_store.FOLDER,
                normal=data / normal_file.FOLDER,
            ),
        )
        desk = Desk(settings, props, Path(folder), _both(printer.show, film), clock)
        try:
            if film is not None:
                desk.watch = lambda frame, seen: film.draw(frame, seen, desk.kiosk)
            unfinished, never = _play(desk, acts)
        finally:
            camera.close()
            if film is not None:
                film.close(clock.now_s())
    for at_s in (*unfinished, *never):
        print(f"cabinguard: the recording ended before {at_s:g} s; --loop makes it longer", file=sys.stderr)
    if desk.broke_off is not None:
        print(explain(desk.broke_off.code, desk.broke_off.detail), file=sys.stderr)
        return 1
    return 1 if never else 0


def _play(desk: Desk, acts: Sequence[Act]) -> tuple[list[float], list[float]]:
    """Play to the end of the last frame; the times of what was not over by then, and of what never began."""
    waiting = list(acts)
    over_s: list[float] = []
    end_s = gap_s = 0.0

    def do_up_to(at_s: float) -> None:
        while waiting and waiting[0].at_s <= at_s:
            act = waiting.pop(0)
            desk.run_to(act.at_s)
            over_s.append(act.do(desk))

    while (frame_s := desk.next_frame_s()) is not None:
        do_up_to(frame_s)
        desk.run_to(frame_s)
        if frame_s > end_s:
            end_s, gap_s = frame_s, frame_s - end_s
    if desk.broke_off is None:
        end_s += gap_s  # the last picture stands as long as the one before it
        do_up_to(end_s)
        desk.run_to(end_s)
    return [at_s for at_s in over_s if at_s > end_s + SCAN_S], [act.at_s for act in waiting]


def _both(show: Callable[[Happening], None], film: Film | None) -> Callable[[Happening], None]:
    if film is None:
        return show

    def hear(happening: Happening) -> None:
        show(happening)
        film.hear(happening)

    return hear


# --- the command line's own words ------------------------------------------------------------------


def _same(film: Path, clip: Path) -> bool:
    return film.exists() and clip.exists() and film.samefile(clip)


def _time_and_words(text: str) -> tuple[float, str]:
    head, colon, rest = text.partition(":")
    try:
        at_s = float(head)
    except ValueError:
        at_s = -1.0
    if not colon or not 0 <= at_s < 1e7 or not rest.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not TIME:WORDS, such as 31.5:417")
    return at_s, rest.strip()


def _keys(text: str) -> Act:
    at_s, keys = _time_and_words(text)
    rest = keys
    for word in _KEY_WORDS:
        rest = rest.replace(word, "")
    if any(key not in "0123456789ABCD*#" for key in rest):
        raise argparse.ArgumentTypeError(f"{keys!r}: keys are digits, * and #, or the words CODE and WRONG")
    return Act(at_s, lambda desk: desk.type_keys(keys))


def _input(text: str) -> Act:
    at_s, words = _time_and_words(text)
    name, _, level = words.partition(" ")
    if name not in list(Input) or level.strip() not in ("on", "off"):
        raise argparse.ArgumentTypeError(f"{words!r} is not INPUT on|off; inputs are {', '.join(Input)}")
    moved = Input(name)

    def move(desk: Desk) -> float:
        desk.move_input(moved, level.strip() == "on")
        return at_s

    return Act(at_s, move, moved)
