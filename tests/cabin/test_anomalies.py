"""The lists of anomalies and of devices say what the cabin flow says, and say all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from edge.cabin.anomalies import ANOMALIES, HOLDS_CLOCK, RELEASES, Ends, PermitRule, Policy, Siren, SirenFor
from edge.cabin.devices import DEVICES, LOCK_NEEDS
from edge.cabin.events import FACTS, Anomaly, Device, Event
from edge.cabin.state import Mode
from edge.messages.urgency import urgency_of
from edge.settings.schema import KEYS
from edge.terms.alerts import Alert, Urgency
from edge.terms.record import Recipient
from tests.worlds import cabin_model
from tests.worlds.cabin_world import Cabin

CONTROL_ROOM, WATCHMAN = {Recipient.CONTROL_ROOM}, {Recipient.WATCHMAN}
BOTH = CONTROL_ROOM | WATCHMAN


@dataclass(frozen=True)
class Line:
    """A line of the flow's own table: who is told, what sounds, whether the permit stays, and the lock."""

    told: set[Recipient]
    sound: str
    permit_stays: bool
    lock: str


SILENT = Line(CONTROL_ROOM, "mute", False, "never")

FLOW: Mapping[Anomaly, Line] = {
    Anomaly.SEVERAL_PERSONS: Line(CONTROL_ROOM, "beeps", False, "never"),
    Anomaly.WEAPON: SILENT,
    Anomaly.FIGHT: SILENT,
    Anomaly.ROBBERY: SILENT,
    Anomaly.PERSON_DOWN: Line(CONTROL_ROOM, "mute", False, "releases"),
    Anomaly.PANIC: Line(CONTROL_ROOM, "mute", False, "releases"),
    Anomaly.LOITERING: Line(WATCHMAN, "beeps", True, "no"),
    Anomaly.INTRUSION: Line(BOTH, "siren", False, "no"),
    Anomaly.OBJECT_LEFT: Line(WATCHMAN, "no", True, "no"),
    Anomaly.OBJECT_REMOVED: Line(BOTH, "no", False, "no"),
    Anomaly.FRONT_CHANGED: Line(BOTH, "no", False, "no"),
    Anomaly.CAMERA_OBSTRUCTED: Line(BOTH, "siren if somebody is or was there", False, "no"),
    Anomaly.UNUSUAL_SCENE: Line(CONTROL_ROOM, "no", True, "no"),
    Anomaly.UNUSUAL_BEHAVIOUR: Line(CONTROL_ROOM, "no", True, "no"),
    Anomaly.STILL_PICTURE: Line(CONTROL_ROOM, "no", True, "no"),
    Anomaly.CASE_OPENED: Line(BOTH, "siren", False, "no"),
    Anomaly.SHAKEN: Line(BOTH, "siren", False, "no"),
    Anomaly.DOOR_FORCED: Line(BOTH, "siren", False, "no"),
    Anomaly.DOOR_HELD_OPEN: Line(WATCHMAN, "beeps", False, "no"),
}
"""The table of the cabin flow, told a second time so that a slip in the list is noticed."""


def test_the_list_and_the_flow_have_every_anomaly() -> None:
    assert list(ANOMALIES) == list(Anomaly)
    assert list(FLOW) == list(Anomaly)


@pytest.mark.parametrize("anomaly", Anomaly)
def test_a_row_is_the_flows(anomaly: Anomaly) -> None:
    row, line = ANOMALIES[anomaly], FLOW[anomaly]
    assert set(row.told) == line.told
    sound, _, when = line.sound.partition(" if ")
    assert row.siren is Siren(sound)
    assert row.siren_for is (SirenFor.SOMEBODY_THERE if when else SirenFor.ANYBODY)
    assert row.permit is (PermitRule.STAYS if line.permit_stays else PermitRule.OFF)
    assert (anomaly in HOLDS_CLOCK) == (line.lock != "no")
    assert (anomaly in RELEASES) == (line.lock == "releases")
    assert row.urgency is (Urgency.EMERGENCY if line.sound == "mute" else Urgency.ALERT)


