"""The kiosk's end of all lines: bytes in, events out, no port and no clock of its own.

A *link* is one serial port or one connection; a *session* begins with a machine's hello and the kiosk's
welcome, whose two fresh random numbers make its keys. So nothing has to be kept on a disk for a line of
yesterday to be worth nothing today: its keys went with the program that made them.

A running session is never disturbed by anything that is not proven: a new one takes its place only with the
first line under its own key.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

from hw.atm.protocol import (
    NONCE_BYTES,
    PACE,
    Beat,
    Claim,
    Code,
    End,
    LineRefusal,
    LineSplitter,
    Pace,
    Said,
    Sealed,
    SessionKeys,
    Window,
    fit_reason,
    hello_in,
    hello_key,
    said_in,
    sealed,
    unsealed,
    welcome_key,
)
from hw.ports import (
    Asked,
    AtmEvent,
    Claimed,
    ClaimEnded,
    CodeGiven,
    MachineBack,
    MachineDoubted,
    MachineLost,
)

LINES_A_SECOND: Final = 20.0
LINES_AT_ONCE: Final = 40.0
OUTPUT_MAX_BYTES: Final = 4096
"""What waits for a machine that does not read; more, and the link is closed."""


@dataclass(frozen=True, slots=True)
class MachineKey:
    """A machine and the key that it shares with the kiosk, `KEY_BYTES` long."""

    name: str
    key: bytes = field(repr=False)


class Bucket:
    """So many at once, then so many a second."""

    def __init__(self, a_second: float, at_once: float, now_s: float) -> None:
        self._a_second = a_second
        self._at_once = at_once
        self._left = at_once
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """One more; False where it is one too many."""
        self._left = min(self._at_once, self._left + max(0.0, now_s - self._at_s) * self._a_second)
        self._at_s = max(self._at_s, now_s)
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class _Session:
    __slots__ = ("keys", "machine", "sent", "window")

    def __init__(self, machine: str, keys: SessionKeys) -> None:
        self.machine = machine
        self.keys = keys
        self.window = Window()
        self.sent = 0


class _Link:
    """`stays`: it cannot be closed, as a serial port; what is too much there is thrown away."""

    def __init__(self, now_s: float, *, stays: bool) -> None:
        self.stays = stays
        self.opened_s = now_s
        self.lines = LineSplitter()
        self.bucket = Bucket(LINES_A_SECOND, LINES_AT_ONCE, now_s)
        self.output = bytearray()
        self.session: _Session | None = None
        self.candidate: _Session | None = None
        self.closing = False

    def write(self, line: bytes) -> None:
        if len(self.output) + len(line) <= OUTPUT_MAX_BYTES:
            self.output += line
        elif not self.stays:
            self.closing = True


class _Machine:
    def __init__(self, known: MachineKey, now_s: float) -> None:
        self.name = known.name
        self.key = known.key
        self.hello = hello_key(known.key, known.name)
        self.welcome = welcome_key(known.key, known.name)
        self.link: int | None = None
        self.heard_s = now_s
        self.beat_s = now_s
        self.lost = False
        self.greeted = False


class Exchange:
    """`nonce` gives the kiosk's half of a session's freshness; only a bench may give it another source."""

    def __init__(
        self,
        machines: Sequence[MachineKey],
        now_s: float,
        nonce: Callable[[], bytes] = lambda: secrets.token_bytes(NONCE_BYTES),
        pace: Pace = PACE,
    ) -> None:
        self._pace = pace
        self._machines = {known.name: _Machine(known, now_s) for known in machines}
        self._nonce = nonce
        self._links: dict[int, _Link] = {}
        self._events: list[AtmEvent] = []
        self._on, self._reason, self._for = False, "not_cleared", ""
        self._port_code = self._port_detail = ""
        self._doubts: Counter[LineRefusal] = Counter()
        self._doubt_due_s: float | None = None
        self._doubt_told_s = float("-inf")
        self.refused: Counter[LineRefusal] = Counter()
        """Every line refused since the start, by its name."""

    # --- the caller's side -------------------------------------------------------------------------

    def permit(self, on: bool, reason: str, machine: str, now_s: float) -> None:
        """As `hw.ports.Atm.permit`. ValueError for a reason that is no plain word."""
        if not fit_reason(reason):
            raise ValueError(f"{reason!r} is no plain word")
        if (on, reason, machine) == (self._on, self._reason, self._for):
            return
        self._on, self._reason, self._for = on, reason, machine
        for known in self._machines.values():
            self._say(known, {"type": "permit", **self._permit_of(known)}, now_s)

    def ask(self, machine: str, what: Asked, now_s: float) -> None:
        self._tell(machine, {"type": "ask", "what": what.value}, now_s)

    def refuse(self, machine: str, reason: str, now_s: float) -> None:
        """ValueError for a reason that is no plain word."""
        if not fit_reason(reason):
            raise ValueError(f"{reason!r} is no plain word")
        self._tell(machine, {"type": "refused", "reason": reason}, now_s)

    def take_events(self) -> tuple[AtmEvent, ...]:
        events, self._events = tuple(self._events), []
        return events

    @property
    def eventful(self) -> bool:
        """Whether `take_events` has something."""
        return bool(self._events)

    # --- the port's side ---------------------------------------------------------------------------

    def opened(self, link: int, now_s: float, *, stays: bool = False) -> None:
        """A link that is there now, under a number that no other has."""
        self._links[link] = _Link(now_s, stays=stays)
        self.port_well()

    def closed(self, link: int, now_s: float) -> None:
        """It is gone; a session over it is over."""
        gone = self._links.pop(link, None)
        if gone is not None and gone.session is not None:
            self._ended(self._machines[gone.session.machine], link)

    def port_well(self) -> None:
        """The port is there, whether or not anybody speaks on it."""
        self._port_code = ""

    def port_failed(self, code: str, detail: str) -> None:
        """There is no port to hear anybody on: the fault that the machines count as lost for."""
        self._port_code, self._port_detail = code, detail

    def feed(self, link: int, data: bytes, now_s: float) -> None:
        """Bytes that came; of a link that is to be closed nothing is read any more."""
        at = self._links.get(link)
        if at is None:
            return
        for line in at.lines.feed(data):
            if at.closing:
                return
            if not at.bucket.take(now_s):
                self._refuse_line(LineRefusal.TOO_MANY, now_s)
                at.closing = not at.stays
            elif isinstance(line, LineRefusal):
                self._refuse_line(line, now_s)
            else:
                self._hear(link, at, line, now_s)

    def take_output(self, link: int) -> bytes:
        at = self._links.get(link)
        if at is None:
            return b""
        output = bytes(at.output)
        at.output.clear()
        return output

    def closing(self, link: int) -> bool:
        """Whether the link is to be closed: too much, too slow, or another has its session."""
        at = self._links.get(link)
        return at is not None and at.closing

    def proven(self, link: int) -> bool:
        at = self._links.get(link)
        return at is not None and at.session is not None

    # --- time --------------------------------------------------------------------------------------

    def poll(self, now_s: float) -> None:
        for at in self._links.values():
            if at.session is None and not at.stays and now_s >= at.opened_s + self._pace.prove_s:
                at.closing = True
        for machine in self._machines.values():
            if now_s >= machine.heard_s + self._pace.lost_s:
                self._lose(machine, now_s)
            elif machine.link is not None and now_s >= machine.beat_s:
                self._beat(machine, now_s)
        if self._doubt_due_s is not None and now_s >= self._doubt_due_s:
            self._tell_doubts(now_s)

    def next_wake_s(self) -> float | None:
        """The latest time for the next `poll`."""
        wakes = [
            at.opened_s + self._pace.prove_s
            for at in self._links.values()
            if at.session is None and not at.stays and not at.closing
        ]
        for machine in self._machines.values():
            if machine.link is not None:
                wakes.append(machine.beat_s)
            if not machine.lost:
                wakes.append(machine.heard_s + self._pace.lost_s)
        if self._doubt_due_s is not None:
            wakes.append(self._doubt_due_s)
        return min(wakes, default=None)

    # --- hearing -----------------------------------------------------------------------------------

    def _hear(self, link: int, at: _Link, line: bytes, now_s: float) -> None:
        found = unsealed(line)
        if isinstance(found, LineRefusal):
            self._refuse_line(found, now_s)
            return
        for session in (at.session, at.candidate):
            if session is not None and found.fits(session.keys.up):
                self._hear_session(link, at, session, found, now_s)
                return
        for machine in self._machines.values():
            if found.fits(machine.hello):
                self._hear_hello(at, machine, found, now_s)
                return
        self._refuse_line(LineRefusal.FORGED, now_s)

    def _hear_hello(self, at: _Link, machine: _Machine, found: Sealed, now_s: float) -> None:
        hello = hello_in(found.body)
        if isinstance(hello, LineRefusal):
            self._refuse_line(hello, now_s)
            return
        if hello.machine != machine.name:  # proven with another machine's key
            self._refuse_line(LineRefusal.FORGED, now_s)
            return
        nonce = self._nonce().hex()
        at.candidate = _Session(machine.name, SessionKeys.of(machine.key, machine.name, hello.nonce, nonce))
        at.write(
            sealed(
                machine.welcome,
                {"type": "welcome", "machine": machine.name, "echo": hello.nonce, "nonce": nonce},
            )
        )

    def _hear_session(self, link: int, at: _Link, session: _Session, found: Sealed, now_s: float) -> None:
        machine = self._machines[session.machine]
        said = said_in(found.body)
        if isinstance(said, LineRefusal):
            self._refuse_line(said, now_s)
            if session is at.session:
                self._say(machine, {"type": "refused", "reason": said.value}, now_s)
            return
        odd = session.window.take(said.counter)
        if odd is not None:
            self._refuse_line(odd, now_s)
            return
        if session is not at.session:
            self._begin(link, at, session, machine, now_s)
        machine.heard_s = now_s
        self._take(machine, said)

    def _begin(self, link: int, at: _Link, session: _Session, machine: _Machine, now_s: float) -> None:
        """The first proven line under the keys of a new session: it takes the place of what was before."""
        if at.session is not None and at.session.machine != machine.name:
            self._ended(self._machines[at.session.machine], link)
        at.session, at.candidate = session, None
        if machine.greeted and machine.link is not None:
            before = self._links.get(machine.link)
            if before is not None and machine.link != link:
                before.session = None
                before.closing = not before.stays
            self._ended(machine, machine.link)
        machine.link, machine.greeted = link, True
        machine.heard_s = machine.beat_s = now_s
        machine.lost = False
        self._events.append(MachineBack(machine.name))
        self._say(machine, {"type": "permit", **self._permit_of(machine)}, now_s)

    def _take(self, machine: _Machine, said: Said) -> None:
        match said:
            case Beat():
                pass
            case Claim(token=token):
                self._events.append(Claimed(machine.name, token))
            case Code(digits=digits):
                self._events.append(CodeGiven(machine.name, digits))
            case End():
                self._events.append(ClaimEnded(machine.name))
            case _:
                assert_never(said)

    def _ended(self, machine: _Machine, link: int) -> None:
        """Its session is over, and with it any claim: the one who comes back may be another customer's."""
        if machine.link == link:
            machine.link = None
            self._events.append(ClaimEnded(machine.name, cut=True))

    def _lose(self, machine: _Machine, now_s: float) -> None:
        at = None if machine.link is None else self._links.get(machine.link)
        if at is not None:
            at.session = at.candidate = None
            at.closing = not at.stays
            at.output.clear()  # what a wire did not take in all that time is not true any more
        machine.link = None
        if not machine.lost:
            machine.lost = True
            code = self._port_code or "atm_line_lost"
            detail = (
                self._port_detail
                if self._port_code
                else f"nothing proven was heard for {self._pace.lost_s:g} s"
            )
            self._events.append(MachineLost(machine.name, code, detail))

    # --- saying ------------------------------------------------------------------------------------

    def _permit_of(self, machine: _Machine) -> dict[str, object]:
        if self._on and self._for not in ("", machine.name):
            return {"on": False, "reason": "another_machine"}
        return {"on": self._on, "reason": self._reason}

    def _beat(self, machine: _Machine, now_s: float) -> None:
        at = None if machine.link is None else self._links.get(machine.link)
        if at is not None and at.session is not None:
            seen = at.session.window.highest
            self._say(machine, {"type": "beat", "seen": seen, **self._permit_of(machine)}, now_s)

    def _tell(self, name: str, fields: dict[str, object], now_s: float) -> None:
        machine = self._machines.get(name)
        if machine is not None:
            self._say(machine, fields, now_s)

    def _say(self, machine: _Machine, fields: dict[str, object], now_s: float) -> None:
        at = None if machine.link is None else self._links.get(machine.link)
        if at is None or at.session is None:
            return
        at.session.sent += 1
        at.write(sealed(at.session.keys.down, {**fields, "n": at.session.sent}))
        machine.beat_s = now_s + self._pace.beat_s

    # --- doubts ------------------------------------------------------------------------------------

    def _refuse_line(self, refusal: LineRefusal, now_s: float) -> None:
        self.refused[refusal] += 1
        self._doubts[refusal] += 1
        if self._doubt_due_s is None:
            self._doubt_due_s = max(
                now_s + self._pace.doubt_wait_s, self._doubt_told_s + self._pace.doubt_every_s
            )

    def _tell_doubts(self, now_s: float) -> None:
        counted = ", ".join(f"{count} {refusal.value}" for refusal, count in self._doubts.most_common())
        self._events.append(MachineDoubted("atm_lines_refused", f"lines refused: {counted}"))
        self._doubts.clear()
        self._doubt_due_s, self._doubt_told_s = None, now_s
