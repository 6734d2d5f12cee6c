"""Alerts as signed HTTPS requests, for a gateway that passes them on (to WhatsApp, a pager, a fleet's desk).

The body is JSON; the header `X-CabinGuard-Signature: t=SECONDS,v1=HEX` holds the HMAC-SHA-256 of
`SECONDS.BODY` under the shared secret, so that a receiver can tell a forged or replayed request. No
telephone number and no code is in it, since the gateway knows who `watchman` and `control_room` are; but for
the message to a card's owner, which has both and goes over TLS or within this machine
(`edge/docs/owner-code-gateway.md`).
"""

from __future__ import annotations

import hmac
import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from edge.messages.ways.carrier import Refused, ThreadCarrier
from edge.settings.schema import is_loopback
from edge.terms.record import CODE_KINDS, OutboxRow, Recipient

_RETRYABLE: Final = frozenset({401, 403, 404, 408, 409, 425, 429})
"""Refusals that a correction at the other end can end."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signed message goes to the address in the settings and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


class Webhook(ThreadCarrier):
    """`edge.messages.ways.carrier.Carrier` over HTTPS.

    `wall_s` is the time of day for the signature, `head` the record's head, which goes out with each alert.
    """

    def __init__(
        self,
        url: str,
        secret: bytes,
        cabin: str,
        wall_s: Callable[[], float],
        *,
        head: Callable[[], str] = str,
        timeout_s: float,
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        self._url = url
        self._secret = secret
        self._cabin = cabin
        self._wall_s = wall_s
        self._head = head
        self._timeout_s = timeout_s
        known = context if context is not None else ssl.create_default_context()
        self._opener = urllib.request.build_opener(_NoRedirect(), urllib.request.HTTPSHandler(context=known))

    def __repr__(self) -> str:
        return "Webhook(hidden)"

    def serves(self, recipient: Recipient) -> bool:
        return True

    def deliver(self, row: OutboxRow, text: str, phone: str) -> None:
        if row.kind in CODE_KINDS and not (self._secret and _is_private(self._url)):
            raise Refused("a code goes over TLS or within this machine, and signed", retryable=False)
        said: dict[str, object] = {
            "cabin": self._cabin,
            "number": row.number,
            "incident": row.incident,
            "kind": row.kind,
            "reason": row.reason,
            "to": row.recipient.value,
            "created": row.created_wall_s,
            "repeat": row.tries > 1,
            "text": text,
            "record_head": self._head(),
        }
        if phone:
            said["phone"] = phone
        body = json.dumps(said).encode("utf-8")
        request = urllib.request.Request(
            self._url,
            data=body,
            headers={
                "Content-Type": "application/json",
                "User-Agent": "cabinguard",
                "Idempotency-Key": f"{row.number}-{row.recipient.value}-{int(row.created_wall_s)}",
                "X-CabinGuard-Signature": sign(self._secret, body, int(self._wall_s())),
            },
        )
        try:
            with self._opener.open(request, timeout=self._timeout_s) as response:
                response.read(65_536)
        except urllib.error.HTTPError as error:
            error.close()
            retryable = error.code >= 500 or error.code in _RETRYABLE
            raise Refused(f"HTTP {error.code}", retryable=retryable) from None
        except TimeoutError:
            raise Refused("the webhook does not answer") from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLError):
                raise Refused("the webhook's certificate is not trusted") from None
            if isinstance(error.reason, TimeoutError):
                raise Refused("the webhook does not answer") from None
            raise Refused("the webhook cannot be reached") from None
        except (OSError, http.client.HTTPException):
            raise Refused("the webhook broke the connection off") from None


def _is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def sign(secret: bytes, body: bytes, wall_s: int) -> str:
    """The value of the signature's header."""
    return f"t={wall_s},v1={hmac.new(secret, str(wall_s).encode() + b'.' + body, 'sha256').hexdigest()}"
