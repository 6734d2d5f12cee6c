"""Whose number a network names: a whole number is that number alone, a national one its owner's or nobody's.

Numbers in the settings are international (ITU-T E.164). Networks write senders and readers as they like: with
`+` or `00`, with the country's code and no mark, or without the country's code, with the digit before it that
is dialled within the country or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_TWO: Final = re.compile(r"2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")
"""The country codes of two digits; 1 and 7 have one, all others three (ITU-T E.164, annex)."""
_TRUNKS: Final = "168"
"""Dialled before a national number beside 0: North America, Hungary (06), Russia."""
_LONG: Final = 9
"""Digits of a national number that may come with its trunk digit: a shorter one could be another's."""


def meant(told: str, known: Iterable[str]) -> str | None:
    """The one of the `known` numbers that `told` means; None for a stranger's, or where two would fit."""
    found = {number for number in known if number and _fits(told, number)}
    exact = {number for number in found if _digits(told) == _digits(number)}
    found = exact or found
    return found.pop() if len(found) == 1 else None


def _fits(told: str, known: str) -> bool:
    said, own = _digits(told), _digits(known)
    if not said or not own:
        return False
    if said == own:
        return True
    if told.startswith(("+", "00")):
        return False
    national = own[_country_digits(own) :].lstrip("0")
    said = said.lstrip("0")
    if not national or not said:
        return False
    return said == national or (len(national) >= _LONG and said[0] in _TRUNKS and said[1:] == national)


def _digits(number: str) -> str:
    """The digits of a number, without what says "international"; empty for what is no number."""
    digits = number[1:] if number.startswith("+") else number.removeprefix("00")
    return digits if digits.isascii() and digits.isdecimal() else ""


def _country_digits(digits: str) -> int:
    return 1 if digits[0] in "17" else 2 if _TWO.match(digits) else 3
