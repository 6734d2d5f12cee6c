"""Prints how each way to blind a camera is found, and what harmless life is taken for one.

`python -m tests.tampering [--takes N] [--half chosen|kept] [--drawn] [KIND...]`: rooms and seeds are in two
halves. Limits were chosen on the first, and what is published is from the second, whose rooms, with other
seeds, had been looked at once before. Real rooms need the shared pictures; `--drawn` leaves them out.
"""

from __future__ import annotations

import argparse
import math
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import CameraHealth
from edge.vision.scene.background import shrink
from edge.vision.scene.health import Health
from hw.camera.clip import ClipCamera
from tests.worlds import tampering as w
from tests.worlds.tampering import Floats, Picture, Random, Sensor, Take

SOUND_S: Final = 8.0
"""The empty room before anything is done."""
WITHIN_S: Final = 10.0

Make = Callable[[Floats, Random], Take]


@dataclass(slots=True)
class Result:
    takes: int = 0
    within: int = 0
    noticed: int = 0
    delays_s: list[float] = field(default_factory=list)
    called: Counter[str] = field(default_factory=Counter)
    false_alarms: int = 0
    hours: float = 0.0


# --- takes of tampering ------------------------------------------------------------------------------


def _take(
    kind: str, health: CameraHealth, done_s: float, room: Floats, random: Random, **what: object
) -> Take:
    sensor = w.some_sensor(random)
    seed = int(random.integers(2**31))
    length_s = done_s + 14.0

    def pictures() -> Iterator[tuple[float, Picture]]:
        return w.seen(room, length_s, sensor, np.random.default_rng(seed), **what)  # type: ignore[arg-type]

    return Take(kind, health, done_s, length_s, pictures)


def covered(room: Floats, random: Random) -> Take:
    at_s = SOUND_S + 1.0
    return _take("covered", CameraHealth.COVERED, at_s, room, random, on_lens=w.covered(random, at_s))


def sprayed(room: Floats, random: Random) -> Take:
    takes_s = float(random.uniform(2.5, 12.0))
    lens = w.sprayed(random, SOUND_S, takes_s)
    return _take("sprayed", CameraHealth.SPRAYED, SOUND_S + takes_s, room, random, on_lens=lens)


def sprayed_slowly(room: Floats, random: Random) -> Take:
    takes_s = float(random.uniform(60.0, 180.0))
    lens = w.sprayed(random, SOUND_S, takes_s)
    return _take("sprayed slowly", CameraHealth.SPRAYED, SOUND_S + takes_s, room, random, on_lens=lens)


def blinded(room: Floats, random: Random) -> Take:
    return _take("blinded", CameraHealth.BLINDED, SOUND_S, room, random, on_lens=w.torch(random, SOUND_S))


def defocused(room: Floats, random: Random) -> Take:
    takes_s = float(random.uniform(0.0, 2.0))
    lens = w.defocused(float(random.uniform(1.0, 3.5)), SOUND_S, takes_s)
    return _take("defocused", CameraHealth.DEFOCUSED, SOUND_S + takes_s, room, random, on_lens=lens)


def _push(random: Random, takes_s: float) -> Callable[[float], NDArray[np.float64]]:
    angle, far = float(random.uniform(0, 2 * math.pi)), float(random.uniform(8, 38))
    degrees = float(random.uniform(-20, 20)) if random.random() < 0.5 else 0.0
    return w.turned(
        far * math.cos(angle),
        far * math.sin(angle),
        degrees,
        float(random.uniform(0.95, 1.1)),
        SOUND_S,
        takes_s,
    )


def moved(room: Floats, random: Random) -> Take:
    takes_s = float(random.uniform(0.1, 3.0))
    return _take("moved", CameraHealth.MOVED, SOUND_S + takes_s, room, random, turn=_push(random, takes_s))


