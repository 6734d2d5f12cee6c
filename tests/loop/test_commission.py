"""Commissioning on the running kiosk: a relay that is tried shuts nobody in, and the record has all of it."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.bench.acting import act
from edge.bench.desk import Desk
from edge.codes.grant import GRANT_S
from edge.journal import reader
from edge.journal.chain import Head
from edge.judge.nobody import BLIND_S, EMPTY_NO_CONTACT_S, EMPTY_S
from edge.loop.happening import Happening
from edge.loop.watching import View
from edge.service.asks import (
    CheckItem,
    Commission,
    CommissionEnd,
    CommissionOpen,
    Panel,
    Request,
    Restart,
    SendTestText,
    Sign,
    TryOutput,
    Untry,
)
from edge.settings.load import load
from edge.terms.commission import CheckResult, Tried
from edge.terms.observation import Cover
from hw.ports import Input
from hw.scan import Scanner
from tests.worlds.desk_world import EVERY_S, ScriptedPeople, scripted_desk


class Site:
    """A technician before a simulated cabin that has been empty for long enough.

    `gone`: somebody was seen in it and then left.
    """

    def __init__(self, folder: Path, *settings: str, wait_s: float = 15.0, gone: bool = True) -> None:
        self.heard: list[Happening] = []
        self.folder = folder
        self.desk: Desk
        self.people: ScriptedPeople
        loaded = load(None, list(settings)) if settings else None
        self.desk, self.people = scripted_desk(folder, self.heard.append, settings=loaded)
        self.grant = str(self.desk.answer(CommissionOpen("R. Mehta"))["grant"])
        if gone:
            self.comes_and_goes()
        self.run(wait_s)

    def comes_and_goes(self) -> None:
        for action in ("enter anna", "leave anna"):
            act(self.desk, action.split())
            self.run(3.0)
        self.run(6.0)

    def may_be_tried_after_a_visit(self) -> None:
        """Somebody was seen to go: the lock moves again."""
        self.comes_and_goes()
        self.run(15.0)
        assert self.tries(Tried.LOCK, 1.0)["trying"] == "lock"

    def run(self, for_s: float) -> None:
        self.desk.run_to(self.desk.clock.now_s() + for_s)

    def ask(self, request: Request) -> dict[str, Any]:
        return self.desk.answer(request)

    def tries(self, output: Tried, seconds: float = 5.0) -> dict[str, Any]:
        return self.ask(TryOutput(output, seconds, grant=self.grant))

    def stands(self) -> dict[str, Any]:
        return self.ask(Commission(grant=self.grant))

    def there(self) -> bool:
        """Whether the table holds somebody to be in the cabin."""
        return self.desk.kiosk.state.present

    def locked(self) -> bool:
        """What the relay itself shows."""
        return self.desk.kiosk.board.lock.is_on

    def permitted(self) -> bool:
        return self.desk.kiosk.board.permit.is_on

    def record(self) -> list[reader.Line]:
        return list(reader.lines(self.desk.journal_file))

    def names(self) -> list[str]:
        return [line.name for line in self.record()]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.desk.close()


# --- a relay that is tried -------------------------------------------------------------------------


def test_a_lock_is_tried_for_its_seconds_and_the_record_says_who(site: Site) -> None:
    assert site.tries(Tried.LOCK, 4.0)["for_s"] == 4.0
    assert site.locked()
    view = msgspec.convert({**site.ask(Panel())}, View)
    assert (view.door, view.state, view.trial.output, view.incident) == ("locked", "vacant", "lock", 0)
    site.run(3.9)
    assert site.locked()
    site.run(0.2)
    assert not site.locked()
    assert site.stands()["trial"] == {"output": "", "left_s": 0.0, "last": "lock", "ended": "time"}
    lines = {line.name: line for line in site.record()}
    assert json.loads(lines["commissioning_began"].data)["who"] == "R. Mehta"
    assert json.loads(lines["output_tried"].data) == {"commissioning": 1, "output": "lock", "seconds": 4.0}
    assert lines["trial_time"].kind == "note"
    assert all(line.incident == 0 for line in lines.values())
    assert not {"tell", "warned", "locked", "keep_pictures"} & set(lines)
    assert site.desk.kiosk.messages_waiting == 0


@pytest.mark.slow
@pytest.mark.parametrize("wire", [Input.FIRE, Input.EXIT])
def test_fire_and_exit_drop_a_lock_that_is_tried_within_50_ms(site: Site, wire: Input) -> None:
    """In the input path: the relay is off before the loop has heard of it."""
    site.tries(Tried.LOCK)
    assert site.locked()
    began_s = site.desk.clock.now_s()
    site.desk.move_input(wire, True)
    while site.locked():
        site.run(0.002)
        assert site.desk.clock.now_s() <= began_s + 0.050
    site.desk.move_input(wire, False)
    site.run(8.0)
    assert not site.locked(), "it does not come back"


@pytest.mark.slow
@pytest.mark.parametrize("wire", [one for one in Input if one not in (Input.FIRE, Input.EXIT)])
def test_any_contact_ends_it(site: Site, wire: Input) -> None:
    site.tries(Tried.LOCK)
    site.desk.move_input(wire, True)
    site.run(0.2)
    assert not site.locked()
    assert not site.permitted()
    assert site.stands()["trial"]["ended"] == "happened"


def test_a_key_ends_it(site: Site) -> None:
    site.tries(Tried.LOCK)
    site.desk.type_keys("5")
    site.run(0.2)
    assert not site.locked()


@pytest.mark.slow
@pytest.mark.parametrize("tried", [Tried.LOCK, Tried.PERMIT])
@pytest.mark.parametrize("cover", [Cover.NONE, Cover.MASK])
def test_one_who_is_seen_behind_a_door_that_never_opened_is_let_out_at_once(
    site: Site, tried: Tried, cover: Cover
) -> None:
    """The contact says that nobody came in, so there is no visit yet; a picture is enough to let go."""
    site.tries(tried)
    assert site.locked() or site.permitted()
    site.people.people["anna"] = cover
    site.run(EVERY_S + 0.01)
    assert site.desk.kiosk.state.mode == "vacant"
    assert not site.desk.kiosk.state.present
    assert not site.locked()
    assert not site.permitted()
    while site.desk.kiosk.state.mode == "vacant":  # until the contact is doubted, and there is a visit
        site.run(2.0)
        assert site.tries(tried)["error"] == "not_now"
        assert not site.locked()
    assert site.desk.kiosk.state.present


def test_no_lock_is_tried_before_nobody_was_seen_for_long_enough(site: Site) -> None:
    site.people.people["anna"] = Cover.NONE
    site.run(1.0)
    site.people.people.clear()
    left_s = site.desk.clock.now_s()
    while site.tries(Tried.LOCK).get("error"):
        assert not site.locked()
        site.run(0.25)
    assert EMPTY_S - 0.5 <= site.desk.clock.now_s() - left_s <= EMPTY_S + 1.0


def test_no_lock_is_tried_before_a_camera_has_looked(tmp_path: Path) -> None:
    site = Site(tmp_path, wait_s=0.0)
    assert site.tries(Tried.LOCK) == {"version": 1, "error": "not_now", "detail": "not_seen_empty"}
    site.desk.camera_alive = False
    site.run(60.0)
    assert site.tries(Tried.LOCK)["error"] == "not_now"
    site.desk.close()


def test_eyes_that_fall_silent_let_go(site: Site) -> None:
    site.tries(Tried.LOCK)
    site.desk.camera_alive = False
    site.run(BLIND_S + 0.1)
    assert not site.locked()
    assert site.stands()["empty_for_s"] == 0.0


def test_a_visitor_of_a_cabin_without_a_contact_is_let_out_at_once(tmp_path: Path) -> None:
    site = Site(tmp_path, "wiring.door.fitted=false")
    assert site.tries(Tried.LOCK)["detail"] == "not_seen_empty", "nothing holds one who steps aside"
    site.run(EMPTY_NO_CONTACT_S - EMPTY_S)
    site.tries(Tried.LOCK)
    assert site.locked()
    site.people.people["anna"] = Cover.NONE
    site.run(EVERY_S + 0.01)
    assert not site.locked()
    site.desk.close()


@pytest.mark.slow
def test_a_page_that_asks_without_end_holds_no_door(site: Site) -> None:
    """Six times a second for a minute: the door is locked a third of the time, five seconds at most."""
    locked_s = longest_s = now_s = 0.0
    for _ in range(120):
        for output in (Tried.LOCK, Tried.PERMIT, Tried.LOCK):
            site.tries(output, 10.0)
        site.run(0.5)
        now_s = now_s + 0.5 if site.locked() else 0.0
        locked_s, longest_s = locked_s + 0.5 * site.locked(), max(longest_s, now_s)
    assert 0.0 < longest_s <= 5.0
    assert locked_s <= 60.0 * 0.4


@pytest.mark.slow
@pytest.mark.parametrize("tried", [Tried.LOCK, Tried.PERMIT, Tried.SIREN])
@pytest.mark.parametrize("how", ["restart", "plug"])
def test_a_start_finds_every_output_at_rest(site: Site, tried: Tried, how: str) -> None:
    site.tries(tried)
    if how == "plug":
        site.desk.power_off()
        site.desk.power_on()
    else:
        site.desk.restart()
    assert not site.locked()
    assert not site.permitted()
    assert site.desk.kiosk.state.trial.output is None
    site.run(20.0)
    assert not site.locked()
    assert site.stands()["error"] == "not_granted", "the grant is gone too"


@pytest.mark.slow
def test_a_trial_ends_with_the_commissioning_and_with_its_time(site: Site) -> None:
    site.tries(Tried.LOCK)
    assert site.ask(CommissionEnd(grant=site.grant))["ended"] is True
    assert not site.locked()
    site.grant = str(site.ask(CommissionOpen("R. Mehta"))["grant"])
    site.run(GRANT_S - 2.0)
    assert site.tries(Tried.RED, 10.0)["trying"] == "red"
    site.run(2.1)
    assert site.desk.kiosk.state.trial.output is None
    assert site.tries(Tried.RED)["error"] == "not_granted"
    ended = [json.loads(line.data)["why"] for line in site.record() if line.name == "commissioning_ended"]
    assert ended == ["said", "time"]


def test_stop_is_at_once(site: Site) -> None:
    site.tries(Tried.LOCK)
    assert site.ask(Untry())["stopped"] is True
    assert not site.locked()
    assert site.stands()["trial"]["ended"] == "stopped"


@pytest.mark.slow
def test_the_story_of_a_visit_is_the_same_after_trials(site: Site) -> None:
    """Warned, locked and let out as ever, after everything was tried."""
    for tried in Tried:
        site.tries(tried, 1.0)
        site.run(12.0)
    for words in ("door open", "enter anna with mask", "door closed"):
        act(site.desk, words.split())
        site.run(0.5)
    site.run(40.0)
    assert site.desk.kiosk.name == "locked"
    assert site.locked()
    assert site.tries(Tried.GREEN)["error"] == "not_now"
    assert site.ask(Untry())["stopped"] is False
    assert site.locked(), "what stops a trial opens no lock"
    site.desk.type_keys("CODE")
    site.run(3.0)
    assert not site.locked()


# --- keys ------------------------------------------------------------------------------------------


def test_each_key_is_seen_once_in_an_empty_cabin_and_never_in_order(site: Site) -> None:
    site.desk.type_keys("9731973")
    site.run(3.0)
    assert site.stands()["keys"] == {"keypad": ("1", "3", "7", "9")}
    site.desk.type_keys("*0#")
    site.run(3.0)
    assert site.stands()["keys"] == {"keypad": ("#", "*", "0", "1", "3", "7", "9")}


@pytest.mark.slow
def test_no_key_is_seen_while_anybody_is_there_or_a_code_is_awaited(site: Site) -> None:
    """From the first moment of a visit to its very end, the right code and wrong ones with it."""
    for words in ("door open", "enter anna with mask", "door closed"):
        act(site.desk, words.split())
        site.run(0.7)
    for wait_s, keys in ((1.0, "12"), (40.0, "WRONG"), (3.0, "CODE"), (3.0, "34")):
        site.run(wait_s)
        site.desk.type_keys(keys)
        site.run(2.0)
        assert site.stands()["keys"] == {}
    assert site.desk.kiosk.name == "released"


def test_keys_of_another_commissioning_are_forgotten(site: Site) -> None:
    site.desk.type_keys("12")
    site.run(3.0)
    site.grant = str(site.ask(CommissionOpen("S. Rao"))["grant"])
    assert site.stands()["keys"] == {}


def test_without_a_commissioning_no_key_is_kept(site: Site) -> None:
    site.ask(CommissionEnd(grant=site.grant))
    site.desk.type_keys("12")
    site.run(3.0)
    site.grant = str(site.ask(CommissionOpen("S. Rao"))["grant"])
    assert site.stands()["keys"] == {}


# --- texts, restart, signature ---------------------------------------------------------------------


def test_a_test_text_goes_out_and_its_delivery_is_shown(site: Site) -> None:
    number = site.ask(SendTestText("watchman", grant=site.grant))["number"]
    assert site.stands()["texts"][0]["state"] in ("queued", "sending")
    site.run(15.0)
    shown = site.stands()["texts"]
    assert [(t["number"], t["to"], t["channel"]) for t in shown] == [(number, "watchman", "sms")]
    assert shown[0]["state"] in ("accepted", "delivered")
    [text] = [t.text for t in site.desk.phone.texts if "test" in t.text]
    assert text.startswith("Cabin")
    assert f"#{number}" in text


@pytest.mark.slow
def test_a_test_text_that_cannot_go_out_is_given_up_soon(site: Site) -> None:
    act(site.desk, ["modem", "unregistered", "on"])
    site.ask(SendTestText("watchman", grant=site.grant))
    site.run(700.0)
    assert site.stands()["texts"][0]["state"] == "expired"


def test_one_test_text_in_twenty_seconds(site: Site) -> None:
    assert "number" in site.ask(SendTestText("watchman", grant=site.grant))
    again = site.ask(SendTestText("control_room", grant=site.grant))
    assert (again["error"], again["detail"]) == ("not_now", "too_soon")
    site.run(19.9)
    assert site.ask(SendTestText("control_room", grant=site.grant))["error"] == "not_now"
    site.run(0.2)
    assert "number" in site.ask(SendTestText("control_room", grant=site.grant))


@pytest.mark.slow
def test_a_cabin_that_is_not_vacant_after_a_fire_says_for_how_long(tmp_path: Path) -> None:
    site = Site(tmp_path, "flow.fire_clear_s=60")
    assert (site.stands()["not_vacant"], site.stands()["vacant_in_s"]) == ("", None)
    act(site.desk, ["fire", "on"])
    site.run(1.0)
    assert site.stands()["not_vacant"] == "emergency"
    act(site.desk, ["fire", "off"])
    site.run(2.0)
    found = site.stands()
    assert found["not_tried"]["green"] == "not_vacant"
    assert found["not_vacant"] == "after_fire"
    assert 50.0 < found["vacant_in_s"] < 60.0
    site.run(found["vacant_in_s"] + 1.0)
    assert site.stands()["not_vacant"] == "fire_door", "nobody may have left yet"
    for words in ("door open", "door closed"):
        act(site.desk, words.split())
        site.run(5.0)
    assert site.stands()["not_vacant"] == ""
    assert site.stands()["not_tried"]["green"] == ""
    site.desk.close()


def test_a_restart_ends_the_program_in_order_and_begins_it_again(site: Site) -> None:
    before = site.desk.kiosk
    assert site.ask(Restart(grant=site.grant))["restarting"] is True
    assert site.desk.kiosk is not before
    assert "restart_asked" in site.names()
    assert site.desk.kiosk.name == "vacant"


@pytest.mark.slow
def test_no_restart_with_somebody_there_a_lock_or_a_trial(site: Site) -> None:
    site.tries(Tried.LOCK)
    assert site.ask(Restart(grant=site.grant))["detail"] == "trial_runs"
    site.ask(Untry())
    for words in ("door open", "enter anna with mask", "door closed"):
        act(site.desk, words.split())
        site.run(0.7)
    for _ in range(20):
        assert site.ask(Restart(grant=site.grant))["detail"] == "not_vacant"
        site.run(2.0)
    assert site.desk.kiosk.name == "locked"


def test_a_signed_checklist_is_one_line_of_the_record(site: Site) -> None:
    items = (CheckItem("lock", CheckResult.OK, "heard it"), CheckItem("siren", CheckResult.SKIPPED))
    reply = site.ask(Sign("Ravi Mehta", items, grant=site.grant))
    assert reply["signed"] is True
    [line] = [line for line in site.record() if line.name == "commissioned"]
    signed = json.loads(line.data)
    assert signed["who"] == "Ravi Mehta"
    assert signed["items"] == [
        {"id": "lock", "result": "ok", "note": "heard it"},
        {"id": "siren", "result": "skipped", "note": ""},
    ]
    assert (signed["commissioning"], signed["program"] != "") == (1, True)
    head = Head(int(reply["head"].split(":")[0]), reply["head"].split(":")[1])
    assert reader.verify(site.desk.journal_file, head).ok
    before = Head(int(signed["head_before"].split(":")[0]), signed["head_before"].split(":")[1])
    assert before.seq < line.seq <= head.seq


@pytest.mark.slow
def test_no_relay_moves_for_a_person_whom_no_camera_sees(tmp_path: Path) -> None:
    """Behind a mask, or in a dead corner: an empty picture; only the door says that somebody may be in."""
    site = Site(tmp_path, gone=False, wait_s=60.0)
    assert site.tries(Tried.LOCK)["detail"] == "nobody_seen_to_go", "anyone may have been in at the start"
    assert site.tries(Tried.GREEN)["trying"] == "green", "a light shuts nobody in"
    site.run(12.0)
    site.may_be_tried_after_a_visit()
    site.run(15.0)
    act(site.desk, ["door", "press"])  # somebody comes in, and nobody is seen
    site.run(60.0)
    for relay in (Tried.LOCK, Tried.PERMIT):
        assert site.tries(relay)["detail"] == "nobody_seen_to_go"
    assert not site.locked()
    site.may_be_tried_after_a_visit()
    site.desk.close()


@pytest.mark.slow
def test_no_relay_moves_for_one_who_was_there_before_a_restart(tmp_path: Path) -> None:
    """The program knows of somebody from its record alone, and sees nobody: that is no going."""
    site = Site(tmp_path, gone=False)
    act(site.desk, ["enter", "anna"])
    site.run(3.0)
    site.people.people.clear()  # into a dead corner; the shut door holds the visit
    site.run(30.0)
    assert site.there()
    site.desk.power_off()
    site.desk.power_on()
    site.grant = str(site.ask(CommissionOpen("R. Mehta"))["grant"])
    site.run(60.0)
    assert not site.there()
    for relay in (Tried.LOCK, Tried.PERMIT):
        assert site.tries(relay)["detail"] == "nobody_seen_to_go"
    assert not site.locked()
    site.may_be_tried_after_a_visit()
    site.desk.close()


def test_one_of_two_who_goes_has_not_emptied_the_cabin(site: Site) -> None:
    for name in ("anna", "bela"):
        act(site.desk, ["enter", name])
        site.run(3.0)
    site.people.people.pop("bela")  # into a dead corner
    act(site.desk, ["leave", "anna"])
    site.run(60.0)
    assert not site.there()
    assert site.tries(Tried.LOCK)["detail"] == "nobody_seen_to_go"
    site.may_be_tried_after_a_visit()


def test_nobody_goes_through_a_door_whose_contact_only_chatters(site: Site) -> None:
    act(site.desk, ["enter", "anna"])
    site.run(3.0)
    site.people.people.clear()
    for active in (True, False):
        site.desk.move_input(Input.DOOR, active)
        site.run(0.3)
    site.run(60.0)
    assert not site.there()
    assert site.tries(Tried.LOCK)["detail"] == "nobody_seen_to_go"


@pytest.mark.parametrize(("open_s", "goes"), [(10.0, True), (40.0, False)])
def test_a_door_that_is_left_open_lets_others_in_unseen(site: Site, open_s: float, goes: bool) -> None:
    site.desk.move_input(Input.DOOR, True)
    site.run(0.5)
    site.people.people["anna"] = Cover.NONE
    site.run(2.0)
    site.people.people.clear()
    site.run(open_s)
    site.desk.move_input(Input.DOOR, False)
    site.run(15.0)
    assert not site.there()
    assert site.tries(Tried.LOCK).get("detail", "") == ("" if goes else "nobody_seen_to_go")


def test_the_signed_row_says_what_was_really_done(site: Site) -> None:
    items = (CheckItem("outputs", CheckResult.OK), CheckItem("references", CheckResult.OK))
    assert site.ask(Sign("Ravi", items, grant=site.grant))["signed"] is True
    site.tries(Tried.SIREN, 1.0)
    site.run(1.5)
    site.tries(Tried.GREEN, 5.0)
    site.ask(Untry())
    site.desk.kiosk.commission.did("learnt", {"what": "front", "result": "mask_there"}, 0.0)
    site.desk.kiosk.commission.did("learnt", {"what": "empty", "result": "done"}, 0.0)
    assert site.stands()["done"]["outputs"] == {"siren": "time", "green": "stopped"}
    assert site.ask(Sign("Ravi", items, grant=site.grant))["signed"] is True
    nothing, some = (json.loads(line.data)["done"] for line in site.record() if line.name == "commissioned")
    assert (nothing["outputs"], nothing["outputs_most"], nothing["learnt"]) == ({}, len(Tried), [])
    assert some["outputs"] == {"siren": "time", "green": "stopped"}
    assert some["learnt"] == ["empty"]
    assert (some["keys"], some["texts_sent"], some["texts_delivered"], some["drawn"]) == (0, 0, 0, False)


def test_no_telephone_number_is_signed_or_opens_a_commissioning(site: Site) -> None:
    number = "+49 151 12345678"
    opened = site.ask(CommissionOpen(who=f"R. Mehta {number}"))
    items = (CheckItem("lock", CheckResult.OK, f"call {number}"),)
    assert site.ask(Sign(f"R. Mehta {number}", items, grant=opened["grant"]))["signed"] is True
    assert site.ask(Commission(grant=opened["grant"]))["who"] == "R. Mehta …"
    assert not [line for line in site.record() if "12345678" in line.data]
    [line] = [line for line in site.record() if line.name == "commissioned"]
    signed = json.loads(line.data)
    assert (signed["who"], signed["items"][0]["note"]) == ("R. Mehta …", "call …")


def test_what_could_not_be_written_is_not_called_signed(site: Site) -> None:
    site.desk.fail_disk(errno.ENOSPC)
    reply = site.ask(Sign("Ravi", (CheckItem("lock", CheckResult.OK),), grant=site.grant))
    assert reply["error"] == "disk_full"
    assert "signed" not in reply
    site.desk.fail_disk(0)
    site.run(30.0)
    assert "commissioned" in site.names(), "it follows by itself"


def test_a_loop_that_hangs_keeps_no_lock_that_is_tried(site: Site) -> None:
    """The input path alone goes on, and lets go a moment after the trial's time."""
    site.tries(Tried.LOCK, 3.0)
    began_s = site.desk.clock.now_s()
    scanner = Scanner(site.desk.kiosk.board, lambda event: None)
    steps = 0
    while site.locked() and steps < 1000:
        steps += 1
        scanner.step(began_s + steps * 0.01)
    assert 3.0 <= steps * 0.01 <= 3.3
