"""Enrolment before the running kiosk's own camera, with scripted eyes: who may, and what is refused."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from edge.bench.acting import act
from edge.bench.desk import Desk
from edge.identity.enroller import Enroller
from edge.identity.key import read_keys
from edge.identity.person import Person
from edge.identity.store import GalleryFolder
from edge.journal import reader
from edge.loop.enrol import WITHIN_S
from edge.loop.happening import Happening
from edge.service.asks import (
    CommissionEnd,
    CommissionOpen,
    EnrolBegin,
    EnrolCancel,
    EnrolProgress,
    Request,
)
from edge.settings.load import load
from edge.terms.identity import TEMPLATE_NUMBERS, OwnerLook, Template
from edge.terms.observation import Face, FaceMotion
from edge.words.language import LanguageName
from hw.camera.port import GreyPicture
from tests.worlds.desk_world import LIVES, ScriptedPeople, scripted_desk

ON = ("identity.enabled=true", 'atm.machines=["machine"]')
ANNA = EnrolBegin("Asha Verma", "tok-7f3a", "+919876500001", LanguageName.HI, "1", "R. Mehta", agreed=True)
STRAIGHT, LEFT, RIGHT, UP, DOWN = (0.0, 0.0), (18.0, 0.0), (-18.0, 0.0), (0.0, 12.0), (0.0, -12.0)


class Sitter(ScriptedPeople):
    """One person who turns the head as `pose` says; each look at them is a little different."""

    def __init__(self) -> None:
        super().__init__()
        self.pose = STRAIGHT
        self.who = 5
        self._looks = np.random.default_rng(1)

    def faces(self, grey: GreyPicture) -> tuple[Face, ...]:
        yaw_deg, pitch_deg = self.pose
        return tuple(replace(face, yaw_deg=yaw_deg, pitch_deg=pitch_deg) for face in super().faces(grey))

    def owner(self) -> OwnerLook:
        look = super().owner()
        if look.template is None:
            return look
        middle = np.random.default_rng(self.who).normal(0, 40, TEMPLATE_NUMBERS)
        near = middle + self._looks.normal(0, 8, TEMPLATE_NUMBERS)
        return OwnerLook(Template(np.clip(near, -127, 127).astype(np.int8).tobytes()))


class Site:
    """A technician with a grant, and somebody who stands before the machine."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *settings: str) -> None:
        monkeypatch.setattr("tests.worlds.desk_world.ScriptedPeople", Sitter)
        self.folder = folder
        self.heard: list[Happening] = []
        self.desk: Desk
        self.desk, people = scripted_desk(
            folder, self.heard.append, settings=load(None, list(settings or ON))
        )
        assert isinstance(people, Sitter)
        self.people = people
        self.grant = str(self.desk.answer(CommissionOpen("R. Mehta"))["grant"])
        act(self.desk, ["enter", "asha"])
        self.run(4.0)

    def run(self, for_s: float) -> None:
        self.desk.run_to(self.desk.clock.now_s() + for_s)

    def ask(self, request: Request) -> dict[str, Any]:
        return self.desk.answer(request)

    def begin(self, asked: EnrolBegin = ANNA) -> dict[str, Any]:
        return self.ask(msgspec_replace(asked, self.grant))

    def progress(self) -> dict[str, Any]:
        return self.ask(EnrolProgress(grant=self.grant))

    def sits(self) -> dict[str, Any]:
        """Does what is asked until the set is whole, or the kiosk gives up."""
        self.people.pose = STRAIGHT
        poses = {"straight": STRAIGHT, "left": LEFT, "right": RIGHT, "up": UP, "down": DOWN}
        for _ in range(400):
            seen = self.progress()
            if seen["stage"] not in ("reading", "looking", "writing"):
                return seen
            self.people.pose = poses.get(str(seen["guidance"]), self.people.pose)
            self.run(0.5)
        raise AssertionError(seen)

    def enrolled(self) -> tuple[Person, ...]:
        ring = read_keys(self.desk.settings)
        return GalleryFolder(self.folder).read(ring).people


def msgspec_replace(asked: EnrolBegin, grant: str, **changes: object) -> EnrolBegin:
    return msgspec.structs.replace(asked, grant=grant, **changes)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site(tmp_path, monkeypatch)
    yield made
    made.desk.close()


