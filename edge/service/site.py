"""What a technician does at the site over the control socket: draw, aim, measure the floor, learn.

Lives beside the loop and is asked by it. What reads or writes a file, or counts for long, is done in a thread
and answered from there; nothing drawn takes effect before a restart, so that what judges never changes under
somebody who is in the cabin.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import msgspec

from edge.faults.fault import FaultError
from edge.service.hiding import fronts_masked
from edge.settings.areas import is_inside, share_inside
from edge.settings.drawn import KINDS, Drawn, drawn_problems, drawn_sum, read_drawn, write_drawn
from edge.settings.schema import Settings
from edge.settings.zones import zone_of
from edge.terms.aim import Aim
from edge.terms.ground import FloorBox, FloorLine, Marks, Spot
from edge.terms.learning import Learning, LearnOrder, LearnState
from edge.terms.observation import Observation
from hw.ports import Clock

AIMS_S: Final = 10.0
"""So long after somebody asked the eyes go on measuring."""
LEARNS_S: Final = 60.0
"""So long learning may take; then the camera gives no pictures."""
LARGE_SHARE: Final = 0.20
"""Of the picture: a mask from this size on is warned of."""

_GRID: Final = 24
_USUAL_SIZE: Final = (640, 480)

Reply = dict[str, object]
Answer = Callable[[Reply], None]
Note = Callable[[str, Mapping[str, object], float], None]


class EyesAside(Protocol):
    """The eyes of one camera, as far as a technician needs them. No call waits."""

    def want_aim(self, on: bool) -> None: ...

    def want_learn(self, order: LearnOrder | None) -> None: ...

    @property
    def aim(self) -> Aim | None: ...

    @property
    def learning(self) -> Learning: ...


@dataclass(frozen=True, slots=True)
class Warned:
    """What a mask does that may not be meant: `code` is `large`, `faces` or `front`; `percent` of what.

    Of `large` of the picture, of `faces` of those that were found since the start, of `front` of the region
    of the machine's front that `region` names: nothing is watched there any more.
    """

    code: str
    name: str
    percent: float
    region: str = ""


class FacePlaces:
    """Where faces were found since the start, by their middles: a count for each square of the picture."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[tuple[int, int], int]] = {}

    def see(self, seen: Observation) -> None:
        width, height = seen.size
        if not seen.faces or not width or not height:
            return
        counts = self._counts.setdefault(seen.camera, {})
        for face in seen.faces:
            x, y = face.box[0] + face.box[2] / 2.0, face.box[1] + face.box[3] / 2.0
            at = (_square(x / width), _square(y / height))
            counts[at] = counts.get(at, 0) + 1

    def share_in(self, camera: str, polygon: tuple[Spot, ...]) -> float:
        """How many of a camera's faces lie in a polygon, 0 to 1."""
        counts = self._counts.get(camera, {})
        inside = sum(
            count
            for (column, row), count in tuple(counts.items())
            if is_inside(polygon, (column + 0.5) / _GRID, (row + 0.5) / _GRID)
        )
        return inside / max(sum(tuple(counts.values())), 1)


def _square(fraction: float) -> int:
    return min(max(int(fraction * _GRID), 0), _GRID - 1)


