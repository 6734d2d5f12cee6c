"""A cabin of the live bench in this process: desk, diary, notebook, session; no terminal and no networks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.bench.answering import Hands
from edge.bench.asked import BenchOptions
from edge.bench.desk import Desk, Props, StoryClock
from edge.bench.live import Session
from edge.bench.notebook import Notebook
from edge.bench.showing import Diary, view_of
from edge.bench.wire import Acted, BenchView, FaultSwitch
from edge.identity.person import Pose, Sample
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.vision.look import Look
from hw.bench import StagedCabin
from tests.worlds.desk_world import scripted_desk, template_of

ALL_FITTED = (
    "identity.enabled=true",
    "atm.machines=['machine']",
    "wiring.customer_keypad.fitted=true",
)


class NobodyTypes:
    """A terminal at which nobody sits."""

    ended = False

    def __init__(self) -> None:
        self.shown: list[str] = []

    def take(self, within_s: float) -> list[str]:
        return []

    def show(self, text: str) -> None:
        self.shown.append(text)

    def close(self) -> None:
        pass


@dataclass
class LiveCabin:
    """One cabin; `act` and `view` are what its socket calls."""

    desk: Desk
    diary: Diary
    notebook: Notebook
    session: Session

    def act(self, words: str) -> Acted:
        return self.session.obey(words)

    def does(self, *lines: str) -> LiveCabin:
        """AssertionError where one of these is refused."""
        for words in lines:
            acted = self.act(words)
            assert acted.done, acted.said
        return self

    def run_to(self, at_s: float) -> LiveCabin:
        self.desk.run_to(at_s)
        return self

    def view(self) -> BenchView:
        return view_of(self.desk, self.diary)

    def switch(self, group: str, name: str) -> FaultSwitch:
        (found,) = (one for one in self.view().faults if (one.group, one.name) == (group, name))
        return found


MakeDesk = Callable[[Callable[[Happening], None]], Desk]


def _samples(name: str, models: Path) -> tuple[Sample, ...]:
    """Templates of somebody, made up: no face is ever compared here."""
    return (Sample(template_of(name).numbers, Pose.STRAIGHT),)


def _live(make: MakeDesk) -> LiveCabin:
    diary, notebook = Diary(), Notebook()

    def hear(happening: Happening) -> None:
        notebook.hear(happening)
        diary.hear(happening)

    desk = make(hear)
    session = Session(BenchOptions(), desk, NobodyTypes(), diary.hear, notebook)
    return LiveCabin(desk, diary, notebook, session)


@contextlib.contextmanager
def scripted_cabin(folder: Path, *overrides: str) -> Iterator[LiveCabin]:
    """Its eyes see what was directed, at once and without a picture."""
    settings = load(None, list(overrides))
    cabin = _live(lambda hear: scripted_desk(folder, hear, settings=settings)[0])
    with contextlib.closing(cabin.desk):
        yield cabin


@contextlib.contextmanager
def staged_cabin(folder: Path, *overrides: str) -> Iterator[LiveCabin]:
    """The drawn cabin with its stage, and eyes that only look whether the picture is any good."""
    settings: Settings = load(None, list(overrides))
    clock = StoryClock()
    stage = StagedCabin(clock)
    props = Props(stage, Look, every_s=0.5, stage=stage, templates=_samples)
    cabin = _live(lambda hear: Desk(settings, props, folder, hear, clock))
    with contextlib.closing(cabin.desk):
        yield cabin


@contextlib.contextmanager
def answered(folder: Path, obey: Callable[[str], Acted], show: Callable[[], BenchView]) -> Iterator[Hands]:
    """The socket in this folder, served by a thread as the desk's turn serves it."""
    over = threading.Event()
    with contextlib.closing(Hands(folder, obey, show)) as hands:

        def turn() -> None:
            while not over.wait(0.005):
                hands.serve()

        thread = threading.Thread(target=turn, daemon=True)
        thread.start()
        try:
            yield hands
        finally:
            over.set()
            thread.join()
