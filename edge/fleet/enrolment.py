"""One turn of getting or renewing a certificate by EST: due or not, asked, waited for, taken over.

Every step may be the last before a power cut: the request and its key stay until the certificate is
installed, so the next turn brings the same request again; the pair in use is not touched before that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography import x509

from edge.faults.fault import FaultError
from edge.fleet.certificate import (
    chain_in_use,
    client_context,
    common_name,
    ends_s,
    readable_certificates,
    server_context,
)
from edge.fleet.est import EstServer, Login, Wait
from edge.fleet.pairs import authorities_file, next_folder, settle, worked, write_own
from edge.fleet.renewal import renewed_from_s
from edge.fleet.request import Installed, install_chain, next_request
from edge.settings.schema import Settings
from edge.settings.secrets import Secret, read_secret

_AGAIN: Final = "again_from"


class Turn(StrEnum):
    """How a turn ended."""

    NOT_DUE = "not_due"
    WAITING = "waiting"
    INSTALLED = "installed"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a turn ended, and what came of it. `next_s`: when it is due again, in seconds since 1970."""

    turn: Turn
    next_s: float | None = None
    installed: Installed | None = None


def renew(settings: Settings, kiosk_id: str, wall_s: float | None, *, asked: bool = False) -> Ended:
    """Get the first certificate, or the next one where that is due. `asked`: whether it is due or not.

    `wall_s`: seconds since 1970, None where nobody has set the clock: then no certificate is due for its age.
    Waits for the server; raises `FaultError`, and has changed nothing of the pair in use then.
    """
    if not settings.certificate.est_url:
        raise FaultError("est_off", "certificate.est_url is empty")
    settle(settings)
    chain = chain_in_use(settings)
    if not asked:
        due_s = renewed_from_s(settings, chain) if chain else None
        if due_s is not None and (wall_s is None or wall_s < due_s):
            return Ended(Turn.NOT_DUE, due_s)
        again_s = _again_from(settings)
        if again_s is not None and wall_s is not None and wall_s < again_s:
            return Ended(Turn.WAITING, again_s)
    answer, server = _signed(settings, kiosk_id, chain, wall_s)
    if isinstance(answer, Wait):
        return Ended(Turn.WAITING, _remember(settings, answer, wall_s))
    given = [*answer, *_above(settings, answer, server)]
    return Ended(Turn.INSTALLED, installed=install_chain(settings, kiosk_id, given, wall_s))


def _signed(
    settings: Settings, kiosk_id: str, chain: list[x509.Certificate], wall_s: float | None
) -> tuple[list[x509.Certificate] | Wait, EstServer]:
    """By the certificate in use (`chain`, empty for none); by name and password for the first,
    or where it is refused.
    """
    own = settings.certificate
    authorities = Path(own.est_ca_file) if own.est_ca_file else authorities_file(settings)
    login = _login(settings)
    clock_set = wall_s is not None
    ended = bool(chain) and wall_s is not None and wall_s >= ends_s(chain)
    if chain and common_name(chain[0]) == kiosk_id and not (ended and login):
        context = client_context(settings, clock_set=clock_set, authorities=authorities)
        server = EstServer(own.est_url, context)
        try:
            answer = server.renew(next_request(settings, kiosk_id, like=chain[0]))
            worked(settings)  # it was let in by the pair in use
            return answer, server
        except FaultError as error:
            if error.code != "est_login_refused" or login is None:
                raise
    server = EstServer(own.est_url, server_context(authorities, clock_set=clock_set))
    return server.enrol(next_request(settings, kiosk_id), login), server


def _login(settings: Settings) -> Login | None:
    user = settings.certificate.est_user
    password = read_secret(settings, Secret.EST_TOKEN) if user else None
    return Login(user, password) if password is not None else None


def _above(
    settings: Settings, given: Sequence[x509.Certificate], server: EstServer
) -> list[x509.Certificate]:
    """What lies between the new certificate and a known root, which the answer need not hold.

    A broker may know it without: a server that does not say is no reason to do without the certificate.
    """
    known = {one.subject for one in (*given, *readable_certificates(authorities_file(settings)))}
    if all(one.issuer in known for one in given):
        return []
    try:
        return server.authorities()
    except FaultError:
        return []


def _again_from(settings: Settings) -> float | None:
    try:
        return float((next_folder(settings) / _AGAIN).read_text("ascii"))
    except (OSError, ValueError):
        return None


def _remember(settings: Settings, wait: Wait, wall_s: float | None) -> float | None:
    """Not before then is the server asked again; by a clock that is not set nobody can say when that is."""
    if wall_s is None:
        return None
    again_s = wall_s + wait.after_s
    write_own(next_folder(settings) / _AGAIN, f"{again_s:.0f}\n".encode())
    return again_s
