"""How a picture held up instead of a face is found, and how often a living one is told falsely.

    OPENBLAS_NUM_THREADS=1 python -m tests.bench_live --data ../shared/data --clips DIR [--videos 40]

`--clips` holds recordings of living faces that look into the camera (the card says which were used); every
window of 30 s of them is judged as it is and made worse as the composed videos are. Videos of prints, screens
and dolls are composed from portraits, those of `--clips` among them. Portraits and clips on which the numbers
of `judge/lifeless.py` were chosen (`CHOSEN_ON`) are left out, unless `--chosen` asks for them alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.cabin.events import AnomalyBegan
from edge.judge.lifeless import LifelessJudge, Sign, sign
from edge.judge.still import StillJudge
from edge.terms.observation import CameraHealth, FaceVerdict, Observation
from edge.terms.reason import Ground
from edge.vision.face.faces import Faces
from edge.vision.face.rigid import Rigid
from tests.worlds.composed import LOOK_S, Grey, Kind, Portrait, Seen, any_seen, as_seen, held

CHOSEN_ON: Final = ("franck", "mohanlal", "hopper")
"""Words in the names of the portraits and clips on which the numbers were chosen."""
FOR_S: Final = 30.0
_LEAST_PX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was said of one video, first: when and by which rule, None for nothing. `looks`: how many of them
    were of a bare face that could be followed; `signs`: how many of these showed a sign of life; `most_s`:
    the most seconds that counted against it.
    """

    told_s: float | None
    ground: Ground | None
    looks: int
    signs: int
    all_looks: int
    still: bool
    most_s: float


def judged(faces: Faces, looks: Iterable[Grey]) -> Outcome:
    """The looks of one video through networks, measure and both judges."""
    rigid, judge, still = Rigid(), LifelessJudge(), StillJudge()
    told: list[tuple[float, Ground]] = []
    followed = signs = index = 0
    stood, most_s = False, 0.0
    for index, grey in enumerate(looks, start=1):
        at_s = index * LOOK_S
        found = faces(grey)
        motion = rigid.update(grey, found, at_s)
        followed += motion is not None
        signs += motion is not None and sign(motion) is Sign.LIVES
        size = grey.shape[1], grey.shape[0]
        seen = Observation(index, at_s, size, found, 0.0, CameraHealth.OK, face_motion=motion)
        stood |= any(isinstance(fact, AnomalyBegan) for fact in still.update(seen, at_s))
        reasons = [fact.reason for fact in judge.update(seen, at_s) if isinstance(fact, AnomalyBegan)]
        most_s = max(most_s, judge.unstirred_s)
        told += [(at_s, reason.ground) for reason in reasons if reason is not None]
    told_s, ground = told[0] if told else (None, None)
    return Outcome(told_s, ground, followed, signs, index, stood, most_s)


def portraits(faces: Faces, data: Path, clips: Path) -> list[Portrait]:
    """One bare face each, large enough to be held up."""
    extra = data / "faces" / "img" / "extra"
    # The first dozen of the liveness photos are cut so close that there is nothing around the face.
    paths = [*sorted((extra / "spoof").iterdir())[12:], *sorted((extra / "identity").iterdir())]
    paths += sorted((Path(__file__).parents[1] / "hw" / "camera" / "people").glob("*.jpg"))
    found = [(one.stem, np.asarray(cv2.imread(str(one), cv2.IMREAD_GRAYSCALE), np.uint8)) for one in paths]
    for clip in sorted(clips.iterdir()):
        frames = list(recorded(clip, 0.0, 1e9, every_s=8.0))
        found += [(f"{clip.stem} {index}", grey) for index, grey in enumerate(frames)]
    kept = []
    for name, grey in found:
        scale = max(1.0, 480.0 / max(grey.shape))
        large = np.asarray(
            cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8
        )
        face = next(iter(faces.look_at(large).faces), None)
        if face is not None and face.verdict is FaceVerdict.PROPER and face.box[2] >= _LEAST_PX:
            x, y = np.mean(face.landmarks, axis=0)
            kept.append(Portrait(name, large, (float(x), float(y)), face.box[2]))
    return kept


def recorded(clip: Path, from_s: float, for_s: float, every_s: float = LOOK_S) -> Iterator[Grey]:
    """Frames of a recording, one every `every_s`."""
    video = cv2.VideoCapture(str(clip))
    rate = video.get(cv2.CAP_PROP_FPS) or 25.0
    index, due_s = 0, from_s
    while (at_s := index / rate) < from_s + for_s:
        there, frame = video.read()
        if not there:
            return
        index += 1
        if at_s + 1e-6 >= due_s:
            due_s += every_s
            yield np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)


