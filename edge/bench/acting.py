"""What can be done to a simulated cabin: one table that parses, plays, explains and completes the words.

Stories and the bench's prompt know these words and no others. `KINDS` says what may stand for the capital
words of a form.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from edge.bench.broker import Mood
from edge.bench.cameras import is_source
from edge.bench.cards import PHONES
from edge.bench.desk import Desk
from edge.bench.forms import Kind, completions, hint, misfit
from edge.bench.switches import DISK_FAULTS, PROMPT_WORDS
from edge.bench.telephones import STRANGER
from edge.faults.fault import FaultError
from edge.service.threads import Part
from edge.settings.load import SettingsError
from edge.settings.schema import KEYS
from edge.terms.record import Recipient
from hw.bench import COVERS, FAULTS, FRONTS, LENSES, MACHINE_FAULTS, PromptFault
from hw.board import BenchHands
from hw.ports import HardwareError, Input

Do = Callable[[Desk, Sequence[str]], None]

WAIT_MAX_S: Final = 86_400.0
"""The longest time that `wait` lets pass at once."""


class CannotDo(ValueError):
    """Words that mean nothing here, or something that cannot be done now; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Action:
    """What may follow the word, what that means, and how it is done."""

    forms: tuple[str, ...]
    meaning: str
    do: Do


# --- the words -------------------------------------------------------------------------------------

_SENDERS: Final = (*Recipient, *PHONES, STRANGER)
_PRESS_S: Final[Mapping[Input, float]] = {name: 1.5 if name is Input.DOOR else 0.5 for name in Input}
"""How long a contact is held that is pressed; the door for clearly longer than what counts as a flicker."""

_CLOCK_WORDS: Final = ("set", "unset")
_RESERVED: Final = frozenset({"with", "and", "on", "off", "see"})
_KEY_WORDS: Final = ("CODE", "PREVIOUS", "WRONG")
_DURESS: Final = "DURESS"
_KEYS: Final = "0123456789*#ABCD"


def _is_name(word: str) -> bool:
    return re.fullmatch(r"[^\W\d_][\w-]{0,30}", word) is not None and word.lower() not in _RESERVED


def _are_keys(word: str) -> bool:
    for name in (*_KEY_WORDS, _DURESS):
        word = word.replace(name, "")
    return all(key in _KEYS for key in word)


def _are_digits(word: str) -> bool:
    for name in (*_KEY_WORDS, "ASK"):
        word = word.replace(name, "")
    return all(key in "0123456789*#" for key in word)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_span(word: str) -> bool:
    span_s = _number(word)
    return span_s is not None and 0.0 <= span_s <= WAIT_MAX_S


def _is_jump(word: str) -> bool:
    if word in _CLOCK_WORDS:
        return True
    by_s = _number(word)
    return by_s is not None and 0.0 < abs(by_s) < 1e9 and word[0] in "+-"


KINDS: Final[Mapping[str, Kind]] = {
    "NAME": Kind("name such as anna", lambda: ("anna", "george"), _is_name),
    "COVER": Kind("cover", lambda: (*sorted(COVERS), "and")),
    "KEYS": Kind(
        "key (0 to 9, *, #, A to D, or CODE, PREVIOUS, WRONG, DURESS)",
        lambda: (*_KEY_WORDS, _DURESS),
        _are_keys,
    ),
    "KEY": Kind("key", lambda: tuple(_KEYS)),
    "DIGITS": Kind(
        "digits of a code, CODE, PREVIOUS, WRONG or ASK", lambda: (*_KEY_WORDS, "ASK"), _are_digits
    ),
    "AILMENT": Kind(f"ailment of a machine ({', '.join(MACHINE_FAULTS)})", lambda: tuple(MACHINE_FAULTS)),
    "MACHINE": Kind("name of a machine, as in atm.machines", lambda: ("machine",), _is_name),
    "OWNER": Kind("owner of a card", lambda: tuple(PHONES)),
    "INPUT": Kind("input", lambda: tuple(Input)),
    "FAULT": Kind(
        f"fault of a modem ({', '.join(FAULTS)}, cms:NUMBER)",
        lambda: tuple(FAULTS),
        lambda word: word in FAULTS or re.fullmatch(r"cms:\d{1,3}", word) is not None,
    ),
    "MOOD": Kind("mood of a broker", lambda: tuple(Mood)),
    "FRONT": Kind("state of the machine's front", lambda: FRONTS),
    "LENS": Kind("state of the lens", lambda: tuple(LENSES)),
    "SENDER": Kind(
        f"sender ({', '.join(_SENDERS)}, +NUMBER)",
        lambda: _SENDERS,
        lambda word: word in _SENDERS or re.fullmatch(r"\+\d{5,15}", word) is not None,
    ),
    "SOURCE": Kind(
        "camera (staged, webcam:N, clip:PATH)", lambda: ("staged", "webcam:0", "clip:"), is_source
    ),
    "PART": Kind("part of the program", lambda: tuple(Part)),
    "TEXT": Kind("text", tuple, lambda word: True),
    "SECONDS": Kind("number of seconds", tuple, _is_span),
    "JUMP": Kind(
        "jump in seconds, such as +3600 or -60, and neither set nor unset", lambda: _CLOCK_WORDS, _is_jump
    ),
    "SETTING": Kind("KEY=VALUE", lambda: tuple(f"{key}=" for key in KEYS), lambda word: True),
}


