"""Every fact under the one name by which programs know it, with the numbers that it was decided on.

What began and what ended is read off the state, so that nothing that the table holds is left out, no matter
who began it: a judge, a switch, or time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, assert_never

from edge.cabin.commands import Command, KeepPictures, Tell
from edge.cabin.events import Anomaly, AnomalyBegan, CameraJudged, Event, PeopleJudged
from edge.cabin.state import State
from edge.terms.observation import FACE_CAMERA, CameraHealth
from edge.terms.reason import Reason
from edge.words.en import ENGLISH

SEVERAL: Final = "several"


def fact_of(anomaly: Anomaly) -> str:
    """The name of the fact that an anomaly is."""
    match anomaly:
        case Anomaly.SEVERAL_PERSONS:
            return "crowd"
        case Anomaly.OBJECT_LEFT:
            return "left_object"
        case Anomaly.OBJECT_REMOVED:
            return "removed_object"
        case (
            Anomaly.WEAPON
            | Anomaly.FIGHT
            | Anomaly.ROBBERY
            | Anomaly.PERSON_DOWN
            | Anomaly.PANIC
            | Anomaly.LOITERING
            | Anomaly.INTRUSION
            | Anomaly.FRONT_CHANGED
            | Anomaly.CAMERA_OBSTRUCTED
            | Anomaly.UNUSUAL_SCENE
            | Anomaly.UNUSUAL_BEHAVIOUR
            | Anomaly.STILL_PICTURE
            | Anomaly.CASE_OPENED
            | Anomaly.SHAKEN
            | Anomaly.DOOR_FORCED
            | Anomaly.DOOR_HELD_OPEN
        ):
            return anomaly.value
        case _:
            assert_never(anomaly)


def camera_fact(health: CameraHealth) -> str | None:
    """The name of the fact that a camera's health is; None for a sound one."""
    match health:
        case CameraHealth.OK:
            return None
        case (
            CameraHealth.DARK
            | CameraHealth.BLINDED
            | CameraHealth.COVERED
            | CameraHealth.SPRAYED
            | CameraHealth.DEFOCUSED
            | CameraHealth.MOVED
            | CameraHealth.UPSIDE_DOWN
            | CameraHealth.FROZEN
            | CameraHealth.REPLAYED
            | CameraHealth.GONE
        ):
            return f"camera_{health.value}"
        case _:
            assert_never(health)


def fact_names() -> tuple[str, ...]:
    """All of them, without their ends (`NAME_ended`)."""
    cameras = (camera_fact(health) for health in CameraHealth)
    return (SEVERAL, *map(fact_of, Anomaly), *(name for name in cameras if name is not None))


def numbers_of(reason: Reason | None) -> dict[str, object]:
    """A reason as plain JSON: each number under its own name, then limits, rule and boxes."""
    if reason is None:
        return {}
    limits = {n.measure.value: n.limit for n in reason.numbers if n.limit is not None}
    boxes = [{"label": m.label, "box": list(m.box), "score": m.score} for m in reason.marks]
    return {
        "camera": reason.camera,
        "frame": reason.frame,
        **{number.measure.value: number.value for number in reason.numbers},
        "limits": limits,
        "rule": ENGLISH.grounds.of(reason.ground.value),
        "boxes": boxes,
    }


class Facts:
    """The facts of one kiosk, step by step.

    Some reasons come before the table acts: what was judged of several persons or of a camera is remembered
    until then.
    """

    def __init__(self) -> None:
        self._reasons: dict[str, Reason | None] = {}

    def after(self, event: Event, before: State, state: State) -> tuple[Mapping[str, object], ...]:
        """What began and ended in this step, as plain JSON."""
        self._remember(event)
        found: list[dict[str, object]] = []
        if before.several is not state.several:
            found.append(self._said(SEVERAL, state.several, Anomaly.SEVERAL_PERSONS.value))
        if before.health is not state.health:
            was, now = camera_fact(before.health), camera_fact(state.health)
            if was is not None:
                found.append({"name": f"{was}_ended", "camera": FACE_CAMERA})
            if now is not None:
                said = self._said(now, True, Anomaly.CAMERA_OBSTRUCTED.value)
                found.append({"name": now, "camera": FACE_CAMERA} | said)
        for anomaly in Anomaly:
            there = anomaly in state.active
            if there is not (anomaly in before.active):
                found.append(self._said(fact_of(anomaly), there, anomaly.value))
                if not there:
                    self._reasons.pop(anomaly.value, None)
        return tuple(found)

    def with_reason(self, command: Command) -> Command:
        """The command with the reason that the table was not given."""
        if isinstance(command, KeepPictures) and command.reason is None:
            return replace(command, reason=self._reasons.get(command.why))
        if isinstance(command, Tell) and not command.reason:
            reason = self._reasons.get(command.kind)
            return command if reason is None else replace(command, reason=reason.brief())
        return command

    def _remember(self, event: Event) -> None:
        if isinstance(event, AnomalyBegan):
            self._reasons[event.anomaly.value] = event.reason
        elif isinstance(event, PeopleJudged):
            self._reasons[Anomaly.SEVERAL_PERSONS.value] = event.reason
        elif isinstance(event, CameraJudged):
            self._reasons[Anomaly.CAMERA_OBSTRUCTED.value] = event.reason

    def _said(self, name: str, there: bool, why: str) -> dict[str, object]:
        if not there:
            return {"name": f"{name}_ended"}
        return {"name": name, **numbers_of(self._reasons.get(why))}
