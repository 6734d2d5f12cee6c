"""The section `[certificate]`: who the kiosk is to others, and who signs that for it."""

from __future__ import annotations

from typing import Annotated

import msgspec

_Word = Annotated[
    str,
    msgspec.Meta(
        max_length=200, pattern=r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z", description="one line of text"
    ),
]


class CertificateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key_file: _Word = ""
    certificate_file: _Word = ""
    ca_file: _Word = ""
    key_uri: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A(pkcs11:token=[A-Za-z0-9%._~-]{1,96};object=[A-Za-z0-9%._~-]{1,96})?\Z",
            description='an address such as "pkcs11:token=cabin;object=kiosk", or empty',
        ),
    ] = ""
    token_module: _Word = ""
    pin_file: _Word = ""
    est_url: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A(https://[^\s/?#@]+(/[^\s?#]*)?)?\Z",
            max_length=200,
            description="https://…, or empty",
        ),
    ] = ""
    est_user: _Word = ""
    est_token_file: _Word = ""
    est_ca_file: _Word = ""
    renew_days: Annotated[float, msgspec.Meta(ge=1, le=365)] = 30.0
