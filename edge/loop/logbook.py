"""Lines for the record, each in a transaction with the whole state; what comes again and again is held back.

The state goes into every transaction: its times are on the clock of this boot and fit no other's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Final

import msgspec

from edge.cabin.commands import ClearEntry, Command, Note, Say, SetLights, SetSound
from edge.cabin.events import FACTS, Event, KeyTouched, PromptGiven, Ticked
from edge.cabin.state import Mode, State, Timebase
from edge.identity.person import Act
from edge.loop.chatter import QUIET_S, Chatter, Turn, source_of
from edge.loop.facts import Facts
from edge.loop.happening import Happening, Listener, describe, plain
from edge.loop.on_record import OnRecord
from edge.loop.situation import Situation
from edge.terms.record import Entry, OutboxRow, OwnerTries, Record
from hw.ports import Clock

KEYS_APART_S: Final = 30.0
"""After so long without any key the next one begins a line of its own."""

_NEVER_HELD: Final = frozenset(
    f"{name}{end}" for name in ("input_chatters", "comes_and_goes", "held_back") for end in ("", "_ended")
) | frozenset(act.value for act in Act)
"""The first say of others that they are held back; the rest prove that somebody was enrolled or removed."""

_PASSING: Final = frozenset(
    {
        *("mode", "visit", "fire", "exit", "door_open", "health", "present", "face", "cover", "several"),
        *(
            "active",
            "failed",
            "told",
            "ticket",
            "warn_ticket",
            "said",
            "playing",
            "stands",
            "openings",
            "claim",
        ),
    }
)
_LASTING: Final = tuple(
    field.name for field in fields(State) if field.name not in _PASSING and not field.name.endswith("_s")
)


def _essence(state: State) -> tuple[object, ...]:
    """What the record must always have of it: a lock, its code, that nobody may be locked, and the like.

    The rest a start asks for again, or can be a minute old without harm.
    """
    return state.mode is Mode.LOCKED, *(getattr(state, name) for name in _LASTING)


class Logbook:
    """`more_counters` are those of the release desk and of the claims, `clock` the board's."""

    def __init__(
        self,
        situation: Situation,
        on_record: OnRecord,
        clock: Clock,
        more_counters: Callable[[], tuple[tuple[str, int], ...]],
        listener: Listener,
        facts: Facts,
    ) -> None:
        self._situation = situation
        self._on_record = on_record
        self._clock = clock
        self._more_counters = more_counters
        self._listener = listener
        self._facts = facts
        self._chatter = Chatter()
        self._minor: set[tuple[str, str]] = set()
        self._numbers_used = 0
        self._saved_at_s = 0.0
        self._key_s = float("-inf")
        self._saved_essence = _essence(situation.state)
        self._unsaved_from_s: float | None = None

    # --- numbers of messages -----------------------------------------------------------------------

    def restore(self, numbers_used: int) -> None:
        """What an earlier start has used up."""
        self._numbers_used = numbers_used

    def fresh_number(self) -> int:
        """A short number for a message, never used before."""
        self._numbers_used += 1
        return self._numbers_used

    # --- lines -------------------------------------------------------------------------------------

    def tell(self, at_s: float, kind: str, data: Mapping[str, object]) -> None:
        """For anyone who watches, not for the record."""
        self._listener(Happening(at_s, kind, data))

    def save(
        self,
        entries: tuple[Entry, ...],
        rows: tuple[OutboxRow, ...],
        now_s: float,
        owners: tuple[OwnerTries, ...] = (),
    ) -> int:
        """Hand one transaction to the journal; its number."""
        state = self._situation.state
        self._saved_at_s = now_s
        self._saved_essence = _essence(state)
        self._unsaved_from_s = None
        counters = (("incident", state.incidents), ("number", self._numbers_used), *self._more_counters())
        timed = replace(state, timebase=Timebase(self._clock.boot, self._clock.wall_true()))
        sequence = self._on_record.next_sequence
        self._on_record.submit(
            Record(
                sequence=sequence,
                mono_s=now_s,
                wall_s=self._clock.wall_s(),
                entries=entries,
                state=msgspec.json.encode(timed).decode(),
                rows=rows,
                counters=counters,
                owners=owners,
            )
        )
        return sequence

    def note(
        self,
        kind: str,
        name: str,
        data: Mapping[str, object],
        now_s: float,
        rows: tuple[OutboxRow, ...] = (),
    ) -> None:
        """Something that the table need not know; held back where it comes again and again."""
        self.tell(now_s, kind, {"name": name, **data})
        if name not in _NEVER_HELD and self._chatter.moved(f"note {name}", now_s) and not rows:
            return
        entry = Entry(kind, name, self._situation.state.incident, plain(data))
        self._on_record.hold_rows(self.save((entry,), rows, now_s), rows, now_s)

    def fault(
        self,
        code: str,
        active: bool,
        data: Mapping[str, object],
        now_s: float,
        which: str = "",
        rows: tuple[OutboxRow, ...] = (),
    ) -> None:
        """A fault that the table need not know began or ended; `which` tells several of one code apart."""
        (self._minor.add if active else self._minor.discard)((code, which))
        self.note("fault", code if active else f"{code}_ended", data, now_s, rows)

    def faults(self) -> list[str]:
        """What is broken: the table's devices, and the faults that it need not know of."""
        devices = {device.value for device in self._situation.state.failed}
        return sorted(devices | {code for code, _ in self._minor})

    # --- the lines of a step -----------------------------------------------------------------------

    def event_lines(self, event: Event, before: State, now_s: float, held: bool) -> list[Entry]:
        """Show an event, the facts and the mode that it led to; the lines that the record gets of them.

        `before` is the state that it met; `held`: its source moves again and again.
        """
        entries: list[Entry] = []
        state = self._situation.state
        incident = state.incident or before.incident
        facts = {str(fact["name"]): fact for fact in self._facts.after(event, before, state)}
        if not isinstance(event, Ticked):
            kind, data = "fact" if isinstance(event, FACTS) else "event", describe(event)
            # Where the fact has the same name as its event, both are one line.
            fact = facts.pop(str(data["name"]), {}) if kind == "fact" else {}
            self.tell(now_s, kind, {name: data[name] for name in data if name != "reason"} | dict(fact))
            quiet = isinstance(event, PromptGiven) or (
                isinstance(event, KeyTouched) and not self._keys_begin(incident, now_s)
            )
            if not held and not quiet:
                entries.append(Entry(kind, str(data["name"]), incident, plain(data)))
        for fact in facts.values():
            self.tell(now_s, "fact", fact)
        if state.mode is not before.mode:
            name, left = state.mode.value, before.mode.value
            self.tell(now_s, "state", {"name": name, "from": left})
            if not (self._chatter.moved("state", now_s) and held):
                entries.append(Entry("state", name, incident, plain({"from": left})))
        return entries

    def command_lines(self, command: Command, incident: int, now_s: float, held: bool) -> list[Entry]:
        """Show a command; the line that the record gets of it."""
        data, remark = describe(command), isinstance(command, Note)
        self.tell(now_s, "event" if remark else "command", data)
        if held or isinstance(command, ClearEntry | SetLights):
            return []
        # What was said and sounded is part of an incident's story, and of no other visit's.
        if isinstance(command, Say | SetSound) and not incident:
            return []
        return [Entry("note" if remark else "command", str(data["name"]), incident, plain(data))]

    def _keys_begin(self, incident: int, now_s: float) -> bool:
        """Whether this key is the first of some in an incident: the record says that, and never how many."""
        begins = now_s >= self._key_s + KEYS_APART_S
        self._key_s = now_s
        return begins and incident > 0

    # --- what comes again and again ----------------------------------------------------------------

    def comes_again(self, event: Event, now_s: float) -> bool:
        """Count the event of its source; whether that moves so often that it is to be held back."""
        source = source_of(event)
        return source is not None and self._chatter.moved(source, now_s)

    def is_old(self) -> bool:
        """Whether what the record says of the state would not be safe to come back with any more."""
        return _essence(self._situation.state) != self._saved_essence

    def held_back(self, now_s: float) -> None:
        """A change of the state was not saved."""
        if self._unsaved_from_s is None:
            self._unsaved_from_s = now_s

    def turns(self, now_s: float) -> Sequence[Turn]:
        """Sources that began to move again and again, or came to rest."""
        return self._chatter.poll(now_s)

    # --- time --------------------------------------------------------------------------------------

    def catch_up(self, now_s: float) -> None:
        """Save what was held back, when that is long enough ago."""
        if self._unsaved_from_s is not None and now_s >= self._unsaved_from_s + QUIET_S:
            self.save((), (), now_s)

    def checkpoint(self, now_s: float) -> None:
        """Save the times of a lock again, so that a restart knows them."""
        due_s = self._checkpoint_s()
        if due_s is not None and now_s >= due_s:
            self.save((), (), now_s)

    def next_wake_s(self) -> float | None:
        wakes = (self._checkpoint_s(), self._chatter.next_wake_s())
        return min((wake_s for wake_s in wakes if wake_s is not None), default=None)

    def _checkpoint_s(self) -> float | None:
        if not self._situation.lock_lasts:
            return None
        return self._saved_at_s + self._situation.rules.flow.checkpoint_s
