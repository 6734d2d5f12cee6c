"""One-time passwords of RFC 4226 for the control room, and the secret that they are made of."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from hashlib import sha1
from typing import Final

PASSWORD_DIGITS: Final = 6
"""The digits of a RELEASE password."""

SECRET_MIN: Final = 16
"""RFC 4226, section 4, R6: a secret of at least 128 bits."""


def hotp(secret: bytes, counter: int, digits: int = PASSWORD_DIGITS) -> str:
    """The HMAC-SHA-1 one-time password of RFC 4226, section 5.3.

    ValueError for less than 6 or more than 8 digits, an empty secret, or a counter that does not fit
    8 bytes.
    """
    if not 6 <= digits <= 8:
        raise ValueError("RFC 4226 asks for 6 to 8 digits")
    if not secret or not 0 <= counter < 1 << 64:
        raise ValueError("a secret and a counter of at most 8 bytes are needed")
    mac = hmac.new(secret, counter.to_bytes(8, "big"), sha1).digest()
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}d}"


def secret_from_base32(text: str) -> bytes:
    """The HOTP secret as authenticator apps show it: base32, spaces and case do not matter. ValueError."""
    letters = re.sub(r"[\s-]", "", text).upper().rstrip("=")
    try:
        secret = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except binascii.Error:
        raise ValueError("the secret is not base32") from None
    if len(secret) < SECRET_MIN:
        raise ValueError(f"the secret needs {SECRET_MIN} bytes at least (RFC 4226)")
    return secret