def test_the_settings_begin_with_the_list_and_have_a_rule_for_every_anomaly() -> None:
    assert [name for name, _ in Policy()] == [anomaly.value for anomaly in Anomaly]
    for anomaly in Anomaly:
        rule, row = Policy().rule(anomaly), ANOMALIES[anomaly]
        assert (rule.told, rule.siren, rule.permit) == (row.told, row.siren, row.permit)
        assert {f"policy.{anomaly.value}.{part}" for part in ("told", "siren", "permit")} <= set(KEYS)


def test_whatever_opens_a_lock_also_holds_the_clock() -> None:
    assert RELEASES < HOLDS_CLOCK


@pytest.mark.parametrize("anomaly", Anomaly)
def test_a_standing_lock_is_opened_by_those_that_the_list_says(anomaly: Anomaly) -> None:
    cabin = Cabin().locked().wait(5).begins(anomaly.value)
    assert (cabin.state.mode is Mode.RELEASED) == (anomaly in RELEASES)
    assert cabin.door == (anomaly not in RELEASES)


@pytest.mark.parametrize("anomaly", Anomaly)
def test_the_empty_cabin_ends_those_that_the_list_says(anomaly: Anomaly) -> None:
    cabin = Cabin().comes("bare").begins(anomaly.value).leaves()
    assert (anomaly in cabin.state.active) == (ANOMALIES[anomaly].ends is not Ends.EMPTY)


@pytest.mark.parametrize("anomaly", Anomaly)
def test_the_shut_door_ends_those_that_the_list_says(anomaly: Anomaly) -> None:
    cabin = Cabin().wire("door", True).begins(anomaly.value).wire("door", False)
    assert (anomaly in cabin.state.active) == (ANOMALIES[anomaly].ends is not Ends.DOOR_SHUT)


def test_the_model_of_the_properties_holds_the_same_against_nobody() -> None:
    """It is a second telling as well, so that the search does not believe the list that it checks."""
    assert cabin_model.NEVER_LOCK == HOLDS_CLOCK
    assert cabin_model.NEEDED == LOCK_NEEDS


# --- devices ---------------------------------------------------------------------------------------

SPARED = {
    *(Device.PERMIT, Device.SOUNDER, Device.LIGHTS, Device.MODEM, Device.CLOCK, Device.DOOR_CONTACT),
    *(Device.ATM, Device.CUSTOMER_KEYPAD),
}
"""What a lock does without: all the others it needs."""


def test_the_list_has_every_device_and_a_lock_needs_all_but_a_few() -> None:
    assert list(DEVICES) == list(Device)
    assert set(Device) - SPARED == LOCK_NEEDS


@pytest.mark.parametrize("device", Device)
def test_a_failure_is_told_to_those_that_the_list_says(device: Device) -> None:
    cabin = Cabin().fails(device.value)
    for_the_bank = (Device.MODEM, Device.ATM, Device.CUSTOMER_KEYPAD)
    whom = CONTROL_ROOM if device in for_the_bank else BOTH
    assert set(DEVICES[device].told) == whom
    assert cabin.told_whom("fault") == [{to.value for to in whom}]


# --- what is reported ----------------------------------------------------------------------------------


def test_codes_go_before_emergencies_and_these_before_all_else() -> None:
    assert urgency_of("code") is Urgency.CODE
    assert {kind for kind in (*Anomaly, *Alert) if urgency_of(kind) is Urgency.EMERGENCY} == {
        *("weapon", "fight", "robbery", "person_down", "panic", "fire"),
        *("code_typed", "all_ok", "duress"),  # the three are one: nothing may tell them apart
    }
    assert {urgency_of(kind) for kind in ("daily", "status", "help")} == {Urgency.REPORT}
    assert urgency_of("of_another_version") is Urgency.ALERT
    assert sorted(Urgency) == [Urgency.CODE, Urgency.EMERGENCY, Urgency.ALERT, Urgency.REPORT]


def test_no_alert_has_the_name_of_an_anomaly() -> None:
    assert not {alert.value for alert in Alert} & {anomaly.value for anomaly in Anomaly}


def test_facts_are_events_and_shown_as_such() -> None:
    assert set(FACTS) < set(Event.__args__)


def test_for_whom_a_siren_sounds_has_the_words_of_the_settings() -> None:
    assert [member.value for member in SirenFor] == ["anybody", "somebody_there"]
