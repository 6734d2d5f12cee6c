"""What the processes of a live bench are told when they are started, as one word of their command line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from edge.bench.asked import BenchOptions
from edge.settings.schema import Settings

OUTCOME: Final = "outcome.json"
"""The file in the keeper's folder that a played story leaves."""

INSIDE: Final = "cabin"
"""The folder in the keeper's own in which the cabin's process answers it."""


class KeeperOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the keeper is started for. `typed`: lines come from standard input; `page`: with the page, and
    `browser`: shown in the desktop's browser, where there is one. `stories`: the folder of the bench's own,
    where it was named.
    """

    settings: str | None = None
    overrides: tuple[str, ...] = ()
    camera: str | None = None
    save: str | None = None
    as_json: bool = False
    typed: bool = True
    page: bool = True
    browser: bool = False
    stories: str | None = None

    @property
    def options(self) -> BenchOptions:
        return BenchOptions(
            settings=None if self.settings is None else Path(self.settings),
            overrides=self.overrides,
            camera=self.camera,
            save=None if self.save is None else Path(self.save),
            as_json=self.as_json,
        )

    def load(self) -> Settings:
        """The settings of this bench. Raises `FaultError`."""
        options = self.options
        return options.load(options.doorless)


class StoryPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A story to be played: its text, its name, where it was read, and the pace as in `StoryAsk`."""

    name: str
    text: str
    source: str
    pace: float = 1.0


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One start of the cabin's process, for this order.

    `home` is the keeper's own folder, with the world; `runtime` has sockets and ring, `data` the record.
    `plugged` False: without power, and `pulled_s` is when, on the system's monotonic clock. `greets`: the
    first start of all. `play`: a story to be played instead.
    """

    order: KeeperOrder
    home: str
    data: str
    runtime: str
    plugged: bool = True
    pulled_s: float = 0.0
    greets: bool = True
    play: StoryPart | None = None


def word_of(order: KeeperOrder | Part) -> str:
    return msgspec.json.encode(order).decode()


def keeper_order(word: str) -> KeeperOrder:
    """ValueError where it is none."""
    return msgspec.json.decode(word, type=KeeperOrder)


def part(word: str) -> Part:
    """ValueError where it is none."""
    return msgspec.json.decode(word, type=Part)
