"""Learns what is normal in a cabin: footage of it, and nothing but normal footage, into a dictionary a state.

Footage is cut into units: one visit, or two minutes of the vacant cabin. Every other unit goes into one of
two dictionaries, and each look is then scored by the dictionary that did not see its unit (cross-conformal
prediction, Vovk, 2015): so the limit is set on scores of footage that the dictionary was not learnt from, and
nothing needs to be kept back. The dictionary that is shipped is both halves together and so knows a little
more than each.

Spreads of each half's places come from the other half as well.
"""

from __future__ import annotations

import functools
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
    NEVER,
    Bools,
    Calm,
    Embeds,
    Standing,
    busy_cells,
    unlikeness,
)
from edge.vision.scene.normal_file import Learnt
from hw.camera.port import Frame, GreyPicture

Floats = NDArray[np.float32]

TOO_SHORT: Final = "normal_too_short"
_UNSOUND: Final = "picture_unsound"

MOST_VECTOR_BYTES: Final = 1_100_000
"""Of one state, both halves together."""
LEAST_LOOKS: Final = 24
MOST_BLOCKS: Final = 60
"""So many blocks are kept for the limit; of longer footage any so many, each as likely as another."""
_UNSOUND_SHARE: Final = 0.1
"""Of the frames: more than that, and the footage is refused."""
_SPREAD: Final = 0.9
"""Quantile of a place's distances that is its spread."""
_OFTEN: Final = 4
"""Looks in which a place must have counted before it has a spread."""
_UNIT_S: Final = 120.0
"""Of the vacant cabin: shorter, and a unit would be scored by minutes in which the light was the same."""
_GAP_S: Final = 10.0
_EVERY_S: Final = 0.2
"""Between frames of the footage that are looked at: faces and persons are found at that rate too."""


@dataclass(frozen=True, slots=True)
class _Look:
    """Where a look lies in the file; when it was, and where it does not count."""

    slot: int
    at_s: float
    busy: Bools


@dataclass(frozen=True, slots=True)
class _Block:
    """Looks of one unit within a minute."""

    half: int
    looks: list[_Look] = field(default_factory=list)


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
    """All that is gathered of one state. `whole_visits`: a unit is a visit, however long."""

    def __init__(
        self, patches: Embeds, looks: _Looks, random: np.random.Generator, whole_visits: bool
    ) -> None:
        self._patches = patches
        self._looks = looks
        self._random = random
        self._whole_visits = whole_visits
        self._halves: tuple[Dictionary, Dictionary] | None = None
        self._blocks: list[_Block] = []
        self._units = 0
        self._unit_s = self._block_s = self._last_s = float("-inf")
        self.blocks = 0
        self.looks = 0
        self.shape = (0, 0, 0)

    def add(self, picture: GreyPicture, busy: Callable[[int, int], Bools], at_s: float, again: bool) -> None:
        """One look; `busy` gives the cells where it counts not; `again`: something else was before it."""
        gap = not 0.0 <= at_s - self._last_s <= _GAP_S
        self._last_s = at_s
        if gap or again or (not self._whole_visits and at_s - self._unit_s >= _UNIT_S - 1e-3):
            self._units += 1
            self._unit_s = at_s
            self._begin(at_s)
        elif at_s - self._block_s >= BLOCK_S - 1e-3:
            self._begin(at_s)
        block = self._blocks[-1]
        vectors = self._patches.embed(picture).vectors
        rows, columns, channels = vectors.shape
        self.shape = (rows, columns, channels)
        if self._halves is None:
            most = MOST_VECTOR_BYTES // (2 * (channels + 2))
            self._halves = (Dictionary(rows, columns, most), Dictionary(rows, columns, most))
        taken = busy(rows, columns)
        self._halves[block.half].add(vectors, taken)
        block.looks.append(_Look(self._looks.put(as_steps(vectors)), at_s, taken))
        self.looks += 1

    def _begin(self, at_s: float) -> None:
        """A block begins; of those that are over, any one goes where there are too many."""
        self._block_s = at_s
        self.blocks += 1
        if len(self._blocks) >= MOST_BLOCKS:
            gone = min(int(self._random.integers(self.blocks)), len(self._blocks) - 1)
            self._looks.drop(look.slot for look in self._blocks.pop(gone).looks)
        self._blocks.append(_Block(self._units % 2))

    def enough(self) -> bool:
        """Whether both halves have looks, and there are blocks for a limit."""
        usable = self._usable()
        return (
            self.looks >= LEAST_LOOKS
            and len(usable) >= LEAST_BLOCKS
            and {block.half for block in usable} == {0, 1}
        )

    def _usable(self) -> list[_Block]:
        return [block for block in self._blocks if len(block.looks) >= LOOKS]

    def learnt(self) -> tuple[Entries, Floats, list[float]]:
        """The whole dictionary, the spread of each place, and the largest score of each block."""
        assert self._halves is not None
        rows, columns, _ = self.shape
        entries = [half.entries() for half in self._halves]
        searches = [Search(one, rows, columns) for one in entries]
        blocks = self._usable()
        away = [self._away(block, searches[1 - block.half]) for block in blocks]
        spreads = [
            spread_of(
                np.concatenate([far for far, block in zip(away, blocks, strict=True) if block.half == half])
            )
            for half in (0, 1)
        ]
        largest = [
            _largest(far, block, spreads[1 - block.half]) for far, block in zip(away, blocks, strict=True)
        ]
        return joined(*entries), np.maximum(*spreads), largest

    def _away(self, block: _Block, search: Search) -> Floats:
        """Each look's distances; `UNKNOWN` where it does not count."""
        far = []
        for look in block.looks:
            found = search.distances(self._looks.get(look.slot))
            found[look.busy] = UNKNOWN
            far.append(found)
        return np.stack(far)


def spread_of(distances: Floats) -> Floats:
    """Looks x rows x columns into what is usual of each place, or of the most lively one beside it.

    `NEVER` for a place that hardly ever counted, since somebody always stood there: it is not judged.
    """
    known = np.where(distances >= UNKNOWN, np.float32(np.nan), distances)
    often = np.isfinite(known).sum(axis=0) >= _OFTEN
    usual = np.zeros(often.shape, np.float32)
    usual[often] = np.nanquantile(known[:, often], _SPREAD, axis=0)
    lively = np.asarray(cv2.dilate(usual, np.ones((3, 3), np.uint8)), np.float32)
    return np.where(often, lively, np.float32(NEVER))


def _largest(distances: Floats, block: _Block, spread: Floats) -> float:
    """The largest score of a block, as the eye would have scored it."""
    standing = Standing()
    maps = (
        standing.update(unlikeness(far, spread, look.busy), look.at_s)
        for far, look in zip(distances, block.looks, strict=True)
    )
    return max(float(one.max()) for one in maps if one is not None)


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
                visits = learnt is CabinState.CUSTOMER
                self._states[learnt] = _Of(self._patches, self._looks, self._random, visits)
            size = (grey.shape[1], grey.shape[0])
            taken = functools.partial(busy_cells, busy, size)
            self._states[learnt].add(picture, taken, at_s, self._fresh)
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
