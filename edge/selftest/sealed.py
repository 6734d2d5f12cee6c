"""Whether pictures are sealed to the bank, and whether an open one could reach the card (self-test)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from edge.pictures.exposed import must_stay_in_memory
from edge.pictures.files import FOLDER
from edge.pictures.recipients import read_recipients
from edge.selftest.machine import NotFitted
from edge.settings.schema import Settings

_ROOT: Final = Path("/")


def sealed(settings: Settings, root: Path = _ROOT) -> str:
    """To whom, in words. FaultError for a list that cannot be used, and for memory that is on the card."""
    kept = settings.evidence
    if not kept.recipients_file:
        raise NotFitted("pictures lie open on the card; evidence.recipients_file seals them")
    to = read_recipients(Path(kept.recipients_file), kept.open_needs)
    must_stay_in_memory(Path(settings.paths.runtime), root)
    before = sum(1 for _ in (Path(settings.paths.data) / FOLDER).glob("*/*.jpg"))
    left = f"; {before} open pictures from before lie there still" if before else ""
    return f"to {to.words}{left}"
