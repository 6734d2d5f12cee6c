"""Measuring on the floor: a line of known length says how good the marks are, a box how large a thing."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

import msgspec

from edge.faults.fault import FaultError
from edge.panel.commission.link import DrawnView, Link
from edge.panel.commission.pieces import ACTS
from edge.service.asks import Measure
from edge.terms.ground import FloorBox, FloorLine, Marks, Spot
from edge.web.exchange import Answer, PageRequest, done, refused
from edge.words.language import LanguageName
from edge.words.pages.commission_floor import FloorWords, floor_words

GOOD_PERCENT: Final = 3.0
FAIR_PERCENT: Final = 10.0
"""How far a length may be off. A tenth is what a bag and a bottle differ by many times over."""

LONGEST_CM: Final = 10_000


class _Length(msgspec.Struct, frozen=True):
    cm: float
    error_percent: float | None


class _Size(msgspec.Struct, frozen=True):
    width_cm: float
    height_cm: float | None


class _Measured(msgspec.Struct, frozen=True):
    lines: tuple[_Length | None, ...]
    boxes: tuple[_Size | None, ...]


def floor_check(drawn: DrawnView | FaultError, language: LanguageName) -> str:
    """The form. Its script chooses the points on the picture and takes the marks as they are drawn now."""
    w = floor_words(language)
    marks = Marks() if isinstance(drawn, FaultError) else drawn.wanted.floor
    said = "".join(f' data-{name.replace("_", "-")}="{escape(w.of(name))}"' for name in _SAID)
    return (
        f'<form method="post" action="{ACTS}/measure" data-act class="floor-check" id="floor-check" '
        f"data-keep{said}><fieldset><legend>{escape(w.title)}</legend>"
        f'<p class="note">{escape(w.how)}</p>'
        f'<input type="hidden" name="marks" value="{escape(msgspec.json.encode(marks).decode())}">'
        f'<p class="row"><button type="button" data-pick hidden>{escape(w.pick)}</button>'
        '<span class="picking" role="status"></span></p>'
        f'<div class="ends">{_end("a", w.first, w)}{_end("b", w.second, w)}</div>'
        f'<p class="field"><label for="floor-true">{escape(w.true_cm)}</label>'
        f'<input id="floor-true" name="true_cm" type="number" min="0" max="{LONGEST_CM}" step="0.1" '
        'inputmode="decimal" autocomplete="off"></p>'
        f'<p class="actions"><button>{escape(w.measure)}</button></p></fieldset></form>'
    )


_SAID: Final = ("pick_first", "pick_second", "picked")


def _end(name: str, title: str, w: FloorWords) -> str:
    fields = "".join(
        f'<label>{escape(word)}<input name="{name}{axis}" type="number" min="0" max="100" step="0.1" '
        'required inputmode="decimal" autocomplete="off"></label>'
        for axis, word in (("x", w.across), ("y", w.down))
    )
    return f'<div role="group" aria-label="{escape(title)}"><strong>{escape(title)}</strong>{fields}</div>'


def measure(link: Link, asked: PageRequest, language: LanguageName) -> Answer:
    """What the marks in the form say of its line. ValueError, KeyError for what no browser sends."""
    w = floor_words(language)
    marks = msgspec.json.decode(asked.form["marks"], type=Marks)
    if len(marks.corners) != 4:
        return refused(w.no_floor)
    a, b = (_spot(asked.form, name) for name in "ab")
    true_cm = float(asked.form.get("true_cm") or 0.0)
    if not 0.0 <= true_cm <= LONGEST_CM:
        raise ValueError(true_cm)
    left, top = min(a.x, b.x), min(a.y, b.y)
    box = FloorBox(left, top, max(a.x, b.x) - left, max(a.y, b.y) - top)
    lines = (FloorLine(a, b, true_cm),)
    reply = link.asked(Measure(grant=link.grant, marks=marks, lines=lines, boxes=(box,)))
    found = msgspec.convert(reply, _Measured)
    if found.lines[0] is None:
        return refused(w.no_length)
    return done(_words(found.lines[0], found.boxes[0], true_cm, w))


def _spot(form: Mapping[str, str], name: str) -> Spot:
    x, y = (float(form[f"{name}{axis}"]) / 100.0 for axis in "xy")
    if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
        raise ValueError((x, y))
    return Spot(x, y)


def _words(line: _Length, size: _Size | None, true_cm: float, w: FloorWords) -> str:
    said = [w.line.format(cm=f"{line.cm:.1f}")]
    if line.error_percent is not None:
        off = abs(line.error_percent)
        by = w.longer if line.error_percent > 0.0 else w.shorter
        said.append(by.format(percent=f"{off:.1f}", true=f"{true_cm:g}"))
        said.append(w.good if off <= GOOD_PERCENT else w.fair if off <= FAIR_PERCENT else w.poor)
    elif size is not None and size.height_cm is not None:
        said.append(w.thing.format(width=f"{size.width_cm:.0f}", height=f"{size.height_cm:.0f}"))
    elif size is not None:
        said.append(w.thing_wide.format(width=f"{size.width_cm:.0f}"))
    return " ".join(said)
