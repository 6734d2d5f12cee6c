"""What stands there: head with the plug, the drawn cabin with its facts and words, and the states."""

from __future__ import annotations

from html import escape
from typing import Final

from edge.bench.page.diagram import diagram_svg, ways_out
from edge.bench.page.drawing import cabin_svg
from edge.bench.page.pieces import PLUG, button, form
from edge.bench.page.scene import Figure, Scene
from edge.bench.page.time_parts import left
from edge.bench.page.tongue import Tongue
from edge.bench.wire import BenchView
from edge.cabin.state import Mode
from edge.web.pieces import english, note

FRESH_KEY_S: Final = 1.5


def head(view: BenchView, tongue: Tongue, trouble: str = "") -> str:
    """State in large letters, what it means, and what may be done to the whole: plug, restart, release."""
    w = tongue.own
    if view.booting and view.plugged:
        title, means = w.booting, escape(w.booting_means)
    elif view.powered and view.trial is not None:
        seconds = left(view.trial.left_s, tongue)
        title = w.trying.format(output=tongue.outputs.of(view.trial.output.value))
        means = f"{escape(w.trying_means)} {seconds}"
    elif view.powered:
        title, means = tongue.mode(view.state), escape(tongue.page.meanings.of(view.state))
    else:
        title, means = w.off, escape(w.off_means)
    plug = (
        button("out", w.plug_out, kind="danger", name="plug")
        if view.plugged
        else button("in", w.plug_in, kind="primary", name="plug")
    )
    more = button("restart", w.restart) + button("release", w.release) if view.powered else ""
    means = f'<p class="means">{means}</p>' if means else ""
    said = f'<p class="trouble" role="alert">{escape(trouble)}</p>' if trouble else ""
    return (
        f'<div class="bench-head"><div><h1>{escape(title)}</h1>{means}{said}</div>'
        f'<div class="actions">{form(plug, PLUG, now=True)}{form(more) if more else ""}'
        f'<button type="button" class="sound-switch" aria-pressed="false" data-on="{escape(w.sound_off)}" '
        f'data-off="{escape(w.sound_on)}" title="{escape(w.sound_note)}" hidden>{escape(w.sound_on)}</button>'
        "</div></div>"
    )


def scene_of(view: BenchView) -> Scene:
    """What is drawn of a view."""
    out, stage = view.outputs, view.stage
    active = frozenset(one.name for one in view.contacts if one.active)
    lit = (("green", out.green), ("amber", out.amber), ("red", out.red))
    last_key = max((one.at_s for one in view.happenings if one.words.startswith("key touched")), default=None)
    return Scene(
        powered=view.powered,
        locked=out.locked,
        door_open="door" in active,
        permit=out.permit,
        sound=out.pattern,
        lit=frozenset(colour for colour, on in lit if on),
        speaking=out.said is not None and out.said.speaking,
        figures=tuple(
            Figure(
                one.name,
                one.covers,
                "still" if one.photo == "on" else one.photo,
                one.turned,
                one.crouching,
                one.leaving,
            )
            for one in stage.people
        ),
        active=active,
        dead=frozenset(one.name for one in view.contacts if one.wire),
        lights=stage.light or "on",
        lens=stage.lens or "clear",
        camera_alive=stage.alive and not stage.ended,
        front=stage.front or "whole",
        touched=last_key is not None and view.time_s - last_key < FRESH_KEY_S,
        staged=stage.directed,
    )


def cabin(view: BenchView, tongue: Tongue) -> str:
    """The drawing, the last words of the loudspeaker, and every output in words."""
    facts = _facts(view, tongue)
    label = "; ".join(f"{name}: {value}" for name, value, _ in facts)
    rows = "".join(
        f'<div class="{kind}"><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>'
        for name, value, kind in facts
    )
    return f'{cabin_svg(scene_of(view), label)}{_said(view, tongue)}<dl class="facts">{rows}</dl>'


def _facts(view: BenchView, tongue: Tongue) -> list[tuple[str, str, str]]:
    """(name, value in words, class) of what can be seen."""
    w, out, stage = tongue.own, view.outputs, view.stage
    door_open = any(one.name == "door" and one.active for one in view.contacts)
    door = (
        f"{w.door_open if door_open else w.door_closed}, {w.door_locked if out.locked else w.door_unlocked}"
    )
    sound = {"off": w.silent_siren, "beeps": w.beeps, "siren": w.sirens}.get(out.pattern, out.pattern)
    lit = [name for name, on in ((w.green, out.green), (w.amber, out.amber), (w.red, out.red)) if on]
    people = [_person_words(one.name, one.covers, tongue) for one in stage.people]
    return [
        (w.door, door, "bad" if out.locked else "good"),
        (w.machine, w.machine_on if out.permit else w.machine_off, "good" if out.permit else ""),
        (w.siren, sound, "" if out.pattern == "off" else "bad"),
        (w.lamps, ", ".join(lit) or w.no_lamp, ""),
        *([(w.inside, "; ".join(people) or w.nobody, "inside-row")] if stage.directed else []),
    ]


def _person_words(name: str, covers: tuple[str, ...], tongue: Tongue) -> str:
    if not covers:
        return name
    worn = ", ".join(tongue.page.covers.of(cover) for cover in covers)
    return tongue.own.with_covers.format(name=name, covers=worn)


def _said(view: BenchView, tongue: Tongue) -> str:
    said = view.outputs.said
    if said is None or not said.text:
        return (
            f'<p class="bubble quiet"><span>{escape(tongue.own.said)}</span> '
            f"{escape(tongue.own.said_nothing)}</p>"
        )
    speaking = " speaking" if said.speaking else ""
    return (
        f'<p class="bubble{speaking}"><span>{escape(tongue.own.said)}</span> <q>{escape(said.text)}</q></p>'
    )


def sounds(view: BenchView, tongue: Tongue) -> str:
    """For the script: what the sounder plays, the words that are being said, and how seconds are written."""
    said = view.outputs.said
    files, text = ("", "") if said is None or not said.speaking else (" ".join(said.files), said.text)
    return (
        f'<span id="bench-sound" data-pattern="{escape(view.outputs.pattern)}" data-files="{escape(files)}" '
        f'data-text="{escape(text)}" data-seconds="{escape(tongue.own.seconds)}"></span>'
    )


def last_way(view: BenchView) -> tuple[str, str] | None:
    """The last change of state among what happened: from, to."""
    for line in reversed(view.happenings):
        if line.kind == "state" and " → " in line.words:
            source, _, to = line.words.partition(" → ")
            return source.lower(), to.lower()
    return None


def states(view: BenchView, tongue: Tongue) -> str:
    """The diagram, the last way gone, and where the table leads from here."""
    w, last = tongue.own, last_way(view)
    known = {mode.value for mode in Mode}
    label = f"{w.states}: {tongue.mode(view.mode)}"
    way = "" if last is None else w.last_way.format(source=tongue.mode(last[0]), to=tongue.mode(last[1]))
    out = "".join(
        f"<li><strong>→ {escape(tongue.mode(to))}</strong> {english('; '.join(words))}</li>"
        for to, words in ways_out(view.mode)
    )
    drawn = diagram_svg(view.mode, last if last and set(last) <= known else None, tongue.mode, label)
    here = (
        f'<details class="ways-from" data-key="ways-from"><summary>{escape(w.ways_from_here)}</summary>'
        f'<ul class="ways-out">{out}</ul></details>'
        if out
        else ""
    )
    return f"{drawn}{note(way) if way else ''}{here}"
