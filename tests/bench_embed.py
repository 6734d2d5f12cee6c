"""What one look at the card's owner costs beside the peer of 128 numbers, in one run: time, memory, ratios.

    OPENBLAS_NUM_THREADS=1 python -m tests.bench_embed --peer PYTHON

PYTHON is one with `face_recognition`, numpy and OpenCV. Both get one portrait at 640 x 480 with the face
already found: ours cuts, gates, embeds, and compares with ten templates; the peer encodes and compares with
ten encodings. Rounds take turns, the processor's time counts, the least of them is told with the middle one.
Not a test: it judges nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

ROOT: Final = Path(__file__).resolve().parent.parent
ROUNDS: Final = 5
LOOKS: Final = 20

_OURS: Final = """
import json, resource, sys, time
from pathlib import Path
import cv2, numpy as np
cv2.setNumThreads(1)
from edge.identity.likeness import Known
from edge.vision.face.embed import Embedder
from edge.vision.face.faces import Faces
from hw.camera.port import Frame
picture = cv2.imread(sys.argv[1])
grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
begun = time.process_time()
embedder = Embedder.open(Path(sys.argv[2]))
opened = time.process_time() - begun
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
faces = Faces(Path(sys.argv[2]))(grey)
frame = Frame(0, 0.0, grey, picture)
template = embedder.look(frame, faces).template
known, looks, compares = Known([template] * 10), [], []
for _ in range(int(sys.argv[3])):
    begun = time.process_time()
    look = embedder.look(frame, faces)
    between = time.process_time()
    known.likeness(look.template)
    looks.append(time.process_time() - begun)
    compares.append(time.process_time() - between)
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"looks": looks, "compares": compares, "opened": opened, "mb": most / 1024}))
"""

_PEER: Final = """
import json, resource, sys, time
begun = time.process_time()
import cv2, numpy as np, face_recognition
cv2.setNumThreads(1)
picture = np.ascontiguousarray(cv2.imread(sys.argv[1])[:, :, ::-1])
opened = time.process_time() - begun
places = face_recognition.face_locations(picture)
known, looks = [face_recognition.face_encodings(picture, places)[0]] * 10, []
for _ in range(int(sys.argv[3])):
    begun = time.process_time()
    (numbers,) = face_recognition.face_encodings(picture, places[:1])
    face_recognition.face_distance(known, numbers)
    looks.append(time.process_time() - begun)
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"looks": looks, "compares": [0.0], "opened": opened, "mb": most / 1024}))
"""


def run(python: str, program: str, picture: Path, models: Path) -> dict[str, list[float]]:
    """One round in a process of its own; every value as a list."""
    command = [python, "-c", program, str(picture), str(models), str(LOOKS)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, float | list[float]] = json.loads(told.stdout.splitlines()[-1])
    return {name: one if isinstance(one, list) else [one] for name, one in found.items()}


def write_portrait(path: Path) -> None:
    """A portrait that the project ships, on plain ground, 640 x 480."""
    portrait = cv2.imread(str(ROOT / "hw" / "camera" / "people" / "collins.jpg"), cv2.IMREAD_COLOR)
    assert portrait is not None
    whole = np.full((480, 640, 3), 130, np.uint8)
    high, wide = (min(size, limit) for size, limit in zip(portrait.shape[:2], (480, 640), strict=True))
    whole[480 - high :, 320 - wide // 2 : 320 - wide // 2 + wide] = portrait[:high, :wide]
    cv2.imwrite(str(path), whole)


def told_ms(times_s: Sequence[float]) -> str:
    return f"{1e3 * min(times_s):.2f} ms (middle {1e3 * float(np.median(times_s)):.2f})"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", help="a Python with face_recognition; none: ours alone")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    given = parser.parse_args()
    programs = {"ours": (sys.executable, _OURS)}
    if given.peer:
        programs["peer"] = (given.peer, _PEER)
    results: dict[str, list[dict[str, list[float]]]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory(prefix="cabinguard-embed-") as folder:
        picture = Path(folder) / "portrait.png"
        write_portrait(picture)
        for _ in range(ROUNDS):
            for name, (python, program) in programs.items():
                results[name].append(run(python, program, picture, given.models.resolve()))
    least: dict[str, tuple[float, float]] = {}
    for name, rounds in results.items():
        looks = [one for found in rounds for one in found["looks"]]
        megabytes = max(found["mb"][0] for found in rounds)
        least[name] = min(looks), megabytes
        print(f"{name}: one look {told_ms(looks)}, {megabytes:.0f} MB, start {told_ms(rounds[0]['opened'])}")
    compares = [one for found in results["ours"] for one in found["compares"]]
    print(f"of it the comparison with ten templates {told_ms(compares)}")
    if "peer" in least:
        (ours, our_mb), (theirs, their_mb) = least["ours"], least["peer"]
        print(
            f"the peer takes {theirs / ours:.1f} times as long and {their_mb / our_mb:.1f} times the memory"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
