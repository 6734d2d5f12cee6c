"""Pieces of HTML that several steps share; every value is escaped here."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from edge.faults.catalogue import CATALOGUE
from edge.faults.fault import FaultError
from edge.loop.commission_view import CommissionView
from edge.panel.commission.scene import COMMAND, Scene, Tongue
from edge.panel.commission.walk import Judged, WalkStep
from edge.terms.marks import NOTE_MOST

ACTS = "/commission"
PICTURE = f"{ACTS}/picture"
"""Below it the newest picture of each camera: `/commission/picture/face.jpg`."""

CHECKLIST = "checklist"
"""The last step; nobody judges it, it is signed."""

CHECKLIST_PATH = f"{ACTS}#{CHECKLIST}"
PRINT_PATH = f"{ACTS}/print"

MARKS = {Judged.OPEN: "", Judged.OK: "✓", Judged.FAILED: "✕", Judged.SKIPPED: "–"}
COLOURS = {Judged.OPEN: "", Judged.OK: "good", Judged.FAILED: "bad", Judged.SKIPPED: "soft"}


def button(
    act: str,
    label: str,
    fields: Mapping[str, str] | None = None,
    *,
    kind: str = "",
    ask: str = "",
    off: bool = False,
    name: str = "",
) -> str:
    """A form of one button: acts at once, or asks the sentence `ask` first. `name`: for a screen reader."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(key)}" value="{escape(value)}">'
        for key, value in (fields or {}).items()
    )
    confirm = f' data-confirm="{escape(ask)}"' if ask else ""
    named = f' aria-label="{escape(name)}"' if name else ""
    return (
        f'<form method="post" action="{ACTS}/{act}" data-act{confirm}>{hidden}'
        f'<button class="{kind}"{named}{" disabled" if off else ""}>{escape(label)}</button></form>'
    )


def fault(code: str, detail: str = "") -> str:
    """A fault by its code, with cause and remedy from the catalogue."""
    known = CATALOGUE.get(code)
    more = f" ({escape(detail)})" if detail else ""
    if known is None:
        return f'<p class="problem"><code>{escape(code)}</code>{more}</p>'
    return (
        f'<div class="fault"><p><code>{escape(code)}</code></p><p lang="en">{escape(known.cause)}{more}</p>'
        f'<p lang="en">{escape(known.remedy)}</p></div>'
    )


def step(which: WalkStep, scene: Scene, tongue: Tongue, content: str) -> str:
    """One step: its title, what to do, its content, and the technician's word on it."""
    w = tongue.frame
    lead = w.leads.of(which.value).format(minutes=f"{scene.settings.flow.fire_clear_s / 60:g}")
    return (
        f"<h2>{escape(w.titles.of(which.value))}</h2>"
        f'<p class="lead">{escape(lead)}</p>{content}{judging(which, scene, tongue)}'
    )


def judging(which: WalkStep, scene: Scene, tongue: Tongue) -> str:
    """The form in which the technician says how a step came out."""
    w, mark = tongue.frame, scene.mark(which)
    buttons = "".join(
        f'<button name="judged" value="{one.value}" class="{COLOURS[one]}" '
        f'aria-pressed="{"true" if one is mark.judged else "false"}">{MARKS[one]} '
        f"{escape(w.judged.of(one.value))}</button>"
        for one in (Judged.OK, Judged.FAILED, Judged.SKIPPED)
    )
    field = f"note-{which.value}"
    return (
        f'<form method="post" action="{ACTS}/mark" data-act class="judge">'
        f'<input type="hidden" name="step" value="{which.value}"><fieldset>'
        f"<legend>{escape(w.judge)}</legend>"
        f'<p class="row">{buttons}</p><p class="row"><label for="{field}">{escape(w.note)}</label>'
        f'<input id="{field}" name="note" type="text" maxlength="{NOTE_MOST}" autocomplete="off" '
        f'value="{escape(mark.note)}"></p></fieldset></form>{_next(which, scene, tongue)}'
    )


def _next(which: WalkStep, scene: Scene, tongue: Tongue) -> str:
    """The way on to the step after it, the checklist after the last."""
    steps = [one.value for one in scene.steps] + [CHECKLIST]
    after = steps[steps.index(which.value) + 1]
    words = tongue.frame.next.format(step=tongue.frame.steps.of(after))
    return f'<p class="next"><a class="button" href="#{after}">{escape(words)} →</a></p>'


def why_not_vacant(standing: CommissionView | FaultError, tongue: Tongue) -> str:
    """Why a cabin without a visit is not vacant and for how long; empty where nothing is known of it."""
    if isinstance(standing, FaultError) or not standing.not_vacant:
        return ""
    said = tongue.site.not_vacant.of(standing.not_vacant)
    if standing.vacant_in_s is None:
        return said
    return f"{said} {tongue.site.vacant_in.format(seconds=f'{standing.vacant_in_s:.0f}')}"


def not_vacant(scene: Scene, tongue: Tongue) -> str:
    """The same as a notice, before what is refused until then."""
    why = why_not_vacant(scene.standing, tongue)
    if not why:
        return ""
    words = f"{tongue.site.not_tried.not_vacant} {why}"
    return f'<p class="notice warn">{escape(words)}</p>'


def when_down(scene: Scene, tongue: Tongue) -> str:
    """What is said while the kiosk does not answer; empty where it does."""
    if scene.over:
        return f'<p class="problem">{escape(tongue.frame.over.format(command=COMMAND))}</p>'
    if isinstance(scene.standing, FaultError):
        return f'<p class="problem">{escape(tongue.frame.down)}</p>' + fault(scene.standing.code)
    return ""
