"""The steps with hands on the cabin: outputs, keys, contacts."""

from __future__ import annotations

from html import escape
from typing import Final

from edge.faults.fault import FaultError
from edge.loop.commission_view import CommissionView
from edge.loop.watching import View
from edge.panel.commission.pieces import ACTS, button, not_vacant, step, when_down
from edge.panel.commission.scene import Scene, Tongue
from edge.panel.commission.walk import Attempt, Seen, WalkStep
from edge.terms.commission import Tried, trial_most_s
from edge.web.pieces import note
from hw.ports import Input
from hw.wiring import ContactKind

TRY_S: Final = 5.0
RELAY_TRY_S: Final = 3.0
KEYS: Final = ("123", "456", "789", "*0#")
FOURTH: Final = "ABCD"
"""A keypad with a fourth column has these at its right."""

_RELAYS: Final = (Tried.LOCK, Tried.PERMIT)


def seconds_of(output: Tried) -> float:
    """How long an output is tried from this page."""
    return min(trial_most_s(output), RELAY_TRY_S if output in _RELAYS else TRY_S)


def outputs(scene: Scene, tongue: Tongue) -> str:
    if isinstance(scene.standing, FaultError):
        return step(WalkStep.OUTPUTS, scene, tongue, when_down(scene, tongue))
    rows = "".join(_output(output, scene, scene.standing, tongue) for output in Tried)
    return step(
        WalkStep.OUTPUTS, scene, tongue, f'{not_vacant(scene, tongue)}<ul class="outputs">{rows}</ul>'
    )


def _output(output: Tried, scene: Scene, standing: CommissionView, tongue: Tongue) -> str:
    w, site = tongue.acts, tongue.site
    name = site.outputs.of(output.value)
    tried = scene.walk.outputs.get(output.value, Attempt())
    seconds = seconds_of(output)
    runs = standing.trial.output == output.value
    refused = standing.not_tried.get(output.value, "")
    label = w.try_again if tried.times else w.try_it.format(seconds=f"{seconds:g}")
    act = button(
        "try",
        label,
        {"output": output.value},
        kind="primary",
        ask=w.lock_again if output is Tried.LOCK and tried.times else "",
        off=bool(refused) or runs,
        name=f"{name}: {label}",
    )
    if runs:
        left = f"{standing.trial.left_s:.0f}"
        state = f'<span class="pill warn">{escape(w.trying.format(output=name, seconds=left))}</span>'
    elif tried.worked is not None:
        mark, words = ("good", f"✓ {w.worked}") if tried.worked else ("bad", f"✕ {w.not_worked}")
        state = f'<span class="pill {mark}">{escape(words)}</span>'
    else:
        words = w.times_tried.format(count=tried.times) if tried.times else w.never_tried
        state = f'<span class="soft">{escape(words)}</span>'
    lines = []
    if tried.times or runs:
        fields = {"output": output.value}
        yes = button(
            "worked", tongue.frame.yes, {**fields, "worked": "yes"}, name=f"{name}: {tongue.frame.yes}"
        )
        no = button("worked", tongue.frame.no, {**fields, "worked": "no"}, name=f"{name}: {tongue.frame.no}")
        lines.append(f'<p class="look">{escape(site.look_for.of(output.value))}</p>')
        lines.append(f'<div class="actions">{yes}{no}</div>')
    if refused and not runs:
        lines.append(f'<p class="why">{escape(site.not_tried.of(refused))}</p>')
    if standing.trial.last == output.value and not runs:
        words = w.ended.format(why=site.ends.of(standing.trial.ended))
        lines.append(note(words))
    return (
        f'<li data-key="output-{output.value}" class="{"runs" if runs else ""}">'
        f"<h3>{escape(name)}</h3><div>{state}</div>{act}<div>{''.join(lines)}</div></li>"
    )


