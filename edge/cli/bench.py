"""`bench`: the whole kiosk with nothing attached, live in the terminal, or stories played to their ends."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import queue
import shlex
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from edge.bench import acting, junit, seeing
from edge.bench.acting import ACTIONS, CannotDo, act
from edge.bench.desk import Desk, StoryClock, afterwards, scratch
from edge.bench.film import Printer, in_words
from edge.bench.seeing import Watcher
from edge.bench.story import (
    SETTLE_S,
    Notebook,
    Outcome,
    Story,
    built_in,
    check_words,
    find_all,
    looks_like_story,
    parse,
    play,
)
from edge.cli.options import Commands, add_settings_options, settings_path
from edge.cli.terminal import Lines, Piped, open_lines
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.loop.kiosk import Happening
from edge.service.control import Asked, ControlServer, answers
from edge.settings.load import SettingsError, changed, load
from edge.settings.places import model_dir
from edge.settings.schema import Settings
from edge.settings.secrets import Secret, read_secret
from edge.terms.printing import printable
from edge.vision.face.faces import Faces
from hw.bench import ClipCamera, StagedCabin
from hw.board import open_camera
from hw.camera.port import Camera, CameraChoice
from hw.ports import HardwareError

FPS: Final = 15.0
STORY_FPS: Final = 5.0
_UNATTENDED: Final = "never-shown"
_TURN_S: Final = 0.03
_HEARD_LINES: Final = 40
"""So many of the last lines of a failed story stand in its report."""

_MARK: Final = "bench"
"""Whose record a folder holds: the bench writes beside no kiosk's."""

_SOCKET_PATH_MAX: Final = 90
_PIPE_WAIT_S: Final = 2.0
_HOTP_SECRET: Final = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The secret of RFC 4226's own example; it opens nothing but simulated doors."""

OK, WRONG, USAGE, FAULT = 0, 1, 2, 3

_WORDS: Final = {
    "help [WORD]": "all words, or those of one",
    "status": "one line: state, door, permit, who is here, the last code",
    "save FILE": "write what was done and seen so far as a story",
    "quit": "end; so does the end of the input",
    "417": "digits, * and # alone are typed at the keypad",
}
"""What the prompt knows beside the actions."""

_OWN: Final = tuple(form.split()[0] for form in _WORDS if form[0].isalpha())


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
    parser.add_argument("--panel", action="store_true", help="with the kiosk's page in a browser; [panel]")
    parser.add_argument("--json", action="store_true", help="one JSON object for each thing that happens")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.list:
        _list()
        return OK
    wrong = _wrong_together(args)
    if wrong:
        print(printable(f"cabinguard: {wrong}"), file=sys.stderr)
        return USAGE
    with _hung_up():
        if args.story is not None:
            return _play_all(args, args.story)
        typed = sys.stdin is not None and sys.stdin.isatty()
        return _live(args, None) if typed else _from_pipe(args)


def _wrong_together(args: argparse.Namespace) -> str:
    if args.story is not None and str(args.camera).startswith("webcam"):
        return "a story plays in the staged cabin or on a recording; a webcam cannot go with it"
    if args.junit is not None and args.story is None:
        return "--junit reports on stories; name them with --story"
    if args.save is not None and args.story is not None:
        return "--save writes what is typed at the prompt; a story is written already"
    if args.save is not None and str(args.camera).startswith("webcam"):
        return "--save cannot go with a webcam: what it saw cannot be played again"
    if args.save is not None and args.save.exists():
        return f"{args.save} is there already; --save overwrites nothing"
    return ""


@contextlib.contextmanager
def _hung_up() -> Iterator[None]:
    """A terminal that closes ends the bench in order; one started with nohup goes on."""
    try:
        before = signal.getsignal(signal.SIGHUP)
        if before is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, _end)
    except ValueError:  # not in the main thread: whoever calls has handlers of their own
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


# --- where the record goes -------------------------------------------------------------------------


def _set_here(args: argparse.Namespace, key: str) -> bool:
    """Whether the command line itself names this folder: a kiosk's own is never written to by accident."""
    return any(override.partition("=")[0].strip() in (f"paths.{key}", key) for override in args.overrides)


