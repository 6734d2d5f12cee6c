"""What the view says is what stands at the wires: each field against the fakes, each fault by its switch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.bench.acting import check
from edge.bench.showing import LINES, TEXTS
from edge.bench.switches import switches
from edge.bench.wire import BenchView, FaultGroup, FaultSwitch
from edge.cabin.deadlines import Wait
from edge.cabin.events import TrialAsked
from edge.cabin.ways import LOCK_WAYS, TRIAL_WAYS, Because, Way
from edge.service.threads import Part
from edge.terms.commission import Tried
from hw.bench import FAULTS, LENSES, MACHINE_FAULTS, PromptFault
from hw.ports import Input, Light
from tests.worlds.bench_world import ALL_FITTED, LiveCabin, scripted_cabin, staged_cabin


@pytest.fixture
def cabin(tmp_path: Path) -> Iterator[LiveCabin]:
    with scripted_cabin(tmp_path) as cabin:
        yield cabin


@pytest.fixture
def locked(cabin: LiveCabin) -> LiveCabin:
    return cabin.does("enter anna with mask").run_to(27.0)


def _on(view: BenchView) -> set[tuple[str, str]]:
    return {(one.group.value, one.name) for one in view.faults if one.on}


def test_every_fault_is_switched_by_its_own_words(tmp_path: Path) -> None:
    """One after the other: on, seen as on, and nothing else; then off again."""
    with staged_cabin(tmp_path, *ALL_FITTED) as cabin:
        assert _on(cabin.view()) == set()
        for switch in switches(cabin.desk):
            check(switch.begin.split())
            check(switch.end.split())
            cabin.does(switch.begin)
            assert _on(cabin.view()) == {(switch.group.value, switch.name)}, switch
            cabin.does(switch.end)
            assert _on(cabin.view()) == set(), switch


def test_every_fault_that_the_fakes_know_has_a_switch(tmp_path: Path) -> None:
    with staged_cabin(tmp_path, *ALL_FITTED) as cabin:
        found = switches(cabin.desk)
        cabin.does("modem cms:42 on")
        assert ("modem", "cms:42") in _on(cabin.view())
    names: dict[FaultGroup, set[str]] = {group: set() for group in FaultGroup}
    for one in found:
        names[one.group].add(one.name)
        assert one.meaning
    assert len({(one.group, one.name) for one in found}) == len(found)
    assert names[FaultGroup.MODEM] == set(FAULTS)
    assert names[FaultGroup.CAMERA] == {"dies", *LENSES} - {"clear"}
    assert len(names[FaultGroup.PROMPT]) == len(PromptFault)
    assert names[FaultGroup.THREADS] == set(Part)
    assert names[FaultGroup.MACHINE] == {f"machine {name}" for name in MACHINE_FAULTS}
    assert names[FaultGroup.WIRES] == {f"{name} {how}" for name in Input for how in ("cut", "unreadable")}
    assert names[FaultGroup.KEYPAD] == {"broken", "inside broken", *(f"key {key}" for key in "123456789*0#")}
    assert names[FaultGroup.DISK] == {"full", "fails", "readonly"}
    assert all(names.values())


def test_a_cut_wire_and_a_broken_relay_are_so_at_the_pins(cabin: LiveCabin) -> None:
    cabin.does("wire fire cut").run_to(0.5)
    assert cabin.view().mode == "emergency", "a cut wire counts as active"
    assert cabin.desk.kiosk.state.fire
    cabin.does("wire fire whole", "relay permit broken").run_to(1.0)
    assert not cabin.desk.kiosk.state.fire


def test_the_outputs_are_those_of_the_pins(locked: LiveCabin) -> None:
    view, hands = locked.view(), locked.desk.hands
    assert (view.state, view.mode) == ("locked", "locked")
    assert view.outputs.locked is hands.lock_on is True
    assert view.outputs.permit is hands.permit_on is False
    assert {light for light in Light if getattr(view.outputs, light.value)} == hands.lights == {Light.RED}
    assert view.outputs.pattern == "siren"
    said = view.outputs.said
    assert said is not None
    assert said.text.startswith("The door is locked")
    assert said.files == ("locked.wav",)
    assert said.speaking
    locked.run_to(60.0)
    said = locked.view().outputs.said
    assert said is not None
    assert not said.speaking
    assert said.ago_s > 30.0


def test_a_relay_that_sticks_is_shown_as_it_is_and_not_as_ordered(locked: LiveCabin) -> None:
    locked.does("relay lock welded", "exit press").run_to(28.0)
    view = locked.view()
    assert view.mode == "emergency"
    assert view.outputs.locked, "the program wants it unlocked, and the pin stays"


def _heard(cabin: LiveCabin, until_s: float) -> tuple[str, set[bool]]:
    """The pattern after a while of turns as the live bench takes them, and whether it sounded meanwhile."""
    cabin.run_to(until_s - 1.5)
    sounding: set[bool] = set()
    for turn in range(1, 51):
        cabin.run_to(until_s - 1.5 + turn * 0.03)
        sounding.add(cabin.view().outputs.sounding)
    return cabin.view().outputs.pattern, sounding


@pytest.mark.slow
def test_the_sounder_is_heard_at_its_pin(cabin: LiveCabin) -> None:
    assert _heard(cabin, 2.0) == ("off", {False})
    cabin.does("enter anna with mask")
    assert _heard(cabin, 12.0) == ("beeps", {True, False})
    assert _heard(cabin, 29.0) == ("siren", {True, False})
    cabin.does("exit press")
    assert _heard(cabin, 32.0) == ("off", {False})
    cabin.does("keys 1").run_to(32.2)
    assert cabin.view().outputs.pattern == "off", "a click is no pattern"


@pytest.mark.slow
def test_people_stage_and_contacts_are_as_they_were_directed(tmp_path: Path) -> None:
    with staged_cabin(tmp_path) as cabin:
        cabin.does("enter anna with mask and glasses", "enter george", "turn left anna", "crouch george")
        cabin.does("photo held anna", "lights dim", "camera blurred", "front skimmer", "exit on")
        cabin.run_to(1.0)
        stage = cabin.view().stage
        anna, george = stage.people
        assert (anna.name, anna.covers, anna.turned, anna.crouching) == (
            "anna",
            ("glasses", "mask"),
            "left",
            False,
        )
        assert (anna.photo, anna.leaving, george.crouching, george.turned) == ("held", False, True, "front")
        assert (stage.light, stage.lens, stage.front) == ("dim", "blurred", "skimmer")
        assert (stage.source, stage.directed, stage.alive, stage.ended) == ("staged", True, True, False)
        cabin.does("leave anna", "turn away george", "camera dies")
        anna, george = cabin.view().stage.people
        assert (anna.leaving, george.turned) == (True, "away")
        assert not cabin.view().stage.alive
        cabin.run_to(5.0)
        assert [one.name for one in cabin.view().stage.people] == ["george"]
        held = {one.name: one.active for one in cabin.view().contacts}
        assert held == {name.value: name is Input.EXIT for name in Input}


def test_a_contact_says_if_it_is_fitted_and_what_ails_its_wire(tmp_path: Path) -> None:
    with scripted_cabin(tmp_path, "wiring.panic.fitted=false") as cabin:
        cabin.does("wire exit cut", "wire case unreadable").run_to(0.5)
        contacts = {one.name: one for one in cabin.view().contacts}
    assert not contacts["panic"].fitted
    assert contacts["door"].fitted
    assert {one.name: one.wire for one in contacts.values() if one.wire} == {
        "exit": "cut",
        "case": "unreadable",
    }


def test_telephones_show_both_ways_in_order(locked: LiveCabin) -> None:
    locked.does("sms from watchman STATUS", "clock +3600").run_to(30.0)
    phones = {phone.who: phone for phone in locked.view().phones}
    assert list(phones) == ["watchman", "watchman2", "control_room", "stranger"]
    code, asked, answer, *_ = phones["watchman"].texts
    assert (code.received, asked.received, answer.received) == (True, False, True)
    assert "CODE" in code.text
    assert asked.text == "STATUS"
    assert code.at_s < asked.at_s < answer.at_s
    assert asked.wall_s - code.wall_s == pytest.approx(asked.at_s - code.at_s)
    assert answer.wall_s - asked.wall_s > 3600.0, "the clock that people read jumped between them"
    assert phones["control_room"].texts[0].text.startswith("Cabin 1. Door locked")
    assert phones["watchman2"].texts == ()
    for _ in range(TEXTS + 5):
        locked.does("sms from stranger hello")
    assert len({phone.who: phone for phone in locked.view().phones}["stranger"].texts) == TEXTS


def test_owners_have_telephones_where_cards_are_asked_about(tmp_path: Path) -> None:
    with staged_cabin(tmp_path, *ALL_FITTED) as cabin:
        assert [p.who for p in cabin.view().phones][-3:] == ["anna", "george", "stranger"]
        cabin.does("sms from george NO").run_to(1.0)
        texts = {phone.who: phone.texts for phone in cabin.view().phones}
        assert [text.text for text in texts["george"]] == ["NO"]
        assert cabin.view().keypad.inside
        assert [machine.name for machine in cabin.view().machines] == ["machine"]


def test_deadlines_and_ways_are_those_of_the_state(locked: LiveCabin) -> None:
    view = locked.view()
    left = {one.what: one for one in view.deadlines}
    assert left[Wait.MAX_LOCK].of_s == 1800.0
    assert 1795.0 < left[Wait.MAX_LOCK].in_s < 1800.0
    assert not left[Wait.UNREACHABLE].runs or left[Wait.UNREACHABLE].in_s < 180.0
    ways = {one.way: one for one in view.ways}
    assert set(ways) == set(LOCK_WAYS)
    assert ways[Way.CODE].opens
    assert ways[Way.CONTROL_ROOM].because is Because.NO_SECRET
    assert ways[Way.NOBODY_THERE].because is Because.SOMEBODY_THERE
    locked.does("exit press").run_to(28.0)
    assert locked.view().ways == ()
    assert {one.what for one in locked.view().deadlines} >= {Wait.EXIT_HOLD}


def test_a_lock_that_is_tried_is_seen_as_that(cabin: LiveCabin) -> None:
    cabin.run_to(40.0)
    assert cabin.view().trial is None
    cabin.desk.kiosk.handle(TrialAsked(Tried.LOCK, 4.0, seen_empty=True), cabin.desk.clock.now_s())
    view = cabin.run_to(41.0).view()
    assert view.outputs.locked
    assert view.trial is not None
    assert view.trial.output is Tried.LOCK
    assert view.trial.left_s == pytest.approx(3.0)
    assert tuple(one.way for one in view.ways) == TRIAL_WAYS
    view = cabin.run_to(45.0).view()
    assert (view.trial, view.ways, view.outputs.locked) == (None, (), False)


def test_the_diary_numbers_its_lines_and_keeps_the_last(locked: LiveCabin) -> None:
    for _ in range(LINES):
        locked.act("dance")
    lines = locked.view().happenings
    numbers = [line.number for line in lines]
    assert len(lines) == LINES
    assert numbers == list(range(numbers[0], numbers[0] + LINES))
    assert lines[-1].words.startswith("not done: 'dance' is not known here")
    assert Counter(line.kind for line in lines)["typed"] == LINES


def test_without_power_all_is_dark_and_hands_still_move(locked: LiveCabin) -> None:
    locked.does("power off", "door on", "wire fire cut")
    view = locked.view()
    assert (view.powered, view.state, view.mode) == (False, "off", "off")
    assert view.outputs.said is None
    assert not any(
        (view.outputs.locked, view.outputs.permit, view.outputs.green, view.outputs.amber, view.outputs.red)
    )
    assert view.outputs.pattern == "off"
    assert (view.deadlines, view.ways) == ((), ())
    contacts = {one.name: one for one in view.contacts}
    assert contacts["door"].active
    assert contacts["fire"].wire == "cut"
    assert not [one for one in view.faults if one.group is FaultGroup.THREADS], "no program, no threads"


@pytest.mark.slow
def test_a_look_changes_nothing(tmp_path: Path) -> None:
    """The same lock with and without somebody who looks all the time."""
    ends: list[tuple[object, ...]] = []
    for looks in (False, True):
        folder = tmp_path / str(looks)
        folder.mkdir()
        with scripted_cabin(folder) as cabin:
            cabin.does("enter anna with mask")
            for step in range(60):
                cabin.run_to(step * 0.5)
                if looks:
                    cabin.view()
            ends.append((cabin.desk.kiosk.state, cabin.desk.telephones.texts, cabin.desk.clock.now_s()))
    assert ends[0] == ends[1]


def test_the_view_fits_a_line_of_the_socket(tmp_path: Path) -> None:
    with staged_cabin(tmp_path, *ALL_FITTED) as cabin:
        view = cabin.run_to(1.0).view()
    assert msgspec.json.decode(msgspec.json.encode(view), type=BenchView) == view
    assert len(msgspec.json.encode(view)) < 64_000
    assert isinstance(view.faults[0], FaultSwitch)
