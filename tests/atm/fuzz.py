"""An attacker at the wire, by the million bytes: `python -m tests.atm.fuzz [BYTES] [SEED]` says what he got.

He hears everything, keeps every line of every life of kiosk and machines, and writes what he likes between
what the machines write: noise, old lines, lines in another order, bent, cut, joined, sealed with wrong keys,
another machine's, a byte at a time. `Fuzz` has the right answer to each event: it must be a line that this
machine wrote in this session, taken once and in order. The machine `back` has a line of its own that he does
not reach; whatever he does on the others, all of its lines come through and nothing else.
"""

from __future__ import annotations

import hmac
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from hw.atm.exchange import Exchange, MachineKey
from hw.atm.protocol import SessionKeys, fields_of, hello_key, sealed, unsealed
from hw.ports import AtmEvent, Claimed, ClaimEnded, CodeGiven, MachineBack, MachineDoubted, MachineLost

FRONT, BACK = "front", "back"
KEYS: Final = {FRONT: bytes(range(32)), BACK: bytes(range(32, 64))}
LINE_S: Final = 0.06
"""The pace of lines: a little slower than a link may send, so that few are refused for their number alone."""

_ODD: Final = (
    b'{"type":"claim","token":"a","token":"b","n":9',
    b'{"type":"beat","seen":NaN,"n":9',
    b'{"type":"beat","seen":Infinity,"n":9',
    b'{"type":"claim","token":"4111111111111111","n":9',
    b'{"type":"claim","token":"\xff","n":9',
    b'{"type":"code","digits":"12","n":9',
    b'{"type":"beat","seen":1e999,"n":9',
    b'{"type":"claim","token":"a","n":9,"mac":"x"',
    b"[" * 420,
    b'{"n":' * 80,
)
_BITS_OF_JSON: Final = (
    b'"',
    b"{",
    b"}",
    b"[[",
    b":",
    b",",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"\xff",
    b"\\ud800",
    b"\x00",
    b'"n":1,',
    b"true",
    b"9" * 30,
)


@dataclass
class _Machine:
    """A genuine one: what it wrote in its present session, and what of that was taken."""

    name: str
    keys: SessionKeys | None = None
    sent: int = 0
    nonce: str = ""
    written: dict[str, int] = field(default_factory=dict)
    """What a line said, to its counter."""
    taken: int = 0
    """The highest counter that was taken."""
    ends: int = 0


