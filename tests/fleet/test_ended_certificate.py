"""A kiosk whose certificate has ended guards its door as ever, says so, and is whole again with a new one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.bench.desk import STORY_WALL_S
from edge.bench.seeing import Watcher
from edge.bench.story import find, play
from edge.faults.fault import FaultError
from edge.fleet.certificate import certificate_days_left, client_context
from edge.fleet.keys import make_key, read_key
from edge.fleet.pairs import authorities_file, current_pair
from edge.fleet.renewal import certificate_state
from edge.fleet.request import install, next_request
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.settings.schema import Settings
from tests.worlds.bank_authority import Authority, Times, pem
from tests.worlds.desk_world import scripted_desk

ROOT = Authority()
DAY_S = 86400.0


def until(days: float) -> Times:
    """A year that ends so many days after the story begins."""
    end_s = STORY_WALL_S + days * DAY_S
    return Times(datetime.fromtimestamp(end_s - 365 * DAY_S, UTC), datetime.fromtimestamp(end_s, UTC))


def kiosk_in(folder: Path, days: float, name: str) -> Settings:
    """Settings of a kiosk of a fleet, whose certificate ends so many days from now."""
    fleet = [f"paths.data={folder}", "mqtt.kiosk_id=cabin-17"]
    settings = load(None, [*find(name).settings, *fleet])
    pair = folder / "fleet" / "pairs" / "1"
    make_key(pair / "key.pem")
    (folder / "fleet" / "current").symlink_to("pairs/1")
    key = read_key(pair / "key.pem", ours=True).public_key()
    (pair / "certificate.pem").write_bytes(pem(ROOT.issue(key, "cabin-17", until(days))))
    authorities_file(settings).write_bytes(pem(ROOT.certificate))
    return settings


def played(name: str, folder: Path, settings: Settings) -> tuple[list[Happening], str]:
    """The story in that kiosk; what happened, and what it lacked."""
    heard: list[Happening] = []
    watcher = Watcher()

    def hear(happening: Happening) -> None:
        heard.append(happening)
        watcher.hear(happening)

    story = find(name)
    desk, _ = scripted_desk(folder, hear, settings=settings)
    try:
        return heard, play(story, desk, watcher).failure
    finally:
        desk.close()


def moves(heard: list[Happening]) -> list[tuple[float, str, object]]:
    """What somebody in the cabin can notice: door, permit, sounds, words, the code's text."""
    kinds = ("door", "permit", "prompt", "sound", "lights", "state")
    return [(one.at_s, one.kind, one.data) for one in heard if one.kind in kinds]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["never-shown", "fire"])
def test_a_kiosk_whose_certificate_ended_guards_its_door_as_ever(tmp_path: Path, name: str) -> None:
    """The same story without a fleet, with a certificate that ends soon, with one that ended."""
    plain, failure = played(name, tmp_path / "plain", load(None, list(find(name).settings)))
    assert not failure
    lives = {"soon": 12.0, "ended": -3.0}
    for life, days in lives.items():
        heard, failure = played(name, tmp_path / life, kiosk_in(tmp_path / life, days, name))
        assert not failure, life
        assert moves(heard) == moves(plain), life
    assert moves(plain)


@pytest.mark.slow
def test_it_says_so_once_and_is_whole_again_with_a_new_one(tmp_path: Path) -> None:
    settings = kiosk_in(tmp_path, -3.0, "never-shown")
    heard, failure = played("never-shown", tmp_path, settings)
    assert not failure
    told = [one for one in heard if one.kind == "fault" and "certificate" in str(one)]
    assert len(told) == 1
    texts = [str(one.data) for one in heard if one.kind == "sms" and "certificate_ended" in str(one.data)]
    assert len(texts) == 1, "the control room hears of it by SMS, once"
    assert certificate_days_left(settings, STORY_WALL_S) == pytest.approx(-3.0)
    with pytest.raises(FaultError, match="certificate_ended"):
        certificate_state(settings, "cabin-17", STORY_WALL_S)
    client_context(settings)  # the broker may still let it in: that is not the kiosk's to decide

    asked = next_request(settings, "cabin-17")
    install(settings, "cabin-17", pem(ROOT.sign(asked, until(365.0))), STORY_WALL_S)
    heard, failure = played("never-shown", tmp_path, settings)
    assert not failure
    assert not [one for one in heard if "certificate" in str(one)]
    assert current_pair(settings).certificate.exists()