def turned_10(room: Floats, random: Random) -> Take:
    """Ten degrees to one side (27 of 160 pixels at a view of 60 degrees), or about the lens's axis."""
    takes_s = float(random.uniform(0.1, 3.0))
    side, roll = float(random.choice([-1.0, 1.0])), random.random() < 0.5
    turn = w.turned(0 if roll else 27 * side, 0, 10 * side if roll else 0, 1.0, SOUND_S, takes_s)
    return _take("moved by 10 degrees", CameraHealth.MOVED, SOUND_S + takes_s, room, random, turn=turn)


def moved_in_front(room: Floats, random: Random) -> Take:
    takes_s = float(random.uniform(0.1, 2.0))
    person = w.Visitor(float(random.uniform(30, 65)), 80.0, 5.0, 1e9, int(random.integers(99)))
    turn = _push(random, takes_s)
    return _take(
        "moved, somebody in front",
        CameraHealth.MOVED,
        SOUND_S + takes_s,
        room,
        random,
        turn=turn,
        in_room=person,
    )


def upside_down(room: Floats, random: Random) -> Take:
    takes_s = float(random.uniform(0.2, 1.5))
    turn = w.turned(0, 0, 180, 1.0, SOUND_S, takes_s)
    return _take("upside down", CameraHealth.UPSIDE_DOWN, SOUND_S + takes_s, room, random, turn=turn)


def dark(room: Floats, random: Random) -> Take:
    left = float(random.uniform(0.0, 0.02))

    def lens(picture: Floats, t: float) -> Floats:
        return picture if t < SOUND_S else picture * np.float32(left)

    return _take("dark", CameraHealth.DARK, SOUND_S, room, random, on_lens=lens)


def frozen(room: Floats, random: Random) -> Take:
    live = _take("frozen", CameraHealth.FROZEN, SOUND_S, room, random, in_room=_maybe_somebody(random))

    def pictures() -> Iterator[tuple[float, Picture]]:
        last: Picture | None = None
        for t, picture in live.pictures():
            last = picture if t < SOUND_S or last is None else last
            yield t, last

    return replace(live, pictures=pictures)


def replayed(room: Floats, random: Random) -> Take:
    """A loop of 1.5 to 20 s instead of the camera; done when it has run through once."""
    return _loop("loop", room, random, quality=0)


def replayed_coded(room: Floats, random: Random) -> Take:
    """The same, coded once more by whatever plays it."""
    return _loop("loop, coded again", room, random, quality=90)


def _loop(kind: str, room: Floats, random: Random, quality: int) -> Take:
    period_s = float(random.uniform(1.5, 20.0))
    done_s = SOUND_S + period_s
    live = _take(kind, CameraHealth.REPLAYED, done_s, room, random, in_room=_maybe_somebody(random))

    def pictures() -> Iterator[tuple[float, Picture]]:
        kept: list[Picture] = []
        period = round(period_s / w.DT_S)
        for i, (t, picture) in enumerate(live.pictures()):
            if t < done_s:
                kept.append(picture)
                yield t, picture
                continue
            again = kept[len(kept) - period + (i - len(kept)) % period]
            if quality:
                code = cv2.imencode(".jpg", again, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
                again = np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8)
            yield t, again

    return replace(live, pictures=pictures)


def _maybe_somebody(random: Random) -> w.Change | None:
    if random.random() < 0.5:
        return None
    return w.Visitor(float(random.uniform(25, 60)), 80.0, 3.0, 1e9, int(random.integers(99)))


TAMPERS: Final[Sequence[Make]] = (
    covered,
    sprayed,
    sprayed_slowly,
    blinded,
    defocused,
    moved,
    turned_10,
    moved_in_front,
    upside_down,
    frozen,
    replayed,
    replayed_coded,
    dark,
)


# --- harmless takes ----------------------------------------------------------------------------------


