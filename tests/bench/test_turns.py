"""The live bench on a machine that is too busy: frames go by unseen, time does not fall behind, turns end."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bench import turns
from edge.bench.desk import Desk, Props, StoryClock
from edge.bench.turns import RealTime
from edge.settings.load import load
from edge.terms.observation import Observation
from edge.vision.look import Look
from hw.camera.port import Frame
from tests.worlds.desk_world import NoiseCamera


class BusyMachine:
    """A clock of the world on which every look takes `look_s`."""

    def __init__(self, look_s: float) -> None:
        self.now_s = 1000.0
        self.look_s = look_s
        self.looks = 0

    def monotonic(self) -> float:
        return self.now_s

    def look(self) -> Look:
        return _Slow(self)


class _Slow(Look):
    def __init__(self, machine: BusyMachine) -> None:
        super().__init__()
        self._machine = machine

    def __call__(self, frame: Frame) -> Observation:
        self._machine.now_s += self._machine.look_s
        self._machine.looks += 1
        return super().__call__(frame)


@pytest.mark.slow
@pytest.mark.parametrize(("look_s", "a_second"), [(0.001, 14.0), (0.3, 2.5)])
def test_time_goes_with_the_worlds_however_slow_it_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look_s: float, a_second: float
) -> None:
    machine, clock = BusyMachine(look_s), StoryClock()
    monkeypatch.setattr(turns, "time", machine)
    desk = Desk(load(None), Props(NoiseCamera(clock), machine.look, 1 / 15), tmp_path, lambda _: None, clock)
    began_s, real = machine.now_s, RealTime(desk, clock)
    longest_s = 0.0
    for _ in range(120):
        machine.now_s += real.rest_s
        turn_s = machine.now_s
        real.turn()
        longest_s = max(longest_s, machine.now_s - turn_s)
    passed_s = machine.now_s - began_s
    assert passed_s - clock.now_s() < 2 * look_s + 0.2, "the desk keeps up with the world"
    assert longest_s <= 2 * look_s + 0.1, "who clicks is answered after two looks at the latest"
    assert machine.looks / passed_s > a_second
    desk.close()
