"""Long runs in virtual time: thousands of messages through modems that fail at random, and a million random bytes."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest

from edge.messages.outbox import Outbox
from edge.messages.texts import Context, code_in, make_text
from edge.record import Channel, OutboxRow, Recipient, RowState
from hw.modem.at import Engine
from hw.modem.fake import FAULTS, FakeModem, SteppedModem
from hw.modem.models import PROFILES
from hw.ports import TextAccepted, TextFailed
from tests.test_modem_at import UNSOLICITED

NUMBERS = {
    Recipient.WATCHMAN: "+15550100",
    Recipient.WATCHMAN2: "+15550101",
    Recipient.CONTROL_ROOM: "+15550102",
}
WALL_S = 1_772_339_400.0
CODE_TTL_S = 120.0
ALERT_TTL_S = 86_400.0
PASSING = sorted(FAULTS.keys() - {"undelivered"}) + ["cms:38", "cms:42", "cms:500", "cms:332"]
"""Faults that go away again; a refusal for good (an unassigned number) is another test's."""


class Watched(SteppedModem):
    """Notes when each text was due and when it was decided."""

    def __init__(self, fake: FakeModem, tally: Tally) -> None:
        super().__init__(fake, can_power=True)
        self._tally = tally
        self._due: dict[int, float] = {}
        self.now_s = 0.0

    def send(self, ticket: int, number: str, text: str, deadline_s: float) -> None:
        self._tally.sends += 1
        self._due[ticket] = deadline_s
        super().send(ticket, number, text, deadline_s)

    def poll(self, now_s: float):  # type: ignore[no-untyped-def]
        events = super().poll(now_s)
        for event in events:
            if isinstance(event, TextAccepted | TextFailed):
                due_s = self._due.pop(event.ticket, None)
                if due_s is not None and now_s > due_s + 0.005:
                    self._tally.late += 1
        self._tally.late += sum(now_s > due_s + 0.005 for due_s in self._due.values())
        return events


@dataclass
class Tally:
    sends: int = 0
    late: int = 0
    kills: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    repeats: int = 0


