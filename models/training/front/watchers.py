"""Who watches a front in the same pictures: the kiosk's own code, and three plain ways beside it.

The kiosk's eye and judge get the pictures as the seer would give them. The others are as fair as they can be
made: they get the same pictures laid over the same taught ones by the same alignment, the same
votes (a place counts that differs in ten of twelve half minutes) and a threshold of their
own for each machine: the most that they said in an hour and more of a day on which nothing was changed, six
minutes at each of twelve times.
"""

from __future__ import annotations

import contextlib
import copy
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np

from edge.cabin.events import AnomalyBegan
from edge.judge.front import LIMIT, FrontJudge
from edge.terms.observation import Box, CameraHealth, FrontSeen, Observation
from edge.vision.scene import part
from edge.vision.scene.align import Aligner
from edge.vision.scene.background import relit
from edge.vision.scene.front import FrontEye
from edge.vision.scene.fronts import SMALLEST_PX, Front, FrontRegion, RegionKind
from edge.vision.scene.part import SLOT_S
from edge.vision.scene.patches import Patches
from models.training.front.machine import Floats, Grey, Machine, Part, Region

SLOTS: Final = 12
NEEDED: Final = 10
_SOFT_PX: Final = 2.0

_KINDS: Final = {
    Part.CARD_SLOT: RegionKind.SLOT,
    Part.KEYPAD: RegionKind.KEYPAD,
    Part.BEZEL: RegionKind.BEZEL,
    Part.HOOD: RegionKind.HOOD,
    Part.SHUTTER: RegionKind.SHUTTER,
    Part.SCREEN: RegionKind.SCREEN,
}


def taught(machine: Machine, pictures: Sequence[Grey]) -> Front:
    """The machine as an installer teaches it: its parts, each at least as large as the kiosk asks for."""
    return Front("face", tuple(pictures), tuple(_region(one) for one in machine.regions), machine.px_per_cm)


def _region(region: Region) -> FrontRegion:
    corners = region.corners
    low, high = corners.min(axis=0), corners.max(axis=0)
    least = SMALLEST_PX + 1.0
    if min(high - low) < least:
        middle, half = (low + high) / 2, np.maximum(high - low, least) / 2
        corners = middle + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    polygon = tuple((float(x), float(y)) for x, y in corners)
    return FrontRegion(_KINDS[region.part].value, _KINDS[region.part], polygon)


@dataclass(frozen=True, slots=True)
class Told:
    """Something was told: when, and where in pixels of the picture."""

    at_s: float
    boxes: tuple[Box, ...]


class Kiosk:
    """`edge.vision.scene.front` and `edge.judge.front` as they run on a kiosk, all comparisons at once."""

    def __init__(self, name: str, front: Front, patches: Patches | None) -> None:
        self.name = name
        self._patches = patches
        self._eye = FrontEye(front, patches, at_once=True)
        self._eye.prepare()
        self._judge = FrontJudge()
        self.seen: tuple[FrontSeen, ...] = ()

    @property
    def blind(self) -> bool:
        """Whether the newest picture could not be looked at: too dark, or not to be laid over."""
        return bool(self._eye.why)

    def fresh(self) -> Kiosk:
        """The same, prepared, with nothing seen yet."""
        memo: dict[int, object] = {id(self._patches): self._patches}
        return copy.deepcopy(self, memo)

    def look(self, grey: Grey, at_s: float) -> Told | None:
        self.seen = self._eye.look(grey, at_s)
        size = (grey.shape[1], grey.shape[0])
        observation = Observation(0, at_s, size, (), 0.0, CameraHealth.OK, front=self.seen)
        events = self._judge.update(observation, at_s)
        if any(isinstance(event, AnomalyBegan) for event in events):
            return Told(at_s, tuple(one.box for one in self.seen if one.distance > LIMIT))
        return None


