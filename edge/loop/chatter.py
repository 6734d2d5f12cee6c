"""Tells which sources move again and again: each must cost the record a beginning and an end.

Pure, on the caller's clock. It holds back lines, picture orders and texts, never an event from the table.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, assert_never

from edge.cabin.events import (
    AnomalyBegan,
    AnomalyEnded,
    Appeared,
    CameraJudged,
    ClaimMade,
    ClaimOver,
    ClockJumped,
    CodeAccepted,
    CodeDenied,
    DeviceFailed,
    DeviceRecovered,
    Emptied,
    EntryCompleted,
    EntryJudged,
    Event,
    FaceJudged,
    InputMoved,
    KeyTouched,
    OwnerCodeOver,
    OwnerCodeSent,
    OwnerCodeWanted,
    OwnerEntryCompleted,
    OwnerEntryJudged,
    OwnerJudged,
    PeopleJudged,
    PresenceStuck,
    PromptGiven,
    RecordAnswered,
    ReleaseOrdered,
    Restarted,
    Ticked,
    TrialAsked,
    TrialStopped,
)

FAST, FAST_S = 20, 60.0
SLOW, SLOW_S = 240, 3600.0
"""More moves than the first in the second: no person and no sound device does that."""

QUIET_S: Final = 60.0
"""It has come to rest after so long without a move."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A source began to chatter, or came to rest after `held` moves that were not recorded one by one."""

    source: str
    began: bool
    held: int = 0


@dataclass(slots=True)
class _Source:
    moves: deque[float] = field(default_factory=lambda: deque(maxlen=SLOW))
    chatters: bool = False
    held: int = 0


class Chatter:
    """All sources of one kiosk, by name."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}
        self._turns: list[Turn] = []

    def moved(self, name: str, now_s: float) -> bool:
        """Count a move; whether it is to be held back."""
        source = self._sources.setdefault(name, _Source())
        moves = source.moves
        moves.append(now_s)
        if not source.chatters:
            fast = len(moves) >= FAST and now_s - moves[-FAST] < FAST_S
            slow = len(moves) >= SLOW and now_s - moves[-SLOW] < SLOW_S
            if not (fast or slow):
                return False
            source.chatters, source.held = True, 0
            self._turns.append(Turn(name, began=True))
        source.held += 1
        return True

    def poll(self, now_s: float) -> tuple[Turn, ...]:
        """What began and what came to rest since the last call."""
        for name, source in list(self._sources.items()):
            last_s = source.moves[-1]
            if source.chatters and now_s >= last_s + QUIET_S:
                source.chatters = False
                self._turns.append(Turn(name, began=False, held=source.held))
            elif now_s >= last_s + SLOW_S:
                del self._sources[name]
        turns, self._turns = tuple(self._turns), []
        return turns

    def next_wake_s(self) -> float | None:
        """When a source may have come to rest, None while none chatters."""
        ends = [source.moves[-1] + QUIET_S for source in self._sources.values() if source.chatters]
        return min(ends, default=None)


def source_of(event: Event) -> str | None:
    """Whose move an event is; None for what comes once, or is the answer to something."""
    match event:
        case InputMoved(input=name):
            return f"input {name.value}"
        case DeviceFailed(device=device) | DeviceRecovered(device=device):
            return f"device {device.value}"
        case AnomalyBegan(anomaly=anomaly) | AnomalyEnded(anomaly=anomaly):
            return f"anomaly {anomaly.value}"
        case CameraJudged():
            return "camera"
        case FaceJudged():
            return "face"
        case PeopleJudged():
            return "people"
        case Appeared() | Emptied():
            return "presence"
        case KeyTouched():
            return "keys"
        case EntryCompleted():
            return "entries"
        case ClaimMade() | ClaimOver() | OwnerCodeWanted():
            return "claims"
        case OwnerJudged():
            return "owner"
        case TrialAsked() | TrialStopped():
            return "trials"
        case ClockJumped():
            return "clock"
        case PromptGiven():
            return "prompt"
        case (
            PresenceStuck()
            | EntryJudged()
            | OwnerCodeSent()
            | OwnerCodeOver()
            | OwnerEntryCompleted()
            | OwnerEntryJudged()
            | RecordAnswered()
            | CodeAccepted()
            | CodeDenied()
            | ReleaseOrdered()
            | Restarted()
            | Ticked()
        ):
            return None
        case _:
            assert_never(event)


def fault_of(source: str) -> str | None:
    """The fault of the catalogue where something is broken, a wire or a device; None for what people do."""
    if source.startswith("input "):
        return "input_chatters"
    return "comes_and_goes" if source.startswith("device ") or source == "camera" else None
