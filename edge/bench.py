"""`bench`: the whole kiosk with nothing attached, live in the terminal, or a story played to its end."""

from __future__ import annotations

import argparse
import queue
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from edge.app import Happening
from edge.control import Asked, ControlServer
from edge.desk import Desk, StoryClock, scratch
from edge.faults import FaultError, explain
from edge.options import Commands, add_settings_options, load_settings, model_dir, settings_path
from edge.printing import printable
from edge.settings import Settings, load
from edge.showing import Printer
from edge.story import ACTIONS, SEEN, Outcome, Story, Watcher, act, built_in, find, play
from edge.vision.faces import Faces
from hw.camera.clip import ClipCamera
from hw.camera.staged import StagedCabin
from hw.camera.usb import UsbCamera
from hw.ports import Camera, HardwareError

FPS: Final = 15.0
STORY_FPS: Final = 5.0
_UNATTENDED: Final = "never-shown"

_HELP: Final = """\
What you can do (type a line, Enter):
  enter anna            somebody comes in        enter george           the other one joins
  enter anna with mask  comes in masked          leave anna             goes
  mask on|off · glasses on|off · helmet on|off · scarf on|off · hand on|off
  turn away · turn front · crouch · stand        lights off|on
  417 or keys CODE      type at the keypad (CODE: the one in the SMS, WRONG: another)
  fire on|off · exit on|off · panic on|off · case on|off · door open|closed
  camera dies · camera comes back · modem mute on|off · disk full|well · power off · power on
  release               open the door on the spot
  help · quit
"""


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("bench", help="the simulated cabin, nothing attached")
    parser.add_argument(
        "--camera",
        default="staged",
        type=_camera_words,
        metavar="staged|webcam:N|clip:PATH",
        help="where the pictures come from",
    )
    parser.add_argument("--story", metavar="NAME", help="play a story, built in or from a file; exit 0 or 1")
    parser.add_argument("--list", action="store_true", help="the built-in stories and the words of a story")
    parser.add_argument("--real-time", action="store_true", help="play a story at the pace of life")
    parser.add_argument("--panel", action="store_true", help="with the kiosk's page in a browser; [panel]")
    parser.add_argument("--json", action="store_true", help="one JSON object for each thing that happens")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.list:
        _list()
        return 0
    if args.story is not None and args.camera != "staged":
        print("cabinguard: a story plays in the staged cabin; --camera cannot go with it", file=sys.stderr)
        return 2
    if args.story is not None:
        return _play(args, find(args.story))
    if not sys.stdin.isatty() and args.camera != "staged":
        return _unattended(args)
    if not sys.stdin.isatty():
        print(f"no terminal to type at: playing the story {_UNATTENDED}", file=sys.stderr)
        return _play(args, find(_UNATTENDED))
    return _live(args)


def _list() -> None:
    for name, story in built_in().items():
        print(f"{name:<14} {story.title}")
    print(f"\nactions: {', '.join(ACTIONS)}\nthings to see: {', '.join(SEEN)}")


# --- a story ---------------------------------------------------------------------------------------


def _play(args: argparse.Namespace, story: Story) -> int:
    settings = load(settings_path(args), [*story.settings, *args.overrides])
    printer = Printer(as_json=args.json)
    if not args.json:
        print(printable(f"{story.name}: {story.title}"))
    pace = _pacer() if args.real_time or args.panel else None
    window = _Window(args, story.settings) if args.panel else None
    outcome = play_story(story, settings, printer.show, pace, window)
    if not args.json:
        said = "as it should be" if outcome.ok else f"failed: {outcome.failure}"
        print(printable(f"{story.name}: {said} ({outcome.ended_s:.0f} s of story)"))
    elif not outcome.ok:
        print(printable(f"{story.name}: {outcome.failure}"), file=sys.stderr)
    return 0 if outcome.ok else 1


def play_story(
    story: Story,
    settings: Settings,
    show: Callable[[Happening], None],
    pace: Callable[[float, Callable[[float], None]], None] | None = None,
    window: _Window | None = None,
) -> Outcome:
    """Play a story in the staged cabin, in a folder of its own. `pace` waits for a time of the story."""
    watcher = Watcher()

    def hear(happening: Happening) -> None:
        show(happening)
        watcher.hear(happening)

    with scratch("story") as folder:
        clock = StoryClock()
        stage = StagedCabin(clock)
        faces = Faces(model_dir(settings), settings.face.covers)
        desk = Desk(
            settings, stage, faces, Path(folder), hear, clock, frame_every_s=1 / STORY_FPS, stage=stage
        )
        rest: Callable[[float], None] = time.sleep
        try:
            if window is not None:
                window.open(desk, Path(folder))
                rest = window.rest
            return play(story, desk, watcher, None if pace is None else lambda story_s: pace(story_s, rest))
        finally:
            if window is not None:
                window.close()
            desk.close()


def _pacer() -> Callable[[float, Callable[[float], None]], None]:
    start_s = time.monotonic()

    def wait(story_s: float, rest: Callable[[float], None]) -> None:
        rest(max(0.0, start_s + story_s - time.monotonic()))

    return wait


