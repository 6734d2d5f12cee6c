"""The eyes' supervisor over real processes that hang, die, end, lie, and cannot be killed."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.faults.catalogue import CATALOGUE
from edge.terms.observation import CameraHealth, Observation, SceneSeen
from edge.vision.eyes import report
from edge.vision.eyes.process import EyesPlan, EyesProcess
from edge.vision.eyes.report import (
    EyesEvent,
    EyesTurn,
    Report,
    Wish,
    decode_wish,
    encode_report,
    encode_wish,
)
from edge.vision.eyes.supervisor import Eyes, EyesSupervisor
from edge.vision.seers import Seer
from tests.worlds import eyes_cameras

PATIENCE_S = 60.0


def plan(good: int, then: str, ring: Path | None = None) -> EyesPlan:
    camera = functools.partial(eyes_cameras.Pictures, good, then)
    return EyesPlan(camera, eyes_cameras.seers, None if ring is None else eyes_cameras.Folder(ring))


class Bench:
    """A supervisor on a virtual clock with real processes under it, as many as it starts."""

    def __init__(self, start: Callable[[], Eyes]) -> None:
        self.started: list[Eyes] = []
        self.now_s = 1000.0

        def starting() -> Eyes:
            self.started.append(start())
            return self.started[-1]

        self.supervisor = EyesSupervisor(starting, self.now_s)
        self.seen: list[Observation] = []
        self.told: list[EyesEvent] = []

    def poll(self, for_s: float = 0.0) -> None:
        self.now_s += for_s
        for item in self.supervisor.poll(self.now_s):
            if isinstance(item, EyesEvent):
                self.told.append(item)
            else:
                self.seen.append(item)
        assert self.supervisor.in_bounded_recovery(self.now_s)

    def until(self, true: Callable[[], bool], step_s: float = 0.0) -> None:
        """Polls until something is true; the virtual clock goes on by `step_s` a poll."""
        end_s = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end_s, "nothing came of it"
            self.poll(step_s)
            time.sleep(0.005)


@pytest.fixture
def bench() -> Iterator[Callable[[Callable[[], Eyes]], Bench]]:
    made: list[Bench] = []

    def make(start: Callable[[], Eyes]) -> Bench:
        made.append(Bench(start))
        return made[-1]

    yield make
    for each in made:
        each.supervisor.close()


Make = Callable[[Callable[[], Eyes]], Bench]


def script(body: str) -> Callable[[], Eyes]:
    """A child that is not ours at all: `link` is its socket."""
    head = "import os, signal, socket, sys, time; link = socket.socket(fileno=int(sys.argv[1]))\n"
    return functools.partial(EyesProcess, None, [sys.executable, "-c", head + body])


@pytest.mark.slow
def test_observations_come_and_pictures_go_into_the_ring(bench: Make, tmp_path: Path) -> None:
    b = bench(lambda: EyesProcess(plan(10**6, "hang", tmp_path)))
    b.until(lambda: len(b.seen) >= 5)
    assert b.told == []
    last = b.seen[-1]
    assert last.size == (160, 120)
    assert last.health is CameraHealth.OK
    assert last.faces[0].landmarks[2] == (75.0, 65.0)
    assert last.at_s <= time.monotonic()
    frames = [o.frame for o in b.seen]
    assert frames == sorted(set(frames))
    b.until(lambda: len(list(tmp_path.iterdir())) >= 2)
    picture = sorted(tmp_path.iterdir())[0]
    assert cv2.imdecode(np.frombuffer(picture.read_bytes(), np.uint8), cv2.IMREAD_COLOR).shape == (
        120,
        160,
        3,
    )


@pytest.mark.slow
def test_a_seer_that_is_missing_is_told_once_and_the_others_see(bench: Make) -> None:
    camera = functools.partial(eyes_cameras.Pictures, 10**6, "hang")
    b = bench(lambda: EyesProcess(EyesPlan(camera, eyes_cameras.without_things)))
    b.until(lambda: len(b.seen) >= 3)
    assert b.told == [EyesEvent(EyesTurn.FAILED, "model_damaged", "things.tflite", Seer.THINGS)]
    assert b.seen[-1].faces


@pytest.mark.slow
def test_no_look_at_the_scene_is_passed_over(bench: Make) -> None:
    looks = (SceneSeen(1.0), None, SceneSeen(-1.0), None, None)
    reports = [
        encode_report(Report(Observation(n, float(n), (9, 9), (), 0.0, CameraHealth.OK, scene=look)))
        for n, look in enumerate(looks)
    ]
    body = f"link.send({reports[0]!r})\n" + "".join(f"link.send({r!r})\n" for r in reports[1:])
    b = bench(script(body + "time.sleep(3600)"))
    time.sleep(1.0)
    b.until(lambda: len(b.seen) >= 3)
    assert [o.frame for o in b.seen if o.scene is not None] == [0, 2]
    assert b.seen[-1].frame == 4


@pytest.mark.slow
def test_only_the_newest_is_taken_when_the_loop_was_away(bench: Make) -> None:
    b = bench(lambda: EyesProcess(plan(10**6, "hang")))
    b.until(lambda: len(b.seen) >= 1)
    time.sleep(0.5)
    b.seen.clear()
    b.poll()
    assert len(b.seen) == 1


@pytest.mark.slow
def test_a_hang_that_ignores_sigterm_is_killed_told_once_and_started_again(bench: Make) -> None:
    b = bench(lambda: EyesProcess(plan(3, "hang")))
    b.until(lambda: len(b.seen) >= 1 and b.seen[-1].frame == 3)
    first = b.started[0]
    b.poll(4.9)
    assert b.told == []
    b.poll(0.2)
    assert b.told == [EyesEvent(EyesTurn.FAILED, "eyes_hung", "silent for 5 s")]
    b.until(lambda: first.exit_status() == -signal.SIGKILL)
    b.until(lambda: len(b.started) == 2, step_s=0.1)
    seen = len(b.seen)
    b.until(lambda: len(b.seen) > seen)
    assert len(b.told) == 1


@pytest.mark.slow
def test_a_killed_process_comes_back_and_its_recovery_is_told_once(bench: Make) -> None:
    b = bench(lambda: EyesProcess(plan(10**6, "hang")))
    b.until(lambda: len(b.seen) >= 1)
    child = b.started[0]
    assert isinstance(child, EyesProcess)
    os.kill(child.pid, signal.SIGKILL)
    b.until(lambda: bool(b.told))
    assert b.told == [EyesEvent(EyesTurn.FAILED, "eyes_died", "ended by signal 9")]
    b.until(lambda: len(b.started) == 2, step_s=0.1)
    seen = len(b.seen)
    b.until(lambda: len(b.seen) > seen)
    b.until(lambda: len(b.told) == 2, step_s=0.05)
    assert b.told[1] == EyesEvent(EyesTurn.RECOVERED, "eyes_died")
    assert len(b.started) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "code", "detail"),
    [
        (lambda: EyesProcess(plan(2, "raise")), "camera_failed", "ribbon"),
        (lambda: EyesProcess(plan(2, "crash")), "eyes_died", "status 1"),
        (
            lambda: EyesProcess(EyesPlan(eyes_cameras.missing, eyes_cameras.seers)),
            "camera_missing",
            "/dev/video0",
        ),
        (script("link.send(bytes(range(256)))\ntime.sleep(3600)"), "eyes_died", "garbled"),
        (script("link.send(b'{\"observation\": 3}' * 900)\ntime.sleep(3600)"), "eyes_died", "garbled"),
        (script("sys.exit(7)"), "eyes_died", "status 7"),
        (script("os.abort()"), "eyes_died", "signal 6"),
        (script("link.close()\ntime.sleep(0.2)"), "eyes_died", "status 0"),
    ],
)
def test_each_death_is_named(bench: Make, start: Callable[[], Eyes], code: str, detail: str) -> None:
    b = bench(start)
    b.until(lambda: bool(b.told))
    assert b.told[0].turn is EyesTurn.FAILED
    assert b.told[0].code == code
    assert detail in b.told[0].detail
    assert code in CATALOGUE
    b.until(lambda: b.started[0].exit_status() is not None)


def test_a_slow_start_is_given_a_minute(bench: Make) -> None:
    b = bench(script("signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(3600)"))
    b.poll()
    b.poll(59.0)
    assert b.told == []
    b.poll(1.5)
    assert [e.code for e in b.told] == ["eyes_slow_start"]
    b.until(lambda: b.started[0].exit_status() == -signal.SIGKILL)


def test_prints_on_standard_output_harm_nothing(bench: Make) -> None:
    good = encode_report(Report(observation=Observation(1, 1.0, (640, 480), (), 0.0, CameraHealth.OK)))
    noisy = f"sys.stdout.write('libcamera: noise' * 100); link.send({good!r}); time.sleep(3600)"
    b = bench(script(noisy))
    b.until(lambda: len(b.seen) == 1)
    assert b.told == []


@pytest.mark.slow
def test_the_end_of_a_recording_is_no_failure(bench: Make) -> None:
    b = bench(lambda: EyesProcess(plan(3, "end")))
    b.until(lambda: b.supervisor.ended)
    b.poll(300.0)
    assert b.told == []
    assert len(b.started) == 1


def test_what_the_child_started_dies_with_it(bench: Make, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    body = (
        "import subprocess\n"
        f"p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
        f"open({str(mark)!r}, 'w').write(str(p.pid)); sys.exit(1)"
    )
    b = bench(script(body))
    b.until(lambda: bool(b.told))
    grandchild = int(mark.read_text())

    def gone() -> bool:
        stat = Path(f"/proc/{grandchild}/stat")
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"
        return True

    b.until(gone)


@pytest.mark.slow
def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    """A parent that is killed outright leaves nobody at the camera."""
    mark = tmp_path / "pid"
    parent = (
        "import sys, functools, os, signal\n"
        f"sys.path[:0] = [{str(Path(__file__).parents[2])!r}]\n"
        "import time\n"
        "from tests.worlds import eyes_cameras\n"
        "from edge.vision.eyes.process import EyesPlan, EyesProcess\n"
        "camera = functools.partial(eyes_cameras.Pictures, 1, 'hang')\n"
        "e = EyesProcess(EyesPlan(camera, eyes_cameras.seers))\n"
        "while not e.reports(): time.sleep(0.01)\n"
        f"open({str(mark)!r}, 'w').write(str(e.pid))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    status = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", parent])
    assert status == -signal.SIGKILL
    child = int(mark.read_text())
    end_s = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{child}").exists():
        stat = Path(f"/proc/{child}/stat")
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                break
        assert time.monotonic() < end_s
        time.sleep(0.01)


# --- on a virtual clock alone ----------------------------------------------------------------------


class Puppet:
    """Eyes without a process."""

    def __init__(self, killable: bool = True) -> None:
        self.killable = killable
        self.queue: list[bytes] = []
        self.status: int | None = None
        self.kills = 0
        self.closed = False
        self.full = False
        self.wishes: list[Wish] = []

    def reports(self) -> tuple[bytes, ...]:
        found, self.queue = tuple(self.queue), []
        return found

    def wish(self, content: bytes) -> bool:
        if self.full:
            return False
        self.wishes.append(decode_wish(content))
        return True

    def exit_status(self) -> int | None:
        return self.status

    def kill(self) -> None:
        self.kills += 1
        if self.killable and self.status is None:
            self.status = -9

    def close(self) -> None:
        self.closed = True

    def see(self, number: int = 0) -> None:
        o = Observation(number, 0.0, (640, 480), (), 0.0, CameraHealth.OK)
        self.queue.append(encode_report(Report(observation=o)))


def test_one_that_cannot_be_killed_is_told_and_no_second_one_opens_the_camera(bench: Make) -> None:
    b = bench(lambda: Puppet(killable=False))
    b.poll()
    stuck = b.started[0]
    assert isinstance(stuck, Puppet)
    stuck.see()
    b.poll(0.1)
    for _ in range(600):
        b.poll(1.0)
    assert [e.code for e in b.told] == ["eyes_hung", "eyes_unkillable"]
    assert len(b.started) == 1
    assert stuck.kills > 100
    stuck.status = -9
    b.poll(1.0)
    b.poll(1.0)
    assert len(b.started) == 2
    assert stuck.closed
    for _ in range(20):
        puppet = b.started[1]
        assert isinstance(puppet, Puppet)
        puppet.see()
        b.poll(1.0)
    assert b.told[-1] == EyesEvent(EyesTurn.RECOVERED, "eyes_unkillable")
    assert len(b.told) == 3


def test_pauses_grow_to_a_bound_and_trouble_is_told_once(bench: Make) -> None:
    """An unplugged camera: every start fails at once, for a day."""
    times: list[float] = []

    def start() -> Eyes:
        times.append(b.now_s)
        puppet = Puppet()
        puppet.queue.append(encode_report(Report(code="camera_missing", detail="unplugged")))
        return puppet

    b = bench(start)
    for _ in range(24 * 3600):
        b.poll(1.0)
    pauses = [round(y - x) for x, y in itertools.pairwise(times)]
    assert pauses[:6] == sorted(pauses[:6])
    assert max(pauses) <= 65
    assert len(times) < 1500
    assert [e.code for e in b.told] == ["camera_missing"]


def test_a_process_that_cannot_be_started_is_a_failure_like_another(bench: Make) -> None:
    def start() -> Eyes:
        raise OSError(11, "no more processes")

    b = bench(start)
    for _ in range(100):
        b.poll(1.0)
    assert [e.code for e in b.told] == ["eyes_died"]


def test_flapping_eyes_are_told_once(bench: Make) -> None:
    b = bench(Puppet)
    for _ in range(300):
        b.poll(0.5)
        puppet = b.started[-1]
        assert isinstance(puppet, Puppet)
        if puppet.status is None:
            puppet.see()
            b.poll(0.5)
            puppet.status = 1
    assert [e.turn for e in b.told] == [EyesTurn.FAILED]


def test_a_supervisor_that_is_not_polled_is_not_in_recovery() -> None:
    supervisor = EyesSupervisor(Puppet, 0.0)
    supervisor.poll(0.0)
    assert supervisor.in_bounded_recovery(1.0)
    assert not supervisor.in_bounded_recovery(5.0)
    assert supervisor.next_wake_s() == pytest.approx(60.0)


def test_every_code_it_names_is_in_the_catalogue() -> None:
    codes = [v for k, v in vars(report).items() if k.startswith(("EYES_", "CAMERA_"))]
    assert len(codes) == 5
    assert set(codes) <= set(CATALOGUE)


def test_the_wish_for_the_owner_survives_a_restart_of_the_eyes(bench: Make) -> None:
    b = bench(Puppet)
    b.supervisor.want_owner(True)
    b.poll()
    first = b.started[0]
    assert isinstance(first, Puppet)
    assert first.wishes == [Wish(owner=True)]
    first.status = 1
    b.until(lambda: len(b.started) == 2, step_s=0.5)
    second = b.started[1]
    assert isinstance(second, Puppet)
    assert second.wishes == [Wish(owner=True)]
    b.supervisor.want_owner(False)
    assert second.wishes == [Wish(owner=True), Wish(owner=False)]
    b.poll(1.0)
    assert len(second.wishes) == 2, "said once"


def test_a_full_link_delays_nothing_and_is_asked_again(bench: Make) -> None:
    b = bench(Puppet)
    b.poll()
    eyes = b.started[0]
    assert isinstance(eyes, Puppet)
    eyes.full = True
    b.supervisor.want_owner(True)
    b.poll(0.1)
    assert eyes.wishes == []
    eyes.full = False
    eyes.see()
    b.poll(0.1)
    assert eyes.wishes == [Wish(owner=True)]


@pytest.mark.parametrize("body", ["time.sleep(3600)", "link.close(); time.sleep(3600)", "link.send(b'x')"])
def test_a_child_that_does_not_listen_is_not_waited_for(body: str) -> None:
    eyes = script(body)()
    begun_s = time.monotonic()
    taken = [eyes.wish(encode_wish(Wish(owner=True))) for _ in range(5000)]
    assert not all(taken)
    assert time.monotonic() - begun_s < 5.0
    eyes.kill()
    eyes.close()


def test_a_child_that_ends_before_it_was_told_anything_is_a_child_that_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its pipe breaks as late as when it is closed."""

    def late(plan: object) -> bytes:
        time.sleep(0.3)
        return b"too late"

    monkeypatch.setattr("edge.vision.eyes.process.pickle.dumps", late)
    eyes = EyesProcess(None, ["true"])
    eyes.kill()
    eyes.close()


@pytest.mark.slow
def test_the_child_looks_for_the_owner_only_while_it_is_asked_and_heeds_no_rubbish(bench: Make) -> None:
    camera = functools.partial(eyes_cameras.Pictures, 10**6, "hang")
    b = bench(lambda: EyesProcess(EyesPlan(camera, eyes_cameras.with_owner)))
    b.until(lambda: len(b.seen) >= 5)
    assert all(o.owner is None for o in b.seen)
    child = b.started[0]
    assert isinstance(child, EyesProcess)
    for rubbish in (b"", b"\xff" * 60, encode_wish(Wish(owner=True)) + b"!", b"\x81\xa5owner\xa2on"):
        child.wish(rubbish)
    b.supervisor.want_owner(True)
    b.until(lambda: any(o.owner is not None for o in b.seen))
    b.supervisor.want_owner(False)
    looks = sum(o.owner is not None for o in b.seen)
    b.until(lambda: len(b.seen) > 40)
    assert sum(o.owner is not None for o in b.seen) - looks <= 2
    assert b.told == []
