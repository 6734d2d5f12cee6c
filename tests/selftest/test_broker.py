"""The self-test at the broker: in, refused, silent, or not there; and beside a kiosk that runs, TLS alone."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from edge.faults.fault import FaultError
from edge.selftest.broker import broker
from edge.selftest.machine import NotFitted
from edge.settings.load import load
from edge.settings.schema import Settings
from tests.worlds.broker import Broker, context_of, needs_mosquitto
from tests.worlds.broker_client import BrokerClient


def at(port: int, *more: str) -> Settings:
    places = ["mqtt.host=127.0.0.1", f"mqtt.port={port}", "mqtt.site=town", "mqtt.kiosk_id=kiosk-1"]
    return load(None, [*places, *more])


def test_without_a_broker_there_is_nothing_to_try() -> None:
    with pytest.raises(NotFitted):
        broker(load(None), alone=True)


def test_one_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as shut:
        shut.bind(("127.0.0.1", 0))
        with pytest.raises(FaultError, match="broker_unreachable"):
            broker(at(shut.getsockname()[1], "mqtt.tls=false"), alone=True)


def test_keys_of_requests_that_cannot_be_read_are_found_first(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match="request_keys_unreadable"):
        broker(at(1, f"mqtt.request_keys_file={tmp_path / 'keys.pem'}"), alone=True)


def test_without_a_certificate_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match="broker_no_certificate"):
        broker(at(1, f"paths.data={tmp_path}"), alone=True)


@pytest.mark.slow
@needs_mosquitto
def test_mosquitto_lets_the_kiosk_in_and_nobody_whose_certificate_is_another_banks(tmp_path: Path) -> None:
    with Broker(tmp_path / "broker") as server, Broker(tmp_path / "other") as other:
        mine = server.certificate("kiosk-1")
        files = (
            f"certificate.key_file={mine.key_file}",
            f"certificate.certificate_file={mine.certificate_file}",
        )
        trusted = (*files, f"certificate.ca_file={server.ca_file}")
        assert broker(at(server.port, *trusted), alone=True) == "the broker lets the kiosk in"
        with BrokerClient(server, context_of(mine), "kiosk-1") as running:
            assert "running kiosk" in broker(at(server.port, *trusted), alone=False)
            assert running.publish("cabinguard/v1/town/kiosk-1/events/alert")  # it has kept its place
        with pytest.raises(FaultError, match="broker_untrusted"):
            broker(at(other.port, *trusted), alone=True)
        refused = "broker_refused|broker_unreachable: the broker broke off: .* our certificate"
        with pytest.raises(FaultError, match=refused):
            broker(at(other.port, *files, f"certificate.ca_file={other.ca_file}"), alone=True)
