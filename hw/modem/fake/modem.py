"""The modem's side of the line: bytes and time in, bytes out; its faults are switched live."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hw.modem.fake.card import FakeCard
from hw.modem.fake.commands import Commands
from hw.modem.fake.condition import Condition
from hw.modem.fake.network import FakeNetwork, FakeText
from hw.modem.fake.profiles import FAKE_PROFILES, FAULTS
from hw.modem.fake.stores import Stores
from hw.modem.fake.voice import Voice

_REBOOT_EVERY_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class KeptModem:
    """What of a fake modem outlives a loss of power; each field as the part has it that it is of.

    `pieces` are (number, reference, pieces by their place). Its repr hides numbers and texts.
    """

    texts: tuple[FakeText, ...] = ()
    pieces: tuple[tuple[str, int, dict[int, str]], ...] = field(default=(), repr=False)
    reference: int = 0
    utc_at_zero_s: float | None = None
    stored: dict[str, dict[int, str]] = field(default_factory=dict, repr=False)
    backlog: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    tries: int = 3
    faults: dict[str, str] = field(default_factory=dict)


class FakeModem:
    """The modem's side of the line: answers AT commands as real ones do, with delays, chatter and faults.

    `instant` answers at once and is registered from the start (for a story clock); otherwise the
    profile's delays hold. `chatter` lets it talk by itself. `reports` sends delivery reports. The
    network's clock showed `network_utc_s` when the fake's own time was 0; None: it tells no time.

    `instead` may answer a command in its place: lines, nothing at all (an empty text), or None for the usual.
    """

    def __init__(
        self,
        profile: str = "sim800",
        *,
        pin: str | None = None,
        instant: bool = True,
        chatter: bool = False,
        reports: bool = True,
        seed: int = 0,
        network_utc_s: float | None = None,
    ) -> None:
        self.name = profile
        self.profile = FAKE_PROFILES[profile]
        self.condition = Condition(self.profile, instant=instant)
        self.faults = self.condition.faults
        self.card = FakeCard(self.condition, pin)
        self.network = FakeNetwork(self.condition, self.card, network_utc_s)
        self.instead: Callable[[str], str | None] = lambda command: None
        self._chatter = chatter
        self._chance = random.Random(seed)
        self._voice = Voice(self.condition, self._chance)
        self._commands = Commands(self.condition, self._voice, self.card, self.network, self, reports=reports)
        self._line = bytearray()
        self._next_chatter_s = self.profile.chatter_s
        self._reboot_s: float | None = None
        self._settle(0.0)

    def __repr__(self) -> str:
        return f"FakeModem({self.name}, faults={sorted(self.faults)}, texts={len(self.texts)})"

    # --- for anyone who plays with it --------------------------------------------------------------

    @property
    def texts(self) -> list[FakeText]:
        """What the phones received."""
        return self.network.texts

    @property
    def stores(self) -> Stores:
        return self._commands.stores

    def fault(self, name: str, on: bool = True, *, cure: str = "") -> None:
        """Switch a fault; KeyError for an unknown one.

        `cure`: `reset`, `reopen`, `power` (the supply was cut) or `key` (switched off and on) ends it too.
        """
        if name not in FAULTS and re.fullmatch(r"cms:\d{1,3}", name) is None:
            raise KeyError(name)
        was_on = name in self.faults
        if on:
            self.faults[name] = cure
        else:
            self.faults.pop(name, None)
        if on and name in ("slow_start", "late_network"):
            self.reboot()
        if name == "damaged" and on:
            self.stores.damage()
        if name == "no_notice" and on:
            self.stores.tells = False
        if name in ("radio_off", "asleep") and was_on and not on:
            self.network.search()
            self.card.gets_current()
        if name == "off":
            self._voice.fall_silent()
            if not on:
                self.reboot()
        if name == "reboot_loop":
            self._reboot_s = self.condition.now_s + _REBOOT_EVERY_S if on else None
        self.condition.changed()

    def cure(self, how: str) -> None:
        """End what this ends."""
        for name in [name for name, cure in self.faults.items() if cure == how]:
            self.fault(name, on=False)

    def incoming(self, number: str, text: str) -> None:
        """Somebody writes to the kiosk; waits in the network while the storage is full."""
        self.stores.wait(number, text)

    def say(self, line: str) -> None:
        """Let the modem say a line by itself, now."""
        self._voice.say(line)

    def reboot(self, *, banner: bool = True) -> None:
        """Restart: settings are lost, what was being done is forgotten."""
        self._voice.let_out()
        self._voice.fall_silent()
        boot_s = self.condition.takes_s(self.profile.boot_s)
        self._settle(self.condition.now_s + boot_s)
        if banner:
            for line in self.profile.banner:
                self._voice.say(line, boot_s)

    def reopened(self) -> None:
        """The port was closed and opened."""
        self.cure("reopen")

    def supply(self, on: bool) -> None:
        """What feeds the modem was cut, or came back."""
        self.condition.fed = on
        self._voice.fall_silent()
        if not on:
            return
        for how in ("power", "key", "reopen", "reset"):
            self.cure(how)
        self.faults.pop("off", None)
        self.reboot()

    def key(self, down: bool) -> None:
        """The power key was pressed, or let go: that switches off what runs, and on what is off."""
        if down:
            return
        if "off" in self.faults:
            for how in ("key", "reopen", "reset"):
                self.cure(how)
            self.fault("off", on=False)
        else:
            self.fault("off")

    # --- a loss of power ---------------------------------------------------------------------------

    def kept(self) -> KeptModem:
        """All that outlives a loss of power: card, network and phones, and what is the matter with it."""
        return KeptModem(
            texts=tuple(self.network.texts),
            pieces=tuple((*at, dict(pieces)) for at, pieces in self.network.pieces.items()),
            reference=self.network.reference,
            utc_at_zero_s=self.network.utc_at_zero_s,
            stored={name: dict(places) for name, places in self.stores.by_name.items()},
            backlog=tuple(self.stores.backlog),
            tries=self.card.tries,
            faults=dict(self.faults),
        )

    def restore(self, kept: KeptModem, now_s: float) -> None:
        """Be, from `now_s` on, the modem that this was kept of: switched on, with all else as it was."""
        self.network.texts[:] = kept.texts
        self.network.pieces = {(number, at): dict(pieces) for number, at, pieces in kept.pieces}
        self.network.reference = kept.reference
        self.network.utc_at_zero_s = kept.utc_at_zero_s
        self.stores.by_name = {name: dict(places) for name, places in kept.stored.items()}
        self.stores.backlog[:] = kept.backlog
        self.card.tries = kept.tries
        self.faults.clear()
        self.faults.update(kept.faults)
        self.condition.now_s = now_s
        if "reboot_loop" in self.faults:
            self._reboot_s = now_s + _REBOOT_EVERY_S
        self.reboot(banner=False)

    # --- bytes and time -------------------------------------------------------------------------

    def feed(self, data: bytes, now_s: float) -> None:
        condition = self.condition
        condition.now_s = max(condition.now_s, now_s)
        if condition.now_s < condition.powered_s or not condition.running:
            return
        for byte in data:
            self._take(byte)

    def poll(self, now_s: float) -> None:
        self.condition.now_s = now_s = max(self.condition.now_s, now_s)
        self.stores.arrive()
        if self._chatter and now_s >= self._next_chatter_s:
            self._next_chatter_s = now_s + self.profile.chatter_s
            self.say(self._chance.choice(self.profile.chatter))
        if self._reboot_s is not None and now_s >= self._reboot_s:
            self._reboot_s = now_s + _REBOOT_EVERY_S
            self.reboot()
        self._voice.let_out()

    def take_output(self) -> bytes:
        return self._voice.take_output()

    def next_wake_s(self) -> float | None:
        times = self._voice.due_s()
        if self._chatter:
            times.append(self._next_chatter_s)
        if self._reboot_s is not None:
            times.append(self._reboot_s)
        if self.stores.may_arrive:
            times.append(self.condition.now_s)
        return min(times) if times else None

    # --- inside ---------------------------------------------------------------------------------

    def _settle(self, powered_s: float) -> None:
        """As it is after a start that is over at `powered_s`."""
        self.condition.powered_s = powered_s
        self._line.clear()
        self._voice.numeric = False
        self.card.settle()
        self.network.settle()
        self._commands.settle()

    def _take(self, byte: int) -> None:
        char = bytes((byte,))
        if self._commands.echo or "echo" in self.faults:
            self._voice.emit(char, 0.0)
        target = self._commands.target
        if target is not None:
            self._take_text(char, target)
        elif char == b"\x1b":
            self._line.clear()
        elif char == b"\r":
            command = self._line.decode("latin-1").strip()
            self._line.clear()
            if command:
                self._obey(command)
        elif char != b"\n":
            self._line += char

    def _take_text(self, char: bytes, target: str) -> None:
        """A text that is being handed over: escape gives it up, Ctrl-Z ends it."""
        if char == b"\x1b":
            self._commands.target = None
            self._line.clear()
            self._voice.answer("OK")
        elif char == b"\x1a":
            body = self._line.decode("latin-1").strip()
            self._line.clear()
            self._commands.target = None
            self._commands.hand_over(target, body)
        elif char not in b"\r\n":
            self._line += char

    def _obey(self, command: str) -> None:
        said = self.instead(command)
        if said is None:
            self._commands.obey(command)
        elif said:
            self._voice.answer(*said.split("\n"))
