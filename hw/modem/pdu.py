"""Text messages as a modem carries them: 3GPP TS 23.040 PDUs to hexadecimal and back.

Only what a kiosk needs: SUBMIT out (and in, for the fake network), DELIVER and STATUS-REPORT in (and
out, for the fake). Text that fits the 7-bit alphabet goes so, other text as UTF-16 (UCS2). A PDU that
cannot be read raises `PduError`, whatever its bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from hw.modem import gsm7

MAX_PARTS: Final = 10
_SINGLE_SEPTETS: Final = 160
_PART_SEPTETS: Final = 153
_SINGLE_UNITS: Final = 70
_PART_UNITS: Final = 67
_INTERNATIONAL: Final = 0x91
_UNKNOWN_TYPE: Final = 0x81
_DIGITS: Final = "0123456789*#abc"
_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,20}\Z", re.ASCII)


class PduError(ValueError):
    """A PDU that cannot be made or read; the message holds no number and no text."""


@dataclass(frozen=True, slots=True)
class Part:
    """One SUBMIT of a text. `length` is what AT+CMGS wants: octets without the SMS centre's field."""

    hex: str
    length: int


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Which piece of a long text this is; `sequence` from 1 to `total`."""

    reference: int
    total: int
    sequence: int


@dataclass(frozen=True, slots=True, repr=False)
class Submit:
    """A text on its way out, as the fake network reads it."""

    number: str
    text: str
    report: bool
    concatenation: Concatenation | None
    validity: int | None
    """The relative validity period as its octet; None for none, or an absolute one."""


@dataclass(frozen=True, slots=True, repr=False)
class Deliver:
    """A text that came in."""

    number: str
    text: str
    concatenation: Concatenation | None


@dataclass(frozen=True, slots=True, repr=False)
class StatusReport:
    """What became of a text: `reference` is the message reference, `status` TP-ST (TS 23.040, 9.2.3.15).

    `sent_utc_s`: when the SMS centre got the text, by its clock; None for a stamp that is none.
    """

    reference: int
    number: str
    status: int
    sent_utc_s: float | None

    @property
    def delivered(self) -> bool:
        return self.status <= 0x1F

    @property
    def final(self) -> bool:
        """False while the service centre still tries (0x20 to 0x3F)."""
        return not 0x20 <= self.status <= 0x3F


# --- out -------------------------------------------------------------------------------------------


def split(text: str) -> list[str]:
    """The text in pieces as they are sent: one, or up to `MAX_PARTS`; PduError when it is longer.

    No escape sequence and no surrogate pair is torn apart. An empty text is one empty piece.
    """
    if gsm7.fits(text):
        widths = [gsm7.char_septets(char) for char in text]
        single, part = _SINGLE_SEPTETS, _PART_SEPTETS
    else:
        widths = [2 if ord(char) > 0xFFFF else 1 for char in text]
        single, part = _SINGLE_UNITS, _PART_UNITS
    if sum(widths) <= single:
        return [text]
    pieces: list[str] = []
    start = used = 0
    for index, width in enumerate(widths):
        if used + width > part:
            pieces.append(text[start:index])
            start, used = index, 0
        used += width
    pieces.append(text[start:])
    if len(pieces) > MAX_PARTS:
        raise PduError(f"{len(text)} characters take {len(pieces)} parts, at most {MAX_PARTS} are sent")
    return pieces


def encode_submit(
    number: str, text: str, *, reference: int = 0, validity_s: float | None = None, report: bool = False
) -> list[Part]:
    """The SUBMIT PDUs of a text, in order.

    `reference` (0 to 255) ties the parts of a long text together; the modem numbers each message itself.
    `validity_s` is how long the network keeps trying, 5 minutes to 63 weeks, rounded up to what the
    format knows. PduError for a number that is none or a text that is too long.
    """
    if not _NUMBER.match(number):
        raise PduError("not a telephone number")
    pieces = split(text)
    plain = gsm7.fits(text)
    many = len(pieces) > 1
    first = 0x01 | (0x10 if validity_s is not None else 0) | (0x20 if report else 0) | (0x40 if many else 0)
    parts: list[Part] = []
    for index, piece in enumerate(pieces, start=1):
        header = bytes((5, 0, 3, reference & 0xFF, len(pieces), index)) if many else b""
        if plain:
            septets = gsm7.encode(piece)
            fill = -len(header) * 8 % 7
            length = (len(header) * 8 + fill) // 7 + len(septets)
            data = header + gsm7.pack(septets, fill)
        else:
            data = header + piece.encode("utf-16-be", "surrogatepass")
            length = len(data)
        tpdu = bytearray((first, 0))
        tpdu += _address(number)
        tpdu += bytes((0, 0x00 if plain else 0x08))
        if validity_s is not None:
            tpdu.append(encode_validity(validity_s))
        tpdu.append(length)
        tpdu += data
        parts.append(Part("00" + tpdu.hex().upper(), len(tpdu)))
    return parts


def encode_validity(validity_s: float) -> int:
    """The relative validity period, rounded up (TS 23.040, 9.2.3.12.1)."""
    minutes = max(0.0, validity_s / 60)
    if minutes <= 720:
        return max(0, _ceil(minutes / 5) - 1)
    if minutes <= 1440:
        return 143 + _ceil((minutes - 720) / 30)
    if minutes <= 30 * 1440:
        return 166 + max(2, _ceil(minutes / 1440))
    return min(255, 192 + max(5, _ceil(minutes / 10080)))


def encode_deliver(
    number: str, text: str, *, stamp: str = "00000000000000", concatenation: Concatenation | None = None
) -> Part:
    """A text as it arrives, for the fake network. `stamp`: the service centre's time, 14 swapped digits."""
    plain = gsm7.fits(text)
    header = b""
    if concatenation is not None:
        header = bytes((5, 0, 3, concatenation.reference & 0xFF, concatenation.total, concatenation.sequence))
    if plain:
        septets = gsm7.encode(text)
        fill = -len(header) * 8 % 7
        length = (len(header) * 8 + fill) // 7 + len(septets)
        data = header + gsm7.pack(septets, fill)
    else:
        data = header + text.encode("utf-16-be", "surrogatepass")
        length = len(data)
    if length > (_SINGLE_SEPTETS if plain else 140):
        raise PduError("the text does not fit one message")
    tpdu = bytes((0x04 | (0x40 if header else 0),)) + _address(number)
    tpdu += bytes((0, 0x00 if plain else 0x08)) + bytes.fromhex(stamp) + bytes((length,)) + data
    return Part("00" + tpdu.hex().upper(), len(tpdu))


