"""A whole kiosk at a broker, on a story's clock: what it says, what it takes, and that none of it matters."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.bench.acting import act
from edge.bench.broker import FakeBroker, Mood
from edge.fleet import payloads
from edge.fleet.asking import NotDone
from edge.fleet.payloads import Chunk, Reply, Status
from edge.fleet.topics import Stream
from edge.journal.reader import lines, verify
from edge.loop.happening import Happening
from edge.settings.load import load
from tests.fleet.fits import misfit
from tests.fleet.fleet_world import (
    KIOSK,
    TOPICS,
    at_broker,
    events,
    gaps,
    key_files,
    said,
    signed,
    status,
    unexplained,
)
from tests.worlds.desk_world import scripted_desk

DAY_S = 86_400.0
SCHEMA = json.loads(payloads.schema())


class World:
    """One cabin at a broker. `key` signs its requests."""

    def __init__(self, folder: Path, *settings: str, every_s: float = 0.5) -> None:
        self.key, file = key_files(folder)
        self.heard: list[Happening] = []
        self.desk, self.people = scripted_desk(
            folder / "data",
            self.heard.append,
            settings=at_broker(f"mqtt.request_keys_file={file}", *settings),
            every_s=every_s,
        )

    @property
    def broker(self) -> FakeBroker:
        return self.desk.broker

    def run(self, for_s: float) -> None:
        self.desk.run_to(self.desk.clock.now_s() + for_s)

    def leap(self, for_s: float) -> None:
        """Hours in one step, for what only waits meanwhile; then it goes on for a while."""
        self.run(3.0)
        self.desk.clock.move_to(self.desk.clock.now_s() + for_s)
        self.run(10.0)

    def do(self, words: str, then_s: float = 0.0) -> None:
        act(self.desk, words.split())
        self.run(then_s)

    def until(self, done: Callable[[], bool], within_s: float = 120.0) -> None:
        end_s = self.desk.clock.now_s() + within_s
        while not done():
            assert self.desk.clock.now_s() < end_s, "it never came"
            self.run(0.5)

    def ask(self, number: int, verb: str, key: Ed25519PrivateKey | None = None, **more: object) -> None:
        wall_s = self.desk.clock.wall_s()
        times: dict[str, object] = {"issued": wall_s, "good_until": wall_s + 600}
        asked = {"kiosk": KIOSK, "id": number, "verb": verb, **times, **more}
        self.broker.send(TOPICS.request, signed(key or self.key, **asked))

    @property
    def replies(self) -> list[Reply]:
        return [msgspec.json.decode(one, type=Reply) for one in self.broker.read("/reply")]

    @property
    def faults(self) -> list[str]:
        return [str(one.data["name"]) for one in self.heard if one.kind == "fault"]

    def refusals(self) -> list[str]:
        """What the record says was refused."""
        found = lines(self.desk.journal_file)
        return [json.loads(line.data)["why"] for line in found if line.name == "request_refused"]


@contextmanager
def world_in(folder: Path, *settings: str, every_s: float = 0.5) -> Iterator[World]:
    world = World(folder, *settings, every_s=every_s)
    try:
        yield world
    finally:
        world.desk.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_in(tmp_path) as found:
        yield found


def lock(world: World) -> None:
    world.run(3.0)
    world.do("enter anna with mask")
    world.until(lambda: world.desk.kiosk.door_locked)


# --- what it says ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_lock_is_told_with_its_place_its_text_and_its_pictures_by_reference(world: World) -> None:
    lock(world)
    world.run(60.0)
    told = {(one.stream, one.kind): one for one in events(world.broker)}
    assert list(told)[:2] == [(Stream.ALERT, "incident_began"), (Stream.ALERT, "locked")]
    locked = told[Stream.ALERT, "locked"]
    assert (locked.sequence, locked.incident, locked.reason, locked.repeat) == (2, 1, "mask", False)
    assert "Door locked, face not shown: mask" in locked.text
    pictures = told[Stream.REPORT, "pictures"].pictures
    folder = world.desk.journal_file.parent / "evidence" / "1"
    assert pictures
    for one in pictures:
        assert hashlib.sha256((folder / one.name).read_bytes()).hexdigest() == one.sha256
    assert not any(len(one) > 100_000 for one in world.broker.read(""))
    assert unexplained(said(world.broker)) == []


@pytest.mark.slow
def test_the_status_is_retained_and_the_will_says_that_the_kiosk_is_gone(world: World) -> None:
    lock(world)
    world.run(10.0)
    found = status(world.broker)
    assert (found.online, found.door, found.permit, found.stage) == (True, "locked", "off", "locked")
    assert (found.incident, found.camera, found.faults) == (1, "ok", ())
    assert found.last.alert == max(one.sequence for one in events(world.broker) if one.stream == "alert")
    assert found.epoch == events(world.broker)[0].epoch
    world.desk.power_off()
    assert status(world.broker) == Status(kiosk=KIOSK, online=False)
    world.desk.power_on()
    world.run(5.0)
    assert status(world.broker).online


@pytest.mark.slow
def test_the_status_comes_at_most_every_few_seconds_and_not_while_nothing_changes(world: World) -> None:
    lock(world)
    world.do("leave anna", 300.0)
    count = sum(1 for _ in world.broker.read("/status"))
    assert 3 <= count <= 25
    world.run(1200.0)  # a broker may have lost it, so it comes every ten minutes
    assert sum(1 for _ in world.broker.read("/status")) in (count + 1, count + 2)


@pytest.mark.slow
def test_every_message_of_a_story_fits_the_schema(world: World) -> None:
    lock(world)
    world.ask(1, "report")
    world.ask(2, "evidence", incident=1)
    world.do("panic press", 120.0)
    for one in world.broker.taken:
        assert not misfit(json.loads(one.payload), SCHEMA)
    assert {one.topic.removeprefix(f"{TOPICS.folder}/") for one in world.broker.taken} == {
        *("status", "events/emergency", "events/alert", "events/report", "reply", "evidence"),
    }


@pytest.mark.slow
def test_an_emergency_goes_before_alerts_and_these_before_reports(world: World) -> None:
    world.do("broker down")
    lock(world)
    world.run(40.0)
    world.do("panic press", 20.0)
    world.do("broker up")
    world.until(lambda: any(one.kind == "panic" for one in events(world.broker)))
    world.run(20.0)
    streams = [one.stream for one in events(world.broker)]
    assert streams == sorted(streams, key=list(Stream).index)
    assert not any(one.repeat for one in events(world.broker))


@pytest.mark.slow
def test_the_daily_line_goes_to_the_desk_too_and_an_answer_to_somebody_does_not(world: World) -> None:
    world.run(2.0)
    world.desk.kiosk.report("ok", world.desk.clock.now_s())
    world.do("sms from control_room STATUS", 20.0)
    assert [(one.stream, one.kind) for one in events(world.broker)] == [(Stream.REPORT, "daily")]


# --- breaks, restarts, power cuts ------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mood", [Mood.DEAF, Mood.DROPS, Mood.DENIES, Mood.UNREAD, Mood.HANGS, Mood.REFUSES])
def test_whatever_ails_the_broker_nothing_is_lost_and_no_repeat_is_unmarked(world: World, mood: Mood) -> None:
    world.run(2.0)
    world.do(f"broker {mood}")
    lock(world)
    world.run(200.0)
    assert events(world.broker) == []
    world.do("broker up", 120.0)
    assert [one.kind for one in events(world.broker)][:2] == ["incident_began", "locked"]
    assert unexplained(said(world.broker)) == []
    assert world.desk.kiosk.messages_for_broker == 0


@pytest.mark.slow
def test_what_was_taken_shortly_before_a_break_comes_again_marked(world: World) -> None:
    """A broker that is killed forgets what it has not written down yet."""
    lock(world)
    world.run(60.0)
    before = events(world.broker)
    world.broker.taken.clear()
    world.broker.cut()
    world.run(30.0)
    again = events(world.broker)
    assert {(one.stream, one.sequence) for one in again} == {(one.stream, one.sequence) for one in before}
    assert all(one.repeat for one in again)


@pytest.mark.slow
def test_numbers_survive_a_restart_and_a_power_cut_and_a_new_record_has_a_new_epoch(world: World) -> None:
    world.do("broker down")
    lock(world)
    world.run(5.0)
    world.desk.restart()
    world.run(30.0)
    world.desk.power_off()
    world.do("broker up")
    world.desk.power_on()
    world.run(60.0)
    first = events(world.broker)
    assert unexplained(said(world.broker)) == []
    assert [one.kind for one in first if one.stream is Stream.ALERT][:2] == ["incident_began", "locked"]
    assert first[0].repeat  # before the start it may have gone out
    assert verify(world.desk.journal_file).ok
    world.desk.power_off()
    for file in world.desk.journal_file.parent.glob("journal.db*"):
        file.unlink()
    world.desk.power_on()
    world.desk.kiosk.report("ok", world.desk.clock.now_s())
    world.run(30.0)
    (old,) = {one.epoch for one in first}
    fresh = [one for one in events(world.broker) if one.epoch != old]
    assert [one.sequence for one in fresh if one.kind == "daily"] == [1]


@pytest.mark.slow
def test_a_message_waits_for_its_record_so_that_no_power_cut_gives_its_place_again(world: World) -> None:
    world.run(3.0)
    world.do("disk fails")
    world.desk.kiosk.report("ok", world.desk.clock.now_s())
    world.run(8.0)
    assert "daily" not in [one.kind for one in events(world.broker)]
    world.run(10.0)  # a card that is gone for good: then it goes all the same
    assert "daily" in [one.kind for one in events(world.broker)]


@pytest.mark.slow
def test_what_is_given_up_leaves_a_notice(tmp_path: Path) -> None:
    with world_in(tmp_path, "mqtt.keep_days=1") as world:
        world.do("broker down")
        for _ in range(3):
            world.desk.kiosk.report("ok", world.desk.clock.now_s())
            world.leap(DAY_S / 2.5)
        world.do("broker up", 60.0)
        (gap,) = [one for one in gaps(world.broker) if one.stream is Stream.REPORT]
        assert (gap.stream, gap.first, gap.last, gap.cause) == (Stream.REPORT, 1, 1, "too_old")
        assert [one.sequence for one in events(world.broker) if one.kind == "daily"] == [2, 3]
        assert unexplained(said(world.broker)) == []


@pytest.mark.slow
def test_a_broker_that_stays_away_is_told_once_by_its_name_and_no_door_minds(world: World) -> None:
    world.do("broker down")
    lock(world)  # it locks as ever
    world.run(700.0)
    world.do("broker hangs", 100.0)
    assert [code for code in world.faults if code.startswith("broker")] == ["broker_unreachable"]
    assert "broker_unreachable" in world.desk.kiosk.status(world.desk.clock.now_s())["faults"]  # type: ignore[operator]
    world.do("broker up", 60.0)
    assert world.faults[-1] == "broker_unreachable_ended"
    texts = [str(one.data["text"]) for one in world.heard if one.kind == "sms"]
    assert sum("broker_unreachable" in text for text in texts) == 1


@pytest.mark.slow
def test_a_day_without_the_broker_is_told_in_the_order_of_urgency(tmp_path: Path) -> None:
    with world_in(tmp_path) as world:
        world.do("broker down")
        for hour in range(24):
            if hour % 6 == 3:
                world.do("panic press")
            world.desk.kiosk.report("ok", world.desk.clock.now_s())
            world.leap(3600.0)
        world.do("broker up")
        world.until(lambda: world.desk.kiosk.messages_for_broker == 0)
        told = events(world.broker)
        assert sum(one.kind == "panic" for one in told) == 4
        assert sum(one.kind == "daily" for one in told) == 24
        streams = [one.stream for one in told]
        assert streams == sorted(streams, key=list(Stream).index)
        assert unexplained(said(world.broker)) == []
        assert gaps(world.broker) == []


# --- what is asked ---------------------------------------------------------------------------------


def test_a_report_is_answered_and_goes_to_the_control_room(world: World) -> None:
    world.run(3.0)
    world.ask(5, "report")
    world.run(5.0)
    (reply,) = world.replies
    assert (reply.id, reply.verb, reply.outcome) == (5, "report", "done")
    assert (reply.result["door"], reply.result["stage"]) == ("unlocked", "vacant")
    assert [one.kind for one in events(world.broker)] == ["daily"]


def test_a_request_is_done_once_also_after_a_restart(world: World) -> None:
    world.run(3.0)
    world.ask(5, "report")
    world.ask(5, "report")
    world.run(5.0)
    world.desk.power_off()
    world.desk.power_on()
    world.run(5.0)
    world.ask(5, "report")
    world.ask(4, "report")
    world.run(5.0)
    assert sorted((one.id, one.outcome, one.refusal) for one in world.replies) == [
        (4, "refused", "replayed"),
        (5, "done", ""),
        (5, "refused", "replayed"),
        (5, "refused", "replayed"),
    ]
    assert world.refusals() == ["replayed"] * 3


def test_a_request_that_the_record_cannot_take_is_not_done(world: World) -> None:
    world.run(3.0)
    world.do("disk fails", 1.0)
    world.ask(5, "selftest")
    world.run(5.0)
    assert [(one.outcome, one.refusal) for one in world.replies] == [("refused", "not_recorded")]


def test_keys_that_cannot_be_read_are_told_and_the_kiosk_starts_without(tmp_path: Path) -> None:
    with world_in(tmp_path, f"mqtt.request_keys_file={tmp_path / 'gone.pem'}") as world:
        world.run(3.0)
        world.ask(5, "report")
        world.run(3.0)
        assert world.faults == ["request_keys_unreadable"]
        assert world.refusals() == ["no_keys"]
        assert world.replies == []


def test_a_thread_that_dies_is_told_and_started_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a desk there is none: it is said to have died."""
    world.run(3.0)
    assert world.desk.built.fleet is not None
    thread = world.desk.built.fleet.thread
    started: list[float] = []
    monkeypatch.setattr(type(thread), "died", property(lambda _: not started))
    monkeypatch.setattr(thread, "start", functools.partial(started.append, 1.0))
    world.run(20.0)
    assert started == [1.0]
    assert [code for code in world.faults if "stopped" in code] == ["broker_stopped", "broker_stopped_ended"]


