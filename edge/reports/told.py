"""Who was told: each message of an incident, how far it came, and how long that took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from edge.reports.moments import Kind, Moment
from edge.terms.record import Channel, OutboxRow, RowState


@dataclass(frozen=True, slots=True)
class Outcome:
    """A message became `state` at this time, so long after it was queued."""

    state: str
    wall_s: float
    since_s: float
    after_s: float


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one recipient by one channel; all words are the record's.

    `number` is the short number in its text, `kind` what it told, `reason` why. `queued_s` counts from the
    beginning of the incident. `channel` is empty where the record does not say it, `cause` why it failed.
    """

    number: int
    kind: str
    reason: str
    to: str
    channel: str
    queued_wall_s: float
    queued_s: float
    outcomes: tuple[Outcome, ...]
    tries: int
    cause: str

    @property
    def state(self) -> str:
        """What became of it at last."""
        return self.outcomes[-1].state if self.outcomes else RowState.QUEUED.value

    def reached(self, *states: RowState) -> Outcome | None:
        """When it first came to one of these."""
        wanted = {state.value for state in states}
        return next((outcome for outcome in self.outcomes if outcome.state in wanted), None)


_BY_SMS: Final = Channel.SMS.value


def messages(moments: Sequence[Moment], rows: Iterable[OutboxRow]) -> tuple[Message, ...]:
    """From the lines that say what became of them, and the rows where the record still has them.

    Lines of earlier versions do not name the channel: they count for the text.
    """
    kept = {(row.number, row.recipient.value, row.channel.value): row for row in rows}
    came: dict[tuple[int, str, str], list[Moment]] = {key: [] for key in kept}
    for moment in moments:
        if moment.kind is Kind.MESSAGE and moment.name not in ("tell", "send_code"):
            key = moment.number("number"), moment.word("to"), moment.word("by") or _BY_SMS
            came.setdefault(key, []).append(moment)
    found = [_message(key, lines, kept.get(key), moments) for key, lines in came.items()]
    return tuple(sorted(found, key=lambda one: (one.queued_s, one.number, one.to, one.channel)))


def _message(
    key: tuple[int, str, str], lines: Sequence[Moment], row: OutboxRow | None, moments: Sequence[Moment]
) -> Message:
    number, to, channel = key
    kind = row.kind if row is not None else lines[0].word("kind")
    order = _order_of(kind, to, lines, moments)
    if order is not None:
        queued_wall_s, queued_s = order.wall_s, order.since_s
    elif lines:
        queued_wall_s, queued_s = lines[0].wall_s, lines[0].since_s
    else:
        assert row is not None  # each key comes from a row or from a line
        queued_wall_s = row.created_wall_s
        queued_s = _since(queued_wall_s, moments)
    return Message(
        number=number,
        kind=kind,
        reason=row.reason if row is not None else ("" if order is None else order.word("why")),
        to=to,
        channel=channel,
        queued_wall_s=queued_wall_s,
        queued_s=queued_s,
        outcomes=tuple(
            Outcome(line.name, line.wall_s, line.since_s, max(0.0, line.since_s - queued_s)) for line in lines
        ),
        tries=row.tries if row is not None else sum(line.name == RowState.SENDING for line in lines),
        cause=row.cause if row is not None else next((line.word("cause") for line in reversed(lines)), ""),
    )


def _order_of(kind: str, to: str, lines: Sequence[Moment], moments: Sequence[Moment]) -> Moment | None:
    """The line that ordered it: the newest of its kind before its first outcome."""
    before_seq = lines[0].seq if lines else None
    found = None
    for moment in moments:
        if before_seq is not None and moment.seq >= before_seq:
            break
        if moment.kind is Kind.MESSAGE and _orders(moment, kind, to):
            found = moment
    return found


def _orders(moment: Moment, kind: str, to: str) -> bool:
    if moment.name == "send_code":
        return kind == "code" and moment.word("recipient") == to
    told = moment.said.get("recipients")
    return moment.name == "tell" and moment.word("alert") == kind and isinstance(told, list) and to in told


def _since(wall_s: float, moments: Sequence[Moment]) -> float:
    """Seconds from the beginning, by the wall clock."""
    if not moments:
        return 0.0
    first = moments[0]
    return wall_s - first.wall_s + first.since_s