class Fuzz:
    """`run` feeds so many bytes. `wrong` is what came out that should not have; `raised` what was raised."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.now_s = 1000.0
        self.bytes = self.lines = self.written = self.accepted = self.lives = 0
        self.refused: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.raised: list[str] = []
        self.kept: list[bytes] = []
        self.machines = {name: _Machine(name) for name in KEYS}
        self.serial = 0
        self.wild = False
        self._start()

    def run(self, total: int) -> None:
        attacks = (
            self._noise, self._replay, self._reorder, self._bent, self._cut, self._joined, self._wrong_key,
            self._other_machine, self._stranger, self._nonsense, self._half_line,
        )  # fmt: skip
        while self.bytes < total:
            self._machine_speaks(FRONT)
            self._machine_speaks(BACK)
            for _ in range(self.random.randrange(6)):
                self.random.choice(attacks)()
            event = self.random.random()
            if event < 0.02:
                self._start()
            elif event < 0.04:
                self._greet(FRONT)
            elif event < 0.05:
                self._reconnect()
            if self.random.random() < 0.3:
                self._settle()
        self._settle()
        self._count()

    # --- the honest side ---------------------------------------------------------------------------

    def _start(self) -> None:
        """The kiosk starts: nothing of it was on a disk. Both machines say hello."""
        if self.lives:
            self._count()
        self.lives += 1
        machines = [MachineKey(name, key) for name, key in KEYS.items()]
        self.exchange = Exchange(machines, self.now_s, lambda: self.random.randbytes(16))
        self.links = {FRONT: 1, BACK: 2}
        for link in (1, 2):
            self.exchange.opened(link, self.now_s, stays=True)
        self.next_link = 3
        for name in KEYS:
            self._greet(name)

    def _count(self) -> None:
        self.refused.update({refusal.value: count for refusal, count in self.exchange.refused.items()})

    def _greet(self, name: str) -> None:
        """A machine starts: hello, welcome, first beat."""
        self._settle()
        machine, link = self.machines[name], self.links[name]
        self.exchange.take_output(link)
        nonce = self.random.randbytes(16).hex()
        fields: dict[str, object] = {"type": "hello", "version": 1, "machine": name, "nonce": nonce}
        self._feed(link, b"\n" + self._keep(sealed(hello_key(KEYS[name], name), fields)))
        for line in self.exchange.take_output(link).splitlines():
            self._keep(line + b"\n")
            found = unsealed(line)
            said = None if isinstance(found, str) else fields_of(found.body)
            if isinstance(said, dict) and said.get("echo") == nonce:
                keys = SessionKeys.of(KEYS[name], name, nonce, str(said["nonce"]))
                self.machines[name] = _Machine(name, keys, nonce=nonce)
                machine = self.machines[name]
        if machine.nonce == nonce:
            self._write(name, {"type": "beat", "seen": 0})

    def _reconnect(self) -> None:
        """The front's connection goes, and it comes back on another."""
        self.exchange.closed(self.links[FRONT], self.now_s)
        self.machines[FRONT] = _Machine(FRONT)
        self._judge(self.exchange.take_events(), closed=True)
        self.links[FRONT] = self.next_link
        self.exchange.opened(self.next_link, self.now_s, stays=True)
        self.next_link += 1
        self._greet(FRONT)

    def _machine_speaks(self, name: str) -> None:
        self.serial += 1
        kind = self.random.randrange(4)
        if kind == 0:
            self._write(name, {"type": "beat", "seen": self.random.randrange(100)})
        elif kind == 1:
            self._write(name, {"type": "code", "digits": f"{self.serial:08d}"})
        elif kind == 2:
            self._write(name, {"type": "claim", "token": f"{name}-{self.serial}"})
        else:
            self._write(name, {"type": "end"})

    def _write(self, name: str, fields: dict[str, object]) -> None:
        """A genuine line goes on its own wire: at once, or not at all where the attacker holds it back."""
        machine = self.machines[name]
        if machine.keys is None:
            return
        machine.sent += 1
        line = self._keep(sealed(machine.keys.up, {**fields, "n": machine.sent}))
        self.written += 1
        word = str(fields.get("token", fields.get("digits", "")))
        if word:
            machine.written[f"{fields['type']} {word}"] = machine.sent
        machine.ends += fields["type"] == "end"
        if name == FRONT and self.random.random() < 0.2:
            return  # held back: he has it, the kiosk does not
        before = self.accepted
        self._feed(self.links[name], b"\n" * (name == FRONT) + line)
        if name == BACK and word:
            self._must(self.accepted == before + 1, "a line of the machine that nobody reaches was lost")

    # --- the attacker ------------------------------------------------------------------------------

    def _noise(self) -> None:
        data = self.random.randbytes(self.random.randrange(1, 1500))
        self._attack(data if self.random.random() < 0.5 else data.replace(b"\n", b"{"))

    def _replay(self) -> None:
        self._attack(self.random.choice(self.kept))

    def _reorder(self) -> None:
        some = self.kept[-12:]
        self.random.shuffle(some)
        self._attack(b"".join(some))

    def _bent(self) -> None:
        line = bytearray(self.random.choice(self.kept[-50:]))
        for _ in range(self.random.randrange(1, 4)):
            line[self.random.randrange(len(line))] ^= 1 << self.random.randrange(8)
        self._attack(bytes(line))

    def _cut(self) -> None:
        line = self.random.choice(self.kept[-50:])
        self._attack(line[: self.random.randrange(len(line))] + b"\n")

    def _joined(self) -> None:
        one, other = self.random.choice(self.kept[-50:]), self.random.choice(self.kept[-50:])
        at = self.random.randrange(len(one))
        self._attack(one[:at] + other[self.random.randrange(len(other)) :] + b"\n")

    def _wrong_key(self) -> None:
        self.serial += 1
        fields: dict[str, object] = {"type": "claim", "token": f"forged-{self.serial}", "n": 10**6}
        key = self.random.choice([bytes(32), KEYS[BACK], self.random.randbytes(32), b""])
        self._attack(sealed(key, fields))

    def _other_machine(self) -> None:
        """What `back` wrote, on the front's wire."""
        keys = self.machines[BACK].keys
        if keys is not None:
            self.serial += 1
            self._attack(sealed(keys.up, {"type": "claim", "token": f"forged-{self.serial}", "n": 10**6}))

    def _stranger(self) -> None:
        """A connection of his own, for one line or two."""
        link, self.next_link = self.next_link, self.next_link + 1
        self.exchange.opened(link, self.now_s)
        for _ in range(self.random.randrange(1, 3)):
            self._feed(link, self.random.choice(self.kept))
        self.exchange.closed(link, self.now_s)
        self._judge(self.exchange.take_events(), closed=True)

    def _nonsense(self) -> None:
        """The front itself went mad: bent before it was sealed, so that the parser gets it."""
        keys = self.machines[FRONT].keys
        if keys is None:
            return
        found = unsealed(self.random.choice(self.kept[-50:])[:-1])
        whole = isinstance(found, str) or self.random.random() < 0.3
        body = bytearray(self.random.choice(_ODD) if isinstance(found, str) or whole else found.body)
        for _ in range(0 if whole else self.random.randrange(1, 4)):
            at = self.random.randrange(len(body))
            body[at : at + self.random.randrange(3)] = self.random.choice(_BITS_OF_JSON)
        line = _sealed_raw(keys.up, bytes(body)[:430])
        self.wild = True
        self._attack(line)
        self.wild = False
        self._greet(FRONT)

    def _half_line(self) -> None:
        """Something without an end; the next line of the machine begins with one."""
        self._attack(self.random.choice(self.kept)[: self.random.randrange(1, 60)])

    def _attack(self, data: bytes) -> None:
        self._feed(self.links[FRONT], b"\n" + data if self.random.random() < 0.9 else data)

    # --- the judge ---------------------------------------------------------------------------------

    def _keep(self, line: bytes) -> bytes:
        self.kept.append(line)
        if len(self.kept) > 3000:
            del self.kept[:1000:2]  # some of the oldest stay, of every life
        return line

    def _feed(self, link: int, data: bytes) -> None:
        lines = data.count(b"\n")
        self.lines += lines
        self.now_s += LINE_S * max(1, lines)
        for piece in self._split(data):
            self.bytes += len(piece)
            try:
                self.exchange.feed(link, piece, self.now_s)
            except Exception as error:  # that is what is looked for
                self.raised.append(repr(error))
            self._judge(self.exchange.take_events())

    def _split(self, data: bytes) -> Iterator[bytes]:
        how = self.random.randrange(3)
        step = (len(data) or 1, 1, self.random.randrange(2, 60))[how]
        return (data[at : at + step] for at in range(0, len(data), step))

    def _settle(self) -> None:
        self.exchange.poll(self.now_s)
        for name, link in self.links.items():
            for line in self.exchange.take_output(link).splitlines():
                self._keep(line + b"\n")
            if self.machines[name].keys is not None:
                self._write(name, {"type": "beat", "seen": 0})
        self._judge(self.exchange.take_events())

    def _judge(self, events: tuple[AtmEvent, ...], *, closed: bool = False) -> None:
        if self.wild:
            return
        new = {event.machine for event in events if isinstance(event, MachineBack)}
        for event in events:
            match event:
                case Claimed(machine=name, token=word):
                    self._judge_word(name, f"claim {word}")
                case CodeGiven(machine=name, digits=word):
                    self._judge_word(name, f"code {word}")
                case ClaimEnded(machine=name):
                    if not closed and name not in new:
                        machine = self.machines[name]
                        machine.ends -= 1
                        self._must(machine.ends >= 0, "an end that was not written, or again")
                case MachineLost(machine=name):
                    self._must(name == FRONT, "the machine that nobody reaches was lost")
                case MachineBack() | MachineDoubted():
                    pass

    def _judge_word(self, name: str, word: str) -> None:
        machine = self.machines[name]
        counter = machine.written.get(word)
        if self._must(counter is not None, f"{name} did not write {word} in this session"):
            self._must((counter or 0) > machine.taken, f"{word} came again, or after a later one")
        machine.taken = counter or 0
        self.accepted += 1

    def _must(self, so: bool, else_wrong: str) -> bool:
        if not so:
            self.wrong.append(else_wrong)
        return so


def _sealed_raw(key: bytes, body: bytes) -> bytes:
    body = body.replace(b"\n", b" ")
    return body + b',"mac":"' + hmac.digest(key, body, "sha256").hex().encode() + b'"}\n'


def main() -> None:
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    fuzz = Fuzz(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    fuzz.run(total)
    print(report(fuzz))
    sys.exit(1 if fuzz.wrong or fuzz.raised else 0)


def report(fuzz: Fuzz) -> str:
    refused = ", ".join(f"{count:,} {name}" for name, count in fuzz.refused.most_common())
    return (
        f"{fuzz.bytes:,} bytes in {fuzz.lines:,} lines over {fuzz.lives} lives of the kiosk: "
        f"{fuzz.written:,} genuine, {fuzz.accepted:,} of their claims and codes taken once each, "
        f"{len(fuzz.wrong)} others taken, {len(fuzz.raised)} exceptions; refused {refused}"
    )


if __name__ == "__main__":
    main()
