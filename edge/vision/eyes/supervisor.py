"""The eyes, watched: camera and networks run in a process of their own whose death never moves the door.

`EyesSupervisor` starts it, takes its newest observation, kills it when it is silent and starts it again
after growing pauses. It tells of trouble once and of its end once. `StepEyes` is the same for a story or a
replay: in this process, frame by frame, on the caller's clock.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Final, Protocol

import msgspec

from edge.terms.observation import Observation
from edge.vision.look import FacesIn, Look
from hw.camera.port import Camera, Frame
from hw.ports import HardwareError

CAMERA_FAILED: Final = "camera_failed"
EYES_SLOW_START: Final = "eyes_slow_start"
EYES_HUNG: Final = "eyes_hung"
EYES_DIED: Final = "eyes_died"
EYES_UNKILLABLE: Final = "eyes_unkillable"

_KILL_S: Final = 2.0
"""A killed process that is still there after this long hangs in the kernel."""
_CLOSE_S: Final = 0.5
_PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_STEADY_S: Final = 5.0
"""So long it must report again before trouble counts as over and the pauses begin anew."""
_POLLED_S: Final = 2.0
_REPORT_MAX: Final = 65536
_READ_MAX: Final = 512
_DETAIL_MAX: Final = 300


class EyesTurn(StrEnum):
    """What a supervisor tells."""

    FAILED = "failed"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class EyesEvent:
    """The eyes failed, with a code of the fault catalogue, or see again (`code` then says from what)."""

    turn: EyesTurn
    code: str
    detail: str = ""


class Report(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the eyes' process sends: an observation, or the end, or why the camera failed."""

    observation: Observation | None = None
    code: str = ""
    detail: str = ""
    ended: bool = False


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Report)


def encode_report(report: Report) -> bytes:
    return _ENCODER.encode(report)


@dataclass(frozen=True, slots=True)
class EyesPlan:
    """What the eyes' process makes for itself; every callable must survive pickling.

    `faces` gives the function that finds and checks faces, None for a camera that has none to find;
    `ring` the function that takes (time, JPEG) for evidence, every `picture_every_s`.
    """

    camera: Callable[[], Camera]
    faces: Callable[[], FacesIn | None]
    ring: Callable[[], Callable[[float, bytes], None]] | None = None
    name: str = "face"
    picture_every_s: float = 0.2
    parent_pid: int = 0


class Eyes(Protocol):
    """A running eyes' process as the supervisor needs it. No call waits."""

    def reports(self) -> tuple[bytes, ...]:
        """What has come since the last call; the newest last."""
        ...

    def exit_status(self) -> int | None:
        """None while it lives; negative for a signal."""
        ...

    def kill(self) -> None: ...

    def close(self) -> None:
        """Gives everything back. Of one that was not seen to end, `kill` first; may take half a second."""
        ...


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
        with self._process.stdin as stdin, contextlib.suppress(BrokenPipeError):
            # Small enough for the pipe's own buffer: this never waits for the child to read.
            stdin.write(pickle.dumps(None if plan is None else _with_parent(plan)))

    @property
    def pid(self) -> int:
        return self._process.pid

    def reports(self) -> tuple[bytes, ...]:
        found: list[bytes] = []
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while len(found) < _READ_MAX and (report := self._link.recv(_REPORT_MAX)):
                found.append(report)
        return tuple(found)

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


def _with_parent(plan: EyesPlan) -> EyesPlan:
    return EyesPlan(
        plan.camera, plan.faces, plan.ring, plan.name, plan.picture_every_s, parent_pid=os.getpid()
    )


class _Phase(Enum):
    PAUSED = auto()
    STARTING = auto()
    SEEING = auto()
    DYING = auto()
    ENDED = auto()


