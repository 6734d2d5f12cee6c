"""A matrix keypad read one row at a time: one digit for one clean press, none from a ghost or a stuck key."""

from __future__ import annotations

from hw.pins.gpio import Pin, PinFactory, pulled_up
from hw.ports import HardwareError, KeypadFault, KeypadTrouble, KeyPress
from hw.wiring import KeypadWiring

PRESS_SCANS = 3
"""Scans in a row that must show the same single key, besides `debounce_s`."""

RELEASE_SCANS = 3
"""Scans in a row without a key before it counts as let go."""

LEGEND = {3: ("123", "456", "789", "*0#"), 4: ("123A", "456B", "789C", "*0#D")}
"""What is printed on the keys, by the number of columns."""

_SLACK_S = 0.004
"""Scans come a little early or late: without this much tolerance, under half a period, a press that was seen
for long enough would often wait for one scan more."""

Crossing = tuple[int, int]
"""Row and column of a key."""


class MatrixKeypad:
    """Rows are driven low in turn and let go otherwise, columns are pulled up: no two outputs ever meet.

    Only one key counts at a time: a second one that goes down beside it is no digit, and all must be up
    before the next press counts. Without diodes three keys at the corners of a rectangle show the fourth
    as well, so a rectangle is refused whole and told. A key that is down (or flickers) for `stuck_s` is
    reported and then left out, until it lets go; the others go on working. `failed` is the fault code of a
    pad whose pins fail.
    """

    def __init__(self, factory: PinFactory, wiring: KeypadWiring, failed: str = "keypad_failed") -> None:
        self._failed = failed
        self._rows = [pulled_up(factory, number) for number in wiring.rows]
        self._columns = list(enumerate(pulled_up(factory, number) for number in wiring.columns))
        self._legend = LEGEND[len(wiring.columns)]
        self._debounce_s = wiring.debounce_s
        self._stuck_s = wiring.stuck_s
        self._down_since: dict[Crossing, float] = {}
        self._open_scans: dict[Crossing, int] = {}
        self._stuck: set[Crossing] = set()
        self._armed = True
        self._ghost = False
        self._candidate: Crossing | None = None
        self._candidate_scans = 0
        self._candidate_since_s = 0.0

    def scan(self, now_s: float) -> tuple[KeyPress | KeypadTrouble, ...]:
        """Scan once. HardwareError (`failed`) when a pin fails; nothing is taken for pressed then."""
        raw = self._read()
        if not raw and not self._down_since:
            return ()
        self._follow(raw, now_s)
        events: list[KeyPress | KeypadTrouble] = list(self._watch_stuck(now_s))
        held = self._down_since.keys() - self._stuck
        if not held:
            self._armed = True
            self._candidate = None
            if self._ghost:
                self._ghost = False
                events.append(KeypadTrouble(KeypadFault.GHOST, False, now_s))
        elif _has_rectangle(raw):
            self._armed = False
            if not self._ghost:
                self._ghost = True
                events.append(KeypadTrouble(KeypadFault.GHOST, True, now_s))
        elif len(held) > 1:
            self._armed = False
        elif self._armed and self._confirmed(raw - self._stuck, now_s):
            self._armed = False
            ((row, column),) = held
            events.append(KeyPress(self._legend[row][column], now_s))
        return tuple(events)

    @property
    def settling(self) -> bool:
        letting_go = any(self._open_scans[key] for key in self._stuck)
        return letting_go or bool(self._down_since.keys() - self._stuck)

    def close(self) -> None:
        """Let every row float; columns are inputs anyway."""
        for row in self._rows:
            _release(row)

    def _read(self) -> set[Crossing]:
        """The crossings that conduct now. A pin call takes far longer than a column takes to rise again."""
        closed: set[Crossing] = set()
        for number, row in enumerate(self._rows):
            try:
                row.output_with_state(False)
                for column, pin in self._columns:
                    if not pin.state:
                        closed.add((number, column))
                row.function = "input"
            except Exception as error:  # whatever the library throws, this scan tells nothing
                _release(row)
                raise HardwareError(self._failed, f"row {number + 1}: {error}") from error
        return closed

    def _follow(self, raw: set[Crossing], now_s: float) -> None:
        """Keep since when each key is down; short gaps while it bounces do not count."""
        for key in raw:
            self._down_since.setdefault(key, now_s)
            self._open_scans[key] = 0
        for key in list(self._down_since):
            if key not in raw:
                self._open_scans[key] += 1
                if self._open_scans[key] >= RELEASE_SCANS:
                    del self._down_since[key], self._open_scans[key]

    def _watch_stuck(self, now_s: float) -> tuple[KeypadTrouble, ...]:
        before = bool(self._stuck)
        self._stuck &= self._down_since.keys()
        self._stuck |= {key for key, since_s in self._down_since.items() if now_s - since_s >= self._stuck_s}
        if bool(self._stuck) == before:
            return ()
        return (KeypadTrouble(KeypadFault.STUCK, not before, now_s),)

    def _confirmed(self, pressed: set[Crossing], now_s: float) -> bool:
        """True when the same single key has been the only one for long enough."""
        if len(pressed) != 1:
            self._candidate = None
            return False
        (key,) = pressed
        if key != self._candidate:
            self._candidate = key
            self._candidate_scans = 0
            self._candidate_since_s = now_s
        self._candidate_scans += 1
        return (
            self._candidate_scans >= PRESS_SCANS
            and now_s - self._candidate_since_s >= self._debounce_s - _SLACK_S
        )


def _release(row: Pin) -> None:
    """Float a row as well as can be: the failure that led here is the one that is reported."""
    try:
        row.function = "input"
    except Exception:
        return


def _has_rectangle(closed: set[Crossing]) -> bool:
    """True when two rows share two columns: one of the four corners may be a ghost."""
    if len(closed) < 4:
        return False
    columns: dict[int, set[int]] = {}
    for row, column in closed:
        columns.setdefault(row, set()).add(column)
    rows = list(columns.values())
    return any(len(one & other) > 1 for index, one in enumerate(rows) for other in rows[index + 1 :])
