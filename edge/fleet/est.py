"""Enrolment over Secure Transport (EST, RFC 7030 with the corrections of RFC 8951): a question, an answer.

A request is signed by a server that shows its own certificate. The kiosk shows the one that it has, or a name
and a password for the first. Of RFC 7030 are spoken: `simpleenroll`, `simplereenroll` and `cacerts`; basic
authentication; answers of 202 with `Retry-After`; being sent on within the same server. Not spoken: digest
authentication (MD5), keys made by the server (they would leave it), and the binding of a request to its
connection (`tls-unique`, which TLS 1.3 does not have).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from edge.faults.fault import FaultError

ANSWER_S: Final = 60.0
"""So long one question may take in all, however slowly the answer drips."""

WAIT_MOST_S: Final = 7 * 86400.0
"""A server that asks for more patience is asked again after this."""

_WELL_KNOWN: Final = "/.well-known/est"
_LARGEST: Final = 1 << 20
_SENT_ON_MOST: Final = 3
_SENT_ON: Final = frozenset({301, 302, 303, 307, 308})
_CERTIFICATES: Final = "application/pkcs7-mime"
_SHUT_OUT: Final = "CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED"
"""What the server's alert speaks of when it will not have the kiosk's certificate (RFC 8446 section 6.2)."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The server has not decided; the same request is to be brought again after `after_s` seconds."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Login:
    """A name and a password, or a one-time token in its place; never shown."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Login(hidden)"


class EstServer:
    """One EST server. Every call is one connection, ends within `answer_s`, and raises `FaultError`."""

    def __init__(self, url: str, context: ssl.SSLContext, *, answer_s: float = ANSWER_S) -> None:
        """`context` trusts the server's authorities, and shows the kiosk's certificate where it is to."""
        parts = urlsplit(url)
        path = parts.path.rstrip("/")
        self._base = f"https://{parts.netloc}{path or _WELL_KNOWN}"
        self._context = context
        self._answer_s = answer_s

    def authorities(self) -> list[x509.Certificate]:
        """What the server holds for its authority's certificates; to fill a chain, not to be trusted."""
        answer = self._ask("GET", "cacerts", None, None)
        if answer.status != http.client.OK:
            raise _refused(answer)
        return _certificates(answer)

    def enrol(
        self, request: x509.CertificateSigningRequest, login: Login | None
    ) -> list[x509.Certificate] | Wait:
        """The first certificate."""
        return self._signed("simpleenroll", request, login)

    def renew(self, request: x509.CertificateSigningRequest) -> list[x509.Certificate] | Wait:
        """One after the one that is shown."""
        return self._signed("simplereenroll", request, None)

    def _signed(
        self, what: str, request: x509.CertificateSigningRequest, login: Login | None
    ) -> list[x509.Certificate] | Wait:
        body = base64.encodebytes(request.public_bytes(Encoding.DER))
        answer = self._ask("POST", what, body, login)
        match answer.status:
            case http.client.OK:
                return _certificates(answer)
            case http.client.ACCEPTED:
                return Wait(_patience_s(answer))
            case _:
                raise _refused(answer)

    def _ask(self, method: str, what: str, body: bytes | None, login: Login | None) -> _Answer:
        url = f"{self._base}/{what}"
        headers = {"Accept": _CERTIFICATES, "User-Agent": "cabinguard"}
        if body is not None:
            headers |= {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}
        if login is not None:
            pair = f"{login.user}:{login.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        for _ in range(_SENT_ON_MOST + 1):
            answer = self._once(method, url, body, headers)
            if answer.status not in _SENT_ON:
                return answer
            url = self._sent_on(url, answer.headers.get("location", ""))
        raise FaultError("est_answer_odd", "sent on again and again")

    def _sent_on(self, url: str, to: str) -> str:
        """Where the answer sends the question: within the same server only, as a password goes with it."""
        there = urljoin(url, to)
        asked, sent = urlsplit(url), urlsplit(there)
        if not to or (asked.scheme, asked.netloc) != (sent.scheme, sent.netloc):
            raise FaultError("est_answer_odd", "sent on to another server")
        return there

    def _once(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> _Answer:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        with (
            _named(parts.netloc),
            socket.create_connection((host, port), self._answer_s) as plain,
            _ended_after(plain, self._answer_s),
            self._context.wrap_socket(plain, server_hostname=host) as over_tls,
        ):
            connection = http.client.HTTPConnection(parts.netloc)
            connection.sock = over_tls
            connection.request(method, parts.path, body, dict(headers))
            with contextlib.closing(connection.getresponse()) as response:
                content = response.read(_LARGEST + 1)
                missing = response.length  # of what the head has promised; None: it promised nothing
        if len(content) > _LARGEST:
            raise FaultError("est_answer_odd", f"longer than {_LARGEST} bytes")
        if missing:
            raise FaultError("est_unreachable", f"{parts.netloc}: broken off in the middle of the answer")
        return _Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes


@contextlib.contextmanager
def _named(server: str) -> Iterator[None]:
    """What fails on the way to the server, by its name in the catalogue."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise FaultError("est_untrusted", f"{server}: {error.verify_message}") from None
    except ssl.SSLError as error:
        if "ALERT" in (error.reason or "") and re.search(_SHUT_OUT, error.reason or ""):
            raise FaultError("est_login_refused", f"{server}: {error.reason}") from None
        raise FaultError("est_unreachable", f"{server}: TLS failed, {error.reason or 'broken off'}") from None
    except TimeoutError:
        raise FaultError("est_unreachable", f"{server}: no answer in time") from None
    except socket.gaierror:
        raise FaultError("est_unreachable", f"{server}: the name is not known") from None
    except http.client.HTTPException as error:
        raise FaultError("est_answer_odd", f"{server}: {type(error).__name__}") from None
    except OSError as error:
        raise FaultError("est_unreachable", f"{server}: {error.strerror or 'broken off'}") from None


@contextlib.contextmanager
def _ended_after(plain: socket.socket, after_s: float) -> Iterator[None]:
    """Every single read has a time limit; this one is for all of them together."""
    ended = threading.Event()
    twin = plain.dup()  # TLS takes the other one over

    def end() -> None:
        ended.set()
        with contextlib.suppress(OSError):
            twin.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(after_s, end)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError:  # the system has no thread to give
        twin.close()
        raise FaultError("est_unreachable", "no thread can be started here") from None
    try:
        yield
    except (OSError, http.client.HTTPException):
        if ended.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
        twin.close()
    if ended.is_set():
        raise TimeoutError


def _certificates(answer: _Answer) -> list[x509.Certificate]:
    """The certificates of a certs-only answer (RFC 7030 section 4.1.3): base64, with lines or without."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _CERTIFICATES:
        raise FaultError("est_answer_odd", f"its kind is {kind[:60] or 'not said'}")
    try:
        content = base64.b64decode(b"".join(answer.content.split()), validate=True)
        found = pkcs7.load_der_pkcs7_certificates(content)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        raise FaultError("est_answer_odd", "no certificates in PKCS#7") from None
    if not found:
        raise FaultError("est_answer_odd", "no certificate in it")
    return found


def _patience_s(answer: _Answer) -> float:
    """`Retry-After` in seconds or as a date, measured by the server's own clock where it says one."""
    said = answer.headers.get("retry-after", "")
    if said.isascii() and said.isdigit() and len(said) < 10:
        return min(float(said), WAIT_MOST_S)
    try:
        until = parsedate_to_datetime(said)
        now = parsedate_to_datetime(answer.headers.get("date", ""))
        return min(max(0.0, (until - now).total_seconds()), WAIT_MOST_S)
    except (TypeError, ValueError):
        raise FaultError("est_answer_odd", "it says wait, and not how long") from None


def _refused(answer: _Answer) -> FaultError:
    words = _words(answer)
    match answer.status:
        case 401 | 403:
            return FaultError("est_login_refused", words)
        case status if status >= 500 or status in (408, 429):
            return FaultError("est_failed", words)
        case status if status >= 400:
            return FaultError("est_refused", words)
        case _:
            return FaultError("est_answer_odd", words)


def _words(answer: _Answer) -> str:
    """The number and, where the answer is text for people, its first line."""
    text = ""
    if answer.headers.get("content-type", "").startswith("text/plain"):
        text = next(iter(answer.content[:500].decode("utf-8", "replace").splitlines()), "")
    shown = "".join(sign if sign.isprintable() else "?" for sign in text)
    return f"HTTP {answer.status}" + (f", {shown[:120]}" if shown else "")
