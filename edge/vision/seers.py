"""The one list of what sees by a network: its models, each with its contract beside it, and its cameras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Seer(StrEnum):
    """What looks at the frames of a camera with networks of its own."""

    FACES = "faces"


@dataclass(frozen=True, slots=True)
class Row:
    """One seer: `models/NAME.tflite` and `models/NAME.json` of each model, and the roles of its cameras."""

    models: tuple[str, ...]
    cameras: tuple[str, ...]


SEERS: Final[Mapping[Seer, Row]] = {
    Seer.FACES: Row(models=("face_find", "face_check"), cameras=("face",)),
}
