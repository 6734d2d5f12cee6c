"""The report on a day or a month: what happened, how the cabin fared, and what was judged to be false."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Final

from edge.faults.catalogue import CATALOGUE
from edge.journal import search
from edge.reports import plots
from edge.reports.document import Maker, bullets, commissionings, document, proof, section
from edge.reports.listing import Incidents, Listed, Wanted
from edge.reports.of_incident import summary
from edge.reports.period import Counted, Sent, Span, Stood, VitalsRow, count
from edge.reports.timeline import story
from edge.settings.zones import zone_of
from edge.terms.clock import CLOCK_SET_S
from edge.terms.marks import Mark
from edge.words.pages.report import ReportWords, report_words

LISTED_MOST: Final = 400
TOLD_MOST: Final = 40
"""Incidents in the table of a report, and those of a day that are told one by one."""

PICTURES_EACH: Final = 4
_GAP_S: Final = 2.5 * 3600.0
"""Between two rows of the kiosk's health that lie further apart nothing is known."""

_WINDOW: Final = 24


@dataclass(frozen=True, slots=True)
class _Quantity:
    """One of the values that the hourly rows have."""

    title: str
    of: Callable[[VitalsRow], float | None]
    digits: int


def day_report(maker: Maker, day: date) -> str:
    """The file on one day of the cabin's own time. Raises `FaultError`."""
    zone = zone_of(maker.settings.cabin.timezone)
    w = report_words(maker.language)
    return _report(maker, w.of_day, day.isoformat(), Span.of_day(day, zone), Wanted(day=day))


def month_report(maker: Maker, year: int, month: int) -> str:
    """The file on one month of the cabin's own time. Raises `FaultError`."""
    zone = zone_of(maker.settings.cabin.timezone)
    w = report_words(maker.language)
    wanted = Wanted(month=(year, month))
    return _report(maker, w.of_month, f"{year:04d}-{month:02d}", Span.of_month(year, month, zone), wanted)


def _report(maker: Maker, kind: str, title: str, span: Span, wanted: Wanted) -> str:
    w = report_words(maker.language)
    incidents = Incidents(maker.record, span.zone).all_of(wanted)
    counted = count(maker.record, span)
    one_day = len(span.days) == 1
    sections = [
        section(w.summary, _summary(maker, counted, incidents), whole=True),
        section(w.incidents, _incidents(maker, incidents)) if one_day else "",
        section(w.feedback, _feedback(maker, incidents), whole=True),
        section(w.told_title, _messages(maker, counted), whole=True),
        section(w.plots, _plots(maker, counted)),
        section(w.faults_title, _faults(maker, counted), whole=True),
        _told(maker, incidents) if one_day else section(w.incidents, _notable(maker, incidents)),
        section(w.lacks, _lacks(maker, counted), whole=True),
        section(w.proof, proof(maker), whole=True),
        section(w.commissioned, commissionings(maker), whole=True),
    ]
    first, last = span.first.isoformat(), span.last.isoformat()
    period = first if first == last else f"{first} - {last}"
    return document(maker, kind, title, f"{period} ({maker.settings.cabin.timezone})", sections)


# --- in short --------------------------------------------------------------------------------------


def _summary(maker: Maker, counted: Counted, incidents: Sequence[Listed]) -> str:
    w, t = report_words(maker.language), maker.teller
    waits = sorted(wait_s for sent in counted.sent.values() for wait_s in sent.waits_s)
    locked = sum(one.locked_s is not None for one in incidents)
    marks = Counter(one.mark for one in incidents)
    failed = sum(sent.failed for sent in counted.sent.values())
    facts = [
        (w.visits, str(counted.visits), ""),
        (w.incidents, str(len(incidents)), ""),
        (w.warned, str(counted.states["warned"]), ""),
        (w.locked, str(locked), "bad" if locked else ""),
        (w.judged_false, str(marks[Mark.FALSE]), ""),
        (w.judged_true, str(marks[Mark.TRUE]), ""),
        (w.not_judged, str(marks[None]), ""),
        (w.emergency, str(counted.states["emergency"]), ""),
        (w.messages, str(sum(sent.count for sent in counted.sent.values())), ""),
        (w.failed, str(failed), "bad" if failed else ""),
        (w.usual, t.span(statistics.median(waits)) if waits else "-", ""),
        (w.slowest, t.span(waits[-1]) if waits else "-", ""),
    ]
    inner = "".join(
        f'<div class="{mark}"><dt>{escape(name)}</dt><dd class="big">{escape(value)}</dd></div>'
        for name, value, mark in facts
    )
    return f'<dl class="facts four">{inner}</dl>'


