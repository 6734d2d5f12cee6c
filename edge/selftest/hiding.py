"""Takes out of texts and values what nobody outside may read: secrets, telephone numbers, addresses, codes.

What is known (the secrets' files, the settings) is found in every spelling that something may have given it;
what is not known is found by its looks.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

from edge.settings.schema import KEYS, Address, Number, Settings, is_loopback
from edge.settings.secrets import Secret, secret_file

HIDDEN: Final = "…"
SET: Final = "(set)"

PRIVATE: Final = frozenset(
    {key for key, kind in KEYS.items() if kind in (Number, Address)}
    | {"cabin.address", "certificate.est_user", "email.user", "modem.balance_ussd", "webhook.url"}
    | {"certificate.est_url", "certificate.key_uri", "flow.duress_prefix", "update.url"}
)
"""Settings of which only is reported whether they are set. Each `host` to listen at is one where it is no
loopback."""

_SHORTEST: Final = 3
"""A shorter value is no secret, and stands everywhere."""

_KEY: Final = 32
"""A word as long as this, beside others in a secret's file, is a key."""

_WHOLE_WORD: Final = 6
"""A value shorter than this counts only where it stands alone: four digits of a PIN are in many numbers."""

_URL: Final = re.compile(r"\b([a-z][a-z0-9+.-]*://)[^\s\"'<>]+", re.IGNORECASE)
_MAIL: Final = re.compile(r"[^\s@\"'<>,;:()]+@[^\s@\"'<>,;:()]+")
_PHONE: Final = re.compile(r"\+[ ()/.-]*\d(?:[ ()/.-]*\d){5,}|(?<![0-9A-Za-z])\d{7,}(?![0-9A-Za-z])")
_NUMBER: Final = re.compile(r"\d{3,}")
_SPACED: Final = re.compile(r"\d+(?:[ ()/.-]{1,2}\d+){2,}")
_MIXED: Final = re.compile(r"[\w+/=-]{12,}")
_NAME: Final = re.compile(r"[a-z][a-z_]{0,39}[0-9]?")
_UNIT: Final = re.compile(r".*_(s|ms|mb|mv|dbm|px|deg|percent)")
_COUNTS: Final = frozenset({"incident", "lines", "dropped", "tries", "issue", "count", "pruned"})
_KEY_LINE: Final = re.compile(r"""^\s*([\w.]+)\s*=\s*["']([^"']*)["']""", re.MULTILINE)


def known_secrets(settings: Settings, settings_text: str = "") -> Iterator[str]:
    """What must not be read: of the settings, of their text as it stands, of the secrets' files."""
    for key in PRIVATE:
        section, _, leaf = key.partition(".")
        yield from _with_parts(str(getattr(getattr(settings, section), leaf)))
    leaves = {key.rpartition(".")[2] for key in PRIVATE}
    for match in _KEY_LINE.finditer(settings_text):
        if match[1].rpartition(".")[2] in leaves:
            yield from _with_parts(match[2])
        elif match[1].endswith("_file"):
            yield from _content(Path(match[2]))
    for secret in Secret:
        file = secret_file(settings, secret)
        if file is not None:
            yield from _content(file)


def _with_parts(value: str) -> Iterator[str]:
    """The value; of a URL also each part that may be a token: what stands before and after the host."""
    yield value
    with contextlib.suppress(ValueError):
        url = urlsplit(value)
        if url.scheme and url.netloc:
            yield from (*url.path.split("/"), *(token for _, token in parse_qsl(url.query)), url.query)
            yield from (url.username or "", url.password or "", url.fragment)


def _content(file: Path) -> Iterator[str]:
    with contextlib.suppress(OSError, ValueError), file.open("rb") as source:
        for line in source.read(4096).decode("utf-8", "replace").splitlines():
            yield line.strip()
            yield from (word for word in line.split() if len(word) >= _KEY)  # a name may stand before a key


