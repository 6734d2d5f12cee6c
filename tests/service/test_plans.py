"""What the eyes' process is told to open, and the evidence pictures it hands over."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.pictures.ring import RingReader
from edge.service.plans import eyes_plans, ring_file
from edge.settings.load import load


def test_one_plan_a_camera(tmp_path: Path) -> None:
    settings = load(None, [f"paths.runtime={tmp_path}", "overview.source=usb"])
    plans = eyes_plans(settings)
    assert [plan.name for plan in plans] == ["face", "overview"]
    assert plans[0].picture_every_s == pytest.approx(1 / settings.evidence.fps)


def test_a_picture_too_large_for_the_ring_is_made_smaller_not_lost(tmp_path: Path) -> None:
    settings = load(None, [f"paths.runtime={tmp_path}", "ring_mb=3"])
    plan = eyes_plans(settings)[0]
    assert plan.ring is not None
    put = plan.ring()
    noise = np.random.default_rng(1).integers(0, 255, (960, 1280, 3), np.uint8)
    put(1.0, cv2.imencode(".jpg", noise)[1].tobytes())
    kept = list(RingReader(ring_file(settings, "face")).between(0.0, 2.0))
    assert [picture.at_s for picture in kept] == [1.0]
    picture = cv2.imdecode(np.frombuffer(kept[0].jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[0] < 960
