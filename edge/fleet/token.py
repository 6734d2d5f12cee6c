"""A key in a TPM or another token, by PKCS#11: made in it, used in it, and nothing can read it out.

The token is asked by OpenSC's `pkcs11-tool`; TLS asks it through OpenSSL's provider `pkcs11`
(github.com/latchset/pkcs11-provider, Debian 13's package pkcs11-provider), which takes a PEM file that holds
the key's address (RFC 7512) where a key file is due. Debian 12 has no such provider: there TLS with a token
is refused by name.
"""

from __future__ import annotations

import base64
import ctypes
import hashlib
import os
import re
import secrets
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from edge.faults.fault import FaultError
from edge.settings.schema import Settings
from edge.settings.secrets import Secret, read_secret

LABEL: Final = b"PKCS#11 PROVIDER URI"
"""Of the PEM file that stands for a key in a token."""

_TOOL: Final = "pkcs11-tool"
_TOOL_S: Final = 60.0
_ADDRESS: Final = re.compile(
    r"pkcs11:token=([^;]+);object=([^;]+)(?:;id=((?:%[0-9a-f]{2})+))?(?:;type=private)?"
)
_DESCRIPTION: Final = b"PKCS#11 Provider URI v1.0"
_PROVIDER: Final = "pkcs11"
_loaded: set[str] = set()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key is: the token's label, the object's, and the id that tells its keys apart."""

    token: str
    object: str
    id: str = ""

    def with_id(self) -> Place:
        """The place of a fresh key beside those that are there."""
        return Place(self.token, self.object, secrets.token_hex(8))

    @property
    def address(self) -> str:
        ident = "".join(f"%{self.id[at : at + 2]}" for at in range(0, len(self.id), 2))
        return f"pkcs11:token={quote(self.token)};object={quote(self.object)};id={ident};type=private"


def place_of(address: str) -> Place:
    """The place in an address. Raises `FaultError`."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise FaultError("key_token_failed", "the address has to be pkcs11:token=LABEL;object=LABEL")
    return Place(unquote(found[1]), unquote(found[2]), (found[3] or "").replace("%", ""))


def make_in_token(settings: Settings) -> bytes:
    """A fresh key on P-256 in the token of the settings; the PEM that stands for it. Raises `FaultError`."""
    place = place_of(settings.certificate.key_uri).with_id()
    made = ("--keypairgen", "--key-type", "EC:prime256v1", "--usage-sign")
    _tool(settings, place, *made, "--label", place.object)
    return _pem(place.address)


def is_token_file(content: bytes) -> bool:
    return b"-----BEGIN " + LABEL in content


def place_in(content: bytes) -> Place:
    """The place that a file stands for. Raises `FaultError`."""
    body = b"".join(content.partition(LABEL + b"-----")[2].partition(b"-----END")[0].split())
    try:
        der = base64.b64decode(body, validate=True)
    except ValueError:
        raise FaultError("key_unusable", "the file of a key in a token is damaged") from None
    return place_of(der[der.find(b"pkcs11:") :].decode("ascii", "replace"))


def drop_from_token(settings: Settings, content: bytes) -> None:
    """Remove the key that a file stands for from its token. Raises `FaultError`."""
    place = place_in(content)
    for kind in ("privkey", "pubkey"):
        _tool(settings, place, "--delete-object", "--type", kind)