@contextlib.contextmanager
def _folder(args: argparse.Namespace, settings: Settings, name: str = "", *, fresh: bool) -> Iterator[Path]:
    """Where this run keeps its record: `paths.data` of the command line, else a folder that goes with it.

    `name`: a folder in it. `fresh`: it must not have a record yet. Raises `FaultError`.
    """
    if not _set_here(args, "data"):
        with scratch("bench") as made:
            yield Path(made)
        return
    folder = Path(settings.paths.data) / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strange = any(folder.iterdir()) and not (folder / _MARK).exists()
        if strange:
            raise FaultError("bench_folder", f"{folder} holds what is no bench's; name an empty folder")
        mark = (folder / _MARK).open("a")
    except OSError as error:
        raise FaultError("bench_folder", f"{folder}: {error.strerror}") from error
    with mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FaultError("bench_folder", f"another bench keeps its record in {folder}") from error
        if fresh and (folder / "journal.db").exists():
            raise FaultError(
                "bench_folder", f"{folder} has a record already; a story begins without: name another"
            )
        yield folder


def _with_secret(settings: Settings, folder: Path) -> Settings:
    """With a secret for RELEASE where the settings name none, so that it can be practised."""
    if read_secret(settings, Secret.HOTP) is not None:
        return settings
    file = folder / "hotp-secret"
    file.write_text(_HOTP_SECRET)
    file.chmod(0o600)
    return changed(settings, f"people.hotp_secret_file={file.absolute()}")


# --- stories ---------------------------------------------------------------------------------------


def _play_all(args: argparse.Namespace, names: Sequence[str]) -> int:
    found: list[tuple[str, Story | FaultError]] = []
    for name in names:
        found += [("-", _parsed(sys.stdin.read()))] if name == "-" else find_all(name)
    return _play_found(args, found)


def _parsed(text: str) -> Story | FaultError:
    try:
        return parse("standard-input", text, "standard input")
    except FaultError as error:
        return error


def _play_found(args: argparse.Namespace, found: Sequence[tuple[str, Story | FaultError]]) -> int:
    several = len(found) > 1
    began_wall_s = time.time()
    if args.junit is not None:  # a run that is ended half-way shall not leave the report of another
        waiting = [junit.Case(source, 0.0, error="not played: the run was ended") for source, _ in found]
        junit.write(args.junit, waiting, began_wall_s)
    cases: list[junit.Case] = []
    played_s = 0.0
    for source, story in found:
        case, ended_s = _play_one(args, source, story, several=several)
        cases.append(case)
        played_s += ended_s
    if args.junit is not None:
        junit.write(args.junit, cases, began_wall_s)
    if several:
        _sum_up(cases, played_s, as_json=args.json)
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
    args: argparse.Namespace, source: str, story: Story | FaultError, *, several: bool
) -> tuple[junit.Case, float]:
    """Play one story and say how it went; what came of it, and how long it was by its own clock."""
    began_s = time.monotonic()
    heard: deque[str] = deque(maxlen=_HEARD_LINES)
    ended_s, failure, error = 0.0, "", ""
    try:
        if isinstance(story, FaultError):
            raise story
        if args.camera is not None and args.camera.startswith("clip:"):
            story = replace(story, clip=Path(args.camera.partition(":")[2]))
        outcome = _play(args, story, heard, several=several)
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


def _play(args: argparse.Namespace, story: Story, heard: deque[str], *, several: bool) -> Outcome:
    settings = _settings_for(args, story)
    check_words(story, settings)
    printer = Printer(as_json=args.json)

    def show(happening: Happening) -> None:
        printer.show(happening)
        words = in_words(happening)
        if words is not None:
            heard.append(f"{happening.at_s:8.1f} s  {happening.kind:<8} {words}")

    if not args.json:
        print(printable(f"{story.name}: {story.title}"))
    pace = _pacer() if args.real_time or args.panel else None
    with _folder(args, settings, story.name if several else "", fresh=True) as folder:
        page = _Page(args, story.settings) if args.panel else None
        outcome = play_story(story, settings, show, pace, page, folder)
    if not args.json:
        said = "as it should be" if outcome.ok else f"failed: {story.source}, {outcome.failure}"
        print(printable(f"{story.name}: {said} ({outcome.ended_s:.0f} s of story)"))
    elif not outcome.ok:
        print(printable(f"{story.name}: {story.source}, {outcome.failure}"), file=sys.stderr)
    return outcome