# --- incidents -------------------------------------------------------------------------------------


def _notable(maker: Maker, incidents: Sequence[Listed]) -> str:
    """Those that were more than a warning; the others in a sentence."""
    more = [one for one in incidents if one.locked_s is not None or set(one.kinds) - {"warned"}]
    rest = len(incidents) - len(more)
    said = report_words(maker.language).only_warned.format(count=rest)
    return _incidents(maker, more) + (f'<p class="note">{escape(said)}</p>' if rest else "")


def _incidents(maker: Maker, incidents: Sequence[Listed]) -> str:
    w, t, inc = report_words(maker.language), maker.teller, maker.teller.w
    if not incidents:
        return f"<p>{escape(w.incidents_none)}</p>"
    rows = [
        (
            "",
            (
                str(one.incident),
                escape(t.day_and_time(one.began_wall_s)),
                escape(maker.pieces.kinds(one.kinds) or "-"),
                escape(_lasted(maker, one)),
                escape("-" if one.locked_s is None else t.span(one.locked_s)),
                escape(t.released(one.released) or "-"),
                maker.pieces.judged(one.mark),
            ),
        )
        for one in incidents[-LISTED_MOST:]
    ]
    heads = (inc.number, inc.began, inc.what, w.duration, w.locked_for, inc.released_by, inc.mark)
    return maker.pieces.table(w.incidents, heads, rows)


def _lasted(maker: Maker, one: Listed) -> str:
    if one.ended_wall_s is None:
        return maker.teller.w.still_open
    return maker.teller.span(max(0.0, one.ended_wall_s - one.began_wall_s))


