"""The page: shows what is, never a code or a key, lets nobody in who may not, outlives what it shows."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import IO

import msgspec
import pytest

from edge.__main__ import main
from edge.bench.desk import BENCH_NUMBERS
from edge.cabin.events import Anomaly, AnomalyBegan
from edge.faults.catalogue import CATALOGUE
from edge.faults.fault import FaultError
from edge.identity.enrolment import Guidance
from edge.identity.progress import Progress, show_progress
from edge.loop.watching import InputView, View
from edge.panel import sources as sources_module
from edge.panel.app import open_server, panel_site
from edge.service.asks import Status
from edge.service.control import ask
from edge.settings.load import load
from edge.terms.observation import CameraHealth, Observation
from edge.terms.reason import Ground, Measure, Number, because
from edge.web.exchange import Answer
from edge.web.places import AT_ONCE
from edge.web.site import Site
from edge.words.language import LanguageName
from edge.words.languages import words_of
from hw.ports import Input
from tests.bench_panel import Visitors
from tests.benchmark import BenchService
from tests.worlds.browser import Browser, chromium
from tests.worlds.panel_world import Cabin, Window
from tests.worlds.ports import free_port
from tests.worlds.site_world import served

pytestmark = pytest.mark.timeout(600)

PASSWORD = "correct horse battery"
LONG_S = 150.0
"""For anything that happens in the end: a test machine may be busy with much else."""


@pytest.fixture
def cabin(tmp_path: Path) -> Iterator[Cabin]:
    with Cabin(tmp_path, ["panel.live=true", "panel.pictures=true"]) as cabin:
        yield cabin


def lock(cabin: Cabin) -> None:
    cabin.people.do("enter anna with mask", cabin.desk.clock.now_s())
    cabin.run(14.0)
    for _ in range(10):  # the same words take longer in another language
        if not cabin.desk.hands.lock_on:
            cabin.run(1.0)
    assert cabin.desk.hands.lock_on


# --- what it shows ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_whole_story_is_told_and_no_code_or_digit_is_in_any_answer(cabin: Cabin) -> None:
    states, doors = [cabin.now()["state"]], set()
    typed = set()
    stream = socket.create_connection(("127.0.0.1", cabin.port), timeout=LONG_S)
    stream.sendall(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{cabin.port}\r\n\r\n".encode())
    follower = threading.Thread(target=lambda: cabin.heard.extend(iter(lambda: stream.recv(1 << 20), b"")))
    follower.start()

    def look() -> None:
        cabin.run(1.0)
        now = cabin.now()
        states.append(now["state"])
        doors.update(re.findall(r"<dt>Door</dt><dd>(\w+)", now["head"]))
        page = cabin.page()
        assert f'data-state="{now["state"]}"' in page
        for path in re.findall(r'src="(/[^"]+\.jpg)"', page):
            status, headers, body = cabin.ask(path)
            assert (status, headers["Content-Type"], body[:2]) == (200, "image/jpeg", b"\xff\xd8")

    cabin.people.do("enter anna with mask", cabin.desk.clock.now_s())
    for _ in range(14):
        look()
    code = cabin.desk.codes()[-1]
    wrong = "".join(str((int(digit) + 1) % 10) for digit in code)
    for keys, looks in ((wrong, 4), ("84712", 12), (code, 4)):
        typed.add(keys)
        cabin.desk.type_keys(keys)
        for _ in range(looks):
            look()
    cabin.people.people.clear()
    cabin.desk.move_input(Input.DOOR, True)
    for _ in range(4):
        look()
    for path in ("/incidents", "/incidents/1"):
        assert cabin.ask(path)[0] == 200
    stream.shutdown(socket.SHUT_RDWR)
    follower.join()
    stream.close()
    assert any(b"event: parts" in heard for heard in cabin.heard)
    passed = list(dict.fromkeys(states))
    assert passed[:5] == ["vacant", "checking", "warned", "locked", "released"]
    assert doors == {"locked", "unlocked"}
    codes = {found for text in cabin.desk.phone.texts for found in re.findall(r"CODE (\d{8})", text.text)}
    assert codes
    assert codes <= typed, "the code that was typed is the one that was sent"
    numbers = {number.removeprefix("+") for number in BENCH_NUMBERS.values()}
    everything = b"\n".join(body for body in cabin.heard if not body.startswith(b"\xff\xd8"))
    assert len(everything) > 100_000
    for secret in codes | typed | numbers:
        assert secret.encode() not in everything
    page = unescape(cabin.page())
    assert "locked: mask" in page
    assert "control room" in page
    assert "Incident 1" in page


def test_the_countdown_the_faces_and_what_was_said(cabin: Cabin) -> None:
    cabin.people.do("enter anna with mask", 0.0)
    cabin.run(4.0)
    now = cabin.now()
    assert re.search(r"Locks in [1-5] s, if no face is shown", now["head"])
    assert "Please take off your mask." in now["head"]
    assert now["told"] == "Warned. No proper face: the person is told what to do."
    assert "covered: mask" in now["picture"]
    assert '<g class="covered"><rect x="' in now["picture"]


def test_an_input_and_a_key_are_seen_within_a_moment(cabin: Cabin) -> None:
    before = cabin.now()["inputs"]
    assert "Case contact</th><td>quiet</td><td>not moved since the start" in before
    assert "no key since the start" in before
    cabin.desk.move_input(Input.CASE, True)
    cabin.desk.type_keys("7")
    cabin.run(0.6)
    after = cabin.now()["inputs"]
    assert '<tr class="on fresh"><th scope="row">Case contact</th><td>active</td>' in after
    assert "key touched" in after
    cabin.desk.move_input(Input.CASE, False)
    cabin.run(5.0)
    later = cabin.now()["inputs"]
    assert "Case contact</th><td>quiet</td><td>moved 5 s ago" in later
    assert "key touched 6 s ago" in later


@pytest.mark.slow
def test_a_fault_comes_with_its_meaning_and_remedy_and_goes_again(cabin: Cabin) -> None:
    cabin.desk.hands.fail_prompt()
    lockless = CATALOGUE["prompt_failed"]
    cabin.people.do("enter anna with mask", 0.0)
    cabin.run(8.0)
    faults = unescape(cabin.now()["faults"])
    for words in ("prompt_failed", "(voice)", lockless.cause, lockless.door, lockless.remedy):
        assert words in faults
    cabin.desk.hands.fail_prompt(False)
    cabin.run(45.0)  # said again, and to its end
    assert "None that the kiosk knows of." in cabin.now()["faults"]


def test_modem_disk_and_head(cabin: Cabin) -> None:
    cabin.run(8.0)
    now = cabin.now()
    assert re.search(r"-\d+ dBm", now["modem"])
    assert "in service" in now["modem"]
    assert re.search(r"<code>\d+:[0-9a-f]{64}</code>", now["record"])
    assert "free of" in now["record"]


@pytest.mark.slow
def test_people_are_shown_only_where_the_settings_say_so(tmp_path: Path) -> None:
    with Cabin(tmp_path) as cabin:
        lock(cabin)
        cabin.run(25.0)
        page = cabin.page()
        assert "<img" not in page
        assert "panel.live = true" in page
        assert "panel.pictures = true" in page
        name = next((tmp_path / "evidence" / "1").iterdir()).name
        assert cabin.ask(f"/incident/1/{name}")[0] == 404
        assert cabin.ask("/live/face/1.jpg")[0] == 404
        assert len(list((tmp_path / "evidence" / "1").iterdir())) > 3


@pytest.mark.slow
@pytest.mark.parametrize("language", LanguageName)
def test_an_incident_says_why_in_the_cabins_language_and_shows_the_picture_of_it(
    tmp_path: Path, language: LanguageName
) -> None:
    with Cabin(tmp_path, [f"cabin.language={language}", "panel.pictures=true"]) as cabin:
        cabin.run(8.0)
        now_s = cabin.desk.clock.now_s()
        seen = Observation(9, now_s, (80, 60), (), 0.0, CameraHealth.OK)
        why = because(Ground.WEAPON_SEEN, seen, Number(Measure.LOOKS, 4, 3))
        cabin.desk.kiosk.handle(AnomalyBegan(Anomaly.WEAPON, "seen", why), now_s)
        cabin.run(40.0)
        page = unescape(cabin.page())
        words = words_of(language)
        assert words.grounds.weapon_seen in page
        assert f"{words.measures.looks} 4" in page
        first = re.findall(r'src="(/incident/1/[^"]+)"', page)[0]
        assert first.endswith("-face-weapon.jpg")
        status, _, body = cabin.ask(first)
        assert status == 200
        assert body == (tmp_path / "evidence" / "1" / first.rpartition("/")[2]).read_bytes()


# --- languages, escaping ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("language", LanguageName)
def test_the_page_speaks_the_cabins_language_and_no_other(tmp_path: Path, language: LanguageName) -> None:
    """A whole story on the page; what stays English is marked as English."""
    with Cabin(tmp_path, [f"cabin.language={language}", "panel.live=true", "panel.pictures=true"]) as cabin:
        lock(cabin)
        cabin.desk.move_input(Input.CASE, True)
        cabin.desk.hands.fail_keypad()
        cabin.desk.type_keys("WRONG")
        cabin.run(6.0)
        shown = cabin.page()
    page = words_of(language).page
    assert f'<html lang="{language}">' in shown
    assert f"<h1>{page.states.locked} " in shown or f"<h1>{page.states.released} " in shown
    for word in (page.faults, page.contacts.case, page.recipients.watchman, page.happened.locked):
        assert word in unescape(shown)
    marked = re.sub(r'<(p|dd|span) lang="en">.*?</\1>', "", shown)
    marked = re.sub(r"<(code|title|style|script)\b.*?</\1>", "", marked)
    said = unescape(re.sub(r"<[^>]*>", " ", marked))
    left = set(re.findall(r"[A-Za-z]{3,}", said)) - {
        "dBm",
        *re.findall(r"\w+", cabin.sources.settings.cabin.name),
    }
    if language is LanguageName.HI:
        assert left <= KEPT_IN_HINDI
    elif language is LanguageName.DE:
        assert not {word.lower() for word in left} & ENGLISH_ALONE


KEPT_IN_HINDI = {"CREG", "CGREG", "CEREG", "SMS", "cabinguard", "release", "Testnet", "SIMCOM", "SIM"}
"""Names of networks, of the modem and of commands."""

ENGLISH_ALONE = {"the", "of", "and", "is", "not", "door", "face", "since", "ago", "with", "locked", "warned"}


@pytest.mark.slow
def test_nothing_that_comes_from_elsewhere_becomes_markup(tmp_path: Path) -> None:
    bad = "</p><script>x('&\""
    with Cabin(tmp_path, ["panel.live=true", f"cabin.name='''{bad}'''"]) as cabin:
        lock(cabin)
        known = cabin.sources.kiosk()
        assert isinstance(known, View)
        hostile = msgspec.structs.replace(
            known,
            said=bad,
            anomalies=(bad,),
            faults={bad: bad},
            inputs={bad: InputView(True, True, 0.0)},
            modem=msgspec.structs.replace(known.modem, operator=bad, model=bad, registration={bad: bad}),
            seen={
                camera: msgspec.structs.replace(
                    seen, faces=(msgspec.structs.replace(seen.faces[0], verdict=bad, cover=bad),)
                )
                for camera, seen in known.seen.items()
            },
        )
        cabin.sources.kiosk = sources_module.Kept(lambda: hostile, 1.0)
        _, _, body = cabin.ask()
        assert body.decode().count("<script") == 1, "the page's own"
        assert body.decode().count("&lt;script&gt;") > 10
        now = cabin.now()
        assert "<script" not in "".join(now.values())


# --- who may ask -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:9000", 200),  # through ssh -L, at another port
        ("127.0.0.1", 200),
        ("[::1]:8088", 200),
        ("evil.example", 421),
        ("localhost.evil.example:8088", 421),
        ("127.0.0.1.evil.example", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
def test_a_name_that_is_not_this_machines_is_refused(cabin: Cabin, host: str, status: int) -> None:
    for path in ("/", "/now"):
        assert cabin.ask(path, Host=host)[0] == status


def test_a_request_without_a_host_or_with_two_is_refused(cabin: Cabin) -> None:
    for heads in (b"", b"Host: localhost\r\nHost: evil.example\r\n"):
        with socket.create_connection(("127.0.0.1", cabin.port), timeout=10) as link:
            link.sendall(b"GET / HTTP/1.0\r\n" + heads + b"\r\n")
            assert link.recv(100).startswith(b"HTTP/1.0 421 ")


def test_the_page_says_whom_a_weakness_is_reported_to(tmp_path: Path) -> None:
    support = ["support.contact=mailto:security@bank.example", "support.until=2031-12-31"]
    for overrides, told in ((support, "Expires: 2031-12-31T23:59:59Z"), ([], "404 Not Found")):
        with Cabin(tmp_path / str(len(overrides)), overrides) as cabin:
            content = cabin.ask("/.well-known/security.txt")[2].decode()
            assert told in content
            assert content.startswith("Contact: mailto:security@bank.example\n") == bool(overrides)


@pytest.mark.slow
def test_with_a_password_nothing_comes_without_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    coded = base64.b64encode(f"anybody:{PASSWORD}".encode()).decode()
    wrong = base64.b64encode(b"anybody:correct horse batterx").decode()
    with Window(tmp_path, [f"panel.password_file={secret}", "panel.host=0.0.0.0"]) as window:
        for path in ("/", "/now", "/live", "/static/shell.js", "/incident/1/x.jpg"):
            status, headers, body = window.ask(path)
            assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="CabinGuard"')
            assert body == b"401 Unauthorized\n"
        for given in (f"Basic {wrong}", f"Bearer {coded}", "Basic !!!", "Basic", f"Basic {coded}x"):
            assert window.ask(Authorization=given)[0] == 401, given
        assert window.ask(Authorization=f"Basic {coded}")[0] == 200
        assert window.ask(Authorization=f"Basic {coded}", Host="evil.example")[0] == 421


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/incident/../../etc/passwd",
        "/incident/1/../../journal.db",
        "/incident/1/..%2f..%2fjournal.db",
        "/incident/1/00001-000000000001.jpg/../../../journal.db",
        "/incident/1/link.jpg",
        "/incident/1/00001-000000000001.jpg",
        "/incident/999999999999999999/00001-000000000001.jpg",
        "/live/../journal.db",
        "/live/face/99999999999999999999.jpg",
        "/panel.py",
        "/static/../site.py",
        "/static/..%2fsite.py",
        "/static/__init__.py",
        "/static/.style.css",
        "//etc/passwd",
        "/journal.db",
        "/\x00",
    ],
)
def test_no_path_leads_anywhere_else(cabin: Cabin, tmp_path: Path, path: str) -> None:
    folder = tmp_path / "evidence" / "1"
    folder.mkdir(parents=True)
    (folder / "link.jpg").symlink_to("/etc/passwd")
    (folder / "00001-000000000001.jpg").symlink_to("/etc/passwd")
    with socket.create_connection(("127.0.0.1", cabin.port), timeout=10) as link:
        link.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = b"".join(iter(lambda: link.recv(65536), b""))
    assert re.match(rb"HTTP/1.0 40[04] ", answer), answer[:200]
    assert b"root:" not in answer
    assert b"SQLite" not in answer


def test_every_answer_carries_the_policy_and_the_page_has_no_script_of_its_own(cabin: Cabin) -> None:
    for path in ("/", "/now", "/static/shell.js", "/static/style.css", "/nothing", "/live/face/1.jpg"):
        _, headers, _ = cabin.ask(path)
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "same-origin", "no-referrer makes the button's origin null"
    page = cabin.page()
    assert re.findall(r"<script[^>]*>", page) == ['<script type="module" src="/static/shell.js">']
    assert not re.search(r"\son\w+=|\sstyle=|https?://", page)
    assert cabin.ask("/", "HEAD")[2] == b""


# --- it only looks ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_nothing_can_be_ordered(cabin: Cabin) -> None:
    lock(cabin)
    origin = f"http://127.0.0.1:{cabin.port}"
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for path in ("/release", "/", "/settings", "/now"):
            assert cabin.ask(path, method, Origin=origin, Content_Length="0")[0] in (404, 501)
    token = cabin.server.site.token
    for origin in ("http://evil.example", "null", ""):
        assert cabin.ask("/selftest", "POST", Origin=origin, X_CabinGuard_Token=token)[0] == 403
    assert cabin.ask("/selftest", "POST", X_CabinGuard_Token=token)[0] == 403
    for origin, site in (("null", "cross-site"), ("null", "none"), ("http://evil.example", "same-origin")):
        heads = {"Origin": origin, "Sec_Fetch_Site": site, "X_CabinGuard_Token": token}
        assert cabin.ask("/selftest", "POST", **heads)[0] == 403, heads
    origin = f"http://127.0.0.1:{cabin.port}"
    for token in ("", "x", cabin.server.site.token[:-1], f"{cabin.server.site.token}x"):
        assert cabin.ask("/selftest", "POST", Origin=origin, X_CabinGuard_Token=token)[0] == 403, token
    assert cabin.ask("/selftest")[0] == 404
    cabin.run(2.0)
    assert cabin.desk.hands.lock_on
    assert not cabin.sources.tests.running


@pytest.mark.slow
def test_the_self_test_runs_in_a_process_of_its_own_and_tells(cabin: Cabin) -> None:
    before = sorted(path.name for path in cabin.folder.iterdir())
    status, headers, _ = cabin.act("/selftest", _back="/#record")
    assert status == 303
    assert re.fullmatch(r"/\?said=[0-9a-f]{16}#record", headers["Location"])
    assert (
        "It runs;"
        in cabin.ask(headers["Location"].partition("#")[0])[2].decode().rpartition('id="toasts"')[2]
    )
    assert "It runs;" in cabin.now()["record"]
    end_s = time.monotonic() + LONG_S
    while cabin.sources.tests.running and time.monotonic() < end_s:
        time.sleep(0.1)
    record = cabin.now()["record"]
    assert re.search(r'<li class="good"><span lang="en">✓ networks: loaded in', record), record
    assert "the chain fits" in record
    assert sorted(path.name for path in cabin.folder.iterdir()) == before


# --- when things break -----------------------------------------------------------------------------


@pytest.mark.slow
def test_without_a_kiosk_it_says_so_and_shows_the_record(tmp_path: Path) -> None:
    with Cabin(tmp_path) as cabin:
        lock(cabin)
    with Window(tmp_path) as window:
        page = unescape(window.page())
        assert 'data-state="down"' in page
        assert "kiosk_not_running" in page
        assert CATALOGUE["kiosk_not_running"].remedy in page
        assert "Incident 1" in page
        assert "locked: mask" in page


@pytest.mark.slow
def test_a_kiosk_that_restarts_is_found_again(cabin: Cabin) -> None:
    lock(cabin)
    cabin.control.close()
    assert cabin.now()["state"] == "down"
    cabin.desk.power_off()
    cabin.run(2.0)
    cabin.desk.power_on()
    cabin.connect()
    cabin.run(4.0)
    assert cabin.now()["state"] == "warned"
    cabin.run(12.0)
    assert cabin.now()["state"] == "locked"
    view = cabin.sources.kiosk()
    assert isinstance(view, View)
    assert view.code.issue == 2


@pytest.mark.slow
def test_a_kiosk_that_does_not_answer_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources_module, "KIOSK_WITHIN_S", 0.3)
    with socket.socket(socket.AF_UNIX) as mute, Window(tmp_path) as window:
        mute.bind(str(tmp_path / "control.sock"))
        mute.listen(1)
        assert window.now()["state"] == "down"


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "noise", "other", "missing", "folder"])
def test_a_damaged_record_is_a_fault_on_the_page_and_no_more(tmp_path: Path, damage: str) -> None:
    with Cabin(tmp_path) as cabin:
        lock(cabin)
    path = tmp_path / "journal.db"
    whole = path.read_bytes()
    for end in ("", "-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    match damage:
        case "cut":
            path.write_bytes(whole[: len(whole) // 2 + 100])
        case "noise":
            path.write_bytes(whole[:4096] + bytes(range(256)) * ((len(whole) - 4096) // 256))
        case "other":
            path.write_bytes(b"SQLite format 3\0" + b"\0" * 5000)
        case "folder":
            path.mkdir()
        case _:
            pass
    with Window(tmp_path) as window:
        now = window.now()
        assert re.search(r"<code>(journal|disk)_\w+</code>", now["record"]), now["record"]
        assert re.search(r"<code>(journal|disk)_\w+</code>", now["faults"]), now["faults"]


def test_idle_connections_hold_up_neither_the_kiosk_nor_for_ever_the_page(
    cabin: Cabin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.web.server.CLIENT_S", 0.5)
    links = [socket.create_connection(("127.0.0.1", cabin.port)) for _ in range(40)]
    try:
        assert ask(cabin.folder, Status())["state"] == "vacant"
        end_s = time.monotonic() + LONG_S
        while True:
            try:
                assert cabin.now()["state"] == "vacant"
                break
            except (OSError, AssertionError):
                assert time.monotonic() < end_s
                time.sleep(0.1)
    finally:
        for link in links:
            link.close()


def line_of(port: int, request: bytes) -> bytes:
    """The first line of the answer; empty where the connection was ended."""
    with socket.create_connection(("127.0.0.1", port), timeout=LONG_S) as link:
        try:
            link.sendall(request)
            return link.recv(65536).split(b"\r\n", 1)[0]
        except ConnectionError:
            return b""


@pytest.mark.slow
def test_those_who_drip_keep_neither_the_page_closed_nor_their_places(cabin: Cabin) -> None:
    ask_now = f"GET /now HTTP/1.1\r\nHost: 127.0.0.1:{cabin.port}\r\n\r\n".encode()
    links = [socket.create_connection(("127.0.0.1", cabin.port)) for _ in range(AT_ONCE)]
    ended: set[int] = set()
    began_s = time.monotonic()
    try:
        for link in links:
            link.sendall(b"GET / HTTP/1.1\r\n")
            link.setblocking(False)
        while len(ended) < len(links):
            assert time.monotonic() < began_s + LONG_S, "a request may drip for ever"
            assert line_of(cabin.port, ask_now) == b"HTTP/1.0 200 OK"
            for number, link in enumerate(links):
                with contextlib.suppress(BlockingIOError):
                    try:
                        link.send(b"X: y\r\n")
                        if link.recv(100) == b"":
                            ended.add(number)
                    except ConnectionError:
                        ended.add(number)
            time.sleep(0.3)
    finally:
        for link in links:
            link.close()


@pytest.mark.slow
def test_those_who_do_not_take_their_answers_keep_the_page_open() -> None:
    """Their places are wanted, and they have had their time."""
    site = Site("Cabin 1", LanguageName.EN)
    site.get("/large", lambda asked: Answer(b"x" * 30_000_000))
    site.get("/small", lambda asked: Answer(b"y"))
    with served(site) as window:
        host = f"Host: 127.0.0.1:{window.port}\r\n\r\n".encode()
        links = [socket.create_connection(("127.0.0.1", window.port)) for _ in range(AT_ONCE)]
        try:
            for link in links:
                link.sendall(b"GET /large HTTP/1.1\r\n" + host)
            end_s = time.monotonic() + LONG_S
            while line_of(window.port, b"GET /small HTTP/1.1\r\n" + host) != b"HTTP/1.0 200 OK":
                assert time.monotonic() < end_s
                time.sleep(0.1)
        finally:
            for link in links:
                link.close()


@pytest.mark.slow
def test_a_right_password_is_let_in_while_wrong_ones_are_tried(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    over = threading.Event()

    with Window(tmp_path, [f"panel.password_file={secret}"]) as window:
        host = f"GET /now HTTP/1.1\r\nHost: 127.0.0.1:{window.port}\r\n".encode()

        def request(password: str) -> bytes:
            coded = base64.b64encode(f"x:{password}".encode())
            return line_of(window.port, host + b"Authorization: Basic " + coded + b"\r\n\r\n")

        def guess() -> None:
            while not over.is_set():
                assert request("correct horse batterx") in (b"HTTP/1.0 401 Unauthorized", b"")

        guessers = [threading.Thread(target=guess) for _ in range(2 * AT_ONCE)]
        for guesser in guessers:
            guesser.start()
        try:
            for _ in range(20):
                assert request(PASSWORD) == b"HTTP/1.0 200 OK"
        finally:
            over.set()
            for guesser in guessers:
                guesser.join()


def test_a_page_without_a_new_thread_serves_all_but_what_needs_one(
    cabin: Cabin, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = f"GET /now HTTP/1.1\r\nHost: 127.0.0.1:{cabin.port}\r\n\r\n".encode()

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(3):
            assert line_of(cabin.port, get) == b"HTTP/1.0 200 OK"
        assert cabin.ask("/live")[2] == b"", "no stream; the script asks now and then instead"
        assert cabin.act("/selftest")[0] == 303
    assert not cabin.sources.tests.running, "or the button would be dead for ever"
    assert "panel_selftest" in cabin.now()["record"]


def test_many_browsers_ask_the_kiosk_once(cabin: Cabin) -> None:
    cabin.sources.kiosk.for_s = 60.0
    threads = [threading.Thread(target=cabin.ask, args=("/now",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cabin.asked == 1


@pytest.mark.slow
def test_twenty_streams_ask_the_kiosk_at_most_twice_a_second(cabin: Cabin) -> None:
    began_s = time.monotonic()
    links = [socket.create_connection(("127.0.0.1", cabin.port), timeout=LONG_S) for _ in range(20)]
    try:
        for link in links:
            link.sendall(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{cabin.port}\r\n\r\n".encode())
        heard = [b""] * len(links)
        while any(text.count(b"event: parts") < 4 for text in heard):
            assert time.monotonic() < began_s + LONG_S
            cabin.run(0.5)  # the clock on the page moves on
            for number, link in enumerate(links):
                heard[number] += link.recv(1 << 20)
        assert 2 <= cabin.asked <= 2 * (time.monotonic() - began_s) + 1
    finally:
        for link in links:
            link.close()


@pytest.mark.slow
def test_a_real_kiosk_does_not_notice_whether_its_page_is_crowded_hangs_or_dies(
    tmp_path: Path, repo: Path
) -> None:
    switch_s = sys.getswitchinterval()
    kiosk = BenchService(tmp_path)
    port = free_port()
    run = tmp_path / "run"
    folders = (f"paths.data={tmp_path / 'data'}", f"paths.runtime={run}")
    words = (*folders, "panel.live=true", f"panel.port={port}")
    options = [part for word in words for part in ("--set", word)]
    page = subprocess.Popen(
        [sys.executable, "-m", "edge", "panel", *options], cwd=repo, stdout=subprocess.PIPE, text=True
    )

    def fetch(path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=LONG_S) as answer:
            return bytes(answer.read())

    def goes_on() -> None:
        seen = kiosk.service.pictures_seen
        end_s = time.monotonic() + LONG_S
        while kiosk.service.pictures_seen < seen + 3:
            assert time.monotonic() < end_s
            time.sleep(0.05)
        assert ask(run, Status())["state"] == "cleared"

    try:
        assert page.stdout is not None
        assert page.stdout.readline() == f"panel: http://127.0.0.1:{port}/\n"
        end_s = time.monotonic() + LONG_S
        while (now := msgspec.json.decode(fetch("/now")))["state"] != "cleared":
            assert time.monotonic() < end_s, now
            time.sleep(0.2)
        path = re.search(r'src="(/live/face/\d+\.jpg)"', now["parts"]["picture"])
        assert path is not None
        assert fetch(path[1]).startswith(b"\xff\xd8")
        assert "proper face" in now["parts"]["picture"]
        crowd = Visitors(port)
        crowd.come(6, crowd.browser)
        for attack in (crowd.dripper, crowd.glutton, crowd.hammer):
            crowd.come(6, attack)
        try:
            end_s = time.monotonic() + LONG_S
            while crowd.parts == 0:  # the crowd is in, however long that takes it
                assert time.monotonic() < end_s
                time.sleep(0.05)
            goes_on()
        finally:
            crowd.leave()
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.sendall(b"GET /now HTTP/1.0\r\nHost: localhost\r\n\r\n")
            page.send_signal(signal.SIGSTOP)
            goes_on()
            page.kill()
            goes_on()
    finally:
        page.kill()
        page.wait()
        if page.stdout is not None:
            page.stdout.close()
        kiosk.close()
        sys.setswitchinterval(switch_s)


def line_of_the_address(said: IO[bytes]) -> bytes:
    """The line that names the page's address; an interpreter may have said something of its own before."""
    return next((line for line in said if line.startswith(b"panel: ")), b"")


