"""Long runs in virtual time: thousands of messages through modems that fail, millions of bytes of noise."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest

from edge.messages.outbox import Outbox
from edge.messages.texts import Context, code_in, make_text
from edge.record import Channel, OutboxRow, Recipient, RowState
from hw.modem.at import Engine
from hw.modem.fake import FAULTS, FakeModem, FakeSwitch, SteppedModem
from hw.modem.models import PROFILES
from hw.modem.power import PowerKind, PowerSwitch
from hw.ports import TextAccepted, TextFailed
from tests.modem_line import UNSOLICITED, Line

NUMBERS = {
    Recipient.WATCHMAN: "+15550100",
    Recipient.WATCHMAN2: "+15550101",
    Recipient.CONTROL_ROOM: "+15550102",
}
WALL_S = 1_772_339_400.0
CODE_TTL_S = 120.0
ALERT_TTL_S = 86_400.0
PASSING = [*sorted(FAULTS.keys() - {"undelivered"}), "cms:38", "cms:42", "cms:500", "cms:332"]
"""Faults that go away again; a refusal for good (an unassigned number) is another test's."""


class Watched(SteppedModem):
    """Notes when each text was due and when it was decided."""

    def __init__(self, fake: FakeModem, tally: Tally) -> None:
        super().__init__(fake, switch=PowerSwitch(FakeSwitch(fake), PowerKind.SUPPLY, 3.0))
        self._tally = tally
        self._due: dict[int, float] = {}
        self.now_s = 0.0

    def send(
        self, ticket: int, number: str, text: str, deadline_s: float, validity_s: float = 86_400.0
    ) -> None:
        self._tally.sends += 1
        self._due[ticket] = deadline_s
        super().send(ticket, number, text, deadline_s, validity_s)

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
    """A kiosk's outbox over one fake modem; faults come and go, the program is killed at times."""

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


# --- random bytes ----------------------------------------------------------------------------------

_WORDS = (
    *(line + b"\r\n" for line in UNSOLICITED),
    *(
        b"OK\r\n",
        b"ERROR\r\n",
        b"> ",
        b"\r\n",
        b"\r",
        b"\n",
        b"\x1a",
        b"\x1b",
        b"\x00",
        b"RDY\r\n",
        b'"',
        b",",
    ),
    *(b"+CME ERROR: 10\r\n", b"+CMS ERROR: 500\r\n", b"+CMS ERROR: SIM busy\r\n", b"+CMGS: 7\r\nOK\r\n"),
    *(
        b"+CPIN: READY\r\nOK\r\n",
        b"+CPIN: SIM PIN\r\nOK\r\n",
        b"+CREG: 0,1\r\nOK\r\n",
        b"+CREG: 0,3\r\nOK\r\n",
    ),
    *(
        b"+CSQ: 20,99\r\nOK\r\n",
        b"+CPMS: 20,20,20,20\r\nOK\r\n",
        b'+CSCA: "",129\r\nOK\r\n',
        b"+CBC: 0,1,3100\r\n",
    ),
    *(b'+COPS: 0,0,"X",7\r\nOK\r\n', b'+CCLK: "26/02/31,25:61:61+99"\r\nOK\r\n', b'+CCLK: ""\r\nOK\r\n'),
    *(
        b"+CMGL: 1,0,,24\r\n",
        b"+CMGL: 99999999,0,,24\r\n",
        b"07917283010010F5040BC87238880900F1\r\n",
        b"+CDS: 300\r\n",
    ),
    *(
        b"+CDS: 6,1,,,,,0\r\n",
        b'+CUSD: 2,"00410042",72\r\n',
        b"+SPIC: 3,10\r\nOK\r\n",
        b"NORMAL POWER DOWN\r\n",
    ),
)


