"""Keeps the pictures from before and after an incident, hashed, for a limited time and in limited space.

The pictures come from the ring (`ring`), so those from before are there already and a dead camera
process takes none of them along. A thread of its own does the writing and answers; the answers go into
the record with their hashes. A disk that is nearly full stops pictures, so that the record has what is left.
"""

from __future__ import annotations

import errno
import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from edge.faults.fault import FaultError
from edge.pictures import files
from edge.pictures.holds import Holds
from edge.pictures.kept import EvidenceAnswer, PicturesKept, Told
from edge.pictures.ring import RingPicture
from edge.pictures.sheet import NotDrawnError, sheet_of
from edge.pictures.store import FORGET_S, Around, EvidenceLimits, Start, Store
from edge.pictures.writing import Handling, Writer, Written, sealed_to
from edge.terms.hold import Hold
from edge.terms.marks import Mark
from edge.terms.reason import Reason
from hw.ports import Clock
from hw.watched import WatchedThread

_COPY_EVERY_S: Final = 0.5
"""How often new pictures of a running incident are copied out of the ring."""

_REPORT_EVERY_S: Final = 5.0
"""How often their hashes are answered: a power cut leaves at most so much without a hash in the record."""

_TIDY_EVERY_S: Final = 3600.0

_YIELD_S: Final = 2.0
"""How long a picture gives way to the record at most; the ring has room for `ring.SPARE_S`."""

_NEAR_S: Final = 2.0
"""How far from a reason's frame the picture that shows it may have been taken at most."""


class Ring(Protocol):
    """Where the pictures come from: `edge.pictures.ring.RingReader`."""

    def between(self, from_s: float, to_s: float) -> Iterable[RingPicture]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Beside:
    """What the thread has around it: `on_answer` wakes the loop; `busy` tells whether the record is being
    written just now: pictures give way. `hourly` is what else this thread looks at once an hour."""

    on_answer: Callable[[], None] = lambda: None
    busy: Callable[[], bool] = lambda: False
    hourly: Callable[[], None] = lambda: None