def _harmless(kind: str, length_s: float, room: Floats, random: Random, **what: object) -> Take:
    sensor = w.some_sensor(random)
    if isinstance(given := what.pop("sensor", None), Sensor):
        sensor = given
    seed = int(random.integers(2**31))

    def pictures() -> Iterator[tuple[float, Picture]]:
        return w.seen(room, length_s, sensor, np.random.default_rng(seed), **what)  # type: ignore[arg-type]

    return Take(kind, CameraHealth.OK, length_s, length_s, pictures)


def empty(room: Floats, random: Random) -> Take:
    return _harmless("empty cabin", 60.0, room, random)


def visit(room: Floats, random: Random) -> Take:
    plain = random.random() < 0.5
    people = [
        w.Visitor(
            float(random.uniform(25, 75)),
            float(random.uniform(50, 110)),
            6.0 + 3 * i,
            float(random.uniform(40, 70)),
            int(random.integers(99)),
            plain,
            float(random.uniform(0.3, 1.5)),
        )
        for i in range(int(random.choice([1, 1, 2])))
    ]
    return _harmless("visit", 80.0, room, random, in_room=w.together(*people))


def there_at_the_start(room: Floats, random: Random) -> Take:
    person = w.Visitor(
        float(random.uniform(30, 80)),
        80.0,
        -5.0,
        float(random.uniform(4, 40)),
        int(random.integers(99)),
        random.random() < 0.5,
    )
    return _harmless("somebody there when it starts, leaves", 70.0, room, random, in_room=person)


def close(room: Floats, random: Random) -> Take:
    person = w.close_up(random, 6.0, 40.0, random.random() < 0.5)
    return _harmless("somebody fills the view for 30 s", 50.0, room, random, in_room=person)


def hand(room: Floats, random: Random) -> Take:
    level = float(random.uniform(20, 190))
    starts = [float(random.uniform(6, 50)) for _ in range(6)]
    for_s, size = float(random.uniform(0.5, 2.0)), float(random.uniform(30, 100))

    def lens(picture: Floats, t: float) -> Floats:
        for at_s in starts:
            if at_s <= t < at_s + for_s:
                x = w.WIDTH * (1.6 * (t - at_s) / for_s - 0.3)
                mask = np.zeros(picture.shape, np.float32)
                cv2.ellipse(mask, (int(x), 65), (int(size), int(size * 1.3)), 10, 0, 360, (1.0,), -1)
                mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 6), np.float32)
                picture = picture * (1 - mask) + level * mask
        return picture

    return _harmless("a hand passes the lens", 60.0, room, random, on_lens=lens)


def head(room: Floats, random: Random) -> Take:
    for_s, level = float(random.uniform(2, 6)), float(random.uniform(15, 60))
    texture = cv2.GaussianBlur(
        random.normal(0, 40, (w.HEIGHT + 40, w.WIDTH + 40)).astype(np.float32), (0, 0), 4
    )

    def lens(picture: Floats, t: float) -> Floats:
        if not 10.0 <= t < 10.0 + for_s:
            return picture
        x, y = round(20 + 12 * math.sin(1.7 * t)), round(20 + 10 * math.sin(2.3 * t))
        return np.asarray(np.maximum(level + texture[y : y + w.HEIGHT, x : x + w.WIDTH], 2.0), np.float32)

    return _harmless("a head leans against the lens for a moment", 30.0, room, random, on_lens=lens)


def umbrella(room: Floats, random: Random) -> Take:
    level = float(random.uniform(15, 200))

    def inside(picture: Floats, t: float) -> Floats:
        if not 8.0 <= t < 30.0:
            return picture
        out = picture.copy()
        x = int(80 + 30 * math.sin(0.8 * t) + 100 * (1 - w.ramp(t, 8, 1.5)) + 100 * w.ramp(t, 28, 2))
        y = int(55 + 5 * math.sin(1.3 * t))
        for k in range(8):
            shade = level * (0.8 + 0.05 * k)
            cv2.ellipse(out, (x, y), (65, 45), 4 * math.sin(t), 45 * k, 45 * k + 45, (shade,), -1)
        return out

    return _harmless("an umbrella", 45.0, room, random, in_room=inside)


