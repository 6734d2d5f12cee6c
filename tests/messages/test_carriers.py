"""E-mail against a real SMTP server and the webhook against a real HTTP server, both on loopback."""

from __future__ import annotations

import email
import email.policy
import functools
import hmac
import json
import os
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from edge.messages.outbox import Outbox
from edge.messages.texts import Context, make_text
from edge.messages.ways import open as channels
from edge.messages.ways.carrier import Answer, NotTaken, Taken, ThreadCarrier
from edge.messages.ways.mail import Email, MailAccount, PictureOf, Security
from edge.messages.ways.open import picture_for
from edge.messages.ways.webhook import Webhook, sign
from edge.pictures.clear import shown_or_sealed
from edge.settings.load import load
from edge.terms.record import Channel, OutboxRow, Recipient, RowState
from edge.words.hi import HINDI
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.stepped import SteppedModem
from tests.worlds.ports import free_port

ROW = OutboxRow(
    37, 12, "locked", 0, Recipient.CONTROL_ROOM, Channel.EMAIL, 1_772_339_400.0, 3600.0, "mask", tries=1
)
TEXT = "Cabin 1. Door locked: मास्क. #37"
JPEG = b"\xff\xd8\xff\xe0 not really a picture \xff\xd9"


def deliver(carrier: ThreadCarrier, row: OutboxRow = ROW, *, limit_s: float = 10.0) -> Answer:
    """Send and wait for the answer."""
    carrier.send(1, row, TEXT, time.monotonic() + limit_s)
    assert not carrier.idle
    end_s = time.monotonic() + limit_s + 1
    while time.monotonic() < end_s:
        answers = carrier.poll(time.monotonic())
        if answers:
            return answers[0]
        time.sleep(0.005)
    raise AssertionError("no answer")


# --- e-mail ----------------------------------------------------------------------------------------


