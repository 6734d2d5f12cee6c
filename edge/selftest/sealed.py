"""Whether pictures are sealed to the bank, and whether an open one could reach the card (self-test)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.pictures.clear import in_memory
from edge.pictures.files import FOLDER
from edge.pictures.recipients import read_recipients
from edge.selftest.machine import NotFitted
from edge.settings.schema import Settings

_ROOT: Final = Path("/")
_CODE: Final = "evidence_open_on_card"


def sealed(settings: Settings, root: Path = _ROOT) -> str:
    """To whom, in words. FaultError for a list that cannot be used, and for memory that is on the card."""
    kept = settings.evidence
    if not kept.recipients_file:
        raise NotFitted("pictures lie open on the card; evidence.recipients_file seals them")
    to = read_recipients(Path(kept.recipients_file), kept.open_needs)
    runtime = Path(settings.paths.runtime)
    if not in_memory(runtime, root / "proc/self/mountinfo"):
        raise FaultError(_CODE, f"paths.runtime = {runtime} is not in memory")
    if swap := card_swap(root):
        raise FaultError(_CODE, f"the machine swaps to {swap}")
    before = sum(1 for _ in (Path(settings.paths.data) / FOLDER).glob("*/*.jpg"))
    left = f"; {before} open pictures from before lie there still" if before else ""
    return f"to {to.words}{left}"


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
