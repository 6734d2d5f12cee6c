"""The frame of every page: head, navigation, what is read out, toasts, the question before an act."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from edge.web.exchange import Live
from edge.words.pages.shell import ShellWords

TOKEN: Final = "_token"
BACK: Final = "_back"
ASK: Final = "_ask"
"""Hidden fields that every form gets: the page's token, where to come back to, what to ask before."""

REFRESH_S: Final = 5
"""Without the script a page loads itself again this often."""

Frame = Callable[[Mapping[str, str]], str]
"""Puts the parts of a view into its main element: gets HTML by id, and has to give each part an element of
that id (`part` makes one)."""

_FORM: Final = re.compile(r"<form\b[^>]*\bmethod=\"post\"[^>]*>")
_CONFIRM: Final = re.compile(r"\bdata-confirm=\"([^\"]*)\"")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the navigation."""

    path: str
    label: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands around one page: its path, its name for styles, its files, and where its stream is."""

    path: str
    name: str
    modules: tuple[str, ...] = ()
    frame: Frame | None = None
    live: bool = False
    mark: str = ""
    within: str = ""
    said: str = ""
    said_bad: bool = False


@dataclass(frozen=True, slots=True)
class Shell:
    """What all pages of one program have in common."""

    language: str
    brand: str
    token: str
    footer: str
    words: ShellWords

    def document(self, live: Live, sheet: Sheet, entries: Sequence[Entry]) -> str:
        """The whole page, each part in it as `live` has it."""
        w = self.words
        parts = dict(live.parts)
        head = parts.pop("head", None)
        if head is None:
            head = f"<h1>{escape(live.title)}</h1>"
        head = self.prepared(sheet.path, "head", head)
        frame = sheet.frame or cards
        ready = {name: self.prepared(sheet.path, name, html) for name, html in parts.items()}
        own = [name for name in sheet.modules if name.endswith(".css")]
        styles = "".join(
            f'<link rel="stylesheet" href="/static/{escape(name)}">\n' for name in ("style.css", *own)
        )
        scripts = "".join(
            f'<script type="module" src="/static/{escape(name)}"></script>\n'
            for name in ("shell.js", *sheet.modules)
            if name not in own
        )
        refresh = (
            f'<noscript><meta http-equiv="refresh" content="{REFRESH_S}"></noscript>\n' if sheet.live else ""
        )
        path = "" if sheet.path == "/" else sheet.path
        stream = (
            f' data-live="{escape(path)}/live" data-now="{escape(path)}/now" data-mark="{escape(sheet.mark)}"'
            if sheet.live
            else ""
        )
        return (
            f'<!doctype html>\n<html lang="{self.language}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n'
            f'<meta name="token" content="{escape(self.token)}">\n'
            f"<title>{escape(live.title)}</title>\n"
            f'{styles}<link rel="icon" href="/static/icon.svg">\n{refresh}{scripts}</head>\n'
            f'<body class="view-{escape(sheet.name)}" data-state="{escape(live.state)}"{stream}>\n'
            f'<a class="skip" href="#main">{escape(w.skip)}</a>\n'
            f'<p id="stale" role="alert" hidden>{escape(w.stale)}</p>\n'
            f"{self._bar(sheet, entries)}"
            f'<p id="told" class="unseen" role="status" aria-live="polite">{escape(live.told)}</p>\n'
            f'<main id="main" tabindex="-1">\n<div id="head">{head}</div>\n'
            f'<div class="parts">\n{frame(ready)}\n</div>\n</main>\n'
            f"<footer>{escape(self.footer)}</footer>\n{self._toasts(sheet)}{self._question()}</body>\n</html>\n"
        )

    def prepared(self, path: str, part: str, html: str) -> str:
        """A part with what each of its forms needs to be taken here. What was prepared stays as it is."""

        def add(found: re.Match[str]) -> str:
            if html.startswith(f'<input type="hidden" name="{TOKEN}"', found.end()):
                return found[0]
            hidden = [(TOKEN, escape(self.token)), (BACK, escape(f"{path}#{part}"))]
            if (sentence := _CONFIRM.search(found[0])) is not None:
                hidden.append((ASK, sentence[1]))
            fields = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in hidden)
            return found[0] + fields

        return _FORM.sub(add, html)

    def message(self, title: str, text: str, more: str) -> str:
        """A page with one sentence; `more` is HTML."""
        parts = {"message": f"<p>{escape(text)}</p>{more}"}
        return self.document(Live(title, parts=parts), Sheet("/", "message"), ())

    def question(self, sentence: str, path: str, fields: Iterable[tuple[str, str]], back: str) -> str:
        """Asks without a script what `data-confirm` asks with one."""
        w = self.words
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields
        )
        form = (
            f'<form method="post" action="{escape(path)}">{hidden}'
            f'<p class="actions"><a class="button" href="{escape(back)}">{escape(w.cancel)}</a> '
            f'<button class="danger">{escape(w.go_on)}</button></p></form>'
        )
        return self.message(w.ask_title, sentence, form)

    def _bar(self, sheet: Sheet, entries: Sequence[Entry]) -> str:
        here = sheet.within or sheet.path
        links = "".join(
            f'<li><a href="{escape(one.path)}"{" aria-current=page" if one.path == here else ""}>'
            f"{escape(one.label)}</a></li>"
            for one in entries
        )
        nav = (
            f'<nav aria-label="{escape(self.words.views)}"><ul>{links}</ul></nav>' if len(entries) > 1 else ""
        )
        return f'<header class="bar"><p class="brand">{escape(self.brand)}</p>{nav}</header>\n'

    def _toasts(self, sheet: Sheet) -> str:
        kind = "toast bad" if sheet.said_bad else "toast"
        said = f'<p class="{kind}">{escape(sheet.said)}</p>' if sheet.said else ""
        return (
            f'<div id="toasts" role="status" aria-live="polite" '
            f'data-no-answer="{escape(self.words.no_answer)}">{said}</div>\n'
        )

    def _question(self) -> str:
        w = self.words
        return (
            f'<dialog id="ask" aria-labelledby="ask-title"><h2 id="ask-title">{escape(w.ask_title)}</h2>'
            f'<p id="ask-what"></p><div class="actions">'
            f'<button type="button" value="no">{escape(w.cancel)}</button>'
            f'<button type="button" value="yes" class="danger">{escape(w.go_on)}</button></div></dialog>\n'
        )


def part(name: str, html: str, kind: str = "card") -> str:
    """The element of one part, for a frame; `kind` is its class."""
    return f'<section id="{escape(name)}" class="{escape(kind)}">{html}</section>'


def cards(parts: Mapping[str, str]) -> str:
    """The frame of a view that has none of its own: each part a card, as many beside each other as fit."""
    return "\n".join(part(name, html) for name, html in parts.items())
