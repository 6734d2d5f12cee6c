"""Pieces of HTML that the page and the report share: steps, messages, bands, moments. Every value escaped.

Classes alone say how they look; a piece has no style and no script of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Final, assert_never

from edge.reports.listing import Listed
from edge.reports.moments import Kind, Moment
from edge.reports.telling import Teller
from edge.reports.timeline import Band, Shot, Story
from edge.reports.told import Message
from edge.terms.marks import Mark
from edge.terms.record import RowState
from edge.words.languages import anomaly_words

Picture = Callable[[Shot], str]
"""Where a picture is found: an address, or its content as a data URI; empty for one that is not shown."""

SHOWN_MOST: Final = 4
"""Pictures that stand at one moment; the film has all of them."""

_BAD: Final = frozenset({RowState.FAILED.value, RowState.EXPIRED.value})


class Pieces:
    """Makes the pieces of one language."""

    def __init__(self, teller: Teller) -> None:
        self._t = teller
        self._w = teller.w

    # --- in short ----------------------------------------------------------------------------------

    def kinds(self, kinds: Iterable[str]) -> str:
        """What an incident was about, in words: anomalies first, since they say more than a state does."""
        found = list(kinds)
        first = [kind for kind in found if anomaly_words(kind, self._t.language) is not None]
        rest = [kind for kind in found if kind not in first and not (kind == "warned" and "locked" in found)]
        return ", ".join(self._t.happened(kind) for kind in (*first, *rest))

    def judged(self, mark: Mark | None) -> str:
        """A pill with what it was judged to be."""
        match mark:
            case None:
                return f'<span class="pill">{escape(self._w.marked_none)}</span>'
            case Mark.FALSE:
                return f'<span class="pill warn">{escape(self._w.mark_false)}</span>'
            case Mark.TRUE:
                return f'<span class="pill bad">{escape(self._w.mark_true)}</span>'

    def facts(self, story: Story, listed: Listed | None) -> str:
        """The story in a few facts."""
        w, t = self._w, self._t
        lasts = t.span(story.lasted_s)
        still_open = story.is_open and (listed is None or not listed.closed)
        locked = w.not_locked if story.locked_s is None else w.locked_for.format(time=t.span(story.locked_s))
        facts = [
            (w.began, escape(t.day_and_time(story.began_wall_s)), ""),
            (w.lasted, escape(f"{lasts}, {w.still_open}" if still_open else lasts), ""),
            (w.what, escape(self.kinds(() if listed is None else listed.kinds) or "-"), ""),
            (w.door, escape(locked), "bad" if story.locked_s is not None else "good"),
            (w.released_by, escape(t.released(story.released) or "-"), ""),
            (w.mark, self.judged(None if story.mark is None else story.mark.mark), ""),
        ]
        inner = "".join(
            f'<div class="{mark}"><dt>{escape(name)}</dt><dd>{html}</dd></div>' for name, html, mark in facts
        )
        return f'<dl class="facts">{inner}</dl>'

    # --- tables ------------------------------------------------------------------------------------

    def table(self, caption: str, heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
        """A table: `rows` are a class and its cells as HTML, of which the first names the row."""
        top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
        lines = []
        for kind, cells in rows:
            first, *rest = cells
            inner = "".join(
                f'<td data-name="{escape(head)}">{cell}</td>'
                for head, cell in zip(heads[1:], rest, strict=True)
            )
            lines.append(f'<tr class="{kind}"><th scope="row">{first}</th>{inner}</tr>')
        return (
            f'<table class="list"><caption class="unseen">{escape(caption)}</caption>'
            f"<thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        )

    def steps(self, story: Story) -> str:
        """How long each step took; empty where there is only one."""
        w, t = self._w, self._t
        if len(story.steps) < 2:
            return ""
        rows = [
            (
                "",
                (
                    escape(w.steps.of(step.step)),
                    escape(t.clock(step.wall_s)),
                    escape(t.since(step.since_s)),
                    escape(t.span(step.took_s)) if number else "-",
                ),
            )
            for number, step in enumerate(story.steps)
        ]
        return self.table(w.steps_title, (w.step, w.time, w.since, w.took), rows)

    def messages(self, story: Story) -> str:
        """Who was told what, when, by which way, and how long it took."""
        w = self._w
        if not story.messages:
            return f"<p>{escape(w.no_messages)}</p>"
        heads = (w.number, w.what, w.to, w.by, w.queued, w.accepted, w.delivered, w.became)
        return self.table(w.messages, heads, [self._message(one) for one in story.messages])

    def _message(self, one: Message) -> tuple[str, tuple[str, ...]]:
        w, t = self._w, self._t
        taken = one.reached(RowState.ACCEPTED, RowState.DELIVERED)
        came = one.reached(RowState.DELIVERED)
        cause = f' <span lang="en">({escape(one.cause)})</span>' if one.cause else ""
        cells = (
            f"#{one.number}",
            escape(t.what(one.kind, one.reason)),
            escape(t.recipient(one.to)),
            escape(t.channel(one.channel)),
            escape(t.clock(one.queued_wall_s)),
            escape(w.never if taken is None else f"+{t.span(taken.after_s)}"),
            escape(w.never if came is None else f"+{t.span(came.after_s)}"),
            f"{escape(t.outcome(one.state))}{cause}",
        )
        return ("failed" if one.state in _BAD else "", cells)

    # --- bands -------------------------------------------------------------------------------------

    def bands(self, story: Story) -> str:
        """What door, machine and siren did, as bands over the time, and in words for who cannot see them."""
        w, t = self._w, self._t
        begin = min((band.from_s for band in (*story.door, *story.permit, *story.siren)), default=0.0)
        end = max(begin + 1.0, story.lasted_s)
        rows, said = [], []
        for of, name, bands in (
            ("door", w.door, story.door),
            ("permit", w.permit, story.permit),
            ("siren", w.siren, story.siren),
        ):
            drawn = self._band(of, bands, story, begin, end)
            rows.append(f'<div class="band"><span>{escape(name)}</span>{drawn}</div>')
            for band in bands:
                to_s = end if band.to_s is None else band.to_s
                if band.from_s <= end:
                    words = w.band_words.format(
                        name=name,
                        level=t.level(of, band.level),
                        begin=t.since(band.from_s),
                        end=t.since(min(to_s, end)),
                    )
                    said.append(f"<li>{escape(words)}</li>")
        marks = (
            f'<div class="band ends"><span></span><p><span>{escape(t.since(begin))}</span>'
            f"<span>{escape(t.since(end))}</span></p></div>"
        )
        return (
            f'<div class="bands" aria-hidden="true">{"".join(rows)}{marks}</div>'
            f'<ul class="band-words">{"".join(said)}</ul>'
        )

    @staticmethod
    def _band(of: str, bands: Sequence[Band], story: Story, begin: float, end: float) -> str:
        scale = 1000 / (end - begin)
        drawn = []
        for band in bands:
            from_s, to_s = max(begin, band.from_s), min(end, end if band.to_s is None else band.to_s)
            if to_s > from_s:
                level = band.level if band.level.isidentifier() else "other"
                drawn.append(
                    f'<rect class="level {of}-{level}" x="{(from_s - begin) * scale:.1f}" y="2" '
                    f'width="{max(1.5, (to_s - from_s) * scale):.1f}" height="16"/>'
                )
        lines = "".join(
            f'<line class="step" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="20"/>'
            for step in story.steps
            if begin <= step.since_s <= end and (x := (step.since_s - begin) * scale) >= 0
        )
        return f'<svg viewBox="0 0 1000 20" preserveAspectRatio="none">{"".join(drawn)}{lines}</svg>'

    # --- moments -----------------------------------------------------------------------------------

    def moments(self, story: Story, picture: Picture | None, jump: bool = False) -> str:
        """Every moment, with its pictures in their places. `jump`: each can be shown in the film."""
        shots = {shot.name: shot for shot in story.shots}
        lines = [self._moment(moment, shots, picture, jump) for moment in story.moments]
        return f'<ol class="timeline" id="moments">{"".join(lines)}</ol>'

    def _moment(self, moment: Moment, shots: dict[str, Shot], picture: Picture | None, jump: bool) -> str:
        w, t = self._w, self._t
        kind = _colour_of(moment.kind)
        reasons = "".join(f"<li>{escape(line)}</li>" for line in t.reasons(moment))
        show = ""
        if jump:
            label = f"{w.show}: {t.since(moment.since_s)}"
            show = (
                f'<button type="button" class="small quiet" data-at="{moment.since_s:.2f}" hidden '
                f'aria-label="{escape(label)}">▶</button>'
            )
        seen = "" if picture is None else self._shown(moment, shots, picture)
        return (
            f'<li class="{kind} k-{moment.kind.value}" data-since="{moment.since_s:.2f}">'
            f"<time>{escape(t.clock(moment.wall_s))}<small>{escape(t.since(moment.since_s))}</small></time>"
            f'<div><p><span class="tag">{escape(w.kinds.of(moment.kind))}</span> '
            f"{escape(t.moment(moment))}{show}</p>"
            f"{f'<ul class=reasons>{reasons}</ul>' if reasons else ''}{seen}</div></li>"
        )

    def _shown(self, moment: Moment, shots: dict[str, Shot], picture: Picture) -> str:
        """Some of the pictures that a line names: those that show a reason, else evenly out of all."""
        named = [shots[name] for name in moment.pictures if name in shots]
        drawn = [shot for shot in named if shot.drawn]
        chosen = drawn or thinned(named, SHOWN_MOST)
        found = [(shot, address) for shot in chosen if (address := picture(shot))]
        if not found:
            return ""
        size = "shots drawn" if drawn else "shots"
        return f'<div class="{size}">{"".join(self.image(*one) for one in found)}</div>'

    def image(self, shot: Shot, address: str) -> str:
        """One picture with what it shows."""
        return (
            f'<img src="{escape(address)}" alt="{escape(self.alt(shot))}" loading="lazy" '
            f'width="640" height="480">'
        )

    def alt(self, shot: Shot) -> str:
        """What a picture shows, for who cannot see it."""
        w, t = self._w, self._t
        if shot.drawn:
            return w.reason_alt.format(time=t.clock(shot.wall_s), why=t.happened(shot.why))
        return w.picture_alt.format(time=t.clock(shot.wall_s), since=t.since(shot.since_s))

    def lacks(self, story: Story) -> str:
        """What the record does not tell; empty where it lacks nothing."""
        lines = "".join(f"<li>{escape(self._w.lacks.of(lack))}</li>" for lack in story.lacks)
        return f"<ul>{lines}</ul>" if lines else ""


def thinned(shots: Sequence[Shot], most: int) -> list[Shot]:
    """At most so many of them, the first and the last among them, as even as it goes."""
    if len(shots) <= most:
        return list(shots)
    return [shots[index * (len(shots) - 1) // (most - 1)] for index in range(most)]


def _colour_of(kind: Kind) -> str:
    """The class of a moment's dot."""
    match kind:
        case Kind.ANOMALY | Kind.FAULT:
            return "bad"
        case Kind.SIREN:
            return "warn"
        case Kind.MARK:
            return "judged"
        case Kind.DOOR:
            return "door"
        case (
            Kind.STATE
            | Kind.FACT
            | Kind.ANOMALY_ENDED
            | Kind.MESSAGE
            | Kind.PROMPT
            | Kind.KEY
            | Kind.PERMIT
            | Kind.CONTACT
            | Kind.PICTURES
            | Kind.OTHER
        ):
            return "calm"
        case _:
            assert_never(kind)
