"""The keeper of a live bench as its prompt sees it: the words for it, and asking it without waiting."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge.bench.acting import CannotDo
from edge.bench.forms import Kind, completions, misfit
from edge.bench.shelf import built_in_texts
from edge.bench.socket import ask_bench
from edge.bench.wire import Acted, BenchReply, BenchRequest, NotAnswered, Plug, Stories, StoryAsk
from edge.faults.fault import FaultError

ORDERS: Final = {
    "plug out|in": "pull the plug: the program is killed, the world stays; or give power again",
    "story list": "the stories there are",
    "story play STORY [PACE]": "play one on a fresh record; PACE 2 is twice life's, 0 as fast as it goes",
    "story pause|step|go|stop": "a story that is being played; step goes to its next line",
    "story record|end": "record what is done from here on as a story",
    "story save STORY": "write what was recorded among the bench's own stories",
    "story folder [PATH]": "play all stories of a folder, the bench's own without one, in a process beside",
}
"""The words of the prompt that the keeper obeys, and what they do."""

_KINDS: Final = {
    "STORY": Kind("name of a story", lambda: tuple(built_in_texts()), lambda word: True),
    "PACE": Kind("pace from 0 to 1000", lambda: ("1", "2", "5", "0"), lambda word: _pace(word) is not None),
    "PATH": Kind("folder", tuple, lambda word: True),
}


def _forms(head: str) -> list[str]:
    return [form.partition(" ")[2] for form in ORDERS if form.split()[0] == head]


def _pace(word: str) -> float | None:
    try:
        pace = float(word)
    except ValueError:
        return None
    return pace if 0.0 <= pace <= 1000.0 else None


def order_of(words: Sequence[str]) -> BenchRequest:
    """What these words of the prompt ask of the keeper. Raises `CannotDo` where they are none of `ORDERS`."""
    wrong = misfit(words[0], _forms(words[0]), words[1:], _KINDS)
    if wrong is not None:
        raise CannotDo(wrong.why)
    match list(words):
        case ["plug", "out"]:
            return Plug("out")
        case ["plug", "in"]:
            return Plug("in")
        case ["story", "play", name, *pace]:
            return StoryAsk("play", name, (_pace(pace[0]) if pace else None) or (0.0 if pace else 1.0))
        case ["story", ("list" | "pause" | "step" | "go" | "stop" | "record" | "end") as do]:
            return StoryAsk(do)
        case ["story", ("save" | "folder") as do, *name]:
            return StoryAsk(do, name[0] if name else "")
        case _:
            raise CannotDo(f"{' '.join(words)} is not known here")


def complete_order(words: Sequence[str], begun: str) -> list[str]:
    """What may come next of an order."""
    return completions(_forms(words[0]), words[1:], begun, _KINDS) if words else []


class Above:
    """Asks the keeper that listens in this folder; what it said comes with `heard`."""

    def __init__(self, runtime: Path) -> None:
        self._runtime = runtime
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._asking: threading.Thread | None = None

    @property
    def waiting(self) -> bool:
        """It has not answered yet."""
        return self._asking is not None and self._asking.is_alive()

    def order(self, request: BenchRequest) -> None:
        # The keeper may have to kill or to ask the very process that asks.
        self._asking = threading.Thread(target=self._ask, args=(request,), name="order", daemon=True)
        self._asking.start()

    def heard(self) -> list[str]:
        """What it answered since the last call, a sentence each."""
        found: list[str] = []
        while not self._said.empty():
            found.append(self._said.get())
        return found

    def _ask(self, request: BenchRequest) -> None:
        try:
            for said in _in_words(ask_bench(self._runtime, request)):
                self._said.put(said)
        except FaultError as error:
            self._said.put(f"not done: {error.detail}")


def _in_words(reply: BenchReply) -> list[str]:
    match reply:
        case Acted(said=said):
            return [said]
        case Stories(stories=stories, own=own, folder=folder):
            named = [f"{name:<20} {title}" for name, title in stories]
            return [*named, f"own, in {folder}:", *(f"{name:<20} {title}" for name, title in own)]
        case NotAnswered(error=error, detail=detail):
            return [f"not done: {error} {detail}".strip()]
        case _:
            return ["done"]
