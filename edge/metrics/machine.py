"""What the machine says of itself. All of it may wait for a disk and raises nothing: None is "not known"."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FIRMWARE: Final = Path("/sys/devices/platform")
_THROTTLED: Final = "soc*/*firmware/get_throttled"
"""Raspberry Pi's firmware driver: `drivers/firmware/raspberrypi.c` of github.com/raspberrypi/linux."""

_LOW_SUPPLY, _CAPPED, _THROTTLES, _SOFT_LIMIT = 0x1, 0x2, 0x4, 0x8
"""Bits of now; the same 16 bits further up are "since the start" (`vcgencmd get_throttled`)."""

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What the firmware does to the processor just now."""

    throttled: bool
    supply_low: bool


@dataclass(frozen=True, slots=True)
class Disk:
    """Room for the program, and the size of all of it, in bytes."""

    free: int
    size: int


def held_back(platform: Path = FIRMWARE) -> HeldBack | None:
    """None on any board but a Raspberry Pi."""
    for path in sorted(platform.glob(_THROTTLED)):
        with contextlib.suppress(OSError, ValueError):
            bits = int(path.read_text(), 16)
            return HeldBack(bool(bits & (_CAPPED | _THROTTLES | _SOFT_LIMIT)), bool(bits & _LOW_SUPPLY))
    return None


def disk_of(folder: Path) -> Disk | None:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    return Disk(disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)


def size_of(*files: Path) -> int | None:
    """Of those that are there together, in bytes; None where none is."""
    sizes = []
    for file in files:
        with contextlib.suppress(OSError):
            sizes.append(file.stat().st_size)
    return sum(sizes) if sizes else None


def memory(proc: Path = Path("/proc")) -> dict[str, int]:
    """Resident bytes of this process and of all its children together."""
    found: dict[str, int] = {}
    own = proc / "self"
    with contextlib.suppress(OSError, ValueError):
        found["loop"] = _resident(own)
    children: set[str] = set()
    with contextlib.suppress(OSError):
        for task in (own / "task").iterdir():
            with contextlib.suppress(OSError):
                children.update((task / "children").read_text().split())
    together = 0
    for child in children:
        with contextlib.suppress(OSError, ValueError):  # it may have ended meanwhile
            together += _resident(proc / child)
    if children:
        found["children"] = together
    return found


def _resident(process: Path) -> int:
    """Of proc_pid_statm(5) the second field."""
    pages = (process / "statm").read_text().split()
    return int(pages[1]) * _PAGE_BYTES
