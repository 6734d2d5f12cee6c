"""The work that cost.sh counts: `cost_work.py PART ROUNDS` prepares everything, then does PART so many times.

The preparation is the same whatever ROUNDS is, so the difference of two runs is the work alone.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import msgspec

from edge.bench.desk import Desk, Props, StoryClock
from edge.cabin.events import Restarted
from edge.cabin.rules import Flow, Rules
from edge.cabin.state import State
from edge.cabin.table import step
from edge.judge.judge import Judge
from edge.service.plans import look_of
from edge.settings.load import load
from edge.settings.places import MODELS
from edge.terms.observation import Observation
from edge.vision.eyes.child import jpeg_of
from edge.vision.eyes.report import Report, encode_report
from edge.vision.face.faces import Faces
from edge.vision.look import Look
from hw.board import bench_board
from hw.camera.port import Frame
from hw.camera.staged import StagedCabin
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.stepped import SteppedModem
from hw.scan import Scanner

FRAMES = 12
FPS = 15
Work = Callable[[int], object]


def frames(scene: str) -> list[Frame]:
    clock = StoryClock()
    stage = StagedCabin(clock)
    if scene:
        stage.do(scene, 0.0)
    taken = []
    for index in range(FRAMES):
        clock.move_to(5.0 + index / FPS)
        taken.append(stage.read())
    return taken


class Seen:
    """The frames again and again, as one video that goes on."""

    def __init__(self, scene: str) -> None:
        self._frames = frames(scene)
        self._next = 0

    def __call__(self) -> Frame:
        at = self._next
        self._next += 1
        return dataclasses.replace(self._frames[at % FRAMES], number=at, at_s=5.0 + at / FPS)


def eyes(scene: str) -> Work:
    """Picture in, observation out, as the eyes' process does it, with every third picture kept as JPEG."""
    look, read = look_of(load(None)), Seen(scene)

    def work(index: int) -> None:
        frame = read()
        encode_report(Report(observation=look(frame)))
        if index % 3 == 0:
            jpeg_of(frame)

    for index in range(FRAMES * 2):  # the background is learnt, the interpreter warm
        work(index)
    return work


def networks(scene: str) -> Work:
    faces, read = Faces(MODELS), Seen(scene)

    def work(index: int) -> None:
        faces(read().grey)

    for index in range(FRAMES):
        work(index)
    return work


def jpeg() -> Work:
    read = Seen("enter anna")
    return lambda index: jpeg_of(read())


def decide() -> Work:
    """One report in the loop: unpacked, judged, and what follows from it put into the table."""
    look, read = look_of(load(None)), Seen("enter anna")
    decoder = msgspec.msgpack.Decoder(Report)
    judge, rules = Judge(Flow(), 0.0, False), Rules(Flow())
    held = [step(State(), Restarted(False, False, False, False), 0.0, rules).state]
    seen = [encode_report(Report(observation=look(read()))) for _ in range(FRAMES)]

    def work(index: int) -> None:
        at_s = 5.0 + index / FPS
        report = decoder.decode(seen[index % FRAMES]).observation
        assert isinstance(report, Observation)
        for fact in judge.observe(dataclasses.replace(report, at_s=at_s), at_s):
            held[0] = step(held[0], fact, at_s, rules).state

    for index in range(FRAMES * 2):
        work(index)
    return lambda index: work(index + FRAMES * 2)


def scan() -> Work:
    """All contacts and the keypad read once. The bench's pins stand in for the driver's system calls."""
    clock = StoryClock()
    modem = SteppedModem(FakeModem("sim800"), clock=clock)
    board, _ = bench_board(clock, modem)
    scanner = Scanner(board, lambda event: None)

    def work(index: int) -> None:
        clock.move_to(1.0 + index * 0.01)
        scanner.step(clock.now_s())

    return work


def turn() -> Work:
    """One turn of the loop in an empty cabin."""
    folder = Path(tempfile.mkdtemp(prefix="cabinguard-cost-"))
    clock = StoryClock()
    props = Props(StagedCabin(clock), lambda: Look(), every_s=1.0)
    desk = Desk(load(None), props, folder, lambda happening: None, clock)
    desk.run_to(3.0)
    return lambda index: desk.kiosk.poll(3.0 + index * 0.05)


PARTS: dict[str, Callable[[], Work]] = {
    "eyes-person": lambda: eyes("enter anna"),
    "eyes-empty": lambda: eyes(""),
    "networks-person": lambda: networks("enter anna"),
    "jpeg": jpeg,
    "decide": decide,
    "scan": scan,
    "turn": turn,
}


def main() -> int:
    cv2.setNumThreads(1)
    work = PARTS[sys.argv[1]]()
    for index in range(int(sys.argv[2])):
        work(index)
    return 0


if __name__ == "__main__":
    sys.exit(main())
