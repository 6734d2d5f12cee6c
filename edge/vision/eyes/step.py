"""The eyes in the caller's process, frame by frame on the caller's clock, for a story or a replay."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edge.terms.aim import Aim
from edge.terms.learning import Learning, LearnOrder
from edge.terms.observation import Observation
from edge.vision.eyes.report import EyesEvent, EyesTurn, Troubles
from hw.ports import HardwareError

if TYPE_CHECKING:
    from edge.vision.eyes.aside import Aside
    from edge.vision.look import Look
    from hw.camera.port import Camera, Frame


class StepEyes:
    """The eyes in this process, for a clock that is not real: each frame is looked at when it is due.

    `camera` is a recording (its frames carry their own times) or, with `every_s`, a camera that makes a
    picture of this moment whenever it is asked. `shown` gets each frame with its observation; `aside` does
    what a technician asks for.
    """

    def __init__(
        self,
        camera: Camera,
        look: Look,
        now_s: float,
        every_s: float | None = None,
        shown: Callable[[Frame, Observation], None] | None = None,
        aside: Aside | None = None,
    ) -> None:
        self._camera = camera
        self._look = look
        self._every_s = every_s
        self._shown = shown
        self._aside = aside
        self._aim: Aim | None = None
        self._learning = Learning()
        self._troubles = Troubles()
        self._due_s = now_s
        self._waiting: Frame | None = None
        self._ended = False

    @property
    def ended(self) -> bool:
        """The recording is over, or its camera failed."""
        return self._ended

    def want_owner(self, on: bool) -> None:
        """Whether to look if the card's owner stands there."""
        self._look.want_owner(on)

    def want_aim(self, on: bool) -> None:
        """Whether to measure for somebody who aims the camera."""
        self._aim = self._aim if on else None
        if self._aside is not None:
            self._aside.want_aim(on)

    def want_learn(self, order: LearnOrder | None) -> None:
        """What to learn, with nobody in the cabin; None: nothing any more."""
        if self._aside is not None:
            self._aside.want_learn(order)

    @property
    def aim(self) -> Aim | None:
        """The newest measures, while they are wanted."""
        return self._aim

    @property
    def learning(self) -> Learning:
        """How the newest order stands."""
        return self._learning

    def next_wake_s(self) -> float | None:
        """When the next frame is due, None after the end."""
        if self._ended:
            return None
        return self._due_s if self._waiting is None else self._waiting.at_s

    def skip_to(self, now_s: float) -> None:
        """Frames of a camera that was not asked in time are not made up for: the next one is of now."""
        if self._every_s is not None and self._due_s < now_s - self._every_s:
            self._due_s = now_s

    def poll(self, now_s: float) -> tuple[Observation | EyesEvent, ...]:
        """What is due by `now_s`, in order: one observation for each frame."""
        seen: list[Observation | EyesEvent] = []
        while not self._ended and (due_s := self.next_wake_s()) is not None and due_s <= now_s + 1e-9:
            if self._waiting is None:
                try:
                    frame = self._camera.read()
                except HardwareError as error:
                    self._ended = True
                    seen.append(EyesEvent(EyesTurn.FAILED, error.code, error.detail))
                    break
                if frame is None:
                    self._ended = True
                    break
                self._waiting = frame
                continue
            frame, self._waiting = self._waiting, None
            self._due_s = frame.at_s if self._every_s is None else due_s + self._every_s
            observation = self._look(frame)
            if self._shown is not None:
                self._shown(frame, observation)
            if self._aside is not None:
                seen_aside = self._aside.see(frame, observation)
                self._aim = seen_aside.aim or self._aim
                self._learning = seen_aside.learning
            seen += [observation, *self._troubles.turns(self._look.troubles)]
        return tuple(seen)

    def close(self) -> None:
        self._ended = True
        self._camera.close()
