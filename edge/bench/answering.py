"""What other programs ask of a simulated kiosk: the control socket, the bench's own, and the page."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import assert_never

from edge.bench.acting import ACTIONS, KINDS
from edge.bench.asked import BenchOptions
from edge.bench.desk import Desk
from edge.bench.leaving import afterwards
from edge.bench.socket import BenchAsked, BenchServer, check_length
from edge.bench.wire import (
    Act,
    Acted,
    BenchReply,
    BenchRequest,
    BenchView,
    Explain,
    Look,
    NotAnswered,
    Plug,
    StoryAsk,
    WordForms,
)
from edge.service.asks import Reply
from edge.service.control import Asked, ControlServer
from edge.service.threads import Part
from edge.settings.places import settings_file


class Control:
    """Answers for a simulated kiosk what the running one would."""

    def __init__(self, desk: Desk, folder: Path, released: Callable[[], None] = lambda: None) -> None:
        check_length(folder)
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
            if self._desk.powered and not self._desk.threads.works(Part.CONTROL):
                continue  # taken by a thread that stands still: who asked waits in vain
            self._ask(asked)

    def _ask(self, asked: Asked) -> None:
        def answer(reply: Reply) -> None:
            if reply.get("released"):
                self._released()
            asked.answer(reply)

        self._desk.ask(asked.request, asked.uid, answer)

    def close(self) -> None:
        self._server.close()


class Hands:
    """Answers the bench's own socket: does what words say, shows what there is to see.

    `obey` does one line of words and says what came of it; `tale` does what is asked of the story that is
    played or recorded here.
    """

    def __init__(
        self,
        folder: Path,
        obey: Callable[[str], Acted],
        show: Callable[[], BenchView],
        tale: Callable[[StoryAsk], Acted] | None = None,
    ) -> None:
        self._obey = obey
        self._show = show
        self._tale = tale
        self._asked: queue.SimpleQueue[BenchAsked] = queue.SimpleQueue()
        self._server = BenchServer(folder, self._asked.put)

    def serve(self) -> None:
        """Answer what was asked since the last call. Belongs to the desk's turn."""
        while True:
            try:
                asked = self._asked.get_nowait()
            except queue.Empty:
                return
            asked.answer(self._answer(asked.request))

    def _answer(self, request: BenchRequest) -> BenchReply:
        match request:
            case Act(words=words):
                return self._obey(words)
            case Look():
                return self._show()
            case Explain():
                return words_known()
            case StoryAsk() if self._tale is not None:
                return self._tale(request)
            case Plug() | StoryAsk():
                return NotAnswered(error="not_understood", detail="nothing here has a plug or plays stories")
            case _:
                assert_never(request)

    def close(self) -> None:
        self._server.close()


def words_known() -> WordForms:
    """Every word of a cabin, from the table that reads them."""
    words = tuple((word, action.forms, action.meaning) for word, action in ACTIONS.items())
    return WordForms(words=words, kinds=tuple((name, tuple(kind.known())) for name, kind in KINDS.items()))


class Page:
    """The kiosk's page over the bench: the same program in the same process of its own as on a kiosk."""

    def __init__(self, options: BenchOptions, overrides: Sequence[str] = ()) -> None:
        path = settings_file(options.settings)
        self._options = [] if path is None else ["--settings", str(path.absolute())]
        for override in (*overrides, *options.overrides):
            self._options += ["--set", override]

    @contextlib.contextmanager
    def over(self, desk: Desk, folder: Path) -> Iterator[Control]:
        """Show this desk. What there is to see is simulated, so all of it is shown."""
        with contextlib.closing(Control(desk, folder)) as control, self.shown(folder, folder):
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
