"""The kinds of film, and for each the words that fit what is seen in it.

A cause fits if doing what it asks is right and helps. `CLEARED` stands for a face that is shown well
enough to need no words, `NOTHING` for nobody near enough to be somebody in the cabin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from edge.cabin.commands import PromptCause
from hw.camera.room import HEIGHT, WIDTH
from tests.words_fit.films import Film, Stand
from tests.words_fit.people import Person, half_hidden, looking_aside, wearing

CLEARED: Final = "cleared"
NOTHING: Final = "nothing"
_FACE: Final = {PromptCause.FACE_CAMERA, PromptCause.HIDDEN, PromptCause.WHOLE_FACE}
_UNCOVER: Final = {
    *(PromptCause.OBJECT, PromptCause.HAND, PromptCause.COVERED, PromptCause.SCARF),
    *(PromptCause.HIDDEN, PromptCause.WHOLE_FACE),
}
_MASK: Final = {PromptCause.MASK, PromptCause.SCARF, PromptCause.HIDDEN}
_COLOURS: Final = ((25, 25, 25), (128, 128, 128), (235, 235, 235), (140, 165, 205), (120, 60, 40))
"""Of what is held before a face: black, grey, white, skin, blue."""

_OUTSIDE: Final = (0.4, 0.6)
"""How much of a face is outside the picture: an eye or the mouth."""

Make = Callable[[Person, Random], Film]


@dataclass(frozen=True, slots=True)
class Kind:
    """`of` chooses who may play it by what the picture shows: bare, turned, masked or glasses."""

    name: str
    of: str
    fits: frozenset[str]
    make: Make


def kinds() -> Iterator[Kind]:
    for roll in (15, 30, 45):
        yield Kind(f"rolled {roll}", "bare", _fits(_FACE, cleared=True), _rolled(roll))
    yield Kind("rolled 90", "bare", _fits(_FACE), _rolled(90))
    yield Kind("turned", "turned", _fits(_FACE), _plain)
    yield Kind("half hidden", "bare", _fits(_UNCOVER), _half_hidden)
    yield Kind("upside down", "bare", _fits(_FACE), lambda who, chance: _camera(who, chance, 2))
    yield Kind(
        "on its side", "bare", _fits(_FACE), lambda who, chance: _camera(who, chance, chance.choice((1, 3)))
    )
    yield Kind("too low", "bare", _fits({PromptCause.STEP_BACK}), _low)
    yield Kind("too high", "bare", _fits({PromptCause.STEP_BACK}), _high)
    yield Kind("at the side", "bare", _fits({PromptCause.MIDDLE}), _aside)
    yield Kind("too far", "bare", _fits({PromptCause.STEP_CLOSER}, cleared=True) | {NOTHING}, _far)
    yield Kind("two", "bare", _fits({PromptCause.ONE_AT_A_TIME}), _two)
    yield Kind("masked", "masked", _fits(_MASK), _plain)
    yield Kind("masked, rolled", "masked", _fits(_MASK), _rolled(30))
    yield Kind(
        "masked, turned", "masked turned", _fits({*_FACE, PromptCause.MASK, PromptCause.SCARF}), _plain
    )
    yield Kind("glasses", "glasses", _fits({PromptCause.GLASSES}), _plain)
    yield Kind("bare", "bare", _fits(set(), cleared=True), _plain)


def _fits(causes: set[PromptCause], *, cleared: bool = False) -> frozenset[str]:
    return frozenset({cause.value for cause in causes} | ({CLEARED} if cleared else set()))


def shipped_cast(people: Sequence[Person]) -> dict[str, list[Person]]:
    """Who can play what, drawn on the two photographs."""
    aside = [looking_aside(person, yaw) for person in people for yaw in (-70, -60, 60, 70)]
    masked = [wearing(person, "mask") for person in people]
    return {
        "bare": list(people),
        "turned": aside,
        "masked": masked,
        "masked turned": [looking_aside(person, yaw) for person in masked for yaw in (-65, 65)],
        "glasses": [wearing(person, "glasses") for person in people],
    }


def _stand(chance: Random, **fixed: float) -> Stand:
    free = {
        "x": 318.0 + chance.uniform(-25, 25),
        "y": HEIGHT * 0.42 + chance.uniform(-25, 25),
        "size": chance.uniform(0.85, 1.2),
        "roll_deg": chance.uniform(-3, 3),
    }
    return Stand(**(free | fixed))


def _film(chance: Random, *people: tuple[Person, Stand], quarters: int = 0, walks: bool = True) -> Film:
    return Film(tuple(people), quarters, walks, chance.randrange(2**31))


def _plain(who: Person, chance: Random) -> Film:
    return _film(chance, (who, _stand(chance)))


def _rolled(about_deg: float) -> Make:
    def make(who: Person, chance: Random) -> Film:
        roll = chance.choice((-1, 1)) * (about_deg + chance.uniform(-3, 3))
        return _film(chance, (who, _stand(chance, roll_deg=roll)))

    return make


def _half_hidden(who: Person, chance: Random) -> Film:
    side, colour, beyond = chance.choice((-1, 1)), chance.choice(_COLOURS), chance.uniform(-0.05, 0.15)
    return _film(chance, (half_hidden(who, side, colour, beyond), _stand(chance)))


def _camera(who: Person, chance: Random, quarters: int) -> Film:
    return _film(chance, (who, _stand(chance)), quarters=quarters)


def _low(who: Person, chance: Random) -> Film:
    """The lower 40 to 60 % of the face is outside; from the eyes' middle a face reaches 0.9 up, 1.7 down."""
    stand = _stand(chance)
    y = HEIGHT - (1.7 - 2.6 * chance.uniform(*_OUTSIDE)) * 48.0 * stand.size
    return _film(chance, (who, _stand(chance, y=y, size=stand.size)), walks=False)


def _high(who: Person, chance: Random) -> Film:
    stand = _stand(chance)
    y = (0.9 - 2.6 * chance.uniform(*_OUTSIDE)) * 48.0 * stand.size
    return _film(chance, (who, _stand(chance, y=y, size=stand.size)), walks=False)


def _aside(who: Person, chance: Random) -> Film:
    stand = _stand(chance)
    inside = (1.05 - 2.1 * chance.uniform(*_OUTSIDE)) * 48.0 * stand.size
    x = chance.choice((inside, WIDTH - inside))
    return _film(chance, (who, _stand(chance, x=x, size=stand.size)), walks=False)


def _far(who: Person, chance: Random) -> Film:
    return _film(chance, (who, _stand(chance, size=chance.uniform(0.16, 0.24))))


def _two(who: Person, chance: Random) -> Film:
    left, right = _stand(chance, x=200.0), _stand(chance, x=460.0)
    return _film(chance, (who, left), (who, right))
