"""Relays, sound, lights and words: driven as the table orders, and checked against what it wants."""

from __future__ import annotations

from typing import Final

from edge.cabin.commands import Say, SetDoor, SetLights, SetPermit, SetSound
from edge.cabin.events import Device, PromptGiven
from edge.cabin.outputs import door_locked, permit_on, tried
from edge.loop.logbook import Logbook
from edge.loop.situation import Situation
from edge.messages.prompts import prompt_clips, prompt_text
from edge.terms.commission import Tried
from hw.ports import Board, HardwareError, Input, PromptResult, Relay

Output = SetDoor | SetPermit | SetSound | SetLights

_LATE_S: Final = 0.25
"""So late a turn of the loop may be before the input path ends a trial in its place."""

_TRIES: Final = 1
"""How often a relay that does not show what was ordered is driven again before that is a fault."""


class Outputs:
    """The board's outputs. A device that fails becomes an event of the situation."""

    def __init__(self, board: Board, situation: Situation, logbook: Logbook, language: str) -> None:
        self._board = board
        self._situation = situation
        self._logbook = logbook
        self._language = language
        self._wrong = {Device.LOCK: 0, Device.PERMIT: 0}

    @property
    def door_locked(self) -> bool:
        """What the lock relay shows."""
        return self._board.lock.is_on

    @property
    def permit_on(self) -> bool:
        return self._board.permit.is_on

    def drive(self, output: Output, now_s: float) -> None:
        """One of the four outputs. What the lock and the permit do is checked at each turn."""
        device = Device.LOCK
        try:
            match output:
                case SetDoor(locked=locked):
                    if locked:
                        self._board.lock.limit(self._no_longer_than_s())
                    _drive(self._board.lock, locked)
                case SetPermit(on=on):
                    device = Device.PERMIT
                    _drive(self._board.permit, on)
                case SetSound(sound=sound):
                    device = Device.SOUNDER
                    self._board.sounder.play(sound, now_s)
                case SetLights(lit=lit):
                    device = Device.LIGHTS
                    self._board.lights.show(lit)
                    self._situation.works(device)
        except HardwareError as error:
            self._situation.failed(device, error.code)

    def check_lock(self) -> None:
        """The lock against what the table wants; the input path may hold it open."""
        wanted = door_locked(self._situation.state)
        try:
            held = wanted and self._held_by_input()
            self._check(Device.LOCK, self._board.lock, wanted, held)
        except HardwareError as error:
            self._situation.failed(Device.LOCK, error.code)

    def check_permit(self) -> None:
        """The permit against what the table wants."""
        wanted = permit_on(self._situation.state, self._situation.rules)
        try:
            self._check(Device.PERMIT, self._board.permit, wanted, held=False)
        except HardwareError as error:
            self._situation.failed(Device.PERMIT, error.code)

    def refuse(self, now_s: float) -> None:
        """The buzz that means no."""
        try:
            self._board.sounder.buzz(now_s)
        except HardwareError as error:
            self._situation.failed(Device.SOUNDER, error.code)

    def say(self, command: Say, now_s: float) -> None:
        prompt, cause = command.prompt.value, command.cause.value
        seconds = command.lock_in_s if command.threat else None
        text = prompt_text(prompt, cause, seconds, self._language)
        self._logbook.tell(now_s, "prompt", {"text": text})
        self._board.prompt.say(command.ticket, prompt_clips(prompt, cause, seconds), text, now_s)

    def said(self, result: PromptResult) -> None:
        """How words ended."""
        if result.ok:
            self._situation.works(Device.PROMPT)
            self._situation.add(PromptGiven(result.ticket))
        else:
            self._situation.failed(Device.PROMPT, result.code)

    def _check(self, device: Device, relay: Relay, wanted: bool, held: bool) -> None:
        if relay.is_on == wanted or held:
            self._wrong[device] = 0
            if device in self._situation.state.failed:
                # A pin that cannot be read shows what was ordered: only one that can be driven is well.
                _drive(relay, wanted)
                self._situation.works(device)
            return
        self._wrong[device] += 1
        if self._wrong[device] <= _TRIES or not wanted:
            _drive(relay, wanted)
        if self._wrong[device] > _TRIES:
            self._situation.failed(device, "relay_mismatch")

    def _no_longer_than_s(self) -> float | None:
        """When the input path lets go of a lock that is only tried, should this loop hang."""
        state = self._situation.state
        until_s = state.trial.until_s
        return until_s + _LATE_S if tried(state) is Tried.LOCK and until_s is not None else None

    def _held_by_input(self) -> bool:
        """Whether the input path may hold the lock: for fire, for exit, or because they cannot be read."""
        inputs = self._board.inputs
        unread = Device.INPUTS in self._situation.state.failed
        return unread or inputs.active(Input.FIRE) or inputs.active(Input.EXIT)


def _drive(relay: Relay, on: bool) -> None:
    if on:
        relay.on()
    else:
        relay.off()
