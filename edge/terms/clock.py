"""What a time of day tells of the clock that shows it."""

from __future__ import annotations

from typing import Final

CLOCK_SET_S: Final = 1_735_689_600.0
"""A clock that shows a time before 2025 was never set."""
