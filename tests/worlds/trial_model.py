"""What an outsider knows of a trial of an output: who may begin it, and that nothing outlives its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.cabin.commands import Command, SetDoor, SetPermit
from edge.cabin.events import (
    CodeAccepted,
    CodeDenied,
    Device,
    Event,
    PromptGiven,
    RecordAnswered,
    Ticked,
    TrialAsked,
)
from edge.cabin.state import Mode
from edge.terms.commission import Tried

LOCK_MOST_S = 5.0
REST_S = 10.0
NEARLY = 1e-5

_SAYS_NOTHING = (Ticked, PromptGiven, RecordAnswered, CodeAccepted, CodeDenied)


class Around(Protocol):
    """What is so in the cabin at the moment."""

    fire: bool
    exit: bool
    door_open: bool
    contact: bool
    present: bool
    several: bool
    failed: frozenset[Device]

    @property
    def calm(self) -> bool: ...
    @property
    def in_order(self) -> bool: ...


@dataclass
class TrialWatch:
    """A relay that is tried: since when, for how long at most; and for how long none was."""

    relay: Tried | None = None
    age_s: float = 0.0
    most_s: float = 0.0
    rested_for: float = 1e9

    def __post_init__(self) -> None:
        self.rested_for = min(self.rested_for, REST_S)

    def key(self) -> tuple[object, ...]:
        return (self.relay, self.age_s, self.most_s, self.rested_for)

    def run(self, dt: float) -> None:
        """Time goes on. Older than it may be is as bad as one second more."""
        if self.relay is None:
            self.rested_for = min(self.rested_for + dt, REST_S)
        else:
            self.age_s = min(self.age_s + dt, LOCK_MOST_S + 1.0)

    @property
    def door(self) -> bool:
        """The door may be locked for a trial."""
        return self.relay is Tried.LOCK

    @property
    def permit(self) -> bool:
        return self.relay is Tried.PERMIT

    def saw(
        self, event: Event, mode_before: Mode, mode: Mode, around: Around, commands: Sequence[Command]
    ) -> None:
        """One step. AssertionError where a relay moves that may not, or is not let go of in time."""
        asked = isinstance(event, TrialAsked)
        if self.relay is not None and self._must_end(event, mode, around):
            self._end()
        on = [c for c in commands if c == SetDoor(locked=True) or c == SetPermit(on=True)]
        if not (asked and on):
            if self.relay is not None and _let_go(self.relay, commands):
                self._end()
            return
        assert isinstance(event, TrialAsked)
        assert mode_before is Mode.VACANT
        assert len(on) == 1, "two relays for one trial"
        assert event.seen_empty, "a relay is tried and nobody looked"
        assert self.rested_for >= REST_S - NEARLY or self.relay is not None, "a relay that has to rest"
        assert self.relay is None, "a relay is tried while another one is"
        self._check_around(mode, around)
        self.relay = Tried.LOCK if on[0] == SetDoor(locked=True) else Tried.PERMIT
        assert self.relay is event.output
        self.age_s, self.most_s = 0.0, min(LOCK_MOST_S, event.seconds)

    def _must_end(self, event: Event, mode: Mode, around: Around) -> bool:
        alone = isinstance(event, (*_SAYS_NOTHING, TrialAsked)) and mode is Mode.VACANT
        return not alone or self.age_s >= self.most_s + NEARLY

    def _end(self) -> None:
        self.relay, self.age_s, self.most_s, self.rested_for = None, 0.0, 0.0, 0.0

    @staticmethod
    def _check_around(mode: Mode, around: Around) -> None:
        assert mode is Mode.VACANT, "tried in a cabin that is not vacant"
        assert not around.present, "tried with somebody there"
        assert not around.fire, "tried during a fire"
        assert not around.exit, "tried against the exit button"
        assert around.calm, "tried in danger, or blind"
        assert not (around.door_open and around.contact), "tried with the door open"
        assert around.in_order, "tried although something is broken"
        assert Device.DOOR_CONTACT not in around.failed, "tried with a contact that nobody believes"


def _let_go(relay: Tried, commands: Sequence[Command]) -> bool:
    return (SetDoor(locked=False) if relay is Tried.LOCK else SetPermit(on=False)) in commands
