"""A publisher of releases for tests: keys, repository, stick, and an HTTPS server that can misbehave."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from edge.updates.keys import read_keys
from edge.updates.publish import Lives, Publisher, Thresholds
from edge.updates.release import Release, Stage, machine_here, python_here

NEW_ID = "9.1.0-0123456789ab"


def release(version: str = "9.1.0", percent: int = 100) -> Release:
    """One for this machine."""
    return Release(
        version=version,
        id=f"{version}-0123456789ab",
        machine=machine_here(),
        python_min=python_here(),
        python_max=python_here(),
        record=4,
        unpacked_mb=1,
        stages=(Stage(0, percent),),
    )


class Shop:
    """`repository` is what a server hands out; `trusted` are the first keys, as a kiosk has them."""

    def __init__(self, folder: Path, thresholds: Thresholds | None = None) -> None:
        self.repository = folder / "repository"
        self.keys = folder / "keys"
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        Publisher(self.repository, {}).begin(self.keys, "", thresholds)
        self.trusted = (self.metadata / "1.root.json").read_bytes()

    @property
    def metadata(self) -> Path:
        return self.repository / "metadata"

    @property
    def targets(self) -> Path:
        return self.repository / "targets"

    def publisher(self, *, ago_days: float = 0.0, lives: Lives | None = None) -> Publisher:
        now = datetime.now(UTC) - timedelta(days=ago_days)
        return Publisher(self.repository, read_keys([self.keys], ""), lives, now)

    def add(self, what: Release | None = None, content: bytes = b"archive " * 1000) -> Release:
        what = what or release()
        archive = self._folder / "archive.tar"
        archive.write_bytes(content)
        self.publisher().add(archive, what)
        return what

    def archive(self) -> Path:
        """The one that is handed out."""
        (path,) = self.targets.iterdir()
        return path

    def copy(self, name: str) -> Path:
        """The repository as it is now, to be put back later by somebody who holds newer ones away."""
        to = self._folder / name
        shutil.copytree(self.repository, to)
        return to

    def put_back(self, copy: Path, pattern: str = "*") -> None:
        for path in copy.rglob(pattern):
            if path.is_file():
                shutil.copy(path, self.repository / path.relative_to(copy))


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "server.pem", folder / "server.key"
    certificate_file.write_bytes(built.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate_file, key_file


Misbehaving = Callable[["Handler", Path], bool]
"""Answers in its own way, or says that it has not."""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files and ranges; `misbehave` goes first."""

    misbehave: ClassVar[Misbehaving] = staticmethod(lambda handler, path: False)
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        type(self).asked.append(f"{self.path} {self.headers.get('Range', '')}".strip())
        if type(self).misbehave(self, path):
            return
        wanted = self.headers.get("Range")
        if wanted and path.is_file():
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            content = path.read_bytes()[begin:]
            self.send_response(206)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


def endless(handler: Handler, path: Path) -> bool:
    """The right beginning, then more and more, without a length."""
    if path.suffix != ".tar" and path.name != "timestamp.json":
        return False
    handler.send_response(200)
    handler.end_headers()
    with contextlib.suppress(OSError):
        handler.wfile.write(path.read_bytes())
        while True:
            handler.wfile.write(b"x" * 65536)
    return True


def slow(handler: Handler, path: Path) -> bool:
    """A byte now and then."""
    if path.suffix != ".tar":
        return False
    content = path.read_bytes()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    with contextlib.suppress(OSError):
        for at in range(len(content)):
            handler.wfile.write(content[at : at + 1])
            handler.wfile.flush()
            time.sleep(0.05)
    return True


@contextlib.contextmanager
def https(
    shop: Shop, folder: Path, misbehave: Misbehaving | None = None
) -> Iterator[tuple[str, Path, type[Handler]]]:
    """The repository over TLS: its address, who signed the server's certificate, and what was asked."""
    certificate_file, key_file = certificate(folder)

    class Own(Handler):
        asked: ClassVar[list[str]] = []

    if misbehave is not None:
        Own.misbehave = staticmethod(misbehave)

    def made(*args: object, **more: object) -> Own:
        return Own(*args, directory=str(shop.repository), **more)  # type: ignore[arg-type]

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), made)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", certificate_file, Own
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
