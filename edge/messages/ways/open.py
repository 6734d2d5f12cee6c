"""The ways out besides the modem, as the settings name them."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, assert_never

from edge.codes.hotp import secret_from_base32
from edge.codes.release import RELEASE_COUNTER, RELEASE_WRONG, ReleaseDesk
from edge.faults.fault import FaultError
from edge.messages.release_counter import CounterFile
from edge.messages.ways.carrier import Carrier
from edge.messages.ways.mail import Content, Email, MailAccount, PictureOf
from edge.messages.ways.webhook import Webhook
from edge.settings.schema import Settings
from edge.settings.secrets import Secret, read_secret
from edge.terms.record import Channel, OutboxRow, Recipient
from edge.words.grounds import brief_in
from edge.words.languages import words_of

PICTURE_WAIT_S: Final = 5.0
_LOOK_S: Final = 0.2

_SEALED: Final = ".age"
"""The end of the name of a picture that is sealed to the bank."""

Read = Callable[[Path], Content]


def carriers(
    settings: Settings,
    evidence: Path,
    wall_s: Callable[[], float],
    head: Callable[[], str] = str,
    read: Read = Path.read_bytes,
    broker: Carrier | None = None,
) -> dict[Channel, Carrier]:
    """E-mail, webhook and broker, each where it is set up; `broker` is opened already.

    `evidence` is the folder of the incidents' pictures, `wall_s` the time of day (UTC seconds), `head` the
    head of the record, which goes out with each message. `read` reads a picture for a mail (`picture_for`).

    Raises `FaultError` for a secret that is named and cannot be read.
    """
    found: dict[Channel, Carrier] = {}
    for channel in Channel:
        match channel:
            case Channel.SMS:
                carrier: Carrier | None = None  # the modem is no carrier: the outbox has it
            case Channel.EMAIL:
                carrier = _email(settings, functools.partial(picture_for, evidence, wall_s, read=read), head)
            case Channel.WEBHOOK:
                carrier = _webhook(settings, wall_s, head)
            case Channel.MQTT:
                carrier = broker
            case _:
                assert_never(channel)
        if carrier is not None:
            found[channel] = carrier
    return found


def _email(settings: Settings, picture_of: PictureOf, head: Callable[[], str]) -> Carrier | None:
    mail = settings.email
    if not (mail.host and mail.control_room):
        return None
    account = MailAccount(
        mail.host,
        mail.port,
        mail.security,
        mail.user,
        read_secret(settings, Secret.SMTP_PASSWORD) or "",
        mail.sender,
        {Recipient.CONTROL_ROOM: mail.control_room},
    )
    return Email(
        account,
        settings.cabin.name,
        picture_of=picture_of if mail.picture else None,
        head=head,
        sealed=words_of(settings.cabin.language).texts.sealed,
    )


def _webhook(settings: Settings, wall_s: Callable[[], float], head: Callable[[], str]) -> Carrier | None:
    if not settings.webhook.url:
        return None
    secret = read_secret(settings, Secret.WEBHOOK)
    if secret is None:
        raise FaultError("secret_missing", "webhook.secret_file: a webhook is signed")
    return Webhook(
        settings.webhook.url,
        secret.encode(),
        settings.cabin.name,
        wall_s,
        head=head,
        timeout_s=settings.webhook.timeout_s,
    )


def picture_for(
    evidence: Path, wall_s: Callable[[], float], row: OutboxRow, *, read: Read = Path.read_bytes
) -> Content:
    """The picture of a row's reason, else the newest that was kept of its incident; None where there is none.

    `read` reads one, and gives `sealed` for one that opens at the bank alone.
    A mail would leave before that is on the disk, so it is waited for: until the row is `PICTURE_WAIT_S` old,
    and never longer than that, whatever the clock does.
    """
    if not row.incident:
        return None
    folder, with_reason = evidence / str(row.incident), brief_in(row.reason) is not None
    end_s = time.monotonic() + min(PICTURE_WAIT_S, row.created_wall_s + PICTURE_WAIT_S - wall_s())
    while True:
        shown = _newest(folder, f"*-*-*-{row.kind}.jpg")
        newest = _newest(folder, "*.jpg", but="*-*-*-*.jpg")
        if shown or time.monotonic() >= end_s or (newest and not with_reason):
            return _content(shown or newest, read)
        time.sleep(_LOOK_S)


def _newest(folder: Path, pattern: str, but: str = "") -> Path | None:
    """The newest picture, open or sealed, whose open name fits `pattern` and not `but`."""
    with contextlib.suppress(OSError):  # one was tidied away meanwhile, or the card fails
        found = (
            path
            for path in (*folder.glob(pattern), *folder.glob(pattern + _SEALED))
            if not (but and (path.match(but) or path.match(but + _SEALED)))
        )
        return max(found, key=lambda path: path.stat().st_mtime, default=None)
    return None


def _content(path: Path | None, read: Read) -> Content:
    with contextlib.suppress(OSError):  # then the words go without
        return None if path is None else read(path)
    return None


def release_desk(
    settings: Settings, counters: Mapping[str, int] = MappingProxyType({}), file: CounterFile | None = None
) -> ReleaseDesk:
    """Judges RELEASE messages; without a secret it refuses them all. Raises `FaultError`.

    `counters` are the record's; `file` remembers what must outlive the record.
    """
    text = read_secret(settings, Secret.HOTP)
    try:
        secret = None if text is None else secret_from_base32(text)
    except ValueError as error:
        raise FaultError("secret_missing", f"people.hotp_secret_file: {error}") from error
    counter, wrong = counters.get(RELEASE_COUNTER, 0), counters.get(RELEASE_WRONG, 0)
    if file is None:
        return ReleaseDesk(secret, settings.flow.release_tries, counter, wrong)
    counter = max(counter, file.read())
    if counter:
        file.keep(counter)  # it may have been lost alone
    return ReleaseDesk(secret, settings.flow.release_tries, counter, wrong, file.keep)
