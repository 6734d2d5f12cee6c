"""Leave to commission: one secret in memory, for half an hour, that only root can have asked for.

It dies with the program. Wrong ones are counted and slowed; the right one is let through at any time, so that
nobody can shut out the technician by guessing (128 bits are not guessed).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

GRANT_S: Final = 1800.0
"""How long a commissioning lasts."""

_BYTES: Final = 16
WRONG_FREE: Final = 5
"""So many wrong ones are answered at once; the next each wait."""

SLOW_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Grant:
    """One commissioning. `number` counts them since the start; `who` as the one who opened it said."""

    number: int
    who: str
    uid: int
    from_s: float
    until_s: float
    secret: str = field(repr=False)


class Grants:
    """At most one at a time. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._grant: Grant | None = None
        self._number = 0
        self._wrong = 0

    def open(self, who: str, uid: int, now_s: float) -> Grant:
        """A fresh one; the one before is over."""
        self._number += 1
        self._wrong = 0
        self._grant = Grant(self._number, who, uid, now_s, now_s + GRANT_S, secrets.token_hex(_BYTES))
        return self._grant

    def now(self, now_s: float) -> Grant | None:
        """The one that runs."""
        return None if self._grant is None or now_s >= self._grant.until_s else self._grant

    def over(self, now_s: float) -> Grant | None:
        """The one whose time is over and that was not closed yet; it is closed."""
        if self._grant is None or self.now(now_s) is not None:
            return None
        return self.close()

    def close(self) -> Grant | None:
        """End the one that runs, and give it."""
        ended, self._grant = self._grant, None
        return ended

    def fits(self, secret: str, now_s: float) -> bool:
        """Whether it is the secret of the one that runs; compared in constant time."""
        grant = self.now(now_s)
        right = hmac.compare_digest(secret.encode(), (grant.secret if grant else "").encode())
        if grant is not None and right:
            return True
        self._wrong += 1
        return False

    @property
    def until_s(self) -> float | None:
        """When the one that runs will be over."""
        return None if self._grant is None else self._grant.until_s

    @property
    def slow_s(self) -> float:
        """How long the answer to a wrong one is held back."""
        return 0.0 if self._wrong <= WRONG_FREE else SLOW_S
