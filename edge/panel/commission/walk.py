"""How far a commissioning has come: what was seen, tried and judged, through reloads and a second link."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import msgspec

from edge.disk.files import put_whole
from edge.loop.watching import View
from edge.terms.ground import CameraRole, DrawnName, Polygon
from edge.terms.marks import NOTE_MOST, plain_words

NAME: Final = "commissioning"
KEPT_FOR_S: Final = 86_400.0
"""A walk that was left for longer begins again: the cabin is not what it was."""

VIEWS_APART_S: Final = 2.0
"""Views that lie further apart may have a start of the kiosk between them."""

_LARGEST_BYTES: Final = 65_536


class WalkStep(StrEnum):
    """The steps in their usual order; each may be done at any time."""

    AIM = "aim"
    DRAW = "draw"
    REFERENCES = "references"
    OUTPUTS = "outputs"
    KEYS = "keys"
    CONTACTS = "contacts"
    PEOPLE = "people"
    ENROL = "enrol"
    SELFTEST = "selftest"


class Judged(StrEnum):
    """What the technician says of a step."""

    OPEN = "open"
    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class Mark(msgspec.Struct, frozen=True):
    """A step's result and the technician's note."""

    judged: Judged = Judged.OPEN
    note: Annotated[str, msgspec.Meta(max_length=NOTE_MOST)] = ""


class Attempt(msgspec.Struct, frozen=True):
    """An output that was switched: how often, and whether it did what it should, None: not said yet."""

    times: int = 0
    worked: bool | None = None


class Seen(msgspec.Struct, frozen=True):
    """A contact that was watched: whether it was seen in each of its positions."""

    active: bool = False
    quiet: bool = False

    @property
    def both(self) -> bool:
        return self.active and self.quiet


class Region(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the machine's front that was drawn and is to be learnt; points as in `Mask`."""

    name: DrawnName
    polygon: Polygon
    camera: CameraRole = "face"


class Signed(msgspec.Struct, frozen=True):
    """The signed checklist: the row of the record that holds it, and what was called in order untried."""

    name: str
    wall_s: float
    seq: int
    head: str
    marks: dict[str, Mark]
    lacks: tuple[str, ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """All of a walk, as it is kept. No digit that was typed, no number, no picture is in it."""

    began_wall_s: float
    marks: dict[str, Mark] = {}
    outputs: dict[str, Attempt] = {}
    contacts: dict[str, Seen] = {}
    keys: tuple[str, ...] = ()
    regions: Annotated[tuple[Region, ...], msgspec.Meta(max_length=12)] = ()
    signed: Signed | None = None


class Walk:
    """The walk of this page. Any thread may ask; what changed is written into the kiosk's folder in RAM."""

    def __init__(self, runtime: Path, wall: Callable[[], float] = time.time) -> None:
        self._folder = runtime
        self._wall = wall
        self._lock = threading.Lock()
        self._watched_s: float | None = None
        self._kept = self._read() or Kept(wall())

    @property
    def kept(self) -> Kept:
        return self._kept

    def mark(self, step: WalkStep, judged: Judged, note: str = "") -> None:
        """The technician's word on a step."""
        note = plain_words(note, NOTE_MOST)
        self._change(lambda kept: {"marks": {**kept.marks, step.value: Mark(judged, note)}})

    def tried(self, output: str) -> None:
        """The kiosk has begun to switch an output."""
        self._change(
            lambda kept: {
                "outputs": {**kept.outputs, output: Attempt(kept.outputs.get(output, Attempt()).times + 1)}
            }
        )

    def worked(self, output: str, yes: bool) -> None:
        """What the technician saw of an output that was switched."""
        self._change(
            lambda kept: {
                "outputs": {
                    **kept.outputs,
                    output: msgspec.structs.replace(kept.outputs.get(output, Attempt()), worked=yes),
                }
            }
        )

    def regions(self, drawn: tuple[Region, ...]) -> None:
        """The parts of the machine that were drawn."""
        self._change(lambda kept: {"regions": drawn})

    def keys_touched(self, names: tuple[str, ...]) -> None:
        """Keys that the kiosk has seen pressed since the grant."""
        if not set(names) <= set(self._kept.keys):
            self._change(lambda kept: {"keys": tuple(sorted({*kept.keys, *names}))})

    def watch(self, view: View | None, now_s: float) -> None:
        """What the contacts show now; None: the kiosk does not answer, or was just told to start again."""
        before_s, self._watched_s = self._watched_s, None if view is None else now_s
        if view is None:
            return
        fresh = contacts_after(self._kept.contacts, view, None if before_s is None else now_s - before_s)
        if fresh != self._kept.contacts:
            self._change(lambda kept: {"contacts": fresh})

    def sign(self, signed: Signed) -> None:
        self._change(lambda kept: {"signed": signed})

    # --- kept in memory ----------------------------------------------------------------------------

    def _change(self, make: Callable[[Kept], Mapping[str, object]]) -> None:
        with self._lock:
            self._kept = msgspec.structs.replace(self._kept, **make(self._kept))
            self._write()

    def _write(self) -> None:
        """A page goes on without it."""
        with contextlib.suppress(OSError):
            put_whole(self._folder / NAME, msgspec.json.encode(self._kept))

    def _read(self) -> Kept | None:
        try:
            with (self._folder / NAME).open("rb") as file:
                kept = msgspec.json.decode(file.read(_LARGEST_BYTES), type=Kept)
        except (OSError, msgspec.DecodeError):
            return None
        return kept if 0 <= self._wall() - kept.began_wall_s < KEPT_FOR_S else None


def contacts_after(before: Mapping[str, Seen], view: View, apart_s: float | None) -> dict[str, Seen]:
    """The contacts that are fitted, with what this view adds to those `before`.

    One that moved since the last view, which lies `apart_s` back, was in both positions, however short: a
    touch of the vibration contact falls between two views. Not where there was none soon before (None): a
    kiosk that starts calls every contact moved that is active.
    """
    found = {}
    for name, one in view.inputs.items():
        if not one.fitted:
            continue
        was = before.get(name, Seen())
        there_and_back = (
            apart_s is not None
            and apart_s < VIEWS_APART_S
            and one.moved_ago_s is not None
            and one.moved_ago_s < apart_s
        )
        found[name] = Seen(
            active=was.active or one.active or there_and_back,
            quiet=was.quiet or not one.active or there_and_back,
        )
    return found
