"""What the door, the lights and the people see of a cabin: functions of the state alone.

So no path of the table can forget the door, the permit, the sound or the lights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from edge.cabin.anomalies import Siren
from edge.cabin.commands import Command, SetDoor, SetLights, SetPermit, SetSound
from edge.cabin.rules import Rules
from edge.cabin.state import VERIFIED, Mode, Stage, State, needed_s
from edge.terms.commission import Tried
from edge.terms.observation import CameraHealth
from hw.ports import Asked, Light, Sound


def tried(state: State) -> Tried | None:
    """The output that is being tried, in a vacant cabin alone."""
    return None if state.mode is not Mode.VACANT or state.present else state.trial.output


def door_locked(state: State) -> bool:
    """Whether the relay is to lock the door: in `locked`, once recorded, or while the lock is tried.

    Never near fire or exit.
    """
    if state.fire or state.exit:
        return False
    return (state.mode is Mode.LOCKED and state.record_by_s is None) or tried(state) is Tried.LOCK


def permit_on(state: State, rules: Rules) -> bool:
    """Whether the machine may be used: a proper face, and where claims are asked for a verified one; or while
    the permit is tried."""
    cleared = state.mode is Mode.CLEARED and (rules.owner is None or state.claim.stage in VERIFIED)
    return cleared or tried(state) is Tried.PERMIT


def permit_reason(state: State, rules: Rules) -> str:
    """Why the permit is as it is, in one plain word for the machine."""
    if tried(state) is Tried.PERMIT:
        return "trial"
    if state.mode is not Mode.CLEARED or rules.owner is None:
        return state.mode.value
    return "verified" if state.claim.stage in VERIFIED else "claim_wanted"


def owner_asked(state: State) -> Asked | None:
    """What the machine of the claim is to ask its customer for."""
    match state.claim.stage:
        case Stage.FACE:
            return Asked.FACE
        case Stage.CODE:
            return Asked.CODE
        case Stage.NONE | Stage.FAILED | Stage.SENDING | Stage.BY_FACE | Stage.BY_CODE:
            return None
        case _:
            assert_never(state.claim.stage)


def owner_face_wanted(state: State) -> bool:
    """Whether the face is to be compared with the owner's now: until it is known, and on while it is."""
    looked_at = state.claim.until_s is not None if state.claim.stage is Stage.FACE else False
    return state.mode is Mode.CLEARED and (looked_at or state.claim.stage is Stage.BY_FACE)


def silent(state: State, now_s: float, rules: Rules) -> bool:
    """While a weapon, a fight, a person down or the panic switch holds, and a while after, no sound."""
    held = any(rules.policy.rule(a).siren is Siren.MUTE for a in state.active)
    return held or (state.silent_until_s is not None and now_s < state.silent_until_s)


def sound(state: State, now_s: float, rules: Rules) -> Sound:
    """The one sound that plays: siren before beeps before nothing."""
    if silent(state, now_s, rules) or state.mode is Mode.EMERGENCY:
        return Sound.OFF
    if state.siren_until_s is not None and now_s < state.siren_until_s:
        return Sound.SIREN
    match tried(state):
        case Tried.SIREN:
            return Sound.SIREN
        case Tried.BEEPS:
            return Sound.BEEPS
        case Tried.LOCK | Tried.PERMIT | Tried.GREEN | Tried.AMBER | Tried.RED | Tried.PROMPT | None:
            pass
    if state.mode is Mode.WARNED:
        return Sound.BEEPS
    beeping = any(rules.policy.rule(a).siren is Siren.BEEPS for a in state.active)
    return Sound.BEEPS if beeping and state.mode is not Mode.LOCKED else Sound.OFF


def lights(state: State) -> frozenset[Light]:
    match tried(state):
        case Tried.GREEN:
            return frozenset({Light.GREEN})
        case Tried.AMBER:
            return frozenset({Light.AMBER})
        case Tried.RED | Tried.LOCK:  # a door that is locked shows it
            return frozenset({Light.RED})
        case Tried.PERMIT | Tried.SIREN | Tried.BEEPS | Tried.PROMPT | None:
            return _LIGHTS[state.mode]


_LIGHTS: Mapping[Mode, frozenset[Light]] = {
    Mode.VACANT: frozenset({Light.GREEN}),
    Mode.CHECKING: frozenset({Light.GREEN, Light.AMBER}),
    Mode.CLEARED: frozenset({Light.GREEN}),
    Mode.WARNED: frozenset({Light.AMBER}),
    Mode.LOCKED: frozenset({Light.RED}),
    Mode.RELEASED: frozenset({Light.AMBER}),
    Mode.EMERGENCY: frozenset({Light.RED, Light.AMBER, Light.GREEN}),
}


def outputs(state: State, now_s: float, rules: Rules) -> tuple[Command, ...]:
    """All four outputs as commands, for a loop that starts."""
    return (
        SetDoor(door_locked(state)),
        SetPermit(permit_on(state, rules)),
        SetSound(sound(state, now_s, rules)),
        SetLights(lights(state)),
    )


def shown(state: State, now_s: float) -> str:
    """The name for people: the mode, or what overrides it in their eyes."""
    lockout = state.code.lockout_until_s
    if state.mode is Mode.LOCKED and lockout is not None and now_s < lockout:
        return "lockout"
    if state.health is not CameraHealth.OK and state.mode not in (Mode.LOCKED, Mode.EMERGENCY):
        return "blind"
    return state.mode.value


def lock_in_s(state: State, now_s: float, rules: Rules) -> float | None:
    """Seconds of evidence left until the lock deadline while its clock runs, else None."""
    if state.counting_from_s is None:
        return None
    return max(0.0, needed_s(state, rules.flow) - state.evidence_s - (now_s - state.counting_from_s))
