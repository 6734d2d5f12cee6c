"""What the page serves of the incidents: the list, and one incident with its pictures as a film."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlencode

from edge.faults.catalogue import CATALOGUE
from edge.faults.fault import FaultError
from edge.journal.file import NAME
from edge.panel.sources import Sources
from edge.pictures.clear import shown_file
from edge.pictures.files import FOLDER, clear_name, is_sealed, pictures
from edge.pictures.holds import read_holds
from edge.reports.listing import Incidents, Listed, Marking, Page, Phase, Wanted
from edge.reports.pieces import Pieces, thinned
from edge.reports.telling import Teller
from edge.reports.timeline import Shot, Story, story
from edge.settings.zones import zone_of
from edge.web.exchange import Answer, Live, PageRequest
from edge.web.site import Site

FILM_MOST: Final = 900
"""Pictures of a film; of more, those that show a reason and an even choice of the others."""


_NUMBER: Final = re.compile(r"[0-9]{1,12}")
_SPEEDS: Final = ("0.5", "1", "2", "4", "8")

Choice = TypeVar("Choice", Marking, Phase)


def add_incidents(site: Site, sources: Sources) -> None:
    """The list at `/incidents`, an incident at `/incidents/N`; pictures come from the panel's own address."""
    views = _Views(sources)
    words = views.words
    site.static("edge.panel.incidents")
    site.page("/incidents", views.found, "incidents", label=words.title, modules=("incidents.css",))
    site.page(
        "/incidents/{number}",
        views.one,
        "incident",
        within="/incidents",
        modules=("incidents.js", "incidents.css"),
    )


