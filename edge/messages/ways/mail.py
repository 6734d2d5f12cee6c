"""Alerts by e-mail, with a picture of the incident where there is one; never a code.

Through the standard library's smtplib, over TLS unless the settings say otherwise. A repeat carries the
same Message-ID as the first try, so that the reader's program can show it once.

Two texts of as many letters and bytes make mails of as many bytes: who watches the line must not tell a code
typed under duress from one that was not. The library's own choice of encoding and of folds follows the words.
"""

from __future__ import annotations

import math
import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, localtime
from typing import Final, Literal

from edge.messages.ways.carrier import Refused, ThreadCarrier
from edge.terms.record import OutboxRow, Recipient

_TIMEOUT_S: Final = 15.0
_SUBJECT: Final = 400
"""More than the cabin's name and address and an alert's words: a cut falls at another byte in each text."""

_WORD_BYTES: Final = 21
"""Of a subject in one encoded word (RFC 2047: 75 letters): each byte takes three, the frame twelve."""

_SURE_BYTES: Final = 18
"""So many fit whole characters: the longest have four bytes."""

_LINE_LETTERS: Final = 900
"""RFC 5322 allows 998 in a line."""

_PICTURE_MAX: Final = 5_000_000

Security = Literal["starttls", "tls", "none"]

Content = bytes | Literal["sealed"] | None
"""A JPEG, None for none; `sealed` for one that only the bank can open."""

PictureOf = Callable[[OutboxRow], Content]
"""The picture that belongs to a row; called in the carrier's thread."""


@dataclass(frozen=True, slots=True)
class MailAccount:
    """Where the mail goes and how. Passwords and addresses show in no repr.

    `context` is for servers with a certificate of their own authority; the default trusts the system's.
    """

    host: str
    port: int
    security: Security
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    sender: str = field(default="", repr=False)
    addresses: Mapping[Recipient, str] = field(default_factory=dict, repr=False)
    context: ssl.SSLContext | None = field(default=None, repr=False)


class _EvenPolicy(EmailPolicy):
    """Writes a subject in a number of bytes that follows from its own bytes alone."""

    def fold(self, name: str, value: str) -> str:
        if name != "Subject":
            return str(super().fold(name, value))
        return f"{name}: {even_subject(str(value), self.linesep)}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        if name != "Subject":
            return super().fold_binary(name, value)
        return self.fold(name, value).encode("ascii")


def even_subject(text: str, linesep: str = "\r\n") -> str:
    """A subject as it stands in the mail, ASCII: as it is, or in encoded words (RFC 2047, Q).

    Each byte is written out, and there are as many words as so many bytes may need.
    """
    if text.isascii() and len(text) <= _LINE_LETTERS:
        return text
    words: list[bytes] = []
    left = list(text)
    wanted = math.ceil(len(text.encode()) / _SURE_BYTES)
    while left:
        word = b""
        while left and len(word) + len(left[0].encode()) <= _WORD_BYTES and len(left) >= wanted - len(words):
            word += left.pop(0).encode()
        words.append(word)
    lines = ("=?utf-8?q?" + "".join(f"={byte:02X}" for byte in word) + "?=" for word in words)
    return f"{linesep} ".join(lines)


class Email(ThreadCarrier):
    """`edge.messages.ways.carrier.Carrier` over SMTP."""

    def __init__(
        self,
        account: MailAccount,
        cabin: str,
        *,
        picture_of: PictureOf | None = None,
        head: Callable[[], str] = str,
        sealed: str = "",
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        """`head` gives the record's head: anyone who keeps the mail can prove what the record said then.

        `sealed` is what the mail says instead of a picture that opens at the bank alone.
        """
        super().__init__()
        self._head = head
        self._sealed = sealed
        self.account = account
        self._cabin = cabin
        self._picture_of = picture_of
        self._timeout_s = timeout_s

    def serves(self, recipient: Recipient) -> bool:
        return bool(self.account.addresses.get(recipient))

    def deliver(self, row: OutboxRow, text: str, phone: str) -> None:
        address = self.account.addresses.get(row.recipient, "")
        if not address:
            raise Refused("no address is set", retryable=False)
        message = self._message(row, text, address)
        try:
            with self._connect() as server:
                if self.account.user:
                    server.login(self.account.user, self.account.password)
                server.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            raise Refused(f"SMTP {error.smtp_code}: user or password refused") from None
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = next(iter(error.recipients.values()))
            raise Refused(f"SMTP {code}: recipient refused", retryable=_passing(code)) from None
        except smtplib.SMTPResponseException as error:
            code = error.smtp_code
            raise Refused(f"SMTP {code}: message refused", retryable=_passing(code)) from None
        except smtplib.SMTPNotSupportedError:
            raise Refused("the mail server lacks what the settings ask for (STARTTLS or login)") from None
        except smtplib.SMTPServerDisconnected as error:
            # smtplib says a timeout in its words alone.
            silent = "timed out" in str(error)
            what = "does not answer" if silent else "closed the connection"
            raise Refused(f"the mail server {what}") from None
        except smtplib.SMTPException as error:
            raise Refused(f"SMTP failed ({type(error).__name__})") from None
        except ssl.SSLError:
            raise Refused("the mail server's certificate is not trusted") from None
        except TimeoutError:
            raise Refused("the mail server does not answer") from None
        except OSError:
            raise Refused("the mail server cannot be reached") from None

    def _connect(self) -> smtplib.SMTP:
        account = self.account
        context = account.context if account.context is not None else ssl.create_default_context()
        if account.security == "tls":
            return smtplib.SMTP_SSL(account.host, account.port, timeout=self._timeout_s, context=context)
        server = smtplib.SMTP(account.host, account.port, timeout=self._timeout_s)
        if account.security == "starttls":
            try:
                server.starttls(context=context)
            except BaseException:
                server.close()
                raise
        return server

    def _message(self, row: OutboxRow, text: str, address: str) -> EmailMessage:
        message = EmailMessage(policy=_EvenPolicy())
        first, _, _ = text.partition("\n")
        message["Subject"] = " ".join(first.split())[:_SUBJECT]
        message["From"] = self.account.sender
        message["To"] = address
        message["Date"] = format_datetime(localtime())
        _, _, domain = self.account.sender.rpartition("@")
        domain = domain or "cabinguard.invalid"
        cabin = "".join(char if char.isascii() and char.isalnum() else "-" for char in self._cabin)
        written = int(row.created_wall_s)
        message["Message-ID"] = f"<{cabin}.{row.number}.{row.recipient.value}.{written}@{domain}>"
        message["X-CabinGuard-Number"] = str(row.number)
        head = self._head()
        picture = self._picture_of(row) if self._picture_of is not None else None
        words = f"{text}\n\n{self._sealed}" if picture == "sealed" and self._sealed else text
        content = f"{words}\n\n-- \nrecord head {head}\n" if head else words + "\n"
        plain = content.isascii() and max(map(len, content.splitlines())) <= _LINE_LETTERS
        message.set_content(content, cte="7bit" if plain else "base64")
        if isinstance(picture, bytes) and len(picture) <= _PICTURE_MAX:
            name = f"incident-{row.incident}.jpg"
            message.add_attachment(picture, maintype="image", subtype="jpeg", filename=name)
        return message


def _passing(code: int) -> bool:
    """4yz is a transient refusal, greylisting included; 5yz is for good (RFC 5321, 4.2.1)."""
    return 400 <= code < 500
