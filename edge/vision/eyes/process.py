"""The eyes' process as its parent holds it: started with a plan, heard over a socket pair, killed."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.terms.observation import FACE_CAMERA

if TYPE_CHECKING:
    from edge.vision.opening import Opened
    from hw.camera.port import Camera

_CLOSE_S: Final = 0.5
_REPORT_MAX: Final = 65536
_READ_MAX: Final = 512


@dataclass(frozen=True, slots=True)
class EyesPlan:
    """What the eyes' process makes for itself; every callable must survive pickling.

    `seers` opens the networks of this camera; `ring` gives the function that takes (time, JPEG) for evidence,
    every `picture_every_s`. `data` is the kiosk's folder, where the empty cabin and the front are kept.
    """

    camera: Callable[[], Camera]
    seers: Callable[[], Opened]
    ring: Callable[[], Callable[[float, bytes], None]] | None = None
    name: str = FACE_CAMERA
    picture_every_s: float = 0.2
    data: Path | None = None
    parent_pid: int = 0


class EyesProcess:
    """A child with its reports coming over a socket pair. OSError where it cannot be started.

    `command` is for tests: what to run instead, with the socket's number appended.
    """

    def __init__(self, plan: EyesPlan | None, command: Sequence[str] | None = None) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            ours.setblocking(False)
            argv = list(command or (sys.executable, "-m", "edge.vision.eyes.child"))
            # The child finds the same modules, wherever this process was started from.
            path = os.pathsep.join(entry or "." for entry in sys.path)
            self._process = subprocess.Popen(
                [*argv, str(theirs.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                env={**os.environ, "PYTHONPATH": path},
                # A group of its own: helpers of the camera stack die with it, and Ctrl-C is ours alone.
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._link = ours
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:  # closing it writes too
            # Small enough for the pipe's own buffer: this never waits for the child to read.
            stdin.write(pickle.dumps(None if plan is None else replace(plan, parent_pid=os.getpid())))

    @property
    def pid(self) -> int:
        return self._process.pid

    def reports(self) -> tuple[bytes, ...]:
        found: list[bytes] = []
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while len(found) < _READ_MAX and (report := self._link.recv(_REPORT_MAX)):
                found.append(report)
        return tuple(found)

    def wish(self, content: bytes) -> bool:
        """Whether the link took it. A child that does not read, or is gone, is not waited for."""
        try:
            self._link.send(content)
        except OSError:
            return False
        return True

    def exit_status(self) -> int | None:
        if self._process.returncode is None:
            left = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if left is None:
                return None
            # Before its number is given back: whatever it started may still hold the camera.
            self.kill()
        return self._process.poll()

    def kill(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        self._link.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_CLOSE_S)
