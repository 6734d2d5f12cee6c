"""The alphabet of a text message: GSM 7-bit default with its extension table (3GPP TS 23.038, 6.2.1)."""

from __future__ import annotations

from typing import Final

ESCAPE: Final = 0x1B

_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_SEPTETS: Final[dict[str, bytes]] = {
    **{char: bytes((code,)) for code, char in enumerate(_BASIC) if code != ESCAPE},
    **{char: bytes((ESCAPE, code)) for code, char in _EXTENDED.items()},
}


def fits(text: str) -> bool:
    """Whether every character of `text` has a place in the alphabet."""
    return all(char in _SEPTETS for char in text)


def char_septets(char: str) -> int:
    """How many septets one character takes: 1, or 2 behind an escape. KeyError for one without a place."""
    return len(_SEPTETS[char])


def encode(text: str) -> bytes:
    """One septet a byte, not packed. KeyError for a character without a place."""
    return b"".join(_SEPTETS[char] for char in text)


def decode(septets: bytes) -> str:
    """The characters of unpacked septets; an unknown escape shows the plain character, as TS 23.038 asks."""
    chars: list[str] = []
    escaped = False
    for septet in septets:
        septet &= 0x7F
        if escaped:
            chars.append(_EXTENDED.get(septet, _BASIC[septet] if septet != ESCAPE else " "))
            escaped = False
        elif septet == ESCAPE:
            escaped = True
        else:
            chars.append(_BASIC[septet])
    return "".join(chars)


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Septets into octets, lowest bit first, after `fill_bits` (0 to 6) zero bits (TS 23.038, 6.1.2.1)."""
    number = 0
    shift = fill_bits
    for septet in septets:
        number |= septet << shift
        shift += 7
    return number.to_bytes((shift + 7) // 8, "little")


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """`count` septets out of octets; fewer when the octets end before."""
    count = min(count, max(0, (len(octets) * 8 - fill_bits) // 7))
    number = int.from_bytes(octets, "little") >> fill_bits
    return bytes((number >> (7 * index)) & 0x7F for index in range(count))
