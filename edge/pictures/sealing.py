"""Seals pictures to the bank's keys before they reach the disk; the kiosk itself cannot open them again.

One key is enough (`evidence.open_needs = 1`): each picture is an age file to all of the list. Two are needed:
each incident gets a key of its own at each start, the pictures are sealed to that one, and its secret is
wrapped by age for each pair of the list (inner to the one, outer to the other), in files that are on the
disk before the first picture. The secret is forgotten at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.pictures import age, files
from edge.pictures.recipients import Recipients, read_recipients

_AGAIN_S: Final = 60.0
"""A list that could not be used is read again after so long, so that a corrected one needs no restart."""

_MOST_KEYS: Final = 64
"""So many incidents' public keys are remembered; an older incident that goes on gets another key."""


@dataclass(frozen=True, slots=True)
class IncidentKey:
    """The public keys that an incident's pictures are sealed to, and the files that it takes to open them.

    `wraps` is (name, content) of each; none where the list's own keys open the pictures.
    """

    to: tuple[str, ...]
    wraps: tuple[tuple[str, bytes], ...] = ()

    def is_in(self, folder: Path) -> bool:
        """Whether all of the wraps are there: else what is sealed to it now could not be opened later."""
        return all((folder / name).is_file() for name, _ in self.wraps)


class Sealer:
    """Seals to the list in `path`, of which `needs` keys (1 or 2) open a picture. One thread's."""

    def __init__(self, path: Path, needs: int) -> None:
        self._path = path
        self._needs = needs
        self._list: Recipients | None = None
        self._failed: FaultError | None = None
        self._again_s = -math.inf
        self._keys: dict[int, IncidentKey] = {}

    def recipients(self, now_s: float) -> Recipients:
        """The list, read once. Raises `FaultError` (`evidence_keys_unusable`): then nothing can be kept.

        `now_s` is monotonic: a list that could not be used is read again later (`_AGAIN_S`).
        """
        if self._list is None:
            if self._failed is not None and now_s < self._again_s:
                raise self._failed
            try:
                self._list = read_recipients(self._path, self._needs)
            except FaultError as fault:
                self._failed, self._again_s = fault, now_s + _AGAIN_S
                raise
        return self._list

    def again_s(self, now_s: float) -> float:
        """When a list that could not be used is to be read again, in monotonic seconds."""
        return math.inf if self._list is not None or self._failed is None else max(self._again_s, now_s)

    @property
    def short(self) -> str:
        """What the list is known by (`Recipients.short`); empty before it could be read."""
        return "" if self._list is None else self._list.short

    def key(self, incident: int, boot: int, folder: Path, now_s: float) -> tuple[IncidentKey, bool]:
        """What to seal an incident's pictures to, and whether it is new. FaultError.

        The wraps of a new one have to be in `folder`, on the disk, before the first picture: then `stands`.
        A folder that was emptied meanwhile has lost them, so what comes next gets another.
        """
        known = self._keys.get(incident)
        if known is not None and known.is_in(folder):
            return known, False
        to = self.recipients(now_s)
        key = IncidentKey(to.publics) if to.needs == 1 else _two_of(to, boot)
        return key, bool(key.wraps)

    def stands(self, incident: int, key: IncidentKey) -> None:
        """The key's wraps are on the disk: it is good for all further pictures of this start."""
        while len(self._keys) >= _MOST_KEYS:
            del self._keys[next(iter(self._keys))]
        self._keys[incident] = key


def _two_of(to: Recipients, boot: int) -> IncidentKey:
    """A key for one incident, which any two of the list open together; the secret ends with this call."""
    secret, public = age.new_key()
    wraps = []
    for (first, inner), (second, outer) in to.pairs:
        wrapped = age.seal(age.seal(f"{secret}\n".encode(), [inner]), [outer])
        # Two copies: a bad block of the card must not take all of an incident's pictures along.
        wraps += [(files.key_name(boot, public, (first, second), copy), wrapped) for copy in (1, 2)]
    return IncidentKey((public,), tuple(wraps))