def test_a_self_test_is_made_once_at_a_time_and_its_findings_are_told(world: World) -> None:
    world.run(3.0)
    world.ask(5, "selftest")
    world.run(3.0)
    (reply,) = world.replies
    assert (reply.outcome, reply.result) == ("done", {"ok": True, "failed": []})


@pytest.mark.slow
def test_pictures_are_sent_in_pieces_as_they_lie_there(world: World) -> None:
    lock(world)
    world.run(40.0)
    folder = world.desk.journal_file.parent / "evidence" / "1"
    wanted = sorted(folder.glob("*.jpg"))[:2]
    large = wanted[1]
    large.write_bytes(Random(0).randbytes(100_000))
    sealed = large.with_name(f"{large.name}.age")
    large.rename(sealed)
    world.ask(5, "evidence", incident=1, pictures=[wanted[0].name, sealed.name, "../../journal.db"])
    world.until(lambda: sum(1 for _ in world.broker.read("/evidence")) == 5)
    pieces = [msgspec.json.decode(one, type=Chunk) for one in world.broker.read("/evidence")]
    whole = {
        name: b"".join(one.data for one in pieces if one.name == name)
        for name in (wanted[0].name, sealed.name)
    }
    assert whole == {file.name: file.read_bytes() for file in (wanted[0], sealed)}
    assert {one.sha256 for one in pieces} == {hashlib.sha256(one).hexdigest() for one in whole.values()}
    (reply,) = world.replies
    assert reply.result["missing"] == ["../../journal.db"]
    world.ask(6, "evidence", incident=1)
    world.ask(7, "evidence", incident=1)
    world.run(2.0)
    assert NotDone.BUSY in {one.refusal for one in world.replies}


