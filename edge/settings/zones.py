"""The time zone of the texts, by its name: of the system, else of the package tzdata; UTC needs neither."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


def find_zone(name: str) -> tzinfo | None:
    """The zone, also under a name that has been retired; None where nobody knows it."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_of(name: str) -> tzinfo:
    """The zone, or UTC: a kiosk without time zone files tells the time of UTC rather than none."""
    return find_zone(name) or UTC


def zones_missing() -> bool:
    """Whether there is no zone at all here, so that a right name cannot be told from a wrong one."""
    return find_zone("Asia/Kolkata") is None


def nearest_zone(name: str) -> str:
    """The known name that looks most like it; empty where none does."""
    near = difflib.get_close_matches(name, sorted(available_timezones()), 1, 0.6)
    return near[0] if near else ""


def is_ambiguous(wall_s: float, zone: tzinfo) -> bool:
    """Whether clocks show this minute twice: the hour that comes again when they go back."""
    local = datetime.fromtimestamp(wall_s, zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def clocks_change(begin_wall_s: float, end_wall_s: float, zone: tzinfo) -> bool:
    """Whether the clocks are set between two times."""
    begin, end = (datetime.fromtimestamp(wall_s, zone) for wall_s in (begin_wall_s, end_wall_s))
    return begin.utcoffset() != end.utcoffset()
