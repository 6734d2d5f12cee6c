"""An EST server for tests, at the wire: TLS, HTTP/1.1, base64, PKCS#7, as RFC 7030 and RFC 8951 have them.

It signs what an authority of the tests may sign, asks for a password or a certificate, and plays every way in
which such a server can fail. What it was asked is kept.
"""

from __future__ import annotations

import base64
import contextlib
import http.server
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tests.worlds.bank_authority import ALWAYS, Authority, Times, pem


@dataclass
class Asked:
    """One question: what it was, whose certificate was shown, what password said."""

    what: str
    shown: str
    login: str
    request: x509.CertificateSigningRequest | None


@dataclass
class Answer:
    """What goes back instead of a certificate."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drip_s: float = 0.0


class EstWorld:
    """The server. `authority` signs, `trusted` is whose certificates let somebody in to renew."""

    def __init__(self, folder: Path, authority: Authority, *, host: str = "localhost") -> None:
        self.authority = authority
        self.times: Times = ALWAYS
        self.password = "cabin-17:one-time-token"
        self.asked: list[Asked] = []
        self.answers: list[Answer] = []
        """Given first, one a question; then the server does its work."""
        self.sign: Callable[[x509.CertificateSigningRequest], list[x509.Certificate]] = self._sign
        root = authority.above or authority
        self.root = root
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*root.server_files(folder, (host, "127.0.0.1")))
        context.load_verify_locations(cadata=pem(root.certificate).decode())
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VerifyFlags(0x200000)  # no dates: the tests' moment is not this machine's
        self.context = context
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.server.server_address[1]}"

    def _sign(self, request: x509.CertificateSigningRequest) -> list[x509.Certificate]:
        return [self.authority.sign(request, self.times)]

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        world = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                world.take(self)

            def do_POST(self) -> None:
                world.take(self)

        return Handler

    def take(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        what = handler.path.rpartition("/")[2]
        asked = Asked(what, _shown(handler), _login(handler), None)
        if handler.command == "POST":
            assert handler.headers["Content-Type"] == "application/pkcs10"
            asked.request = x509.load_der_x509_csr(base64.b64decode(body))
            assert asked.request.is_signature_valid
        self.asked.append(asked)
        answer = self.answers.pop(0) if self.answers else self._answer(asked)
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if "Content-Length" not in answer.headers:
            handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        if not answer.drip_s:
            handler.wfile.write(answer.body)
            return
        with contextlib.suppress(OSError):  # who asked has gone
            for at in range(len(answer.body)):
                handler.wfile.write(answer.body[at : at + 1])
                time.sleep(answer.drip_s)

    def _answer(self, asked: Asked) -> Answer:
        if asked.what == "cacerts":
            return certs_only([*self.authority.chain, self.root.certificate])
        if asked.what == "simpleenroll" and asked.login != self.password:
            return Answer(401, {"WWW-Authenticate": 'Basic realm="est"'})
        if asked.what == "simplereenroll" and not asked.shown:
            return Answer(403)
        assert asked.request is not None
        return certs_only(self.sign(asked.request))


def certs_only(certificates: list[x509.Certificate]) -> Answer:
    """RFC 7030 section 4.1.3."""
    content = pkcs7.serialize_certificates(certificates, Encoding.DER)
    kind = {
        "Content-Type": "application/pkcs7-mime; smime-type=certs-only",
        "Content-Transfer-Encoding": "base64",
    }
    return Answer(200, kind, base64.encodebytes(content))


def _shown(handler: http.server.BaseHTTPRequestHandler) -> str:
    assert isinstance(handler.connection, ssl.SSLSocket)
    shown = handler.connection.getpeercert()
    names = dict(part for group in (shown or {}).get("subject", ()) for part in group)  # type: ignore[misc]
    return str(names.get("commonName", ""))


def _login(handler: http.server.BaseHTTPRequestHandler) -> str:
    kind, _, value = handler.headers.get("Authorization", "").partition(" ")
    return base64.b64decode(value).decode() if kind == "Basic" else ""


@contextlib.contextmanager
def est_world(folder: Path, authority: Authority, **named: str) -> Iterator[EstWorld]:
    world = EstWorld(folder, authority, **named)
    try:
        yield world
    finally:
        world.server.shutdown()
        world.server.server_close()
