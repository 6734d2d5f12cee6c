"""Small pieces of HTML that several pages are made of; what is text is escaped here."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


def english(text: str) -> str:
    """Technical words that stay English in every language."""
    return f'<span lang="en">{escape(text)}</span>'


def note(text: str, kind: str = "note") -> str:
    return f'<p class="{escape(kind)}">{escape(text)}</p>'


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """A list of names, which are text, and HTML."""
    inner = "".join(f"<dt>{escape(name)}</dt><dd>{html}</dd>" for name, html in rows)
    return f'<dl class="pairs">{inner}</dl>'


def progress(label: str, done: float, most: float) -> str:
    """A bar that is `done` of `most` long; `label` is for a screen reader."""
    return f'<progress max="{most:g}" value="{done:g}" aria-label="{escape(label)}"></progress>'
