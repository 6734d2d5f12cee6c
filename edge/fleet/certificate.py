"""Who the kiosk is to others: its certificate, what is wrong with it by name, and the TLS it is shown in.

A date is judged by a clock that something outside the machine has set, and by no other: a kiosk without a
clock chip starts in the past, and its certificate has neither ended nor not begun for that.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.faults.fault import FaultError
from edge.fleet.keys import key_content, signing_key
from edge.fleet.pairs import Pair, authorities_file, current_pair, kept_elsewhere
from edge.fleet.token import is_token_file, load_provider, token_pin
from edge.settings.schema import Settings

DAY_S: Final = 86400.0
_LARGEST: Final = 1 << 20
_NO_TIMES: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h, for which `ssl` has no name."""

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def certificate_days_left(settings: Settings, wall_s: float) -> float | None:
    """Days until the first certificate of the kiosk's chain ends, below 0 once it has; None where none is.

    `wall_s`: seconds since 1970 of a clock that was set. Never raises.
    """
    chain = chain_in_use(settings)
    return (ends_s(chain) - wall_s) / DAY_S if chain else None


def begins_s(certificate: x509.Certificate) -> float:
    """Seconds since 1970."""
    return certificate.not_valid_before_utc.timestamp()


def ends_s(chain: Sequence[x509.Certificate]) -> float:
    """When the first of them ends, in seconds since 1970."""
    return min(one.not_valid_after_utc.timestamp() for one in chain)


def common_name(certificate: x509.Certificate) -> str:
    """The name that the certificate gives its owner; empty where it gives none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def read_certificates(file: Path) -> list[x509.Certificate]:
    """Every certificate of a PEM file, in its order, one at least. Raises `FaultError`."""
    try:
        with file.open("rb") as source:
            content = source.read(_LARGEST + 1)
    except FileNotFoundError:
        raise FaultError("certificate_missing", str(file)) from None
    except OSError as error:
        raise FaultError("certificate_unreadable", f"{file}: {error.strerror}") from error
    return certificates_in(content, str(file))


def readable_certificates(file: Path) -> list[x509.Certificate]:
    """As `read_certificates`; none where the file is not there or cannot be read."""
    try:
        return read_certificates(file)
    except FaultError:
        return []


def chain_in_use(settings: Settings) -> list[x509.Certificate]:
    """The kiosk's own certificate and those above it; none where there is none that can be read."""
    return readable_certificates(current_pair(settings).certificate)


def certificates_in(content: bytes, where: str) -> list[x509.Certificate]:
    """The certificates of a PEM text, or the one of a DER file. Raises `FaultError` naming `where`."""
    if b"PRIVATE KEY-----" in content:
        raise FaultError("certificate_unreadable", f"{where}: a private key is in it, and has no place there")
    try:
        if content.startswith(b"\x30"):
            return [x509.load_der_x509_certificate(content)]
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        long = f"longer than {_LARGEST} bytes" if len(content) > _LARGEST else "no certificate in PEM"
        raise FaultError("certificate_unreadable", f"{where}: {long}") from None


def as_pem(chain: Sequence[x509.Certificate]) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)


def key_bytes(key: object) -> bytes:
    """A public key in the one form in which two of them can be compared (SubjectPublicKeyInfo, DER)."""
    if not isinstance(key, PublicKey):
        return b""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def wrong_with(
    chain: Sequence[x509.Certificate],
    own_key: bytes,
    kiosk_id: str,
    wall_s: float | None,
    authorities: Sequence[x509.Certificate] = (),
) -> Iterator[FaultError]:
    """Everything that keeps this chain from being the kiosk's, the kiosk's own certificate being the first.

    `own_key` as `key_bytes` has it; `kiosk_id` empty: any name will do; `wall_s` None: nobody has set the
    clock, and no date is judged.
    """
    own = chain[0]
    if own_key != key_bytes(own.public_key()):
        yield FaultError("certificate_other_key", "it was made for another key than the kiosk's")
    if kiosk_id and common_name(own) != kiosk_id:
        yield FaultError("certificate_not_ours", f"it names {common_name(own) or 'nobody'}, not {kiosk_id}")
    yield from _unfit(own)
    yield from _broken(chain, authorities)
    if wall_s is not None:
        yield from _dates(chain, wall_s)