def worse(looks: Iterable[Grey], seen: Seen | None, face_px: float, seed: int) -> Iterator[Grey]:
    """As recorded, or with a face of another width, noise, light and coding."""
    random = np.random.default_rng(seed)
    for grey in looks:
        if seen is None:
            yield grey
            continue
        scale = seen.width / face_px
        way = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
        resized = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=way)
        yield as_seen(np.asarray(resized, np.uint8), seen, random)


def rooms(data: Path) -> list[Grey]:
    """Pictures without a face, for what is behind."""
    folder = data / "faces" / "img" / "negative"
    paths = [path for part in ("anthonyhua", "surabhiiye") for path in sorted((folder / part).iterdir())]
    read = (np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8) for path in paths)
    return [one for one in read if one.ndim and min(one.shape) >= 64]


def chosen(name: str) -> bool:
    return any(word in name for word in CHOSEN_ON)


@dataclass(frozen=True, slots=True)
class Row:
    kind: str
    name: str
    outcome: Outcome


def composed(
    faces: Faces, shown: list[Portrait], behind: list[Grey], videos: int, seed: int
) -> Iterator[Row]:
    """`videos` of each kind."""
    random = np.random.default_rng(seed)
    for index in range(videos * len(Kind)):
        kind = list(Kind)[index % len(Kind)]
        portrait = shown[random.integers(len(shown))]
        seen, room = any_seen(random), behind[random.integers(len(behind))]
        looks = held(kind, portrait, room, seen, FOR_S, int(random.integers(2**31)))
        yield Row(kind, f"{portrait.name}, {seen.width:.0f} px", judged(faces, looks))


def living(faces: Faces, clips: Iterable[Path], rounds: int, seed: int) -> Iterator[Row]:
    """Every window of every clip as it is, then `rounds` times made worse."""
    random = np.random.default_rng(seed)
    for clip in clips:
        widths = [
            face.box[2] for grey in recorded(clip, 0.0, 1e9, 4.0) for face in faces.look_at(grey).faces[:1]
        ]
        if not widths:
            continue
        video = cv2.VideoCapture(str(clip))
        long_s = video.get(cv2.CAP_PROP_FRAME_COUNT) / (video.get(cv2.CAP_PROP_FPS) or 25.0)
        if long_s < 0.8 * FOR_S:
            continue
        starts = np.arange(0.0, max(long_s - 0.8 * FOR_S, 0.1), FOR_S / 2.0)
        for turn in range(rounds + 1):
            for from_s in starts:
                seen = any_seen(random) if turn else None
                looks = worse(recorded(clip, float(from_s), FOR_S), seen, float(np.median(widths)), turn)
                kind = "living, made worse" if turn else "living"
                yield Row(kind, f"{clip.stem} from {from_s:.0f} s", judged(faces, looks))


def table(rows: list[Row]) -> str:
    """One line for each kind."""
    lines = [
        "| shown | videos | told | flat | after s | followed | shows life | stood still | at most |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind in dict.fromkeys(row.kind for row in rows):
        outcomes = [row.outcome for row in rows if row.kind == kind]
        told = [one.told_s for one in outcomes if one.told_s is not None]
        flat = sum(one.ground is Ground.FACE_MOVES_FLAT for one in outcomes)
        looks, followed = sum(one.all_looks for one in outcomes), sum(one.looks for one in outcomes)
        signs = sum(one.signs for one in outcomes)
        lines.append(
            f"| {kind} | {len(outcomes)} | {len(told)} | {flat} | "
            f"{f'{np.median(told):.0f}' if told else '-'} | {followed / max(looks, 1):.2f} | "
            f"{signs / max(followed, 1):.3f} | {sum(one.still for one in outcomes)} | "
            f"{max(one.most_s for one in outcomes):.1f} s |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--videos", type=int, default=10, help="of each kind")
    parser.add_argument("--rounds", type=int, default=3, help="times that living faces are made worse")
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--chosen", action="store_true", help="what the numbers were chosen on, alone")
    parser.add_argument("--only", choices=["held", "living"])
    options = parser.parse_args()
    cv2.setNumThreads(1)
    faces = Faces(options.models)
    rows = []
    sources: list[Iterator[Row]] = []
    if options.only != "held":
        clips = [one for one in sorted(options.clips.iterdir()) if chosen(one.stem) == options.chosen]
        sources.append(living(faces, clips, options.rounds, options.seed))
    if options.only != "living":
        shown = [
            one for one in portraits(faces, options.data, options.clips) if chosen(one.name) == options.chosen
        ]
        sources.append(composed(faces, shown, rooms(options.data), options.videos, options.seed))
    for source in sources:
        for row in source:
            rows.append(row)
            print(row, flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
