"""Our finder and checker beside the face finders that others would use: `python -m tests.bench_peers`.

The same 640x480 pictures of one face (the staged cabin), one thread each. Every peer runs in a process of its
own, with the Python that `--peers` names (its libraries conflict with ours: numpy, OpenCV); all of them wait
while one works, and take turns. A peer that is not installed is named and left out; nothing is ever
downloaded. Not a test: it judges nothing, and how well each of them finds is in the models' cards.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
YUNET = ROOT.parent / "shared" / "data" / "teachers" / "yunet_2023mar.onnx"
FRAMES = 10
MISSING = 3
LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in LIBRARIES}

Find = Callable[[Any], int]
"""A blue-green-red picture in, the number of faces out."""


class Missing(Exception):
    """What a peer needs and this machine lacks."""


# --- the peers, each loaded in its own process ------------------------------------------------------


def _need(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise Missing(f"{module} is not installed")


def ours() -> Find:
    sys.path.insert(0, str(ROOT))
    _need("msgspec")
    import cv2

    from edge.settings.places import MODELS
    from edge.vision.face.faces import Faces

    cv2.setNumThreads(1)
    faces = Faces(MODELS)
    return lambda bgr: len(faces(bgr[:, :, 1]))  # a camera gives the grey picture for nothing


def yunet() -> Find:
    _need("cv2")
    if not YUNET.is_file():
        raise Missing(f"no {YUNET.name} in {YUNET.parent}")
    import cv2

    cv2.setNumThreads(1)
    detector = cv2.FaceDetectorYN.create(str(YUNET), "", (640, 480))

    def find(bgr: Any) -> int:
        found = detector.detect(bgr)[1]
        return 0 if found is None else len(found)

    return find


def haar() -> Find:
    _need("cv2")
    import cv2

    cv2.setNumThreads(1)
    file = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
    cascade = cv2.CascadeClassifier(str(file))
    return lambda bgr: len(cascade.detectMultiScale(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), 1.1, 5))


def mediapipe() -> Find:
    _need("mediapipe")
    import mediapipe as mp  # type: ignore[import-not-found]
    import numpy as np

    if not hasattr(mp, "solutions"):
        raise Missing("this mediapipe comes without its models; 0.10.21 has them")
    detector = mp.solutions.face_detection.FaceDetection(model_selection=0)

    def find(bgr: Any) -> int:
        return len(detector.process(np.ascontiguousarray(bgr[:, :, ::-1])).detections or ())

    return find


def hog() -> Find:
    _need("face_recognition")
    import face_recognition  # type: ignore[import-not-found]
    import numpy as np

    return lambda bgr: len(face_recognition.face_locations(np.ascontiguousarray(bgr[:, :, ::-1])))


def yolov8n() -> Find:
    _need("ultralytics")
    import torch  # type: ignore[import-not-found]
    from ultralytics import YOLO  # type: ignore[import-not-found]

    torch.set_num_threads(1)
    model = YOLO("yolov8n.yaml", verbose=False)
    return lambda bgr: len(model.predict(bgr, imgsz=640, device="cpu", verbose=False)[0].boxes)


@dataclass(frozen=True)
class Peer:
    words: str
    load: Callable[[], Find]
    foreign: bool = True
    """It runs with the Python that `--peers` names."""


PEERS = {
    "ours": Peer("CabinGuard: find and check every face", ours, foreign=False),
    "yunet": Peer("OpenCV YuNet, 640x480", yunet, foreign=False),
    "haar": Peer("OpenCV Haar frontal, scale 1.1", haar, foreign=False),
    "mediapipe": Peer("MediaPipe face detection, short range", mediapipe),
    "hog": Peer("face_recognition, HOG", hog),
    "yolov8n": Peer("YOLOv8n, 640, random weights", yolov8n),
}


# --- in the child -----------------------------------------------------------------------------------


def child(name: str, pictures: Path, began_s: float) -> int:
    """Load, say so with the first picture done; then one round for every line that comes in."""
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    try:
        find = PEERS[name].load()
    except Missing as missing:
        print(json.dumps({"missing": str(missing)}), file=answers, flush=True)
        return MISSING
    import numpy as np

    frames = list(np.load(pictures))
    find(frames[0])
    start = {"start_s": time.monotonic() - began_s, "start_cpu_s": time.process_time()}
    print(json.dumps(start), file=answers, flush=True)
    for _ in sys.stdin:
        cpu_ms, wall_ms, found = [], [], 0
        for frame in frames:
            cpu_s, wall_s = time.process_time(), time.perf_counter()
            found += find(frame) > 0
            cpu_ms.append((time.process_time() - cpu_s) * 1000)
            wall_ms.append((time.perf_counter() - wall_s) * 1000)
        told = {"cpu_ms": cpu_ms, "wall_ms": wall_ms, "found": found, "rss_mb": _rss_mb()}
        print(json.dumps(told), file=answers, flush=True)
    return 0


def _rss_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


# --- in the parent ----------------------------------------------------------------------------------


@dataclass
class Runner:
    """One peer's process and what it told."""

    peer: Peer
    process: subprocess.Popen[str]
    start_s: float
    start_cpu_s: float
    cpu_ms: list[float]
    wall_ms: list[float]
    found: int = 0
    rss_mb: float = 0.0

    def round(self, counted: bool) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        told = self._heard()
        if counted:
            self.cpu_ms += told["cpu_ms"]
            self.wall_ms += told["wall_ms"]
            self.found = told["found"]
            self.rss_mb = told["rss_mb"]

    def _heard(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise Missing(f"ended with status {self.process.wait()}")
        told: dict[str, Any] = json.loads(line)
        if "missing" in told:
            raise Missing(told["missing"])
        return told

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def start(name: str, python: str, pictures: Path, folder: Path) -> Runner:
    """A peer's process, once it has done its first picture. Raises `Missing`."""
    began_s = time.monotonic()
    command = [python, str(Path(__file__).resolve()), "--child", name, str(pictures), repr(began_s)]
    surroundings = os.environ | ONE_THREAD | {"YOLO_CONFIG_DIR": str(folder), "YOLO_OFFLINE": "true"}
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env=surroundings,
    )
    runner = Runner(PEERS[name], process, 0.0, 0.0, [], [])
    try:
        told = runner._heard()
    except Missing:
        runner.close()
        raise
    runner.start_s, runner.start_cpu_s = told["start_s"], told["start_cpu_s"]
    return runner


