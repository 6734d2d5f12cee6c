"""Whether another version of the program may take over now: only in a vacant, unlocked cabin at rest."""

from __future__ import annotations

from edge.cabin.outputs import door_locked
from edge.cabin.state import Mode
from edge.faults.fault import FaultError
from edge.loop.kiosk import Kiosk


def may_update(kiosk: Kiosk, now_s: float) -> None:
    """Raises `FaultError`: `update_fire`, `update_door_locked`, `update_somebody`, `update_in_use`."""
    state = kiosk.state
    if state.mode is Mode.EMERGENCY or state.after_fire:
        raise FaultError("update_fire")
    if kiosk.door_locked or door_locked(state):
        raise FaultError("update_door_locked")
    if state.present or state.mode is not Mode.VACANT:
        raise FaultError("update_somebody")
    if kiosk.commission.left_s(now_s) or state.trial.output is not None:
        raise FaultError("update_in_use")
