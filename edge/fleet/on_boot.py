"""The request out and the certificate in by the card's boot partition, where any computer can copy files.

`cabinguard-request.pem` is what the authority signs; what it makes of it is put there as
`cabinguard-certificate.pem`, taken over at the next start, and wiped. What is wrong with it stands beside it.
No key is ever on that partition.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization

from edge.disk.files import sync, wipe
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.fleet.certificate import chain_in_use, day
from edge.fleet.pairs import kept_elsewhere, settle
from edge.fleet.renewal import warned_from_s
from edge.fleet.request import install, next_request
from edge.settings.schema import Settings

REQUEST_OUT: Final = "cabinguard-request.pem"
CERTIFICATE_IN: Final = "cabinguard-certificate.pem"
PROBLEM: Final = "cabinguard-certificate-problem.txt"
_LARGEST: Final = 1 << 20

AsKiosk = Callable[[], contextlib.AbstractContextManager[None]]
"""For a while, as the user whose the keys are; the boot partition is root's."""


def on_boot(
    folder: Path, settings: Settings, kiosk_id: str, wall_s: float | None, as_kiosk: AsKiosk
) -> Iterator[str]:
    """Take over, then ask where a certificate is needed; what was done, a line each.

    `wall_s` None: nobody has set the clock yet. Raises `FaultError`; what is wrong stands in PROBLEM then.
    """
    if kept_elsewhere(settings) or not kiosk_id:
        return
    given = folder / CERTIFICATE_IN
    try:
        if given.exists() and (content := _read(given)).strip(b"\0"):
            with as_kiosk():
                made = install(settings, kiosk_id, content, wall_s)
            yield f"{made.name} until {day(made.ends_s)}; {CERTIFICATE_IN} is wiped"
        if given.exists():  # zeros alone, after a power cut in the middle of a wipe
            wipe(given)
    except FaultError as fault:
        _write(folder / PROBLEM, f"{explain(fault.code, fault.detail)}\n".encode())
        raise
    (folder / PROBLEM).unlink(missing_ok=True)
    with as_kiosk():
        settle(settings)
        asked = next_request(settings, kiosk_id) if _needed(settings, wall_s) else None
    if asked is None:
        (folder / REQUEST_OUT).unlink(missing_ok=True)
        return
    content = asked.public_bytes(serialization.Encoding.PEM)
    if not (folder / REQUEST_OUT).exists() or (folder / REQUEST_OUT).read_bytes() != content:
        _write(folder / REQUEST_OUT, content)
    yield f"{REQUEST_OUT} waits to be signed; put what comes back beside it as {CERTIFICATE_IN}"


def _read(given: Path) -> bytes:
    with given.open("rb") as file:
        return file.read(_LARGEST)


def _needed(settings: Settings, wall_s: float | None) -> bool:
    """Where there is no certificate, or one that ends soon; a kiosk with EST asks its server instead."""
    if settings.certificate.est_url:
        return False
    chain = chain_in_use(settings)
    return not chain or (wall_s is not None and wall_s >= warned_from_s(settings, chain))


def _write(file: Path, content: bytes) -> None:
    """Whole on the disk: the card is pulled out next."""
    part = file.with_name(f"{file.name}.new")
    with part.open("wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    part.replace(file)
    sync(file.parent)
