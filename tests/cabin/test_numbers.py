"""Each number of the cabin flow: its bounds, what it is by default, and the words that are written down."""

from __future__ import annotations

from enum import StrEnum

import msgspec
import pytest

from edge.cabin import anomalies, commands, conditions, draft, events, rules, state
from edge.cabin.anomalies import Policy
from edge.cabin.events import Anomaly
from edge.cabin.rules import Flow
from edge.cabin.state import Claim, Code, State
from edge.terms.record import Recipient

NUMBERS = (
    # name, least, default, most
    ("presence_confirm_s", 0, 0.5, 10),
    ("presence_area", 0.002, 0.04, 0.5),
    ("presence_max_s", 10, 1800.0, 86400),
    ("gone_after_s", 0.5, 3.0, 60),
    ("contact_doubt_s", 10, 60.0, 600),
    ("adjust_after_s", 0.5, 6.0, 300),
    ("lock_after_s", 2, 20.0, 900),
    ("prompt_lead_s", 0, 10.0, 120),
    ("hold_after_s", 0, 30.0, 600),
    ("record_wait_s", 0.05, 0.5, 5),
    ("siren_s", 0, 120.0, 1800),
    ("max_lock_s", 10, 1800.0, 3600),
    ("locked_empty_s", 5, 30.0, 600),
    ("relock_after_s", 2, 10.0, 300),
    ("relock_max_s", 0, 180.0, 3600),
    ("second_watchman_s", 5, 120.0, 900),
    ("unreachable_release_s", 5, 180.0, 900),
    ("checkpoint_s", 1, 10.0, 60),
    ("code_digits", 3, 3, 8),
    ("code_ttl_s", 10, 300.0, 1800),
    ("code_accept_s", 5, 120.0, 600),
    ("code_tries", 1, 3, 5),
    ("codes_per_incident", 1, 5, 10),
    ("release_tries", 1, 5, 10),
    ("key_timeout_s", 1, 10.0, 60),
    ("keypad_lockout_s", 1, 90.0, 900),
    ("keypad_lockout_max_s", 1, 900.0, 3600),
    ("exit_hold_s", 5, 15.0, 120),
    ("exit_stuck_s", 10, 60.0, 3600),
    ("fire_clear_s", 0, 600.0, 86400),
    ("door_held_open_s", 1, 60.0, 3600),
    ("crowd_s", 0, 10.0, 600),
    ("loiter_s", 5, 180.0, 3600),
    ("left_s", 2, 20.0, 3600),
    ("intrusion_s", 0.5, 2.0, 60),
    ("remind_s", 10, 600.0, 86400),
)

W, C, BOTH = ("watchman",), ("control_room",), ("watchman", "control_room")
POLICY = (
    # anomaly, told, siren, permit
    ("several_persons", C, "beeps", "off"),
    ("weapon", C, "mute", "off"),
    ("fight", C, "mute", "off"),
    ("robbery", C, "mute", "off"),
    ("person_down", C, "mute", "off"),
    ("panic", C, "mute", "off"),
    ("loitering", W, "beeps", "stays"),
    ("intrusion", BOTH, "siren", "off"),
    ("object_left", W, "no", "stays"),
    ("object_removed", BOTH, "no", "off"),
    ("front_changed", BOTH, "no", "off"),
    ("camera_obstructed", BOTH, "siren", "off"),
    ("unusual_scene", C, "no", "stays"),
    ("unusual_behaviour", C, "no", "stays"),
    ("still_picture", C, "no", "stays"),
    ("case_opened", BOTH, "siren", "off"),
    ("shaken", BOTH, "siren", "off"),
    ("door_forced", BOTH, "siren", "off"),
    ("door_held_open", W, "beeps", "off"),
)


def test_every_number_is_here() -> None:
    words = ("duress", "duress_prefix")
    assert [name for name, *_ in NUMBERS] == [one for one in Flow.__struct_fields__ if one not in words]


@pytest.mark.parametrize(("name", "least", "default", "most"), NUMBERS, ids=[row[0] for row in NUMBERS])
def test_a_number_is_what_it_is_by_default_and_refused_outside_its_bounds(
    name: str, least: float, default: float, most: float
) -> None:
    assert getattr(Flow(), name) == default
    for allowed in (least, default, most):
        assert getattr(msgspec.convert({name: allowed}, Flow), name) == allowed
    step = 1 if isinstance(least, int) and isinstance(most, int) and isinstance(default, int) else 1e-6
    for refused in (least - step, most + step):
        with pytest.raises(msgspec.ValidationError, match=name):
            msgspec.convert({name: refused}, Flow)


