"""When a certificate is renewed: before it ends, and not all of a fleet in the same hour."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from edge.faults.fault import FaultError
from edge.fleet.certificate import (
    DAY_S,
    begins_s,
    chain_in_use,
    common_name,
    day,
    ends_s,
    public_key_of,
    read_certificates,
    wrong_with,
)
from edge.fleet.pairs import current_pair
from edge.settings.schema import Settings

SPREAD: Final = 1 / 3
"""By this part of the window, at most, a kiosk begins earlier than its settings say."""


def window_s(settings: Settings, chain: Sequence[x509.Certificate]) -> float:
    """How long before the end renewing begins: `renew_days`, or a third of its time where that is less."""
    return min(settings.certificate.renew_days * DAY_S, (ends_s(chain) - begins_s(chain[0])) / 3)


def renewed_from_s(settings: Settings, chain: Sequence[x509.Certificate]) -> float:
    """From when on it is renewed, in seconds since 1970: always the same for one certificate, and for no two.

    Drawn from a hash of the certificate, so that a thousand kiosks whose certificates were made on one day
    come spread over a third of the window, and a restart changes nothing.
    """
    drawn = hashlib.sha256(chain[0].public_bytes(Encoding.DER)).digest()
    share = int.from_bytes(drawn[:4], "big") / 2**32
    return ends_s(chain) - window_s(settings, chain) * (1 + SPREAD * share)


def warned_from_s(settings: Settings, chain: Sequence[x509.Certificate]) -> float:
    """From when on people are told that it ends soon, in seconds since 1970.

    Where the kiosk renews by itself, only once half of that time has passed in vain.
    """
    by_itself = bool(settings.certificate.est_url)
    return ends_s(chain) - window_s(settings, chain) * (0.5 if by_itself else 1.0)


def certificate_state(settings: Settings, kiosk_id: str, wall_s: float | None) -> str:
    """Whom it names and until when, in words. Raises `FaultError` for the first thing that is wrong with it.

    `wall_s`: seconds since 1970, None where nobody has set the clock.
    """
    pair = current_pair(settings)
    chain = read_certificates(pair.certificate)
    for fault in wrong_with(chain, public_key_of(settings, pair), kiosk_id, wall_s):
        raise fault
    if wall_s is not None and wall_s >= warned_from_s(settings, chain):
        raise FaultError("certificate_ends_soon", f"on {day(ends_s(chain))}")
    return f"{common_name(chain[0])} until {day(ends_s(chain))}"


def certificate_fault(settings: Settings, wall_s: float) -> FaultError | None:
    """`certificate_ended` or `certificate_ends_soon`, with the day in its detail; None where all is well.

    `wall_s`: seconds since 1970 of a clock that was set. None, too, where there is no certificate: a kiosk
    that needs one says so elsewhere. Never raises.
    """
    chain = chain_in_use(settings)
    if not chain:
        return None
    if wall_s >= ends_s(chain):
        return FaultError("certificate_ended", f"on {day(ends_s(chain))}")
    if wall_s >= warned_from_s(settings, chain):
        return FaultError("certificate_ends_soon", f"on {day(ends_s(chain))}")
    return None