def cleaner(room: Floats, random: Random) -> Take:
    for_s = float(random.uniform(2.0, 6.0))

    def lens(picture: Floats, t: float) -> Floats:
        if not 10.0 <= t < 10.0 + for_s:
            return picture
        x, y = 80 + 70 * math.sin(5 * t), 60 + 30 * math.sin(3.3 * t)
        mask = np.zeros(picture.shape, np.float32)
        cv2.ellipse(mask, (int(x), int(y)), (65, 55), 0, 0, 360, (1.0,), -1)
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 5), np.float32)
        smeared = cv2.GaussianBlur(picture, (0, 0), 2)
        return np.asarray(smeared * (1 - mask) + 170.0 * mask, np.float32)

    return _harmless("the lens is wiped", 30.0, room, random, on_lens=lens)


def sun(room: Floats, random: Random) -> Take:
    left, wide = int(random.integers(10, 100)), int(random.integers(20, 50))
    strong = float(random.uniform(1.6, 4.0))

    def inside(picture: Floats, t: float) -> Floats:
        share = w.ramp(t, 8, 1.0) - w.ramp(t, float(18), 1.0) + w.ramp(t, 25, 1.0) - w.ramp(t, 45, 1.0)
        out = picture.copy()
        out[15:105, left : left + wide] *= np.float32(1 + strong * share)
        out[15:105, left : left + wide] += np.float32(60 * share)
        return np.asarray(out * (1 + 0.25 * share), np.float32)

    return _harmless(
        "the door opens to bright sun", 60.0, room, random, in_room=inside, sensor=Sensor(0.9, 0, 0.0, 0.8)
    )


def lamps(room: Floats, random: Random) -> Take:
    low = float(random.uniform(0.15, 0.5))
    y, x = np.mgrid[0 : w.HEIGHT, 0 : w.WIDTH].astype(np.float32)
    lamp = np.exp(-np.hypot(x - float(random.uniform(0, 160)), y) / 60.0).astype(np.float32)

    def inside(picture: Floats, t: float) -> Floats:
        on = math.sin(2 * math.pi * t / 23.0) > 0
        return np.asarray(picture * (low + (1.0 - low) * (0.5 + 0.5 * lamp) if on else low), np.float32)

    return _harmless("lamps on and off", 80.0, room, random, in_room=inside)


def headlights(room: Floats, random: Random) -> Take:
    def inside(picture: Floats, t: float) -> Floats:
        out = picture * 0.25
        p = (t % 9.0) / 3.0
        if p < 1.0:
            spot = np.zeros(picture.shape, np.float32)
            cv2.circle(spot, (int(160 * p), 65), 11, (700.0,), -1)
            out = out + cv2.GaussianBlur(spot, (0, 0), 7) + 25.0 * math.sin(math.pi * p)
        return np.asarray(out, np.float32)

    return _harmless("headlights at night", 60.0, room, random, in_room=inside)


def pumping(room: Floats, random: Random) -> Take:
    def lens(picture: Floats, t: float) -> Floats:
        return np.asarray(picture * (1.0 + 0.35 * math.sin(2.2 * t)), np.float32)

    return _harmless("the exposure pumps", 40.0, room, random, on_lens=lens)


def shake(room: Floats, random: Random) -> Take:
    sensor = Sensor(0.9, 0, float(random.uniform(0.2, 1.2)))
    return _harmless("the camera shakes", 40.0, room, random, sensor=sensor, turn=w.turned(0, 0, 0, 1, 0, 1))


def dusk(room: Floats, random: Random) -> Take:
    left, low = int(random.integers(10, 90)), float(random.uniform(0.12, 0.3))

    def inside(picture: Floats, t: float) -> Floats:
        out = picture * np.float32(1.0 - (1.0 - low) * w.ramp(t, 10, 300))
        out[10:100, left : left + 50] *= np.float32(1.0 - 0.85 * w.ramp(t, 10, 300))
        return out

    return _harmless("dusk, and a door that goes black", 340.0, room, random, in_room=inside)


