"""All that one picture of the commissioning page is made of, gathered once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.faults.fault import FaultError
from edge.loop.commission_view import CommissionView, EnrolView
from edge.loop.watching import View
from edge.panel.commission.link import DrawnView
from edge.panel.commission.walk import Judged, Kept, Mark, WalkStep
from edge.panel.sources import Tests
from edge.pictures.ring import RingPicture
from edge.settings.schema import Settings
from edge.terms.aim import Aim
from edge.terms.learning import Learning
from edge.words.language import Language
from edge.words.pages.commission import CommissionWords
from edge.words.pages.commission_acts import ActWords
from edge.words.pages.commission_draw import DrawWords
from edge.words.pages.commission_site import SiteWords

COMMAND = "sudo cabinguard panel --commission"


@dataclass(frozen=True, slots=True)
class Tongue:
    """The words of one language that this page uses."""

    language: Language
    frame: CommissionWords
    acts: ActWords
    draw: DrawWords
    site: SiteWords


@dataclass(frozen=True, slots=True)
class Scene:
    """What the kiosk, the walk and the settings say now. `left_s`: how long the page stays open."""

    settings: Settings
    view: View | FaultError
    standing: CommissionView | FaultError
    walk: Kept
    tests: Tests
    pictures: Mapping[str, RingPicture]
    aims: Mapping[str, Aim]
    drawn: DrawnView | FaultError
    learning: Learning | FaultError
    enrolling: EnrolView | FaultError | None
    left_s: float

    @property
    def over(self) -> bool:
        """The commissioning has ended: its time is up, or the kiosk says that its grant is."""
        refused = isinstance(self.standing, FaultError) and self.standing.code == "not_granted"
        return refused or self.left_s <= 0.0

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras that are fitted, by their roles."""
        fitted = (("face", self.settings.camera.source), ("overview", self.settings.overview.source))
        return tuple(name for name, source in fitted if source != "none")

    def size_of(self, camera: str) -> tuple[int, int]:
        """Width and height in pixels of a camera's picture as it is shown."""
        own = self.settings.camera if camera == "face" else self.settings.overview
        return (own.height, own.width) if own.rotate in (90, 270) else (own.width, own.height)

    def mark(self, step: WalkStep) -> Mark:
        """What was said of a step."""
        return self.walk.marks.get(step.value, Mark())

    @property
    def steps(self) -> tuple[WalkStep, ...]:
        """The steps of this kiosk: nobody is enrolled where identity is off."""
        off = () if self.settings.identity.enabled else (WalkStep.ENROL,)
        return tuple(step for step in WalkStep if step not in off)

    @property
    def still_open(self) -> tuple[WalkStep, ...]:
        return tuple(step for step in self.steps if self.mark(step).judged is Judged.OPEN)