@pytest.mark.slow
def test_the_bench_shows_its_page_and_takes_it_along(tmp_path: Path, repo: Path) -> None:
    story, port = tmp_path / "short.story", free_port()
    story.write_text("title Short\n+0.2 case on\n+5000 case off\n")
    command = [sys.executable, "-m", "edge", "bench", "--panel", "--story", str(story)]
    bench = subprocess.Popen(
        [*command, "--set", f"panel.port={port}"], cwd=repo, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert bench.stderr is not None
    try:
        assert line_of_the_address(bench.stderr) == f"panel: http://127.0.0.1:{port}/\n".encode()
        end_s = time.monotonic() + LONG_S
        while True:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=LONG_S) as answer:
                page = answer.read().decode()
            if "Case contact</th><td>active</td>" in page and '<img src="/live/face/' in page:
                break
            assert time.monotonic() < end_s, page
            time.sleep(0.2)
        assert 'data-state="vacant"' in page
        bench.send_signal(signal.SIGINT)
        assert bench.wait(LONG_S) == 130
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), timeout=LONG_S).close()
    finally:
        bench.kill()
        bench.wait()
        bench.stderr.close()


# --- the command -----------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    options = [part for word in words for part in ("--set", word)]
    assert main(["panel", *options]) == 3
    return capsys.readouterr().err