def _settings_for(args: argparse.Namespace, story: Story) -> Settings:
    """The story's settings, and over them those of the command line."""
    doorless = ["wiring.door.fitted=false"] if story.clip is not None and not story.moves_door else []
    return load(settings_path(args), [*doorless, *story.settings, *args.overrides])


def play_story(
    story: Story,
    settings: Settings,
    show: Callable[[Happening], None],
    pace: Callable[[float, Callable[[float], None]], None] | None = None,
    page: _Page | None = None,
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
        camera: Camera = StagedCabin(clock) if story.clip is None else ClipCamera([story.clip], FPS)
        stack.callback(camera.close)
        faces = Faces(model_dir(settings), settings.face.covers)
        desk = Desk(
            _with_secret(settings, where),
            camera,
            faces,
            where,
            hear,
            clock,
            frame_every_s=1 / STORY_FPS if story.clip is None else None,
            stage=camera if isinstance(camera, StagedCabin) else None,
        )
        stack.callback(desk.close)
        rest: Callable[[float], None] = time.sleep
        if page is not None:
            rest = stack.enter_context(page.over(desk, where)).rest
        return play(story, desk, watcher, None if pace is None else lambda story_s: pace(story_s, rest))


def _pacer() -> Callable[[float, Callable[[float], None]], None]:
    start_s = time.monotonic()

    def wait(story_s: float, rest: Callable[[float], None]) -> None:
        rest(max(0.0, start_s + story_s - time.monotonic()))

    return wait


# --- what other programs ask -----------------------------------------------------------------------


class _Control:
    """Answers `status`, `panel` and `release` for a simulated kiosk."""

    def __init__(self, desk: Desk, folder: Path, released: Callable[[], None] = lambda: None) -> None:
        if len(str(folder.absolute())) > _SOCKET_PATH_MAX:
            raise FaultError("bench_folder", f"{folder}: too long for a socket; name a shorter one")
        self._desk = desk
        self._released = released
        self._asked: queue.SimpleQueue[Asked] = queue.SimpleQueue()
        self._server = ControlServer(folder, self._asked.put)

    def rest(self, for_s: float) -> None:
        """Wait, and answer meanwhile."""
        end_s = time.monotonic() + for_s
        while True:
            try:
                asked = self._asked.get(timeout=max(0.0, end_s - time.monotonic()))
            except queue.Empty:
                return
            asked.answer(self._answer(asked))

    def _answer(self, asked: Asked) -> dict[str, object]:
        desk, request = self._desk, asked.request
        if request.verb != "release" or not desk.powered:
            return desk.answer(request.verb)
        if asked.uid not in (0, os.getuid()):
            return {"error": "not_root", "detail": "whoever runs this bench, or root, may release"}
        if not desk.kiosk.releasable(request.incident):
            return {"error": "nothing_locked"}
        self._released()
        desk.release(request.incident)
        return {"released": True}

    def close(self) -> None:
        self._server.close()


class _Page:
    """The kiosk's page over the bench: the same program in the same process of its own as on a kiosk."""

    def __init__(self, args: argparse.Namespace, overrides: Sequence[str] = ()) -> None:
        path = settings_path(args)
        self._options = [] if path is None else ["--settings", str(path.absolute())]
        for override in (*overrides, *args.overrides):
            self._options += ["--set", override]

    @contextlib.contextmanager
    def over(self, desk: Desk, folder: Path) -> Iterator[_Control]:
        """Show this desk. What there is to see is simulated, so all of it is shown."""
        with contextlib.closing(_Control(desk, folder)) as control, self.shown(folder, folder):
            yield control

    @contextlib.contextmanager
    def shown(self, folder: Path, runtime: Path) -> Iterator[None]:
        """The page, as long as this block, or this process, lives."""
        options = list(self._options)
        paths = (f"paths.data={folder.absolute()}", f"paths.runtime={runtime.absolute()}")
        for override in (*paths, "panel.live=true", "panel.pictures=true"):
            options += ["--set", override]
        # Beside a program that reads this one's output.
        command = [sys.executable, "-m", "edge", "panel", *options]
        page = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sys.stderr, cwd=Path(__file__).parents[2]
        )
        try:
            with afterwards('kill "$1"', str(page.pid)):
                yield
        finally:
            page.wait()


