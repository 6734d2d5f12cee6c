"""Long runs in virtual time: `python -m tests.modem_endurance` prints what came of them.

Ten thousand messages through modems that fail at random, with the program killed now and then, while people
write to the kiosk; and millions of bytes of noise into the engine. The tests do the same in small.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from zoneinfo import ZoneInfo

from edge.messages.outbox import Outbox
from edge.messages.texts import Context, code_in, make_text
from edge.terms.record import Channel, OutboxRow, Recipient, RowState
from hw.modem.at import Engine
from hw.modem.card import Subscription
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.profiles import FAULTS
from hw.modem.fake.stepped import SteppedModem
from hw.modem.fake.switch import FakeSwitch
from hw.modem.ladder import Ladder
from hw.modem.models import PROFILES
from hw.modem.power import PowerSwitch
from hw.ports import PowerKind, TextAccepted, TextFailed
from tests.worlds.modem_line import UNSOLICITED, Line

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
    rows: int = 0
    sends: int = 0
    texts: int = 0
    faults: int = 0
    kills: int = 0
    repeats: int = 0
    lost: int = 0
    expired: int = 0
    superseded: int = 0
    unmarked: int = 0
    astray: int = 0
    late: int = 0
    denied: int = 0
    written: int = 0
    heard: int = 0
    twice: int = 0

    @property
    def wrong(self) -> int:
        """How often happened what must not."""
        return (
            self.lost
            + self.expired
            + self.superseded
            + self.unmarked
            + self.astray
            + self.late
            + self.denied
            + self.twice
        )

    def add(self, other: Tally) -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


class World:
    """A kiosk's outbox over one fake modem; faults come and go, the program is killed at times."""

    def __init__(self, seed: int, profile: str) -> None:
        self.random = random.Random(seed)
        self.tally = Tally()
        self.now_s = 1000.0
        self.fake = FakeModem(profile, instant=False, chatter=True, seed=seed, network_utc_s=WALL_S)
        self.context = Context("Cabin 1", "Main Road 5", "en", ZoneInfo("UTC"))
        self.disk: dict[int, OutboxRow] = {}
        self.born: dict[int, float] = {}
        self.fault_ends: dict[str, float] = {}
        self.live_code = 0
        self.live_until_s = 0.0
        self.last_number = 0
        self.heard: set[str] = set()
        self.heard_since_start: set[str] = set()
        self.start()

    def start(self) -> None:
        self.modem = Watched(self.fake, self.tally)
        self.outbox = Outbox(NUMBERS, random=random.Random(self.random.randrange(2**32)))
        self.outbox.restore(self.disk.values(), self.now_s)
        self.heard_since_start = set()

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
        to = self.random.choice([Recipient.WATCHMAN, Recipient.WATCHMAN2] if code else list(NUMBERS))
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
        for text in step.received:
            # What could not be deleted before a restart may be reported again after it.
            self.tally.twice += text.text in self.heard_since_start
            self.heard_since_start.add(text.text)
            self.heard.add(text.text)
        if self.random.random() < 0.002:  # killed before the changed rows were on the disk
            self.tally.kills += 1
            self.start()
            return
        for changed in step.rows_changed:
            self.disk[changed.number] = changed

    def bend(self) -> None:
        """Let faults come and go, and somebody write."""
        if self.random.random() < 0.3:
            self.tally.written += 1
            self.fake.incoming(NUMBERS[Recipient.CONTROL_ROOM], f"STATUS {self.tally.written}")
        for name in [name for name, end_s in self.fault_ends.items() if self.now_s >= end_s]:
            del self.fault_ends[name]
            self.fake.fault(name, on=False)
        if self.random.random() < 0.5 and len(self.fault_ends) < 3:
            name = self.random.choice(PASSING)
            self.fault_ends[name] = self.now_s + self.random.uniform(5, 150)
            self.fake.fault(name, cure=self.random.choice(["", "", "reset", "reopen", "power"]))
            self.tally.faults += 1

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

    def judge(self) -> None:
        """Count what must not happen, by what is on the disk and what the phones received."""
        tally = self.tally
        copies: dict[int, list[str]] = {}
        for text in self.fake.texts:
            number = int(text.text.split("#")[1].split()[0])
            copies.setdefault(number, []).append(text.text)
            row = self.disk[number]
            tally.astray += text.number != NUMBERS[row.recipient]
            tally.astray += (code_in(text.text) is not None) != (row.kind == "code")
            if row.kind == "code":
                tally.expired += text.at_s > self.born[number] + CODE_TTL_S
                # One that the modem had in hand when the next came may still go out within its attempt.
                tally.superseded += any(
                    self.disk[other].kind == "code" and self.born[other] < text.at_s - 45
                    for other in range(number + 1, min(number + 30, self.last_number))
                )
        for number, row in self.disk.items():
            if row.kind != "code":
                placed = row.state in (RowState.ACCEPTED, RowState.DELIVERED)
                tally.lost += number not in copies or not (placed or row.state is RowState.FAILED)
                # Every text that the fake takes reaches its phone: only old reports say otherwise.
                tally.denied += row.state is RowState.FAILED
        tally.rows = len(self.disk)
        tally.texts = len(self.fake.texts)
        tally.heard = len(self.heard)
        for found in copies.values():
            tally.repeats += len(found) - 1
            tally.unmarked += sum("repeat" not in text for text in found[1:])


