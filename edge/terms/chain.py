"""The chain of filters as it is set: whether it is shown, and how its threshold is found."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

Level = Annotated[float, msgspec.Meta(ge=0, le=255)]


class ThresholdMethod(StrEnum):
    """How the level is found that parts a picture into dark and bright."""

    OTSU = "otsu"
    ITERATIVE = "iterative"
    MANUAL = "manual"


class ChainSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section `[vision]`. Levels are grey levels, 0 black to 255 white.

    `chain_manual_level` is the level of the method `manual`; `chain_initial_level` is where the iterative
    method begins, and it ends once the level moves by less than `chain_tolerance_levels`.
    """

    chain: bool = False
    chain_threshold: ThresholdMethod = ThresholdMethod.OTSU
    chain_manual_level: Level = 127.0
    chain_initial_level: Level = 127.0
    chain_tolerance_levels: Annotated[float, msgspec.Meta(ge=0.01, le=64)] = 0.5
