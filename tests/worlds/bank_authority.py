"""An authority for tests: makes certificates of every kind, good and bad, and files of them."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.fleet.certificate import PublicKey

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NOW_S = NOW.timestamp()
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
FAR_AWAY = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)


def name_of(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def fresh_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def pem(*chain: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)


@dataclass(frozen=True)
class Times:
    """From when until when a certificate holds."""

    begins: dt.datetime = LONG_AGO
    ends: dt.datetime = FAR_AWAY


ALWAYS = Times()


def days(before: float, after: float) -> Times:
    """So many days before and after NOW."""
    return Times(NOW - dt.timedelta(days=before), NOW + dt.timedelta(days=after))


@dataclass
class Authority:
    """A root of its own, or below `above`."""

    name: str = "Bank Root"
    above: Authority | None = None
    times: Times = ALWAYS
    key: ec.EllipticCurvePrivateKey = field(default_factory=fresh_key)

    def __post_init__(self) -> None:
        signer = self.above or self
        self.certificate = self._sign(
            name_of(self.name),
            self.key.public_key(),
            [(x509.BasicConstraints(ca=True, path_length=None), True)],
            self.times,
            signer,
        )

    @property
    def chain(self) -> list[x509.Certificate]:
        """Itself and what is above it, without the root."""
        return [] if self.above is None else [self.certificate, *self.above.chain]

    def issue(
        self,
        key: PublicKey,
        common_name: str,
        times: Times = ALWAYS,
        usages: Sequence[x509.ObjectIdentifier] | None = CLIENT,
        hosts: Sequence[str] = (),
        authority: bool = False,
    ) -> x509.Certificate:
        """A certificate of `key`; `usages` None leaves the extension out."""
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.BasicConstraints(ca=authority, path_length=None), True)
        ]
        if usages is not None:
            extensions.append((x509.ExtendedKeyUsage(usages), False))
        if hosts:
            extensions.append((x509.SubjectAlternativeName([_host(one) for one in hosts]), False))
        return self._sign(name_of(common_name), key, extensions, times, self)

    def sign(self, request: x509.CertificateSigningRequest, times: Times = ALWAYS) -> x509.Certificate:
        """As a bank's authority does: the request's name and key, nothing else of it."""
        assert request.is_signature_valid
        key = request.public_key()
        assert isinstance(key, PublicKey)
        name = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        return self.issue(key, str(name), times)

    def server_files(
        self, folder: Path, hosts: Sequence[str] = ("localhost", "127.0.0.1"), times: Times = ALWAYS
    ) -> tuple[Path, Path]:
        """Certificate and key of a server, for `load_cert_chain`."""
        key = fresh_key()
        certificate = self.issue(key.public_key(), hosts[0], times, SERVER, hosts)
        files = folder / f"server-{hosts[0]}.pem", folder / f"server-{hosts[0]}.key"
        files[0].write_bytes(pem(certificate, *self.chain))
        files[1].write_bytes(key_pem(key))
        return files

    def _sign(
        self,
        subject: x509.Name,
        key: PublicKey,
        extensions: Sequence[tuple[x509.ExtensionType, bool]],
        times: Times,
        signer: Authority,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name_of(signer.name))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(times.begins)
            .not_valid_after(times.ends)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False
            )
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer.key, hashes.SHA256())


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
