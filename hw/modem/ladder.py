"""The ladder of recovery: which rung comes next and after how long, and what each one came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hw.modem.steps import Broken
from hw.ports import ModemTrouble, PowerKind, Recovery, Rung

_SOON_S: Final = 1.0
_PAUSE_S: Final = 5.0
_PAUSE_MAX_S: Final = 60.0
"""A modem that is well again is noticed within this and a rung: long before a lock gives its watchman up."""
_PATIENCE_MAX: Final = 8
_KEPT: Final = 64

_GENTLE: Final = (Rung.SOFT, Rung.RESET, Rung.REOPEN)
_ROUGHEST: Final[dict[PowerKind | None, tuple[Rung, ...]]] = {
    None: (),
    PowerKind.SUPPLY: (Rung.POWER,),
    # The first press may have switched the modem off, or on: the second one then does the other.
    PowerKind.KEY: (Rung.KEY, Rung.KEY),
}
_RESTARTS: Final = (Rung.RESET, Rung.POWER, Rung.KEY)
"""The rungs after which a modem needs its time to boot."""


@dataclass(frozen=True, slots=True)
class _Climb:
    """The rung that is being tried, for what, since when."""

    rung: Rung
    trouble: ModemTrouble
    at_s: float


class Ladder:
    """Rungs get rougher, pauses longer.

    `power` is what can restart the modem from outside, None where nothing is wired. A modem that was never
    heard is first looked for at each of `rates` line rates. `step`: where to begin, for a modem that is
    known to need more than the gentle rungs.
    """

    def __init__(self, power: PowerKind | None = None, rates: int = 1, *, step: int = 0) -> None:
        self._rungs = _GENTLE + _ROUGHEST[power]
        self._rates_left = rates - 1
        self._step = step
        self._climbing: _Climb | None = None
        self.recoveries: tuple[Recovery, ...] = ()

    @property
    def looking_for_rate(self) -> bool:
        """The modem was never heard, and there are rates left at which it was not looked for."""
        return self._rates_left > 0

    @property
    def first_round(self) -> bool:
        return self._step <= len(self._rungs)

    @property
    def patience(self) -> int:
        """How many times its usual waiting a modem gets: more in each round of the ladder.

        What it waits for may take longer than we think, and each restart makes it begin again.
        """
        if self.first_round:
            return 1
        turn = (self._step - 1 - len(self._rungs)) // (len(self._rungs) - 1)
        return min(_PATIENCE_MAX, 1 << min(turn + 1, 10))

    @property
    def trouble(self) -> ModemTrouble | None:
        """What the rung that is being tried is for."""
        return None if self._climbing is None else self._climbing.trouble

    @property
    def restarting(self) -> bool:
        """The rung that is being tried restarts the modem."""
        return self._climbing is not None and self._climbing.rung in _RESTARTS

    def heard(self) -> None:
        """The modem answers at this rate."""
        self._rates_left = 0

    def not_heard(self) -> None:
        """The gentle rung would do nothing: waking has tried all that it would, or a restart is needed."""
        self._step = max(self._step, 1)

    def stable(self) -> None:
        """All has been well for long: the next trouble begins at the gentle end."""
        self._step = 0

    def climb(self, broken: Broken, now_s: float) -> tuple[Rung, float]:
        """The next rung and the pause before it."""
        rung, pause_s = self._next(broken)
        self._climbing = _Climb(rung, broken.trouble, now_s)
        return rung, pause_s

    def spared(self) -> None:
        """A look before the rung found the modem well: the rung was not needed."""
        self._climbing = None

    def ended(self, worked: bool, now_s: float) -> Recovery | None:
        """The rung that was being tried is over; what it came to, where that is worth a word.

        Only the first round is, and what ended a long silence: a modem that stays dead for days does not
        fill the record.
        """
        tried, self._climbing = self._climbing, None
        if tried is None:
            return None
        recovery = Recovery(tried.rung, tried.trouble, tried.at_s, now_s - tried.at_s, worked)
        self.recoveries = (*self.recoveries, recovery)[-_KEPT:]
        return recovery if self.first_round or (worked and tried.rung is not Rung.SOFT) else None

    def _next(self, broken: Broken) -> tuple[Rung, float]:
        """One step rougher than the last time, the whole ladder once, then its rough part again and again.

        Its pauses double. A modem that restarts by itself answers in between: it is only set up again, with
        its supply cut once in a while where that is wired.
        """
        if self._rates_left > 0:
            self._rates_left -= 1
            return Rung.REOPEN, 0.0
        step = self._step
        self._step += 1
        if broken.restarted:
            power = Rung.POWER in self._rungs and step % 5 == 4
            return (Rung.POWER if power else Rung.SOFT), _SOON_S
        if step < len(self._rungs):
            return self._rungs[step], _SOON_S
        rough = self._rungs[1:]
        turn, place = divmod(step - len(self._rungs), len(rough))
        pause_s = min(_PAUSE_MAX_S, _PAUSE_S * 2.0 ** min(turn, 10))
        return rough[place], pause_s if place == 0 else _SOON_S