def _fuzz(seed: int, size: int, profile: str) -> int:
    """Feed about `size` bytes of words, broken words and noise; the number of texts that were decided."""
    rnd = random.Random(seed)
    engine = Engine(PROFILES[profile], "1234", power=PowerKind.SUPPLY, balance_ussd="*100#")
    fed = ticket = decided = 0
    deadline_s: float | None = None
    engine.port_opened(0.0)
    clock = 0.0
    while fed < size:
        if deadline_s is None:
            ticket += 1
            deadline_s = clock + rnd.choice([5.0, 30.0, 120.0])
            engine.send(ticket, "+15550100", "CODE 417", deadline_s, clock)
        kind = rnd.random()
        if kind < 0.6:
            data = b"\r\n" + rnd.choice(_WORDS)
        elif kind < 0.8:
            word = bytearray(rnd.choice(_WORDS))
            word[rnd.randrange(len(word))] = rnd.randrange(256)
            data = bytes(word[: rnd.randrange(1, len(word) + 1)])
        else:
            data = rnd.randbytes(rnd.choice([1, 3, 30, 300, 3000 if rnd.random() < 0.1 else 30]))
        fed += len(data)
        engine.feed(data, clock)
        clock += rnd.choice([0.0, 0.0, 0.001, 0.03, 0.3, 1.1, 6.0, 35.0 if rnd.random() < 0.2 else 0.0])
        engine.poll(clock)
        engine.take_output()
        for request in engine.take_requests():
            if request.value == "reopen" and rnd.random() < 0.5:
                engine.port_lost(clock, "gone")
            engine.port_opened(clock)
        for event in engine.take_events():
            repr(event)
            if (
                isinstance(event, TextAccepted | TextFailed)
                and event.ticket == ticket
                and deadline_s is not None
            ):
                deadline_s = None
                decided += 1
        assert deadline_s is None or clock < deadline_s, "a deadline passed without an answer"
        wake_s = engine.next_wake_s()
        assert wake_s is not None
    return decided


class Corrupter:
    """A line on which bytes are lost, doubled, changed and thrown in: `rate` of them."""

    def __init__(self, seed: int, rate: float) -> None:
        self._random = random.Random(seed)
        self._rate = rate
        self.bytes = 0

    def __call__(self, chunk: bytes) -> Iterable[bytes]:
        self.bytes += len(chunk)
        out = bytearray()
        for byte in chunk:
            if self._random.random() >= self._rate:
                out.append(byte)
                continue
            out += self._random.choice(
                (
                    b"",
                    bytes((byte, byte)),
                    self._random.randbytes(1),
                    bytes((byte,)) + self._random.choice(_WORDS),
                )
            )
        return (bytes(out),)


def _fuzz_line(seed: int, size: int, profile: str, rate: float) -> tuple[int, int]:
    """A working modem over a bad line, so that the noise gets deep into the conversation: texts, accepted."""
    corrupter = Corrupter(seed, rate)
    engine = Engine(PROFILES[profile], power=PowerKind.SUPPLY)
    line = Line(FakeModem(profile, seed=seed), engine, bend=corrupter)
    ticket = accepted = 0
    while corrupter.bytes < size:
        ticket += 1
        if ticket % 5 == 0:
            line.fake.incoming("+15550102", "STATUS")
        answer = line.send(f"CODE 417 #{ticket}", ticket=ticket, deadline_s=60.0)
        if isinstance(answer, TextAccepted):
            accepted += 1
        line.events.clear()
        line.fake.texts.clear()
        line.run(lambda: line.engine.idle, 600)
    return ticket, accepted


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_over_a_million_bytes_of_noise_break_and_stall_nothing(profile: str, full: bool) -> None:
    """Six profiles, 200,000 bytes and more each."""
    size = 4_000_000 if full else 200_000
    assert _fuzz(7, size, profile) > 50


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_a_bad_line_breaks_and_stalls_nothing(profile: str, rate: float, full: bool) -> None:
    texts, accepted = _fuzz_line(3, 1_000_000 if full else 10_000, profile, rate)
    assert texts > 0
    if rate < 0.01:
        assert accepted > texts * 0.8
