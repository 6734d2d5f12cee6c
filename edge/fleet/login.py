"""How a kiosk shows itself at its broker: the certificate in use, or the one before where that is refused.

Asked at each connection, so that a renewed certificate is taken with the next one and needs no restart.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path

from edge.faults.fault import FaultError
from edge.fleet import pairs
from edge.fleet.certificate import client_context
from edge.fleet.link import LinkFault, Trouble
from edge.settings.schema import Settings


class Login:
    """Belongs to the thread that turns the session. `clock_set`: whether anybody has set the clock."""

    def __init__(self, settings: Settings, clock_set: Callable[[], bool]) -> None:
        self._settings = settings
        self._clock_set = clock_set
        self._previous = False
        self._refused: Path | None = None

    def context(self) -> ssl.SSLContext:
        """TLS for one connection. Raises `LinkFault` where the certificate or its key cannot be used."""
        if self._previous and pairs.current_pair(self._settings).certificate != self._refused:
            self._previous = False  # another one came since: it has its own try
        try:
            return client_context(self._settings, clock_set=self._clock_set(), previous=self._previous)
        except FaultError as fault:
            self._previous = False
            raise LinkFault(Trouble.NO_CERTIFICATE, f"{fault.code}: {fault.detail}") from None

    def heard(self, trouble: Trouble | None) -> None:
        """What the broker said to us. It took us (None): the pair before is not needed any more. It refuses
        us, or breaks off (with TLS 1.3 the refusal may be lost on the way): the next try is with the other
        pair, where there are two."""
        if trouble is None and not self._previous:
            with contextlib.suppress(OSError, FaultError):  # then it stays, and is removed another time
                pairs.worked(self._settings)
        elif trouble in (Trouble.REFUSED, Trouble.DROPPED):
            self._refused = pairs.current_pair(self._settings).certificate
            self._previous = not self._previous and pairs.has_previous(self._settings)
