"""The report to the authorities, as JSON for a program and as a page for people: the same facts."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final, assert_never

from edge.faults.fault import FaultError
from edge.inventory.case import Case, CaseFile, ReportStage, clause, deadline, in_utc, missing
from edge.inventory.component import Component
from edge.inventory.match import Hit

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]


@dataclass(frozen=True, slots=True)
class Kiosk:
    name: str
    version: str
    country: str


def kiosks_of(text: str) -> tuple[Kiosk, ...]:
    """The table of kiosks. FaultError `notice_incomplete`: a column is missing, or it is no table."""
    rows = csv.DictReader(text.splitlines())
    try:
        lacking = {"kiosk", "version", "country"} - set(rows.fieldnames or ())
        if lacking:
            raise FaultError(
                "notice_incomplete", f"the table of kiosks has no column {', '.join(sorted(lacking))}"
            )
        return tuple(Kiosk(row["kiosk"] or "", row["version"] or "", row["country"] or "") for row in rows)
    except csv.Error as error:
        raise FaultError("notice_incomplete", f"the table of kiosks: {error}") from error


@dataclass(frozen=True, slots=True)
class Fleet:
    """The kiosks in use, and for each version whose parts are known the parts that are hit."""

    kiosks: tuple[Kiosk, ...]
    hits: Mapping[str, tuple[Hit, ...]]

    def affected(self) -> tuple[Kiosk, ...]:
        return tuple(kiosk for kiosk in self.kiosks if self.hits.get(kiosk.version))

    def unknown(self) -> tuple[Kiosk, ...]:
        """Kiosks of a version whose parts nobody gave."""
        return tuple(kiosk for kiosk in self.kiosks if kiosk.version not in self.hits)


def report(file: CaseFile, fleet: Fleet, stage: ReportStage, now: datetime, version: str) -> dict[str, Value]:
    """All that is known for this stage. `version`: of the program that writes it.

    FaultError `notice_incomplete` names what the stage must say and the file does not.
    """
    lacking = missing(file.case, stage)
    if lacking:
        where = clause(file.case, stage)
        raise FaultError(
            "notice_incomplete", f"{where} asks for: {', '.join(f'case.{one}' for one in lacking)}"
        )
    return {
        "regulation": "(EU) 2024/2847",
        "duty": clause(file.case, stage),
        "stage": stage.value,
        "made": in_utc(now),
        "made_by": f"cabinguard {version}",
        "deadlines": {each.value: _due(file.case, each, now) for each in ReportStage},
        "aware_since_h": round((now - file.case.aware).total_seconds() / 3600, 2),
        "manufacturer": {
            "name": file.manufacturer.name,
            "contact": file.manufacturer.contact,
            "established_in": file.manufacturer.established_in,
            "csirt": file.manufacturer.csirt,
        },
        "product": {
            "name": "CabinGuard",
            "versions": sorted({kiosk.version for kiosk in fleet.kiosks} | set(fleet.hits)),
        },
        "case": _case(file.case),
        "kiosks": _counted(fleet),
        "parts": [_hit(version, hit) for version, found in sorted(fleet.hits.items()) for hit in found],
    }


def _due(case: Case, stage: ReportStage, now: datetime) -> dict[str, Value]:
    due = deadline(case, stage)
    if due is None:
        return {"due": None, "hours_left": None}
    sent = _sent(case, stage)
    left_h = round((due - (sent or now)).total_seconds() / 3600, 2)
    told = {} if sent is None else {"sent": in_utc(sent)}
    return {"due": in_utc(due), **told, "hours_left": left_h}


def _sent(told: Case, stage: ReportStage) -> datetime | None:
    match stage:
        case ReportStage.EARLY:
            return told.early_sent
        case ReportStage.NOTICE:
            return told.notice_sent
        case ReportStage.FINAL:
            return None
        case _:
            assert_never(stage)


def _case(case: Case) -> dict[str, Value]:
    told: dict[str, Value] = {}
    for name in case.__struct_fields__:
        value = getattr(case, name)
        if isinstance(value, datetime):
            told[name] = in_utc(value)
        elif isinstance(value, tuple):
            told[name] = sorted(value)
        elif value not in ("", None):
            told[name] = value if isinstance(value, bool) else str(value)
    return told


def _counted(fleet: Fleet) -> dict[str, Value]:
    return {
        "in_use": len(fleet.kiosks),
        "affected": len(fleet.affected()),
        "version_without_parts": len(fleet.unknown()),
        "affected_by_version": dict(sorted(Counter(one.version for one in fleet.affected()).items())),
        "affected_by_country": dict(sorted(Counter(one.country for one in fleet.affected()).items())),
    }


def _hit(version: str, hit: Hit) -> dict[str, Value]:
    part: Component = hit.part
    return {
        "version": version,
        "weakness": hit.advisory.id,
        "aliases": list(hit.advisory.aliases),
        "severity": hit.advisory.severity,
        "part": part.purl,
        "compiled_into": part.inside,
        "repaired_in": list(hit.fixed),
        "to_be_looked_at": hit.unsure,
    }


_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;width:100%;margin:0 0 1.5rem}"
    "td,th{border:1px solid #bbb;padding:.35rem .6rem;text-align:left;vertical-align:top}"
    "td{overflow-wrap:anywhere}th{background:#f2f2f2;width:14rem}"
    "h1{font-size:1.5rem}h2{font-size:1.15rem}.late{color:#a00000;font-weight:600}"
)


def page(told: Mapping[str, Value]) -> str:
    """The same as one HTML file that needs nothing else."""
    title = f"{told['duty']}: {_of_case(told, 'id')}"
    parts = [f"<h1>{escape(title)}</h1>", f"<p>{escape(str(_of_case(told, 'title')))}</p>"]
    heads = {
        "deadlines": "Deadlines",
        "manufacturer": "Manufacturer",
        "product": "Product",
        "case": "What is known",
        "kiosks": "Kiosks",
    }
    top = {key: told[key] for key in ("stage", "made", "made_by", "aware_since_h", "regulation")}
    parts.append(_table(top))
    for key, head in heads.items():
        value = told[key]
        if isinstance(value, Mapping):
            parts += [f"<h2>{head}</h2>", _table(value)]
    hits = told["parts"]
    parts.append("<h2>Parts that are hit</h2>")
    if isinstance(hits, Sequence) and not isinstance(hits, str) and hits:
        parts += [_table(hit) for hit in hits if isinstance(hit, Mapping)]
    else:
        parts.append("<p>None of the parts on the lists is named by the advisories.</p>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _of_case(told: Mapping[str, Value], key: str) -> Value:
    case = told["case"]
    return case[key] if isinstance(case, Mapping) else None


def _table(rows: Mapping[str, Value]) -> str:
    cells = "".join(
        f'<tr><th scope="row">{escape(key.replace("_", " "))}</th><td>{_cell(key, value)}</td></tr>'
        for key, value in rows.items()
        if value not in ("", [], None)
    )
    return f"<table>{cells}</table>"


def _cell(key: str, value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if value.get("due", "") is None:
            return "not begun"
        late = isinstance(left := value.get("hours_left"), float | int) and left < 0
        told = "; ".join(f"{name.replace('_', ' ')} {one}" for name, one in value.items())
        return f'<span class="late">{escape(told)}: LATE</span>' if late else escape(told or "none")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return escape(", ".join(map(str, value)))
    return escape(str(value))
