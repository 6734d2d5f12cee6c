"""What is directed: the people on stage with all covers, light, lens, front, cards, source of pictures."""

from __future__ import annotations

from html import escape
from typing import Final

from edge.bench.page.pieces import ENTER, button, choice, field, form
from edge.bench.page.scene import COVERS, FRONTS, LENSES, LIGHTS, OWNERS, SIDES
from edge.bench.page.tongue import Tongue
from edge.bench.wire import BenchView, PersonSeen
from edge.web.pieces import note

SOURCE: Final = "/bench/source"
JUMPS_S: Final = (-3600, -60, 60, 3600)


def enter(tongue: Tongue) -> str:
    """Who comes in, with what on: never changes, so that nobody is disturbed while writing."""
    w = tongue.own
    boxes = "".join(
        f'<label class="check"><input type="checkbox" name="with_{escape(cover)}" value="on">'
        f"{escape(tongue.page.covers.of(cover))}</label>"
        for cover in COVERS
    )
    named = field("enter-name", w.name, more=' value="anna" maxlength="30" required')
    return form(
        f'{named}<button class="primary">{escape(w.enter)}</button>'
        f'<fieldset><legend>{escape(w.wearing)}</legend><span class="checks">{boxes}</span></fieldset>',
        ENTER,
        "enter",
    )


def people(view: BenchView, tongue: Tongue) -> str:
    """Everybody on stage, and what they can be told to do."""
    w = tongue.own
    if not view.stage.directed:
        return note(w.only_staged)
    if not view.stage.people:
        return note(f"{w.inside}: {w.nobody}")
    return form("".join(_person(one, tongue) for one in view.stage.people))


def _person(one: PersonSeen, tongue: Tongue) -> str:
    w, s, name = tongue.own, tongue.own.stages, one.name
    if one.leaving:
        return (
            '<div class="person-row" role="group" '
            f'aria-label="{escape(name)}"><h3>{escape(name)}</h3> {escape(w.leaving)}</div>'
        )
    covers = "".join(
        button(
            f"{cover} {'off' if cover in one.covers else 'on'} {name}",
            tongue.page.covers.of(cover),
            pressed=cover in one.covers,
        )
        for cover in COVERS
    )
    looks = choice(w.looks, [(f"turn {side} {name}", s.of(side), one.turned == side) for side in SIDES])
    photos = (("off", s.no_photo), ("on", s.photo), ("held", s.held))
    photo = choice(w.photo, [(f"photo {how} {name}", label, one.photo == how) for how, label in photos])
    pose = button(f"{'stand' if one.crouching else 'crouch'} {name}", s.stand if one.crouching else s.crouch)
    return (
        f'<div class="person-row" role="group" aria-label="{escape(name)}"><h3>{escape(name)}</h3>'
        f'<span class="moves">{button(f"leave {name}", w.leave, kind="primary")}{pose}</span>'
        f'<span class="choices">{covers}</span>{looks}{photo}</div>'
    )


def scenery(view: BenchView, tongue: Tongue) -> str:
    """Light, lens and the machine's front; cards where a machine says whose card it has."""
    w, s, stage = tongue.own, tongue.own.stages, view.stage
    inner = ""
    if stage.directed:
        inner += choice(w.light, [(f"lights {level}", s.of(level), stage.light == level) for level in LIGHTS])
        inner += choice(w.lens, [(f"camera {lens}", s.of(lens), stage.lens == lens) for lens in LENSES])
        inner += choice(
            w.machine_front, [(f"front {front}", s.of(front), stage.front == front) for front in FRONTS]
        )
        inner += f'<span class="choices">{button("front taught", s.taught)}</span>'
    for machine in view.machines:
        claims = "".join(button(f"claim {who} {machine.name}", f"{w.claim}: {who}") for who in OWNERS)
        inner += (
            f'<div class="choice" role="group" aria-label="{escape(machine.name)}"><span class="choice-name" '
            f'aria-hidden="true">{escape(machine.name)}</span><span class="choices">{claims}'
            f"{button('code', w.claim_code)}{button(f'end {machine.name}', w.claim_end)}</span></div>"
        )
    inner += choice(w.jump, [(f"clock {by_s:+d}", f"{by_s:+d}", None) for by_s in JUMPS_S])
    return form(inner)


def source(tongue: Tongue) -> str:
    """Where pictures come from: never changes, what is chosen stands in the scenery."""
    w, s = tongue.own, tongue.own.stages
    options = "".join(
        '<label class="check"><input type="radio" name="kind" '
        f'value="{kind}"{" checked" if kind == "staged" else ""}>'
        f"{escape(s.of(kind))}</label>"
        for kind in ("staged", "webcam", "clip")
    )
    where = field("source-where", w.device, more=' maxlength="300"')
    return form(
        f"<fieldset><legend>{escape(w.source)}</legend><span "
        f'class="checks">{options}</span></fieldset>{where}'
        f"<button>{escape(w.change)}</button>",
        SOURCE,
        "source",
    )