@contextlib.contextmanager
def _one_vote() -> Iterator[None]:
    slots, needed = part.SLOTS, part.NEEDED
    part.SLOTS, part.NEEDED = 1, 1  # type: ignore[misc]
    try:
        yield
    finally:
        part.SLOTS, part.NEEDED = slots, needed  # type: ignore[misc]


class Glance:
    """The kiosk's eye with a single vote: what it says of each half minute by itself.

    What it does not call changed in any one of them it would not in ten of twelve, so hours in which it is
    calm need not be looked at in full.
    """

    def __init__(self, front: Front, patches: Patches | None) -> None:
        with _one_vote():
            self._kiosk = Kiosk("glance", front, patches)

    def fresh(self) -> Glance:
        """The same with nothing seen yet."""
        other = copy.copy(self)
        other._kiosk = self._kiosk.fresh()
        return other

    def highest(self, grey: Grey, at_s: float) -> float:
        """The largest distance of a part in the half minute of this picture, the only one of it. ValueError
        where the picture could be looked at and nothing was said."""
        with _one_vote():
            self._kiosk.look(grey, at_s)
            # A half minute ends, and is judged, with the first picture after it.
            self._kiosk.look(grey, at_s + SLOT_S)
        if self._kiosk.blind:
            return 0.0
        if not self._kiosk.seen:
            raise ValueError("the eye was given one half minute, asked for one vote, and said nothing")
        return max(one.distance for one in self._kiosk.seen)


class Compares(Protocol):
    """How far a crop of the front is from one of the taught ones, at each place (any grid)."""

    name: str

    def prepare(self, crop: Grey) -> object: ...

    def apart(self, taught: object, now: object) -> Floats: ...


class GreyDifference:
    """The absolute difference of softened levels, light taken out by gain and offset."""

    name = "grey difference"

    def prepare(self, crop: Grey) -> object:
        return np.asarray(cv2.GaussianBlur(crop.astype(np.float32), (0, 0), _SOFT_PX), dtype=np.float32)

    def apart(self, taught: object, now: object) -> Floats:
        assert isinstance(taught, np.ndarray)
        assert isinstance(now, np.ndarray)
        return np.asarray(np.abs(relit(now, taught) - taught), dtype=np.float32)


class Ssim:
    """1 - the structural similarity of Wang et al. (2004), a window of deviation 1.5 px."""

    name = "SSIM"

    def prepare(self, crop: Grey) -> object:
        return crop.astype(np.float32)

    def apart(self, taught: object, now: object) -> Floats:
        assert isinstance(taught, np.ndarray)
        assert isinstance(now, np.ndarray)

        def mean(values: Floats) -> Floats:
            return np.asarray(cv2.GaussianBlur(values, (0, 0), 1.5), dtype=np.float32)

        one: Floats = np.asarray(taught, dtype=np.float32)
        two: Floats = np.asarray(now, dtype=np.float32)
        a, b = mean(one), mean(two)
        aa, bb, ab = mean(one * one) - a * a, mean(two * two) - b * b, mean(one * two) - a * b
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        alike = ((2 * a * b + c1) * (2 * ab + c2)) / ((a * a + b * b + c1) * (aa + bb + c2))
        unlike = np.asarray(1.0 - alike, dtype=np.float32)
        return np.asarray(cv2.GaussianBlur(unlike, (0, 0), _SOFT_PX), dtype=np.float32)


class Trunk:
    """1 - the dot product of a network's cells, on the front as one picture."""

    def __init__(self, name: str, patches: Patches) -> None:
        self.name = name
        self._patches = patches

    def prepare(self, crop: Grey) -> object:
        return self._patches.embed(crop).vectors

    def apart(self, taught: object, now: object) -> Floats:
        assert isinstance(taught, np.ndarray)
        assert isinstance(now, np.ndarray)
        return np.asarray(1.0 - np.einsum("rcd,rcd->rc", taught, now), dtype=np.float32)


