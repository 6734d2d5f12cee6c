"""A cabin whose networks say whatever somebody wants them to: judges and table under the worst outputs.

The picture's own measures (what moves, what differs from the empty cabin, whether the camera is sound) are
those of the person who is there: no printed patch changes what moved. Everything that a network says is the
attacker's, frame by frame, for as long as he likes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from edge.cabin.events import AnomalyBegan, DeviceFailed, DeviceRecovered, Event, InputMoved
from edge.judge.judge import Judge
from edge.terms.observation import (
    Box,
    CameraHealth,
    Cover,
    Face,
    FaceMotion,
    FaceVerdict,
    Observation,
    Region,
    SceneSeen,
    StillRegion,
    Thing,
    ThingKind,
    Unclear,
)
from hw.ports import Input
from tests.worlds.cabin_world import Cabin, rules

DT_S: Final = 0.2
LOOK_S: Final = 0.4
"""The scene networks look at every other frame."""

OF_NETWORKS: Final = frozenset(
    {
        *("faces", "faces_asked", "scene", "fight_logit", "unusual_logit", "unusual_why"),
        *("face_motion", "normal", "front", "picture", "owner"),
    }
)
"""What of an observation a network says; how a face moves is measured where one says that it is. The last
five only ever tell, or are asked for the permit: no judge of the door reads them."""
OF_PICTURE: Final = frozenset(
    {
        *("size", "foreground", "foreground_box", "health", "motion", "jolt_px", "moving", "still"),
        "infrared",
    }
)
"""What is measured on the picture without a network."""
OF_FRAME: Final = frozenset({"frame", "at_s", "camera"})

SIZE: Final = (640, 480)
STANDS: Final[Box] = (260.0, 60.0, 130.0, 400.0)
LIES: Final[Box] = (180.0, 350.0, 300.0, 100.0)
SLUMPED: Final[Box] = (260.0, 330.0, 140.0, 130.0)
CROUCHES: Final[Box] = (260.0, 250.0, 140.0, 210.0)
BESIDE: Final[Box] = (450.0, 80.0, 130.0, 380.0)


def face(logit: float = -4.0, turned: float = -4.0, box: Box = (280.0, 90.0, 80.0, 80.0)) -> Face:
    """A face whose verdict is what its log odds say."""
    x, y, w, h = box
    points = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
    a, b, c, d, e = ((x + u * w, y + v * h) for u, v in points)
    covered, away = logit > 0.0, turned > 0.0
    verdict = FaceVerdict.COVERED if covered else FaceVerdict.TURNED if away else FaceVerdict.PROPER
    cover = Cover.MASK if covered else Cover.NONE
    return Face(box, 0.95, (a, b, c, d, e), verdict, cover, logit, turned, 60.0 if away else 0.0, 0.0)


WIDE: Final[Box] = (60.0, 60.0, 200.0, 200.0)
BARE: Final = face()
MASKED: Final = face(4.0)
UNCLEAR: Final = replace(face(0.5), verdict=FaceVerdict.UNCLEAR, cover=Cover.NONE, unclear_why=Unclear.SMALL)

FACES: Final[Mapping[str, tuple[Face, ...]]] = {
    "none": (),
    "bare": (BARE,),
    "surely bare": (face(-1e6, -1e6),),
    "masked": (MASKED,),
    "surely masked": (face(1e6, -1e6),),
    "turned": (face(-4.0, 1e6),),
    "unclear": (UNCLEAR,),
    "bare and a wide masked one": (BARE, face(1e6, box=WIDE)),
    "masked and a wide bare one": (MASKED, face(-1e6, box=WIDE)),
    "a tiny bare one": (face(-1e6, box=(10.0, 10.0, 8.0, 8.0)),),
    "at the edge": (face(1e6, box=(0.0, 0.0, 640.0, 480.0)),),
}


def _person(box: Box) -> Thing:
    return Thing(ThingKind.PERSON, box, 0.99)


SCENES: Final[Mapping[str, SceneSeen]] = {
    "stands": SceneSeen(8.0, (_person(STANDS),)),
    "nobody": SceneSeen(-1e6),
    "lies": SceneSeen(8.0, (_person(LIES),)),
    "slumped": SceneSeen(8.0, (_person(SLUMPED),)),
    "crouches": SceneSeen(-8.0, (_person(CROUCHES),)),
    "two": SceneSeen(8.0, (_person(STANDS), _person(BESIDE))),
    "a head": SceneSeen(8.0, (Thing(ThingKind.HEAD, (280.0, 70.0, 90.0, 90.0), 0.99),)),
    "armed": SceneSeen(8.0, (_person(STANDS),), 1e6, STANDS),
    "two, armed": SceneSeen(8.0, (_person(STANDS), _person(BESIDE)), 1e6, STANDS),
    "a bar over all": SceneSeen(8.0, (Thing(ThingKind.BAR, (0.0, 0.0, 640.0, 480.0), 1.0),), -1e6, STANDS),
}
MOTIONS: Final[Mapping[str, FaceMotion | None]] = {
    "none": None,
    "a print": FaceMotion(moved=0.1, bent=0.0, eyes=0.0, mouth=0.0, visible=1e6, around=1.0),
    "a life": FaceMotion(moved=0.1, bent=0.1, eyes=1e6, mouth=1e6, visible=1e6, around=0.0),
}
ODDS: Final[Sequence[float | None]] = (None, -1e6, 0.0, 1e6)


@dataclass(frozen=True, slots=True)
class Said:
    """What the networks say from now on."""

    faces: str = "bare"
    scene: str = "stands"
    fight: float | None = None
    unusual: float | None = None
    motion: str = "none"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the picture itself shows: somebody who stands there and moves a hand now and then."""

    foreground: float = 0.13
    box: Box | None = STANDS
    moving: tuple[Region, ...] = ()
    still: tuple[StillRegion, ...] = ()
    health: CameraHealth = CameraHealth.OK