def test_somebody_is_enrolled_and_known_at_the_machine_a_moment_later(site: Site) -> None:
    before = {person.number for person in site.enrolled()}
    assert site.begin()["begun"] is True
    seen = site.sits()
    assert (seen["stage"], seen["fault"]) == ("done", "")
    [person] = [one for one in site.enrolled() if one.number not in before]
    assert person.number == seen["person"]
    assert (person.name, person.token, person.phone) == ("Asha Verma", "tok-7f3a", "+919876500001")
    consent = person.consent
    assert (consent.version, consent.how, consent.recorded_by) == ("1", "page", "R. Mehta")
    assert len(person.samples) == 10
    assert len({sample.pose for sample in person.samples}) == 5
    assert person.pictures is None
    site.run(2.0)
    names = [line.name for line in reader.lines(site.desk.journal_file)]
    assert {"enrolment_began", "enrolment_ended", "person_enrolled"} <= set(names)
    site.people.pose = STRAIGHT
    identity = site.desk.built.parts.identity
    assert identity is not None
    found = identity.keeper.gallery.find("tok-7f3a")
    assert found is not None
    assert found.person == person.number
    assert not site.desk.kiosk.door_locked


def test_nothing_of_who_it_is_leaves_the_gallery(site: Site) -> None:
    site.begin()
    replies = [json.dumps(site.progress())]
    site.sits()
    site.run(2.0)
    replies.append(json.dumps(site.progress()))
    said = " ".join(replies) + " ".join(str(dict(h.data)) for h in site.heard)
    said += " ".join(line.data for line in reader.lines(site.desk.journal_file))
    [person] = [one for one in site.enrolled() if one.token == "tok-7f3a"]
    for secret in ("Asha", "tok-7f3a", "919876500001"):
        assert secret not in said
    for content in (site.desk.journal_file.read_bytes(), *_files(site.folder)):
        for sample in person.samples:
            assert sample.numbers not in content
        assert b"Asha" not in content


def _files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "a card's number": ({"card": "4929123412341234"}, "enrol_refused"),
    "no token": ({"card": "a b"}, "enrol_refused"),
    "no phone": ({"phone": "12345"}, "enrol_refused"),
    "a number for a name": ({"name": "12"}, "enrol_refused"),
    "nobody agreed": ({"agreed": False}, "consent_missing"),
    "other words": ({"consent": "9"}, "consent_missing"),
    "a taken card": ({"card": "anna"}, "enrolled_already"),
    "a taken telephone": ({"phone": "+15550110"}, "enrolled_already"),
}


def test_what_cannot_be_is_refused_before_anybody_stands_still(site: Site) -> None:
    for name, (changes, code) in REFUSED.items():
        reply = site.ask(msgspec_replace(ANNA, site.grant, **changes))
        site.run(0.5)
        assert code in (reply.get("error"), site.progress()["fault"]), name
        assert site.progress()["stage"] != "looking", name
    reply = site.ask(msgspec_replace(ANNA, site.grant, phone="+15550110", anyway=True))
    assert reply["begun"] is True, "a couple's telephone"


def test_nobody_is_enrolled_twice_without_a_word(site: Site) -> None:
    site.begin()
    first = site.sits()["person"]
    again = msgspec_replace(ANNA, site.grant, card="another", phone="+919876500002")
    site.ask(again)
    seen = site.sits()
    assert (seen["stage"], seen["fault"]) == ("failed", "enrolled_already")
    assert f"person {first}'s" in seen["detail"]
    site.ask(msgspec_replace(again, site.grant, anyway=True))
    assert site.sits()["stage"] == "done"


def test_a_photograph_a_mask_and_two_persons_are_not_taken(site: Site) -> None:
    site.begin()
    site.run(0.5)
    for words, refused in (
        ("mask on", "covered"),
        ("mask off", ""),
        ("enter bob", "several"),
        ("leave bob", ""),
        ("photo held", ""),
    ):
        site.people.do(words, 0.0)
        taken = site.progress()["taken"]
        site.run(2.5)
        seen = site.progress()
        if refused:
            assert (seen["refused"], seen["taken"]) == (refused, taken)
    assert site.progress()["stage"] == "looking"


@pytest.mark.slow
def test_one_who_shows_no_sign_of_life_is_not_enrolled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = FaceMotion(moved=0.0, bent=0.0, eyes=0.0, mouth=0.0, visible=18.0, around=0.1)
    monkeypatch.setattr("tests.worlds.desk_world.LIVES", still)
    assert still != LIVES
    site = Site(tmp_path, monkeypatch)
    site.begin()
    site.run(30.0)
    seen = site.progress()
    assert (seen["taken"], seen["refused"]) == (0, "not_alive_yet")
    site.run(WITHIN_S)
    assert site.progress()["fault"] == "enrol_refused"
    site.desk.close()


