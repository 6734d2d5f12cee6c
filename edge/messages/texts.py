"""Every text that a phone gets, in the language of the cabin, made when it is needed.

A text names the cabin, the incident and its own short number (`#37`), the same in a repeat. Only `make_text`
with a code makes a text that holds one, and only as the string that it returns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Final, Protocol

from edge.cabin.events import Anomaly
from edge.faults.catalogue import CATALOGUE
from edge.settings.zones import clocks_change, is_ambiguous, zone_of
from edge.terms.alerts import Alert
from edge.terms.clock import CLOCK_SET_S
from edge.terms.record import CODE_KIND, CODE_KINDS, OWNER_CODE_KIND, Channel, OutboxRow
from edge.words.en import ENGLISH
from edge.words.grounds import brief_in, long_words, number_words
from edge.words.language import Language, LanguageName, Texts
from edge.words.languages import anomaly_words, reason_words, words_of

_SMS_LATIN: Final = 160
_SMS_OTHER: Final = 70
_BEYOND_LATIN: Final = 0x100

_CODE: Final = re.compile(r"\bCODE (\d{3,8})\b", re.ASCII)


class _CabinSettings(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def timezone(self) -> str: ...


class _Settings(Protocol):
    @property
    def cabin(self) -> _CabinSettings: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What every text of one cabin has in common."""

    cabin: str
    address: str
    language: str
    zone: tzinfo

    @classmethod
    def of(cls, settings: _Settings) -> Context:
        cabin = settings.cabin
        return cls(cabin.name, cabin.address, cabin.language, zone_of(cabin.timezone))


ALERT_KINDS: Final = tuple(kind.value for kind in (*Alert, *Anomaly))

MARK_KIND: Final = "mark"
"""The answer to a FALSE or TRUE; its reason says which, or `unknown`."""

_PART_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("disk", "journal", "record", "state"), "disk"),
        **dict.fromkeys(("camera", "clip", "eyes", "model", "view"), "eyes"),
        **dict.fromkeys(("gpio", "input"), "inputs"),
        **{name: name for name in ("keypad", "prompt", "sounder", "lights", "modem", "clock", "evidence")},
        "control": "control",
        "door": "door_contact",
        "exit": "exit_input",
        "pictures": "evidence",
        "relay": "lock",
    }
)
"""The device that a fault is of, by the first word of its code; the catalogue's own words are English."""


# --- messages --------------------------------------------------------------------------------------


def make_text(
    row: OutboxRow,
    context: Context,
    wall_s: float,
    *,
    code: str | None = None,
    until_wall_s: float | None = None,
    facts: Mapping[str, str] | None = None,
) -> str:
    """The text of a row, now. `code` and `until_wall_s` (UTC seconds) belong to rows of `CODE_KINDS` alone,
    `facts` (short plain words, such as state, incident, signal, faults) to those of `status` and `daily`.

    ValueError for a code row without a code: such a row must not be sent. The text of a repeat says so and
    has the same short number. `row.reason` of a code row says which code it is (`2 of 5`). An e-mail has room
    for the whole reason: the rule and every number, in lines below the text.
    """
    language = words_of(context.language)
    words = language.texts
    tail = _tail(row, words)
    if row.kind in CODE_KINDS and code is None:
        raise ValueError("a code row has no text without its code")
    if row.kind == OWNER_CODE_KIND:
        until = _owner_until(wall_s, until_wall_s, context.zone, words)
        for where in (_where(context), context.cabin):
            # the short number tells a repeat; there is no room to say so
            text = words.owner_code.format(where=where, code=code, until=until, tail=f"#{row.number}")
            if _fits_one_sms(text):
                break
        return text
    if row.kind == CODE_KIND:
        until = words.code_plain
        if until_wall_s is not None and wall_s >= CLOCK_SET_S:
            until = _until(wall_s, until_wall_s, context.zone, words)
        return words.code.format(
            where=_where(context),
            incident=row.incident,
            code=code,
            which=reason_words(row.reason, language),
            until=until,
            tail=tail,
        )
    if row.kind == "help":
        return f"{help_text(context)} {tail}"
    if row.kind in ("status", "daily"):
        return f"{status_text(context, wall_s, facts or {})} {tail}"
    anomaly = anomaly_words(row.kind, language)
    told = words.alerts.of(row.kind) if anomaly is None else anomaly.text
    if row.kind == MARK_KIND:
        told = words.marks.of(row.reason)
    reason = "" if row.kind == MARK_KIND else _reason(row, language)
    if reason:
        told = f"{told}: {reason}"
    extras: list[str] = []
    if row.incident:
        extras.append(words.incident.format(incident=row.incident))
    if row.created_wall_s >= CLOCK_SET_S:
        extras.append(_time(row.created_wall_s, context.zone))
    extras.append(tail)
    text = words.alert.format(where=_where(context), words=told, tail=", ".join(extras))
    brief = brief_in(row.reason) if row.channel is Channel.EMAIL else None
    if brief is None:
        return text
    return "\n".join([text, "", *long_words(brief.ground, brief.numbers, language)])


