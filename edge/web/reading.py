"""One request off the wire, of limited size and strict form; what is not exactly HTTP is refused."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

HEAD_BYTES: Final = 16 * 1024
METHODS: Final = frozenset({"GET", "HEAD", "POST"})

_LINE: Final = re.compile(r'([A-Z]{1,10}) (/[!"$-~]{0,4000}) HTTP/(1\.[01])')
_FIELD: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,80}):([\t -~\x80-\xff]*)")
_LENGTH: Final = re.compile(r"[0-9]{1,9}")
_ONCE: Final = frozenset(
    {"host", "content-length", "authorization", "origin", "content-type", "sec-fetch-site"}
)
"""What says who asks, or how long it is: twice would leave open which one counts."""


class RefusedError(Exception):
    """The request is not taken; `status` says why."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the body. `headers` by their names in lower case; `length` of the body in bytes."""

    method: str
    target: str
    version: str
    headers: Mapping[str, str]
    length: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


async def read_head(reader: asyncio.StreamReader) -> Head:
    """The head of one request. Raises `RefusedError`, and `EOFError` where the other side went away."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from error
    first, *lines = raw[:-4].decode("latin-1").split("\r\n")
    line = _LINE.fullmatch(first)
    if line is None:
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    headers: dict[str, str] = {}
    for one in lines:
        found = _FIELD.fullmatch(one)
        if found is None:
            raise RefusedError(HTTPStatus.BAD_REQUEST)
        name, value = found[1].lower(), found[2].strip(" \t")
        if name in headers:
            if name in _ONCE:
                twice_host = name == "host"
                raise RefusedError(HTTPStatus.MISDIRECTED_REQUEST if twice_host else HTTPStatus.BAD_REQUEST)
            headers[name] = f"{headers[name]}{'; ' if name == 'cookie' else ', '}{value}"
        else:
            headers[name] = value
    if "transfer-encoding" in headers:
        raise RefusedError(HTTPStatus.NOT_IMPLEMENTED)
    length = headers.get("content-length", "0")
    if _LENGTH.fullmatch(length) is None:
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    return Head(line[1], line[2], line[3], headers, int(length))


async def read_body(reader: asyncio.StreamReader, head: Head, most_bytes: int) -> bytes:
    """The body of a POST; of nothing else one is taken. Raises as `read_head` does."""
    if head.method != "POST":
        if head.length:
            raise RefusedError(HTTPStatus.BAD_REQUEST)
        return b""
    if head.length > most_bytes:
        raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return await reader.readexactly(head.length)
