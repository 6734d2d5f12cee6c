"""What the eyes tell: datagrams from their process, and events for the loop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from edge.terms.observation import Observation

CAMERA_FAILED: Final = "camera_failed"
EYES_SLOW_START: Final = "eyes_slow_start"
EYES_HUNG: Final = "eyes_hung"
EYES_DIED: Final = "eyes_died"
EYES_UNKILLABLE: Final = "eyes_unkillable"


class EyesTurn(StrEnum):
    """What a supervisor tells."""

    FAILED = "failed"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class EyesEvent:
    """The eyes failed, with a code of the fault catalogue, or see again (`code` then says from what)."""

    turn: EyesTurn
    code: str
    detail: str = ""


class Report(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the eyes' process sends: an observation, or the end, or why the camera failed."""

    observation: Observation | None = None
    code: str = ""
    detail: str = ""
    ended: bool = False


class GarbledError(Exception):
    """Bytes that are no report."""


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Report)


def encode_report(report: Report) -> bytes:
    return _ENCODER.encode(report)


def decode_report(content: bytes) -> Report:
    """Raises `GarbledError`."""
    try:
        return _DECODER.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise GarbledError(str(error)) from error
