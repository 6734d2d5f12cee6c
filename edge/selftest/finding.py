"""What one try gave. Known to those who show it, and who need nothing of what tries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. `code` is empty where it works; not `tried`: `detail` says why not."""

    name: str
    detail: str
    code: str = ""
    tried: bool = True

    @property
    def ok(self) -> bool:
        return not self.code

    @property
    def mark(self) -> str:
        return "✗" if self.code else "✓" if self.tried else "-"
