"""The keeper of a live bench: a small process that starts the cabin and its page and can pull the plug.

The cabin's process has the desk and the terminal's prompt; a pulled plug is a kill of it that nothing can
catch. The keeper then gives the terminal its manners back and starts the cabin again over the same record and
the same world (`world.py`), first without power: people, contacts, wires and telephones are moved by the same
code whether the plug is in or out. The keeper's socket is the one address of the bench; it never goes away.
"""

from __future__ import annotations

import contextlib
import queue
import signal
import sys
import termios
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from edge.bench.asked import FAULT
from edge.bench.children import Cabin, Child, PageChild, page_words
from edge.bench.keeping import folder_for, make_runtime
from edge.bench.leaving import Left
from edge.bench.part import INSIDE, KeeperOrder, Part, keeper_order
from edge.bench.relay import Relay
from edge.bench.socket import BenchAsked, BenchServer
from edge.bench.wire import Acted, BenchReply, NotAnswered, Plug, StoryAsk
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.faults.log import install_log
from edge.settings.load import SettingsError
from edge.settings.schema import Settings
from edge.terms.printing import printable

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
                for child in (self._cabin, self._page):
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
            if code is not None:
                return code

    def _cabin_ended(self, cabin: Child) -> int:
        code = cabin.wait() or 0
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
            with contextlib.suppress(webbrowser.Error, OSError):
                webbrowser.open(address)

    # --- orders ------------------------------------------------------------------------------------

    def _asked(self, asked: BenchAsked) -> None:
        """In a thread of who asks: the cabin's answer is waited for here; what moves processes is done in
        turn."""
        match asked.request:
            case Plug(to="in"):
                asked.answer(self._put_in())
            case Plug() | StoryAsk():
                self._events.put(asked)
            case _:
                asked.answer(self._relay.ask(asked.request))

    def _ordered(self, request: object) -> BenchReply:
        match request:
            case Plug(to="out"):
                return self._pull()
            case _:
                return NotAnswered(error="not_understood")

    def _pull(self) -> BenchReply:
        if self._relay.out:
            return Acted(done=False, said="not done: the plug is out")
        assert self._cabin is not None
        self._cabin.stop(kill=True)
        self._relay.pulled()
        self._calm_terminal()
        part = msgspec.structs.replace(self._part, plugged=False, greets=False)
        self._cabin = Cabin(part, self._left, self._events.put)
        return Acted(done=True, said="done: plug out")

    def _put_in(self) -> BenchReply:
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
    return FAULT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
