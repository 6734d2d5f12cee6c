"""The kiosk's dictionary of the normal on public sets, beside PatchCore's kind and plain methods.

    python -m models.training.field.measure --set SOLAR --set TEXTURES --teachers TEACHERS --work WORK
    python -m models.training.field.report --work WORK --card models/field.md --sheet models/field_heat.jpg

Each method learns from the same normal pictures of a class and scores the same test. A class and method that
were measured before are not measured again; the sets are described in `sets.py`. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.vision.scene.patches import Patches
from models.training.field.areas import area
from models.training.field.bank import Bank, Embed, Floats, Grey, spread
from models.training.field.kiosk import KioskDictionary
from models.training.field.peers import MeanPicture, Method, OneClassHog, Padim
from models.training.field.sets import CHOOSING, Class, read_set

KIOSK: Final = "the kiosk's dictionary"
LARGER: Final = "the kiosk's dictionary, larger"
NETWORK: Final = "network.txt"

_LARGER_BYTES: Final = 1_850_000
_MOST_PAIRS: Final = 1.5e11
"""Pairs of cells that a bank may compare for one class; more is left out by name."""


class Cached:
    """An embedding that knows what it saw: several methods look at the same pictures."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._known: dict[int, tuple[Grey, NDArray[np.float16]]] = {}
        self._took_s: list[float] = []

    def __call__(self, picture: Grey) -> Floats:
        """As the embedding; what is kept is rounded to 16 bits the first time already."""
        if id(picture) not in self._known:
            begun = time.thread_time()
            vectors = self._embed(picture)
            self._took_s.append(time.thread_time() - begun)
            # The picture is kept with it, so that no other takes its number.
            self._known[id(picture)] = (picture, vectors.astype(np.float16))
        return self._known[id(picture)][1].astype(np.float32)

    @property
    def median_s(self) -> float:
        """CPU time of a picture that was not known."""
        return float(np.median(self._took_s)) if self._took_s else float("nan")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A method's name, its maker, the embedding it waits for (None: it has its own), and how much of every
    cell it keeps (0: it keeps no cells)."""

    name: str
    make: Callable[[], Method]
    embed: Cached | None
    share: float = 0.0


def candidates(models: Path, teachers: Path | None) -> Iterator[Candidate]:
    """All that can be measured here; what is missing is named and left out."""
    patches = Patches(models)
    ours = Cached(lambda picture: patches.embed(picture).vectors)
    yield Candidate(KIOSK, lambda: KioskDictionary(ours), ours)
    yield Candidate(LARGER, lambda: KioskDictionary(ours, _LARGER_BYTES), ours)
    networks = {} if teachers is None else _networks(teachers)
    yield from _banks("the kiosk's vectors", ours, (0.01, 0.1))
    yield Candidate("PaDiM, the kiosk's vectors", lambda: Padim(ours), ours)
    for name, embed in networks.items():
        yield from _banks(name, embed, (0.01, 0.1))
        yield Candidate(f"PaDiM, {name}", lambda embed=embed: Padim(embed), embed)  # type: ignore[misc]
    yield Candidate("HOG, one-class SVM", OneClassHog, None)
    yield Candidate("mean picture", MeanPicture, None)


def _networks(teachers: Path) -> dict[str, Cached]:
    # PyTorch is wanted for these alone.
    from models.training.field.networks import efficientnet, mobilenet

    found = {"MobileNetV2": Cached(mobilenet(teachers))}
    try:
        found["EfficientNet-Lite2"] = Cached(efficientnet())
    except ImportError as error:
        print(f"left out: {error}", flush=True)
    return found


def _banks(network: str, embed: Cached, shares: Sequence[float]) -> Iterator[Candidate]:
    for share in shares:
        kept = "every cell" if share == 1.0 else f"{100 * share:.0f} %"
        yield Candidate(f"PatchCore {kept}, {network}", _bank(embed, share), embed, share)


def _bank(embed: Cached, share: float) -> Callable[[], Method]:
    return lambda: Bank(embed, share)


@dataclass(frozen=True, slots=True)
class Result:
    """What one method said of one class. `pixels`: the area over pixels, NaN where no mask is known."""

    score: NDArray[np.float64]
    abnormal: NDArray[np.bool_]
    kind: NDArray[np.str_]
    name: NDArray[np.str_]
    pixels: float
    size_bytes: int
    look_ms: float
    embed_ms: float

    def save(self, path: Path) -> None:
        """Beside and renamed: a stop half-way leaves none."""
        fresh = path.with_suffix(".new.npz")
        np.savez(
            fresh, score=self.score, abnormal=self.abnormal, kind=self.kind, name=self.name,
            pixels=self.pixels, size_bytes=self.size_bytes, look_ms=self.look_ms, embed_ms=self.embed_ms,
        )  # fmt: skip
        fresh.replace(path)


def load(path: Path) -> Result:
    """A saved result."""
    with np.load(path) as stored:
        return Result(
            stored["score"], stored["abnormal"], stored["kind"], stored["name"], float(stored["pixels"]),
            int(stored["size_bytes"]), float(stored["look_ms"]), float(stored["embed_ms"]),
        )  # fmt: skip


def path_of(work: Path, cls: str, method: str) -> Path:
    """Where a result lies."""
    return work / f"{cls}--{method.replace('/', '-')}.npz"


def measure(cls: Class, method: Method, embed: Cached | None) -> Result:
    """Learns and looks at the whole test. The embedding's time is told apart: pictures come again."""
    method.learn(cls.learn)
    if embed is not None:
        for shot in cls.test:
            embed(shot.picture)
    scores, took_s, values, truths = [], [], [], []
    for shot in cls.test:
        begun = time.thread_time()
        score, heat = method.look(shot.picture)
        took_s.append(time.thread_time() - begun)
        scores.append(score)
        if heat is not None and shot.mask is not None:
            values.append(spread(heat, (shot.picture.shape[0], shot.picture.shape[1])).ravel())
            truths.append(shot.mask.ravel())
    return Result(
        np.array(scores, np.float64),
        np.array([shot.abnormal for shot in cls.test], np.bool_),
        np.array([shot.kind for shot in cls.test]),
        np.array([shot.name for shot in cls.test]),
        area(np.concatenate(values).astype(np.float64), np.concatenate(truths)) if values else float("nan"),
        method.size_bytes,
        1000.0 * float(np.median(took_s)),
        1000.0 * embed.median_s if embed is not None else 0.0,
    )