@dataclass(slots=True)
class _Order:
    """Pictures wanted; `through_s` is how far each ring has been copied."""

    incident: int
    why: str
    to_s: float
    through_s: dict[str, float]
    one: bool = False
    reported_s: float = -math.inf
    files: list[Written] = field(default_factory=list)
    left_out: int = 0
    waiting: dict[str, list[float]] = field(default_factory=dict)
    """Pictures that were seen in the ring and could not be written yet, by camera."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    """The picture of a reason is wanted, at the latest by `by_s`: one that is near may still come."""

    incident: int
    why: str
    reason: Reason
    by_s: float


class Evidence:
    """The pictures of one kiosk. All methods but `close` return at once; they belong to one thread.

    `folder` holds one folder an incident, `NUMBER/BOOT-MILLISECONDS.jpg`, with the camera's name after it
    for all but the `face` camera, and `BOOT-MILLISECONDS-CAMERA-WHY.jpg` for those that show a reason;
    `handling` draws and seals. `rings` are by camera. Without `beside` there is no thread: `poll` does the
    work, for replays in step. `told` is where all answers go.
    """

    def __init__(
        self,
        folder: Path,
        rings: Mapping[str, Ring],
        clock: Clock,
        start: Start,
        limits: EvidenceLimits | None = None,
        beside: Beside | None = None,
        handling: Handling = Handling(),  # noqa: B008 - frozen
    ) -> None:
        self.told = Told(beside.on_answer if beside is not None else lambda: None)
        self._folder = folder
        self._rings = rings
        self._clock = clock
        self._boot = start.boot
        self._limits = limits or EvidenceLimits()
        self._beside = beside
        self._stands = False
        self._draw_on = handling.draw
        # Shared by the two threads, under the condition's lock.
        self._changed = threading.Condition()
        self._new: list[_Order | _Drawing] = []
        self._open = set(start.open_incidents)
        self._marks: dict[int, Mark] = {}
        self._asked = False
        self.holds = Holds(folder, start.holds)
        self._closing = False
        # The worker's own.
        self._orders: list[_Order] = []
        self._drawings: list[_Drawing] = []
        self._due_s = self._tidy_at_s = clock.now_s()
        self.thread = WatchedThread("evidence", self._run, clock)
        self._store = Store(
            folder,
            clock,
            self._limits,
            self.told,
            Around(self._open_now, self.holds, self.thread.beat, start.last_wall_s),
        )
        self._writer = Writer(folder, start.boot, self._store, clock, handling.sealing, self._give_way)
        if beside is not None:
            self.thread.start()

    # --- for the loop ------------------------------------------------------------------------------

    def keep(self, incident: int, at_s: float, why: str, reason: Reason | None = None) -> None:
        """Keep the pictures from `before_s` before `at_s` (monotonic) to `after_s` after it.

        And of the reason one with its boxes, numbers and rule drawn on it.
        """
        from_s, to_s = at_s - self._limits.before_s, at_s + self._limits.after_s
        self._order(_Order(incident, why, to_s, dict.fromkeys(self._rings, from_s)))
        if reason is not None:
            self._order(_Drawing(incident, why, reason, at_s + _NEAR_S))

    def keep_one(self, incident: int, at_s: float, why: str) -> None:
        """Keep the first camera's newest picture up to `at_s` that is at most 2 s old then."""
        self._order(_Order(incident, why, at_s, dict.fromkeys(list(self._rings)[:1], at_s - 2.0), one=True))

    def close_incident(self, incident: int) -> None:
        """The incident is over: its pictures may go when their time or their space is up."""
        with self._changed:
            self._open.discard(incident)

    def hold(self, hold: Hold) -> None:
        """Nothing of this incident is removed from now on; the file beside the pictures follows at once.

        FaultError as `Holds.put` raises it.
        """
        self.holds.put(hold)
        self._wake()

    def free(self, incident: int) -> Hold | None:
        """The hold that ends, None where there was none."""
        ended = self.holds.drop(incident)
        self._wake()
        return ended

    def mark(self, incident: int, mark: Mark) -> None:
        """Somebody said what the incident was: its pictures are kept as long as such ones are."""
        with self._changed:
            self._marks[incident] = mark
        self._wake()

    def _wake(self) -> None:
        with self._changed:
            self._asked = True
            self._changed.notify()

    def doubt_clock(self, wrong: bool) -> None:
        """Whether the clock is known to be wrong: then nothing is too old."""
        self._store.doubt_clock(wrong)

    def answers(self) -> tuple[EvidenceAnswer, ...]:
        """What has happened since the last call."""
        return self.told.take()

    @property
    def orders(self) -> int:
        """How many orders are not done."""
        with self._changed:
            return len(self._orders) + len(self._drawings) + len(self._new)

    @property
    def kept_bytes(self) -> int:
        """The size of the pictures that are kept."""
        return self._store.kept_bytes

    def poll(self, now_s: float) -> None:
        """Without a thread: copy what is due."""
        due = bool(self._new) or self._asked or now_s >= self._due_s
        if self._beside is None and not self._stands and due:
            self._turn()

    def next_wake_s(self) -> float | None:
        """Without a thread: when `poll` wants to be called."""
        return self._due_s if self._beside is None and not self._stands else None

    def stand_still(self, stands: bool) -> None:
        """Without a thread: copy nothing until told to go on, as a thread that hangs. For benches."""
        self._stands = stands

    def close(self, timeout_s: float) -> None:
        """Copy what the ring has, answer, and stop."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._beside is None:
            self._turn()
            self._finish()
        else:
            self.thread.join(timeout_s)

    def _order(self, order: _Order | _Drawing) -> None:
        with self._changed:
            self._open.add(order.incident)
            self._new.append(order)
            self._changed.notify()

    # --- the worker --------------------------------------------------------------------------------

    def _open_now(self) -> frozenset[int]:
        with self._changed:
            return frozenset(self._open)

    def _run(self) -> None:
        while True:
            self.thread.rest()
            with self._changed:
                self._changed.wait_for(
                    lambda: self._closing or bool(self._new) or self._asked,
                    max(0.0, self._due_s - self._clock.now_s()),
                )
                closing = self._closing
            self.thread.beat()
            self._turn()
            if closing:
                self._finish()
                return

    def _finish(self) -> None:
        for order in self._orders:
            self._report(order, done=True)
        self._orders.clear()
        self._writer.close()
        for ring in self._rings.values():
            ring.close()

    def _turn(self) -> None:
        news, marks = self._take_news()
        now_s = self._clock.now_s()
        if unsealable := self._writer.tidy():
            self.told.trouble(unsealable.code, unsealable.detail)
        else:
            self.told.well("evidence_keys_unusable")
        failed = self._tend(news, marks, now_s)
        wrote = False
        for order in self._orders if self._store.known else ():
            try:
                wrote = self._copy(order) or wrote
            except Exception as error:  # one incident that cannot be written does not keep out the others
                failed = self._failed(error)
        for drawing in list(self._drawings) if self._store.known else ():
            try:
                done = self._draw(drawing, now_s)
            except Exception as error:
                failed = done = self._failed(error)
            if done:
                self._drawings.remove(drawing)
        if wrote and not failed:
            self.told.well("evidence_write_failed")
        self._report_due(now_s)
        self._due_s = now_s + _COPY_EVERY_S if self._orders or self._drawings else self._tidy_at_s
        self._due_s = min(self._due_s, self._writer.next_s(now_s))
        if self._store.forgetting:
            self._due_s = min(self._due_s, now_s + FORGET_S)

    def _take_news(self) -> tuple[list[_Order | _Drawing], dict[int, Mark]]:
        """What was ordered and marked since the last turn."""
        with self._changed:
            news, self._new = self._new, []
            for new in news:
                if isinstance(new, _Order):
                    self._take(new)
                else:
                    self._drawings.append(new)
            marks, self._marks = self._marks, {}
            self._asked = False
        return news, marks

    def _tend(self, news: Iterable[_Order | _Drawing], marks: Mapping[int, Mark], now_s: float) -> bool:
        """Look after what is kept, and tidy it once an hour; whether that failed."""
        tidy = now_s >= self._tidy_at_s
        if tidy:
            self._tidy_at_s = now_s + _TIDY_EVERY_S
        try:
            self._store.look()
            for new in news:
                self._store.kept_for(new.incident, new.why)
            for incident, mark in marks.items():
                self._store.marked(incident, mark)
            self._store.forget_emptied(now_s)
            if tidy:
                self._store.tidy()
                if self._beside is not None:
                    self._beside.hourly()
        except Exception as error:  # what cannot be looked at or removed must not cost the pictures after it
            return self._failed(error)
        return False

    def _report_due(self, now_s: float) -> None:
        """What ends now, and what was written a while ago."""
        for order in list(self._orders):
            # A picture may need a moment from the camera to the ring.
            if now_s >= order.to_s + (0.0 if order.one else 1.0):
                self._orders.remove(order)
                order.left_out += sum(map(len, order.waiting.values()))
                self._report(order, done=True)
            elif order.files and now_s - order.reported_s >= _REPORT_EVERY_S:
                order.reported_s = now_s
                self._report(order, done=False)

    def _take(self, new: _Order) -> None:
        """A new order; one that only goes on for longer, as when a contact chatters, is no other."""
        for order in self._orders:
            same = (order.incident, order.why, order.one) == (new.incident, new.why, False)
            if same and min(new.through_s.values(), default=new.to_s) <= order.to_s:
                order.to_s = max(order.to_s, new.to_s)
                return
        self._orders.append(new)

    def _failed(self, error: Exception) -> bool:
        """Tell it; True, for those who count it."""
        if isinstance(error, FaultError):
            self.told.trouble(error.code, error.detail)
            return True
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        words = (error.strerror or str(error)) if isinstance(error, OSError) else type(error).__name__
        self.told.trouble("evidence_disk_low" if full else "evidence_write_failed", words)
        return True

    def _copy(self, order: _Order) -> bool:
        """What the rings have of it by now; whether a picture was written."""
        wrote = False
        for name, ring in self._rings.items():
            if name not in order.through_s:
                continue
            try:
                found = list(ring.between(order.through_s[name], order.to_s))
            except FaultError as fault:
                self.told.trouble(fault.code, fault.detail)
                continue
            self.told.well("evidence_ring_failed")
            if order.one:
                found = found[-1:]
            # What waited for its place and was overwritten meanwhile is lost.
            there = {picture.at_s for picture in found}
            order.left_out += sum(at_s not in there for at_s in order.waiting.get(name, ()))
            try:
                wrote = self._write_all(order, name, found) or wrote
            finally:
                through_s = order.through_s[name]
                order.waiting[name] = [picture.at_s for picture in found if picture.at_s > through_s]
        return wrote

    def _write_all(self, order: _Order, camera: str, pictures: Sequence[RingPicture]) -> bool:
        if not pictures:
            return False
        written: list[Written] = []
        room = True
        try:
            for picture in pictures:
                self.thread.beat()
                room = self._store.has_room()
                if not room:
                    break  # the ring still has it for a while
                name = files.picture_name(self._boot, picture.at_s, camera)
                kept = self._writer.write(order.incident, name, picture.jpeg, self._limits.incident_mb)
                if kept is None:
                    order.left_out += 1
                else:
                    written += kept
                order.through_s[camera] = picture.at_s
        finally:
            if written:
                self._store.written(order.incident)
                order.files += written
        if written and room:
            self.told.well("evidence_disk_low")
        return bool(written)

    def _draw(self, drawing: _Drawing, now_s: float) -> bool:
        """The picture of a reason, on the nearest of the ring; whether nothing more is to be done for it."""
        reason, ring = drawing.reason, self._rings.get(drawing.reason.camera)
        if ring is None:
            return True
        over = now_s >= drawing.by_s
        try:
            found = list(ring.between(reason.at_s - _NEAR_S, reason.at_s + _NEAR_S))
        except FaultError as fault:
            self.told.trouble(fault.code, fault.detail)
            return over
        nearest = min(found, key=lambda picture: abs(picture.at_s - reason.at_s), default=None)
        if nearest is None or not self._store.has_room():
            return over
        self.thread.beat()
        wall_s = self._clock.wall_s() - (self._clock.now_s() - reason.at_s)
        try:
            jpeg = self._draw_on(nearest.jpeg, sheet_of(drawing.incident, drawing.why, reason, wall_s))
        except NotDrawnError as error:
            self.told.trouble("evidence_not_drawn", str(error))
            return True
        self.told.well("evidence_not_drawn")
        self.thread.beat()
        name = files.reason_name(self._boot, nearest.at_s, reason.camera, drawing.why)
        kept = self._writer.write(drawing.incident, name, jpeg, self._limits.incident_mb)
        if kept:
            self._store.written(drawing.incident)
            self.told.add(self._answer(drawing.incident, drawing.why, kept, done=False))
        elif kept is None:
            self.told.add(self._answer(drawing.incident, drawing.why, (), done=False, left_out=1))
        return True

    def _give_way(self) -> None:
        """The record goes first on a slow card."""
        end_s = self._clock.now_s() + _YIELD_S
        while self._beside is not None and self._beside.busy() and self._clock.now_s() < end_s:
            with self._changed:
                self._changed.wait(0.02)

    def _report(self, order: _Order, *, done: bool) -> None:
        kept, order.files = tuple(order.files), []
        self.told.add(self._answer(order.incident, order.why, kept, done=done, left_out=order.left_out))

    def _answer(
        self, incident: int, why: str, new: Sequence[Written], *, done: bool, left_out: int = 0
    ) -> PicturesKept:
        named = tuple((one.name, one.digest) for one in new if not one.is_key)
        return PicturesKept(incident, why, named, done, left_out, sealed_to(new, self._writer.short))