def endure(seed: int, rows: int) -> Tally:
    """So many messages through one modem; what came of them."""
    world = World(seed, sorted(PROFILES)[seed % len(PROFILES)])
    world.run(rows)
    world.judge()
    return world.tally


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


def fuzz(seed: int, size: int, profile: str) -> int:
    """Feed about `size` bytes of words, broken words and noise; the number of texts that were decided."""
    rnd = random.Random(seed)
    engine = Engine(PROFILES[profile], Subscription("1234", balance_ussd="*100#"), Ladder(PowerKind.SUPPLY))
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


def fuzz_line(seed: int, size: int, profile: str, rate: float) -> tuple[int, int]:
    """A working modem over a bad line, so that the noise gets deep into the conversation: texts, accepted."""
    corrupter = Corrupter(seed, rate)
    engine = Engine(PROFILES[profile], ladder=Ladder(PowerKind.SUPPLY))
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modems", type=int, default=20, help="so many, with 500 messages each")
    parser.add_argument("--bytes", type=int, default=1_000_000, help="of noise to each profile's engine")
    args = parser.parse_args()
    began_s = time.process_time()
    total = Tally()
    for seed in range(100, 100 + args.modems):
        total.add(endure(seed, 500))
    print(f"{total.rows} messages in {total.sends} sends through {args.modems} modems, in virtual time")
    print(f"{total.faults} faults switched on, {total.kills} times killed, {total.texts} texts received")
    print(f"lost {total.lost}, expired codes sent {total.expired}, superseded codes sent {total.superseded}")
    print(f"repeats {total.repeats}, of these unmarked {total.unmarked}, to the wrong phone {total.astray}")
    print(f"called undelivered for an old report {total.denied}")
    print(f"{total.written} texts written to the kiosk, {total.heard} heard, twice {total.twice}")
    print(f"decided after their deadline {total.late}; {time.process_time() - began_s:.0f} s of processor")
    for profile in sorted(PROFILES):
        began_s = time.process_time()
        decided = fuzz(7, args.bytes, profile)
        texts, accepted = fuzz_line(3, args.bytes // 10, profile, 0.01)
        print(
            f"{profile:12} {args.bytes:,} bytes of noise, {decided} texts decided in time;"
            f" {args.bytes // 10:,} bytes over a bad line, {accepted} of {texts} texts accepted;"
            f" {time.process_time() - began_s:.0f} s"
        )
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