class SiteDesk:
    """Of one kiosk. Every method is called in the loop and waits for nothing.

    `eyes` are those of each camera by name, there by the first call. `apart` runs what may wait: a thread of
    its own in service, at once on a story's clock. `note` puts a line into the record.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        eyes: Mapping[str, EyesAside],
        clock: Clock,
        apart: Callable[[Callable[[], None]], None],
        note: Note,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._eyes = eyes
        self._clock = clock
        self._apart = apart
        self._note = note
        self._sizes: dict[str, tuple[int, int]] = {}
        self._writing = threading.Lock()
        self._places = FacePlaces()
        self._aimed_s: float | None = None
        self._order: LearnOrder | None = None
        self._learns: str = ""
        self._learn_s = 0.0
        self._learning = Learning()
        self._job = 0
        self._trouble = ""
        try:
            self._started_with = read_drawn(self._folder) or Drawn()
        except FaultError as fault:
            self._started_with, self._trouble = Drawn(), fault.code
        self._drawn = self._noted = self._started_with

    def see(self, seen: Observation) -> None:
        """Every observation: how large its picture is, and what a mask would hide."""
        self._sizes[seen.camera] = seen.size
        self._places.see(seen)

    def poll(self, now_s: float) -> None:
        """At every turn of the loop: nobody aims any more, what is learnt takes too long, what was done."""
        if self._drawn is not self._noted:
            self._noted = self._drawn
            counts = {kind: _count(getattr(self._drawn, kind)) for kind in self._drawn.kinds}
            kinds = " ".join(self._drawn.kinds)
            self._note("drawn", {"kinds": kinds, **counts, "sha256": drawn_sum(self._drawn)}, now_s)
        if self._aimed_s is not None and now_s - self._aimed_s >= AIMS_S:
            self._aimed_s = None
            for eyes in self._eyes.values():
                eyes.want_aim(False)
        if self._order is None:
            return
        newest = self._eyes[self._learns].learning
        if newest.job == self._order.job:
            self._learning = newest
        if self._learning.state is LearnState.RUNNING and now_s - self._learn_s >= LEARNS_S:
            self._eyes[self._learns].want_learn(None)
            late = f"{self._learns}: no whole set of pictures within {LEARNS_S:.0f} s"
            self._learning = Learning(self._order.job, LearnState.REFUSED, 0.0, "picture_unsound", late)
        if self._learning.state is not LearnState.RUNNING:
            said = {
                "what": self._order.what.value,
                "camera": self._learns,
                "result": self._learning.code or "done",
            }
            self._order = None
            self._note("learnt", said, now_s)

    # --- drawing ---------------------------------------------------------------------------------------

    @property
    def restart_wanted(self) -> bool:
        """Whether something was drawn that a restart would put into effect."""
        return self._drawn != self._started_with

    def drawn(self) -> Reply:
        """What is drawn, what is in effect, and where it comes from."""
        return {
            "drawn": msgspec.to_builtins(self._drawn),
            "in_effect": {kind: msgspec.to_builtins(getattr(self._settings, kind)) for kind in KINDS},
            "source": {kind: self._source(kind) for kind in KINDS},
            "restart_wanted": self.restart_wanted,
            "trouble": self._trouble,
        }

    def _source(self, kind: str) -> str:
        if getattr(self._started_with, kind) is not None:
            return "drawn"
        given = getattr(self._settings, kind) != getattr(_DEFAULTS, kind)
        return "settings" if given else "default"

    def draw(self, drawn: Drawn, *, only_check: bool, answer: Answer) -> None:
        """Keep what was drawn, in the place of all that was; or only say what is wrong with it."""
        self._apart(lambda: answer(self._draw(drawn, only_check=only_check)))

    def undraw(self, kinds: tuple[str, ...], answer: Answer) -> None:
        """Of these kinds the settings file's own hold again."""
        left = msgspec.structs.replace(self._drawn, **dict.fromkeys(kinds))
        self.draw(left, only_check=False, answer=answer)

    def _draw(self, drawn: Drawn, *, only_check: bool) -> Reply:
        if problems := drawn_problems(drawn, self._settings):
            found = [{"key": one.key, "detail": one.detail} for one in problems]
            return {"error": "drawn_refused", "detail": problems[0].detail, "problems": found}
        warnings = [msgspec.to_builtins(one) for one in self._warnings(drawn)]
        if not only_check:
            try:
                with self._writing:
                    write_drawn(self._folder, drawn)
                    self._drawn, self._trouble = drawn, ""
            except OSError as error:
                return {"error": "folder_unwritable", "detail": error.strerror or str(error)}
        return {"saved": not only_check, "restart_wanted": self.restart_wanted, "warnings": warnings}

    def _warnings(self, drawn: Drawn) -> Iterator[Warned]:
        for mask in drawn.mask or ():
            share = share_inside([mask.polygon])
            if share >= LARGE_SHARE:
                yield Warned("large", mask.name, round(100.0 * share))
            faces = self._places.share_in(mask.camera, mask.polygon)
            if faces > 0.0:
                yield Warned("faces", mask.name, max(round(100.0 * faces), 1))
            for region, hidden in fronts_masked(self._folder, mask):
                yield Warned("front", mask.name, max(round(100.0 * hidden), 1), region)

    # --- aiming and the floor --------------------------------------------------------------------------

    def aim(self, now_s: float) -> Reply:
        """The newest measures of each camera; the eyes go on measuring for `AIMS_S`."""
        for eyes in self._eyes.values():
            eyes.want_aim(True)
        self._aimed_s = now_s
        newest = {name: eyes.aim for name, eyes in self._eyes.items()}
        return {
            "cameras": {name: msgspec.to_builtins(aim) for name, aim in newest.items() if aim is not None}
        }

    def measure(
        self, marks: Marks, lines: tuple[FloorLine, ...], boxes: tuple[FloorBox, ...], answer: Answer
    ) -> None:
        """Lengths and sizes on the floor that these marks would give."""
        size = self._sizes.get(marks.camera, _USUAL_SIZE)
        self._apart(lambda: answer(measured(marks, lines, boxes, size)))

    # --- learning --------------------------------------------------------------------------------------

    def learn(self, order: LearnOrder, camera: str, now_s: float) -> Reply:
        """Begin; its number and time are given here. `FaultError`: `learn_running`, `no_such_camera`."""
        if camera not in self._eyes:
            raise FaultError("no_such_camera", camera)
        if self._order is not None:
            raise FaultError("learn_running", f"{self._learns}: {self._order.what.value}")
        self._job += 1
        wall_s = self._clock.wall_s()
        local = datetime.fromtimestamp(wall_s, zone_of(self._settings.cabin.timezone))
        minute = local.hour * 60 + local.minute
        self._order = replace(order, job=self._job, wall_s=wall_s, minute_of_day=minute)
        self._learns, self._learn_s = camera, now_s
        self._learning = Learning(self._job, LearnState.RUNNING)
        self._eyes[camera].want_learn(self._order)
        return {"job": self._job}

    def learning(self) -> Reply:
        """How far it is."""
        reply: Reply = msgspec.to_builtins(self._learning)
        return reply | {"camera": self._learns}

    def learn_end(self) -> Reply:
        """Stop."""
        ended = self._order is not None
        if ended:
            self._eyes[self._learns].want_learn(None)
            self._order, self._learning = None, Learning()
        return {"ended": ended}