# --- what they do ----------------------------------------------------------------------------------


def _stage(verb: str) -> Do:
    def do(desk: Desk, words: Sequence[str]) -> None:
        desk.stage(" ".join([verb, *words]))

    return do


def _enter(desk: Desk, words: Sequence[str]) -> None:
    desk.stage(" ".join(["enter", *words]))  # first: anyone who cannot come opens no door
    _open_door(desk, 1.5)  # clearly longer than what the table takes for a flicker


def _leave(desk: Desk, words: Sequence[str]) -> None:
    desk.stage(" ".join(["leave", *words]))
    _open_door(desk, 2.0)


def _open_door(desk: Desk, for_s: float) -> None:
    """The door opens and closes behind somebody; whether a contact notices or none is fitted."""

    def move(opened: bool) -> None:
        if desk.settings.wiring.door.fitted:
            desk.move_input(Input.DOOR, opened)

    move(True)
    desk.after(for_s, lambda: move(False))


def _keys(desk: Desk, words: Sequence[str]) -> None:
    desk.type_keys("".join(words))


def _key(desk: Desk, words: Sequence[str]) -> None:
    desk.stick_key(words[0], words[1] == "stuck")


def _claim(desk: Desk, words: Sequence[str]) -> None:
    desk.cards.machine(words[1:]).claim(words[0])


def _code(desk: Desk, words: Sequence[str]) -> None:
    digits = desk.cards.spell(words[0]) if words else ""
    desk.cards.machine(words[1:]).code(digits)


def _end(desk: Desk, words: Sequence[str]) -> None:
    desk.cards.machine(words).end()


def _pad(desk: Desk, words: Sequence[str]) -> None:
    keys = "".join(words).replace("ASK", "#")
    desk.hands.customer_type(desk.cards.spell(keys), desk.clock.now_s())


def _machine(desk: Desk, words: Sequence[str]) -> None:
    machine = desk.cards.machine(words[1:])
    if words[0] == "restarts":
        machine.reboot()
    else:
        machine.fault("cut", words[0] == "cut")


def _ails(desk: Desk, words: Sequence[str]) -> None:
    desk.cards.machine(words[2:]).fault(words[0], words[1] == "on")


def _card(desk: Desk, words: Sequence[str]) -> None:
    change = desk.cards.enrol if words[1] == "enrolled" else desk.cards.remove
    change(desk.settings, words[0])


def _input(name: Input) -> Do:
    def do(desk: Desk, words: Sequence[str]) -> None:
        pressed = words[0] == "press"
        desk.move_input(name, pressed or words[0] in ("on", "open"))
        if pressed:
            # Held for longer than any contact bounces; a door that closes again lets somebody through.
            desk.after(_PRESS_S[name], lambda: desk.move_input(name, False))

    return do


def _wire(desk: Desk, words: Sequence[str]) -> None:
    name = Input(words[0])
    cut, unreadable = words[1] == "cut", words[1] == "unreadable"
    desk.break_down(f"wire {name}", cut, lambda hands, broken: hands.break_wire(name, broken))
    desk.break_down(f"pin {name}", unreadable, lambda hands, broken: hands.fail_input(name, broken))


def _relay(desk: Desk, words: Sequence[str]) -> None:
    name = words[0]
    broken, welded = words[1] == "broken", words[1] == "welded"
    desk.break_down(f"relay {name}", broken, lambda hands, failing: hands.fail_relay(name, failing))
    desk.break_down(f"weld {name}", welded, lambda hands, stuck: hands.weld_relay(name, stuck))


def _keypad(desk: Desk, words: Sequence[str]) -> None:
    if words[0] == "inside":
        if not desk.settings.wiring.customer_keypad.fitted:
            raise CannotDo("no second keypad is fitted")
        broken = words[1] == "broken"
        desk.break_down("inside keypad", broken, lambda hands, failing: hands.fail_customer_keypad(failing))
        return
    desk.break_down("keypad", words[0] == "broken", lambda hands, broken: hands.fail_keypad(broken))


