"""The settings in effect as they may be shown: no secret, no whole telephone number, no token."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import assert_never, cast
from urllib.parse import urlsplit

import msgspec

from edge.settings.schema import Settings, as_toml, is_loopback
from edge.settings.secrets import Secret, read_secret
from edge.terms.record import Channel, Recipient


def hidden_number(number: str) -> str:
    """A telephone number as it may be shown: `+…23`; empty for none."""
    return f"+…{number[-2:]}" if number else ""


def shown(settings: Settings) -> dict[str, object]:
    """The effective settings as plain tables, telephone numbers and the webhook's path hidden."""
    tables = cast(dict[str, dict[str, object]], msgspec.to_builtins(settings))
    for to in Recipient:
        if to.value in tables["people"]:  # a card owner's number is no setting
            tables["people"][to.value] = hidden_number(settings.people.number(to))
    url = urlsplit(settings.webhook.url)
    if url.netloc:
        # Gateways put tokens into the path, the query or before the host.
        tables["webhook"]["url"] = f"{url.scheme}://{url.hostname}/…"
    return cast(dict[str, object], tables)


def show(settings: Settings, drawn: Collection[str] = ()) -> str:
    """The effective settings as TOML, hidden as in `shown`; `drawn`: what was drawn on the page."""
    return "\n".join(_render(shown(settings), "", drawn)).lstrip("\n") + "\n"


def _render(table: Mapping[str, object], prefix: str, drawn: Collection[str]) -> Iterator[str]:
    for name, value in table.items():
        if not isinstance(value, dict):
            yield f"{name} = {as_toml(value)}{_from_page(prefix + name, drawn)}"
    for name, value in table.items():
        if isinstance(value, dict):
            yield f"\n[{prefix}{name}]{_from_page(prefix + name, drawn)}"
            yield from _render(value, f"{prefix}{name}.", drawn)


def _from_page(key: str, drawn: Collection[str]) -> str:
    return "    # drawn on the page" if key in drawn else ""


def remarks(s: Settings) -> Iterator[str]:
    """What a kiosk can be run with and is rarely meant, a sentence each."""
    if not s.people.control_room:
        others = list(_other_ways(s))
        only = (
            f"alerts go by {' and '.join(others)} alone"
            if others
            else "nobody gets the alerts (panic, fire, faults)"
        )
        yield f"people.control_room is empty: {only}, and no RELEASE by text is possible"
    elif read_secret(s, Secret.HOTP) is None:
        yield "people.hotp_secret_file is empty: the control room cannot open the door by text"
    if not is_loopback(s.panel.host) and read_secret(s, Secret.PANEL) is None:
        yield (
            f"panel.host = {s.panel.host} without panel.password_file: "
            "cabinguard panel will not start (panel_unprotected)"
        )
    if s.webhook.url and not s.webhook.secret_file:
        yield "webhook.secret_file is empty: run stops unless systemd gives it the credential webhook_secret"
    if s.identity.enabled and not s.identity.key_file:
        yield (
            "identity.key_file is empty: claims are refused unless systemd gives the credential gallery_key"
        )
    if s.line_wanted and not s.atm.keys_file:
        yield "atm.keys_file is empty: run stops unless systemd gives it the credential atm_keys"


def _other_ways(s: Settings) -> Iterator[str]:
    """The channels besides SMS that are set up, in words."""
    for channel in Channel:
        match channel:
            case Channel.SMS:
                pass
            case Channel.EMAIL:
                if s.email.host:
                    yield "e-mail"
            case Channel.WEBHOOK:
                if s.webhook.url:
                    yield "webhook"
            case Channel.MQTT:
                if s.mqtt.host:
                    yield "MQTT"
            case _:
                assert_never(channel)
