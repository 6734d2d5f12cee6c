"""The far end of the line, without a wire: a machine that claims, types and ends as a story tells it to.

Its failures are those of real ones and are switched on while it runs. It does nothing by itself but say hello
and beat; time comes from `poll`.
"""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from hw.atm.protocol import (
    KEY_BYTES,
    NONCE_BYTES,
    PACE,
    VERSION,
    LineSplitter,
    Pace,
    Sealed,
    SessionKeys,
    fields_of,
    hello_key,
    sealed,
    unsealed,
    welcome_key,
)

MACHINE_FAULTS: Final[Mapping[str, str]] = {
    "cut": "the wire is cut",
    "hung": "it says nothing any more, the wire is whole",
    "wrong_key": "somebody set another key",
    "garbage": "noise between its lines",
    "replays": "each line comes a second time",
    "reorders": "each line comes after the next one",
    "slow": "a byte at a time, ten a second",
    "flood": "hundreds of lines at each turn",
    "counter_back": "it restarted, goes on in the old session and counts from 1",
}
"""What can be the matter with a machine, in words."""

SLOW_BYTE_S: Final = 0.1
_NOISE: Final = b'\x00\xff{"type":"claim",\xc3\x28\n'


@dataclass(frozen=True, slots=True)
class KeptMachine:
    """What of a machine outlives the kiosk: it has a supply of its own. Fields as in `FakeMachine`."""

    name: str
    faults: tuple[str, ...] = ()
    heard: tuple[dict[str, object], ...] = field(default=(), repr=False)
    doubted: int = 0
    permit_on: bool = False
    reason: str = ""
    asked: str = ""


