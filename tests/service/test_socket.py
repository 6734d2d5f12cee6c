"""The control socket's schema: every verb, its example, who may ask it, and what is refused by which name."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from edge.bench.desk import Desk
from edge.faults.catalogue import CATALOGUE
from edge.faults.fault import FaultError
from edge.loop.happening import Happening
from edge.service import control
from edge.service.acts import MAY, May
from edge.service.asks import (
    SLOW,
    VERSION,
    CheckItem,
    CommissionEnd,
    CommissionOpen,
    Granted,
    Release,
    Request,
    Sign,
    Status,
    TryOutput,
    Untry,
)
from edge.service.control import LONGEST, Asked, ControlServer, ask, done, read_request
from edge.terms.commission import CheckResult, Tried
from tests.worlds.desk_world import scripted_desk
from tests.worlds.verbs import verb_of

DOC = Path(__file__).parents[2] / "edge" / "docs" / "socket.md"
EXAMPLES = [line for line in DOC.read_text().split("```json\n")[1].split("```")[0].splitlines() if line]
STRANGER = 65_000
NOT_HERE = {
    "release": "nothing_locked",
    "mark": "incident_unknown",
    "hold": "incident_unknown",
    "free": "incident_not_held",
    "enrol_begin": "identity_off",
}
"""What a vacant cabin without incidents and owners refuses all the same."""


class Site:
    """A desk behind a real socket; `uid` is who the kernel says is calling."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.heard: list[Happening] = []
        self.desk: Desk
        self.desk, self.people = scripted_desk(folder / "data", self.heard.append)
        self.desk.run_to(15.0)
        self.folder = folder
        self.uid = os.getuid()
        self._asked: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        monkeypatch.setattr(control, "peer_uid", lambda peer: self.uid)
        self.server = ControlServer(folder, self._asked.put)
        self._thread = threading.Thread(target=self._loop)
        self._thread.start()

    def _loop(self) -> None:
        while (one := self._asked.get()) is not None:
            self.desk.ask(one.request, one.uid, one.answer)
            self.desk.run_to(self.desk.clock.now_s() + 0.2)

    def ask(self, request: Request) -> dict[str, object]:
        return ask(self.folder, request)

    def send(self, line: bytes) -> dict[str, Any]:
        """The reply to a line of any kind."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(20.0)
            peer.connect(str(self.folder / control.SOCKET))
            peer.sendall(line)
            peer.shutdown(socket.SHUT_WR)
            reply = b""
            while more := peer.recv(65536):
                reply += more
        decoded: dict[str, Any] = json.loads(reply)
        return decoded

    def close(self) -> None:
        self._asked.put(None)
        self._thread.join()
        self.server.close()
        self.desk.close()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    site = Site(tmp_path, monkeypatch)
    yield site
    site.close()


# --- the schema ------------------------------------------------------------------------------------


def test_every_verb_stands_in_each_of_its_places_once() -> None:
    assert set(get_args(Request)) == set(MAY)
    verbs = [verb_of(kind) for kind in get_args(Request)]
    assert len(verbs) == len(set(verbs))
    shown = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", DOC.read_text(), re.M)
    assert dict(shown) == {verb_of(kind): may.value for kind, may in MAY.items()}
    assert len(shown) == len(verbs)
    assert {json.loads(line)["verb"] for line in EXAMPLES} == set(verbs)


def test_what_needs_a_grant_has_a_place_for_it() -> None:
    for kind, may in MAY.items():
        assert issubclass(kind, Granted) is (may in (May.GRANT, May.ROOT_OR_GRANT)), kind


@pytest.mark.slow
def test_every_example_of_the_page_is_done_by_a_kiosk(site: Site) -> None:
    """In the order of the page, with the grant that the kiosk gave."""
    grant = ""
    for line in EXAMPLES:
        reply = site.send(line.replace("GRANT", grant).encode() + b"\n")
        assert reply["version"] == VERSION
        grant = reply.get("grant", grant)
        verb = json.loads(line)["verb"]
        if verb == "commission_end":
            assert reply == {"version": VERSION, "ended": False}, "the restart before has ended it"
        elif verb in NOT_HERE:
            assert reply["error"] == NOT_HERE[verb]
        else:
            assert "error" not in reply, (line, reply)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b'{"verb":"status","version":2}\n', "other_version"),
        (b'{"verb":"something_new","version":2}\n', "other_version"),
        (b'{"verb":"something_new"}\n', "not_understood"),
        (b'{"verb":"status","more":1}\n', "not_understood"),
        (b'{"verb":"report","finding":"A B"}\n', "not_understood"),
        (b'{"verb":"release","incident":-1}\n', "not_understood"),
        (b'{"verb":"try_output","output":"door"}\n', "not_understood"),
        (b'{"verb":"try_output","output":"lock","seconds":11}\n', "not_understood"),
        (b'{"verb":"try_output","output":"lock","seconds":0}\n', "not_understood"),
        (b'{"verb":"try_output","output":"lock","seconds":NaN}\n', "not_understood"),
        (b'{"verb":"test_text","to":"owner"}\n', "not_understood"),
        (b'{"verb":"test_text","to":"+15550100"}\n', "not_understood"),
        (b'{"verb":"sign","who":"x","items":[]}\n', "not_understood"),
        (b'{"verb":"commission_open","who":"a\\nb"}\n', "not_understood"),
        (b"{}\n", "not_understood"),
        (b"[]\n", "not_understood"),
        (b"\xff\xfe\n", "not_understood"),
        (b"", "not_understood"),
        (b'{"verb":"status"}{"verb":"status"}\n', "not_understood"),
        (b"[" * 60_000 + b"\n", "not_understood"),
    ],
)
def test_what_is_not_of_the_schema_is_refused_by_name(line: bytes, error: str) -> None:
    reply = read_request(line)
    assert isinstance(reply, dict)
    assert (reply["version"], reply["error"]) == (VERSION, error)
    assert error in CATALOGUE


def test_one_who_never_ends_is_cut_off(site: Site) -> None:
    """The kiosk reads no more than the longest request, and goes on."""
    with contextlib.suppress(ConnectionError):  # it may hang up with the rest unread
        assert site.send(b'{"verb":"' + b"x" * 2_000_000)["error"] == "not_understood"
    assert site.send(b'{"verb":"what"}\n')["error"] == "not_understood"
    assert site.ask(Status())["state"] == "vacant"


def test_a_request_and_a_reply_have_a_longest() -> None:
    items = tuple(CheckItem("a" * 40, CheckResult.FAILED, "ü" * 200) for _ in range(40))
    longest = msgspec.json.encode(Sign(grant="f" * 64, who="ü" * 80, items=items))
    assert len(longest) < LONGEST
    assert isinstance(read_request(longest), Sign)
    assert isinstance(read_request(longest + b" " * LONGEST), Sign | dict)


def test_a_reply_that_is_too_long_is_none(tmp_path: Path) -> None:
    server = ControlServer(tmp_path, lambda one: one.answer({"state": "x" * LONGEST}))
    try:
        assert ask(tmp_path, Status()) == {"version": VERSION, "error": "reply_too_long"}
    finally:
        server.close()


def test_every_name_of_a_refusal_is_a_fault() -> None:
    found = set(re.findall(r'FaultError\("(\w+)"', (DOC.parents[1] / "service" / "acts.py").read_text()))
    found |= set(re.findall(r'FaultError\("(\w+)"', (DOC.parents[1] / "loop" / "commission.py").read_text()))
    assert found
    assert found <= set(CATALOGUE)


# --- who may ask -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_nobody_asks_what_he_may_not(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger who got at the socket, with no grant and with a wrong one; each verb as the page has it."""
    monkeypatch.setattr("edge.codes.grant.SLOW_S", 0.0)
    site.uid = STRANGER
    before = site.desk.kiosk.state
    for line in EXAMPLES:
        reply = site.send(line.replace("GRANT", "0" * 32).encode() + b"\n")
        kind = type(msgspec.json.decode(line.replace("GRANT", ""), type=Request))
        match MAY[kind]:
            case May.ANYONE:
                assert "error" not in reply
            case May.KIOSK | May.ROOT:
                assert reply["error"] == "not_root"
            case May.GRANT | May.ROOT_OR_GRANT:
                assert reply["error"] == "not_granted"
    assert site.desk.kiosk.state.trial == before.trial
    names = {str(happening.data.get("name")) for happening in site.heard}
    assert not names & {"commissioning_began", "output_tried", "test_text_asked", "restart_asked"}
    assert "commissioned" not in names


