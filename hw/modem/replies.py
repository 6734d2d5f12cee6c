"""The fields of a modem's replies, as values; and the two ways in which text mode writes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final

HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+\Z")
_FIELDS: Final = re.compile(r'\s*+("[^"]*"?|[^,"]*)\s*(?:,|\Z)')
"""Blanks before a field are never given back: a line full of them would hold up all threads for a minute."""

REGISTRATION: Final = {
    0: "not searching",
    1: "home",
    2: "searching",
    3: "denied",
    4: "unknown",
    5: "roaming",
    6: "home, texts only",
    7: "roaming, texts only",
    8: "emergency calls only",
}


def split(line: str) -> list[str]:
    """The comma-separated fields of a reply, without quotes; at least one."""
    fields: list[str] = []
    at = 0
    while True:
        match = _FIELDS.match(line, at)
        if match is None:
            fields.append(line[at:].strip())
            return fields
        fields.append(match.group(1).strip().strip('"'))
        if match.end() >= len(line):
            if line.endswith(","):
                fields.append("")
            return fields
        at = match.end()


def to_ucs2(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").hex().upper()


def from_ucs2(field_: str) -> str:
    """Text that a modem set to UCS2 gives as hexadecimal; left as it is where the modem does not."""
    if len(field_) % 4 == 0 and HEX.match(field_):
        return bytes.fromhex(field_).decode("utf-16-be", "replace")
    return field_


def numbered(pieces: list[str]) -> list[str]:
    """Text mode cannot tie parts together: each says which of how many it is."""
    if len(pieces) == 1:
        return pieces
    whole = "".join(pieces)
    width = max(1, min(len(piece) for piece in pieces[:-1]) - 6)
    cut = [whole[at : at + width] for at in range(0, len(whole), width)]
    return [f"{index}/{len(cut)} {piece}" for index, piece in enumerate(cut, start=1)]


def millivolts(fields: list[str]) -> int | None:
    """The supply from +CBC: `0,85,4012` in millivolts, or `4.012V`."""
    last = fields[-1].upper()
    if last.endswith("V"):
        try:
            volts = float(last[:-1])
        except ValueError:
            return None
        return int(volts * 1000) if 0 <= volts < 100 else None
    return int(last) if last.isdecimal() and 1000 <= int(last[:6]) <= 20_000 else None


def network_time(stamp: str) -> float | None:
    """UTC seconds of `yy/MM/dd,hh:mm:ss+zz` (quarters of an hour); None for a modem that was never told."""
    match = re.match(r"(\d\d)/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)?\Z", stamp, re.ASCII)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(group) for group in match.groups()[:6])
    if year < 25 or year >= 70:
        return None
    quarters = int(match.group(7) or "0")
    if abs(quarters) > 56:
        return None
    try:
        zone = timezone(timedelta(minutes=15 * quarters))
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone).timestamp()
    except ValueError:
        return None