def code_in(text: str) -> str | None:
    """The code that a text carries, for phones on the bench; None where it carries none."""
    found = _CODE.search(text)
    return None if found is None else found.group(1)


def sms_words(name: str) -> str:
    """All that an SMS of this language may say, lower case: for anyone who looks for a word in one."""
    found: list[str] = []
    for language in (words_of(name), ENGLISH):
        words = language.texts
        found += [words.code, words.code_until, words.code_plain, words.alert, words.incident, words.repeat]
        found += [words.owner_code, words.owner_until, words.owner_for]
        found += [words.help, words.status, *astuple(language.counted)]
        for family in (
            *(words.alerts, words.facts, language.reasons, language.devices),
            *(language.grounds, language.measures),
        ):
            found += [f"{_plain(field.name)} {family.of(field.name)}" for field in fields(family)]
        for anomaly in Anomaly:
            told = language.anomalies.of(anomaly)
            found += [_plain(anomaly.value), told.text, told.short]
    found += [f"{fault.code} {fault.cause}" for fault in CATALOGUE.values()]
    return " ".join(found).lower()


def help_text(context: Context) -> str:
    return words_of(context.language).texts.help.format(where=_where(context))


def status_text(context: Context, wall_s: float, facts: Mapping[str, str]) -> str:
    """The answer to STATUS."""
    words = words_of(context.language).texts
    said = words.facts
    state = ", ".join(f"{said.of(name)} {said.get(value) or value}" for name, value in facts.items()) or "-"
    tail = _time(wall_s, context.zone) if wall_s >= CLOCK_SET_S else "-"
    return words.status.format(where=_where(context), state=state, tail=tail)


def _where(context: Context) -> str:
    return f"{context.cabin}, {context.address}" if context.address else context.cabin


def _tail(row: OutboxRow, words: Texts) -> str:
    return f"#{row.number} {words.repeat}" if row.tries > 1 else f"#{row.number}"


def _until(wall_s: float, until_wall_s: float, zone: tzinfo, words: Texts) -> str:
    """How long a code is good: by the clock, but where the clocks are set and its hour comes twice or not at
    all, in whole minutes: they cannot be taken for past."""
    ends = (wall_s, until_wall_s)
    if clocks_change(*ends, zone) or any(is_ambiguous(end, zone) for end in ends):
        return words.code_for.format(minutes=max(1, int((until_wall_s - wall_s) / 60)))
    return words.code_until.format(time=_time(until_wall_s, zone))


def _owner_until(wall_s: float, until_wall_s: float | None, zone: tzinfo, words: Texts) -> str:
    """How long an owner's code is good, as `_until`; in minutes also where no clock was set."""
    if until_wall_s is None:
        return ""
    ends = (wall_s, until_wall_s)
    unset = wall_s < CLOCK_SET_S
    if unset or clocks_change(*ends, zone) or any(is_ambiguous(end, zone) for end in ends):
        return words.owner_for.format(minutes=max(1, int((until_wall_s - wall_s) / 60)))
    return words.owner_until.format(time=_time(until_wall_s, zone))


def _fits_one_sms(text: str) -> bool:
    """Whether it is one part (3GPP TS 23.038: 160 letters of its alphabet, else 70). Letters beyond Latin are
    none of that alphabet; the few Latin ones that are none either cost a second part, and no more."""
    return len(text) <= (_SMS_LATIN if all(ord(letter) < _BEYOND_LATIN for letter in text) else _SMS_OTHER)


def _time(wall_s: float, zone: tzinfo) -> str:
    """The time of day; in the hour that comes twice, with the zone's letters."""
    local = datetime.fromtimestamp(wall_s, zone)
    return local.strftime("%H:%M %Z" if is_ambiguous(wall_s, zone) else "%H:%M")


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _reason(row: OutboxRow, language: Language) -> str:
    code, _, why = row.reason.partition(" ")
    fault = CATALOGUE.get(code)
    brief = brief_in(why) if why else None
    if fault is None or (why and brief is None):
        return reason_words(row.reason, language)
    if brief is not None:  # what was found says more than the cause of all such faults
        said = [number_words(number, language) for number in brief.numbers]
        return ". ".join([fault.code, ", ".join([language.grounds.of(brief.ground.value), *said])])
    if language.name is LanguageName.EN:
        return f"{fault.code}. {fault.cause.rstrip('.')}"
    part = _PART_OF.get(fault.code.partition("_")[0])
    return fault.code if part is None else f"{fault.code} ({language.devices.of(part)})"