def write_pictures(path: Path) -> None:
    """Pictures of one person who stands at the machine."""
    import numpy as np

    from edge.bench.desk import StoryClock
    from hw.camera.staged import StagedCabin

    clock = StoryClock()
    stage = StagedCabin(clock)
    stage.do("enter anna", 0.0)
    frames = []
    for index in range(FRAMES):
        clock.move_to(5.0 + index / 15)
        frames.append(stage.read().colour)
    np.save(path, np.stack(frames))  # type: ignore[arg-type]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON", help="the Python that has them")
    parser.add_argument("--rounds", type=int, default=10, help=f"of {FRAMES} pictures each")
    parser.add_argument("--runs", type=int, default=1, help="tables to print, one after the other")
    parser.add_argument("--only", nargs="+", choices=list(PEERS), default=list(PEERS), metavar="NAME")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is not None:
        return child(args.child[0], Path(args.child[1]), float(args.child[2]))
    with tempfile.TemporaryDirectory(prefix="cabinguard-peers-") as name:
        folder = Path(name)
        write_pictures(folder / "pictures.npy")
        for number in range(args.runs):
            if number:
                print()
            print(run(args.only, args.peers, args.rounds, folder), end="", flush=True)
    return 0


def run(names: Sequence[str], peers: str, rounds: int, folder: Path) -> str:
    """Every peer started, `rounds` rounds in turn, and the table of them."""
    runners: list[Runner] = []
    left_out: list[str] = []
    try:
        for name in names:
            python = peers if PEERS[name].foreign else sys.executable
            try:
                runners.append(start(name, python, folder / "pictures.npy", folder))
            except (Missing, OSError) as missing:
                left_out.append(f"left out: {PEERS[name].words}: {missing}\n")
        for turn in range(rounds + 1):  # the first one warms up
            for runner in runners:
                runner.round(counted=turn > 0)
    finally:
        for runner in runners:
            runner.close()
    return table(runners) + "".join(left_out)


def table(runners: list[Runner]) -> str:
    """Medians as Markdown; the ratios are to the first."""
    lines = [
        "| face finder | CPU ms a picture | times ours | wall ms | start s | CPU s of it | RSS MB"
        " | times ours | pictures with a find |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for runner in runners:
        first = runners[0]
        cpu_ms, base_ms = statistics.median(runner.cpu_ms), statistics.median(first.cpu_ms)
        lines.append(
            f"| {runner.peer.words} | {cpu_ms:.1f} | {cpu_ms / base_ms:.1f} |"
            f" {statistics.median(runner.wall_ms):.1f} | {runner.start_s:.1f} | {runner.start_cpu_s:.1f} |"
            f" {runner.rss_mb:.0f} | {runner.rss_mb / first.rss_mb:.1f} | {runner.found} of {FRAMES} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
