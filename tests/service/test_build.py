"""The kiosk of `run` and the one of `bench` and `replay` are the same, part by part and in what they do."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import json
import re
import threading
import types
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from edge.bench.desk import BENCH_NUMBERS, Desk, StoryClock
from edge.bench.playing import play_story
from edge.bench.story import parse
from edge.journal import reader as journal
from edge.loop.happening import Happening
from edge.loop.parts import Parts
from edge.service import build as build_module
from edge.service import service as service_module
from edge.service.build import Built, Site, _exposed, build
from edge.service.service import Service
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.terms.record import Channel
from hw.board import bench_board
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.stepped import SteppedModem
from hw.ports import Board, Clock
from hw.watched import WatchedThread
from tests.worlds.desk_world import scripted_desk
from tests.worlds.ports import free_port

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def everything(folder: Path) -> list[str]:
    """Settings of which none that a part is made from is at its default."""
    folder.mkdir()
    files = {"hotp": SECRET, "hook": "a secret for the webhook", "smtp": "a word"}
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    numbers = dict(zip(("watchman", "watchman2", "control_room"), BENCH_NUMBERS.values(), strict=True))
    return [
        *(f"people.{to}={number}" for to, number in numbers.items()),
        *("watchdog.eyes_start_s=33", "watchdog.eyes_silence_s=7", "watchdog.clock_jump_s=21"),
        *("email.host=localhost", "email.port=2525", "email.user=me", "email.sender=kiosk@example.com"),
        *("email.control_room=room@example.com", "email.picture=false"),
        *("webhook.url=http://localhost:9/hook", "webhook.timeout_s=3"),
        f"people.hotp_secret_file={folder / 'hotp'}",
        f"webhook.secret_file={folder / 'hook'}",
        f"email.password_file={folder / 'smtp'}",
        *("journal.keep_days=70", "journal.keep_mb=20"),
        *("evidence.before_s=4", "evidence.after_s=8", "evidence.keep_days=9", "evidence.keep_mb=150"),
        *("evidence.recipients_file=/bank.keys", "evidence.open_needs=2", "evidence.clear_copy_s=99"),
        *("flow.code_digits=6", "flow.key_timeout_s=7", "flow.release_tries=4", "flow.lock_after_s=45"),
        *("identity.enabled=true", "identity.verify_s=15", "identity.tell_after=3"),
        *("identity.owner_tries=4", "identity.owner_rest_s=700", "identity.owner_code_ttl_s=90"),
        *("cabin.name=Cabin 9", "cabin.timezone=Asia/Kolkata", "wiring.door.fitted=false"),
    ]


class Seen(Exception):
    """The service's kiosk is together: that is all that is wanted of it."""


def of_the_service(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What `run` hands out."""
    seen: dict[str, str] = {}

    def look(settings: Settings, site: Site, stack: contextlib.ExitStack) -> Built:
        seen.update(looked_into(build(settings, site, stack)))
        raise Seen

    def open_parts(settings: Settings, clock: Clock) -> Board:
        return bench_board(clock, SteppedModem(FakeModem(), clock=clock), settings.wiring)[0]

    monkeypatch.setattr(service_module, "build", look)
    monkeypatch.setattr(service_module, "SystemClock", StoryClock)
    with contextlib.ExitStack() as stack, pytest.raises(Seen):
        Service(settings, stack, open_parts=open_parts)
    return seen


def of_the_desk(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What `bench` and `replay` hand out."""
    seen: dict[str, str] = {}

    def look(settings: Settings, site: Site, stack: contextlib.ExitStack) -> Built:
        seen.update(looked_into(build(settings, site, stack)))
        raise Seen

    monkeypatch.setattr("edge.bench.desk.build", look)
    folder.mkdir(exist_ok=True)
    with pytest.raises(Seen):
        scripted_desk(folder, settings=settings)
    return seen


HANDED_IN = {
    "data": (
        r"\b(_inode|gauge\._data|gauge\._seen\.free_mb|_site\._folder|copies\._folder"
        r"|_site\._settings\.(identity\.key_file|paths\.runtime))$"
    ),
    "threaded": (r"\b(_threaded|thread|_changed|_beside|_apart|gauge\._thermal|gauge\._seen\.board_c)$"),
    "wake": r"\b(_on_answer|_beside\.\w+)$",
    "rings": r"\b_rings\b",
    "choose_code": r"\b_choose$",
    "random": r"\b_random\b",
    "unrecorded": r"\bunrecorded\._path$",
    "listener": r"\blistener\b",
    "before_sync": r"\b_before_sync$",
    "want_owner": r"\bwant_owner\b",
    "restart": r"\brestart\b",
    "roots": r"\b_roots\b",
    "eyes": r"\b_site\._eyes\b",
}
"""Where the fields of a `Site` may be seen in a kiosk: the only places in which the two may differ."""


def test_the_two_hand_in_nothing_that_this_test_does_not_know() -> None:
    alike = {"board", "journal", "spare_numbers", "fleet"}  # both look the same here
    assert {field.name for field in dataclasses.fields(Site)} == alike | set(HANDED_IN)


@pytest.mark.slow
def test_the_service_and_the_desk_hand_out_the_same_kiosk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WatchedThread, "start", lambda thread: True)  # before anything moves in them
    # A kiosk with sealed pictures tells that its runtime folder is on a disk; the desk has one of its own.
    monkeypatch.setattr(build_module, "must_stay_in_memory", lambda runtime: None)
    places = (f"paths.data={tmp_path / 'kiosk'}", f"paths.runtime={tmp_path / 'run'}")
    settings = load(None, [*everything(tmp_path / "secrets"), *places])
    service = of_the_service(settings, monkeypatch)
    desk = of_the_desk(settings, tmp_path / "desk", monkeypatch)
    differ = {
        where: (service.get(where), desk.get(where))
        for where in service.keys() | desk.keys()
        if service.get(where) != desk.get(where)
        and not any(re.search(place, where) for place in HANDED_IN.values())
    }
    assert differ == {}
    # It looked into every part, and the settings have arrived there.
    for field in dataclasses.fields(Parts):
        assert f"parts.{field.name}" in desk, field.name
    values = set(desk.values())
    assert {"33.0", "7.0", "21.0", "70.0", "45.0", "'Cabin 9'", "b'a secret for the webhook'"} <= values


