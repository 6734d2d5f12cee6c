"""How alike two faces are by their templates, and from which likeness on they are held for one person.

A likeness is the cosine of the angle between two templates: 1 for the same direction, about 0 for two people.
A look is compared with all templates of one person together. The limits come with the model, in its contract;
how they were chosen stands in its card. Nothing here finds one person among all: `duplicates` is asked when
somebody is enrolled, by the one who enrols, and never at the machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.faults.fault import FaultError
from edge.terms.identity import TEMPLATE_NUMBERS, Template

Directions = NDArray[np.float32]
"""n x `TEMPLATE_NUMBERS`, each row of length one."""

CONTRACT: Final = "face_embed.json"
BEST_OF: Final = 3
"""A look is as like a person as the likest of that person's templates, so many of them, are on average."""


class PointsFault(FaultError):
    """The limits are not there or cannot be right: `model_missing` or `model_damaged` of the catalogue."""


@dataclass(frozen=True, slots=True)
class Points:
    """Likenesses that decide.

    From `same` on a look is held for the person's: two people get there at most once in 10,000. Below
    `another`, which is far lower, it is held for somebody else's: a good look of the person hardly ever is.
    From `duplicate` on two enrolled people are held for one.
    """

    same: float
    another: float
    duplicate: float


class _Limits(msgspec.Struct, frozen=True):
    same: float
    another: float
    duplicate: float


class _Contract(msgspec.Struct, frozen=True):
    """Of the model's contract no more than is needed here; `edge.vision.network` checks all of it."""

    operating_points: _Limits
    name: str = "face_embed"
    version: str = ""


def network_name(models: Path) -> str:
    """Of the folder's network: templates of one of another name cannot be compared. Raises `PointsFault`."""
    contract = _read(models)
    return f"{contract.name} {contract.version}"


def read_points(models: Path) -> Points:
    """The limits in the contract of the folder's model. Raises `PointsFault`."""
    found = _read(models).operating_points
    points = Points(found.same, found.another, found.duplicate)
    if not -1.0 <= points.another < points.same <= points.duplicate <= 1.0:
        raise PointsFault("model_damaged", f"{CONTRACT}: its limits are out of order")
    return points


def _read(models: Path) -> _Contract:
    try:
        return msgspec.json.decode((models / CONTRACT).read_bytes(), type=_Contract)
    except OSError as error:
        raise PointsFault("model_missing", f"{CONTRACT} cannot be read ({error.strerror})") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PointsFault("model_damaged", f"{CONTRACT} is no contract: {error}") from error


def directions(templates: Sequence[Template]) -> Directions:
    """The templates as rows of length one. ValueError: one has another number of numbers, or says nothing."""
    if any(len(template.numbers) != TEMPLATE_NUMBERS for template in templates):
        raise ValueError(f"a template has {TEMPLATE_NUMBERS} numbers")
    joined = b"".join(template.numbers for template in templates)
    rows = np.frombuffer(joined, np.int8).reshape(len(templates), TEMPLATE_NUMBERS).astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError("a template without a direction")
    return np.asarray(rows / lengths, np.float32)


class Known:
    """One person's templates, made ready to be compared. ValueError without any, or for a wrong one."""

    def __init__(self, templates: Sequence[Template]) -> None:
        if not templates:
            raise ValueError("nobody can be compared with no template")
        self._rows = directions(templates)

    def likeness(self, look: Template) -> float:
        """How like this person the look is, -1 to 1. ValueError for a wrong template."""
        (row,) = directions([look])
        return _together(self._rows @ row)


def likeness(look: Template, enrolled: Sequence[Template]) -> float:
    """How like the enrolled person the look is, -1 to 1. ValueError without templates, or for a wrong one."""
    return Known(enrolled).likeness(look)


def between(one: Template, other: Template) -> float:
    """The cosine between two templates."""
    first, second = directions([one, other])
    return float(first @ second)


def duplicates(
    templates: Sequence[Template], among: Mapping[int, Sequence[Template]], points: Points
) -> tuple[tuple[int, float], ...]:
    """Those of `among` (by person number) who look like one person with these templates, the likest first.

    Two sets are as like as the middle one of the looks of the first set is to the second. One matrix product
    for all: ten templates against a thousand people with ten each take some milliseconds.
    """
    people = [person for person, theirs in among.items() if theirs]
    if not people or not templates:
        return ()
    every = directions([template for person in people for template in among[person]])
    table = directions(templates) @ every.T
    found: list[tuple[int, float]] = []
    begin = 0
    for person in people:
        end = begin + len(among[person])
        best = np.sort(table[:, begin:end], axis=1)[:, -BEST_OF:]
        alike = float(np.median(best.mean(axis=1)))
        begin = end
        if alike >= points.duplicate:
            found.append((person, alike))
    return tuple(sorted(found, key=lambda one: -one[1]))


def _together(cosines: NDArray[np.float32]) -> float:
    return float(np.sort(cosines)[-BEST_OF:].mean())
