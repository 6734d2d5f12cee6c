"""The numbers that the table decides with: plain frozen values, bounds and units in each.

`Flow` has one field for every number of the cabin flow, `Rules` is all that is set for one cabin. Nothing
here reads a file or a clock; `edge.settings.schema` fills them from `kiosk.toml` and checks the bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec

from edge.cabin.anomalies import Policy


class Flow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every number of the cabin flow; what each means stands in `kiosk.example.toml`."""

    # presence
    presence_confirm_s: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.5
    presence_area: Annotated[float, msgspec.Meta(ge=0.002, le=0.5)] = 0.04
    presence_max_s: Annotated[float, msgspec.Meta(ge=10, le=86400)] = 1800.0
    gone_after_s: Annotated[float, msgspec.Meta(ge=0.5, le=60)] = 3.0
    contact_doubt_s: Annotated[float, msgspec.Meta(ge=10, le=600)] = 60.0
    # from warned to locked
    adjust_after_s: Annotated[float, msgspec.Meta(ge=0.5, le=300)] = 6.0
    lock_after_s: Annotated[float, msgspec.Meta(ge=2, le=900)] = 20.0
    prompt_lead_s: Annotated[float, msgspec.Meta(ge=0, le=120)] = 10.0
    hold_after_s: Annotated[float, msgspec.Meta(ge=0, le=600)] = 30.0
    record_wait_s: Annotated[float, msgspec.Meta(ge=0.05, le=5)] = 0.5
    # locked
    siren_s: Annotated[float, msgspec.Meta(ge=0, le=1800)] = 120.0
    max_lock_s: Annotated[float, msgspec.Meta(ge=10, le=3600)] = 1800.0
    locked_empty_s: Annotated[float, msgspec.Meta(ge=5, le=600)] = 30.0
    relock_after_s: Annotated[float, msgspec.Meta(ge=2, le=300)] = 10.0
    relock_max_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 180.0
    second_watchman_s: Annotated[float, msgspec.Meta(ge=5, le=900)] = 120.0
    unreachable_release_s: Annotated[float, msgspec.Meta(ge=5, le=900)] = 180.0
    checkpoint_s: Annotated[float, msgspec.Meta(ge=1, le=60)] = 10.0
    # the code
    code_digits: Annotated[int, msgspec.Meta(ge=3, le=8)] = 3
    code_ttl_s: Annotated[float, msgspec.Meta(ge=10, le=1800)] = 300.0
    code_accept_s: Annotated[float, msgspec.Meta(ge=5, le=600)] = 120.0
    code_tries: Annotated[int, msgspec.Meta(ge=1, le=5)] = 3
    codes_per_incident: Annotated[int, msgspec.Meta(ge=1, le=10)] = 5
    duress: Literal["off", "last_plus_one", "prefix"] = "off"
    duress_prefix: Annotated[
        str, msgspec.Meta(pattern=r"\A[0-9]{1,3}\Z", description="1 to 3 digits in quotes")
    ] = "9"
    release_tries: Annotated[int, msgspec.Meta(ge=1, le=10)] = 5
    # the keypad
    key_timeout_s: Annotated[float, msgspec.Meta(ge=1, le=60)] = 10.0
    keypad_lockout_s: Annotated[float, msgspec.Meta(ge=1, le=900)] = 90.0
    keypad_lockout_max_s: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 900.0
    # exit, fire, door
    exit_hold_s: Annotated[float, msgspec.Meta(ge=5, le=120)] = 15.0
    exit_stuck_s: Annotated[float, msgspec.Meta(ge=10, le=3600)] = 60.0
    fire_clear_s: Annotated[float, msgspec.Meta(ge=0, le=86400)] = 600.0
    door_held_open_s: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 60.0
    # anomalies
    crowd_s: Annotated[float, msgspec.Meta(ge=0, le=600)] = 10.0
    loiter_s: Annotated[float, msgspec.Meta(ge=5, le=3600)] = 180.0
    left_s: Annotated[float, msgspec.Meta(ge=2, le=3600)] = 20.0
    intrusion_s: Annotated[float, msgspec.Meta(ge=0.5, le=60)] = 2.0
    remind_s: Annotated[float, msgspec.Meta(ge=10, le=86400)] = 600.0


@dataclass(frozen=True, slots=True)
class OwnerRules:
    """The numbers of a claim: who says whose card it is has to be known by the face, or by a code."""

    verify_s: float = 20.0
    tell_after: int = 2
    code_ttl_s: float = 180.0
    code_accept_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers and the policy; they do not change while the program runs."""

    flow: Flow
    policy: Policy = field(default_factory=Policy)
    door_contact: bool = True
    words_s: float = 0.0
    """The longest that a warning takes to be said: its seconds are those that are left at its end."""
    owner: OwnerRules | None = None
    """None: no claim is needed, and none is taken."""
