"""A request for a certificate (PKCS#10, RFC 2986), and the certificate that comes back for it.

The key of a request is made for it and stays in `next` until a certificate of that key is installed; asked
again, the same request comes out again. So a request may be copied off, lost and copied off once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.faults.fault import FaultError
from edge.fleet.certificate import (
    as_pem,
    certificates_in,
    chain_in_use,
    common_name,
    ends_s,
    key_bytes,
    readable_certificates,
    wrong_with,
)
from edge.fleet.keys import key_content, new_key, signing_key
from edge.fleet.pairs import (
    CERTIFICATE,
    KEY,
    REQUEST,
    authorities_file,
    current_pair,
    kept_elsewhere,
    next_folder,
    settle,
    take_next,
    write_own,
)
from edge.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Installed:
    """What was installed: whom it names, and when it ends, in seconds since 1970."""

    name: str
    ends_s: float


def next_request(
    settings: Settings, kiosk_id: str, *, fresh: bool = False, like: x509.Certificate | None = None
) -> x509.CertificateSigningRequest:
    """The request that waits for its certificate, made where there is none. `fresh`: with a new key.

    `like`: its subject and its other names are those of this certificate, as renewing by EST asks for
    (RFC 7030 section 4.2.2). Raises `FaultError`.
    """
    _ours(settings)
    if not kiosk_id:
        raise FaultError("certificate_nameless", "mqtt.kiosk_id is empty")
    settle(settings)
    folder = next_folder(settings)
    if fresh or not (folder / KEY).exists():
        new_key(settings, folder / KEY)
    key = signing_key(settings, folder / KEY)
    subject = like.subject if like else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, kiosk_id)])
    before = _request_in(folder / REQUEST)
    own = key_bytes(key.public_key())
    if before is not None and before.subject == subject and key_bytes(before.public_key()) == own:
        return before
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    )
    if (names := _other_names(like)) is not None:
        builder = builder.add_extension(names, critical=False)
    request = builder.sign(key, hashes.SHA256())
    write_own(folder / REQUEST, request.public_bytes(serialization.Encoding.PEM))
    return request


def _other_names(like: x509.Certificate | None) -> x509.SubjectAlternativeName | None:
    if like is None:
        return None
    try:
        return like.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return None


def waiting(settings: Settings) -> bool:
    """Whether a request waits for its certificate."""
    return not kept_elsewhere(settings) and (next_folder(settings) / REQUEST).exists()


def install(settings: Settings, kiosk_id: str, content: bytes, wall_s: float | None) -> Installed:
    """Make a certificate the one in use: of the key that waits, or a new one of the key in use.

    `content` as the authority gave it, PEM or DER, in any order; `wall_s` None: nobody has set the clock.
    Raises `FaultError` with everything that is wrong, and has changed nothing then.
    """
    _ours(settings)
    return install_chain(settings, kiosk_id, certificates_in(content, "what was given"), wall_s)


def install_chain(
    settings: Settings, kiosk_id: str, given: Sequence[x509.Certificate], wall_s: float | None
) -> Installed:
    """As `install`, of certificates that were read already."""
    _ours(settings)
    settle(settings)
    folder = next_folder(settings)
    keys = [file for file in (current_pair(settings).key, folder / KEY) if file.exists()]
    known = {key_bytes(signing_key(settings, file).public_key()): file for file in keys}
    if not known:
        raise FaultError("key_missing", "there is no key that a certificate could be of")
    chain = _in_order(given, set(known))
    own = key_bytes(chain[0].public_key())
    authorities = readable_certificates(authorities_file(settings))  # it may come later than the certificate
    wrong = list(wrong_with(chain, own if own in known else b"", kiosk_id, wall_s, authorities))
    if wrong:
        others = "".join(f"; {fault.code}: {fault.detail}" for fault in wrong[1:])
        raise FaultError(wrong[0].code, wrong[0].detail + others)
    # One that is brought again, as after a power cut: the pair before it has to stay.
    if chain_in_use(settings) == chain:
        return Installed(common_name(chain[0]), ends_s(chain))
    if known[own] != folder / KEY:  # signed once more: the same key begins a pair of its own
        write_own(folder / KEY, key_content(known[own], ours=True))
    write_own(folder / CERTIFICATE, as_pem(chain))
    take_next(settings)
    return Installed(common_name(chain[0]), ends_s(chain))


def _ours(settings: Settings) -> None:
    if kept_elsewhere(settings):
        raise FaultError("key_elsewhere", settings.certificate.key_file)


def _in_order(given: Sequence[x509.Certificate], known: set[bytes]) -> list[x509.Certificate]:
    """The kiosk's own first, then who signed it, and so on; roots and what has no part in it are left out."""
    left = list(given)
    own = next((one for one in left if key_bytes(one.public_key()) in known), None)
    if own is None:  # none is the kiosk's: what is wrong with the first is what is told
        return [left[0]]
    chain = [own]
    left.remove(own)
    while above := next((one for one in left if one.subject == chain[-1].issuer), None):
        left.remove(above)
        if above.subject != above.issuer:
            chain.append(above)
    return chain


def _request_in(file: Path) -> x509.CertificateSigningRequest | None:
    """None where there is none, or none that can be read: then another one is made."""
    try:
        return x509.load_pem_x509_csr(file.read_bytes())
    except (OSError, ValueError):
        return None