# --- live ------------------------------------------------------------------------------------------


def _from_pipe(args: argparse.Namespace) -> int:
    """Play what comes through the pipe: a story, or lines as one would type them."""
    lines = Piped()
    lines.ended = sys.stdin is None  # closed by whoever started this
    first: list[str] = []
    clip = args.camera is not None and args.camera != "staged"
    give_up_s = time.monotonic() + (_PIPE_WAIT_S if clip else float("inf"))
    story: bool | None = None
    while not lines.ended and story is None and time.monotonic() < give_up_s:
        for line in lines.take(_PIPE_WAIT_S):
            first.append(line)
            if story is None:
                story = looks_like_story(line)
    if story:
        while not lines.ended:
            first += lines.take(_PIPE_WAIT_S)
        return _play_found(args, [("-", _parsed("\n".join(first)))])
    if any(line.strip() for line in first):
        return _live(args, lines, first)
    if clip:
        return _unattended(args)
    print(f"no terminal to type at: playing the story {_UNATTENDED}", file=sys.stderr)
    return _play_all(args, [_UNATTENDED])


def _live(args: argparse.Namespace, piped: Piped | None, first: Sequence[str] = ()) -> int:
    """Whoever types is in the cabin, in real time; from a pipe the same."""
    camera_words = args.camera or "staged"
    # Nobody opens a door before a webcam or a recording: one that never opens would hold whoever came.
    doorless = [] if camera_words == "staged" else ["wiring.door.fitted=false"]
    settings = load(settings_path(args), [*doorless, *args.overrides])
    clock = StoryClock(wall_s=time.time())
    notebook = Notebook()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(_folder(args, settings, fresh=False))
        runtime = Path(settings.paths.runtime) if _set_here(args, "runtime") else folder
        _make_runtime(runtime)
        faces = Faces(model_dir(settings), settings.face.covers)
        camera, every_s = _camera(camera_words, clock)
        stack.callback(camera.close)
        lines = piped or open_lines(_complete, plain=args.json)
        stack.callback(lines.close)
        printer = Printer(as_json=args.json, write=lines.show)

        def hear(happening: Happening) -> None:
            notebook.hear(happening)
            printer.show(happening)

        if piped is None:
            _greet(args, lines, folder, runtime)
        stage = camera if isinstance(camera, StagedCabin) else None
        settings = _with_secret(settings, folder)
        desk = Desk(
            settings,
            camera,
            faces,
            folder,
            hear,
            clock,
            frame_every_s=every_s,
            stage=stage,
            runtime=runtime,
        )
        if runtime != folder:
            stack.callback((runtime / "ring-face").unlink, missing_ok=True)
        stack.callback(desk.close)
        session = _Session(args, desk, lines, printer, notebook)
        if args.save is not None:
            stack.callback(session.save, args.save)
        control = stack.enter_context(contextlib.closing(_Control(desk, runtime, session.released)))
        if args.panel:
            stack.enter_context(_Page(args, doorless).shown(folder, runtime))
        return session.go_on(control, first)