class Laid:
    """A camera's pictures, laid over the first taught one and cut out around the front."""

    def __init__(self, front: Front) -> None:
        base = front.pictures[0]
        watched = [np.array(region.polygon) for region in front.regions]
        points = np.concatenate(watched)
        h, w = base.shape
        x0, y0 = np.maximum(np.floor(points.min(axis=0)) - 12, 0).astype(int)
        x1, y1 = np.minimum(np.ceil(points.max(axis=0)) + 12, (w, h)).astype(int)
        self.at = (int(x0), int(y0), int(x1 - x0), int(y1 - y0))
        mask = np.zeros(base.shape, np.uint8)
        for region in front.regions:
            if region.kind is not RegionKind.SCREEN:
                cv2.fillPoly(mask, [np.rint(np.array(region.polygon)).astype(np.int32)], (1,))
        for region in front.regions:
            if region.kind is RegionKind.SCREEN:
                screen = np.zeros_like(mask)
                cv2.fillPoly(screen, [np.rint(np.array(region.polygon)).astype(np.int32)], (1,))
                mask[cv2.dilate(screen, np.ones((9, 9), np.uint8)) > 0] = 0
        self.inside = self._cut(mask)
        self._aligner = Aligner(base)
        self.crops = [self._cut(base)]
        for picture in front.pictures[1:]:
            laid = self.crop(picture)
            if laid is not None:
                self.crops.append(laid)

    def _cut(self, picture: Grey) -> Grey:
        x, y, w, h = self.at
        return np.ascontiguousarray(picture[y : y + h, x : x + w])

    def crop(self, grey: Grey) -> Grey | None:
        """The front in this picture; None where it could not be laid over the taught one."""
        found = self._aligner.align(grey)
        if found is None:
            return None
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (grey.shape[1], grey.shape[0])
        laid = cv2.warpAffine(grey, found.matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        return self._cut(np.asarray(laid, dtype=np.uint8))


class Plain:
    """One of the plain ways, with votes; what is voted above `limit` is told."""

    def __init__(self, compares: Compares, laid: Laid, limit: float = 0.0) -> None:
        self.name = compares.name
        self.limit = limit
        self.highest = 0.0
        """The most that was voted so far."""
        self._compares = compares
        self._laid = laid
        self._taught = [compares.prepare(crop) for crop in laid.crops]
        self._maps: deque[Floats] = deque(maxlen=SLOTS)
        self._told = False

    def fresh(self) -> Plain:
        """The same with nothing seen yet."""
        other = copy.copy(self)
        other.highest, other._told = 0.0, False
        other._maps = deque(maxlen=SLOTS)
        return other

    def score(self, crop: Grey) -> Floats:
        """The distance to the nearest of the taught pictures at each place, 0 outside the marked parts."""
        now = self._compares.prepare(crop)
        apart = np.minimum.reduce([self._compares.apart(one, now) for one in self._taught])
        h, w = apart.shape
        inside = cv2.resize(self._laid.inside.astype(np.float32), (w, h), interpolation=cv2.INTER_AREA)
        return np.asarray(apart * (inside > 0.25), dtype=np.float32)

    def hear(self, crop: Grey | None, at_s: float) -> Told | None:
        """The crop of one half minute; None where there was none."""
        if crop is None:
            return None
        self._maps.append(self.score(crop))
        if len(self._maps) < NEEDED:
            return None
        rank = len(self._maps) - NEEDED
        voted = np.partition(np.stack(self._maps), rank, axis=0)[rank]
        self.highest = max(self.highest, float(voted.max()))
        if self._told or float(voted.max()) <= self.limit:
            return None
        self._told = True
        row, column = np.unravel_index(int(np.argmax(voted)), voted.shape)
        x, y, w, h = self._laid.at
        across, down = w / voted.shape[1], h / voted.shape[0]
        # A place is a cell, or so many pixels as the comparison is soft over.
        wide, high = max(across, 4 * _SOFT_PX), max(down, 4 * _SOFT_PX)
        middle = (x + (column + 0.5) * across, y + (row + 0.5) * down)
        return Told(at_s, ((middle[0] - wide / 2, middle[1] - high / 2, wide, high),))
