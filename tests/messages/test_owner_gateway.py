"""The owner's code by the signed webhook: to the program that the docs show, as it stands there."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edge.cabin.events import EntryVerdict
from edge.identity.desk import CodeJudged, CodeSent
from edge.identity.limits import CodeRules
from edge.journal.reader import outbox
from edge.messages.item import may_carry_code
from edge.messages.ways.carrier import Answer, NotTaken, Taken
from edge.messages.ways.webhook import Webhook, sign
from edge.terms.record import OWNER_CODE_KIND, Channel, OutboxRow, Recipient, RowState
from tests.worlds.owner_world import OWNER, OwnerWorld

SECRET = "a secret of the two"
KIOSK = "+15550111"
ROW = OutboxRow(4, 0, OWNER_CODE_KIND, 1, Recipient.OWNER, Channel.WEBHOOK, 1_767_254_400.0, 60.0, tries=1)
TEXT = "Cabin 1: CODE 123456 for your card, until 08:03. Not you? Answer NO. #4"


@dataclass
class Provider:
    """The gateway's own server: what it was told to send, and whether it works."""

    port: int = 0
    works: bool = True
    heard: list[Mapping[str, object]] = field(default_factory=list)


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if provider.works:
                provider.heard.append(json.loads(body))
            self.send_response(200 if provider.works else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Post)
    provider.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def gateway(repo: Path, tmp_path: Path, provider: Provider) -> Iterator[str]:
    """The program of the docs in a process of its own; its address."""
    page = (repo / "edge" / "docs" / "owner-code-gateway.md").read_text("utf-8")
    [program] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    file = tmp_path / "receiver.py"
    file.write_text(program)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "GUARD_SECRET": SECRET,
        "GATEWAY_URL": f"http://127.0.0.1:{provider.port}/messages",
        "GATEWAY_TOKEN": "t",
        "KIOSK_NUMBER": KIOSK,
        "PORT": str(port),
    }
    child = subprocess.Popen([sys.executable, str(file)], env=environment, stderr=subprocess.PIPE)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/"
    finally:
        child.kill()
        _, complaints = child.communicate()
    assert complaints == b""


def _wait_for(port: int) -> None:
    end_s = time.monotonic() + 30.0
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            assert time.monotonic() < end_s, "the program does not start"
            time.sleep(0.02)
        else:
            return


NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Reading the system's certificates takes half a second, and nothing here goes over TLS."""


def webhook(url: str, secret: str = SECRET, wall_s: float | None = None) -> Webhook:
    clock = time.time if wall_s is None else lambda: wall_s
    return Webhook(url, secret.encode(), "Cabin 1", clock, timeout_s=10, context=NO_TLS)


def hand(carrier: Webhook, row: OutboxRow = ROW) -> Answer:
    """Send, and wait for the answer."""
    end_s = time.monotonic() + 20.0
    carrier.send(1, row, TEXT, end_s, OWNER)
    while time.monotonic() < end_s:
        if answers := carrier.poll(time.monotonic()):
            return answers[0]
        time.sleep(0.005)
    raise AssertionError("no answer")


def words_of(message: Mapping[str, object]) -> list[str]:
    """The words that the template was filled with."""
    return re.findall(r"'text': '([^']*)'\}", str(message))


@pytest.mark.slow
def test_the_program_of_the_docs_hands_the_code_on_once(gateway: str, provider: Provider) -> None:
    assert hand(webhook(gateway)) == Taken(1)
    assert hand(webhook(gateway)) == Taken(1), "a repeat"
    [message] = provider.heard
    assert message["to"] == OWNER
    assert words_of(message) == ["123456", "Cabin 1", KIOSK]


@pytest.mark.slow
def test_it_takes_nothing_that_is_forged_old_or_changed(gateway: str, provider: Provider) -> None:
    assert hand(webhook(gateway, "another secret")) == NotTaken(1, "HTTP 401", True)
    assert hand(webhook(gateway, wall_s=time.time() - 900)) == NotTaken(1, "HTTP 401", True)
    body = json.dumps({"kind": "owner_code", "phone": OWNER, "cabin": "x", "text": "CODE 111111"}).encode()
    good = sign(SECRET.encode(), body, int(time.time()))
    for header, sent in ((good, body.replace(b"1", b"2")), ("", body), ("t=,v1=", body), ("v1=é", body)):
        request = urllib.request.Request(
            gateway, sent, {"X-CabinGuard-Signature": header.encode().decode("latin-1")}
        )
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=10)
    assert provider.heard == []


@pytest.mark.slow
def test_what_the_provider_does_not_take_is_tried_again(gateway: str, provider: Provider) -> None:
    provider.works = False
    assert hand(webhook(gateway)) == NotTaken(1, "HTTP 502", True)
    provider.works = True
    assert hand(webhook(gateway)) == Taken(1)
    assert len(provider.heard) == 1


@pytest.mark.slow
def test_the_whole_way_from_asking_to_the_verdict(tmp_path: Path, gateway: str, provider: Provider) -> None:
    folder = tmp_path / "kiosk"
    carrier = webhook(gateway)
    world = OwnerWorld(folder, rules=CodeRules(channel=Channel.WEBHOOK), carriers={Channel.WEBHOOK: carrier})
    world.begin()
    world.codes.given("", world.clock.now_s())
    end_s = time.monotonic() + 30.0
    while CodeSent(1) not in world.heard and time.monotonic() < end_s:
        world.run(0.01, 0.01)
        time.sleep(0.005)
    [message] = provider.heard
    assert message["to"] == OWNER
    assert world.type(words_of(message)[0]) == CodeJudged(1, EntryVerdict.RIGHT, 3)
    assert world.phone.texts() == [], "nothing left by the modem"
    [row] = outbox(folder / "journal.db")
    assert (row.channel, row.state) == (Channel.WEBHOOK, RowState.ACCEPTED)
    carrier.close()
    world.journal.close(0)
    stored = b"".join(path.read_bytes() for path in folder.iterdir())
    assert OWNER.encode() not in stored
    assert words_of(message)[0].encode() not in re.sub(rb"[0-9a-f]{16,}", b"", stored)


# --- what may carry a code -------------------------------------------------------------------------


def test_the_watchmans_code_goes_by_sms_alone_and_an_owners_never_by_mail() -> None:
    allowed = {(c, to) for c in Channel for to in Recipient if may_carry_code(c, to)}
    assert allowed == {(Channel.SMS, to) for to in Recipient} | {(Channel.WEBHOOK, Recipient.OWNER)}


@pytest.mark.parametrize(
    ("url", "secret"),
    [("http://192.0.2.1/", SECRET), ("http://gateway.example/", SECRET), ("https://g/", "")],
)
def test_a_code_goes_over_tls_or_within_the_machine_and_signed(url: str, secret: str) -> None:
    words = "a code goes over TLS or within this machine, and signed"
    assert hand(webhook(url, secret)) == NotTaken(1, words, False)


def test_nobody_elses_message_has_a_number_in_it(provider: Provider) -> None:
    carrier = webhook(f"http://127.0.0.1:{provider.port}/")
    row = OutboxRow(5, 1, "locked", 0, Recipient.CONTROL_ROOM, Channel.WEBHOOK, 1_767_254_400.0, 60.0)
    carrier.send(1, row, "Door locked", time.monotonic() + 20.0)
    carrier.close()
    [message] = provider.heard
    assert "phone" not in message
