"""What the eyes tell: datagrams from their process, and events for the loop; and what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from edge.terms.aim import Aim
from edge.terms.learning import Learning, LearnOrder
from edge.terms.observation import Observation
from edge.vision.seers import Seer, Trouble

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
    """The eyes failed, with a code of the fault catalogue, or see again (`code` then says from what).

    `seer`: only this one of what sees by a network; None: all of them, the camera does not work.
    """

    turn: EyesTurn
    code: str
    detail: str = ""
    seer: Seer | None = None


class Troubles:
    """What one camera's seers suffer from, told once each when it begins and when it ends."""

    def __init__(self) -> None:
        self._told: dict[tuple[Seer, str], Trouble] = {}

    def turns(self, standing: Sequence[Trouble]) -> tuple[EyesEvent, ...]:
        """What changed since the last call."""
        now = {(trouble.seer, trouble.code): trouble for trouble in standing}
        began = [
            EyesEvent(EyesTurn.FAILED, trouble.code, trouble.detail, trouble.seer)
            for key, trouble in now.items()
            if key not in self._told
        ]
        ended = [
            EyesEvent(EyesTurn.RECOVERED, code, seer=seer)
            for seer, code in self._told
            if (seer, code) not in now
        ]
        self._told = now
        return (*began, *ended)


_NO_LEARNING: Final = Learning()


class Report(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the eyes' process sends: an observation, or the end, or why the camera failed.

    `troubles` are those that stand at this observation, so that a report that is lost loses none. `aim` is
    there while somebody aims and something new was measured, `learning` says how the newest order stands.
    """

    observation: Observation | None = None
    troubles: tuple[Trouble, ...] = ()
    code: str = ""
    detail: str = ""
    ended: bool = False
    aim: Aim | None = None
    learning: Learning = _NO_LEARNING


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent to the eyes' process: all that is asked of it, so that the newest wish is enough."""

    owner: bool = False
    """Whether to look if the card's owner stands there."""
    aim: bool = False
    """Whether to measure for somebody who aims the camera."""
    learn: LearnOrder | None = None
    """What to learn; the same order again changes nothing."""


class GarbledError(Exception):
    """Bytes that are no report, or no wish."""


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Report)
_WISHES: Final = msgspec.msgpack.Decoder(Wish)


def encode_report(report: Report) -> bytes:
    return _ENCODER.encode(report)


def decode_report(content: bytes) -> Report:
    """Raises `GarbledError`."""
    try:
        return _DECODER.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise GarbledError(str(error)) from error


def encode_wish(wish: Wish) -> bytes:
    return _ENCODER.encode(wish)


def decode_wish(content: bytes) -> Wish:
    """Raises `GarbledError`."""
    try:
        return _WISHES.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise GarbledError(str(error)) from error
