"""A bank's certificate authority for one test: P-256, made in milliseconds, kept below the test's folder."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is to a broker: the files of a key and its certificate, and of the authority trusted."""

    name: str
    key_file: Path
    certificate_file: Path
    ca_file: Path


class Authority:
    """One authority. `folder` takes its certificate, its list of revoked ones, and what it certified."""

    def __init__(self, folder: Path, name: str = "A bank's authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._revoked: list[int] = []
        now = datetime.datetime.now(datetime.UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 400 * _DAY)
            .not_valid_after(now + 3650 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
        self.crl_file = folder / "revoked.pem"
        self.write_list()

    def certify(
        self, name: str, *, server: bool = False, days: float = 30.0, since_days: float = 1.0
    ) -> Identity:
        """A new key and its certificate for `name`, good for `days` from now (negative: it has ended).

        A server's is for 127.0.0.1, ::1 and localhost.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - since_days * _DAY)
            .not_valid_after(now + days * _DAY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        )
        if server:
            addresses = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
            names = [x509.DNSName("localhost"), *(x509.IPAddress(address) for address in addresses)]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        built = builder.sign(self._key, hashes.SHA256())
        # The name may hold anything (a test asks for a slash); the files are named by the serial number.
        stem = self._folder / f"{built.serial_number:x}"
        identity = Identity(name, stem.with_suffix(".key"), stem.with_suffix(".pem"), self.ca_file)
        identity.certificate_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
        identity.key_file.touch(mode=0o600)
        identity.key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return identity

    def revoke(self, identity: Identity) -> None:
        """Put it on the list; a broker that runs reads the list when it is told to, or when it starts."""
        found = x509.load_pem_x509_certificate(identity.certificate_file.read_bytes())
        self._revoked.append(found.serial_number)
        self.write_list()

    def write_list(self, *, days: float = 30.0) -> None:
        """The list of revoked certificates, good for `days` from now (negative: its time has passed)."""
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - 40 * _DAY)
            .next_update(now + days * _DAY)
        )
        for serial in self._revoked:
            one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - _DAY)
            builder = builder.add_revoked_certificate(one.build())
        built = builder.sign(self._key, hashes.SHA256())
        self.crl_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
