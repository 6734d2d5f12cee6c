"""Learns what is normal in a cabin: footage of it, and nothing but normal footage, into a dictionary a state.

Footage is cut into units: one visit, or a minute of the vacant cabin. Every other unit goes into one of two
dictionaries, and each look is then scored by the dictionary that did not see its unit (cross-conformal
prediction, Vovk, 2015): so the limit is set on scores of footage that the dictionary was not learnt from, and
nothing needs to be kept back. The dictionary that is shipped is both halves together and so knows a little
more than each.

Spreads of each half's places come from the other half as well.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.faults.fault import FaultError
from edge.terms.observation import Box, CabinState, CameraHealth, NormalSeen, Observation
from edge.vision.scene.conformal import BLOCK_S, LEAST_BLOCKS
from edge.vision.scene.dictionary import (
    UNKNOWN,
    Dictionary,
    Entries,
    Int8,
    Search,
    as_steps,
    as_units,
    joined,
)
from edge.vision.scene.normal import (
    LOOKS,
    Bools,
    Calm,
    Embeds,
    Standing,
    busy_cells,
    look_every_s,
    unlikeness,
)
from edge.vision.scene.normal_file import Learnt
from hw.camera.port import Frame, GreyPicture

Floats = NDArray[np.float32]

TOO_SHORT: Final = "normal_too_short"
_UNSOUND: Final = "picture_unsound"

MOST_VECTOR_BYTES: Final = 1_850_000
"""Of one state, both halves together."""
LEAST_LOOKS: Final = 24
MOST_BLOCKS: Final = 60
"""So many blocks are kept for the limit; of longer footage any so many, each as likely as another."""
_UNSOUND_SHARE: Final = 0.1
"""Of the frames: more than that, and the footage is refused."""
_SPREAD: Final = 0.9
"""Quantile of a place's distances that is its spread."""
_EVERY_S: Final = 0.2
"""Between frames of the footage that are looked at: faces and persons are found at that rate too."""


@dataclass(slots=True)
class _Block:
    """Looks of one unit within a minute: where they lie in the file, and when they were."""

    half: int
    slots: list[int] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)
    busy: list[Bools] = field(default_factory=list)


