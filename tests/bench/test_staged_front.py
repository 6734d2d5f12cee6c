"""The staged machine's front: whole is no change, a skimmer is an addition, a lip that is gone a removal."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bench.desk import StoryClock
from edge.terms.observation import FrontChange, FrontSeen
from edge.vision.scene.front import SLOT_S, FrontEye
from edge.vision.scene.fronts import Front
from edge.vision.scene.patches import Patches
from edge.vision.scene.teaching import region_from
from hw.bench import FRONT, StagedCabin


@pytest.mark.slow
def test_what_is_on_the_staged_machine_is_seen_for_what_it_is(repo: Path) -> None:
    """Nearly plain surfaces and a sensor's noise: also the picture is laid over with what little it has."""
    clock = StoryClock()
    stage = StagedCabin(clock)
    slot = region_from("slot=" + ",".join(map(str, FRONT)))
    eye = FrontEye(Front("face", (stage.read().grey,), (slot,)), Patches(repo / "models"), at_once=True)
    eye.prepare()
    last: dict[str, FrontSeen] = {}
    for front in ("whole", "skimmer", "stripped", "whole"):
        stage.do(f"front {front}", clock.now_s())
        for _ in range(12):
            clock.move_to(clock.now_s() + SLOT_S)
            frame = stage.read()
            for seen in eye.look(frame.grey, frame.at_s):
                last[front] = seen
            assert eye.why == ""
    assert last["whole"].change is FrontChange.SAME
    assert last["whole"].distance < 0.8
    assert last["skimmer"].change is FrontChange.ADDED
    assert last["skimmer"].distance > 2.0
    assert last["stripped"].change is FrontChange.REMOVED
    assert last["stripped"].distance > 1.0