class EyesSupervisor:
    """Keeps one eyes' process running. Call `poll` often; it never waits.

    A start may take `start_s`, a report may be `silence_s` away; then the process is killed. While one is
    dying no other is started, so no second one ever opens the camera.
    """

    def __init__(
        self,
        start: Callable[[], Eyes],
        now_s: float,
        start_s: float = 60.0,
        silence_s: float = 5.0,
    ) -> None:
        self._start = start
        self._start_s = start_s
        self._silence_s = silence_s
        self._phase = _Phase.PAUSED
        self._eyes: Eyes | None = None
        self._since_s = now_s
        self._next_s = now_s
        self._heard_s = now_s
        self._polled_s = now_s
        self._failures = 0
        self._told = ""
        self._unkillable = False
        self._events: list[EyesEvent] = []

    @property
    def ended(self) -> bool:
        """The recording was played to its end."""
        return self._phase is _Phase.ENDED

    @property
    def seeing(self) -> bool:
        return self._phase is _Phase.SEEING

    def in_bounded_recovery(self, now_s: float) -> bool:
        """Whether the eyes see, or are being brought back by a supervisor that makes progress.

        Every phase of it has a deadline, but for a process that hangs in the kernel, which is a fault of
        its own: a watchdog that bit for it would restart the machine for ever.
        """
        return now_s - self._polled_s < _POLLED_S

    def next_wake_s(self) -> float | None:
        """The latest time for the next `poll`; reports want it sooner."""
        if self._phase is _Phase.PAUSED:
            return self._next_s
        if self._phase is _Phase.STARTING:
            return self._since_s + self._start_s
        if self._phase is _Phase.SEEING:
            return self._heard_s + self._silence_s
        return None if self._phase is _Phase.ENDED else self._polled_s + _KILL_S

    def poll(self, now_s: float) -> tuple[Observation | EyesEvent, ...]:
        """The newest observation since the last call, if any, and what is to be told."""
        self._polled_s = now_s
        self._events.clear()
        newest: Observation | None = None
        if self._phase is _Phase.PAUSED and now_s >= self._next_s:
            self._begin(now_s)
        elif self._phase in (_Phase.STARTING, _Phase.SEEING):
            assert self._eyes is not None
            # In this order: an exit is judged by what was said before it.
            status = self._eyes.exit_status()
            newest = self._listen(self._eyes, now_s)
            self._check(status, now_s)
        elif self._phase is _Phase.DYING:
            self._bury(now_s)
        return (*(() if newest is None else (newest,)), *self._events)

    def close(self) -> None:
        """Ends the process, at the end of the program."""
        if self._eyes is not None:
            self._eyes.kill()
            self._eyes.close()
            self._eyes = None
        self._phase = _Phase.ENDED

    def _begin(self, now_s: float) -> None:
        try:
            self._eyes = self._start()
        except OSError as error:
            self._fail(EYES_DIED, f"cannot be started: {error}", now_s)
            return
        self._phase = _Phase.STARTING
        self._since_s = self._heard_s = now_s

    def _listen(self, eyes: Eyes, now_s: float) -> Observation | None:
        newest: Observation | None = None
        for content in eyes.reports():
            try:
                report = _DECODER.decode(content)
            except (msgspec.DecodeError, UnicodeDecodeError):
                self._fail(EYES_DIED, "its reports are garbled", now_s)
                return None
            if report.code:
                self._fail(report.code, report.detail, now_s)
                return None
            if report.ended:
                self._phase = _Phase.ENDED
                eyes.kill()
                return newest
            if report.observation is not None:
                newest = report.observation
        if newest is not None:
            if self._phase is _Phase.STARTING:
                self._phase = _Phase.SEEING
                self._since_s = now_s
            self._heard_s = now_s
            if self._failures and now_s - self._since_s >= _STEADY_S:
                self._failures = 0
                if self._told:
                    self._events.append(EyesEvent(EyesTurn.RECOVERED, self._told))
                    self._told = ""
        return newest

    def _check(self, status: int | None, now_s: float) -> None:
        if self._phase not in (_Phase.STARTING, _Phase.SEEING):
            return
        if status is not None:
            how = f"ended by signal {-status}" if status < 0 else f"ended with status {status}"
            self._fail(EYES_DIED, how, now_s)
        elif self._phase is _Phase.STARTING and now_s - self._since_s >= self._start_s:
            self._fail(EYES_SLOW_START, f"no picture within {self._start_s:.0f} s", now_s)
        elif self._phase is _Phase.SEEING and now_s - self._heard_s >= self._silence_s:
            self._fail(EYES_HUNG, f"silent for {self._silence_s:.0f} s", now_s)

    def _fail(self, code: str, detail: str, now_s: float) -> None:
        self._tell(code, detail)
        pause_s = _PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)]
        self._failures += 1
        self._next_s = now_s + pause_s
        if self._eyes is None:
            self._phase = _Phase.PAUSED
            return
        self._eyes.kill()
        self._phase = _Phase.DYING
        self._since_s = now_s
        self._unkillable = False
        self._bury(now_s)

    def _bury(self, now_s: float) -> None:
        assert self._eyes is not None
        if self._eyes.exit_status() is not None:
            self._eyes.close()
            self._eyes = None
            self._phase = _Phase.PAUSED
            return
        if now_s - self._since_s >= _KILL_S and not self._unkillable:
            self._unkillable = True
            self._told = ""
            self._tell(EYES_UNKILLABLE, f"still there {_KILL_S:.0f} s after it was killed")
        self._eyes.kill()

    def _tell(self, code: str, detail: str) -> None:
        if self._told:
            return
        self._told = code
        self._events.append(EyesEvent(EyesTurn.FAILED, code, detail[:_DETAIL_MAX]))


class StepEyes:
    """The eyes in this process, for a clock that is not real: each frame is looked at when it is due.

    `camera` is a recording (its frames carry their own times) or, with `every_s`, a camera that makes a
    picture of this moment whenever it is asked. `shown` gets each frame with its observation.
    """

    def __init__(
        self,
        camera: Camera,
        look: Look,
        now_s: float,
        every_s: float | None = None,
        shown: Callable[[Frame, Observation], None] | None = None,
    ) -> None:
        self._camera = camera
        self._look = look
        self._every_s = every_s
        self._shown = shown
        self._due_s = now_s
        self._waiting: Frame | None = None
        self._ended = False

    @property
    def ended(self) -> bool:
        """The recording is over, or its camera failed."""
        return self._ended

    def next_wake_s(self) -> float | None:
        """When the next frame is due, None after the end."""
        if self._ended:
            return None
        return self._due_s if self._waiting is None else self._waiting.at_s

    def poll(self, now_s: float) -> tuple[Observation | EyesEvent, ...]:
        """What is due by `now_s`, in order: one observation for each frame."""
        seen: list[Observation | EyesEvent] = []
        while not self._ended and (due_s := self.next_wake_s()) is not None and due_s <= now_s + 1e-9:
            if self._waiting is None:
                try:
                    frame = self._camera.read()
                except HardwareError as error:
                    self._ended = True
                    seen.append(EyesEvent(EyesTurn.FAILED, error.code, error.detail))
                    break
                if frame is None:
                    self._ended = True
                    break
                self._waiting = frame
                continue
            frame, self._waiting = self._waiting, None
            self._due_s = frame.at_s if self._every_s is None else due_s + self._every_s
            observation = self._look(frame)
            if self._shown is not None:
                self._shown(frame, observation)
            seen.append(observation)
        return tuple(seen)

    def close(self) -> None:
        self._ended = True
        self._camera.close()
