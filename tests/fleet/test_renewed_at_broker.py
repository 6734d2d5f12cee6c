"""A renewed certificate at a real broker: taken with the next connection; one it refuses costs nothing."""

from __future__ import annotations

import datetime as dt
import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from edge.fleet.certificate import read_certificates
from edge.fleet.login import Login
from edge.fleet.pairs import current_pair, has_previous
from edge.fleet.request import install, next_request
from edge.fleet.session import Broker as Where
from edge.fleet.session import BrokerSession, Connected, Lost
from edge.settings.load import load
from edge.settings.schema import Settings
from tests.worlds.bank_authority import NOW_S, Authority, name_of, pem
from tests.worlds.broker import HOST, WITHIN_S, Broker, needs_mosquitto

pytestmark = [pytest.mark.slow, needs_mosquitto]

ROOT = Authority()
STRANGER = Authority("Another Bank")


def nobody_revoked() -> bytes:
    """The list that the shipped settings of the broker ask for."""
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name_of(ROOT.name))
        .last_update(now - dt.timedelta(days=1))
        .next_update(now + dt.timedelta(days=30))
        .sign(ROOT.key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    folder = tmp_path / "bank"
    folder.mkdir()
    (folder / "ca.pem").write_bytes(pem(ROOT.certificate))
    (folder / "crl.pem").write_bytes(nobody_revoked())
    certificate, key = ROOT.server_files(folder, ("localhost", HOST))
    files = {"cafile": "ca.pem", "crlfile": "crl.pem"}
    changes = {setting: str(folder / name) for setting, name in files.items()}
    changes |= {"certfile": str(certificate), "keyfile": str(key)}
    with Broker(tmp_path / "broker", changes=changes) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "data" / "fleet").mkdir(parents=True)
    (tmp_path / "data" / "fleet" / "ca.pem").write_bytes(pem(ROOT.certificate))
    made = load(None, [f"paths.data={tmp_path / 'data'}", "mqtt.kiosk_id=cabin-17"])
    take(made, ROOT)
    return made


def take(settings: Settings, authority: Authority) -> None:
    install(settings, "cabin-17", pem(authority.sign(next_request(settings, "cabin-17"))), NOW_S)


def answers(settings: Settings, login: Login, broker: Broker, wanted: int) -> list[str]:
    """Connect until the broker has answered so often: what each answer was."""
    where = Where(broker.host, broker.port, "cabin-17", first_pause_s=0.05, longest_pause_s=0.1)
    session = BrokerSession(where, login.context)
    session.connect(time.monotonic())
    said: list[str] = []
    end_s = time.monotonic() + WITHIN_S
    while len(said) < wanted:
        assert time.monotonic() < end_s, said
        for event in session.turn(time.monotonic()):
            if isinstance(event, Connected):
                login.heard(None)
                said.append("taken")
            elif isinstance(event, Lost):
                login.heard(event.trouble)
                said.append(event.trouble.value)
        handle = session.fileno()
        waited = [] if handle is None else [handle]
        select.select(waited, waited if session.wants_write() else [], [], 0.02)
    session.close()
    return said


def test_the_pair_before_stays_until_the_new_one_was_taken(settings: Settings, broker: Broker) -> None:
    login = Login(settings, lambda: True)
    assert answers(settings, login, broker, 1) == ["taken"]
    take(settings, ROOT)
    assert has_previous(settings)
    assert answers(settings, login, broker, 1) == ["taken"], "the next connection is with the new one"
    assert not has_previous(settings), "and the one before is gone"


def test_one_that_the_broker_refuses_shuts_the_kiosk_out_of_nothing(
    settings: Settings, broker: Broker
) -> None:
    login = Login(settings, lambda: True)
    assert answers(settings, login, broker, 1) == ["taken"]
    take(settings, STRANGER)
    until_taken(settings, login, broker)
    assert has_previous(settings), "kept for as long as only it is taken"
    first = current_pair(settings, previous=True).certificate.read_bytes()
    take(settings, STRANGER)
    assert current_pair(settings, previous=True).certificate.read_bytes() == first, "the last that worked"
    until_taken(settings, login, broker)
    assert has_previous(settings)
    take(settings, ROOT)
    assert answers(settings, login, broker, 1) == ["taken"], "a new one has its own try"
    assert not has_previous(settings)
    assert read_certificates(current_pair(settings).certificate)[0].issuer == name_of(ROOT.name)


def until_taken(settings: Settings, login: Login, broker: Broker) -> None:
    """A refusal first, by its alert or, where that is lost on the way, by an end; then the pair before."""
    assert answers(settings, login, broker, 1)[0] in ("refused", "dropped")
    assert answers(settings, login, broker, 1) == ["taken"]
