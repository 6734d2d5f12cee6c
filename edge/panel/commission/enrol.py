"""The step of enrolling the owner of a card, where identity is on."""

from __future__ import annotations

from html import escape

from edge.panel.commission.pieces import step
from edge.panel.commission.scene import Scene, Tongue
from edge.panel.commission.walk import WalkStep


def enrol(scene: Scene, tongue: Tongue) -> str:
    """Empty where nobody is enrolled on this kiosk: the step is not in its rail either."""
    if not scene.settings.identity.enabled:
        return ""
    return step(WalkStep.ENROL, scene, tongue, f"<p>{escape(tongue.acts.enrol_off)}</p>")
