"""The gallery in a whole kiosk: changed under its hands, recorded by number, and silent to a thief."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.bench.desk import Desk
from edge.cli.enrol_desk import desk_of
from edge.identity.key import key_text
from edge.identity.likeness import network_name
from edge.identity.person import Person
from edge.identity.store import GalleryFolder
from edge.journal import reader
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.settings.places import MODELS
from tests.identity.needles import found_in, held_by, needles
from tests.identity.people import CONSENT, card, enrolled_in, register, ring, taken
from tests.worlds.desk_world import ScriptedPeople, scripted_desk

NETWORK = network_name(MODELS)


class Site:
    """A kiosk with two people enrolled, the key beside its data and not in it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.folder, self.people = enrolled_in(self.data, 1, 2, network=NETWORK)
        key = folder / "key"
        key.touch(mode=0o600)
        key.write_text(key_text(ring().current))
        self.heard: list[Happening] = []
        settings = load(None, ["identity.enabled=true", f"identity.key_file={key}"])
        self.desk: Desk
        self.staged: ScriptedPeople
        self.desk, self.staged = scripted_desk(self.data, self.heard.append, settings=settings)

    def run(self, seconds: float) -> None:
        self.desk.run_to(self.desk.clock.now_s() + seconds)

    def claim(self, person: Person) -> None:
        self.staged.do("enter anna", self.desk.clock.now_s())
        self.run(8.0)
        self.desk.hands.claim(person.token)
        self.run(2.0)

    def answers(self) -> list[str]:
        return [f"{one['type']} {one.get('reason', '')}" for one in self.desk.hands.machine().heard]

    def events(self) -> list[object]:
        return [happening.data.get("name") for happening in self.heard]

    def noted(self) -> list[tuple[str, dict[str, object]]]:
        """The lines of the record on the gallery."""
        lines = reader.lines(self.desk.journal_file)
        ours = [line for line in lines if line.name.startswith(("person_", "gallery_"))]
        return [(line.name, json.loads(line.data)) for line in ours]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.desk.close()


def test_who_is_removed_while_claiming_is_forgotten_at_once_and_the_record_proves_it(site: Site) -> None:
    site.claim(site.people[0])
    assert "claim_made" in site.events()
    with site.folder.writing():
        register(site.folder).remove([site.people[0].number])
    site.run(2.0)
    assert "claim_over" in site.events()
    site.desk.hands.claim(site.people[0].token)
    site.run(1.0)
    assert "refused not_enrolled" in site.answers()
    site.desk.power_off()
    site.desk.power_on()
    site.run(3.0)
    noted = site.noted()
    assert [(name, data.get("person")) for name, data in noted] == [
        ("person_enrolled", 1), ("person_enrolled", 2), ("person_removed", 1),
    ], "each once, over a restart too"  # fmt: skip
    assert all(set(data) == {"person", "at", "by"} for _, data in noted)


def test_somebody_new_can_claim_without_a_restart(site: Site) -> None:
    site.run(1.0)
    with site.folder.writing():
        fresh = register(site.folder).enrol(card(3), taken(3, network=NETWORK), CONSENT)
    site.claim(fresh)
    assert "claim_made" in site.events()


def test_a_damaged_gallery_refuses_claims_and_the_kiosk_goes_on(site: Site) -> None:
    site.run(1.0)
    folder = GalleryFolder(site.data)
    content = folder.content()
    assert content is not None
    folder.write(content[:-100])
    site.claim(site.people[0])
    assert "gallery_damaged" in site.events()
    assert "claim_made" not in site.events()
    assert "refused not_enrolled" in site.answers()
    assert site.desk.kiosk.status(site.desk.clock.now_s())["state"] == "cleared"


def test_with_the_whole_folder_lost_no_number_comes_again(site: Site) -> None:
    """The record remembers how far the gallery was."""
    site.run(2.0)
    site.desk.power_off()
    shutil.rmtree(site.folder.path)
    site.desk.power_on()
    site.run(2.0)
    assert "gallery_older" in site.events(), "that it is gone is noticed"
    site.desk.power_off()
    key, data = site.data.parent / "key", site.data
    where = ("--set", f"identity.key_file={key}", "--set", f"paths.data={data}")
    assert main(["enrol", "restore", "--empty", "--yes", *where]) == 0
    settings = load(None, [f"identity.key_file={key}", f"paths.data={data}"])
    with desk_of(settings).changing() as book:
        assert book.enrol(card(4), taken(4, network=NETWORK), CONSENT).number == 3
    site.desk.power_on()
    site.run(2.0)
    assert site.events()[::-1].index("person_enrolled") < site.events()[::-1].index("gallery_older")
    assert site.desk.kiosk.status(site.desk.clock.now_s())["faults"] == []


@pytest.mark.slow
def test_a_thief_of_the_card_learns_nothing_of_whoever_claimed(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Gallery, record, pictures and whatever else lies in the data folder after a claim that failed, its code
    by text and a removal; and the log."""
    with caplog.at_level(logging.DEBUG):
        site.claim(site.people[0])
        site.run(25.0)
        site.desk.hands.give_code("")
        site.run(20.0)
        sent = [text.number for text in site.desk.phone.texts]
        assert site.people[0].phone in sent, "the owner's code went out"
        with site.folder.writing():
            register(site.folder).remove([site.people[1].number])
        site.run(5.0)
    words = needles(site.people, keys=[ring().current.raw])
    assert found_in(site.data, words) == []
    logged = "\n".join(record.getMessage() for record in caplog.records).encode()
    assert held_by(logged, words) == []
