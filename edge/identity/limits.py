"""How often a card owner's code may be sent and tried: tries, rests that grow, codes an hour. Pure.

Every card has its own account (`OwnerTries`, by the person's number in the gallery). `tries` wrong ones, no
matter on how many codes, and the card rests: `rest_s`, each time twice as long up to `rest_max_s`. The row of
the try that uses them up has its rest in it, so who wrote that row down has written down the rest. Only a
right code sets the growth back; only a rest that is over, or a right code, gives tries again.

Time is what a clock can prove. Within one boot of the machine the monotonic clock says how long ago something
was; over a power cut only a wall clock that was set from outside before and after it, and that has not gone
back. Where none can say, no time has passed: a rest begins again where it stood.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from edge.terms.record import Channel, OwnerTries

HOUR_S: Final = 3600.0
"""`codes_per_hour` counts over any so many seconds."""

_DOUBLINGS_MAX: Final = 40


class OwnerRefusal(StrEnum):
    """Why a code is not sent, or an entry not compared; as the machine is told."""

    CARD_RESTS = "card_rests"
    TOO_MANY = "too_many_codes"
    NOT_SENT = "code_not_sent"
    """There is no number on file."""
    NOT_ON_RECORD = "code_not_on_record"
    EXPIRED = "code_expired"
    NO_CODE = "no_code_wanted"
    INCOMPLETE = "code_incomplete"
    UNDER_WAY = "code_under_way"
    """What was asked or typed before waits for the record."""


@dataclass(frozen=True, slots=True)
class Refused:
    """`wait_s`: after so long it may be asked again; 0 where time alone changes nothing."""

    why: OwnerRefusal
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CodeRules:
    """The settings of the section `[identity]` that the owner's code goes by.

    `send_s` is how long a message may take to find a network, before its code is given up.
    """

    code_ttl_s: float = 180.0
    tries: int = 3
    rest_s: float = 600.0
    rest_max_s: float = 14_400.0
    codes_per_hour: int = 3
    send_s: float = 60.0
    channel: Channel = Channel.SMS


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, by both clocks: `mono_s` of this `boot` of the machine, `wall_s` set from outside or not."""

    boot: str
    mono_s: float
    wall_s: float
    wall_true: bool


def passed_s(row: OwnerTries, at: Moment) -> float:
    """How long ago a row was true, as far as a clock can prove it."""
    if row.boot and row.boot == at.boot:
        return max(0.0, at.mono_s - row.mono_s)
    if row.wall_true and at.wall_true:
        return max(0.0, at.wall_s - row.wall_s)
    return 0.0


def aged(row: OwnerTries, at: Moment) -> OwnerTries:
    """The same row as it is now. A rest that is over gives the tries again, not the length of the next."""
    ago_s = passed_s(row, at)
    rest_left_s = max(0.0, row.rest_left_s - ago_s)
    return replace(
        row,
        tries=0 if row.rest_left_s > 0.0 and rest_left_s == 0.0 else row.tries,
        rest_left_s=rest_left_s,
        codes_left_s=tuple(left_s - ago_s for left_s in row.codes_left_s if left_s > ago_s),
        boot=at.boot,
        mono_s=at.mono_s,
        wall_s=at.wall_s,
        wall_true=at.wall_true,
    )


def may_send(row: OwnerTries, at: Moment, rules: CodeRules) -> Refused | None:
    """Whether one more code may go to this owner now."""
    now = aged(row, at)
    if now.rest_left_s > 0.0:
        return Refused(OwnerRefusal.CARD_RESTS, now.rest_left_s)
    too_many = len(now.codes_left_s) - rules.codes_per_hour
    if too_many >= 0:
        return Refused(OwnerRefusal.TOO_MANY, sorted(now.codes_left_s)[too_many])
    return None


def may_try(row: OwnerTries, at: Moment) -> Refused | None:
    """Whether an entry may be compared now."""
    now = aged(row, at)
    return Refused(OwnerRefusal.CARD_RESTS, now.rest_left_s) if now.rest_left_s > 0.0 else None


def sent(row: OwnerTries, at: Moment) -> OwnerTries:
    """One more code goes out: counted whether a network takes it or not."""
    now = aged(row, at)
    return replace(now, codes_left_s=(*now.codes_left_s, HOUR_S))


def tried(row: OwnerTries, at: Moment, rules: CodeRules) -> OwnerTries:
    """One more entry is to be compared; the one that uses the tries up begins the rest."""
    now = aged(row, at)
    now = replace(now, tries=now.tries + 1)
    return rested(now, at, rules) if now.tries >= rules.tries else now


def rested(row: OwnerTries, at: Moment, rules: CodeRules) -> OwnerTries:
    """A rest begins: all tries were used, or the owner said that it was not them."""
    now = aged(row, at)
    length_s = min(rules.rest_max_s, rules.rest_s * 2.0 ** min(now.rests, _DOUBLINGS_MAX))
    return replace(now, rests=now.rests + 1, rest_left_s=max(now.rest_left_s, length_s))


def opened(row: OwnerTries, at: Moment) -> OwnerTries:
    """The code was right: tries and rests begin again. The codes of the hour stay."""
    return replace(aged(row, at), tries=0, rests=0, rest_left_s=0.0)


def doubted(row: OwnerTries, at: Moment, rules: CodeRules) -> OwnerTries:
    """A row at a start that cannot believe its record: whatever it says, the card rests once."""
    now = aged(row, at)
    return replace(now, rest_left_s=max(now.rest_left_s, rules.rest_s))


def believable(row: OwnerTries, rules: CodeRules) -> OwnerTries:
    """A row as the rules of today allow it: settings may have changed since it was written."""
    return replace(
        row,
        rest_left_s=min(row.rest_left_s, max(rules.rest_s, rules.rest_max_s)),
        codes_left_s=tuple(sorted(min(left_s, HOUR_S) for left_s in row.codes_left_s)),
    )