def test_an_address_outside_this_machine_needs_a_password(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for host in ("0.0.0.0", "::", "192.168.1.20", "kiosk.example", ""):
        assert "panel_unprotected" in refused(capsys, f"panel.host={host}")
    secret = tmp_path / "secret"
    secret.write_text("short\n")
    secret.chmod(0o600)
    said = refused(capsys, "panel.host=0.0.0.0", f"panel.password_file={secret}")
    assert "panel_unprotected" in said
    assert "short\n" not in said
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    assert "secret_exposed" in refused(capsys, f"panel.password_file={secret}")


def test_a_password_has_twelve_characters_at_least(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch(0o600)
    settings = load(None, [f"panel.password_file={secret}", f"paths.runtime={tmp_path}"])
    secret.write_text("elevenchars\n")
    with pytest.raises(FaultError, match="panel_unprotected: the password has less than 12 characters"):
        open_server(settings, panel_site(settings), port=0)
    secret.write_text("twelve chars\n")
    open_server(settings, panel_site(settings), port=0).close()


def test_a_port_in_use_and_an_address_of_nobody_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert "panel_port_busy" in refused(capsys, f"panel.port={other.getsockname()[1]}")
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    said = refused(capsys, "panel.host=198.51.100.7", f"panel.password_file={secret}")
    assert "panel_address" in said


def test_an_unknown_kind_of_answer_is_no_view(tmp_path: Path) -> None:
    with Cabin(tmp_path) as cabin:
        cabin.says = {"state": 3}
        found = cabin.sources.kiosk()
        assert isinstance(found, FaultError)
        assert found.code == "kiosk_not_running"


# --- in a browser ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(chromium() is None, reason="no Chromium here: apt install chromium")
def test_a_browser_follows_the_cabin_without_reloading(cabin: Cabin, browser: Browser) -> None:
    browser.go(f"http://127.0.0.1:{cabin.port}/")
    assert browser.ask("document.body.dataset.state") == "vacant"
    browser.ask("window.still = true")
    lock(cabin)
    browser.wait("document.body.dataset.state === 'locked'")
    browser.wait("document.querySelector('h1').textContent.startsWith('Locked ')")
    browser.wait("document.getElementById('told').textContent.startsWith('Locked. ')")
    assert browser.ask("document.getElementById('stale').hidden")
    assert browser.ask("document.title") == "Cabin 1: Locked"
    assert browser.ask("window.still") is True
    cabin.server.shutdown()
    browser.wait("!document.getElementById('stale').hidden")


# --- enrolment -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LanguageName)
def test_an_enrolment_before_the_camera_is_shown_and_one_that_was_left_behind_is_not(
    tmp_path: Path, language: LanguageName
) -> None:
    """No kiosk runs then: the page is what the one beside the camera looks at."""
    with Window(tmp_path, [f"cabin.language={language}"]) as window:
        words = words_of(language)
        assert "<progress" not in window.page()
        show_progress(tmp_path, Progress(4, Guidance.LEFT))
        page = unescape(window.page())
        assert words.page.enrolling.format(count=4, most=10) in page
        assert words.enrolling.left in page
        os.utime(tmp_path / "enrolling", (0, 0))
        assert "<progress" not in window.page()
        (tmp_path / "enrolling").write_text("{")
        assert "<progress" not in window.page()
