"""A request goes out, a certificate comes in: whole through any power cut, and no key on the way."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from edge.faults.fault import FaultError
from edge.fleet.certificate import client_context, key_bytes, public_key_of, read_certificates
from edge.fleet.on_boot import CERTIFICATE_IN, PROBLEM, REQUEST_OUT, on_boot
from edge.fleet.pairs import current_pair, has_previous, settle, worked
from edge.fleet.renewal import certificate_fault
from edge.fleet.request import install, next_request, waiting
from edge.settings.load import load
from edge.settings.schema import Settings
from tests.worlds.bank_authority import NOW_S, Authority, days, pem
from tests.worlds.power_cut import cut_before

ROOT = Authority()
BELOW = Authority("Bank Kiosks", above=ROOT)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = load(None, [f"paths.data={tmp_path / 'data'}"])
    (tmp_path / "data" / "fleet").mkdir(parents=True)
    (tmp_path / "data" / "fleet" / "ca.pem").write_bytes(pem(ROOT.certificate))
    return made


def signed(settings: Settings, authority: Authority = ROOT) -> bytes:
    return pem(authority.sign(next_request(settings, "cabin-17"), days(1, 365)), *authority.chain)


def serial(settings: Settings) -> int:
    return read_certificates(current_pair(settings).certificate)[0].serial_number


def test_the_key_is_the_kiosks_alone_and_the_request_is_always_the_same(settings: Settings) -> None:
    asked = next_request(settings, "cabin-17")
    assert asked.is_signature_valid
    assert next_request(settings, "cabin-17") == asked
    assert waiting(settings)
    key = Path(settings.paths.data) / "fleet" / "next" / "key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.stat().st_uid == os.getuid()
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    other = next_request(settings, "cabin-17", fresh=True)
    assert other.public_key() != asked.public_key()


def test_a_certificate_is_taken_in_any_order_and_without_the_root(settings: Settings) -> None:
    own = BELOW.sign(next_request(settings, "cabin-17"), days(1, 365))
    made = install(settings, "cabin-17", pem(ROOT.certificate, BELOW.certificate, own), NOW_S)
    assert made.name == "cabin-17"
    assert read_certificates(current_pair(settings).certificate) == [own, BELOW.certificate]
    assert not waiting(settings)
    client_context(settings)


def test_the_pair_before_stays_until_the_new_one_worked(settings: Settings) -> None:
    install(settings, "cabin-17", signed(settings), NOW_S)
    first = serial(settings)
    assert not has_previous(settings)
    install(settings, "cabin-17", signed(settings), NOW_S)
    assert serial(settings) != first
    assert read_certificates(current_pair(settings, previous=True).certificate)[0].serial_number == first
    client_context(settings, previous=True)
    worked(settings)
    assert not has_previous(settings)
    keys = list((Path(settings.paths.data) / "fleet").rglob("key.pem"))
    assert keys == [current_pair(settings).key.resolve()], "the old key is gone"
    with pytest.raises(FaultError, match="certificate_missing"):
        client_context(settings, previous=True)


def test_a_new_certificate_of_the_key_in_use_is_taken_too(settings: Settings) -> None:
    asked = next_request(settings, "cabin-17")
    install(settings, "cabin-17", pem(ROOT.sign(asked, days(1, 30))), NOW_S)
    again = ROOT.sign(asked, days(1, 365))
    install(settings, "cabin-17", pem(again), NOW_S)
    assert serial(settings) == again.serial_number
    install(settings, "cabin-17", pem(again), NOW_S)
    assert has_previous(settings), "brought once more it changes nothing"


def test_what_is_wrong_changes_nothing(settings: Settings) -> None:
    install(settings, "cabin-17", signed(settings), NOW_S)
    before = serial(settings)
    asked = next_request(settings, "cabin-17")
    for content, code in (
        (pem(ROOT.issue(asked.public_key(), "cabin-18")), "certificate_not_ours"),  # type: ignore[arg-type]
        (pem(ROOT.sign(asked, days(9, -1))), "certificate_ended"),
        (pem(ROOT.certificate), "certificate_other_key"),
        (b"", "certificate_unreadable"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate_unreadable"),
        (asked.public_bytes(Encoding.PEM), "certificate_unreadable"),
    ):
        with pytest.raises(FaultError, match=code):
            install(settings, "cabin-17", content, NOW_S)
        assert serial(settings) == before
    assert next_request(settings, "cabin-17") == asked, "the request still waits"


def test_a_pair_of_somebody_else_is_left_alone(tmp_path: Path, settings: Settings) -> None:
    key, certificate = tmp_path / "their.key", tmp_path / "their.pem"
    theirs = load(
        None,
        [
            f"paths.data={tmp_path}",
            f"certificate.key_file={key}",
            f"certificate.certificate_file={certificate}",
        ],
    )
    with pytest.raises(FaultError, match="key_elsewhere"):
        next_request(theirs, "cabin-17")
    with pytest.raises(FaultError, match="key_elsewhere"):
        install(theirs, "cabin-17", b"", NOW_S)


@pytest.mark.slow
def test_a_power_cut_at_every_step_leaves_a_whole_pair(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Request, certificate, old pair dropped: after each cut the next start has the old or the new pair."""
    data = Path(settings.paths.data)
    install(settings, "cabin-17", signed(settings), NOW_S)
    install(settings, "cabin-17", signed(settings), NOW_S)
    begun = tmp_path / "begun"
    shutil.copytree(data, begun, symlinks=True)
    old, number = serial(settings), 1

    def life() -> None:
        install(settings, "cabin-17", signed(settings), NOW_S)
        worked(settings)

    while cut_before(number, data, life, monkeypatch):
        settle(settings)
        pair = current_pair(settings)
        own = public_key_of(settings, pair)
        assert own == _public(pair.certificate), number
        client_context(settings)
        seen = serial(settings)
        life()
        assert serial(settings) not in (old, seen), number
        assert public_key_of(settings, current_pair(settings)) == _public(current_pair(settings).certificate)
        shutil.rmtree(data)
        shutil.copytree(begun, data, symlinks=True)
        number += 1
    with capsys.disabled():
        print(f" {number - 1} power cuts", end="")
    assert number > 15


