"""The ways out beside the modem, as the settings name them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge.faults import FaultError
from edge.messages.carrier import Carrier
from edge.messages.inbox import ReleaseDesk, secret_from_base32
from edge.messages.mail import Email, MailAccount
from edge.messages.webhook import Webhook
from edge.record import Channel, OutboxRow, Recipient
from edge.settings import Secret, Settings, read_secret


def carriers(settings: Settings, evidence: Path, wall_s: Callable[[], float]) -> dict[Channel, Carrier]:
    """E-mail and webhook, each where it is set up. `evidence` is the folder of the incidents' pictures.

    Raises `FaultError` for a secret that is named and cannot be read.
    """
    found: dict[Channel, Carrier] = {}
    mail = settings.email
    if mail.host and mail.control_room:

        def picture_of(row: OutboxRow) -> bytes | None:
            return newest_picture(evidence, row.incident)

        account = MailAccount(
            mail.host,
            mail.port,
            mail.security,
            mail.user,
            read_secret(settings, Secret.SMTP_PASSWORD) or "",
            mail.sender,
            {Recipient.CONTROL_ROOM: mail.control_room},
        )
        found[Channel.EMAIL] = Email(
            account, settings.cabin.name, picture_of=picture_of if mail.picture else None
        )
    if settings.webhook.url:
        secret = read_secret(settings, Secret.WEBHOOK)
        if secret is None:
            raise FaultError("secret_missing", "webhook.secret_file: a webhook is signed")
        found[Channel.WEBHOOK] = Webhook(
            settings.webhook.url,
            secret.encode(),
            settings.cabin.name,
            wall_s,
            timeout_s=settings.webhook.timeout_s,
        )
    return found


def newest_picture(evidence: Path, incident: int) -> bytes | None:
    """The newest picture that was kept of an incident; None where there is none (yet)."""
    pictures = sorted((evidence / str(incident)).glob("*.jpg"), key=lambda path: path.stat().st_mtime)
    return pictures[-1].read_bytes() if pictures else None


def release_desk(settings: Settings, counter: int) -> ReleaseDesk:
    """Judges RELEASE messages; without a secret it refuses them all. Raises `FaultError`."""
    text = read_secret(settings, Secret.HOTP)
    try:
        secret = None if text is None else secret_from_base32(text)
    except ValueError as error:
        raise FaultError("secret_missing", f"people.hotp_secret_file: {error}") from error
    return ReleaseDesk(secret, settings.flow.release_tries, counter)
