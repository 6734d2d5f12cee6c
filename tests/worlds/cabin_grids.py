"""Whether every move that a step made is one that the two grids print: cells are read, no code of a row."""

from __future__ import annotations

from edge.cabin.anomalies import Policy
from edge.cabin.commands import Command, Say, Tell
from edge.cabin.events import Anomaly
from edge.cabin.moves import Move, Order, Passed
from edge.cabin.rules import Rules
from edge.cabin.state import Mode
from edge.cabin.table import ALWAYS, TABLE, Step
from edge.terms.alerts import Alert

_ANOMALIES = frozenset(anomaly.value for anomaly in Anomaly)
_DELIVERED = Policy()


def order_of(command: Command) -> Order:
    """A command as the second grid names it."""
    if isinstance(command, Say):
        return command.prompt
    if isinstance(command, Tell):
        return Anomaly if command.kind in _ANOMALIES else Alert(command.kind)
    return type(command)


def check_way(before: Mode, done: Step, rules: Rules) -> None:
    """AssertionError where a move is not printed, or where the way does not lead from `before` to the end."""
    at = before
    for passed in done.way:
        assert passed.before is at, f"a move that no row made, from {at} to {passed.before}"
        _check(passed, rules)
        at = passed.after
    assert done.state.mode is at, f"a move that no row made, from {at} to {done.state.mode}"


def _check(passed: Passed, rules: Rules) -> None:
    row, before, after = passed.row, passed.before, passed.after
    if isinstance(row, Move):
        assert before in row.modes, f"{row.when}: not printed for {before}"
        assert after is (row.to or before), f"{row.when}: led to {after}"
        if rules.policy == _DELIVERED:
            unprinted = {order_of(command) for command in passed.commands} - set(row.orders)
            assert not unprinted, f"{row.when}: did {unprinted} too"
        return
    cell = TABLE[row][before]
    if after is not before:
        assert after in cell.to, f"{row} in {before} led to {after}"
    elif cell.act is None:
        assert len(passed.commands) == 0 or cell.refusal, f"{row} in {before} is not ignored"
    else:
        assert ALWAYS not in cell.to.values() or not passed.commands, f"{row} in {before} stays"
