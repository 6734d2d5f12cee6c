"""A report as one HTML file that needs nothing else: pictures and style in it, no script, nothing outside."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec

from edge.journal import search
from edge.journal.chain import Head
from edge.journal.file import NAME
from edge.loop.commission_view import DoneView
from edge.pictures.files import FOLDER, PICTURE_NAME, clear_name, is_sealed
from edge.reports.moments import said_in
from edge.reports.period import signed_lines
from edge.reports.pieces import Pieces
from edge.reports.telling import Teller
from edge.reports.timeline import Shot
from edge.settings.schema import Settings
from edge.settings.version import program_version
from edge.settings.zones import zone_of
from edge.terms.clock import CLOCK_SET_S
from edge.terms.learning import LearnWhat
from edge.words.language import LanguageName
from edge.words.pages.commission_acts import act_words
from edge.words.pages.report import report_words

PICTURE_BYTES: Final = 400_000
PICTURES_BYTES: Final = 24_000_000
"""One picture, and all of a report, take at most so much; what is beyond is left out."""

_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_RESULTS: Final = ("ok", "failed", "skipped")


@dataclass(frozen=True)
class Maker:
    """What every report of one kiosk has in common. `pictures`: they may stand in it.

    `head` is the newest line of the chain when the report was begun: what came later is not proven by it.
    `opened`: the folder of sealed pictures that the bank has opened; without it they are left out, since a
    report may be filed on the card.
    """

    settings: Settings
    language: LanguageName
    pictures: bool
    made_wall_s: float
    head: Head
    opened: Path | None = None

    @classmethod
    def of(cls, settings: Settings, language: LanguageName, pictures: bool, made_wall_s: float) -> Maker:
        """Raises `FaultError` where the record cannot be read."""
        head = search.ends(Path(settings.paths.data) / NAME).newest
        return cls(settings, language, pictures, made_wall_s, head)

    @property
    def record(self) -> Path:
        return Path(self.settings.paths.data) / NAME

    @cached_property
    def teller(self) -> Teller:
        return Teller(self.language, zone_of(self.settings.cabin.timezone))

    @cached_property
    def pieces(self) -> Pieces:
        return Pieces(self.teller)

    def album(self, incident: int, most: int) -> Album:
        """The pictures of an incident, of which `most` may stand in the report."""
        kept = Path(self.settings.paths.data) / FOLDER
        folders = (kept,) if self.opened is None else (self.opened, kept)
        return Album(tuple(folder / str(incident) for folder in folders), most if self.pictures else 0)


class Album:
    """Pictures as data URIs, from the first of the folders that has them. `shown` keeps which were used,
    `gone` how many were not there any more."""

    def __init__(self, folders: tuple[Path, ...], most: int) -> None:
        self._folders = folders
        self._most = most
        self._bytes = 0
        self.shown: list[Shot] = []
        self.gone = 0

    def __call__(self, shot: Shot) -> str:
        """The picture itself; empty where it is gone or sealed, or there are enough."""
        if len(self.shown) >= self._most or self._bytes > PICTURES_BYTES:
            return ""
        content = self._read(shot)
        if content is None:
            self.gone += not self.is_sealed(shot)
            return ""
        self._bytes += len(content)
        self.shown.append(shot)
        return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"

    def is_sealed(self, shot: Shot) -> bool:
        """Whether its picture is sealed and nobody has opened it for this report."""
        return is_sealed(shot.name) and self._path(shot) is None

    def _path(self, shot: Shot) -> Path | None:
        if PICTURE_NAME.fullmatch(shot.name) is None:
            return None
        paths = (folder / clear_name(shot.name) for folder in self._folders)
        return next((path for path in paths if path.is_file() and not path.is_symlink()), None)

    def _read(self, shot: Shot) -> bytes | None:
        """What the bank has opened has to be what the record names; another picture does not stand for it."""
        with contextlib.suppress(OSError):
            path = self._path(shot)
            if path is None or path.stat().st_size > PICTURE_BYTES:
                return None
            content = path.read_bytes()
            if shot.opened_sha256 in ("", hashlib.sha256(content).hexdigest()):
                return content
        return None


def section(title: str, html: str, *, whole: bool = False) -> str:
    """A part of a report under its heading, if there is any; `whole`: on one page, where it fits."""
    named = ' class="whole"' if whole else ""
    return f"<section{named}><h2>{escape(title)}</h2>{html}</section>\n" if html else ""


def document(maker: Maker, kind: str, title: str, period: str, sections: Sequence[str]) -> str:
    """The whole file. `kind` says what is reported, `title` on what, `period` the time that it covers."""
    t, cabin = maker.teller, maker.settings.cabin
    w = report_words(maker.language)
    style = resources.files("edge.reports").joinpath("report.css").read_text("utf-8")
    foot = _in_css(w.page_foot.format(cabin=cabin.name, title=title, head=maker.head.short))
    left = f'@bottom-left {{ content: "{foot}"; {_FOOT} }}'
    pages = f"@page {{ {left} @bottom-right {{ content: {_COUNT}; {_FOOT} }} }}"
    where = f"{cabin.name}, {cabin.address}" if cabin.address else cabin.name
    about = [
        (w.cabin, escape(where)),
        (w.period, escape(period)),
        (w.made, escape(t.day_and_time(maker.made_wall_s))),
        (w.program, escape(f"CabinGuard {program_version()}")),
    ]
    pairs = "".join(f"<div><dt>{escape(name)}</dt><dd>{html}</dd></div>" for name, html in about)
    personal = f'<p class="note">{escape(w.personal)}</p>' if maker.pictures else ""
    return (
        f'<!doctype html>\n<html lang="{maker.language.value}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}, {escape(cabin.name)}</title>\n"
        f"<style>\n{style}{pages}\n</style>\n</head>\n<body>\n"
        f'<header><p class="kicker">{escape(kind)}</p><h1>{escape(title)}</h1>'
        f'<dl class="about">{pairs}</dl>{personal}</header>\n'
        f"<main>\n{''.join(sections)}</main>\n</body>\n</html>\n"
    )


_FOOT: Final = "font: 8pt 'Noto Sans', 'DejaVu Sans', sans-serif; color: #4a545e;"
_COUNT: Final = 'counter(page) " / " counter(pages)'


def _in_css(words: str) -> str:
    """Words inside quotes of a style sheet: letters, digits and a few marks as they are, the rest escaped."""
    return "".join(
        letter if letter.isalnum() or letter in " .,:#+-" else f"\\{ord(letter):06x}" for letter in words
    )


# --- parts of every report -------------------------------------------------------------------------


def proof(maker: Maker, more: str = "") -> str:
    """The head of the chain, and how anybody proves that the record is as it was."""
    w = report_words(maker.language)
    extent = search.extent(maker.record, CLOCK_SET_S)
    rows = [
        (w.head, f"<code>{maker.head}</code>"),
        (w.lines_kept, str(extent.lines)),
        (w.first_kept, escape(maker.teller.day_and_time(extent.oldest_wall_s))),
    ]
    pairs = "".join(f"<div><dt>{escape(name)}</dt><dd>{html}</dd></div>" for name, html in rows)
    command = f"cabinguard events --verify --head {maker.head}"
    return (
        f"<dl>{pairs}</dl><p>{escape(w.verify_words)}</p><p>{escape(w.verify)}</p>"
        f"<pre><code>{escape(command)}</code></pre>{more}"
    )


def commissionings(maker: Maker) -> str:
    """Who signed that the cabin was in order, when, and what of the checklist passed."""
    w, t = report_words(maker.language), maker.teller
    rows = []
    for line in signed_lines(maker.record):
        said = said_in(line)
        items = said.get("items")
        results = (
            [one.get("result") for one in items if isinstance(one, dict)] if isinstance(items, list) else []
        )
        counts = [results.count(result) for result in _RESULTS]
        words = [
            form.format(count=count)
            for form, count in zip((w.passed, w.not_passed, w.left_out), counts, strict=True)
            if count
        ]
        notes = _really_done(said, maker) + _notes(items if isinstance(items, list) else [])
        rows.append(
            (
                "",
                (
                    escape(t.day_and_time(line.wall_s)),
                    escape(str(said.get("who", "-"))),
                    escape(", ".join(words) or "-") + notes,
                    f"<code>{line.seq}:{escape(line.hash[:16])}</code>",
                ),
            )
        )
    if not rows:
        return f"<p>{escape(w.commissioned_none)}</p>"
    return maker.pieces.table(w.commissioned, (w.signed, w.who, w.results, w.record), rows)


def _really_done(said: Mapping[str, object], maker: Maker) -> str:
    """What the kiosk saw done of it; nothing for a row of a version that did not note it."""
    try:
        done = msgspec.convert(said["done"], DoneView)
    except (KeyError, msgspec.ValidationError):
        return ""
    acts = act_words(maker.language)
    names = {LearnWhat.EMPTY.value: acts.empty, LearnWhat.FRONT.value: acts.front}
    words = report_words(maker.language).really_done.format(
        outputs=len(done.outputs),
        most=done.outputs_most,
        keys=done.keys,
        delivered=done.texts_delivered,
        sent=done.texts_sent,
        learnt=", ".join(names.get(one, one) for one in done.learnt) or "-",
    )
    return f"<p>{escape(words)}</p>"


def _notes(items: Sequence[object]) -> str:
    """What did not pass, by name, with its remark."""
    lines = [
        f"<li>{escape(_plain(one, 'id').replace('_', ' '))}: {escape(_plain(one, 'note') or '-')}</li>"
        for one in items
        if isinstance(one, dict) and one.get("result") != "ok"
    ]
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


def _plain(item: dict[object, object], name: str) -> str:
    return str(item.get(name, ""))


def bullets(lines: Sequence[str]) -> str:
    """A list of sentences."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""
