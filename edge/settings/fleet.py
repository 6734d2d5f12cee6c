"""The section `[mqtt]`: the broker of a fleet. Off while `host` is empty."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

_Word = Annotated[
    str,
    msgspec.Meta(
        max_length=200, pattern=r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z", description="one line of text"
    ),
]
_Level = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A([a-z0-9-]{1,40})?\Z", description="at most 40 small letters, digits and -, or empty"
    ),
]
"""One level of a topic: nothing that a broker takes for a pattern."""

PEOPLE: Final = ("control-room", "home-assistant")
"""Who else has a name in the broker's rules (`systemd/fleet/`): a kiosk with one of these would be let in as
that person, read everything of every kiosk and write to each."""

KIOSK_ID: Final = rf"\A(?!({'|'.join(PEOPLE)})\Z)([a-z0-9]([a-z0-9-]{{0,38}}[a-z0-9])?)?\Z"
_KioskId = Annotated[
    str,
    msgspec.Meta(
        pattern=KIOSK_ID,
        description="at most 40 small letters, digits and - (not at its ends), or empty; "
        f"{' and '.join(PEOPLE)} are not for kiosks",
    ),
]


class MqttSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A[A-Za-z0-9.:_-]{0,253}\Z", description="a name or an IP address, or empty for none"
        ),
    ] = ""
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8883
    tls: bool = True
    site: _Level = ""
    kiosk_id: _KioskId = ""
    keepalive_s: Annotated[int, msgspec.Meta(ge=10, le=3600)] = 60
    keep_days: Annotated[float, msgspec.Meta(ge=1, le=365)] = 14.0
    keep_messages: Annotated[int, msgspec.Meta(ge=100, le=50000)] = 5000
    resend_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 120.0
    status_s: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 5.0
    tell_after_s: Annotated[float, msgspec.Meta(ge=10, le=86400)] = 300.0
    request_keys_file: _Word = ""
    home_assistant: bool = False
