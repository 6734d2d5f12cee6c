"""A certificate is the kiosk's or is refused by name, and the TLS it is shown in is checked both ways."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from edge.faults.fault import FaultError
from edge.fleet.certificate import certificate_days_left, client_context, key_bytes, wrong_with
from edge.fleet.keys import make_key, read_key
from edge.settings.load import load
from edge.settings.schema import Settings
from tests.worlds.bank_authority import (
    NOW_S,
    SERVER,
    Authority,
    Times,
    days,
    fresh_key,
    pem,
)

ROOT = Authority()
OTHER = Authority("Other Root")
BELOW = Authority("Bank Kiosks", above=ROOT)
KEY = fresh_key()
OURS = key_bytes(KEY.public_key())


def settings_in(folder: Path, *overrides: str) -> Settings:
    return load(None, [f"paths.data={folder}", *overrides])


def codes(
    chain: list[x509.Certificate], wall_s: float | None = NOW_S, kiosk_id: str = "cabin-17"
) -> list[str]:
    return [fault.code for fault in wrong_with(chain, OURS, kiosk_id, wall_s, [ROOT.certificate])]


def test_the_kiosks_own_certificate_has_nothing_wrong_with_it() -> None:
    assert codes([ROOT.issue(KEY.public_key(), "cabin-17")]) == []
    assert codes([BELOW.issue(KEY.public_key(), "cabin-17"), *BELOW.chain]) == []
    assert codes([OTHER.issue(KEY.public_key(), "cabin-17")]) == [], "the broker's authority may be another"
    assert codes([ROOT.issue(KEY.public_key(), "cabin-17", usages=None)]) == []


def test_what_is_wrong_has_a_name_of_its_own() -> None:
    good = KEY.public_key()
    assert codes([ROOT.issue(fresh_key().public_key(), "cabin-17")]) == ["certificate_other_key"]
    assert codes([ROOT.issue(good, "cabin-18")]) == ["certificate_not_ours"]
    assert codes([ROOT.issue(good, "cabin-17", days(30, -1))]) == ["certificate_ended"]
    assert codes([ROOT.issue(good, "cabin-17", days(-1, 30))]) == ["certificate_not_yet"]
    assert codes([ROOT.issue(good, "cabin-17", usages=SERVER)]) == ["certificate_unfit"]
    assert codes([ROOT.issue(good, "cabin-17", authority=True)]) == ["certificate_unfit"]
    assert codes([BELOW.issue(good, "cabin-17"), OTHER.certificate]) == ["certificate_chain_broken"]
    forged = Authority("Bank Root").issue(good, "cabin-17")  # the name of the root, another key
    assert codes([forged]) == ["certificate_chain_broken"]
    ended = Authority("Bank Old", above=ROOT, times=days(300, -1))
    assert codes([ended.issue(good, "cabin-17"), *ended.chain]) == ["certificate_ended"]


def test_no_date_is_judged_by_a_clock_that_nobody_set() -> None:
    for times in (days(30, -1), days(-1, 30)):
        assert codes([ROOT.issue(KEY.public_key(), "cabin-17", times)], wall_s=None) == []


def test_days_left_are_those_of_the_first_that_ends(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert certificate_days_left(settings, NOW_S) is None
    soon = Authority("Bank Kiosks", above=ROOT, times=days(300, 12))
    install(settings, pem(soon.issue(KEY.public_key(), "cabin-17", days(1, 200)), *soon.chain))
    assert certificate_days_left(settings, NOW_S) == pytest.approx(12)
    assert certificate_days_left(settings, NOW_S + 20 * 86400) == pytest.approx(-8)


# --- shown to a server --------------------------------------------------------------------------------------


def install(settings: Settings, certificate: bytes) -> None:
    """By hand, as the first pair."""
    folder = Path(settings.paths.data) / "fleet" / "pairs" / "1"
    make_key(folder / "key.pem")
    (folder / "certificate.pem").write_bytes(certificate)
    (folder.parents[1] / "current").symlink_to("pairs/1")


def installed(folder: Path, authority: Authority = ROOT) -> Settings:
    """A kiosk's settings with a pair that `authority` made, and the root as its authority."""
    settings = settings_in(folder)
    install(settings, b"")
    pair = folder / "fleet" / "pairs" / "1"
    key = read_key(pair / "key.pem", ours=True).public_key()
    (pair / "certificate.pem").write_bytes(pem(authority.issue(key, "cabin-17"), *authority.chain))
    (folder / "fleet" / "ca.pem").write_bytes(pem(ROOT.certificate))
    return settings


