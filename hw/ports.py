"""What the firmware may ask of hardware, and nothing more: one Protocol for each kind of device.

Rules for every port. A call returns at once: what takes time goes on inside the driver and is
reported by a later `poll`. Time comes in as `now_s`, monotonic seconds, so that a story clock can
drive a driver. A device that fails raises `HardwareError` from the call that noticed it; the loop
turns that into an event. `close` leaves outputs in their resting state. Cameras have `hw.camera.port`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol, assert_never


class HardwareError(Exception):
    """A device did not do what it was told. `code` is a stable code of the fault catalogue."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Clock(Protocol):
    """The two clocks: one that only runs forward, one that people read."""

    def now_s(self) -> float:
        """Monotonic seconds; the zero is arbitrary and changes with a restart."""
        ...

    def wall_s(self) -> float:
        """Seconds since 1970 (UTC), as far as the machine knows."""
        ...

    @property
    def boot(self) -> str:
        """Names this boot of the machine, empty where it has no name; within one boot `now_s` runs on."""
        ...

    def wall_true(self) -> bool:
        """Whether something outside this machine has set the wall clock, so that it can be believed."""
        ...


class Input(StrEnum):
    """The wired inputs. Active means: door *open*, the others as their name says."""

    DOOR = "door"
    EXIT = "exit"
    FIRE = "fire"
    PANIC = "panic"
    CASE = "case"
    VIBRATION = "vibration"


def guards_life(name: Input) -> bool:
    """Whether it drops the lock in the input path itself; one that cannot be read counts as active."""
    match name:
        case Input.FIRE | Input.EXIT:
            return True
        case Input.DOOR | Input.PANIC | Input.CASE | Input.VIBRATION:
            return False
        case _:
            assert_never(name)


LIFE: Final = tuple(name for name in Input if guards_life(name))


@dataclass(frozen=True, slots=True)
class InputChange:
    """A debounced change of a wired input."""

    input: Input
    active: bool
    at_s: float


class Inputs(Protocol):
    """Wired contacts, sampled by level."""

    def sample(self, now_s: float) -> tuple[InputChange, ...]:
        """Read every fitted input once; the changes since the last call. Call every 20 ms.

        The first call reports every fitted input, changed or not.
        """
        ...

    def active(self, name: Input) -> bool:
        """The debounced level; False for an input that is not fitted."""
        ...

    def fitted(self, name: Input) -> bool: ...

    @property
    def settling(self) -> bool:
        """True while a level differs from the debounced one: keep sampling."""
        ...

    @property
    def unreadable(self) -> frozenset[Input]:
        """Inputs whose pin cannot be read now; they count as if their wire were cut, fire and exit as active.

        `sample` raises once when one becomes unreadable; changes seen in that call come with the next.
        """
        ...

    def close(self) -> None: ...


class Relay(Protocol):
    """One relay contact: the door lock or the permit. Off is the resting, safe state."""

    def on(self) -> None: ...

    def off(self) -> None: ...

    @property
    def is_on(self) -> bool:
        """What was last commanded and, where it can be read back, what the pin shows."""
        ...

    def close(self) -> None: ...


class HeldRelay(Relay, Protocol):
    """A relay that cannot be switched on while anything holds it; any thread may hold it."""

    def hold(self, reason: str, active: bool) -> None:
        """Begin or end holding it off for `reason`; returns with the relay off."""
        ...

    def limit(self, until_s: float | None) -> None:
        """From now on it is on until then at most, anyone who hangs; None for as long as it is ordered."""
        ...

    def tend(self, now_s: float) -> None:
        """Try again what failed: a relay that should be off and is not, or whose limit has come."""
        ...

    @property
    def refused(self) -> int:
        """How often `on` was refused because something held it."""
        ...


class Sound(StrEnum):
    """What the buzzer can play; a pattern goes on until the next one."""

    OFF = "off"
    BEEPS = "beeps"
    SIREN = "siren"


class Sounder(Protocol):
    def play(self, sound: Sound, now_s: float) -> None: ...

    def click(self, now_s: float) -> None:
        """Feedback for a key, at once, heard through whatever plays."""
        ...

    def buzz(self, now_s: float) -> None:
        """A longer, lower 'no': wrong code, key refused."""
        ...

    def poll(self, now_s: float) -> float | None:
        """Drive the pattern; the time of the next change, or None."""
        ...

    def close(self) -> None: ...