# --- by the boot partition ----------------------------------------------------------------------------------


class Card:
    """The boot partition, and a kiosk that starts with it."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder / "boot"
        self.folder.mkdir()
        self.settings = settings
        self.begins = 0

    def start(self, wall_s: float | None = NOW_S) -> list[str]:
        return list(on_boot(self.folder, self.settings, "cabin-17", wall_s, self._as_kiosk))

    def _as_kiosk(self) -> contextlib.AbstractContextManager[None]:
        self.begins += 1
        return contextlib.nullcontext()

    @property
    def names(self) -> list[str]:
        return sorted(one.name for one in self.folder.iterdir())


@pytest.fixture
def card(tmp_path: Path, settings: Settings) -> Card:
    return Card(tmp_path, settings)


def test_a_request_out_and_a_certificate_in_by_the_card(card: Card) -> None:
    card.start()
    assert card.names == [REQUEST_OUT]
    asked = x509.load_pem_x509_csr((card.folder / REQUEST_OUT).read_bytes())
    card.start()
    assert x509.load_pem_x509_csr((card.folder / REQUEST_OUT).read_bytes()) == asked
    (card.folder / CERTIFICATE_IN).write_bytes(pem(ROOT.sign(asked, days(1, 365))))
    assert card.start()[0] == f"cabin-17 until 2027-06-01 00:00 UTC; {CERTIFICATE_IN} is wiped"
    assert card.names == []
    client_context(card.settings)
    assert card.start() == [], "nothing to ask for while it holds"
    assert card.start(NOW_S + 340 * 86400.0), "and a request again before it ends"
    assert card.names == [REQUEST_OUT]


def test_what_is_wrong_with_it_stands_beside_it(card: Card) -> None:
    card.start()
    asked = x509.load_pem_x509_csr((card.folder / REQUEST_OUT).read_bytes())
    (card.folder / CERTIFICATE_IN).write_bytes(pem(ROOT.sign(asked, days(9, -1))))
    with pytest.raises(FaultError, match="certificate_ended"):
        card.start()
    assert card.names == [PROBLEM, CERTIFICATE_IN, REQUEST_OUT]
    assert "certificate_ended" in (card.folder / PROBLEM).read_text("utf-8")
    assert card.start(wall_s=None), "a clock that nobody set finds nothing wrong with its dates"
    assert card.names == []


@pytest.mark.slow
def test_a_power_cut_while_it_is_taken_over(
    tmp_path: Path, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    card.start()
    asked = x509.load_pem_x509_csr((card.folder / REQUEST_OUT).read_bytes())
    (card.folder / CERTIFICATE_IN).write_bytes(pem(ROOT.sign(asked, days(1, 365))))
    begun = tmp_path / "begun"
    for name in ("data", "boot"):
        shutil.copytree(tmp_path / name, begun / name, symlinks=True)
    number = 1
    while cut_before(number, tmp_path, card.start, monkeypatch):
        card.start()
        assert card.names == [], number
        client_context(card.settings)
        for name in ("data", "boot"):
            shutil.rmtree(tmp_path / name)
            shutil.copytree(begun / name, tmp_path / name, symlinks=True)
        number += 1
    assert number > 8


def test_no_key_is_ever_on_the_boot_partition(card: Card) -> None:
    card.start()
    content = b"".join(one.read_bytes() for one in card.folder.iterdir())
    assert b"PRIVATE KEY" not in content
    assert b"CERTIFICATE REQUEST" in content


def test_a_kiosk_without_a_name_asks_for_nothing(tmp_path: Path, settings: Settings) -> None:
    assert list(on_boot(tmp_path, settings, "", NOW_S, contextlib.nullcontext)) == []
    assert certificate_fault(settings, NOW_S) is None


def _public(certificate: Path) -> bytes:
    return key_bytes(read_certificates(certificate)[0].public_key())