def _buzzer(desk: Desk, words: Sequence[str]) -> None:
    desk.break_down("buzzer", words[0] == "broken", lambda hands, broken: hands.fail_sounder(broken))


def _prompt(desk: Desk, words: Sequence[str]) -> None:
    for word, _ in PROMPT_WORDS.values():  # one fault at a time: the others end first
        if word != words[0]:
            desk.break_down(f"prompt {word}", False, lambda hands, broken: hands.fail_prompt(broken))
    for how, (word, _) in PROMPT_WORDS.items():
        if word == words[0]:
            desk.break_down(f"prompt {word}", True, functools.partial(_fail_prompt, how))


def _fail_prompt(how: PromptFault, hands: BenchHands, broken: bool) -> None:
    hands.fail_prompt(broken, how)


def _modem(desk: Desk, words: Sequence[str]) -> None:
    desk.phone.fault(words[0], words[1] == "on")


def _broker(desk: Desk, words: Sequence[str]) -> None:
    desk.broker.be(Mood(words[0]))


def _sms(desk: Desk, words: Sequence[str]) -> None:
    desk.text_in(words[1], " ".join(words[2:]))


def _camera(desk: Desk, words: Sequence[str]) -> None:
    if words[0] in ("dies", "comes"):
        desk.camera_alive = words[0] == "comes"
    elif words[0] == "from":
        desk.change_camera(words[1])
    else:
        desk.stage(" ".join(["camera", *words]))


def _front(desk: Desk, words: Sequence[str]) -> None:
    if words[0] == "taught":
        desk.teach_front()
    else:
        desk.stage(" ".join(["front", *words]))


def _power(desk: Desk, words: Sequence[str]) -> None:
    if words[0] == "on":
        desk.power_on()
    else:
        desk.power_off()


def _restart(desk: Desk, words: Sequence[str]) -> None:
    desk.restart()


def _set(desk: Desk, words: Sequence[str]) -> None:
    desk.change_setting(" ".join(words))


def _clock(desk: Desk, words: Sequence[str]) -> None:
    if words[0] in _CLOCK_WORDS:
        desk.clock.be_set(words[0] == "set")
    else:
        desk.clock.jump(float(words[0]))


def _disk(desk: Desk, words: Sequence[str]) -> None:
    desk.fail_disk(DISK_FAULTS[words[0]].error if words[0] in DISK_FAULTS else 0)


def _thread(desk: Desk, words: Sequence[str]) -> None:
    if not desk.powered:
        raise CannotDo("the power is off: no thread runs")
    part = Part(words[0])
    if words[1] == "dies":
        desk.threads.die(part)
    else:
        desk.threads.hang(part, words[1] == "hangs")


def _release(desk: Desk, words: Sequence[str]) -> None:
    desk.release()


def _wait(desk: Desk, words: Sequence[str]) -> None:
    if words:
        desk.run_to(desk.clock.now_s() + float(words[0]))


def _cover(name: str) -> Action:
    return Action(("on|off [NAME]",), f"{name} before the face, or away from it", _stage(name))


def _wired(name: Input) -> Action:
    form = "on|off|press"
    match name:
        case Input.DOOR:
            form, meaning = "open|closed|on|off|press", "the door itself; press is open and closed again"
        case Input.EXIT:
            meaning = "the exit button"
        case Input.FIRE:
            meaning = "the fire contact"
        case Input.PANIC:
            meaning = "the panic switch"
        case Input.CASE:
            meaning = "the case contact: on is open"
        case Input.VIBRATION:
            meaning = "the vibration sensor"
        case _:
            assert_never(name)
    return Action((form,), meaning, _input(name))