# --- the page --------------------------------------------------------------------------------------


class _Window:
    """The kiosk's page over the bench: the same program in the same process of its own as on a kiosk."""

    def __init__(self, args: argparse.Namespace, overrides: Sequence[str] = ()) -> None:
        path = settings_path(args)
        self._options = [] if path is None else ["--settings", str(path.absolute())]
        for override in (*overrides, *args.overrides):
            self._options += ["--set", override]
        self._asked: queue.SimpleQueue[Asked] = queue.SimpleQueue()

    def open(self, desk: Desk, folder: Path) -> None:
        """Answer for this desk from now on, and start the page. What it shows is simulated, so all of it."""
        self._desk = desk
        self._server = ControlServer(folder, self._asked.put)
        for override in (f"paths.data={folder}", f"paths.runtime={folder}", "live=true", "pictures=true"):
            name = override if override.startswith("paths") else f"panel.{override}"
            self._options += ["--set", name]
        # Beside a program that reads this one's output.
        command = [sys.executable, "-m", "edge", "panel", *self._options]
        self._page = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sys.stderr, cwd=Path(__file__).parent.parent
        )

    def rest(self, for_s: float) -> None:
        """Wait, and answer the page meanwhile."""
        end_s = time.monotonic() + for_s
        while True:
            try:
                asked = self._asked.get(timeout=max(0.0, end_s - time.monotonic()))
            except queue.Empty:
                return
            asked.answer(self._desk.answer(asked.request.verb))

    def close(self) -> None:
        self._page.terminate()
        self._page.wait()
        self._server.close()


# --- live ------------------------------------------------------------------------------------------


def _live(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    printer = Printer(as_json=args.json)
    clock = StoryClock(wall_s=time.time())
    faces = Faces(model_dir(settings), settings.face.covers)
    camera, every_s = _camera(args.camera, clock)
    stage = camera if isinstance(camera, StagedCabin) else None
    with scratch("bench") as folder:
        desk = Desk(
            settings, camera, faces, Path(folder), printer.show, clock, frame_every_s=every_s, stage=stage
        )
        window = _Window(args) if args.panel else None
        print("The simulated cabin is running. Nothing outside this terminal moves.")
        print(_HELP)
        try:
            if window is not None:
                window.open(desk, Path(folder))
            _drive(desk, window)
        finally:
            if window is not None:
                window.close()
            desk.close()
            camera.close()
    return 0


def _unattended(args: argparse.Namespace) -> int:
    """A recording to its end, for want of a terminal; a camera that has no end is not begun."""
    clock = StoryClock()
    camera, every_s = _camera(args.camera, clock)
    try:
        if every_s is not None:
            print("cabinguard: without a terminal a webcam would never end", file=sys.stderr)
            return 2
        settings = load_settings(args)
        faces = Faces(model_dir(settings), settings.face.covers)
        with scratch("bench") as folder:
            show = Printer(as_json=args.json).show
            desk = Desk(settings, camera, faces, Path(folder), show, clock)
            while (frame_s := desk.next_frame_s()) is not None:
                desk.run_to(frame_s)
            desk.close()
    finally:
        camera.close()
    if desk.broke_off is not None:
        print(explain(desk.broke_off.code, desk.broke_off.detail), file=sys.stderr)
        return 1
    return 0


def _camera_words(text: str) -> str:
    kind, _, rest = text.partition(":")
    if text == "staged" or (kind == "webcam" and rest.isdigit()) or (kind == "clip" and rest):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is none of staged, webcam:N, clip:PATH")


def _camera(words: str, clock: StoryClock) -> tuple[Camera, float | None]:
    """The camera that `--camera` asks for, and how often it is asked where it does not say itself.

    Raises `HardwareError`.
    """
    kind, _, rest = words.partition(":")
    if kind == "staged":
        return StagedCabin(clock), 1 / FPS
    if kind == "webcam":
        return UsbCamera(int(rest)), 1 / FPS
    return ClipCamera([Path(rest)], FPS), None


def _drive(desk: Desk, window: _Window | None) -> None:
    """Real time, with a line from the terminal now and then, until `quit` or its end."""
    start_s = time.monotonic() - desk.clock.now_s()
    while True:
        desk.run_to(time.monotonic() - start_s)
        if window is not None:
            window.rest(0.0)
        readable, _, _ = select.select([sys.stdin], [], [], 0.03)
        if not readable:
            continue
        line = sys.stdin.readline()
        words = line.split()
        if not line or words[:1] == ["quit"]:
            return
        if words:
            _obey(desk, words)


def _obey(desk: Desk, words: list[str]) -> None:
    if words == ["help"]:
        print(_HELP)
        return
    if all(c in "0123456789*#" for c in words[0]):
        words = ["keys", *words]
    if words[0] not in ACTIONS:
        print(f"{words[0]!r} is not known here; help shows what is")
        return
    try:
        act(desk, words)
    except (FaultError, HardwareError, ValueError) as error:
        print(printable(f"cannot be done: {error}"))
