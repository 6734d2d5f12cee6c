"""A key in a token (SoftHSM stands for the TPM): made in it, used in it, never read out of it."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from edge.faults.fault import FaultError
from edge.fleet.certificate import client_context, public_key_of
from edge.fleet.pairs import current_pair, worked
from edge.fleet.request import install, next_request
from edge.fleet.token import LABEL, is_token_file, place_in, place_of
from edge.settings.load import SettingsError, load
from edge.settings.schema import Settings
from tests.worlds.bank_authority import NOW_S, Authority, days, pem

MODULE = next(
    (
        one
        for one in (
            Path("/usr/lib/softhsm/libsofthsm2.so"),
            *Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"),
        )
        if one.exists()
    ),
    None,
)
PIN = "48151623"
ROOT = Authority()

needs_token = pytest.mark.skipif(
    MODULE is None or shutil.which("pkcs11-tool") is None or shutil.which("softhsm2-util") is None,
    reason="needs softhsm2 and opensc (./install.sh tools)",
)


def provider_here() -> bool:
    """Whether this system's OpenSSL has the provider; asked in a process of its own."""
    script = (
        "import ctypes,sys;f=ctypes.CDLL('libcrypto.so.3').OSSL_PROVIDER_try_load;"
        "f.restype=ctypes.c_void_p;f.argtypes=[ctypes.c_void_p,ctypes.c_char_p,ctypes.c_int];"
        "sys.exit(not f(None,b'pkcs11',1))"
    )
    return subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm.conf"))
    init = [
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        "cabin 17",
        "--so-pin",
        "12345678",
        "--pin",
        PIN,
    ]
    subprocess.run(init, check=True, capture_output=True, timeout=60)
    (tmp_path / "pin").write_text(PIN)
    (tmp_path / "pin").chmod(0o600)
    (tmp_path / "data" / "fleet").mkdir(parents=True)
    (tmp_path / "data" / "fleet" / "ca.pem").write_bytes(pem(ROOT.certificate))
    return load(
        None,
        [
            f"paths.data={tmp_path / 'data'}",
            "certificate.key_uri=pkcs11:token=cabin%2017;object=kiosk",
            f"certificate.token_module={MODULE}",
            f"certificate.pin_file={tmp_path / 'pin'}",
        ],
    )


