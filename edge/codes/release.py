"""Judges RELEASE messages of the control room: each password once and for ever, and nobody can guess one."""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from edge.codes.hidden import Hidden
from edge.codes.hotp import SECRET_MIN, hotp

RELEASE_COUNTER: Final = "release_counter"
"""The name in the record of the next counter whose password opens; it only goes up."""

RELEASE_WRONG: Final = "release_wrong"
"""The name in the record of incident x 1000 + wrong passwords in it, up to 999."""

LOOK_AHEAD: Final = 10
"""The password of the next counter opens, or of one of those after it (RFC 4226, section 7.4)."""

SLOW_S: Final = 60.0
"""After so many wrong ones the next is compared so long after the one before."""

WAITING: Final = 8
"""So many different passwords wait for their turn at most."""

_WRONG_STEP: Final = 1000


class ReleaseAsked(Hidden):
    """The control room wants this incident's lock opened; the password shows in no repr and no pickle."""

    __slots__ = ("_password", "incident")

    def __init__(self, incident: int, password: str) -> None:
        self.incident = incident
        self._password = password

    def __repr__(self) -> str:
        return f"ReleaseAsked(incident={self.incident})"

    def same_as(self, password: str) -> bool:
        """Compares in constant time."""
        return hmac.compare_digest(self._password.encode(), password.encode())

    def repeats(self, other: ReleaseAsked) -> bool:
        """Whether it says the same as another one."""
        return self.incident == other.incident and self._password == other._password


class Refusal(StrEnum):
    """Why a RELEASE is not even compared."""

    NO_SECRET = "release_without_secret"
    OTHER_INCIDENT = "release_of_another_incident"
    AGAIN = "release_repeated"
    """It waits already, or was wrong already."""


class ReleaseDesk:
    """Judges RELEASE messages: passwords of RFC 4226, each counter good for one opening, for ever.

    The counter of an incident is its number, or the next unused one where that is higher (after the record
    was lost incidents begin at 1 again). `tries` wrong ones are compared as they come, the next ones a minute
    after each other: nobody can guess, and since a sender can be forged nobody is shut out either. Of those
    that wait the newest and the oldest come by turns.

    `counter` and `wrong` are what was remembered of `RELEASE_COUNTER` and `RELEASE_WRONG`; `keep` puts a new
    counter where it outlives the record. All times in monotonic seconds.
    """

    def __init__(
        self,
        secret: bytes | None,
        tries: int,
        counter: int = 0,
        wrong: int = 0,
        keep: Callable[[int], None] = lambda counter: None,
    ) -> None:
        if secret is not None and len(secret) < SECRET_MIN:
            raise ValueError(f"the secret needs {SECRET_MIN} bytes at least (RFC 4226)")
        if tries < 1:
            raise ValueError("tries must be 1 at least")
        self._secret = secret
        self._tries = tries
        self._counter = counter
        self._keep = keep
        self._incident, self._wrong = divmod(wrong, _WRONG_STEP)
        self._waiting: deque[ReleaseAsked] = deque()
        self._refused: deque[ReleaseAsked] = deque(maxlen=_WRONG_STEP)
        self._compared_s: float | None = None

    def __repr__(self) -> str:
        return f"ReleaseDesk(counter={self._counter})"

    @property
    def counters(self) -> tuple[tuple[str, int], ...]:
        """For the record."""
        wrong = self._incident * _WRONG_STEP + min(self._wrong, _WRONG_STEP - 1)
        return ((RELEASE_COUNTER, self._counter), (RELEASE_WRONG, wrong))

    def next_counter(self, incident: int) -> int:
        """The counter whose password opens this incident. No secret: only the key makes the password."""
        return max(self._counter, incident)

    def take(self, asked: ReleaseAsked, incident: int) -> Refusal | None:
        """Let it wait for its turn at the incident that is locked now (0: none)."""
        if self._secret is None:
            return Refusal.NO_SECRET
        if incident <= 0 or asked.incident != incident:
            return Refusal.OTHER_INCIDENT
        self._begin(incident)
        if any(asked.repeats(other) for other in (*self._waiting, *self._refused)):
            return Refusal.AGAIN
        if len(self._waiting) == WAITING:
            self._waiting.pop()  # a newer one takes the place of the newest; the older ones keep theirs
        self._waiting.append(asked)
        return None

    def judge(self, incident: int, now_s: float) -> bool | None:
        """Compare one that is due at the incident that is locked now; None where none is.

        After True its counter is used up: record `counters`, then open.
        """
        self._begin(incident)
        due_s = self.next_wake_s(now_s)
        if self._secret is None or due_s is None or now_s < due_s:
            return None
        self._compared_s = now_s
        slow = self._wrong - self._tries
        asked = self._waiting.pop() if slow >= 0 and slow % 2 == 0 else self._waiting.popleft()
        first = self.next_counter(incident)
        # All of them each time: how long it takes tells nothing.
        right = [n for n in range(first, first + LOOK_AHEAD) if asked.same_as(hotp(self._secret, n))]
        if not right:
            self._wrong += 1
            self._refused.append(asked)
            return False
        self._counter = right[0] + 1
        self._keep(self._counter)
        self._waiting.clear()
        return True

    def next_wake_s(self, now_s: float) -> float | None:
        """When the next one is due; None where none waits."""
        if not self._waiting:
            return None
        if self._wrong < self._tries:
            return now_s
        if self._compared_s is None:  # the program has just started: the pause begins again
            self._compared_s = now_s
        return self._compared_s + SLOW_S

    def _begin(self, incident: int) -> None:
        """Another incident has its own tries."""
        if incident == self._incident:
            return
        self._waiting.clear()
        self._refused.clear()
        if incident:
            self._incident, self._wrong = incident, 0