class _Looks:
    """Looks as 8-bit steps in a file without a name: of an hour there are too many for memory."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._free: list[int] = []
        self._count = 0
        self._shape: tuple[int, ...] = ()

    def put(self, look: Int8) -> int:
        self._shape = look.shape
        if self._free:
            slot = self._free.pop()
        else:
            slot, self._count = self._count, self._count + 1
        self._file.seek(slot * look.nbytes)
        self._file.write(look.tobytes())
        return slot

    def get(self, slot: int) -> Floats:
        """Rows x columns x channels of unit length."""
        size = int(np.prod(self._shape))
        self._file.seek(slot * size)
        return as_units(np.frombuffer(self._file.read(size), np.int8).reshape(self._shape))

    def drop(self, slots: Iterable[int]) -> None:
        self._free += slots

    def close(self) -> None:
        self._file.close()


class _Of:
    """All that is gathered of one state."""

    def __init__(self, looks: _Looks, random: np.random.Generator) -> None:
        self._looks = looks
        self._random = random
        self._halves: tuple[Dictionary, Dictionary] | None = None
        self._blocks: list[_Block] = []
        self._seen_blocks = 0
        self._units = 0
        self._unit_s = self._block_s = self._last_s = float("-inf")
        self.looks = 0
        self.shape = (0, 0, 0)

    @property
    def blocks(self) -> int:
        return self._seen_blocks

    def add(self, vectors: Floats, busy: Bools, at_s: float, again: bool, whole_visits: bool) -> None:
        """One look; `again`: something else was before it. A unit is a whole visit, or a minute."""
        rows, columns, channels = vectors.shape
        if self._halves is None:
            self.shape = (rows, columns, channels)
            most = MOST_VECTOR_BYTES // (2 * (channels + 2))
            self._halves = (Dictionary(rows, columns, most), Dictionary(rows, columns, most))
        gap = not 0.0 <= at_s - self._last_s <= 10.0
        self._last_s = at_s
        if gap or again or (not whole_visits and at_s - self._unit_s >= BLOCK_S - 1e-3):
            self._units += 1
            self._unit_s = self._block_s = at_s
            self._begin()
        elif at_s - self._block_s >= BLOCK_S - 1e-3:
            self._block_s = at_s
            self._begin()
        half = self._units % 2
        self._halves[half].add(vectors, busy)
        self.looks += 1
        block = self._blocks[-1]
        block.slots.append(self._looks.put(as_steps(vectors)))
        block.at_s.append(at_s)
        block.busy.append(busy)

    def _begin(self) -> None:
        """A block begins; of those that are over, any one goes where there are too many."""
        self._seen_blocks += 1
        if len(self._blocks) >= MOST_BLOCKS:
            gone = int(self._random.integers(self._seen_blocks))
            gone = gone if gone < len(self._blocks) else len(self._blocks) - 1
            self._looks.drop(self._blocks.pop(gone).slots)
        self._blocks.append(_Block(self._units % 2))

    def enough(self) -> bool:
        """Whether both halves have looks, and there are blocks for a limit."""
        usable = [block for block in self._blocks if len(block.slots) >= LOOKS]
        return (
            self.looks >= LEAST_LOOKS
            and len(usable) >= LEAST_BLOCKS
            and {block.half for block in usable} == {0, 1}
        )

    def learnt(self) -> tuple[Entries, Floats, list[float]]:
        """The whole dictionary, the spread of each place, and the largest score of each block."""
        assert self._halves is not None
        rows, columns, _ = self.shape
        entries = [half.entries() for half in self._halves]
        searches = [Search(one, rows, columns) for one in entries]
        blocks = [block for block in self._blocks if len(block.slots) >= LOOKS]
        away = [
            np.stack([searches[1 - block.half].distances(self._looks.get(slot)) for slot in block.slots])
            for block in blocks
        ]
        free = [
            np.where(np.stack(block.busy), np.float32(np.nan), one)
            for one, block in zip(away, blocks, strict=True)
        ]
        spreads = [
            spread_of(np.concatenate([one for one, b in zip(free, blocks, strict=True) if b.half == half]))
            for half in (0, 1)
        ]
        largest = [
            most
            for distances, block in zip(away, blocks, strict=True)
            if (most := largest_of(distances, block, spreads[1 - block.half])) is not None
        ]
        return joined(*entries), np.maximum(*spreads), largest


def spread_of(distances: Floats) -> Floats:
    """Looks x rows x columns, NaN where nothing counts, into what is usual of each place, or of the most
    lively one beside it; 0 where nothing ever counted.
    """
    known = np.where(distances >= UNKNOWN, np.float32(np.nan), distances)
    ever = np.isfinite(known).any(axis=0)
    usual = np.zeros(ever.shape, np.float32)
    usual[ever] = np.nanquantile(known[:, ever], _SPREAD, axis=0)
    return np.asarray(cv2.dilate(usual, np.ones((3, 3), np.uint8)), np.float32)


def largest_of(distances: Floats, block: _Block, spread: Floats) -> float | None:
    """The largest score of a block, as the eye would have scored it; None where it is too short for one."""
    standing = Standing()
    maps = (
        standing.update(unlikeness(one, spread, busy), at_s)
        for one, at_s, busy in zip(distances, block.at_s, block.busy, strict=True)
    )
    return max((float(one.max()) for one in maps if one is not None), default=None)


class NormalLearner:
    """Looks in the place of the eye, and learns. `only`: the state that all of it is; None: as it is told.

    `folder` is where the looks are kept until it is over.
    """

    def __init__(self, patches: Embeds, folder: Path, only: CabinState | None = None) -> None:
        self._patches = patches
        self._only = only
        self._calm = Calm()
        self._looks = _Looks(folder)
        self._random = np.random.default_rng(0)
        self._states: dict[CabinState, _Of] = {}
        self._last: CabinState | None = None
        self._fresh = True

    def look(
        self, grey: GreyPicture, state: CabinState, at_s: float, busy: Sequence[Box]
    ) -> NormalSeen | None:
        again, self._last = state is not self._last, state
        self._fresh |= again
        learnt = self._as(state)
        if again:
            self._calm.clear()
        picture = None if learnt is None else self._calm.update(grey, learnt, at_s)
        if learnt is not None and picture is not None:
            if learnt not in self._states:
                self._states[learnt] = _Of(self._looks, self._random)
            vectors = self._patches.embed(picture).vectors
            taken = busy_cells(busy, (grey.shape[1], grey.shape[0]), *vectors.shape[:2])
            visits = learnt is CabinState.CUSTOMER
            self._states[learnt].add(vectors, taken, at_s, self._fresh, visits)
            self._fresh = False
        return None

    def _as(self, state: CabinState) -> CabinState | None:
        """What a look is learnt as; None: not at all, for somebody is in a cabin that is to be vacant, or
        nobody where it is to be used."""
        if self._only is None or self._only is CabinState.SERVICE:
            return self._only or state
        used = CabinState.CUSTOMER
        return self._only if (state is used) == (self._only is used) else None

    def forget(self) -> None:
        """An unsound picture: nothing is learnt of it."""
        self._calm.clear()

    @property
    def seen(self) -> Mapping[CabinState, tuple[int, int]]:
        """Looks and blocks of each state so far."""
        return {state: (of.looks, of.blocks) for state, of in self._states.items()}

    def finish(self, camera: str, taken_wall_s: float) -> tuple[Learnt, ...]:
        """A dictionary for each state of which there is enough. `FaultError("normal_too_short")` for none."""
        learnt = []
        for state, of in self._states.items():
            if not of.enough():
                continue
            entries, spread, largest = of.learnt()
            rows, columns, channels = of.shape
            learnt.append(
                Learnt(
                    camera=camera,
                    state=state,
                    network=self._patches.version,
                    rows=rows,
                    columns=columns,
                    channels=channels,
                    taken_wall_s=taken_wall_s,
                    looks=of.looks,
                    vectors=entries.vectors.tobytes(),
                    cells=entries.cells.astype("<u2").tobytes(),
                    reach=entries.reach.astype("<f4").tobytes(),
                    spread=spread.astype("<f4").tobytes(),
                    largest=tuple(largest),
                )
            )
        if not learnt:
            seen = ", ".join(f"{state.value} {of.looks} looks" for state, of in self._states.items())
            raise FaultError(TOO_SHORT, f"{camera}: {seen or 'no sound picture'}")
        return tuple(learnt)

    def close(self) -> None:
        self._looks.close()


def watch(
    frames: Iterable[Frame],
    look: Callable[[Frame], Observation],
    for_s: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Shows `look`, in which a `NormalLearner` sits, the footage, or the first `for_s` of it.

    Raises `FaultError("picture_unsound")` where much of it is not sound. `progress` hears seconds of it.
    """
    looked, unsound = 0, 0
    worst = CameraHealth.OK
    for at_s, frame in _thinned(frames):
        if for_s is not None and at_s > for_s:
            break
        seen = look(frame)
        looked += 1
        if seen.health is not CameraHealth.OK:
            unsound += 1
            worst = seen.health
        if progress is not None:
            progress(at_s)
    if unsound > _UNSOUND_SHARE * looked:
        raise FaultError(_UNSOUND, f"{worst.value} in {unsound} of {looked} pictures")


def _thinned(frames: Iterable[Frame]) -> Iterator[tuple[float, Frame]]:
    """Frames that are far enough apart, with the time since the first."""
    first_s: float | None = None
    due_s = float("-inf")
    for frame in frames:
        first_s = frame.at_s if first_s is None else first_s
        if frame.at_s >= due_s - 1e-3:
            due_s = max(due_s, frame.at_s) + _EVERY_S
            yield frame.at_s - first_s, frame


def minutes_needed(state: CabinState) -> float:
    """How much footage of a state is the least."""
    return max(LEAST_BLOCKS * BLOCK_S, LEAST_LOOKS * look_every_s(state)) / 60.0