A_HAND: Final = (Region((300.0, 220.0, 60.0, 60.0), 0.008),)
EMPTY: Final = Shown(0.0, None)
Attack = Callable[[float], Said]
"""What the networks say so many seconds after it began."""
Standing = Callable[[float], Shown]


def stands(at_s: float) -> Shown:
    """Moves a hand for half a second in every three."""
    return Shown(moving=A_HAND if at_s % 3.0 < 0.5 else ())


@dataclass
class Attacked:
    """One cabin with a door contact, or without one, and one person in it."""

    contact: bool = True
    scene_fitted: bool = True
    began: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        flow = rules(self.contact)
        self.cabin = Cabin(flow)
        self.judge = Judge(flow.flow, 0.0, self.contact)
        self._frame = 0
        self._hear(*self.judge.door(is_open=False, now_s=0.0))

    def _hear(self, *events: Event | DeviceFailed | DeviceRecovered) -> None:
        for event in events:
            if isinstance(event, AnomalyBegan):
                self.began.append(event.anomaly.value)
            self.cabin.hear(event)

    def lets_in(self) -> Attacked:
        """The door opens, somebody comes in, and it closes."""
        if not self.contact:
            return self
        for is_open in (True, False):
            self._hear(*self.judge.door(is_open, self.cabin.now_s), InputMoved(Input.DOOR, is_open))
            self.see(lambda _: Said("none"), 1.0 if is_open else 0.4)
        return self

    def see(self, attack: Attack, for_s: float, standing: Standing = stands) -> Attacked:
        """So many seconds of frames."""
        begun_s = self.cabin.now_s
        for _ in range(round(for_s / DT_S)):
            self.cabin.until(self.cabin.now_s + DT_S)
            now_s = self.cabin.now_s
            said, shown = attack(now_s - begun_s), standing(now_s - begun_s)
            looks = self.scene_fitted and self._frame % round(LOOK_S / DT_S) == 0
            self._frame += 1
            seen = Observation(
                self._frame,
                now_s,
                SIZE,
                FACES[said.faces],
                shown.foreground,
                shown.health,
                foreground_box=shown.box,
                scene=SCENES[said.scene] if looks else None,
                moving=shown.moving,
                still=shown.still,
                fight_logit=said.fight if looks else None,
                unusual_logit=said.unusual if looks else None,
                face_motion=MOTIONS[said.motion],
            )
            self._hear(*self.judge.observe(seen, now_s))
        return self

    def locked(self) -> Attacked:
        """Somebody masked came in, was warned and locked."""
        self.lets_in().see(lambda _: Said("masked"), 40.0)
        assert self.cabin.door, self.cabin.modes
        return self


PIECES_S: Final = (0.2, 0.4, 1.0, 2.4, 6.0, 12.0, 35.0)


def whims(seed: int, for_s: float, faces: Sequence[str] = tuple(FACES)) -> Attack:
    """Each network says this for a while and then that, each at times of its own."""
    dice = random.Random(seed)

    def line(values: Sequence[str] | Sequence[float | None]) -> list[tuple[float, str | float | None]]:
        pieces, at_s = [], 0.0
        while at_s <= for_s:
            pieces.append((at_s, dice.choice(values)))
            at_s += dice.choice(PIECES_S)
        return pieces

    lines = [line(tuple(faces)), line(tuple(SCENES)), line(ODDS), line(ODDS), line(tuple(MOTIONS))]

    def said(at_s: float) -> Said:
        now = [next(value for begun_s, value in reversed(pieces) if begun_s <= at_s) for pieces in lines]
        odds = [value if isinstance(value, float) else None for value in now[2:4]]
        return Said(str(now[0]), str(now[1]), odds[0], odds[1], str(now[4]))

    return said
