"""The commissioning page as it is now: its parts, their frame, and what they are made of."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from html import escape
from typing import Final

import msgspec

from edge.faults.fault import FaultError
from edge.loop.commission_view import CommissionView
from edge.loop.watching import View
from edge.panel.commission.closing import checklist, clock, printed, selftest
from edge.panel.commission.draw import drawing
from edge.panel.commission.enrol import enrol
from edge.panel.commission.link import DrawnView, Link
from edge.panel.commission.looking import aim
from edge.panel.commission.people import people
from edge.panel.commission.pieces import CHECKLIST, MARKS
from edge.panel.commission.references import references
from edge.panel.commission.scene import COMMAND, Scene, Tongue
from edge.panel.commission.trying import contacts, keys, outputs, stop_bar
from edge.panel.commission.walk import Walk, WalkStep
from edge.panel.sources import Sources
from edge.pictures.ring import RingPicture
from edge.settings.schema import Settings
from edge.web.exchange import Live
from edge.web.pieces import progress
from edge.web.shell import part
from edge.words.languages import words_of
from edge.words.pages.commission import commission_words
from edge.words.pages.commission_acts import act_words
from edge.words.pages.commission_draw import draw_words
from edge.words.pages.commission_site import site_words

OVER: Final = "over"
"""The page's state after the commissioning: the sheet takes away every button but the one that stops."""


def tongue_of(settings: Settings) -> Tongue:
    """The words in the cabin's language."""
    name = settings.cabin.language
    return Tongue(words_of(name), commission_words(name), act_words(name), draw_words(name), site_words(name))


def shown(settings: Settings) -> Settings:
    """The settings with the live picture: who commissions a kiosk has to see what its cameras see."""
    panel = msgspec.structs.replace(settings.panel, live=True)
    return msgspec.structs.replace(settings, panel=panel)


