"""The dictionaries of the normal on disk: one file for each camera and state, whole or not at all.

A file is a line that names the format, the SHA-256 of the rest, and the rest (msgpack). It is written beside
and renamed, so a power cut leaves the old one or the new one. One that is damaged is set aside under another
name and named; one that was learnt with another network is left and named, until the cabin is learnt again.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.disk.files import write_whole
from edge.faults.fault import FaultError
from edge.terms.observation import CabinState
from edge.vision.scene.conformal import LEAST_BLOCKS
from edge.vision.scene.dictionary import Entries
from edge.vision.scene.normal_keeping import Taken

FOLDER: Final = "normal"
"""Beside the record."""

DAMAGED: Final = "normal_damaged"
OUTDATED: Final = "normal_outdated"

MOST_BYTES: Final = 1_200_000
"""Of one state: four of them, with what they take in, are under 10 MB also where both are held twice."""

_FORMAT: Final = b"cabinguard-normal-1\n"
_NAME: Final = re.compile(r"[a-z]{1,20}-[a-z_]{1,20}\.normal")
_SET_ASIDE: Final = ".damaged"

_Side = Annotated[int, msgspec.Meta(ge=1, le=256)]
_Finite = Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]


class Learnt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was learnt of one state of the cabin through one camera.

    `network` is the version of the patches' model that the vectors come from; `taken_wall_s` Unix time;
    `looks` how many pictures were learnt from. `vectors` n x `channels` bytes, `cells` n 16-bit and `reach`
    and `spread` rows x columns 32-bit numbers, all little-endian; `largest` is the largest score of each
    block of normal footage.
    """

    camera: str
    state: CabinState
    network: str
    rows: _Side
    columns: _Side
    channels: Annotated[int, msgspec.Meta(ge=1, le=1024)]
    taken_wall_s: float
    looks: int
    vectors: bytes
    cells: bytes
    reach: bytes
    spread: bytes
    largest: Annotated[tuple[_Finite, ...], msgspec.Meta(min_length=LEAST_BLOCKS, max_length=100_000)]

    def entries(self) -> Entries:
        """ValueError where the parts do not fit together."""
        vectors = np.frombuffer(self.vectors, np.int8).reshape(-1, self.channels)
        cells = np.frombuffer(self.cells, "<u2")
        places = self.rows * self.columns
        if len(cells) != len(vectors) or not len(cells) or int(cells.max()) >= places:
            raise ValueError("vectors and places do not fit together")
        if (np.diff(cells.astype(np.int32)) < 0).any():
            raise ValueError("the places are in no order")
        return Entries(vectors, cells.astype(np.uint16), self._map(self.reach).ravel())

    def spread_map(self) -> NDArray[np.float32]:
        """Rows x columns. ValueError where it does not fit."""
        return self._map(self.spread)

    def _map(self, content: bytes) -> NDArray[np.float32]:
        found = np.frombuffer(content, "<f4").reshape(self.rows, self.columns)
        if not np.isfinite(found).all() or (found < 0.0).any():
            raise ValueError("a map holds what is no number")
        return found.astype(np.float32)


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a dictionary has taken in since: `of` is the hash of the dictionary that it belongs to."""

    of: bytes
    channels: Annotated[int, msgspec.Meta(ge=1, le=1024)]
    vectors: bytes
    cells: bytes


def write_taken(folder: Path, learnt: Learnt, taken: Taken) -> None:
    """Beside its dictionary, which stays as it is. OSError leaves the old."""
    content = msgspec.msgpack.encode(
        _Kept(_hash_of(learnt), learnt.channels, taken.vectors.tobytes(), taken.cells.astype("<u2").tobytes())
    )
    write_whole(folder / _taken_name(learnt), _FORMAT + hashlib.sha256(content).digest() + content)


def read_taken(folder: Path, learnt: Learnt) -> Taken | None:
    """What this very dictionary has taken in; None where that is nothing, damaged, or of another one."""
    try:
        whole = (folder / _taken_name(learnt)).read_bytes()[: MOST_BYTES + 1]
        digest, content = whole[len(_FORMAT) : len(_FORMAT) + 32], whole[len(_FORMAT) + 32 :]
        if hashlib.sha256(content).digest() != digest:
            return None
        kept = msgspec.msgpack.decode(content, type=_Kept)
        if kept.of != _hash_of(learnt) or kept.channels != learnt.channels:
            return None
        vectors = np.frombuffer(kept.vectors, np.int8).reshape(-1, kept.channels)
        cells = np.frombuffer(kept.cells, "<u2").astype(np.uint16)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
    fits = len(cells) == len(vectors) > 0 and int(cells.max()) < learnt.rows * learnt.columns
    return Taken(cells, vectors) if fits else None


def _taken_name(learnt: Learnt) -> str:
    return f"{learnt.camera}-{learnt.state.value}.taken"


def _hash_of(learnt: Learnt) -> bytes:
    return hashlib.sha256(learnt.vectors + learnt.cells + learnt.network.encode()).digest()


def name_of(camera: str, state: CabinState) -> str:
    return f"{camera}-{state.value}.normal"


def write_learnt(folder: Path, learnt: Learnt) -> int:
    """In the place of what this camera had of this state; its size in bytes. OSError leaves the old."""
    content = msgspec.msgpack.encode(learnt)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    whole = _FORMAT + hashlib.sha256(content).digest() + content
    if len(whole) > MOST_BYTES:
        raise ValueError(f"{len(whole)} bytes are too many for one state")
    write_whole(folder / name_of(learnt.camera, learnt.state), whole)
    return len(whole)


def read_learnt(
    folder: Path, camera: str, network: str, *, set_aside: bool = False
) -> tuple[tuple[Learnt, ...], tuple[FaultError, ...]]:
    """The sound dictionaries of one camera, and the faults of the others. Never raises.

    `set_aside`: a damaged file is renamed, so that it is told once and kept for anyone who wants to know. For
    the kiosk alone: a command that only reads must not take away what the kiosk has to tell.
    """
    found, faults = [], []
    for path in _files(folder):
        if not path.name.startswith(f"{camera}-"):
            continue
        one = read_file(path)
        if isinstance(one, FaultError):
            faults.append(one)
            if set_aside:
                with contextlib.suppress(OSError):
                    path.rename(path.with_name(path.name + _SET_ASIDE))
        elif one.network != network:
            faults.append(FaultError(OUTDATED, f"{path.name}: learnt with network {one.network}"))
        else:
            found.append(one)
    return tuple(found), tuple(faults)


def has_any(folder: Path, camera: str) -> bool:
    """Whether anything was learnt through this camera, sound or not."""
    return any(path.name.startswith(f"{camera}-") for path in _files(folder))


def check_learnt(folder: Path) -> tuple[Learnt, ...]:
    """Every dictionary of every camera. `FaultError("normal_damaged")` for the first unsound one."""
    found = []
    for path in _files(folder):
        one = read_file(path)
        if isinstance(one, FaultError):
            raise one
        found.append(one)
    return tuple(found)


def read_file(path: Path) -> Learnt | FaultError:
    """One file, or what is wrong with it."""
    try:
        with path.open("rb") as file:
            whole = file.read(MOST_BYTES + 1)
    except OSError as error:
        return FaultError(DAMAGED, f"{path.name}: {(error.strerror or str(error)).lower()}")
    head = len(_FORMAT)
    digest, content = whole[head : head + 32], whole[head + 32 :]
    if not whole.startswith(_FORMAT):
        return FaultError(DAMAGED, f"{path.name}: not of this format")
    if len(whole) > MOST_BYTES or hashlib.sha256(content).digest() != digest:
        return FaultError(DAMAGED, f"{path.name}: its hash does not fit")
    try:
        learnt = msgspec.msgpack.decode(content, type=Learnt)
        learnt.entries()
        learnt.spread_map()
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        return FaultError(DAMAGED, f"{path.name}: {error}")
    if path.name != name_of(learnt.camera, learnt.state):
        return FaultError(DAMAGED, f"{path.name}: it is of {name_of(learnt.camera, learnt.state)}")
    return learnt


def _files(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