def looked_into(built: Built) -> dict[str, str]:
    """Every value that can be reached from what was built, by where it lies.

    Of the board, and of the kiosk that has nothing but its parts, only the kind.
    """
    found: dict[str, str] = {}
    reached: set[int] = set()

    def look(where: str, thing: object) -> None:
        if isinstance(thing, str | bytes | int | float | enum.Enum | None):
            found[where] = repr(thing)
            return
        if isinstance(thing, Path):
            found[where] = thing.name
            return
        found[where] = type(thing).__name__
        closed = where in ("kiosk", "acts._kiosk", "parts.board") or isinstance(thing, _CLOSED)
        if id(thing) in reached or closed:
            return
        reached.add(id(thing))
        for name, part in _parts_of(thing):
            look(f"{where}.{name}", part)

    for field in dataclasses.fields(built):
        look(field.name, getattr(built, field.name))
    return found


_CLOSED = (
    *(type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType),
    *(threading.Thread, threading.Condition, type(threading.Lock()), threading.Event),
)
"""Nothing of the kiosk's own lies in these."""


def _parts_of(thing: object) -> Iterator[tuple[str, object]]:
    if isinstance(thing, Mapping):
        yield from ((str(key), value) for key, value in thing.items())
    elif isinstance(thing, set | frozenset):
        yield from ((str(index), value) for index, value in enumerate(sorted(thing, key=repr)))
    elif isinstance(thing, Sequence | deque):
        yield from ((str(index), value) for index, value in enumerate(thing))
    else:
        slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
        for name in dict.fromkeys([*slots, *getattr(thing, "__dict__", ())]):
            if hasattr(thing, name):
                yield name, getattr(thing, name)


# --- what had an effect on one of the two only -----------------------------------------------------


def names(heard: list[Happening]) -> list[object]:
    return [happening.data.get("name") for happening in heard]


@pytest.mark.parametrize(("jump_s", "told"), [(9.0, False), (31.0, True)])
def test_a_jump_of_the_clock_on_the_bench_is_one_from_what_the_settings_say(
    tmp_path: Path, jump_s: float, told: bool
) -> None:
    heard: list[Happening] = []
    desk, _ = scripted_desk(tmp_path, heard.append, settings=load(None, ["watchdog.clock_jump_s=21"]))
    desk.run_to(5.0)
    desk.clock.jump(jump_s)
    desk.run_to(10.0)
    desk.close()
    assert ("clock_jumped" in names(heard)) is told


@pytest.mark.slow
@pytest.mark.parametrize("silence_s", [3.0, 12.0])
def test_silent_eyes_on_the_bench_are_gone_after_what_the_settings_say(
    tmp_path: Path, silence_s: float
) -> None:
    heard: list[Happening] = []
    settings = load(None, [f"watchdog.eyes_silence_s={silence_s}"])
    desk, _ = scripted_desk(tmp_path, heard.append, settings=settings)
    desk.run_to(10.0)
    desk.camera_alive = False
    desk.run_to(40.0)
    desk.close()
    gone_s = next(happening.at_s for happening in heard if happening.data.get("name") == "camera_gone")
    assert gone_s == pytest.approx(10.0 + silence_s, abs=0.5)


