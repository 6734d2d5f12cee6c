"""A camera's pictures of one machine over simulated days, unchanged unless a changed picture is given.

    day = Day(machine, seed=3)
    picture = day.picture(at_s=43_200.0, base=machine.picture)

Time is seconds since midnight. What stays the same over a day (its weather, when lamps are on, where the
sun's strips fall, who passes outside, when somebody uses the machine) is drawn from the seed once; each
picture's own noise follows from seed and time alone, so any time can be asked for, in any order.

What goes on: daylight that comes and goes with clouds; strips of sun that wander, barred by a window's
frame; lamps that are switched and flicker; a camera that sees in infrared by night; shadows of people
outside and the headlights of cars; a screen that changes; receipts that hang out of slots; fingerprints that
gather until somebody wipes them; a camera that drifts a little in shift, turn, zoom and focus, exposes by
itself, has noise, and compresses. While somebody uses the machine a body covers part of it; `in_use` is what
the eyes know of that.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np

from models.training.front.machine import WIDTH_PX, Floats, Grey, Machine, Part, Region
from models.training.front.pixels import blurred, warped

DAY_S: Final = 86_400.0
_GAMMA: Final = 2.2


@dataclass(frozen=True, slots=True)
class _Strip:
    """A strip of sun: from when to when, where at its beginning and end (in picture widths), and its kind."""

    begins_s: float
    ends_s: float
    angle: float
    first: float
    last: float
    width: float
    strength: float
    bars: float


@dataclass(frozen=True, slots=True)
class _Passing:
    """Somebody outside, or a car's light: `strength` below zero is a shadow."""

    at_s: float
    lasts_s: float
    strength: float
    width: float
    angle: float
    towards: float


@dataclass(frozen=True, slots=True)
class _Visit:
    """Somebody uses the machine; afterwards a receipt may hang out for a while. `noticed`: by the eyes."""

    begins_s: float
    ends_s: float
    receipt_until_s: float
    side: float
    noticed: bool


@dataclass(frozen=True, slots=True)
class Light:
    """What lights the machine at a time: shares of daylight and lamps, and whether it is seen in infrared."""

    daylight: float
    lamps: float
    infrared: bool


