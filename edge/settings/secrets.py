"""Secrets: never in the settings, but in files of their own or systemd credentials, for the service alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final, assert_never

from edge.faults.fault import FaultError
from edge.settings.schema import Settings

BENCH_HOTP: Final = "hotp-secret"
"""The secret that a bench puts beside its record, where the settings name none."""


class Secret(StrEnum):
    """A secret, under the name of its systemd credential."""

    SIM_PIN = "sim_pin"
    HOTP = "hotp_secret"
    SMTP_PASSWORD = "smtp_password"
    WEBHOOK = "webhook_secret"
    PANEL = "panel_password"
    GALLERY = "gallery_key"
    ATM = "atm_keys"
    TOKEN_PIN = "token_pin"
    EST_TOKEN = "est_token"


def secret_file(settings: Settings, secret: Secret) -> Path | None:
    """Where the secret is: in the file that the settings name, else among systemd's credentials."""
    named = _named_file(settings, secret)
    if named:
        return Path(named)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    given = Path(folder) / secret.value if folder else None
    return given if given is not None and given.exists() else None


def read_secret(settings: Settings, secret: Secret) -> str | None:
    """The secret, from the file that the settings name or from systemd's credentials; None where neither is.

    Surrounding spaces and the line's end do not belong to it. Raises `FaultError` where the file is
    missing, empty or open to others.
    """
    file = secret_file(settings, secret)
    if file is None:
        return None
    # systemd itself guards its folder (systemd.exec(5), "Credentials").
    credential = file.parent == Path(os.environ.get("CREDENTIALS_DIRECTORY", ""))
    return _secret_in(file, check_rights=not credential)


def _named_file(settings: Settings, secret: Secret) -> str:
    match secret:
        case Secret.SIM_PIN:
            return settings.modem.pin_file
        case Secret.HOTP:
            return settings.people.hotp_secret_file
        case Secret.SMTP_PASSWORD:
            return settings.email.password_file
        case Secret.WEBHOOK:
            return settings.webhook.secret_file
        case Secret.PANEL:
            return settings.panel.password_file
        case Secret.GALLERY:
            return settings.identity.key_file
        case Secret.ATM:
            return settings.atm.keys_file
        case Secret.TOKEN_PIN:
            return settings.certificate.pin_file
        case Secret.EST_TOKEN:
            return settings.certificate.est_token_file
        case _:
            assert_never(secret)


def secret_problems(settings: Settings) -> Iterator[FaultError]:
    """What is wrong with each secret that the settings name; anyone who needs one stops for the same."""
    for secret in Secret:
        try:
            read_secret(settings, secret)
        except FaultError as error:
            yield error
    if settings.line_wanted:
        try:
            machine_keys(settings)
        except FaultError as error:
            if error.code == "atm_keys_odd":  # the others have been named already
                yield error


def machine_keys(settings: Settings) -> dict[str, bytes]:
    """The key of each machine of the settings, 32 bytes. Raises `FaultError`."""
    content = read_secret(settings, Secret.ATM)
    if content is None:
        raise FaultError("atm_keys_odd", "neither atm.keys_file nor the credential atm_keys is there")
    found: dict[str, bytes] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        match line.split():
            case [name, digits] if re.fullmatch(r"[0-9a-fA-F]{64}", digits) and name not in found:
                found[name] = bytes.fromhex(digits)
            case []:
                pass
            case _:
                raise FaultError("atm_keys_odd", f"line {number} is not a name and 64 hexadecimal digits")
    missing = [name for name in settings.atm.machines if name not in found]
    if missing:
        raise FaultError("atm_keys_odd", f"no key for {', '.join(missing)}")
    keys = {name: found[name] for name in settings.atm.machines}
    if len(set(keys.values())) < len(keys):
        raise FaultError("atm_keys_odd", "two machines have the same key")
    return keys


def _secret_in(path: Path, *, check_rights: bool) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(4096).decode().strip()
    except OSError as error:
        raise FaultError("secret_missing", f"{path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise FaultError("secret_missing", f"{path}: not text") from None  # the error would carry its bytes
    if check_rights and mode & 0o027:
        # Group reading is allowed: root:cabinguard 0640 is how a service gets a file that it cannot change.
        raise FaultError("secret_exposed", f"{path} has mode {mode & 0o777:03o}")
    if not content:
        raise FaultError("secret_missing", f"{path}: empty")
    return content
