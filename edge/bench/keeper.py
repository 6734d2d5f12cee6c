"""The keeper of a live bench: a small process that starts the cabin and its page and can pull the plug.

The cabin's process has the desk and the terminal's prompt; a pulled plug is a kill of it that nothing can
catch. The keeper then gives the terminal its manners back and starts the cabin again over the same record and
the same world (`world.py`), first without power: people, contacts, wires and telephones are moved by the same
code whether the plug is in or out. The keeper's socket is the one address of the bench; it never goes away.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from edge.bench.asked import FAULT
from edge.bench.children import Cabin, Child, PageChild, page_words
from edge.bench.folder_run import FolderRun
from edge.bench.keeping import folder_for, make_runtime
from edge.bench.leaving import Left
from edge.bench.part import INSIDE, OUTCOME, KeeperOrder, Part, StoryPart, keeper_order
from edge.bench.relay import Relay
from edge.bench.shelf import Shelf, built_in_folder
from edge.bench.socket import BenchAsked, BenchServer
from edge.bench.wire import (
    Acted,
    BenchReply,
    BenchRequest,
    BenchView,
    Look,
    NotAnswered,
    Plug,
    StoryAsk,
    StorySeen,
)
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.faults.log import install_log
from edge.settings.load import SettingsError
from edge.settings.schema import Settings
from edge.terms.printing import printable

BUILT_IN: Final = "built-in"
"""The name of the folder of the stories that come with the bench."""

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_OWN_END_S: Final = 2.0
"""A Ctrl-C reaches the cabin as well, which then ends by itself."""

_Event = Child | signal.Signals | BenchAsked


class Keeper:
    """Keeps one bench until it is over. `left` has its own folder; `data` and `runtime` as in `Part`."""

    def __init__(self, order: KeeperOrder, left: Left, data: Path, runtime: Path) -> None:
        home = left.folder
        self._order = order
        self._left = left
        self._runtime = runtime
        self._part = Part(order, str(home), str(data.absolute()), str(runtime.absolute()))
        self._shown = home / "shown"
        self._shown.symlink_to(data.absolute())
        inside = home / INSIDE
        inside.mkdir()
        self._relay = Relay(inside)
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._manners = termios.tcgetattr(sys.stdin) if order.typed and sys.stdin.isatty() else None
        beside = data if order.options.names("data") else Path()
        self._shelf = Shelf((beside / "stories" if order.stories is None else Path(order.stories)).absolute())
        self._story: StorySeen | None = None
        self._playing = False
        self._folder: FolderRun | None = None
        self._cabin: Cabin | None = None
        self._page: PageChild | None = None

    def keep(self, settings: Settings) -> int:
        """Until `quit`, the end of the input, a signal or a cabin that cannot start; the exit code."""
        with self._signals(), contextlib.closing(BenchServer(self._runtime, self._asked)):
            try:
                if self._order.page:
                    words = page_words(self._order, settings, self._runtime, self._shown)
                    self._page = PageChild(words, self._left, self._events.put, self._page_said)
                self._cabin = Cabin(self._part, self._left, self._events.put)
                return self._follow()
            finally:
                for child in (self._cabin, self._folder, self._page):
                    if child is not None:
                        child.stop()
                self._calm_terminal()

    # --- what happens ------------------------------------------------------------------------------

    def _follow(self) -> int:
        while True:
            event = self._events.get()
            code: int | None = None
            if isinstance(event, signal.Signals):
                if event is signal.SIGINT and self._order.typed and self._cabin is not None:
                    self._cabin.wait(_OWN_END_S)
                code = 128 + event
            elif isinstance(event, BenchAsked):
                event.answer(self._ordered(event.request))
            elif event is self._cabin:
                code = self._cabin_ended(event)
            elif event is self._page:
                code = self._page_ended(event)
            elif event is self._folder:
                self._folder.over()
            if code is not None:
                return code

    def _cabin_ended(self, cabin: Child) -> int | None:
        code = cabin.wait() or 0
        if self._playing and self._story_ended(code):
            return None
        if code < 0:
            self._calm_terminal()
            _say(f"The cabin's process was ended by {signal.Signals(-code).name}, and the bench with it.")
            return 128 - code
        return code

    def _page_ended(self, page: Child) -> int | None:
        code = page.wait() or 0
        self._page = None
        _say(f"The page has ended (exit code {code}).")
        if self._order.typed:
            return None
        return code if code > 0 else FAULT

    def _page_said(self, line: str) -> None:
        _say(line)
        name, _, address = line.partition(": ")
        if name == "page" and self._order.browser:
            _show_in_browser(address)

    # --- orders ------------------------------------------------------------------------------------

    def _asked(self, asked: BenchAsked) -> None:
        """In a thread of who asks: the cabin's answer is waited for here; what moves processes is done in
        turn."""
        match asked.request:
            case Plug(to="in"):
                asked.answer(self._put_in())
            case StoryAsk(do="save"):
                asked.answer(self._save(asked.request))
            case StoryAsk(do="record" | "end"):
                asked.answer(self._relay.ask(asked.request))
            case StoryAsk(do="pause" | "step" | "go" | "stop"):
                asked.answer(self._conduct(asked.request))
            case Plug() | StoryAsk():
                self._events.put(asked)
            case Look():
                asked.answer(self._seen(self._relay.ask(asked.request)))
            case _:
                asked.answer(self._relay.ask(asked.request))

    def _seen(self, reply: BenchReply) -> BenchReply:
        """What the cabin shows, and what of the bench it does not know."""
        if not isinstance(reply, BenchView):
            return reply
        story, folder = reply.story or self._story, self._folder
        seen = None if folder is None else folder.seen
        plugged = self._playing or not self._relay.out
        return msgspec.structs.replace(reply, plugged=plugged, story=story, folder=seen)

    def _ordered(self, request: BenchRequest) -> BenchReply:
        match request:
            case Plug():
                return self._pull()
            case StoryAsk():
                return self._tell(request)
            case _:
                return NotAnswered(error="not_understood")

    def _tell(self, request: StoryAsk) -> BenchReply:
        """What is asked of stories. What the cabin itself does is asked of it by `_asked`."""
        try:
            match request.do:
                case "list":
                    return self._shelf.stories()
                case "play":
                    return self._play(self._shelf.find(request.name, request.pace))
                case "folder":
                    return self._play_folder(request.name)
                case _:
                    return NotAnswered(error="not_understood")
        except FaultError as error:
            return Acted(done=False, said=f"not done: {error.detail}")

    # --- stories -----------------------------------------------------------------------------------

    def _play(self, play: StoryPart) -> BenchReply:
        if self._playing:
            return Acted(done=False, said="not done: a story is being played; story stop ends it")
        assert self._cabin is not None
        self._cabin.stop(kill=True)  # the bench goes on: nothing is saved or said goodbye to yet
        record = self._left.folder / "story"
        shutil.rmtree(record, ignore_errors=True)
        record.mkdir()
        (self._left.folder / OUTCOME).unlink(missing_ok=True)
        self._playing, self._story = True, None
        self._show(record)
        self._start(msgspec.structs.replace(self._part, data=str(record), play=play, greets=False))
        return Acted(done=True, said=f"done: story play {play.name}, on a fresh record; the live cabin waits")

    def _story_ended(self, code: int) -> bool:
        """Whether the story is over, and the live cabin is there again; False where the bench was to end."""
        try:
            self._story = msgspec.json.decode((self._left.folder / OUTCOME).read_bytes(), type=StorySeen)
        except FileNotFoundError:
            if code >= 0:
                return False
            died = f"the cabin's process was ended by {signal.Signals(-code).name}"
            self._story = StorySeen("", "", 0, 0, "", paused=False, ended=True, failed=died)
        self._playing = False
        self._calm_terminal()
        how = f"failed: {self._story.failed}" if self._story.failed else "as it should be"
        _say(f"{self._story.name}: {how}. The live cabin is here again.")
        self._show(Path(self._part.data))
        plugged = self._relay.on
        self._start(msgspec.structs.replace(self._part, plugged=plugged, greets=False))
        return True

    def _play_folder(self, name: str) -> BenchReply:
        if self._folder is not None and self._folder.seen.goes_on:
            return Acted(done=False, said="not done: a folder is being played; story stop ends it")
        folder = built_in_folder() if name == BUILT_IN else Path(name) if name else self._shelf.folder
        if not folder.is_dir():
            return Acted(done=False, said=f"not done: {folder} is no folder")
        report = self._left.folder / "folder.xml"
        self._folder = FolderRun(self._order, folder, report, self._left, self._events.put)
        return Acted(done=True, said=f"done: story folder {name}".strip())

    def _show(self, record: Path) -> None:
        """Let the page look at this record."""
        fresh = self._shown.with_suffix(".new")
        fresh.symlink_to(record)
        fresh.replace(self._shown)

    def _conduct(self, request: StoryAsk) -> BenchReply:
        """Pause, step, go on or stop, whatever is played."""
        folder = self._folder
        if self._playing:
            return self._relay.ask(request)
        if request.do != "stop" or folder is None or not folder.seen.goes_on:
            return Acted(done=False, said="not done: no story is being played")
        folder.stop()
        return Acted(done=True, said="done: story stop")

    def _save(self, request: StoryAsk) -> BenchReply:
        """Write what was recorded among the bench's own stories."""
        try:
            path = self._shelf.new_path(request.name)
        except ValueError as error:
            return Acted(done=False, said=f"not done: {error}")
        return self._relay.ask(StoryAsk("save", str(path)))

    # --- the plug ----------------------------------------------------------------------------------

    def _pull(self) -> BenchReply:
        if self._playing:
            return Acted(done=False, said="not done: a story is being played; it may say power off itself")
        if self._relay.out:
            return Acted(done=False, said="not done: the plug is out")
        assert self._cabin is not None
        self._relay.starts()
        self._cabin.stop(kill=True)
        self._relay.pulled()
        pulled_s = time.monotonic()
        self._start(msgspec.structs.replace(self._part, plugged=False, pulled_s=pulled_s, greets=False))
        return Acted(done=True, said="done: plug out")

    def _start(self, part: Part) -> None:
        """Start the cabin's process again, at a terminal that has its manners."""
        self._calm_terminal()
        self._relay.starts()
        self._cabin = Cabin(part, self._left, self._events.put)

    def _put_in(self) -> BenchReply:
        if self._playing:
            return Acted(done=False, said="not done: a story is being played")
        if not self._relay.out:
            return Acted(done=False, said="not done: the plug is in")
        return self._relay.put_in()

    # --- the terminal ------------------------------------------------------------------------------

    def _calm_terminal(self) -> None:
        """A process that was killed at its prompt leaves a terminal that does not show what is typed."""
        if self._manners is not None:
            with contextlib.suppress(OSError, termios.error):  # it may be gone
                termios.tcsetattr(sys.stdin, termios.TCSANOW, self._manners)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def heard(number: int, frame: FrameType | None) -> None:
            self._events.put(signal.Signals(number))

        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # one started with nohup goes on
                signal.signal(number, heard)
        yield


