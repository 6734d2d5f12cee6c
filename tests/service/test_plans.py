"""What the eyes' process is told to open, and the evidence pictures it hands over."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.pictures.ring import RingReader, ring_file
from edge.service.plans import eyes_plans, overseers
from edge.settings.load import SettingsError, load
from edge.vision.scene.reference import FOLDER, Reference, add_references
from edge.vision.seers import SEERS, Role, Seer


def test_one_plan_a_camera(tmp_path: Path) -> None:
    settings = load(None, [f"paths.runtime={tmp_path}", "overview.source=usb"])
    plans = eyes_plans(settings)
    assert [plan.name for plan in plans] == ["face", "overview"]
    assert plans[0].picture_every_s == pytest.approx(1 / settings.evidence.fps)


ALL = {seer for seer in SEERS if SEERS[seer].role is Role.OVERVIEW} - {Seer.NORMAL}
"""Nothing was learnt here that is normal; whether a front was taught is looked for again and again."""


@pytest.mark.parametrize(
    ("settings", "asked", "see_all"),
    [
        ([], {"face": {Seer.FACES, *ALL}}, {"face"}),
        (["overview.source=usb"], {"face": {Seer.FACES}, "overview": ALL}, {"overview"}),
        (
            ["overview.source=usb", "camera.role=both"],
            {"face": {Seer.FACES, *ALL}, "overview": ALL},
            {"face", "overview"},
        ),
        (
            ["camera.source=none", "overview.source=usb", "overview.role=both"],
            {"face": {Seer.FACES, *ALL}},
            {"face"},
        ),
    ],
)
def test_each_camera_looks_with_the_seers_of_its_roles(
    settings: list[str], asked: dict[str, set[Seer]], see_all: set[str]
) -> None:
    """One camera may be both; where none is above, the one at the machine sees the whole cabin too."""
    loaded = load(None, settings)
    plans = eyes_plans(loaded)
    seen = {plan.name: {seeing.seer for seeing in plan.seers().seers} for plan in plans}
    assert seen == asked
    assert overseers(loaded) == see_all


@pytest.mark.parametrize("roles", [("face", "both"), ("both", "face"), ("overview", "overview")])
def test_of_two_cameras_exactly_one_is_above(roles: tuple[str, str]) -> None:
    below, above = roles
    with pytest.raises(SettingsError, match="exactly one"):
        load(None, ["overview.source=usb", f"camera.role={below}", f"overview.role={above}"])


def test_a_plan_crosses_to_another_process(tmp_path: Path) -> None:
    plans = eyes_plans(load(None, [f"paths.runtime={tmp_path}", "overview.source=usb"]))
    again = pickle.loads(pickle.dumps(plans))
    assert [plan.name for plan in again] == ["face", "overview"]
    assert again[0].seers().missing == ()


def test_a_camera_gets_its_own_pictures_of_the_empty_cabin(tmp_path: Path) -> None:
    for number, camera in enumerate(("face", "overview")):
        picture = np.full((60, 80), 90 + number, np.uint8)
        add_references(tmp_path / FOLDER, [Reference(picture, camera, 1.8e9, 600, infrared=False)])
    settings = load(None, [f"paths.data={tmp_path}", "overview.source=usb"])
    found = {plan.name: [int(r[0, 0]) for r in plan.seers().references] for plan in eyes_plans(settings)}
    assert found == {"face": [90], "overview": [91]}


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