class Light(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Lights(Protocol):
    def show(self, lit: frozenset[Light]) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PromptResult:
    """How the words of one ticket ended: `ok` when they were heard to their end, else `code` and `detail`."""

    ticket: int
    ok: bool
    code: str = ""
    detail: str = ""


class Prompt(Protocol):
    """Words spoken or shown to the person in the cabin."""

    def say(self, ticket: int, clips: Sequence[str], text: str, now_s: float) -> None:
        """Say `text`; `clips` names the recorded phrases it is made of. Never raises.

        New words replace the old ones, which then have no result. Without text: silence, which has none
        either.
        """
        ...

    def poll(self, now_s: float) -> tuple[PromptResult, ...]:
        """What came to its end: one result for each ticket that nothing replaced, and not before the end."""
        ...

    def next_wake_s(self) -> float | None:
        """The latest time for the next `poll`; None while nothing is said."""
        ...

    def spoken_s(self, clips: Sequence[str], text: str) -> float:
        """How long these words take to say; a guess where they cannot be said now."""
        ...

    def close(self) -> None: ...


class KeypadFault(StrEnum):
    STUCK = "stuck"
    GHOST = "ghost"


@dataclass(frozen=True, slots=True)
class KeyPress:
    """One debounced key: `0`-`9`, `A`-`D`, `*`, `#`."""

    key: str
    at_s: float

    def __repr__(self) -> str:
        return "KeyPress(key=hidden)"


@dataclass(frozen=True, slots=True)
class KeypadTrouble:
    """A stuck key or a ghost rectangle began (`active`) or ended."""

    fault: KeypadFault
    active: bool
    at_s: float


class Keypad(Protocol):
    def scan(self, now_s: float) -> tuple[KeyPress | KeypadTrouble, ...]:
        """Scan the matrix once. Call every 5 to 20 ms."""
        ...

    @property
    def settling(self) -> bool:
        """True while a key is down or bouncing: keep scanning."""
        ...

    def close(self) -> None: ...


class Watchdog(Protocol):
    """The thing that restarts the machine when nothing feeds it."""

    def feed(self) -> None: ...

    def ready(self, status: str) -> None:
        """Tell the service manager that the kiosk is in service."""
        ...

    def status(self, status: str) -> None: ...

    def close(self) -> None: ...


# --- modem -----------------------------------------------------------------------------------------


class ModemTrouble(StrEnum):
    """Why a text cannot be sent now; each has its own remedy in the fault catalogue."""

    ABSENT = "absent"
    MUTE = "mute"
    BUSY = "busy"
    NO_SIM = "no_sim"
    PIN_WANTED = "pin_wanted"
    PIN_WRONG = "pin_wrong"
    LOCKED = "locked"
    NOT_REGISTERED = "not_registered"
    DENIED = "denied"
    NO_CREDIT = "no_credit"
    NO_SMSC = "no_smsc"
    SUPPLY_LOW = "supply_low"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TextAccepted:
    """The network took the text; `references` are the message references of its parts, 0 to 255 each."""

    ticket: int
    references: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TextFailed:
    """The text was not taken before its deadline, or refused; `cause` is in words with its CMS/CME code."""

    ticket: int
    trouble: ModemTrouble
    cause: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class TextReported:
    """A phone has (or for ever has not) received the part of a text that had this message reference.

    Whose text it was is the outbox's business: a report may come after a restart. `sent_utc_s` is when the
    SMS centre got the text, by its own clock; None where the report does not say.
    """

    number: str
    reference: int
    ok: bool
    sent_utc_s: float | None = None

    def __repr__(self) -> str:
        return f"TextReported(number=…{self.number[-2:]}, reference={self.reference}, ok={self.ok})"


@dataclass(frozen=True, slots=True)
class TextReceived:
    """Somebody wrote to the kiosk."""

    number: str
    text: str

    def __repr__(self) -> str:
        return f"TextReceived(number=…{self.number[-2:]})"


@dataclass(frozen=True, slots=True)
class ModemReady:
    operator: str
    signal_dbm: int | None


@dataclass(frozen=True, slots=True)
class ModemDown:
    """Something is wrong. A low supply is reported while texts still go out."""

    trouble: ModemTrouble
    detail: str = ""


class Rung(StrEnum):
    """The ladder of a modem's recovery, from gentle to rough; one of the last two, as wired."""

    SOFT = "soft reset"
    RESET = "modem reset"
    REOPEN = "port reopened"
    POWER = "supply cut"
    KEY = "power key pressed"


@dataclass(frozen=True, slots=True)
class Recovery:
    """One rung that was tried: when, for what, how long until it worked or the next rung's turn."""

    rung: Rung
    trouble: ModemTrouble
    at_s: float
    took_s: float
    worked: bool


class PowerKind(StrEnum):
    """What the switch does to the modem while it is pulled in.

    `supply`: a relay whose normally closed contact feeds the modem is opened. `key`: the modem's power key
    is held down, which switches a running modem off and a modem that is off on.
    """

    SUPPLY = "supply"
    KEY = "key"


class ModemSwitch(Protocol):
    """What restarts a modem from outside: pulled in for a moment, then let go, whatever happens."""

    @property
    def kind(self) -> PowerKind: ...

    @property
    def pulled(self) -> bool:
        """True from `pull` until it is known to rest again."""
        ...

    def pull(self, now_s: float) -> None:
        """Pull in. `HardwareError` when it does not obey; `poll` lets it go all the same."""
        ...

    def poll(self, now_s: float) -> bool:
        """Let go when it is time; True when that was now."""
        ...

    def rest(self) -> None:
        """See that it rests. `HardwareError` when it does not obey, or could not be had."""
        ...

    def next_wake_s(self) -> float | None: ...

    def close(self) -> None: ...


ModemEvent = TextAccepted | TextFailed | TextReported | TextReceived | ModemReady | ModemDown | Recovery


class ModemStatus(Protocol):
    """What is known of a modem now, to be read only; None where it did not tell. No number and no text.

    `doing`: what the driver is at while it is not ready. `told_of_texts`: the modem says by itself that a
    text came in; else it is only asked now and then. `reboots`: how often it restarted by itself.
    """

    @property
    def ready(self) -> bool: ...
    @property
    def trouble(self) -> ModemTrouble | None: ...
    @property
    def detail(self) -> str: ...
    @property
    def doing(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def operator(self) -> str: ...
    @property
    def signal_dbm(self) -> int | None: ...
    @property
    def registration(self) -> Mapping[str, str]: ...
    @property
    def supply_mv(self) -> int | None: ...
    @property
    def supply_low(self) -> bool: ...
    @property
    def service_centre(self) -> bool | None: ...
    @property
    def storage_used(self) -> int | None: ...
    @property
    def storage_total(self) -> int | None: ...
    @property
    def told_of_texts(self) -> bool | None: ...
    @property
    def balance(self) -> str: ...
    @property
    def pin_tries_left(self) -> int | None: ...
    @property
    def reboots(self) -> int: ...
    @property
    def recoveries(self) -> tuple[Recovery, ...]: ...


class Modem(Protocol):
    """A GSM modem that sends texts. One text at a time; the outbox queues."""

    def send(
        self, ticket: int, number: str, text: str, deadline_s: float, validity_s: float = 86_400.0
    ) -> None:
        """Start sending; answered by `TextAccepted` or `TextFailed` at the latest at `deadline_s`.

        `validity_s` is how long the network goes on delivering to a phone that is switched off.
        """
        ...

    def poll(self, now_s: float) -> tuple[ModemEvent, ...]: ...

    def next_wake_s(self) -> float | None: ...

    @property
    def idle(self) -> bool:
        """True when a text may be handed over."""
        ...

    @property
    def status(self) -> ModemStatus: ...

    @property
    def network_offset_s(self) -> float | None:
        """The network's clock as UTC seconds minus monotonic seconds; None while it told none."""
        ...

    def close(self) -> None: ...


# --- the machine ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claimed:
    """The machine says whose card was put in: `token` is a pseudonym, no card number and no name."""

    machine: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeGiven:
    """The customer typed the owner's code at the machine; no digits: asks that one is sent."""

    machine: str
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClaimEnded:
    """The machine is done with this customer: card taken back, or given up.

    `cut`: it did not say so, but its connection closed, or it began again.
    """

    machine: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class MachineLost:
    """The line to the machine is down, or what it says cannot be believed; `code` is a fault code."""

    machine: str
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MachineBack:
    """The machine is heard again."""

    machine: str


@dataclass(frozen=True, slots=True)
class MachineDoubted:
    """Lines were refused, forged ones and others; told at most now and then.

    `code` is a fault code; `detail` says how many of which kind since the last time, not what stood in them.
    """

    code: str
    detail: str


AtmEvent = Claimed | CodeGiven | ClaimEnded | MachineLost | MachineBack | MachineDoubted


class Asked(StrEnum):
    """What the machine is to ask its customer for."""

    FACE = "face"
    CODE = "code"


class Atm(Protocol):
    """The lines to the machines. No call waits; what is said to a line that is down is lost, the permit not.

    `reason` is a plain snake_case word of `hw/atm/README.md`, never a name, a number or a code. The answers
    `ask` and `refuse` go to the machine of the claim they answer.
    """

    def permit(self, on: bool, reason: str, machine: str = "") -> None:
        """The permit as it is now; each machine is told at once, with every beat, and when it is back.

        Of several machines only the one that is named hears that it is on, the others that it is off for
        `another_machine`; without a name all hear the same.
        """
        ...

    def ask(self, machine: str, what: Asked) -> None: ...

    def refuse(self, machine: str, reason: str) -> None: ...

    def poll(self, now_s: float) -> tuple[AtmEvent, ...]: ...

    def next_wake_s(self) -> float | None: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Board:
    """Every device of one kiosk, real or fake, as the loop gets it from `hw.board`.

    `lock` is the door relay, gated: while fire or exit is active it cannot be switched on, no matter who
    asks (`hw.door.gate`).
    """

    clock: Clock
    lock: HeldRelay
    permit: Relay
    inputs: Inputs
    keypad: Keypad
    sounder: Sounder
    lights: Lights
    prompt: Prompt
    modem: Modem
    watchdog: Watchdog
    customer_keypad: Keypad | None = None
    atm: Atm | None = None