class TokenKey(ec.EllipticCurvePrivateKey):
    """A key in a token, for signing a request: everything that would need the key itself is refused."""

    def __init__(self, settings: Settings, place: Place) -> None:
        self._settings = settings
        self._place = place
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "public"
            _tool(settings, place, "--read-object", "--type", "pubkey", "--output-file", str(out))
            try:
                key = serialization.load_der_public_key(out.read_bytes())
            except (OSError, ValueError):
                raise FaultError("key_token_failed", "the token gives no public key") from None
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise FaultError("key_token_failed", "the token's key is on no elliptic curve")
        self._public = key

    def sign(
        self,
        data: bytes | bytearray | memoryview,
        signature_algorithm: ec.EllipticCurveSignatureAlgorithm,
    ) -> bytes:
        if isinstance(signature_algorithm.algorithm, Prehashed):
            raise FaultError("key_token_failed", "only whole messages are signed")
        digest = hashlib.sha256(bytes(data)).digest()
        with tempfile.TemporaryDirectory() as folder:
            asked, out = Path(folder) / "asked", Path(folder) / "signed"
            asked.write_bytes(digest)
            files = ("--input-file", str(asked), "--output-file", str(out), "--signature-format", "openssl")
            _tool(self._settings, self._place, "--sign", "--mechanism", "ECDSA", *files)
            try:
                return out.read_bytes()
            except OSError:  # the tool ends with 0 for some things that it did not do
                raise FaultError("key_token_failed", "the token gives no signature") from None

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:
        raise FaultError("key_token_failed", "the key is for signing alone")

    def private_numbers(self) -> NoReturn:
        raise FaultError("key_token_failed", "the key does not leave its token")

    def private_bytes(
        self,
        encoding: serialization.Encoding,
        format: serialization.PrivateFormat,
        encryption_algorithm: serialization.KeySerializationEncryption,
    ) -> NoReturn:
        raise FaultError("key_token_failed", "the key does not leave its token")

    def __copy__(self) -> TokenKey:
        return self

    def __deepcopy__(self, memo: object) -> TokenKey:
        return self


def load_provider(settings: Settings) -> None:
    """Let OpenSSL, and so Python's `ssl`, use keys in tokens. Raises `FaultError` where it cannot."""
    module = settings.certificate.token_module
    if module in _loaded:
        return
    os.environ["PKCS11_PROVIDER_MODULE"] = module  # the provider has no other way to be told without a file
    try:
        library = ctypes.CDLL("libcrypto.so.3")
        load = library.OSSL_PROVIDER_try_load
        load.restype, load.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        found = load(None, _PROVIDER.encode(), 1)  # 1: and what is there without it stays there
    except (OSError, AttributeError):
        found = None
    if not found:
        raise FaultError(
            "key_token_unsupported",
            f"{ssl.OPENSSL_VERSION} finds no provider {_PROVIDER}: Debian 13 has the package pkcs11-provider",
        )
    _loaded.add(module)


def token_pin(settings: Settings) -> str:
    """Raises `FaultError` where none is given."""
    pin = read_secret(settings, Secret.TOKEN_PIN)
    if pin is None:
        raise FaultError("key_token_failed", "neither certificate.pin_file nor the credential token_pin")
    return pin


def _tool(settings: Settings, place: Place, *words: str) -> None:
    """One call of the token. The PIN goes by the environment, which no other user reads."""
    tool = shutil.which(_TOOL)
    if tool is None:
        raise FaultError("key_token_unsupported", f"there is no {_TOOL}: install the package opensc")
    where = ("--module", settings.certificate.token_module, "--token-label", place.token, "--id", place.id)
    try:
        done = subprocess.run(
            [tool, *where, "--login", "--pin", "env:CABINGUARD_TOKEN_PIN", *words],
            env={**os.environ, "CABINGUARD_TOKEN_PIN": token_pin(settings)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TOOL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FaultError("key_token_failed", f"no answer within {_TOOL_S:g} s") from None
    if done.returncode != 0:
        raise FaultError("key_token_failed", _said(done.stderr))


def _said(errors: bytes) -> str:
    """The tool's last word, which names what the token answered (CKR_...) and no PIN."""
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    named = re.findall(r"CKR_[A-Z_]+", " ".join(lines))
    return named[0] if named else (lines[-1][:120] if lines else "it failed and did not say why")


def _pem(address: str) -> bytes:
    """The file that the provider takes for a key: a description and the address, in ASN.1."""
    inner = b"".join(_der((0x1A, _DESCRIPTION), (0x0C, address.encode("ascii"))))
    body = base64.b64encode(b"".join(_der((0x30, inner))))
    lines = b"\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (LABEL, lines, LABEL)


def _der(*parts: tuple[int, bytes]) -> Iterator[bytes]:
    for tag, content in parts:
        size = len(content)
        length = bytes([size]) if size < 0x80 else bytes([0x82, size >> 8, size & 0xFF])
        yield bytes([tag]) + length + content
