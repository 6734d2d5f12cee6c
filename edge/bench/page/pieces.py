"""Small pieces of HTML that all parts of the bench page are made of; every value is escaped here.

A part is one form with buttons, each of which carries words of the prompt: it says what it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

ACT: Final = "/bench/act"
ENTER: Final = "/bench/enter"
TEXT: Final = "/bench/text"
PLUG: Final = "/bench/plug"
STORY: Final = "/bench/story"
WORDS: Final = "words"


def button(words: str, label: str, *, pressed: bool | None = None, kind: str = "", name: str = WORDS) -> str:
    """A button that does `words`; `pressed` makes it a switch, `kind` is its class."""
    state = "" if pressed is None else f' aria-pressed="{"true" if pressed else "false"}"'
    look = f' class="{escape(kind)}"' if kind else ""
    return f'<button name="{escape(name)}" value="{escape(words)}"{look}{state}>{escape(label)}</button>'


def form(inner: str, action: str = ACT, kind: str = "", *, now: bool = False, clear: bool = False) -> str:
    """A form whose buttons act.

    `now`: not after the acts before it are done, as a stop has to be. `clear`: its fields are emptied when it
    was done.
    """
    more = (
        (f' class="{escape(kind)}"' if kind else "")
        + (" data-now" if now else "")
        + (" data-clear" if clear else "")
    )
    return f'<form method="post" action="{escape(action)}"{more}>{inner}</form>'


def choice(label: str, options: Iterable[tuple[str, str, bool | None]]) -> str:
    """One of several, each a button (words, label, chosen); `chosen` None: one that only does."""
    inner = "".join(button(words, text, pressed=chosen) for words, text, chosen in options)
    return (
        f'<div class="choice" role="group" aria-label="{escape(label)}"><span class="choice-name" '
        f'aria-hidden="true">{escape(label)}</span><span class="choices">{inner}</span></div>'
    )


def field(name: str, label: str, *, more: str = "") -> str:
    """A labelled field; `more` are attributes as they stand. Its id is its name: one a page."""
    return (
        f'<label class="field" for="{escape(name)}"><span>{escape(label)}</span>'
        f'<input id="{escape(name)}" name="{escape(name.rpartition("-")[2])}" type="text" '
        f'autocomplete="off" spellcheck="false"{more}></label>'
    )


def tick(yes: bool, label: str) -> str:
    """A tick or a cross with its meaning for everybody who does not see it."""
    path = "M3 9l4 4 8-9" if yes else "M4 4l10 10M14 4L4 14"
    return (
        f'<svg class="tick {"yes" if yes else "no"}" viewBox="0 0 18 18" role="img" '
        f'aria-label="{escape(label)}"><path d="{path}"/></svg>'
    )