def test_it_ends_with_the_commissioning_and_when_told(site: Site) -> None:
    site.begin()
    site.run(2.0)
    assert site.ask(EnrolCancel(grant=site.grant))["cancelled"] is True
    assert site.progress()["stage"] == "none"
    assert site.ask(EnrolCancel(grant=site.grant))["cancelled"] is False
    site.begin()
    site.run(1.0)
    site.ask(CommissionEnd(grant=site.grant))
    site.run(1.0)
    assert not site.desk.kiosk.enrol.runs
    assert site.begin()["error"] == "not_granted"


def test_one_that_was_given_up_before_the_gallery_was_read_keeps_nobody_out(site: Site) -> None:
    site.begin()
    assert site.ask(EnrolCancel(grant=site.grant))["cancelled"] is True
    site.run(0.5)
    assert site.begin()["begun"] is True
    assert site.sits()["stage"] == "done"


def test_whatever_goes_wrong_in_the_gallery_is_an_answer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*words: object, anyway: bool) -> None:
        raise ValueError(ANNA.phone)

    with monkeypatch.context() as broken:
        broken.setattr("edge.identity.enroller.check_free", wrong)
        site.begin()
        site.run(0.5)
        seen = site.progress()
    assert (seen["stage"], seen["fault"], seen["detail"]) == ("failed", "file_unusable", "ValueError")
    assert site.begin()["begun"] is True


@pytest.mark.slow
def test_the_one_who_writes_it_down_leaves_no_telephone_number(site: Site) -> None:
    before = {person.number for person in site.enrolled()}
    site.ask(msgspec_replace(ANNA, site.grant, by="R. Mehta +49 (0) 151 12345678"))
    site.sits()
    [person] = [one for one in site.enrolled() if one.number not in before]
    assert person.consent.recorded_by == "R. Mehta …"
    said = " ".join(line.data for line in reader.lines(site.desk.journal_file))
    assert "R. Mehta …" in said
    for content in (said, *map(repr, _files(site.folder))):
        assert "12345678" not in content


@pytest.mark.slow
def test_a_claim_ends_it_and_goes_its_own_way(site: Site) -> None:
    site.begin()
    site.run(2.0)
    act(site.desk, ["claim", "anna"])
    site.run(2.0)
    seen = site.progress()
    assert (seen["stage"], seen["fault"], seen["detail"]) == ("failed", "not_now", "claim")
    assert site.begin()["error"] == "not_now"
    site.run(30.0)
    assert site.desk.kiosk.state.claim.failed == 1, "asha's face was compared with anna's"


def test_where_identity_is_off_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path, monkeypatch, "identity.enabled=false")
    assert site.begin()["error"] == "identity_off"
    assert site.progress()["stage"] == "none"
    assert not (tmp_path / "gallery").exists()
    site.desk.close()


def test_without_its_key_it_is_refused_by_name(site: Site) -> None:
    Path(site.desk.settings.identity.key_file).unlink()
    site.begin()
    site.run(0.5)
    seen = site.progress()
    assert seen["stage"] == "failed"
    assert seen["fault"] in ("gallery_key_missing", "secret_missing")


def test_a_disk_that_takes_nothing_is_named_and_nobody_is_half_enrolled(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site.enrolled()

    def full(*words: object) -> None:
        raise OSError(28, "No space left on device", "people")

    site.begin()
    monkeypatch.setattr("edge.identity.store.write_whole", full)
    seen = site.sits()
    assert (seen["stage"], seen["fault"]) == ("failed", "file_unusable")
    monkeypatch.undo()
    assert site.enrolled() == before


def test_a_plug_forgets_all_of_it(site: Site) -> None:
    before = site.enrolled()
    site.begin()
    site.run(4.0)
    site.desk.power_off()
    site.desk.power_on()
    site.run(2.0)
    assert not site.desk.kiosk.enrol.runs
    assert site.enrolled() == before


def test_the_loop_is_not_kept_waiting_by_a_slow_key(site: Site) -> None:
    """With a thread of its own, as in service: the answer comes when it comes."""
    identity = site.desk.built.parts.identity
    assert identity is not None
    real = identity.enroller
    assert real is not None
    lets_go = threading.Event()
    keys = functools.partial(read_keys, site.desk.settings)

    def slow() -> Any:
        assert lets_go.wait(60.0)
        return keys()

    slow_one = Enroller(site.folder, slow, real.network, real.points, threaded=True)
    object.__setattr__(identity, "enroller", slow_one)
    site.begin()
    site.run(2.0)
    assert site.progress()["stage"] == "reading"
    lets_go.set()
    for _ in range(2000):
        site.run(0.05)
        if site.progress()["stage"] == "looking":
            break
    assert site.sits()["stage"] == "done"
