"""What the eyes do beside looking, when a technician asks: measure for aiming, and learn this site.

They have the camera, so nobody else can; and they look on while they do. What takes longer than a frame (the
middle of many pictures, the front's own checks, writing) is done in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

import cv2

from edge.faults.fault import FaultError
from edge.terms.aim import Aim
from edge.terms.learning import Learning, LearnOrder, LearnState, LearnWhat
from edge.terms.observation import Observation
from edge.vision.aim import AimMeter
from edge.vision.scene import fronts, reference
from edge.vision.scene.commissioning import FOR_S, SKIP_S, EmptyCabin, Taken
from edge.vision.scene.fronts import FrontRegion, read_front, write_front
from edge.vision.scene.reference import Reference, add_references
from edge.vision.scene.teaching import REFUSED, named_region, scale_of, smallest_seen, teach
from hw.camera.port import Frame
from hw.watched import in_thread


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to report: the newest measures, None where nothing is new, and how the order stands."""

    aim: Aim | None
    learning: Learning


class Aside:
    """Of one camera. `data` is the kiosk's folder, None where nothing can be learnt.

    `apart` runs what takes long: a thread of its own in service, at once on a story's clock.
    """

    def __init__(
        self, camera: str, data: Path | None, apart: Callable[[Callable[[], None]], None] = in_thread
    ) -> None:
        self._camera = camera
        self._data = data
        self._apart = apart
        self._meter: AimMeter | None = None
        self._order: LearnOrder | None = None
        self._pictures: EmptyCabin | None = None
        self._learning = Learning()
        self._begun_s: float | None = None

    def want_aim(self, on: bool) -> None:
        """Whether to measure."""
        if not on:
            self._meter = None
        elif self._meter is None:
            self._meter = AimMeter()

    def want_learn(self, order: LearnOrder | None) -> None:
        """What to learn; None: nothing any more. The same order again changes nothing."""
        if order is None:
            if self._learning.state is LearnState.RUNNING:
                self._pictures, self._learning = None, Learning()
            self._order = None
            return
        if self._order is not None and order.job == self._order.job:
            return
        self._order, self._begun_s = order, None
        self._pictures = EmptyCabin(self._camera)
        self._learning = Learning(order.job, LearnState.RUNNING)
        if self._data is None:
            self._refuse(order, FaultError(REFUSED, "nothing can be learnt here"))

    def see(self, frame: Frame, observation: Observation) -> Seen:
        """One frame and what was seen in it."""
        aim = None if self._meter is None else self._meter.update(frame, observation.faces)
        order, pictures = self._order, self._pictures
        if order is not None and pictures is not None:
            self._take(order, pictures, frame, observation)
        return Seen(aim, self._learning)

    def _take(self, order: LearnOrder, pictures: EmptyCabin, frame: Frame, observation: Observation) -> None:
        if self._begun_s is None:
            self._begun_s = frame.at_s
        try:
            whole = pictures.add(frame, observation)
        except FaultError as fault:
            self._refuse(order, fault)
            return
        share = min((frame.at_s - self._begun_s) / (SKIP_S + FOR_S), 0.95)
        self._learning = replace(self._learning, share=max(share, 0.0))
        if whole:
            self._pictures = None
            self._apart(lambda: self._finish(order, pictures))

    def _finish(self, order: LearnOrder, pictures: EmptyCabin) -> None:
        try:
            taken = Taken(order.wall_s, order.minute_of_day)
            said = self._keep(order, pictures.reference(taken))
        except FaultError as fault:
            self._refuse(order, fault)
        except OSError as error:
            self._refuse(order, FaultError("folder_unwritable", error.strerror or str(error)))
        except cv2.error as error:
            self._refuse(order, FaultError(REFUSED, str(error)))
        else:
            if self._learning.job == order.job:
                self._learning = Learning(order.job, LearnState.DONE, 1.0, "", said)

    def _keep(self, order: LearnOrder, learnt: Reference) -> str:
        assert self._data is not None
        height, width = learnt.picture.shape
        match order.what:
            case LearnWhat.EMPTY:
                add_references(self._data / reference.FOLDER, [learnt], fresh=order.fresh)
                return f"{self._camera}: the empty cabin, {width}x{height}"
            case LearnWhat.FRONT:
                regions = [
                    named_region(one.name, [(x * width, y * height) for x, y in one.polygon])
                    for one in order.regions
                ]
                return self._teach(order, learnt, regions)
            case _:
                assert_never(order.what)

    def _teach(self, order: LearnOrder, learnt: Reference, regions: Sequence[FrontRegion]) -> str:
        assert self._data is not None
        folder = self._data / fronts.FOLDER
        before = None if regions else read_front(folder, self._camera)
        px_per_cm = scale_of(regions, f"{order.wide}={order.wide_cm}") if order.wide else None
        taught = teach([learnt], self._camera, regions, px_per_cm, before)
        write_front(folder, taught)
        names = ", ".join(region.name for region in taught.regions)
        smallest = smallest_seen(taught.px_per_cm)
        return f"{self._camera}: the front: {names}; changes are seen from about {smallest} on"

    def _refuse(self, order: LearnOrder, fault: FaultError) -> None:
        self._pictures = None
        if self._learning.job == order.job:
            self._learning = Learning(order.job, LearnState.REFUSED, 0.0, fault.code, fault.detail)