def test_the_numbers_that_are_no_settings() -> None:
    assert conditions.CODE_FAILOVER_S == 60.0
    assert (draft.PROMPT_REPEAT_S, draft.PROMPT_LOST_S, draft.FLICKER_S, draft.OFTEN) == (10.0, 30.0, 1.0, 3)


@pytest.mark.parametrize(("name", "told", "siren", "permit"), POLICY, ids=[row[0] for row in POLICY])
def test_a_row_of_the_policy(name: str, told: tuple[str, ...], siren: str, permit: str) -> None:
    rule = Policy().rule(Anomaly(name))
    assert (rule.told, rule.siren.value, rule.permit.value) == (told, siren, permit)


def test_the_policy_has_these_rows_and_no_other() -> None:
    assert [name for name, _ in Policy()] == [row[0] for row in POLICY]
    assert dict(Policy()) == {name: Policy().rule(Anomaly(name)) for name, *_ in POLICY}


def test_nothing_unknown_is_taken() -> None:
    for kind in (Flow, Policy, anomalies.Rule):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"other": 1}, kind)
        assert kind.__struct_config__.frozen


KINDS: tuple[type[StrEnum], ...] = tuple(
    sorted(
        {
            kind
            for module in (anomalies, events, commands, rules, state)
            for kind in vars(module).values()
            if isinstance(kind, type) and issubclass(kind, StrEnum) and kind.__module__ == module.__name__
        },
        key=lambda kind: kind.__name__,
    )
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_written_down_is_the_name(kind: type[StrEnum]) -> None:
    """The record, the settings and the messages know every member by its own name, in small letters."""
    assert [member.value for member in kind] == [name.lower() for name in kind.__members__]


def test_what_is_known_before_anything_happened() -> None:
    """A state that no record remembers: nobody there, nothing wrong, nothing due, no code."""
    s = State()
    assert {name for name in State.__dataclass_fields__ if getattr(s, name)} == {
        "mode",
        "timebase",
        "health",
        "face",
        "cover",
        "said",
        "code",
        "claim",
        "trial",
        "playing",
    }
    assert (s.mode, s.health, s.face, s.cover, s.playing) == ("vacant", "ok", "unknown", "none", "off")
    assert s.said == ("silence", "none")
    assert not any(getattr(Code(), name) for name in Code.__dataclass_fields__)
    assert {name for name in Claim.__dataclass_fields__ if getattr(Claim(), name)} == {"stage"}
    assert (Claim().stage, Claim().until_s) == ("none", None)
    unset = {name for name in State.__dataclass_fields__ if getattr(s, name) is None}
    assert unset == {
        "exit_hold_until_s",
        "exit_since_s",
        "door_open_since_s",
        "last_present_s",
        "several_since_s",
        "bare_since_s",
        "counting_from_s",
        "stand_until_s",
        "warn_ticket",
        "prompted_at_s",
        "say_again_s",
        "locked_at_s",
        "record_by_s",
        "gone_since_s",
        "unreached_from_s",
        "siren_until_s",
        "silent_until_s",
        "fire_quiet_since_s",
    }
    assert Code().accepted_at_s is None
    assert Code().lockout_until_s is None


def test_what_an_event_or_a_command_says_where_nothing_else_is_said() -> None:
    hidden = events.FaceJudged(events.FaceFact.HIDDEN)
    assert (hidden.cover, hidden.turned, hidden.unclear) == ("none", False, "")
    assert events.AnomalyBegan(events.Anomaly.PANIC).detail == ""
    assert events.ReleaseOrdered(events.Orderer.CONTROL_ROOM).incident == 0
    said = commands.Say(1, commands.PromptKey.LOCKED, commands.PromptCause.NONE)
    assert (said.lock_in_s, said.threat) == (0, False)
    assert commands.Tell("fire", 1, (Recipient.WATCHMAN,)).reason == ""
    assert (rules.Rules(Flow()).door_contact, rules.Rules(Flow()).words_s) == (True, 0.0)
    assert rules.Rules(Flow()).owner is None
    owner = rules.OwnerRules()
    numbers = (owner.verify_s, owner.tell_after, owner.code_ttl_s, owner.code_accept_s)
    assert numbers == (20.0, 2, 180.0, 60.0)
