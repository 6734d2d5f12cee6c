"""Where each part of the bench page stands: sections that fold, in columns where there is room."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from edge.bench.page.hand_parts import phone_name
from edge.bench.page.time_parts import faults_id
from edge.bench.page.tongue import Tongue
from edge.bench.wire import FaultGroup


def frame(parts: Mapping[str, str], tongue: Tongue) -> str:
    """All parts in their places; every part of `parts` has its element."""
    w = tongue.own
    place = _Places(parts)
    groups = "".join(
        f'<details class="group" data-group><summary><h3>{escape(w.groups.of(group.value))}</h3></summary>'
        f"{place.part(faults_id(group))}</details>"
        for group in FaultGroup
    )
    phones = "".join(
        f'<article class="phone" aria-label="{escape(w.phone_of.format(who=phone_name(who, tongue)))}">'
        f"<h3>{escape(phone_name(who, tongue))}</h3>"
        f"{place.part(f'phone-{part}')}{place.part(f'write-{part}')}</article>"
        for who, part in _phones(parts)
    )
    see = _card("cabin-card", w.cabin, place.part("cabin") + place.part("sounds"))
    see += _card("coming-card", w.next, place.part("coming"))
    hands = _card("keypad-card", w.keypad, place.part("keypad"))
    hands += _card("phones-card", w.phones, f'<div class="phones">{phones}</div>')
    stage = "".join(place.part(name) for name in ("enter", "people", "scenery", "source"))
    scene = _card("picture-card", w.picture, place.part("picture")) + _card("stage-card", w.stage, stage)
    low = _card("contacts-card", w.contacts, place.part("contacts"))
    low += _card("faults-card", w.faults, place.part("faults-on") + place.part("search") + groups)
    low += _card("stories-card", w.stories, place.part("story") + place.part("story-forms"))
    low += _card("states-card", w.states, place.part("states"))
    low += _card("log-card", w.log, place.part("prompt") + place.part("log"))
    return (
        f'<div class="bench"><div class="bench-see">{see}</div><div class="bench-hands">{hands}</div>'
        f'<div class="bench-scene">{scene}</div>'
        f'<div class="bench-low">{low}</div>{place.rest()}</div>'
    )


def _phones(parts: Mapping[str, str]) -> list[tuple[str, str]]:
    """(who, the end of its parts' ids) of every telephone."""
    ends = [name.removeprefix("phone-") for name in parts if name.startswith("phone-")]
    return [(end.replace("-", "_"), end) for end in ends]


def _card(name: str, title: str, inner: str) -> str:
    return (
        f'<section class="card fold" id="{name}"><details open><summary><h2>{escape(title)}</h2></summary>'
        f'<div class="inside">{inner}</div></details></section>'
    )


class _Places:
    """Gives each part its element, once."""

    def __init__(self, parts: Mapping[str, str]) -> None:
        self._left = dict(parts)

    def part(self, name: str) -> str:
        return f'<div id="{escape(name)}" class="part">{self._left.pop(name, "")}</div>'

    def rest(self) -> str:
        """What has no place of its own."""
        return "".join(self.part(name) for name in tuple(self._left))
