"""A way in that opens once: a link with a long secret, a session behind it, both only for so long.

The secret stands behind the `#` of the link, which no browser sends, logs or names to another page; the page
behind the link posts it. After its first use it is worth nothing.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Final

from edge.web.guards import is_secret

ENTER: Final = "/enter"


class Gate:
    """One link and at most one session, for `life_s` from now; `home` is the page behind it.

    What guesses gains nothing: 256 bits, compared in constant time, and a wrong one changes nothing.
    """

    def __init__(self, life_s: float, home: str = "/", now_s: Callable[[], float] = time.monotonic) -> None:
        self.home = home
        self._now_s = now_s
        self._ends_s = now_s() + life_s
        self._secret: str | None = secrets.token_urlsafe(32)
        self._session: str | None = None
        self._guard = threading.Lock()

    @property
    def left_s(self) -> float:
        """How long it stays open."""
        return max(0.0, self._ends_s - self._now_s())

    @property
    def used(self) -> bool:
        """Whether the link was used, or is over."""
        return self._secret is None or self.left_s <= 0.0

    def link(self, address: str) -> str:
        """The one-time link under the page's own `address` (such as `http://127.0.0.1:8089/`); once only."""
        assert self._secret is not None
        return f"{address.rstrip('/')}{ENTER}#{self._secret}"

    def enter(self, given: str) -> str | None:
        """A new session for the right secret, which is worth nothing from now on; None for any other."""
        with self._guard:
            if self._secret is None or self.left_s <= 0.0 or not is_secret(given, self._secret):
                return None
            self._secret = None
            self._session = secrets.token_urlsafe(32)
            return self._session

    def knows(self, session: str) -> bool:
        """Whether this is the session that lasts."""
        with self._guard:
            return self._session is not None and self.left_s > 0.0 and is_secret(session, self._session)

    def end(self) -> None:
        """Close it, for good."""
        with self._guard:
            self._secret = self._session = None
