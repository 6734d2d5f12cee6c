"""A weakness that is exploited, or a severe incident, as its maker writes it down for the authorities.

Regulation (EU) 2024/2847 (Cyber Resilience Act), Art. 14(2) for an exploited weakness, 14(4) for an incident.
The file is TOML; `cabinguard vulnerability notice --example` prints one.
"""

from __future__ import annotations

import calendar
import tomllib
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, assert_never

import msgspec

from edge.faults.fault import FaultError

Country = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{2}\Z")]
"""ISO 3166-1: two letters."""

When = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone: a deadline of hours cannot do without."""


class CaseKind(StrEnum):
    EXPLOITED = "exploited"
    INCIDENT = "incident"


class ReportStage(StrEnum):
    """Which of the three reports."""

    EARLY = "early"
    NOTICE = "notice"
    FINAL = "final"


class Manufacturer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    contact: str
    established_in: Country
    """Where the decisions on the product's security are made: that country's CSIRT is told (Art. 14(7))."""
    csirt: str = ""


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    kind: CaseKind
    id: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,60}\Z")]
    title: str
    aware: When
    """When the maker had reason to be sure enough; the clock runs from here."""
    member_states: tuple[Country, ...] = ()
    nature: str = ""
    exploit: str = ""
    severity: str = ""
    impact: str = ""
    root_cause: str = ""
    actor: str = ""
    suspected_unlawful: bool | None = None
    measures_taken: str = ""
    measures_users: str = ""
    sensitivity: str = ""
    measure_ready: When | None = None
    """When a repaired version or another remedy could be had; the final report is due 14 days later."""
    repaired_in: str = ""
    early_sent: When | None = None
    notice_sent: When | None = None


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    manufacturer: Manufacturer
    case: Case
    advisories: tuple[str, ...] = ()
    """OSV or CSAF files, beside this one."""
    kiosks: str = ""
    """A table (CSV) with the columns kiosk, version and country."""
    parts: dict[str, str] = {}
    """For each version in use, its CycloneDX list. This version's own needs none."""


def read_case(text: str) -> CaseFile:
    """FaultError `notice_incomplete` where it is not such a file."""
    try:
        file = msgspec.convert(tomllib.loads(text), CaseFile)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise FaultError("notice_incomplete", str(error)) from error
    for name in file.case.__struct_fields__:
        when = getattr(file.case, name)
        if isinstance(when, datetime) and not 2000 <= when.year <= 2999:  # deadlines are counted from it
            raise FaultError("notice_incomplete", f"case.{name} is in no year from 2000 to 2999")
    return file


EARLY_H: Final = 24
NOTICE_H: Final = 72
FINAL_DAYS: Final = 14


def deadline(case: Case, stage: ReportStage) -> datetime | None:
    """When the report of that stage is due at the latest; None while nothing has begun its clock."""
    match stage:
        case ReportStage.EARLY:
            return case.aware + timedelta(hours=EARLY_H)
        case ReportStage.NOTICE:
            return case.aware + timedelta(hours=NOTICE_H)
        case ReportStage.FINAL:
            if case.kind is CaseKind.INCIDENT:
                return _month_after(case.notice_sent) if case.notice_sent is not None else None
            return case.measure_ready + timedelta(days=FINAL_DAYS) if case.measure_ready is not None else None
        case _:
            assert_never(stage)


def _month_after(moment: datetime) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month, 12)
    month += 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)


_ASKED: Final[dict[tuple[CaseKind, ReportStage], tuple[str, ...]]] = {
    (CaseKind.EXPLOITED, ReportStage.EARLY): ("member_states",),
    (CaseKind.EXPLOITED, ReportStage.NOTICE): (
        *("member_states", "nature", "exploit", "measures_taken", "measures_users", "sensitivity"),
    ),
    (CaseKind.EXPLOITED, ReportStage.FINAL): (
        *("member_states", "nature", "exploit", "measures_taken", "measures_users", "sensitivity"),
        *("severity", "impact", "actor", "measure_ready", "repaired_in"),
    ),
    (CaseKind.INCIDENT, ReportStage.EARLY): ("member_states", "suspected_unlawful"),
    (CaseKind.INCIDENT, ReportStage.NOTICE): (
        *("member_states", "suspected_unlawful", "nature", "severity", "measures_taken", "measures_users"),
        "sensitivity",
    ),
    (CaseKind.INCIDENT, ReportStage.FINAL): (
        *("member_states", "suspected_unlawful", "nature", "severity", "measures_taken", "measures_users"),
        *("sensitivity", "impact", "root_cause", "notice_sent"),
    ),
}
"""What each report must say, by Art. 14(2)(a) to (c) and 14(4)(a) to (c).

"unknown" is an answer; silence is none.
"""


def missing(case: Case, stage: ReportStage) -> tuple[str, ...]:
    """What the report of this stage has to say and the file does not."""
    return tuple(name for name in _ASKED[case.kind, stage] if getattr(case, name) in ("", (), None))


def clause(case: Case, stage: ReportStage) -> str:
    """Where the duty stands."""
    letter = {ReportStage.EARLY: "a", ReportStage.NOTICE: "b", ReportStage.FINAL: "c"}[stage]
    return f"Art. 14({2 if case.kind is CaseKind.EXPLOITED else 4})({letter})"


EXAMPLE: Final = """\
# What is reported to the CSIRT and ENISA over the single reporting platform:
# Regulation (EU) 2024/2847, Art. 14 and 16.
# Times with their zone. What is not known yet stays away; each stage says by name what it still needs.
# What it says of files is to be put there: without them it speaks of this version alone, and of no kiosk.
# advisories = ["GHSA-xxxx.json"]   # OSV or CSAF files, beside this one
# kiosks = "kiosks.csv"             # columns: kiosk, version, country

# [parts]                           # what the other versions in use are made of
# "0.1.0" = "cabinguard-0.1.0.cdx.json"

[manufacturer]
name = "Example Kiosks AG"
contact = "security@kiosks.example, +49 30 0000000 day and night"
established_in = "DE"
csirt = "BSI, CERT-Bund"

[case]
kind = "exploited"                  # or "incident": severe (Art. 14(5))
id = "CVE-2026-00000"
title = "Forged answers of the broker are taken"
aware = 2026-11-29T10:00:00+01:00   # the clock runs from here: 24 h, 72 h
member_states = ["DE", "AT"]        # where the product was made available, as far as known
# nature = "..."                    # of the weakness, in general
# exploit = "..."                   # how it is used
# severity = "CVSS:3.1/AV:N/..."
# impact = "..."
# actor = "unknown"
# suspected_unlawful = true         # incident only
# root_cause = "..."                # incident only
# measures_taken = "..."
# measures_users = "..."
# sensitivity = "TLP:AMBER"
# measure_ready = 2026-12-01T08:00:00+01:00   # the final report is due 14 days later
# repaired_in = "0.2.0"
# early_sent = 2026-11-29T20:00:00+01:00
# notice_sent = 2026-12-01T20:00:00+01:00
"""


def in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
