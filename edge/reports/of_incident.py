"""The report on one incident: in short, each step, who was told, what happened, and how to prove it."""

from __future__ import annotations

from html import escape
from typing import Final

from edge.reports.document import Album, Maker, bullets, commissionings, document, proof, section
from edge.reports.listing import Incidents, Listed
from edge.reports.timeline import Story, story
from edge.settings.zones import zone_of
from edge.words.pages.report import report_words

PICTURES_MOST: Final = 60


def incident_report(maker: Maker, incident: int) -> str | None:
    """The file; None where the record has no line of that incident. Raises `FaultError`."""
    listed = Incidents(maker.record, zone_of(maker.settings.cabin.timezone)).one(incident)
    found = None if listed is None else story(maker.record, incident, listed.bounds)
    if found is None or listed is None:
        return None
    t, w, inc = maker.teller, report_words(maker.language), maker.teller.w
    album = maker.album(incident, PICTURES_MOST)
    moments = maker.pieces.moments(found, album)
    period = f"{t.day_and_time(found.began_wall_s)} - {_end(maker, found, listed)}"
    sections = [
        section(inc.summary, summary(maker, found, listed), whole=True),
        section(inc.steps_title, maker.pieces.steps(found), whole=True),
        section(inc.band, maker.pieces.bands(found), whole=True),
        section(inc.messages, maker.pieces.messages(found)),
        section(inc.timeline, f'{moments}<p class="note">{escape(inc.keys_note)}</p>'),
        section(w.lacks, _lacks(maker, found, album), whole=True),
        section(w.proof, proof(maker, _hashes(maker, found, album))),
        section(w.commissioned, commissionings(maker), whole=True),
    ]
    return document(maker, w.of_incident, inc.incident.format(number=incident), period, sections)


def summary(maker: Maker, found: Story, listed: Listed) -> str:
    """The facts, and who judged it to be what."""
    marks = bullets([maker.teller.mark(mark) for mark in found.marks])
    return maker.pieces.facts(found, listed) + marks


def _end(maker: Maker, found: Story, listed: Listed) -> str:
    t = maker.teller
    if found.ended_wall_s is not None:
        return t.clock(found.ended_wall_s)
    last = [moment.wall_s for moment in found.moments if moment.since_s <= found.lasted_s]
    return t.w.still_open if not listed.closed else t.clock(last[-1])


def _lacks(maker: Maker, found: Story, album: Album) -> str:
    w, inc = report_words(maker.language), maker.teller.w
    lines = [inc.lacks.of(lack) for lack in found.lacks]
    lines += [] if maker.pictures else [w.lack_pictures_off]
    sealed = sum(map(album.is_sealed, found.shots)) if maker.pictures else 0
    lines += [w.lack_pictures_sealed.format(count=sealed)] if sealed else []
    return bullets(lines) or f"<p>{escape(w.lacks_none)}</p>"


def _hashes(maker: Maker, found: Story, album: Album) -> str:
    """The hash of each picture that stands in the report, as the record has it."""
    w, t = report_words(maker.language), maker.teller
    if not album.shown:
        return ""
    rows = [
        (
            "",
            (
                f"<code>{escape(shot.name)}</code>",
                escape(t.clock(shot.wall_s)),
                f"<code>{escape(shot.sha256)}</code>",
            ),
        )
        for shot in album.shown
    ]
    more = len(found.shots) - len(album.shown)
    left = f"<p>{escape(w.more_pictures.format(count=more))}</p>" if more > 0 else ""
    table = maker.pieces.table(w.pictures_proof, (w.picture, w.time, w.hash), rows)
    return f"<h3>{escape(w.pictures_proof)}</h3>{table}{left}"
