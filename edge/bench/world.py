"""The world around a simulated kiosk, on its way from one process to the next: what a pulled plug leaves as
it was.

The cabin's process writes it whenever it changes, before anyone hears that it did: a kill at any moment loses
none of it. Nothing is forced to the disk: it has to outlive a process, not the machine that simulates it.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Final

import msgspec

from edge.bench.acting import CannotDo, act
from edge.bench.desk import Desk, StoryClock
from edge.bench.telephones import PhoneText
from edge.faults.fault import FaultError
from hw.bench import KeptMachine, KeptModem, KeptScene

NAME: Final = "world.json"
VERSION: Final = 1


class World(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that outlives the cabin's process. `starts` counts its processes.

    `ahead_s`: how far the bench's time is before the system's monotonic clock, which goes on while there is
    no power; `wall_ahead_s`: the same of the clock that people read.
    """

    version: int = VERSION
    starts: int = 0
    ahead_s: float = 0.0
    wall_ahead_s: float = 0.0
    acts: tuple[tuple[str, ...], ...] = ()
    phones: KeptModem | None = None
    machines: tuple[KeptMachine, ...] = ()
    texts: tuple[PhoneText, ...] = ()
    scene: KeptScene | None = None


def read_world(folder: Path) -> World:
    """The world that was left in this folder; an empty one that begins now where there is none.

    Raises `FaultError` where it cannot be read: then nothing may be made of half of it.
    """
    path = folder / NAME
    try:
        world = msgspec.json.decode(path.read_bytes(), type=World)
    except FileNotFoundError:
        return World(ahead_s=-time.monotonic())
    except (OSError, msgspec.DecodeError) as error:
        raise FaultError("bench_world", f"{path}: {error}") from error
    if world.version != VERSION:
        raise FaultError("bench_world", f"{path}: version {world.version}")
    return world


class Returning:
    """A desk that goes on in a new process: made without power, given its world, then plugged in.

    `plugged` False: it stays without power, which went at `pulled_s` on the system's monotonic clock. From
    `give` on the world is written whenever it changes.
    """

    def __init__(self, folder: Path, *, plugged: bool, pulled_s: float = 0.0) -> None:
        self._path = folder / NAME
        self._plugged = plugged
        self._pulled_s = pulled_s
        world = read_world(folder)
        self._world = msgspec.structs.replace(world, starts=world.starts + 1)

    @property
    def starts(self) -> int:
        """How many processes this world has seen, this one with them."""
        return self._world.starts

    @property
    def pulled_s(self) -> float:
        """When the plug was pulled, by the bench's time."""
        return max(0.0, self._pulled_s + self._world.ahead_s)

    def clock(self) -> StoryClock:
        """The bench's time, gone on. What was stamped before is another start's, as after a loss of power."""
        now_s = max(0.0, time.monotonic() + self._world.ahead_s)
        wall_s = time.time() + self._world.wall_ahead_s
        return StoryClock(now_s, wall_s - now_s, boot=f"bench-{self._world.starts}")

    def give(self, desk: Desk) -> None:
        """Give this desk, which has no power yet, its world, and power where it is plugged in."""
        world, now_s = self._world, desk.clock.now_s()
        if world.phones is not None:
            desk.phone.restore(world.phones, now_s)
        desk.telephones.restore(world.texts)
        desk.cards.restore(world.machines)
        if world.scene is not None:
            desk.mount.restore(world.scene)
        for words in sorted(world.acts, key=lambda words: words[0] != "set"):
            with contextlib.suppress(CannotDo):  # what these settings do not fit any more
                act(desk, words)
        self._desk = desk
        desk.phone.condition.changed = desk.changed = self.write
        self.write()
        if self._plugged:
            desk.power_on()

    def write(self) -> None:
        """Write it as it is now, whole or not at all."""
        desk, world = self._desk, self._world
        # The desk's time steps, and lags by up to a step: what it was at its foremost is what holds.
        ahead_s = max(world.ahead_s, desk.clock.now_s() - time.monotonic())
        self._world = world = World(
            starts=world.starts,
            ahead_s=ahead_s,
            wall_ahead_s=desk.clock.wall_s() - desk.clock.now_s() + ahead_s + time.monotonic() - time.time(),
            acts=desk.acts.words,
            phones=desk.phone.kept(),
            machines=desk.cards.kept(),
            texts=tuple(desk.telephones.texts),
            scene=desk.mount.kept(),
        )
        draft = self._path.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(world))
        draft.replace(self._path)