def too_much(cls: Class, candidate: Candidate) -> bool:
    """Whether a bank's search would take hours."""
    if candidate.share == 0.0 or candidate.embed is None:
        return False
    cells = int(np.prod(candidate.embed(cls.learn[0]).shape[:2]))
    return candidate.share * len(cls.learn) * len(cls.test) * cells**2 > _MOST_PAIRS


def run(classes: Iterable[Class], methods: Sequence[Candidate], work: Path) -> None:
    """Measures what is not measured yet, less what choices are made on."""
    work.mkdir(parents=True, exist_ok=True)
    for cls in classes:
        for candidate in methods:
            path = path_of(work, cls.name, candidate.name)
            if cls.name in CHOOSING or path.exists():
                continue
            if too_much(cls, candidate):
                print(f"{cls.name}: {candidate.name} is left out, too many cells", flush=True)
                continue
            result = measure(cls, candidate.make(), candidate.embed)
            result.save(path)
            found = area(result.score, result.abnormal)
            print(f"{cls.name}: {candidate.name} {found:.3f}, pixels {result.pixels:.3f}", flush=True)


def hash_of(models: Path) -> str:
    """The beginning of the hash of `patches.tflite`."""
    return hashlib.sha256((models / "patches.tflite").read_bytes()).hexdigest()[:12]


def same_network(work: Path, found: str) -> None:
    """Notes which network the vectors are of. ValueError where it was another before."""
    work.mkdir(parents=True, exist_ok=True)
    note = work / NETWORK
    if note.exists() and note.read_text() != found:
        raise ValueError(f"{work} was measured with another patches.tflite, {note.read_text()}")
    note.write_text(found)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", type=Path, action="append", required=True, dest="sets")
    parser.add_argument("--models", type=Path, default=Path("models"), help="where patches.tflite is")
    parser.add_argument("--teachers", type=Path, help="where mnv2_imagenet_float16.npz is")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=(), metavar="CLASS")
    parser.add_argument("--methods", nargs="*", default=(), metavar="WORD", help="with such a word")
    arguments = parser.parse_args()
    same_network(arguments.work, hash_of(arguments.models))
    methods = [
        one for one in candidates(arguments.models, arguments.teachers)
        if not arguments.methods or any(word in one.name for word in arguments.methods)
    ]  # fmt: skip
    every = (cls for folder in arguments.sets for cls in read_set(folder))
    run((c for c in every if not arguments.only or c.name in arguments.only), methods, arguments.work)


if __name__ == "__main__":
    main()
