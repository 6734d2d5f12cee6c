"""A fault: something that can go wrong, under a stable code. The words stand in `catalogue`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can go wrong. `door` says what it means for the people; `remedy` what to do about it."""

    code: str
    cause: str
    door: str
    remedy: str


class FaultError(Exception):
    """Something failed that the catalogue knows; `detail` adds what only this case knows, never a secret."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
