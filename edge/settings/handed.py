"""What a first-boot file may hand over besides settings: secrets and authorities, each into its own file.

    [first_boot]
    sim_pin = "1234"

goes to the file of its row, for the service alone, and the setting of its row then names that file.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

TABLE: Final = "first_boot"
MAKE: Final = "make"
"""In a table of kiosks, in place of a secret: make one. On a kiosk it would be a password that all know."""
SSH_KEY: Final = "ssh_key"
"""Who may log in as technician; it belongs to the system, so no setting names it."""


@dataclass(frozen=True, slots=True)
class Handed:
    """One of them. `file` is below the folder of the settings; a public one may be read by everybody."""

    setting: str
    file: str
    pattern: str
    must_be: str
    public: bool = False


_EDGE: Final = r"[^\x00-\x20\x7f-\xa0\u2028\u2029]"
_LINE: Final = rf"(?!(?i:{MAKE})\Z){_EDGE}([^\x00-\x1f\x7f-\x9f\u2028\u2029]{{0,198}}{_EDGE})?"
_ONE_LINE: Final = f"one line of text, and not the word {MAKE}"
_PEM: Final = r"(-----BEGIN {0}-----\r?\n[A-Za-z0-9+/=\r\n]+-----END {0}-----[ \t]*(\r?\n)*)+"

HANDED: Final = MappingProxyType(
    {
        "sim_pin": Handed("modem.pin_file", "secrets/sim_pin", r"[0-9]{4,8}", "4 to 8 digits in quotes"),
        "hotp_secret": Handed(
            "people.hotp_secret_file",
            "secrets/hotp_secret",
            r"[A-Z2-7]{26,128}={0,6}",
            "26 letters A to Z and digits 2 to 7 or more (base32)",
        ),
        "smtp_password": Handed("email.password_file", "secrets/smtp_password", _LINE, _ONE_LINE),
        "webhook_secret": Handed("webhook.secret_file", "secrets/webhook_secret", _LINE, _ONE_LINE),
        "panel_password": Handed("panel.password_file", "secrets/panel_password", _LINE, _ONE_LINE),
        "gallery_key": Handed(
            "identity.key_file", "secrets/gallery_key", r"[A-Za-z0-9+/]{43}=", "32 bytes in base64"
        ),
        "token_pin": Handed("certificate.pin_file", "secrets/token_pin", _LINE, _ONE_LINE),
        "est_token": Handed("certificate.est_token_file", "secrets/est_token", _LINE, _ONE_LINE),
        "ca_certificates": Handed(
            "certificate.ca_file",
            "fleet/ca.pem",
            _PEM.format("CERTIFICATE"),
            "certificates in PEM, in ''' quotes",
            public=True,
        ),
        "est_ca_certificates": Handed(
            "certificate.est_ca_file",
            "fleet/est_ca.pem",
            _PEM.format("CERTIFICATE"),
            "certificates in PEM, in ''' quotes",
            public=True,
        ),
        "request_keys": Handed(
            "mqtt.request_keys_file",
            "fleet/request_keys.pem",
            _PEM.format("PUBLIC KEY"),
            "public keys in PEM, in ''' quotes",
            public=True,
        ),
        "recipients": Handed(
            "evidence.recipients_file",
            "fleet/recipients",
            r"(age1[a-z0-9]+|#[^\x00-\x08\x0b-\x1f]*)(\r?\n(age1[a-z0-9]+|#[^\x00-\x08\x0b-\x1f]*)?)*",
            "age1 keys, a line each, in ''' quotes",
            public=True,
        ),
    }
)

_SSH_KEY: Final = re.compile(r"(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\x00-\x1f\x7f]*)?")


def wrong_handed(own: object) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the table: key, code, and words that never repeat a value."""
    if not isinstance(own, dict):
        yield TABLE, "settings_wrong_type", f"{TABLE} is a section, [{TABLE}]"
        return
    for name, value in own.items():
        key = f"{TABLE}.{name}"
        if name == SSH_KEY:
            if not isinstance(value, str) or not _SSH_KEY.fullmatch(value):
                yield key, "settings_out_of_bounds", f"{key} must be one line of a .pub file"
        elif (row := HANDED.get(name)) is None:
            near = difflib.get_close_matches(str(name), [*HANDED, SSH_KEY], 1)
            meant = f"; did you mean {near[0]}?" if near else "; the example beside it names what is known"
            yield key, "settings_unknown_key", key + meant
        elif not isinstance(value, str) or not re.fullmatch(row.pattern, value):
            yield key, "settings_out_of_bounds", f"{key} must be {row.must_be}"