def _told(maker: Maker, incidents: Sequence[Listed]) -> str:
    """Each incident of a day in its steps, with some of its pictures."""
    inc = maker.teller.w
    told = []
    for one in incidents[:TOLD_MOST]:
        found = story(maker.record, one.incident, one.bounds)
        if found is None:
            continue
        album = maker.album(one.incident, PICTURES_EACH)
        drawn = [shot for shot in found.shots if shot.drawn][:2]
        plain = [shot for shot in found.shots if not shot.drawn and shot.since_s >= 0]
        chosen = [*drawn, *plain[:: max(1, len(plain) // PICTURES_EACH)]][:PICTURES_EACH]
        images = "".join(maker.pieces.image(shot, address) for shot in chosen if (address := album(shot)))
        shots = f'<div class="shots">{images}</div>' if images else ""
        title = escape(inc.incident.format(number=one.incident))
        steps = maker.pieces.steps(found)
        inner = f"<h2>{title}</h2>{summary(maker, found, one)}{shots}{steps}"
        told.append(f'<section class="incident">{inner}</section>\n')
    return "".join(told)


# --- false alarms ----------------------------------------------------------------------------------


def _feedback(maker: Maker, incidents: Sequence[Listed]) -> str:
    """By kind: how many were judged, and how many of these were false."""
    w = report_words(maker.language)
    judged = [one for one in incidents if one.mark is not None]
    if not judged:
        return f"<p>{escape(w.feedback_none)}</p>"
    false = sum(one.mark is Mark.FALSE for one in judged)
    said = w.feedback_words.format(
        judged=len(judged), all=len(incidents), false=false, percent=f"{100 * false / len(judged):.0f}"
    )
    by_kind: dict[str, Counter[Mark | None]] = {}
    for one in incidents:
        for kind in one.kinds:
            by_kind.setdefault(kind, Counter())[one.mark] += 1
    rows = [
        (
            "",
            (
                escape(maker.teller.happened(kind)),
                str(marks.total()),
                str(marks[Mark.FALSE]),
                str(marks[Mark.TRUE]),
                str(marks[None]),
                _share(marks),
            ),
        )
        for kind, marks in sorted(by_kind.items(), key=lambda one: -one[1].total())
    ]
    heads = (w.kind, w.incidents, w.judged_false, w.judged_true, w.not_judged, w.share)
    return f"<p>{escape(said)}</p>{maker.pieces.table(w.feedback, heads, rows)}"


def _share(marks: Counter[Mark | None]) -> str:
    judged = marks[Mark.FALSE] + marks[Mark.TRUE]
    if not judged:
        return "-"
    part = 100 * marks[Mark.FALSE] / judged
    return (
        f'{part:.0f} % <svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="no" x="0" y="0" width="{part:.1f}" height="10"/>'
        f'<rect class="yes" x="{part:.1f}" y="0" width="{100 - part:.1f}" height="10"/></svg>'
    )


# --- messages --------------------------------------------------------------------------------------


def _messages(maker: Maker, counted: Counted) -> str:
    w, t = report_words(maker.language), maker.teller

    def row(to: str, sent: Sent) -> tuple[str, tuple[str, ...]]:
        waits = sorted(sent.waits_s)
        return "failed" if sent.failed else "", (
            escape(t.recipient(to)),
            str(sent.count),
            str(sent.delivered),
            escape(t.span(statistics.median(waits)) if waits else "-"),
            escape(t.span(waits[-1]) if waits else "-"),
            str(sent.failed),
        )

    rows = [row(to, sent) for to, sent in sorted(counted.sent.items())]
    if not rows:
        return f"<p>{escape(maker.teller.w.no_messages)}</p>"
    heads = (w.to, w.sent, w.delivered, w.median, w.longest, w.failed)
    return maker.pieces.table(w.told_title, heads, rows)


# --- plots -----------------------------------------------------------------------------------------


def _plots(maker: Maker, counted: Counted) -> str:
    w = report_words(maker.language)
    hours = [f"{hour}" for hour in range(24)]
    found = [_bars(w, w.by_hour, w.hour, counted.visits_by_hour, hours, 2)]
    days = [f"{day.day}" for day in counted.span.days]
    if len(days) > 1:
        found.insert(0, _bars(w, w.by_day, w.day, counted.visits_by_day, days, 2))
    quantities = [
        _Quantity(w.frames, lambda row: row.fps, 1),
        _Quantity(w.board, lambda row: row.board_c, 1),
        _Quantity(w.signal, lambda row: row.signal_dbm, 0),
        _Quantity(w.disk, lambda row: row.free_mb, 0),
    ]
    found += [_line(w, quantity, counted) for quantity in quantities]
    return "".join(found) + _values(maker, quantities, counted)


def _bars(
    w: ReportWords, title: str, unit: str, values: Sequence[int], labels: Sequence[str], every: int
) -> str:
    top = labels[max(range(len(values)), key=lambda index: values[index])] if any(values) else "-"
    said = w.bars_words.format(title=title, total=sum(values), top=top)
    heads = "".join(f'<th scope="col">{label}</th>' for label in labels)
    cells = "".join(f"<td>{value}</td>" for value in values)
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>{plots.bars(values, labels, said, every)}"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}">'
        f'<table class="narrow"><caption class="unseen">{escape(title)}</caption>'
        f'<thead><tr><th scope="col">{escape(unit)}</th>{heads}</tr></thead>'
        f'<tbody><tr><th scope="row">{escape(w.count)}</th>{cells}</tr></tbody></table></div></figure>'
    )


def _line(w: ReportWords, quantity: _Quantity, counted: Counted) -> str:
    rows = [(row.wall_s, quantity.of(row)) for row in counted.vitals]
    known = [value for _, value in rows if value is not None]
    caption = f"<figcaption>{escape(quantity.title)}</figcaption>"
    if not known:
        return f'<figure>{caption}<p class="note">{escape(w.no_values)}</p></figure>'
    span = counted.span
    whole_s = span.to_wall_s - span.from_wall_s
    at: list[float] = []
    values: list[float | None] = []
    before_s = None
    for wall_s, value in rows:
        if before_s is not None and wall_s - before_s > _GAP_S:
            at.append((wall_s - span.from_wall_s) / whole_s)
            values.append(None)
        at.append((wall_s - span.from_wall_s) / whole_s)
        values.append(value)
        before_s = wall_s
    said = w.plot_words.format(
        title=quantity.title,
        least=f"{min(known):.{quantity.digits}f}",
        most=f"{max(known):.{quantity.digits}f}",
        mean=f"{statistics.fmean(known):.{quantity.digits}f}",
    )
    return f"<figure>{caption}{plots.lines(plots.Points(at, values), _ticks(span), said)}</figure>"


def _ticks(span: Span) -> list[tuple[float, str]]:
    if len(span.days) == 1:
        return [(hour / _WINDOW, f"{hour}:00") for hour in range(0, _WINDOW + 1, 3)]
    most = len(span.days)
    return [((number + 0.5) / most, str(day.day)) for number, day in enumerate(span.days) if number % 2 == 0]


def _values(maker: Maker, quantities: Sequence[_Quantity], counted: Counted) -> str:
    """The same values as a table: by hour of a day, by day of a month."""
    w, zone = report_words(maker.language), counted.span.zone
    one_day = len(counted.span.days) == 1
    groups: dict[str, list[VitalsRow]] = {}
    for row in counted.vitals:
        at = datetime.fromtimestamp(row.wall_s, zone)
        groups.setdefault(f"{at:%H}:00" if one_day else at.date().isoformat(), []).append(row)
    if not groups:
        return ""
    rows = [
        (
            "",
            (
                escape(name),
                *(_ends([quantity.of(row) for row in found], quantity) for quantity in quantities),
            ),
        )
        for name, found in sorted(groups.items())
    ]
    heads = (w.hour if one_day else w.day, *(quantity.title for quantity in quantities))
    table = maker.pieces.table(w.plots, heads, rows).replace('class="list"', 'class="numbers"', 1)
    table = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(w.plots)}">{table}</div>'
    return f'{table}<p class="note">{escape(f"{w.least} - {w.most} ({w.mean})")}</p>'


def _ends(values: Sequence[float | None], quantity: _Quantity) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    least, most, digits = min(known), max(known), quantity.digits
    if least == most:
        return f"{least:.{digits}f}"
    return f"{least:.{digits}f} - {most:.{digits}f} ({statistics.fmean(known):.{digits}f})"


# --- faults and lacks ------------------------------------------------------------------------------


def _faults(maker: Maker, counted: Counted) -> str:
    w, t = report_words(maker.language), maker.teller
    if not counted.faults:
        return f"<p>{escape(w.faults_none)}</p>"

    def row(code: str, stood: Stood) -> tuple[str, tuple[str, ...]]:
        known = CATALOGUE.get(code)
        cause = "-" if known is None else f'<span lang="en">{escape(known.cause)}</span>'
        name = t.language.devices.get(code)
        first = f"<code>{escape(code)}</code>" if name is None else escape(name)
        return "", (first, str(stood.times), escape(t.span(stood.for_s) if stood.for_s else "-"), cause)

    rows = [row(code, stood) for code, stood in sorted(counted.faults.items(), key=lambda one: -one[1].times)]
    return maker.pieces.table(w.faults_title, (w.fault, w.times, w.standing, w.cause), rows)


def _lacks(maker: Maker, counted: Counted) -> str:
    """What the record cannot tell of this time."""
    w, span = report_words(maker.language), counted.span
    extent = search.extent(maker.record, CLOCK_SET_S)
    lines = []
    if search.ends(maker.record).base.seq and extent.oldest_wall_s > span.from_wall_s:
        lines.append(w.lack_cut.format(day=maker.teller.day(extent.oldest_wall_s)))
    if extent.unset:
        lines.append(w.lack_clock.format(count=extent.unset))
    if counted.restarts:
        lines.append(w.lack_restarts.format(count=counted.restarts))
    if counted.lost:
        lines.append(w.lack_lost)
    end_wall_s = min(span.to_wall_s, maker.made_wall_s)
    hours = max(0, round((end_wall_s - span.from_wall_s) / 3600))
    covered = len({int(row.wall_s // 3600) for row in counted.vitals})
    if covered < hours:
        lines.append(w.lack_vitals.format(hours=covered, all=hours))
    if span.to_wall_s > maker.made_wall_s:
        lines.append(w.lack_running)
    if not maker.pictures:
        lines.append(w.lack_pictures_off)
    return bullets(lines) or f"<p>{escape(w.lacks_none)}</p>"
