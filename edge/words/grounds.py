"""The words of a reason that came from a picture: short behind the colon of a text, whole in an e-mail."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.terms.reason import Ground, Measure, Number
from edge.words.language import Language

_GROUNDS: Final = {ground.value: ground for ground in Ground}
_MEASURES: Final = {measure.value: measure for measure in Measure}
_VALUE: Final = r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?"
_NUMBER: Final = re.compile(rf"(\w+)=({_VALUE})(?:/({_VALUE}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Brief:
    """What a message's row has of a reason: its ground and its numbers."""

    ground: Ground
    numbers: tuple[Number, ...]


def brief_in(reason: str) -> Brief | None:
    """What `Reason.brief` wrote; None for any other reason."""
    first, *rest = reason.split(" ")
    ground = _GROUNDS.get(first)
    numbers = [_number(word) for word in rest]
    if ground is None or None in numbers:
        return None
    return Brief(ground, tuple(number for number in numbers if number is not None))


def short_words(brief: Brief, words: Language) -> str:
    """The most telling number; the rule where there is none."""
    if brief.numbers:
        return number_words(brief.numbers[0], words)
    return words.grounds.of(brief.ground.value)


def long_words(ground: Ground, numbers: Sequence[Number], words: Language) -> tuple[str, ...]:
    """The rule, then a line for each number with its limit."""
    rule = words.counted.ground.format(ground=words.grounds.of(ground.value))
    return (rule, *(number_words(number, words) for number in numbers))


def number_words(number: Number, words: Language) -> str:
    """`time in the cabin 181 s (limit 180 s)`."""
    value = _value(number, number.value)
    if number.limit is not None:
        value = words.counted.limit.format(value=value, limit=_value(number, number.limit))
    return f"{words.measures.of(number.measure.value)} {value}"


def _number(word: str) -> Number | None:
    found = _NUMBER.fullmatch(word)
    measure = None if found is None else _MEASURES.get(found[1])
    if found is None or measure is None:
        return None
    return Number(measure, float(found[2]), None if found[3] is None else float(found[3]))


def _value(number: Number, value: float) -> str:
    """With its unit; log odds as the probability that they are, which people can read."""
    if number.measure is Measure.LOG_ODDS:
        return _with_unit(100.0 / (1.0 + math.exp(-min(max(value, -50.0), 50.0))), "%")
    return _with_unit(value, number.unit)


def _with_unit(value: float, unit: str) -> str:
    digits = 2 if abs(value) < 10.0 else 1
    plain = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return f"{plain} {unit}".rstrip()