class _Views:
    """Makes the pages. Keeps the list of all incidents, and nothing else."""

    def __init__(self, sources: Sources) -> None:
        settings = sources.settings
        zone = zone_of(settings.cabin.timezone)
        self._zone = zone
        self._pictures = settings.panel.pictures
        self._data = Path(settings.paths.data)
        self._runtime = Path(settings.paths.runtime)
        self._incidents = Incidents(self._data / NAME, zone)
        self._teller = Teller(settings.cabin.language, zone)
        self._pieces = Pieces(self._teller)
        self._cabin = settings.cabin.name
        self.words = self._teller.w

    # --- the list ----------------------------------------------------------------------------------

    def found(self, request: PageRequest) -> Live | Answer:
        """The incidents that fit, newest first."""
        w = self.words
        wanted = _wanted(request.query)
        number = int(request.query["page"]) if _is_number(request.query.get("page", "")) else 1
        head = f"<h1>{escape(w.title)}</h1>"
        try:
            page = self._incidents.page(wanted, number)
            named = {kind: self._teller.happened(kind) for kind in page.kinds}
            if wanted.words:
                page = self._incidents.page(wanted, number, named)
        except FaultError as fault:
            return Live(self._title(w.title), parts={"head": head, "found": _fault(fault)})
        kinds = sorted(named.items(), key=lambda one: one[1].casefold())
        parts = {"head": head, "search": self._search(wanted, kinds), "found": self._found(page, wanted)}
        return Live(self._title(w.title), parts=parts)

    def _search(self, wanted: Wanted, kinds: Sequence[tuple[str, str]]) -> str:
        w = self.words
        phases = [(Phase.ANY, w.any), (Phase.OPEN, w.open), (Phase.CLOSED, w.closed)]
        marks = [
            (Marking.ANY, w.any),
            (Marking.NONE, w.marked_none),
            (Marking.FALSE, w.mark_false),
            (Marking.TRUE, w.mark_true),
        ]
        day = "" if wanted.day is None else wanted.day.isoformat()
        return (
            f'<form method="get" action="/incidents" role="search" aria-label="{escape(w.search)}">'
            '<div class="grid">'
            f'<p class="field"><label for="q">{escape(w.search_words)}</label>'
            f'<input id="q" name="q" type="search" value="{escape(wanted.words)}" maxlength="80"></p>'
            f'<p class="field"><label for="day">{escape(w.day)}</label>'
            f'<input id="day" name="day" type="date" value="{day}"></p>'
            f"{_select('kind', w.kind, [('', w.any), *kinds], wanted.kind)}"
            f"{_select('phase', w.phase, phases, wanted.phase)}"
            f"{_select('marking', w.marking, marks, wanted.marking)}"
            f'</div><p class="actions"><button class="primary">{escape(w.find)}</button> '
            f'<a class="button" href="/incidents">{escape(w.clear)}</a></p></form>'
        )

    def _found(self, page: Page, wanted: Wanted) -> str:
        w, t = self.words, self._teller
        if not page.of:
            return f'<p class="empty">{escape(w.none)}</p>'
        heads = (w.number, w.began, w.what, w.released_by, w.phase, w.mark)
        table = self._pieces.table(w.title, heads, [self._row(one) for one in page.incidents])
        count = escape(w.found.format(count=page.of))
        pages = ""
        if page.pages > 1:
            where = escape(w.page_of.format(number=page.number, pages=page.pages))
            newer = _turn(wanted, page.number - 1, w.newer) if page.number > 1 else ""
            older = _turn(wanted, page.number + 1, w.older) if page.number < page.pages else ""
            pages = f'<nav class="row apart" aria-label="{where}">{newer}<span>{where}</span>{older}</nav>'
        return f'<h2>{count}</h2>{table}{pages}<p class="note">{escape(t.w.keys_note)}</p>'

    def _row(self, one: Listed) -> tuple[str, tuple[str, ...]]:
        w, t = self.words, self._teller
        state = f'<span class="pill">{escape(w.closed if one.closed else w.open)}</span>'
        return "", (
            f'<a href="/incidents/{one.incident}">{escape(w.incident.format(number=one.incident))}</a>',
            escape(t.day_and_time(one.began_wall_s)),
            escape(self._pieces.kinds(one.kinds) or "-"),
            escape(t.released(one.released) or "-"),
            state,
            self._pieces.judged(one.mark),
        )

    # --- one incident ------------------------------------------------------------------------------

    def one(self, request: PageRequest) -> Live | Answer:
        """An incident: in short, its film beside what happened, who was told, how long each step took."""
        w = self.words
        number = request.args["number"]
        title = w.incident.format(number=number)
        try:
            listed = self._incidents.one(int(number)) if _is_number(number) else None
            found = None if listed is None else story(self._data / NAME, listed.incident, listed.bounds)
            around = self._incidents.neighbours(found.incident) if found is not None else (None, None)
        except FaultError as fault:
            return Live(
                self._title(title), parts={"head": self._head(title, (None, None)), "lacks": _fault(fault)}
            )
        if found is None:
            return Answer(f"{w.not_there}\n".encode(), status=HTTPStatus.NOT_FOUND)
        parts = {
            "head": self._head(title, around),
            "summary": self._summary(found, listed),
            "film": self._film(found),
            "story": self._story(found),
            "bands": f"<h2>{escape(w.band)}</h2>{self._pieces.bands(found)}",
            "messages": f"<h2>{escape(w.messages)}</h2>{self._pieces.messages(found)}",
        }
        if steps := self._pieces.steps(found):
            parts["steps"] = f"<h2>{escape(w.steps_title)}</h2>{steps}"
        if lacks := self._pieces.lacks(found):
            parts["lacks"] = f"<h2>{escape(w.lacks_title)}</h2>{lacks}"
        return Live(self._title(title), parts=parts)

    def _head(self, title: str, around: tuple[int | None, int | None]) -> str:
        w = self.words
        before, after = around
        links = [f'<a href="/incidents">{escape(w.back)}</a>']
        if before is not None:
            links.append(f'<a href="/incidents/{before}" rel="prev">{escape(w.before)}</a>')
        if after is not None:
            links.append(f'<a href="/incidents/{after}" rel="next">{escape(w.after)}</a>')
        return f'<p class="row">{" ".join(links)}</p><h1>{escape(title)}</h1>'

    def _summary(self, found: Story, listed: Listed | None) -> str:
        w = self.words
        marks = "".join(f"<li>{escape(self._teller.mark(mark))}</li>" for mark in found.marks)
        return (
            f"<h2>{escape(w.summary)}</h2>{self._pieces.facts(found, listed)}"
            f"{f'<ul>{marks}</ul>' if marks else ''}"
            f"{self._held(found.incident)}"
            f'<p class="note">{escape(w.how_to_mark.format(number=found.incident))}</p>'
            f'<p class="note">{escape(w.report_hint.format(number=found.incident))}</p>'
        )

    def _held(self, incident: int) -> str:
        """The legal hold on it, if there is one. A file that says nothing is the kiosk's fault to tell."""
        with contextlib.suppress(FaultError):
            for hold in read_holds(self._data / FOLDER):
                if hold.incident == incident:
                    said = self.words.held_open if hold.until_wall_s is None else self.words.held
                    until = "" if hold.until_wall_s is None else self._day(hold.until_wall_s - 1.0)
                    since = self._day(hold.since_wall_s)
                    words = said.format(until=until, since=since, by=hold.by, why=hold.why)
                    return f'<p class="held"><strong>{escape(words)}</strong></p>'
        return ""

    def _day(self, wall_s: float) -> str:
        return f"{datetime.fromtimestamp(wall_s, self._zone):%Y-%m-%d}"

    def _story(self, found: Story) -> str:
        w = self.words
        there = self._there(found)
        lines = self._pieces.moments(found, self._address(found, there), jump=bool(there))
        return (
            f'<h2 id="story-title">{escape(w.timeline)}</h2>'
            f'<div class="beside" tabindex="0" role="region" aria-labelledby="story-title">{lines}</div>'
            f'<p class="note">{escape(w.keys_note)}</p>'
        )

    def _film(self, found: Story) -> str:
        w, t = self.words, self._teller
        head = f"<h2>{escape(w.film)}</h2>"
        if not self._pictures:
            return f"{head}<p>{escape(w.film_off)}</p>"
        there = self._there(found)
        shots = [shot for shot in found.shots if shot.name in there]
        sealed = len(self._sealed(found) - there)
        if not shots:
            none = w.film_sealed.format(count=sealed) if sealed else w.film_none
            return f"{head}<p>{escape(none)}</p>"
        chosen = _chosen(shots)
        first, last = chosen[0], chosen[-1]
        address = self._address(found, there)
        about = w.film_some.format(
            count=len(chosen), all=len(shots), begin=t.clock(first.wall_s), end=t.clock(last.wall_s)
        )
        if sealed:
            about += ". " + w.film_sealed.format(count=sealed)
        list_ = "".join(
            f'<li data-src="{escape(address(shot))}" data-since="{shot.since_s:.2f}" '
            f'data-alt="{escape(self._pieces.alt(shot))}" data-time="{escape(t.clock(shot.wall_s))}" '
            f'data-mark="{escape(t.since(shot.since_s))}"{" data-drawn" if shot.drawn else ""}></li>'
            for shot in chosen
        )
        few = "".join(self._pieces.image(shot, address(shot)) for shot in thinned(chosen, 6))
        return (
            f"{head}{self._player(first, address(first), list_)}"
            f'<noscript><div class="shots">{few}</div></noscript>'
            f'<p class="note">{escape(about)}</p><p class="note" id="film-keys">{escape(w.film_keys)}</p>'
        )

    def _player(self, first: Shot, address: str, shots: str) -> str:
        w, t = self.words, self._teller
        speeds = "".join(
            f'<option value="{speed}"{" selected" if speed == "1" else ""}>{speed} ×</option>'
            for speed in _SPEEDS
        )
        return (
            f'<div class="film" id="player" role="group" aria-label="{escape(w.film)}" '
            f'aria-describedby="film-keys" data-play="{escape(w.play)}" data-pause="{escape(w.pause)}">'
            f'<figure><div class="view"><img id="frame" src="{escape(address)}" '
            f'alt="{escape(self._pieces.alt(first))}" width="640" height="480"></div>'
            f'<figcaption id="caption">{escape(t.clock(first.wall_s))} ({escape(t.since(first.since_s))})'
            "</figcaption></figure>"
            f'<p class="field" data-script hidden><label for="position">{escape(w.position)}</label>'
            '<input id="position" type="range" min="0" max="0" step="1" value="0"></p>'
            '<div class="row" data-script hidden>'
            f'<button type="button" id="back" aria-label="{escape(w.previous)}">◀︎</button>'
            f'<button type="button" id="play" class="primary">{escape(w.play)}</button>'
            f'<button type="button" id="on" aria-label="{escape(w.following)}">▶︎</button>'
            f'<label for="speed">{escape(w.speed)}</label><select id="speed">{speeds}</select>'
            f'<label class="switch"><input type="checkbox" role="switch" id="drawn" checked> '
            f"{escape(w.drawn)}</label></div>"
            f'<p class="unseen" id="seen" role="status"></p><ol id="shots" hidden>{shots}</ol></div>'
        )

    def _there(self, found: Story) -> frozenset[str]:
        """The names of its pictures that are still there and may be shown."""
        if not self._pictures:
            return frozenset()
        return frozenset(
            name
            for name in self._kept(found)
            if shown_file(self._data / FOLDER, self._runtime, found.incident, name) is not None
        )

    def _sealed(self, found: Story) -> frozenset[str]:
        return frozenset(name for name in self._kept(found) if is_sealed(name))

    def _kept(self, found: Story) -> list[str]:
        try:
            return [path.name for path in pictures(self._data / FOLDER, found.incident)]
        except OSError:
            return []

    @staticmethod
    def _address(found: Story, there: frozenset[str]) -> _Address:
        return _Address(found.incident, there)

    def _title(self, title: str) -> str:
        return f"{title}, {self._cabin}"


