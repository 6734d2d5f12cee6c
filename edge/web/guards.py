"""Who may ask: what the browser's own headers say of where a request comes from, and the password."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

SECURITY: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data: blob:; media-src 'self'; style-src 'self'; "
        "script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: with that a browser names no origin for the page's own forms either.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
"""Stand in every answer. `Permissions-Policy` comes from the site: a bench's may use its tester's camera."""


def is_our_host(host: str, own: str) -> bool:
    """An address, `localhost`, or the settings' own name: none that somebody else's DNS can point here."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    if name in ("localhost", own.lower()):
        return True
    try:
        ipaddress.ip_address(name or "")
    except ValueError:
        return False
    return True


def is_from_our_page(headers: Mapping[str, str]) -> bool:
    """Whether the browser says that a page of this address sent it; no script can set either header.

    `headers` with names in lower case.
    """
    origin = headers.get("origin", "")
    site = headers.get("sec-fetch-site", "")
    if site not in ("", "same-origin"):
        return False
    if origin in ("", "null"):  # some browsers withhold it, and say the same in another way
        return site == "same-origin"
    try:
        return urlsplit(origin).netloc == headers.get("host")
    except ValueError:
        return False


def may_read(headers: Mapping[str, str]) -> bool:
    """Whether a GET may be answered: pages from elsewhere may link here, and may load nothing from here."""
    site = headers.get("sec-fetch-site", "")
    return site in ("", "none", "same-origin") or headers.get("sec-fetch-mode") == "navigate"


def knows_password(authorization: str, password: str) -> bool:
    """Whether a header `Authorization: Basic …` carries the password; the name before it does not matter."""
    kind, _, coded = authorization.partition(" ")
    if kind.lower() != "basic":
        return False
    try:
        given = base64.b64decode(coded, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, password.encode())


def is_secret(given: str, right: str) -> bool:
    """Whether somebody gave the right token, compared in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())