def objects(settings: Settings) -> list[str]:
    """The private keys in the token."""
    module = settings.certificate.token_module
    words = ["pkcs11-tool", "--module", module, "--token-label", "cabin 17", "--login", "--pin", PIN, "-O"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    return [line for line in done.stdout.splitlines() if line.startswith("Private Key Object")]


def with_certificate(settings: Settings) -> None:
    asked = next_request(settings, "cabin-17")
    install(settings, "cabin-17", pem(ROOT.sign(asked, days(1, 365))), NOW_S)


@needs_token
@pytest.mark.slow
def test_the_key_is_made_in_the_token_and_the_request_is_signed_by_it(settings: Settings) -> None:
    asked = next_request(settings, "cabin-17")
    assert asked.is_signature_valid
    assert next_request(settings, "cabin-17") == asked
    assert len(objects(settings)) == 1
    with_certificate(settings)
    content = current_pair(settings).key.read_bytes()
    assert is_token_file(content)
    assert b"PRIVATE KEY-----" not in content
    assert PIN.encode() not in content
    assert public_key_of(settings, current_pair(settings))
    with_certificate(settings)
    assert len(objects(settings)) == 2, "a fresh one, and the one before it"
    worked(settings)
    assert len(objects(settings)) == 1, "the old one is gone from the token too"


@needs_token
@pytest.mark.slow
def test_the_token_gives_no_private_key(settings: Settings, tmp_path: Path) -> None:
    """Asked for it with the right PIN; and the token's own word that it never could."""
    next_request(settings, "cabin-17")
    place = place_in((Path(settings.paths.data) / "fleet" / "next" / "key.pem").read_bytes())
    words = ["pkcs11-tool", "--module", settings.certificate.token_module, "--token-label", place.token]
    words += ["--login", "--pin", PIN]
    out = tmp_path / "out"
    read = [*words, "--read-object", "--type", "privkey", "--id", place.id, "--output-file", str(out)]
    subprocess.run(read, capture_output=True, timeout=60)
    assert not out.exists() or out.read_bytes() == b""
    listed = subprocess.run([*words, "-O"], capture_output=True, text=True, timeout=60)
    assert "never extractable" in listed.stdout


@needs_token
@pytest.mark.slow
def test_what_a_token_answers_is_named_without_the_pin(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("99999999")
    with pytest.raises(FaultError) as caught:
        next_request(settings, "cabin-17")
    assert (caught.value.code, caught.value.detail) == ("key_token_failed", "CKR_PIN_INCORRECT")
    (tmp_path / "pin").write_text(PIN)
    shutil.rmtree(tmp_path / "tokens")
    (tmp_path / "tokens").mkdir()
    with pytest.raises(FaultError, match="key_token_failed") as caught:
        next_request(settings, "cabin-17")
    assert PIN not in caught.value.detail


@needs_token
@pytest.mark.slow
def test_a_handshake_with_a_key_in_the_token_or_a_refusal_by_name(settings: Settings, tmp_path: Path) -> None:
    """In a process of its own, as the library of a token stays loaded."""
    with_certificate(settings)
    ROOT.server_files(tmp_path)
    own = settings.certificate
    script = f"""
from pathlib import Path
from edge.faults.fault import FaultError
from edge.fleet.certificate import client_context
from edge.settings.load import load
from tests.fleet.test_certificate import Server
import edge.fleet.certificate, os, ssl, sys
settings = load(None, ["paths.data={settings.paths.data}", "certificate.key_uri={own.key_uri}",
    "certificate.token_module={own.token_module}", "certificate.pin_file={own.pin_file}"])
try:
    context = client_context(settings)
except FaultError as fault:
    print(fault.code, fault.detail)
    sys.stdout.flush()
    os._exit(0)
server = Server(tuple(Path("{tmp_path}") / name for name in ("server-localhost.pem", "server-localhost.key")))
server.context.load_verify_locations("{tmp_path / "data" / "fleet" / "ca.pem"}")
for _ in range(3):
    print(server.seen_of(context))
sys.stdout.flush()
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=100, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    if provider_here():
        assert done.stdout.count("cabin-17") == 3, done.stdout + done.stderr
    else:
        assert done.stdout.startswith(f"key_token_unsupported {ssl.OPENSSL_VERSION} finds no provider pkcs11")


def test_a_file_that_stands_for_no_key_is_refused_by_name(settings_alone: Settings) -> None:
    pair = Path(settings_alone.paths.data) / "fleet" / "pairs" / "1"
    pair.mkdir(parents=True)
    (pair.parents[1] / "current").symlink_to("pairs/1")
    for content in (b"", b"AAAA", b"????", b"cGtjczExOnRva2VuPWE="):
        (pair / "key.pem").write_bytes(
            b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (LABEL, content, LABEL)
        )
        (pair / "key.pem").chmod(0o600)
        with pytest.raises(FaultError):
            public_key_of(settings_alone, current_pair(settings_alone))
    (pair / "certificate.pem").write_bytes(pem(ROOT.certificate))
    (pair.parents[1] / "ca.pem").write_bytes(pem(ROOT.certificate))
    with pytest.raises(FaultError):
        client_context(settings_alone)


@pytest.fixture
def settings_alone(tmp_path: Path) -> Settings:
    return load(None, [f"paths.data={tmp_path}"])


def test_the_address_names_a_token_and_a_key_and_no_pin() -> None:
    place = place_of("pkcs11:token=cabin%2017;object=kiosk")
    assert (place.token, place.object) == ("cabin 17", "kiosk")
    assert place_of(place.with_id().address).token == "cabin 17"
    module = "certificate.token_module=/m.so"
    for wrong in ("pkcs11:token=a", "pkcs11:token=a;object=b?pin-value=1234", "http://x"):
        with pytest.raises(SettingsError):
            load(None, [f"certificate.key_uri={wrong}", module])
    with pytest.raises(SettingsError, match=r"needs certificate\.token_module"):
        load(None, ["certificate.key_uri=pkcs11:token=a;object=b"])