class _Address:
    """Where the page finds a picture; empty for one that is gone."""

    def __init__(self, incident: int, there: frozenset[str]) -> None:
        self._incident = incident
        self._there = there

    def __call__(self, shot: Shot) -> str:
        return f"/incident/{self._incident}/{clear_name(shot.name)}" if shot.name in self._there else ""


def _chosen(shots: list[Shot]) -> list[Shot]:
    drawn = [shot for shot in shots if shot.drawn][:FILM_MOST]
    plain = thinned([shot for shot in shots if not shot.drawn], max(2, FILM_MOST - len(drawn)))
    return sorted((*drawn, *plain), key=lambda shot: (shot.since_s, shot.drawn))


def _wanted(query: Mapping[str, str]) -> Wanted:
    """What a search asks for; what cannot be understood is not asked for."""
    try:
        day = date.fromisoformat(query.get("day", ""))
    except ValueError:
        day = None
    kind = query.get("kind", "")
    return Wanted(
        day=day,
        kind=kind if re.fullmatch(r"[a-z_]{1,40}", kind) else "",
        phase=_one_of(Phase, query.get("phase", ""), Phase.ANY),
        marking=_one_of(Marking, query.get("marking", ""), Marking.ANY),
        words=query.get("q", "")[:80],
    )


