"""A bench that is commissioned: a desk in real time answers the kiosk's socket, the page stands before it."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from edge.bench.acting import act
from edge.bench.desk import Desk, Props, StoryClock
from edge.faults.fault import FaultError
from edge.panel.commission.app import commission_site
from edge.panel.commission.link import Link
from edge.service.asks import CommissionOpen, Reply
from edge.service.control import Asked, ControlServer, ask, done
from edge.service.plans import look_of
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.vision.scene.fronts import FOLDER
from hw.camera.staged import StagedCabin
from tests.worlds.desk_world import scripted_desk
from tests.worlds.site_world import Served, served

FPS = 2.0
"""Of the drawn camera: what sees through it has to keep up on a busy machine."""

BEHIND_S = 0.3
PIECE_S = 0.5
WITHIN_S = 200.0
"""For anything that is waited for: a test machine may be busy with much else."""

NUMBERS = (
    "people.watchman=+15550100",
    "people.watchman2=+15550101",
    "people.control_room=+15550102",
)
T = TypeVar("T")


class Bench:
    """The kiosk of a commissioning, in real time and a thread of its own.

    `drawn`: with the drawn camera and what really sees through it, else scripted.
    """

    def __init__(self, folder: Path, overrides: Sequence[str] = (), *, drawn: bool = False) -> None:
        self.folder = folder
        words = [f"paths.data={folder}", f"paths.runtime={folder}", *NUMBERS, *overrides]
        self.options = [part for word in words for part in ("--set", word)]
        self.settings: Settings = load(None, words)
        self._todo: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self.still = False
        """No time passes in the cabin; who asks is answered."""
        if drawn:
            self.desk = self._drawn_desk()
        else:
            self.desk, self.people = scripted_desk(folder, settings=self.settings, every_s=0.1)
        self.control = ControlServer(folder, self._asked)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _drawn_desk(self) -> Desk:
        clock = StoryClock(wall_s=time.time())
        camera = StagedCabin(clock)
        settings = self.settings
        props = Props(
            camera,
            lambda: look_of(settings, fronts=self.folder / FOLDER),
            every_s=1 / FPS,
            stage=camera,
            camera_from="staged",
        )
        return Desk(settings, props, self.folder, lambda _: None, clock)

    def _asked(self, asked: Asked) -> None:
        self._todo.put(lambda: self.desk.ask(asked.request, asked.uid, asked.answer))

    def _run(self) -> None:
        self._start_s = time.monotonic() - self.desk.clock.now_s()
        while not self._closing.is_set():
            with contextlib.suppress(queue.Empty):
                self._todo.get(timeout=0.02)()
            now_s = self.desk.clock.now_s()
            # A machine that cannot keep up plays it slower, and still answers at once.
            behind_s = 0.0 if self.still else BEHIND_S
            self._start_s = max(self._start_s, time.monotonic() - now_s - behind_s)
            self.desk.run_to(time.monotonic() - self._start_s)

    def do(self, what: Callable[[], T]) -> T:
        """Something with the desk, in its own thread; its value, or what it raised."""
        found: Future[T] = Future()

        def run() -> None:
            try:
                found.set_result(what())
            except BaseException as error:
                found.set_exception(error)

        self._todo.put(run)
        return found.result(WITHIN_S)

    def wait(self, for_s: float) -> None:
        """Let so much time pass in the cabin as fast as it can; who asks is answered meanwhile."""
        end_s = self.do(self.desk.clock.now_s) + for_s
        while self.do(lambda: self._pass_by(end_s)):
            pass

    def _pass_by(self, end_s: float) -> bool:
        """A piece of it; whether there is more."""
        self.desk.run_to(min(end_s, self.desk.clock.now_s() + PIECE_S))
        self._start_s = time.monotonic() - self.desk.clock.now_s()
        return self.desk.clock.now_s() < end_s

    def act(self, words: str) -> None:
        """What the bench's own words do: `enter anna`, `keys 70*`, `fire on`."""
        self.do(lambda: act(self.desk, words.split()))

    def seen_to_go(self) -> None:
        """Somebody comes, goes, and the camera sees the cabin empty for long enough."""
        self.act("enter bela")
        self.wait(3.0)
        self.act("leave bela")
        self.wait(20.0)

    def until(self, what: Callable[[], bool]) -> None:
        """Wait until it holds of the desk."""
        end_s = time.monotonic() + WITHIN_S
        while not self.do(what):
            assert time.monotonic() < end_s
            time.sleep(0.02)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join()
        self.control.close()
        self.desk.close()


def opened_by_root(bench: Bench, who: str) -> Reply:
    """A grant; a kiosk that reads its networks on a busy machine is asked again."""
    end_s = time.monotonic() + WITHIN_S
    while True:
        try:
            return done(ask(bench.folder, CommissionOpen(who=who)))
        except FaultError as fault:
            if fault.code != "loop_late" or time.monotonic() > end_s:
                raise


class Commissioning:
    """The page behind its link, in this process, with a fresh grant. `link`: the one-time way in."""

    def __init__(self, bench: Bench, for_s: float = 1800.0, who: str = "meera") -> None:
        opened = opened_by_root(bench, who)
        self.kiosk = Link(bench.folder, str(opened["grant"]))
        self.site, self.view = commission_site(
            bench.settings, self.kiosk, for_s, who=who, options=bench.options
        )
        self.page: Served = served(self.site)
        gate = self.site.gate
        assert gate is not None
        self.gate = gate
        self.link = gate.link(self.page.address)

    def enter(self) -> None:
        """Use the link as the page's own form does."""
        secret = self.link.partition("#")[2]
        status, _ = self.page.post("/enter", {"secret": secret}, script=False)
        assert status == 303, status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.page.close()
