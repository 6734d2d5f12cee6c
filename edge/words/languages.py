"""The words of a language by its name, and a reason in these words."""

from __future__ import annotations

import re
from typing import Final

from edge.cabin.events import Anomaly
from edge.words.de import GERMAN
from edge.words.en import ENGLISH
from edge.words.grounds import brief_in, short_words
from edge.words.hi import HINDI
from edge.words.language import AnomalyWords, InLanguages, Language, LanguageName

COUNTER: Final = "counter_"
"""How a reason begins that names the counter of the next RELEASE."""

_LANGUAGES: Final = InLanguages(en=ENGLISH, de=GERMAN, hi=HINDI)
_ANOMALIES: Final = {anomaly.value: anomaly for anomaly in Anomaly}
_SEALED: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
"""The mark of a message about a typed code: nobody's reason to read."""

_COUNTER: Final = re.compile(rf"{COUNTER}(\d+)", re.ASCII)
_CODE_NUMBER: Final = re.compile(r"(\d+) of (\d+)", re.ASCII)
_IN_CABIN: Final = re.compile(r"in the cabin for (\d+) s", re.ASCII)
_NO_MOVEMENT: Final = re.compile(r"a face without any movement for (\d+) s", re.ASCII)


def words_of(name: str) -> Language:
    """The words of this language. ValueError for one that is not complete: the settings let none through."""
    return _LANGUAGES(LanguageName(name))


def anomaly_words(name: str, words: Language) -> AnomalyWords | None:
    """The words of the anomaly of this name; None where it names none."""
    anomaly = _ANOMALIES.get(name)
    return None if anomaly is None else words.anomalies.of(anomaly)


def reason_words(reason: str, words: Language) -> str:
    """A reason as a row of the record has it, in this language; faults are the catalogue's."""
    if reason in ("", "none") or _SEALED.fullmatch(reason):
        return ""
    counted = words.counted
    if found := _COUNTER.fullmatch(reason):
        return counted.counter.format(number=found[1])
    if found := _CODE_NUMBER.fullmatch(reason):
        return counted.code.format(number=found[1], most=found[2])
    if found := _IN_CABIN.fullmatch(reason):
        return counted.in_cabin.format(seconds=found[1])
    if found := _NO_MOVEMENT.fullmatch(reason):
        return counted.no_movement.format(seconds=found[1])
    if (brief := brief_in(reason)) is not None:
        return short_words(brief, words)
    if (word := words.reasons.get(reason)) is not None:
        return word
    if (anomaly := anomaly_words(reason, words)) is not None:
        return anomaly.short
    return words.devices.of(reason)