# --- nothing that arrives matters ------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("locked", [False, True])
def test_nothing_that_arrives_moves_the_door_or_anything_of_the_table(world: World, locked: bool) -> None:
    """Every topic of every kiosk, words that would open it, garbage, and a flood of it."""
    if locked:
        lock(world)
    else:
        world.run(5.0)
    random = Random(7)
    state, door = world.desk.kiosk.state.mode, world.desk.kiosk.door_locked
    orders = ("open", "unlock", "release", "lock", "fire", "exit", "restart", "set")
    for number in range(100):
        topic = random.choice(
            (TOPICS.request, TOPICS.status, f"{TOPICS.folder}/door/set", "cabinguard/v1/town/kiosk-2/request")
        )
        word = random.choice(orders)
        payload = random.choice(
            (
                word.encode(),
                json.dumps({"verb": word, "door": "unlocked"}).encode(),
                random.randbytes(random.randrange(9000)),
                signed(world.key, kiosk=KIOSK, id=number + 1, verb=word, issued=0, good_until=1),
                signed(
                    Ed25519PrivateKey.generate(), kiosk=KIOSK, id=9, verb="report", issued=0, good_until=1
                ),
            )
        )
        world.broker.send(topic, payload, retained=random.random() < 0.2)
        if number % 10 == 9:
            world.run(1.0)
    for _ in range(40):
        world.broker.send(TOPICS.request, b"open the door")
    world.run(1.0)
    assert (world.desk.kiosk.state.mode, world.desk.kiosk.door_locked) == (state, door)
    told = {one.data["why"] for one in world.heard if one.data.get("name") == "request_refused"}
    assert told >= {"wrong_topic", "too_many", "not_a_request"}
    assert 0 < len(world.refusals()) < 60  # a flood costs the record little
    assert world.desk.powered


