"""What the eyes report of one frame: plain numbers and words, nothing of tensors, nothing of doors.

An observation crosses a process border and is replayed in tests, so it is frozen and small. All
boxes are in pixels of the picture that was looked at; the networks' own sizes stay inside vision.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.terms.identity import OwnerLook

FACE_CAMERA: Final = "face"
"""The name of the camera that the face check looks through."""

Box = tuple[float, float, float, float]
"""Left, top, width, height in pixels."""

Point = tuple[float, float]
"""x, y in pixels."""


class FaceVerdict(StrEnum):
    """What one picture says of one face."""

    PROPER = "proper"
    COVERED = "covered"
    TURNED = "turned"
    UNCLEAR = "unclear"


class Cover(StrEnum):
    """What covers a face; `NONE` for a bare one."""

    NONE = "none"
    MASK = "mask"
    GLASSES = "glasses"
    HELMET = "helmet"
    SCARF = "scarf"
    HAND = "hand"
    OTHER = "other"


class Unclear(StrEnum):
    """Why a face cannot be judged; `NONE` for one that can, and where there is no face to say it of.

    `CUT` is by the lower or upper edge of the picture, `CUT_ASIDE` by the left or right one. `UPSIDE_DOWN` is
    a face on its head or lying on its side. `UNDECIDED` is said of pictures together that contradict each
    other.
    """

    NONE = ""
    SMALL = "small"
    DARK = "dark"
    BRIGHT = "bright"
    BLURRED = "blurred"
    CUT = "cut"
    CUT_ASIDE = "cut_aside"
    UPSIDE_DOWN = "upside_down"
    UNDECIDED = "undecided"


class PictureVerdict(StrEnum):
    """What one picture says as a whole."""

    PROPER = "proper"
    COVERED = "covered"
    TURNED = "turned"
    SEVERAL = "several"
    NONE = "none"
    UNCLEAR = "unclear"


class CameraHealth(StrEnum):
    """Whether the picture can be believed at all."""

    OK = "ok"
    DARK = "dark"
    BLINDED = "blinded"
    COVERED = "covered"
    SPRAYED = "sprayed"
    DEFOCUSED = "defocused"
    MOVED = "moved"
    UPSIDE_DOWN = "upside_down"
    FROZEN = "frozen"
    REPLAYED = "replayed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Face:
    """One face of one frame.

    `landmarks` are the two eyes, the nose tip and the two mouth corners, left first as seen in the
    picture. `covered_logit` is the natural-log odds of covered against bare (positive: covered; zero is
    the operating point, which counts a bare face called covered as the worse error; a face called turned
    has 0: at that angle it says neither), `turned_logit` of turned beyond the limits against frontal,
    calibrated on held-out people; the judge adds them up over time. `unclear_why` is never `UNDECIDED`. A
    still picture's face that is upside down is turned, and its `unclear_why` says so; a video's is unclear.
    """

    box: Box
    score: float
    landmarks: tuple[Point, Point, Point, Point, Point]
    verdict: FaceVerdict
    cover: Cover
    covered_logit: float
    turned_logit: float
    yaw_deg: float
    pitch_deg: float
    unclear_why: Unclear = Unclear.NONE


@dataclass(frozen=True, slots=True)
class FaceMotion:
    """How the widest face has moved against a picture of itself of a moment ago.

    `moved` is how far, `bent` what the map of a plane cannot explain of it, both as the root mean square over
    points on the face, in face widths. `eyes` and `mouth` are what still differs there once that map is
    undone, as a multiple of what noise and a slip of the map would do; `visible` is what a closed lid would
    give. `sharp` is the sharpness against that of the picture compared with. `around` is the share of the
    face's motion that what is around it makes too (0 stays, 1 goes along), None where that cannot be told.
    """

    moved: float
    bent: float
    eyes: float
    mouth: float
    visible: float
    sharp: float = 1.0
    around: float | None = None


class ThingKind(StrEnum):
    """What the scene networks name."""

    PERSON = "person"
    HEAD = "head"
    BAG = "bag"
    HANDGUN = "handgun"
    KNIFE = "knife"
    LONG_GUN = "long_gun"
    BAR = "bar"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Thing:
    """One person, part of one, or object of one look. `score` is a calibrated probability, 0 to 1."""

    kind: ThingKind
    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class SceneSeen:
    """One look of the scene networks.

    `somebody_logit` is the natural-log odds that anybody at all is in the picture, wherever and however
    they stand; zero is the operating point. `weapon_logit` is the same for a weapon in somebody's hands, None
    where no second look was taken; `looked_at` is the square that this look saw, None for the whole picture.
    `things` holds what has a box.
    """

    somebody_logit: float
    things: tuple[Thing, ...] = ()
    weapon_logit: float | None = None
    looked_at: Box | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """One moving or new region of one frame; `area` is a fraction of the picture."""

    box: Box
    area: float


@dataclass(frozen=True, slots=True)
class StillRegion:
    """A region that differs from the empty cabin and has stood still since `since_s`.

    `added`: something stands there now; False: something that was there is gone.
    """

    box: Box
    area: float
    since_s: float
    added: bool


class FrontChange(StrEnum):
    """What became of a region of the machine's front, where it can be told."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FrontSeen:
    """One region of the machine's front against its own pictures, over the last minutes.

    `distance` is that of what has stood there still for `over_s`, in the region's own normal spread: from 1
    on it is more than light and time do to it. `box` is what differs most, `size_cm` its longer side, None
    where no scale was measured. `structure` and `likeness` are the two parts of the distance: edges, and the
    network's comparison (0 without it).
    """

    region: str
    distance: float
    change: FrontChange
    box: Box
    over_s: float
    structure: float = 0.0
    likeness: float = 0.0
    size_cm: float | None = None


