"""The list of seers has every model that is delivered, and says which camera is asked for what."""

from __future__ import annotations

from pathlib import Path

from edge.service.plans import eyes_plans
from edge.settings.load import load
from edge.vision.face import check, find
from edge.vision.network import read_contract
from edge.vision.seers import SEERS, Seer


def test_every_model_is_of_one_seer_and_has_its_contract(repo: Path) -> None:
    listed = [model for row in SEERS.values() for model in row.models]
    assert sorted(listed) == sorted(path.stem for path in (repo / "models").glob("*.tflite"))
    for model in listed:
        assert read_contract(repo / "models" / f"{model}.json").name
        assert (repo / "models" / f"{model}.md").exists(), "a model is described"


def test_a_seer_opens_the_models_of_its_row() -> None:
    assert [f"{model}.tflite" for model in SEERS[Seer.FACES].models] == [find.MODEL, check.MODEL]


def test_only_the_cameras_of_its_row_are_asked_for_faces() -> None:
    settings = load(None, ["overview.source=usb", "camera.source=usb"])
    asked = {plan.name: [seeing.seer for seeing in plan.seers().seers] for plan in eyes_plans(settings)}
    assert asked["face"] == [Seer.FACES]
    assert Seer.FACES not in asked["overview"]