def _dates(chain: Sequence[x509.Certificate], wall_s: float) -> Iterator[FaultError]:
    for one in chain:
        who = common_name(one) or "one without a name"
        if wall_s < begins_s(one):
            yield FaultError("certificate_not_yet", f"{who}: from {day(begins_s(one))}")
        if wall_s >= ends_s([one]):
            yield FaultError("certificate_ended", f"{who}: on {day(ends_s([one]))}")


def day(at_s: float) -> str:
    """A moment in seconds since 1970, for people."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _unfit(own: x509.Certificate) -> Iterator[FaultError]:
    """What RFC 5280 lets an authority rule out: a client, and anything but an authority."""
    try:
        usages = own.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if not {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usages):
            yield FaultError("certificate_unfit", "its extended key usage leaves out client authentication")
    except x509.ExtensionNotFound:
        pass
    except ValueError:
        yield FaultError("certificate_unfit", "its extensions cannot be read")
        return
    try:
        if own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            yield FaultError("certificate_unfit", "it is an authority's, not a kiosk's")
    except x509.ExtensionNotFound:
        pass


def _broken(
    chain: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate]
) -> Iterator[FaultError]:
    """Each must be signed by the one after it, the last by an authority where one of that name is known."""
    for one, above in pairwise(chain):
        if not _signed(one, above):
            yield FaultError(
                "certificate_chain_broken",
                f"{common_name(one) or 'one'} was not signed by {common_name(above) or 'the next'}",
            )
    last = chain[-1]
    named = [one for one in authorities if one.subject == last.issuer]
    if named and not any(_signed(last, above) for above in named):
        theirs = common_name(named[0])
        yield FaultError(
            "certificate_chain_broken",
            f"{common_name(last) or 'the last'} was not signed by the {theirs} in the authorities' file",
        )


def _signed(one: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def public_key_of(settings: Settings, pair: Pair) -> bytes:
    """The public key of the pair's private key, as `key_bytes` has it. Raises `FaultError`."""
    return key_bytes(signing_key(settings, pair.key).public_key())


def client_context(
    settings: Settings, *, clock_set: bool = True, previous: bool = False, authorities: Path | None = None
) -> ssl.SSLContext:
    """TLS of version 1.2 or later in which the kiosk shows its certificate and checks the server's.

    A server has to show the name that it was called by, signed by one of the authorities of the settings.
    `clock_set` False: nobody has set the clock, so no date of the server's certificate is judged. `previous`:
    with the pair before the one in use. `authorities`: instead of those of the settings. Raises `FaultError`.
    """
    pair = current_pair(settings, previous=previous)
    read_certificates(pair.certificate)  # what is wrong with either file has a name there
    context = server_context(authorities or authorities_file(settings), clock_set=clock_set)
    password = _no_password
    if is_token_file(key_content(pair.key, ours=not kept_elsewhere(settings))):
        load_provider(settings)
        pin = token_pin(settings)

        def password() -> str:
            return pin

    try:
        context.load_cert_chain(pair.certificate, pair.key, password=password)
    except FaultError:
        raise
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise FaultError("certificate_other_key", f"{pair.certificate} and {pair.key}") from None
        raise FaultError(
            "key_unusable", f"{pair.key}: {error.reason or 'not a private key in PEM'}"
        ) from None
    except OSError as error:
        raise FaultError("key_unusable", f"{pair.key}: {error.strerror}") from error
    return context


def server_context(authorities: Path, *, clock_set: bool = True) -> ssl.SSLContext:
    """TLS of version 1.2 or later that trusts a server by these authorities alone. Raises `FaultError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        read_certificates(authorities)
        context.load_verify_locations(authorities)
    except FaultError as error:
        raise FaultError("authorities_missing", error.detail) from None
    except (ssl.SSLError, OSError) as error:
        raise FaultError("authorities_missing", f"{authorities}: {error.strerror}") from error
    if not clock_set:
        context.verify_flags |= ssl.VerifyFlags(_NO_TIMES)
    return context


def _no_password() -> str:
    """OpenSSL would ask on the terminal otherwise, and wait."""
    raise FaultError("key_unusable", "the key has a password, and nobody is there to type it")
