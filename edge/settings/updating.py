"""What can be set about newer versions of the program."""

from __future__ import annotations

from typing import Annotated

import msgspec

Line = Annotated[
    str,
    msgspec.Meta(
        max_length=200,
        pattern=r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z",
        description="one line of text",
    ),
]


class UpdateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    automatic: bool = False
    url: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A(https://[^\s?#]+|/[^\x00-\x1f]*)?\Z",
            max_length=200,
            description="https://…, a folder, or empty",
        ),
    ] = ""
    ca_file: Line = ""
    root_file: Line = "/etc/cabinguard/update-root.json"
    folder: Line = "/var/lib/cabinguard-update"
    window: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]\Z",
            description='such as "02:00-04:00"',
        ),
    ] = "02:00-04:00"
    archive_h: Annotated[float, msgspec.Meta(ge=0.1, le=48)] = 6.0
    health_s: Annotated[float, msgspec.Meta(ge=30, le=900)] = 300.0
