"""gpiozero's mock pins wired to an electrical world: inputs ask it for their level, outputs keep a trace.

A mock pin by itself ignores bounce and remembers every change for ever; these have a level that is
worked out when it is read, a short trace with times, and faults that can be switched on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from gpiozero.pins.mock import MockFactory, MockPin

from hw.ports import Clock


class BenchGpioError(Exception):
    """What lgpio would raise; the text is lgpio's."""


class BenchPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A mock pin. `sense` gives the level of an input; `fault` makes every use of the pin raise that text;
    `welded` keeps an output at its level whatever is written, as a write that the kernel lost."""

    def __init__(self, factory: BenchFactory, info: object) -> None:
        self.sense: Callable[[], bool] | None = None
        self.fault = ""
        self.welded = False
        self.trace: deque[tuple[float, bool | None]] = deque(maxlen=64)
        """(time, level) of each change of the driven level; None where the pin floats."""
        self.watch: Callable[[float, bool | None], None] | None = None
        """Told of every such change."""
        self._clock = factory.clock
        super().__init__(factory, info)

    @property
    def driven(self) -> bool | None:
        """The level that this pin drives, None for an input."""
        return bool(self._state) if self._function == "output" else None

    @property
    def pulled_up(self) -> bool:
        return bool(self._pull == "up")

    def output_with_state(self, state: bool) -> None:
        self._check()
        self._state = bool(state)
        self._set_function("output")

    def _check(self) -> None:
        if self.fault:
            raise BenchGpioError(self.fault)

    def _note(self) -> None:
        level = self.driven
        if self.trace:
            _, last = self.trace[-1]
            if last == level:
                return
        at_s = self._clock.now_s()
        self.trace.append((at_s, level))
        if self.watch is not None:
            self.watch(at_s, level)

    def _get_state(self) -> bool:
        self._check()
        if self._function == "input" and self.sense is not None:
            return self.sense()
        return bool(self._state)

    def _set_state(self, value: bool) -> None:
        self._check()
        if self._function != "output":
            raise BenchGpioError("cannot set state of an input")
        if not self.welded:
            self._state = bool(value)
            self._note()

    def _set_function(self, value: str) -> None:
        self._check()
        self._function = value
        self._note()

    def _set_pull(self, value: str) -> None:
        self._check()
        self._pull = value


class BenchFactory(MockFactory):  # type: ignore[misc]  # gpiozero has no types
    """Mock pins of a Pi 3B on `clock`; the pins in `busy` belong to somebody else."""

    def __init__(self, clock: Clock, busy: frozenset[int] = frozenset()) -> None:
        super().__init__(revision="a02082", pin_class=BenchPin)
        self.clock = clock
        self.busy = busy

    def pin(self, name: int) -> BenchPin:
        if name in self.busy:
            raise BenchGpioError("GPIO busy")
        pin = super().pin(name)
        assert isinstance(pin, BenchPin)
        return pin