class Mailbox:
    """What the server does with the next messages: codes to answer with, then accept."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.at_rcpt: list[str] = []
        self.at_data: list[str] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at_rcpt:
            return self.at_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.at_data:
            return self.at_data.pop(0)
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        return "250 taken"


@pytest.fixture(scope="session")
def certificate() -> Path:
    """A certificate of nobody's authority for localhost, key and all in one file."""
    return Path(__file__).parents[1] / "data" / "localhost.pem"


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def serving(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


Serve = Callable[..., Email]


@pytest.fixture
def serve(mailbox: Mailbox, certificate: Path) -> Iterator[Serve]:
    """Start a mail server of the kind asked for and give the carrier that talks to it."""
    controllers: list[Controller] = []

    def start(
        security: Security = "starttls",
        *,
        trust: bool = True,
        password: str = "",
        picture_of: PictureOf | None = None,
        head: Callable[[], str] = str,
        sealed: str = "",
    ) -> Email:
        port = free_port()
        options: dict[str, object] = {"hostname": "127.0.0.1", "port": port}
        if security == "starttls":
            options |= {"tls_context": serving(certificate), "require_starttls": True}
        elif security == "tls":
            options |= {"ssl_context": serving(certificate)}
        if password:
            options |= {
                "auth_required": True,
                "authenticator": lambda server, session, envelope, mechanism, data: AuthResult(
                    success=data.password == b"right", handled=False
                ),
            }
        controller = Controller(mailbox, **options)  # type: ignore[arg-type]  # one set for each security
        controller.start()
        controllers.append(controller)
        account = MailAccount(
            "localhost",
            port,
            security,
            user="kiosk" if password else "",
            password=password,
            sender="kiosk@example.org",
            addresses={Recipient.CONTROL_ROOM: "desk@example.org"},
            context=trusting(certificate) if trust else None,
        )
        return Email(account, "Cabin 1", picture_of=picture_of, head=head, sealed=sealed, timeout_s=2.0)

    yield start
    for controller in controllers:
        controller.stop(no_assert=True)


@pytest.mark.slow
@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_an_alert_with_its_picture_arrives(serve: Serve, mailbox: Mailbox, security: str) -> None:
    mail = serve(security, picture_of=lambda row: JPEG if row.incident == 12 else None)
    assert deliver(mail) == Taken(1)
    [message] = mailbox.mails
    assert message["To"] == "desk@example.org"
    assert message["Subject"] == TEXT
    body = message.get_body()
    assert body is not None
    assert body.get_content().strip() == TEXT
    [picture] = message.iter_attachments()
    assert picture.get_filename() == "incident-12.jpg"
    assert picture.get_content() == JPEG
    assert mail.idle


def test_a_mail_has_the_head_of_the_record_apart_from_its_words(serve: Serve, mailbox: Mailbox) -> None:
    heads = iter((f"7:{'a' * 64}", f"8:{'b' * 64}", ""))
    mail = serve("none", head=lambda: next(heads))
    for head in (f"7:{'a' * 64}", f"8:{'b' * 64}"):  # the head of the moment of sending
        assert deliver(mail) == Taken(1)
        said = mailbox.mails.pop().get_content().splitlines()
        assert said == [TEXT, "", "-- ", f"record head {head}"]
    assert deliver(mail) == Taken(1)
    assert mailbox.mails[0].get_content().splitlines() == [TEXT]


def _picture_mail(serve: Serve, folder: Path, now_wall_s: float) -> Email:
    """As the kiosk's own, with its pictures in this folder."""
    return serve("none", picture_of=functools.partial(picture_for, folder, lambda: now_wall_s))


@pytest.mark.slow
def test_a_mail_waits_for_the_first_picture_of_its_incident(
    serve: Serve, mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alert is decided before the evidence is on the disk."""
    monkeypatch.setattr(channels, "PICTURE_WAIT_S", 60.0)  # a busy machine is late with the picture
    mail = _picture_mail(serve, tmp_path, ROW.created_wall_s)

    def keep() -> None:
        (tmp_path / "12").mkdir()
        (tmp_path / "12" / "00001-000000000001.jpg").write_bytes(JPEG)

    late = threading.Timer(0.7, keep)
    late.start()
    assert deliver(mail) == Taken(1)
    late.join()
    [picture] = mailbox.mails[0].iter_attachments()
    assert picture.get_content() == JPEG


@pytest.mark.slow
@pytest.mark.parametrize("age_s", [0.0, 600.0, -600.0], ids=["fresh", "old", "clock set back"])
def test_a_mail_goes_without_a_picture_when_none_comes(
    serve: Serve, mailbox: Mailbox, tmp_path: Path, age_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "PICTURE_WAIT_S", 0.6)
    mail = _picture_mail(serve, tmp_path, ROW.created_wall_s + age_s)
    began_s = time.monotonic()
    assert deliver(mail) == Taken(1)
    if age_s <= 0:
        assert time.monotonic() - began_s > 0.6
    assert list(mailbox.mails[0].iter_attachments()) == []


def test_what_belongs_to_no_incident_waits_for_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "PICTURE_WAIT_S", 3600.0)
    row = replace(ROW, incident=0)
    assert picture_for(tmp_path, lambda: row.created_wall_s, row) is None


def test_the_newest_picture_is_taken_and_a_folder_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "12"
    folder.mkdir()
    for seconds, name in ((20, "a"), (30, "c"), (10, "b")):
        (folder / f"{name}.jpg").write_bytes(name.encode())
        os.utime(folder / f"{name}.jpg", (seconds, seconds))
    wall_s = ROW.created_wall_s + 3600
    assert picture_for(tmp_path, lambda: wall_s, ROW) == b"c"
    (folder / "d.jpg").symlink_to(tmp_path / "gone")  # as one that was tidied away meanwhile
    assert picture_for(tmp_path, lambda: wall_s, ROW) is None


def test_of_a_sealed_picture_the_open_copy_goes_and_then_words_in_its_place(
    serve: Serve, mailbox: Mailbox, tmp_path: Path
) -> None:
    """As the kiosk's own: the copy is in memory for a while, the sealed file on the disk."""
    name, wall_s = "00001-000000001000.jpg", ROW.created_wall_s + 3600
    (tmp_path / "12").mkdir()
    (tmp_path / "12" / f"{name}.age").write_bytes(b"sealed")
    (tmp_path / "run" / "clear" / "12").mkdir(parents=True)
    (tmp_path / "run" / "clear" / "12" / name).write_bytes(JPEG)
    read = functools.partial(shown_or_sealed, tmp_path / "run")
    find = functools.partial(picture_for, tmp_path, lambda: wall_s, read=read)
    mail = serve("none", picture_of=find, sealed="It opens at the bank.")
    assert deliver(mail) == Taken(1)
    [picture] = mailbox.mails[0].iter_attachments()
    assert picture.get_content() == JPEG
    (tmp_path / "run" / "clear" / "12" / name).unlink()
    assert deliver(mail) == Taken(1)
    assert list(mailbox.mails[1].iter_attachments()) == []
    assert mailbox.mails[1].get_content().splitlines() == [TEXT, "", "It opens at the bank."]


SHOWN_ROW = replace(ROW, kind="weapon", reason="weapon_seen looks=4/3")
SHOWN = "00001-000000001000-face-weapon.jpg"


@pytest.mark.slow
def test_the_picture_of_the_reason_is_waited_for_and_attached_rather_than_a_newer_one(
    serve: Serve, mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "PICTURE_WAIT_S", 60.0)
    mail = _picture_mail(serve, tmp_path, ROW.created_wall_s)
    folder = tmp_path / "12"
    folder.mkdir()
    (folder / "00001-000000001000.jpg").write_bytes(b"plain")
    (folder / "00001-000000001000-face-robbery.jpg").write_bytes(b"of another reason")

    def draw() -> None:
        (folder / SHOWN).write_bytes(JPEG)
        (folder / "00001-000000002000.jpg").write_bytes(b"plain and newer")

    late = threading.Timer(0.7, draw)
    late.start()
    assert deliver(mail, SHOWN_ROW) == Taken(1)
    late.join()
    [picture] = mailbox.mails[0].iter_attachments()
    assert picture.get_content() == JPEG


def test_where_no_reason_is_drawn_in_time_the_newest_picture_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "PICTURE_WAIT_S", 0.3)
    folder = tmp_path / "12"
    folder.mkdir()
    (folder / "00001-000000001000-overview.jpg").write_bytes(b"plain")
    (folder / "00001-000000001000-face-robbery.jpg").write_bytes(b"of another reason")
    assert picture_for(tmp_path, lambda: ROW.created_wall_s, SHOWN_ROW) == b"plain"
    monkeypatch.setattr(channels, "PICTURE_WAIT_S", 3600.0)
    assert picture_for(tmp_path, lambda: ROW.created_wall_s, ROW) == b"plain", "a lock has no such picture"


@pytest.mark.slow
def test_a_picture_that_is_too_large_is_left_out_and_the_words_of_the_reason_stay(
    serve: Serve, mailbox: Mailbox
) -> None:
    mail = serve("none", picture_of=lambda row: bytes(5_000_001))
    text = make_text(SHOWN_ROW, Context("Cabin 1", "", "hi", ZoneInfo("Asia/Kolkata")), ROW.created_wall_s)
    mail.send(1, SHOWN_ROW, text, time.monotonic() + 10)
    while not mail.poll(time.monotonic()):
        time.sleep(0.005)
    [message] = mailbox.mails
    assert list(message.iter_attachments()) == []
    lines = message.get_content().splitlines()
    assert HINDI.grounds.weapon_seen in lines[2]
    assert HINDI.measures.looks in lines[3]
    assert HINDI.grounds.weapon_seen not in str(message["Subject"])


def test_the_settings_give_the_mail_its_picture(mailbox: Mailbox, tmp_path: Path) -> None:
    port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    (tmp_path / "12").mkdir()
    (tmp_path / "12" / "1.jpg").write_bytes(JPEG)
    try:
        for picture in ("true", "false"):
            settings = load(
                None,
                [
                    "email.host=127.0.0.1",
                    f"email.port={port}",
                    'email.security="none"',
                    "email.sender=kiosk@example.org",
                    "email.control_room=desk@example.org",
                    f"email.picture={picture}",
                ],
            )
            carrier = channels.carriers(settings, tmp_path, lambda: ROW.created_wall_s)[Channel.EMAIL]
            assert isinstance(carrier, Email)
            assert deliver(carrier) == Taken(1)
    finally:
        controller.stop(no_assert=True)
    with_picture, without = mailbox.mails
    assert [part.get_content() for part in with_picture.iter_attachments()] == [JPEG]
    assert list(without.iter_attachments()) == []


def test_a_repeat_has_the_same_message_id(serve: Serve, mailbox: Mailbox) -> None:
    mail = serve()
    deliver(mail)
    deliver(mail)
    assert mailbox.mails[0]["Message-ID"] == mailbox.mails[1]["Message-ID"]


def test_login(serve: Serve, mailbox: Mailbox) -> None:
    assert deliver(serve(password="right")) == Taken(1)
    refused = deliver(serve(password="wrong-secret"))
    assert refused == NotTaken(1, "SMTP 535: user or password refused", True)
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize(
    ("at_rcpt", "at_data", "expected"),
    [
        (["450 greylisted, desk@example.org"], [], NotTaken(1, "SMTP 450: recipient refused", True)),
        (["550 no desk@example.org here"], [], NotTaken(1, "SMTP 550: recipient refused", False)),
        ([], ["451 try later"], NotTaken(1, "SMTP 451: message refused", True)),
        ([], ["554 spam"], NotTaken(1, "SMTP 554: message refused", False)),
    ],
)
def test_refusals(
    serve: Serve, mailbox: Mailbox, at_rcpt: list[str], at_data: list[str], expected: NotTaken
) -> None:
    mailbox.at_rcpt, mailbox.at_data = at_rcpt, at_data
    assert deliver(serve()) == expected
    assert mailbox.mails == []


def test_a_certificate_of_nobody_is_not_trusted(serve: Serve, mailbox: Mailbox) -> None:
    answer = deliver(serve("tls", trust=False))
    assert answer == NotTaken(1, "the mail server's certificate is not trusted", True)


def test_a_server_without_starttls_gets_nothing(serve: Serve, mailbox: Mailbox) -> None:
    mail = serve("none")
    account = mail.account
    strict = MailAccount(account.host, account.port, "starttls", sender="a@b", addresses=account.addresses)
    answer = deliver(Email(strict, "Cabin 1", timeout_s=2.0))
    assert isinstance(answer, NotTaken)
    assert "STARTTLS" in answer.cause
    assert mailbox.mails == []


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.slow
def test_a_dead_connection_is_given_up(deaf: int) -> None:
    account = MailAccount("127.0.0.1", deaf, "none", sender="a@b", addresses={Recipient.CONTROL_ROOM: "c@d"})
    assert deliver(Email(account, "Cabin 1", timeout_s=0.3)) == NotTaken(
        1, "the mail server does not answer", True
    )
    nobody = MailAccount("127.0.0.1", free_port(), "none", sender="a@b", addresses=account.addresses)
    assert deliver(Email(nobody, "Cabin 1")) == NotTaken(1, "the mail server cannot be reached", True)


@pytest.mark.slow
def test_a_thread_that_waits_too_long_is_answered_for(deaf: int) -> None:
    account = MailAccount("127.0.0.1", deaf, "none", sender="a@b", addresses={Recipient.CONTROL_ROOM: "c@d"})
    mail = Email(account, "Cabin 1", timeout_s=1.5)
    started_s = time.monotonic()
    assert deliver(mail, limit_s=0.2) == NotTaken(1, "no answer by the deadline", True)
    assert time.monotonic() - started_s < 1.0
    assert not mail.idle, "its thread still waits"
    mail.close()
    assert mail.idle


@pytest.mark.parametrize("end", ["no thread", "killed"])
def test_a_message_whose_thread_does_not_work_is_answered_for_and_the_next_one_goes(
    monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    account = MailAccount("127.0.0.1", 9, "none", sender="a@b", addresses={Recipient.CONTROL_ROOM: "c@d"})
    mail = Email(account, "Cabin 1", timeout_s=1.0)

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread") if end == "no thread" else SystemExit

    with monkeypatch.context() as patch:
        if end == "no thread":
            patch.setattr(threading.Thread, "start", refuse)
        else:
            patch.setattr(mail, "deliver", refuse)
        answer = deliver(mail)
    assert isinstance(answer, NotTaken)
    assert answer.retryable
    assert mail.idle
    monkeypatch.setattr(mail, "deliver", lambda row, text, phone: None)
    assert deliver(mail) == Taken(1)


def test_greylisting_is_outlived_by_the_outbox(serve: Serve, mailbox: Mailbox) -> None:
    mailbox.at_rcpt = ["450 greylisted"] * 2
    outbox = Outbox({}, random=random.Random(1), carriers={Channel.EMAIL: serve()})
    outbox.add(ROW)
    states: list[RowState] = []
    now_s = 0.0
    modem = SteppedModem(FakeModem())
    end_s = time.monotonic() + 20
    while RowState.ACCEPTED not in states and time.monotonic() < end_s:
        step = outbox.poll(now_s, ROW.created_wall_s, modem, lambda row: TEXT)
        states += [row.state for row in step.rows_changed]
        if step.rows_changed and step.rows_changed[-1].state is RowState.QUEUED:
            now_s += 30.0  # story time passes only between the tries
        time.sleep(0.005)
    assert states.count(RowState.QUEUED) == 2
    assert len(mailbox.mails) == 1


def test_nothing_secret_shows() -> None:
    account = MailAccount(
        "h", 587, "starttls", user="user1", password="pw12345", addresses={Recipient.CONTROL_ROOM: "c@d"}
    )
    for secret in ("user1", "pw12345", "c@d"):
        assert secret not in repr(account) + repr(Email(account, "Cabin 1"))


# --- webhook ---------------------------------------------------------------------------------------

SECRET = b"shared secret"


class Hook:
    """A small HTTP server that answers as told and keeps what it got."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                code = hook.answers.pop(0) if hook.answers else 204
                if code == 0:
                    self.close_connection = True
                    return
                self.send_response(code)
                if code in (301, 302, 307):
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://localhost:{self.server.server_port}/in"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.close()


def webhook(url: str, context: ssl.SSLContext | None = None) -> Webhook:
    return Webhook(url, SECRET, "Cabin 1", lambda: 1_772_339_400.0, timeout_s=1.0, context=context)


def test_a_signed_request_arrives_over_tls(certificate: Path) -> None:
    hook = Hook(serving(certificate))
    try:
        assert deliver(webhook(hook.url, trusting(certificate))) == Taken(1)
        assert deliver(webhook(hook.url)) == NotTaken(1, "the webhook's certificate is not trusted", True)
    finally:
        hook.close()
    [(headers, body)] = hook.got
    stamp, _, signature = headers["x-cabinguard-signature"].partition(",v1=")
    expected = hmac.new(SECRET, stamp.removeprefix("t=").encode() + b"." + body, "sha256").hexdigest()
    assert hmac.compare_digest(signature, expected)
    told = json.loads(body)
    assert (told["cabin"], told["number"], told["to"], told["text"]) == ("Cabin 1", 37, "control_room", TEXT)
    assert headers["idempotency-key"] == "37-control_room-1772339400"


def test_a_webhook_has_the_head_of_the_record(hook: Hook) -> None:
    carrier = Webhook(hook.url, SECRET, "Cabin 1", lambda: 1.0, head=lambda: "7:abc", timeout_s=1.0)
    assert deliver(carrier) == Taken(1)
    assert json.loads(hook.got[0][1])["record_head"] == "7:abc"


def test_the_signature_is_this_one() -> None:
    """As `printf '1.{}' | openssl dgst -sha256 -hmac 'shared secret'` says."""
    known = "7ae7f809d696db05fec8aebaae7df97a8ebfb143c7550a41d6969ce3cab9c47b"
    assert sign(SECRET, b"{}", 1) == f"t=1,v1={known}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "retryable"),
    [
        (500, True),
        (503, True),
        (429, True),
        (401, True),
        (404, True),
        (400, False),
        (410, False),
        (302, False),
    ],
)
def test_answers_of_the_webhook(hook: Hook, code: int, retryable: bool) -> None:
    hook.answers = [code]
    assert deliver(webhook(hook.url)) == NotTaken(1, f"HTTP {code}", retryable)
    assert len(hook.got) == 1, "no redirection is followed"


@pytest.mark.slow
def test_a_webhook_that_is_dead(hook: Hook, deaf: int) -> None:
    hook.answers = [0]
    answer = deliver(webhook(hook.url))
    assert isinstance(answer, NotTaken)
    assert answer.retryable
    assert deliver(webhook(f"http://localhost:{deaf}/")) == NotTaken(1, "the webhook does not answer", True)
    assert deliver(webhook(f"http://localhost:{free_port()}/")) == NotTaken(
        1, "the webhook cannot be reached", True
    )