def encode_status_report(reference: int, number: str, status: int, *, stamp: str = "00000000000000") -> Part:
    """What became of a text, for the fake network."""
    tpdu = (
        bytes((0x06, reference & 0xFF))
        + _address(number)
        + bytes.fromhex(stamp) * 2
        + bytes((status & 0xFF,))
    )
    return Part("00" + tpdu.hex().upper(), len(tpdu))


def _ceil(value: float) -> int:
    return -int(-value // 1)


def _address(number: str) -> bytes:
    kind = _INTERNATIONAL if number.startswith("+") else _UNKNOWN_TYPE
    digits = number.removeprefix("+")
    return bytes((len(digits), kind)) + _semi_octets(digits)


def _semi_octets(digits: str) -> bytes:
    values = [_DIGITS.index(digit) for digit in digits]
    if len(values) % 2:
        values.append(0xF)
    return bytes(low | high << 4 for low, high in zip(values[::2], values[1::2], strict=True))


# --- in --------------------------------------------------------------------------------------------


class _Reader:
    """Takes octets off the front; PduError when there are none left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        piece = self._data[self._at : self._at + count]
        if len(piece) != count:
            raise PduError("the PDU ends too early")
        self._at += count
        return piece

    def octet(self) -> int:
        return self.take(1)[0]

    def rest(self) -> bytes:
        piece = self._data[self._at :]
        self._at = len(self._data)
        return piece

    def address(self) -> str:
        digits = self.octet()
        kind = self.octet()
        octets = self.take((digits + 1) // 2)
        if kind & 0x70 == 0x50:
            return gsm7.decode(gsm7.unpack(octets, digits * 4 // 7))
        number = "".join(
            _DIGITS[nibble]
            for octet in octets
            for nibble in (octet & 0xF, octet >> 4)
            if nibble < len(_DIGITS)
        )
        return ("+" if kind & 0x70 == 0x10 else "") + number[:digits]


def decode(pdu_hex: str, *, outgoing: bool = False) -> Submit | Deliver | StatusReport:
    """Read a PDU with its SMS centre field. `outgoing` tells SUBMIT from the report of the same type."""
    try:
        reader = _Reader(bytes.fromhex(pdu_hex))
    except ValueError:
        raise PduError("not hexadecimal") from None
    reader.take(reader.octet())
    first = reader.octet()
    kind = first & 0x03
    if kind == 1 and outgoing:
        return _read_submit(reader, first)
    if kind == 0 and not outgoing:
        return _read_deliver(reader, first)
    if kind == 2 and not outgoing:
        reference = reader.octet()
        number = reader.address()
        sent_utc_s = _stamp(reader.take(7))
        reader.take(7)
        return StatusReport(reference, number, reader.octet(), sent_utc_s)
    raise PduError(f"message type {kind} is none that is expected here")


def encode_stamp(utc_s: float) -> str:
    """A service centre's time stamp in UTC, 14 swapped digits (TS 23.040, 9.2.3.11)."""
    return _semi_octets(f"{datetime.fromtimestamp(utc_s, UTC):%y%m%d%H%M%S}00").hex()


def _stamp(octets: bytes) -> float | None:
    """UTC seconds; the zone is in quarters of an hour, its sign the topmost bit of the first digit."""
    pairs = [(octet & 0xF, octet >> 4) for octet in octets]
    if any(low > 9 or high > 9 for low, high in pairs[:6]):
        return None
    year, month, day, hour, minute, second = (low * 10 + high for low, high in pairs[:6])
    low, high = pairs[6]
    quarters = (low & 0x7) * 10 + high
    zone = timezone(timedelta(minutes=-15 * quarters if low & 0x8 else 15 * quarters))
    try:
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return None


def _read_submit(reader: _Reader, first: int) -> Submit:
    reader.octet()
    number = reader.address()
    reader.octet()
    coding = reader.octet()
    period = reader.take({0x00: 0, 0x10: 1}.get(first & 0x18, 7))
    text, concatenation = _user_data(reader, coding, bool(first & 0x40))
    return Submit(number, text, bool(first & 0x20), concatenation, period[0] if len(period) == 1 else None)


def _read_deliver(reader: _Reader, first: int) -> Deliver:
    number = reader.address()
    reader.octet()
    coding = reader.octet()
    reader.take(7)
    text, concatenation = _user_data(reader, coding, bool(first & 0x40))
    return Deliver(number, text, concatenation)


def _user_data(reader: _Reader, coding: int, has_header: bool) -> tuple[str, Concatenation | None]:
    length = reader.octet()
    data = reader.rest()
    header = b""
    if has_header:
        if not data or len(data) < data[0] + 1:
            raise PduError("the user data header ends too early")
        header = data[: data[0] + 1]
    alphabet = _alphabet(coding)
    if alphabet == 0:
        fill = -len(header) * 8 % 7
        count = length - (len(header) * 8 + fill) // 7
        text = gsm7.decode(gsm7.unpack(data[len(header) :], max(0, count), fill))
    else:
        body = data[len(header) : length]
        text = body.decode("utf-16-be", "replace") if alphabet == 2 else body.decode("latin-1")
    return text, _concatenation(header)


def _alphabet(coding: int) -> int:
    """0 for 7-bit, 1 for octets, 2 for UCS2 (TS 23.038, 4)."""
    if coding & 0x80 == 0x00:
        return (coding >> 2) & 0x03 if coding & 0x0C != 0x0C else 0
    if coding & 0xF0 == 0xE0:
        return 2
    if coding & 0xF0 == 0xF0:
        return (coding >> 2) & 0x01
    return 0


def _concatenation(header: bytes) -> Concatenation | None:
    """The piece's place, from an 8- or 16-bit concatenation element (TS 23.040, 9.2.3.24.1 and .8)."""
    at = 1
    while at + 1 < len(header):
        kind, size = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + size]
        if kind == 0x00 and len(value) == 3:
            return Concatenation(value[0], value[1], value[2])
        if kind == 0x08 and len(value) == 4:
            return Concatenation(value[0] << 8 | value[1], value[2], value[3])
        at += 2 + size
    return None