def _show_in_browser(address: str) -> None:
    """On a desktop that has one; never instead of a terminal, and nothing depends on it."""
    desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    opener = shutil.which("xdg-open")
    if not desktop or opener is None:
        return
    none = subprocess.DEVNULL
    with contextlib.suppress(OSError):
        subprocess.Popen([opener, address], stdin=none, stdout=none, stderr=none, start_new_session=True)


def _say(line: str) -> None:
    with contextlib.suppress(OSError):
        print(printable(line), file=sys.stderr, flush=True)


def keep(order: KeeperOrder) -> int:
    """Keep a bench until it is over; the exit code. Raises `FaultError`, `SettingsError`."""
    options = order.options
    settings = order.load()
    left = Left("bench")
    with contextlib.closing(left), contextlib.ExitStack() as stack:
        home = left.folder
        data = home / "record"
        if options.names("data"):
            data = stack.enter_context(folder_for(options, settings, fresh=False))
        else:
            data.mkdir()
        runtime = data if options.names("data") else home
        if options.names("runtime"):
            runtime = Path(settings.paths.runtime)
        make_runtime(runtime)
        return Keeper(order, left, data, runtime).keep(settings)


def main(word: str) -> int:
    """The process. As `edge.cli.main` of a command, without all that the commands need."""
    install_log()
    try:
        return keep(keeper_order(word))
    except SettingsError as error:
        for problem in error.problems:
            print(explain(problem.code, problem.detail), file=sys.stderr)
    except FaultError as error:
        print(explain(error.code, error.detail), file=sys.stderr)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return FAULT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
