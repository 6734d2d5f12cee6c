"""Shares with their intervals, as the cards print them; nothing of PyTorch is imported here."""

from __future__ import annotations

import math


def wilson(right: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    if total == 0:
        return 0.0, 1.0
    z, p = 1.96, right / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(right: int, total: int) -> str:
    """`0.987 (0.981-0.991) of 1493`."""
    low, high = wilson(right, total)
    return f"{right / max(1, total):.3f} ({low:.3f} to {high:.3f}) of {total}"