def _one_of(kind: type[Choice], word: str, default: Choice) -> Choice:
    try:
        return kind(word)
    except ValueError:
        return default


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _turn(wanted: Wanted, page: int, label: str) -> str:
    """A link to another page of the same search."""
    asked = {
        "q": wanted.words,
        "day": "" if wanted.day is None else wanted.day.isoformat(),
        "kind": wanted.kind,
        "phase": "" if wanted.phase is Phase.ANY else wanted.phase.value,
        "marking": "" if wanted.marking is Marking.ANY else wanted.marking.value,
        "page": str(page),
    }
    query = urlencode({name: value for name, value in asked.items() if value})
    return f'<a class="button" href="/incidents?{escape(query)}">{escape(label)}</a>'


def _select(name: str, label: str, options: Sequence[tuple[str, str]], chosen: str) -> str:
    inner = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(words)}</option>'
        for value, words in options
    )
    return (
        f'<p class="field"><label for="{name}">{escape(label)}</label>'
        f'<select id="{name}" name="{name}">{inner}</select></p>'
    )


def _fault(fault: FaultError) -> str:
    known = CATALOGUE.get(fault.code)
    said = "" if known is None else f'<p lang="en">{escape(known.cause)} {escape(known.remedy)}</p>'
    return f'<article class="fault"><h2><code>{escape(fault.code)}</code></h2>{said}</article>'
