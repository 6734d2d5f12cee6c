"""Everything the finder may learn from or be measured on: photos, crops, scenes with marked heads, clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.training.common import part
from models.training.find.clips import clip_pictures
from models.training.find.data import Picture, prepare
from models.training.find.turned import turned_pictures
from models.training.find.worn import mark_heads

_NEVER = ("ElisonSherton", "extra")
"""A source, and a kind of picture, that is kept for testing by every network."""


def gathered(data: Path, cache: Path, turned: Path | None = None) -> list[Picture]:
    """Every picture of the data folder, from `cache` where an earlier run left them; and turned ones."""
    pictures = prepare(data, cache)
    print(f"{mark_heads(pictures, data)} marked heads", flush=True)
    pictures += clip_pictures(data, cache)
    return pictures + (turned_pictures(turned) if turned else [])


def learnt_from(pictures: Sequence[Picture], leave_out: Sequence[str], every_group: bool) -> list[Picture]:
    """The pictures that training may see."""
    away = [*leave_out, *_NEVER]
    kept = [p for p in pictures if not any(s in p.source or s == p.kind for s in away)]
    return kept if every_group else [p for p in kept if part(p.group) == "train"]
