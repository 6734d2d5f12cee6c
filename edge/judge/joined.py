"""The judges of anomalies, a set of them for each camera, as one: what any of them holds is on.

Each camera has judges of its own: what they remember are boxes and times of one picture. A judge that
raises is set aside and named, and what it held has ended; the loop and the other judges go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.terms.observation import Observation

JUDGE_FAILED: Final = "judge_failed"

AnomalyFact = AnomalyBegan | AnomalyEnded


class AnomalyJudge(Protocol):
    """Observations of one camera over time into anomalies. Pure: no clock, no input or output."""

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyFact, ...]:
        """One frame."""
        ...

    def forget(self) -> tuple[AnomalyFact, ...]:
        """The visit is over."""
        ...


@runtime_checkable
class Waking(Protocol):
    """A judge to whom time alone says something."""

    def tick(self, now_s: float) -> tuple[AnomalyFact, ...]:
        """Time went on without a frame."""
        ...

    def next_wake_s(self) -> float | None:
        """When `tick` will have something to say, None for never."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """A fault that the table need not know began or ended; `which` tells several of one code apart.

    `why`: a reason in brief, for the texts. `again`: it stood before the program started and is told already.
    """

    code: str
    active: bool
    camera: str
    detail: str = ""
    which: str = ""
    why: str = ""
    again: bool = False


@dataclass(slots=True, eq=False)
class _Seat:
    """One judge of one camera. `waking`: the same one where time alone says something to it."""

    camera: str
    judge: AnomalyJudge
    waking: Waking | None
    fell: bool = False


def _seated(camera: str, judge: AnomalyJudge) -> _Seat:
    # Asked once: it takes far longer than a call of the judge, and every turn of the loop would ask.
    return _Seat(camera, judge, judge if isinstance(judge, Waking) else None)


class Joined:
    """`make` gives the judges of a camera, by its name, when its first frame comes."""

    def __init__(self, make: Callable[[str], Iterable[AnomalyJudge]]) -> None:
        self._make = make
        self._seats: dict[str, list[_Seat]] = {}
        self._holders: dict[Anomaly, list[_Seat | None]] = {}
        self._notices: list[Notice] = []

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyFact, ...]:
        """One frame of any camera."""
        camera = observation.camera
        if camera not in self._seats:
            self._seats[camera] = [_seated(camera, judge) for judge in self._make(camera)]
        return self._asked(self._seats[camera], lambda seat: seat.judge.update(observation, now_s))

    def also(self, facts: Iterable[AnomalyFact]) -> tuple[AnomalyFact, ...]:
        """What the visit's own judges say of the same anomalies."""
        return tuple(fact for fact in facts if self._is_news(None, fact))

    def forget(self) -> tuple[AnomalyFact, ...]:
        """The visit is over; what outlasts it (a thing that was left) is its judge's own business."""
        return self._asked(self._all(), lambda seat: seat.judge.forget())

    def tick(self, now_s: float) -> tuple[AnomalyFact, ...]:
        """Time went on without a frame."""
        return self._asked(self._all(), lambda seat: seat.waking.tick(now_s) if seat.waking else ())

    def next_wake_s(self) -> float | None:
        wakes = (seat.waking.next_wake_s() for seat in self._all() if seat.waking and not seat.fell)
        return min((wake_s for wake_s in wakes if wake_s is not None), default=None)

    def notices(self) -> tuple[Notice, ...]:
        """The judges that fell since the last call."""
        notices, self._notices = tuple(self._notices), []
        return notices

    def _all(self) -> list[_Seat]:
        return [seat for seats in self._seats.values() for seat in seats]

    def _asked(
        self, seats: list[_Seat], ask: Callable[[_Seat], tuple[AnomalyFact, ...]]
    ) -> tuple[AnomalyFact, ...]:
        facts: list[AnomalyFact] = []
        for seat in seats:
            if seat.fell:
                continue
            try:
                said = ask(seat)
            except Exception as error:  # whatever is wrong with one judge, the door has others
                said = self._set_aside(seat, error)
            facts += (fact for fact in said if self._is_news(seat, fact))
        return tuple(facts)

    def _set_aside(self, seat: _Seat, error: Exception) -> tuple[AnomalyFact, ...]:
        seat.fell = True
        name = type(seat.judge).__name__
        detail = f"{name}: {type(error).__name__}: {error}"
        self._notices.append(Notice(JUDGE_FAILED, True, seat.camera, detail[:200], f"{seat.camera} {name}"))
        return tuple(AnomalyEnded(a) for a, holders in self._holders.items() if seat in holders)

    def _is_news(self, seat: _Seat | None, fact: AnomalyFact) -> bool:
        """Whether the first of them begins it, or the last one ends it. None: those of the visit."""
        holders = self._holders.setdefault(fact.anomaly, [])
        if isinstance(fact, AnomalyBegan):
            if seat in holders:
                return False
            holders.append(seat)
            return len(holders) == 1
        left = [holder for holder in holders if holder is not seat]
        ended = bool(holders) and not left
        self._holders[fact.anomaly] = left
        return ended
