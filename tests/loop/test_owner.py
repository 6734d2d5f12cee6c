"""Whose card it is, in a whole kiosk with scripted eyes: machines, pictures, what stays out of records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bench.acting import act
from edge.bench.cards import PHONES
from edge.bench.desk import Desk
from edge.cabin.state import Stage
from edge.journal import reader
from edge.loop.happening import Happening
from edge.service.asks import Panel
from edge.settings.load import load
from tests.worlds.desk_world import ScriptedPeople, scripted_desk

ON = ("identity.enabled=true", "wiring.customer_keypad.fitted=true", 'atm.machines=["machine","other"]')


class Site:
    """A cabin with two machines and a keypad inside; anna is in it, shows her face, and has a card."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder = folder
        self.heard: list[Happening] = []
        self.desk: Desk
        self.people: ScriptedPeople
        self.desk, self.people = scripted_desk(
            folder, self.heard.append, settings=load(None, [*ON, *settings])
        )
        self.does("enter anna", 4.0)

    def does(self, words: str, wait_s: float = 1.0) -> None:
        act(self.desk, words.split())
        self.desk.run_to(self.desk.clock.now_s() + wait_s)

    def told(self, machine: str = "machine") -> list[str]:
        """What the machine was told since the last call."""
        found = [h for h in self.heard if h.kind == "machine" and h.data["machine"] == machine]
        for one in found:
            self.heard.remove(one)
        return [str(one.data["said"]) for one in found]

    @property
    def permit(self) -> bool:
        return self.desk.kiosk.permit_on

    @property
    def stage(self) -> Stage:
        return self.desk.kiosk.state.claim.stage


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.desk.close()


def test_the_machine_of_the_claim_hears_that_it_may_work_and_the_other_one_does_not(site: Site) -> None:
    assert site.told()[-1] == "permit off claim_wanted"
    site.does("claim anna other", 4.0)
    assert site.permit
    assert site.told("other")[-2:] == ["ask face", "permit on verified"]
    assert site.told()[-1:] == ["permit off another_machine"]


@pytest.mark.slow
def test_two_machines_claims_do_not_mix(site: Site) -> None:
    site.does("claim george", 8.0)
    assert site.told()[-1] == "refused identity_mismatch"
    site.told("other")
    for words in ("claim anna other", "code 123456 other", "code ask other", "end other"):
        if words.startswith("code ask"):
            site.desk.cards.machine(["other"]).code()
            site.does("wait")
        else:
            site.does(words)
    assert site.told("other") == ["refused another_machine"] * 3
    assert (site.stage, site.desk.kiosk.state.claim.number) == (Stage.FAILED, 1)
    site.does("machine cut other", 8.0)
    assert site.desk.kiosk.state.claim.number == 1, "another machine's line ended the claim"
    site.does("code", 6.0)
    site.does("code CODE")
    assert site.permit
    site.does("machine cut", 8.0)
    assert not site.permit


@pytest.mark.slow
def test_a_second_card_in_the_same_machine_ends_the_claim_before(site: Site) -> None:
    site.does("claim anna", 4.0)
    assert site.permit
    site.does("claim george", 0.1)
    assert (site.permit, site.desk.kiosk.state.claim.number) == (False, 2)
    site.does("claim nobody", 1.0)
    assert site.desk.kiosk.state.claim.number == 0, "a card that nobody knows left another one's claim open"
    assert site.told()[-1] == "refused not_enrolled"


@pytest.mark.slow
def test_the_code_may_be_typed_at_the_keypad_inside(site: Site) -> None:
    site.does("pad 123456", 3.0)
    site.does("claim george", 8.0)
    site.does("pad ASK", 6.0)
    site.does("pad CODE", 3.0)
    assert (site.permit, site.stage) == (True, Stage.BY_CODE)


@pytest.mark.slow
def test_a_code_of_another_length_is_refused_and_costs_no_try(site: Site) -> None:
    site.does("claim george", 8.0)
    site.does("code", 6.0)
    site.told()
    site.does("code 12345")
    assert site.told() == ["refused code_incomplete"]
    site.does("code CODE")
    assert site.permit


@pytest.mark.slow
def test_the_picture_of_a_failed_check_lies_with_its_incident_which_ends_with_the_visit(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    site.does("claim george", 10.0)
    incident = site.desk.kiosk.state.incident
    assert incident == 1
    folder = tmp_path / "evidence" / f"{incident}"
    pictures = list((tmp_path / "evidence").rglob("*.jpg"))
    assert len(pictures) == 1, sorted(tmp_path.rglob("*"))
    assert pictures[0].is_relative_to(folder) or str(incident) in pictures[0].parent.name
    lines = [line for line in reader.lines(site.desk.journal_file) if line.incident == incident]
    assert {"identity_mismatch", "keep_one_picture"} <= {line.name for line in lines}
    site.does("leave anna", 10.0)
    assert [line.name for line in reader.lines(site.desk.journal_file)].count("close_incident") == 1
    site.desk.close()


def test_nothing_of_who_it_is_reaches_the_record(site: Site) -> None:
    site.does("claim george", 8.0)
    site.does("code", 6.0)
    site.does("code WRONG")
    site.does("code CODE", 2.0)
    assert site.permit
    codes = [text.split("CODE ")[1][:6] for text in site.desk.cards.texts()]
    assert len(codes) == 1
    said = json.dumps([line.data for line in reader.lines(site.desk.journal_file)])
    said += site.desk.kiosk.board.lock.__class__.__name__ + str(
        site.desk.kiosk.status(site.desk.clock.now_s())
    )
    said += "".join(str(dict(h.data)) for h in site.heard if h.kind not in ("sms", "typed"))
    for secret in ("george", PHONES["george"], PHONES["george"][1:], codes[0]):
        assert secret not in said


def test_without_identity_nothing_is_asked_and_nothing_is_opened(tmp_path: Path) -> None:
    desk, people = scripted_desk(tmp_path)
    people.do("enter anna", 0.0)
    desk.run_to(5.0)
    assert (desk.kiosk.permit_on, desk.built.parts.identity) == (True, None)
    assert desk.kiosk.board.atm is None
    assert "claim" not in desk.kiosk.status(5.0)
    assert not [path for path in tmp_path.rglob("*") if "gallery" in path.name]
    desk.close()


def test_the_page_says_how_far_the_claim_has_come_and_not_whose_it_is(site: Site) -> None:
    site.does("claim anna", 4.0)
    reply = site.desk.answer(Panel())
    assert reply["claim"] == "by_face"
    assert "anna" not in json.dumps(reply)


def test_a_status_says_how_far_the_claim_has_come(site: Site) -> None:
    assert site.desk.kiosk.status(site.desk.clock.now_s())["claim"] == "none"
    site.does("claim george", 8.0)
    assert site.desk.kiosk.status(site.desk.clock.now_s())["claim"] == "failed"
