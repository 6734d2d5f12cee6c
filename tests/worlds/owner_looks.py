"""Templates at a known cosine, and a person before the face camera while a claim is open."""

from __future__ import annotations

import math
from dataclasses import replace

from edge.cabin.events import OwnerJudged
from edge.judge.owner import OwnerJudge
from edge.terms.identity import TEMPLATE_NUMBERS, NoTemplate, OwnerFact, OwnerLook, Template
from edge.terms.observation import CameraHealth, Cover, Face, FaceMotion, FaceVerdict, Observation

FRAME_S = 0.1
LOOK_FRAMES = 5
MARKS = ((85.0, 90.0), (115.0, 90.0), (100.0, 105.0), (88.0, 122.0), (112.0, 122.0))
FACE = Face((60.0, 60.0, 80.0, 96.0), 0.9, MARKS, FaceVerdict.PROPER, Cover.NONE, -5.0, -4.0, 0.0, 0.0)
STARES = FaceMotion(moved=0.06, bent=0.012, eyes=0.6, mouth=0.4, visible=18.0, around=0.1)
PRINT = replace(STARES, bent=0.002, around=1.0)


def template_at(cosine: float, towards: int = 1) -> Template:
    """One whose likeness to `template_at(1.0)` is this, to a hundredth; `towards`: where the rest points."""
    numbers = bytearray(TEMPLATE_NUMBERS)
    numbers[0] = round(127 * cosine) % 256
    numbers[towards] = round(127 * math.sqrt(max(1.0 - cosine * cosine, 0.0))) % 256
    return Template(bytes(numbers))


OWNER = template_at(1.0)


class Customer:
    """Ten frames a second, two looks a second; the face sways so that it does not stand still."""

    def __init__(self, judge: OwnerJudge) -> None:
        self.judge = judge
        self.frame = 0
        self.now_s = 100.0
        self.motion: FaceMotion | None = STARES
        self.blink_every_s: float | None = 3.0

    def shows(
        self, seen: Template | NoTemplate | None, for_s: float, faces: int = 1
    ) -> list[tuple[float, OwnerFact]]:
        """What is judged, and after how many seconds."""
        begun_s = self.now_s
        judged: list[tuple[float, OwnerFact]] = []
        for _ in range(round(for_s / FRAME_S)):
            self.frame += 1
            self.now_s += FRAME_S
            after_s = round(self.now_s - begun_s, 1)
            judged += [(after_s, one.fact) for one in self._see(seen, faces)]
        return judged

    def _see(self, seen: Template | NoTemplate | None, faces: int) -> tuple[OwnerJudged, ...]:
        look: OwnerLook | None = None
        if seen is not None and self.frame % LOOK_FRAMES == 0:
            look = OwnerLook(seen) if isinstance(seen, Template) else OwnerLook(missing=seen)
        motion = self.motion
        every_s = self.blink_every_s
        if motion is not None and every_s is not None and self.now_s % every_s < 0.25:
            motion = replace(motion, eyes=9.0)
        sway = 3.0 * math.sin(2.0 * self.now_s)
        a, b, c, d, e = ((x + sway, y) for x, y in MARKS)
        face = replace(FACE, landmarks=(a, b, c, d, e))
        observation = Observation(
            self.frame,
            self.now_s,
            (640, 480),
            (face,) * faces,
            0.2,
            CameraHealth.OK,
            face_motion=motion if faces else None,
            owner=look,
        )
        return self.judge.update(observation, self.now_s)