def _make_runtime(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if answers(folder):
            raise FaultError("bench_folder", f"something answers in {folder} already")
    except OSError as error:
        raise FaultError("bench_folder", f"{folder}: {error.strerror}") from error


def _greet(args: argparse.Namespace, lines: Lines, folder: Path, runtime: Path) -> None:
    said = [
        "The simulated cabin is running. Nothing outside this terminal moves.",
        "Try: enter anna with mask. help shows every word, Tab completes, quit ends.",
    ]
    if _set_here(args, "data"):
        program, asked = _program(), shlex.quote(f"paths.runtime={runtime.absolute()}")
        said += [
            "Meanwhile, in another terminal:",
            f"  {program} status --set {asked}",
            f"  {program} release --set {asked}",
            f"  {program} events --set {shlex.quote(f'paths.data={folder.absolute()}')}",
        ]
    for line in said:
        _print(args, lines, line)


def _program() -> str:
    """How a shell in any folder starts this program."""
    beside = Path(sys.executable).with_name("cabinguard")
    return shlex.quote(str(beside)) if beside.exists() else "cabinguard"


def _print(args: argparse.Namespace, lines: Lines, text: str) -> None:
    """For a person; beside the objects for a program."""
    if args.json:
        print(text, file=sys.stderr, flush=True)
    else:
        lines.show(text)


class _Session:
    """One sitting at the prompt."""

    def __init__(
        self, args: argparse.Namespace, desk: Desk, lines: Lines, printer: Printer, notebook: Notebook
    ) -> None:
        self._args = args
        self._desk = desk
        self._lines = lines
        self._printer = printer
        self._notebook = notebook
        self._refused = 0
        self._left = False

    def go_on(self, control: _Control, first: Sequence[str]) -> int:
        """Until `quit` or the end of the input; the exit code."""
        desk = self._desk
        waiting = list(first)
        start_s = time.monotonic() - desk.clock.now_s()
        while True:
            desk.run_to(time.monotonic() - start_s)
            control.rest(0.0)
            for line in (*waiting, *self._lines.take(0.0 if waiting else _TURN_S)):
                before_s = desk.clock.now_s()
                self._obey(line)
                if desk.clock.now_s() > before_s:  # `wait` let time pass at once
                    start_s = time.monotonic() - desk.clock.now_s()
                if self._left:
                    return WRONG if self._refused and isinstance(self._lines, Piped) else OK
            waiting.clear()
            if self._lines.ended:
                break
        if isinstance(self._lines, Piped):
            self._play_out()
            return WRONG if self._refused else OK
        return OK

    def _play_out(self) -> None:
        """After the last line of a pipe: a recording to its end, and time for what was begun."""
        desk = self._desk
        if self._args.camera is not None and self._args.camera.startswith("clip:"):
            while (frame_s := desk.next_frame_s()) is not None:
                desk.run_to(frame_s)
        desk.run_to(desk.clock.now_s() + SETTLE_S)

    def released(self) -> None:
        """Somebody released the door from outside."""
        self._notebook.did(self._desk.clock.now_s(), ["release"])

    def save(self, path: Path) -> None:
        kept = ("paths.data", "paths.runtime", "data", "runtime")
        settings = [o for o in self._args.overrides if o.partition("=")[0].strip() not in kept]
        remarks = ["written by cabinguard bench"]
        if self._args.settings is not None:
            remarks.append(f"play it with --settings {self._args.settings}")
        camera = self._args.camera or "staged"
        clip = Path(camera.partition(":")[2]) if camera.startswith("clip:") else None
        title = f"A session of {datetime.now():%Y-%m-%d %H:%M}"
        text = self._notebook.text(title, settings, clip, remarks)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            self._say(f"not saved: {path}: {error.strerror}", ok=False)
        else:
            self._say(f"saved: {path}; play it with bench --story {path}")

    # --- one line ------------------------------------------------------------------------------

    def _obey(self, line: str) -> None:
        words = line.split()
        match words:
            case ["#", _, *_]:
                pass  # a remark in a file of lines; # alone is a key
            case [] | ["status"]:
                self._say(_status_line(self._desk))
            case ["quit"]:
                self._left = True
            case ["help", *rest]:
                self._help(rest)
            case ["save", *rest]:
                if len(rest) == 1:
                    self.save(Path(rest[0]))
                else:
                    self._say("not done: words are missing: right is: save FILE", ok=False)
            case _:
                self._act(["keys", *words] if all(key in "0123456789*#" for key in words[0]) else words)

    def _act(self, words: list[str]) -> None:
        desk = self._desk
        try:
            acting.check(words, _OWN)
            if words[0] == "wait":
                if len(words) > 1 and str(self._args.camera).startswith("webcam"):
                    raise CannotDo("time cannot be skipped before a webcam")
                act(desk, words)
            else:
                self._notebook.did(desk.clock.now_s(), _as_written(desk, words))
                try:
                    act(desk, words)
                except CannotDo:
                    self._notebook.undo()
                    raise
        except CannotDo as error:
            self._say(f"not done: {str(error).replace('bench --list has', 'help shows')}", ok=False)
        else:
            self._say(f"done: {' '.join(words)}")

    def _help(self, words: Sequence[str]) -> None:
        lines = _help_lines()
        found = [line for line in lines if not words or line.split()[0] == words[0]]
        if not found:
            self._say(f"not done: {words[0]!r} is no word here; help alone shows all", ok=False)
            return
        for line in found:
            _print(self._args, self._lines, f"  {line}")
        self._say(f"done: {' '.join(['help', *words])}")

    def _say(self, said: str, *, ok: bool = True) -> None:
        self._refused += not ok
        data = {"name": "done" if ok else "not_done", "said": said}
        self._printer.show(Happening(self._desk.clock.now_s(), "typed", data))


def _help_lines() -> list[str]:
    """A line for every form of every word of the prompt, from the tables that read them."""
    return [*acting.explained(), *(f"{form:<36} {meaning}" for form, meaning in _WORDS.items())]


def _complete(words: Sequence[str], begun: str) -> list[str]:
    if not words or words == ["help"]:
        return [word for word in (*ACTIONS, *_OWN) if word.startswith(begun)]
    return acting.complete(words, begun)


def _status_line(desk: Desk) -> str:
    """State, door and what else one wants to know, in one line."""
    if not desk.powered:
        return "the power is off"
    status = desk.kiosk.status(desk.clock.now_s())
    left_s = status["locks_in_s"]
    parts = [
        str(status["state"]).upper() + ("" if left_s is None else f", locks in {left_s} s"),
        f"door {status['door']}",
        f"machine {status['permit']}",
        f"camera {status['camera']}",
    ]
    if status["incident"]:
        parts.append(f"incident {status['incident']}")
    for key in ("anomalies", "faults"):
        found = status[key]
        if isinstance(found, list) and found:
            parts.append(f"{key} {', '.join(map(str, found))}")
    if desk.inside:
        parts.append(f"inside {', '.join(desk.inside)}")
    code = desk.last_code()
    if code is not None:
        parts.append(f"last code {code}")
    return " · ".join(parts)


def _as_written(desk: Desk, words: Sequence[str]) -> list[str]:
    """Words as they mean the same in another play, which has codes of its own."""
    match words:
        case ["keys", *rest]:
            return ["keys", _key_word("".join(rest), desk.codes())]
        case ["sms", "from", sender, release, incident, password] if release.upper() == "RELEASE":
            here = str(desk.kiosk.state.incident)
            right = password == desk.release_password()
            return [
                *("sms", "from", sender, release),
                "INCIDENT" if incident == here else incident,
                "HOTP" if right else password,
            ]
        case _:
            return list(words)


def _key_word(typed: str, codes: Sequence[str]) -> str:
    bare = typed.rstrip("#")
    tail = typed[len(bare) :]
    if codes and bare == codes[-1]:
        return f"CODE{tail}"
    if len(codes) > 1 and bare == codes[-2]:
        return f"PREVIOUS{tail}"
    if codes and bare.isdigit() and len(bare) == len(codes[-1]):
        return f"WRONG{tail}"
    return typed


def _unattended(args: argparse.Namespace) -> int:
    """A recording to its end, for want of a terminal; a camera that has no end is not begun."""
    clock = StoryClock()
    camera, every_s = _camera(args.camera, clock)
    try:
        if every_s is not None:
            print("cabinguard: without a terminal a webcam would never end", file=sys.stderr)
            return USAGE
        settings = load(settings_path(args), ["wiring.door.fitted=false", *args.overrides])
        faces = Faces(model_dir(settings), settings.face.covers)
        with _folder(args, settings, fresh=True) as folder:
            show = Printer(as_json=args.json).show
            desk = Desk(settings, camera, faces, folder, show, clock)
            while (frame_s := desk.next_frame_s()) is not None:
                desk.run_to(frame_s)
            desk.close()
    finally:
        camera.close()
    if desk.broke_off is not None:
        print(explain(desk.broke_off.code, desk.broke_off.detail), file=sys.stderr)
        return WRONG
    return OK


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
        return open_camera(CameraChoice("usb", rest)), 1 / FPS
    return ClipCamera([Path(rest)], FPS), None