def test_eyes_that_never_see_on_the_bench_are_gone_after_what_the_settings_say(tmp_path: Path) -> None:
    heard: list[Happening] = []

    class Blind(Desk):
        """Its camera never gives a picture."""

        @property
        def camera_alive(self) -> bool:
            return False

        @camera_alive.setter
        def camera_alive(self, alive: bool) -> None: ...

    settings = load(None, ["watchdog.eyes_start_s=17"])
    desk, _ = scripted_desk(tmp_path, heard.append, settings=settings, desk_type=Blind)
    desk.run_to(40.0)
    desk.close()
    gone_s = next(happening.at_s for happening in heard if happening.data.get("name") == "camera_gone")
    assert gone_s == pytest.approx(17.0, abs=0.5)


@pytest.mark.slow
def test_a_kiosk_on_the_bench_without_time_zone_files_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.service.build.find_zone", lambda name: None)
    heard: list[Happening] = []
    desk, _ = scripted_desk(tmp_path, heard.append)
    desk.run_to(30.0)
    desk.close()
    assert "zone_missing" in names(heard)
    assert any("zone_missing" in str(happening.data.get("text")) for happening in heard)


class Taken:
    """A mail server and a web server on loopback that take everything."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.posts: list[dict[str, object]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content)
        self.mails.append(str(mail["subject"]))
        return "250 taken"


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def both_ways(taken: Taken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The settings for e-mail and webhook to them."""
    monkeypatch.setenv("no_proxy", "*")

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    web = ThreadingHTTPServer(("127.0.0.1", 0), Post)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    mail = Controller(taken, hostname="127.0.0.1", port=free_port())
    mail.start()
    secret = tmp_path / "hook"
    secret.write_text("a secret for the webhook")
    secret.chmod(0o600)
    try:
        yield [
            *("email.host=127.0.0.1", f"email.port={mail.port}", "email.security=none"),
            *("email.sender=kiosk@example.com", "email.control_room=room@example.com"),
            f"webhook.url=http://127.0.0.1:{web.server_port}/hook",
            f"webhook.secret_file={secret}",
        ]
    finally:
        mail.stop()
        web.shutdown()
        thread.join()
        web.server_close()


@pytest.mark.slow
@pytest.mark.parametrize("picture", ["true", "false"])
def test_the_bench_sends_by_e_mail_and_webhook_where_these_are_set_up(
    taken: Taken, both_ways: list[str], tmp_path: Path, picture: str
) -> None:
    folder = tmp_path / "desk"
    folder.mkdir()
    desk, people = scripted_desk(folder, settings=load(None, [*both_ways, f"email.picture={picture}"]))
    people.do("enter anna with mask", 0.0)
    desk.run_to(40.0)
    assert desk.hands.lock_on
    desk.close()
    assert any("locked" in subject for subject in taken.mails)
    assert any(post.get("kind") == "locked" for post in taken.posts)
    rows = [row for row in journal.outbox(folder / "journal.db") if row.kind == "locked"]
    assert {row.channel for row in rows} == {Channel.SMS, Channel.EMAIL, Channel.WEBHOOK}
    assert {row.state for row in rows if row.channel is not Channel.SMS} == {"accepted"}


@pytest.mark.slow
def test_a_story_sends_too(taken: Taken, both_ways: list[str], tmp_path: Path) -> None:
    given = "\n".join(f"set {one}" for one in both_ways)
    story = parse("mine", f"{given}\n1 panic on\nby 20 see sms control_room\n")
    assert play_story(story, load(None, list(story.settings)), lambda happening: None, folder=tmp_path).ok
    assert taken.mails
    assert taken.posts


def test_without_them_nothing_on_the_bench_goes_by_a_network(tmp_path: Path) -> None:
    desk, _ = scripted_desk(tmp_path)
    assert desk.built.carriers == {}
    desk.close()


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_secret_that_cannot_be_read_stops_the_bench_by_name_and_leaves_nothing_open(
    tmp_path: Path,
) -> None:
    settings = load(None, ["webhook.url=http://localhost:9/", f"webhook.secret_file={tmp_path / 'none'}"])
    before = open_files()
    with pytest.raises(Exception, match="secret"):
        scripted_desk(tmp_path, settings=settings)
    assert open_files() <= before


def test_a_start_says_where_open_pictures_could_reach_the_card(tmp_path: Path) -> None:
    """Not only the self-test: where pictures are sealed the ring must be in memory. A bench has its own."""
    real, bench = (cast("Site", types.SimpleNamespace(threaded=threaded)) for threaded in (True, False))
    sealed = load(None, [f"evidence.recipients_file={tmp_path}/list", "paths.runtime=/proc/self"])
    assert _exposed(sealed, real) == (
        ("evidence_open_on_card", "paths.runtime = /proc/self is not in memory"),
    )
    assert _exposed(sealed, bench) == ()
    assert _exposed(load(None, ["paths.runtime=/proc/self"]), real) == ()