class CommissionPage:
    """One page for one kiosk. `left_s` says how long it stays open, `who` is offered as the name to sign."""

    def __init__(
        self, sources: Sources, link: Link, walk: Walk, left_s: Callable[[], float], who: str
    ) -> None:
        self.sources = sources
        self.link = link
        self.walk = walk
        self.tongue = tongue_of(sources.settings)
        self._left_s = left_s
        self.who = who
        self._drawn: DrawnView | None = None

    def scene(self) -> Scene:
        """Everything as it is now; what contacts and keys show is added to the walk."""
        view, standing = self.sources.kiosk(), self.link.standing()
        self.walk.watch(view if isinstance(view, View) else None, time.monotonic())
        if isinstance(standing, CommissionView):
            self.walk.keys_touched(
                tuple(f"{pad} {key}" for pad, all_ in standing.keys.items() for key in all_)
            )
        return Scene(
            settings=self.sources.settings,
            view=view,
            standing=standing,
            walk=self.walk.kept,
            tests=self.sources.tests,
            pictures=self._pictures(view),
            aims=self.link.aims(),
            drawn=self._last_drawn(),
            learning=self.link.learning(),
            enrolling=self.link.enrolling() if self.sources.settings.identity.enabled else None,
            left_s=self._left_s(),
        )

    def clock(self, wall_s: float) -> str:
        """A time on the cabin's clock."""
        return clock(self.sources.settings, wall_s)

    def pictures(self) -> dict[str, RingPicture]:
        """The newest picture of each camera that the kiosk looks through."""
        return self._pictures(self.sources.kiosk())

    def _pictures(self, view: View | FaultError) -> dict[str, RingPicture]:
        if not isinstance(view, View):
            return {}
        found = {name: self.sources.live(name, seen.at_s) for name, seen in sorted(view.seen.items())}
        return {name: picture for name, picture in found.items() if picture is not None}

    def _last_drawn(self) -> DrawnView | FaultError:
        """What is drawn, or what the kiosk said last: nobody loses an editor because it does not answer."""
        found = self.link.drawn()
        if isinstance(found, DrawnView):
            self._drawn = found
        return found if self._drawn is None else self._drawn

    # --- the page ----------------------------------------------------------------------------------

    def now(self) -> Live:
        scene, tongue = self.scene(), self.tongue
        parts = {
            "head": _head(scene, tongue),
            "rail": _rail(scene, tongue),
            WalkStep.AIM.value: aim(scene, tongue),
            WalkStep.DRAW.value: drawing(scene, tongue),
            WalkStep.REFERENCES.value: references(scene, tongue),
            WalkStep.OUTPUTS.value: outputs(scene, tongue),
            WalkStep.KEYS.value: keys(scene, tongue),
            WalkStep.CONTACTS.value: contacts(scene, tongue),
            WalkStep.PEOPLE.value: people(scene, tongue),
            WalkStep.ENROL.value: enrol(scene, tongue),
            WalkStep.SELFTEST.value: selftest(scene, tongue),
            CHECKLIST: checklist(scene, tongue, self.who),
            "stop": stop_bar(scene, tongue),
        }
        state = scene.view.state if isinstance(scene.view, View) else "down"
        told = tongue.frame.down if isinstance(scene.standing, FaultError) else ""
        if scene.over:
            state, told = OVER, tongue.frame.over.format(command=COMMAND)
        return Live(f"{self.sources.settings.cabin.name}: {tongue.frame.title}", state, told, parts)

    def frame(self, parts: Mapping[str, str]) -> str:
        """The rail beside the steps, and the button that stops below both.

        Before them what the sheet shows as soon as this program does not answer any more.
        """
        gone = escape(self.tongue.frame.gone.format(command=COMMAND))
        steps = "\n".join(
            part(name, html, "card step") for name, html in parts.items() if name not in ("rail", "stop")
        )
        words = escape(self.tongue.frame.rail)
        return (
            f'<p class="notice bad gone" role="alert">{gone}</p><div class="walk cards">'
            f'<nav id="rail" aria-label="{words}">{parts["rail"]}</nav>'
            f'<div class="steps">{steps}</div></div><div id="stop">{parts["stop"]}</div>'
        )

    def printed(self) -> Live | None:
        """The signed checklist for printing; None where none is signed."""
        scene = self.scene()
        if scene.walk.signed is None:
            return None
        title = f"{self.tongue.frame.title}: {self.sources.settings.cabin.name}"
        return Live(title, parts={"sheet": printed(scene, self.tongue, scene.walk.signed)})


def _head(scene: Scene, tongue: Tongue) -> str:
    w = tongue.frame
    done = len(scene.steps) - len(scene.still_open)
    count = w.progress.format(done=done, count=len(scene.steps))
    left = w.left.format(minutes=f"{scene.left_s / 60:.0f}")
    said = f'<span class="soft staying">{escape(left)}</span>'
    over = ""
    if scene.over:
        said, over = "", f'<p class="notice bad">{escape(w.over.format(command=COMMAND))}</p>'
    return (
        f"<h1>{escape(w.title)} <small>{escape(scene.settings.cabin.name)}</small></h1>"
        f'<p class="row"><span>{escape(count)}</span>{progress(count, done, len(scene.steps))}{said}</p>'
        f"{over}"
    )


def _rail(scene: Scene, tongue: Tongue) -> str:
    w = tongue.frame
    items = []
    for number, which in enumerate(scene.steps, 1):
        judged = scene.mark(which).judged
        items.append(
            f'<li data-key="rail-{which.value}" class="{judged.value}"><a href="#{which.value}">'
            f'<span class="mark" aria-hidden="true">{MARKS[judged] or number}</span><span class="label">'
            f"{escape(w.steps.of(which.value))}"
            f'<span class="unseen">, {escape(w.judged.of(judged.value))}</span></span></a></li>'
        )
    signed = scene.walk.signed is not None
    items.append(
        f'<li data-key="rail-{CHECKLIST}" class="{"ok" if signed else "open"}"><a href="#{CHECKLIST}">'
        f'<span class="mark" aria-hidden="true">{"✓" if signed else len(scene.steps) + 1}</span>'
        f'<span class="label">{escape(w.steps.checklist)}</span></a></li>'
    )
    return f"<ol>{''.join(items)}</ol>"
