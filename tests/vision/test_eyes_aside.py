"""What the eyes do beside looking: measured and learnt while they look on, over their restarts, and once."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.terms.aim import Aim
from edge.terms.learning import Learning, LearnOrder, LearnState, LearnWhat, NamedRegion
from edge.terms.observation import CameraHealth, Observation, SceneSeen
from edge.vision.eyes.aside import Aside
from edge.vision.eyes.process import EyesPlan, EyesProcess
from edge.vision.eyes.report import Report, Wish, encode_report
from edge.vision.eyes.supervisor import EyesSupervisor
from edge.vision.scene.fronts import read_front
from edge.vision.scene.reference import read_references
from hw.camera.port import Frame, GreyPicture
from tests.vision.test_eyes_process import Puppet
from tests.worlds import eyes_cameras
from tests.worlds.drawn_front import KEYPAD, SLOT, machine

EMPTY = LearnOrder(LearnWhat.EMPTY, 1, 1e9, 720)
NOBODY = Observation(0, 0.0, (320, 240), (), 0.0, CameraHealth.OK)


def region(name: str, box: tuple[int, int, int, int]) -> NamedRegion:
    x, y, w, h = (value / side for value, side in zip(box, (320, 240, 320, 240), strict=True))
    return NamedRegion(name, ((x, y), (x + w, y), (x + w, y + h), (x, y + h)))


REGIONS = (region("slot", SLOT), region("keypad", KEYPAD))
FRONT = LearnOrder(LearnWhat.FRONT, 2, 1e9, 720, regions=REGIONS, wide="keypad", wide_cm=14.0)


def cabin() -> Callable[[int], GreyPicture]:
    """Pictures of the drawn machine with nobody before it."""
    drawn, random = machine(), np.random.default_rng(0)

    def picture(number: int) -> GreyPicture:
        return np.clip(drawn + random.normal(0.0, 2.0, drawn.shape), 0, 255).astype(np.uint8)

    return picture


def see(
    aside: Aside,
    until_s: float,
    picture: Callable[[int], GreyPicture],
    seen: Callable[[float], Observation] = lambda at_s: NOBODY,
) -> list[Learning]:
    """Three pictures a second from 0 to `until_s`; how the order stood after each."""
    stood = []
    for number in range(int(3 * until_s) + 1):
        at_s = number / 3.0
        stood.append(aside.see(Frame(number, at_s, picture(number)), seen(at_s)).learning)
    return stood


def here(do: Callable[[], None]) -> None:
    do()


def test_an_order_ends_with_what_it_kept_or_why_nothing_was(tmp_path: Path) -> None:
    picture = cabin()
    aside = Aside("face", tmp_path, here)
    assert see(aside, 1.0, picture)[-1].state is LearnState.NONE
    aside.want_learn(EMPTY)
    stood = see(aside, 9.0, picture)
    shares = [one.share for one in stood]
    assert shares == sorted(shares)
    assert stood[9].state is LearnState.RUNNING
    assert stood[-1] == Learning(1, LearnState.DONE, 1.0, "", "face: the empty cabin, 320x240")
    (learnt,) = read_references(tmp_path / "reference", "face")
    assert np.abs(learnt.picture.astype(float) - machine()).mean() < 1.5, "noise is none of it"
    assert (learnt.taken_wall_s, learnt.minute_of_day) == (1e9, 720)

    aside.want_learn(FRONT)
    assert see(aside, 9.0, picture)[-1].state is LearnState.DONE
    taught = read_front(tmp_path / "front", "face")
    assert taught is not None
    assert [one.name for one in taught.regions] == ["slot", "keypad"]
    assert taught.regions[0].box == SLOT
    assert taught.px_per_cm == pytest.approx(KEYPAD[2] / 14.0)


def somebody(at_s: float) -> Observation:
    scene = SceneSeen(2.0) if at_s > 4.0 else None
    return Observation(0, 0.0, (320, 240), (), 0.0, CameraHealth.OK, scene=scene)


def covered(at_s: float) -> Observation:
    return Observation(0, 0.0, (320, 240), (), 0.0, CameraHealth.COVERED)


def test_what_is_refused_keeps_nothing(tmp_path: Path) -> None:
    still = cabin()

    def moving(number: int) -> GreyPicture:
        shown = still(number)
        shown[60:200, 10 * (number % 20) : 10 * (number % 20) + 60] = 220
        return shown

    def dark(number: int) -> GreyPicture:
        return np.zeros((240, 320), np.uint8)

    cases = (
        (EMPTY, still, somebody, "cabin_not_empty", "somebody is seen at 4.3 s"),
        (EMPTY, still, covered, "picture_unsound", "covered"),
        (EMPTY, moving, lambda at_s: NOBODY, "cabin_not_empty", "something moves"),
        (
            EMPTY,
            lambda number: np.zeros((240, 320), np.uint8),
            lambda at_s: NOBODY,
            "picture_unsound",
            "dark",
        ),
        (LearnOrder(LearnWhat.FRONT), still, lambda at_s: NOBODY, "front_refused", "no front is taught yet"),
        (
            LearnOrder(LearnWhat.FRONT, regions=(region("door", SLOT),)),
            still,
            lambda at_s: NOBODY,
            "front_refused",
            "a region is one of slot",
        ),
    )
    for number, (order, picture, seen, code, detail) in enumerate(cases, start=1):
        aside = Aside("face", tmp_path, here)
        aside.want_learn(LearnOrder(order.what, number, regions=order.regions))
        last = see(aside, 9.0, picture, seen)[-1]
        assert (last.job, last.state, last.code) == (number, LearnState.REFUSED, code)
        assert detail in last.detail
    assert not list(tmp_path.iterdir())


def test_a_disk_that_takes_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "reference").write_bytes(b"a file where a folder belongs")
    aside = Aside("face", tmp_path, here)
    aside.want_learn(EMPTY)
    last = see(aside, 9.0, cabin())[-1]
    assert (last.state, last.code) == (LearnState.REFUSED, "folder_unwritable")


def test_a_camera_without_a_folder_learns_nothing() -> None:
    aside = Aside("face", None, here)
    aside.want_learn(EMPTY)
    assert see(aside, 1.0, cabin())[-1].code == "front_refused"


def test_the_same_order_is_done_once_and_one_can_be_ended(tmp_path: Path) -> None:
    done: list[Callable[[], None]] = []
    aside = Aside("face", tmp_path, done.append)
    aside.want_learn(EMPTY)
    see(aside, 9.0, cabin())
    aside.want_learn(EMPTY)
    see(aside, 9.0, cabin())
    assert len(done) == 1
    aside.want_learn(LearnOrder(LearnWhat.EMPTY, 2))
    aside.want_learn(None)
    assert see(aside, 9.0, cabin())[-1] == Learning()
    assert len(done) == 1


def test_a_learning_that_was_ended_says_nothing_when_its_thread_comes_back(tmp_path: Path) -> None:
    done: list[Callable[[], None]] = []
    aside = Aside("face", tmp_path, done.append)
    aside.want_learn(EMPTY)
    see(aside, 9.0, cabin())
    aside.want_learn(None)
    done[0]()
    assert see(aside, 0.0, cabin())[-1] == Learning()


# --- over the process border -----------------------------------------------------------------------


def report(eyes: Puppet, learning: Learning) -> None:
    eyes.queue.append(encode_report(Report(NOBODY, learning=learning)))


def test_an_order_goes_to_the_next_eyes_too_until_it_is_done() -> None:
    started: list[Puppet] = []

    def start() -> Puppet:
        started.append(Puppet())
        return started[-1]

    now_s = 0.0
    supervisor = EyesSupervisor(start, now_s)
    supervisor.poll(now_s)
    supervisor.want_learn(EMPTY)
    assert started[0].wishes[-1].learn == EMPTY
    assert supervisor.learning == Learning(1, LearnState.RUNNING)
    report(started[0], Learning(1, LearnState.RUNNING, 0.5))
    supervisor.poll(0.1)
    assert supervisor.learning.share == 0.5
    started[0].status = 1
    while len(started) < 2:
        now_s += 0.5
        supervisor.poll(now_s)
    assert started[1].wishes[-1].learn == EMPTY
    report(started[1], Learning(1, LearnState.DONE, 1.0, "", "kept"))
    supervisor.poll(now_s + 0.1)
    supervisor.poll(now_s + 0.2)
    kept = supervisor.learning
    assert kept.detail == "kept"
    assert started[1].wishes[-1] == Wish(), "eyes that are started later do not learn it again"
    report(started[1], Learning(7, LearnState.DONE, 1.0, "", "another"))
    supervisor.poll(now_s + 0.3)
    assert supervisor.learning == kept


def newest(supervisor: EyesSupervisor) -> Aim | None:
    return supervisor.aim


def test_measures_are_there_while_they_are_wanted() -> None:
    aside, eyes = Aside("face", None, here), Puppet()
    supervisor = EyesSupervisor(lambda: eyes, 0.0)
    supervisor.poll(0.0)
    supervisor.want_aim(True)
    assert eyes.wishes[-1].aim
    aside.want_aim(True)
    picture = cabin()
    for number in range(4):
        seen = aside.see(Frame(number, number / 2.0, picture(number)), NOBODY)
        eyes.queue.append(encode_report(Report(NOBODY, aim=seen.aim)))
    supervisor.poll(0.1)
    assert supervisor.aim is not None
    assert supervisor.aim.size == (320, 240)
    supervisor.want_aim(False)
    assert newest(supervisor) is None
    aside.want_aim(False)
    assert aside.see(Frame(9, 9.0, picture(9)), NOBODY).aim is None


@pytest.mark.slow
def test_the_process_of_the_eyes_measures_learns_and_looks_on(tmp_path: Path) -> None:
    """A real one; its noise is never empty, which it says by name."""
    camera = functools.partial(eyes_cameras.Pictures, 10**6, "hang")
    plan = EyesPlan(camera, eyes_cameras.seers, data=tmp_path)
    supervisor = EyesSupervisor(lambda: EyesProcess(plan), time.monotonic())
    end_s, seen = time.monotonic() + 60.0, 0
    try:
        supervisor.want_aim(True)
        supervisor.want_learn(EMPTY)
        while supervisor.learning.state is LearnState.RUNNING or supervisor.aim is None or seen <= 10:
            assert time.monotonic() < end_s
            seen += sum(isinstance(one, Observation) for one in supervisor.poll(time.monotonic()))
            time.sleep(0.01)
    finally:
        supervisor.close()
    assert (supervisor.learning.code, supervisor.aim.faces) == ("cabin_not_empty", 1)