class World:
    """A kiosk's outbox over one fake modem, whose faults come and go, and whose program is killed at times."""

    def __init__(self, seed: int, profile: str) -> None:
        self.random = random.Random(seed)
        self.tally = Tally()
        self.now_s = 1000.0
        self.fake = FakeModem(profile, instant=False, chatter=True, seed=seed)
        self.context = Context("Cabin 1", "Main Road 5", "en", ZoneInfo("UTC"))
        self.disk: dict[int, OutboxRow] = {}
        self.born: dict[int, float] = {}
        self.fault_ends: dict[str, float] = {}
        self.live_code = 0
        self.live_until_s = 0.0
        self.last_number = 0
        self.start()

    def start(self) -> None:
        self.modem = Watched(self.fake, self.tally)
        self.outbox = Outbox(NUMBERS, random=random.Random(self.random.randrange(2**32)))
        self.outbox.restore(self.disk.values(), self.now_s)

    def text_of(self, row: OutboxRow) -> str | None:
        if row.kind != "code":
            return make_text(row, self.context, WALL_S + self.now_s)
        if row.number != self.live_code or self.now_s >= self.live_until_s:
            return None
        digits = f"{row.number % 1000:03d}"
        return make_text(
            row, self.context, WALL_S + self.now_s, code=digits, until_wall_s=WALL_S + self.now_s
        )

    def add(self) -> None:
        self.last_number += 1
        number = self.last_number
        code = self.random.random() < 0.4
        kind = "code" if code else self.random.choice(["locked", "released", "panic", "daily"])
        to = self.random.choice([Recipient.WATCHMAN, Recipient.WATCHMAN2] if code else list(Recipient))
        ttl_s = CODE_TTL_S if code else ALERT_TTL_S
        row = OutboxRow(number, 1, kind, int(code), to, Channel.SMS, WALL_S + self.now_s, ttl_s)
        if code:
            for changed in self.outbox.supersede(1, "code"):
                self.disk[changed.number] = changed
            self.live_code, self.live_until_s = number, self.now_s + CODE_TTL_S
        self.disk[number] = row
        self.born[number] = self.now_s
        self.outbox.add(row)

    def poll(self) -> None:
        step = self.outbox.poll(self.now_s, WALL_S + self.now_s, self.modem, self.text_of)
        if self.random.random() < 0.002:  # killed before the changed rows were on the disk
            self.tally.kills += 1
            self.start()
            return
        for changed in step.rows_changed:
            self.disk[changed.number] = changed

    def bend(self) -> None:
        """Let faults come and go."""
        for name in [name for name, end_s in self.fault_ends.items() if self.now_s >= end_s]:
            del self.fault_ends[name]
            self.fake.fault(name, on=False)
        if self.random.random() < 0.5 and len(self.fault_ends) < 3:
            name = self.random.choice(PASSING)
            self.fault_ends[name] = self.now_s + self.random.uniform(5, 150)
            self.fake.fault(name, cure=self.random.choice(["", "", "reset", "reopen", "power"]))
            self.tally.faults[name] += 1

    def run(self, rows: int) -> None:
        next_row_s = next_bend_s = self.now_s
        while self.last_number < rows or self.outbox.waiting:
            if self.now_s >= next_row_s and self.last_number < rows:
                self.add()
                next_row_s = self.now_s + self.random.expovariate(1 / 25)
            if self.now_s >= next_bend_s:
                if self.last_number < rows:
                    self.bend()
                else:
                    for name in list(self.fake.faults):
                        self.fake.fault(name, on=False)
                next_bend_s = self.now_s + self.random.expovariate(1 / 60)
            self.poll()
            wakes = [self.outbox.next_wake_s(), self.modem.next_wake_s(), next_bend_s]
            if self.last_number < rows:
                wakes.append(next_row_s)
            self.now_s = max(self.now_s + 0.001, min(at_s for at_s in wakes if at_s is not None))
            assert self.now_s < 1000.0 + rows * 25 * 3 + 100_000, "messages do not get through"

    def check(self) -> None:
        copies: dict[int, list[tuple[float, str]]] = {}
        for text in self.fake.texts:
            number = int(text.text.split("#")[1].split()[0])
            copies.setdefault(number, []).append((text.at_s, text.text))
            row = self.disk[number]
            assert text.number == NUMBERS[row.recipient]
            assert (code_in(text.text) is not None) == (row.kind == "code")
            if row.kind == "code":
                assert text.at_s <= self.born[number] + CODE_TTL_S, "an expired code was sent"
                assert not any(
                    other > number and self.disk[other].kind == "code" and self.born[other] < text.at_s - 45
                    for other in range(number + 1, min(number + 30, self.last_number))
                ), "a superseded code was handed over"
        assert self.tally.late == 0, "a deadline passed without an answer"
        for number, row in self.disk.items():
            if row.kind != "code":
                assert row.state in (RowState.ACCEPTED, RowState.DELIVERED), row
                assert number in copies, "a message was taken for sent and is lost"
        self.tally.repeats = sum(len(found) - 1 for found in copies.values())


def _endure(seed: int, rows: int) -> Tally:
    world = World(seed, sorted(PROFILES)[seed % len(PROFILES)])
    world.run(rows)
    world.check()
    return world.tally


@pytest.mark.parametrize("seed", range(6))
def test_hundreds_of_messages_through_failing_modems(seed: int) -> None:
    tally = _endure(seed, 60)
    assert tally.sends > 40


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 120))
def test_ten_thousand_messages_through_failing_modems(seed: int) -> None:
    """20 x 500 rows; more sends than that, for what fails is tried again."""
    tally = _endure(seed, 500)
    assert tally.sends >= 500
    print(tally)