class Hiding:
    """Hides what is known to be secret, and what looks like it."""

    def __init__(self, known: Iterable[str]) -> None:
        values = sorted({one for value in known for one in _spellings(value)}, key=len, reverse=True)
        whole = [re.escape(value) for value in values if len(value) >= _WHOLE_WORD]
        short = [rf"(?<!\w){re.escape(value)}(?!\w)" for value in values if len(value) < _WHOLE_WORD]
        self._known = re.compile("|".join([*whole, *short]) or r"(?!)", re.IGNORECASE)

    def text(self, text: str) -> str:
        """Words of the program's own, without what came from outside."""
        text = _URL.sub(rf"\1{HIDDEN}", self._known.sub(HIDDEN, text))
        return _PHONE.sub(HIDDEN, _MAIL.sub(HIDDEN, text))

    def log_line(self, text: str) -> str:
        """A line that any program may have written: also without every longer number and every token."""
        text = _NUMBER.sub(HIDDEN, _SPACED.sub(HIDDEN, self.text(text)))
        return _MIXED.sub(lambda word: HIDDEN if _is_token(word[0]) else word[0], text)

    def value(self, value: object) -> object:
        """A JSON value with each text in it as `text` has it."""
        match value:
            case str():
                return self.text(value)
            case bytes():
                return HIDDEN
            case Mapping():
                return {self.text(str(name)): self.value(inner) for name, inner in value.items()}
            case Sequence():
                return [self.value(inner) for inner in value]
            case None | bool() | int() | float():
                return value
            case _:
                return HIDDEN

    def names(self, value: object, key: str = "") -> object:
        """What a line of the record adds: names, yes and no, times, counts; of all else that it is there."""
        match value:
            case None | bool():
                return value
            case int() | float():
                return value if _UNIT.fullmatch(key) or key in _COUNTS else HIDDEN
            case str():
                return self.text(value) if _NAME.fullmatch(value) else HIDDEN
            case bytes():
                return HIDDEN
            case Mapping():
                return {
                    self.text(name) if _NAME.fullmatch(name) else HIDDEN: self.names(inner, name)
                    for name, inner in value.items()
                }
            case Sequence():
                return [self.names(inner, key) for inner in value]
            case _:
                return HIDDEN


def _is_token(word: str) -> bool:
    """A long word that is no word: of both cases, or with digits or signs between its letters."""
    bare = word.strip("=-_/+")
    return bool(re.search(r"\d|[+/=]", bare)) or (bare != bare.lower() and bare != bare.upper() != "")


def hidden_settings(tables: Mapping[str, object]) -> dict[str, object]:
    """The effective settings as plain tables; of the private ones only whether they are set."""
    return {
        section: {leaf: _hidden(f"{section}.{leaf}", value) for leaf, value in table.items()}
        if isinstance(table, Mapping)
        else table
        for section, table in tables.items()
    }


def _hidden(key: str, value: object) -> object:
    outside = key in ("panel.host", "atm.host") and not is_loopback(str(value))
    return (SET if value else "") if key in PRIVATE or outside else value


def _spellings(value: str) -> Iterator[str]:
    """The value, and what it becomes in a URL, in JSON, in base64, in hexadecimal, in a number's groups."""
    value = value.strip()
    if len(value) < _SHORTEST:
        return
    raw = value.encode()
    yield from (value, quote(value, safe=""), quote_plus(value))
    yield from (json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
    yield from (raw.hex(), value[::-1])
    yield from _in_base64(raw)
    digits = "".join(sign for sign in value if sign.isdigit())
    if value.startswith("+") and len(digits) >= _WHOLE_WORD:
        yield digits
    with contextlib.suppress(binascii.Error, ValueError):
        key = base64.b32decode(value.upper() + "=" * (-len(value) % 8))
        yield from (key.hex(), *_in_base64(key))


def _in_base64(raw: bytes) -> Iterator[str]:
    """As it stands in base64, also inside of something longer, less the signs that its neighbours change."""
    yield base64.b64encode(raw).decode().rstrip("=")
    for before in range(3):
        coded = base64.b64encode(bytes(before) + raw).decode()
        start = (before * 8 + 5) // 6
        inner = coded[start : (before + len(raw)) * 8 // 6]
        if len(inner) >= _WHOLE_WORD:
            yield from (inner, inner.replace("+", "-").replace("/", "_"))