@pytest.mark.slow
@pytest.mark.parametrize("story", ["owner", "three-wrong", "release", "two-watchmen"])
def test_no_code_no_number_and_no_typed_digit_ever_goes_over_it(tmp_path: Path, story: str) -> None:
    """Whole stories; every byte that was published is searched for each code, entry and telephone number."""
    secret = tmp_path / "hotp"
    secret.write_text("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    secret.chmod(0o600)
    more = [f"people.hotp_secret_file={secret}", "flow.code_digits=6"]
    with world_in(tmp_path, *more) as world:
        lock(world)
        world.until(lambda: bool(world.desk.codes()))
        typed = ["135792", "864209", "975310"]
        for entry in typed if story == "three-wrong" else typed[:1]:
            world.do(f"keys {entry}", 3.0)
        if story == "release":
            password = str(world.desk.release_password())
            world.do("sms from control_room RELEASE INCIDENT HOTP", 5.0)
            typed.append(password)
        elif story == "two-watchmen":
            world.run(400.0)
        else:
            world.do("keys CODE", 5.0)
        world.ask(1, "report")
        world.ask(2, "evidence", incident=1)
        world.run(120.0)
        codes = world.desk.codes()
        numbers = [number.lstrip("+") for number in world.desk.numbers.values() if number]
        assert codes
        assert numbers
        assert len(world.broker.taken) > 10
        whole = b"\n".join(_without_chance(one.payload) for one in world.broker.taken)
        for secret_word in (*codes, *typed, *numbers):
            assert secret_word.encode() not in whole, secret_word


def _without_chance(payload: bytes) -> bytes:
    """A message without hashes, pictures and times, in which six digits may stand by chance."""
    text = re.sub(r'"(sha256|record_head|name|data|epoch)":"[^"]*"', '""', payload.decode())
    text = re.sub(r"\brecord \d+:[0-9a-f]{16}", "", text)
    return re.sub(r'"(created|at|issued|id)":[0-9.]+', '""', text).encode()


# --- off by default --------------------------------------------------------------------------------


@pytest.mark.slow
def test_without_a_broker_nothing_of_it_is_imported_or_counted(tmp_path: Path) -> None:
    code = (
        "import sys; from edge.service.service import Service; from edge.bench.desk import Desk;"
        "names = ('paho', 'edge.fleet.session', 'edge.messages.ways.mqtt', 'edge.service.fleet',"
        " 'edge.service.broker', 'edge.fleet.requests');"
        "print([name for name in sys.modules if name.startswith(names)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stdout.strip() == "[]"
    desk, _ = scripted_desk(tmp_path, settings=load(None))
    try:
        desk.run_to(5.0)
        desk.kiosk.report("ok", desk.clock.now_s())
        desk.run_to(10.0)
        assert (desk.built.fleet, desk.broker.connects) == (None, 0)
        assert not [line for line in lines(desk.journal_file) if "mqtt" in line.data]
    finally:
        desk.close()


def test_home_assistant_finds_a_kiosk_and_can_press_nothing(tmp_path: Path) -> None:
    with world_in(tmp_path, "mqtt.home_assistant=true") as world:
        world.run(5.0)
        found = json.loads(world.broker.retained[TOPICS.discovery])
        assert found["state_topic"] == TOPICS.status
        assert "command" not in json.dumps(found)
        assert {one["platform"] for one in found["components"].values()} == {"binary_sensor", "sensor"}
        said_of = set(re.findall(r"value_json\.(\w+)", json.dumps(found)))
        assert said_of <= set(Status.__struct_fields__)