def parcel(room: Floats, random: Random) -> Take:
    x, y = int(random.integers(10, 100)), int(random.integers(30, 70))
    level = float(random.uniform(20, 220))

    def inside(picture: Floats, t: float) -> Floats:
        if t < 8.0:
            return picture
        out = picture.copy()
        cv2.rectangle(out, (x, y), (x + 45, y + 40), (level,), -1)
        return out

    return _harmless("a large box is put down", 60.0, room, random, in_room=inside)


def infrared(room: Floats, random: Random) -> Take:
    y, x = np.mgrid[0 : w.HEIGHT, 0 : w.WIDTH].astype(np.float32)
    hot = np.exp(-0.5 * (np.square(x - 80) + np.square(y - 60)) / 45.0**2).astype(np.float32)
    other = cv2.GaussianBlur(random.normal(0, 1, room.shape).astype(np.float32), (0, 0), 12)[
        : w.HEIGHT, : w.WIDTH
    ]
    other = 1.0 + 0.5 * other / float(np.abs(other).max())

    def inside(picture: Floats, t: float) -> Floats:
        if t < 10.0:
            return picture
        if t < 11.0:
            return picture * np.float32(0.03)
        return np.asarray(picture * other * (0.15 + 0.75 * hot), np.float32)

    return _harmless("infrared comes on", 50.0, room, random, in_room=inside)


HARMLESS: Final[Sequence[Make]] = (
    empty, visit, there_at_the_start, close, hand, head, umbrella, cleaner, sun, lamps, headlights, pumping,
    shake, dusk, parcel, infrared,
)  # fmt: skip


# --- the table ---------------------------------------------------------------------------------------


def play(take: Take, health: Health | None = None) -> list[tuple[float, CameraHealth]]:
    """What is said in a take, with the time from which on it was."""
    judge = health or Health()
    said: list[tuple[float, CameraHealth]] = []
    for t, picture in take.pictures():
        now = judge.update(shrink(picture), t)
        if not said or said[-1][1] is not now:
            said.append((t, now))
    return said


def play_clip(path: Path, hold_s: float = 8.0) -> list[tuple[float, CameraHealth]]:
    """What is said in a recording whose last picture then stays for `hold_s`, with a sensor's noise on it."""
    random = np.random.default_rng(0)
    judge = Health()
    said: list[tuple[float, CameraHealth]] = []

    def see(picture: Picture, at_s: float) -> None:
        now = judge.update(picture, at_s)
        if not said or said[-1][1] is not now:
            said.append((at_s, now))

    camera = ClipCamera([path])
    last, at_s = None, 0.0
    while (frame := camera.read()) is not None:
        last, at_s = shrink(frame.grey), frame.at_s
        see(last, at_s)
    assert last is not None, path
    for i in range(round(hold_s / w.DT_S)):
        noisy = np.clip(last + random.normal(0.0, 0.6, last.shape), 0, 255).astype(np.uint8)
        see(noisy, at_s + (i + 1) * w.DT_S)
    return said


def rooms(half: str, drawn_only: bool) -> list[Floats]:
    odd = half == "kept"
    drawn = [w.drawn_room(seed) for seed in range(24) if seed % 2 == odd]
    real = [] if drawn_only else [w.real_room(p) for i, p in enumerate(w.shared_rooms()) if i % 2 == odd]
    return (
        [room for pair in zip(drawn, real, strict=False) for room in pair] + real[len(drawn) :]
        if real
        else drawn
    )


