"""The list of seers has every model that is delivered, and says which camera is asked for what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.service.plans import eyes_plans
from edge.settings.load import load
from edge.vision.face import check, find
from edge.vision.network import read_contract
from edge.vision.scene.normal_seer import OCCUPIED_S
from edge.vision.seers import SEERS, SHOWN, Seer
from tests.rooms import imports


def test_every_model_is_of_a_seer_or_only_shown_and_has_its_contract(repo: Path) -> None:
    listed = {model for row in SEERS.values() for model in row.models} | set(SHOWN)
    assert not any(set(SHOWN) & set(row.models) for row in SEERS.values())
    assert sorted(listed) == sorted(path.stem for path in (repo / "models").glob("*.tflite"))
    for model in listed:
        assert read_contract(repo / "models" / f"{model}.json").name
        assert (repo / "models" / f"{model}.md").exists(), "a model is described"


def test_what_is_only_shown_is_asked_by_nobody_but_who_shows_it() -> None:
    """The chain and its network reach no eyes, no judge and no loop."""
    asks = {
        module
        for module, targets in imports().items()
        if any(target.startswith("edge.vision.chain") for target in targets)
    }
    assert asks <= {"edge.cli.look", "edge.cli.stages", "edge.panel.stages", "edge.vision.chain_net"}


def test_a_seer_opens_the_models_of_its_row() -> None:
    assert [f"{model}.tflite" for model in SEERS[Seer.FACES].models] == [find.MODEL, check.MODEL]


FRAMES_A_S = 15
MOST_A_LOOK, MOST_A_FRAME, MOST_A_VACANT_FRAME = 250e6, 60e6, 75e6
MOST_A_FRAME_OF_A_CLAIM = 100e6


def cost(repo: Path, seer: Seer) -> int:
    """Multiply-adds of one look with one person in the picture."""
    return sum(read_contract(repo / "models" / f"{m}.json").multiply_adds for m in SEERS[seer].models)


def test_a_look_at_the_scene_keeps_to_its_budget(repo: Path) -> None:
    assert cost(repo, Seer.PEOPLE) + cost(repo, Seer.THINGS) <= MOST_A_LOOK


def a_frame(repo: Path, every_s: Mapping[Seer, float]) -> float:
    """Multiply-adds of all these, a frame; a frame in 5 s is searched upside down too."""
    a_second = sum(cost(repo, seer) / pause_s for seer, pause_s in every_s.items())
    return (a_second + cost(repo, Seer.FACES) / 5.0) / FRAMES_A_S


def test_all_networks_together_keep_to_theirs(repo: Path) -> None:
    """With one person, who stands before the machine's front and looks into the camera."""
    every_s = {seer: row.every_s for seer, row in SEERS.items()}
    del every_s[Seer.FIGHT], every_s[Seer.FRONT], every_s[Seer.OWNER]
    every_s[Seer.NORMAL] = OCCUPIED_S
    assert a_frame(repo, every_s) < MOST_A_FRAME


def test_a_claim_costs_two_looks_a_second_more(repo: Path) -> None:
    """Seconds of a visit, and only where the card's owner is asked for at all."""
    every_s = {seer: row.every_s for seer, row in SEERS.items()}
    del every_s[Seer.FIGHT], every_s[Seer.FRONT]
    every_s[Seer.NORMAL] = OCCUPIED_S
    assert SEERS[Seer.OWNER].every_s >= 0.5
    assert a_frame(repo, every_s) < MOST_A_FRAME_OF_A_CLAIM


def test_the_vacant_cabin_costs_a_little_more(repo: Path) -> None:
    """Nobody is there whose hands could be looked at; the front and the normal are looked at often. Nothing
    there is in a hurry.
    """
    every_s = {seer: row.every_s for seer, row in SEERS.items()}
    del every_s[Seer.FIGHT], every_s[Seer.THINGS], every_s[Seer.OWNER]
    assert a_frame(repo, every_s) < MOST_A_VACANT_FRAME


def test_the_owner_is_looked_for_only_where_identity_is_set() -> None:
    for said, fitted in (("false", []), ("true", [Seer.OWNER])):
        settings = load(None, [f"identity.enabled={said}", "overview.source=usb", "camera.source=usb"])
        opened = {plan.name: plan.seers().seers for plan in eyes_plans(settings)}
        assert [one.seer for one in opened["face"] if one.seer is not Seer.FACES] == fitted
        assert all(one.seer is not Seer.OWNER for one in opened["overview"])


def test_only_the_cameras_of_its_row_are_asked_for_faces() -> None:
    settings = load(None, ["overview.source=usb", "camera.source=usb"])
    asked = {plan.name: [seeing.seer for seeing in plan.seers().seers] for plan in eyes_plans(settings)}
    assert asked["face"] == [Seer.FACES]
    assert Seer.FACES not in asked["overview"]
