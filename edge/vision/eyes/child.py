"""The eyes' own process: camera, networks and evidence ring behind one socket; it may hang or die any time.

Run by `process.EyesProcess` as `python -m edge.vision.eyes.child FD` with a pickled `EyesPlan` on
standard input. Reports go to the socket `FD`, one datagram each; when the reader does not keep up, the
newest report is dropped rather than waited with: looking never stops for the reader. What the parent asks
for comes the other way; it is read between two frames.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import pickle
import signal
import socket
import sys
import time
from typing import Final

import cv2

from edge.faults.log import install_log
from edge.vision.eyes.aside import Aside
from edge.vision.eyes.process import EyesPlan
from edge.vision.eyes.report import CAMERA_FAILED, GarbledError, Report, decode_wish, encode_report
from edge.vision.look import Look
from hw.camera.port import Camera, Frame
from hw.ports import HardwareError

_log = logging.getLogger(__name__)

NICER: Final = 5
"""How far the eyes stand back behind the door's process."""

_PR_SET_PDEATHSIG: Final = 1
_WISH_MAX: Final = 16384
_WISHES_MAX: Final = 16
_JPEG: Final = [cv2.IMWRITE_JPEG_QUALITY, 80]


def main() -> int:
    """Looks until the camera ends or fails, or nobody listens any more. The exit status is 0 for an end."""
    install_log()
    link = socket.socket(fileno=int(sys.argv[1]))
    link.setblocking(False)
    plan = pickle.load(sys.stdin.buffer)
    if not isinstance(plan, EyesPlan):
        return 2
    _die_with(plan.parent_pid)
    stand_back()
    cv2.setNumThreads(1)
    try:
        camera = plan.camera()
    except HardwareError as error:
        _send(link, Report(code=error.code, detail=error.detail))
        return 1
    try:
        _watch(camera, plan, link)
        _send(link, Report(ended=True))
    except HardwareError as error:
        _send(link, Report(code=error.code, detail=error.detail))
        return 1
    except cv2.error as error:
        _send(link, Report(code=CAMERA_FAILED, detail=str(error)))
        return 1
    except BrokenPipeError:
        return 0
    finally:
        # A reader that is gone is the reason why some cameras cannot close either.
        with contextlib.suppress(HardwareError, OSError):
            camera.close()
    return 0


def _watch(camera: Camera, plan: EyesPlan, link: socket.socket) -> None:
    opened = plan.seers()
    look = Look(opened.seers, opened.missing, opened.references, plan.name)
    aside = Aside(plan.name, plan.data)
    put = None if plan.ring is None else plan.ring()
    picture_due_s = float("-inf")
    while (frame := camera.read()) is not None:
        _heed(link, look, aside)
        observation = look(frame)
        seen = aside.see(frame, observation)
        _send(link, Report(observation, look.troubles, aim=seen.aim, learning=seen.learning))
        if put is not None and frame.at_s >= picture_due_s - 1e-3:
            picture_due_s = max(picture_due_s + plan.picture_every_s, frame.at_s)
            # A ring that is full or gone must not blind the eyes; evidence says so itself.
            with contextlib.suppress(OSError):
                put(frame.at_s, jpeg_of(frame))


def jpeg_of(frame: Frame) -> bytes:
    """The evidence picture of a frame: its colour picture where it has one."""
    ok, coded = cv2.imencode(".jpg", frame.grey if frame.colour is None else frame.colour, _JPEG)
    if not ok:
        raise HardwareError(CAMERA_FAILED, "a picture could not be written as JPEG")
    return coded.tobytes()


def _heed(link: socket.socket, look: Look, aside: Aside) -> None:
    """The newest of what was asked for; what is no wish is passed over."""
    with contextlib.suppress(BlockingIOError, ConnectionError):
        for _ in range(_WISHES_MAX):
            content = link.recv(_WISH_MAX)
            if not content:
                return
            with contextlib.suppress(GarbledError):
                wish = decode_wish(content)
                look.want_owner(wish.owner)
                aside.want_aim(wish.aim)
                aside.want_learn(wish.learn)


def _send(link: socket.socket, report: Report) -> None:
    with contextlib.suppress(BlockingIOError):
        link.send(encode_report(report))


def stand_back() -> None:
    """The door's process comes first on a busy core; where the system refuses that, the log says so."""
    try:
        os.nice(NICER)
    except OSError as error:
        _log.warning("fault: priority_refused (eyes, niceness +%d: %s)", NICER, error.strerror)


def _die_with(parent_pid: int) -> None:
    """Killed when the parent ends, however it ends: nobody else may find the camera open."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        time.sleep(0.1)
        os._exit(3)


if __name__ == "__main__":
    sys.exit(main())