def judged(
    makes: Sequence[Make], views: Sequence[Floats], takes: int, half: str, verbose: bool
) -> dict[str, Result]:
    results: dict[str, Result] = {}
    for make in makes:
        for i in range(takes):
            random = np.random.default_rng(zlib.crc32(f"{half} {make.__name__} {i}".encode()))
            take = make(views[(i * 7 + zlib.crc32(make.__name__.encode())) % len(views)], random)
            said = play(take)
            result = results.setdefault(take.kind, Result())
            result.takes += 1
            result.hours += take.length_s / 3600.0
            faults = [(t, h) for t, h in said if h is not CameraHealth.OK]
            if take.health is CameraHealth.OK:
                result.false_alarms += len(faults)
                result.called.update(h.value for _, h in faults)
            else:
                hit = next((t for t, h in faults if h is take.health), None)
                result.delays_s += [max(hit - take.at_s, 0.0)] if hit is not None else []
                result.within += hit is not None and hit - take.at_s <= WITHIN_S
                first = next((t for t, _ in faults), math.inf)
                result.noticed += first - take.at_s <= WITHIN_S
                result.called.update({h.value for _, h in faults if h is not take.health})
            if verbose and (faults if take.health is CameraHealth.OK else hit is None):
                print(
                    f"  {take.kind} {i}: {[(round(t, 1), h.value) for t, h in said]} done {take.at_s:.1f}",
                    flush=True,
                )
    return results


def table(results: dict[str, Result]) -> str:
    lines = [
        "| kind | takes | noticed within 10 s | named within 10 s | median delay | also called |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {kind} | {r.takes} | {r.noticed} ({r.noticed / r.takes:.2f}) | "
        f"{r.within} ({r.within / r.takes:.2f}) | "
        f"{np.median(r.delays_s) if r.delays_s else math.nan:.1f} s | {_called(r)} |"
        for kind, r in results.items()
        if kind in KINDS
    ]
    harmless = {kind: r for kind, r in results.items() if kind not in KINDS}
    if harmless:
        lines += ["", "| harmless | takes | hours | false alarms | called |", "|---|---|---|---|---|"]
        lines += [
            f"| {kind} | {r.takes} | {r.hours:.2f} | {r.false_alarms} | {_called(r)} |"
            for kind, r in harmless.items()
        ]
        alarms, hours = (
            sum(r.false_alarms for r in harmless.values()),
            sum(r.hours for r in harmless.values()),
        )
        lines.append(
            f"\n{alarms} false alarms in {hours:.1f} hours of such moments: "
            f"at most {upper(alarms) / hours:.2f} an hour (95 %)."
        )
    return "\n".join(lines)


def _called(result: Result) -> str:
    return ", ".join(f"{name} {n}" for name, n in result.called.most_common()) or "-"


def upper(events: int) -> float:
    """The one-sided 95 % bound of a Poisson mean after `events` were seen (by bisection)."""
    low, high = 0.0, 5.0 * events + 10.0
    for _ in range(60):
        mean = (low + high) / 2
        below = sum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(events + 1))
        low, high = (mean, high) if below > 0.05 else (low, mean)
    return high


KINDS: Final = {
    "covered", "sprayed", "sprayed slowly", "blinded", "defocused", "moved", "moved by 10 degrees",
    "moved, somebody in front", "upside down", "frozen", "loop", "loop, coded again", "dark",
}  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.tampering", description=__doc__)
    parser.add_argument("--takes", type=int, default=24)
    parser.add_argument("--half", choices=("chosen", "kept"), default="kept")
    parser.add_argument("--drawn", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--clip", type=Path, action="append", default=[], help="a recording: its timeline")
    parser.add_argument("kinds", nargs="*")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    for clip in options.clip:
        print(f"{clip.name}: " + ", ".join(f"{t:.1f} s {health}" for t, health in play_clip(clip)))
    if options.clip:
        return 0
    makes = [m for m in (*TAMPERS, *HARMLESS) if not options.kinds or m.__name__ in options.kinds]
    views = rooms(options.half, options.drawn)
    print(f"{len(views)} rooms of the half {options.half}")
    print(table(judged(makes, views, options.takes, options.half, options.verbose)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