def stop_bar(scene: Scene, tongue: Tongue) -> str:
    """What is on trial, and the one button that ends it: always there, and never asking."""
    w = tongue.acts
    trial = "" if isinstance(scene.standing, FaultError) else scene.standing.trial.output
    if trial and isinstance(scene.standing, CommissionView):
        name = tongue.site.outputs.of(trial)
        said = w.trying.format(output=name, seconds=f"{scene.standing.trial.left_s:.0f}")
    else:
        said = w.nothing_on
    mark = "runs" if trial else ""
    return (
        f'<p class="{mark}">{escape(said)}</p><form method="post" action="{ACTS}/stop" data-act data-now>'
        f'<button class="danger stop">{escape(w.stop)}</button></form>'
    )


# --- keys ------------------------------------------------------------------------------------------


def keypads(scene: Scene) -> dict[str, tuple[str, ...]]:
    """The keypads that are fitted, by the kiosk's names, each row of their keys."""
    wiring = scene.settings.wiring
    found = {"keypad": _rows(len(wiring.keypad.columns))}
    if wiring.customer_keypad.fitted:
        found["customer_keypad"] = _rows(len(wiring.customer_keypad.columns))
    return found


def _rows(columns: int) -> tuple[str, ...]:
    return tuple(row + (FOURTH[at] if columns > len(row) else "") for at, row in enumerate(KEYS))


def keys(scene: Scene, tongue: Tongue) -> str:
    w = tongue.acts
    content = [when_down(scene, tongue)]
    for pad, rows in keypads(scene).items():
        title = w.watchman_keypad if pad == "keypad" else w.customer_keypad
        read = {name for name in scene.walk.keys if name.startswith(f"{pad} ")}
        cells, count = [], 0
        for key in "".join(rows):
            lit = f"{pad} {key}" in read
            count += lit
            said = w.key_read if lit else w.key_not_read
            cells.append(
                f'<li class="{"lit" if lit else ""}" data-key="{pad}-{escape(key)}">{escape(key)}'
                f'<span class="unseen"> {escape(said)}</span></li>'
            )
        total = w.keys_seen.format(count=count, most=len(cells))
        content.append(
            f"<h3>{escape(title)}</h3><p>{escape(total)}</p>"
            f'<ul class="keypad columns-{len(rows[0])}">{"".join(cells)}</ul>'
        )
    content.append(note(w.keys_why))
    return step(WalkStep.KEYS, scene, tongue, "".join(content))


# --- contacts --------------------------------------------------------------------------------------


def contacts(scene: Scene, tongue: Tongue) -> str:
    w, page = tongue.acts, tongue.language.page
    if not isinstance(scene.view, View):
        return step(WalkStep.CONTACTS, scene, tongue, when_down(scene, tongue))
    rows = []
    for name, one in scene.view.inputs.items():
        seen = scene.walk.contacts.get(name, Seen())
        if not one.fitted:
            level, mark = page.not_fitted, ""
        else:
            moved = (page.open if one.active else page.closed) if name == Input.DOOR.value else None
            level = moved or (page.active if one.active else page.quiet)
            words, colour = (f"✓ {w.both}", "good") if seen.both else (w.one_missing, "soft")
            mark = f'<span class="pill {colour}">{escape(words)}</span>'
        rows.append(
            f'<tr data-key="contact-{escape(name)}" class="{"on" if one.active and one.fitted else ""}">'
            f'<th scope="row">{escape(page.contacts.of(name))}</th>'
            f'<td data-name="{escape(w.now)}">{escape(level)}</td>'
            f'<td data-name="{escape(w.seen_in)}"><div>{mark}</div></td></tr>'
        )
    heads = "".join(f'<th scope="col">{escape(word)}</th>' for word in (w.contact, w.now, w.seen_in))
    wiring = scene.settings.wiring
    open_ones = [
        page.contacts.of(name.value)
        for name in Input
        if wiring.contact(name).fitted and wiring.contact(name).contact is ContactKind.NORMALLY_OPEN
    ]
    more = note(w.cut_wire_open.format(names=", ".join(open_ones))) if open_ones else ""
    table = (
        f'<table class="list contacts"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )
    waits = not_vacant(scene, tongue)
    return step(WalkStep.CONTACTS, scene, tongue, f"{waits}{table}{note(w.cut_wire)}{more}")
