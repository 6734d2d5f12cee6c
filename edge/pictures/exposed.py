"""Whether what lies in memory could still reach the card: the ring, and open copies of sealed pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.pictures.clear import in_memory

_ROOT: Final = Path("/")
_CODE: Final = "evidence_open_on_card"


def must_stay_in_memory(runtime: Path, root: Path = _ROOT) -> None:
    """FaultError (`evidence_open_on_card`): the runtime folder is on a disk, or memory is swapped to one."""
    if not in_memory(runtime, root / "proc/self/mountinfo"):
        raise FaultError(_CODE, f"paths.runtime = {runtime} is not in memory")
    if swap := card_swap(root):
        raise FaultError(_CODE, f"the machine swaps to {swap}")


def card_swap(root: Path = _ROOT) -> str:
    """What memory is swapped to that is not memory itself; empty for none.

    `/proc/swaps` (proc(5)); a zram device may write idle pages back to a disk (the kernel's admin-guide,
    "zram: Compressed RAM-based block devices", backing_dev).
    """
    try:
        lines = (root / "proc/swaps").read_text("utf-8", "replace").splitlines()[1:]
    except OSError:
        return ""
    for line in lines:
        name = line.split()[0] if line.split() else ""
        device = Path(name).name
        if not device.startswith("zram"):
            return name
        try:
            behind = (root / "sys/block" / device / "backing_dev").read_text("utf-8", "replace").strip()
        except OSError:
            continue
        if behind not in ("", "none"):
            return f"{name}, with {behind} behind it"
    return ""
