"""The commissioning page over a bench: the way in, each step's act, and everything that is refused."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.faults.fault import FaultError
from edge.journal import reader as journal
from edge.journal.file import NAME
from edge.panel import sources
from edge.panel.app import add_panel, panel_site
from edge.panel.commission.app import HOST, Hours, open_near
from edge.panel.commission.page import OVER
from edge.panel.sources import Sources
from edge.selftest.finding import Finding
from edge.service.asks import CommissionEnd
from edge.service.control import ask
from tests.loop.test_enrol import DOWN, LEFT, ON, RIGHT, STRAIGHT, UP, Sitter
from tests.worlds.commission_world import Bench, Commissioning
from tests.worlds.ports import free_port
from tests.worlds.site_world import served

pytestmark = pytest.mark.slow


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path) as bench:
        yield bench


@pytest.fixture
def shut(bench: Bench) -> Iterator[Commissioning]:
    """Opened by root, its link not used yet."""
    with Commissioning(bench) as shut:
        yield shut


@pytest.fixture
def walk(shut: Commissioning) -> Commissioning:
    """With the session of the link."""
    shut.enter()
    return shut


def act(walk: Commissioning, name: str, /, **fields: str) -> tuple[int, str]:
    return walk.page.post(f"/commission/{name}", fields)


def part(walk: Commissioning, name: str) -> str:
    for kept in (walk.kiosk.standing, walk.kiosk.drawn, walk.kiosk.learning):
        kept.forget()
    return walk.page.parts("/commission")[name]


def until(walk: Commissioning, name: str, words: str) -> str:
    end_s = time.monotonic() + 30.0
    while words not in (found := part(walk, name)):
        assert time.monotonic() < end_s, found
        time.sleep(0.05)
    return found


# --- the way in ------------------------------------------------------------------------------------


def test_the_link_opens_the_page_once_and_in_one_browser(shut: Commissioning) -> None:
    page = shut.page
    for path in ("/commission", "/commission/now", "/commission/live", "/commission/picture/face.jpg"):
        assert page.ask(path)[0] == 403, path
    shut.enter()
    mine = page.cookie
    assert b"Aim the camera" in page.ask("/commission")[2]
    assert b"Aim the camera" in page.ask("/commission")[2], "a reload stays in"
    page.cookie = ""
    assert page.ask("/commission")[0] == 403, "another browser"
    secret = shut.link.partition("#")[2]
    assert page.post("/enter", {"secret": secret}, script=False)[0] == 403, "the link's second use"
    assert page.ask("/commission")[0] == 403
    page.cookie = mine
    assert page.ask("/commission")[0] == 200, "who was in first is not put out by it"


def test_the_session_is_out_of_reach_of_scripts_and_other_sites(shut: Commissioning) -> None:
    secret = shut.link.partition("#")[2]
    page = shut.page
    body = f"_token={page.site.token}&secret={secret}".encode()
    heads = {"Origin": page.address, "Content-Type": "application/x-www-form-urlencoded"}
    _, got, _ = page.ask("/enter", "POST", body, **heads)
    words = got["Set-Cookie"].split("; ")
    assert "HttpOnly" in words
    assert "SameSite=Strict" in words


@pytest.mark.parametrize("secret", ["", "x", "0" * 43])
def test_a_wrong_secret_opens_nothing_and_spoils_nothing(shut: Commissioning, secret: str) -> None:
    assert shut.page.post("/enter", {"secret": secret}, script=False)[0] == 403
    assert shut.page.ask("/commission")[0] == 403
    shut.enter()
    assert shut.page.ask("/commission")[0] == 200


def test_nobody_acts_without_the_session_the_token_or_from_elsewhere(
    bench: Bench, walk: Commissioning
) -> None:
    bench.seen_to_go()
    page, mine = walk.page, walk.page.cookie
    form = f"_token={page.site.token}&output=siren".encode()
    good = {"Origin": page.address, "Content-Type": "application/x-www-form-urlencoded"}
    attacks = {
        "no session": ("", form, good),
        "a made up session": (mine.partition("=")[0] + "=" + "x" * 43, form, good),
        "another origin": (mine, form, {**good, "Origin": "http://evil.example"}),
        "another port": (mine, form, {**good, "Origin": f"http://127.0.0.1:{page.port + 1}"}),
        "no origin": (mine, form, {"Content-Type": good["Content-Type"]}),
        "no token": (mine, b"output=siren", good),
        "a wrong token": (mine, b"_token=x&output=siren", good),
        "another host": (mine, form, {**good, "Host": "cabin.example"}),
    }
    for name, (cookie, body, heads) in attacks.items():
        page.cookie = cookie
        status, _, _ = page.ask("/commission/try", "POST", body, **heads)
        assert status in (403, 421), name
    assert not bench.do(lambda: bench.desk.kiosk.state.trial.output), "nothing moved"
    page.cookie = mine
    assert act(walk, "try", output="siren")[0] == 200


def test_the_page_that_only_looks_has_no_way_to_act(bench: Bench, walk: Commissioning) -> None:
    """It runs beside this one, as a program of its own; a session of this one is worth nothing there."""
    site = panel_site(bench.settings)
    add_panel(site, Sources(bench.settings))
    assert not [route.path for route in site.routes if "commission" in route.path or "enter" in route.path]
    with served(site) as looking:
        looking.cookie = walk.page.cookie
        for path in ("/commission", "/enter"):
            assert looking.ask(path)[0] == 404
        assert looking.post("/commission/try", {"output": "siren"})[0] == 404


@pytest.mark.parametrize("granted", [True, False])
def test_after_its_time_or_its_grant_the_page_is_shut_and_its_program_ends(
    bench: Bench, granted: bool
) -> None:
    with Commissioning(bench, for_s=0.2 if granted else 1800.0) as walk:
        walk.enter()
        with open_near(walk.site, free_port()) as server:
            serving = threading.Thread(target=server.serve_forever)
            serving.start()
            Hours(server, walk.gate, lambda: granted, every_s=0.05, told_s=0.1).watch(threading.Event())
            serving.join(30.0)
            assert not serving.is_alive()
        assert walk.page.ask("/commission")[0] == 403, "for the one who was in as well"


def test_an_end_from_the_command_line_ends_it(bench: Bench, walk: Commissioning) -> None:
    assert walk.kiosk.lasts()
    assert ask(bench.folder, CommissionEnd())["ended"] is True
    walk.kiosk.standing.forget()
    assert not walk.kiosk.lasts()
    status, said = act(walk, "try", output="siren")
    assert status == 409
    assert "permission is over" in said
    assert "The commissioning has ended" in part(walk, "head")
    assert "min more" not in part(walk, "head")
    assert "sudo cabinguard panel --commission" in part(walk, "outputs")
    assert walk.view.now().state == OVER
    assert act(walk, "stop")[0] == 200, "what is not an act of the grant"
    assert "Stop and unlock" in part(walk, "stop")
    whole = walk.page.ask("/commission")[2].decode()
    assert 'data-state="over"' in whole
    assert "does not reach its program any more" in whole, "put there before the program is gone"


def test_a_kiosk_that_does_not_answer_keeps_the_page_open(walk: Commissioning, bench: Bench) -> None:
    bench.control.close()
    walk.kiosk.standing.forget()
    assert walk.kiosk.lasts()
    assert "does not answer" in part(walk, "outputs")
    assert act(walk, "try", output="siren")[0] == 409


def test_a_port_that_is_taken_gives_way_to_the_next(walk: Commissioning) -> None:
    port = free_port()
    with open_near(walk.site, port) as first, open_near(walk.site, port) as second:
        assert first.port == port
        assert port < second.port <= port + 20
        assert first.host == second.host == HOST == "127.0.0.1"


# --- outputs ---------------------------------------------------------------------------------------


def lock_on(bench: Bench) -> bool:
    return bench.do(lambda: bench.desk.hands.lock_on)


def test_the_lock_moves_in_an_empty_cabin_and_comes_back_by_itself(bench: Bench, walk: Commissioning) -> None:
    assert "has not seen the cabin empty" in part(walk, "outputs")
    assert act(walk, "try", output="lock") == (409, "The camera has not seen the cabin empty yet.")
    bench.seen_to_go()
    status, said = act(walk, "try", output="lock")
    assert (status, said) == (200, "Door lock is on.")
    assert lock_on(bench)
    assert "Door lock is on:" in part(walk, "stop")
    assert "Does the magnet hold the door" in part(walk, "outputs")
    bench.wait(4.0)
    assert not lock_on(bench)
    assert "Its time was over." in part(walk, "outputs")
    assert act(walk, "worked", output="lock", worked="yes")[0] == 200
    found = part(walk, "outputs")
    assert "it worked" in found
    assert found.count("data-confirm") == 1, "a second lock test asks first, and no other does"


def test_stop_lets_go_at_once_and_asks_nothing(bench: Bench, walk: Commissioning) -> None:
    bench.seen_to_go()
    assert act(walk, "try", output="lock")[0] == 200
    assert lock_on(bench)
    form = part(walk, "stop")
    assert "data-confirm" not in form
    assert "disabled" not in form
    assert act(walk, "stop") == (200, "Stopped: nothing is on trial, the door is unlocked.")
    assert not lock_on(bench)
    assert act(walk, "stop")[0] == 200, "and again, where there is nothing to stop"


def test_with_somebody_in_the_cabin_the_lock_stays_where_it_is(bench: Bench, walk: Commissioning) -> None:
    bench.seen_to_go()
    bench.act("enter anna")
    bench.until(lambda: bench.desk.kiosk.state.present)
    status, said = act(walk, "try", output="lock")
    assert status == 409
    assert said in ("The cabin is not vacant.", "Somebody is in the cabin.")
    assert not lock_on(bench)


def test_fire_ends_a_trial_in_the_same_moment(bench: Bench, walk: Commissioning) -> None:
    bench.seen_to_go()
    assert act(walk, "try", output="lock")[0] == 200
    bench.act("fire on")
    bench.until(lambda: not bench.desk.hands.lock_on)
    assert "it was ended at once" in until(walk, "outputs", "ended at once")


def test_after_a_fire_every_refusal_says_why_and_for_how_long(bench: Bench, walk: Commissioning) -> None:
    assert "Fire comes last: after it the cabin is not vacant for 10 min" in part(walk, "contacts")
    bench.act("fire on")
    bench.wait(1.0)
    bench.act("fire off")
    bench.wait(1.0)
    for name in ("outputs", "references", "contacts"):
        assert re.search(
            r"The fire contact was active: .* 5\d\d s left at least", until(walk, name, "s left")
        )
    for name, fields in (("try", {"output": "green"}), ("restart", {})):
        status, said = act(walk, name, **fields)
        assert status == 409
        assert said.startswith("The cabin is not vacant. The fire contact was active"), said


@pytest.mark.parametrize("output", ["door", "", "LOCK", "../lock"])
def test_only_outputs_can_be_tried(walk: Commissioning, output: str) -> None:
    assert act(walk, "try", output=output) == (409, "That was not understood.")


# --- keys, contacts, people ------------------------------------------------------------------------


def test_each_key_lights_up_and_nothing_says_in_which_order(bench: Bench, walk: Commissioning) -> None:
    bench.seen_to_go()
    bench.act("keys 70*")
    bench.wait(3.0)
    found = until(walk, "keys", "3 of 12")
    lit = re.findall(r'class="lit" data-key="keypad-(.)"', found)
    assert lit == ["7", "*", "0"], "as they lie on the keypad"


def test_a_contact_ticks_when_it_was_in_both_positions(bench: Bench, walk: Commissioning) -> None:
    assert "both seen" not in part(walk, "contacts")
    bench.act("door open")
    until(walk, "contacts", "both seen")
    page = Commissioning(bench)
    with page as again:
        again.enter()
        assert "both seen" in part(again, "contacts"), "through a second link"


def test_a_test_text_arrives_and_its_delivery_shows(bench: Bench, walk: Commissioning) -> None:
    found = part(walk, "people")
    assert "ends in 00" in found
    assert "555" not in found, "no more of a number than its end"
    assert act(walk, "text", to="watchman") == (200, "A test text goes out.")
    assert act(walk, "text", to="watchman")[0] == 409, "each costs money"
    bench.wait(10.0)
    until(walk, "people", "delivered")


@pytest.mark.parametrize("to", ["owner", "", "+15550100"])
def test_nobody_else_gets_a_text(walk: Commissioning, to: str) -> None:
    assert act(walk, "text", to=to) == (409, "That was not understood.")


# --- the checklist ---------------------------------------------------------------------------------


def judge_all(walk: Commissioning) -> None:
    for step in ("aim", "draw", "references", "outputs", "keys", "contacts", "people", "selftest"):
        assert (
            act(walk, "mark", step=step, judged="skipped" if step == "draw" else "ok", note=f"n {step}")[0]
            == 200
        )


def test_a_signed_checklist_is_a_row_of_the_record_with_who_and_when(
    bench: Bench, walk: Commissioning
) -> None:
    assert "Still to be judged" in part(walk, "checklist")
    status, said = act(walk, "sign", who="A. Kumar")
    assert status == 409
    assert said.startswith("Still to be judged: Aim")
    assert "not seen done" not in part(walk, "checklist")
    judge_all(walk)
    untried = part(walk, "checklist")
    assert "Called in order, but not seen done since this page was opened:" in untried
    for lack in ("Door lock", "The empty cabin", "0 of 12 keys were read", "a test text that was delivered"):
        assert f"<li>{lack}</li>" in untried
    assert act(walk, "sign", who="  ") == (409, "Put in your name.")
    assert act(walk, "sign", who="+49 151 12345678") == (409, "Put in your name.")
    status, said = act(walk, "sign", who=" A. <Kumar> +49 151 12345678")
    assert status == 200
    newest = journal.newest(bench.folder / NAME, 50, 0)
    line = next(line for line in newest.lines if line.name == "commissioned")
    signed = json.loads(line.data)
    assert signed["who"] == "A. <Kumar> …", "without the number"
    assert {item["id"]: item["result"] for item in signed["items"]}["draw"] == "skipped"
    found = part(walk, "checklist")
    assert "Signed by A. &lt;Kumar&gt; …" in found
    status, _, body = walk.page.ask("/commission/print")
    assert status == 200
    sheet = body.decode()
    assert "n selftest" in sheet
    assert "<li>The empty cabin</li>" in sheet
    assert newest.head.hash[:8] in sheet or line.hash[:8] in sheet


def test_there_is_nothing_to_print_before_it_is_signed(walk: Commissioning) -> None:
    status, heads, _ = walk.page.ask("/commission/print")
    assert (status, heads["Location"]) == (303, "/commission#checklist")


def test_what_is_typed_is_never_html(walk: Commissioning) -> None:
    note = "<script>alert(1)</script>\"'"
    act(walk, "mark", step="aim", judged="failed", note=note)
    for name in ("aim", "checklist", "rail"):
        assert "<script>" not in part(walk, name)
    assert "&lt;script&gt;" in part(walk, "checklist")


@pytest.mark.parametrize(("step", "judged"), [("aim", "open!"), ("", "ok"), ("checklist", "ok"), ("aim", "")])
def test_what_is_no_step_or_no_result_is_refused(walk: Commissioning, step: str, judged: str) -> None:
    assert act(walk, "mark", step=step, judged=judged) == (409, "That was not understood.")


def test_the_self_test_runs_and_its_findings_stand_there(bench: Bench, walk: Commissioning) -> None:
    found = (Finding("modem", "no answer", "modem_mute"), Finding("disk", "1 GB free"))
    walk.view.sources.self_test = lambda: sources.Tests(ran_wall_s=1.8e9, findings=found)
    assert act(walk, "selftest")[0] == 200
    said = until(walk, "selftest", "no answer")
    assert "modem_mute" in said
    assert "1 GB free" in said


# --- drawing and learning --------------------------------------------------------------------------

SQUARE = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]]


def drawn(**kinds: object) -> str:
    return json.dumps({"zone": [], "mask": [], "region": [], "floor": None, **kinds})


def test_what_is_drawn_is_saved_and_in_effect_after_the_restart(bench: Bench, walk: Commissioning) -> None:
    bench.seen_to_go()
    assert "What is drawn is in effect." in part(walk, "draw")
    zone = {"name": "Vault", "purpose": "forbidden", "hours": "22:00-06:00", "polygon": SQUARE}
    region = {"name": "keypad", "polygon": SQUARE}
    status, said = act(walk, "draw", drawn=drawn(zone=[zone], region=[region]))
    assert status == 200, said
    assert said.startswith("Saved. It is in effect after the kiosk has started again.")
    found = part(walk, "draw")
    assert "Vault" in found
    assert "Restart the kiosk" in found
    assert "Learnt are the parts that were drawn: PIN pad." in part(walk, "references")
    status, said = act(walk, "restart")
    assert status == 200, said
    assert "what you have done is kept" in said
    assert not walk.kiosk.lasts(), "the grant is gone with the start: the page ends"
    with Commissioning(bench) as again:
        again.enter()
        found = part(again, "draw")
        assert "Vault" in found
        assert "What is drawn is in effect." in found
        assert "PIN pad" in part(again, "references"), "the walk goes on where it was"
        bench.wait(20.0)
        status, said = act(again, "try", output="lock")
        assert status == 409, "somebody may stand behind the mask"
        assert said.startswith("Nobody was seen to come and go alone since the start")
        bench.seen_to_go()
        assert act(again, "try", output="lock")[0] == 200


def test_only_what_was_changed_leaves_the_settings(bench: Bench, walk: Commissioning) -> None:
    mask = {"name": "PIN pad", "polygon": SQUARE}
    assert act(walk, "draw", drawn=drawn(mask=[mask]))[0] == 200
    view = walk.kiosk.drawn()
    assert not isinstance(view, FaultError)
    assert (view.drawn.zone, view.drawn.floor) == (None, None)
    assert view.drawn.mask is not None


@pytest.mark.parametrize(
    "posted",
    [
        "",
        "[]",
        drawn(zone=[{"name": "a", "purpose": "lava", "polygon": SQUARE}]),
        drawn(mask=[{"name": "a", "polygon": [[2, 0], [0, 1], [1, 1]]}]),
        drawn(mask=[{"name": "a", "polygon": SQUARE, "more": 1}]),
        drawn(region=[{"name": "", "polygon": SQUARE}]),
    ],
)
def test_what_is_no_drawing_is_not_understood(walk: Commissioning, posted: str) -> None:
    assert act(walk, "draw", drawn=posted) == (409, "That was not understood.")


def test_the_kiosk_refuses_what_its_settings_refuse(walk: Commissioning) -> None:
    crossed = [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]]
    status, said = act(walk, "draw", drawn=drawn(mask=[{"name": "a", "polygon": crossed}]))
    assert status == 409
    assert "mask.1.polygon crosses itself" in said


def test_the_restart_is_refused_with_somebody_there(bench: Bench, walk: Commissioning) -> None:
    bench.seen_to_go()
    bench.act("enter anna")
    bench.until(lambda: bench.desk.kiosk.state.present)
    assert act(walk, "restart") == (409, "The cabin is not vacant.")


# --- enrolment -------------------------------------------------------------------------------------

OWNER = {
    "name": "Asha Verma",
    "card": "tok-7f3a",
    "phone": "+91 98765 00001",
    "language": "hi",
    "consent": "1",
}
POSES = {"straight": STRAIGHT, "left": LEFT, "right": RIGHT, "up": UP, "down": DOWN}


def test_an_owner_who_agreed_is_enrolled_by_the_kiosk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.worlds.desk_world.ScriptedPeople", Sitter)
    with Bench(tmp_path, ON) as bench, Commissioning(bench) as walk:
        walk.enter()
        sitter = bench.people
        assert isinstance(sitter, Sitter)
        form = part(walk, "enrol")
        assert "मैं सहमति देता/देती हूँ" in form, "word for word, in the owner's language"
        bench.act("enter asha")
        bench.wait(4.0)
        assert act(walk, "enrol", **OWNER) == (409, "Nobody is enrolled without agreeing first.")
        assert act(walk, "enrol", **OWNER, agreed="yes")[0] == 200
        stages: list[str] = []
        person = 0
        for _ in range(400):
            walk.kiosk.enrolling.forget()
            view = walk.kiosk.enrolling()
            assert not isinstance(view, FaultError)
            stages.append(view.stage)
            person = view.person
            if view.stage in ("done", "failed"):
                break
            sitter.pose = POSES.get(view.guidance, sitter.pose)
            bench.wait(0.5)
        assert stages[-1] == "done", view
        assert "looking" in stages
        assert f"Enrolled as person {person}." in part(walk, "enrol")
        told = "".join(walk.page.parts("/commission").values())
        for hidden in ("Asha", "7f3a", "98765"):
            assert hidden not in told, "what was typed is on no page"


def test_without_identity_there_is_no_such_step(walk: Commissioning) -> None:
    assert part(walk, "enrol") == ""
    assert "#enrol" not in part(walk, "rail")
    assert act(walk, "enrol", **OWNER, agreed="yes")[0] == 409


def test_the_empty_cabin_and_the_front_are_learnt_by_the_kiosk(bench: Bench, walk: Commissioning) -> None:
    assert "Not learnt yet." in part(walk, "references")
    status, said = act(walk, "learn", what="front")
    assert status == 409, "no part of the machine is drawn"
    assert said
    assert act(walk, "learn", what="all") == (409, "That was not understood.")
    assert act(walk, "learn", what="empty") == (200, "The kiosk learns.")
    for _ in range(200):
        bench.wait(1.0)
        found = part(walk, "references")
        if "✓ Learnt." in found or "✕ Not learnt." in found:
            break
    assert "✓ Learnt." in found or "fault" in found
