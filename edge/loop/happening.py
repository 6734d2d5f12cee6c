"""What a person may see of the loop: every event, command and word as plain JSON, and never a code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import msgspec

from edge.cabin.commands import Command, KeepPictures, SetDoor, SetLights, SetPermit, Tell
from edge.cabin.events import (
    AnomalyBegan,
    AnomalyEnded,
    CameraJudged,
    Event,
    FaceJudged,
    OwnerJudged,
    PeopleJudged,
)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something a person may want to see. `data` holds plain JSON values and never a code."""

    at_s: float
    kind: str
    data: Mapping[str, object]


Listener = Callable[[Happening], None]


def snake(name: str) -> str:
    """`SetDoor` -> `set_door`."""
    return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))


def describe(thing: Event | Command) -> dict[str, object]:
    """An event or a command as plain JSON: its name and its fields, a reason where one was given."""
    data = msgspec.to_builtins(asdict(thing))
    if data.get("reason", "") is None:
        del data["reason"]
    match thing:
        case FaceJudged(face=face):
            name = f"face_{face.value}"
        case PeopleJudged(several=several):
            name = "several_persons" if several else "one_person"
        case CameraJudged(health=health):
            name = f"camera_{health.value}"
        case AnomalyBegan(anomaly=anomaly):
            name = anomaly.value
        case AnomalyEnded(anomaly=anomaly):
            name = f"{anomaly.value}_ended"
        case OwnerJudged(fact=fact):
            name = f"owner_{fact.value}"
        case SetDoor(locked=locked):
            return {"name": "set_door", "door": "locked" if locked else "unlocked"}
        case SetPermit(on=on):
            return {"name": "set_permit", "permit": "on" if on else "off"}
        case SetLights(lit=lit):
            # A set has no order of its own.
            return {"name": "set_lights", "lit": sorted(light.value for light in lit)}
        case Tell():
            name = "tell"
            data["alert"] = data.pop("kind")  # a happening has a kind of its own
        case KeepPictures(incident=incident, why=why):
            return {"name": "keep_pictures", "incident": incident, "why": why}  # the fact has the reason
        case _:
            name = snake(type(thing).__name__)
    return {"name": name, **data}


def plain(data: Mapping[str, object]) -> str:
    """The data of a line of the record."""
    return msgspec.json.encode(data).decode()