_DEFAULTS: Final = Settings()


def _count(drawn: object) -> int:
    """How many zones, masks, or corners."""
    return len(drawn.corners) if isinstance(drawn, Marks) else len(drawn) if isinstance(drawn, tuple) else 0


def measured(
    marks: Marks, lines: tuple[FloorLine, ...], boxes: tuple[FloorBox, ...], size: tuple[int, int]
) -> Reply:
    """What the marks would say of lines and things on the floor; what lies on no floor is None."""
    from edge.judge.floor import Floor  # with NumPy, which a page that knows this module's words does without

    try:
        floor = Floor(marks, size)
    except ValueError as error:
        return {"error": "floor_refused", "detail": str(error)}
    width, height = size
    lengths: list[Reply | None] = []
    for line in lines:
        cm = floor.length_cm((line.a.x * width, line.a.y * height), (line.b.x * width, line.b.y * height))
        if cm is None:
            lengths.append(None)
            continue
        off = 100.0 * (cm - line.true_cm) / line.true_cm if line.true_cm > 0.0 else None
        lengths.append({"cm": cm, "error_percent": off})
    sizes: list[object] = []
    for box in boxes:
        found = floor.size_of((box.left * width, box.top * height, box.width * width, box.height * height))
        sizes.append(None if found is None else msgspec.to_builtins(found))
    seen = {"camera_height_cm": floor.camera_height_cm, "focal_px": floor.focal_px}
    if not all(math.isfinite(value) for value in seen.values()):
        return {"error": "floor_refused", "detail": "the four marks are no rectangle on a floor"}
    return {"floor": seen, "lines": lengths, "boxes": sizes}
