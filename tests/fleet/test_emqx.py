"""EMQX's files without EMQX: their grammar, and the same table of who may do what as at Mosquitto."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from edge.fleet.topics import Stream, Topics
from tests.fleet.emqx import allowed, fits, rules, settings, terms
from tests.fleet.places import KIOSK, SITE, Act, Place, Who, may, topic
from tests.worlds.broker import FILES

RULES = rules((FILES / "emqx-acl.conf").read_text())
SETTINGS = settings((FILES / "emqx.conf").read_text())


@pytest.mark.parametrize("who", Who)
def test_who_may_do_what_where(who: Who) -> None:
    """Here also what may be left behind is as it should be."""
    for place in Place:
        for act, action, retain in (
            (Act.PUBLISH, "publish", False),
            (Act.RETAIN, "publish", True),
            (Act.READ, "subscribe", False),
        ):
            found = allowed(RULES, who.value, action, topic(place), retain=retain)
            assert found == may(who, act, place), (act, place)


@pytest.mark.parametrize("who", Who)
@pytest.mark.parametrize(
    "everything",
    ["#", "+/#", "+/+/+/+/+", "cabinguard/#", "cabinguard/v1/+/+/+", "cabinguard/v1/#", "$SYS/#"],
)
def test_who_may_subscribe_to_everything(who: Who, everything: str) -> None:
    """EMQX looks at the subscription alone, so nobody may have one wider than what may be read."""
    wide_enough = everything in ("cabinguard/v1/#", "cabinguard/v1/+/+/+", "$SYS/#")
    expected = who is Who.CONTROL_ROOM and wide_enough
    assert allowed(RULES, who.value, "subscribe", everything) == expected


@pytest.mark.parametrize("odd", ["+", "#", f"{KIOSK}/request", f"+/{KIOSK}", " ", "Kiosk-1", ""])
def test_a_name_that_is_no_kiosks_reads_and_writes_nothing(odd: str) -> None:
    for place in Place:
        assert not allowed(RULES, odd, "publish", topic(place))
        assert not allowed(RULES, odd, "subscribe", topic(place))


@pytest.mark.parametrize(
    ("one", "filter_", "does"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/+", True),
        ("a/b", "a/#", True),
        ("a", "a/#", True),
        ("a/b/c", "a/+", False),
        ("a", "a/+", False),
        ("$SYS/b", "#", False),
        ("$SYS/b", "+/b", False),
        ("$SYS/b", "$SYS/#", True),
    ],
)
def test_the_filters_are_those_of_mqtt(one: str, filter_: str, does: bool) -> None:
    assert fits(one, filter_) == does


@pytest.mark.parametrize(
    "wrong", ["{allow, all}", "{allow, all,}.", "{allow all}.", "{maybe, all}.", "allow, ."]
)
def test_what_is_no_rule_is_noticed(wrong: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        rules(wrong)


def test_the_door_of_the_broker() -> None:
    door = "listeners.ssl.default"
    assert SETTINGS[f"{door}.ssl_options.verify"] == "verify_peer"
    assert SETTINGS[f"{door}.ssl_options.fail_if_no_peer_cert"] == "true"
    assert SETTINGS[f"{door}.ssl_options.enable_crl_check"] == "true"
    assert SETTINGS[f"{door}.ssl_options.versions"] == '["tlsv1.3", "tlsv1.2"]'
    assert SETTINGS[f"{door}.enable_authn"] == "quick_deny_anonymous"
    assert {SETTINGS[f"listeners.{kind}.default.enable"] for kind in ("tcp", "ws", "wss")} == {"false"}
    assert SETTINGS["mqtt.peer_cert_as_username"] == SETTINGS["mqtt.peer_cert_as_clientid"] == "cn"
    assert SETTINGS["authorization.no_match"] == "deny"
    assert SETTINGS["authorization.sources.0.path"] == '"/etc/emqx/cabinguard/emqx-acl.conf"'
    assert SETTINGS["durable_sessions.enable"] == "true"


def test_both_brokers_take_as_much() -> None:
    lines = [line.split(" ", 1) for line in (FILES / "mosquitto.conf").read_text().splitlines() if line]
    mosquitto = {line[0]: line[-1] for line in lines}
    assert SETTINGS["listeners.ssl.default.max_connections"] == mosquitto["max_connections"]
    assert SETTINGS["mqtt.max_mqueue_len"] == mosquitto["max_queued_messages"]
    assert SETTINGS["mqtt.max_packet_size"] == '"256KB"'
    assert mosquitto["max_packet_size"] == str(256 << 10)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("erl") is None, reason="Erlang is not installed")
def test_erlang_reads_the_rules_as_we_do() -> None:
    file = FILES / "emqx-acl.conf"
    script = f'{{ok, T}} = file:consult("{file}"), io:format("~p", [length(T)]), halt().'
    done = subprocess.run(
        ["erl", "-noshell", "-eval", script], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == str(len(terms(file.read_text()))) == str(len(RULES))


def test_every_topic_of_a_kiosk_has_its_place() -> None:
    topics = Topics(SITE, KIOSK)
    own = [name for name, kind in vars(Topics).items() if isinstance(kind, property)]
    found = {getattr(topics, name) for name in own} | {topics.events(stream) for stream in Stream}
    assert len(own) == 6
    assert found <= {topic(place) for place in Place}