def test_a_grant_alone_is_enough_for_whoever_has_it(site: Site) -> None:
    grant = str(done(site.ask(CommissionOpen("R. Mehta")))["grant"])
    site.uid = STRANGER
    assert done(site.ask(TryOutput(Tried.GREEN, grant=grant)))["trying"] == "green"
    assert site.ask(CommissionOpen("a stranger"))["error"] == "not_root"
    assert site.ask(Release())["error"] == "not_root"
    assert done(site.ask(CommissionEnd(grant=grant)))["ended"] is True
    assert site.desk.kiosk.state.trial.output is None, "what was tried ends with the commissioning"
    assert site.ask(TryOutput(Tried.GREEN, grant=grant))["error"] == "not_granted"


def test_a_new_commissioning_voids_the_old_grant(site: Site) -> None:
    old = str(done(site.ask(CommissionOpen("one")))["grant"])
    new = str(done(site.ask(CommissionOpen("two")))["grant"])
    assert site.ask(TryOutput(Tried.RED, grant=old))["error"] == "not_granted"
    assert done(site.ask(TryOutput(Tried.RED, grant=new)))["trying"] == "red"


@pytest.mark.slow
def test_wrong_grants_are_slowed_and_the_right_one_is_not(site: Site) -> None:
    grant = str(done(site.ask(CommissionOpen("one")))["grant"])
    for _ in range(6):
        assert site.ask(TryOutput(Tried.RED, grant="0" * 32))["error"] == "not_granted"
    guesser = threading.Thread(
        target=lambda: [site.ask(TryOutput(Tried.RED, grant=f"{n:032x}")) for n in range(3)]
    )
    guesser.start()
    began_s = time.monotonic()
    reply = done(site.ask(TryOutput(Tried.GREEN, grant=grant)))
    took_s = time.monotonic() - began_s
    guesser.join()
    assert reply["trying"] == "green"
    assert SLOW not in reply
    assert took_s < 1.0
    assert time.monotonic() - began_s > 2.0, "three guesses one after the other take three seconds"


def test_anybody_may_stop_what_is_tried(site: Site) -> None:
    grant = str(done(site.ask(CommissionOpen("one")))["grant"])
    done(site.ask(TryOutput(Tried.SIREN, 10.0, grant=grant)))
    site.uid = STRANGER
    assert site.ask(Untry()) == {"version": VERSION, "stopped": True}
    assert site.ask(Untry()) == {"version": VERSION, "stopped": False}


def test_done_raises_by_the_name_of_the_refusal(site: Site) -> None:
    with pytest.raises(FaultError) as caught:
        done(site.ask(Release(7)))
    assert caught.value.code == "nothing_locked"


def test_no_reply_to_anybody_holds_the_grant(site: Site) -> None:
    grant = str(done(site.ask(CommissionOpen("one")))["grant"])
    for line in ('{"verb":"status"}', '{"verb":"panel"}', f'{{"verb":"commission","grant":"{grant}"}}'):
        assert grant not in json.dumps(site.send(line.encode() + b"\n"))
    assert not [happening for happening in site.heard if grant in repr(happening)]