class Day:
    """One day of one machine. `worst`: 1 is the usual day; more makes everything that goes on stronger."""

    def __init__(self, machine: Machine, seed: int, worst: float = 1.0) -> None:
        self.machine = machine
        self.seed = seed
        self._worst = worst
        rng = np.random.default_rng([17, seed])
        self._rng_seed = seed
        self._cloud = rng.uniform(0.0, 1.0)
        self._sunrise_s = float(rng.uniform(5.0, 7.5)) * 3600
        self._sunset_s = float(rng.uniform(16.5, 20.5)) * 3600
        self._lamps_from_s = self._sunset_s - float(rng.uniform(-0.5, 1.5)) * 3600
        self._lamps_to_s = self._sunrise_s + float(rng.uniform(-0.5, 1.0)) * 3600
        # What its lamps do, and what its materials are in infrared, is a cabin's own, the same every day.
        own = np.random.default_rng(zlib.crc32(machine.name.encode()))
        self._lamps_by_day = bool(own.random() < 0.4)
        # Where lamps go off at night it is seen in infrared until the morning.
        late_s = float(own.uniform(22.0, 23.5)) * 3600 + float(rng.normal(0, 300))
        self._dark_from_s = late_s if own.random() < 0.6 else float("inf")
        self._clouds = rng.uniform(0, 2 * np.pi, 6)
        self._strips = [self._strip(rng) for _ in range(int(rng.integers(0, 4)))]
        self._passing = [self._pass(rng) for _ in range(int(rng.integers(60, 200)))]
        self._visits = self._people(rng)
        self._wiped_s = float(rng.uniform(6.0, 20.0)) * 3600
        self._smudges = self._prints(rng)
        self._drift = rng.uniform(0, 2 * np.pi, 5)
        self._shift_px = rng.normal(0.0, 0.8, 2) * worst
        self._infrared_field = _smooth(own, self._shape, 40.0) * np.float32(0.12)
        self._infrared_bend = float(own.uniform(-0.35, 0.35))
        self._quality = int(rng.integers(60, 92))
        self._noise_levels = float(rng.uniform(1.0, 2.6))

    @property
    def _shape(self) -> tuple[int, int]:
        h, w = self.machine.picture.shape
        return h, w

    # What goes on, drawn once a day.

    def _strip(self, rng: np.random.Generator) -> _Strip:
        begins = float(rng.uniform(self._sunrise_s, self._sunset_s - 3600))
        lasts = float(rng.uniform(0.5, 3.0)) * 3600
        first, last = rng.uniform(-0.2, 1.2, 2)
        return _Strip(
            begins,
            min(begins + lasts, self._sunset_s),
            float(rng.uniform(-1.2, 1.2)),
            float(first),
            float(last),
            float(rng.uniform(0.05, 0.35)),
            float(rng.uniform(0.4, 2.5)) * self._worst,
            float(rng.choice([0.0, rng.uniform(0.03, 0.12)])),
        )

    def _pass(self, rng: np.random.Generator) -> _Passing:
        at_s = float(rng.uniform(0, DAY_S))
        light = self._sunrise_s < at_s < self._sunset_s
        strength = -float(rng.uniform(0.1, 0.55)) if light else float(rng.uniform(0.3, 1.5))
        lasts = float(rng.exponential(20.0 if light else 4.0)) + 1.0
        if rng.random() < 0.06:
            lasts = float(rng.uniform(120, 1200))  # somebody waits outside, a lorry parks
        return _Passing(
            at_s,
            lasts,
            strength * self._worst,
            float(rng.uniform(0.08, 0.4)),
            float(rng.uniform(-0.5, 0.5)),
            float(rng.choice([-1.0, 1.0])),
        )

    def _people(self, rng: np.random.Generator) -> list[_Visit]:
        visits: list[_Visit] = []
        at = 0.0
        while True:
            hour = (at / 3600) % 24
            every = 900.0 if 7 <= hour < 21 else 7200.0
            at += float(rng.exponential(every)) + 30.0
            if at > DAY_S - 400:
                return visits
            ends = at + float(rng.uniform(30, 180))
            stays = float(rng.exponential(180.0)) if rng.random() < 0.1 else 0.0
            side = float(rng.choice([-1.0, 1.0]))
            visits.append(_Visit(at, ends, ends + stays, side, bool(rng.random() > 0.02)))
            at = ends

    def _prints(self, rng: np.random.Generator) -> list[tuple[float, float, float, float, float]]:
        """Fingerprints: when, where (in the picture), how large in cm, how light or dark."""
        prints = []
        places = [r for r in self.machine.regions if r.part in (Part.SCREEN, Part.KEYPAD, Part.CARD_SLOT)]
        for _ in range(24 if places else 0):
            region = places[int(rng.integers(len(places)))]
            spot = region.seen(np.array([rng.uniform(0.1, 0.9, 2) * (region.width_cm, region.height_cm)]))[0]
            size = float(rng.uniform(0.4, 0.9)) * region.px_per_cm
            prints.append(
                (
                    float(rng.uniform(0, DAY_S)),
                    float(spot[0]),
                    float(spot[1]),
                    size,
                    float(rng.normal(0, 0.05)),
                )
            )
        return prints

    # What is so at a time.

    def in_use(self, at_s: float) -> bool:
        """Whether the eyes see somebody before the machine; they miss one visit in fifty."""
        return any(visit.noticed and visit.begins_s <= at_s <= visit.ends_s for visit in self._visits)

    def receipt(self, at_s: float) -> bool:
        """Whether a receipt hangs out."""
        return any(visit.ends_s < at_s < visit.receipt_until_s for visit in self._visits)

    def light(self, at_s: float) -> Light:
        """Daylight and lamps as shares of what lit the machine's own picture."""
        up = np.sin(np.pi * (at_s - self._sunrise_s) / (self._sunset_s - self._sunrise_s))
        sun = float(np.clip(up, 0.0, 1.0)) ** 0.7 if self._sunrise_s < at_s < self._sunset_s else 0.0
        cloudy = 1.0
        for number, phase in enumerate(self._clouds):
            cloudy += 0.16 * self._cloud * float(np.sin(at_s / (230.0 * 1.9**number) + phase))
        lamps_on = self._lamps_by_day or not self._lamps_to_s < at_s < self._lamps_from_s
        # Past midnight it is still the night before.
        dark = at_s > self._dark_from_s or (np.isfinite(self._dark_from_s) and at_s < self._lamps_to_s - 1800)
        lamps = 0.0 if dark else (0.75 if lamps_on else 0.0)
        daylight = 1.1 * sun * float(np.clip(cloudy, 0.25, 1.6))
        return Light(daylight, lamps, infrared=bool(daylight + lamps < 0.12))

    @cached_property
    def _exposed_for(self) -> float:
        """The mean that the camera wants, in linear light: that of the machine's own picture."""
        small = self.machine.picture[::4, ::4].astype(np.float32) / np.float32(255.0)
        return float(np.power(small, np.float32(_GAMMA)).mean())

    @cached_property
    def _places(self) -> tuple[Floats, Floats]:
        """Where each pixel is, in picture widths from the middle."""
        h, w = self._shape
        x = (np.arange(w, dtype=np.float32) / w - 0.5)[None]
        y = ((np.arange(h, dtype=np.float32) - h / 2) / w)[:, None]
        return x, y

    def picture(self, at_s: float, base: Grey | None = None, of: int = 1) -> Grey:
        """What the camera gives at this time; `base`: the machine as it is now (None: unchanged).

        `of`: the noise is that of the median of so many pictures, for half minutes of which one is made.
        """
        base = self.machine.picture if base is None else base
        rng = np.random.default_rng([23, self._rng_seed, int(at_s * 10)])
        seen = self._drawn_over(base, at_s)
        light = self.light(at_s)
        linear = _LINEAR[np.clip(np.rint(seen), 0, 255).astype(np.uint8)]
        lit = self._infrared(linear, at_s) if light.infrared else linear * self._field(at_s, light)
        lit = self._screen(lit, at_s, light)
        return self._sensed(lit, at_s, light, rng, of)

    # The machine's own changes that mean nothing: receipts, prints, bodies.

    def _drawn_over(self, base: Grey, at_s: float) -> Floats:
        out = base.astype(np.float32)
        for when_s, x, y, size, tone in self._smudges:
            if when_s < at_s and not (when_s < self._wiped_s < at_s):
                _blob(out, x, y, size, 1.0 + tone * self._worst)
        for visit in self._visits:
            if visit.ends_s < at_s < visit.receipt_until_s:
                self._receipt(out, visit)
            if visit.begins_s <= at_s <= visit.ends_s:
                self._body(out, visit, at_s)
        return out

    def _receipt(self, out: Floats, visit: _Visit) -> None:
        slots = self.machine.parts(Part.SHUTTER) or self.machine.parts(Part.CARD_SLOT)
        if not slots:
            return
        rng = np.random.default_rng(int(visit.begins_s))
        region = slots[0]
        w, long = 7.0, float(rng.uniform(2.0, 9.0))
        x, y = region.width_cm * 0.5 - w / 2, region.height_cm * 0.5
        lean = float(rng.normal(0, 0.6))
        paper = np.array([[x, y], [x + w, y], [x + w + lean, y + long], [x + lean, y + long]])
        cover = np.zeros(out.shape, np.float32)
        corners = np.rint(region.seen(paper) * 16).astype(np.int32)
        cv2.fillConvexPoly(cover, corners, (1.0,), cv2.LINE_AA, shift=4)
        cover = blurred(cover, self.machine.blur_px)
        white = min(250.0, 1.15 * float(np.percentile(self.machine.picture, 97)))
        out += cover * (np.float32(white) - out)

    def _body(self, out: Floats, visit: _Visit, at_s: float) -> None:
        h, w = out.shape
        sway = 0.02 * w * float(np.sin(at_s * 1.3))
        middle = np.mean([region.corners.mean(axis=0) for region in self.machine.regions], axis=0)
        at = (round(middle[0] + visit.side * 0.1 * w + sway), round(middle[1] + 0.25 * h))
        tone = float(np.random.default_rng(int(visit.begins_s)).uniform(20, 160))
        cv2.ellipse(out, at, (round(0.16 * w), round(0.5 * h)), 0, 0, 360, (tone,), -1, cv2.LINE_AA)

    # Light.

    def _field(self, at_s: float, light: Light) -> Floats:
        x, y = self._places
        day_from = 0.5 * float(np.sin(2 * np.pi * at_s / DAY_S + self._drift[0]))
        daylight = light.daylight * np.clip(1.0 + day_from * x * 1.2 + 0.2 * y, 0.3, 1.8)
        lamps = light.lamps * np.clip(1.0 - 0.5 * y, 0.4, 1.5)
        field = np.broadcast_to(daylight + lamps, self._shape).astype(np.float32)
        for strip in self._strips:
            if strip.begins_s < at_s < strip.ends_s:
                field = field + self._sun(strip, at_s) * np.float32(light.daylight + 0.1)
        for passing in self._passing:
            if passing.at_s < at_s < passing.at_s + passing.lasts_s:
                field = field * (1.0 + self._shade(passing, at_s))
        slope = self.machine.slope
        if slope is not None:
            # Where the light comes from wanders with the sun; lamps stay where they are.
            angle = np.pi * (at_s - self._sunrise_s) / (self._sunset_s - self._sunrise_s)
            share = light.daylight / max(light.daylight + light.lamps, 1e-3)
            across = float(np.cos(angle)) * 0.3 * share
            field = field * np.clip(1.0 - across * slope[0], 0.5, 1.5)
        return np.maximum(field, np.float32(0.01)).astype(np.float32)

    def _sun(self, strip: _Strip, at_s: float) -> Floats:
        gone = (at_s - strip.begins_s) / (strip.ends_s - strip.begins_s)
        middle = strip.first + (strip.last - strip.first) * gone - 0.5
        x, y = self._places
        c, s = np.float32(np.cos(strip.angle)), np.float32(np.sin(strip.angle))
        away = np.abs((x - np.float32(middle)) * c + y * s)
        soft = np.float32(0.012)
        inside = np.clip((np.float32(strip.width / 2) - away) / soft, 0.0, 1.0)
        if strip.bars:
            along = (y * c - x * s) / np.float32(strip.bars)
            bars = np.clip((np.abs(along - np.rint(along)) - 0.12) / 0.06, 0.0, 1.0)
            inside = inside * bars
        # It comes and goes with the clouds, never at once.
        ramp = min(1.0, 20 * gone, 20 * (1 - gone))
        return (inside * np.float32(strip.strength * ramp)).astype(np.float32)

    def _shade(self, passing: _Passing, at_s: float) -> Floats:
        gone = (at_s - passing.at_s) / passing.lasts_s
        middle = passing.towards * (gone - 0.5) * 1.4
        x, y = self._places
        away = (x - np.float32(middle)) + y * np.float32(passing.angle)
        shape = np.exp(-((away / np.float32(passing.width)) ** 2))
        return np.asarray(np.float32(passing.strength) * shape, dtype=np.float32)

    def _infrared(self, linear: Floats, at_s: float) -> Floats:
        """Lamps beside the lens: bright in the middle, dark at the edges, and other materials are light."""
        x, y = self._places
        fall = np.exp(-2.2 * (x * x + y * y))
        bent = cv2.pow(linear, float(np.exp(self._infrared_bend)))
        out = (bent * (1.0 + self._infrared_field) + 0.02) * fall * np.float32(0.8)
        for passing in self._passing:
            if passing.at_s < at_s < passing.at_s + passing.lasts_s:
                out = out * (1.0 + 0.5 * self._shade(passing, at_s))
        return np.asarray(out, dtype=np.float32)

    def _screen(self, lit: Floats, at_s: float, light: Light) -> Floats:
        """Another picture on the screen every half minute; in infrared a screen is dark."""
        for region in self.machine.parts(Part.SCREEN):
            shows = _shown(region, int(at_s // 30) + 7919 * self.seed)
            side = shows.shape
            turn = cv2.getPerspectiveTransform(
                np.array([[0, 0], [side[1], 0], [side[1], side[0]], [0, side[0]]], np.float32),
                region.corners.astype(np.float32),
            )
            h, w = self._shape
            x, y, box_w, box_h = region.box
            left, top = max(0, int(x) - 2), max(0, int(y) - 2)
            right, bottom = min(w, int(x + box_w) + 3), min(h, int(y + box_h) + 3)
            move = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]]) @ turn
            size = (right - left, bottom - top)
            glow = blurred(warped(shows, move, size), self.machine.blur_px)
            lit[top:bottom, left:right] += glow * np.float32(0.02 if light.infrared else 0.35)
        return lit

    # The camera.

    def _moved(self, seen: Grey, at_s: float) -> Floats:
        """Heat and touch: a pixel or so of shift, a little turn and zoom."""
        h, w = self._shape
        slow = 2 * np.pi * at_s / DAY_S
        dx = self._shift_px[0] + 0.9 * float(np.sin(slow + self._drift[1])) * self._worst
        dy = self._shift_px[1] + 0.9 * float(np.sin(slow + self._drift[2])) * self._worst
        angle = 0.12 * float(np.sin(slow + self._drift[3])) * self._worst
        zoom = 1.0 + 0.0025 * float(np.sin(slow + self._drift[4])) * self._worst
        turn = np.asarray(cv2.getRotationMatrix2D((w / 2, h / 2), angle, zoom), dtype=np.float64)
        move = turn + np.array([[0, 0, dx], [0, 0, dy]])
        return np.asarray(
            cv2.warpAffine(seen, move, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
            dtype=np.float32,
        )

    def _sensed(self, lit: Floats, at_s: float, light: Light, rng: np.random.Generator, of: int) -> Grey:
        # The camera exposes for the mean of the picture, and has not much left in the dark.
        mean = float(lit[::4, ::4].mean())
        gain = float(np.clip(self._exposed_for / max(mean, 1e-4), 0.25, 14.0)) * float(
            np.exp(rng.normal(0, 0.02))
        )
        # A table of the root of each 4096th, for a root of each pixel costs more than all the rest.
        levels = _ROOTS[np.clip(lit * np.float32(gain * 4095.0), 0.0, 4095.0).astype(np.uint16)]
        out = self._moved(levels, at_s)
        if light.lamps > 0.0:
            h, _ = self._shape
            rows = np.arange(h, dtype=np.float32) / h * np.float32(rng.uniform(2, 5)) * np.float32(2 * np.pi)
            bands = np.sin(rows + np.float32(rng.uniform(0, 7)))
            out *= 1.0 + np.float32(0.015 * light.lamps * self._worst) * bands[:, None]
        soft = 0.35 + 0.25 * abs(float(np.sin(at_s / DAY_S * 2 * np.pi + self._drift[1])))
        out = blurred(out, soft)
        # The median of many has 1.25 times the deviation of their mean.
        fewer = 1.0 if of == 1 else 1.25 / float(np.sqrt(of))
        deviation = fewer * self._noise_levels * float(np.sqrt(np.clip(gain, 0.5, 9.0)))
        out += _noise(rng, out.shape) * np.float32(deviation)
        grey = np.clip(out, 0, 255).astype(np.uint8)
        _, packed = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


_LINEAR: Final = ((np.arange(256) / 255.0) ** _GAMMA).astype(np.float32)
_ROOTS: Final = np.rint(255.0 * (np.arange(4096) / 4095.0) ** (1 / _GAMMA)).astype(np.uint8)
_SPARE_PX: Final = 64
_NOISE: Final = np.random.default_rng(1).standard_normal((576, WIDTH_PX + _SPARE_PX), dtype=np.float32)
"""Laid at another place, and turned over, for each picture."""


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    h, w = shape
    x, y = int(rng.integers(_SPARE_PX)), int(rng.integers(max(1, _NOISE.shape[0] - h)))
    field = _NOISE[y : y + h, x : x + w]
    return field[:: int(rng.choice([-1, 1])), :: int(rng.choice([-1, 1]))]


def _smooth(rng: np.random.Generator, shape: tuple[int, int], size_px: float) -> Floats:
    """A random field of deviation about 1 whose blobs are so large."""
    h, w = shape
    small = rng.standard_normal((max(2, round(h / size_px)), max(2, round(w / size_px)))).astype(np.float32)
    return np.asarray(cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _blob(out: Floats, x: float, y: float, size_px: float, by: float) -> None:
    reach = max(2, round(3 * size_px))
    h, w = out.shape
    left, top = max(0, round(x) - reach), max(0, round(y) - reach)
    right, bottom = min(w, round(x) + reach + 1), min(h, round(y) + reach + 1)
    if left >= right or top >= bottom:
        return
    columns = np.arange(left, right, dtype=np.float32)[None] - np.float32(x)
    rows = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(y)
    shape = np.exp(-(columns * columns + rows * rows) / np.float32(2 * size_px * size_px))
    out[top:bottom, left:right] *= 1.0 + np.float32(by - 1.0) * shape


def _shown(region: Region, number: int) -> Floats:
    """What a screen shows: a ground, lines of writing, a few buttons; 0 to 1."""
    rng = np.random.default_rng([41, abs(number)])
    h, w = 46, max(20, round(46 * region.width_cm / region.height_cm))
    out = np.full((h, w), float(rng.uniform(0.02, 0.9)), np.float32)
    for _ in range(int(rng.integers(0, 8))):
        x, y = int(rng.integers(0, w - 8)), int(rng.integers(0, h - 4))
        high, wide = int(rng.integers(1, 7)), int(rng.integers(5, w))
        out[y : y + high, x : x + wide] = float(rng.uniform(0, 1))
    return out
