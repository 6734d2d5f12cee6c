"""The relay that restarts a fake modem."""

from __future__ import annotations

from typing import Protocol

from hw.ports import PowerKind


class _Fed(Protocol):
    """A fake modem, on a line or behind a pseudo-terminal."""

    def supply(self, on: bool) -> None: ...

    def key(self, down: bool) -> None: ...


class FakeSwitch:
    """The relay of a `PowerSwitch`, wired to a fake modem."""

    def __init__(self, fake: _Fed, kind: PowerKind = PowerKind.SUPPLY) -> None:
        self._fake = fake
        self._kind = kind
        self._pulled = False

    def on(self) -> None:
        self._move(True)

    def off(self) -> None:
        self._move(False)

    def close(self) -> None:
        self._move(False)

    def _move(self, pulled: bool) -> None:
        if pulled is self._pulled:
            return
        self._pulled = pulled
        if self._kind is PowerKind.SUPPLY:
            self._fake.supply(not pulled)
        else:
            self._fake.key(pulled)