ACTIONS: Final[Mapping[str, Action]] = {
    "enter": Action(("NAME [with COVER...]",), "somebody comes in; the door opens and closes", _enter),
    "leave": Action(("[NAME]",), "goes; without a name the one who came first", _leave),
    **{name: _cover(name) for name in COVERS},
    "photo": Action(
        ("on|held|off [NAME]",), "a print before the face, quite still or in a hand", _stage("photo")
    ),
    "turn": Action(
        ("away|front|left|right|up|down [NAME]",),
        "turns the face away, a little, or to the camera",
        _stage("turn"),
    ),
    "crouch": Action(("[NAME]",), "goes down", _stage("crouch")),
    "stand": Action(("[NAME]",), "stands up", _stage("stand")),
    "lights": Action(("on|dim|off",), "the light in the cabin", _stage("lights")),
    "keys": Action(
        ("KEYS...",),
        "type at the keypad: CODE is the code of the last SMS, PREVIOUS the one before, WRONG neither, "
        "DURESS the one of somebody who is forced",
        _keys,
    ),
    "claim": Action(("NAME [MACHINE]",), "the card of NAME goes into the machine", _claim),
    "code": Action(
        ("", "DIGITS [MACHINE]"),
        "at the machine: ask for the owner's code, or type it; CODE, PREVIOUS and WRONG as with keys",
        _code,
    ),
    "end": Action(("[MACHINE]",), "the machine is done with its customer", _end),
    "pad": Action(("DIGITS...",), "type at the customer's keypad; ASK is its #, for a code", _pad),
    "machine": Action(("cut|back|restarts [MACHINE]",), "the line to the machine, or the machine", _machine),
    "ails": Action(("AILMENT on|off [MACHINE]",), "what else can be the matter with a machine", _ails),
    "card": Action(("OWNER enrolled|removed",), "who may use a card", _card),
    "key": Action(("KEY stuck|free",), "a key stays down, or comes up", _key),
    **{name.value: _wired(name) for name in Input},
    "wire": Action(("INPUT cut|unreadable|whole",), "the wire of a contact, or its pin", _wire),
    "relay": Action(("lock|permit broken|welded|well",), "cannot be written to, or stays as it is", _relay),
    "keypad": Action(
        ("broken|well", "inside broken|well"), "the wires of the keypad, or of the one inside", _keypad
    ),
    "buzzer": Action(("broken|well",), "the sounder", _buzzer),
    "prompt": Action(
        (f"{'|'.join(word for word, _ in PROMPT_WORDS.values())}|well",), "the loudspeaker", _prompt
    ),
    "modem": Action(("FAULT on|off",), "a fault of the modem", _modem),
    "broker": Action(("MOOD",), "the broker of the fleet, where the settings name one", _broker),
    "sms": Action(
        ("from SENDER TEXT...",),
        "somebody texts the kiosk; INCIDENT is the present one, HOTP the password for it",
        _sms,
    ),
    "camera": Action(
        ("dies", "comes back", "LENS", "from SOURCE"),
        "the camera, what is before its lens, or another camera in its place",
        _camera,
    ),
    "front": Action(
        ("taught", "FRONT"), "the front of the machine: learnt as it is now, or what is on it", _front
    ),
    "power": Action(("on|off",), "the plug", _power),
    "set": Action(("SETTING...",), "a setting, in effect from the next restart or power on", _set),
    "restart": Action(("",), "stop the program and start it at once", _restart),
    "clock": Action(("JUMP",), "the clock that people read jumps, or nobody has set it", _clock),
    "disk": Action((f"{'|'.join(DISK_FAULTS)}|well",), "the disk of the record", _disk),
    "thread": Action(
        ("PART hangs|dies|well",), "a thread of the program stands still, ends, or goes on", _thread
    ),
    "release": Action(("",), "somebody entitled opens the door on the spot", _release),
    "wait": Action(("[SECONDS]",), "only time passes", _wait),
}


# --- for those who read words ----------------------------------------------------------------------


def check(words: Sequence[str], also: Sequence[str] = ()) -> None:
    """Raises `CannotDo` where these words are no action, naming the word and what would be right.

    `also`: words that are known besides the actions.
    """
    if not words:
        raise CannotDo("words are missing: what happens?")
    action = ACTIONS.get(words[0])
    if action is None:
        raise CannotDo(f"{words[0]!r} is not known here{hint(words[0], (*ACTIONS, *also))}")
    wrong = misfit(words[0], action.forms, words[1:], KINDS)
    if wrong is not None:
        raise CannotDo(wrong.why)


def act(desk: Desk, words: Sequence[str]) -> None:
    """Do one of the actions. Raises `CannotDo` where it is none or cannot be done."""
    check(words)
    try:
        ACTIONS[words[0]].do(desk, words[1:])
    except SettingsError as error:
        raise CannotDo("; ".join(problem.detail for problem in error.problems)) from error
    except FaultError as error:
        raise CannotDo(f"{error.code}: {error.detail}") from error
    except (HardwareError, ValueError) as error:
        raise CannotDo(str(error)) from error
    except KeyError as error:  # a contact or a pin that these settings do not fit
        raise CannotDo(f"{error.args[0]} is not fitted") from error
    desk.acts.did(words)
    desk.changed()


def complete(words: Sequence[str], begun: str) -> list[str]:
    """What may come next, in the order of the table."""
    if not words:
        return [word for word in ACTIONS if word.startswith(begun)]
    action = ACTIONS.get(words[0])
    return [] if action is None else completions(action.forms, words[1:], begun, KINDS)


def explained() -> list[str]:
    """A line for every form of every action."""
    lines: list[str] = []
    for word, action in ACTIONS.items():
        for number, form in enumerate(action.forms):
            lines.append(f"{f'{word} {form}'.strip():<36} {'' if number else action.meaning}".rstrip())
    return lines