class Server:
    """TLS that asks for a certificate of the root, says who came, and ends."""

    def __init__(self, files: tuple[Path, Path], most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = min(most, ssl.TLSVersion.TLSv1_2)
        self.context.maximum_version = most
        self.context.load_cert_chain(*files)
        self.context.load_verify_locations(cadata=pem(ROOT.certificate).decode())
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.settimeout(60)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self.listening.accept()
            except OSError:
                return
            plain.settimeout(60)
            try:
                with self.context.wrap_socket(plain, server_side=True) as guest:
                    shown = guest.getpeercert()
                    assert shown is not None
                    guest.sendall(repr(shown["subject"]).encode())
            except OSError:
                plain.close()

    def seen_of(self, context: ssl.SSLContext, host: str = "localhost") -> str:
        with (
            socket.create_connection(self.listening.getsockname(), timeout=60) as plain,
            context.wrap_socket(plain, server_hostname=host) as server,
        ):
            return server.recv(1000).decode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(ROOT.server_files(tmp_path))
    yield made
    made.listening.close()


def test_a_server_sees_who_comes(tmp_path: Path, server: Server) -> None:
    assert "cabin-17" in server.seen_of(client_context(installed(tmp_path / "a")))
    assert "cabin-17" in server.seen_of(client_context(installed(tmp_path / "b", BELOW)))


def test_a_server_has_to_show_its_own_name_signed_by_the_authority(tmp_path: Path) -> None:
    context = client_context(installed(tmp_path))
    for files, host in (
        (OTHER.server_files(tmp_path), "localhost"),
        (ROOT.server_files(tmp_path), "example.org"),
        (ROOT.server_files(tmp_path, times=days(1000, -100)), "localhost"),
    ):
        server = Server(files)
        with pytest.raises(ssl.SSLCertVerificationError):
            server.seen_of(context, host)
        server.listening.close()


def test_where_the_clock_is_not_set_no_date_of_the_server_is_judged(tmp_path: Path) -> None:
    settings = installed(tmp_path)
    old = Times(days(9000, 0).begins, days(9000, -8000).ends)
    server = Server(ROOT.server_files(tmp_path, times=old))
    with pytest.raises(ssl.SSLCertVerificationError):
        server.seen_of(client_context(settings))
    assert "cabin-17" in server.seen_of(client_context(settings, clock_set=False))
    server.listening.close()
    forged = Server(OTHER.server_files(tmp_path))
    with pytest.raises(ssl.SSLCertVerificationError):
        forged.seen_of(client_context(settings, clock_set=False))
    forged.listening.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_before_1_2_is_refused(tmp_path: Path) -> None:
    old = Server(ROOT.server_files(tmp_path), most=ssl.TLSVersion.TLSv1_1)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        old.seen_of(client_context(installed(tmp_path)))
    old.listening.close()


def test_what_is_wrong_with_a_file_has_a_name(tmp_path: Path) -> None:
    def code(settings: Settings) -> str:
        with pytest.raises(FaultError) as caught:
            client_context(settings)
        return caught.value.code

    assert code(settings_in(tmp_path)) == "certificate_missing"
    settings = installed(tmp_path)
    pair, fleet = tmp_path / "fleet" / "pairs" / "1", tmp_path / "fleet"
    key, certificate = (pair / "key.pem").read_bytes(), (pair / "certificate.pem").read_bytes()
    (pair / "key.pem").chmod(0o640)
    assert code(settings) == "key_exposed"
    (pair / "key.pem").chmod(0o600)
    (pair / "key.pem").write_bytes(key[:40])
    assert code(settings) == "key_unusable"
    make_key(pair / "key.pem")
    assert code(settings) == "certificate_other_key"
    (pair / "key.pem").unlink()
    assert code(settings) == "key_missing"
    (pair / "key.pem").write_bytes(key)
    (pair / "key.pem").chmod(0o600)
    (pair / "certificate.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\n?\n")
    assert code(settings) == "certificate_unreadable"
    (pair / "certificate.pem").write_bytes(certificate + key)
    assert code(settings) == "certificate_unreadable"
    (pair / "certificate.pem").write_bytes(certificate)
    (fleet / "ca.pem").unlink()
    assert code(settings) == "authorities_missing"
    (fleet / "ca.pem").write_bytes(pem(ROOT.certificate))
    assert client_context(settings).verify_mode is ssl.CERT_REQUIRED