class CabinState(StrEnum):
    """What the cabin is used for at a moment: what is normal is learnt for each of them apart."""

    VACANT_DAY = "vacant_day"
    VACANT_NIGHT = "vacant_night"
    CUSTOMER = "customer"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class NormalSeen:
    """One look against the dictionary of what is normal here.

    `score` is how unlike it the most unlike place has looked for some looks on end, in usual spreads of that
    place; above `limit` is unusual. `chance` is how rare such a score is among blocks of normal footage (a
    conformal p-value, 0 to 1); `area` the share of the picture that is above the limit, `where` its boxes,
    the most unlike first, or the box of the most unlike place where nothing is. `a_day` is the rate of false
    alarms that the limit was set for.
    """

    state: CabinState
    score: float
    limit: float
    chance: float
    area: float
    where: tuple[Box, ...]
    a_day: float


@dataclass(frozen=True, slots=True)
class PictureFigures:
    """How good one picture of the empty cabin is.

    `light` is the mean grey level; `detail` the natural log of fine lines' strength over coarse ones',
    `contrast` that of coarse ones' over the light; `noise` the sensor's, in grey levels; `shift` how far
    right and down of the reference the view lies, in pixels, None without a reference that it fits.
    """

    light: float
    detail: float
    contrast: float
    noise: float
    shift: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One frame as the eyes saw it.

    `at_s` is the capture time on the program's monotonic clock; `size` is (width, height) of the
    picture the boxes refer to; `foreground` is the largest moving or new region as a fraction of
    the picture, 0 while the background is still being learnt, and `foreground_box` where it is; `health` is
    the newest judgement of
    the picture itself; `motion` is the mean absolute change of the grey quarter-size picture
    against the one before, in grey levels.
    """

    frame: int
    at_s: float
    size: tuple[int, int]
    faces: tuple[Face, ...]
    foreground: float
    health: CameraHealth
    motion: float = 0.0
    camera: str = FACE_CAMERA
    jolt_px: float = 0.0
    """How far the whole picture jumped since the frame before."""
    foreground_box: Box | None = None
    scene: SceneSeen | None = None
    """What the scene networks said of this very frame; None in the frames between their looks."""
    moving: tuple[Region, ...] = ()
    """Every moving region, largest first, at every frame."""
    still: tuple[StillRegion, ...] = ()
    """Every region that was added to the empty cabin or taken from it, and has stood still since."""
    fight_logit: float | None = None
    """Natural-log odds of a fight over the last two seconds; None where the network for it did not look."""
    infrared: bool = False
    """Whether the cabin is lit by infrared light alone: no colours are left in the picture. No fault."""
    unusual_logit: float | None = None
    """Natural-log odds of unusual behaviour over the last seconds; None where nothing was said."""
    faces_asked: bool = True
    """Whether faces were looked for at all: without that, no face is not a hidden one."""
    unusual_why: str = ""
    """What spoke loudest for it, in plain words."""
    front: tuple[FrontSeen, ...] = ()
    """Regions of the machine's front that were judged at this frame; mostly none."""
    normal: NormalSeen | None = None
    """How unlike the place looks to what was learnt of it; None where the dictionary did not look."""
    face_motion: FaceMotion | None = None
    """How the widest face moves; None where it is not bare, too small, or was not looked at."""
    picture: PictureFigures | None = None
    """How good the picture is: now and then, while nothing is in it but the cabin."""
    owner: OwnerLook | None = None
    """A look at whether the card's owner stands there; None where none was asked for, or between two."""