class FakeMachine:
    """`heard` has what the kiosk said last, beats left out; `permit_on` and `reason` its last word on it.

    `nonce` gives the machine's half of a session's freshness.
    """

    def __init__(
        self,
        name: str = "machine",
        key: bytes = bytes(KEY_BYTES),
        *,
        nonce: Callable[[], bytes] = lambda: secrets.token_bytes(NONCE_BYTES),
        pace: Pace = PACE,
    ) -> None:
        self._pace = pace
        self.name = name
        self.key = key
        self.faults: set[str] = set()
        self.heard: deque[dict[str, object]] = deque(maxlen=256)
        self.doubted = 0
        """Lines from the kiosk that it did not believe."""
        self.permit_on = False
        self.reason = ""
        self.asked = ""
        self.sent: deque[bytes] = deque(maxlen=1024)
        """Every line that it wrote: what somebody who listens at the wire has."""
        self._nonce_of = nonce
        self._connected = False
        self._lines = LineSplitter()
        self._output = bytearray()
        self._held_line = b""
        self._slow_s = self._now_s = 0.0
        self._hello_s = self._beat_s = self._heard_s = 0.0
        self._sent_n = self._seen_n = 0
        self._forget()

    # --- what the customer and the bank do ---------------------------------------------------------

    def claim(self, token: str) -> None:
        """A card is put in. It is said once the kiosk is there."""
        self._say({"type": "claim", "token": token})

    def code(self, digits: str = "") -> None:
        """Digits are typed; without any the customer asks for a code."""
        self._say({"type": "code", "digits": digits})

    def end(self) -> None:
        self._say({"type": "end"})

    def fault(self, name: str, on: bool = True) -> None:
        """Switch one of `MACHINE_FAULTS` on or off. KeyError for another."""
        if name not in MACHINE_FAULTS:
            raise KeyError(name)
        (self.faults.add if on else self.faults.discard)(name)
        if name == "wrong_key":
            self._forget()
        elif name == "counter_back" and on:
            self._sent_n = 0

    def reboot(self) -> None:
        """It is switched off and on: everything that it knew of the line is gone."""
        self._forget()
        self._output.clear()
        self.permit_on, self.reason, self.asked = False, "", ""

    def kept(self) -> KeptMachine:
        """All that outlives the kiosk's end."""
        return KeptMachine(
            name=self.name,
            faults=tuple(sorted(self.faults)),
            heard=tuple(self.heard),
            doubted=self.doubted,
            permit_on=self.permit_on,
            reason=self.reason,
            asked=self.asked,
        )

    def restore(self, kept: KeptMachine) -> None:
        """Be the machine that this was kept of, with its line still to be made."""
        self.faults = set(kept.faults)
        self.heard.clear()
        self.heard.extend(kept.heard)
        self.doubted, self.permit_on = kept.doubted, kept.permit_on
        self.reason, self.asked = kept.reason, kept.asked

    @property
    def online(self) -> bool:
        """It has a session and hears the kiosk."""
        return self._keys is not None

    # --- the wire's side ---------------------------------------------------------------------------

    def connected(self, now_s: float) -> None:
        self._now_s = now_s
        self._connected = True
        self._forget()

    def disconnected(self) -> None:
        self._connected = False
        self._forget()
        self._output.clear()

    def feed(self, data: bytes, now_s: float) -> None:
        self._now_s = now_s
        if "hung" in self.faults:
            return
        for line in self._lines.feed(data):
            found = unsealed(line) if isinstance(line, bytes) else None
            if not isinstance(found, Sealed) or not self._believe(found):
                self.doubted += 1

    def poll(self, now_s: float) -> None:
        self._now_s = now_s
        if not self._connected or "hung" in self.faults:
            return
        if self._keys is not None and now_s >= self._heard_s + self._pace.lost_s:
            self._forget()
        if self._keys is None and now_s >= self._hello_s:
            self._hello_s = now_s + self._pace.beat_s / 2
            self._nonce = self._nonce_of().hex()
            hello = {"type": "hello", "version": VERSION, "machine": self.name, "nonce": self._nonce}
            self._write(sealed(hello_key(self._key, self.name), hello))
        if self._keys is not None and now_s >= self._beat_s:
            self._say({"type": "beat", "seen": self._seen_n})
        if "flood" in self.faults:
            self._output += _NOISE * 400

    def take_output(self) -> bytes:
        """What goes on the wire now."""
        if "hung" in self.faults:
            return b""
        if "slow" in self.faults:
            if self._now_s < self._slow_s or not self._output:
                return b""
            self._slow_s = self._now_s + SLOW_BYTE_S
            output = bytes(self._output[:1])
            del self._output[:1]
            return output
        output = bytes(self._output)
        self._output.clear()
        return output

    def next_wake_s(self) -> float | None:
        if not self._connected or "hung" in self.faults:
            return None
        wakes = [self._hello_s] if self._keys is None else [self._beat_s, self._heard_s + self._pace.lost_s]
        if self._output:
            wakes.append(self._slow_s if "slow" in self.faults else self._now_s)
        if "flood" in self.faults:
            wakes.append(self._now_s + self._pace.beat_s / 10)
        return min(wakes)

    # --- inside ------------------------------------------------------------------------------------

    @property
    def _key(self) -> bytes:
        return bytes(byte ^ 0x55 for byte in self.key) if "wrong_key" in self.faults else self.key

    def _forget(self) -> None:
        """No session; what it wanted to say is not said later: the customer may be another by then."""
        self._keys: SessionKeys | None = None
        self._nonce = ""
        self._sent_n = self._seen_n = 0
        self._hello_s = self._beat_s = self._heard_s = self._now_s
        self._waiting: list[dict[str, object]] = []

    def _say(self, fields: dict[str, object]) -> None:
        if self._keys is None:
            self._waiting.append(fields)
            return
        self._sent_n += 1
        self._beat_s = self._now_s + self._pace.beat_s
        self._write(sealed(self._keys.up, {**fields, "n": self._sent_n}))

    def _write(self, line: bytes) -> None:
        self.sent.append(line)
        if "garbage" in self.faults:
            self._output += _NOISE
        if "reorders" in self.faults and not self._held_line:
            self._held_line = line
            return
        line, self._held_line = line + self._held_line, b""
        self._output += line
        if "replays" in self.faults:
            self._output += line

    def _believe(self, found: Sealed) -> bool:
        """Whether the kiosk wrote this, now and to this machine; then it is taken."""
        said = fields_of(found.body)
        if not isinstance(said, dict):
            return False
        if self._keys is None:
            return self._welcomed(found, said)
        number = said.get("n")
        if not found.fits(self._keys.down) or not isinstance(number, int) or number <= self._seen_n:
            return False
        self._seen_n, self._heard_s = number, self._now_s
        if "on" in said:
            self.permit_on, self.reason = said["on"] is True, str(said["reason"])
        if said["type"] == "ask":
            self.asked = str(said["what"])
        if said["type"] != "beat":
            self.heard.append(json.loads(json.dumps(said)))
        return True

    def _welcomed(self, found: Sealed, said: Mapping[str, object]) -> bool:
        wanted = welcome_key(self._key, self.name)
        if not self._nonce or said.get("echo") != self._nonce or not found.fits(wanted):
            return False
        self._keys = SessionKeys.of(self._key, self.name, self._nonce, str(said["nonce"]))
        self._heard_s = self._now_s
        waiting, self._waiting = self._waiting, []
        for fields in [{"type": "beat", "seen": 0}, *waiting]:
            self._say(fields)
        return True
