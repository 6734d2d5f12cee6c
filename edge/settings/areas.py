"""What is wrong with a zone, a mask or the marks on the floor, in words that name the setting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from edge.terms.ground import Marks, Spot, Zone

_HOURS: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]")
_SMALLEST: Final = 0.0005
"""Area of the smallest zone that anybody can stand in, as a fraction of the picture."""
_GRID: Final = 40

MASKED_MOST: Final = 0.25
"""Of a picture: behind a larger mask a person could stand whole, and for the guard nobody would be there."""


def zone_problems(zone: Zone, key: str) -> Iterator[tuple[str, str]]:
    """The key and a sentence for everything that is wrong with a zone; `key` is its own, such as `zone.1`."""
    yield from polygon_problems(zone.polygon, f"{key}.polygon")
    if zone.hours:
        at = f"{key}.hours"
        if not _HOURS.fullmatch(zone.hours):
            yield at, f'{at} must be such as "22:00-06:00", or empty'
        elif zone.hours[:5] == zone.hours[6:]:
            yield at, f"{at} is no time at all: leave it empty for always"


def polygon_problems(polygon: Sequence[Spot], at: str) -> Iterator[tuple[str, str]]:
    """The same of a polygon alone; `at` is its own key, such as `mask.1.polygon`."""
    if len(polygon) < 3:
        yield at, f"{at} needs three points at least, not {len(polygon)}"
    elif _crosses_itself(polygon):
        yield at, f"{at} crosses itself: name its points one after the other around it"
    elif abs(_area(polygon)) < _SMALLEST:
        yield at, f"{at} has no inside"


def masked_problem(polygons: Sequence[Sequence[Spot]], camera: str) -> str:
    """A sentence where the masks of a camera hide too much together; empty where they do not."""
    share = share_inside([one for one in polygons if len(one) > 2])
    if share <= MASKED_MOST:
        return ""
    most = f"at most {MASKED_MOST:.0%}, or people stand behind them"
    return f"the masks of {camera} hide {share:.0%} of the picture: {most}"


def marks_problem(marks: Marks) -> str:
    """A sentence for corners that are those of no rectangle on a floor; empty where nothing is wrong."""
    if not marks.corners:
        return ""
    if len(marks.corners) != 4:
        return f"floor.corners needs four points or none, not {len(marks.corners)}"
    turns = [_turn(*(marks.corners[(at + step) % 4] for step in range(3))) for at in range(4)]
    if not (all(turn > 0 for turn in turns) or all(turn < 0 for turn in turns)):
        return "floor.corners must go around the rectangle, one corner after the other"
    if abs(_area(marks.corners)) < 0.002:
        return "floor.corners lie too close together to measure anything: mark a larger rectangle"
    return ""


def share_inside(polygons: Sequence[Sequence[Spot]]) -> float:
    """How much of the picture the polygons cover together, 0 to 1, to two hundredths or so."""
    if not polygons:
        return 0.0
    steps = [(number + 0.5) / _GRID for number in range(_GRID)]
    return sum(any(is_inside(one, x, y) for one in polygons) for y in steps for x in steps) / _GRID**2


def is_inside(polygon: Sequence[Spot], x: float, y: float) -> bool:
    """Whether a point of the picture lies in a polygon, by the crossings of a line to its right."""
    if not (min(s.x for s in polygon) <= x <= max(s.x for s in polygon)):
        return False
    inside = False
    for a, b in _sides(polygon):
        if (a.y > y) != (b.y > y) and x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x:
            inside = not inside
    return inside


def _area(polygon: Sequence[Spot]) -> float:
    return sum(a.x * b.y - b.x * a.y for a, b in _sides(polygon)) / 2.0


def _sides(polygon: Sequence[Spot]) -> list[tuple[Spot, Spot]]:
    return list(zip(polygon, [*polygon[1:], polygon[0]], strict=True))


def _turn(a: Spot, b: Spot, c: Spot) -> float:
    """Positive where the way from a over b to c turns one way, negative for the other, 0 straight on."""
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)


def _crosses_itself(polygon: Sequence[Spot]) -> bool:
    sides = _sides(polygon)
    for first, (a, b) in enumerate(sides):
        for second in range(first + 1, len(sides)):
            c, d = sides[second]
            if second - first in (1, len(sides) - 1):
                continue  # neighbours share a corner
            if _turn(a, b, c) * _turn(a, b, d) <= 0.0 and _turn(c, d, a) * _turn(c, d, b) <= 0.0:
                return True
    return False
